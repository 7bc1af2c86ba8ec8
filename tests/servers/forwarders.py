"""The InfluxDB writer on a real store.db, stepped by the test itself: steps of the worker in, requests out."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from hub.kept import Kept
from hub.model import Reading
from hub.store.influx_client import Client, Place
from hub.store.influx_errands import InfluxErrands
from hub.store.influx_writer import InfluxWriter
from hub.store.outbox import Refused
from hub.understand import Changes

BUDGET = 10_000_000


class Forwarder:
    """A store and its writer; `restart` is a kill and a new start."""

    def __init__(self, folder: Path, place: Place, *, timeout: float = 10.0, budget: int = BUDGET) -> None:
        """Open both."""
        self._folder, self._place, self._timeout, self._budget = folder, place, timeout, budget
        self.wall = 0
        self.open()

    def open(self) -> None:
        """Start from what is on disk."""
        self.kept = Kept(self._folder, forwards=True, wall=lambda: self.wall)
        self.client = Client(self._place, timeout=self._timeout)
        self.position = self.kept.position()
        self.writer = InfluxWriter(
            self.client,
            outbox=self.kept.waiting,
            settle=self.kept.settle,
            drop=self.kept.drop_oldest,
            errands=InfluxErrands(self.client, errands=self.kept.errands, note=self.kept.note),
            budget=self._budget,
            wall=lambda: self.wall,
            uniform=lambda low, _: low,
        )

    def close(self) -> None:
        """Close both."""
        self.client.close()
        self.kept.close()

    def restart(self) -> None:
        """Forget everything that is not on disk."""
        self.close()
        self.open()

    def store(self, readings: Sequence[Reading], messages: int = 1) -> None:
        """Commit readings as a step of so many messages."""
        self.position += messages
        self.kept.commit(Changes(position=self.position, readings=list(readings)), [], {})

    def drain(self, steps: int = 200) -> None:
        """Step until nothing waits and all is well; without the pauses."""
        for _ in range(steps):
            self.writer.step()
            status = self.writer.status
            if status.trouble is None and not status.backlog.lines and status.due.erasures == status.due.refused:
                return
        msg = f"still waiting after {steps} steps: {self.writer.status}"
        raise TimeoutError(msg)

    def refused(self) -> list[Refused]:
        """Return what InfluxDB refused, newest first."""
        with self.kept.waiting() as outbox:
            return outbox.refused(1000)


@contextmanager
def forwarding(folder: Path, place: Place, *, timeout: float = 10.0, budget: int = BUDGET) -> Iterator[Forwarder]:
    """Lend one."""
    with closing(Forwarder(folder, place, timeout=timeout, budget=budget)) as made:
        yield made
