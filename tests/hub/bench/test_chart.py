"""The charts that a bench draws of what grows (hub/bench/_chart.py)."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bench._chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart

SVG = "{http://www.w3.org/2000/svg}"


def points(drawn: str) -> list[tuple[float, float]]:
    """Return where the dots are."""
    return [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in ET.fromstring(drawn).iter(f"{SVG}circle")]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(1, 1e9), st.floats(0, 1e9)), min_size=1, max_size=9))
def test_every_point_lies_inside_the_frame(line: list[tuple[float, float]]) -> None:
    """However far the values are apart."""
    for x, y in points(chart("t", "u", "a", {"line": line})):
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM


def test_ten_times_as_many_is_as_far_again_and_twice_the_cost_twice_as_high() -> None:
    """Powers of ten across, from zero upwards."""
    (first, low), (second, high), (third, _) = points(chart("t", "µs", "n", {"a": [(10, 10), (100, 20), (1000, 40)]}))
    assert second - first == pytest.approx(third - second)
    assert HEIGHT - BOTTOM - high == pytest.approx(2 * (HEIGHT - BOTTOM - low), abs=0.2)


def test_names_are_shown_as_they_are() -> None:
    """Nothing in them is markup; each line ends with its own."""
    drawn = chart("a < b", "µs", "points", {"hub & ingest": [(10, 1)], "hub": [(10, 2)]})
    words = [each.text for each in ET.fromstring(drawn).iter(f"{SVG}text")]
    assert "a < b [µs]" in words
    assert {"hub & ingest", "hub", "points"} <= set(words)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", drawn)
