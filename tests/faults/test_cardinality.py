"""Somebody invents topics, names and channels without end: the caps hold (reliability.md §2.10, §3.6, X10)."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from hub.bench._plant import Plant
from hub.bench._publisher import Publisher
from hub.understand import MAX_GENERIC

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
TOPICS = 100_000
KNOWN = "tele/kitchen/SENSOR"
BUSY = "cellar/one"
ORDINARY = 40_000
"""Messages of one known device before anybody invents: what they cost is no growth by invention."""
FIELDS = 10_000
INVENTED = 10_000
MOST_CHANNELS = 64
MOST_GROWN = 50_000_000
"""Bytes that the hub's processes may grow by (reliability.md §3.6, X10)."""


def attack() -> Iterator[tuple[str, bytes]]:
    """Give what invents most: channels of one device, topics, devices of one driver, topics beyond the limit."""
    for number in range(FIELDS):
        yield BUSY, json.dumps({f"field{number}": number}).encode()
    for number in range(TOPICS):
        yield f"flood/{number}/temperature", b"21.5"
    for number in range(INVENTED):
        yield f"tele/invented-{number}/SENSOR", b'{"BME280":{"Temperature":21.5}}'
    for number in range(100):
        yield f"{number}/" + "x" * (65_535 - len(str(number)) - 1), b"1"


def said(value: float) -> tuple[str, bytes]:
    """Return what the known device says."""
    return KNOWN, json.dumps({"BME280": {"Temperature": value}}).encode()


def fetched(url: str) -> tuple[bytes, float]:
    """Return an answer, and how long it took [s]."""
    begun = time.monotonic()
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read(), time.monotonic() - begun


def caught_up(plant: Plant, sent: int) -> bool:
    """Tell whether nearly all of it is acknowledged."""
    return plant.pubacks >= sent - 4000


async def test_the_caps_hold_and_who_was_known_goes_on(tmp_path: Path) -> None:
    """Topics of no family make few devices, a device few channels; the page answers, known devices go on."""
    async with Plant(tmp_path, "embedded") as plant:
        with Publisher(plant.broker_port, "known") as known, Publisher(plant.broker_port, "stranger") as stranger:
            taken = await asyncio.to_thread(known.say_all, (said(20.0 + number / 1e6) for number in range(ORDINARY)))
            await plant.drained(taken)  # the caches are full, as they are after an hour
            before = memory(plant)
            every = list(attack())
            for first in range(0, len(every), 2000):
                piece = every[first : first + 2000]
                assert await asyncio.to_thread(stranger.say_all, iter(piece), timeout_s=120) == len(piece)
                assert await asyncio.to_thread(known.say_all, iter([said(20.0 + first / 1e6)])) == 1
                taken += len(piece) + 1
                await plant.until("the hub keeps up", partial(caught_up, plant, taken), 120)
            assert await asyncio.to_thread(known.say_all, iter([said(42.0)])) == 1
        await plant.drained(taken + 1)
        grown = {name: after - before[name] for name, after in memory(plant).items()}
        body, took = await asyncio.to_thread(fetched, f"{plant.page}/api/v1/devices")
        devices = json.loads(body)["devices"]
        _, health_took = await asyncio.to_thread(fetched, f"{plant.page}/health")
        sizes = {name: f"{size / 1e6:.0f} MB" for name, size in grown.items()}
        channels = max(len(each["channels"]) for each in devices)
        print(  # noqa: T201 — figures of the long tier are reported
            f"{len(every)} inventions: {len(devices)} devices, at most {channels} channels; memory grew by {sizes}; "
            f"/devices {len(body) / 1e6:.1f} MB in {took:.2f} s, /health in {health_took * 1000:.0f} ms"
        )
        assert len(devices) <= MAX_GENERIC + INVENTED + 1
        assert channels == MOST_CHANNELS
        assert max(grown.values()) <= MOST_GROWN, sizes
        kitchen = next(each for each in devices if each["id"] == "tasmota:kitchen")
        assert kitchen["channels"][0]["value"] == 42.0


def memory(plant: Plant) -> dict[str, int]:
    """Return the resident bytes of each part."""
    return {name: psutil.Process(pid).memory_info().rss for name, pid in plant.supervisor.pids.items()}
