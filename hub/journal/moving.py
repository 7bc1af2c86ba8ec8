"""A journal taken from its folder to NATS servers: every record at its position, so that every cursor stays true."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from hub.errors import ConfigError, JournalError
from hub.journal.base import JournalReader
from hub.journal.jetstream import JetStreamJournal, JetStreamReader
from hub.journal.nats_link import Url
from hub.journal.sqlite import SqliteReader
from hub.model import Record

AT_ONCE = 5_000


class Moved(Struct, frozen=True):
    """What was found on both sides: records, and the last position."""

    records: int
    end: int


def move(folder: Path, url: Url, told: Callable[[int, int], None] = lambda _done, _of: None) -> Moved:
    """Copy the journal of a folder, read both, and compare them; a cut one goes on where it was.

    Args:
        folder: a data folder that no hub uses.
        url: a journal that is empty, or was begun by an earlier call.
        told: how many records are copied, of how many.

    Raises:
        ConfigError: the journal there is another one.
        JournalError: it was not copied whole; nothing in the folder was changed.
    """
    with closing(SqliteReader(folder)) as source:
        with closing(JetStreamJournal(url)) as target, closing(JetStreamReader(url)) as there:
            _check(source, there, url)
            after, end = target.end, source.end
            while records := source.read(after, AT_ONCE):
                target.copy(records)
                after = records[-1].position
                told(after, end)
        with closing(JetStreamReader(url)) as there:
            wanted, found = _sum(source, 0), _sum(there, 0)
            if wanted != found:
                msg = f"{found[0]} of {wanted[0]} messages are at {url.name!r} as they were here; say it again"
                raise JournalError(msg)
            return Moved(found[0], there.end)


def _check(source: JournalReader, there: JournalReader, url: Url) -> None:
    """Refuse a journal that this one is no continuation of."""
    if there.end == 0:
        return
    here, other = source.read(there.end - 1, 1)[:1], there.read(there.end - 1, 1)[-1:]
    if here != other:
        msg = f"the journal {url.name!r} there holds other messages; write another name: nats://host:port/NAME"
        raise ConfigError(msg)


def _sum(reader: JournalReader, after: int) -> tuple[int, str]:
    """Return how many records there are, and a hash of all of them."""
    many, digest = 0, hashlib.sha256()
    while records := reader.read(after, AT_ONCE):
        after = records[-1].position
        many += len(records)
        for record in records:
            digest.update(_line(record))
    return many, digest.hexdigest()


def _line(record: Record) -> bytes:
    said = record.message
    words = (record.position, record.epoch, record.repeat, record.late, said)
    return repr(words).encode()
