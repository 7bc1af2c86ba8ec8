"""An ESPHome node over MQTT (wire_formats.md §6; https://esphome.io/components/mqtt, …/components/sensor).

Says `<id>/status` online/offline with its will, Home Assistant discovery (`homeassistant/<type>/<id>/<name>/config`,
abbreviated keys, `dev.ids` the MAC) and each state on `<id>/<type>/<name>/state` as bare text; all of it retained.
Sensors speak at the period, others when they change.

Fields of its channels are `<type>/<name>`, as in the topic:

* `sensor/<name>`: a number in the unit that discovery states; a failed sensor says `nan`. Names with a unit and
  decimals of their own: `temperature`, `humidity`, `pressure`, `flow` (L/min), `power`, `energy` (measure in Wh,
  sent in kWh), `voltage`, `current`, `illuminance`, `co2`, `distance` (m), `counter`, `sound` (dB), `uptime` (s).
* `binary_sensor/<name>` [1 or 0]: ON or OFF.
* `switch/<name>` [1 or 0]: with `order = true` it obeys `…/command` ON, OFF or TOGGLE, with `on_change = true` a model
  moves it.

Options: `sensors`, a table of what differs from the usual or has no usual (`[devices.X.options.sensors.line_pressure]`
with `unit`, `device_class`, `decimals`, `state_class`, `scale` from the measure to the wire); `discovery` (default
true); `friendly_name`; `none_on_failure` (default false: `nan`; recent firmware may say `None`).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from device_sims.devices import Packet, Reply, View, options_of
from device_sims.devices._names import mac
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

CLOCK = False
VERSION = "2025.6.0"
FIELD = re.compile(r"(sensor|binary_sensor|switch)/([a-z0-9_]+)")
FNV_OFFSET, FNV_PRIME = 0x811C9DC5, 0x01000193
WORDS = {"on": True, "off": False}


class Sensor(Struct, frozen=True, forbid_unknown_fields=True):
    """What discovery says of a sensor, and how its numbers are printed."""

    unit: str = ""
    device_class: str = ""
    decimals: Annotated[int, Meta(ge=0, le=9)] = 1
    state_class: str = "measurement"
    scale: float = 1.0


USUAL: Mapping[str, Sensor] = {
    "temperature": Sensor("°C", "temperature"),
    "humidity": Sensor("%", "humidity"),
    "pressure": Sensor("hPa", "atmospheric_pressure"),
    "flow": Sensor("L/min", "volume_flow_rate"),
    "power": Sensor("W", "power"),
    "energy": Sensor("kWh", "energy", 3, "total_increasing", 0.001),
    "voltage": Sensor("V", "voltage"),
    "current": Sensor("A", "current", 3),
    "illuminance": Sensor("lx", "illuminance"),
    "co2": Sensor("ppm", "carbon_dioxide", 0),
    "distance": Sensor("m", "distance", 3),
    "counter": Sensor(decimals=0, state_class="total_increasing"),
    "sound": Sensor("dB", "sound_pressure"),
    "uptime": Sensor("s", "duration", 0, "total_increasing"),
}


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scenario may say of a node."""

    sensors: dict[str, Sensor] = {}
    discovery: bool = True
    friendly_name: str = ""
    none_on_failure: bool = False


class Entity(NamedTuple):
    """A sensor, binary sensor or switch of the node."""

    channel: str
    type: str
    name: str


class Node:
    """A node called `name`; `fields`: channel → {field: `<type>/<name>`}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topics.

        Raises:
            SimulationError: a field that is none, or an option for a sensor that is not there.
        """
        self.name = name
        self.options = options
        self.entities = [_entity(channel, setting["field"]) for channel, setting in fields.items()]
        names = {each.name for each in self.entities}
        if unknown := options.sensors.keys() - names:
            msg = f"options.sensors.{min(unknown)}: no channel has the field sensor/{min(unknown)}"
            raise SimulationError(msg)
        self.uid = f"esphome:{name}"
        self.filters = (f"{name}/#", f"homeassistant/+/{name}/#") if options.discovery else (f"{name}/#",)
        self.commands = tuple(self._topic(each, "command") for each in self.entities if each.type == "switch")
        states = tuple(self._topic(each, "state") for each in self.entities)
        configs = tuple(self._config_topic(each) for each in self.entities if options.discovery)
        self.retained = (f"{name}/status", *states, *configs)
        self.bridged = False
        self.qos = 0
        self.will = Packet(f"{name}/status", b"offline", retain=True)
        self._told: dict[str, str] = {}

    def birth(self, view: View) -> list[Packet]:
        """Say online, then describe each entity and say its state."""
        described = [self._described(each) for each in self.entities if self.options.discovery]
        states = [packet for each in self.entities for packet in self._said(view, each)]
        return [Packet(f"{self.name}/status", b"online", retain=True), *described, *states]

    def report(self, view: View) -> list[Packet]:
        """Say each sensor's state."""
        return [packet for each in self.entities if each.type == "sensor" for packet in self._said(view, each)]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Say the states that changed; what a command has answered is not repeated."""
        moved = [each for each in self.entities if each.channel in channels]
        return [packet for each in moved if self._is_news(view, each) for packet in self._said(view, each)]

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Obey ON, OFF and TOGGLE, and say the new state; anything else is ignored, as the node does."""
        entity = next(each for each in self.entities if self._topic(each, "command") == topic)
        word = payload.decode(errors="replace").strip().lower()
        if word not in {*WORDS, "toggle"}:
            return Reply()
        now_on = self._text(view, entity) == "ON"
        on = WORDS.get(word, not now_on)
        self._told[entity.name] = "ON" if (now_on if view.stuck else on) else "OFF"
        said = Packet(self._topic(entity, "state"), self._told[entity.name].encode(), retain=True)
        return Reply((said,), orders={entity.channel: float(on)})

    def _topic(self, entity: Entity, last: str) -> str:
        return f"{self.name}/{entity.type}/{entity.name}/{last}"

    def _config_topic(self, entity: Entity) -> str:
        return f"homeassistant/{entity.type}/{self.name}/{entity.name}/config"

    def _said(self, view: View, entity: Entity) -> list[Packet]:
        text = self._text(view, entity)
        if text is None:
            return []
        self._told[entity.name] = text
        return [Packet(self._topic(entity, "state"), text.encode(), retain=True)]

    def _is_news(self, view: View, entity: Entity) -> bool:
        return entity.type != "switch" or self._text(view, entity) != self._told.get(entity.name)

    def _text(self, view: View, entity: Entity) -> str | None:
        """Return a state as text; None: nothing was read."""
        value: Sampled = view.values[entity.channel]
        if entity.type == "switch" and isinstance(value, Lost):
            value = view.order.get(entity.channel, value)
        if entity.type == "sensor" and value is Lost.UNPLUGGED:
            return "None" if self.options.none_on_failure else "nan"
        if isinstance(value, Lost):
            return None
        if entity.type == "sensor":
            sensor = self._sensor(entity)
            rounded = round(value * sensor.scale, sensor.decimals) + 0.0  # no minus zero
            return f"{rounded:.{sensor.decimals}f}"
        return "ON" if value else "OFF"

    def _sensor(self, entity: Entity) -> Sensor:
        return self.options.sensors.get(entity.name, USUAL.get(entity.name, Sensor()))

    def _described(self, entity: Entity) -> Packet:
        """Return discovery of one entity, keys in the firmware's order, those without a value left out."""
        sensor = self._sensor(entity) if entity.type == "sensor" else Sensor(state_class="")
        known = {"dev_cla": sensor.device_class, "unit_of_meas": sensor.unit, "stat_cla": sensor.state_class}
        body = {
            **{key: value for key, value in known.items() if value},
            "name": entity.name.replace("_", " ").capitalize(),
            "stat_t": self._topic(entity, "state"),
            **({"cmd_t": self._topic(entity, "command")} if entity.type == "switch" else {}),
            "avty_t": f"{self.name}/status",
            "uniq_id": f"{mac(self.name).lower()}-{entity.type}-{hashed(entity.name):08x}",
            "dev": {
                "ids": mac(self.name).lower(),
                "name": self.options.friendly_name or self.name,
                "sw": f"{VERSION} (ESPHome {VERSION})",
                "mdl": "esp32dev",
                "mf": "Espressif",
            },
        }
        return Packet(self._config_topic(entity), msgspec.json.encode(body), retain=True)


def _entity(channel: str, field: str) -> Entity:
    match = FIELD.fullmatch(field)
    if match is None:
        msg = f"channels.{channel}.field is {field!r}: write sensor/<name>, binary_sensor/<name> or switch/<name>"
        raise SimulationError(msg)
    return Entity(channel, match[1], match[2])


def hashed(name: str) -> int:
    """Return the 32-bit FNV-1 hash by which the firmware makes an entity's id unique."""
    found = FNV_OFFSET
    for byte in name.encode():
        found = (found * FNV_PRIME & 0xFFFFFFFF) ^ byte
    return found


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Node:
    """Return a node."""
    return Node(name, fields, options_of(Options, options))
