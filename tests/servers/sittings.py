"""Workshop sessions in memory, for tests of the web layer."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from typing import Any

from hub.errors import NotFoundError
from hub.model import Alarm, rfc3339
from hub.store.base import Past
from hub.workshop.ballot import Ballot
from hub.workshop.desk import Desk
from hub.workshop.note import Note
from hub.workshop.note import view as note_view
from hub.workshop.notebook import Notebook
from hub.workshop.people import People, Person
from hub.workshop.plan import Plan
from hub.workshop.planner import Planner
from hub.workshop.session import Moment, Session, State, spans
from hub.workshop.vote import Vote


class Rows:
    """A store of sessions."""

    def __init__(self) -> None:
        """Start empty."""
        self.kept: dict[str, Session] = {}
        self.asked: dict[str, Vote] = {}
        self.noted: dict[str, Note] = {}
        self.joined: dict[str, Person] = {}
        self.planned: dict[str, Plan] = {}
        self.pictures: dict[str, bytes] = {}

    def sessions(self) -> list[Session]:
        """Return all of them, the newest first."""
        return [*reversed(self.kept.values())]

    def session(self, name: str) -> Session:
        """Return one."""
        if name not in self.kept:
            msg = f"no session {name!r}; see /api/v1/sessions"
            raise NotFoundError(msg)
        return self.kept[name]

    def put(self, *sessions: Session) -> None:
        """Keep them."""
        self.kept |= {each.id: each for each in sessions}

    def erase(self, name: str) -> None:
        """Erase one."""
        del self.kept[name]

    def votes(self, session: str) -> list[Vote]:
        """Return a session's."""
        return [each for each in self.asked.values() if each.session == session]

    def put_vote(self, vote: Vote) -> None:
        """Keep one."""
        self.asked[vote.id] = vote

    def erase_votes(self, session: str) -> None:
        """Erase a session's."""
        self.asked = {name: each for name, each in self.asked.items() if each.session != session}

    def notes(self, session: str) -> list[Note]:
        """Return a session's."""
        return sorted((each for each in self.noted.values() if each.session == session), key=lambda each: each.time)

    def put_note(self, note: Note) -> None:
        """Keep one."""
        self.noted[note.id] = note

    def erase_note(self, name: str) -> None:
        """Erase one."""
        del self.noted[name]

    def erase_notes(self, session: str) -> None:
        """Erase a session's."""
        self.noted = {name: each for name, each in self.noted.items() if each.session != session}

    def people(self, session: str) -> list[Person]:
        """Return a session's."""
        return [each for each in self.joined.values() if each.session == session]

    def person(self, secret: str) -> Person | None:
        """Return whose token has this hash."""
        return next((each for each in self.joined.values() if each.secret == secret), None)

    def put_person(self, person: Person) -> None:
        """Keep one."""
        self.joined[person.id] = person

    def erase_person(self, name: str) -> None:
        """Erase one."""
        del self.joined[name]

    def erase_people(self, session: str) -> None:
        """Erase a session's."""
        self.joined = {name: each for name, each in self.joined.items() if each.session != session}

    def plans(self) -> list[Plan]:
        """Return all of them."""
        return [*self.planned.values()]

    def put_plan(self, *plans: Plan, picture: tuple[str, bytes] | None = None) -> None:
        """Keep some."""
        self.planned |= {each.session: each for each in plans}
        self.pictures |= dict([picture] if picture else [])

    def picture(self, name: str) -> bytes | None:
        """Return a picture's bytes."""
        return self.pictures.get(name)

    def erase_plan(self, session: str) -> None:
        """Erase a session's."""
        self.planned.pop(session, None)

    def scrub(self) -> None:
        """Nothing lies anywhere."""

    def turn(self) -> AbstractContextManager[None]:
        """Nobody else writes."""
        return nullcontext()


class FakeSittings:
    """Sessions whose ids are s1, s2; their records come a second apart, from `wall` [ns] on."""

    def __init__(self, wall: int) -> None:
        """Start without a session."""
        self.wall = wall
        self.position = 0
        self.raised: list[Alarm] = []
        self.archive: Past | None = None
        rows, ids = Rows(), iter(f"s{number}" for number in range(1, 99))
        numbers = iter(f"v{number}" for number in range(1, 99))
        self.desk = Desk(rows, mark=self.mark, today=lambda: date(2027, 1, 15), new_id=lambda: next(ids))
        self.ballot = Ballot(rows, current=self.desk.current, now=lambda: wall, new_id=lambda: next(numbers))
        papers = iter(f"n{number}" for number in range(1, 9_999))
        self.notebook = Notebook(rows, current=self.desk.current, now=lambda: wall, new_id=lambda: next(papers))
        drawn = iter(f"d{number}" for number in range(1, 99))
        self.planner = Planner(rows, current=self.desk.current, new_id=lambda: next(drawn))
        people = iter(f"p{number}" for number in range(1, 99))
        self.people = People(rows, current=self.desk.current, now=lambda: wall, new_id=lambda: next(people))

    def mark(self, said: Mapping[str, str]) -> Moment:
        """Append a record."""
        assert said
        self.position += 1
        return Moment(self.position, self.wall + self.position * 1_000_000_000)

    def told(self) -> dict[str, Any]:
        """Return them all."""
        views = [self.view(each) for each in self.desk.sessions()]
        current = next((each for each in views if each["state"] != State.ARCHIVED), None)
        return {"current": current, "sessions": views, "keeps": [], "today": "2027-01-15"}

    def view(self, session: Session) -> dict[str, Any]:
        """Return one in short."""
        return {
            "id": session.id,
            "title": session.title,
            "place": session.place,
            "purge": session.purge,
            "state": session.state,
            "started_at": rfc3339(session.started),
            "ended_at": None if session.ended is None else rfc3339(session.ended),
            "archive": "none",
        }

    def whole(self, name: str) -> dict[str, Any]:
        """Return one with its votes and notes."""
        noted = [note_view(each) for each in self.notebook.of(name)]
        return self.view(self.desk.session(name)) | {"votes": self.ballot.of(name), "notes": noted, "people": []}

    def notes(self, name: str) -> list[Note]:
        """Return a session's."""
        return self.notebook.of(self.desk.session(name).id)

    def spans(self, name: str) -> list[tuple[str, int, int]]:
        """Return its stretch of the real timeline."""
        return [*spans(self.desk.session(name), [])]

    def alarms(self, name: str) -> list[Alarm]:
        """Return what was raised."""
        self.desk.session(name)
        return self.raised

    @contextmanager
    def history(self, name: str) -> Iterator[Past | None]:
        """Lend what a test put there."""
        self.desk.session(name)
        yield self.archive

    def purge(self, name: str) -> dict[str, Any]:
        """Erase it."""
        self.desk.erased(self.desk.purge(name).id)
        return {"id": name, "purged": True, "readings": 0, "messages": 0}


class FakePlayer:
    """Notes what is to be played."""

    def __init__(self) -> None:
        """Play nothing."""
        self.playing: str | None = None

    def prepare(self) -> None:
        """Be ready at any time."""

    async def play(self, name: str | None, speed: float | None) -> Mapping[str, Any]:
        """Play it."""
        if name == "nope":
            msg = "no archive of a session 'nope'"
            raise NotFoundError(msg)
        self.playing = name or "newest"
        return {"session": self.playing, "run": "real", "speed": speed or 1.0}

    async def stop(self) -> None:
        """Stop."""
        self.playing = None

    async def stand_down(self) -> None:
        """Be ready at any time all the same."""
