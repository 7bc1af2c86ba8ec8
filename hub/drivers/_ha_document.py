"""What Home Assistant's discovery documents say: which topic carries what of which device.

One document configures one entity, or with the component `device` many; both become entities of the same shape.
Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery; wire_formats.md §5.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from hub.driver import Channel, Described, Sample
from hub.drivers._ha_words import CHANNELS, COMPONENTS, DEVICE_KEYS, RANGES, UNFIXED, spelt_out, unit_of, with_base
from hub.errors import PayloadError
from hub.model import Quality
from hub.payload import boolean, is_absent, number, shown, slug
from hub.units import Conversion, Unit

PREFIX = "homeassistant"
IDS = re.compile(r"[a-zA-Z0-9_-]+")
MAC = re.compile(r"(?:[0-9a-fA-F]{2}[:-]?){5}[0-9a-fA-F]{2}")
IEEE = re.compile(r"(?:.*_)?(0x[0-9a-fA-F]{16})")
ESPHOME = re.compile(r"(?P<prefix>.+)/(?P<component>[a-z_]+)/(?P<name>[^/]+)/state")
LONG = 1024
"""A longer text is no topic, template or name worth keeping."""
EXACT = 1e15
"""Above, a number is nobody's word for on or off."""
NUMBERS = {"sensor", "number"}
FLAGS = {"binary_sensor", "switch", "light", "fan", "siren", "humidifier", "lock"}
NEEDS_STATE = {"sensor", "binary_sensor"}
OF_HEALTH = {"battery", "battery_charging", "connectivity", "signal_strength"}
"""Device classes that speak of the device itself, whatever their category."""
NO_ENTITY = {"device_automation", "tag"}
"""Platforms that need no unique id."""
MEASURES: Mapping[str, tuple[tuple[str, str, str, str], ...]] = {  # platform → topic, template, channel, unit
    "climate": (
        ("current_temperature_topic", "current_temperature_template", "temperature", "temperature_unit"),
        ("temperature_state_topic", "temperature_state_template", "target_temperature", "temperature_unit"),
        ("current_humidity_topic", "current_humidity_template", "humidity", "%"),
    ),
    "cover": (("position_topic", "position_template", "position", "%"),),
    "light": (("brightness_state_topic", "brightness_value_template", "brightness", ""),),
    "valve": (("position_topic", "position_template", "position", "%"),),
}
TOLD: Mapping[str, tuple[str, str, tuple[str, float], tuple[str, float]]] = {
    # channel → topic that sets it, its template, keys and usual values of the least and the most it takes
    "target_temperature": (
        "temperature_command_topic",
        "temperature_command_template",
        ("min_temp", 7),
        ("max_temp", 35),
    ),
    "position": ("set_position_topic", "set_position_template", ("position_closed", 0), ("position_open", 100)),
    "brightness": ("brightness_command_topic", "brightness_command_template", ("", 0), ("brightness_scale", 255)),
}
OBEYS = {"switch", "light", "fan", "siren", "humidifier", "lock"}
"""Platforms that are told one of two words."""


def written(value: object) -> str:
    """Return a value as a template would write it; empty where it is no scalar, or no word can be that number."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) < EXACT else ""
    return value if isinstance(value, str) else ""


def component(name: str) -> str:
    """Return the channel that a component's name gives."""
    name = slug(name) or "value"
    return name if name[0].isalpha() else f"n{name}"


class Place(Struct, frozen=True):
    """A discovery topic taken apart; `own`: below the usual prefix, where only discovery lives."""

    component: str
    node: str
    name: str
    own: bool


class Watched(Struct, frozen=True):
    """A topic that says whether an entity can be reached, and its two words."""

    topic: str
    template: str
    there: str
    gone: str


class Setting(Struct, frozen=True):
    """How an entity is told what to be.

    Attributes:
        topic, template: where and how.
        on, off: the two words of a flag.
        member: name under which a light of the JSON kind takes it; empty: the payload is the value itself.
        low, high, step: what a number may be, in the entity's own unit; step 0: any.
    """

    topic: str
    template: str = ""
    on: str = ""
    off: str = ""
    member: str = ""
    low: float = 0.0
    high: float = 1.0
    step: float = 0.0


class Entity(Struct, frozen=True, kw_only=True):
    """One thing that a document describes.

    Attributes:
        device: uid.
        sort: `number`, `flag`, `event`, or empty for what is neither (a button, a text).
        unit: word of its values; empty: none is stated.
        on, off: the two words of a flag; empty: the usual ones.
        watched, mode: its availability; `all`, `any` or `latest` of several topics decides.
        expires: seconds after which a value is stale; 0: never.
        health: it speaks of the device itself.
        unique: its unique id: the same in another document is the same entity.
        native: it is an ESPHome's, whose own driver reads its topics.
        setting: how it is told what to be; None: it cannot be told.
    """

    device: str
    channel: str
    sort: str
    state: str = ""
    template: str = ""
    unit: str = ""
    device_class: str = ""
    on: str = ""
    off: str = ""
    watched: tuple[Watched, ...] = ()
    mode: str = "latest"
    commands: tuple[str, ...] = ()
    expires: float = 0.0
    health: bool = False
    unique: str = ""
    native: bool = False
    setting: Setting | None = None

    @property
    def given(self) -> str:
        """The channel under which its values come: an ESPHome's own driver names it by its topic."""
        match = ESPHOME.fullmatch(self.state) if self.native else None
        return component(match["name"]) if match else self.channel

    def described(self) -> Described:
        """Return what the document says of its channel."""
        return Described(self.given, self.state, self.expires, health=self.health)

    def topics(self) -> tuple[str, ...]:
        """Return the topics it speaks on or listens to, its state first."""
        return (*filter(None, [self.state]), *(each.topic for each in self.watched), *self.commands)

    def sample(self, value: object) -> Sample:
        """Return a value as a sample in the hub's unit.

        Raises:
            PayloadError: for what is no value of this entity, or has a unit that nobody knows.
        """
        return Sample(self.channel, self._flag(value)) if self.sort == "flag" else self._number(value)

    def reach(self) -> Channel:
        """Return what it takes, in the hub's unit; only where it has a `setting`."""
        low, high = (self.setting.low, self.setting.high) if self.setting is not None else (0.0, 1.0)
        known = self._unit()
        if known is None:
            return Channel(name=self.channel, unit=None, low=low, high=high)
        return Channel(name=self.channel, unit=known.unit, low=known.apply(low), high=known.apply(high))

    def stated(self, value: float) -> float:
        """Return a value in the hub's unit as the entity states it."""
        known = self._unit()
        return value if known is None else known.undo(value)

    def width(self, of: float) -> float:
        """Return a difference of two values that the entity states, in the hub's unit."""
        known = self._unit()
        return of if known is None else abs(of * known.factor)

    def _unit(self) -> Conversion | None:
        return unit_of(self.unit, self.device_class) if self.unit else None

    def _number(self, value: object) -> Sample:
        taken, unit = number(value), None
        if self.unit:
            known = unit_of(self.unit, self.device_class)
            if known is None:
                msg = f"{shown(self.unit)} is not a known unit"
                raise PayloadError(msg)
            taken, unit = known.apply(taken), known.unit
        is_percentage = self.device_class == "signal_strength" and unit is Unit.PERCENT  # never dBm
        low, high = (0, 100) if is_percentage else RANGES.get(self.device_class, (taken, taken))
        quality = Quality.GOOD if low <= taken <= high else Quality.UNCERTAIN
        return Sample(self.channel, taken, unit, quality=quality)

    def _flag(self, value: object) -> float:
        said = written(value)
        for one, other, mine in ((self.on, self.off, said), (self.on.lower(), self.off.lower(), said.lower())):
            if mine and one != other and mine in {one, other}:
                return 1.0 if mine == one else 0.0
        if self.on and self.off and not is_absent(value):
            msg = f"{shown(said)} is neither {shown(self.on)} nor {shown(self.off)}"
            raise PayloadError(msg)
        return boolean(value)


class Document(Struct):
    """What a document configures.

    Attributes:
        entities: by key, which is the topic, and the component's own behind `#`, a measure's behind `!`.
        device, name, aliases: uid, display name and other names of the device.
        firmware: its version, where the document says it.
        node: level of the topic that names it.
        rejected: component → why it is refused.
        removed: keys of components that are taken back.
    """

    entities: dict[str, Entity] = {}
    device: str = ""
    node: str = ""
    name: str | None = None
    firmware: str | None = None
    aliases: tuple[str, ...] = ()
    rejected: dict[str, str] = {}
    removed: set[str] = set()


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONG else ""


def place(topic: str) -> Place | None:
    """Take a discovery topic apart, below the usual prefix or, where the component is a known one, any other."""
    *levels, last = topic.split("/")
    if last != "config":
        return None
    own = levels[:1] == [PREFIX]
    for length in (3, 2):
        if (len(levels) == length + 1) if own else (len(levels) > length):
            component, *node, name = levels[-length:]
            if own or component in COMPONENTS:
                return Place(component, "".join(node), name, own)
    return Place("", "", "", own) if own else None


def read(topic: str, found: Place, body: dict[str, Any], owners: Mapping[str, str]) -> Document:
    """Return what a document configures.

    Args:
        topic: on which it came; entities are kept by it.
        found: the topic taken apart.
        body: its JSON.
        owners: channel names that are given: uid and channel → whose.

    Raises:
        PayloadError: where nothing of it can be used.
    """
    root = with_base(spelt_out(body))
    if found.component != "device":
        return _single(topic, found, root, owners)
    for key, short in (("device", "dev"), ("origin", "o"), ("components", "cmps")):
        if not isinstance(root.get(key), dict):
            msg = f"device discovery without {key} ({short}), which is mandatory"
            raise PayloadError(msg)
    document = _about(root, found)
    if not document.device:
        msg = "device discovery without identifiers (ids) or connections (cns) of the device"
        raise PayloadError(msg)
    shared = {key: value for key, value in root.items() if key not in {"device", "origin", "components"}}
    for name, component in root["components"].items():
        try:
            _component(f"{topic}#{name}", shared, component, document, owners)
        except PayloadError as error:
            document.rejected[f"components.{name}"[:LONG]] = str(error)
    if not document.entities and document.rejected:
        raise PayloadError("; ".join(f"{k}: {v}" for k, v in list(document.rejected.items())[:8]))
    return document


def _single(topic: str, found: Place, root: dict[str, Any], owners: Mapping[str, str]) -> Document:
    if found.component not in COMPONENTS:
        msg = f"{shown(found.component)} is no component of Home Assistant"
        raise PayloadError(msg)
    document = _about(root, found)
    _entities(topic, found.component, {"object_id": found.name} | root, document, owners)
    return document


def _component(
    key: str,
    shared: dict[str, Any],
    component: object,
    document: Document,
    owners: Mapping[str, str],
) -> None:
    """Read one component of a device document; one that has its platform alone is taken back."""
    if not isinstance(component, dict):
        msg = f"an object is due here, not {shown(component)}"
        raise PayloadError(msg)
    own = spelt_out(component)
    platform = own.get("platform")
    if not isinstance(platform, str) or platform not in COMPONENTS - {"device"}:
        msg = "a component without a known platform (p)"
        raise PayloadError(msg)
    if own.keys() == {"platform"}:
        document.removed.add(key)
        return
    if platform not in NO_ENTITY and not _text(own.get("unique_id")):
        msg = f"a {platform} without unique_id"
        raise PayloadError(msg)
    base = {"~": shared["~"]} if "~" in shared else {}
    name = key.rpartition("#")[2]
    _entities(key, platform, {"object_id": name} | shared | with_base(base | own), document, owners)


def _about(root: dict[str, Any], found: Place) -> Document:
    """Return whom a document is about; without a device it is known by its node or by where its state lies."""
    device = root.get("device")
    about = spelt_out(device, DEVICE_KEYS) if isinstance(device, dict) else {}
    ids = about.get("identifiers")
    ids = [each for each in (ids if isinstance(ids, list) else [ids]) if isinstance(each, str) and _text(each).strip()]
    pairs = about.get("connections")
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str) and _text(pair[1]):  # noqa: PLR2004
            ids.append(pair[1])
    names = [f"homeassistant:{each}" for each in dict.fromkeys(ids)] or _place_names(root, found)
    native = [alias for each in ids if (alias := _native(each)) is not None]
    return Document(
        device=names[0] if names else "",
        node=found.node,
        name=_text(about.get("name")) or None,
        firmware=_text(about.get("sw_version")) or None,
        aliases=tuple(dict.fromkeys([*names[1:], *native])),
    )


def _native(name: str) -> str | None:
    """Return the alias that all families share, where a name is a MAC or an IEEE address."""
    if MAC.fullmatch(name):
        return f"mac:{re.sub('[:-]', '', name).lower()}"
    match = IEEE.fullmatch(name)
    return f"ieee:{match[1].lower()}" if match else None


def _place_names(root: dict[str, Any], found: Place) -> list[str]:
    """Return the name of a device that has none: of its state topic, so that entities that share it are one."""
    if found.component == "device":
        return []
    at = next((text for key in ("state_topic", "command_topic") if (text := _text(root.get(key)))), "")
    levels = at.split("/")
    if levels[-1] in {"state", "set", "command"}:
        levels.pop()
    if levels[:1] == [PREFIX] and len(levels) > 2:  # noqa: PLR2004 — prefix, component, name
        levels = levels[2:]
    return [f"homeassistant:{'/'.join(levels).strip('/') or found.node or found.name}"]


def _entities(key: str, platform: str, body: dict[str, Any], document: Document, owners: Mapping[str, str]) -> None:
    """Read the one entity of a platform, or its several measures."""
    state = _text(body.get("state_topic"))
    if platform in NEEDS_STATE and not state:
        msg = f"a {platform} without state_topic"
        raise PayloadError(msg)
    if platform == "device_automation":
        state = _text(body.get("topic"))
    sort = "number" if platform in NUMBERS else "flag" if platform in FLAGS else ""
    if platform in {"event", "device_automation"}:
        sort = "event"
    unique = _text(body.get("unique_id"))
    owner = unique or key
    mode = body.get("availability_mode")
    json_light = platform == "light" and body.get("schema") == "json"
    common = Entity(
        device=document.device,
        channel="",
        sort="number",
        watched=tuple(_watched(body)),
        mode=mode if mode in {"all", "any"} else "latest",
        unique=unique,
        expires=_seconds(body.get("expire_after")),
        health=body.get("entity_category") == "diagnostic" or _text(body.get("device_class")) in OF_HEALTH,
    )
    device_class = _text(body.get("device_class"))
    on, off = _words(platform, body)
    document.entities[key] = structs.replace(
        common,
        channel=_channel(document, _quantity(platform, device_class), body, owner, owners),
        sort=sort,
        state=state,
        template=_template(platform, body),
        unit=_text(body.get("unit_of_measurement")) if platform in NUMBERS else "",
        device_class=device_class,
        on=on,
        off=off,
        commands=tuple(_commands(body)),
        native=_is_esphome(platform, state, body, document.node),
        setting=_setting(platform, body, json_light=json_light) if state else None,
    )
    if json_light and state and _has_brightness(body):
        body = body | {
            "brightness_state_topic": state,
            "brightness_value_template": "{{ value_json.brightness }}",
            "brightness_command_topic": body.get("command_topic"),
            "brightness_command_template": "",
        }
    for topic, template, channel, unit in MEASURES.get(platform, ()):
        if text := _text(body.get(topic)):
            said = _text(body.get(unit)) if unit == "temperature_unit" else unit
            document.entities[f"{key}!{channel}"] = structs.replace(
                common,
                channel=_channel(document, channel, body, f"{owner}!{channel}", owners),
                state=text,
                template=_text(body.get(template)),
                unit={"C": "°C", "F": "°F"}.get(said, said),
                device_class=channel.removeprefix("target_"),
                unique=f"{unique}!{channel}" if unique else "",
                setting=_measure_setting(channel, body, said, json_light=json_light),
            )


def _setting(platform: str, body: dict[str, Any], *, json_light: bool) -> Setting | None:
    """Return how the one entity of a platform is told; None where it cannot be."""
    topic, template = _text(body.get("command_topic")), _text(body.get("command_template"))
    if not topic or (platform == "light" and body.get("schema") not in {None, "basic", "json"}):
        return None
    if json_light:
        return Setting(topic, on="ON", off="OFF", member="state")
    if platform == "number":
        low, high = _figure(body, "min", 1), _figure(body, "max", 100)
        return Setting(topic, template, low=low, high=high, step=_figure(body, "step", 1)) if low < high else None
    if platform not in OBEYS:
        return None
    keys = ("payload_lock", "payload_unlock") if platform == "lock" else ("payload_on", "payload_off")
    usual = ("LOCK", "UNLOCK") if platform == "lock" else ("ON", "OFF")
    on, off = (written(body.get(key, word))[:LONG] for key, word in zip(keys, usual, strict=True))
    return Setting(topic, template, on, off) if on and off and on != off else None


def _measure_setting(channel: str, body: dict[str, Any], unit: str, *, json_light: bool) -> Setting | None:
    """Return how a measure of an entity is set; None where it cannot be."""
    topic, template, least, most = TOLD.get(channel, ("", "", ("", 0), ("", 0)))
    text = _text(body.get(topic))
    if not text:
        return None
    low, high = (_figure(body, *each) for each in (least, most))
    if unit == "F":  # the usual ends are Home Assistant's, in °C
        low, high = (
            end if key in body else Conversion(Unit.CELSIUS, 1 / 1.8, -32).undo(end)
            for end, (key, _) in ((low, least), (high, most))
        )
    low, high = sorted((low, high))
    if low == high:
        return None
    return Setting(text, _text(body.get(template)), member=channel if json_light else "", low=low, high=high)


def _figure(body: dict[str, Any], key: str, usual: float) -> float:
    try:
        return number(body[key])
    except (KeyError, PayloadError):
        return float(usual)


def _has_brightness(body: dict[str, Any]) -> bool:
    modes = body.get("supported_color_modes")
    return body.get("brightness") is True or (isinstance(modes, list) and any(each != "onoff" for each in modes))


def _quantity(platform: str, device_class: str) -> str:
    """Return the plain channel name of a class; empty: only its own name tells it from others."""
    if platform == "switch" and device_class in {"", "switch", "outlet"}:
        return "switch"
    if device_class in UNFIXED:
        return ""
    return CHANNELS.get(device_class) or _name(device_class)


def _name(text: str) -> str:
    """Return a text as the name of a channel, which begins with a letter; empty where nothing of it is left."""
    name = slug(text)
    return f"n{name}" if name[:1].isdigit() else name


def _channel(document: Document, quantity: str, body: dict[str, Any], owner: str, owners: Mapping[str, str]) -> str:
    """Return the channel of an entity: plain for the first of the device that gives the quantity, then by its name."""
    taken = {each.channel: key for key, each in document.entities.items()}
    for name in _candidates(quantity, body):
        whose = owners.get(f"{document.device}\n{name}")
        if whose == owner or (whose is None and name not in taken):
            return name
    msg = "two entities of one device with the same name"
    raise PayloadError(msg)


def _candidates(quantity: str, body: dict[str, Any]) -> Iterator[str]:
    """Return the names a channel may get, the best first."""
    texts = (_text(body.get(key)) for key in ("name", "object_id", "unique_id"))
    own = [name for text in texts if (name := _name(text))] or ["value"]
    if quantity:
        yield quantity
        yield from (name if name.startswith(f"{quantity}_") else f"{quantity}_{name}" for name in own)
    else:
        yield from own
    yield from (f"{quantity or own[0]}_{n}" for n in range(2, 100))


def _seconds(value: object) -> float:
    try:
        return max(0.0, number(value))
    except PayloadError:
        return 0.0


def _template(platform: str, body: dict[str, Any]) -> str:
    """Return the template of a state; a light of the JSON kind says it under `state`."""
    if platform == "light" and body.get("schema") == "json":
        return "{{ value_json.state }}"
    if platform == "event":
        return _text(body.get("value_template")) or "{{ value_json.event_type }}"
    return _text(body.get("value_template")) or _text(body.get("state_value_template"))


def _words(platform: str, body: dict[str, Any]) -> tuple[str, str]:
    """Return the two words of a flag, empty where the usual ones do."""
    keys = ("state_locked", "state_unlocked") if platform == "lock" else ("state_on", "state_off")
    usual = ("LOCKED", "UNLOCKED") if platform == "lock" else ("", "")
    others = ("payload_on", "payload_off") if platform != "lock" else keys
    found = [
        written(body[key] if key in body else body.get(other, "")) for key, other in zip(keys, others, strict=True)
    ]
    return (found[0][:LONG] or usual[0], found[1][:LONG] or usual[1])


def _commands(body: dict[str, Any]) -> Iterator[str]:
    for key, value in body.items():
        if key.endswith(("command_topic", "cmd_t", "set_position_topic", "set_pos_t")) and _text(value):
            yield value


def _watched(body: dict[str, Any]) -> Iterator[Watched]:
    """Return the topics that say whether an entity can be reached."""
    listed = body.get("availability")
    for each in listed if isinstance(listed, list) else [listed]:
        if isinstance(each, dict):
            own = spelt_out(each)
            yield from _watch(own.get("topic"), own.get("value_template"), own)
    yield from _watch(body.get("availability_topic"), body.get("availability_template"), body)


def _watch(topic: object, template: object, body: dict[str, Any]) -> Iterator[Watched]:
    if text := _text(topic):
        there, gone = (written(body.get(key, usual))[:LONG] for key, usual in AVAILABLE)
        yield Watched(text, _text(template), there, gone)


AVAILABLE = (("payload_available", "online"), ("payload_not_available", "offline"))


def _is_esphome(platform: str, state: str, body: dict[str, Any], node: str) -> bool:
    """Tell an ESPHome's entity: its state lies where ESPHome puts it, and its availability beside it."""
    match = ESPHOME.fullmatch(state)
    if match is None or match["component"] != platform or body.get("value_template") or state.startswith(f"{PREFIX}/"):
        return False
    prefix, watched = match["prefix"], body.get("availability_topic")
    return watched == f"{prefix}/status" or (watched is None and prefix.rpartition("/")[2] == node)
