"""By how much memory grows (hub/bench/endurance.py), and a short run of it."""

import random

import pytest

from hub.bench.endurance import Growth, growth, measure, stretches, told
from hub.errors import HubError


def line(rise: float, *, noise: float = 0.0, seconds: int = 1000) -> list[tuple[float, float]]:
    """Return 50 MB that rise by so much an hour."""
    chance = random.Random(3)
    return [(float(second), 50 + rise * second / 3600 + chance.gauss(0, noise)) for second in range(seconds)]


def test_a_line_has_its_slope() -> None:
    """Without noise there is no doubt about it."""
    found = growth(line(1.0))
    assert (3600 * found.slope, 3600 * found.least) == pytest.approx((1.0, 1.0))


def test_what_a_start_fills_is_no_slope() -> None:
    """It is told apart: from the first sample to the second half."""
    filling = [(second, min(60.0, 40.0 + second)) for second, _ in line(0.0, seconds=200)]
    found = growth(filling)
    assert (found.start, found.warm, found.end, found.slope) == (40.0, 60.0, 60.0, 0.0)


def test_noise_is_no_growth() -> None:
    """Its slope is never certain to be above nothing by much."""
    found = growth(line(0.0, noise=1.0))
    assert 3600 * found.least < 1.0


def test_growth_shows_through_noise() -> None:
    """A megabyte a minute."""
    assert 3600 * growth(line(60.0, noise=1.0)).least > 50


def test_bursts_do_not_tilt_it() -> None:
    """Twenty samples near the end that a burst lifted by 30 MB: least squares would see 120 MB an hour."""
    lifted = [(second, taken + 30.0 * (960 <= second < 980)) for second, taken in line(0.0)]
    assert growth(lifted).slope == 0.0


def test_too_few_samples_are_no_slope() -> None:
    """The message says what to do."""
    with pytest.raises(HubError, match="--messages"):
        growth(line(0.0, seconds=4))


def test_stretches_are_equal_parts() -> None:
    """All samples are in one, however many there are."""
    assert stretches([(1.0, 5.0), (2.0, 6.0)]) == [(1.0, 5.0), (2.0, 6.0)]
    assert len(stretches(line(0.0, seconds=99))) == 20


def test_the_slope_is_told_for_each_hour_that_it_may_mean() -> None:
    """At 2,000 messages a second an hour of the run is ten of a day at 200."""
    found = told(Growth(start=40, warm=60, end=61, slope=7.2 / 3600, least=0), 2_000)
    assert found["slope_mb_per_h"] == pytest.approx(7.2)
    assert found["slope_mb_per_million"] == pytest.approx(1.0)
    assert found["slope_mb_per_usual_h"] == pytest.approx(0.72)


@pytest.mark.long
def test_a_short_run_loses_nothing_and_leaves_nothing_open() -> None:
    """Topics and viewers came and went beside 60,000 messages of a real hub."""
    found = measure(messages=60_000, rate=2_000)
    assert found["messages"] == 60_000
    assert (found["not_stored"], found["more_files"], found["more_threads"]) == (0, 0, 0)
