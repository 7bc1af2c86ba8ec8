"""A real server around a hub made of lists, on a port the system picks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from blockbuster import blockbuster_ctx

from hub.web.app import make_app
from hub.web.security import Security
from servers.answers import Net
from servers.web import PIN, SECRET, Client, FakeHub, Serve


@pytest.fixture(autouse=True)
def nothing_blocks() -> Iterator[None]:
    """Fail a test in which the web layer blocks the event loop."""
    with blockbuster_ctx("hub.web"):
        yield


@pytest.fixture
async def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serve]:
    """Lend a function that serves a hub on loopback and returns a client of it; each answer is as it is described."""
    net = Net()
    net.spread_live(monkeypatch)
    async with AsyncExitStack() as stack:

        async def start(hub: FakeHub, **rules: Any) -> Client:  # noqa: ANN401 — Security's own
            folder = rules.pop("static_dir", tmp_path / "static")
            given: dict[str, Any] = {"demo": True, "lan": False, "secret": SECRET, "pin": PIN} | rules
            app = await asyncio.to_thread(lambda: make_app(hub, Security(hub.config, **given), folder))
            net.spread(app)
            return await stack.enter_async_context(TestClient(TestServer(app)))

        yield start
    assert not net.faults, "\n".join(net.faults)


@pytest.fixture
def hub() -> FakeHub:
    """Lend an empty hub."""
    return FakeHub()


@pytest.fixture
async def client(hub: FakeHub, serve: Serve) -> Client:
    """Lend a client of it, on the machine of the demo: a facilitator."""
    started: Client = await serve(hub)
    return started
