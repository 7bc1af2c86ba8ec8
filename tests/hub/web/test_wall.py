"""Freeze, silence and lead the room's screens by the API."""

import pytest

from hub.live import Batch
from hub.model import Device
from servers.web import Client, FakeHub

API = "/api/v1"


async def test_every_screen_hears_at_once_that_it_stands_still(hub: FakeHub, client: Client) -> None:
    """The frame comes with the next tick: 100 ms at most."""
    async with client.ws_connect("/live") as screen:
        assert (await screen.receive_json())["wall"] == {"frozen": None, "muted": False, "guide": None}
        async with client.patch(f"{API}/screens", json={"frozen": True}) as response:
            wall = await response.json()
        assert wall["frozen"] is not None
        assert (await screen.receive_json())["wall"] == wall
    assert hub.live.wall_view == wall


@pytest.mark.parametrize(
    "wish", [{"frozen": "yes"}, {"step": 1}, {"guide": {"usecase": "x"}}, {"guide": {"usecase": "x", "step": -1}}]
)
async def test_a_wish_that_is_none_is_refused(client: Client, wish: dict[str, object]) -> None:
    """400, with the shape that is expected."""
    async with client.patch(f"{API}/screens", json=wish) as response:
        assert response.status == 400


async def test_who_is_hidden_is_told_to_be_so(hub: FakeHub, client: Client) -> None:
    """The page leaves it out; it is heard and stored as ever."""
    hub.live.apply(Batch(devices=[Device(uid="a:b", family="a", name="b", hidden=True)]))
    async with client.get(f"{API}/devices/a:b") as response:
        assert (await response.json())["hidden"] is True
