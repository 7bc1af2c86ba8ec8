"""Twelve figures as a year: the months keep their means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import monthly

figures = st.lists(st.floats(-100, 100), min_size=12, max_size=12)


@given(figures=figures)
def test_every_month_has_its_mean(figures: list[float]) -> None:
    """Whatever the months are like."""
    assert monthly.means(monthly.curve(figures)) == pytest.approx(figures, abs=1e-7)


@given(figure=st.floats(-100, 100))
def test_a_year_without_seasons_is_flat(figure: float) -> None:
    """Twelve times the same is 365 times the same."""
    assert monthly.curve([figure] * 12) == pytest.approx([figure] * 365)


def test_the_year_is_a_ring() -> None:
    """No step at New Year, none at the end of any month."""
    cold, warm = [2.8, 2.5, 4.4, 6.1, 9.7, 12.6], [14.4, 14.2, 11.6, 9.3, 5.4, 3.1]
    daily = monthly.curve([*cold, *warm])
    assert max(abs(after - before) for before, after in zip(daily, [*daily[1:], daily[0]], strict=True)) < 0.2


def test_months_are_counted_from_nought() -> None:
    """1 January is day 0 of month 0, 31 December day 364 of month 11."""
    assert (monthly.MONTH_OF[0], monthly.MONTH_OF[31], monthly.MONTH_OF[364]) == (0, 1, 11)
    assert list(monthly.span(1)) == list(range(31, 59))
