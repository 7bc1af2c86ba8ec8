"""Means, slopes and running shares over the last minutes or hours; times [ns], windows [ns]."""

from collections.abc import Sequence
from itertools import pairwise

from hub.model import NS
from hub.rules.state import Sense

Samples = list[tuple[int, float]]
Spans = list[tuple[int, int, bool]]
_MINUTE = 60 * NS
_KNOWN = 0.9
"""A share counts once this part of its window is known."""


def add(samples: Samples, time: int, value: float, window: int) -> None:
    """Append a sample and forget what left the window; one older sample stays, as the window's left edge.

    After a gap as long as the window nothing older says anything.
    """
    if samples and time - samples[-1][0] >= window:
        samples.clear()
    samples.append((time, value))
    while len(samples) > 1 and samples[1][0] <= time - window:
        del samples[0]


def mean(samples: Samples, window: int) -> float | None:
    """Return the mean of the curve over the last window, or over what is known of it; None without samples."""
    if not samples:
        return None
    end = samples[-1][0]
    total = weight = 0.0
    for (start, value), (stop, following) in pairwise(samples):
        lasted = stop - max(start, end - window)
        total += lasted * (value + following) / 2
        weight += lasted
    return total / weight if weight else samples[-1][1]


def slope(samples: Samples, window: int) -> float | None:
    """Return the least-squares slope [1/min] over the last window; None while half of it is not covered."""
    if not samples:
        return None
    end = samples[-1][0]
    inside = [(time, value) for time, value in samples if time >= end - window]
    if len(inside) < 2 or end - inside[0][0] < window / 2:  # noqa: PLR2004 — a line needs two points
        return None
    times = [(time - end) / _MINUTE for time, _ in inside]
    middle, level = sum(times) / len(times), sum(value for _, value in inside) / len(inside)
    spread = sum((time - middle) ** 2 for time in times)
    return sum((time - middle) * (value - level) for time, (_, value) in zip(times, inside, strict=True)) / spread


def ran(spans: Spans, before: Sense, time: int, *, above: float, believed: int | None, window: int) -> None:
    """Note that the last value held from its own time until `time`, as long as it was believed.

    A span that says the same as the one it follows lengthens it, so that a quiet day costs a handful of entries.
    """
    if before.good is None or before.good_time is None:
        return
    start, running = before.good_time, before.good > above
    stop = time if believed is None else min(time, start + believed)
    if spans and spans[-1][1] == start and spans[-1][2] == running:
        spans[-1] = (spans[-1][0], stop, running)
    elif stop > start:
        spans.append((start, stop, running))
    while spans and spans[0][1] <= time - window:
        del spans[0]


def share(spans: Sequence[tuple[int, int, bool]], window: int) -> float | None:
    """Return for how much [%] of the known part of the last window it ran; None while too little is known."""
    if not spans:
        return None
    begin = spans[-1][1] - window
    lasted = [(stop - max(start, begin), running) for start, stop, running in spans if stop > begin]
    known = sum(length for length, _ in lasted)
    if known < _KNOWN * window:
        return None
    return 100 * sum(length for length, running in lasted if running) / known
