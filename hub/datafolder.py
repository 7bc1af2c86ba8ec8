"""The data folder: who owns it, what lies in it, how a command finds the living hub."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from hub import renewal
from hub.errors import ConfigError

Entry = TypeVar("Entry")
LOCK = "lock"
RUN = "run.json"
END_IT = "end that one first, then say this again"
"""What to do where a hub runs on a folder that a command needs for itself."""


class Living(Struct, frozen=True, kw_only=True):
    """run.json: how to reach the hub that owns the folder; readable by its owner only.

    Attributes:
        url: base address of the page and the API.
        pid: the supervisor's process.
        secret: bearer token of the command line and the import door.
        processes: name → pid of the parts.
    """

    url: str
    pid: int
    secret: str = msgspec.field(default="")
    processes: dict[str, int] = {}


def default() -> Path:
    """Return the platform's folder for user data."""
    from platformdirs import user_data_path  # noqa: PLC0415 — only when nobody named a folder

    return user_data_path("matinales-hub", appauthor=False)


def prepare(path: Path) -> Path:
    """Create the folder, readable by its owner only, and check that it can be written.

    Raises:
        ConfigError: naming the folder and the remedy.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (NotADirectoryError, FileExistsError):
        msg = f"data folder {path}: a file lies in its place; name another folder with --data"
        raise ConfigError(msg) from None
    except OSError as error:
        msg = f"data folder {path}: cannot be written ({error.strerror}); name another one with --data or HUB_DATA_DIR"
        raise ConfigError(msg) from error
    return path.resolve()


def named(path: Path, kind: type[Entry], remedy: str) -> dict[str, Entry]:
    """Return name → entry of a private file; empty where there is none.

    Args:
        path: the file, JSON.
        kind: what an entry is.
        remedy: what to do once a damaged file has been removed.

    Raises:
        ConfigError: it is damaged, naming the file and the remedy.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, kind])  # type: ignore[valid-type]
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        msg = f"{path}: cannot be read ({error}); remove it and {remedy}"
        raise ConfigError(msg) from error


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by one that only its owner reads, all or nothing."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp: mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(path)


def living(data: Path) -> Living | None:
    """Return what run.json says, or None where there is none; the hub may have died since."""
    try:
        return msgspec.json.decode((data / RUN).read_bytes(), type=Living)
    except (OSError, msgspec.MsgspecError):
        return None


def publish(data: Path, hub: Living) -> None:
    """Write run.json."""
    write_private(data / RUN, msgspec.json.encode(hub))


def lock_of(path: Path, timeout: float = -1) -> FileLock:
    """Return the lock that a file of a data folder is; a new one is its owner's only, whatever command makes it.

    Args:
        path: the file.
        timeout: how long its holder is waited for [s]; below 0: for ever.
    """
    return FileLock(path, timeout, mode=0o600)


@contextlib.contextmanager
def owned(data: Path, remedy: str = "open that") -> Iterator[int]:
    """Hold the folder's lock and lend its descriptor; run.json goes when it is let go.

    Args:
        data: the folder.
        remedy: what to do where another hub has it.

    Raises:
        ConfigError: another hub holds it; the message gives its address. Or its file cannot be opened.
    """
    lock = lock_of(data / LOCK)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        other = living(data)
        where = f" at {other.url} (process {other.pid})" if other else ""
        msg = f"data folder {data}: another hub is running{where}; {remedy}, or name another folder with --data"
        raise ConfigError(msg) from None
    except OSError as error:
        msg = f"data folder {data}: cannot be locked ({error.strerror}); make it writable, or name another with --data"
        raise ConfigError(msg) from error
    try:
        _settle(data)
        descriptor = lock._context.lock_file_fd  # noqa: SLF001 — who becomes another program keeps it open
        assert descriptor is not None  # noqa: S101 — it is held
        yield descriptor
    finally:
        (data / RUN).unlink(missing_ok=True)
        lock.release()


def _settle(data: Path) -> None:
    """Finish what a restore had decided when it was killed.

    Raises:
        ConfigError: a file cannot be moved.
    """
    try:
        renewal.settle(data)
    except OSError as error:
        msg = f"data folder {data}: a restored backup cannot be put in its place ({error}); see to that and start again"
        raise ConfigError(msg) from error


def kept(data: Path, name: str, size: int = 16) -> str:
    """Return the random word of this installation kept under `name`, making it at first use."""
    path = data / name
    with contextlib.suppress(OSError):
        word = path.read_text(encoding="ascii").strip()
        if word:
            return word
    word = secrets.token_urlsafe(size)
    write_private(path, word.encode())
    return word


def client_id(data: Path) -> str:
    """Return this hub's own name at the broker, for ever: two hubs on one broker must not cut each other off."""
    return f"matinales-hub-{kept(data, 'client-id', 6)}"
