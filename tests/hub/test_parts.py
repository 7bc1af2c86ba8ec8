"""How each part of the hub is told."""

import pytest

from hub.ingest.gaps import Gap, Why
from hub.ingest.link import SerialPort, Status
from hub.model import NS
from hub.parts import TOLD_FOR, WORDS, gaps, journal, serial

NOW = 1_790_000_000 * NS


def test_ports_that_work_are_listed() -> None:
    """A healthy part, with what a page shows of each."""
    part = serial([SerialPort("uno", "/dev/ttyACM0", "open", lines=3)])
    assert (part["status"], part["text"]) == ("ok", None)
    assert part["ports"][0]["lines"] == 3


@pytest.mark.parametrize("state", ["busy", "denied", "lost", "absent", "failed"])
def test_a_port_that_does_not_work_names_itself_and_the_remedy(state: str) -> None:
    """In both languages."""
    part = serial([SerialPort("uno", "/dev/ttyACM0", "open"), SerialPort("esp", "/dev/ttyUSB0", state, "why")])
    assert part["status"] == "degraded"
    assert part["reason"] == "esp (/dev/ttyUSB0): why"
    assert all(part[member][lang] for member in ("text", "remedy") for lang in ("fr", "en"))


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status(used=79, budget=100), None),
        (Status(used=81, budget=100), "journal_nearly_full"),
        (Status(used=101, budget=100, full=True), "journal_full"),
        (Status(used=50, budget=100, dropped=3, gaps=[Gap(Why.JOURNAL, NOW - NS, NOW, 3)]), "journal_dropped"),
        (Status(used=50, budget=100, dropped=3, gaps=[Gap(Why.JOURNAL, 0, NOW - TOLD_FOR, 3)]), None),
        (Status(fault="a sync failed"), "journal_fault"),
        (Status(), None),
    ],
)
def test_the_journal_warns_at_eighty_percent_and_says_what_it_does_when_full(status: Status, word: str | None) -> None:
    """In both languages, with the remedy; what was dropped is told for an hour and stays counted."""
    part = journal(status, now=NOW)
    assert part["status"] == ("ok" if word is None else "degraded")
    if word is not None:
        assert part["text"] == WORDS[word]["text"]
        assert set(part["text"]) == set(part["remedy"]) == {"fr", "en"}
    assert (part["used"], part["budget"], part["dropped"]) == (status.used, status.budget, status.dropped)


@pytest.mark.parametrize("why", [why for why in Why if why is not Why.JOURNAL])
def test_what_may_be_missing_is_told_with_its_times_for_an_hour(why: Why) -> None:
    """In both languages; counted for ever."""
    status = Status(gap=4, gaps=[Gap(Why.JOURNAL, 0, NS, 7), Gap(why, NOW - 5 * NS, NOW)])
    part = gaps(status, NOW)
    assert (part["status"], part["count"]) == ("degraded", 4)
    assert set(part["text"]) == set(part["remedy"]) == {"fr", "en"}
    assert [(each["why"], each["since"], each["messages"]) for each in part["newest"]] == [
        (why, "2026-09-21T14:13:15Z", None),
        ("journal", "1970-01-01T00:00:00Z", 7),
    ]
    assert gaps(status, NOW + TOLD_FOR)["status"] == "ok"
    assert gaps(Status(), NOW) == {"status": "ok", "text": None, "remedy": None, "count": 0, "newest": []}


def test_the_budget_is_told_in_hours() -> None:
    """Rounded to what is believable; None while nothing arrives."""
    assert journal(Status(budget=100, hours=71.4567))["hours"] == 71.5
    assert journal(Status(budget=100))["hours"] is None


def test_a_port_that_is_left_alone_is_no_trouble() -> None:
    """A radio stick of Zigbee2MQTT is listed; only what should work and does not is told."""
    stick = SerialPort("stick", "/dev/ttyUSB0", "unread")
    assert serial([stick, SerialPort("uno", "/dev/ttyACM0", "open")])["status"] == "ok"
    part = serial([stick, SerialPort("uno", "/dev/ttyACM0", "busy", "taken")])
    assert part["text"] == WORDS["serial_busy"]["text"]
    assert part["reason"] == "uno (/dev/ttyACM0): taken"
    assert [each["state"] for each in part["ports"]] == ["unread", "busy"]


def test_a_journal_that_was_made_anew_names_the_remedy() -> None:
    """Not a disk that is full: somebody deleted it on its servers."""
    part = journal(Status(), missing=7, is_anew=True)
    assert "new data folder" in part["remedy"]["en"]
    assert "nouveau dossier" in part["remedy"]["fr"]
    assert part["reason"].startswith("7 messages")


def test_a_worker_that_was_away_too_long_is_told_how_it_knows_all_again() -> None:
    """By a backup of another one."""
    part = journal(Status(), missed=9)
    assert "matinales restore" in part["remedy"]["en"]
    assert part["reason"] == "9 messages"
