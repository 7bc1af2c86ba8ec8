"""A headless Chromium, and a page that remembers what went wrong on it.

The installed Chromium is driven through Playwright's own driver; Playwright downloads nothing.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from hub.bench import _browser

NEVER = re.compile(r"\b(NaN|undefined|null|Invalid Date|Infinity)\b|\[object |\{\w+\}")
"""What a program says when it does not know what to say, and words whose blanks were not filled."""
READ = """() => [...document.querySelectorAll('#unknown li, pre, [data-check]')].reduce(
    (text, quoted) => text.replace(quoted.innerText, ''), document.body.innerText)"""
"""What is not understood is quoted as it came; what is to be typed on a device, as the doctor says it too, may hold its
blanks."""
SHIFTS = """
window.shifts = [];
const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(' ');
new PerformanceObserver((list) => {
    for (const { value, startTime, sources, hadRecentInput } of list.getEntries()) if (!hadRecentInput) {
        const moved = sources.map(({ node, previousRect, currentRect }) =>
            `${place(previousRect)} → ${place(currentRect)} ${node?.outerHTML?.slice(0, 120) ?? node?.data}`);
        window.shifts.push({ value, at: Math.round(startTime), moved });
    }
}).observe({ type: 'layout-shift', buffered: true });
"""
"""Keeps what moved by itself (https://web.dev/articles/cls): a page that is being read must stand still."""
MOST_SHIFT = 0.05
PATIENCE_MS = 30_000
"""A browser beside other tests may have to wait for its turn."""


@contextmanager
def chromium(*, light: bool = True) -> Iterator[Browser]:
    """Lend a headless browser, the light one where it will do; lend it to one module, not to the session.

    While it is lent, Playwright's event loop counts as running in this thread: asynchronous tests have to wait.
    """
    if _browser.program(light=light) is None:
        pytest.skip(_browser.PROVIDE)
    expect.set_options(timeout=PATIENCE_MS)
    with _browser.chromium(light=light) as browser:
        yield browser


class Visit:
    """One reader with an empty memory before a page.

    Attributes:
        page: the page itself.
        complaints: errors on its console, exceptions, and requests to another host.
        forgiven: what may be complained of, because the test provokes it.
    """

    def __init__(self, page: Page, host: str) -> None:
        """Listen from the start."""
        self.page = page
        self.complaints: list[str] = []
        self.forgiven: re.Pattern[str] | None = None
        self._host = host
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self._host:
            self.complaints.append(f"request to another host: {request.url}")

    def text(self) -> str:
        """Return all that can be read on the page, raw messages left out; it must not be a program's stammer."""
        text: str = self.page.evaluate(READ)
        found = NEVER.search(text)
        assert found is None, f"{found[0]!r} on the page: …{text[max(0, found.start() - 80) : found.end() + 40]}…"
        return text

    def stands_still(self) -> None:
        """Judge the layout shift since the page was loaded, once all that it asked for has come; name what moved."""
        self.page.wait_for_load_state("networkidle")
        shifts = self.page.evaluate("window.shifts")
        assert sum(each["value"] for each in shifts) < MOST_SHIFT, json.dumps(shifts, indent=1, ensure_ascii=False)

    def judge(self) -> None:
        """Fail if anything went wrong that the test did not provoke."""
        unexpected = [each for each in self.complaints if not (self.forgiven and self.forgiven.search(each))]
        assert not unexpected, unexpected


def taken_over(page: Page) -> None:
    """Wait until the page's program stands where the hub had written the story (`hub/web/opening.py`)."""
    expect(page.locator(".opening")).to_have_count(0)


def fingers(page: Page, *stretches: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Draw over the page with as many fingers as there are stretches, each from a point to a point [px]."""
    session = page.context.new_cdp_session(page)
    for step in range(7):
        points = [
            {"id": finger, **{axis: a + (b - a) * step / 6 for axis, a, b in zip("xy", start, end, strict=True)}}
            for finger, (start, end) in enumerate(stretches)
        ]
        kind = "touchStart" if step == 0 else "touchMove"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


@contextmanager
def visit(
    browser: Browser,
    address: str,
    *,
    locale: str = "fr-FR",
    theme: Literal["light", "dark"] = "light",
    size: tuple[int, int] = (1280, 800),
    zone: str | None = None,
    touch: bool = False,
) -> Iterator[Visit]:
    """Open an address as a new reader would; afterwards the page must have nothing to reproach itself with.

    Args:
        browser: whose new window it is.
        address: where the visit begins.
        locale: the reader's language.
        theme: what the reader's system prefers.
        size: of the window [px].
        zone: the reader's own time zone.
        touch: a phone or a tablet: fingers and no mouse.
    """
    context = browser.new_context(
        locale=locale,
        color_scheme=theme,
        viewport={"width": size[0], "height": size[1]},
        timezone_id=zone,
        has_touch=touch,
        is_mobile=touch,
        reduced_motion="reduce",  # drawn without a graphics card, a turning fan costs a third of a processor
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        reader = Visit(context.new_page(), urlsplit(address).netloc)
        reader.page.add_init_script(SHIFTS)
        reader.page.goto(address)
        taken_over(reader.page)
        yield reader
        reader.text()
        reader.judge()
    finally:
        context.close()
