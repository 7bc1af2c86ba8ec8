"""A premises' water as its meters see it: draws by chance, leaks, a tap, a valve; two meters of two pulse weights.

The second meter stands on a line of its own, with the same habits and a coarser pulse: side by side they show what a
meter cannot see (`use_cases.md` §5, guide). Draws begin and end on whole seconds.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.models._draws import Draws
from device_sims.physics import require
from device_sims.physics import water_leak as physics
from device_sims.physics.hours import DAY_S
from device_sims.physics.water_leak import Plumbing, Regime, State

L_PER_H = 60.0
"""One litre a minute [L/h]."""


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The line with the tap and the valve, and the pulse weight [L] of the meter on the other line."""

    plumbing: Plumbing = Plumbing()
    coarse_pulse_l: float = 10.0


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """What went through both meters before the history [L]; the tap runs at `tap_l_per_min` from time zero on."""

    index_l: float = 412_350.0
    coarse_index_l: float = 98_770.0
    tap_l_per_min: float = 0.0

    def __post_init__(self) -> None:
        """Refuse water that flows backwards.

        Raises:
            ValueError: naming the value.
        """
        require.zero_or_more(self, "index_l", "coarse_index_l", "tap_l_per_min")


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        leak_l_per_h, coarse_leak_l_per_h: leaks of the two lines at the reference pressure [L/h]; they add up.
        tap_l_per_min: the tap over the bucket runs [L/min]; of several the largest holds.
        wet: the floor probe stands in water.
        valve_stuck: the valve stays open whatever it is told.
        stuck: the meter gives no pulse any more.
        extra_pulses: pulses counted besides each true one [1].
    """

    leak_l_per_h: float = 0.0
    coarse_leak_l_per_h: float = 0.0
    tap_l_per_min: float = 0.0
    wet: bool = False
    valve_stuck: bool = False
    stuck: bool = False
    extra_pulses: float = 0.0

    def __post_init__(self) -> None:
        """Refuse water that flows backwards.

        Raises:
            ValueError: naming the value.
        """
        require.zero_or_more(self, "leak_l_per_h", "coarse_leak_l_per_h", "tap_l_per_min", "extra_pulses")


class Line:
    """A meter and what people draw behind it."""

    def __init__(self, plumbing: Plumbing, index_l: float, chance: random.Random) -> None:
        """Place the meter."""
        self.plumbing = plumbing
        self.draws = Draws(plumbing, chance)
        self.state: State = physics.started(plumbing, index_l)

    def step(self, regime: Regime, seconds: int) -> None:
        """Let the water flow."""
        self.state = physics.step(self.state, self.plumbing, regime, seconds)


class Water:
    """Two metered lines that run."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        plumbing = parameters.plumbing
        self._begin = begin
        self._tap_l_per_min = initial.tap_l_per_min
        self.fine = Line(plumbing, initial.index_l, begin.chance("draws"))
        coarse = replace(plumbing, pulse_l=parameters.coarse_pulse_l)
        self.coarse = Line(coarse, initial.coarse_index_l, begin.chance("coarse draws"))
        self._faults: tuple[Active, ...] = ()
        self._shut = False
        self._time_s: int | None = None

    def values(self) -> Mapping[str, float]:
        """Return `pulses`, `coarse_pulses` [1], `tap_flow` [L/min] and `wet` [0/1]."""
        return {
            "pulses": float(self.fine.state.pulses),
            "coarse_pulses": float(self.coarse.state.pulses),
            "tap_flow": 0.0 if self._stopped() else self._tap(),
            "wet": float(any(fault.effect.wet for fault in self._faults)),
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the order of the relay that holds the valve open (`valve_open`)."""
        if self._time_s is None:
            for line in (self.fine, self.coarse):
                line.draws.begin(time_s, self._week_s(time_s))
        self._time_s = time_s
        self._faults = tuple(faults)
        self._shut = orders.get("valve_open", 1.0) == 0

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run until a draw begins or ends, the premises open or close, or the tap opens; at most `count` seconds."""
        week_s = self._week_s(time_s)
        for line in (self.fine, self.coarse):
            line.draws.look(time_s, week_s)
        until = [line.draws.until_change_s(time_s) for line in (self.fine, self.coarse)]
        until.append(self.fine.plumbing.open_hours.until_change_s(week_s))
        if time_s < 0:
            until.append(-time_s)
        passed = max(int(min(count, *until)), 1)
        self._time_s = time_s
        self.fine.step(self._fine(time_s, week_s), passed)
        self.coarse.step(self._coarse(time_s, week_s), passed)
        self._time_s = time_s + passed
        return passed, {}

    def _fine(self, time_s: int, week_s: float) -> Regime:
        stuck = any(fault.effect.stuck for fault in self._faults)
        extra = sum(fault.effect.extra_pulses * fault.intensity for fault in self._faults)
        return Regime(
            drawn_l_per_h=self.fine.draws.l_per_h(time_s) + self._tap() * L_PER_H,
            leak_l_per_h=sum(fault.effect.leak_l_per_h * fault.intensity for fault in self._faults),
            pressure_bar=physics.pressure_bar(self.fine.plumbing, week_s),
            shut=self._stopped(),
            per_pulse=0 if stuck else 1 + round(extra),
        )

    def _coarse(self, time_s: int, week_s: float) -> Regime:
        return Regime(
            drawn_l_per_h=self.coarse.draws.l_per_h(time_s),
            leak_l_per_h=sum(fault.effect.coarse_leak_l_per_h * fault.intensity for fault in self._faults),
            pressure_bar=physics.pressure_bar(self.coarse.plumbing, week_s),
        )

    def _tap(self) -> float:
        opened = [fault.effect.tap_l_per_min * fault.intensity for fault in self._faults]
        if (self._time_s or 0) >= 0:
            opened.append(self._tap_l_per_min)
        return max(opened, default=0.0)

    def _stopped(self) -> bool:
        return self._shut and not any(fault.effect.valve_stuck for fault in self._faults)

    def _week_s(self, time_s: int) -> float:
        return float(self._begin.weekday * DAY_S + self._begin.clock_s + time_s)


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=("pulses", "coarse_pulses", "tap_flow", "wet"),
    make=Water,
)
