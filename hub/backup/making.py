"""A backup of a data folder in one file, also while a hub lives in it: nobody waits, nothing is stopped (R23).

The databases are copied first, one after the other, each as it is at one moment (`hub.backup.snapshot`), in an order in
which none points beyond the next (`hub.backup.content`). Then they are packed, from the copies.
"""

import glob
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import apsw
import psutil

from hub import __version__
from hub.backup import content
from hub.backup.archive import Manifest, Writer
from hub.backup.snapshot import reading, snapshot
from hub.errors import NotFoundError, StoreError, UsageError
from hub.model import rfc3339

AGAIN = 3
"""How often the store is copied anew when the journal let go meanwhile what the copy has not read."""
SPARE = 64_000_000
"""Bytes of the disk that are left alone."""
PACKED = (".gz",)
_DECODE = "decode"
Told = Callable[[str, int, int], None]
"""What is done (a file's name), bytes done of it, bytes of it in all."""


def nobody(_what: str, _done: int, _all: int) -> None:
    """Tell nobody how far it is."""


def make(
    folder: Path,
    target: Path,
    *,
    wall: Callable[[], int],
    secrets: bool = False,
    settings: str | None = None,
    tell: Told = nobody,
) -> Manifest:
    """Write the backup of a data folder into a new file, readable by its owner only.

    Args:
        folder: the data folder.
        target: the file to make; it comes into being whole or not at all.
        wall: wall clock [ns].
        secrets: put in too what proves who this hub is.
        settings: text of the `hub.toml` to put in.
        tell: is told how far it is.

    Raises:
        NotFoundError: no hub has run there.
        UsageError: the target exists, or its folder cannot be written.
        StoreError: something cannot be read, or the disk is full.
    """
    if not (folder / content.STORE).is_file():
        msg = f"{folder}: no hub has run here; name its folder with --data"
        raise NotFoundError(msg)
    if target.exists():
        msg = f"{target} exists; name a file that does not"
        raise UsageError(msg)
    try:
        _clear(target)
        _check_room(folder, target)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.{os.getpid()}.") as place:
            stage, draft = Path(place) / "files", Path(place) / "draft"
            stage.mkdir()
            _staged(folder, stage, tell)
            if settings is not None:
                (stage / "hub.toml").write_text(settings, encoding="utf-8")
            with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
                writer = Writer(file)
                for name, path in _sources(folder, stage, secrets=secrets).items():
                    _pack(writer, name, path, tell)
                made_at = rfc3339(wall() // 10**9 * 10**9)
                tables = _tables(stage)
                manifest = writer.close(version=__version__, made_at=made_at, tables=tables, secrets=secrets)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
    except OSError as error:
        msg = f"{target} cannot be written ({error.strerror or error}); name another place, or free some space"
        raise UsageError(msg) from error
    return manifest


def _clear(target: Path) -> None:
    """Remove what an earlier backup into this file left that was killed: copies as large as the folder."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*"):
        pid = left.name.removeprefix(f".{target.name}.").partition(".")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _check_room(folder: Path, target: Path) -> None:
    """See that copies and archive fit on the disk.

    Raises:
        StoreError: they do not.
    """
    needed = 2 * sum((folder / name).stat().st_size for name in content.databases(folder)) + SPARE
    free = shutil.disk_usage(target.absolute().parent).free
    if needed > free:
        msg = (
            f"{target} needs up to {needed // 10**6:,} MB for a while, and {free // 10**6:,} MB are free;"
            " free some space, or name another disk"
        )
        raise StoreError(msg)


def _staged(folder: Path, stage: Path, tell: Told) -> None:
    """Copy the databases, so that the journal still has what the copied store has not read."""
    for _ in range(AGAIN):
        for name in content.databases(folder):
            (stage / name).unlink(missing_ok=True)
            snapshot(folder / name, stage / name, lambda done, whole, name=name: tell(name, done, whole))  # type: ignore[misc]
        if _is_whole(stage):
            return
    msg = f"{folder}: the journal lets messages go faster than they are stored; wait until the hub has caught up"
    raise StoreError(msg)


def _is_whole(stage: Path) -> bool:
    """Tell whether the copied journals begin no later than where the copied store goes on."""
    journals = sorted(stage.glob(content.JOURNALS), key=lambda path: (len(path.name), path.name))
    if not journals:
        return True
    starts = [_number(path, "SELECT min(first) FROM batch") for path in journals]
    cursor = _number(stage / content.STORE, f"SELECT position FROM cursor WHERE name = '{_DECODE}'")  # noqa: S608 — own constant
    ends = [_number(path, "SELECT max(first + count - 1) FROM batch") for path in journals]
    return max(ends) <= cursor or min(start for start in starts if start) <= cursor + 1


def _number(path: Path, query: str) -> int:
    """Return the one number that a query gives; 0 for none, or where there is no such table yet."""
    db = reading(path)
    try:
        row = db.execute(query).fetchone()
    except apsw.SQLError:
        return 0
    finally:
        db.close()
    return int(row[0] or 0) if row else 0


def _tables(stage: Path) -> dict[str, int]:
    return {path.name: _number(path, "PRAGMA user_version") for path in sorted(stage.glob("*.db"))}


def _sources(folder: Path, stage: Path, *, secrets: bool) -> dict[str, Path]:
    """Return name → file: the copies first, then what lies beside them."""
    found = {name: folder / name for name in content.beside(folder, secrets=secrets)}
    copies = {path.name: path for path in sorted(stage.iterdir())}
    return copies | {name: path for name, path in found.items() if name not in copies}


def _pack(writer: Writer, name: str, path: Path, tell: Told) -> None:
    size, done = path.stat().st_size, 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        tell(name, done, size)

    packed = name.endswith(PACKED) or (name.startswith("journal") and name.endswith(".db"))
    with path.open("rb") as source:
        writer.add(name, source, packed=packed, tell=count)
