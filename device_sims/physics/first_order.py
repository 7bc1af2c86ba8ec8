"""One quantity that leaks in proportion to itself and is fed at a constant rate, solved exactly.

    dx/dt = b - k · x,  k ≥ 0
    x(t+Δ) = e^{-kΔ} · x(t) + b · Δ · φ(kΔ),  φ(z) = (1 - e^{-z}) / z,  φ(0) = 1

The same as `x* + (x - x*)·e^{-kΔ}` with x* = b/k (`use_cases.md` §0), written so that it also holds at k = 0, where it
is the straight line x + b·Δ. Any unit of x; k in 1/s, b in units of x per second, Δ in s.
Error: rounding only, some 10⁻¹⁶ of the larger of |x| and |b·Δ·φ| a step.

Source: Incropera, Fundamentals of Heat and Mass Transfer, lumped-capacitance method; φ is the φ₁ of the exponential
integrators (Hochbruck, Ostermann, Exponential integrators, Acta Numerica 2010).
"""

import math
from dataclasses import dataclass

from device_sims.physics import require


@dataclass(frozen=True, slots=True)
class Propagator:
    """An exact step of one length and one input: `keep · x + add`; `keep` [1], `add` [unit of x]."""

    keep: float
    add: float


def propagator(rate_per_s: float, source_per_s: float, dt_s: float) -> Propagator:
    """Return the exact step of `dt_s` seconds of dx/dt = source - rate · x.

    Raises:
        ValueError: `dt_s` or `rate_per_s` is negative.
    """
    if not rate_per_s >= 0:
        msg = f"rate_per_s is {rate_per_s}: what leaks leaks at zero or more"
        raise ValueError(msg)
    require.forward(dt_s)
    decay = rate_per_s * dt_s
    return Propagator(math.exp(-decay), source_per_s * dt_s * phi(decay))


def phi(decay: float) -> float:
    """Return (1 - e^{-z})/z [1] for z ≥ 0; 1 at zero, without cancellation near it."""
    return -math.expm1(-decay) / decay if decay > 0 else 1.0


def step(value: float, one: Propagator) -> float:
    """Return the value one step later."""
    return one.keep * value + one.add


def each(value: float, one: Propagator, count: int) -> list[float]:
    """Return the value after each of `count` steps.

    The same bits however the steps are grouped: `each(x, one, 5)` is `each(x, one, 2)` and then three more.
    """
    keep, add = one.keep, one.add
    values: list[float] = []
    for _ in range(count):
        value = keep * value + add
        values.append(value)
    return values
