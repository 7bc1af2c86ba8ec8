"""A group commit as messages of a stream: one part for each partition, so that a reader of one needs no other. Pure.

A part is what lies in the stream: msgpack, packed by zstd with a checksum. Together the parts of a group hold every
position of it once; one that was emptied for ever (`erased`) holds the same positions as before.
"""

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec
import zstandard
from msgspec import Struct

from hub.journal.base import ERASED
from hub.model import Message, Record

LARGEST = 1024 * 1024
"""Bytes of messages in one part, or one message that is larger: a stream has a limit for what it takes."""
_LEVEL = 1
_SHARED_LEVELS = 2
"""Levels of a topic that messages of one device have in common, in every convention that is known to the hub."""
_ENCODE = msgspec.msgpack.Encoder().encode


class Part(Struct, frozen=True, array_like=True):
    """The messages of one group that belong to one partition.

    Attributes:
        first: position of the group's first message.
        count: messages of the whole group; 0: a mark that holds none, after `first - 1`.
        epoch: number of the connection they came from.
        repeats: how many of the group's first messages repeat earlier ones.
        late: received while a resumed session drained.
        places: of each message, counted from `first`.
        messages: in order of arrival.
    """

    first: int
    count: int
    epoch: int
    repeats: int
    late: bool
    places: list[int]
    messages: list[Message]

    @property
    def last(self) -> int:
        """Position of the group's last message."""
        return self.first + self.count - 1


_DECODE = msgspec.msgpack.Decoder(Part).decode


def partition(topic: str, many: int) -> int:
    """Return where the messages of a topic go, 0 … many - 1: all of one device to the same place."""
    return zlib.crc32("/".join(topic.split("/", _SHARED_LEVELS)[:_SHARED_LEVELS]).encode()) % many


def split(
    messages: Sequence[Message], *, first: int, epoch: int, repeats: int, late: bool, partitions: int
) -> list[tuple[int, Part]]:
    """Return (partition, part) for the messages of a group that begins at position `first`."""
    open_parts: dict[int, tuple[Part, int]] = {}
    made: list[tuple[int, Part]] = []
    for place, message in enumerate(messages):
        at, size = partition(message.topic, partitions), len(message.payload) + len(message.topic)
        part, held = open_parts.get(at, (None, 0))
        if part is None or held + size > LARGEST:
            part, held = Part(first, len(messages), epoch, repeats, late, [], []), 0
            made.append((at, part))
        part.places.append(place)
        part.messages.append(message)
        open_parts[at] = part, held + size
    return made


def grouped(found: Sequence[Record], most: int = 1_000) -> Iterator[Sequence[Record]]:
    """Yield records of another journal in pieces that can be groups: no hole, one connection, repeats first."""
    begin = 0
    for at in range(1, len(found) + 1):
        if at == len(found) or at - begin >= most or not _follows(found[at - 1], found[at]):
            yield found[begin:at]
            begin = at


def _follows(before: Record, record: Record) -> bool:
    alike = (before.epoch, before.late) == (record.epoch, record.late)
    return alike and record.position == before.position + 1 and (before.repeat or not record.repeat)


def packed(part: Part) -> bytes:
    """Return the bytes of a part."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(_ENCODE(part))


def unpacked(data: bytes) -> Part | None:
    """Return the part; None when its checksum says that it is damaged."""
    try:
        part = _DECODE(zstandard.ZstdDecompressor().decompress(data))
    except (zstandard.ZstdError, msgspec.DecodeError):
        return None
    return part if len(part.places) == len(part.messages) else None


def whole(parts: Iterable[Part]) -> bool:
    """Tell whether these are all parts of their group."""
    found = list(parts)
    return bool(found) and sum(len(part.places) for part in found) >= found[0].count


def records(parts: Iterable[Part], after: int) -> list[Record]:
    """Return the records of a group above a position, in order."""
    found = [
        Record(part.first + place, message, part.epoch, place < part.repeats, part.late)
        for part in parts
        for place, message in zip(part.places, part.messages, strict=True)
        if part.first + place > after
    ]
    return sorted(found, key=lambda record: record.position)


def erased(part: Part, positions: Collection[int]) -> tuple[Part, int]:
    """Return the part with the records at these positions emptied, and how many held something before."""
    gone, kept = 0, list[Message]()
    for place, message in zip(part.places, part.messages, strict=True):
        if part.first + place in positions and message.topic != ERASED:
            gone += 1
            kept.append(Message(ERASED, b"", message.received, qos=0))
        else:
            kept.append(message)
    return msgspec.structs.replace(part, messages=kept), gone
