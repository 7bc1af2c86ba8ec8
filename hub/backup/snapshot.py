"""A consistent copy of a SQLite file that others write, by SQLite's own means: copying a live file is no backup."""

from collections.abc import Callable
from pathlib import Path

import apsw

from hub.errors import StoreError

PAGES = 4_000
"""Pages copied between two words of how far it is, 16 MB."""
Told = Callable[[int, int], None]
"""Bytes done, bytes in all."""


def nobody(_done: int, _all: int) -> None:
    """Tell nobody how far it is."""


def snapshot(source: Path, target: Path, tell: Told = nobody) -> None:
    """Write `target` as `source` is at this moment; nobody waits for it, whoever writes included.

    The read transaction is held throughout: what is committed meanwhile is not in the copy, and does not make it begin
    again. Until it is done the write-ahead log of the source does not shrink. One plain file: no WAL beside it.

    Raises:
        StoreError: it cannot be read or written; nothing is left of the copy.
    """
    try:
        _copied(source, target, tell)
    except apsw.Error as error:
        target.unlink(missing_ok=True)
        msg = f"{source.name} was not copied ({error}); free some space, or look with `matinales doctor`"
        raise StoreError(msg) from error


def _copied(source: Path, target: Path, tell: Told) -> None:
    db = reading(source)
    try:
        copy = apsw.Connection(str(target))
        try:
            copy.pragma("synchronous", 0)  # whoever keeps it syncs it
            size = int(db.pragma("page_size"))
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # from here on the snapshot stands
            with copy.backup("main", db, "main") as work:
                while not work.done:
                    work.step(PAGES)
                    tell((work.page_count - work.remaining) * size, work.page_count * size)
            copy.pragma("journal_mode", "delete")
        finally:
            copy.close()
    finally:
        db.close()


def reading(path: Path) -> apsw.Connection:
    """Return a connection that changes nothing; the caller closes it.

    Raises:
        apsw.Error: the file cannot be opened.
    """
    place = f"{path.resolve().as_uri()}?mode=ro"
    db = apsw.Connection(place, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    db.set_busy_timeout(5_000)
    db.pragma("query_only", 1)
    return db
