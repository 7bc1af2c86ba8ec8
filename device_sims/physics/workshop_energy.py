"""A workshop's loads: what is always on, what comes and goes, and two bodies that a thermostat heats.

Equation of the oven and of the office (`use_cases.md` §3, figures are orders of magnitude), one node each:

    C · dT/dt = (UA + UA_open) · (T_around - T) + gains + P · on

on from T ≤ T_set - ΔT until T ≥ T_set + ΔT, tested at whole seconds of the run. Exact between two switchings: a first
order step with inputs constant over it. The loads' electricity adds up in `physics.linky`.

Source: Incropera, Fundamentals of Heat and Mass Transfer, lumped-capacitance method; 4186 J/(kg·K) for water.
"""

import math
from dataclasses import dataclass

from device_sims.physics import first_order, require
from device_sims.physics.first_order import Propagator
from device_sims.physics.hours import Hours
from device_sims.physics.linky import Load

WATER_J_PER_KG_K = 4186.0
BASE, FRIDGE, WORK, KETTLE = Load(400.0, 0.90), Load(350.0, 0.70), Load(1800.0, 0.90), Load(2000.0, 1.0)
"""Default loads: always on (standby, ventilation, network); a fridge; machines at work; a kettle."""
AT_WORK = Hours(((8.0, 12.0), (13.5, 17.5)), (0, 1, 2, 3, 4))
OVEN_ON = Hours(((8.0, 12.0),), (0, 1, 2, 3, 4))
SET_BACK = Hours(((20.0, 7.0),))
"""Default hours: machines, oven, and the office at its night temperature."""
OVEN_C, OFFICE_DAY_C, OFFICE_NIGHT_C = 220.0, 19.0, 16.0
GAINS_DAY_W, GAINS_NIGHT_W, WINDOW_W_PER_K = 200.0, 100.0, 60.0


@dataclass(frozen=True, slots=True)
class Cycle:
    """A load that runs by itself, at even intervals.

    Attributes:
        on_s: how long it runs [s], 60 to 3 600.
        off_s: how long it rests [s], 60 to 3 600.
    """

    on_s: float = 720.0
    off_s: float = 1080.0

    def __post_init__(self) -> None:
        """Refuse a cycle that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "on_s", "off_s")

    @property
    def share(self) -> float:
        """Share of the time that it runs [1]."""
        return self.on_s / (self.on_s + self.off_s)

    def runs(self, time_s: float) -> bool:
        """Tell whether it runs `time_s` seconds after a start."""
        return time_s % (self.on_s + self.off_s) < self.on_s

    def until_change_s(self, time_s: float) -> float:
        """Return for how long that stays so [s], above zero."""
        since_s = time_s % (self.on_s + self.off_s)
        return (self.on_s if since_s < self.on_s else self.on_s + self.off_s) - since_s


@dataclass(frozen=True, slots=True)
class Heated:
    """A body with a heater.

    Attributes:
        capacity_j_per_k: heat capacity C [J/K]; oven 30 000 to 150 000, office 2 to 20 million.
        loss_w_per_k: conductance UA to what is around [W/K]; oven 3 to 12, office 30 to 150.
        heater_w: power P of the heater [W]; oven 2 000 to 10 000, office 500 to 3 000.
        band_k: half width ΔT of the thermostat's band [K], 0.1 to 5.
    """

    capacity_j_per_k: float
    loss_w_per_k: float
    heater_w: float
    band_k: float

    def __post_init__(self) -> None:
        """Refuse a body that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "capacity_j_per_k", "loss_w_per_k", "band_k")
        require.zero_or_more(self, "heater_w")


OVEN = Heated(capacity_j_per_k=60_000.0, loss_w_per_k=6.0, heater_w=6000.0, band_k=1.0)
OFFICE = Heated(capacity_j_per_k=8_640_000.0, loss_w_per_k=60.0, heater_w=1000.0, band_k=0.3)


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        around_c: temperature around the body [°C]; oven 20, office -15 to 35.
        set_c: set point T_set [°C].
        open_w_per_k: conductance added by an open window [W/K], 0 to 200.
        gains_w: heat from people, light and machines [W], 0 to 2 000.
        powered: the heater has current; a relay or a schedule may take it away, and the body only cools.
    """

    around_c: float
    set_c: float
    open_w_per_k: float = 0.0
    gains_w: float = 0.0
    powered: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: naming the input.
        """
        require.within(self, -math.inf, math.inf, "around_c", "set_c", "gains_w")
        require.zero_or_more(self, "open_w_per_k")


@dataclass(frozen=True, slots=True)
class State:
    """Temperature T [°C], and whether the thermostat calls for heat."""

    temperature_c: float
    calling: bool = False


def heats(state: State, regime: Regime) -> bool:
    """Tell whether the heater draws current: it is called, and has some."""
    return state.calling and regime.powered


def thermostat(state: State, body: Heated, regime: Regime) -> bool:
    """Return whether heat is called for: from T_set - ΔT, until T_set + ΔT, unchanged between."""
    if state.temperature_c <= regime.set_c - body.band_k:
        return True
    return state.calling and state.temperature_c < regime.set_c + body.band_k


def settled_c(body: Heated, regime: Regime, *, heating: bool) -> float:
    """Return where the body ends [°C]: T_around + (gains + P·on) / (UA + UA_open)."""
    heat_w = regime.gains_w + heating * body.heater_w
    return regime.around_c + heat_w / (body.loss_w_per_k + regime.open_w_per_k)


def propagator(body: Heated, regime: Regime, dt_s: float, *, heating: bool) -> Propagator:
    """Return the exact step of `dt_s` seconds with the heater on or off all along.

    Raises:
        ValueError: `dt_s` is negative.
    """
    rate_per_s = (body.loss_w_per_k + regime.open_w_per_k) / body.capacity_j_per_k
    return first_order.propagator(rate_per_s, rate_per_s * settled_c(body, regime, heating=heating), dt_s)


def step(state: State, body: Heated, regime: Regime, dt_s: float) -> State:
    """Return the body `dt_s` seconds later, the thermostat staying as it is.

    Raises:
        ValueError: `dt_s` is negative.
    """
    one = propagator(body, regime, dt_s, heating=heats(state, regime))
    return State(first_order.step(state.temperature_c, one), state.calling)


@dataclass(frozen=True, slots=True)
class Seconds:
    """The exact one-second steps of a body in a regime, made once, with the heater off and on."""

    body: Heated
    regime: Regime
    off: Propagator
    on: Propagator


def seconds(body: Heated, regime: Regime) -> Seconds:
    """Prepare the one-second steps of a regime."""
    return Seconds(
        body=body,
        regime=regime,
        off=propagator(body, regime, 1.0, heating=False),
        on=propagator(body, regime, 1.0, heating=True),
    )


def advance(state: State, steps: Seconds, count: int) -> tuple[State, list[float]]:
    """Run up to `count` seconds with the thermostat tested each second; stop after the second in which it acts.

    The heater stays as it is over the seconds returned, so that its energy is its power times their number; a
    thermostat that acts at once returns no second, and its new state.

    Returns:
        The state reached, and the temperature [°C] at the end of each second that passed.
    """
    body, regime = steps.body, steps.regime
    if thermostat(state, body, regime) != state.calling:
        return State(state.temperature_c, not state.calling), []
    one = steps.on if heats(state, regime) else steps.off
    low = -math.inf if state.calling else regime.set_c - body.band_k
    high = regime.set_c + body.band_k if state.calling else math.inf
    keep, add, temperature = one.keep, one.add, state.temperature_c
    temperatures: list[float] = []
    calling = state.calling
    for _ in range(count):
        temperature = keep * temperature + add
        temperatures.append(temperature)
        if not low < temperature < high:
            calling = not calling
            break
    return State(temperature, calling), temperatures


def boiling_s(litres: float, start_c: float, power_w: float, efficiency: float = 0.9) -> float:
    """Return how long a kettle takes to 100 °C [s]: m·c·(100 - T) / (η·P), 1 kg a litre, within 1 % up to there.

    Args:
        litres: water [L], 0.2 to 2.
        start_c: its temperature [°C], 5 to 100.
        power_w: electrical power [W], 500 to 3 000.
        efficiency: share η of it that reaches the water [1], 0.7 to 0.95.

    Raises:
        ValueError: power or efficiency is not above zero.
    """
    if not (power_w > 0 and efficiency > 0):
        msg = f"power_w is {power_w} and efficiency {efficiency}: both must be above zero"
        raise ValueError(msg)
    return litres * WATER_J_PER_KG_K * max(100.0 - start_c, 0.0) / (power_w * efficiency)
