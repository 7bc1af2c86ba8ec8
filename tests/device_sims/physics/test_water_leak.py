"""Water through a meter: values worked out by hand, what must hold for any plumbing, and what each fault leaves."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import water_leak
from device_sims.physics.hours import DAY_S, WEEK_S, Hours
from device_sims.physics.water_leak import Draw, Plumbing, Regime, State

FINE, COARSE = Plumbing(), Plumbing(pulse_l=10.0)
MINUTE, HOUR, YEAR_H = 60, 3600, 8760
EURO_PER_M3 = 4.34

plumbings = st.builds(
    Plumbing,
    day_bar=st.floats(2, 6),
    night_bar=st.floats(2, 6),
    reference_bar=st.floats(2, 6),
    exponent=st.floats(0.5, 1.5),
    pulse_l=st.sampled_from([1.0, 10.0, 100.0]),
)
regimes = st.builds(
    Regime,
    drawn_l_per_h=st.floats(0, 5000),
    leak_l_per_h=st.floats(0, 5000),
    pressure_bar=st.floats(0, 6),
    shut=st.booleans(),
    per_pulse=st.integers(0, 2),
)
indexes = st.floats(0, 1e6)
spans = st.floats(0, 100_000)


def pulses_each_hour(plumbing: Plumbing, regime: Regime, hours: int) -> list[int]:
    """Return how many pulses come in each clock hour, from an index of 412 350 L on."""
    counts, state = [], water_leak.started(plumbing)
    for _ in range(hours):
        later = water_leak.step(state, plumbing, regime, HOUR)
        counts.append(later.pulses - state.pulses)
        state = later
    return counts


# hand-computed values: use_cases.md §5


@pytest.mark.parametrize(("flow", "m3", "euros"), [(4, 35.0, 152), (25, 219, 950), (80, 701, 3040)])
def test_a_leak_all_year_has_its_price(flow: float, m3: float, euros: float) -> None:
    """4, 25 and 80 L/h: 35.0, 219 and 701 m³; 152, 950 and, to ten euros, 3 040 €."""
    year = water_leak.step(State(0.0, 0), FINE, Regime(leak_l_per_h=flow), YEAR_H * HOUR)
    assert year.index_l / 1000 == pytest.approx(m3, abs=0.5 if m3 > 100 else 0.05)
    assert year.index_l / 1000 * EURO_PER_M3 == pytest.approx(euros, abs=5 if euros > 1000 else 0.5)


@pytest.mark.parametrize(
    ("plumbing", "flow", "minutes"),
    [(FINE, 4, 15.0), (FINE, 25, 2.40), (FINE, 80, 0.75), (COARSE, 4, 150), (COARSE, 25, 24.0), (COARSE, 80, 7.5)],
)
def test_pulses_come_at_the_intervals_of_the_document(plumbing: Plumbing, flow: float, minutes: float) -> None:
    """w/q: from the last pulse to the next, and to the one after."""
    regime = Regime(leak_l_per_h=flow)
    start = water_leak.started(plumbing, 412_350)
    first_s = water_leak.until_pulse_s(start, plumbing, regime)
    assert first_s / MINUTE == pytest.approx(minutes)
    second = water_leak.step(start, plumbing, regime, first_s)
    assert second.pulses == start.pulses + 1
    assert water_leak.until_pulse_s(second, plumbing, regime) / MINUTE == pytest.approx(minutes)


def test_a_leak_below_the_pulse_weight_is_invisible_hour_by_hour() -> None:
    """The smallest leak with a pulse in every hour is w an hour: 1 or 10 L/h; 4 L/h at w = 10 leave hours at zero."""
    for plumbing, smallest in ((FINE, 1.0), (COARSE, 10.0)):
        assert min(pulses_each_hour(plumbing, Regime(leak_l_per_h=smallest), 48)) == 1
        assert min(pulses_each_hour(plumbing, Regime(leak_l_per_h=0.9 * smallest), 48)) == 0
    dripping = Regime(leak_l_per_h=4.0, pressure_bar=3.5)
    assert min(pulses_each_hour(FINE, dripping, 6)) >= 1
    assert all(0 in pulses_each_hour(COARSE, dripping, 48)[begin : begin + 6] for begin in range(42))


def test_more_pressure_drives_more_through_a_hole() -> None:
    """3.0 → 3.5 bar: a factor of 1.08, 4 → 4.32 L/h."""
    night = Regime(leak_l_per_h=4.0, pressure_bar=water_leak.pressure_bar(FINE, 0))
    assert water_leak.leak_l_per_h(FINE, night) / 4 == pytest.approx(1.08, abs=0.005)
    assert water_leak.leak_l_per_h(FINE, night) == pytest.approx(4.32, abs=0.005)


def test_a_burst_loses_a_hundred_litres_in_ten_minutes() -> None:
    """600 L/h: 100 L in 10.0 min, at most 300 L before the second report of a quarter of an hour."""
    burst = Regime(leak_l_per_h=600.0)
    start = water_leak.started(FINE)
    assert water_leak.step(start, FINE, burst, 10 * MINUTE).index_l - start.index_l == pytest.approx(100)
    assert water_leak.step(start, FINE, burst, 30 * MINUTE).index_l - start.index_l == pytest.approx(300)


def test_a_toilet_leaks_a_hundred_and_fifty_litres_before_it_is_told() -> None:
    """25 L/h for the six hours that never_zero asks: 150 L, 0.65 €, a pulse in each hour."""
    toilet = Regime(leak_l_per_h=25.0)
    assert pulses_each_hour(FINE, toilet, 6) == [25] * 6
    lost_l = water_leak.step(State(0.0, 0), FINE, toilet, 6 * HOUR).index_l
    assert lost_l == pytest.approx(150)
    assert lost_l / 1000 * EURO_PER_M3 == pytest.approx(0.65, abs=0.005)


# what faults of meter and valve leave


def test_a_shut_valve_stops_draws_and_leaks_and_a_stuck_one_does_not() -> None:
    """Everything is zero behind a shut valve; no pulse ever comes."""
    shut = Regime(drawn_l_per_h=300.0, leak_l_per_h=25.0, shut=True)
    assert water_leak.flow_l_per_h(FINE, shut) == 0
    assert water_leak.until_pulse_s(water_leak.started(FINE), FINE, shut) == math.inf
    assert water_leak.flow_l_per_h(FINE, replace(shut, shut=False)) == pytest.approx(325)


@pytest.mark.parametrize("per_pulse", [0, 1, 2])
def test_a_counter_may_miss_or_double_what_the_meter_gives(per_pulse: int) -> None:
    """meter_stuck counts nothing, pulse_bounce counts twice; the water is the same."""
    start = water_leak.started(FINE)
    later = water_leak.step(start, FINE, Regime(drawn_l_per_h=120.0, per_pulse=per_pulse), HOUR)
    assert later.pulses - start.pulses == 120 * per_pulse
    assert later.index_l - start.index_l == pytest.approx(120)


# what holds for any plumbing


@given(
    plumbing=plumbings,
    first=regimes,
    second=regimes,
    index=indexes,
    spans_s=st.tuples(spans, spans),
    parts=st.integers(1, 9),
)
def test_many_steps_equal_one_through_a_change_of_flow(
    *, plumbing: Plumbing, first: Regime, second: Regime, index: float, spans_s: tuple[float, float], parts: int
) -> None:
    """A valve shut, a tap opened: each side in one step, or in several; pulses within the rounding of the index."""
    once = cut = water_leak.started(plumbing, index)
    for regime, span in zip((replace(first, per_pulse=1), replace(second, per_pulse=1)), spans_s, strict=True):
        once = water_leak.step(once, plumbing, regime, span)
        for _ in range(parts):
            cut = water_leak.step(cut, plumbing, regime, span / parts)
    assert cut.index_l == pytest.approx(once.index_l, rel=1e-12, abs=1e-9)
    near_a_pulse = abs(math.remainder(once.index_l + water_leak.EDGE_L, plumbing.pulse_l)) < 1e-7
    assert abs(cut.pulses - once.pulses) <= near_a_pulse


@given(plumbing=plumbings, regime=regimes, index=indexes, dt_s=spans)
def test_volume_is_kept(plumbing: Plumbing, regime: Regime, index: float, dt_s: float) -> None:
    """The index grows by flow times time, never falls, and the pulses are its whole multiples of w."""
    start = water_leak.started(plumbing, index)
    later = water_leak.step(start, plumbing, replace(regime, per_pulse=1), dt_s)
    volume = water_leak.flow_l_per_h(plumbing, regime) * dt_s / 3600
    assert later.index_l - index == pytest.approx(volume, rel=1e-9, abs=1e-8)
    assert later.index_l >= index
    assert later.pulses * plumbing.pulse_l <= later.index_l + 2 * water_leak.EDGE_L
    assert (later.pulses + 1) * plumbing.pulse_l > later.index_l


@given(plumbing=plumbings, regime=regimes, pressures=st.tuples(st.floats(0, 6), st.floats(0, 6)))
def test_more_pressure_never_leaks_less(plumbing: Plumbing, regime: Regime, pressures: tuple[float, float]) -> None:
    """Nor does a larger hole; without pressure nothing leaks."""
    low, high = (
        water_leak.leak_l_per_h(plumbing, replace(regime, pressure_bar=pressure)) for pressure in sorted(pressures)
    )
    assert 0 <= low <= high < math.inf
    assert water_leak.leak_l_per_h(plumbing, replace(regime, pressure_bar=0.0)) == 0
    assert low <= water_leak.leak_l_per_h(
        plumbing, replace(regime, pressure_bar=min(pressures), leak_l_per_h=regime.leak_l_per_h + 1)
    )


def test_a_meter_without_flow_stays() -> None:
    """At rest nothing is counted, for however long."""
    start = water_leak.started(COARSE)
    assert water_leak.step(start, COARSE, Regime(), 1e9) == start


# draws


def test_the_pressure_is_the_network_s_at_night() -> None:
    """3.0 bar when open, 08:00 to 19:00 Monday to Saturday; 3.5 bar otherwise."""
    assert water_leak.pressure_bar(FINE, 10 * HOUR) == 3.0
    assert water_leak.pressure_bar(FINE, 20 * HOUR) == 3.5
    assert water_leak.pressure_bar(FINE, 6 * DAY_S + 10 * HOUR) == 3.5


@given(start=st.floats(0, 1e6), normal=st.floats(-3, 3), uniform=st.floats(0, 1))
def test_a_draw_delivers_its_volume_in_its_time(start: float, normal: float, uniform: float) -> None:
    """Flow times duration is the volume; before and after there is none."""
    one = water_leak.draw(FINE, start, normal=normal, uniform=uniform)
    assert one.volume_l > 0
    assert 60 <= one.duration_s <= 120
    middle = start + one.duration_s / 2
    assert water_leak.drawn_l_per_h([one], middle) * one.duration_s / 3600 == pytest.approx(one.volume_l)
    assert water_leak.drawn_l_per_h([one], start - 1) == water_leak.drawn_l_per_h([one], one.end_s) == 0


def test_draws_have_the_mean_volume_whatever_their_spread() -> None:
    """12 L, the mean of the log-normal law, summed over its quantiles by the midpoint rule."""
    points = [(number + 0.5) / 100 for number in range(-600, 600)]
    for spread in (0.0, 0.6, 1.2):
        plumbing = Plumbing(draw_spread=spread)
        density = [math.exp(-(point**2) / 2) / math.sqrt(2 * math.pi) for point in points]
        volumes = [water_leak.draw(plumbing, 0, normal=point, uniform=0.5).volume_l for point in points]
        mean = math.fsum(weight * volume for weight, volume in zip(density, volumes, strict=True)) / 100
        assert mean == pytest.approx(12, rel=1e-3)


def test_draws_that_run_together_add_up() -> None:
    """Two taps."""
    two = [Draw(0, 10.0, 60), Draw(30, 12.0, 120)]
    assert water_leak.drawn_l_per_h(two, 45) == pytest.approx(600 + 360)
    assert water_leak.drawn_l_per_h(two, 60) == pytest.approx(360)


def test_the_next_draw_is_sooner_when_open() -> None:
    """6 /h open, 0.2 /h closed: ten minutes for a mean draw at 10:00, five hours at 19:00, and exact across 08:00."""
    assert water_leak.until_draw_s(FINE, 10 * HOUR, 1.0) == pytest.approx(HOUR / 6)
    assert water_leak.until_draw_s(FINE, 19 * HOUR, 1.0) == pytest.approx(5 * HOUR)
    # at 07:00 an hour brings 0.2; what is left of 1 takes 0.8/6 h from 08:00 on
    assert water_leak.until_draw_s(FINE, 7 * HOUR, 1.0) == pytest.approx(HOUR + 0.8 / 6 * HOUR)


@given(week_s=st.floats(0, WEEK_S), draws=st.tuples(st.floats(0, 1000), st.floats(0, 1000)))
def test_two_waits_one_after_the_other_are_one_long_wait(week_s: float, draws: tuple[float, float]) -> None:
    """∫λ dt adds up: nothing is lost where one wait ends and the next begins."""
    first_s = water_leak.until_draw_s(FINE, week_s, draws[0])
    second_s = water_leak.until_draw_s(FINE, week_s + first_s, draws[1])
    assert first_s + second_s == pytest.approx(water_leak.until_draw_s(FINE, week_s, sum(draws)), rel=1e-9, abs=1e-3)


def test_premises_where_nobody_draws_wait_for_ever() -> None:
    """λ = 0 at all hours, and draws only when open wait for the opening."""
    assert water_leak.until_draw_s(Plumbing(open_per_h=0, closed_per_h=0), 0, 1.0) == math.inf
    assert water_leak.until_draw_s(Plumbing(closed_per_h=0), 7 * HOUR, 0.0) == HOUR
    assert water_leak.until_draw_s(Plumbing(closed_per_h=0, open_hours=Hours(())), 0, 1.0) == math.inf


# bad input


@pytest.mark.parametrize(
    ("name", "value"),
    [("pulse_l", 0), ("reference_bar", 0), ("day_bar", -1), ("draw_l", math.nan), ("longest_s", 30), ("exponent", -1)],
)
def test_plumbing_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """The message names the parameter."""
    given_in_a_file: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"{name} is"):
        Plumbing(**given_in_a_file)


@pytest.mark.parametrize(("name", "value"), [("drawn_l_per_h", -1), ("leak_l_per_h", math.inf), ("per_pulse", -1)])
def test_a_regime_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """The message names the input."""
    given_in_a_file: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"{name} is"):
        Regime(**given_in_a_file)


def test_time_does_not_run_backwards() -> None:
    """A negative step is refused."""
    with pytest.raises(ValueError, match="dt_s is -1"):
        water_leak.step(State(0.0, 0), FINE, Regime(), -1)
