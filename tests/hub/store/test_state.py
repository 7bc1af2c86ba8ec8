"""What is remembered beside the readings (hub/store/state.py)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from hub.errors import StoreError
from hub.model import NS, Availability, Device, Heard, Quality, Run, TimeSource
from hub.store import state as state_module
from hub.store.base import Range
from hub.store.file import StoreFile, understood
from hub.store.sqlite import SqliteHistory
from hub.store.state import StateStore
from servers.stores import reading


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StoreFile]:
    """Lend a fresh store."""
    with closing(StoreFile(tmp_path / "store.db")) as made:
        yield made


@pytest.fixture
def state(file: StoreFile) -> StateStore:
    """Return its state."""
    return StateStore(file.db)


@pytest.fixture
def history(file: StoreFile) -> SqliteHistory:
    """Return its readings, which keep the latest values too."""
    return SqliteHistory(file)


def device(name: str = "a7", **fields: object) -> Device:
    """Return a device."""
    return msgspec.convert({"uid": f"acme:{name}", "family": "acme", "name": name, **fields}, Device)


def heard(position: int, topic: str = "a/b", reason: str | None = "no JSON", *, understood: bool = False) -> Heard:
    """Return a message on the list."""
    return Heard(
        position=position, topic=topic, received=position * NS, understood=understood, reason=reason, payload=b"\xff"
    )


def test_a_fresh_store_remembers_nothing(state: StateStore) -> None:
    """The first start finds every list empty and every cursor at the journal's beginning."""
    assert (state.cursor("decode"), state.setting("session")) == (0, None)
    assert [state.devices(), state.latest(), state.channels(), state.runs(), state.seen()] == [[]] * 5
    assert state.heard() == []
    assert [state.contexts(), state.clocks(), state.aliases(), state.marks(), state.rules()] == [{}] * 5


def test_cursors_are_by_reader(state: StateStore) -> None:
    """One output that stands still holds back no other."""
    state.set_cursor("decode", 10)
    state.set_cursor("influx", 3)
    state.set_cursor("decode", 11)
    assert (state.cursor("decode"), state.cursor("influx")) == (11, 3)


def test_a_setting_is_kept_changed_and_forgotten(state: StateStore) -> None:
    """Small things by name."""
    state.set_setting("session", "1")
    state.set_setting("session", "2")
    assert state.setting("session") == "2"
    state.set_setting("session", None)
    assert state.setting("session") is None


def test_packed_values_come_back_by_their_keys(state: StateStore) -> None:
    """Contexts, clocks and rule states are bytes to the store; the newest counts."""
    state.put_contexts({("tasmota", ""): b"1", ("zigbee2mqtt", "z2m"): b"2"})
    state.put_contexts({("tasmota", ""): b"3"})
    state.put_clocks({"acme:a7": b"clock"})
    state.put_rules({"cold_room-real": b"rule", "over": b"x"})
    state.put_rules({"over": None})
    assert state.contexts() == {("tasmota", ""): b"3", ("zigbee2mqtt", "z2m"): b"2"}
    assert state.clocks() == {"acme:a7": b"clock"}
    assert state.rules() == {"cold_room-real": b"rule"}


def test_devices_stay_in_the_order_first_seen(state: StateStore) -> None:
    """A change moves nothing on the page."""
    state.put_devices([device("b"), device("a")])
    state.put_devices([device("c"), device("b", availability="offline", seen=5)])
    assert state.devices() == [device("b", availability=Availability.OFFLINE, seen=5), device("a"), device("c")]


def test_the_values_of_a_removed_device_are_not_shown_at_the_next_start(
    state: StateStore, history: SqliteHistory
) -> None:
    """They stay stored: it may speak again."""
    state.put_devices([device()])
    history.put_latest([reading()])
    assert len(state.latest()) == 1
    state.put_devices([device(removed=True)])
    assert state.latest() == []
    state.put_devices([device()])
    assert len(state.latest()) == 1


def test_a_forgotten_device_is_gone_from_the_state(state: StateStore, history: SqliteHistory) -> None:
    """Other devices keep all they have."""
    for name in ("a7", "b8"):
        uid = f"acme:{name}"
        state.put_devices([device(name)])
        state.put_aliases([(f"mac:{name}", uid, 1)])
        history.put_latest([reading(device=uid)])
        state.put_clocks({uid: b"clock"})
        state.put_seen([(uid, 1, 2)])
        state.put_marks({uid: "r-1"})
    history.forget("acme:a7")
    state.forget("acme:a7")
    assert [each.uid for each in state.devices()] == ["acme:b8"]
    assert state.aliases() == {"mac:b8": "acme:b8"}
    assert state.channels() == [("acme:b8", "temperature")]
    assert (list(state.clocks()), state.seen(), list(state.marks())) == (["acme:b8"], [("acme:b8", 1, 2)], ["acme:b8"])


def test_the_live_page_starts_with_the_newest_values(state: StateStore, history: SqliteHistory) -> None:
    """Each channel's newest reading comes back whole, in the order first seen; an older measure replaced nothing."""
    state.put_devices([device()])
    newest = [reading(9), reading(5, channel="humidity", unit="%")]
    history.put_latest([reading(3), newest[0], reading(8)])
    history.put_latest([*newest[1:], reading(4, channel="humidity", unit="%"), reading(2)])
    assert state.latest() == newest


def test_a_channel_whose_unit_changed_starts_with_its_last_word(state: StateStore, history: SqliteHistory) -> None:
    """Each unit is a curve of its own; the channel has one place, and one rhythm."""
    state.put_devices([device()])
    newest = reading(9, unit="°F")
    history.write([reading(1), newest, reading(2, unit=None)])
    history.put_latest([reading(1), newest, reading(2, unit=None), reading(3, channel="humidity")])
    assert state.latest() == [newest, reading(3, channel="humidity")]
    assert state.channels() == [("acme:a7", "temperature"), ("acme:a7", "humidity")]
    assert state.newest_times(9, 100)["acme:a7", "temperature"] == [newest.time]


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("source", TimeSource)
def test_a_latest_value_comes_back_as_it_was_kept(
    state: StateStore, history: SqliteHistory, quality: Quality, source: TimeSource
) -> None:
    """Shown or stored, with whatever quality and time; what is only shown is no curve of the history."""
    state.put_devices([device()])
    kept = msgspec.structs.replace(reading(0, quality=quality), time=0, time_source=source, tie=2**48 - 1)
    history.put_latest([kept])
    assert state.latest() == [kept]
    assert history.series(Range(), 100) == []


def test_flags_that_mean_nothing_are_damage(file: StoreFile, state: StateStore, history: SqliteHistory) -> None:
    """SQLite does not check its pages: a bit may be wrong."""
    state.put_devices([device()])
    history.put_latest([reading()])
    file.db.execute("UPDATE newest SET flags = 3")
    with pytest.raises(StoreError, match=r"damaged .*3 stands for no quality"), understood(file.path):
        state.latest()


def test_only_the_values_of_the_present_run_are_shown(state: StateStore, history: SqliteHistory) -> None:
    """A new run starts empty, and the channels of the old one stay known."""
    state.put_devices([device(run="r-2")])
    history.put_latest([reading(9, run="r-1"), reading(1, run="r-2"), reading(9, run="r-1", channel="humidity")])
    assert state.latest() == [reading(1, run="r-2")]
    assert sorted(state.channels()) == [("acme:a7", "humidity"), ("acme:a7", "temperature")]


def test_runs_and_marks_are_for_ever(state: StateStore) -> None:
    """What was simulated once is simulated after every restart."""
    run = Run(
        id="cold_room-20261124t073000z-1a2b",
        scenario="cold_room",
        seed=7,
        speed=60,
        state="running",
        wall=1,
        simulated=2,
        devices=("tasmota:coldroom-sim-probe",),
        topics=("tele/coldroom-sim-probe/#",),
    )
    ended = msgspec.structs.replace(run, state="ended")
    state.put_runs([run, ended])
    state.put_marks({"tasmota:coldroom-sim-probe": run.id})
    state.put_marks({"tele/+/SENSOR": run.id}, kind="topic")
    assert state.runs() == [ended]
    assert state.marks() == {"tasmota:coldroom-sim-probe": run.id}
    assert state.marks("topic") == {"tele/+/SENSOR": run.id}


def test_what_was_not_understood_is_grouped_and_counted(state: StateStore) -> None:
    """A device that repeats its nonsense takes one line, the newest, with how often."""
    state.put_heard([heard(1), heard(2), heard(3, reason="too deep")])
    state.put_heard([heard(4), heard(5, "c/d", None, understood=True)])
    assert [(each.position, each.topic, each.reason, each.count) for each in state.heard()] == [
        (5, "c/d", None, 1),
        (4, "a/b", "no JSON", 3),
        (3, "a/b", "too deep", 1),
    ]
    assert state.heard(understood=True) == [heard(5, "c/d", None, understood=True)]
    assert [each.position for each in state.heard(1, understood=False)] == [4]


def test_no_text_is_too_odd_for_the_list(state: StateStore) -> None:
    """Lone surrogates and control characters: the list takes what nobody else could."""
    state.put_heard([heard(1, "a/\ud800", "found '\udcff\n\x00'")])
    assert [(each.topic, each.reason) for each in state.heard()] == [("a/?", "found '?\n\x00'")]


def test_a_time_beyond_all_calendars_is_remembered(state: StateStore) -> None:
    """A device that believes to be in the year 9999 disturbs nobody."""
    state.put_seen([("acme:a7", 10**21, 1), ("acme:a7", -(10**21), 2)])
    assert [(uid, tie) for uid, _, tie in state.seen()] == [("acme:a7", 1), ("acme:a7", 2)]


def test_the_lists_stay_bounded(state: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of new topics drives out the oldest, of its own kind only."""
    monkeypatch.setattr(state_module, "MAX_HEARD", 10)
    monkeypatch.setattr(state_module, "MAX_SEEN", 10)
    state.put_heard([heard(1, "kept", None, understood=True)])
    for start in (10, 30):
        state.put_heard([heard(number, f"t/{number}") for number in range(start, start + 20)])
        state.put_seen([("acme:a7", number, 0) for number in range(start, start + 20)])
    assert [each.position for each in state.heard(understood=False)] == [*range(49, 39, -1)]
    assert [each.position for each in state.heard(understood=True)] == [1]
    assert state.seen() == [("acme:a7", number, 0) for number in range(40, 50)]


def test_a_message_seen_again_is_remembered_once(state: StateStore) -> None:
    """Repeats take no room."""
    state.put_seen([("acme:a7", 1, 2), ("acme:a7", 1, 2)])
    state.put_seen([("acme:a7", 1, 2)])
    assert state.seen() == [("acme:a7", 1, 2)]


def test_the_state_can_be_read_from_any_thread(file: StoreFile, state: StateStore) -> None:
    """A page that asks waits for no step of the pipeline."""
    with file.transaction():
        state.put_devices([device()])
    with file.reader() as db:
        assert StateStore(db).devices() == [device()]
