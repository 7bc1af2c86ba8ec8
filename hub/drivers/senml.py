"""SenML JSON packs (RFC 8428): names, times and units resolved over the records; a pack is known by its shape too.

A resolved name is split into device and sensor: `urn:dev:ow:10e2073a0108006:voltage` is channel `voltage` of that
device; where no name tells sensors apart, their units do.
"""

import re
from functools import lru_cache
from math import inf
from typing import Any

from msgspec import Struct

from hub.driver import UNSAID, Channel, Decoded, Driver, Example, Sample, base_name
from hub.errors import ForeignPayloadError, PayloadError
from hub.model import Kind, Message
from hub.payload import TOO_LARGE, TOO_LATE, json_value, number, shown, slug
from hub.units import Unit

ROOT = "senml"
VERSION = 10
"""Of RFC 8428; a pack of a later one is refused (§4.4)."""
RELATIVE_BELOW = float(1 << 28)
"""Resolved times below this count from now (§4.5.3)."""
VALUES = ("v", "vb", "vs", "vd", "s")
OWN = frozenset({"n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"})
"""Fields of a record; any other may be a base field, or one that must be understood."""
BASE_NUMBERS = {"bt", "bv", "bs", "bver"}
BASE_TEXTS = {"bn", "bu"}
NO_NUMBER = {"vb": "a boolean", "vs": "text", "vd": "data"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
DEVICE = re.compile(r"(urn:dev:[a-z0-9]+:[A-Za-z0-9.\-]+)(?:[:_/](.*))?")
MAC = re.compile(r"urn:dev:mac:([0-9a-f]{6})(?:fffe)?([0-9a-f]{6})", re.IGNORECASE)
ENDS = ":/._-"
"""What separates a base name from the names that follow it."""


class Quantity(Struct, frozen=True):
    """What a unit of the SenML registry measures; `said`: it says so much that channels are named after it."""

    channel: str
    unit: Unit | None
    factor: float = 1.0
    before: float = 0.0
    said: bool = True


PLAIN = False
UNITS: dict[str, Quantity] = {  # RFC 8428 §12.1 and RFC 8798; a word that is not here rejects the value
    "Cel": Quantity("temperature", Unit.CELSIUS),
    "K": Quantity("temperature", Unit.CELSIUS, 1, -273.15),
    "%RH": Quantity("humidity", Unit.PERCENT),
    "Pa": Quantity("pressure", Unit.HECTOPASCAL, 0.01),
    "hPa": Quantity("pressure", Unit.HECTOPASCAL),
    "V": Quantity("voltage", Unit.VOLT),
    "mV": Quantity("voltage", Unit.VOLT, 1e-3),
    "A": Quantity("current", Unit.AMPERE),
    "mA": Quantity("current", Unit.AMPERE, 1e-3),
    "W": Quantity("power", Unit.WATT),
    "kW": Quantity("power", Unit.WATT, 1000),
    "VA": Quantity("apparent_power", Unit.VOLT_AMPERE),
    "kVA": Quantity("apparent_power", Unit.VOLT_AMPERE, 1000),
    "var": Quantity("reactive_power", Unit.VAR),
    "kvar": Quantity("reactive_power", Unit.VAR, 1000),
    "J": Quantity("energy", Unit.KILOWATT_HOUR, 1 / 3.6e6),
    "Wh": Quantity("energy", Unit.KILOWATT_HOUR, 1e-3),
    "kWh": Quantity("energy", Unit.KILOWATT_HOUR),
    "Hz": Quantity("frequency", Unit.HERTZ),
    "MHz": Quantity("frequency", Unit.HERTZ, 1e6),
    "lx": Quantity("illuminance", Unit.LUX),
    "lat": Quantity("latitude", Unit.DEGREE),
    "lon": Quantity("longitude", Unit.DEGREE),
    "%EL": Quantity("battery", Unit.PERCENT),
    "EL": Quantity("battery_time", Unit.SECOND),
    "dBm": Quantity("rssi", Unit.DECIBEL_MILLIWATT),
    "dBW": Quantity("rssi", Unit.DECIBEL_MILLIWATT, 1, 30),
    "m/s": Quantity("speed", Unit.KILOMETRE_PER_HOUR, 3.6),
    "km/h": Quantity("speed", Unit.KILOMETRE_PER_HOUR),
    "m/s2": Quantity("acceleration", Unit.G, 1 / 9.80665),
    "m3/s": Quantity("flow", Unit.CUBIC_METRE_PER_HOUR, 3600),
    "l/s": Quantity("flow", Unit.CUBIC_METRE_PER_HOUR, 3.6),
    "m3": Quantity("volume", Unit.CUBIC_METRE),
    "l": Quantity("volume", Unit.CUBIC_METRE, 1e-3),
    "kg": Quantity("mass", Unit.KILOGRAM),
    "g": Quantity("mass", Unit.KILOGRAM, 1e-3),
    "S/m": Quantity("conductivity", Unit.MICROSIEMENS_PER_CENTIMETRE, 1e4),
    "m": Quantity("distance", Unit.METRE, said=PLAIN),
    "km": Quantity("distance", Unit.METRE, 1000, said=PLAIN),
    "cm": Quantity("distance", Unit.METRE, 0.01, said=PLAIN),
    "mm": Quantity("distance", Unit.METRE, 1e-3, said=PLAIN),
    "rad": Quantity("angle", Unit.DEGREE, 57.29577951308232, said=PLAIN),
    "deg": Quantity("angle", Unit.DEGREE, said=PLAIN),
    "dB": Quantity("ratio_db", Unit.DECIBEL, said=PLAIN),
    "ppm": Quantity("concentration", Unit.PPM, said=PLAIN),
    "ppb": Quantity("concentration_ppb", Unit.PPB, said=PLAIN),
    "ug/m3": Quantity("particles", Unit.MICROGRAM_PER_CUBIC_METRE, said=PLAIN),
    "s": Quantity("duration", Unit.SECOND, said=PLAIN),
    "ms": Quantity("duration", Unit.SECOND, 1e-3, said=PLAIN),
    "min": Quantity("duration", Unit.SECOND, 60, said=PLAIN),
    "h": Quantity("duration", Unit.SECOND, 3600, said=PLAIN),
    "%": Quantity("percentage", Unit.PERCENT, said=PLAIN),
    "/100": Quantity("percentage", Unit.PERCENT, said=PLAIN),
    "/": Quantity("ratio", None, said=PLAIN),
    "count": Quantity("count", None, said=PLAIN),
    "pH": Quantity("ph", None, said=PLAIN),
}
NOTHING = Quantity("value", None, said=PLAIN)
"""No unit stated."""
CHANNELS = (
    Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
    Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
    Channel(name="pressure", unit=Unit.HECTOPASCAL, low=300, high=1200),
    Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
    Channel(name="voltage", unit=Unit.VOLT, low=-1000, high=1000),
    Channel(name="current", unit=Unit.AMPERE, low=-1000, high=1000),
    Channel(name="power", unit=Unit.WATT, low=-1e6, high=1e6),
    Channel(name="energy", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
    Channel(name="latitude", unit=Unit.DEGREE, low=-90, high=90),
    Channel(name="longitude", unit=Unit.DEGREE, low=-180, high=180),
    Channel(name="speed", unit=Unit.KILOMETRE_PER_HOUR, low=0, high=1200),
    Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
    Channel(name="rssi", unit=Unit.DECIBEL_MILLIWATT, low=-150, high=20, health=True),
)
NAMES = {channel.name: channel.unit for channel in CHANNELS} | {
    each.channel: each.unit for each in UNITS.values() if each.said
}


def claims(topic: str) -> bool:
    """Take its own topics, and look at whatever nobody else takes."""
    return _is_own(topic) or "/$" not in topic


def _is_own(topic: str) -> bool:
    return topic.startswith(f"{ROOT}/")


def _is_pack(payload: bytes) -> bool:
    """Tell whether a payload on any topic is a pack: a list (or the old draft's object) of records with names."""
    head = payload[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head not in {b"[", b"{"} or (b'"n"' not in payload and b'"bn"' not in payload):
        return False
    if head == b"{" and b'"e"' not in payload:
        return False
    try:
        found = json_value(payload)
    except PayloadError:
        return False
    if type(found) is dict:
        return type(found.get("e")) is list and any(_is_record(each) for each in found["e"])
    return type(found) is list and any(_is_record(each) for each in found)


def _is_record(found: object) -> bool:
    return (
        type(found) is dict
        and (type(found.get("n")) is str or type(found.get("bn")) is str)
        and any(key in found for key in VALUES)
    )


def decode(message: Message, context: None) -> tuple[Decoded, None]:
    """Decode one pack."""
    if not _is_own(message.topic) and not _is_pack(message.payload):
        msg = "no pack of SenML"
        raise ForeignPayloadError(msg)
    found = json_value(message.payload)
    if type(found) is dict and "e" in found:
        msg = "the object with `e` of a SenML draft: a pack of RFC 8428 is a JSON array of records"
        raise PayloadError(msg)
    if type(found) is not list:
        msg = f"a JSON array of records is due here, not {shown(found)}"
        raise PayloadError(msg)
    pack = Pack(message.received)
    for place, record in enumerate(found):
        pack.take(f"[{place}]", record)
    if not pack.taken:
        listed = [f"{field}: {reason}" for field, reason in list(pack.rejected.items())[:8]]
        msg = "no number in it; " + "; ".join(listed) if listed else "an empty pack: no value"
        raise PayloadError(msg)
    return pack.decoded(message.topic.removeprefix(f"{ROOT}/")), context


class Taken(Struct, frozen=True):
    """One resolved record: its device and sensor as the names say, its value in the hub's unit, its time."""

    device: str
    sensor: str
    unit: str
    quantity: Quantity
    value: float
    measured: int | None


class Pack:
    """Resolves records in order: base fields hold for those that follow."""

    __slots__ = ("base", "received", "rejected", "seen", "taken")

    def __init__(self, received: int) -> None:
        """Start a pack that arrived at `received` [ns]."""
        self.received = received
        self.base: dict[str, Any] = {}
        self.taken: list[Taken] = []
        self.seen: set[tuple[str, str, str, int | None]] = set()
        self.rejected: dict[str, str] = {}

    def take(self, place: str, record: object) -> None:
        """Take one record; a bad one is rejected under its index.

        Raises:
            PayloadError: where the whole pack is of a later version or needs what nobody here understands.
        """
        if type(record) is not dict:
            self.rejected[place] = f"{shown(record)} is no record: an object is due"
            return
        if not record.keys() <= OWN:
            self._rebase(place, record)
        try:
            self._resolve(place, record)
        except PayloadError as error:
            self.rejected[place] = str(error)

    def _rebase(self, place: str, record: dict[str, Any]) -> None:
        for key, value in record.items():
            if key.endswith("_"):
                msg = f"{place}: field {shown(key)} must be understood, and is not: the pack is refused (§4.4)"
                raise PayloadError(msg)
            try:
                if key in BASE_TEXTS:
                    self.base[key] = _words(value)
                elif key in BASE_NUMBERS:
                    self.base[key] = _number(value)
            except PayloadError as error:
                self.base.pop(key, None)
                self.rejected[f"{place}.{key}"] = str(error)
        version = record.get("bver")
        if isinstance(version, int | float) and version > VERSION:
            msg = f"{place}: bver {shown(version)} is a later version than {VERSION}"
            raise PayloadError(msg)

    def _resolve(self, place: str, record: dict[str, Any]) -> None:
        base = self.base
        if "v" not in record:
            other = next((said for key, said in NO_NUMBER.items() if key in record), None)
            msg = "no value in it" if other is None else f"its value is {other}: no measure"
            raise PayloadError(msg)
        value = _number(record["v"]) + base.get("bv", 0.0)
        device, sensor = _split(base.get("bn", ""), _words(record["n"]) if "n" in record else "")
        unit = _words(record["u"]) if "u" in record else base.get("bu", "")
        quantity = _quantity(unit)
        if quantity.factor != 1.0 or quantity.before != 0.0:
            value = float(f"{(value + quantity.before) * quantity.factor:.12g}")
        measured = self._time(place, record)
        identity = (device, sensor, quantity.channel, measured)
        if identity in self.seen:
            msg = "a second value of the same name and time"
            raise PayloadError(msg)
        if not -inf < value < inf:
            msg = "a number too large to hold"
            raise PayloadError(msg)
        self.seen.add(identity)
        self.taken.append(Taken(device, sensor, unit, quantity, value, measured))

    def _time(self, place: str, record: dict[str, Any]) -> int | None:
        """Return when it was measured [ns]; None: now, or nobody can say."""
        seconds: float = self.base.get("bt", 0.0)
        try:
            if "t" in record:
                seconds += _number(record["t"])
        except PayloadError as error:
            self.rejected[f"{place}.t"] = str(error)
            return None
        if seconds == 0 or not -TOO_LATE < seconds < TOO_LATE:
            return None
        since: int = round(seconds * 1e6) * 1000
        if seconds >= RELATIVE_BELOW:
            return since
        return self.received + since if self.received + since > 0 else None

    def _channels(self, *, told_apart: bool) -> list[str]:
        """Return each record's channel; two sensors whose names read alike stay two."""
        owners: dict[str, tuple[str, str, str]] = {}
        channels = []
        for each in self.taken:
            name = _channel(each.sensor, each.unit)
            if told_apart and each.device:
                name = f"{name}_{slug(each.device)}"
            channel, turn = name, 1
            owner = (each.device, each.sensor, each.quantity.channel)
            while owners.setdefault(channel, owner) != owner:
                turn += 1
                channel = f"{name}_{turn}"
            channels.append(channel)
        return channels

    def decoded(self, sender: str) -> Decoded:
        """Return the readings; several devices in one pack are told apart by a suffix, their gateway is the sender."""
        devices = {each.device for each in self.taken}
        alone = next(iter(devices)) if len(devices) == 1 else ""
        channels = self._channels(told_apart=not alone)
        newest = _newest(channels, self.taken) if len(set(channels)) < len(channels) else {}
        told = []
        for channel, each in zip(channels, self.taken, strict=True):
            past = each.measured is not None and each.measured < newest.get(channel, -inf)
            told.append(Sample(channel, each.value, each.quantity.unit or UNSAID, each.measured, historical=past))
        if not (alone or sender).strip("/"):
            msg = "neither the topic nor a base name says whose it is"
            raise PayloadError(msg)
        mac = MAC.fullmatch(alone)
        aliases = (f"mac:{(mac[1] + mac[2]).lower()}",) if mac else ()
        return Decoded(Kind.READINGS, f"senml:{alone or sender}", tuple(told), aliases=aliases, rejected=self.rejected)


def _newest(channels: list[str], taken: list[Taken]) -> dict[str, float]:
    """Return the newest time [ns] of each channel: what is older in the same pack is history."""
    newest: dict[str, float] = {}
    for channel, each in zip(channels, taken, strict=True):
        newest[channel] = max(newest.get(channel, -inf), inf if each.measured is None else each.measured)
    return newest


def _number(value: object) -> float:
    """Return a JSON number; text that looks like one is none here."""
    if type(value) is str and not value.startswith(TOO_LARGE):
        msg = f"{shown(value)} is text: a JSON number is due"
        raise PayloadError(msg)
    return number(value)


def _words(value: object) -> str:
    if type(value) is not str:
        msg = f"{shown(value)} is no name: text is due"
        raise PayloadError(msg)
    return value


@lru_cache(maxsize=16_384)
def _split(base: str, name: str) -> tuple[str, str]:
    """Return device and sensor of a name: a device's URN, else the base name, is the device.

    Raises:
        PayloadError: for an empty name, or one with characters that no name has (§4.5.1).
    """
    whole = base + name
    if not NAME.fullmatch(whole):
        msg = f"name {shown(whole)} has other characters than A-Z a-z 0-9 - : . / _" if whole else "neither n nor bn"
        raise PayloadError(msg)
    urn = DEVICE.fullmatch(whole)
    if urn:
        return urn[1], urn[2] or ""
    return base.rstrip(ENDS), name.strip(ENDS)


def _quantity(unit: str) -> Quantity:
    found = UNITS.get(unit) if unit else NOTHING
    if found is None:
        msg = f"{shown(unit)} is not a known unit of SenML"
        raise PayloadError(msg)
    return found


@lru_cache(maxsize=16_384)
def _channel(sensor: str, unit: str) -> str:
    """Return a sensor's channel: named after its quantity where the unit says one, with its own name as suffix."""
    quantity, name = _quantity(unit), slug(sensor)
    if not name:
        return quantity.channel
    if quantity.said and quantity.channel.startswith(name):  # `temp`, `hum`
        return quantity.channel
    known = base_name(name, NAMES)
    if quantity.said and (known is None or NAMES[known] != quantity.unit):
        return f"{quantity.channel}_{name.removesuffix(f'_{quantity.channel}')}"
    return name if name[0].isalpha() else f"n{name}"


DRIVER = Driver(
    model="senml",
    family="senml",
    title="SenML",
    source="https://www.rfc-editor.org/rfc/rfc8428; wire_formats.md §12",
    topics=(f"{ROOT}/#", "#"),
    claims=claims,
    loose=lambda topic: not _is_own(topic),
    open_channels=True,
    decode=decode,
    channels=CHANNELS,
    examples=(
        Example.gives("senml/a", '[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]', temperature=23.1),
        Example(
            topic="senml/cellar",
            payload=b'[{"bn":"cellar/","n":"temperature","u":"Cel","v":12.5},{"n":"humidity","u":"%RH","v":81}]',
            device="senml:cellar",
            values={"temperature": 12.5, "humidity": 81},
        ),
        Example.gives(
            "senml/a",
            '[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V",'
            '"v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","v":1.7}]',
            voltage=120.1,
            current=1.7,
        ),
        Example.gives(
            "site/any/topic",
            '[{"bn":"urn:dev:mac:0024befffe804ff1","bu":"%RH","v":52},{"u":"lon","v":-0.5632},{"u":"lat","v":47.4784},'
            '{"u":"%EL","v":81},{"u":"K","v":295.15},{"u":"Pa","v":100120},{"u":"lx","v":320},{"u":"W","v":12},'
            '{"u":"J","v":3600000},{"u":"m/s","v":10},{"u":"dBW","v":-110}]',
            humidity=52,
            longitude=-0.5632,
            latitude=47.4784,
            battery=81,
            temperature=22,
            pressure=1001.2,
            illuminance=320,
            power=12,
            energy=1,
            speed=36,
            rssi=-80,
        ),
        Example(
            topic="senml/a",
            payload=b'[{"bn":"probe/"},7,{"n":"level","u":"%","v":40},{"n":"open","vb":true}]',
            device="senml:probe",
            values={"level": 40},
            rejected=("[0]", "[1]", "[3]"),
        ),
        Example.refused("senml/a", '{"bn":"x","e":[{"n":"t","v":1}]}', because="of a SenML draft"),
        Example.refused("senml/a", '[{"n":"t","u":"furlong","v":1}]', because="not a known unit"),
        Example.refused("senml/a", "[]", because="an empty pack"),
    ),
)
