"""What the hub and the guests' process say to each other: a length, then one message in MessagePack.

The hub asks one thing at a time. `Load`, `Call` have one answer; `Conversation` one a message, the last one being the
first that failed: where a driver blocks, what was answered before stands, and the first unanswered is the culprit.
"""

import struct
from collections.abc import Iterator
from typing import IO, Any

import msgspec
from msgspec import Struct

from hub.driver import Channel, Commanding, Decoded, Driver, Example
from hub.model import Message

LENGTH = struct.Struct(">I")
LONGEST = 16 * 1024 * 1024
"""An answer longer than this [byte] is rubbish."""
FUNCTIONS = ("claims", "loose", "scope", "adopts", "names", "about", "ask", "command", "settable", "reads")
"""What a driver may have beside `decode`; each is called in the guests' process."""
PERIOD_ASK, PERIOD_SET = "period.ask", "period.set"
"""The two functions of a `Period`, called likewise."""


class Load(Struct, tag=True):
    """Import a driver by its entry point: `module:attribute`."""

    place: str


class Call(Struct, tag=True):
    """Call one of FUNCTIONS; each argument packed, a context last: empty where the driver has heard nothing yet."""

    model: str
    function: str
    arguments: list[bytes]


class Conversation(Struct, tag=True):
    """Decode messages one after the other, from this context on; empty: the driver has heard nothing yet."""

    model: str
    context: bytes
    messages: list[Message]


class Reports(Struct, frozen=True):
    """How often a device may be told to report, without the functions that tell it (`Period`)."""

    low: int
    high: int
    proof: Commanding


class Description(Struct, frozen=True):
    """What a driver says of itself, but its functions: of those only which there are."""

    model: str
    family: str
    title: str
    source: str
    topics: tuple[str, ...]
    channels: tuple[Channel, ...]
    examples: tuple[Example, ...]
    rank: int
    open_channels: bool
    rooted: bool
    shares: str | None
    believed: float
    asks_qos: int
    commands: tuple[str, ...]
    period: Reports | None
    personal: bool
    has: tuple[str, ...]


class Loaded(Struct, tag=True):
    """A driver is there."""

    driver: Description


class Returned(Struct, tag=True):
    """What a function returned, packed."""

    value: bytes


class Understood(Struct, tag=True):
    """What a message means; `context` None: as before."""

    decoded: Decoded
    context: bytes | None


class Refused(Struct, tag=True):
    """The driver's own refusal (PayloadError), in its words."""

    reason: str
    is_foreign: bool = False
    asks: tuple[tuple[str, bytes], ...] = ()
    context: bytes | None = None


class Failed(Struct, tag=True):
    """The driver's fault: it raised, or what it returned is not what the contract says."""

    reason: str


Answer = Loaded | Returned | Understood | Refused | Failed
Question = Load | Call | Conversation

_ENCODER = msgspec.msgpack.Encoder()
_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_QUESTIONS: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)


def describe(driver: Driver) -> Description:
    """Return what can be said of a driver without its functions."""
    fields = {name: getattr(driver, name) for name in Description.__struct_fields__ if name != "has"}
    has = [name for name in FUNCTIONS if getattr(driver, name) is not None]
    return msgspec.convert(fields | {"has": has}, Description, from_attributes=True)


def pack(value: Any) -> bytes:  # noqa: ANN401 — any of the above, and arguments
    """Return a value as it travels."""
    return _ENCODER.encode(value)


def question(frame: bytes) -> Question:
    """Read what the hub asks."""
    return _QUESTIONS.decode(frame)


def answer(frame: bytes) -> Answer:
    """Read what the guests' process answers.

    Raises:
        msgspec.DecodeError: it is none of the answers.
    """
    return _ANSWERS.decode(frame)


def send(stream: IO[bytes], frame: bytes) -> None:
    """Write one frame.

    Raises:
        OSError: the other side has gone.
    """
    stream.write(LENGTH.pack(len(frame)) + frame)
    stream.flush()


def frames(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the frames of a stream until it ends, or until one is longer than any may be."""
    while len(head := stream.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        if length > LONGEST or len(frame := stream.read(length)) < length:
            return
        yield frame
