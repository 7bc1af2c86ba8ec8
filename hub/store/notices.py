"""Who is still to be told of which step of an alarm: put in with the step's own commit, let go once told.

Killed between telling and letting go, the same notice goes out again under the same id; never one that nobody put in.
Writing methods run inside `StoreFile.transaction()`; reading ones also work on a connection lent by
`StoreFile.reader()`.
"""

from collections.abc import Iterable
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from hub.model import Alarm
from hub.store.alarms import Transition

MOST = 2_000
"""Notices that wait at most; the oldest go, and are counted."""


class Said(Struct, frozen=True, kw_only=True):
    """A step, and the alarm as it was with it."""

    alarm: Alarm
    step: Transition


class Notice(Struct, frozen=True, kw_only=True):
    """One step that is still to be told by one way.

    Attributes:
        at: wall clock [ns] when it happened.
        due: wall clock [ns] of the next try.
        tries: how often it was tried.
    """

    id: int
    way: str
    at: int
    due: int
    tries: int
    said: Said

    @property
    def key(self) -> str:
        """What is the same each time it is told: the alarm, the step, its time."""
        return f"{self.said.alarm.id}/{self.said.step.step}-{self.said.step.at // 1_000_000}"


_ENCODE = msgspec.json.Encoder().encode
_SAID = msgspec.json.Decoder(Said).decode


class NoticeStore:
    """Typed access to the table."""

    def __init__(self, db: apsw.Connection) -> None:
        """Work on `StoreFile.db`, or on a reader's connection for reading only."""
        self._db = db

    def put(self, way: str, alarm: Alarm, step: Transition, at: int) -> None:
        """Keep a step until it is told; `at`: wall clock [ns]."""
        said = _ENCODE(Said(alarm=alarm, step=step)).decode()
        self._db.execute("INSERT INTO notice(way, at, due, tries, data) VALUES(?,?,?,0,?)", (way, at, at, said))

    def bound(self, most: int = MOST) -> int:
        """Let the oldest go beyond so many; return how many went."""
        self._db.execute("DELETE FROM notice WHERE id <= (SELECT max(id) FROM notice) - ?", (most,))
        return self._db.changes()

    def waiting(self, limit: int = MOST) -> list[Notice]:
        """Return what waits, oldest first."""
        rows = self._db.execute("SELECT id, way, at, due, tries, data FROM notice ORDER BY id LIMIT ?", (limit,))
        return [
            Notice(id=number, way=way, at=at, due=due, tries=tries, said=_SAID(data))
            for number, way, at, due, tries, data in rows
        ]

    def done(self, ids: Iterable[int]) -> None:
        """Let go what was told, or never will be."""
        self._db.executemany("DELETE FROM notice WHERE id = ?", [(number,) for number in ids])

    def again(self, number: int, due: int) -> None:
        """Try once more at `due` [ns]."""
        self._db.execute("UPDATE notice SET tries = tries + 1, due = ? WHERE id = ?", (due, number))

    def forget(self, uids: Iterable[str]) -> None:
        """Erase what is still to be told of devices."""
        rows: list[Any] = [(uid,) for uid in uids]
        self._db.executemany("DELETE FROM notice WHERE data ->> '$.alarm.device' = ?", rows)
