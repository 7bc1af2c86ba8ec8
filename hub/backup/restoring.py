"""A data folder from a backup: judged, unpacked beside, checked, and only then put in its place."""

import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
from msgspec import Struct

from hub import datafolder, renewal
from hub.backup import archive, content
from hub.backup.archive import Entry, Manifest, Reader
from hub.backup.making import SPARE, Told, nobody
from hub.backup.snapshot import reading
from hub.errors import StoreError, UsageError

_OURS = {"lock", "lock.lock", "broker.log"}
"""What may lie in a folder that is called empty."""


class Restored(Struct, frozen=True):
    """What was done.

    Attributes:
        manifest: of the archive.
        aside: where what was there lies now; None: there was nothing.
    """

    manifest: Manifest
    aside: Path | None


def restore(
    file: Path,
    folder: Path,
    *,
    known: Callable[[str], int],
    wall: Callable[[], int],
    force: bool = False,
    tell: Told = nobody,
) -> Restored:
    """Put a backup's files into a data folder, which is locked meanwhile.

    Args:
        file: the backup.
        folder: an empty or new one.
        known: database → the newest version of its tables that this hub knows.
        wall: wall clock [ns].
        force: also into one that is not empty: what was there is set aside in it.
        tell: is told how far it is.

    Raises:
        UsageError: the archive is none of ours, newer, damaged or hostile, or the folder is not empty.
        ConfigError: a hub runs in the folder, or it cannot be written.
        StoreError: the disk is full.
    """
    with archive.opened(file) as source:
        _judge(source.manifest, file, known)
        datafolder.prepare(folder)
        with datafolder.owned(folder, datafolder.END_IT):
            there = _there(folder)
            if there and not force:
                msg = (
                    f"{folder} is not empty ({', '.join(there[:3])} …); name a new folder with --data,"
                    " or say --force: what is there is then set aside in it"
                )
                raise UsageError(msg)
            old = _old(folder, there, wall() // 10**9) if there else None
            try:
                with renewal.renewed(folder, old) as draft:
                    _unpack(source, draft, tell)
                    _check(draft, file)
            except OSError as error:
                msg = f"{folder} cannot be filled ({error.strerror or error}); free some space, or name another folder"
                raise StoreError(msg) from error
        return Restored(source.manifest, None if old is None else folder / old.folder)


def _judge(manifest: Manifest, file: Path, known: Callable[[str], int]) -> None:
    """See that this hub can read what is in the archive, and that only what a backup holds is in it.

    Raises:
        UsageError: it cannot; the message says what can.
    """
    for name, version in manifest.tables.items():
        if version > known(name):
            msg = (
                f"{file}: {name} in it was written by a newer version of the hub (tables {version}, this one knows"
                f" {known(name)}); install version {manifest.version[:40]} or a newer one"
            )
            raise UsageError(msg)
    for each in manifest.files:
        if not content.is_known(each.name) and not (manifest.secrets and content.is_secret(each.name)):
            msg = f"{file} was not restored: {each.name[:80]!r} belongs into no backup; take another backup"
            raise UsageError(msg)


def _there(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in _OURS)


def _unpack(source: Reader, draft: Path, tell: Told) -> None:
    free = shutil.disk_usage(draft.parent).free
    if source.manifest.bytes + SPARE > free:
        msg = (
            f"{draft.parent}: the backup takes {source.manifest.bytes // 10**6:,} MB, and {free // 10**6:,} MB are"
            " free; free some space, or name a folder on another disk"
        )
        raise StoreError(msg)
    for each in source.manifest.files:
        _write(source, each, draft / each.name, tell)


def _write(source: Reader, entry: Entry, path: Path, tell: Told) -> None:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        tell(entry.name, done, entry.bytes)

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    with path.open("wb") as target:
        source.read(entry, target, count)


def _check(draft: Path, file: Path) -> None:
    """See that the databases are whole and hold data only: a stranger's trigger would run when we write.

    Raises:
        UsageError: one is not.
    """
    for path in [each for each in draft.rglob("*.db") if each.is_file()]:
        name = path.relative_to(draft).as_posix()
        db = reading(path)
        try:
            found = [text for (text,) in db.execute("PRAGMA quick_check(3)")]
            strange = db.execute("SELECT name FROM sqlite_schema WHERE type NOT IN ('table', 'index')").fetchall()
        except apsw.Error as error:
            found, strange = [str(error)], []
        finally:
            db.close()
        if found != ["ok"] or strange:
            why = "holds more than data" if strange else f"is damaged ({'; '.join(map(str, found))[:200]})"
            msg = f"{file} was not restored: {name} {why}; take another backup"
            raise UsageError(msg)


def _old(folder: Path, names: list[str], at: int) -> renewal.Aside:
    """Return how what is there is moved out of the way; what an earlier time set aside stays where it is."""
    return renewal.aside(folder, [name for name in names if not name.startswith("replaced-")], f"replaced-{at}")
