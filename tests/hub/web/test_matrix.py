"""Every address of the application × everybody who may ask: the whole table, made from the application itself."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub import tokens
from hub.tables import Wanted
from hub.tokens import Tokens
from hub.web.app import make_app
from hub.web.routes import ROUTES
from hub.web.security import Role, Security
from hub.workshop.session import Wish
from servers.web import PIN, SECRET, Client, FakeHub, Serve

API = "/api/v1"
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
Address = tuple[str, str]
MAY = {(each.method, each.path.replace("{file:.+}", "{file}")): each.role for each in ROUTES}


def real() -> set[Address]:
    """Return what the application really answers to."""
    hub = FakeHub()
    app = make_app(hub, Security(hub.config, demo=True, lan=False, secret=SECRET), Path("no-page-here"))
    return {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


EVERY = real()
LAST = {("DELETE", f"{API}/me"), ("POST", f"{API}/logout")}
"""After them one is somebody else."""


def due(role: Role, *also: Role) -> set[Address]:
    """Return what somebody of this role is refused: what needs more, and is not among `also`."""
    return {address for address in EVERY if MAY.get(address, Role.HUB) > role and MAY.get(address) not in also}


class Room:
    """A hub that is open to the room, and what each who asks holds."""

    def __init__(self, client: Client, headers: Mapping[str, str], seat: str = "1") -> None:
        """Name them; `seat`: the table asked for."""
        self.client = client
        self.headers = headers
        self.seat = seat

    async def refused(self, query: str = "") -> set[Address]:
        """Return what answers that it is not allowed; a WebSocket is asked for where one is answered."""
        found = set()
        for method, path in sorted(EVERY, key=lambda address: (address in LAST, address)):
            asked = path.replace("{table}", self.seat).replace("{", "").replace("}", "")
            upgrade = UPGRADE if path in {"/live", "/phone"} or path.endswith("/control") else {}
            self.client.session.cookie_jar.clear()
            headers = {**self.headers, **upgrade}
            async with self.client.request(method, asked + query, headers=headers) as answer:
                if answer.status == 403 and "urn:matinales:role" in await answer.text():
                    found.add((method, path))  # else something other than the role is missing: a PIN, having joined
        return found


@pytest.fixture
async def outside(hub: FakeHub, serve: Serve, tmp_path: Path) -> Client:
    """Lend a client of a hub in a room with a session, where the tables may act."""
    hub.sittings.desk.start(Wish(title="Bakers"))
    client: Client = await serve(hub, lan=True, tokens=Tokens(tmp_path))
    hub.tables.want(Wanted((1, 2), may_act=True))
    return client


async def joined(client: Client, table: int) -> dict[str, str]:
    """Let a phone join, and return the header that it holds."""
    async with client.post(f"{API}/me", json={"agreed": True, "table": table}) as answer:
        cookie = answer.cookies["matinales-phone"].value
    client.session.cookie_jar.clear()
    return {"Cookie": f"matinales-phone={cookie}"}


def test_the_table_has_every_address_and_nothing_else() -> None:
    """A new one without a rule is missing here, and closed."""
    assert set(MAY) == EVERY
    assert {"/live", "/phone", "/{file}", "/", f"{API}/ingest/{{source}}"} <= {path for _, path in EVERY}


async def test_a_stranger(outside: Client) -> None:
    """Looks, joins, logs in."""
    assert await Room(outside, {}).refused() == due(Role.VIEWER)


@pytest.mark.parametrize("header", ["Bearer guess", "Basic cGFzcw=="])
async def test_a_stranger_with_a_guessed_token(outside: Client, header: str) -> None:
    """Is a stranger."""
    found = await Room(outside, {"Authorization": header, "Cookie": "matinales=guess; matinales-phone=guess"}).refused()
    assert found == due(Role.VIEWER)


async def test_a_participant_at_the_table(outside: Client) -> None:
    """May act there, and nowhere else; at another table they are a viewer."""
    here, there = await joined(outside, 1), await joined(outside, 2)
    assert await Room(outside, here).refused() == due(Role.PARTICIPANT)
    assert await Room(outside, there).refused() == due(Role.VIEWER)


async def test_a_participant_who_was_removed(outside: Client, hub: FakeHub) -> None:
    """Holds a cookie that opens nothing any more, sockets included."""
    headers = await joined(outside, 1)
    person = hub.sittings.people.of(hub.sittings.desk.current().id)[0]  # type: ignore[union-attr]
    admin = {"Authorization": f"Bearer {SECRET}"}
    async with outside.delete(f"{API}/participants/{person.id}", headers=admin) as answer:
        assert answer.status == 200
    assert await Room(outside, headers).refused() == due(Role.VIEWER)


@pytest.mark.parametrize("place", ["header", "address"])
async def test_an_integrator(outside: Client, tmp_path: Path, place: str) -> None:
    """Sends as its own source, and is a viewer everywhere else, wherever it writes its token."""
    token = await asyncio.to_thread(tokens.create, tmp_path, "oven", "source")
    headers = {"Authorization": f"Bearer {token}"} if place == "header" else {}
    found = await Room(outside, headers).refused("" if place == "header" else f"?token={token}")
    assert found == due(Role.VIEWER, Role.INTEGRATOR)


async def test_a_facilitator(outside: Client) -> None:
    """All but what is between the hub's own processes."""
    async with outside.post(f"{API}/login", json={"pin": PIN}) as answer:
        cookie = answer.cookies["matinales"].value
    assert await Room(outside, {"Cookie": f"matinales={cookie}"}).refused() == due(Role.FACILITATOR)


async def test_the_hub_itself(outside: Client) -> None:
    """Everything."""
    assert await Room(outside, {"Authorization": f"Bearer {SECRET}"}).refused() == set()
