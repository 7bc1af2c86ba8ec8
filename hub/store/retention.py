"""What store.db keeps, and how it lets the rest go: in slices so small that nobody waits for them (reliability.md R23).

Ages, all of them settings. Beyond the first, of each five minutes of a curve only the lowest, the highest and the last
reading stay, and the last bad one: readings as they were, not means, so every query and export goes on as before.
Beyond the second no reading stays. The roll-ups of minutes and of hours have an age each; they say what was measured,
also where readings were let go since: nothing goes before it is rolled up. A run is let go whole, some days after its
last beat, as in InfluxDB (design.md §5).

The room is given to new readings; where a lot of it is free, the file shrinks, slice by slice.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import apsw
from msgspec import Struct

from hub.model import NS, REAL
from hub.store import rollups
from hub.store.file import StoreFile

DAY = 86_400 * NS
WINDOW = 300 * NS
SIMULATED = 30 * DAY
"""A run stays so long [ns] after its last beat unless told."""
SLICE = 0.05
"""Longest [s] that a slice goes on beginning something; one deletion takes a few milliseconds."""
AT_ONCE = 500
"""Rows a deletion."""


class Keep(Struct, frozen=True):
    """How long readings stay.

    Attributes:
        raw: all of them [ns]; None: for ever.
        extremes: the extremes of each five minutes [ns]; None: for ever.
        minutes: roll-ups of minutes [ns]; None: for ever.
        hours: roll-ups of hours [ns]; None: for ever.
        runs: a simulation's or replay's readings, after its last beat [ns]; None: for ever.
    """

    raw: int | None = None
    extremes: int | None = None
    minutes: int | None = None
    hours: int | None = None
    runs: int | None = SIMULATED

    @classmethod
    def days(cls, raw: int, extremes: int, *, minutes: int = 0, hours: int = 0, runs: int = 30) -> "Keep":
        """Return it from days, 0 for ever."""
        return cls(*(days * DAY or None for days in (raw, extremes, minutes, hours, runs)))


FOR_EVER = Keep()


class _Curve(NamedTuple):
    """A curve by its numbers: its timeline, and when that last had a beat [ns], where it is a run."""

    series: int
    run: int
    name: str
    wall: int | None


class Retention:
    """Goes round the curves, slice by slice; `step` belongs to the thread that owns `StoreFile.db`."""

    def __init__(
        self,
        file: StoreFile,
        keep: Keep,
        *,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
        froze: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep so much of `file`.

        Args:
            file: store.db.
            keep: what stays.
            wall: wall clock [ns].
            monotonic: what a slice is measured with [s].
            froze: is called when rows of an hour went: its roll-ups are not made from rows any more.
        """
        self._froze = froze
        self._file = file
        self._keep = keep
        self._wall = wall
        self._monotonic = monotonic
        self._round: deque[_Curve] = deque()

    def step(self) -> bool:
        """Let go for a slice, in one transaction; tell whether the round goes on: there may be more.

        Raises:
            StoreError: nothing went; the next step tries again.
        """
        until = self._monotonic() + SLICE
        if not self._round:
            self._round.extend(_curves(self._file.db))
        with self._file.transaction() as db:
            while self._round and self._monotonic() < until:
                if not self._let_go(db, self._round[0]):
                    self._round.popleft()
        return bool(self._round)

    def _let_go(self, db: apsw.Connection, curve: _Curve) -> bool:
        """Let a little of a curve go; tell whether something went."""
        now, keep = self._wall(), self._keep
        if curve.name != REAL:
            is_over = keep.runs is not None and curve.wall is not None and curve.wall < now - keep.runs
            return is_over and (_delete(db, curve, _EVER) or _forget(db, curve))
        stale = rollups.oldest_stale(db, curve.series, curve.run)
        rolled = _EVER if stale is None else stale
        if keep.extremes is not None and self._delete_real(db, curve, min(now - keep.extremes, rolled)):
            return True
        if keep.minutes is not None and rollups.drop_minutes(db, curve.series, curve.run, now - keep.minutes):
            return True
        if keep.hours is not None and rollups.drop_hours(db, curve.series, curve.run, now - keep.hours):
            return True
        return keep.raw is not None and self._thin(db, curve, min(now - keep.raw, rolled) // WINDOW * WINDOW)

    def _delete_real(self, db: apsw.Connection, curve: _Curve, before: int) -> bool:
        """Delete the oldest readings of a curve, of which the roll-ups stay; tell whether there were any."""
        until = db.execute(_UNTIL, (curve.series, curve.run, before, AT_ONCE)).get
        if until is None:
            return False
        db.execute(_DELETE, (curve.series, curve.run, until))
        left = db.execute(_NEXT, (curve.series, curve.run, until, before)).get
        gone = before if left is None else until + 1
        db.execute("INSERT OR REPLACE INTO gone VALUES(?,?,?)", (curve.series, curve.run, gone))
        self._froze()
        return True

    def _thin(self, db: apsw.Connection, curve: _Curve, before: int) -> bool:
        if not _thin(db, curve, before):
            return False
        self._froze()
        return True


def _forget(db: apsw.Connection, curve: _Curve) -> bool:
    """Delete the roll-ups of a curve whose readings are gone; nothing more is to be done for it."""
    rollups.erase(db, curve.series, curve.run, 0, _EVER)
    return False


def _curves(db: apsw.Connection) -> list[_Curve]:
    rows = db.execute(
        "SELECT curve.series, curve.run, timeline.run, run.data ->> '$.wall' FROM curve"
        " JOIN timeline ON timeline.id = curve.run LEFT JOIN run ON run.id = timeline.run"
    )
    return [_Curve(*row) for row in rows]


def _delete(db: apsw.Connection, curve: _Curve, before: int) -> bool:
    """Delete the oldest readings before a time [ns], some hundred; tell whether there were any."""
    until = db.execute(_UNTIL, (curve.series, curve.run, before, AT_ONCE)).get
    if until is not None:
        db.execute(_DELETE, (curve.series, curve.run, until))
    return until is not None


def _thin(db: apsw.Connection, curve: _Curve, before: int) -> bool:
    """Thin the next window before a time [ns] that was not yet; tell whether there was one."""
    where = (curve.series, curve.run)
    row = db.execute("SELECT until FROM thinned WHERE series = ? AND run = ?", where).fetchone()
    first: int | None = db.execute(_NEXT, (*where, -(2**63) if row is None else row[0], before)).get
    if first is None:
        return False
    start = first // WINDOW * WINDOW
    db.execute(_THIN, (*where, start, start + WINDOW))
    db.execute("INSERT OR REPLACE INTO thinned VALUES(?,?,?)", (*where, start + WINDOW))
    return True


_EVER = 2**63 - 1
_UNTIL = """
SELECT max(time) FROM (
  SELECT time FROM readings WHERE series = ?1 AND run = ?2 AND time < ?3 ORDER BY time LIMIT ?4)"""
_DELETE = "DELETE FROM readings WHERE series = ? AND run = ? AND time <= ?"
_NEXT = "SELECT time FROM readings WHERE series = ? AND run = ? AND time >= ? AND time < ? ORDER BY time LIMIT 1"
_THIN = """
WITH mine AS (SELECT time, tie, value, flags & 3 AS quality FROM readings
              WHERE series = ?1 AND run = ?2 AND time >= ?3 AND time < ?4),
     kept AS (SELECT * FROM (SELECT time, tie FROM mine WHERE quality <> 2 ORDER BY value, time LIMIT 1)
              UNION SELECT * FROM (SELECT time, tie FROM mine WHERE quality <> 2 ORDER BY value DESC, time LIMIT 1)
              UNION SELECT * FROM (SELECT time, tie FROM mine WHERE quality <> 2 ORDER BY time DESC, tie DESC LIMIT 1)
              UNION SELECT * FROM (SELECT time, tie FROM mine WHERE quality = 2 ORDER BY time DESC, tie DESC LIMIT 1))
DELETE FROM readings WHERE series = ?1 AND run = ?2 AND time >= ?3 AND time < ?4
  AND (time, tie) NOT IN (SELECT time, tie FROM kept)"""
