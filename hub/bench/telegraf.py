"""What a QoS 1 message costs on its way into InfluxDB, through the hub and through Telegraf, on the same servers.

Telegraf as it comes (it compresses what it sends) and `plain`: to the same machine uncompressed, as the hub sends.
All in turn, on one Mosquitto with the shipped file and one InfluxDB: a burst is published as fast as the broker takes
it, and the clock runs until InfluxDB holds every value. CPU is that of all processes of the one under test. Every
device has spoken once before anything is counted: what it costs to meet it comes once.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import psutil
from msgspec import Struct

from hub import mosquitto
from hub.bench import _arena
from hub.bench._influxd import influxd, settings, with_bucket
from hub.bench._peers import stored, telegraf
from hub.bench._processes import cpu, family
from hub.bench.ingest import child, start_hub
from hub.errors import ConfigError
from hub.freeport import LOOPBACK as HOST
from hub.store.influx_client import Client, Place

GATES = {"ratio": ("<=", 1.0), "hub_missing": ("<=", 0.0)}
HOW = "telegraf is not on PATH: PATH=$PATH:$(dirname $(.ci/telegraf ~/.cache/matinales)) builds it and puts it there"


class Run(Struct, frozen=True):
    """One burst: seconds of CPU of each part and of the publisher, seconds until all was stored, values that miss."""

    cpu: dict[str, float]
    seconds: float
    missing: int
    publisher: float = 0.0


def measure(*, messages: int = 40_000, devices: int = 200, rounds: int = 3) -> dict[str, float]:
    """Return the medians over the rounds.

    Args:
        messages: of 150 bytes with three values, a burst.
        devices: how many send them.
        rounds: how often each is measured, in turn.

    Raises:
        ConfigError: Mosquitto, influxd or telegraf is not installed; the message says how to get it.
        HubError: something does not start.
    """
    program = shutil.which("telegraf")
    if program is None:
        raise ConfigError(HOW)
    found: dict[str, list[Run]] = {"telegraf": [], "telegraf_plain": [], "hub": []}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as stack:
        folder = Path(name)
        place = stack.enter_context(influxd(folder))
        for number in range(rounds):
            for who, runs in found.items():
                # a broker of its own: no session holds another's burst
                with _arena.mosquitto(folder / f"{who}-{number}") as port:
                    bucket = with_bucket(place, f"{who}-{number}")
                    arena = _Arena(folder / bucket.bucket, port, bucket, messages, devices)
                    encoding = "identity" if who == "telegraf_plain" else "gzip"
                    runs.append(arena.run(arena.hub if who == "hub" else partial(arena.telegraf, program, encoding)))
    return _figures(found, messages)


def _figures(found: dict[str, list[Run]], messages: int) -> dict[str, float]:
    cost = {name: [sum(run.cpu.values()) / messages * 1e6 for run in runs] for name, runs in found.items()}
    figures: dict[str, float] = {}
    for name, runs in found.items():
        figures[f"{name}_us_per_message"] = median(cost[name])
        figures[f"{name}_us_per_message_least"] = min(cost[name])
        figures[f"{name}_messages_per_s"] = messages / median(run.seconds for run in runs)
        figures[f"{name}_missing"] = max(run.missing for run in runs)
    for part in found["hub"][0].cpu:
        figures[f"hub_{part}_us_per_message"] = median(run.cpu[part] for run in found["hub"]) / messages * 1e6
    for ratio, other in (("ratio", "telegraf"), ("ratio_plain", "telegraf_plain")):
        figures[ratio] = median(mine / each for mine, each in zip(cost["hub"], cost[other], strict=True))
    spent = median(run.publisher for runs in found.values() for run in runs)
    return figures | {"publisher_us_per_message": spent / messages * 1e6}


class _Arena:
    """Where one round takes place: buckets of its own on the servers that all rounds share."""

    def __init__(self, folder: Path, port: int, place: Place, messages: int, devices: int) -> None:
        self._folder = folder
        self._port = port
        self._place = place
        self._messages = messages
        self._devices = devices

    def run(self, start: Callable[[], contextlib.AbstractContextManager[dict[str, list[psutil.Process]]]]) -> Run:
        """Measure one burst through whoever `start` starts."""
        with closing(Client(self._place)) as client, start() as parts:
            _arena.settled(parts)
            first = _arena.meet(self._port, parts, devices=self._devices, heard=lambda: stored(client) // _arena.VALUES)
            before = {name: cpu(each) for name, each in parts.items()}
            begin = time.monotonic()
            publisher = _arena.burst(self._port, messages=self._messages, devices=self._devices)
            kept = self._until_stored(client, _arena.VALUES * (first + self._messages)) - _arena.VALUES * first
            seconds = time.monotonic() - begin
            _arena.settled(parts)
            spent = {name: cpu(each) - before[name] for name, each in parts.items()}
        return Run(spent, seconds, abs(_arena.VALUES * self._messages - kept), publisher)

    @contextmanager
    def telegraf(self, program: str, encoding: str) -> Iterator[dict[str, list[psutil.Process]]]:
        """Lend Telegraf, once it is subscribed."""
        with telegraf(program, self._folder, self._port, self._place, encoding=encoding) as running:
            yield running.parts

    @contextmanager
    def hub(self) -> Iterator[dict[str, list[psutil.Process]]]:
        """Lend ingest and hub, once they are subscribed."""
        folder = self._folder / "data"
        folder.mkdir(parents=True, exist_ok=True)
        url = f"mqtt://{HOST}:{self._port}"
        arguments = ("--data", str(folder), "--broker", url, "--window", str(mosquitto.WINDOW))
        with ExitStack() as stack:
            ingest = stack.enter_context(child("hub.ingest", *arguments))
            app, _health = start_hub(stack, folder, url, settings(self._place))
            _arena.until_subscribed(folder)
            yield {"ingest": family(ingest.pid), "hub": family(app.pid)}

    def _until_stored(self, client: Client, due: int) -> int:
        """Wait until InfluxDB has all values due, or nothing more for a while; return how many it has."""
        deadline, before = time.monotonic() + _arena.PATIENCE_S, -1
        quiet = time.monotonic()
        while True:
            count = stored(client)
            if count != before:
                before, quiet = count, time.monotonic()
            if count >= due or time.monotonic() > min(deadline, quiet + _arena.STILL_S):
                return count
            time.sleep(0.2)
