"""The virtual clock: simulated seconds follow the wall at a speed, without floods and without jumps."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.clock import VirtualClock, stretched_s
from device_sims.errors import SimulationError


def test_a_minute_passes_in_a_second_at_sixty() -> None:
    """×60: one wall second is one simulated minute."""
    clock = VirtualClock(100.0, speed=60)
    assert clock.advance(101.0) == 60.0


def test_a_closed_lid_floods_nothing() -> None:
    """Eight hours of suspended wall time count as two seconds."""
    clock = VirtualClock(0.0, speed=60)
    assert clock.advance(8 * 3600.0) == 120.0
    assert clock.advance(8 * 3600.0 + 1) == 180.0


@given(speeds=st.lists(st.floats(0, 60), min_size=1, max_size=10))
def test_changing_the_speed_never_jumps(speeds: list[float]) -> None:
    """At the moment of a change simulated time stays where it is."""
    clock, wall = VirtualClock(0.0), 0.0
    for speed in speeds:
        wall += 1.0
        before = clock.advance(wall)
        clock.set_speed(speed, wall)
        assert clock.time_s == before
        assert clock.advance(wall) == before


def test_a_paused_clock_stands() -> None:
    """Speed 0: nothing is ever due."""
    clock = VirtualClock(0.0, speed=0)
    assert clock.advance(1.5) == 0.0
    assert clock.wall_until(10.0) == math.inf


def test_a_wall_that_steps_back_stops_nothing() -> None:
    """A clock that goes back counts as standing."""
    clock = VirtualClock(10.0)
    assert clock.advance(5.0) == 0.0
    assert clock.advance(11.0) == 1.0


@pytest.mark.parametrize("speed", [-1, 3601, math.nan, math.inf])
def test_an_impossible_speed_is_refused(speed: float) -> None:
    """The message gives the bounds."""
    with pytest.raises(SimulationError, match="between 0"):
        VirtualClock(0.0, speed=speed)


@pytest.mark.parametrize(("period_s", "speed", "expected_s"), [(10, 1, 10), (10, 60, 10), (1, 60, 6), (0.1, 60, 6)])
def test_a_fast_device_stretches_its_period(period_s: float, speed: float, expected_s: float) -> None:
    """At ×60, ten messages a wall second are one each six simulated seconds."""
    assert stretched_s(period_s, speed, 10.0) == expected_s
