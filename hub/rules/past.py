"""A measure over the past: made anew of what was heard then, by the same makers that make it live.

Nothing computed is stored: one truth, also after a rule or a hypothesis of the use case was corrected
(hub/decisions/0012-computed-measures-of-the-past.md).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from msgspec import Struct

from hub.model import Quality
from hub.rules.calendar import Calendar
from hub.rules.case import Case
from hub.rules.hearing import Update
from hub.rules.kinds import Book, Function, Rule
from hub.rules.making import computation_of
from hub.rules.measures import Measure, Role
from hub.rules.state import Memory
from hub.rules.wording import Text

Heard = tuple[int, str, float | None]
"""(time [ns], measure, value in the measure's unit); None: from then on nothing was heard."""
Point = tuple[int, float | None]
"""(time [ns], value); None: from then on nothing is known."""
_DAY_S, _HOUR_S = 86_400.0, 3600.0
_DAYS = 7.0


class Part(Struct, frozen=True, kw_only=True):
    """As much of a use case as one measure needs; no rule judges the past anew."""

    name: str
    place: Text
    roles: Mapping[str, Role]
    measures: Mapping[str, Measure]
    functions: Mapping[str, Function] = {}
    all_rules: Sequence[Rule] = ()


class _Noting(Case):
    """A use case on a run that notes what it makes of one measure."""

    def __init__(self, book: Book, memory: Memory, calendar: Calendar, wanted: str) -> None:
        """Start with nothing heard."""
        super().__init__(book, memory, calendar)
        self.wanted = wanted
        self.noted: list[Point] = []

    def _sense(self, update: Update, time: int) -> None:
        super()._sense(update, time)
        if update.measure == self.wanted:
            self.noted.append((time, update.value))

    def hear(self, time: int, said: Iterable[Heard]) -> None:
        """Take in what was heard at `time`; what is not known any more leaves a gap."""
        news: list[Update] = []
        for _, name, value in said:
            if name not in self.book.measures:
                continue
            if value is not None:
                news.append(Update(name, value, Quality.GOOD, timed=True))
                continue
            self.memory.senses[name].good = None
            if name in self.roots[self.wanted]:
                self.memory.senses[self.wanted].good = None
        self.take(time, news, past=True)
        if self.noted and self.noted[-1][1] is not None and self.memory.senses[self.wanted].good is None:
            self.noted.append((time, None))


def needed(book: Book, name: str) -> dict[str, Measure]:
    """Return the measures that `name` is made of, itself included."""
    found: dict[str, Measure] = {}
    waiting = [name]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found[each] = book.measures[each]
            waiting += found[each].sources
    return {each: measure for each, measure in book.measures.items() if each in found}


def lead_s(book: Book, name: str) -> float:
    """Return how long [s] before a time must be heard to know the measure then; infinite: since the run's start."""
    measure = book.measures[name]
    if not measure.computed:
        return measure.silence_s or _HOUR_S
    return _own_lead_s(book, measure) + max(lead_s(book, each) for each in measure.sources)


def _own_lead_s(book: Book, measure: Measure) -> float:
    if measure.window_s is not None:
        return measure.window_s
    if measure.period is not None:
        return 2 * (_HOUR_S if measure.period == "hour" else _DAY_S)
    computation = computation_of(book, measure)
    match None if computation is None else computation.nature:
        case "learned":
            return (1 + measure.parameters.get("days", _DAYS)) * _DAY_S
        case "plain":
            return 0.0
        case _:
            return math.inf


def curve(book: Book, name: str, run: str, heard: Iterable[Heard], calendar: Calendar) -> list[Point]:
    """Return what a measure was, at each time it was heard or made.

    Args:
        book: the use case.
        name: the measure, heard or computed.
        run: the timeline: its calendar, and how long its devices are believed.
        heard: what was heard of the measures that are `needed`, in order of time; others are left out.
        calendar: what the clocks of the runs show.
    """
    part = Part(
        name=book.name, place=book.place, roles=book.roles, measures=needed(book, name), functions=book.functions
    )
    case: _Noting | None = None
    for time, group in groupby(heard, key=itemgetter(0)):
        if case is None:
            case = _Noting(part, Memory(usecase=book.name, run=run, start=time), calendar, name)
        case.hear(time, group)
    return [] if case is None else case.noted


def thinned(points: Sequence[Point], width: int) -> list[Point]:
    """Return at most 2 × `width` points: of each stretch the lowest and the highest, in their order; gaps stay."""
    if len(points) <= 2 * width:
        return list(points)
    step = -(-len(points) // width)
    found: list[Point] = []
    for start in range(0, len(points), step):
        stretch = points[start : start + step]
        known = [(value, at) for at, (_, value) in enumerate(stretch) if value is not None]
        ends = {min(known)[1], max(known)[1]} if len(known) == len(stretch) else _with_gap(stretch, known)
        found += [stretch[at] for at in sorted(ends)]
    return found


def _with_gap(stretch: Sequence[Point], known: Sequence[tuple[float, int]]) -> set[int]:
    """Return one value and the first gap of a stretch that has one: a curve never runs through it."""
    gap = next(at for at, (_, value) in enumerate(stretch) if value is None)
    return {gap, max(known)[1]} if known else {gap}
