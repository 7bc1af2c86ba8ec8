"""Sparkplug B: births name the metrics, data follows them by number, deaths silence everybody behind a node."""

from struct import pack

import pytest

from hub.driver import Decoded
from hub.drivers._protobuf import field, varint
from hub.model import Availability, Kind, Message, Quality
from hub.registry import Contexts
from servers.decoding import NOW, REGISTRY, full, outcome, refusal, understood, values

ROOT = "spBv1.0/Work shop"
NBIRTH, NDATA, NDEATH = (f"{ROOT}/{verb}/edge 1" for verb in ("NBIRTH", "NDATA", "NDEATH"))
DBIRTH, DDATA, DDEATH = (f"{ROOT}/{verb}/edge 1/plc" for verb in ("DBIRTH", "DDATA", "DDEATH"))
STAMP = 1_753_430_400_000
INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT, DOUBLE, BOOLEAN, STRING, TIME, TEXT = range(1, 15)


def metric(name: str | None = None, *rest: bytes, alias: int | None = None, datatype: int | None = None) -> bytes:
    """Return a metric as it lies in a payload."""
    inside = b"" if name is None else field(1, name.encode())
    inside += b"" if alias is None else field(2, alias)
    inside += b"" if datatype is None else field(4, datatype)
    return field(2, inside + b"".join(rest))


def double(value: float) -> bytes:
    """Return a double_value."""
    return b"\x69" + pack("<d", value)


def single(value: float) -> bytes:
    """Return a float_value."""
    return b"\x65" + pack("<f", value)


def prop(name: str, value: bytes) -> bytes:
    """Return a property set of one property."""
    return field(9, field(1, name.encode()) + field(2, value))


def payload(*metrics: bytes, seq: int | None = None, stamp: int | None = STAMP) -> bytes:
    """Return a payload."""
    out = b"" if stamp is None else field(1, stamp)
    return out + b"".join(metrics) + (b"" if seq is None else field(3, seq))


def born(bd_seq: int = 0, *metrics: bytes) -> tuple[str, bytes]:
    """Return a birth of the node: alias 1 is a temperature."""
    alias = metric("Oven/Temperature", double(180), alias=1, datatype=DOUBLE)
    return NBIRTH, payload(metric("bdSeq", field(11, bd_seq), datatype=UINT64), alias, *metrics, seq=0)


DEVICE_BORN = (DBIRTH, payload(metric("Level", field(10, 3), alias=2, datatype=INT8), seq=1))


def reason(decoded: Decoded, what: str) -> str:
    """Return why something was rejected."""
    return decoded.rejected[what]


def test_a_birth_is_read_and_says_who_is_there() -> None:
    """Its values count; bdSeq and Node Control are no measures; ids may hold spaces."""
    said = understood(*born(7, metric("Node Control/Rebirth", field(14, 0), datatype=BOOLEAN)))
    assert (said.device, said.kind, said.availability) == (
        "sparkplug:Work shop/edge 1",
        Kind.READINGS,
        Availability.ONLINE,
    )
    assert {(s.channel, s.value, s.measured) for s in said.samples} == {("oven_temperature", 180.0, STAMP * 10**6)}
    assert said.rejected == {}


def test_an_alias_is_named_by_its_birth() -> None:
    """The datatype too comes from there."""
    assert values(NDATA, payload(metric(None, double(183.25), alias=1), seq=1), born()) == {"oven_temperature": 183.25}


def test_an_alias_without_birth_is_refused_and_a_rebirth_asked_for() -> None:
    """Nobody can name it; the request carries a time and no sequence number."""
    found = outcome(NDATA, payload(metric(None, double(1), alias=1), seq=1))
    assert "alias 1: has no name" in (found.reason or "")
    ((topic, request),) = found.asks
    assert topic == f"{ROOT}/NCMD/edge 1"
    assert request == field(1, NOW // 10**6) + metric("Node Control/Rebirth", field(14, 1), datatype=BOOLEAN)


def test_our_own_request_is_understood_as_a_command() -> None:
    """It comes back by our own subscription."""
    ((topic, request),) = outcome(NDATA, payload(metric(None, double(1), alias=1), seq=1)).asks
    assert understood(topic, request).kind is Kind.COMMAND


def test_a_named_metric_is_read_without_birth() -> None:
    """It is said that the birth is missing, and a rebirth is asked for."""
    said = understood(NDATA, payload(metric("Door", field(14, 0), datatype=BOOLEAN), seq=9))
    assert {s.channel: s.value for s in said.samples} == {"door": 0}
    assert "NBIRTH" in reason(said, "birth")
    assert len(said.asks) == 1


def test_a_device_without_birth_behind_a_node_that_was_born() -> None:
    """Its own birth is missing."""
    said = understood(DDATA, payload(metric("Level", field(10, 4), datatype=INT8), seq=1), born())
    assert "DBIRTH" in reason(said, "birth")


def test_node_and_devices_share_one_counter() -> None:
    """0 the node's birth, 1 the device's, 2 its data, 3 the node's data."""
    device = (DDATA, payload(metric(None, field(10, 4), alias=2), seq=2))
    said = understood(NDATA, payload(metric(None, double(1), alias=1), seq=3), born(), DEVICE_BORN, device)
    assert (said.rejected, said.asks) == ({}, ())
    assert values(*device, born(), DEVICE_BORN) == {"level": 4}


def test_after_255_comes_0() -> None:
    """No gap is reported."""
    before = [(NDATA, payload(metric(None, double(n), alias=1), seq=n)) for n in range(1, 256)]
    said = understood(NDATA, payload(metric(None, double(1), alias=1), seq=0), born(), *before)
    assert (said.rejected, said.asks) == ({}, ())


@pytest.mark.parametrize(("seq", "lost"), [(2, 1), (5, 4), (255, 254), (0, 255)])
def test_a_gap_is_reported_once_and_the_value_kept(seq: int, lost: int) -> None:
    """With a rebirth request; then the count goes on from there."""
    gap = (NDATA, payload(metric(None, double(2), alias=1), seq=seq))
    one = (NDATA, payload(metric(None, double(1), alias=1), seq=1))
    before = [born()] if seq else [born(), one]
    said = understood(*gap, *before)
    lost = lost if seq else 254
    assert f"{lost} messages were not heard" in reason(said, "seq")
    assert [s.value for s in said.samples] == [2]
    assert len(said.asks) == 1
    then = understood(NDATA, payload(metric(None, double(3), alias=1), seq=(seq + 1) % 256), *before, gap)
    assert then.rejected == {}


def test_a_refused_message_counts_all_the_same() -> None:
    """Its number was heard, so nothing is missing after it."""
    null = (NDATA, payload(metric(None, field(7, 1), alias=1), seq=1))
    assert "is_null" in refusal(*null, born())
    assert understood(NDATA, payload(metric(None, double(3), alias=1), seq=2), born(), null).rejected == {}


@pytest.mark.parametrize(("seq", "because"), [(None, "no sequence number"), (300, "none from 0 to 255")])
def test_a_number_that_is_none(seq: int | None, because: str) -> None:
    """Is said; the value stands."""
    said = understood(NDATA, payload(metric(None, double(3), alias=1), seq=seq), born())
    assert because in reason(said, "seq")
    assert len(said.samples) == 1


def test_a_birth_that_does_not_start_at_0() -> None:
    """Is said; it counts."""
    said = understood(NBIRTH, payload(metric("T", double(1), datatype=DOUBLE), seq=3))
    assert "number 0, not 3" in reason(said, "seq")


@pytest.mark.parametrize(
    ("datatype", "raw", "value"),
    [
        (INT8, field(10, 0xFB), -5),
        (INT8, field(10, 0xFFFF_FFFB), -5),
        (INT16, field(10, 0xFFFE), -2),
        (INT32, field(10, 0xFFFF_FFFF), -1),
        (INT32, field(10, 2**64 - 7), -7),
        (INT64, field(11, 2**64 - 9), -9),
        (INT64, field(10, 12), 12),
        (UINT8, field(10, 0xFB), 251),
        (UINT16, field(10, 65_535), 65_535),
        (UINT32, field(11, 4_000_000_000), 4_000_000_000),
        (UINT64, field(11, 2**64 - 1), float(2**64 - 1)),
        (FLOAT, single(21.5), 21.5),
        (DOUBLE, double(-0.25), -0.25),
        (BOOLEAN, field(14, 1), 1),
        (BOOLEAN, field(14, 0), 0),
    ],
)
def test_datatypes(datatype: int, raw: bytes, value: float) -> None:
    """Negative integers are two's complement of their width."""
    assert values(NBIRTH, payload(metric("X", raw, datatype=datatype), seq=0)) == {"x": value}


@pytest.mark.parametrize(
    ("datatype", "raw"),
    [
        (STRING, field(15, b"42")),
        (TEXT, field(15, b"42")),
        (TIME, field(11, STAMP)),
        (17, field(16, b"\1")),
        (16, field(17, b"")),
    ],
)
def test_texts_times_and_tables_are_no_measures(datatype: int, raw: bytes) -> None:
    """Nothing is stored, nothing is wrong."""
    said = understood(NBIRTH, payload(metric("X", raw, datatype=datatype), seq=0))
    assert (said.kind, said.samples, said.rejected) == (Kind.AVAILABILITY, (), {})


@pytest.mark.parametrize(
    ("raw", "datatype", "because"),
    [
        (field(7, 1), DOUBLE, "is_null"),
        (b"", DOUBLE, "no value of its datatype"),
        (double(float("nan")), DOUBLE, "not a finite number"),
        (single(float("inf")), FLOAT, "not a finite number"),
        (double(1), INT32, "no value of its datatype"),
        (field(10, 1), 99, "datatype 99 is unknown"),
        (field(10, 0xFFFF_FFFF), None, "whether this integer is negative"),
    ],
)
def test_values_that_are_none(raw: bytes, datatype: int | None, because: str) -> None:
    """Are rejected with their names; the neighbours stand."""
    said = understood(
        NBIRTH, payload(metric("X", raw, datatype=datatype), metric("Y", double(1), datatype=DOUBLE), seq=0)
    )
    assert because in reason(said, "X")
    assert [s.channel for s in said.samples] == ["y"]


def test_a_metrics_own_time_and_history() -> None:
    """Its time before the payload's; what is historical is marked so."""
    old = metric(None, field(3, STAMP - 60_001), field(5, 1), double(170), alias=1)
    said = understood(NDATA, payload(old, metric(None, double(183), alias=1), seq=1), born())
    assert [(s.value, s.measured, s.historical) for s in said.samples] == [
        (170, (STAMP - 60_001) * 10**6, True),
        (183, STAMP * 10**6, False),
    ]


def test_two_values_of_one_moment() -> None:
    """The second is rejected: none overwrites another."""
    said = understood(NDATA, payload(*[metric(None, double(n), alias=1) for n in (1, 2)], seq=1), born())
    assert [s.value for s in said.samples] == [1]
    assert "same time" in reason(said, "Oven/Temperature")


def test_names_that_read_alike_stay_two() -> None:
    """In the order of the birth."""
    names = ("Oven/Temp", "oven temp", "1st")
    said = payload(*[metric(name, double(n), datatype=DOUBLE) for n, name in enumerate(names)], seq=0)
    assert values(NBIRTH, said) == {"oven_temp": 0, "oven_temp_2": 1, "n1st": 2}


@pytest.mark.parametrize("name", ["engUnit", "Engineering Units", "unit"])
def test_a_unit_only_from_a_property(name: str) -> None:
    """Converted, and remembered for the data after the birth."""
    hot = metric("T", double(212), prop(name, field(1, STRING) + field(8, b"\xc2\xb0F")), alias=3, datatype=DOUBLE)
    assert full(*born(0, hot)) == {"oven_temperature": (180, None, "good"), "t": (100, "°C", "good")}
    assert full(NDATA, payload(metric(None, double(32), alias=3), seq=1), born(0, hot)) == {"t": (0, "°C", "good")}


def test_an_unknown_unit_word_rejects_the_value() -> None:
    """It never falls back to none."""
    odd = metric("T", double(212), prop("engUnit", field(8, b"furlong")), datatype=DOUBLE)
    assert "not a known unit" in reason(understood(*born(0, odd)), "T")


@pytest.mark.parametrize(("code", "quality"), [(0, Quality.BAD), (192, Quality.GOOD), (500, Quality.UNCERTAIN)])
def test_the_property_quality(code: int, quality: Quality) -> None:
    """0 bad, 192 good, 500 stale."""
    said = understood(*born(0, metric("T", double(1), prop("Quality", field(1, 3) + field(3, code)), datatype=DOUBLE)))
    assert {s.channel: s.quality for s in said.samples}["t"] is quality


def test_a_nodes_death_takes_its_devices_with_it() -> None:
    """Its aliases mean nothing from then on."""
    death = (NDEATH, payload(metric("bdSeq", field(11, 4), datatype=INT64), stamp=None))
    said = understood(*death, born(4), DEVICE_BORN)
    assert (said.kind, said.availability) == (Kind.AVAILABILITY, Availability.OFFLINE)
    assert [(a.device, a.availability) for a in said.announces] == [
        ("sparkplug:Work shop/edge 1/plc", Availability.OFFLINE)
    ]
    assert "no name" in refusal(NDATA, payload(metric(None, double(1), alias=1), seq=2), born(4), DEVICE_BORN, death)
    assert understood(*death, born(4), DEVICE_BORN, death).availability is Availability.OFFLINE


@pytest.mark.parametrize("before", [(born(5),), ()], ids=["an older connection's will", "no birth heard"])
def test_a_death_of_another_life_is_ignored(before: tuple[tuple[str, bytes], ...]) -> None:
    """It says nobody's availability, and the life goes on."""
    death = (NDEATH, payload(metric("bdSeq", field(11, 4), datatype=INT64), stamp=None))
    said = understood(*death, *before)
    assert (said.kind, said.availability, said.announces) == (Kind.AVAILABILITY, None, ())
    assert "bdSeq" in said.rejected
    if before:
        data = payload(metric(None, double(1), alias=1), seq=1)
        assert values(NDATA, data, *before, death) == {"oven_temperature": 1}


def test_a_devices_death_counts_and_leaves_its_node_alive() -> None:
    """It has a number of the node's counter."""
    death = (DDEATH, payload(seq=2))
    said = understood(*death, born(), DEVICE_BORN)
    assert (said.device, said.availability) == ("sparkplug:Work shop/edge 1/plc", Availability.OFFLINE)
    assert understood(NDATA, payload(metric(None, double(1), alias=1), seq=3), born(), DEVICE_BORN, death).asks == ()
    assert "no name" in refusal(DDATA, payload(metric(None, field(10, 1), alias=2), seq=3), born(), DEVICE_BORN, death)


def test_a_new_birth_forgets_the_aliases_of_the_devices() -> None:
    """They are born again after it, or ask for it."""
    found = outcome(DDATA, payload(metric(None, field(10, 1), alias=2), seq=1), born(), DEVICE_BORN, born(1))
    assert found.decoded is None
    assert found.asks


def test_the_state_of_a_host_is_no_device() -> None:
    """JSON, retained; the text of version 2 is refused."""
    topic = "spBv1.0/STATE/scada 1"
    said = understood(topic, '{"online":false,"timestamp":1}')
    assert (said.kind, said.availability, said.speaks_for_others) == (Kind.AVAILABILITY, Availability.OFFLINE, True)
    assert "not JSON" in refusal(topic, "OFFLINE")
    assert "online is 1" in refusal(topic, '{"online":1}')


@pytest.mark.parametrize("topic", [f"{ROOT}/NCMD/edge 1", f"{ROOT}/DCMD/edge 1/plc"])
def test_commands_seen_passing(topic: str) -> None:
    """Whatever they hold."""
    assert understood(topic, b"\xff").kind is Kind.COMMAND


@pytest.mark.parametrize(
    ("topic", "content", "because"),
    [
        (NDATA, b"", "empty payload"),
        (NDATA, b"\xff" * 12, "more than ten bytes"),
        (NDATA, b"\x12\x7f", "ends in the middle"),
        (NDATA, b"\x0b", "wire type 3"),
        (NDATA, field(4, b"SPBV1.0_COMPRESSED") + field(5, b"x"), "compressed"),
        (NDATA, payload(metric("", double(1)), seq=1), "empty, too long or unreadable name"),
        (NDATA, payload(metric(None, double(1)), seq=1), "neither name nor alias"),
        (f"{ROOT}/NDATA/edge 1/plc", b"\x18\x01", "NDATA has no device"),
        (f"{ROOT}/DDATA/edge 1", b"\x18\x01", "DDATA needs one"),
        (f"{ROOT}/XDATA/edge 1", b"\x18\x01", "no Sparkplug message type"),
        (f"{ROOT}/NDATA", b"\x18\x01", "is not spBv1.0/group"),
        (f"{ROOT}/NDATA/", b"\x18\x01", "is not spBv1.0/group"),
    ],
)
def test_refusals(topic: str, content: bytes, because: str) -> None:
    """In plain words."""
    assert because in refusal(topic, content)


def test_a_hundred_thousand_metrics_are_cut() -> None:
    """What is remembered of a hostile birth stays small."""
    contexts: Contexts = {}
    many = payload(*[metric(f"m{n}", field(10, 1), alias=n, datatype=INT8) for n in range(30_000)], seq=0)
    assert "more" in understood(NBIRTH, many, contexts=contexts).rejected["…"]
    ((_, context),) = contexts.items()
    assert len(context.parts[""].metrics) <= 10_000
    for n in range(600):
        REGISTRY.decode(Message(f"{DBIRTH}{n}", payload(seq=1), NOW), contexts)
    ((_, context),) = contexts.items()
    assert len(context.parts) <= 502


def test_varints_of_every_length() -> None:
    """As the format's own examples: 1, 150, and the largest of 64 bits."""
    assert (varint(1), varint(150)) == (b"\x01", b"\x96\x01")
    assert len(varint(2**64 - 1)) == 10
