"""Where a driver has a short way for usual messages, it says what its long way says, whatever the message is."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.driver import Driver
from hub.drivercheck import Damage
from hub.errors import PayloadError
from hub.model import Message
from servers.decoding import REGISTRY

SHAPED = ("the-things-stack", "chirpstack")
"""Drivers that read usual JSON as a struct."""
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20)
NAMES = st.sampled_from(["temp", "hum [%]", "id", "time", "unit", "Température", "t1", "oven [°F]", "x"])


def said(driver: Driver, message: Message) -> object:
    """Return what a driver makes of a message: its meaning and memory, or its refusal."""
    try:
        return driver.decode(message, driver.empty_context())
    except PayloadError as error:
        return str(error), error.context, error.asks


def both(driver: Driver, message: Message, without: Callable[[], None]) -> None:
    """Check that the short way says the same as the long one; `without` blocks the short way."""
    short = said(driver, message)
    without()
    assert said(driver, message) == short


@pytest.mark.parametrize("model", SHAPED)
@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_uplink_is_read_alike(model: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes and members are changed at random: what the struct takes, the walk takes; what it refuses, too."""
    driver, damage = REGISTRY.drivers[model], Damage(seed)
    module = __import__(driver.decode.__module__, fromlist=["shaped"])
    for example in driver.examples:
        for make in (damage.bytes_of, damage.leaf_of):
            message = example.message(make(example.payload))
            with monkeypatch.context() as patch:
                both(driver, message, lambda: patch.setattr(module, "shaped", lambda _payload, _decoder: None))


@pytest.mark.parametrize("model", SHAPED)
@pytest.mark.parametrize(
    ("member", "value"),
    [("rssi", "-87"), ("snr", None), ("rssi", True), ("rssi", 10**400), ("f_cnt", 7.0), ("fCnt", "7"), ("time", 5)],
)
def test_a_member_of_another_type_is_read_alike(
    model: str, member: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers as text, null, flags, and what no double holds."""
    driver = REGISTRY.drivers[model]
    module = __import__(driver.decode.__module__, fromlist=["shaped"])
    literal = msgspec.json.encode(value) if value != 10**400 else b"1e999"
    for example in driver.examples:
        for before in (b'"rssi":-87', b'"snr":7.5', b'"f_cnt":42', b'"rssi":-36', b'"time":"2022'):
            if before not in example.payload:
                continue
            payload = example.payload.replace(before, b'"%b":%b,%b' % (member.encode(), literal, before), 1)
            with monkeypatch.context() as patch:
                block = lambda: patch.setattr(module, "shaped", lambda _payload, _decoder: None)  # noqa: E731 — one use
                both(driver, example.message(payload), block)


@given(names=st.lists(NAMES, min_size=1, max_size=4), values=st.lists(st.lists(NUMBERS, min_size=4, max_size=4)))
@pytest.mark.parametrize("sign", [":", "=", ": "])
def test_a_line_that_looks_like_an_earlier_one_is_read_alike(
    sign: str, names: list[str], values: list[list[float]]
) -> None:
    """What was learnt of one line holds for the next with other numbers."""
    driver = REGISTRY.drivers["serial-line"]
    module = __import__(driver.decode.__module__, fromlist=["_PLANS"])
    for row in values:
        line = " ".join(f"{name}{sign}{value!r}" for name, value in zip(names, row, strict=False))
        both(driver, Message("serial/uno", line.encode(), 1), module._PLANS.clear)


@given(columns=st.lists(NAMES, min_size=2, max_size=4, unique=True), row=st.lists(NUMBERS, min_size=4, max_size=4))
def test_a_row_below_a_header_is_read_alike(columns: list[str], row: list[float]) -> None:
    """The columns alone say what the numbers are, or the whole line is walked through."""
    driver = REGISTRY.drivers["serial-line"]
    header = ";".join(columns).encode()
    line = ";".join(repr(each) for each in row[: len(columns)])
    _, context = driver.decode(Message("serial/uno", header, 1), driver.empty_context())
    walked = ",".join(
        f"{msgspec.json.encode(name).decode()}:{msgspec.json.encode(repr(each)).decode()}"
        for name, each in zip(columns, row, strict=False)
    )

    def told(payload: str) -> object:
        try:
            decoded, _ = driver.decode(Message("serial/uno", payload.encode(), 1), context)
        except PayloadError as error:
            return str(error)
        return decoded.samples, decoded.rejected

    assert told(line) == told(f"{{{walked}}}")
