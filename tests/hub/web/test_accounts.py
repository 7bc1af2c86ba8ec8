"""MQTT accounts by the API: the facilitator's alone, the password once, as text and as a code."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub import provisioned
from hub.web.api import accounts
from hub.workshop.session import Wish
from servers.web import Client, FakeHub, Serve, eventually, provisioning

API = "/api/v1/accounts"


async def say(client: Client, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Return status and JSON of an answer."""
    async with client.request(method, path, json=body) as response:
        return response.status, await response.json(content_type=None)


async def test_a_facilitator_gives_lists_and_revokes(hub: FakeHub, client: Client, tmp_path: Path) -> None:
    """The password is in the first answer and in no other."""
    hub.provisioning = provisioning(tmp_path)
    status, made = await say(client, "POST", API, {"name": "fridge-1"})
    assert (status, made["role"], made["code"]["size"] > 20) == (201, "device", True)
    status, listed = await say(client, "GET", API)
    assert [each["name"] for each in listed["accounts"]] == ["fridge-1"]
    assert made["password"] not in str(listed)
    assert (await say(client, "POST", API, {"name": "fridge-1"}))[0] == 400
    assert (await say(client, "DELETE", f"{API}/fridge-1"))[0] == 200
    assert (await say(client, "DELETE", f"{API}/fridge-1"))[0] == 404


async def test_what_the_broker_has_not_taken_yet_is_done_and_said(
    hub: FakeHub, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new password is not lost with the wait for it, and what is revoked is revoked; in both languages."""
    monkeypatch.setattr(accounts, "PATIENCE_S", 0)
    hub.provisioning = provisioning(tmp_path, holds=lambda: False)
    status, made = await say(client, "POST", API, {"name": "fridge-1"})
    assert (status, made["enforced"], made["warning"]) == (201, True, None)
    status, made = await say(client, "POST", API, {"name": "fridge-1", "renew": True})
    assert (status, made["enforced"]) == (201, False)
    assert made["password"] == provisioned.listed(tmp_path)["fridge-1"].password
    assert "may still take the one before" in made["warning"]["en"]
    status, taken = await say(client, "DELETE", f"{API}/fridge-1")
    assert (status, taken["revoked"], taken["enforced"]) == (200, True, False)
    assert "repris" in taken["warning"]["fr"]
    assert provisioned.listed(tmp_path) == {}


async def test_whoever_waits_for_the_broker_keeps_nobody_else_from_being_answered(
    hub: FakeHub, client: Client, tmp_path: Path
) -> None:
    """More wait than the hub has helpers; they are told once it holds to what was done."""
    held: list[bool] = []
    hub.provisioning = provisioning(tmp_path, holds=lambda: bool(held))
    names = [f"fridge-{number}" for number in range(40)]
    for each in names:
        provisioned.add(tmp_path, each)
    waiting = [asyncio.create_task(say(client, "DELETE", f"{API}/{each}")) for each in names]
    while (await say(client, "GET", API))[1]["accounts"]:
        assert not any(each.done() for each in waiting)
    held.append(True)
    assert {(status, told["enforced"]) for status, told in await asyncio.gather(*waiting)} == {(200, True)}


async def test_a_hub_that_stops_tells_the_new_password_before_it_goes(
    hub: FakeHub, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one before opens no more, and this answer is the only one that has it: nobody waits for the broker then."""
    monkeypatch.setattr(accounts, "PATIENCE_S", 3600)
    hub.provisioning = provisioning(tmp_path, holds=lambda: False)
    before = provisioned.add(tmp_path, "fridge-1")
    asked = asyncio.create_task(say(client, "POST", API, {"name": "fridge-1", "renew": True}))
    await eventually(lambda: provisioned.listed(tmp_path)["fridge-1"].password != before)
    await client.server.close()
    status, made = await asked
    assert (status, made["enforced"]) == (201, False)
    assert made["password"] == provisioned.listed(tmp_path)["fridge-1"].password


async def test_a_whole_session_shares_one_and_needs_a_session(hub: FakeHub, client: Client, tmp_path: Path) -> None:
    """It ends with it."""
    hub.provisioning = provisioning(tmp_path)
    assert (await say(client, "POST", API, {"role": "session"}))[0] == 400
    hub.sittings.desk.start(Wish(title="Bakers"))
    status, made = await say(client, "POST", API, {"role": "session"})
    assert (status, made["name"].startswith("bakers-")) == (201, True)
    assert made["session"]


async def test_nobody_else_gives_or_sees_one(hub: FakeHub, serve: Serve) -> None:
    """Not even who there is."""
    viewer = await serve(hub, lan=True)
    for method, path in (("GET", API), ("POST", API), ("DELETE", f"{API}/fridge-1")):
        assert (await say(viewer, method, path, {}))[0] == 403
