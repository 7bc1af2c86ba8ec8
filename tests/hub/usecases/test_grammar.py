"""Whatever the numbers are, every sentence of every use case is right in grammar and typography."""

import importlib
import re
from collections.abc import Iterator

import pytest

from hub.rules.wording import Text, duration, fill, forecast, limit, placeholders, quantity
from hub.usecases import find, names
from hub.usecases.silo.rules import _margin

NUMBERS = [0, 0.04, 1, 1.5, 2, 3, 12, 59, 60, 61, 3599, 3600, 3660, 5400, 86_400, 90_000, 172_800, 1_234_567, -1, -0.04]
BAD = re.compile(
    r"[{}]|  |\bNone\b|\bnan\b"
    r"|(?<![\d,.])1[ \u00a0\u202f](?:minutes|heures|hours|jours|days|secondes|seconds)\b"
)
FRENCH_BAD = re.compile(r"\w'|\w[ ](?:[?!;%]|:(?:\s|$))|« | »|\d [°%]|\d\.\d|\d (?:min|h|s|W|kWh|ppm|kg|€)(?!\w)")


def templates(name: str) -> Iterator[Text]:
    """Yield what a use case says of its numbers: rules, silence, and the lines of its own rules.py."""
    usecase = find(name)
    yield from (usecase.silence.say, usecase.silence.never)
    yield from (rule.say for rule in usecase.rules)
    yield from (rule.todo for rule in usecase.rules if rule.todo is not None)
    try:
        module = importlib.import_module(f"hub.usecases.{name}.rules")
    except ModuleNotFoundError:
        return
    for value in vars(module).values():
        if isinstance(value, dict):
            yield from (each for each in value.values() if isinstance(each, Text))


@pytest.mark.parametrize("name", names())
def test_no_number_breaks_a_sentence(name: str) -> None:
    """0, 1, 2, fractions, a minute, an hour, days, thousands, below zero: in each place of each sentence."""
    usecase = find(name)
    for said in templates(name):
        for number in NUMBERS:
            parts = {each: duration(number) for each in placeholders(said)} | {"place": usecase.place}
            parts |= {"eta": forecast(max(number, 0)), "limit": limit(number, "°C"), "measure": Text("Air", "Air")}
            for key, measure in usecase.measures.items():
                parts[key] = quantity(number, measure.unit, measure.decimals)
            words = fill(said, parts)
            assert not BAD.search(words.fr), words.fr
            assert not BAD.search(words.en), words.en
            assert not FRENCH_BAD.search(words.fr), words.fr


@pytest.mark.parametrize(
    ("value", "fr", "en"),
    [(0, "0\u00a0jour", "0\u00a0days"), (1, "1\u00a0jour", "1\u00a0day"), (2, "2\u00a0jours", "2\u00a0days")],
)
def test_days_are_counted_as_each_language_does(value: float, fr: str, en: str) -> None:
    """French is singular below two, English at one alone."""
    assert quantity(value, "days", 0) == Text(fr, en)
    assert quantity(1.5, "days") == Text("1,5\u00a0jour", "1.5\u00a0days")


@pytest.mark.parametrize(
    ("autonomy", "fr", "en"),
    [(3.0, "une heure", "an hour"), (3.05, "1 h", "1 h"), (4.5, "36 h", "36 h"), (15, "12 jours", "12 days")],
)
def test_an_order_that_must_leave_now_is_not_due_in_no_hours(autonomy: float, fr: str, en: str) -> None:
    """The silo's "Commandez d'ici …": three days of lead time, from days to hours to the last of them."""
    said = _margin(autonomy)[1]
    assert (said.fr.replace("\u00a0", " "), said.en.replace("\u00a0", " ")) == (fr, en)


def test_spans_read_as_people_say_them() -> None:
    """Whole minutes and hours; days from two on."""
    assert duration(60) == Text("1\u00a0min", "1\u00a0min")
    assert duration(6600) == Text("1\u00a0h\u00a050", "1\u00a0h\u00a050\u00a0min")
    assert duration(172_800) == Text("2\u00a0jours", "2\u00a0days")
