"""Water through a meter: draws, a leak that follows the pressure, a valve, and pulses that are counted.

Equations (`use_cases.md` §5):

    index(t) = ∫q dt · q = q_draws + q_leak, 0 when the valve is shut · q_leak = q_ref · (p/p_ref)^N

Flows are constant over a step, so a step is exact. The meter gives a pulse each time its index passes a multiple of
the pulse weight w; a leak below w per hour leaves hours without any pulse. Draws come as a Poisson process of rate
λ(h), 6 /h open and 0.2 /h closed, with log-normal volumes of mean 12 L over 60 to 120 s (orders of magnitude); they
are functions of given draws, this module has no chance of its own.

Error: rounding only, half a unit in the last place of the index a step (3·10⁻¹¹ L at 412 350 L); a pulse may come
`EDGE_L` of water early, so that rounding holds none back for as long as 30 000 steps.
Source: orifice law, exponent 0.5 for a rigid hole to 1.5 for one that opens with pressure: Lambert, What do we know
about pressure-leakage relationships in distribution systems?, IWA 2001.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from device_sims.physics import require
from device_sims.physics.hours import WEEK_S, Hours

OPEN_HOURS = Hours(((8.0, 19.0),), (0, 1, 2, 3, 4, 5))
EDGE_L = 1e-6


@dataclass(frozen=True, slots=True)
class Plumbing:
    """Pressure, meter, and how water is drawn.

    Attributes:
        day_bar, night_bar: pressure p in open and in closed hours [bar], 2 to 6.
        reference_bar: pressure p_ref at which leaks are given [bar], 2 to 6.
        exponent: exponent N of the orifice law [1], 0.5 to 1.5.
        pulse_l: pulse weight w of the meter [L], 1, 10 or 100.
        open_hours: when the premises are open.
        open_per_h, closed_per_h: rate λ of draws in open and in closed hours [1/h], 0 to 60.
        draw_l: mean volume of a draw [L], 1 to 100.
        draw_spread: standard deviation σ of its logarithm [1], 0 to 1.5.
        shortest_s, longest_s: duration of a draw [s], 10 to 600.
    """

    day_bar: float = 3.0
    night_bar: float = 3.5
    reference_bar: float = 3.0
    exponent: float = 0.5
    pulse_l: float = 1.0
    open_hours: Hours = OPEN_HOURS
    open_per_h: float = 6.0
    closed_per_h: float = 0.2
    draw_l: float = 12.0
    draw_spread: float = 0.6
    shortest_s: float = 60.0
    longest_s: float = 120.0

    def __post_init__(self) -> None:
        """Refuse plumbing that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "reference_bar", "pulse_l", "draw_l", "shortest_s")
        require.zero_or_more(self, "day_bar", "night_bar", "exponent", "open_per_h", "closed_per_h", "draw_spread")
        require.within(self, self.shortest_s, math.inf, "longest_s")


@dataclass(frozen=True, slots=True)
class Draw:
    """Water that somebody takes: its start [s of the run], volume [L] and duration [s]."""

    start_s: float
    volume_l: float
    duration_s: float

    @property
    def end_s(self) -> float:
        """When it ends [s of the run]."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        drawn_l_per_h: flow of all draws and taps [L/h], 0 to 5 000.
        leak_l_per_h: flow of all leaks at the reference pressure q_ref [L/h], 0 to 5 000.
        pressure_bar: pressure p [bar], 0 to 6.
        shut: the valve stops all; one that is stuck does not.
        per_pulse: what the counter adds at each pulse [1]: 1, 0 when it is stuck, 2 when its contact bounces.
    """

    drawn_l_per_h: float = 0.0
    leak_l_per_h: float = 0.0
    pressure_bar: float = 3.0
    shut: bool = False
    per_pulse: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: naming the input.
        """
        require.zero_or_more(self, "drawn_l_per_h", "leak_l_per_h", "pressure_bar", "per_pulse")


@dataclass(frozen=True, slots=True)
class State:
    """What went through the meter [L], and the pulses counted [1]."""

    index_l: float
    pulses: int


def started(plumbing: Plumbing, index_l: float = 412_350.0) -> State:
    """Return a meter whose counter agrees with its index [L]."""
    return State(index_l, _passed(index_l, plumbing))


def pressure_bar(plumbing: Plumbing, week_s: float) -> float:
    """Return the pressure at a moment of the week [bar]: the network's is higher when nobody draws."""
    return plumbing.day_bar if plumbing.open_hours.hold(week_s) else plumbing.night_bar


def leak_l_per_h(plumbing: Plumbing, regime: Regime) -> float:
    """Return what leaks would let through with the valve open [L/h]: q_ref·(p/p_ref)^N; nothing without pressure."""
    if regime.pressure_bar == 0:
        return 0.0
    return regime.leak_l_per_h * math.pow(regime.pressure_bar / plumbing.reference_bar, plumbing.exponent)


def flow_l_per_h(plumbing: Plumbing, regime: Regime) -> float:
    """Return the flow q through the meter [L/h]; nothing when the valve is shut."""
    return 0.0 if regime.shut else regime.drawn_l_per_h + leak_l_per_h(plumbing, regime)


def step(state: State, plumbing: Plumbing, regime: Regime, dt_s: float) -> State:
    """Return the meter `dt_s` seconds later.

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    index_l = state.index_l + flow_l_per_h(plumbing, regime) * dt_s / 3600
    given = _passed(index_l, plumbing) - _passed(state.index_l, plumbing)
    return State(index_l, state.pulses + given * regime.per_pulse)


def until_pulse_s(state: State, plumbing: Plumbing, regime: Regime) -> float:
    """Return in how long the meter gives its next pulse [s]; infinity when nothing flows."""
    flow = flow_l_per_h(plumbing, regime)
    if flow == 0:
        return math.inf
    next_l = (_passed(state.index_l, plumbing) + 1) * plumbing.pulse_l
    return (next_l - state.index_l) * 3600 / flow


def drawn_l_per_h(draws: Iterable[Draw], time_s: float) -> float:
    """Return the flow of the draws that run at a moment [L/h], each at its own even rate."""
    return math.fsum(3600 * each.volume_l / each.duration_s for each in draws if each.start_s <= time_s < each.end_s)


def draw(plumbing: Plumbing, start_s: float, *, normal: float, uniform: float) -> Draw:
    """Return a draw from two numbers given: its volume from a standard normal, its duration from 0 to 1.

    The volume is m·e^{σ·z - σ²/2}, of mean m whatever the spread.
    """
    spread = plumbing.draw_spread
    volume_l = plumbing.draw_l * math.exp(spread * normal - spread**2 / 2)
    return Draw(start_s, volume_l, plumbing.shortest_s + (plumbing.longest_s - plumbing.shortest_s) * uniform)


def until_draw_s(plumbing: Plumbing, week_s: float, exponential: float) -> float:
    """Return in how long the next draw starts [s], exact through opening and closing; infinity when there is none.

    The draw comes when ∫λ dt has grown by the number given, of an exponential law of mean 1.
    """
    left, passed_s = exponential, 0.0
    hours = plumbing.open_hours
    weekly = _weekly(plumbing)
    if weekly == 0:
        return math.inf
    whole_weeks = left // weekly
    left -= whole_weeks * weekly
    while True:
        now_s = week_s + passed_s
        per_s = (plumbing.open_per_h if hours.hold(now_s) else plumbing.closed_per_h) / 3600
        piece_s = hours.until_change_s(now_s)
        if left <= per_s * piece_s and per_s > 0:
            return whole_weeks * WEEK_S + passed_s + left / per_s
        left -= per_s * piece_s
        passed_s += piece_s


def _weekly(plumbing: Plumbing) -> float:
    total, passed_s = 0.0, 0.0
    while passed_s < WEEK_S:
        piece_s = min(plumbing.open_hours.until_change_s(passed_s), WEEK_S - passed_s)
        per_h = plumbing.open_per_h if plumbing.open_hours.hold(passed_s) else plumbing.closed_per_h
        total += per_h * piece_s / 3600
        passed_s += piece_s
    return total


def _passed(index_l: float, plumbing: Plumbing) -> int:
    return math.floor((index_l + EDGE_L) / plumbing.pulse_l)
