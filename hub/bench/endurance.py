"""Whether the hub grows while it runs for a day: as many messages quickly, topics and viewers that come and go.

`--messages 17000000` is 24 hours at 200 messages a second, an hour and a quarter at `--rate 4000`. `--messages 12000000
--rate 20000` is ten minutes of what is promised at most: `stored_after_s` says whether the hub kept up.
"""

import asyncio
import contextlib
import itertools
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urljoin

import aiohttp
import psutil
from msgspec import Struct

from hub import broker
from hub.bench._arena import VALUES
from hub.bench._processes import family
from hub.bench._publisher import Publisher
from hub.bench._running import Running, running
from hub.broker import SEGMENT, SEGMENTS
from hub.errors import HubError
from hub.ingest.batch import MUCH
from hub.registry import MAX_ROUTES
from hub.understand import REMEMBERED

GATES = {
    "hub_slope_at_least_mb_per_h": ("<=", 1.0),
    "ingest_slope_at_least_mb_per_h": ("<=", 1.0),
    "more_files": ("<=", 0.0),
    "more_threads": ("<=", 0.0),
    "not_stored": ("<=", 0.0),
}
"""Of the second half. The lower end of the slope's 95 % interval: what a run of minutes is sure of."""
NOTES = (
    "Slopes are of the run's second half; from start to warm is what the first half filled. What grows, until when:",
    "hub: the store's pages, 6 MB and 2 MB a reader;",
    f"  ways of topics that spoke twice, 0.2 kB each, of {MAX_ROUTES:,};",
    f"  own times of telegrams where devices send them, 0.2 kB each, of {REMEMBERED:,}",
    f"ingest: 2 MB of the journal's pages; what lies free between them goes back every {MUCH:,} messages",
    f"embedded broker, no part of the promise: {SEGMENTS} × {SEGMENT >> 20} MiB of what was said last,",
    "  about 200 MB after 800,000 messages of 150 bytes",
)
"""What is told below the figures."""
SAMPLES = 400
WARMING = 0.5
"""Share of a run that fills caches: its growth is told apart."""
STRETCHES = 20
"""Medians of so many equal parts are what the slope goes through: samples that follow each other are no strangers."""
LEAST = 3
"""Samples without which there is no slope."""
USUAL_RATE = 200.0
"""Messages a second of the day that a run stands for."""
NEW_TOPICS_PER_S = 5.0
VISIT_S = 3.0
"""How long a viewer stays at most."""
DRAIN_S = 120.0
SETTLED_S, SETTLING_S = 1.0, 20.0
"""For so long no thread and no file came or went after the start; it is waited for so long at most."""

Line = Sequence[tuple[float, float]]
"""Seconds and MB."""


class Growth(Struct, frozen=True):
    """How a part's memory went.

    Attributes:
        start, warm, end: at first, where the second half begins, at last [MB].
        slope, least: of the second half [MB/s], and the lower end of its 95 % interval.
    """

    start: float
    warm: float
    end: float
    slope: float
    least: float


def measure(
    *,
    messages: int = 500_000,
    rate: float = 4_000.0,
    devices: int = 200,
    viewers: int = 20,
    topics: float = NEW_TOPICS_PER_S,
) -> dict[str, float]:
    """Return by how much memory, files and threads grew, and how many readings are missing or too many.

    The slope is told thrice: for an hour of the run, for a million messages, and for an hour of a day at 200 messages a
    second (`usual`).

    Args:
        messages: of three values, QoS 1.
        rate: messages a second.
        devices: how many send them.
        viewers: pages at a time that come, look for up to three seconds and go.
        topics: new ones a second, of which nothing is heard again.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(running(folder))
        parts = hub.parts | _broker(folder)
        before = _settled(hub)
        publisher = stack.enter_context(_publishing(hub.port, messages=messages, rate=rate, devices=devices))
        every_s = max(messages / rate / SAMPLES, 0.25)
        watched = asyncio.run(_watch(hub, parts, publisher, every_s=every_s, viewers=viewers, topics=topics))
        confirmed = _confirmed(publisher)
        published = time.monotonic()
        with contextlib.suppress(HubError):  # what is missing is a figure, and the others are worth as much
            hub.until_stored(confirmed * VALUES, patience_s=DRAIN_S)
        behind = time.monotonic() - published
        after, stored = _settled(hub), hub.stored()
    spoken = confirmed / watched[-1][0]
    figures = {"messages": float(confirmed), "seconds": watched[-1][0], "messages_per_s": spoken}
    figures |= {"stored_after_s": behind, "not_stored": abs(confirmed * VALUES - stored)}
    figures |= {f"more_{name}": after[name] - before[name] for name in before}
    for place, part in enumerate(parts, 1):
        found = growth([(taken[0], taken[place]) for taken in watched])
        figures |= {f"{part}_{name}": value for name, value in told(found, spoken).items()}
    return figures


def growth(line: Line) -> Growth:
    """Return how the memory went, its second half by Theil and Sen: the median slope of all pairs of its stretches.

    One sample that a garbage collection or a burst lifts moves it by nothing. The interval is of Kendall's rank
    correlation (P. K. Sen, Journal of the American Statistical Association 63, 1968, p. 1379).

    Raises:
        HubError: too few samples.
    """
    later = line[int(len(line) * WARMING) :]
    if len(later) < LEAST:
        msg = f"{len(line)} samples are too few for a slope; send more --messages or at a lower --rate"
        raise HubError(msg)
    points = stretches(later)
    pairs = [(y - x) / (later_s - s) for (s, x), (later_s, y) in itertools.combinations(points, 2)]
    pairs.sort()
    many = len(points)
    margin = 1.96 * math.sqrt(many * (many - 1) * (2 * many + 5) / 18)
    least = pairs[max(int((len(pairs) - margin) / 2), 0)]
    return Growth(line[0][1], points[0][1], points[-1][1], median(pairs), least)


def stretches(line: Line) -> list[tuple[float, float]]:
    """Return the medians of equal parts of a line."""
    many = min(STRETCHES, len(line))
    edges = [len(line) * place // many for place in range(many + 1)]
    parts = [line[begin:end] for begin, end in itertools.pairwise(edges)]
    return [(median(seconds for seconds, _ in each), median(taken for _, taken in each)) for each in parts]


def told(found: Growth, rate: float) -> dict[str, float]:
    """Return a part's figures; `rate`: messages a second."""
    each = found.slope / rate
    return {
        "start_mb": found.start,
        "warm_mb": found.warm,
        "end_mb": found.end,
        "slope_mb_per_h": found.slope * 3600,
        "slope_at_least_mb_per_h": found.least * 3600,
        "slope_mb_per_million": each * 1e6,
        "slope_mb_per_usual_h": each * USUAL_RATE * 3600,
    }


def _broker(folder: Path) -> dict[str, list[psutil.Process]]:
    """Return the broker beside the hub."""
    state = broker.alive(folder)
    return {} if state is None else {"broker": family(state.pid)}


def _settled(hub: Running) -> dict[str, float]:
    """Return the files and threads once they stay: what a start or the last viewers needed is gone then."""
    deadline = time.monotonic() + SETTLING_S
    held, since = _held(hub), time.monotonic()
    while time.monotonic() - since < SETTLED_S and time.monotonic() < deadline:
        time.sleep(0.05)
        now = _held(hub)
        if now != held:
            held, since = now, time.monotonic()
    return held


def _held(hub: Running) -> dict[str, float]:
    """Return the files and threads of all parts."""
    processes = [each for found in hub.parts.values() for each in found]
    return {
        "files": float(sum(map(_files, processes))),
        "threads": float(sum(each.num_threads() for each in processes)),
    }


def _files(process: psutil.Process) -> int:
    count = getattr(process, "num_fds", None) or getattr(process, "num_handles", None)  # POSIX, Windows
    return 0 if count is None else int(count())


@contextmanager
def _publishing(port: int, *, messages: int, rate: float, devices: int) -> "Iterator[subprocess.Popen[str]]":
    figures = {"port": port, "messages": messages, "rate": rate, "devices": devices, "seconds": 10 * messages / rate}
    flat = [text for name, value in figures.items() for text in (f"--{name}", str(value))]
    process = subprocess.Popen(  # noqa: S603 — our own module
        [sys.executable, "-m", "hub.bench._publisher", *flat],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _confirmed(publisher: "subprocess.Popen[str]") -> int:
    said, _ = publisher.communicate()
    if publisher.returncode:
        msg = "the publisher gave up, see its error above"
        raise HubError(msg)
    return int(json.loads(said)["confirmed"])


async def _watch(
    hub: Running,
    parts: Mapping[str, Sequence[psutil.Process]],
    publisher: "subprocess.Popen[str]",
    *,
    every_s: float,
    viewers: int,
    topics: float,
) -> list[tuple[float, ...]]:
    """Let topics and viewers come and go until all is published; return seconds and the memory of each part [MB]."""
    watched: list[tuple[float, ...]] = []
    chance = random.Random(11)  # noqa: S311 — the same coming and going in each run
    async with aiohttp.ClientSession() as session:
        tasks = [asyncio.create_task(_visit(session, hub.health, chance)) for _ in range(viewers)]
        tasks.append(asyncio.create_task(_new_topics(hub.port, topics)))
        began = time.monotonic()
        while publisher.poll() is None:
            taken = (sum(each.memory_info().rss for each in found) / 1e6 for found in parts.values())
            watched.append((time.monotonic() - began, *taken))
            await asyncio.sleep(every_s)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    if failed := [each for each in ended if isinstance(each, Exception)]:
        raise failed[0]
    return watched


async def _visit(session: aiohttp.ClientSession, health: str, chance: random.Random) -> None:
    """Look for a while, go, and come again."""
    while True:
        async with session.ws_connect(urljoin(health, "/live")) as live:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(chance.uniform(0, VISIT_S)):
                    async for _ in live:
                        pass


async def _new_topics(port: int, per_s: float) -> None:
    """Speak on topics that nobody has heard of, and that nobody understands."""
    with Publisher(port, "passers-by") as publisher:
        for number in itertools.count():
            publisher.say(f"passing/{number}/by", b"\xffnot understood")
            publisher.pump()
            await asyncio.sleep(1 / per_s)
