"""Word that a run leaves in the hub's data folder while it lives, so that the next one clears up after a crash.

One file a run in `sim-runs`, named by the run, with its process: several runners may share a folder.
"""

import contextlib
import os
from pathlib import Path

import psutil

from device_sims import announce

FOLDER = "sim-runs"


def leave(data: Path, run: str) -> None:
    """Say that this process plays a run; a folder that cannot be written costs the clearing up alone."""
    with contextlib.suppress(OSError):
        (data / FOLDER).mkdir(exist_ok=True)
        (data / FOLDER / run).write_text(str(os.getpid()), encoding="ascii")


def remove(data: Path, run: str) -> None:
    """Take back what was said of a run."""
    with contextlib.suppress(OSError):
        (data / FOLDER / run).unlink(missing_ok=True)


def abandoned(data: Path) -> list[str]:
    """Return the runs whose process has ended without taking back its word."""
    try:
        notes = sorted((data / FOLDER).iterdir())
    except OSError:
        return []
    return [note.name for note in notes if announce.is_run(note.name) and not _plays_on(note)]


def _plays_on(note: Path) -> bool:
    """Tell whether the process of a note lives; one that got a dead one's number began after the note was written."""
    try:
        process = psutil.Process(int(note.read_text(encoding="ascii")))
        return process.create_time() <= note.stat().st_mtime
    except (OSError, ValueError, psutil.Error):
        return False
