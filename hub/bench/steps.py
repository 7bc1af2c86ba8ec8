"""What each step of a message's way costs the hub, in µs and in bare JSON decodings of the same telegram.

A pass of each step follows a pass of every other, and of each the quickest counts, in CPU time: `…_x` is the same on a
fast machine and on a slow one, so it tells what a change of the code has made dearer (reliability.md §3.4, P13).
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from hub.bench._publisher import telegram
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import Message, Record
from hub.registry import Registry, load_bundled
from hub.store.lines import Encoder
from hub.store.thinner import Thinner
from hub.understand import Memory, Understanding
from hub.worker import newest

GATES = {
    "journal_x": ("<=", 1.6),
    "read_x": ("<=", 1.6),
    "understand_x": ("<=", 14.0),
    "newest_x": ("<=", 0.85),
    "lines_x": ("<=", 4.7),
    "thin_x": ("<=", 0.9),
}
"""A sixth more than was measured: what is dearer by more is a change of the code, not of the machine."""
BETWEEN = 50_000
"""Nanoseconds between two messages: 20,000 a second."""
PASSES = 15


def measure(*, messages: int = 2_000, devices: int = 200) -> dict[str, float]:
    """Return microseconds a message, and how many bare decodings of its JSON that is.

    Args:
        messages: a pass takes, as one step of a busy hub does.
        devices: how many send them, each known already.
    """
    begin = time.time_ns()  # telegrams say it too, and are believed
    said = [
        Message(f"tele/bench-{number % devices:03d}/SENSOR", telegram(number), begin + number * BETWEEN)
        for number in range(messages)
    ]
    payloads, decode = [each.payload for each in said], msgspec.json.Decoder().decode
    records = [Record(number, message) for number, message in enumerate(said, 1)]
    mind = Understanding(
        Registry(load_bundled()), Memory(), zone=ZoneInfo("UTC"), asks=False, foreign=False, wall=time.time_ns
    )
    mind.take(records)
    readings = mind.take(records).readings
    encoder = Encoder()
    encoder.lines(readings)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        journal = stack.enter_context(closing(SqliteJournal(folder)))
        journal.append(said)
        reader = stack.enter_context(closing(SqliteReader(folder)))
        quickest = _quickest(
            {
                "bare": lambda: [decode(each) for each in payloads],
                "journal": lambda: journal.append(said),
                "read": lambda: reader.read(0, messages),
                "understand": lambda: mind.take(records),
                "newest": lambda: newest(readings, {}),
                "lines": lambda: encoder.lines(readings),
                "thin": lambda: Thinner().thinned(readings),
            }
        )
    bare = quickest.pop("bare")
    costs = {f"{name}_us": spent / messages * 1e6 for name, spent in quickest.items()}
    return {"bare_us": bare / messages * 1e6, **costs} | {f"{name}_x": each / bare for name, each in quickest.items()}


def _quickest(steps: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the seconds of CPU of each step's quickest pass."""
    found = dict.fromkeys(steps, float("inf"))
    for _ in range(PASSES):
        for name, step in steps.items():
            began = time.thread_time()
            step()
            found[name] = min(found[name], time.thread_time() - began)
    return found
