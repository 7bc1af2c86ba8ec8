"""The pages of two workers behind one name: a request may come to either (hub/loggedin.py)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub import loggedin, onlyonce
from hub.journal import nats_link, place
from hub.live import Batch
from hub.model import Device
from hub.web.keys import HUB as HUB_KEY
from hub.web.keys import SECURITY
from hub.web.once import KEYS
from hub.web.security import COOKIE
from servers import nats
from servers.clock import Clock
from servers.ports import until
from servers.web import PIN, SECRET, Client, FakeHub, Serve

API = "/api/v1"
HUB = {"Authorization": f"Bearer {SECRET}"}
Pages = tuple[Client, Client]


@pytest.fixture
async def pages(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pages]:
    """Lend two workers' pages, open to a room, at which no second passes, however long their server takes."""
    monkeypatch.setattr(nats_link, "_PATIENCE_S", 30.0)
    clock = Clock(100.0)
    url, found = (
        nats.fresh_url(),
        (
            await serve(FakeHub(), lan=True, read_pin=lambda: "111222", monotonic=clock),
            await serve(FakeHub(), lan=True, monotonic=clock),
        ),
    )
    with ExitStack() as stack:
        for number, client in enumerate(found):
            folder = tmp_path / f"{number}"
            folder.mkdir()
            place.note(folder, url)
            security = client.app[SECURITY]
            shared = stack.enter_context(loggedin.shared(folder, security.sessions, security.delays))
            assert shared is not None
            await asyncio.to_thread(connected, shared)
            security.elsewhere = shared
            security.codes.elsewhere = client.app[KEYS].elsewhere = stack.enter_context(onlyonce.shared(folder))
        yield found
        await asyncio.to_thread(stack.close)


def connected(shared: loggedin.LoggedIn) -> None:
    """Wait until a server is there."""
    until("it is connected", lambda: shared._logins.connected)


async def role(client: Client, secret: str) -> str:
    """Return who somebody with this cookie is there."""
    async with client.get(f"{API}/login", headers={"Cookie": f"{COOKIE}={secret}"}) as response:
        return str((await response.json())["role"])


async def test_a_facilitator_is_one_at_the_page_that_serves_the_very_next_request(pages: Pages) -> None:
    """Logged in at one, sent to the other at once, logged out there: out at the first within a second."""
    one, two = pages
    async with one.post(f"{API}/login", json={"pin": PIN}) as response:
        secret = response.cookies[COOKIE].value
    assert await role(two, secret) == "facilitator"
    assert await role(two, f"{secret}x") == "viewer"
    async with two.post(f"{API}/logout", headers={"Cookie": f"{COOKIE}={secret}"}) as response:
        assert response.status == 200
    await asyncio.to_thread(one.app[SECURITY].elsewhere.look)  # as it does each second by itself
    assert await role(one, secret) == "viewer"


async def test_who_guesses_at_one_page_waits_at_the_other(pages: Pages) -> None:
    """Three free guesses in all."""
    codes = []
    for number in range(4):
        async with pages[number % 2].post(f"{API}/login", json={"pin": "0000"}) as response:
            codes.append(response.status)
    assert codes == [403, 403, 403, 429]


async def test_a_new_pin_ends_a_session_that_another_page_has_just_opened(pages: Pages) -> None:
    """Not heard of here yet, it would be taken for one that the new PIN opened."""
    one, two = pages
    async with two.post(f"{API}/login", json={"pin": PIN}) as response:
        secret = response.cookies[COOKIE].value
    async with one.put(f"{API}/login/pin", headers=HUB) as response:
        assert response.status == 200
    for page in (two, one):
        await asyncio.to_thread(page.app[SECURITY].elsewhere.look)
        assert await role(page, secret) == "viewer"


async def test_the_code_of_an_address_opens_once_whichever_page_it_is_sent_to(pages: Pages) -> None:
    """Made at one, used at the other, refused at both from then on."""
    one, two = pages
    async with one.post(f"{API}/login/codes", headers=HUB) as response:
        code = (await response.json())["code"]
    statuses = []
    for page in (two, one, two):
        async with page.post(f"{API}/login", json={"code": code}) as response:
            statuses.append(response.status)
    assert statuses == [200, 403, 403]


async def noted(page: Client, text: str, key: str) -> tuple[int, str, str | None]:
    """Write a note under a key; return status, the answer and whether it is the first one again."""
    async with page.post(f"{API}/notes", json={"text": text}, headers={"Idempotency-Key": key, **HUB}) as response:
        return response.status, await response.text(), response.headers.get("Idempotent-Replayed")


async def test_a_request_that_comes_again_with_its_key_at_another_page_acts_once(pages: Pages) -> None:
    """The first answer again; with another body it is refused there, too."""
    one, two = pages
    first, again = await noted(one, "door open", "k"), await noted(two, "door open", "k")
    assert again == (201, first[1], "true")
    assert (await noted(two, "something else", "k"))[0] == 422
    async with two.get(f"{API}/notes") as response:
        assert (await response.json())["notes"] == []


async def test_a_request_that_was_refused_at_one_page_may_be_corrected_at_the_other(pages: Pages) -> None:
    """It did nothing."""
    one, two = pages
    assert (await noted(one, "", "k"))[0] == 400
    assert (await noted(two, "door open", "k"))[0] == 201


async def test_two_pages_that_get_the_same_request_at_once_act_once(pages: Pages) -> None:
    """The other one is told to come again, or gets the first one's answer."""
    answers = await asyncio.gather(*(noted(page, "door open", "k") for page in pages))
    assert sum(status == 201 and again is None for status, _, again in answers) == 1
    assert all(status in {201, 409} for status, _, _ in answers)


async def test_a_command_given_again_at_another_page_by_its_own_id_is_a_replay(pages: Pages) -> None:
    """Without an Idempotency-Key, by the id in its body: refused, wherever it comes."""
    statuses = []
    for page in (*pages, *pages):
        fake = page.app[HUB_KEY]
        fake.live.apply(Batch(devices=[Device(uid="tasmota:plug", family="tasmota", name="plug", run="real", seen=1)]))
        body = {"channel": "switch", "value": 1, "id": "press-1"}
        async with page.post(f"{API}/devices/tasmota:plug/commands", json=body, headers=HUB) as response:
            statuses.append(response.status)
    assert statuses == [202, 409, 409, 409]
