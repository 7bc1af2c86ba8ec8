"""How the hub starts on a damaged store, and how its parts are told."""

import asyncio
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub import app as app_module
from hub.app import _WORDS, Settings, _journal, opened
from hub.config import Config
from hub.ingest.link import Status
from hub.kept import Kept
from hub.store.base import Range
from hub.store.retention import DAY
from hub.understand import Changes
from servers.stores import readings


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


def settings(folder: Path, config: Config = Config()) -> Settings:  # noqa: B008 — frozen
    """Return settings of a hub on a folder."""
    return Settings(
        data=str(folder), mode="run", lan=False, secret="s", mqtt="mqtt://x", use_case="cold_room", config=config
    )


@pytest.mark.parametrize("table", ["device", "rule", "context", "latest"])
def test_a_store_whose_damage_shows_only_when_it_is_read_is_renewed_at_once(tmp_path: Path, table: str) -> None:
    """No second start by hand: the file is moved aside, the hub is there, and says so."""
    Kept(tmp_path).close()
    with closing(apsw.Connection(str(tmp_path / "store.db"))) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
    with (tmp_path / "store.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    app = opened(settings(tmp_path))
    assert app._parts_now()["store"]["text"] == _WORDS["store_renewed"]["text"]
    assert list(tmp_path.glob("store.db.corrupt.*"))
    app._kept.close()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a data folder with some thousand readings."""
    with closing(Kept(tmp_path)) as kept:
        kept.commit(Changes(position=0, readings=readings(range(3_000))), [], {})
    return tmp_path


async def test_a_running_hub_lets_old_readings_go(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the worker's steps, slice by slice, without being asked."""
    monkeypatch.setattr(app_module, "PRUNE_PAUSE", 0.0)
    app = await asyncio.to_thread(opened, settings(old, Config(raw_days=1, history_days=1)))
    app._kept._retention._wall = lambda: readings([0])[0].time + 400 * DAY
    await app.start()
    try:
        for _ in range(3_000):
            left = (await asyncio.to_thread(app.history.readings, Range(limit=1))).rows
            if not left:
                break
            await asyncio.sleep(0.01)
        assert left == []
    finally:
        await app.close()
