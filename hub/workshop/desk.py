"""What a facilitator does with sessions: start, pause, resume, archive, reset. One at a time; at most one is current.

Each deed is a control record in the journal first (`mark`), then the row in session.db: killed in between, nothing was
done, and the session that was current goes on.
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

import msgspec

from hub.errors import UsageError
from hub.workshop.session import (
    CURRENT,
    EVER,
    Moment,
    Room,
    Session,
    State,
    Wish,
    archived,
    checked,
    furnished,
    is_due,
    paused,
    purging,
    resumed,
    started,
)

Mark = Callable[[Mapping[str, str]], Moment]
TOPIC = "matinales/session"
"""Topic of the control records: the hub's own, so that no reader takes them for a device's."""


class Store(Protocol):
    """Where sessions lie (`hub.workshop.store`)."""

    def turn(self) -> AbstractContextManager[None]:
        """Return what to hold while something is read, and changed because of it."""

    def sessions(self) -> list[Session]:
        """Return all of them, the newest first."""

    def session(self, name: str) -> Session:
        """Return one; NotFoundError: there is none."""

    def put(self, *sessions: Session) -> None:
        """Store them, all or none."""

    def erase(self, name: str) -> None:
        """Erase one for ever."""

    def erase_votes(self, session: str) -> None:
        """Erase a session's votes."""

    def erase_notes(self, session: str) -> None:
        """Erase a session's notes."""

    def erase_people(self, session: str) -> None:
        """Erase a session's participants."""

    def erase_plan(self, session: str) -> None:
        """Erase a session's floor plan and its picture."""

    def scrub(self) -> None:
        """Leave no byte of what was replaced."""


class Desk:
    """Carries deeds out; blocks: never on an event loop."""

    def __init__(
        self,
        store: Store,
        *,
        mark: Mark,
        today: Callable[[], date],
        new_id: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        """Work on a store.

        Args:
            store: of the sessions.
            mark: appends a control record of this content and returns its moment.
            today: the date where the workshop is.
            new_id: makes random ids.
        """
        self._store = store
        self._mark = mark
        self._today = today
        self._new_id = new_id
        self._lock = threading.Lock()

    def sessions(self) -> list[Session]:
        """Return the sessions, the newest first."""
        return [each for each in self._store.sessions() if each.state is not State.PURGING]

    def over(self) -> list[Session]:
        """Return the sessions that have ended, those that are being erased too."""
        return [each for each in self._store.sessions() if each.state not in CURRENT]

    def session(self, name: str) -> Session:
        """Return one of them.

        Raises:
            NotFoundError: there is none of that id.
        """
        return self._store.session(name)

    def current(self) -> Session | None:
        """Return the session that is open or paused; None: there is none."""
        return next((each for each in self.sessions() if each.state in CURRENT), None)

    def start(self, wish: Wish) -> Session:
        """Start a session.

        Raises:
            UsageError: the wish cannot be fulfilled, or one is current.
        """
        with self._lock, self._store.turn():
            wish = checked(wish, self._today())
            if (other := self.current()) is not None:
                msg = f"session {other.id} ({other.title!r}) is {other.state}: archive it, or reset it and begin anew"
                raise UsageError(msg)
            name = self._new_id()
            return self._put(started(name, wish, self._mark({"open": name})))

    def pause(self, name: str) -> Session:
        """Let what comes from now on belong to nobody; again changes nothing.

        Raises:
            NotFoundError: there is none of that id.
            UsageError: it is over.
        """
        with self._lock, self._store.turn():
            session = self._going(name)
            return session if session.state is State.PAUSED else self._put(paused(session, self._mark({"pause": name})))

    def resume(self, name: str) -> Session:
        """Go on; again changes nothing.

        Raises:
            NotFoundError: there is none of that id.
            UsageError: it is over.
        """
        with self._lock, self._store.turn():
            session = self._going(name)
            return session if session.state is State.OPEN else self._put(resumed(session, self._mark({"resume": name})))

    def archive(self, name: str) -> Session:
        """End a session for ever; again changes nothing.

        Raises:
            NotFoundError: there is none of that id.
        """
        with self._lock, self._store.turn():
            session = self._store.session(name)
            if session.state is State.ARCHIVED:
                return session
            ended = self._put(archived(self._going(name), self._mark({"archive": name})))
            if session.wifi is not None:  # its password is nobody's business any more
                self._store.scrub()
            return ended

    def reset(self, name: str, wish: Wish | None = None) -> Session:
        """Archive a session and start a new one at the same record; without a wish it is called as the one before.

        Raises:
            NotFoundError: there is none of that id.
            UsageError: it is over, or the wish cannot be fulfilled.
        """
        with self._lock, self._store.turn():
            session = self._going(name)
            wish = checked(wish or self._again(session), self._today())
            new = self._new_id()
            at = self._mark({"archive": name, "open": new})
            fresh = msgspec.structs.replace(started(new, wish, at), wifi=session.wifi, address=session.address)
            self._store.put(archived(session, at), fresh)
            return fresh

    def furnish(self, name: str, room: Room) -> Session:
        """Change how people join, or what the projector shows.

        Raises:
            NotFoundError: there is none of that id.
            UsageError: it is over, or it cannot be so.
        """
        with self._lock, self._store.turn():
            session = self._put(furnished(self._going(name), room))
            self._store.scrub()
            return session

    def kept(self, name: str) -> bool:
        """Note that the archive is complete, and tell so; not where the session is erased meanwhile."""
        with self._lock, self._store.turn():
            session = next((each for each in self.sessions() if each.id == name), None)
            if session is None:
                return False
            self._put(msgspec.structs.replace(session, kept=True))
            return True

    def purge(self, name: str) -> Session:
        """Begin to erase a session: from now on nobody sees it, and what was typed is gone.

        Raises:
            NotFoundError: there is none of that id.
        """
        with self._lock, self._store.turn():
            session = self._store.session(name)
            if session.state in CURRENT:
                session = archived(session, self._mark({"archive": name}))
            left = self._put(purging(session))
            self._store.erase_votes(name)
            self._store.erase_notes(name)
            self._store.erase_people(name)
            self._store.erase_plan(name)
            self._store.scrub()
            return left

    def due(self) -> list[Session]:
        """Return the sessions that are to be erased today, and those whose erasing was cut short."""
        today = self._today()
        return [each for each in self._store.sessions() if is_due(each, today)]

    def unkept(self) -> list[Session]:
        """Return the archived sessions whose archive is not complete yet."""
        return [each for each in self.sessions() if each.state is State.ARCHIVED and not each.kept]

    def needed(self) -> int:
        """Return the first journal position that a session still needs: nothing from there on may be let go."""
        waiting = [each for each in self.sessions() if not each.kept]
        return min((each.intervals[0].begin.position for each in waiting), default=EVER)

    def erased(self, name: str) -> None:
        """Note that nothing is left of a session."""
        with self._lock, self._store.turn():
            self._store.erase(name)

    def _going(self, name: str) -> Session:
        session = self._store.session(name)
        if session.state not in CURRENT:
            msg = f"session {name} is {session.state} for ever: start a new one"
            raise UsageError(msg)
        return session

    def _again(self, session: Session) -> Wish:
        """Return the wish for a session like another; its purge date only where that still lies ahead."""
        ahead = date.fromisoformat(session.purge) > self._today()
        return Wish(title=session.title, place=session.place, purge=session.purge if ahead else None)

    def _put(self, session: Session) -> Session:
        self._store.put(session)
        return session
