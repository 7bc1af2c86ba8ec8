"""A facilitator's deeds with sessions, killed at any moment, and what session.db keeps of them."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from hub.errors import JournalError, NotFoundError, UsageError
from hub.workshop.codes import Wifi
from hub.workshop.desk import Desk
from hub.workshop.session import EVER, Moment, Room, Session, State, Wish
from hub.workshop.store import SessionStore
from servers.bytes_on_disk import on_disk


class Journal:
    """Counts the control records; away when told."""

    def __init__(self) -> None:
        """Start empty."""
        self.said: list[Mapping[str, str]] = []
        self.away = False

    def mark(self, said: Mapping[str, str]) -> Moment:
        """Append one."""
        if self.away:
            msg = "the journal is away"
            raise JournalError(msg)
        self.said.append(said)
        return Moment(10 * len(self.said), len(self.said))


@pytest.fixture
def journal() -> Journal:
    """Lend a journal."""
    return Journal()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SessionStore]:
    """Lend a session.db."""
    with closing(SessionStore(tmp_path)) as opened:
        yield opened


@pytest.fixture
def desk(store: SessionStore, journal: Journal) -> Desk:
    """Lend a desk whose ids are sitting1, sitting2."""
    return desk_of(store, journal)


def desk_of(store: SessionStore, journal: Journal, today: str = "2026-11-27") -> Desk:
    """Return a desk on that day."""
    ids = iter(f"sitting{number}" for number in range(len(store.sessions()) + 1, 99))
    return Desk(store, mark=journal.mark, today=lambda: date.fromisoformat(today), new_id=lambda: next(ids))


def test_the_room_s_password_goes_with_the_session(desk: Desk, tmp_path: Path) -> None:
    """The archive needs no network; no byte of it stays on the disk, and none is printed."""
    session = started(desk)
    known = desk.furnish(session.id, Room(wifi=Wifi("Salle", "sesame-ouvre-toi")))
    assert "sesame" not in repr(known)
    assert on_disk(tmp_path, b"sesame-ouvre-toi") != []
    assert desk.archive(session.id).wifi is None
    assert on_disk(tmp_path, b"sesame-ouvre-toi") == []


def started(desk: Desk, title: str = "Bakers") -> Session:
    """Start a session."""
    return desk.start(Wish(title=title, place="Nantes"))


def test_only_one_session_is_current(desk: Desk) -> None:
    """Another one is refused with the two ways on; nothing is written."""
    first = started(desk)
    with pytest.raises(UsageError, match="archive it, or reset it"):
        started(desk, "Butchers")
    assert desk.current() == first
    desk.archive(first.id)
    assert desk.current() is None
    assert started(desk, "Butchers").title == "Butchers"
    assert [each.title for each in desk.sessions()] == ["Butchers", "Bakers"]


def test_pressed_twice_is_pressed_once(desk: Desk, journal: Journal) -> None:
    """A phone on a bad network sends a press again."""
    name = started(desk).id
    for deed in (desk.pause, desk.pause, desk.resume, desk.resume, desk.archive, desk.archive):
        deed(name)
    assert journal.said == [{"open": name}, {"pause": name}, {"resume": name}, {"archive": name}]
    assert desk.session(name).positions == [(10, 20), (30, 40)]


def test_a_reset_archives_and_starts_at_the_same_record(desk: Desk, journal: Journal) -> None:
    """No message falls between the two; the new one is called as the old one unless told."""
    old = started(desk)
    new = desk.reset(old.id)
    assert journal.said[-1] == {"archive": old.id, "open": new.id}
    assert (desk.session(old.id).positions, new.positions) == ([(10, 20)], [(20, EVER)])
    assert (new.title, new.place, new.purge) == (old.title, old.place, old.purge)
    assert desk.reset(new.id, Wish(title="Afternoon")).title == "Afternoon"


def test_a_reset_on_the_old_ones_last_day_gets_a_date_of_its_own(store: SessionStore, journal: Journal) -> None:
    """It must not be erased tonight."""
    old = started(desk_of(store, journal))
    assert desk_of(store, journal, old.purge).reset(old.id).purge > old.purge


@pytest.mark.parametrize("deed", ["pause", "resume", "reset"])
def test_what_is_archived_stays_so(desk: Desk, deed: str) -> None:
    """It can be read, not gone on with."""
    name = started(desk).id
    desk.archive(name)
    with pytest.raises(UsageError, match="for ever: start a new one"):
        getattr(desk, deed)(name)


def test_nothing_is_done_without_the_journal(desk: Desk, journal: Journal) -> None:
    """What could not be marked did not happen."""
    name = started(desk).id
    journal.away = True
    for deed in (desk.pause, desk.archive, desk.reset, desk.purge):
        with pytest.raises(JournalError):
            deed(name)
    assert desk.session(name).state is State.OPEN


def test_an_unknown_session_is_said_with_where_to_look(desk: Desk) -> None:
    """Ids are typed by hand."""
    with pytest.raises(NotFoundError, match="session list"):
        desk.archive("nope")


def test_a_session_goes_on_after_a_crash(store: SessionStore, journal: Journal, tmp_path: Path) -> None:
    """Nothing is closed in order; a record without a row did nothing."""
    session = started(desk_of(store, journal))
    journal.mark({"archive": session.id})
    with closing(SessionStore(tmp_path)) as again:
        assert desk_of(again, journal).current() == session


def test_the_journal_keeps_what_an_archive_does_not_hold_yet(desk: Desk) -> None:
    """From the oldest session on that needs it."""
    assert desk.needed() == EVER
    first = started(desk)
    second = desk.reset(first.id)
    assert (desk.needed(), [each.id for each in desk.unkept()]) == (10, [first.id])
    desk.kept(first.id)
    assert (desk.needed(), desk.unkept()) == (20, [])
    desk.archive(second.id)
    desk.kept(second.id)
    assert desk.needed() == EVER


def test_a_purge_leaves_no_byte_of_what_was_typed(desk: Desk, tmp_path: Path) -> None:
    """At once, in every file of the folder, also of what was replaced before; what is left to erase is listed."""
    session = desk.start(Wish(title="Anniversaire de Philibert", place="Chez Gontran"))
    other = desk.reset(session.id, Wish(title="Others"))
    assert on_disk(tmp_path, b"Philibert")
    left = desk.purge(session.id)
    assert (on_disk(tmp_path, b"Philibert"), on_disk(tmp_path, b"Gontran")) == ([], [])
    assert [each.id for each in desk.sessions()] == [other.id]
    assert [each.id for each in desk.due()] == [left.id]
    desk.kept(left.id)  # a builder that was late
    assert [each.id for each in desk.due()] == [left.id]
    desk.erased(left.id)
    assert (desk.due(), on_disk(tmp_path, left.id.encode())) == ([], [])


def test_purging_the_current_session_ends_it_first(desk: Desk, journal: Journal) -> None:
    """Its interval must end somewhere."""
    name = started(desk).id
    assert desk.purge(name).positions == [(10, 20)]
    assert journal.said[-1] == {"archive": name}
    assert desk.current() is None


def test_sessions_are_due_on_their_day(store: SessionStore, journal: Journal) -> None:
    """In whatever state they are."""
    session = started(desk_of(store, journal))
    assert desk_of(store, journal, "2026-12-26").due() == []
    assert desk_of(store, journal, session.purge).due() == [session]
