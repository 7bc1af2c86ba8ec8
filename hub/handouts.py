"""Reports that lie in the data folder: one folder a session, gone when the session is erased."""

import shutil
from pathlib import Path

from hub.errors import StoreError

FOLDER = "reports"


class Handouts:
    """The folder of reports; blocks."""

    def __init__(self, data: Path) -> None:
        """Look into the data folder."""
        self._data = data

    def folder(self, session: str) -> Path:
        """Return where the reports of a session are, or would be."""
        return self._data / FOLDER / session

    def put(self, session: str, name: str, content: bytes) -> Path:
        """Keep a report; one of the same name is replaced.

        Raises:
            StoreError: it cannot be written.
        """
        return written(self.folder(session) / name, content)

    def drop(self, session: str) -> None:
        """Erase the reports of a session."""
        shutil.rmtree(self.folder(session), ignore_errors=True)


def written(path: Path, content: bytes) -> Path:
    """Write a report for its owner's eyes only, its folder where there is none; return where it is.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_bytes(content)
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror}); free some space, or name another folder with --to"
        raise StoreError(msg) from error
    return path
