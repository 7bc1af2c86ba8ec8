"""What a person does to an alarm where several workers share a journal: written there, so that each of them does it.

Only the hub itself writes them: what comes from a broker under this topic is nobody's deed.
"""

import msgspec
from msgspec import Struct

from hub.model import Message, Source

TOPIC = "matinales/deed"


class Acknowledge(Struct, frozen=True, tag=True):
    """Somebody acknowledges an alarm."""

    alarm: str
    by: str
    comment: str | None = None


class Shelve(Struct, frozen=True, tag=True):
    """Somebody sets an alarm aside for so long [s of its run], or (None) takes it back."""

    alarm: str
    seconds: float | None
    by: str


Deed = Acknowledge | Shelve
_DECODE = msgspec.json.Decoder(Deed).decode


def written(deed: Deed, now: int) -> Message:
    """Return a deed as it is journalled; `now` [ns, wall clock]."""
    return Message(TOPIC, msgspec.json.encode(deed), now, Source.HTTP, qos=0)


def read(message: Message) -> Deed | None:
    """Return the deed that a message is; None: it is none."""
    if message.topic != TOPIC or message.source is not Source.HTTP:
        return None
    try:
        found: Deed = _DECODE(message.payload)
    except msgspec.DecodeError:
        return None
    return found
