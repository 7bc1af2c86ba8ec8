"""What LoRaWAN network servers share: decoded objects with free keys, the best gateway, bytes nobody has read."""

import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import pack
from typing import Any

from msgspec import Struct

from hub.driver import UNSAID, Carried, Channel, Command, Decoded, Sample, Target, missing, switched
from hub.errors import PayloadError
from hub.model import Availability, Kind
from hub.payload import boolean, is_absent, iso_time, live, number, shown, slug
from hub.units import Unit

MOST = 256
"""Values of one decoded object; more is hostile."""
REMEMBERED = 100
"""Characters of a key whose meaning is remembered; a longer one must not fill the memory."""
UNHEARD = -1e9
"""Stands for a figure of the radio that a message omits."""
EUI = re.compile(r"[0-9a-fA-F]{16}")
POSITION = {"latitude": Unit.DEGREE, "longitude": Unit.DEGREE, "altitude": Unit.METRE}
GPS = "position"
QUANTITIES: dict[str, tuple[str, Unit | None]] = {  # word of a Cayenne formatter → channel, unit
    # The Things Stack (pkg/messageprocessors/cayennelpp): `<word>_<channel>`
    "digital_in": ("digital_in", None),
    "digital_out": ("digital_out", None),
    "analog_in": ("analog_in", None),
    "analog_out": ("analog_out", None),
    "luminosity": ("illuminance", Unit.LUX),
    "presence": ("presence", None),
    "temperature": ("temperature", Unit.CELSIUS),
    "relative_humidity": ("humidity", Unit.PERCENT),
    "accelerometer": ("acceleration", Unit.G),
    "barometric_pressure": ("pressure", Unit.HECTOPASCAL),
    "gyrometer": ("angular_rate", Unit.DEGREE_PER_SECOND),
    "gps": (GPS, None),
    # ChirpStack (src/codec/cayenne_lpp.rs): `<word>: {"<channel>": …}`; accelerometer and gyrometer as above
    "digitalInput": ("digital_in", None),
    "digitalOutput": ("digital_out", None),
    "analogInput": ("analog_in", None),
    "analogOutput": ("analog_out", None),
    "illuminanceSensor": ("illuminance", Unit.LUX),
    "presenceSensor": ("presence", None),
    "temperatureSensor": ("temperature", Unit.CELSIUS),
    "humiditySensor": ("humidity", Unit.PERCENT),
    "barometer": ("pressure", Unit.HECTOPASCAL),
    "gpsLocation": (GPS, None),
}
PLAIN = {
    "temperature": Unit.CELSIUS,
    "humidity": Unit.PERCENT,
    "pressure": Unit.HECTOPASCAL,
    "battery": Unit.PERCENT,
}
"""Keys of foreign codecs that mean the usual unit."""
NUMBERED = re.compile(r"(?P<word>[a-z_]+)_(?P<channel>\d{1,3})", re.ASCII)
CHANNEL = re.compile(r"\d{1,3}", re.ASCII)
CHANNELS = (
    Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
    Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
    Channel(name="pressure", unit=Unit.HECTOPASCAL, low=300, high=1200),
    Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
    Channel(name="presence", unit=None, low=0, high=1),
    Channel(name="digital_in", unit=None, low=0, high=255),
    Channel(name="digital_out", unit=None, low=0, high=255),
    Channel(name="analog_in", unit=None, low=-328, high=328),
    Channel(name="analog_out", unit=None, low=-328, high=328),
    Channel(name="acceleration", unit=Unit.G, low=-32, high=32),
    Channel(name="angular_rate", unit=Unit.DEGREE_PER_SECOND, low=-2000, high=2000),
    Channel(name="latitude", unit=Unit.DEGREE, low=-90, high=90),
    Channel(name="longitude", unit=Unit.DEGREE, low=-180, high=180),
    Channel(name="altitude", unit=Unit.METRE, low=-500, high=9000),
    Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
    Channel(name="rssi", unit=Unit.DECIBEL_MILLIWATT, low=-150, high=10, health=True),
    Channel(name="snr", unit=Unit.DECIBEL, low=-40, high=30, health=True),
)
"""What both network servers give."""


OUTPUT = re.compile(r"(?P<word>digital_out|analog_out)_(?P<number>\d{1,3})", re.ASCII)
"""Channels that Cayenne LPP means to be set: its outputs."""
NEXT_UPLINKS = 3600.0
"""How long [s] a command may take: a device of class A listens only after it spoke, some only a few times an hour."""
ACTUATORS = 99
"""FPort of an order in Cayenne LPP, whatever port the device speaks on (to be confirmed on a device)."""
CONFIRMED = True
"""Orders are confirmed downlinks, said so in every one: the device acknowledges, and the network tells it in an event.

ChirpStack's documented example does the same; one that leaves it out, as The Things Stack's, is unconfirmed, and an
order that the radio lost would only be found out by its time-out. It costs the device one acknowledgement.
"""
CENTS = 100
"""Cayenne LPP sends a hundredth."""


def _as_it_is(value: float) -> float:
    return value


FRAMES = 2**32
"""Frame counters are below (LoRaWAN 1.0.4 §4.3.1.5)."""


class Counted(Struct, frozen=True):
    """What is remembered of a device: the frame counter of its last uplink; -1: none was heard."""

    frame: int = -1


class Heard(Struct, gc=False):
    """How one gateway heard an uplink, as nearly all messages state it."""

    rssi: float = UNHEARD
    snr: float = UNHEARD


class Uplink:
    """Collects what one message of a network server says."""

    __slots__ = ("carried", "counted", "health", "local", "measured", "missed", "rejected", "values")

    def __init__(self) -> None:
        """Start with nothing."""
        self.values: dict[str, Sample] = {}
        self.health: dict[str, float] = {}
        self.rejected: dict[str, str] = {}
        self.carried: Carried | None = None
        self.measured: int | None = None
        self.local = False
        self.missed = 0
        self.counted: Counted | None = None

    def count(self, field: str, value: object, before: Counted) -> Counted:
        """Take the frame counter, omitted where it is 0; return what is remembered. A smaller one: it joined anew."""
        frame = value if type(value) is int else self.number(field, value)
        if frame is None or not 0 <= frame < FRAMES or frame != int(frame) or frame == before.frame:
            return before
        self.missed = missing(before.frame, int(frame))
        self.counted = Counted(int(frame))
        return self.counted

    def time(self, *stamps: tuple[str, object]) -> None:
        """Take the first readable time of (field, text); it goes before the values, which it is the time of."""
        for field, value in stamps:
            if value is None:
                continue
            try:
                if not isinstance(value, str):
                    msg = f"{shown(value)} is not a time"
                    raise PayloadError(msg)  # noqa: TRY301 — one place lists what is refused
                measured, self.local = iso_time(value)
            except PayloadError as error:
                self.rejected[field] = str(error)
                continue
            self.measured = live(measured)
            return

    def signal(self, field: str, receptions: object) -> None:
        """Take received power and signal-to-noise ratio of the gateway that heard best."""
        best: tuple[float, float] | None = None
        for place, each in enumerate(receptions[:MOST] if type(receptions) is list else ()):
            if type(each) is not dict:
                continue
            try:
                heard = (number(each.get("rssi", UNHEARD)), number(each.get("snr", UNHEARD)))
            except PayloadError:  # say which
                heard = (self._heard(field, place, each, "rssi"), self._heard(field, place, each, "snr"))
            best = heard if best is None or heard > best else best
        if best is not None:
            self.health |= {name: value for name, value in zip(("rssi", "snr"), best, strict=True) if value != UNHEARD}

    def best(self, receptions: Sequence[Heard]) -> None:
        """Take the signal as `signal` does, of receptions of the usual shape."""
        if not receptions:
            return
        rssi, snr = receptions[0].rssi, receptions[0].snr
        for each in receptions[1:MOST]:
            if each.rssi > rssi or (each.rssi == rssi and each.snr > snr):
                rssi, snr = each.rssi, each.snr
        if rssi != UNHEARD:
            self.health["rssi"] = rssi
        if snr != UNHEARD:
            self.health["snr"] = snr

    def _heard(self, field: str, place: int, reception: dict[str, Any], key: str) -> float:
        """Return one figure of a reception; UNHEARD where it is omitted, or no number."""
        try:
            return number(reception.get(key, UNHEARD))
        except PayloadError as error:
            self.rejected[f"{field}[{place}].{key}"] = str(error)
            return UNHEARD

    def number(self, field: str, value: object) -> float | None:
        """Return a number; None, and a line in `rejected`, where it is none."""
        try:
            return number(value)
        except PayloadError as error:
            self.rejected[field] = str(error)
            return None

    def read(self, field: str, body: object, clean: Callable[[float], float] = _as_it_is) -> bool:
        """Read what a codec made of the bytes; tell whether there was such an object."""
        if body is None or body == {}:
            return False
        if not isinstance(body, dict):
            self.rejected[field] = f"an object is due here, not {shown(body)}"
            return False
        self._walk(body, (), field, clean)
        return True

    def _walk(self, body: dict[str, Any], above: tuple[str, ...], field: str, clean: Callable[[float], float]) -> None:
        for key, value in body.items():
            kind, path = type(value), (*above, key) if above else (key,)
            if kind is list:
                value, kind = {f"{n}": each for n, each in enumerate(value[: MOST + 1], 1)}, dict  # noqa: PLW2901 — places are names too
            if kind is dict:
                self._walk(value, path, field, clean)
            elif len(self.values) + len(self.rejected) < MOST:
                self._leaf(path, value, field, clean)
            else:
                self.rejected["…"] = f"more than {MOST} fields in one message"
                return

    def _leaf(self, path: tuple[str, ...], value: object, field: str, clean: Callable[[float], float]) -> None:
        channel, unit, is_known = named(path)
        if type(value) is float:  # of JSON: finite
            taken = clean(value)
        elif type(value) is str and not is_known and not is_absent(value):
            return  # text is no measure
        else:
            try:
                taken = clean(boolean(value) if type(value) is bool and not unit else number(value))
            except PayloadError as error:
                self.rejected[f"{field}.{'.'.join(path)}"] = str(error)
                return
        if channel in self.values or channel in self.health:
            channel = self._free(channel)
        self.values[channel] = Sample(channel, taken, unit, self.measured, self.local)

    def _free(self, channel: str) -> str:
        """Return a name, numbered because another key or the radio has it: none overwrites another."""
        return next(
            name
            for n in range(2, 2 * MOST)
            if (name := f"{channel}_{n}") not in self.values and name not in self.health
        )

    def keep(self, field: str, text: object) -> None:
        """Take the device's own bytes, in base64; an omitted field is an empty one."""
        if text is None or text == "":
            return
        try:
            data = b64decode(text, validate=True) if isinstance(text, str) else None
        except ValueError:
            data = None
        if data is None:
            self.rejected[field] = f"{shown(text)} is not base64"
        elif data:
            self.carried = Carried(field, data, self.measured, self.local)

    def decoded(self, device: str, aliases: tuple[str, ...], *, is_read: bool, simulated: bool = False) -> Decoded:
        """Return what the message means; a device whose values nobody read has at least been heard."""
        health = [Sample(name, value, None, self.measured, self.local) for name, value in self.health.items()]
        samples = (*self.values.values(), *health)
        if not samples and is_read and self.rejected:
            reasons = "; ".join(f"{k}: {v}" for k, v in list(self.rejected.items())[:8])
            msg = f"no value in it; {reasons}"
            raise PayloadError(msg, context=self.counted)
        return Decoded(
            Kind.READINGS if samples else Kind.AVAILABILITY,
            device,
            samples,
            availability=None if self.values else Availability.ONLINE,
            aliases=aliases,
            rejected=self.rejected,
            carried=self.carried,
            simulated=simulated,
            missed=self.missed,
        )


def settable(target: Target) -> tuple[Channel, ...]:
    """Return the outputs that a device has told of: on or off, or a figure."""
    found = [(name, OUTPUT.fullmatch(name)) for name in sorted(target.channels)]
    return tuple(
        Channel(name=name, unit=None, low=0, high=1)
        if match["word"] == "digital_out"
        else Channel(name=name, unit=None, low=-327.68, high=327.67)
        for name, match in found
        if match is not None
    )


def output(wanted: Command) -> tuple[bool, int, float]:
    """Return whether a digital output is meant, its number, and the value that Cayenne LPP can carry.

    Raises:
        PayloadError: no output, or no such value.
    """
    match = OUTPUT.fullmatch(wanted.channel)
    if match is None or int(match["number"]) > 255:  # noqa: PLR2004 — one byte
        msg = f"{wanted.channel}: only the outputs of Cayenne LPP are set over LoRaWAN"
        raise PayloadError(msg)
    if match["word"] == "digital_out":
        return True, int(match["number"]), float(switched(wanted))
    if not abs(wanted.value * CENTS) < 1 << 15:
        msg = f"{wanted.channel} is {wanted.value:g}: two bytes of hundredths hold from -327.68 to 327.67"
        raise PayloadError(msg)
    return False, int(match["number"]), round(wanted.value * CENTS) / CENTS


def actuator(wanted: Command) -> bytes:
    """Return a downlink of Cayenne LPP as network servers make it: channel, hundredths (16 bits), 0xFF."""
    _, number, value = output(wanted)
    return pack(">BhB", number, round(value * CENTS), 0xFF)


@lru_cache(maxsize=16_384)
def eui_alias(eui: str) -> tuple[str, ...]:
    """Return the alias that a DevEUI gives its device in every network; none where the text is none."""
    return (f"eui:{eui.lower()}",) if EUI.fullmatch(eui) else ()


def named(path: tuple[str, ...]) -> tuple[str, str | None, bool]:
    """Return channel, unit (UNSAID: nobody said) and whether it is a quantity that the format knows."""
    if len(path) == 1:
        return _named(path) if len(path[0]) <= REMEMBERED else _named.__wrapped__(path)
    return _named(path) if len("".join(path)) <= REMEMBERED else _named.__wrapped__(path)


@lru_cache(maxsize=8192)
def _named(path: tuple[str, ...]) -> tuple[str, str | None, bool]:
    if len(path) == 1 and path[0] in PLAIN:
        return path[0], PLAIN[path[0]], True
    match = NUMBERED.fullmatch(path[0])
    if match is not None:
        word, channel, rest = match["word"], match["channel"], path[1:]
    else:
        word, channel, rest = path[0], path[1] if len(path) > 1 else "", path[2:]
    if word in QUANTITIES and CHANNEL.fullmatch(channel):
        base, unit = QUANTITIES[word]
        if base == GPS:
            if len(rest) == 1 and rest[0] in POSITION:
                return f"{rest[0]}_{int(channel)}", POSITION[rest[0]], True
        elif not rest or rest[0] in {"x", "y", "z"}:
            return "_".join((base, f"{int(channel)}", *rest)), unit, True
    name = slug("_".join(path)) or "value"
    return name if name[0].isalpha() else f"n{name}", UNSAID, False
