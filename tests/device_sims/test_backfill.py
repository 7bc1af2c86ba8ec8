"""A history while it is being played and handed over."""

import threading
from zoneinfo import ZoneInfo

import pytest

from device_sims import backfill, playbill
from device_sims.backfill import Backfill
from device_sims.ensemble import Ensemble
from device_sims.stage import Stage
from servers.rehearsal import WALL


def world(history_h: int = 2) -> Ensemble:
    """Return a cold room at the beginning of its history."""
    return Ensemble(playbill.load("cold_room", history_h), Stage(7, WALL, ZoneInfo("Europe/Paris")))


def played(past: Backfill) -> threading.Thread:
    """Start a thread that plays."""
    thread = threading.Thread(target=past.play)
    thread.start()
    return thread


def test_it_is_handed_over_in_order_and_whole() -> None:
    """Births first, at the beginning of the history; the last word before the start."""
    past = Backfill(world(), lambda: False, wanted=True)
    thread = played(past)
    lines = [*past.lines()]
    thread.join(30)
    assert lines[0].time_s == -7200
    assert lines[0].payload == b"Online"
    assert -10 <= lines[-1].time_s < 0
    assert [each.time_s for each in lines] == sorted(each.time_s for each in lines)
    assert past.share == 1.0


def test_how_it_is_cut_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message at a time is the same history."""
    found = []
    for chunk in (backfill.CHUNK, 1):
        monkeypatch.setattr(backfill, "CHUNK", chunk)
        past = Backfill(world(), lambda: False, wanted=True)
        thread = played(past)
        found.append([*past.lines()])
        thread.join(30)
    assert found[0] == found[1]


def test_its_share_grows_from_nothing_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-way it is a half."""
    monkeypatch.setattr(backfill, "CHUNK", 1)
    monkeypatch.setattr(backfill, "AHEAD", 1)
    past = Backfill(world(), lambda: False, wanted=True)
    shares = [past.share]
    thread = played(past)
    for line in past.lines():
        if line.time_s > -3600 and len(shares) == 1:
            shares.append(past.share)
    thread.join(30)
    assert shares[0] == 0.0
    assert 0.4 < shares[1] < 0.7
    assert past.share == 1.0


def test_a_run_without_a_hub_plays_its_history_and_keeps_none_of_it() -> None:
    """The room is where a day has brought it."""
    room = world()
    Backfill(room, lambda: False, wanted=False).play()
    assert room.time_s == -1


def test_a_run_without_a_history_has_nothing_to_say() -> None:
    """And begins at its start."""
    room = world(0)
    past = Backfill(room, lambda: False, wanted=True)
    thread = played(past)
    assert [*past.lines()] == []
    thread.join(30)
    assert (room.time_s, past.share) == (0, 1.0)


def test_who_takes_it_may_go_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub refused: the history is played to its end all the same."""
    monkeypatch.setattr(backfill, "CHUNK", 1)
    monkeypatch.setattr(backfill, "AHEAD", 1)
    room = world()
    past = Backfill(room, lambda: False, wanted=True)
    thread = played(past)
    next(past.lines())
    past.forsake()
    thread.join(30)
    assert not thread.is_alive()
    assert room.time_s == -1


def test_it_ends_when_the_run_is_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both threads."""
    monkeypatch.setattr(backfill, "CHUNK", 1)
    monkeypatch.setattr(backfill, "AHEAD", 1)
    stop = threading.Event()
    past = Backfill(world(), stop.is_set, wanted=True)
    thread = played(past)
    next(past.lines())
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert [*past.lines()] == []
