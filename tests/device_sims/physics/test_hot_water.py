"""The hot-water physics: hand-computed values, what must hold for any installation, and what is refused."""

import math
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import hot_water
from device_sims.physics.hot_water import Plant, Regime, State

PLANT = Plant()
STOPPED = Regime(heater_l_per_s=0.0, pump_l_per_s=0.0)
MINUTE, HOUR, DAY = 60, 3600, 86_400

plants = st.builds(
    Plant,
    tank_l=st.floats(100, 5000),
    loop_l=st.floats(5, 500),
    loop_h=st.floats(0.5, 10),
    tank_w_per_k=st.floats(0.5, 20),
    set_c=st.floats(45, 80),
    cold_c=st.floats(5, 25),
    ambient_c=st.floats(5, 35),
)
flows = st.floats(0, 0.5)
regimes = st.builds(Regime, heater_l_per_s=flows, pump_l_per_s=flows, taps_l_per_s=flows)
temperatures = st.floats(5, 80)
states = st.builds(State, temperatures, temperatures, temperatures, temperatures)
spans = st.floats(0, 2 * DAY)


@pytest.mark.parametrize(("start", "minutes"), [(55.0, 22.7), (60.0, 42.3)])
def test_a_stopped_loop_cools_to_fifty(start: float, minutes: float) -> None:
    """Use_cases.md §9: from 55 °C in 22.7 min, from 60 °C in 42.3 min."""
    before, after = (
        hot_water.step(State(return_c=start), PLANT, STOPPED, (minutes + each) * MINUTE).return_c
        for each in (-0.06, 0.06)
    )
    assert before > 50 > after


def test_a_working_loop_returns_above_fifty() -> None:
    """Departure at 60 °C, return a few kelvin below it."""
    after = hot_water.step(State(), PLANT, Regime(), DAY)
    assert after.top_c == pytest.approx(60, abs=0.1)
    assert 50 < after.return_c < after.top_c


def test_a_shower_empties_the_tank_from_below() -> None:
    """Cold water comes in at the bottom; the top feels it last."""
    after = hot_water.step(State(), PLANT, Regime(heater_l_per_s=0, pump_l_per_s=0, taps_l_per_s=0.2), 10 * MINUTE)
    assert after.bottom_c < after.middle_c < after.top_c < 60


@given(plant=plants, regime=regimes, state=states, first=spans, second=spans)
def test_two_steps_are_one(plant: Plant, regime: Regime, state: State, first: float, second: float) -> None:
    """The length of a step is a display choice."""
    once = hot_water.step(state, plant, regime, first + second)
    twice = hot_water.step(hot_water.step(state, plant, regime, first), plant, regime, second)
    assert astuple(twice) == pytest.approx(astuple(once), abs=1e-6)


@given(plant=plants, regime=regimes, state=states, dt=spans)
def test_no_water_is_hotter_or_colder_than_what_feeds_it(plant: Plant, regime: Regime, state: State, dt: float) -> None:
    """Everything stays between the extremes of tank, loop, heater, cold water and room."""
    sources = (*astuple(state), plant.set_c, plant.cold_c, plant.ambient_c)
    for value in astuple(hot_water.step(state, plant, regime, dt)):
        assert min(sources) - 1e-6 <= value <= max(sources) + 1e-6


@given(plant=plants, regime=regimes, state=states)
def test_energy_is_kept(plant: Plant, regime: Regime, state: State) -> None:
    """What tank and loop gain is what the heater gave less what taps and losses took, over a short step."""
    dt = 0.01
    after = hot_water.step(state, plant, regime, dt)
    layers = (after.top_c - state.top_c) + (after.middle_c - state.middle_c) + (after.bottom_c - state.bottom_c)
    gained_j = hot_water.J_PER_L_K * (plant.tank_l / 3 * layers + plant.loop_l * (after.return_c - state.return_c))
    tank_loss = plant.tank_w_per_k * ((state.top_c + state.middle_c + state.bottom_c) / 3 - plant.ambient_c)
    loop_loss = plant.loop_w_per_k * (state.return_c - plant.ambient_c)
    tapped = regime.taps_l_per_s * hot_water.J_PER_L_K * (state.top_c - plant.cold_c)
    balance_w = hot_water.heater_w(state, plant, regime) - tapped - tank_loss - loop_loss
    assert gained_j / dt == pytest.approx(balance_w, rel=1e-2, abs=50)


@given(plant=plants, state=states)
def test_a_plant_at_rest_ends_at_the_room(plant: Plant, state: State) -> None:
    """No heater, no pump, no taps: decades later all is ambient."""
    after = hot_water.step(state, plant, STOPPED, 50 * 365 * DAY)
    assert astuple(after) == pytest.approx((plant.ambient_c,) * 4, abs=1e-3)


@given(plant=plants, regime=regimes, state=states, dt=st.floats(0, DAY), warmer=st.floats(0, 20))
def test_a_hotter_start_never_ends_colder(plant: Plant, regime: Regime, state: State, dt: float, warmer: float) -> None:
    """Layer by layer."""
    hot = State(*(value + warmer for value in astuple(state)))
    ends = zip(*(astuple(hot_water.step(each, plant, regime, dt)) for each in (state, hot)), strict=True)
    assert all(low <= high + 1e-9 for low, high in ends)


@pytest.mark.parametrize("wrong", [{"tank_l": 0.0}, {"loop_h": -1.0}, {"set_c": 101.0}, {"cold_c": math.nan}], ids=str)
def test_an_installation_that_cannot_exist_is_refused(wrong: dict[str, Any]) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Plant(**wrong)


def test_what_cannot_flow_is_refused() -> None:
    """Neither water nor time flows backwards."""
    with pytest.raises(ValueError, match="taps_l_per_s"):
        Regime(taps_l_per_s=-0.1)
    with pytest.raises(ValueError, match="backwards"):
        hot_water.step(State(), PLANT, STOPPED, -1)
