"""The air receiver's physics: hand-computed values, what must hold for any installation, and what is refused."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import compressed_air
from device_sims.physics.compressed_air import Receiver, State

RECEIVER = Receiver()
LEAK = 141.6
MINUTE, HOUR, DAY = 60, 3600, 86_400

receivers = st.builds(
    Receiver,
    volume_l=st.floats(200, 5000),
    delivery_nl_per_min=st.floats(100, 2000),
    on_bar=st.floats(4, 8),
    off_bar=st.floats(8.5, 14),
    kwh_per_m3=st.floats(0.1, 0.16),
)
states = st.builds(State, pressure_bar=st.floats(0, 15), running=st.booleans())
uses = st.floats(0, 2000)
spans = st.floats(0, 3600)

# hand-computed values: use_cases.md §9


def test_a_leak_empties_a_receiver() -> None:
    """500 L fall from 8 to 7 bar in 3.53 min at 141.6 NL/min."""
    before, after = (
        compressed_air.step(State(), RECEIVER, LEAK, minutes * MINUTE, powered=False).pressure_bar
        for minutes in (3.525, 3.535)
    )
    assert before > 7 > after


def test_a_leak_costs_electricity_all_year() -> None:
    """5 SCFM are 8.50 m³/h, 8 930 kWh and 2 190 € a year."""
    leak = 5 * compressed_air.SCFM_NL_PER_MIN
    assert leak * 60 / 1000 == pytest.approx(8.50, abs=0.005)
    energy = compressed_air.leak_kwh(RECEIVER, leak, 8760)
    assert energy == pytest.approx(8930, abs=5)
    assert energy * 0.245 == pytest.approx(2190, abs=5)


def test_the_night_duty_is_the_leak() -> None:
    """The share of the time that the compressor runs is the leak over its delivery; its energy is the leak's."""
    night = compressed_air.step(State(), RECEIVER, LEAK, 10 * DAY)
    assert night.ran_s / (10 * DAY) == pytest.approx(compressed_air.duty(RECEIVER, LEAK), abs=0.001)
    energy = night.ran_s / HOUR * RECEIVER.running_w / 1000
    assert energy == pytest.approx(compressed_air.leak_kwh(RECEIVER, LEAK, 240), rel=0.005)


# what must hold for any installation


@given(receiver=receivers, state=states, use=uses, spans=st.tuples(spans, spans), powered=st.booleans())
def test_two_steps_are_one(
    *, receiver: Receiver, state: State, use: float, spans: tuple[float, float], powered: bool
) -> None:
    """The length of a step is a display choice, however often the compressor starts."""
    once = compressed_air.step(state, receiver, use, sum(spans), powered=powered)
    middle = compressed_air.step(state, receiver, use, spans[0], powered=powered)
    twice = compressed_air.step(middle, receiver, use, spans[1], powered=powered)
    assert twice.pressure_bar == pytest.approx(once.pressure_bar, abs=1e-6)
    assert twice.ran_s == pytest.approx(once.ran_s, abs=1e-4)


@given(receiver=receivers, state=states, use=uses, dt=spans)
def test_air_is_kept(receiver: Receiver, state: State, use: float, dt: float) -> None:
    """What the pressure gained is what was delivered less what was used, unless the receiver is empty."""
    after = compressed_air.step(state, receiver, use, dt)
    delivered = after.ran_s / 60 * receiver.delivery_nl_per_min
    gained = (delivered - use * dt / 60) / receiver.volume_l
    assert after.pressure_bar == pytest.approx(max(state.pressure_bar + gained, 0.0), abs=1e-6)


@given(receiver=receivers, use=st.floats(0, 1), dt=spans)
def test_a_use_that_can_be_fed_stays_between_the_limits(receiver: Receiver, use: float, dt: float) -> None:
    """From P_off, the pressure never leaves P_on … P_off."""
    start = State(receiver.off_bar)
    after = compressed_air.step(start, receiver, use * receiver.delivery_nl_per_min, dt)
    assert receiver.on_bar - 1e-6 <= after.pressure_bar <= receiver.off_bar + 1e-6


@given(receiver=receivers, state=states, use=uses, more=uses, dt=spans)
def test_more_use_never_leaves_more_pressure(
    receiver: Receiver, state: State, use: float, more: float, dt: float
) -> None:
    """Without the compressor."""
    less, least = (
        compressed_air.step(state, receiver, each, dt, powered=False).pressure_bar for each in (use, use + more)
    )
    assert 0 <= least <= less + 1e-9


@given(receiver=receivers)
def test_a_tight_receiver_stays(receiver: Receiver) -> None:
    """Nothing used, nothing lost."""
    start = State(receiver.off_bar)
    assert compressed_air.step(start, receiver, 0.0, DAY) == replace(start, running=False)


# what is refused


@pytest.mark.parametrize("wrong", [{"volume_l": 0.0}, {"kwh_per_m3": math.nan}, {"off_bar": 7.0}], ids=str)
def test_an_installation_that_cannot_exist_is_refused(wrong: dict[str, Any]) -> None:
    """The message names the parameter."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Receiver(**wrong)


def test_a_use_that_cannot_be_is_refused() -> None:
    """Neither air nor time flows backwards."""
    with pytest.raises(ValueError, match="use_nl_per_min"):
        compressed_air.step(State(), RECEIVER, -1, 1)
    with pytest.raises(ValueError, match="backwards"):
        compressed_air.step(State(), RECEIVER, 1, -1)
