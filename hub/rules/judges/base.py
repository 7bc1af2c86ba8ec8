"""What looks at a rule's condition: one judge per rule and run, with its hands on the values it needs."""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from hub.model import NS
from hub.rules.calendar import Calendar
from hub.rules.clauses import Condition, Hours, within
from hub.rules.kinds import Base, Book, Moving
from hub.rules.state import Course, Sense

R = TypeVar("R", bound=Base)


class Bench(Struct, frozen=True):
    """What judges and makers are given.

    Attributes:
        book: the use case.
        line, calendar: `<use case>/<run>`, and what its clock shows.
        senses: of all its measures.
        believed: measure → how long a value is believed [ns]; None: without end.
    """

    book: Book
    line: str
    calendar: Calendar
    senses: Mapping[str, Sense]
    believed: Mapping[str, int | None]

    def within(self, hours: Sequence[Hours], time: int) -> bool:
        """Tell whether a time lies within hours of the place."""
        return within(hours, self.local(time))

    def local(self, time: int) -> datetime:
        """Return the local time of the place."""
        return self.calendar.local(self.line, time)


class Judge(Generic[R]):
    """One rule's condition. Subclasses say `quantity` and `own`; those that look back, `remember`."""

    remembers: frozenset[str] = frozenset()
    """Measures whose readings it wants to be told."""

    def __init__(self, rule: R, course: Course, bench: Bench) -> None:
        """Go on from `course`."""
        self.rule = rule
        self.course = course
        self.bench = bench
        self.sense = bench.senses[rule.measure]
        self.when = [comparison(each, bench.senses) for each in rule.when]

    def quantity(self) -> float | None:
        """Return what the rule judges, from the last usable values: a value, a slope, a share, a forecast."""
        return self.sense.good

    def own(self, *, beyond: bool) -> bool | None:
        """Tell whether the rule's own condition holds, with the deadband while it is `beyond`; None: nobody knows."""
        raise NotImplementedError

    def holds(self, *, beyond: bool) -> bool | None:
        """Tell whether the condition holds together with those of `when`; None: nobody knows."""
        return both(self.own(beyond=beyond), self.when) if self.when else self.own(beyond=beyond)

    def limits(self) -> tuple[float | None, ...]:
        """Return the limits as they are now, of the measure itself."""
        return ()

    def remember(self, measure: str, value: float, before: Sense, time: int) -> None:
        """Take note of a usable value, timed, before it replaces the sense's."""


def limit_of(limit: float | Moving, senses: Mapping[str, Sense]) -> Callable[[], float | None]:
    """Return what gives the limit now; None: the measure it follows is not known."""
    if not isinstance(limit, Moving):
        fixed = float(limit)
        return lambda: fixed
    sense, moving = senses[limit.measure], limit
    return lambda: None if sense.good is None else moving.at(sense.good)


def comparison(condition: Condition, senses: Mapping[str, Sense]) -> Callable[[], bool | None]:
    """Return what compares now; None: not known."""
    sense, than = senses[condition.measure], None if condition.than is None else senses[condition.than]
    if than is None:
        compare, bound = _compared(condition)
        return lambda: None if sense.good is None else compare(sense.good, bound)
    other = than
    return lambda: None if sense.good is None or other.good is None else condition.holds(sense.good, other.good)


def _compared(condition: Condition) -> tuple[Callable[[float, float], bool], float]:
    for compare, bound in (
        (operator.gt, condition.above),
        (operator.lt, condition.below),
        (operator.ge, condition.at_least),
        (operator.le, condition.at_most),
        (operator.eq, condition.equals),
    ):
        if bound is not None:
            return compare, bound
    return operator.eq, 1.0


def both(own: bool | None, others: Sequence[Callable[[], bool | None]]) -> bool | None:  # noqa: FBT001 — a truth among truths
    """Return whether all hold: one that does not settles it, else one that is not known."""
    known = own
    for other in others:
        if known is False:
            return False
        held = other()
        if held is False:
            return False
        known = None if held is None else known
    return known


def either(others: Sequence[Callable[[], bool | None]]) -> bool | None:
    """Return whether one holds: one that does settles it, else one that is not known."""
    found = [other() for other in others]
    return True if True in found else None if None in found else False


def nanoseconds(seconds: float | None) -> int:
    """Return seconds as [ns]; none are 0."""
    return int((seconds or 0.0) * NS)
