"""Tasmota, and the Linky meter through Tasmota's Teleinfo: sensors, energy, switches, Wi-Fi, discovery."""

import re
from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import Any

from msgspec import Struct, structs

from hub.driver import (
    Announced,
    Channel,
    Command,
    Commanding,
    Decoded,
    Driver,
    Event,
    Example,
    Likeness,
    Order,
    Period,
    Sample,
    Target,
    Value,
    switched,
    whole,
)
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message, Quality
from hub.payload import (
    availability,
    boolean,
    epoch_seconds,
    is_absent,
    iso_time,
    json_object,
    json_value,
    live,
    number,
    scaled,
    shown,
    slug,
    word,
)
from hub.units import Unit, conversion

_GOOD = Quality.GOOD
PREFIXES = ("tele", "stat", "cmnd")
DISCOVERY = "tasmota/discovery/"
SAID = re.compile(
    r"SENSOR|STATE|LWT|RESULT|INFO\d?|UPTIME|LOGGING|HASS_STATE|MARGINS|WAKEUP|POWER\d{0,2}|STATUS\d*|(BUTTON|SWITCH)\d+T?"
    r"|(POWER|VOLTAGE|CURRENT)_(LOW|HIGH)|(MAX_POWER|MAX_ENERGY|ENERGY_MONITOR)\w*"
)
"""Last levels that a Tasmota publishes below `tele` and `stat`."""
POWER = re.compile(r"POWER([0-9]{0,2})")
SWITCH = re.compile(r"Switch([0-9]{1,2})")
MARGIN = re.compile(r"(POWER|VOLTAGE|CURRENT)_(LOW|HIGH)")
NUMBERED = re.compile(r".+[-_][0-9]{1,2}")
"""`DS18B20-1`; six hexadecimal digits behind the dash are part of a Bluetooth sensor's own name instead."""
INDEXED = re.compile(r"([A-Za-z]+)([0-9]{1,2})")
BODIES = {"SENSOR", "STATE", "RESULT"}
CHIPS = {"ESP32", "ESP8266"}
POWER_ON = 85.0
"""What a DS18x20 holds until its first conversion is done: a fault, unless it was warm just before [°C]."""
UNPLUGGED = -127.0
"""What the DS18x20 library gives for a probe that does not answer [°C]."""
LONGEST_PERIOD = 3600
WARM = 75.0
LONG = 64
ENOUGH = 500
"""More values than this in one message are hostile; the registry keeps fewer and says so."""
_LARGE = 1 << 53
MANY = 64
"""Probes of one device worth remembering; more is hostile."""

QUANTITIES = {  # key in an object of SENSOR → channel, unit on the wire (None: as it is); ENERGY's keys among them
    "Temperature": ("temperature", "TempUnit"),
    "DewPoint": ("dew_point", "TempUnit"),
    "OBJTMP": ("object_temperature", "TempUnit"),
    "AMBTMP": ("ambient_temperature", "TempUnit"),
    "Humidity": ("humidity", None),
    "Pressure": ("pressure", "PressureUnit"),
    "SeaPressure": ("sea_pressure", "PressureUnit"),
    "CarbonDioxide": ("co2", None),
    "eCO2": ("eco2", None),
    "TVOC": ("tvoc", None),
    "PM1": ("pm1", None),
    "PM2.5": ("pm25", None),
    "PM10": ("pm10", None),
    "Gas": ("gas_resistance", None),
    "Illuminance": ("illuminance", None),
    "UvIndex": ("uv_index", None),
    "Distance": ("distance", "cm"),
    "Weight": ("weight", None),
    "Moisture": ("moisture", None),
    "Conductivity": ("conductivity", None),
    "Fertility": ("conductivity", None),
    "Power": ("power", None),
    "ApparentPower": ("apparent_power", None),
    "ReactivePower": ("reactive_power", None),
    "Factor": ("factor", None),
    "Voltage": ("voltage", None),
    "Current": ("current", None),
    "Frequency": ("frequency", None),
    "Total": ("energy", None),
    "Today": ("today", None),
    "Yesterday": ("yesterday", None),
    "ExportActive": ("energy_returned", None),
    "Battery": ("battery", None),
    "RSSI": ("signal", None),
}
COUNTED = {"A": "analog", "C": "counter"}
"""ANALOG's `A0` … and COUNTER's `C1` …: names of their own, without a unit."""
OF_STATE = {  # key at the root → channel, unit on the wire
    "Dimmer": ("dimmer", None),
    "Vcc": ("supply_voltage", None),
    "UptimeSec": ("uptime", None),
    "Heap": ("free_memory", None),
    "LoadAvg": ("load_average", None),
}
OF_WIFI = {"RSSI": "signal_quality", "Signal": "signal"}
METER_WORDS = {"PTEC", "LTARF"}
"""Text of the meter worth an event: the tariff now. `ADCO`, `ADSC`, `PRM` name a person's meter: never kept."""


def _meter() -> dict[str, tuple[str, str]]:
    """Return the labels of the Linky's two modes: label → channel, unit on the wire.

    Reference: Enedis-NOI-CPT_54E, sorties de télé-information client des appareils de comptage Linky.
    """
    colours = [f"BBRH{hour}J{day}" for hour in "CP" for day in "BWR"]
    history = ["BASE", "HCHC", "HCHP", "EJPHN", "EJPHPM", *colours]
    standard = ["EAST", *(f"EASF{n:02}" for n in range(1, 11)), *(f"EASD{n:02}" for n in range(1, 5))]
    amperes = ["IINST", "IMAX", "ISOUSC", "ADPS", "IRMS"]
    powers = ["PAPP", "SINSTS", "SINSTI", "SMAXSN", "SMAXIN"]
    volts = ["URMS", "UMOY"]
    phases = ["", *list("123")]
    return {
        **dict.fromkeys([*history, *standard], ("energy", "Wh")),
        "EAIT": ("energy_returned", "Wh"),
        **{label + phase: ("current", "A") for label in amperes for phase in phases},
        **{label + phase: ("apparent_power", "VA") for label in powers for phase in phases},
        **{label + phase: ("voltage", "V") for label in volts for phase in phases},
        **dict.fromkeys(("PREF", "PCOUP"), ("apparent_power", "kVA")),
        "PMAX": ("power", "W"),
    }


METER = {label: (f"{channel}_{label.lower()}", unit) for label, (channel, unit) in _meter().items()}
NO_MEASURE = {"Time", "Epoch", "TempUnit", "PressureUnit", "SpeedUnit"}
UNIT_WORDS = {"TempUnit": ("C", Unit.CELSIUS), "PressureUnit": ("hPa", Unit.HECTOPASCAL)}


class Context(Struct, frozen=True):
    """What one device said before.

    Attributes:
        first: quantity → the object (as a slug) that gave it first and has the plain channel name.
        warm: DS18x20 objects above WARM when last heard.
    """

    first: dict[str, str] = {}
    warm: tuple[str, ...] = ()


class Address(Struct, frozen=True, gc=False):
    """A topic taken apart: prefix, device, last level, and the device's uid."""

    prefix: str
    device: str
    last: str
    uid: str


@lru_cache(maxsize=32_768)  # of ten thousand devices in turn none was found again in 4,096: 3.5 µs a message (measured)
def address(topic: str) -> Address | None:
    """Take a topic of any FullTopic order apart: the levels that are neither prefix nor last level are the device."""
    *levels, last = topic.split("/")
    places = [n for n, level in enumerate(levels) if level in PREFIXES]
    if not places:
        return None
    place = places[0] if places[0] == 0 or len(levels) - 1 not in places else len(levels) - 1
    prefix = levels.pop(place)
    if prefix != "cmnd" and not SAID.fullmatch(last):
        return None
    device = "/".join(levels).strip("/")
    return Address(_word(prefix), device, _word(last), f"tasmota:{device}")


@lru_cache(maxsize=256)
def _word(word: str) -> str:
    """Return the one copy of a word: ten thousand addresses would keep as many of each (1.1 MB, measured)."""
    return word


def claims(topic: str) -> bool:
    """Recognise a last level that Tasmota uses together with a level equal to a prefix, wherever it stands."""
    return topic.startswith(DISCOVERY) or address.__wrapped__(topic) is not None


def names(topic: str) -> str | None:
    """Return the uid that a topic alone tells."""
    found = None if topic.startswith(DISCOVERY) else address(topic)
    return found.uid if found and found.device else None


def scope(topic: str) -> str:
    """Return the device: each remembers its own sensors."""
    found = address(topic)
    return found.device if found else ""


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode what a device, or somebody commanding it, said."""
    topic, payload = message.topic, message.payload
    if topic.startswith(DISCOVERY):
        return _discovery(topic, payload), context
    found = address(topic)
    if found is None or not found.device:
        msg = f"{shown(topic)} names no device"
        raise PayloadError(msg)
    if found.prefix == "cmnd":
        return Decoded(Kind.COMMAND, found.uid), context
    if found.last in BODIES:
        return _body(found.uid, json_object(payload), context, sensors=found.last == "SENSOR")
    if found.last.startswith("STATUS"):
        return _status(found.uid, json_object(payload), context)
    return _bare(found.uid, found.last, payload), context


def _bare(device: str, last: str, payload: bytes) -> Decoded:
    """Decode a bare Online, ON or OFF; what else is published so is no measure."""
    if last == "LWT":
        return Decoded(Kind.AVAILABILITY, device, availability=availability(word(payload)))
    match = POWER.fullmatch(last)
    if match or MARGIN.fullmatch(last):
        channel = _numbered("switch", match[1]) if match else slug(last)
        return Decoded(Kind.READINGS, device, (Sample(channel, boolean(word(payload))),))
    return Decoded(Kind.HOUSEKEEPING, device)


def _numbered(channel: str, digits: str) -> str:
    return f"{channel}_{digits}" if digits else channel


def _status(device: str, root: dict[str, Any], context: Context) -> tuple[Decoded, Context]:
    """Decode an answer to `Status`: the body of SENSOR or STATE one level down, or the address of the device."""
    bodies = {key: value for key, value in root.items() if key in {"StatusSNS", "StatusSTS"}}
    if bodies:
        units = {key: root[key] for key in UNIT_WORDS if key in root}
        inner: dict[str, Any] = dict(units)
        for key, body in bodies.items():
            if type(body) is not dict:
                msg = f"{key}: an object is due here, not {shown(body)}"
                raise PayloadError(msg)
            inner |= body
        return _body(device, inner, context, sensors="StatusSNS" in bodies)
    net = root.get("StatusNET")
    if isinstance(net, dict) and isinstance(net.get("Mac"), str) and net["Mac"]:
        return Decoded(Kind.DISCOVERY, device, aliases=(_mac(net["Mac"]),)), context
    return Decoded(Kind.HOUSEKEEPING, device), context


def _mac(text: str) -> str:
    return f"mac:{text.replace(':', '').lower()}"


def _discovery(topic: str, payload: bytes) -> Decoded:
    """Decode native discovery: which topic a MAC speaks on (`sensors` adds nothing). Empty: taken back."""
    mac, _, what = topic.removeprefix(DISCOVERY).partition("/")
    if not payload or what != "config":
        if payload:
            json_value(payload)
        return Decoded(Kind.DISCOVERY, f"tasmota:{mac}", speaks_for_others=True)
    root = json_object(payload)
    name, order = root.get("t"), root.get("ft", "%prefix%/%topic%/")
    if not isinstance(name, str) or not name or not isinstance(order, str):
        msg = "discovery without the device's topic (t)"
        raise PayloadError(msg)
    levels = [level for level in order.split("/") if level and level != "%prefix%"]
    device = "/".join(levels).replace("%topic%", name)
    address_text = root.get("mac")
    called, version = (each.strip() if isinstance(each, str) else "" for each in (root.get("dn"), root.get("sw")))
    uid = f"tasmota:{device}"
    return Decoded(
        Kind.DISCOVERY,
        uid,
        announces=(Announced(uid, name=called or None, firmware=version or None),) if called or version else (),
        aliases=(_mac(address_text if isinstance(address_text, str) and address_text else mac),),
    )


def _stated(stamp: object) -> tuple[int | None, bool]:
    """Return when a device measured, by its own word; a clock that was never set: None.

    Raises:
        PayloadError: it is no time.
    """
    if stamp is None:
        return None, False
    measured, local = iso_time(stamp) if type(stamp) is str else (epoch_seconds(number(stamp)), False)
    measured = live(measured)
    return measured, local and measured is not None


def _clock(root: dict[str, Any]) -> str:
    """Return where a telegram keeps its time: `Epoch` where it is sent, else its local `Time`."""
    return "Epoch" if "Epoch" in root else "Time"


def _time(root: dict[str, Any], rejected: dict[str, str]) -> tuple[int | None, bool]:
    """Return when the device measured."""
    try:
        return _stated(root.get(_clock(root)))
    except PayloadError as error:
        rejected["Time"] = str(error)
        return None, False


class Step(Struct, frozen=True, gc=False):
    """Where a telegram keeps a value, and what it means.

    Attributes:
        owner: the object that holds it; None: it stands at the root.
        convert: a number to the hub's unit; None: it is in it.
        is_flag: it is no number, but on or off.
        lowest, highest: what a number may be without a second look; a fault code of a DS18x20 needs one.
    """

    owner: str | None
    key: str
    channel: str
    convert: Callable[[float], float] | None = None
    is_flag: bool = False
    lowest: float = -inf
    highest: float = inf


_PLANS: dict[tuple[object, ...], tuple[Step, ...]] = {}
"""What telegrams of one make look like → where their numbers are: a device says the same objects each time.

Learnt from `Reader`, which alone knows the rules; what it took another way than number by number is not learnt.
"""
_MAX_PLANS = 4096


@lru_cache(maxsize=1_024)
def _shared(first: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return one dictionary for all devices that were made alike: it is never changed, only followed by another."""
    return dict(first)


def _make(root: dict[str, Any], context: Context, *, sensors: bool) -> tuple[object, ...] | None:
    """Return all that decides, beside the values themselves, how a telegram is read; None: nothing to be learnt."""
    units = root.get("TempUnit", ""), root.get("PressureUnit", "")
    if context.warm or type(units[0]) is not str or type(units[1]) is not str:
        return None
    shape = [(name, *value) if type(value) is dict else name for name, value in root.items()]
    first = context.first
    return (sensors, *shape, units, *first, None, *first.values())


def _as_before(device: str, root: dict[str, Any], steps: tuple[Step, ...]) -> Decoded | None:
    """Read a telegram that looks like an earlier one; None: it holds something that needs a second look."""
    try:
        measured, local = _stated(root.get(_clock(root)))
        samples = []
        for step in steps:
            value = (root if step.owner is None else root[step.owner])[step.key]
            if step.is_flag:
                value = boolean(value)
            elif type(value) is not float:
                if type(value) is not int or not -_LARGE < value < _LARGE:
                    return None
                value = float(value)
            if step.convert is not None:
                value = step.convert(value)
            if not step.lowest < value < step.highest:
                return None
            samples.append(Sample(step.channel, value, None, measured, local))
    except PayloadError:
        return None
    return Decoded(Kind.READINGS, device, tuple(samples))


def alike(message: Message, root: Any, context: Context) -> Likeness | None:  # noqa: ANN401 — whatever JSON holds
    """Return how telegrams like one that was decoded are read: by its plan, while they name the same units."""
    found = address(message.topic)
    if found is None or found.last not in BODIES or type(root) is not dict:
        return None
    make = _make(root, context, sensors=found.last == "SENSOR")
    steps = _PLANS.get(make) if make is not None else None
    if not steps:
        return None
    time = _clock(root)
    return Likeness(
        values=tuple(
            Value(
                path=(step.key,) if step.owner is None else (step.owner, step.key),
                channel=step.channel,
                convert=boolean if step.is_flag else step.convert,
                low=step.lowest,
                high=step.highest,
            )
            for step in steps
        ),
        time=(time,) if time in root else None,
        clock=_stated if time in root else None,
        words=tuple(((name,), root[name]) for name in UNIT_WORDS if name in root),
    )


class Reader:
    """Takes one body apart: samples, events, refusals, what to remember, and how to read the next of the kind."""

    __slots__ = ("context", "events", "local", "measured", "rejected", "root", "samples", "steps")

    def __init__(self, root: dict[str, Any], context: Context) -> None:
        """Start with the body and what the device said before."""
        self.root = root
        self.context = context
        self.samples: list[Sample] = []
        self.events: list[Event] = []
        self.rejected: dict[str, str] = {}
        self.steps: list[Step] = []
        self.measured, self.local = _time(root, self.rejected)

    def read(self, *, sensors: bool) -> None:
        """Read every value at the root and, of a message about sensors, every object."""
        meter = self.root.get("TIC")
        if type(meter) is dict:
            self._meter(meter)
        metered = bool(self.samples)  # the meter's own registers are right where ENERGY's totals are not (§1)
        for name, value in self.root.items():
            if len(self.samples) > ENOUGH:
                break
            if type(value) is dict:
                if name == "Wifi":
                    self._values(name, value, OF_WIFI)
                elif not sensors:
                    self._action(name, value)
                elif name in CHIPS:
                    self._values(name, value, {"Temperature": "chip_temperature"})
                elif name != "TIC" and not (metered and name == "ENERGY"):
                    self._object(name, value)
            elif name not in NO_MEASURE:
                self._scalar(name, value)

    def _scalar(self, name: str, value: object) -> None:
        if name in OF_STATE:
            self._give(name, value, *OF_STATE[name], (None, name))
        elif match := POWER.fullmatch(name):
            self._switch(name, value, _numbered("switch", match[1]))
        elif match := SWITCH.fullmatch(name):
            self._switch(name, value, f"input_switch{match[1]}")

    def _action(self, name: str, body: dict[str, Any]) -> None:
        """Read a button or switch that reports what was done to it."""
        action = body.get("Action")
        if isinstance(action, str) and not is_absent(action):
            self.events.append(Event(slug(name) or "button", action, self.measured, self.local))

    def _object(self, name: str, body: dict[str, Any]) -> None:
        if "Action" in body:
            self._action(name, body)
        for key, value in body.items():
            quantity = QUANTITIES.get(key)
            if quantity is None:
                self._other(name, key, value)
            elif type(value) is list and name == "ENERGY":
                channel = self._channel(quantity[0], name, value)
                for n, each in enumerate(value, 1):
                    self._give(f"{name}.{key}[{n}]", each, f"{channel}_{n}", quantity[1])
            else:
                self._give(f"{name}.{key}", value, self._channel(quantity[0], name, value), quantity[1], (name, key))

    def _other(self, name: str, key: str, value: object) -> None:
        """Read `Temperature1` of ANALOG and `C1` of COUNTER; other keys mean nothing to us."""
        match = INDEXED.fullmatch(key)
        if match is None:
            return
        if match[1] in COUNTED:
            self._give(f"{name}.{key}", value, f"{COUNTED[match[1]]}_{key.lower()}", None, (name, key))
        elif match[1] in QUANTITIES:
            channel, unit = QUANTITIES[match[1]]
            self._give(f"{name}.{key}", value, f"{channel}_{slug(name) or 'n'}_{match[2]}", unit, (name, key))

    def _channel(self, quantity: str, owner: str, value: object) -> str:
        """Return the name of a quantity of an object: plain for the first object that ever gave it."""
        first = self.context.first.get(quantity)
        own = slug(owner) or "n"
        if first == own:
            return quantity
        if first is None and not NUMBERED.fullmatch(owner):
            if not is_absent(value):
                known = _shared((*self.context.first.items(), (quantity, own)))
                self.context = structs.replace(self.context, first=known)
            return quantity
        return f"{quantity}_{own}"

    def _values(self, name: str, body: dict[str, Any], channels: dict[str, str]) -> None:
        for key, channel in channels.items():
            if key in body:
                unit = QUANTITIES[key][1] if key == "Temperature" else None
                self._give(f"{name}.{key}", body[key], channel, unit, (name, key))

    def _give(
        self, field: str, value: object, channel: str, unit: str | None, place: tuple[str | None, str] | None = None
    ) -> None:
        """Take a number; `place`: owner and key, where the next of the kind can be read there."""
        try:
            taken = value if type(value) is float else number(value)
            convert = None if unit is None else self._to_hub_unit(unit)
            if convert is not None:
                taken = convert(taken)
        except PayloadError as error:
            self.rejected[field] = str(error)
            return
        quality, lowest, highest = _GOOD, -inf, inf
        owner, key = place or (None, "")
        if owner is not None and owner[:4] == "DS18" and key in QUANTITIES:
            quality, lowest, highest = self._probe(owner, taken), UNPLUGGED + 1, WARM
        self.samples.append(Sample(channel, taken, None, self.measured, self.local, quality))
        if place is not None:
            self.steps.append(Step(*place, channel, convert, lowest=lowest, highest=highest))

    def _to_hub_unit(self, unit: str) -> Callable[[float], float] | None:
        """Return what makes a number of a unit one of the hub's; None where they are the same.

        Raises:
            PayloadError: the message names a unit that is none.
        """
        usual = UNIT_WORDS.get(unit)
        if usual is not None:
            said = self.root.get(unit, usual[0])
            return None if said == usual[0] else scaled(said, usual[1])
        known = conversion(unit)
        return None if known is None else known.apply

    def _probe(self, name: str, value: float) -> Quality:
        """Judge a DS18x20: its words for "no answer" and "not measured yet" are faults, not temperatures."""
        was_warm = name in self.context.warm
        if abs(value - UNPLUGGED) < 0.05 or (abs(value - POWER_ON) < 0.005 and not was_warm):  # noqa: PLR2004 — rounding
            return Quality.BAD
        if value > WARM and not was_warm and len(self.context.warm) < MANY and len(name) < LONG:
            self.context = structs.replace(self.context, warm=tuple(sorted({*self.context.warm, name})))
        elif value <= WARM and was_warm:
            self.context = structs.replace(self.context, warm=tuple(each for each in self.context.warm if each != name))
        return Quality.GOOD

    def _switch(self, field: str, value: object, channel: str) -> None:
        try:
            self.samples.append(Sample(channel, boolean(value), None, self.measured, self.local))
            self.steps.append(Step(None, field, channel, is_flag=True))
        except PayloadError as error:
            self.rejected[field] = str(error)

    def is_usual(self, context: Context) -> bool:
        """Tell whether this was values and nothing else: the next of the kind can be read the same way."""
        taken = len(self.samples) == len(self.steps) <= ENOUGH and not (self.events or self.rejected)
        return taken and self.context is context and not any(map(_may_say_more, self.root.values()))

    def part_twins(self) -> None:
        """Refuse a second sensor whose name reads like another's: none overwrites another."""
        if len({each.channel for each in self.samples}) == len(self.samples):
            return
        kept: dict[str, Sample] = {}
        for sample in self.samples:
            if kept.setdefault(sample.channel, sample) is not sample:
                self.rejected[sample.channel] = "another sensor of this message has the same name"
        self.samples = list(kept.values())

    def _meter(self, body: dict[str, Any]) -> None:
        """Read the Linky's labels: registers in Wh, apparent power in VA, currents in A."""
        for label, value in body.items():
            known = METER.get(label)
            if known is not None:
                self._give(f"TIC.{label}", value, *known)
            elif label in METER_WORDS and isinstance(value, str) and value.strip():
                self.events.append(Event("tariff", value.strip(), self.measured, self.local))


def _may_say_more(value: object) -> bool:
    """Tell whether an object says nothing now where the next one may: no action, then a press; no phase, then three."""
    return type(value) is dict and ("Action" in value or any(type(each) is list for each in value.values()))


def _learn(make: tuple[object, ...], steps: tuple[Step, ...]) -> None:
    if len(_PLANS) >= _MAX_PLANS:
        _PLANS.clear()
    _PLANS[make] = steps


def _body(device: str, root: dict[str, Any], context: Context, *, sensors: bool) -> tuple[Decoded, Context]:
    """Decode the body of SENSOR, STATE or RESULT; sensors that say nothing known are refused."""
    make = _make(root, context, sensors=sensors)
    steps = _PLANS.get(make) if make is not None else None
    if steps is not None and (decoded := _as_before(device, root, steps)) is not None:
        return decoded, context
    reader = Reader(root, context)
    reader.read(sensors=sensors)
    if reader.samples:
        reader.part_twins()
        if make is not None and reader.is_usual(context):
            _learn(make, tuple(reader.steps))
        return (
            Decoded(Kind.READINGS, device, tuple(reader.samples), tuple(reader.events), rejected=reader.rejected),
            reader.context,
        )
    if reader.rejected:
        raise PayloadError("no value in it; " + "; ".join(f"{k}: {v}" for k, v in list(reader.rejected.items())[:8]))
    unknown = [name for name in root if name not in NO_MEASURE]
    if sensors and (unknown or not root) and not reader.events:
        msg = f"nothing in it that Tasmota sensors are known to give ({', '.join(map(shown, unknown[:4])) or 'empty'})"
        raise PayloadError(msg)
    return Decoded(Kind.HOUSEKEEPING, device, events=tuple(reader.events), period=_period(root)), reader.context


def _period(root: dict[str, Any]) -> int | None:
    """Return the period that an answer to TelePeriod states [s]; 0: telemetry is off."""
    value = root.get("TelePeriod")
    return value if type(value) is int and 0 <= value <= LONGEST_PERIOD else None


def ask_period(target: Target) -> tuple[tuple[str, bytes], ...]:
    """Ask how often it reports: TelePeriod without a value."""
    return ((_command_topic(target.uid, target.topic, "TelePeriod"), b""),)


def set_period(target: Target, seconds: int) -> tuple[tuple[str, bytes], ...]:
    """Say how often to report: 10 to 3600 s, 0 not at all (https://tasmota.github.io/docs/Commands/#management)."""
    return ((_command_topic(target.uid, target.topic, "TelePeriod"), b"%d" % seconds),)


def ask(device: str, topic: str) -> list[tuple[str, bytes]]:
    """Ask for sensors (Status 8, understood by every version), state (11) and MAC (5), in the device's topic order."""
    command = _command_topic(device, topic, "Status")
    return [(command, number) for number in (b"8", b"11", b"5")]


def _command_topic(device: str, topic: str, last: str) -> str:
    """Return where a device listens, in the order of levels of a topic that it spoke on."""
    levels = topic.split("/")
    found = None if topic.startswith(DISCOVERY) else address(topic)
    if found is None:
        return f"cmnd/{device.partition(':')[2]}/{last}"
    places = [n for n, level in enumerate(levels[:-1]) if level == found.prefix]
    place = places[-1] if places[-1] == len(levels) - 2 and places[0] != 0 else places[0]
    return "/".join([*levels[:place], "cmnd", *levels[place + 1 : -1], last])


def command(target: Target, wanted: Command) -> Order:
    """Set a relay or a dimmer; the device answers with RESULT, which proves it."""
    base, _, index = wanted.channel.partition("_")
    if base == "switch":
        last, payload = f"Power{index}", b"ON" if switched(wanted) else b"OFF"
    elif wanted.channel == "dimmer":
        last, payload = "Dimmer", str(whole(wanted, 0, 100)).encode()
    else:
        msg = f"{wanted.channel}: a Tasmota is told nothing but switches and its dimmer"
        raise PayloadError(msg)
    topic = _command_topic(target.uid, target.topic, last)
    return Order(messages=((topic, payload),), channel=wanted.channel, value=wanted.value)


SENSOR, TWO, POW, LINKY = "tele/kitchen/SENSOR", "tele/cellar/SENSOR", "tele/pow1/SENSOR", "tele/linky/SENSOR"

DRIVER = Driver(
    model="tasmota",
    family="tasmota",
    title="Tasmota",
    source="https://tasmota.github.io/docs/MQTT/, …/DS18x20/, …/Teleinfo/; wire_formats.md §1",
    topics=("#", "tele/+/SENSOR", "tele/+/STATE", "tele/+/LWT", "stat/+/+", "cmnd/+/+", "tasmota/discovery/#"),
    claims=claims,
    names=names,
    scope=scope,
    context=Context,
    decode=decode,
    alike=alike,
    ask=ask,
    commands=("switch", "dimmer"),
    command=command,
    period=Period(
        ask=ask_period,
        set=set_period,
        low=10,
        high=LONGEST_PERIOD,
        proof=Commanding(
            before=(("home/tele/cellar/STATE", b'{"POWER":"ON"}'),),
            channel="",
            value=10,
            sends=(("home/cmnd/cellar/TelePeriod", b"10"),),
            report=("home/stat/cellar/RESULT", b'{"TelePeriod":10}'),
        ),
    ),
    commandings=(
        Commanding(
            before=((SENSOR, b'{"ENERGY":{"Power":12}}'),),
            channel="switch",
            value=1,
            sends=(("cmnd/kitchen/Power", b"ON"),),
            report=("stat/kitchen/RESULT", b'{"POWER":"ON"}'),
        ),
        Commanding(
            before=(("home/tele/cellar/STATE", b'{"POWER1":"ON","POWER2":"OFF"}'),),
            channel="switch_2",
            value=0,
            sends=(("home/cmnd/cellar/Power2", b"OFF"),),
            report=("home/stat/cellar/POWER2", b"OFF"),
        ),
        Commanding(
            before=(("tele/lamp/STATE", b'{"POWER":"ON","Dimmer":20}'),),
            channel="dimmer",
            value=55,
            sends=(("cmnd/lamp/Dimmer", b"55"),),
            report=("stat/lamp/RESULT", b'{"POWER":"ON","Dimmer":55}'),
        ),
    ),
    channels=(
        Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
        Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="dew_point", unit=Unit.CELSIUS, low=-80, high=100),
        Channel(name="object_temperature", unit=Unit.CELSIUS, low=-70, high=400),
        Channel(name="ambient_temperature", unit=Unit.CELSIUS, low=-60, high=150),
        Channel(name="pressure", unit=Unit.HECTOPASCAL, low=300, high=1200),
        Channel(name="sea_pressure", unit=Unit.HECTOPASCAL, low=800, high=1200),
        Channel(name="co2", unit=Unit.PPM, low=0, high=40_000),
        Channel(name="eco2", unit=Unit.PPM, low=0, high=60_000),
        Channel(name="tvoc", unit=Unit.PPB, low=0, high=60_000),
        Channel(name="pm1", unit=Unit.MICROGRAM_PER_CUBIC_METRE, low=0, high=2000),
        Channel(name="pm25", unit=Unit.MICROGRAM_PER_CUBIC_METRE, low=0, high=2000),
        Channel(name="pm10", unit=Unit.MICROGRAM_PER_CUBIC_METRE, low=0, high=2000),
        Channel(name="gas_resistance", unit=None, low=0, high=100_000),
        Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
        Channel(name="uv_index", unit=None, low=0, high=20),
        Channel(name="distance", unit=Unit.METRE, low=0, high=50),
        Channel(name="weight", unit=Unit.KILOGRAM, low=-10_000, high=10_000),
        Channel(name="moisture", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="conductivity", unit=Unit.MICROSIEMENS_PER_CENTIMETRE, low=0, high=100_000),
        Channel(name="analog", unit=None, low=-100_000, high=100_000),
        Channel(name="counter", unit=None, low=0, high=1e15),
        Channel(name="power", unit=Unit.WATT, low=-100_000, high=100_000),
        Channel(name="apparent_power", unit=Unit.VOLT_AMPERE, low=0, high=100_000),
        Channel(name="reactive_power", unit=Unit.VAR, low=-100_000, high=100_000),
        Channel(name="factor", unit=None, low=-1, high=1),
        Channel(name="voltage", unit=Unit.VOLT, low=0, high=500),
        Channel(name="current", unit=Unit.AMPERE, low=-200, high=200),
        Channel(name="frequency", unit=Unit.HERTZ, low=0, high=500),
        Channel(name="energy", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="today", unit=Unit.KILOWATT_HOUR, low=0, high=100_000),
        Channel(name="yesterday", unit=Unit.KILOWATT_HOUR, low=0, high=100_000),
        Channel(name="energy_returned", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="switch", unit=None, low=0, high=1),
        Channel(name="input", unit=None, low=0, high=1),
        Channel(name="dimmer", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="power_low", unit=None, low=0, high=1),
        Channel(name="power_high", unit=None, low=0, high=1),
        Channel(name="voltage_low", unit=None, low=0, high=1),
        Channel(name="voltage_high", unit=None, low=0, high=1),
        Channel(name="current_low", unit=None, low=0, high=1),
        Channel(name="current_high", unit=None, low=0, high=1),
        Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
        Channel(name="signal", unit=Unit.DECIBEL_MILLIWATT, low=-130, high=10, health=True),
        Channel(name="signal_quality", unit=Unit.PERCENT, low=0, high=100, health=True),
        Channel(name="supply_voltage", unit=Unit.VOLT, low=2, high=6, health=True),
        Channel(name="chip_temperature", unit=Unit.CELSIUS, low=-40, high=125, health=True),
        Channel(name="uptime", unit=Unit.SECOND, low=0, high=1e10, health=True),
        Channel(name="free_memory", unit=Unit.KILOBYTE, low=0, high=100_000, health=True),
        Channel(name="load_average", unit=None, low=0, high=1000, health=True),
    ),
    examples=(
        Example.gives(
            SENSOR,
            '{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7,"Humidity":40.5,"Pressure":1001.2},"TempUnit":"C"}',
            temperature=21.7,
            humidity=40.5,
            pressure=1001.2,
        ),
        Example.gives(
            TWO,
            '{"Time":"2026-01-08T06:12:00","DS18B20-1":{"Id":"01131B123456","Temperature":3.1},'
            '"DS18B20-2":{"Id":"01131B654321","Temperature":null},"TempUnit":"C"}',
            temperature_ds18b20_1=3.1,
        ),
        Example.gives(
            SENSOR,
            '{"Time":"2023-05-28T20:04:27","SCD40":{"CarbonDioxide":618,"eCO2":623,"Temperature":74.84,"Humidity":61.1,'
            '"DewPoint":60.44},"TempUnit":"F"}',
            co2=618,
            eco2=623,
            temperature=23.8,
            humidity=61.1,
            dew_point=15.8,
        ),
        Example.gives(
            "tele/tank/SENSOR", '{"Time":"2019-01-01T22:42:35","SR04":{"Distance":16.754}}', distance=0.16754
        ),
        Example.gives(
            POW,
            '{"Time":"2018-02-15T17:37:10","ENERGY":{"TotalStartTime":"2018-11-14T18:39:40","Total":6.294,'
            '"Yesterday":5.340,"Today":0.954,"Period":217,"Power":2635,"ApparentPower":2650,"ReactivePower":282,'
            '"Factor":0.99,"Voltage":227,"Current":11.661}}',
            energy=6.294,
            yesterday=5.34,
            today=0.954,
            power=2635,
            apparent_power=2650,
            reactive_power=282,
            factor=0.99,
            voltage=227,
            current=11.661,
        ),
        Example.gives(
            "tele/three/SENSOR",
            '{"Time":"2024-03-01T10:00:00","ENERGY":{"Total":12.5,"ExportActive":0.2,"Frequency":50,'
            '"Voltage":[230,231,229],"Power":[100,-20,0]}}',
            energy=12.5,
            energy_returned=0.2,
            frequency=50,
            voltage_1=230,
            voltage_2=231,
            voltage_3=229,
            power_1=100,
            power_2=-20,
            power_3=0,
        ),
        Example.gives(
            LINKY,
            '{"Time":"2021-10-26T17:28:45","ENERGY":{"TotalStartTime":"2021-10-25T15:22:04","Total":9098.245,'
            '"Yesterday":6822.685,"Today":2275.560,"Period": 9,"Power":170,"Current":1.000,"Load":6},'
            '"TIC":{"ADCO":"021528603314","OPTARIF":"HC..","ISOUSC":15,"HCHC":920750,"HCHP":2275560,"PTEC":"HP..",'
            '"IINST":1,"IMAX":2,"PAPP":170,"HHPHC":"A","MOTDETAT":0},"ESP32":{"Temperature":36.1},"TempUnit":"C"}',
            apparent_power_papp=170,
            current_iinst=1,
            current_imax=2,
            current_isousc=15,
            energy_hchc=920.75,
            energy_hchp=2275.56,
            chip_temperature=36.1,
        ),
        Example.gives(
            "tele/beacons/SENSOR",
            '{"Time":"2022-02-02T12:00:00","LYWSD03-52680f":{"Temperature":19.4,"Humidity":51.2,"Battery":87,"RSSI":-71},'
            '"Flora-0b1c2d":{"Illuminance":310,"Moisture":34,"Fertility":120,"Temperature":18.1,"RSSI":null}}',
            temperature=19.4,
            humidity=51.2,
            battery=87,
            signal=-71,
            illuminance=310,
            moisture=34,
            conductivity=120,
            temperature_flora_0b1c2d=18.1,
        ),
        Example.gives(
            "tele/air/SENSOR",
            '{"Time":"2024-05-05T05:05:05","PMS5003":{"PM1":3,"PM2.5":5,"PM10":6},"SGP30":{"TVOC":12},'
            '"BME680":{"SeaPressure":1013.2,"Gas":112.4},"MLX90614":{"OBJTMP":31.2,"AMBTMP":22.4},"VEML6075":{"UvIndex":0.3},'
            '"HX711":{"Weight":1.25},"ANALOG":{"A0":512},"COUNTER":{"C1":77},"Switch1":"OFF"}',
            pm1=3,
            pm25=5,
            pm10=6,
            tvoc=12,
            sea_pressure=1013.2,
            gas_resistance=112.4,
            object_temperature=31.2,
            ambient_temperature=22.4,
            uv_index=0.3,
            weight=1.25,
            analog_a0=512,
            counter_c1=77,
            input_switch1=0,
        ),
        Example.gives(
            "tele/kitchen/STATE",
            '{"Time":"2026-01-08T06:12:00","Uptime":"0T00:15:12","UptimeSec":912,"Vcc":3.461,"Heap":25,"SleepMode":"Dynamic",'
            '"LoadAvg":19,"POWER":"ON","Dimmer":50,"Wifi":{"AP":1,"SSId":"x","Channel":6,"RSSI":78,"Signal":-61}}',
            uptime=912,
            supply_voltage=3.461,
            free_memory=25,
            load_average=19,
            switch=1,
            dimmer=50,
            signal_quality=78,
            signal=-61,
        ),
        Example.gives("stat/kitchen/POWER2", "OFF", switch_2=0),
        Example.gives("stat/kitchen/RESULT", '{"POWER1":"ON"}', switch_1=1),
        *(
            Example.gives(f"tele/kitchen/{margin.upper()}", "ON", **{margin: 1})
            for margin in ("power_low", "power_high", "voltage_low", "voltage_high", "current_low", "current_high")
        ),
        Example(
            topic="home/cellar/tasmota_12AB34/tele/LWT",
            payload=b"Online",
            device="tasmota:home/cellar/tasmota_12AB34",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example(topic="cmnd/kitchen/Power", payload=b"", device="tasmota:kitchen", kind=Kind.COMMAND),
        Example(
            topic="stat/kitchen/STATUS5",
            payload=b'{"StatusNET":{"Hostname":"kitchen-0815","IPAddress":"192.0.2.7","Mac":"5C:CF:7F:12:34:56"}}',
            device="tasmota:kitchen",
            kind=Kind.DISCOVERY,
        ),
        Example.refused(SENSOR, '{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7', because="ends too early"),
        Example.refused(SENSOR, '{"Time":"2026-11-24T09:00:00","DS18B20":{"Temperature":null}}', because="no value"),
        Example.refused("tele/kitchen/LWT", "Gone", because="neither online nor offline"),
    ),
)
