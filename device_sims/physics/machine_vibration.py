"""A machine's bearing: damage that grows, and what it does to vibration and temperature.

Equations (`use_cases.md` §4, figures are orders of magnitude):

    D(t) = D_0 · e^{t/τ_d}, up to D = 6: seizure, the motor stops
    v = √((v_0·(1 + k_L·(L - 0.5))·(1 + D))² + v_u² + v_m² + v_l²)         a_hf = a_0·(1 + 20·D)
    C_m · dT/dt = P_f·(1 + 0.25·D) - UA_m·(T - T_amb)

With τ_T = C_m/UA_m a step is exact, its input growing all along:

    T(t+Δ) = T* + (T - T*)·e^{-Δ/τ_T} + F·D·(e^{Δ/τ_d} - e^{-Δ/τ_T}),  F = 0.25·P_f / (UA_m·(1 + τ_T/τ_d))

T* = T_amb + P_f/UA_m. The instant of seizure is found exactly too, and the step is cut there: the state does not
depend on the number of steps; error: rounding only. High-frequency acceleration moves first, velocity next,
temperature last. τ_d = 1.5 h is compressed for the room; real bearings take 50 to 2000 h.

Source: `use_cases.md` §4; the temperature by Incropera, Fundamentals of Heat and Mass Transfer, lumped-capacitance
method, with an exponential source. Where the velocity lies in frequency: `physics.vibration_lines`.
"""

import math
from dataclasses import dataclass

from device_sims.physics import require

SEIZED = 6.0
"""Damage D at which the bearing seizes [1]."""
HF_PER_DAMAGE = 20.0
FRICTION_PER_DAMAGE = 0.25


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine is made of.

    Attributes:
        velocity_mm_s: broadband velocity v_0 at half load, healthy [mm/s RMS, 10 to 1000 Hz], 0.8 to 1.6.
        load_factor: change k_L of it between no load and full load [1], 0 to 1.
        accel_g: high-frequency acceleration a_0, healthy [g RMS], 0.05 to 0.5.
        first_damage: damage D_0 at which wear begins [1], 0.0001 to 0.1.
        wear_s: time constant τ_d of the wear [s], 3 600 to 7 200 000.
        friction_w: heat P_f of the healthy bearing [W], 20 to 200.
        loss_w_per_k: conductance UA_m to the air around [W/K], 1 to 10.
        heat_j_per_k: heat capacity C_m [J/K], 2 000 to 20 000.
        ambient_c: temperature around T_amb [°C], -10 to 45.
        motor_w: electrical power while it runs [W], 200 to 100 000.
        speed_rpm: rotation [1/min], 600 to 10 000.
    """

    velocity_mm_s: float = 1.10
    load_factor: float = 0.2
    accel_g: float = 0.15
    first_damage: float = 0.001
    wear_s: float = 5400.0
    friction_w: float = 60.0
    loss_w_per_k: float = 3.0
    heat_j_per_k: float = 5400.0
    ambient_c: float = 22.0
    motor_w: float = 2200.0
    speed_rpm: float = 1500.0

    def __post_init__(self) -> None:
        """Refuse a machine that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "first_damage", "wear_s", "loss_w_per_k", "heat_j_per_k", "speed_rpm")
        require.zero_or_more(self, "velocity_mm_s", "accel_g", "friction_w", "motor_w")
        require.within(self, 0.0, 2.0, "load_factor")
        require.within(self, 0.0, SEIZED, "first_damage")
        require.within(self, -math.inf, math.inf, "ambient_c")

    @property
    def rotation_hz(self) -> float:
        """Frequency of rotation [Hz]: 25 at 1500 rpm."""
        return self.speed_rpm / 60

    @property
    def thermal_s(self) -> float:
        """Thermal time constant τ_T = C_m/UA_m [s]."""
        return self.heat_j_per_k / self.loss_w_per_k


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        running: the motor has current; a seized machine stands whatever this says.
        load: load L [1], 0 to 1.
        wearing: damage grows; from D_0 if it was below. Without it, damage stays as it is.
        friction: factor on P_f [1], 0.5 to 3; 1.3 when misaligned.
        unbalance_mm_s: velocity v_u at the rotation [mm/s RMS], 0 to 20.
        misalignment_mm_s: velocity v_m at twice the rotation [mm/s RMS], 0 to 20.
        looseness_mm_s: velocity v_l in harmonics of the rotation [mm/s RMS], 0 to 20.
    """

    running: bool = True
    load: float = 0.5
    wearing: bool = False
    friction: float = 1.0
    unbalance_mm_s: float = 0.0
    misalignment_mm_s: float = 0.0
    looseness_mm_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: naming the input.
        """
        require.within(self, 0.0, 1.0, "load")
        require.zero_or_more(self, "friction", "unbalance_mm_s", "misalignment_mm_s", "looseness_mm_s")


@dataclass(frozen=True, slots=True)
class State:
    """Temperature of the bearing T [°C], and its damage D [1], 0 healthy to 6 seized."""

    bearing_c: float
    damage: float = 0.0


def warm(machine: Machine) -> State:
    """Return the healthy machine that has run for long: 42.0 °C by default."""
    return State(settled_c(machine, Regime(), 0.0))


def turns(state: State, regime: Regime) -> bool:
    """Tell whether the shaft turns: the motor has current and the bearing is not seized."""
    return regime.running and state.damage < SEIZED


def settled_c(machine: Machine, regime: Regime, damage: float) -> float:
    """Return where the bearing's temperature ends at a damage that stays [°C]: T_amb + P_f·(1 + 0.25·D)/UA_m."""
    heat_w = machine.friction_w * regime.friction * (1 + FRICTION_PER_DAMAGE * damage) * turns(State(0, damage), regime)
    return machine.ambient_c + heat_w / machine.loss_w_per_k


def until_seizure_s(state: State, machine: Machine, regime: Regime) -> float:
    """Return in how long the bearing seizes [s], τ_d·ln(6/D); infinity when nothing wears, 0 when it has seized."""
    if state.damage >= SEIZED:
        return 0.0
    if not (regime.wearing and turns(state, regime)):
        return math.inf
    return machine.wear_s * math.log(SEIZED / max(state.damage, machine.first_damage))


def step(state: State, machine: Machine, regime: Regime, dt_s: float) -> State:
    """Return the machine `dt_s` seconds later; a seizure within is cut exactly, and the rest only cools.

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    left_s = until_seizure_s(state, machine, regime)
    if left_s == math.inf or state.damage >= SEIZED:
        settled = settled_c(machine, regime, state.damage)
        return State(settled + (state.bearing_c - settled) * math.exp(-dt_s / machine.thermal_s), state.damage)
    if dt_s < left_s:
        return _worn(state, machine, regime, dt_s)
    seized = State(_worn(state, machine, regime, left_s).bearing_c, SEIZED)
    return step(seized, machine, regime, dt_s - left_s)


def advance(state: State, machine: Machine, regime: Regime, count: int) -> tuple[State, list[float], list[float]]:
    """Run up to `count` seconds one by one; stop after the second in which the bearing seizes.

    The same bits however the seconds are grouped.

    Returns:
        The state reached, and bearing temperature [°C] and damage [1] at the end of each second that passed.
    """
    temperatures: list[float] = []
    damages: list[float] = []
    turned = turns(state, regime)
    for _ in range(count):
        state = step(state, machine, regime, 1.0)
        temperatures.append(state.bearing_c)
        damages.append(state.damage)
        if turns(state, regime) != turned:
            break
    return state, temperatures, damages


def broadband_mm_s(state: State, machine: Machine, regime: Regime) -> float:
    """Return the part of the velocity that has no line [mm/s RMS]: v_0·(1 + k_L·(L - 0.5))·(1 + D); 0 at rest."""
    loaded = machine.velocity_mm_s * (1 + machine.load_factor * (regime.load - 0.5))
    return loaded * (1 + state.damage) * turns(state, regime)


def velocity_mm_s(state: State, machine: Machine, regime: Regime) -> float:
    """Return the velocity [mm/s RMS, 10 to 1000 Hz], the root of the sum of squares; 0 at rest."""
    if not turns(state, regime):
        return 0.0
    parts = (regime.unbalance_mm_s, regime.misalignment_mm_s, regime.looseness_mm_s)
    return math.hypot(broadband_mm_s(state, machine, regime), *parts)


def accel_hf_g(state: State, machine: Machine, regime: Regime) -> float:
    """Return the high-frequency acceleration [g RMS]: a_0·(1 + 20·D); 0 at rest."""
    return machine.accel_g * (1 + HF_PER_DAMAGE * state.damage) * turns(state, regime)


def motor_w(state: State, machine: Machine, regime: Regime) -> float:
    """Return the motor's electrical power [W]; 0 at rest, seized or without current."""
    return machine.motor_w * turns(state, regime)


def _worn(state: State, machine: Machine, regime: Regime, dt_s: float) -> State:
    damage = max(state.damage, machine.first_damage)
    friction_w = machine.friction_w * regime.friction
    settled = machine.ambient_c + friction_w / machine.loss_w_per_k
    forced = FRICTION_PER_DAMAGE * friction_w / (machine.loss_w_per_k * (1 + machine.thermal_s / machine.wear_s))
    cooled = math.exp(-dt_s / machine.thermal_s)
    grown = math.exp(dt_s / machine.wear_s)
    bearing_c = settled + (state.bearing_c - settled) * cooled + forced * damage * (grown - cooled)
    return State(bearing_c, min(damage * grown, SEIZED))
