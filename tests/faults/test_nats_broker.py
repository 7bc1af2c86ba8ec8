"""NATS itself as the broker, by its MQTT 3.1.1 listener: the same ledger as on the others (reliability.md §3.3, S1)."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from device_sims.link import Broker as Address
from hub.bench import _books
from hub.bench._devices import Devices
from hub.bench._ledger import Key
from servers import nats
from servers.brokers import Broker
from servers.ingest import Ingest, ingesting
from servers.ports import HOST, free_port

WINDOW = 100
"""NATS keeps so many messages in flight towards one subscription (`max_ack_pending`, its default for MQTT)."""


@dataclass(frozen=True)
class Listener(Broker):
    """NATS's MQTT listener."""


def lent(server: nats.Nats) -> Broker:
    """Return it as a broker."""
    return Listener("nats", server.mqtt, WINDOW, server.folder)


async def ledger(folder: Path, faults: Callable[[Ingest, nats.Nats], None], *, rate: float, seconds: float) -> int:
    """Load an ingest behind NATS while `faults` happen; assert that what devices saw confirmed is there once."""
    with nats.to_kill(mqtt=free_port()) as server, ingesting(lent(server), folder) as ingest:
        fleet = Devices(Address(HOST, server.mqtt), 20, random.Random(7))
        await subscribed(ingest)
        await fleet.gather()
        try:
            loading = asyncio.create_task(fleet.load(rate, seconds))
            await asyncio.sleep(seconds / 4)
            await asyncio.to_thread(faults, ingest, server)
            await loading
            await fleet.drained(60)
        finally:
            await fleet.close()
        confirmed, found = fleet.confirmed, set[Key]()
        for _ in range(600):  # NATS hands out again after half a minute what was under way at a kill
            found = await asyncio.to_thread(keys, folder)
            if confirmed <= found:
                break
            await asyncio.sleep(0.1)
        assert confirmed - found == set()
        assert len(confirmed) > rate * seconds / 3
        assert found <= fleet.books.keys()
        return len(confirmed)


async def subscribed(ingest: Ingest) -> None:
    """Wait until the broker has granted the subscription."""
    for _ in range(400):
        if (ingest.folder / "subscription.json").exists():
            return
        await asyncio.sleep(0.05)
    msg = "NATS did not grant the subscription"
    raise TimeoutError(msg)


def keys(folder: Path) -> set[Key]:
    """Return whose messages are in the journal."""
    return {each.key for each in _books.written(folder)}


@pytest.mark.timeout(120)
async def test_an_ingest_killed_behind_nats_loses_nothing_that_a_device_saw_confirmed(tmp_path: Path) -> None:
    """R1 on NATS's own listener: its session waits, and hands out again what was not confirmed."""

    def kill(ingest: Ingest, _server: nats.Nats) -> None:
        ingest.kill()
        ingest.start()

    await ledger(tmp_path, kill, rate=200, seconds=2)


@pytest.mark.long
@pytest.mark.timeout(200)
async def test_nats_killed_as_a_broker_loses_nothing_that_a_device_saw_confirmed(tmp_path: Path) -> None:
    """It syncs each message before it confirms it, so even its own death costs nothing; Mosquitto's does."""

    def kill(ingest: Ingest, server: nats.Nats) -> None:
        for _ in range(3):
            server.kill()
            server.start()
            ingest.kill()
            ingest.start()

    many = await ledger(tmp_path, kill, rate=500, seconds=20)
    print(f"{many} messages confirmed, none lost")  # noqa: T201 — figures of the long tier are reported
