"""A lying cylindrical tank of fuel or fertiliser: the volume below a level is a circular segment.

    V(h) = L·(R²·acos((R - h)/R) - (R - h)·√(2·R·h - h²))

The level of a volume is found by bisection, within 1e-9 of the diameter. Reference: `use_cases.md` §8, variant.
"""

import math
from dataclasses import dataclass

from device_sims.physics import require

HALVINGS = 40
"""2^-40 of the diameter is below 1e-11."""


@dataclass(frozen=True, slots=True)
class Tank:
    """A lying cylinder with flat ends.

    Attributes:
        radius_m: R [m], 0.2 to 2.
        length_m: L [m], 0.5 to 15.
    """

    radius_m: float = 0.6
    length_m: float = 2.0

    def __post_init__(self) -> None:
        """Refuse a tank that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "radius_m", "length_m")

    @property
    def full_m3(self) -> float:
        """What the full tank holds [m³]."""
        return math.pi * self.radius_m**2 * self.length_m


def volume_m3(tank: Tank, level_m: float) -> float:
    """Return the volume below a level [m³]; the level [m] is limited to the tank."""
    radius = tank.radius_m
    above = radius - min(max(level_m, 0.0), 2 * radius)  # centre above the level
    segment = radius**2 * math.acos(above / radius) - above * math.sqrt(max(radius**2 - above**2, 0.0))
    return tank.length_m * segment


def level_m(tank: Tank, volume: float) -> float:
    """Return the level [m] of a volume [m³], limited to the tank: the inverse of `volume_m3`."""
    low, high = 0.0, 2 * tank.radius_m
    if volume >= tank.full_m3:
        return high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if volume_m3(tank, middle) < volume:
            low = middle
        else:
            high = middle
    return (low + high) / 2 if volume > 0 else 0.0


def step(volume: float, tank: Tank, dt_s: float, *, draw_l_per_h: float = 0.0, fill_l_per_h: float = 0.0) -> float:
    """Return the volume [m³] `dt_s` seconds later; it ends at empty or full rather than beyond. Exact.

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    return min(max(volume + (fill_l_per_h - draw_l_per_h) * dt_s / 3.6e6, 0.0), tank.full_m3)
