"""Hot water as its devices see it: a loop that cools when its pump stops, a heater, showers, a mixing valve."""

import random
from collections.abc import Callable, Sequence

import pytest

from device_sims.models import Active, Begin
from device_sims.models.hot_water import KIND, Effect, HotWater, Initial, Parameters, Showers, Tap

MINUTE, HOUR, DAY = 60, 3600, 86_400
QUIET = Parameters(showers=Showers(busy_per_h=0.0, quiet_per_h=0.0))


def lots(seed: int) -> Callable[[str], random.Random]:
    """Return generators seeded as a scenario seeds them."""
    return lambda name: random.Random(f"{seed}/{name}")


def plant(
    parameters: Parameters = QUIET,
    *,
    clock_h: float = 14.0,
    seed: int = 1,
    initial: Initial | None = None,
    faults: Sequence[Active] = (),
) -> HotWater:
    """Return an installation at the beginning of a history, at 14:00 and with nobody showering unless told."""
    begin = Begin(int(clock_h * HOUR), 0, 74, lots(seed))
    made: HotWater = KIND.make(parameters, initial or Initial(), begin)
    made.act(faults, {}, 0)
    return made


def fault(effect: Effect, intensity: float = 1.0) -> Active:
    """Return a fault that acts since the start."""
    return Active(effect, intensity, 0)


def play(model: HotWater, start_s: int, end_s: int, stride_s: int = DAY) -> dict[str, list[float]]:
    """Run the model from one second to another; return each measure at the end of each second."""
    traces: dict[str, list[float]] = {"departure": [], "return_loop": [], "tap": []}
    time_s = start_s
    while time_s < end_s:
        passed, given = model.advance(time_s, min(stride_s, end_s - time_s))
        for name, values in given.items():
            assert len(values) == passed
            traces[name] += values
        time_s += passed
    return traces


def first_below(values: Sequence[float], limit: float) -> float:
    """Return in how many minutes the values fall below a limit."""
    return (next(number for number, value in enumerate(values) if value < limit) + 1) / MINUTE


def test_the_usual_state_is_an_equilibrium() -> None:
    """Departure 60 °C and return 55 °C stay so for a night without showers, within a tenth of a degree."""
    traces = play(plant(), 0, 10 * HOUR)
    assert traces["departure"][-1] == pytest.approx(60.0, abs=0.1)
    assert traces["return_loop"][-1] == pytest.approx(55.0, abs=0.1)


def test_a_stopped_pump_lets_the_return_fall_below_50_in_22_7_minutes() -> None:
    """use_cases.md §9: τ 2.45 h, ambient 20 °C, from 55 °C."""
    traces = play(plant(faults=[fault(Effect(pump_stopped=1.0))]), 0, HOUR)
    assert first_below(traces["return_loop"], 50.0) == pytest.approx(22.7, abs=0.1)


def test_from_60_it_takes_42_3_minutes() -> None:
    """The same loop, begun at 60 °C."""
    model = plant(initial=Initial(return_c=60.0), faults=[fault(Effect(pump_stopped=1.0))])
    assert first_below(play(model, 0, HOUR)["return_loop"], 50.0) == pytest.approx(42.3, abs=0.1)


def test_a_slow_pump_settles_between() -> None:
    """Half the flow: (p/2·60 + k·20)/(p/2 + k) = 51.1 °C, k the loop's loss."""
    traces = play(plant(faults=[fault(Effect(pump_stopped=1.0), 0.5)]), 0, 10 * HOUR)
    assert traces["return_loop"][-1] == pytest.approx(51.1, abs=0.1)


def test_the_pump_obeys_its_relay() -> None:
    """Switched off: no power, a return that cools; switched on: both come back."""
    model = plant()
    model.act([], {"switch": 0.0}, 0)
    play(model, 0, HOUR)
    off = model.values()
    assert off["pump_power"] == 0.0
    assert off["return_loop"] < 50
    model.act([], {"switch": 1.0}, HOUR)
    play(model, HOUR, 2 * HOUR)
    assert model.values()["pump_power"] == 45.0
    assert model.values()["return_loop"] == pytest.approx(55.0, abs=0.5)
    assert model.values()["pump_energy"] == pytest.approx(45.0)


def test_without_its_heater_the_tank_gives_what_it_has() -> None:
    """Two busy hours empty it: the departure falls below 40 °C, and never below the cold water."""
    traces = play(plant(Parameters(), clock_h=6.0, faults=[fault(Effect(heater_lost=1.0))]), 0, 12 * HOUR)
    departure = traces["departure"]
    assert departure[2 * HOUR] < 40.0
    assert min(departure) > 12.0


@pytest.mark.parametrize("drop", [4.0, 8.0])
def test_a_lowered_set_point_shows_on_departure_and_return(drop: float) -> None:
    """After some hours the departure is so much lower, the return in proportion."""
    traces = play(plant(faults=[fault(Effect(set_drop_k=1.0), drop)]), 0, 12 * HOUR)
    assert traces["departure"][-1] == pytest.approx(60 - drop, abs=0.1)
    assert traces["return_loop"][-1] == pytest.approx(20 + (40 - drop) * 7 / 8, abs=0.1)


def test_the_mixing_valve_keeps_the_tap_at_42_and_a_broken_one_scalds() -> None:
    """A shower warms the probe to 42 °C; with the valve open to nearly 60 °C, past 50 °C within half a minute."""
    well = play(plant(faults=[fault(Effect(showering=True))]), 0, 10 * MINUTE)["tap"]
    broken = play(plant(faults=[fault(Effect(showering=True, mixer_open=True))]), 0, 10 * MINUTE)["tap"]
    assert well[-1] == pytest.approx(42.0, abs=0.1)
    assert broken[-1] == pytest.approx(60.0, abs=0.5)
    assert next(number for number, value in enumerate(broken) if value > 50) < 30


@pytest.mark.parametrize("stride_s", [1, 7])
def test_a_tap_follows_the_tank_however_often_it_is_looked_at(stride_s: int) -> None:
    """Scalding water from a tank that cools: second by second or a minute at once, the very same course."""
    courses = [
        play(plant(faults=[fault(Effect(showering=True, mixer_open=True, heater_lost=1.0))]), 0, HOUR, stride)["tap"]
        for stride in (DAY, stride_s)
    ]
    assert courses[0] == courses[1]


def test_a_tap_at_rest_cools_to_the_room() -> None:
    """20 °C after a few hours without showers."""
    assert play(plant(), 0, 6 * HOUR)["tap"][-1] == pytest.approx(20.0, abs=0.1)


def test_showers_come_in_the_morning_and_in_the_evening() -> None:
    """The last tap is warm for most of 06:00 to 09:00, hardly ever from 00:00 to 05:00."""
    traces = play(plant(Parameters(), clock_h=0.0), 0, DAY)
    warm = [value > 35 for value in traces["tap"]]
    assert sum(warm[6 * HOUR : 9 * HOUR]) > HOUR
    assert sum(warm[: 5 * HOUR]) < HOUR
    assert min(traces["return_loop"]) > 50


def test_the_same_lots_give_the_same_day_and_other_lots_another_one() -> None:
    """Seeded."""
    days = [play(plant(Parameters(), seed=seed), 0, DAY)["tap"] for seed in (3, 3, 4)]
    assert days[0] == days[1]
    assert days[0] != days[2]


def test_the_state_does_not_depend_on_how_the_time_is_cut() -> None:
    """A busy hour in strides of 7 s is the same as in one go, but for the tap's held goal."""
    whole, cut = (plant(Parameters(), clock_h=7.0) for _ in range(2))
    play(whole, 0, HOUR)
    play(cut, 0, HOUR, stride_s=7)
    for name, value in whole.values().items():
        assert cut.values()[name] == pytest.approx(value, abs=0.05 if name == "tap" else 1e-6)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Effect(pump_stopped=1.5), "pump_stopped"),
        (lambda: Effect(set_drop_k=-60.0), "set_drop_k"),
        (lambda: Tap(warms_s=0.0), "warms_s"),
        (lambda: Parameters(pump_l_per_s=-0.1), "pump_l_per_s"),
        (lambda: Showers(shortest_s=600.0, longest_s=60.0).plumbing(), "longest_s"),
    ],
)
def test_what_cannot_be_is_refused(make: type, name: str) -> None:
    """The error names the value."""
    with pytest.raises(ValueError, match=name):
        make()
