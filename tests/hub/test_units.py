"""The units that leave the hub, and the words met on the wire."""

import math

import pytest

from hub.units import WORDS, Unit, conversion


def test_every_symbol_has_one_meaning() -> None:
    """Two units never share a symbol."""
    assert len({unit.value for unit in Unit}) == len(Unit)


def test_micro_has_one_code_point() -> None:
    """µ leaves as U+00B5; the Greek letter that looks the same is understood."""
    assert not [unit for unit in Unit if "\u03bc" in unit]
    for word, unit in (
        ("\u03bcg/m³", Unit.MICROGRAM_PER_CUBIC_METRE),
        ("\u03bcS/cm", Unit.MICROSIEMENS_PER_CENTIMETRE),
    ):
        known = conversion(word)
        assert known is not None
        assert known.unit is unit


@pytest.mark.parametrize(
    ("word", "value", "unit", "due"),
    [
        ("°F", 68, "°C", 20),
        ("K", 300, "°C", 26.85),
        ("Pa", 100_120, "hPa", 1001.2),
        ("kPa", 100.12, "hPa", 1001.2),
        ("mbar", 1001.2, "hPa", 1001.2),
        ("mmHg", 760, "hPa", 1013.2501412),
        ("inHg", 29.92, "hPa", 1013.2075888),
        ("kW", 1.5, "W", 1500),
        ("Wh", 1, "kWh", 0.001),
        ("mWh", 1e6, "kWh", 1),
        ("W·min", 60_000, "kWh", 1),
        ("J", 3.6e6, "kWh", 1),
        ("mV", 3005, "V", 3.005),
        ("mA", 250, "A", 0.25),
        ("L", 1000, "m³", 1),
        ("mL", 1e6, "m³", 1),
        ("lb", 1, "kg", 0.45359237),
        ("cm", 16.754, "m", 0.16754),
    ],
)
def test_conversions_of_the_table(word: str, value: float, unit: str, due: float) -> None:
    """As wire_formats.md §0.1 gives them."""
    known = conversion(word)
    assert known is not None
    assert known.unit == unit
    assert known.apply(value) == pytest.approx(due, rel=1e-12)


@pytest.mark.parametrize("word", WORDS)
def test_every_conversion_is_finite(word: str) -> None:
    """And none is a constant."""
    known = WORDS[word]
    assert math.isfinite(known.apply(1.0))
    assert known.apply(1.0) != known.apply(2.0)


@pytest.mark.parametrize("word", ["", "x", "degrees", "ppmv", "m/s"])
def test_an_unknown_word_is_no_unit(word: str) -> None:
    """Nothing is guessed."""
    assert conversion(word) is None
