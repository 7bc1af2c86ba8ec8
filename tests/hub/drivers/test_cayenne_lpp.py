"""Cayenne LPP, sentence by sentence of wire_formats.md §11."""

from base64 import b64decode

import pytest

from servers.decoding import full, refusal, understood, values

TOPIC = "lpp/cellar"


def read(payload: str) -> dict[str, float]:
    """Return channel → value of a payload in hex."""
    return values(TOPIC, bytes.fromhex(payload))


def test_the_examples_of_the_document() -> None:
    """In base64 and in hex; the channel number is the suffix."""
    assert values(TOPIC, b64decode("A2cBEAVnAP8=")) == {"temperature_3": 27.2, "temperature_5": 25.5}
    assert read("06 71 04D2 FB2E 0000") == {
        "acceleration_6_x": 1.234,
        "acceleration_6_y": -1.234,
        "acceleration_6_z": 0,
    }
    assert understood(TOPIC, bytes.fromhex("03670110")).device == "lpp:cellar"


@pytest.mark.parametrize(
    ("record", "channel", "value", "unit"),
    [
        ("00 00 01", "digital_in_0", 1, None),
        ("01 01 FF", "digital_out_1", 255, None),
        ("02 02 8000", "analog_in_2", -327.68, None),
        ("02 03 7FFF", "analog_out_2", 327.67, None),
        ("FF 64 FFFFFFFF", "generic_255", 4_294_967_295, None),
        ("00 65 FFFF", "illuminance_0", 65_535, "lx"),
        ("00 66 00", "presence_0", 0, None),
        ("00 67 FF9C", "temperature_0", -10, "°C"),
        ("00 68 64", "humidity_0", 50, "%"),
        ("00 73 2710", "pressure_0", 1000, "hPa"),
        ("00 74 FFFF", "voltage_0", 655.35, "V"),
        ("00 75 FFFF", "current_0", 65.535, "A"),
        ("00 76 80000000", "frequency_0", 2_147_483_648, "Hz"),
        ("00 78 64", "percentage_0", 100, "%"),
        ("00 79 FFFF", "altitude_0", -1, "m"),
        ("00 80 FFFF", "power_0", 65_535, "W"),
        ("00 82 000003E9", "distance_0", 1.001, "m"),
        ("00 83 FFFFFFFF", "energy_0", 4_294_967.295, "kWh"),
        ("00 84 010E", "direction_0", 270, "°"),
        ("00 85 68831FC0", "timestamp_0", 1_753_423_808, "s"),
        ("00 8E 01", "switch_0", 1, None),
    ],
)
def test_every_type(record: str, channel: str, value: float, unit: str | None) -> None:
    """Width, resolution, sign and unit of the table."""
    ((name, (taken, sign, _)),) = full(TOPIC, bytes.fromhex(record)).items()
    assert (name, taken, sign) == (channel, value, unit)


def test_types_of_three_values() -> None:
    """Signed: a gyrometer turns both ways, a position lies in any quarter, an altitude below the sea."""
    assert read("01 86 FF9C 0000 7FFF") == {"angular_rate_1_x": -1, "angular_rate_1_y": 0, "angular_rate_1_z": 327.67}
    assert read("01 88 F8BCDF FFEA02 FFFF9C") == {"latitude_1": -47.5937, "longitude_1": -0.563, "altitude_1": -1}


def test_several_values_of_a_channel() -> None:
    """Of other types under their own names, of the same type numbered: none overwrites another."""
    assert read("03 67 0110 03 68 64 03 67 00FF") == {"temperature_3": 27.2, "humidity_3": 50, "temperature_3_2": 25.5}


def test_out_of_range_is_kept_and_marked() -> None:
    """One byte of half percents reaches 127.5."""
    assert full(TOPIC, bytes.fromhex("0168FF")) == {"humidity_1": (127.5, "%", "uncertain")}


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("05", "without a type"),
        ("05 67", "takes 2 bytes, 0 are there"),
        ("05 67 00", "takes 2 bytes, 1 are there"),
        ("05 88 0000", "takes 9 bytes"),
        ("05 63 0000", "type 99 (0x63) is not known"),
        ("05 FF", "type 255"),
    ],
)
def test_what_cannot_be_read_stops_it(end: str, reason: str) -> None:
    """What was read before is kept, and it says so; what follows an unknown type is not guessed."""
    decoded = understood(TOPIC, bytes.fromhex("03670110" + end))
    assert {each.channel: each.value for each in decoded.samples} == {"temperature_3": 27.2}
    (said,) = decoded.rejected.values()
    assert reason in said
    assert reason in refusal(TOPIC, bytes.fromhex(end))


def test_nothing_follows_an_unknown_type() -> None:
    """Its length is unknown: a record behind it could be anything."""
    decoded = understood(TOPIC, bytes.fromhex("03670110 05FF 04670110"))
    assert [each.channel for each in decoded.samples] == ["temperature_3"]


def test_empty_is_no_value() -> None:
    """Refused whole."""
    assert "empty payload" in refusal(TOPIC, b"")


def test_names_hold_slashes() -> None:
    """All behind `lpp/` is the device."""
    assert understood("lpp/a b/é/..", bytes.fromhex("03670110")).device == "lpp:a b/é/.."
    assert "names no device" in refusal("lpp//", bytes.fromhex("03670110"))


def test_a_mebibyte_is_answered_and_bounded() -> None:
    """The first values, and a word that there were more."""
    decoded = understood(TOPIC, bytes.fromhex("000001") * 300_000)
    assert len(decoded.samples) == 256
    assert "more than 256" in " ".join(decoded.rejected.values())
