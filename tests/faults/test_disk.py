"""A disk that fails or is full: nothing is acknowledged that is not on it, and all goes on (reliability.md R9, R10)."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub.bench import _books
from hub.bench._ledger import judge
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
    assert stage.ingest._journal.path.name == "journal-1.db"
    assert "could not be written" in str(stage.ingest._now().fault)
    assert stage.early == []
    assert (await stage.judged()).good


async def test_a_disk_that_syncs_no_more_acknowledges_nothing_until_it_does(stage: Stage, faulty: Disk) -> None:
    """Not even a new file can be begun: the broker keeps what comes."""
    faulty.syncs_to_fail = 1_000_000
    loading = asyncio.create_task(stage.devices.load(RATE, 1.0))
    await eventually(lambda: stage.ingest._now().reason)
    before = stage.pubacks
    await loading
    assert stage.pubacks == before
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
    before = stage.pubacks
    await loading
    assert stage.pubacks == before
    faulty.full = False
    await stage.drained()
    assert stage.ingest._now().reason is None
    assert stage.early == []
    assert (await stage.judged()).good
    assert list(damaged(stage.folder)) == []


def damaged(folder: Path) -> Iterator[str]:
    """Give what SQLite finds wrong in the files of a folder."""
    for path in folder.glob("*.db"):
        with closing(apsw.Connection(str(path))) as db:
            yield from (text for (text,) in db.execute("PRAGMA integrity_check") if text != "ok")


def test_the_checker_is_told_what_was_acknowledged_too_early(tmp_path: Path) -> None:
    """A message that is not in the journal is lost, whatever the store says."""
    sent = inside.line(0, random.Random(1))
    assert judge([sent.key], {sent.key: sent}, _books.written(tmp_path), []).lost == [sent.key]
