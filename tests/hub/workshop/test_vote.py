"""Questions to the room: one answer a phone, changeable until closed, kept in the session and gone with it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from hub.errors import NotFoundError, UsageError
from hub.workshop import vote as module
from hub.workshop.ballot import Ballot
from hub.workshop.desk import Desk
from hub.workshop.session import Moment, Wish
from hub.workshop.store import SessionStore
from hub.workshop.vote import Question, checked
from servers.bytes_on_disk import on_disk

ASKED = Question(question="Which sensor first?", options=["Air", "Product"])


class Room:
    """A desk, a ballot and their store; ids are numbers."""

    def __init__(self, folder: Path) -> None:
        """Open the store."""
        self.store = SessionStore(folder)
        ids = iter(range(1, 99))
        places = iter(range(10, 999))
        self.desk = Desk(
            self.store,
            mark=lambda _: Moment(next(places), 1),
            today=lambda: date(2026, 11, 27),
            new_id=lambda: f"sitting{next(ids)}",
        )
        numbers = iter(range(1, 99))
        self.ballot = Ballot(
            self.store, current=self.desk.current, now=lambda: 7, new_id=lambda: f"vote{next(numbers)}"
        )


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Lend one in which a session is under way."""
    opened = Room(tmp_path)
    with closing(opened.store):
        opened.desk.start(Wish(title="Bakers"))
        yield opened


def counts(room: Room) -> list[int]:
    """Return how many chose what."""
    shown = room.ballot.shown()
    assert shown is not None
    found: list[int] = shown["counts"]
    return found


def test_a_phone_has_one_answer_and_may_change_it(room: Room) -> None:
    """Two phones count as two; who chose what is told to nobody but the phone itself."""
    name = room.ballot.ask(ASKED)["id"]
    room.ballot.answer(name, "anna", 0)
    room.ballot.answer(name, "bert", 0)
    assert counts(room) == [2, 0]
    room.ballot.answer(name, "anna", 1)
    assert counts(room) == [1, 1]
    assert [room.ballot.told(who)["mine"] for who in ("anna", "bert", "nobody", None)] == [1, 0, None, None]
    assert "anna" not in str(room.ballot.shown())


def test_a_closed_vote_stands(room: Room) -> None:
    """Its result is shown until it is put away, and then kept in the session."""
    name = room.ballot.ask(ASKED)["id"]
    room.ballot.answer(name, "anna", 1)
    assert room.ballot.close(name) == room.ballot.close(name)
    with pytest.raises(UsageError, match="its result stands"):
        room.ballot.answer(name, "anna", 0)
    assert counts(room) == [0, 1]
    room.ballot.put_away(name)
    assert (room.ballot.shown(), room.ballot.told("anna")) == (None, {"vote": None, "mine": None})
    assert [each["counts"] for each in room.ballot.of("sitting1")] == [[0, 1]]


def test_one_question_is_asked_at_a_time(room: Room) -> None:
    """Another one closes the one before; a phone that slept answers nothing of it."""
    first = room.ballot.ask(ASKED)["id"]
    second = room.ballot.ask(Question(question="And now?", options=["Yes", "No"]))["id"]
    with pytest.raises(NotFoundError, match="gives the one that is"):
        room.ballot.answer(first, "anna", 0)
    room.ballot.answer(second, "anna", 0)
    assert [(each["id"], each["state"]) for each in room.ballot.of("sitting1")] == [(first, "closed"), (second, "open")]


def test_a_vote_needs_a_session_and_stays_in_its_own(room: Room) -> None:
    """A reset shows a fresh room; the results are read in the old session."""
    room.ballot.ask(ASKED)
    fresh = room.desk.reset("sitting1")
    assert (room.ballot.shown(), room.ballot.of(fresh.id)) == (None, [])
    assert len(room.ballot.of("sitting1")) == 1
    room.desk.archive(fresh.id)
    with pytest.raises(UsageError, match="start one, then ask"):
        room.ballot.ask(ASKED)


def test_a_vote_is_there_again_after_a_crash(room: Room, tmp_path: Path) -> None:
    """With its answers."""
    room.ballot.answer(room.ballot.ask(ASKED)["id"], "anna", 1)
    again = Room(tmp_path)
    with closing(again.store):
        assert counts(again) == [0, 1]


def test_a_vote_goes_with_its_session(room: Room, tmp_path: Path) -> None:
    """What was typed leaves no byte."""
    room.ballot.ask(Question(question="Philibert a-t-il froid ?", options=["Oui", "Non"]))
    assert on_disk(tmp_path, b"philibert")
    room.desk.purge("sitting1")
    assert (on_disk(tmp_path, b"philibert"), room.ballot.of("sitting1")) == ([], [])


def test_a_room_has_an_end(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that answers for thousands is stopped; who answered may still change."""
    monkeypatch.setattr(module, "MOST_VOTERS", 1)
    name = room.ballot.ask(ASKED)["id"]
    room.ballot.answer(name, "anna", 0)
    with pytest.raises(UsageError, match="no more are taken"):
        room.ballot.answer(name, "bert", 0)
    room.ballot.answer(name, "anna", 1)
    assert counts(room) == [0, 1]


@pytest.mark.parametrize("choice", [-1, 2])
def test_an_answer_that_is_none_is_refused(room: Room, choice: int) -> None:
    """With the numbers that there are."""
    with pytest.raises(UsageError, match="0 to 1"):
        room.ballot.answer(room.ballot.ask(ASKED)["id"], "anna", choice)


@pytest.mark.parametrize(
    ("question", "options", "said"),
    [
        (" ", ["a", "b"], "needs a question"),
        ("q", ["a", " "], "words for each"),
        ("q", ["a"], "2 to 6"),
        ("q", list("abcdefg"), "2 to 6"),
        ("q", ["Air", "air"], "that differ"),
        ("q" * 201, ["a", "b"], "up to 200"),
        ("q", ["a" * 61, "b"], "up to 60"),
        ("q\u202e", ["a", "b"], "printable"),
    ],
)
def test_a_question_that_cannot_be_put_is_refused_with_what_to_write(
    question: str, options: list[str], said: str
) -> None:
    """It must be readable at eight metres."""
    with pytest.raises(UsageError, match=said):
        checked(Question(question=question, options=options))
