"""The machine: its sentence in every situation, its forecast, its money cards."""

import pytest

from hub.rules.wording import placeholders
from hub.usecases import find
from hub.usecases.describe import main_sentence
from hub.usecases.machine_vibration.rules import _SAY, until_next_zone
from hub.usecases.money import worth
from servers.views import view

MACHINE = find("machine_vibration")
HEALTHY = {"velocity": 1.1, "zone": 0.0, "bearing_temp": 42.0, "motor_power": 2200.0}
WORN = HEALTHY | {"velocity": 2.3, "zone": 1.0, "next_zone": 1.2}
C, D = HEALTHY | {"velocity": 3.2, "zone": 2.0}, HEALTHY | {"velocity": 5.1, "zone": 3.0, "next_zone": 0.1}


@pytest.mark.parametrize(
    ("values", "options", "code", "french"),
    [
        ({}, {}, "waiting", "En attente de la première valeur du capteur."),
        (HEALTHY, {}, "steady", "1,10 mm/s : zone A (groupe 2, appui rigide, indicatif), palier à 42,0 °C."),
        (HEALTHY | {"next_zone": 0.2}, {}, "steady", "Rien ne change."),
        (HEALTHY, {"active": ("hf_double",)}, "high_tones", "les aigus ont doublé"),
        (WORN, {"active": ("drift",)}, "growing", "À ce rythme, zone C dans 1 h 10."),
        (C, {"active": ("zone_c",)}, "high", "zone C (groupe 2"),
        (D, {"active": ("zone_c", "zone_d")}, "worst", "Risque de casse."),
        (HEALTHY | {"motor_power": 0.0, "velocity": 0.0}, {}, "stopped", "ne veut pas dire machine saine"),
        (HEALTHY | {"velocity": 0.33}, {"active": ("low_reading",)}, "loose", "0,33 mm/s : trop calme"),
        (HEALTHY, {"silent": ("velocity",), "age_s": 400}, "silent", "se tait depuis 6 min"),
    ],
)
def test_the_sentence_says_what_the_numbers_mean(
    values: dict[str, float], options: dict[str, object], code: str, french: str
) -> None:
    """In French as the page writes it; nothing is left open in either language."""
    told = main_sentence(MACHINE, view(MACHINE, values, **options) if values else None)  # type: ignore[arg-type]
    assert told.code == code
    assert french in told.text.fr.replace("\u202f", " ").replace("\xa0", " ")
    assert "–" not in told.text.fr + told.text.en
    assert not placeholders(told.text)


def test_every_sentence_is_reached() -> None:
    """The table above is complete."""
    mark = test_the_sentence_says_what_the_numbers_mean.pytestmark[0]  # type: ignore[attr-defined]
    assert {row[2] for row in mark.args[1]} == set(_SAY)


def test_the_next_zone_is_where_a_straight_line_meets_its_limit() -> None:
    """Up from A, B and C; nothing when it does not rise, and no zone after D."""
    assert until_next_zone(velocity=1.1, slope=0.1) == pytest.approx(3.0)
    assert until_next_zone(velocity=2.0, slope=0.4) == pytest.approx(2.0)
    assert until_next_zone(velocity=4.0, slope=1.0) == pytest.approx(0.5)
    assert until_next_zone(velocity=5.0, slope=1.0) is None
    assert until_next_zone(velocity=1.1, slope=0.0) is None
    assert until_next_zone(velocity=1.1, slope=0.2, ab=2.3, bc=4.5, cd=7.1) == pytest.approx(6.0)


def test_a_stop_costs_what_the_formula_says() -> None:
    """6 h × 150 € = 900 € an event; (2 000 − 80) € × how often (use_cases.md §4)."""
    stop, repair, *_ = MACHINE.money
    assert worth(stop) == 900
    assert worth(repair, {"events_per_year": 1}) == 1920
