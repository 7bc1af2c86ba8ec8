"""How long a last value counts: three of its own periods, or as long as is usual where nothing keeps a period."""

from collections.abc import Iterable

import pytest

from hub.model import NS
from hub.rhythm import KEPT, LEAST, Rhythm

USUAL = 900 * NS


def after(times: Iterable[float], *, on_change: bool = False) -> float:
    """Return how long [s] a channel is believed that spoke at these times [s]."""
    rhythm = Rhythm()
    for time in times:
        rhythm.heard(int((1000 + time) * NS))
    return rhythm.believed(USUAL, on_change=on_change) / NS


@pytest.mark.parametrize(
    ("period", "believed"),
    [(300, 900), (3600, 10_800), (60, 180), (1, LEAST / NS)],
    ids=["5 min", "1 h", "1 min", "1 s"],
)
def test_a_channel_with_a_period_may_miss_three(period: int, believed: float) -> None:
    """And nobody is told of a silence shorter than half a minute."""
    assert after(n * period for n in range(6)) == believed


def test_with_little_heard_what_is_usual_counts() -> None:
    """Two values make no period; none makes none either."""
    assert after([]) == after([0, 10]) == after([0, 10, 20, 30, 40]) == 900


def test_one_lost_message_leaves_the_period() -> None:
    """A gap of two periods among many of one."""
    assert after([0, 300, 600, 1200, 1500, 1800, 2100]) == 900


def test_what_speaks_on_change_is_believed_as_usual_and_after_long_silences_longer() -> None:
    """A door of a store: busy at noon, quiet at night."""
    assert after([0, 5, 90, 95, 300, 330]) == 900
    assert after([0, 5, 90, 95, 7000, 7005]) == 3 * 6905


def test_a_regular_hand_at_a_switch_is_no_period() -> None:
    """Five times on and off within a minute, then nobody touches it."""
    assert after(range(0, 60, 10), on_change=True) == 900


def test_only_the_newest_gaps_count() -> None:
    """A device that was told to speak faster is soon expected to."""
    slow = [n * 600 for n in range(10)]
    assert after([*slow, *(slow[-1] + n * 60 for n in range(1, KEPT + 1))]) == 180


def test_a_time_that_is_not_newer_says_nothing() -> None:
    """A measure of before, a correction of the same instant."""
    assert after([0, 60, 30, 60, 120, 180, 240, 300]) == 180
