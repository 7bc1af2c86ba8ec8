"""The meeting room: its sentence in every situation, and its money card."""

import pytest

from hub.rules.wording import placeholders
from hub.usecases import find
from hub.usecases.describe import main_sentence
from hub.usecases.money import worth
from hub.usecases.room_co2.rules import _SAY
from servers.views import view

ROOM = find("room_co2")
FULL = {"co2": 1240.0, "rebreathed": 2.16}


@pytest.mark.parametrize(
    ("values", "options", "code", "french"),
    [
        ({}, {}, "waiting", "En attente de la première valeur du capteur."),
        (FULL, {"quantities": {"soon_1500": 700.0}}, "rising", "À ce rythme, 1 500 ppm dans 10 min."),
        (FULL, {"quantities": {"soon_1500": 200.0}}, "rising", "dans moins de 5 min."),
        (FULL, {"quantities": {"soon_1500": 9000.0}}, "stale", "Entrouvrez une fenêtre."),
        (FULL, {"quantities": {"soon_1500": None}}, "stale", "2,2 % d’air déjà respiré"),
        ({"co2": 1620.0, "rebreathed": 3.16}, {"quantities": {"soon_1500": 0.0}}, "act", "1 620 ppm : l’air"),
        ({"co2": 520.0, "rebreathed": 0.26}, {}, "calm", "520 ppm : l’air est frais, 0,3 % seulement"),
        ({"co2": 440.0, "rebreathed": 0.05}, {}, "calm", "0,1 % seulement en a déjà été respiré"),
        ({"co2": 438.0, "rebreathed": 0.047}, {}, "outdoors", "438 ppm : l’air est aussi frais que dehors"),
        ({"co2": 405.0, "rebreathed": -0.04}, {}, "outdoors", "personne ou presque ne l’a encore respiré"),
        ({"co2": 270.0, "rebreathed": -0.4}, {"active": ("calibration",)}, "calibration", "270 ppm, c’est moins"),
        (FULL, {"active": ("flatline",)}, "flatline", "il est figé"),
        (FULL, {"silent": ("co2",), "age_s": 400}, "silent", "se tait depuis 6 min : sa dernière valeur, 1 240 ppm"),
    ],
)
def test_the_sentence_says_what_the_numbers_mean(
    values: dict[str, float], options: dict[str, object], code: str, french: str
) -> None:
    """In French as the page writes it; nothing is left open in either language."""
    told = main_sentence(ROOM, view(ROOM, values, **options) if values else None)  # type: ignore[arg-type]
    assert told.code == code
    assert french in told.text.fr.replace("\u202f", " ").replace("\xa0", " ")
    assert "–" not in told.text.fr + told.text.en
    assert not placeholders(told.text)


def test_every_sentence_is_reached() -> None:
    """The table above is complete."""
    mark = test_the_sentence_says_what_the_numbers_mean.pytestmark[0]  # type: ignore[attr-defined]
    assert {row[2] for row in mark.args[1]} == set(_SAY)


def test_useless_air_costs_what_the_formula_says() -> None:
    """6 730 kWh of heat, 660 € a year (use_cases.md §2)."""
    (card,) = ROOM.money
    assert worth(card) == pytest.approx(660, abs=1)
    assert worth(card, {"cop": 1, "elec_price": 1}) == pytest.approx(6730, abs=3)
