"""Connections that say nothing, or say it slowly: closed, bounded, and nobody else waits (reliability.md §3.6, X5)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web

from hub.web import door
from hub.web.app import make_app
from hub.web.door import IN_ALL, KEPT_FILES, Runner
from hub.web.security import HEADERS, Security
from servers.web import PIN, SECRET, FakeHub, eventually

HONEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class House:
    """A server behind its door.

    Attributes:
        rules: its doorkeeper.
        port: the one that the system picked.
    """

    def __init__(self, rules: Security, port: int) -> None:
        """Name them."""
        self.rules = rules
        self.port = port
        self._peers: list[asyncio.StreamWriter] = []

    async def knock(self, words: bytes = b"") -> Peer:
        """Open a connection and say something."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._peers.append(writer)
        writer.write(words)
        return reader, writer

    async def answer(self, words: bytes = HONEST) -> bytes:
        """Return all that is answered before the connection is closed."""
        reader, _ = await self.knock(words)
        return await asyncio.wait_for(reader.read(), 30)

    async def leave(self) -> None:
        """Close what is left."""
        for writer in self._peers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def built(hub: FakeHub, folder: Path) -> AsyncIterator[House]:
    """Lend one."""
    rules = Security(hub.config, demo=True, lan=True, secret=SECRET, pin=PIN)
    app = await asyncio.to_thread(make_app, hub, rules, folder)
    runner = Runner(app, rules.refused, shutdown_timeout=0.5)
    await runner.setup()
    house: House | None = None
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        house = House(rules, runner.addresses[0][1])
        yield house
    finally:
        if house is not None:
            await house.leave()
        await runner.cleanup()


async def closed(peer: Peer) -> bool:
    """Tell whether the other side has ended a connection within half a minute."""
    with suppress(ConnectionError):
        return await asyncio.wait_for(peer[0].read(), 30) == b""
    return True


def noted(rules: Security, monkeypatch: pytest.MonkeyPatch) -> list[web.Request]:
    """Return a list to which each request is added that comes before the doorkeeper."""
    seen: list[web.Request] = []
    admit = rules.admit

    def note(request: web.Request) -> None:
        seen.append(request)
        admit(request)

    monkeypatch.setattr(rules, "admit", note)
    return seen


@pytest.fixture
async def house(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Lend one whose door is narrow: half a second, twenty silent ones of an address."""
    monkeypatch.setattr(door, "SILENT_S", 0.5)
    monkeypatch.setattr(door, "SILENT", 20)
    async with built(hub, tmp_path) as lent:
        yield lent


@pytest.mark.parametrize("words", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
async def test_who_does_not_ask_is_let_go(house: House, words: bytes) -> None:
    """Nothing, half a line, headers without an end."""
    assert await closed(await house.knock(words))


async def test_headers_that_come_drop_by_drop_do_not_hold_the_door(house: House) -> None:
    """Slowloris: it is the whole request that counts, not the last byte."""
    reader, writer = await house.knock(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    with suppress(ConnectionError):
        for _ in range(40):
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)
    assert await closed((reader, writer))


async def test_a_browser_that_keeps_its_connection_is_let_go_after_a_while(house: House) -> None:
    """It opens another one when it needs it."""
    reader, writer = await house.knock(HONEST.replace(b"close", b"keep-alive"))
    assert b" 200 " in await reader.readline()
    assert await asyncio.wait_for(reader.read(), 30)
    writer.close()


async def test_too_many_silent_ones_make_room_for_those_who_ask(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go first, honest ones are served meanwhile, and it is counted; however slowly the crowd comes."""
    monkeypatch.setattr(door, "SILENT", 20)
    async with built(hub, tmp_path) as house:
        crowd = [await house.knock() for _ in range(60)]
        assert b" 200 " in await house.answer()
        await eventually(lambda: house.rules.refused["connections"] >= 40)
        assert await closed(crowd[0])
        assert b" 200 " in await house.answer()


async def test_a_full_house_turns_silent_ones_away_and_never_who_is_served(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all connections together."""
    monkeypatch.setattr(door, "room", lambda: 10)
    async with built(hub, tmp_path) as house:
        served, _ = await house.knock(HONEST.replace(b"close", b"keep-alive"))
        assert b" 200 " in await served.readline()
        crowd = [await house.knock() for _ in range(30)]
        assert b" 200 " in await house.answer()
        assert house.rules.refused["connections"] >= 20
        assert await closed(crowd[0])
        assert not served.at_eof()


async def test_a_house_full_of_those_who_were_answered_and_stay_has_room_for_the_next(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks once on each of many connections, and again before it is too long ago, keeps nobody out."""
    monkeypatch.setattr(door, "room", lambda: 10)
    async with built(hub, tmp_path) as house:
        crowd = [await house.knock(HONEST.replace(b"close", b"keep-alive")) for _ in range(10)]
        for reader, _ in crowd:
            assert b" 200 " in await reader.readline()
        assert b" 200 " in await house.answer()
        assert house.rules.refused["connections"] >= 1
        await asyncio.wait_for(crowd[0][0].read(), 30)  # the oldest made room


async def test_a_house_full_of_those_who_keep_back_what_they_announced_has_room_for_the_next(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that never comes, on each of many connections, keeps nobody out; whose body is there is answered."""
    monkeypatch.setattr(door, "room", lambda: 10)
    async with built(hub, tmp_path) as house:
        seen = noted(house.rules, monkeypatch)
        announced = b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"
        crowd = [await house.knock(announced) for _ in range(10)]
        await eventually(lambda: len(seen) == 10)
        assert b" 200 " in await house.answer()
        assert await closed(crowd[0])
        crowd[-1][1].write(b"{}")
        assert b" 400 " in await crowd[-1][0].readline()


@pytest.mark.parametrize(
    "words",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["no HTTP", "100 headers", "a long header", "a long line", "two lengths"],
)
async def test_what_is_no_request_is_refused_in_the_headers_of_the_house(house: House, words: bytes) -> None:
    """400, before anything else sees it; nothing of it is written to the log."""
    answer = await house.answer(words)
    head = answer.partition(b"\r\n\r\n")[0].decode()
    assert " 400 " in head.partition("\r\n")[0]
    worn = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert worn["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert worn["X-Content-Type-Options"] == "nosniff"
    assert house.rules.refused["malformed"] >= 1


async def test_a_handshake_of_a_websocket_wears_the_headers_too(house: House) -> None:
    """101 and refusals alike."""
    upgrade = (
        b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n"
    )
    for more, status in ((b"", b" 101 "), (b"Origin: http://evil.example\r\n", b" 403 ")):
        reader, writer = await house.knock(upgrade % more)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        assert status in head.partition(b"\r\n")[0]
        assert b"frame-ancestors 'none'" in head
        assert b"nosniff" in head
        writer.close()


def test_the_hub_asks_for_as_many_files_as_connections_need() -> None:
    """Where the system gives fewer, there is room for fewer: journal and stores always find theirs."""
    assert KEPT_FILES <= door.room() <= IN_ALL
