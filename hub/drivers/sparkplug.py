"""Sparkplug B 3.0: births that name the metrics, data that may carry only their aliases, deaths, commands.

One context an edge node: what its birth and those of its devices said, and the sequence number they share. What is
lost (a gap, data without a birth) is reported and a rebirth asked for.
"""

from collections.abc import Mapping
from functools import lru_cache
from struct import pack, unpack

from msgspec import Struct, structs

from hub.driver import (
    DAY_AND_AN_HOUR,
    Announced,
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
from hub.drivers._protobuf import BYTES, FIXED32, FIXED64, VARINT, field, fields, fixed, key
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message, Quality
from hub.payload import epoch_milliseconds, json_object, number, scaled_as_said, shown, slug
from hub.units import Conversion, conversion

ROOT = "spBv1.0"
MANY = 10_000
"""Metrics of a node and its devices worth remembering, and metrics read of one message."""
MANY_DEVICES = 500
LONG = 256
"""Bytes of a longer name are no name of a metric."""
FULL = 256
"""The sequence number goes from 0 to 255 and starts again."""
NEVER = ("Node Control/", "Device Control/")
BD_SEQ = "bdSeq"
UNITS = {"engunit", "engunits", "unit", "units", "engineeringunit", "engineeringunits"}
"""Names, in lower case and without spaces or underscores, of the property that states a unit."""
READ_ONLY, WRITABLE = "readonly", "writable"
"""Names, likewise, of properties that say whether a metric takes commands; the specification fixes neither."""
OUTPUTS = {"output", "outputs"}
"""A metric below such a level takes commands by its name, as in the specification's own examples."""
SAID_NOTHING: tuple[str | None, Quality] = (None, Quality.GOOD)
QUALITIES = {0: Quality.BAD, 500: Quality.UNCERTAIN}
"""The property `Quality`: 0 bad, 192 good, 500 stale (chapter 6.4.14)."""

# Payload
STAMP, METRIC, SEQ, UUID = key(1, VARINT), key(2, BYTES), key(3, VARINT), key(4, BYTES)
# Payload.Metric
NAME, ALIAS, M_STAMP, DATATYPE, HISTORICAL = (
    key(1, BYTES),
    key(2, VARINT),
    key(3, VARINT),
    key(4, VARINT),
    key(5, VARINT),
)
IS_NULL, PROPERTIES = key(7, VARINT), key(9, BYTES)
INT, LONG_INT, FLOAT, DOUBLE, BOOLEAN = (
    key(10, VARINT),
    key(11, VARINT),
    key(12, FIXED32),
    key(13, FIXED64),
    key(14, VARINT),
)
# Payload.PropertySet and PropertyValue
KEYS, VALUES = key(1, BYTES), key(2, BYTES)
P_INT, P_LONG, P_BOOLEAN, P_STRING = key(3, VARINT), key(4, VARINT), key(7, VARINT), key(8, BYTES)

INTEGERS = {1: (8, True), 2: (16, True), 3: (32, True), 4: (64, True)} | {5: (8, False), 6: (16, False), 7: (32, False)}
INTEGERS[8] = (64, False)
"""DataType → bits, signed: Int8 … Int64, UInt8 … UInt64."""
FLOAT_TYPE = 9
FLOATS = {FLOAT_TYPE, 10}
WIDEST_FLOAT = 3.4e38
"""Just below what a 32-bit float holds."""
IS_BOOLEAN = 11
MEASURES = {0, IS_BOOLEAN, *INTEGERS, *FLOATS}
"""DataTypes that are numbers; 0: neither the message nor a birth states one."""
LAST_TYPE = 34
"""DateTimeArray: above, no DataType is known."""
SIGN_FROM = 1 << 31
"""Without a datatype nobody knows whether an integer from here on is a negative one."""


class Known(Struct, frozen=True):
    """What a birth said of one metric."""

    datatype: int
    channel: str
    unit: str | None = None
    writable: bool = False


class Part(Struct, frozen=True):
    """A node (named "") or one of its devices: whether it is alive, and its metrics by name and alias."""

    alive: bool = False
    metrics: dict[str, Known] = {}
    names: dict[int, str] = {}


class Context(Struct, frozen=True):
    """One edge node: bdSeq of its last birth, the newest sequence number, itself and its devices."""

    bd_seq: int | None = None
    seq: int = -1
    parts: dict[str, Part] = {}


class Address(Struct, frozen=True):
    """What a topic says."""

    verb: str
    node: str
    uid: str
    device: str
    commands: str


Fields = Mapping[int, int | bytes]
UNBORN = Part()


@lru_cache(maxsize=32_768)
def address(topic: str) -> Address:
    """Take a topic apart: `spBv1.0/group/type/node[/device]`; ids may hold spaces.

    Raises:
        PayloadError: where a level is missing or too many.
    """
    levels = topic.split("/")
    if len(levels) < 4 or not all(levels):  # noqa: PLR2004 — namespace, group, type, node
        msg = f"{shown(topic)} is not {ROOT}/group/type/node or {ROOT}/group/type/node/device"
        raise PayloadError(msg)
    _, group, verb, node, *rest = levels
    if verb not in READERS or len(rest) != (verb[0] == "D"):
        msg = (
            f"{shown(verb)} is no Sparkplug message type"
            if verb not in READERS
            else f"{verb} {'needs one' if verb[0] == 'D' else 'has no'} device behind the node"
        )
        raise PayloadError(msg)
    uid = f"sparkplug:{group}/{node}"
    device = rest[0] if rest else ""
    return Address(verb, uid, f"{uid}/{device}" if device else uid, device, f"{ROOT}/{group}/NCMD/{node}")


def scope(topic: str) -> str:
    """Return group and node: they share a context with all their devices."""
    levels = topic.split("/")
    return f"{levels[1]}/{levels[3]}" if len(levels) > 3 else ""  # noqa: PLR2004 — as in `address`


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode one message of a node or device, or the state of a host application."""
    if message.topic.startswith(f"{ROOT}/STATE/"):
        return _state(message), context
    return Reader(message, context, address(message.topic)).read()


def _state(message: Message) -> Decoded:
    """Decode whether a host application is there; it is no device."""
    host = message.topic.removeprefix(f"{ROOT}/STATE/")
    said = json_object(message.payload).get("online")
    if not isinstance(said, bool) or not host or "/" in host:
        msg = f"online is {shown(said)}, not true or false" if host and "/" not in host else "no host application named"
        raise PayloadError(msg)
    there = Availability.ONLINE if said else Availability.OFFLINE
    return Decoded(Kind.AVAILABILITY, f"sparkplug:STATE/{host}", availability=there, speaks_for_others=True)


def rebirth(topic: str, at: int) -> tuple[str, bytes]:
    """Return the command that makes a node be born again; `at` [ns] is its timestamp. It carries no `seq`."""
    metric = field(1, b"Node Control/Rebirth") + field(4, IS_BOOLEAN) + field(14, 1)
    return topic, field(1, at // 1_000_000) + field(2, metric)


class Reader:
    """Takes one message of a node or device apart."""

    __slots__ = (
        "at",
        "context",
        "message",
        "metrics",
        "missed",
        "part",
        "rejected",
        "samples",
        "seq",
        "stamp",
        "taken",
        "unheard",
    )

    def __init__(self, message: Message, context: Context, at: Address) -> None:
        """Start with the message, what was heard before, and where it comes from."""
        self.message, self.context, self.at = message, context, at
        self.part = context.parts.get(at.device, UNBORN)
        self.metrics: list[dict[int, int | bytes]] = []
        self.samples: list[Sample] = []
        self.taken: set[tuple[str, int | None]] = set()
        self.rejected: dict[str, str] = {}
        self.unheard: dict[str, str] = {}
        self.missed = 0
        self.seq: int | None = None
        self.stamp: int | None = None

    def read(self) -> tuple[Decoded, Context]:
        """Return what the message means, and what is known after it."""
        if self.at.verb in {"NCMD", "DCMD"}:
            return Decoded(Kind.COMMAND, self.at.uid), self.context
        self._unpack()
        return READERS[self.at.verb](self)

    def _unpack(self) -> None:
        if not self.message.payload:
            msg = "empty payload: no value"
            raise PayloadError(msg)
        for what, value in fields(self.message.payload):
            if what == METRIC:
                if len(self.metrics) < MANY:
                    self.metrics.append(dict(fields(value)))  # type: ignore[arg-type]
                else:
                    self.rejected["…"] = f"more than {MANY} metrics in one message"
            elif what == SEQ:
                self.seq = value  # type: ignore[assignment]
            elif what == STAMP:
                self.stamp = epoch_milliseconds(value)  # type: ignore[arg-type]
            elif what == UUID and value == b"SPBV1.0_COMPRESSED":
                msg = "a compressed payload cannot be read; switch compression off at the node"
                raise PayloadError(msg)

    # births

    def birth(self) -> tuple[Decoded, Context]:
        """Learn names, aliases, datatypes and units; the values of a birth count as readings."""
        device, before = self.at.device, self.context
        if device:
            self._follow(needs_birth=False)
        elif self.seq != 0:
            self.unheard["seq"] = f"a birth has sequence number 0, not {self.seq}"
        self.part = self._born()
        parts = {name: part for name, part in before.parts.items() if device}
        if not device:  # a new life: its devices are still to be born again
            parts = dict.fromkeys(before.parts, UNBORN)
        if device in parts or len(parts) <= MANY_DEVICES:
            parts[device] = self.part
        else:
            self.rejected["…"] = f"more than {MANY_DEVICES} devices of one node"
        seq = before.seq if self.seq is None else self.seq
        bd_seq = before.bd_seq if device else self._bd_seq()
        context = Context(bd_seq, seq, parts)
        kind = Kind.READINGS if self.samples else Kind.AVAILABILITY
        return self._decoded(kind, Availability.ONLINE), before if context == before else context

    def _born(self) -> Part:
        """Read every metric of a birth; return what is to be remembered of them."""
        metrics: dict[str, Known] = {}
        names: dict[int, str] = {}
        channels: set[str] = set()
        room = MANY - sum(len(part.metrics) for name, part in self.context.parts.items() if name != self.at.device)
        for metric in self.metrics:
            name = self._name(metric)
            if name is None:
                continue
            channel = base = _channel(name)
            turn = 1
            while channel in channels:  # `Oven/Temp` and `oven temp` stay two
                turn += 1
                channel = f"{base}_{turn}"
            said = _said(metric)
            known = Known(_integer(metric, DATATYPE), channel, said[0], _is_writable(name, metric))
            self._measure(metric, name, known, said)
            if len(metrics) < room:
                channels.add(channel)
                metrics[name] = known
                if ALIAS in metric:
                    names[_integer(metric, ALIAS)] = name
        return Part(alive=True, metrics=metrics, names=names)

    def _bd_seq(self) -> int | None:
        for metric in self.metrics:
            if metric.get(NAME) == BD_SEQ.encode():
                found = metric.get(LONG_INT, metric.get(INT))
                return found if isinstance(found, int) else None
        return None

    # data

    def data(self) -> tuple[Decoded, Context]:
        """Read what has changed."""
        context = self._follow()
        for metric in self.metrics:
            self._take(metric)
        return self._decoded(Kind.READINGS if self.samples else Kind.HOUSEKEEPING, None, context), context

    def _follow(self, *, needs_birth: bool = True) -> Context:
        """Check the sequence number that a node shares with its devices; say what was not heard."""
        context, seq = self.context, self.seq
        if not context.parts.get("", UNBORN).alive:
            self.unheard["birth"] = "the birth of its node (NBIRTH) was not heard"
            return context
        if needs_birth and not self.part.alive:
            self.unheard["birth"] = "the birth of the device (DBIRTH) was not heard"
        due = (context.seq + 1) % FULL
        if seq is None or seq >= FULL:
            self.unheard["seq"] = f"sequence number {seq} is none from 0 to 255" if seq else "no sequence number"
            return context
        if seq == context.seq:  # the same message again
            return context
        if seq != due:
            self.missed = (seq - due) % FULL
            self.unheard["seq"] = f"sequence number {seq} where {due} was due: {self.missed} messages were not heard"
        return structs.replace(context, seq=seq)

    def _take(self, metric: Fields) -> None:
        """Take one metric: a sample, a line in `rejected`, or what is no measure."""
        name = self._name(metric)
        if name is None and NAME not in metric:
            name = self._by_alias(metric)
        if name is None:
            return
        known = self.part.metrics.get(name) or Known(0, _channel(name))
        self._measure(metric, name, known, _said(metric))

    def _by_alias(self, metric: Fields) -> str | None:
        """Return the name that a birth gave to an alias."""
        if ALIAS not in metric:
            self.rejected["a metric"] = "carries neither name nor alias"
            return None
        alias = _integer(metric, ALIAS)
        name = self.part.names.get(alias)
        if name is None:
            self.rejected[f"alias {alias}"] = "has no name: the birth that names it was not heard"
        return name

    def _measure(self, metric: Fields, name: str, known: Known, said: tuple[str | None, Quality]) -> None:
        """Take a metric's value, with the unit and quality it states; one that is none is rejected under its name."""
        if name == BD_SEQ or name.startswith(NEVER):
            return
        datatype = _integer(metric, DATATYPE) or known.datatype
        if datatype not in MEASURES and datatype <= LAST_TYPE:
            return  # texts, times, bytes, tables, templates: no measures
        stamp = metric.get(M_STAMP)
        measured = self.stamp if stamp is None else epoch_milliseconds(stamp)  # type: ignore[arg-type]
        moment = (known.channel, measured)
        try:
            value = _value(metric, datatype)
            unit = said[0] or known.unit
            sign = None
            if unit is not None and value is not None:
                value, sign = scaled_as_said(value, unit)
            if moment in self.taken:
                msg = "a second value at the same time"
                raise PayloadError(msg)  # noqa: TRY301 — one place lists what is refused
        except PayloadError as error:
            self.rejected[name] = str(error)
            return
        if value is not None:
            self.taken.add(moment)
            past = bool(metric.get(HISTORICAL))
            self.samples.append(Sample(known.channel, value, sign, measured, quality=said[1], historical=past))

    def _name(self, metric: Fields) -> str | None:
        """Return the name that a metric carries; a bad one is rejected, an absent one is None."""
        raw = metric.get(NAME)
        if raw is None:
            return None
        try:
            name = raw.decode() if isinstance(raw, bytes) and len(raw) <= LONG else ""
        except UnicodeDecodeError:
            name = ""
        if not name.strip():
            self.rejected["a metric"] = "has an empty, too long or unreadable name"
            return None
        return name

    # deaths

    def node_death(self) -> tuple[Decoded, Context]:
        """Take the last will of a node: it counts only for the life that its bdSeq names."""
        context, uid, bd_seq = self.context, self.at.uid, self._bd_seq()
        reason = None
        if "" not in context.parts:
            reason = "no birth was heard to compare with"
        elif bd_seq != context.bd_seq:
            reason = f"{bd_seq} is not {context.bd_seq} of the last birth: the will of an older connection, ignored"
        if reason is not None:
            return Decoded(Kind.AVAILABILITY, uid, rejected={BD_SEQ: reason}), context
        gone = tuple(Announced(f"{uid}/{name}", availability=Availability.OFFLINE) for name in context.parts if name)
        after = structs.replace(context, seq=-1, parts=dict.fromkeys(context.parts, UNBORN))
        said = Decoded(Kind.AVAILABILITY, uid, availability=Availability.OFFLINE, announces=gone)
        return said, context if after == context else after

    def device_death(self) -> tuple[Decoded, Context]:
        """Take the death of a device; its node lives on."""
        context = self._follow(needs_birth=False)
        if context.parts.get(self.at.device, UNBORN) != UNBORN:
            context = structs.replace(context, parts=context.parts | {self.at.device: UNBORN})
        return self._decoded(Kind.AVAILABILITY, Availability.OFFLINE), context

    # answer

    def _decoded(self, kind: Kind, said: Availability | None, context: Context | None = None) -> Decoded:
        """Return what the message means; data whose every metric is bad is refused, but its number counts."""
        asks: tuple[tuple[str, bytes], ...] = ()
        if self.unheard or any(name.startswith("alias ") for name in self.rejected):
            asks = (rebirth(self.at.commands, self.message.received),)
        if not self.samples and self.rejected and said is None:
            listed = list((self.unheard | self.rejected).items())[:8]
            msg = "no value in it; " + "; ".join(f"{name}: {reason}" for name, reason in listed)
            raise PayloadError(msg, asks=asks, context=context if context is not self.context else None)
        rejected = self.rejected | self.unheard
        return Decoded(
            kind, self.at.uid, tuple(self.samples), availability=said, rejected=rejected, asks=asks, missed=self.missed
        )


READERS = {
    "NBIRTH": Reader.birth,
    "DBIRTH": Reader.birth,
    "NDATA": Reader.data,
    "DDATA": Reader.data,
    "NDEATH": Reader.node_death,
    "DDEATH": Reader.device_death,
    "NCMD": Reader.read,
    "DCMD": Reader.read,
}


@lru_cache(maxsize=16_384)
def _channel(name: str) -> str:
    found = slug(name) or "value"
    return found if found[0].isalpha() else f"n{found}"


def _integer(metric: Fields, what: int) -> int:
    found = metric.get(what, 0)
    return found if isinstance(found, int) else 0


def _value(metric: Fields, datatype: int) -> float | None:
    """Return a metric's number; None where it is text, bytes or a table (which only a missing datatype hides).

    Raises:
        PayloadError: where the value is missing or of another type.
    """
    if metric.get(IS_NULL):
        msg = "no value (is_null)"
        raise PayloadError(msg)
    if datatype not in MEASURES:
        msg = f"datatype {datatype} is unknown"
        raise PayloadError(msg)
    if datatype == IS_BOOLEAN or (not datatype and BOOLEAN in metric):
        found = metric.get(BOOLEAN)
        if found is not None:
            return 1.0 if found else 0.0
    elif datatype in INTEGERS or (not datatype and (INT in metric or LONG_INT in metric)):
        raw = metric.get(INT, metric.get(LONG_INT))
        if isinstance(raw, int):
            return _signed(raw, datatype)
    elif datatype in FLOATS or FLOAT in metric or DOUBLE in metric:
        double, single = metric.get(DOUBLE), metric.get(FLOAT)
        if isinstance(double, bytes):
            return number(unpack("<d", double)[0])
        if isinstance(single, bytes):
            return number(unpack("<f", single)[0])
    else:
        return None
    msg = "no value of its datatype in it"
    raise PayloadError(msg)


def _signed(raw: int, datatype: int) -> float:
    """Return an integer by the low bits of its type: a negative one travels as two's complement."""
    if not datatype:
        if raw >= SIGN_FROM:
            msg = "without a datatype nobody knows whether this integer is negative"
            raise PayloadError(msg)
        return float(raw)
    bits, signed = INTEGERS[datatype]
    value = raw & ((1 << bits) - 1)
    return float(value - (1 << bits) if signed and value >> (bits - 1) else value)


def _said(metric: Fields) -> tuple[str | None, Quality]:
    """Return the unit word and the quality that a metric's properties state."""
    found = metric.get(PROPERTIES)
    if not isinstance(found, bytes):
        return SAID_NOTHING
    pairs = fields(found)
    names = [value for what, value in pairs if what == KEYS and isinstance(value, bytes)]
    values = [value for what, value in pairs if what == VALUES and isinstance(value, bytes)]
    unit, quality = SAID_NOTHING
    for name, value in zip(names, values, strict=False):
        if name == b"Quality":
            stated = dict(fields(value))
            code = stated.get(P_INT, stated.get(P_LONG))
            quality = QUALITIES.get(code, Quality.GOOD) if isinstance(code, int) else Quality.GOOD
        elif _is_unit(name):
            word = dict(fields(value)).get(P_STRING)
            if isinstance(word, bytes) and word.strip():
                unit = word.decode(errors="replace")[:LONG]
    return unit, quality


@lru_cache(maxsize=1024)
def _is_unit(name: bytes) -> bool:
    return _plain(name) in UNITS


def _plain(name: bytes) -> str:
    return name.decode(errors="replace").lower().replace("_", "").replace(" ", "")


def _is_writable(name: str, metric: Fields) -> bool:
    """Tell whether a birth says that a metric takes commands, by a property or, where it has none, by its name."""
    found = metric.get(PROPERTIES)
    pairs = fields(found) if isinstance(found, bytes) else []
    names = [_plain(value) for what, value in pairs if what == KEYS and isinstance(value, bytes)]
    values = [dict(fields(value)) for what, value in pairs if what == VALUES and isinstance(value, bytes)]
    for said, value in zip(names, values, strict=False):
        if said in {READ_ONLY, WRITABLE}:
            return bool(value.get(P_BOOLEAN, 0)) is (said == WRITABLE)
    return any(level.lower() in OUTPUTS for level in name.split("/"))


# commands


def _part(target: Target) -> Part:
    return target.context.parts.get(address(target.topic).device, UNBORN)  # type: ignore[no-any-return]


def _scale(known: Known) -> Conversion | None:
    return conversion(known.unit) if known.unit is not None and known.datatype != IS_BOOLEAN else None


def settable(target: Target) -> tuple[Channel, ...]:
    """Return the metrics that the last birth calls writable, each with the range of its datatype."""
    part = _part(target)
    if not part.alive:
        return ()
    obeying = [each for each in part.metrics.values() if each.writable and each.datatype in MEASURES - {0}]
    return tuple(_taken(each) for each in obeying)


def _taken(known: Known) -> Channel:
    low, high = 0.0, 1.0
    if known.datatype in INTEGERS:
        bits, signed = INTEGERS[known.datatype]
        low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if signed else (0.0, 2.0**bits - 1)
    elif known.datatype in FLOATS:
        low, high = -WIDEST_FLOAT, WIDEST_FLOAT
    scale = _scale(known)
    if scale is None:
        return Channel(name=known.channel, unit=None, low=low, high=high)
    return Channel(name=known.channel, unit=scale.unit, low=scale.apply(low), high=scale.apply(high))


def command(target: Target, wanted: Command) -> Order:
    """Write a metric by NCMD or DCMD: by its alias where the birth gave one, else by its name (chapter 6.4.6)."""
    part = _part(target)
    found = next(((n, k) for n, k in part.metrics.items() if k.channel == wanted.channel and k.writable), None)
    if found is None or not part.alive:
        msg = (
            f"{wanted.channel}: the last birth names no such metric that can be written (property writable or readOnly)"
        )
        raise PayloadError(msg)
    name, known = found
    alias = next((number for number, whose in part.names.items() if whose == name), None)
    own = field(1, name.encode()) if alias is None else field(2, alias)
    stamp = wanted.at // 1_000_000
    metric = own + field(3, stamp) + field(4, known.datatype) + _written(known, wanted)
    levels = target.topic.split("/")
    levels[2] = "DCMD" if len(levels) > 4 else "NCMD"  # noqa: PLR2004 — a device stands behind its node
    return Order(
        messages=(("/".join(levels), field(1, stamp) + field(2, metric)),),
        channel=wanted.channel,
        value=wanted.value,
        tolerance=max(1e-6, abs(wanted.value) * 1e-6) if known.datatype in FLOATS else 0.0,
        qos=0,  # specification, tck-id-payloads-ncmd-qos and tck-id-payloads-dcmd-qos
    )


def _written(known: Known, wanted: Command) -> bytes:
    """Return the value field of a metric: a negative integer as the two's complement of its type."""
    if known.datatype == IS_BOOLEAN:
        return field(14, int(switched(wanted)))
    scale = _scale(known)
    value = wanted.value if scale is None else scale.undo(wanted.value)
    if known.datatype == FLOAT_TYPE:
        return fixed(12, pack("<f", value))
    if known.datatype in FLOATS:
        return fixed(13, pack("<d", value))
    bits, signed = INTEGERS[known.datatype]
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    raw = whole(Command(wanted.channel, value), low, high) & ((1 << bits) - 1)
    return field(11 if bits == 64 else 10, raw)  # noqa: PLR2004 — long_value


BIRTH = bytes.fromhex(
    "0880b8e2848433120b0a05626453657120085800121a0a144e6f646520436f6e74726f6c2f52656269727468200b7000"
    "121f0a104f76656e2f54656d70657261747572651001200a690000000000d0664012110a094f76656e2f446f6f721002200b70001800"
)
"""NBIRTH of wire_formats.md §7: Oven/Temperature (alias 1) 182.5, Oven/Door (alias 2) false, bdSeq 0."""
DATA = bytes.fromhex("0888dfe2848433120d1001200a690000000000e866401801")
"""NDATA with seq 1: alias 1 is 183.25."""
DEATH = field(2, field(1, b"bdSeq") + field(4, 8) + field(11, 0))
NODE = f"{ROOT}/Workshop/NBIRTH/gateway1"
LINE = f"{ROOT}/Workshop/NBIRTH/line"
LINE_BIRTH = (
    field(2, field(1, b"bdSeq") + field(4, 8) + field(11, 0))
    + field(2, field(1, b"Outputs/Pump") + field(2, 5) + field(4, IS_BOOLEAN) + field(14, 0))
    + field(3, 0)
)
IN_FAHRENHEIT = field(9, field(1, b"engUnit") + field(2, field(1, 12) + field(8, "°F".encode())))
DEVICE_BIRTH = field(1, 1_753_430_406_000) + field(
    2, field(1, b"Cooler/Level") + field(2, 7) + field(4, 1) + field(10, 0xFFFF_FFFB)
)
WRITABLE_FAHRENHEIT = (
    field(1, b"engUnit")
    + field(1, b"readOnly")
    + field(2, field(1, 12) + field(8, "°F".encode()))
    + field(2, field(1, 11) + field(7, 0))
)
OVEN_BIRTH = (
    field(2, field(1, b"Set point") + field(4, 2) + field(10, 212) + field(9, WRITABLE_FAHRENHEIT))
    + field(2, field(1, b"Door") + field(4, IS_BOOLEAN) + field(14, 0))
    + field(3, 1)
)
DEVICE_BIRTH += field(2, field(1, b"Outlet") + field(4, 3) + field(10, 212) + IN_FAHRENHEIT) + field(3, 1)

DRIVER = Driver(
    model="sparkplug",
    family="sparkplug",
    title="Sparkplug B",
    source="https://github.com/eclipse-sparkplug/sparkplug (specification 3.0, chapters 4 and 6); wire_formats.md §7",
    topics=(f"{ROOT}/#",),
    scope=scope,
    open_channels=True,
    context=Context,
    believed=DAY_AND_AN_HOUR,
    decode=decode,
    asks_qos=0,
    settable=settable,
    command=command,
    commandings=(
        Commanding(
            before=((LINE, LINE_BIRTH),),
            channel="outputs_pump",
            value=1,
            sends=(
                (
                    f"{ROOT}/Workshop/NCMD/line",
                    field(1, 0) + field(2, field(2, 5) + field(3, 0) + field(4, IS_BOOLEAN) + field(14, 1)),
                ),
            ),
            report=(
                f"{ROOT}/Workshop/NDATA/line",
                field(2, field(2, 5) + field(14, 1)) + field(3, 1),
            ),
            qos=0,
        ),
        Commanding(
            before=((LINE, LINE_BIRTH), (f"{ROOT}/Workshop/DBIRTH/line/oven 2", OVEN_BIRTH)),
            channel="set_point",
            value=-20,
            sends=(
                (
                    f"{ROOT}/Workshop/DCMD/line/oven 2",
                    field(1, 0) + field(2, field(1, b"Set point") + field(3, 0) + field(4, 2) + field(10, 0xFFFC)),
                ),
            ),
            report=(
                f"{ROOT}/Workshop/DDATA/line/oven 2",
                field(2, field(1, b"Set point") + field(4, 2) + field(10, 0xFFFC)) + field(3, 2),
            ),
            qos=0,
        ),
    ),
    channels=(),
    examples=(
        Example(
            topic=NODE,
            payload=BIRTH,
            device="sparkplug:Workshop/gateway1",
            kind=Kind.READINGS,
            values={"oven_temperature": 182.5, "oven_door": 0},
            availability=Availability.ONLINE,
        ),
        Example(
            topic=f"{ROOT}/Workshop/NDATA/gateway1",
            payload=DATA,
            before=((NODE, BIRTH),),
            device="sparkplug:Workshop/gateway1",
            kind=Kind.READINGS,
            values={"oven_temperature": 183.25},
        ),
        Example(
            topic=f"{ROOT}/Workshop/DBIRTH/gateway1/cooler 2",
            payload=DEVICE_BIRTH,
            before=((NODE, BIRTH),),
            device="sparkplug:Workshop/gateway1/cooler 2",
            kind=Kind.READINGS,
            values={"cooler_level": -5, "outlet": 100},
            availability=Availability.ONLINE,
        ),
        Example(
            topic=f"{ROOT}/Workshop/DDATA/gateway1/cooler 2",
            payload=field(2, field(2, 7) + field(10, 12)) + field(3, 4),
            before=((NODE, BIRTH), (f"{ROOT}/Workshop/DBIRTH/gateway1/cooler 2", DEVICE_BIRTH)),
            values={"cooler_level": 12},
            rejected=("seq",),
        ),
        Example(
            topic=f"{ROOT}/Workshop/NDATA/gateway9",
            payload=field(2, field(1, b"Oven/Door") + field(4, IS_BOOLEAN) + field(14, 1)) + field(3, 40),
            values={"oven_door": 1},
            rejected=("birth",),
        ),
        Example(
            topic=f"{ROOT}/Workshop/NDEATH/gateway1",
            payload=DEATH,
            before=((NODE, BIRTH),),
            kind=Kind.AVAILABILITY,
            availability=Availability.OFFLINE,
        ),
        Example(topic=f"{ROOT}/Workshop/NCMD/gateway1", payload=rebirth("", 0)[1], kind=Kind.COMMAND),
        Example(
            topic=f"{ROOT}/STATE/scada",
            payload=b'{"online":true,"timestamp":1753430400000}',
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example.refused(f"{ROOT}/Workshop/NDATA/gateway1", DATA, because="alias 1: has no name"),
        Example.refused(f"{ROOT}/Workshop/NDATA/gateway1", DATA[:-3], because="ends in the middle of a field"),
        Example.refused(f"{ROOT}/Workshop/DDATA/gateway1", DATA, because="DDATA needs one device"),
    ),
)
