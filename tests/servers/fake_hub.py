"""A hub that only takes what a simulation runner hands over: its import door and its control socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

SECRET = "only-for-tests"


class FakeHub:
    """What it was given.

    Attributes:
        announced: run → the first line of its last request.
        lines: run → the lines after it, in order.
        sizes: bytes of each request.
        states: run → states told over the control socket.
        refuse: answers with this status instead of taking anything.
        taking: cleared, what is handed over waits.
    """

    def __init__(self, data: Path) -> None:
        """Write nothing yet; `serve` does."""
        self.data = data
        self.announced: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.sizes: list[int] = []
        self.states: dict[str, list[dict[str, Any]]] = {}
        self.refuse: int | None = None
        self.taking = asyncio.Event()
        self.taking.set()
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._asked = 0

    async def messages(self, request: web.Request) -> web.Response:
        """Take a request of the import door."""
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            return web.Response(status=401)
        if self.refuse is not None:
            return web.Response(status=self.refuse, text="refused for the test")
        body = await request.read()
        await self.taking.wait()
        self.sizes.append(len(body))
        head, *lines = [json.loads(line) for line in body.splitlines()]
        run = request.match_info["run"]
        self.announced[run] = head
        self.lines.setdefault(run, []).extend(lines)
        return web.json_response({"accepted": len(lines), "position": 1})

    async def control(self, request: web.Request) -> web.StreamResponse:
        """Listen to a runner."""
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            return web.Response(status=401)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        run = request.match_info["run"]
        self._sockets[run] = socket
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                said = json.loads(frame.data)
                if "state" in said:
                    self.states.setdefault(run, []).append(said["state"])
                else:
                    self._answers.put_nowait(said)
        return socket

    async def ask(self, run: str, do: str, **what: Any) -> dict[str, Any]:  # noqa: ANN401 — whatever the order takes
        """Send an order to a runner and return its answer."""
        self._asked += 1
        await self._sockets[run].send_json({"id": self._asked, "do": do, **what})
        async with asyncio.timeout(30):
            while (answer := await self._answers.get())["id"] != self._asked:
                pass
        return answer

    async def say(self, run: str, text: str) -> dict[str, Any]:
        """Send a frame as it is and return the answer."""
        await self._sockets[run].send_str(text)
        async with asyncio.timeout(30):
            return await self._answers.get()

    def faults(self, run: str) -> dict[str, bool]:
        """Return fault → whether it acts, as told last."""
        return self.course(run)[-1][1]

    def course(self, run: str) -> list[tuple[datetime, dict[str, bool]]]:
        """Return the run's own time of each state, and fault → whether it acts."""
        return [
            (datetime.fromisoformat(state["time"]), {fault["name"]: fault["active"] for fault in state["faults"]})
            for state in self.states[run]
        ]

    async def hang_up(self, run: str) -> None:
        """Close a runner's control socket."""
        await self._sockets[run].close()


@asynccontextmanager
async def fake_hub(data: Path) -> AsyncIterator[FakeHub]:
    """Lend a hub on a free port, its run.json in `data`."""
    hub = FakeHub(data)
    app = web.Application(client_max_size=1024 * 1024)
    app.router.add_post("/api/v1/runs/{run}/messages", hub.messages)
    app.router.add_get("/api/v1/runs/{run}/control", hub.control)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    (data / "run.json").write_text(json.dumps({"url": f"http://127.0.0.1:{port}/", "pid": 1, "secret": SECRET}))
    try:
        yield hub
    finally:
        await runner.cleanup()
