"""A night of spring frost in a vineyard: shelter, dew point and a bud that is colder than both.

Equations (a teaching model; `use_cases.md` §7, figures are orders of magnitude):

    dT/dt = -R·f_sky·f_wind                 above the dew point T_d; times ε once T has reached it, and T_d follows T
    dT/dt = +1.5 K/h                        after sunrise; δ fades to 0 within 30 min
    τ_v·dT_v/dt = T* - T_v                  the bud, T* = T - δ·f_sky + ΔT_p; δ = 0 with wind
    T* = max(T*, -0.5 °C)                   while a sprinkler runs: freezing water gives 278 W/m² at 3 mm/h

Constant rates and one first-order lag behind a ramp, solved in closed form between the instants at which a rate
changes (dew reached, sunrise, δ gone, ice holds): a state does not depend on the number of steps to it.

Reference: `use_cases.md` §7; FAO, Frost Protection: fundamentals, practice and economics, vol. 1 (2005), for
radiation nights, wet bulb, sprinklers and wind machines.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from device_sims.physics import moist_air, require

FUSION_J_PER_KG = 334_000.0
ICE_C = -0.5
"""What a sprinkled bud is held at [°C], from 3 mm/h on."""
EVAPORATION_K = -0.5
"""ΔT_p of a bud that dries: the 60 min after a sprinkler stops."""
CANDLES_K = 2.0
"""ΔT_p of candles."""
WIND_MACHINE_SHARE = 0.4
"""Share of the inversion that a wind machine brings down."""


@dataclass(frozen=True, slots=True)
class Night:
    """What a night is made of.

    Attributes:
        cooling_k_per_h: cooling R of the shelter on a clear calm night [K/h], 0.5 to 1.5.
        dew_share: share ε of it that is left once dew or frost forms [1], 0 to 1.
        bud_below_k: how much colder δ a bud is than the shelter [K], 0 to 4.
        bud_min: time constant τ_v of a bud [min], 1 to 60.
        windy_share: f_wind with wind [1], 0 to 1.
        warming_k_per_h: after sunrise [K/h], 0.5 to 3.
        fade_min: how long δ takes to go after sunrise [min], 5 to 120.
        pressure_hpa: of the air p [hPa], 850 to 1050.
    """

    cooling_k_per_h: float = 1.0
    dew_share: float = 0.4
    bud_below_k: float = 2.0
    bud_min: float = 10.0
    windy_share: float = 0.5
    warming_k_per_h: float = 1.5
    fade_min: float = 30.0
    pressure_hpa: float = 1000.0

    def __post_init__(self) -> None:
        """Refuse a night that cannot be.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "bud_min", "fade_min", "pressure_hpa")
        require.zero_or_more(self, "cooling_k_per_h", "bud_below_k", "warming_k_per_h")
        require.within(self, 0.0, 1.0, "dew_share", "windy_share")


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        sky: f_sky [1]: 1 clear, 0.2 cloudy.
        windy: there is wind.
        protection_k: ΔT_p [K] of candles, a wind machine, or evaporation.
        sprinkling: water freezes on the buds, at least 3 mm/h.
    """

    sky: float = 1.0
    windy: bool = False
    protection_k: float = 0.0
    sprinkling: bool = False

    def __post_init__(self) -> None:
        """Refuse a sky that cannot be.

        Raises:
            ValueError: naming the input.
        """
        require.within(self, 0.0, 1.0, "sky")
        require.within(self, -math.inf, math.inf, "protection_k")


@dataclass(frozen=True, slots=True)
class State:
    """Shelter T, dew point T_d and bud T_v [°C]."""

    air_c: float
    dew_c: float
    bud_c: float


def dusk(air_c: float, dew_c: float, night: Night) -> State:
    """Return the start of a night: the bud already δ below the shelter, the dew point at most its temperature."""
    return State(air_c, min(dew_c, air_c), air_c - night.bud_below_k)


def wet_bulb_c(state: State, night: Night) -> float:
    """Return the wet-bulb temperature of the shelter's air [°C], within 1e-6 K."""
    return moist_air.wet_bulb_c(state.air_c, moist_air.humidity_pct(state.air_c, state.dew_c), night.pressure_hpa)


def air_10m_c(state: State, inversion_k: float = 3.0) -> float:
    """Return the air 10 m above ground [°C]: the inversion warmer than the shelter."""
    return state.air_c + inversion_k


def wind_machine_k(inversion_k: float) -> float:
    """Return ΔT_p of a wind machine [K]: 0.4 of the inversion, nothing without one."""
    return WIND_MACHINE_SHARE * max(inversion_k, 0.0)


def latent_w_per_m2(sprinkled_mm_per_h: float) -> float:
    """Return the heat that freezing water gives [W/m²]: 1 mm on 1 m² is 1 kg."""
    return sprinkled_mm_per_h * FUSION_J_PER_KG / 3600


def step(state: State, night: Night, regime: Regime, sunrise_in_s: float, dt_s: float) -> State:
    """Return the vineyard `dt_s` seconds later.

    Args:
        state: where it is now.
        night: its constants.
        regime: what holds over the step.
        sunrise_in_s: seconds until sunrise; negative after it.
        dt_s: length of the step [s].

    Error: rounding only, below 1e-9 K an hour.

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    air, dew, bud = state.air_c, min(state.dew_c, state.air_c), state.bud_c
    for sunrise_in_h, length_h in _pieces(sunrise_in_s / 3600, night.fade_min / 60, dt_s / 3600):
        rate, wetted = _rate_k_per_h(night, regime, sunrise_in_h)
        offset, fading = _offset(night, regime, sunrise_in_h)
        dry_h = min(length_h, (dew - air) / rate) if rate < 0 else length_h
        for slope, part_h in ((rate, dry_h), (wetted, length_h - dry_h)):
            start = air - offset + regime.protection_k
            bud = _bud_after(bud, start, slope - fading, part_h, night.bud_min / 60, held=regime.sprinkling)
            air += slope * part_h
            offset += fading * part_h
            dew = min(dew, air)
    return State(air, dew, bud)


def _pieces(sunrise_in_h: float, fade_h: float, length_h: float) -> Iterator[tuple[float, float]]:
    """Cut a step at sunrise and where δ is gone: hours until sunrise, and length."""
    while length_h > 0:
        until = sunrise_in_h if sunrise_in_h > 0 else sunrise_in_h + fade_h
        if until <= 0 or length_h <= until:
            yield sunrise_in_h, length_h
            return
        yield sunrise_in_h, until
        length_h -= until
        sunrise_in_h = 0.0 if sunrise_in_h > 0 else -fade_h


def _rate_k_per_h(night: Night, regime: Regime, sunrise_in_h: float) -> tuple[float, float]:
    """Return how fast the shelter warms, and how fast once its dew point is reached [K/h]."""
    if sunrise_in_h <= 0:
        return night.warming_k_per_h, night.warming_k_per_h
    rate = -night.cooling_k_per_h * regime.sky * (night.windy_share if regime.windy else 1.0)
    return rate, night.dew_share * rate


def _offset(night: Night, regime: Regime, sunrise_in_h: float) -> tuple[float, float]:
    """Return how much colder than the shelter the bud is driven [K], and how fast that changes [K/h]."""
    full = 0.0 if regime.windy else night.bud_below_k * regime.sky
    if sunrise_in_h > 0:
        return full, 0.0
    fade_h = night.fade_min / 60
    left = 1 + sunrise_in_h / fade_h
    return (full * left, -full / fade_h) if left > 0 else (0.0, 0.0)


def _bud_after(bud: float, start: float, slope: float, length_h: float, lag_h: float, *, held: bool) -> float:
    """Return the bud after following the ramp `start + slope·t`, never driven below -0.5 °C when `held`."""
    if not held:
        return _lagged(bud, start, slope, length_h, lag_h)
    crossing = (ICE_C - start) / slope if slope else math.inf
    first = min(max(crossing, 0.0), length_h)
    for begin, part_h in ((0.0, first), (first, length_h - first)):
        middle = start + slope * (begin + part_h / 2)
        ramp = (start + slope * begin, slope) if middle > ICE_C else (ICE_C, 0.0)
        bud = _lagged(bud, *ramp, part_h, lag_h)
    return bud


def _lagged(value: float, start: float, slope: float, length_h: float, lag_h: float) -> float:
    """Return τ·dv/dt = start + slope·t - v after `length_h`: the ramp τ late, and what is left of the beginning."""
    left = math.exp(-length_h / lag_h)
    return start + slope * (length_h - lag_h) + (value - start + slope * lag_h) * left
