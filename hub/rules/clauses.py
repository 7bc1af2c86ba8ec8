"""Parts that rules and measures are made of: comparisons, hours, masks, limits that move."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from hub.rules.wording import Text

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")


def minutes(clock: str) -> int:
    """Return "22:30" as minutes after midnight; "24:00" is 1440.

    Raises:
        ValueError: it is no hour of the day.
    """
    if not _CLOCK.fullmatch(clock):
        msg = f"{clock!r} is no hour of the day: write 22:30"
        raise ValueError(msg)
    return 60 * int(clock[:2]) + int(clock[3:])


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One comparison of a measure with a number, or with another measure.

    Attributes:
        measure: what is compared.
        above, below: strictly; at_least, at_most: or equal; equals: exactly. Exactly one of the five is given.
        than: a measure that the number is added to: `measure = "leaf", below = 0, than = "dew"` is leaf < dew.
    """

    measure: str
    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    equals: float | None = None
    than: str | None = None

    def holds(self, value: float, than: float = 0.0) -> bool:
        """Tell whether `value` fulfils it; `than`: the value of that measure."""
        value -= than
        if self.above is not None:
            return value > self.above
        if self.below is not None:
            return value < self.below
        if self.at_least is not None:
            return value >= self.at_least
        if self.at_most is not None:
            return value <= self.at_most
        return value == self.equals

    @property
    def named(self) -> int:
        """How many comparisons it names: 1 when it is well written."""
        given = (self.above, self.below, self.at_least, self.at_most, self.equals)
        return sum(each is not None for each in given)

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures it reads."""
        return (self.measure,) if self.than is None else (self.measure, self.than)


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the week and year, on the clock of the place; what is left out does not restrict.

    Attributes:
        start, end: "22:00", "05:00"; the end is not in it. Past midnight it belongs to the day it started on.
        days: "mon" … "sun".
        months: 1 … 12.
    """

    start: str = "00:00"
    end: str = "24:00"
    days: tuple[Day, ...] = ()
    months: tuple[int, ...] = ()

    def hold(self, local: datetime) -> bool:
        """Tell whether the local time lies within."""
        begin, stop = minutes(self.start), minutes(self.end)
        now = 60 * local.hour + local.minute
        weekday = local.weekday()
        if begin < stop:
            inside = begin <= now < stop
        else:
            inside = now >= begin or now < stop
            weekday = (weekday - (now < stop)) % 7
        return inside and (not self.days or DAYS[weekday] in self.days) and self._in_months(local)

    def _in_months(self, local: datetime) -> bool:
        return not self.months or local.month in self.months


def within(hours: Sequence[Hours], local: datetime) -> bool:
    """Tell whether the local time lies within any of the hours; no hours: always."""
    return not hours or any(each.hold(local) for each in hours)


class Mask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What suspends a rule: `measure` becoming what it names (`equals = 1` unless told).

    Attributes:
        equals, above, below: at most one.
        lasting_s: from the moment it became so, however long it stays; None: while it stays so.
        say: what the page says meanwhile.
    """

    measure: str
    say: Text
    equals: float | None = None
    above: float | None = None
    below: float | None = None
    lasting_s: float | None = None

    def holds(self, value: float | None) -> bool:
        """Tell whether the value masks; an unknown one does not."""
        if value is None:
            return False
        if self.above is not None:
            return value > self.above
        if self.below is not None:
            return value < self.below
        return value == (1.0 if self.equals is None else self.equals)


class Moving(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit that follows another measure: `factor × measure + offset` ("baseline + 10 K")."""

    measure: str
    factor: float = 1.0
    offset: float = 0.0

    def at(self, value: float) -> float:
        """Return the limit where the measure is `value`."""
        return self.factor * value + self.offset
