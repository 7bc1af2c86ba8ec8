"""The Linky meter: what the document's loads show on it, and that no watt-hour is lost or made."""

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import linky
from device_sims.physics.hours import WEEK_S, Hours
from device_sims.physics.linky import Contract, Drawn, Load, State

CONTRACT = Contract()
HOUR = 3600
LOADS = [Load(400, 0.90), Load(350, 0.70), Load(1800, 0.90), Load(6000), Load(1000), Load(2000)]

loads = st.lists(st.builds(Load, st.floats(0, 10_000), st.floats(0.3, 1)), max_size=8)
watts = st.integers(0, 36_000)
moments = st.integers(0, WEEK_S)
spans = st.integers(0, 2 * WEEK_S)


# hand-computed values: use_cases.md §3


@pytest.mark.parametrize(("number", "papp"), [(1, 440), (2, 930), (3, 2920), (4, 8670), (5, 9660), (6, 11_640)])
def test_papp_as_loads_are_switched_on_one_after_the_other(number: int, papp: int) -> None:
    """Base 440 VA; + fridge 930; + work 2920; + oven 8670; + radiator 9660; + kettle 11 640."""
    assert linky.papp_va(linky.drawn(LOADS[:number])) == papp


def test_everything_on_is_close_to_the_subscription() -> None:
    """51 A, 97.0 % of 12 kVA; ISOUSC 60 A."""
    everything = linky.drawn(LOADS)
    assert linky.iinst_a(everything, CONTRACT) == 51
    assert linky.share(everything, CONTRACT) == pytest.approx(0.970, abs=0.0005)
    assert linky.isousc_a(CONTRACT) == 60


def test_the_index_ticks_every_few_seconds_at_night() -> None:
    """At 540 W a Wh takes 6.67 s: the first six seconds show nothing, the seventh shows one."""
    shown = [linky.step(State(), CONTRACT, Drawn(540), 0, seconds).off_peak_wh for seconds in range(21)]
    ticks = [second for second in range(1, 21) if shown[second] > shown[second - 1]]
    assert ticks == [7, 14, 20]
    assert ticks[-1] / len(ticks) == pytest.approx(6.67, abs=0.005)


def test_a_ten_second_difference_of_the_index_sees_steps_of_360_watts() -> None:
    """One Wh in 10 s is 360 W: below, a difference shows 0 or 360 and nothing between."""

    def seen_w(power_w: float, second: int) -> float:
        before, after = (
            linky.step(State(), CONTRACT, Drawn(power_w), 0, end).off_peak_wh for end in (second, second + 10)
        )
        return (after - before) * 360

    seen = {seen_w(200, second) for second in range(100)}
    assert seen == {0, 360}


def test_a_day_is_split_between_two_tariffs() -> None:
    """At 1 kW: 16 kWh in peak hours (06:00 to 22:00), 8 kWh in the others."""
    day = linky.step(State(), CONTRACT, Drawn(1000), 0, 24 * HOUR)
    assert (day.peak_wh, day.off_peak_wh) == (16_000, 8000)


@pytest.mark.parametrize(("hour", "tariff"), [(5.99, "HC.."), (6, "HP.."), (21.99, "HP.."), (22, "HC..")])
def test_the_tariff_has_its_name(hour: float, tariff: str) -> None:
    """PTEC in the historic mode."""
    assert linky.ptec(CONTRACT, hour * HOUR) == tariff


@pytest.mark.parametrize(
    ("apparent", "papp", "amperes"), [(0, 0, 0), (4.9, 0, 0), (5, 10, 0), (115, 120, 1), (0.1, 0, 0)]
)
def test_the_meter_rounds_halves_upwards(apparent: float, papp: int, amperes: int) -> None:
    """Half of ten volt-amperes, or of an ampere, counts as one."""
    assert linky.papp_va(Drawn(apparent)) == papp
    assert linky.iinst_a(Drawn(apparent), CONTRACT) == amperes


# what holds for any loads


@given(on=loads)
def test_apparent_power_lies_between_the_active_and_the_sum_of_the_parts(on: list[Load]) -> None:
    """P ≤ S ≤ ΣP_i/cos φ_i: phases can only help."""
    together = linky.drawn(on)
    apart = sum(load.power_w / load.power_factor for load in on)
    assert together.active_w <= together.apparent_va + 1e-9
    assert together.apparent_va <= apart + 1e-6


@given(on=loads, more=st.builds(Load, st.floats(0, 10_000), st.floats(0.3, 1)))
def test_one_more_load_never_draws_less(on: list[Load], more: Load) -> None:
    """Everything is inductive: nothing cancels."""
    assert linky.drawn([*on, more]).apparent_va >= linky.drawn(on).apparent_va


@given(on=loads, data=st.data())
def test_the_order_of_the_loads_changes_nothing(on: list[Load], data: st.DataObject) -> None:
    """To the last bit."""
    assert linky.drawn(data.draw(st.permutations(on))) == linky.drawn(on)


@given(power=watts, week_s=moments, dt_s=spans)
def test_energy_is_kept(power: int, week_s: int, dt_s: int) -> None:
    """Both indexes together gain P·Δ, exactly, and neither falls."""
    before = linky.counted(1_000_000, 500_000)
    after = linky.step(before, CONTRACT, Drawn(power), week_s, dt_s)
    gained = after.peak_j - before.peak_j, after.off_peak_j - before.off_peak_j
    assert sum(gained) == power * dt_s
    assert min(gained) >= 0


@given(
    powers=st.lists(st.tuples(watts, st.integers(0, 50_000)), min_size=1, max_size=4),
    week_s=moments,
    parts=st.integers(1, 9),
)
def test_many_steps_count_what_one_counts(powers: list[tuple[int, int]], week_s: int, parts: int) -> None:
    """Through changes of load and of tariff, in joules and to the last bit, whole seconds at a time."""
    once = cut = State()
    now = week_s
    for power, seconds in powers:
        once = linky.step(once, CONTRACT, Drawn(power), now, seconds)
        edges = [seconds * part // parts for part in range(parts + 1)]
        for begin, end in pairwise(edges):
            cut = linky.step(cut, CONTRACT, Drawn(power), now + begin, end - begin)
        now += seconds
    assert cut == once


def test_rounding_holds_no_tick_back() -> None:
    """A thousand tenths of a second at 36.1 W show the Wh that one step of 100 s shows."""
    once = linky.step(State(), CONTRACT, Drawn(36.0), 0, 100)
    tenths = State()
    for tenth in range(1000):
        tenths = linky.step(tenths, CONTRACT, Drawn(36.0), tenth / 10, 0.1)
    assert tenths.off_peak_j == pytest.approx(once.off_peak_j, rel=1e-12)
    assert tenths.off_peak_wh == once.off_peak_wh == 1


def test_the_largest_current_is_remembered() -> None:
    """IMAX stays when the load goes; a step of no length sees nothing."""
    after = linky.step(State(), CONTRACT, Drawn(11_500), 0, 1)
    assert linky.step(after, CONTRACT, Drawn(230), 1, 1).largest_a == 50
    assert linky.step(State(), CONTRACT, Drawn(11_500), 0, 0).largest_a == 0


def test_a_contract_without_cheap_hours_counts_peak_only() -> None:
    """Hours that never hold leave the off-peak index alone."""
    after = linky.step(State(), Contract(off_peak=Hours(())), Drawn(1000), 0, 30 * HOUR)
    assert (after.peak_wh, after.off_peak_wh) == (30_000, 0)


# bad input


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Load, "power_w", -1),
        (Load, "power_factor", 0),
        (Load, "power_factor", 1.1),
        (Load, "power_factor", math.nan),
        (Contract, "subscribed_va", 0),
        (Contract, "volts", -230),
    ],
)
def test_what_cannot_exist_is_refused_by_name(kind: type[Load] | type[Contract], name: str, value: float) -> None:
    """The message names the parameter."""
    given_in_a_file: dict[str, Any] = {"power_w": 1.0, name: value} if kind is Load else {name: value}
    with pytest.raises(ValueError, match=f"{name} is"):
        kind(**given_in_a_file)


def test_time_does_not_run_backwards() -> None:
    """A negative step is refused."""
    with pytest.raises(ValueError, match="dt_s is -1"):
        linky.step(State(), CONTRACT, Drawn(1), 0, -1)
