"""The use cases as they play: who is in which role, on which timeline, and who else could be; for the event loop.

What the rules know comes from the worker's thread (`take`); what devices measure from the live state.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hub.errors import NotFoundError
from hub.live import Live
from hub.model import REAL, Device, Run
from hub.rules.case import View
from hub.rules.casting import Cast, Taken
from hub.rules.wording import Text
from hub.usecases import describe
from hub.usecases.casting import Fit, Offer, chosen, fit_view, guessed, heard
from hub.usecases.objections import objection
from hub.usecases.schema import UseCase

Json = dict[str, Any]


class Stage:
    """What is known of every use case now."""

    def __init__(self, cases: Mapping[str, UseCase], live: Live, tz: str) -> None:
        """Start with nobody on it.

        Args:
            cases: the use cases.
            live: the live state.
            tz: zone of the place, as pages show times.
        """
        self._cases = cases
        self._live = live
        self._tz = tz
        self._views: dict[str, View] = {}
        self._cast: Cast = {}
        self._off: Collection[str] = ()

    def take(self, views: Mapping[str, View], cast: Cast | None = None, off: Collection[str] | None = None) -> None:
        """Take what the worker knows; None: as before."""
        self._cast = self._cast if cast is None else cast
        self._views = {**self._views, **views}
        if off is not None:
            self._off = frozenset(off)
            self._live.turn_off(off)

    def is_off(self, usecase: str) -> bool:
        """Tell whether a use case is off."""
        return usecase in self._off

    def view(self, usecase: str) -> View | None:
        """Return what the rules know on the timeline that the use case is on now; None: nothing yet."""
        view = self._views.get(usecase)
        return view if view is None or (view.run == REAL) is (usecase in self._cast) else None

    def real(self, usecase: str) -> Mapping[str, Taken]:
        """Return role → the real device that plays it."""
        return self._cast.get(usecase, {})

    def twin(self, usecase: str) -> str | None:
        """Return the run whose simulated devices keep the real ones of a use case company."""
        scenario = self._live.scenario or {}
        plays = scenario.get("usecase") == usecase and scenario.get("twin") is True
        return str(scenario["run"]) if plays and self.real(usecase) else None

    def case(self, name: str) -> UseCase:
        """Return a use case.

        Raises:
            NotFoundError: there is none of that name.
        """
        case = self._cases.get(name)
        if case is None:
            msg = f"no use case {name!r}; there are: {', '.join(self._cases)}"
            raise NotFoundError(msg)
        return case

    # what the API shows

    def summaries(self) -> Sequence[Json]:
        """Return the use cases in short."""
        return [self._summary(name, case) for name, case in self._cases.items()]

    def _summary(self, name: str, case: UseCase) -> Json:
        run = self._run(name)
        where = (run.id, run.state) if run is not None else (REAL, "running") if self.real(name) else (None, None)
        roles = self._roles(case)
        return describe.summary(case, *where, roles=roles, off=self.is_off(name))

    def describe(self, name: str) -> Json:
        """Return one use case whole.

        Raises:
            NotFoundError: there is none of that name.
        """
        case, run, cast = self.case(name), self._run(name), self.real(name)
        scenario = self._live.scenario or {}
        plays = scenario.get("usecase") == name
        here = REAL if cast else None if run is None else run.id
        return describe.describe(
            case,
            self.view(name),
            run=here,
            now=None if here is None else self._live.now(here),
            speed=run.speed if run is not None else 1.0,
            faults=scenario.get("faults", ()) if plays else (),
            said=self._live.sentences.get(name),
            cast=cast,
            twin=self.twin(name),
            reason=self._reason(case, cast),
            off=self.is_off(name),
        ) | {"tz": self._tz}

    def _run(self, usecase: str) -> Run | None:
        view = self.view(usecase)
        return self._live.runs.get(view.run) if view is not None and view.run != REAL else None

    def _reason(self, case: UseCase, cast: Mapping[str, Taken]) -> Mapping[str, str] | None:
        """Return why the use case lives on the real timeline, in both languages."""
        named = [(role, self._live.devices.get(each.device)) for role, each in cast.items()]
        names = [(role, cast[role].device if device is None else device.name) for role, device in named]
        return describe.reason(case, names) if names else None

    # who could play

    def candidates(self, usecase: str) -> Json:
        """Return role → the devices that could play it, the best first.

        Raises:
            NotFoundError: there is no such use case.
        """
        case = self.case(usecase)
        return {"roles": {role: self._for_role(case, role) for role in case.roles}}

    def _for_role(self, case: UseCase, role: str) -> list[Json]:
        found = [(device, fit) for device in self._free() if (fit := self._guess(case, role, device)) is not None]
        ranked = sorted(found, key=lambda each: (each[1].cost, each[0].name))
        return [self._shown(case, role, device, fit) for device, fit in ranked]

    def roles_for(self, name: str) -> Json:
        """Return the roles that a device could play, the best first.

        Raises:
            ObjectionError: it cannot play.
        """
        device = self._device(name)
        fits = [
            (fit.cost, case, role, fit)
            for case in self._cases.values()
            for role in case.roles
            if (fit := self._guess(case, role, device)) is not None
        ]
        ranked = sorted(fits, key=lambda each: (each[0], each[1].name))
        return {"roles": [self._shown(case, role, device, fit) for _, case, role, fit in ranked]}

    def _guess(self, case: UseCase, role: str, device: Device) -> Fit | None:
        return guessed(case, role, device.uid, self._offers(device.uid))

    def _shown(self, case: UseCase, role: str, device: Device, fit: Fit) -> Json:
        taken = self.real(case.name).get(role)
        return {
            "usecase": case.name,
            "usecase_title": case.title.as_dict,
            "role": role,
            "title": case.roles[role].title.as_dict,
            "name": device.name,
            "taken": taken is not None and taken.device == device.uid,
            **fit_view(case, role, self._offers(device.uid), fit),
        }

    def _free(self) -> list[Device]:
        return [each for each in self._live.devices.values() if _objection(each) is None]

    def _device(self, name: str) -> Device:
        device = self._live.devices.get(name)
        if device is None:
            msg = f"no device is called {name!r}; GET /api/v1/devices lists them"
            raise NotFoundError(msg)
        found = _objection(device)
        if found is not None:
            code, said = found
            raise objection(code, said.each(f"{device.uid} {{}}".format), device=device.uid)
        return device

    def fit(self, usecase: str, role: str, device: str, channels: Mapping[str, str | None] | None) -> Fit:
        """Return how a device (uid) plays a role: with these channels, or as guessed.

        Raises:
            NotFoundError: there is no such use case, role or device.
            ObjectionError: it cannot play it, and why.
        """
        case = self.case(usecase)
        heard(case, role)
        return chosen(case, role, self._device(device).uid, self._offers(device), channels)

    def shown(self, usecase: str, role: str, device: str, fit: Fit) -> Json:
        """Return how a device (uid) fits a role, as the API gives it."""
        return self._shown(self.case(usecase), role, self._device(device), fit)

    def role(self, usecase: str, role: str) -> Json:
        """Return a role as `GET /usecases/{name}` has it.

        Raises:
            NotFoundError: there is no such use case or role.
        """
        case = self.case(usecase)
        heard(case, role)
        return next(each for each in self._roles(case) if each["name"] == role)

    def _roles(self, case: UseCase) -> list[Json]:
        view = self.view(case.name)
        players = describe.playing(case, view, accompanied=False)
        return describe.cast_of(case, players, self.real(case.name), view)

    def _offers(self, uid: str) -> list[Offer]:
        health = self._live.devices[uid].health
        return [
            Offer(
                each.name,
                each.unit,
                None if each.reading is None else each.reading.value,
                None if each.reading is None else each.reading.quality.value,
                each.health or each.name in health,
                self._live.is_flag(uid, each.name),
            )
            for each in self._live.channels(uid)
        ]


def _objection(device: Device) -> tuple[str, Text] | None:
    """Return why a device may not play at all, a word and a sentence about it; None: it may."""
    if device.run != REAL:
        return "simulated", Text(
            "est simulé : il joue son propre rôle, et aucun autre ; nommez un vrai appareil.",
            "is simulated: it plays its own role by itself, and no other; name a real device",
        )
    if device.ignored:
        command = f"matinales devices ignore {device.uid} --off"
        return "ignored", Text(
            f"est ignoré : reprenez-le d'abord (son menu sur la page, ou « {command} »).",
            f"is ignored: heed it first (its menu on the page, or `{command}`)",
        )
    if device.proposed:
        return "proposed", Text(
            "n'est que proposé : acceptez-le d'abord, sur la page « Appareils ».",
            "is only proposed: accept it first, on the page /devices",
        )
    return None
