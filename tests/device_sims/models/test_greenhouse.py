"""A greenhouse under the weather of a spring day: heater, vents, plants, and a breath."""

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.models import Active, Begin, Kind, kind
from device_sims.models.greenhouse import Climate, Effect, House, Initial, Parameters, Plants
from device_sims.physics.greenhouse import vpd_kpa

HOUR, DAY = 3600, 86_400
MODEL: Kind = kind("greenhouse")
EVENING_H, MORNING_H = 21, 10


def house(hour: int = EVENING_H, faults: Sequence[Active] = (), orders: Mapping[str, float] | None = None) -> House:
    """Return a greenhouse whose time zero is an hour of 12 April, in the weather of seed 7 that the scenario plays."""
    begin = Begin(hour * HOUR, 3, 101, lambda name: random.Random(f"7/greenhouse/{name}"))
    made = House(Parameters(), Initial(), begin)
    made.act(faults, orders or {}, 0)
    return made


def pass_time(model: House, start_s: int, stop_s: int) -> Mapping[str, float]:
    """Let time pass; return the measures at its end."""
    while start_s < stop_s:
        start_s += model.advance(start_s, stop_s - start_s)[0]
    return model.values()


def test_the_heater_keeps_the_night_at_its_set_point() -> None:
    """16 °C within half a degree and what the air does in a second, while it is cold outside."""
    model = house()
    pass_time(model, 0, HOUR)
    for second in range(HOUR, 8 * HOUR, 600):
        values = pass_time(model, second, second + 600)
        assert values["outside_temp"] < 13
        assert 15.4 < values["air"] < 16.6
    assert values["heater_energy"] > 500


def test_an_ordinary_day_keeps_the_deficit_that_plants_like() -> None:
    """Most of 24 hours between 0.4 and 1.2 kPa, vents open at noon and shut at night."""
    model = house()
    well, vents = 0, []
    for second in range(0, DAY, 1200):
        values = pass_time(model, second, second + 1200)
        well += 0.38 < vpd_kpa(values["air"], values["humidity"]) < 1.22
        vents.append(values["vent"])
    assert well == DAY // 1200
    assert max(vents) > 20
    assert min(vents) == 0


def test_vents_move_at_their_speed_where_they_are_ordered() -> None:
    """Two minutes from closed to open; half open after one."""
    model = house(orders={"vent": 100.0})
    assert pass_time(model, 0, 60)["vent"] == pytest.approx(50)
    assert pass_time(model, 60, 120)["vent"] == 100
    model.act([], {"vent": 0.0}, 120)
    assert pass_time(model, 120, 150)["vent"] == pytest.approx(75)


def test_an_order_of_one_percent_is_obeyed() -> None:
    """Only the climate computer does not move them for so little."""
    assert pass_time(house(orders={"vent": 1.0}), 0, 60)["vent"] == pytest.approx(1)


def test_jammed_vents_obey_nobody() -> None:
    """They go where the fault has them."""
    model = house(faults=[Active(Effect(vent_pct=60.0), 1.0, 0)], orders={"vent": 0.0})
    assert pass_time(model, 0, HOUR)["vent"] == 60


def test_a_heater_without_power_does_not_heat() -> None:
    """And starts again with it."""
    model = house(orders={"switch": 0.0})
    assert pass_time(model, 0, 3 * HOUR)["air"] < 14
    assert model.values()["heater_power"] == 0
    model.act([], {"switch": 1.0}, 3 * HOUR)
    assert model.values()["heater_power"] == 350


def test_a_dead_burner_blows_cold_air() -> None:
    """The fan takes its power; the house cools."""
    model = house(faults=[Active(Effect(burner_out=1.0), 1.0, 0)])
    values = pass_time(model, 0, 3 * HOUR)
    assert (values["heater_power"], values["air"] < 10) == (350, True)


def test_plants_that_thirst_leave_the_air_dry() -> None:
    """By day; those that drink moisten it."""
    dry = house(MORNING_H, [Active(Effect(thirst=0.9), 1.0, 0)])
    usual = house(MORNING_H)
    assert pass_time(dry, 0, 4 * HOUR)["humidity"] < pass_time(usual, 0, 4 * HOUR)["humidity"] - 20


def test_a_wet_floor_wets_the_leaves() -> None:
    """The air holds no more than it can; the leaf is below its dew point."""
    model = house(faults=[Active(Effect(vent_pct=0.0, wet_g_per_m2_h=20.0), 1.0, 0)])
    values = pass_time(model, 0, 2 * HOUR)
    assert values["humidity"] <= 100
    assert vpd_kpa(values["air"], values["humidity"]) < 0.1


def test_a_breath_is_gone_after_minutes() -> None:
    """Warmer and moister at once, by their parameters; the house does not know."""
    before, model = house().values(), house(faults=[Active(Effect(breath=True), 1.0, 0)])
    at_once = model.values()
    assert at_once["air"] == pytest.approx(before["air"] + 4)
    assert at_once["humidity"] == 100
    assert pass_time(model, 0, 600)["humidity"] == pytest.approx(pass_time(house(), 0, 600)["humidity"], abs=0.01)


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 500), min_size=1, max_size=30))
def test_the_state_does_not_depend_on_the_number_of_steps(cuts: list[int]) -> None:
    """Vents on their way and a heater that switches, asked in any pieces."""
    whole, pieces = house(orders={"vent": 40.0}), house(orders={"vent": 40.0})
    second = 0
    for cut in cuts:
        pass_time(pieces, second, second + cut)
        second += cut
    assert dict(pieces.values()) == pytest.approx(dict(pass_time(whole, 0, second)), rel=1e-9)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Plants(warming=1.5), "warming is 1.5"),
        (lambda: Plants(floor_m2=0), "floor_m2 is 0"),
        (lambda: Climate(open_c=20), "open_c is 20: it lies above opens_c, 22.0"),
        (lambda: Climate(travel_s=0), "travel_s is 0"),
        (lambda: Effect(vent_pct=120), "vent_pct is 120"),
        (lambda: Effect(thirst=-1), "thirst is -1"),
    ],
)
def test_a_greenhouse_that_cannot_be_is_refused(make: object, told: str) -> None:
    """The message names the parameter."""
    assert callable(make)
    with pytest.raises(ValueError, match=told):
        make()
