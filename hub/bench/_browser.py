"""A headless Chromium that is installed already: Playwright drives it and downloads nothing."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import UsageError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHELL = "chromium-headless-shell"
"""The same engine without windows and profiles, at a third of the cost; it has no sensors."""
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
_PROVIDE = {
    "linux": "apt install chromium",
    "darwin": "brew install --cask chromium",
    "win32": "winget install Google.Chrome",
}
PROVIDE = f"needs Chromium: {_PROVIDE.get(sys.platform, _PROVIDE['linux'])}"
OPTIONS = [
    "--no-sandbox",  # containers and CI run as root, where Chromium has no sandbox; the only pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def program(*, light: bool = False) -> str | None:
    """Return the path of an installed Chromium or its kin; `light`: of the shell, if there is one."""
    names = (SHELL, *PROGRAMS) if light else PROGRAMS
    found = (*map(shutil.which, names), *PLACES.get(sys.platform, ()))
    return next((each for each in found if each and Path(each).exists()), None)


@contextmanager
def chromium(*, light: bool = False) -> "Iterator[Browser]":
    """Lend a headless browser with a profile of its own; `light`: the shell will do.

    Raises:
        UsageError: there is none; the message says how to get it.
    """
    path = program(light=light)
    if path is None:
        raise UsageError(PROVIDE)
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 — comes with the extra `test` only
    except ImportError:
        msg = "needs Playwright: pip install -c requirements.lock '.[test]'"
        raise UsageError(msg) from None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()
