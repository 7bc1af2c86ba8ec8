"""A Homie device, version 4 or 5 (wire_formats.md §8; https://github.com/homieiot/convention, tag v4.0.0 and develop).

Describes itself (version 4: `$homie`, `$name`, `$nodes`, `$properties`, `$datatype`, `$unit`, `$settable` … below
`homie/<id>`; version 5: one `$description` below `homie/5/<id>`) between `$state` init and ready; its will is lost. All
retained. Obeys `…/set` of what is settable and reports the value (version 5: `$target` first). A property that cannot
be read says nothing: version 4 goes to `$state` alert, version 5 puts up `$alert/<node>-<property>`.

Fields of its channels are `<node>/<property>`. What a property is follows from its name: `temperature`, `humidity`,
`pressure`, `power`, `energy` (measure in Wh, sent in kWh), `voltage`, `current`, `flow` (L/min), `co2`, `battery`,
`illuminance` are floats with their unit; `on` [1 or 0; settable, with `order = true`], `open`, `motion` and `leak` are
booleans.

Options: `version` (4, the default, or 5); `friendly_name`; `properties`, a table of what differs from the usual or has
no usual: `[devices.X.options.properties."engine/speed"]` with `datatype` (float, integer, boolean), `unit`, `format`
(`min:max` of a number), `settable`, `decimals`, `scale` from the measure to the wire.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from device_sims.devices import Packet, Reply, View, options_of
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

CLOCK = False
FIELD = re.compile(r"([a-z0-9-]+)/([a-z0-9-]+)")
INTEGER, FLOAT = re.compile(rb"[+-]?\d{1,18}"), re.compile(rb"[+-]?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,2})?")
RANGE = re.compile(r"(-?[\d.]+)?:(-?[\d.]+)?")
BOOLEANS = {b"true": 1.0, b"false": 0.0}
"""Nothing else is a boolean, in any case."""


class Property(Struct, frozen=True, forbid_unknown_fields=True):
    """What the description says of a property, and how its numbers are printed."""

    datatype: Literal["float", "integer", "boolean"] = "float"
    unit: str = ""
    format: str = ""
    settable: bool = False
    decimals: Annotated[int, Meta(ge=0, le=9)] = 1
    scale: float = 1.0


USUAL: Mapping[str, Property] = {
    "temperature": Property(unit="°C"),
    "humidity": Property(unit="%"),
    "pressure": Property(unit="hPa"),
    "power": Property(unit="W"),
    "energy": Property(unit="kWh", decimals=3, scale=0.001),
    "voltage": Property(unit="V"),
    "current": Property(unit="A", decimals=3),
    "flow": Property(unit="L/min"),
    "co2": Property(unit="ppm", decimals=0),
    "battery": Property(unit="%", decimals=0),
    "illuminance": Property(unit="lx", decimals=0),
    "on": Property("boolean", settable=True),
    **dict.fromkeys(("open", "motion", "leak"), Property("boolean")),
}


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scenario may say of a device."""

    version: Literal[4, 5] = 4
    friendly_name: str = ""
    properties: dict[str, Property] = {}


class Homie:
    """A device called `name`; `fields`: channel → {field: `<node>/<property>`}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topics.

        Raises:
            SimulationError: a field that is none, or an option for a property that is not there.
        """
        self.options = options
        self.title = options.friendly_name or name
        self.channels = {setting["field"]: channel for channel, setting in fields.items()}
        self._check()
        self.properties = {
            path: options.properties.get(path, USUAL.get(path.partition("/")[2], Property())) for path in self.channels
        }
        self.root = f"homie/{name}" if options.version == 4 else f"homie/5/{name}"  # noqa: PLR2004 — the version
        self.uid = f"homie:{name}"
        self.filters = (f"{self.root}/#",)
        self.commands = tuple(f"{self.root}/{path}/set" for path, each in self.properties.items() if each.settable)
        described = (self._attribute(name) for name in self._description())
        targets = (f"{path}/$target" for path, each in self.properties.items() if each.settable)
        self.retained = (
            self._attribute("$state"),
            *described,
            *map(self._attribute, self.channels),
            *map(self._attribute, (*targets, *map(_alert, self.channels)) if self.five else ()),
        )
        self.bridged = False
        self.qos = 2 if self.five else 1
        self.will = self._packet("$state", "lost")
        self._told: dict[str, str] = {}
        self._failing: frozenset[str] = frozenset()

    @property
    def five(self) -> bool:
        """Whether it speaks version 5."""
        return self.options.version == 5  # noqa: PLR2004 — the version

    def _check(self) -> None:
        wrong = next((path for path in self.channels if not FIELD.fullmatch(path)), None)
        if wrong is not None:
            msg = f"channels.{self.channels[wrong]}.field is {wrong!r}: write <node>/<property>, as engine/temperature"
            raise SimulationError(msg)
        if unknown := self.options.properties.keys() - self.channels.keys():
            msg = f"options.properties.{min(unknown)!r}: no channel has this field"
            raise SimulationError(msg)

    def birth(self, view: View) -> list[Packet]:
        """Say init, describe itself, say every value, then ready."""
        self._failing = frozenset()
        described = [self._packet(name, text) for name, text in self._description().items()]
        values = [packet for path in self.channels for packet in self._said(view, path)]
        ready = self._packet("$state", "ready")
        return [self._packet("$state", "init"), *described, *values, ready, *self._alerts(view)]

    def report(self, view: View) -> list[Packet]:
        """Say every number, and what fails; a boolean tells its changes."""
        paths = [path for path, each in self.properties.items() if each.datatype != "boolean"]
        return [*(packet for path in paths for packet in self._said(view, path)), *self._alerts(view)]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Say the values that changed; what a command has answered is not repeated."""
        moved = [path for path, channel in self.channels.items() if channel in channels]
        news = [path for path in moved if self._text(view, path) != self._told.get(path)]
        return [packet for path in news for packet in self._said(view, path)]

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Set a property and report it; a payload that is none of its datatype is ignored, as the convention wants."""
        path = topic.removeprefix(f"{self.root}/").removesuffix("/set")
        each = self.properties[path]
        wanted = _wanted(each, payload)
        if wanted is None:
            return Reply()
        target = (self._packet(f"{path}/$target", printed(each, wanted)),) if self.five else ()
        said = self._said(view, path) if view.stuck else [self._packet(path, printed(each, wanted))]
        self._told[path] = said[0].payload.decode() if said else ""
        return Reply((*target, *said), orders={self.channels[path]: wanted})

    def _attribute(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _packet(self, name: str, text: str) -> Packet:
        return Packet(self._attribute(name), text.encode(), retain=True)

    def _said(self, view: View, path: str) -> list[Packet]:
        text = self._text(view, path)
        if text is None:
            return []
        self._told[path] = text
        return [self._packet(path, text)]

    def _value(self, view: View, path: str) -> Sampled:
        value = view.values[self.channels[path]]
        return view.order.get(self.channels[path], value) if isinstance(value, Lost) else value

    def _text(self, view: View, path: str) -> str | None:
        value = self._value(view, path)
        return None if isinstance(value, Lost) else printed(self.properties[path], value)

    def _alerts(self, view: View) -> list[Packet]:
        """Say which properties began or ceased to fail."""
        failing = frozenset(path for path in self.channels if self._value(view, path) is Lost.UNPLUGGED)
        before, self._failing = self._failing, failing
        if failing == before:
            return []
        if not self.five:
            return [self._packet("$state", "alert" if failing else "ready")]
        new = [self._packet(_alert(path), f"{path} does not answer") for path in sorted(failing - before)]
        return [*new, *(self._packet(_alert(path), "") for path in sorted(before - failing))]

    def _description(self) -> dict[str, str]:
        return self._as_5() if self.five else self._as_4()

    def _nodes(self) -> dict[str, dict[str, Property]]:
        found: dict[str, dict[str, Property]] = {}
        for path, each in self.properties.items():
            node, _, name = path.partition("/")
            found.setdefault(node, {})[name] = each
        return found

    def _as_4(self) -> dict[str, str]:
        """Return attribute → text, in the convention's order."""
        nodes = self._nodes()
        found = {"$homie": "4.0.0", "$name": self.title, "$nodes": ",".join(nodes), "$extensions": ""}
        for node, properties in nodes.items():
            found |= {
                f"{node}/$name": _titled(node),
                f"{node}/$type": "simulated",
                f"{node}/$properties": ",".join(properties),
            }
            for name, each in properties.items():
                said = {"$name": _titled(name), "$datatype": each.datatype, "$unit": each.unit, "$format": each.format}
                said["$settable"] = "true" if each.settable else "false"
                found |= {f"{node}/{name}/{key}": text for key, text in said.items() if text}
        return {key: text for key, text in found.items() if text or key == "$extensions"}

    def _as_5(self) -> dict[str, str]:
        """Return the one document; its version is another one whenever anything in it is."""
        nodes = {
            node: {"name": _titled(node), "properties": {name: _described(name, each) for name, each in known.items()}}
            for node, known in self._nodes().items()
        }
        body = {"homie": "5.0", "name": self.title, "nodes": nodes}
        version = zlib.crc32(msgspec.json.encode(body))
        return {"$description": msgspec.json.encode({**body, "version": version}).decode()}


def printed(each: Property, value: float) -> str:
    """Return a value as text: `true`, or a number with its decimals, without minus zero."""
    if each.datatype == "boolean":
        return "true" if value else "false"
    decimals = 0 if each.datatype == "integer" else each.decimals
    return f"{round(value * each.scale, decimals) + 0.0:.{decimals}f}"


def _wanted(each: Property, payload: bytes) -> float | None:
    """Return what a property is to be, in the measure's unit; None: no value of its datatype, or out of its range."""
    if each.datatype == "boolean":
        return BOOLEANS.get(payload)
    if not (INTEGER if each.datatype == "integer" else FLOAT).fullmatch(payload):
        return None
    value, limits = float(payload), RANGE.fullmatch(each.format)
    low, high = limits.groups() if limits else (None, None)
    if (low and value < float(low)) or (high and value > float(high)):
        return None
    return value / each.scale


def _titled(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _described(name: str, each: Property) -> dict[str, object]:
    known = {"unit": each.unit, "format": each.format}
    settable = {"settable": True} if each.settable else {}
    return {"name": _titled(name), "datatype": each.datatype, **{k: v for k, v in known.items() if v}, **settable}


def _alert(path: str) -> str:
    return f"$alert/{path.replace('/', '-')}"


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Homie:
    """Return a device."""
    return Homie(name, fields, options_of(Options, options))
