"""A beehive on a scale: bees, honey, the water of fresh nectar, rain on the roof, and the warmth of the brood.

Equations (`use_cases.md` §6; figures are orders of magnitude):

    weight = tare + B(t) + S(t) + W(t) - m_f·g(t) + film(t)
    dS/dt = η·r(t) - c                          honey, never below zero
    dW/dt = (1 - η)·r(t) - W/τ_w                water that the bees fan out
    r(t) = F·s·(π/2L)·sin(π(t - 10 h)/L)        10:00 to 18:00, L = 8 h: F·s a day
    dT_b/dt = (T* - T_b)/τ_b                    T* = 34.8 °C, or the outside when the colony is gone

η = 0.40/0.82: nectar of 40 % sugar becomes honey of 82 %. All is solved in closed form, the answer of W to the sine
of r and the instant at which S leaves zero included: a state does not depend on the number of steps to it.

Reference: `use_cases.md` §6 and the sources it names in §10 (daily pattern, winter use by month).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from device_sims.physics import require

DAY_S = 86_400.0
FROM_S, UNTIL_S = 36_000.0, 64_800.0
"""When nectar comes in, 10:00 to 18:00 [s after midnight]."""
OMEGA_PER_S = math.pi / (UNTIL_S - FROM_S)
HONEY_SHARE = 0.40 / 0.82
WINTER_USE_KG = {10: 2.3, 11: 1.3, 12: 0.9, 1: 0.9, 2: 1.3, 3: 2.3, 4: 4.1}
"""What a colony eats in each month of the year without nectar [kg/month]."""


@dataclass(frozen=True, slots=True)
class Hive:
    """What a hive is made of.

    Attributes:
        tare_kg: body and super [kg], 20 to 60.
        foragers_kg: bees m_f that are out at midday [kg], 0 to 1.5.
        drying_h: time constant τ_w of the water [h], 6 to 48.
        brood_c: temperature that a colony holds [°C], 33 to 36.
        brood_h: time constant τ_b of the brood nest [h], 1 to 12.
        swarm_min: time constant of a swarm's exit [min], 1 to 10.
    """

    tare_kg: float = 28.0
    foragers_kg: float = 0.5
    drying_h: float = 18.0
    brood_c: float = 34.8
    brood_h: float = 4.0
    swarm_min: float = 3.0

    def __post_init__(self) -> None:
        """Refuse a hive that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "tare_kg", "drying_h", "brood_h", "swarm_min")
        require.zero_or_more(self, "foragers_kg")
        require.within(self, 0.0, 45.0, "brood_c")


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        nectar_kg_per_day: what the flowers give on a fully sunny day F [kg/day], 0 to 30.
        sunshine: share s of the day's sunshine [1], 0 to 1.
        use_kg_per_day: honey eaten, or robbed, c [kg/day], 0 to 5.
        film_kg_per_h: rain or snow that comes onto the hive; negative: it dries [kg/h].
        outside_c: temperature outside [°C], -20 to 45.
        alive: the colony warms its brood.
    """

    nectar_kg_per_day: float = 5.0
    sunshine: float = 1.0
    use_kg_per_day: float = 0.1
    film_kg_per_h: float = -0.15
    outside_c: float = 20.0
    alive: bool = True

    def __post_init__(self) -> None:
        """Refuse what no weather and no flower gives.

        Raises:
            ValueError: naming the input.
        """
        require.zero_or_more(self, "nectar_kg_per_day", "use_kg_per_day")
        require.within(self, 0.0, 1.0, "sunshine")
        require.within(self, -math.inf, math.inf, "film_kg_per_h", "outside_c")


@dataclass(frozen=True, slots=True)
class State:
    """Bees that stay and bees of a swarm still on their way out, honey, water, film of rain [kg]; brood [°C]."""

    bees_kg: float = 3.5
    leaving_kg: float = 0.0
    honey_kg: float = 6.0
    water_kg: float = 0.0
    film_kg: float = 0.0
    brood_c: float = 34.8


def intake_kg_per_h(regime: Regime, day_s: float) -> float:
    """Return the nectar r that comes in at `day_s` seconds after midnight [kg/h]."""
    if not FROM_S < day_s % DAY_S < UNTIL_S:
        return 0.0
    return 3600 * _peak_kg_per_s(regime) * math.sin(OMEGA_PER_S * (day_s % DAY_S - FROM_S))


def out(day_s: float) -> float:
    """Return the share g of the foragers that are out [1]: a raised cosine, up from 9 to 11 h, down from 18 to 20 h."""
    hour = day_s % DAY_S / 3600
    risen = min(max((hour - 9) / 2, 0.0), 1.0) - min(max((hour - 18) / 2, 0.0), 1.0)
    return (1 - math.cos(math.pi * risen)) / 2


def weight_kg(state: State, hive: Hive, day_s: float, *, flying: float = 1.0) -> float:
    """Return what the scale carries [kg]; `flying`: share of the foragers that leave at all [1], 0 in the rain."""
    away = min(hive.foragers_kg, state.bees_kg) * flying * out(day_s)
    bees = state.bees_kg + state.leaving_kg - away
    return hive.tare_kg + bees + state.honey_kg + state.water_kg + state.film_kg


def swarm(state: State, leaving_kg: float) -> State:
    """Return the hive at the moment at which so many bees [kg] begin to leave, at most all of them.

    Raises:
        ValueError: `leaving_kg` is negative.
    """
    if not leaving_kg >= 0:
        msg = f"leaving_kg is {leaving_kg}: it must be zero or more"
        raise ValueError(msg)
    leave = min(leaving_kg, state.bees_kg)
    return replace(state, bees_kg=state.bees_kg - leave, leaving_kg=state.leaving_kg + leave)


def step(state: State, hive: Hive, regime: Regime, day_s: float, dt_s: float) -> State:
    """Return the hive `dt_s` seconds after `day_s` seconds after midnight.

    Error: rounding only, below 1e-9 kg and 1e-9 K a day.

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    honey, water = state.honey_kg, state.water_kg
    for start_s, length_s in _pieces(day_s % DAY_S, dt_s):
        honey = _honey(honey, regime, start_s, length_s)
        water = _water(water, hive, regime, start_s, length_s)
    settled = hive.brood_c if regime.alive else regime.outside_c
    return State(
        bees_kg=state.bees_kg,
        leaving_kg=state.leaving_kg * math.exp(-dt_s / (60 * hive.swarm_min)),
        honey_kg=honey,
        water_kg=water,
        film_kg=max(state.film_kg + regime.film_kg_per_h * dt_s / 3600, 0.0),
        brood_c=settled + (state.brood_c - settled) * math.exp(-dt_s / (3600 * hive.brood_h)),
    )


def _peak_kg_per_s(regime: Regime) -> float:
    return regime.nectar_kg_per_day * regime.sunshine * OMEGA_PER_S / 2


def _pieces(day_s: float, dt_s: float) -> Iterator[tuple[float, float]]:
    """Cut a step where nectar begins and ends to come in: seconds after midnight, and length."""
    while dt_s > 0:
        cut = FROM_S if day_s < FROM_S else UNTIL_S if day_s < UNTIL_S else DAY_S
        if dt_s <= cut - day_s:
            yield day_s, dt_s
            return
        yield day_s, cut - day_s
        dt_s -= cut - day_s
        day_s = cut % DAY_S


def _honey(honey: float, regime: Regime, start_s: float, length_s: float) -> float:
    """Return the honey after a piece of the day [kg]."""
    use = regime.use_kg_per_day / DAY_S
    peak = HONEY_SHARE * _peak_kg_per_s(regime) if FROM_S <= start_s < UNTIL_S else 0.0
    if peak == 0:
        return max(honey - use * length_s, 0.0)
    begin, end = start_s - FROM_S, start_s - FROM_S + length_s

    def path(at: float) -> float:
        """Return the honey if it could go below zero."""
        ripened = peak / OMEGA_PER_S * (math.cos(OMEGA_PER_S * begin) - math.cos(OMEGA_PER_S * at))
        return honey + ripened - use * (at - begin)

    # the path has one valley, where the intake overtakes the use; what it lacks there was not eaten
    valley = math.asin(min(use / peak, 1.0)) / OMEGA_PER_S
    lacking = min(path(min(max(valley, begin), end)), path(end), 0.0)
    return path(end) - lacking


def _water(water: float, hive: Hive, regime: Regime, start_s: float, length_s: float) -> float:
    """Return the water after a piece of the day [kg]: what is left, and the answer of a first order to a sine."""
    decay = 1 / (3600 * hive.drying_h)
    kept = math.exp(-decay * length_s)
    if not FROM_S <= start_s < UNTIL_S:
        return water * kept
    begin = OMEGA_PER_S * (start_s - FROM_S)
    end = begin + OMEGA_PER_S * length_s

    def answer(phase: float) -> float:
        return (decay * math.sin(phase) - OMEGA_PER_S * math.cos(phase)) / (decay**2 + OMEGA_PER_S**2)

    return water * kept + (1 - HONEY_SHARE) * _peak_kg_per_s(regime) * (answer(end) - kept * answer(begin))
