"""Brokers that restart, die, come late, or wait for a hub that is away (reliability.md §3.2, R2, R7, R8)."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from device_sims.link import Broker as Address
from hub.bench._devices import Devices
from hub.bench._ledger import Verdict
from hub.bench._plant import HOST, Plant
from hub.model import rfc3339
from servers.brokers import KINDS, needs

RATE = 300.0
ABOUT_A_COMMIT = 300
"""Messages of a second: what a killed broker may take along while the hub lives (reliability.md §1.3)."""


@asynccontextmanager
async def loaded(plant: Plant, many: int = 20) -> AsyncIterator[Devices]:
    """Lend devices that are connected to the plant's broker."""
    devices = Devices(Address(HOST, plant.broker_port), many, random.Random(7))
    await devices.gather()
    try:
        yield devices
    finally:
        await devices.close()


async def judged(plant: Plant, devices: Devices, *, whole: bool = False) -> tuple[Verdict, Verdict]:
    """Drain, and return both verdicts: of what the hub confirmed, and of what the devices saw confirmed.

    `whole`: wait until as many messages are journalled as the devices saw confirmed.
    """
    await devices.drained(30)
    await plant.drained(len(devices.confirmed) if whole else 0)
    return (
        await asyncio.to_thread(plant.verdict, plant.acknowledged, devices.books),
        await asyncio.to_thread(plant.verdict, devices.confirmed, devices.books),
    )


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["in order", "kill -9"])
async def test_a_broker_that_restarts_costs_the_hub_nothing(kind: str, how: str, tmp_path: Path) -> None:
    """R7: what the hub confirmed is stored; what went with the broker is little, and told as a possible gap."""
    needs(kind)
    async with Plant(tmp_path, kind) as plant, loaded(plant) as devices:
        await devices.load(RATE, 1.0)
        loading = asyncio.create_task(devices.load(RATE, 2.0))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(plant.stop_broker if how == "in order" else lambda: plant.kill("broker"))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(plant.start_broker)
        await loading
        await devices.load(RATE, 0.5)
        hub, device = await judged(plant, devices)
        gaps = (await plant.health())["parts"]["broker"]["gaps"]
    assert hub.good, hub.counts()
    assert (device.dup, device.ghost, device.mismatch) == ([], [], [])
    assert len(device.lost) <= (0 if kind == "mosquitto" and how == "in order" else ABOUT_A_COMMIT)
    assert gaps or not device.lost
    assert gaps or kind == "mosquitto"
    assert not any(each.out_of_order or each.stray for each in plant.wire.connections)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_broker_killed_after_its_snapshot_doubles_nothing_and_the_gap_is_told(tmp_path: Path) -> None:
    """R7: it comes back with the session of its last snapshot, and delivers again what was acknowledged since."""
    needs("mosquitto")
    async with Plant(tmp_path, "mosquitto", with_broker=False) as plant:
        changed(plant, {"autosave_interval": "autosave_interval 1"})
        await asyncio.to_thread(plant.start_broker)
        async with loaded(plant, 100) as devices:
            for _ in range(2):
                loading = asyncio.create_task(devices.load(RATE, 16))
                await asyncio.sleep(14)
                await asyncio.to_thread(plant.kill, "broker")
                await asyncio.to_thread(plant.start_broker)
                await loading
            hub, device = await judged(plant, devices)
            again = sum(len(each.heard) for each in plant.wire.connections) - len(devices.books)
            gaps = (await plant.health())["parts"]["gaps"]
    print(f"about {again} delivered again, {len(device.lost)} lost with the broker", gaps)  # noqa: T201 — reported
    assert hub.good, hub.counts()
    assert (device.dup, device.ghost, device.mismatch) == ([], [], [])
    assert gaps["count"] == 2
    assert {each["why"] for each in gaps["newest"]} == {"restart"}


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_broker_that_is_absent_for_five_minutes_is_found_again(tmp_path: Path) -> None:
    """R7: both at once, so that they are waited for once."""

    async def course(kind: str) -> None:
        needs(kind)
        (folder := tmp_path / kind).mkdir()
        async with Plant(folder, kind) as plant, loaded(plant) as devices:
            await devices.load(RATE, 2)
            await asyncio.to_thread(plant.stop_broker)
            await asyncio.sleep(300)
            before = plant.pubacks
            await asyncio.to_thread(plant.start_broker)
            begin = time.monotonic()
            loading = asyncio.create_task(devices.load(RATE, 5))
            await plant.until("messages are acknowledged again", lambda: plant.pubacks > before)
            print(f"{kind}: back after {time.monotonic() - begin:.1f} s")  # noqa: T201 — figures of the long tier are reported
            await loading
            hub, device = await judged(plant, devices)
            gaps = (await plant.health())["parts"]["gaps"]["count"]
        assert hub.good, hub.counts()
        assert gaps or device.good, device.counts()
        assert gaps or kind == "mosquitto"

    await asyncio.gather(*(course(kind) for kind in KINDS))


def changed(plant: Plant, settings: dict[str, str]) -> None:
    """Change lines of the broker's file, each by the setting it begins with, before the broker is started."""
    lines = plant.file.read_text(encoding="utf-8").splitlines()
    text = "\n".join(settings.get(line.partition(" ")[0], line) for line in lines)
    plant.file.write_text(text + "\n", encoding="utf-8")


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP: a POSIX system")
async def test_a_loss_beyond_the_embedded_brokers_queue_is_told(tmp_path: Path) -> None:
    """R2: it drops the oldest without a word; the hub says that some may be missing, and of when."""
    small = {"max_segment_size": "max_segment_size = 1048576", "max_segment_count": "max_segment_count = 3"}
    arguments = ("--queue-bytes", str(2 * 1_048_576))
    async with Plant(tmp_path, "embedded", arguments=arguments, with_broker=False) as plant:
        changed(plant, small)
        await asyncio.to_thread(plant.start_broker)
        async with loaded(plant, 100) as devices:
            await devices.load(RATE, 2)
            await plant.drained(len(devices.confirmed))
            assert (await plant.health())["parts"]["gaps"]["count"] == 0
            ingest, away = psutil.Process(plant.supervisor.pids["ingest"]), time.time_ns()
            ingest.suspend()
            while len(devices.confirmed) < 60_000:
                await devices.load(2_000, 5)
            ingest.resume()
            hub, device = await judged(plant, devices)
            gaps = (await plant.health())["parts"]["gaps"]
    print(device.counts(), gaps)  # noqa: T201 — figures of the long tier are reported
    assert hub.good, hub.counts()
    assert device.lost
    assert gaps["status"] == "degraded"
    assert [each["why"] for each in gaps["newest"]] == ["queue"]
    assert gaps["newest"][0]["since"] <= rfc3339(away)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("away_s", [2, pytest.param(30, marks=pytest.mark.long)])
async def test_a_broker_that_comes_late_is_found_and_the_page_does_not_wait_for_it(tmp_path: Path, away_s: int) -> None:
    """R8: served at once, with a word that the broker is away; well again by itself once it is there."""
    async with Plant(tmp_path, "embedded", with_broker=False) as plant:
        await asyncio.sleep(away_s)
        health = await plant.health()
        assert health["status"] == "degraded"
        assert health["parts"]["broker"]["text"]["en"]
        await asyncio.to_thread(plant.start_broker)

        async def is_well() -> bool:
            return (await plant.health()).get("status") == "ok"

        await plant.until("the broker is found", is_well, 40)
        async with loaded(plant) as devices:
            await devices.load(RATE, 0.3)
            _, device = await judged(plant, devices)
        assert device.good, device.counts()
        assert device.acked > 0


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP: a POSIX system")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_hub_that_is_away_for_a_minute_loses_nothing(kind: str, tmp_path: Path) -> None:
    """R2: 1,000 messages a second wait at the broker, within its announced budget."""
    needs(kind)
    async with Plant(tmp_path, kind) as plant, loaded(plant, 200) as devices:
        await devices.load(1_000, 2)
        ingest = psutil.Process(plant.supervisor.pids["ingest"])
        ingest.suspend()
        await devices.load(1_000, 60)
        ingest.resume()
        begin = time.monotonic()
        hub, device = await judged(plant, devices, whole=True)
        print(f"{device.acked} messages, drained after {time.monotonic() - begin:.1f} s")  # noqa: T201 — reported
    assert hub.good, hub.counts()
    assert device.good, device.counts()
