"""Judges that look back: slopes, changes, shares, forecasts, flat lines."""

from collections.abc import Callable

from hub.rules import kinds, windows
from hub.rules.functions import COMPUTATIONS
from hub.rules.judges.base import Bench, Judge, R, nanoseconds
from hub.rules.state import Course, Sense
from hub.rules.windows import Mean, Slope, Window

_PER = {"minute": 1.0, "hour": 60.0, "day": 1440.0}


class Windowed(Judge[R]):
    """A judge that keeps a window of its own measure."""

    values: Window

    def __init__(self, rule: R, course: Course, bench: Bench) -> None:
        """Go on from the window in `course`."""
        super().__init__(rule, course, bench)
        self.window = nanoseconds(getattr(rule, "window_s", None))
        self.remembers = frozenset([rule.measure])
        self.values = course.windows.setdefault(rule.measure, Window())

    def remember(self, measure: str, value: float, before: Sense, time: int) -> None:  # noqa: ARG002 — see Judge
        """Keep the value."""
        self.values.add(time, value, self.window)


class Rates(Judge[kinds.Rate]):
    """A slope."""

    def __init__(self, rule: kinds.Rate, course: Course, bench: Bench) -> None:
        """Go on from the window in `course`."""
        super().__init__(rule, course, bench)
        self.window = nanoseconds(rule.window_s)
        self.remembers = frozenset([rule.measure])
        self.values = course.slopes.setdefault(rule.measure, Slope())
        self.limit, self.deadband = rule.limit, rule.deadband
        self.signed_per = _PER[rule.per] if rule.direction == "up" else -_PER[rule.per]

    def remember(self, measure: str, value: float, before: Sense, time: int) -> None:  # noqa: ARG002 — see Judge
        """Keep the value."""
        self.values.add(time, value, self.window)

    def quantity(self) -> float | None:
        """Return the slope [unit/per]."""
        slope = self.values.slope(self.window)
        return None if slope is None else slope * _PER[self.rule.per]

    def own(self, *, beyond: bool) -> bool | None:
        """Compare in the rule's direction."""
        slope = self.values.slope(self.window)
        if slope is None:
            return None
        judged = slope * self.signed_per
        return judged > self.limit - self.deadband if beyond else judged > self.limit


class Changes(Windowed[kinds.Change]):
    """A step within a window."""

    def __init__(self, rule: kinds.Change, course: Course, bench: Bench) -> None:
        """Go on from the window in `course`."""
        super().__init__(rule, course, bench)
        self.falls = rule.rises is None and rule.falls is not None
        self.wanted = next((each for each in (rule.rises, rule.falls, rule.times) if each is not None), None)

    def quantity(self) -> float | None:
        """Return the rise, the fall, or the multiple of the lowest value."""
        values = self.values.values
        if not values:
            return None
        newest = values[-1]
        if self.falls:
            return self._extreme(max) - newest
        lowest = self._extreme(min)
        if self.rule.rises is not None:
            return newest - lowest
        return newest / lowest if lowest > 0 else None

    def _extreme(self, of: Callable[[list[float]], float]) -> float:
        """Return the lowest or highest value inside; the left edge, which is not, is seldom the one."""
        found = of(self.values.values)
        return of(self.values.inside) if self.values.outside and found == self.values.values[0] else found

    def own(self, *, beyond: bool) -> bool | None:  # noqa: ARG002 — the window itself is the deadband
        """Compare."""
        judged = self.quantity()
        return None if judged is None or self.wanted is None else judged >= self.wanted


class Flatlines(Windowed[kinds.Flatline]):
    """A value that does not move."""

    def quantity(self) -> float | None:
        """Return the range of the window; None until all of it is known."""
        values = self.values.values
        return max(values) - min(values) if self.values.covered(self.window) else None

    def own(self, *, beyond: bool) -> bool | None:  # noqa: ARG002 — a value that moves is not flat
        """Compare."""
        values, span = self.values.values, self.rule.range
        if not values or abs(values[-1] - values[0]) >= span or max(values) - min(values) >= span:
            return False if values else None
        return True if self.values.covered(self.window) else None


class Shares(Judge[kinds.Share]):
    """A part of the time."""

    def __init__(self, rule: kinds.Share, course: Course, bench: Bench) -> None:
        """Go on from the spans in `course`."""
        super().__init__(rule, course, bench)
        self.window = nanoseconds(rule.window_s)
        self.remembers = frozenset([rule.measure])
        self.believed = bench.believed[rule.measure]

    def remember(self, measure: str, value: float, before: Sense, time: int) -> None:  # noqa: ARG002 — see Judge
        """Note for how long the last value held."""
        spans, rule = self.course.spans, self.rule
        windows.ran(
            spans, before.good, before.good_time, time, above=rule.above, believed=self.believed, window=self.window
        )

    def quantity(self) -> float | None:
        """Return the share [%]."""
        return windows.share(self.course.spans, self.window)

    def own(self, *, beyond: bool) -> bool | None:
        """Compare."""
        judged = self.quantity()
        return None if judged is None else judged > self.rule.limit - (self.rule.deadband if beyond else 0.0)


class Forecasts(Judge[kinds.Forecast]):
    """A time to a limit."""

    def __init__(self, rule: kinds.Forecast, course: Course, bench: Bench) -> None:
        """Go on from the windows in `course`."""
        super().__init__(rule, course, bench)
        self.measure, self.limit = rule.measure, rule.limit
        self.within, self.least = rule.within_s, rule.slope_at_least
        self.means = {
            name: (course.means.setdefault(name, Mean()), nanoseconds(span)) for name, span in rule.means.items()
        }
        self.slope_window = nanoseconds(rule.window_s) if rule.function is None else 0
        self.line = course.slopes.setdefault(rule.measure, Slope()) if self.slope_window else None
        self.remembers = frozenset([*self.means, rule.measure] if self.line is not None else self.means)
        names = {*kinds.uses(rule)} - {name for each in rule.when for name in each.measures}
        self.needs = {name: bench.senses[name] for name in names | {rule.measure, *rule.means, *rule.of.values()}}
        named = COMPUTATIONS.get(rule.function or "")
        self.call = bench.book.functions.get(rule.function or "", None if named is None else named.call)
        self.arguments = rule.of or {name: name for name in {rule.measure, *rule.means}}

    def remember(self, measure: str, value: float, before: Sense, time: int) -> None:  # noqa: ARG002 — see Judge
        """Keep the value."""
        if measure == self.measure and self.line is not None:
            self.line.add(time, value, self.slope_window)
        if self.means and measure in self.means:
            window, span = self.means[measure]
            window.add(time, value, span)

    def quantity(self) -> float | None:
        """Return the seconds left; None: never, or not known."""
        rule = self.rule
        if self.call is None:
            return self._by_slope()
        values = {}
        for argument, name in self.arguments.items():
            value = self._mean(name) if name in self.means else self.bench.senses[name].good
            if value is None:
                return None
            values[argument] = value
        return self.call(**values, limit=rule.limit, **rule.parameters)

    def _mean(self, name: str) -> float | None:
        window, span = self.means[name]
        return window.mean(span)

    def _by_slope(self) -> float | None:
        """Return when the line through the window reaches the limit, if it heads there."""
        slope = None if self.line is None else self.line.slope(self.slope_window)
        return None if slope is None else self._ahead(slope)

    def _ahead(self, slope: float) -> float | None:
        value = self.sense.good
        if value is None or not slope or abs(slope) * 60 < self.least:  # an hour has so many minutes
            return None
        ahead = (self.limit - value) / slope * 60
        return ahead if ahead > 0 else None

    def own(self, *, beyond: bool) -> bool | None:  # noqa: ARG002 — the off-delay holds it
        """Compare; what is not known is no forecast, what is known and never happens is none either."""
        if self.line is not None:
            slope, value = self.line.slope(self.slope_window), self.sense.good
            if slope is None or value is None:
                return None if slope is None else False
            left = self.limit - value
            # `_ahead`, spelled out: most of the time it goes away from the limit, the cheapest answer
            return left * slope > 0 and abs(slope) * 60 >= self.least and left / slope * 60 < self.within
        judged = self.quantity()
        if judged is None and any(sense.good is None for sense in self.needs.values()):
            return None
        return judged is not None and judged < self.within
