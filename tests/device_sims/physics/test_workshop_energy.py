"""A workshop's loads: values worked out by hand, what must hold for any heated body, and when faults are seen."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import linky, workshop_energy
from device_sims.physics.workshop_energy import OFFICE, OVEN, Cycle, Heated, Regime, State

MINUTE, HOUR, DAY = 60, 3600, 86_400
BAKING = Regime(around_c=20.0, set_c=220.0)
DAYTIME = Regime(around_c=5.0, set_c=19.0, gains_w=200.0)
NIGHT = Regime(around_c=5.0, set_c=16.0, gains_w=100.0)
WINDOW = Regime(around_c=5.0, set_c=19.0, open_w_per_k=60.0, gains_w=200.0)

bodies = st.builds(
    Heated,
    capacity_j_per_k=st.floats(30_000, 2e7),
    loss_w_per_k=st.floats(3, 150),
    heater_w=st.floats(0, 10_000),
    band_k=st.floats(0.1, 5),
)
regimes = st.builds(
    Regime,
    around_c=st.floats(-15, 35),
    set_c=st.floats(5, 250),
    open_w_per_k=st.floats(0, 200),
    gains_w=st.floats(0, 2000),
    powered=st.booleans(),
)
states = st.builds(State, st.floats(-15, 300), st.booleans())
spans = st.floats(0, 200_000)


def play(body: Heated, regime: Regime, start: State, length: int) -> tuple[list[float], list[bool]]:
    """Return temperature and heater second by second."""
    temperatures: list[float] = []
    heater: list[bool] = []
    state, steps = start, workshop_energy.seconds(body, regime)
    while len(temperatures) < length:
        heating = workshop_energy.heats(state, regime)
        state, some = workshop_energy.advance(state, steps, length - len(temperatures))
        temperatures.extend(some)
        heater.extend([heating] * len(some))
    return temperatures, heater


# hand-computed values: use_cases.md §3


def test_an_oven_takes_thirty_seven_minutes_and_nearly_four_kilowatt_hours() -> None:
    """From 20 to 220 °C: 37.2 min, 3.72 kWh."""
    temperatures, heater = play(OVEN, BAKING, State(20.0, calling=True), HOUR)
    hot = next(second for second, value in enumerate(temperatures, start=1) if value >= 220)
    assert hot / MINUTE == pytest.approx(37.2, abs=0.05)
    assert sum(heater[:hot]) * OVEN.heater_w / HOUR / 1000 == pytest.approx(3.72, abs=0.005)


def test_a_hot_oven_holds_with_a_fifth_of_its_power() -> None:
    """UA·200 K = 1200 W, duty 0.20."""
    _, heater = play(OVEN, BAKING, State(220.0), 10 * HOUR)
    duty = sum(heater) / len(heater)
    assert duty == pytest.approx(0.20, abs=0.002)
    assert duty * OVEN.heater_w == pytest.approx(1200, abs=12)


def test_the_office_is_heated_to_twenty_five_degrees_or_with_the_window_open_to_fifteen() -> None:
    """5 + (1000 + 200)/60 = 25.0 °C; with the window 5 + 1200/120 = 15.0 °C."""
    assert workshop_energy.settled_c(OFFICE, DAYTIME, heating=True) == pytest.approx(25.0)
    assert workshop_energy.settled_c(OFFICE, WINDOW, heating=True) == pytest.approx(15.0)


def test_an_office_cools_for_ten_hours_of_the_night() -> None:
    """From 19 °C with 100 W of gains: 16.3 °C, so its heater never starts; time constant 40 h."""
    temperatures, heater = play(OFFICE, NIGHT, State(19.0), 10 * HOUR)
    assert temperatures[-1] == pytest.approx(16.3, abs=0.05)
    assert not any(heater)
    assert OFFICE.capacity_j_per_k / OFFICE.loss_w_per_k / HOUR == pytest.approx(40)


def test_a_litre_of_water_boils_in_three_minutes() -> None:
    """15 → 100 °C at 2 kW and 90 %: 3.29 min, about 0.11 kWh."""
    seconds = workshop_energy.boiling_s(1.0, 15.0, workshop_energy.KETTLE.power_w)
    assert seconds / MINUTE == pytest.approx(3.29, abs=0.005)
    assert seconds * 2000 / HOUR / 1000 == pytest.approx(0.11, abs=0.005)
    assert workshop_energy.boiling_s(1.0, 100.0, 2000.0) == 0


def test_the_night_draws_540_watts() -> None:
    """400 + 350·12/30 = 540 W on average; a fifth more is 648 W."""
    fridge = Cycle()
    running = sum(fridge.runs(second) for second in range(DAY)) / DAY
    mean = workshop_energy.BASE.power_w + running * workshop_energy.FRIDGE.power_w
    assert mean == pytest.approx(540)
    assert mean == pytest.approx(400 + 350 * fridge.share)
    assert 1.2 * mean == pytest.approx(648)


def test_the_default_loads_add_up_to_the_papp_of_the_document() -> None:
    """Base and fridge 930 VA, with the work 2920, with the oven 8670, with radiator and kettle 11 640 VA."""
    some = [workshop_energy.BASE, workshop_energy.FRIDGE]
    machines = [*some, workshop_energy.WORK]
    oven = [*machines, linky.Load(OVEN.heater_w)]
    everything = [*oven, linky.Load(OFFICE.heater_w), workshop_energy.KETTLE]
    shown = [linky.papp_va(linky.drawn(loads)) for loads in (some, machines, oven, everything)]
    assert shown == [930, 2920, 8670, 11_640]


# when a fault is seen: use_cases.md §3, second table; mean power of 30 minutes, learned base 540 W


def first_above(means: Sequence[float], limit: float) -> float:
    """Return the minute at which a mean passes a limit."""
    return next(second for second, mean in enumerate(means) if mean > limit) / MINUTE


def mean_of_30_min(added_w: Sequence[float]) -> list[float]:
    """Return the 30-minute mean of a night at 540 W, and of what is added to it from the start."""
    sums = [0.0, *accumulate(added_w)]
    return [540 + (total - sums[max(second - 1800, 0)]) / 1800 for second, total in enumerate(sums)]


def test_a_forgotten_load_is_seen_in_the_mean_after_minutes() -> None:
    """forgotten_load, + 500 W: the mean passes 648 W at 6.5 min, base_load fires at 36.5 min."""
    passed = first_above(mean_of_30_min([500.0] * HOUR), 648)
    assert passed == pytest.approx(6.5, abs=0.05)
    assert passed + 30 == pytest.approx(36.5, abs=0.05)


def test_an_oven_left_on_is_seen_in_the_mean() -> None:
    """oven_left_on holds 220 °C, 1200 W on average: base_load after about 33 min."""
    _, heater = play(OVEN, BAKING, State(220.0), HOUR)
    means = mean_of_30_min([OVEN.heater_w * on for on in heater])
    assert first_above(means, 648) + 30 == pytest.approx(33, abs=1.0)


def test_a_radiator_under_an_open_window_never_stops() -> None:
    """window_open_heating: full power, and the office goes down towards 15 °C."""
    temperatures, heater = play(OFFICE, WINDOW, State(19.0, calling=True), 4 * DAY)
    assert all(heater)
    assert temperatures[-1] == pytest.approx(15.0, abs=0.1)
    assert all(later <= sooner for sooner, later in pairwise(temperatures))


# what holds for any body


@given(
    body=bodies, before=regimes, after=regimes, start=states, spans_s=st.tuples(spans, spans), parts=st.integers(1, 7)
)
def test_many_steps_equal_one_through_a_change_of_inputs(
    *, body: Heated, before: Regime, after: Regime, start: State, spans_s: tuple[float, float], parts: int
) -> None:
    """A window opened, a set-back begun: each side of it in one step, or in several."""
    once = cut = start
    for regime, span in zip((before, after), spans_s, strict=True):
        once = workshop_energy.step(once, body, regime, span)
        for _ in range(parts):
            cut = workshop_energy.step(cut, body, regime, span / parts)
    assert cut.temperature_c == pytest.approx(once.temperature_c, rel=1e-9, abs=1e-6)


@given(body=bodies, regime=regimes, start=states, cuts=st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_the_thermostat_acts_in_the_same_second_however_the_time_is_cut(
    body: Heated, regime: Regime, start: State, cuts: list[int]
) -> None:
    """Asking more often changes nothing, to the bit."""
    temperatures, heater = play(body, regime, start, sum(cuts))
    state, steps = start, workshop_energy.seconds(body, regime)
    pieces: list[float] = []
    for count in cuts:
        wanted = len(pieces) + count
        while len(pieces) < wanted:
            state, some = workshop_energy.advance(state, steps, wanted - len(pieces))
            pieces.extend(some)
    assert pieces == temperatures
    assert len(heater) == sum(cuts)


@given(body=bodies, regime=regimes, start=states, dt_s=st.floats(1, 120))
def test_energy_is_kept(body: Heated, regime: Regime, start: State, dt_s: float) -> None:
    """C·ΔT is heater and gains less the losses, these summed by Simpson's rule over the step."""
    parts = 20
    cuts = [workshop_energy.step(start, body, regime, dt_s * part / parts).temperature_c for part in range(parts + 1)]
    mean = (cuts[0] + cuts[-1] + 4 * sum(cuts[1:-1:2]) + 2 * sum(cuts[2:-1:2])) / (3 * parts)
    heat_w = regime.gains_w + body.heater_w * workshop_energy.heats(start, regime)
    loss_w = (body.loss_w_per_k + regime.open_w_per_k) * (mean - regime.around_c)
    gained_j = body.capacity_j_per_k * (cuts[-1] - cuts[0])
    assert gained_j == pytest.approx((heat_w - loss_w) * dt_s, rel=1e-5, abs=1.0)


@given(body=bodies, regime=regimes, start=states, dt_s=spans)
def test_an_equilibrium_is_reached_and_stays(body: Heated, regime: Regime, start: State, dt_s: float) -> None:
    """Forty time constants later the body is where it ends, and does not move from there."""
    settled = workshop_energy.settled_c(body, regime, heating=workshop_energy.heats(start, regime))
    tau_s = body.capacity_j_per_k / (body.loss_w_per_k + regime.open_w_per_k)
    reached = workshop_energy.step(start, body, regime, 40 * tau_s)
    assert reached.temperature_c == pytest.approx(settled, abs=1e-6)
    assert workshop_energy.step(reached, body, regime, dt_s).temperature_c == pytest.approx(settled, abs=1e-6)


@given(body=bodies, regime=regimes, start=states, dt_s=spans)
def test_no_step_overshoots_and_heating_never_cools(body: Heated, regime: Regime, start: State, dt_s: float) -> None:
    """The temperature stays between its start and its end; with the heater it is never lower than without."""
    off, on = (
        workshop_energy.step(State(start.temperature_c, calling), body, regime, dt_s) for calling in (False, True)
    )
    assert off.temperature_c <= on.temperature_c + 1e-6
    for state in (off, on):
        settled = workshop_energy.settled_c(body, regime, heating=workshop_energy.heats(state, regime))
        low, high = sorted((start.temperature_c, settled))
        assert low - 1e-6 <= state.temperature_c <= high + 1e-6


@given(regime=regimes, start=states, gains=st.tuples(st.floats(0, 2000), st.floats(0, 2000)), dt_s=spans)
def test_more_gains_never_leave_it_colder(
    regime: Regime, start: State, gains: tuple[float, float], dt_s: float
) -> None:
    """Heat warms."""
    less, more = (
        workshop_energy.step(start, OFFICE, Regime(regime.around_c, regime.set_c, gains_w=gain), dt_s)
        for gain in sorted(gains)
    )
    assert less.temperature_c <= more.temperature_c + 1e-6


@given(cycle=st.builds(Cycle, st.integers(60, 3600), st.integers(60, 3600)), time_s=st.integers(0, 10_000_000))
def test_a_cycle_runs_its_share_and_changes_when_told(cycle: Cycle, time_s: int) -> None:
    """Nothing changes before the time told, and there it does."""
    left_s = cycle.until_change_s(time_s)
    assert left_s > 0
    assert cycle.runs(time_s + left_s - 0.5) is cycle.runs(time_s)
    assert cycle.runs(time_s + left_s) is not cycle.runs(time_s)


def test_a_body_without_current_only_cools() -> None:
    """The thermostat calls, the relay is off: no heat."""
    unplugged = Regime(around_c=20.0, set_c=220.0, powered=False)
    temperatures, heater = play(OVEN, unplugged, State(200.0, calling=True), HOUR)
    assert not any(heater)
    assert temperatures[-1] < temperatures[0] < 200


# bad input


@pytest.mark.parametrize(
    ("name", "value"), [("capacity_j_per_k", 0), ("loss_w_per_k", 0), ("heater_w", -1), ("band_k", math.nan)]
)
def test_a_body_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """The message names the parameter."""
    good = {"capacity_j_per_k": 1.0, "loss_w_per_k": 1.0, "heater_w": 1.0, "band_k": 1.0}
    with pytest.raises(ValueError, match=f"{name} is"):
        Heated(**{**good, name: value})


@pytest.mark.parametrize(("name", "value"), [("around_c", math.inf), ("open_w_per_k", -1), ("gains_w", math.nan)])
def test_a_regime_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """The message names the input."""
    good: dict[str, Any] = {"around_c": 5.0, "set_c": 19.0}
    with pytest.raises(ValueError, match=f"{name} is"):
        Regime(**{**good, name: value})


def test_a_cycle_has_two_parts_and_a_kettle_some_power() -> None:
    """Neither runs without pause, nor boils without current."""
    with pytest.raises(ValueError, match="off_s is 0"):
        Cycle(off_s=0)
    with pytest.raises(ValueError, match="power_w is 0"):
        workshop_energy.boiling_s(1.0, 15.0, 0.0)


def test_time_does_not_run_backwards() -> None:
    """A negative step is refused."""
    with pytest.raises(ValueError, match="dt_s is -1"):
        workshop_energy.step(State(20.0), OVEN, BAKING, -1)
