"""The default journal: SQLite files in the data folder, one row per group commit.

A journal is one or more files, `journal.db`, `journal-1.db`, …: the newest is written, all are read. A new one begins
when the newest cannot be trusted any more: it is damaged (then what can be read is copied and the rest moved aside as
`.corrupt.<time>`), or a sync failed (reliability.md §2.4).
"""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, Self

import apsw
import msgspec
import zstandard

from hub.errors import JournalError
from hub.journal.base import ERASED, LATELY, WINDOW, Opening
from hub.journal.repeats import Echo, Same, at_the_tail, delivered_again, same
from hub.model import NS, Message, Record

TAIL_ROWS = 64
"""Rows checked at a start after an unclean stop: more than can have been under way."""
VERSION = 1
"""Of the tables, in `user_version`. Files made before there was a number have 0, and are these."""
_LEVEL = 1
_DROPPED_AT_ONCE = 500
_BY_SLICES = 2
"""SQLite's `auto_vacuum=INCREMENTAL`."""
_GIVEN_BACK, _SPARE_PAGES, _SPARE_SHARE = 500, 8_000, 4
"""Pages given back to the disk at a time, some 10 ms; so many stay for what comes, and up to a fourth of the file."""
_ROW = 100
"""About what a group takes beside its data [byte]."""
_NAME = re.compile(r"journal(?:-(\d+))?\.db")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch(
  first INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  oldest INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  repeats INTEGER NOT NULL,
  late INTEGER NOT NULL,
  data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS mark(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_ADD = "INSERT INTO batch VALUES(?,?,?,?,?,?,?,?)"
_NEXT = "SELECT * FROM batch WHERE first >= ? ORDER BY first LIMIT 1"
_BACKWARDS = "SELECT * FROM batch ORDER BY first DESC LIMIT ?"
_FARTHEST = 1 << 40
"""Positions looked ahead for the next readable page."""
_DAMAGE = (apsw.CorruptError, apsw.NotADBError)
_FINAL = (apsw.IOError, *_DAMAGE)
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(list[Message]).decode


class _Row(NamedTuple):
    """A group as it lies in the table; the first `repeats` messages repeat earlier ones."""

    first: int
    many: int
    oldest: int
    newest: int
    epoch: int
    repeats: int
    late: bool
    data: bytes

    @property
    def last(self) -> int:
        return self.first + self.many - 1


class SqliteJournal:
    """The append side; one thread and one process at a time (the ingest's own lock sees to it).

    Attributes:
        end: position of the last committed record.
        epoch: number of the newest connection that wrote.
        unclean: whether the last stop was not orderly.
        lost: records found damaged since this journal was opened.
        written: bytes of all groups committed since then.
        faults: what was found or happened, in plain words, newest last.
        superseded: never: the ingest's lock sees to it.
    """

    def __init__(
        self, folder: Path, *, clock: Callable[[], int] = time.time_ns, vfs: str | None = None, window: int = WINDOW
    ) -> None:
        """Open the journal in `folder`, whatever its state.

        Raises:
            JournalError: the folder cannot be written.
        """
        self.end = 0
        self.epoch = 0
        self.unclean = False
        self.lost = 0
        self.written = 0
        self.superseded = False
        self.faults: list[str] = []
        self._trusted = False
        self._bare = True  # the file holds no group yet
        self._folder = folder
        self._clock = clock
        self._vfs = vfs
        self._window = window
        self._compress = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress
        self._tail: list[Same] | None = None
        self._echo: Echo | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._open()
        except (OSError, apsw.Error) as error:
            msg = f"the journal in {folder} cannot be opened ({error}); check that the folder is writable and not full"
            raise JournalError(msg) from error

    @property
    def path(self) -> Path:
        """The file that is written."""
        return self._path

    @property
    def size(self) -> int:
        """Bytes on disk, all files."""
        return sum(path.stat().st_size for path in self._folder.glob("journal*.db*") if path.exists())

    @property
    def oldest(self) -> int:
        """Arrival time of the oldest record kept [ns]; 0: there is none."""
        return self._time("SELECT oldest FROM batch ORDER BY first LIMIT 1")

    @property
    def newest(self) -> int:
        """Arrival time of the last record [ns]; 0: there is none."""
        return self._time("SELECT newest FROM batch ORDER BY first DESC LIMIT 1")

    def _time(self, query: str) -> int:
        try:
            return _number_in(self._db, query)
        except apsw.Error:  # damaged: who appends or reads says so
            return 0

    @property
    def used(self) -> int:
        """Bytes that hold records; room given back is used again, so the files do not shrink."""
        try:
            pages = _number_in(self._db, "PRAGMA page_count") - _number_in(self._db, "PRAGMA freelist_count")
            newest = pages * _number_in(self._db, "PRAGMA page_size")
        except apsw.Error:  # given up after a failed sync, until the next one begins
            return self.size
        return newest + sum(path.stat().st_size for path in _files(self._folder)[:-1])

    @property
    def flow(self) -> Mapping[str, float]:
        """Nothing: the journal lies in the folder."""
        return {}

    def append(self, messages: Sequence[Message], *, epoch: int = 0, late: bool = False) -> int:
        """Commit the messages as one group and return the new end (see the contract)."""
        if not messages:
            return self.end
        repeats = self._repeats(messages) if self._tail is not None or self._echo is not None else 0
        row = _Row(
            self.end + 1,
            len(messages),
            min(message.received for message in messages),
            max(message.received for message in messages),
            epoch,
            repeats,
            late,
            self._compress(_ENCODE(messages)),
        )
        self._write(row)
        self.written += len(row.data) + _ROW
        self.end += len(messages)
        self.epoch = max(self.epoch, epoch)
        return self.end

    def resumed(self, epoch: int, *, restarted: bool = False) -> None:
        """Compare the next group with the tail, or with all of late where the broker was restarted (§2.8)."""
        self.epoch = max(self.epoch, epoch)
        before = self._before(LATELY if restarted else self._window)
        self._tail = before[-self._window :]
        self._echo = Echo(before) if restarted else None

    def drop_before(self, position: int) -> int:
        """Delete the groups that lie wholly before `position`; return how many records went.

        Raises:
            JournalError: they cannot be deleted.
        """
        try:
            gone = _number_in(self._db, "SELECT sum(count) FROM batch WHERE first + count <= ?", position)
            if gone:
                with self._db:
                    self._db.execute("INSERT OR REPLACE INTO mark VALUES('base', ?)", (self.end,))
                    self._db.execute("DELETE FROM batch WHERE first + count <= ?", (position,))
            self._shrink()
            for path in _files(self._folder)[:-1]:
                gone += self._drop_file_before(path, position)
        except (OSError, apsw.Error) as error:
            msg = f"old messages cannot be deleted from {self._path.name} ({error}); free some space"
            raise JournalError(msg) from error
        return gone

    def _shrink(self) -> None:
        """Give a slice of room back to the disk, where much of the file is free."""
        free, pages = _number_in(self._db, "PRAGMA freelist_count"), _number_in(self._db, "PRAGMA page_count")
        if free > max(_SPARE_PAGES, pages // _SPARE_SHARE):
            self._db.execute(f"PRAGMA incremental_vacuum({_GIVEN_BACK})").fetchall()

    def make_room(self, budget: int, *, below: int, before: int) -> int:
        """Drop the oldest groups while more than `budget` bytes are used (see the contract)."""
        try:
            excess = self.used - budget
            if excess <= 0:
                self._shrink()
                return 0
            gone = 0
            for path in _files(self._folder)[:-1]:
                state = path.stat()
                if excess > 0 and state.st_mtime_ns < before:
                    gone += self._drop_file_before(path, below)
                    excess -= 0 if path.exists() else state.st_size
            limit = self._droppable(excess, below=below, before=before)
        except (OSError, apsw.Error) as error:
            msg = f"the oldest messages of the journal cannot be read ({error})"
            raise JournalError(msg) from error
        return gone + self.drop_before(limit)

    def _droppable(self, excess: int, *, below: int, before: int) -> int:
        """Return the position before which to drop, so that `excess` bytes go, as far as that is allowed."""
        query = "SELECT first + count, newest, length(data) FROM batch ORDER BY first LIMIT ?"
        limit = 0
        for end, newest, size in self._db.execute(query, (_DROPPED_AT_ONCE,)):
            if excess <= 0 or newest >= before or end > below:
                break
            limit, excess = end, excess - size - _ROW
        return limit

    def erase(self, positions: Sequence[int]) -> int:
        """Empty these records for ever (see the contract)."""
        try:
            gone = _erased(self._db, positions, self._compress)
            for path in _files(self._folder)[:-1]:
                db = self._connect(path)
                try:
                    gone += _erased(db, positions, self._compress)
                finally:
                    db.close()
        except apsw.Error as error:
            msg = f"the journal in {self._folder} cannot be rewritten ({error}); forget the device again"
            raise JournalError(msg) from error
        self._tail = None
        return gone

    def close(self) -> None:
        """Mark the orderly stop and release the files."""
        try:
            self._db.execute("INSERT OR REPLACE INTO mark VALUES('clean', 1)")
        except apsw.Error as error:
            self.faults.append(f"the orderly stop could not be marked: {error}")
        self._db.close()

    def _open(self) -> None:
        known = _files(self._folder)
        if not known:
            self._create(self._folder / "journal.db")
            return
        self._path = known[-1]
        try:
            self._db = self._connect(self._path)
            self._check_tail()
            self._go_on(known)
        except _DAMAGE as error:
            self._rescue(error)
            self._go_on(known)
        self._trusted, self._bare = True, False

    def _go_on(self, known: list[Path]) -> None:
        """Note that the newest of the known files is open; one that was begun and nothing more follows the older."""
        if self.end == 0 and len(known) > 1:
            self._continue_from(known[:-1])
        self._db.execute("INSERT OR REPLACE INTO mark VALUES('clean', 0)")
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO mark VALUES(?, ?)", self._opening())

    def _create(self, path: Path) -> None:
        """Begin a file; whatever an older one holds above its beginning never counts."""
        self._path = path
        self._bare = True
        self._db = self._connect(path)
        marks = [("clean", 0), ("begin", self.end), ("base", self.end), *self._opening()]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO mark VALUES(?, ?)", marks)
        self._trusted = True

    def _opening(self) -> list[tuple[str, int]]:
        return [("opening", self._clock()), ("opened", self.end)]

    def _connect(self, path: Path) -> apsw.Connection:
        db = apsw.Connection(str(path), vfs=self._vfs)
        try:
            db.set_busy_timeout(5_000)
            known = _known(db, path)
            db.pragma("auto_vacuum", _BY_SLICES)  # of a new file
            for pragma, value in (("journal_mode", "wal"), ("synchronous", "full"), ("secure_delete", "on")):
                db.pragma(pragma, value)
            db.execute(_SCHEMA)
            if known < VERSION:
                db.pragma("user_version", VERSION)
        except BaseException:
            db.close()
            raise
        return db

    def _check_tail(self) -> None:
        """Read the end; after an unclean stop move the damaged rows among the last ones aside."""
        self.unclean = not _number_in(self._db, "SELECT value FROM mark WHERE name = 'clean'")
        rows = [_Row(*row) for row in self._db.execute(_BACKWARDS, (TAIL_ROWS,))]
        self.end = max(_base(self._db), rows[0].last if rows else 0)
        self.epoch = max((row.epoch for row in rows), default=0)
        for row in rows:
            if _decoded(row) is None:
                self._set_aside(row)

    def _set_aside(self, row: _Row) -> None:
        aside = self._folder / f"{self._path.name}.corrupt.{self._clock() // NS}"
        with aside.open("ab") as file:
            file.write(row.data)
        self._db.execute("INSERT OR REPLACE INTO mark VALUES('base', ?)", (self.end,))
        self._db.execute("DELETE FROM batch WHERE first = ?", (row.first,))
        self.lost += row.many
        self.faults.append(f"{row.many} messages from position {row.first} were damaged and lie in {aside.name}")

    def _rescue(self, error: apsw.Error) -> None:
        """Begin a new file with all that can be read of the damaged one, which is moved aside."""
        damaged = self._path
        rows = _readable(damaged)
        fresh = self._next_path()
        aside = _moved_aside(damaged, self._clock())
        self.end = rows[0].first - 1 if rows else 0
        self._create(fresh)
        with self._db:
            for row in rows:
                self._db.execute(_ADD, row)
        # The damaged end is not known. No position may ever be used twice, and no journal has counted so far
        self.end = max(rows[-1].last if rows else 0, self._clock() // 1_000_000)
        self._db.execute("INSERT OR REPLACE INTO mark VALUES('base', ?)", (self.end,))
        self._bare = False
        self.epoch = max((row.epoch for row in rows), default=0)
        self.unclean = True
        kept = sum(row.many for row in rows)
        self.faults.append(f"{damaged.name} was damaged ({error}); {kept} messages were kept, the file is {aside.name}")

    def _write(self, row: _Row) -> None:
        """Commit the group; after a failed sync its file is never trusted again, and a new one begins."""
        for _ in range(2):
            try:
                if not self._trusted:
                    self._create(self._next_path())
                self._db.execute(_ADD, row)
            except _FINAL as error:
                self._abandon(error)
            except apsw.FullError as error:
                msg = f"the journal {self._path.name} cannot grow: the disk is full; free some space"
                raise JournalError(msg) from error
            except apsw.Error as error:
                msg = f"the journal {self._path.name} cannot be written ({error}); nothing was acknowledged"
                raise JournalError(msg) from error
            else:
                self._bare = False
                return
        msg = f"the journal cannot be written, not even into a new file: {self.faults[-1]}"
        raise JournalError(msg)

    def _abandon(self, error: apsw.Error) -> None:
        self._trusted = False
        with contextlib.suppress(apsw.Error):  # it is given up, whatever its end says
            self._db.close(True)  # noqa: FBT003 — the signature is apsw's
        if self._bare:
            _unlink(self._path)
        fault = f"{self._path.name} could not be written ({error}); a new file begins"
        if self.faults[-1:] != [fault]:
            self.faults.append(fault)

    def _next_path(self) -> Path:
        used = [_number(path.name.split(".db")[0] + ".db") for path in self._folder.glob("journal*.db*")]
        return self._folder / f"journal-{max(used, default=0) + 1}.db"

    def _continue_from(self, older: list[Path]) -> None:
        """Go on after the older files: the newest was begun, and nothing more."""
        for path in reversed(older):
            with _Part(path) as part:
                self.end = part.end
            if self.end:
                break
        self._db.execute("INSERT OR REPLACE INTO mark VALUES('begin', ?), ('base', ?)", (self.end, self.end))

    def _drop_file_before(self, path: Path, position: int) -> int:
        with _Part(path) as part:
            if part.end >= position:
                return 0
            gone = part.count
        _unlink(path)
        return gone

    def _before(self, most: int) -> list[Same]:
        """Return the newest `most` messages that a broker may deliver again, in order, as far back as can be read."""
        newest: list[Same] = []
        try:
            for path in reversed(_files(self._folder)):
                with _Part(path) as part:
                    for row in part.backwards():
                        newest += [same(each) for each in reversed(_decoded(row) or []) if delivered_again(each)]
                        if len(newest) >= most:
                            return newest[most - 1 :: -1]
        except apsw.Error as error:
            self.faults.append(f"the end of the journal cannot be read ({error}): repeats may be kept twice")
        return newest[::-1]

    def _repeats(self, messages: Sequence[Message]) -> int:
        """Return how many leading messages of the group after a resumption, or of those after it, are repeats."""
        tail, self._tail = self._tail, None
        heard = [same(each) for each in messages]
        found = self._echo.leading(heard) if self._echo is not None else 0
        if self._echo is not None and self._echo.over:
            self._echo = None
        return found or at_the_tail(heard[: self._window], tail or [])


class SqliteReader:
    """A reader over all files; read-only connections, bounded work per call.

    Attributes:
        damaged: groups or pages that could not be read, and were passed over.
    """

    def __init__(self, folder: Path) -> None:
        """Read the journal in `folder`, which may not exist yet."""
        self.damaged = 0
        self._folder = folder
        self._parts: dict[Path, _Part] = {}

    @property
    def end(self) -> int:
        """Position of the last committed record; 0 when there is none."""
        return next((part.end for part in reversed(self._open()) if part.end), 0)

    @property
    def start(self) -> int:
        """Position of the oldest record kept."""
        starts = [part.start for part in self._open() if part.start]
        return starts[0] if starts else self.end + 1

    @property
    def opening(self) -> Opening:
        """The newest opening of the append side."""
        return next((part.opening for part in reversed(self._open()) if part.end), Opening(0, 0))

    def read(self, after: int, limit: int, *, end: int = 0) -> list[Record]:  # noqa: ARG002 — it need not be told
        """Return up to about `limit` records above `after`, in order."""
        try:
            parts = self._open()
            for part, newer in zip_longest(parts, parts[1:]):
                records, passed = part.read(after, limit)
                self.damaged += passed
                if newer is not None and newer.begin:
                    records = [record for record in records if record.position <= newer.begin]
                if records:
                    return records
        except apsw.Error as error:
            self.close()
            msg = f"the journal in {self._folder} cannot be read ({error})"
            raise JournalError(msg) from error
        return []

    def close(self) -> None:
        """Release the files."""
        for part in self._parts.values():
            part.close()
        self._parts.clear()

    def _open(self) -> list["_Part"]:
        paths = _files(self._folder)
        for gone in self._parts.keys() - set(paths):
            self._parts.pop(gone).close()
        for path in paths:
            if path not in self._parts:
                self._parts[path] = _Part(path)
        return [self._parts[path] for path in paths]


class _Part:
    """One file, read only; empty while the append side has not made it yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def end(self) -> int:
        db = self._db
        if db is None:
            return 0
        return max(_number_in(db, "SELECT first + count - 1 FROM batch ORDER BY first DESC LIMIT 1"), _base(db))

    @property
    def begin(self) -> int:
        """Last position before this file; 0 when it is not known."""
        db = self._db
        return 0 if db is None else _number_in(db, "SELECT value FROM mark WHERE name = 'begin'")

    @property
    def opening(self) -> Opening:
        db = self._db
        query = "SELECT value FROM mark WHERE name = "
        return (
            Opening(0, 0)
            if db is None
            else Opening(_number_in(db, f"{query}'opening'"), _number_in(db, f"{query}'opened'"))
        )

    @property
    def start(self) -> int:
        db = self._db
        return 0 if db is None else _number_in(db, "SELECT first FROM batch ORDER BY first LIMIT 1")

    @property
    def count(self) -> int:
        db = self._db
        return 0 if db is None else _number_in(db, "SELECT sum(count) FROM batch")

    def backwards(self) -> Iterator[_Row]:
        """Yield the newest groups, newest first."""
        db = self._db
        if db is not None:
            for row in db.execute(_BACKWARDS, (WINDOW,)):
                yield _Row(*row)

    def read(self, after: int, limit: int) -> tuple[list[Record], int]:
        """Return records above `after`, and how many groups were damaged and passed over."""
        records: list[Record] = []
        passed = 0
        db = self._db
        if db is None:
            return records, passed
        # The group that holds `after` may hold records above it
        begin = _number_in(db, "SELECT max(first) FROM batch WHERE first <= ?", after + 1)
        for row in _groups(db, begin):
            messages = _decoded(row) if row is not None else None
            if row is None or messages is None:
                passed += 1
                continue
            records += _records(row, messages, after)
            if len(records) >= limit:
                break
        return records, passed

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _db(self) -> apsw.Connection | None:
        if self._connection is None and self._path.exists():
            place = f"{self._path.resolve().as_uri()}?mode=ro"
            db = apsw.Connection(place, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
            db.set_busy_timeout(5_000)
            db.pragma("query_only", 1)
            if not _number_in(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'mark'"):
                db.close()  # being made
                return None
            self._connection = db
        return self._connection


def _groups(db: apsw.Connection, begin: int) -> Iterator[_Row | None]:
    """Yield the groups from position `begin` on, in order; None for a page that is passed over as unreadable."""
    step = 1
    while step < _FARTHEST:
        try:
            row = db.execute(_NEXT, (begin,)).fetchone()
        except _DAMAGE:
            if step == 1:
                yield None
            begin, step = begin + step, step * 2
            continue
        if row is None:
            return
        group = _Row(*row)
        begin, step = group.first + group.many, 1
        yield group


def _known(db: apsw.Connection, path: Path) -> int:
    """Return the version of a file's tables.

    Raises:
        JournalError: a newer hub wrote it; nothing was changed.
    """
    version = _number_in(db, "PRAGMA user_version")
    if version > VERSION:
        msg = (
            f"{path} was written by a newer version of the hub (tables {version}, this one knows {VERSION});"
            " install that version again, or name another data folder with --data"
        )
        raise JournalError(msg)
    return version


def _number_in(db: apsw.Connection, query: str, *values: int) -> int:
    """Return the one number that `query` gives; 0 for nothing."""
    row = db.execute(query, values).fetchone()
    return int(row[0] or 0) if row else 0


def _base(db: apsw.Connection) -> int:
    """Return the last position given before this file, or before groups were taken out of it."""
    return _number_in(db, "SELECT value FROM mark WHERE name = 'base'")


def _unlink(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("journal*.db") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: _number(path.name))


def _number(name: str) -> int:
    found = _NAME.fullmatch(name)
    return int(found[1] or 0) if found else 0


def _decoded(row: _Row) -> list[Message] | None:
    """Return the messages of a group; None when its checksum, or its count, says it is damaged."""
    try:
        messages = _DECODE(zstandard.ZstdDecompressor().decompress(row.data))
    except (zstandard.ZstdError, msgspec.DecodeError):
        return None
    return messages if len(messages) == row.many else None


def _erased(db: apsw.Connection, positions: Sequence[int], compress: Callable[[bytes], bytes]) -> int:
    """Empty records of one file, in one transaction; leave no byte of them there or in its WAL."""
    gone = 0
    with db:
        for first, wanted in _by_group(db, positions).items():
            row = next((_Row(*each) for each in db.execute("SELECT * FROM batch WHERE first = ?", (first,))), None)
            messages = _decoded(row) if row is not None else None
            if messages is None:
                continue
            for position in wanted:
                place = position - first
                gone += messages[place].topic != ERASED
                messages[place] = Message(ERASED, b"", messages[place].received, qos=0)
            db.execute("UPDATE batch SET data = ? WHERE first = ?", (compress(_ENCODE(messages)), first))
    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    return gone


def _by_group(db: apsw.Connection, positions: Sequence[int]) -> dict[int, list[int]]:
    """Return first position of a group → those of `positions` that lie in it."""
    found: dict[int, list[int]] = {}
    for position in sorted(positions):
        first = _number_in(db, "SELECT max(first) FROM batch WHERE first <= ?1 AND first + count > ?1", position)
        if first:
            found.setdefault(first, []).append(position)
    return found


def _records(row: _Row, messages: list[Message], after: int) -> list[Record]:
    new = row.first + row.repeats
    return [
        Record(position, message, row.epoch, position < new, bool(row.late))
        for position, message in enumerate(messages, row.first)
        if position > after
    ]


def _readable(path: Path) -> list[_Row]:
    """Return every group of a damaged file that can still be read, in order."""
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error:
        return []
    try:
        return [row for row in _groups(db, 0) if row is not None and _decoded(row) is not None]
    except apsw.Error:
        return []
    finally:
        db.close(True)  # noqa: FBT003 — the signature is apsw's


def _moved_aside(path: Path, now: int) -> Path:
    aside = path.with_name(f"{path.name}.corrupt.{now // NS}")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + suffix))
    path.replace(aside)
    return aside
