"""A file that comes into being whole: written beside its place under another name, synced, and then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUFFIX = ".part"
_BESIDE = ("", "-journal", "-wal", "-shm")
"""What SQLite may leave beside a file: it would be taken for part of the next one of that name."""


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Lend the path of a draft, which takes the target's place when the block ends; after an error there is neither.

    What a kill left of an earlier draft is removed first.

    Raises:
        OSError: it cannot be put there.
    """
    draft = target.with_name(f"{target.name}{SUFFIX}")
    _remove(draft)
    try:
        yield draft
        synced(draft)
        draft.replace(target)
    finally:
        _remove(draft)


def synced(path: Path) -> None:
    """Have a file's bytes on the disk, so that no power cut leaves its name without them."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _remove(draft: Path) -> None:
    for part in _BESIDE:
        draft.with_name(draft.name + part).unlink(missing_ok=True)
