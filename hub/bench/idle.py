"""What a hub takes of the machine while nothing happens."""

import tempfile
import time
from pathlib import Path

from hub.bench import _processes

GATES = {"cpu_percent": ("<=", 1.0), "memory_mb": ("<=", 80.0)}
SETTLED = 5.0
"""Seconds after the start before anything is counted."""


def measure(*, seconds: float = 20.0) -> dict[str, float]:
    """Return the share of one core that all parts take together, and the memory of each.

    `memory_mb` is supervisor, ingest and hub together: private memory and, of pages that several processes map, their
    share (PSS on Linux); the embedded broker stands beside it.

    Args:
        seconds: how long is watched.
    """
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        _processes.alone(Path(folder)) as hub,
    ):
        time.sleep(SETTLED)
        parts = hub.parts()
        before, began = {name: _processes.cpu(each) for name, each in parts.items()}, time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - began
        shares = {name: 100 * (_processes.cpu(each) - before[name]) / passed for name, each in parts.items()}
        figures = {"cpu_percent": sum(shares.values())}
        figures |= {f"{name}_cpu_percent": share for name, share in shares.items()}
        taken = {name: _processes.memory(each) for name, each in parts.items()}
        figures["memory_mb"] = sum(taken.values()) - taken["broker"]  # what the hub itself takes
        return figures | {f"{name}_memory_mb": each for name, each in taken.items()}
