"""The door of the web server: how many connections stand in it, and for how long one may stand there in silence.

A connection that has asked for nothing yet costs a file and some memory, and whoever opens a thousand of them wants the
others to wait (reliability.md §2.15, X5). The oldest silent ones make room for the next: an honest one asks within
milliseconds. aiohttp by itself lets one stand for an hour, however slowly its headers come. One that has had its
answer and is kept open may stay while there is room: where the house is full of them, the oldest goes too. Last comes
whoever has begun a request and keeps its body back.
"""

import asyncio
import sys
from collections import Counter
from typing import Any

from aiohttp import web

from hub.web.security import HEADERS

SILENT_S = 15.0
"""A connection that has sent no whole request for so long is closed, whether new or kept open by a browser."""
SILENT = 200
"""Connections of one address that have asked for nothing yet."""
IN_ALL = 2000
"""Connections at a time; less where the system allows fewer files."""
KEPT_FILES = 200
"""Files that are for journal, stores and the page itself."""
MOST_HEADERS = 48
"""A browser behind a proxy sends some thirty."""


class _Knock(web.RequestHandler):
    """One connection; what it gets for no HTTP at all wears the headers of the house too."""

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        answer = super().handle_error(request, status, exc, message)
        answer.headers.update(HEADERS)
        return answer


class Door(web.Server):
    """Hands connections on, and turns away those for whom there is no room."""

    def __init__(self, behind: web.Server, refused: Counter[str], *, most: int) -> None:
        """Stand before a server.

        Args:
            behind: what aiohttp made of the application.
            refused: counts who was turned away, as `connections`.
            most: connections at a time.
        """
        self._told: dict[str, Any] = {
            "access_log": None,
            "keepalive_timeout": SILENT_S,
            "max_headers": MOST_HEADERS,
        }
        super().__init__(self._answer, request_factory=behind.request_factory, **self._told)
        self._behind = behind.request_handler
        self._refused = refused
        self._most = most
        self._open = 0
        self._silent: dict[web.RequestHandler, tuple[str, asyncio.Transport]] = {}
        self._addresses: Counter[str] = Counter()
        self._answered: dict[web.RequestHandler, asyncio.Transport] = {}
        """Those that were answered and ask for nothing now, the one answered longest ago first."""
        self._speaking: dict[web.RequestHandler, tuple[web.BaseRequest, asyncio.Transport]] = {}
        """Those whose request came with a body that was not there yet, the oldest first."""

    def __call__(self) -> web.RequestHandler:
        """Return what speaks with one connection."""
        return _Knock(self, loop=asyncio.get_running_loop(), **self._told)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Let one in, and turn away the oldest of those that say nothing where there are too many."""
        super().connection_made(handler, transport)
        address = str((transport.get_extra_info("peername") or ("",))[0])
        self._open += 1
        self._silent[handler] = (address, transport)
        self._addresses[address] += 1
        if self._addresses[address] > SILENT:
            self._turn_away(next(each for each, (where, _) in self._silent.items() if where == address))
        elif self._open > self._most:
            unheard = (each for each, (request, _) in self._speaking.items() if not request.content.is_eof())
            others = (each for each in (*self._silent, *self._answered, *unheard) if each is not handler)
            self._turn_away(next(others, handler))

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Forget one that has gone."""
        self._open -= 1
        self._heard(handler)
        self._answered.pop(handler, None)
        self._speaking.pop(handler, None)
        super().connection_lost(handler, exc)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        handler, transport = request.protocol, request.transport
        self._heard(handler)
        self._answered.pop(handler, None)
        if transport is not None and not request.content.is_eof():
            self._speaking[handler] = (request, transport)
        try:
            return await self._behind(request)
        finally:
            self._speaking.pop(handler, None)
            if transport is not None and not transport.is_closing():
                self._answered[handler] = transport

    def _heard(self, handler: web.RequestHandler) -> None:
        address, _ = self._silent.pop(handler, (None, None))
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def _turn_away(self, handler: web.RequestHandler) -> None:
        transport = self._transport(handler)
        self._heard(handler)
        self._refused["connections"] += 1
        transport.abort()

    def _transport(self, handler: web.RequestHandler) -> asyncio.Transport:
        if handler in self._speaking:
            return self._speaking.pop(handler)[1]
        return self._answered.pop(handler, None) or self._silent[handler][1]


class Runner(web.AppRunner):
    """Runs the application behind a door."""

    def __init__(self, app: web.Application, refused: Counter[str], **more: Any) -> None:  # noqa: ANN401 — aiohttp's own
        """Prepare it; `refused` counts who was turned away."""
        super().__init__(app, **more)
        self._refused_counter = refused

    async def _make_server(self) -> web.Server:
        return Door(await super()._make_server(), self._refused_counter, most=room())


def room() -> int:
    """Return how many connections the system has files for, having asked it for as many as it gives."""
    if sys.platform == "win32":
        return IN_ALL
    import resource  # noqa: PLC0415 — not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IN_ALL + KEPT_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return IN_ALL if soft == resource.RLIM_INFINITY else max(min(IN_ALL, soft - KEPT_FILES), KEPT_FILES)
