"""Notes on the time-line: what is kept of them, whose they are, and that they go with their session."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.errors import NotFoundError
from hub.model import NS
from hub.noting import note_lines
from hub.workshop import notebook as module
from hub.workshop.desk import Desk
from hub.workshop.note import AHEAD, NoteError, Place, checked, moment, view
from hub.workshop.notebook import Notebook
from hub.workshop.session import Moment, Wish
from hub.workshop.store import SessionStore
from servers.bytes_on_disk import on_disk

NOW = 1_800_000_000 * NS
AT = Place(run="real", time=NOW)


class Room:
    """A desk, a notebook and their store; ids are numbers."""

    def __init__(self, folder: Path) -> None:
        """Open the store."""
        self.store = SessionStore(folder)
        ids, places = iter(range(1, 99)), iter(range(10, 999))
        self.desk = Desk(
            self.store,
            mark=lambda _: Moment(next(places), 1),
            today=lambda: date(2026, 11, 27),
            new_id=lambda: f"sitting{next(ids)}",
        )
        numbers = iter(range(1, 99))
        self.book = Notebook(
            self.store, current=self.desk.current, now=lambda: NOW + 5, new_id=lambda: f"note{next(numbers)}"
        )

    def texts(self) -> list[str]:
        """Return what the room sees."""
        return [each.text for each in self.book.shown()]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Lend one without a session."""
    opened = Room(tmp_path)
    with closing(opened.store):
        yield opened


def test_notes_stand_in_the_order_of_their_moments(room: Room) -> None:
    """Whatever the order they were typed in; the same moment keeps that order."""
    for text, time in (("late", NOW), ("early", NOW - NS), ("late too", NOW)):
        room.book.add(text, "", replace(AT, time=time))
    assert room.texts() == ["early", "late", "late too"]


def test_a_note_belongs_to_the_session_it_was_typed_in(room: Room) -> None:
    """A reset shows an empty room; what was noted without a session comes back once there is none."""
    room.book.add("at home", "", AT)
    room.desk.start(Wish(title="Bakers"))
    room.book.add("in the room", "Zoé", AT)
    assert room.texts() == ["in the room"]
    fresh = room.desk.reset("sitting1")
    assert room.texts() == []
    room.desk.archive(fresh.id)
    assert room.texts() == ["at home"]
    assert [each.text for each in room.book.of("sitting1")] == ["in the room"]


def test_a_note_says_what_it_is_about(room: Room) -> None:
    """As the API gives it: what it is not about is null, and a run is marked as simulated."""
    place = Place(run="cold_room-1", time=NOW, usecase="cold_room", device="tasmota:probe", channel="temperature")
    given = view(room.book.add("  door \n left  open ", " Zoé ", place))
    assert (given["text"], given["author"], given["simulated"]) == ("door left open", "Zoé", True)
    assert (given["usecase"], given["device"], given["channel"]) == ("cold_room", "tasmota:probe", "temperature")
    assert (given["time"], given["written"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:00:00.000000005Z")
    bare = view(room.book.add("x", "", AT))
    assert [bare[name] for name in ("session", "author", "usecase", "device", "channel")] == [None] * 5


def test_a_note_is_there_again_after_a_crash(room: Room, tmp_path: Path) -> None:
    """With all that it says."""
    kept = room.book.add("door open", "Zoé", AT)
    again = Room(tmp_path)
    with closing(again.store):
        assert again.book.shown() == [kept]


def test_a_note_taken_away_leaves_no_byte(room: Room, tmp_path: Path) -> None:
    """It is a person's words; again, it is not there to be taken away."""
    kept = room.book.add("Philibert a froid", "", AT)
    assert on_disk(tmp_path, b"philibert")
    room.book.remove(kept.id)
    assert (on_disk(tmp_path, b"philibert"), room.texts()) == ([], [])
    with pytest.raises(NotFoundError, match="lists those that there are"):
        room.book.remove(kept.id)


def test_notes_go_with_their_session(room: Room, tmp_path: Path) -> None:
    """And no others."""
    room.book.add("at home", "", AT)
    room.desk.start(Wish(title="Bakers"))
    room.book.add("Philibert a froid", "Philibert", AT)
    room.desk.purge("sitting1")
    assert (on_disk(tmp_path, b"philibert"), room.texts()) == ([], ["at home"])


def test_only_what_is_shown_can_be_taken_away(room: Room) -> None:
    """An archived session stays as it was."""
    room.desk.start(Wish(title="Bakers"))
    kept = room.book.add("x", "", AT)
    room.desk.reset("sitting1")
    with pytest.raises(NotFoundError):
        room.book.remove(kept.id)
    assert room.book.of("sitting1") == [kept]


def test_a_script_that_notes_is_stopped(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before charts are nothing but notes; another session may note again."""
    monkeypatch.setattr(module, "MOST", 1)
    room.book.add("first", "", AT)
    with pytest.raises(NoteError, match="take some away"):
        room.book.add("second", "", AT)
    room.desk.start(Wish(title="Bakers"))
    room.book.add("second", "", AT)


@pytest.mark.parametrize(
    ("text", "author", "en", "fr"),
    [
        ("", "", "needs a text", "besoin d'un texte"),
        (" \n\u202f", "Zoé", "needs a text", "besoin d'un texte"),
        ("x" * 281, "", "281 characters: up to 280", "281 caractères : au plus 280"),
        ("x", "y" * 41, "the author has 41", "le prénom compte 41"),
        ("x\u202ey", "", "cannot be seen", "invisibles"),
        ("x", "\x07", "the author holds", "le prénom contient"),
    ],
)
def test_a_note_that_cannot_be_kept_is_refused_in_both_languages(text: str, author: str, en: str, fr: str) -> None:
    """With what to change."""
    with pytest.raises(NoteError, match=en) as refused:
        checked(text, author)
    assert fr in refused.value.texts["fr"]


def test_the_longest_note_is_kept_as_typed() -> None:
    """Nothing is cut; what a page would have to escape is kept as it is."""
    text = "<b>" + "é" * 277
    assert checked(text, "y" * 40) == (text, "y" * 40)


@pytest.mark.parametrize(("time", "kept"), [(0, 0), (NOW - 1, NOW - 1), (NOW, NOW), (NOW + 1, NOW), (NOW + AHEAD, NOW)])
def test_a_moment_is_past_or_now(time: int, kept: int) -> None:
    """A page that is a little ahead means now."""
    assert moment(time, NOW) == kept


@pytest.mark.parametrize("time", [-1, NOW + AHEAD + 1])
def test_a_moment_to_come_is_refused(time: int) -> None:
    """What has not happened is no note."""
    with pytest.raises(NoteError, match="not in the past") as refused:
        moment(time, NOW)
    assert "n'est pas dans le passé" in refused.value.texts["fr"]


def test_notes_open_in_a_spreadsheet(room: Room) -> None:
    """A text that would be calculated is shown as text; French ones have semicolons and their mark."""
    room.book.add('=HYPERLINK("x")', "@zoe", AT)
    head, row = note_lines(room.book.shown())
    assert head.startswith("id,session,run,simulated,time,text,author")
    assert ',2027-01-15T08:00:00Z,"\'=HYPERLINK(""x"")",\'@zoe,' in row
    assert next(iter(note_lines([], french=True))).startswith("\ufeffid;session;run")
