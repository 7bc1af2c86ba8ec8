"""A file that is not of the shape: the message says what, where, in which table, and what to write."""

import tomllib
from typing import Any

import msgspec
import pytest

from hub.usecases.loader import HERE
from hub.usecases.schema import Document
from hub.usecases.shape import of_toml, told

TEXT = (HERE / "cold_room" / "usecase.toml").read_text(encoding="utf-8")


def wrong(document: dict[str, Any]) -> str:
    """Return what is said of a document."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(document, Document)
    return told(str(caught.value), document)


@pytest.mark.parametrize(
    ("right", "written", "said"),
    [
        ("limit = 4.0", 'limit = "4,0"', "rules[0].limit: expected `float`, got `str`; write a number without quotes"),
        ("deadband = 0.5", "dead_band = 0.5", "unknown field `dead_band`; 'deadband' is meant? known: kind, id"),
        ('kind = "limit_high"', 'kind = "limit_hight"', "rules[0].kind: invalid value 'limit_hight'; 'limit_high' is"),
        ('priority = "medium"', 'priority = "urgent"', "known: critical, high, low, medium"),
        ('family = "tasmota"', "family = 1", "roles.probe.family: expected `str`, got `int`; write a text in quotes"),
        ("primary = true", 'primary = "yes"', "measures.air.primary: expected `bool`, got `str`; write true or false"),
        ("speed = 10", "speed = 30", "guide[1].speed: invalid enum value 30; known: 1, 10, 60"),
        ("[silence]", "[silent]", "the file: object contains unknown field `silent`; 'silence' is meant?"),
    ],
)
def test_what_to_write_stands_behind_what_is_wrong(right: str, written: str, said: str) -> None:
    """A number as text, a misspelt key, a kind, a choice, a table."""
    assert right in TEXT
    assert said in wrong(tomllib.loads(TEXT.replace(right, written, 1)))


def test_the_rule_is_named_that_has_the_mistake() -> None:
    """Nobody counts rules from nought."""
    document = tomllib.loads(TEXT)
    document["rules"][2]["on_delay_s"] = "5 min"
    assert wrong(document).endswith(f"(in {document['rules'][2]['id']!r})")


def test_a_hypothesis_deep_in_a_card_is_named() -> None:
    """A place of three steps."""
    document = tomllib.loads(TEXT)
    card = document["money"][0]
    card["hypotheses"][0]["title"] = "Stock"
    assert wrong(document) == (
        "money[0].hypotheses[0].title: expected `object`, got `str`; "
        f'write both languages: {{ fr = "…", en = "…" }} (in {card["hypotheses"][0]["id"]!r})'
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("limit = 8,0", "limit = 8,0; write a decimal point, not a comma"),
        ("limit = 8.0\nlimit = 9.0\n", "limit = 9.0; the key is there twice in its table: leave one"),
        ("story = On Friday", "story = On Friday; a text stands in quotes"),
        ('story = "On Friday\nwho = "Anna"', 'story = "On Friday; a quote is not closed'),
    ],
)
def test_a_line_that_is_no_toml_is_shown(line: str, said: str) -> None:
    """With what is mostly wrong with such a line."""
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(line)
    assert said in of_toml(line, str(caught.value))


def test_an_error_without_a_line_stays_as_it_is() -> None:
    """At the end of the file there is none to show."""
    assert of_toml("a = 1", "Expected '=' (at end of document)") == "Expected '=' (at end of document)"
