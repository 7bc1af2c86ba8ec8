"""A compressed-air net as its devices see it: a night that still runs, tools by day, a leak, a dead compressor."""

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.models import Active, Begin
from device_sims.models.compressed_air import KIND, Air, Effect, Initial, Parameters, Tools

MINUTE, HOUR, DAY = 60, 3600, 86_400
MONDAY, SUNDAY = 0, 6
TIGHT = Parameters(tools=Tools(per_h=0.0, leak_nl_per_min=0.0))
FIVE_SCFM = 141.6


def lots(seed: int) -> Callable[[str], random.Random]:
    """Return generators seeded as a scenario seeds them."""
    return lambda name: random.Random(f"{seed}/{name}")


def air(
    parameters: Parameters = TIGHT,
    *,
    clock_h: float = 0.0,
    weekday: int = MONDAY,
    seed: int = 1,
    initial: Initial | None = None,
    faults: Sequence[Active] = (),
) -> Air:
    """Return a net at the beginning of a history, Monday midnight, tight and unused unless told."""
    begin = Begin(int(clock_h * HOUR), weekday, 74, lots(seed))
    made: Air = KIND.make(parameters, initial or Initial(), begin)
    made.act(faults, {}, 0)
    return made


def fault(effect: Effect, intensity: float = 1.0) -> Active:
    """Return a fault that acts since the start."""
    return Active(effect, intensity, 0)


def play(model: Air, start_s: int, end_s: int, stride_s: int = DAY) -> None:
    """Run the model from one second to another."""
    time_s = start_s
    while time_s < end_s:
        passed, _ = model.advance(time_s, min(stride_s, end_s - time_s))
        time_s += passed


def duty(model: Air, start_s: int, end_s: int) -> float:
    """Return the share of the time that the compressor ran [1]."""
    before = model.state.ran_s
    play(model, start_s, end_s)
    return (model.state.ran_s - before) / (end_s - start_s)


def test_a_tight_net_holds_its_pressure() -> None:
    """A day without leak or tool: 8 bar, no start."""
    model = air()
    play(model, 0, DAY)
    assert model.values() == {"pressure": 8.0, "power": 0.0, "energy": 0.0}


def test_five_cubic_feet_a_minute_take_one_bar_in_3_53_minutes() -> None:
    """use_cases.md §9: 500 L from 8 to 7 bar at 141.6 NL/min, then the compressor starts."""
    model = air(faults=[fault(Effect(leak_nl_per_min=FIVE_SCFM))])
    passed, _ = model.advance(0, HOUR)
    assert passed / MINUTE == pytest.approx(3.53, abs=1 / MINUTE)
    model.advance(passed, 1)
    assert model.values()["power"] == pytest.approx(6120.0)


@pytest.mark.parametrize("intensity", [0.5, 1.0, 2.0])
def test_a_leak_makes_the_compressor_run_in_proportion(intensity: float) -> None:
    """Duty is leak over delivery: 16.7 % for 141.6 of 850 NL/min."""
    model = air(faults=[fault(Effect(leak_nl_per_min=FIVE_SCFM), intensity)])
    assert duty(model, 0, 6 * HOUR) == pytest.approx(intensity * FIVE_SCFM / 850, rel=0.03)


def test_a_year_of_the_leak_is_8930_kwh() -> None:
    """Eight weeks of it, times 365/56; 0.12 kWh a normal cubic metre."""
    model = air(faults=[fault(Effect(leak_nl_per_min=FIVE_SCFM))])
    play(model, 0, 56 * DAY)
    assert model.values()["energy"] / 1000 * 365 / 56 == pytest.approx(8930, rel=0.01)


def test_pressure_stays_between_its_limits_while_the_compressor_can_feed_the_tools() -> None:
    """A Monday: 7 to 8 bar at night; by day several tools at once take more than it gives, seldom and not for long."""
    model = air(Parameters())
    pressures = []
    for minute in range(24 * 60):
        play(model, minute * MINUTE, (minute + 1) * MINUTE)
        pressures.append(model.values()["pressure"])
    assert 7.0 <= min(pressures[: 7 * 60]) < max(pressures[: 7 * 60]) <= 8.0
    assert max(pressures) <= 8.0
    assert sum(pressure < 6.9 for pressure in pressures) < 30
    assert min(pressures) > 5.0


def test_the_usual_night_runs_five_percent_and_the_day_much_more() -> None:
    """40 of 850 NL/min leak: 4.7 % of a night; a working morning several times as much; a Sunday like a night."""
    model = air(Parameters())
    night = duty(model, 0, 6 * HOUR)
    play(model, 6 * HOUR, 8 * HOUR)
    morning = duty(model, 8 * HOUR, 12 * HOUR)
    assert night == pytest.approx(40 / 850, rel=0.1)
    assert morning > 4 * night
    assert duty(air(Parameters(), weekday=SUNDAY), 0, DAY) == pytest.approx(40 / 850, rel=0.1)


def test_a_dead_compressor_lets_the_pressure_fall_to_nothing_and_no_further() -> None:
    """It stops at once, at whatever moment; 0 bar after a day of the usual leak."""
    model = air(Parameters(), initial=Initial(pressure_bar=7.4, running=True))
    assert model.values()["power"] > 0
    model.act([fault(Effect(compressor_off=True))], {}, 0)
    assert model.values()["power"] == 0.0
    play(model, 0, DAY)
    assert model.values()["pressure"] == 0.0
    assert model.values()["power"] == 0.0


def test_it_starts_again_when_the_fault_ends() -> None:
    """From whatever pressure is left, up to 8 bar."""
    model = air(initial=Initial(pressure_bar=3.0), faults=[fault(Effect(compressor_off=True))])
    play(model, 0, HOUR)
    model.act([], {}, HOUR)
    play(model, HOUR, HOUR + 10 * MINUTE)
    assert model.values()["pressure"] == pytest.approx(8.0)


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=5), st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_the_state_does_not_depend_on_how_the_time_is_cut(strides: list[int], seed: int) -> None:
    """A working morning with a leak, in strides of any length."""
    leak = [fault(Effect(leak_nl_per_min=FIVE_SCFM))]
    whole, cut = (air(Parameters(), clock_h=7.0, seed=seed, faults=leak) for _ in range(2))
    play(whole, 0, 4 * HOUR)
    time_s, number = 0, 0
    while time_s < 4 * HOUR:
        stride = min(strides[number % len(strides)], 4 * HOUR - time_s)
        play(cut, time_s, time_s + stride)
        time_s, number = time_s + stride, number + 1
    assert cut.values() == pytest.approx(dict(whole.values()), abs=1e-6)


def test_the_same_lots_give_the_same_day_and_other_lots_another_one() -> None:
    """Seeded."""
    energies = []
    for seed in (3, 3, 4):
        model = air(Parameters(), seed=seed)
        play(model, 0, DAY)
        energies.append(model.values()["energy"])
    assert energies[0] == energies[1]
    assert energies[0] != energies[2]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Effect(leak_nl_per_min=-1.0), "leak_nl_per_min"),
        (lambda: Tools(nl_per_min=-1.0), "nl_per_min"),
        (lambda: Tools(hours=((8.0, 8.0),)).plumbing(), "spans_h"),
    ],
)
def test_what_cannot_be_is_refused(make: type, name: str) -> None:
    """The error names the value."""
    with pytest.raises(ValueError, match=name):
        make()
