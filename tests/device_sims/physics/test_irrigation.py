"""The soil's physics: hand-computed values, what must hold for any soil, and what is refused."""

import math
from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import irrigation
from device_sims.physics.irrigation import Regime, Soil, State

SOIL, DRY = Soil(), Regime()
HOUR, DAY = 3600, 86_400

soils = st.builds(Soil, reserve_mm=st.floats(60, 150), full_cb=st.floats(5, 33), exponent=st.floats(1, 6))
regimes = st.builds(
    Regime,
    rain_mm_per_h=st.floats(0, 100),
    irrigation_mm_per_h=st.floats(0, 20),
    et0_mm_per_day=st.floats(0, 10),
    crop=st.floats(0, 1.3),
)
shares = st.floats(0, 1)
spans = st.floats(0, 30 * DAY)


def test_a_soil_is_half_empty_after_twelve_days() -> None:
    """Use_cases.md §9: 4 mm/day empty half of 100 mm in 12.5 days, at 79.2 cb."""
    half = irrigation.step(State(), SOIL, DRY, 12.5 * DAY)
    assert half.water_mm == pytest.approx(50)
    assert irrigation.tension_cb(half, SOIL) == pytest.approx(79.2, abs=0.05)


def test_the_usual_trigger_comes_after_ten_days() -> None:
    """50 cb at 9.86 days; 15 cb when full."""
    before, after = (
        irrigation.tension_cb(irrigation.step(State(), SOIL, DRY, days * DAY), SOIL) for days in (9.855, 9.870)
    )
    assert before < 50 < after
    assert irrigation.tension_cb(State(), SOIL) == pytest.approx(15)
    assert (100 - irrigation.water_at_mm(50, SOIL)) / 4 == pytest.approx(9.86, abs=0.01)


def test_a_dry_soil_wilts_and_a_wet_one_drains() -> None:
    """30 days without water: 20 mm lacked, 1 500 cb; a storm on a full soil drains."""
    dry = irrigation.step(State(), SOIL, DRY, 30 * DAY)
    assert astuple(dry) == pytest.approx((0, 0, 20))
    assert irrigation.tension_cb(dry, SOIL) == irrigation.WILTING_CB
    storm = replace(DRY, rain_mm_per_h=20.0, et0_mm_per_day=0.0)
    assert irrigation.step(State(), SOIL, storm, HOUR).drained_mm == pytest.approx(20)


@given(soil=soils, regime=regimes, share=shares, first=spans, second=spans)
def test_two_steps_are_one(soil: Soil, regime: Regime, share: float, first: float, second: float) -> None:
    """The length of a step is a display choice, and what drains or lacks is counted alike."""
    start = State(share * soil.reserve_mm)
    once = irrigation.step(start, soil, regime, first + second)
    twice = irrigation.step(irrigation.step(start, soil, regime, first), soil, regime, second)
    assert astuple(twice) == pytest.approx(astuple(once), rel=1e-9, abs=1e-6)


@given(soil=soils, regime=regimes, share=shares, dt=spans)
def test_water_is_kept(soil: Soil, regime: Regime, share: float, dt: float) -> None:
    """Brought less evaporated is stored, drained or lacked."""
    start = State(share * soil.reserve_mm)
    after = irrigation.step(start, soil, regime, dt)
    brought = (regime.rain_mm_per_h + regime.irrigation_mm_per_h) * dt / HOUR
    left = brought - regime.et0_mm_per_day * regime.crop * dt / DAY
    stored = after.water_mm - start.water_mm
    assert 0 <= after.water_mm <= soil.reserve_mm
    assert stored + after.drained_mm - after.lacked_mm == pytest.approx(left, rel=1e-9, abs=1e-6)


@given(soil=soils, low=shares, high=shares)
def test_a_drier_soil_pulls_harder(soil: Soil, low: float, high: float) -> None:
    """Between ψ_fc and the wilting point, a number however little is left."""
    dry, wet = (irrigation.tension_cb(State(each * soil.reserve_mm), soil) for each in sorted((low, high)))
    assert soil.full_cb - 1e-9 <= wet <= dry <= irrigation.WILTING_CB


@given(soil=soils, share=st.floats(0.6, 1))
def test_tension_and_water_are_inverse(soil: Soil, share: float) -> None:
    """There and back, where no plant wilts."""
    water = share * soil.reserve_mm
    assert irrigation.water_at_mm(irrigation.tension_cb(State(water), soil), soil) == pytest.approx(water)


@pytest.mark.parametrize("wrong", [{"reserve_mm": 0.0}, {"full_cb": math.nan}, {"exponent": -1.0}], ids=str)
def test_a_soil_that_cannot_exist_is_refused(wrong: dict[str, Any]) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Soil(**wrong)


def test_what_cannot_flow_is_refused() -> None:
    """Rain does not rise, time does not run backwards, no tension is zero."""
    with pytest.raises(ValueError, match="rain_mm_per_h"):
        Regime(rain_mm_per_h=-1)
    with pytest.raises(ValueError, match="backwards"):
        irrigation.step(State(), SOIL, DRY, -1)
    with pytest.raises(ValueError, match="tension"):
        irrigation.water_at_mm(0, SOIL)
