"""A silo of flour or feed: a cone below, a cylinder above, a level sensor under the roof, an auger that draws.

Equations (`use_cases.md` §8; figures are orders of magnitude):

    dm/dt = deliveries - c                         between empty and full
    m = ρ·(A·H_k/3)·(h/H_k)³                       level h below the cone's height H_k
    m = ρ·(A·H_k/3 + A·(h - H_k))                  above it
    distance = H_k + H_c + ullage - h

Rates are constant over a step, so the answer is exact. What finds no room stays outside, what is not there is not
drawn: `step` then ends at full or at empty.

Reference: `use_cases.md` §8; sound from ideal-gas acoustics, c = 331.3·√(1 + T/273.15) m/s.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from device_sims.physics import require

BLIND_M = 0.25
"""A level sensor reads nothing nearer than this [m]."""
AUGER_W, DRY_W = 750.0, 300.0
"""Power of the auger [W], with flour and turning empty."""
DAY_S = 86_400.0
SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Silo:
    """What a silo is made of.

    Attributes:
        diameter_m: D [m], 0.5 to 6.
        cylinder_m: height of the cylinder H_c [m], 0.5 to 15.
        cone_m: height of the cone H_k [m], 0.2 to 5.
        ullage_m: from the cylinder's top up to the sensor [m], 0 to 2.
        density_kg_per_m3: bulk density ρ [kg/m³]: flour 550 to 600, wheat 750 to 800.
    """

    diameter_m: float = 1.6
    cylinder_m: float = 2.5
    cone_m: float = 1.2
    ullage_m: float = 0.3
    density_kg_per_m3: float = 580.0

    def __post_init__(self) -> None:
        """Refuse a silo that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "diameter_m", "cylinder_m", "cone_m", "density_kg_per_m3")
        require.zero_or_more(self, "ullage_m")

    @property
    def area_m2(self) -> float:
        """Cross-section A of the cylinder [m²]."""
        return math.pi * self.diameter_m**2 / 4

    @property
    def cone_kg(self) -> float:
        """What the full cone holds [kg]."""
        return self.density_kg_per_m3 * self.area_m2 * self.cone_m / 3

    @property
    def full_kg(self) -> float:
        """What the full silo holds [kg]."""
        return self.cone_kg + self.kg_per_m * self.cylinder_m

    @property
    def kg_per_m(self) -> float:
        """Mass of a metre of the cylinder [kg/m]."""
        return self.density_kg_per_m3 * self.area_m2


@dataclass(frozen=True, slots=True)
class State:
    """What the silo holds [kg]."""

    mass_kg: float = 2500.0


@dataclass(frozen=True, slots=True)
class Batches:
    """When the auger draws.

    Attributes:
        starts_s: seconds after midnight of a working day, Monday to Saturday.
        batch_kg: mass of one batch [kg].
        kg_per_min: what the auger moves [kg/min].
    """

    starts_s: tuple[float, ...] = (10_800.0, 12_600.0, 14_400.0, 16_200.0, 18_000.0)
    batch_kg: float = 50.0
    kg_per_min: float = 50.0

    def __post_init__(self) -> None:
        """Refuse an auger that cannot work.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "kg_per_min")
        require.zero_or_more(self, "batch_kg")

    @property
    def length_s(self) -> float:
        """How long one batch runs [s]."""
        return 60 * self.batch_kg / self.kg_per_min

    @property
    def kg_per_day(self) -> float:
        """Mean use over a week of six working days [kg/day]."""
        return 6 * len(self.starts_s) * self.batch_kg / 7


def draws(day_s: float, weekday: int, batches: Batches) -> bool:
    """Tell whether a batch runs at `day_s` seconds after midnight; `weekday` 0 is Monday, 6 Sunday."""
    return weekday != SUNDAY and any(0 <= day_s - start < batches.length_s for start in batches.starts_s)


def step(state: State, silo: Silo, dt_s: float, *, draw_kg_per_h: float = 0.0, fill_kg_per_h: float = 0.0) -> State:
    """Return the silo `dt_s` seconds later; it ends at empty or full rather than beyond. Exact.

    Raises:
        ValueError: `dt_s` or a rate is negative.
    """
    require.forward(dt_s)
    for name, rate in (("draw_kg_per_h", draw_kg_per_h), ("fill_kg_per_h", fill_kg_per_h)):
        if not rate >= 0:
            msg = f"{name} is {rate}: it must be zero or more"
            raise ValueError(msg)
    mass = state.mass_kg + (fill_kg_per_h - draw_kg_per_h) * dt_s / 3600
    return State(min(max(mass, 0.0), silo.full_kg))


def mass_kg(silo: Silo, level_m: float) -> float:
    """Return the mass below a level [kg]; the level [m] is counted from the outlet and limited to the silo."""
    level = min(max(level_m, 0.0), silo.cone_m + silo.cylinder_m)
    if level < silo.cone_m:
        return silo.cone_kg * (level / silo.cone_m) ** 3
    return silo.cone_kg + silo.kg_per_m * (level - silo.cone_m)


def level_m(silo: Silo, mass: float) -> float:
    """Return the level above the outlet [m] of a mass [kg], limited to the silo: the inverse of `mass_kg`."""
    mass = min(max(mass, 0.0), silo.full_kg)
    if mass < silo.cone_kg:
        return silo.cone_m * math.cbrt(mass / silo.cone_kg)
    return silo.cone_m + (mass - silo.cone_kg) / silo.kg_per_m


def distance_m(silo: Silo, mass: float) -> float:
    """Return what a perfect sensor reads [m]: from the sensor down to the level, never below its blind zone."""
    return max(silo.cone_m + silo.cylinder_m + silo.ullage_m - level_m(silo, mass), BLIND_M)


def auger_w(state: State, *, running: bool) -> float:
    """Return the power of the auger [W]: 750 drawing, 300 turning empty, 0 at rest."""
    if not running:
        return 0.0
    return AUGER_W if state.mass_kg > 0 else DRY_W


def autonomy_days(mass: float, daily_kg: Sequence[float]) -> float:
    """Return how long a mass lasts [days] at the mean of the given days' use [kg/day]; infinity without any."""
    used = sum(daily_kg)
    return mass * len(daily_kg) / used if used > 0 else math.inf


def heap(silo: Silo, angle_deg: float) -> tuple[float, float]:
    """Return height [m] and mass [kg] of the heap under a filling pipe, a cone of the given slope, 0 to 60°."""
    height = silo.diameter_m / 2 * math.tan(math.radians(angle_deg))
    return height, silo.kg_per_m * height / 3


def sound_m_per_s(temperature_c: float) -> float:
    """Return the speed of sound in dry air [m/s], -50 to 60 °C, within 0.1 %."""
    return 331.3 * math.sqrt(1 + temperature_c / 273.15)


def ultrasonic_m(true_m: float, silo_c: float, set_c: float = 20.0) -> float:
    """Return what an ultrasonic sensor set for one temperature [°C] reads [m] in air at another."""
    return true_m * sound_m_per_s(set_c) / sound_m_per_s(silo_c)
