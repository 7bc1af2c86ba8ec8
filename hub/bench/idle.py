"""What a hub takes of the machine while nothing happens, beside a bare Python process that wakes as often."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from hub.bench import _bare, _processes

GATES = {"cpu_percent": ("<=", 1.0), "memory_mb": ("<=", 80.0)}
SETTLED = 5.0
"""Seconds after the start before anything is counted."""
PAUSE = 1.0
"""Seconds between two of the bare process's pieces of work: memory has grown cold by then, as an idle hub's has."""
NOTES = (
    "bare_cpu_percent: a Python process without any work that wakes as often, right after the hub was watched.",
    (
        "cold_factor: one piece of work, done once a second, costs so many times what it costs in a loop. Above 3 or so"
        " this machine makes idle memory dear to touch: what the hub takes here, it would not take elsewhere."
    ),
)


def measure(*, seconds: float = 20.0) -> dict[str, float]:
    """Return the share of one core that all parts take together, the memory of each, and what the machine asks.

    `memory_mb` is supervisor, ingest and hub together: private memory and, of pages that several processes map, their
    share (PSS on Linux); the embedded broker stands beside it. `wakes_per_s`, where the system counts them, is of all
    parts; `bare_cpu_percent` and `cold_factor` are of this machine, in the same run (`hub.bench._bare`).

    Args:
        seconds: how long is watched; the bare process half as long after it.
    """
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        _processes.alone(Path(folder)) as hub,
    ):
        time.sleep(SETTLED)
        parts = hub.parts()
        every = [each for processes in parts.values() for each in processes]
        cold = _begun("cold", seconds, min(PAUSE, seconds))
        before, began = {name: _processes.cpu(each) for name, each in parts.items()}, time.monotonic()
        woken = _processes.wakes(every)
        time.sleep(seconds)
        passed = time.monotonic() - began
        shares = {name: 100 * (_processes.cpu(each) - before[name]) / passed for name, each in parts.items()}
        rate = (_processes.wakes(every) - woken) / passed
        figures = {"cpu_percent": sum(shares.values())}
        figures |= {f"{name}_cpu_percent": share for name, share in shares.items()}
        taken = {name: _processes.memory(each) for name, each in parts.items()}
        figures["memory_mb"] = sum(taken.values()) - taken["broker"]  # what the hub itself takes
        figures |= {f"{name}_memory_mb": each for name, each in taken.items()}
        figures |= {f"cold_{name}": each for name, each in _said(cold).items()}
        if rate:
            figures["wakes_per_s"] = rate
            figures["bare_cpu_percent"] = _said(_begun("wakes", rate, seconds / 2))["cpu_percent"]
        return figures


def _begun(what: str, *numbers: float) -> "subprocess.Popen[bytes]":
    """Start the bare process: nothing of the hub's packages, nor of its environment's."""
    command = [sys.executable, "-I", "-S", _bare.__file__, what, *map(str, numbers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 — our own file


def _said(process: "subprocess.Popen[bytes]") -> dict[str, float]:
    with process:
        said, _ = process.communicate()
    return msgspec.json.decode(said, type=dict[str, float])
