"""session.db of several workers: the truth lies in a bucket beside their journal, and each worker's file follows it.

A row is a key: `sessions` (all of them in one, so that two cannot begin at once), `vote.<id>`, `note.<id>`,
`person.<id>`, `plan.<session>`, `picture.<id>`. Who changes one says which revision was seen; where another worker was
first, nothing is changed. What a worker does of itself stays its own: whether its archive is written, and what is left
of a session that it still has to erase.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.errors import BusyError, HubError, JournalError, StoreError
from hub.journal.bucket import Bucket, Entry
from hub.journal.nats_link import RefusedError, Url
from hub.workshop.carried import carried
from hub.workshop.note import Note
from hub.workshop.people import Person
from hub.workshop.plan import Plan
from hub.workshop.session import Session, State, purging
from hub.workshop.store import SessionStore
from hub.workshop.vote import Vote

_LOG = logging.getLogger(__name__)
BUCKET = "room"
LOOK_S = 0.2
"""How often it is looked what other workers changed [s]."""
SESSIONS = "sessions"
HOUSE = "-"
"""Key of what belongs to no session."""
_KINDS: Mapping[str, Any] = {SESSIONS: list[Session], "vote": Vote, "note": Note, "person": Person, "plan": Plan}
_LIST = msgspec.json.Decoder(list[Session]).decode
_BORN = "born "
"""Before when the bucket was made, among the keys."""
_MARKED = "CREATE TABLE IF NOT EXISTS shared(key TEXT PRIMARY KEY)"


class SharedStore(SessionStore):
    """The file, kept like the bucket; `follow` lets it follow by itself."""

    def __init__(self, data: Path, url: Url) -> None:
        """Open the file; nothing is asked of the servers yet.

        Raises:
            ConfigError: nats-py is not installed, or a newer hub wrote the file.
            StoreError: it cannot be opened.
        """
        super().__init__(data)
        self._db.execute(_MARKED)
        self._bucket = Bucket(url, BUCKET)
        self._guard = threading.RLock()
        self._revisions: dict[str, int] = {}
        self._there: set[str] = set()
        self._shared: dict[str, Session] = {}
        self._newer: dict[str, bytes] = {}
        """Keys whose value has fields that this version does not know, as it was read."""
        self._seen = 0
        self._synced = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, news: Callable[[], None]) -> None:
        """Take over by itself what other workers change, and say each time that there is something new."""
        self._thread = threading.Thread(target=self._follow, args=(news,), name="sharing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Release the file and the connection."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._bucket.close()
        super().close()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let nothing of other workers in between what is read and what is written for it.

        Raises:
            JournalError: no server answers, so nothing can be changed now.
        """
        with self._guard:
            self._catch_up()
            yield

    # what is written: to the bucket first

    def put(self, *sessions: Session) -> None:
        """Store sessions, all or none."""
        with self._guard:
            wanted = dict(self._shared)
            for each in sessions:
                if each.state is not State.PURGING or each.id in wanted:  # others may have done with it
                    wanted[each.id] = replace(each, kept=False)
            self._say_sessions(wanted)
            super().put(*sessions)

    def erase(self, name: str) -> None:
        """Erase a session for ever; another worker that has not done so yet goes on with it."""
        with self._guard:
            self._say_sessions({key: each for key, each in self._shared.items() if key != name})
            super().erase(name)
            self._unmark(name)

    def put_vote(self, vote: Vote) -> None:
        """Store a vote."""
        with self._said({f"vote.{vote.id}": msgspec.json.encode(vote)}):
            super().put_vote(vote)

    def put_note(self, note: Note) -> None:
        """Store a note."""
        with self._said({f"note.{note.id}": msgspec.json.encode(note)}):
            super().put_note(note)

    def put_person(self, person: Person) -> None:
        """Store a participant."""
        with self._said({f"person.{person.id}": msgspec.json.encode(person)}):
            super().put_person(person)

    def put_plan(self, *plans: Plan, picture: tuple[str, bytes] | None = None) -> None:
        """Store plans with a new picture; pictures that no plan shows any more are erased."""
        seen = {} if picture is None else {f"picture.{picture[0]}": picture[1]}
        with self._said({**seen, **{f"plan.{each.session or HOUSE}": msgspec.json.encode(each) for each in plans}}):
            super().put_plan(*plans, picture=picture)
            self._drop_pictures()

    def erase_votes(self, session: str) -> None:
        """Erase a session's votes."""
        with self._said({f"vote.{each.id}": None for each in self.votes(session)}):
            super().erase_votes(session)

    def erase_notes(self, session: str) -> None:
        """Erase a session's notes."""
        with self._said({f"note.{each.id}": None for each in self.notes(session)}):
            super().erase_notes(session)

    def erase_note(self, name: str) -> None:
        """Erase a note for ever."""
        with self._said({f"note.{name}": None}):
            super().erase_note(name)

    def erase_people(self, session: str) -> None:
        """Erase a session's participants."""
        with self._said({f"person.{each.id}": None for each in self.people(session)}):
            super().erase_people(session)

    def erase_person(self, name: str) -> None:
        """Erase a participant."""
        with self._said({f"person.{name}": None}):
            super().erase_person(name)

    def erase_plan(self, session: str) -> None:
        """Erase a session's plan, and its picture."""
        with self._said({f"plan.{session or HOUSE}": None}):
            super().erase_plan(session)
            self._drop_pictures()

    @contextmanager
    def _said(self, changes: Mapping[str, bytes | None]) -> Iterator[None]:
        """Change keys, and let nothing in between until the file has them too."""
        with self._guard:
            for key, value in changes.items():
                self._say(key, value)
            yield

    def _drop_pictures(self) -> None:
        shown = {f"picture.{each.picture.id}" for each in self.plans() if each.picture is not None}
        for key in [each for each in self._there if each.startswith("picture.") and each not in shown]:
            self._say(key, None)

    def _say_sessions(self, wanted: Mapping[str, Session]) -> None:
        if wanted != self._shared:
            self._say(SESSIONS, msgspec.json.encode([*wanted.values()]))
            self._shared = dict(wanted)
            self._mark(*wanted)

    def _say(self, key: str, value: bytes | None) -> None:
        """Change a key, from the revision that this worker has seen.

        Raises:
            BusyError: another worker was first; nothing was changed.
            JournalError: no server answers.
        """
        after = self._revisions.get(key, 0)
        if value is None and key not in self._there:
            return
        try:
            if value is None:
                self._revisions[key] = self._bucket.delete(key, after=after)
                self._newer.pop(key, None)
                self._there.discard(key)
                self._unmark(key)
            else:
                value = self._with_newer(key, value)
                self._revisions[key] = self._bucket.put(key, value, after=after)
                self._note_newer(key, value)
                self._there.add(key)
                self._mark(key)
        except RefusedError:
            self._catch_up()
            msg = "another worker has just changed the same; look at the page, and do it again if it is still wanted"
            raise BusyError(msg) from None

    def _with_newer(self, key: str, value: bytes) -> bytes:
        """Return a value with the fields that a newer version had written there."""
        if key not in self._newer:
            return value
        return carried(_KINDS[key.partition(".")[0]], self._newer[key], value)

    def _note_newer(self, key: str, value: bytes) -> None:
        """Keep what was read where this version would not write the same."""
        kind = _KINDS.get(key.partition(".")[0])
        if kind is None or msgspec.json.encode(msgspec.json.decode(value, type=kind)) == value:
            self._newer.pop(key, None)
        else:
            self._newer[key] = value

    # what others wrote

    def _follow(self, news: Callable[[], None]) -> None:
        while not self._ended.wait(LOOK_S):
            try:
                with self._guard:
                    changed = self._catch_up()
            except JournalError as error:
                _LOG.debug("What other workers changed is not known yet: %s", error)
                continue
            except HubError as error:
                _LOG.warning("What another worker changed is taken over later: %s", error)
                continue
            if changed:
                news()

    def _catch_up(self) -> bool:
        """Take over what was changed since; tell whether anything was."""
        if not self._synced:
            self._meet(self._bucket.born())
        entries = self._bucket.since(self._seen)
        fresh = [each for each in entries if each.revision > self._revisions.get(each.key, 0)]
        newest = {each.key: each for each in fresh}
        for each in sorted(newest.values(), key=lambda each: (each.key != SESSIONS, each.revision)):
            self._take(each)  # sessions first: what is left of an erased one is kept until it was erased here too
        if entries:
            self._seen = entries[-1].revision
        if any(each.value is None for each in newest.values()):
            self.scrub()
        if not self._synced:
            self._reconcile()
            self._synced = True
        return bool(newest)

    def _take(self, entry: Entry) -> None:
        kind, _, name = entry.key.partition(".")
        if entry.value is None:
            self._forget(kind, name)
            self._there.discard(entry.key)
            self._newer.pop(entry.key, None)
            self._unmark(entry.key)
        else:
            self._keep(kind, name, entry.value)
            self._note_newer(entry.key, entry.value)
            self._there.add(entry.key)
            self._mark(entry.key)
        self._revisions[entry.key] = entry.revision

    def _keep(self, kind: str, name: str, value: bytes) -> None:
        try:
            if kind == SESSIONS:
                self._take_sessions(_LIST(value))
            elif kind == "vote":
                super().put_vote(msgspec.json.decode(value, type=Vote))
            elif kind == "note":
                super().put_note(msgspec.json.decode(value, type=Note))
            elif kind == "person":
                super().put_person(msgspec.json.decode(value, type=Person))
            elif kind == "plan":
                super().put_plan(msgspec.json.decode(value, type=Plan))
            elif kind == "picture":
                self._write("INSERT OR REPLACE INTO picture VALUES(?,?)", (name, value))
        except msgspec.DecodeError as error:
            msg = f"what another worker keeps as {kind} cannot be read ({error}): give all workers the same version"
            raise StoreError(msg) from error

    def _take_sessions(self, found: list[Session]) -> None:
        mine = {each.id: each for each in self.sessions()}
        self._shared = {each.id: each for each in found}
        super().put(*(replace(each, kept=each.id in mine and mine[each.id].kept) for each in found))
        gone = [mine[each] for each in self._marked() & mine.keys() - self._shared.keys()]
        super().put(*(purging(each) for each in gone if each.state is not State.PURGING))
        self._mark(*self._shared)

    def _forget(self, kind: str, name: str) -> None:
        if kind == "vote":
            self._write("DELETE FROM vote WHERE id = ?", (name,))
        elif kind == "note":
            super().erase_note(name)
        elif kind == "person" and not self._is_being_erased(name):
            super().erase_person(name)
        elif kind == "plan":
            super().erase_plan("" if name == HOUSE else name)
        elif kind == "picture":
            self._write("DELETE FROM picture WHERE id = ?", (name,))

    def _is_being_erased(self, person: str) -> bool:
        """Tell whether a session's own erasing still has to find this participant's phone."""
        left = [each.id for each in self.sessions() if each.state is State.PURGING]
        return any(each.id == person for session in left for each in self.people(session))

    # the first time

    def _meet(self, bucket: str) -> None:
        """Let what was shared in another bucket be nobody's yet: a new cluster, or a file out of a backup."""
        born = f"{_BORN}{bucket}"
        if born not in self._marked():
            self._write("DELETE FROM shared", ())
            self._mark(born)

    def _reconcile(self) -> None:
        """Let go of what others erased while this worker was away, and share what nobody knows yet."""
        known = self._marked()
        own = {each.id: each for each in self.sessions()}
        fresh = [each for each in own.values() if each.id not in known | self._shared.keys()]
        if fresh:
            self.put(*(each for each in fresh if each.state is not State.PURGING))
        places = ["", *own]
        votes: Sequence[Vote | Note | Person] = [each for name in places for each in self.votes(name)]
        notes = [each for name in places for each in self.notes(name)]
        people = [each for name in places for each in self.people(name)]
        for plan in self.plans():
            picture = plan.picture
            data = None if picture is None else self.picture(picture.id)
            if picture is not None and data is not None:
                self._settle("picture", picture.id, data, known)
            self._settle("plan", plan.session or HOUSE, msgspec.json.encode(plan), known)
        for kind, of in (("vote", votes), ("note", notes), ("person", people)):
            for each in of:
                self._settle(kind, each.id, msgspec.json.encode(each), known)

    def _settle(self, kind: str, name: str, value: bytes, known: set[str]) -> None:
        key = f"{kind}.{name}"
        if key in self._there:
            return
        if key in known or self._revisions.get(key):
            self._forget(kind, name)
            self._unmark(key)
        else:
            self._say(key, value)

    def _marked(self) -> set[str]:
        with self._lock:
            return {str(key) for (key,) in self._db.execute("SELECT key FROM shared")}

    def _mark(self, *keys: str) -> None:
        with self._lock:
            self._db.executemany("INSERT OR IGNORE INTO shared VALUES(?)", [(each,) for each in keys])

    def _unmark(self, key: str) -> None:
        self._write("DELETE FROM shared WHERE key = ?", (key,))
