"""A disk that fails or is full: nothing is acknowledged that is not on it, and all goes on (reliability.md R9, R10)."""

import asyncio
import contextlib
import random
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from device_sims.link import Broker as Address
from hub.bench import _books
from hub.bench._devices import Devices
from hub.bench._ledger import judge
from hub.bench._plant import HOST, Plant
from hub.cli import main
from hub.journal.sqlite import SqliteJournal
from servers import inside
from servers.brokers import Broker
from servers.disks import Disk
from servers.stage import RATE, Stage, playing
from servers.web import eventually


@pytest.fixture
async def stage(embedded: Broker, faulty: Disk, tmp_path: Path) -> AsyncIterator[Stage]:
    """Lend one that has begun to work."""
    assert not faulty.full
    async with playing(embedded, tmp_path) as lent:
        yield lent


async def test_one_failed_sync_costs_a_file_and_no_message(stage: Stage, faulty: Disk) -> None:
    """R10: the group is not acknowledged before it lies in a new file; the incident is told."""
    faulty.syncs_to_fail = 1
    await stage.devices.load(RATE, 0.3)
    await stage.drained()
    assert faulty.syncs_to_fail == 0
    assert isinstance(stage.ingest._journal, SqliteJournal)
    assert stage.ingest._journal.path.name == "journal-1.db"
    assert "could not be written" in str(stage.ingest._now().fault)
    assert stage.early == []
    assert (await stage.judged()).good


async def test_a_disk_that_syncs_no_more_acknowledges_nothing_until_it_does(stage: Stage, faulty: Disk) -> None:
    """Not even a new file can be begun: the broker keeps what comes."""
    faulty.syncs_to_fail = 1_000_000
    loading = asyncio.create_task(stage.devices.load(RATE, 1.0))
    await eventually(lambda: stage.ingest._now().reason)
    await loading
    before = stage.pubacks
    await asyncio.sleep(0.3)
    assert stage.pubacks == before
    assert not stage.acked >= stage.devices.books.keys()
    faulty.syncs_to_fail = 0
    await stage.drained()
    assert stage.early == []
    assert (await stage.judged()).good


async def test_a_full_disk_holds_back_acknowledgements_until_there_is_space(stage: Stage, faulty: Disk) -> None:
    """R9: told with its reason, nothing lost, no file damaged."""
    faulty.full = True
    loading = asyncio.create_task(stage.devices.load(RATE, 1.5))
    await eventually(lambda: stage.ingest._now().reason)
    assert "full" in str(stage.ingest._now().reason)
    await loading
    before = stage.pubacks
    await asyncio.sleep(0.3)
    assert stage.pubacks == before
    assert not stage.acked >= stage.devices.books.keys()
    faulty.full = False
    await stage.drained()
    assert stage.ingest._now().reason is None
    assert stage.early == []
    assert (await stage.judged()).good
    assert list(damaged(stage.folder)) == []


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder on a disk of 16 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs: run the tests as root on Linux")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_start_on_a_full_disk_says_so_in_one_line(small: Path) -> None:
    """What to do is in it; a traceback would help nobody."""
    filled(small)
    demo = [sys.executable, "-m", "hub", "demo", "--no-browser", "--port", "0", "--mqtt-port", "0"]
    found = subprocess.run([*demo, "--data", str(small)], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert found.stderr.splitlines() == [
        "matinales: No space left on device; free some space, or name another folder with --data"
    ]


def filled(folder: Path) -> None:
    """Leave not one byte of the disk."""
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while file.write(bytes(1_000_000)):
            pass


def test_a_command_on_a_disk_that_is_read_only_says_so(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that was saved on such a one can be looked at by `export`, not changed."""
    (small / "store.db").touch()
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    assert main(["devices", "list", "--data", str(small)]) == 2
    told = capsys.readouterr().err
    assert (str(small) in told, "Read-only" in told, "--data" in told) == (True, True, True)


@pytest.mark.long
@pytest.mark.timeout(200)
@pytest.mark.parametrize("policy", ["stop_acknowledging", "drop_oldest"])
async def test_a_disk_that_fills_up_under_load_and_is_freed_again(small: Path, policy: str) -> None:
    """R9 on a real disk: the page answers all the time, all goes on by itself; what is let go is counted."""
    filler = small / "filler"
    async with Plant(small, "mosquitto", arguments=("--full", policy)) as plant:
        devices = Devices(Address(HOST, plant.broker_port), 50, random.Random(7))
        await devices.gather()
        await devices.load(500, 1)
        await plant.drained()
        filler.write_bytes(bytes(shutil.disk_usage(small).free - 400_000))
        loading = asyncio.create_task(devices.load(500, 20))

        async def is_degraded() -> bool:
            parts = (await plant.health()).get("parts", {})
            return any(parts.get(name, {}).get("status") == "degraded" for name in ("broker", "journal", "store"))

        await plant.until("it is said", is_degraded, 30)
        await loading
        assert await plant.health()
        filler.unlink()
        begin, before = time.monotonic(), plant.pubacks
        await plant.until("acknowledging goes on", lambda: plant.pubacks > before, 20)
        print(f"back after {time.monotonic() - begin:.1f} s")  # noqa: T201 — figures of the long tier are reported
        await devices.drained(30)
        await plant.drained(len(devices.books))
        await devices.close()
        health = await plant.health()
        dropped = health["counters"]["journal_dropped_total"]
        assert health["status"] == ("degraded" if dropped else "ok")
    verdict = await asyncio.to_thread(plant.verdict, plant.acknowledged, devices.books)
    print(verdict.counts(), f"dropped {dropped}")  # noqa: T201 — likewise
    assert len(verdict.lost) == dropped
    assert [*verdict.dup, *verdict.ghost, *verdict.mismatch] == []
    assert list(damaged(small)) == []


def damaged(folder: Path) -> Iterator[str]:
    """Give what SQLite finds wrong in the files of a folder."""
    for path in folder.glob("*.db"):
        with closing(apsw.Connection(str(path))) as db:
            yield from (text for (text,) in db.execute("PRAGMA integrity_check") if text != "ok")


def test_the_checker_is_told_what_was_acknowledged_too_early(tmp_path: Path) -> None:
    """A message that is not in the journal is lost, whatever the store says."""
    sent = inside.line(0, random.Random(1))
    assert judge([sent.key], {sent.key: sent}, _books.written(tmp_path), []).lost == [sent.key]
