"""What store.db keeps, and how it lets the rest go: in slices so small that nobody waits for them (reliability.md R23).

Two ages, both settings. Beyond the first, of each five minutes of a curve only the lowest, the highest and the last
reading stay, and the last bad one: readings as they were, not means, so every query and export goes on as before.
Beyond the second nothing stays. A run is let go whole, 30 days after its last beat, as in InfluxDB (design.md §5).

The room is given to new readings; the file does not shrink.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import apsw
from msgspec import Struct

from hub.model import NS, REAL
from hub.store.file import StoreFile

DAY = 86_400 * NS
WINDOW = 300 * NS
SIMULATED = 30 * DAY
"""A run stays so long [ns] after its last beat."""
SLICE = 0.05
"""Longest [s] that a slice goes on beginning something; one deletion takes a few milliseconds."""
AT_ONCE = 500
"""Rows a deletion."""


class Keep(Struct, frozen=True):
    """How long readings stay.

    Attributes:
        raw: all of them [ns]; None: for ever.
        extremes: the extremes of each five minutes [ns]; None: for ever.
    """

    raw: int | None = None
    extremes: int | None = None

    @classmethod
    def days(cls, raw: int, extremes: int) -> "Keep":
        """Return it from days, 0 for ever."""
        return cls(raw * DAY or None, extremes * DAY or None)


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
    ) -> None:
        """Keep so much of `file`.

        Args:
            file: store.db.
            keep: what stays.
            wall: wall clock [ns].
            monotonic: what a slice is measured with [s].
        """
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
        now = self._wall()
        if curve.name != REAL:
            is_over = curve.wall is not None and curve.wall < now - SIMULATED
            return is_over and _delete(db, curve, 2**63 - 1)
        if self._keep.extremes is not None and _delete(db, curve, now - self._keep.extremes):
            return True
        return self._keep.raw is not None and _thin(db, curve, (now - self._keep.raw) // WINDOW * WINDOW)


def _curves(db: apsw.Connection) -> list[_Curve]:
    rows = db.execute(
        "SELECT curve.series, curve.run, timeline.run, run.data ->> '$.wall' FROM curve"
        " JOIN timeline ON timeline.id = curve.run LEFT JOIN run ON run.id = timeline.run"
    )
    return [_Curve(*row) for row in rows]


def _delete(db: apsw.Connection, curve: _Curve, before: int) -> bool:
    """Delete the oldest readings before a time [ns], some hundred; tell whether there were any."""
    db.execute(_DELETE, (curve.series, curve.run, before, AT_ONCE))
    return db.changes() > 0


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


_DELETE = """
DELETE FROM readings WHERE series = ?1 AND run = ?2 AND time <= (
  SELECT max(time) FROM (
    SELECT time FROM readings WHERE series = ?1 AND run = ?2 AND time < ?3 ORDER BY time LIMIT ?4))"""
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
