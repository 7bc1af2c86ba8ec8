"""One workshop session as `matinales export --session` reads it: of its archive, or of what still lies in the store."""

import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.archives import RECORDING, STORE, Archives, timelines
from hub.driver import topic_matches
from hub.errors import JournalError, NotFoundError
from hub.journal import place
from hub.model import Run
from hub.recorded import EVER, between, line
from hub.store.file import StoreReader
from hub.store.state import StateStore
from hub.store.transfer import Windows
from hub.web.query import moment
from hub.workshop.session import Session, Span, State, spans
from hub.workshop.store import FILE, SessionStore


class _Line(Struct):
    """What a line of a recording is chosen by."""

    time: str
    topic: str
    run: str = "real"


class Sitting:
    """A session: which stretches of which timelines are its own, and where they lie.

    Attributes:
        store: path of the file that holds its readings and alarms.
        spans: its stretches; a pause is in none.
    """

    def __init__(self, data: Path, name: str) -> None:
        """Find a session of a data folder, also while its hub lives.

        Raises:
            NotFoundError: there is none of that id.
        """
        self._data = data
        self._session = _session(data, name)
        self._archive = Archives(data).folder(name) if self._session.kept else None
        self.store = (self._archive or data) / STORE
        self.runs = _runs(data / STORE)
        self.spans: list[Span] = spans(self._session, self.runs)

    def windows(self, start: int, stop: int, run: str | None) -> Windows:
        """Return run → stretches within a time [ns], of one run or of all."""
        found: dict[str, list[tuple[int, int]]] = {}
        for span in self.spans:
            first, last = max(span.start, start), min(span.stop, stop)
            if run in {None, span.run} and first < last:
                found.setdefault(span.run, []).append((first, last))
        return found

    def now(self, run: str, now: int) -> int:
        """Return the time [ns] from which spans count: a timeline's now, or where the session left it."""
        return min(now, max((span.stop for span in self.spans if span.run == run), default=now))

    def messages(self, *, start: int, stop: int, topic: str, run: str | None) -> Iterator[bytes]:
        """Yield its messages as lines of a recording (`hub.recorded`), chosen as `matinales export --messages` says."""
        lines = self._of_journal() if self._archive is None else self._of_archive(self._archive / RECORDING)
        for each in lines:
            said = msgspec.json.decode(each, type=_Line)
            at = moment(said.time) or 0
            if run in {None, said.run} and start <= at < stop and topic_matches(topic, said.topic):
                yield each

    def _of_journal(self) -> Iterator[bytes]:
        with closing(place.reader(self._data)) as reader:
            for each in self._session.intervals:
                last = EVER if each.end is None else each.end.position
                for found in between(reader, each.begin.position, last, timelines(each, self.runs)):
                    yield line(found)

    def _of_archive(self, recording: Path) -> Iterator[bytes]:
        try:
            with gzip.open(recording, "rb") as file:
                yield from io.BufferedReader(file)
        except (OSError, EOFError) as error:
            msg = f"{recording} cannot be read ({error}); restore it from a backup, or leave out --messages"
            raise JournalError(msg) from error


def _session(data: Path, name: str) -> Session:
    if not (data / FILE).is_file():
        msg = f"{data}: no session was ever started here; name another folder with --data"
        raise NotFoundError(msg)
    with closing(SessionStore(data)) as desk:
        session = desk.session(name)
    if session.state is State.PURGING:
        msg = f"session {name} is being erased"
        raise NotFoundError(msg)
    return session


def _runs(path: Path) -> Sequence[Run]:
    with closing(StoreReader(path)) as store, store.reader() as db:
        return StateStore(db).runs()
