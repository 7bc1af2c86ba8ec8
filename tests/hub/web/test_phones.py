"""Phones over the API: join, measure under one's own id only, leave; what only the facilitator may do."""

import asyncio
import json
import plistlib
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from msgspec.structs import replace

from hub import certificate
from hub.ingest import phone
from hub.live import Batch
from hub.model import REAL, Availability, Device, Source
from hub.web.phones import GONE, Phones
from hub.workshop import codes
from hub.workshop.session import Wish
from servers.clock import Clock
from servers.web import SECRET, Client, FakeHub, Serve, eventually

API = "/api/v1"
LEA = {"agreed": True, "table": 3, "name": "Léa"}
ENGLISH = {"Accept-Language": "en"}


async def ask(client: Client, method: str, path: str, body: object = None, *, status: int = 200) -> dict[str, Any]:
    """Return what the API answers."""
    async with client.request(method, API + path, json=body, headers=ENGLISH) as response:
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


@pytest.fixture
def room(hub: FakeHub) -> FakeHub:
    """Lend a hub with a session that goes on."""
    hub.sittings.desk.start(Wish(title="Bakers"))
    return hub


def said(hub: FakeHub) -> list[tuple[str, dict[str, Any]]]:
    """Return (topic, content) of what phones' messages say, presence left out."""
    found = [(each.topic, json.loads(each.payload)) for each in hub.journal]
    return [(topic, content) for topic, content in found if "online" not in content]


async def test_a_phone_joins_is_known_after_a_reload_and_leaves(room: FakeHub, serve: Serve) -> None:
    """The cookie is out of reach of scripts; after leaving nobody knows the phone, twice is no error."""
    viewer = await serve(room, lan=True)
    assert (await ask(viewer, "GET", "/me"))["me"] is None
    async with viewer.post(f"{API}/me", json=LEA) as response:
        assert response.status == 201
        cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
    told = await ask(viewer, "GET", "/me")
    assert told["me"] == {"id": "p1", "device": "phone:p1", "table": 3, "name": "Léa"}
    assert told["is_on"]
    for _ in range(2):
        assert (await ask(viewer, "DELETE", "/me"))["kept_until"] is None
        assert (await ask(viewer, "GET", "/me"))["me"] is None


async def test_nobody_joins_unasked_or_before_the_workshop(hub: FakeHub, serve: Serve) -> None:
    """Without the sentence agreed to, and without a session, nothing is kept."""
    viewer = await serve(hub, lan=True)
    assert "has not begun" in (await ask(viewer, "POST", "/me", LEA, status=400))["detail"]
    hub.sittings.desk.start(Wish(title="Bakers"))
    assert "agreed" in (await ask(viewer, "POST", "/me", LEA | {"agreed": False}, status=400))["detail"]
    await ask(viewer, "POST", "/me", {"table": 3}, status=400)
    assert hub.sittings.people.told() == []


async def test_what_a_phone_measures_is_its_own(room: FakeHub, serve: Serve) -> None:
    """However often it speaks, one message a beat, with the newest of each channel, on its token's topic."""
    viewer = await serve(room, lan=True)
    await ask(viewer, "POST", "/me", LEA, status=201)
    async with viewer.ws_connect("/phone") as line:
        for value in (10, 20, 30):
            await line.send_json({"slider": value})
        await line.send_json({"presses": 1})
        await eventually(lambda: any("presses" in content for _, content in said(room)))
    last: dict[str, Any] = {}
    for topic, content in said(room):
        assert topic == "matinales-phone/p1"
        last |= content
    assert last == {"slider": 30, "presses": 1}
    assert {each.source for each in room.journal} == {Source.PHONE}
    await eventually(lambda: json.loads(room.journal[-1].payload) == {"online": False})


async def test_who_leaves_when_all_is_over_is_told_what_the_archive_keeps(room: FakeHub, serve: Serve) -> None:
    """Measures without a name, until the session is erased; the phone is known no more."""
    viewer = await serve(room, lan=True)
    await ask(viewer, "POST", "/me", LEA, status=201)
    session = room.sittings.desk.archive("s1")
    assert (await ask(viewer, "DELETE", "/me"))["kept_until"] == session.purge
    assert (await ask(viewer, "GET", "/me"))["me"] is None


@pytest.mark.parametrize(
    "hostile",
    [
        '{"device":"phone:p2","slider":1}',
        '{"slider":1e9}',
        '{"latitude":47.2}',
        '{"slider":NaN}',
        "[]",
        "no",
        '{"a":' * 99,
    ],
)
async def test_what_is_no_measure_ends_the_connection(room: FakeHub, serve: Serve, hostile: str) -> None:
    """Another's name, a place, what is out of every range: nothing of it is journalled."""
    viewer = await serve(room, lan=True)
    await ask(viewer, "POST", "/me", LEA, status=201)
    async with viewer.ws_connect("/phone") as line:
        await line.send_str(hostile)
        frame = await line.receive(30)
        assert frame.type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
    assert said(room) == []


async def test_without_having_joined_nothing_is_measured(room: FakeHub, serve: Serve) -> None:
    """A viewer's connection is refused; one of a session that is over is known, and its measures are not taken."""
    viewer = await serve(room, lan=True)
    with pytest.raises(WSServerHandshakeError, match="409"):
        await viewer.ws_connect("/phone")
    await ask(viewer, "POST", "/me", LEA, status=201)
    room.sittings.desk.archive("s1")
    assert not (await ask(viewer, "GET", "/me"))["is_on"]
    with pytest.raises(WSServerHandshakeError, match="409"):
        await viewer.ws_connect("/phone")


async def test_the_facilitator_removes_somebody_for_good(room: FakeHub, serve: Serve) -> None:
    """The connection ends with a code of its own, the device is forgotten; a viewer cannot do it."""
    viewer = await serve(room, lan=True)
    await ask(viewer, "POST", "/me", LEA, status=201)
    room.live.apply(Batch(devices=[Device(uid="phone:p1", family="phone", name="p1")]))
    async with viewer.ws_connect("/phone") as line:
        await ask(viewer, "DELETE", "/participants/p1", status=403)
        async with viewer.delete(f"{API}/participants/p1", headers={"Authorization": f"Bearer {SECRET}"}) as response:
            assert response.status == 200
        assert (await line.receive(30)).data == GONE
    assert "phone:p1" not in room.live.devices
    assert (await ask(viewer, "GET", "/me"))["me"] is None
    async with viewer.delete(f"{API}/participants/p1", headers={"Authorization": f"Bearer {SECRET}"}) as response:
        assert response.status == 404


async def test_the_way_in_is_told_to_everybody_and_furnished_by_one(room: FakeHub, serve: Serve) -> None:
    """The likeliest address unless another was chosen; one that is gone is not; the password stays in the code."""
    facilitator, viewer = await serve(room), await serve(room, lan=True)
    told = await ask(viewer, "GET", "/joining")
    assert told["url"] == "http://192.168.1.12:8080/join"
    assert told["wifi"] is None
    assert told["report"] == codes.code("http://192.168.1.12:8080/join#report") != told["code"]
    await ask(viewer, "PATCH", "/sessions/s1", {"shows": "join"}, status=403)
    change = {"address": told["urls"][1], "wifi": {"ssid": "Salle", "password": "12345678"}, "shows": "report"}
    await ask(facilitator, "PATCH", "/sessions/s1", change)
    told = await ask(viewer, "GET", "/joining")
    assert told["url"] == "http://10.0.0.5:8080/join"
    assert told["wifi"]["ssid"] == "Salle"
    assert "12345678" not in json.dumps(told["wifi"]["ssid"])
    await ask(facilitator, "PATCH", "/sessions/s1", {"address": "http://gone/join", "wifi": None})
    told = await ask(viewer, "GET", "/joining")
    assert (told["url"], told["wifi"]) == ("http://192.168.1.12:8080/join", None)
    await ask(facilitator, "PATCH", "/sessions/s1", {"shows": "nothing"}, status=400)
    await ask(facilitator, "PATCH", "/sessions/s1", {"wifi": {"ssid": ""}}, status=400)


AUTHORITY = certificate.seen(certificate.new_authority("Matinales Hub", datetime.now(UTC)))


async def test_the_secure_page_is_offered_after_the_plain_one_and_chosen_only_by_the_facilitator(
    room: FakeHub, serve: Serve
) -> None:
    """What has to be installed first is no way in for a room; the fingerprint is there to be compared."""
    facilitator, viewer = await serve(room), await serve(room, lan=True)
    assert (await ask(viewer, "GET", "/joining"))["secure"] is None
    secure = "https://192.168.1.12:8443/"
    room.room = replace(room.room, secure=(secure,), authority=AUTHORITY, name="taken", is_vain=True)
    told = await ask(viewer, "GET", "/joining")
    assert told["url"] == "http://192.168.1.12:8080/join"
    assert told["urls"][-1] == f"{secure}join"
    assert told["secure"]["urls"] == [secure]
    assert told["secure"]["fingerprint"] == AUTHORITY.fingerprint
    assert (told["name"], told["is_vain"]) == ("taken", True)
    await ask(facilitator, "PATCH", "/sessions/s1", {"address": f"{secure}join"})
    assert (await ask(viewer, "GET", "/joining"))["url"] == f"{secure}join"


async def test_the_authority_comes_as_each_system_installs_it_and_without_its_key(hub: FakeHub, serve: Serve) -> None:
    """By its MIME type; the same profile twice is one profile; where there is no HTTPS there is nothing."""
    viewer = await serve(hub, lan=True)
    for path in ("/authority.crt", "/authority.mobileconfig"):
        async with viewer.get(path) as response:
            assert response.status == 404
    hub.room = replace(hub.room, authority=AUTHORITY)
    async with viewer.get("/authority.crt") as response:
        assert response.content_type == "application/x-x509-ca-cert"
        assert "attachment" in response.headers["Content-Disposition"]
        assert await response.read() == AUTHORITY.der
    async with viewer.get("/authority.mobileconfig") as first, viewer.get("/authority.mobileconfig") as second:
        assert first.content_type == "application/x-apple-aspen-config"
        content = await first.read()
        assert content == await second.read()
    (payload,) = plistlib.loads(content)["PayloadContent"]
    assert (payload["PayloadType"], payload["PayloadContent"]) == ("com.apple.security.root", AUTHORITY.der)
    assert hub.guests == {"127.0.0.1"}


async def test_who_is_here_is_put_right_whatever_happened(room: FakeHub) -> None:
    """A killed hub heard nobody go: who does not come back is away, and who takes part no more leaves the screens."""
    clock = Clock()
    phones = Phones(room, monotonic=clock)
    here = Availability.ONLINE
    room.live.apply(
        Batch(
            devices=[
                Device(uid=f"phone:{name}", family="phone", name=name, availability=here) for name in ("a", "old")
            ],
            room={"session": {}, "shows": "story", "people": [{"id": "a"}]},
        )
    )
    running = asyncio.create_task(phones.run())
    clock.now = 3.0
    await eventually(lambda: room.journal)
    assert [(each.topic, each.payload) for each in room.journal] == [("matinales-phone/old", b'{"gone":true}')]
    room.live.apply(Batch(forgotten=["phone:old"]))
    clock.now = 30.0
    await eventually(lambda: len(room.journal) > 1)
    running.cancel()
    assert (room.journal[1].topic, room.journal[1].payload) == ("matinales-phone/a", b'{"online":false}')
    assert room.live.devices["phone:a"].run == REAL
    assert phone.ROOT == "matinales-phone"


async def test_a_phone_gets_its_own_report_and_nobody_else_s(room: FakeHub, serve: Serve) -> None:
    """By the cookie it joined with; without one there is none."""
    phone: Client = await serve(room, lan=True)
    async with phone.get(f"{API}/me/report") as response:
        assert response.status == 404
    await ask(phone, "POST", "/me", {"agreed": True, "table": 3, "name": "Léa"}, status=201)
    async with phone.get(f"{API}/me/report?lang=fr") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert "p1" in await response.text()
    async with phone.get(f"{API}/me/report?lang=fr&show=inline") as response:
        assert response.headers["Content-Disposition"].startswith("inline")
        assert "style-src 'unsafe-inline'" in response.headers["Content-Security-Policy"]
        assert "script-src" not in response.headers["Content-Security-Policy"]
