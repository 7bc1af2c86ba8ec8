"""A rolling upgrade: workers of two versions share a journal, and are replaced one after the other under load."""

import asyncio
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import paho.mqtt.publish
import pytest

from device_sims.link import Broker
from hub import broker
from hub.bench import _books
from hub.bench._devices import Devices
from hub.bench._ledger import judge
from hub.cli import _offline
from hub.model import NS
from servers import nats
from servers.ports import HOST, free_port, until
from servers.trees import ROOT, source

OLD, NEW = "0.1.0", "0.1.1"
RATE, PAUSE_S = 300.0, 10.0
UP_S = 40.0


def built(folder: Path, version: str) -> Path:
    """Build a wheel of this tree under a version number, install it into a folder of its own and return that.

    The newer one also writes one more field into each part of the journal, as a next version may.
    """
    tree = source(folder / "tree")
    static = ROOT / "hub" / "web" / "static"
    subprocess.run(["cp", "-r", static, tree / "hub" / "web"], check=True)  # as it is: no Node.js for that
    init, parts = tree / "hub" / "__init__.py", tree / "hub" / "journal" / "parts.py"
    init.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', init.read_text()))
    if version == NEW:
        field = "    messages: list[Message]\n"
        assert field in parts.read_text()
        parts.write_text(parts.read_text().replace(field, f'{field}    wrote: str = "{version}"\n'))
    wheel = _offline.build(tree, folder)
    assert version in wheel.name
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([*pip, "--target", folder / "site", wheel], check=True)
    return folder / "site"


class Worker:
    """`matinales run` of an installed version on a data folder of its own."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        """Prepare it."""
        self.folder = folder
        folder.mkdir()
        self.page = free_port()
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, site: Path) -> None:
        """Start it and wait until it listens, or stands by."""
        own = {"HUB_DATA_DIR": str(self.folder), "HUB_WEB_PORT": f"{self.page}", "PYTHONPATH": str(site)}
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hub", "run"],
                cwd=self.folder,  # not this tree: Python looks there first
                env=os.environ | self._environ | own,
                stdout=log,
                stderr=log,
            )
        until(f"{self.folder.name} is there", lambda: self.is_there, timeout_s=UP_S)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(30) == 0
            self._process = None

    def ask(self, path: str) -> dict[str, Any]:
        """Return what it answers; empty: nothing."""
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://{HOST}:{self.page}/{path}", timeout=5) as said,
        ):
            found: dict[str, Any] = json.load(said)
            return found
        return {}

    def accept(self, uid: str) -> None:
        """Take a device in, which somebody else's broker only proposes."""
        secret = json.loads((self.folder / "run.json").read_text())["secret"]
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        url = f"http://{HOST}:{self.page}/api/v1/devices/{quote(uid, safe='')}"
        urllib.request.urlopen(urllib.request.Request(url, b'{"proposed": false}', headers, method="PATCH")).close()

    @property
    def devices(self) -> dict[str, bool]:
        """The devices that it knows, by uid, and whether each is proposed only."""
        return {each["id"]: bool(each.get("proposed")) for each in self.ask("api/v1/devices").get("devices", [])}

    @property
    def counters(self) -> dict[str, float]:
        """What it counts."""
        found: dict[str, float] = self.ask("health").get("counters", {})
        return found

    @property
    def is_there(self) -> bool:
        """Whether it listens to the broker, or stands by."""
        counters = self.counters
        return bool(counters.get("broker_connected") or counters.get("standby"))

    @property
    def version(self) -> str:
        """The version that answers."""
        return str(self.ask("api/v1/openapi.json").get("info", {}).get("version"))


def in_turn(workers: list[Worker], new: Path) -> None:
    """Upgrade each worker, the one that listens first."""
    for worker in sorted(workers, key=lambda each: -each.counters["broker_connected"]):
        time.sleep(5)
        worker.stop()
        worker.start(new)
    time.sleep(3)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_workers_are_upgraded_one_after_the_other_and_nothing_is_lost(tmp_path: Path) -> None:
    """Two versions read what each other wrote; the ledger of both workers is clean, and the pause is printed."""
    sites = [await asyncio.to_thread(built, tmp_path / f"v{version}", version) for version in (OLD, NEW)]
    port = free_port()
    file = tmp_path / "broker" / "broker.toml"
    file.parent.mkdir()
    broker.write_config(file, port=port)
    broker.start(file)
    with nats.cluster() as three:
        environ = {"HUB_BROKER_URL": f"mqtt://{HOST}:{port}", "HUB_JOURNAL_URL": three.url}
        workers = [Worker(tmp_path / name, environ) for name in ("one", "two")]
        fleet = Devices(Broker(HOST, port), 20, random.Random(7))
        try:
            for each in workers:
                await asyncio.to_thread(each.start, sites[0])
            assert [each.version for each in workers] == [OLD, OLD]
            await asyncio.to_thread(introduced, workers, port, [each.name for each in fleet.all])
            await fleet.gather()
            loading = asyncio.create_task(fleet.load(RATE, 3_600))
            await asyncio.to_thread(in_turn, workers, sites[1])
            loading.cancel()
            await fleet.drained(60)
            assert [each.version for each in workers] == [NEW, NEW]
            await asyncio.to_thread(settled, workers)
        finally:
            await fleet.close()
            for each in workers:
                await asyncio.to_thread(each.stop)
            broker.stop(file.parent)
        await asyncio.to_thread(judged, workers, fleet)


def judged(workers: list[Worker], fleet: Devices) -> None:
    """Hold what devices saw confirmed against the journal and each worker's store, and look how long nothing came."""
    for each in workers:
        verdict = judge(fleet.confirmed, fleet.books, _books.written(each.folder), _books.stored(each.folder))
        print(each.folder.name, verdict.counts())  # noqa: T201 — figures of the long tier are reported
        assert verdict.good, verdict.counts()
        assert verdict.acked > 2_000
    arrivals = [found.received for found in _books.written(workers[0].folder)]
    pause = max(after - before for before, after in pairwise(arrivals)) / NS
    print(f"longest pause {pause:.1f} s")  # noqa: T201 — as above
    assert pause <= PAUSE_S


def introduced(workers: list[Worker], port: int, names: list[str]) -> None:
    """Let each device say a word, take it in at one worker, and wait until the other has taken it in too."""
    said: list[Any] = [(_books.topic(each), '{"value": 1}', 1, False) for each in names]
    paho.mqtt.publish.multiple(said, hostname=HOST, port=port)
    uids = {f"{_books.UID}{each}" for each in names}
    until("all are proposed", lambda: uids <= workers[0].devices.keys(), timeout_s=20)
    for each in uids:
        workers[0].accept(each)
    until("all are taken in", lambda: not any(workers[1].devices.get(each, True) for each in uids), timeout_s=20)


def settled(workers: list[Worker]) -> None:
    """Wait until both workers have all that was said."""

    def done() -> bool:
        time.sleep(1)
        counters = [each.counters for each in workers]
        return all(each.get("journal_behind") == 0 for each in counters) and counters[0].get("journal_end") == counters[
            1
        ].get("journal_end")

    until("both have everything", done, timeout_s=60)
    until("and still have", done)
