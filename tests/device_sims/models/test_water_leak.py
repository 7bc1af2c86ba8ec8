"""The water of a premises as its devices see it: draws by chance, faults with intensity, and a valve that obeys."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.models import Active, Begin
from device_sims.models.water_leak import KIND, Effect, Initial, Parameters, Water
from device_sims.physics.water_leak import Plumbing

HOUR, DAY = 3600, 86_400
MONDAY, SATURDAY, SUNDAY = 0, 5, 6
NIGHT_FACTOR = (3.5 / 3.0) ** 0.5
DRY = Parameters(Plumbing(open_per_h=0.0, closed_per_h=0.0))


def lots(seed: int) -> Callable[[str], random.Random]:
    """Return generators seeded as a scenario seeds them."""
    return lambda name: random.Random(f"{seed}/{name}")


def water(
    parameters: Parameters = DRY,
    *,
    clock_h: float = 0.0,
    weekday: int = MONDAY,
    seed: int = 1,
    initial: Initial | None = None,
    start_s: int = 0,
    faults: Sequence[Active] = (),
) -> Water:
    """Return premises at the beginning of a history, Monday midnight unless told."""
    begin = Begin(int(clock_h * HOUR), weekday, 74, lots(seed))
    made: Water = KIND.make(parameters, initial or Initial(), begin)
    made.act(faults, {}, start_s)
    return made


def fault(effect: Effect, intensity: float = 1.0) -> Active:
    """Return a fault that acts since the start."""
    return Active(effect, intensity, 0)


def play(model: Water, start_s: int, end_s: int, stride_s: int = DAY) -> None:
    """Run the model from one second to another, at most `stride_s` at a time."""
    time_s = start_s
    while time_s < end_s:
        passed, _ = model.advance(time_s, min(stride_s, end_s - time_s))
        time_s += passed


def hourly(model: Water, measure: str, start_s: int, hours: int) -> list[int]:
    """Return how much a counter rose in each hour."""
    counts = [model.values()[measure]]
    for hour in range(hours):
        play(model, start_s + hour * HOUR, start_s + (hour + 1) * HOUR)
        counts.append(model.values()[measure])
    return [round(after - before) for before, after in pairwise(counts)]


def test_nothing_flows_where_nobody_draws_and_nothing_leaks() -> None:
    """A day without draws, leaks and tap leaves both counters where they were."""
    model = water()
    before = dict(model.values())
    play(model, 0, DAY)
    assert model.values() == before


@pytest.mark.parametrize(("leak", "hours"), [(25.0, 6), (4.0, 24), (80.0, 3)])
def test_a_leak_gives_its_litres_and_more_at_the_nights_pressure(leak: float, hours: int) -> None:
    """All closed hours: q·√(3.5/3.0), 1.08 times the flow at 3 bar."""
    model = water(weekday=SUNDAY, faults=[fault(Effect(leak_l_per_h=leak))])
    play(model, 0, hours * HOUR)
    passed = model.fine.state.index_l - Initial().index_l
    assert passed == pytest.approx(leak * hours * NIGHT_FACTOR)


def test_the_pressure_follows_the_opening_hours_of_the_week() -> None:
    """Monday 08:00 to 19:00 at 3.0 bar: 11 h at 25 L/h and 13 h at 25 × 1.08 L/h; on Sunday 24 h at 27 L/h."""
    monday = water(faults=[fault(Effect(leak_l_per_h=25.0))])
    sunday = water(weekday=SUNDAY, faults=[fault(Effect(leak_l_per_h=25.0))])
    for model in (monday, sunday):
        play(model, 0, DAY)
    start_l = Initial().index_l
    assert monday.fine.state.index_l - start_l == pytest.approx(25 * (11 + 13 * NIGHT_FACTOR))
    assert sunday.fine.state.index_l - start_l == pytest.approx(25 * 24 * NIGHT_FACTOR)


@pytest.mark.parametrize("intensity", [0.5, 1.0, 4.0])
def test_an_intensity_multiplies_a_leak(intensity: float) -> None:
    """Ten hours of a toilet at half, usual and fourfold strength."""
    model = water(weekday=SUNDAY, faults=[fault(Effect(leak_l_per_h=25.0), intensity)])
    play(model, 0, 10 * HOUR)
    assert model.fine.state.index_l - Initial().index_l == pytest.approx(250 * intensity * NIGHT_FACTOR)


def test_leaks_add_up() -> None:
    """A toilet and a dripping tap on the same line let 29 L/h through at 3 bar."""
    both = [fault(Effect(leak_l_per_h=25.0)), fault(Effect(leak_l_per_h=4.0))]
    model = water(clock_h=8.0, faults=both)
    play(model, 0, HOUR)
    assert model.fine.state.index_l - Initial().index_l == pytest.approx(29.0)


def test_a_leak_under_the_pulse_weight_leaves_hours_without_a_pulse() -> None:
    """4 L/h: w = 1 L gives pulses each hour, w = 10 L one in two or three hours: never six in a row."""
    model = water(weekday=SUNDAY, faults=[fault(Effect(leak_l_per_h=4.0, coarse_leak_l_per_h=4.0))])
    fine, coarse = [], []
    for hour in range(24):
        before = model.values()
        play(model, hour * HOUR, (hour + 1) * HOUR)
        after = model.values()
        fine.append(after["pulses"] - before["pulses"])
        coarse.append(after["coarse_pulses"] - before["coarse_pulses"])
    assert min(fine) >= 4
    assert sum(coarse) == 10
    assert max(len(run) for run in "".join("1" if each else "0" for each in coarse).split("0")) == 1


def test_a_burst_loses_a_hundred_litres_in_ten_minutes_by_day() -> None:
    """600 L/h at 3 bar."""
    model = water(clock_h=9.0, faults=[fault(Effect(leak_l_per_h=600.0))])
    play(model, 0, 600)
    assert model.fine.state.index_l - Initial().index_l == pytest.approx(100.0)


def test_draws_are_what_the_rates_say() -> None:
    """Four weeks: 6 /h in 66 open hours and 0.2 /h in 102 closed ones, of 12 L each: 5.0 m³ a week within a tenth."""
    model = water(Parameters())
    play(model, 0, 28 * DAY)
    weekly = (6 * 66 + 0.2 * 102) * 12
    assert (model.fine.state.index_l - Initial().index_l) / 4 == pytest.approx(weekly, rel=0.1)


def test_nights_and_sundays_are_nearly_dry() -> None:
    """In two weeks no night has six hours in a row with a pulse; every working day's busiest hour has 50 L."""
    model = water(Parameters())
    hours = hourly(model, "pulses", 0, 14 * 24)
    days = [hours[24 * day : 24 * day + 24] for day in range(14)]
    assert all(max(day) >= 50 for number, day in enumerate(days) if number % 7 != SUNDAY)
    assert max(sum(1 for each in day if each) for number, day in enumerate(days) if number % 7 == SUNDAY) < 12
    nights = [[*hours[24 * day + 19 : 24 * day + 24], *hours[24 * day + 24 : 24 * day + 32]] for day in range(13)]
    runs = ["".join("1" if each else "0" for each in night).split("0") for night in nights]
    assert max(len(run) for night in runs for run in night) < 6


def test_the_same_lots_give_the_same_water_and_other_lots_other_water() -> None:
    """Seeded: twice the same week, and another one for another seed."""
    weeks = []
    for seed in (7, 7, 8):
        model = water(Parameters(), seed=seed)
        weeks.append(hourly(model, "pulses", 0, 7 * 24))
    assert weeks[0] == weeks[1]
    assert weeks[0] != weeks[2]


def test_the_second_line_has_its_own_habits() -> None:
    """Its draws are other ones, its counter counts tens of litres."""
    model = water(Parameters())
    fine = hourly(model, "pulses", 0, 24)
    other = water(Parameters())
    coarse = hourly(other, "coarse_pulses", 0, 24)
    assert [each // 10 for each in fine] != coarse
    assert sum(coarse) < sum(fine) / 5


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=6), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_counter_does_not_depend_on_how_the_time_is_cut(strides: list[int], seed: int) -> None:
    """Three busy hours in strides of any length give the pulses of three hours in one go."""
    leak = [fault(Effect(leak_l_per_h=25.0))]
    whole, cut = (water(Parameters(), clock_h=7.0, seed=seed, faults=leak) for _ in range(2))
    play(whole, 0, 3 * HOUR)
    time_s = 0
    while time_s < 3 * HOUR:
        stride = min(strides[time_s % len(strides)], 3 * HOUR - time_s)
        play(cut, time_s, time_s + stride)
        time_s += stride
    assert cut.values() == whole.values()
    assert cut.fine.state.index_l == pytest.approx(whole.fine.state.index_l, abs=1e-6)


def test_the_valve_stops_everything_and_lets_it_flow_again() -> None:
    """Shut: no litre, no tap; open: 6 L/min again. The line beside it is not concerned."""
    running = [fault(Effect(tap_l_per_min=6.0, leak_l_per_h=600.0, coarse_leak_l_per_h=600.0))]
    model = water(clock_h=9.0, faults=running)
    model.act(running, {"valve_open": 0.0}, 0)
    before = model.values()
    play(model, 0, 600)
    after = model.values()
    assert after["tap_flow"] == 0
    assert after["pulses"] == before["pulses"]
    assert after["coarse_pulses"] - before["coarse_pulses"] == 10
    model.act(running, {"valve_open": 1.0}, 600)
    play(model, 600, 1200)
    assert model.values()["tap_flow"] == 6.0
    assert model.values()["pulses"] - after["pulses"] == pytest.approx(100 + 60, abs=1)


def test_a_stuck_valve_takes_the_order_and_the_water_goes_on() -> None:
    """The tap runs on at 6 L/min with the valve told to close."""
    faults = [fault(Effect(valve_stuck=True)), fault(Effect(tap_l_per_min=6.0))]
    model = water(clock_h=9.0, faults=faults)
    model.act(faults, {"valve_open": 0.0}, 0)
    play(model, 0, 600)
    assert model.values()["tap_flow"] == 6.0
    assert model.fine.state.index_l - Initial().index_l == pytest.approx(60.0)


def test_a_stuck_meter_counts_nothing_while_water_flows() -> None:
    """The index goes on, the pulses do not; they go on from there when it is repaired."""
    faults = [fault(Effect(stuck=True)), fault(Effect(tap_l_per_min=6.0))]
    model = water(clock_h=9.0, faults=faults)
    before = model.values()["pulses"]
    play(model, 0, 600)
    assert model.values()["pulses"] == before
    assert model.fine.state.index_l - Initial().index_l == pytest.approx(60.0)
    model.act(faults[1:], {}, 600)
    play(model, 600, 1200)
    assert model.values()["pulses"] - before == pytest.approx(60, abs=1)


@pytest.mark.parametrize(("intensity", "ratio"), [(1.0, 2), (2.0, 3)])
def test_a_bouncing_contact_counts_each_pulse_more_than_once(intensity: float, ratio: int) -> None:
    """Twice at the usual strength, three times at double."""
    faults = [fault(Effect(extra_pulses=1.0), intensity), fault(Effect(tap_l_per_min=6.0))]
    model = water(clock_h=9.0, faults=faults)
    before = model.values()["pulses"]
    play(model, 0, 600)
    assert model.values()["pulses"] - before == 60 * ratio


def test_an_open_tap_runs_from_the_runs_start_not_in_its_history() -> None:
    """`tap_l_per_min` of the initial state: dry until second 0, then 6 L/min through the meter."""
    model = water(clock_h=9.0, initial=Initial(tap_l_per_min=6.0), start_s=-HOUR)
    play(model, -HOUR, -1)
    assert model.values()["tap_flow"] == 0
    before = model.values()["pulses"]
    play(model, -1, 600)
    assert model.values()["tap_flow"] == 6.0
    assert model.values()["pulses"] - before == pytest.approx(60, abs=1)


def test_the_largest_of_several_openings_of_the_tap_holds() -> None:
    """A gesture of 6 L/min at double strength over an initial trickle."""
    model = water(initial=Initial(tap_l_per_min=1.0), faults=[fault(Effect(tap_l_per_min=6.0), 2.0)])
    assert model.values()["tap_flow"] == 12.0


def test_a_wetted_probe_is_wet_at_once_and_dry_when_the_fault_ends() -> None:
    """`wet` follows the fault."""
    model = water(faults=[fault(Effect(wet=True))])
    assert model.values()["wet"] == 1.0
    model.act([], {}, 60)
    assert model.values()["wet"] == 0.0


def test_a_history_of_fourteen_days_takes_few_steps() -> None:
    """The model stops where something changes, some thousand times in two weeks, not each second."""
    model = water(Parameters(), start_s=-14 * DAY)
    time_s, steps = -14 * DAY, 0
    while time_s < 0:
        time_s += model.advance(time_s, -time_s)[0]
        steps += 1
    assert steps < 6000


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Effect(leak_l_per_h=-1.0), "leak_l_per_h"),
        (lambda: Effect(tap_l_per_min=-6.0), "tap_l_per_min"),
        (lambda: Effect(extra_pulses=float("nan")), "extra_pulses"),
        (lambda: Initial(index_l=-1.0), "index_l"),
    ],
)
def test_water_that_flows_backwards_is_refused(make: type, name: str) -> None:
    """The error names the value."""
    with pytest.raises(ValueError, match=name):
        make()
