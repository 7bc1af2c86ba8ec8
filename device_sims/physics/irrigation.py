"""The water that roots can reach: a bucket that rain and irrigation fill and plants empty, and its tension.

Equations (`use_cases.md` §9; figures are orders of magnitude):

    dW/dt = rain + irr - ET0·Kc                 between 0 and the readily usable reserve RU [mm]
    ψ = ψ_fc·(W/RU)^-b,  ψ_fc = 15 cb, b = 2.4  at most 1 500 cb, where plants wilt for good

Constant rates, exact: at RU the rest drains, at zero the plants go short; both are counted, so no water is lost.
1 mm is 1 L/m²; 1 cb (centibar) is 1 kPa.

Reference: `use_cases.md` §9; FAO Irrigation and Drainage Paper 56 (ET0, Kc, soil water balance); Campbell, A simple
method for determining unsaturated conductivity from moisture retention data, Soil Science 117 (1974): the power law.
"""

import math
from dataclasses import dataclass

from device_sims.physics import require

WILTING_CB = 1500.0


@dataclass(frozen=True, slots=True)
class Soil:
    """What a soil is made of.

    Attributes:
        reserve_mm: readily usable reserve RU [mm], 60 to 150.
        full_cb: tension ψ_fc of the full reserve [cb], 5 to 33.
        exponent: b [1], 1 to 6.
    """

    reserve_mm: float = 100.0
    full_cb: float = 15.0
    exponent: float = 2.4

    def __post_init__(self) -> None:
        """Refuse a soil that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "reserve_mm", "full_cb", "exponent")


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        rain_mm_per_h: rain [mm/h], 0 to 100.
        irrigation_mm_per_h: what the valve brings [mm/h], 0 to 20.
        et0_mm_per_day: reference evapotranspiration ET0 [mm/day], 0 to 10.
        crop: crop coefficient Kc [1], 0 to 1.3.
    """

    rain_mm_per_h: float = 0.0
    irrigation_mm_per_h: float = 0.0
    et0_mm_per_day: float = 4.0
    crop: float = 1.0

    def __post_init__(self) -> None:
        """Refuse water that flows the wrong way.

        Raises:
            ValueError: naming the input.
        """
        require.zero_or_more(self, "rain_mm_per_h", "irrigation_mm_per_h", "et0_mm_per_day", "crop")


@dataclass(frozen=True, slots=True)
class State:
    """Water in reach of the roots W, and what drained below them and what they lacked since the start [mm]."""

    water_mm: float = 100.0
    drained_mm: float = 0.0
    lacked_mm: float = 0.0


def step(state: State, soil: Soil, regime: Regime, dt_s: float) -> State:
    """Return the soil `dt_s` seconds later. Exact.

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    brought = (regime.rain_mm_per_h + regime.irrigation_mm_per_h) * dt_s / 3600
    water = state.water_mm + brought - regime.et0_mm_per_day * regime.crop * dt_s / 86_400
    return State(
        water_mm=min(max(water, 0.0), soil.reserve_mm),
        drained_mm=state.drained_mm + max(water - soil.reserve_mm, 0.0),
        lacked_mm=state.lacked_mm + max(-water, 0.0),
    )


def tension_cb(state: State, soil: Soil) -> float:
    """Return the tension ψ that a probe in this soil reads [cb]: ψ_fc when full, at most 1 500."""
    if state.water_mm <= 0:
        return WILTING_CB
    share = state.water_mm / soil.reserve_mm
    wilted = math.pow(soil.full_cb / WILTING_CB, 1 / soil.exponent)  # the share left when ψ gets there
    return WILTING_CB if share <= wilted else soil.full_cb * math.pow(share, -soil.exponent)


def water_at_mm(tension: float, soil: Soil) -> float:
    """Return the water W at which a tension [cb] is reached [mm]: the inverse of `tension_cb` from ψ_fc on.

    Raises:
        ValueError: the tension is not above zero.
    """
    if not tension > 0:
        msg = f"tension is {tension}: it must be above zero"
        raise ValueError(msg)
    return min(soil.reserve_mm * math.pow(soil.full_cb / tension, 1 / soil.exponent), soil.reserve_mm)
