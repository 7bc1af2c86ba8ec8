"""The sentences of a report: whole in both languages, names as they were typed."""

from datetime import date

import pytest

from hub.rules.wording import Text, placeholders
from hub.workshop.report.words import day, headings, month, say, sentence, words


@pytest.mark.parametrize("code", words().say)
def test_a_sentence_has_the_same_places_in_both_languages(code: str) -> None:
    """What is told in one is told in the other."""
    text = words().say[code]
    assert placeholders(Text(text.fr, text.fr)) == placeholders(Text(text.en, text.en))


def test_headings_are_the_same_in_both_languages() -> None:
    """Each layout finds each of them."""
    assert headings("fr").keys() == headings("en").keys()


def test_a_typed_name_keeps_its_own_apostrophes() -> None:
    """Typography is set in our words, never in theirs; a name that looks like a placeholder is a name."""
    typed = "d'Artagnan {who} ?"
    assert say("by", "fr", comment="L'air", who=typed) == f"L'air ({typed})"


def test_a_sentence_travels_as_the_page_gets_it() -> None:
    """Code, params, both languages."""
    found = sentence("alarms", {"count": Text("3", "3")}, {"count": 3.0})
    assert (found.code, found.params, found.text.en) == ("alarms", {"count": 3.0}, "3 alarms were raised.")


def test_dates_are_written_out() -> None:
    """The first of a month is "1er"; a month alone has no day; what is no date stays as it is."""
    assert day(date(2026, 12, 1)) == Text("1er décembre 2026", "1 December 2026")
    assert month("2026-11") == Text("novembre 2026", "November 2026")
    assert month("2026-11-27") == Text("27 novembre 2026", "27 November 2026")
    assert month("soon") == Text("soon", "soon")
