"""How the hub starts on a damaged store, and how its parts are told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from hub import app as app_module
from hub import provisioned
from hub.app import App, Settings, opened
from hub.config import Config
from hub.errors import NotFoundError
from hub.journal.sqlite import SqliteJournal
from hub.kept import Kept
from hub.lan.room import Room
from hub.live import Batch
from hub.model import NS, Message, Source
from hub.parts import WORDS
from hub.provisioning import AccountWish, Sitting
from hub.store.base import Range
from hub.store.retention import DAY
from hub.understand import Changes
from hub.workshop.session import Moment, Wish, archived, started
from hub.workshop.store import SessionStore
from servers.alarms import spoken
from servers.stores import reading, readings
from servers.web import eventually

NOW = 1_790_000_000 * NS
SPOKEN = spoken(8, run="real", raised_at=8)


def settings(folder: Path, config: Config = Config()) -> Settings:  # noqa: B008 — frozen
    """Return the settings of a hub on a folder."""
    return Settings(
        data=str(folder), mode="run", lan=False, secret="s", mqtt="mqtt://x", use_case="cold_room", config=config
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


async def test_another_worker_gives_accounts_at_the_broker_of_the_first_and_ends_none(tmp_path: Path) -> None:
    """Whoever guards that broker reads one file; a session that this worker has not heard of yet is not over."""
    first, second = tmp_path / "data", tmp_path / "data" / "workers" / "2"
    second.mkdir(parents=True)
    app = await asyncio.to_thread(opened, replace(settings(second), accounts=str(first)))
    try:
        wish = AccountWish(name="oven", until_archive=True)
        await asyncio.to_thread(app.provisioning.give, wish, Sitting("s-1", "Bakers"))
        await asyncio.to_thread(app._end_accounts)
        assert list(provisioned.listed(first)) == ["oven"]
        assert not (second / provisioned.FILE).exists()
    finally:
        await app.close()


@pytest.mark.parametrize("table", ["device", "rule", "context", "newest"])
def test_a_store_whose_damage_shows_only_when_it_is_read_is_renewed_at_once(tmp_path: Path, table: str) -> None:
    """No second start by hand: the file is moved aside, the hub is there, and says so."""
    with closing(Kept(tmp_path)) as kept:
        kept.commit(Changes(position=1, readings=[reading()]), [], {}, [reading()])
    with closing(apsw.Connection(str(tmp_path / "store.db"))) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
    with (tmp_path / "store.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    app = opened(settings(tmp_path))
    assert app._parts_now()["store"]["text"] == WORDS["store_renewed"]["text"]
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
    app = opened(settings(tmp_path))
    assert app._parts_now()["store"]["text"] == WORDS["store_renewed"]["text"]
    app._kept.close()


async def test_what_was_typed_in_a_session_that_is_over_is_kept_back_before_a_page_is_served(tmp_path: Path) -> None:
    """Nothing of the hub runs yet."""
    over = archived(started("s1", Wish(title="Bakers"), Moment(1, 7)), Moment(3, 9))
    with closing(SessionStore(tmp_path)) as store:
        store.put(over)
    app = await asyncio.to_thread(opened, settings(tmp_path))
    try:
        app.live.apply(Batch(alarms=[SPOKEN, replace(SPOKEN, id="b", acknowledged_at=99)]))
        comments = {each["id"]: each["comment"] for each in app.live.alarm_views()}
        assert comments == {"a": None, "b": "I close the door"}
    finally:
        await app.close()


async def test_words_are_kept_back_before_anything_else_is_shown_of_a_session_that_ends(
    hub: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No screen of the next one comes before."""
    order: list[str] = []

    def noting(name: str) -> Callable[[], Awaitable[None]]:
        async def look() -> None:
            order.append(name)

        return look

    for name in ("_show_veil", "_show_session", "_show_choices"):
        monkeypatch.setattr(hub, name, noting(name))
    await hub._show_sessions()
    assert order[0] == "_show_veil"


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


async def test_the_room_is_told_goodbye_while_the_last_answers_go_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ordinary stop takes as long as the slowest of what it waits for, not all of it one after the other."""
    said: list[str] = []

    async def run(_room: Room) -> None:
        said.append("hello")
        try:
            await asyncio.Event().wait()
        finally:
            said.append("goodbye")

    monkeypatch.setattr(Room, "run", run)
    app = await asyncio.to_thread(opened, settings(tmp_path))
    await app.start()
    await eventually(lambda: said)
    await app.take_leave()
    assert said == ["hello", "goodbye"]
    await app.close()
