"""The same scenario, seed and speed give the same messages: on any date, in any company, however it is asked."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache, partial
from random import Random

import msgspec
import pytest

from device_sims import scenario
from device_sims.tables import Channel, Device, Text
from device_sims.world import Emission, Output, World
from hub.model import NS, Message, Source
from hub.registry import Contexts
from servers import rehearsal
from servers.workers import registry

QUICK = {"compressed_air"}
NAMES = [
    name if name in QUICK else pytest.param(name, marks=[pytest.mark.long, pytest.mark.timeout(300)])
    for name in scenario.folders()
]
"""Every commit tries the one that says least; a day of every other, again and again, takes a quarter of an hour."""
DAY = 86_400
WORDS = 3
"""What `read` gives of a message itself: second, role, topic."""
CLOSE = partial(pytest.approx, rel=2e-3, abs=0.02)
"""Integration is exact, or its error is bounded: far below any noise, so that a draw more or less would show."""
WINTER, SUMMER = datetime(2026, 1, 20, 12, tzinfo=UTC), datetime(2027, 7, 6, 12, tzinfo=UTC)


@cache
def short(name: str) -> scenario.Loaded:
    """Return a scenario with an hour of history."""
    loaded = scenario.load(name)
    return loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, history_h=1))


def day(name: str, wall: datetime = WINTER) -> list[Emission]:
    """Return all that is said in 24 hours, the first faults of the scenario on by turns."""
    played = rehearsal.world(short(name), wall=wall)
    for number, fault in enumerate([*played.scenario.faults][:8]):
        played.schedule(3600 * (2 * number + 3), fault, None, 3600)
    said = [one for role in played.players for one in played.birth(role)]
    return [*played.without_broker([*said, *played.advance(DAY)])]


@lru_cache(1)
def winter(name: str) -> list[Emission]:
    """Return a winter's day, kept for the next test of the same scenario."""
    return day(name)


def by_device(said: Iterable[Emission]) -> dict[str, list[tuple[float, str, bytes]]]:
    """Return each device's messages in order."""
    found: dict[str, list[tuple[float, str, bytes]]] = {}
    for one in said:
        found.setdefault(one.role, []).append((one.time_s, one.packet.topic, one.packet.payload))
    return found


def read(said: Iterable[Emission], start: datetime) -> list[tuple[object, ...]]:
    """Return what the hub reads in messages, times counted from the run's start."""
    contexts, drivers = Contexts(), registry()
    origin = round(start.timestamp()) * NS
    found: list[tuple[object, ...]] = []
    for one in said:
        now = origin + round(one.time_s * NS)
        message = Message(one.packet.topic, one.packet.payload, now, Source.IMPORT, run="x", time=now)
        decoded = drivers.decode(message, contexts).decoded
        samples = () if decoded is None else decoded.samples
        found.append((one.time_s, one.role, one.packet.topic))
        for each in samples:
            measured = None if each.measured is None else each.measured - origin
            found.append((each.channel, each.value, each.unit, measured, each.quality))
    return found


def assert_alike(said: Iterable[Emission], expected: Iterable[Emission]) -> None:
    """Compare what each device says: the same messages within a second, the same readings but for integration."""
    found, wanted = by_role(said), by_role(expected)
    assert set(found) == set(wanted)
    for role, words in wanted.items():
        assert [one.packet.topic for one in found[role]] == [one.packet.topic for one in words]
        assert [one.time_s for one in found[role]] == pytest.approx([one.time_s for one in words], abs=1)
        assert numbers(found[role]) == CLOSE(numbers(words))


def by_role(said: Iterable[Emission]) -> dict[str, list[Emission]]:
    """Return each device's messages in order."""
    found: dict[str, list[Emission]] = {}
    for one in said:
        found.setdefault(one.role, []).append(one)
    return found


def numbers(said: Iterable[Emission]) -> list[float]:
    """Return the values that the hub reads in messages, in order."""
    return [float(str(each[1])) for each in read(said, WINTER) if len(each) > WORDS]


@pytest.mark.parametrize("name", NAMES)
def test_two_runs_say_the_same_byte_for_byte(name: str) -> None:
    """Each device, for 24 simulated hours with faults."""
    assert by_device(day(name)) == by_device(winter(name))


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_says_something_else(name: str) -> None:
    """From the first hour on."""
    first, second = (hours(rehearsal.world(short(name), seed=seed), 1) for seed in (7, 8))
    assert by_device(first) != by_device(second)


@pytest.mark.parametrize("name", NAMES)
def test_the_date_changes_times_never_values(name: str) -> None:
    """A day of winter time and one of summer time: the same readings at the same seconds of the run."""
    starts = [rehearsal.world(short(name), wall=wall).start for wall in (WINTER, SUMMER)]
    assert starts[0].utcoffset() == starts[1].utcoffset() == timedelta()
    assert read(day(name, SUMMER), starts[1]) == read(winter(name), starts[0])


@pytest.mark.parametrize("name", NAMES)
def test_another_device_changes_nobody_elses_words(name: str) -> None:
    """A probe that reports every seven seconds beside them: the others draw the same noise and say the same."""
    loaded = short(name)
    guest = Device(
        title=Text("Invité", "Guest"),
        kind="tasmota",
        id="guest-sim-probe",
        period_s=7,
        channels={"guest": Channel(field="DS18B20", id="2A01FFFFFFFF", constant=20.0, sigma=0.5, drop=0.1)},
    )
    devices = {"guest": guest, **loaded.scenario.devices}
    company = loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, devices=devices))
    alone, together = hours(rehearsal.world(loaded), 6), hours(rehearsal.world(company), 6)
    assert len(by_device(together)["guest"]) > 1000
    assert_alike([one for one in together if one.role != "guest"], alone)


def hours(played: World, count: int) -> list[Emission]:
    """Return what is said from the beginning of the history until some hours after the start."""
    return [*played.without_broker(played.advance(3600 * count))]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_the_state_does_not_depend_on_the_number_of_steps(name: str, seed: int) -> None:
    """Stopped anywhere, asked a hundred times or once: the same words, and the same truth at the end."""
    draw = Random(seed)
    cuts = [draw.choice([1, 7, 60, draw.randint(1, 600)]) for _ in range(100)]
    whole, pieces = rehearsal.world(short(name)), rehearsal.world(short(name))
    for played in (whole, pieces):
        list(played.advance(-1))
        for fault in [*played.scenario.faults][:1]:
            played.schedule(100, fault, None, 1200)
    expected = [*whole.advance(sum(cuts))]
    got: list[Output] = []
    for cut in cuts:
        got += pieces.advance(max(pieces.time_s, 0) + cut)
    got += pieces.advance(sum(cuts))
    assert_alike(pieces.without_broker(got), [*whole.without_broker(expected)])
    assert pieces.model.values() == CLOSE(whole.model.values())


@pytest.mark.parametrize("name", NAMES)
def test_speed_changes_without_a_jump(name: str) -> None:
    """At ×1, ×60, ×3600 and back, the true values are those of a run that was never hurried."""
    steady, hurried = rehearsal.world(short(name)), rehearsal.world(short(name))
    for played in (steady, hurried):
        list(played.advance(0))
    for hour, speed in enumerate((1.0, 60.0, 3600.0, 0.0, 10.0), 1):
        hurried.speed = speed
        for played in (steady, hurried):
            list(played.advance(3600 * hour))
        assert hurried.model.values() == CLOSE(steady.model.values())
        assert hurried.time_s == steady.time_s
