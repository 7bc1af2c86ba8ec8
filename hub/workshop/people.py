"""Who takes part in a session with a phone: a random id, a table, perhaps a first name. Nothing else is known of them.

The phone holds a token of 32 random bytes; only its hash is kept. Journal, store and InfluxDB know the id alone
(design.md §1, Journal).
"""

import secrets
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from hub.errors import UsageError
from hub.hashing import hashed
from hub.workshop.session import Session
from hub.workshop.vote import Vote

LONGEST_NAME = 24
MOST_TABLES = 99
MOST = 1_000
"""People of one session; more is somebody who joins again and again, on purpose."""
FAMILY = "phone"
"""Prefix of the devices that phones are: `phone:<id>`."""


class Person(Struct, frozen=True, kw_only=True):
    """A participant.

    Attributes:
        id: random; what everybody else sees.
        session: whose.
        secret: SHA-256 of the phone's token, hex.
        joined: when [ns].
        table: where they sit; None: nobody said.
        name: as typed; empty: not given.
    """

    id: str
    session: str
    secret: str
    joined: int
    table: int | None = None
    name: str = ""

    @property
    def device(self) -> str:
        """The uid of their phone."""
        return f"{FAMILY}:{self.id}"


class Joining(Struct, forbid_unknown_fields=True):
    """What a phone says to take part; `agreed`: to the sentence that it was shown."""

    agreed: bool
    table: int | None = None
    name: str = ""


class Rows(Protocol):
    """Where participants and their votes lie (`hub.workshop.store`)."""

    def turn(self) -> AbstractContextManager[None]:
        """Return what to hold while something is read, and changed because of it."""

    def people(self, session: str) -> list[Person]:
        """Return a session's, in the order of joining."""

    def person(self, secret: str) -> Person | None:
        """Return the one whose token has this hash."""

    def put_person(self, person: Person) -> None:
        """Store one."""

    def erase_person(self, name: str) -> None:
        """Erase one."""

    def votes(self, session: str) -> list[Vote]:
        """Return a session's votes."""

    def put_vote(self, vote: Vote) -> None:
        """Store one."""

    def scrub(self) -> None:
        """Leave no byte of what was replaced."""


class People:
    """Lets people join and leave; blocks."""

    def __init__(
        self,
        rows: Rows,
        *,
        current: Callable[[], Session | None],
        now: Callable[[], int],
        new_id: Callable[[], str] = lambda: secrets.token_hex(4),
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        """Work on a store.

        Args:
            rows: of the participants.
            current: the session that is current.
            now: wall clock [ns].
            new_id: makes random ids.
            new_token: makes tokens.
        """
        self._rows = rows
        self._current = current
        self._now = now
        self._new_id = new_id
        self._new_token = new_token
        self._lock = threading.Lock()

    def known(self, token: str | None) -> Person | None:
        """Return whose token this is; None: nobody's any more."""
        return None if not token else self._rows.person(hashed(token))

    def of(self, session: str) -> list[Person]:
        """Return the participants of a session, in the order of joining."""
        return self._rows.people(session)

    def tables(self, session: str) -> dict[str, int | None]:
        """Return where the participants of a session sit, by their ids."""
        return {each.id: each.table for each in self.of(session)}

    def told(self) -> list[dict[str, Any]]:
        """Return the participants of the current session as everybody in the room sees them."""
        session = self._current()
        return [] if session is None else [view(each) for each in self.of(session.id)]

    def join(self, wish: Joining, token: str | None) -> tuple[Person, str]:
        """Let a phone take part, or change what it said before; return who it is and its token.

        Args:
            wish: what it says.
            token: that it holds from before; good for one session only.

        Raises:
            UsageError: no session is current, nobody agreed, or what was typed cannot be kept.
        """
        with self._lock, self._rows.turn():
            wish = checked(wish)
            session = self._current()
            if session is None:
                msg = "the workshop has not begun: this page goes on by itself once it has"
                raise UsageError(msg)
            before = self.known(token)
            if token and before is not None and before.session == session.id:
                again = msgspec.structs.replace(before, table=wish.table, name=wish.name)
                self._rows.put_person(again)
                return again, token
            if len(self.of(session.id)) >= MOST:
                msg = f"{MOST} people have joined: no more are taken"
                raise UsageError(msg)
            token = self._new_token()
            person = Person(
                id=self._new_id(),
                session=session.id,
                secret=hashed(token),
                joined=self._now(),
                table=wish.table,
                name=wish.name,
            )
            self._rows.put_person(person)
            return person, token

    def named(self, name: str) -> Person | None:
        """Return a participant of the current session by id."""
        session = self._current()
        found = [] if session is None else self.of(session.id)
        return next((each for each in found if each.id == name), None)

    def leave(self, person: Person) -> None:
        """Forget what a participant typed and answered: no byte of it stays in the file."""
        with self._lock, self._rows.turn():
            for vote in self._rows.votes(person.session):
                if person.id in vote.answers:
                    left = {voter: choice for voter, choice in vote.answers.items() if voter != person.id}
                    self._rows.put_vote(msgspec.structs.replace(vote, answers=left))
            self._rows.erase_person(person.id)
            self._rows.scrub()


def checked(wish: Joining) -> Joining:
    """Return a wish as it is kept.

    Raises:
        UsageError: naming what to change.
    """
    if not wish.agreed:
        msg = "agreed is false: nobody takes part without having agreed to what is kept"
        raise UsageError(msg)
    if wish.table is not None and not 1 <= wish.table <= MOST_TABLES:
        msg = f"table is {wish.table}: a number from 1 to {MOST_TABLES} is expected, or none"
        raise UsageError(msg)
    name = " ".join(wish.name.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        msg = f"name is {name[:LONGEST_NAME]!r}: up to {LONGEST_NAME} printable characters are expected"
        raise UsageError(msg)
    return Joining(agreed=True, table=wish.table, name=name)


def view(person: Person) -> dict[str, Any]:
    """Return a participant as everybody in the room sees them."""
    return {"id": person.id, "device": person.device, "table": person.table, "name": person.name}
