"""What can be played by name: a scenario, or several of them side by side in one run (`device_sims/scenarios`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from device_sims import scenario
from device_sims.day import clock_s
from device_sims.errors import SimulationError
from device_sims.scenario import Loaded
from device_sims.tables import Text

EVERY = "*"
"""In `plays`: the scenario of every use case."""


class Playbill(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Several scenarios that share a run and its clock.

    Attributes:
        clock: hour of the day at which the run starts; each scenario keeps its weekday and day of the year.
        plays: their names; `*`: every use case.
        history_h: of all of them [h]; None: each its own.
    """

    title: Text
    clock: str
    plays: tuple[str, ...]
    history_h: int | None = None


class Cast(NamedTuple):
    """What is played under a name.

    Attributes:
        parts: what stands before the roles and faults of each scenario → the scenario. The first one, which is on the
            projector, keeps its own names.
        clock: of all; None: the scenario's own, which is the only one.
        plays: uid of a device → that of the device whose role it plays: of a table's copies (`device_sims.copies`).
    """

    name: str
    title: Text
    parts: Mapping[str, Loaded]
    clock: str | None = None
    plays: Mapping[str, str] = {}


def names() -> list[str]:
    """Return all that can be played by its name."""
    return sorted({*scenario.folders(), *scenario.beside()})


def load(name: str, history_h: int | None = None) -> Cast:
    """Read what is played under a name, or by the path of a scenario.toml.

    Args:
        name: of a scenario or a playbill.
        history_h: hours of history, in place of the file's.

    Raises:
        SimulationError: naming what is unknown, or the place in the file, and the remedy.
    """
    beside = scenario.beside()
    if name in scenario.folders() or (name.endswith(".toml") and not _is_playbill(Path(name))):
        return _alone(_with_history(scenario.load(name), history_h))
    if name.endswith(".toml"):
        return parse(Path(name).read_bytes(), Path(name).stem, name, history_h)
    if name not in beside:
        msg = f"no scenario {name!r}; known: {', '.join(names())}"
        raise SimulationError(msg, f"aucun scénario {name!r} ; connus : {', '.join(names())}")
    return parse(beside[name].read_bytes(), name, f"scenarios/{name}.toml", history_h)


def parse(content: bytes, name: str, place: str, history_h: int | None = None) -> Cast:
    """Read a playbill from the bytes of its file.

    Raises:
        SimulationError: naming the place in the file, and what it should be.
    """
    try:
        bill = msgspec.toml.decode(content, type=Playbill)
        clock_s(bill.clock)
        plays = _plays(bill)
        wanted_h = bill.history_h if history_h is None else history_h
        parts = {
            f"{each}." if place else "": _with_history(scenario.load(each), wanted_h)
            for place, each in enumerate(plays)
        }
        _check_apart(parts)
    except (msgspec.MsgspecError, SimulationError) as error:
        msg = f"{place}: {error}"
        raise SimulationError(msg) from error
    return Cast(name, bill.title, parts, bill.clock)


def clock(cast: Cast, initial: str | None, wanted: str | None) -> str:
    """Return the hour of the day at which a run of it starts, for instance 08:30."""
    first = next(iter(cast.parts.values())).scenario
    named = first.initial.get(initial or next(iter(first.initial)))
    return wanted or (named.clock if named else None) or cast.clock or first.clock


def _plays(bill: Playbill) -> list[str]:
    known = scenario.folders()
    cases = [name for name in known if name not in scenario.beside()]
    plays = [name for each in bill.plays for name in (cases if each == EVERY else [each])]
    unknown = [name for name in plays if name not in known]
    if unknown or not plays:
        msg = f"plays: no scenario {', '.join(map(repr, unknown)) or 'at all'}; known: {', '.join(known)}"
        raise SimulationError(msg)
    return list(dict.fromkeys(plays))


def _check_apart(parts: Mapping[str, Loaded]) -> None:
    """Refuse two scenarios that have a device of one kind and name.

    Raises:
        SimulationError: naming it.
    """
    seen: dict[tuple[str, str], str] = {}
    for prefix, loaded in parts.items():
        for role, device in loaded.scenario.devices.items():
            other = seen.setdefault((device.kind, device.id), prefix + role)
            if other != prefix + role:
                msg = f"plays: {other} and {prefix}{role} are both the {device.kind} {device.id!r}"
                raise SimulationError(msg)


def _alone(loaded: Loaded) -> Cast:
    return Cast(loaded.scenario.name, loaded.scenario.title, {"": loaded})


def _with_history(loaded: Loaded, history_h: int | None) -> Loaded:
    if history_h is None:
        return loaded
    return loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, history_h=history_h))


def _is_playbill(path: Path) -> bool:
    try:
        return scenario.is_playbill(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return False  # said where it is read as a scenario
