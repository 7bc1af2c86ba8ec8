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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import linear_regression
from urllib.parse import urljoin

import aiohttp
import psutil

from hub.bench._arena import VALUES
from hub.bench._publisher import Publisher
from hub.bench._running import Running, running
from hub.errors import HubError

GATES = {
    "hub_slope_at_least_mb_per_h": ("<=", 1.0),
    "ingest_slope_at_least_mb_per_h": ("<=", 1.0),
    "more_files": ("<=", 0.0),
    "more_threads": ("<=", 0.0),
    "not_stored": ("<=", 0.0),
}
"""The slope is the lower end of its 95 % interval; a run of minutes, which fills caches, says little of an hour."""
WARM = 200_000
"""Messages until caches are full: the hub remembers 100,000 by their own time, and 16 MB of the store (60 → 101 MB at
102,000 messages, 107.0 at 300,000, 107.7 at 600,000: measured)."""
MOST_WARM = 0.75
"""Of a shorter run."""
SAMPLES = 400
NEW_TOPICS_PER_S = 5
VISIT_S = 3.0
"""How long a viewer stays at most."""
DRAIN_S = 600.0


def measure(
    *, messages: int = 500_000, rate: float = 4_000.0, devices: int = 200, viewers: int = 20
) -> dict[str, float]:
    """Return by how much memory [MB an hour], files and threads grew, and how many readings are missing or too many.

    Args:
        messages: of three values, QoS 1.
        rate: messages a second.
        devices: how many send them.
        viewers: pages at a time that come, look for up to three seconds and go.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(running(folder))
        before = _held(hub)
        publisher = stack.enter_context(_publishing(hub.port, messages=messages, rate=rate, devices=devices))
        watched = asyncio.run(_watch(hub, publisher, every_s=max(messages / rate / SAMPLES, 0.25), viewers=viewers))
        confirmed = _confirmed(publisher)
        published = time.monotonic()
        hub.until_stored(confirmed * VALUES, patience_s=DRAIN_S)
        behind = time.monotonic() - published
        time.sleep(1.0)  # until the last viewers are gone
        after, stored = _held(hub), hub.stored()
    figures = {"messages": float(confirmed), "seconds": watched[-1][0], "messages_per_s": confirmed / watched[-1][0]}
    figures |= {"stored_after_s": behind, "not_stored": abs(confirmed * VALUES - stored)}
    figures |= {f"more_{name}": after[name] - before[name] for name in before}
    for place, part in enumerate(hub.parts, 1):
        line = [(seconds, taken[place - 1]) for seconds, *taken in watched]
        least, slope = slopes(line[int(len(line) * min(WARM / messages, MOST_WARM)) :])
        figures |= {f"{part}_slope_mb_per_h": slope, f"{part}_slope_at_least_mb_per_h": least}
        figures |= {f"{part}_first_mb": line[0][1], f"{part}_last_mb": line[-1][1]}
    return figures


def slopes(line: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of (seconds, MB) an hour: the lower end of its 95 % interval, and itself.

    By least squares; the interval takes the samples for independent of each other.
    """
    seconds, taken = zip(*line, strict=True)
    slope, intercept = linear_regression(seconds, taken)
    middle = math.fsum(seconds) / len(seconds)
    missed = math.fsum((value - intercept - slope * at) ** 2 for at, value in line)
    spread = math.fsum((at - middle) ** 2 for at in seconds)
    error = math.sqrt(missed / max(len(line) - 2, 1) / spread)
    return 3600 * (slope - 1.96 * error), 3600 * slope


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
    hub: Running, publisher: "subprocess.Popen[str]", *, every_s: float, viewers: int
) -> list[tuple[float, ...]]:
    """Let topics and viewers come and go until all is published; return seconds and the memory of each part [MB]."""
    watched: list[tuple[float, ...]] = []
    chance = random.Random(11)  # noqa: S311 — the same coming and going in each run
    async with aiohttp.ClientSession() as session:
        tasks = [asyncio.create_task(_visit(session, hub.health, chance)) for _ in range(viewers)]
        tasks.append(asyncio.create_task(_new_topics(hub.port)))
        began = time.monotonic()
        while publisher.poll() is None:
            taken = (sum(each.memory_info().rss for each in found) / 1e6 for found in hub.parts.values())
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


async def _new_topics(port: int) -> None:
    """Speak on topics that nobody has heard of, and that nobody understands."""
    with Publisher(port, "passers-by") as publisher:
        for number in itertools.count():
            publisher.say(f"passing/{number}/by", b"\xffnot understood")
            publisher.pump()
            await asyncio.sleep(1 / NEW_TOPICS_PER_S)
