"""The lying tank: values of geometry, what must hold for any tank, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import tank as physics
from device_sims.physics.tank import Tank

tanks = st.builds(Tank, radius_m=st.floats(0.2, 2), length_m=st.floats(0.5, 15))
shares = st.floats(0, 1)
rates = st.floats(0, 10_000)
spans = st.floats(0, 100_000)


def test_half_a_tank_is_half_its_volume() -> None:
    """Empty, half and full; a quarter of the height is 19.55 % of the volume."""
    tank = Tank(radius_m=1.0, length_m=2.0)
    assert physics.volume_m3(tank, 0) == 0
    assert physics.volume_m3(tank, 0.5) / tank.full_m3 == pytest.approx(0.1955, abs=0.00005)
    assert physics.volume_m3(tank, 1) == pytest.approx(math.pi)
    assert physics.volume_m3(tank, 2) == pytest.approx(tank.full_m3)


def test_a_level_is_limited_to_the_tank() -> None:
    """Nothing below the bottom, nothing above the top."""
    assert physics.level_m(Tank(), -1) == physics.volume_m3(Tank(), -1) == 0
    assert physics.level_m(Tank(), 1e6) == pytest.approx(1.2)
    assert physics.volume_m3(Tank(), 5) == pytest.approx(Tank().full_m3)


@given(tank=tanks, share=shares)
def test_volume_and_level_are_inverse(tank: Tank, share: float) -> None:
    """Within the bisection's 1e-9 of the diameter."""
    level = share * 2 * tank.radius_m
    volume = physics.volume_m3(tank, level)
    assert physics.volume_m3(tank, physics.level_m(tank, volume)) == pytest.approx(volume, abs=1e-8 * tank.full_m3)


@given(tank=tanks, low=shares, high=shares)
def test_a_higher_level_is_more(tank: Tank, low: float, high: float) -> None:
    """The volume never falls with the level."""
    less, more = (physics.volume_m3(tank, share * 2 * tank.radius_m) for share in sorted((low, high)))
    assert less <= more + 1e-9


@given(tank=tanks, share=shares, draw=rates, fill=rates, spans=st.tuples(spans, spans))
def test_two_steps_are_one(tank: Tank, share: float, draw: float, fill: float, spans: tuple[float, float]) -> None:
    """And volume is kept, unless the tank is full or empty."""
    start = share * tank.full_m3
    once = physics.step(start, tank, sum(spans), draw_l_per_h=draw, fill_l_per_h=fill)
    middle = physics.step(start, tank, spans[0], draw_l_per_h=draw, fill_l_per_h=fill)
    twice = physics.step(middle, tank, spans[1], draw_l_per_h=draw, fill_l_per_h=fill)
    assert twice == pytest.approx(once, abs=1e-9)
    kept = start + (fill - draw) * sum(spans) / 3.6e6
    assert once == pytest.approx(kept, abs=1e-9) or once in {0.0, tank.full_m3}


def test_a_tank_that_cannot_exist_is_refused() -> None:
    """The message names the parameter; time does not run backwards."""
    with pytest.raises(ValueError, match="radius_m"):
        Tank(radius_m=0)
    with pytest.raises(ValueError, match="length_m"):
        Tank(length_m=math.inf)
    with pytest.raises(ValueError, match="backwards"):
        physics.step(1.0, Tank(), -1)
