"""Roll-ups of readings: of each minute and hour what was lowest, highest, their sum and how many (decisions/0017).

A roll-up is only ever made from rows. Who changes rows marks their hour as stale in the same transaction, and its
roll-ups go; what is stale is read from its rows until a later slice has rolled it up. So at each moment, in each
snapshot, an hour either has its marker, or roll-ups that say what its rows say.

Once rows of an hour were thinned or let go (`frozen`), they no longer say all that was measured: its roll-ups are never
made again, and what still comes late is added to them.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import apsw

from hub.model import NS, REAL
from hub.store.file import StoreFile, insert
from hub.store.rollup_tables import HOUR, MINUTE, OF_ROWS

FINE = 120
"""An hour of more readings is rolled up by minutes too; of fewer the rows themselves are read as fast."""
SETTLED = 60 * NS
"""So long [ns] after its end the newest hour of a curve that fell silent is rolled up too."""
SLICE = 0.05
"""Longest [s] that a slice goes on beginning another hour."""
_MOST_MARKED = 200_000
"""Markers remembered, so that an hour is marked once, not with each reading of it."""
_ROUND = 500
"""Hours looked up at a time."""
Row = tuple[int, int, int, int, float, int]
"""series, run, time, tie, value, flags."""

_THERE = "FROM readings WHERE series = ?1 AND run = ?2 AND time >= ?3 AND time < ?4"
_BY_HOUR = f"INSERT OR REPLACE INTO hourly SELECT ?1, ?2, ?3 / {HOUR}, {OF_ROWS}, 0 {_THERE}"
_BY_MINUTE = (
    f"INSERT OR REPLACE INTO minutely SELECT ?1, ?2, time / {MINUTE}, {OF_ROWS} {_THERE} GROUP BY time / {MINUTE}"
)
_OF_MINUTES = """
INSERT OR REPLACE INTO hourly
SELECT ?1, ?2, ?3, sum(count), total(total), min(low), max(high), min(first), max(last), sum(bad), max(worst), 1
FROM minutely WHERE series = ?1 AND run = ?2 AND at >= ?3 * 60 AND at < ?3 * 60 + 60"""
_ADD = """
INSERT INTO {table}(series, run, at, count, total, low, high, first, last, bad, worst)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?7, ?8, ?9 WHERE {when}
ON CONFLICT DO UPDATE SET count = count + excluded.count, total = total + excluded.total,
  low = min(ifnull(low, excluded.low), ifnull(excluded.low, low)),
  high = max(ifnull(high, excluded.high), ifnull(excluded.high, high)),
  first = min(ifnull(first, excluded.first), ifnull(excluded.first, first)),
  last = max(ifnull(last, excluded.last), ifnull(excluded.last, last)),
  bad = bad + excluded.bad, worst = max(ifnull(worst, excluded.worst), ifnull(excluded.worst, worst))"""
_FRESH = f"NOT EXISTS(SELECT 1 FROM stale WHERE series = ?1 AND run = ?2 AND hour = ?10 / {HOUR})"  # noqa: S608 — own constants
_ADD_HOUR = _ADD.format(table="hourly", when=_FRESH)
_ADD_MINUTE = _ADD.format(
    table="minutely",
    when=f"{_FRESH} AND EXISTS(SELECT 1 FROM hourly WHERE series = ?1 AND run = ?2 AND at = ?10 / {HOUR} AND fine)",  # noqa: S608 — as above
)
_INSERT = "INSERT OR IGNORE INTO readings VALUES(?,?,?,?,?,?)"


class Place:
    """Where on a curve readings come in, looked at with each of them.

    Attributes:
        series, run: numbers of the curve.
        low, high: hour [ns] of the reading before, which is marked.
        frozen: the first hour that is made from rows; None: to be looked up.
    """

    __slots__ = ("frozen", "high", "low", "run", "series")

    def __init__(self, series: int, run: int, frozen: int | None) -> None:
        """Begin with no reading."""
        self.series = series
        self.run = run
        self.frozen = frozen
        self.low = self.high = 0


class _Stale(NamedTuple):
    series: int
    run: int
    hour: int


class Rollups:
    """Keeps the roll-ups of a store true; everything belongs to the thread that owns `StoreFile.db`."""

    def __init__(
        self,
        file: StoreFile,
        *,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep those of `file`; `wall` [ns] tells when an hour is over, `monotonic` [s] measures a slice."""
        self._file = file
        self._wall = wall
        self._monotonic = monotonic
        self._marked: set[tuple[int, int, int]] = set()
        self._new: list[tuple[int, int, int]] = []
        self._places: list[Place] = []
        file.on_undo(self.forget)

    def place(self, series: int, run: int) -> "Place":
        """Return where on a curve readings come in."""
        found = Place(series, run, frozen(self._file.db, series, run))
        self._places.append(found)
        return found

    def forget(self) -> None:
        """Forget what is remembered of the file, and the places: it was changed otherwise."""
        self._marked.clear()
        self._new.clear()
        for each in self._places:
            each.low = each.high = 0
            each.frozen = None
        self._places.clear()

    def enters(self, place: "Place", at: int) -> bool:
        """Note that a reading comes in another hour than the one before it; tell whether that hour is frozen."""
        if place.frozen is None:
            place.frozen = frozen(self._file.db, place.series, place.run)
        hour = at // HOUR
        if hour < place.frozen:
            return True
        place.low, place.high = hour * HOUR, (hour + 1) * HOUR
        key = (place.series, place.run, hour)
        if key not in self._marked and hour >= 0:
            if len(self._marked) > _MOST_MARKED:
                self._marked.clear()
            self._marked.add(key)
            self._new.append(key)
        return False

    def put(self, rows: Sequence[Row], late: Sequence[Row]) -> None:
        """Store rows, in order of (series, run, time), and those of frozen hours; inside a transaction."""
        insert(self._file.db, "INSERT OR IGNORE INTO readings", rows)
        if self._new:
            mark(self._file.db, self._new)
            self._new.clear()
        self._add(late)

    def _add(self, rows: Iterable[Row]) -> None:
        """Store rows of hours that are frozen, and add those that are new to the roll-ups."""
        db = self._file.db
        for row in rows:
            db.execute(_INSERT, row)
            if db.changes():
                series, run, at, _, value, flags = row
                is_bad = flags & 3 == 2  # noqa: PLR2004 — hub.store.schema
                said = (1, value, value, at, 0, flags & 3) if not is_bad else (0, 0.0, None, None, 1, None)
                count, total, edge, when, bad, worst = said
                for sql, unit in ((_ADD_HOUR, HOUR), (_ADD_MINUTE, MINUTE)):
                    db.execute(sql, (series, run, at // unit, count, total, edge, when, bad, worst, at))

    def step(self) -> bool:
        """Roll up for a slice, in one transaction; tell whether there may be more.

        Raises:
            StoreError: nothing was rolled up; the next step tries again.
        """
        until = self._monotonic() + SLICE
        found, is_whole = self._settled(), True
        with self._file.transaction() as db:
            for each in found:
                if self._monotonic() >= until:
                    is_whole = False
                    break
                _roll(db, each)
                self._marked.discard(each)
            for place in self._places if found else ():
                place.high = 0  # the next reading looks whether its hour is marked
        return len(found) == _ROUND or not is_whole

    def _settled(self) -> list[_Stale]:
        """Return stale hours that are over: not the newest of their curve, unless the clock has passed it."""
        rows = self._file.db.execute(_SETTLED, ((self._wall() - SETTLED) // HOUR, REAL, _ROUND))
        return [_Stale(*row) for row in rows]


_SETTLED = """
SELECT series, run, hour FROM stale
WHERE EXISTS(SELECT 1 FROM stale AS later
             WHERE later.series = stale.series AND later.run = stale.run AND later.hour > stale.hour)
   OR (hour < ?1 AND (SELECT run FROM timeline WHERE id = stale.run) = ?2)
LIMIT ?3"""


def mark(db: apsw.Connection, keys: Sequence[tuple[int, int, int]]) -> None:
    """Mark hours (series, run, hour) as stale: their roll-ups go; inside a transaction."""
    insert(db, "INSERT OR IGNORE INTO stale", keys)
    db.executemany("DELETE FROM hourly WHERE series = ? AND run = ? AND at = ?", keys)
    minutes = [(series, run, hour * 60, hour * 60 + 60) for series, run, hour in keys]
    db.executemany("DELETE FROM minutely WHERE series = ? AND run = ? AND at >= ? AND at < ?", minutes)


def erase(db: apsw.Connection, series: int, run: int, start: int, stop: int) -> None:
    """Take from the roll-ups what rows of a stretch [ns] said, after these were erased; inside a transaction.

    What is left of its first and last hour is rolled up from the rows that are left.
    """
    first, last = max(start, 0) // HOUR, (min(stop, 2**63 - 1) - 1) // HOUR
    db.execute("DELETE FROM hourly WHERE series = ? AND run = ? AND at >= ? AND at <= ?", (series, run, first, last))
    db.execute(
        "DELETE FROM minutely WHERE series = ? AND run = ? AND at >= ? AND at < ?",
        (series, run, first * 60, last * 60 + 60),
    )
    mark(db, sorted({(series, run, first), (series, run, last)}))


def forget(db: apsw.Connection, series: int) -> None:
    """Erase all roll-ups of a series; inside a transaction."""
    for table in ("hourly", "minutely", "stale", "gone"):
        db.execute(f"DELETE FROM {table} WHERE series = ?", (series,))  # noqa: S608 — own constants


def frozen(db: apsw.Connection, series: int, run: int) -> int:
    """Return the first hour of a curve of which no row was thinned or let go."""
    untils = [
        db.execute(f"SELECT until FROM {table} WHERE series = ? AND run = ?", (series, run)).get  # noqa: S608 — own constants
        for table in ("thinned", "gone")
    ]
    return max((-(-until // HOUR) for until in untils if until is not None), default=0)


def drop_minutes(db: apsw.Connection, series: int, run: int, before: int) -> bool:
    """Let the minutes of a curve's oldest hour before a time [ns] go; tell whether there were any."""
    at = db.execute("SELECT min(at) FROM minutely WHERE series = ? AND run = ?", (series, run)).get
    if at is None or int(at) // 60 >= before // HOUR:
        return False
    hour = int(at) // 60
    where = (series, run, hour * 60 + 60)
    db.execute("DELETE FROM minutely WHERE series = ? AND run = ? AND at < ?", where)
    db.execute("UPDATE hourly SET fine = 0 WHERE series = ? AND run = ? AND at = ?", (series, run, hour))
    return True


def drop_hours(db: apsw.Connection, series: int, run: int, before: int) -> bool:
    """Let hours of a curve before a time [ns] go, some hundred, where no reading is left; tell whether some went."""
    until = db.execute("SELECT until FROM gone WHERE series = ? AND run = ?", (series, run)).get
    limit = min(before, until or 0) // HOUR
    last = db.execute(_OLDEST, (series, run, limit)).get
    if last is None:
        return False
    db.execute("DELETE FROM hourly WHERE series = ? AND run = ? AND at <= ?", (series, run, last))
    db.execute("DELETE FROM minutely WHERE series = ? AND run = ? AND at < ?", (series, run, last * 60 + 60))
    return True


_OLDEST = f"""
SELECT max(at) FROM (SELECT at FROM hourly WHERE series = ? AND run = ? AND at < ? ORDER BY at LIMIT {_ROUND})"""  # noqa: S608 — own constant


def oldest_stale(db: apsw.Connection, series: int, run: int) -> int | None:
    """Return when [ns] the first hour of a curve begins that is not rolled up yet."""
    hour = db.execute("SELECT min(hour) FROM stale WHERE series = ? AND run = ?", (series, run)).get
    return None if hour is None else int(hour) * HOUR


def _roll(db: apsw.Connection, each: _Stale) -> None:
    """Make an hour's roll-ups from its rows, and take its marker away; it has none yet."""
    span = (each.series, each.run, each.hour * HOUR, (each.hour + 1) * HOUR)
    many = int(db.execute(f"SELECT count(*) {_THERE}", span).get)
    if many > FINE:
        db.execute(_BY_MINUTE, span)
        db.execute(_OF_MINUTES, (each.series, each.run, each.hour))
    elif many:
        db.execute(_BY_HOUR, span)
    db.execute("DELETE FROM stale WHERE series = ? AND run = ? AND hour = ?", tuple(each))
