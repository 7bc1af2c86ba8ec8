"""A headless Firefox that is installed already, spoken to as it speaks itself: WebDriver BiDi over its own WebSocket.

Playwright drives only a Firefox of its own, which it would download; the installed one needs no driver beside it
(https://www.w3.org/TR/webdriver-bidi/).
"""

import asyncio
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PROGRAMS = ("firefox", "firefox-esr")
PROVIDE = "needs Firefox: apt install firefox-esr, brew install --cask firefox, winget install Mozilla.Firefox"
PATIENCE_S = 60.0
LOOK_S = 0.1
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
QUIET = {
    "intl.accept_languages": "fr-FR, fr",
    "layout.css.prefers-color-scheme.content-override": 1,  # light
    "ui.prefersReducedMotion": 1,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/",
    "extensions.getAddons.cache.enabled": False,
}
"""A French reader by day, who asks nobody on the internet anything."""
IDLE = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


class Firefox:
    """A browser; `page` lends a reader with an empty memory."""

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Speak over a WebSocket that stands."""
        self._loop = loop
        self._socket = socket
        self._number = 0
        self.complaints: list[str] = []

    def ask(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 — whatever the protocol takes
        """Give a command and return its result; what happens meanwhile is noted.

        Raises:
            AssertionError: Firefox refuses it.
        """
        self._number += 1
        return self._loop.run_until_complete(self._ask({"id": self._number, "method": method, "params": params}))

    async def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        await self._socket.send_json(command)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                said = json.loads(await self._socket.receive_str())
                if said.get("id") == command["id"]:
                    assert said["type"] == "success", f"{command['method']}: {said.get('error')}: {said.get('message')}"
                    result: dict[str, Any] = said["result"]
                    return result
                self._note(said)

    def _note(self, said: dict[str, Any]) -> None:
        entry = said.get("params", {})
        if said.get("method") == "log.entryAdded" and entry.get("level") == "error":
            self.complaints.append(str(entry.get("text")))

    @contextmanager
    def page(self, address: str, size: tuple[int, int] = (1280, 800)) -> "Iterator[Page]":
        """Open an address as a new reader would; afterwards the page must have nothing to reproach itself with."""
        reader = self.ask("browser.createUserContext")["userContext"]
        tab = self.ask("browsingContext.create", type="tab", userContext=reader)["context"]
        self.complaints.clear()
        try:
            width, height = size
            self.ask("browsingContext.setViewport", context=tab, viewport={"width": width, "height": height})
            page = Page(self, tab)
            page.go(address)
            yield page
            assert [each for each in self.complaints if not page.forgives(each)] == []
        finally:
            self.ask("browsingContext.close", context=tab)
            self.ask("browser.removeUserContext", userContext=reader)


class Page:
    """A tab and who reads in it.

    Attributes:
        forgiven: what may be complained of, because the test provokes it.
    """

    def __init__(self, firefox: Firefox, tab: str) -> None:
        """Look at a tab."""
        self._firefox = firefox
        self._tab = tab
        self.forgiven: re.Pattern[str] | None = None

    def forgives(self, complaint: str) -> bool:
        """Tell whether the test provoked it."""
        return self.forgiven is not None and self.forgiven.search(complaint) is not None

    def go(self, address: str) -> None:
        """Load an address."""
        self._firefox.ask("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def run(self, script: str) -> Any:  # noqa: ANN401 — whatever the script returns
        """Return what a JavaScript expression is, as JSON; a promise is waited for."""
        told = self._firefox.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script})) ?? 'null')()",
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert told["type"] == "success", told["exceptionDetails"]["text"]
        return json.loads(told["result"]["value"])

    def until(self, script: str) -> Any:  # noqa: ANN401 — whatever the script returns
        """Ask again until an expression is true, and return it."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := self.run(script)):
            if time.monotonic() > deadline:
                shown = self.run("document.body.innerText.slice(0, 600)")
                pytest.fail(f"after {PATIENCE_S:.0f} s still {found!r}: {script}\n{shown}\n{self._firefox.complaints}")
            time.sleep(LOOK_S)
        return found

    def text(self, selector: str) -> str:
        """Return what can be read of the first element of a selector, once there is one."""
        self.until(f"!!document.querySelector({json.dumps(selector)})")
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def click(self, selector: str) -> None:
        """Press the middle of an element with the mouse, once it is there; what lies over it would be hit instead."""
        one = f"document.querySelector({json.dumps(selector)})"
        self.until(f"!!{one} && !{one}.disabled && {one}.getClientRects().length > 0")
        self.run(f"({one}.scrollIntoView({{ block: 'center', behavior: 'instant' }}), {IDLE})")
        x, y = self.run(f"((box) => [box.x + box.width / 2, box.y + box.height / 2])({one}.getBoundingClientRect())")
        move = {"type": "pointerMove", "x": round(x), "y": round(y)}
        press = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        mouse = {"type": "pointer", "id": "mouse", "actions": [move, *press]}
        self._firefox.ask("input.performActions", context=self._tab, actions=[mouse])

    def type(self, selector: str, text: str) -> None:
        """Press into a field and type."""
        self.click(selector)
        keys = [{"type": kind, "value": each} for each in text for kind in ("keyDown", "keyUp")]
        board = {"type": "key", "id": "keys", "actions": keys}
        self._firefox.ask("input.performActions", context=self._tab, actions=[board])


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """Lend a headless Firefox with a profile in an empty folder."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(PROVIDE)
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in QUIET.items())
    (folder / "user.js").write_text("".join(lines), encoding="utf-8")
    said = folder / "said.txt"
    command = [program, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    with said.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    loop = asyncio.new_event_loop()
    try:
        address = _listening(process, said)
        session, socket = loop.run_until_complete(_connect(f"{address}/session"))
        try:
            lent = Firefox(loop, socket)
            lent.ask("session.new", capabilities={})
            lent.ask("session.subscribe", events=["log.entryAdded"])
            yield lent
        finally:
            loop.run_until_complete(_leave(session, socket))
    finally:
        loop.close()
        process.terminate()
        process.wait(PATIENCE_S)


def _listening(process: subprocess.Popen[bytes], said: Path) -> str:
    """Return where Firefox listens, once it says so."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := LISTENING.search(said.read_text(encoding="utf-8", errors="replace"))) is None:
        assert process.poll() is None, f"Firefox stopped at start: {said.read_text(errors='replace')}"
        assert time.monotonic() < deadline, f"Firefox does not listen after {PATIENCE_S:.0f} s"
        time.sleep(LOOK_S)
    return found[1]


async def _connect(address: str) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    session = aiohttp.ClientSession()
    return session, await session.ws_connect(address, max_msg_size=0)


async def _leave(session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
    await socket.close()
    await session.close()
