"""The notes of the current session, or of the time without one: add, read, take away; blocks."""

import secrets
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from hub.errors import NotFoundError
from hub.workshop.note import MOST, Note, NoteError, Place, checked
from hub.workshop.session import Session


class Notes(Protocol):
    """Where notes lie (`hub.workshop.store`)."""

    def turn(self) -> AbstractContextManager[None]:
        """Return what to hold while something is read, and changed because of it."""

    def notes(self, session: str) -> list[Note]:
        """Return a session's, the earliest moment first; empty: those written without one."""

    def put_note(self, note: Note) -> None:
        """Store one."""

    def erase_note(self, name: str) -> None:
        """Erase one for ever."""


class Notebook:
    """Carries notes; one at a time."""

    def __init__(
        self,
        store: Notes,
        *,
        current: Callable[[], Session | None],
        now: Callable[[], int],
        new_id: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        """Work on a store.

        Args:
            store: of the notes.
            current: the session that is current.
            now: wall clock [ns].
            new_id: makes random ids.
        """
        self._store = store
        self._current = current
        self._now = now
        self._new_id = new_id
        self._lock = threading.Lock()

    def shown(self) -> list[Note]:
        """Return what the room sees: the current session's notes, else those written without one."""
        return self._store.notes(self._session())

    def of(self, session: str) -> list[Note]:
        """Return a session's notes, the earliest moment first."""
        return self._store.notes(session)

    def add(self, text: str, author: str, place: Place) -> Note:
        """Keep a note in the current session, or in none where there is none.

        Raises:
            NoteError: it cannot be kept as it is, or there are too many.
            StoreError: it is not kept.
        """
        text, author = checked(text, author)
        with self._lock, self._store.turn():
            session = self._session()
            if len(self._store.notes(session)) >= MOST:
                NoteError.refuse(
                    f"{MOST} notes are kept already: take some away first",
                    f"{MOST} notes sont déjà conservées : retirez-en d'abord",
                )
            note = Note(
                id=self._new_id(),
                session=session,
                run=place.run,
                time=place.time,
                written=self._now(),
                text=text,
                author=author,
                usecase=place.usecase,
                device=place.device,
                channel=place.channel,
            )
            self._store.put_note(note)
            return note

    def remove(self, name: str) -> Note:
        """Take one of the notes that are shown away for ever; return it.

        Raises:
            NotFoundError: none of them has that id.
            StoreError: it is still there.
        """
        with self._lock, self._store.turn():
            found = next((each for each in self.shown() if each.id == name), None)
            if found is None:
                msg = f"no note {name[:40]!r}; GET /api/v1/notes lists those that there are"
                raise NotFoundError(msg)
            self._store.erase_note(name)
            return found

    def _session(self) -> str:
        session = self._current()
        return "" if session is None else session.id
