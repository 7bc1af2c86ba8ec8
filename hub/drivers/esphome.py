"""ESPHome over MQTT: one bare text a topic; units only through its Home Assistant discovery."""

import re
from functools import lru_cache

from msgspec import Struct, structs

from hub.driver import Decoded, Driver, Example, Sample
from hub.drivers._ha_context import MANY, MODEL, Context
from hub.drivers._ha_document import PREFIX, component
from hub.errors import ForeignPayloadError, PayloadError
from hub.model import Availability, Kind, Message
from hub.payload import availability, boolean, json_value, number, number_in, shown, text, word

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
PARTS = {  # of climates and covers, below the component: channel behind its name, unit that ESPHome fixes
    "current_temperature": ("temperature", "°C"),
    "target_temperature": ("target_temperature", "°C"),
    "position": ("position", None),
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
    return address(topic) is not None


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
    return Decoded(Kind.READINGS, device, (structs.replace(sample, channel=channel),)), context


def _sample(found: Address, value: object, topic: str, context: Context) -> Sample:
    """Return a value under its component's name."""
    name = component(found.name)
    if found.part:
        part, unit = PARTS.get(found.part, (found.part, None))
        taken = number(value) if found.part in PARTS else boolean(value)
        return Sample(
            f"{name}_{part}", taken * 100 if part == "position" else taken, "%" if part == "position" else unit
        )
    if found.type == "lock" and isinstance(value, str) and value.upper() in LOCK:
        return Sample(name, LOCK[value.upper()])
    described = next((each for each in context.of(topic) if each.state == topic and each.sort), None)
    if described is not None:
        return structs.replace(described.sample(value), channel=name)
    return Sample(name, boolean(value) if found.type in FLAGS else number(value))


def _channel(device: str, name: str, found: Address, context: Context) -> tuple[str, Context]:
    """Return the channel: plain for the first component type that has the name, then with the type behind it."""
    key = f"{device}\n{name}"
    first = context.owners.get(key)
    if first is None and len(context.owners) < 2 * MANY:
        return name, structs.replace(context, owners=context.owners | {key: found.type})
    return (name if first in {None, found.type} else f"{name}_{found.type}"), context


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
    channels=(),
    examples=(
        Example.gives("fazole/sensor/uptime_sensor/state", "465", uptime_sensor=465),
        Example.gives("greenhouse/binary_sensor/door/state", "OFF", door=0),
        Example.gives("site/north/tank/switch/pump/state", "ON", pump=1),
        Example.gives("hall/light/lamp/state", '{"state":"ON","brightness":128}', lamp=1),
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
