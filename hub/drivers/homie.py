"""Homie 4 and 5: devices that describe themselves; values mean what the description says.

Version 5 (`homie/5/…`): one context a domain, because a lost root makes its children lost. Version 4
(`homie/<device>/…`): one context a device. The domain may be another word than `homie`.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import Any

from msgspec import Struct, structs

from hub.driver import (
    UNSAID,
    Announced,
    Channel,
    Command,
    Commanding,
    Decoded,
    Described,
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
from hub.model import Availability, Kind, Message, Quality
from hub.payload import (
    decimal,
    iso_time,
    json_object,
    json_value,
    number_in,
    scaled_as_said,
    shown,
    slug,
    text,
    word,
)
from hub.units import Conversion, Unit, conversion

DOMAIN = "homie"
FIVE = "5"
STATES = {
    "init": None,
    "ready": Availability.ONLINE,
    "alert": Availability.ONLINE,
    "sleeping": None,
    "disconnected": Availability.OFFLINE,
    "lost": Availability.OFFLINE,
}
"""`$state` → availability; `init` is not yet there, `sleeping` neither offline nor an alarm."""
ONLY_4 = "alert"
LOST = "lost"
ATTRIBUTES = {"$unit": "unit", "$datatype": "datatype", "$format": "format"}
SETTABLE = "$settable"
MANY = 5000
"""Devices of a domain, and properties of a device, worth remembering; more is hostile."""
MANY_IN_ALL = 50_000
"""Properties of a domain."""
LONG = 256
"""Characters of a longer unit or format are not remembered."""
NO_UNIT = {"", "#"}
"""A count (`#`) has no unit."""
INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
COLOUR_5 = re.compile(r"(?:rgb|hsv),\d{1,3},\d{1,3},\d{1,3}|xyz,[\d.]+,[\d.]+", re.ASCII)
COLOUR_4 = re.compile(r"\d{1,3},\d{1,3},\d{1,3}", re.ASCII)
DURATION = re.compile(r"P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", re.ASCII)
WIDEST = 2.0**63


class Property(Struct, frozen=True):
    """What a description says of one property."""

    datatype: str = ""
    unit: str = ""
    format: str = ""
    settable: bool = False


class Known(Struct, frozen=True):
    """One device: its state, its root, its properties by `node/property`, and who first gave each property id."""

    state: str = ""
    described: bool = False
    root: str = ""
    children: tuple[str, ...] = ()
    properties: dict[str, Property] = {}
    owners: dict[str, str] = {}


class Context(Struct, frozen=True):
    """The devices of a domain (version 5), or the one device (version 4)."""

    devices: dict[str, Known] = {}


class Address(Struct, frozen=True):
    """A topic: version, uid and id of the device, and the levels behind it."""

    version: int
    prefix: str
    device: str
    rest: tuple[str, ...]


NOBODY = Known()


def scope(topic: str) -> str:
    """Return the domain (version 5), or domain and device (version 4)."""
    return "/".join(topic.split("/")[:2])


@lru_cache(maxsize=32_768)
def address(topic: str) -> Address:
    """Take a topic apart.

    Raises:
        PayloadError: where it names no device.
    """
    domain, *levels = topic.split("/")
    version = 5 if levels[:1] == [FIVE] else 4
    device, *rest = (levels[1:] if version > 4 else levels) or [""]  # noqa: PLR2004 — version 4 names none
    if not device or not rest or not all(rest):
        msg = f"{shown(topic)} names no device and property"
        raise PayloadError(msg)
    return Address(version, "homie:" if domain == DOMAIN else f"homie:{domain}/", device, tuple(rest))


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode an attribute, a value or a command."""
    at = address(message.topic)
    uid, rest = at.prefix + at.device, at.rest
    if at.device.startswith("$"):  # $broadcast
        return Decoded(Kind.HOUSEKEEPING, f"{at.prefix}{at.device}", speaks_for_others=True), context
    known = context.devices.get(at.device, NOBODY)
    if rest == ("$state",):
        return _state(message.payload, at, context)
    if rest == ("$description",) and at.version == 5:  # noqa: PLR2004 — version 4 has none
        return _description(message, at, known, context)
    if any(level.startswith("$") for level in rest):
        return _attribute(message, at, known, context)
    if len(rest) == 3 and rest[2] == "set":  # noqa: PLR2004 — node, property, set
        return Decoded(Kind.COMMAND, uid), context
    return _value(message.payload, at, known, context)


def _with(context: Context, device: str, known: Known) -> Context:
    """Return the context with a device remembered; the same one where nothing is new."""
    if context.devices.get(device) == known or (device not in context.devices and len(context.devices) >= MANY):
        return context
    return Context(context.devices | {device: known})


# what a device says of itself


def _state(payload: bytes, at: Address, context: Context) -> tuple[Decoded, Context]:
    """Decode the state of a device, and what it means for those behind it."""
    uid = at.prefix + at.device
    known = context.devices.get(at.device, NOBODY)
    if not payload:  # the device is removed
        after = context
        if at.device in context.devices:
            after = Context({name: each for name, each in context.devices.items() if name != at.device})
        return Decoded(Kind.DISCOVERY, uid, availability=Availability.OFFLINE, removed=True), after
    said = word(payload)
    if said not in STATES or (said == ONLY_4 and at.version > 4):  # noqa: PLR2004 — as above
        msg = f"{shown(said)} is no state of Homie {at.version}: init, ready, disconnected, sleeping, lost"
        raise PayloadError(msg)
    announces: tuple[Announced, ...] = ()
    if LOST in {said, known.state}:
        announces = tuple(
            Announced(
                at.prefix + name,
                availability=Availability.OFFLINE if said == LOST else STATES.get(child.state),
            )
            for name, child in _children(at.device, known, context)
        )
    root = context.devices.get(known.root, NOBODY)
    there = Availability.OFFLINE if root.state == LOST else STATES[said]
    after = _with(context, at.device, structs.replace(known, state=said))
    return Decoded(Kind.AVAILABILITY, uid, availability=there, announces=announces), after


def _children(device: str, known: Known, context: Context) -> list[tuple[str, Known]]:
    """Return everybody whose root a device is, by their word or its own."""
    names = dict.fromkeys(known.children)
    names |= dict.fromkeys(name for name, each in context.devices.items() if each.root == device)
    return [(name, context.devices.get(name, NOBODY)) for name in names if name != device]


def _description(message: Message, at: Address, known: Known, context: Context) -> tuple[Decoded, Context]:
    """Decode what a device of version 5 says of its nodes and properties; what it names no more leaves the screen."""
    uid = at.prefix + at.device
    if not message.payload:
        forgotten = structs.replace(known, described=False, root="", children=(), properties={})
        announces = _news(uid, None, _left(message.topic, at, known, forgotten))
        left = _with(context, at.device, forgotten) if known != NOBODY else context
        return Decoded(Kind.DISCOVERY, uid, announces=announces), left
    body = json_object(message.payload)
    for required in ("homie", "version"):
        if body.get(required) is None:
            msg = f"{required} is missing: a description needs homie and version"
            raise PayloadError(msg)
    rejected: dict[str, str] = {}
    properties: dict[str, Property] = {}
    owners: dict[str, str] = {}
    room = MANY_IN_ALL - sum(len(each.properties) for name, each in context.devices.items() if name != at.device)
    for node, each in _objects(body.get("nodes"), "nodes", rejected):
        for name, said in _objects(each.get("properties"), f"nodes.{node}.properties", rejected):
            if len(properties) < min(MANY, room):
                datatype, unit, form = (_short(said.get(key)) for key in ("datatype", "unit", "format"))
                properties[f"{node}/{name}"] = Property(datatype, unit, form, settable=said.get("settable") is True)
                owners.setdefault(name, known.owners.get(name, node))
    listed = body.get("children")
    children = tuple(each for each in listed if isinstance(each, str))[:MANY] if isinstance(listed, list) else ()
    after = structs.replace(
        known,
        described=True,
        root=_short(body.get("root")),
        children=children,
        properties=properties,
        owners=owners,
    )
    announces = _news(uid, body.get("name"), _left(message.topic, at, known, after))
    return Decoded(Kind.DISCOVERY, uid, announces=announces, rejected=rejected), _with(context, at.device, after)


def _news(uid: str, title: object, left: tuple[Described, ...]) -> tuple[Announced, ...]:
    name = title if isinstance(title, str) and title.strip() else None
    return (Announced(uid, name=name, channels=left),) if name or left else ()


def _left(topic: str, at: Address, before: Known, after: Known) -> tuple[Described, ...]:
    """Return the channels that what a device says of itself on a topic names no more."""
    old, new = _measures(before), _measures(after)
    base = topic.removesuffix("/".join(at.rest))
    return tuple(Described(name, base + place, gone=True) for name, place in old.items() if name not in new)


def _measures(known: Known) -> dict[str, str]:
    """Return channel → `node/property` of a device's properties that are measures."""
    found: dict[str, str] = {}
    for place, told in known.properties.items():
        node, _, name = place.partition("/")
        if told.datatype in READERS:
            found[_channel(node, name, known.owners.get(name))] = place
    return found


def _objects(found: object, place: str, rejected: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the objects of an object by their names; what is none is rejected."""
    if not isinstance(found, dict):
        if found is not None:
            rejected[place] = f"{shown(found)} is no object"
        return []
    for name, each in found.items():
        if not isinstance(each, dict) and len(rejected) < LONG:
            rejected[f"{place}.{name}"] = f"{shown(each)} is no object"
    return [(name, each) for name, each in found.items() if isinstance(each, dict) and len(name) <= LONG]


def _short(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONG else ""


def _attribute(message: Message, at: Address, known: Known, context: Context) -> tuple[Decoded, Context]:
    """Decode what a device of version 4 says, word by word; everything else with a `$` is no measure."""
    uid, rest, payload = at.prefix + at.device, at.rest, message.payload
    *place, attribute = rest
    if at.version > 4 or attribute == "$target" or rest[0] == "$stats":  # noqa: PLR2004 — told by $description
        events: tuple[Event, ...] = ()
        if rest[0] == "$alert" and payload:
            events = (Event("alert", f"{'/'.join(rest[1:])}: {text(payload)}"[:LONG]),)
        return Decoded(Kind.HOUSEKEEPING, uid, events=events), context
    said = text(payload)
    aliases: tuple[str, ...] = ()
    announces: tuple[Announced, ...] = ()
    if rest == ("$mac",) and MAC.fullmatch(said):
        aliases = (f"mac:{said.replace(':', '').lower()}",)
    elif rest == ("$name",) and said.strip():
        announces = (Announced(uid, name=said),)
    elif rest == ("$fw", "version") and said.strip():
        announces = (Announced(uid, firmware=said.strip()),)
    elif rest == ("$homie",):
        context = _with(context, at.device, structs.replace(known, described=True))
    elif len(place) == LISTS.get(attribute):
        after = _listed(said, place, known)
        announces = _news(uid, None, _left(message.topic, at, known, after))
        context = _with(context, at.device, after) if known != NOBODY else context
    elif len(place) == 2 and attribute in {SETTABLE, *ATTRIBUTES} and len(known.properties) < MANY:  # noqa: PLR2004 — node, property
        node, name = place
        before = known.properties.get(f"{node}/{name}", Property())
        if attribute == SETTABLE:
            told = structs.replace(before, settable=said.strip() == "true")
        else:
            told = structs.replace(before, **{ATTRIBUTES[attribute]: _short(said.strip())})
        after = structs.replace(
            known,
            properties=known.properties | {f"{node}/{name}": told},
            owners=known.owners if name in known.owners else known.owners | {name: node},
        )
        context = _with(context, at.device, after)
    return Decoded(Kind.DISCOVERY, uid, aliases=aliases, announces=announces), context


LISTS = {"$nodes": 0, "$properties": 1}
"""Lists of a device, and of one of its nodes (version 4) → how many levels stand between it and the device."""


def _listed(said: str, place: list[str], known: Known) -> Known:
    """Return what is known once a list says which nodes, or which properties of one node, there are."""
    names, above = {each.strip().removesuffix("[]") for each in said.split(",")}, "/".join([*place, ""])
    left = {
        name: each
        for name, each in known.properties.items()
        if not name.startswith(above) or name.removeprefix(above).partition("/")[0] in names
    }
    return structs.replace(known, properties=left) if len(left) < len(known.properties) else known


# values


def _value(payload: bytes, at: Address, known: Known, context: Context) -> tuple[Decoded, Context]:
    """Decode a property's value by its description."""
    if len(at.rest) != 2:  # noqa: PLR2004 — node, property
        msg = f"{shown('/'.join(at.rest))} is no property: a node and a property are due"
        raise PayloadError(msg)
    node, name = at.rest
    told = known.properties.get(f"{node}/{name}")
    if told is None or not told.datatype:
        raise PayloadError(_lacking(at, known, f"{node}/{name}"))
    uid = at.prefix + at.device
    read = READERS.get(told.datatype)
    if read is None:
        if told.datatype not in CHECKS:
            msg = f"{node}/{name}: {shown(told.datatype)} is no datatype of Homie"
            raise PayloadError(msg)
        if not payload:
            msg = f"{node}/{name}: empty payload: no value"
            raise PayloadError(msg)
        CHECKS[told.datatype](text(payload), at.version, told.format)
        return Decoded(Kind.HOUSEKEEPING, uid), context
    value = read(text(payload))
    sign, quality = UNSAID, Quality.GOOD
    if told.datatype != "boolean":
        low, high = _range(told.format)
        quality = Quality.GOOD if low <= value <= high else Quality.UNCERTAIN
        if told.unit.strip() not in NO_UNIT:
            value, sign = scaled_as_said(value, told.unit)
    sample = Sample(_channel(node, name, known.owners.get(name)), value, sign, quality=quality)
    return Decoded(Kind.READINGS, uid, (sample,)), context


def _lacking(at: Address, known: Known, place: str) -> str:
    """Return what a value lacks to be understood."""
    if at.version == 4:  # noqa: PLR2004 — the version
        return f"{place}: its $datatype was not heard, so nobody knows what the value means"
    whose = f"{place}: the $description of device {shown(at.device)}"
    if not known.described:
        return f"{whose} was not heard, so nobody knows what the value means"
    return f"{whose} names no datatype for it"


@lru_cache(maxsize=16_384)
def _channel(node: str, name: str, owner: str | None) -> str:
    """Return a property's channel: its own name; with its node's, where another node gave that name first."""
    found = slug(name) or "value"
    if owner not in {None, node}:
        found = f"{found}_{slug(node) or 'node'}"
    return found if found[0].isalpha() else f"n{found}"


@lru_cache(maxsize=4096)
def _range(form: str) -> tuple[float, float]:
    """Return the range that a format `low:high` or `low:high:step` states; either may be missing."""
    low, high = [*form.split(":"), ""][:2]
    try:
        return (number_in(low) if low else -inf), (number_in(high) if high else inf)
    except PayloadError:
        return -inf, inf


def _whole(said: str) -> float:
    stripped = said.strip()
    if not INTEGER.fullmatch(stripped) or not -WIDEST <= (value := float(stripped)) < WIDEST:
        number_in(said)  # says so, where it is no number at all
        msg = f"{shown(said)} is no whole number of 64 bits"
        raise PayloadError(msg)
    return value


def _flag(said: str) -> float:
    if said not in {"true", "false"}:
        msg = f"{shown(said)} is neither true nor false: Homie knows no other booleans"
        raise PayloadError(msg)
    return 1.0 if said == "true" else 0.0


READERS: dict[str, Callable[[str], float]] = {"integer": _whole, "float": number_in, "boolean": _flag}
"""Datatypes that are measures."""


def _colour(said: str, version: int, _format: str) -> None:
    if not (COLOUR_5 if version > 4 else COLOUR_4).fullmatch(said):  # noqa: PLR2004 — version 4 has no prefix
        msg = f"{shown(said)} is no colour of Homie {version}"
        raise PayloadError(msg)


def _choice(said: str, _version: int, form: str) -> None:
    if form and said not in form.split(","):
        msg = f"{shown(said)} is none of {shown(form)}"
        raise PayloadError(msg)


def _duration(said: str, _version: int, _format: str) -> None:
    if not DURATION.fullmatch(said):
        msg = f"{shown(said)} is no duration such as PT12H5M46S"
        raise PayloadError(msg)


def _any_text(_said: str, _version: int, _format: str) -> None:
    """Take any text; an empty one is one byte 0x00."""


CHECKS: dict[str, Callable[[str, int, str], object]] = {
    "string": _any_text,
    "enum": _choice,
    "color": _colour,
    "datetime": lambda said, _version, _format: iso_time(said),
    "duration": _duration,
    "json": lambda said, _version, _format: json_value(said.encode()),
}
"""Datatypes that are understood and no measures: text, colours and times are no numbers."""


# commands


def _obeying(target: Target) -> dict[str, tuple[str, Property]]:
    """Return channel → (`node/property`, what was said of it) of the properties that say they can be set."""
    known = target.context.devices.get(address(target.topic).device, NOBODY)
    found: dict[str, tuple[str, Property]] = {}
    for place, told in known.properties.items():
        node, _, name = place.partition("/")
        if told.settable and told.datatype in READERS:
            found[_channel(node, name, known.owners.get(name))] = (place, told)
    return found


def _scale(told: Property) -> Conversion | None:
    """Return how a property's values become the hub's; None: they are taken as they are."""
    return conversion(told.unit) if told.datatype != "boolean" and told.unit.strip() not in NO_UNIT else None


def settable(target: Target) -> tuple[Channel, ...]:
    """Return the properties that can be set, each with the range of its format."""
    return tuple(_taken(channel, told) for channel, (_, told) in _obeying(target).items())


def _taken(channel: str, told: Property) -> Channel:
    if told.datatype == "boolean":
        return Channel(name=channel, unit=None, low=0, high=1)
    low, high = (min(max(end, -WIDEST), WIDEST) for end in _range(told.format))
    scale = _scale(told)
    if scale is None:
        return Channel(name=channel, unit=None, low=low, high=high)
    return Channel(name=channel, unit=scale.unit, low=scale.apply(low), high=scale.apply(high))


def command(target: Target, wanted: Command) -> Order:
    """Set a property on `…/set`, never retained; the value that the device then publishes proves it."""
    found = _obeying(target).get(wanted.channel)
    if found is None:
        msg = f"{wanted.channel}: no property of this device that says it can be set"
        raise PayloadError(msg)
    place, told = found
    at = address(target.topic)
    root = target.topic.split("/")[0] + (f"/{FIVE}" if at.version > 4 else "")  # noqa: PLR2004 — as above
    return Order(
        messages=((f"{root}/{at.device}/{place}/set", _stated(told, wanted).encode()),),
        channel=wanted.channel,
        value=wanted.value,
        tolerance=0.05 if told.datatype == "float" else 0.0,
    )


def _stated(told: Property, wanted: Command) -> str:
    """Return a value as the property's datatype writes it."""
    if told.datatype == "boolean":
        return "true" if switched(wanted) else "false"
    scale = _scale(told)
    value = wanted.value if scale is None else scale.undo(wanted.value)
    if told.datatype == "integer":
        return str(whole(Command(wanted.channel, value), -(2**63), 2**63 - 1))
    return decimal(value)


DESCRIPTION = (
    b'{"homie":"5.0","version":1,"name":"Super car","nodes":{"engine":{"properties":{'
    b'"temperature":{"name":"Engine temperature","unit":"\xc2\xb0C","datatype":"float","format":"-20:120"},'
    b'"running":{"datatype":"boolean"},"gear":{"datatype":"enum","format":"P,R,D"},'
    b'"oil":{"datatype":"integer","unit":"kPa"},"power":{"datatype":"float","unit":"kW"}}},'
    b'"cabin":{"properties":{"temperature":{"unit":"\xc2\xb0F","datatype":"float"},'
    b'"humidity":{"unit":"%","datatype":"integer"},"battery":{"unit":"%","datatype":"integer"}}}}}'
)
CAR = "homie/5/super-car"
DESCRIBED = ((f"{CAR}/$description", DESCRIPTION),)
OVEN = "lab/5/oven"
OVEN_DESCRIPTION = (
    b'{"homie":"5.0","version":1,"nodes":{"heat":{"properties":{"on":{"datatype":"boolean","settable":true},'
    b'"target":{"datatype":"float","unit":"\xc2\xb0F","format":"100:500","settable":true}}}}}'
)
FOUR = "homie/old-car"
TOLD = (
    (f"{FOUR}/$homie", b"4.0.0"),
    (f"{FOUR}/engine/temperature/$datatype", b"float"),
    (f"{FOUR}/engine/temperature/$unit", "°F".encode()),
)


def _gives(what: str, payload: bytes, **values: float) -> Example:
    return Example(topic=f"{CAR}/{what}", payload=payload, before=DESCRIBED, kind=Kind.READINGS, values=values)


DRIVER = Driver(
    model="homie",
    family="homie",
    title="Homie 4 and 5",
    source="https://github.com/homieiot/convention; wire_formats.md §8",
    topics=("homie/#", "+/5/+/$state", "+/5/+/$description", "+/+/$homie"),
    scope=scope,
    rooted=True,
    open_channels=True,
    context=Context,
    decode=decode,
    settable=settable,
    command=command,
    commandings=(
        Commanding(
            before=((f"{OVEN}/$description", OVEN_DESCRIPTION), (f"{OVEN}/heat/on", b"false")),
            channel="on",
            value=1,
            sends=((f"{OVEN}/heat/on/set", b"true"),),
            report=(f"{OVEN}/heat/on", b"true"),
        ),
        Commanding(
            before=((f"{OVEN}/$description", OVEN_DESCRIPTION), (f"{OVEN}/heat/target", b"320")),
            channel="target",
            value=200,
            sends=((f"{OVEN}/heat/target/set", b"392"),),
            report=(f"{OVEN}/heat/target", b"392.0"),
        ),
        Commanding(
            before=(
                (f"{FOUR}/$homie", b"4.0.0"),
                (f"{FOUR}/fan/speed/$datatype", b"integer"),
                (f"{FOUR}/fan/speed/$format", b"0:5"),
                (f"{FOUR}/fan/speed/$settable", b"true"),
                (f"{FOUR}/fan/speed", b"1"),
            ),
            channel="speed",
            value=3,
            sends=((f"{FOUR}/fan/speed/set", b"3"),),
            report=(f"{FOUR}/fan/speed", b"3"),
        ),
    ),
    channels=(
        Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=1500),
        Channel(name="humidity", unit=Unit.PERCENT, low=0, high=100),
        Channel(name="power", unit=Unit.WATT, low=-1e6, high=1e6),
        Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
    ),
    examples=(
        _gives("engine/temperature", b"21.5", temperature=21.5),
        _gives("cabin/temperature", b"68", temperature_cabin=20),
        _gives("cabin/humidity", b"41", humidity=41),
        _gives("cabin/battery", b"93", battery=93),
        _gives("engine/power", b"1.5", power=1500),
        _gives("engine/oil", b"250", oil=2500),
        _gives("engine/running", b"false", running=0),
        Example(
            topic=f"{FOUR}/engine/temperature",
            payload=b"212",
            before=TOLD,
            device="homie:old-car",
            values={"temperature": 100},
        ),
        Example(
            topic="lab/5/probe/$state",
            payload=b"ready",
            device="homie:lab/probe",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example(topic=f"{CAR}/$state", payload=b"lost", availability=Availability.OFFLINE),
        Example(topic=f"{CAR}/$description", payload=DESCRIPTION, device="homie:super-car", kind=Kind.DISCOVERY),
        Example(topic=f"{CAR}/engine/gear", payload=b"D", before=DESCRIBED, kind=Kind.HOUSEKEEPING),
        Example(topic=f"{CAR}/engine/temperature/$target", payload=b"30", kind=Kind.HOUSEKEEPING),
        Example(topic=f"{CAR}/engine/running/set", payload=b"true", kind=Kind.COMMAND),
        Example.refused(
            f"{CAR}/engine/temperature", "21.5", because="$description of device 'super-car' was not heard"
        ),
        Example(topic=f"{CAR}/engine/running", payload=b"ON", before=DESCRIBED, refusal="neither true nor false"),
    ),
)
