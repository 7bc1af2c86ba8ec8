"""The votes of the current session: ask, answer, close, put away. One is shown at a time; blocks."""

import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

import msgspec

from hub.errors import BusyError, NotFoundError, UsageError
from hub.workshop.session import Session
from hub.workshop.vote import Question, Vote, VoteState, answered, checked, view

_TRIES = 20
"""How often an answer is taken again where another worker took one at the same moment: a room answers at once."""


class Votes(Protocol):
    """Where votes lie (`hub.workshop.store`)."""

    def turn(self) -> AbstractContextManager[None]:
        """Return what to hold while something is read, and changed because of it."""

    def votes(self, session: str) -> list[Vote]:
        """Return a session's, the oldest first."""

    def put_vote(self, vote: Vote) -> None:
        """Store one."""


class Ballot:
    """Carries votes out."""

    def __init__(
        self,
        store: Votes,
        *,
        current: Callable[[], Session | None],
        now: Callable[[], int],
        tables: Callable[[str], Mapping[str, int | None]] = lambda _: {},
        new_id: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        """Work on a store.

        Args:
            store: of the votes.
            current: the session that is current.
            now: wall clock [ns].
            tables: a session's id → its participants' ids → their tables.
            new_id: makes random ids.
        """
        self._store = store
        self._current = current
        self._now = now
        self._tables = tables
        self._new_id = new_id
        self._lock = threading.Lock()

    def shown(self) -> dict[str, Any] | None:
        """Return the current session's newest vote as everybody sees it; None: there is none, or it was put away."""
        vote = self._newest()
        return None if vote is None or vote.state is VoteState.AWAY else self._view(vote)

    def told(self, voter: str | None) -> dict[str, Any]:
        """Return `{"vote", "mine"}`: what is shown, and what this phone answered."""
        vote, shown = self._newest(), self.shown()
        return {"vote": shown, "mine": None if vote is None or shown is None else vote.answers.get(voter or "")}

    def of(self, session: str) -> list[dict[str, Any]]:
        """Return the results of a session's votes, the oldest first."""
        return [self._view(each) for each in self._store.votes(session)]

    def ask(self, asked: Question) -> dict[str, Any]:
        """Ask the room; the vote before is closed.

        Raises:
            UsageError: the question cannot be put, or no session is current.
        """
        with self._lock, self._store.turn():
            asked = checked(asked)
            session = self._current()
            if session is None:
                msg = "no session is current: start one, then ask; the results are kept in it"
                raise UsageError(msg)
            before = self._newest()
            if before is not None and before.state is VoteState.OPEN:
                self._store.put_vote(msgspec.structs.replace(before, state=VoteState.CLOSED))
            vote = Vote(
                id=self._new_id(),
                session=session.id,
                question=asked.question,
                options=tuple(asked.options),
                asked=self._now(),
            )
            return self._put(vote)

    def answer(self, name: str, voter: str, choice: int, *, instead: str | None = None) -> dict[str, Any]:
        """Take a phone's answer; its earlier one goes, and that which it gave as `instead`.

        Raises:
            NotFoundError: the vote is not the one that is asked now.
            UsageError: it is closed, or there is no such option.
            BusyError: other workers' phones were always first.
        """
        for _ in range(_TRIES):
            with suppress(BusyError):
                return self._answer(name, voter, choice, instead)
        return self._answer(name, voter, choice, instead)

    def _answer(self, name: str, voter: str, choice: int, instead: str | None) -> dict[str, Any]:
        with self._lock, self._store.turn():
            vote = self._named(name)
            if instead in vote.answers:
                left = {each: kept for each, kept in vote.answers.items() if each != instead}
                vote = msgspec.structs.replace(vote, answers=left)
            return self._put(answered(vote, voter, choice))

    def close(self, name: str) -> dict[str, Any]:
        """Take no more answers, and show the result; again changes nothing.

        Raises:
            NotFoundError: the vote is not the one that is asked now.
        """
        with self._lock, self._store.turn():
            vote = self._named(name)
            return (
                self._put(msgspec.structs.replace(vote, state=VoteState.CLOSED))
                if vote.state == "open"
                else self._view(vote)
            )

    def put_away(self, name: str) -> dict[str, Any]:
        """Take it off the screens; the result stays in the session.

        Raises:
            NotFoundError: the vote is not the one that is asked now.
        """
        with self._lock, self._store.turn():
            return self._put(msgspec.structs.replace(self._named(name), state=VoteState.AWAY))

    def _newest(self) -> Vote | None:
        session = self._current()
        votes = [] if session is None else self._store.votes(session.id)
        return votes[-1] if votes else None

    def _named(self, name: str) -> Vote:
        vote = self._newest()
        if vote is None or vote.id != name:
            msg = f"no vote {name[:40]!r} is asked now; GET /api/v1/votes gives the one that is"
            raise NotFoundError(msg)
        return vote

    def _put(self, vote: Vote) -> dict[str, Any]:
        self._store.put_vote(vote)
        return self._view(vote)

    def _view(self, vote: Vote) -> dict[str, Any]:
        return view(vote, self._tables(vote.session))
