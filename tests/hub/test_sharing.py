"""Workers that share a journal share the workshop: sessions, votes, notes, people and the plan (hub/sharing.py)."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec
import pytest

from hub.errors import BusyError, JournalError, UsageError
from hub.journal import nats_link, place
from hub.journal.bucket import Entry
from hub.journal.nats_link import Url
from hub.sessions import opened
from hub.sharing import SharedStore
from hub.workshop.ballot import Ballot
from hub.workshop.desk import Desk
from hub.workshop.note import Note
from hub.workshop.people import Person
from hub.workshop.plan import Picture, Plan
from hub.workshop.session import Moment, State, Wish
from hub.workshop.store import SessionStore
from hub.workshop.vote import Question
from servers import nats
from servers.ports import HOST, free_port, until

TODAY = date(2026, 11, 28)


class Page:
    """A worker's desk and ballot on a session.db of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        """Open them."""
        folder.mkdir(exist_ok=True)
        self.folder, self.url = folder, url
        self.marks: list[dict[str, str]] = []
        self.open()

    def open(self) -> None:
        """Start."""
        self.store = SharedStore(self.folder, Url.parsed(self.url))
        self.desk = Desk(self.store, mark=self._mark, today=lambda: TODAY)
        self.ballot = Ballot(self.store, current=self.desk.current, now=lambda: 7, tables=lambda _: {})

    def _mark(self, said: object) -> Moment:
        self.marks.append(msgspec.convert(said, dict[str, str]))
        return Moment(len(self.marks), 1_000 + len(self.marks))

    def look(self) -> None:
        """Take over what others changed."""
        with self.store.turn():
            pass


@pytest.fixture
def url() -> str:
    """Lend the address of a journal that nobody has made yet."""
    return nats.fresh_url()


@pytest.fixture
def pair(tmp_path: Path, url: str) -> Iterator[tuple[Page, Page]]:
    """Lend two workers' pages."""
    one, two = Page(tmp_path / "one", url), Page(tmp_path / "two", url)
    yield one, two
    for each in (one, two):
        each.store.close()


def test_a_session_begun_at_one_worker_goes_on_at_the_other(pair: tuple[Page, Page]) -> None:
    """Started at one, paused at the other, archived at the first: both know the same each time."""
    one, two = pair
    begun = one.desk.start(Wish(title="Bakers"))
    two.look()
    assert two.desk.current() == begun
    two.desk.pause(begun.id)
    one.look()
    assert one.desk.session(begun.id).state is State.PAUSED
    one.desk.archive(begun.id)
    two.look()
    assert two.desk.sessions() == one.desk.sessions()


def test_a_reset_at_one_worker_opens_the_same_new_session_at_the_other(pair: tuple[Page, Page]) -> None:
    """Both sessions of it come at once."""
    one, two = pair
    begun = one.desk.start(Wish(title="Bakers"))
    two.look()
    fresh = two.desk.reset(begun.id)
    one.look()
    assert one.desk.current() == fresh
    assert one.desk.session(begun.id).state is State.ARCHIVED


def test_two_sessions_are_never_begun_at_two_workers(pair: tuple[Page, Page]) -> None:
    """Who comes second is told of the first, whether he saw it or not."""
    one, two = pair
    one.desk.start(Wish(title="Bakers"))
    with pytest.raises(UsageError, match="Bakers"):
        two.desk.start(Wish(title="Winegrowers"))


def test_what_another_worker_changed_meanwhile_is_never_overwritten(
    pair: tuple[Page, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and writing, another one wrote: nothing is changed, and it is said what to do."""
    one, two = pair
    mark = two._mark

    def slow(said: object) -> Moment:
        one.desk.start(Wish(title="Bakers"))
        return mark(said)

    monkeypatch.setattr(two.desk, "_mark", slow)
    with pytest.raises(BusyError, match="do it again"):
        two.desk.start(Wish(title="Winegrowers"))
    assert [each.title for each in two.desk.sessions()] == ["Bakers"]
    assert two.desk.sessions() == one.desk.sessions()


def test_answers_of_a_room_whose_phones_are_at_two_workers_are_all_counted(pair: tuple[Page, Page]) -> None:
    """Each answer rewrites the vote: who was second takes it again."""
    one, two = pair
    one.desk.start(Wish(title="Bakers"))
    vote = one.ballot.ask(Question("Warm?", ["yes", "no"]))["id"]
    two.look()
    threads = [
        threading.Thread(target=page.ballot.answer, args=(vote, f"{name}{number}", number % 2))
        for name, page in (("a", one), ("b", two))
        for number in range(10)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for page in pair:
        page.look()
        (found,) = page.store.votes(page.desk.sessions()[0].id)
        assert len(found.answers) == 20


def test_notes_people_and_the_plan_are_the_same_everywhere_and_so_is_their_end(pair: tuple[Page, Page]) -> None:
    """With the picture; what is taken away at one leaves the other's file too."""
    one, two = pair
    begun = one.desk.start(Wish(title="Bakers"))
    note = Note(id="n1", session=begun.id, run="real", time=1, written=2, text="The door was open", author="Léa")
    person = Person(id="p1", session=begun.id, secret="s" * 64, joined=3, name="Marie")
    picture = Picture(id="q1", type="image/png", width=1, height=1, size=3, title="Hall")
    one.store.put_note(note)
    one.store.put_person(person)
    one.store.put_plan(Plan(session=begun.id, picture=picture), picture=("q1", b"PNG"))
    two.look()
    assert two.store.notes(begun.id) == [note]
    assert two.store.person("s" * 64) == person
    assert two.store.picture("q1") == b"PNG"
    two.store.erase_note("n1")
    two.store.erase_person("p1")
    two.store.erase_plan(begun.id)
    one.look()
    assert (one.store.notes(begun.id), one.store.people(begun.id), one.store.plans()) == ([], [], [])
    assert one.store.picture("q1") is None
    assert b"The door was open" not in b"".join(each.read_bytes() for each in one.folder.iterdir())


def test_an_erased_session_is_erased_by_each_worker_in_its_own_time(pair: tuple[Page, Page]) -> None:
    """The one that was away finds it still to be erased, with the people whose phones it has to forget."""
    one, two = pair
    begun = one.desk.start(Wish(title="Bakers"))
    one.store.put_person(Person(id="p1", session=begun.id, secret="s" * 64, joined=3, name="Marie"))
    two.look()
    one.desk.purge(begun.id)
    one.desk.erased(begun.id)
    two.look()
    (left,) = two.desk.due()
    assert (left.id, left.state, left.title) == (begun.id, State.PURGING, "")
    assert [each.device for each in two.store.people(begun.id)] == ["phone:p1"]
    two.desk.purge(begun.id)
    two.desk.erased(begun.id)
    one.look()
    for page in pair:
        assert page.store.sessions() == []
        assert page.store.people(begun.id) == []


def test_whether_an_archive_is_written_is_each_workers_own(pair: tuple[Page, Page]) -> None:
    """The journal lets nothing go before each of them has written it."""
    one, two = pair
    begun = one.desk.start(Wish(title="Bakers"))
    one.desk.archive(begun.id)
    one.desk.kept(begun.id)
    two.look()
    assert [each.id for each in two.desk.unkept()] == [begun.id]
    two.desk.kept(begun.id)
    one.look()
    assert one.desk.unkept() == two.desk.unkept() == []


def test_a_worker_that_was_away_knows_on_its_return_what_came_and_what_went(pair: tuple[Page, Page]) -> None:
    """Its file is as old as its end."""
    one, two = pair
    begun = one.desk.start(Wish(title="Bakers"))
    first = Note(id="n1", session=begun.id, run="real", time=1, written=2, text="first", author="")
    one.store.put_note(first)
    two.look()
    two.store.close()
    one.store.erase_note("n1")
    one.store.put_note(msgspec.structs.replace(first, id="n2", text="second"))
    two.open()
    two.look()
    assert [each.text for each in two.store.notes(begun.id)] == ["second"]


def test_what_was_typed_before_workers_shared_it_is_shared_at_the_first_look(tmp_path: Path, url: str) -> None:
    """A hub of one machine that moved to the servers, or of a version that shared nothing."""
    folder = tmp_path / "one"
    folder.mkdir()
    with closing(SessionStore(folder)) as old:
        begun = Desk(old, mark=lambda _: Moment(1, 1_000), today=lambda: TODAY).start(Wish(title="Bakers"))
        old.put_note(Note(id="n1", session=begun.id, run="real", time=1, written=2, text="old", author=""))
    one, two = Page(folder, url), Page(tmp_path / "two", url)
    one.look()
    two.look()
    assert two.desk.current() == begun
    assert [each.text for each in two.store.notes(begun.id)] == ["old"]
    for each in (one, two):
        each.store.close()


def test_a_file_that_meets_other_servers_keeps_its_sessions_and_shares_them(pair: tuple[Page, Page]) -> None:
    """Restored from a backup, or a cluster made anew: what its servers do not know was not erased by anybody."""
    one, two = pair
    begun = one.desk.start(Wish(title="Bakers"))
    one.store.put_note(Note(id="n1", session=begun.id, run="real", time=1, written=2, text="kept", author=""))
    one.store.close()
    two.store.close()
    one.url = two.url = nats.fresh_url()
    one.open()
    one.look()
    assert one.desk.current() == begun
    two.open()
    two.look()
    assert two.desk.current() == begun
    assert [each.text for each in two.store.notes(begun.id)] == ["kept"]


def test_a_worker_follows_by_itself_and_says_so(pair: tuple[Page, Page]) -> None:
    """So that its pages show it."""
    one, two = pair
    told = threading.Event()
    two.store.follow(told.set)
    begun = one.desk.start(Wish(title="Bakers"))
    assert told.wait(30)
    until("it is there", lambda: two.desk.current() == begun)


def test_without_servers_what_is_known_can_be_read_and_nothing_can_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that shows what it knows is better than none."""
    monkeypatch.setattr(nats_link, "_FIRST_S", 0.3)
    page = Page(tmp_path / "one", f"nats://{HOST}:{free_port()}/x")
    assert page.desk.current() is None
    with pytest.raises(JournalError, match="does not answer"):
        page.desk.start(Wish(title="Bakers"))
    page.store.close()


def test_what_was_replaced_is_overwritten_on_the_servers_disk(tmp_path: Path) -> None:
    """The password of a room's network, a first name."""
    with nats.to_kill() as server:
        page = Page(tmp_path / "one", f"nats://{HOST}:{server.port}/x")
        begun = page.desk.start(Wish(title="Bakers"))
        page.store.put_person(Person(id="p1", session=begun.id, secret="s" * 64, joined=3, name="Guillemette"))
        page.store.put_person(Person(id="p1", session=begun.id, secret="s" * 64, joined=3, name="Anonymous"))
        page.store.close()
        server.kill()
        on_disk = b"".join(each.read_bytes() for each in server.disk.rglob("*") if each.is_file())
        assert b"Anonymous" in on_disk
        assert b"Guillemette" not in on_disk


def test_a_journal_in_the_folder_shares_nothing(tmp_path: Path) -> None:
    """Nor one whose address is not known; with an address it does."""
    with closing(opened(tmp_path)) as own:
        assert type(own) is SessionStore
    place.note(tmp_path, nats.fresh_url())
    with closing(opened(tmp_path)) as shared:
        assert isinstance(shared, SharedStore)


def test_what_only_a_newer_worker_knows_stays_when_an_older_one_changes_the_rest(pair: tuple[Page, Page]) -> None:
    """During a rolling upgrade: of sessions and of votes, also of those that the older one did not touch."""
    one, two = pair
    first = one.desk.start(Wish(title="Bakers"))
    fresh = one.desk.reset(first.id)
    vote = one.ballot.ask(Question("Warm enough?", ["yes", "no"]))["id"]
    keys = ("sessions", f"vote.{vote}")

    def there() -> dict[str, Entry]:
        return {each.key: each for each in one.store._bucket.since(0)}

    def newer(value: bytes | None) -> bytes:
        said = msgspec.json.decode(value or b"")
        for each in said if isinstance(said, list) else [said]:
            each["language"] = "oc"
        return msgspec.json.encode(said)

    for key in keys:
        entry = there()[key]
        one.store._bucket.put(key, newer(entry.value), after=entry.revision)
    two.look()
    two.desk.pause(fresh.id)
    two.ballot.close(vote)
    sessions, kept = (msgspec.json.decode(there()[key].value or b"") for key in keys)
    assert {each["id"]: (each["state"], each["language"]) for each in sessions} == {
        first.id: ("archived", "oc"),
        fresh.id: ("paused", "oc"),
    }
    assert (kept["state"], kept["language"]) == ("closed", "oc")
