"""The curve of a use case's measure out of the store: by the channels of whoever plays the role, from early enough."""

import pytest

from hub.errors import NotFoundError
from hub.measured import Looking
from hub.model import NS, REAL, Quality, Reading, TimeSource
from hub.rules.calendar import Calendar
from hub.rules.casting import Taken
from hub.usecases import find
from servers.web import FakeHistory

RUN = "hive-20261124t000000z-0000"
HIVE = find("beehive")
T0 = 1_795_478_400 * NS


def looking(*readings: tuple[str, str, str | None, float, int], devices: dict[str, str] | None = None) -> Looking:
    """Return the hive's past, of (device, channel, unit, value, second)."""
    history = FakeHistory()
    history.write(
        [
            Reading(uid, channel, unit, value, T0 + at * NS, T0 + at * NS, TimeSource.ARRIVAL, "good", RUN, 0)  # type: ignore[arg-type]
            for uid, channel, unit, value, at in readings
        ]
    )
    return Looking(history, HIVE, RUN, devices=devices or {}, uids=lambda uid: (uid,), calendar=Calendar())


def test_a_heard_measure_is_given_in_the_unit_it_is_shown_in() -> None:
    """By the first of its channels that the device of its role has."""
    role, channel = HIVE.measures["brood_temp"].role, HIVE.measures["brood_temp"].channels[0]
    found = looking(("a:b", channel, "°C", 21.5, 0), devices={role: "a:b"}).series("brood_temp", 0, T0 + NS, 100)
    assert (found.device, found.channel, found.unit, found.v) == ("beehive", "brood_temp", "°C", [21.5])


def test_a_simulated_device_plays_its_role_by_itself() -> None:
    """Where nobody has it."""
    measure = HIVE.measures["brood_temp"]
    uid = HIVE.roles[measure.role].device
    assert looking((uid, measure.channel, "°C", 4.0, 0)).series("brood_temp", 0, T0 + NS, 9).v == [4.0]


def test_a_measure_that_there_is_not_is_told() -> None:
    """With those that there are."""
    with pytest.raises(NotFoundError, match="'beehive' has no measure 'honey'; it has "):
        looking().series("honey", 0, T0, 9)


def test_nothing_heard_is_an_empty_curve() -> None:
    """Of any measure."""
    for name in HIVE.measures:
        assert looking().series(name, 0, T0, 9).t == []


def test_a_real_device_gives_its_own_channel_and_its_twins_their_own_run() -> None:
    """In the unit that was assumed; what it does not give, nobody does."""
    history = FakeHistory()
    weather = HIVE.roles[HIVE.measures["outside"].role].device
    said = [("esp:scale", "poids", None, 41.0, REAL), (weather, "temperature", "°C", 12.0, RUN)]
    history.write(
        [
            Reading(uid, channel, unit, value, T0, T0, TimeSource.ARRIVAL, Quality.GOOD, run, 0)
            for uid, channel, unit, value, run in said
        ]
    )
    cast = {HIVE.measures["weight"].role: Taken(device="esp:scale", channels={"weight": "poids"}, assumed=["weight"])}
    past = Looking(history, HIVE, REAL, devices={}, cast=cast, twin=RUN, uids=lambda uid: (uid,), calendar=Calendar())
    assert past.series("weight", 0, T0 + NS, 9).v == [41.0]
    assert past.series("outside", 0, T0 + NS, 9).v == [12.0]
    assert past.series("brood_temp", 0, T0 + NS, 9).v == []


def test_a_door_that_says_nothing_more_is_closed_until_the_session_ends() -> None:
    """Open for half of the hour: 12 h a day, however early in it the door spoke last."""
    room = find("cold_room")
    role = room.roles[room.measures["door_open"].role]
    run = "cold_room-20261124t073000z-0000"
    history = FakeHistory()
    history.write(
        [
            Reading(role.device, "contact", None, value, T0 + at * NS, T0 + at * NS, TimeSource.ARRIVAL, "good", run, 0)  # type: ignore[arg-type]
            for value, at in ((1.0, -60), (0.0, 300), (1.0, 2100))
        ]
    )
    past = Looking(history, room, run, devices={}, uids=lambda uid: (uid,), calendar=Calendar())
    told = past.told(T0, T0 + 3600 * NS)["open_hours"]
    assert told.value == pytest.approx(12.0, abs=0.1)
    assert (told.since, told.until) == (T0, T0 + 3600 * NS)
