"""Windows of a curve, read from roll-ups where they are and from rows where they are not: the same figures.

A question is cut into stretches: its whole hours (or minutes) that are rolled up, those that are stale, its ragged
ends. Each stretch is read from what says it with the least work, by one seek a window (decisions/0003), and windows
that more than one stretch reaches into are put together.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import apsw
import msgspec
from msgspec import Struct

from hub.store.base import Aggregate
from hub.store.rollup_tables import HOUR, MINUTE, OF_ROWS, VERSION

Span = tuple[int, int]
"""First time and time after the last [ns]."""


class Windows(NamedTuple):
    """How time is cut: a window begins each `step` ns from `origin`; both are multiples of `unit` ns."""

    origin: int
    step: int
    unit: int


class Bucket(Struct, frozen=True, array_like=True, gc=False):
    """What the readings of the window that begins at `start` come to; of the bad ones only how many. Times [ns]."""

    start: int
    many: int
    total: float
    low: float | None
    high: float | None
    first: int | None
    last: int | None
    bad: int
    worst: int | None

    def value(self, kind: Aggregate) -> float | None:
        """Return an aggregate of the window; None: there is none."""
        if kind == "count":
            return float(self.many + self.bad)
        if not self.many:
            return None
        return {"mean": self.total / self.many, "min": self.low, "max": self.high}[kind]

    def quality(self, kind: Aggregate) -> int:
        """Return the worst quality among the readings that an aggregate is of, as `flags` number them."""
        return 2 if kind == "count" and self.bad else self.worst or 0


def has(db: apsw.Connection) -> bool:
    """Tell whether a store has roll-ups: an archive of earlier has none."""
    return int(db.pragma("user_version")) >= VERSION


def gone(db: apsw.Connection, curve: Span) -> int:
    """Return up to when [ns] a curve's readings were let go; `curve`: numbers of series and run."""
    until = db.execute("SELECT until FROM gone WHERE series = ? AND run = ?", curve).get
    return 0 if until is None else int(until)


def unit_of(step: int) -> int | None:
    """Return the coarsest unit [ns] that windows of `step` ns, or more, can be made of; None: only readings can."""
    return HOUR if step >= HOUR else MINUTE if step >= MINUTE else None


def exact(every: int) -> int | None:
    """Return the coarsest unit [ns] that windows of exactly `every` ns are made of; None: only readings are."""
    return next((unit for unit in (HOUR, MINUTE) if every % unit == 0), None)


def fitting(first: int, last: int, width: int, unit: int) -> Windows:
    """Return the windows, of whole units, that cut first … last (included) into at most `width`."""
    origin = first // unit * unit
    step = -(-(last + 1 - origin) // (width * unit)) * unit
    return Windows(origin, step, unit)


def reach(asked: Span, last: int, cut: Windows) -> Span:
    """Return what of a range is to be read, whose last reading is known: whole units where it asks for them."""
    return max(asked[0], cut.origin), min(asked[1], -(-(last + 1) // cut.unit) * cut.unit)


def ends(db: apsw.Connection, curve: Span, span: Span) -> Span | None:
    """Return when the first and the last reading of a span was measured, let go or not; None: there is none."""
    values = (*curve, *span, -(-span[0] // HOUR), span[1] // HOUR)
    ((first, last),) = db.execute(_ENDS, values).fetchall()
    return (first, last) if isinstance(first, int) and isinstance(last, int) else None


_IN_ROWS = "SELECT time FROM readings WHERE series = ?1 AND run = ?2 AND time >= ?3 AND time < ?4 ORDER BY time"
_IN_HOURS = "FROM hourly WHERE series = ?1 AND run = ?2 AND at >= ?5 AND at < ?6 AND first IS NOT NULL ORDER BY at"
_ENDS = f"""
SELECT coalesce(min(old, young), old, young), coalesce(max(late, later), late, later) FROM (SELECT
  (SELECT first {_IN_HOURS} LIMIT 1) AS old, ({_IN_ROWS} LIMIT 1) AS young,
  (SELECT last {_IN_HOURS} DESC LIMIT 1) AS late, ({_IN_ROWS} DESC LIMIT 1) AS later)"""  # noqa: S608 — own constants


def is_worth_it(db: apsw.Connection, curve: Span, span: Span) -> bool:
    """Tell whether any hour of a span is rolled up."""
    sql = "SELECT EXISTS(SELECT 1 FROM hourly WHERE series = ? AND run = ? AND at >= ? AND at < ?)"
    return bool(db.execute(sql, (*curve, span[0] // HOUR, -(-span[1] // HOUR))).get)


def windows(db: apsw.Connection, curve: Span, span: Span, cut: Windows, limit: int) -> list[Bucket]:
    """Return the first `limit` windows with something in them, of the readings in a span, in order."""
    parts = [
        _asked(db, sql, (*curve, _begin(stretch[0], cut), stretch[1], cut.step, *stretch, limit))
        for sql, stretch in _stretches(db, curve, span, cut.unit)
    ]
    if len(parts) == 1:
        return parts[0]
    found: dict[int, Bucket] = {}
    for bucket in chain.from_iterable(parts):
        start = bucket.start
        found[start] = _both(found[start], bucket) if start in found else bucket
    return [found[start] for start in sorted(found)][:limit]


def _begin(time: int, cut: Windows) -> int:
    """Return when the window begins that a time is in."""
    return cut.origin + (time - cut.origin) // cut.step * cut.step


_DECODE = msgspec.json.Decoder(list[Bucket]).decode
_COLUMNS = "sum(count), total(total), min(low), max(high), min(first), max(last), sum(bad), max(worst)"
_OF_TABLE = """
SELECT CASE WHEN count(*) THEN json_array(step.start, {columns}) END FROM {table} WHERE series = ?1 AND run = ?2
AND {at} >= max(step.start, ?6) / {unit} AND {at} < min(step.start + ?5, ?7) / {unit}"""
_STEPS = """
WITH RECURSIVE step(start) AS (SELECT ?3 UNION ALL SELECT start + ?5 FROM step WHERE start + ?5 < ?4)
SELECT group_concat(said) FROM (
  SELECT said FROM (SELECT ({of}) AS said FROM step LIMIT -1) WHERE said IS NOT NULL LIMIT ?8)"""
"""The inner LIMIT keeps SQLite from asking for each window twice, once for what is in it and once whether anything is
(measured: 5 ms against 2 ms a day of minutes). Text is put together as text: `json_group_array` would read it again."""


def _query(table: str, at: str, unit: int, columns: str) -> str:
    of = _OF_TABLE.format(columns=columns, table=table, at=at, unit=unit)
    return _STEPS.format(of=of)


_BY_HOURS = _query("hourly", "at", HOUR, _COLUMNS)
_BY_MINUTES = _query("minutely", "at", MINUTE, _COLUMNS)
_BY_ROWS = _query("readings", "time", 1, OF_ROWS)


def _asked(db: apsw.Connection, sql: str, values: Sequence[int]) -> list[Bucket]:
    """Return each window with something in it, by one step of SQLite (see `hub.store.sqlite`)."""
    text: str | None = db.execute(sql, values).get
    return _DECODE(f"[{text or ''}]")


def _stretches(db: apsw.Connection, curve: Span, span: Span, unit: int) -> Iterator[tuple[str, Span]]:
    """Yield which stretches of a span are to be read from what."""
    low, high = -(-span[0] // unit) * unit, span[1] // unit * unit
    if low >= high:
        yield _BY_ROWS, span
        return
    yield _BY_HOURS if unit == HOUR else _BY_MINUTES, (low, high)
    hours = (*curve, low // HOUR, -(-high // HOUR))
    raw = [_hour(hour) for (hour,) in db.execute(_STALE, hours)]
    if unit == MINUTE:
        until = gone(db, curve)
        for (at,) in db.execute(_COARSE, hours):
            begin, end = _hour(at)
            if end <= until and low <= begin and end <= high:
                yield _BY_HOURS, (begin, end)
            else:
                raw.append((begin, end))
    ragged = [(span[0], low), *((max(begin, low), min(end, high)) for begin, end in sorted(raw)), (high, span[1])]
    for stretch in _joined(ragged):
        yield _BY_ROWS, stretch


_STALE = "SELECT hour FROM stale WHERE series = ? AND run = ? AND hour >= ? AND hour < ?"
_COARSE = "SELECT at FROM hourly WHERE series = ? AND run = ? AND at >= ? AND at < ? AND NOT fine"


def _hour(number: int) -> Span:
    return number * HOUR, (number + 1) * HOUR


def _joined(stretches: Iterable[Span]) -> list[Span]:
    """Return the stretches, those that touch as one, empty ones left out."""
    found: list[Span] = []
    for begin, end in stretches:
        if begin >= end:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _both(one: Bucket, other: Bucket) -> Bucket:
    """Return what two parts of one window come to."""
    return Bucket(
        one.start,
        one.many + other.many,
        one.total + other.total,
        min((each for each in (one.low, other.low) if each is not None), default=None),
        max((each for each in (one.high, other.high) if each is not None), default=None),
        min((each for each in (one.first, other.first) if each is not None), default=None),
        max((each for each in (one.last, other.last) if each is not None), default=None),
        one.bad + other.bad,
        max((each for each in (one.worst, other.worst) if each is not None), default=None),
    )
