"""SenML JSON packs (RFC 8428): names, times and units resolved over the records; a pack is known by its shape too.

A resolved name is split into device and sensor: `urn:dev:ow:10e2073a0108006:voltage` is channel `voltage` of that
device; where no name tells sensors apart, their units do.
"""

import re
from collections.abc import Callable
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
NO_NUMBER = {
    key: f"its value is {what}: no measure" for key, what in (("vb", "a boolean"), ("vs", "text"), ("vd", "data"))
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
DEVICE = re.compile(r"(urn:dev:[a-z0-9]+:[A-Za-z0-9.\-]+)(?:[:_/](.*))?")
MAC = re.compile(r"urn:dev:mac:([0-9a-f]{6})(?:fffe)?([0-9a-f]{6})", re.IGNORECASE)
EXACT = 1 << 53
"""A double holds every whole number below."""
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


def _pack_on(topic: str, payload: bytes) -> Any:  # noqa: ANN401 — whatever JSON holds
    """Return the JSON of a payload; on a topic that is not SenML's own it must be a pack by its shape.

    Raises:
        PayloadError: no JSON.
        ForeignPayloadError: no pack, where others may know the topic.
    """
    if _is_own(topic):
        return json_value(payload)
    head = payload[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    found: Any = None
    if (head == b"[" or (head == b"{" and b'"e"' in payload)) and (b'"n"' in payload or b'"bn"' in payload):
        try:
            found = json_value(payload)
        except PayloadError:
            found = None
    records = found.get("e") if type(found) is dict else found
    if type(records) is not list or not any(_is_record(each) for each in records):
        msg = "no pack of SenML"
        raise ForeignPayloadError(msg)
    return found


def _is_record(found: object) -> bool:
    return (
        type(found) is dict
        and (type(found.get("n")) is str or type(found.get("bn")) is str)
        and any(key in found for key in VALUES)
    )


def decode(message: Message, context: None) -> tuple[Decoded, None]:
    """Decode one pack."""
    found = _pack_on(message.topic, message.payload)
    if type(found) is dict and "e" in found:
        msg = "the object with `e` of a SenML draft: a pack of RFC 8428 is a JSON array of records"
        raise PayloadError(msg)
    if type(found) is not list:
        msg = f"a JSON array of records is due here, not {shown(found)}"
        raise PayloadError(msg)
    pack = Pack(message.received)
    for place, record in enumerate(found):
        pack.take(place, record)
    if not pack.taken:
        listed = [f"{field}: {reason}" for field, reason in list(pack.rejected.items())[:8]]
        msg = "no number in it; " + "; ".join(listed) if listed else "an empty pack: no value"
        raise PayloadError(msg)
    return pack.decoded(message.topic.removeprefix(f"{ROOT}/")), context


class Meant(Struct, frozen=True, gc=False):
    """What a record's names and unit say, whatever its value.

    Attributes:
        identity: device, sensor and quantity: two values of it at one time are one too many.
        channel: where no other device or sensor of the pack has the same.
        unit: the hub's, UNSAID where none is stated.
        factor, before: of the conversion to it.
    """

    identity: tuple[str, str, str]
    channel: str
    unit: str
    factor: float
    before: float


Taken = tuple[Meant, float, int | None]
"""One resolved record: what it means, its value in the hub's unit, and its time [ns]."""


class Pack:
    """Resolves records in order: base fields hold for those that follow."""

    __slots__ = ("base", "received", "rejected", "seen", "taken")

    def __init__(self, received: int) -> None:
        """Start a pack that arrived at `received` [ns]."""
        self.received = received
        self.base: dict[str, Any] = {}
        self.taken: list[Taken] = []
        self.seen: set[tuple[tuple[str, str, str], int | None]] = set()
        self.rejected: dict[str, str] = {}

    def take(self, place: int, record: object) -> None:
        """Take one record; a bad one is rejected under its index.

        Raises:
            PayloadError: where the whole pack is of a later version or needs what nobody here understands.
        """
        if type(record) is not dict:
            self.rejected[f"[{place}]"] = f"{shown(record)} is no record: an object is due"
            return
        if not record.keys() <= OWN:
            self._rebase(f"[{place}]", record)
        if "v" not in record:
            self.rejected[f"[{place}]"] = _instead(record)
            return
        try:
            self._resolve(place, record)
        except PayloadError as error:
            self.rejected[f"[{place}]"] = str(error)

    def _rebase(self, place: str, record: dict[str, Any]) -> None:
        for key, value in record.items():
            if key in OWN:
                continue
            if key.endswith("_"):
                msg = f"{place}: field {shown(key)} must be understood, and is not: the pack is refused (§4.4)"
                raise PayloadError(msg)
            read = BASE.get(key)
            if read is None:
                continue
            try:
                self.base[key] = read(value)
            except PayloadError as error:
                self.base.pop(key, None)
                self.rejected[f"{place}.{key}"] = str(error)
        version = record.get("bver", VERSION)
        if version is not VERSION and isinstance(version, int | float) and version > VERSION:
            msg = f"{place}: bver {shown(version)} is a later version than {VERSION}"
            raise PayloadError(msg)

    def _resolve(self, place: int, record: dict[str, Any]) -> None:
        base, value = self.base, record["v"]
        if type(value) is not float:
            value = _number(value)
        if "bv" in base:
            value += base["bv"]
        name = record.get("n", "")
        unit = record["u"] if "u" in record else base.get("bu", "")
        if type(name) is not str or type(unit) is not str:
            name, unit = _words(name), _words(unit)
        meant = _meant(base.get("bn", ""), name, unit)
        if meant.factor != 1.0 or meant.before != 0.0:
            value = float(f"{(value + meant.before) * meant.factor:.12g}")
        measured = self._time(place, record) if "t" in record or "bt" in base else None
        moment = (meant.identity, measured)
        if moment in self.seen:
            msg = "a second value of the same name and time"
            raise PayloadError(msg)
        if not -inf < value < inf:
            msg = "a number too large to hold"
            raise PayloadError(msg)
        self.seen.add(moment)
        self.taken.append((meant, value, measured))

    def _time(self, place: int, record: dict[str, Any]) -> int | None:
        """Return when it was measured [ns]; None: now, or nobody can say."""
        seconds: float = self.base.get("bt", 0.0)
        try:
            if "t" in record:
                seconds += _number(record["t"])
        except PayloadError as error:
            self.rejected[f"[{place}].t"] = str(error)
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
        for meant, _, _ in self.taken:
            device, name = meant.identity[0], meant.channel
            if told_apart and device:
                name = f"{name}_{slug(device)}"
            channel, turn = name, 1
            while owners.setdefault(channel, meant.identity) != meant.identity:
                turn += 1
                channel = f"{name}_{turn}"
            channels.append(channel)
        return channels

    def decoded(self, sender: str) -> Decoded:
        """Return the readings; several devices in one pack are told apart by a suffix, their gateway is the sender."""
        alone = self.taken[0][0].identity[0]
        channels = []
        for meant, _, _ in self.taken:
            channels.append(meant.channel)
            if meant.identity[0] != alone:
                alone = ""
                break
        newest = None
        if not alone or len(set(channels)) < len(channels):
            channels = self._channels(told_apart=not alone)
            newest = _newest(channels, self.taken)
        samples = [
            Sample(channel, value, meant.unit, measured)
            if newest is None or measured is None or measured >= newest[channel]
            else Sample(channel, value, meant.unit, measured, historical=True)
            for channel, (meant, value, measured) in zip(channels, self.taken, strict=True)
        ]
        device = alone or sender
        if not device.strip("/"):
            msg = "neither the topic nor a base name says whose it is"
            raise PayloadError(msg)
        aliases = _aliases(alone) if alone else ()
        return Decoded(Kind.READINGS, f"senml:{device}", tuple(samples), aliases=aliases, rejected=self.rejected)


def _instead(record: dict[str, Any]) -> str:
    """Say what a record holds in place of a number."""
    for key, said in NO_NUMBER.items():
        if key in record:
            return said
    return "no value in it"


def _newest(channels: list[str], taken: list[Taken]) -> dict[str, float]:
    """Return the newest time [ns] of each channel: what is older in the same pack is history."""
    newest: dict[str, float] = {}
    for channel, (_, _, measured) in zip(channels, taken, strict=True):
        newest[channel] = max(newest.get(channel, -inf), inf if measured is None else measured)
    return newest


def _number(value: object) -> float:
    """Return a JSON number; text that looks like one is none here."""
    if type(value) is int and -EXACT < value < EXACT:
        return float(value)
    if type(value) is str and not value.startswith(TOO_LARGE):
        msg = f"{shown(value)} is text: a JSON number is due"
        raise PayloadError(msg)
    return number(value)


def _words(value: object) -> str:
    if type(value) is not str:
        msg = f"{shown(value)} is no name: text is due"
        raise PayloadError(msg)
    return value


BASE: dict[str, Callable[[object], Any]] = {"bn": _words, "bu": _words} | dict.fromkeys(
    ("bt", "bv", "bs", "bver"), _number
)
"""Base fields, and what reads them."""


@lru_cache(maxsize=16_384)
def _meant(base: str, name: str, unit: str) -> Meant:
    """Return what base name, name and unit of a record say together.

    Raises:
        PayloadError: for an empty name, one with characters that no name has (§4.5.1), or an unknown unit.
    """
    device, sensor = _split(base, name)
    quantity = _quantity(unit)
    said = quantity.unit or UNSAID
    return Meant((device, sensor, quantity.channel), _channel(sensor, quantity), said, quantity.factor, quantity.before)


def _split(base: str, name: str) -> tuple[str, str]:
    """Return device and sensor of a name: a device's URN, else the base name, is the device."""
    whole = base + name
    if not NAME.fullmatch(whole):
        msg = f"name {shown(whole)} has other characters than A-Z a-z 0-9 - : . / _" if whole else "neither n nor bn"
        raise PayloadError(msg)
    urn = DEVICE.fullmatch(whole)
    if urn:
        return urn[1], urn[2] or ""
    return base.rstrip(ENDS), name.strip(ENDS)


@lru_cache(maxsize=16_384)
def _aliases(device: str) -> tuple[str, ...]:
    """Return the MAC that a device's URN holds."""
    mac = MAC.fullmatch(device)
    return (f"mac:{(mac[1] + mac[2]).lower()}",) if mac else ()


def _quantity(unit: str) -> Quantity:
    found = UNITS.get(unit) if unit else NOTHING
    if found is None:
        msg = f"{shown(unit)} is not a known unit of SenML"
        raise PayloadError(msg)
    return found


def _channel(sensor: str, quantity: Quantity) -> str:
    """Return a sensor's channel: named after its quantity where the unit says one, with its own name as suffix."""
    name = slug(sensor)
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
    foreign_by_members=True,
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
