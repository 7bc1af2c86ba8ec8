"""The workshop: its sentence in every situation, and its money cards."""

import pytest

from hub.rules.wording import placeholders
from hub.usecases import find
from hub.usecases.describe import main_sentence
from hub.usecases.money import worth
from hub.usecases.workshop_energy.rules import _SAY
from servers.views import view

WORKSHOP = find("workshop_energy")
FIRST = {"papp": 930.0, "radiator_power": 1000.0, "office_temp": 16.4, "mean_power": 1040.0}
KNOWN = FIRST | {"share": 7.75, "base": 540.0}


@pytest.mark.parametrize(
    ("values", "options", "code", "french"),
    [
        ({}, {}, "waiting", "En attente de la première valeur du compteur."),
        (FIRST, {}, "now_new", "En ce moment : 930 VA. Le talon"),
        (KNOWN, {}, "now", "930 VA, soit 8 % de votre abonnement. La nuit, 540 W tournent pour personne."),
        (KNOWN, {"active": ("subscribed",)}, "overload", "Éteignez quelque chose tout de suite."),
        (KNOWN, {"active": ("overload",)}, "overload", "soit 8 % de votre abonnement"),
        (KNOWN, {"active": ("heating_window",)}, "heating_window", "tire 1 000 W et la fenêtre est ouverte"),
        (KNOWN, {"active": ("base_load",)}, "base_load", "Il tourne 1 040 W pour personne, d’habitude 540 W"),
        (KNOWN, {"silent": ("papp",), "age_s": 400}, "silent", "se tait depuis 6 min : sa dernière valeur, 930 VA"),
    ],
)
def test_the_sentence_says_what_the_numbers_mean(
    values: dict[str, float], options: dict[str, object], code: str, french: str
) -> None:
    """In French as the page writes it; nothing is left open in either language."""
    told = main_sentence(WORKSHOP, view(WORKSHOP, values, **options) if values else None)  # type: ignore[arg-type]
    assert told.code == code
    assert french in told.text.fr.replace("\u202f", " ").replace("\xa0", " ")
    assert "–" not in told.text.fr + told.text.en
    assert not placeholders(told.text)


def test_every_sentence_is_reached() -> None:
    """The table above is complete."""
    mark = test_the_sentence_says_what_the_numbers_mean.pytestmark[0]  # type: ignore[attr-defined]
    assert {row[2] for row in mark.args[1]} == set(_SAY)


def test_a_forgotten_load_costs_what_the_formula_says() -> None:
    """500 W × 5 000 h × 0.245 €/kWh = 612 € a year, 430 € at 0.172 (use_cases.md §3)."""
    forgotten = WORKSHOP.money[0]
    assert worth(forgotten) == pytest.approx(612.5)
    assert worth(forgotten, {"elec_price": 0.172}) == pytest.approx(430)


def test_energy_stays_in_one_unit_from_the_meter_to_the_mean_power() -> None:
    """Sums and increases convert nothing: indexes in Wh give a mean power in W."""
    names = ("index_hp", "index_hc", "index", "day_energy", "open_day")
    assert {WORKSHOP.measures[name].unit for name in names} == {"Wh"}
    assert (WORKSHOP.measures["mean_power"].unit, WORKSHOP.measures["base"].unit) == ("W", "W")
