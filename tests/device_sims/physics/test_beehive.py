"""The beehive's physics: hand-computed values, what must hold for any hive, and what is refused."""

import math
from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import beehive
from device_sims.physics.beehive import Hive, Regime, State

HIVE = Hive()
SUNNY = Regime()
NIGHT = Regime(nectar_kg_per_day=0.0)
MINUTE, HOUR, DAY = 60, 3600, 86_400

hives = st.builds(
    Hive,
    tare_kg=st.floats(20, 60),
    foragers_kg=st.floats(0, 1.5),
    drying_h=st.floats(6, 48),
    brood_h=st.floats(1, 12),
    swarm_min=st.floats(1, 10),
)
regimes = st.builds(
    Regime,
    nectar_kg_per_day=st.floats(0, 30),
    sunshine=st.floats(0, 1),
    use_kg_per_day=st.floats(0, 5),
    film_kg_per_h=st.floats(-1, 1),
    outside_c=st.floats(-20, 45),
    alive=st.booleans(),
)
states = st.builds(
    State,
    bees_kg=st.floats(0, 6),
    leaving_kg=st.floats(0, 3),
    honey_kg=st.floats(0, 40),
    water_kg=st.floats(0, 10),
    film_kg=st.floats(0, 5),
    brood_c=st.floats(-10, 40),
)
cases = st.tuples(hives, regimes, states)
clocks = st.floats(0, DAY, exclude_max=True)
spans = st.floats(0, 3 * DAY)


def settled() -> State:
    """Return the hive of the document at midnight after fourteen sunny days."""
    return beehive.step(State(), HIVE, SUNNY, 0, 14 * DAY)


# hand-computed values: use_cases.md §6


def test_a_sunny_day_brings_honey() -> None:
    """0.488·F·s - c: +2.34 kg/day at F = 5, +11.6 kg/day in a strong flow of 24."""
    start = settled()
    assert beehive.step(start, HIVE, SUNNY, 0, DAY).honey_kg - start.honey_kg == pytest.approx(2.34, abs=0.005)
    flow = beehive.step(start, HIVE, replace(SUNNY, nectar_kg_per_day=24.0), 0, DAY)
    assert flow.honey_kg - start.honey_kg == pytest.approx(11.6, abs=0.05)


def test_the_scale_climbs_by_day_and_falls_by_night() -> None:
    """+4.05 kg from 10:00 to 18:00 without the foragers; 1.22 kg of water gone from 20:00 to 08:00."""
    morning = beehive.step(settled(), HIVE, SUNNY, 0, 10 * HOUR)
    closing = beehive.step(morning, HIVE, SUNNY, 10 * HOUR, 8 * HOUR)
    evening = beehive.step(closing, HIVE, SUNNY, 18 * HOUR, 2 * HOUR)
    next_day = beehive.step(evening, HIVE, SUNNY, 20 * HOUR, 12 * HOUR)
    gained = (beehive.weight_kg(state, HIVE, 0, flying=0) for state in (closing, morning))
    assert next(gained) - next(gained) == pytest.approx(4.05, abs=0.005)
    assert next_day.water_kg - evening.water_kg == pytest.approx(-1.22, abs=0.005)


def test_most_nectar_comes_at_two_in_the_afternoon() -> None:
    """F·π/2L = 0.982 kg/h at 14:00, nothing outside 10:00 to 18:00."""
    assert beehive.intake_kg_per_h(SUNNY, 14 * HOUR) == pytest.approx(0.982, abs=0.0005)
    assert beehive.intake_kg_per_h(SUNNY, 9 * HOUR) == beehive.intake_kg_per_h(SUNNY, 18 * HOUR) == 0


def test_foragers_leave_too_slowly_to_look_like_a_swarm() -> None:
    """The largest drop of a morning within 15 min is 0.098 kg."""
    weights = [beehive.weight_kg(State(), HIVE, day_s) for day_s in range(0, DAY, MINUTE)]
    drop = max(before - after for before, after in zip(weights, weights[15:], strict=False))
    assert drop == pytest.approx(0.098, abs=0.0005)


def test_a_swarm_is_a_cliff() -> None:
    """1.79 kg of 1.8 kg are gone within 15 min, 1.2 kg after 3.30 min."""
    start = beehive.swarm(State(), 1.8)
    assert beehive.weight_kg(start, HIVE, 0) == beehive.weight_kg(State(), HIVE, 0)

    def gone(minutes: float) -> float:
        return start.leaving_kg - beehive.step(start, HIVE, NIGHT, 0, minutes * MINUTE).leaving_kg

    assert gone(15) == pytest.approx(1.79, abs=0.005)
    assert gone(3.295) < 1.2 < gone(3.305)


def test_a_winter_is_eaten() -> None:
    """October to April use 13.1 kg; 12 kg on 1 November are 5 kg after 2.2 days of April."""
    assert sum(beehive.WINTER_USE_KG.values()) == pytest.approx(13.1)
    state, lengths = State(honey_kg=12.0), {11: 30, 12: 31, 1: 31, 2: 28, 3: 31}
    for month, days in lengths.items():
        eaten = replace(NIGHT, use_kg_per_day=beehive.WINTER_USE_KG[month] / days)
        state = beehive.step(state, HIVE, eaten, 0, days * DAY)
    april = replace(NIGHT, use_kg_per_day=beehive.WINTER_USE_KG[4] / 30)
    assert (
        beehive.step(state, HIVE, april, 0, 2.19 * DAY).honey_kg
        > 5
        > (beehive.step(state, HIVE, april, 0, 2.20 * DAY).honey_kg)
    )


def test_the_brood_of_a_dead_colony_cools() -> None:
    """From 34.8 to 32 °C in 0.61 h with 15 °C outside."""
    gone = Regime(alive=False, outside_c=15.0)
    assert beehive.step(State(), HIVE, gone, 0, 0.605 * HOUR).brood_c > 32
    assert beehive.step(State(), HIVE, gone, 0, 0.615 * HOUR).brood_c < 32


def test_a_shower_dries_in_two_hours() -> None:
    """0.3 kg of rain leave the roof at 0.15 kg/h, and no more than there is."""
    wet = State(film_kg=0.3)
    assert beehive.step(wet, HIVE, SUNNY, 0, HOUR).film_kg == pytest.approx(0.15)
    assert beehive.step(wet, HIVE, SUNNY, 0, 3 * HOUR).film_kg == 0


# what must hold for any hive


@given(case=cases, clock=clocks, first=spans, second=spans)
def test_two_steps_are_one(case: tuple[Hive, Regime, State], clock: float, first: float, second: float) -> None:
    """The length of a step is a display choice."""
    hive, regime, state = case
    once = beehive.step(state, hive, regime, clock, first + second)
    middle = beehive.step(state, hive, regime, clock, first)
    twice = beehive.step(middle, hive, regime, clock + first, second)
    assert astuple(twice) == pytest.approx(astuple(once), abs=1e-6)


@given(hive=hives, regime=regimes, state=states, clock=clocks, dt=spans)
def test_nothing_is_negative_and_everything_is_a_number(
    hive: Hive, regime: Regime, state: State, clock: float, dt: float
) -> None:
    """Stores, water and film end at zero; a scale never shows less than the wood."""
    after = beehive.step(state, hive, regime, clock, dt)
    assert all(math.isfinite(value) for value in astuple(after))
    assert min(after.honey_kg, after.water_kg, after.film_kg, after.leaving_kg) >= -1e-9
    assert beehive.weight_kg(after, hive, clock) >= hive.tare_kg - 1e-9


@given(hive=hives, regime=regimes, clock=clocks, dt=spans)
def test_mass_is_kept(hive: Hive, regime: Regime, clock: float, dt: float) -> None:
    """With ample stores and hardly any drying, honey and water are what came in less what was eaten."""
    slow = replace(hive, drying_h=1e12)
    state = State(honey_kg=1000.0)
    after = beehive.step(state, slow, regime, clock, dt)
    gathered = sum(beehive.intake_kg_per_h(regime, clock + (i + 0.5) * dt / 500) for i in range(500)) * dt / 500 / HOUR
    gain = after.honey_kg + after.water_kg - state.honey_kg
    assert gain == pytest.approx(gathered - regime.use_kg_per_day * dt / DAY, abs=1e-3 * (1 + gathered))


@given(case=cases, clock=clocks, dt=spans, more=st.floats(0, 10))
def test_more_flowers_never_weigh_less(case: tuple[Hive, Regime, State], clock: float, dt: float, more: float) -> None:
    """Honey and water grow with the nectar."""
    hive, regime, state = case
    richer = replace(regime, nectar_kg_per_day=regime.nectar_kg_per_day + more)
    poor, rich = (beehive.step(state, hive, each, clock, dt) for each in (regime, richer))
    assert rich.honey_kg >= poor.honey_kg - 1e-9
    assert rich.water_kg >= poor.water_kg - 1e-9


@given(hive=hives, outside=st.floats(-20, 45), alive=st.booleans())
def test_the_brood_ends_where_it_is_warmed_or_not(*, hive: Hive, outside: float, alive: bool) -> None:
    """At the colony's temperature, or at the outside's."""
    far = beehive.step(State(brood_c=10.0), hive, Regime(outside_c=outside, alive=alive), 0, 30 * DAY)
    assert far.brood_c == pytest.approx(hive.brood_c if alive else outside, abs=1e-6)


@given(state=states, leaving=st.floats(0, 10))
def test_a_swarm_takes_no_more_bees_than_there_are(state: State, leaving: float) -> None:
    """And loses none at the moment it starts."""
    after = beehive.swarm(state, leaving)
    assert after.bees_kg >= 0
    assert after.bees_kg + after.leaving_kg == pytest.approx(state.bees_kg + state.leaving_kg)


# what is refused


@pytest.mark.parametrize("name", ["tare_kg", "drying_h", "brood_h", "swarm_min"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_hive_that_cannot_exist_is_refused(name: str, value: float) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=name):
        Hive(**{name: value})


@pytest.mark.parametrize(
    "wrong",
    [{"sunshine": 1.1}, {"sunshine": -0.1}, {"nectar_kg_per_day": -1.0}, {"use_kg_per_day": math.nan}],
    ids=str,
)
def test_an_input_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """The message names the input."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Regime(**wrong)


def test_time_does_not_run_backwards() -> None:
    """Neither does a swarm bring bees."""
    with pytest.raises(ValueError, match="backwards"):
        beehive.step(State(), HIVE, SUNNY, 0, -1.0)
    with pytest.raises(ValueError, match="leaving_kg"):
        beehive.swarm(State(), -1.0)
