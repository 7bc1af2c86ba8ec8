"""What every store keeps (hub/store/base.py)."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import UsageError
from hub.model import NS, Quality
from hub.store.base import Aggregate, History, Range, Row, Series
from servers.stores import START, STORES, reading, readings

HOUR = 3600 * NS
TEN = 10 * NS


@pytest.fixture(params=STORES)
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    """Lend an empty store of each kind."""
    with STORES[request.param](tmp_path) as made:
        yield made


def values(rows: list[Row]) -> list[float]:
    """Return the values of rows."""
    return [row.value for row in rows]


def pages(history: History, asked: Range) -> list[list[Row]]:
    """Return all pages of an answer, following its cursors."""
    found = [history.readings(asked)]
    while found[-1].after is not None:
        found.append(history.readings(msgspec.structs.replace(asked, after=found[-1].after)))
    return [page.rows for page in found]


# what goes in comes out


def test_an_empty_store_answers_nothing(history: History) -> None:
    """The first visitor of a fresh hub sees an empty list, not an error."""
    assert history.readings(Range()).rows == []
    assert history.aggregate(Range(), "count", None) == []
    assert history.series(Range(), 100) == []
    assert history.last_time("acme:a7", "real") is None


def test_a_reading_comes_back_as_it_was(history: History) -> None:
    """Device, channel, unit, run, time, value and quality survive."""
    history.write([reading(3, value=21.7, quality=Quality.UNCERTAIN)])
    assert history.readings(Range()).rows == [
        Row("acme:a7", "temperature", "°C", "real", START + 3 * TEN, 21.7, Quality.UNCERTAIN)
    ]


@pytest.mark.parametrize("value", [0.1 + 0.2, -0.0, 1e-300, 1.7976931348623157e308, 2.0**53 + 2, -127.0])
def test_a_value_keeps_every_bit(history: History, value: float) -> None:
    """What a device said is not rounded on the way."""
    history.write([reading(value=value)])
    (row,) = history.readings(Range()).rows
    assert (row.value, math.copysign(1, row.value)) == (value, math.copysign(1, value) if value else 1.0)


@pytest.mark.parametrize("quality", Quality)
def test_every_quality_is_kept(history: History, quality: Quality) -> None:
    """A value out of range and a device's own fault code stay what they are."""
    history.write([reading(quality=quality)])
    assert history.readings(Range()).rows[0].quality is quality


@pytest.mark.parametrize("unit", [None, "°C", "µg/m³"])
def test_every_unit_is_kept(history: History, unit: str | None) -> None:
    """A channel without a unit has none, rather than an empty one."""
    history.write([reading(unit=unit)])
    assert history.readings(Range()).rows[0].unit == unit


@pytest.mark.parametrize("name", ["été:n°1", "a'b\"c;--", "x\\y", "a,b c=d", "日本:語"])
def test_any_name_is_only_a_name(history: History, name: str) -> None:
    """Quotes, commas and accents in a device's name forge nothing."""
    history.write([reading(device=name)])
    assert history.readings(Range(device=name)).rows[0].device == name


def test_writing_again_changes_nothing(history: History) -> None:
    """A chunk of the journal that is read twice is stored once."""
    history.write(readings(range(50)))
    history.write(readings(range(25, 75)))
    assert values(history.readings(Range()).rows) == [float(number) for number in range(75)]


def test_two_messages_of_one_moment_are_two(history: History) -> None:
    """Two presses of a button in the same millisecond both count."""
    history.write([reading(value=1, tie=1), reading(value=2, tie=2)])
    assert sorted(values(history.readings(Range()).rows)) == [1, 2]


def test_nothing_written_is_nothing(history: History) -> None:
    """An empty chunk is no error."""
    history.write([])
    assert history.readings(Range()).rows == []


# asking


def test_the_start_is_included_and_the_stop_is_not(history: History) -> None:
    """Two neighbouring ranges share no reading and lose none."""
    history.write(readings(range(10)))
    first = history.readings(Range(start=START, stop=START + 5 * TEN)).rows
    second = history.readings(Range(start=START + 5 * TEN, stop=START + 10 * TEN)).rows
    assert values(first + second) == [float(number) for number in range(10)]


def test_late_history_takes_its_place_by_time(history: History) -> None:
    """What a device kept while it was away lies between what was known."""
    history.write(readings([0, 2, 4]))
    history.write(readings([3, 1]))
    assert values(history.readings(Range()).rows) == [0, 1, 2, 3, 4]


def test_runs_are_kept_apart(history: History) -> None:
    """A simulated value is never shown as a real one."""
    history.write(readings([1]) + readings([2], run="cold_room-20261124t073000z-1a2b"))
    assert values(history.readings(Range()).rows) == [1]
    assert values(history.readings(Range(run="cold_room-20261124t073000z-1a2b")).rows) == [2]
    assert values(history.readings(Range(run=None)).rows) == [1, 2]


def test_a_device_and_a_channel_can_be_asked_for(history: History) -> None:
    """A panel reads its own curve only."""
    history.write([reading(1), reading(2, channel="humidity"), reading(3, device="acme:b8")])
    assert values(history.readings(Range(device="acme:a7")).rows) == [1, 2]
    assert values(history.readings(Range(channel="temperature")).rows) == [1, 3]
    assert values(history.readings(Range(device="acme:a7", channel="humidity")).rows) == [2]
    assert values(history.readings(Range(device="acme:nobody")).rows) == []


def test_a_merged_device_is_asked_for_by_all_its_uids(history: History) -> None:
    """A device heard in two manners has one history."""
    history.write([reading(1), reading(2, device="acme:b8"), reading(3, device="acme:c9")])
    assert values(history.readings(Range(device=("acme:a7", "acme:b8"))).rows) == [1, 2]


def test_pages_hold_everything_once_in_order_of_time(history: History) -> None:
    """Following the cursors to the end gives each reading once, several channels at the same moments included."""
    written = [reading(n, channel=channel) for channel in ("c1", "c2", "c3") for n in (*range(40), 5000, 5001)]
    history.write(written)
    found = pages(history, Range(limit=7))
    rows = [row for page in found for row in page]
    assert [len(page) for page in found] == [7] * 18
    assert [row.time for row in rows] == sorted(each.time for each in written)
    assert {(row.channel, row.time) for row in rows} == {(each.channel, each.time) for each in written}


def test_a_full_last_page_has_no_next_one(history: History) -> None:
    """Nobody is sent to an empty page."""
    history.write(readings(range(10)))
    assert [len(page) for page in pages(history, Range(limit=5))] == [5, 5]


def test_a_foreign_cursor_is_refused_by_name(history: History) -> None:
    """The message says which value is wrong and what to give instead."""
    with pytest.raises(UsageError, match="cursor 'garbage'"):
        history.readings(Range(after="garbage"))


def test_the_newest_time_of_a_device_is_per_run(history: History) -> None:
    """A run's end says nothing of the real device's silence."""
    history.write([reading(1), reading(5, channel="humidity"), *readings([9], run="r-1")])
    assert history.last_time("acme:a7", "real") == START + 5 * TEN
    assert history.last_time("acme:a7", "r-1") == START + 9 * TEN
    assert history.last_time("acme:b8", "real") is None


# aggregates


@pytest.mark.parametrize(("kind", "value"), [("count", 4), ("mean", 4.5), ("min", 1), ("max", 9), ("last", 1)])
def test_one_value_stands_for_a_range(history: History, kind: Aggregate, value: float) -> None:
    """The whole range is one window, that starts where it was asked to."""
    history.write([reading(number, value=value) for number, value in enumerate([2.0, 6.0, 9.0, 1.0])])
    asked = Range(start=START, stop=START + HOUR)
    assert history.aggregate(asked, kind, None) == [
        Row("acme:a7", "temperature", "°C", "real", START, value, Quality.GOOD)
    ]


def test_windows_are_whole_multiples_of_their_length(history: History) -> None:
    """Hours start at the hour, whenever the question starts; windows without readings are left out."""
    history.write(readings([0, 1, 360, 361, 362, 1440]))
    rows = history.aggregate(Range(start=START), "count", HOUR)
    hour = START // HOUR * HOUR
    assert [(row.time - hour, row.value) for row in rows] == [(0, 2), (HOUR, 3), (4 * HOUR, 1)]


def test_a_bad_reading_is_counted_but_measures_nothing(history: History) -> None:
    """A probe's fault code is no minimum."""
    history.write([reading(0, value=4.0), reading(1, value=-127.0, quality=Quality.BAD)])
    assert [row.value for row in history.aggregate(Range(), "min", None)] == [4.0]
    assert [row.value for row in history.aggregate(Range(), "last", None)] == [4.0]
    assert [row.value for row in history.aggregate(Range(), "count", None)] == [2]


def test_a_window_is_as_good_as_its_worst_reading(history: History) -> None:
    """An uncertain value makes the mean uncertain."""
    history.write([reading(0), reading(1, quality=Quality.UNCERTAIN)])
    assert history.aggregate(Range(), "mean", None)[0].quality is Quality.UNCERTAIN


def test_each_series_has_its_own_windows(history: History) -> None:
    """Aggregates never mix channels, and come in order of time."""
    history.write([reading(n, channel=channel) for channel in ("c1", "c2") for n in (0, 400)])
    rows = history.aggregate(Range(), "count", HOUR)
    assert [row.value for row in rows] == [1, 1, 1, 1]
    assert [row.time for row in rows] == sorted(row.time for row in rows)
    assert len(history.aggregate(Range(limit=3), "count", HOUR)) == 3


def test_a_window_of_nothing_is_refused(history: History) -> None:
    """The message names the value and a good one."""
    with pytest.raises(UsageError, match="every is 0"):
        history.aggregate(Range(), "mean", 0)


# curves


def drawn(curve: Series) -> list[float]:
    """Return the values of a curve without its gaps."""
    return [value for value in curve.v if value is not None]


def test_few_readings_are_drawn_as_they_are(history: History) -> None:
    """Nothing is thinned out that fits."""
    history.write(readings(range(5)))
    (curve,) = history.series(Range(), 100)
    assert (curve.device, curve.channel, curve.unit, curve.run) == ("acme:a7", "temperature", "°C", "real")
    assert curve.t == [(START + number * TEN) / NS for number in range(5)]
    assert curve.v == [0, 1, 2, 3, 4]
    assert curve.low == curve.high == []


def test_a_day_is_thinned_to_the_width(history: History) -> None:
    """24 h at 10 s on 400 pixels: at most 800 points, and no gap where none was."""
    history.write(readings(range(8640)))
    (curve,) = history.series(Range(), 400)
    assert 300 < len(curve.t) <= 800
    assert None not in curve.v
    assert len(curve.low) == len(curve.high) == len(curve.t)


def test_a_spike_survives_thinning(history: History) -> None:
    """One minute of open door is seen on the chart of a day."""
    history.write([reading(number, value=90.0 if number == 4321 else 4.0) for number in range(8640)])
    (curve,) = history.series(Range(), 100)
    assert max(high for high in curve.high if high is not None) == 90
    assert min(low for low in curve.low if low is not None) == 4


@pytest.mark.parametrize("width", [1000, 50])
def test_a_silence_is_a_gap(history: History, width: int) -> None:
    """A line is never drawn across an hour without a reading, thinned or not."""
    history.write(readings([*range(400), *range(760, 1000)]))
    (curve,) = history.series(Range(), width)
    assert curve.v.count(None) == 1
    hole = curve.t[curve.v.index(None)]
    assert (START + 399 * TEN) / NS < hole < (START + 760 * TEN) / NS


def test_a_bad_reading_is_not_drawn(history: History) -> None:
    """A probe's fault code does not ruin the scale."""
    history.write([reading(0), reading(1, value=-127.0, quality=Quality.BAD), reading(2)])
    (curve,) = history.series(Range(), 100)
    assert drawn(curve) == [0, 2]


def test_a_device_that_says_nothing_good_has_no_curve(history: History) -> None:
    """Only fault codes: nothing to draw, and no error, also where there are many."""
    history.write([reading(number, quality=Quality.BAD) for number in range(300)])
    assert history.series(Range(), 10) == []


def test_curves_of_two_runs_are_two(history: History) -> None:
    """No line leads from the yesterday of a simulation to the today of another."""
    history.write(readings(range(5)) + readings(range(5, 9), run="r-1"))
    assert [(curve.run, len(curve.t)) for curve in history.series(Range(run=None), 100)] == [("r-1", 4), ("real", 5)]


def test_a_width_of_nothing_is_refused(history: History) -> None:
    """The message says what to ask."""
    with pytest.raises(UsageError, match="width is 0"):
        history.series(Range(), 0)


finite = st.floats(-1e6, 1e6, allow_subnormal=False)


@pytest.mark.parametrize("store", STORES)
@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 400), finite), min_size=1, max_size=120),
    width=st.integers(1, 60),
)
def test_any_curve_fits_its_width_and_keeps_its_extremes(
    store: str, steps: list[tuple[int, float]], width: int
) -> None:
    """Whatever the times and values: at most 2 × width points, in order, between the same extremes."""
    at, written = 0, []
    for step, value in steps:
        at += step
        written.append(reading(at, value=value))
    with TemporaryDirectory() as folder, STORES[store](Path(folder)) as history:
        history.write(written)
        (curve,) = history.series(Range(), width)
    assert len(curve.t) == len(curve.v) <= 2 * width
    assert curve.t == sorted(curve.t)
    lows = [low for low in curve.low if low is not None] or drawn(curve)
    highs = [high for high in curve.high if high is not None] or drawn(curve)
    assert min(lows) == min(each.value for each in written)
    assert max(highs) == max(each.value for each in written)
    assert [low is None for low in curve.low] == [value is None for value in curve.v][: len(curve.low)]


# threads


async def test_the_event_loop_is_never_blocked(history: History) -> None:
    """A query on the event loop is a mistake that shows at once; in a thread it is right."""
    with pytest.raises(RuntimeError, match="in a thread"):
        history.readings(Range())
    assert (await asyncio.to_thread(history.readings, Range())).rows == []


async def test_many_threads_read_while_one_writes(history: History) -> None:
    """Every answer is a whole state: a chunk is seen completely or not at all."""

    def count() -> float:
        rows = history.aggregate(Range(), "count", None)
        return rows[0].value if rows else 0.0

    async def ask() -> list[float]:
        return [await asyncio.to_thread(count) for _ in range(20)]

    def write() -> None:
        for chunk in range(30):
            history.write(readings(range(chunk * 100, chunk * 100 + 100)))

    *answers, _ = await asyncio.gather(ask(), ask(), ask(), asyncio.to_thread(write))
    assert answers
    assert all(answer == sorted(answer) and not any(each % 100 for each in answer) for answer in answers)
    assert await asyncio.to_thread(count) == 3000
