"""Hundreds of pages that watch at 10 Hz: how late what they show is, and what they cost the hub.

All have joined the workshop, so that a whole room may sit behind one address. A device speaks ten times a second and
says when; the age of its stamp in each viewer's frame is the way of a message through broker, journal, rules and store
to the last screen. Some viewers read 1 KB a second only. `viewers_cpu_percent` is what the watching itself costs, on
the same cores. Then the same load of telegrams, with and without viewers: what the ingest keeps of its pace.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from hub.bench import _processes
from hub.bench._publisher import Publisher
from hub.bench.ingest import counters
from hub.errors import HubError

GATES = {
    "in_time_percent": (">=", 99.0),
    "hub_cpu_percent": ("<=", 60.0),
    "kb_each": ("<=", 100.0),
    "ingest_kept_percent": (">=", 90.0),
    "quick_closed": ("<=", 0.0),
}
STAMPS_PER_S = 10
BESIDE = 8
"""Values beside the stamp: a frame of about 1 KB."""
LOAD_S = 5.0
DEVICES = 7
"""Few that speak often: many messages, and yet frames of an ordinary size."""
SETTLED_S = 3.0
PATIENCE_S = 60.0


def measure(*, viewers: int = 500, seconds: float = 20.0, slow: int = 5, rate: float = 5_000.0) -> dict[str, float]:
    """Return what viewers see and cost.

    Args:
        viewers: pages that watch.
        seconds: how long they are counted.
        slow: how many of them hardly read.
        rate: messages a second of the load; 0: that part is left out.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, _processes.demo(Path(name)) as hub:
        _post(f"{hub.page}api/v1/sessions", {"title": "Many pages"})
        time.sleep(SETTLED_S)
        alone = _pace(hub, rate) if rate else 0.0
        before = _processes.memory(hub.parts()["hub"])
        with crowd_at([hub.page], viewers, slow) as crowd:
            time.sleep(SETTLED_S)
            grown = _processes.memory(hub.parts()["hub"]) - before
            figures = _watched(hub, crowd, seconds)
            figures["kb_each"] = 1e3 * grown / viewers
            if rate:
                watched = _pace(hub, rate, crowd)
                figures |= {"ingest_per_s": alone, "ingest_watched_per_s": watched}
                figures["ingest_kept_percent"] = 100 * watched / alone
            return figures


def _watched(hub: _processes.Started, crowd: "subprocess.Popen[str]", seconds: float) -> dict[str, float]:
    """Let a device speak and the viewers watch; return the figures of that time."""
    parts, watching = hub.parts(), [psutil.Process(crowd.pid)]
    spent, own, began = _processes.cpu(parts["hub"]), _processes.cpu(watching), time.monotonic()
    with stamping(urlsplit(hub.said["mqtt"]).port or 0):
        seen = told(crowd, seconds)
    passed = time.monotonic() - began
    return {
        "in_time_percent": 100 * seen["in_time"] / max(seen["stamps"], 1.0),
        "late_ms_p50": seen["p50_ms"],
        "late_ms_p99": seen["p99_ms"],
        "frames_per_s": seen["frames"] / passed,
        "bytes_a_frame": seen["bytes"] / max(seen["frames"], 1.0),
        "fewest_stamps_per_s": seen["fewest_stamps"] / passed,
        "quick_closed": seen["quick_closed"],
        "slow_closed": seen["slow_closed"],
        "hub_cpu_percent": 100 * (_processes.cpu(parts["hub"]) - spent) / passed,
        "viewers_cpu_percent": 100 * (_processes.cpu(watching) - own) / passed,
    }


def _pace(hub: _processes.Started, rate: float, crowd: "subprocess.Popen[str] | None" = None) -> float:
    """Load the broker for a while; return how many messages a second were journalled until the last one was."""
    port = urlsplit(hub.said["mqtt"]).port or 0
    first, began = _journalled(hub), time.monotonic()
    if crowd is not None:
        _ask(crowd, LOAD_S)
    with _processes.crowd(port, rate=rate, seconds=LOAD_S, devices=DEVICES):
        time.sleep(LOAD_S)
        due = first + rate * LOAD_S * 0.99  # the last hundredth is the publisher's own start
        while (found := _journalled(hub)) < due:
            if time.monotonic() - began > PATIENCE_S:
                msg = f"{found - first:.0f} of {rate * LOAD_S:.0f} messages were journalled in {PATIENCE_S:.0f} s"
                raise HubError(msg)
            time.sleep(0.02)
    passed = time.monotonic() - began
    if crowd is not None:
        _answer(crowd)
    return (found - first) / passed


def _journalled(hub: _processes.Started) -> float:
    return counters(f"{hub.page}health", patience_s=PATIENCE_S)["journal_end"]


@contextmanager
def stamping(port: int) -> Iterator[None]:
    """Let a device at a broker's port speak ten times a second, each time with the clock's milliseconds."""
    done = threading.Event()

    def speak() -> None:
        with Publisher(port, "stamps") as publisher:
            while not done.wait(1 / STAMPS_PER_S):
                now = round(1e3 * time.monotonic(), 1)
                values = {"sent": now} | {f"value{each}": now % 97 + each for each in range(BESIDE)}
                publisher.say("bench/stamp", json.dumps(values).encode())
                publisher.pump()

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def crowd_at(pages: Sequence[str], viewers: int, slow: int) -> Iterator["subprocess.Popen[str]"]:
    """Lend the process in which all viewers are connected, to these pages in turn.

    Raises:
        HubError: they could not connect; their process has said why.
    """
    figures = (("--page", ",".join(pages)), ("--count", viewers), ("--slow", slow))
    process = subprocess.Popen(  # noqa: S603 — our own module
        [sys.executable, "-m", "hub.bench._viewers", *(str(each) for pair in figures for each in pair)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _answer(process)
        yield process
    finally:
        _processes.end(process)
        with contextlib.suppress(OSError):
            process.stdout.close()  # type: ignore[union-attr]


def told(crowd: "subprocess.Popen[str]", seconds: float) -> dict[str, float]:
    """Let the viewers watch for a while; return what they saw."""
    _ask(crowd, seconds)
    return _answer(crowd)


def _ask(crowd: "subprocess.Popen[str]", seconds: float) -> None:
    assert crowd.stdin is not None  # noqa: S101 — asked for
    crowd.stdin.write(f"{seconds}\n")
    crowd.stdin.flush()


def _answer(crowd: "subprocess.Popen[str]") -> dict[str, float]:
    assert crowd.stdout is not None  # noqa: S101 — asked for
    line = crowd.stdout.readline()
    if not line:
        msg = "the viewers gave up before the bench was over, see their error above"
        raise HubError(msg)
    figures: dict[str, float] = json.loads(line)
    return figures


def _post(url: str, body: dict[str, Any]) -> None:
    wish = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(wish, timeout=PATIENCE_S):  # noqa: S310 — our own address
        pass
