"""Real devices take roles and give them back, use cases are turned off and on: what the API asks of the hub."""

from typing import Any

from servers.web import Client, FakeHub, Serve

API = "/api/v1"
PROBE = "/usecases/cold_room/roles/probe"


async def say(client: Client, method: str, path: str, body: object = None, status: int = 200) -> Any:  # noqa: ANN401 — JSON
    """Return the JSON of an answer."""
    async with client.request(method, API + path, json=body) as response:
        assert response.status == status, await response.text()
        return await response.json(content_type=None)


async def test_a_device_takes_a_role_and_gives_it_back(client: Client, hub: FakeHub) -> None:
    """By its best channels, or by those named; each answer carries the number to undo it by."""
    told = await say(client, "PUT", PROBE, {"device": "tasmota:kitchen"})
    assert (told["state"], told["action"]) == ("real", 1)
    wanted = {"air": "temperature", "product": None}
    await say(client, "PUT", PROBE, {"device": "kitchen", "channels": wanted})
    assert (await say(client, "DELETE", PROBE))["state"] == "simulated"
    assert hub.roles == [
        ("cold_room", "probe", "tasmota:kitchen", None, "facilitator"),
        ("cold_room", "probe", "kitchen", wanted, "facilitator"),
        ("cold_room", "probe", None, None, "facilitator"),
    ]


async def test_a_device_that_cannot_play_is_refused_in_the_hubs_words(client: Client, hub: FakeHub) -> None:
    """With what it gives and what is needed."""
    hub.refuse = "tasmota:kitchen cannot be 'probe': it gives state"
    assert hub.refuse in (await say(client, "PUT", PROBE, {"device": "tasmota:kitchen"}, 400))["detail"]
    await say(client, "PUT", PROBE, {"channels": {}}, 400)
    await say(client, "PUT", PROBE, {"device": "a", "channels": {"air": 1}}, 400)


async def test_who_could_play_is_listed_by_role_and_by_device(client: Client) -> None:
    """For the one-click buttons of the page."""
    assert await say(client, "GET", "/usecases/cold_room/candidates") == {"roles": {"probe": []}}
    await say(client, "GET", "/usecases/moon/candidates", status=404)
    assert (await say(client, "GET", "/devices/tasmota:kitchen/roles")) == {"roles": []}


async def test_a_use_case_is_turned_off_and_on(client: Client, hub: FakeHub) -> None:
    """Nothing else of it can be changed."""
    assert (await say(client, "PATCH", "/usecases/cold_room", {"off": True}))["off"] is True
    await say(client, "PATCH", "/usecases/cold_room", {"title": "x"}, 400)
    assert hub.roles == [("cold_room", True, "facilitator")]


async def test_a_viewer_gives_nobody_a_role(hub: FakeHub, serve: Serve) -> None:
    """Nor asks who could have it."""
    viewer = await serve(hub, lan=True)
    await say(viewer, "PUT", PROBE, {"device": "tasmota:kitchen"}, 403)
    await say(viewer, "DELETE", PROBE, status=403)
    await say(viewer, "PATCH", "/usecases/cold_room", {"off": True}, 403)
    await say(viewer, "GET", "/usecases/cold_room/candidates", status=403)
    assert hub.roles == []
