"""Computed measures: what makes one of others, reading by reading."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from itertools import pairwise

from hub.model import NS
from hub.rules import windows
from hub.rules.clauses import minutes
from hub.rules.computing import Computation, described
from hub.rules.functions import COMPUTATIONS
from hub.rules.judges.base import Bench, both, comparison, nanoseconds
from hub.rules.kinds import Book
from hub.rules.measures import Measure
from hub.rules.shown import between, change
from hub.rules.state import Lesson, Made
from hub.rules.tally import Tally


class Kept(Enum):
    """The computed measure keeps its value."""

    KEPT = "kept"


KEPT = Kept.KEPT
Said = float | None | Kept
_PER_MINUTE = {"slope_per_minute": 1.0, "slope_per_hour": 60.0, "slope_per_day": 1440.0}
_HOUR = 3600 * NS
_DAY_H = 24


class Maker:
    """One computed measure on one run."""

    def __init__(self, name: str, measure: Measure, computation: Computation, made: Made, bench: Bench) -> None:
        """Go on from `made`."""
        self.name = name
        self.measure = measure
        self.computation = computation
        self.made = made
        self.bench = bench
        self.sources = frozenset(measure.of.values())
        self.sense = bench.senses[next(iter(measure.of.values()))]
        self.source = next(iter(measure.of.values()))
        self.when = [comparison(each, bench.senses) for each in measure.when]

    def on(self, fresh: AbstractSet[str], time: int) -> Said:
        """Return the value now that the sources in `fresh` have new ones; None: nothing to say; KEPT: what it was."""
        raise NotImplementedError

    def counts(self, time: int) -> bool:
        """Tell whether what ends at `time` lies within the hours and conditions of the measure."""
        return self._open(time - 1) and (not self.when or both(True, self.when) is True)  # noqa: FBT003 — of nothing

    def _open(self, time: int) -> bool:
        hours = self.measure.during
        if hours and time >= self.made.hours_until:
            local = self.bench.local(time)
            self.made.open = self.bench.within(hours, time)
            self.made.hours_until = time + (60 - local.second) * NS - time % NS
        return self.made.open


class Plain(Maker):
    """A pure function of the newest values."""

    def __init__(self, name: str, measure: Measure, computation: Computation, made: Made, bench: Bench) -> None:
        """Prepare the conversions."""
        super().__init__(name, measure, computation, made, bench)
        self.arguments = [
            (argument, bench.senses[source], _change(bench.book.measures[source].unit, computation.takes.get(argument)))
            for argument, source in measure.of.items()
        ]
        self.parameters = dict(measure.parameters)
        self.out = _change(computation.gives, measure.unit)

    def on(self, fresh: AbstractSet[str], time: int) -> Said:  # noqa: ARG002 — see Maker
        """Call the function."""
        values = {}
        for argument, sense, by in self.arguments:
            if sense.good is None:
                return None
            values[argument] = change(sense.good, by)
        assert self.computation.call is not None  # noqa: S101 — a plain computation always has one
        found = self.computation.call(**values, **self.parameters)
        return change(found, self.out) if found is not None and math.isfinite(found) else None


def _change(given: str | None, wanted: str | None) -> tuple[float, float]:
    found = None if "*" in {given, wanted} else between(given, wanted)
    return (1.0, 0.0) if found is None else found


class Windowed(Maker):
    """A function of the last `window_s`."""

    def __init__(self, name: str, measure: Measure, computation: Computation, made: Made, bench: Bench) -> None:
        """Prepare the window."""
        super().__init__(name, measure, computation, made, bench)
        self.window = nanoseconds(measure.window_s)
        self.above = measure.parameters.get("above", math.inf)
        self.noise = measure.parameters.get("noise", 0.0)
        self.say = _WINDOWED[computation.name]
        self.timed = computation.name in {"duration_above", "share_above"}
        sloped, averaged = computation.name in _PER_MINUTE, computation.name in {"mean", "integral"}
        self.kept = made.slope if sloped else made.mean if averaged else made.window

    def on(self, fresh: AbstractSet[str], time: int) -> Said:  # noqa: ARG002 — see Maker
        """Add the newest value and look back."""
        value = self.sense.good
        if value is None:
            return KEPT
        made = self.made
        if self.timed:
            last, believed = made.last or (None, None), self.bench.believed[self.source]
            windows.ran(made.spans, last[1], last[0], time, above=self.above, believed=believed, window=self.window)
            made.last = time, value
        else:
            self.kept.add(time, value, self.window)
        return self.say(self)


def _spread(maker: Windowed) -> float:
    inside = maker.made.window.inside
    return max(inside) - min(inside)


def _stepped(maker: Windowed, sign: int) -> float:
    steps = maker.made.window.steps()
    return math.fsum(abs(step) for step in steps if step * sign > 0 and abs(step) > maker.noise)


def _crossed(maker: Windowed) -> float:
    values = maker.made.window.values
    return float(sum(one <= maker.above < other for one, other in pairwise(values)))


def _level(maker: Windowed) -> float:
    window = maker.made.window
    steps = list(zip(window.times, window.times[1:], window.values, window.values[1:], strict=False))
    if not steps:
        return window.values[-1]
    energy = math.fsum((stop - start) * 10 ** ((one + other) / 20) for start, stop, one, other in steps)
    return 10 * math.log10(energy / (window.times[-1] - window.times[0]))


def _sloped(factor: float) -> Callable[[Windowed], float | None]:
    def slope(maker: Windowed) -> float | None:
        found = maker.made.slope.slope(maker.window)
        return None if found is None else found * factor

    return slope


_WINDOWED: Mapping[str, Callable[[Windowed], float | None]] = {
    "mean": lambda maker: maker.made.mean.mean(maker.window),
    "min": lambda maker: min(maker.made.window.inside),
    "max": lambda maker: max(maker.made.window.inside),
    "range": _spread,
    "median": lambda maker: statistics.median(maker.made.window.inside),
    "rise": lambda maker: maker.made.window.inside[-1] - min(maker.made.window.inside),
    "fall": lambda maker: max(maker.made.window.inside) - maker.made.window.inside[-1],
    "delta": lambda maker: maker.made.window.values[-1] - maker.made.window.values[0],
    "increase": lambda maker: _stepped(maker, 1),
    "decrease": lambda maker: _stepped(maker, -1),
    "integral": lambda maker: maker.made.mean.area / _HOUR,
    "leq": _level,
    "count_above": _crossed,
    "duration_above": lambda maker: windows.lasted(maker.made.spans, maker.window)[0] / NS,
    "share_above": lambda maker: windows.share(maker.made.spans, maker.window),
    **{name: _sloped(factor) for name, factor in _PER_MINUTE.items()},
}


class Flow(Maker):
    """What a counter rose, an hour: since the reading at or before the window's edge."""

    def on(self, fresh: AbstractSet[str], time: int) -> Said:  # noqa: ARG002 — see Maker
        """Add what it rose; a counter set back counts nothing."""
        value, made, window = self.sense.good, self.made, nanoseconds(self.measure.window_s)
        if value is None:
            return KEPT
        rises = made.rises
        risen = rises[-1][1] + max(value - made.last[1], 0.0) if rises and made.last else 0.0
        if rises and time == rises[-1][0]:
            rises[-1] = time, risen
        else:
            rises.append((time, risen))
        made.last = time, value
        while len(rises) > 2 and rises[1][0] <= time - window:  # noqa: PLR2004 — two make a flow
            del rises[0]
        if rises[0][1] > _FAR:
            rises[:] = [(at, total - rises[0][1]) for at, total in rises]
        lasted = time - rises[0][0]
        if not lasted or lasted < window / 2:
            return None
        return (risen - rises[0][1]) * _HOUR / lasted


_FAR = 1e9
"""What a counter rose is counted anew beyond this, so that small steps stay exact."""


class Period(Maker):
    """A function of each clock hour or day, or of everything since the run's start."""

    def __init__(self, name: str, measure: Measure, computation: Computation, made: Made, bench: Bench) -> None:
        """Prepare the tally."""
        super().__init__(name, measure, computation, made, bench)
        self.believed = bench.believed[self.source]
        self.above = measure.parameters.get("above", math.inf)
        self.noise = measure.parameters.get("noise", 0.0)

    def _bounds(self, time: int) -> tuple[int, int | None]:
        calendar, line = self.bench.calendar, self.bench.line
        if self.measure.period == "hour":
            return calendar.hour(line, time)
        if self.measure.period == "day":
            return calendar.day(line, time, minutes(self.measure.starts))
        return time, None

    def on(self, fresh: AbstractSet[str], time: int) -> Said:  # noqa: ARG002 — see Maker
        """Add the newest value; a period that ends here says its own."""
        value, made = self.sense.good, self.made
        if value is None:
            return KEPT
        if made.tally is None:
            start, end = self._bounds(time)
            made.tally = Tally(start=start, end=end)
        tally = made.tally
        tally.add(
            time,
            value,
            counts=self.counts(time),
            believed=self.believed,
            above=self.above,
            noise=self.noise,
        )
        if tally.end is None:
            return tally.says(self.computation.name)
        if time < tally.end:
            return KEPT
        closed = self._ended(tally)
        if closed is None:
            return KEPT
        return closed

    def _ended(self, tally: Tally) -> float | None:
        """Close a tally, begin the next, and return what it says; None: too little of it was heard."""
        assert tally.end is not None  # noqa: S101 — its callers look
        tally.close(believed=self.believed, above=self.above)
        start, end = self._bounds(tally.end + 1)
        assert end is not None  # noqa: S101 — a period has an end
        self.made.tally = tally.next(start, end)
        return tally.says(self.computation.name) if tally.complete else None

    def close(self, time: int) -> tuple[int, float | None] | None:
        """Close the period under way if it ended before `time`; return its end, and its value if enough was heard."""
        tally = self.made.tally
        if tally is None or tally.end is None or tally.end >= time:
            return None
        end, said = tally.end, self._ended(tally)
        next_tally = self.made.tally
        if said is None and next_tally is not None and next_tally.end is not None and next_tally.end < time:
            start, stop = self._bounds(time)  # nothing was heard for long: what lies between says nothing
            assert stop is not None  # noqa: S101 — a period has an end
            self.made.tally = next_tally.next(start, stop)
        return end, said


class Learned(Maker):
    """The median or mean of past days, of the day's own mean, apart for each hour or weekday where asked."""

    def __init__(self, name: str, measure: Measure, computation: Computation, made: Made, bench: Bench) -> None:
        """Read the parameters."""
        super().__init__(name, measure, computation, made, bench)
        known = {**computation.parameters, **measure.parameters}
        self.days, self.at_least = int(known["days"] or 1), int(known["at_least"] or 1)
        self.initial = known["initial"]
        self.middle = statistics.median if computation.name == "usual" else statistics.fmean
        self.believed = bench.believed[self.source]

    def on(self, fresh: AbstractSet[str], time: int) -> Said:  # noqa: ARG002 — see Maker
        """Learn the newest value, and return what is usual at this hour."""
        value, made = self.sense.good, self.made
        if value is None:
            return KEPT
        if time > made.day_end:
            self._next_day(time)
        slot = self._slot(time)
        lesson = made.lessons.setdefault(slot, Lesson())
        if self.counts(time):
            if slot != made.slot:
                made.last = None
            self._learn(lesson, time, value)
            made.last, made.slot = (time, value), slot
        else:
            made.last = None
        return self.middle(lesson.days) if len(lesson.days) >= self.at_least else self.initial

    def _slot(self, time: int) -> str:
        if self.measure.same is None:
            return "day"
        local = self.bench.local(time - 1)
        return str(local.hour) if self.measure.same == "hour" else str(local.weekday())

    def _learn(self, lesson: Lesson, time: int, value: float) -> None:
        lesson.total += value
        lesson.number += 1
        if self.made.last is None:
            return
        before, last = self.made.last
        if self.believed is None or time - before <= self.believed:
            lesson.weight += (time - before) / NS
            lesson.area += (time - before) / NS * (value + last) / 2

    def _next_day(self, time: int) -> None:
        made = self.made
        made.last = None
        for lesson in made.lessons.values():
            if lesson.number:
                mean = lesson.area / lesson.weight if lesson.weight else lesson.total / lesson.number
                lesson.days = [*lesson.days, mean][-self.days :]
                lesson.weight = lesson.area = lesson.total = 0.0
                lesson.number = 0
        _, made.day_end = self.bench.calendar.day(self.bench.line, time, minutes(self.measure.starts))


class Event(Maker):
    """A change since another measure rose to 1."""

    def on(self, fresh: AbstractSet[str], time: int) -> Said:  # noqa: ARG002 — see Maker
        """Return value − the value when it rose; nothing before it ever did."""
        start, value, made = (
            self.bench.senses[self.measure.of["start"]],
            self.bench.senses[self.measure.of["value"]],
            self.made,
        )
        is_up = start.good == 1.0
        if is_up and not made.up:
            made.since = value.good
        made.up = is_up
        return None if made.since is None or value.good is None else value.good - made.since


def computation_of(book: Book, measure: Measure) -> Computation | None:
    """Return what computes a measure: the folder's own function, or the hub's; None: there is none."""
    own = book.functions.get(measure.function or "")
    return COMPUTATIONS.get(measure.function or "") if own is None else described(own)


def maker(name: str, made: Made, bench: Bench) -> Maker:
    """Return what makes a computed measure.

    Raises:
        KeyError: there is no such function (`check` refuses it).
    """
    measure = bench.book.measures[name]
    computation = computation_of(bench.book, measure)
    if computation is None:
        raise KeyError(measure.function)
    return _class(measure, computation)(name, measure, computation, made, bench)


def _class(measure: Measure, computation: Computation) -> type[Maker]:
    match computation.nature:
        case "plain":
            return Plain
        case "learned":
            return Learned
        case "event":
            return Event
        case "window" | "period":
            if computation.name == "increase_per_hour":
                return Flow
            return Windowed if measure.window_s else Period


def in_order(measures: Mapping[str, Measure]) -> Iterator[str]:
    """Yield the computed measures, each after those it is made of; those of a circle are left out."""
    done = {name for name, measure in measures.items() if not measure.computed}
    waiting = {name: {*measure.sources} for name, measure in measures.items() if measure.computed}
    while ready := [name for name, sources in waiting.items() if sources <= done]:
        for name in ready:
            yield name
            done.add(name)
            del waiting[name]


def roots(measures: Mapping[str, Measure], name: str) -> frozenset[str]:
    """Return the heard measures whose age a measure's value depends on: none for what lasts (a period, a habit)."""
    measure = measures[name]
    if not measure.computed:
        return frozenset([name])
    if measure.period is not None or measure.function in {"usual", "usual_mean"}:
        return frozenset()
    return frozenset(root for source in measure.of.values() for root in roots(measures, source))
