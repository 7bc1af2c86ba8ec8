"""Who logged in at one worker is the facilitator at all, and who guesses is slowed by all (hub/loggedin.py)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import JournalError
from hub.hashing import hashed
from hub.journal import place
from hub.journal.bucket import Bucket, Entry
from hub.journal.nats_link import Url
from hub.loggedin import LOGINS, LoggedIn, shared
from hub.web.sessions import FORGIVEN_S, KEPT_S, Delays, Sessions
from servers import nats
from servers.ports import HOST, free_port, until

GUESSER = "192.0.2.7"


class Worker:
    """What a worker knows of log-ins, in a folder of its own; it looks when told, on a clock of its own."""

    def __init__(self, folder: Path, url: str, pin: str = "042042") -> None:
        """Start it."""
        folder.mkdir(exist_ok=True)
        self.folder, self.url, self.pin = folder, Url.parsed(url), pin
        self.now = 100.0
        self.delays = Delays(monotonic=lambda: self.now)
        self.start()

    def start(self) -> None:
        """Start, or start again: only the file is left of log-ins."""
        self.sessions = Sessions(self.folder / "sessions", pin=self.pin)
        logins, misses = Bucket(self.url, LOGINS, lives_s=KEPT_S), Bucket(self.url, "misses", lives_s=FORGIVEN_S)
        self.shared = LoggedIn(logins, misses, self.sessions, self.delays)
        until("it is connected", lambda: self.shared._logins.connected)

    def look(self) -> None:
        """Hear and say what is new."""
        self.shared.look()

    def end(self) -> None:
        """End it."""
        self.sessions.save()
        self.shared.close()

    def guess(self, address: str = GUESSER) -> float:
        """Guess wrong as the page's log-in does, where that need not wait; return how long it must [s]."""
        self.look()
        wait = self.delays.wait_of_stranger(address)
        if wait == 0:
            self.delays.miss(address)
        self.look()
        return wait


@pytest.fixture
def url() -> str:
    """Lend the address of a journal that nobody has made yet."""
    return nats.fresh_url()


@pytest.fixture
def pair(tmp_path: Path, url: str) -> Iterator[tuple[Worker, Worker]]:
    """Lend two workers."""
    one, two = Worker(tmp_path / "one", url), Worker(tmp_path / "two", url)
    yield one, two
    for each in (one, two):
        each.end()


def test_who_logged_in_at_one_worker_is_known_at_the_other_until_logging_out_anywhere(
    pair: tuple[Worker, Worker],
) -> None:
    """Opened at one, closed at the other."""
    one, two = pair
    secret = one.sessions.open()
    one.look()
    assert not two.sessions.known(secret)
    two.look()
    assert two.sessions.known(secret)
    two.sessions.close(secret)
    two.look()
    one.look()
    assert not one.sessions.known(secret)


def test_what_lies_at_the_servers_lets_nobody_in(pair: tuple[Worker, Worker]) -> None:
    """A hash of secret and PIN, and an end; of a guess a hash of its address and a count."""
    one, _ = pair
    secret = one.sessions.open()
    one.guess()
    for name, holds in ((LOGINS, one.sessions.kept_as(secret)), ("misses", hashed(GUESSER))):
        with closing(Bucket(one.url, name)) as bucket:
            entries = bucket.since(0)
        assert [each.key for each in entries] == [holds]
        said = repr(entries)
        assert secret not in said
        assert GUESSER not in said


def test_a_worker_that_was_away_forgets_who_logged_out_meanwhile(pair: tuple[Worker, Worker]) -> None:
    """Its own file still has it, and does not bring it back to life."""
    one, two = pair
    gone, stays = one.sessions.open(), one.sessions.open()
    one.look()
    two.look()
    two.end()
    one.sessions.close(gone)
    one.look()
    two.start()
    assert two.sessions.known(gone)
    two.look()
    assert (two.sessions.known(gone), two.sessions.known(stays)) == (False, True)
    one.look()
    assert not one.sessions.known(gone)


def test_who_was_logged_in_before_log_ins_were_shared_stays_so(tmp_path: Path, url: str) -> None:
    """The first worker brings its own along; who was logged in at the second only logs in once more."""
    secrets = [logged_in(tmp_path / name) for name in ("one", "two")]
    one, two = Worker(tmp_path / "one", url), Worker(tmp_path / "two", url)
    for each in (one, two):
        each.look()
    assert [two.sessions.known(each) for each in secrets] == [True, False]
    for each in (one, two):
        each.end()


def logged_in(folder: Path) -> str:
    """Return the secret of a session of before, kept in a folder."""
    folder.mkdir()
    before = Sessions(folder / "sessions", pin="042042")
    secret = before.open()
    before.save()
    return secret


def test_a_pin_changed_at_the_next_start_ends_log_ins_though_the_servers_keep_them(tmp_path: Path, url: str) -> None:
    """Even where the file of sessions was deleted; a worker with the same PIN knows who logs in with the new one."""
    before = Worker(tmp_path / "one", url)
    old = before.sessions.open()
    before.look()
    before.end()
    (tmp_path / "one" / "sessions").unlink()
    one, two = (Worker(tmp_path / name, url, pin="111222") for name in ("one", "two"))
    one.look()
    new = one.sessions.open()
    one.look()
    two.look()
    assert [two.sessions.known(each) for each in (old, new)] == [False, True]
    for each in (one, two):
        each.end()


def test_another_pin_ends_the_sessions_of_all_workers(pair: tuple[Worker, Worker]) -> None:
    """Whoever saw the one before is out everywhere."""
    one, two = pair
    secrets = [one.sessions.open(), two.sessions.open()]
    for each in (one, two, one):
        each.look()
    assert all(one.sessions.known(each) for each in secrets)
    one.sessions.renew("111222")
    one.look()
    two.look()
    assert not any(two.sessions.known(each) for each in secrets)


def test_who_guesses_in_turn_at_two_workers_waits_as_at_one(pair: tuple[Worker, Worker]) -> None:
    """Three free guesses in all, not three at each; then 1, 2, 4 s, wherever the last one was."""
    waits = []
    for number in range(7):
        worker = pair[number % 2]
        waits.append(wait := worker.guess())
        if wait:
            for each in pair:
                each.now += wait
            assert worker.guess() == 0
    assert waits == [0, 0, 0, 1, 2, 4, 8]


def test_strangers_from_ever_other_addresses_share_their_guesses_at_all_workers(pair: tuple[Worker, Worker]) -> None:
    """Thirty, fifteen at each, then one in two seconds."""
    for number in range(30):
        assert pair[number % 2].guess(f"192.0.2.{number}") == 0
    for each in pair:
        each.look()
        assert each.delays.wait_of_stranger("198.51.100.1") == pytest.approx(2.0)


def test_guesses_at_the_same_moment_are_all_counted(pair: tuple[Worker, Worker]) -> None:
    """Neither worker had heard of the other's: both counts come together."""
    one, two = pair
    for each in (one, two, one, two):
        each.delays.miss(GUESSER)
    for each in (one, two, one):
        each.look()
    assert [each.delays.missed()[hashed(GUESSER)][0] for each in pair] == [4, 4]


def test_who_gets_in_at_one_worker_is_forgiven_at_all(pair: tuple[Worker, Worker]) -> None:
    """A trainer who mistyped four times does not wait at the other page."""
    one, two = pair
    for _ in range(4):
        one.delays.miss(GUESSER)
    one.look()
    two.look()
    assert two.delays.wait(GUESSER) > 0
    two.delays.forgive(GUESSER)
    two.look()
    one.look()
    assert one.delays.wait(GUESSER) == 0


def test_what_the_servers_have_forgotten_is_said_anew(tmp_path: Path) -> None:
    """A miss lives a quarter of an hour there; the next one after that is the first again, at both workers."""
    with nats.to_kill() as server:
        url = f"nats://{HOST}:{server.port}/door"
        one, two = Worker(tmp_path / "one", url), Worker(tmp_path / "two", url)
        for _ in range(4):
            one.delays.miss(GUESSER)
        one.look()
        one.shared._misses._link.request("STREAM.PURGE.KV_door_misses")  # as their age does
        one.now += FORGIVEN_S
        one.delays.miss(GUESSER)
        one.look()
        two.look()
        assert two.delays.missed()[hashed(GUESSER)][0] == 1
        for each in (one, two):
            each.end()


def test_without_a_server_a_worker_goes_on_and_says_later_what_it_did(tmp_path: Path) -> None:
    """Nobody is thrown out; a log-in and a log-out made meanwhile hold at the other once a server is back."""
    with nats.to_kill() as server:
        url = f"nats://{HOST}:{server.port}/door"
        one, two = Worker(tmp_path / "one", url), Worker(tmp_path / "two", url)
        stays, ends = one.sessions.open(), one.sessions.open()
        one.look()
        two.look()
        server.kill()
        for each in (one, two):
            each.look()
        assert two.sessions.known(stays)
        one.sessions.close(ends)
        late = one.sessions.open()
        server.start()
        until("both know the same", lambda: alike(one, two))
        assert [two.sessions.known(each) for each in (stays, ends, late)] == [True, False, True]
        for each in (one, two):
            each.end()


def alike(one: Worker, two: Worker) -> bool:
    """Let both look; tell whether they know the same."""
    one.look()
    two.look()
    return one.sessions.living() == two.sessions.living()


def test_a_folder_with_a_journal_of_its_own_shares_with_nobody(tmp_path: Path, url: str) -> None:
    """One whose journal lies on servers does, by itself; where none answers, nobody waits for them."""
    sessions, delays = Sessions(pin="042042"), Delays()
    with shared(tmp_path, sessions, delays) as found:
        assert found is None
    other = Worker(tmp_path / "other", url)
    secret = other.sessions.open()
    other.look()
    place.note(tmp_path, url)
    with shared(tmp_path, sessions, delays):
        until("it has looked", lambda: sessions.known(secret))
    other.end()
    place.note(tmp_path, f"nats://{HOST}:{free_port()}/nobody")
    with shared(tmp_path, sessions, delays) as found:
        assert found is not None
        found.look()
    assert sessions.known(secret)


def test_a_server_that_does_not_answer_is_asked_by_the_thread_alone(
    pair: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks the page with an old cookie would else keep the threads that answer everybody, seconds each time."""
    one, _ = pair
    asked: list[str] = []

    def since(_: Bucket, __: int) -> list[Entry]:
        asked.append(threading.current_thread().name)
        raise JournalError

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "since", since)
        one.shared.start()
        until("it was asked in vain", lambda: one.shared._silent)
        for _ in range(3):
            one.look()
        assert {*asked} == {"log-ins"}
    until("it goes on by itself", lambda: not one.shared._silent)


def test_a_full_disk_does_not_end_the_care_for_log_ins(
    pair: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log-out elsewhere holds here all the same, and so does the next one."""
    one, two = pair
    secrets = [one.sessions.open(), one.sessions.open()]
    one.look()
    two.look()

    def save() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(two.sessions, "save", save)
    two.shared.start()
    for secret in secrets:
        one.sessions.close(secret)
        one.look()
        until("it is out", is_out(two, secret))


def is_out(worker: Worker, secret: str) -> Callable[[], bool]:
    """Return what tells whether a session has ended there."""
    return lambda: not worker.sessions.known(secret)


def test_what_cannot_be_read_hides_no_log_out(pair: tuple[Worker, Worker]) -> None:
    """Of a newer version, or of somebody with `nats kv`: it came together with a log-out, which is heard."""
    one, two = pair
    secret = one.sessions.open()
    one.look()
    two.look()
    with closing(Bucket(one.url, LOGINS)) as bucket:
        bucket.put("strange", b"{}", after=0)
    one.sessions.close(secret)
    one.look()
    two.look()
    assert not two.sessions.known(secret)


def test_what_fails_beside_log_ins_keeps_nothing_else_from_being_looked_after(
    pair: tuple[Worker, Worker], caplog: pytest.LogCaptureFixture
) -> None:
    """Codes are looked after though tokens cannot be."""
    looked = threading.Event()

    def fail() -> None:
        raise ValueError

    one, _ = pair
    one.shared._beside = (fail, looked.set)
    one.shared.start()
    until("it was looked after", looked.is_set)
    assert "cannot be looked after" in caplog.text
