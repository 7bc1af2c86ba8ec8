"""Cayenne LPP: a stream of channel, type, value; on a topic of its own, or as payload format of a LoRaWAN device."""

from functools import lru_cache

from msgspec import Struct

from hub.driver import Channel, Content, Decoded, Driver, Example, Sample
from hub.errors import PayloadError
from hub.model import Kind, Message
from hub.units import Unit

BASE = "lpp/"
MOST = 256
"""Values of one payload; a radio message holds fewer."""


class Type(Struct, frozen=True):
    """One type of the table: big-endian integers of `width` bytes, one a name; a value is integer / divisor.

    `{}` in a name stands for the channel number.
    """

    names: tuple[str, ...]
    width: int
    divisors: tuple[int, ...] = (1,)
    signed: bool = False


def _axes(name: str, divisor: int) -> Type:
    return Type(tuple(f"{name}_{{}}_{axis}" for axis in "xyz"), 2, (divisor,) * 3, signed=True)


TYPES = {
    0: Type(("digital_in_{}",), 1),
    1: Type(("digital_out_{}",), 1),
    2: Type(("analog_in_{}",), 2, (100,), signed=True),
    3: Type(("analog_out_{}",), 2, (100,), signed=True),
    100: Type(("generic_{}",), 4),
    101: Type(("illuminance_{}",), 2),
    102: Type(("presence_{}",), 1),
    103: Type(("temperature_{}",), 2, (10,), signed=True),
    104: Type(("humidity_{}",), 1, (2,)),
    113: _axes("acceleration", 1000),
    115: Type(("pressure_{}",), 2, (10,)),
    116: Type(("voltage_{}",), 2, (100,)),
    117: Type(("current_{}",), 2, (1000,)),
    118: Type(("frequency_{}",), 4),
    120: Type(("percentage_{}",), 1),
    121: Type(("altitude_{}",), 2, signed=True),
    128: Type(("power_{}",), 2),
    130: Type(("distance_{}",), 4, (1000,)),
    131: Type(("energy_{}",), 4, (1000,)),
    132: Type(("direction_{}",), 2),
    133: Type(("timestamp_{}",), 4),
    134: _axes("angular_rate", 100),
    136: Type(("latitude_{}", "longitude_{}", "altitude_{}"), 3, (10_000, 10_000, 100), signed=True),
    142: Type(("switch_{}",), 1),
}


@lru_cache(maxsize=16_384)
def _names(kind: int, channel: int) -> tuple[str, ...]:
    return tuple(name.format(channel) for name in TYPES[kind].names)


def read(data: bytes) -> Content:
    """Read a payload as far as it can be read.

    Raises:
        PayloadError: nothing could be read.
    """
    samples: dict[str, Sample] = {}
    rejected: dict[str, str] = {}
    place = 0
    while place < len(data):
        place = _record(data, place, samples, rejected)
        if len(samples) >= MOST and place < len(data):
            rejected[f"byte {place}"] = f"more than {MOST} values: the rest is not read"
            break
    if not samples:
        raise PayloadError("; ".join(f"{k}: {v}" for k, v in rejected.items()) or "empty payload: no value")
    return Content(tuple(samples.values()), rejected=rejected)


def _record(data: bytes, place: int, samples: dict[str, Sample], rejected: dict[str, str]) -> int:
    """Read the record at a place; return the place after it, the end where nothing more can be read."""
    end = len(data)
    if end - place < 2:  # noqa: PLR2004 — channel and type
        rejected[f"byte {place}"] = "cut: a channel without a type"
        return end
    channel, kind = data[place], data[place + 1]
    known = TYPES.get(kind)
    if known is None:
        left = end - place - 2
        rejected[f"channel {channel}"] = (
            f"type {kind} (0x{kind:02x}) is not known, so its length is not: {left} bytes after it are not read"
        )
        return end
    width, start = known.width, place + 2
    size = width * len(known.names)
    if start + size > end:
        rejected[f"channel {channel}"] = f"cut: type {kind} takes {size} bytes, {end - start} are there"
        return end
    for name, divisor in zip(_names(kind, channel), known.divisors, strict=True):
        whole = int.from_bytes(data[start : start + width], "big", signed=known.signed)
        start += width
        name = _free(name, samples)  # noqa: PLW2901 — a second value of a channel
        samples[name] = Sample(name, whole / divisor)
    return start


def _free(name: str, samples: dict[str, Sample]) -> str:
    """Return the name, numbered where the channel had such a value before: none overwrites another."""
    if name not in samples:
        return name
    return next(each for n in range(2, MOST + 4) if (each := f"{name}_{n}") not in samples)


def decode(message: Message, context: None) -> tuple[Decoded, None]:
    """Decode the raw bytes on `lpp/<device>`."""
    device = message.topic.removeprefix(BASE)
    if not device.strip("/"):
        msg = "the topic names no device"
        raise PayloadError(msg)
    content = read(message.payload)
    return Decoded(Kind.READINGS, f"lpp:{device}", content.samples, rejected=content.rejected), context


TABLE = (
    "000001 010100 0202FF9C 0303012C 0464FFFFFFFF 0565012C 066601 0767FFF6 0868 65 0971 04D2FB2E0000 0A7327A5 0B7401C8 "
    "0C7501F4 0D7600000032 0E7837 0F79FFF6 108003E8 118200000BB8 128300000FA0 13840168 148568831FC0 1586FF9C00640000 "
    "1688 06765E FFEA02 00044C 178E01"
)
"""One of each type."""
DRIVER = Driver(
    model="cayenne-lpp",
    family="lpp",
    title="Cayenne LPP",
    source="https://github.com/ElectronicCats/CayenneLPP src/CayenneLPP.h; wire_formats.md §11",
    topics=("lpp/#",),
    decode=decode,
    reads=read,
    channels=(
        Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
        Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="pressure", unit=Unit.HECTOPASCAL, low=300, high=1200),
        Channel(name="digital_in", unit=None, low=0, high=255),
        Channel(name="digital_out", unit=None, low=0, high=255),
        Channel(name="analog_in", unit=None, low=-328, high=328),
        Channel(name="analog_out", unit=None, low=-328, high=328),
        Channel(name="generic", unit=None, low=0, high=2**32),
        Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
        Channel(name="presence", unit=None, low=0, high=1),
        Channel(name="switch", unit=None, low=0, high=1),
        Channel(name="voltage", unit=Unit.VOLT, low=0, high=500),
        Channel(name="current", unit=Unit.AMPERE, low=-200, high=200),
        Channel(name="power", unit=Unit.WATT, low=-100_000, high=100_000),
        Channel(name="energy", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="frequency", unit=Unit.HERTZ, low=0, high=1e10),
        Channel(name="percentage", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="distance", unit=Unit.METRE, low=0, high=100_000),
        Channel(name="direction", unit=Unit.DEGREE, low=0, high=360),
        Channel(name="acceleration", unit=Unit.G, low=-32, high=32),
        Channel(name="angular_rate", unit=Unit.DEGREE_PER_SECOND, low=-2000, high=2000),
        Channel(name="latitude", unit=Unit.DEGREE, low=-90, high=90),
        Channel(name="longitude", unit=Unit.DEGREE, low=-180, high=180),
        Channel(name="altitude", unit=Unit.METRE, low=-500, high=9000),
        Channel(name="timestamp", unit=Unit.SECOND, low=0, high=2**32),
    ),
    examples=(
        Example.gives("lpp/cellar", bytes.fromhex("03670110056700FF"), temperature_3=27.2, temperature_5=25.5),
        Example.gives(
            "lpp/a",
            bytes.fromhex("067104D2FB2E0000"),
            acceleration_6_x=1.234,
            acceleration_6_y=-1.234,
            acceleration_6_z=0,
        ),
        Example.gives(
            "lpp/every type/1",
            bytes.fromhex(TABLE),
            digital_in_0=1,
            digital_out_1=0,
            analog_in_2=-1,
            analog_out_3=3,
            generic_4=4_294_967_295,
            illuminance_5=300,
            presence_6=1,
            temperature_7=-1,
            humidity_8=50.5,
            acceleration_9_x=1.234,
            acceleration_9_y=-1.234,
            acceleration_9_z=0,
            pressure_10=1014.9,
            voltage_11=4.56,
            current_12=0.5,
            frequency_13=50,
            percentage_14=55,
            altitude_15=-10,
            power_16=1000,
            distance_17=3,
            energy_18=4,
            direction_19=360,
            timestamp_20=1_753_423_808,
            angular_rate_21_x=-1,
            angular_rate_21_y=1,
            angular_rate_21_z=0,
            latitude_22=42.3518,
            longitude_22=-0.5630,
            altitude_22=11,
            switch_23=1,
        ),
        Example(
            topic="lpp/cellar",
            payload=bytes.fromhex("0367011005FF0102"),
            kind=Kind.READINGS,
            values={"temperature_3": 27.2},
            rejected=("channel 5",),
        ),
        Example(
            topic="lpp/cellar",
            payload=bytes.fromhex("03670110056700"),
            kind=Kind.READINGS,
            values={"temperature_3": 27.2},
            rejected=("channel 5",),
        ),
        Example.refused("lpp/cellar", b"", because="empty payload"),
        Example.refused("lpp/cellar", bytes.fromhex("03FF0110"), because="type 255 (0xff) is not known"),
        Example.refused("lpp/cellar", bytes.fromhex("0367"), because="cut"),
        Example.refused("lpp/", bytes.fromhex("03670110"), because="names no device"),
    ),
)
