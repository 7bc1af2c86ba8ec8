"""The journal on NATS servers under load, with parts of the hub and servers killed (reliability.md §3.2, S2 and S3)."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from device_sims.link import Broker
from hub.bench import ledger
from hub.bench._devices import Devices
from hub.bench._plant import HOST, Plant
from hub.journal import place
from hub.journal.jetstream import JetStreamReader, Log
from hub.journal.nats_link import Url
from hub.supervisor import module
from servers import nats
from servers.ports import until

PAUSE_S = 10.0
"""S3: how long nothing may be acknowledged while the servers agree on a new leader."""
CUT_S = 60.0
Faults = Callable[[Plant], Awaitable[None]]


def test_a_kill_of_ingest_and_hub_costs_nothing_with_the_journal_on_nats() -> None:
    """R1 again: what was acknowledged to the broker was on the server before, synced."""
    figures = ledger.measure(seconds=1, rate=300, devices=20, kills=1, journal=nats.fresh_url(), seed=7)
    wrong = {name: many for name, many in figures.items() if name.endswith(ledger.WRONG) and many}
    assert wrong == {}, figures
    assert figures["hub_acked"] == figures["hub_stored"] >= figures["device_acked"] > 100
    assert figures["connections"] >= 2


async def judged(folder: Path, url: str, faults: Faults, *, rate: float, seconds: float, devices: int = 50) -> float:
    """Load a hub whose journal lies there while `faults` happen, assert that nothing is lost; return the pause [s]."""
    place.settle(folder, url)
    async with Plant(folder, "embedded") as plant:
        fleet = Devices(Broker(HOST, plant.broker_port), devices, random.Random(7))
        await fleet.gather()
        pauses = [0.0]
        watch = asyncio.create_task(follow(plant, pauses))
        try:
            loading = asyncio.create_task(fleet.load(rate, seconds))
            await faults(plant)
            await loading
            await fleet.drained(60)
            await plant.drained()
        finally:
            watch.cancel()
            await fleet.close()
        both = plant.acknowledged, fleet.confirmed
        verdicts = [await asyncio.to_thread(plant.verdict, each, fleet.books) for each in both]
        assert all(each.good for each in verdicts), [each.counts() for each in verdicts]
        assert verdicts[0].acked > rate * seconds / 3
        print([each.counts() for each in verdicts])  # noqa: T201 — figures of the long tier are reported
    return max(pauses)


async def follow(plant: Plant, pauses: list[float]) -> None:
    """Note each time [s] for which nothing was acknowledged."""
    before, since = plant.pubacks, time.monotonic()
    while True:
        await asyncio.sleep(0.02)
        if plant.pubacks != before:
            pauses.append(time.monotonic() - since)
            before, since = plant.pubacks, time.monotonic()


async def test_the_leader_killed_under_load_costs_nothing(tmp_path: Path) -> None:
    """S3: two of three servers go on, and the one that comes back catches up."""
    with nats.cluster() as three:

        async def kill_leader(plant: Plant) -> None:
            await plant.until("something was acknowledged", lambda: plant.pubacks > 50)
            leader = three.leader()
            leader.kill()
            before = plant.pubacks
            await plant.until("messages are acknowledged again", lambda: plant.pubacks > before + 50)
            await asyncio.to_thread(leader.start)

        pause = await judged(tmp_path, three.url, kill_leader, rate=200, seconds=4, devices=20)
    assert pause <= PAUSE_S


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_each_server_killed_in_turn_under_load_costs_nothing(tmp_path: Path) -> None:
    """S3 in full: every one, the leader among them, at 1,000 messages a second; the pause is printed."""
    with nats.cluster() as three:

        async def kill_each(_plant: Plant) -> None:
            for each in three.servers:
                await asyncio.sleep(5)
                each.kill()
                await asyncio.sleep(5)
                await asyncio.to_thread(each.start)

        pause = await judged(tmp_path, three.url, kill_each, rate=1_000, seconds=40)
    print(f"longest pause {pause:.1f} s")  # noqa: T201 — as above
    assert pause <= PAUSE_S


REFUSED = """
import sys
from contextlib import closing
from hub.errors import JournalError
from hub.journal.jetstream import JetStreamJournal
from hub.journal.nats_link import Url
from hub.model import Message
try:
    with closing(JetStreamJournal(Url.parsed(sys.argv[1]))) as journal:
        print("stored", journal.append([Message("split/brain", b"1", 1)]))
except JournalError as error:
    print("refused", error)
"""
"""Writes at the server that is cut off, beside it."""


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("whom", ["leader", "follower"])
async def test_a_server_cut_off_for_a_minute_under_load_costs_nothing(tmp_path: Path, whom: str) -> None:
    """S3: its cable is pulled. The majority goes on, the one alone takes nothing, and heals when it is back."""
    with nats.apart() as (three, nets):
        said: list[str] = []

        async def cut(plant: Plant) -> None:
            await plant.until("something was acknowledged", lambda: plant.pubacks > 500)
            leads = three.leader()
            victim = next(each for each in three.servers if (each is leads) == (whom == "leader"))
            number = three.servers.index(victim)
            await asyncio.to_thread(nets.cut, number)
            began, before = time.monotonic(), plant.pubacks
            await plant.until("messages are acknowledged again", lambda: plant.pubacks > before + 500)
            alone = f"nats://{victim.host}:{victim.port}/matinales?replicas=3"
            command = [*nets.inside(number), sys.executable, "-c", REFUSED, alone]
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
            said.append(done.stdout)
            await asyncio.sleep(max(began + CUT_S - time.monotonic(), 0))
            await asyncio.to_thread(nets.heal, number)

        pause = await judged(tmp_path, three.url, cut, rate=1_000, seconds=CUT_S + 15)
        print(f"longest pause {pause:.1f} s; the one alone: {said}")  # noqa: T201 — as above
        assert pause <= PAUSE_S
        assert said[0].startswith("refused ")
        await asyncio.to_thread(whole_again, three)


def whole_again(three: nats.Cluster) -> None:
    """Assert that every server has all of it, each asked by itself."""
    with closing(Log(Url.parsed(three.url))) as log:
        until("all three have everything", lambda: log.state().current == 3, timeout_s=30)
    with closing(JetStreamReader(Url.parsed(three.url))) as reader:
        end = reader.end
    for each in three.servers:
        with closing(JetStreamReader(Url.parsed(f"nats://{each.host}:{each.port}/matinales?replicas=3"))) as reader:
            assert reader.end == end
            assert not [found for found in reader.read(0, end) if found.message.topic == "split/brain"]


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_leader_that_hangs_for_a_quarter_of_a_minute_costs_nothing(tmp_path: Path) -> None:
    """S3: its connections stay open and nothing answers, as behind a cut cable; then it comes back as if never away."""
    with nats.cluster() as three:

        async def hang(plant: Plant) -> None:
            await plant.until("something was acknowledged", lambda: plant.pubacks > 500)
            leader = three.leader().process
            assert leader is not None
            held = psutil.Process(leader.pid)
            held.suspend()
            await asyncio.sleep(15)
            held.resume()

        pause = await judged(tmp_path, three.url, hang, rate=1_000, seconds=30)
    print(f"longest pause {pause:.1f} s")  # noqa: T201 — as above


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_worker_that_hangs_under_load_is_followed_and_when_it_goes_on_it_is_refused(tmp_path: Path) -> None:
    """S2: another takes over the session; the first, which still believes that it is its turn, writes nothing."""
    one, other = tmp_path / "one", tmp_path / "other"
    with nats.cluster() as three:
        for each in (one, other):
            each.mkdir()
            place.note(each, three.url)

        async def hang(plant: Plant) -> None:
            arguments = (
                "--data",
                str(other),
                "--window",
                str(plant.window),
                "--broker",
                f"mqtt://{HOST}:{plant.wire.port}",
            )
            plant.supervisor.add("ingest-2", module("hub.ingest", *arguments))
            await asyncio.sleep(3)
            for name in ("ingest", "ingest-2", "ingest"):
                held = psutil.Process(plant.supervisor.pids[name])
                held.suspend()
                before = plant.pubacks
                await plant.until(f"another than {name} acknowledges", lambda: plant.pubacks > before + 100)  # noqa: B023
                held.resume()
                await asyncio.sleep(2)

        pause = await judged(one, three.url, hang, rate=1_000, seconds=40)
    print(f"longest pause {pause:.1f} s")  # noqa: T201 — as above


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_servers_ingest_and_hub_killed_together_cost_nothing(tmp_path: Path) -> None:
    """A bad day: a server, the ingest and the hub, again and again."""
    with nats.cluster() as three:

        async def kill_all(plant: Plant) -> None:
            for each in three.servers:
                await asyncio.sleep(4)
                each.kill()
                plant.kill("ingest")
                await asyncio.sleep(4)
                plant.kill("hub")
                await asyncio.to_thread(each.start)

        pause = await judged(tmp_path, three.url, kill_all, rate=500, seconds=30)
    print(f"longest pause {pause:.1f} s")  # noqa: T201 — as above


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_everything_killed_at_once_costs_nothing(tmp_path: Path) -> None:
    """The power of the whole room: all three servers, ingest and hub in the same moment, then all start again."""
    with nats.cluster() as three:

        async def kill_all(plant: Plant) -> None:
            for _ in range(2):
                before = plant.pubacks
                await plant.until("messages are acknowledged", lambda: plant.pubacks > before + 500)  # noqa: B023
                for each in three.servers:
                    each.kill()
                plant.kill("ingest")
                plant.kill("hub")
                for each in three.servers:
                    await asyncio.to_thread(each.start)

        pause = await judged(tmp_path, three.url, kill_all, rate=500, seconds=40)
    print(f"longest pause {pause:.1f} s")  # noqa: T201 — as above


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_worker_killed_and_one_added_at_three_thousand_messages_a_second_cost_nothing(tmp_path: Path) -> None:
    """S2: the listener dies, one that stood by takes over, a third joins and takes over from it."""
    folders = [tmp_path / name for name in ("one", "two", "three")]
    with nats.cluster() as three:
        for each in folders:
            each.mkdir()
            place.note(each, three.url)

        def join(plant: Plant, number: int) -> None:
            where = ("--data", str(folders[number - 1]), "--window", str(plant.window))
            broker = ("--broker", f"mqtt://{HOST}:{plant.wire.port}")
            plant.supervisor.add(f"ingest-{number}", module("hub.ingest", *where, *broker))

        async def follow_on(plant: Plant, name: str) -> None:
            held = psutil.Process(plant.supervisor.pids[name])
            held.suspend()  # as a machine that is gone: its supervisor does not start it again either
            before = plant.pubacks
            await plant.until(f"another than {name} acknowledges", lambda: plant.pubacks > before + 1_000)

        async def kill_and_add(plant: Plant) -> None:
            join(plant, 2)
            await asyncio.sleep(4)
            await follow_on(plant, "ingest")
            join(plant, 3)
            await asyncio.sleep(4)
            await follow_on(plant, "ingest-2")
            for name in ("ingest", "ingest-2"):
                plant.kill(name)

        pause = await judged(folders[0], three.url, kill_and_add, rate=3_000, seconds=40)
    print(f"longest pause {pause:.1f} s")  # noqa: T201 — as above
    assert pause <= PAUSE_S


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_every_part_of_a_cluster_killed_at_five_thousand_messages_a_second_costs_nothing() -> None:
    """The server that leads, the worker that listens, its ingest, its hub: `bench ledger` does it at any rate."""
    nats.needs()
    figures = ledger.measure(seconds=30, rate=5_000, kill="all", kills=1, cluster=True, seed=7)
    print(figures)  # noqa: T201 — as above
    wrong = {name: many for name, many in figures.items() if name.endswith(ledger.WRONG) and many}
    assert wrong == {}, figures
    assert figures["hub_acked"] == figures["hub_stored"] > 100_000
    assert figures["pause_s"] <= PAUSE_S
