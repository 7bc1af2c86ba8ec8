"""A disk that fails or is full: nothing is acknowledged that is not on it, and all goes on (reliability.md R9, R10)."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import apsw
import pytest

from device_sims.link import Broker as Address
from hub.bench import _books
from hub.bench._devices import Devices
from hub.bench._ledger import Key, Verdict, judge
from hub.bench._wire import Recorded, Wire
from hub.ingest.__main__ import Ingest
from servers import inside
from servers.brokers import Broker
from servers.disks import Disk
from servers.web import eventually

RATE = 400.0


class Stage:
    """Devices → broker → wire → ingest in this process; what is confirmed is compared with the journal at once."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        """Prepare it."""
        self.folder = folder
        self.early: list[Key] = []
        self.wire = Wire(broker.port, acknowledged=self._looked_up)
        self.devices = Devices(Address("127.0.0.1", broker.port), 8, random.Random(7))
        self.ingest: Ingest
        self._confirmed = 0

    @property
    def acked(self) -> set[Key]:
        """Messages whose PUBACK the hub sent."""
        found = (_books.key(*each) for recorded in self.wire.connections for each in recorded.acknowledged)
        return {key for key in found if key is not None}

    @property
    def pubacks(self) -> int:
        """How many."""
        return sum(len(each.acknowledged) for each in self.wire.connections)

    async def drained(self) -> None:
        """Wait until devices and hub have confirmed everything."""
        await self.devices.drained(20)
        await eventually(lambda: self.acked >= self.devices.books.keys(), within=20)

    async def judged(self) -> Verdict:
        """Stop, open journal and store anew, and judge what the hub confirmed."""
        book = list(self.devices.books.values())
        acked = self.acked
        return await inside.off_loop(self.folder, book, [each for each in book if each.key in acked])

    def _looked_up(self, recorded: Recorded) -> None:
        there = {record.key for record in _books.written(self.folder)}
        for topic, payload in recorded.acknowledged[self._confirmed :]:
            key = _books.key(topic, payload)
            if key is not None and key not in there:
                self.early.append(key)
        self._confirmed = len(recorded.acknowledged)


@pytest.fixture
async def stage(embedded: Broker, faulty: Disk, tmp_path: Path) -> AsyncIterator[Stage]:
    """Lend one that has begun to work."""
    assert not faulty.full
    async with playing(embedded, tmp_path) as lent:
        yield lent


@asynccontextmanager
async def playing(broker: Broker, folder: Path) -> AsyncIterator[Stage]:
    """Run one."""
    made = Stage(broker, folder)
    async with made.wire:
        with inside.ingesting(folder, made.wire.port) as made.ingest:
            await eventually((folder / "subscription.json").exists)
            await made.devices.gather()
            await made.devices.load(RATE, 0.3)
            yield made
            await made.devices.close()
            # stopping blocks until the ingest has said goodbye through the wire
            made.ingest.stop()
            await eventually(lambda: made.ingest._edge._client.connection is None)


async def test_one_failed_sync_costs_a_file_and_no_message(stage: Stage, faulty: Disk) -> None:
    """R10: the group is not acknowledged before it lies in a new file; the incident is told."""
    faulty.syncs_to_fail = 1
    await stage.devices.load(RATE, 0.3)
    await stage.drained()
    assert faulty.syncs_to_fail == 0
    assert stage.ingest._journal.path.name == "journal-1.db"
    assert "could not be written" in str(stage.ingest._now().fault)
    assert stage.early == []
    assert (await stage.judged()).good


async def test_a_disk_that_syncs_no_more_acknowledges_nothing_until_it_does(stage: Stage, faulty: Disk) -> None:
    """Not even a new file can be begun: the broker keeps what comes."""
    faulty.syncs_to_fail = 1_000_000
    loading = asyncio.create_task(stage.devices.load(RATE, 1.0))
    await eventually(lambda: stage.ingest._now().reason)
    before = stage.pubacks
    await loading
    assert stage.pubacks == before
    faulty.syncs_to_fail = 0
    await stage.drained()
    assert stage.early == []
    assert (await stage.judged()).good


async def test_a_full_disk_holds_back_acknowledgements_until_there_is_space(stage: Stage, faulty: Disk) -> None:
    """R9: told with its reason, nothing lost, no file damaged."""
    faulty.full = True
    loading = asyncio.create_task(stage.devices.load(RATE, 1.5))
    await eventually(lambda: stage.ingest._now().reason)
    assert "full" in str(stage.ingest._now().reason)
    before = stage.pubacks
    await loading
    assert stage.pubacks == before
    faulty.full = False
    await stage.drained()
    assert stage.ingest._now().reason is None
    assert stage.early == []
    assert (await stage.judged()).good
    assert list(damaged(stage.folder)) == []


def damaged(folder: Path) -> Iterator[str]:
    """Give what SQLite finds wrong in the files of a folder."""
    for path in folder.glob("*.db"):
        with closing(apsw.Connection(str(path))) as db:
            yield from (text for (text,) in db.execute("PRAGMA integrity_check") if text != "ok")


def test_the_checker_is_told_what_was_acknowledged_too_early(tmp_path: Path) -> None:
    """A message that is not in the journal is lost, whatever the store says."""
    sent = inside.line(0, random.Random(1))
    assert judge([sent.key], {sent.key: sent}, _books.written(tmp_path), []).lost == [sent.key]
