"""A scenario that runs: physics, sensors, devices and faults, second by second of simulated time.

Deterministic: the same scenario, seed, speed and commands at the same simulated seconds give the same messages. It
knows no wall clock and no broker; whoever runs it says how far to go and takes the messages.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import NamedTuple

from device_sims import devices
from device_sims import scenario as scenarios
from device_sims.clock import stretched_s
from device_sims.devices import Device, Listening, Moment, Packet, Reply, View
from device_sims.errors import SimulationError
from device_sims.models import Active, Model
from device_sims.scenario import Loaded
from device_sims.schedule import Agenda, Due, due
from device_sims.sensing import Sampled, Sensor, sensor

MOST_PER_WALL_S = 10.0
"""No device exceeds so many messages per wall second over a broker: its period stretches."""
LOW_BATTERY_PERCENT, LOW_BATTERY_MV = 4.0, 2400.0
BOOT_S = 3 * 86_400
"""Devices booted so long before the history begins."""
OFFLINE_AFTER_S = 1500 * 60
"""Zigbee2MQTT calls a battery device offline after 25 h (wire_formats.md §4); others fall with their connection."""


class Emission(NamedTuple):
    """A message of a device at a simulated second of the run."""

    time_s: int
    role: str
    packet: Packet


class Silence(NamedTuple):
    """A device's connection breaks (True) or comes back (False)."""

    time_s: int
    role: str
    silent: bool


Output = Emission | Silence


@dataclass(slots=True)
class Acting:
    """A fault that is on: since when, how strong, until when [s of the run]."""

    since_s: int
    intensity: float | None
    until_s: int | None


@dataclass(slots=True)
class Player:
    """A role being played: its device, its sensors and when it speaks next."""

    role: str
    settings: scenarios.Device
    device: Device
    sensors: dict[str, Sensor]
    due_s: int
    period_s: int
    values: dict[str, Sampled] = field(default_factory=dict)
    truth: dict[str, float] = field(default_factory=dict)
    silent: bool = False
    silent_since_s: int = 0
    wrong_by_h: float | None = None


class World:
    """A scenario from `-history_h` on; time zero is the run's start."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        seed: int,
        start: datetime,
        zone: tzinfo,
        initial: str | None = None,
        clock: str | None = None,
    ) -> None:
        """Place everything at the beginning of the history.

        Args:
            loaded: what to play.
            seed: of every noise.
            start: the instant of time zero.
            zone: of the devices' local times.
            initial: named state; unset: the first.
            clock: local hour of time zero; unset: the state's, else the scenario's.

        Raises:
            SimulationError: no such initial state.
        """
        self.scenario = loaded.scenario
        self.seed = seed
        self.start = start
        self.zone = zone
        self._effects = loaded.effects
        name = initial_name(loaded, initial)
        self.time_s = -3600 * self.scenario.history_h
        begin = scenarios.begin(self.scenario, name, clock, seed)
        self.model: Model = loaded.model.make(loaded.parameters, loaded.initials[name], begin)
        self.acting: dict[str, Acting] = {}
        self.orders: dict[str, float] = {}
        self.speed = 1.0
        self._common = scenarios.common_faults(self.scenario)
        self.agenda = Agenda()
        for event in self.scenario.events:
            self.agenda.add(due(event, clock_at_start_s=begin.clock_s, from_s=self.time_s))
        self.players = {role: self._player(role, settings) for role, settings in self.scenario.devices.items()}
        self._act()

    # what goes in

    def schedule(self, time_s: int, name: str, intensity: float | None = None, duration_s: int | None = None) -> None:
        """Turn a fault on at a simulated second.

        Raises:
            SimulationError: no such fault, or an impossible intensity or duration.
        """
        self._check_fault(name, intensity, duration_s)
        self.agenda.add(Due(time_s, name, intensity, duration_s))

    def fault(
        self, name: str, *, active: bool, intensity: float | None = None, duration_s: int | None = None
    ) -> list[Output]:
        """Turn a fault on or off now; return what the devices say at once.

        Raises:
            SimulationError: no such fault, or an impossible intensity or duration.
        """
        self._check_fault(name, intensity, duration_s)
        if active:
            lasts = self._lasts_s(name, duration_s)
            until_s = None if lasts is None else self.time_s + lasts
            since_s = self.acting[name].since_s if name in self.acting else self.time_s
            self.acting[name] = Acting(since_s, intensity, until_s)
        else:
            self.acting.pop(name, None)
        return self._act()

    def command(self, role: str, topic: str, payload: bytes) -> list[Output]:
        """Hand a message to a device; return what it says."""
        player = self.players[role]
        if player.silent:
            return []
        return self._obey(player, player.device.command(self._view(player), topic, payload))

    def _obey(self, player: Player, reply: Reply) -> list[Output]:
        """Carry out what a device understood; return what is said of it."""
        if reply.period_s:
            player.period_s = reply.period_s
            player.due_s = min(player.due_s, self.time_s + reply.period_s)
        said: list[Output] = [Emission(self.time_s, player.role, packet) for packet in reply.packets]
        if reply.orders:
            self.orders.update(reply.orders)
            said += self._act()
        return said

    def birth(self, role: str) -> list[Output]:
        """Return what a device says when its connection is up."""
        player = self.players[role]
        self._sample_missing(player)
        return [Emission(self.time_s, role, packet) for packet in player.device.birth(self._view(player))]

    # what comes out

    def advance(self, to_s: int) -> Iterator[Output]:
        """Play until a simulated second, that one's telemetry included."""
        while True:
            yield from self._begin_and_end_faults()
            for player in self.players.values():
                yield from self._speak(player)
            if self.time_s >= to_s:
                return
            yield from self._run(self._next_stop(to_s) - self.time_s)

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

    def next_s(self) -> int:
        """Return the next second at which something is due, whatever the physics does before."""
        return self._next_stop(2**62)

    def titles(self) -> Mapping[str, scenarios.Text]:
        """Return every fault's title."""
        return scenarios.titles(self.scenario)

    def stretched(self) -> list[str]:
        """Return the roles whose period is stretched at the present speed."""
        return [role for role, player in self.players.items() if self._period_s(player, 0) > player.period_s]

    # inside

    def _player(self, role: str, settings: scenarios.Device) -> Player:
        sensors = {
            name: sensor(channel.figures, (self.seed, settings.id, name)) for name, channel in settings.channels.items()
        }
        device = devices.make(settings.kind, settings.id, settings.fields, settings.options)
        return Player(role, settings, device, sensors, due_s=self.time_s, period_s=settings.period_s)

    def _check_fault(self, name: str, intensity: float | None, duration_s: int | None) -> None:
        if name not in self.scenario.faults and name not in self._common:
            msg = (
                f"no fault {name!r} in {self.scenario.name}; known: {', '.join([*self.scenario.faults, *self._common])}"
            )
            raise SimulationError(msg)
        if intensity is not None and not 0 < intensity <= 1000:  # noqa: PLR2004 — far beyond any sensible one
            msg = f"fault {name}: intensity is {intensity}; it lies above 0, and 1 is the usual"
            raise SimulationError(msg)
        if duration_s is not None and duration_s <= 0:
            msg = f"fault {name}: duration is {duration_s}; it is above zero, in simulated time"
            raise SimulationError(msg)

    def _act(self) -> list[Output]:
        effects = [
            Active(self._effects[name], acting.intensity or 1.0, acting.since_s)
            for name, acting in self.acting.items()
            if name in self._effects
        ]
        self.model.act(effects, self.orders, self.time_s)
        said: list[Output] = []
        for player in self.players.values():
            self._ail(player)
            said += self._silence(player)
        return [*said, *self._tell_changes()]

    def _ail(self, player: Player) -> None:
        for name, one in player.sensors.items():
            one.faults.unplugged = f"{name}.sensor_unplugged" in self.acting
            one.faults.frozen = f"{name}.frozen_value" in self.acting
            drift = self.acting.get(f"{name}.bias_drift")
            one.faults.drift_per_s = (drift.intensity or 1.0) / 3600 if drift else 0.0
            one.faults.drift_since_s = drift.since_s if drift else 0
        wrong = self.acting.get(f"{player.role}.clock_wrong")
        player.wrong_by_h = None if wrong is None else (wrong.intensity or 0.0)

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
            if player.silent and player.device.bridged and self.time_s == player.silent_since_s + OFFLINE_AFTER_S:
                yield from self._last_will(player.role, self.time_s)

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
        player.due_s = self.time_s + self._period_s(player, self.time_s)
        self._sample(player)
        if not player.silent:
            for packet in player.device.report(self._view(player)):
                yield Emission(self.time_s, player.role, packet)
            if isinstance(player.device, Listening):
                yield from self._obey(player, player.device.window(self._view(player)))

    def _period_s(self, player: Player, time_s: int) -> int:
        period = float(player.period_s)
        if time_s < -self.scenario.recent_s:
            period = max(period, player.settings.history_period_s or self.scenario.history_period_s)
        elif time_s >= 0:
            period = stretched_s(period, self.speed, MOST_PER_WALL_S)
        return -int(-period // 1)

    def _run(self, count: int) -> Iterator[Output]:
        passed, traces = self.model.advance(self.time_s, count)
        self.time_s += passed
        for player in self.players.values():
            for name, trace in traces.items():
                if name in player.sensors:
                    player.sensors[name].follow(trace)
        yield from self._tell_changes()

    def _next_stop(self, to_s: int) -> int:
        stops = [to_s, *(player.due_s for player in self.players.values())]
        stops += [acting.until_s for acting in self.acting.values() if acting.until_s is not None]
        stops += [coming for coming in [self.agenda.next_s()] if coming is not None]
        stops += [
            player.silent_since_s + OFFLINE_AFTER_S
            for player in self.players.values()
            if player.silent and player.device.bridged
        ]
        return max(min(stop for stop in stops if stop > self.time_s), self.time_s + 1)

    def _tell_changes(self) -> list[Output]:
        said: list[Output] = []
        values = self.model.values()
        for player in self.players.values():
            changed = frozenset(self._follow(player, values))
            if not changed:
                continue
            self._sample(player)
            if not player.silent:
                said += [
                    Emission(self.time_s, player.role, each)
                    for each in player.device.changed(self._view(player), changed)
                ]
        return said

    def _follow(self, player: Player, values: Mapping[str, float]) -> Iterator[str]:
        """Let the truth of everything without a lag reach the sensors; yield what must be told at once."""
        low = f"{player.role}.battery_low" in self.acting
        battery = player.settings.battery
        for name, channel in player.settings.channels.items():
            if channel.order:
                truth = self.orders.get(name, channel.constant or 0.0)
            elif channel.constant is not None:
                truth = channel.constant
            else:
                truth = values[name]
            if low and battery is not None:
                truth = {battery.level: LOW_BATTERY_PERCENT, battery.voltage: LOW_BATTERY_MV}.get(name, truth)
            known = player.truth.get(name)
            if truth == known:
                continue
            player.truth[name] = truth
            if channel.lag_s == 0 or known is None:
                player.sensors[name].follow((truth,))
            if known is not None and (channel.on_change or channel.order):
                yield name

    def _sample(self, player: Player) -> None:
        player.values = {name: one.sample(self.time_s) for name, one in player.sensors.items()}

    def _sample_missing(self, player: Player) -> None:
        if not player.values:
            self._sample(player)

    def _view(self, player: Player) -> View:
        booted = -3600 * self.scenario.history_h - BOOT_S
        moment = Moment(self.start, self.zone, self.time_s, self.time_s - booted, player.wrong_by_h)
        self._sample_missing(player)
        return View(moment, player.values, self.orders, player.period_s)


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
        raise SimulationError(msg)
    return wanted
