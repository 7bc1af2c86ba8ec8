"""Runs, marks and what time it is there."""

import json

import pytest

from hub.errors import PayloadError
from hub.model import NS, REAL
from hub.timeline import Timelines, nanoseconds, of_own_topic

WALL = 1_780_000_000 * NS
RUN = "cold_room-20261124t073000-a1b2"


def announcement(**changes: object) -> bytes:
    """Return what a runner says of itself."""
    said: dict[str, object] = {
        "run": RUN,
        "scenario": "cold_room",
        "seed": 7,
        "speed": 60,
        "state": "running",
        "wall": WALL / NS,
        "simulated": "2026-11-24T07:30:00Z",
        "devices": ["tasmota:coldroom-sim-probe"],
        "topics": ["tele/coldroom-sim-probe/#"],
    }
    return json.dumps(said | changes).encode()


def test_what_matches_an_announced_filter_belongs_to_its_run() -> None:
    """The newest run with that filter takes the topic."""
    timelines = Timelines()
    timelines.announce(announcement(), retained=False)
    assert timelines.of("tele/coldroom-sim-probe/SENSOR") == RUN
    assert timelines.of("tele/kitchen/SENSOR") is None
    timelines.announce(announcement(run="cold_room-next"), retained=False)
    assert timelines.of("tele/coldroom-sim-probe/SENSOR") == "cold_room-next"


def test_a_filter_without_sim_is_refused_and_said() -> None:
    """Nobody hides a real device by announcing everything as simulated."""
    run, refused = Timelines().announce(announcement(topics=["#", "tele/+/SENSOR"]), retained=False)
    assert run.topics == ()
    assert len(refused) == 2
    assert "'#'" in refused[0]


def test_a_real_device_is_never_marked_simulated() -> None:
    """Known as real stays real; the refusal is said."""
    timelines = Timelines()
    run, refused = timelines.announce(
        announcement(devices=["tasmota:kitchen"]), retained=False, known_real=["tasmota:kitchen"]
    )
    assert run.devices == ()
    assert "tasmota:kitchen" in refused[0]
    assert "tasmota:kitchen" not in timelines.marks


def test_a_retained_announcement_marks_but_does_not_live_until_its_first_beat() -> None:
    """What a dead runner left at the broker must not look alive."""
    timelines = Timelines()
    run, _ = timelines.announce(announcement(), retained=True)
    assert run.state == "announced"
    assert timelines.marks["tasmota:coldroom-sim-probe"] == RUN
    later = json.dumps({"wall": WALL / NS + 1, "simulated": "2026-11-24T07:31:00Z", "speed": 60}).encode()
    beaten = timelines.beat(RUN, later)
    assert beaten is not None
    assert beaten.state == "running"


def test_a_run_runs_at_its_speed_and_stands_when_its_beats_stop() -> None:
    """×60: two wall seconds are two minutes; a dead runner's clock does not run away."""
    timelines = Timelines()
    run, _ = timelines.announce(announcement(), retained=False)
    start = nanoseconds("2026-11-24T07:30:00Z")
    assert timelines.now(RUN, WALL + 2 * NS) == start + 120 * NS
    assert timelines.now(RUN, WALL + 3600 * NS) == start + 300 * NS
    assert timelines.arrival(RUN, WALL + NS) == start + 60 * NS
    assert run.now(WALL) == start


def test_a_run_prepares_until_it_has_run_once() -> None:
    """Its history comes while it stands; whoever pauses it later, it has begun."""
    timelines = Timelines()
    seen = [
        timelines.announce(announcement(state=state, speed=speed), retained=False)[0].is_preparing
        for state, speed in (("paused", 0), ("paused", 0), ("running", 60), ("paused", 0))
    ]
    assert seen == [True, True, False, False]
    again = Timelines()
    again.announce(announcement(state="paused", speed=0), retained=False)
    assert again.beat(RUN, json.dumps({"wall": 1, "simulated": 2, "speed": 1}).encode()) is not None
    assert not again.announce(announcement(state="paused", speed=0), retained=False)[0].is_preparing


def test_a_paused_run_stands_still() -> None:
    """Speed 0 is a pause."""
    timelines = Timelines()
    timelines.announce(announcement(state="paused", speed=0), retained=False)
    assert timelines.now(RUN, WALL + 60 * NS) == timelines.now(RUN, WALL)
    assert timelines.stands(RUN)
    timelines.announce(announcement(), retained=False)
    assert not timelines.stands(RUN)
    assert not timelines.stands(REAL)


def test_real_time_is_the_wall_clock() -> None:
    """The real timeline has no other clock."""
    assert Timelines().now(REAL, WALL) == WALL


def test_a_beat_of_a_stranger_or_of_an_ended_run_changes_nothing() -> None:
    """Beats do not create runs and do not revive them."""
    timelines = Timelines()
    beat = json.dumps({"wall": 1, "simulated": 1, "speed": 1}).encode()
    assert timelines.beat("nobody", beat) is None
    timelines.announce(announcement(state="ended"), retained=False)
    assert timelines.beat(RUN, beat) is None


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b"nonsense", announcement(state="dancing"), announcement(wall="yesterday")]
)
def test_a_broken_announcement_is_refused_with_the_reason(payload: bytes) -> None:
    """A reason in words, never a traceback."""
    with pytest.raises(PayloadError):
        Timelines().announce(payload, retained=False)


def test_topics_of_runners_are_told_apart() -> None:
    """Announcement, beat, anything else below `matinales/`."""
    assert of_own_topic(f"matinales/sim/{RUN}") == (RUN, False)
    assert of_own_topic(f"matinales/sim/{RUN}/clock") == (RUN, True)
    assert of_own_topic(f"matinales/sim/{RUN}/else") is None
    assert of_own_topic("matinales/other/thing/clock") is None


def test_only_living_runs_have_a_time_at_which_something_arrives() -> None:
    """Two wall seconds after its announcement, at ×60, two minutes have passed; an ended run is not asked."""
    timelines = Timelines()
    timelines.announce(announcement(), retained=False)
    timelines.announce(announcement(run="over", state="ended"), retained=False)
    timelines.announce(announcement(run="heard-of"), retained=True)
    assert timelines.living(WALL + 2 * NS) == {RUN: nanoseconds("2026-11-24T07:32:00Z")}


def test_a_run_says_which_table_it_is_and_whose_roles_its_devices_play() -> None:
    """Of its own devices alone: none of another's can be made to play; the room's runs play nobody's."""
    probe = "tasmota:coldroom-sim-probe"
    devices, plays = [f"{probe}-t3"], {f"{probe}-t3": probe, "tasmota:kitchen": probe}
    run, _ = Timelines().announce(announcement(devices=devices, table=3, plays=plays), retained=False)
    assert (run.table, run.plays) == (3, {f"{probe}-t3": probe})
    run, _ = Timelines().announce(announcement(devices=devices, plays=plays), retained=False)
    assert (run.table, run.plays) == (0, {})


@pytest.mark.parametrize("table", [-1, 100, "three", 1.5])
def test_a_run_of_no_such_table_is_refused(table: object) -> None:
    """Tables have the numbers that people type."""
    with pytest.raises(PayloadError, match="no announcement"):
        Timelines().announce(announcement(table=table), retained=False)
