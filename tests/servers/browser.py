"""A headless Chromium, and a page that remembers what went wrong on it.

The installed Chromium is driven through Playwright's own driver; Playwright downloads nothing.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

PROGRAMS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge", "brave-browser"),
)
PLACES = {
    "darwin": (
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ),
    "win32": tuple(
        str(Path(os.environ.get(root, "C:\\")) / below)
        for root in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        for below in ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
    ),
}
PROVIDE = {
    "linux": "apt install chromium",
    "darwin": "brew install --cask chromium",
    "win32": "winget install Google.Chrome",
}
OPTIONS = [
    "--no-sandbox",  # containers and CI run as root, where Chromium has no sandbox; the only pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NEVER = re.compile(r"\b(NaN|undefined|null|Invalid Date|Infinity)\b|\[object |\{\w+\}")
"""What a program says when it does not know what to say, and words whose blanks were not filled."""
READ = """() => [...document.querySelectorAll('#unknown li')].reduce(
    (text, quoted) => text.replace(quoted.innerText, ''), document.body.innerText)"""
"""What is not understood is quoted as it came, and may hold anything."""
PATIENCE_MS = 10_000


def program() -> str:
    """Return the path of an installed Chromium or its kin, or skip with the command that would provide one."""
    for found in (*map(shutil.which, PROGRAMS), *PLACES.get(sys.platform, ())):
        if found and Path(found).exists():
            return found
    pytest.skip(f"needs Chromium: {PROVIDE.get(sys.platform, PROVIDE['linux'])}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Lend a headless browser with a profile of its own; lend it to one module, not to the session.

    While it is lent, Playwright's event loop counts as running in this thread: asynchronous tests have to wait.
    """
    path = program()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


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

    def judge(self) -> None:
        """Fail if anything went wrong that the test did not provoke."""
        unexpected = [each for each in self.complaints if not (self.forgiven and self.forgiven.search(each))]
        assert not unexpected, unexpected


@contextmanager
def visit(
    browser: Browser,
    address: str,
    *,
    locale: str = "fr-FR",
    theme: Literal["light", "dark"] = "light",
) -> Iterator[Visit]:
    """Open an address as a new reader would; afterwards the page must have nothing to reproach itself with."""
    context = browser.new_context(locale=locale, color_scheme=theme, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    try:
        reader = Visit(context.new_page(), urlsplit(address).netloc)
        reader.page.goto(address)
        yield reader
        reader.text()
        reader.judge()
    finally:
        context.close()
