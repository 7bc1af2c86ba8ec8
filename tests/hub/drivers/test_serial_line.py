"""Lines of boards on a USB cable: every manner of printing a number, and what is no number."""

import pytest

from hub.drivers.serial_line import DRIVER, Header
from hub.errors import PayloadError
from hub.model import Kind, Message
from servers.decoding import refusal

TOPIC = "serial/uno"


def read(*lines: str) -> dict[str, float]:
    """Return the values of the last line, after the others."""
    context = Header()
    values: dict[str, float] = {}
    for line in lines:
        decoded, context = DRIVER.decode(Message(TOPIC, line.encode(), 1), context)
        values = {sample.channel: sample.value for sample in decoded.samples}
    return values


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("-0.5", {"value": -0.5}),
        ("1e3", {"value": 1000}),
        ("1 2", None),
        ("1\t2\t3", {"value_1": 1, "value_2": 2, "value_3": 3}),
        ("temp:21.5", {"temp": 21.5}),
        ("temp = 21.5", {"temp": 21.5}),
        ("t1:1,t2:2;t3:3 t4:4", {"t1": 1, "t2": 2, "t3": 3, "t4": 4}),
        ("Soil moisture: 31 %", {"soil_moisture": 31}),
        ("door:ON", {"door": None}),
        ('["a",1]', {"value_2": 1}),
    ],
)
def test_a_line_is_read_in_each_manner(line: str, values: dict[str, float] | None) -> None:
    """What it does not say is not made up."""
    if values is None or None in values.values():
        with pytest.raises(PayloadError):
            read(line)
    else:
        assert read(line) == values


def test_rows_are_read_under_their_header() -> None:
    """The columns keep their names until another header comes."""
    assert read("temp [°C],hum", "21.5,40", "22,41") == {"temp": 22, "hum": 41}
    assert read("temp,hum", "a,b", "1,2") == {"a": 1, "b": 2}


def test_half_a_row_gives_no_value_and_a_wrong_header_is_forgotten() -> None:
    """A cut row must not put one column's value into another; chatter at the start names no columns for ever."""
    assert read("temp,hum", "21.5") == {}
    assert read("Hello, world", "21.5", "21.5", "21.5") == {"value": 21.5}
    assert read("temp,hum", "21.5", "1,2", "21.5", "21.5") == {}


def test_an_absent_value_in_a_row_spoils_no_neighbour() -> None:
    """Never 0."""
    assert read("temp,hum", "nan,40") == {"hum": 40}


def test_a_header_makes_no_reading_and_an_equal_one_changes_nothing() -> None:
    """So that an unchanged context is not stored again."""
    decoded, context = DRIVER.decode(Message(TOPIC, b"a,b", 1), Header())
    assert decoded.kind is Kind.HOUSEKEEPING
    assert DRIVER.decode(Message(TOPIC, b"a,b", 2), context)[1] is context


def test_a_topic_that_names_no_port_is_refused() -> None:
    """An empty name is no device."""
    assert "names no port" in refusal("serial/", '{"t":1}')
