"""How the hub's own parts are told: the journal and its budget."""

import pytest

from hub.app import _WORDS, _journal
from hub.ingest.link import Status


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status(used=79, budget=100), None),
        (Status(used=81, budget=100), "journal_nearly_full"),
        (Status(used=101, budget=100, full=True), "journal_full"),
        (Status(used=50, budget=100, dropped=3), "journal_dropped"),
        (Status(fault="a sync failed"), "journal_fault"),
        (Status(), None),
    ],
)
def test_the_journal_warns_at_eighty_percent_and_says_what_it_does_when_full(status: Status, word: str | None) -> None:
    """In both languages, with the remedy; what was dropped stays told."""
    part = _journal(status)
    assert part["status"] == ("ok" if word is None else "degraded")
    if word is not None:
        assert part["text"] == _WORDS[word]["text"]
        assert set(part["text"]) == set(part["remedy"]) == {"fr", "en"}
    assert (part["used"], part["budget"], part["dropped"]) == (status.used, status.budget, status.dropped)


def test_the_budget_is_told_in_hours() -> None:
    """Rounded to what is believable; None while nothing arrives."""
    assert _journal(Status(budget=100, hours=71.4567))["hours"] == 71.5
    assert _journal(Status(budget=100))["hours"] is None
