"""The silo's physics: hand-computed values, what must hold for any silo, and what is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import silo as physics
from device_sims.physics.silo import Batches, Silo, State

SILO, BATCHES = Silo(), Batches()
HOUR, DAY = 3600, 86_400

silos = st.builds(
    Silo,
    diameter_m=st.floats(0.5, 6),
    cylinder_m=st.floats(0.5, 15),
    cone_m=st.floats(0.2, 5),
    ullage_m=st.floats(0, 2),
    density_kg_per_m3=st.floats(300, 1200),
)
shares = st.floats(0, 1)
rates = st.floats(0, 5000)
spans = st.floats(0, 7 * DAY)


# hand-computed values: use_cases.md §8


def test_the_silo_holds_what_its_shape_says() -> None:
    """466 kg in the cone, 3 380 kg or 5.83 m³ in all."""
    assert SILO.cone_kg == pytest.approx(466, abs=0.5)
    assert SILO.full_kg == pytest.approx(3380, abs=5)
    assert SILO.full_kg / SILO.density_kg_per_m3 == pytest.approx(5.83, abs=0.005)


@pytest.mark.parametrize(("mass", "level"), [(2500, 2.94), (1071, 1.72), (643, 1.35)])
def test_a_mass_has_its_level(mass: float, level: float) -> None:
    """At the start, at the reorder stock, at the critical stock."""
    assert physics.level_m(SILO, mass) == pytest.approx(level, abs=0.005)


def test_the_sensor_sees_a_distance() -> None:
    """1.06 m at 2 500 kg; a full silo is above the blind zone, a higher sensor's is not."""
    assert physics.distance_m(SILO, 2500) == pytest.approx(1.06, abs=0.005)
    assert physics.distance_m(Silo(ullage_m=0.0), 1e6) == physics.BLIND_M


def test_stocks_last_for_days() -> None:
    """214.3 kg a day: 11.7 days of 2 500 kg; five days are 1 071 kg, reached after 6.67 days; three are 643 kg."""
    week = [250.0] * 6 + [0.0]
    assert BATCHES.kg_per_day == pytest.approx(214.3, abs=0.05)
    assert physics.autonomy_days(2500, week) == pytest.approx(11.7, abs=0.05)
    assert 5 * BATCHES.kg_per_day == pytest.approx(1071, abs=0.5)
    assert 3 * BATCHES.kg_per_day == pytest.approx(643, abs=0.5)
    later = physics.step(State(2500), SILO, 6.67 * DAY, draw_kg_per_h=BATCHES.kg_per_day / 24)
    assert later.mass_kg == pytest.approx(1071, abs=1)
    assert physics.autonomy_days(2500, []) == physics.autonomy_days(2500, [0.0]) == math.inf


def test_millimetres_are_kilograms() -> None:
    """5 mm are 5.83 kg, three sigma of a difference 24.7 kg, 120 kg are 103 mm."""
    assert 0.005 * SILO.kg_per_m == pytest.approx(5.83, abs=0.005)
    assert 3 * math.sqrt(2) * 0.005 * SILO.kg_per_m == pytest.approx(24.7, abs=0.05)
    fallen = physics.distance_m(SILO, 2380) - physics.distance_m(SILO, 2500)
    assert fallen == pytest.approx(0.103, abs=0.0005)


def test_sound_depends_on_the_temperature() -> None:
    """337.3 and 343.2 m/s: set at 20 °C, 1.06 m at 10 °C read 18.5 mm too far, 21.6 kg too little."""
    assert physics.sound_m_per_s(10) == pytest.approx(337.3, abs=0.05)
    assert physics.sound_m_per_s(20) == pytest.approx(343.2, abs=0.05)
    too_far = physics.ultrasonic_m(1.06, 10.0) - 1.06
    assert too_far == pytest.approx(0.0185, abs=0.0001)
    assert too_far * SILO.kg_per_m == pytest.approx(21.6, abs=0.1)


def test_a_heap_hides_flour() -> None:
    """30° under the filling pipe: 0.46 m, 180 kg."""
    height, mass = physics.heap(SILO, 30)
    assert height == pytest.approx(0.46, abs=0.005)
    assert mass == pytest.approx(180, abs=0.5)


def test_a_working_day_has_five_batches_of_a_minute() -> None:
    """At 03:00, 03:30 … 05:00 from Monday to Saturday, 250 kg in all."""
    monday = [second for second in range(DAY) if physics.draws(second, 0, BATCHES)]
    assert len(monday) == 5 * 60
    assert (monday[0], monday[-1]) == (3 * HOUR, 5 * HOUR + 59)
    assert not any(physics.draws(second, 6, BATCHES) for second in range(0, DAY, 30))


def test_an_auger_that_turns_empty_draws_less() -> None:
    """750 W, 300 W, 0 W."""
    powers = [physics.auger_w(State(mass), running=runs) for mass, runs in ((100, True), (0, True), (100, False))]
    assert powers == [750, 300, 0]


# what must hold for any silo


@given(silo=silos, share=shares)
def test_level_and_mass_are_inverse(silo: Silo, share: float) -> None:
    """There and back; the level lies within the silo."""
    mass = share * silo.full_kg
    level = physics.level_m(silo, mass)
    assert 0 <= level <= silo.cone_m + silo.cylinder_m + 1e-9
    assert physics.mass_kg(silo, level) == pytest.approx(mass, rel=1e-9, abs=1e-9)


@given(silo=silos, low=shares, high=shares)
def test_a_fuller_silo_is_nearer_to_its_sensor(silo: Silo, low: float, high: float) -> None:
    """Level rises and distance falls with the mass."""
    less, more = sorted((low * silo.full_kg, high * silo.full_kg))
    assert physics.level_m(silo, less) <= physics.level_m(silo, more) + 1e-9
    assert physics.distance_m(silo, less) >= physics.distance_m(silo, more) - 1e-9


@given(share=shares, draw=rates, fill=rates, first=spans, second=spans)
def test_two_steps_are_one(share: float, draw: float, fill: float, first: float, second: float) -> None:
    """The length of a step is a display choice, at empty and at full too."""
    start = State(share * SILO.full_kg)
    once = physics.step(start, SILO, first + second, draw_kg_per_h=draw, fill_kg_per_h=fill)
    middle = physics.step(start, SILO, first, draw_kg_per_h=draw, fill_kg_per_h=fill)
    twice = physics.step(middle, SILO, second, draw_kg_per_h=draw, fill_kg_per_h=fill)
    assert twice.mass_kg == pytest.approx(once.mass_kg, abs=1e-6)


@given(share=shares, draw=rates, fill=rates, dt=spans)
def test_mass_is_kept(share: float, draw: float, fill: float, dt: float) -> None:
    """What came in less what went out, unless the silo is full or empty."""
    start = State(share * SILO.full_kg)
    after = physics.step(start, SILO, dt, draw_kg_per_h=draw, fill_kg_per_h=fill).mass_kg
    expected = start.mass_kg + (fill - draw) * dt / HOUR
    assert 0 <= after <= SILO.full_kg
    assert after == pytest.approx(expected, abs=1e-6) or after in {0.0, SILO.full_kg}


# what is refused


@pytest.mark.parametrize("wrong", [{"diameter_m": 0.0}, {"cone_m": -1.0}, {"ullage_m": math.nan}], ids=str)
def test_a_silo_that_cannot_exist_is_refused(wrong: dict[str, Any]) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Silo(**wrong)


def test_what_cannot_flow_is_refused() -> None:
    """Negative rates, a still auger, time that runs backwards."""
    with pytest.raises(ValueError, match="draw_kg_per_h"):
        physics.step(State(), SILO, 1, draw_kg_per_h=-1)
    with pytest.raises(ValueError, match="fill_kg_per_h"):
        physics.step(State(), SILO, 1, fill_kg_per_h=math.nan)
    with pytest.raises(ValueError, match="kg_per_min"):
        Batches(kg_per_min=0)
    with pytest.raises(ValueError, match="backwards"):
        physics.step(State(), SILO, -1)
