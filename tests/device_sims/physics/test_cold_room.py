"""The cold room's physics: hand-computed values, what must hold for any room, and when each fault is seen."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import cold_room
from device_sims.physics.cold_room import ColdRoom, Regime, State

ROOM = ColdRoom()
CLOSED, CURTAIN, AJAR, OPEN = (Regime(door_w_per_k=conductance) for conductance in (0, 42, 110, 400))
START = State(3.0, 3.0)
MINUTE, HOUR, DAY = 60, 3600, 86_400

rooms = st.builds(
    ColdRoom,
    ua_w_per_k=st.floats(15, 25),
    air_j_per_k=st.floats(60_000, 150_000),
    product_j_per_k=st.floats(300_000, 800_000),
    exchange_w_per_k=st.floats(10, 30),
    cooling_w=st.floats(1500, 2500),
    internal_w=st.floats(30, 150),
    outside_c=st.floats(15, 35),
)
regimes = st.builds(
    Regime,
    door_w_per_k=st.floats(0, 600),
    cooling=st.floats(0, 1),
    internal=st.floats(0, 1),
    extra_ua_w_per_k=st.floats(0, 10),
)
states = st.builds(State, st.floats(-30, 60), st.floats(-30, 60), st.booleans())
spans = st.floats(0, 100_000)


class Trace(NamedTuple):
    """A run, second by second."""

    air: list[float]
    product: list[float]
    running: list[bool]


def play(
    room: ColdRoom, regimes: Sequence[tuple[Callable[[int], Regime] | Regime, int]], start: State = START
) -> Trace:
    """Run regimes one after the other, each for so many seconds; one that varies is held for a minute."""
    trace, state = Trace([], [], []), start
    for regime, length in regimes:
        passed = 0
        while passed < length:
            held = regime if isinstance(regime, Regime) else regime(passed)
            stop = length if isinstance(regime, Regime) else min(length, passed + MINUTE)
            steps = cold_room.seconds(room, held)
            while passed < stop:
                before = state.running
                state, airs, products = cold_room.advance(state, steps, stop - passed)
                trace.air.extend(airs)
                trace.product.extend(products)
                trace.running.extend([before and not held.forced_off] * len(airs))
                passed += len(airs)
    return trace


def probe(truth: Sequence[float], lag_s: float) -> list[float]:
    """Return what a probe with a lag shows."""
    shown, level = [], truth[0]
    for value in truth:
        level = value + (level - value) * math.exp(-1 / lag_s)
        shown.append(level)
    return shown


def first(held: Sequence[bool], delay_s: int = 0) -> float:
    """Return the minute at which a condition has held for `delay_s` seconds; infinity when it never does."""
    since = 0
    for second, yes in enumerate(held):
        since = since + 1 if yes else 0
        if since > delay_s:
            return second / MINUTE
    return math.inf


def first_above(values: Sequence[float], limit: float, delay_s: int = 0) -> float:
    """Return the minute at which `values` has been above `limit` for `delay_s` seconds."""
    return first([value > limit for value in values], delay_s)


def minutes_above(values: Sequence[float], limit: float) -> float:
    """Return for how many minutes `values` is above `limit`."""
    return sum(value > limit for value in values) / MINUTE


# hand-computed values: use_cases.md §1, first table


@pytest.mark.parametrize(
    ("regime", "running", "seconds", "air", "product"),
    [
        pytest.param(OPEN, False, 600, 19.39, 3.163, id="wide open, compressor off, 600 s"),
        pytest.param(CLOSED, False, 60, 3.218, 3.0002, id="closed, compressor off, 60 s"),
        pytest.param(CLOSED, True, 60, 2.227, 2.9994, id="closed, compressor on, 60 s"),
    ],
)
def test_one_step_gives_the_value_worked_out_by_hand(
    *, regime: Regime, running: bool, seconds: float, air: float, product: float
) -> None:
    """A step from 3 °C everywhere ends where the equations say."""
    after = cold_room.step(replace(START, running=running), ROOM, regime, seconds)
    assert after.air_c == pytest.approx(air, abs=0.006)
    assert after.product_c == pytest.approx(product, abs=0.0005)


@pytest.mark.parametrize(("regime", "fast_s"), [(CLOSED, 3300), (AJAR, 826), (OPEN, 276)])
def test_the_fast_mode_is_the_air_against_walls_and_door(regime: Regime, fast_s: float) -> None:
    """Opening the door makes the air follow sooner."""
    assert -1 / cold_room.rates_per_s(ROOM, regime)[0] == pytest.approx(fast_s, rel=0.001)


def test_the_slow_modes_are_hours() -> None:
    """The product alone takes 11.1 h, the closed room 20.2 h."""
    assert ROOM.product_j_per_k / ROOM.exchange_w_per_k / HOUR == pytest.approx(11.1, abs=0.05)
    assert -1 / cold_room.rates_per_s(ROOM, CLOSED)[1] / HOUR == pytest.approx(20.2, abs=0.05)


def test_a_room_without_cold_ends_at_the_heat_balance() -> None:
    """T_out + Q_f/UA = 25 °C with the compressor dead; 7.08 °C with the door ajar and the compressor at work."""
    assert cold_room.settled_c(ROOM, CLOSED, running=False) == pytest.approx(25.0)
    assert cold_room.settled_c(ROOM, AJAR, running=True) == pytest.approx(7.08, abs=0.005)


def test_the_air_of_an_ajar_room_settles_long_before_its_product() -> None:
    """With the product still at 3 °C the air stands at 6.66 °C."""
    walls = ROOM.ua_w_per_k + 110
    heat = walls * ROOM.outside_c + ROOM.internal_w - ROOM.cooling_w + ROOM.exchange_w_per_k * 3.0
    balance = heat / (walls + ROOM.exchange_w_per_k)
    assert balance == pytest.approx(6.66, abs=0.005)
    an_hour_later = cold_room.step(State(3.0, 3.0, running=True), replace(ROOM, product_j_per_k=1e12), AJAR, 3 * HOUR)
    assert an_hour_later.air_c == pytest.approx(balance, abs=0.005)


def test_the_compressor_holds_four_degrees_up_to_a_conductance() -> None:
    """(Q_c0 - Q_f)/18 - UA = 87.8 W/K."""
    limit = (ROOM.cooling_w - ROOM.internal_w) / 18 - ROOM.ua_w_per_k
    assert limit == pytest.approx(87.8, abs=0.05)
    assert cold_room.settled_c(ROOM, Regime(door_w_per_k=limit), running=True) == pytest.approx(4.0)


def test_an_ordinary_day_has_the_duty_and_the_energy_worked_out_by_hand() -> None:
    """Duty (UA·19 + Q_f)/Q_c0 = 0.220, 5.28 kWh a day, 5.1 starts an hour."""
    day = play(ROOM, [(CLOSED, 3 * DAY)]).running[-DAY:]
    duty = sum(day) / DAY
    starts = sum(after and not before for before, after in pairwise(day))
    assert duty == pytest.approx(0.220, abs=0.003)
    assert duty * cold_room.electric_w(ROOM, running=True) * 24 / 1000 == pytest.approx(5.28, abs=0.07)
    assert starts / 24 == pytest.approx(5.1, abs=0.1)


def test_a_defrost_is_seen_by_the_probe_and_passes() -> None:
    """From 3.95 °C: the probe peaks at 7.34 °C, the air is above 4 °C for 23.9 min."""
    room = play(ROOM, [(Regime(forced_off=True), 20 * MINUTE), (CLOSED, HOUR)], State(3.95, 3.0))
    assert max(probe(room.air, 30)) == pytest.approx(7.34, abs=0.05)
    assert minutes_above(room.air, 4.0) == pytest.approx(23.9, abs=0.1)


# when a fault is seen: use_cases.md §1, second table; probes with their lag, no noise, read each second

AIR_LAG_S, PRODUCT_LAG_S = 30, 60


def test_a_delivery_raises_no_temperature_alarm() -> None:
    """Three minutes wide open: 9.32 °C, above 4 °C for 9.7 min, above 8 °C for 3.0 min, the product +0.06 K."""
    room = play(ROOM, [(OPEN, 3 * MINUTE), (CLOSED, HOUR)])
    air = probe(room.air, AIR_LAG_S)
    assert max(air) == pytest.approx(9.32, abs=0.01)
    assert minutes_above(air, 4.0) == pytest.approx(9.7, abs=0.05)
    assert minutes_above(air, 8.0) == pytest.approx(3.0, abs=0.05)
    assert max(probe(room.product, PRODUCT_LAG_S)) - 3.0 == pytest.approx(0.06, abs=0.005)
    assert first_above(air, 4.0, 15 * MINUTE) == first_above(air, 8.0, 5 * MINUTE) == math.inf


class Seen(NamedTuple):
    """Minutes at which rules of the use case fire."""

    air_4: float
    air_high: float
    air_very_high: float
    product_high: float


def seen(room: Trace) -> Seen:
    """Return when limits are passed for long enough; for the product itself, whose probe is a minute late."""
    air, product = probe(room.air, AIR_LAG_S), room.product
    return Seen(
        air_4=first_above(air, 4.0),
        air_high=first_above(air, 4.0, 15 * MINUTE),
        air_very_high=first_above(air, 8.0, 5 * MINUTE),
        product_high=first_above(product, 4.0),
    )


def test_a_wide_open_door_is_told_in_seven_and_a_half_minutes() -> None:
    """door_open: air above 4 °C at 0.7 min, air_very_high 7.5 min, air_high 15.7 min, product_high 54 min."""
    found = seen(play(ROOM, [(OPEN, 2 * HOUR)]))
    assert found == pytest.approx((0.7, 15.7, 7.5, 54), abs=0.5)


@pytest.mark.parametrize(("running", "air_4", "air_high"), [(False, 1.7, 16.7), (True, 4.9, 19.9)])
def test_an_ajar_door_creeps_up(*, running: bool, air_4: float, air_high: float) -> None:
    """door_ajar: above 4 °C after 1.7 to 4.9 min as the compressor is off or on; the product after 3.7 h."""
    found = seen(play(ROOM, [(AJAR, 5 * HOUR)], replace(START, running=running)))
    assert (found.air_4, found.air_high) == pytest.approx((air_4, air_high), abs=0.15)
    assert found.air_very_high == math.inf
    assert found.product_high / 60 == pytest.approx(3.7, abs=0.1)


def test_a_dead_compressor_warms_the_room_for_hours() -> None:
    """compressor_dead: air_high 20.3 min, air_very_high 34.4 min, product_high 1.73 h."""
    found = seen(play(ROOM, [(Regime(cooling=0), 3 * HOUR)]))
    assert found.air_high == pytest.approx(20.3, abs=0.1)
    assert found.air_very_high == pytest.approx(34.4, abs=0.1)
    assert found.product_high / 60 == pytest.approx(1.73, abs=0.01)
    assert found.air_4 + 10 == pytest.approx(15.3, abs=0.1)  # compressor_no_start: ten minutes above 4 °C


def test_the_product_forecast_is_early() -> None:
    """product_forecast: 17.1 min with the door open, 62 min with the compressor dead; 114.6 min from 7.2 and 3.4 °C."""

    def forecast_s(air: float, product: float) -> float:
        return 40_000 * math.log((air - product) / (air - 4.0)) if air > 4.0 and product < 4.0 else math.inf

    def fires(room: Trace) -> float:
        air, product = probe(room.air, AIR_LAG_S), probe(room.product, PRODUCT_LAG_S)
        sums = [0.0]
        for value in air:
            sums.append(sums[-1] + value)
        means = [(sums[i] - sums[max(i - 600, 0)]) / min(i, 600) for i in range(1, len(sums))]
        return first([forecast_s(*pair) < HOUR for pair in zip(means, product, strict=True)], 5 * MINUTE)

    assert forecast_s(7.2, 3.4) / MINUTE == pytest.approx(114.6, abs=0.1)
    assert fires(play(ROOM, [(OPEN, HOUR)])) == pytest.approx(17.1, abs=1.0)
    assert fires(play(ROOM, [(Regime(cooling=0), 2 * HOUR)])) == pytest.approx(62, abs=2)


def duty_of_two_hours(running: Sequence[bool]) -> list[float]:
    """Return the running share of the last two hours, second by second, from the second hour on."""
    total, shares = sum(running[: 2 * HOUR]), []
    for second in range(2 * HOUR, len(running)):
        shares.append(total / (2 * HOUR))
        total += running[second] - running[second - 2 * HOUR]
    return shares


def test_only_the_power_meter_sees_the_strip_curtain() -> None:
    """door_curtain: the temperature stays, the duty goes from 22 to 62 %; above 50 % over two hours after 1.4 h."""
    room = play(ROOM, [(CLOSED, DAY), (CURTAIN, 6 * HOUR)])
    late = room.running[-2 * HOUR :]
    assert max(probe(room.air[-2 * HOUR :], AIR_LAG_S)) < 4.1
    assert sum(late) / len(late) == pytest.approx(0.62, abs=0.02)
    shares = duty_of_two_hours(room.running[DAY - 2 * HOUR :])
    assert first_above(shares, 0.5) / 60 == pytest.approx(1.41, abs=0.1)


def test_the_power_warns_hours_before_an_iced_fan_is_felt() -> None:
    """fan_iced: duty_high after 5.8 h, air_high after 10.5 h, product_high after 13.7 h.

    The moment depends on where in its cycle the thermostat is: a quarter of an hour either way.
    """

    def iced(elapsed: int) -> Regime:
        return Regime(cooling=cold_room.iced(elapsed, 6 * HOUR))

    room = play(ROOM, [(CLOSED, 2 * HOUR), (iced, 15 * HOUR)])
    begun = 2 * HOUR
    assert first_above(duty_of_two_hours(room.running), 0.5) / 60 == pytest.approx(5.8, abs=0.3)
    found = seen(Trace(room.air[begun:], room.product[begun:], room.running[begun:]))
    assert found.air_high / 60 == pytest.approx(10.5, abs=0.25)
    assert found.product_high / 60 == pytest.approx(13.7, abs=0.25)


def test_a_worn_gasket_costs_a_kilowatt_hour_a_day() -> None:
    """Gasket, UA + 4.39 W/K: duty 26.2 %, +1.00 kWh a day, nothing on the temperature."""
    worn = play(ROOM, [(Regime(extra_ua_w_per_k=4.39), 3 * DAY)])
    duty = sum(worn.running[-DAY:]) / DAY
    assert duty == pytest.approx(0.262, abs=0.003)
    healthy = (ROOM.ua_w_per_k * 19 + ROOM.internal_w) / ROOM.cooling_w
    assert (duty - healthy) * 24 == pytest.approx(1.0, abs=0.07)
    assert max(worn.air[-DAY:]) < 4.05


def test_a_stuck_defrost_is_hot_in_forty_minutes() -> None:
    """defrost_stuck: air_very_high fires when its mask ends at 35 min and five minutes more have passed."""
    air = probe(play(ROOM, [(Regime(forced_off=True), HOUR)]).air, AIR_LAG_S)
    unmasked = [value > 8.0 and second >= 35 * MINUTE for second, value in enumerate(air)]
    assert first(unmasked, 5 * MINUTE) == pytest.approx(40, abs=0.1)


def test_a_power_cut_lets_the_product_warm_unseen() -> None:
    """power_cut: without compressor and fan the product passes 4 °C at 1.90 h."""
    dark = play(ROOM, [(Regime(cooling=0, internal=0), 3 * HOUR)])
    assert first_above(dark.product, 4.0) / 60 == pytest.approx(1.90, abs=0.02)


# what holds for any room


@given(room=rooms, regime=regimes, start=states, first_s=spans, second_s=spans)
def test_two_steps_equal_one_long_step(
    room: ColdRoom, regime: Regime, start: State, first_s: float, second_s: float
) -> None:
    """Step length is a display choice, never a physical one."""
    twice = cold_room.step(cold_room.step(start, room, regime, first_s), room, regime, second_s)
    once = cold_room.step(start, room, regime, first_s + second_s)
    assert (twice.air_c, twice.product_c) == pytest.approx((once.air_c, once.product_c), abs=1e-6)


@given(room=rooms, regime=regimes, running=st.booleans(), dt_s=spans)
def test_a_settled_room_stays(*, room: ColdRoom, regime: Regime, running: bool, dt_s: float) -> None:
    """At its equilibrium nothing moves."""
    rest = cold_room.settled_c(room, regime, running=running)
    after = cold_room.step(State(rest, rest, running), room, regime, dt_s)
    assert (after.air_c, after.product_c) == pytest.approx((rest, rest), abs=1e-6)


@given(room=rooms, regime=regimes, start=states, dt_s=spans)
def test_temperatures_stay_between_where_they_are_and_where_they_go(
    room: ColdRoom, regime: Regime, start: State, dt_s: float
) -> None:
    """No step overshoots: both nodes stay within the hull of their start and the equilibrium."""
    rest = cold_room.settled_c(room, regime, running=start.running)
    hull = (start.air_c, start.product_c, rest)
    after = cold_room.step(start, room, regime, dt_s)
    for value in (after.air_c, after.product_c):
        assert min(hull) - 1e-6 <= value <= max(hull) + 1e-6


@given(room=rooms, start=states, doors=st.tuples(st.floats(0, 600), st.floats(0, 600)), dt_s=st.floats(1, 10_000))
def test_a_wider_door_lets_more_of_the_outside_in(
    room: ColdRoom, start: State, doors: tuple[float, float], dt_s: float
) -> None:
    """From below the outside, a wider door never leaves the air colder."""
    start = replace(start, air_c=min(start.air_c, room.outside_c), product_c=min(start.product_c, room.outside_c))
    start = replace(start, running=True)
    narrow, wide = (cold_room.step(start, room, Regime(door_w_per_k=door), dt_s).air_c for door in sorted(doors))
    assert narrow <= wide + 1e-6


@given(room=rooms, regime=regimes, start=states)
def test_energy_is_kept(room: ColdRoom, regime: Regime, start: State) -> None:
    """What the two nodes gain is what came through walls, door, fan and compressor."""
    dt_s = 0.01
    after = cold_room.step(start, room, regime, dt_s)
    gained_w = room.air_j_per_k * (after.air_c - start.air_c) + room.product_j_per_k * (
        after.product_c - start.product_c
    )
    middle = (start.air_c + after.air_c) / 2
    walls = room.ua_w_per_k + regime.extra_ua_w_per_k + regime.door_w_per_k
    cold_w = regime.cooling * room.cooling_w * start.running
    brought_w = walls * (room.outside_c - middle) + regime.internal * room.internal_w - cold_w
    assert gained_w / dt_s == pytest.approx(brought_w, rel=1e-3, abs=1.0)


@given(cuts=st.lists(st.integers(1, 5000), min_size=1, max_size=10))
def test_the_thermostat_acts_in_the_same_second_however_the_time_is_cut(cuts: list[int]) -> None:
    """Asking more often changes nothing."""
    whole = play(ROOM, [(CLOSED, sum(cuts))])
    pieces = play(ROOM, [(CLOSED, length) for length in cuts])
    assert pieces == whole


# bad input


@pytest.mark.parametrize(
    ("name", "value"), [("ua_w_per_k", 0), ("air_j_per_k", -1), ("cop", 0), ("cooling_w", -1), ("band_k", math.nan)]
)
def test_a_room_that_cannot_exist_is_refused_by_name(name: str, value: float) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=f"{name} is"):
        ColdRoom(**{name: value})


def test_time_does_not_run_backwards() -> None:
    """A negative step is refused."""
    with pytest.raises(ValueError, match="dt_s is -1"):
        cold_room.step(START, ROOM, CLOSED, -1)
