"""What a sensor makes of the truth: lag, bias, noise, resolution, drop-out, and its faults.

`L(t+δ) = x + (L - x)·e^{-δ/τ_s}`, `y = Q_r(L + b + σ·ε)` with ε ~ N(0, 1) (`use_cases.md` §0, sensor model).
The generator is seeded by (seed, device, channel): adding a device changes nobody else's noise, and a fault consumes
as many draws as health, so it changes nothing of what comes after.
"""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Lost(Enum):
    """Why a sample has no value: its probe is unplugged, or the sample was dropped."""

    UNPLUGGED = "unplugged"
    DROPPED = "dropped"


Sampled = float | Lost


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a sensor is.

    Attributes:
        sigma: standard deviation σ of the noise [unit of the measure].
        relative: standard deviation of a noise that grows with the true value [1].
        resolution: rounding r [unit]; 0 none.
        lag_s: time constant τ_s [s]; 0 none.
        drop: probability p that a sample is lost [1].
        bias: standard deviation of the bias b drawn once per device [unit].
        floor: below this true value the sensor reads exactly 0 without noise (a meter's starting current).
        low, high: it saturates there; None: nowhere.
    """

    sigma: float = 0.0
    resolution: float = 0.0
    lag_s: float = 0.0
    drop: float = 0.0
    bias: float = 0.0
    floor: float | None = None
    relative: float = 0.0
    low: float | None = None
    high: float | None = None


@dataclass(slots=True)
class Faults:
    """What ails a sensor now.

    Attributes:
        unplugged: it gives no value.
        frozen: it repeats its last value.
        drift_per_s: its bias grows by so much a second [unit/s] since `drift_since_s`.
    """

    unplugged: bool = False
    frozen: bool = False
    drift_per_s: float = 0.0
    drift_since_s: int = 0


@dataclass(slots=True)
class Sensor:
    """One channel of one device."""

    figures: Figures
    rng: random.Random
    level: float = math.nan
    last: Sampled = Lost.DROPPED
    faults: Faults = field(default_factory=Faults)
    bias: float = 0.0
    decay: float = 0.0

    def __post_init__(self) -> None:
        """Draw the bias once."""
        self.bias = self.rng.gauss(0.0, 1.0) * self.figures.bias
        self.decay = math.exp(-1.0 / self.figures.lag_s) if self.figures.lag_s > 0 else 0.0

    def follow(self, truth: Sequence[float]) -> None:
        """Let the true value of each second that passed reach the sensor."""
        if not truth:
            return
        if self.decay == 0.0:
            self.level = truth[-1]
            return
        level, decay = self.level, self.decay
        if math.isnan(level):
            level = truth[0]
        for value in truth:
            level = value + (level - value) * decay
        self.level = level

    def sample(self, time_s: int) -> Sampled:
        """Read the sensor now; as many draws whatever its state."""
        noise = self.rng.gauss(0.0, 1.0) if self.figures.sigma or self.figures.relative else 0.0
        luck = self.rng.random() if self.figures.drop else 1.0
        if self.faults.unplugged or math.isnan(self.level):
            return Lost.UNPLUGGED
        if luck < self.figures.drop:
            return Lost.DROPPED
        if self.faults.frozen and isinstance(self.last, float):
            return self.last
        drift = self.faults.drift_per_s * (time_s - self.faults.drift_since_s)
        self.last = self._read(noise, drift)
        return self.last

    def _read(self, noise: float, drift: float) -> float:
        figures = self.figures
        if figures.floor is not None and self.level < figures.floor:
            return 0.0
        sigma = math.hypot(figures.sigma, figures.relative * self.level)
        read = quantised(self.level + self.bias + drift + sigma * noise, figures.resolution)
        if figures.low is not None:
            read = max(read, figures.low)
        return read if figures.high is None else min(read, figures.high)


def quantised(value: float, resolution: float) -> float:
    """Return `value` rounded to a multiple of `resolution`, as the decimal number that people read; 0: unchanged."""
    if resolution <= 0:
        return value
    return round(round(value / resolution) * resolution, 9) + 0.0  # + 0.0: no minus zero


def sensor(figures: Figures, names: Iterable[object]) -> Sensor:
    """Return a sensor whose generator is seeded by `names`: (seed, device, channel)."""
    return Sensor(figures, random.Random("/".join(map(str, names))))  # noqa: S311 — noise to repeat, not a secret
