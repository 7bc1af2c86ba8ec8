"""A hive as its devices see it: the weights of use_cases.md §6, through the model."""

import random
from collections.abc import Mapping

import pytest

from device_sims.models import Active, Begin, Kind, kind
from device_sims.models.beehive import Colony, Effect, Initial, Parameters

HOUR, DAY = 3600, 86_400
MODEL: Kind = kind("beehive")
MAY, MARCH = 131, 59
SUNNY = Parameters(sunshine=1.0, outside_c=20.0)
"""Every day the same, and 20 °C, at which the scale reads right."""


def colony(
    parameters: Parameters = SUNNY, initial: Initial | None = None, *, yearday: int = MAY, seed: int = 7
) -> Colony:
    """Return a hive whose run's time zero is midnight."""
    begin = Begin(0, 0, yearday, lambda name: random.Random(f"{seed}/{name}"))
    made = Colony(parameters, initial or Initial(), begin)
    made.act([], {}, 0)
    return made


def pass_time(model: Colony, start_s: int, stop_s: int, step_s: int = 600) -> Mapping[str, float]:
    """Let time pass; return the measures at its end."""
    while start_s < stop_s:
        passed, _ = model.advance(start_s, min(step_s, stop_s - start_s))
        start_s += passed
    return dict(model.values())


def fault(model: Colony, time_s: int, effect: Effect, intensity: float = 1.0) -> None:
    """Turn a fault on."""
    model.act([Active(effect, intensity, time_s)], {}, time_s)


# days


def test_a_sunny_day_gains_what_was_computed() -> None:
    """After ten days +2.34 kg from evening to evening; −1.22 kg of water and 0.05 of honey from 20:00 to 8:00."""
    model = colony()
    evening = pass_time(model, 0, 10 * DAY + 20 * HOUR)["weight"]
    morning = pass_time(model, 10 * DAY + 20 * HOUR, 11 * DAY + 8 * HOUR)["weight"]
    assert pass_time(model, 11 * DAY + 8 * HOUR, 11 * DAY + 20 * HOUR)["weight"] - evening == pytest.approx(
        2.34, abs=0.01
    )
    assert morning - evening == pytest.approx(-1.22 - 0.05, abs=0.01)


def test_honey_and_water_come_from_nectar_alone() -> None:
    """A day without sun and flowers: what is missing is what was eaten and what dried."""
    model = colony(Parameters(sunshine=0.0, outside_c=20.0), Initial(water_kg=1.0))
    before = model.values()["weight"]
    after = pass_time(model, 0, DAY)
    dried = 1.0 - model.state.water_kg
    assert before - after["weight"] == pytest.approx(0.1 + dried, abs=1e-6)


def test_the_same_seed_is_the_same_week() -> None:
    """Another seed has other days, and sunny days are steps of the stairs."""
    usual = pass_time(colony(Parameters()), 0, 7 * DAY)
    assert usual == pass_time(colony(Parameters()), 0, 7 * DAY)
    assert usual["weight"] != pass_time(colony(Parameters(), seed=8), 0, 7 * DAY)["weight"]


def test_the_state_does_not_depend_on_the_steps() -> None:
    """One minute's parts or an hour at a time, rain and all."""
    coarse = pass_time(colony(Parameters()), 0, 3 * DAY, 3600)
    assert pass_time(colony(Parameters()), 0, 3 * DAY, 37) == pytest.approx(coarse, abs=1e-6)


@pytest.mark.long
def test_what_is_left_of_a_winter_is_five_kilos_after_two_days_of_april() -> None:
    """12 kg on 1 November are 7.6 kg on 1 March and 5 kg after 2.2 days of April, by the use of each month."""
    model = colony(Parameters(flowers=(), outside_c=20.0), Initial(honey_kg=12 - 1.3 - 0.9 - 0.9 - 1.3), yearday=MARCH)
    pass_time(model, 0, round(33.15 * DAY), DAY)
    assert model.state.honey_kg > 5
    pass_time(model, round(33.15 * DAY), round(33.25 * DAY))
    assert model.state.honey_kg < 5


def test_a_trace_has_a_value_a_second() -> None:
    """For each measure that a slow sensor follows."""
    passed, traces = colony().advance(0, 95)
    assert passed == 95
    assert {len(trace) for trace in traces.values()} == {95}


def test_rain_stays_on_the_roof_and_dries_in_two_hours() -> None:
    """The year's rain leaves 0.3 kg at most."""
    model = colony(Parameters())
    films = []
    for hour in range(14 * 24):
        pass_time(model, hour * HOUR, (hour + 1) * HOUR)
        films.append(model.state.film_kg)
    assert max(films) == pytest.approx(0.3)
    assert min(films) == 0


# faults


def test_a_swarm_leaves_in_minutes() -> None:
    """1.8 kg with τ = 3 min at 11:40: 1.2 kg after 3.30 min, 1.79 kg within 15 min; once, however long it acts."""
    at = 11 * HOUR + 40 * 60
    quiet, swarming = colony(), colony()
    for model in (quiet, swarming):
        pass_time(model, 0, at)
    fault(swarming, at, Effect(leaving_kg=1.8))

    def lost(since_s: int, until_s: int) -> float:
        return pass_time(quiet, since_s, until_s)["weight"] - pass_time(swarming, since_s, until_s)["weight"]

    assert lost(at, at + 198) == pytest.approx(1.2, abs=0.005)
    assert lost(at + 198, at + 900) == pytest.approx(1.79, abs=0.005)
    fault(swarming, at, Effect(leaving_kg=1.8), intensity=2.0)  # the same fault, said again
    assert lost(at + 900, at + 1800) == pytest.approx(1.8, abs=0.005)


def test_a_stolen_hive_weighs_nothing_and_shakes() -> None:
    """And a box lifted from the table scale is felt there alone."""
    model = colony()
    fault(model, 0, Effect(lifted=True, shakes=20))
    assert model.values()["weight"] == pytest.approx(0)
    assert model.values()["movement"] == 37
    fault(model, 0, Effect(box_lifted=True))
    assert model.values()["lifted"] == 0
    assert model.values()["weight"] > 30


def test_a_visitor_takes_the_super_and_brings_it_back() -> None:
    """−18 kg for as long as the visit lasts, twice the shakes."""
    model = colony()
    before = model.values()["weight"]
    fault(model, 0, Effect(super_kg=18.0, shakes=15))
    assert model.values()["weight"] == pytest.approx(before - 18)
    model.act([], {}, 0)
    assert model.values()["weight"] == pytest.approx(before)
    assert model.values()["movement"] == 47


def test_the_movement_counter_comes_round() -> None:
    """254 and one more is 0, as in the tag."""
    model = colony(initial=Initial(movement=250))
    fault(model, 0, Effect(shakes=20))
    assert model.values()["movement"] == 15


def test_a_strong_flow_gains_over_eleven_kilos_a_day() -> None:
    """F = 24 in full sun, in its steady state; intensity multiplies it."""
    model = colony(Parameters(sunshine=0.2, outside_c=20.0))
    fault(model, 0, Effect(nectar_kg_per_day=12.0, sunshine=1.0), intensity=2.0)
    first = pass_time(model, 0, 10 * DAY + 20 * HOUR)["weight"]
    assert pass_time(model, 10 * DAY + 20 * HOUR, 11 * DAY + 20 * HOUR)["weight"] - first == pytest.approx(
        11.6, abs=0.05
    )


def test_robbers_take_two_kilos_by_day() -> None:
    """None by night, two between 10:00 and 18:00."""
    model = colony()
    fault(model, 0, Effect(nectar_kg_per_day=0.0, robbed_kg_per_day=2.0))
    morning = pass_time(model, 0, 9 * HOUR)["weight"]
    assert morning == pytest.approx(37.5 - 0.1 * 9 / 24, abs=0.001)
    assert morning - pass_time(model, 9 * HOUR, 21 * HOUR)["weight"] == pytest.approx(2 + 0.05, abs=0.001)


def test_a_shower_weighs_for_two_hours() -> None:
    """+0.3 kg at once, then it dries."""
    model = colony()
    dry = model.values()["weight"]
    fault(model, 0, Effect(film_kg=0.3))
    assert model.values()["weight"] == pytest.approx(dry + 0.3)
    assert pass_time(model, 0, HOUR)["weight"] == pytest.approx(dry + 0.15, abs=0.01)
    assert pass_time(model, HOUR, 2 * HOUR)["weight"] == pytest.approx(dry, abs=0.01)


def test_a_dead_colony_cools() -> None:
    """Outside 15 °C: 34.8 to 32 °C in 0.61 h; the tag under the cover follows."""
    model = colony(Parameters(sunshine=1.0, outside_c=15.0))
    warm = model.values()["hive_temp"]
    fault(model, 0, Effect(dead=True))
    assert pass_time(model, 0, round(0.61 * HOUR))["brood_temp"] == pytest.approx(32, abs=0.05)
    assert model.values()["hive_temp"] < warm


@pytest.mark.parametrize("stride_s", [1, 7, 59])
def test_sensors_see_the_same_weather_wherever_the_looks_fall(stride_s: int) -> None:
    """An hour of a spring morning asked second by second or at once: the same course of every measure."""
    whole, pieces = colony(Parameters()), colony(Parameters())
    expected, got = seen(whole, 7 * HOUR, HOUR), seen(pieces, 7 * HOUR, stride_s)
    for name, course in expected.items():
        assert got[name] == pytest.approx(course, abs=1e-5)
        assert len({*course}) > HOUR / 2
    assert pieces.values() == pytest.approx(whole.values(), abs=1e-9)


def seen(model: Colony, start_s: int, stride_s: int) -> dict[str, list[float]]:
    """Return what moves continuously, at the end of each second of an hour."""
    courses: dict[str, list[float]] = {}
    time_s = start_s
    model.act([], {}, start_s)
    while time_s < start_s + HOUR:
        passed, traces = model.advance(time_s, min(stride_s, start_s + HOUR - time_s))
        time_s += passed
        for name, values in traces.items():
            courses.setdefault(name, []).extend(values)
    return courses
