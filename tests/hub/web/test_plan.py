"""The floor plan over the API: the room sees it, the facilitator changes it, a picture runs nothing."""

from typing import Any

import pytest

from hub.web.api import plan as module
from hub.workshop.session import Wish
from servers.web import Client, FakeHub, Serve

API = "/api/v1/plan"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><rect width="9" height="9"/></svg>'
PROBE = "tasmota:probe"
AT = f"{API}/places/tasmota%3Aprobe"


@pytest.fixture
def hub() -> FakeHub:
    """Lend a hub that heard two devices."""
    found = FakeHub()
    found.speak(PROBE, "temperature", 3.0)
    found.speak("tasmota:oven", "temperature", 180.0)
    return found


async def ask(client: Client, method: str, path: str = API, *, status: int = 200, **more: Any) -> Any:  # noqa: ANN401 — JSON
    """Return what the API answers."""
    async with client.request(method, path, headers={"Accept-Language": "fr"}, **more) as response:
        assert response.status == status, await response.text()
        return await response.json(content_type=None)


async def test_a_device_is_hung_moved_and_taken_off(client: Client) -> None:
    """By fractions of the picture; the plan lists those that hang."""
    empty = await ask(client, "GET")
    assert (empty["picture"], empty["places"], empty["session"], empty["own"]) == (None, [], None, True)
    for x in (0.25, 0.75):
        hung = await ask(client, "PUT", AT, json={"x": x, "y": 1})
        assert hung == {"device": PROBE, "x": x, "y": 1}
    assert (await ask(client, "GET"))["places"] == [hung]
    assert await ask(client, "DELETE", AT) == {"device": PROBE, "removed": True}
    assert (await ask(client, "GET"))["places"] == []
    await ask(client, "DELETE", AT, status=404)


@pytest.mark.parametrize("wish", [{"x": 1.2, "y": 0}, {"x": 0.5}, {"x": "left", "y": 0}, {"x": 0, "y": 0, "z": 0}])
async def test_a_place_beside_the_picture_is_refused(client: Client, wish: dict[str, object]) -> None:
    """As is one that is none, and a device that nobody knows."""
    assert "remedy" in await ask(client, "PUT", AT, json=wish, status=400)
    await ask(client, "PUT", f"{API}/places/nobody", json={"x": 0, "y": 0}, status=404)


async def test_a_picture_is_shown_as_a_picture_and_nothing_else(client: Client) -> None:
    """Whatever the request calls it: no script of it could run, and nobody guesses another type."""
    told = (await ask(client, "PUT", f"{API}/picture?title=Fournil", data=DRAWING))["picture"]
    assert (told["type"], told["width"], told["height"], told["title"]) == ("image/svg+xml", 1000, 750, "Fournil")
    async with client.get(told["address"]) as response:
        assert (response.status, response.content_type) == (200, "image/svg+xml")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        policy = response.headers.getall("Content-Security-Policy")
        assert policy == [module.ONLY_DRAWS]
        assert "script" not in policy[0]
        assert "sandbox" in policy[0]
        assert b"<rect" in await response.read()
    await ask(client, "GET", f"{API}/picture?id=another", status=404)
    assert (await ask(client, "DELETE", f"{API}/picture"))["picture"] is None
    await ask(client, "GET", told["address"], status=404)


async def test_what_is_no_picture_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its content, a form, or its size; the plan is as it was."""
    monkeypatch.setattr(module, "LARGEST", len(DRAWING))
    await ask(client, "PUT", f"{API}/picture", data=DRAWING)
    before = await ask(client, "GET")
    refused = await ask(client, "PUT", f"{API}/picture", data=b"MZ", status=400)
    assert "PNG, JPEG, WebP ou SVG" in refused["detail"]
    await ask(client, "PUT", f"{API}/picture", data={"file": "a form's"}, status=400)
    await ask(client, "PUT", f"{API}/picture", data=DRAWING + b" ", status=413)
    assert await ask(client, "GET") == before


async def test_the_room_sees_the_plan_and_changes_nothing(hub: FakeHub, serve: Serve) -> None:
    """The refusal says who may."""
    facilitator, phone = await serve(hub), await serve(hub, lan=True)
    await ask(facilitator, "PUT", AT, json={"x": 0, "y": 0})
    picture = (await ask(facilitator, "PUT", f"{API}/picture", data=DRAWING))["picture"]
    seen = await ask(phone, "GET")
    assert (len(seen["places"]), seen["picture"]) == (1, picture)
    for method, path in (("PUT", AT), ("DELETE", AT), ("PUT", f"{API}/picture"), ("DELETE", f"{API}/picture")):
        assert "PIN" in (await ask(phone, method, path, status=403))["remedy"]


async def test_a_plan_goes_with_its_session(hub: FakeHub, client: Client) -> None:
    """It says whether it is that session's own."""
    await ask(client, "PUT", AT, json={"x": 0, "y": 0})
    hub.sittings.desk.start(Wish(title="Bakers"))
    assert (await ask(client, "GET"))["own"] is False
    await ask(client, "PUT", AT, json={"x": 1, "y": 1})
    told = await ask(client, "GET")
    assert (told["session"], told["own"], told["places"][0]["x"]) == ("s1", True, 1)
    await ask(client, "DELETE", "/api/v1/sessions/s1")
    assert (await ask(client, "GET"))["places"][0]["x"] == 0


async def test_a_device_is_shown_under_the_name_it_has_now(hub: FakeHub, client: Client) -> None:
    """Two that hang and turn out to be one hang once; one that is forgotten hangs no more."""
    for name in (PROBE, "tasmota:oven"):
        await ask(client, "PUT", f"{API}/places/{name.replace(':', '%3A')}", json={"x": 0, "y": 0})
    hub.aliases["tasmota:oven"] = PROBE
    assert [each["device"] for each in (await ask(client, "GET"))["places"]] == [PROBE]
    await ask(client, "DELETE", AT)
    assert (await ask(client, "GET"))["places"] == []


async def test_a_plan_that_has_not_changed_is_not_sent_again(client: Client) -> None:
    """By its ETag; where a device hangs elsewhere it is."""
    await ask(client, "PUT", AT, json={"x": 0, "y": 0})
    async with client.get(API) as response:
        kept = {"If-None-Match": response.headers["ETag"]}
    async with client.get(API, headers=kept) as response:
        assert (response.status, await response.read()) == (304, b"")
    await ask(client, "PUT", AT, json={"x": 1, "y": 0})
    async with client.get(API, headers=kept) as response:
        assert response.status == 200
