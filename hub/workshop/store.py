"""session.db: everything that people type, keyed by a random id (design.md §1, Journal).

Deleted rows are overwritten at once, and nothing of them stays in the write-ahead log: `erase` ends with a rewritten
file. Synced at each commit: a session that was started is there after a power cut.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import apsw
import msgspec

from hub.errors import ConfigError, NotFoundError, StoreError
from hub.workshop.note import Note
from hub.workshop.people import Person
from hub.workshop.plan import Plan
from hub.workshop.session import Session
from hub.workshop.vote import Vote

FILE = "session.db"
VERSION = 1
"""Of the tables, in `user_version`. A file made before there was a number has 0, and is such a one."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS session(id TEXT PRIMARY KEY, started INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vote(id TEXT PRIMARY KEY, session TEXT NOT NULL, asked INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS note(id TEXT PRIMARY KEY, session TEXT NOT NULL, time INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS person(
    id TEXT PRIMARY KEY, session TEXT NOT NULL, secret TEXT NOT NULL UNIQUE, joined INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS plan(session TEXT PRIMARY KEY, picture TEXT, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS picture(id TEXT PRIMARY KEY, data BLOB NOT NULL);
"""
_UNSEEN = "DELETE FROM picture WHERE id NOT IN (SELECT picture FROM plan WHERE picture IS NOT NULL)"
_SESSION = msgspec.json.Decoder(Session).decode
_VOTE = msgspec.json.Decoder(Vote).decode
_NOTE = msgspec.json.Decoder(Note).decode
_PERSON = msgspec.json.Decoder(Person).decode
_PLAN = msgspec.json.Decoder(Plan).decode


class SessionStore:
    """The file; any thread but an event loop's, one at a time."""

    def __init__(self, data: Path) -> None:
        """Open it in the data folder, making it where there is none.

        Raises:
            ConfigError: a newer hub wrote it; nothing was changed.
            StoreError: it cannot be opened.
        """
        self._path = data / FILE
        self._lock = threading.Lock()
        try:
            self._db = apsw.Connection(str(self._path))
            self._db.set_busy_timeout(5_000)
            version = int(self._db.pragma("user_version"))
            self._refuse_newer(version)
            for pragma, value in (("journal_mode", "wal"), ("synchronous", "full"), ("secure_delete", "on")):
                self._db.pragma(pragma, value)
            self._db.execute(_SCHEMA)
            if version < VERSION:
                self._db.pragma("user_version", VERSION)
        except apsw.Error as error:
            raise self._failed(error) from error

    def turn(self) -> AbstractContextManager[None]:
        """Return what to hold while something is read, and changed because of it: here nobody else writes."""
        return nullcontext()

    def follow(self, news: Callable[[], None]) -> None:
        """Say each time that somebody else changed something: here nobody else writes."""

    def _refuse_newer(self, version: int) -> None:
        if version > VERSION:
            self._db.close()
            msg = (
                f"{self._path} was written by a newer version of the hub (tables {version}, this one knows {VERSION});"
                " install that version again, or name another data folder with --data"
            )
            raise ConfigError(msg)

    def sessions(self) -> list[Session]:
        """Return all of them, the newest first.

        Raises:
            StoreError: they cannot be read.
        """
        try:
            with self._lock:
                rows = self._db.execute("SELECT data FROM session ORDER BY started DESC, rowid DESC").fetchall()
            return [_SESSION(str(data)) for (data,) in rows]
        except (apsw.Error, msgspec.MsgspecError) as error:
            raise self._failed(error) from error

    def session(self, name: str) -> Session:
        """Return one of them.

        Raises:
            NotFoundError: there is none of that id.
        """
        found = next((each for each in self.sessions() if each.id == name), None)
        if found is None:
            msg = f"no session {name[:40]!r}; `matinales session list` shows them"
            raise NotFoundError(msg)
        return found

    def put(self, *sessions: Session) -> None:
        """Store them, all or none.

        Raises:
            StoreError: none is stored.
        """
        rows = [(each.id, each.started, msgspec.json.encode(each).decode()) for each in sessions]
        try:
            with self._lock, self._db:
                self._db.executemany(
                    "INSERT INTO session VALUES(?,?,?) ON CONFLICT(id) DO UPDATE SET data = excluded.data", rows
                )
        except apsw.Error as error:
            raise self._failed(error) from error

    def votes(self, session: str) -> list[Vote]:
        """Return a session's votes, the oldest first.

        Raises:
            StoreError: they cannot be read.
        """
        query = "SELECT data FROM vote WHERE session = ? ORDER BY asked, rowid"
        try:
            with self._lock:
                rows = self._db.execute(query, (session,)).fetchall()
            return [_VOTE(str(data)) for (data,) in rows]
        except (apsw.Error, msgspec.MsgspecError) as error:
            raise self._failed(error) from error

    def put_vote(self, vote: Vote) -> None:
        """Store a vote.

        Raises:
            StoreError: it is as it was.
        """
        row = (vote.id, vote.session, vote.asked, msgspec.json.encode(vote).decode())
        self._write("INSERT OR REPLACE INTO vote VALUES(?,?,?,?)", row)

    def erase_votes(self, session: str) -> None:
        """Erase a session's votes; `scrub` leaves no byte of them.

        Raises:
            StoreError: they are still there.
        """
        self._write("DELETE FROM vote WHERE session = ?", (session,))

    def people(self, session: str) -> list[Person]:
        """Return a session's participants, in the order of joining.

        Raises:
            StoreError: they cannot be read.
        """
        return self._people("session = ? ORDER BY joined, rowid", session)

    def person(self, secret: str) -> Person | None:
        """Return the participant whose token has this hash.

        Raises:
            StoreError: it cannot be read.
        """
        return next(iter(self._people("secret = ?", secret)), None)

    def _people(self, which: str, value: str) -> list[Person]:
        query = f"SELECT data FROM person WHERE {which}"  # noqa: S608 — ours, both of them
        try:
            with self._lock:
                rows = self._db.execute(query, (value,)).fetchall()
            return [_PERSON(str(data)) for (data,) in rows]
        except (apsw.Error, msgspec.MsgspecError) as error:
            raise self._failed(error) from error

    def put_person(self, person: Person) -> None:
        """Store a participant.

        Raises:
            StoreError: it is as it was.
        """
        row = (person.id, person.session, person.secret, person.joined, msgspec.json.encode(person).decode())
        self._write("INSERT OR REPLACE INTO person VALUES(?,?,?,?,?)", row)

    def erase_person(self, name: str) -> None:
        """Erase a participant; `scrub` leaves no byte of them.

        Raises:
            StoreError: they are still there.
        """
        self._write("DELETE FROM person WHERE id = ?", (name,))

    def erase_people(self, session: str) -> None:
        """Erase a session's participants; `scrub` leaves no byte of them.

        Raises:
            StoreError: they are still there.
        """
        self._write("DELETE FROM person WHERE session = ?", (session,))

    def _write(self, statement: str, values: tuple[str | int | bytes, ...]) -> None:
        try:
            with self._lock:
                self._db.execute(statement, values)
        except apsw.Error as error:
            raise self._failed(error) from error

    def notes(self, session: str) -> list[Note]:
        """Return a session's notes, the earliest moment first; empty: those written without one.

        Raises:
            StoreError: they cannot be read.
        """
        query = "SELECT data FROM note WHERE session = ? ORDER BY time, rowid"
        try:
            with self._lock:
                rows = self._db.execute(query, (session,)).fetchall()
            return [_NOTE(str(data)) for (data,) in rows]
        except (apsw.Error, msgspec.MsgspecError) as error:
            raise self._failed(error) from error

    def put_note(self, note: Note) -> None:
        """Store a note.

        Raises:
            StoreError: it is not stored.
        """
        row = (note.id, note.session, note.time, msgspec.json.encode(note).decode())
        try:
            with self._lock:
                self._db.execute("INSERT OR REPLACE INTO note VALUES(?,?,?,?)", row)
        except apsw.Error as error:
            raise self._failed(error) from error

    def erase_note(self, name: str) -> None:
        """Erase a note for ever: no byte of it stays in the file.

        Raises:
            StoreError: it may still be there; do it again.
        """
        try:
            with self._lock:
                self._db.execute("DELETE FROM note WHERE id = ?", (name,))
                self._scrub()
        except apsw.Error as error:
            raise self._failed(error) from error

    def erase_notes(self, session: str) -> None:
        """Erase a session's notes; `scrub` leaves no byte of them.

        Raises:
            StoreError: they are still there.
        """
        try:
            with self._lock:
                self._db.execute("DELETE FROM note WHERE session = ?", (session,))
        except apsw.Error as error:
            raise self._failed(error) from error

    def plans(self) -> list[Plan]:
        """Return the floor plans, each session's and (empty) that of the house.

        Raises:
            StoreError: they cannot be read.
        """
        try:
            with self._lock:
                rows = self._db.execute("SELECT data FROM plan ORDER BY session").fetchall()
            return [_PLAN(str(data)) for (data,) in rows]
        except (apsw.Error, msgspec.MsgspecError) as error:
            raise self._failed(error) from error

    def picture(self, name: str) -> bytes | None:
        """Return a picture's bytes; None: there is none of that id.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            with self._lock:
                rows = self._db.execute("SELECT data FROM picture WHERE id = ?", (name,)).fetchall()
            data = rows[0][0] if rows else None
            return data if isinstance(data, bytes) else None
        except apsw.Error as error:
            raise self._failed(error) from error

    def put_plan(self, *plans: Plan, picture: tuple[str, bytes] | None = None) -> None:
        """Store plans, all or none, with a new picture; those that no plan shows any more are erased.

        Raises:
            StoreError: nothing is stored.
        """
        rows = [
            (each.session, None if each.picture is None else each.picture.id, msgspec.json.encode(each).decode())
            for each in plans
        ]
        try:
            with self._lock, self._db:
                if picture is not None:
                    self._db.execute("INSERT INTO picture VALUES(?,?)", picture)
                self._db.executemany("INSERT OR REPLACE INTO plan VALUES(?,?,?)", rows)
                self._db.execute(_UNSEEN)
        except apsw.Error as error:
            raise self._failed(error) from error

    def erase_plan(self, session: str) -> None:
        """Erase a session's plan, and its picture; `scrub` leaves no byte of them.

        Raises:
            StoreError: they are still there.
        """
        try:
            with self._lock, self._db:
                self._db.execute("DELETE FROM plan WHERE session = ?", (session,))
                self._db.execute(_UNSEEN)
        except apsw.Error as error:
            raise self._failed(error) from error

    def erase(self, name: str) -> None:
        """Erase a session for ever: no byte of it stays in the file.

        Raises:
            StoreError: it may still be there; do it again.
        """
        try:
            with self._lock:
                self._db.execute("DELETE FROM session WHERE id = ?", (name,))
                self._scrub()
        except apsw.Error as error:
            raise self._failed(error) from error

    def scrub(self) -> None:
        """Leave no byte of what was replaced.

        Raises:
            StoreError: some may still be there; do it again.
        """
        try:
            with self._lock:
                self._scrub()
        except apsw.Error as error:
            raise self._failed(error) from error

    def _scrub(self) -> None:
        self._db.execute("VACUUM")
        self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def _failed(self, error: Exception) -> StoreError:
        return StoreError(f"{self._path.name} cannot be used ({error}); free some space, then do it again")
