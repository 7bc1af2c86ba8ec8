"""What it costs to journal a message, in the data folder or on NATS servers: the price of each stage of the way."""

import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from hub.bench.decode import TELEGRAM
from hub.journal import place
from hub.journal.base import JournalReader, Store
from hub.model import Message

_READ = 5_000


def measure(*, messages: int = 20_000, group: int = 50, devices: int = 200, journal: str = "") -> dict[str, float]:
    """Return the time of a group commit, what of it falls to a message, and what reading one costs.

    Args:
        messages: how many are journalled.
        group: messages committed together: half of the embedded broker's window.
        devices: whose they are, in turn.
        journal: `nats://…` of an empty journal; in a folder unless told.
    """
    with tempfile.TemporaryDirectory() as folder:
        place.settle(Path(folder), journal or None)
        with closing(place.journal(Path(folder))) as store, closing(place.reader(Path(folder))) as reader:
            commits = _append(store, messages, group, devices)
            return _figures(commits, group, store, _read(reader))


def _append(store: Store, messages: int, group: int, devices: int) -> list[float]:
    """Journal them; return the seconds of each commit."""
    spent: list[float] = []
    for begin in range(0, messages, group):
        now = time.time_ns()
        said = [
            Message(f"tele/bench-{number % devices}/SENSOR", TELEGRAM, now + number)
            for number in range(begin, min(begin + group, messages))
        ]
        spent.append(_timed(lambda said=said: store.append(said)))  # type: ignore[misc]
    return spent


def _read(reader: JournalReader) -> float:
    """Read everything; return the seconds of a message."""
    after, began = 0, time.monotonic()
    while records := reader.read(after, _READ):
        after = records[-1].position
    return (time.monotonic() - began) / max(after, 1)


def _timed(what: Callable[[], object]) -> float:
    began = time.monotonic()
    what()
    return time.monotonic() - began


def _figures(commits: list[float], group: int, store: Store, read: float) -> dict[str, float]:
    return {
        "commit_ms": 1e3 * median(commits),
        "commit_slowest_ms": 1e3 * max(commits),
        "append_us": 1e6 * sum(commits) / store.end,
        "per_second": store.end / sum(commits),
        "read_us": 1e6 * read,
        "bytes": store.written / store.end,
        "group": group,
    }
