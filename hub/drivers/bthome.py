"""BTHome version 2: what a Bluetooth advertisement of service 0xFCD2 holds, on a topic of its own or inside others'."""

import re
from collections import Counter

from msgspec import Struct

from hub.driver import Channel, Content, Decoded, Driver, Event, Example, Sample, missing
from hub.errors import PayloadError
from hub.model import NS, Kind, Message
from hub.units import Unit

BASE = "bthome/"
VERSION = 2
ENCRYPTED, WITH_MAC = 0x01, 0x02
"""Bits of the device-information byte; the version stands in bits 7 to 5."""
MAC_BYTES = 6
MOST = 256
"""Objects of one payload; an advertisement holds fewer."""
SAME_PACKET = 60 * NS
"""A packet id heard again within this is the same packet: repeated, or heard by a second gateway."""
MANY = 16
"""Packets of one device that are remembered."""
MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}")

PACKETS = 256
PACKET, BUTTON, DIMMER = "packet", "button", "dimmer"
PRESSES = {
    1: "press",
    2: "double_press",
    3: "triple_press",
    4: "long_press",
    5: "long_double_press",
    6: "long_triple_press",
    0x80: "hold_press",
}
TURNS = {1: "rotate_left", 2: "rotate_right"}
WITH_LENGTH = {0x53: "text", 0x54: "raw"}
"""Objects that a length byte opens; they are no measures."""


class Sort(Struct, frozen=True):
    """One object id: a little-endian integer of `width` bytes; a value is integer × times / divisor, in the hub's unit.

    `flag`: 1 or 0, nothing else. `event`: a number of something that happened. `exact`: a decimal fraction needs no
    rounding.
    """

    name: str
    width: int
    divisor: float = 1
    times: float = 1
    signed: bool = False
    flag: bool = False
    event: bool = False
    exact: bool = True


def _flags(first: int, *names: str) -> dict[int, Sort]:
    return {first + n: Sort(name, 1, flag=True) for n, name in enumerate(names)}


SORTS: dict[int, Sort] = {
    0x00: Sort(PACKET, 1),
    0x01: Sort("battery", 1),
    0x02: Sort("temperature", 2, 100, signed=True),
    0x03: Sort("humidity", 2, 100),
    0x04: Sort("pressure", 3, 100),
    0x05: Sort("illuminance", 3, 100),
    0x06: Sort("weight", 2, 100),
    0x07: Sort("weight", 2, 100, 0.45359237, exact=False),  # lb
    0x08: Sort("dew_point", 2, 100, signed=True),
    0x09: Sort("counter", 1),
    0x0A: Sort("energy", 3, 1000),
    0x0B: Sort("power", 3, 100),
    0x0C: Sort("voltage", 2, 1000),
    0x0D: Sort("pm25", 2),
    0x0E: Sort("pm10", 2),
    **_flags(0x0F, "boolean", "power_on", "opening"),
    0x12: Sort("co2", 2),
    0x13: Sort("tvoc_mass", 2),
    0x14: Sort("moisture", 2, 100),
    **_flags(0x15, "battery_low", "battery_charging", "carbon_monoxide", "cold", "connectivity", "door", "garage_door"),
    **_flags(0x1C, "gas", "heat", "light", "lock", "moisture_detected", "motion", "moving", "occupancy", "plug"),
    **_flags(0x25, "presence", "problem", "running", "safety", "smoke", "sound", "tamper", "vibration", "window"),
    0x2E: Sort("humidity", 1),
    0x2F: Sort("moisture", 1),
    0x3A: Sort(BUTTON, 1, event=True),
    0x3C: Sort(DIMMER, 2, event=True),
    0x3D: Sort("counter", 2),
    0x3E: Sort("counter", 4),
    0x3F: Sort("rotation", 2, 10, signed=True),
    0x40: Sort("distance", 2, 1000),  # mm
    0x41: Sort("distance", 2, 10),
    0x42: Sort("duration", 3, 1000),
    0x43: Sort("current", 2, 1000),
    0x44: Sort("speed", 2, 1000, 36),  # 0.01 m/s
    0x45: Sort("temperature", 2, 10, signed=True),
    0x46: Sort("uv_index", 1, 10),
    0x47: Sort("volume", 2, 10_000),  # 0.1 L
    0x48: Sort("volume", 2, 1_000_000),  # mL
    0x49: Sort("flow", 2, 1000),
    0x4A: Sort("voltage", 2, 10),
    0x4B: Sort("gas_volume", 3, 1000),
    0x4C: Sort("gas_volume", 4, 1000),
    0x4D: Sort("energy", 4, 1000),
    0x4E: Sort("volume", 4, 1_000_000),  # 0.001 L, as the next and 0x55
    0x4F: Sort("water_volume", 4, 1_000_000),
    0x50: Sort("timestamp", 4),
    0x51: Sort("acceleration", 2, 9806.65, exact=False),  # 0.001 m/s²
    0x52: Sort("angular_rate", 2, 1000),
    0x55: Sort("stored_volume", 4, 1_000_000),
    0x56: Sort("conductivity", 2),
    0x57: Sort("temperature", 1, signed=True),
    0x58: Sort("temperature", 1, 100, 35, signed=True),
    0x59: Sort("counter", 1, signed=True),
    0x5A: Sort("counter", 2, signed=True),
    0x5B: Sort("counter", 4, signed=True),
    0x5C: Sort("power", 4, 100, signed=True),
    0x5D: Sort("current", 2, 1000, signed=True),
    0x5E: Sort("direction", 2, 100),
    0x5F: Sort("rain", 2, 10),
    0x60: Sort("channel", 1),
    0x61: Sort("rotational_speed", 2),
    0x62: Sort("speed", 4, 10_000_000, 36, signed=True),  # 10⁻⁶ m/s
    0x63: Sort("acceleration", 4, 9_806_650, signed=True, exact=False),  # 10⁻⁶ m/s²
    0x64: Sort("light_level", 1),
}


class Context(Struct, frozen=True):
    """The newest packets of a device: id → when it was taken [ns]; a slow gateway is a few packets behind."""

    packets: dict[int, int] = {}


def read(data: bytes, measured: int | None = None) -> Content:
    """Read service data, from the device-information byte on, as far as it can be read; `measured` [ns] by the carrier.

    Raises:
        PayloadError: it is of another version, encrypted, or nothing could be read.
    """
    rejected: dict[str, str] = {}
    found = _objects(data, _start(data), rejected)
    names = [sort.name for sort, _ in found]
    if len(set(names)) < len(names):
        names = _numbered(names)
    samples: list[Sample] = []
    events: list[Event] = []
    for name, (sort, whole) in zip(names, found, strict=True):
        if sort.event:
            _happened(sort.name, name, whole, events, rejected)
        elif sort.flag and whole > 1:
            rejected[name] = f"{whole} is neither on nor off"
        elif sort.exact:
            samples.append(Sample(name, whole * sort.times / sort.divisor, None, measured))
        else:
            samples.append(Sample(name, float(f"{whole * sort.times / sort.divisor:.12g}"), None, measured))
    if not samples and not events and rejected:
        raise PayloadError("; ".join(f"{k}: {v}" for k, v in rejected.items()))
    return Content(tuple(samples), tuple(events), rejected)


def _start(data: bytes) -> int:
    """Return where the objects begin."""
    if not data:
        msg = "empty payload: no value"
        raise PayloadError(msg)
    info = data[0]
    if info >> 5 != VERSION:
        msg = f"BTHome version {info >> 5} (first byte 0x{info:02x}): only version {VERSION} is read"
        raise PayloadError(msg)
    if info & ENCRYPTED:
        msg = "encrypted BTHome: it cannot be read without the device's key; switch encryption off on the device"
        raise PayloadError(msg)
    start = 1 + (MAC_BYTES if info & WITH_MAC else 0)
    if len(data) <= start:
        msg = "BTHome without a single object: no value"
        raise PayloadError(msg)
    return start


def _numbered(names: list[str]) -> list[str]:
    """Return the names, those that are there several times numbered in their order."""
    numbers: Counter[str] = Counter()
    numbered = []
    for name in names:
        numbers[name] += 1
        numbered.append(f"{name}_{numbers[name]}" if names.count(name) > 1 else name)
    return numbered


def _objects(data: bytes, place: int, rejected: dict[str, str]) -> list[tuple[Sort, int]]:
    """Return what each object from a place on is, and its integer; stop where one is unknown or cut."""
    found: list[tuple[Sort, int]] = []
    end = len(data)
    while place < end and len(found) < MOST:
        object_id = data[place]
        place += 1
        if object_id in WITH_LENGTH:
            size = 1 + (data[place] if place < end else 0)
            if place + size > end:
                rejected[WITH_LENGTH[object_id]] = f"cut: {end - place} bytes of {size} are there"
                return found
            place += size
            continue
        sort = SORTS.get(object_id)
        if sort is None:
            rejected[f"id 0x{object_id:02x}"] = (
                f"not a known object, so its length is not known: it and the {end - place} bytes after it are not read"
            )
            return found
        width = sort.width
        if place + width > end:
            rejected[sort.name] = f"cut: {end - place} bytes of {width} are there"
            return found
        found.append((sort, int.from_bytes(data[place : place + width], "little", signed=sort.signed)))
        place += width
    if place < end:
        rejected["…"] = f"more than {MOST} objects: the rest is not read"
    return found


def _happened(kind: str, name: str, whole: int, events: list[Event], rejected: dict[str, str]) -> None:
    """Take a button or dimmer: 0 means that nothing happened to this one."""
    what = whole & 0xFF
    if what == 0:
        return
    known = (PRESSES if kind == BUTTON else TURNS).get(what)
    if known is None:
        rejected[name] = f"event {what} is not known"
    else:
        events.append(Event(name, known if kind == BUTTON else f"{known} {whole >> 8}"))


def mac_in(text: str) -> str | None:
    """Return a MAC address as twelve lower-case digits; None where the text is none."""
    return text.replace(":", "").replace("-", "").lower() if MAC.fullmatch(text) else None


def packet_of(content: Content) -> int:
    """Return the packet id; -1 where there is none."""
    for sample in content.samples:
        if sample.channel == PACKET:
            return int(sample.value)
    return -1


def taken(at: int, packet: int, context: Context) -> Context | None:
    """Return the context after a packet that was heard at `at` [ns]; None where it was heard already."""
    if packet < 0:
        return context
    recent = {each: before for each, before in context.packets.items() if 0 <= at - before < SAME_PACKET}
    if packet in recent:
        return None
    return Context(dict([*recent.items()][1 - MANY :]) | {packet: at})


def unheard(context: Context, packet: int, wraps: int) -> int:
    """Return how many packets were not heard between the newest one and this; a late one was only on its way."""
    newest = -1
    for each in context.packets:
        if newest < 0 or (each - newest) % wraps <= wraps // 2:
            newest = each
    return missing(newest, packet, wraps) if packet >= 0 else 0


def scope(topic: str) -> str:
    """Return the device: its packets are numbered by itself."""
    name = topic.removeprefix(BASE)
    return mac_in(name) or name


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode the service data on `bthome/<MAC>`."""
    name = scope(message.topic)
    if not name.strip("/"):
        msg = "the topic names no device"
        raise PayloadError(msg)
    aliases = (f"mac:{name}",) if MAC.fullmatch(name) else ()
    content = read(message.payload)
    after = taken(message.received, packet_of(content), context)
    if after is None:
        return Decoded(Kind.HOUSEKEEPING, f"bthome:{name}", aliases=aliases), context
    kind = Kind.READINGS if content.samples else Kind.HOUSEKEEPING
    decoded = Decoded(
        kind,
        f"bthome:{name}",
        content.samples,
        content.events,
        aliases=aliases,
        rejected=content.rejected,
        missed=unheard(context, packet_of(content), PACKETS),
    )
    return decoded, after


def _flag(name: str, *, health: bool = False) -> Channel:
    return Channel(name=name, unit=None, low=0, high=1, health=health)


CHANNELS = (
    Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
    Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
    Channel(name="pressure", unit=Unit.HECTOPASCAL, low=300, high=1200),
    Channel(name="dew_point", unit=Unit.CELSIUS, low=-80, high=100),
    Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
    Channel(name="light_level", unit=None, low=0, high=255),
    Channel(name="co2", unit=Unit.PPM, low=0, high=40_000),
    Channel(name="tvoc_mass", unit=Unit.MICROGRAM_PER_CUBIC_METRE, low=0, high=60_000),
    Channel(name="pm25", unit=Unit.MICROGRAM_PER_CUBIC_METRE, low=0, high=2000),
    Channel(name="pm10", unit=Unit.MICROGRAM_PER_CUBIC_METRE, low=0, high=2000),
    Channel(name="uv_index", unit=None, low=0, high=20),
    Channel(name="moisture", unit=Unit.PERCENT, low=0, high=100),
    Channel(name="conductivity", unit=Unit.MICROSIEMENS_PER_CENTIMETRE, low=0, high=100_000),
    Channel(name="rain", unit=Unit.MILLIMETRE, low=0, high=10_000),
    Channel(name="weight", unit=Unit.KILOGRAM, low=0, high=10_000),
    Channel(name="counter", unit=None, low=-(2.0**31), high=2.0**32),
    Channel(name="power", unit=Unit.WATT, low=-100_000, high=100_000),
    Channel(name="energy", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
    Channel(name="voltage", unit=Unit.VOLT, low=0, high=500),
    Channel(name="current", unit=Unit.AMPERE, low=-200, high=200),
    Channel(name="volume", unit=Unit.CUBIC_METRE, low=0, high=1e9),
    Channel(name="water_volume", unit=Unit.CUBIC_METRE, low=0, high=1e9),
    Channel(name="stored_volume", unit=Unit.CUBIC_METRE, low=0, high=1e9),
    Channel(name="gas_volume", unit=Unit.CUBIC_METRE, low=0, high=1e9),
    Channel(name="flow", unit=Unit.CUBIC_METRE_PER_HOUR, low=0, high=1000),
    Channel(name="distance", unit=Unit.METRE, low=0, high=10_000),
    Channel(name="duration", unit=Unit.SECOND, low=0, high=1e6),
    Channel(name="timestamp", unit=Unit.SECOND, low=0, high=2.0**32),
    Channel(name="speed", unit=Unit.KILOMETRE_PER_HOUR, low=-1000, high=1000),
    Channel(name="acceleration", unit=Unit.G, low=-32, high=32),
    Channel(name="angular_rate", unit=Unit.DEGREE_PER_SECOND, low=-2000, high=2000),
    Channel(name="rotational_speed", unit=Unit.REVOLUTION_PER_MINUTE, low=0, high=100_000),
    Channel(name="rotation", unit=Unit.DEGREE, low=-3600, high=3600),
    Channel(name="direction", unit=Unit.DEGREE, low=0, high=360),
    *(_flag(name) for name in ("boolean", "power_on", "opening", "carbon_monoxide", "cold", "connectivity", "door")),
    *(_flag(name) for name in ("garage_door", "gas", "heat", "light", "lock", "moisture_detected", "motion", "moving")),
    *(_flag(name) for name in ("occupancy", "plug", "presence", "problem", "running", "safety", "smoke", "sound")),
    *(_flag(name) for name in ("vibration", "window")),
    Channel(name="channel", unit=None, low=0, high=255),
    Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
    *(_flag(name, health=True) for name in ("battery_low", "battery_charging", "tamper")),
    Channel(name=PACKET, unit=None, low=0, high=255, health=True),
)
TOPIC = "bthome/A4:C1:38:12:34:56"


def _gives(payload: str, **values: float) -> Example:
    return Example.gives(TOPIC, bytes.fromhex(payload), **values)


DRIVER = Driver(
    model="bthome",
    family="bthome",
    title="BTHome sensors",
    source="https://bthome.io/format/; wire_formats.md §15",
    topics=("bthome/#",),
    scope=scope,
    context=Context,
    decode=decode,
    reads=read,
    channels=CHANNELS,
    examples=(
        _gives("4002ca0903bf13", temperature=25.06, humidity=50.55),
        _gives("400009015d025d0903b718", packet=9, battery=93, temperature=23.97, humidity=63.27),
        _gives("4004138a01", pressure=1008.83),
        _gives("40065e1f", weight=80.3),
        _gives("40073e1d", weight=33.9559248182),
        _gives("4002ca0902d007", temperature_1=25.06, temperature_2=20),
        _gives(
            "40 05138a14 08ca06 0960 0a138a14 0b021b00 0c020c 0d120c 0e021c 12e204 133301 14020c".replace(" ", ""),
            illuminance=13460.67,
            dew_point=17.38,
            counter=96,
            energy=1346.067,
            power=69.14,
            voltage=3.074,
            pm25=3090,
            pm10=7170,
            co2=1250,
            tvoc_mass=307,
            moisture=30.74,
        ),
        _gives(
            "40 3f020c 400c00 424e3400 434e34 444e34 4632 47871f 48dc87 49dc87 4b138a14 4d12138a14".replace(" ", ""),
            rotation=307.4,
            distance=0.012,
            duration=13.39,
            current=13.39,
            speed=482.04,
            uv_index=5,
            volume_1=0.8071,
            volume_2=0.03478,
            flow=34.78,
            gas_volume=1346.067,
            energy=344593.17,
        ),
        _gives(
            "40 4f87562a01 505d396164 518756 528756 5587562a01 56e803".replace(" ", ""),
            water_volume=19.551879,
            timestamp=1_684_093_277,
            acceleration=2.25877338337,
            angular_rate=22.151,
            stored_volume=19.551879,
            conductivity=1000,
        ),
        _gives(
            "44 5e9f8c 5f0c00 6002 61ac0b 6287d61200 6387d61200 6405".replace(" ", ""),
            direction=359.99,
            rain=1.2,
            channel=2,
            rotational_speed=2988,
            speed=4.4444412,
            acceleration=0.125890798591,
            light_level=5,
        ),
        _gives(
            "40" + "".join(f"{each:02x}01" for each in (0x0F, 0x10, 0x11, *range(0x15, 0x2E))),
            **{sort.name: 1 for sort in SORTS.values() if sort.flag},
        ),
        Example(
            topic=TOPIC,
            payload=bytes.fromhex("44 0001 0164 3a00 3a04 3c01 03"),
            kind=Kind.READINGS,
            device="bthome:a4c138123456",
            values={"packet": 1, "battery": 100},
        ),
        Example(
            topic=TOPIC,
            payload=bytes.fromhex("400007"),
            before=((TOPIC, bytes.fromhex("400007")),),
            kind=Kind.HOUSEKEEPING,
        ),
        Example(
            topic=TOPIC, payload=bytes.fromhex("4002ca09ff01"), values={"temperature": 25.06}, rejected=("id 0xff",)
        ),
        Example(
            topic=TOPIC, payload=bytes.fromhex("4002ca0903bf"), values={"temperature": 25.06}, rejected=("humidity",)
        ),
        Example.refused(TOPIC, bytes.fromhex("41a47266c95f730011223378237214"), because="encrypted"),
        Example.refused(TOPIC, bytes.fromhex("2002ca09"), because="BTHome version 1"),
        Example.refused(TOPIC, b"", because="empty payload"),
    ),
)
