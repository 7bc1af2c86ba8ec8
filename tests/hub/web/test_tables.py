"""The tables over HTTP: who is to play, what a runner is asked, what who sits at one may do there and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import structs

from hub.live import Batch
from hub.model import Alarm, Run
from hub.tables import Wanted
from hub.workshop.session import Span, Wish
from hub.workshop.veil import Veil
from servers.web import SECRET, WALL, Client, FakeHub, Serve, eventually

API = "/api/v1"
STORY = "cold-room-20270115t0730-abcd"
BEARER = {"Authorization": f"Bearer {SECRET}"}
DOOR = {"name": "door_open", "title": {"fr": "Porte ouverte", "en": "Door open"}, "active": False}


def own(table: int) -> str:
    """Return the run of a table."""
    return f"cold-room-20270115t0731-00{table:02}"


def state(table: int = 0) -> dict[str, Any]:
    """Return what a runner says of itself."""
    return {
        "usecase": "cold_room",
        "run": own(table) if table else STORY,
        "time": "2027-01-15T07:30:00Z",
        "speed": 1.0,
        "seed": 7,
        "faults": [DOOR],
        "table": table,
        "tables": [],
    }


@asynccontextmanager
async def runner(client: Client, table: int = 0, *, obeys: bool = True) -> AsyncIterator[list[dict[str, Any]]]:
    """Connect the runner of a table (0: of the story), as device_sims does; give the commands that it heard."""
    heard: list[dict[str, Any]] = []
    now = state(table)

    async def work(socket: Any) -> None:  # noqa: ANN401 — aiohttp's
        async for frame in socket:
            command = frame.json()
            heard.append(command)
            if obeys and command["do"] == "tables":
                now["tables"] = command["tables"]
            if obeys and command["do"] == "fault":
                now["faults"] = [DOOR | {"active": command["active"]}]
            await socket.send_json({"id": command["id"], "ok": obeys, "reason": None if obeys else "too old for that"})
            await socket.send_json({"state": now})

    query = f"?table={table}" if table else ""
    async with client.ws_connect(f"{API}/runs/{now['run']}/control{query}", headers=BEARER) as socket:
        await socket.send_json({"state": now})
        task = asyncio.create_task(work(socket))
        try:
            async with asyncio.timeout(30):
                while (await ask(client, "GET", f"/scenarios/{now['run']}"))[0] != 200:  # noqa: ASYNC110 — no event says so
                    await asyncio.sleep(0.01)
            yield heard
        finally:
            task.cancel()


async def ask(client: Client, method: str, path: str, **more: Any) -> tuple[int, Any]:  # noqa: ANN401 — JSON
    """Return status and JSON of an answer."""
    async with client.request(method, API + path, **more) as response:
        return response.status, await response.json(content_type=None)


@pytest.fixture
async def phone(hub: FakeHub, serve: Serve) -> Client:
    """Lend the phone of somebody at table 3 of a workshop."""
    hub.sittings.desk.start(Wish(title="Bakers"))
    client: Client = await serve(hub, lan=True)
    assert (await ask(client, "POST", "/me", json={"agreed": True, "table": 3}))[0] == 201
    return client


def alarm_of(hub: FakeHub, table: int) -> str:
    """Let an alarm ring at a table (0: in the room); return its id."""
    run = own(table) if table else STORY
    alarm = Alarm(
        id=f"cold_room.air_high-{run}-1",
        usecase="cold_room",
        rule="air_high",
        measure="air",
        device="a:b",
        run=run,
        priority="high",
        raised_at=WALL,
        texts={"fr": "Trop chaud.", "en": "Too warm."},
    )
    hub.known_alarms[alarm.id] = alarm
    known = Run(id=run, scenario="cold_room", seed=7, speed=1, state="running", wall=WALL, simulated=WALL, table=table)
    hub.tables.apply(Batch(runs=[known], alarms=[alarm]))
    # the room knows all runs: it is told of them beside the tables
    hub.live.apply(Batch(runs=[known]))
    return alarm.id


async def test_one_action_gives_each_table_its_own_simulator(client: Client, hub: FakeHub) -> None:
    """The answer comes at once; the story's runner is asked for just these."""
    async with runner(client) as heard:
        status, told = await ask(client, "PUT", "/tables", json={"count": 3})
        await eventually(lambda: heard)
    assert status == 200
    assert [(each["table"], each["state"]) for each in told["tables"]] == [
        (1, "preparing"),
        (2, "preparing"),
        (3, "preparing"),
    ]
    assert (heard[0]["do"], heard[0]["tables"]) == ("tables", [1, 2, 3])
    assert hub.tables.wanted.tables == (1, 2, 3)


async def test_one_action_takes_them_back_and_what_is_not_named_stays(client: Client, hub: FakeHub) -> None:
    """`may_act` alone changes nobody's simulator."""
    await ask(client, "PUT", "/tables", json={"tables": [5, 2, 5], "may_act": True})
    assert hub.tables.wanted == Wanted((2, 5), may_act=True)
    await ask(client, "PUT", "/tables", json={"may_act": False})
    assert hub.tables.wanted == Wanted((2, 5))
    await ask(client, "PUT", "/tables", json={"tables": []})
    assert hub.tables.wanted == Wanted()


@pytest.mark.parametrize(
    "wish",
    [{"count": 13}, {"count": -1}, {"tables": [0]}, {"tables": [100]}, {"count": 1, "tables": [1]}, {"other": 1}],
)
async def test_an_impossible_wish_is_refused(client: Client, hub: FakeHub, wish: dict[str, Any]) -> None:
    """And nothing is changed by it."""
    assert (await ask(client, "PUT", "/tables", json=wish))[0] == 400
    assert hub.tables.wanted == Wanted()


async def test_a_runner_that_comes_later_is_asked_too(client: Client, hub: FakeHub) -> None:
    """After a crash of the simulators, another story, a reset: what is wanted stays wanted."""
    hub.tables.want(Wanted((1, 2)))
    async with runner(client) as heard:
        await eventually(lambda: heard)
    assert heard[0]["tables"] == [1, 2]


async def test_a_runner_that_refuses_is_asked_once(client: Client, hub: FakeHub) -> None:
    """One of another version, say: the hub does not ask it each second."""
    hub.tables.want(Wanted((1, 2)))
    async with runner(client, obeys=False) as heard:
        await eventually(lambda: heard)
        await asyncio.sleep(1.2)
    assert len(heard) == 1


async def test_a_tables_runner_is_never_the_story(client: Client, hub: FakeHub) -> None:
    """The newest to come, it is not on the projector: its state is its table's."""
    async with runner(client), runner(client, table=3):
        assert (await ask(client, "GET", "/scenario"))[1]["run"] == STORY
        assert (await ask(client, "GET", "/tables/3/scenario"))[1]["run"] == own(3)
        shown = hub.tables.of(3).live.scenario
        assert (hub.live.scenario or {})["run"] == STORY
        assert (shown or {})["run"] == own(3)
    await eventually(lambda: hub.tables.of(3).live.scenario is None)


async def test_a_fault_of_a_table_is_its_own_runners(client: Client) -> None:
    """The story and the other tables hear nothing of it."""
    async with runner(client) as story, runner(client, 3) as third, runner(client, 4) as fourth:
        status, now = await ask(client, "PUT", "/tables/3/faults/door_open", json={"active": True})
    assert (status, now["run"], now["faults"][0]["active"]) == (200, own(3), True)
    assert ([each["do"] for each in third], story, fourth) == (["fault"], [], [])


async def test_a_phone_acts_at_its_own_table_alone_and_only_if_the_facilitator_lets_it(
    phone: Client, hub: FakeHub
) -> None:
    """Checked on the server: 403 for a table that is not its own, and for all of them until it is allowed."""
    hub.tables.want(Wanted((3, 4)))
    fault, door = "/faults/door_open", {"active": True}
    async with runner(phone, 3) as third, runner(phone, 4) as fourth:
        assert (await ask(phone, "PUT", f"/tables/3{fault}", json=door))[0] == 403
        hub.tables.want(Wanted((3, 4), may_act=True))
        assert (await ask(phone, "PUT", f"/tables/3{fault}", json=door))[0] == 200
        assert (await ask(phone, "PUT", f"/tables/4{fault}", json=door))[0] == 403
        assert (await ask(phone, "PUT", "/scenario/faults/door_open", json=door))[0] == 403
        assert (await ask(phone, "PUT", f"/scenarios/{own(3)}{fault}", json=door))[0] == 403
    assert (len(third), len(fourth)) == (1, 0)


async def test_a_viewer_who_has_not_joined_acts_at_no_table(hub: FakeHub, serve: Serve) -> None:
    """Nor does one who made a table number up."""
    hub.tables.want(Wanted((3,), may_act=True))
    client = await serve(hub, lan=True)
    async with runner(client, 3) as heard:
        status, told = await ask(client, "PUT", "/tables/3/faults/door_open", json={"active": True})
    assert (status, heard) == (403, [])
    assert "/join" in str(told)


async def test_a_phone_of_a_session_that_is_over_acts_no_more(phone: Client, hub: FakeHub) -> None:
    """Its cookie is still there; its seat is not."""
    hub.tables.want(Wanted((3,), may_act=True))
    session = hub.sittings.desk.current()
    assert session is not None
    hub.sittings.desk.archive(session.id)
    hub.sittings.desk.start(Wish(title="Others"))
    async with runner(phone, 3) as heard:
        assert (await ask(phone, "PUT", "/tables/3/faults/door_open", json={"active": True}))[0] == 403
    assert heard == []


async def test_a_foreign_page_cannot_use_a_phones_seat(phone: Client, hub: FakeHub) -> None:
    """The origin is looked at before the seat."""
    hub.tables.want(Wanted((3,), may_act=True))
    evil = {"Origin": "http://evil.example"}
    assert (await ask(phone, "PUT", "/tables/3/faults/door_open", json={"active": True}, headers=evil))[0] == 403


async def test_a_table_acknowledges_its_own_alarm_and_no_other(phone: Client, hub: FakeHub) -> None:
    """By its number; an alarm of another table, or of the room, is none that this address knows."""
    hub.tables.want(Wanted((3, 4), may_act=True))
    mine, theirs, rooms = (alarm_of(hub, table) for table in (3, 4, 0))
    status, alarm = await ask(phone, "POST", f"/tables/3/alarms/{mine}/acknowledge")
    assert (status, alarm["acknowledged_by"], alarm["table"]) == (200, "table 3", 3)
    for each in (theirs, rooms):
        assert (await ask(phone, "POST", f"/tables/3/alarms/{each}/acknowledge"))[0] == 404
    assert [hub.known_alarms[each].acknowledged_by for each in (theirs, rooms)] == [None, None]


async def test_what_an_earlier_workshop_wrote_is_not_told_to_who_acknowledges_once_more(
    phone: Client, hub: FakeHub
) -> None:
    """The first acknowledgement stays, and so does its veil."""
    hub.tables.want(Wanted((3,), may_act=True))
    mine = alarm_of(hub, 3)
    hub.known_alarms[mine] = structs.replace(
        hub.known_alarms[mine], acknowledged_at=WALL - 1, acknowledged_by="Sidonie", comment="I close the door"
    )
    hub.live.veil = Veil(["s0"], [Span(own(3), 0, WALL - 1)])
    status, told = await ask(phone, "POST", f"/tables/3/alarms/{mine}/acknowledge", json={"comment": "me too"})
    assert (status, told["acknowledged_by"], told["comment"]) == (200, None, None)
    assert hub.known_alarms[mine].comment == "I close the door"


async def test_alarms_are_listed_by_their_table(client: Client, hub: FakeHub) -> None:
    """All of them bear it; `table=3` gives those of table 3, `table=0` those of the room."""
    mine, theirs, rooms = (alarm_of(hub, table) for table in (3, 4, 0))
    listed = (await ask(client, "GET", "/alarms"))[1]["alarms"]
    assert {each["id"]: each["table"] for each in listed} == {mine: 3, theirs: 4, rooms: None}
    for table, alarm in ((3, mine), (0, rooms)):
        assert [each["id"] for each in (await ask(client, "GET", f"/alarms?table={table}"))[1]["alarms"]] == [alarm]


async def test_a_table_without_a_simulator_says_how_it_gets_one(client: Client) -> None:
    """404, with the remedy."""
    status, told = await ask(client, "PUT", "/tables/7/faults/door_open", json={"active": True})
    assert status == 404
    assert "matinales tables" in str(told)


@pytest.mark.parametrize("table", ["0", "100", "x", "-1", "3.0", "٣"])
async def test_a_number_that_is_no_tables_is_refused(client: Client, table: str) -> None:
    """In an address, and in a question."""
    assert (await ask(client, "GET", f"/tables/{table}/scenario"))[0] == 404
    if table != "0":
        assert (await ask(client, "GET", "/devices", params={"table": table}))[0] == 400


async def test_a_table_has_a_live_page_of_its_own(client: Client, hub: FakeHub) -> None:
    """The same frames, of its own devices; the room's says nothing of them."""
    alarm = alarm_of(hub, 3)
    seen = {}
    for path in ("/live", "/live?table=3"):
        async with client.ws_connect(path) as socket:
            seen[path] = [each["id"] for each in (await socket.receive_json())["alarms"]]
    assert seen == {"/live": [], "/live?table=3": [alarm]}
