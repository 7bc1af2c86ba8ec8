"""A machine's bearing: values worked out by hand, what must hold for any machine, and when each fault is seen."""

import math
from collections.abc import Callable
from dataclasses import astuple, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import machine_vibration
from device_sims.physics.machine_vibration import SEIZED, Machine, Regime, State

MACHINE = Machine()
WEARING, HEALTHY, STOPPED = Regime(wearing=True), Regime(), Regime(running=False)
WARM = machine_vibration.warm(MACHINE)
HOUR = 3600

machines = st.builds(
    Machine,
    velocity_mm_s=st.floats(0.8, 1.6),
    load_factor=st.floats(0, 1),
    accel_g=st.floats(0.05, 0.5),
    first_damage=st.floats(1e-4, 0.1),
    wear_s=st.floats(3600, 7.2e6),
    friction_w=st.floats(20, 200),
    loss_w_per_k=st.floats(1, 10),
    heat_j_per_k=st.floats(2000, 20_000),
    ambient_c=st.floats(-10, 45),
)
regimes = st.builds(
    Regime,
    running=st.booleans(),
    load=st.floats(0, 1),
    wearing=st.booleans(),
    friction=st.floats(0.5, 3),
    unbalance_mm_s=st.floats(0, 20),
    misalignment_mm_s=st.floats(0, 20),
    looseness_mm_s=st.floats(0, 20),
)
states = st.builds(State, st.floats(-10, 150), st.floats(0, SEIZED))
spans = st.floats(0, 100_000)


def after(hours: float) -> State:
    """Return the default machine some hours after the bearing began to wear."""
    return machine_vibration.step(WARM, MACHINE, WEARING, hours * HOUR)


def velocity(hours: float) -> float:
    """Return its velocity."""
    return machine_vibration.velocity_mm_s(after(hours), MACHINE, WEARING)


def hour_when(condition: Callable[[float], bool]) -> float:
    """Return the hour before the seizure from which a condition holds for good, by halving."""
    early, late = 0.0, 13.0
    while late - early > 1e-7:
        middle = (early + late) / 2
        early, late = (early, middle) if condition(middle) else (middle, late)
    return late


# hand-computed values: use_cases.md §4


@pytest.mark.parametrize(("limit", "in_tau", "in_days"), [(1.4, 0.241, 4.82), (2.8, 0.934, 18.7), (4.5, 1.41, 28.2)])
def test_a_pure_exponential_passes_the_zones_in_parts_of_its_time_constant(
    limit: float, in_tau: float, in_days: float
) -> None:
    """1.1·e^{t/τ}: the growth that the damage itself has, here started so that D is the velocity."""
    machine = Machine(first_damage=1.1, wear_s=1.0)
    assert machine_vibration.step(State(22.0), machine, WEARING, math.log(limit / 1.1)).damage == pytest.approx(limit)
    assert math.log(limit / 1.1) == pytest.approx(in_tau, abs=0.005)
    assert 20 * math.log(limit / 1.1) == pytest.approx(in_days, abs=0.05)


@pytest.mark.parametrize(
    ("hour", "reached"),
    [
        pytest.param(5.87, lambda h: machine_vibration.accel_hf_g(after(h), MACHINE, WEARING) > 0.30, id="a_hf twice"),
        pytest.param(8.28, lambda h: velocity(h) > 1.25 * 1.1, id="v + 25 %"),
        pytest.param(8.41, lambda h: velocity(h) > 1.4, id="zone B"),
        pytest.param(11.0, lambda h: velocity(h) > 2.8, id="zone C"),
        pytest.param(11.8, lambda h: after(h).bearing_c > 52.0, id="T + 10 K"),
        pytest.param(12.1, lambda h: velocity(h) > 4.5, id="zone D"),
        pytest.param(11.5, lambda h: h > 2 and velocity(h) > 2 * velocity(h - 2), id="doubled within 2 h"),
    ],
)
def test_a_worn_bearing_is_heard_then_felt_then_hot(hour: float, reached: Callable[[float], bool]) -> None:
    """Acceleration moves first, velocity next, temperature last."""
    assert hour_when(reached) == pytest.approx(hour, abs=0.05)


def test_the_bearing_seizes_after_thirteen_hours() -> None:
    """τ_d·ln(6/0.001) = 13.05 h; the machine stands, and its bearing cools."""
    seizure_s = machine_vibration.until_seizure_s(WARM, MACHINE, WEARING)
    assert seizure_s / HOUR == pytest.approx(13.0, abs=0.05)
    just, later = (machine_vibration.step(WARM, MACHINE, WEARING, seizure_s + more) for more in (0.0, 30 * HOUR))
    assert just.damage == later.damage == SEIZED
    assert later.bearing_c == pytest.approx(MACHINE.ambient_c, abs=1e-6)
    assert just.bearing_c > 60
    assert machine_vibration.velocity_mm_s(just, MACHINE, WEARING) == 0
    assert machine_vibration.motor_w(just, MACHINE, WEARING) == 0


def test_alarms_come_after_their_delays() -> None:
    """hf_double 6.4 h, drift 8.8 h, zone_c 11.2 h, hot 12.0 h, zone_d 12.1 h."""
    hf = hour_when(lambda h: machine_vibration.accel_hf_g(after(h), MACHINE, WEARING) > 0.30) + 0.5
    drift = hour_when(lambda h: velocity(h) > 1.375) + 0.5
    zone_c = hour_when(lambda h: velocity(h) > 2.8) + 1 / 6
    hot = hour_when(lambda h: after(h).bearing_c > 52.0) + 1 / 6
    zone_d = hour_when(lambda h: velocity(h) > 4.5) + 1 / 30
    assert (hf, drift, zone_c, hot, zone_d) == pytest.approx((6.4, 8.8, 11.2, 12.0, 12.1), abs=0.05)


def test_a_healthy_machine_is_at_its_baseline() -> None:
    """1.10 mm/s, 0.15 g, 42.0 °C (20.0 K above ambient, time constant 30 min), 2200 W."""
    assert machine_vibration.warm(MACHINE) == State(42.0, 0.0)
    assert MACHINE.thermal_s == 1800
    assert machine_vibration.velocity_mm_s(WARM, MACHINE, HEALTHY) == pytest.approx(1.10)
    assert machine_vibration.accel_hf_g(WARM, MACHINE, HEALTHY) == pytest.approx(0.15)
    assert machine_vibration.motor_w(WARM, MACHINE, HEALTHY) == 2200
    assert MACHINE.rotation_hz == 25


@pytest.mark.parametrize(("regime", "mm_s"), [(Regime(unbalance_mm_s=3.0), 3.20), (Regime(looseness_mm_s=2.0), 2.28)])
def test_unbalance_and_looseness_add_in_squares(regime: Regime, mm_s: float) -> None:
    """3.20 and 2.28 mm/s, the acceleration unchanged."""
    assert machine_vibration.velocity_mm_s(WARM, MACHINE, regime) == pytest.approx(mm_s, abs=0.005)
    assert machine_vibration.accel_hf_g(WARM, MACHINE, regime) == pytest.approx(0.15)


def test_a_misaligned_machine_is_six_kelvin_warmer() -> None:
    """As loud as looseness, and 30 % more friction."""
    regime = Regime(misalignment_mm_s=2.0, friction=1.3)
    assert machine_vibration.velocity_mm_s(WARM, MACHINE, regime) == pytest.approx(2.28, abs=0.005)
    assert machine_vibration.step(WARM, MACHINE, regime, 10 * HOUR).bearing_c == pytest.approx(48.0, abs=0.01)


def test_a_bearing_that_begins_to_wear_at_its_end_seizes_at_once() -> None:
    """D_0 = 6 leaves no time between."""
    worn_out = replace(MACHINE, first_damage=SEIZED)
    assert machine_vibration.step(WARM, worn_out, WEARING, 0).damage == SEIZED
    assert machine_vibration.step(WARM, worn_out, WEARING, HOUR).bearing_c < WARM.bearing_c


def test_a_stopped_machine_is_silent_and_does_not_wear() -> None:
    """Nothing turns: no vibration, no power, no damage, only cooling."""
    stopped = replace(STOPPED, wearing=True, unbalance_mm_s=3.0)
    later = machine_vibration.step(State(42.0, 0.5), MACHINE, stopped, HOUR)
    assert later.damage == 0.5
    assert later.bearing_c == pytest.approx(22 + 20 * math.exp(-2))
    assert machine_vibration.velocity_mm_s(later, MACHINE, stopped) == 0
    assert machine_vibration.accel_hf_g(later, MACHINE, stopped) == 0
    assert machine_vibration.motor_w(later, MACHINE, stopped) == 0
    assert machine_vibration.until_seizure_s(later, MACHINE, stopped) == math.inf


# what holds for any machine


@given(
    machine=machines,
    before=regimes,
    then=regimes,
    start=states,
    spans_s=st.tuples(spans, spans),
    parts=st.integers(1, 7),
)
def test_many_steps_equal_one_through_a_change_of_inputs(
    *, machine: Machine, before: Regime, then: Regime, start: State, spans_s: tuple[float, float], parts: int
) -> None:
    """Through stops, wear and seizure."""
    once = cut = start
    for regime, span in zip((before, then), spans_s, strict=True):
        once = machine_vibration.step(once, machine, regime, span)
        for _ in range(parts):
            cut = machine_vibration.step(cut, machine, regime, span / parts)
    assert astuple(cut) == pytest.approx(astuple(once), rel=1e-7, abs=1e-5)


@given(machine=machines, regime=regimes, start=states, cuts=st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_seconds_are_the_same_to_the_bit_however_they_are_cut(
    machine: Machine, regime: Regime, start: State, cuts: list[int]
) -> None:
    """Asking more often changes nothing."""

    def played(lengths: list[int]) -> tuple[State, list[float], list[float]]:
        state, temperatures, damages = start, [start.bearing_c], [start.damage]
        for length in lengths:
            wanted = len(temperatures) + length
            while len(temperatures) < wanted:
                state, some, others = machine_vibration.advance(state, machine, regime, wanted - len(temperatures))
                temperatures.extend(some)
                damages.extend(others)
        return state, temperatures, damages

    assert played(cuts) == played([sum(cuts)])


@given(machine=machines, regime=regimes, start=states, dt_s=st.floats(1, 300))
def test_heat_is_kept(machine: Machine, regime: Regime, start: State, dt_s: float) -> None:
    """C_m·ΔT is friction less losses, both summed by Simpson's rule over a step without seizure."""
    start = replace(start, damage=start.damage if start.damage == SEIZED else start.damage / 2)
    parts = 20
    cuts = [machine_vibration.step(start, machine, regime, dt_s * part / parts) for part in range(parts + 1)]
    turning = machine_vibration.turns(start, regime)

    def heat_w(state: State, share: float) -> float:
        damage = max(state.damage, machine.first_damage) if regime.wearing and turning else state.damage
        brought = machine.friction_w * regime.friction * (1 + 0.25 * damage) * turning
        return share * (brought - machine.loss_w_per_k * (state.bearing_c - machine.ambient_c))

    shares = [1.0, *[4.0, 2.0] * (parts // 2 - 1), 4.0, 1.0]
    brought_j = sum(map(heat_w, cuts, shares)) * dt_s / (3 * parts)
    gained_j = machine.heat_j_per_k * (cuts[-1].bearing_c - start.bearing_c)
    assert gained_j == pytest.approx(brought_j, rel=1e-4, abs=1.0)


@given(machine=machines, regime=regimes, start=states, dt_s=spans)
def test_a_machine_that_does_not_wear_settles_and_stays(
    machine: Machine, regime: Regime, start: State, dt_s: float
) -> None:
    """Forty thermal time constants later its temperature is where it ends; its damage is what it was."""
    regime = replace(regime, wearing=False)
    settled = machine_vibration.settled_c(machine, regime, start.damage)
    reached = machine_vibration.step(start, machine, regime, 40 * machine.thermal_s)
    stayed = machine_vibration.step(reached, machine, regime, dt_s)
    assert (reached.bearing_c, stayed.bearing_c) == pytest.approx((settled, settled), abs=1e-6)
    assert reached.damage == stayed.damage == start.damage


@given(machine=machines, start=states, times=st.lists(spans, min_size=2, max_size=5))
def test_damage_only_grows_up_to_the_seizure(machine: Machine, start: State, times: list[float]) -> None:
    """And vibration and acceleration with it, while the machine turns."""
    later = [machine_vibration.step(start, machine, WEARING, time) for time in sorted(times)]
    for sooner, state in pairwise([start, *later]):
        assert sooner.damage <= state.damage <= SEIZED
        if machine_vibration.turns(state, WEARING):
            assert machine_vibration.velocity_mm_s(sooner, machine, WEARING) <= machine_vibration.velocity_mm_s(
                state, machine, WEARING
            )


@given(machine=machines, regime=regimes, start=states, more=st.floats(0, 20))
def test_more_unbalance_never_shakes_less(machine: Machine, regime: Regime, start: State, more: float) -> None:
    """Nor does load."""
    worse = replace(regime, unbalance_mm_s=regime.unbalance_mm_s + more, load=1.0)
    before, then = (machine_vibration.velocity_mm_s(start, machine, each) for each in (regime, worse))
    assert before <= then + 1e-9


@given(machine=machines, regime=regimes, start=states, dt_s=spans)
def test_values_stay_numbers(machine: Machine, regime: Regime, start: State, dt_s: float) -> None:
    """No NaN, no infinity, nothing negative where nothing can be."""
    state = machine_vibration.step(start, machine, regime, dt_s)
    figures = [
        machine_vibration.velocity_mm_s(state, machine, regime),
        machine_vibration.accel_hf_g(state, machine, regime),
        machine_vibration.motor_w(state, machine, regime),
        state.damage,
    ]
    assert all(0 <= figure < math.inf for figure in figures)
    assert math.isfinite(state.bearing_c)


# bad input


@pytest.mark.parametrize(
    ("name", "value"),
    [("first_damage", 0), ("first_damage", 7), ("wear_s", -1), ("heat_j_per_k", math.nan), ("load_factor", 3)],
)
def test_a_machine_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=f"{name} is"):
        Machine(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("load", 1.1), ("friction", -1), ("unbalance_mm_s", math.nan)])
def test_a_regime_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """The message names the input."""
    given_in_a_file: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"{name} is"):
        Regime(**given_in_a_file)


def test_time_does_not_run_backwards() -> None:
    """A negative step is refused."""
    with pytest.raises(ValueError, match="dt_s is -1"):
        machine_vibration.step(WARM, MACHINE, HEALTHY, -1)
