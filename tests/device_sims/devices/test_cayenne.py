"""Cayenne LPP frames, held against the documents' printed ones and a published encoder's test vectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.devices import _cayenne
from device_sims.devices._cayenne import BY_OTHER, BY_WORD, KINDS, Filled, Kind
from device_sims.errors import SimulationError


def frame(fields: dict[str, tuple[float, ...]]) -> bytes:
    """Return the frame of word and channel → values."""
    found = b""
    for field, values in fields.items():
        word, _, channel = field.rpartition("_")
        sources = tuple(str(each) for each in range(len(values)))
        record = _cayenne.Record(BY_WORD[word], int(channel), sources)
        found += _cayenne.filled(record, values).octets
    return found


@pytest.mark.parametrize(
    ("fields", "printed"),
    [
        ({"temperature_3": (27.2,), "temperature_5": (25.5,)}, "03 67 01 10 05 67 00 FF"),
        ({"accelerometer_6": (1.234, -1.234, 0.0)}, "06 71 04 D2 FB 2E 00 00"),
        ({"gps_1": (42.3519, -87.9094, 10.0)}, "01 88 06 76 5F F2 96 0A 00 03 E8"),
        (
            {"analog_in_1": (1.10,), "analog_in_2": (0.15,), "temperature_3": (42.0,)},
            "01 02 00 6E 02 02 00 0F 03 67 01 A4",
        ),
    ],
    ids=["myDevices, two temperatures", "myDevices, accelerometer", "myDevices, GPS", "use_cases.md §4"],
)
def test_a_frame_is_the_one_printed_in_the_documents(fields: dict[str, tuple[float, ...]], printed: str) -> None:
    """https://docs.mydevices.com/docs/lorawan/cayenne-lpp, Examples; the frame check of the machine's vibration."""
    assert frame(fields) == bytes.fromhex(printed)


@pytest.mark.parametrize(
    ("field", "values", "octets"),
    [
        ("digital_in_1", (255,), [1, 0, 255]),
        ("digital_out_2", (100,), [2, 1, 100]),
        ("analog_in_3", (54.5,), [3, 2, 21, 74]),
        ("analog_out_4", (-54.5,), [4, 3, 234, 182]),
        ("luminosity_5", (500,), [5, 101, 1, 244]),
        ("presence_6", (50,), [6, 102, 50]),
        ("relative_humidity_8", (49.65,), [8, 104, 99]),
        ("accelerometer_9", (-0.424, 0.015, 1.666), [9, 113, 254, 88, 0, 15, 6, 130]),
        ("barometric_pressure_10", (1073.5,), [10, 115, 41, 239]),
        ("gyrometer_11", (3.55, 5.61, -4.10), [11, 134, 1, 99, 2, 49, 254, 102]),
        ("gps_12", (52.3655, 4.8885, 21.54), [12, 136, 7, 253, 135, 0, 190, 245, 0, 8, 106]),
    ],
)
def test_a_record_is_that_of_the_things_networks_encoder(
    field: str, values: tuple[float, ...], octets: list[int]
) -> None:
    """The vectors of go-cayenne-lib, encoder_test.go, where they do not hang on cutting instead of rounding."""
    assert list(frame({field: values})) == octets


@pytest.mark.parametrize("kind", KINDS, ids=[kind.word for kind in KINDS])
@given(data=st.data())
def test_a_value_arrives_within_half_a_step(kind: Kind, data: st.DataObject) -> None:
    """Rounded to the resolution; beyond the range it stays at its end, with as many octets as always."""
    bits = 8 * kind.octets
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind.signed else (0, 2**bits - 1)
    values = [data.draw(st.floats(1.5 * (low - 1) / per, 1.5 * high / per, allow_nan=False)) for per in kind.per_unit]
    found = _cayenne.filled(_cayenne.Record(kind, 7, kind.parts), values)
    assert len(found.octets) == 2 + kind.octets * len(kind.parts)
    for value, arrived, per in zip(values, found.values, kind.per_unit, strict=True):
        assert arrived == pytest.approx(min(max(value, low / per), high / per), abs=0.500001 / per)


def test_both_servers_words_name_the_same_types() -> None:
    """`temperature_3` and `temperatureSensor.3`; what neither reads keeps one word."""
    (one,) = _cayenne.records({"air": "temperature_3"}, BY_WORD, is_read=True)
    (other,) = _cayenne.records({"air": "temperatureSensor.3"}, BY_OTHER, is_read=True)
    assert one == other
    assert _cayenne.records({"u": "voltage.1"}, BY_OTHER, is_read=False)[0].kind.code == 116


def test_three_axes_are_one_record() -> None:
    """In the order of the format, whatever that of the scenario."""
    fields = {"c": "accelerometer_6_z", "a": "accelerometer_6_x", "b": "accelerometer_6_y"}
    (record,) = _cayenne.records(fields, BY_WORD, is_read=True)
    assert record.sources == ("a", "b", "c")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"a": "heat_3"}, "no word of Cayenne LPP"),
        ({"a": "temperature"}, "no word of Cayenne LPP"),
        ({"a": "temperature_256"}, "0 to 255"),
        ({"a": "temperature_3_x"}, "parts of temperature"),
        ({"a": "accelerometer_3"}, "parts of accelerometer"),
        ({"a": "accelerometer_3_x"}, "y, z missing"),
        ({"a": "temperature_3", "b": "temperature_3"}, "given twice"),
        ({"a": "voltage_3"}, "decoded = false"),
    ],
)
def test_a_field_that_makes_no_frame_is_refused(fields: dict[str, str], reason: str) -> None:
    """With what is wrong, when the scenario is read."""
    with pytest.raises(SimulationError, match=reason):
        _cayenne.records(fields, BY_WORD, is_read=True)


@pytest.mark.parametrize(
    ("downlink", "ordered"),
    [
        ("030064FF", {3: 1.0}),
        ("030064FF 04FFCEFF", {3: 1.0, 4: -0.5}),
        ("01154A 02EAB6", {1: 54.5, 2: -54.5}),
        ("", {}),
        ("03006400", {}),
        ("0300", {}),
    ],
    ids=["myDevices", "two", "go-cayenne-lib", "empty", "another end", "too short"],
)
def test_an_order_is_read_in_both_known_forms(downlink: str, ordered: dict[int, float]) -> None:
    """With 0xFF behind each, and without; anything else orders nothing."""
    assert _cayenne.orders(bytes.fromhex(downlink)) == ordered


def test_the_things_stack_prints_what_32_bits_hold() -> None:
    """27.2 as in the vendor's example."""
    assert _cayenne.as_float32(Filled(BY_WORD["temperature"], 3, (272,)).values[0]) == 27.200000762939453
