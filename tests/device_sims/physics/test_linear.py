"""The exact step of linear models: known exponentials, and what must hold for any."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import linear

rates = st.floats(1e-6, 10)
spans = st.floats(0, 1000)


@given(rate=rates, start=st.floats(-50, 50), rest=st.floats(-50, 50), dt=spans)
def test_one_state_decays_as_its_closed_form(rate: float, start: float, rest: float, dt: float) -> None:
    """x* + (x - x*)·e^{-Δ/τ}, within 1e-10 of the largest value."""
    (after,) = linear.apply(linear.propagator(((-rate,),), (rate * rest,), dt), (start,))
    assert after == pytest.approx(rest + (start - rest) * math.exp(-rate * dt), abs=1e-8)


@given(angle=st.floats(0, 100))
def test_a_rotation_is_sine_and_cosine(angle: float) -> None:
    """X' = -y, y' = x goes round."""
    turned = linear.apply(linear.propagator(((0.0, -1.0), (1.0, 0.0)), (0.0, 0.0), angle), (1.0, 0.0))
    assert turned == pytest.approx((math.cos(angle), math.sin(angle)), abs=1e-9)


def test_without_rates_a_source_is_a_straight_line() -> None:
    """And nothing at all stays."""
    assert linear.apply(linear.propagator(((0.0,),), (2.0,), 3.0), (1.0,)) == pytest.approx((7.0,))
    assert linear.apply(linear.propagator(((0.0,),), (0.0,), 3.0), (1.0,)) == (1.0,)
