"""Workers that share a journal know the same: points, alarms, and what people did (reliability.md, S4)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub import deeds
from hub.deeds import Acknowledge, Shelve
from hub.model import NS, AlarmState, Message, Source
from servers.acme import AIR, PROBE, WALL, announcement, beat, said
from servers.workers import Hub

PRODUCT = "temperature_ds18b20_2"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Hub, Hub]]:
    """Lend two workers with stores of their own and one journal."""
    one, two = Hub(tmp_path / "one"), Hub(tmp_path / "two")
    two.journal = one.journal
    two.kept.close()
    two.open()
    yield one, two
    for each in (one, two):
        each.kept.close()


def probe(second: float) -> Message:
    """Return the probe's message: too warm."""
    return said(PROBE, second, **{AIR: 9.0, PRODUCT: 5.0})  # type: ignore[arg-type]


def both(pair: tuple[Hub, Hub], *messages: Message) -> None:
    """Journal messages, and let both workers come to them, each at its own pace."""
    one, two = pair
    one.take(*messages)
    two.wall = one.wall
    two.take()


def alarming(pair: tuple[Hub, Hub]) -> None:
    """Let an alarm be raised, by the time that passes between two messages."""
    both(pair, announcement(), beat(0, 0), probe(1))
    for second in range(60, 2_400, 60):
        both(pair, beat(second, second), probe(second + 1))
        pair[second // 60 % 2].tick(second + 7)  # their ticks are not the same


def test_two_workers_that_see_the_same_redelivered_message_have_one_point_and_one_alarm(pair: tuple[Hub, Hub]) -> None:
    """And the same alarm, by its id, whichever raised it."""
    alarming(pair)
    one, two = pair
    before = len(one.rows())
    last = one.journal.records[-1]
    again = replace(last, position=last.position + 1, repeat=True)
    one.journal.records.append(again)
    one.take()
    two.take()
    assert len(one.rows()) == len(two.rows()) == before
    assert one.rows() == two.rows()
    raised = [[(each.id, each.raised_at) for each in hub.alarms()] for hub in pair]
    assert raised[0] == raised[1]
    assert len({name for name, _ in raised[0]}) == len(raised[0]) >= 1


def test_what_somebody_does_at_one_worker_is_done_at_all(pair: tuple[Hub, Hub]) -> None:
    """With the same name, comment and time."""
    alarming(pair)
    alarm = pair[0].alarms()[0].id
    both(pair, deeds.written(Acknowledge(alarm, "Léa", "seen"), WALL + 2_500 * NS))
    found = [next(each for each in hub.alarms() if each.id == alarm) for hub in pair]
    assert found[0] == found[1]
    assert (found[0].state, found[0].acknowledged_by, found[0].comment) == (AlarmState.ACKNOWLEDGED, "Léa", "seen")
    both(pair, deeds.written(Shelve(alarm, 300, "Marie"), WALL + 2_510 * NS))
    found = [next(each for each in hub.alarms() if each.id == alarm) for hub in pair]
    assert found[0] == found[1]
    assert found[0].state == AlarmState.SHELVED


def test_a_deed_for_an_alarm_that_nobody_knows_stops_nothing(pair: tuple[Hub, Hub]) -> None:
    """It was purged meanwhile."""
    both(pair, deeds.written(Acknowledge("gone", "Léa"), WALL), said(PROBE, 1, **{AIR: 3.0}))  # type: ignore[arg-type]
    assert [hub.worker.failures for hub in pair] == [0, 0]
    assert len(pair[1].rows()) == 1


def test_what_comes_from_a_broker_is_nobodys_deed() -> None:
    """Any device could say it."""
    true = deeds.written(Acknowledge("a", "Léa"), 1)
    assert deeds.read(true) == Acknowledge("a", "Léa")
    assert deeds.read(replace(true, source=Source.MQTT)) is None
    assert deeds.read(replace(true, payload=b"{")) is None
    assert deeds.read(replace(true, topic="a/b")) is None
