"""How the hub starts on a damaged store, and how its parts are told."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub.app import _WORDS, Settings, _journal, opened
from hub.config import Config
from hub.ingest.link import Status
from hub.kept import Kept


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


@pytest.mark.parametrize("table", ["device", "rule", "context", "latest"])
def test_a_store_whose_damage_shows_only_when_it_is_read_is_renewed_at_once(tmp_path: Path, table: str) -> None:
    """No second start by hand: the file is moved aside, the hub is there, and says so."""
    Kept(tmp_path).close()
    with closing(apsw.Connection(str(tmp_path / "store.db"))) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
    with (tmp_path / "store.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    settings = Settings(
        data=str(tmp_path), mode="run", lan=False, secret="s", mqtt="mqtt://x", use_case="cold_room", config=Config()
    )
    app = opened(settings)
    assert app._parts_now()["store"]["text"] == _WORDS["store_renewed"]["text"]
    assert list(tmp_path.glob("store.db.corrupt.*"))
    app._kept.close()
