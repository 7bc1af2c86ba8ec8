"""A meeting room's air: values worked out by hand, what must hold for any room, and when each fault is seen."""

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import room_co2
from device_sims.physics.room_co2 import Regime, Room, State

ROOM = Room()
FULL = 20
CLOSED, WINDOW, CROSS, FAN = (
    Regime(FULL, changes)
    for changes in (room_co2.CLOSED_PER_H, room_co2.WINDOW_PER_H, room_co2.CROSS_DRAUGHT_PER_H, room_co2.FAN_PER_H)
)
FRESH = State(420.0)
MINUTE, HOUR = 60, 3600

rooms = st.builds(
    Room,
    volume_m3=st.floats(30, 300),
    exhaled_l_per_h=st.floats(15, 20),
    outside_ppm=st.floats(400, 480),
    outside_c=st.floats(-20, 45),
    outside_g_per_m3=st.floats(1, 20),
    house_c=st.floats(15, 28),
    house_w_per_k=st.floats(30, 300),
    heat_j_per_k=st.floats(1e6, 2e7),
    person_w=st.floats(60, 120),
    person_g_per_h=st.floats(30, 90),
)
regimes = st.builds(Regime, st.floats(0, 60), st.one_of(st.just(0.0), st.floats(1e-3, 20)))
states = st.builds(State, st.floats(300, 10_000), st.floats(-20, 45), st.floats(0, 30))
spans = st.floats(0, 100_000)


def co2_after(regime: Regime, minutes: float, start_ppm: float = 420.0) -> float:
    """Return the carbon dioxide after some minutes."""
    return room_co2.step(State(start_ppm), ROOM, regime, minutes * MINUTE).co2_ppm


def minutes_to(level: Callable[[float], float], limit: float) -> float:
    """Return the minute at which a level that moves one way passes a limit, by halving; within a day."""
    early, late = 0.0, 1440.0
    rising = level(late) > level(early)
    while late - early > 1e-9:
        middle = (early + late) / 2
        early, late = (early, middle) if (level(middle) > limit) == rising else (middle, late)
    return late


# hand-computed values: use_cases.md §2, first table


def test_twenty_people_in_a_closed_room_add_a_hundred_ppm_a_minute() -> None:
    """The slope at the start is 1000·G·n/V = 6000 ppm/h."""
    assert (co2_after(CLOSED, 1 / 60) - 420) * 60 == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    ("regime", "settled_ppm", "tau_min"), [(CLOSED, 20_400, 200), (WINDOW, 1420, 10), (FAN, 1020, 6), (CROSS, 920, 5)]
)
def test_each_way_of_airing_has_its_level_and_its_pace(regime: Regime, settled_ppm: float, tau_min: float) -> None:
    """C∞ = C_out + 1000·G·n/Q, 20 420 ppm in the closed room, printed as 20 400; after V/Q a part in e is left."""
    settled = room_co2.settled_ppm(ROOM, regime)
    assert settled == pytest.approx(settled_ppm, abs=50 if settled_ppm > 10_000 else 1e-6)
    left = (settled - co2_after(regime, tau_min)) / (settled - 420)
    assert left == pytest.approx(1 / math.e)


@pytest.mark.parametrize(("limit", "minutes"), [(800, 3.84), (1500, 11.1)])
def test_a_full_closed_room_passes_the_limits_in_minutes(limit: float, minutes: float) -> None:
    """From 420 ppm: 800 after 3.84 min, 1500 after 11.1 min."""
    assert minutes_to(lambda t: co2_after(CLOSED, t), limit) == pytest.approx(minutes, abs=0.05)


def test_a_full_closed_room_after_ten_minutes() -> None:
    """420 + 20 000·(1 - e^{-0.05}) = 1395 ppm."""
    assert co2_after(CLOSED, 10) == pytest.approx(1395, abs=0.5)


def test_ten_minutes_of_window_clear_an_empty_room() -> None:
    """From 1500 ppm 817 are left after 10 min, and 800 after 10.4 min; from 1420 ppm, 788."""
    empty = replace(WINDOW, people=0)
    assert co2_after(empty, 10, 1500) == pytest.approx(817, abs=0.5)
    assert minutes_to(lambda t: co2_after(empty, t, 1500), 800) == pytest.approx(10.4, abs=0.05)
    assert co2_after(empty, 10, 1420) == pytest.approx(788, abs=0.5)


@pytest.mark.parametrize(("m3_per_h", "ppm"), [(47.4, 800), (31.0, 1000), (25, 1140), (30, 1020), (50, 780)])
def test_fresh_air_per_person_gives_the_level(m3_per_h: float, ppm: float) -> None:
    """1000·G/(C - C_out) = 47.4 and 31.0 m³/h for 800 and 1000 ppm; 25, 30 and 50 m³/h give 1140, 1020 and 780 ppm."""
    regime = Regime(FULL, m3_per_h * FULL / ROOM.volume_m3)
    assert room_co2.settled_ppm(ROOM, regime) == pytest.approx(ppm, abs=1)


# the reading: through the sensor's lag of 60 s, here by its own closed form (no noise, no sampling)

LAG_MIN = 1.0


def reading(regime: Regime, start_ppm: float) -> Callable[[float], float]:
    """Return what a sensor with a lag, settled at the start, shows after some minutes."""
    settled, tau = room_co2.settled_ppm(ROOM, regime), 60 / regime.changes_per_h
    gap = start_ppm - settled

    def shown(minutes: float) -> float:
        slow = tau / (tau - LAG_MIN) * gap * math.exp(-minutes / tau)
        return settled + slow + (gap - tau / (tau - LAG_MIN) * gap) * math.exp(-minutes / LAG_MIN)

    return shown


@pytest.mark.parametrize(
    ("regime", "start_ppm", "limit", "minutes", "delay_min", "fires_min"),
    [
        pytest.param(CLOSED, 420, 800, 4.83, 5, 9.8, id="windows_closed: objective"),
        pytest.param(CLOSED, 420, 1500, 12.1, 2, 14.1, id="windows_closed: rapid_action"),
        pytest.param(replace(CLOSED, people=30), 420, 800, 3.5, 5, 8.5, id="crowd: objective"),
        pytest.param(replace(CLOSED, people=30), 420, 1500, 8.34, 2, 10.34, id="crowd: rapid_action"),
        pytest.param(CLOSED, 1020, 1500, 6.0, 2, 8.0, id="fan_stopped: rapid_action"),
        pytest.param(WINDOW, 420, 800, 5.8, 5, 10.8, id="window_only: objective"),
    ],
)
def test_limits_are_told_when_the_document_says(
    *, regime: Regime, start_ppm: float, limit: float, minutes: float, delay_min: float, fires_min: float
) -> None:
    """The reading passes the limit, the alarm follows after its on-delay; crowd is 10.34 min, printed as 10.4."""
    crossed = minutes_to(reading(regime, start_ppm), limit)
    assert crossed == pytest.approx(minutes, abs=0.05)
    assert crossed + delay_min == pytest.approx(fires_min, abs=0.06)


def shown_each_second(truth: Sequence[float]) -> list[float]:
    """Return what the sensor shows second by second, the truth held over each second as the sensing layer does."""
    keep = math.exp(-1 / MINUTE)
    return list(accumulate(truth, lambda level, value: value + (level - value) * keep))


def test_the_closed_form_of_the_reading_is_what_the_sensing_layer_makes() -> None:
    """Two ways to the same curve: the lag solved by hand, and the room's seconds through the lag."""
    *_, co2, _, _ = room_co2.advance(FRESH, room_co2.propagator(ROOM, CLOSED, 1.0), 20 * MINUTE)
    shown = shown_each_second([FRESH.co2_ppm, *co2])
    assert shown[-1] == pytest.approx(reading(CLOSED, 420)(20), abs=1.0)


def test_slopes_are_told_early() -> None:
    """windows_closed: closing_fast (60 ppm/min over 5 min) 4.0 min, soon_1500 5.8 min; fan_stopped: soon_1500 3.6 min.

    Slopes are least-squares lines through the readings of five minutes; the document's own slope differs by seconds.
    """

    def slope_per_min(shown: Callable[[float], float], minute: float) -> float:
        times = [minute - 5 + step / 6 for step in range(31)]
        readings = [shown(max(time, 0.0)) for time in times]
        middle = sum(times) / len(times)
        spread = sum((time - middle) ** 2 for time in times)
        return sum((time - middle) * value for time, value in zip(times, readings, strict=True)) / spread

    def soon(shown: Callable[[float], float], minute: float) -> bool:
        value = shown(minute)
        return value > 800 and (1500 - value) < 10 * slope_per_min(shown, minute)

    minutes = [step / 60 for step in range(12 * 60)]
    closing, stopped = reading(CLOSED, 420), reading(CLOSED, 1020)
    fast = next(minute for minute in minutes if slope_per_min(closing, minute) > 60)
    assert fast == pytest.approx(4.0, abs=0.3)
    assert next(minute for minute in minutes if soon(closing, minute)) + 1 == pytest.approx(5.8, abs=0.3)
    assert next(minute for minute in minutes if soon(stopped, minute)) + 1 == pytest.approx(3.6, abs=0.3)


def test_a_window_alone_never_needs_rapid_action() -> None:
    """window_only stays at 1420 ppm, below 1500."""
    assert max(reading(WINDOW, 420)(minute) for minute in range(600)) == pytest.approx(1420, abs=0.5)


def test_a_breath_is_a_spike_and_no_alarm() -> None:
    """In a room at 600 ppm the reading peaks at 1704 ppm and is above 1500 for 77 s, less than the two minutes asked.

    With equal time constants the reading is 600 + A·(t/τ)·e^{-t/τ}: peak A/e, and 77.5 s above.
    """

    def shown(seconds: float) -> float:
        return 600 + room_co2.breath_ppm(seconds) * seconds / 60

    assert max(shown(second) for second in range(600)) == pytest.approx(1704, abs=0.5)
    above = sum(shown(second / 10) > 1500 for second in range(6000)) / 10
    assert above == pytest.approx(77.5, abs=0.2)
    through_the_lag = shown_each_second([600 + (room_co2.breath_ppm(s) if s else 0) for s in range(600)])
    assert max(through_the_lag) == pytest.approx(1704, abs=10)


def test_before_a_breath_there_is_none() -> None:
    """The pulse begins when somebody breathes."""
    assert room_co2.breath_ppm(-1e-9) == 0
    assert room_co2.breath_ppm(0) == 3000


def test_twenty_people_warm_and_moisten_a_closed_room() -> None:
    """75 W and 50 g/h each: 1500 W into 2.6 MJ/K and 1000 g/h into 60 m³, before anything leaks."""
    tight = replace(ROOM, house_w_per_k=0)
    after = room_co2.step(State(), tight, Regime(FULL, 0), HOUR)
    assert after.air_c - 20 == pytest.approx(1500 * 3600 / 2.6e6)
    assert after.vapour_g_per_m3 - 8 == pytest.approx(1000 / 60)


@pytest.mark.parametrize(("air_c", "g_per_m3"), [(0, 4.85), (10, 9.40), (20, 17.3), (30, 30.4)])
def test_saturated_air_holds_what_the_tables_print(air_c: float, g_per_m3: float) -> None:
    """Saturated vapour density, within the Magnus form's 0.6 %."""
    assert room_co2.saturated_g_per_m3(air_c) == pytest.approx(g_per_m3, rel=0.006)


# what holds for any room


@given(room=rooms, before=regimes, after=regimes, start=states, first_s=spans, second_s=spans, pieces=st.integers(1, 7))
def test_many_steps_equal_one_through_a_change_of_inputs(
    *, room: Room, before: Regime, after: Regime, start: State, first_s: float, second_s: float, pieces: int
) -> None:
    """A window that opens between two steps: each part in one step, or in several."""
    whole = room_co2.step(room_co2.step(start, room, before, first_s), room, after, second_s)
    state = start
    for regime, span in ((before, first_s), (after, second_s)):
        for _ in range(pieces):
            state = room_co2.step(state, room, regime, span / pieces)
    assert astuple(state) == pytest.approx(astuple(whole), rel=1e-9, abs=1e-6)


@given(room=rooms, regime=regimes, start=states, dt_s=st.floats(1, 600))
def test_carbon_dioxide_is_kept(room: Room, regime: Regime, start: State, dt_s: float) -> None:
    """What the air gains is what was exhaled less what left, the leaving summed by Simpson's rule over the step."""
    parts = 60
    levels = [room_co2.step(start, room, regime, dt_s * i / parts).co2_ppm - room.outside_ppm for i in range(parts + 1)]
    mean = (levels[0] + levels[-1] + 4 * sum(levels[1:-1:2]) + 2 * sum(levels[2:-1:2])) / (3 * parts)
    hours = dt_s / 3600
    exhaled = 1000 * room.exhaled_l_per_h * regime.people * hours
    left = regime.changes_per_h * room.volume_m3 * mean * hours
    gained = room.volume_m3 * (levels[-1] - levels[0])
    assert gained == pytest.approx(exhaled - left, rel=1e-6, abs=1e-3)


@given(room=rooms, people=st.floats(0, 60), changes=st.floats(0.1, 20), dt_s=spans)
def test_a_settled_room_is_reached_and_stays(room: Room, people: float, changes: float, dt_s: float) -> None:
    """Forty time constants after any start the level is C∞, and from there nothing moves."""
    regime = Regime(people, changes)
    settled = room_co2.settled_ppm(room, regime)
    reached = room_co2.step(State(5000.0), room, regime, 40 * HOUR / changes).co2_ppm
    assert reached == pytest.approx(settled)
    assert room_co2.step(State(settled), room, regime, dt_s).co2_ppm == pytest.approx(settled)


@given(room=rooms, start=states, people=st.tuples(st.floats(0, 60), st.floats(0, 60)), dt_s=spans)
def test_more_people_never_leave_the_air_fresher_cooler_or_drier(
    room: Room, start: State, people: tuple[float, float], dt_s: float
) -> None:
    """All three quantities rise with the crowd."""
    few, many = (astuple(room_co2.step(start, room, Regime(number), dt_s)) for number in sorted(people))
    assert all(less <= more + 1e-6 for less, more in zip(few, many, strict=True))


@given(room=rooms, people=st.floats(0, 60), above=st.floats(0, 9000), air=st.tuples(st.floats(0, 20), st.floats(0, 20)))
def test_a_wider_window_never_leaves_more_carbon_dioxide(
    room: Room, people: float, above: float, air: tuple[float, float]
) -> None:
    """From above the outside, more air changes mean less."""
    start = State(room.outside_ppm + above)
    shut, wide = (room_co2.step(start, room, Regime(people, changes), HOUR).co2_ppm for changes in sorted(air))
    assert wide <= shut + 1e-6


@given(room=rooms, regime=regimes, start=states, dt_s=spans)
def test_values_stay_numbers_that_air_can_have(room: Room, regime: Regime, start: State, dt_s: float) -> None:
    """No NaN, no infinity, nothing negative, humidity within 0 to 100 %."""
    after = room_co2.step(start, room, regime, dt_s)
    assert all(math.isfinite(value) for value in astuple(after))
    assert after.co2_ppm >= 0
    assert after.vapour_g_per_m3 >= 0
    within_magnus = replace(after, air_c=min(max(after.air_c, -45), 60))
    assert 0 <= room_co2.humidity_pct(within_magnus) <= 100


@given(start=states, regime=regimes, cuts=st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_seconds_are_the_same_to_the_bit_however_they_are_cut(start: State, regime: Regime, cuts: list[int]) -> None:
    """Asking more often changes nothing."""
    one = room_co2.propagator(ROOM, regime, 1.0)
    whole, *series = room_co2.advance(start, one, sum(cuts))
    state = start
    pieces: list[list[float]] = [[], [], []]
    for count in cuts:
        state, *parts = room_co2.advance(state, one, count)
        for piece, part in zip(pieces, parts, strict=True):
            piece.extend(part)
    assert (state, pieces) == (whole, series)


def test_of_several_ways_of_airing_the_largest_holds() -> None:
    """With window and fan, the fan's ten changes an hour; with nothing said, the closed room's leaks."""
    assert room_co2.ventilation(room_co2.CLOSED_PER_H, room_co2.WINDOW_PER_H, room_co2.FAN_PER_H) == 10
    assert room_co2.ventilation() == 0.3
    rates = [room_co2.ventilation(0.3, way) for way in (0.0, 0.3, 6.0, 12.0)]
    assert all(less <= more for less, more in pairwise(rates))


def test_without_any_flow_a_full_room_never_settles() -> None:
    """Q = 0: a straight line to infinity; an empty room is at the outside's level."""
    assert room_co2.settled_ppm(ROOM, Regime(FULL, 0)) == math.inf
    assert room_co2.settled_ppm(ROOM, Regime(0, 0)) == 420


# bad input


@pytest.mark.parametrize(
    ("name", "value"),
    [("volume_m3", 0), ("heat_j_per_k", -1), ("exhaled_l_per_h", -1), ("outside_c", math.nan), ("person_w", math.inf)],
)
def test_a_room_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=f"{name} is"):
        Room(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("people", -1), ("changes_per_h", -0.1), ("people", math.nan)])
def test_a_regime_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """Nobody is less than nobody."""
    with pytest.raises(ValueError, match=f"{name} is"):
        Regime(**{name: value})


def test_time_does_not_run_backwards() -> None:
    """A negative step is refused, and so is a breath that never fades."""
    with pytest.raises(ValueError, match="dt_s is -1"):
        room_co2.step(FRESH, ROOM, CLOSED, -1)
    with pytest.raises(ValueError, match="decay_s is 0"):
        room_co2.breath_ppm(1, decay_s=0)
