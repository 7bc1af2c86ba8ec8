"""A meeting room as its devices see it: people, windows, a fan that obeys, a breath, a sensor that drifts."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.models import Active, Begin
from device_sims.models.room_co2 import KIND, Effect, Initial, MeetingRoom, Parameters, Use

MINUTE, HOUR, DAY = 60, 3600, 86_400
MONDAY, TUESDAY, SUNDAY = 0, 1, 6
FULL = Effect(people=20.0, closed=True)
SETTLED_WITH_FAN = 1020.0


def room(
    parameters: Parameters | None = None,
    *,
    clock_h: float = 8.5,
    weekday: int = TUESDAY,
    initial: Initial | None = None,
    faults: Sequence[Active] = (),
    start_s: int = 0,
) -> MeetingRoom:
    """Return a room at the beginning of a run, Tuesday at half past eight, empty and fresh unless told."""
    begin = Begin(int(clock_h * HOUR), weekday, 74, random.Random)
    made: MeetingRoom = KIND.make(parameters or Parameters(), initial or Initial(), begin)
    made.act(faults, {}, start_s)
    return made


def fault(effect: Effect, intensity: float = 1.0, since_s: int = 0) -> Active:
    """Return a fault that acts."""
    return Active(effect, intensity, since_s)


def play(model: MeetingRoom, start_s: int, end_s: int, stride_s: int = HOUR) -> list[float]:
    """Run the model from one second to another; return the carbon dioxide at the end of each second [ppm]."""
    time_s, trace = start_s, []
    while time_s < end_s:
        passed, traces = model.advance(time_s, min(stride_s, end_s - time_s))
        time_s += passed
        trace += traces["co2"]
    return trace


def reached_min(trace: Sequence[float], ppm: float) -> float:
    """Return after how many minutes a trace first reaches a value."""
    return next(second for second, value in enumerate(trace, 1) if value >= ppm) / 60


def test_a_full_closed_room_passes_the_limits_when_the_equation_says() -> None:
    """20 people in 60 m³: 800 ppm after 3.84 min, 1395 ppm after 10 min, 1500 ppm after 11.1 min (use_cases.md §2)."""
    trace = play(room(faults=[fault(FULL)]), 0, 15 * MINUTE)
    assert reached_min(trace, 800) == pytest.approx(3.84, abs=0.02)
    assert reached_min(trace, 1500) == pytest.approx(11.1, abs=0.06)
    assert trace[10 * MINUTE - 1] == pytest.approx(1395, abs=1)


def test_an_open_window_is_not_enough_for_twenty() -> None:
    """It settles at 1420 ppm, below the limit of rapid action."""
    trace = play(room(faults=[fault(Effect(people=20.0, window=True))]), 0, 3 * HOUR)
    assert trace[-1] == pytest.approx(1420, abs=1)
    assert max(trace) < 1500


def test_everybody_leaves_a_window_open() -> None:
    """From 1420 ppm to 788 ppm in ten minutes: the later fault says how many are there."""
    model = room(faults=[fault(Effect(people=20.0, window=True))])
    play(model, 0, 3 * HOUR)
    model.act([fault(Effect(people=20.0, window=True)), fault(Effect(people=0.0), since_s=3 * HOUR)], {}, 3 * HOUR)
    assert play(model, 3 * HOUR, 3 * HOUR + 10 * MINUTE)[-1] == pytest.approx(788, abs=1)


def test_the_fan_obeys_and_reports() -> None:
    """An order turns it on: 120 W, and a full room settles at 1020 ppm; without it the curve climbs again."""
    model = room(faults=[fault(Effect(people=20.0))])
    assert (model.values()["fan_on"], model.values()["fan_power"]) == (0.0, 0.0)
    model.act([fault(Effect(people=20.0))], {"fan_on": 1.0}, 0)
    assert (model.values()["fan_on"], model.values()["fan_power"]) == (1.0, 120.0)
    assert play(model, 0, 2 * HOUR)[-1] == pytest.approx(SETTLED_WITH_FAN, abs=1)
    assert model.values()["fan_energy"] == pytest.approx(240.0)
    model.act([fault(Effect(people=20.0))], {"fan_on": 0.0}, 2 * HOUR)
    assert play(model, 2 * HOUR, 3 * HOUR)[-1] > 1500


def test_a_fan_that_stopped_leaves_its_relay_on() -> None:
    """From the steady 1020 ppm, 1500 ppm is reached in 5.0 min; the relay says on, the meter nothing."""
    initial = Initial(co2_ppm=SETTLED_WITH_FAN, fan_on=True)
    model = room(initial=initial, faults=[fault(Effect(people=20.0, fan_stopped=True))])
    assert (model.values()["fan_on"], model.values()["fan_power"]) == (1.0, 0.0)
    assert reached_min(play(model, 0, HOUR), 1500) == pytest.approx(4.97, abs=0.05)


def test_a_breath_is_on_the_sensor_and_not_in_the_room() -> None:
    """3000 ppm at once, gone with e^{-t/60 s}; the room's own air does not move."""
    model = room(initial=Initial(co2_ppm=600.0), faults=[fault(Effect(breath=True))])
    assert model.values()["co2"] == pytest.approx(3600)
    trace = play(model, 0, 10 * MINUTE)
    assert trace[MINUTE - 1] - model.parameters.room.outside_ppm == pytest.approx(3000 / 2.71828 + 180, abs=3)
    assert trace[-1] == pytest.approx(model.state.co2_ppm, abs=0.2)
    assert model.state.co2_ppm == pytest.approx(420 + 180 * 2.71828 ** (-0.05), abs=0.1)


def test_a_sensor_that_calibrated_itself_in_a_full_room_reads_too_low() -> None:
    """An empty room shows 270 ppm; half as strong, 345 ppm."""
    assert room(faults=[fault(Effect(bias_ppm=-150.0))]).values()["co2"] == pytest.approx(270)
    assert room(faults=[fault(Effect(bias_ppm=-150.0), 0.5)]).values()["co2"] == pytest.approx(345)


@given(intensity=st.floats(0.1, 3.0))
def test_intensity_is_how_many_came(intensity: float) -> None:
    """The first minute's rise is in proportion to the people."""
    trace = play(room(faults=[fault(FULL, intensity)]), 0, MINUTE)
    assert trace[-1] - 420 == pytest.approx(100 * intensity, rel=0.01)


@given(strides=st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_the_same_second_has_the_same_air_however_it_is_reached(strides: list[int]) -> None:
    """State at t does not depend on the number of steps, across changes of the timetable."""
    table = Parameters(timetable=(Use(((8.6, 8.65),), people=12.0, changes_per_h=2.0, window=True),))
    end = sum(strides)
    once = play(room(table), 0, end)
    model, time_s, pieces = room(table), 0, []
    for stride in strides:
        pieces += play(model, time_s, time_s + stride)
        time_s += stride
    assert pieces == once


def test_air_tends_to_the_outside_when_nobody_is_there() -> None:
    """From any beginning, monotonously, and never beyond."""
    for begin in (300.0, 420.0, 5000.0):
        trace = play(room(initial=Initial(co2_ppm=begin), faults=[fault(Effect(window=True))]), 0, 3 * HOUR)
        assert trace[-1] == pytest.approx(420, abs=0.1)
        assert sorted(trace, reverse=begin > 420) == trace


def test_the_timetable_has_weekdays_and_its_last_entry_holds() -> None:
    """Ten come on Monday at nine, two of them late for the airing that is written after; nobody on Sunday."""
    table = (Use(((9.0, 10.5),), (MONDAY,), 10.0), Use(((9.5, 9.75),), (MONDAY,), 2.0, window=True))
    for weekday, clock_h, expected in (
        (MONDAY, 9.25, (10.0, 0.0)),
        (MONDAY, 9.5, (2.0, 1.0)),
        (MONDAY, 10.5, (0.0, 0.0)),
        (SUNDAY, 9.25, (0.0, 0.0)),
    ):
        values = room(Parameters(timetable=table), clock_h=clock_h, weekday=weekday).values()
        assert (values["people"], values["window_open"]) == expected


def test_a_history_begins_before_the_run_on_the_day_before() -> None:
    """Second −86 400 of a run that starts on Tuesday is on Monday."""
    table = Parameters(timetable=(Use(((8.5, 9.5),), (MONDAY,), 10.0),))
    assert room(table, start_s=-DAY).values()["people"] == 10.0
    assert room(table, start_s=0).values()["people"] == 0.0


def test_the_other_room_has_a_timetable_of_its_own() -> None:
    """Faults of this room do not reach it; nobody there: it stays at 420 ppm."""
    table = Parameters(other_timetable=(Use(((8.0, 12.0),), people=4.0, window=True),))
    model = room(table, faults=[fault(FULL)])
    play(model, 0, 2 * HOUR)
    assert model.values()["co2_other"] == pytest.approx(620, abs=1)
    alone = room(faults=[fault(FULL)])
    play(alone, 0, HOUR)
    assert alone.values()["co2_other"] == pytest.approx(420)


def test_people_warm_and_moisten_the_air() -> None:
    """Twenty people for an hour: warmer, moister, and never above 100 %."""
    model = room(faults=[fault(FULL)])
    before = model.values()
    play(model, 0, HOUR)
    after = model.values()
    assert after["temperature"] > before["temperature"] + 1
    assert before["humidity"] < after["humidity"] <= 100
