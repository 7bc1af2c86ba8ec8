"""What the page says of InfluxDB (hub/forwarding.py)."""

import tomllib
from importlib import resources

import pytest

from hub.cli import doctor
from hub.forwarding import figures
from hub.model import NS
from hub.store.influx_writer import WriterStatus
from hub.store.outbox import Backlog, Refused

NOW = 1_790_000_000 * NS


def test_what_waits_for_a_moment_is_not_behind() -> None:
    """Each second something waits: that is how it works."""
    status = WriterStatus(backlog=Backlog(100, 5000, NOW - NS, 40))
    assert figures(status, 50, 10**9, NOW) == {
        "behind_messages": 0,
        "behind_minutes": 0.0,
        "waiting_bytes": 0,
        "hours_left": None,
        "dropped": 0,
        "erasing": 0,
        "erasing_refused": 0,
        "hours_to_compute": 0,
        "refused": 0,
        "refused_newest": [],
    }


def test_a_backlog_is_told_in_messages_minutes_and_hours_left() -> None:
    """1 MB in 6 minutes: 100 MB last ten hours, less what is used."""
    status = WriterStatus(backlog=Backlog(3000, 1_000_000, NOW - 360 * NS, 1000))
    told = figures(status, 4600, 101_000_000, NOW)
    assert (told["behind_messages"], told["behind_minutes"]) == (3600, 6.0)
    assert (told["waiting_bytes"], told["hours_left"]) == (1_000_000, 10.0)


@pytest.mark.parametrize("size", [10**9, 2 * 10**9])
def test_a_spent_budget_leaves_no_time(size: int) -> None:
    """And never less than none."""
    status = WriterStatus(backlog=Backlog(1, size, NOW - 3600 * NS, 0))
    assert figures(status, 1, 10**9, NOW)["hours_left"] == 0


def test_refused_lines_are_shown_with_reason_and_time_and_cut() -> None:
    """A line of a megabyte does not fill the page."""
    refused = Refused(bucket="b", line="x" * 1000, reason="r" * 1000, at=NOW, position=1)
    (shown,) = figures(WriterStatus(refused=7, newest=[refused]), 1, 1, NOW)["refused_newest"]
    assert (len(shown["line"]), len(shown["reason"]), shown["time"]) == (200, 300, "2026-09-21T14:13:20Z")


TROUBLES = ("influx_away", "influx_busy", "influx_address", "influx_token", "influx_org", "influx_bucket")


@pytest.mark.parametrize("code", [*TROUBLES, "influx_dropped", "influx_refused"])
def test_whatever_is_wrong_has_its_sentence_on_the_page(code: str) -> None:
    """Text and remedy, in both languages."""
    said = tomllib.loads(resources.files("hub").joinpath("parts.toml").read_text(encoding="utf-8"))[code]
    assert all(said[what][lang] for what in ("text", "remedy") for lang in ("fr", "en"))


@pytest.mark.parametrize("code", TROUBLES)
def test_whatever_is_wrong_has_its_sentence_in_the_doctor(code: str) -> None:
    """The same troubles, before the hub runs."""
    assert "remedy" in doctor.sentences()[code]
