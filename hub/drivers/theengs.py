"""Bluetooth sensors through Theengs Gateway or OpenMQTTGateway, decoded by the gateway."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct, structs

from hub.driver import Announced, Channel, Decoded, Driver, Example, Sample
from hub.drivers import bthome
from hub.errors import ForeignPayloadError, PayloadError
from hub.model import NS, Availability, Kind, Message
from hub.payload import availability, boolean, json_object, json_or_word, number, shown, word
from hub.units import Conversion, Unit, conversion

MAC = re.compile(r"(?:[0-9a-fA-F]{2}[:-]?){5}[0-9a-fA-F]{2}")
ON = "on"
OF_SENSOR: Mapping[str, tuple[str, str | None]] = {  # key → channel, unit on the wire
    "tempc": ("temperature", "°C"),
    "tempc1": ("temperature_1", "°C"),
    "tempc2": ("temperature_2", "°C"),
    "tempc3": ("temperature_3", "°C"),
    "tempc4": ("temperature_4", "°C"),
    "tempc5": ("temperature_5", "°C"),
    "tempc6": ("temperature_6", "°C"),
    "hum": ("humidity", "%"),
    "pres": ("pressure", "hPa"),
    "lux": ("illuminance", "lx"),
    "moi": ("moisture", "%"),
    "fer": ("conductivity", "µS/cm"),
    "co2": ("co2", "ppm"),
    "pm25": ("pm25", "µg/m³"),
    "pm10": ("pm10", "µg/m³"),
    "power": ("power", "W"),
    "energy": ("energy", "kWh"),
    "current": ("current", "A"),
    "accx": ("acceleration_x", "m/s²"),
    "accy": ("acceleration_y", "m/s²"),
    "accz": ("acceleration_z", "m/s²"),
    "open": ("open", ON),
    "motion": ("motion", ON),
    "leak": ("water_leak", ON),
    "batt": ("battery", "%"),
    "rssi": ("signal", "dBm"),
}
FAHRENHEIT: Mapping[str, str] = {f"tempf{n}": f"tempc{n}" for n in ("", *"123456")}
"""The same measure again: read only where °C is missing."""
WEIGHTS = {"kg": 1.0, "lb": 0.45359237, "st": 6.35029318, "jin": 0.5}
OF_GATEWAY: Mapping[str, tuple[str, str | None]] = {
    "rssi": ("signal", "dBm"),
    "uptime": ("uptime", "s"),
    "tempc": ("chip_temperature", "°C"),
}
GATEWAY = {"SYStoMQTT", "LOGtoMQTT", "WebUItoMQTT", "RLStoMQTT", "OTAtoMQTT"}
SIGNAL = "signal"
SAME_ADVERTISEMENT = 10 * NS
"""The same values from another gateway within this, where the sensor numbers nothing, are the same advertisement."""
CONVERSIONS = {unit: conversion(unit or "") for _, unit in (*OF_SENSOR.values(), *OF_GATEWAY.values())} | {
    "°F": conversion("°F"),
    "V": None,
    "m/s²": Conversion(Unit.G, 1 / 9.80665),
}
"""Unit on the wire → how it becomes the hub's; None: it is."""


class Context(Struct, frozen=True):
    """What was taken of a sensor: its packets; else the newest values, from which gateway, and when [ns]."""

    packets: bthome.Context = bthome.Context()
    said: dict[str, float] = {}
    gateway: str = ""
    at: int = 0


class Address(Struct, frozen=True):
    """A topic taken apart from the right: base and gateway, what it is about, the sensor's MAC."""

    gateway: str
    what: str
    mac: str = ""


@lru_cache(maxsize=32_768)
def address(topic: str) -> Address | None:
    """Take a topic apart from the right, because the base (`home`) may be any."""
    head, _, last = topic.rpartition("/")
    gateway, _, above = head.rpartition("/")
    if above == "BTtoMQTT" and MAC.fullmatch(last):
        return Address(gateway, "sensor", re.sub("[:-]", "", last).upper())
    if last == "LWT" and "/" in head:
        return Address(head, "LWT")
    if last == "BTtoMQTT" or last in GATEWAY:
        return Address(head, "SYStoMQTT" if last == "SYStoMQTT" else "gateway")
    if above in {"commands", "BTtoMQTT"} and last.startswith("MQTTto"):
        return Address(gateway, "command")
    match = re.fullmatch(r"(.+)/commands/MQTTto\w+(?:/.+)?", topic)
    return Address(match[1], "command") if match else None


def claims(topic: str) -> bool:
    """Recognise `…/BTtoMQTT/<MAC>`, the gateway's own topics and commands to it."""
    return address.__wrapped__(topic) is not None


def loose(topic: str) -> bool:
    """Tell `…/LWT`, which others publish too, from topics that no other family has."""
    return topic.endswith("/LWT")


def names(topic: str) -> str | None:
    """Return the uid that a topic alone tells; discovery names sensors below any gateway (`+/+/BTtoMQTT/<MAC>`)."""
    found = address(topic)
    return f"theengs:{found.mac}" if found and found.mac else None


def scope(topic: str) -> str:
    """Return the sensor's MAC: several gateways hear it."""
    found = address(topic)
    return found.mac if found else ""


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode what a gateway heard, what it says of itself, or a command to it."""
    found = address(message.topic)
    if found is None or not found.gateway.strip("/"):
        msg = f"{shown(message.topic)} names no gateway"
        raise PayloadError(msg)
    gateway = f"theengs:{found.gateway}"
    if found.what == "LWT":
        return _last_will(gateway, message.payload), context
    if found.what == "command":
        return Decoded(Kind.COMMAND, gateway), context
    if found.what == "gateway":
        json_or_word(message.payload)
        return Decoded(Kind.HOUSEKEEPING, gateway), context
    reader = Reader(json_object(message.payload))
    if found.what == "SYStoMQTT":
        reader.read(OF_GATEWAY)
        decoded, version = reader.decoded(gateway, _mac(reader.body.get("mac"))), reader.body.get("version")
        if isinstance(version, str) and version:
            decoded = structs.replace(decoded, announces=(Announced(gateway, firmware=version),))
        return decoded, context
    reader.read(OF_SENSOR)
    reader.others()
    decoded = reader.decoded(f"theengs:{found.mac}", _mac(found.mac))
    after = _taken(message.received, found.gateway, reader, context)
    if after is None:  # another gateway's word of the same advertisement
        return Decoded(Kind.HOUSEKEEPING, decoded.device, aliases=decoded.aliases), context
    return decoded, after


def _taken(at: int, gateway: str, reader: "Reader", context: Context) -> Context | None:
    """Return the context after an advertisement; None where it was taken already."""
    packet = reader.body.get("packet")
    if type(packet) is int:
        packets = bthome.taken(at, packet, context.packets)
        return None if packets is None else structs.replace(context, packets=packets)
    said = {sample.channel: sample.value for sample in reader.samples if sample.channel != SIGNAL}
    if not said:
        return context
    if said == context.said and gateway != context.gateway and 0 <= at - context.at < SAME_ADVERTISEMENT:
        return None
    after = Context(said=said, gateway=gateway, at=at)
    return context if after == context else after


def _last_will(gateway: str, payload: bytes) -> Decoded:
    said = word(payload)
    if said.lower() not in {"online", "offline"}:
        msg = f"{shown(said)} says neither online nor offline"
        raise ForeignPayloadError(msg)
    return Decoded(Kind.AVAILABILITY, gateway, availability=availability(said))


def _mac(mac: object) -> tuple[str, ...]:
    found = isinstance(mac, str) and MAC.fullmatch(mac)
    return (f"mac:{re.sub('[:-]', '', found[0]).lower()}",) if found else ()


class Reader:
    """Takes one decoded advertisement apart."""

    __slots__ = ("body", "rejected", "samples")

    def __init__(self, body: dict[str, Any]) -> None:
        """Start with the message."""
        self.body = body
        self.samples: list[Sample] = []
        self.rejected: dict[str, str] = {}

    def read(self, meanings: Mapping[str, tuple[str, str | None]]) -> None:
        """Read every key whose meaning is known; others make no channels."""
        for key, value in self.body.items():
            if key in meanings:
                self.give(key, value, *meanings[key])

    def others(self) -> None:
        """Read what is stated in several units, or in a unit that another key names."""
        for key, celsius in FAHRENHEIT.items():
            if key in self.body and celsius not in self.body:
                self.give(key, self.body[key], OF_SENSOR[celsius][0], "°F")
        if "volt" in self.body:
            channel = "voltage" if {"power", "energy", "current"} & self.body.keys() else "battery_voltage"
            self.give("volt", self.body["volt"], channel, "V")
        if "weight" in self.body:
            self._weight(self.body["weight"], self.body.get("unit"))

    def _weight(self, value: object, unit: object) -> None:
        factor = WEIGHTS.get(unit) if isinstance(unit, str) else None
        if factor is None:
            self.rejected["weight"] = f"{shown(unit)} is not a known unit of weight"
            return
        try:
            self.samples.append(Sample("weight", float(f"{number(value) * factor:.12g}")))
        except PayloadError as error:
            self.rejected["weight"] = str(error)

    def give(self, key: str, value: object, channel: str, unit: str | None) -> None:
        """Read one value."""
        try:
            if unit == ON:
                taken = boolean(value)
            else:
                known = CONVERSIONS[unit]
                taken = value if type(value) is float else number(value)
                if known is not None:
                    taken = known.apply(taken)
        except PayloadError as error:
            self.rejected[key] = str(error)
            return
        self.samples.append(Sample(channel, taken))

    def decoded(self, device: str, aliases: tuple[str, ...]) -> Decoded:
        """Return what the message means; a sensor of which nothing is known is at least heard."""
        if not self.samples and self.rejected:
            raise PayloadError("no value in it; " + "; ".join(f"{k}: {v}" for k, v in list(self.rejected.items())[:8]))
        kind = Kind.READINGS if self.samples else Kind.HOUSEKEEPING
        return Decoded(kind, device, tuple(self.samples), aliases=aliases, rejected=self.rejected)


SENSOR = "home/TheengsGateway/BTtoMQTT/D3464CE6954B"

DRIVER = Driver(
    model="theengs",
    family="theengs",
    title="Theengs Gateway, OpenMQTTGateway (Bluetooth sensors)",
    source="https://github.com/theengs/gateway, https://decoder.theengs.io; wire_formats.md §15",
    topics=("#", "+/+/BTtoMQTT/+", "+/+/LWT", "+/+/SYStoMQTT", "+/+/commands/+"),
    claims=claims,
    loose=loose,
    names=names,
    scope=scope,
    context=Context,
    decode=decode,
    channels=(
        Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
        Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="pressure", unit=Unit.HECTOPASCAL, low=300, high=1200),
        Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
        Channel(name="moisture", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="conductivity", unit=Unit.MICROSIEMENS_PER_CENTIMETRE, low=0, high=100_000),
        Channel(name="co2", unit=Unit.PPM, low=0, high=40_000),
        Channel(name="pm25", unit=Unit.MICROGRAM_PER_CUBIC_METRE, low=0, high=2000),
        Channel(name="pm10", unit=Unit.MICROGRAM_PER_CUBIC_METRE, low=0, high=2000),
        Channel(name="weight", unit=Unit.KILOGRAM, low=-10_000, high=10_000),
        Channel(name="power", unit=Unit.WATT, low=-100_000, high=100_000),
        Channel(name="energy", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="current", unit=Unit.AMPERE, low=-200, high=200),
        Channel(name="voltage", unit=Unit.VOLT, low=0, high=500),
        Channel(name="acceleration", unit=Unit.G, low=-16, high=16),
        Channel(name="open", unit=None, low=0, high=1),
        Channel(name="motion", unit=None, low=0, high=1),
        Channel(name="water_leak", unit=None, low=0, high=1),
        Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
        Channel(name="battery_voltage", unit=Unit.VOLT, low=0, high=15, health=True),
        Channel(name="signal", unit=Unit.DECIBEL_MILLIWATT, low=-130, high=10, health=True),
        Channel(name="chip_temperature", unit=Unit.CELSIUS, low=-40, high=125, health=True),
        Channel(name="uptime", unit=Unit.SECOND, low=0, high=1e10, health=True),
    ),
    examples=(
        Example.gives(
            SENSOR,
            '{"id":"D3:46:4C:E6:95:4B","rssi":-62,"brand":"Shelly","model":"BLU H&T","model_id":"SBHT-003C",'
            '"tempc":19.8,"tempf":67.64,"hum":55,"batt":92}',
            temperature=19.8,
            humidity=55,
            battery=92,
            signal=-62,
        ),
        Example.gives(
            "home/OMG/BTtoMQTT/C47C8D6A1B2C",
            '{"id":"C4:7C:8D:6A:1B:2C","rssi":-80,"tempf":68,"lux":310,"moi":34,"fer":120,"pres":1003.1,"volt":2.98}',
            temperature=20,
            illuminance=310,
            moisture=34,
            conductivity=120,
            pressure=1003.1,
            battery_voltage=2.98,
            signal=-80,
        ),
        Example.gives("home/OMG/BTtoMQTT/0102030405AA", '{"weight":165.5,"unit":"lb"}', weight=75.069537235),
        Example.gives(
            "home/OMG/BTtoMQTT/0102030405AB",
            '{"co2":610,"pm25":4,"pm10":6,"open":false,"motion":true,"leak":false,"accx":9.80665,"power":60,"energy":1.5,'
            '"current":0.26,"volt":231}',
            co2=610,
            pm25=4,
            pm10=6,
            open=0,
            motion=1,
            water_leak=0,
            acceleration_x=1,
            power=60,
            energy=1.5,
            current=0.26,
            voltage=231,
        ),
        Example.gives(
            "home/OMG/SYStoMQTT",
            '{"uptime":912,"version":"v1.7.0","freemem":95348,"mac":"AA:BB:CC:DD:EE:FF","rssi":-55,"tempc":48.5}',
            uptime=912,
            signal=-55,
            chip_temperature=48.5,
        ),
        Example(
            topic="home/TheengsGateway/LWT",
            payload=b"online",
            device="theengs:home/TheengsGateway",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example(
            topic="home/OMG/commands/MQTTtoBT/config",
            payload=b'{"interval":60000}',
            device="theengs:home/OMG",
            kind=Kind.COMMAND,
        ),
        Example.refused(SENSOR, '{"tempc":null,"hum":"unavailable"}', because="no value"),
        Example.refused(SENSOR, "[]", because="a JSON object is due"),
        Example.refused("home/OMG/BTtoMQTT/0102030405AA", '{"weight":70,"unit":"stone"}', because="unit of weight"),
    ),
)
