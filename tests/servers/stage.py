"""Devices → broker → recording wire → an ingest in the test's own process: every PUBACK is checked as it passes."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from device_sims.link import Broker as Address
from hub.bench import _books
from hub.bench._devices import Devices
from hub.bench._ledger import Key, Verdict
from hub.bench._wire import Recorded, Wire
from hub.ingest.__main__ import Ingest
from servers import inside
from servers.brokers import Broker
from servers.web import eventually

RATE = 400.0


class Stage:
    """What is confirmed is compared with the journal at once.

    Attributes:
        folder: the data folder.
        early: messages whose PUBACK passed before the journal had them.
        wire: between broker and ingest.
        devices: eight of them.
        ingest: runs in a thread of this process.
    """

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
        await self.devices.drained(30)
        await eventually(lambda: self.acked >= self.devices.books.keys())

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


@asynccontextmanager
async def playing(broker: Broker, folder: Path, *, budget: int = 1_000_000_000) -> AsyncIterator[Stage]:
    """Run one that has begun to work."""
    made = Stage(broker, folder)
    async with made.wire:
        with inside.ingesting(folder, made.wire.port, window=broker.window, budget=budget) as made.ingest:
            await eventually((folder / "subscription.json").exists)
            await made.devices.gather()
            await made.devices.load(RATE, 0.3)
            yield made
            await made.devices.close()
            # stopping blocks until the ingest has said goodbye through the wire
            made.ingest.stop()
            await eventually(lambda: made.ingest._edge._client.connection is None)
