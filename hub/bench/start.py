"""How long it takes from typing the command to the first living value on the page, and to its help."""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from hub.bench import _browser, _processes

GATES = {"first_value_s": ("<=", 2.0), "help_ms": ("<=", 150.0)}
LIVING = "data[data-device][data-quality=good]"
PATIENCE_MS = 20_000


def measure(*, rounds: int = 5) -> dict[str, float]:
    """Return seconds since the command was typed, the median of the rounds.

    Args:
        rounds: how many times it is started, each time with an empty data folder.
    """
    up: list[float] = []
    seen: list[float] = []
    with _browser.chromium() as browser:
        for _ in range(rounds):
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
                began = time.monotonic()
                hub = stack.enter_context(_processes.demo(folder))
                up.append(time.monotonic() - began)
                page = browser.new_page()
                stack.callback(page.close)
                page.goto(hub.page)
                page.locator(LIVING).first.wait_for(timeout=PATIENCE_MS)
                seen.append(time.monotonic() - began)
    helped = median(_helped() for _ in range(rounds))
    return {
        "all_up_s": median(up),
        "first_value_s": median(seen),
        "slowest_first_value_s": max(seen),
        "help_ms": helped,
    }


def _helped() -> float:
    """Return milliseconds until the command has told what it can do."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "hub", "--help"], stdout=subprocess.DEVNULL, check=True)
    return (time.monotonic() - began) * 1000
