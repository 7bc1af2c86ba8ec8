"""The programs that a bench starts, and what they take of the machine."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from msgspec import Struct

from hub.bench._publisher import LOGIN
from hub.errors import HubError

WITHOUT_CACHE = "PYTHONDONTWRITEBYTECODE"
"""Where it is set every start compiles the whole hub anew: a second that no user's start takes."""
ORDERLY = 10.0
"""What a program gets to end by itself [s]."""


class Started(Struct, frozen=True):
    """A running `demo` or `run`: its data folder, its supervisor's process, and what it said when all was up."""

    data: Path
    process: subprocess.Popen[str]
    said: dict[str, Any]

    @property
    def page(self) -> str:
        """Address of the page, with a slash at its end."""
        return str(self.said["page"])

    def parts(self) -> dict[str, list[psutil.Process]]:
        """Return the parts by name, each with its children; `supervisor` is the command itself."""
        pids: dict[str, int] = json.loads((self.data / "run.json").read_text())["processes"]
        alone = {"supervisor": [psutil.Process(self.process.pid)]}
        return alone | {name: family(pid) for name, pid in pids.items()}


@contextmanager
def demo(data: Path, *options: str) -> Iterator[Started]:
    """Lend a `matinales demo` on free ports, from its first line of output to its orderly end.

    Raises:
        HubError: it did not start; the message holds what it said.
    """
    command = [sys.executable, "-m", "hub", "demo", "--json", "--no-browser", "--port", "0", "--mqtt-port", "0"]
    errors = data / "errors.txt"
    with errors.open("w") as file:
        process = subprocess.Popen(  # noqa: S603 — our own command
            [*command, "--data", str(data / "hub"), *options],
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            env=_as_users(),
        )
    try:
        yield Started(data / "hub", process, _first_line(process, errors))
    finally:
        end(process)


def _first_line(process: subprocess.Popen[str], errors: Path) -> dict[str, Any]:
    assert process.stdout is not None  # noqa: S101 — asked for
    with process.stdout:
        line = process.stdout.readline()
    if not line:
        msg = f"the hub did not start: {errors.read_text()[-500:]}"
        raise HubError(msg)
    said: dict[str, Any] = json.loads(line)
    return said


@contextmanager
def alone(data: Path) -> Iterator[Started]:
    """Lend a `matinales run` that no device speaks to, on free ports."""
    environ = _as_users() | {"HUB_DATA_DIR": str(data / "hub"), "HUB_WEB_PORT": "0", "HUB_MQTT_PORT": "0"}
    with (data / "errors.txt").open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "run"], stdout=subprocess.PIPE, stderr=file, text=True, env=environ
        )
    try:
        assert process.stdout is not None  # noqa: S101 — asked for
        with process.stdout:
            for line in process.stdout:
                if "Ctrl-C" in line:
                    break
        living = json.loads((data / "hub" / "run.json").read_text())
        yield Started(data / "hub", process, {"page": living["url"]})
    finally:
        end(process)


def _as_users() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != WITHOUT_CACHE}


@contextmanager
def crowd(port: int, *, rate: float, seconds: float, devices: int, login: str = "") -> Iterator[None]:
    """Let `devices` Tasmotas say `rate` telegrams a second together, for `seconds` or until the bench is over.

    Where the broker asks who they are, `login` is `user:password`.

    Raises:
        HubError: it gave up before: what was measured then was measured without a load.
    """
    figures = (("--port", port), ("--rate", rate), ("--seconds", seconds), ("--devices", devices))
    process = subprocess.Popen(  # noqa: S603 — our own module
        [sys.executable, "-m", "hub.bench._publisher", *(str(each) for pair in figures for each in pair)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {LOGIN: login},
    )
    try:
        yield
        if process.poll():
            msg = "the crowd was hung up on before the bench was over, see its error above: try again, with less --rate"
            raise HubError(msg)
    finally:
        end(process)


def end(process: subprocess.Popen[Any]) -> None:
    """End a program in order, by force after ORDERLY: then with all that it had started, which would outlive it."""
    process.terminate()
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(ORDERLY)
    except subprocess.TimeoutExpired:
        left = family(process.pid)
        for each in left:
            with contextlib.suppress(psutil.NoSuchProcess):  # one may end with the other
                each.kill()
        process.wait()
        psutil.wait_procs(left, timeout=ORDERLY)


def family(pid: int) -> list[psutil.Process]:
    """Return a process and its children."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu(processes: Sequence[psutil.Process]) -> float:
    """Return the seconds of processor that they have used."""
    return sum(sum(each.cpu_times()[:2]) for each in processes)


def wakes(processes: Sequence[psutil.Process]) -> int:
    """Return how often they, with all their threads, have waited and gone on; 0 where the system does not count it."""
    return sum(_threads_wakes(each) for each in processes)


def _threads_wakes(process: psutil.Process) -> int:
    if sys.platform == "win32":
        return 0  # it does not tell who waited from who was made to
    if sys.platform != "linux":
        return int(process.num_ctx_switches().voluntary)
    found = 0
    for each in process.threads():  # Linux counts each thread by itself
        with contextlib.suppress(psutil.NoSuchProcess):
            found += psutil.Process(each.id).num_ctx_switches().voluntary
    return found


def memory(processes: Sequence[psutil.Process]) -> float:
    """Return the memory they take [MB], what they share counted once where the system tells (Linux)."""
    taken = 0
    for each in processes:
        with contextlib.suppress(psutil.Error):
            full = each.memory_full_info()
            taken += getattr(full, "pss", full.rss)
    return taken / 1e6
