"""Shelly Gen2 and later (Plus, Pro, Gen3, Gen4): notifications, component status, answers to RPC."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
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
    Order,
    Sample,
    Target,
    switched,
    whole,
)
from hub.errors import PayloadError
from hub.model import NS, Availability, Kind, Message
from hub.payload import availability, boolean, epoch_seconds, json_object, live, number, shown, slug, word
from hub.units import Unit, conversion

ASKED = "matinales-ask/"
"""Our own `src`: a device answers on `<src>/rpc`; the rest of the topic is the prefix it was asked on."""
HOUR = 3600 * NS
SAME_WORD = 10 * NS
"""A notification that follows a `status/…` within this and says the same is the same measure."""
COMPONENT = re.compile(r"([a-z][a-z0-9_]*)(?::(\d+))?")
MAC = re.compile(r"[^-]+(?:-[^-]+)*-([0-9a-fA-F]{12})")
WITHOUT_INDEX = {
    "sys",
    "wifi",
    "cloud",
    "mqtt",
    "eth",
    "ble",
    "ws",
    "ui",
    "knx",
    "matter",
    "bthome",
    "modbus",
    "script",
}

OF_OTHERS = {"bthomedevice", "bthomesensor"}
"""Bluetooth devices heard by the Shelly: a status repeats their last word, and says when it was heard."""

METERED = {  # of switch, light, cover, pm1 …; path below the component → channel, unit on the wire
    "apower": ("power", "W"),
    "voltage": ("voltage", "V"),
    "current": ("current", "A"),
    "freq": ("frequency", "Hz"),
    "pf": ("factor", None),
    "aenergy.total": ("energy", "Wh"),
    "ret_aenergy.total": ("energy_returned", "Wh"),
    "temperature.tC": ("chip_temperature", "°C"),
}
LIGHT = {"output": ("switch", "on"), "brightness": ("dimmer", "%"), **METERED}
PHASE = {
    "voltage": ("voltage", "V"),
    "current": ("current", "A"),
    "act_power": ("power", "W"),
    "aprt_power": ("apparent_power", "VA"),
    "pf": ("factor", None),
    "freq": ("frequency", "Hz"),
}
COMPONENTS: Mapping[str, Mapping[str, tuple[str, str | None]]] = {
    "switch": {"output": ("switch", "on"), **METERED},
    "light": LIGHT,
    "rgb": LIGHT,
    "rgbw": LIGHT,
    "cct": LIGHT,
    "cover": {"current_pos": ("position", "%"), **METERED},
    "pm1": METERED,
    "input": {"state": ("input", "on"), "percent": ("input_level", "%"), "counts.total": ("counter", None)},
    "temperature": {"tC": ("temperature", "°C")},
    "humidity": {"rh": ("humidity", "%")},
    "illuminance": {"lux": ("illuminance", "lx")},
    "voltmeter": {"voltage": ("voltage", "V")},
    "em": {
        **{f"{p}_{key}": (f"{name}_{p}", unit) for p in "abc" for key, (name, unit) in PHASE.items()},
        "n_current": ("current_n", "A"),
        "total_current": ("current", "A"),
        "total_act_power": ("power", "W"),
        "total_aprt_power": ("apparent_power", "VA"),
    },
    "emdata": {
        **{f"{p}_total_act_energy": (f"energy_{p}", "Wh") for p in "abc"},
        **{f"{p}_total_act_ret_energy": (f"energy_returned_{p}", "Wh") for p in "abc"},
        "total_act": ("energy", "Wh"),
        "total_act_ret": ("energy_returned", "Wh"),
    },
    "em1": PHASE,
    "em1data": {"total_act_energy": ("energy", "Wh"), "total_act_ret_energy": ("energy_returned", "Wh")},
    "devicepower": {
        "battery.V": ("battery_voltage", "V"),
        "battery.percent": ("battery", "%"),
        "external.present": ("external_power", "on"),
    },
    "flood": {"alarm": ("flood", "on")},
    "smoke": {"alarm": ("smoke", "on")},
    "bthomedevice": {"battery": ("battery", "%"), "rssi": ("signal", "dBm")},
    "bthomesensor": {"value": ("bthome", "any")},
    "thermostat": {
        "current_C": ("temperature", "°C"),
        "target_C": ("target_temperature", "°C"),
        "current_humidity": ("humidity", "%"),
        "output": ("heating", "on"),
    },
    "sys": {"uptime": ("uptime", "s")},
    "wifi": {"rssi": ("signal", "dBm")},
}


MISSING: Any = object()
LONGEST_KEY = 40
"""Characters; no component has a longer name, and what is remembered of foreign keys stays small."""


class Field(NamedTuple):
    """Where a value of a component stands, and how it is read.

    Attributes:
        key: of the component's object.
        below: key in the object found there; None: the value itself stands there.
        channel: with its suffix.
        read: raises PayloadError for what is none.
    """

    key: str
    below: str | None
    channel: str
    read: Callable[[object], float]


class Part(Struct, frozen=True):
    """A component as a key of a status names it, `switch:1`: its kind, and what it may hold."""

    kind: str
    fields: tuple[Field, ...]


def part(key: str) -> Part | None:
    """Return what a key names; the first of a kind has the plain channel names. None: no component."""
    return _part(key) if len(key) <= LONGEST_KEY else None


@lru_cache(maxsize=4096)
def _part(key: str) -> Part | None:
    match = COMPONENT.fullmatch(key)
    if match is None:
        return None
    index = (match[2] or "0").lstrip("0")
    fields = []
    for path, (name, unit) in COMPONENTS.get(match[1], {}).items():
        outer, _, below = path.partition(".")
        fields.append(Field(outer, below or None, f"{name}_{index}" if index else name, _reader(unit)))
    return Part(match[1], tuple(fields))


def _reader(unit: str | None) -> Callable[[object], float]:
    """Return what reads a value sent in a unit; `on`: a flag; `any`: a flag or a number."""
    if unit in {"on", "any"}:
        return boolean if unit == "on" else _flag_or_number
    known = conversion(unit) if unit is not None else None
    if known is None or known.apply(1.5) == 1.5:  # noqa: PLR2004 — any value that a factor or an offset changes
        return number
    apply = known.apply
    return lambda value: apply(value if type(value) is float else number(value))


def _flag_or_number(value: object) -> float:
    return boolean(value) if isinstance(value, bool) else number(value)


class Context(Struct, frozen=True):
    """What was heard below one topic prefix.

    Attributes:
        src: the device's own id, once a message gave it.
        notified: channel → hour of arrival of its last notification: its `status/…` says the same again.
        told: channel → value of a `status/…` that came before any notification, and its arrival [ns].
    """

    src: str = ""
    notified: dict[str, int] = {}
    told: dict[str, tuple[float, int]] = {}


class Address(Struct, frozen=True):
    """A topic taken apart from the right."""

    prefix: str
    what: str
    component: str = ""


@lru_cache(maxsize=32_768)
def address(topic: str) -> Address | None:
    """Take a topic apart from the right, because a prefix may hold slashes."""
    head, _, last = topic.rpartition("/")
    if last == "online" and "/" in topic:
        return Address(head, "online")
    if last == "rpc":
        if head == "events" or head.endswith("/events"):
            return Address(head.removesuffix("events").removesuffix("/"), "events")
        if "/" in topic:
            return Address(head.removeprefix(ASKED), "answer" if head.startswith(ASKED) else "rpc")
    before, _, kind = head.rpartition("/")
    match = COMPONENT.fullmatch(last)
    if match and (match[1] in COMPONENTS or match[1] in WITHOUT_INDEX) and (match[2] or match[1] in WITHOUT_INDEX):
        if kind == "status" and "/" in head:
            return Address(before, "status", last)
        if kind == "command" and "/" in head:
            return Address(before, "command", last)
    return None


def claims(topic: str) -> bool:
    """Recognise `…/events/rpc`, `…/status/<component>`, `…/online`, `…/rpc` and `…/command/<component>`."""
    return address.__wrapped__(topic) is not None


def loose(topic: str) -> bool:
    """Tell `…/online`, which others publish too, from topics that no other family has."""
    return topic.endswith("/online")


def adopts(prefix: str, context: Context) -> tuple[str, ...]:
    """Return the availability topic of a prefix once a Gen2 device spoke below it."""
    return (f"{prefix}/online",) if context.src or context.notified else ()


def names(topic: str) -> str | None:
    """Return the uid that a topic alone tells."""
    found = address(topic)
    return (
        f"shelly:{_named(found.prefix)}"
        if found and found.prefix.strip("/") and found.what in {"status", "events"}
        else None
    )


def scope(topic: str) -> str:
    """Return the topic prefix."""
    found = address(topic)
    return found.prefix if found else ""


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode what a device, or somebody commanding it, said."""
    found = address(message.topic)
    if found is None:
        msg = f"{shown(message.topic)} is no topic of a Shelly"
        raise PayloadError(msg)
    if found.what in {"events", "answer", "rpc"}:
        return _rpc(message, found, context)
    device = f"shelly:{_named(context.src or found.prefix)}"
    if found.what == "online":
        return Decoded(Kind.AVAILABILITY, device, availability=availability(word(message.payload))), context
    if found.what == "command":
        return Decoded(Kind.COMMAND, device), context
    body = json_object(message.payload)
    reader = Reader(None)
    reader.component(found.component, body)
    hour = message.received // HOUR
    news = tuple(s for s in reader.samples if hour - context.notified.get(s.channel, hour - 9) > 1)
    if reader.samples and not news:  # the same again, already heard as a notification
        return Decoded(Kind.HOUSEKEEPING, device, rejected=reader.rejected), context
    told = {sample.channel: (sample.value, message.received) for sample in news}
    if told and any(context.told.get(channel) != each for channel, each in told.items()):
        context = structs.replace(context, told=context.told | told)
    return reader.decoded(device, news), context


def _named(name: str) -> str:
    """Return the name that a prefix gives; one below `shellies/` is a first-generation device's id (its `online`)."""
    if not name.strip("/"):
        msg = "the topic names no device"
        raise PayloadError(msg)
    return name.removeprefix("shellies/") or name


def _rpc(message: Message, found: Address, context: Context) -> tuple[Decoded, Context]:
    """Decode one RPC frame: a notification, a request passing by, or an answer."""
    frame = json_object(message.payload)
    method, src = frame.get("method"), frame.get("src")
    if found.what == "rpc" and method is not None:
        return Decoded(Kind.COMMAND, f"shelly:{_named(context.src or found.prefix)}"), context
    sender, no_names = src if isinstance(src, str) and src else "", tuple[str, ...]()
    if found.what == "rpc" or not found.prefix:  # an answer to somebody else: the topic is not the device's
        device, names, after = f"shelly:{_named(sender)}", no_names, context
    else:
        device, names, after = _identity(sender, found.prefix, context)
    if found.what == "events":
        return _notified(message, frame, device, names, after)
    result = frame.get("result")
    if not isinstance(result, dict) or not any(_is_component(key) for key in result):
        if not isinstance(result, dict | list) and "result" not in frame and "error" not in frame:
            msg = "an answer without result or error"
            raise PayloadError(msg)
        return Decoded(Kind.HOUSEKEEPING, device, aliases=names, announces=_about(device, result)), after
    own = result.get("sys")
    reader = Reader(own.get("unixtime") if isinstance(own, dict) else None)
    reader.components(result)
    return reader.decoded(device, tuple(reader.samples), names), after


def _about(device: str, result: object) -> tuple[Announced, ...]:
    """Return what an answer to `Shelly.GetDeviceInfo` says of the device: the name its user gave it, its firmware."""
    info = result if isinstance(result, dict) and "fw_id" in result else {}
    name, version = (each if isinstance(each, str) and each else None for each in (info.get("name"), info.get("ver")))
    return (Announced(device, name=name, firmware=version),) if name or version else ()


def _is_component(key: str) -> bool:
    found = part(key)
    return found is not None and found.kind in COMPONENTS


def _identity(sender: str, prefix: str, context: Context) -> tuple[str, tuple[str, ...], Context]:
    """Return the device, its other names where they are news, and the context that knows whose prefix this is."""
    if not sender or sender == context.src:
        return f"shelly:{_named(context.src or prefix)}", (), context
    mac = MAC.fullmatch(sender)
    aliases = (f"mac:{mac[1].lower()}",) if mac else ()
    if prefix != sender and not context.src:  # another device on a used prefix is not the one before
        aliases = (f"shelly:{_named(prefix)}", *aliases)
    return f"shelly:{sender}", aliases, Context(src=sender, told=context.told if not context.src else {})


def _notified(
    message: Message, frame: dict[str, Any], device: str, aliases: tuple[str, ...], context: Context
) -> tuple[Decoded, Context]:
    """Decode NotifyStatus (partial: only what is there), NotifyFullStatus, NotifyEvent."""
    method, params = frame.get("method"), frame.get("params")
    if not isinstance(method, str):
        msg = "a notification without method"
        raise PayloadError(msg)
    if not isinstance(params, dict):
        msg = f"params: an object is due here, not {shown(params)}"
        raise PayloadError(msg)
    reader = Reader(params.get("ts"))
    if method == "NotifyEvent":
        reader.happened(params.get("events"))
        return reader.decoded(device, (), aliases), context
    if not method.startswith("Notify"):
        return Decoded(Kind.HOUSEKEEPING, device, aliases=aliases), context
    reader.components(params)
    hour = message.received // HOUR
    fresh = {s.channel: hour for s in reader.samples if context.notified.get(s.channel) != hour}
    told = context.told
    news = tuple(reader.samples)
    if told:
        news = tuple(each for each in news if not _is_told(each, told.get(each.channel), message.received))
    if fresh:
        left = {channel: each for channel, each in told.items() if channel not in fresh}
        context = structs.replace(context, notified=context.notified | fresh, told=left)
    return reader.decoded(device, news, aliases), context


def _is_told(sample: Sample, told: tuple[float, int] | None, at: int) -> bool:
    """Tell whether a `status/…` has just said a value that is now notified."""
    return told is not None and told[0] == sample.value and 0 <= at - told[1] < SAME_WORD


class Reader:
    """Takes components apart: samples, events, refusals."""

    __slots__ = ("events", "measured", "rejected", "samples")

    def __init__(self, stamp: object) -> None:
        """Start with the frame's time: seconds since 1970, or since boot before the clock was set."""
        self.samples: list[Sample] = []
        self.events: list[Event] = []
        self.rejected: dict[str, str] = {}
        self.measured = self._time(stamp, "ts")

    def _time(self, stamp: object, field: str) -> int | None:
        if stamp is None:
            return None
        try:
            return live(epoch_seconds(number(stamp)))
        except PayloadError as error:
            self.rejected[field] = str(error)
            return None

    def components(self, body: dict[str, Any]) -> None:
        """Read every component of a status."""
        for key, value in body.items():
            found = part(key)
            if found is None or not found.fields:
                continue
            if type(value) is dict:
                self._part(key, found, value)
            elif value is not None:
                self.rejected[key] = f"an object is due here, not {shown(value)}"

    def component(self, key: str, body: dict[str, Any]) -> None:
        """Read one component, `type:n`."""
        found = part(key)
        if found is not None:
            self._part(key, found, body)

    def _part(self, key: str, found: Part, body: dict[str, Any]) -> None:
        if found.kind in OF_OTHERS and "last_updated_ts" in body:
            own, self.measured = self.measured, self._time(body["last_updated_ts"], f"{key}.last_updated_ts")
            self._fields(key, found.fields, body)
            self.measured = own
        else:
            self._fields(key, found.fields, body)

    def _fields(self, key: str, fields: tuple[Field, ...], body: dict[str, Any]) -> None:
        samples, measured = self.samples, self.measured
        for outer, below, channel, read in fields:
            if outer not in body:
                continue
            value = body[outer]
            if below is not None:
                is_object = type(value) is dict
                value = value.get(below, MISSING) if is_object else self._no_object(f"{key}.{outer}", value)
                if value is MISSING:
                    continue
            try:
                taken = value if read is number and type(value) is float else read(value)  # of JSON: finite
            except PayloadError as error:
                self.rejected[".".join(filter(None, (key, outer, below)))] = _why(error, value, body)
                continue
            samples.append(Sample(channel, taken, None, measured))

    def _no_object(self, place: str, value: object) -> object:
        """Refuse what stands in an object's place, and return MISSING; null is nothing to refuse."""
        if value is not None:
            self.rejected[place] = f"an object is due here, not {shown(value)}"
        return MISSING

    def happened(self, events: object) -> None:
        """Read the events of a NotifyEvent."""
        if not isinstance(events, list):
            msg = f"params.events: a list is due here, not {shown(events)}"
            raise PayloadError(msg)
        for each in events:
            if isinstance(each, dict) and isinstance(each.get("event"), str):
                name = slug(str(each.get("component", ""))) or "device"
                measured = self._time(each.get("ts"), "ts") or self.measured
                self.events.append(Event(name, each["event"], measured))

    def decoded(self, device: str, samples: tuple[Sample, ...], aliases: tuple[str, ...] = ()) -> Decoded:
        """Return what the message means; one whose every field is bad is refused."""
        if not samples and self.rejected and not self.events:
            raise PayloadError("no value in it; " + "; ".join(f"{k}: {v}" for k, v in list(self.rejected.items())[:8]))
        kind = Kind.READINGS if samples else Kind.HOUSEKEEPING
        return Decoded(kind, device, samples, tuple(self.events), aliases=aliases, rejected=self.rejected)


def _why(error: PayloadError, value: object, body: dict[str, Any]) -> str:
    """Return why a value was not read: null beside the component's own word for it is a failed probe."""
    errors = body.get("errors")
    failed = ", ".join(map(str, errors))[:80] if value is None and isinstance(errors, list) else ""
    return f"failed probe ({failed})" if failed else str(error)


def ask(_device: str, topic: str) -> list[tuple[str, bytes]]:
    """Ask for the whole status; the answer comes on our own `src`, which holds the prefix."""
    found = address(topic)
    if found is None or not found.prefix or found.what == "rpc":
        return []
    request = {"id": 1, "src": f"{ASKED}{found.prefix}", "method": "Shelly.GetStatus"}
    return [(f"{found.prefix}/rpc", msgspec.json.encode(request))]


NUMBERED = re.compile(r"(switch|dimmer|position)(?:_(\d+))?")


def command(target: Target, wanted: Command) -> Order:
    """Set a relay, a light or a cover; the device's own NotifyStatus proves it.

    A switch beside a dimmer of the same number is a light's.
    """
    found, match = address(target.topic), NUMBERED.fullmatch(wanted.channel)
    if found is None or not found.prefix or found.what == "rpc" or match is None:
        msg = f"{wanted.channel}: nobody knows how this Shelly would be told"
        raise PayloadError(msg)
    number = int(match[2] or 0)
    params: dict[str, object] = {"id": number}
    if match[1] == "switch":
        is_light = wanted.channel.replace("switch", "dimmer") in target.channels
        method, params["on"] = "Light.Set" if is_light else "Switch.Set", switched(wanted)
    elif match[1] == "dimmer":
        method, params["brightness"] = "Light.Set", whole(wanted, 0, 100)
    else:
        method, params["pos"] = "Cover.GoToPosition", whole(wanted, 0, 100)
    request = {"id": 1, "src": f"{ASKED}{found.prefix}", "method": method, "params": params}
    moves = match[1] == "position"
    return Order(
        messages=((f"{found.prefix}/rpc", msgspec.json.encode(request)),),
        channel=wanted.channel,
        value=wanted.value,
        tolerance=2.0 if moves else 0.0,
        within=60.0 if moves else 10.0,  # a shutter takes its time
    )


EVENTS, STATUS = "shellies/plus1pm/events/rpc", "shellies/plus1pm/status/switch:0"


def _told(src: str, components: str, method: str = "NotifyStatus") -> str:
    return f'{{"src":"{src}","dst":"x/events","method":"{method}","params":{{"ts":1661517385.44,{components}}}}}'


DRIVER = Driver(
    model="shelly-gen2",
    family="shelly",
    title="Shelly Plus, Pro, Gen3, Gen4",
    source="https://shelly-api-docs.shelly.cloud/gen2/General/Notifications; wire_formats.md §3",
    topics=("#", "+/events/rpc", "+/status/+", "+/online", "+/rpc", "+/command/+"),
    claims=claims,
    loose=loose,
    adopts=adopts,
    names=names,
    scope=scope,
    context=Context,
    decode=decode,
    ask=ask,
    commands=("switch", "dimmer", "position"),
    command=command,
    commandings=(
        Commanding(
            before=((EVENTS, _told("shellyplus1pm-4417939341dc", '"switch:0":{"id":0,"output":true}').encode()),),
            channel="switch",
            value=0,
            sends=(
                (
                    "shellies/plus1pm/rpc",
                    b'{"id":1,"src":"matinales-ask/shellies/plus1pm","method":"Switch.Set","params":{"id":0,"on":false}}',
                ),
            ),
            report=(EVENTS, _told("shellyplus1pm-4417939341dc", '"switch:0":{"id":0,"output":false}').encode()),
        ),
        Commanding(
            before=(("lamp/status/light:1", b'{"id":1,"output":true,"brightness":20}'),),
            channel="dimmer_1",
            value=60,
            sends=(
                (
                    "lamp/rpc",
                    b'{"id":1,"src":"matinales-ask/lamp","method":"Light.Set","params":{"id":1,"brightness":60}}',
                ),
            ),
            report=("lamp/status/light:1", b'{"id":1,"output":true,"brightness":60}'),
        ),
        Commanding(
            before=(("shutter/status/cover:0", b'{"id":0,"current_pos":100}'),),
            channel="position",
            value=30,
            sends=(
                (
                    "shutter/rpc",
                    b'{"id":1,"src":"matinales-ask/shutter","method":"Cover.GoToPosition","params":{"id":0,"pos":30}}',
                ),
            ),
            report=("shutter/status/cover:0", b'{"id":0,"current_pos":31}'),
        ),
    ),
    channels=(
        Channel(name="switch", unit=None, low=0, high=1),
        Channel(name="power", unit=Unit.WATT, low=-100_000, high=100_000),
        Channel(name="voltage", unit=Unit.VOLT, low=0, high=500),
        Channel(name="current", unit=Unit.AMPERE, low=-200, high=200),
        Channel(name="energy", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="energy_returned", unit=Unit.KILOWATT_HOUR, low=0, high=1e9),
        Channel(name="apparent_power", unit=Unit.VOLT_AMPERE, low=-100_000, high=100_000),
        Channel(name="factor", unit=None, low=-1, high=1),
        Channel(name="frequency", unit=Unit.HERTZ, low=0, high=500),
        Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),
        Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="illuminance", unit=Unit.LUX, low=0, high=200_000),
        Channel(name="input", unit=None, low=0, high=1),
        Channel(name="input_level", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="counter", unit=None, low=0, high=1e15),
        Channel(name="position", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="dimmer", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="flood", unit=None, low=0, high=1),
        Channel(name="smoke", unit=None, low=0, high=1),
        Channel(name="target_temperature", unit=Unit.CELSIUS, low=-20, high=100),
        Channel(name="heating", unit=None, low=0, high=1),
        Channel(name="bthome", unit=None, low=-1e12, high=1e12),
        Channel(name="chip_temperature", unit=Unit.CELSIUS, low=-40, high=125, health=True),
        Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
        Channel(name="battery_voltage", unit=Unit.VOLT, low=0, high=15, health=True),
        Channel(name="external_power", unit=None, low=0, high=1, health=True),
        Channel(name="signal", unit=Unit.DECIBEL_MILLIWATT, low=-130, high=10, health=True),
        Channel(name="uptime", unit=Unit.SECOND, low=0, high=1e10, health=True),
    ),
    examples=(
        Example.gives(
            EVENTS, _told("shellyplus1pm-4417939341dc", '"switch:0":{"id":0,"voltage":232.7}'), voltage=232.7
        ),
        Example.gives(
            STATUS,
            '{"id":0, "source":"init", "output":false, "apower":0.0, "voltage":232.7, "current":0.000, '
            '"aenergy":{"total":0.000,"by_minute":[0.000,0.000,0.000],"minute_ts":1661517385},'
            '"temperature":{"tC":39.2, "tF":102.5}}',
            switch=0,
            power=0,
            voltage=232.7,
            current=0,
            energy=0,
            chip_temperature=39.2,
        ),
        Example(
            topic="shellies/plus1pm/online",
            payload=b"true",
            before=((EVENTS, _told("shellyplus1pm-4417939341dc", '"switch:0":{"voltage":232.7}').encode()),),
            device="shelly:shellyplus1pm-4417939341dc",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example.gives(
            "solar/garage/events/rpc",
            _told(
                "shellypro3em-08f9e0e5c790",
                '"em:0":{"a_voltage":231.1,"a_current":1.5,"a_act_power":-340.5,"a_aprt_power":346.6,"a_pf":-0.98,'
                '"a_freq":50,"n_current":null,"total_act_power":-340.5},"emdata:0":{"total_act":1234.5,"total_act_ret":99000}',
            ),
            voltage_a=231.1,
            current_a=1.5,
            power_a=-340.5,
            apparent_power_a=346.6,
            factor_a=-0.98,
            frequency_a=50,
            power=-340.5,
            energy=1.2345,
            energy_returned=99,
        ),
        Example.gives(
            "shellyhtg3-84fce63ad204/events/rpc",
            _told(
                "shellyhtg3-84fce63ad204",
                '"temperature:0":{"id":0,"tC":21.3,"tF":70.3},"humidity:0":{"id":0,"rh":48.5},"devicepower:0":{"id":0,'
                '"battery":{"V":5.12,"percent":78},"external":{"present":false}},"wifi":{"rssi":-58},"sys":{"uptime":4},'
                '"temperature:100":{"tC":null,"errors":["read"]}',
                "NotifyFullStatus",
            ),
            temperature=21.3,
            humidity=48.5,
            battery_voltage=5.12,
            battery=78,
            external_power=0,
            signal=-58,
            uptime=4,
        ),
        Example.gives(
            "hall/events/rpc",
            _told(
                "shellyhall-000000000001",
                '"input:1":{"state":true},"input:2":{"percent":42,"counts":{"total":7}},"cover:0":{"current_pos":30},'
                '"light:0":{"output":true,"brightness":55},"illuminance:0":{"lux":340},"flood:0":{"alarm":false},'
                '"smoke:0":{"alarm":true},"thermostat:0":{"target_C":19.5,"output":false},"bthomesensor:200":{"value":7}',
            ),
            input_1=1,
            input_level_2=42,
            counter_2=7,
            position=30,
            switch=1,
            dimmer=55,
            illuminance=340,
            flood=0,
            smoke=1,
            target_temperature=19.5,
            heating=0,
            bthome_200=7,
        ),
        Example.gives(
            "matinales-ask/shellies/plus1pm/rpc",
            '{"id":1,"src":"shellyplus1pm-4417939341dc","dst":"matinales-ask/shellies/plus1pm","result":'
            '{"switch:0":{"id":0,"output":true,"apower":60.1},"sys":{"unixtime":1661517385,"uptime":900}}}',
            switch=1,
            power=60.1,
            uptime=900,
        ),
        Example(
            topic="kitchen/events/rpc",
            payload=b'{"src":"shellyi4g3-543204000000","dst":"kitchen/events","method":"NotifyEvent","params":{"ts":1735821119.25,'
            b'"events":[{"component":"input:0","id":0,"event":"single_push","ts":1735821119.25}]}}',
            device="shelly:shellyi4g3-543204000000",
            kind=Kind.HOUSEKEEPING,
        ),
        Example(
            topic="shellies/plus1pm/rpc",
            payload=b'{"id":1,"src":"hub","method":"Switch.Set","params":{"id":0,"on":true}}',
            device="shelly:plus1pm",
            kind=Kind.COMMAND,
        ),
        Example.refused(EVENTS, '{"src":"shellyplus1pm-4417939341dc","method":"NotifyStatus"}', because="params"),
        Example.refused("plus1pm/online", "perhaps", because="neither online nor offline"),
    ),
)
