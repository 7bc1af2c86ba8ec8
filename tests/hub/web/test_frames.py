"""What a stranger may send over a WebSocket: however much it is, the hub reads it at its own pace."""

import asyncio

import pytest
from aiohttp import WSMsgType

from hub.web.api import live as live_api
from servers.web import Client, eventually

BREATH_S = 0.123
"""As nobody else waits."""


@pytest.fixture
def breaths(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Lend the pauses that were made; none of them takes time."""
    made: list[float] = []
    sleep = asyncio.sleep

    async def breathe(seconds: float) -> None:
        if seconds == BREATH_S:
            made.append(seconds)
        await sleep(0 if seconds == BREATH_S else seconds)

    monkeypatch.setattr(live_api, "BREATH_S", BREATH_S)
    monkeypatch.setattr(asyncio, "sleep", breathe)
    return made


async def test_who_floods_with_pings_waits_like_everybody(client: Client, breaths: list[float]) -> None:
    """Each is answered, after its pause: aiohttp by itself answers as fast as they come."""
    async with client.ws_connect("/live", autoping=False) as viewer:
        assert (await viewer.receive(timeout=30)).type is WSMsgType.TEXT
        for number in range(5):
            await viewer.ping(b"%d" % number)
        pongs = [await viewer.receive(timeout=30) for _ in range(5)]
        assert [(each.type, each.data) for each in pongs] == [(WSMsgType.PONG, b"%d" % number) for number in range(5)]
        await viewer.pong(b"nobody asked")
        await eventually(lambda: len(breaths) == 6)


async def test_bytes_are_no_wish(client: Client) -> None:
    """1008, as any other nonsense; what else was sent is not waited for."""
    async with client.ws_connect("/live") as viewer:
        assert (await viewer.receive(timeout=30)).type is WSMsgType.TEXT
        for _ in range(100):
            await viewer.send_bytes(b"x")
        while not viewer.closed:
            await viewer.receive(timeout=30)
        assert viewer.close_code == 1008
