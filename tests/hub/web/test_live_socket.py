"""`/live`, by raw WebSockets: full, delta, wishes, and viewers who do not read."""

import asyncio
import socket
from typing import Any, cast

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from hub.live import Batch
from hub.web.api import live as live_api
from servers.web import WALL, Client, FakeHub, Serve, eventually, reading

DEVICES = 300


async def frame(viewer: ClientWebSocketResponse) -> dict[str, Any]:
    """Return the next frame."""
    content: dict[str, Any] = await viewer.receive_json(timeout=30)
    return content


def shown(content: dict[str, Any]) -> list[float]:
    """Return the values in a frame, whole or not."""
    channels = [channel for device in content.get("devices", []) for channel in device["channels"]]
    return [each["value"] for each in content.get("values", channels)]


async def test_a_page_gets_everything_and_then_what_changes(hub: FakeHub, client: Client) -> None:
    """The protocol of design.md §4."""
    hub.speak("tasmota:a", "temperature", 4.0)
    async with client.ws_connect("/live") as viewer:
        first = await frame(viewer)
        hub.speak("tasmota:a", "temperature", 4.5, time=WALL + 1)
        second = await frame(viewer)
    assert (first["type"], first["role"]) == ("full", "facilitator")
    assert (second["type"], second["seq"]) == ("delta", first["seq"] + 1)
    assert second["values"][0]["value"] == 4.5


async def test_a_page_may_ask_for_everything_and_for_less(hub: FakeHub, client: Client) -> None:
    """`full` and `rate`."""
    async with client.ws_connect("/live") as viewer:
        await frame(viewer)
        await viewer.send_json({"type": "full"})
        assert (await frame(viewer))["type"] == "full"
        await viewer.send_json({"type": "rate", "hz": 0})
        await eventually(lambda: hub.live.view(0).mailboxes)
        hub.speak("tasmota:a", "temperature", 4.0)
        await viewer.send_json({"type": "rate", "hz": 2})
        back = await frame(viewer)
    assert back["type"] == "full"
    assert back["devices"][0]["channels"][0]["value"] == 4.0


@pytest.mark.parametrize(
    "wish", ["{", "[]", '{"type":"shout"}', '{"type":"rate"}', "[" * 4000, '{"type":"rate","hz":"x"}']
)
async def test_nonsense_closes_the_connection(client: Client, wish: str) -> None:
    """1008, and nobody else notices."""
    async with client.ws_connect("/live") as other, client.ws_connect("/live") as viewer:
        await frame(other)
        await frame(viewer)
        await viewer.send_str(wish)
        assert (await viewer.receive(timeout=30)).type is WSMsgType.CLOSE
        assert viewer.close_code == 1008
        await other.send_json({"type": "full"})
        assert (await frame(other))["type"] == "full"


async def test_a_frame_above_4_kib_closes_the_connection(client: Client) -> None:
    """1009: nobody needs so many words for a wish."""
    async with client.ws_connect("/live") as viewer:
        await frame(viewer)
        await viewer.send_str(" " * 5000)
        while not viewer.closed:
            await viewer.receive(timeout=30)
        assert viewer.close_code == 1009


async def test_nothing_is_left_when_all_have_gone(hub: FakeHub, client: Client) -> None:
    """No mailbox, no timer."""
    async with client.ws_connect("/live") as viewer:
        await frame(viewer)
        assert hub.live.viewers == 1
    await eventually(lambda: not hub.live.viewers)


async def connect_and_never_read(client: Client) -> socket.socket:
    """Return a connection to /live that has been answered, and of which nothing more is read."""
    loop = asyncio.get_running_loop()
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.settimeout(0)
    await loop.sock_connect(stuck, (client.host, client.port))
    handshake = (
        f"GET /live HTTP/1.1\r\nHost: {client.host}:{client.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await loop.sock_sendall(stuck, handshake.encode())
    assert await loop.sock_recv(stuck, 12) == b"HTTP/1.1 101"
    return stuck


async def test_who_does_not_read_is_skipped_and_then_closed_and_the_others_are_unaffected(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P7, small: a stuck viewer and three others."""
    monkeypatch.setattr(live_api, "PATIENCE_S", 2.0)
    for number in range(DEVICES):
        hub.speak(f"tasmota:{number}", "temperature", 0.0)
    assert client.server.runner is not None
    for site in client.server.runner.sites:
        for each in cast("asyncio.Server", site._server).sockets:
            each.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDBUF, 4096
            )  # of all that it accepts: the system keeps little
    stuck = await connect_and_never_read(client)
    viewers = [await client.ws_connect("/live") for _ in range(3)]
    for viewer in viewers:
        await frame(viewer)
    last: list[float] = [0.0] * len(viewers)

    async def follow(place: int) -> None:
        while last[place] < 100:
            last[place] = max([last[place], *shown(await frame(viewers[place]))])

    async with asyncio.timeout(50), asyncio.TaskGroup() as tasks:
        for place in range(len(viewers)):
            tasks.create_task(follow(place))
        number = 0
        while hub.live.viewers > len(viewers) or number <= 100:
            number += 1
            at = WALL + number
            said = [reading(f"tasmota:{device}", "temperature", number, time=at) for device in range(DEVICES)]
            hub.live.apply(Batch(readings=said))
            await asyncio.sleep(0.02)
    assert hub.live.viewers == len(viewers)
    for viewer in viewers:
        await viewer.close()
    stuck.close()


async def test_a_hundred_viewers_see_the_same(hub: FakeHub, client: Client) -> None:
    """Fan-out, small."""
    viewers = [await client.ws_connect("/live") for _ in range(100)]
    for viewer in viewers:
        await frame(viewer)
    hub.speak("tasmota:a", "temperature", 4.0)
    for viewer in viewers:
        while shown(await frame(viewer)) != [4.0]:  # who connected long ago may get a whole frame first
            pass
    for viewer in viewers:
        await viewer.close()


async def test_the_hub_says_goodbye_when_it_stops(hub: FakeHub, serve: Serve) -> None:
    """1001: pages come back by themselves."""
    client = await serve(hub)
    viewer = await client.ws_connect("/live")
    await frame(viewer)
    stopping = asyncio.create_task(client.server.close())
    async with asyncio.timeout(30):
        while not viewer.closed:
            await viewer.receive()
    assert viewer.close_code == 1001
    await stopping
    assert hub.live.viewers == 0
