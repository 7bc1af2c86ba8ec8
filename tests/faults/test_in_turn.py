"""The production path while each of its parts is killed in turn, or InfluxDB is away (reliability.md §1.2, R1, R5, R7).

MATINALES_RATE and MATINALES_AWAY_S change the rate [1/s] and the absence [s] for a machine that cannot do as much.
"""

import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from device_sims.link import Broker as Address
from hub.bench import _books
from hub.bench._devices import Devices
from hub.bench._influxd import Influxd
from hub.bench._ledger import Key, Sent, Stored, Verdict, Written, judge
from hub.bench._plant import HOST, Plant
from hub.model import NS, rfc3339
from hub.store.influx_client import Client, Place
from hub.store.lines import time_of
from servers import influx
from servers.brokers import needs

ROUNDS = 3
DEVICES = 200
DRAIN_S = 600.0
SLOT_S = 10
FIELDS = {"boot", "sequence", "value"}
ALL = """
from(bucket: bucket) |> range(start: 0)
  |> filter(fn: (r) => r._measurement == "telemetry" and r.device == device)
  |> keep(columns: ["_time", "_field", "_value"])
"""


@dataclass
class Scene:
    """The plant with its InfluxDB and its devices.

    Attributes:
        killed: when the broker was [ns].
    """

    plant: Plant
    influxd: Influxd
    place: Place
    devices: Devices
    killed: list[int] = field(default_factory=list)

    async def hub_dies(self) -> None:
        """Kill both its processes; the supervisor starts them again."""
        self.plant.kill("ingest")
        self.plant.kill("hub")
        before = self.plant.pubacks
        await self.plant.until("messages are acknowledged again", lambda: self.plant.pubacks > before)
        await self.plant.until("the page answers again", self.plant.health)

    async def broker_dies(self) -> None:
        """Kill it; it is started again on its files."""
        self.killed.append(time.time_ns())
        await asyncio.to_thread(self.plant.kill, "broker")
        await asyncio.sleep(0.5)
        await asyncio.to_thread(self.plant.start_broker)
        before = self.plant.pubacks
        await self.plant.until("messages are acknowledged again", lambda: self.plant.pubacks > before)

    async def influxdb_dies(self) -> None:
        """Kill it; it is started again on its files."""
        await asyncio.to_thread(self.influxd.kill)
        await asyncio.sleep(1)
        await asyncio.to_thread(self.influxd.start)

    async def drained(self) -> None:
        """Wait until devices, hub and InfluxDB have everything."""
        await self.devices.drained(60)
        await self.plant.drained()

        async def nothing_waits() -> bool:
            counters = (await self.plant.health()).get("counters", {})
            return (counters.get("influx_lines_waiting"), counters.get("journal_behind")) == (0, 0)

        await self.plant.until("InfluxDB has everything", nothing_waits, DRAIN_S)

    async def part(self, name: str) -> dict[str, Any]:
        """Return what /health says of a part."""
        found: dict[str, Any] = (await self.plant.health())["parts"][name]
        return found

    def judged(self) -> dict[str, Verdict]:
        """Hold what hub and devices were told is safe against journal and InfluxDB, which has every reading."""
        plant, books = self.plant, self.devices.books
        coarse = {key: replace(sent, time=time_of(sent.time)) for key, sent in books.items()}
        written = [Written(each.key, time_of(each.received)) for each in _books.written(plant.folder)]
        stored = [*self._in_influxdb()]
        return {
            "hub": judge(plant.acknowledged, coarse, written, stored),
            "device": judge(self.devices.confirmed, coarse, written, stored),
        }

    def _in_influxdb(self) -> Iterator[Stored]:
        """Read every message back, to the millisecond."""
        with closing(Client(self.place, timeout=120)) as client:
            for device in self.devices.all:
                uid = _books.UID + device.name
                points: dict[str, dict[str, float]] = defaultdict(dict)
                for row in client.rows(ALL, {"bucket": self.place.bucket, "device": uid}):
                    points[row["_time"]][row["_field"]] = float(row["_value"])
                for stamp, found in points.items():
                    whole = found.keys() >= FIELDS
                    key = (device.name, int(found["boot"]), int(found["sequence"])) if whole else (device.name, -1, -1)
                    yield Stored(key, found["value"] if whole else None, _ns(stamp))


def _ns(stamp: str) -> int:
    """Return the millisecond [ns] of an RFC 3339 time as InfluxDB writes it."""
    whole, _, rest = stamp.rstrip("Z").partition(".")
    seconds = int(time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone)
    return seconds * NS + int(rest[:3].ljust(3, "0")) * 1_000_000


@asynccontextmanager
async def playing(folder: Path, many: int = DEVICES) -> AsyncIterator[Scene]:
    """Lend Mosquitto with the shipped file, ingest and hub under the supervisor, InfluxDB, and devices."""
    needs("mosquitto")
    with influx.to_kill() as (influxd, place):
        settings = {"store": "influx", **{f"influx_{name}": getattr(place, name) for name in place.__struct_fields__}}
        async with Plant(folder, "mosquitto", settings=settings) as plant:
            devices = Devices(Address(HOST, plant.broker_port), many, random.Random(7))
            await devices.gather()
            try:
                yield Scene(plant, influxd, place, devices)
            finally:
                await devices.close()


def unannounced(lost: list[Key], books: dict[Key, Sent], gaps: list[dict[str, Any]]) -> list[Key]:
    """Return what is lost and lies in none of the gaps that the hub shows."""
    spans = [(each["since"], each["until"]) for each in gaps]
    return [
        key for key in lost if not any(since <= rfc3339(books[key].confirmed or 0) <= until for since, until in spans)
    ]


@pytest.mark.long
@pytest.mark.timeout(1_500)
async def test_hub_broker_and_influxdb_killed_in_turn_lose_and_double_nothing_acknowledged(tmp_path: Path) -> None:
    """What a killed broker had confirmed and not delivered is little, and lies within a gap that the hub shows."""
    rate = float(os.environ.get("MATINALES_RATE", "2000"))
    chance = random.Random()
    async with playing(tmp_path) as scene:
        kills: list[Callable[[], Awaitable[None]]] = [scene.hub_dies, scene.broker_dies, scene.influxdb_dies]
        loading = asyncio.create_task(scene.devices.load(rate, 10_000))
        for kill in kills * ROUNDS:
            await asyncio.sleep(chance.uniform(4, 12))
            await kill()
        await asyncio.sleep(2)
        loading.cancel()
        await scene.drained()
        gaps = await scene.part("gaps")
        verdicts = await asyncio.to_thread(scene.judged)
    print({name: each.counts() for name, each in verdicts.items()}, gaps)  # noqa: T201 — figures of the long tier are reported
    assert verdicts["hub"].good, verdicts["hub"].counts()
    device = verdicts["device"]
    assert (device.dup, device.ghost, device.mismatch) == ([], [], [])
    assert len(device.lost) <= ROUNDS * rate
    assert unannounced(device.lost, scene.devices.books, gaps["newest"]) == []
    assert gaps["count"] == ROUNDS
    assert not any(each.out_of_order or each.stray for each in scene.plant.wire.connections)


@pytest.mark.long
@pytest.mark.timeout(2_400)
async def test_influxdb_away_for_ten_minutes_leaves_the_page_live_and_afterwards_the_counts_equal(
    tmp_path: Path,
) -> None:
    """R5 with everything real: the live page goes on, and all that waited arrives once."""
    rate, away = float(os.environ.get("MATINALES_RATE", "1000")), float(os.environ.get("MATINALES_AWAY_S", "600"))
    async with playing(tmp_path) as scene, aiohttp.ClientSession() as session:
        await scene.devices.load(rate, 5)
        seen: set[int] = set()
        watching = asyncio.create_task(_watch(session, scene.plant.page, seen))
        loading = asyncio.create_task(scene.devices.load(rate, away + 10))
        await asyncio.sleep(2)
        scene.influxd.kill()
        begun = time.monotonic()
        await scene.plant.until("it is said", lambda: _is_degraded(scene))
        await asyncio.sleep(away - (time.monotonic() - begun))
        slots = set(range(int(begun) // SLOT_S + 1, int(begun + away) // SLOT_S))
        behind = (await scene.part("store"))["influx"]
        await asyncio.to_thread(scene.influxd.start)
        begun = time.monotonic()
        await loading
        await scene.drained()
        took = time.monotonic() - begun
        watching.cancel()
        verdicts = await asyncio.to_thread(scene.judged)
        part = await scene.part("store")
    print({name: each.counts() for name, each in verdicts.items()}, behind, f"drained after {took:.1f} s")  # noqa: T201 — reported
    assert slots <= seen, "the page stood still"
    assert behind["behind_messages"] > 0
    assert all(each.good for each in verdicts.values()), {name: each.counts() for name, each in verdicts.items()}
    assert verdicts["hub"].stored == verdicts["device"].stored == verdicts["device"].acked
    assert (part["status"], part["influx"]["dropped"]) == ("ok", 0)


async def _watch(session: aiohttp.ClientSession, page: str, seen: set[int]) -> None:
    """Note in which stretches of SLOT_S a frame with values comes, as a browser would get it."""
    async with session.ws_connect(f"{page}/live", max_msg_size=0) as live:
        async for frame in live:
            if frame.json().get("values"):
                seen.add(int(time.monotonic()) // SLOT_S)


async def _is_degraded(scene: Scene) -> bool:
    return str((await scene.part("store"))["status"]) == "degraded"
