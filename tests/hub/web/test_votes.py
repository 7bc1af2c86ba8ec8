"""Votes over the API: anybody in the room answers once, only the facilitator asks."""

from typing import Any

from hub.workshop.session import Wish
from servers.web import Client, FakeHub, Serve

API = "/api/v1"
ASKED = {"question": "Which first?", "options": ["Air", "Product"]}


async def ask(client: Client, method: str, path: str, body: object = None, *, status: int = 200) -> dict[str, Any]:
    """Return what the API answers."""
    async with client.request(method, API + path, json=body) as response:
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


async def test_a_phone_is_known_again_by_a_cookie_of_its_own(hub: FakeHub, serve: Serve) -> None:
    """Two phones are two voters; a second answer replaces the first; scripts cannot read the cookie."""
    hub.sittings.desk.start(Wish(title="Bakers"))
    facilitator, phone = await serve(hub), await serve(hub, lan=True)
    name = (await ask(facilitator, "POST", "/votes", ASKED, status=201))["id"]
    for choice in (0, 1):
        async with phone.post(f"{API}/votes/{name}/answer", json={"choice": choice}) as response:
            assert response.status == 200
            said = response.headers["Set-Cookie"]
            assert "HttpOnly" in said
            assert "SameSite=Strict" in said
    await ask(facilitator, "POST", f"/votes/{name}/answer", {"choice": 1})
    told = await ask(phone, "GET", "/votes")
    assert (told["vote"]["counts"], told["mine"]) == ([0, 2], 1)
    assert (await ask(facilitator, "GET", "/sessions/s1"))["votes"] == [told["vote"]]


async def test_only_the_facilitator_asks_closes_and_puts_away(hub: FakeHub, serve: Serve) -> None:
    """A viewer answers, and nothing else."""
    hub.sittings.desk.start(Wish(title="Bakers"))
    facilitator, phone = await serve(hub), await serve(hub, lan=True)
    await ask(phone, "POST", "/votes", ASKED, status=403)
    name = (await ask(facilitator, "POST", "/votes", ASKED, status=201))["id"]
    for how in ("close", "put-away"):
        await ask(phone, "POST", f"/votes/{name}/{how}", status=403)
    assert (await ask(facilitator, "POST", f"/votes/{name}/close"))["state"] == "closed"
    assert "est clos" in (await ask(phone, "POST", f"/votes/{name}/answer", {"choice": 0}, status=400))["detail"]
    assert (await ask(facilitator, "POST", f"/votes/{name}/put-away"))["state"] == "away"
    assert await ask(phone, "GET", "/votes") == {"vote": None, "mine": None}


async def test_what_cannot_be_asked_or_answered_is_refused(hub: FakeHub, client: Client) -> None:
    """With the way on."""
    assert "commencez-en une" in (await ask(client, "POST", "/votes", ASKED, status=400))["detail"]
    hub.sittings.desk.start(Wish(title="Bakers"))
    await ask(client, "POST", "/votes", {"question": "?", "options": []}, status=400)
    await ask(client, "POST", "/votes/nope/answer", {"choice": 0}, status=404)
    await ask(client, "POST", "/votes/nope/answer", {"choice": "first"}, status=400)
