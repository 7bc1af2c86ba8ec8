"""Two ingests of one journal on a real NATS server: one works, the other stands by (hub/ingest/standby.py)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import paho.mqtt.publish
import pytest

from hub.errors import JournalError
from hub.ingest.linkclient import LinkClient
from hub.journal import place
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


def test_a_killed_one_is_followed_by_the_other_and_nothing_is_lost_or_doubled(
    broker: Broker, pair: list[Ingest]
) -> None:
    """Its session at the broker goes with the turn: what was confirmed meanwhile waits there."""
    first, second = pair
    say(broker, 1, 2)
    first.wait_for(2)
    first.process.kill()
    say(broker, 3, 4)
    found = second.wait_for(4)
    say(broker, 5)
    found = second.wait_for(5)
    assert [each.message.payload for each in found if not each.repeat] == [b"1", b"2", b"3", b"4", b"5"]


async def test_one_that_stands_by_tells_its_hub_how_far_the_journal_is(broker: Broker, pair: list[Ingest]) -> None:
    """A hub without its turn shows what the others hear."""
    async with linked(pair[1]) as (_, ends):
        await asyncio.to_thread(say, broker, 1)
        while await asyncio.wait_for(ends.get(), 20) < 1:
            pass
    with closing(place.reader(pair[1].folder)) as reader:
        assert await asyncio.to_thread(reader.read, 0, 10)


async def test_what_its_hub_wants_journalled_or_erased_is_done_by_the_one_that_writes(pair: list[Ingest]) -> None:
    """A webhook, a phone or a session's beginning may come to any worker."""
    async with linked(pair[1]) as (client, _):
        assert await client.append([Message("webhook/a", b"1", 1), Message("webhook/a", b"2", 2)]) == 2
        assert await client.erase([1]) == 1
    found = await asyncio.to_thread(pair[0].records)
    assert [each.message.payload for each in found] == [b"", b"2"]


async def test_where_nobody_writes_its_hub_is_told_so(pair: list[Ingest]) -> None:
    """And may say it again."""
    async with linked(pair[1]) as (client, _):
        pair[0].process.kill()
        with pytest.raises(JournalError, match="stands by"):
            await client.append([Message("webhook/a", b"1", 1)])


@asynccontextmanager
async def linked(ingest: Ingest) -> AsyncIterator[tuple[LinkClient, asyncio.Queue[int]]]:
    """Lend what a hub has of its ingest: the link, and the journal's ends as they are told."""
    client, ends = LinkClient(ingest.folder), asyncio.Queue[int]()
    client.on_end(ends.put_nowait)
    running = asyncio.create_task(client.run())
    try:
        await asyncio.wait_for(ends.get(), 20)
        yield client, ends
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def test_one_that_ends_in_order_hands_its_turn_over(broker: Broker, pair: list[Ingest]) -> None:
    """And one that stands by ends as soon as it is told."""
    first, second = pair
    assert first.end() == 0
    say(broker, 1)
    second.wait_for(1)
    assert second.end() == 0
