"""What a phone's page measures, as messages: `matinales-phone/<id>`, bound to the connection that said it.

Pure. A phone names no sender: the id is that of the participant whose token opened the connection. The driver takes
such messages from this edge and from recordings only, so that nobody at the broker can pretend to be a phone.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hub.model import Message, Source

ROOT = "matinales-phone"

Share = Annotated[float, Meta(ge=0, le=100)]
Angle = Annotated[float, Meta(ge=-360, le=360)]


class Sample(Struct, forbid_unknown_fields=True):
    """What a phone says at once, at least one of it; levels only, never sound or place.

    Attributes:
        acceleration: largest since the last sample, gravity left out [g].
        pitch, roll: how it is held [°].
        sound_level: of its microphone, relative to the loudest it can hear [dB].
        illuminance: [lx]
        slider: [%]
        hue: of the colour chosen [°].
        presses: of the button since the page was opened.
        tap_rate: taps per minute.
    """

    acceleration: Annotated[float, Meta(ge=0, le=100)] | UnsetType = UNSET
    pitch: Angle | UnsetType = UNSET
    roll: Angle | UnsetType = UNSET
    sound_level: Annotated[float, Meta(ge=-200, le=0)] | UnsetType = UNSET
    illuminance: Annotated[float, Meta(ge=0, le=200_000)] | UnsetType = UNSET
    slider: Share | UnsetType = UNSET
    hue: Annotated[float, Meta(ge=0, le=360)] | UnsetType = UNSET
    presses: Annotated[int, Meta(ge=0, le=1_000_000)] | UnsetType = UNSET
    tap_rate: Annotated[float, Meta(ge=0, le=2_000)] | UnsetType = UNSET


sample = msgspec.json.Decoder(Sample).decode
"""Raises msgspec.ValidationError, or DecodeError, where it is none."""


def values(said: Sample) -> dict[str, float]:
    """Return channel → value of what was said."""
    found: dict[str, float] = msgspec.to_builtins(said)
    return found


def measured(name: str, said: Mapping[str, float], received: int) -> Message:
    """Return the message of a phone's values.

    Args:
        name: id of the participant.
        said: channel → value.
        received: when the newest of them came [ns].
    """
    return _message(name, msgspec.json.encode(said), received)


def present(name: str, received: int, *, is_here: bool) -> Message:
    """Return the message that a phone has come, or is away."""
    return _message(name, msgspec.json.encode({"online": is_here}), received)


def gone(name: str, received: int) -> Message:
    """Return the message that a phone has left the workshop."""
    return _message(name, b'{"gone":true}', received)


def topic(name: str) -> str:
    """Return the topic of a participant's phone."""
    return f"{ROOT}/{name}"


def _message(name: str, payload: bytes, received: int) -> Message:
    return Message(topic(name), payload, received, Source.PHONE, qos=0)
