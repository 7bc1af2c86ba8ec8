"""Who takes part: a token of their own, nothing more than they give, and nothing left of who leaves."""

from pathlib import Path

import pytest

from hub.errors import UsageError
from hub.workshop.ballot import Ballot
from hub.workshop.people import LONGEST_NAME, MOST_TABLES, Joining, People, Person, checked
from hub.workshop.session import Interval, Moment, Session, State
from hub.workshop.store import FILE, SessionStore
from hub.workshop.vote import Question


def session(name: str = "s1") -> Session:
    """Return a session that goes on."""
    begin = Moment(1, 1_000)
    return Session(
        id=name, title="Bakers", place="", purge="2027-02-14", state=State.OPEN, intervals=(Interval(begin),)
    )


class Room:
    """A room whose session can be changed."""

    def __init__(self, data: Path) -> None:
        """Begin with one session."""
        self.data = data
        self.store = SessionStore(data)
        self.current: Session | None = session()
        self.people = People(self.store, current=lambda: self.current, now=lambda: 5)
        self.ballot = Ballot(self.store, current=lambda: self.current, now=lambda: 5, tables=self.people.tables)

    def joined(self, name: str = "", table: int | None = None, token: str | None = None) -> tuple[Person, str]:
        """Let somebody in."""
        return self.people.join(Joining(agreed=True, table=table, name=name), token)

    def bytes(self) -> bytes:
        """Return all that lies in session.db and beside it."""
        return b"".join(path.read_bytes() for path in self.data.glob(f"{FILE}*"))


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Lend an empty room."""
    return Room(tmp_path)


def test_a_phone_is_known_again_by_its_token_and_keeps_its_identity(room: Room) -> None:
    """Joining again changes table and name, not who it is."""
    person, token = room.joined("Léa", 3)
    again, same = room.joined("Léa B.", 4, token)
    assert (again.id, same) == (person.id, token)
    known = room.people.known(token)
    assert known is not None
    assert (known.table, known.name) == (4, "Léa B.")


def test_the_file_holds_no_token(room: Room) -> None:
    """Reading it lets nobody pretend to be a phone."""
    _, token = room.joined()
    assert token.encode() not in room.bytes()


@pytest.mark.parametrize("token", [None, "", "guessed", "é", "\ud800"])
def test_a_guessed_token_is_nobodys(room: Room, token: str | None) -> None:
    """And no error."""
    room.joined()
    assert room.people.known(token) is None


def test_another_session_does_not_know_a_phone_of_the_one_before(room: Room) -> None:
    """Agreeing was to another date of erasing: who joins again is somebody new."""
    person, token = room.joined("Léa", 3)
    room.current = session("s2")
    assert room.people.told() == []
    fresh, other = room.joined("Léa", 3, token)
    assert fresh.id != person.id
    assert other != token


def test_nobody_joins_without_a_session(room: Room) -> None:
    """The page waits."""
    room.current = None
    with pytest.raises(UsageError, match="has not begun"):
        room.joined()
    assert room.people.named("x") is None


def test_who_leaves_leaves_no_byte_and_no_answer(room: Room) -> None:
    """The counts of a vote go down by one; the others stay."""
    person, token = room.joined("Philibert", 3)
    other, _ = room.joined("Sidonie")
    vote = room.ballot.ask(Question(question="Which?", options=["Air", "Product"]))["id"]
    room.ballot.answer(vote, person.id, 0)
    room.ballot.answer(vote, other.id, 1)
    assert b"Philibert" in room.bytes()
    room.people.leave(person)
    left = room.bytes()
    assert b"Philibert" not in left
    assert person.id.encode() not in left
    assert b"Sidonie" in left
    assert room.people.known(token) is None
    shown = room.ballot.shown()
    assert shown is not None
    assert shown["counts"] == [0, 1]


def test_a_vote_is_counted_by_table_too(room: Room) -> None:
    """Who gave no table counts in the room only."""
    people = [room.joined("", table)[0] for table in (7, 3, 7, None)]
    vote = room.ballot.ask(Question(question="Which?", options=["Air", "Product"]))["id"]
    for person, choice in zip(people, (0, 1, 1, 1), strict=True):
        shown = room.ballot.answer(vote, person.id, choice)
    assert shown["counts"] == [1, 3]
    assert shown["tables"] == [{"table": 3, "counts": [0, 1]}, {"table": 7, "counts": [1, 1]}]


def test_who_answered_before_joining_is_one_voter(room: Room) -> None:
    """The answer of the cookie goes when the participant answers."""
    person, _ = room.joined()
    vote = room.ballot.ask(Question(question="Which?", options=["Air", "Product"]))["id"]
    room.ballot.answer(vote, "cookie", 0)
    assert room.ballot.answer(vote, person.id, 1, instead="cookie")["counts"] == [0, 1]


@pytest.mark.parametrize(
    "wish", [Joining(agreed=True, table=1), Joining(agreed=True, table=MOST_TABLES, name=" A  b ")]
)
def test_what_can_be_kept_is_tidied(wish: Joining) -> None:
    """One space between words."""
    assert checked(wish).name in {"", "A b"}


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Joining(agreed=False), "agreed"),
        (Joining(agreed=True, table=0), "table"),
        (Joining(agreed=True, table=MOST_TABLES + 1), "table"),
        (Joining(agreed=True, name="x" * (LONGEST_NAME + 1)), "name"),
        (Joining(agreed=True, name="a\u202eb"), "printable"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(wish: Joining, why: str) -> None:
    """And nothing is stored."""
    with pytest.raises(UsageError, match=why):
        checked(wish)
