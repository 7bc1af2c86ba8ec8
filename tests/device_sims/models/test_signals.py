"""Plain signals."""

from collections.abc import Mapping
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.models import Active, Begin, measures
from device_sims.models.signals import KIND, Effect, Initial, Parameters, Signal, Signals

BEGIN = Begin(0, 0, 0, Random)
SINE = Signal(mean=20, amplitude=2, period_s=600)
SQUARE = Signal(shape="square", mean=0.5, amplitude=0.5, period_s=300)
RAMP = Signal(shape="ramp", mean=100, amplitude=0.5, period_s=9)


def signals(**named: Signal) -> Signals:
    """Return signals at second zero."""
    made = Signals(Parameters(named), Initial(), BEGIN)
    made.act((), {}, 0)
    return made


@pytest.mark.parametrize(
    ("signal", "second", "value"),
    [
        (SINE, 0, 20.0),
        (SINE, 150, 22.0),
        (SINE, 450, 18.0),
        (SINE, -150, 18.0),
        (SQUARE, 0, 1.0),
        (SQUARE, 149, 1.0),
        (SQUARE, 150, 0.0),
        (SQUARE, 300, 1.0),
        (SQUARE, -1, 0.0),
        (RAMP, 0, 100.0),
        (RAMP, 9, 101.0),
        (RAMP, -18, 98.0),
    ],
)
def test_a_signal_is_a_function_of_time(signal: Signal, second: int, value: float) -> None:
    """Before the start too."""
    assert signal.at(second) == pytest.approx(value)


@given(cuts=st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_how_it_is_cut_into_steps_changes_nothing(cuts: list[int]) -> None:
    """Values at the end, and one value for each second on the way."""
    made, now = signals(sine=SINE, square=SQUARE, ramp=RAMP), 0
    seen: list[float] = []
    for cut in cuts:
        passed, traces = made.advance(now, cut)
        assert 1 <= passed <= cut
        assert {len(trace) for trace in traces.values()} == {passed}
        now += passed
        seen += traces["sine"]
    assert seen == [SINE.at(second) for second in range(1, now + 1)]
    assert made.values() == {"sine": SINE.at(now), "square": SQUARE.at(now), "ramp": RAMP.at(now)}


def test_it_stops_where_a_square_turns() -> None:
    """So that a contact is told in that second."""
    assert signals(square=SQUARE).advance(100, 1000)[0] == 50


def test_a_fault_adds_to_the_signals_it_names() -> None:
    """By its intensity; gone with it."""
    made = signals(sine=SINE, ramp=RAMP)
    made.act((Active(Effect({"sine": 10.0}), 0.5, 0),), {}, 0)
    assert made.values() == {"sine": 25.0, "ramp": 100.0}
    made.act((), {}, 0)
    assert made.values()["sine"] == 20.0


def test_its_measures_are_those_the_scenario_names() -> None:
    """Nothing is fixed."""
    assert measures(KIND, Parameters({"a": SINE, "b": RAMP})) == ("a", "b")


@pytest.mark.parametrize("wrong", [{"period_s": 0}, {"shape": "triangle"}, {"mean": "x"}, {"phase": 1}])
def test_a_wrong_signal_is_refused(wrong: Mapping[str, object]) -> None:
    """Naming what."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"signals": {"a": wrong}}, Parameters)
