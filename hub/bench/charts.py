"""Whether fifty charts of an hour at ten readings a second leave the page free for fingers."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from hub.bench import _browser, _processes

GATES = {"task_p95_ms": ("<=", 50.0)}
HERTZ = 10
"""Readings a second of each chart, as `web/src/gallery/Charts.svelte` feeds them."""
SETTLE_MS = 3000.0
"""Until the first pictures are drawn."""
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) window.tasks.push(each.duration);
}).observe({ type: 'longtask' });
"""
"""Notes what holds the main thread for more than 50 ms (https://www.w3.org/TR/longtasks-1/)."""


def measure(*, charts: int = 50, seconds: float = 20.0) -> dict[str, float]:
    """Return how long the page's tasks are [ms].

    Args:
        charts: on one page, each of one curve with 36,000 readings behind it, thinned as the page does.
        seconds: how long it is fed.

    A reading that comes to all charts at once is a round. `task_p95_ms` is the longest task of all rounds but the
    worst twentieth; a round without a task of more than 50 ms counts as 0.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(_processes.alone(folder))
        page = stack.enter_context(_browser.chromium()).new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{hub.page}gallery?charts={charts}")
        page.locator(f'[data-charts="{charts}"]').wait_for(timeout=60_000)
        page.wait_for_timeout(SETTLE_MS)
        page.evaluate(WATCH)
        page.wait_for_timeout(seconds * 1000)
        tasks: list[float] = page.evaluate("window.tasks")
    return judged(tasks, int(seconds * HERTZ)) | {"charts": float(charts)}


def judged(tasks: list[float], rounds: int) -> dict[str, float]:
    """Return the figures of the long tasks [ms] that so many rounds had."""
    every = sorted([*tasks, *[0.0] * max(rounds - len(tasks), 0)])
    return {
        "rounds": float(rounds),
        "long_tasks": float(len(tasks)),
        "task_p95_ms": every[min(int(len(every) * 0.95), len(every) - 1)],
        "task_worst_ms": every[-1],
    }
