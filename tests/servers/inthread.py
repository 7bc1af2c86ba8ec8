"""A web application served from a thread, for tests that drive a browser: Playwright's own loop fills theirs."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


@contextmanager
def served(make: Callable[[], Awaitable[web.Application]]) -> Iterator[str]:
    """Lend the address of an application that is made and served in a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> TestServer:
        server = TestServer(await make())
        await server.start_server()
        return server

    try:
        server = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
        try:
            yield str(server.make_url("/"))
        finally:
            asyncio.run_coroutine_threadsafe(server.close(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
