"""The field's own functions, its sentence, and its euros."""

import msgspec
import pytest

from device_sims import scenario
from device_sims.models.irrigation import Initial
from hub.rules.wording import Sentence
from hub.usecases import find
from hub.usecases.money import worth
from servers.rehearsal import after, ideal

CASE = find("irrigation")
WHOLE = ideal(scenario.load("irrigation"))
LOADED = WHOLE._replace(
    scenario=msgspec.structs.replace(WHOLE.scenario, history_h=1),
    initials={"dry": Initial(upper_mm=(52.0, 50.0, 55.0), lower_mm=85.0)},
)
"""A field as it is after eight days of drought, without the eight days."""
DAY_S = 86_400


def said_after(minutes: float, *faults: str) -> Sentence:
    """Return the sentence so many minutes after faults began, at the start of the dry run."""
    assert CASE.sentence is not None
    return CASE.sentence(CASE, after(LOADED, minutes, *faults, initial="dry").view())


@pytest.mark.parametrize(("tension", "missing"), [(15, 0), (10, 0), (79.17, 50), (80, 50.2)])
def test_the_water_that_is_missing(tension: float, missing: float) -> None:
    """Half of 100 mm at 79.2 cb; nothing below field capacity."""
    assert CASE.functions["missing_mm"](tension=tension) == pytest.approx(missing, abs=0.05)


def test_the_days_until_one_waters() -> None:
    """use_cases.md §9: from a full reserve 50 cb after 9.86 days, 79.2 cb after 12.5 days; none left beyond."""
    days = CASE.functions["time_to_dry"]
    assert (days(tension=15, limit=50) or 0) / DAY_S == pytest.approx(9.86, abs=0.01)
    assert (days(tension=15, limit=79.17) or 0) / DAY_S == pytest.approx(12.5, abs=0.01)
    assert days(tension=90, limit=80) == 0


def test_one_probe_that_lies_does_not_move_the_middle() -> None:
    """It shows as the spread."""
    points = {"a": 40.0, "b": 199.0, "c": 44.0}
    assert (CASE.functions["middle"](**points), CASE.functions["spread"](**points)) == (44, 159)


def test_the_sentence_says_what_is_left_and_then_what_is_missing() -> None:
    """Before the trigger the time to it, after it the water to give."""
    assert CASE.sentence is not None
    assert CASE.sentence(CASE, None).code == "waiting"
    soon, dry = said_after(30), said_after(6 * 60)
    assert (
        soon.text.en
        == "74\u00a0cb at 30\u00a0cm: at 4\u00a0mm a day, about 10\u00a0h\u00a010\u00a0min left before 80\u00a0cb."
    )
    assert dry.code == "dry"
    assert "il manque 51\u00a0mm d’eau aux racines" in dry.text.fr


@pytest.mark.parametrize(
    ("fault", "minutes", "code"),
    [
        ("watering", 60, "watering"),
        ("valve_jammed", 30, "no_water"),
        ("valve_leaks", 30, "unasked_water"),
        ("clogged_line", 240, "uneven"),
    ],
)
def test_the_sentence_names_what_is_wrong_with_the_water(fault: str, minutes: int, code: str) -> None:
    """In both languages, with the values that say so."""
    said = said_after(minutes, fault)
    assert said.code == code
    assert "–" not in said.text.fr + said.text.en


def test_probes_that_are_silent_prove_nothing() -> None:
    """After three periods."""
    assert said_after(60, "probes.radio_loss").code == "probes_silent"


def test_what_the_water_was_worth() -> None:
    """60 mm on half a hectare are 300 m³: 1 302 € of mains water and 22 € of electricity."""
    (card,) = CASE.money
    assert worth(card, {}) == pytest.approx(300 * (4.34 + 0.3 * 0.245))
