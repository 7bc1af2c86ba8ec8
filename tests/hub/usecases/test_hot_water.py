"""The hot-water loop's own forecast, and its sentence."""

import msgspec
import pytest

from device_sims import scenario
from hub.rules.wording import Sentence
from hub.usecases import find
from servers.rehearsal import after, ideal

CASE = find("hot_water")
WHOLE = ideal(scenario.load("hot_water"))
LOADED = WHOLE._replace(scenario=msgspec.structs.replace(WHOLE.scenario, history_h=1))


def said_after(minutes: float, *faults: str) -> Sentence:
    """Return the sentence so many minutes after faults began."""
    assert CASE.sentence is not None
    return CASE.sentence(CASE, after(LOADED, minutes, *faults).view())


@pytest.mark.parametrize(("start", "limit", "minutes"), [(55, 50, 22.7), (60, 50, 42.3), (50, 50, 0), (48, 50, 0)])
def test_how_long_a_loop_at_rest_stays_hot(start: float, limit: float, minutes: float) -> None:
    """use_cases.md §9: τ 2.45 h, ambient 20 °C."""
    left = CASE.functions["time_to_cool"](return_loop=start, limit=limit)
    assert left is not None
    assert left / 60 == pytest.approx(minutes, abs=0.05)


def test_a_limit_below_its_surroundings_is_never_reached() -> None:
    """Nothing cools below the room it is in."""
    assert CASE.functions["time_to_cool"](return_loop=55, limit=20) is None


def test_the_sentence_of_a_stopped_pump_counts_down_and_then_says_what_it_means() -> None:
    """Six minutes after it stopped, and an hour after."""
    soon, cold = said_after(6, "pump_stopped"), said_after(60, "pump_stopped")
    assert soon.code == "pump_off"
    assert "il reste environ 15\u00a0min avant +50\u202f°C" in soon.text.fr
    assert cold.code == "return_low"
    assert "legionella" in cold.text.en


@pytest.mark.parametrize(
    ("faults", "minutes", "code"),
    [
        ((), 10, "calm"),
        (("mixer_open",), 5, "tap_hot"),
        (("set_too_low",), 50, "departure_low"),
        (("loop.radio_loss",), 15, "loop_silent"),
        (("pump.radio_loss",), 15, "pump_silent"),
    ],
)
def test_the_sentence_says_the_worst_first(faults: tuple[str, ...], minutes: float, code: str) -> None:
    """With every value in place, in both languages."""
    said = said_after(minutes, *faults)
    assert said.code == code
    assert "–" not in said.text.fr + said.text.en


def test_the_sentence_waits_for_the_loop() -> None:
    """Before anything was heard."""
    assert CASE.sentence is not None
    assert CASE.sentence(CASE, None).code == "waiting"
