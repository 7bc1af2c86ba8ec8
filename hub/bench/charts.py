"""Whether fifty charts of an hour at ten readings a second leave the page free for fingers."""

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hub.bench import _browser, _processes

GATES = {"task_p95_ms": ("<=", 50.0)}
HERTZ = 10
"""Readings a second of each chart, as `web/src/gallery/Charts.svelte` feeds them."""
SETTLE_MS = 5000.0
"""Until the first pictures are drawn."""
TASK = "ThreadControllerImpl::RunTask"
"""What Chromium's trace (category `toplevel`) calls one task of a thread."""


def measure(*, charts: int = 50, seconds: float = 20.0) -> dict[str, float]:
    """Return how long the page's tasks are [ms of its main thread].

    Args:
        charts: on one page, each of one curve with 36,000 readings behind it, thinned as the page does.
        seconds: how long it is fed.

    A reading that comes to all charts at once is a round; `task_p95_ms` leaves out the longest task of one round in
    twenty. It is processor time, which other programs on the machine do not lengthen; `wall_p95_ms` is what passed.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(_processes.alone(folder))
        browser = stack.enter_context(_browser.chromium())
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{hub.page}gallery?charts={charts}")
        page.locator(f'[data-charts="{charts}"]').wait_for(timeout=60_000)
        page.wait_for_timeout(SETTLE_MS)
        browser.start_tracing(page=page, categories=["toplevel"])
        page.wait_for_timeout(seconds * 1000)
        trace: dict[str, Any] = json.loads(browser.stop_tracing())
    rounds = int(seconds * HERTZ)
    tasks = page_tasks(trace["traceEvents"])
    cpu, wall = ([each.get(key, 0) / 1000 for each in tasks] for key in ("tdur", "dur"))
    return {
        "charts": float(charts),
        "rounds": float(rounds),
        "task_p95_ms": all_but_a_twentieth(cpu, rounds),
        "task_worst_ms": max(cpu, default=0.0),
        "wall_p95_ms": all_but_a_twentieth(wall, rounds),
    }


def page_tasks(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tasks of the busiest thread that Chromium calls a page's main thread."""
    main = {(each["pid"], each["tid"]) for each in events if each.get("args", {}).get("name") == "CrRendererMain"}
    of: dict[tuple[int, int], list[dict[str, Any]]] = {thread: [] for thread in main}
    for each in events:
        if each.get("name") == TASK and (each["pid"], each["tid"]) in of:
            of[each["pid"], each["tid"]].append(each)
    return max(of.values(), key=lambda tasks: sum(each.get("tdur", 0) for each in tasks), default=[])


def all_but_a_twentieth(tasks: list[float], rounds: int) -> float:
    """Return the longest task when those of one round in twenty are left out."""
    longest = sorted(tasks, reverse=True)
    left_out = rounds // 20
    return longest[left_out] if left_out < len(longest) else 0.0
