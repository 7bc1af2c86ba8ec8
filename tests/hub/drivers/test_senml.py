"""SenML packs: resolved names, times and units, on its own topics and wherever a pack is met."""

import json
from typing import Any

import pytest

from hub.model import Kind
from servers.decoding import NOW, full, outcome, refusal, understood, values

HERE = "senml/any/thing"
URN = "urn:dev:ow:10e2073a0108006"


def pack(*records: object) -> str:
    """Return a pack."""
    return json.dumps(records)


def record(n: str = "x", **more: Any) -> dict[str, Any]:  # noqa: ANN401 — any JSON
    """Return a record."""
    return {"n": n} | more


def test_one_record_of_a_device() -> None:
    """Its name is the device, its unit the channel, its time the arrival."""
    said = understood(HERE, pack(record(f"{URN}3", u="Cel", v=23.1)))
    assert said.device == f"senml:{URN}3"
    ((sample),) = said.samples
    assert (sample.channel, sample.value, sample.unit, sample.measured) == ("temperature", 23.1, "°C", None)


MANY = [
    {"bn": f"{URN}:", "bt": 1.276020076001e09, "bu": "A", "bver": 5, "n": "voltage", "u": "V", "v": 120.1},
    *[record("current", t=n - 6, v=round(1.1 + n / 10, 1)) for n in range(1, 6)],
    record("current", v=1.7),
]


def test_base_fields_hold_until_replaced() -> None:
    """Seven readings, the older ones history (RFC 8428 §5.1.2)."""
    said = understood(HERE, pack(*MANY))
    at = 1_276_020_076_001
    assert said.device == f"senml:{URN}"
    assert [(s.channel, s.value, s.unit, s.measured, s.historical) for s in said.samples] == [
        ("voltage", 120.1, "V", at * 10**6, False),
        *[("current", round(1.1 + n / 10, 1), "A", (at + (n - 6) * 1000) * 10**6, True) for n in range(1, 6)],
        ("current", 1.7, "A", at * 10**6, False),
    ]


def test_resolved_records_say_the_same() -> None:
    """A name in full is split as the base name would be."""
    resolved = understood(HERE, pack(record(f"{URN}:voltage", u="V", t=1.276020076001e09, v=120.1)))
    assert (resolved.device, resolved.samples) == (f"senml:{URN}", understood(HERE, pack(MANY[0])).samples)


def test_base_value_and_base_unit() -> None:
    """Are added and taken over; a record's own unit wins; a later base replaces."""
    said = pack(
        {"bn": "p/", "bv": 20, "bu": "Cel", "n": "a", "v": 1.5},
        record("b", u="K", v=273.15 - 20),
        {"bv": 0, "n": "c", "v": -3},
    )
    assert values(HERE, said) == {"temperature_a": 21.5, "temperature_b": 0, "temperature_c": -3}


@pytest.mark.parametrize(
    ("seconds", "measured"),
    [
        (0, None),
        (-5, NOW - 5 * 10**9),
        (10, NOW + 10 * 10**9),
        (-0.5, NOW - 5 * 10**8),
        (2**28 - 1, NOW + (2**28 - 1) * 10**9),
        (2**28, 2**28 * 10**9),
        (1_753_430_400.25, 1_753_430_400_250_000_000),
        (12_770_200_760, None),  # found by the fuzzer: 2374, later than 64 bits of nanoseconds hold
    ],
)
def test_times(seconds: float, measured: int | None) -> None:
    """Below 2^28 from now, from there on since 1970; history of any age."""
    ((sample),) = understood(HERE, pack(record(v=1, t=seconds))).samples
    assert sample.measured == measured


@pytest.mark.parametrize("bad", ["yesterday", None, True, [], "1753430400"])
def test_a_time_that_is_none(bad: object) -> None:
    """Is said; the value stands, at its arrival."""
    said = understood(HERE, pack(record(v=1, t=bad)))
    assert [s.measured for s in said.samples] == [None]
    assert "[0].t" in said.rejected


def test_the_unit_tells_channels_apart_where_n_is_missing() -> None:
    """RFC 8428 §5.1.3."""
    said = pack(
        {"bn": URN, "bu": "%RH", "v": 20}, {"u": "lon", "v": 24.3}, {"u": "lat", "v": 60.1}, {"u": "%EL", "v": 9}
    )
    assert full(HERE, said) == {
        "humidity": (20, "%", "good"),
        "longitude": (24.3, "°", "good"),
        "latitude": (60.1, "°", "good"),
        "battery": (9, "%", "good"),
    }


@pytest.mark.parametrize(
    ("unit", "value", "channel", "converted", "hub"),
    [
        ("K", 295.15, "temperature", 22, "°C"),
        ("Pa", 100_120, "pressure", 1001.2, "hPa"),
        ("J", 3.6e6, "energy", 1, "kWh"),
        ("g", 1200, "mass", 1.2, "kg"),
        ("l", 12, "volume", 0.012, "m³"),
        ("m/s", 10, "speed", 36, "km/h"),
        ("m/s2", 9.80665, "acceleration", 1, "g"),
        ("rad", 3.141592653589793, "angle", 180, "°"),
        ("mm", 1500, "distance", 1.5, "m"),
        ("S/m", 0.05, "conductivity", 500, "µS/cm"),
        ("count", 7, "count", 7, None),
        ("/", 0.5, "ratio", 0.5, None),
    ],
)
def test_units(unit: str, value: float, channel: str, converted: float, hub: str | None) -> None:
    """Of the SenML registry, converted into the hub's; `g` is a gram, `C` no Celsius."""
    ((name, (taken, said, _)),) = full(HERE, pack({"bn": "p/", "u": unit, "v": value})).items()
    assert (name, said) == (channel, hub)
    assert taken == pytest.approx(converted)


@pytest.mark.parametrize("unit", ["C", "F", "furlong", "°C", "T"])
def test_an_unknown_unit_rejects_the_value(unit: str) -> None:
    """A coulomb is no degree."""
    said = understood(HERE, pack(record(u=unit, v=1), record("y", v=2)))
    assert [s.channel for s in said.samples] == ["y"]
    assert "not a known unit" in said.rejected["[0]"]


@pytest.mark.parametrize(
    ("name", "unit", "channel"),
    [
        ("temperature", "Cel", "temperature"),
        ("temperature-2", "Cel", "temperature_2"),
        ("temp", "Cel", "temperature"),
        ("cellar", "Cel", "temperature_cellar"),
        ("cellar/temperature", "Cel", "temperature_cellar"),
        ("altitude", "m", "altitude"),
        ("temperature", None, "temperature"),
        ("1st", None, "n1st"),
    ],
)
def test_channel_names(name: str, unit: str | None, channel: str) -> None:
    """The quantity, with the sensor's own name as suffix; its own name where the unit says little."""
    said = full(HERE, pack(record(name, v=1) | ({"u": unit} if unit else {})))
    assert list(said) == [channel]


def test_no_unit_stated_is_no_unit() -> None:
    """A name is not enough to invent one, nor to judge the value."""
    assert full(HERE, pack(record("temperature", v=900))) == {"temperature": (900, None, "good")}
    assert full(HERE, pack(record("temperature", u="Cel", v=900))) == {"temperature": (900, "°C", "uncertain")}


def test_two_devices_in_one_pack_stay_apart() -> None:
    """RFC 8428 §5.1.6: the gateway is the sender."""
    said = pack(
        {"bn": "2001:db8::2/", "n": "temperature", "u": "Cel", "v": 25.2},
        {"bn": "2001:db8::1/", "n": "temperature", "u": "Cel", "v": 12.3},
    )
    assert understood(HERE, said).device == "senml:any/thing"
    assert values(HERE, said) == {"temperature_2001_db8_2": 25.2, "temperature_2001_db8_1": 12.3}


def test_names_that_read_alike_stay_two() -> None:
    """None overwrites another."""
    assert values(HERE, pack(record("a.b", v=1), record("a-b", v=2))) == {"a_b": 1, "a_b_2": 2}


def test_a_mac_is_another_name_of_the_device() -> None:
    """So that it is one device in another convention too."""
    assert understood(HERE, pack(record("urn:dev:mac:0024befffe804ff1", v=1))).aliases == ("mac:0024be804ff1",)


@pytest.mark.parametrize(
    ("bad", "because"),
    [
        (7, "is no record"),
        ([], "is no record"),
        (None, "is no record"),
        ({"n": "y"}, "no value"),
        ({"n": "y", "s": 3}, "no value"),
        ({"n": "y", "vs": "21"}, "text: no measure"),
        ({"n": "y", "vb": True}, "a boolean: no measure"),
        ({"n": "y", "vd": "aGk"}, "data: no measure"),
        ({"n": "y", "v": "21"}, "a JSON number is due"),
        ({"n": "y", "v": None}, "no value (null)"),
        ({"n": "y", "v": True}, "not a number"),
        ({"n": "y", "v": 10**400}, "too large"),
        ({"n": "a b", "v": 1}, "other characters"),
        ({"n": "-a", "v": 1}, "other characters"),
        ({"v": 1}, "neither n nor bn"),
        ({"n": 5, "v": 1}, "text is due"),
        ({"n": "y", "u": 5, "v": 1}, "text is due"),
    ],
)
def test_a_bad_record_is_rejected_with_its_index(bad: object, because: str) -> None:
    """The others stand; alone it is no pack."""
    said = understood(HERE, pack(record(v=1), bad, record("z", v=2)))
    assert [s.channel for s in said.samples] == ["x", "z"]
    assert because in said.rejected["[1]"]
    assert because in refusal(HERE, pack(bad))


def test_a_second_value_of_one_moment() -> None:
    """Is rejected: nothing is overwritten."""
    said = understood(HERE, pack(record(v=1), record(v=2)))
    assert [s.value for s in said.samples] == [1]
    assert "same name and time" in said.rejected["[1]"]


def test_elsewhere_a_pack_is_recognised_by_its_shape() -> None:
    """Whatever the topic, and only a pack."""
    assert outcome("site/a", pack(record(v=1))).driver.model == "senml"  # type: ignore[union-attr]
    assert understood("site/a", pack(record(v=1))).device == "senml:site/a"
    for other in ("[1,2]", '[{"name":"t","value":1}]', '{"n":1}', '[{"n":"t"', '{"e":5,"n":3}', '[{"n":"t"}]'):
        assert outcome("site/a", other).driver.model == "generic"  # type: ignore[union-attr]


@pytest.mark.parametrize("topic", [HERE, "site/a"])
def test_the_old_draft_is_refused_whole(topic: str) -> None:
    """Never read half, whatever the topic."""
    assert "SenML draft" in refusal(topic, '{"bn":"x","e":[{"n":"t","v":1}]}')


@pytest.mark.parametrize(
    ("payload", "because"),
    [
        ("[]", "empty pack"),
        ("{}", "a JSON array"),
        ("5", "a JSON array"),
        ("", "empty payload"),
        ("[{", "ends too early"),
        (pack(record(v=1, bver=11)), "later version than 10"),
        (pack(record(v=1, b_=1), record(v=2, must_=1)), "must be understood"),
    ],
)
def test_refusals(payload: str, because: str) -> None:
    """In plain words."""
    assert because in refusal(HERE, payload)


def test_a_bad_base_field_spoils_no_record_with_its_own() -> None:
    """It is said where it stands."""
    said = understood(HERE, pack({"bu": 5, "bt": "x", "bn": "p/", "n": "a", "u": "Cel", "v": 1}))
    assert (said.kind, set(said.rejected)) == (Kind.READINGS, {"[0].bu", "[0].bt"})


def test_a_pack_of_nobody_is_refused() -> None:
    """Neither a base name nor the topic says whose it is; a base name does."""
    assert "whose it is" in refusal("senml/", '[{"n":"x","v":1}]')
    assert understood("senml/", '[{"bn":"a/","n":"x","v":1}]').device == "senml:a"
