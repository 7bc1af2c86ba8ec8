"""Where a curve breaks (hub/store/thinning.py)."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model import NS
from hub.store.thinning import MUCH_LARGER, Piece, drawn, gaps, window


def points(*distances: int) -> list[Piece]:
    """Return single readings at these distances [s] from each other."""
    return [Piece(at * NS, at * NS, 1, 0.0, 0.0, 0.0) for at in accumulate(distances, initial=1_000_000)]


def breaks(*distances: int) -> list[int]:
    """Return the places in the distances [s] where the curve breaks."""
    return [index - 1 for index in sorted(gaps(points(*distances)))]


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        pytest.param([10] * 20, [], id="a regular channel has none"),
        pytest.param([10] * 9 + [3600] + [10] * 9, [9], id="an hour of silence is one"),
        pytest.param([10] * 9 + [60] + [10] * 9, [], id="five lost messages are none"),
        pytest.param([10] * 9 + [61] + [10] * 9, [9], id="more are one"),
        pytest.param([3600] + [10] * 9, [0], id="also at the beginning"),
        pytest.param([10] * 9 + [3600], [9], id="also at the end"),
        pytest.param([10] * 5 + [900] + [10] * 5 + [900] + [10] * 5, [5, 11], id="each silence counts"),
        pytest.param([60] * 20 + [2] * 400, [], id="a sparser back-fill is none"),
        pytest.param([60] * 20 + [900] + [2] * 400, [20], id="a silence between back-fill and now is one"),
        pytest.param([5, 3600, 5, 7200, 8, 1800, 5, 5400, 5], [], id="a door that speaks in bursts has none"),
        pytest.param([3600], [], id="two readings are a line"),
        pytest.param([], [], id="one reading is a point"),
        pytest.param([0, 0, 0, 0], [], id="readings of one moment have none"),
    ],
)
def test_a_gap_is_a_distance_much_larger_than_usual(distances: list[int], expected: list[int]) -> None:
    """A silent sensor looks silent; a slow or irregular one does not."""
    assert breaks(*distances) == expected


def test_the_period_inside_thinned_pieces_is_the_usual_one() -> None:
    """A silence of an hour breaks a curve whose points stand for five minutes of readings each 10 s."""
    pieces = [Piece(at * NS, (at + 290) * NS, 30, 4.0, 3.0, 5.0) for at in (0, 300, 600, 4500, 4800, 5100)]
    assert gaps(pieces) == {3}


def test_a_gap_is_one_point_without_a_value() -> None:
    """It lies in the middle, in every column."""
    pieces = [Piece(at * NS, (at + 290) * NS, 30, 4.0, 3.0, 5.0) for at in (0, 300, 600, 4500)]
    curve = drawn(pieces)
    assert curve.t == [145, 445, 745, 2695, 4645]
    assert curve.v == [4, 4, 4, None, 4]
    assert curve.low == [3, 3, 3, None, 3]
    assert curve.high == [5, 5, 5, None, 5]


def test_nothing_gives_an_empty_curve() -> None:
    """No piece, no point."""
    assert drawn([]).t == []


@given(
    period=st.integers(1, 3600),
    jitter=st.lists(st.floats(0.5, 1.9), min_size=8, max_size=60),
    where=st.integers(0, 60),
)
def test_a_hole_in_a_regular_channel_is_found_and_nothing_else(period: int, jitter: list[float], where: int) -> None:
    """Jitter of the network breaks nothing; a real silence does, wherever it lies."""
    distances = [max(1, round(1000 * period * factor)) for factor in jitter]
    assert breaks(*distances) == []
    where = min(where, len(distances))
    hole = 2000 * period * MUCH_LARGER
    assert breaks(*distances[:where], hole, *distances[where:]) == [where]


@given(start=st.integers(0, 2**60), length=st.integers(0, 2**60), width=st.integers(1, 5000))
def test_the_windows_cover_the_range_in_at_most_width(start: int, length: int, width: int) -> None:
    """The last reading lies in the last window, never beyond."""
    step = window(start, start + length, width)
    assert length // step < width
