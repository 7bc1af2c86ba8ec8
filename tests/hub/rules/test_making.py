"""Computed measures: functions of present values, of windows, of clock hours and days, of past days."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from hub.model import NS, Quality, Reading, TimeSource
from hub.rules import kinds
from hub.rules.calendar import Calendar
from hub.rules.clauses import Condition, Hours
from hub.rules.kinds import Measure
from hub.rules.making import in_order, roots
from servers.plant import MIN, RUN, Plant, common, course, engine, made, minute, play, read, told, value_of

HALF_HOUR = 30 * MIN


def after(
    measures: dict[str, Measure],
    steps: Sequence[Reading | float],
    name: str = "m",
    **plant: Any,  # noqa: ANN401 — of Plant
) -> float | None:
    """Return what a measure is once all that happened."""
    one = engine(Plant(made=measures, **plant))
    play(one, steps)
    return value_of(one, name)


def test_a_function_of_present_values_waits_for_all_of_them() -> None:
    """The sum of two indices; bad values change nothing."""
    both = {"m": made("sum_of", of={"a": "a", "b": "b"})}
    assert after(both, [read(0, 1)]) is None
    assert after(both, [read(0, 1), read(1, 2, "b"), read(2, 9, quality=Quality.BAD)]) == 3


def test_a_folders_own_function_is_called_by_name() -> None:
    """With measures and parameters; what it has no answer to is not known, and so are rules on it."""

    def root(*, x: float, scale: float = 1.0) -> float | None:
        return scale * math.sqrt(x) if x >= 0 else None

    measures = {"m": made("root", of={"x": "a"}, parameters={"scale": 2.0})}
    functions = {"root": root}
    assert after(measures, [read(0, 9)], functions=functions) == 6
    assert after(measures, [read(0, 9), read(1, -1)], functions=functions) is None
    rule = kinds.LimitHigh(**common(measure="m", limit=5))
    plant = Plant(rules=[rule], made=measures, functions=functions)
    assert told(play(engine(plant), [read(0, 9), read(1, -1), read(2, 1)])) == [(0, 2)]


def test_units_are_converted_on_the_way_in_and_out() -> None:
    """A vapour pressure deficit shown in hPa of an air in °F."""
    book = Plant(made={"m": made("vapour_pressure_deficit", of={"temperature": "t", "humidity": "h"}, unit="hPa")})
    heard = {
        "t": Measure(title=book.place, role="box", channel="a", unit="°F"),
        "h": Measure(title=book.place, role="box", channel="b", unit="%"),
    }
    one = engine(Plant(made={**heard, **book.made}))
    play(one, [read(0, 24, unit="°C"), read(0, 70, "b", unit="%")])
    assert value_of(one, "t") == pytest.approx(75.2)
    assert value_of(one, "m") == pytest.approx(8.95, 0.001)


ten = list(range(11))
WINDOWS = [
    ("mean", {}, ten, 7.5),
    ("min", {}, [0, 9, 3, 4, 5, 6, 7], 3),
    ("max", {}, [99, 9, 3, 4, 5, 6, 7], 9),
    ("range", {}, [99, 9, 3, 4, 5, 6, 7], 6),
    ("median", {}, [99, 1, 2, 3, 4, 50, 60, 70], 27),
    ("rise", {}, [0, 9, 3, 4, 5, 6, 7], 4),
    ("fall", {}, [0, 9, 8, 8, 8, 6, 2], 7),
    ("delta", {}, ten, 5),
    ("increase", {}, [0, 0, 1, 1, 5, 0, 2], 7),
    ("decrease", {}, [0, 10, 9, 9, 5, 10, 2], 13),
    ("decrease", {"noise": 1.0}, [0, 10, 9, 9, 5, 10, 2], 12),
    ("integral", {}, [60.0] * 7, 5.0),
    ("leq", {}, [80.0] * 7, 80.0),
    ("count_above", {"above": 5.0}, [0, 9, 0, 9, 9, 0, 9], 2),
    ("duration_above", {"above": 5.0}, [0, 9, 0, 9, 9, 0, 9], 180.0),
    ("share_above", {"above": 5.0}, [0, 9, 0, 9, 9, 0, 9], 60.0),
    ("slope_per_minute", {}, ten, 1.0),
    ("slope_per_hour", {}, ten, 60.0),
    ("slope_per_day", {}, ten, 1440.0),
    ("increase_per_hour", {}, ten, 60.0),
]


@pytest.mark.parametrize(("function", "parameters", "values", "expected"), WINDOWS, ids=[row[0] for row in WINDOWS])
def test_a_window_of_five_minutes(
    function: str, parameters: dict[str, float], values: list[float], expected: float
) -> None:
    """Values once a minute; the window's edge is in it."""
    measure = made(function, of={"value": "a"}, parameters=parameters, window_s=5 * MIN)
    assert after({"m": measure}, course(values)) == pytest.approx(expected)


def test_mean_power_of_a_rising_index() -> None:
    """540 W are 9 Wh a minute, in whole Wh; a meter replaced uses nothing."""
    power = {"m": made("increase_per_hour", of={"value": "a"}, window_s=HALF_HOUR)}
    index = [412_000 + 9 * m for m in range(61)]
    assert after(power, course(index)) == pytest.approx(540)
    assert after(power, course([*index, *[100 + 9 * m for m in range(20)]])) == pytest.approx(540, 0.05)


def test_flow_between_two_reports_that_come_late() -> None:
    """A window shorter than the period spans the last two, however far apart."""
    flow = {"m": made("increase_per_hour", of={"value": "a"}, window_s=15 * MIN)}
    assert after(flow, course([0, 75, 150], every=15)) == 300
    assert after(flow, [read(0, 0), read(15, 75), read(45, 225)]) == 300
    assert after(flow, [read(0, 0)]) is None


def test_a_level_of_sound_is_a_mean_of_energies() -> None:
    """Half the time at 88, half in silence: three decibels less."""
    level = {"m": made("leq", of={"value": "a"}, window_s=3600)}
    assert after(level, course([88.0] * 31 + [0.0] * 31)) == pytest.approx(85, abs=0.2)


def test_late_values_are_left_out_of_windows() -> None:
    """Nobody knows when they were measured."""
    rise = {"m": made("rise", of={"value": "a"}, window_s=600)}
    assert after(rise, [read(0, 0), read(1, 99, time_source=TimeSource.LATE), read(2, 5)]) == 5


HOURLY = {"m": made("increase", of={"value": "a"}, period="hour")}


def test_a_clock_hour_says_its_own_when_it_ends() -> None:
    """A step counts in the hour it ends in; the first, heard in part only, says nothing."""
    steps = course([4 * n for n in range(40)], every=15, start=30)
    one = engine(Plant(made=HOURLY))
    play(one, steps[:3])
    assert value_of(one, "m") is None
    play(one, steps[3:7])
    assert value_of(one, "m") == 16
    view = one.view("plant", RUN, 0)
    assert view is not None
    assert minute(view.measures["m"].good_time) == 120


def test_a_reading_after_the_hour_closes_it_at_its_end() -> None:
    """The value is dated at the full hour, and judged there."""
    rule = kinds.LimitHigh(**common(measure="m", limit=1))
    one = engine(Plant(rules=[rule], made=HOURLY))
    assert told(play(one, [read(0, 0), read(20, 2), read(55, 3), read(67, 4)])) == [(60, None)]


def test_hours_that_nobody_heard_say_nothing() -> None:
    """Neither zero nor the average of the gap."""
    plant = Plant(made=HOURLY, silences={"a": 50 * MIN})
    one = engine(plant)
    play(one, [*course([0, 1, 2, 3, 4], every=15), read(290, 99), *course([100, 101], every=15, start=300)])
    assert value_of(one, "m") == 4
    play(one, course([103, 105, 107], every=15, start=330))
    assert value_of(one, "m") == 7


def test_a_day_may_start_at_noon_and_count_its_night_only() -> None:
    """The litres of each night, whole."""
    night = made(
        "increase", of={"value": "a"}, period="day", starts="12:00", during=(Hours(start="22:00", end="05:00"),)
    )
    flow = [2 if h % 24 >= 22 or h % 24 < 5 else 60 for h in range(64)]
    index = [sum(flow[:h]) for h in range(64)]
    assert after({"m": night}, course(index, every=60)) == pytest.approx(14, abs=2)


def test_a_day_counts_while_its_condition_holds() -> None:
    """Energy while the door is open."""
    open_only = made("increase", of={"value": "a"}, period="hour", when=(Condition(measure="b", equals=1),))
    steps = [read(0, 0, "b"), *course(range(5), every=15), read(61, 1, "b"), *course(range(5, 10), every=15, start=75)]
    assert after({"m": open_only}, steps) == 4


def test_what_adds_up_since_the_start() -> None:
    """Concrete: Σ(T + 10)·Δt, 20 °C for a day is 720 °C·h."""
    measures = {
        "above": made("linear", of={"value": "a"}, parameters={"offset": 10.0}),
        "m": made("integral", of={"value": "above"}),
    }
    assert after(measures, course([20.0] * 25, every=60)) == pytest.approx(720)


USUAL = made("usual", of={"value": "a"}, parameters={"days": 3, "at_least": 2, "initial": 540})


def day(value: float, number: int) -> list[Reading | float]:
    """Return a day of hourly values."""
    return course([value] * 24, every=60, start=1440 * number + 30)


def test_what_is_usual_is_the_median_of_the_days_before() -> None:
    """An initial value until enough is known; today is never in it."""
    one = engine(Plant(made={"m": USUAL}))
    seen = []
    for number, value in enumerate([500, 700, 600, 900, 10]):
        play(one, day(value, number))
        seen.append(value_of(one, "m"))
    assert seen == [540, 540, 600, 600, 700]


def test_a_use_case_knows_its_hypothesis_from_the_first_word_on() -> None:
    """Before anything was learned of the measure itself."""
    assert after({"m": USUAL}, [read(0, 1, "b")]) == 540


def test_only_some_hours_are_learned_and_only_while_the_machine_runs() -> None:
    """The mean of 02:00 to 04:00; a stop teaches nothing."""
    night = made("usual", of={"value": "a"}, during=(Hours(start="02:00", end="04:00"),), parameters={"days": 7})
    values = [540 if 2 <= h % 24 <= 4 else 5000 for h in range(60)]
    assert after({"m": night}, course(values, every=60)) == 540
    running = made("usual", of={"value": "a"}, when=(Condition(measure="b", above=200),))
    steps = [read(0, 0, "b"), *course([0.0] * 10), read(11, 900, "b"), *course([1.1] * 10, start=12), read(1500, 1.1)]
    assert after({"m": running}, steps) == pytest.approx(1.1)


def test_each_hour_of_the_day_is_learned_apart() -> None:
    """Eight o'clock is compared with eight o'clock, Monday with Monday."""
    hourly = made("usual", of={"value": "a"}, same="hour", parameters={"days": 3})
    values = [float(h % 24) for h in range(60)]
    assert after({"m": hourly}, course(values, every=60, start=30)) == 11
    weekly = made("usual", of={"value": "a"}, same="weekday", parameters={"days": 3})
    assert after({"m": weekly}, [each for n in range(15) for each in day(float(n % 7), n)]) == 0


def test_a_days_energy_is_judged_by_the_days_before_it() -> None:
    """use_cases.md §1 `energy_drift`: a tired gasket, +19 %, is told at the next midnight; a normal day is not."""
    measures = {
        "day": made("increase", of={"value": "a"}, period="day"),
        "usual_day": made("usual", of={"value": "day"}, parameters={"days": 7}),
    }
    rule = kinds.Baseline(**common(measure="day", usual="usual_day", factor=1.15))
    power = [5.28 / 24] * 24 * 4 + [6.28 / 24] * 24 + [5.28 / 24] * 25
    index = [sum(power[:h]) for h in range(len(power))]
    alarms = play(engine(Plant(rules=[rule], made=measures)), course(index, every=60))
    assert told(alarms) == [(5 * 1440, 6 * 1440)]
    assert alarms[0].params["value"] == pytest.approx(6.28)


def test_a_closed_day_is_compared_with_open_ones() -> None:
    """use_cases.md §3 `closed_day`: Sunday's energy against half of the working days' median."""
    working = Hours(days=("mon", "tue", "wed", "thu", "fri"))
    measures = {
        "day": made("increase", of={"value": "a"}, period="day"),
        "open_day": made("usual", of={"value": "day"}, during=(working,), parameters={"days": 5}),
    }
    rule = kinds.Baseline(**common(measure="day", usual="open_day", factor=0.5, during=(Hours(days=("sat", "sun")),)))
    use = [24.0] * 5 + [20.0, 4.0, 24.0]
    index = [sum(use[: h // 24]) + use[h // 24] * (h % 24) / 24 for h in range(8 * 24)]
    alarms = play(engine(Plant(rules=[rule], made=measures)), course(index, every=60))
    assert told(alarms) == [(6 * 1440, 7 * 1440)]


def test_a_gain_since_the_hatch_opened() -> None:
    """use_cases.md §8 `delivery_gap`: 2 200 kg of the 2 500 on the note."""
    gain = {"m": made("delta_since", of={"value": "a", "start": "b"})}
    steps = [read(0, 1000), read(0, 0, "b"), read(10, 1000), read(11, 1, "b"), read(20, 2000), read(26, 0, "b")]
    assert after(gain, steps) == 1000
    assert after(gain, [*steps, read(30, 3200)]) == 2200
    assert after(gain, [read(0, 1000), read(0, 0, "b")]) is None


def test_what_is_computed_grows_old_with_its_sources() -> None:
    """A wet bulb whose mast is silent is no wet bulb; yesterday's energy stays yesterday's."""
    measures = {
        "wet": made("sum_of", of={"a": "a", "b": "b"}),
        "m": made("increase", of={"value": "a"}, period="hour"),
    }
    one = engine(Plant(made=measures, silences={"a": 300.0}))
    play(one, [read(0, 1, "b"), *course([1.0] * 70)])
    view = one.view("plant", RUN, read(75, 0).time)
    assert view is not None
    assert (view.measures["wet"].believed, view.measures["m"].believed) == (False, True)
    rule = kinds.LimitHigh(**common(measure="wet", limit=1, on_delay_s=600))
    plant = Plant(rules=[rule], made=measures, silences={"a": 300.0})
    assert told(play(engine(plant), [read(0, 1, "b"), read(0, 1), 20.0])) == []


def test_measures_are_computed_in_order_and_circles_left_out() -> None:
    """Each after those it is made of; the age of one is that of what was heard."""
    measures = {
        "c": made("linear", of={"value": "b"}),
        "b": made("linear", of={"value": "a"}),
        "x": made("linear", of={"value": "y"}),
        "y": made("linear", of={"value": "x"}),
        **{name: each for name, each in Plant().measures.items() if name == "a"},
    }
    assert list(in_order(measures)) == ["b", "c"]
    assert roots(measures, "c") == {"a"}
    assert roots({**measures, "d": made("increase", of={"value": "c"}, period="day")}, "d") == frozenset()


def test_clock_hours_and_days_follow_the_place() -> None:
    """A day of the change to summer time has 23 hours; a full hour ends the one before it."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 — this test alone has a zone

    calendar = Calendar(ZoneInfo("Europe/Paris"))
    noon = 1_774_767_600 * NS  # 29 March 2026, 07:00 UTC
    start, end = calendar.day("x/y", noon, 0)
    assert (end - start) // NS == 23 * 3600
    assert calendar.day("x/y", end, 0) == (start, end)
    assert calendar.hour("x/y", end) == (end - 3600 * NS, end)
    assert calendar.hour("x/y", end + 1)[0] == end
