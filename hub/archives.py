"""Archives of workshop sessions: a folder each, complete in itself, that no retention touches (decisions/0011).

`archives/<id>/` holds `recording.ndjson.gz`, every message of its intervals as `matinales replay` plays it, `store.db`,
its readings and alarms in the tables of the living store, and `index.json`, which timelines the recording has. Nothing
in it was typed: that lies in session.db.
"""

import gzip
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.errors import NotFoundError, StoreError
from hub.journal.base import JournalReader
from hub.model import NS, REAL, Alarm, Run, Source
from hub.recorded import Recorded, between, line
from hub.store import stretches
from hub.store.alarms import AlarmStore
from hub.store.file import StoreReader
from hub.store.sqlite import SqliteReadings
from hub.timeline import FASTEST_LIVE, PREFIX, Timelines
from hub.workshop.session import Interval, Session, spans

FOLDER = "archives"
RECORDING, STORE, INDEX = "recording.ndjson.gz", "store.db", "index.json"
MOST_ALARMS = 10_000
_LEVEL = 3
"""Of gzip: a tenth of the size, and twice as fast as the next one."""


class Track(Struct):
    """One timeline of a recording.

    Attributes:
        run: `real`, or a run.
        scenario: that was played; empty: none.
        messages: how many of devices.
        live: how many of them were no history.
        begin, end: when the live ones arrived [ns], on the wall.
        first, last: the same on the timeline [ns].
        table: whose own it is; 0: the whole room's.
        phones: how many of the live ones were participants' phones'.
    """

    run: str
    scenario: str = ""
    messages: int = 0
    live: int = 0
    begin: int = 0
    end: int = 0
    first: int = 0
    last: int = 0
    table: int = 0
    phones: int = 0

    def take(self, found: Recorded) -> None:
        """Count a message."""
        self.messages += 1
        if found.message.source is Source.IMPORT:
            return
        if not self.live:
            self.begin, self.first = found.message.received, found.time
        self.live += 1
        self.phones += found.message.source is Source.PHONE
        self.end, self.last = max(self.end, found.message.received), max(self.last, found.time)

    @property
    def weight(self) -> tuple[bool, int, bool, int]:
        """How much it tells of what the room saw: a table's own is its own, and phones are no story."""
        said = self.live - self.phones
        return said > 0 and not self.table, said, not self.table, self.messages

    @property
    def speed(self) -> float:
        """How fast it went by on the average, as it is played again [1]."""
        wall = self.end - self.begin
        if self.run == REAL or wall < NS:
            return 1.0
        return float(min(max(round((self.last - self.first) / wall), 1), FASTEST_LIVE))


class Archives:
    """The folder of archives; blocks."""

    def __init__(self, data: Path) -> None:
        """Look into the data folder."""
        self._data = data

    def folder(self, name: str) -> Path:
        """Return where the archive of a session is, or would be."""
        return self._data / FOLDER / name

    def build(self, session: Session, reader: JournalReader, runs: Iterable[Run]) -> None:
        """Write a session's archive, all or nothing; what an attempt before left is replaced.

        Args:
            session: an archived one.
            reader: of the journal.
            runs: those that the store knows.

        Raises:
            StoreError: it cannot be written.
            JournalError: the journal cannot be read.
        """
        target = self.folder(session.id)
        draft = target.with_name(f".{session.id}")
        known = list(runs)
        try:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True, mode=0o700)
            tracks = _record(session.intervals, reader, known, draft / RECORDING)
            (draft / INDEX).write_bytes(msgspec.json.encode(tracks))
            stretches.copy(self._data / STORE, draft / STORE, spans(session, known))
            shutil.rmtree(target, ignore_errors=True)
            draft.replace(target)
        except OSError as error:
            msg = f"the archive of session {session.id} cannot be written ({error}); free some space: it is tried again"
            raise StoreError(msg) from error

    def drop(self, name: str) -> None:
        """Erase an archive."""
        for folder in (self.folder(name), self.folder(f".{name}")):
            shutil.rmtree(folder, ignore_errors=True)

    def recording(self, name: str) -> tuple[Path, Track]:
        """Return the recording of a session, and the timeline that has most to tell of what the room saw.

        Raises:
            NotFoundError: there is none; the message says why.
        """
        try:
            tracks = msgspec.json.decode((self.folder(name) / INDEX).read_bytes(), type=list[Track])
        except (OSError, msgspec.MsgspecError):
            msg = f"no archive of a session {name[:40]!r}: only an archived session is played; `matinales session list`"
            raise NotFoundError(msg) from None
        if not tracks:
            msg = f"session {name} has no message of a device: there is nothing to play"
            raise NotFoundError(msg)
        return self.folder(name) / RECORDING, max(tracks, key=lambda track: track.weight)

    def tracks(self, name: str) -> dict[str, Track]:
        """Return run → what the recording of a session has of it; empty where there is no recording."""
        try:
            found = msgspec.json.decode((self.folder(name) / INDEX).read_bytes(), type=list[Track])
        except (OSError, msgspec.MsgspecError):
            return {}
        return {track.run: track for track in found}

    def has(self, name: str) -> bool:
        """Tell whether there is one that can be read."""
        return (self.folder(name) / INDEX).is_file()

    @contextmanager
    def history(self, name: str) -> Iterator[SqliteReadings]:
        """Lend the readings of an archive, for reading only.

        Raises:
            StoreError: they cannot be read.
        """
        with closing(StoreReader(self.folder(name) / STORE)) as store:
            yield SqliteReadings(store)

    def alarms(self, name: str) -> list[Alarm]:
        """Return the alarms of an archive, newest first.

        Raises:
            StoreError: they cannot be read.
        """
        with closing(StoreReader(self.folder(name) / STORE)) as store, store.reader() as db:
            return AlarmStore(db).newest(MOST_ALARMS)


def _record(intervals: Iterable[Interval], reader: JournalReader, runs: list[Run], target: Path) -> list[Track]:
    tracks: dict[str, Track] = {}
    known = {run.id: run for run in runs}
    with gzip.open(target, "wb", compresslevel=_LEVEL) as file:
        for each in intervals:
            assert each.end is not None  # noqa: S101 — only what is archived is built
            for found in between(reader, each.begin.position, each.end.position, timelines(each, runs)):
                file.write(line(found))
                if not found.message.topic.startswith(PREFIX):
                    tracks.setdefault(found.run, _track(found.run, known.get(found.run))).take(found)
    return list(tracks.values())


def _track(name: str, run: Run | None) -> Track:
    return Track(name) if run is None else Track(name, run.scenario, table=run.table)


def timelines(interval: Interval, runs: Iterable[Run]) -> Timelines:
    """Return the runs as they stood when an interval began: their next beat, within a second, corrects their speed."""
    begin = interval.begin
    return Timelines(
        msgspec.structs.replace(run, state="running", wall=begin.wall, simulated=begin.runs[run.id])
        for run in runs
        if run.id in begin.runs
    )
