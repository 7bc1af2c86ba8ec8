"""By how much memory grows (hub/bench/endurance.py), and a short run of it."""

import random

import pytest

from hub.bench.endurance import measure, slopes


def test_a_line_has_its_slope_an_hour() -> None:
    """Without noise there is no doubt about it."""
    least, slope = slopes([(second, 50 + second / 3600) for second in range(100)])
    assert slope == pytest.approx(1.0)
    assert least == pytest.approx(1.0)


def test_noise_is_no_growth() -> None:
    """Its slope is never certain to be above nothing by much."""
    noise = random.Random(3)
    least, slope = slopes([(second, 50 + noise.gauss(0, 1)) for second in range(1000)])
    assert least < min(slope, 1.0)


def test_growth_shows_through_noise() -> None:
    """A megabyte a minute."""
    noise = random.Random(3)
    least, _ = slopes([(second, 50 + second / 60 + noise.gauss(0, 1)) for second in range(1000)])
    assert least > 50


@pytest.mark.long
def test_a_short_run_loses_nothing_and_leaves_nothing_open() -> None:
    """Topics and viewers came and went beside 60,000 messages of a real hub."""
    found = measure(messages=60_000, rate=2_000)
    assert found["messages"] == 60_000
    assert (found["not_stored"], found["more_files"], found["more_threads"]) == (0, 0, 0)
