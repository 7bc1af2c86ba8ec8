"""Hours of a week: the edges, the night that belongs to the day before, and hours that no week has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics.hours import DAY_S, WEEK_S, Hours

HOUR = 3600
WORK = Hours(((8.0, 12.0), (13.5, 17.5)), (0, 1, 2, 3, 4))
NIGHT = Hours(((22.0, 6.0),))
FRIDAY_NIGHT = Hours(((22.0, 6.0),), (4,))

hours_of_day = st.integers(0, 23).map(float)
weeks = st.builds(
    Hours,
    st.lists(st.tuples(hours_of_day, hours_of_day).filter(lambda span: span[0] != span[1]), max_size=3).map(tuple),
    st.lists(st.integers(0, 6), max_size=7).map(tuple),
)


@pytest.mark.parametrize(
    ("hours", "day", "hour", "held"),
    [
        pytest.param(WORK, 0, 8.0, True, id="at the first second"),
        pytest.param(WORK, 0, 12.0, False, id="not at the last"),
        pytest.param(WORK, 0, 13.0, False, id="at noon"),
        pytest.param(WORK, 5, 9.0, False, id="on Saturday"),
        pytest.param(NIGHT, 6, 23.0, True, id="Sunday evening"),
        pytest.param(NIGHT, 0, 3.0, True, id="Sunday's night goes on into Monday"),
        pytest.param(NIGHT, 0, 6.0, False, id="and ends at six"),
        pytest.param(FRIDAY_NIGHT, 5, 3.0, True, id="Saturday morning belongs to Friday's night"),
        pytest.param(FRIDAY_NIGHT, 4, 3.0, False, id="Friday morning does not"),
        pytest.param(Hours(((0.0, 24.0),)), 3, 15.0, True, id="all day"),
        pytest.param(Hours(()), 3, 15.0, False, id="never"),
    ],
)
def test_hours_hold_from_their_first_second_to_before_their_last(
    *, hours: Hours, day: int, hour: float, held: bool
) -> None:
    """A span begins on its own days, and may run over midnight."""
    assert hours.hold(day * DAY_S + hour * HOUR) is held


@given(hours=weeks, week_s=st.integers(0, 2 * WEEK_S))
def test_nothing_changes_before_the_time_told(hours: Hours, week_s: int) -> None:
    """From now until just before the change the answer is the same, every week anew."""
    now, change_s = hours.hold(week_s), hours.until_change_s(week_s)
    assert 0 < change_s <= WEEK_S
    assert all(hours.hold(week_s + change_s * part / 7) is now for part in range(7))
    assert hours.hold(week_s + change_s - 0.5) is now
    assert hours.hold(week_s + WEEK_S) is now


def test_the_next_change_is_told() -> None:
    """Monday 10:00: noon in two hours; Friday 18:00: Monday 8:00; hours that never hold change never."""
    assert WORK.until_change_s(10 * HOUR) == 2 * HOUR
    assert WORK.until_change_s(4 * DAY_S + 18 * HOUR) == 62 * HOUR
    assert Hours(()).until_change_s(0) == WEEK_S


@pytest.mark.parametrize("span", [(25.0, 3.0), (-1.0, 3.0), (8.0, 8.0), (24.0, 6.0), (8.0, 24.5)])
def test_hours_that_no_day_has_are_refused(span: tuple[float, float]) -> None:
    """The message shows the span."""
    with pytest.raises(ValueError, match=f"spans_h has {span[0]} to {span[1]}"):
        Hours((span,))


def test_days_that_no_week_has_are_refused() -> None:
    """There is no eighth day."""
    with pytest.raises(ValueError, match="days has 7"):
        Hours(((8.0, 9.0),), (7,))


def test_an_hour_that_is_no_binary_fraction_ends_on_its_second() -> None:
    """8.65 h is 31 140 s: it no longer holds there, and what remains before is never wrapped into a week."""
    hours = Hours(((8.6, 8.65),))
    assert hours.hold(31_139)
    assert not hours.hold(31_140)
    assert hours.until_change_s(31_139) == 1.0
