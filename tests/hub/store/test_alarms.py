"""The alarm journal (hub/store/alarms.py)."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.errors import UsageError
from hub.model import NS, Alarm, AlarmState
from hub.store.alarms import AlarmStore, Asked, Step, transitions
from hub.store.export import ALARM_COLUMNS, MARK, alarm_lines, alarm_pages
from hub.store.file import StoreFile

STATES = [*AlarmState]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StoreFile]:
    """Lend a fresh store."""
    with closing(StoreFile(tmp_path / "store.db")) as made:
        yield made


@pytest.fixture
def store(file: StoreFile) -> AlarmStore:
    """Return its alarms."""
    return AlarmStore(file.db)


def alarm(rule: str = "air_high", at: int = 1, **more: object) -> Alarm:
    """Return an alarm raised at a second."""
    plain = Alarm(
        id=f"cold_room.{rule}-real-{at}000",
        usecase="cold_room",
        rule=rule,
        measure="air",
        device="acme:a7",
        run="real",
        priority="medium",
        raised_at=at * NS,
        texts={"fr": "L'air est trop tiède", "en": "The air is too warm"},
        params={"air": 7.5, "door": None, "unit": "°C"},
    )
    return replace(plain, **more)


def acknowledged(one: Alarm, at: int = 2) -> Alarm:
    """Return it acknowledged by Léa."""
    return replace(one, acknowledged_at=at * NS, acknowledged_by="Léa", comment="porte fermée")


def found(store: AlarmStore, **asked: object) -> list[str]:
    """Return the rules of the alarms that are wanted."""
    return [each.rule for each in store.find(Asked(**asked)).alarms]  # type: ignore[arg-type]


def test_a_fresh_store_has_none(store: AlarmStore) -> None:
    """Nor open ones."""
    assert (store.newest(10), store.open(), store.alarm("a")) == ([], [], None)


def test_an_alarm_raised_twice_is_one(store: AlarmStore) -> None:
    """And what people did to it stays done."""
    one = alarm()
    store.put([one])
    store.put([acknowledged(one)])
    store.put([one])
    assert store.newest(10) == [acknowledged(one)]
    over = replace(acknowledged(one), returned_at=3 * NS)
    store.put([over])
    store.put([acknowledged(one)])
    assert store.alarm(one.id) == over


def test_alarms_come_newest_first_and_open_ones_apart(store: AlarmStore) -> None:
    """All states are listed; what is over is not open."""
    old, new = alarm(), alarm("air_low", 5)
    over = replace(acknowledged(alarm("door", 3), 4), returned_at=4 * NS)
    store.put([old, over, new])
    assert store.newest(10) == [new, over, old]
    assert store.newest(1) == [new]
    assert store.open() == [new, old]


def test_every_step_of_an_alarm_is_kept_once(store: AlarmStore) -> None:
    """Raised, set aside by somebody until then, back by itself, acknowledged with a comment, returned."""
    one = alarm()
    aside = replace(one, shelved_until=60 * NS, shelved_at=5 * NS, shelved_by="Marie")
    back = replace(aside, shelved_until=None, unshelved_at=60 * NS)
    seen = acknowledged(back, 61)
    over = replace(seen, returned_at=70 * NS)
    for each in (one, one, aside, aside, back, seen, over, over):
        store.put([each])
    told = [(each.step, each.at // NS, each.by, each.comment) for each in store.transitions(over)]
    assert told == [
        (Step.RAISED, 1, None, None),
        (Step.SHELVED, 5, "Marie", None),
        (Step.UNSHELVED, 60, None, None),
        (Step.ACKNOWLEDGED, 61, "Léa", "porte fermée"),
        (Step.RETURNED, 70, None, None),
    ]
    assert store.transitions(over)[1].until == 60 * NS


def test_what_is_put_tells_only_what_is_new(store: AlarmStore) -> None:
    """Who notifies hears of each step once, whatever is stored again."""
    one = alarm()
    assert [step.step for _, step in store.put([one])] == [Step.RAISED]
    assert store.put([one]) == []
    over = replace(one, returned_at=9 * NS)
    assert [(each, step.step) for each, step in store.put([over])] == [(over, Step.RETURNED)]


def test_an_alarm_of_an_older_store_still_tells_its_steps(file: StoreFile, store: AlarmStore) -> None:
    """From what the alarm itself says."""
    over = replace(acknowledged(alarm()), returned_at=7 * NS)
    store.put([over])
    file.db.execute("DELETE FROM alarm_step")
    assert [each.step for each in store.transitions(over)] == [Step.RAISED, Step.ACKNOWLEDGED, Step.RETURNED]


def test_an_alarm_is_raised_set_aside_where_its_rule_is() -> None:
    """Two steps at one moment."""
    steps = transitions(None, alarm(shelved_until=9 * NS))
    assert [(each.step, each.at, each.until) for each in steps] == [
        (Step.RAISED, NS, None),
        (Step.SHELVED, NS, 9 * NS),
    ]


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        ({}, ["c", "b", "a"]),
        ({"usecase": "silo"}, ["b"]),
        ({"usecase": "moon"}, []),
        ({"rule": "a"}, ["a"]),
        ({"run": "r-1"}, ["c"]),
        ({"states": frozenset({AlarmState.ACKNOWLEDGED})}, ["b"]),
        ({"states": frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})}, ["c", "b", "a"]),
        ({"priorities": frozenset({"critical"})}, ["c"]),
        ({"devices": frozenset({"acme:b8", "acme:c9"})}, ["c"]),
        ({"within": lambda each: 2 * NS <= each.raised_at < 3 * NS}, ["b"]),
        ({"words": "tiede AIR"}, ["c", "b", "a"]),
        ({"words": "warm"}, ["c", "b", "a"]),
        ({"words": "porte lea"}, ["b"]),
        ({"words": "b8 air"}, ["c"]),
        ({"words": "100%_"}, []),
    ],
)
def test_alarms_are_chosen(store: AlarmStore, asked: dict[str, object], rules: list[str]) -> None:
    """By use case, rule, run, state, priority, device, time, and words in any language, accents or not."""
    second = acknowledged(alarm("b", 2, usecase="silo"))
    store.put([alarm("a", 1), second, alarm("c", 3, run="r-1", priority="critical", device="acme:b8")])
    assert found(store, **asked) == rules


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    times=st.lists(st.integers(1, 4), min_size=1, max_size=12),
    limit=st.integers(1, 5),
    is_wanted=st.sampled_from([lambda _: True, lambda each: each.raised_at > 2 * NS, lambda _: False]),
)
def test_pages_give_every_alarm_once_in_order(
    file: StoreFile, times: list[int], limit: int, is_wanted: Callable[[Alarm], bool]
) -> None:
    """Whatever their times and the length of a page: nothing twice, nothing left out."""
    file.db.execute("DELETE FROM alarm")
    store = AlarmStore(file.db)
    store.put(alarm(f"r{at}", time) for at, time in enumerate(times))
    paged = list(alarm_pages(store.find, Asked(limit=limit, within=is_wanted)))
    assert paged == [each for each in store.newest(100) if is_wanted(each)]


@pytest.mark.parametrize("cursor", ["x", "1-", "-", "1-x", "1"])
def test_what_is_no_cursor_is_refused(store: AlarmStore, cursor: str) -> None:
    """By name."""
    with pytest.raises(UsageError, match="is no cursor of alarms"):
        store.find(Asked(after=cursor))


def test_forgetting_a_device_takes_its_alarms_and_their_steps(file: StoreFile, store: AlarmStore) -> None:
    """Others stay whole."""
    store.put([alarm("a"), alarm("b", device="acme:b8")])
    store.forget(["acme:a7"])
    assert [each.rule for each in store.newest(10)] == ["b"]
    assert file.db.execute("SELECT count(*) FROM alarm_step").get == 1


def test_alarms_become_lines_of_csv() -> None:
    """RFC 3339 times, the sentence in the language asked for, nothing that a spreadsheet would run."""
    one = replace(acknowledged(alarm()), comment="=1+1", run="r-1")
    header, line = alarm_lines([one], "fr")
    assert header.rstrip().split(",") == list(ALARM_COLUMNS)
    assert line == (
        "cold_room.air_high-real-1000,cold_room,air_high,acme:a7,r-1,1,medium,acknowledged,"
        "1970-01-01T00:00:01Z,,1970-01-01T00:00:02Z,Léa,'=1+1,0,L'air est trop tiède\r\n"
    )


def test_a_french_spreadsheet_opens_it_by_itself() -> None:
    """Semicolons, and the mark by which it knows UTF-8, once."""
    header, line = alarm_lines([alarm()], "fr", french=True)
    assert header.startswith(f"{MARK}id;usecase;")
    assert line.count(";") == len(ALARM_COLUMNS) - 1
