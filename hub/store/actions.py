"""What people did to devices, and the commands they gave, in store.db: kept to be undone, shown and never repeated.

Writing methods run inside `StoreFile.transaction()`, as those of `hub.store.state` do.
"""

from collections.abc import Iterable
from typing import Any

import apsw
import msgspec

from hub.model import Action, Commanded

MAX_ACTIONS = 1_000
MAX_COMMANDS = 10_000
"""Rows kept; the oldest go."""
MICROSECOND = 1_000
_ENCODE = msgspec.json.Encoder().encode
_ACTION = msgspec.json.Decoder(Action).decode
_COMMAND = msgspec.json.Decoder(Commanded).decode


class ActionStore:
    """Typed access to the tables of actions and commands."""

    def __init__(self, db: apsw.Connection, *, shared: bool = False) -> None:
        """Work on `StoreFile.db`, or on a reader's connection for reading only.

        Args:
            db: the connection.
            shared: other workers do the same: an action's number tells its moment [µs since 1970], so that it is the
                same at all of them, whatever each has seen before.
        """
        self._db = db
        self._shared = shared

    def add(self, action: Action) -> Action:
        """Keep an action and return it with its number."""
        newest: int = self._db.execute("SELECT coalesce(max(id), 0) FROM action").get
        least = action.at // MICROSECOND if self._shared else 0
        action = msgspec.structs.replace(action, id=max(newest + 1, least))
        self._put(action)
        self._db.execute(
            "DELETE FROM action WHERE id < (SELECT id FROM action ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (MAX_ACTIONS - 1,),
        )
        return action

    def undone(self, action: Action) -> None:
        """Say that an action was taken back."""
        self._put(msgspec.structs.replace(action, undone=True))

    def action(self, number: int) -> Action | None:
        """Return one action, or None."""
        row = self._db.execute("SELECT data FROM action WHERE id = ?", (number,)).fetchone()
        return None if row is None else _ACTION(row[0])

    def actions(self, limit: int) -> list[Action]:
        """Return the newest actions, newest first."""
        return [
            _ACTION(data) for (data,) in self._db.execute("SELECT data FROM action ORDER BY id DESC LIMIT ?", (limit,))
        ]

    def put_commands(self, commands: Iterable[Commanded]) -> None:
        """Keep new or changed commands."""
        rows = [(each.id, each.wall, each.device, _text(each)) for each in commands]
        for row in rows:
            self._db.execute("INSERT OR REPLACE INTO command VALUES(?,?,?,?)", row)
        if rows:
            self._db.execute(
                "DELETE FROM command WHERE wall < (SELECT wall FROM command ORDER BY wall DESC LIMIT 1 OFFSET ?)",
                (MAX_COMMANDS - 1,),
            )

    def command(self, name: str) -> Commanded | None:
        """Return one command, or None."""
        row = self._db.execute("SELECT data FROM command WHERE id = ?", (name,)).fetchone()
        return None if row is None else _COMMAND(row[0])

    def commands(self, limit: int, device: str | None = None) -> list[Commanded]:
        """Return the newest commands, of one device or of all, newest first."""
        rows = self._db.execute(
            "SELECT data FROM command WHERE ?1 IS NULL OR device = ?1 ORDER BY wall DESC, rowid DESC LIMIT ?2",
            (device, limit),
        )
        return [_COMMAND(data) for (data,) in rows]

    def forget(self, uids: Iterable[str]) -> None:
        """Erase what was done to devices, and what names them (a merge)."""
        for uid in uids:
            self._db.execute("DELETE FROM command WHERE device = ?", (uid,))
            self._db.execute(
                "DELETE FROM action WHERE device = ?1 OR data ->> '$.after.merged' = ?1"
                " OR data ->> '$.before.merged' = ?1 OR data ->> '$.after.role.taken.device' = ?1"
                " OR data ->> '$.before.role.taken.device' = ?1",
                (uid,),
            )

    def _put(self, action: Action) -> None:
        self._db.execute("INSERT OR REPLACE INTO action VALUES(?,?,?)", (action.id, action.device, _text(action)))


def _text(struct: Any) -> str:  # noqa: ANN401 — any Struct
    return _ENCODE(struct).decode()
