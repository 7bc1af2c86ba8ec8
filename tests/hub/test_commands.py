"""A command's life: sent, confirmed by the device's own later report, or timed out on the device's timeline."""

import pytest

from hub.commands import SOONEST, Report, Underway
from hub.model import NS, Commanded, CommandState

WALL = 1_790_000_000 * NS
PLUG = "tasmota:plug"


def sent(name: str = "c1", **changes: object) -> Commanded:
    """Return a command that waits for the plug to report that it is on, within ten seconds."""
    given = {
        "id": name,
        "device": PLUG,
        "channel": "switch",
        "value": 1.0,
        "by": "facilitator",
        "run": "real",
        "at": WALL,
        "wall": WALL,
        "until": WALL + 10 * NS,
        "report": "switch",
        "expected": 1.0,
    }
    return Commanded(**(given | changes))  # type: ignore[arg-type]


def report(value: float = 1.0, *, device: str = PLUG, channel: str = "switch", second: float = 1) -> Report:
    """Return what a device says, `second` after the command."""
    return device, channel, value, WALL + int(second * NS)


def states(commands: list[Commanded]) -> list[tuple[str, CommandState]]:
    """Return id and state of each."""
    return [(each.id, each.state) for each in commands]


def test_the_devices_own_later_report_confirms() -> None:
    """Once, and then nothing waits any more."""
    underway = Underway()
    assert underway.give(sent()) == []
    assert underway.devices == {PLUG}
    assert states(underway.hear([report()])) == [("c1", CommandState.CONFIRMED)]
    assert underway.hear([report()]) == []
    assert underway.devices == set()


@pytest.mark.parametrize(
    "heard",
    [report(0.0), report(device="tasmota:other"), report(channel="switch_2"), report(second=-1)],
    ids=["another value", "another device", "another channel", "said before the command"],
)
def test_nothing_else_confirms(heard: Report) -> None:
    """Never optimistic."""
    underway = Underway()
    underway.give(sent())
    assert underway.hear([heard]) == []
    assert underway.devices == {PLUG}


@pytest.mark.parametrize(("reported", "near"), [(31.0, True), (28.0, True), (27.9, False)])
def test_a_report_within_the_tolerance_confirms(reported: float, *, near: bool) -> None:
    """A shutter stops at 31 % where 30 was wanted."""
    underway = Underway()
    underway.give(sent(channel="position", report="position", expected=30.0, tolerance=2.0))
    assert bool(underway.hear([report(reported, channel="position")])) is near


def test_a_command_times_out_on_the_timeline_of_its_device() -> None:
    """A paused simulation waits for ever; at its deadline it still waits."""
    underway = Underway()
    underway.give(sent(run="story"))
    clock = {"story": WALL}
    assert underway.tick(clock.__getitem__, WALL + 3600 * NS) == []
    clock["story"] = WALL + 10 * NS
    assert underway.tick(clock.__getitem__, WALL + 3600 * NS) == []
    clock["story"] += 1
    assert states(underway.tick(clock.__getitem__, WALL + 3600 * NS)) == [("c1", CommandState.TIMED_OUT)]


def test_a_fast_simulation_leaves_time_for_the_wire() -> None:
    """At sixty times the speed ten seconds are a sixth of one: shorter than a busy broker."""
    underway = Underway()
    underway.give(sent(run="story"))
    assert underway.tick(lambda _run: WALL + 3600 * NS, WALL + SOONEST - 1) == []
    assert underway.tick(lambda _run: WALL + 3600 * NS, WALL + SOONEST)


def test_a_newer_command_overtakes_the_one_before_it() -> None:
    """On, then off at once: the plug's report says which one it was."""
    underway = Underway()
    underway.give(sent("on"))
    assert states(underway.give(sent("off", value=0.0, expected=0.0))) == [("on", CommandState.TIMED_OUT)]
    assert states(underway.hear([report(1.0), report(0.0, second=2)])) == [("off", CommandState.CONFIRMED)]


def test_commands_to_two_channels_wait_beside_each_other() -> None:
    """A strip of two sockets."""
    underway = Underway()
    underway.give(sent("one"))
    assert underway.give(sent("two", channel="switch_2", report="switch_2")) == []
    assert states(underway.hear([report(channel="switch_2")])) == [("two", CommandState.CONFIRMED)]


def test_a_restart_goes_on_waiting_for_what_was_sent() -> None:
    """What ended, or was refused, waits for nothing."""
    kept = [sent("a"), sent("b", state=CommandState.CONFIRMED), sent("c", state=CommandState.REFUSED)]
    underway = Underway(kept)
    assert states(underway.hear([report()])) == [("a", CommandState.CONFIRMED)]
