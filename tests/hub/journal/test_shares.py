"""Which worker brings which partition to the store (hub/journal/shares.py), on a real NATS server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from hub.errors import JournalError
from hub.journal import lease
from hub.journal import shares as module
from hub.journal.jetstream import LAST, JetStreamJournal, JetStreamReader, Log, Placed, State, Trail
from hub.journal.nats_link import Outgoing, Url
from hub.journal.shares import Shares, dead_letters, most
from hub.model import Message
from servers import nats
from servers.ports import HOST, until


@pytest.fixture
def url() -> Url:
    """Lend the address of a journal of four partitions that nobody has made yet."""
    return Url.parsed(f"{nats.fresh_url()}?partitions=4")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be forgotten soon."""
    for name, value in (("PINNED_S", 0.6), ("ASKED_S", 0.2), ("CONFIRM_S", 1.0), ("LOOK_S", 0.1), ("TICK_S", 0.02)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(lease, "LIVES_S", 1.0)


class Bringer:
    """A worker that reads the journal, and whose store is a list of positions."""

    def __init__(self, url: Url, who: str) -> None:
        """Begin to ask for partitions."""
        self.able, self.store_is_there = True, True
        self.stored: list[int] = []
        self.reader = JetStreamReader(url)
        self.position = 0
        self.shares = Shares(url, who, self.reader.trail, able=lambda: self.able)
        self.shares.start()

    def step(self) -> None:
        """Read on, and confirm what was read."""
        while found := self.reader.read(self.position, 1_000):
            self.position = found[-1].position
        if self.store_is_there:
            self.shares.reached(self.position, {}, self.shares.streams)

    def stepped(self) -> bool:
        """Step; always true, for what is waited for meanwhile."""
        self.step()
        return True

    def holds(self) -> frozenset[int]:
        """Return what it holds."""
        self.step()
        return self.shares.held

    def die(self) -> None:
        """End as a killed process does: nothing is said, nothing is given back."""
        self.shares._ended.set()
        self.shares._thread.join()
        self.shares._deaf()  # a closed connection hears nothing
        self.shares._log.close()
        self.reader.close()

    def close(self) -> None:
        """End in order."""
        self.shares.stop()
        self.reader.close()


@contextmanager
def journalled(url: Url) -> Iterator["Speaking"]:
    """Lend a journal that speaks in every partition."""
    with closing(JetStreamJournal(url)) as journal:
        yield Speaking(journal)


class Speaking:
    """An append side."""

    def __init__(self, journal: JetStreamJournal) -> None:
        """Say nothing yet."""
        self._journal = journal
        self.many = 0

    def say(self) -> int:
        """Journal a message of each of twenty devices."""
        self.many += 1
        return self._journal.append([Message(f"tele/d{at}/S", b"%d" % self.many, self.many) for at in range(20)])


def pending(url: Url) -> list[int]:
    """Return what is not confirmed of each partition, as the server has it; 1 where nobody has asked for it yet."""
    with closing(Log(url)) as log:
        names = (module.consumer(at, log.state().born) for at in range(url.partitions))
        found = [log.link.found(f"CONSUMER.INFO.{url.name}.{name}") for name in names]
        return [1 if each is None else each["num_pending"] + each["num_ack_pending"] for each in found]


def test_each_of_some_workers_holds_about_as_many() -> None:
    """And all are held."""
    assert [most(8, workers) for workers in (0, 1, 2, 3, 4, 9)] == [8, 8, 4, 3, 2, 1]


def test_one_worker_holds_all_and_confirms_all(url: Url) -> None:
    """Every part that was journalled is acknowledged once its lines are in the store, none before."""
    with journalled(url) as journal, closing(Bringer(url, "one")) as one:
        one.store_is_there = False
        journal.say()
        until("it holds all", lambda: one.holds() == {0, 1, 2, 3})
        assert sum(pending(url)) == 4 + 1, "a part of each partition, and the mark of the opening"
        one.store_is_there = True
        one.step()
        until("all is confirmed", lambda: not any(pending(url)))


def test_a_second_worker_takes_half_and_the_first_gives_it(url: Url) -> None:
    """Evenly, by itself; and all again once the second leaves in order."""
    with journalled(url) as journal, closing(Bringer(url, "one")) as one:
        journal.say()
        until("it holds all", lambda: one.holds() == {0, 1, 2, 3})
        with closing(Bringer(url, "two")) as two:

            def is_shared() -> bool:
                journal.say()
                return len(one.holds()) == len(two.holds()) == 2 and not one.holds() & two.holds()

            until("each holds half", is_shared)
        until("it holds all again", lambda: bool(journal.say()) and one.holds() == {0, 1, 2, 3})


def test_the_partitions_of_a_worker_that_died_are_the_others_with_what_it_had_not_confirmed(url: Url) -> None:
    """The engine forgets its pin and delivers again what it had taken."""
    with journalled(url) as journal, closing(Bringer(url, "two")) as two:
        two.able = False
        one = Bringer(url, "one")
        one.store_is_there = False
        journal.say()
        until("it holds all", lambda: one.holds() == {0, 1, 2, 3})
        one.die()
        two.able, two.store_is_there = True, False  # a pin of which nothing waits ends where the machine is busy
        until("the other holds all", lambda: two.holds() == {0, 1, 2, 3})
        two.store_is_there = True
        until("nothing is left", lambda: two.stepped() and not any(pending(url)))
        assert two.shares.flow["store_parts_redelivered_total"] >= 4


def test_a_worker_that_is_far_behind_holds_nothing_and_gives_back_what_it_has(url: Url) -> None:
    """One that has just joined has a journal to read first."""
    with journalled(url) as journal, closing(Bringer(url, "one")) as one:
        journal.say()
        until("it holds all", lambda: one.holds() == {0, 1, 2, 3})
        one.able = False
        until("it holds nothing", lambda: not one.holds())


def test_what_another_has_confirmed_is_known_by_journal_position(url: Url) -> None:
    """So that a worker lets go the lines that it kept in case the other dies."""
    with journalled(url) as journal, closing(Bringer(url, "one")) as one, closing(Bringer(url, "two")) as two:
        two.able = False
        end = journal.say()
        until("one has confirmed all", lambda: one.stepped() and not any(pending(url)))

        def known() -> bool:
            two.step()
            return set(two.shares.confirmed.values()) == {end}

        until("two knows it", known)


def test_a_part_that_no_worker_survives_is_set_aside_and_the_partition_goes_on(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivered too often without a word: its bytes are kept with the reason, what follows is not held up."""
    monkeypatch.setattr(module, "MOST_TRIES", 1)
    with journalled(url) as journal:
        one = Bringer(url, "one")
        one.store_is_there = False
        journal.say()
        until("it holds all", lambda: one.holds() == {0, 1, 2, 3})
        one.die()
        with closing(Bringer(url, "two")) as two, closing(Log(url)) as log:
            until("they are set aside", lambda: two.stepped() and dead_letters(log)[0] == 4 + 1)
            count, (newest, *_) = dead_letters(log, 1)
            assert (count, newest.reason) == (5, "it was delivered 2 times")
            assert newest.what, "as it lay in the journal"
            journal.say()
            until("what follows is confirmed", lambda: two.stepped() and not any(pending(url)))


def test_a_part_that_cannot_be_read_is_set_aside_and_what_follows_is_confirmed(url: Url) -> None:
    """Its bytes are damaged: every reader passes it over, and who has its partition keeps it with the reason."""
    with journalled(url) as journal:
        end = journal.say()
    with closing(Log(url)) as log, closing(Bringer(url, "one")) as one:
        log.link.publish(Outgoing(f"{url.name}.p.2", b"nonsense", {LAST: f"{end + 1}"}))
        with journalled(url) as journal:
            assert journal.say() == end + 1 + 20
            until("it is set aside", lambda: one.stepped() and dead_letters(log)[0] == 1)
            (letter,) = dead_letters(log)[1]
            assert (letter.what, letter.reason) == (b"nonsense", "it cannot be read")
            until("the rest is confirmed", lambda: one.stepped() and not any(pending(url)))


def test_what_is_no_part_of_a_journal_is_set_aside(url: Url) -> None:
    """Somebody else published under the stream's name."""
    with journalled(url) as journal, closing(Bringer(url, "one")) as one, closing(Log(url)) as log:
        journal.say()
        log.link.publish(Outgoing(f"{url.name}.p.2", b"nonsense", {}))
        until("it is set aside", lambda: one.stepped() and dead_letters(log)[0] == 1)
        (letter,) = dead_letters(log)[1]
        assert (letter.what, letter.reason) == (b"nonsense", "it is no part of a journal")


def test_how_far_a_partition_is_is_known_of_its_own_parts_only() -> None:
    """Groups of three messages in two partitions; the third group is large: two parts of one partition."""
    trail, part = Trail(), None
    for group in (
        [Placed(1, 3, "p.0", part), Placed(2, 3, "p.1", part)],
        [Placed(3, 6, "p.0", part)],
        [Placed(4, 9, "p.1", part), Placed(5, 9, "p.1", part)],
    ):
        trail.note(group)
    assert [trail.until("p.0", place) for place in range(6)] == [0, 3, 3, 6, 6, 6]
    assert [trail.until("p.1", place) for place in range(6)] == [0, 0, 3, 3, 3, 9]
    assert (trail.until("p.2", 9), trail.newest(), len(trail.broken)) == (0, 9, 5)


def test_a_line_that_the_store_refuses_is_set_aside_for_every_worker_to_see(url: Url) -> None:
    """With the store's own words."""
    with journalled(url) as journal, closing(Bringer(url, "one")) as one, closing(Bringer(url, "two")) as two:
        journal.say()
        one.shares.refused([(b"telemetry x=1i 1", "field type\nconflict", "bucket b")])
        with closing(Log(url)) as log:
            until("it is there", lambda: dead_letters(log)[0] == 1)
            assert dead_letters(log)[1][0].reason == "field type conflict"
        until("the other counts it", lambda: two.shares.dead == 1)


def test_a_store_that_is_away_holds_a_bounded_number_and_they_are_not_delivered_again(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back-pressure by the server; the worker says that it is still at it, so an outage makes no dead letter."""
    monkeypatch.setattr(module, "HELD", 3)
    with journalled(url) as journal, closing(Bringer(url, "one")) as one:
        one.store_is_there = False
        for _ in range(10):
            journal.say()
        until("it holds all", lambda: one.holds() == {0, 1, 2, 3})
        looks = one.shares._renewed
        until("it has said so past the time of a part", lambda: one.shares._renewed > looks + 2 * module.CONFIRM_S)
        assert max(len(each.taken) for each in one.shares._shares) <= 3
        assert one.shares.flow["store_parts_redelivered_total"] == 0
        one.store_is_there = True
        until("all is confirmed", lambda: one.stepped() and not any(pending(url)))


def test_servers_that_were_all_down_together_go_on_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """They keep in memory how far each partition is; the workers know it too: nothing is delivered from the start."""
    monkeypatch.setattr(module, "TRAIL", 0)
    with nats.to_kill() as alone:
        url = Url.parsed(f"nats://{HOST}:{alone.port}/journal?partitions=2")
        with journalled(url) as journal, closing(Bringer(url, "one")) as one:
            for _ in range(20):
                journal.say()
            until("all is confirmed", lambda: one.stepped() and not any(pending(url)))
            until("it knows so", lambda: min(each.floor for each in one.shares._shares) > 20)
            settled = one.shares.flow["store_parts_confirmed_total"]
            alone.kill()
            alone.start()

            def goes_on() -> bool:
                try:
                    journal.say()
                    one.step()
                    return not any(pending(url)) and one.shares.flow["store_parts_confirmed_total"] > settled
                except JournalError:
                    return False

            until("it goes on", goes_on)
            said = journal.many - 20
            assert one.shares.flow["store_parts_confirmed_total"] - settled <= 2 * said + 20, "not all forty again"


def test_a_worker_that_does_not_know_of_a_new_stream_yet_confirms_nothing_of_it(url: Url) -> None:
    """Its position is in the stream that was deleted: by that, it would confirm what nobody has read."""
    with journalled(url) as journal, closing(Bringer(url, "one")) as one, closing(Log(url)) as log:
        for _ in range(3):
            journal.say()
        until("all is confirmed", lambda: one.stepped() and not any(pending(url)))
        log.link.request(f"STREAM.DELETE.{url.name}")
        with journalled(url) as anew:
            anew.say()
            two = Bringer(url, "two")
            two.store_is_there = False
            until("another holds all", lambda: two.holds() == {0, 1, 2, 3})
            two.die()
            began = one.shares._looked

            def has_looked_for_long() -> bool:
                one.shares.reached(9_999, {}, 0)
                return one.shares._looked > began + 3 * module.PINNED_S

            until("it has looked, and asked where it may", has_looked_for_long)
            assert sum(pending(url)) == 4 + 1, "a part of each partition, and the mark of the opening"
            one.shares.begin_anew()
            one.shares.reached(9_999, {}, 0)  # it was on its way
            until("it holds all", lambda: one.shares.held == {0, 1, 2, 3})
            one.shares.reached(9_999, {}, 0)
            assert sum(pending(url)) == 4 + 1
            one.shares.reached(20, {}, 1)
            until("all is confirmed", lambda: not any(pending(url)))


def test_a_server_that_does_not_say_which_stream_is_there_is_asked_again(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has just lost its stream; a worker that stopped to ask would keep its share from the others for ever."""
    with journalled(url) as journal, closing(Bringer(url, "one")) as one, closing(Log(url)) as log:
        journal.say()
        until("all is confirmed", lambda: one.stepped() and not any(pending(url)))
        log.link.request(f"STREAM.DELETE.{url.name}")
        with journalled(url) as anew:
            anew.say()
            whole, fails = one.shares._log.state, [True]

            def state() -> State:
                if fails and fails.pop():
                    raise JournalError
                return whole()

            monkeypatch.setattr(one.shares._log, "state", state)
            one.shares.begin_anew()
            until("it holds all", lambda: one.shares.held == {0, 1, 2, 3})
            assert not fails
