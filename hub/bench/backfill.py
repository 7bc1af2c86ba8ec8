"""How long a story's past takes to be there: 24 h of the cold room, played, handed over, decoded, judged and stored."""

import json
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median
from typing import Any

from hub.bench import _processes
from hub.errors import HubError

GATES = {"ready_s": ("<=", 1.0)}
PARTS = ("sim", "hub", "ingest")
PATIENCE_S = 60.0
LOOK_S = 0.02


def measure(*, rounds: int = 5, usecase: str = "cold_room") -> dict[str, float]:
    """Return seconds from the order to play a story until its whole past is in the store, and what it cost [CPU s].

    The order is that of the console (`PUT /scenario`): a new run with its own history, while the old one ends. On a
    machine that does something else besides, the cost tells what an idle one would take.

    Args:
        rounds: how many times it is ordered, each with a seed of its own; the median counts.
        usecase: whose story.
    """
    took: list[float] = []
    costs: dict[str, list[float]] = {part: [] for part in PARTS}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        _processes.demo(Path(folder), "--use-case", usecase) as hub,
    ):
        run = _ready(hub.page, "")
        for seed in range(rounds):
            parts = hub.parts()
            before, began = {part: _processes.cpu(parts[part]) for part in PARTS}, time.monotonic()
            _ask(hub.page, "PUT", "api/v1/scenario", {"usecase": usecase, "seed": seed})
            run = _ready(hub.page, run)
            took.append(time.monotonic() - began)
            for part in PARTS:
                costs[part].append(_processes.cpu(parts[part]) - before[part])
    return {"ready_s": median(took), "slowest_ready_s": max(took)} | {
        f"{part}_cpu_s": median(each) for part, each in costs.items()
    }


def _ready(page: str, before: str) -> str:
    """Return the run that lives with all its history behind it, once it is another than `before`.

    Raises:
        HubError: it never was.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        told = _ask(page, "GET", "api/v1/scenario")
        if told.get("run") not in {None, "", before} and told.get("state") == "running":
            behind = _ask(page, "GET", "health")["counters"]["journal_behind"]
            if behind == 0:
                return str(told["run"])
        time.sleep(LOOK_S)
    msg = f"no history within {PATIENCE_S:.0f} s: look at `matinales demo` by itself"
    raise HubError(msg)


def _ask(page: str, method: str, path: str, body: object = None) -> dict[str, Any]:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 — our own hub on the loopback
        page + path, content, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 — see above
        found: dict[str, Any] = json.load(answer)
    return found
