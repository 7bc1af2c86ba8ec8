"""One burst through the hub and through each peer that is installed, in turn, each on a Mosquitto of its own.

Every device has spoken once before anything is counted: what it costs to meet it comes once.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from msgspec import Struct
from rich.console import Console
from rich.markup import escape

from hub import mosquitto
from hub.bench import _arena, ingest
from hub.bench._influxd import influxd, with_bucket
from hub.bench._peers import PEERS, Running, telegraf
from hub.bench._processes import cpu, family
from hub.freeport import LOOPBACK as HOST


class Run(Struct, frozen=True):
    """One burst: seconds of CPU of each part and of the publisher, seconds until all was heard, messages missing."""

    cpu: dict[str, float]
    publisher: float
    seconds: float
    missing: int


def compared(*, messages: int, devices: int, rounds: int) -> dict[str, float]:
    """Return CPU a message of everybody, the medians of the rounds, and the hub's ratio to each peer.

    Args:
        messages: of 150 bytes with three values, a burst.
        devices: how many send them.
        rounds: how often each is measured, in turn.

    Raises:
        ConfigError: Mosquitto is not installed.
        HubError: something does not start.
    """
    mosquitto.program()
    contenders = {"hub": hub} | {peer.name: peer.running for peer in PEERS if peer.path is not None}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        program = shutil.which("telegraf")
        if program is not None and shutil.which("influxd") is not None:
            place = with_bucket(stack.enter_context(influxd(Path(folder))), "telegraf")
            contenders["telegraf"] = partial(telegraf, program, place=place)
        found: dict[str, list[Run]] = {name: [] for name in contenders}
        for number in range(rounds):
            for name in [*found]:
                own = Path(folder) / f"{name}-{number}"
                own.mkdir()
                with _arena.mosquitto(own / "broker") as port:
                    peer = contenders[name](own / "peer", port)
                    run = _unless_absent(name, partial(measured, port, peer, messages=messages, devices=devices))
                if run is None:
                    del found[name]
                else:
                    found[name].append(run)
    return figures(found, messages)


def _unless_absent(name: str, run: Callable[[], Run]) -> Run | None:
    """Measure once; None: a peer did not start, which is told, and has no figure: the others have theirs."""
    try:
        return run()
    except _arena.NotConnectedError as error:
        Console(stderr=True).print(escape(f"{name} is left out: {error}"), style="yellow")
        return None


def figures(found: dict[str, list[Run]], messages: int) -> dict[str, float]:
    """Return what the runs come to, by name."""
    told: dict[str, float] = {}
    cost = {name: [sum(run.cpu.values()) / messages * 1e6 for run in runs] for name, runs in found.items()}
    for name, runs in found.items():
        told[f"{name}_us_per_message"] = median(cost[name])
        told[f"{name}_messages_per_s"] = messages / median(run.seconds for run in runs)
        told[f"{name}_missing"] = max(run.missing for run in runs)
    for part in found["hub"][0].cpu:
        told[f"hub_{part}_us_per_message"] = median(run.cpu[part] for run in found["hub"]) / messages * 1e6
    for name in found.keys() - {"hub"}:
        told[f"ratio_{name}"] = median(mine / other for mine, other in zip(cost["hub"], cost[name], strict=True))
    spent = median(run.publisher for runs in found.values() for run in runs)
    return told | {"publisher_us_per_message": spent / messages * 1e6}


@contextmanager
def hub(folder: Path, port: int, config: Mapping[str, Any] = {}) -> Iterator[Running]:
    """Lend ingest and hub, once they are subscribed: every message durable, decoded, judged and stored; in SQLite."""
    folder.mkdir()
    url = f"mqtt://{HOST}:{port}"
    with ExitStack() as stack:
        arguments = ("--data", str(folder), "--broker", url, "--window", str(mosquitto.WINDOW))
        reader = stack.enter_context(ingest.child("hub.ingest", *arguments))
        app, health = ingest.start_hub(stack, folder, url, config)
        _arena.until_subscribed(folder)
        parts = {"ingest": family(reader.pid), "hub": family(app.pid)}
        yield Running(parts, lambda: int(ingest.counters(health)["readings_stored_total"]) // _arena.VALUES)


def measured(port: int, start: AbstractContextManager[Running], *, messages: int, devices: int) -> Run:
    """Measure one burst through whoever `start` starts, each device having spoken once before."""
    with start as running:
        _arena.settled(running.parts)
        first = _arena.meet(port, running.parts, devices=devices, heard=running.heard)
        before = {name: cpu(each) for name, each in running.parts.items()}
        begin = time.monotonic()
        publisher = _arena.burst(port, messages=messages, devices=devices)
        heard = _until_heard(running, first + messages) - first
        seconds = time.monotonic() - begin
        _arena.settled(running.parts)
        spent = {name: cpu(each) - before[name] for name, each in running.parts.items()}
    return Run(spent, publisher, seconds, messages - heard)


def _until_heard(running: Running, due: int) -> int:
    """Wait until all is heard, or nothing more comes; return how many messages were."""
    before, changed = -1, time.monotonic()
    while True:
        heard = running.heard()
        if heard != before:
            before, changed = heard, time.monotonic()
        if heard >= due or time.monotonic() - changed > _arena.STILL_S:
            return heard
        time.sleep(0.2)
