"""A board on a serial line speaks several times a second, live; whoever asks how often, it says the same."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import msgspec
import pytest

from device_sims import scenario
from device_sims.errors import SimulationError
from device_sims.stage import Stage
from device_sims.world import Emission, World

START = datetime(2026, 11, 23, 7, tzinfo=UTC)
SHAKE = "shake"
EVERY_S = 0.05


@cache
def machine() -> scenario.Loaded:
    """Return the vibrating machine, without a history."""
    loaded = scenario.load("machine_vibration")
    return loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, history_h=0))


def world(*, finely: bool = True) -> World:
    """Return it at its start."""
    return World(machine(), Stage(7, START, UTC, finely=finely))


def lines(said: Iterable[object]) -> list[Emission]:
    """Return what the accelerometer says."""
    return [one for one in said if isinstance(one, Emission) and one.role == SHAKE]


def test_a_board_speaks_every_fifty_milliseconds() -> None:
    """Twenty lines a second at even distances, each with a time of its own."""
    times = [one.time_s for one in lines(world().advance(10))]
    assert len(times) == 10 * 20 + 1
    assert {round(after - before, 6) for before, after in pairwise(times)} == {EVERY_S}


def test_however_often_it_is_asked_it_says_the_same() -> None:
    """A loop that is late by a second, or comes every 7 ms, changes no byte and no time."""
    expected = [*world().advance(12.5)]
    steady = world()
    got = [one for step in range(1, 1787) for one in steady.advance(step * 0.007)]
    late = world()
    in_jumps = [one for until in (0.31, 0.9, 4.99, 5.0, 12.5) for one in late.advance(until)]
    assert got == in_jumps == expected


def test_nobody_else_notices() -> None:
    """The others' words are those of a run of whole seconds, byte for byte."""
    fine, whole = ([*world(finely=finely).advance(600)] for finely in (True, False))
    assert len(lines(whole)) == 601
    assert [one for one in fine if one.role != SHAKE] == [one for one in whole if one.role != SHAKE]


def test_the_next_line_is_awaited_to_the_moment() -> None:
    """Whoever runs it live need not look before."""
    played = world()
    list(played.advance(3))
    assert played.next_s() == pytest.approx(3.05)
    list(played.advance(3.98))
    assert played.next_s() == 4


def test_a_hurried_board_is_no_quicker_than_any_other_device() -> None:
    """At most ten messages a wall second; back at ×1 it speaks at once."""
    played = world()
    played.speed = 60.0
    hurried = [one.time_s for one in lines(played.advance(60))]
    assert hurried == [6 * number for number in range(11)]
    played.speed = 1.0
    assert [one.time_s for one in lines(played.advance(61.1))] == pytest.approx([61, 61.05, 61.1])


def test_a_hand_shakes_five_times_a_second() -> None:
    """The same acceleration a fifth of a second later, another half of that before: no sawtooth of whole seconds."""
    played = world()
    played.fault("shake", active=True)
    list(played.advance(2))
    along = [played.model.within(share)["ax"] for share in (0.0, 0.1, 0.2)]  # type: ignore[attr-defined]
    assert along[0] == played.model.values()["ax"]
    assert along[2] == pytest.approx(along[0])
    assert along[1] == pytest.approx(-along[0])


def test_a_silent_board_says_nothing_in_between() -> None:
    """Unplugged at a second, it is so in the whole of it; its noise goes on."""
    played = world()
    list(played.advance(2))
    played.fault("shake.radio_loss", active=True)
    assert lines(played.advance(9.5)) == []
    played.fault("shake.radio_loss", active=False)
    again, steady = lines(played.advance(12)), lines(world().advance(12))
    assert again == steady[-len(again) :]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("= 50 ", "= 30 ", "live_period_ms is 30: it divides a second"),
        ("= 50 ", "= 5 ", "live_period_ms is 5: it divides a second"),
        ("= 50 ", "= 1000 ", "live_period_ms is 1000: .* lies between 10 and 500"),
        ("= 50 ", "= 0.5 ", "Expected `int \\| null`, got `float`"),
        ("= 50 ", "= 50\njitter_s = 1 ", "devices.shake: .*jitter_s"),
        (
            'kind = "shelly"\n',
            'kind = "shelly"\nlive_period_ms = 50\n',
            "devices.motor: live_period_ms: only boards on a",
        ),
    ],
)
def test_an_impossible_period_is_refused_with_its_place(old: str, new: str, reason: str) -> None:
    """Also of a device that is not on a serial line: others speak whole seconds."""
    content = scenario.folders()["machine_vibration"].read_text("utf-8")
    where = "live_period_ms " + old if old.startswith("=") else old
    assert where in content
    with pytest.raises(SimulationError, match=rf"^my.toml: .*({reason})"):
        scenario.parse(content.replace(where, where.replace(old, new), 1).encode(), "my", "my.toml")
