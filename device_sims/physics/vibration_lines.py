"""The lines of a vibration: where a velocity lies in frequency, and what an accelerometer feels from it.

A velocity of v [mm/s RMS] at f [Hz] is the acceleration 2πf·v/1000 [m/s² RMS] and the displacement 1000·v/(2πf)
[µm RMS]. Unbalance is a line at the rotation, misalignment at twice, looseness a row of harmonics whose squares fall
as 1/k; what has no line is spread over lines between 10 and 1000 Hz, one in each of as many equal bands as there are
draws. The sum of the squares of all lines is the square of the velocity (Parseval). Frequencies and phases of that
part are functions of given draws: the same draws, the same curve.

Valid: rotation 10 to 1000/6 Hz, so that all lines lie in the band of the velocity. Error: rounding only.
Source: Randall, Vibration-based Condition Monitoring (which fault shows at which multiple of the rotation);
`use_cases.md` §4. The 1/k of looseness is an order of magnitude.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STANDARD_GRAVITY = 9.80665
BAND_HZ = (10.0, 1000.0)
HARMONICS = 6
"""Looseness is spread over so many multiples of the rotation."""


@dataclass(frozen=True, slots=True)
class Line:
    """One frequency of a vibration [Hz], its velocity [mm/s RMS] and the phase of its acceleration [rad]."""

    frequency_hz: float
    velocity_mm_s: float
    phase_rad: float = 0.0


def lines(
    rotation_hz: float,
    *,
    broadband_mm_s: float,
    unbalance_mm_s: float = 0.0,
    misalignment_mm_s: float = 0.0,
    looseness_mm_s: float = 0.0,
    draws: Sequence[tuple[float, float]] = (),
) -> list[Line]:
    """Return the lines of a machine's vibration.

    Args:
        rotation_hz: frequency of rotation [Hz].
        broadband_mm_s: velocity without a line of its own [mm/s RMS].
        unbalance_mm_s: velocity at the rotation [mm/s RMS].
        misalignment_mm_s: velocity at twice the rotation [mm/s RMS].
        looseness_mm_s: velocity of all its harmonics together [mm/s RMS].
        draws: pairs of numbers from 0 to 1, place in its band and phase of each broadband line.

    Raises:
        ValueError: the rotation is not above zero, or a broadband velocity has no draw to lie at.
    """
    if not rotation_hz > 0:
        msg = f"rotation_hz is {rotation_hz}: it must be above zero"
        raise ValueError(msg)
    if broadband_mm_s and not draws:
        msg = f"broadband_mm_s is {broadband_mm_s} and draws are empty: one pair makes one line"
        raise ValueError(msg)
    squares = math.fsum(1 / k for k in range(1, HARMONICS + 1))
    harmonics = [(k, looseness_mm_s * math.sqrt(1 / k / squares)) for k in range(1, HARMONICS + 1)]
    own = [(1, unbalance_mm_s), (2, misalignment_mm_s), *harmonics]
    low, high = BAND_HZ
    width = (high - low) / max(len(draws), 1)
    share = broadband_mm_s / math.sqrt(max(len(draws), 1))
    spread = [
        Line(low + width * (band + place), share, 2 * math.pi * phase) for band, (place, phase) in enumerate(draws)
    ]
    return [Line(multiple * rotation_hz, velocity) for multiple, velocity in own if velocity] + spread


def rms_mm_s(some: Iterable[Line]) -> float:
    """Return the velocity of all lines together [mm/s RMS]."""
    return math.sqrt(math.fsum(line.velocity_mm_s**2 for line in some))


def acceleration_g(some: Iterable[Line], time_s: float) -> float:
    """Return the acceleration at an instant [g]: the sum of √2·2πf·v·cos(2πf·t + φ), what a fast sensor would read."""
    return math.fsum(
        math.sqrt(2)
        * acceleration_m_s2(line.velocity_mm_s, line.frequency_hz)
        * math.cos(2 * math.pi * line.frequency_hz * time_s + line.phase_rad)
        / STANDARD_GRAVITY
        for line in some
    )


def acceleration_m_s2(velocity_mm_s: float, frequency_hz: float) -> float:
    """Return the acceleration of a velocity at a frequency [m/s², RMS for RMS]."""
    return 2 * math.pi * frequency_hz * velocity_mm_s / 1000


def displacement_um(velocity_mm_s: float, frequency_hz: float) -> float:
    """Return the displacement of a velocity at a frequency above zero [µm, RMS for RMS]."""
    return 1000 * velocity_mm_s / (2 * math.pi * frequency_hz)


def velocity_mm_s(acceleration: float, frequency_hz: float) -> float:
    """Return the velocity [mm/s] of an acceleration [m/s²] at a frequency above zero, RMS for RMS."""
    return 1000 * acceleration / (2 * math.pi * frequency_hz)


def in_band(frequency_hz: float) -> bool:
    """Tell whether a frequency counts in the velocity of the zones, 10 to 1000 Hz."""
    low, high = BAND_HZ
    return low <= frequency_hz <= high


def alias_hz(frequency_hz: float, sampled_hz: float) -> float:
    """Return the frequency [Hz] that samples show, 0 to half of theirs: 90 Hz sampled at 100 Hz look like 10.

    Raises:
        ValueError: `sampled_hz` is not above zero.
    """
    if not sampled_hz > 0:
        msg = f"sampled_hz is {sampled_hz}: it must be above zero"
        raise ValueError(msg)
    folded = frequency_hz % sampled_hz
    return min(folded, sampled_hz - folded)
