"""The alarm journal in store.db: each alarm as it is now, and every step of its life (IEC 62682: who, when, why).

Writing methods run inside `StoreFile.transaction()`, in the one that moves the cursor: a restart repeats no step of an
alarm and skips none. Reading methods also work on a connection lent by `StoreFile.reader()`.
"""

import unicodedata
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from hub.errors import UsageError
from hub.model import Alarm, AlarmState
from hub.store.file import failure, insert

BETWEEN = "-"
"""Between the two numbers of a cursor."""
_ENCODE = msgspec.json.Encoder().encode
_ALARM = msgspec.json.Decoder(Alarm).decode


class Step(StrEnum):
    """What can happen to an alarm."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"


class Transition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of an alarm's life, at a time [ns] of its run.

    Attributes:
        by: who; None: it came by itself.
        comment: in their words; `comments`: the hub's own, `fr` and `en`, where a button did it.
        until: end [ns] of being set aside.
    """

    step: Step
    at: int
    by: str | None = None
    comment: str | None = None
    comments: dict[str, str] = {}
    until: int | None = None

    def noted(self, lang: str) -> str | None:
        """Return what stands beside it, in a language where the hub wrote it."""
        return self.comments.get(lang) or self.comment


_TRANSITION = msgspec.json.Decoder(Transition).decode


def transitions(before: Alarm | None, after: Alarm) -> list[Transition]:
    """Return the steps that lead from one state of an alarm (None: it was not there) to another, oldest first."""
    found: list[Transition] = []
    if before is None:
        found.append(Transition(step=Step.RAISED, at=after.raised_at))
    was_until = None if before is None else before.shelved_until
    if after.shelved_until is not None and after.shelved_until != was_until:
        at = after.raised_at if after.shelved_at is None else after.shelved_at
        found.append(Transition(step=Step.SHELVED, at=at, by=after.shelved_by, until=after.shelved_until))
    if was_until is not None and after.shelved_until is None:
        at = max(after.unshelved_at or 0, after.shelved_at or after.raised_at)
        found.append(Transition(step=Step.UNSHELVED, at=at, by=after.unshelved_by))
    if after.acknowledged_at is not None and (before is None or before.acknowledged_at is None):
        found.append(
            Transition(
                step=Step.ACKNOWLEDGED,
                at=after.acknowledged_at,
                by=after.acknowledged_by,
                comment=after.comment,
                comments=after.comments,
            )
        )
    if after.returned_at is not None and (before is None or before.returned_at is None):
        found.append(Transition(step=Step.RETURNED, at=after.returned_at))
    return sorted(found, key=lambda each: each.at)


class Asked(Struct, frozen=True, kw_only=True):
    """Which alarms are wanted; what is None or empty does not choose.

    Attributes:
        states, priorities: one of them.
        devices: uids of a device and of those merged into it.
        within: whether the alarm's time is wanted; times of different runs have no common order.
        runs: whether a run is one of those that are wanted.
        words: must all stand in its sentence, rule, device, or in what people said, in any language, accents or not.
        shown: gives an alarm as whoever asks may see it: what they may not, is not found by its words.
        limit: most alarms returned.
        after: cursor of the answer before.
    """

    usecase: str | None = None
    run: str | None = None
    rule: str | None = None
    states: frozenset[AlarmState] = frozenset()
    priorities: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    within: Callable[[Alarm], bool] | None = None
    runs: Callable[[str], bool] | None = None
    words: str = ""
    shown: Callable[[Alarm], Alarm] = lambda alarm: alarm
    limit: int = 1000
    after: str | None = None

    def takes(self, alarm: Alarm) -> bool:
        """Tell whether an alarm is wanted."""
        return (
            self.usecase in {None, alarm.usecase}
            and self.run in {None, alarm.run}
            and self.rule in {None, alarm.rule}
            and (not self.states or alarm.state in self.states)
            and (not self.priorities or alarm.priority in self.priorities)
            and (not self.devices or alarm.device in self.devices)
            and (self.within is None or self.within(alarm))
            and (self.runs is None or self.runs(alarm.run))
            and (not self.words or _says(self.shown(alarm), self.words))
        )


class Found(Struct, frozen=True):
    """Alarms, newest first, and the cursor of the next answer (None at the end)."""

    alarms: list[Alarm]
    after: str | None = None


class AlarmStore:
    """Typed access to the tables of alarms."""

    def __init__(self, db: apsw.Connection) -> None:
        """Work on `StoreFile.db`, or on a reader's connection for reading only."""
        self._db = db

    def find(self, asked: Asked) -> Found:
        """Return the newest alarms that are wanted.

        Raises:
            UsageError: the cursor is none.
            StoreError: the file cannot be read.
        """
        found: list[Alarm] = []
        after = None
        try:
            for raised, row, data in self._db.execute(_AFTER if asked.after else _ALL, _place(asked.after)):
                alarm = _ALARM(data)
                if not asked.takes(alarm):
                    continue
                if len(found) == asked.limit:
                    return Found(found, after)
                found.append(alarm)
                after = f"{raised}{BETWEEN}{row}"
        except apsw.Error as error:
            raise failure(Path(self._db.filename), error) from error
        return Found(found)

    def newest(self, limit: int) -> list[Alarm]:
        """Return the newest alarms of all states, newest first."""
        return self.find(Asked(limit=limit)).alarms

    def open(self) -> list[Alarm]:
        """Return the alarms that are not over (active, unacknowledged or shelved), newest first."""
        return [_ALARM(data) for (data,) in self._rows("SELECT data FROM alarm WHERE open ORDER BY raised DESC")]

    def alarm(self, alarm_id: str) -> Alarm | None:
        """Return one alarm, or None."""
        return next((_ALARM(data) for (data,) in self._rows("SELECT data FROM alarm WHERE id = ?", alarm_id)), None)

    def transitions(self, alarm: Alarm) -> list[Transition]:
        """Return every step of an alarm's life, oldest first; of one older than this table, those it still tells."""
        rows = self._rows("SELECT data FROM alarm_step WHERE alarm = ? ORDER BY id", alarm.id)
        return [_TRANSITION(data) for (data,) in rows] or transitions(None, alarm)

    def put(self, alarms: Iterable[Alarm]) -> list[tuple[Alarm, Transition]]:
        """Keep new or changed alarms, and return the steps that are new.

        Raised twice is one, and what was acknowledged or returned stays so.
        """
        steps: list[tuple[Alarm, Transition]] = []
        for each in alarms:
            known = self.alarm(each.id)
            alarm = each if known is None else _joined(known, each)
            is_open = alarm.state is not AlarmState.NORMAL
            self._db.execute(
                "INSERT INTO alarm VALUES(?,?,?,?)"
                " ON CONFLICT(id) DO UPDATE SET raised = excluded.raised, open = excluded.open, data = excluded.data",
                (alarm.id, alarm.raised_at, is_open, _text(alarm)),
            )
            steps += [(alarm, step) for step in transitions(known, alarm)]
        insert(self._db, "INSERT INTO alarm_step(alarm, data)", [(alarm.id, _text(step)) for alarm, step in steps])
        return steps

    def forget(self, uids: Iterable[str]) -> None:
        """Erase the alarms that devices raised, with their steps."""
        for uid in uids:
            self._db.execute(
                "DELETE FROM alarm_step WHERE alarm IN (SELECT id FROM alarm WHERE data ->> '$.device' = ?)", (uid,)
            )
            self._db.execute("DELETE FROM alarm WHERE data ->> '$.device' = ?", (uid,))

    def _rows(self, sql: str, *values: str) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except apsw.Error as error:
            raise failure(Path(self._db.filename), error) from error


_ALL = "SELECT raised, rowid, data FROM alarm ORDER BY raised DESC, rowid DESC"
_AFTER = "SELECT raised, rowid, data FROM alarm WHERE (raised, rowid) < (?, ?) ORDER BY raised DESC, rowid DESC"


def _place(cursor: str | None) -> tuple[int, ...]:
    """Return where a cursor stands; empty: at the beginning.

    Raises:
        UsageError: it is no cursor.
    """
    if not cursor:
        return ()
    raised, _, row = cursor.rpartition(BETWEEN)
    try:
        return int(raised), int(row)
    except ValueError:
        msg = f"{cursor[:80]!r} is no cursor of alarms"
        raise UsageError(msg) from None


def _says(alarm: Alarm, words: str) -> bool:
    told = (*alarm.texts.values(), alarm.rule, alarm.usecase, alarm.device, alarm.measure)
    people = (alarm.comment or "", *alarm.comments.values(), alarm.acknowledged_by or "", alarm.shelved_by or "")
    text = _folded(" ".join((*told, *people)))
    return all(word in text for word in _folded(words).split())


def _folded(text: str) -> str:
    """Return a text as people search it: no capitals, no accents."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char)).casefold()


def _text(struct: Struct) -> str:
    """Return a Struct as JSON text: any tool can read the column, and a later version may add fields."""
    return _ENCODE(struct).decode()


def _joined(known: Alarm, alarm: Alarm) -> Alarm:
    """Return an alarm raised again: nothing that already happened to it is undone."""
    if known.acknowledged_at is not None and alarm.acknowledged_at is None:
        alarm = msgspec.structs.replace(
            alarm,
            acknowledged_at=known.acknowledged_at,
            acknowledged_by=known.acknowledged_by,
            comment=known.comment,
            comments=known.comments,
        )
    if known.returned_at is not None and alarm.returned_at is None:
        alarm = msgspec.structs.replace(alarm, returned_at=known.returned_at)
    return alarm
