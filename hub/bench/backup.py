"""Whether a device waits while a backup is made and old readings go, and whether the restored copy passes the ledger.

R23 of the promises: devices speak all the time, the store lets go what is older than it is told to keep, and
`matinales backup` runs in a process of its own, as somebody types it. Then the archive is restored into a new folder, a
second hub takes that over, and what was acknowledged before the backup began is looked for in its journal and store.
"""

import asyncio
import random
import sys
import tempfile
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Literal

from device_sims.link import Broker
from hub import upgrading
from hub.backup import restoring
from hub.bench._devices import Devices
from hub.bench._plant import HOST, Plant
from hub.errors import HubError
from hub.model import NS, REAL, Quality, Reading, TimeSource
from hub.store.file import StoreFile, StoreReader
from hub.store.retention import DAY
from hub.store.sqlite import SqliteHistory

_WRONG = ("lost", "dup", "ghost", "mismatch")
GATES = {
    **{f"{who}_{what}": ("<=", 0.0) for who in ("hub", "copy") for what in _WRONG},
    "longest_pause_s": ("<=", 1.0),
}
"""R23: no pause of the ingest of more than a second; `own_pause_s` is how long this bench itself was kept waiting."""
HISTORY_DAYS = 100
OLD_CURVES, OLD_DAYS = 20, 150
CHUNK = 10_000
LEAD = 3
"""The backup begins when one part in so many of the time is over."""
TICK_S = 0.02
DRAIN_S = 60.0


def measure(
    *,
    seconds: float = 15.0,
    rate: float = 1_000.0,
    devices: int = 100,
    old: int = 300_000,
    broker: Literal["embedded", "mosquitto"] = "embedded",
    seed: int = 1,
) -> dict[str, float]:
    """Return the verdicts on the hub itself and on its restored copy, the longest pause, and what was done meanwhile.

    Args:
        seconds: how long messages are sent.
        rate: messages a second, all devices together.
        devices: how many, each with its own connection.
        old: readings of long ago that the store is to let go meanwhile.
        broker: the embedded broker, or an installed Mosquitto with the shipped file.
        seed: of the values.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        return asyncio.run(_course(Path(place), broker, seed, load=(rate, seconds), devices=devices, old=old))


async def _course(
    place: Path, kind: str, seed: int, *, load: tuple[float, float], devices: int, old: int
) -> dict[str, float]:
    folder, archive, copy = place / "hub", place / "backup.zip", place / "copy"
    folder.mkdir()
    await asyncio.to_thread(_remember, folder, old)
    heard: list[float] = []
    ticks: list[float] = []
    settings = {"history_days": HISTORY_DAYS}
    chance = random.Random(seed)  # noqa: S311 — the same values again by their seed
    async with Plant(folder, kind, settings=settings, acknowledged=lambda _: heard.append(time.monotonic())) as plant:
        fleet = Devices(Broker(HOST, plant.broker_port), devices, chance)
        await fleet.gather()
        try:
            ticking, loading = asyncio.create_task(_tick(ticks)), asyncio.create_task(fleet.load(*load))
            first = time.monotonic()
            await asyncio.sleep(load[1] / LEAD)
            begun = time.monotonic()
            before, there = plant.acknowledged, await asyncio.to_thread(_old, folder)
            took = await _backup(folder, archive)
            await loading
            last = time.monotonic()
            left = await asyncio.to_thread(_old, folder)
            ticking.cancel()
            await fleet.drained(DRAIN_S)
            await plant.drained()
        finally:
            await fleet.close()
        verdicts = {"hub": await asyncio.to_thread(plant.verdict, plant.acknowledged, fleet.books)}
    await asyncio.to_thread(restoring.restore, archive, copy, known=upgrading.newest, wall=time.time_ns)
    async with Plant(copy, kind) as plant:
        await plant.drained(len(before))
        verdicts["copy"] = await asyncio.to_thread(plant.verdict, before, fleet.books)
    counts = {f"{who}_{name}": float(many) for who, each in verdicts.items() for name, many in each.counts().items()}
    return {
        **counts,
        "longest_pause_s": _longest([first, *(at for at in heard if first <= at <= last), last]),
        "pause_in_backup_s": _longest([at for at in heard if begun <= at <= begun + took]),
        "own_pause_s": _longest(ticks),
        "backup_took_s": took,
        "backup_mb": archive.stat().st_size / 1e6,
        "old_readings_gone": there - left,
    }


async def _backup(folder: Path, archive: Path) -> float:
    """Back a living hub's folder up, as somebody types it; return how long it took [s].

    Raises:
        HubError: it failed.
    """
    begun = time.monotonic()
    command = [sys.executable, "-m", "hub", "backup", str(archive), "--data", str(folder), "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    if await process.wait():
        msg = "the backup failed"
        raise HubError(msg)
    return time.monotonic() - begun


async def _tick(moments: list[float]) -> None:
    """Note the time again and again: a gap is one of the machine's, not of the hub's."""
    while True:
        moments.append(time.monotonic())
        await asyncio.sleep(TICK_S)


def _longest(moments: list[float]) -> float:
    return max((after - before for before, after in pairwise(moments)), default=0.0)


def _remember(folder: Path, many: int) -> None:
    """Fill a store with readings of long ago: more than it is to keep."""
    now = time.time_ns()
    with closing(StoreFile(folder / "store.db")) as file:
        history = SqliteHistory(file)
        for start in range(0, many, CHUNK):
            history.write([_reading(number, many, now) for number in range(start, min(start + CHUNK, many))])
        file.checkpoint()


def _reading(number: int, many: int, now: int) -> Reading:
    """Return one of `many` readings, spread over 40 days that ended some time before `HISTORY_DAYS`."""
    at = now - OLD_DAYS * DAY + number * (40 * DAY // many)
    names = (f"old:d{number % OLD_CURVES}", "temperature", "°C")
    return Reading(*names, number / NS, at, at, TimeSource.DEVICE, Quality.GOOD, REAL, number)


def _old(folder: Path) -> int:
    """Return how many of them are left."""
    sql = "SELECT count(*) FROM readings JOIN series ON series.id = series WHERE device LIKE 'old:%'"
    with closing(StoreReader(folder / "store.db")) as file, file.reader() as db:
        return int(db.execute(sql).get)
