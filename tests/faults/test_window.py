"""A connection that ends with the whole window unconfirmed (reliability.md §2.2, R16)."""

import asyncio
import socket
from pathlib import Path

import pytest

from hub.bench._publisher import connect_packet
from servers.brokers import Broker
from servers.disks import Disk
from servers.stage import Stage, playing
from servers.web import eventually

MANY = 500


async def filled(stage: Stage, disk: Disk) -> None:
    """Let the devices send 500 messages while nothing can be committed: the broker's window is full of them."""
    disk.full = True
    before = len(stage.devices.books)
    while len(stage.devices.books) < before + MANY:
        for device in stage.devices.all:
            device.say()
        await asyncio.sleep(0.005)
    await stage.devices.drained(30)
    await eventually(lambda: stage.ingest._now().reason)


def in_order(stage: Stage) -> bool:
    """Tell whether each connection was acknowledged in order of arrival, and for nothing but its own messages."""
    return not any(each.out_of_order or each.stray for each in stage.wire.connections) and all(
        each.acknowledged == each.heard[: len(each.acknowledged)] for each in stage.wire.connections
    )


async def test_a_whole_window_is_delivered_again_and_acknowledged_in_order(
    broker: Broker, faulty: Disk, tmp_path: Path
) -> None:
    """Session present: nothing lost, nothing doubled, nothing confirmed before it is journalled."""
    async with playing(broker, tmp_path) as stage:
        await filled(stage, faulty)
        stage.wire.cut()
        faulty.full = False
        await stage.drained()
        await eventually(lambda: stage.ingest._now().session_present)
        assert len(stage.wire.connections) >= 2
        assert stage.early == []
        assert in_order(stage)
        assert stage.ingest._now().gap == 0
        assert (await stage.judged()).good


async def test_where_the_broker_lost_the_session_the_gap_is_told_and_nothing_stale_confirmed(
    broker: Broker, faulty: Disk, tmp_path: Path
) -> None:
    """Session not present: what the broker forgot is a gap; no id of the old connection reaches the new one."""
    async with playing(broker, tmp_path) as stage:
        await filled(stage, faulty)
        taken_over(broker.port)
        faulty.full = False
        await eventually(lambda: stage.ingest._now().gap == 1)
        await eventually(lambda: stage.ingest._now().subscribed)
        await stage.devices.load(400, 0.3)
        last = [device.book[-1].key for device in stage.devices.all]
        await eventually(lambda: stage.acked.issuperset(last))
        assert stage.early == []
        assert in_order(stage)
        assert (await stage.judged()).good


def taken_over(port: int) -> None:
    """Wipe the hub's session: somebody else connects under its name, with a clean one."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as other:
        other.sendall(connect_packet("inside"))
        assert other.recv(4) == b"\x20\x02\x00\x00"
        other.sendall(b"\xe0\x00")


@pytest.mark.parametrize("dup", [True, False], ids=["DUP", "no DUP"])
async def test_every_message_twice_is_stored_once(broker: Broker, tmp_path: Path, dup: bool) -> None:  # noqa: FBT001 — a parameter
    """R15: a device repeats after a lost PUBACK, at once or later, with its flag or without."""
    async with playing(broker, tmp_path) as stage:
        for _ in range(40):
            for device in stage.devices.all:
                device.say()
                device.repeat(dup=dup)
            await asyncio.sleep(0.01)
        stage.wire.cut()
        await stage.drained()
        verdict = await stage.judged()
        assert verdict.good, verdict.counts()
        heard = sum(len(each.acknowledged) for each in stage.wire.connections)
        assert heard > len(stage.devices.books) + 100
