"""An edge node of Sparkplug B 3.0, with or without devices behind it (wire_formats.md §7).

Source: https://github.com/eclipse-sparkplug/sparkplug (specification, chapters 4 to 6).

`spBv1.0/<group>/NBIRTH|DBIRTH|NDATA|DDATA/<id>[/<device>]`; will `NDEATH` with the `bdSeq` of its connection, which
grows at each one. `seq` goes from 0, at each birth, to 255 and round. Births name every metric with alias, datatype
and value; data carry the alias. Obeys `NCMD` and `DCMD`: `Node Control/Rebirth`, and metrics that are writable, which
are reported back. QoS 0, the will 1; nothing is retained (chapter 6.4).

A channel's `field` is the metric's name (`"Oven/Temperature"`), its `id` the device behind the node (`""`: the node's
own). What is unplugged is null; what is dropped is not in the data.

| option | default | meaning |
|---|---|---|
| `group` | `"sim-workshop"` | group id; contains `sim` |
| `types` | `{}` | field → `Int8` … `Int64`, `UInt8` … `UInt64`, `Float`, `Double`, `Boolean`; else `Double` |
| `units` | `{}` | field → unit, sent as the property `engUnit` of the birth |
| `writable` | `[]` | fields that commands set, `readOnly` false in the birth; their channels have `order = true` |
| `aliases` | `true` | `false`: data carry names |
| `by_exception` | `false` | `true`: data carry only what has changed since the last |
"""

from collections.abc import Iterable, Mapping
from struct import calcsize, unpack
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from device_sims.devices import Packet, Reply, View, _protobuf, options_of
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

ROOT = "spBv1.0"
BD_SEQ, REBIRTH = "bdSeq", "Node Control/Rebirth"
FULL = 256
# fields of Payload and of Payload.Metric
STAMP, METRIC, SEQ = 1, 2, 3
NAME, ALIAS, METRIC_STAMP, DATATYPE, IS_NULL, PROPERTIES = 1, 2, 3, 4, 7, 9
INT, LONG, FLOAT, DOUBLE, BOOLEAN = 10, 11, 12, 13, 14
# fields of PropertySet and PropertyValue, and the types of a boolean and of a text
KEYS, VALUES, P_TYPE, P_BOOLEAN, P_STRING, IS_BOOLEAN, IS_STRING = 1, 2, 1, 7, 8, 11, 12
Type = Literal["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double", "Boolean"]
CODES: dict[Type, int] = {
    "Int8": 1,
    "Int16": 2,
    "Int32": 3,
    "Int64": 4,
    "UInt8": 5,
    "UInt16": 6,
    "UInt32": 7,
    "UInt64": 8,
    "Float": 9,
    "Double": 10,
    "Boolean": 11,
}
LONG_BITS = 64


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scenario may say; the module's table tells."""

    group: str = "sim-workshop"
    types: dict[str, Type] = {}
    units: dict[str, str] = {}
    writable: list[str] = []
    aliases: bool = True
    by_exception: bool = False


class Metric(NamedTuple):
    """A metric: its name, its number, its type, and the channel of scenario.toml that it shows."""

    name: str
    alias: int
    type: Type
    channel: str
    unit: str = ""


class Node:
    """An edge node called `name`; `fields`: channel → {field: metric, id: device}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topics, and number the metrics."""
        self.name = name
        self.options = options
        self.uid = f"sparkplug:{options.group}/{name}"
        self.filters = (f"{ROOT}/{options.group}/+/{name}/#",)
        self.commands = (f"{ROOT}/{options.group}/NCMD/{name}", f"{ROOT}/{options.group}/DCMD/{name}/+")
        self.retained: tuple[str, ...] = ()
        self.bridged = False
        self.qos = 0
        self.parts: dict[str, list[Metric]] = {"": []}
        for alias, (channel, setting) in enumerate(fields.items(), 1):
            field = setting["field"]
            metric = Metric(field, alias, options.types.get(field, "Double"), channel, options.units.get(field, ""))
            self.parts.setdefault(setting["id"], []).append(metric)
        self._bd_seq = -1
        self._seq = 0
        self._said: dict[str, Sampled] = {}

    @property
    def will(self) -> Packet:
        """Return the death that the present connection would die; it has no `seq`."""
        return Packet(self._topic("NDEATH"), _protobuf.octets(METRIC, self._bd()))

    def connecting(self) -> Packet:
        """Return the will of the connection that begins."""
        self._bd_seq = (self._bd_seq + 1) % FULL
        return self.will

    def birth(self, view: View) -> list[Packet]:
        """Be born, and let the devices behind be born."""
        said = []
        for part, metrics in self.parts.items():
            own = [self._bd(), _metric(REBIRTH, value=0.0, kind="Boolean")] if not part else []
            named = [self._metric(view, metric, is_birth=True) for metric in metrics]
            self._seq = (self._seq + 1) % FULL if part else 0
            said.append(self._message(view, "BIRTH", part, [*own, *named]))
        self._said = dict(view.values)
        return said

    def report(self, view: View) -> list[Packet]:
        """Send the data of the node and of each device; of what has changed alone, where it reports by exception."""
        wanted = frozenset(
            channel
            for channel, value in view.values.items()
            if not self.options.by_exception or value != self._said.get(channel)
        )
        return self._data(view, wanted)

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Send what changed."""
        return self._data(view, channels)

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Be born again, or set what is writable; a metric that is set already is reported all the same."""
        part = topic.rpartition("/")[2] if topic.startswith(f"{ROOT}/{self.options.group}/DCMD/") else ""
        try:
            wanted = [dict(_protobuf.fields(each)) for each in _metrics_in(payload)]
        except ValueError:
            return Reply()
        if not part and any(_text(each.get(NAME)) == REBIRTH and each.get(BOOLEAN) == 1 for each in wanted):
            return Reply(tuple(self.birth(view)))
        orders = dict(self._orders(part, wanted))
        kept = frozenset(channel for channel, value in orders.items() if view.values[channel] == value)
        return Reply(tuple(self._data(view, kept)), orders)

    # inside

    def _orders(self, part: str, wanted: Iterable[Mapping[int, int | bytes]]) -> Iterable[tuple[str, float]]:
        for said in wanted:
            name = _text(said.get(NAME))
            for metric in self.parts.get(part, []):
                is_meant = metric.name == name if name else metric.alias == said.get(ALIAS)
                value = _value(said, metric.type)
                if is_meant and metric.name in self.options.writable and value is not None:
                    yield metric.channel, value

    def _data(self, view: View, channels: frozenset[str]) -> list[Packet]:
        said = []
        for part, metrics in self.parts.items():
            named = [
                self._metric(view, metric, is_birth=False)
                for metric in metrics
                if metric.channel in channels and view.values[metric.channel] is not Lost.DROPPED
            ]
            if named:
                self._seq = (self._seq + 1) % FULL
                said.append(self._message(view, "DATA", part, named))
        self._said.update({channel: view.values[channel] for channel in channels})
        return said

    def _metric(self, view: View, metric: Metric, *, is_birth: bool) -> bytes:
        value = view.values[metric.channel]
        has_name = is_birth or not self.options.aliases
        return _metric(
            metric.name if has_name else "",
            value=None if isinstance(value, Lost) else value,
            kind=metric.type,
            alias=metric.alias if self.options.aliases else None,
            stamp_ms=_milliseconds(view),
            unit=metric.unit if is_birth else "",
            writable=is_birth and metric.name in self.options.writable,
        )

    def _bd(self) -> bytes:
        return _metric(BD_SEQ, value=float(max(self._bd_seq, 0)), kind="UInt64")

    def _message(self, view: View, word: str, part: str, metrics: list[bytes]) -> Packet:
        topic = self._topic(f"{'D' if part else 'N'}{word}", part)
        return Packet(topic, payload(metrics, stamp_ms=_milliseconds(view), seq=self._seq))

    def _topic(self, word: str, part: str = "") -> str:
        return "/".join(filter(None, (ROOT, self.options.group, word, self.name, part)))


def payload(metrics: Iterable[bytes], *, stamp_ms: int, seq: int) -> bytes:
    """Return a message: its time, its metrics, its number."""
    body = b"".join(_protobuf.octets(METRIC, metric) for metric in metrics)
    return _protobuf.integer(STAMP, stamp_ms) + body + _protobuf.integer(SEQ, seq)


def _metric(
    name: str,
    *,
    value: float | None,
    kind: Type,
    alias: int | None = None,
    stamp_ms: int | None = None,
    unit: str = "",
    writable: bool = False,
) -> bytes:
    """Return a metric; None: null."""
    return b"".join(
        (
            _protobuf.octets(NAME, name.encode()) if name else b"",
            _protobuf.integer(ALIAS, alias) if alias is not None else b"",
            _protobuf.integer(METRIC_STAMP, stamp_ms) if stamp_ms is not None else b"",
            _protobuf.integer(DATATYPE, CODES[kind]),
            _protobuf.octets(PROPERTIES, _properties(unit, writable=writable)) if unit or writable else b"",
            _protobuf.integer(IS_NULL, 1) if value is None else _written(value, kind),
        )
    )


def _written(value: float, kind: Type) -> bytes:
    """Return a value in the field of its type; integers are held in their range, negative ones as two's complement."""
    if kind == "Double":
        return _protobuf.double(DOUBLE, value)
    if kind == "Float":
        return _protobuf.single(FLOAT, value)
    if kind == "Boolean":
        return _protobuf.integer(BOOLEAN, int(value != 0))
    bits, is_signed = _width(kind)
    low = -(1 << bits - 1) if is_signed else 0
    held = min(max(round(value), low), low + (1 << bits) - 1)
    carrier = LONG_BITS if bits == LONG_BITS else LONG_BITS // 2
    return _protobuf.integer(LONG if bits == LONG_BITS else INT, held & (1 << carrier) - 1)


def _width(kind: Type) -> tuple[int, bool]:
    is_signed = kind.startswith("I")
    return int(kind.removeprefix("U").removeprefix("Int")), is_signed


def _value(said: Mapping[int, int | bytes], kind: Type) -> float | None:
    """Return what a command says; None: no number of its own field."""
    if isinstance(found := said.get(BOOLEAN), int):
        return float(found != 0)
    for field, layout in ((DOUBLE, "<d"), (FLOAT, "<f")):
        if isinstance(found := said.get(field), bytes) and len(found) == calcsize(layout):
            value = float(unpack(layout, found)[0])
            return value if abs(value) < float("inf") else None  # false for a value that is no number
    found = said.get(LONG, said.get(INT))
    if not isinstance(found, int) or kind in {"Float", "Double", "Boolean"}:
        return float(found) if isinstance(found, int) else None
    bits, is_signed = _width(kind)
    found &= (1 << bits) - 1
    return float(found - (1 << bits) if is_signed and found >> bits - 1 else found)


def _properties(unit: str, *, writable: bool) -> bytes:
    """Return a PropertySet: the names, then the values in their order."""
    text = _protobuf.integer(P_TYPE, IS_STRING) + _protobuf.octets(P_STRING, unit.encode())
    no = _protobuf.integer(P_TYPE, IS_BOOLEAN) + _protobuf.integer(P_BOOLEAN, 0)
    said = [*([(b"engUnit", text)] if unit else []), *([(b"readOnly", no)] if writable else [])]
    return b"".join(
        [_protobuf.octets(KEYS, name) for name, _ in said] + [_protobuf.octets(VALUES, value) for _, value in said]
    )


def _metrics_in(data: bytes) -> list[bytes]:
    return [value for number, value in _protobuf.fields(data) if number == METRIC and isinstance(value, bytes)]


def _text(value: int | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def _milliseconds(view: View) -> int:
    return max(round(1000 * view.now.unix_s), 0)


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Node:
    """Return an edge node.

    Raises:
        SimulationError: a group that does not say it is simulated, a field given twice, or an option for none.
    """
    wanted = options_of(Options, options)
    if "sim" not in wanted.group or set("/+#") & set(wanted.group):
        msg = f"group is {wanted.group!r}: it contains `sim`, and none of / + #"
        raise SimulationError(msg)
    places = [(setting["id"], setting["field"]) for setting in fields.values()]
    if twice := next((place for place in places if places.count(place) > 1), None):
        msg = f"field {twice[1]!r} is given twice"
        raise SimulationError(msg)
    if bad := next((part for part, _ in places if set("/+#") & set(part)), None):
        msg = f"id is {bad!r}: a device's id holds none of / + #"
        raise SimulationError(msg)
    known = {field for _, field in places}
    if unknown := {*wanted.types, *wanted.units, *wanted.writable} - known:
        msg = f"{min(unknown)!r} is no field of a channel; known: {', '.join(sorted(known))}"
        raise SimulationError(msg)
    return Node(name, fields, wanted)
