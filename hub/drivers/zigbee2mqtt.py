"""Zigbee2MQTT: every Zigbee device behind a bridge, with the units its `exposes` state."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct, structs

from hub.driver import (
    DAY_AND_AN_HOUR,
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
    Sample,
    Target,
    Value,
    switched,
    whole,
)
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message
from hub.payload import (
    BOOLEANS,
    availability,
    boolean,
    is_absent,
    json_object,
    json_or_word,
    json_value,
    number,
    shown,
    slug,
)
from hub.units import Conversion, Unit, conversion

BASE = "zigbee2mqtt"
BRIDGE = re.compile(
    r"(?P<base>.+?)/bridge/(?P<what>state|info|devices|groups|definitions|extensions|converters|health|event|events"
    r"|logging|log|config.*|networkmap.*|(?:request|response)(?:/.*)?)"
)
COMMAND = re.compile(r"(?P<name>.+)/(?:set|get)(?:/[^/]+)?")
IEEE = re.compile(r"0x[0-9a-fA-F]{16}")
ENDPOINT = re.compile(r"(?P<key>.+?)_(?P<end>l\d+|\d+|left|right|center|top|bottom|up|down|(?:phase_)?[abc]|in|out)")
MANY = 5000
"""Devices behind one bridge worth remembering; more is hostile."""
LONG = 64
"""A longer key is no name that Zigbee2MQTT gives."""
MILLIVOLT_FROM = 100.0
"""Below this a battery's voltage cannot be in mV: its device would be dead."""
MILLIVOLT_ABOVE = 1000.0

USUAL: dict[str, tuple[str, Unit | None]] = {  # key → channel, unit where `exposes` does not say
    "temperature": ("temperature", Unit.CELSIUS),
    "local_temperature": ("local_temperature", Unit.CELSIUS),
    "device_temperature": ("chip_temperature", Unit.CELSIUS),
    "humidity": ("humidity", Unit.PERCENT),
    "pressure": ("pressure", Unit.HECTOPASCAL),
    "power": ("power", Unit.WATT),
    "energy": ("energy", Unit.KILOWATT_HOUR),
    "produced_energy": ("energy_returned", Unit.KILOWATT_HOUR),
    "current": ("current", Unit.AMPERE),
    "voltage": ("voltage", Unit.VOLT),
    "ac_frequency": ("frequency", Unit.HERTZ),
    "power_factor": ("factor", None),
    "illuminance": ("illuminance", Unit.LUX),
    "illuminance_lux": ("illuminance_lux", Unit.LUX),
    "co2": ("co2", Unit.PPM),
    "soil_moisture": ("moisture", Unit.PERCENT),
    "battery": ("battery", Unit.PERCENT),
    "position": ("position", Unit.PERCENT),
    "brightness": ("brightness", None),
    "linkquality": ("link_quality", None),
    # without exposes nobody says in what these are
    "pm25": ("pm25", None),
    "pm10": ("pm10", None),
    "voc": ("voc", None),
    "formaldehyd": ("formaldehyde", None),
    "occupied_heating_setpoint": ("target_temperature", Unit.CELSIUS),
    "current_heating_setpoint": ("target_temperature", Unit.CELSIUS),
}
FLAGS = {
    "contact": "contact",
    "occupancy": "occupancy",
    "presence": "presence",
    "motion": "motion",
    "water_leak": "water_leak",
    "vibration": "vibration",
    "smoke": "smoke",
    "gas": "gas",
    "carbon_monoxide": "carbon_monoxide",
    "tamper": "tamper",
    "battery_low": "battery_low",
    "state": "switch",
}
UNITLESS = {"linkquality", "brightness", "power_factor"}
"""Keys whose unit the format fixes as none, whatever word `exposes` puts there (`lqi`)."""
DECIDING = {"action", "device"}
"""Keys whose text is an event, or names the device."""
NEVER = {"last_seen", "update", "update_available", "device", "elapsed", "color", "color_temp"}


class Key(Struct, frozen=True):
    """What `exposes` says of one key: a number in `unit`, or a flag whose two words are `on` and `off`."""

    unit: str | None = None
    on: str | None = None
    off: str | None = None


class Known(Struct, frozen=True):
    """What the bridge said of one device."""

    ieee: str | None = None
    keys: dict[str, Key] = {}
    offline: bool = False
    firmware: str = ""


class Context(Struct, frozen=True):
    """What a bridge said, and whom it carries: friendly name → what is known."""

    base: str = ""
    online: bool = True
    names: dict[str, Known] = {}


NOBODY = Known()


@lru_cache(maxsize=32_768)
def bridge_topic(topic: str) -> tuple[str, str] | None:
    """Return base topic and rest of a topic of the bridge itself."""
    match = BRIDGE.fullmatch(topic)
    return (match["base"], match["what"]) if match else None


def claims(topic: str) -> bool:
    """Recognise everything below `zigbee2mqtt/`, and the bridge's own topics below any other base."""
    return topic.startswith(f"{BASE}/") or bridge_topic.__wrapped__(topic) is not None


def names(topic: str) -> str | None:
    """Return the uid that a topic below the usual base alone tells."""
    if not topic.startswith(f"{BASE}/") or bridge_topic(topic) is not None:
        return None
    rest = topic.removeprefix(f"{BASE}/").removesuffix("/availability")
    command = COMMAND.fullmatch(rest)
    return _uid(BASE, command["name"] if command else rest)


def scope(topic: str) -> str:
    """Return the base topic."""
    found = bridge_topic(topic)
    return found[0] if found else BASE


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode what the bridge or a device behind it said, or a command passing by."""
    found = bridge_topic(message.topic)
    if found is not None:
        return _bridge(*found, message.payload, context)
    base = context.base or BASE
    rest = message.topic.removeprefix(f"{base}/")
    name, command = _name(rest, context)
    uid = _uid(base, name)
    if command:
        return Decoded(Kind.COMMAND, uid), context
    known = context.names.get(name)
    aliases = _aliases(name, known)
    if rest != name:
        said = _said(message.payload)
        context = _with(context, base, name, structs.replace(known or NOBODY, offline=said is Availability.OFFLINE))
        return Decoded(Kind.AVAILABILITY, uid, availability=said, aliases=aliases), context
    reader = Reader(json_object(message.payload), known or NOBODY)
    reader.read()
    if known is None:
        context = _with(context, base, name, NOBODY)
    return reader.decoded(uid, aliases or reader.native()), context


def _name(rest: str, context: Context) -> tuple[str, bool]:
    """Return the friendly name and whether the topic commands it; names hold slashes, and words such as `set`."""
    if rest in context.names:
        return rest, False
    name, command = rest, False
    if rest.endswith("/availability"):
        name = rest.removesuffix("/availability")
    elif match := COMMAND.fullmatch(rest):
        name, command = match["name"], True
    if not name.strip("/"):
        msg = "the topic names no device"
        raise PayloadError(msg)
    return name, command


def _uid(base: str, name: str) -> str:
    return f"zigbee2mqtt:{name}" if base == BASE else f"zigbee2mqtt:{base}/{name}"


def _aliases(name: str, known: Known | None) -> tuple[str, ...]:
    if known is not None and known.ieee:
        return (f"ieee:{known.ieee}",)
    return (f"ieee:{name.lower()}",) if IEEE.fullmatch(name) else ()


def about(names: Collection[str], context: Context) -> Announced | None:
    """Return what the bridge said of a device before it spoke."""
    start = _uid(context.base or BASE, "")
    for uid in names:
        known = context.names.get(uid.removeprefix(start)) if uid.startswith(start) else None
        if known is not None:
            return Announced(uid, firmware=known.firmware or None)
    return None


def _with(context: Context, base: str, name: str, known: Known) -> Context:
    """Return the context with a device remembered; the same one where nothing is new."""
    if context.names.get(name) == known or (name not in context.names and len(context.names) >= MANY):
        return context
    return structs.replace(context, base=base, names=context.names | {name: known})


def _said(payload: bytes) -> Availability:
    """Read `online`, or from 2.0 on `{"state": "online"}`."""
    said = json_or_word(payload)
    return availability(said.get("state") if isinstance(said, dict) else said)


def _bridge(base: str, what: str, payload: bytes, context: Context) -> tuple[Decoded, Context]:
    """Decode the bridge's own word; it is never a device."""
    sender = _uid(base, "bridge")
    if what == "state":
        said = _said(payload)
        there = said is Availability.ONLINE
        announces: tuple[Announced, ...] = ()
        if not there or not context.online:  # lost: nobody behind it can be reached; back: who was there is again
            announces = tuple(
                Announced(
                    _uid(base, name),
                    _aliases(name, known),
                    availability=said if not there or not known.offline else Availability.OFFLINE,
                )
                for name, known in context.names.items()
            )
        if (there, base) != (context.online, context.base):
            context = structs.replace(context, online=there, base=base)
        return Decoded(
            Kind.AVAILABILITY, sender, availability=said, announces=announces, speaks_for_others=True
        ), context
    if what == "devices":
        return _devices(base, sender, json_value(payload), context)
    if what == "info" and base != context.base and isinstance(json_value(payload), dict):
        context = structs.replace(context, base=base)
    kind = Kind.COMMAND if what.startswith("request") else Kind.HOUSEKEEPING
    return Decoded(kind, sender, speaks_for_others=True), context


def _devices(base: str, sender: str, listed: object, context: Context) -> tuple[Decoded, Context]:
    """Decode the list of devices: names, IEEE addresses, units. The coordinator is no sensor."""
    if not isinstance(listed, list):
        msg = f"a list of devices is due here, not {shown(listed)}"
        raise PayloadError(msg)
    names: dict[str, Known] = {}
    rejected: dict[str, str] = {}
    announces = []
    for place, each in enumerate(listed[:MANY]):
        name = each.get("friendly_name") if isinstance(each, dict) else None
        if not isinstance(name, str) or not name.strip("/"):
            rejected[f"[{place}]"] = "a device without friendly_name"
            continue
        if each.get("type") == "Coordinator":
            continue
        before, ieee, definition = context.names.get(name, NOBODY), each.get("ieee_address"), each.get("definition")
        exposes = definition.get("exposes") if isinstance(definition, dict) else None
        version = each.get("software_build_id")
        names[name] = Known(
            ieee.lower() if isinstance(ieee, str) and ieee else None,
            dict(_keys(exposes)),
            before.offline,
            _word(version),
        )
        announces.append(
            Announced(_uid(base, name), _aliases(name, names[name]), name=name, firmware=names[name].firmware or None)
        )
    if len(listed) <= MANY:
        announces += _gone(base, context, names)
    decoded = Decoded(Kind.DISCOVERY, sender, announces=tuple(announces), rejected=rejected, speaks_for_others=True)
    if names == context.names and base == context.base:
        return decoded, context
    return decoded, structs.replace(context, base=base, names=names)


def _gone(base: str, context: Context, names: Mapping[str, Known]) -> list[Announced]:
    """Return the devices that the bridge listed before and lists no more, under whatever name."""
    there = {known.ieee for known in names.values()}
    return [
        Announced(_uid(base, name), _aliases(name, known), removed=True)
        for name, known in context.names.items()
        if known.ieee and known.ieee not in there
    ]


def _keys(exposes: object, depth: int = 0) -> Iterator[tuple[str, Key]]:
    """Return the keys that a definition exposes, the features of lights, switches and thermostats included."""
    if not isinstance(exposes, list) or depth > 4:  # noqa: PLR2004 — as deep as vendors nest
        return
    for each in exposes:
        if not isinstance(each, dict):
            continue
        name, unit, sort = each.get("property"), each.get("unit"), each.get("type")
        if sort == "composite" or isinstance(each.get("features"), list):
            if sort != "composite":
                yield from _keys(each.get("features"), depth + 1)
        elif isinstance(name, str) and name and each.get("category") != "config":
            if sort == "numeric":
                yield name, Key(unit=unit if isinstance(unit, str) else "")
            elif sort == "binary":
                yield name, Key(on=_word(each.get("value_on")), off=_word(each.get("value_off")))


def _word(value: object) -> str:
    """Return one of the two words of a flag; true and false need none: a closed contact's `value_on` is false."""
    return value[:LONG] if isinstance(value, str) else ""


def _is_boolean(value: object) -> bool:
    return not isinstance(value, str) or value.lower() in BOOLEANS


def alike(message: Message, root: Any, context: Context) -> Likeness | None:  # noqa: ANN401 — whatever JSON holds
    """Return how messages like one that was decoded are read: by the keys that hold a number or a flag."""
    rest = message.topic.removeprefix(f"{context.base or BASE}/")
    if bridge_topic(message.topic) is not None or type(root) is not dict or _name(rest, context) != (rest, False):
        return None
    known, values = context.names.get(rest) or NOBODY, []
    for key, value in root.items():
        if key in DECIDING or (len(key) <= LONG and _base(key)[0] == "voltage"):
            return None
        one = Reader({key: value}, known)
        one.read()
        if one.samples:
            values.append(_value(key, one.samples[0], known.keys.get(key)))
        elif type(value) is str and (key in known.keys or (len(key) <= LONG and _base(key)[0] in FLAGS)):
            return None  # a cover's word, which says nothing; another would
    return Likeness(tuple(values))


def _value(key: str, sample: Sample, exposed: Key | None) -> Value:
    """Return how a key's next value is read."""
    base, convert = _base(key)[0], None
    if _is_flag(base, exposed):
        return Value((key,), sample.channel, sample.unit, Flag(exposed))
    if exposed is not None and exposed.unit and base not in UNITLESS:
        known = _conversion(exposed.unit)
        convert = None if known.apply(1.5) == 1.5 else known.apply  # noqa: PLR2004 — any value that it would change
    return Value((key,), sample.channel, sample.unit, convert)


def _is_flag(base: str, exposed: Key | None) -> bool:
    if exposed is not None and exposed.on is not None:
        return True
    return base in FLAGS and not (exposed is not None and exposed.unit)


class Flag(Struct, frozen=True):
    """Reads a flag, by the two words that `exposes` gives it where it does."""

    exposed: Key | None

    def __call__(self, value: object) -> float:
        """Return 1 or 0.

        Raises:
            PayloadError: it is neither.
        """
        exposed = self.exposed
        if exposed is not None and value in (exposed.on, exposed.off) and not _is_boolean(value):
            return 1.0 if value == exposed.on else 0.0
        return boolean(value)


class Reader:
    """Takes the object of one device apart."""

    __slots__ = ("body", "events", "known", "rejected", "samples")

    def __init__(self, body: dict[str, Any], known: Known) -> None:
        """Start with the message and what the bridge said of the device."""
        self.body = body
        self.known = known
        self.samples: list[Sample] = []
        self.events: list[Event] = []
        self.rejected: dict[str, str] = {}

    def native(self) -> tuple[str, ...]:
        """Return the IEEE address where the message carries it."""
        device = self.body.get("device")
        ieee = device.get("ieeeAddr", device.get("ieee_address")) if isinstance(device, dict) else None
        return (f"ieee:{ieee.lower()}",) if isinstance(ieee, str) and IEEE.fullmatch(ieee) else ()

    def read(self) -> None:
        """Read every key that the format or `exposes` explains."""
        keys = self.known.keys
        for key, value in self.body.items():
            if key in NEVER or len(key) > LONG:
                continue
            if key == "action":
                if isinstance(value, str) and not is_absent(value):
                    self.events.append(Event("action", value))
            elif (exposed := keys.get(key)) is not None:
                self._exposed(key, value, exposed)
            else:
                self._usual(key, value)

    def _exposed(self, key: str, value: object, exposed: Key) -> None:
        """Read a value as `exposes` says, under the format's name for it where there is one."""
        base, suffix = _base(key)
        if exposed.on is not None:
            self._flag(key, value, FLAGS.get(base, _open(base)) + suffix, exposed)
        elif base in FLAGS and not exposed.unit:
            self._flag(key, value, FLAGS[base] + suffix, None)
        elif base == "voltage":
            self._voltage(key, value, suffix, exposed)
        elif base in USUAL:
            channel, unit = USUAL[base]
            self._number(key, value, channel + suffix, exposed, unit, fixed=base in UNITLESS)
        else:
            self._number(key, value, _open(key), exposed, None)

    def _usual(self, key: str, value: object) -> None:
        """Read a value that only the format explains; what it does not know is no measure."""
        base, suffix = _base(key)
        if base in FLAGS:
            if type(value) is bool:
                self.samples.append(Sample(FLAGS[base] + suffix, 1.0 if value else 0.0))
            else:
                self._flag(key, value, FLAGS[base] + suffix, None)
        elif base == "voltage":
            self._voltage(key, value, suffix, None)
        elif base in USUAL:
            channel, unit = USUAL[base]
            if type(value) is float:  # of JSON: finite
                self.samples.append(Sample(channel + suffix, value, unit))
            else:
                self._number(key, value, channel + suffix, None, unit)

    def _flag(self, key: str, value: object, channel: str, exposed: Key | None) -> None:
        try:
            if channel.startswith("switch") and _is_no_switch(value, exposed):
                return
            taken = Flag(exposed)(value)
        except PayloadError as error:
            self.rejected[key] = str(error)
            return
        self.samples.append(Sample(channel, taken))

    def _number(
        self, key: str, value: object, channel: str, exposed: Key | None, usual: Unit | None, *, fixed: bool = False
    ) -> None:
        try:
            taken, unit = number(value), usual
            if exposed is not None and exposed.unit and not fixed:
                said = _conversion(exposed.unit, usual)
                taken, unit = said.apply(taken), said.unit
        except PayloadError as error:
            self.rejected[key] = str(error)
            return
        self.samples.append(Sample(channel, taken, unit))

    def _voltage(self, key: str, value: object, suffix: str, exposed: Key | None) -> None:
        """Read a voltage: in V on mains devices, in mV on battery devices unless `exposes` says otherwise."""
        try:
            taken = number(value)
            on_battery = "battery" in self.body or "battery" in self.known.keys
            if exposed is not None and exposed.unit:
                said = _conversion(exposed.unit, Unit.VOLT)
                in_mv, taken = exposed.unit == "mV", said.apply(taken)
            else:
                in_mv = taken > MILLIVOLT_ABOVE or (on_battery and taken >= MILLIVOLT_FROM)
                taken = taken / 1000 if in_mv else taken
        except PayloadError as error:
            self.rejected[key] = str(error)
            return
        self.samples.append(
            Sample(("battery_voltage" if in_mv or on_battery else "voltage") + suffix, taken, Unit.VOLT)
        )

    def decoded(self, uid: str, aliases: tuple[str, ...]) -> Decoded:
        """Return what the message means; one whose every field is bad is refused."""
        if not self.samples and self.rejected and not self.events:
            raise PayloadError("no value in it; " + "; ".join(f"{k}: {v}" for k, v in list(self.rejected.items())[:8]))
        kind = Kind.READINGS if self.samples else Kind.HOUSEKEEPING
        return Decoded(kind, uid, tuple(self.samples), tuple(self.events), aliases=aliases, rejected=self.rejected)


def _is_no_switch(value: object, exposed: Key | None) -> bool:
    """Tell a cover's word (its position says where it is) or a lock's from a switch's own."""
    if not isinstance(value, str) or (exposed is not None and value in (exposed.on, exposed.off)):
        return False
    return value.upper() in {"OPEN", "CLOSE", "STOP", "LOCK", "UNLOCK"}


def _conversion(unit: str, usual: Unit | None = None) -> Conversion:
    """Return how to convert from an exposed unit; one of another quantity is as wrong as an unknown one."""
    found = conversion(unit)
    if found is None or (usual is not None and found.unit != usual):
        msg = f"{shown(unit)} is not a known unit{f' that becomes {usual}' if usual else ''}"
        raise PayloadError(msg)
    return found


def _open(key: str) -> str:
    """Return the channel of a key that only `exposes` knows."""
    name = slug(key)
    return name if name[:1].isalpha() else f"n{name}"


@lru_cache(maxsize=4096)
def _base(key: str) -> tuple[str, str]:
    """Return the known key and the channel's suffix: `state_left` is `state` of the endpoint `left`."""
    if key in USUAL or key in FLAGS:
        return key, ""
    match = ENDPOINT.fullmatch(key)
    if match and (match["key"] in USUAL or match["key"] in FLAGS):
        return match["key"], f"_{match['end'].removeprefix('phase_')}"
    return key, ""


SETTABLE = {"brightness": "brightness", "position": "position"}
SET_POINTS = ("occupied_heating_setpoint", "current_heating_setpoint")


def command(target: Target, wanted: Command) -> Order:
    """Set a switch, a lamp's brightness, a cover's position or a set-point on `…/set`; the next state proves it."""
    context: Context = target.context
    base = context.base or BASE
    name = _friendly(target, context)
    known = context.names.get(name, NOBODY)
    key = _key_of(wanted.channel, known)
    value: object
    if key is None:
        msg = f"{wanted.channel}: no key of {shown(name)} that can be set"
        raise PayloadError(msg)
    if wanted.channel.startswith("switch"):
        exposed = known.keys.get(key, Key())
        value = (exposed.on or "ON") if switched(wanted) else (exposed.off or "OFF")
    elif key in SET_POINTS:
        value = wanted.value
    else:
        value = whole(wanted, 0, 254 if key.startswith("brightness") else 100)
    moves = key.startswith("position")
    return Order(
        messages=((f"{base}/{name}/set", msgspec.json.encode({key: value})),),
        channel=wanted.channel,
        value=wanted.value,
        tolerance=2.0 if moves else 0.25 if key in SET_POINTS else 0.0,
        within=60.0 if moves else 10.0,  # a shutter takes its time
    )


def _friendly(target: Target, context: Context) -> str:
    """Return the present friendly name: a device renamed at the bridge keeps its uid, and is found by its address."""
    native = {name.removeprefix("ieee:") for name in target.names if name.startswith("ieee:")}
    found = (name for name, known in context.names.items() if known.ieee in native)
    own = target.uid.partition(":")[2]
    return next(found, own if context.base in {"", BASE} else own.removeprefix(f"{context.base}/"))


def _key_of(channel: str, known: Known) -> str | None:
    """Return the key whose reports are this channel."""
    word, _, suffix = channel.partition("_")
    if word in {"switch", *SETTABLE}:
        key = SETTABLE.get(word, "state")
        wanted = {key + (f"_{suffix}" if suffix else ""), f"{key}_phase_{suffix}"}
        return next((each for each in known.keys if each in wanted), min(wanted, key=len))
    return next((key for key in SET_POINTS if channel == "target_temperature" and key in known.keys), None)


DEVICES = (
    '[{"ieee_address":"0x00124b0000000001","type":"Coordinator","supported":true,"friendly_name":"Coordinator","definition":null},'
    '{"ieee_address":"0x00158d00018255df","type":"EndDevice","supported":true,"friendly_name":"cellar/air","definition":'
    '{"model":"X","vendor":"Y","exposes":[{"type":"numeric","property":"temperature","unit":"°F"},{"type":"numeric",'
    '"property":"voltage","unit":"mV"},{"type":"numeric","property":"pm25","unit":"µg/m³"},{"type":"numeric",'
    '"property":"voc","unit":"ppb"},{"type":"binary","property":"valve_open","value_on":"OPEN","value_off":"CLOSE"}]}}]'
)

VALVE = (
    b'[{"ieee_address":"0x00158d0001825500","type":"EndDevice","friendly_name":"valve","definition":{"exposes":'
    b'[{"type":"climate","features":[{"type":"numeric","property":"occupied_heating_setpoint","unit":"\xc2\xb0C"}]}]}}]'
)

DRIVER = Driver(
    model="zigbee2mqtt",
    family="zigbee2mqtt",
    title="Zigbee2MQTT",
    source="https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html; wire_formats.md §4",
    topics=("zigbee2mqtt/#", "#"),
    claims=claims,
    names=names,
    about=about,
    scope=scope,
    rooted=True,
    open_channels=True,
    context=Context,
    believed=DAY_AND_AN_HOUR,
    decode=decode,
    alike=alike,
    commands=("switch", "brightness", "position", "target_temperature"),
    command=command,
    commandings=(
        Commanding(
            before=(("zigbee2mqtt/shop/plug", b'{"state":"OFF","power":0}'),),
            channel="switch",
            value=1,
            sends=(("zigbee2mqtt/shop/plug/set", b'{"state":"ON"}'),),
            report=("zigbee2mqtt/shop/plug", b'{"state":"ON","power":40}'),
        ),
        Commanding(
            before=(("zigbee2mqtt/twin", b'{"state_left":"ON","state_right":"ON"}'),),
            channel="switch_right",
            value=0,
            sends=(("zigbee2mqtt/twin/set", b'{"state_right":"OFF"}'),),
            report=("zigbee2mqtt/twin", b'{"state_left":"ON","state_right":"OFF"}'),
        ),
        Commanding(
            before=(("zigbee2mqtt/bridge/devices", VALVE), ("zigbee2mqtt/valve", b'{"occupied_heating_setpoint":19}')),
            channel="target_temperature",
            value=20.5,
            sends=(("zigbee2mqtt/valve/set", b'{"occupied_heating_setpoint":20.5}'),),
            report=("zigbee2mqtt/valve", b'{"occupied_heating_setpoint":20.5}'),
        ),
    ),
    channels=(
        Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
        Channel(name="local_temperature", unit=Unit.CELSIUS, low=-60, high=150),
        Channel(name="target_temperature", unit=Unit.CELSIUS, low=-20, high=100),
        Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="pressure", unit=Unit.HECTOPASCAL, low=300, high=1200),
        Channel(name="contact", unit=None, low=0, high=1),
        Channel(name="occupancy", unit=None, low=0, high=1),
        Channel(name="presence", unit=None, low=0, high=1),
        Channel(name="motion", unit=None, low=0, high=1),
        Channel(name="water_leak", unit=None, low=0, high=1),
        Channel(name="vibration", unit=None, low=0, high=1),
        Channel(name="smoke", unit=None, low=0, high=1),
        Channel(name="gas", unit=None, low=0, high=1),
        Channel(name="carbon_monoxide", unit=None, low=0, high=1),
        Channel(name="switch", unit=None, low=0, high=1),
        Channel(name="position", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="brightness", unit=None, low=0, high=255),
        Channel(name="power", unit=Unit.WATT, low=-100_000, high=100_000),
        Channel(name="energy", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="energy_returned", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="voltage", unit=Unit.VOLT, low=0, high=500),
        Channel(name="current", unit=Unit.AMPERE, low=-200, high=200),
        Channel(name="frequency", unit=Unit.HERTZ, low=0, high=500),
        Channel(name="factor", unit=None, low=-100, high=100),
        Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
        Channel(name="illuminance_lux", unit=Unit.LUX, low=0, high=200_000),
        Channel(name="co2", unit=Unit.PPM, low=0, high=40_000),
        Channel(name="pm25", unit=None, low=0, high=10_000),
        Channel(name="pm10", unit=None, low=0, high=10_000),
        Channel(name="voc", unit=None, low=0, high=100_000),
        Channel(name="formaldehyde", unit=None, low=0, high=100_000),
        Channel(name="moisture", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
        Channel(name="battery_voltage", unit=Unit.VOLT, low=0, high=15, health=True),
        Channel(name="battery_low", unit=None, low=0, high=1, health=True),
        Channel(name="tamper", unit=None, low=0, high=1, health=True),
        Channel(name="link_quality", unit=None, low=0, high=255, health=True),
        Channel(name="chip_temperature", unit=Unit.CELSIUS, low=-40, high=125, health=True),
    ),
    examples=(
        Example.gives(
            "zigbee2mqtt/my_sensor", '{"temperature":27.34,"humidity":44.72}', temperature=27.34, humidity=44.72
        ),
        Example.gives("zigbee2mqtt/my_motion", '{"occupancy":true}', occupancy=1),
        Example.gives(
            "zigbee2mqtt/shop/back door",
            '{"contact":true,"battery":97,"voltage":3005,"linkquality":116,"tamper":false,"battery_low":false,'
            '"device_temperature":24,"last_seen":"2026-01-08T06:12:00+01:00","update":{"state":"idle"}}',
            contact=1,
            battery=97,
            battery_voltage=3.005,
            link_quality=116,
            tamper=0,
            battery_low=0,
            chip_temperature=24,
        ),
        Example.gives(
            "zigbee2mqtt/plug",
            '{"state":"ON","power":12.5,"energy":3.21,"produced_energy":0,"voltage":231,"current":0.06,"ac_frequency":50,'
            '"power_factor":0.9,"brightness":254,"state_left":"OFF"}',
            switch=1,
            power=12.5,
            energy=3.21,
            energy_returned=0,
            voltage=231,
            current=0.06,
            frequency=50,
            factor=0.9,
            brightness=254,
            switch_left=0,
        ),
        Example.gives(
            "zigbee2mqtt/hall",
            '{"presence":true,"motion":true,"water_leak":false,"vibration":false,"smoke":false,"gas":false,"carbon_monoxide":false,'
            '"illuminance":120,"illuminance_lux":120,"co2":640,"pm10":9,"formaldehyd":3,"soil_moisture":41,"pressure":1003,'
            '"position":70,"local_temperature":20.5,"occupied_heating_setpoint":19}',
            presence=1,
            motion=1,
            water_leak=0,
            vibration=0,
            smoke=0,
            gas=0,
            carbon_monoxide=0,
            illuminance=120,
            illuminance_lux=120,
            co2=640,
            pm10=9,
            formaldehyde=3,
            moisture=41,
            pressure=1003,
            position=70,
            local_temperature=20.5,
            target_temperature=19,
        ),
        Example(
            topic="zigbee2mqtt/cellar/air",
            payload=b'{"temperature":68,"voltage":2900,"pm25":4,"voc":120,"valve_open":"CLOSE","action":""}',
            before=(("zigbee2mqtt/bridge/devices", DEVICES.encode()),),
            device="zigbee2mqtt:cellar/air",
            kind=Kind.READINGS,
            values={"temperature": 20, "battery_voltage": 2.9, "pm25": 4, "voc": 120, "valve_open": 0},
        ),
        Example(
            topic="maison/z2m/salon",
            payload=b'{"temperature":19.5}',
            before=(("maison/z2m/bridge/state", b'{"state":"online"}'),),
            device="zigbee2mqtt:maison/z2m/salon",
            kind=Kind.READINGS,
            values={"temperature": 19.5},
        ),
        Example(
            topic="zigbee2mqtt/my_plug/availability",
            payload=b"offline",
            device="zigbee2mqtt:my_plug",
            kind=Kind.AVAILABILITY,
            availability=Availability.OFFLINE,
        ),
        Example(
            topic="zigbee2mqtt/bridge/state",
            payload=b'{"state":"online"}',
            device="zigbee2mqtt:bridge",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example(topic="zigbee2mqtt/bridge/devices", payload=DEVICES.encode(), kind=Kind.DISCOVERY),
        Example(topic="zigbee2mqtt/my_plug/set", payload=b'{"state":"ON"}', kind=Kind.COMMAND),
        Example(topic="zigbee2mqtt/button", payload=b'{"action":"single"}', kind=Kind.HOUSEKEEPING),
        Example.refused("zigbee2mqtt/my_sensor", "21.5", because="a JSON object is due"),
        Example.refused("zigbee2mqtt/my_sensor", '{"temperature":"unavailable"}', because="no value"),
    ),
)
