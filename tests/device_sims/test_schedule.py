"""Faults that come by themselves, and when."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims import day, scenario
from device_sims.schedule import Agenda, Due, Event, due, seconds
from device_sims.world import World
from servers import rehearsal

HOUR = 3600


def test_the_earliest_comes_first_and_what_comes_daily_comes_again() -> None:
    """Nothing before its time; of two at one second, the one added first."""
    agenda = Agenda()
    for each in (Due(50, "b"), Due(10, "daily", every_s=100), Due(50, "c")):
        agenda.add(each)
    assert agenda.next_s() == 10
    assert agenda.pop(9) is None
    came = []
    for second in range(0, 260, 10):
        while (one := agenda.pop(second)) is not None:
            came.append((second, one.fault))
    assert came == [(10, "daily"), (50, "b"), (50, "c"), (110, "daily"), (210, "daily")]


def test_an_empty_agenda_has_no_next() -> None:
    """Nothing comes."""
    assert Agenda().next_s() is None
    assert Agenda().pop(10**9) is None


@given(minute=st.integers(0, 1439), start=st.integers(0, 1439), history_h=st.integers(0, 30 * 24))
def test_a_daily_event_begins_within_the_first_day_of_the_history_at_its_hour(
    minute: int, start: int, history_h: int
) -> None:
    """Whatever the run's clock and the length of its history."""
    first = due(Event(fault="x", at=day.clock_text(60 * minute)), clock_at_start_s=60 * start, from_s=-HOUR * history_h)
    assert 0 <= first.time_s + HOUR * history_h < day.DAY_S
    assert (first.time_s + 60 * start) % day.DAY_S == 60 * minute
    assert first.every_s == day.DAY_S


def test_an_event_that_comes_once_counts_from_the_start() -> None:
    """Half an hour after it, for six seconds, never again."""
    once = due(Event(fault="x", at_min=30, intensity=0.5, duration_min=0.1), clock_at_start_s=0, from_s=-HOUR)
    assert once == Due(1800, "x", 0.5, 6)


@pytest.mark.parametrize(("minutes", "expected"), [(None, None), (0.001, 1), (0.5, 30), (90.0, 5400)])
def test_a_duration_is_whole_seconds(minutes: float | None, expected: int | None) -> None:
    """At least one."""
    assert seconds(minutes) == expected


def room(*events: Event) -> World:
    """Return a cold room with events, at the beginning of its history."""
    loaded = scenario.load("cold_room")
    return rehearsal.world(
        loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, events=events)), clock="08:30"
    )


def door(world: World, to_s: int) -> list[tuple[int, float]]:
    """Return when the door changed, and to what."""
    found: list[tuple[int, float]] = []
    while world.time_s < to_s:
        list(world.advance(min(world.next_s(), to_s)))
        is_open = world.model.values()["door_open"]
        if is_open != (found[-1][1] if found else 0.0):
            found.append((world.time_s, is_open))
    return found


def test_a_delivery_comes_each_day_in_the_history_too() -> None:
    """At seven o'clock, for its own three minutes: 1.5 h before the start, and 22.5 h after it."""
    world = room(Event(fault="delivery", at="07:00"))
    assert door(world, 30 * HOUR) == [
        (-int(1.5 * HOUR), 1.0),
        (-int(1.5 * HOUR) + 180, 0.0),
        (int(22.5 * HOUR), 1.0),
        (int(22.5 * HOUR) + 180, 0.0),
    ]


def test_an_event_comes_once_after_the_start() -> None:
    """For a duration of its own."""
    world = room(Event(fault="door_open", at_min=10, duration_min=2))
    assert door(world, HOUR) == [(600, 1.0), (720, 0.0)]


@pytest.mark.parametrize("lasts_s", [None, HOUR])
def test_an_event_does_not_end_what_somebody_turned_on(lasts_s: int | None) -> None:
    """The door was opened wide, for an hour or for good: the scenario's two minutes do not close it."""
    world = room(Event(fault="door_open", at_min=10, duration_min=2))
    list(world.advance(300))
    world.fault("door_open", active=True, duration_s=lasts_s)
    list(world.advance(1800))
    assert world.model.values()["door_open"] == 1.0
    list(world.advance(300 + HOUR))
    assert world.model.values()["door_open"] == (1.0 if lasts_s is None else 0.0)


def test_an_event_prolongs_what_would_end_earlier() -> None:
    """Opened for a minute just before it comes: its own two minutes hold."""
    world = room(Event(fault="door_open", at_min=10, duration_min=2))
    list(world.advance(590))
    world.fault("door_open", active=True, duration_s=60)
    list(world.advance(590))
    assert door(world, HOUR) == [(600, 1.0), (720, 0.0)]
