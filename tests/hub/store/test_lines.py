"""Readings as line protocol (hub/store/lines.py)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.model import Device, Quality
from hub.store import lines
from hub.store.lines import Encoder
from servers.stores import START, reading

MS = 1_000_000


def telemetry(*readings_said: object) -> list[str]:
    """Return the telemetry lines of readings on the real timeline."""
    said = Encoder().lines(readings_said)[False]  # type: ignore[arg-type]
    return [line.decode() for line in said if line.startswith(b"telemetry")]


def test_what_a_message_says_of_a_device_is_one_point() -> None:
    """Sorted tags, one float field a channel, nanoseconds."""
    said = [reading(value=21.7, tie=5), reading(channel="humidity", value=40, unit="%", tie=5)]
    assert telemetry(*said) == [f"telemetry,device=acme:a7,run=real temperature=21.7,humidity=40.0 {START + 5}"]


def test_a_whole_number_is_a_float() -> None:
    """25, then 24.6: InfluxDB would refuse the second if the first had been an integer."""
    assert " temperature=25.0 " in telemetry(reading(value=25))[0]


@pytest.mark.parametrize("value", [1e16, -2.5e-5, 5e-324, 1.7976931348623157e308, 123456789012345680.0, 0.1 + 0.2])
def test_a_number_loses_no_digit(value: float) -> None:
    """However it is written."""
    assert float(telemetry(reading(value=value))[0].split()[1].removeprefix("temperature=")) == value


def test_names_are_no_places_for_numbers() -> None:
    """A device or channel with a % in it is one like any other."""
    said = telemetry(reading(device="acme:100%b", channel="%d", value=1.5))[0]
    assert said.startswith("telemetry,device=acme:100%b,run=real %d=1.5 ")


def test_values_of_many_messages_stay_with_their_own() -> None:
    """Each point has as many fields as its message said values."""
    said = [
        reading(value=1, tie=1),
        reading(channel="humidity", value=2, tie=1),
        reading(value=3, tie=2),
        reading(value=4, tie=3, quality=Quality.BAD),
        reading(device="acme:b8", value=5, tie=4),
    ]
    assert [line.split()[1] for line in telemetry(*said)] == [
        "temperature=1.0,humidity=2.0",
        "temperature=3.0",
        "temperature=4.0,temperature__q=2.0",
        "temperature=5.0",
    ]


def test_only_what_is_not_good_says_so() -> None:
    """Uncertain is 1, bad is 2, good is nothing."""
    assert "temperature=0.0,temperature__q=1.0" in telemetry(reading(quality=Quality.UNCERTAIN))[0]
    assert "temperature=0.0,temperature__q=2.0" in telemetry(reading(quality=Quality.BAD))[0]
    assert "__q" not in telemetry(reading())[0]


def test_simulated_readings_have_lines_of_their_own() -> None:
    """They go to another bucket."""
    said = Encoder().lines([reading(), reading(run="cold-room-1")])
    assert all(b"run=cold-room-1" not in line for line in said[False])
    assert any(b"run=cold-room-1" in line for line in said[True])


def test_a_unit_is_said_once_and_when_it_changes() -> None:
    """For Grafana, and for whoever reads the values."""
    encoder = Encoder()
    said = [encoder.lines([reading(number, unit=unit)])[False] for number, unit in enumerate(["°C", "°C", "K", None])]
    units = [[line.decode() for line in each if line.startswith(b"devices")] for each in said]
    assert units[0] == [f'devices,channel=temperature,device=acme:a7 unit="°C" {START}']
    assert units[1] == []
    assert units[2][0].split()[1] == 'unit="K"'
    assert units[3][0].split()[1] == 'unit=""'


def test_after_an_undone_commit_everything_is_said_again() -> None:
    """The line that named the unit went with the transaction."""
    encoder = Encoder()
    first = encoder.lines([reading()])
    encoder.forget()
    assert encoder.lines([reading()]) == first


def test_the_name_of_a_device_is_said_when_it_changes() -> None:
    """A device seen again is no news, a new name is; what it holds forges nothing."""
    encoder = Encoder()
    device = Device(uid="acme:a7", family="acme", name='the "cold" one\n', seen=START)
    assert encoder.lines([], [device])[False] == [
        f'devices,device=acme:a7 name="the \\"cold\\" one%0A",room="" {START}'.encode()
    ]
    assert encoder.lines([], [replace(device, seen=START + 1)])[False] == []
    assert encoder.lines([], [replace(device, name="b")])[False] != []


def test_the_room_of_a_device_is_said_when_it_changes_and_when_it_has_none_any_more() -> None:
    """The old one is overwritten, not left to stand."""
    encoder = Encoder()
    device = Device(uid="acme:a7", family="acme", name="a7", room='Cave "1"', seen=START)
    said = [encoder.lines([], [replace(device, room=room)])[False] for room in ('Cave "1"', 'Cave "1"', "")]
    assert [len(each) for each in said] == [1, 0, 1]
    assert b'room="Cave \\"1\\""' in said[0][0]
    assert b'room="" ' in said[2][0]


# times and ties


def test_a_redelivery_has_the_same_timestamp() -> None:
    """Same message, same point, whenever it comes."""
    assert lines.timestamp(START + 5 * MS, 77) == lines.timestamp(START + 5 * MS, 77) == START + 5 * MS + 77


def test_two_messages_whose_hashes_meet_have_two_timestamps_too() -> None:
    """The later one gets the next free place of the millisecond; said again, each has its own as before."""
    encoder, millisecond = Encoder(), START // lines.MS * lines.MS
    ties = [999_999, 1_999_999, 2_999_999, 1_999_999]
    said = [encoder.lines([replace(reading(), time=millisecond, tie=tie)])[False][-1].decode() for tie in ties]
    stamps = [int(line.rpartition(" ")[2]) - millisecond for line in said]
    assert stamps == [999_999, 0, 1, 0]


def test_a_message_whose_hash_meets_an_earlier_one_is_told_apart_after_a_lost_commit() -> None:
    """What was said of units is said again; which timestamps are given is not forgotten."""
    encoder, millisecond = Encoder(), START // lines.MS * lines.MS
    encoder.lines([replace(reading(), time=millisecond, tie=7)])
    encoder.forget()
    unit, value = encoder.lines([replace(reading(), time=millisecond, tie=lines.MS + 7)])[False]
    assert unit.startswith(b"devices,")
    assert int(value.rpartition(b" ")[2]) == millisecond + 8


@pytest.mark.parametrize("step", [0, lines.MS])
def test_a_long_life_remembers_no_more_than_the_newest_timestamps(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that runs for months must not fill its memory with them, nor a device whose clock stands."""
    monkeypatch.setattr(lines, "MAX_TAKEN", 10)
    encoder = Encoder()
    for number in range(100):
        encoder.lines([replace(reading(), time=START + number * step, tie=number)])
    assert [len(each.taken) <= 10 for each in encoder._places.values()] == [True]


def test_two_messages_of_a_millisecond_have_two_timestamps() -> None:
    """Content tells them apart, with or without digits below the millisecond."""
    assert lines.timestamp(START, 1) != lines.timestamp(START, 2)
    assert lines.timestamp(START + 1, 1) != lines.timestamp(START + 2, 1)


@given(time=st.integers(0, 2**62), tie=st.integers(0, 2**48))
def test_a_timestamp_gives_back_the_millisecond(time: int, tie: int) -> None:
    """The tie-break never leaves the millisecond it belongs to."""
    assert lines.time_of(lines.timestamp(time, tie)) == time // MS * MS


# names

names = st.text(st.characters(codec=None), max_size=12)


@given(names)
def test_every_name_comes_back(name: str) -> None:
    """Whatever a topic holds."""
    assert lines.name_of(lines.tag(name)) == name
    assert lines.name_of(lines.field(name)) == name


@given(names, names, names)
def test_no_name_forges_a_line(device: str, channel: str, run: str) -> None:
    """One reading is one line of telemetry, and its parts are separated by what we wrote."""
    said = Encoder().lines([reading(device=device, channel=channel, run=run)])
    (line,) = [line for some in said.values() for line in some if line.startswith(b"telemetry")]
    assert b"\n" not in line
    assert line.decode().rsplit(" ", 1)[1].isdigit()


@pytest.mark.parametrize(
    ("channel", "field"),
    [("temperature", "temperature"), ("time", "%74ime"), ("a__q", "a_%5Fq"), ("50%", "50%"), ("50%41", "50%2541")],
)
def test_only_what_must_be_is_encoded(channel: str, field: str) -> None:
    """Grafana shows the names people know; InfluxDB drops a field called `time`, and `__` is ours."""
    assert lines.field(channel) == field


def test_a_unit_of_any_spelling_is_said() -> None:
    """Found by the fuzzer: `?` stood for "not said yet"."""
    said = Encoder().lines([reading(unit="?")])[False]
    assert any(b'unit="?"' in line for line in said)
