"""Tables that play by themselves: each sees its own, the room sees them side by side."""

from functools import cache

import pytest
from msgspec.structs import replace

from hub.errors import NotFoundError
from hub.live import Batch, Live
from hub.model import NS, REAL, Alarm, Device, Quality, Reading, Run, TimeSource
from hub.rules.case import Seen, View
from hub.tables import AtTable, Tables, Wanted, headline, parted, worst
from hub.usecases import find
from hub.usecases.schema import UseCase

WALL = 1_800_000_000 * NS
ROOM = "cold-room-20270115t080000z-0000"
PROBE = "tasmota:coldroom-sim-probe"


def run_of(table: int) -> str:
    """Return the id of a table's run."""
    return f"cold-room-20270115t080000z-00{table:02}" if table else ROOM


def device_of(table: int) -> str:
    """Return the uid of a table's probe."""
    return f"{PROBE}-t{table}" if table else PROBE


def said(table: int, value: float = 3.0) -> Batch:
    """Return what a step commits of a table (0: of the room): its run, its probe, a value."""
    run = Run(
        id=run_of(table),
        scenario="cold_room",
        seed=7,
        speed=1.0,
        state="running",
        wall=WALL,
        simulated=WALL,
        table=table,
    )
    device = Device(uid=device_of(table), family="tasmota", name="probe", run=run.id, seen=WALL)
    time = TimeSource.DEVICE
    reading = Reading(device.uid, "air", "°C", value, WALL, WALL, time, Quality.GOOD, run.id, 0)
    return Batch(runs=[run], devices=[device], readings=[reading])


def alarm_of(table: int, *, minute: int = 0, **changed: object) -> Alarm:
    """Return an alarm of a table's cold room."""
    at = WALL + minute * 60 * NS
    alarm = Alarm(
        id=f"cold_room.air_high-{run_of(table)}-{at // 1_000_000}",
        usecase="cold_room",
        rule="air_high",
        measure="air",
        device=device_of(table),
        run=run_of(table),
        priority="medium",
        raised_at=at,
        texts={"fr": "Trop chaud.", "en": "Too warm."},
    )
    return replace(alarm, **changed)


def joined(*batches: Batch) -> Batch:
    """Return several batches as one step commits them."""
    return Batch(
        runs=[run for one in batches for run in one.runs],
        devices=[device for one in batches for device in one.devices],
        readings=[reading for one in batches for reading in one.readings],
    )


@cache
def cold_room() -> UseCase:
    """Return the use case."""
    return find("cold_room")


@pytest.fixture
def room() -> Live:
    """Lend the room's live state."""
    return Live(wall=lambda: WALL)


@pytest.fixture
def tables(room: Live) -> Tables:
    """Lend the tables of a room, of which none plays yet."""
    cases = {"cold_room": cold_room()}
    return Tables(cases, room, lambda table: Live(wall=lambda: WALL, table=table), "UTC", Wanted())


def value(live: Live, table: int) -> float | None:
    """Return what a live state shows of a table's probe."""
    channel = live.channel(device_of(table), "air")
    return None if channel is None or channel.reading is None else channel.reading.value


def knows(air: float | None, table: int = 1) -> AtTable:
    """Return what a table knows, once its air has a value."""
    seen = Seen(value=air, time=WALL, good=air, good_time=WALL, believed=air is not None)
    view = View(
        usecase="cold_room",
        run=run_of(table),
        now=WALL,
        start=WALL,
        devices={"probe": device_of(table)},
        measures=dict.fromkeys(cold_room().measures, seen),
        since={},
        quantities={},
        masked={},
        alarms=(),
    )
    return AtTable(usecase="cold_room", view=view, sentence={"code": "good"}, computed={})


def test_each_table_sees_its_own_devices_and_the_room_those_of_nobody(tables: Tables, room: Live) -> None:
    """In one step of the hub."""
    tables.apply(joined(said(0, 3.0), said(1, 4.0), said(2, 5.0)))
    lives = [room, tables.of(1).live, tables.of(2).live]
    assert [[*live.devices] for live in lives] == [[device_of(0)], [device_of(1)], [device_of(2)]]
    assert [value(live, table) for table, live in enumerate(lives)] == [3.0, 4.0, 5.0]
    assert [[*live.run_views()] for live in lives] == [[REAL, run_of(table)] for table in range(3)]


def test_an_alarm_of_a_table_is_shown_there_alone_with_its_number(tables: Tables, room: Live) -> None:
    """The room's siren does not ring for it; acknowledged, it is so at that table."""
    tables.apply(joined(said(0), said(1), said(2)))
    tables.apply(Batch(alarms=[alarm_of(1)]))
    assert (room.alarms, tables.of(2).live.alarms) == ({}, {})
    (shown,) = tables.of(1).live.alarm_views()
    assert (shown["table"], shown["device"]) == (1, device_of(1))
    tables.apply(Batch(alarms=[alarm_of(1, acknowledged_at=WALL)]))
    assert tables.of(1).live.alarm_views()[0]["state"] == "acknowledged"
    assert room.alarm_view(alarm_of(0))["table"] is None


def test_a_step_that_says_nothing_of_a_table_is_handed_on_as_it_is() -> None:
    """In a room without tables nothing is looked through, nor copied."""
    batch = said(0)
    assert parted(batch, lambda _run: 0, {}) == {0: batch}
    assert parted(batch, lambda _run: 0, {})[0] is batch


def test_what_is_forgotten_goes_from_every_table(tables: Tables) -> None:
    """A device is erased by its name, whoever showed it."""
    tables.apply(joined(said(0), said(1)))
    tables.apply(Batch(forgotten=[device_of(1)]))
    assert [*tables.of(1).live.devices] == []


def test_a_device_is_found_wherever_it_is_shown(tables: Tables, room: Live) -> None:
    """One that nobody shows is looked for in the room."""
    tables.apply(joined(said(0), said(1)))
    assert tables.having(device_of(1)) is tables.of(1).live
    assert tables.having(device_of(0)) is room
    assert tables.having("acme:unknown") is room


def test_what_belongs_to_nobody_reaches_every_screen(tables: Tables, room: Live) -> None:
    """A vote, the session; and a table that comes later knows them too."""
    tables.of(1)
    tables.everywhere(Batch(vote={"id": "v"}, room={"session": None, "shows": "join", "people": []}))
    lives = [room, tables.of(1).live, tables.of(2).live]
    assert [(live.vote, live.room["shows"]) for live in lives] == [({"id": "v"}, "join")] * 3


@pytest.mark.parametrize("number", [0, -1, 100])
def test_there_is_no_such_table(tables: Tables, number: int) -> None:
    """The numbers are those that people type as they join."""
    with pytest.raises(NotFoundError, match="from 1 to 99"):
        tables.of(number)


def test_the_room_sees_the_tables_that_are_wanted_side_by_side(tables: Tables, room: Live) -> None:
    """First they prepare; then each has a value, its alarm, its euros; a table knows itself alone."""
    tables.want(Wanted((1, 2), may_act=True))
    assert [(each["table"], each["state"], each["value"]) for each in room.tables["all"]] == [
        (1, "preparing", None),
        (2, "preparing", None),
    ]
    tables.apply(joined(said(1), said(2)))
    tables.show(1, {"usecase": "cold_room", "run": run_of(1), "state": "running"})
    tables.take({1: knows(3.4)})
    tables.value(1, {"value": 240.0})
    tables.apply(Batch(alarms=[alarm_of(1)]))
    first, second = room.tables["all"]
    assert (first["state"], first["value"]["value"], first["alarm"]["count"], first["worth"]) == (
        "running",
        3.4,
        1,
        {"value": 240.0},
    )
    assert second["state"] == "preparing"
    assert [each["table"] for each in tables.of(2).live.tables["all"]] == [2]
    assert tables.of(1).live.tables["may_act"] is True


def test_a_table_whose_simulator_has_gone_says_so(tables: Tables, room: Live) -> None:
    """It is not shown as if it still played, nor with the run before."""
    tables.want(Wanted((1,)))
    tables.apply(said(1))
    tables.show(1, {"usecase": "cold_room", "run": run_of(1), "state": "running"})
    tables.take({1: knows(3.4)})
    tables.show(1, None)
    assert room.tables["all"][0]["state"] == "away"
    tables.show(1, {"usecase": "cold_room", "run": "cold-room-20270115t090000z-0001", "state": "running"})
    assert room.tables["all"][0]["value"]["value"] is None


def test_a_table_that_is_not_wanted_any_more_is_compared_no_more(tables: Tables, room: Live) -> None:
    """What it saw stays its own."""
    tables.want(Wanted((1, 2)))
    tables.want(Wanted((2,)))
    assert [each["table"] for each in room.tables["all"]] == [2]


def test_the_headline_is_the_first_large_value_of_the_story() -> None:
    """With its unit; unknown where nothing was heard."""
    told = headline(cold_room(), None)
    assert told is not None
    assert (told["measure"], told["unit"], told["value"], told["believed"]) == ("air", "°C", None, False)


def test_the_worst_alarm_is_the_one_that_nobody_has_seen() -> None:
    """Then the more urgent one, then the newest; one that is over, or set aside, does not count."""
    seen = alarm_of(1, minute=1, acknowledged_at=WALL, priority="critical", id="seen")
    old, new = alarm_of(1, minute=2, id="old"), alarm_of(1, minute=3, id="new")
    over = alarm_of(1, returned_at=WALL, acknowledged_at=WALL, id="over")
    aside = alarm_of(1, shelved_until=WALL + NS, priority="critical", id="aside")
    found = worst([seen, old, new, over, aside])
    assert found is not None
    assert (found["id"], found["count"]) == ("new", 3)
    assert worst([over, aside]) is None
