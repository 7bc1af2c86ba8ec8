"""The default history: plain rows in store.db in one key order, and roll-ups of their minutes and hours.

Rows lie in the order of (series, run, time, tie), so a curve is one stretch of the file. Queries return one row of
JSON: apsw hands the interpreter over at each row, and beside a busy thread a thousand rows would take seconds.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from hub.errors import UsageError
from hub.model import Quality, Reading, TimeSource
from hub.store import rolled
from hub.store.base import Aggregate, Range, Row, Rows, Series
from hub.store.file import StoreFile, StoreReader, insert
from hub.store.rollup_tables import HOUR, MINUTE
from hub.store.rollups import Place, Rollups
from hub.store.rollups import forget as forget_rollups
from hub.store.thinning import Piece, drawn, window

_QUALITIES = tuple(Quality)
FLAGS = {
    (quality, source): low + 4 * high for low, quality in enumerate(Quality) for high, source in enumerate(TimeSource)
}
"""A reading's column `flags`."""
RUN_BITS = 32
"""Bits of a curve's number in `newest` that are its run's; those above are its series'."""
_NEWER = """ON CONFLICT(curve) DO UPDATE SET time = excluded.time, tie = excluded.tie, value = excluded.value,
  flags = excluded.flags, received = excluded.received WHERE excluded.time >= newest.time"""
_AGGREGATES: dict[Aggregate, str] = {
    "count": "count(*)",
    "mean": "avg(value)",
    "min": "min(value)",
    "max": "max(value)",
    "last": "value",  # SQLite: beside max(time), the value of that row
}


class Known(Struct, frozen=True, gc=False):
    """A curve: a series on a timeline, by its numbers and its names."""

    series: int
    run_number: int
    device: str
    channel: str
    unit: str | None
    run: str


class SqliteReadings:
    """Readings of store.db, for reading only (see the contract, `hub.store.base.History`).

    Committed rows on connections of its own, in any thread but an event loop's.
    """

    def __init__(self, file: StoreReader) -> None:
        """Read from `file`."""
        self._from = file

    def readings(self, asked: Range) -> Rows:
        """Return stored readings in order of time, then series (in the order first stored), run and tie."""
        after = _position(asked.after)
        with self._from.reader() as db:
            curves = curves_of(db, asked)
            ranks = {(each.series, each.run_number): each for each in curves}
            found = _page(db, [*ranks], asked, after)
        rows = [
            _row(ranks[series, run], time, value, flags)
            for time, series, run, _tie, value, flags in found[: asked.limit]
        ]
        more = len(found) > asked.limit
        return Rows(rows, _cursor(found[asked.limit - 1]) if more else None)

    def aggregate(self, asked: Range, kind: Aggregate, every: int | None) -> list[Row]:
        """Return one row a series and window, in order of time, then series.

        Windows are multiples of `every` since 1970. All readings are counted; bad ones are left out of the rest.
        """
        if every is not None and every <= 0:
            msg = f"every is {every} ns: a window is longer than nothing; ask for instance every=60s"
            raise UsageError(msg)
        rows: list[Row] = []
        with self._from.reader() as db:
            can_roll = kind != "last" and rolled.has(db)
            for each in curves_of(db, asked):
                found = _rolled(db, each, asked, kind, every) if can_roll else None
                rows += _grouped(db, each, asked, kind, every) if found is None else found
        rows.sort(key=lambda row: row.time)
        return rows[: asked.limit]

    def series(self, asked: Range, width: int) -> list[Series]:
        """Return curves of at most 2 × `width` points: means of windows with their extremes; bad readings left out."""
        if width < 1:
            msg = f"width is {width}: ask for at least one point"
            raise UsageError(msg)
        with self._from.reader() as db:
            pieces = [(each, _pieces(db, each, asked, width)) for each in curves_of(db, asked)]
        curves = [(each, drawn(found)) for each, found in pieces if found]
        return [
            Series(each.device, each.channel, each.unit, each.run, curve.t, curve.v, curve.low, curve.high)
            for each, curve in curves
        ]

    def last_time(self, device: str, run: str) -> int | None:
        """Return the time of a device's newest reading on a run."""
        with self._from.reader() as db:
            curves = curves_of(db, Range(device=device, run=run))
            sql = "SELECT max(time) FROM readings WHERE series = ? AND run = ?"
            newest = [db.execute(sql, (each.series, each.run_number)).get for each in curves]
        return max((time for time in newest if time is not None), default=None)


class SqliteHistory(SqliteReadings):
    """Readings in store.db; what changes them belongs to the thread that owns `StoreFile.db`."""

    def __init__(self, file: StoreFile, rollups: Rollups | None = None) -> None:
        """Keep readings in `file`, and mark for `rollups` what is to be rolled up."""
        super().__init__(file)
        self._file = file
        self._rollups = Rollups(file) if rollups is None else rollups
        self._numbers: dict[tuple[str, str, str | None, str], Place] = {}
        file.on_undo(self._numbers.clear)

    def write(self, readings: Sequence[Reading]) -> None:
        """Store them, in the caller's transaction or one of its own."""
        if self._file.db.in_transaction:
            self._write(readings)
            return
        with self._file.transaction():
            self._write(readings)

    def put_latest(self, readings: Iterable[Reading]) -> None:
        """Keep the newest reading of each curve, stored or only shown, in the caller's transaction.

        An older measure replaces nothing. After `write`, which knows the numbers of what it stored.
        """
        curves, rows = self._numbers, []
        for each in readings:
            place = curves.get((each.device, each.channel, each.unit, each.run))
            series, run = (
                self._numbered(each.device, each.channel, each.unit, each.run)
                if place is None
                else (place.series, place.run)
            )
            flags = FLAGS[each.quality, each.time_source]
            rows.append((series << RUN_BITS | run, each.time, each.tie, each.value, flags, each.received))
        insert(self._file.db, "INSERT INTO newest", rows, _NEWER)

    def forget(self, device: str) -> int:
        """Erase all readings of a device and return how many there were; inside a transaction."""
        db = self._file.db
        ids = [number for (number,) in db.execute("SELECT id FROM series WHERE device = ?", (device,))]
        before = db.total_changes()
        for number in ids:
            db.execute("DELETE FROM readings WHERE series = ?", (number,))
        gone = db.total_changes() - before
        for number in ids:
            db.execute("DELETE FROM curve WHERE series = ?", (number,))
            first = number << RUN_BITS
            db.execute("DELETE FROM newest WHERE curve >= ? AND curve < ?", (first, first + (1 << RUN_BITS)))
            db.execute("DELETE FROM thinned WHERE series = ?", (number,))
            forget_rollups(db, number)
            db.execute("DELETE FROM series WHERE id = ?", (number,))
        self._numbers.clear()
        self._rollups.forget()
        return gone

    def _write(self, readings: Sequence[Reading]) -> None:
        curves, enters = self._numbers, self._rollups.enters
        rows, late = [], []
        for each in readings:
            key = (each.device, each.channel, each.unit, each.run)
            place = curves.get(key)
            if place is None:
                place = curves[key] = self._new_curve(*key)
            at = each.time
            row = (place.series, place.run, at, each.tie, each.value, FLAGS[each.quality, each.time_source])
            if place.low <= at < place.high or not enters(place, at):
                rows.append(row)
            else:
                late.append(row)
        rows.sort()  # neighbours in the file are written together
        self._rollups.put(rows, late)

    def _new_curve(self, device: str, channel: str, unit: str | None, run: str) -> Place:
        series, number = self._numbered(device, channel, unit, run)
        self._file.db.execute("INSERT OR IGNORE INTO curve VALUES(?,?)", (series, number))
        return self._rollups.place(series, number)

    def _numbered(self, device: str, channel: str, unit: str | None, run: str) -> tuple[int, int]:
        """Return the numbers of a series and a run, new ones where they have none."""
        db = self._file.db
        names = (device, channel, unit or "")
        db.execute("INSERT OR IGNORE INTO series(device, channel, unit) VALUES(?,?,?)", names)
        db.execute("INSERT OR IGNORE INTO timeline(run) VALUES(?)", (run,))
        series: int = db.execute("SELECT id FROM series WHERE device = ? AND channel = ? AND unit = ?", names).get
        number: int = db.execute("SELECT id FROM timeline WHERE run = ?", (run,)).get
        return series, number


def _grouped(db: apsw.Connection, curve: Known, asked: Range, kind: Aggregate, every: int | None) -> list[Row]:
    """Return the windows of a curve, each made of its readings."""
    start = "?3" if every is None else f"time / {every} * {every}"
    leave_out = "" if kind == "count" else "AND (flags & 3) <> 2"
    sql = (
        f"SELECT {start} AS start, {_AGGREGATES[kind]} AS value, max(flags & 3) AS quality, max(time)"  # noqa: S608 — own constants and integers
        f" FROM readings WHERE series = ?1 AND run = ?2 AND time >= ?3 AND time < ?4 {leave_out}"
        f" GROUP BY start ORDER BY start LIMIT {asked.limit:d}"
    )
    found = _json(db, sql, ("start", "value", "quality"), _span(curve, asked))
    return [_row(curve, time, value, quality) for time, value, quality in found if value is not None]


def _rolled(db: apsw.Connection, curve: Known, asked: Range, kind: Aggregate, every: int | None) -> list[Row] | None:
    """Return the windows of a curve by its roll-ups; None: not of whole minutes, or nothing is rolled up."""
    unit = HOUR if every is None else rolled.exact(every)
    numbers, span = (curve.series, curve.run_number), (asked.start, asked.stop)
    if unit is None or not rolled.is_worth_it(db, numbers, span):
        return None
    ends = rolled.ends(db, numbers, span)
    if ends is None:
        return None
    fixed = None if every is None else rolled.Windows(ends[0] // every * every, every, unit)
    cut = fixed or rolled.fitting(*ends, 1, unit)
    found = rolled.windows(db, numbers, rolled.reach(span, ends[1], cut), cut, asked.limit)
    values = [(each.start if every is not None else asked.start, each, each.value(kind)) for each in found]
    return [_row(curve, start, value, each.quality(kind)) for start, each, value in values if value is not None]


def curves_of(db: apsw.Connection, asked: Range) -> list[Known]:
    """Return the curves asked for, in order of device, channel, unit and run."""
    conditions = ["1"]
    values: list[str] = []
    devices = (asked.device,) if isinstance(asked.device, str) else asked.device
    if devices is not None:
        conditions.append(f"device IN ({','.join('?' * len(devices))})")
        values += devices
    if asked.channel is not None:
        conditions.append("channel = ?")
        values.append(asked.channel)
    if asked.run is not None:
        conditions.append("timeline.run = ?")
        values.append(asked.run)
    sql = (
        "SELECT series.id, timeline.id AS run, device, channel, nullif(unit, '') AS unit, timeline.run AS name"  # noqa: S608 — own constants
        " FROM series CROSS JOIN curve ON curve.series = series.id JOIN timeline ON timeline.id = curve.run"
        f" WHERE {' AND '.join(conditions)} ORDER BY device, channel, unit, name"
    )
    return [Known(*row) for row in _json(db, sql, ("id", "run", "device", "channel", "unit", "name"), values)]


def ends_of(db: apsw.Connection, asked: Range) -> tuple[int, int]:
    """Return the times [ns] of the first and the last reading asked for; (0, 0): there is none."""
    each = [_json(db, _ENDS, ("first", "last"), _span(curve, asked))[0] for curve in curves_of(db, asked)]
    found = [(first, last) for first, last in each if first is not None]
    return min((first for first, _ in found), default=0), max((last for _, last in found), default=0)


def rows_after(
    db: apsw.Connection, curve: tuple[int, int], after: tuple[int, int], stop: int, most: int
) -> list[list[Any]]:
    """Return the rows (time, tie, value, flags) of a curve after a (time, tie), in that order."""
    sql = """SELECT time, tie, value, flags FROM readings WHERE series = ?1 AND run = ?2 AND (time, tie) > (?3, ?4)
             AND time < ?5 ORDER BY time, tie LIMIT ?6"""
    return _json(db, sql, ("time", "tie", "value", "flags"), (*curve, *after, stop, most))


def _page(
    db: apsw.Connection, curves: Sequence[tuple[int, int]], asked: Range, after: tuple[int, int, int, int] | None
) -> list[list[Any]]:
    """Return at most limit + 1 rows (time, series, run, tie, value, flags) in that order, those after `after`.

    The span looked at doubles until it holds enough, so that the cost follows what is returned, not what is asked.
    """
    found: list[list[Any]] = []
    start = asked.start if after is None else after[0]
    span = 1_000_000_000
    chosen = msgspec.json.encode(curves).decode()
    first = _json(db, _FIRST_TIME, ("first",), (chosen, start, asked.stop))[0][0]
    while first is not None and len(found) <= asked.limit:
        start, stop = first, min(first + span, asked.stop)
        values = (chosen, start, stop, *(after or (-1, -1, -1, -1)), asked.limit + 1 - len(found))
        found += _json(db, _PAGE, ("time", "series", "run", "tie", "value", "flags"), values)
        span *= 4
        first = _json(db, _FIRST_TIME, ("first",), (chosen, stop, asked.stop))[0][0]
    return found


_FIRST_TIME = """
SELECT min((SELECT time FROM readings
            WHERE series = wanted.value ->> 0 AND run = wanted.value ->> 1 AND time >= ?2 AND time < ?3
            ORDER BY time LIMIT 1)) AS first
FROM json_each(?1) AS wanted"""
_PAGE = """
SELECT time, series, run, tie, readings.value AS value, flags
FROM json_each(?1) AS wanted
CROSS JOIN readings ON series = wanted.value ->> 0 AND run = wanted.value ->> 1 AND time >= ?2 AND time < ?3
WHERE (time, series, run, tie) > (?4, ?5, ?6, ?7)
ORDER BY time, series, run, tie LIMIT ?8"""
_RAW = """
SELECT time, value FROM readings
WHERE series = ?1 AND run = ?2 AND time >= ?3 AND time < ?4 AND (flags & 3) <> 2 ORDER BY time LIMIT ?5"""
_ENDS = """
SELECT (SELECT time FROM readings WHERE series = ?1 AND run = ?2 AND time >= ?3 AND time < ?4
        ORDER BY time LIMIT 1) AS first,
       (SELECT time FROM readings WHERE series = ?1 AND run = ?2 AND time >= ?3 AND time < ?4
        ORDER BY time DESC LIMIT 1) AS last"""
_THINNED = """
WITH RECURSIVE step(start) AS (SELECT ?3 UNION ALL SELECT start + ?5 FROM step WHERE start + ?5 < ?4)
SELECT (
  SELECT json_array(min(time), max(time), count(*), avg(value), min(value), max(value)) FROM readings
  WHERE series = ?1 AND run = ?2 AND time >= step.start AND time < step.start + ?5 AND (flags & 3) <> 2
) AS piece FROM step"""
"""One seek a window: grouping by a computed window would sort all rows first (a year of readings each 10 s: 1.8 s
against 0.75 s, measured)."""


def _pieces(db: apsw.Connection, curve: Known, asked: Range, width: int) -> list[Piece]:
    """Return at most `width` pieces: the readings themselves where they are few, else one for each window."""
    span, numbers = _span(curve, asked), (curve.series, curve.run_number)
    has_rolled = rolled.has(db)
    is_whole = not has_rolled or asked.start >= rolled.gone(db, numbers)
    if is_whole:
        raw = _json(db, _RAW, ("time", "value"), (*span, width + 1))
        if len(raw) <= width:
            return [Piece(time, time, 1, value, value, value) for time, value in raw]
    if has_rolled:
        ends = rolled.ends(db, numbers, (asked.start, asked.stop))
        if ends is None:
            return []
        unit = rolled.unit_of(window(*ends, width)) or (None if is_whole else MINUTE)
        if unit is not None:
            cut = rolled.fitting(*ends, width, unit)
            reach = rolled.reach((asked.start, asked.stop), ends[1], cut)
            return [_piece(each) for each in rolled.windows(db, numbers, reach, cut, width) if each.many]
    ((first, last),) = _json(db, _ENDS, ("first", "last"), span)
    step = window(first, last, width)
    found = (Piece(*row) for (row,) in _json(db, _THINNED, ("json(piece)",), (*span[:2], first, last + 1, step)))
    return [piece for piece in found if piece.count]


def _piece(of: rolled.Bucket) -> Piece:
    return Piece(of.first, of.last, of.many, of.total / of.many, of.low, of.high)  # type: ignore[arg-type]  # it has readings


def _span(curve: Known, asked: Range) -> tuple[int, int, int, int]:
    return curve.series, curve.run_number, asked.start, asked.stop


def _json(db: apsw.Connection, sql: str, names: Iterable[str], values: Iterable[Any]) -> list[list[Any]]:
    """Return the rows of a query by one step of SQLite (see the module); numbers survive the text unchanged."""
    whole = f"SELECT json_group_array(json_array({','.join(names)})) FROM ({sql})"  # noqa: S608 — callers' constants
    text: str = db.execute(whole, [*values]).get
    rows: list[list[Any]] = msgspec.json.decode(text)
    return rows


def _row(curve: Known, time: int, value: float, flags: int) -> Row:
    return Row(curve.device, curve.channel, curve.unit, curve.run, time, float(value), _QUALITIES[flags & 3])


def _cursor(row: Sequence[int]) -> str:
    return "-".join(f"{number:x}" for number in row[:4])


def _position(cursor: str | None) -> tuple[int, int, int, int] | None:
    """Return (time, series, run, tie) of the last row returned.

    Raises:
        UsageError: the cursor is none of ours.
    """
    if cursor is None:
        return None
    try:
        time, series, run, tie = (int(part, 16) for part in cursor.split("-"))
    except ValueError:
        msg = f"cursor {cursor!r} is none: give back `next` of the previous answer as it was"
        raise UsageError(msg) from None
    return time, series, run, tie
