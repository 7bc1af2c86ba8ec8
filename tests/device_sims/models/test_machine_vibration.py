"""A machine as its devices see it: a bearing that wears, a coin on a fan, a motor that stops, a loose sensor."""

import random
from collections.abc import Callable, Sequence
from statistics import fmean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.models import Active, Begin
from device_sims.models.machine_vibration import KIND, Bearing, Effect, Initial, Parameters

MINUTE, HOUR, DAY = 60, 3600, 86_400
WEARS = Effect(wears=True)


def lots(seed: int) -> Callable[[str], random.Random]:
    """Return generators seeded as a scenario seeds them."""
    return lambda name: random.Random(f"{seed}/{name}")


def machine(
    parameters: Parameters | None = None,
    *,
    clock_h: float = 8.0,
    weekday: int = 0,
    seed: int = 1,
    initial: Initial | None = None,
    faults: Sequence[Active] = (),
) -> Bearing:
    """Return a machine at the beginning of a run, Monday at eight, warm and healthy unless told."""
    begin = Begin(int(clock_h * HOUR), weekday, 74, lots(seed))
    made: Bearing = KIND.make(parameters or Parameters(), initial or Initial(), begin)
    made.act(faults, {}, 0)
    return made


def fault(effect: Effect, intensity: float = 1.0, since_s: int = 0) -> Active:
    """Return a fault that acts."""
    return Active(effect, intensity, since_s)


def play(model: Bearing, start_s: int, end_s: int, stride_s: int = DAY) -> list[float]:
    """Run the model from one second to another; return the bearing's temperature each second [°C]."""
    time_s, trace = start_s, []
    while time_s < end_s:
        passed, traces = model.advance(time_s, min(stride_s, end_s - time_s))
        time_s += passed
        trace += traces["bearing_temp"]
    return trace


def first_h(model: Bearing, measure: str, beyond: float) -> float:
    """Return after how many hours a measure first is above a value."""
    for minute in range(14 * 60):
        if model.values()[measure] > beyond:
            return minute / 60
        play(model, 60 * minute, 60 * minute + 60)
    raise AssertionError(measure)


def test_a_healthy_machine_stays_as_it_is() -> None:
    """1.10 mm/s, 0.15 g, 42.0 °C and 2200 W, a day later too, with its energy counted."""
    model = machine()
    trace = play(model, 0, DAY)
    values = model.values()
    assert (values["velocity"], values["accel_hf"], values["motor_power"]) == (1.1, 0.15, 2200.0)
    assert trace == [pytest.approx(42.0)] * DAY
    assert values["motor_energy"] == pytest.approx(24 * 2200)


@pytest.mark.parametrize(
    ("measure", "beyond", "hours"),
    [
        ("accel_hf", 0.30, 5.87),
        ("velocity", 1.375, 8.28),
        ("velocity", 1.4, 8.41),
        ("velocity", 2.8, 11.0),
        ("bearing_temp", 52.0, 11.8),
        ("velocity", 4.5, 12.1),
        ("damage", 5.999, 13.05),
    ],
)
def test_a_bearing_goes_as_the_equations_say(measure: str, beyond: float, hours: float) -> None:
    """High frequencies first, velocity next, temperature last (use_cases.md §4)."""
    assert first_h(machine(faults=[fault(WEARS)]), measure, beyond) == pytest.approx(hours, abs=0.06)


def test_a_seized_machine_stands_and_cools() -> None:
    """No power, no vibration; the bearing cools towards 22 °C."""
    model = machine(faults=[fault(WEARS)])
    hot = play(model, 0, 14 * HOUR)[-1]
    values = model.values()
    assert (values["velocity"], values["accel_hf"], values["motor_power"]) == (0.0, 0.0, 0.0)
    assert hot > play(model, 14 * HOUR, 15 * HOUR)[-1] > 22


def test_intensity_is_how_fast_it_wears() -> None:
    """Twice as strong, the high frequencies double in half the time."""
    assert first_h(machine(faults=[fault(WEARS, 2.0)]), "accel_hf", 0.30) == pytest.approx(5.87 / 2, abs=0.04)


def test_the_end_of_the_fault_is_a_new_bearing() -> None:
    """Its damage is gone; its warmth goes by itself."""
    model = machine(faults=[fault(WEARS)])
    play(model, 0, 12 * HOUR)
    model.act([], {}, 12 * HOUR)
    assert model.values()["velocity"] == 1.1
    assert model.values()["bearing_temp"] > 50
    assert play(model, 12 * HOUR, 20 * HOUR)[-1] == pytest.approx(42.0, abs=0.1)


@pytest.mark.parametrize(
    ("effect", "velocity"),
    [
        (Effect(unbalance_mm_s=3.0), 3.20),
        (Effect(looseness_mm_s=2.0), 2.28),
        (Effect(misalignment_mm_s=2.0, friction=0.3), 2.28),
    ],
)
def test_other_faults_add_to_the_velocity_alone(effect: Effect, velocity: float) -> None:
    """As the root of the sum of squares; the high frequencies do not move."""
    values = machine(faults=[fault(effect)]).values()
    assert values["velocity"] == pytest.approx(velocity, abs=0.005)
    assert values["accel_hf"] == 0.15


def test_a_misaligned_machine_is_six_kelvin_warmer() -> None:
    """30 % more friction on a rise of 20 K."""
    model = machine(faults=[fault(Effect(misalignment_mm_s=2.0, friction=0.3))])
    assert play(model, 0, 6 * HOUR)[-1] == pytest.approx(48.0, abs=0.01)


def test_a_stopped_machine_reads_zero() -> None:
    """By a fault, or by the order of its relay, which reports back."""
    by_fault, by_order = machine(faults=[fault(Effect(stopped=True))]), machine()
    by_order.act([], {"switch": 0.0}, 0)
    for model in (by_fault, by_order):
        values = model.values()
        assert (values["velocity"], values["accel_hf"], values["motor_power"]) == (0.0, 0.0, 0.0)
    assert (by_fault.values()["switch"], by_order.values()["switch"]) == (1.0, 0.0)


def test_a_loose_sensor_reads_less_and_rougher() -> None:
    """A third of the truth on average, ten per cent of spread, the same draw for the same second."""
    model = machine(faults=[fault(Effect(loose=0.7))])
    read = []
    for second in range(400):
        read.append(model.values()["velocity"])
        play(model, second, second + 1)
    assert fmean(read) == pytest.approx(0.33, rel=0.03)
    assert pstdev(read) == pytest.approx(0.033, rel=0.2)
    assert model.values() == model.values()
    assert machine(seed=2, faults=[fault(Effect(loose=0.7))]).values()["velocity"] != read[0]


def test_a_shaken_hand_is_not_the_machine() -> None:
    """1 m/s² RMS is 0.144 g at most along one axis; the machine's own values stay."""
    model = machine(faults=[fault(Effect(shaken_m_per_s2=1.0))])
    values = model.values()
    assert values["velocity"] == 1.1
    assert 0 < abs(values["ax"]) <= 0.145
    assert machine().values()["ax"] == 0.0


def test_hours_of_work_stop_and_start_the_motor() -> None:
    """Work from 8 to 12 on weekdays: it stands at noon, at night and on Sunday."""
    shift = Parameters(spans_h=((8.0, 12.0),), days=(0, 1, 2, 3, 4))
    model = machine(shift)
    assert model.values()["motor_power"] == 2200.0
    play(model, 0, 4 * HOUR)
    assert model.values()["motor_power"] == 0.0
    assert machine(shift, weekday=6).values()["motor_power"] == 0.0


@settings(deadline=None, max_examples=25)
@given(
    strides=st.lists(st.integers(1, 4000), min_size=1, max_size=5),
    effect=st.sampled_from([WEARS, Effect(friction=0.3)]),
)
def test_the_same_second_has_the_same_bearing_however_it_is_reached(strides: list[int], effect: Effect) -> None:
    """State at t does not depend on the number of steps."""
    faults = [fault(effect, 8.0)]
    once, model, time_s, pieces = machine(faults=faults), machine(faults=faults), 0, []
    for stride in strides:
        pieces += play(model, time_s, time_s + stride)
        time_s += stride
    assert pieces == play(once, 0, time_s)
    assert model.values() == pytest.approx(once.values())
