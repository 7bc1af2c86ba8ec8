"""What a newer or an older hub left in the data folder: refused, or copied aside before it is changed.

Each database has the version of its tables in `user_version`. Whoever opens one brings it to this hub's version
(`hub.store.schema`, `hub.workshop.store`, `hub.journal.sqlite`); this is looked at once before, while nobody has.
"""

import logging
import shutil
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import apsw

from hub.backup import content
from hub.backup.snapshot import reading, snapshot
from hub.errors import ConfigError, StoreError
from hub.journal import sqlite as journal
from hub.store import schema
from hub.workshop import store as workshop

_LOG = logging.getLogger(__name__)
NEWEST = {content.STORE: schema.VERSION, content.SESSIONS: workshop.VERSION, content.JOURNALS: journal.VERSION}
"""File → the newest version of its tables that this hub knows."""
ASIDE = "before-upgrade"


def newest(name: str) -> int:
    """Return the newest version known of a database's tables; 0: it is none of ours."""
    return next((version for file, version in NEWEST.items() if fnmatchcase(name, file)), 0)


def prepare(folder: Path, wall: Callable[[], int]) -> list[Path]:
    """Refuse a folder of a newer hub; copy what an older one wrote aside before anybody changes it.

    One copy is kept, of the last upgrade: `before-upgrade/`. Nobody may have the folder open.

    Args:
        folder: the data folder.
        wall: wall clock [ns].

    Returns:
        The copies that were made.

    Raises:
        ConfigError: it is a newer one's; nothing was changed.
        StoreError: there is no room for a copy; nothing was changed.
    """
    found = {name: version for name in content.databases(folder) if (version := _version(folder / name)) is not None}
    for name, version in found.items():
        if version > newest(name):
            msg = (
                f"{folder / name} was written by a newer version of the hub (tables {version}, this one knows"
                f" {newest(name)}); install that version again, or name another data folder with --data"
            )
            raise ConfigError(msg)
    old = [name for name, version in found.items() if 0 < version < newest(name)]
    return _copied(folder, old, wall() // 10**9) if old else []


def _copied(folder: Path, names: list[str], at: int) -> list[Path]:
    """Copy databases into `before-upgrade/`, all or none, in place of the copies of an earlier upgrade."""
    size, free = sum((folder / name).stat().st_size for name in names), shutil.disk_usage(folder).free
    if size > free:
        msg = (
            f"{folder} is upgraded after a copy of it is made, which needs {size // 10**6:,} MB; {free // 10**6:,} MB"
            " are free: free some space, or move the folder"
        )
        raise StoreError(msg)
    draft, place = folder / f".{ASIDE}", folder / ASIDE
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    for name in names:
        snapshot(folder / name, draft / name)
        (draft / name).chmod(0o600)
    shutil.rmtree(place, ignore_errors=True)
    draft.rename(place)
    _LOG.warning("%s of an older version: copied into %s at %d before they are upgraded", names, place, at)
    return [place / name for name in names]


def _version(path: Path) -> int | None:
    """Return the version of a database's tables; None: it cannot be read, which whoever opens it has a remedy for."""
    try:
        db = reading(path)
        try:
            return int(db.pragma("user_version"))
        finally:
            db.close()
    except apsw.Error:
        return None
