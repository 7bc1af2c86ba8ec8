"""Stretches of timelines in store.db: what a workshop session read and raised, copied out for good or erased."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import apsw
import msgspec

from hub.errors import StoreError
from hub.model import TYPED, Alarm
from hub.store import rollup_tables, rollups, schema

Stretch = tuple[str, int, int]
"""Run, first time and time after the last [ns]."""
_ALARM = msgspec.json.Decoder(Alarm).decode
_RAISED = "data ->> '$.run' = ? AND raised >= ? AND raised < ?"
_SAID = {**TYPED, "acknowledged_at": (*TYPED["acknowledged_at"], "comments")}
"""When it was said → what goes with it: what the hub wrote for a button, too."""
_THEN = "BETWEEN ?2 AND ?3"
"""What was typed at the very end goes too: a story that is paused stands at it."""
_STEPS = f"""
SELECT alarm FROM alarm_step WHERE alarm IN (SELECT id FROM alarm WHERE data ->> '$.run' = ?1)
  AND data ->> '$.at' {_THEN} AND data ->> '$.by' IS NOT NULL"""  # noqa: S608 — own constant
_TABLES = ("series", "timeline", "device", "alias", "mark")
"""What the readings are of, copied whole: small, and what a curve is called must not be looked for elsewhere."""


def alarms(db: apsw.Connection, stretches: Iterable[Stretch]) -> list[Alarm]:
    """Return the alarms that were raised in the stretches, newest first."""
    found: dict[str, Alarm] = {}
    for each in stretches:
        rows = db.execute(f"SELECT data FROM alarm WHERE {_RAISED}", each)  # noqa: S608 — own constant
        found |= {alarm.id: alarm for alarm in (_ALARM(str(data)) for (data,) in rows)}
    return sorted(found.values(), key=lambda alarm: alarm.raised_at, reverse=True)


def copy(store: Path, target: Path, stretches: Sequence[Stretch]) -> None:
    """Write a file of the same tables that holds the readings and alarms of the stretches, and what they are of.

    Reads curve by curve, each a moment, so that the store's log can shrink meanwhile; any thread but an event loop's.

    Raises:
        StoreError: it cannot be written.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    db = apsw.Connection(str(target), flags=flags)
    try:
        db.set_busy_timeout(5_000)
        schema.update(db)
        db.execute("ATTACH ? AS live", (f"{store.absolute().as_uri()}?mode=ro",))
        for table in _TABLES:
            db.execute(f"INSERT INTO {table} SELECT * FROM live.{table}")  # noqa: S608 — own constants
        for each in stretches:
            _copy(db, each)
        db.execute(rollup_tables.MARK_ALL)
    except apsw.Error as error:
        msg = f"{target.name} cannot be written ({error}); free some space: it is tried again"
        raise StoreError(msg) from error
    finally:
        db.close()


def _copy(db: apsw.Connection, stretch: Stretch) -> None:
    run, start, stop = stretch
    db.execute("INSERT OR IGNORE INTO run SELECT * FROM live.run WHERE id = ?", (run,))
    db.execute(f"INSERT OR IGNORE INTO alarm SELECT * FROM live.alarm WHERE {_RAISED}", stretch)  # noqa: S608 — own constant
    db.execute("INSERT OR IGNORE INTO alarm_step SELECT * FROM live.alarm_step WHERE alarm IN (SELECT id FROM alarm)")
    for curve in _curves(db, run, "live."):
        with db:
            db.execute(_COPY, (*curve, start, stop))
            if db.changes():
                db.execute("INSERT OR IGNORE INTO curve VALUES(?,?)", curve)


_COPY = (
    "INSERT OR IGNORE INTO readings SELECT * FROM live.readings WHERE series = ? AND run = ? AND time >= ? AND time < ?"
)
_DELETE = "DELETE FROM readings WHERE series = ? AND run = ? AND time >= ? AND time < ?"


def _curves(db: apsw.Connection, run: str, where: str = "") -> list[tuple[int, int]]:
    query = (
        f"SELECT curve.series, curve.run FROM {where}curve AS curve JOIN {where}timeline AS timeline"  # noqa: S608 — own constants
        " ON timeline.id = curve.run WHERE timeline.run = ?"
    )
    return [(int(series), int(number)) for series, number in db.execute(query, (run,))]


def erase(
    db: apsw.Connection, stretches: Iterable[Stretch], positions: Iterable[tuple[int, int]]
) -> tuple[int, list[str]]:
    """Erase readings and alarms of the stretches, and what was not understood at the positions; inside a transaction.

    An alarm that was raised before and acknowledged, set aside or taken back then stays, without who did it and what
    they wrote. Of a stretch of no length (a run stood still) only that is erased.

    Returns:
        How many readings went, and the ids of the alarms that went or lost their words.
    """
    gone, touched = 0, []
    for each in stretches:
        run, start, stop = each
        for curve in _curves(db, run) if start < stop else ():
            db.execute(_DELETE, (*curve, start, stop))
            gone += db.changes()
            rollups.erase(db, *curve, start, stop)
        touched += _ids(db.execute(f"DELETE FROM alarm WHERE {_RAISED} RETURNING id", each))  # noqa: S608 — own constant
        touched += _ids(db.execute(_STEPS, each))
        for at, names in _SAID.items():
            touched += _ids(db.execute(_unsaid(at, names), each))
    for name in touched:
        db.execute("DELETE FROM alarm_step WHERE alarm = ?", (name,))
        db.execute("DELETE FROM notice WHERE data ->> '$.alarm.id' = ?", (name,))
    for first, last in positions:
        db.execute("DELETE FROM heard WHERE position >= ? AND position < ?", (first, last))
    return gone, [*dict.fromkeys(touched)]


def _unsaid(at: str, names: Iterable[str]) -> str:
    paths = [f"'$.{name}'" for name in names]
    there = " OR ".join(f"data ->> {path} IS NOT NULL" for path in paths)
    return (
        f"UPDATE alarm SET data = json_remove(data, {', '.join(paths)})"  # noqa: S608 — own constants
        f" WHERE data ->> '$.run' = ?1 AND data ->> '$.{at}' {_THEN} AND ({there}) RETURNING id"
    )


def _ids(rows: Iterable[tuple[object, ...]]) -> list[str]:
    return [str(name) for (name,) in rows]
