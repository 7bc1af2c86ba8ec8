"""An archive is complete in itself, an erased session leaves nothing, and both survive being cut short."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from hub.errors import NotFoundError, StoreError
from hub.journal.sqlite import SqliteReader
from hub.model import NS, Alarm, Source
from hub.store.alarms import AlarmStore
from hub.workshop.session import Session, State, Wish
from hub.workshop.veil import Veil
from servers.alarms import spoken
from servers.bytes_on_disk import on_disk
from servers.houses import AT, RUN, WISH, House, announced, celsius


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Lend one in which a simulated and a real device have spoken."""
    with closing(House(tmp_path)) as opened:
        opened.plays()
        opened.say("tele/sim-probe/SENSOR", celsius(1))
        opened.say("tele/kitchen/SENSOR", celsius(11))
        yield opened


def test_an_archive_holds_what_came_between_its_records_and_nothing_else(house: House) -> None:
    """On every timeline: readings, messages with their own times, which stories were played; a pause is left out."""
    desk = house.sessions.desk
    name = desk.start(WISH).id
    house.say("tele/sim-probe/SENSOR", celsius(2))
    house.say("tele/kitchen/SENSOR", celsius(12))
    desk.pause(name)
    house.say("tele/sim-probe/SENSOR", celsius(3))
    desk.resume(name)
    house.say("tele/sim-probe/SENSOR", celsius(4))
    desk.archive(name)
    house.say("tele/sim-probe/SENSOR", celsius(5))
    assert house.build() == 1
    probe, kitchen = "tasmota:sim-probe", "tasmota:kitchen"
    assert house.values(name) == [(kitchen, 12), (probe, 2), (probe, 4)]
    said = [each for each in house.lines(name) if not str(each["topic"]).startswith("matinales/")]
    assert [(each["topic"], each.get("run")) for each in said] == [
        ("tele/sim-probe/SENSOR", RUN),
        ("tele/kitchen/SENSOR", None),
        ("tele/sim-probe/SENSOR", RUN),
    ]
    assert str(said[0]["time"]).startswith("2026-11-26T07:1")  # the run's own clock
    _, track = house.sessions.archives.recording(name)
    assert (track.run, track.scenario, track.messages, track.speed) == (RUN, "cold_room", 2, 60)
    assert (house.build(), desk.session(name).kept) == (0, True)


def test_an_archive_stays_when_journal_and_store_let_go(house: House) -> None:
    """It is a folder of its own: retention and budgets do not reach it."""
    name = house.sessions.desk.start(WISH).id
    house.say("tele/kitchen/SENSOR", celsius(12))
    end = house.sessions.desk.archive(name).positions[-1][1]
    house.build()
    house.journal.drop_before(end)
    with house.hub.kept._file.transaction() as db:
        db.execute("DELETE FROM readings")
    assert house.values(name) == [("tasmota:kitchen", 12)]
    assert [each["payload"] for each in house.lines(name) if each["topic"] == "tele/kitchen/SENSOR"]


def test_an_archive_waits_until_the_store_has_all_of_it(house: House) -> None:
    """A hub that is behind writes it later; one cut short is written anew."""
    name = house.sessions.desk.start(WISH).id
    house.say("tele/kitchen/SENSOR", celsius(12))
    end = house.sessions.desk.archive(name).positions[-1][1]
    assert house.sessions.build(end - 2) == 0
    draft = house.data / "archives" / f".{name}"
    draft.mkdir(parents=True)
    (draft / "store.db").write_bytes(b"half a file")
    assert house.build() == 1
    assert (house.values(name), draft.exists()) == ([("tasmota:kitchen", 12)], False)


def test_an_archive_that_cannot_be_written_is_tried_again(house: House) -> None:
    """And the session says that it is not complete."""
    name = house.sessions.desk.start(WISH).id
    house.sessions.desk.archive(name)
    place = house.data / "archives"
    place.write_text("in the way")
    with pytest.raises(StoreError, match="tried again"):
        house.build()
    assert house.sessions.told()["sessions"][0]["archive"] == "being_written"
    place.unlink()
    assert house.build() == 1
    assert house.sessions.told()["sessions"][0]["archive"] == "complete"


def test_there_is_a_recording_only_of_what_is_archived_and_said_something(house: House) -> None:
    """Else it is told what to do."""
    name = house.sessions.desk.start(WISH).id
    with pytest.raises(NotFoundError, match="only an archived session"):
        house.sessions.archives.recording(name)
    house.sessions.desk.archive(name)
    house.build()
    with pytest.raises(NotFoundError, match="nothing to play"):
        house.sessions.archives.recording(name)


def test_plan_b_plays_the_story_on_the_wall_however_much_tables_and_phones_said(house: House) -> None:
    """A room full of phones, and tables with simulators of their own, say more than the story that everybody saw."""
    name = house.sessions.desk.start(WISH).id
    house.plays("sim-probe-t2", table=2)
    house.say("tele/sim-probe/SENSOR", celsius(2))
    for value in range(3):
        house.say("tele/sim-probe-t2/SENSOR", celsius(value))
        house.say("matinales-phone/0a1b2c3d", b'{"slider": %d}' % value, source=Source.PHONE)
    house.sessions.desk.archive(name)
    house.build()
    _, track = house.sessions.archives.recording(name)
    assert (track.run, track.live) == (RUN, 1)


def test_what_was_typed_is_veiled_once_its_session_is_archived(house: House) -> None:
    """On every timeline that it had, and only there; the same veil as long as no other session ends."""
    desk, veil = house.sessions.desk, Veil()
    name = desk.start(WISH).id
    raised = alarm(run=RUN, raised_at=house.hub.worker.understanding.timelines.living(house.now)[RUN] + NS)
    assert house.sessions.veil(veil) is veil
    house.say("tele/sim-probe/SENSOR", celsius(2))
    house.say("tele/sim-probe/SENSOR", celsius(2))
    desk.archive(name)
    veil = house.sessions.veil(veil)
    assert (veil(raised).comment, veil(raised).acknowledged_by) == (None, None)
    desk.start(WISH)
    assert house.sessions.veil(veil) is veil
    later = alarm(run=RUN, raised_at=house.hub.worker.understanding.timelines.living(house.now)[RUN] + NS)
    assert veil(later) is later


@pytest.mark.parametrize("is_paused_before", [False, True])
def test_what_was_typed_while_the_story_was_paused_goes_with_its_session(
    house: House,
    is_paused_before: bool,  # noqa: FBT001 — a case
) -> None:
    """Veiled, then erased: the clock of the story stood at the session's end, or all the while."""
    sessions = house.sessions
    if is_paused_before:
        pause(house)
    name = sessions.desk.start(WISH).id
    if not is_paused_before:
        pause(house)
    at = house.hub.worker.understanding.timelines.now(RUN, house.now)
    spoken = structs.replace(alarm(run=RUN, raised_at=at), raised_at=at - NS)
    with house.hub.kept._file.transaction() as db:
        AlarmStore(db).put([spoken])
    sessions.desk.archive(name)
    assert sessions.veil(Veil())(spoken).comment is None
    sessions.purge(name)
    left = house.hub.kept.alarm(spoken.id)
    assert (None if left is None else left.comment, on_disk(house.data, b"i close the door")) == (None, [])


def test_what_was_typed_stays_veiled_until_it_is_erased(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as erasing fails, too."""
    sessions = house.sessions
    name = sessions.desk.start(WISH).id
    house.say("tele/kitchen/SENSOR", celsius(12))
    spoken = alarm("real", house.now)
    sessions.desk.archive(name)
    veil = sessions.veil(Veil())
    assert veil(spoken).comment is None
    monkeypatch.setattr(sessions, "_purge", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sessions.purge(name)
    assert sessions.veil(veil)(spoken).comment is None
    assert sessions.veil(Veil())(spoken).comment is None
    monkeypatch.undo()
    assert sessions.purge_due()
    assert sessions.veil(veil).over == frozenset()


def pause(house: House) -> None:
    """Let the story be paused."""
    at = house.hub.worker.understanding.timelines.now(RUN, house.now)
    house.say(f"matinales/sim/{RUN}", announced(house.now + NS, state="paused", simulated=at / NS))


def alarm(run: str, raised_at: int) -> Alarm:
    """Return one that somebody has acknowledged with a word."""
    return spoken(raised_at, id=f"u.r-{run}-{raised_at}", run=run, raised_at=raised_at)


def test_a_table_that_played_tells_more_than_phones_alone(house: House) -> None:
    """Where the wall had no story, plan B plays what one table saw, not what hands did."""
    name = house.sessions.desk.start(WISH).id
    house.plays("sim-probe-t2", table=2)
    house.say("tele/sim-probe-t2/SENSOR", celsius(2))
    for value in range(3):
        house.say("matinales-phone/0a1b2c3d", b'{"slider": %d}' % value, source=Source.PHONE)
    house.sessions.desk.archive(name)
    house.build()
    _, track = house.sessions.archives.recording(name)
    assert (track.table, track.live) == (2, 1)


def test_where_only_phones_spoke_plan_b_plays_them(house: House) -> None:
    """A recording that there is, is played."""
    name = house.sessions.desk.start(WISH).id
    house.say("matinales-phone/0a1b2c3d", b'{"slider": 1}', source=Source.PHONE)
    house.sessions.desk.archive(name)
    house.build()
    _, track = house.sessions.archives.recording(name)
    assert (track.run, track.live) == ("real", 1)


def test_history_that_a_run_handed_over_is_marked_so_in_the_recording(house: House) -> None:
    """A replay hands it over at once, instead of playing a day of it."""
    name = house.sessions.desk.start(WISH).id
    house.say("tele/sim-probe/SENSOR", celsius(2), source=Source.IMPORT, run=RUN, time=AT - 172_800 * NS)
    house.say("tele/sim-probe/SENSOR", celsius(3))
    house.sessions.desk.archive(name)
    house.build()
    assert [each.get("past") for each in house.lines(name)] == [None, True, None]


def test_an_erased_session_leaves_no_byte_of_what_was_typed_and_nothing_of_its_own(house: House) -> None:
    """Whatever lies in journal, store, archive: searched for, nothing; what came before and after stays."""
    name = house.sessions.desk.start(WISH).id
    house.say("tele/kitchen/SENSOR", celsius(12))
    house.say("note/of/somebody", b"Philibert was here")
    end = house.sessions.desk.archive(name).positions[-1][1]
    house.say("tele/kitchen/SENSOR", celsius(13))
    house.build()
    assert on_disk(house.data, b"philibert")
    done = house.sessions.purge(name)
    assert (done["readings"], done["messages"]) == (1, 3)
    house.hub.kept._file.checkpoint()
    assert [on_disk(house.data, word) for word in (b"philibert", b"gontran")] == [[], []]
    assert house.sessions.told()["sessions"] == []
    with pytest.raises(NotFoundError):
        house.sessions.alarms(name)
    with closing(SqliteReader(house.data)) as reader:
        left = [
            record.message.payload for record in reader.read(0, 99) if record.message.topic == "tele/kitchen/SENSOR"
        ]
    assert left == [celsius(11), celsius(13)]
    assert end <= house.journal.end


def test_erasing_that_was_cut_short_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed goes first; the rest at the next start, whatever its date says."""
    name = house.sessions.desk.start(WISH).id
    house.say("note/of/somebody", b"Philibert was here")
    house.sessions.desk.archive(name)
    house.build()
    with monkeypatch.context() as patched:
        patched.setattr(house.sessions, "_erase", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            house.sessions.purge(name)
    assert not on_disk(house.data, b"gontran")
    assert not (house.data / "archives" / name).exists()
    assert [each["id"] for each in house.sessions.purge_due()] == [name]
    assert not on_disk(house.data, b"philibert")


def test_a_session_that_is_erased_while_its_archive_is_due_gets_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Archived and erased at once: who writes it has looked before, and waits while it is erased."""
    sessions, looked = house.sessions, house.sessions.desk.unkept
    name = sessions.desk.start(WISH).id
    house.say("tele/kitchen/SENSOR", celsius(12))
    sessions.desk.archive(name)

    def erased_meanwhile() -> list[Session]:
        found = looked()
        monkeypatch.undo()
        sessions.purge(name)
        return found

    monkeypatch.setattr(sessions.desk, "unkept", erased_meanwhile)
    assert house.build() == 0
    assert not sessions.archives.folder(name).exists()


def test_a_session_that_is_erased_while_its_archive_is_written_is_not_called_archived(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Another worker erases it meanwhile: what is left of it is erased next, the archive too."""
    sessions = house.sessions
    name = sessions.desk.start(WISH).id
    house.say("tele/kitchen/SENSOR", celsius(12))
    sessions.desk.archive(name)
    write = sessions.archives.build

    def erased_meanwhile(*told: Any) -> None:  # noqa: ANN401 — handed on
        sessions.desk.purge(name)
        write(*told)

    monkeypatch.setattr(sessions.archives, "build", erased_meanwhile)
    assert (house.build(), f"Session {name} is archived" in caplog.text) == (0, False)
    assert [each["id"] for each in sessions.purge_due()] == [name]
    assert not sessions.archives.folder(name).exists()


def test_a_session_that_somebody_erases_while_its_day_has_come_is_erased_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks for what is due waits meanwhile, and has nothing left to do: that is no failure to tell of."""
    sessions, looked = house.sessions, house.sessions.desk.due
    name = sessions.desk.start(WISH).id
    asked = sessions.desk.purge(name)

    def erased_meanwhile() -> list[Session]:
        found = looked()
        monkeypatch.undo()
        sessions.purge(name)
        return found

    monkeypatch.setattr(sessions.desk, "due", erased_meanwhile)
    assert (asked.state, sessions.purge_due()) == (State.PURGING, [])


def test_sessions_go_on_their_day(tmp_path: Path) -> None:
    """Also the one that is current; the others stay."""
    with closing(House(tmp_path)) as house:
        old = house.sessions.desk.start(Wish(title="Old", purge="2026-11-28"))
        new = house.sessions.desk.reset(old.id, Wish(title="New", purge="2026-12-24"))
    with closing(House(tmp_path, "2026-11-28")) as house:
        assert [each["id"] for each in house.sessions.purge_due()] == [old.id]
        assert [each["id"] for each in house.sessions.told()["sessions"]] == [new.id]
    with closing(House(tmp_path, "2026-12-24")) as house:
        assert [each["id"] for each in house.sessions.purge_due()] == [new.id]


def test_what_is_kept_is_told_in_both_languages(house: House) -> None:
    """What, why, until when."""
    told = house.sessions.told()["keeps"]
    assert [each["code"] for each in told] == ["typed", "people", "measured", "reports", "devices", "copies"]
    assert all(each[part][lang] for each in told for part in ("text", "until") for lang in ("fr", "en"))


def test_an_archive_that_is_gone_is_said(house: House) -> None:
    """Somebody deleted the folder."""
    name = house.sessions.desk.start(WISH).id
    house.sessions.desk.archive(name)
    house.build()
    shutil.rmtree(house.data / "archives")
    with pytest.raises(NotFoundError), house.sessions.history(name):
        pass
