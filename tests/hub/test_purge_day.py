"""A session goes on the date that was shown: by the hub that runs then, or by the next one that starts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest

from hub import app as app_module
from hub.app import App, Settings
from hub.config import Config
from hub.handouts import Handouts
from hub.ingest import phone
from hub.model import NS, Message, Source
from hub.sessions import Sessions
from hub.workshop.note import Place
from hub.workshop.people import Joining, Person
from hub.workshop.session import Session, Wish
from servers.brokers import Broker
from servers.bytes_on_disk import on_disk
from servers.ingest import ingesting
from servers.ports import free_port
from servers.web import eventually

EVE, DAY = date(2026, 12, 23), date(2026, 12, 24)
AT = 1_797_000_000 * NS
TITLE, NAME, NOTE, REPORT = "Philibert", "Gwendoline", "Hildegarde", "Sidonie"


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """Lend a data folder whose ingest process lives; its broker is away."""
    folder = tmp_path / "data"
    folder.mkdir()
    with ingesting(Broker("embedded", free_port(), 20, tmp_path / "broker"), folder):
        yield folder


class Clock:
    """The date where the workshop is."""

    def __init__(self) -> None:
        """It is the eve."""
        self.today = EVE

    def __call__(self) -> date:
        """Return it."""
        return self.today


@asynccontextmanager
async def living(data: Path, clock: Clock) -> AsyncIterator[App]:
    """Lend a hub that runs."""
    settings = Settings(
        data=str(data), mode="run", lan=False, secret="s", mqtt="mqtt://x", use_case="cold_room", config=Config()
    )
    app = await asyncio.to_thread(lambda: App(settings, today=clock))
    await app.start()
    try:
        await eventually(lambda: app._link.connected)
        yield app
    finally:
        await app.close()


async def held(app: App, data: Path) -> tuple[Session, Person]:
    """Hold a session: a phone with a first name measures, somebody notes, it is archived, a report is made."""

    def begin(sessions: Sessions) -> tuple[Session, Person]:
        session = sessions.desk.start(Wish(title=TITLE, place="Nantes", purge=DAY.isoformat()))
        person, _ = sessions.people.join(Joining(agreed=True, table=3, name=NAME), None)
        return session, person

    session, person = await app.with_sessions(begin)
    away = Message("tele/kitchen/SENSOR", b'{"DS18B20":{"Temperature":21.5}}', AT, source=Source.HTTP)
    await app.append([phone.measured(person.id, {"slider": 20.0}, AT), away])
    await eventually(lambda: person.device in app.live.devices)
    await app.with_sessions(lambda sessions: sessions.notebook.add(NOTE, "", Place(run="real", time=AT)))
    await eventually(lambda: app.live.room["session"] is not None)
    assert app.live.room["session"]["purge"] == DAY.isoformat(), "every screen says when"
    await app.with_sessions(lambda sessions: sessions.desk.archive(session.id))
    await asyncio.to_thread(Handouts(data).put, session.id, "report.html", REPORT.encode())
    await eventually(lambda: app._sessions.desk.session(session.id).kept)
    return session, person


async def erased(app: App, data: Path, person: Person) -> None:
    """See that nobody knows the session any more, and that no byte of what people typed or measured is left."""
    await eventually(lambda: not app._sessions.desk.sessions())
    words = (TITLE, NAME, NOTE, REPORT, person.id)

    def left() -> dict[str, list[str]]:
        return {word: found for word in words if (found := on_disk(data, word.encode()))}

    async with asyncio.timeout(30):  # SQLite's log goes once nobody reads it
        while found := await asyncio.to_thread(left):  # noqa: ASYNC110 — files tell nobody
            await asyncio.sleep(0.1)
    assert not found
    assert person.device not in app.live.devices


async def test_a_session_goes_on_its_date_from_a_hub_that_runs(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks: journal, store, archive, report and names are empty of it; the day before, all of it is there."""
    monkeypatch.setattr(app_module, "PURGE_EVERY", 0.05)
    clock = Clock()
    async with living(data, clock) as app:
        session, person = await held(app, data)
        await asyncio.sleep(0.2)
        assert [each.id for each in app._sessions.desk.sessions()] == [session.id]
        assert await asyncio.to_thread(on_disk, data, NAME.encode())
        clock.today = DAY
        await erased(app, data, person)


async def test_a_session_whose_date_came_while_the_hub_was_off_goes_at_its_next_start(data: Path) -> None:
    """However long ago that was."""
    clock = Clock()
    async with living(data, clock) as app:
        session, person = await held(app, data)
    assert await asyncio.to_thread(on_disk, data, NAME.encode())
    clock.today = date(2027, 6, 1)
    async with living(data, clock) as app:
        await erased(app, data, person)
    assert not (data / "sessions" / session.id).exists()
