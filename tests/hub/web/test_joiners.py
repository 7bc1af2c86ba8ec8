"""One device that joins again and again fills no room, and a room behind one address is let in."""

import pytest

from hub.web import joiners
from hub.web.joiners import IDLE, PER_ADDRESS, QUICK_S, STRAY_S, Joiners
from hub.workshop.session import Wish
from servers.clock import Clock
from servers.web import FakeHub, Serve

API = "/api/v1/me"
LEA = {"agreed": True, "table": 3, "name": "Léa"}
ROOM, OTHER = "192.168.1.9", "192.168.1.10"


@pytest.fixture
def clock() -> Clock:
    """Lend one."""
    return Clock()


@pytest.fixture
def people(clock: Clock) -> Joiners:
    """Lend a door that nobody has come through."""
    return Joiners(monotonic=clock)


def come(people: Joiners, count: int, *, here: bool, address: str = ROOM, first: int = 0) -> list[str]:
    """Let some join."""
    names = [f"{address}-{number}" for number in range(first, first + count)]
    for name in names:
        people.came(name, address)
        if here:
            people.is_here(name)
    return names


def test_five_hundred_phones_behind_one_address_are_let_in_and_stay(people: Joiners, clock: Clock) -> None:
    """Whoever opened the page's connection makes way for nobody, however long it is away."""
    come(people, 500, here=True)
    clock.now = 3_600
    assert not people.is_full(ROOM)
    assert people.strays(ROOM) == []


def test_who_joined_and_never_was_here_makes_way_the_oldest_first(people: Joiners, clock: Clock) -> None:
    """Those of the same address alone, and none that may still be on its way."""
    ghosts = come(people, IDLE + 2, here=False)
    come(people, 1, here=False, address=OTHER)
    clock.now = STRAY_S - 1
    assert people.strays(ROOM) == []
    clock.now = STRAY_S + 1
    assert people.strays(ROOM) == ghosts[:2]
    assert people.strays(OTHER) == []


def test_a_full_address_is_full_for_itself_alone_and_waits_less_long(people: Joiners, clock: Clock) -> None:
    """A living page opens its connection within two seconds."""
    come(people, PER_ADDRESS, here=False)
    assert people.is_full(ROOM)
    assert not people.is_full(OTHER)
    clock.now = QUICK_S + 1
    assert len(people.strays(ROOM)) == PER_ADDRESS - IDLE


def test_who_left_or_is_of_a_session_before_is_not_counted(people: Joiners, clock: Clock) -> None:
    """Nobody is forgotten whom the list of the room may not have yet."""
    names = come(people, 3, here=True)
    people.left(names[0])
    people.keep({names[1]}, 5.0)
    clock.now = 6.0
    people.keep({names[1]}, 5.0)
    come(people, PER_ADDRESS - 1, here=True, first=10)
    assert people.is_full(ROOM)
    people.keep(set(), 5.0)
    people.left(names[1])
    assert not people.is_full(ROOM)


async def test_a_device_without_its_cookie_joins_as_often_as_it_likes_and_takes_one_place(
    hub: FakeHub, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its places before it are given away; with its cookie it is who it was, and who is here stays."""
    monkeypatch.setattr(joiners, "IDLE", 0)
    monkeypatch.setattr(joiners, "STRAY_S", -1.0)
    hub.sittings.desk.start(Wish(title="Bakers"))
    viewer = await serve(hub, lan=True)
    assert (await viewer.post(API, json=LEA)).status == 201
    async with viewer.ws_connect("/phone"):
        for _ in range(5):
            viewer.session.cookie_jar.clear()
            assert (await viewer.post(API, json=LEA)).status == 201
        assert (await viewer.post(API, json=LEA | {"table": 4})).status == 201
        assert [(each["id"], each["table"]) for each in hub.sittings.people.told()] == [("p1", 3), ("p6", 4)]


async def test_a_full_address_is_refused_in_words_and_who_is_known_there_is_not(
    hub: FakeHub, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone that changes its table is nobody new."""
    monkeypatch.setattr(joiners, "PER_ADDRESS", 1)
    hub.sittings.desk.start(Wish(title="Bakers"))
    viewer = await serve(hub, lan=True)
    assert (await viewer.post(API, json=LEA)).status == 201
    assert (await viewer.post(API, json=LEA | {"table": 4})).status == 201
    viewer.session.cookie_jar.clear()
    async with viewer.post(API, json=LEA, headers={"Accept-Language": "en"}) as refused:
        assert refused.status == 400
        assert "from this address" in (await refused.json(content_type=None))["detail"]
