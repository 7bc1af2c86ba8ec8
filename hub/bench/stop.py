"""How long an ordinary stop takes, of `demo`, `demo --lan` and `run`, with devices that speak and pages that watch.

Each stop is told by the system's own signal (what Ctrl-C, systemd and a terminal that closes amount to), and looked at
afterwards: which processes are left, how the pages were told, whether the journal has all that was acknowledged.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import aiohttp
import psutil

from hub import broker
from hub.bench import _processes
from hub.bench._processes import Started
from hub.cli._checks import health_of
from hub.errors import HubError
from hub.journal import place

GATES = {
    "slowest_stop_s": ("<=", 2.0),
    "left_behind": ("<=", 0.0),
    "not_told": ("<=", 0.0),
    "acknowledged_lost": ("<=", 0.0),
}
GOING_AWAY = 1001
PATIENCE_S = 20.0
RATE = 200.0


def measure(*, rounds: int = 5, viewers: int = 20, seconds: float = 3.0) -> dict[str, float]:
    """Return how long the stops took [s], and what was wrong with any of them.

    Args:
        rounds: stops of `demo`, as many of `demo --lan` and as many of `run`.
        viewers: pages that watch.
        seconds: how long devices speak before it is stopped.
    """
    starts: dict[str, Callable[[Path], AbstractContextManager[Started]]] = {
        "demo": _processes.demo,
        "lan": lambda folder: _processes.demo(folder, "--lan"),
        "run": _processes.alone,
    }
    took: dict[str, list[float]] = {name: [] for name in starts}
    wrong = dict.fromkeys(("left_behind", "not_told", "acknowledged_lost"), 0.0)
    for name, start in starts.items():
        for _ in range(rounds):
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
                hub = stack.enter_context(start(folder))
                lasted, found = asyncio.run(_stopped(hub, viewers, seconds))
                took[name].append(lasted)
                wrong = {key: count + found[key] for key, count in wrong.items()}
    every = [each for lasted in took.values() for each in lasted]
    return {f"{name}_stop_s": median(lasted) for name, lasted in took.items()} | {"slowest_stop_s": max(every)} | wrong


async def _stopped(hub: Started, viewers: int, seconds: float) -> tuple[float, dict[str, float]]:
    """Stop a hub while pages watch and devices speak; return how long it took [s], and what was wrong."""
    state = broker.alive(hub.data)
    if state is None:
        msg = f"{hub.data}: no broker runs there"
        raise HubError(msg)
    async with aiohttp.ClientSession() as client:
        live = f"ws://{urlsplit(hub.page).netloc}/live"
        pages = [asyncio.create_task(_watch(client, live)) for _ in range(viewers)]
        there = urlsplit(hub.said.get("mqtt", ""))
        login = f"{there.username}:{there.password}" if there.username else ""
        crowd = _processes.crowd(state.port, rate=RATE, seconds=seconds + PATIENCE_S, devices=20, login=login)
        await asyncio.to_thread(crowd.__enter__)
        try:
            await asyncio.sleep(seconds)
            acknowledged = await asyncio.to_thread(_acknowledged, hub)
            pids = [each.pid for part in hub.parts().values() for each in part]
            began = time.monotonic()
            hub.process.terminate()
            await asyncio.to_thread(hub.process.wait, PATIENCE_S)
            lasted = time.monotonic() - began
        finally:
            await asyncio.to_thread(_end_crowd, crowd)
        async with asyncio.timeout(PATIENCE_S):
            told = await asyncio.gather(*pages)
    with closing(place.reader(hub.data)) as journal:
        missing = max(acknowledged - journal.end, 0)
    return lasted, {
        "left_behind": float(sum(psutil.pid_exists(pid) for pid in pids)),
        "not_told": float(sum(code != GOING_AWAY for code in told)),
        "acknowledged_lost": float(missing),
    }


async def _watch(client: aiohttp.ClientSession, live: str) -> int | None:
    """Watch until the hub hangs up; return the code it gave."""
    async with client.ws_connect(live) as socket:
        async for _frame in socket:
            pass
        return socket.close_code


def _acknowledged(hub: Started) -> int:
    told = health_of(hub.page)
    if told is None:
        msg = f"{hub.page} does not answer"
        raise HubError(msg)
    return int(told["counters"]["messages_acknowledged_total"])


def _end_crowd(crowd: AbstractContextManager[None]) -> None:
    with contextlib.suppress(HubError):  # it was hung up on: that is what is measured
        crowd.__exit__(None, None, None)
