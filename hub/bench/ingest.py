"""How many QoS 1 messages a second are acknowledged after their commit, and stored, all programs on this machine."""

import asyncio
import contextlib
import json
import logging
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
import psutil
from filelock import FileLock

from hub import broker, mosquitto
from hub.bench._processes import cpu, family
from hub.bench._publisher import sent_at
from hub.bench._seen import percentile
from hub.errors import HubError
from hub.freeport import free_port
from hub.ingest.link import Status
from hub.ingest.linkclient import LinkClient
from hub.journal import place
from hub.journal.base import JournalReader

GATES = {
    "acknowledged_per_s": (">=", 10_000.0),
    "lost": ("<=", 0.0),
    "stored_after_s": ("<=", 10.0),
    "ratio_telegraf": ("<=", 2.5),
    "hub_missing": ("<=", 0.0),
}
STORED_AT = 10_200.0
"""Messages a second where the hub decodes and stores beside it: the rate promised, not the most there is."""
PATIENCE_S = 60.0
PREFIX = "tele/bench-"


def measure(
    *,
    seconds: float = 10.0,
    broker: Literal["embedded", "mosquitto"] = "embedded",
    stage: Literal["journal", "store"] = "journal",
    rate: float | None = None,
    devices: int = 200,
) -> dict[str, float]:
    """Return the figures by name, the unit at the end of each.

    Args:
        seconds: how long messages are sent.
        broker: the embedded broker, or an installed Mosquitto with the shipped file.
        stage: up to the journal, or with the hub that decodes and stores.
        rate: messages a second; as fast as they are journalled unless told, 10,200 with `store`.
        devices: how many send, three values a message.
    """
    wanted = rate if rate is not None else (STORED_AT if stage == "store" else 0.0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        bench = _Bench(folder, stack, kind=broker)
        hub = bench.start_hub() if stage == "store" else None
        return asyncio.run(bench.run(seconds=seconds, rate=wanted, devices=devices, hub=hub))


def compare(*, messages: int = 40_000, devices: int = 200, rounds: int = 3) -> dict[str, float]:
    """Return what a message costs the hub (durable, decoded, stored) and each peer that is installed.

    Args:
        messages: of 150 bytes with three values, a burst.
        devices: how many send them.
        rounds: how often each is measured, in turn.
    """
    from hub.bench._compare import compared  # noqa: PLC0415 — it starts what stands here

    return compared(messages=messages, devices=devices, rounds=rounds)


class _Bench:
    """The programs under test, and the one that loads them."""

    def __init__(self, folder: Path, stack: ExitStack, *, kind: str) -> None:
        self._folder = folder
        self._stack = stack
        self._port = free_port()
        file = folder / ("broker.toml" if kind == "embedded" else "broker.conf")
        window = broker.WINDOW if kind == "embedded" else mosquitto.WINDOW
        broker.write_config(file, port=self._port)
        stack.enter_context(FileLock(folder / "lock"))
        state = broker.start(file)
        stack.callback(broker.stop, folder)
        self._url = f"mqtt://127.0.0.1:{self._port}"
        ingest = stack.enter_context(
            child("hub.ingest", "--data", str(folder), "--broker", self._url, "--window", str(window))
        )
        self.processes = {"broker": family(state.pid), "ingest": family(ingest.pid)}

    def start_hub(self) -> str:
        """Start the process that decodes and stores; return the address of its health."""
        hub, health = start_hub(self._stack, self._folder, self._url, {})
        self.processes["hub"] = family(hub.pid)
        return health

    async def run(self, *, seconds: float, rate: float, devices: int, hub: str | None) -> dict[str, float]:
        """Load them, and return the figures."""
        link, meter = LinkClient(self._folder), _Meter(place.reader(self._folder))
        link.on_end(meter.end)
        link.on_status(meter.status)
        task = asyncio.create_task(link.run())
        try:
            await _until(lambda: meter.subscribed, "the ingest has subscribed")
            before = {name: cpu(family) for name, family in self.processes.items()}
            begin = time.time()
            sent = await self._load(meter, seconds=seconds, rate=rate, devices=devices)
            over = time.time()
            await _until(lambda: meter.acknowledged >= sent["sent"], "all is acknowledged")
            took = meter.last - sent["begin"]
            figures = {
                "acknowledged_per_s": sent["sent"] / took,
                "sent_per_s": sent["sent"] / sent["seconds"],
                "messages": sent["sent"],
                "lost": sent["confirmed"] - _kept(meter.reader),
                "commit_p50_ms": percentile(meter.ages, 50),
                "commit_p99_ms": percentile(meter.ages, 99),
            }
            if hub is not None:
                figures |= await _stored(hub, int(sent["sent"]), over)
            for name, family in self.processes.items():
                spent = cpu(family) - before[name]
                figures[f"{name}_us_per_message"] = spent / sent["sent"] * 1e6
                figures[f"{name}_cores"] = spent / (time.time() - begin)
                figures[f"{name}_rss_mb"] = sum(each.memory_info().rss for each in family) / 1e6
            figures["publisher_us_per_message"] = sent["cpu"] / sent["sent"] * 1e6
            return figures
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            meter.reader.close()

    async def _load(self, meter: "_Meter", *, seconds: float, rate: float, devices: int) -> dict[str, float]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub.bench._publisher", "--port", str(self._port), "--rate", str(rate)),
            *("--seconds", str(seconds), "--devices", str(devices)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None  # noqa: S101 — asked for
        assert process.stdout is not None  # noqa: S101 — asked for
        answer = asyncio.create_task(process.stdout.readline())
        spent = 0.0
        while not answer.done():
            await asyncio.sleep(0.02)
            if not rate:
                process.stdin.write(b"%d\n" % meter.position)
            with contextlib.suppress(psutil.Error):
                spent = cpu(family(process.pid)) or spent
        process.stdin.close()
        await process.wait()
        result: dict[str, float] = json.loads(await answer)
        return result | {"cpu": spent}


class _Meter:
    """What the link says, and how old the newest record is when its commit is known here."""

    def __init__(self, reader: JournalReader) -> None:
        self.reader = reader
        self.position = 0
        self.last = 0.0
        self.acknowledged = 0
        self.subscribed = False
        self.ages: list[float] = []
        self._sampled = 0.0

    def end(self, position: int) -> None:
        self.position, self.last = position, time.time()
        if position and self.last - self._sampled > 0.01:  # noqa: PLR2004 — a hundred samples a second are enough
            self._sampled = self.last
            message = self.reader.read(position - 1, 1)[0].message
            if message.topic.startswith(PREFIX):
                self.ages.append((self.last - sent_at(message.payload)) * 1e3)

    def status(self, status: Status | None) -> None:
        if status is not None:
            self.acknowledged, self.subscribed = status.acknowledged, status.subscribed


def _kept(reader: JournalReader) -> int:
    """Return how many of our messages the journal holds, once each."""
    found, after = 0, 0
    while records := reader.read(after, 5_000):
        found += sum(record.message.topic.startswith(PREFIX) and not record.repeat for record in records)
        after = records[-1].position
    return found


async def _stored(health: str, messages: int, over: float) -> dict[str, float]:
    """Wait until the hub has understood and stored everything; return when that was, and how many readings."""
    found: dict[str, float] = {}

    def done() -> bool:
        found.update(counters(health))
        return found["journal_behind"] == 0 and found["journal_end"] >= messages

    await _until(done, "all is stored", every_s=0.1)
    return {
        "stored_after_s": time.time() - over,
        "readings": found["readings_stored_total"],
        "not_stored": 3 * messages - found["readings_stored_total"],
    }


def counters(health: str, *, patience_s: float = 5.0) -> dict[str, float]:
    """Return a living hub's counters, by the address of its health."""
    with urllib.request.urlopen(health, timeout=patience_s) as answer:  # noqa: S310 — our own address
        found: dict[str, float] = json.load(answer)["counters"]
        return found


async def _until(done: Callable[[], bool], what: str, *, every_s: float = 0.005) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            msg = f"waited {PATIENCE_S:.0f} s in vain until {what}"
            raise HubError(msg)
        await asyncio.sleep(every_s)


def start_hub(
    stack: ExitStack, folder: Path, mqtt: str, config: Mapping[str, Any]
) -> tuple[subprocess.Popen[bytes], str]:
    """Start the process that decodes and stores, until the stack unwinds; return it and the address of its health.

    Raises:
        HubError: it did not start; the message holds what it said.
    """
    port = free_port()
    settings = {
        "data": str(folder),
        "mode": "demo",
        "lan": False,
        "secret": secrets.token_urlsafe(8),
        "mqtt": mqtt,
        "use_case": "cold_room",
        "config": {"web_port": port, **config},
    }
    hub = stack.enter_context(child("hub.serving", stdout=subprocess.PIPE))
    assert hub.stdin is not None  # noqa: S101 — asked for
    assert hub.stdout is not None  # noqa: S101 — asked for
    hub.stdin.write(msgspec.json.encode(settings) + b"\n")
    hub.stdin.flush()
    first = hub.stdout.readline()
    if b"ready" not in first:
        msg = f"the hub did not start: {first.decode(errors='replace')}"
        raise HubError(msg)
    return hub, f"http://127.0.0.1:{port}/health"


@contextmanager
def child(module: str, *arguments: str, stdout: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """Lend one of our own processes, ended in order."""
    process = subprocess.Popen(  # noqa: S603 — our own modules
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=None if logging.getLogger().isEnabledFor(logging.DEBUG) else subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
