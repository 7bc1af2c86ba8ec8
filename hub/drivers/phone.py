"""A participant's phone, by the hub's own page: how it moves, what its buttons and slider say.

The page sends levels only: no sound, no place. Only the page speaks for a phone (`hub.ingest.phone`), and recordings
that are played again; a message of the broker that pretends to is refused.
"""

from hub.driver import Channel, Decoded, Driver, Example, Sample
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message, Source
from hub.payload import json_object, number
from hub.units import Unit

ROOT = "matinales-phone"
BELIEVED = 30.0
"""The page repeats what it last said every 5 s."""
ITS_OWN = {Source.PHONE, Source.IMPORT}


def decode(message: Message, context: None) -> tuple[Decoded, None]:
    """Decode one message of the page."""
    if message.source not in ITS_OWN:
        msg = "it did not come from a phone's page: nobody else speaks for a participant's phone"
        raise PayloadError(msg)
    device = f"phone:{message.topic.rpartition('/')[2]}"
    body = json_object(message.payload)
    if body.get("gone") is True:
        return Decoded(Kind.AVAILABILITY, device, removed=True), context
    if isinstance(here := body.get("online"), bool):
        there = Availability.ONLINE if here else Availability.OFFLINE
        return Decoded(Kind.AVAILABILITY, device, availability=there), context
    samples, rejected = [], {}
    for key, value in body.items():
        if key not in CHANNELS:
            rejected[key] = "no measure of a phone"
            continue
        try:
            samples.append(Sample(key, number(value)))
        except PayloadError as error:
            rejected[key] = str(error)
    if not samples:
        raise PayloadError("no value in it; " + "; ".join(f"{key}: {why}" for key, why in list(rejected.items())[:8]))
    return Decoded(Kind.READINGS, device, tuple(samples), rejected=rejected), context


CHANNELS = {
    channel.name: channel
    for channel in (
        Channel(name="acceleration", unit=Unit.G, low=0, high=16),
        Channel(name="pitch", unit=Unit.DEGREE, low=-180, high=180),
        Channel(name="roll", unit=Unit.DEGREE, low=-90, high=90),
        Channel(name="sound_level", unit=Unit.DECIBEL, low=-120, high=0),
        Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
        Channel(name="slider", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="hue", unit=Unit.DEGREE, low=0, high=360),
        Channel(name="presses", unit=None, low=0, high=1_000_000),
        Channel(name="tap_rate", unit=None, low=0, high=1_000),
    )
}
HERE = f"{ROOT}/3f9a1c07"

DRIVER = Driver(
    model="phone",
    family="phone",
    title="Phone of a participant",
    source="hub/ingest/phone.py",
    topics=(f"{ROOT}/+",),
    decode=decode,
    believed=BELIEVED,
    channels=tuple(CHANNELS.values()),
    examples=(
        Example(
            topic=HERE,
            payload=b'{"acceleration":0.42,"pitch":12.5,"roll":-3}',
            source=Source.PHONE,
            kind=Kind.READINGS,
            values={"acceleration": 0.42, "pitch": 12.5, "roll": -3},
        ),
        Example(
            topic=HERE,
            payload=b'{"sound_level":-34,"illuminance":320}',
            source=Source.PHONE,
            kind=Kind.READINGS,
            values={"sound_level": -34, "illuminance": 320},
        ),
        Example(
            topic=HERE,
            payload=b'{"slider":70,"hue":210,"presses":4,"tap_rate":96,"place":1}',
            source=Source.PHONE,
            kind=Kind.READINGS,
            values={"slider": 70, "hue": 210, "presses": 4, "tap_rate": 96},
            rejected=("place",),
        ),
        Example(
            topic=HERE,
            payload=b'{"online":false}',
            source=Source.PHONE,
            device="phone:3f9a1c07",
            kind=Kind.AVAILABILITY,
            availability=Availability.OFFLINE,
        ),
        Example.refused(HERE, '{"slider":70}', because="nobody else speaks for a participant's phone"),
    ),
)
