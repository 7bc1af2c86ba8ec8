"""The greenhouse's physics: hand-computed values, what must hold for any house, and what is refused."""

import math
from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import greenhouse, moist_air
from device_sims.physics.greenhouse import Greenhouse, Regime, State

HOUSE = Greenhouse()
DAY = 86_400

houses = st.builds(
    Greenhouse,
    volume_m3=st.floats(20, 20_000),
    ua_w_per_k=st.floats(50, 50_000),
    heat_j_per_k=st.floats(1e5, 1e8),
    closed_per_h=st.floats(0, 2),
    open_per_h=st.floats(5, 60),
)
regimes = st.builds(
    Regime,
    heat_w=st.floats(0, 50_000),
    vapour_g_per_h=st.floats(0, 20_000),
    vent=st.floats(0, 1),
    outside_c=st.floats(-10, 35),
    outside_pct=st.floats(10, 100),
)
states = st.builds(State, air_c=st.floats(-5, 45), vapour_g_per_m3=st.floats(1, 40))
spans = st.floats(0, DAY)


@pytest.mark.parametrize(("humidity", "deficit"), [(70, 0.895), (85, 0.448)])
def test_the_air_can_take_more_vapour(humidity: float, deficit: float) -> None:
    """Use_cases.md §9: at 24 °C."""
    assert greenhouse.vpd_kpa(24, humidity) == pytest.approx(deficit, abs=0.0005)


def test_dew_comes_before_the_air_is_full() -> None:
    """At 24 °C and 85 % the dew point is 21.3 °C: leaves at 21 °C are wet, at 22 °C dry."""
    now = greenhouse.state(24, 85)
    assert moist_air.dew_point_c(24, greenhouse.humidity_pct(now)) == pytest.approx(21.3, abs=0.05)
    assert greenhouse.leaf_wet(now, replace(HOUSE, leaf_below_k=3.0))
    assert not greenhouse.leaf_wet(now, replace(HOUSE, leaf_below_k=2.0))


def test_open_vents_dry_and_cool() -> None:
    """Cool outside air leaves a humid house drier and colder than closed vents, and takes heat with it."""
    start = greenhouse.state(24, 95)
    shut, wide = (greenhouse.step(start, HOUSE, Regime(vent=vent, vapour_g_per_h=500), 1800) for vent in (0, 1))
    assert wide.air_c < shut.air_c
    assert wide.vapour_g_per_m3 < shut.vapour_g_per_m3
    assert greenhouse.vent_w(start, HOUSE, Regime(vent=1)) > greenhouse.vent_w(start, HOUSE, Regime(vent=0)) > 0


@given(house=houses, regime=regimes, now=states, first=spans, second=spans)
def test_two_steps_are_one(house: Greenhouse, regime: Regime, now: State, first: float, second: float) -> None:
    """The length of a step is a display choice."""
    once = greenhouse.step(now, house, regime, first + second)
    twice = greenhouse.step(greenhouse.step(now, house, regime, first), house, regime, second)
    assert astuple(twice) == pytest.approx(astuple(once), rel=1e-6, abs=1e-6)


@given(house=houses, regime=regimes, now=states)
def test_heat_and_vapour_are_kept(house: Greenhouse, regime: Regime, now: State) -> None:
    """Over a short step, what is there grows by what comes in less what leaves."""
    dt = 1e-3
    after = greenhouse.step(now, house, regime, dt)
    lost_w = house.ua_w_per_k * (now.air_c - regime.outside_c) + greenhouse.vent_w(now, house, regime)
    heat_w = house.heat_j_per_k * (after.air_c - now.air_c) / dt
    assert heat_w == pytest.approx(regime.heat_w - lost_w, rel=1e-2, abs=house.heat_j_per_k * 1e-9)
    outside = greenhouse.saturated_g_per_m3(regime.outside_c) * regime.outside_pct / 100
    left = greenhouse.exchange_m3_per_s(house, regime.vent) * (now.vapour_g_per_m3 - outside)
    gained = house.volume_m3 * (after.vapour_g_per_m3 - now.vapour_g_per_m3) / dt
    assert gained == pytest.approx(regime.vapour_g_per_h / 3600 - left, rel=1e-2, abs=house.volume_m3 * 1e-8)


@given(house=houses, regime=regimes)
def test_a_cold_empty_house_ends_as_the_outside(house: Greenhouse, regime: Regime) -> None:
    """Without heat and plants, and with vents that let some air through."""
    idle = replace(regime, heat_w=0.0, vapour_g_per_h=0.0, vent=max(regime.vent, 0.1))
    after = greenhouse.step(State(30.0, 20.0), house, idle, 365 * DAY)
    assert after.air_c == pytest.approx(regime.outside_c, abs=1e-6)
    assert greenhouse.humidity_pct(after) == pytest.approx(regime.outside_pct, abs=1e-6)


@given(air=st.floats(0, 45), low=st.floats(1, 100), high=st.floats(1, 100))
def test_drier_air_has_a_larger_deficit(air: float, low: float, high: float) -> None:
    """Zero when saturated, never negative."""
    dry, moist = (greenhouse.vpd_kpa(air, each) for each in sorted((low, high)))
    assert dry >= moist >= 0 == greenhouse.vpd_kpa(air, 100)


@given(house=houses, regime=regimes, now=states, dt=spans)
def test_everything_is_a_number(house: Greenhouse, regime: Regime, now: State, dt: float) -> None:
    """And the humidity a percentage."""
    after = greenhouse.step(now, house, regime, dt)
    assert all(math.isfinite(value) for value in astuple(after))
    assert 0 < greenhouse.humidity_pct(after) <= 100
    assert greenhouse.leaf_wet(after, house) in {True, False}


@pytest.mark.parametrize("wrong", [{"volume_m3": 0.0}, {"open_per_h": 0.1}, {"leaf_below_k": math.nan}], ids=str)
def test_a_house_that_cannot_exist_is_refused(wrong: dict[str, Any]) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Greenhouse(**wrong)


def test_what_cannot_be_is_refused() -> None:
    """A vent beyond open, a dry outside, a humid state beyond 100 %, time that runs backwards."""
    with pytest.raises(ValueError, match="vent"):
        Regime(vent=1.1)
    with pytest.raises(ValueError, match="humidity_pct"):
        Regime(outside_pct=0)
    with pytest.raises(ValueError, match="humidity_pct"):
        greenhouse.state(20, 101)
    with pytest.raises(ValueError, match="backwards"):
        greenhouse.step(State(20, 10), HOUSE, Regime(), -1)
