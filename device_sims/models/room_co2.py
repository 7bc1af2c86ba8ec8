"""The meeting room as its devices see it, and a second one along the corridor: who is there and what is open, by hour.

Faults and timetable become regimes of `physics.room_co2`. A regime holds until something changes, so a step of the
model is as long as that.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.physics import room_co2 as physics
from device_sims.physics.hours import DAY_S, EVERY_DAY, Hours
from device_sims.physics.room_co2 import CLOSED_PER_H, FAN_PER_H, WINDOW_PER_H, Regime, Room, State, Step


class Use(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of the timetable; of several that hold, the last one written does.

    Attributes:
        spans_h: from and to, hours of the day [h].
        days: 0 Monday … 6 Sunday.
        people: in the room [1].
        changes_per_h: air changes with the door as it is [1/h]; 0.3 closed.
        window: the window is open.
    """

    spans_h: tuple[tuple[float, float], ...]
    days: tuple[int, ...] = EVERY_DAY
    people: float = 0.0
    changes_per_h: float = CLOSED_PER_H
    window: bool = False


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The two rooms, what their openings do, and who comes when.

    Attributes:
        room, other_room: what they are made of.
        closed_per_h, window_per_h, fan_per_h: air changes Q/V [1/h] of the room.
        fan_w: electrical power of the fan [W].
        breath_ppm, breath_s: what a breath on the sensor adds [ppm], and how fast it is gone, time constant [s].
        timetable, other_timetable: who is in the rooms, by the hour of the week.
    """

    room: Room = Room()
    other_room: Room = Room()
    closed_per_h: float = CLOSED_PER_H
    window_per_h: float = WINDOW_PER_H
    fan_per_h: float = FAN_PER_H
    fan_w: float = 120.0
    breath_ppm: float = 3000.0
    breath_s: float = 60.0
    timetable: tuple[Use, ...] = ()
    other_timetable: tuple[Use, ...] = ()


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: both rooms alike, the fan, and what the meter counted before [Wh]."""

    co2_ppm: float = 420.0
    air_c: float = 20.0
    vapour_g_per_m3: float = 8.0
    fan_on: bool = False
    energy_wh: float = 0.0


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        people: so many are in the room, whatever the timetable says, times the intensity; of several faults the last.
        closed: doors and windows are closed.
        window: the window is open.
        fan_stopped: the fan does not turn though its relay is on.
        breath: somebody breathes on the sensor when it begins.
        bias_ppm: the sensor reads so much more [ppm].
    """

    people: float | None = None
    closed: bool = False
    window: bool = False
    fan_stopped: bool = False
    breath: bool = False
    bias_ppm: float = 0.0


@dataclass(frozen=True, slots=True)
class Openings:
    """What is open now: air changes of the door as it is [1/h], the window, and people [1]."""

    changes_per_h: float
    window: bool
    people: float


class MeetingRoom:
    """A meeting room that lives, and its neighbour."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        self.state = self.other = State(initial.co2_ppm, initial.air_c, initial.vapour_g_per_m3)
        self.energy_wh = initial.energy_wh
        self._relay_default = initial.fan_on
        self._relay = initial.fan_on
        self._week_s = begin.weekday * DAY_S + begin.clock_s
        self._faults: tuple[Active, ...] = ()
        self._uses = _hours(parameters.timetable)
        self._other_uses = _hours(parameters.other_timetable)
        self._steps: dict[tuple[int, Regime], Step] = {}
        self._time_s = 0
        self._same_until_s = 0
        self._now = Openings(parameters.closed_per_h, window=False, people=0.0)
        self._regimes = (Regime(), Regime())

    def values(self) -> Mapping[str, float]:
        """Return what the sensors would read [ppm, °C, %], window_open and fan_on [0/1], fan_power [W], energy [Wh]."""
        return {
            "co2": self.state.co2_ppm + self._at_sensor(self._time_s),
            "temperature": self.state.air_c,
            "humidity": physics.humidity_pct(self.state),
            "window_open": float(self._now.window),
            "fan_on": float(self._relay),
            "fan_power": self._fan_w(),
            "fan_energy": self.energy_wh,
            "co2_other": self.other.co2_ppm,
            "temperature_other": self.other.air_c,
            "humidity_other": physics.humidity_pct(self.other),
            "people": self._now.people,
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the order of the fan's relay (`fan_on`)."""
        self._faults = tuple(faults)
        self._relay = orders.get("fan_on", float(self._relay_default)) != 0
        self._look(time_s)

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run until the timetable changes, at most `count` seconds."""
        if time_s != self._time_s or time_s >= self._same_until_s:
            self._look(time_s)
        room, other = self._regimes
        passed = min(count, self._same_until_s - time_s)
        self.state, co2, air, _ = physics.advance(self.state, self._step(0, room), passed)
        self.other, co2_other, air_other, _ = physics.advance(self.other, self._step(1, other), passed)
        self.energy_wh += self._fan_w() * passed / 3600
        if self._disturbed():
            co2 = [value + self._at_sensor(time_s + second) for second, value in enumerate(co2, 1)]
        if time_s + passed < self._same_until_s:
            self._time_s = time_s + passed
        else:
            self._look(time_s + passed)
        return passed, {"co2": co2, "temperature": air, "co2_other": co2_other, "temperature_other": air_other}

    def _look(self, time_s: int) -> None:
        """See what the timetable and the faults make of this second, and until when that holds."""
        self._time_s = time_s
        self._same_until_s = time_s + self._until_change(time_s)
        settings = self.parameters
        week_s = self._week_s + time_s
        self._now = self._faulty(_use(settings.timetable, self._uses, week_s))
        other = _use(settings.other_timetable, self._other_uses, week_s)
        ways = [self._now.changes_per_h]
        ways += [settings.window_per_h] if self._now.window else []
        ways += [settings.fan_per_h] if self._turns() else []
        other_ways = [other.changes_per_h, *([settings.window_per_h] if other.window else [])]
        self._regimes = (
            Regime(self._now.people, physics.ventilation(*ways)),
            Regime(other.people, physics.ventilation(*other_ways)),
        )

    def _faulty(self, use: Use) -> Openings:
        people, changes_per_h, window = use.people, use.changes_per_h, use.window
        for effect, intensity, _ in sorted(self._faults, key=_since):
            if effect.people is not None:
                people = effect.people * intensity
            if effect.closed:
                changes_per_h, window = self.parameters.closed_per_h, False
            if effect.window:
                window = True
        return Openings(changes_per_h, window, people)

    def _turns(self) -> bool:
        return self._relay and not any(fault.effect.fan_stopped for fault in self._faults)

    def _fan_w(self) -> float:
        return self.parameters.fan_w * self._turns()

    def _step(self, which: int, regime: Regime) -> Step:
        key = (which, regime)
        if key not in self._steps:
            room = (self.parameters.room, self.parameters.other_room)[which]
            self._steps[key] = physics.propagator(room, regime, 1.0)
        return self._steps[key]

    def _disturbed(self) -> bool:
        return any(fault.effect.breath or fault.effect.bias_ppm for fault in self._faults)

    def _at_sensor(self, time_s: int) -> float:
        """Return what the sensor sees beyond the room's air [ppm]: breaths, and its own bias."""
        added = 0.0
        for effect, intensity, since_s in self._faults:
            added += effect.bias_ppm * intensity
            if effect.breath:
                amplitude = self.parameters.breath_ppm * intensity
                added += physics.breath_ppm(time_s - since_s, amplitude, self.parameters.breath_s)
        return added

    def _until_change(self, time_s: int) -> int:
        week_s = self._week_s + time_s
        changes = [hours.until_change_s(week_s) for hours in (*self._uses, *self._other_uses)]
        return math.ceil(min(changes, default=DAY_S))


def _hours(uses: Iterable[Use]) -> tuple[Hours, ...]:
    return tuple(Hours(use.spans_h, use.days) for use in uses)


def _use(uses: Sequence[Use], hours: Sequence[Hours], week_s: float) -> Use:
    holding = [use for use, when in zip(uses, hours, strict=True) if when.hold(week_s)]
    return holding[-1] if holding else Use(())


def _since(fault: Active) -> int:
    return fault.since_s


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=(
        "co2",
        "temperature",
        "humidity",
        "window_open",
        "fan_on",
        "fan_power",
        "fan_energy",
        "co2_other",
        "temperature_other",
        "humidity_other",
        "people",
    ),
    make=MeetingRoom,
)
