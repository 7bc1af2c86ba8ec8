"""Whether anything acknowledged is lost, doubled, invented or altered while parts of the hub are killed under load."""

import asyncio
import random
import secrets
import tempfile
import time
from pathlib import Path
from typing import Literal

from device_sims.link import Broker
from hub.bench._books import keep as write_ledger
from hub.bench._devices import Devices
from hub.bench._plant import HOST, Plant
from hub.journal import place

WRONG = ("lost", "dup", "ghost", "mismatch")
GATES = {
    **{f"{who}_{what}": ("<=", 0.0) for who in ("hub", "device") for what in WRONG},
    "pubacks_out_of_order": ("<=", 0.0),
    "pubacks_stray": ("<=", 0.0),
    "back_after_s": ("<=", 3.0),
}
PARTS = {"ingest": ("ingest",), "hub": ("hub",), "both": ("ingest", "hub"), "none": ()}
DRAIN_S = 60.0


def measure(
    *,
    seconds: float = 10.0,
    rate: float = 2_000.0,
    devices: int = 200,
    broker: Literal["embedded", "mosquitto"] = "embedded",
    kill: Literal["ingest", "hub", "both", "none"] = "both",
    kills: int = 3,
    seed: int = 0,
    keep: str = "",
    journal: str = "",
) -> dict[str, float]:
    """Return both verdicts (reliability.md §3.1): `hub_…` of what the hub confirmed, `device_…` of what devices saw.

    Args:
        seconds: how long messages are sent.
        rate: messages a second, all devices together.
        devices: how many, each with its own connection; every second one states the time of its measure.
        broker: the embedded broker, or an installed Mosquitto with the shipped file.
        kill: which parts end by `kill -9`.
        kills: how often, at random moments.
        seed: of the moments and values; 0: a new one, which is printed.
        keep: folder for the ledger itself, one JSON object a line.
        journal: `nats://…` of an empty journal; in a folder unless told.
    """
    seed = seed or secrets.randbelow(1_000_000) + 1
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place.settle(Path(folder), journal or None)
        course = _course(
            Path(folder), seed, kind=broker, parts=PARTS[kill], kills=kills, load=(rate, seconds), devices=devices
        )
        plant, fleet, back = asyncio.run(course)
        verdicts = {
            "hub": plant.verdict(plant.acknowledged, fleet.books),
            "device": plant.verdict(fleet.confirmed, fleet.books),
        }
    if keep:
        write_ledger(Path(keep), fleet.books.values(), sorted(plant.acknowledged))
    counts = {f"{who}_{name}": float(many) for who, each in verdicts.items() for name, many in each.counts().items()}
    connections = plant.wire.connections
    return {
        "seed": seed,
        "sent": len(fleet.books),
        **counts,
        "pubacks_out_of_order": sum(each.out_of_order for each in connections),
        "pubacks_stray": sum(each.stray for each in connections),
        "connections": len(connections),
        "back_after_s": max(back["ingest"], default=0.0),
        "page_back_after_s": max(back["hub"], default=0.0),
    }


async def _course(
    folder: Path,
    seed: int,
    *,
    kind: str,
    parts: tuple[str, ...],
    kills: int,
    load: tuple[float, float],
    devices: int,
) -> tuple[Plant, Devices, dict[str, list[float]]]:
    """Load the plant, kill at random moments, drain; return it with the books, and how long each return took [s]."""
    chance = random.Random(seed)  # noqa: S311 — the same course again by its seed
    back: dict[str, list[float]] = {"ingest": [], "hub": []}
    async with Plant(folder, kind) as plant:
        fleet = Devices(Broker(HOST, plant.broker_port), devices, chance)
        await fleet.gather()
        try:
            rate, seconds = load
            loading = asyncio.create_task(fleet.load(rate, seconds))
            for pause in _pauses(chance, kills if parts else 0, seconds):
                await asyncio.sleep(pause)
                for part in parts:
                    back[part].append(await _killed(plant, part))
            await loading
            await fleet.drained(DRAIN_S)
            await plant.drained()
        finally:
            await fleet.close()
        return plant, fleet, back


def _pauses(chance: random.Random, kills: int, seconds: float) -> list[float]:
    """Return how long to wait before each kill [s]: the moments are random, the last before the load ends."""
    moments = sorted(chance.uniform(0.05, 0.8) * seconds for _ in range(kills))
    return [moment - before for before, moment in zip([0.0, *moments], moments, strict=False)]


async def _killed(plant: Plant, part: str) -> float:
    """Kill a part; return how long it was until it worked again [s]."""
    plant.kill(part)
    before, begin = len(plant.wire.connections), time.monotonic()
    if part == "ingest":  # what the killed one had still said may be on its way: only a new connection counts
        await plant.until(
            "messages are acknowledged again",
            lambda: any(each.acknowledged for each in plant.wire.connections[before:]),
        )
    else:
        await plant.until("the page answers again", plant.health)
    return time.monotonic() - begin
