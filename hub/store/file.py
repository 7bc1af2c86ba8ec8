"""store.db: the one file of readings, everything remembered and the cursors; who writes, who reads, what damage does.

One connection writes (`db`, the pipeline's thread); readers borrow connections of their own that cannot write
(reliability.md §2.5). All that a chunk of the journal causes is committed with its cursor in one `transaction()`.
`synchronous=NORMAL`: a power cut may undo the last commits, cursor included, and the journal is read again.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import apsw
import msgspec

from hub.errors import ConfigError, NotFoundError, StoreError
from hub.store import schema

_LOG = logging.getLogger(__name__)

CHECKPOINT_PAGES = 8_000
"""Pages (4 KiB) in the WAL before it is copied back. 600 series touch 600 pages a commit: a long WAL copies each once
for many commits (measured: 240 against 158 thousand readings a second of CPU); 32 MB is half of what alarms."""
CHECKPOINT_EVERY = 60.0
"""Longest [s] between two checkpoints of a store that is written: what a power cut may undo."""
TIME_LIMIT = 10.0
"""Longest [s] that a reader may take: a long reader keeps the WAL from shrinking."""
_STEPS = 1_000_000
"""SQLite instructions between two looks at the clock, some 15 ms: each look waits for the interpreter."""
_GROUPS = (256, 16, 1)
"""Rows a statement. apsw hands the interpreter over at each statement, and a busy thread keeps it for 5 ms: row by
row 70 thousand a second become 4 thousand beside a busy thread (measured), in groups 30 to 60 thousand."""
_BY_SLICES = 2
"""SQLite's `auto_vacuum=INCREMENTAL`: free pages can be given back some at a time."""
_GIVEN_BACK = 500
"""Pages given back at a time, 2 MB, some 10 ms."""
_SPARE_PAGES, _SPARE_SHARE = 8_000, 4
"""Free pages are kept for new readings up to so many, and up to a fourth of the file."""
_DAMAGE = (apsw.CorruptError, apsw.NotADBError)
_PARTS = ("", "-wal", "-shm")


class StoreReader:
    """The file, for reading only: by whoever does not own it, a living hub's included.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        """Look at the file.

        Raises:
            NotFoundError: there is none.
            ConfigError: it was written by a newer version, or is no store.
            StoreError: it cannot be read.
        """
        if not path.is_file():
            msg = f"{path}: no such file; `matinales demo` or `matinales run` makes it"
            raise NotFoundError(msg)
        self._start(path)
        with self.reader() as db:
            _know(db, path)

    def _start(self, path: Path) -> None:
        self.path = path
        self._readers: deque[apsw.Connection] = deque()

    @contextmanager
    def reader(self, limit: float = TIME_LIMIT) -> Iterator[apsw.Connection]:
        """Lend a connection that only reads; any thread but an event loop's, several at a time.

        Raises:
            StoreError: it cannot be read, or took longer than `limit` [s].
        """
        off_the_loop()
        try:
            db = self._readers.pop() if self._readers else self._connect_reader()
        except (IndexError, apsw.Error):  # another thread took the last one; or say why below
            db = self._reader_or_failure()
        stop = time.monotonic() + limit
        db.set_progress_handler(lambda: time.monotonic() > stop, _STEPS)
        try:
            yield db
        except apsw.InterruptError as error:
            msg = f"the query took longer than {limit:g} s; ask for a shorter time or fewer channels"
            raise StoreError(msg) from error
        except apsw.Error as error:
            raise self._failed(error) from error
        finally:
            db.set_progress_handler(None)
            self._readers.append(db)

    def check(self) -> list[str]:
        """Look through the whole file (seconds a GB) and return what is wrong, in SQLite's words; empty: nothing."""
        with self.reader(limit=3600) as db:
            found = [text for (text,) in db.execute("PRAGMA quick_check(10)")]
        return [] if found == ["ok"] else found

    @property
    def damaged(self) -> bool:
        """Whether damage was met: nothing but a new opening, which begins a new file, helps."""
        return _marker(self.path).exists()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(each.stat().st_size for each in _files(self.path) if each.exists())

    @property
    def wal_size(self) -> int:
        """Bytes of the write-ahead log: above 64 MB somebody reads for too long."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        return wal.stat().st_size if wal.exists() else 0

    def close(self) -> None:
        """Close the connections; nobody may be inside `reader()`."""
        while self._readers:
            self._readers.pop().close()

    def _connect_reader(self) -> apsw.Connection:
        db = apsw.Connection(
            f"{self.path.absolute().as_uri()}?mode=ro", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        db.set_busy_timeout(5_000)
        db.pragma("query_only", 1)
        return db

    def _reader_or_failure(self) -> apsw.Connection:
        try:
            return self._connect_reader()
        except apsw.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: apsw.Error) -> StoreError:
        return failure(self.path, error)


class StoreFile(StoreReader):
    """The file, open for writing; one process at a time (the data folder's lock sees to it).

    Attributes:
        path: of the file.
        db: the write connection; used inside `transaction()`, by one thread at a time.
        faults: what was found at the opening, in plain words.
        rebuilt: damage was found and a new file begun: the cursors stand at 0, so the journal fills it again.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the file, making it where there is none; a damaged one is moved aside.

        Raises:
            ConfigError: it was written by a newer version, or is no store; nothing was changed.
            StoreError: it cannot be opened.
        """
        self._start(path)
        self.faults: list[str] = []
        self.rebuilt = False
        self._undone: list[Callable[[], None]] = []
        self._scrubbing = False
        self._monotonic = monotonic
        self._checkpoint_due = monotonic() + CHECKPOINT_EVERY
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.db = self._open_or_renew(clock)
        except (OSError, apsw.Error) as error:
            msg = f"{path} cannot be opened ({error}); check that its folder is writable and the disk not full"
            raise StoreError(msg) from error

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """Commit all that happens inside, or nothing of it.

        Raises:
            StoreError: nothing was stored; try again. After damage the next opening begins a new file.
        """
        off_the_loop()
        try:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                self._undo()
                raise
        except apsw.Error as error:
            raise self._failed(error) from error
        if self._monotonic() > self._checkpoint_due:
            self.checkpoint()

    def on_undo(self, call: Callable[[], None]) -> None:
        """Have `call` called after a transaction was undone: what it cached may not exist."""
        self._undone.append(call)

    def checkpoint(self) -> bool:
        """Copy the WAL back into the file and sync it; tell whether all of it went (then it survives a power cut).

        Raises:
            StoreError: it could not be written.
        """
        off_the_loop()
        self._checkpoint_due = self._monotonic() + CHECKPOINT_EVERY
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if self._scrubbing else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            frames, done = self.db.wal_checkpoint(mode=mode)
        except apsw.BusyError:
            return False
        except apsw.Error as error:
            raise self._failed(error) from error
        self._scrubbing = False
        return frames == done

    def scrub(self) -> None:
        """Leave no byte of what was deleted in the file or its WAL: rewrites the file, some 20 s a GB.

        Deleted rows are overwritten at once (`secure_delete`), but pages that were split before may hold old copies.

        A reader that is at work keeps the WAL: it then goes at the next checkpoint.

        Raises:
            StoreError: it could not be written (a full disk); what was deleted is deleted, its bytes may remain.
        """
        off_the_loop()
        self._scrubbing = True
        try:
            self.db.pragma("auto_vacuum", _BY_SLICES)
            self.db.execute("VACUUM")
        except apsw.Error as error:
            raise self._failed(error) from error
        self.checkpoint()

    def shrink(self) -> bool:
        """Give some room back to the disk where much of the file is free; tell whether there may be more.

        Raises:
            StoreError: it could not be written; nothing is lost.
        """
        if not _has_room(self.db):
            return False
        with self.transaction() as db:
            db.execute(f"PRAGMA incremental_vacuum({_GIVEN_BACK})").fetchall()
        return _has_room(self.db)

    def close(self) -> None:
        """Close the readers, then the file; nobody may be inside `reader()` or `transaction()`."""
        super().close()
        self.db.close()

    def _open_or_renew(self, clock: Callable[[], int]) -> apsw.Connection:
        try:
            if self.damaged:
                raise apsw.CorruptError(_marker(self.path).read_text(encoding="utf-8"))
            return self._connect()
        except _DAMAGE as error:
            aside = _moved_aside(self.path, clock() // 1_000_000_000)
            _marker(self.path).unlink(missing_ok=True)
            self.rebuilt = True
            self.faults.append(
                f"{self.path.name} was damaged ({error}) and lies in {aside.name}; a new one is filled from the journal"
            )
            _LOG.error("%s", self.faults[-1])
            return self._connect()

    def _connect(self) -> apsw.Connection:
        db = apsw.Connection(str(self.path))
        try:
            db.set_busy_timeout(5_000)
            _know(db, self.path)
            db.pragma("auto_vacuum", _BY_SLICES)  # of a new file; an older one gets it when it is scrubbed
            db.pragma("journal_mode", "wal")
            db.pragma("synchronous", "normal")
            db.pragma("secure_delete", 1)
            db.pragma("cache_size", -6_000)  # KiB: with 16 MB, 3.2 µs a reading instead of 3.6, and as fast to read
            db.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            schema.update(db)
        except BaseException:
            db.close()
            raise
        return db

    def _undo(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
        for call in self._undone:
            call()


def failure(path: Path, error: apsw.Error) -> StoreError:
    """Return what went wrong in plain words; damage is remembered until the next opening."""
    if isinstance(error, _DAMAGE):
        _marker(path).write_text(str(error), encoding="utf-8")
        return StoreError(f"{path.name} is damaged ({error}); the next start begins a new one")
    if isinstance(error, apsw.FullError):
        return StoreError(f"{path.name} cannot grow: the disk is full; free some space")
    return StoreError(f"{path.name} cannot be used ({error}); nothing was stored, it is tried again")


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Take what we wrote and cannot read back for damage: SQLite does not check its pages, and a bit may be wrong.

    Raises:
        StoreError: the next opening begins a new file.
    """
    try:
        yield
    except (msgspec.DecodeError, ValueError) as error:
        raise failure(path, apsw.CorruptError(f"{type(error).__name__}: {error}")) from error


def off_the_loop() -> None:
    """Refuse to block an event loop (apsw escapes blockbuster, which watches the rest).

    Raises:
        RuntimeError: called on one.
    """
    import asyncio  # noqa: PLC0415 — 10 ms and 3 MB, which the supervisor does without

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    msg = "the store blocks: call it in a thread (asyncio.to_thread), not on the event loop"
    raise RuntimeError(msg)


def insert(db: apsw.Connection, head: str, rows: Sequence[Sequence[Any]], tail: str = "") -> None:
    """Run `head VALUES (row), (row)… tail` over all rows, many rows a statement."""
    start = 0
    for size in _GROUPS:
        stop = start + (len(rows) - start) // size * size
        if stop > start:
            row = f"({','.join('?' * len(rows[0]))})"
            groups = (tuple(chain.from_iterable(rows[at : at + size])) for at in range(start, stop, size))
            db.executemany(f"{head} VALUES {','.join([row] * size)} {tail}", groups)
            start = stop


def _has_room(db: apsw.Connection) -> bool:
    """Tell whether so much of the file is free that some of it is given back."""
    free, pages = int(db.pragma("freelist_count")), int(db.pragma("page_count"))
    return free > max(_SPARE_PAGES, pages // _SPARE_SHARE) and int(db.pragma("auto_vacuum")) == _BY_SLICES


def _know(db: apsw.Connection, path: Path) -> None:
    """Refuse a file that is not ours to change.

    Raises:
        ConfigError: it is newer, or something else.
    """
    try:
        schema.know(db)
    except ValueError as error:
        msg = f"{path}: {error}"
        raise ConfigError(msg) from None


def _marker(path: Path) -> Path:
    """Says that damage was met: it may lie where an opening does not look."""
    return path.with_name(f"{path.name}.damaged")


def _files(path: Path) -> list[Path]:
    return [path.with_name(path.name + part) for part in _PARTS]


def _moved_aside(path: Path, at: int) -> Path:
    """Rename the damaged file, its WAL with it (it holds commits that a repair may want); return the new path."""
    number, aside = 0, path.with_name(f"{path.name}.corrupt.{at}")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt.{at}-{number}")
    for part in _PARTS:
        old = path.with_name(path.name + part)
        if old.exists():
            old.rename(aside.with_name(aside.name + part))
    return aside
