"""Everything remembered beside the readings, in store.db: cursors, devices, runs, contexts, what was heard.

Writing methods run inside `StoreFile.transaction()`, together with the readings and the cursor that they follow from.
Reading methods also work on a connection lent by `StoreFile.reader()`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import apsw
import msgspec

from hub.model import Device, Heard, Quality, Reading, Run, TimeSource
from hub.store.file import failure, insert
from hub.store.sqlite import FLAGS, RUN_BITS

MAX_HEARD = 2_000
"""Rows kept of the messages understood, and as many of those not understood; the oldest go."""
MAX_SEEN = 100_000
"""Message identities remembered to find repeats; the oldest go."""

_FIRST, _LAST = -(2**63), 2**63 - 1
"""What SQLite can hold of a time that a device made up."""
_OF_FLAGS = {number: of for of, number in FLAGS.items()}
# CROSS: `newest` first, each of its rows once, then who it is by number
_NEWEST = (
    f"FROM newest CROSS JOIN series ON series.id = curve >> {RUN_BITS}"
    f" CROSS JOIN timeline ON timeline.id = curve & {(1 << RUN_BITS) - 1}"
)
_ENCODE = msgspec.json.Encoder().encode
_DEVICE = msgspec.json.Decoder(Device).decode
_RUN = msgspec.json.Decoder(Run).decode


class StateStore:
    """Typed access to the state tables."""

    def __init__(self, db: apsw.Connection) -> None:
        """Work on `StoreFile.db`, or on a reader's connection for reading only."""
        self._db = db

    # how far the journal was read

    def cursor(self, name: str) -> int:
        """Return the journal position up to which all effects are stored; 0 at first."""
        return next((position for (position,) in self._rows("SELECT position FROM cursor WHERE name = ?", name)), 0)

    def set_cursor(self, name: str, position: int) -> None:
        """Say so, in the transaction of those effects."""
        self._db.execute("INSERT OR REPLACE INTO cursor VALUES(?,?)", (name, position))

    # small things by name

    def setting(self, name: str) -> str | None:
        """Return a setting that was stored, or None."""
        return next((value for (value,) in self._rows("SELECT value FROM setting WHERE name = ?", name)), None)

    def set_setting(self, name: str, value: str | None) -> None:
        """Keep a setting; None forgets it."""
        if value is None:
            self._db.execute("DELETE FROM setting WHERE name = ?", (name,))
        else:
            self._db.execute("INSERT OR REPLACE INTO setting VALUES(?,?)", (name, value))

    # what drivers and clocks remember

    def contexts(self) -> dict[tuple[str, str], bytes]:
        """Return (driver model, scope) → the context as it was packed."""
        return {(driver, scope): data for driver, scope, data in self._rows("SELECT * FROM context")}

    def put_contexts(self, contexts: Mapping[tuple[str, str], bytes]) -> None:
        """Keep packed contexts by (driver model, scope)."""
        rows = [(driver, scope, data) for (driver, scope), data in contexts.items()]
        insert(self._db, "INSERT OR REPLACE INTO context", rows)

    def put_context(self, driver: str, scope: str, data: bytes | None) -> None:
        """Replace one packed context; None erases it."""
        self._db.execute("DELETE FROM context WHERE driver = ? AND scope = ?", (driver, scope))
        if data is not None:
            self._db.execute("INSERT INTO context VALUES(?,?,?)", (driver, scope, data))

    def clocks(self) -> dict[str, bytes]:
        """Return device → what is known of its clock, as it was packed."""
        return dict(self._rows("SELECT * FROM clock"))

    def put_clocks(self, clocks: Mapping[str, bytes]) -> None:
        """Keep what is known of devices' clocks, packed."""
        insert(self._db, "INSERT OR REPLACE INTO clock", [*clocks.items()])

    # devices

    def devices(self) -> list[Device]:
        """Return all devices in the order first seen."""
        return [_DEVICE(data) for (data,) in self._rows("SELECT data FROM device ORDER BY rowid")]

    def put_devices(self, devices: Iterable[Device]) -> None:
        """Keep new or changed devices, whole."""
        rows = [*{device.uid: _text(device) for device in devices}.items()]
        insert(self._db, "INSERT INTO device(uid, data)", rows, "ON CONFLICT(uid) DO UPDATE SET data = excluded.data")

    def forget(self, uid: str) -> None:
        """Erase what is remembered of a device itself, but its readings; its next message makes it known anew."""
        for table, column in (("device", "uid"), ("alias", "device"), ("clock", "device")):
            self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (uid,))  # noqa: S608 — our own constants
        self._db.execute("DELETE FROM seen WHERE device = ?", (uid,))
        self._db.execute("DELETE FROM mark WHERE kind = 'device' AND name = ?", (uid,))

    def forget_apart(self, uids: Collection[str]) -> None:
        """Take devices out of what others are said not to be."""
        gone = set(uids)
        left = [
            msgspec.structs.replace(each, apart=tuple(uid for uid in each.apart if uid not in gone))
            for each in self.devices()
            if gone.intersection(each.apart)
        ]
        self.put_devices(left)

    def forget_heard(self, named: Callable[[str, bytes], bool]) -> None:
        """Erase the listed messages whose topic or payload is one of a device's."""
        for row, topic, reason, payload in self._rows("SELECT rowid, topic, reason, payload FROM heard"):
            if named(f"{topic} {reason}", payload):
                self._db.execute("DELETE FROM heard WHERE rowid = ?", (row,))

    def forget_of_runs(self, uids: Iterable[str], ended: Collection[str]) -> None:
        """Take devices out of what ended runs announced; those of a living one stay marked as simulated."""
        gone = set(uids)
        for run in self.runs():
            mine = gone & set(run.devices)
            if mine and run.id in ended:
                left = tuple(uid for uid in run.devices if uid not in gone)
                self.put_runs([msgspec.structs.replace(run, devices=left)])
            elif mine:
                self.put_marks(dict.fromkeys(mine, run.id))

    def aliases(self) -> dict[str, str]:
        """Return every other name or native id → uid."""
        return dict(self._rows("SELECT name, device FROM alias"))

    def put_aliases(self, aliases: Iterable[tuple[str, str, int]]) -> None:
        """Keep (name, uid, journal position from which it holds)."""
        insert(self._db, "INSERT OR REPLACE INTO alias", [*aliases])

    # latest values, which `SqliteHistory.put_latest` keeps

    def latest(self) -> list[Reading]:
        """Return the newest reading of each channel on its device's present run, channels in the order first seen."""
        rows = self._rows(
            "SELECT series.device, channel, nullif(unit, '') AS unit, value, time, received, flags, timeline.run, tie"
            f" {_NEWEST}"
            " JOIN device ON device.uid = series.device AND device.data ->> '$.run' = timeline.run"
            " AND NOT ifnull(device.data ->> '$.removed', 0)"
            " ORDER BY curve"
        )
        found: dict[tuple[str, str], Reading] = {}
        for device, channel, unit, value, time, received, flags, run, tie in rows:
            quality, source = _meant(flags)
            before = found.get((device, channel))  # in another unit
            if before is None or (time, received) >= (before.time, before.received):
                found[device, channel] = Reading(
                    device, channel, unit, value, time, received, source, quality, run, tie
                )
        return [*found.values()]

    def channels(self) -> list[tuple[str, str]]:
        """Return every (uid, channel) ever heard, on whatever run."""
        return self._rows(f"SELECT DISTINCT device, channel {_NEWEST}")

    def newest_times(self, times: int, channels: int) -> dict[tuple[str, str], list[int]]:
        """Return (uid, channel) → its newest times [ns] on its device's present run, oldest first.

        Args:
            times: most times of a channel.
            channels: most channels, those heard last first.
        """
        rows = self._rows(
            "SELECT series.device, series.channel,"  # noqa: S608 — own constants
            " (SELECT json_group_array(time) FROM (SELECT time FROM readings"
            "  WHERE readings.series = series.id AND readings.run = timeline.id ORDER BY time DESC LIMIT ?1))"
            f" {_NEWEST.replace('newest', '(SELECT curve, received FROM newest ORDER BY received DESC LIMIT ?2)', 1)}"
            " JOIN device ON device.uid = series.device AND device.data ->> '$.run' = timeline.run"
            " ORDER BY received",  # of a channel in two units the one heard last
            times,
            channels,
        )
        return {(device, channel): msgspec.json.decode(found)[::-1] for device, channel, found in rows}

    # timelines

    def runs(self) -> list[Run]:
        """Return all runs in the order first heard of."""
        return [_RUN(data) for (data,) in self._rows("SELECT data FROM run ORDER BY rowid")]

    def put_runs(self, runs: Iterable[Run]) -> None:
        """Keep new or changed runs, whole."""
        rows = [*{run.id: _text(run) for run in runs}.items()]
        insert(self._db, "INSERT INTO run(id, data)", rows, "ON CONFLICT(id) DO UPDATE SET data = excluded.data")

    def marks(self, kind: str = "device") -> dict[str, str]:
        """Return what is simulated for ever → the run that it belongs to; `kind`: `device` (uids) or `topic`."""
        return dict(self._rows("SELECT name, run FROM mark WHERE kind = ?", kind))

    def put_marks(self, marks: Mapping[str, str], kind: str = "device") -> None:
        """Mark as simulated, for ever, by the run that it belongs to now."""
        insert(self._db, "INSERT OR REPLACE INTO mark", [(kind, name, run) for name, run in marks.items()])

    # rules

    def rules(self) -> dict[str, bytes]:
        """Return key → state of the rules, as it was packed."""
        return dict(self._rows("SELECT * FROM rule"))

    def put_rules(self, states: Mapping[str, bytes | None]) -> None:
        """Keep packed rule states by key; None forgets one."""
        insert(
            self._db, "INSERT OR REPLACE INTO rule", [(key, data) for key, data in states.items() if data is not None]
        )
        for key in (key for key, data in states.items() if data is None):
            self._db.execute("DELETE FROM rule WHERE name = ?", (key,))

    # what was heard

    def heard(self, limit: int = 1000, *, understood: bool | None = None) -> list[Heard]:
        """Return the newest message of each topic (and of each reason), newest first, with how many there were."""
        where = "" if understood is None else f"WHERE understood = {understood:d}"
        rows = self._rows(
            "SELECT position, topic, received, understood, driver, reason, payload, count"  # noqa: S608 — a digit
            f" FROM heard {where} ORDER BY position DESC, rowid DESC LIMIT ?",
            limit,
        )
        return [
            Heard(
                position=position,
                topic=topic,
                received=received,
                understood=bool(known),
                driver=driver,
                reason=reason or None,
                payload=payload,
                count=count,
            )
            for position, topic, received, known, driver, reason, payload, count in rows
        ]

    def put_heard(self, heard: Iterable[Heard]) -> None:
        """Keep the newest of each topic and reason and count the rest; the oldest rows go beyond MAX_HEARD a kind."""
        groups: dict[tuple[str, bool, str], Heard] = {}
        for each in heard:
            key = (_sayable(each.topic), each.understood, _sayable(each.reason or ""))
            before = groups.pop(key, None)
            groups[key] = each if before is None else msgspec.structs.replace(each, count=before.count + each.count)
        if not groups:
            return
        rows = [
            (*key, each.driver, each.position, each.received, each.payload, each.count) for key, each in groups.items()
        ]
        insert(
            self._db,
            "INSERT INTO heard(topic, understood, reason, driver, position, received, payload, count)",
            rows[-MAX_HEARD:],
            "ON CONFLICT(topic, understood, reason) DO UPDATE SET driver = excluded.driver,"
            " position = excluded.position, received = excluded.received, payload = excluded.payload,"
            " count = count + excluded.count",
        )
        for understood in {key[1] for key in groups}:
            self._drop_oldest_heard(understood=understood)

    # repeats

    def seen(self) -> list[tuple[str, int, int]]:
        """Return the newest message identities (device, own time [ns] or sequence, hash), oldest first."""
        return self._rows("SELECT device, measured, tie FROM seen ORDER BY rowid")

    def put_seen(self, identities: Iterable[tuple[str, int, int]]) -> None:
        """Remember message identities; the oldest go beyond MAX_SEEN."""
        rows = [(uid, max(_FIRST, min(measured, _LAST)), tie) for uid, measured, tie in identities]
        if not rows:
            return
        insert(self._db, "INSERT OR IGNORE INTO seen(device, measured, tie)", rows)
        self._db.execute("DELETE FROM seen WHERE rowid <= (SELECT max(rowid) FROM seen) - ?", (MAX_SEEN,))

    def _rows(self, sql: str, *values: str | int) -> list[Any]:
        """Return the rows of a query.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            return self._db.execute(sql, values).fetchall()
        except apsw.Error as error:
            raise failure(Path(self._db.filename), error) from error

    def _drop_oldest_heard(self, *, understood: bool) -> None:
        self._db.execute(
            "DELETE FROM heard WHERE understood = ?1 AND rowid IN"
            " (SELECT rowid FROM heard WHERE understood = ?1 ORDER BY position DESC, rowid DESC LIMIT -1 OFFSET ?2)",
            (understood, MAX_HEARD),
        )


def _meant(flags: int) -> tuple[Quality, TimeSource]:
    """Return what a column `flags` means.

    Raises:
        ValueError: nothing; it is damaged.
    """
    if flags not in _OF_FLAGS:
        msg = f"{flags} stands for no quality and source"
        raise ValueError(msg)
    return _OF_FLAGS[flags]


def _text(struct: msgspec.Struct) -> str:
    """Return a Struct as JSON text: any tool can read the column, and a later version may add fields."""
    return _ENCODE(struct).decode()


def _sayable(text: str) -> str:
    """Return a text with what no file can hold (lone surrogates) as `?`: this list takes every message."""
    return text.encode(errors="replace").decode()
