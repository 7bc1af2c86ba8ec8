"""From the journal to the store in steps that a kill, a full disk or a fault of ours may interrupt anywhere."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub import worker as worker_module
from hub.devices import Clock
from hub.errors import NotFoundError, StoreError
from hub.journal.base import Opening
from hub.kept import Kept
from hub.live import Live
from hub.model import NS, REAL, AlarmState, Message, Record
from hub.understand import Understanding
from hub.worker import newest
from servers.acme import (
    AIR,
    FAMILY,
    PROBE,
    RUN,
    SIMULATED,
    WALL,
    announcement,
    beat,
    cleared,
    imported,
    said,
)
from servers.ports import until
from servers.workers import Hub, working

OTHER = "cold-room-20261124t080000-ffff"
PRODUCT = "temperature_ds18b20_2"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once: no test waits for a second that only spares the disk."""
    monkeypatch.setattr(worker_module, "RETRY", 0.0)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Lend a worker on an empty store."""
    with working(tmp_path) as lent:
        yield lent


def probe(second: float, air: float = 3.0, product: float = 3.0) -> Message:
    """Return the cold room probe's message."""
    return said(PROBE, second, **{AIR: air, PRODUCT: product})  # type: ignore[arg-type]


def failing(times: int, error: Exception) -> Callable[..., None]:
    """Return a commit that fails so often, and then works."""
    left = [times]
    real = Kept.commit

    def commit(self: Kept, *arguments: Any) -> None:  # noqa: ANN401 — whatever it takes
        real(self, *arguments)
        if left[0]:
            left[0] -= 1
            raise error

    def wrapped(self: Kept, *arguments: Any) -> None:  # noqa: ANN401 — whatever it takes
        with self._file.transaction():
            return _inside(self, commit, *arguments)

    return wrapped


def _inside(kept: Kept, commit: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 — whatever it takes
    """Commit inside a transaction that is already begun, so that a failure undoes it."""
    transaction = kept._file.transaction
    kept._file.transaction = _nothing  # type: ignore[assignment, method-assign]
    try:
        commit(kept, *arguments)
    finally:
        kept._file.transaction = transaction  # type: ignore[method-assign]


class _nothing:  # noqa: N801 — stands for a function
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


# --- one step


def test_what_was_journalled_is_stored_with_its_cursor(hub: Hub) -> None:
    """Readings, devices, the cursor and what is shown: one commit, one outcome."""
    hub.take(said("kitchen", t=21.5), said("kitchen", 10, t=21.6))
    assert [row.value for row in hub.rows()] == [21.5, 21.6]
    assert hub.kept.position() == 2
    (outcome,) = hub.delivered
    assert [reading.value for reading in outcome.batch.readings] == [21.6]
    assert [device.uid for device in outcome.batch.devices] == [f"{FAMILY}:kitchen"]
    assert outcome.asks == [("acme/kitchen/ask", b"acme/kitchen/SENSOR")]
    assert outcome.recent["acme/kitchen/SENSOR"].understood
    assert (hub.worker.understood, hub.worker.stored) == (2, 2)


def test_repeats_are_not_counted_as_stored(hub: Hub) -> None:
    """Marked by the journal, or found by their own time."""
    hub.take(said("kitchen", t=21.5, at=WALL - 3600 * NS))
    hub.take(said("kitchen", 1, t=21.5, at=WALL - 3600 * NS))
    hub.journal.records.append(Record(3, said("kitchen", t=21.5), repeat=True))
    hub.take()
    assert len(hub.rows()) == 1
    assert (hub.worker.repeats, hub.worker.stored, hub.worker.position) == (2, 1, 3)


def test_a_retained_value_is_shown_without_an_age_and_not_stored(hub: Hub) -> None:
    """A reading of unknown age replaces no known one."""
    hub.take(said("kitchen", retained=True, t=20.0))
    assert hub.rows() == []
    assert hub.latest()[f"{FAMILY}:kitchen", "t"].time == 0
    hub.take(said("kitchen", 1, t=21.0), said("kitchen", 2, retained=True, t=20.0))
    assert hub.latest()[f"{FAMILY}:kitchen", "t"].value == 21.0


def test_what_was_not_understood_is_listed(hub: Hub) -> None:
    """With the reason and how often."""
    hub.take(Message("nobody/knows", b"1", WALL), Message("nobody/knows", b"2", WALL))
    (heard,) = hub.kept.heard(10)
    assert (heard.topic, heard.reason, heard.count) == ("nobody/knows", "no driver knows this topic", 2)
    assert hub.delivered[-1].batch.not_understood == 2
    assert hub.worker.refused == 2


def test_newest_keeps_one_reading_a_channel_and_run(hub: Hub) -> None:
    """All that a live state needs of a step; an older measure that comes later replaces nothing."""
    hub.take(said("a", t=1, at=WALL), said("a", 1, t=2, at=WALL - NS), said("a", 2, u=3))
    readings = hub.delivered[0].batch.readings
    assert [(each.channel, each.value) for each in newest(readings, {})] == [("t", 1.0), ("u", 3.0)]


@pytest.mark.parametrize("many", [1, 2, 5])
def test_how_often_a_channel_speaks_is_learned_alike_however_much_a_step_holds(hub: Hub, many: int) -> None:
    """A worker that is behind takes more at once than another one: both believe a silent sensor as long."""
    telegrams = [said("kitchen", second, t=20 + second, at=WALL + second * NS) for second in range(0, 200, 20)]
    for first in range(0, len(telegrams), many):
        hub.take(*telegrams[first : first + many])
    live = Live(wall=lambda: WALL, is_health=lambda _device, _channel: False)
    for outcome in hub.delivered:
        live.apply(outcome.batch)
    assert live.device_view(f"{FAMILY}:kitchen")["silence"] == {"t": 60.0}


def test_what_a_use_case_knows_of_a_run_that_ends_is_its_last_word(hub: Hub) -> None:
    """Nobody looks at it again: what was known a second before would stay on the page for ever."""
    hub.take(announcement(), beat(0, 0), probe(1))
    hub.take(probe(2, air=5.5), cleared(3))
    outcome = next(each for each in reversed(hub.delivered) if each.views)
    assert 5.5 in {each.value for each in outcome.views["cold_room"].measures.values()}
    assert outcome.batch.sentences["cold_room"]["params"]["air"] == 5.5


def test_what_had_gone_from_a_shared_journal_before_it_was_read_is_told(hub: Hub) -> None:
    """A worker that was away for long, or has just joined: counted once, over a restart too."""
    hub.journal.opening = Opening(1, 0, "stream")
    hub.journal.append(*(said("kitchen", second, t=second) for second in range(1, 10)))
    hub.journal.records = hub.journal.records[4:]
    hub.journal.read = lambda after, limit, *, end=0: [  # noqa: ARG005
        each for each in hub.journal.records if each.position > after
    ]
    hub.take()
    assert (hub.worker.missed, hub.worker.position, hub.worker.stored) == (4, 9, 5)
    hub.restart()
    assert hub.worker.missed == 4
    hub.take(said("kitchen", 10, t=10))
    assert hub.worker.missed == 4


def test_what_came_since_a_shared_journal_was_opened_again_is_not_taken_for_lost(hub: Hub) -> None:
    """Another worker took over and wrote on; this one read that before it heard of the opening."""
    hub.journal.opening = Opening(1, 0, "stream")
    hub.take(said("kitchen", 1, t=1))
    hub.journal.opening = Opening(2, 1, "stream")
    hub.worker._opening = 2
    hub.take(said("kitchen", 2, t=2), said("kitchen", 3, t=3))
    hub.worker._opening = 1
    hub.take(said("kitchen", 4, t=4))
    assert (hub.worker.missing, hub.worker.is_anew, hub.worker.position) == (0, False, 4)
    assert [row.value for row in hub.rows()] == [1, 2, 3, 4]
    hub.journal.opening = Opening(3, 0, "another")
    hub.journal.records.clear()
    hub.take(said("kitchen", 5, t=5))
    hub.worker._catch_up()
    assert (hub.worker.missing, hub.worker.is_anew, hub.worker.position) == (4, True, 1)
    hub.restart()
    assert hub.worker.is_anew


# --- restart


MESSAGES: list[Callable[[float], Message]] = [
    lambda s: said("kitchen", s, t=20 + s / 100),
    lambda s: said("kitchen", s, t=21.0, at=WALL + int(s * NS) - NS),
    lambda s: said("kitchen", s, t=21.0, at=WALL - 3600 * NS),  # a clock that is off: the same each time, so a repeat
    lambda s: said("kitchen", s, t=22.0, at=WALL + 7200 * NS + int(s * NS), local=True),
    lambda s: said("kitchen", s, retained=True, t=19.0),
    lambda s: said("kitchen", s, retained=True, t=19.0, at=WALL),
    lambda s: said("kitchen", s, online=False),
    lambda s: said("kitchen", s, online=True),
    lambda s: said("kitchen", s, add=1, t=20.0),
    lambda s: said("cellar", s, t=12.0),
    lambda s: said("cellar", s, src="id-9", t=12.5),
    lambda s: said("id-9", s, t=12.6),
    lambda s: said("id-9", s, kind="command"),
    lambda s: said("cellar", s, src="id-9", kind="housekeeping"),
    lambda s: said(
        "bridge", s, others=True, kind="discovery", devices=[{"id": "cellar", "aliases": ["mac:1"], "online": False}]
    ),
    lambda s: said("other", s, src="mac:1", t=9.0),
    lambda s: Message("nobody/knows", b"x", WALL + int(s * NS)),
    lambda s: announcement(s, speed=60),
    lambda s: announcement(s, retained=True),
    lambda s: announcement(s, run=OTHER, devices=[f"{FAMILY}:{PROBE}", f"{FAMILY}:cellar"]),
    lambda s: announcement(s, run=OTHER, retained=True),
    lambda s: beat(s, 60 * s, speed=60),
    lambda s: beat(s, s, run=OTHER),
    cleared,
    lambda s: cleared(s, run=OTHER),
    probe,
    lambda s: probe(s, 9.0, 5.0),
    lambda s: probe(s, -1.0),
    lambda s: imported(PROBE, SIMULATED + int(s * 30 * NS), {AIR: 9.0, PRODUCT: 4.5}, received=WALL + int(s * NS)),
    lambda s: imported(PROBE, SIMULATED - int(s * NS), {AIR: 2.0, PRODUCT: 2.0}, received=WALL + int(s * NS)),
]
COURSE = [(number, 7.0) for number in (17, 25, 26, 21, 26, 28, 27, 23, 26, 18, 19, 22, 26, 11, 12, 13, 14, 15)]
TWO_SPEAK = (0, 0, 0, 0, 0, 9, 11, 13, 9, 10)
"""Two sources give one device's value: the first to speak keeps it."""


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    course=st.lists(st.tuples(st.integers(0, len(MESSAGES) - 1), st.sampled_from([0.0, 1.0, 20.0])), max_size=24),
    cuts=st.sets(st.integers(0, 23)),
)
@example(course=COURSE, cuts=set(range(24)))
@example(course=[(number, 0.0) for number in TWO_SPEAK], cuts={8})
def test_a_restart_between_any_two_records_changes_nothing(course: list[tuple[int, float]], cuts: set[int]) -> None:
    """However the records are grouped, and wherever the hub was killed: the store is the same, and so is memory."""
    messages, second = [], 0.0
    for number, step in course:
        second += step
        messages.append(MESSAGES[number](second))
    with (
        TemporaryDirectory() as one,
        TemporaryDirectory() as other,
        working(Path(one)) as whole,
        working(Path(other)) as cut,
    ):
        whole.take(*messages)
        for number, message in enumerate(messages):
            cut.journal.append(message)
            if number in cuts:
                cut.take()
                cut.restart()
        cut.take()
        assert cut.kept_state() == whole.kept_state()
        cut.restart()
        assert _ordered(cut.memory_state()) == _ordered(whole.memory_state())


def _ordered(memory: dict[str, Any]) -> dict[str, Any]:
    """Return it without the order of what is only looked up, and without clocks that have shown nothing yet."""
    clocks = {uid: clock for uid, clock in memory["clocks"].items() if clock != Clock(clock.since)}
    return memory | {"names": dict(sorted(memory["names"].items())), "clocks": clocks}


def test_an_alarm_is_one_after_a_kill_before_its_commit(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between raising and committing, the next start raises it again, under the same id."""
    hub.take(announcement(), probe(0))
    with monkeypatch.context() as patched:
        patched.setattr(Kept, "commit", _killed)
        with pytest.raises(KeyboardInterrupt):
            hub.take(probe(10, product=5.0))
    assert not hub.alarms()
    hub.restart()
    hub.take()
    (alarm,) = hub.alarms()
    assert alarm.id == f"cold_room.product_high-{RUN}-{(SIMULATED + 10 * NS) // 1_000_000}"
    hub.restart()
    hub.take(probe(20, product=5.1), probe(30, product=5.2))
    assert [each.id for each in hub.alarms()] == [alarm.id]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_delay_that_began_before_a_restart_ends_at_its_time(hub: Hub) -> None:
    """Too warm for 5 min: the restart in between does not begin it anew."""
    hub.take(announcement(), probe(0, air=9.0))
    hub.restart()
    hub.take(probe(200, air=9.0))
    hub.restart()
    hub.take(probe(301, air=9.0))
    alarm = next(each for each in hub.alarms() if each.rule == "air_very_high")
    assert alarm.raised_at == SIMULATED + 300 * NS


def test_alarms_of_back_fill_are_past(hub: Hub) -> None:
    """They ring nobody; what live messages raise does."""
    old = [imported(PROBE, SIMULATED - 3600 * NS, {AIR: 3.0, PRODUCT: 5.0})]
    hub.take(announcement(), *old, imported(PROBE, SIMULATED - 60 * NS, {AIR: 3.0, PRODUCT: 2.0}))
    hub.take(imported(PROBE, SIMULATED - 1 * NS, {AIR: 3.0, PRODUCT: 2.0}), probe(400, product=2.0))
    hub.take(probe(800, product=5.0))
    now, before = (each for each in hub.alarms() if each.rule == "product_high")
    assert (before.past, now.past) == (True, False)
    assert before.raised_at == SIMULATED - 3600 * NS


def test_a_run_that_ended_keeps_its_alarms_and_a_new_one_begins_afresh(hub: Hub) -> None:
    """Nobody measured a return."""
    hub.take(announcement(), probe(1, product=5.0), cleared(2))
    assert hub.worker.engine.runs() == []
    hub.take(announcement(3, run=OTHER), probe(4, product=5.0))
    assert [each.run for each in hub.alarms()] == [OTHER, RUN] or {each.run for each in hub.alarms()} == {OTHER, RUN}
    assert hub.worker.engine.runs() == [OTHER]


# --- failing


def test_a_failed_commit_leaves_memory_as_the_store_has_it(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the step is known; tried again, nothing is lost and nothing doubled."""
    hub.take(announcement(), said("kitchen", t=20.0), probe(0))
    state, delivered = hub.kept_state(), len(hub.delivered)
    step = [said("kitchen", 1, src="id-9", add=1, t=21.0), said("new", 2, t=1), beat(3, 3), probe(4, product=5.0)]
    monkeypatch.setattr(Kept, "commit", failing(1, StoreError("the disk is full")))
    hub.journal.append(*step)
    hub.worker._catch_up()
    assert hub.kept_state() == state
    assert hub.worker.fault == "the disk is full"
    assert hub.worker.failures == 1
    assert len(hub.delivered) == delivered
    before = _ordered(hub.memory_state())
    again = Hub.__new__(Hub)
    again.__dict__.update(hub.__dict__)
    again.open()
    assert before == _ordered(again.memory_state())
    again.kept.close()
    hub.take()
    assert hub.worker.fault is None
    assert [row.value for row in hub.rows() if row.run == REAL] == [20.0, 22.0, 2.0]
    assert len(hub.alarms()) == 1


def test_after_failures_the_store_is_what_it_would_have_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each second commit fails, with the store's error or with a fault of ours: the same in the end."""
    messages = [MESSAGES[number](n * 7.0) for n, (number, _) in enumerate(COURSE)]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with working(tmp_path / "a") as plain, working(tmp_path / "b") as troubled:
        plain.take(*messages)
        for message in messages:
            with monkeypatch.context() as patched:
                patched.setattr(Kept, "commit", failing(1, StoreError("database is locked")))
                troubled.take(message)
        assert troubled.kept_state() == plain.kept_state()


def test_a_message_that_our_code_cannot_take_is_listed_and_left(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one until the culprit is found; all others are stored once."""
    take = Understanding.take

    def faulty(self: Understanding, records: Iterable[Record]) -> Any:  # noqa: ANN401 — as take
        records = list(records)
        if any(b"666" in record.message.payload for record in records):
            msg = "a fault of ours"
            raise ZeroDivisionError(msg)
        return take(self, records)

    monkeypatch.setattr(Understanding, "take", faulty)
    hub.take(said("a", t=1), said("a", 1, t=666), said("a", 2, t=3))
    assert [row.value for row in hub.rows()] == [1.0, 3.0]
    (heard,) = hub.kept.heard(10)
    assert "the hub failed on this message (ZeroDivisionError: a fault of ours)" in (heard.reason or "")
    assert hub.worker.position == 3
    assert hub.worker.fault is None


def test_damage_asks_for_a_new_start(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again would find it again; nothing is read or written until then."""
    monkeypatch.setattr(Kept, "commit", failing(1, StoreError("the file is damaged")))
    monkeypatch.setattr(Kept, "damaged", property(lambda _: True))
    hub.journal.append(said("a", t=1))
    hub.worker._catch_up()
    assert hub.given_up == ["the file is damaged"]


def test_memory_that_cannot_be_read_back_is_read_before_the_next_step(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails at the commit often fails at the reading too; the thread must survive both."""
    hub.take(said("a", t=1))
    with monkeypatch.context() as patched:
        patched.setattr(Kept, "commit", failing(9, StoreError("I/O error")))
        patched.setattr(Kept, "memory", _unreadable)
        hub.journal.append(said("a", 1, add=5, t=1), said("b", 1, t=1))
        hub.worker._catch_up()
        hub.worker._catch_up()
    assert hub.worker.fault is not None
    hub.take()
    assert [row.value for row in hub.rows()] == [1.0, 6.0, 6.0]
    assert hub.worker.fault is None


def _unreadable(*_: object) -> None:
    msg = "I/O error at reading"
    raise StoreError(msg)


def test_the_fault_stays_told_until_something_was_stored(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick that only finds more to read is no sign that the store works again."""
    monkeypatch.setattr(Kept, "commit", failing(5, StoreError("database is locked")))
    hub.journal.append(said("a", t=1))
    hub.worker._catch_up()
    hub.tick()
    assert hub.worker.fault == "database is locked"


# --- time


def test_delays_run_out_by_ticks_on_the_runs_own_clock(hub: Hub) -> None:
    """×60: five minutes too warm are five wall seconds, with or without a new reading."""
    hub.take(announcement(speed=60), probe(0, air=9.0))
    hub.tick(4.0)
    assert not hub.alarms()
    hub.take(beat(4, 240, speed=60))
    hub.tick(5.5)
    (alarm,) = hub.alarms()
    assert (alarm.rule, alarm.raised_at) == ("air_very_high", SIMULATED + 300 * NS)


def test_a_hub_that_is_behind_takes_its_own_delay_for_no_silence(hub: Hub) -> None:
    """Silence is judged only when everything journalled was taken in."""
    hub.take(announcement(), probe(0))
    minutes = [word for minute in range(1, 31) for word in (beat(minute * 60, minute * 60), probe(minute * 60))]
    hub.journal.append(*minutes)
    hub.tick(1800.5)
    hub.take()
    hub.tick(1800.5)
    assert not {"air", "product"} & {alarm.measure for alarm in hub.alarms()}


def test_a_silent_probe_is_told_once_caught_up(hub: Hub) -> None:
    """Ten minutes without a value, and the run's clock went on."""
    hub.take(announcement(), probe(0))
    hub.take(*(beat(minute * 60, minute * 60) for minute in range(1, 12)))
    hub.tick(660.5)
    hub.restart()
    hub.tick(661.5)
    silent = [alarm for alarm in hub.alarms() if alarm.raised_at == SIMULATED + 600 * NS]
    assert {alarm.measure for alarm in silent} >= {"air", "product"}
    assert len({alarm.id for alarm in hub.alarms()}) == len(hub.alarms())


def test_a_history_on_its_way_is_no_silence(hub: Hub) -> None:
    """The run stands at its start until all of it has come; only then is what is missing missed."""
    hub.take(announcement(state="paused", speed=0), imported(PROBE, SIMULATED - 7200 * NS, {AIR: 3.0, PRODUCT: 2.0}))
    hub.tick(1)
    assert not {"air", "product"} & {alarm.measure for alarm in hub.alarms()}
    hub.take(announcement(2))
    hub.tick(3)
    assert {alarm.measure for alarm in hub.alarms()} >= {"air", "product"}


def test_a_device_without_a_history_is_not_missed_at_once(hub: Hub) -> None:
    """It speaks when the run begins: its silence counts from there, wherever the history of the others ends."""
    for ago in (7200, 599):
        hub.take(announcement(state="paused", speed=0), imported(PROBE, SIMULATED - ago * NS, {AIR: 3.0}))
    hub.take(announcement(2))
    hub.tick(3)
    for second, is_missed in ((590, False), (610, True)):
        hub.take(announcement(second, simulated=SIMULATED / NS + second))
        hub.tick(second + 1)
        assert ("product" in {alarm.measure for alarm in hub.alarms()}) is is_missed


def test_a_sentence_and_what_is_computed_follow_the_values_each_second(hub: Hub) -> None:
    """At ×60 that is a minute of the story: what is said agrees with the number beside it."""
    clock = [1.0]
    hub.worker._monotonic = lambda: clock[0]
    hub.take(announcement(), probe(0))
    hub.delivered.clear()
    told = []
    for second in range(10):
        clock[0] = 1.0 + second
        hub.take(probe(second, air=3.0 + second / 10))
        hub.tick(second)
        outcome = hub.delivered[-1]
        assert "cold_room" in outcome.views
        assert outcome.batch.computed["cold_room"]["run"] == outcome.views["cold_room"].run
        told.append(outcome.batch.sentences["cold_room"])
    assert len({each["code"] for each in told}) == 1
    assert [second for second in range(1, 10) if told[second] != told[second - 1]] == [*range(1, 10)]


def test_an_alarm_comes_with_its_sentence(hub: Hub) -> None:
    """In one batch, as it begins and as it ends: no wall says that all is well beside a ringing alarm."""
    clock = [1.0]
    hub.worker._monotonic = lambda: clock[0]
    hub.take(announcement(), probe(0))
    hub.tick(1)
    assert hub.delivered[-1].batch.sentences["cold_room"]["code"] == "calm"
    hub.delivered.clear()
    clock[0] = 1.1
    hub.take(probe(2, product=5.0))
    (told,) = [each.batch for each in hub.delivered if each.batch.alarms]
    assert told.sentences["cold_room"]["code"] != "calm"
    hub.take(probe(300, product=2.0))
    hub.delivered.clear()
    clock[0] = 1.2
    hub.take(probe(610, product=2.0))
    (told,) = [each.batch for each in hub.delivered if each.batch.alarms]
    assert told.sentences["cold_room"]["code"] == "calm"


def test_a_history_on_its_way_says_nothing_and_then_the_story_begins_at_once(hub: Hub) -> None:
    """What of it has come last is hours old on a clock that stands at its end: no sensor is silent for that."""
    hub.take(announcement(state="paused", speed=0), imported(PROBE, SIMULATED - 7200 * NS, {AIR: 3.0, PRODUCT: 2.0}))
    hub.tick(1)
    assert hub.delivered[-1].batch.sentences["cold_room"]["code"] == "waiting"
    hub.take(imported(PROBE, SIMULATED - 60 * NS, {AIR: 3.0, PRODUCT: 2.0}))
    hub.delivered.clear()
    hub.wall = WALL + 3600 * NS  # the hub is behind
    hub.take(announcement(2, speed=60))
    (told,) = [each for each in hub.delivered if each.batch.sentences]
    assert told.batch.sentences["cold_room"]["code"] == "calm"
    assert told.views["cold_room"].now == hub.runs()[RUN].simulated, "its own delay is no sensor's silence"


def test_a_run_that_somebody_paused_still_says_what_stands(hub: Hub) -> None:
    """Played again, every value came as history does; the clock that stands is no history on its way."""
    hub.take(announcement(state="paused", speed=0), imported(PROBE, SIMULATED - 60 * NS, {AIR: 3.0, PRODUCT: 2.0}))
    hub.take(announcement(1), imported(PROBE, SIMULATED, {AIR: 3.0, PRODUCT: 2.0}))
    hub.take(announcement(2, state="paused", speed=0))
    hub.tick(3)
    assert hub.delivered[-1].batch.sentences["cold_room"]["code"] == "calm"


def test_nothing_is_told_of_a_use_case_that_nobody_plays(hub: Hub) -> None:
    """No view without a reading."""
    hub.take(said("kitchen", t=1))
    hub.delivered.clear()
    hub.tick()
    assert hub.delivered == []


# --- acknowledging


def test_an_acknowledgement_is_stored_at_the_runs_time(hub: Hub) -> None:
    """And told to the viewers."""
    hub.take(announcement(), probe(1, product=5.0), beat(60, 60))
    hub.wall = WALL + 61 * NS
    (alarm,) = hub.alarms()
    hub.worker.acknowledge(alarm.id, "Odile", "the door was open")
    (kept,) = hub.alarms()
    assert kept.state is AlarmState.ACKNOWLEDGED
    assert (kept.acknowledged_by, kept.comment) == ("Odile", "the door was open")
    assert kept.acknowledged_at == SIMULATED + 61 * NS
    assert hub.delivered[-1].batch.alarms == [kept]
    hub.restart()
    hub.take(probe(62, product=5.0))
    assert hub.alarms()[0].state is AlarmState.ACKNOWLEDGED


def test_an_unknown_alarm_cannot_be_acknowledged(hub: Hub) -> None:
    """Said by its name."""
    with pytest.raises(NotFoundError, match="nothing"):
        hub.worker.acknowledge("nothing", "Odile", None)


def test_an_acknowledgement_that_was_not_stored_was_not_made(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was told that it failed must not find it done later."""
    hub.take(announcement(), probe(1, product=5.0))
    (alarm,) = hub.alarms()
    with monkeypatch.context() as patched:
        patched.setattr(Kept, "commit", failing(1, StoreError("the disk is full")))
        with pytest.raises(StoreError):
            hub.worker.acknowledge(alarm.id, "Odile", None)
    hub.take(probe(2, product=5.1))
    hub.tick(3)
    hub.restart()
    assert hub.alarms()[0].state is AlarmState.UNACKNOWLEDGED


# --- the thread


@pytest.fixture
def running(hub: Hub) -> Iterator[Hub]:
    """Lend a hub whose worker runs in its thread."""
    hub.worker.start()
    yield hub
    hub.worker.stop()


def test_the_thread_takes_what_it_is_woken_for(running: Hub) -> None:
    """Any number of wakes is one."""
    running.journal.append(said("a", t=1))
    for _ in range(100):
        running.worker.wake()
    until("it is stored", lambda: running.worker.position == 1)
    assert running.worker._jobs.qsize() <= 1


def test_the_thread_looks_by_itself_when_nobody_wakes_it(running: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of the ingest may be lost."""
    monkeypatch.setattr(worker_module, "TICK", 0.05)
    running.journal.append(said("a", t=1))
    until("it is stored", lambda: running.worker.position == 1)


def many(count: int) -> list[Message]:
    """Return messages that came within a moment."""
    return [said("kitchen", number / 1e4, t=20.0 + number) for number in range(count)]


@pytest.fixture
def clock(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Lend what paces the worker, in seconds."""
    now = [100.0]
    monkeypatch.setattr(hub.worker, "_monotonic", lambda: now[0])
    return now


def test_what_follows_a_step_of_many_is_waited_for_and_taken_together(hub: Hub, clock: list[float]) -> None:
    """A commit of many costs little more than one of few."""
    hub.take(*many(200))
    hub.journal.append(said("kitchen", 1, t=1.0))
    hub.worker._rise()
    assert hub.worker.position == 200
    clock[0] += 200 * worker_module.REST
    hub.worker._rise()
    assert hub.worker.position == 201


def test_nobody_rests_longer_than_a_frame_of_the_page_lasts(hub: Hub, clock: list[float]) -> None:
    """However many the step before took."""
    hub.take(*many(2_000))
    hub.journal.append(said("kitchen", 1, t=1.0))
    clock[0] += worker_module.LONGEST_REST
    hub.worker._rise()
    assert hub.worker.position == 2_001


def test_a_room_full_of_devices_is_taken_as_it_comes(hub: Hub, clock: list[float]) -> None:
    """A few messages at a time: five milliseconds later nobody waits for company."""
    hub.take(*many(10))
    hub.journal.append(said("kitchen", 1, t=1.0))
    clock[0] += 0.005
    hub.worker._rise()
    assert hub.worker.position == 11


def test_what_comes_from_servers_waits_a_moment_for_company(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    """To ask them costs as much for one message as for sixty; the first after a pause waits for nobody."""
    monkeypatch.setattr(hub.worker, "_least_rest", worker_module.SHARED_REST)
    hub.journal.append(said("kitchen", t=1.0))
    hub.worker._rise()
    assert hub.worker.position == 1
    hub.journal.append(said("kitchen", 1, t=2.0))
    clock[0] += worker_module.SHARED_REST / 2
    hub.worker._rise()
    assert hub.worker.position == 1
    clock[0] += worker_module.SHARED_REST
    hub.worker._rise()
    assert hub.worker.position == 2


def test_a_backlog_rests_for_nobody(hub: Hub, monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """A job that comes between two of its steps is done, and the next step follows at once."""
    monkeypatch.setattr(worker_module, "CHUNK", 50)
    hub.journal.append(*many(120))
    hub.worker.wake()
    hub.worker.call(lambda: None)
    while not hub.worker._jobs.empty():
        job = hub.worker._jobs.get()
        assert job is not None
        job()
    assert (hub.worker.position, clock) == (120, [100.0])


def test_a_backlog_that_gives_way_leaves_it_to_the_link_how_far_the_journal_goes(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said again by the worker, an end of a moment ago would take the place of what the link says just then."""
    monkeypatch.setattr(worker_module, "CHUNK", 50)
    hub.journal.append(*many(120))
    hub.worker.call(lambda: None)
    said_again: list[int] = []
    monkeypatch.setattr(hub.worker, "wake", lambda end=0: said_again.append(end))
    hub.worker._catch_up()
    assert hub.worker.position == 50
    assert (said_again, hub.worker._woken, hub.worker._jobs.qsize()) == ([], True, 2)


def test_two_words_at_once_that_the_journal_has_grown_keep_nobody_from_taking_it(hub: Hub) -> None:
    """A step is taken before it is looked who waits: two that gave way to each other went round for ever."""
    hub.journal.append(said("kitchen", t=21.5))
    for _ in range(2):  # from the link's thread and from the worker's own, at the same instant
        hub.worker._jobs.put(hub.worker._rise)
    for _ in range(5):
        if not hub.worker._jobs.empty() and (job := hub.worker._jobs.get()) is not None:
            job()
    assert (hub.worker.position, hub.worker._jobs.empty()) == (1, True)


def test_the_thread_takes_what_rested(running: Hub) -> None:
    """Nobody wakes it again."""
    running.journal.append(*many(100))
    running.worker.wake()
    until("they are stored", lambda: running.worker.position == 100)
    running.journal.append(said("kitchen", 1, t=1.0))
    running.worker.wake()
    until("the last one is stored", lambda: running.worker.position == 101)


def test_delays_run_out_while_the_newest_messages_rest(hub: Hub) -> None:
    """Up to the last one that was read; a busy broker always has another on its way."""
    hub.take(announcement(speed=60), probe(0, air=9.0))
    hub.take(beat(5.5, 330, speed=60))
    hub.journal.append(beat(5.6, 336, speed=60))
    hub.tick(5.6)
    (alarm,) = hub.alarms()
    assert (alarm.rule, alarm.raised_at) == ("air_very_high", SIMULATED + 300 * NS)


def test_jobs_run_between_steps_and_hand_back_their_result(running: Hub) -> None:
    """Or their error."""
    assert running.worker.call(lambda: threading.current_thread().name).result(30) == "worker"
    with pytest.raises(NotFoundError):
        running.worker.call(lambda: running.worker.acknowledge("nothing", "Odile", None)).result(30)


def test_a_caller_that_has_gone_does_not_stop_the_thread(running: Hub) -> None:
    """Its future was cancelled before the job's turn came, or while it ran."""
    started, go = threading.Event(), threading.Event()

    def slow() -> None:
        started.set()
        go.wait(30)

    first = running.worker.call(slow)
    started.wait(30)
    second = running.worker.call(lambda: 1)
    second.cancel()
    first.cancel()
    go.set()
    assert running.worker.call(lambda: 2).result(30) == 2


def test_nobody_waits_for_a_thread_that_has_ended(running: Hub) -> None:
    """Neither who asked before the end and was not served, nor who asks after it."""
    busy, free, stop = threading.Event(), threading.Event(), threading.Thread(target=running.worker.stop)

    def slow() -> None:
        busy.set()
        free.wait(30)

    running.worker.call(slow)
    assert busy.wait(30)
    stop.start()
    until("it was told to end", lambda: running.worker._jobs.qsize() > 0)
    late = running.worker.call(lambda: "never")
    free.set()
    stop.join(30)
    for asked in (late, running.worker.call(lambda: "nor this")):
        with pytest.raises(StoreError, match="stopping"):
            asked.result(30)


def test_ticks_come_even_when_jobs_always_wait(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy broker must not keep delays from running out."""
    monkeypatch.setattr(worker_module, "TICK", 0.01)
    ticks: queue.SimpleQueue[float] = queue.SimpleQueue()
    monkeypatch.setattr(hub.worker, "_tick", lambda: ticks.put(time.monotonic()))
    stop = threading.Event()

    def busy() -> None:
        if not stop.is_set():
            hub.worker._jobs.put(busy)

    hub.worker._jobs.put(busy)
    hub.worker.start()
    try:
        ticks.get(timeout=30)
    finally:
        stop.set()
        hub.worker.stop()


def test_a_journal_that_cannot_be_read_is_tried_again(running: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread lives on, says what is wrong, and goes on once it can."""
    monkeypatch.setattr(worker_module, "TICK", 0.02)
    monkeypatch.setattr(worker_module, "RETRY", 0.01)
    real = type(running.journal).read

    def broken(*_: object) -> list[Record]:
        msg = "I/O error"
        raise StoreError(msg)

    monkeypatch.setattr(type(running.journal), "read", broken)
    running.journal.append(said("a", t=1))
    until("the fault is told", lambda: running.worker.fault == "I/O error")
    monkeypatch.setattr(type(running.journal), "read", real)
    until("it is stored", lambda: running.worker.position == 1)
