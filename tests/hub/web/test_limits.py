"""Who asks too often waits, and nobody else does: budgets per session, participant, token, and per address before."""

import asyncio
from pathlib import Path

import pytest

from hub import tokens
from hub.config import Config
from hub.tokens import Tokens
from hub.web import limits, security
from hub.web.limits import Budget, Limiter
from hub.web.security import HEADERS, Security, network
from hub.web.sessions import Delays
from hub.workshop.session import Wish
from servers.clock import Clock
from servers.web import PIN, SECRET, Client, FakeHub, Serve

API = "/api/v1"


def test_a_budget_is_spent_at_once_and_fills_again_by_the_second() -> None:
    """Three at once, then two a second; waiting longer saves no more than three."""
    clock = Clock(100.0)
    limiter = Limiter(Budget(2, 3), monotonic=clock)
    assert [limiter.spend("a") for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]
    assert limiter.spend("b") == 0
    assert limiter.wait("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert [limiter.spend("a") > 0 for _ in range(2)] == [False, True]
    clock.now += 3600
    assert [limiter.spend("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_memory_is_bounded_and_the_one_that_asked_last_stays() -> None:
    """Ten thousand addresses are no more than a few."""
    limiter = Limiter(Budget(1, 1), most=3, monotonic=Clock(100.0))
    for who in ("a", "b", "c", "d"):
        limiter.spend(who)
    assert list(limiter._due) == ["b", "c", "d"]
    assert limiter.spend("d") > 0
    assert limiter.spend("a") == 0


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("nonsense", ""),
    ],
)
def test_whoever_has_a_whole_network_is_one(address: str | None, stands_for: str) -> None:
    """An IPv6 host has 2^64 addresses; a mapped IPv4 one is itself."""
    assert network(address) == stands_for


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make budgets of three, ten and five."""
    monkeypatch.setattr(security, "STRANGER", Budget(0.1, 3))
    monkeypatch.setattr(security, "JOINED", Budget(0.1, 10))
    monkeypatch.setattr(security, "PROGRAM", Budget(0.1, 5))


async def statuses(client: Client, count: int, method: str = "GET", path: str = f"{API}/me", **more: str) -> list[int]:
    """Return the statuses of so many requests."""
    found = []
    for _ in range(count):
        async with client.request(method, path, headers=more) as answer:
            found.append(answer.status)
    return found


@pytest.mark.usefixtures("small")
async def test_a_stranger_is_slowed_and_told_how_long(hub: FakeHub, serve: Serve) -> None:
    """429 with Retry-After, in plain words, in the headers of the house, and counted."""
    client = await serve(hub, lan=True)
    assert await statuses(client, 4) == [200, 200, 200, 429]
    async with client.get(f"{API}/me", headers={"Accept-Language": "en"}) as answer:
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
        assert "Wait" in (await answer.json(content_type=None))["remedy"]


@pytest.mark.usefixtures("small")
async def test_one_room_behind_one_address_has_a_budget_for_each_who_joined(hub: FakeHub, serve: Serve) -> None:
    """A phone that floods spends its own; the other phones and the facilitator go on."""
    hub.sittings.desk.start(Wish(title="Bakers"))
    client = await serve(hub, lan=True)
    async with client.post(f"{API}/me", json={"agreed": True}) as answer:
        first = answer.cookies["matinales-phone"].value
    client.session.cookie_jar.clear()
    async with client.post(f"{API}/me", json={"agreed": True}) as answer:
        second = answer.cookies["matinales-phone"].value
    client.session.cookie_jar.clear()
    flooding = await statuses(client, 12, Cookie=f"matinales-phone={first}")
    assert flooding == [200] * 10 + [429] * 2
    assert await statuses(client, 3, Cookie=f"matinales-phone={second}") == [200] * 3


@pytest.mark.usefixtures("small")
async def test_an_invented_cookie_buys_nothing(hub: FakeHub, serve: Serve) -> None:
    """Else each request would bring a new one."""
    client = await serve(hub, lan=True)
    found = [(await statuses(client, 1, Cookie=f"matinales-phone={n}; matinales=x{n}"))[0] for n in range(4)]
    assert found == [200, 200, 200, 429]


@pytest.mark.usefixtures("small")
async def test_a_facilitator_has_a_budget_beside_the_room_s(hub: FakeHub, serve: Serve) -> None:
    """A flood from the room's address does not reach who has logged in."""
    client = await serve(hub, lan=True)
    async with client.post(f"{API}/login", json={"pin": PIN}) as answer:
        cookie = answer.cookies["matinales"].value
    client.session.cookie_jar.clear()
    assert (await statuses(client, 5))[-1] == 429
    assert await statuses(client, 3, path=f"{API}/messages", Cookie=f"matinales={cookie}") == [200] * 3


@pytest.mark.usefixtures("small")
async def test_a_token_that_opened_once_has_a_budget_of_its_own(hub: FakeHub, serve: Serve, tmp_path: Path) -> None:
    """A gateway beside a flood goes on, and is slowed itself when it floods."""
    client = await serve(hub, lan=True, tokens=Tokens(tmp_path))
    token = await asyncio.to_thread(tokens.create, tmp_path, "oven", None)
    bearer = {"Authorization": f"Bearer {token}"}
    found = await statuses(client, 8, "POST", f"{API}/ingest/oven", **bearer)
    assert found == [200] * 6 + [429] * 2


@pytest.mark.usefixtures("small")
async def test_the_hub_s_own_programs_and_the_person_at_the_machine_are_not_counted(hub: FakeHub, serve: Serve) -> None:
    """An import sends thousands; the operator is never locked out."""
    there, here = await serve(hub, lan=True), await serve(hub)
    assert set(await statuses(there, 20, Authorization=f"Bearer {SECRET}")) == {200}
    assert set(await statuses(here, 20)) == {200}


def test_who_is_known_is_bounded() -> None:
    """The phones of many sessions do not fill the memory."""
    known = Security(Config(), demo=True, lan=True, secret=SECRET)
    for number in range(limits.MOST + 100):
        known.meet(f"phone {number}")
    assert len(known._met) == limits.MOST


def test_guesses_from_ever_other_addresses_are_slowed_too() -> None:
    """Thirty misses, then one in two seconds for all strangers; the console does not wait for them."""
    clock = Clock(100.0)
    delays = Delays(monotonic=clock)
    for number in range(30):
        assert delays.wait_of_stranger(f"192.0.2.{number}") == 0
        delays.miss(f"192.0.2.{number}")
    assert delays.wait_of_stranger("198.51.100.1") == pytest.approx(2.0)
    assert delays.wait("127.0.0.1") == 0
    clock.now += 2
    assert delays.wait_of_stranger("198.51.100.1") == 0


def test_any_number_of_misses_elsewhere_is_taken_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty spend all that strangers have together: no more are counted one by one, whatever a bucket says."""
    spent: list[str] = []
    monkeypatch.setattr(Limiter, "spend", lambda _, who: spent.append(who))
    Delays(monotonic=Clock(100.0)).follow("hash", 10_000, counts=True, more=10_000)
    assert len(spent) == 30


def test_misses_of_a_thousand_addresses_are_all_that_is_kept() -> None:
    """A stranger with a network of addresses fills no memory."""
    delays = Delays(monotonic=Clock(100.0))
    for number in range(5000):
        delays.miss(f"2001:db8::{number:x}", counts=False)
    assert len(delays._missed) == 1000
