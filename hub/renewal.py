"""Files put into a folder in place of those that are there: all of them or none, whenever the program is killed.

They are written into `.restoring` first. One rename, to `.restored`, decides; from then on whoever owns the folder next
puts them in their places before it looks at anything (`settle`, called with the folder's lock).
"""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.drafts import synced

DRAFT, READY = ".restoring", ".restored"
_FILES, _ASIDE = "files", "aside.json"


class Aside(Struct, frozen=True):
    """What is moved out of the way: into which folder below, and the names that lie there now."""

    folder: str
    names: list[str]


def aside(folder: Path, names: Sequence[str], called: str) -> Aside:
    """Return how names of a folder are moved out of the way, into a new folder below that is called so, or nearly."""
    free = called
    while (folder / free).exists():
        free += "-"
    return Aside(free, [*names])


@contextmanager
def renewed(folder: Path, old: Aside | None) -> Iterator[Path]:
    """Lend an empty folder, whose content goes to its place when the block ends; after an error nothing has changed.

    Args:
        folder: locked by the caller.
        old: what is moved out of the way.

    Raises:
        OSError: it could not be put there; what was decided is done by whoever owns the folder next.
    """
    draft = folder / DRAFT
    try:
        (draft / _FILES).mkdir(parents=True, mode=0o700)
        yield draft / _FILES
        if old is not None:
            (draft / _ASIDE).write_bytes(msgspec.json.encode(old))
        for path in draft.rglob("*"):
            if path.is_file():
                synced(path)
        draft.rename(folder / READY)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    settle(folder)


def settle(folder: Path) -> None:
    """Put what was decided in its place, and remove what was not; the caller holds the folder's lock.

    Raises:
        OSError: a file cannot be moved; the next one tries again.
    """
    ready, draft = folder / READY, folder / DRAFT
    if ready.is_dir():
        with contextlib.suppress(FileNotFoundError):
            _move_aside(folder, msgspec.json.decode((ready / _ASIDE).read_bytes(), type=Aside))
        for path in sorted((ready / _FILES).iterdir()):
            path.replace(folder / path.name)
        ready.rename(draft)
    shutil.rmtree(draft, ignore_errors=True)


def _move_aside(folder: Path, old: Aside) -> None:
    """Move what is not moved yet: what bears the name of a thing that was moved is a new one."""
    place = folder / old.folder
    place.mkdir(mode=0o700, exist_ok=True)
    for name in old.names:
        if (folder / name).exists() and not (place / name).exists():
            (folder / name).rename(place / name)
