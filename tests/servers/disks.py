"""A disk that remembers every write and sync, can be cut off at any moment, and fails when told to (R3, R9, R10).

An `apsw` VFS over the real one; while it is lent it is the default one, so that journal and store lie on it.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import apsw

SECTOR = 512
BASE = apsw.vfs_names()[0]
"""The system's own."""


class Step(NamedTuple):
    """What happened to a file: `write` (at, data), `truncate` (at), `sync` or `delete`."""

    what: str
    name: str
    at: int = 0
    data: bytes = b""


@dataclass
class Disk:
    """What the tests turn and read.

    Attributes:
        log: every step, in order.
        syncs_to_fail: how many of the next syncs fail with an I/O error.
        full: nothing can grow any more; what has its place can be written again.
    """

    log: list[Step] = field(default_factory=list)
    syncs_to_fail: int = 0
    full: bool = False

    def after_power_cut(self, point: int, chance: random.Random, folder: Path) -> None:
        """Fill `folder` with what a power cut after `point` steps may leave.

        All that was synced is there; of what was not, a random part, torn at sector boundaries.
        """
        folder.mkdir()
        for name, content in _left(self.log[:point], chance).items():
            (folder / name).write_bytes(content)


def _left(log: list[Step], chance: random.Random) -> dict[str, bytearray]:
    """Return what is on the disk: for each file the synced steps, then a random part of the others."""
    files: dict[str, bytearray] = {}
    waiting: dict[str, list[Step]] = {}
    for step in log:
        if step.what == "delete":
            files.pop(step.name, None)
            waiting.pop(step.name, None)
        elif step.what == "sync":
            for each in waiting.pop(step.name, []):
                _apply(files.setdefault(step.name, bytearray()), each)
        else:
            waiting.setdefault(step.name, []).append(step)
    for name, steps in waiting.items():
        share = chance.random()
        for each in steps:
            if chance.random() < share:
                torn = _torn(each, chance) if chance.random() < 0.25 else each
                _apply(files.setdefault(name, bytearray()), torn)
    return files


def _torn(step: Step, chance: random.Random) -> Step:
    keep = chance.randrange(0, len(step.data) + 1, SECTOR) if step.data else 0
    return step._replace(data=step.data[:keep]) if step.what == "write" else step


def _apply(content: bytearray, step: Step) -> None:
    if step.what == "truncate":
        del content[step.at :]
        return
    content += bytes(max(step.at - len(content), 0))
    content[step.at : step.at + len(step.data)] = step.data


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename, flags: list[int]) -> None:
        self._disk = disk
        self._name = Path(name if isinstance(name, str) else name.filename()).name
        self._readonly = bool(flags[0] & apsw.SQLITE_OPEN_READONLY)
        super().__init__(BASE, name, flags)

    def xLock(self, level: int) -> None:  # noqa: N802 — the name is SQLite's
        try:
            super().xLock(level)
        except apsw.IOError:
            if not self._readonly:
                raise
            # a reader that closes last asks for a lock that it cannot have; SQLite passes over that, apsw would not
            raise apsw.BusyError from None

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 — the name is SQLite's
        if self._disk.full and self._name.endswith("-wal") and offset + len(data) > self.xFileSize():
            raise apsw.FullError
        self._disk.log.append(Step("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 — as above
        self._disk.log.append(Step("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 — as above
        if self._disk.syncs_to_fail:
            self._disk.syncs_to_fail -= 1
            raise apsw.IOError
        super().xSync(flags)
        self._disk.log.append(Step("sync", self._name))


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__("disk", BASE, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 — as above
        return apsw.VFSFile(BASE, name, flags) if name is None else _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 — as above
        self._disk.log.append(Step("delete", Path(filename).name))
        super().xDelete(filename, syncdir)


@contextmanager
def disk() -> Iterator[Disk]:
    """Lend one; every SQLite file opened meanwhile lies on it."""
    lent = Disk()
    vfs = _Vfs(lent)
    try:
        yield lent
    finally:
        vfs.unregister()
