"""The default journal: SQLite files in the data folder, one row per group commit.

A journal is one or more files, `journal.db`, `journal-1.db`, …: the newest is written, all are read. A new one begins
when the newest cannot be trusted any more: it is damaged (then what can be read is copied and the rest moved aside as
`.corrupt.<time>`), or a sync failed (reliability.md §2.4).
"""

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import msgspec
import zstandard

from hub.errors import JournalError
from hub.model import Message, Record, Source

TAIL_ROWS = 64
"""Rows checked at a start after an unclean stop: more than can have been under way."""
WINDOW = 2_000
"""Messages that a broker may deliver again after a resumed session; a larger in-flight window is not compared."""
_LEVEL = 1
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
_COLUMNS = "first, count, epoch, repeats, late, data"
_DAMAGE = (apsw.CorruptError, apsw.NotADBError)
_FINAL = (apsw.IOError, *_DAMAGE)
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(list[Message]).decode


class SqliteJournal:
    """The append side; one thread and one process at a time (the ingest's own lock sees to it).

    Attributes:
        end: position of the last committed record.
        epoch: number of the newest connection that wrote.
        unclean: whether the last stop was not orderly.
        lost: records found damaged since this journal was opened.
        faults: what was found or happened, in plain words, newest last.
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
        self.faults: list[str] = []
        self._folder = folder
        self._clock = clock
        self._vfs = vfs
        self._window = window
        self._compress = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress
        self._tail: deque[tuple[str, bytes]] | None = None
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

    def append(self, messages: Sequence[Message], *, epoch: int = 0, late: bool = False) -> int:
        """Commit the messages as one group and return the new end (see the contract)."""
        if not messages:
            return self.end
        repeats = self._repeats(messages) if self._tail is not None else 0
        row = (
            self.end + 1,
            len(messages),
            min(message.received for message in messages),
            max(message.received for message in messages),
            epoch,
            repeats,
            late,
            self._compress(_ENCODE(messages)),
        )
        try:
            self._db.execute(_ADD, row)
        except _FINAL as error:
            self._renew(row, error)
        except apsw.Error as error:
            msg = f"the journal {self._path.name} cannot be written ({error}); nothing was acknowledged"
            raise JournalError(msg) from error
        self.end += len(messages)
        self.epoch = max(self.epoch, epoch)
        return self.end

    def resumed(self, epoch: int) -> None:
        """Compare the next group with the tail: it holds all that the broker delivers again (§2.8)."""
        self.epoch = max(self.epoch, epoch)
        self._tail = self._unacknowledged_tail()

    def drop_before(self, position: int) -> int:
        """Delete the groups that lie wholly before `position`; return how many records went."""
        (gone,) = self._db.execute(
            "SELECT ifnull(sum(count), 0) FROM batch WHERE first + count <= ?", (position,)
        ).fetchone()
        if gone:
            self._db.execute("DELETE FROM batch WHERE first + count <= ?", (position,))
        for path in _files(self._folder)[:-1]:
            gone += self._drop_file_before(path, position)
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
        except _DAMAGE as error:
            self._rescue(error)
        if self.end == 0 and len(known) > 1:
            self._continue_from(known[:-1])
        self._db.execute("INSERT OR REPLACE INTO mark VALUES('clean', 0)")

    def _create(self, path: Path) -> None:
        self._path = path
        self._db = self._connect(path)
        self._db.execute("INSERT OR REPLACE INTO mark VALUES('clean', 0)")

    def _connect(self, path: Path) -> apsw.Connection:
        db = apsw.Connection(str(path), vfs=self._vfs)
        try:
            db.set_busy_timeout(5_000)
            for pragma, value in (("journal_mode", "wal"), ("synchronous", "full"), ("secure_delete", "on")):
                db.pragma(pragma, value)
            db.execute(_SCHEMA)
        except BaseException:
            db.close()
            raise
        return db

    def _check_tail(self) -> None:
        """Read the end; after an unclean stop move the damaged rows among the last ones aside."""
        self.unclean = self._db.execute("SELECT value FROM mark WHERE name = 'clean'").fetchone() == (0,)
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM batch ORDER BY first DESC LIMIT {TAIL_ROWS}").fetchall()  # noqa: S608 — our own constants
        if not rows:
            (self.end,) = self._db.execute("SELECT ifnull(max(value), 0) FROM mark WHERE name = 'base'").fetchone()
            return
        self.end = rows[0][0] + rows[0][1] - 1
        self.epoch = max(row[2] for row in rows)
        for row in rows:
            if _decoded(row) is None:
                self._set_aside(row)

    def _set_aside(self, row: tuple[int, int, int, int, int, bytes]) -> None:
        first, count, *_, data = row
        aside = self._folder / f"{self._path.name}.corrupt.{self._clock() // 1_000_000_000}"
        with aside.open("ab") as file:
            file.write(data)
        self._db.execute("DELETE FROM batch WHERE first = ?", (first,))
        self._db.execute("INSERT OR REPLACE INTO mark VALUES('base', ?)", (self.end,))
        self.lost += count
        self.faults.append(f"{count} messages from position {first} were damaged and lie in {aside.name}")

    def _rescue(self, error: apsw.Error) -> None:
        """Begin a new file with all that can be read of the damaged one, which is moved aside."""
        damaged = self._path
        rows = _readable(damaged)
        fresh = self._next_path()
        aside = _moved_aside(damaged, self._clock())
        self._create(fresh)
        with self._db:
            for row in rows:
                self._db.execute(_ADD, row)
        known = max((row[0] + row[1] - 1 for row in rows), default=0)
        # The damaged end is not known. No position may ever be used twice, and no journal has counted so far
        self.end = max(known, self._clock() // 1_000_000)
        self._db.execute("INSERT OR REPLACE INTO mark VALUES('base', ?)", (self.end,))
        self.epoch = max((row[4] for row in rows), default=0)
        self.unclean = True
        kept = sum(row[1] for row in rows)
        self.faults.append(f"{damaged.name} was damaged ({error}); {kept} messages were kept, the file is {aside.name}")

    def _renew(self, row: tuple[int, int, int, int, int, int, bool, bytes], error: apsw.Error) -> None:
        """After a failed sync the file is never trusted again: the group goes into a new one, or nowhere."""
        failed = self._path
        self._db.close(True)  # noqa: FBT003 — the signature is apsw's
        try:
            self._create(self._next_path())
            self._db.execute("INSERT OR REPLACE INTO mark VALUES('base', ?)", (self.end,))
            self._db.execute(_ADD, row)
        except apsw.Error as second:
            msg = f"the journal cannot be written, neither {failed.name} ({error}) nor a new file ({second})"
            raise JournalError(msg) from second
        self.faults.append(f"{failed.name} could not be written ({error}); the journal goes on in {self._path.name}")

    def _next_path(self) -> Path:
        used = [_number(path.name.split(".db")[0] + ".db") for path in self._folder.glob("journal*.db*")]
        return self._folder / f"journal-{max(used, default=0) + 1}.db"

    def _continue_from(self, older: list[Path]) -> None:
        for path in reversed(older):
            with _Part(path) as part:
                if part.end:
                    self.end = part.end
                    return

    def _drop_file_before(self, path: Path, position: int) -> int:
        with _Part(path) as part:
            if part.end >= position:
                return 0
            gone = part.count
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return gone

    def _unacknowledged_tail(self) -> deque[tuple[str, bytes]]:
        tail: deque[tuple[str, bytes]] = deque(maxlen=self._window)
        newest: list[tuple[str, bytes]] = []
        for path in reversed(_files(self._folder)):
            with _Part(path) as part:
                for row in part.backwards():
                    messages = _decoded(row) or []
                    newest += [_same(each) for each in reversed(messages) if _delivered_again(each)]
                    if len(newest) >= self._window:
                        break
        tail.extend(reversed(newest[: self._window]))
        return tail

    def _repeats(self, messages: Sequence[Message]) -> int:
        """Return how many leading messages repeat the tail; 0 when several alignments fit: a double beats a loss."""
        tail, self._tail = self._tail, None
        heard = [_same(each) for each in messages[: self._window]]
        if not tail:
            return 0
        known = list(tail)
        fitting = [
            length
            for length in range(1, min(len(heard), len(known)) + 1)
            if known[-length] == heard[0] and known[-length:] == heard[:length]
        ]
        return fitting[0] if len(fitting) == 1 else 0


class SqliteReader:
    """A reader over all files; read-only connections, bounded work per call.

    Attributes:
        damaged: records that could not be read, and were passed over.
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

    def read(self, after: int, limit: int) -> list[Record]:
        """Return up to about `limit` records above `after`, in order."""
        try:
            for part in self._open():
                records, passed = part.read(after, limit)
                self.damaged += passed
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
    """One file, read only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: apsw.Connection | None = None

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def end(self) -> int:
        (end,) = self._one("SELECT first + count - 1 FROM batch ORDER BY first DESC LIMIT 1")
        (base,) = self._one("SELECT value FROM mark WHERE name = 'base'")
        return max(end, base)

    @property
    def start(self) -> int:
        return self._one("SELECT first FROM batch ORDER BY first LIMIT 1")[0]

    @property
    def count(self) -> int:
        return self._one("SELECT ifnull(sum(count), 0) FROM batch")[0]

    def backwards(self) -> list[tuple[int, int, int, int, int, bytes]]:
        return self._rows(f"SELECT {_COLUMNS} FROM batch ORDER BY first DESC LIMIT {WINDOW}", ())  # noqa: S608 — our own constants

    def read(self, after: int, limit: int) -> tuple[list[Record], int]:
        """Return records above `after`, and how many damaged ones were passed over."""
        records: list[Record] = []
        passed = 0
        # The group that holds `after` may hold records above it
        row = self._one("SELECT ifnull(max(first), 0) FROM batch WHERE first <= ?", (after + 1,))
        begin = row[0]
        while len(records) < limit:
            row = self._row(begin)
            if row is None:
                break
            begin = row[0] + row[1]
            messages = _decoded(row)
            if messages is None:
                passed += row[1]
                continue
            records += _records(row, messages, after)
        return records, passed

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _row(self, begin: int) -> tuple[int, int, int, int, int, bytes] | None:
        rows = self._rows(f"SELECT {_COLUMNS} FROM batch WHERE first >= ? ORDER BY first LIMIT 1", (begin,))  # noqa: S608 — our own constants
        return rows[0] if rows else None

    def _one(self, query: str, values: tuple[int, ...] = ()) -> tuple[int]:
        rows = self._rows(query, values)
        return rows[0] if rows else (0,)

    def _rows(self, query: str, values: tuple[int, ...]) -> list[tuple]:  # type: ignore[type-arg] — each query has its own row
        if self._db is None:
            if not self._path.exists():
                return []
            db = apsw.Connection(f"{self._path.resolve().as_uri()}?mode=ro", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
            db.set_busy_timeout(5_000)
            db.pragma("query_only", 1)
            self._db = db
        try:
            return self._db.execute(query, values).fetchall()
        except apsw.SQLError:  # no table yet: the append side is creating the file
            return []


def _files(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("journal*.db") if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: _number(path.name))


def _number(name: str) -> int:
    found = _NAME.fullmatch(name)
    return int(found[1] or 0) if found else 0


def _decoded(row: tuple[int, int, int, int, int, bytes]) -> list[Message] | None:
    """Return the messages of a group; None when its checksum, or its count, says it is damaged."""
    try:
        messages = _DECODE(zstandard.ZstdDecompressor().decompress(row[-1]))
    except (zstandard.ZstdError, msgspec.DecodeError):
        return None
    return messages if len(messages) == row[1] else None


def _records(row: tuple[int, int, int, int, int, bytes], messages: list[Message], after: int) -> list[Record]:
    first, _, epoch, repeats, late, _ = row
    return [
        Record(position, message, epoch, position < first + repeats, bool(late))
        for position, message in enumerate(messages, first)
        if position > after
    ]


def _same(message: Message) -> tuple[str, bytes]:
    return message.topic, message.payload


def _delivered_again(message: Message) -> bool:
    return message.source is Source.MQTT and message.qos > 0


def _readable(path: Path) -> list[tuple[int, int, int, int, int, int, bool, bytes]]:
    """Return every row of a damaged file that can still be read, in order, passing over what cannot."""
    rows = []
    begin, step = 0, 1
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error:
        return []
    query = "SELECT first, count, oldest, newest, epoch, repeats, late, data FROM batch WHERE first >= ? ORDER BY first LIMIT 1"
    while step < 1 << 40:
        try:
            row = db.execute(query, (begin,)).fetchone()
        except apsw.Error:
            begin, step = begin + step, step * 2
            continue
        if row is None:
            break
        begin, step = row[0] + row[1], 1
        if _decoded((row[0], row[1], row[4], row[5], row[6], row[7])) is not None:
            rows.append(row)
    db.close(True)  # noqa: FBT003 — the signature is apsw's
    return rows


def _moved_aside(path: Path, now: int) -> Path:
    aside = path.with_name(f"{path.name}.corrupt.{now // 1_000_000_000}")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + suffix))
    path.replace(aside)
    return aside
