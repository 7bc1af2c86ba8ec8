"""Two ingests of one journal on a real NATS server: one works, the other stands by (hub/ingest/standby.py)."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
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


async def test_one_that_stands_by_tells_its_hub_how_far_the_journal_is_and_takes_nothing(
    broker: Broker, pair: list[Ingest]
) -> None:
    """A hub without its turn shows what the others hear; what only the writer can do is refused with a word."""
    client, ends = LinkClient(pair[1].folder), asyncio.Queue[int]()
    client.on_end(ends.put_nowait)
    running = asyncio.create_task(client.run())
    try:
        await asyncio.to_thread(say, broker, 1)
        while await asyncio.wait_for(ends.get(), 20) < 1:
            pass
        with pytest.raises(JournalError, match="this worker stands by"):
            await client.append([Message("a", b"1", 1)])
    finally:
        running.cancel()
    with closing(place.reader(pair[1].folder)) as reader:
        assert await asyncio.to_thread(reader.read, 0, 10)


def test_one_that_ends_in_order_hands_its_turn_over(broker: Broker, pair: list[Ingest]) -> None:
    """And one that stands by ends as soon as it is told."""
    first, second = pair
    assert first.end() == 0
    say(broker, 1)
    second.wait_for(1)
    assert second.end() == 0
