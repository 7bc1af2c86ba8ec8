"""Workshop sessions of a data folder: what the desk decides, carried through journal, store and archives. Blocks.

Where a hub lives, the journal and the store are reached through it (`hub.app`); else by the command itself
(`hub.cli._house`).
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from hub.archives import Archives
from hub.errors import NotFoundError
from hub.handouts import Handouts
from hub.ingest.phone import ROOT as PHONES
from hub.journal import place
from hub.journal.base import JournalReader
from hub.kept import Kept
from hub.model import Alarm, rfc3339
from hub.store.sqlite import SqliteReadings
from hub.store.stretches import Stretch
from hub.workshop.ballot import Ballot
from hub.workshop.desk import Desk, Mark
from hub.workshop.keeps import keeps
from hub.workshop.note import Note
from hub.workshop.note import view as note_view
from hub.workshop.notebook import Notebook
from hub.workshop.people import People
from hub.workshop.people import view as person_view
from hub.workshop.planner import Planner
from hub.workshop.session import CURRENT, Session, Span, State, spans
from hub.workshop.store import SessionStore
from hub.workshop.veil import Veil

_LOG = logging.getLogger(__name__)

AT_ONCE = 200
"""Raw messages erased in one go: acknowledging waits for it, a fraction of a second."""


class Sessions:
    """What the API and the command line do with sessions.

    Attributes:
        desk: starts, pauses, archives.
        archives: of those that are over.
        handouts: reports that were made into the data folder.
        ballot: questions to the room.
        notebook: notes on the time-line.
        planner: the floor plan.
        people: who takes part with a phone.
    """

    def __init__(
        self,
        data: Path,
        *,
        kept: Kept,
        reader: Callable[[], JournalReader],
        mark: Mark,
        erase: Callable[[Sequence[int]], int],
        purge: Callable[[Sequence[Stretch], Sequence[tuple[int, int]]], int],
        forget: Callable[[Sequence[str]], None],
        today: Callable[[], date],
    ) -> None:
        """Open session.db.

        Args:
            data: data folder.
            kept: the store, read here.
            reader: opens a reader of the journal.
            mark: appends a control record.
            erase: empties messages of the journal, a few at a time.
            purge: erases readings and alarms in the store; returns how many readings went.
            forget: erases devices in the store, by uid; those it does not know are none of its business.
            today: the date where the workshop is.

        Raises:
            StoreError: it cannot be opened.
        """
        self._store = opened(data)
        self._kept = kept
        self._reader = reader
        self._erase = erase
        self._purge = purge
        self._forget = forget
        self._today = today
        self._working = threading.Lock()
        """One archive is written or erased at a time: who erases must not meet who writes."""
        self.archives = Archives(data)
        self.handouts = Handouts(data)
        self.desk = Desk(self._store, mark=mark, today=today)
        self.notebook = Notebook(self._store, current=self.desk.current, now=time.time_ns)
        self.planner = Planner(self._store, current=self.desk.current)
        self.people = People(self._store, current=self.desk.current, now=time.time_ns)
        self.ballot = Ballot(self._store, current=self.desk.current, now=time.time_ns, tables=self.people.tables)

    def close(self) -> None:
        """Release session.db."""
        self._store.close()

    def follow(self, news: Callable[[], None]) -> None:
        """Say each time that another worker changed something; with a journal in the folder there is none."""
        self._store.follow(news)

    # what is told

    @property
    def current(self) -> str | None:
        """Id of the session that goes on now, open or paused; blocks."""
        found = self.desk.current()
        return None if found is None else found.id

    @property
    def ids(self) -> set[str]:
        """Ids of all sessions that are not erased; blocks."""
        return {each.id for each in self.desk.sessions()}

    def told(self) -> dict[str, Any]:
        """Return `{"current", "sessions", "keeps", "today"}` as `GET /sessions` gives them."""
        views = [self.view(each) for each in self.desk.sessions()]
        current = next((each for each in views if each["state"] in CURRENT), None)
        today = self._today().isoformat()
        return {"current": current, "sessions": views, "keeps": self.keeps(), "today": today}

    def keeps(self) -> list[dict[str, Any]]:
        """Return what is kept of a session, why and until when."""
        return keeps(influx=self._kept.sends_on)

    def view(self, session: Session) -> dict[str, Any]:
        """Return a session as the API gives it; `archive` is `none`, `being_written` or `complete`."""
        is_over = session.state is State.ARCHIVED
        return {
            "id": session.id,
            "title": session.title,
            "place": session.place,
            "purge": session.purge,
            "state": session.state,
            "started_at": rfc3339(session.started),
            "ended_at": None if session.ended is None else rfc3339(session.ended),
            "archive": "complete" if session.kept else "being_written" if is_over else "none",
        }

    def room(self) -> dict[str, Any]:
        """Return `{"session", "shows", "people"}` as everybody in the room sees them."""
        session = self.desk.current()
        if session is None:
            return {"session": None, "shows": "story", "people": []}
        shown = {"id": session.id, "title": session.title, "state": session.state, "purge": session.purge}
        return {"session": shown, "shows": session.shows, "people": self.people.told()}

    def whole(self, name: str) -> dict[str, Any]:
        """Return a session with the results of its votes, its notes and participants, as `GET /sessions/{id}` gives it.

        Raises:
            NotFoundError: there is none of that id.
        """
        session = self._shown(name)
        return self.view(session) | {
            "votes": self.ballot.of(session.id),
            "notes": [note_view(each) for each in self.notebook.of(session.id)],
            "people": [person_view(each) for each in self.people.of(session.id)],
        }

    # what is read

    def spans(self, name: str) -> list[Span]:
        """Return which stretches of which timelines are a session's.

        Raises:
            NotFoundError: there is none of that id.
        """
        session = self._shown(name)
        return spans(session, self._kept.runs())

    def veil(self, before: Veil) -> Veil:
        """Return what keeps the words of sessions that are over from today's room: the same where it is that already.

        Raises:
            StoreError: the sessions cannot be read.
        """
        over = self.desk.over()
        if {each.id for each in over} == before.over:
            return before
        runs = list(self._kept.runs())
        return Veil([each.id for each in over], [span for each in over for span in spans(each, runs, moments=True)])

    def alarms(self, name: str) -> Sequence[Alarm]:
        """Return a session's alarms, newest first: of its archive where that is complete.

        Raises:
            NotFoundError: there is none of that id.
            StoreError: they cannot be read.
        """
        session = self._shown(name)
        if session.kept:
            return self.archives.alarms(name)
        return self._kept.alarms_in(self.spans(name))

    def notes(self, name: str) -> list[Note]:
        """Return what was noted in a session, the earliest moment first: for its charts, its report, its export.

        Raises:
            NotFoundError: there is none of that id.
            StoreError: they cannot be read.
        """
        return self.notebook.of(self._shown(name).id)

    @contextmanager
    def history(self, name: str) -> Iterator[SqliteReadings | None]:
        """Lend the readings of a session's archive; None: they still lie in the store.

        Raises:
            NotFoundError: there is none of that id.
            StoreError: they cannot be read.
        """
        if not self._shown(name).kept:
            yield None
            return
        with self.archives.history(name) as found:
            yield found

    def _shown(self, name: str) -> Session:
        session = self.desk.session(name)
        if session.state is State.PURGING:
            msg = f"session {name} is being erased"
            raise NotFoundError(msg)
        return session

    # what is done in the background

    def build(self, position: int) -> int:
        """Write the archives that can be written: of what is stored up to a journal position. Return how many.

        Raises:
            HubError: one cannot be written; it is tried again at the next call.
        """
        written = 0
        for session in self.desk.unkept():
            if session.positions[-1][1] > position + 1:
                continue
            with self._working, closing(self._reader()) as reader:
                if session.id not in {each.id for each in self.desk.unkept()}:
                    continue  # it was erased while this waited
                self.archives.build(session, reader, self._kept.runs())
                is_kept = self.desk.kept(session.id)
            if is_kept:
                written += 1
                _LOG.info("Session %s is archived", session.id)
        return written

    def purge(self, name: str) -> dict[str, Any]:
        """Erase a session for ever; return how many `readings` and raw `messages` went.

        Cut short at any moment, `purge_due` goes on with it.

        Raises:
            NotFoundError: there is none of that id.
            HubError: something of it is still there.
        """
        with self._working:
            return self._purged(name)

    def _purged(self, name: str) -> dict[str, Any]:
        people = self.people.of(name)
        session = self.desk.purge(name)
        self.archives.drop(session.id)
        self.handouts.drop(session.id)
        readings = self._purge(spans(session, self._kept.runs(), moments=True), session.positions)
        self._forget([each.device for each in people])
        messages = sum(self._erase(each) for each in self._messages(session.positions))
        messages += sum(self._erase(each) for each in self._strays(session, {each.id for each in people}))
        self.desk.erased(session.id)
        _LOG.info("Session %s is erased", session.id)
        return {"id": session.id, "purged": True, "readings": readings, "messages": messages}

    def _messages(self, intervals: Collection[tuple[int, int]]) -> Iterator[list[int]]:
        with closing(self._reader()) as reader:
            start, end = reader.start, reader.end + 1
        for first, last in intervals:
            there = range(max(first, start), min(last, end))
            for at in range(0, len(there), AT_ONCE):
                yield [*there[at : at + AT_ONCE]]

    def _strays(self, session: Session, people: Collection[str]) -> Iterator[list[int]]:
        """Yield what a session's phones said while it was paused, and that they have gone after its end."""
        if not people:
            return
        topics, inside = {f"{PHONES}/{each}" for each in people}, session.positions
        with closing(self._reader()) as reader:
            after = max(session.positions[0][0], reader.start) - 1
            while records := reader.read(after, AT_ONCE):
                found = [each.position for each in records if each.message.topic in topics]
                if outside := [each for each in found if not any(begin <= each < end for begin, end in inside)]:
                    yield outside
                after = records[-1].position

    def purge_due(self) -> list[Mapping[str, Any]]:
        """Erase the sessions whose day has come, and those whose erasing was cut short."""
        done: list[Mapping[str, Any]] = []
        for session in self.desk.due():
            with self._working:
                if session.id in {each.id for each in self.desk.due()}:  # else it was erased while this waited
                    done.append(self._purged(session.id))
        return done


def opened(data: Path) -> SessionStore:
    """Return the session.db of a data folder: its own, or one that follows what the workers of its journal share.

    Raises:
        ConfigError: the journal's address cannot be used.
        StoreError: it cannot be opened.
    """
    url = place.servers(data)
    if url is None:
        return SessionStore(data)
    from hub.sharing import SharedStore  # noqa: PLC0415 — only where NATS is spoken of

    return SharedStore(data, url)
