"""The frost night's physics: hand-computed values, what must hold for any night, and what is refused."""

import math
from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import moist_air, vineyard_frost
from device_sims.physics.vineyard_frost import Night, Regime, State

NIGHT = Night()
CLEAR, CLOUDY = Regime(), Regime(sky=0.2)
MINUTE, HOUR = 60, 3600
DUSK_H, SUNRISE_S = 21, 10 * HOUR
WHITE = vineyard_frost.dusk(8.0, -1.0, NIGHT)
BLACK = vineyard_frost.dusk(7.0, -12.0, NIGHT)

nights = st.builds(
    Night,
    cooling_k_per_h=st.floats(0.5, 1.5),
    dew_share=st.floats(0, 1),
    bud_below_k=st.floats(0, 4),
    bud_min=st.floats(1, 60),
    windy_share=st.floats(0, 1),
    warming_k_per_h=st.floats(0.5, 3),
    fade_min=st.floats(5, 120),
)
regimes = st.builds(
    Regime,
    sky=st.floats(0, 1),
    windy=st.booleans(),
    protection_k=st.floats(-1, 3),
    sprinkling=st.booleans(),
)
states = st.builds(State, air_c=st.floats(-10, 20), dew_c=st.floats(-20, 20), bud_c=st.floats(-12, 20))
cases = st.tuples(states, nights, regimes)
sunrises = st.floats(-5 * HOUR, 12 * HOUR)
spans = st.floats(0, 15 * HOUR)


def play(start: State, regime: Callable[[int], Regime] | Regime = CLEAR, night: Night = NIGHT) -> list[State]:
    """Return a night minute by minute from 21:00 to 10:00, `regime` by the second since 21:00."""
    trace = [start]
    for second in range(0, 13 * HOUR, MINUTE):
        now = regime if isinstance(regime, Regime) else regime(second)
        trace.append(vineyard_frost.step(trace[-1], night, now, SUNRISE_S - second, MINUTE))
    return trace


def minute(clock: str) -> int:
    """Return the minute since 21:00 of a clock time."""
    hours, minutes = clock.split(":")
    return (int(hours) - DUSK_H) % 24 * 60 + int(minutes)


def first_wet(trace: list[State], limit: float) -> int:
    """Return the first minute at which the wet bulb is at a limit or below."""
    return next(i for i, state in enumerate(trace) if vineyard_frost.wet_bulb_c(state, NIGHT) <= limit)


def buds_below(trace: list[State], limit: float) -> list[int]:
    """Return the minutes at which the bud is at a limit or below."""
    return [i for i, state in enumerate(trace) if state.bud_c <= limit]


# hand-computed values: use_cases.md §7


def test_a_white_night() -> None:
    """T_w ≤ 0.5 at 03:31 with 1.48 °C in the shelter; bud ≤ 0 at 03:10, ≤ -2 at 05:10 for 2.25 h; at least -3.34 °C."""
    trace = play(WHITE)
    wet = first_wet(trace, 0.5)
    assert wet == pytest.approx(minute("3:31"), abs=1)
    assert trace[wet].air_c == pytest.approx(1.48, abs=0.02)
    assert buds_below(trace, 0)[0] == pytest.approx(minute("3:10"), abs=1)
    assert buds_below(trace, -2)[0] == pytest.approx(minute("5:10"), abs=1)
    assert len(buds_below(trace, -2)) / 60 == pytest.approx(2.25, abs=0.02)
    assert len(buds_below(trace, -2.5)) / 60 == pytest.approx(1.65, abs=0.02)
    assert min(state.bud_c for state in trace) == pytest.approx(-3.34, abs=0.005)


def test_a_black_night() -> None:
    """T_w ≤ 0.5 at 21:38; bud ≤ -2 at 04:10, ≤ -4 at 06:10; at least -4.86 °C; 0.87 °C wet-bulb already at dusk."""
    trace = play(BLACK)
    assert vineyard_frost.wet_bulb_c(trace[0], NIGHT) == pytest.approx(0.87, abs=0.005)
    assert first_wet(trace, 0.5) == pytest.approx(minute("21:38"), abs=1)
    assert buds_below(trace, -2)[0] == pytest.approx(minute("4:10"), abs=1)
    assert buds_below(trace, -4)[0] == pytest.approx(minute("6:10"), abs=1)
    assert min(state.bud_c for state in trace) == pytest.approx(-4.86, abs=0.015)


def test_a_slower_night_never_reaches_two_below() -> None:
    """R = 0.8: T_w ≤ 0.5 at 05:09, the bud at least -1.88 °C."""
    trace = play(WHITE, night=replace(NIGHT, cooling_k_per_h=0.8))
    assert first_wet(trace, 0.5) == pytest.approx(minute("5:09"), abs=1)
    assert min(state.bud_c for state in trace) == pytest.approx(-1.88, abs=0.01)


@pytest.mark.parametrize(("air", "slope"), [(6, 0.551), (2, 0.587), (0, 0.605)])
def test_the_wet_bulb_falls_slower_than_the_air(air: float, slope: float) -> None:
    """At 1 K/h of the air and a dew point of -1 °C (below it, that of the air at 0 °C)."""
    ahead, behind = (
        moist_air.wet_bulb_c(air + each, moist_air.humidity_pct(air + each, -1.0)) for each in (0.01, -0.01)
    )
    assert (ahead - behind) / 0.02 == pytest.approx(slope, abs=0.0015)


def test_a_cloud_saves_the_buds() -> None:
    """f_sky 0.2 from 03:00: the bud turns at once, the wet bulb is at 0.5 °C by 05:34 all the same.

    The document says 0.12 °C at least. Its equations say 1/6 K: behind a ramp of 1 K/h a lag of 10 min stands 1/6 K
    above T - δ, which is 0 °C at 03:00.
    """
    trace = play(WHITE, lambda second: CLOUDY if second >= 6 * HOUR else CLEAR)
    assert min(state.bud_c for state in trace[minute("3:00") :]) == pytest.approx(1 / 6, abs=0.001)
    assert first_wet(trace, 0.5) == pytest.approx(minute("5:34"), abs=1)


def test_a_sprinkler_that_stops_is_worse_than_none() -> None:
    """Held at -0.5 °C until 05:00, then from -0.5 to -2 °C in 12.3 min, drying."""
    held = replace(CLEAR, sprinkling=True)
    drying = replace(CLEAR, protection_k=vineyard_frost.EVAPORATION_K)
    at_five = play(WHITE, held)[minute("5:00")]
    assert at_five.bud_c == pytest.approx(-0.5, abs=0.001)
    sunrise_in_s = SUNRISE_S - 8 * HOUR
    before, after = (
        vineyard_frost.step(at_five, NIGHT, drying, sunrise_in_s, each * MINUTE).bud_c for each in (12.2, 12.4)
    )
    assert before > -2 > after


def test_a_wind_machine_brings_warm_air_down() -> None:
    """+1.2 K of an inversion of 3 K from 03:31: at least -2.14 °C, 27 min below -2; nothing without an inversion."""
    assert vineyard_frost.wind_machine_k(3.0) == pytest.approx(1.2)
    assert vineyard_frost.wind_machine_k(0.0) == vineyard_frost.wind_machine_k(-1.0) == 0
    blown = replace(CLEAR, protection_k=vineyard_frost.wind_machine_k(3.0))
    trace = play(WHITE, lambda second: blown if second >= minute("3:31") * MINUTE else CLEAR)
    assert min(state.bud_c for state in trace) == pytest.approx(-2.14, abs=0.005)
    assert len(buds_below(trace, -2)) == pytest.approx(27, abs=1)


def test_freezing_water_gives_heat() -> None:
    """3 mm/h are 278 W/m²; 10 m up the air is 3 K warmer."""
    assert vineyard_frost.latent_w_per_m2(3.0) == pytest.approx(278, abs=0.5)
    assert vineyard_frost.air_10m_c(WHITE) - WHITE.air_c == pytest.approx(3.0)


# what must hold for any night


@given(case=cases, sunrise=sunrises, first=spans, second=spans)
def test_two_steps_are_one(case: tuple[State, Night, Regime], sunrise: float, first: float, second: float) -> None:
    """The length of a step is a display choice."""
    state, night, regime = case
    once = vineyard_frost.step(state, night, regime, sunrise, first + second)
    middle = vineyard_frost.step(state, night, regime, sunrise, first)
    twice = vineyard_frost.step(middle, night, regime, sunrise - first, second)
    assert astuple(twice) == pytest.approx(astuple(once), abs=1e-6)


@given(case=cases, sunrise=sunrises, dt=spans)
def test_the_dew_point_is_never_above_the_air(case: tuple[State, Night, Regime], sunrise: float, dt: float) -> None:
    """And everything is a number, the wet bulb between the two."""
    after = vineyard_frost.step(*case, sunrise, dt)
    assert all(math.isfinite(value) for value in astuple(after))
    assert after.dew_c <= after.air_c
    wet = vineyard_frost.wet_bulb_c(after, case[1])
    assert after.dew_c - 1e-6 <= wet <= after.air_c + 1e-6


@given(case=cases, sky=st.floats(0, 1), dt=st.floats(0, 8 * HOUR))
def test_clouds_never_make_a_night_colder(case: tuple[State, Night, Regime], sky: float, dt: float) -> None:
    """Air and bud of the cloudier sky are at least as warm."""
    state, night, regime = case
    cloudy, clear = (replace(regime, sky=each) for each in sorted((sky, regime.sky)))
    warm, cold = (vineyard_frost.step(state, night, each, 8 * HOUR, dt) for each in (cloudy, clear))
    assert warm.air_c >= cold.air_c - 1e-9
    assert warm.bud_c >= cold.bud_c - 1e-9


@given(case=cases, sunrise=sunrises, dt=spans)
def test_ice_never_harms_while_water_runs(case: tuple[State, Night, Regime], sunrise: float, dt: float) -> None:
    """A bud above -0.5 °C stays there."""
    state, night, regime = case
    start = replace(state, bud_c=max(state.bud_c, vineyard_frost.ICE_C))
    after = vineyard_frost.step(start, night, replace(regime, sprinkling=True), sunrise, dt)
    assert after.bud_c >= vineyard_frost.ICE_C - 1e-9


@given(state=states, night=nights, protection=st.floats(-1, 3))
def test_a_bud_under_a_steady_sky_settles(state: State, night: Night, protection: float) -> None:
    """Without cooling it ends at the shelter plus its protection."""
    steady = Regime(sky=0.0, protection_k=protection)
    after = vineyard_frost.step(state, night, steady, 1e6, 3 * 86_400)
    assert after.air_c == state.air_c
    assert after.bud_c == pytest.approx(state.air_c + protection, abs=1e-6)


# what is refused


@pytest.mark.parametrize(
    "wrong", [{"bud_min": 0.0}, {"fade_min": -1.0}, {"cooling_k_per_h": -1.0}, {"dew_share": 1.1}], ids=str
)
def test_a_night_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Night(**wrong)


@pytest.mark.parametrize("wrong", [{"sky": 1.1}, {"sky": math.nan}, {"protection_k": math.inf}], ids=str)
def test_a_sky_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """The message names the input."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Regime(**wrong)


def test_time_does_not_run_backwards() -> None:
    """A negative step is refused."""
    with pytest.raises(ValueError, match="backwards"):
        vineyard_frost.step(WHITE, NIGHT, CLEAR, 0, -1)
