"""Telegrams of one make are read straight from their bytes; what is of another make is left to its driver."""

from math import inf
from sys import float_info

import msgspec
import pytest

from hub.driver import Likeness, Path, Value
from hub.errors import PayloadError
from hub.likeness import MAX_DEPTH, MAX_MEMBERS, OBJECT, Shape, Told, members_of

WIDE = Told(None, -float_info.max, float_info.max)
ROOM = b'{"t":"2026","air":{"temp":21,"id":"a"}}'
TEMP: Path = ("air", "temp")


def doubled(value: float) -> float:
    """Convert a value."""
    return 2 * value


def stated(text: str) -> tuple[int, bool]:
    """Return a time; an empty text is none."""
    if not text:
        raise PayloadError(text)
    return int(text), True


def shape(payload: bytes, *values: Value, told: Told = WIDE, time: Path | None = None) -> Shape:
    """Return what reads telegrams like one."""
    likeness = Likeness(values, time=time, clock=None if time is None else stated)
    return Shape(members_of(msgspec.json.decode(payload)), likeness, [told] * len(values))


def test_the_numbers_come_in_the_order_of_their_channels_with_the_time() -> None:
    """Wherever they stand in the telegram; a whole number is a float."""
    found = shape(b'{"a":1,"t":"7","b":{"c":2.5}}', Value(("b", "c"), "c"), Value(("a",), "a"), time=("t",))
    assert found.read(b'{"t":"8","b":{"c":4},"a":-1}') == (8, True, [4.0, -1.0])
    assert found.channels == (("c", None), ("a", None))


def test_a_bare_number_is_a_telegram() -> None:
    """As many devices send it."""
    assert shape(b"21.5", Value((), "value")).read(b" 3 ") == (None, False, [3.0])


@pytest.mark.parametrize(
    "payload",
    [
        ROOM.replace(b"21", b"null"),
        ROOM.replace(b"21", b'"21"'),
        ROOM.replace(b"21", b"[21]"),
        ROOM.replace(b"21", b"100.5"),
        ROOM.replace(b"21", b"-1"),
        ROOM.replace(b"21", b"1e999"),
        ROOM.replace(b'"a"', b'{"deep":1}'),
        ROOM.replace(b'"id"', b'"name"'),
        ROOM.replace(b"{", b'{"more":1,', 1),
        ROOM.replace(b'"2026"', b'""'),
        ROOM.replace(b'"2026"', b"2026"),
        ROOM.replace(b"t", b"\xff", 1),
        ROOM[:-1],
        b"",
        b"[]",
        b"21",
    ],
)
def test_another_make_is_left_to_the_driver(payload: bytes) -> None:
    """A member more, less or of another sort, a value out of the plausible, no time, no JSON."""
    found = shape(ROOM, Value(TEMP, "temp"), told=Told("°C", 0, 100), time=("t",))
    assert found.read(ROOM) == (2026, True, [21.0])
    assert found.read(payload) is None


def test_what_nobody_reads_may_be_another_word() -> None:
    """It decides nothing; of another sort it might."""
    found = shape(ROOM, Value(TEMP, "temp"))
    assert found.read(ROOM.replace(b'"a"', b'"b"')) == (None, False, [21.0])
    assert found.read(ROOM.replace(b'"a"', b"7")) is None
    assert found.read(ROOM.replace(b'"a"', b"null")) is None


@pytest.mark.parametrize(("number", "due"), [(b"20", [40.0]), (b"51", None), (b"1e308", None)])
def test_a_converted_value_is_judged_as_what_it_becomes(number: bytes, due: list[float] | None) -> None:
    """And it must be finite."""
    for told in (Told("°C", -inf, 100), Told("°C", 0, 100)):
        found = shape(ROOM, Value(TEMP, "temp", convert=doubled), told=told).read(ROOM.replace(b"21", number))
        assert (None if found is None else found[2]) == due


def test_another_word_where_one_decides_is_another_make() -> None:
    """A unit, for instance."""
    found = Shape(
        members_of(msgspec.json.decode(ROOM)), Likeness((Value(TEMP, "temp"),), words=((("air", "id"), "a"),)), [WIDE]
    )
    assert found.read(ROOM) == (None, False, [21.0])
    assert found.read(ROOM.replace(b'"a"', b'"b"')) is None


@pytest.mark.parametrize(
    "payload",
    [
        b'{"air":{"temp":21},"list":[]}',
        msgspec.json.encode({"air": {"temp": 21}} | {f"x{n}": n for n in range(MAX_MEMBERS)}),
        b'{"air":{"temp":21},"deep":' + b'{"a":' * MAX_DEPTH + b"1" + b"}" * (MAX_DEPTH + 1),
        msgspec.json.encode({"air": {"temp": 21}} | {f"x{n}": {f"y{m}": m for m in range(8)} for n in range(6)}),
        msgspec.json.encode({"air": {"temp": 21}} | {f"x{n}": {} for n in range(MAX_MEMBERS // OBJECT)}),
        b'{"air":{"temp":21},"a \\"word\\"":1}',
        b'{"air":{"temp":21},"a\\nline":1}',
        b'{"air":{"temp":{}}}',
        b'{"air":21}',
    ],
)
def test_of_some_documents_no_make_is_learnt(payload: bytes) -> None:
    """Lists, many members wherever they stand, deep ones, keys no type can name, and where the value does not stand."""
    with pytest.raises(ValueError):  # noqa: PT011 — whoever says so
        shape(payload, Value(TEMP, "temp"))
