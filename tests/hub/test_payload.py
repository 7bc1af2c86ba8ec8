"""The strict readers that every driver uses, sentence by sentence of wire_formats.md §0."""

import math
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.driver import CHANNEL_NAME
from hub.errors import PayloadError
from hub.model import NS, Availability
from hub.payload import (
    availability,
    boolean,
    epoch_milliseconds,
    epoch_seconds,
    inside,
    is_absent,
    iso_time,
    json_object,
    json_or_word,
    json_value,
    live,
    number,
    number_in,
    scaled,
    slug,
    text,
    utc_text,
    word,
)


@pytest.mark.parametrize(
    ("given_text", "value"),
    [
        ("21.5", 21.5),
        ("-0.5e-3", -0.0005),
        ("+7", 7),
        (".5", 0.5),
        ("5.", 5),
        (" 21.5 \r\n", 21.5),
        ("3\0\0", 3),
        ("1E3", 1000),
    ],
)
def test_a_number_in_text(given_text: str, value: float) -> None:
    """After white space, line ends and trailing NULs, the whole text is a number in ASCII digits."""
    assert number_in(given_text) == value


@pytest.mark.parametrize(
    ("given_text", "reason"),
    [
        ("21,5", "decimal comma"),
        ("1_000", "not a number"),
        ("1 000", "not a number"),
        ("0x1F", "not a number"),
        ("21.5 °C", "not a number"),
        ("٢١", "not a number"),
        ("infinity", "not a number"),
        ("1e400", "too large"),
        ("9" * 5000, "too large"),
        ("\0003", "not a number"),
        ("--5", "not a number"),
        ("", "no value"),
        ("nan", "no value"),
        ("None", "no value"),
        ("Unavailable", "no value"),
        ("UNKNOWN", "no value"),
    ],
)
def test_text_that_is_no_number(given_text: str, reason: str) -> None:
    """No separators, no units, no words: the reason says which."""
    with pytest.raises(PayloadError, match=reason):
        number_in(given_text)


@pytest.mark.parametrize("value", [True, False, None, [], {}, [1], {"a": 1}, "on", math.nan, math.inf, 10**400])
def test_json_that_is_no_number(value: object) -> None:
    """Truth is no number, a list is no scalar, and nothing infinite passes."""
    with pytest.raises(PayloadError):
        number(value)


@pytest.mark.parametrize(("value", "due"), [(1, 1.0), (0, 0.0), (-3.5, -3.5), ("4.2", 4.2), (10**30, 1e30)])
def test_json_that_is_a_number(value: object, due: float) -> None:
    """Zero and negative are values; every number comes out as a float."""
    assert number(value) == due
    assert type(number(value)) is float


@pytest.mark.parametrize("value", [True, "ON", "on", "true", "TRUE", 1, 1.0, "1", " On\r\n"])
def test_on(value: object) -> None:
    """true, ON and 1 in any case, as JSON or as text."""
    assert boolean(value) == 1.0


@pytest.mark.parametrize("value", [False, "OFF", "off", "false", "False", 0, 0.0, "0"])
def test_off(value: object) -> None:
    """The text `false` is false."""
    assert boolean(value) == 0.0


@pytest.mark.parametrize("value", [2, "yes", None, "", [], "TOGGLE", math.nan])
def test_neither_on_nor_off(value: object) -> None:
    """Nothing else is a boolean."""
    with pytest.raises(PayloadError):
        boolean(value)


@pytest.mark.parametrize("value", [None, "", "nan", "NaN", "None", "unavailable", "Unknown", " \r\n"])
def test_absent(value: object) -> None:
    """Six ways to say "no value"."""
    assert is_absent(value)


def test_zero_and_false_are_not_absent() -> None:
    """They are values."""
    assert not is_absent(0)
    assert not is_absent(value=False)
    assert not is_absent("0")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty payload"),
        (b"  ", "empty payload"),
        (b'{"a":NaN}', "not JSON"),
        (b'{"a":Infinity}', "not JSON"),
        (b'{"a":1', "ends too early"),
        (b'{"a":1}{"b":2}', "more follows at byte 8"),
        (b'{"a":1} x', "more follows"),
        (b'{"a":01}', "byte"),
        (b"{'a':1}", "byte"),
        (b'{"a":"\xff"}', "in hex: 7b 22"),
        (b"\xff\xfe", "in hex: ff fe"),
        (b"[" * 10_000, "deeper than 64"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64"),
        (b'{"a":[' * 33 + b"1" + b"]}" * 33, "deeper than 64"),
    ],
)
def test_what_is_no_json(payload: bytes, reason: str) -> None:
    """Broken JSON gives nothing at all, and the reason says where."""
    with pytest.raises(PayloadError, match=reason):
        json_value(payload)


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b"[" * 64 + b"]" * 64, None),
        (b'{"a":"[[[[{{{{","b":"\\"[["}', {"a": "[[[[{{{{", "b": '"[['}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b' {"a":1}\r\n', {"a": 1}),
    ],
)
def test_what_is_json(payload: bytes, value: object) -> None:
    """A UTF-8 mark is tolerated, brackets in strings nest nothing, of equal keys the last wins."""
    found = json_value(payload)
    assert value is None or found == value


@pytest.mark.parametrize("large", [b"1e400", b"-1e999", b"9" * 400, b"9" * 5000, b"1" * 5000 + b".5"])
def test_a_number_too_large_spoils_only_itself(large: bytes) -> None:
    """The document is JSON; the one field that no double holds is refused, its neighbours are read."""
    found = json_object(b'{"a":' + large + b',"b":[40.5],"c":"1e400"}')
    with pytest.raises(PayloadError, match="too large"):
        number(found["a"])
    assert found["b"] == [40.5]


@pytest.mark.parametrize("payload", [b"5", b'"x"', b"[1]", b"null", b"true"])
def test_an_object_where_an_object_is_due(payload: bytes) -> None:
    """A scalar or a list is refused, and named."""
    with pytest.raises(PayloadError, match="a JSON object is due here, not"):
        json_object(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'"' + b'\\"' * 500_000,
        b"9" * 1_000_000,
        b'{"a":' + b"9" * 900_000 + b"}",
        b"\0" * 1_000_000,
    ],
)
def test_a_hostile_megabyte_is_answered_within_a_second(payload: bytes) -> None:
    """Whatever the bytes: an answer, and soon."""
    start = time.thread_time()
    with pytest.raises(PayloadError):
        number(json_value(payload))
    assert time.thread_time() - start < 1


@given(st.binary())
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    """Nothing but PayloadError comes out, with a reason."""
    for read in (text, word, json_value, json_object, json_or_word):
        assert reason_against(read, payload) != ""


def reason_against(read: Callable[[bytes], object], payload: bytes) -> str | None:
    """Return why a payload is refused."""
    try:
        read(payload)
    except PayloadError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("stamp", "seconds", "local"),
    [
        ("2026-11-24T09:00:00", 1_795_510_800, True),
        ("2026-11-24T09:00:00Z", 1_795_510_800, False),
        ("2026-11-24T09:00:00+00:00", 1_795_510_800, False),
        ("2026-11-24T10:30:00+01:30", 1_795_510_800, False),
        ("2026-11-24T04:00:00-0500", 1_795_510_800, False),
        ("2026-11-24 09:00", 1_795_510_800, True),
        ("2026-11-24T09:00:00.5Z", 1_795_510_800.5, False),
        ("1970-01-01T00:00:07", 7, True),
    ],
)
def test_times_with_and_without_offset(stamp: str, seconds: float, local: bool) -> None:  # noqa: FBT001 — a table
    """The offset is honoured, and nothing is added on top; without one the time is local."""
    assert iso_time(stamp) == (int(seconds * 1000) * 1_000_000, local)


@pytest.mark.parametrize("decimals", range(10))
def test_a_time_carries_up_to_nine_decimals(decimals: int) -> None:
    """From none to nanoseconds, kept exactly."""
    digits = "123456789"[:decimals]
    stamp = f"2026-11-24T09:00:00{'.' if digits else ''}{digits}Z"
    expected = 1_795_510_800 * NS + int(digits.ljust(9, "0") or 0)
    assert iso_time(stamp) == (expected, False)
    assert utc_text(expected) == stamp


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "now",
        "2026-13-01T00:00:00",
        "2026-02-30T00:00:00Z",
        "2026-11-24",
        "2026-11-24T25:00:00",
        "2026-W01-1T00:00:00",
    ],
)
def test_what_is_no_time(stamp: str) -> None:
    """A date that no calendar has is refused."""
    with pytest.raises(PayloadError, match="is not a time"):
        iso_time(stamp)


def test_seconds_since_boot_are_no_time() -> None:
    """Below 1 000 000 000 a device counts from its boot."""
    assert epoch_seconds(12.5) is None
    assert epoch_seconds(1_661_517_385.44) == 1_661_517_385_440_000_000
    assert epoch_milliseconds(1_661_517_385_440) == 1_661_517_385_440_000_000
    assert epoch_milliseconds(12_500) is None
    assert epoch_seconds(1e300) is None


def test_a_live_device_cannot_mean_a_time_before_2016() -> None:
    """An earlier one is a clock that was never set."""
    assert live(iso_time("2015-12-31T23:59:59Z")[0]) is None
    assert live(iso_time("2016-01-01T00:00:00Z")[0]) is not None
    assert live(None) is None


@pytest.mark.parametrize(
    ("unit", "into", "value", "due"),
    [
        ("F", "°C", 71.06, 21.7),
        ("°F", "°C", 32, 0),
        ("K", "°C", 273.15, 0),
        ("mmHg", "hPa", 750, 999.9174),
        ("Wh", "kWh", 618, 0.618),
    ],
)
def test_conversions_come_out_round(unit: str, into: str, value: float, due: float) -> None:
    """17.400000000000002 is never shown."""
    assert scaled(unit, into)(value) == pytest.approx(due, rel=1e-6)
    assert len(repr(scaled(unit, into)(value))) < 14


@pytest.mark.parametrize("unit", ["X", "", None, 5, "W", "degrees"])
def test_an_unknown_unit_is_refused(unit: object) -> None:
    """It never falls back to a default, nor to another quantity's."""
    with pytest.raises(PayloadError, match="unit"):
        scaled(unit, "°C")


@pytest.mark.parametrize(
    ("said", "due"), [("Online", Availability.ONLINE), ("OFFLINE", Availability.OFFLINE), (True, Availability.ONLINE)]
)
def test_availability_words(said: object, due: Availability) -> None:
    """Any case, as words or as JSON."""
    assert availability(said) is due


@pytest.mark.parametrize("said", ["", "gone", None, 5, {}, []])
def test_what_says_neither(said: object) -> None:
    """Anything else is refused."""
    with pytest.raises(PayloadError, match="neither online nor offline"):
        availability(said)


@pytest.mark.parametrize(
    ("name", "due"),
    [
        ("DS18B20-1", "ds18b20_1"),
        ("LYWSD03-52680f", "lywsd03_52680f"),
        ("Température", "temperature"),
        ("a  b/c", "a_b_c"),
        ("__", ""),
    ],
)
def test_a_foreign_name_as_part_of_a_channel(name: str, due: str) -> None:
    """Lower case, accents off, everything else one underscore."""
    assert slug(name) == due


@given(st.text())
def test_any_name_becomes_a_channel_suffix(name: str) -> None:
    """Whatever the name, what comes out fits behind a base name, and is short."""
    assert not slug(name) or CHANNEL_NAME.fullmatch(f"x_{slug(name)}")
    assert len(slug(name)) <= 64


def test_long_names_stay_apart() -> None:
    """They are cut, and a hash tells them apart."""
    assert slug("a" * 500 + "b") != slug("a" * 500 + "c")
    assert slug("温度") != slug("湿度") != ""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ((), {"a": [1, {"b": None}]}),
        (("a", 0), 1),
        (("a", 1, "b"), None),
        (("a", 2), None),
        (("a", -1), None),
        (("x",), None),
        (("a", "b"), None),
        (("a", 0, 0), None),
        ((0,), None),
    ],
)
def test_inside_finds_what_lies_there_or_nothing(path: tuple[str | int, ...], found: object) -> None:
    """Keys, indices from the front; a wrong step is no fault."""
    assert inside({"a": [1, {"b": None}]}, path) == found


def test_a_number_too_large_beside_bytes_that_are_no_text_is_refused() -> None:
    """Found by the fuzzer: reading on without the number met the bytes, and their error came out as it was."""
    with pytest.raises(PayloadError, match="UTF-8"):
        json_value(b'{"a":22e22222225,"humi\x9c":1}')


@pytest.mark.parametrize("late", ["2262-01-01T00:00:00Z", "9999-12-31T23:59:59", "2261-12-31T23:00-01:00"])
def test_a_time_that_64_bits_of_nanoseconds_cannot_hold_is_refused(late: str) -> None:
    """Found by the fuzzer: no store holds it, and the commit of everything beside it failed."""
    with pytest.raises(PayloadError, match="is not a time"):
        iso_time(late)
    assert iso_time("2261-12-31T23:59:59Z")[0] < 2**63


def test_seconds_that_64_bits_of_nanoseconds_cannot_hold_are_no_time() -> None:
    """As those that count from boot."""
    assert epoch_seconds(87_876_715_200) is None
    assert epoch_seconds(9_214_646_400) is None
    assert epoch_seconds(9_214_646_399) == 9_214_646_399 * 10**9
