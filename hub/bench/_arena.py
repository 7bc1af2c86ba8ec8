"""Where contenders are measured in turn: a Mosquitto each, the same burst, and a way to know when all is done."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock

from hub import broker
from hub.bench._processes import cpu, family
from hub.errors import HubError
from hub.freeport import free_port

VALUES = 3
"""A telegram's."""
PATIENCE_S = 120.0
STILL_S = 30.0
"""Nothing more for so long: whoever is measured hears no more. Seen: 10 s of silence on a machine at load 16."""
_BURST_RATE = 1e6
_QUIET = 0.03
"""Seconds of CPU in half a second of one who has settled."""


class NotConnectedError(HubError):
    """Who was started to be measured has not connected to the broker."""


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """Lend a Mosquitto with the shipped file, which keeps its data in a folder of its own; its port."""
    folder.mkdir()
    port, file = free_port(), folder / "broker.conf"
    broker.write_config(file, port=port)
    with FileLock(folder / "lock"):
        broker.start(file)
        try:
            yield port
        finally:
            broker.stop(folder)


def burst(port: int, *, messages: int, devices: int) -> float:
    """Publish as fast as the broker takes it; return the seconds of CPU that this took."""
    command = [sys.executable, "-m", "hub.bench._publisher", "--port", str(port)]
    options = {"rate": _BURST_RATE, "messages": messages, "devices": devices, "seconds": PATIENCE_S}
    flat = [text for name, value in options.items() for text in (f"--{name}", f"{value:g}")]
    spent = 0.0
    with subprocess.Popen([*command, *flat], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as process:  # noqa: S603
        while process.poll() is None:
            spent = max(spent, _spent(process.pid))
            time.sleep(0.02)
    if process.returncode:
        msg = f"the publisher ended with {process.returncode}, see its error above"
        raise HubError(msg)
    return spent


def meet(port: int, parts: Mapping[str, Sequence[psutil.Process]], *, devices: int, heard: Callable[[], int]) -> int:
    """Let each device speak once and wait until that is heard, and all is quiet: to meet somebody costs once.

    Returns how many messages were heard.
    """
    begin = heard()
    burst(port, messages=devices, devices=devices)
    deadline = time.monotonic() + PATIENCE_S
    while (count := heard()) < begin + devices and time.monotonic() < deadline:
        time.sleep(0.2)
    settled(parts)
    return count


def _spent(pid: int) -> float:
    try:
        return cpu(family(pid))
    except psutil.Error:
        return 0.0


def settled(parts: Mapping[str, Sequence[psutil.Process]]) -> None:
    """Wait until who was started has done what a start takes: half a second in which next to nothing is spent."""
    deadline, before = time.monotonic() + PATIENCE_S, -1.0
    while True:
        spent = sum(cpu(each) for each in parts.values())
        if spent - before < _QUIET or time.monotonic() > deadline:
            return
        before = spent
        time.sleep(0.5)


def until_connected(process: "subprocess.Popen[bytes]", *said: Path) -> None:
    """Wait until a program's connection to the broker stands, and its subscription.

    Raises:
        NotConnectedError: in vain; the message holds the end of what it `said`.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not _is_connected(process.pid):
        if time.monotonic() > deadline or process.poll() is not None:
            words = " ".join(each.read_text(errors="replace")[-500:].strip() for each in said)
            msg = f"{process.args!r} did not connect: {words}"
            raise NotConnectedError(msg)
        time.sleep(0.05)
    time.sleep(1.0)  # until its SUBACK: what comes before is lost to the first round


def _is_connected(pid: int) -> bool:
    """Tell whether a program, or one that it started, has a connection: some of them are a launcher only."""
    try:
        connections = [of for each in family(pid) for of in each.net_connections()]
    except psutil.Error:  # it has just ended
        return False
    return any(each.status == psutil.CONN_ESTABLISHED for each in connections)


def until_subscribed(folder: Path) -> None:
    """Wait until the broker lets the ingest of a data folder hear everything, which it notes there.

    Raises:
        HubError: in vain.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (folder / "subscription.json").exists():
        if time.monotonic() > deadline:
            msg = f"waited {PATIENCE_S:.0f} s in vain until the ingest has subscribed"
            raise HubError(msg)
        time.sleep(0.05)
