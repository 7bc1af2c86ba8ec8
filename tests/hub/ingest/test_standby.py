"""Two ingests of one journal on a real NATS server: one works, the other stands by (hub/ingest/standby.py)."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import paho.mqtt.publish
import pytest

from hub.errors import JournalError
from hub.ingest import standby as standby_module
from hub.ingest.link import UNANSWERED, Append, Publish, Status, wish
from hub.ingest.linkclient import LinkClient
from hub.ingest.standby import Standby
from hub.journal import lease, place
from hub.journal.jetstream import JetStreamReader
from hub.journal.lease import Lease
from hub.journal.nats_link import Url
from hub.model import Message
from servers import nats
from servers.brokers import Broker, running
from servers.ingest import Ingest
from servers.ports import HOST, until


@pytest.fixture
def broker() -> Iterator[Broker]:
    """Lend a broker."""
    with running("embedded") as lent:
        yield lent


@pytest.fixture
def pair(broker: Broker, tmp_path: Path) -> Iterator[list[Ingest]]:
    """Lend two ingests that have folders of their own and one journal; the first has begun to work."""
    url, both = nats.fresh_url(), [Ingest(broker, tmp_path / name) for name in ("one", "two")]
    for each in both:
        each.folder.mkdir()
        place.note(each.folder, url)
    both[0].start()
    until("the first has subscribed", (both[0].folder / "subscription.json").exists)
    both[1].start()
    yield both
    for each in both:
        each.kill()


def say(broker: Broker, *numbers: int) -> None:
    """Let a device speak, each word confirmed by the broker."""
    for number in numbers:
        paho.mqtt.publish.single("a/b", f"{number}", qos=1, hostname=HOST, port=broker.port)


async def test_a_killed_one_is_followed_by_the_other_and_nothing_is_lost_or_doubled(
    broker: Broker, pair: list[Ingest]
) -> None:
    """Its session at the broker goes with the turn; until then whoever wants something written hears so."""
    first, second = pair
    await asyncio.to_thread(say, broker, 1, 2)
    await asyncio.to_thread(first.wait_for, 2)
    async with linked(second) as (client, _):
        await asyncio.to_thread(first.kill)
        with pytest.raises(JournalError, match="stands by"):
            await client.append([Message("webhook/a", b"1", 1)])
    await asyncio.to_thread(say, broker, 3, 4)
    await asyncio.to_thread(second.wait_for, 4)
    await asyncio.to_thread(say, broker, 5)
    found = await asyncio.to_thread(second.wait_for, 5)
    assert [each.message.payload for each in found if not each.repeat] == [b"1", b"2", b"3", b"4", b"5"]


async def test_one_that_stands_by_serves_its_hub_and_takes_over_from_one_that_ends_in_order(
    broker: Broker, pair: list[Ingest]
) -> None:
    """A webhook, a phone or a session's beginning may come to any worker; each hub shows what the others hear."""
    first, second = pair
    async with linked(second) as (client, ends):
        await asyncio.to_thread(say, broker, 1)
        while await asyncio.wait_for(ends.get(), 30) < 1:
            pass
        assert await client.append([Message("webhook/a", b"2", 1), Message("webhook/a", b"3", 2)]) == 3
        assert await client.erase([2]) == 1
    found = await asyncio.to_thread(first.records)
    assert [each.message.payload for each in found] == [b"1", b"", b"3"]
    assert await asyncio.to_thread(first.end) == 0
    await asyncio.to_thread(say, broker, 4)
    await asyncio.to_thread(second.wait_for, 4)
    assert await asyncio.to_thread(second.end) == 0


async def test_what_a_person_wants_said_to_a_device_goes_out_by_the_one_that_listens(
    broker: Broker, pair: list[Ingest]
) -> None:
    """The page of a worker that stands by commands devices too; what every hub says by itself is said once."""
    first, second = pair
    async with linked(second) as (client, _):
        client.publish("cmnd/plug/STATUS", b"0")
        client.publish("cmnd/plug/POWER", b"ON", by_hand=True)
        await asyncio.to_thread(first.wait_for, 1)
        await asyncio.to_thread(say, broker, 2)
        found = await asyncio.to_thread(first.wait_for, 2)
    assert [(each.message.topic, each.message.payload) for each in found] == [
        ("cmnd/plug/POWER", b"ON"),
        ("a/b", b"2"),
    ]


async def test_one_that_stands_by_tells_how_the_broker_and_the_journal_are(broker: Broker, pair: list[Ingest]) -> None:
    """Its page must not say that all is well where the one that listens has lost the broker."""
    second, told = pair[1], asyncio.Queue[Status | None]()
    async with linked(second) as (client, _):
        client.on_status(told.put_nowait)
        said = await until_told(told, lambda each: each.relays is True)
        assert (said.standby, said.connected) == (True, False)
        assert said.budget > 0
        await asyncio.to_thread(broker.kill)
        said = await until_told(told, lambda each: each.relays is False)
        assert said.reason


async def until_told(told: asyncio.Queue[Status | None], wanted: Callable[[Status], bool]) -> Status:
    """Return the first status that is as wanted."""
    async with asyncio.timeout(30):
        while (said := await told.get()) is None or not wanted(said):
            pass
    return said


@asynccontextmanager
async def linked(ingest: Ingest) -> AsyncIterator[tuple[LinkClient, asyncio.Queue[int]]]:
    """Lend what a hub has of its ingest: the link, and the journal's ends as they are told."""
    client, ends = LinkClient(ingest.folder), asyncio.Queue[int]()
    client.on_end(ends.put_nowait)
    running = asyncio.create_task(client.run())
    try:
        await asyncio.wait_for(ends.get(), 30)
        yield client, ends
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def stands_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Lease, Lease, Standby]]:
    """Lend the lease of one that has the turn, however slow its renewal, and another's that is about to wait."""
    monkeypatch.setattr(lease, "LIVES_S", 600.0)
    url = Url.parsed(nats.fresh_url())
    with closing(Lease(url, "one")) as first, closing(Lease(url, "two")) as second:
        assert first.acquire()
        yield first, second, Standby(tmp_path, second, JetStreamReader(url), "mqtt://broker")


@contextmanager
def waiting(standby: Standby) -> Iterator[None]:
    """Let it wait for its turn."""
    thread = threading.Thread(target=standby.wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        standby.stop()
        thread.join()


def test_one_that_stands_by_learns_as_whom_it_will_listen_before_its_turn(
    stands_by: tuple[Lease, Lease, Standby],
) -> None:
    """When a server dies with the worker that listened, who would tell may have no leader yet; it is known by then."""
    first, _, standby = stands_by
    with waiting(standby):
        assert standby.client_id is None
        first.agreed("client-id", "hub-a")
        until("it knows", lambda: standby.client_id == "hub-a")


def test_one_that_stands_by_looks_for_its_turn_while_nobody_tells_as_whom_it_will_listen(
    stands_by: tuple[Lease, Lease, Standby], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question would take 2 s of the time in which it serves its hub and takes over."""
    _, second, standby = stands_by
    monkeypatch.setattr(standby_module, "LEARN_LATER_S", 3600.0)
    acquire, did = second.acquire, list[str]()

    def known(_name: str) -> str:
        did.append("asked")
        raise JournalError("no leader")  # noqa: EM101, TRY003 — as a stream that has none

    def looks() -> bool:
        did.append("looked")
        return acquire()

    monkeypatch.setattr(second, "known", known)
    monkeypatch.setattr(second, "acquire", looks)
    with waiting(standby):
        until("it looked for its turn", lambda: did.count("looked") > 3)
    assert did.count("asked") == 1


def test_a_note_is_passed_on_before_the_command_it_tells_of_and_nobody_waits_for_it(
    stands_by: tuple[Lease, Lease, Standby], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the one that listens does not answer, a command that waited for that would go out late."""
    first, second, standby = stands_by
    heard = list[object]()
    first.serve(lambda said, _reply: heard.append(wish(said)))
    note = Append(UNANSWERED, [Message("matinales/deed", b"{}", 1)])
    command = Publish("cmnd/plug/POWER", b"ON", by_hand=True)
    monkeypatch.setattr(second, "ask", lambda _question: pytest.fail("it waits for an answer"))
    with waiting(standby):
        for each in (note, command):
            standby._handle(each, None)  # type: ignore[arg-type]
        until("both were heard", lambda: len(heard) > 1)
    assert heard == [note, command]
