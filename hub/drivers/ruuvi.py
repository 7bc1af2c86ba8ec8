"""RuuviTags through a Ruuvi Gateway: raw advertisements (formats 5 and 3, BTHome inside), or decoded ones."""

from functools import lru_cache
from struct import Struct as Layout
from typing import Any

from hub.driver import Channel, Content, Decoded, Driver, Example, Sample
from hub.drivers import bthome
from hub.drivers.bthome import Context, mac_in
from hub.errors import ForeignPayloadError, PayloadError
from hub.model import Availability, Kind, Message
from hub.payload import availability, epoch_seconds, json_object, json_or_word, live, number, shown
from hub.units import Unit

BASE, STATUS = "ruuvi/", "gw_status"
RUUVI, BTHOME = b"\x99\x04", b"\xd2\xfc"
MANUFACTURER, SERVICE_16 = 0xFF, 0x16
NAMED = {0x02: "service ids", 0x03: "service ids", 0x06: "service ids", 0x07: "service ids", 0x01: "flags"}
"""Structures of an advertisement that never hold a measure."""
FORMAT_5 = Layout(">BhHHhhhHBH6s")
FORMAT_3 = Layout(">BBBBHhhhH")
NO_SIGNED, NO_WORD, NO_BYTE = -0x8000, 0xFFFF, 0xFF
NO_MILLIVOLT, NO_POWER = 2047, 31
SIGN, MAGNITUDE = 0x80, 0x7F
NOT_AVAILABLE = "not available, by the tag's own word"
AXES = ("acceleration_x", "acceleration_y", "acceleration_z")
DECODED = {  # key of `ruuvi_decoded` → channel, divisor
    "temperature": ("temperature", 1),
    "humidity": ("humidity", 1),
    "pressure": ("pressure", 100),  # Pa
    "accelX": (AXES[0], 1),
    "accelY": (AXES[1], 1),
    "accelZ": (AXES[2], 1),
    "voltage": ("battery_voltage", 1),
    "txPower": ("tx_power", 1),
    "movementCounter": ("movement", 1),
    "measurementSequenceNumber": ("sequence", 1),
}
SEQUENCE = "sequence"
SEQUENCES = 65_535
"""The sequence number goes from 0 to 65,534; one more says that there is none."""


@lru_cache(maxsize=32_768)
def address(topic: str) -> tuple[str, str] | None:
    """Return (tag's MAC, "") or ("", gateway's name); a prefix is any number of levels, the tag's MAC comes last."""
    head, _, last = topic.rpartition("/")
    before = head.rpartition("/")[2]
    if last == STATUS and before:
        return "", mac_in(before) or before
    mac = mac_in(last)
    return (mac, "") if mac is not None else None


def claims(topic: str) -> bool:
    """Recognise whatever ends in a MAC, and `…/gw_status`: the prefix is the user's."""
    return address.__wrapped__(topic) is not None


@lru_cache(maxsize=32_768)
def loose(topic: str) -> bool:
    """Tell whether only the payload can say that it is a gateway's: neither `ruuvi/…` nor two MACs in a row."""
    above = topic.rpartition("/")[0].rpartition("/")[2]
    return not topic.startswith(BASE) and mac_in(above) is None and not topic.endswith(f"/{STATUS}")


def scope(topic: str) -> str:
    """Return the tag's MAC: its measurements are numbered whatever gateway hears them."""
    found = address(topic)
    return found[0] if found else ""


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode what a gateway heard of a tag, or says of itself."""
    found = address(message.topic)
    if found is None:
        msg = f"{shown(message.topic)} names no tag: its MAC comes last"
        raise PayloadError(msg)
    mac, gateway = found
    if gateway:
        return _status(gateway, message.payload), context
    device, aliases = f"ruuvi:{mac}", (f"mac:{mac}",)
    body = _of_gateway(message.payload) if loose(message.topic) else json_object(message.payload)
    stamps: dict[str, str] = {}
    measured = _time(body["ts"], stamps) if "ts" in body else None
    content, number_of_packet = _content(body, measured)
    rejected = {**content.rejected, **stamps}
    if not content.samples and not content.events:
        raise PayloadError("no value in it; " + "; ".join(f"{k}: {v}" for k, v in list(rejected.items())[:8]))
    after = bthome.taken(message.received, number_of_packet, context)
    if after is None:
        return Decoded(Kind.HOUSEKEEPING, device, aliases=aliases), context
    samples = content.samples
    if "rssi" in body:
        try:
            samples = (*samples, Sample("rssi", number(body["rssi"]), None, measured))
        except PayloadError as error:
            rejected["rssi"] = str(error)
    numbers = bthome.PACKETS if bthome.packet_of(content) >= 0 else SEQUENCES
    return Decoded(
        Kind.READINGS,
        device,
        samples,
        content.events,
        aliases=aliases,
        rejected=rejected,
        missed=bthome.unheard(context, number_of_packet, numbers),
    ), after


def _of_gateway(payload: bytes) -> dict[str, Any]:
    """Return what a gateway says where the topic does not tell that it is one; others use MACs too."""
    try:
        body = json_object(payload)
    except PayloadError as error:
        raise ForeignPayloadError(str(error)) from None
    if "gw_mac" not in body:
        msg = "no message of a Ruuvi Gateway: gw_mac is not in it"
        raise ForeignPayloadError(msg)
    return body


def _status(gateway: str, payload: bytes) -> Decoded:
    """Decode the gateway's own word; it is never a tag."""
    said = json_or_word(payload)
    said = availability(said.get("state") if isinstance(said, dict) else said)
    return Decoded(Kind.AVAILABILITY, f"ruuvi:{gateway}", availability=said, speaks_for_others=True)


def _time(stamp: object, rejected: dict[str, str]) -> int | None:
    """Return `ts`, seconds as text or as a number; a gateway whose clock is not set counts instead (`cnt`)."""
    if stamp is None:
        return None
    try:
        return live(epoch_seconds(number(stamp)))
    except PayloadError as error:
        rejected["ts"] = str(error)
        return None


def _content(body: dict[str, Any], measured: int | None) -> tuple[Content, int]:
    """Return what a message holds and the number of its packet (-1: none); raw bytes win over what was decoded."""
    if "data" in body:
        try:
            return advertisement(_unhex(body["data"]), measured)
        except PayloadError:
            if body.keys().isdisjoint(DECODED):
                raise
    if body.keys().isdisjoint(DECODED):
        msg = "neither data nor a decoded value in it"
        raise PayloadError(msg)
    return _decoded(body, measured)


def _unhex(data: object) -> bytes:
    if data == "":
        msg = "data: empty: no value"
        raise PayloadError(msg)
    try:
        if isinstance(data, str) and data.isalnum():  # no space between digits
            return bytes.fromhex(data)
    except ValueError:
        pass
    msg = f"data: {shown(data)} is not hexadecimal"
    raise PayloadError(msg)


def _decoded(body: dict[str, Any], measured: int | None) -> tuple[Content, int]:
    samples, rejected = [], {}
    for key, (channel, divisor) in DECODED.items():
        if key in body:
            try:
                samples.append(Sample(channel, number(body[key]) / divisor, None, measured))
            except PayloadError as error:
                rejected[key] = str(error)
    sequence = next((int(each.value) for each in samples if each.channel == SEQUENCE), -1)
    return Content(tuple(samples), rejected=rejected), sequence


def advertisement(data: bytes, measured: int | None = None) -> tuple[Content, int]:
    """Read a chain of `length, type, value`; return what is known in it and the number of its packet (-1: none).

    `measured` [ns]: when the gateway heard it.

    Raises:
        PayloadError: naming what it holds instead, or where it is cut.
    """
    others: list[str] = []
    place = 0
    while place < len(data):
        size = data[place]
        if size == 0:  # padding
            place += 1
            continue
        structure = data[place + 1 : place + 1 + size]
        place += 1 + size
        if len(structure) < size:
            others.append(f"a structure cut after {len(structure)} of {size} bytes")
            break
        kind, head, rest = structure[0], structure[1:3], structure[3:]
        if kind == MANUFACTURER and head == RUUVI:
            return ruuvi(rest, measured)
        if kind == SERVICE_16 and head == BTHOME:
            content = bthome.read(rest, measured)
            return content, bthome.packet_of(content)
        if kind not in NAMED:
            others.append(_other(kind, head))
    msg = f"neither Ruuvi nor BTHome, but {', '.join(others[:8]) or 'nothing'}"
    raise PayloadError(msg)


def _other(kind: int, head: bytes) -> str:
    whole = int.from_bytes(head, "little")
    if kind == MANUFACTURER:
        return f"manufacturer data of company 0x{whole:04x}"
    if kind == SERVICE_16:
        return f"service data of 0x{whole:04x}"
    return f"a structure of type 0x{kind:02x}"


def ruuvi(data: bytes, measured: int | None = None) -> tuple[Content, int]:
    """Read what follows the company of Ruuvi: the first byte names the format.

    Raises:
        PayloadError: for another format, or where it is cut.
    """
    known = FORMATS.get(data[0]) if data else None
    if known is None:
        msg = f"Ruuvi data format {data[0]}: only 5 and 3 are read" if data else "Ruuvi data without a format"
        raise PayloadError(msg)
    layout, reader = known
    if len(data) < layout.size:
        msg = f"cut: Ruuvi data format {data[0]} takes {layout.size} bytes, {len(data)} are there"
        raise PayloadError(msg)
    return reader(layout.unpack_from(data), measured)


def _format_5(fields: tuple[Any, ...], measured: int | None) -> tuple[Content, int]:
    """Read RAWv2: each field says by itself that it is not available."""
    _, celsius, percents, pascals, x, y, z, power, movement, sequence, _mac = fields
    volts, strength = power >> 5, power & 0x1F
    values = {
        "temperature": None if celsius == NO_SIGNED else celsius / 200,
        "humidity": None if percents == NO_WORD else percents / 400,
        "pressure": None if pascals == NO_WORD else (pascals + 50_000) / 100,
        AXES[0]: None if x == NO_SIGNED else x / 1000,
        AXES[1]: None if y == NO_SIGNED else y / 1000,
        AXES[2]: None if z == NO_SIGNED else z / 1000,
        "battery_voltage": None if volts == NO_MILLIVOLT else (volts + 1600) / 1000,
        "tx_power": None if strength == NO_POWER else float(strength * 2 - 40),
        "movement": None if movement == NO_BYTE else float(movement),
        SEQUENCE: None if sequence == NO_WORD else float(sequence),
    }
    return _available(values, measured), -1 if sequence == NO_WORD else sequence


def _format_3(fields: tuple[Any, ...], measured: int | None) -> tuple[Content, int]:
    """Read RAWv1: the temperature is a sign, whole degrees and hundredths; nothing is ever said not to be available."""
    _, half_percents, degrees, hundredths, pascals, x, y, z, millivolts = fields
    celsius = ((degrees & MAGNITUDE) * 100 + hundredths) / 100
    values = {
        "temperature": -celsius if degrees & SIGN else celsius,
        "humidity": half_percents / 2,
        "pressure": (pascals + 50_000) / 100,
        AXES[0]: None if x == NO_SIGNED else x / 1000,
        AXES[1]: None if y == NO_SIGNED else y / 1000,
        AXES[2]: None if z == NO_SIGNED else z / 1000,
        "battery_voltage": millivolts / 1000,
    }
    return _available(values, measured), -1


def _available(values: dict[str, float | None], measured: int | None) -> Content:
    samples = tuple([Sample(name, value, None, measured) for name, value in values.items() if value is not None])
    if len(samples) == len(values):
        return Content(samples)
    return Content(samples, rejected={name: NOT_AVAILABLE for name, value in values.items() if value is None})


FORMATS = {5: (FORMAT_5, _format_5), 3: (FORMAT_3, _format_3)}
TAG = "ruuvi/C8:25:2D:8E:9C:2C/CB:B8:33:4C:88:4F"


def _heard(data: str, rest: str = '"gwts":"1753430401","ts":"1753430400"') -> str:
    return f'{{"gw_mac":"C8:25:2D:8E:9C:2C","rssi":-71,"aoa":[],{rest},"data":"{data}","coords":""}}'


def _service(data: bytes) -> str:
    return f"020106{(len(data) + 3):02X}16D2FC{data.hex()}"


RAW_5 = "0201061BFF99040512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"
OWN = (
    Channel(name="acceleration", unit=Unit.G, low=-17, high=17),
    Channel(name="movement", unit=None, low=0, high=255),
    Channel(name="battery_voltage", unit=Unit.VOLT, low=1.6, high=3.7, health=True),
    Channel(name="tx_power", unit=Unit.DECIBEL_MILLIWATT, low=-40, high=22, health=True),
    Channel(name="rssi", unit=Unit.DECIBEL_MILLIWATT, low=-130, high=20, health=True),
    Channel(name=SEQUENCE, unit=None, low=0, high=65_535, health=True),
)
_NAMES = {channel.name for channel in OWN}
DRIVER = Driver(
    model="ruuvi",
    family="ruuvi",
    title="RuuviTag through Ruuvi Gateway",
    source="https://docs.ruuvi.com/communication/bluetooth-advertisements; wire_formats.md §14",
    topics=("ruuvi/#", "#"),
    claims=claims,
    loose=loose,
    scope=scope,
    context=Context,
    decode=decode,
    channels=(*(channel for channel in bthome.CHANNELS if channel.name not in _NAMES), *OWN),
    examples=(
        Example.gives(
            TAG,
            _heard(RAW_5),
            temperature=24.3,
            humidity=53.49,
            pressure=1000.44,
            acceleration_x=0.004,
            acceleration_y=-0.004,
            acceleration_z=1.036,
            battery_voltage=2.977,
            tx_power=4,
            movement=66,
            sequence=205,
            rssi=-71,
        ),
        Example.gives(
            TAG,
            _heard("02010611FF990403291A1ECE1EFC18F94202CA0B53", '"cnt":"338"'),
            temperature=26.3,
            humidity=20.5,
            pressure=1027.66,
            acceleration_x=-1,
            acceleration_y=-1.726,
            acceleration_z=0.714,
            battery_voltage=2.899,
            rssi=-71,
        ),
        Example.gives(
            "ruuvi/F4:D9:16:FE:4F:AD/E3:75:CF:37:4E:23",
            '{"gw_mac":"F4:D9:16:FE:4F:AD","rssi":-51,"ts":1698727579,"dataFormat":5,"temperature":28.545,'
            '"humidity":76.6325,"pressure":101018,"accelX":1.020,"accelY":-0.204,"accelZ":-0.004,"movementCounter":218,'
            '"voltage":2.686,"txPower":-32,"measurementSequenceNumber":25546,"id":"E3:75:CF:37:4E:23"}',
            temperature=28.545,
            humidity=76.6325,
            pressure=1010.18,
            acceleration_x=1.02,
            acceleration_y=-0.204,
            acceleration_z=-0.004,
            battery_voltage=2.686,
            tx_power=-32,
            movement=218,
            sequence=25_546,
            rssi=-51,
        ),
        Example(
            topic=TAG,
            payload=_heard("0201061BFF99040512FCFFFFC37C800080008000FFFFFFFFFFCBB8334C884F").encode(),
            kind=Kind.READINGS,
            device="ruuvi:cbb8334c884f",
            values={"temperature": 24.3, "pressure": 1000.44, "rssi": -71},
            rejected=("humidity", "acceleration_x", "battery_voltage", "tx_power", "movement", "sequence"),
        ),
        *(
            Example.gives(TAG, _heard(_service(each.payload)), **each.values, rssi=-71)
            for each in bthome.DRIVER.examples
            if each.values
        ),
        Example(
            topic="ruuvi/C8:25:2D:8E:9C:2C/gw_status",
            payload=b'{"state":"online"}',
            device="ruuvi:c8252d8e9c2c",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example.refused(
            TAG, _heard("0201061BFF9904058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF"), because="not available"
        ),
        Example.refused(TAG, _heard("0201061AFF4C000215FDA50693A4E24FB1AFCFC6EB0764782527114CB9C5"), because="0x004c"),
        Example.refused(TAG, _heard("02010604FF990406"), because="Ruuvi data format 6"),
        Example.refused(TAG, _heard(RAW_5[:-2]), because="cut"),
        Example.refused(TAG, _heard("02zz"), because="not hexadecimal"),
        Example.refused(TAG, '{"rssi":-71}', because="neither data nor a decoded value"),
    ),
)
