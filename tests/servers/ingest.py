"""A real ingest process beside a real broker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hub.ingest.link import FILE, Address
from hub.journal import place
from hub.model import Record
from servers.brokers import Broker
from servers.ports import listens, until


@dataclass
class Ingest:
    """The process; `start` and `kill` as often as a test likes.

    Attributes:
        broker: where it listens.
        folder: its data folder.
        arguments: more of its command line.
    """

    broker: Broker
    folder: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Start it and wait until its link is open."""
        (self.folder / FILE).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hub.ingest", "--data", str(self.folder), "--broker", self.broker.url),
                *("--window", str(self.broker.window), *self.arguments),
            ],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL if not os.environ.get("SHOW_INGEST") else None,
        )
        until("the ingest's link is open", self.is_open)

    def is_open(self) -> bool:
        """Whether a hub can connect."""
        assert self.process.poll() is None, "the ingest process ended at start"
        try:
            address = msgspec.json.decode((self.folder / FILE).read_bytes(), type=Address)
        except FileNotFoundError:
            return False
        return address.pid == self.process.pid and listens(address.port)

    def kill(self) -> None:
        """End it as a power cut would: kill -9."""
        self.process.kill()
        self._gone()

    def end(self) -> int:
        """Close its stdin, as a supervisor that is gone; return its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(30)

    def _gone(self) -> None:
        self.process.wait(30)
        if self.process.stdin is not None:
            self.process.stdin.close()

    def records(self) -> list[Record]:
        """Return everything in the journal."""
        reader = place.reader(self.folder)
        found: list[Record] = []
        while records := reader.read(found[-1].position if found else 0, 10_000):
            found += records
        reader.close()
        return found

    def wait_for(self, count: int, *, timeout_s: float = 30.0) -> list[Record]:
        """Return the journal once it holds `count` records."""
        reader = place.reader(self.folder)
        until(f"{count} records are journalled", lambda: reader.end >= count, timeout_s=timeout_s)
        reader.close()
        return self.records()


@contextmanager
def ingesting(broker: Broker, folder: Path, *arguments: str) -> Iterator[Ingest]:
    """Lend a running ingest process."""
    ingest = Ingest(broker, folder, arguments)
    ingest.start()
    try:
        yield ingest
    finally:
        ingest.kill()
