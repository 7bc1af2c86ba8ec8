"""The last minutes or hours of a measure: mean, slope, extremes, running shares; times and windows in [ns].

Sums are carried along, so that a reading costs the same however long the window is; they are made anew after as many
readings as the window holds, so that rounding does not add up.
"""

import math
from collections.abc import Sequence
from operator import mul, sub

from msgspec import Struct, field

from hub.model import NS

Spans = list[tuple[int, int, bool]]
MOST = 720
"""Values that a window remembers at most: what lies closer than its 720th part to its neighbours is let go."""
_MINUTE = 60 * NS
_SOME, _FEW = 256, 32
"""After how many readings sums are made anew at the earliest; how many values that left a window may wait."""
_KNOWN = 0.9
"""A share counts once this part of its window is known."""


class Window(Struct, kw_only=True, omit_defaults=True):
    """The values of the last window, and one older where there is one: the window's left edge.

    Attributes:
        outside: 1 while the first value is that left edge, else 0.
    """

    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    outside: int = 0

    def add(self, time: int, value: float, window: int) -> None:
        """Append a value and forget what left the window; a second one at the same time replaces the first.

        After a gap as long as the window nothing older says anything.
        """
        times, values = self.times, self.values
        if self._unusual(time, window) and times and self._crowded(time, window):
            del times[-1], values[-1]
        times.append(time)
        values.append(value)
        start, outside = time - window, self.outside
        while times[outside] < start:
            outside += 1
        gone = outside if times[outside] == start else outside - 1
        if gone > 0:
            del times[:gone], values[:gone]
            outside -= gone
        self.outside = outside

    def _unusual(self, time: int, window: int) -> bool:
        """Tell whether a value at `time` is not simply the next: the first ones, after a gap, too close."""
        times = self.times
        return (
            len(times) < 2  # noqa: PLR2004 — a step has two ends
            or time - times[-1] >= window
            or time == times[-1]
            or (time - times[-2]) * MOST < window
        )

    def _crowded(self, time: int, window: int) -> bool:
        """Clear what a gap has made old; tell whether the newest value gives way to one at `time`."""
        times = self.times
        if time - times[-1] >= window:
            times.clear()
            self.values.clear()
            self.outside = 0
            return False
        return time == times[-1] or (len(times) > 1 and (time - times[-2]) * MOST < window)

    @property
    def inside(self) -> list[float]:
        """The values within the window."""
        return self.values[self.outside :] if self.outside else self.values

    def covered(self, window: int) -> bool:
        """Tell whether the whole window is known."""
        return bool(self.times) and self.times[-1] - self.times[0] >= window

    def steps(self) -> list[float]:
        """Return by how much each value inside differs from the one before it, the left edge included."""
        return list(map(sub, self.values[1:], self.values))


class Mean(Window, kw_only=True, omit_defaults=True):
    """A window with the area under its curve [unit·ns]; `fresh`: readings since it was measured anew."""

    area: float = 0.0
    fresh: int = 0

    def add(self, time: int, value: float, window: int) -> None:
        """Append a value; see `Window.add`."""
        times, values, fresh = self.times, self.values, self.fresh
        count = len(times)
        # `_unusual`, spelled out: a call is a tenth of what a reading may cost
        if (
            count < 2  # noqa: PLR2004 — a step has two ends
            or not 0 < time - times[-1] < window
            or (time - times[-2]) * MOST < window
            or (fresh >= _SOME and fresh >= count)
        ):
            super().add(time, value, window)
            steps = zip(times, times[1:], values, values[1:], strict=False)
            self.area = math.fsum((stop - begin) * (one + other) / 2 for begin, stop, one, other in steps)
            self.fresh = 0
            return
        start = time - window
        area = self.area + (time - times[-1]) * (value + values[-1]) / 2
        times.append(time)
        values.append(value)
        while times[1] <= start:
            area -= (times[1] - times[0]) * (values[0] + values[1]) / 2
            del times[0], values[0]
        self.area, self.outside, self.fresh = area, int(times[0] < start), fresh + 1

    def mean(self, window: int) -> float | None:
        """Return the mean of the curve over the window, or over what is known of it; None without values."""
        times, values = self.times, self.values
        if len(times) < 2:  # noqa: PLR2004 — a curve needs two points
            return values[0] if values else None
        before = max(times[-1] - window - times[0], 0)
        return (self.area - before * (values[0] + values[1]) / 2) / (times[-1] - times[0] - before)


class Slope(Struct, kw_only=True, omit_defaults=True):
    """The values of the last window with the sums of the least-squares line through them.

    Times are counted from `origin` as floats, exact for a hundred days, and what left the window is let go a handful at
    a time: a reading costs half of what it does with integers, one by one.

    Attributes:
        origin, level: what times and values are counted from in the sums.
        ats, values: times [ns after origin] and values; the first `outside` of them have left the window.
        t, tt, v, tv: sums [ns, unit] over the others.
        fresh: readings since they were made anew.
    """

    origin: int = 0
    level: float = 0.0
    ats: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    outside: int = 0
    t: float = 0.0
    tt: float = 0.0
    v: float = 0.0
    tv: float = 0.0
    fresh: int = 0

    def add(self, time: int, value: float, window: int) -> None:
        """Append a value; see `Window.add`."""
        ats, values, outside = self.ats, self.values, self.outside
        at, count = float(time - self.origin), len(ats) - outside
        if count < 2 or not 0.0 < (step := at - ats[-1]) < window:  # noqa: PLR2004 — a step has two ends
            self._anew(time, value, window)
            return
        is_old = self.fresh >= _SOME and self.fresh >= count
        if is_old or (step * MOST < window and (at - ats[-2]) * MOST < window):
            self._anew(time, value, window)
            return
        level = self.level
        above = value - level
        t, tt, v, tv = self.t + at, self.tt + at * at, self.v + above, self.tv + at * above
        ats.append(at)
        values.append(value)
        start = at - window
        while (left := ats[outside]) < start:
            above = values[outside] - level
            t, tt, v, tv = t - left, tt - left * left, v - above, tv - left * above
            outside += 1
        if outside > _FEW:
            del ats[:outside], values[:outside]
            outside = 0
        self.t, self.tt, self.v, self.tv = t, tt, v, tv
        self.outside = outside
        self.fresh += 1

    def _anew(self, time: int, value: float, window: int) -> None:
        """Append a value that is not simply the next, and make the sums anew."""
        times = [self.origin + int(at) for at in self.ats]
        plain = Window(times=times, values=self.values[: len(times)], outside=self.outside)
        plain.add(time, value, window)
        self.origin, self.level, self.outside, self.fresh = time, value, plain.outside, 0
        self.ats, self.values = [float(each - time) for each in plain.times], plain.values
        ats, aboves = self.ats[self.outside :], [each - value for each in self.values[self.outside :]]
        self.t, self.tt, self.v = sum(ats), sum(map(mul, ats, ats)), sum(aboves)
        self.tv = sum(map(mul, ats, aboves))

    def slope(self, window: int) -> float | None:
        """Return the least-squares slope [1/min] over the window; None while half of it is not covered."""
        ats, outside = self.ats, self.outside
        count = len(ats) - outside
        if count < 2 or ats[-1] - ats[outside] < window / 2:  # noqa: PLR2004 — a line needs two points
            return None
        t = self.t
        return (count * self.tv - t * self.v) / (count * self.tt - t * t) * _MINUTE


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
    running = known = 0
    if not spans:
        return 0, 0
    begin = spans[-1][1] - window
    for start, stop, ran_then in spans:
        length = stop - begin if start < begin else stop - start
        if length > 0:
            known += length
            if ran_then:
                running += length
    return running, known


def share(spans: Sequence[tuple[int, int, bool]], window: int) -> float | None:
    """Return for how much [%] of the known part of the last window it ran; None while too little is known."""
    running, known = lasted(spans, window)
    return 100 * running / known if known and known >= _KNOWN * window else None
