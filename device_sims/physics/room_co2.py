"""The air of a meeting room, perfectly mixed: carbon dioxide first, warmth and vapour beside it.

Equations (`use_cases.md` §2, figures are orders of magnitude), t in hours:

    V · dC/dt = 1000 · G · n - Q · (C - C_out)                                 C in ppm, G in L/h
    V · dw/dt = g · n - Q · (w - w_out)                                        w in g/m³ of vapour
    C_h · dT/dt = UA · (T_house - T) + 0.34 · Q · (T_out - T) + H · n          heat flows in W

All three are first order with inputs constant over a step, hence exact; with Q = 0 the first two are straight lines.
C settles at C_out + 1000·G·n/Q with τ = V/Q. Perfect mixing and outside air as the only supply are assumed; vapour
neither condenses nor is taken up by walls (`humidity_pct` stops at 100).

Source: mass balance of a ventilated room, Persily and de Jonge, Carbon dioxide generation rates for building
occupants, Indoor Air 2017; 0.34 Wh/(m³·K) is the heat capacity of air at 20 °C; saturation by `physics.moist_air`.
"""

import math
from dataclasses import dataclass

from device_sims.physics import first_order, moist_air, require
from device_sims.physics.first_order import Propagator

AIR_WH_PER_M3_K = 0.34
CLOSED_PER_H, WINDOW_PER_H, CROSS_DRAUGHT_PER_H, FAN_PER_H = 0.3, 6.0, 12.0, 10.0
"""Air changes Q/V [1/h] of a room: closed 0.1 to 0.5, one window 2 to 10, two sides open, fan of 600 m³/h in 60 m³."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a room and its people are made of.

    Attributes:
        volume_m3: volume V [m³], 30 to 300.
        exhaled_l_per_h: carbon dioxide G of one seated adult [L/h], 15 to 20.
        outside_ppm: carbon dioxide outside C_out [ppm], 400 to 480.
        outside_c: temperature outside [°C], -20 to 45.
        outside_g_per_m3: vapour outside w_out [g/m³], 1 to 20; 6.5 is 80 % at 8 °C.
        house_c: temperature of the rooms around [°C], 15 to 28.
        house_w_per_k: conductance UA of walls, floor and ceiling to them [W/K], 30 to 300.
        heat_j_per_k: heat capacity C_h of air, furniture and wall surfaces [J/K], 1 to 20 million.
        person_w: heat H of one person [W], 60 to 120.
        person_g_per_h: vapour g of one person [g/h], 30 to 90.
    """

    volume_m3: float = 60.0
    exhaled_l_per_h: float = 18.0
    outside_ppm: float = 420.0
    outside_c: float = 9.0
    outside_g_per_m3: float = 6.5
    house_c: float = 20.0
    house_w_per_k: float = 100.0
    heat_j_per_k: float = 2_600_000.0
    person_w: float = 75.0
    person_g_per_h: float = 50.0

    def __post_init__(self) -> None:
        """Refuse a room that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "volume_m3", "heat_j_per_k")
        require.zero_or_more(self, "exhaled_l_per_h", "outside_ppm", "outside_g_per_m3")
        require.zero_or_more(self, "house_w_per_k", "person_w", "person_g_per_h")
        require.within(self, -math.inf, math.inf, "outside_c", "house_c")


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        people: how many are in the room n [1], 0 to 60; the phones that joined may give it.
        changes_per_h: air changes Q/V [1/h], 0 to 20: `ventilation`.
    """

    people: float = 0.0
    changes_per_h: float = CLOSED_PER_H

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: naming the input.
        """
        require.zero_or_more(self, "people", "changes_per_h")


@dataclass(frozen=True, slots=True)
class State:
    """Carbon dioxide [ppm], temperature [°C] and vapour [g/m³]; 8.0 g/m³ is 46 % at 20 °C."""

    co2_ppm: float = 420.0
    air_c: float = 20.0
    vapour_g_per_m3: float = 8.0


@dataclass(frozen=True, slots=True)
class Step:
    """One exact step of a length and a regime, for each of the three quantities."""

    co2: Propagator
    air: Propagator
    vapour: Propagator


def ventilation(*ways_per_h: float) -> float:
    """Return the air changes Q/V [1/h] of several ways open at once: the largest holds, a lower bound of their sum.

    Each default above is the whole flow of the room with that way open, leaks included, so a sum would count twice.
    """
    return max(ways_per_h, default=CLOSED_PER_H)


def propagator(room: Room, regime: Regime, dt_s: float) -> Step:
    """Return the exact step of `dt_s` seconds.

    Raises:
        ValueError: `dt_s` is negative.
    """
    air_per_s = regime.changes_per_h / 3600
    people_per_m3_s = regime.people / room.volume_m3 / 3600
    flow_w_per_k = AIR_WH_PER_M3_K * regime.changes_per_h * room.volume_m3
    heat_w = room.house_w_per_k * room.house_c + flow_w_per_k * room.outside_c + room.person_w * regime.people
    return Step(
        co2=first_order.propagator(
            air_per_s, 1000 * room.exhaled_l_per_h * people_per_m3_s + air_per_s * room.outside_ppm, dt_s
        ),
        air=first_order.propagator(
            (room.house_w_per_k + flow_w_per_k) / room.heat_j_per_k, heat_w / room.heat_j_per_k, dt_s
        ),
        vapour=first_order.propagator(
            air_per_s, room.person_g_per_h * people_per_m3_s + air_per_s * room.outside_g_per_m3, dt_s
        ),
    )


def step(state: State, room: Room, regime: Regime, dt_s: float) -> State:
    """Return the room's air `dt_s` seconds later.

    Raises:
        ValueError: `dt_s` is negative.
    """
    one = propagator(room, regime, dt_s)
    return State(
        first_order.step(state.co2_ppm, one.co2),
        first_order.step(state.air_c, one.air),
        first_order.step(state.vapour_g_per_m3, one.vapour),
    )


def advance(state: State, one: Step, count: int) -> tuple[State, list[float], list[float], list[float]]:
    """Repeat a step `count` times.

    Returns:
        The state reached, and carbon dioxide [ppm], temperature [°C] and vapour [g/m³] after each step.
    """
    co2 = first_order.each(state.co2_ppm, one.co2, count)
    air = first_order.each(state.air_c, one.air, count)
    vapour = first_order.each(state.vapour_g_per_m3, one.vapour, count)
    return (State(co2[-1], air[-1], vapour[-1]) if count > 0 else state), co2, air, vapour


def settled_ppm(room: Room, regime: Regime) -> float:
    """Return where carbon dioxide ends [ppm]: C_out + 1000·G·n/Q; without any flow infinity, or C_out when empty."""
    exhaled = 1000 * room.exhaled_l_per_h * regime.people
    if exhaled == 0:
        return room.outside_ppm
    flow_m3_per_h = regime.changes_per_h * room.volume_m3
    return room.outside_ppm + exhaled / flow_m3_per_h if flow_m3_per_h > 0 else math.inf


def breath_ppm(elapsed_s: float, amplitude_ppm: float = 3000.0, decay_s: float = 60.0) -> float:
    """Return what a breath on the sensor adds at the sensor [ppm], `elapsed_s` after it: A·e^{-t/τ_b}; 0 before it.

    Raises:
        ValueError: `decay_s` is not above zero.
    """
    if not decay_s > 0:
        msg = f"decay_s is {decay_s}: it must be above zero"
        raise ValueError(msg)
    return amplitude_ppm * math.exp(-elapsed_s / decay_s) if elapsed_s >= 0 else 0.0


def humidity_pct(state: State) -> float:
    """Return the relative humidity [%], 0 to 100, of the vapour at the air's temperature (-45 to 60 °C)."""
    return min(100.0 * state.vapour_g_per_m3 / saturated_g_per_m3(state.air_c), 100.0)


def saturated_g_per_m3(air_c: float) -> float:
    """Return the vapour of saturated air [g/m³]: 216.7·e_s/(T + 273.15), e_s in hPa."""
    return 216.7 * moist_air.saturation_hpa(air_c) / (air_c + 273.15)
