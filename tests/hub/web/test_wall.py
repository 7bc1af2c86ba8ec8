"""Freeze, silence and lead the room's screens by the API."""

import contextlib

import pytest

from hub.live import Batch
from hub.model import Device
from hub.web.api.coming import coming
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


async def test_the_next_workshop_finds_living_screens_and_the_guide_at_its_beginning(client: Client) -> None:
    """A picture that stood still and the step that was told are the last one's; silence is the place's."""
    left = {"frozen": True, "muted": True, "guide": {"usecase": "cold_room", "step": 4}}
    for how in ("/sessions", "/sessions/s1/reset"):
        async with client.patch(f"{API}/screens", json=left) as response:
            assert response.status == 200
        async with client.post(API + how, json={"title": "Bakers"}) as response:
            assert response.status == 201
        async with client.ws_connect("/live") as screen:
            assert (await screen.receive_json())["wall"] == {"frozen": None, "muted": True, "guide": None}


async def test_who_is_hidden_is_told_to_be_so(hub: FakeHub, client: Client) -> None:
    """The page leaves it out; it is heard and stored as ever."""
    hub.live.apply(Batch(devices=[Device(uid="a:b", family="a", name="b", hidden=True)]))
    async with client.get(f"{API}/devices/a:b") as response:
        assert (await response.json())["hidden"] is True


async def test_a_story_on_its_way_is_announced_until_it_is_there_or_refused(hub: FakeHub) -> None:
    """Between the press and a day of computed history the room is not left without a word."""
    with contextlib.suppress(RuntimeError), coming(hub.tables, {"fr": "Serre", "en": "Greenhouse"}):
        assert hub.live.wall_view["coming"] == {"fr": "Serre", "en": "Greenhouse"}
        raise RuntimeError
    assert hub.live.wall_view["coming"] is None
    with coming(hub.tables, {"fr": "Serre", "en": "Greenhouse"}, "greenhouse"):
        assert hub.live.wall_view["coming"] == {"fr": "Serre", "en": "Greenhouse", "usecase": "greenhouse"}
    before = hub.live.wall_view
    assert hub.tables.of(3).live.wall_view == before, "the tables' pages are told as well"
    with coming(hub.tables, None):
        assert hub.live.wall_view is before
