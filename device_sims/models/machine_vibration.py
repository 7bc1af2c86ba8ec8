"""A machine as its devices see it: hours of work and faults become regimes of `physics.machine_vibration`.

What a sensor that came loose makes of the truth, and what a hand makes of an accelerometer, is drawn second by second
by name: the same second gives the same draw however the run is cut.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.physics import first_order
from device_sims.physics import machine_vibration as physics
from device_sims.physics.hours import DAY_S, EVERY_DAY, Hours
from device_sims.physics.machine_vibration import Machine, Regime, State

LOOSE_NOISE = 0.1
"""Five times the 2 % noise of the sensor (`use_cases.md` §4, fault `sensor_loose`)."""
STANDARD_G = 9.80665
HAND_HZ = 5.0


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The machine, its load, and when it works.

    Attributes:
        machine: what it is made of.
        load: load L [1] while it works, 0 to 1.
        spans_h: hours of the day [h] in which it works; `days`: 0 Monday … 6 Sunday.
    """

    machine: Machine = Machine()
    load: float = 0.5
    spans_h: tuple[tuple[float, float], ...] = ((0.0, 24.0),)
    days: tuple[int, ...] = EVERY_DAY


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: the bearing's temperature [°C] (unset: warm), its damage [1], the counter [Wh]."""

    bearing_c: float | None = None
    damage: float = 0.0
    energy_wh: float = 0.0


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        wears: the bearing's damage grows, intensity times as fast; when the fault ends, the bearing is a new one.
        unbalance_mm_s, misalignment_mm_s, looseness_mm_s: velocities added [mm/s RMS]; of several the largest holds.
        friction: added to the friction, as a share of it [1].
        stopped: the motor has no current.
        loose: share of the velocity that the sensor loses [1], with five times its noise.
        shaken_m_per_s2: acceleration of a hand at 5 Hz [m/s² RMS].
        pressed: the button on the shop floor is pressed.
    """

    wears: bool = False
    unbalance_mm_s: float = 0.0
    misalignment_mm_s: float = 0.0
    looseness_mm_s: float = 0.0
    friction: float = 0.0
    stopped: bool = False
    loose: float = 0.0
    shaken_m_per_s2: float = 0.0
    pressed: bool = False


class Bearing:
    """A machine that turns."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        warm = physics.warm(parameters.machine).bearing_c
        self.state = State(warm if initial.bearing_c is None else initial.bearing_c, initial.damage)
        self.energy_wh = initial.energy_wh
        self._first_damage = initial.damage
        self._chance = begin.chance
        self._week_s = begin.weekday * DAY_S + begin.clock_s
        self._hours = Hours(parameters.spans_h, parameters.days)
        self._faults: tuple[Active, ...] = ()
        self._switched_on = True
        self._machine = parameters.machine
        self._regime = Regime()
        self._time_s = 0

    def values(self) -> Mapping[str, float]:
        """Return velocity [mm/s], accel_hf, ax, ay, az [g], bearing_temp [°C], motor_power [W], motor_energy [Wh]."""
        velocity = physics.velocity_mm_s(self.state, self._machine, self._regime)
        along, across = self._hand_g()
        return {
            "velocity": self._as_fixed(velocity),
            "accel_hf": physics.accel_hf_g(self.state, self._machine, self._regime),
            "bearing_temp": self.state.bearing_c,
            "motor_power": physics.motor_w(self.state, self._machine, self._regime),
            "motor_energy": self.energy_wh,
            "ax": along,
            "ay": across,
            "az": 1.0,
            "damage": self.state.damage,
            "switch": float(self._switched_on),
            "pressed": float(any(fault.effect.pressed for fault in self._faults)),
        }

    def within(self, share_s: float) -> Mapping[str, float]:
        """Return what a hand gives the accelerometer within a second [g]."""
        along, across = self._hand_g(share_s)
        return {"ax": along, "ay": across}

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the order of the relay that feeds the motor (`switch`)."""
        wore = self._wears()
        self._faults = tuple(faults)
        self._switched_on = orders.get("switch", 1.0) != 0
        wears = self._wears()
        if wore and not wears:
            self.state = State(self.state.bearing_c, self._first_damage)  # the bearing was changed
        pace = max((fault.intensity for fault in self._faults if fault.effect.wears), default=1.0)
        self._machine = replace(self.parameters.machine, wear_s=self.parameters.machine.wear_s / pace)
        self._look(time_s)

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run until the hours of work change or the bearing seizes, at most `count` seconds."""
        self._look(time_s)
        limit = min(count, math.ceil(self._hours.until_change_s(self._week_s + time_s)))
        power_w = physics.motor_w(self.state, self._machine, self._regime)
        if self._regime.wearing and physics.turns(self.state, self._regime):
            self.state, temperatures, _ = physics.advance(self.state, self._machine, self._regime, limit)
        else:
            temperatures = self._cool(limit)
        passed = len(temperatures)
        self.energy_wh += power_w * passed / 3600
        self._look(time_s + passed)
        return passed, {"bearing_temp": temperatures}

    def _cool(self, count: int) -> list[float]:
        """Run seconds in which no damage grows: a first order step each, ten times as fast as the general one."""
        rate_per_s = 1.0 / self._machine.thermal_s
        settled = physics.settled_c(self._machine, self._regime, self.state.damage)
        one = first_order.propagator(rate_per_s, rate_per_s * settled, 1.0)
        temperatures = first_order.each(self.state.bearing_c, one, count)
        self.state = State(temperatures[-1], self.state.damage)
        return temperatures

    def _look(self, time_s: int) -> None:
        """See what the hours of work and the faults make of this second."""
        self._time_s = time_s
        at_work = self._hours.hold(self._week_s + time_s)
        stopped = any(fault.effect.stopped for fault in self._faults)
        self._regime = Regime(
            running=at_work and self._switched_on and not stopped,
            load=self.parameters.load,
            wearing=self._wears(),
            friction=1.0 + self._largest("friction"),
            unbalance_mm_s=self._largest("unbalance_mm_s"),
            misalignment_mm_s=self._largest("misalignment_mm_s"),
            looseness_mm_s=self._largest("looseness_mm_s"),
        )

    def _wears(self) -> bool:
        return any(fault.effect.wears for fault in self._faults)

    def _largest(self, name: str) -> float:
        strengths = (getattr(fault.effect, name) * fault.intensity for fault in self._faults)
        return max((float(each) for each in strengths), default=0.0)

    def _as_fixed(self, velocity: float) -> float:
        lost = min(self._largest("loose"), 1.0)
        if lost == 0 or velocity == 0:
            return velocity
        drawn = self._chance(f"loose/{self._time_s}").gauss(0.0, 1.0)
        return max(velocity * (1.0 - lost) * (1.0 + LOOSE_NOISE * drawn), 0.0)

    def _hand_g(self, share_s: float = 0.0) -> tuple[float, float]:
        """Return what a hand at 5 Hz gives the accelerometer along and across [g], at a phase drawn each second."""
        amplitude = self._largest("shaken_m_per_s2") * math.sqrt(2) / STANDARD_G
        if amplitude == 0:
            return 0.0, 0.0
        phase = 2 * math.pi * (self._chance(f"hand/{self._time_s}").random() + HAND_HZ * share_s)
        return amplitude * math.sin(phase), amplitude * math.cos(phase) / 2


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=(
        "velocity",
        "accel_hf",
        "bearing_temp",
        "motor_power",
        "motor_energy",
        "ax",
        "ay",
        "az",
        "damage",
        "switch",
        "pressed",
    ),
    make=Bearing,
)
