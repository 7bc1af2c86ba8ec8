"""Brokers, ingest processes and links for the tests of this folder."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.ingest.linkclient import LinkClient
from servers.brokers import broker, embedded

__all__ = ["broker", "embedded", "link"]


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[LinkClient]:
    """Lend the hub's end of the link, connecting for ever to whatever ingest runs in `tmp_path`."""
    client = LinkClient(tmp_path)
    task = asyncio.create_task(client.run())
    yield client
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
