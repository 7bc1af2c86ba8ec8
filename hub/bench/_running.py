"""A hub of three processes on a folder of the bench's own: broker, ingest and hub, without simulators or supervisor."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from filelock import FileLock
from msgspec import Struct

from hub import broker
from hub.bench._arena import PATIENCE_S, until_subscribed
from hub.bench._processes import family
from hub.bench.ingest import child, counters, start_hub
from hub.errors import HubError
from hub.freeport import free_port


class Running(Struct, frozen=True):
    """What runs.

    Attributes:
        port: of the broker.
        health: address of the hub's health.
        parts: the processes of `hub` and `ingest`.
        start: how long the hub took until it served its page [s].
    """

    port: int
    health: str
    parts: dict[str, list[psutil.Process]]
    start: float

    def stored(self) -> float:
        """Return how many readings the hub has stored since it started."""
        return counters(self.health, patience_s=PATIENCE_S)["readings_stored_total"]

    def until_stored(self, readings: float, *, patience_s: float = PATIENCE_S) -> None:
        """Wait until so many readings are stored and nothing is behind.

        Raises:
            HubError: in vain.
        """
        deadline = time.monotonic() + patience_s
        while True:
            found = counters(self.health, patience_s=PATIENCE_S)
            if found["readings_stored_total"] >= readings and found["journal_behind"] == 0 < found["journal_end"]:
                return
            if time.monotonic() > deadline:
                stored = found["readings_stored_total"]
                msg = f"{stored:.0f} readings stored after {patience_s:.0f} s, not {readings:.0f}"
                raise HubError(msg)
            time.sleep(0.1)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Lend broker, ingest and hub on a folder."""
    with ExitStack() as stack:
        port, file = free_port(), folder / "broker.toml"
        url = f"mqtt://127.0.0.1:{port}"
        broker.write_config(file, port=port)
        stack.enter_context(FileLock(folder / "lock"))
        broker.start(file)
        stack.callback(broker.stop, folder)
        ingest = stack.enter_context(child("hub.ingest", "--data", str(folder), "--broker", url))
        began = time.monotonic()
        hub, health = start_hub(stack, folder, url, {})
        start = time.monotonic() - began
        until_subscribed(folder)
        yield Running(port, health, {"hub": family(hub.pid), "ingest": family(ingest.pid)}, start)
