"""How the hub starts on a damaged store, and how its parts are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub.app import _WORDS, TOLD_FOR, App, Settings, _gaps, _journal, _serial, opened
from hub.config import Config
from hub.errors import NotFoundError
from hub.ingest.gaps import Gap, Why
from hub.ingest.link import SerialPort, Status
from hub.journal.sqlite import SqliteJournal
from hub.kept import Kept
from hub.model import NS, Message, Source

NOW = 1_790_000_000 * NS


def settings(folder: Path) -> Settings:
    """Return the settings of a hub on a folder."""
    return Settings(
        data=str(folder), mode="run", lan=False, secret="s", mqtt="mqtt://x", use_case="cold_room", config=Config()
    )


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[App]:
    """Lend a hub whose journal holds three messages, and one that was erased; nothing of it runs."""

    def prepare() -> App:
        with closing(SqliteJournal(tmp_path)) as journal:
            journal.append([Message("a/b", b"\xfe\x00", 7), Message("a/c", b"2", 8)])
            journal.append([Message("a/d", b"x" * 3_000, 9), Message("a/e", b"forget me", 10)])
            journal.erase([4])
        return opened(settings(tmp_path))

    app = await asyncio.to_thread(prepare)
    yield app
    await app.close()


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
    part = _journal(status, now=NOW)
    assert part["status"] == ("ok" if word is None else "degraded")
    if word is not None:
        assert part["text"] == _WORDS[word]["text"]
        assert set(part["text"]) == set(part["remedy"]) == {"fr", "en"}
    assert (part["used"], part["budget"], part["dropped"]) == (status.used, status.budget, status.dropped)


@pytest.mark.parametrize("why", [why for why in Why if why is not Why.JOURNAL])
def test_what_may_be_missing_is_told_with_its_times_for_an_hour(why: Why) -> None:
    """In both languages; counted for ever."""
    status = Status(gap=4, gaps=[Gap(Why.JOURNAL, 0, NS, 7), Gap(why, NOW - 5 * NS, NOW)])
    part = _gaps(status, NOW)
    assert (part["status"], part["count"]) == ("degraded", 4)
    assert set(part["text"]) == set(part["remedy"]) == {"fr", "en"}
    assert [(each["why"], each["since"], each["messages"]) for each in part["newest"]] == [
        (why, "2026-09-21T14:13:15Z", None),
        ("journal", "1970-01-01T00:00:00Z", 7),
    ]
    assert _gaps(status, NOW + TOLD_FOR)["status"] == "ok"
    assert _gaps(Status(), NOW) == {"status": "ok", "text": None, "remedy": None, "count": 0, "newest": []}


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
    app = opened(settings(tmp_path))
    assert app._parts_now()["store"]["text"] == _WORDS["store_renewed"]["text"]
    assert list(tmp_path.glob("store.db.corrupt.*"))
    app._kept.close()


async def test_a_message_of_the_journal_is_given_whole_by_its_position(hub: App) -> None:
    """Its bytes and its arrival, also from the middle of a group; more than the list shows of it."""
    found = [await hub.message(position) for position in (1, 2, 3)]
    assert [(each.topic, each.payload, each.received) for each in found] == [
        ("a/b", b"\xfe\x00", 7),
        ("a/c", b"2", 8),
        ("a/d", b"x" * 3_000, 9),
    ]


@pytest.mark.parametrize("position", [-1, 0, 4, 5, 2**62])
async def test_a_position_that_the_journal_does_not_hold_is_said(hub: App, position: int) -> None:
    """Erased, or never there; never another message in its stead."""
    with pytest.raises(NotFoundError, match=f"no message {position} in the journal"):
        await hub.message(position)


async def test_messages_are_read_as_they_would_be_without_being_journalled(hub: App) -> None:
    """Each alone: the preview of an import."""
    rows = [Message("csv/oven", b'{"t [\xc2\xb0F]":71.6}', 1, Source.IMPORT, time=5), Message("csv/oven", b"{}", 2)]
    first, second = await hub.decoded(rows)
    assert [(each["channel"], each["value"], each["unit"]) for each in first["readings"]] == [("t", 22.0, "°C")]
    assert (second["kind"], second["rejected"][0]["reason"]) == (None, "an empty document: no value")
    with pytest.raises(NotFoundError):
        await hub.message(5)


def test_a_port_that_is_left_alone_is_no_trouble() -> None:
    """A radio stick of Zigbee2MQTT is listed; only what should work and does not is told."""
    stick = SerialPort("stick", "/dev/ttyUSB0", "unread")
    assert _serial([stick, SerialPort("uno", "/dev/ttyACM0", "open")])["status"] == "ok"
    part = _serial([stick, SerialPort("uno", "/dev/ttyACM0", "busy", "taken")])
    assert part["text"] == _WORDS["serial_busy"]["text"]
    assert part["reason"] == "uno (/dev/ttyACM0): taken"
    assert [each["state"] for each in part["ports"]] == ["unread", "busy"]


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ("device", '{"uid": "acme:a7", "family": "acme", "name": "a7", "run": "real", "availability": 3}'),
        ("device", '{"uid": "acme:a7"'),
        ("run", "no JSON"),
        ("alarm", "{}"),
        ("command", "[1"),
    ],
)
def test_a_store_whose_content_cannot_be_understood_is_renewed_at_once(tmp_path: Path, table: str, wrong: str) -> None:
    """One bit may turn what was written into something else, where SQLite sees nothing wrong (R4)."""
    columns = {"device": "uid, data", "run": "id, data", "alarm": "id, raised, open, data"}
    Kept(tmp_path).close()
    with closing(apsw.Connection(str(tmp_path / "store.db"))) as db:
        row = {"alarm": ("a", 1, 1, wrong), "command": ("a", 1, "d", wrong)}.get(table, ("a", wrong))
        names = columns.get(table, "id, wall, device, data")
        db.execute(f"INSERT INTO {table}({names}) VALUES ({','.join('?' * len(row))})", row)
    settings = Settings(
        data=str(tmp_path), mode="run", lan=False, secret="s", mqtt="mqtt://x", use_case="cold_room", config=Config()
    )
    app = opened(settings)
    assert app._parts_now()["store"]["text"] == _WORDS["store_renewed"]["text"]
    app._kept.close()
