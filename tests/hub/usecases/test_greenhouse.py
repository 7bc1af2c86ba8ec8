"""What the greenhouse says: its air, the dew to come, the heat that leaves, and its euros."""

import msgspec
import pytest

from device_sims import scenario
from hub.rules.wording import Sentence
from hub.usecases import find
from hub.usecases.money import worth
from servers.rehearsal import after, ideal

CASE = find("greenhouse")
WHOLE = ideal(scenario.load("greenhouse"))
LOADED = WHOLE._replace(scenario=msgspec.structs.replace(WHOLE.scenario, history_h=1))


def said_after(minutes: float, *faults: str) -> Sentence:
    """Return the sentence so many minutes after faults began, at nightfall."""
    assert CASE.sentence is not None
    return CASE.sentence(CASE, after(LOADED, minutes, *faults).view())


def test_the_sentence_waits_and_then_says_what_the_plant_feels() -> None:
    """Temperature, humidity and their deficit."""
    assert CASE.sentence is not None
    assert CASE.sentence(CASE, None).code == "waiting"
    said = said_after(30)
    assert said.code in {"calm", "heating"}
    assert "la plante respire" in said.text.fr
    assert "kPa" in said.text.en


@pytest.mark.parametrize(
    ("fault", "minutes", "code"),
    [
        ("breath", 1, "leaf_wet"),
        ("vents_open", 30, "heat_vent"),
        ("wet_floor", 25, "dew_soon"),
        ("wet_floor", 60, "leaf_wet"),
        ("burner_out", 60, "air_cold"),
        ("box.radio_loss", 30, "box_silent"),
    ],
)
def test_the_sentence_says_the_worst_first(fault: str, minutes: float, code: str) -> None:
    """With every value in place, in both languages."""
    said = said_after(minutes, fault)
    assert said.code == code
    assert "–" not in said.text.fr + said.text.en


def test_what_left_by_the_vents_was_worth() -> None:
    """7 200 m³/h, 10 K, 100 h at 0.34 Wh/(m³·K) and 0.10 €/kWh."""
    (card,) = CASE.money
    assert worth(card, {}) == pytest.approx(244.8)
