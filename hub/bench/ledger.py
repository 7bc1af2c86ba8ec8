"""Whether anything acknowledged is lost, doubled, invented or altered while parts of the hub are killed under load."""

import asyncio
import contextlib
import random
import secrets
import tempfile
import time
from pathlib import Path
from typing import Literal

import psutil

from device_sims.link import Broker
from hub.bench._books import keep as write_ledger
from hub.bench._devices import Devices
from hub.bench._plant import HOST, Plant
from hub.cli import cluster as servers
from hub.errors import ConfigError
from hub.journal import place
from hub.supervisor import module

WRONG = ("lost", "dup", "ghost", "mismatch")
GATES = {
    **{f"{who}_{what}": ("<=", 0.0) for who in ("hub", "device") for what in WRONG},
    "pubacks_out_of_order": ("<=", 0.0),
    "pubacks_stray": ("<=", 0.0),
    "back_after_s": ("<=", 3.0),
    "pause_s": ("<=", 10.0),
}
PARTS = {
    "ingest": ("ingest",),
    "hub": ("hub",),
    "both": ("ingest", "hub"),
    "none": (),
    "server": ("server",),
    "worker": ("worker",),
    "all": ("server", "worker", "ingest", "hub"),
}
OF_CLUSTER = ("server", "worker")
OTHER = "worker-2"
LOOK_S = 0.01
DRAIN_S = 60.0


def measure(
    *,
    seconds: float = 10.0,
    rate: float = 2_000.0,
    devices: int = 200,
    broker: Literal["embedded", "mosquitto"] = "embedded",
    kill: Literal["ingest", "hub", "both", "none", "server", "worker", "all"] = "both",
    kills: int = 3,
    seed: int = 0,
    keep: str = "",
    journal: str = "",
    cluster: bool = False,
) -> dict[str, float]:
    """Return both verdicts (reliability.md §3.1): `hub_…` of what the hub confirmed, `device_…` of what devices saw.

    Args:
        seconds: how long messages are sent.
        rate: messages a second, all devices together.
        devices: how many, each with its own connection; every second one states the time of its measure.
        broker: the embedded broker, or an installed Mosquitto with the shipped file.
        kill: which parts end by `kill -9`; of a cluster also the server that leads the journal, and the worker that
            listens: it hangs until the one that stands by has taken over, and is killed then.
        kills: how often, at random moments.
        seed: of the moments and values; 0: a new one, which is printed.
        keep: folder for the ledger itself, one JSON object a line.
        journal: `nats://…` of an empty journal; in a folder unless told.
        cluster: three NATS servers of its own, synced always, and a second worker that stands by.

    Raises:
        ConfigError: nats-server is not installed, or a part of a cluster is to be killed where there is none.
    """
    if not cluster and {*OF_CLUSTER} & {*PARTS[kill]}:
        msg = f"--kill {kill}: only a cluster has one; add --cluster true, or choose ingest, hub, both or none"
        raise ConfigError(msg)
    seed = seed or secrets.randbelow(1_000_000) + 1
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.ExitStack() as stack:
        if cluster:
            kept = Path(folder) / "servers"
            kept.mkdir()
            journal = stack.enter_context(servers.serving(kept)).url
        place.settle(Path(folder), journal or None)
        course = _course(
            Path(folder), seed, kind=broker, parts=PARTS[kill], kills=kills, load=(rate, seconds), devices=devices,
            stand_by=cluster,
        )  # fmt: skip
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
        "skipped": fleet.skipped,
        "sent_per_s": len(fleet.books) / seconds,
        "pause_s": max(back["pause"], default=0.0),
        **_returns(back, cluster=cluster),
    }


def _returns(back: dict[str, list[float]], *, cluster: bool) -> dict[str, float]:
    """Return after how long [s] each part worked again; of a cluster `pause_s` is the promise."""
    page = {"page_back_after_s": max(back["hub"], default=0.0)}
    if not cluster:
        return {"back_after_s": max(back["ingest"], default=0.0), **page}
    return {**page, **{f"{part}_back_after_s": max(back[part]) for part in (*OF_CLUSTER, "ingest") if back[part]}}


async def _course(
    folder: Path,
    seed: int,
    *,
    kind: str,
    parts: tuple[str, ...],
    kills: int,
    load: tuple[float, float],
    devices: int,
    stand_by: bool = False,
) -> tuple[Plant, Devices, dict[str, list[float]]]:
    """Load the plant, kill at random moments, drain; return it with the books, and how long each return took [s]."""
    chance = random.Random(seed)  # noqa: S311 — the same course again by its seed
    back: dict[str, list[float]] = {each: [] for each in ("ingest", "hub", "server", "worker", "pause")}
    async with Plant(folder, kind) as plant:
        if stand_by:
            _join(plant)
        fleet = Devices(Broker(HOST, plant.broker_port), devices, chance)
        await fleet.gather()
        try:
            rate, seconds = load
            loading = asyncio.create_task(fleet.load(rate, seconds))
            watching = asyncio.create_task(_watch(plant, back["pause"]))
            for pause in _pauses(chance, kills if parts else 0, seconds):
                await asyncio.sleep(pause)
                for part in parts:
                    back[part].append(await _killed(plant, part))
            await loading
            watching.cancel()
            await fleet.drained(DRAIN_S)
            await plant.drained()
        finally:
            await fleet.close()
        return plant, fleet, back


def _pauses(chance: random.Random, kills: int, seconds: float) -> list[float]:
    """Return how long to wait before each kill [s]: the moments are random, the last before the load ends."""
    moments = sorted(chance.uniform(0.05, 0.8) * seconds for _ in range(kills))
    return [moment - before for before, moment in zip([0.0, *moments], moments, strict=False)]


async def _watch(plant: Plant, pauses: list[float]) -> None:
    """Note each time [s] for which nothing was acknowledged."""
    before, since = plant.pubacks, time.monotonic()
    while True:
        await asyncio.sleep(LOOK_S)
        if plant.pubacks != before:
            pauses.append(time.monotonic() - since)
            before, since = plant.pubacks, time.monotonic()


def _join(plant: Plant) -> None:
    """Let another worker's ingest stand by."""
    folder = plant.folder / OTHER
    folder.mkdir()
    place.note(folder, place.url(plant.folder) or "")
    options = {"data": folder, "window": plant.window, "broker": f"mqtt://{HOST}:{plant.wire.port}"}
    words = [word for name, value in options.items() for word in (f"--{name}", f"{value}")]
    plant.supervisor.add("ingest-2", module("hub.ingest", *words))


def _leader(plant: Plant) -> psutil.Process:
    """Return the server that leads the journal's stream."""
    from hub.journal.nats_link import Url, given_back, taken  # noqa: PLC0415 — an extra

    url = Url.parsed(place.url(plant.folder) or "")
    try:
        name = taken(url).request(f"STREAM.INFO.{url.name}")["cluster"]["leader"]
    finally:
        given_back(url)
    file = str(plant.folder / "servers" / f"nats-{name.removeprefix('n')}.conf")
    return next(each for each in psutil.Process().children(recursive=True) if file in each.cmdline())


def _listens(plant: Plant) -> str:
    """Return the name of the ingest whose turn it is."""
    address = place.url(plant.folder)
    if address is None:
        return "ingest"
    from hub.journal.lease import Lease  # noqa: PLC0415 — an extra
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    lease = Lease(Url.parsed(address), "ledger")
    try:
        holder = lease.holder()
    finally:
        lease.close()
    other = plant.folder / OTHER
    return "ingest-2" if other.exists() and holder == place.worker(other) else "ingest"


async def _killed(plant: Plant, part: str) -> float:
    """Kill a part; return how long it was until it worked again [s]."""
    listens = await asyncio.to_thread(_listens, plant)
    leader = await asyncio.to_thread(_leader, plant) if part == "server" else None
    before, begin, said = len(plant.wire.connections), time.monotonic(), plant.pubacks
    if leader is not None:
        leader.kill()
        await plant.until("messages are acknowledged again", lambda: plant.pubacks > said + 2 * plant.window)
    elif part == "hub":
        plant.kill(part)
        await plant.until("the page answers again", plant.health)
    else:
        held = psutil.Process(plant.supervisor.pids[listens])
        if part == "worker":
            held.suspend()  # as a machine that is gone: its supervisor does not start it again
        else:
            held.kill()
        # what the killed one had still said may be on its way: only a new connection counts
        await plant.until(
            "messages are acknowledged again",
            lambda: any(each.acknowledged for each in plant.wire.connections[before:]),
        )
        if part == "worker":
            held.kill()
    return time.monotonic() - begin
