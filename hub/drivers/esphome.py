"""ESPHome over MQTT: one bare text a topic; units only through its Home Assistant discovery."""

import re
from functools import lru_cache

from msgspec import Struct, structs

from hub.driver import (
    Channel,
    Command,
    Commanding,
    Decoded,
    Driver,
    Example,
    Order,
    Sample,
    Target,
    switched,
    whole,
)
from hub.drivers._ha_context import MANY, MODEL, Context
from hub.drivers._ha_document import PREFIX, component
from hub.errors import ForeignPayloadError, PayloadError
from hub.model import Availability, Kind, Message
from hub.payload import availability, boolean, decimal, json_value, number, number_in, shown, text, word
from hub.units import Unit

NUMBERS = {"sensor", "number"}
FLAGS = {"binary_sensor", "switch", "light", "fan", "lock"}
WORDS = {
    "alarm_control_panel",
    "button",
    "climate",
    "cover",
    "date",
    "datetime",
    "event",
    "media_player",
    "select",
    "text",
    "text_sensor",
    "time",
    "update",
    "valve",
}
"""Component types whose state is a word: understood, no measure."""
TYPES = "|".join(sorted(NUMBERS | FLAGS | WORDS))
STATE = re.compile(rf"(?P<prefix>.+)/(?P<type>{TYPES})/(?P<name>[^/]+)/(?:(?P<part>[a-z_]+)/)?(?P<last>state|command)")
BESIDE = re.compile(r"(?P<prefix>.+)/(?P<last>status|debug)")
PARTS = {  # of climates, covers and valves, below the component: channel behind its name, unit that ESPHome fixes
    "current_temperature": ("temperature", "°C"),
    "target_temperature": ("target_temperature", "°C"),
    "position": ("position", "%"),
}
BRIGHTNESS = "brightness"
"""Of a light: 0 to 255, in the JSON of its state."""
SWITCHED = {"switch": (b"ON", b"OFF"), "fan": (b"ON", b"OFF"), "lock": (b"LOCK", b"UNLOCK")}
"""Component types that are told a word: for 1, for 0."""
RANGES: dict[str, tuple[float, float, Unit | None]] = {  # what a component, or part of one, takes
    "light": (0, 1, None),
    f"light/{BRIGHTNESS}": (0, 255, None),
    "number": (-1e6, 1e6, None),
    "climate/target_temperature": (5, 95, Unit.CELSIUS),
    "cover/position": (0, 100, Unit.PERCENT),
    "valve/position": (0, 100, Unit.PERCENT),
    **dict.fromkeys(SWITCHED, (0.0, 1.0, None)),
}
LOCK = {"LOCKED": 1.0, "UNLOCKED": 0.0}


class Address(Struct, frozen=True):
    """A topic taken apart from the right: prefix, component type, name, what below it; or `status`, `debug`."""

    prefix: str
    last: str
    type: str = ""
    name: str = ""
    part: str = ""


@lru_cache(maxsize=32_768)
def address(topic: str) -> Address | None:
    """Take a topic apart from the right, because a prefix may have several levels; discovery has its own driver."""
    if topic.startswith((f"{PREFIX}/", "$")):
        return None
    match = STATE.fullmatch(topic)
    if match is not None:
        return Address(match["prefix"], match["last"], match["type"], match["name"], match["part"] or "")
    match = BESIDE.fullmatch(topic)
    return Address(match["prefix"], match["last"]) if match else None


def claims(topic: str) -> bool:
    """Recognise states, commands, `status` and `debug`: shapes that others use too."""
    return address.__wrapped__(topic) is not None


def names(topic: str) -> str | None:
    """Return the uid that a topic alone tells."""
    found = address(topic)
    return f"esphome:{found.prefix}" if found and found.prefix.strip("/") else None


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode what a node, or somebody commanding it, said; units are what its discovery said."""
    found = address(message.topic)
    if found is None or not found.prefix.strip("/"):
        msg = f"{shown(message.topic)} names no node"
        raise PayloadError(msg)
    device = f"esphome:{found.prefix}"
    if found.last == "command":
        return Decoded(Kind.COMMAND, device), context
    if found.last == "debug":
        return _log(device, message.payload), context
    said = word(message.payload)
    if found.last == "status":
        if said.lower() not in {"online", "offline"}:
            msg = f"{shown(said)} says neither online nor offline"
            raise ForeignPayloadError(msg)
        return Decoded(Kind.AVAILABILITY, device, availability=availability(said)), context
    return _state(device, message, found, said, context)


def _log(device: str, payload: bytes) -> Decoded:
    """Ignore a line of the log; a number or JSON on such a topic is somebody else's."""
    line = text(payload).strip()
    try:
        number_in(line)
    except PayloadError:
        if not line.startswith(("{", '["')):
            return Decoded(Kind.HOUSEKEEPING, device)
    msg = "a number or JSON, no line of a log"
    raise ForeignPayloadError(msg)


def _state(device: str, message: Message, found: Address, said: str, context: Context) -> tuple[Decoded, Context]:
    """Decode the bare text of a state; only a light says it as JSON."""
    value: object = said
    body: object = None
    if said[0] in '{["':
        body = json_value(message.payload) if found.type == "light" else None
        if not isinstance(body, dict) or "state" not in body:
            msg = "JSON, where ESPHome sends bare text"
            raise ForeignPayloadError(msg)
        value = body["state"]
    if found.type not in NUMBERS | FLAGS and found.part not in PARTS:
        return Decoded(Kind.HOUSEKEEPING, device), context
    sample = _sample(found, value, message.topic, context)
    channel, context = _channel(device, sample.channel, found, context)
    samples = [structs.replace(sample, channel=channel)]
    rejected: dict[str, str] = {}
    if isinstance(body, dict) and BRIGHTNESS in body:
        part = structs.replace(found, part=BRIGHTNESS)
        try:
            level = number(body[BRIGHTNESS])
        except PayloadError as error:
            rejected[BRIGHTNESS] = str(error)
        else:
            channel, context = _channel(device, f"{sample.channel}_{BRIGHTNESS}", part, context)
            samples.append(Sample(channel, level))
    return Decoded(Kind.READINGS, device, tuple(samples), rejected=rejected), context


def _sample(found: Address, value: object, topic: str, context: Context) -> Sample:
    """Return a value under its component's name."""
    name = component(found.name)
    if found.part:
        part, unit = PARTS.get(found.part, (found.part, None))
        return Sample(f"{name}_{part}", number(value) if found.part in PARTS else boolean(value), unit)
    if found.type == "lock" and isinstance(value, str) and value.upper() in LOCK:
        return Sample(name, LOCK[value.upper()])
    described = next((each for each in context.of(topic) if each.state == topic and each.sort), None)
    if described is not None:
        return structs.replace(described.sample(value), channel=name)
    return Sample(name, boolean(value) if found.type in FLAGS else number(value))


def _channel(device: str, name: str, found: Address, context: Context) -> tuple[str, Context]:
    """Return the channel: plain for the first component type that has the name, then with the type behind it.

    Whose a channel is stays known with its whole place, which is where the component listens.
    """
    whose = "/".join(filter(None, (found.type, found.name, found.part)))
    for channel in (name, f"{name}_{found.type}"):
        first = context.owners.get(f"{device}\n{channel}")
        if first == whose or (first is None and len(context.owners) >= 2 * MANY):
            return channel, context
        if first is None or first == found.type:  # as it was kept before places were
            return channel, structs.replace(context, owners=context.owners | {f"{device}\n{channel}": whose})
        if first.partition("/")[0] == found.type:
            return channel, context
    return f"{name}_{found.type}", context


class Listener(Struct, frozen=True):
    """Where a component, or a part of one, listens, and what it takes."""

    topic: str
    kind: str
    channel: Channel
    state: str


def _listener(target: Target, channel: str) -> Listener | None:
    """Return who obeys for a channel, by the component that gave it; None: nobody."""
    at = address(target.topic)
    if at is None or not isinstance(target.context, Context):
        return None
    whose = target.context.owners.get(f"esphome:{at.prefix}\n{channel}", "")
    kind, _, rest = whose.partition("/")
    name, _, part = rest.partition("/")
    what = f"{kind}/{part}" if part else kind
    if not name or what not in RANGES:
        return None
    place = f"{at.prefix}/{kind}/{name}"
    below = "" if part in {"", BRIGHTNESS} else f"/{part}"
    return Listener(
        f"{place}{below}/command", what, _taken(target.context, place, channel, what), f"{place}{below}/state"
    )


def _taken(context: Context, place: str, channel: str, what: str) -> Channel:
    """Return what a component takes; of a number its discovery tells."""
    low, high, unit = RANGES[what]
    told = next((each for each in context.of(f"{place}/state") if each.setting is not None), None)
    if what == "number" and told is not None:
        return structs.replace(told.reach(), name=channel)
    return Channel(name=channel, unit=unit, low=low, high=high)


def settable(target: Target) -> tuple[Channel, ...]:
    """Return the channels of components that obey."""
    found = (_listener(target, name) for name in sorted(target.channels))
    return tuple(each.channel for each in found if each is not None)


def command(target: Target, wanted: Command) -> Order:
    """Tell a component on its own topic; the state that it then publishes proves it."""
    found = _listener(target, wanted.channel)
    if found is None:
        msg = f"{wanted.channel}: no component of this node that obeys"
        raise PayloadError(msg)
    moves = found.kind.endswith("/position")
    return Order(
        messages=((found.topic, _words(found, target.context, wanted)),),
        channel=wanted.channel,
        value=wanted.value,
        tolerance=2.0 if moves else 0.05 if found.kind in {"number", "climate/target_temperature"} else 0.0,
        within=60.0 if moves else 10.0,  # a shutter takes its time
    )


def _words(found: Listener, context: Context, wanted: Command) -> bytes:
    """Return what a component is told."""
    if found.kind in SWITCHED:
        return SWITCHED[found.kind][0 if switched(wanted) else 1]
    if found.kind == "light":
        return b'{"state":"ON"}' if switched(wanted) else b'{"state":"OFF"}'
    if found.kind == f"light/{BRIGHTNESS}":
        level = whole(wanted, 0, 255)
        return b'{"state":"%b","brightness":%d}' % (b"ON" if level else b"OFF", level)
    if found.kind.endswith("/position"):
        return b"%d" % whole(wanted, 0, 100)
    told = next((each for each in context.of(found.state) if each.setting is not None), None)
    return decimal(wanted.value if told is None else told.stated(wanted.value)).encode()


DRIVER = Driver(
    model="esphome",
    family="esphome",
    title="ESPHome",
    source="https://esphome.io/components/mqtt; wire_formats.md §6",
    topics=("#",),
    claims=claims,
    loose=claims,
    names=names,
    context=Context,
    shares=MODEL,
    open_channels=True,
    decode=decode,
    settable=settable,
    command=command,
    commandings=(
        Commanding(
            before=(("site/north/tank/switch/pump-1/state", b"OFF"),),
            channel="pump_1",
            value=1,
            sends=(("site/north/tank/switch/pump-1/command", b"ON"),),
            report=("site/north/tank/switch/pump-1/state", b"ON"),
        ),
        Commanding(
            before=(("hall/light/lamp/state", b'{"state":"OFF","brightness":20}'),),
            channel="lamp",
            value=1,
            sends=(("hall/light/lamp/command", b'{"state":"ON"}'),),
            report=("hall/light/lamp/state", b'{"state":"ON","brightness":20}'),
        ),
        Commanding(
            before=(("hall/light/lamp/state", b'{"state":"ON","brightness":20}'),),
            channel="lamp_brightness",
            value=128,
            sends=(("hall/light/lamp/command", b'{"state":"ON","brightness":128}'),),
            report=("hall/light/lamp/state", b'{"state":"ON","brightness":128}'),
        ),
        Commanding(
            before=(("oven/number/duty/state", b"10"),),
            channel="duty",
            value=12.5,
            sends=(("oven/number/duty/command", b"12.5"),),
            report=("oven/number/duty/state", b"12.50"),
        ),
        Commanding(
            before=(("hall/cover/blind/position/state", b"100"),),
            channel="blind_position",
            value=40,
            sends=(("hall/cover/blind/position/command", b"40"),),
            report=("hall/cover/blind/position/state", b"41"),
        ),
        Commanding(
            before=(("hall/climate/heat/target_temperature/state", b"19.0"),),
            channel="heat_target_temperature",
            value=20.5,
            sends=(("hall/climate/heat/target_temperature/command", b"20.5"),),
            report=("hall/climate/heat/target_temperature/state", b"20.5"),
        ),
        Commanding(
            before=(("hall/fan/vent/state", b"ON"),),
            channel="vent",
            value=0,
            sends=(("hall/fan/vent/command", b"OFF"),),
            report=("hall/fan/vent/state", b"OFF"),
        ),
        Commanding(
            before=(("hall/lock/front/state", b"UNLOCKED"),),
            channel="front",
            value=1,
            sends=(("hall/lock/front/command", b"LOCK"),),
            report=("hall/lock/front/state", b"LOCKED"),
        ),
    ),
    channels=(),
    examples=(
        Example.gives("fazole/sensor/uptime_sensor/state", "465", uptime_sensor=465),
        Example.gives("greenhouse/binary_sensor/door/state", "OFF", door=0),
        Example.gives("site/north/tank/switch/pump/state", "ON", pump=1),
        Example.gives("hall/light/lamp/state", '{"state":"ON","brightness":128}', lamp=1, lamp_brightness=128),
        Example.gives("hall/cover/blind/position/state", "75", blind_position=75),
        Example.gives("hall/climate/heat/current_temperature/state", "19.5", heat_temperature=19.5),
        Example(
            topic="zima/status",
            payload=b"online",
            device="esphome:zima",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example(topic="zima/debug", payload=b"\x1b[0;36m[D][sensor:093]: 'x'\x1b[0m", kind=Kind.HOUSEKEEPING),
        Example(topic="zima/switch/pump/command", payload=b"ON", device="esphome:zima", kind=Kind.COMMAND),
        Example.refused("fazole/sensor/soil/state", "nan", because="no value"),
        Example.refused("fazole/sensor/soil/state", "None", because="no value"),
        Example.refused("fazole/binary_sensor/door/state", "ajar", because="neither on nor off"),
    ),
)
