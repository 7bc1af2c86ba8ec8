"""Any topic that carries a number becomes a device; everything else says why not."""

import json

import pytest

from hub.model import Kind
from servers.decoding import full, refusal, understood, values


@pytest.mark.parametrize(
    ("topic", "device", "channel"),
    [
        ("workshop/oven/temp", "generic:workshop/oven", "temp"),
        ("oven/Température n° 2", "generic:oven", "temperature_n_2"),
        ("counter", "generic:counter", "value"),
        ("a/1st", "generic:a", "n1st"),
        ("a/", "generic:a", "value"),
        ("/a/b", "generic:/a", "b"),
        ("a b/../<c>", "generic:a b/..", "c"),
    ],
)
def test_a_bare_number(topic: str, device: str, channel: str) -> None:
    """On `a/b/c`: channel `c` of device `generic:a/b`, without a unit."""
    decoded = understood(topic, " -5.5e1 \r\n")
    assert decoded.device == device
    assert full(topic, "-55") == {channel: (-55.0, None, "good")}


def test_json_joins_its_keys() -> None:
    """Nested keys, lists, numbers in strings, booleans beside numbers."""
    payload = json.dumps(
        {"air": {"Temp": 21.5, "RH": "48"}, "soil": [30, {"x": 31}], "open": False, "pump": "ON", "note": "ok"}
    )
    assert understood("greenhouse/north", payload).device == "generic:greenhouse/north"
    assert values("greenhouse/north", payload) == {
        "air_temp": 21.5,
        "air_rh": 48,
        "soil_1": 30,
        "soil_2_x": 31,
        "open": 0,
        "pump": 1,
    }


@pytest.mark.parametrize("key", ["temperature", "temp_c", "humidity", "power_w", "pressure"])
def test_a_name_is_not_enough_to_invent_a_unit(key: str) -> None:
    """The unit stays unknown."""
    assert full("a/b", json.dumps({key: 21.5}))[key] == (21.5, None, "good")


@pytest.mark.parametrize(
    ("body", "channel", "value", "unit"),
    [
        ({"value": 71.6, "unit": "°F"}, "value", 22, "°C"),
        ({"t": {"value": 300, "unit": "K"}}, "t_value", 26.85, "°C"),
        ({"temp": 21.5, "unit": "C"}, "temp", 21.5, "°C"),
        ({"p [kPa]": 100.12}, "p", 1001.2, "hPa"),
        ({"energy (Wh)": 618}, "energy", 0.618, "kWh"),
        ({"speed [furlong]": 3}, "speed_furlong", 3, None),
    ],
)
def test_a_unit_that_the_message_says(body: dict[str, object], channel: str, value: float, unit: str | None) -> None:
    """Is taken and converted."""
    ((name, (taken, said, _)),) = full("a/b", json.dumps(body)).items()
    assert (name, said) == (channel, unit)
    assert taken == pytest.approx(value)


def test_an_unknown_unit_word_rejects_the_value() -> None:
    """It never falls back to none."""
    decoded = understood("a/b", '{"one":{"value":5,"unit":"furlong"},"two":3}')
    assert {s.channel: s.value for s in decoded.samples} == {"two": 3}
    assert "not a known unit" in decoded.rejected["one.value"]


@pytest.mark.parametrize("bad", [None, "", "nan", "unavailable", "21,5", "1_000"])
def test_absent_and_badly_written_values_are_rejected(bad: object) -> None:
    """With field and reason, beside their good neighbours."""
    if bad == "1_000":
        bad = "1 000"
    decoded = understood("a/b", json.dumps({"x": bad, "y": 1}))
    assert {s.channel: s.value for s in decoded.samples} == {"y": 1}
    assert list(decoded.rejected) == ["x"]


@pytest.mark.parametrize("key", ["id", "device_id", "mac", "serial", "imei", "version", "address"])
def test_ids_are_text(key: str) -> None:
    """Leading zeros stay, and no channel is made of them."""
    assert values("a/b", json.dumps({key: "000123", "y": 1})) == {"y": 1}


@pytest.mark.parametrize(
    ("stamp", "measured", "local"),
    [
        ("2026-01-08T06:12:00Z", 1_767_852_720_000_000_000, False),
        ("2026-01-08T06:12:00", 1_767_852_720_000_000_000, True),
        (1_767_852_720, 1_767_852_720_000_000_000, False),
        (1_767_852_720_000, 1_767_852_720_000_000_000, False),
        ("1767852720", 1_767_852_720_000_000_000, False),
    ],
)
def test_a_documents_own_time(stamp: object, measured: int, local: bool) -> None:  # noqa: FBT001 — a table
    """Seconds, milliseconds or ISO under a usual name; it is no channel."""
    (sample,) = understood("a/b", json.dumps({"timestamp": stamp, "y": 1})).samples
    assert (sample.channel, sample.measured, sample.local) == ("y", measured, local)


def test_a_number_that_can_be_no_time_is_a_value() -> None:
    """`time` may be a duration."""
    assert values("a/b", '{"time":12.5}') == {"time": 12.5}


def test_keys_that_read_alike_stay_apart() -> None:
    """None overwrites another."""
    assert values("a/b", '{"Temp":1,"temp":2,"te mp":3}') == {"temp": 1, "temp_2": 2, "te_mp": 3}


@pytest.mark.parametrize("topic", ["lamp/set", "a/b/command", "lamp/get"])
def test_commands_seen_passing(topic: str) -> None:
    """Understood, nothing stored, whatever the payload."""
    assert understood(topic, "21.5").kind is Kind.COMMAND
    assert understood(topic, b"\xff").samples == ()


def test_a_hundred_thousand_keys_are_no_device() -> None:
    """The first are read, and it says that there were more."""
    decoded = understood("a/b", json.dumps({f"k{n}": n for n in range(100_000)}))
    assert len(decoded.samples) == 256
    assert "more than" in decoded.rejected["…"]


@pytest.mark.parametrize(
    ("topic", "payload", "because"),
    [
        ("a/b", "hello", "'hello' is not a number"),
        ("a/b", "ON", "'ON' is not a number"),
        ("a/b", "21,5", "decimal comma"),
        ("a/b", "", "empty payload"),
        ("a/b", "nan", "no value"),
        ("a/b", "unavailable", "no value"),
        ("a/b", b"\x00\x01\xff", "in hex: 00 01 ff"),
        ("a/b", "{}", "empty document"),
        ("a/b", '{"status":"ok"}', "JSON without a number"),
        ("a/b", '{"open":true}', "JSON without a number"),
        ("a/b", '{"x":null}', "x: no value (null)"),
        ("a/b", '{"a":1', "ends too early"),
        ("a/b", "1e999", "too large"),
        ("/", "1", "names no device"),
    ],
)
def test_refusals(topic: str, payload: str | bytes, because: str) -> None:
    """In plain words."""
    assert because in refusal(topic, payload)
