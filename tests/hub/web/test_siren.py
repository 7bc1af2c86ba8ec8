"""The silent test of the siren (hub/web/api/siren.py)."""

import asyncio
from typing import Any

from hub.live import Batch
from servers.web import Client, FakeHub

API = "/api/v1"


async def screens(client: Client, count: int) -> dict[str, Any]:
    """Return what is known of the screens once so many have spoken."""
    for _ in range(3000):
        async with client.get(f"{API}/screens") as response:
            told: dict[str, Any] = await response.json()
        if len(told["screens"]) == count:
            break
        await asyncio.sleep(0.01)
    return told


async def test_every_screen_is_asked_and_says_whether_it_would_be_heard(client: Client) -> None:
    """By the number of the test; one that says nothing is counted, a made-up page is none of ours."""
    live = "/live"
    async with client.ws_connect(live) as one, client.ws_connect(live) as other, client.ws_connect(live) as mute:
        first = await one.receive_json()
        assert first["siren"] == 0
        await other.receive_json()
        await mute.receive_json()
        async with client.post(f"{API}/siren/test") as response:
            assert (await response.json())["test"] == 1
        assert (await one.receive_json())["siren"] == 1
        await one.send_json({"type": "sound", "page": "/projector", "sound": "muted", "tested": 1})
        await other.send_json({"type": "sound", "page": "<b>", "sound": "on", "tested": 1})
        told = await screens(client, 2)
    assert sorted(told["screens"], key=lambda each: each["page"]) == [
        {"page": "/", "sound": "on", "tested": 1},
        {"page": "/projector", "sound": "muted", "tested": 1},
    ]
    assert (told["test"], told["unknown"]) == (1, 1)


async def test_a_screen_that_says_nonsense_is_let_go(hub: FakeHub, client: Client) -> None:
    """As with any other wish."""
    hub.live.apply(Batch(siren=3))
    async with client.ws_connect("/live") as socket:
        assert (await socket.receive_json())["siren"] == 3
        await socket.send_json({"type": "sound", "page": "/", "sound": "loud"})
        await socket.receive()
        assert socket.closed
