"""Lines of a vibration: conversions worked out by hand, and that their squares add up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import vibration_lines
from device_sims.physics.vibration_lines import Line

draws = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)
velocities = st.floats(0, 20)


# hand-computed values: use_cases.md §4


def test_a_velocity_is_an_acceleration_and_a_displacement() -> None:
    """2.8 mm/s at 25 Hz: 0.440 m/s² (0.0448 g), 17.8 µm RMS."""
    acceleration = vibration_lines.acceleration_m_s2(2.8, 25)
    assert acceleration == pytest.approx(0.440, abs=0.0005)
    assert acceleration / vibration_lines.STANDARD_GRAVITY == pytest.approx(0.0448, abs=0.00005)
    assert vibration_lines.displacement_um(2.8, 25) == pytest.approx(17.8, abs=0.05)


def test_a_shaken_hand_is_fast_but_outside_the_band() -> None:
    """1 m/s² RMS at 5 Hz is 31.8 mm/s, below the 10 Hz at which zones begin."""
    assert vibration_lines.velocity_mm_s(1.0, 5) == pytest.approx(31.8, abs=0.05)
    assert not vibration_lines.in_band(5)
    assert vibration_lines.in_band(25)


@pytest.mark.parametrize(
    ("frequency", "sampled", "seen"), [(90, 100, 10), (110, 100, 10), (30, 100, 30), (50, 100, 50)]
)
def test_slow_samples_show_another_frequency(frequency: float, sampled: float, seen: float) -> None:
    """90 Hz sampled at 100 Hz look like 10 Hz."""
    assert vibration_lines.alias_hz(frequency, sampled) == seen


@given(frequency=st.integers(1, 2000), sampled=st.integers(20, 1000), number=st.integers(0, 200))
def test_an_alias_gives_the_same_samples(frequency: int, sampled: int, number: int) -> None:
    """That is what makes it one: nobody can tell the two apart."""
    seen = vibration_lines.alias_hz(frequency, sampled)
    samples = [math.cos(2 * math.pi * hertz * number / sampled) for hertz in (frequency, seen)]
    assert samples[0] == pytest.approx(samples[1], abs=1e-6)


# what holds for any lines


@given(broadband=velocities, unbalance=velocities, misalignment=velocities, looseness=velocities, given_draws=draws)
def test_the_squares_of_the_lines_add_up_to_the_square_of_the_velocity(
    broadband: float, unbalance: float, misalignment: float, looseness: float, given_draws: list[tuple[float, float]]
) -> None:
    """No energy is lost or made in spreading it over frequencies, and all lies in the band."""
    found = vibration_lines.lines(
        25.0,
        broadband_mm_s=broadband,
        unbalance_mm_s=unbalance,
        misalignment_mm_s=misalignment,
        looseness_mm_s=looseness,
        draws=given_draws,
    )
    assert vibration_lines.rms_mm_s(found) == pytest.approx(math.hypot(broadband, unbalance, misalignment, looseness))
    assert all(vibration_lines.in_band(line.frequency_hz) for line in found)


def test_each_fault_has_its_multiples_of_the_rotation() -> None:
    """Unbalance at 1×, misalignment at 2×, looseness at 1× to 6×, falling."""

    def multiples(found: list[Line]) -> list[float]:
        return [line.frequency_hz / 25 for line in found]

    assert multiples(vibration_lines.lines(25.0, broadband_mm_s=0, unbalance_mm_s=3.0)) == [1]
    assert multiples(vibration_lines.lines(25.0, broadband_mm_s=0, misalignment_mm_s=2.0)) == [2]
    loose = vibration_lines.lines(25.0, broadband_mm_s=0, looseness_mm_s=2.0)
    assert multiples(loose) == [1, 2, 3, 4, 5, 6]
    assert sorted(loose, key=lambda line: -line.velocity_mm_s) == loose


@given(given_draws=draws, time_s=st.floats(0, 100))
def test_the_same_draws_give_the_same_curve(given_draws: list[tuple[float, float]], time_s: float) -> None:
    """No chance of its own."""
    twice = [
        vibration_lines.acceleration_g(
            vibration_lines.lines(25.0, broadband_mm_s=1.1, unbalance_mm_s=1.0, draws=given_draws), time_s
        )
        for _ in range(2)
    ]
    assert twice[0] == twice[1]
    assert math.isfinite(twice[0])


def test_the_samples_of_a_line_have_its_acceleration() -> None:
    """Over whole periods the RMS of the samples is the RMS of the line: 2.8 mm/s at 25 Hz, 0.0448 g."""
    samples = [vibration_lines.acceleration_g([Line(25.0, 2.8, 0.3)], number / 1000) for number in range(1000)]
    rms = math.sqrt(sum(sample**2 for sample in samples) / len(samples))
    assert rms == pytest.approx(0.0448, abs=0.00005)
    assert math.fsum(samples) == pytest.approx(0, abs=1e-9)


# bad input


def test_lines_need_a_rotation_and_draws() -> None:
    """The message names what is missing."""
    with pytest.raises(ValueError, match="rotation_hz is 0"):
        vibration_lines.lines(0, broadband_mm_s=0)
    with pytest.raises(ValueError, match="draws are empty"):
        vibration_lines.lines(25.0, broadband_mm_s=1.1)
    with pytest.raises(ValueError, match="sampled_hz is 0"):
        vibration_lines.alias_hz(90, 0)
