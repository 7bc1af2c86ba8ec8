"""A scenario that runs: physics, sensors, devices and faults, second by second of simulated time.

Deterministic: the same scenario, seed, speed and commands at the same simulated seconds give the same messages. It
knows no wall clock and no broker; whoever runs it says how far to go and takes the messages.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from device_sims import common, devices
from device_sims import scenario as scenarios
from device_sims.day import days_ahead
from device_sims.devices import Moment, Packet, Reply, View
from device_sims.errors import SimulationError
from device_sims.models import Active, Model, Quick
from device_sims.player import Player, in_role
from device_sims.scenario import Loaded
from device_sims.schedule import Acting, Agenda, Due, due
from device_sims.stage import Stage
from device_sims.tables import Text

BOOT_S = 3 * 86_400
"""Devices booted so long before the history begins."""
CONNECT_S = -1
"""Devices connect at the history's last second: one without a history says its birth then."""


class Emission(NamedTuple):
    """A message of a device at a simulated second of the run; within one, of a board that speaks several times."""

    time_s: float
    role: str
    packet: Packet


class Silence(NamedTuple):
    """A device's connection breaks (True) or comes back (False)."""

    time_s: int
    role: str
    silent: bool


Output = Emission | Silence


class World:
    """A scenario from `-history_h` on; time zero is the run's start."""

    def __init__(self, loaded: Loaded, stage: Stage) -> None:
        """Place everything at the beginning of the history.

        Raises:
            SimulationError: no such initial state.
        """
        self.scenario = loaded.scenario
        self.seed, self.start, self.zone = stage.seed, stage.start, stage.zone
        self._effects = loaded.effects
        name = initial_name(loaded, stage.initial)
        self.begin_s = -3600 * self.scenario.history_h
        self.time_s = self.begin_s
        begin = scenarios.begin(self.scenario, name, stage.clock, stage.seed)
        self.days = days_ahead(stage.start.astimezone(stage.zone).date(), begin.weekday, begin.yearday)
        self.model: Model = loaded.model.make(loaded.parameters, loaded.initials[name], begin)
        self.acting: dict[str, Acting] = {}
        self.orders: dict[str, float] = {}
        self._speed = 1.0
        self._common = common.common_faults(self.scenario)
        self.agenda = Agenda()
        for event in self.scenario.events:
            self.agenda.add(due(event, clock_at_start_s=begin.clock_s, from_s=self.time_s))
        self.players = {
            role: in_role(role, settings, seed=stage.seed, begin_s=self.begin_s)
            for role, settings in self.scenario.devices.items()
        }
        if not stage.finely:
            for player in self.players.values():
                player.shares = ()
        self._act()

    @property
    def speed(self) -> float:
        """Simulated seconds a wall second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = speed
        for player in self.players.values():
            if player.shares:  # it may speak much sooner now
                player.due_s = min(player.due_s, max(self.time_s, 0) + 1)

    # what goes in

    def schedule(self, time_s: int, name: str, intensity: float | None = None, duration_s: int | None = None) -> None:
        """Turn a fault on at a simulated second.

        Raises:
            SimulationError: no such fault, or an impossible intensity or duration.
        """
        self.check_fault(name, intensity, duration_s)
        self.agenda.add(Due(time_s, name, intensity, duration_s))

    def fault(
        self, name: str, *, active: bool, intensity: float | None = None, duration_s: int | None = None
    ) -> list[Output]:
        """Turn a fault on or off now; return what the devices say at once.

        Raises:
            SimulationError: no such fault, or an impossible intensity or duration.
        """
        self.check_fault(name, intensity, duration_s)
        if active:
            lasts = self._lasts_s(name, duration_s)
            until_s = None if lasts is None else self.time_s + lasts
            since_s = self.acting[name].since_s if name in self.acting else self.time_s
            self.acting[name] = Acting(since_s, intensity, until_s)
        else:
            self.acting.pop(name, None)
        return self._act()

    def command(self, role: str, topic: str, payload: bytes) -> list[Output]:
        """Hand a message to a device; return what it says. A stuck actuator's device answers, and nothing moves."""
        player = self.players[role]
        if player.silent:
            return []
        return self._obey(player, player.device.command(self._view(player), topic, payload))

    def _obey(self, player: Player, reply: Reply) -> list[Output]:
        """Carry out what a device understood; return what is said of it."""
        if reply.period_s:
            player.period_s = reply.period_s
            player.due_s = min(player.due_s, self.time_s + reply.period_s)
        said: list[Output] = [*self._words(player, reply.packets)]
        if reply.orders and not player.stuck:
            self.orders.update(reply.orders)
            said += self._act()
        return said

    def birth(self, role: str) -> list[Output]:
        """Return what a device says when its connection is up; nothing in a history that it does not have."""
        player = self.players[role]
        return [*self._words(player, player.device.birth(self._view(player)))]

    # what comes out

    def advance(self, to_s: float) -> Iterator[Output]:
        """Play until a simulated second, that one's telemetry included; within it, quick boards until `to_s`."""
        last_s = math.floor(to_s)
        while True:
            yield from self._begin_and_end_faults()
            for player in self.players.values():
                yield from self._speak(player)
            if self.time_s >= last_s:
                yield from self._speak_within(to_s)
                return
            yield from self._speak_within(self.time_s + 1)
            yield from self._run(self._next_stop(last_s) - self.time_s)

    def without_broker(self, said: Iterable[Output]) -> Iterator[Emission]:
        """Return messages alone: a broken connection becomes its will, a restored one the device's birth."""
        for one in said:
            if isinstance(one, Emission):
                yield one
            elif one.silent:
                yield from self._last_will(one.role, one.time_s)
            else:
                yield from self.without_broker(self.birth(one.role))

    def _last_will(self, role: str, time_s: int) -> Iterator[Emission]:
        will = self.players[role].device.will
        if will is not None:
            yield Emission(time_s, role, will)

    def next_s(self) -> float:
        """Return when something is due next, whatever the physics does before."""
        within = (self.time_s + player.ahead[0] for player in self.players.values() if player.ahead)
        return min(within, default=self._next_stop(2**62))

    def titles(self) -> Mapping[str, Text]:
        """Return every fault's title."""
        return common.titles(self.scenario)

    def stretched(self) -> list[str]:
        """Return the roles whose period is stretched at the present speed."""
        return [
            role
            for role, player in self.players.items()
            if player.period_at_s(0, self.speed, self.scenario) > player.period_s
        ]

    # inside

    def check_fault(self, name: str, intensity: float | None, duration_s: int | None) -> None:
        """Look whether a fault can be turned on.

        Raises:
            SimulationError: no such fault, or an impossible intensity or duration.
        """
        if name not in self.scenario.faults and name not in self._common:
            known = ", ".join([*self.scenario.faults, *self._common])
            msg = f"no fault {name!r} in {self.scenario.name}; known: {known}"
            raise SimulationError(msg, f"aucun défaut {name!r} dans {self.scenario.name} ; connus : {known}")
        if intensity is not None and not 0 < intensity <= 1000:  # noqa: PLR2004 — far beyond any sensible one
            msg = f"fault {name}: intensity is {intensity}; it lies above 0, and 1 is the usual"
            fr = f"défaut {name} : l'intensité vaut {intensity} ; elle est au-dessus de 0, et 1 est l'habituelle"
            raise SimulationError(msg, fr)
        if duration_s is not None and duration_s <= 0:
            msg = f"fault {name}: duration is {duration_s}; it is above zero, in simulated time"
            fr = f"défaut {name} : la durée vaut {duration_s} ; elle est au-dessus de zéro, en temps simulé"
            raise SimulationError(msg, fr)

    def _act(self) -> list[Output]:
        effects = [
            Active(self._effects[name], acting.intensity or 1.0, acting.since_s)
            for name, acting in self.acting.items()
            if name in self._effects
        ]
        self.model.act(effects, self.orders, self.time_s)
        said: list[Output] = []
        for player in self.players.values():
            player.ail(self.acting)
            said += self._silence(player)
        return [*said, *self._tell_changes()]

    def _silence(self, player: Player) -> list[Output]:
        cut = any(
            player.role in self.scenario.faults[name].silent for name in self.acting if name in self.scenario.faults
        )
        silent = cut or f"{player.role}.radio_loss" in self.acting
        if silent == player.silent:
            return []
        player.silent, player.silent_since_s = silent, self.time_s
        if player.device.bridged:
            return [] if silent else self.birth(player.role)
        return [Silence(self.time_s, player.role, silent)]

    def _begin_and_end_faults(self) -> Iterator[Output]:
        ended = [
            name for name, acting in self.acting.items() if acting.until_s is not None and acting.until_s <= self.time_s
        ]
        for name in ended:
            yield from self.fault(name, active=False)
        while (coming := self.agenda.pop(self.time_s)) is not None:
            yield from self._come(coming)
        for player in self.players.values():
            if self.time_s == self._given_up_s(player):
                yield from self._last_will(player.role, self.time_s)

    def _given_up_s(self, player: Player) -> int | None:
        """Return when a bridge calls a silent device offline; others fall with their connection."""
        if not (player.silent and player.device.bridged):
            return None
        return player.silent_since_s + devices.offline_after_s(player.device)

    def _come(self, coming: Due) -> list[Output]:
        """Let a fault of the agenda begin; one that somebody turned on and that lasts longer goes on instead."""
        acting = self.acting.get(coming.fault)
        lasts = self._lasts_s(coming.fault, coming.duration_s)
        if (
            acting is not None
            and lasts is not None
            and (acting.until_s is None or acting.until_s > self.time_s + lasts)
        ):
            return []
        return self.fault(coming.fault, active=True, intensity=coming.intensity, duration_s=coming.duration_s)

    def _lasts_s(self, name: str, duration_s: int | None) -> int | None:
        own = self.scenario.faults.get(name)
        return duration_s if duration_s is not None else (own.duration_s if own else None)

    def _speak(self, player: Player) -> Iterator[Output]:
        if self.time_s < player.due_s:
            return
        player.wait(self.time_s, self.speed, self.scenario)
        player.sample(self.time_s)
        if not player.silent:
            yield from self._words(player, player.device.report(self._view(player)))
            if player.listens is not None:
                yield from self._obey(player, player.listens.window(self._view(player)))

    def _speak_within(self, to_s: float) -> Iterator[Emission]:
        """Let the boards that speak several times a second do so, from the second that was reached on."""
        for player in self.players.values():
            while player.ahead and self.time_s + player.ahead[0] <= to_s:
                share = player.ahead.popleft()
                moved = self.model.within(share) if isinstance(self.model, Quick) else {}
                list(player.follow({**self.model.values(), **moved}, self.orders, self.time_s - self.begin_s))
                player.sample(self.time_s)
                if not player.silent:
                    said = self._words(player, player.device.report(self._view(player)))
                    yield from (one._replace(time_s=self.time_s + share) for one in said)

    def _words(self, player: Player, packets: Iterable[Packet]) -> Iterator[Emission]:
        """Say what a device says; one without a history says nothing before the start."""
        if self.time_s < CONNECT_S and not player.settings.history:
            return
        for packet in packets:
            player.said += 1
            yield Emission(self.time_s, player.role, packet)

    def _run(self, count: int) -> Iterator[Output]:
        passed, traces = self.model.advance(self.time_s, count)
        self.time_s += passed
        for player in self.players.values():
            player.trace(traces)
        yield from self._tell_changes()

    def _next_stop(self, to_s: int) -> int:
        stops = [to_s, *(player.due_s for player in self.players.values())]
        stops += [acting.until_s for acting in self.acting.values() if acting.until_s is not None]
        stops += [coming for coming in [self.agenda.next_s()] if coming is not None]
        stops += [second for player in self.players.values() if (second := self._given_up_s(player)) is not None]
        return max(min(stop for stop in stops if stop > self.time_s), self.time_s + 1)

    def _tell_changes(self) -> list[Output]:
        said: list[Output] = []
        values = self.model.values()
        for player in self.players.values():
            changed = frozenset(player.follow(values, self.orders, self.time_s - self.begin_s))
            if not changed:
                continue
            player.sample(self.time_s)
            if not player.silent:
                said += self._words(player, player.device.changed(self._view(player), changed))
        return said

    def _view(self, player: Player) -> View:
        if not player.values:
            player.sample(self.time_s)
        moment = Moment(self.start, self.zone, self.time_s, self.time_s - self.begin_s + BOOT_S, player.wrong_by_h)
        return View(moment, player.values, self.orders, player.period_s, player.stuck)


def initial_name(loaded: Loaded, wanted: str | None) -> str:
    """Return the initial state's name: the first where none is asked for.

    Raises:
        SimulationError: no such state.
    """
    known = list(loaded.scenario.initial)
    if wanted is None:
        return known[0]
    if wanted not in known:
        msg = f"no initial state {wanted!r} in {loaded.scenario.name}; known: {', '.join(known)}"
        fr = f"aucun état initial {wanted!r} dans {loaded.scenario.name} ; connus : {', '.join(known)}"
        raise SimulationError(msg, fr)
    return wanted
