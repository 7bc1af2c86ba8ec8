"""The last minutes or hours of a measure: mean, slope, extremes, running shares; times and windows in [ns].

Sums are carried along, so that a reading costs the same however long the window is; they are made anew after as many
readings as the window holds, so that rounding does not add up.
"""

import math
from collections.abc import Sequence
from operator import sub

from msgspec import Struct, field

from hub.model import NS

Spans = list[tuple[int, int, bool]]
MOST = 720
"""Values that a window remembers at most: what lies closer than its 720th part to its neighbours is let go."""
_MINUTE = 60 * NS
_SOME = 16
_KNOWN = 0.9
"""A share counts once this part of its window is known."""


class Window(Struct, kw_only=True, omit_defaults=True):
    """The values of the last window, and one older where there is one: the window's left edge.

    Attributes:
        outside: 1 while the first value is that left edge, else 0.
        fresh: readings since the sums were made anew.
        origin, level: what times and values are counted from in the sums.
        t, tt, v, tv: sums over the values inside [min, unit].
        area: of the curve from first to last [unit·ns].
    """

    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    outside: int = 0
    fresh: int = 0
    origin: int = 0
    level: float = 0.0
    t: float = 0.0
    tt: float = 0.0
    v: float = 0.0
    tv: float = 0.0
    area: float = 0.0

    def add(self, time: int, value: float, window: int) -> None:
        """Append a value and forget what left the window; a second one at the same time replaces the first.

        After a gap as long as the window nothing older says anything.
        """
        times, values = self.times, self.values
        if times and time - times[-1] >= window:
            times.clear()
            values.clear()
        if len(times) > 1 and (time == times[-1] or (time - times[-2]) * MOST < window):
            times[-1], values[-1] = time, value
            self.fresh = len(times)
        else:
            times.append(time)
            values.append(value)
            if len(times) > 1:
                self.area += (time - times[-2]) * (value + values[-2]) / 2
            self._inside(time, value, 1)
            self.fresh += 1
        self._forget(time - window)
        if self.fresh >= max(len(times), _SOME) or len(times) == 1:
            self._anew(time - window)

    def _inside(self, time: int, value: float, sign: int) -> None:
        at, above = (time - self.origin) / _MINUTE, value - self.level
        self.t += sign * at
        self.tt += sign * at * at
        self.v += sign * above
        self.tv += sign * at * above

    def _forget(self, start: int) -> None:
        times, values = self.times, self.values
        while self.outside < len(times) and times[self.outside] < start:
            self._inside(times[self.outside], values[self.outside], -1)
            self.outside += 1
        while len(times) > 1 and times[1] <= start:
            self.area -= (times[1] - times[0]) * (values[0] + values[1]) / 2
            del times[0], values[0]
            self.outside = max(self.outside - 1, 0)

    def _anew(self, start: int) -> None:
        """Make the sums anew."""
        times, values = self.times, self.values
        self.fresh, self.origin, self.level = 0, times[-1], values[-1]
        self.t = self.tt = self.v = self.tv = 0.0
        self.outside = int(times[0] < start)
        for time, value in zip(times[self.outside :], values[self.outside :], strict=True):
            self._inside(time, value, 1)
        steps = zip(times, times[1:], values, values[1:], strict=False)
        self.area = math.fsum((stop - begin) * (one + other) / 2 for begin, stop, one, other in steps)

    @property
    def inside(self) -> list[float]:
        """The values within the window."""
        return self.values[self.outside :] if self.outside else self.values

    def mean(self, window: int) -> float | None:
        """Return the mean of the curve over the window, or over what is known of it; None without values."""
        times, values = self.times, self.values
        if not times:
            return None
        if len(times) == 1:
            return values[0]
        before = max(times[-1] - window - times[0], 0)
        return (self.area - before * (values[0] + values[1]) / 2) / (times[-1] - times[0] - before)

    def slope(self, window: int) -> float | None:
        """Return the least-squares slope [1/min] over the window; None while half of it is not covered."""
        count = len(self.times) - self.outside
        if count < 2 or self.times[-1] - self.times[self.outside] < window / 2:  # noqa: PLR2004 — a line needs two points
            return None
        return (count * self.tv - self.t * self.v) / (count * self.tt - self.t * self.t)

    def covered(self, window: int) -> bool:
        """Tell whether the whole window is known."""
        return bool(self.times) and self.times[-1] - self.times[0] >= window

    def steps(self) -> list[float]:
        """Return by how much each value inside differs from the one before it, the left edge included."""
        return list(map(sub, self.values[1:], self.values))


def ran(
    spans: Spans, value: float | None, start: int | None, time: int, *, above: float, believed: int | None, window: int
) -> None:
    """Note that the last value, of time `start`, held until `time`, as long as it was believed.

    A span that says the same as the one it follows lengthens it, so that a quiet day costs a handful of entries.
    """
    if value is None or start is None:
        return
    running = value > above
    stop = time if believed is None else min(time, start + believed)
    if spans and spans[-1][1] == start and spans[-1][2] == running:
        spans[-1] = (spans[-1][0], stop, running)
    elif stop > start:
        spans.append((start, stop, running))
    while spans and spans[0][1] <= time - window:
        del spans[0]


def lasted(spans: Sequence[tuple[int, int, bool]], window: int) -> tuple[int, int]:
    """Return for how long [ns] it ran within the last window, and how much of it is known."""
    if not spans:
        return 0, 0
    begin = spans[-1][1] - window
    found = [(stop - max(start, begin), running) for start, stop, running in spans if stop > begin]
    return sum(length for length, running in found if running), sum(length for length, _ in found)


def share(spans: Sequence[tuple[int, int, bool]], window: int) -> float | None:
    """Return for how much [%] of the known part of the last window it ran; None while too little is known."""
    running, known = lasted(spans, window)
    return 100 * running / known if known and known >= _KNOWN * window else None
