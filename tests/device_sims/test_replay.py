"""A recording's own time: where it begins, what is left out, what is never said again."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from device_sims.errors import SimulationError
from device_sims.recording import Heard
from device_sims.replay import Options, Replay, Tape, play, wound

START = datetime(2026, 11, 27, 7, tzinfo=UTC)
AT = 1_700_000_000.0


def tape(*heard: Heard, from_min: float = 0.0, run: str | None = None) -> Tape:
    """Return a wound tape."""
    return Tape(iter(heard), start=START, from_min=from_min, name="record.txt", run=run)


def test_messages_come_when_their_time_has_come() -> None:
    """Each once, at its distance from the first."""
    played = tape(Heard(AT, "a", b"1"), Heard(AT + 2, "a", b"2"), Heard(AT + 60, "a", b"3"))
    assert played.start.timestamp() == AT
    assert [one.payload for one in played.until(0.0)] == [b"1"]
    assert played.until(1.9) == []
    assert [(one.time_s, one.payload) for one in played.until(2.0)] == [(2.0, b"2")]
    assert not played.ended
    assert [one.payload for one in played.until(1e9)] == [b"3"]
    assert played.ended


def test_a_recording_without_times_is_given_one_a_second() -> None:
    """From the moment it is played."""
    played = tape(Heard(None, "a", b"1"), Heard(None, "a", b"2"))
    assert played.start == START
    assert [one.time_s for one in played.until(1.0)] == [0.0, 1.0]


def test_minutes_at_the_beginning_are_left_out() -> None:
    """Time zero is the minute asked for, not the message that happens to follow."""
    played = tape(Heard(AT, "a", b"1"), Heard(AT + 90, "a", b"2"), from_min=1.0)
    assert played.start.timestamp() == AT + 60
    assert [(one.time_s, one.payload) for one in played.until(60.0)] == [(30.0, b"2")]


def test_time_does_not_go_back() -> None:
    """A message recorded out of order comes with the one before it."""
    played = tape(Heard(AT + 10, "a", b"1"), Heard(AT, "a", b"2"))
    assert [one.time_s for one in played.until(0.0)] == [0.0, 0.0]


def test_what_a_run_said_of_itself_is_learnt_and_not_said_again() -> None:
    """A replay speaks for itself alone; the story is the recorded one's."""
    said = {
        "run": "r",
        "scenario": "cold_room",
        "seed": 7,
        "speed": 1,
        "state": "running",
        "wall": "w",
        "simulated": "s",
        "devices": [],
        "topics": [],
    }
    played = tape(Heard(AT, "matinales/sim/r", msgspec.json.encode(said)), Heard(AT + 5, "a", b"1"))
    assert played.scenario == "cold_room"
    assert [(one.time_s, one.topic) for one in played.until(0.0)] == [(0.0, "a")]


def test_only_the_timeline_asked_for_is_played() -> None:
    """A morning holds the room's own time beside that of each story."""
    room, story = Heard(AT, "a", b"1"), Heard(AT - 86_400, "b", b"2", "r-1")
    assert [one.topic for one in tape(room, story, run="r-1").until(0.0)] == ["b"]
    assert [one.topic for one in tape(room, story, run="real").until(0.0)] == ["a"]


def test_the_history_of_a_run_is_handed_over_before_it_begins() -> None:
    """It does not make people wait for a day; minutes are counted from the beginning."""
    past = [Heard(AT - 3_600, "a", b"1", past=True), Heard(AT - 60, "a", b"2", past=True)]
    played = tape(*past, Heard(AT, "a", b"3"), Heard(AT + 60, "a", b"4"), Heard(AT + 61, "a", b"5", past=True))
    assert [(one.time_s, one.payload) for one in played.history] == [(-3_600, b"1"), (-60, b"2")]
    assert [one.payload for one in played.until(0.0)] == [b"3"]
    assert [one.payload for one in played.until(61.0)] == [b"4", b"5"]


@pytest.mark.parametrize("most", [1, 9])
def test_a_recording_that_is_nothing_but_history_is_played(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """As one of a replay is; and so is a history too long to be held."""
    monkeypatch.setattr("device_sims.replay.MOST_HISTORY", most)
    played = tape(Heard(AT, "a", b"1", past=True), Heard(AT + 60, "a", b"2", past=True))
    assert (played.history, [one.payload for one in played.until(0.0)]) == ([], [b"1"])
    assert [one.payload for one in played.until(60.0)] == [b"2"]


@pytest.mark.parametrize("heard", [(), (Heard(AT, "matinales/sim/r/clock", b"{}"),), (Heard(AT, "a", b"1"),)])
def test_nothing_to_play_is_said(heard: tuple[Heard, ...]) -> None:
    """Naming the file and how much was left out."""
    with pytest.raises(SimulationError, match=r"record\.txt: has no message of a device after its first 1 min"):
        tape(*heard, from_min=1.0)


async def test_the_clock_stands_while_the_history_is_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is a silence; the hub is told so, and again when the recording runs."""
    posted: list[tuple[str, float, int]] = []

    def post(_hub: object, _run: str, bodies: Iterable[bytes], **_options: object) -> int:
        for body in bodies:
            head, *messages = body.splitlines()
            said = msgspec.json.decode(head)
            posted.append((said["state"], said["speed"], len(messages)))
        return 0

    monkeypatch.setattr("device_sims.replay.door.post", post)
    options = Options(file=tmp_path / "record.ndjson", data=tmp_path, speed=60.0)
    recorded = [
        msgspec.json.encode(
            {"time": datetime.fromtimestamp(at, UTC).isoformat(), "topic": "a", "payload": "1", "past": past}
        )
        for at, past in ((AT - 60, True), (AT, False))
    ]
    replay = Replay(options, lambda: None, wound(options, iter(recorded)))
    assert replay.state()["state"] == "preparing"
    await replay.play(asyncio.Event())
    assert posted == [("paused", 0.0, 1), ("running", 60.0, 1), ("ended", 0.0, 0)]
    assert replay.state()["state"] == "running"


async def test_a_recording_that_is_ready_is_heard_of_only_when_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loaded before the press; a stop before it leaves nothing behind."""
    posted: list[str] = []
    monkeypatch.setattr("device_sims.replay.door.post", lambda _hub, run, _bodies, **_options: posted.append(run))
    (tmp_path / "run.json").write_text('{"url": "http://127.0.0.1:9/", "secret": "x"}')
    (tmp_path / "record.ndjson").write_text('{"time": "2026-11-27T08:00:00Z", "topic": "a", "payload": "1"}\n')
    options = Options(file=tmp_path / "record.ndjson", data=tmp_path, speed=60.0)
    begin, stop = asyncio.Event(), asyncio.Event()
    playing = asyncio.create_task(play(options, stop, begin))
    stop.set()
    await playing
    assert posted == []
    begin.set()
    stop.clear()
    await play(options, stop, begin)
    assert set(posted) == {posted[0]}
    assert posted[0].startswith("replay-")
