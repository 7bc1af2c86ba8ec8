"""A workshop as its devices see it: hours, an oven, an office, a kettle, and a Linky that counts it all."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.models import Active, Begin
from device_sims.models.workshop_energy import KIND, Effect, Initial, Parameters, Workshop

MINUTE, HOUR, DAY = 60, 3600, 86_400
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6


def workshop(
    parameters: Parameters | None = None,
    *,
    clock_h: float = 8.0,
    weekday: int = THURSDAY,
    initial: Initial | None = None,
    faults: Sequence[Active] = (),
    start_s: int = 0,
) -> Workshop:
    """Return a workshop at the beginning of a run, Thursday at eight, cold oven and cool office unless told."""
    begin = Begin(int(clock_h * HOUR), weekday, 74, random.Random)
    made: Workshop = KIND.make(parameters or Parameters(), initial or Initial(), begin)
    made.act(faults, {}, start_s)
    return made


def fault(effect: Effect, intensity: float = 1.0, since_s: int = 0) -> Active:
    """Return a fault that acts."""
    return Active(effect, intensity, since_s)


def play(model: Workshop, start_s: int, end_s: int, stride_s: int = DAY) -> dict[str, list[float]]:
    """Run the model from one second to another; return its traces."""
    time_s = start_s
    found: dict[str, list[float]] = {}
    while time_s < end_s:
        passed, traces = model.advance(time_s, min(stride_s, end_s - time_s))
        time_s += passed
        for name, trace in traces.items():
            found.setdefault(name, []).extend(trace)
    return found


def counted_wh(model: Workshop) -> float:
    """Return what the meter has counted, both tariffs [Wh]."""
    return (model.meter.peak_j + model.meter.off_peak_j) / HOUR


def test_loads_add_up_as_the_meter_says() -> None:
    """At eight all but the kettle run: 9660 VA; with it 11 640 VA, 51 A (use_cases.md §3)."""
    assert workshop().values()["papp"] == 9660
    values = workshop(faults=[fault(Effect(kettle=True))]).values()
    assert (values["papp"], values["current"], values["kettle_power"]) == (11_640, 51, 2000)


def test_the_kettle_obeys_its_plug() -> None:
    """An order turns it on, and its plug reports it."""
    model = workshop()
    model.act([], {"kettle_on": 1.0}, 0)
    assert (model.values()["kettle_on"], model.values()["kettle_power"], model.values()["papp"]) == (1, 2000, 11_640)
    model.act([], {"kettle_on": 0.0}, 0)
    assert (model.values()["kettle_on"], model.values()["papp"]) == (0, 9660)


def test_a_night_draws_what_nobody_thinks_of() -> None:
    """400 W and a fridge 12 min of 30: 540 W in the mean, counted off-peak; an office at 19 °C needs no heat."""
    model = workshop(clock_h=2.0, initial=Initial(office_c=19.0))
    play(model, 0, 2 * HOUR)
    assert counted_wh(model) == pytest.approx(1080)
    assert model.values()["index_hc"] == 1080
    assert model.values()["index_hp"] == 0


def test_the_tariff_changes_at_six_and_at_ten_in_the_evening() -> None:
    """Off-peak until six, peak after; energy goes to the index of its hour."""
    model = workshop(clock_h=5.5, initial=Initial(office_c=19.0))
    assert model.values()["tariff"] == 0
    play(model, 0, HOUR)
    assert model.values()["tariff"] == 1
    assert model.values()["index_hc"] == pytest.approx(270)
    assert model.values()["index_hp"] == pytest.approx(270)


def test_the_oven_heats_from_eight_and_holds() -> None:
    """220 °C after 37.2 min and 3.72 kWh, then 1200 W in the mean; off at noon."""
    model = workshop()
    oven = play(model, 0, 4 * HOUR + MINUTE)["oven_temp"]
    reached = next(second for second, value in enumerate(oven, 1) if value >= 220)
    assert reached / 60 == pytest.approx(37.2, abs=0.1)
    assert min(oven[reached : 4 * HOUR]) == pytest.approx(219, abs=0.2)
    assert model.values()["oven_power"] == 0


def test_an_office_cools_at_night_as_the_equation_says() -> None:
    """10 h from 19 °C with 100 W: 16.3 °C."""
    model = workshop(clock_h=20.0, initial=Initial(office_c=19.0))
    assert play(model, 0, 10 * HOUR)["office_temp"][-1] == pytest.approx(16.3, abs=0.05)


def test_an_open_window_beats_the_radiator() -> None:
    """At full power the office heads for 15 °C; the radiator may be switched off at its plug."""
    model = workshop(clock_h=10.0, faults=[fault(Effect(window=True, heater=True))], initial=Initial(office_c=17.0))
    assert (model.values()["radiator_power"], model.values()["window_open"]) == (1000, 1)
    trace = play(model, 0, 8 * HOUR)["office_temp"]
    assert model.values()["radiator_energy"] == pytest.approx(8000)
    assert 15 < trace[-1] < 17
    assert sorted(trace, reverse=True) == trace
    model.act([fault(Effect(window=True, heater=True))], {"radiator_on": 0.0}, 8 * HOUR)
    assert (model.values()["radiator_power"], model.values()["radiator_on"]) == (0, 0)


def test_a_forgotten_load_runs_on_top_of_everything() -> None:
    """500 W, or what the intensity makes of it."""
    usual = workshop(clock_h=22.0, initial=Initial(office_c=19.0)).values()["total_power"]
    for intensity in (1.0, 0.4):
        model = workshop(
            clock_h=22.0, initial=Initial(office_c=19.0), faults=[fault(Effect(forgotten_w=500.0), intensity)]
        )
        assert model.values()["total_power"] == pytest.approx(usual + 500 * intensity)


def test_an_oven_left_on_holds_its_heat_all_night() -> None:
    """Some 1200 W in the mean from 22:00, once it is warm."""
    initial = Initial(office_c=19.0, oven_c=220.0)
    left, usual = (
        workshop(clock_h=22.0, initial=initial, faults=faults) for faults in ([fault(Effect(oven=True))], [])
    )
    for model in (left, usual):
        play(model, 0, 6 * HOUR)
    assert (counted_wh(left) - counted_wh(usual)) / 6 == pytest.approx(1200, rel=0.02)


def test_saturday_is_closed_unless_somebody_kept_the_machines_on() -> None:
    """The machines of a working day, eight hours of 1800 W; Sunday stays closed."""
    usual, kept = (
        workshop(weekday=SATURDAY, clock_h=0.0, faults=faults) for faults in ([], [fault(Effect(saturday=True))])
    )
    for model in (usual, kept):
        play(model, 0, DAY)
    assert counted_wh(kept) - counted_wh(usual) == pytest.approx(8 * 1800)
    for model in (usual, kept):
        model.meter = type(model.meter)()
        play(model, DAY, 2 * DAY)
    assert counted_wh(kept) == counted_wh(usual)


def test_a_closed_day_uses_a_third_of_an_open_one() -> None:
    """The office is only kept from freezing: what is left is what nobody switched off."""
    open_day, closed_day = workshop(clock_h=0.0), workshop(weekday=SUNDAY, clock_h=0.0)
    for model in (open_day, closed_day):
        play(model, 0, DAY)
    assert counted_wh(closed_day) == pytest.approx(24 * 540)
    assert 0.2 < counted_wh(closed_day) / counted_wh(open_day) < 0.4


def test_a_meter_that_is_unplugged_says_nothing_and_the_rest_goes_on() -> None:
    """Its own measures are no numbers; the plugs still measure; it goes on counting."""
    model = workshop(faults=[fault(Effect(no_tic=True))])
    play(model, 0, MINUTE)
    values = model.values()
    unknown = {name for name, value in values.items() if math.isnan(value)}
    assert unknown == {"papp", "current", "largest_current", "index_hp", "index_hc", "tariff"}
    model.act([], {}, MINUTE)
    assert model.values()["index_hp"] > 100


def test_a_meter_that_was_replaced_goes_on_from_less() -> None:
    """1000 Wh less at once, once, and kept when the fault ends."""
    begin = Initial(peak_wh=50_000.0, off_peak_wh=20_000.0)
    model = workshop(initial=begin)
    model.act([fault(Effect(index_back_wh=1000.0))], {}, 0)
    assert (model.values()["index_hp"], model.values()["index_hc"]) == (49_000, 19_000)
    model.act([fault(Effect(index_back_wh=1000.0))], {}, 0)
    model.act([], {}, 10)
    assert model.values()["index_hp"] == 49_000


def test_energy_is_the_sum_of_what_was_drawn() -> None:
    """The indexes grow by the mean of the power over any hour of the week."""
    model = workshop(weekday=FRIDAY, clock_h=11.0)
    before, energy_j = counted_wh(model), 0.0
    time_s = 0
    while time_s < 3 * HOUR:
        drawn_w = model.values()["total_power"]
        passed, _ = model.advance(time_s, 7)
        energy_j += drawn_w * passed
        time_s += passed
    assert counted_wh(model) - before == pytest.approx(energy_j / HOUR)


@settings(deadline=None, max_examples=25)
@given(strides=st.lists(st.integers(1, 5000), min_size=1, max_size=5), clock_h=st.sampled_from([7.9, 11.5, 19.5, 21.9]))
def test_the_same_second_has_the_same_workshop_however_it_is_reached(strides: list[int], clock_h: float) -> None:
    """State at t does not depend on the number of steps, across hours, thermostats and the fridge."""
    model, time_s = workshop(clock_h=clock_h), 0
    for stride in strides:
        play(model, time_s, time_s + stride)
        time_s += stride
    once = workshop(clock_h=clock_h)
    play(once, 0, time_s)
    assert (model.office, model.oven) == (once.office, once.oven)
    assert model.values() == pytest.approx(once.values())
