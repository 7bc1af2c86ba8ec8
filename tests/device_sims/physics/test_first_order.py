"""The one-node step that four models share: the exponential, the straight line, and no seam between them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import first_order

values = st.floats(-1e4, 1e4)
rates = st.one_of(st.just(0.0), st.floats(0, 1), st.floats(0, 1e-12))
sources = st.floats(-10, 10)
spans = st.floats(0, 1e5)


def moved(value: float, rate: float, source: float, dt_s: float) -> float:
    """Return the value after one step."""
    return first_order.step(value, first_order.propagator(rate, source, dt_s))


def test_one_time_constant_leaves_a_thirty_seventh_part_of_a_hundred() -> None:
    """100 that drains with τ = 60 s is 36.79 after a minute."""
    assert moved(100.0, 1 / 60, 0.0, 60) == pytest.approx(100 / math.e)


@given(value=values, source=sources, dt_s=spans)
def test_what_does_not_leak_rises_in_a_straight_line(value: float, source: float, dt_s: float) -> None:
    """At k = 0 the step is x + b·Δ."""
    assert moved(value, 0.0, source, dt_s) == pytest.approx(value + source * dt_s)


@given(value=values, source=sources, dt_s=spans)
def test_a_leak_too_small_to_matter_is_the_straight_line(value: float, source: float, dt_s: float) -> None:
    """Near k = 0 nothing cancels: the smallest rate a float can hold gives what zero gives."""
    assert moved(value, 5e-324, source, dt_s) == pytest.approx(moved(value, 0.0, source, dt_s))


@given(value=values, rate=rates, source=sources, first_s=spans, second_s=spans)
def test_two_steps_equal_one_long_step(
    value: float, rate: float, source: float, first_s: float, second_s: float
) -> None:
    """The length of a step is a display choice."""
    twice = moved(moved(value, rate, source, first_s), rate, source, second_s)
    assert twice == pytest.approx(moved(value, rate, source, first_s + second_s), rel=1e-9, abs=1e-6)


@given(rate=st.floats(1e-6, 1), source=sources, dt_s=spans)
def test_what_is_settled_stays(rate: float, source: float, dt_s: float) -> None:
    """At b/k nothing moves."""
    assert moved(source / rate, rate, source, dt_s) == pytest.approx(source / rate)


@given(value=values, rate=rates, source=sources, cut=st.integers(0, 50), rest=st.integers(0, 50))
def test_a_series_is_the_same_to_the_bit_however_it_is_cut(
    value: float, rate: float, source: float, cut: int, rest: int
) -> None:
    """A history made in one go and one made in pieces replay alike."""
    one = first_order.propagator(rate, source, 1.0)
    head = first_order.each(value, one, cut)
    assert head + first_order.each([value, *head][-1], one, rest) == first_order.each(value, one, cut + rest)


@pytest.mark.parametrize(("rate", "dt_s", "name"), [(-0.1, 1, "rate_per_s is -0.1"), (0.1, -1, "dt_s is -1")])
def test_neither_rate_nor_time_is_negative(rate: float, dt_s: float, name: str) -> None:
    """The message names which."""
    with pytest.raises(ValueError, match=name):
        first_order.propagator(rate, 0.0, dt_s)
