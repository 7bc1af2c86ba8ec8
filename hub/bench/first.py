"""How soon a phone shows the first value, and how far the page jumps meanwhile."""

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from hub.bench import _browser, _processes

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GATES = {"first_value_ms": ("<=", 1000.0), "layout_shift": ("<=", 0.05)}
SLOWER = 4
"""A phone's processor beside a laptop's, as Lighthouse has it."""
SETTLED_MS = 2000.0
"""After the first value: charts, drawing and history have come by then."""
OWN = "#page > .frame main"
"""Where the page's own program shows the story, once it has taken the place of what the hub wrote there."""
WATCH = """
window.shift = 0;
window.first = window.taken = null;
new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) window.shift += each.value;
}).observe({ type: 'layout-shift', buffered: true });
const seen = (where) => [...document.querySelectorAll(`${where} data[data-device]:not([value=""])`)].some((each) =>
    each.checkVisibility({ visibilityProperty: true }));
const look = () => {
    if (window.first === null && seen('main')) window.first = performance.now();
    if (seen('#page > .frame main')) window.taken = performance.now();
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
"""Notes when the first value is part of what is painted, since the navigation began, when the page's own program shows
it and keeps it true, and each shift of the layout."""


def measure(*, loads: int = 5) -> dict[str, float]:
    """Return milliseconds (the median of the loads) and the cumulative layout shift (the worst).

    `first_value_ms`: it is painted; `taken_over_ms`: the page's own program shows it, and what is new from then on.

    Args:
        loads: visits, each by a reader with an empty memory and a screen of 390 × 844.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(_processes.demo(folder))
        browser = stack.enter_context(_browser.chromium())
        _load(browser, hub.page)  # the hub's own first answer is for `matinales bench start`
        found = [_load(browser, hub.page) for _ in range(loads)]
    firsts, taken, shifts = zip(*found, strict=True)
    return {
        "loads": float(loads),
        "first_value_ms": statistics.median(firsts),
        "first_value_worst_ms": max(firsts),
        "taken_over_ms": statistics.median(taken),
        "layout_shift": max(shifts),
    }


def _load(browser: "Browser", address: str) -> tuple[float, float, float]:
    """Visit once; return when the first value was there, when the page kept it [ms], and the sum of the shifts."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(address)
        page.locator(f'{OWN} data[data-device]:not([value=""])').first.wait_for(timeout=30_000)
        page.wait_for_timeout(SETTLED_MS)
        first, taken, shift = page.evaluate("[window.first, window.taken, window.shift]")
        return float(first), float(taken), float(shift)
    finally:
        context.close()
