"""Shelly of the first generation (1, 1PM, 2.5, Plug, EM, 3EM, H&T, Flood, Door/Window, Motion …): one value a topic."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from msgspec import Struct

from hub.driver import (
    Announced,
    Channel,
    Command,
    Commanding,
    Decoded,
    Driver,
    Event,
    Example,
    Order,
    Sample,
    Target,
    switched,
    whole,
)
from hub.drivers.shelly_gen2 import ask as ask_gen2
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message
from hub.payload import availability, boolean, is_absent, json_object, json_value, number, number_in, shown, word
from hub.units import Unit, conversion

ROOT = "shellies/"
EVERYBODY = "shelly:*"
"""Whom `shellies/command` speaks to."""
MANY = 64
"""Buttons of one device worth remembering."""
ON, OPEN = "on", "open"
WATT_MINUTES = "W·min"
"""What relays count energy in; meters of current clamps count Wh."""

METERED = {"power": ("power", "W"), "energy": ("energy", WATT_MINUTES)}
CLAMP = {
    "power": ("power", "W"),
    "reactive_power": ("reactive_power", "var"),
    "pf": ("factor", None),
    "current": ("current", "A"),
    "voltage": ("voltage", "V"),
    "total": ("energy", "Wh"),
    "total_returned": ("energy_returned", "Wh"),
}
SENSOR = {
    "temperature": ("temperature", "°C"),
    "humidity": ("humidity", "%"),
    "battery": ("battery", "%"),
    "lux": ("illuminance", "lx"),
    "concentration": ("gas_concentration", "ppm"),
    "tilt": ("tilt", "°"),
    "state": ("open", OPEN),
    "flood": ("flood", ON),
    "smoke": ("smoke", ON),
    "motion": ("motion", ON),
    "vibration": ("vibration", ON),
    "ext_power": ("external_power", ON),
    "charger": ("charging", ON),
    "error": ("sensor_error", None),
}
SINGLE: Mapping[str, tuple[str, str | None]] = {  # tail of the topic (# a number) → channel, unit on the wire
    **{f"{owner}/#": ("switch", ON) for owner in ("relay", "light", "color", "white")},
    **{
        f"{owner}/{below}": meaning
        for kind in ("relay", "light", "color", "white", "roller")
        for owner in (kind, f"{kind}/#")
        for below, meaning in METERED.items()
    },
    **{f"emeter/#/{below}": meaning for below, meaning in CLAMP.items()},
    "emeter/#/energy": ("energy_counter", WATT_MINUTES),
    "emeter/#/returned_energy": ("energy_returned_counter", WATT_MINUTES),
    "roller/#/pos": ("position", "%"),
    "input/#": ("input", ON),
    "voltage": ("voltage", "V"),
    "voltage/#": ("voltage", "V"),
    "adc/#": ("voltage", "V"),
    "temperature": ("chip_temperature", "°C"),
    "overtemperature": ("overtemperature", ON),
    "ext_temperature/#": ("temperature", "°C"),
    "ext_humidity/#": ("humidity", "%"),
    "ext_switch/#": ("external_switch", ON),
    **{f"sensor/{below}": meaning for below, meaning in SENSOR.items()},
}
WORDS = {
    "roller/#",
    "roller/#/stop_reason",
    "sensor/gas",
    "sensor/illumination",
    "sensor/self_test",
    "sensor/alarm_state",
}
"""Tails whose payload is a word: an event, never a number."""
DOCUMENTS = {"info", "status", "announce", "sensor/act_reasons", "input_event/#", "online"}
NO_MEASURE = {
    "temperature_f",
    "temperature_status",
    "ext_temperature_f/#",
    "ext_temperatures",
    "ext_temperatures_f",
    "ext_humidities",
    "relay/#/overpower_value",
    "longpush/#",
    "sensor/active",
    "sensor/timestamp",
    "settings",
    "mqtt",
}
"""What says nothing, says it a second time (°F beside °C), or says when."""
LAMP = {"light/#/status", "color/#/status", "white/#/status"}
COMMAND = re.compile(
    r"(?:(?:relay|roller|light|color|white|thermostat|thermostats|sensor)/.+/)?(?:command|set)|roller/\d+/command/pos"
)
TAILS = {*SINGLE, *WORDS, *DOCUMENTS, *NO_MEASURE, *LAMP}
DEEPEST = max(tail.count("/") for tail in TAILS) + 1


class Context(Struct, frozen=True):
    """What one device said before: input → how often it had been pressed, so that a repeat is no new event."""

    pressed: dict[str, int] = {}


class Address(Struct, frozen=True):
    """A topic taken apart from the right: id, tail with `#` for its number, that number."""

    name: str
    tail: str
    index: str = ""


@lru_cache(maxsize=32_768)
def address(topic: str) -> Address | None:
    """Take a topic apart from the right: an id may hold slashes, or begin with `shellies` again."""
    if not topic.startswith(ROOT):
        return None
    if topic in {"shellies/announce", "shellies/command"}:
        return Address("", topic.removeprefix(ROOT))
    levels = topic.removeprefix(ROOT).split("/")
    for depth in range(min(DEEPEST, len(levels) - 1), 0, -1):
        tail = levels[-depth:]
        known = "/".join("#" if _is_index(level) else level for level in tail)
        if known in TAILS:
            return Address("/".join(levels[:-depth]), known, next(filter(_is_index, tail), ""))
    for place in range(1, len(levels)):
        if COMMAND.fullmatch("/".join(levels[place:])):
            return Address("/".join(levels[:place]), "command")
    return None


def _is_index(level: str) -> bool:
    return len(level) <= 2 and level.isascii() and level.isdigit()  # noqa: PLR2004 — no Shelly has a hundred of anything


def claims(topic: str) -> bool:
    """Recognise the tails that a first-generation Shelly publishes below `shellies/`."""
    return address.__wrapped__(topic) is not None


def scope(topic: str) -> str:
    """Return the id: each device remembers its own buttons."""
    found = address(topic)
    return found.name if found else ""


def names(topic: str) -> str | None:
    """Return the uid that a topic alone tells."""
    found = address(topic)
    return f"shelly:{found.name}" if found and found.name.strip("/") else None


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode what a device, or somebody commanding it, said."""
    topic, payload = message.topic, message.payload
    found = address(topic)
    if found is None:
        msg = f"{shown(topic)} is no topic of a Shelly"
        raise PayloadError(msg)
    if found.tail == "command" and not found.name:
        return Decoded(Kind.COMMAND, EVERYBODY, speaks_for_others=True), context
    if found.tail == "announce":
        return _announced(found.name, json_object(payload)), context
    if not found.name.strip("/"):
        msg = "the topic names no device"
        raise PayloadError(msg)
    device = f"shelly:{found.name}"
    if found.tail == "command":
        return Decoded(Kind.COMMAND, device), context
    if found.tail == "online":  # a Gen2 whose prefix begins with `shellies/` says it on the same topic, same uid
        said = availability(word(payload))
        return Decoded(Kind.AVAILABILITY, device, availability=said), context
    if found.tail in {"info", "status"}:
        return _whole(device, json_object(payload), context)
    return _part(device, found, payload, context)


def _part(device: str, found: Address, payload: bytes, context: Context) -> tuple[Decoded, Context]:
    """Decode a topic that carries one thing."""
    tail = found.tail
    if tail in SINGLE:
        return _single(device, found, word(payload)), context
    reader = Reader(context)
    if tail in LAMP:
        reader.fields(f"{tail}.", json_object(payload), OF_LAMP, found.index)
        return reader.decoded(device)
    if tail == "input_event/#":
        reader.pressed(found.index, json_object(payload))
    elif tail == "sensor/act_reasons":
        reader.reasons(json_value(payload))
    elif tail in WORDS:
        reader.events.append(Event(tail.removesuffix("/#").rpartition("/")[2], word(payload)))
    return Decoded(Kind.HOUSEKEEPING, device, events=tuple(reader.events)), reader.context


def _single(device: str, found: Address, text: str) -> Decoded:
    channel, unit = SINGLE[found.tail]
    if channel == "switch" and text.lower() == "overpower":  # switched off by itself: what happened, no level
        return Decoded(Kind.HOUSEKEEPING, device, events=(Event(_numbered("switch", found.index), "overpower"),))
    value = _taken(text, unit)
    if channel == "position" and value < 0:
        msg = "no value: the roller is not calibrated (-1)"
        raise PayloadError(msg)
    sample = Sample(_numbered(channel, found.index), value)
    return Decoded(Kind.READINGS, device, (sample,), unsaid=found.tail == "sensor/temperature")


def _numbered(channel: str, index: str) -> str:
    """Return the channel of the first of its kind plain, of others with their number."""
    number_of = index.lstrip("0")
    return f"{channel}_{number_of}" if number_of else channel


def _taken(value: object, unit: str | None) -> float:
    """Return a value in the hub's unit."""
    if unit == ON:
        return boolean(value)
    if unit == OPEN:
        return _open(value)
    taken = number_in(value) if isinstance(value, str) else number(value)
    known = conversion(unit) if unit is not None else None
    return taken if known is None else known.apply(taken)


def _open(value: object) -> float:
    """Return 1 for a door or window that is open, 0 for a closed one."""
    said = (
        {"open": 1.0, "opened": 1.0, "close": 0.0, "closed": 0.0}.get(value.lower()) if isinstance(value, str) else None
    )
    if said is None:
        msg = f"no value ({shown(value)})" if is_absent(value) else f"{shown(value)} is neither open nor closed"
        raise PayloadError(msg)
    return said


def _announced(name: str, root: dict[str, Any]) -> Decoded:
    """Decode who is there; the body names the device where the topic does not."""
    own, mac = root.get("id"), root.get("mac")
    own = own if isinstance(own, str) and own.strip("/") else ""
    if not name.strip("/"):
        name = own
    if not name:
        msg = "an announcement without id"
        raise PayloadError(msg)
    aliases, uid = (f"shelly:{own}",) if own and own != name else (), f"shelly:{name}"
    version = root.get("fw_ver")
    announces = (Announced(uid, firmware=version),) if isinstance(version, str) and version else ()
    return Decoded(Kind.DISCOVERY, uid, aliases=(*aliases, *_mac(mac)), announces=announces)


def _mac(mac: object) -> tuple[str, ...]:
    return (f"mac:{mac.replace(':', '').lower()}",) if isinstance(mac, str) and mac else ()


Fields = Mapping[str, tuple[str, str | None]]
OF_LAMP: Fields = {"ison": ("switch", ON), "brightness": ("dimmer", "%"), "power": ("power", "W")}
LISTS: tuple[tuple[str, Fields], ...] = (
    ("relays", {"ison": ("switch", ON)}),
    ("emeters", CLAMP),
    ("meters", {"power": ("power", "W"), "total": ("energy", WATT_MINUTES)}),
    ("inputs", {"input": ("input", ON)}),
    ("lights", OF_LAMP),
    ("rollers", {"current_pos": ("position", "%")}),
    ("adcs", {"voltage": ("voltage", "V")}),
)
"""Lists of `info`; where two give one channel (a clamp's power, a meter's) the first wins."""
PROBES: tuple[tuple[str, Fields], ...] = (
    ("ext_temperature", {"tC": ("temperature", "°C")}),
    ("ext_humidity", {"hum": ("humidity", "%")}),
    ("ext_switch", {"input": ("external_switch", ON)}),
)
OBJECTS: Mapping[str, Fields] = {
    "wifi_sta": {"rssi": ("signal", "dBm")},
    "hum": {"value": ("humidity", "%")},
    "bat": {"value": ("battery", "%"), "voltage": ("battery_voltage", "V")},
    "lux": {"value": ("illuminance", "lx")},
    "sensor": {"state": ("open", OPEN), "motion": ("motion", ON), "vibration": ("vibration", ON)},
    "concentration": {"ppm": ("gas_concentration", "ppm")},
}
ROOTS: Fields = {
    "temperature": ("chip_temperature", "°C"),
    "overtemperature": ("overtemperature", ON),
    "voltage": ("voltage", "V"),
    "uptime": ("uptime", "s"),
    "flood": ("flood", ON),
    "smoke": ("smoke", ON),
    "motion": ("motion", ON),
    "vibration": ("vibration", ON),
    "lux": ("illuminance", "lx"),
    "bat": ("battery", "%"),
    "charger": ("charging", ON),
    "sensor_error": ("sensor_error", None),
}
HOT = {"temperature", "overtemperature", "relays", "rollers", "lights"}
"""A device that switches measures its own chip with `tmp`; a battery sensor measures the room."""
INVALID = "the device says that it is not valid (is_valid false)"


class Reader:
    """Takes one document apart: samples, events, refusals, and what to remember."""

    __slots__ = ("context", "events", "rejected", "samples")

    def __init__(self, context: Context) -> None:
        """Start with what the device said before."""
        self.context = context
        self.samples: dict[str, Sample] = {}
        self.events: list[Event] = []
        self.rejected: dict[str, str] = {}

    def fields(self, where: str, body: dict[str, Any], fields: Fields, index: str = "") -> None:
        """Read the fields of one object that are there; one that the device marks invalid gives none."""
        valid = body.get("is_valid", True) is not False
        for key, (channel, unit) in fields.items():
            if key not in body:
                continue
            if valid:
                self.give(f"{where}{key}", body[key], _numbered(channel, index), unit)
            else:
                self.rejected[f"{where}{key}"] = INVALID

    def give(self, field: str, value: object, channel: str, unit: str | None) -> None:
        """Read one value."""
        try:
            sample = Sample(channel, _taken(value, unit))
            if channel.startswith("position") and sample.value < 0:
                msg = "no value: the roller is not calibrated (-1)"
                raise PayloadError(msg)  # noqa: TRY301 — one place lists what is refused
        except PayloadError as error:
            self.rejected[field] = str(error)
            return
        self.samples.setdefault(channel, sample)

    def whole(self, root: dict[str, Any]) -> None:
        """Read a status document."""
        for name, fields in (*LISTS, *PROBES):
            self._each(name, root, partial(self._numbered_fields, fields))
        self._each("inputs", root, self._button)
        self._each("thermostats", root, self._valve)
        for name, fields in OBJECTS.items():
            if isinstance(root.get(name), dict):
                self.fields(f"{name}.", root[name], fields)
        if isinstance(root.get("tmp"), dict):
            self._temperature("tmp", root["tmp"], "temperature" if HOT.isdisjoint(root) else "chip_temperature")
        for name, (channel, unit) in ROOTS.items():
            if name in root and not isinstance(root[name], dict):
                self.give(name, root[name], channel, unit)
        if "act_reasons" in root:
            self.reasons(root["act_reasons"])

    def _each(self, name: str, root: dict[str, Any], read: Callable[[str, str, dict[str, Any]], None]) -> None:
        """Read every object of a list, or of an object whose keys are numbers (an empty one: no sensor)."""
        value = root.get(name, ())
        if isinstance(value, list):
            value = dict(enumerate(value[:MANY]))
        if not isinstance(value, dict):
            if value != ():
                self.rejected[name] = f"a list is due here, not {shown(value)}"
            return
        for key, each in list(value.items())[:MANY]:
            if isinstance(each, dict) and _is_index(str(key)):
                read(f"{name}[{key}].", str(key), each)
            elif isinstance(each, dict):
                self.rejected[f"{name}[{shown(key)}]"] = "a number is due as its key"
            else:
                self.rejected[f"{name}[{shown(key)}]"] = f"an object is due here, not {shown(each)}"

    def _numbered_fields(self, fields: Fields, where: str, index: str, body: dict[str, Any]) -> None:
        self.fields(where, body, fields, index)

    def _button(self, _where: str, index: str, body: dict[str, Any]) -> None:
        self.pressed(index, body)

    def _valve(self, where: str, index: str, body: dict[str, Any]) -> None:
        self.fields(where, body, {"pos": ("position", "%")}, index)
        for key, channel in (("tmp", "temperature"), ("target_t", "target_temperature")):
            if isinstance(body.get(key), dict):
                self._temperature(f"{where}{key}", body[key], _numbered(channel, index))

    def _temperature(self, where: str, body: dict[str, Any], channel: str) -> None:
        """Read a temperature in the unit its object states; `tC` and `tF` are one measure."""
        if body.get("is_valid", True) is False:
            self.rejected[where] = INVALID
        elif "tC" in body:
            self.give(f"{where}.tC", body["tC"], channel, "°C")
        elif "value" in body:
            unit = {"C": "°C", "F": "°F"}.get(str(body.get("units", "C")))
            if unit is None:
                self.rejected[where] = f"{shown(body['units'])} is not a known unit of temperature"
            else:
                self.give(f"{where}.value", body["value"], channel, unit)

    def pressed(self, index: str, body: dict[str, Any]) -> None:
        """Read a button: an empty event is none, the same count again is the same press."""
        event, count = body.get("event"), body.get("event_cnt")
        if not isinstance(event, str) or is_absent(event):
            return
        if type(count) is int and 0 <= count < 1 << 62:
            if self.context.pressed.get(index) == count:
                return
            if index in self.context.pressed or len(self.context.pressed) < MANY:
                self.context = Context(self.context.pressed | {index: count})
        self.events.append(Event(_numbered("input", index), event))

    def reasons(self, value: object) -> None:
        """Read why a sleeping sensor woke up."""
        if not isinstance(value, list):
            msg = f"a list of reasons is due here, not {shown(value)}"
            raise PayloadError(msg)
        self.events += [Event("woken_by", each) for each in value[:MANY] if isinstance(each, str) and each]

    def decoded(self, device: str, aliases: tuple[str, ...] = ()) -> tuple[Decoded, Context]:
        """Return what the document means; one whose every field is bad is refused."""
        if not self.samples and self.rejected and not self.events:
            raise PayloadError("no value in it; " + "; ".join(f"{k}: {v}" for k, v in list(self.rejected.items())[:8]))
        kind = Kind.READINGS if self.samples else Kind.HOUSEKEEPING
        found = tuple(self.samples.values())
        return Decoded(kind, device, found, tuple(self.events), aliases=aliases, rejected=self.rejected), self.context


def _whole(device: str, root: dict[str, Any], context: Context) -> tuple[Decoded, Context]:
    reader = Reader(context)
    try:
        reader.whole(root)
    except PayloadError as error:  # act_reasons of another shape spoils nothing else
        reader.rejected["act_reasons"] = str(error)
    return reader.decoded(device, _mac(root.get("mac")))


def ask(device: str, topic: str) -> list[tuple[str, bytes]]:
    """Ask for the announcement and every value; `online` alone does not tell the generations apart."""
    found = address(topic)
    name = (found.name if found else "") or device.partition(":")[2]
    both = ask_gen2(device, topic) if found is not None and found.tail == "online" else []
    return [(f"{ROOT}{name}/command", word) for word in (b"announce", b"update")] + both


ANNOUNCED = (
    '{"id":"shelly1","model":"SHSW-1","mac":"8CAAB54B98DF","ip":"192.168.8.93","new_fw":false,'
    '"fw_ver":"20220809-123240/v1.12-g99f7e0b"}'
)
CLAMPED = "shellies/shellyem3-A1B2C3/emeter"

SETTABLE = re.compile(r"(switch|position)(?:_(\d+))?")


def command(target: Target, wanted: Command) -> Order:
    """Set a relay or a shutter; the value that the device then publishes on its own topic proves it."""
    found, match = address(target.topic), SETTABLE.fullmatch(wanted.channel)
    if found is None or not found.name or match is None:
        msg = f"{wanted.channel}: nobody knows how this Shelly would be told"
        raise PayloadError(msg)
    if any(each.startswith("dimmer") for each in target.channels):
        msg = f"{wanted.channel}: a lamp of the first generation has several topics, and does not say which is its own"
        raise PayloadError(msg)
    owner, moves = f"{ROOT}{found.name}", match[1] == "position"
    if moves:
        topic, payload = f"{owner}/roller/{match[2] or 0}/command/pos", str(whole(wanted, 0, 100)).encode()
    else:
        topic, payload = f"{owner}/relay/{match[2] or 0}/command", b"on" if switched(wanted) else b"off"
    return Order(
        messages=((topic, payload),),
        channel=wanted.channel,
        value=wanted.value,
        tolerance=2.0 if moves else 0.0,
        within=60.0 if moves else 10.0,  # a shutter takes its time
    )


DRIVER = Driver(
    model="shelly-gen1",
    family="shelly",
    title="Shelly 1, 2.5, Plug, EM, H&T … (first generation)",
    source="https://shelly-api-docs.shelly.cloud/gen1; wire_formats.md §2",
    topics=("shellies/#",),
    claims=claims,
    names=names,
    scope=scope,
    context=Context,
    decode=decode,
    ask=ask,
    commands=("switch", "position"),
    command=command,
    commandings=(
        Commanding(
            before=(("shellies/shelly1pm-B1E31F/relay/0", b"off"),),
            channel="switch",
            value=1,
            sends=(("shellies/shelly1pm-B1E31F/relay/0/command", b"on"),),
            report=("shellies/shelly1pm-B1E31F/relay/0", b"on"),
        ),
        Commanding(
            before=(("shellies/shellyswitch25-B1E31F/relay/1", b"on"),),
            channel="switch_1",
            value=0,
            sends=(("shellies/shellyswitch25-B1E31F/relay/1/command", b"off"),),
            report=("shellies/shellyswitch25-B1E31F/relay/1", b"off"),
        ),
        Commanding(
            before=(("shellies/shellyswitch25-B1E31F/roller/0/pos", b"100"),),
            channel="position",
            value=40,
            sends=(("shellies/shellyswitch25-B1E31F/roller/0/command/pos", b"40"),),
            report=("shellies/shellyswitch25-B1E31F/roller/0/pos", b"41"),
        ),
    ),
    channels=(
        Channel(name="switch", unit=None, low=0, high=1),
        Channel(name="power", unit=Unit.WATT, low=-100_000, high=100_000),
        Channel(name="reactive_power", unit=Unit.VAR, low=-100_000, high=100_000),
        Channel(name="voltage", unit=Unit.VOLT, low=0, high=500),
        Channel(name="current", unit=Unit.AMPERE, low=-200, high=200),
        Channel(name="factor", unit=None, low=-1, high=1),
        Channel(name="energy", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="energy_returned", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="energy_counter", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="energy_returned_counter", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
        Channel(name="target_temperature", unit=Unit.CELSIUS, low=-20, high=100),
        Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
        Channel(name="gas_concentration", unit=Unit.PPM, low=0, high=1e6),
        Channel(name="open", unit=None, low=0, high=1),
        Channel(name="flood", unit=None, low=0, high=1),
        Channel(name="smoke", unit=None, low=0, high=1),
        Channel(name="motion", unit=None, low=0, high=1),
        Channel(name="vibration", unit=None, low=0, high=1),
        Channel(name="tilt", unit=Unit.DEGREE, low=0, high=180),
        Channel(name="input", unit=None, low=0, high=1),
        Channel(name="external_switch", unit=None, low=0, high=1),
        Channel(name="position", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="dimmer", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
        Channel(name="battery_voltage", unit=Unit.VOLT, low=0, high=15, health=True),
        Channel(name="external_power", unit=None, low=0, high=1, health=True),
        Channel(name="charging", unit=None, low=0, high=1, health=True),
        Channel(name="sensor_error", unit=None, low=0, high=255, health=True),
        Channel(name="chip_temperature", unit=Unit.CELSIUS, low=-40, high=125, health=True),
        Channel(name="overtemperature", unit=None, low=0, high=1, health=True),
        Channel(name="signal", unit=Unit.DECIBEL_MILLIWATT, low=-130, high=10, health=True),
        Channel(name="uptime", unit=Unit.SECOND, low=0, high=1e10, health=True),
    ),
    examples=(
        Example.gives("shellies/shelly1/relay/0", "off", switch=0),
        Example.gives("shellies/shelly1/input/0", "0", input=0),
        Example.gives("shellies/plug/relay/0/energy", "120000", energy=2),
        Example.gives(f"{CLAMPED}/0/power", "-12.5", power=-12.5),
        Example.gives(f"{CLAMPED}/1/pf", "0.00", factor_1=0),
        Example.gives(f"{CLAMPED}/0/total", "1234.5", energy=1.2345),
        Example.gives(f"{CLAMPED}/0/total_returned", "0.0", energy_returned=0),
        Example.gives(f"{CLAMPED}/0/energy", "60000", energy_counter=1),
        Example.gives(f"{CLAMPED}/2/returned_energy", "60000", energy_returned_counter_2=1),
        Example.gives("shellies/shellyht-A1B2C3/sensor/humidity", "54.5", humidity=54.5),
        Example.gives("shellies/shellies/attic/sensor/ext_power", "true", external_power=1),
        *(
            Example.gives(f"shellies/shellymotion-1/sensor/{what}", payload, **{channel: value})
            for what, payload, channel, value in (
                ("temperature", "21.4", "temperature", 21.4),
                ("concentration", "5", "gas_concentration", 5),
                ("smoke", "false", "smoke", 0),
                ("state", "close", "open", 0),
                ("tilt", "12", "tilt", 12),
                ("error", "0", "sensor_error", 0),
            )
        ),
        Example.gives("shellies/roller/roller/0/pos", "70", position=70),
        Example.gives("shellies/uni/ext_switch/0", "1", external_switch=1),
        Example.gives("shellies/dimmer/light/0/status", '{"ison":true,"brightness":55}', switch=1, dimmer=55),
        Example.gives(
            "shellies/shellyem-B9E2D0/info",
            '{"wifi_sta":{"connected":true,"ssid":"x","ip":"192.0.2.5","rssi":-64},"unixtime":0,"mac":"8CAAB54B98DF",'
            '"relays":[{"ison":false,"is_valid":true}],"meters":[{"power":0,"is_valid":false}],"emeters":[{"power":-340.5,'
            '"reactive":0,"pf":-0.98,"current":1.5,"voltage":231.1,"is_valid":true,"total":1000,"total_returned":250}],'
            '"inputs":[{"input":1,"event":"","event_cnt":0}],"temperature":48.5,"overtemperature":false,'
            '"tmp":{"tC":48.5,"tF":119.3,"is_valid":true},"ext_temperature":{},"ext_humidity":{},"uptime":5021}',
            signal=-64,
            switch=0,
            power=-340.5,
            factor=-0.98,
            current=1.5,
            voltage=231.1,
            energy=1,
            energy_returned=0.25,
            input=1,
            chip_temperature=48.5,
            overtemperature=0,
            uptime=5021,
        ),
        Example.gives(
            "shellies/shellydw2-73BF94/info",
            '{"mac":"E8DB8473BF94","lux":{"value":110,"illumination":"twilight","is_valid":true},"sensor":{"state":"open",'
            '"is_valid":true},"tmp":{"value":69.8,"units":"F","is_valid":true},"bat":{"value":88,"voltage":5.9},'
            '"flood":false,"charger":true,"motion":false,"vibration":true,"act_reasons":["sensor"]}',
            illuminance=110,
            open=1,
            temperature=21,
            battery=88,
            battery_voltage=5.9,
            flood=0,
            charging=1,
            motion=0,
            vibration=1,
        ),
        Example.gives(
            "shellies/trv/info",
            '{"thermostats":[{"pos":30,"target_t":{"enabled":true,"value":19.5,"units":"C"},"tmp":{"value":18.2,'
            '"units":"C","is_valid":true}}]}',
            position=30,
            target_temperature=19.5,
            temperature=18.2,
        ),
        Example.gives(f"{CLAMPED}/0/reactive_power", "-3.2", reactive_power=-3.2),
        Example(
            topic="shellies/shelly1/online",
            payload=b"true",
            device="shelly:shelly1",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example(topic="shellies/announce", payload=ANNOUNCED.encode(), device="shelly:shelly1", kind=Kind.DISCOVERY),
        Example(
            topic="shellies/shelly1/input_event/0",
            payload=b'{"event":"","event_cnt":0}',
            device="shelly:shelly1",
            kind=Kind.HOUSEKEEPING,
        ),
        Example(
            topic="shellies/shelly1/relay/0/command", payload=b"toggle", device="shelly:shelly1", kind=Kind.COMMAND
        ),
        Example(topic="shellies/command", payload=b"announce", device=EVERYBODY, kind=Kind.COMMAND),
        Example.refused("shellies/shelly1/relay/0", "maybe", because="neither on nor off"),
        Example.refused("shellies/shellyht-A1B2C3/sensor/temperature", "21,5", because="decimal comma"),
        Example.refused("shellies/roller/roller/0/pos", "-1", because="not calibrated"),
        Example.refused("shellies/x/info", '{"meters":[{"power":3,"is_valid":false}]}', because="is_valid false"),
    ),
)
