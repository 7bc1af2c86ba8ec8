"""Numbers and sentences as people of the trade write them, in French and in English."""

import pytest

from hub.rules.wording import (
    Text,
    duration,
    english,
    fill,
    forecast,
    french,
    limit,
    number,
    placeholders,
    quantity,
)

NARROW, HARD, MINUS = "\u202f", "\u00a0", "\u2212"


def words(text: Text) -> tuple[str, str]:
    """Return both languages with their spaces made visible: _ is U+00A0, ~ is U+202F."""
    return (show(text.fr), show(text.en))


def show(text: str) -> str:
    """Make the spaces visible."""
    return text.replace(HARD, "_").replace(NARROW, "~")


@pytest.mark.parametrize(
    ("plain", "right"),
    [
        ("Porte ? Givre !", "Porte~? Givre~!"),
        ("il reste : rien ; ni plus", "il reste_: rien~; ni plus"),
        ("« ne démarre pas »", "«~ne démarre pas~»"),
        ("L'air d'hier", "L’air d’hier"),
        ("l'heure est '25:00' : rien d'{clock}", "l’heure est '25:00'_: rien d’{clock}"),
        ("à 22 °C, 62 % du temps", "à 22~°C, 62~% du temps"),
        ("20 min, 1 h 50, 24 h, 3 jours", "20_min, 1_h_50, 24_h, 3_jours"),
        ("3 000 € ou 0,245 €/kWh", "3~000_€ ou 0,245_€/kWh"),
        ("10 A inductifs, 5 appareils", "10_A inductifs, 5 appareils"),
        ("2026-11-24T09:00:00 tel quel: oui", "2026-11-24T09:00:00 tel quel: oui"),
        ("https://exemple.fr/?a=b", "https://exemple.fr/?a=b"),
    ],
)
def test_french_spaces_and_apostrophes(plain: str, right: str) -> None:
    """Authors write plain spaces; the hub sets them right, and twice is once."""
    assert show(french(plain)) == right
    assert french(french(plain)) == french(plain)


def test_english_has_its_own() -> None:
    """A unit never leaves its number, an apostrophe is curved."""
    assert show(english("It's 22 °C for 20 min: act!")) == "It’s 22_°C for 20_min: act!"
    assert english("the bees' scenario 'nope' isn't known") == "the bees’ scenario 'nope' isn’t known"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (number(1234.56), ("1~234,6", "1,234.6")),
        (number(-0.04), ("0,0", "0.0")),
        (number(-2.3), (f"{MINUS}2,3", f"{MINUS}2.3")),
        (number(612.5, 0), ("612", "612")),
        (number(7.25), ("7,2", "7.2")),
        (number(0.05), ("0,1", "0.1")),
        (number(2.675, 2), ("2,67", "2.67")),
        (number(2.0, 0, sign=True), ("+2", "+2")),
        (quantity(7.2, "°C"), ("7,2~°C", "7.2_°C")),
        (quantity(62.4, "%", 0), ("62~%", "62%")),
        (quantity(1000, "W", 0), ("1~000_W", "1,000_W")),
        (quantity(1.0, None, 0), ("1", "1")),
        (limit(4.0, "°C"), ("+4~°C", "+4_°C")),
        (limit(-18.0, "°C"), (f"{MINUS}18~°C", f"{MINUS}18_°C")),
        (limit(0.5, "°C"), ("+0,5~°C", "+0.5_°C")),
        (limit(50, "W"), ("50_W", "50_W")),
        (limit(1.25, None), ("1,25", "1.25")),
        (duration(12.9), ("12_s", "12_s")),
        (duration(59.9 * 60), ("59_min", "59_min")),
        (duration(6600), ("1_h_50", "1_h_50_min")),
        (duration(3900), ("1_h_05", "1_h_5_min")),
        (duration(7200), ("2_h", "2_h")),
        (duration(3 * 86_400 + 5), ("3_jours", "3_days")),
        (duration(0.9), ("un_instant", "a_moment")),  # "depuis 0 s" says nothing
        (duration(-5), ("un_instant", "a_moment")),
    ],
)
def test_a_value_reads_as_people_write_it(made: Text, expected: tuple[str, str]) -> None:
    """Decimal comma in French, point in English, and a span is never 110 min."""
    assert words(made) == expected


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(114.6, "1_h_50"), (60, "1_h"), (59.9, "55_min"), (7, "5_min"), (4.9, "moins de 5_min"), (0, "moins de 5_min")],
)
def test_a_forecast_is_rounded_down(minutes: float, said: str) -> None:
    """To 10 min above one hour, to 5 below: never more time than there is."""
    assert show(forecast(minutes * 60).fr) == said


def test_a_sentence_is_filled_in_both_languages() -> None:
    """A part nobody gave is a dash, not an error."""
    text = Text("Il fait {air} depuis {since}.", "It is {air} for {since}.")
    assert placeholders(text) == {"air", "since"}
    assert words(fill(text, {"air": quantity(7.2, "°C")})) == ("Il fait 7,2~°C depuis –.", "It is 7.2_°C for –.")
