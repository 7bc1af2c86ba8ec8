"""What a person does where several workers share a journal: written there, so that each of them does it in its turn.

To an alarm, to a device, to who plays a role: at the same place among what devices say, so that all come to the same.

Only the hub itself writes them: what comes from a broker under this topic is nobody's deed.
"""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from hub.model import Commanded, Message, Source
from hub.rules.casting import Taken
from hub.usecases.choosing import Choices
from hub.workshop.wall import Wall

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


class Wish(Struct, frozen=True, kw_only=True):
    """What to change of a device: what it is called, where it is, whether it is ignored, locked, hidden, proposed.

    What is not named stays.
    """

    name: str | UnsetType | None = UNSET
    room: str | UnsetType | None = UNSET
    ignored: bool | UnsetType = UNSET
    locked: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    proposed: bool | UnsetType = UNSET


class Change(Wish, frozen=True, tag=True, kw_only=True):
    """Somebody changes a device.

    Attributes:
        key: by which who asked finds what came of it; so in all that follow.
    """

    key: str
    by: str
    device: str


class Merge(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody says that a device is another one; `into` None: that it is itself again."""

    key: str
    by: str
    device: str
    into: str | None


class IgnoreTopics(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody ignores these topic filters, and no others."""

    key: str
    by: str
    topics: list[str]


class Play(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody gives a role to a real device, or (None) back to its simulated one."""

    key: str
    by: str
    usecase: str
    role: str
    taken: Taken | None


class Turn(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody turns a use case off, or on."""

    key: str
    by: str
    usecase: str
    off: bool


class Undo(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody takes back the action of this moment [ns]: each worker counts its actions by itself."""

    key: str
    by: str
    at: int


class Forget(Struct, frozen=True, tag=True, kw_only=True):
    """A device was erased; known by the hashes of its uids only, since the journal is to know nothing of it."""

    hashes: list[str]


class Hang(Struct, frozen=True, tag=True, kw_only=True):
    """What holds for every screen from now on: a picture that stands still, silence, where the guide is."""

    key: str
    wall: Wall


class Choose(Struct, frozen=True, tag=True, kw_only=True):
    """What was chosen for a use case in a session, by a table or (0) for the room: all of it, as it is now."""

    key: str
    usecase: str
    session: str
    table: int
    choices: Choices


class Switch(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody switches a driver of another package on or off."""

    key: str
    name: str
    on: bool


class Seat(Struct, frozen=True, tag=True, kw_only=True):
    """Which tables are to play by themselves, and whether who sits there may act on it: both, as they are now."""

    key: str
    tables: tuple[int, ...]
    may_act: bool


class Gave(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody gave a device a command, or was refused it; who gave it sends it, once.

    Attributes:
        key: its own id.
        command: as it was given.
        said: (topic, payload) of what goes out, by which every worker knows it again on the wire.
    """

    key: str
    command: Commanded
    said: list[tuple[str, bytes]] = []


ToAlarm = Acknowledge | Shelve
ToRoom = Hang | Choose | Switch | Seat | Gave
ToDevice = Change | Merge | IgnoreTopics | Play | Turn | Undo | Forget
Deed = ToAlarm | ToDevice | ToRoom
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
