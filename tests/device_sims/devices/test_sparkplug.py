"""The fake Sparkplug edge node: births, data, deaths, sequence numbers, and the commands it obeys."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.devices import Device, Moment, Numbered, Packet, View, _protobuf, make, qos, sparkplug
from device_sims.devices.sparkplug import Type, _metric, payload
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled
from hub.model import Availability, Kind, Message
from hub.registry import Contexts, Registry, load_drivers

FIELDS = {
    "oven": {"field": "Oven/Temperature", "id": ""},
    "fan": {"field": "Oven/Fan", "id": ""},
    "speed": {"field": "Speed", "id": "belt"},
}
OPTIONS = {
    "types": {"Oven/Fan": "Boolean", "Speed": "Int16"},
    "units": {"Oven/Temperature": "°C"},
    "writable": ["Oven/Fan", "Speed"],
}
VALUES: dict[str, Sampled] = {"oven": 182.5, "fan": 0.0, "speed": -12.0}
START = datetime(2025, 7, 25, 8, tzinfo=UTC)
STAMP_MS = int(START.timestamp()) * 1000
BASE = "spBv1.0/sim-workshop"
DRIVERS = load_drivers()


def device(**options: object) -> Device:
    """Return an edge node with an oven, and a belt behind it."""
    return make("sparkplug", "edge-sim", FIELDS, {**OPTIONS, **options})


def view(time_s: int = 0, **values: Sampled) -> View:
    """Return the node at 2025-07-25T08:00:00Z and so many seconds."""
    return View(Moment(START, UTC, time_s, 1000 + time_s), VALUES | values, {})


def words(packets: list[Packet] | tuple[Packet, ...]) -> list[str]:
    """Return the topics below the group."""
    return [packet.topic.removeprefix(f"{BASE}/") for packet in packets]


def seqs(packets: list[Packet] | tuple[Packet, ...]) -> list[int | bytes | None]:
    """Return the sequence numbers."""
    return [dict(_protobuf.fields(packet.payload)).get(3) for packet in packets]


def test_a_birth_is_the_printed_one() -> None:
    """The bytes of wire_formats.md §7: NBIRTH with bdSeq, Rebirth and two metrics; NDATA by its alias."""
    birth = [
        _metric("bdSeq", value=0, kind="UInt64"),
        _metric("Node Control/Rebirth", value=0, kind="Boolean"),
        _metric("Oven/Temperature", value=182.5, kind="Double", alias=1),
        _metric("Oven/Door", value=0, kind="Boolean", alias=2),
    ]
    assert payload(birth, stamp_ms=STAMP_MS, seq=0).hex() == (
        "0880b8e2848433120b0a05626453657120085800121a0a144e6f646520436f6e74726f6c2f52656269727468200b7000121f0a10"
        "4f76656e2f54656d70657261747572651001200a690000000000d0664012110a094f76656e2f446f6f721002200b70001800"
    )
    data = [_metric("", value=183.25, kind="Double", alias=1)]
    assert payload(data, stamp_ms=STAMP_MS + 5000, seq=1).hex() == "0888dfe2848433120d1001200a690000000000e866401801"


def test_the_node_is_born_first_and_then_its_devices() -> None:
    """One sequence for all, from 0 at each birth; data follow."""
    one = device()
    born = one.birth(view())
    told = one.report(view(10))
    assert words(born) == ["NBIRTH/edge-sim", "DBIRTH/edge-sim/belt"]
    assert words(told) == ["NDATA/edge-sim", "DDATA/edge-sim/belt"]
    assert seqs([*born, *told]) == [0, 1, 2, 3]
    assert seqs(one.birth(view(20))) == [0, 1]
    assert not any(packet.retain for packet in born)
    assert qos(one) == 0


def test_the_sequence_goes_round() -> None:
    """255, then 0."""
    one = device()
    one.birth(view())
    found = [number for second in range(200) for number in seqs(one.report(view(second)))]
    assert all(isinstance(number, int) for number in found)
    assert 255 in found
    assert all((int(after or 0) - int(before or 0)) % 256 == 1 for before, after in pairwise(found))


def test_each_connection_has_a_death_of_its_own() -> None:
    """Number 0, 1, …, 255, 0: that of the will, and of the births that follow; a death has no sequence number."""
    one = device()
    assert isinstance(one, Numbered)
    for number in [*range(256), 0]:
        will = one.connecting()
        assert will == one.will
        metric = dict(_protobuf.fields(will.payload))
        assert 3 not in metric
        assert dict(_protobuf.fields(bytes(metric[2])))[11] == number
        assert _metric("bdSeq", value=number, kind="UInt64") in one.birth(view())[0].payload
    assert will.topic == f"{BASE}/NDEATH/edge-sim"


def heard(packets: list[Packet]) -> list[tuple[str, Kind, Availability | None, dict[str, float]]]:
    """Return what the hub makes of messages: device, kind, availability, values."""
    registry, contexts = Registry(DRIVERS), Contexts()
    found = []
    for packet in packets:
        outcome = registry.decode(Message(packet.topic, packet.payload, int(START.timestamp()) * 10**9), contexts)
        decoded = outcome.decoded
        assert decoded is not None, outcome.reason
        assert not decoded.rejected
        assert not decoded.missed
        values = {sample.channel: sample.value for sample in decoded.samples}
        found.append((decoded.device, decoded.kind, decoded.availability, values))
    return found


def test_the_hub_reads_births_data_and_the_death() -> None:
    """Under the announced name and the device's behind it; by alias."""
    one = device()
    packets = [*one.birth(view()), *one.report(view(10, oven=183.25)), one.will or Packet("", b"")]
    assert heard(packets) == [
        (one.uid, Kind.READINGS, Availability.ONLINE, {"oven_temperature": 182.5, "oven_fan": 0}),
        (f"{one.uid}/belt", Kind.READINGS, Availability.ONLINE, {"speed": -12}),
        (one.uid, Kind.READINGS, None, {"oven_temperature": 183.25, "oven_fan": 0}),
        (f"{one.uid}/belt", Kind.READINGS, None, {"speed": -12}),
        (one.uid, Kind.AVAILABILITY, Availability.OFFLINE, {}),
    ]


@pytest.mark.parametrize("kind", sparkplug.CODES)
@settings(max_examples=15, deadline=None)
@given(value=st.floats(-1e5, 1e5))
def test_every_type_arrives_as_the_hub_reads_it(kind: Type, value: float) -> None:
    """Integers rounded, and held in their range; negative ones too; booleans 1 or 0."""
    fields = {"x": {"field": "X", "id": ""}}
    one = make("sparkplug", "a-sim", fields, {"types": {"X": kind}, "aliases": False})
    moment = View(view().now, {"x": value}, {})
    read = heard([*one.birth(moment), *one.report(moment)])[1][3]["x"]
    if kind == "Boolean":
        assert read == (value != 0)
    elif kind in {"Float", "Double"}:
        assert read == pytest.approx(value, rel=1e-6)
    else:
        bits, low = int(kind.lstrip("UInt")), kind.startswith("I")
        least = -(2 ** (bits - 1)) if low else 0
        assert read == min(max(round(value), least), least + 2**bits - 1)


def test_a_lost_value_is_null_or_not_there() -> None:
    """Unplugged: null, which is no reading; dropped: no metric; both are null in a birth."""
    one = device()
    null = _metric("Oven/Temperature", value=None, kind="Double", alias=1, stamp_ms=STAMP_MS, unit="°C")
    assert null in one.birth(view(oven=Lost.DROPPED))[0].payload
    nameless = _metric("", value=None, kind="Double", alias=1, stamp_ms=STAMP_MS)
    assert nameless in one.report(view(oven=Lost.UNPLUGGED))[0].payload
    assert b"\x10\x01\x18" not in one.report(view(oven=Lost.DROPPED))[0].payload  # alias 1
    lost: dict[str, Sampled] = dict.fromkeys(VALUES, Lost.DROPPED)
    assert one.report(view(30, **lost)) == []


def test_by_exception_only_changes_are_told() -> None:
    """Nothing where nothing changed."""
    one = device(by_exception=True)
    one.birth(view())
    assert one.report(view(10)) == []
    assert words(one.report(view(20, speed=-11.0))) == ["DDATA/edge-sim/belt"]
    assert one.report(view(30, speed=-11.0)) == []


def written(name: str, **value: float) -> bytes:
    """Return a command that writes one metric."""
    (kind,) = value
    fields = {
        "boolean": lambda: _protobuf.integer(14, int(value[kind])),
        "integer": lambda: _protobuf.integer(10, int(value[kind]) & 0xFFFF_FFFF),
        "double": lambda: _protobuf.double(13, value[kind]),
        "single": lambda: _protobuf.single(12, value[kind]),
    }
    return _protobuf.octets(2, _protobuf.octets(1, name.encode()) + fields[kind]())


NCMD, DCMD = f"{BASE}/NCMD/edge-sim", f"{BASE}/DCMD/edge-sim/belt"


def test_a_rebirth_keeps_the_connections_number() -> None:
    """`Node Control/Rebirth` true: all births again, from 0; false asks for nothing."""
    one = device()
    assert isinstance(one, Numbered)
    one.connecting()
    one.birth(view())
    one.report(view(10))
    reply = one.command(view(20), NCMD, written("Node Control/Rebirth", boolean=1))
    assert words(reply.packets) == ["NBIRTH/edge-sim", "DBIRTH/edge-sim/belt"]
    assert seqs(reply.packets) == [0, 1]
    assert _metric("bdSeq", value=0, kind="UInt64") in reply.packets[0].payload
    assert one.command(view(30), NCMD, written("Node Control/Rebirth", boolean=0)) == ((), {}, None)
    assert one.command(view(30), DCMD, written("Node Control/Rebirth", boolean=1)) == ((), {}, None)


def test_what_is_written_is_obeyed_and_reported_back() -> None:
    """The order, then its data; what is so already is reported at once."""
    one = device()
    one.birth(view())
    assert one.command(view(10), NCMD, written("Oven/Fan", boolean=1)) == ((), {"fan": 1.0}, None)
    assert words(one.changed(view(10, fan=1.0), frozenset({"fan"}))) == ["NDATA/edge-sim"]
    reply = one.command(view(20, fan=1.0), NCMD, written("Oven/Fan", boolean=1))
    assert (words(reply.packets), reply.orders) == (["NDATA/edge-sim"], {"fan": 1.0})
    assert one.command(view(), DCMD, written("Speed", integer=-40)).orders == {"speed": -40.0}
    by_alias = _protobuf.octets(2, _protobuf.integer(2, 3) + _protobuf.integer(10, 7))
    assert one.command(view(), DCMD, by_alias).orders == {"speed": 7.0}


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        (NCMD, written("Oven/Temperature", double=1.0)),
        (NCMD, written("Speed", integer=1)),
        (DCMD, written("Oven/Fan", boolean=1)),
        (DCMD, written("Speed", double=float("nan"))),
        (DCMD, written("Speed", single=float("inf"))),
        (DCMD, _protobuf.octets(2, _protobuf.octets(1, b"Speed") + _protobuf.octets(13, b"123"))),
        (NCMD, b""),
        (NCMD, b"\xff"),
        (NCMD, b"\x12\x05\x0a"),
        (NCMD, b"\x13"),
        (NCMD, b"\x80" * 20),
    ],
)
def test_what_cannot_be_written_changes_nothing(topic: str, said: bytes) -> None:
    """Not writable, of another part, no number, no protobuf."""
    assert device().command(view(), topic, said) == ((), {}, None)


@given(data=st.binary(max_size=60))
def test_no_bytes_escape_a_command(data: bytes) -> None:
    """An answer, whatever comes."""
    assert device().command(view(), NCMD, data).period_s is None


@given(number=st.integers(1, 500), value=st.integers(0, 2**64 - 1))
def test_an_integer_survives_the_wire(number: int, value: int) -> None:
    """Varints of one to ten octets."""
    assert _protobuf.fields(_protobuf.integer(number, value)) == [(number, value)]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"group": "workshop"}, "contains `sim`"),
        ({"group": "sim/a"}, "none of"),
        ({"types": {"Oven/Fan": "Text"}}, "types"),
        ({"units": {"Door": "°C"}}, "no field"),
        ({"writable": ["Door"]}, "no field"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, object], reason: str) -> None:
    """When the scenario is read."""
    with pytest.raises(SimulationError, match=reason):
        device(**options)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"a": {"field": "X", "id": ""}, "b": {"field": "X", "id": ""}}, "given twice"),
        ({"a": {"field": "X", "id": "belt/2"}}, "none of"),
    ],
)
def test_a_field_that_cannot_be_is_refused(fields: dict[str, dict[str, str]], reason: str) -> None:
    """The same name in two devices is legal, twice in one is not."""
    with pytest.raises(SimulationError, match=reason):
        make("sparkplug", "a-sim", fields)
    make("sparkplug", "a-sim", {"a": {"field": "X", "id": "one"}, "b": {"field": "X", "id": "two"}})
