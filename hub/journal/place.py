"""Where the journal of a data folder lies: in the folder, or on NATS servers that `journal.json` in it names."""

import contextlib
import os
import secrets
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from hub.errors import ConfigError, JournalError
from hub.journal.base import JournalReader, Store
from hub.journal.sqlite import SqliteJournal, SqliteReader

if TYPE_CHECKING:
    from hub.journal.nats_link import Url
    from hub.journal.shares import Shares

FILE = "journal.json"
WORKER = "worker-id"


class Elsewhere(Struct, frozen=True):
    """What the file holds: the address, with its password."""

    url: str


def url(folder: Path) -> str | None:
    """Return the address of the folder's journal; None: it lies in the folder.

    Raises:
        ConfigError: the file cannot be read.
    """
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Elsewhere).url
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.DecodeError) as error:
        msg = f"{path} cannot be read ({error}); it says where the journal is: start the hub with --journal again"
        raise ConfigError(msg) from error


def servers(folder: Path) -> "Url | None":
    """Return the address of the servers that keep the folder's journal; None: it has no other workers.

    Raises:
        ConfigError: the address cannot be used, or the file that says it cannot be read.
    """
    address = url(folder)
    if address is None:
        return None
    from hub.journal.nats_link import Url  # noqa: PLC0415 — only where NATS is spoken of

    return Url.parsed(address)


def settle(folder: Path, wanted: str | None) -> None:
    """Note where the journal of a folder is to lie; it must be where its messages are.

    Raises:
        ConfigError: it lies elsewhere, or the address is none.
    """
    before = url(folder)
    if wanted is None and before is None:
        return
    from hub.journal.nats_link import Url, without_password  # noqa: PLC0415 — only where NATS is spoken of

    if wanted is None and before is not None:
        msg = (
            f"the journal of {folder} lies at {without_password(before)}: set HUB_JOURNAL_URL (or --journal) to it,"
            " or name another data folder with --data"
        )
        raise ConfigError(msg)
    if wanted is None:
        return
    place = Url.parsed(wanted)
    if before is not None and Url.parsed(before).name != place.name:
        msg = (
            f"the journal of {folder} is {Url.parsed(before).name!r}, not {place.name!r}: write that name in --journal"
        )
        raise ConfigError(msg)
    if before is None and has_messages(folder):
        msg = (
            f"{folder} has a journal of its own: copy it to the servers first with"
            f" `matinales move {without_password(wanted)}`, or name an empty data folder"
        )
        raise ConfigError(msg)
    if before != wanted:
        note(folder, wanted)


def refuse_newer(folder: Path) -> None:
    """Refuse a journal on NATS servers that a newer hub wrote; one in the folder is looked at with its other files.

    Raises:
        ConfigError: naming what to install.
    """
    address = url(folder)
    if address is None:
        return
    from hub.journal.jetstream import Log, NewerError  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    try:
        with closing(Log(Url.parsed(address))) as log:
            log.newest()
    except NewerError as error:
        raise ConfigError(str(error)) from None
    except JournalError:
        return  # no server answers: whoever opens it says so


def note(folder: Path, wanted: str) -> None:
    """Write down where the journal of a folder lies, readable by its owner only."""
    path = folder / FILE
    aside = path.with_suffix(".part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(Elsewhere(wanted)))
    aside.replace(path)


def worker(folder: Path) -> str:
    """Return the name of the worker whose folder it is, the same after a restart."""
    path = folder / WORKER
    if not path.exists():
        name = secrets.token_hex(6)
        aside = folder / f".{WORKER}.{name}"
        aside.write_text(name)
        with contextlib.suppress(FileExistsError):  # ingest and hub start at the same moment
            os.link(aside, path)
        aside.unlink()
    return path.read_text()


def journal(folder: Path) -> Store:
    """Open the append side of a folder's journal.

    Raises:
        ConfigError: its address cannot be used.
        JournalError: it cannot be opened.
    """
    address = url(folder)
    if address is None:
        return SqliteJournal(folder)
    from hub.journal.jetstream import JetStreamJournal  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    return JetStreamJournal(Url.parsed(address))


def reader(folder: Path) -> JournalReader:
    """Open a reader of a folder's journal, which may not exist yet.

    Raises:
        ConfigError: its address cannot be used.
    """
    address = url(folder)
    if address is None:
        return SqliteReader(folder)
    from hub.journal.jetstream import JetStreamReader  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    return JetStreamReader(Url.parsed(address))


def shares(folder: Path, reader: JournalReader, able: Callable[[], bool]) -> "Shares | None":
    """Return what shares the partitions of a folder's journal among its workers; None: it has none.

    Args:
        folder: of this worker.
        reader: whose records the worker takes.
        able: whether the worker is near enough to the journal's end.

    Raises:
        ConfigError: its address cannot be used.
    """
    address = url(folder)
    if address is None:
        return None
    from hub.journal.jetstream import JetStreamReader  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise
    from hub.journal.shares import Shares  # noqa: PLC0415 — likewise

    if not isinstance(reader, JetStreamReader):
        return None
    return Shares(Url.parsed(address), worker(folder), reader.trail, able=able)


def partition(folder: Path) -> Callable[[str], int] | None:
    """Return what tells the partition of a topic in a folder's journal; None: it has none.

    Raises:
        ConfigError: its address cannot be used.
    """
    address = url(folder)
    if address is None:
        return None
    from hub.journal import parts  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    many = Url.parsed(address).partitions
    return lambda topic: parts.partition(topic, many)


def has_messages(folder: Path) -> bool:
    """Tell whether a journal in the folder itself holds anything."""
    found = SqliteReader(folder)
    try:
        return found.end > 0
    finally:
        found.close()
