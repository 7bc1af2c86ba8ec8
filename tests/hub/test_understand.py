"""What messages change: which timeline they belong to, what is stored, who is asked, what is refused and why."""

import json
from collections.abc import Iterable
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from hub import understand
from hub.model import MAX_WHOLE, NS, REAL, Availability, Message, Quality, Record, Source, TimeSource
from hub.registry import Registry, load_drivers
from hub.understand import MADE_UP, UNKNOWN_AGE, Changes, Memory, Understanding
from servers.acme import (
    FAMILY,
    PROBE,
    RUN,
    SIMULATED,
    WALL,
    announcement,
    beat,
    cleared,
    imported,
    journalled,
    registry,
    said,
)

PARIS = ZoneInfo("Europe/Paris")
KITCHEN, SIM = f"{FAMILY}:kitchen", f"{FAMILY}:{PROBE}"
OTHER = "cold-room-20261124t080000-ffff"


def understanding(
    memory: Memory | None = None,
    *,
    asks: bool = True,
    foreign: bool = False,
    now: float = 0,
    topics: tuple[str, ...] = ("#",),
    of: Registry | None = None,
    personal: bool = False,
) -> Understanding:
    """Return one that reads local times in Paris, `now` seconds after WALL."""
    return Understanding(
        of or registry(),
        memory or Memory(),
        zone=PARIS,
        asks=asks,
        foreign=foreign,
        wall=lambda: WALL + int(now * NS),
        topics=topics,
        personal=personal,
    )


def take(mind: Understanding, *messages: Message | Record) -> Changes:
    """Take messages, or records, and return all that they change."""
    records = [each if isinstance(each, Record) else Record(n, each) for n, each in enumerate(messages, 1)]
    whole = Changes()
    while records:
        changes = mind.take(records)
        for name in ("readings", "shown", "past", "asks", "names", "seen", "heard"):
            getattr(whole, name).extend(getattr(changes, name))
        for name in ("known", "contexts", "clocks", "runs", "marks", "recent"):
            getattr(whole, name).update(getattr(changes, name))
        for name in ("understood", "refused", "repeats"):
            setattr(whole, name, getattr(whole, name) + getattr(changes, name))
        records = [record for record in records if record.position > changes.position]
    return whole


def reasons(changes: Changes) -> list[str]:
    """Return why messages were not understood."""
    return [heard.reason or "" for heard in changes.heard]


def erased(topic: str) -> Message:
    """Return the message that takes what a broker kept of a topic off it."""
    return Message(topic, b"", WALL + NS)


def test_taking_a_known_topic_off_the_broker_is_housekeeping() -> None:
    """A runner does it with all that its devices left there: nothing of it is a message that nobody understands."""
    mind = understanding()
    changes = take(mind, said("kitchen", t=21.5), erased("acme/kitchen/SENSOR"))
    assert (changes.understood, changes.refused, changes.heard) == (2, 0, [])
    changes = take(mind, announcement(), erased(f"acme/{PROBE}/LWT"))
    assert (changes.refused, changes.heard) == (0, [])
    changes = take(mind, erased("acme/never/heard"), erased("nobody/knows"))
    assert (changes.understood, changes.refused) == (0, 2)


def runs(changes: Changes) -> list[str]:
    """Return the timelines of the readings."""
    return [reading.run for reading in changes.readings]


# --- timelines


def test_a_message_that_nobody_announced_is_real() -> None:
    """Its reading lies at its arrival, on the wall clock."""
    changes = take(understanding(), said("kitchen", t=21.5))
    (reading,) = changes.readings
    assert (reading.device, reading.channel, reading.unit, reading.value) == (KITCHEN, "t", "°C", 21.5)
    assert (reading.run, reading.time, reading.time_source) == (REAL, WALL, TimeSource.ARRIVAL)
    assert changes.known[KITCHEN].run == REAL
    assert changes.shown == changes.readings
    assert not changes.past


def test_what_matches_an_announced_filter_lies_on_its_run_at_the_runs_time() -> None:
    """A message without time gets the run's clock, by its newest beat."""
    changes = take(understanding(), announcement(), beat(10, 600, speed=60), said(PROBE, 11, t=3.0))
    (reading,) = changes.readings
    assert reading.run == RUN
    assert reading.time == SIMULATED + 660 * NS
    assert changes.known[SIM].run == RUN
    assert changes.marks == {SIM: RUN}
    assert changes.runs[RUN].state == "running"


def test_what_was_simulated_once_stays_so_without_its_runner() -> None:
    """After the run has ended, and after a restart, its device is no real one."""
    mind = understanding()
    changes = take(mind, announcement(), said(PROBE, 1, t=3.0), cleared(2), said(PROBE, 3, t=3.1))
    assert runs(changes) == [RUN, RUN]
    again = understanding(Memory(devices=mind.devices.values(), marks=changes.marks, runs=changes.runs.values()))
    assert runs(take(again, said(PROBE, 60, t=3.2))) == [RUN]


def test_the_import_door_belongs_to_its_run_and_its_own_times() -> None:
    """Back-fill changes what is known of the past, shows nothing as new, and is never late or real."""
    changes = take(understanding(), imported(PROBE, SIMULATED - 3600 * NS, {"t": 3.0}))
    (reading,) = changes.readings
    assert (reading.run, reading.time) == (RUN, SIMULATED - 3600 * NS)
    assert changes.past == [reading]
    assert not changes.shown
    assert changes.known[SIM].run == RUN


def test_a_retained_announcement_marks_and_nothing_else_until_its_first_beat() -> None:
    """What a dead runner left at the broker is no living run."""
    mind = understanding()
    changes = take(mind, announcement(retained=True), said(PROBE, 1, t=3.0))
    assert changes.runs[RUN].state == "announced"
    assert runs(changes) == [RUN]
    assert take(mind, beat(2, 2)).runs[RUN].state == "running"


def test_a_retained_announcement_of_a_dead_run_takes_nothing_from_the_living_one() -> None:
    """A crashed runner's announcement is delivered again at each new session, in whatever order."""
    mind = understanding()
    changes = take(
        mind, announcement(run=OTHER), announcement(1, retained=True), beat(2, 2, run=OTHER), said(PROBE, 3, t=3.0)
    )
    assert changes.runs[OTHER].state == "running"
    assert changes.runs[RUN].state == "announced"
    assert changes.marks == {SIM: OTHER}
    assert runs(changes) == [OTHER]


def test_an_ended_run_announced_again_by_the_broker_ends_nobody() -> None:
    """The broker repeats what it retained; the living run's beats must go on."""
    mind = understanding()
    changes = take(mind, announcement(), announcement(1, run=OTHER), announcement(2, retained=True))
    assert (changes.runs[RUN].state, changes.runs[OTHER].state) == ("ended", "running")
    assert take(mind, beat(3, 3, run=OTHER)).runs[OTHER].state == "running"


def test_of_two_retained_announcements_the_one_that_beats_takes_the_devices() -> None:
    """The first beat tells which runner lives: the other run is over."""
    mind = understanding()
    take(mind, announcement(retained=True), announcement(retained=True, run=OTHER))
    changes = take(mind, beat(1, 1), said(PROBE, 2, t=3.0))
    assert changes.runs[RUN].state == "running"
    assert changes.runs[OTHER].state == "ended"
    assert changes.marks == {SIM: RUN}
    assert runs(changes) == [RUN]


def test_a_device_known_as_real_is_never_marked_and_the_refusal_is_listed() -> None:
    """By its uid or by any other name of it."""
    mind = understanding()
    take(mind, said("cellar", t=12.0), said("cellar", 1, src="id-9", t=12.0))
    claimed = [f"{FAMILY}:cellar", f"{FAMILY}:id-9", SIM]
    changes = take(mind, announcement(2, devices=claimed), said("cellar", 3, t=12.5))
    assert runs(changes) == [REAL]
    assert f"{FAMILY}:cellar" not in changes.marks
    assert f"{FAMILY}:id-9" not in changes.marks
    assert changes.marks[SIM] == RUN
    assert [reason for reason in reasons(changes) if "stays real" in reason] == [
        f"{FAMILY}:cellar is known as a real device and stays real",
        f"{FAMILY}:id-9 is known as a real device and stays real",
    ]


def test_a_filter_announced_later_does_not_hide_a_real_device() -> None:
    """`acme/simon/#` holds 'sim', but Simon's sensor was real before; it is said once, not at each message."""
    mind = understanding()
    take(mind, said("simon", t=20.0))
    changes = take(
        mind, announcement(1, devices=[], topics=["acme/simon/#"]), said("simon", 2, t=20.5), said("simon", 3, t=20.6)
    )
    assert runs(changes) == [REAL, REAL]
    assert not changes.marks
    assert [reason for reason in reasons(changes) if f"{FAMILY}:simon" in reason and "stays real" in reason]
    assert len(changes.heard) == 1


def test_what_a_network_made_up_is_never_real() -> None:
    """The device is marked for ever, at the wall's time: it is no run of ours."""
    mind = understanding()
    changes = take(mind, said("kitchen", t=1, made_up=True), said("kitchen", 5, t=2))
    assert runs(changes) == [MADE_UP, MADE_UP]
    assert [reading.time for reading in changes.readings] == [WALL, WALL + 5 * NS]
    assert changes.known[KITCHEN].run == MADE_UP
    assert changes.marks == {KITCHEN: MADE_UP}


def test_what_a_network_makes_up_of_a_real_device_leaves_it_real() -> None:
    """Only that message's values are marked."""
    changes = take(
        understanding(), said("kitchen", t=1), said("kitchen", 5, t=2, made_up=True), said("kitchen", 9, t=3)
    )
    assert runs(changes) == [REAL, MADE_UP, REAL]
    assert changes.known[KITCHEN].run == REAL
    assert changes.marks == {}


def test_a_replay_of_a_real_device_lies_on_its_run_and_leaves_it_real() -> None:
    """The import door says the run itself."""
    mind = understanding()
    take(mind, said("kitchen", t=20.0))
    changes = take(mind, imported("kitchen", WALL - 86_400 * NS, {"t": 19.0}), said("kitchen", 1, t=20.1))
    assert runs(changes) == [RUN, REAL]
    assert mind.devices[KITCHEN].run == REAL


@pytest.mark.parametrize(
    "message",
    [
        announcement(run=REAL),
        replace(announcement(), topic=f"matinales/sim/{OTHER}"),
        announcement(speed=-1),
        announcement(speed=1e30),
        announcement(simulated=1e300),
        announcement(wall="9999-12-31T23:59:59Z"),
        announcement(wall=-5),
    ],
)
def test_an_announcement_that_cannot_be_true_is_refused_whole(message: Message) -> None:
    """`real` is no run, another's topic is not one's own, and a clock that leaves all time would break the rules'."""
    mind = understanding()
    changes = take(mind, message, said(PROBE, 1, t=3.0))
    assert changes.refused == 1
    assert not changes.runs
    assert not changes.marks
    assert runs(changes) == [REAL]


def test_the_newest_living_run_takes_a_topic_whoever_announced_again() -> None:
    """A speed change announces again; the runs and their order in the store decide, so a restart decides alike."""
    mind = understanding()
    first = take(mind, announcement(), announcement(1, run=OTHER, devices=[]), announcement(2, speed=60))
    again = understanding(Memory(runs=first.runs.values(), marks=first.marks))
    for each in (mind, again):
        assert each.timelines.of(f"acme/{PROBE}/SENSOR") == OTHER


def test_a_filter_that_a_new_announcement_leaves_out_is_gone() -> None:
    """As it would be after a restart."""
    mind = understanding()
    changes = take(mind, announcement(), announcement(1, topics=["acme/other-sim/#"]))
    again = understanding(Memory(runs=changes.runs.values(), marks=changes.marks))
    for each in (mind, again):
        assert each.timelines.of(f"acme/{PROBE}/SENSOR") is None
        assert each.timelines.of("acme/other-sim/SENSOR") == RUN


def test_a_paused_or_ended_run_stands_still_for_what_arrives() -> None:
    """Whatever speed its last word had."""
    mind = understanding()
    changes = take(mind, announcement(state="paused", speed=60), said(PROBE, 30, t=3.0))
    assert [reading.time for reading in changes.readings] == [SIMULATED]


def test_topics_of_the_hub_never_become_devices() -> None:
    """Beats of strangers, housekeeping, broken announcements: at most a line in the list."""
    changes = take(
        understanding(),
        Message("matinales/sim/x/clock", b'{"t": 1}', WALL),
        Message("matinales/sim/x", b"nonsense", WALL),
        Message("matinales/devices/kitchen", b'{"t": 1}', WALL),
        Message("matinales/t", b"21.5", WALL),
        beat(0, 0),
    )
    assert not changes.known
    assert not changes.readings
    assert changes.refused == 2
    assert changes.understood == 3


# --- times, repeats, quality


def test_a_retained_value_without_time_is_shown_and_not_stored() -> None:
    """Nobody knows its age, so it is no measure."""
    changes = take(understanding(), said("kitchen", retained=True, t=21.5))
    assert not changes.readings
    assert [(each.value, each.time) for each in changes.shown] == [(21.5, UNKNOWN_AGE)]
    assert changes.known[KITCHEN].availability is None


def test_a_retained_value_with_a_time_of_its_own_is_never_stored_as_fresh() -> None:
    """A device first met through an hour-old retained message: its clock is not known, nor is the value's age."""
    changes = take(understanding(), said("kitchen", retained=True, t=21.5, at=WALL - 3600 * NS))
    assert not changes.readings
    assert [each.time for each in changes.shown] == [UNKNOWN_AGE]
    assert not changes.clocks


def test_a_retained_value_of_a_trusted_clock_has_that_clocks_age() -> None:
    """What is known of the clock says when it was measured."""
    mind = understanding()
    take(mind, said("kitchen", t=21.0, at=WALL))
    changes = take(mind, said("kitchen", 60, retained=True, t=21.5, at=WALL + 5 * NS))
    assert [(each.time, each.time_source) for each in changes.readings] == [(WALL + 5 * NS, TimeSource.DEVICE)]


def test_local_times_are_read_in_the_hubs_zone() -> None:
    """21 September 2026, 16:13:20 in Paris is 14:13:20Z; nothing but the time is kept of it."""
    local = WALL + 2 * 3600 * NS
    changes = take(understanding(), said("kitchen", t=21.5, at=local, local=True))
    assert [(each.time, each.time_source) for each in changes.readings] == [(WALL, TimeSource.DEVICE)]
    assert not changes.seen  # the stored time tells a repeat: no other memory is needed


def test_late_without_time_is_marked_late() -> None:
    """Received while a resumed session drained."""
    changes = take(understanding(), Record(1, said("kitchen", t=21.5), late=True))
    assert [each.time_source for each in changes.readings] == [TimeSource.LATE]


def test_a_backlog_of_a_trusted_clock_is_history() -> None:
    """Its own old times are kept."""
    mind = understanding()
    take(mind, said("kitchen", t=21.0, at=WALL))
    changes = take(mind, Record(2, said("kitchen", 600, t=21.5, at=WALL + 10 * NS), late=True))
    assert [(each.time, each.time_source) for each in changes.readings] == [(WALL + 10 * NS, TimeSource.DEVICE)]


def test_out_of_range_is_kept_and_uncertain() -> None:
    """Never clamped, never dropped."""
    changes = take(understanding(), said("kitchen", t=300.0))
    assert [(each.value, each.quality) for each in changes.readings] == [(300.0, Quality.UNCERTAIN)]


def test_a_repeat_that_the_journal_marked_changes_nothing() -> None:
    """Counted as a repeat, not as understood, not stored, nobody asked."""
    changes = take(understanding(), Record(1, said("kitchen", t=21.5), repeat=True))
    assert (changes.repeats, changes.understood) == (1, 0)
    assert not changes.readings
    assert not changes.known
    assert not changes.asks


def test_a_repeat_is_known_by_its_own_time_where_another_is_stored() -> None:
    """A clock an hour off: stored by arrival, so only (device, own time, hash) tells; across restarts too."""
    mind = understanding()
    first = take(mind, said("kitchen", t=21.5, at=WALL - 3600 * NS))
    assert [each.time for each in first.readings] == [WALL]
    again = understanding(Memory(devices=mind.devices.values(), clocks=first.clocks, seen=first.seen))
    for each in (mind, again):
        changes = take(each, said("kitchen", 5, t=21.5, at=WALL - 3600 * NS))
        assert changes.repeats == 1
        assert not changes.readings
        assert not changes.shown
        other = take(each, said("kitchen", 6, t=21.6, at=WALL - 3600 * NS))
        assert len(other.readings) == 1


def test_values_of_one_message_are_no_repeats_of_each_other() -> None:
    """Several times in one message, in any order, on a clock that is off."""
    old, older = WALL - 3600 * NS, WALL - 7200 * NS
    changes = take(understanding(), said("kitchen", a=[1.0, old], b=[2.0, older], c=[3.0, old], d=[4.0, None]))
    assert [each.channel for each in changes.readings] == ["a", "b", "c", "d"]
    assert changes.repeats == 0


def test_two_equal_messages_without_time_are_two() -> None:
    """Two presses of one button are two: only what can be told apart is a repeat."""
    changes = take(understanding(), said("kitchen", t=1), said("kitchen", 1, t=1))
    assert [each.time for each in changes.readings] == [WALL, WALL + NS]


# --- asking


def test_a_device_is_asked_once_at_first_sight() -> None:
    """Not again while it goes on speaking."""
    changes = take(understanding(), said("kitchen", t=1), said("kitchen", 1, t=2), said("kitchen", 2, online=True))
    assert changes.asks == [("acme/kitchen/ask", b"acme/kitchen/SENSOR")]


def test_it_is_asked_again_when_it_comes_back() -> None:
    """Offline, then Online: what it did meanwhile is not known. An Online without Offline is no news."""
    mind = understanding()
    take(mind, said("kitchen", online=True))
    assert not take(mind, said("kitchen", 1, online=False)).asks
    assert len(take(mind, said("kitchen", 2, online=True)).asks) == 1
    assert not take(mind, said("kitchen", 3, online=True)).asks


def test_a_device_first_heard_offline_is_asked_when_it_is_online() -> None:
    """Nobody is there to answer before; the retained last will is often the first word."""
    mind = understanding()
    assert not take(mind, said("kitchen", online=False, retained=True)).asks
    assert len(take(mind, said("kitchen", 1, online=True)).asks) == 1


@pytest.mark.parametrize(
    ("messages", "asks", "now"),
    [
        ([imported(PROBE, SIMULATED, {"t": 1})], True, 0.0),
        ([imported("kitchen", WALL, {"t": 1})], True, 0.0),
        ([announcement(), said(PROBE, t=1)], True, 0.0),
        ([said("kitchen", t=1)], True, 3600.0),
        ([said("kitchen", t=1)], False, 0.0),
        ([said("kitchen", kind="command")], True, 0.0),
    ],
    ids=["back-fill", "replay", "simulated", "old backlog", "asks off", "a command seen"],
)
def test_nobody_is_asked(messages: Iterable[Message], asks: bool, now: float) -> None:  # noqa: FBT001 — a parameter
    """Not for imports and replays, not the simulated, not for a backlog, not when told not to."""
    assert not take(understanding(asks=asks, now=now), *messages).asks


def test_after_a_backlog_the_first_fresh_word_is_a_first_sight() -> None:
    """A hub that was away an hour asks once it hears the device now."""
    mind = understanding(now=3600)
    assert not take(mind, said("kitchen", t=1), said("kitchen", 1, online=True)).asks
    assert len(take(mind, said("kitchen", 3600, t=2), said("kitchen", 3601, t=2)).asks) == 1


AGAIN = "acme/kitchen/again"


def repeats(changes: Changes) -> int:
    """Return how often the kitchen is asked to say what is missing."""
    return [topic for topic, _ in changes.asks].count(AGAIN)


@pytest.mark.parametrize("content", [{"t": 1}, {"refuse": "who are you"}, {"kind": "housekeeping"}])
def test_a_sender_is_asked_for_what_is_missing(content: dict[str, Any]) -> None:
    """Whether its message was read or refused; not again within a minute, whatever goes on missing."""
    mind = understanding()
    assert repeats(take(mind, *[said("kitchen", n, missing=AGAIN, **content) for n in range(59)])) == 1
    assert repeats(take(mind, said("kitchen", 61, missing=AGAIN, **content))) == 1


@pytest.mark.parametrize(
    ("messages", "asks", "now"),
    [
        ([imported("kitchen", WALL, {"t": 1, "missing": AGAIN})], True, 0.0),
        ([announcement(), said(PROBE, t=1, missing=AGAIN)], True, 0.0),
        ([said("kitchen", t=1, missing=AGAIN, retained=True)], True, 0.0),
        ([said("kitchen", refuse="no", missing=AGAIN)], True, 3600.0),
        ([said("kitchen", refuse="no", missing=AGAIN)], False, 0.0),
    ],
    ids=["import", "simulated", "retained", "old backlog", "a foreign broker without consent"],
)
def test_nobody_is_asked_for_what_is_missing(messages: Iterable[Message], asks: bool, now: float) -> None:  # noqa: FBT001 — a parameter
    """By the same consent as at first sight."""
    assert not repeats(take(understanding(asks=asks, now=now), *messages))


def test_what_a_refused_message_taught_is_kept() -> None:
    """Its driver remembers it, and so does the store."""
    changes = take(understanding(), said("kitchen", refuse="no", add=2))
    assert changes.contexts
    assert changes.refused == 1


# --- leaving


def test_a_device_that_is_gone_by_its_own_word_is_removed_until_it_speaks() -> None:
    """Nothing of it is erased, and it is offline."""
    mind = understanding()
    take(mind, said("kitchen", t=1))
    gone = take(mind, said("kitchen", 1, gone=True)).known[KITCHEN]
    assert (gone.removed, gone.availability) == (True, Availability.OFFLINE)
    again = take(mind, said("kitchen", 2, t=2)).known[KITCHEN]
    assert (again.removed, again.availability) == (False, Availability.ONLINE)


def test_who_was_never_here_cannot_leave() -> None:
    """A cleared topic makes no device."""
    assert not take(understanding(), said("kitchen", gone=True)).known


# --- history and privacy


def test_what_is_historical_is_stored_at_its_time_and_not_shown() -> None:
    """By the device's own word, however its clock looks; nobody's clock is judged by it."""
    changes = take(understanding(), said("kitchen", t=1, at=WALL - 3600 * NS, past=True), said("kitchen", 1, t=2))
    assert [(r.value, r.time, r.time_source) for r in changes.readings] == [
        (1, WALL - 3600 * NS, TimeSource.DEVICE),
        (2, WALL + NS, TimeSource.ARRIVAL),
    ]
    assert [reading.value for reading in changes.shown] == [2]
    assert not changes.clocks


def test_where_a_person_is_is_not_kept_unless_allowed() -> None:
    """No device, no reading, and the list of refusals names the setting but shows no payload."""
    mind = understanding(of=registry(personal=True))
    changes = take(mind, said("kitchen", t=1))
    assert not any([changes.known, changes.readings, changes.shown, changes.names, mind.devices])
    ((heard),) = changes.heard
    assert "HUB_PERSONAL=on" in (heard.reason or "")
    assert heard.payload == b""


def test_where_a_person_is_is_kept_where_allowed() -> None:
    """Like any other; the list of messages still shows no payload (it may name Wi-Fi networks)."""
    changes = take(understanding(of=registry(personal=True), personal=True), said("kitchen", t=1))
    assert [reading.value for reading in changes.readings] == [1]
    assert [heard.payload for heard in changes.recent.values()] == [b""]


# --- devices


def test_other_names_lead_to_one_device() -> None:
    """First heard under its topic's prefix, then with its own id: one device, the first name for ever."""
    mind = understanding()
    changes = take(mind, said("cellar", t=1.0), said("cellar", 1, src="plus1pm-aabbcc", t=2.0), said("cellar", 2, t=3))
    assert {reading.device for reading in changes.readings} == {f"{FAMILY}:cellar"}
    assert list(mind.devices) == [f"{FAMILY}:cellar"]
    assert mind.resolve(f"{FAMILY}:plus1pm-aabbcc") == f"{FAMILY}:cellar"
    assert (f"{FAMILY}:plus1pm-aabbcc", f"{FAMILY}:cellar", 2) in changes.names


def test_a_name_is_remembered_only_of_a_device() -> None:
    """A command seen on the wire, or a bridge, makes no name: a restart would not know it either."""
    mind = understanding()
    changes = take(
        mind,
        said("ghost", kind="command"),
        said("bridge", 1, others=True, kind="housekeeping"),
        said("cellar", 2, src="ghost", t=1.0),
    )
    assert list(mind.devices) == [f"{FAMILY}:ghost"]
    assert [name for name, _, _ in changes.names] == [f"{FAMILY}:ghost", f"{FAMILY}:cellar"]


def test_housekeeping_may_name_a_known_device() -> None:
    """A status answer without a value tells who is behind a prefix."""
    mind = understanding()
    take(mind, said("cellar", t=1.0))
    changes = take(mind, said("cellar", 1, src="id-9", kind="housekeeping"))
    assert changes.names == [(f"{FAMILY}:id-9", f"{FAMILY}:cellar", 1)]


def test_who_speaks_is_online_and_a_last_will_is_offline() -> None:
    """A device's own words, in order."""
    mind = understanding()
    assert take(mind, said("kitchen", t=1.0)).known[KITCHEN].availability is Availability.ONLINE
    assert take(mind, said("kitchen", 1, online=False)).known[KITCHEN].availability is Availability.OFFLINE
    assert take(mind, said("kitchen", 2, t=1.0)).known[KITCHEN].availability is Availability.ONLINE


def test_a_bridge_names_devices_and_says_who_is_there_but_makes_none() -> None:
    """A device is made by its first own word; what its bridge says of it later counts."""
    mind = understanding()
    words = {"id": "door", "aliases": ["ieee:0x1"], "name": "Cellar door", "online": False}
    changes = take(mind, said("bridge", others=True, kind="discovery", devices=[words]))
    assert not changes.known
    assert [name for name, _, _ in changes.names] == [f"{FAMILY}:door", "ieee:0x1"]
    take(mind, said("door", 1, contact=1))
    changes = take(mind, said("bridge", 2, others=True, kind="discovery", devices=[words]))
    device = changes.known[f"{FAMILY}:door"]
    assert (device.name, device.availability) == ("Cellar door", Availability.OFFLINE)
    assert f"{FAMILY}:bridge" not in mind.devices


def test_imported_history_keeps_its_times_on_the_real_timeline() -> None:
    """Years later too; nobody is online for it, and the device's clock is not judged by it."""
    mind = understanding()
    past = WALL - 3 * 365 * 86_400 * NS
    changes = take(mind, replace(imported("fridge", past, {"t": 4.5}), run=None))
    (found,) = changes.readings
    assert (found.time, found.time_source, found.run) == (past, TimeSource.DEVICE, REAL)
    assert changes.known[f"{FAMILY}:fridge"].availability is None
    assert (changes.past, changes.shown, changes.clocks) == ([found], [], {})


def test_what_comes_by_the_hubs_own_doors_is_no_proposal_on_a_foreign_broker() -> None:
    """A webhook had a token, a serial port is plugged into this machine: nobody needs to approve them."""
    for source in (Source.HTTP, Source.SERIAL):
        message = Message("things/attic/t", b"19.5", WALL, source)
        changes = take(understanding(foreign=True), message)
        assert not changes.known["thing:things/attic"].proposed
        assert changes.readings


def test_on_a_foreign_broker_generic_devices_are_proposed_and_not_stored() -> None:
    """Known families are made as ever."""
    mind = understanding(foreign=True)
    changes = take(mind, Message("things/attic/t", b"19.5", WALL), said("kitchen", t=1.0))
    assert changes.known["thing:things/attic"].proposed
    assert not changes.known[KITCHEN].proposed
    assert [reading.device for reading in changes.readings] == [KITCHEN]
    assert [reading.device for reading in changes.shown] == [KITCHEN]


def test_proposals_are_few_so_that_known_families_keep_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign broker full of strange topics; one that is accepted makes room for another."""
    monkeypatch.setattr(understand, "MAX_GENERIC", 2)
    mind = understanding(foreign=True)
    changes = take(mind, *(Message(f"things/{name}/t", b"1", WALL) for name in "abc"), said("kitchen", t=1.0))
    assert set(changes.known) == {"thing:things/a", "thing:things/b", KITCHEN}
    assert [heard.reason for heard in changes.heard if "proposal cap" in (heard.reason or "")]
    mind.change(replace(mind.devices["thing:things/a"], proposed=False))
    changes = take(mind, Message("things/c/t", b"1", WALL), Message("things/a/t", b"2", WALL))
    assert "thing:things/c" in changes.known
    assert [(each.device, each.value) for each in changes.readings] == [("thing:things/a", 2.0)]


def test_topics_of_no_known_family_take_no_place_from_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """On our own broker too: what a person has named is counted no more, now and after a restart."""
    monkeypatch.setattr(understand, "MAX_GENERIC", 2)
    mind = understanding()
    changes = take(mind, *(Message(f"things/{name}/t", b"1", WALL) for name in "abc"), said("kitchen", t=1.0))
    assert set(changes.known) == {"thing:things/a", "thing:things/b", KITCHEN}
    assert [each for each in reasons(changes) if "generic cap" in each]
    mind.change(replace(mind.devices["thing:things/a"], name="Cellar", named=True))
    assert "thing:things/c" in take(mind, Message("things/c/t", b"1", WALL)).known
    again = understanding(Memory(devices=mind.devices.values()))
    changes = take(again, Message("things/d/t", b"1", WALL), Message("things/b/t", b"2", WALL))
    assert "thing:things/d" not in changes.known
    assert [each.device for each in changes.readings] == ["thing:things/b"]


def test_only_the_topics_asked_for_are_read() -> None:
    """HUB_TOPICS on the embedded broker: all is heard and journalled; runners speak all the same."""
    mind = understanding(topics=("acme/kitchen/#", "things/+/t"))
    changes = take(
        mind, said("kitchen", t=1.0), said("attic", t=2.0), Message("things/a/x", b"1", WALL), announcement()
    )
    assert set(changes.known) == {KITCHEN}
    assert RUN in changes.runs
    assert changes.refused == 0
    assert set(take(understanding(topics=("x/y", "#")), said("attic", t=2.0)).known) == {f"{FAMILY}:attic"}


def test_on_our_own_broker_generic_devices_are_made() -> None:
    """And stored."""
    changes = take(understanding(), Message("things/attic/t", b"19.5", WALL))
    assert not changes.known["thing:things/attic"].proposed
    assert [(each.device, each.channel, each.value) for each in changes.readings] == [("thing:things/attic", "t", 19.5)]


def test_what_a_driver_remembers_goes_along_with_its_message() -> None:
    """The context is part of the changes, and a restart goes on with it."""
    mind = understanding()
    changes = take(mind, said("kitchen", add=10, t=1.0))
    assert [each.value for each in changes.readings] == [11.0]
    again = understanding(Memory(contexts=changes.contexts))
    assert [each.value for each in take(again, said("kitchen", 1, t=1.0)).readings] == [11.0]


# --- refusals and caps


def test_what_nobody_understands_is_listed_with_the_reason() -> None:
    """The topic, the driver if there is one, the payload's beginning."""
    changes = take(
        understanding(), Message("nobody/knows", b"x" * 5000, WALL), Message("acme/kitchen/SENSOR", b"\xff", WALL)
    )
    stranger, broken = changes.heard
    assert (stranger.driver, stranger.reason) == (None, "no driver knows this topic")
    assert len(stranger.payload) == understand.SHOWN_PAYLOAD
    assert (broken.driver, broken.reason) == ("acme", "this is no JSON")
    assert (changes.refused, changes.understood) == (2, 0)


def test_a_rejected_field_is_listed_and_the_rest_is_stored() -> None:
    """Part of a message may be wrong."""
    changes = take(understanding(), said("kitchen", t=1.0, rejected={"h": "not a number"}))
    assert reasons(changes) == ["h: not a number"]
    assert len(changes.readings) == 1
    assert (changes.refused, changes.understood) == (0, 1)


@pytest.mark.parametrize("topic", ["acme/big/SENSOR", "matinales/sim/big", "nobody/knows"])
def test_an_over_size_message_is_listed_with_its_size(topic: str) -> None:
    """The journal kept its first KiB only; the payload is not read."""
    changes = take(understanding(), Message(topic, b'{"t":1}', WALL, length=MAX_WHOLE + 1))
    assert [reason.split(":")[0] for reason in reasons(changes)] == [f"{MAX_WHOLE + 1} bytes"]
    assert not changes.readings
    assert changes.refused == 1


@pytest.mark.parametrize("topic", ["acme/" + "x" * 1020, "acme" + "/x" * 32, "acme/" + "é" * 600])
def test_too_long_or_too_deep_a_topic_is_listed_and_not_read(topic: str) -> None:
    """1,024 bytes, 32 levels; the list shows no more than that of it."""
    changes = take(understanding(), Message(topic, b'{"t":1}', WALL))
    assert "topic cap" in reasons(changes)[0]
    assert len(changes.heard[0].topic) <= understand.MAX_TOPIC
    assert not changes.known


def test_the_longest_and_deepest_topic_is_read() -> None:
    """The caps are inclusive."""
    longest = "acme/" + "x" * (understand.MAX_TOPIC - len("acme/") - len("/SENSOR")) + "/SENSOR"
    deepest = "acme" + "/x" * (understand.MAX_LEVELS - 1)
    changes = take(understanding(), Message(longest, b'{"t":1}', WALL), Message(deepest, b'{"t":1}', WALL))
    assert len(changes.readings) == 2


def test_beyond_the_device_cap_nothing_is_made_or_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known devices go on; strangers are listed with the cap's name and leave no trace in memory."""
    monkeypatch.setattr(understand, "MAX_DEVICES", 2)
    mind = understanding()
    take(mind, said("a", t=1), said("b", t=1))
    changes = take(mind, *(said(f"c{n}", t=1) for n in range(10)), said("a", 1, t=2))
    assert list(mind.devices) == [f"{FAMILY}:a", f"{FAMILY}:b"]
    assert reasons(changes) == ["more than 2 devices (device cap)"] * 10
    assert not changes.names
    assert len(mind.names) == 2
    assert [each.device for each in changes.readings] == [f"{FAMILY}:a"]


def test_beyond_the_name_cap_a_bridge_names_nobody_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bridge's list is bounded as well."""
    monkeypatch.setattr(understand, "MAX_NAMES", 3)
    changes = take(
        understanding(), said("bridge", others=True, kind="discovery", devices=[{"id": f"d{n}"} for n in range(10)])
    )
    assert len(changes.names) == 3
    assert "name cap" in reasons(changes)[0]


def test_beyond_the_channel_cap_only_new_channels_are_left_out() -> None:
    """64 a device, counted across restarts; each one left out is listed."""
    mind = understanding()
    first = take(mind, Message("acme/a/SENSOR", json.dumps({f"c{n}": n for n in range(70)}).encode(), WALL))
    assert len(first.readings) == 64
    assert reasons(first)[0] == "c64: more than 64 channels of one device (channel cap)"
    again = understanding(
        Memory(devices=mind.devices.values(), channels=[(each.device, each.channel) for each in first.readings])
    )
    for each in (mind, again):
        changes = take(each, said("a", 1, c3=3, c69=1))
        assert [reading.channel for reading in changes.readings] == ["c3"]


def test_an_announcement_full_of_refusals_is_a_few_lines() -> None:
    """A hostile one could fill the list by itself."""
    changes = take(understanding(), announcement(topics=["#"] * 5000))
    assert len(changes.heard) <= 20
    assert "more" in reasons(changes)[-1]


def test_a_flood_of_topics_adds_a_sample_to_the_list_of_messages() -> None:
    """The list of understood messages costs nothing."""
    changes = take(understanding(), *(said("a", what=f"S{n}", t=n) for n in range(200)))
    assert len(changes.recent) == understand.RECENT
    assert len(changes.readings) == 200


def test_a_group_ends_where_a_run_ends_or_the_import_door_speaks() -> None:
    """So that what is judged together does not depend on how many records were waiting."""
    mind = understanding()
    records = journalled(
        announcement(), said(PROBE, 1, t=1), cleared(2), said(PROBE, 3, t=1), imported(PROBE, SIMULATED, {"t": 1})
    )
    assert mind.take(records).position == 3
    assert mind.take(records[3:]).position == 4
    assert mind.take(records[4:]).position == 5


# --- one device heard in two conventions


ESPHOME = (
    ("fazole/status", "online"),
    ("fazole/sensor/air/state", "21.5"),
    (
        "homeassistant/sensor/fazole/air/config",
        '{"stat_t":"fazole/sensor/air/state","avty_t":"fazole/status","unit_of_meas":"°C","dev":{"ids":"246f28aabbcc"}}',
    ),
)
TASMOTA = (
    ("tele/kitchen/SENSOR", '{"Time":"2026-09-21T16:13:20","DS18B20":{"Temperature":21.5}}'),
    ("tasmota/discovery/5CCF7F123456/config", '{"t":"kitchen","ft":"%prefix%/%topic%/","mac":"5CCF7F123456"}'),
    (
        "homeassistant/sensor/123456_t/config",
        '{"stat_t":"tele/kitchen/SENSOR","avty_t":"tele/kitchen/LWT","dev":{"ids":["123456"],"cns":[["mac","5C:CF:7F:12:34:56"]]}}',
    ),
)
SHELLY = (
    ("shellies/hall/relay/0/power", "60.5"),
    ("shellies/announce", '{"id":"hall","mac":"8CAAB54B98DF"}'),
    ("shellies/hall/online", "true"),
    (
        "homeassistant/sensor/hall/power/config",
        '{"stat_t":"shellies/hall/relay/0/power","unit_of_meas":"W","dev":{"ids":["8CAAB54B98DF"]}}',
    ),
)
THEENGS = (
    ("home/gw/BTtoMQTT/D3464CE6954B", '{"id":"D3:46:4C:E6:95:4B","tempc":19.8}'),
    (
        "homeassistant/sensor/D3464CE6954B-tempc/config",
        '{"stat_t":"+/+/BTtoMQTT/D3464CE6954B","dev":{"ids":["D3464CE6954B"]}}',
    ),
)


def of_all_families() -> Understanding:
    """Return one that knows every bundled driver."""
    return Understanding(Registry(load_drivers()), Memory(), zone=PARIS, asks=False, foreign=False, wall=lambda: WALL)


@pytest.mark.parametrize(
    ("messages", "uid", "names"),
    [
        (ESPHOME, "esphome:fazole", ["homeassistant:246f28aabbcc", "mac:246f28aabbcc"]),
        (TASMOTA, "tasmota:kitchen", ["homeassistant:123456", "mac:5ccf7f123456"]),
        (SHELLY, "shelly:hall", ["homeassistant:8CAAB54B98DF", "mac:8caab54b98df"]),
        (THEENGS, "theengs:D3464CE6954B", ["homeassistant:D3464CE6954B", "mac:d3464ce6954b"]),
    ],
)
def test_a_device_in_two_conventions_is_one_in_any_order(
    messages: tuple[tuple[str, str], ...], uid: str, names: list[str]
) -> None:
    """Discovery first or last, retained or not: one device under its native uid, each value stored once."""
    for order in permutations(messages):
        mind = of_all_families()
        changes = take(mind, *(Message(topic, payload.encode(), WALL) for topic, payload in order))
        assert not reasons(changes)
        assert set(mind.devices) == {uid}
        assert len(changes.readings) == 1
        assert {mind.resolve(name) for name in names} == {uid}


def test_a_device_stored_before_its_second_name_keeps_its_uid() -> None:
    """A merge adds aliases and rewrites nothing; from then on both conventions lead to it."""
    mind = of_all_families()
    own = '{"stat_t":"lab/x/state","unit_of_meas":"%","name":"soil","dev":{"ids":["123456"]}}'
    first = take(
        mind,
        Message("homeassistant/sensor/soil/config", own.encode(), WALL),
        Message("lab/x/state", b"40", WALL),
    )
    then = take(mind, *(Message(topic, payload.encode(), WALL) for topic, payload in reversed(TASMOTA)))
    assert {reading.device for reading in (*first.readings, *then.readings)} == {"homeassistant:123456"}
    assert mind.resolve("tasmota:kitchen") == "homeassistant:123456"


def test_an_entity_that_is_taken_back_gives_no_more_values() -> None:
    """What still comes on its topic is nobody's: no value, and above all no new device; the device stays."""
    mind = of_all_families()
    topic = "homeassistant/sensor/soil/config"
    document = b'{"stat_t":"lab/x/state","unit_of_meas":"%","name":"soil"}'
    changes = take(
        mind,
        *(
            Message(each, payload, WALL)
            for each, payload in (
                (topic, document),
                ("lab/x/state", b"40"),
                (topic, b""),
                ("lab/x/state", b"41"),
            )
        ),
    )
    assert [(reading.unit, reading.value) for reading in changes.readings] == [("%", 40)]
    assert set(mind.devices) == {"homeassistant:lab/x"}
    again = take(mind, Message(topic, document, WALL), Message("lab/x/state", b"42", WALL))
    assert [(reading.device, reading.value) for reading in again.readings] == [("homeassistant:lab/x", 42)]


def described(*names: str) -> Message:
    """Return the description of a Homie device with these properties."""
    properties = ",".join(f'"{name}":{{"datatype":"float","unit":"°C"}}' for name in names)
    body = f'{{"homie":"5.0","version":1,"nodes":{{"probe":{{"properties":{{{properties}}}}}}}}}'
    return Message("homie/5/oven/$description", body.encode(), WALL)


def test_a_property_that_a_list_of_version_4_names_no_more_is_no_channel() -> None:
    """Likewise for the nodes of a device; what is listed and was never described is no news."""
    mind = of_all_families()

    def hear(**words: str) -> Changes:
        return take(mind, *(Message(f"homie/fan/{topic}", word.encode(), WALL) for topic, word in words.items()))

    hear(**{f"{place}/$datatype": "float" for place in ("in/air", "in/core", "out/air")})
    hear(**{"in/air": "21", "in/core": "22", "out/air": "9"})
    assert mind.devices["homie:fan"].gone == ()
    assert hear(**{"in/$properties": "air,new"}).known["homie:fan"].gone == ("core",)
    assert hear(**{"$nodes": "in"}).known["homie:fan"].gone == (
        "core",
        "air_out",
    )
    assert hear(**{"in/air": "23"}).readings[0].value == 23


def test_a_property_that_its_description_names_no_more_is_no_channel() -> None:
    """It leaves the screen; one that is named again is back with its next value."""
    mind = of_all_families()
    air, core = (Message(f"homie/5/oven/probe/{name}", b"21.5", WALL) for name in ("air", "core"))
    take(mind, described("air", "core"), air, core)
    assert not mind.devices["homie:oven"].gone
    changes = take(mind, described("core"))
    assert changes.known["homie:oven"].gone == ("air",)
    assert take(mind, air).heard[-1].reason
    assert mind.devices["homie:oven"].gone == ("air",)
    take(mind, described("air", "core"), air)
    assert not mind.devices["homie:oven"].gone
    assert take(mind, Message("homie/5/oven/$description", b"", WALL)).known["homie:oven"].gone == (
        "air",
        "core",
    )
