"""What only the journal on NATS servers does (hub/journal/jetstream.py); the contract is test_contract.py's."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import msgspec
import pytest

from hub.errors import ConfigError, JournalError
from hub.journal import jetstream
from hub.journal.base import Opening
from hub.journal.jetstream import Groups, JetStreamJournal, JetStreamReader, Log, Placed
from hub.journal.nats_link import Outgoing, UnknownFateError, Url
from hub.journal.parts import partition
from hub.model import Message
from servers import nats
from servers.ports import HOST


@pytest.fixture
def url() -> Url:
    """Lend the address of a journal that nobody has made yet."""
    return Url.parsed(nats.fresh_url())


@pytest.fixture
def alone() -> Iterator[nats.Nats]:
    """Lend a server that a test may kill."""
    with nats.to_kill() as lent:
        yield lent


def message(number: int, topic: str = "a/b") -> Message:
    """Return a message that says a number."""
    return Message(topic, f"{number}".encode(), 1_000 + number)


def said(reader: JetStreamReader) -> list[str]:
    """Return all that a journal says."""
    return [record.message.payload.decode() for record in reader.read(0, 10_000)]


def test_an_older_append_side_writes_never_again_once_another_is_open(url: Url) -> None:
    """Two ingests that both believe it is their turn cannot mix: the stream itself refuses one of them."""
    with closing(JetStreamJournal(url)) as older, closing(JetStreamReader(url)) as reader:
        older.append([message(1)])
        with closing(JetStreamJournal(url)) as newer:
            with pytest.raises(JournalError, match="another ingest"):
                older.append([message(2)])
            assert older.superseded
            assert newer.append([message(3)]) == 2
        assert said(reader) == ["1", "3"]


@contextmanager
def unanswered(journal: JetStreamJournal) -> Iterator[None]:
    """Let the servers take what is committed, and their answers be lost."""
    commit = journal._log.link.commit

    def deaf(*arguments: object, **more: object) -> int:
        commit(*arguments, **more)  # type: ignore[arg-type]
        raise UnknownFateError("no answer came")  # noqa: EM101, TRY003 — as a lost connection's

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal._log.link, "commit", deaf)
        yield


def test_a_group_written_while_its_answer_was_lost_is_written_once(url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker's messages come again to a journal that has them already: told apart by the group's own name."""
    monkeypatch.setattr(jetstream, "PATIENCE_S", 0.0)
    with closing(JetStreamJournal(url)) as journal, closing(JetStreamReader(url)) as reader:
        with unanswered(journal), pytest.raises(JournalError):
            journal.append([message(1), message(2, "c/d")])
        assert journal.append([message(1), message(2, "c/d")]) == 2
        assert journal.append([message(3)]) == 3
        assert said(reader) == ["1", "2", "3"]


def test_another_group_may_come_while_the_fate_of_one_is_unknown(url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serial lines and web requests do not wait for the broker's group."""
    monkeypatch.setattr(jetstream, "PATIENCE_S", 0.0)
    with closing(JetStreamJournal(url)) as journal, closing(JetStreamReader(url)) as reader:
        with unanswered(journal), pytest.raises(JournalError):
            journal.append([message(1)])
        assert journal.append([message(2)]) == 2
        assert journal.append([message(1)]) == 2, "it was there already"
        assert said(reader) == ["1", "2"]


def test_a_server_that_is_killed_and_comes_back_has_every_group_that_was_committed(alone: nats.Nats) -> None:
    """While it is away nothing is taken, and said so; nothing is taken twice."""
    url = Url.parsed(f"nats://{HOST}:{alone.port}/journal")
    with closing(JetStreamJournal(url)) as journal, closing(JetStreamReader(url)) as reader:
        journal.append([message(1), message(2)])
        assert reader.end == 2
        alone.kill()
        with pytest.raises(JournalError, match="takes nothing"):
            journal.append([message(3)])
        assert reader.end == 2, "as it was seen last"
        back = threading.Timer(0.2, alone.start)
        back.start()
        while journal.end < 3:
            try:
                journal.append([message(3)])
            except JournalError:
                continue
        back.join()
        assert said(reader) == ["1", "2", "3"]


def test_a_server_that_is_behind_is_not_taken_for_another_append_side(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While servers vote, one of them tells of the stream as it has it: what it lacks nobody else has written."""
    monkeypatch.setattr(jetstream, "PATIENCE_S", 0.0)
    with closing(JetStreamJournal(url)) as journal, closing(JetStreamReader(url)) as reader:
        journal.append([message(1)])
        behind = msgspec.structs.replace(journal._log.state(), last=journal._sequence - 1)
        journal.append([message(2)])
        with unanswered(journal), pytest.raises(JournalError):
            journal.append([message(3)])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(journal._log, "state", lambda: behind)
            with pytest.raises(JournalError, match="behind"):
                journal.append([message(3)])
        assert not journal.superseded
        assert journal.append([message(3)]) == 3
        assert said(reader) == ["1", "2", "3"]


def test_an_append_side_whose_stream_has_lost_its_end_gives_way_to_one_that_opens_it_anew(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that was restored, or lost what was not on the disk: nobody would write until somebody restarts it."""
    monkeypatch.setattr(jetstream, "PATIENCE_S", 0.0)
    with closing(JetStreamJournal(url)) as journal:
        journal.append([message(1)])
        before = msgspec.structs.replace(journal._log.state(), last=journal._sequence - 1)
        with unanswered(journal), pytest.raises(JournalError):
            journal.append([message(2)])
        monkeypatch.setattr(journal._log, "state", lambda: before)
        with pytest.raises(JournalError, match="behind"):
            journal.append([message(2)])
        assert not journal.superseded
        monkeypatch.setattr(jetstream, "AGREE_S", 0.0)
        with pytest.raises(JournalError, match="another ingest"):
            journal.append([message(2)])
        assert journal.superseded


def test_the_oldest_go_within_the_budget_and_the_positions_stay(url: Url) -> None:
    """What every reader has goes; the end is remembered whatever goes."""
    with closing(JetStreamJournal(url)) as journal, closing(JetStreamReader(url)) as reader:
        for number in range(1, 41):
            journal.append([message(2 * number - 1), message(2 * number, "c/d")])
        size = journal.used
        assert journal.make_room(size, below=81, before=10**18) == 0
        assert journal.make_room(size // 2, below=1, before=10**18) == 0, "nobody has read them"
        gone = journal.make_room(size // 2, below=81, before=10**18)
        assert 30 <= gone <= 50
        assert reader.start == gone + 1
        assert [record.position for record in reader.read(0, 1_000)] == list(range(gone + 1, 81))
        assert journal.append([message(81)]) == 81


def test_large_messages_come_back_whole(url: Url) -> None:
    """A message of the largest size that is journalled whole, several in a group."""
    large = [Message("a/b", bytes([number]) * 1_048_576, number) for number in range(1, 5)]
    with closing(JetStreamJournal(url)) as journal, closing(JetStreamReader(url)) as reader:
        journal.append(large)
        assert [record.message for record in reader.read(0, 10)] == large


def test_all_of_a_device_goes_to_one_partition() -> None:
    """Its order is that of the partition: whatever it speaks of lies under the same two levels."""
    assert len({partition(f"tele/kitchen/{what}", 64) for what in ("SENSOR", "STATE", "LWT")}) == 1
    assert len({partition(f"tele/kitchen{number}/SENSOR", 8) for number in range(200)}) == 8


@pytest.mark.parametrize(
    "wrong",
    [
        "http://a:1",
        "nats://",
        "nats://a:1/no.dots",
        "nats://a:1?replicas=2",
        "nats://a:1?what=3",
        "nats://a:1?partitions=x",
    ],
)
def test_an_address_that_is_none_is_refused_with_what_one_looks_like(wrong: str) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(ConfigError, match="write nats://"):
        Url.parsed(wrong)


def test_a_password_is_never_shown() -> None:
    """Not even where the address is refused."""
    with pytest.raises(ConfigError) as refused:
        Url.parsed("nats://me:secret@a:1/no.dots")
    assert "secret" not in str(refused.value)


def test_three_servers_keep_three_copies_unless_told() -> None:
    """One keeps one."""
    assert Url.parsed("nats://a:1,b:1,c:1").replicas == 3
    assert Url.parsed("nats://a:1").replicas == 1
    assert Url.parsed("nats://a:1/name?replicas=3&partitions=4").partitions == 4


def test_a_server_that_takes_too_little_at_once_is_refused_with_the_remedy() -> None:
    """A message of 1 MiB could never be journalled there."""
    with nats.to_kill(payload="1MB") as small, pytest.raises(JournalError, match="max_payload: 8MB"):
        JetStreamJournal(Url.parsed(f"nats://{HOST}:{small.port}/journal"))


def test_a_new_start_knows_when_something_was_last_heard(url: Url) -> None:
    """Whatever came after it into the stream: marks of starts, and what was erased."""
    with closing(JetStreamJournal(url)) as journal:
        assert journal.newest == 0
        journal.append([message(1), message(7, "c/d")], epoch=3)
    with closing(JetStreamJournal(url)) as journal:
        journal.erase([1, 2])
    with closing(JetStreamJournal(url)) as journal:
        assert (journal.newest, journal.epoch, journal.end) == (1_007, 3, 2)


def test_any_position_is_found_wherever_it_lies(url: Url) -> None:
    """Near the end, at the beginning, in the middle; before and after some were erased."""
    with closing(JetStreamJournal(url)) as journal:
        for number in range(1, 201):
            journal.append([message(2 * number - 1), message(2 * number, "c/d")])
        for _ in range(2):
            for after in (0, 1, 2, 199, 200, 263, 398, 399):
                with closing(JetStreamReader(url)) as reader:
                    assert reader.read(after, 1)[0].position == after + 1
            journal.erase([1, 200, 201, 264, 400])


def test_what_a_newer_version_wrote_stops_a_reader_instead_of_being_passed_over(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no append side opens after it; once that version is installed, both go on where they were."""
    with closing(JetStreamReader(url)) as reader:
        with closing(JetStreamJournal(url)) as journal:
            journal.append([message(1)])
            assert [each.position for each in reader.read(0, 10)] == [1]
            monkeypatch.setattr(jetstream, "FORMAT", 2)
            journal.append([message(2)])
        monkeypatch.setattr(jetstream, "FORMAT", 1)
        with pytest.raises(JournalError, match=r"newer version .*\(format 2, this one knows 1\); install"):
            reader.read(1, 10)
        with pytest.raises(JournalError, match="newer version"):
            JetStreamJournal(url)
        monkeypatch.setattr(jetstream, "FORMAT", 2)
        assert said(reader) == ["1", "2"]


@contextmanager
def stranger(url: Url) -> Iterator[Log]:
    """Lend the streams to somebody who is no hub."""
    with closing(Log(url)) as log:
        yield log


def test_what_somebody_else_published_last_does_not_hide_where_the_journal_ends(url: Url) -> None:
    """It has no position: readers see the end before it, and who opens the journal goes on after that."""
    with closing(JetStreamReader(url)) as reader, stranger(url) as log:
        with closing(JetStreamJournal(url)) as journal:
            journal.append([message(1), message(2)])
            for _ in range(3):
                log.link.publish(Outgoing(f"{url.name}.p.0", b"not ours", {}))
            assert reader.end == 2
            assert said(reader) == ["1", "2"]
        with closing(JetStreamReader(url)) as fresh:
            assert fresh.end == 2
        with closing(JetStreamJournal(url)) as journal:
            assert journal.append([message(3)]) == 3
        assert said(reader) == ["1", "2", "3"]


def test_a_reader_finds_every_position_among_what_somebody_else_published(url: Url) -> None:
    """Wherever the search by halves meets it, nothing of the journal is passed over."""
    with stranger(url) as log, closing(JetStreamReader(url)) as reader:
        for number in range(1, 7):
            with closing(JetStreamJournal(url)) as journal:
                journal.append([message(number)])
            for _ in range(30):
                log.link.publish(Outgoing(f"{url.name}.other", b"not ours", {}))
        for after in range(6):
            found = Groups(log).read(after, 1)
            assert [each.position for each in found] == [after + 1]
        assert said(reader) == ["1", "2", "3", "4", "5", "6"]
        assert reader.damaged == 0


@contextmanager
def counted(log: Log) -> Iterator[list[str]]:
    """Lend what the servers are asked, beside the messages themselves."""
    asked: list[str] = []
    found = log.link.found

    def heard(subject: str, body: Mapping[str, object] | None = None) -> Mapping[str, object] | None:
        asked.append(subject)
        return found(subject, body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log.link, "found", heard)
        yield asked


def test_a_reader_that_is_told_the_end_asks_the_servers_for_nothing_but_the_messages(url: Url) -> None:
    """A worker reads a hundred times a second: what it need not ask is most of what it would cost them."""
    with closing(JetStreamJournal(url)) as journal, closing(JetStreamReader(url)) as reader:
        journal.append([message(1), message(2, "c/d")])
        assert said(reader) == ["1", "2"]
        end = journal.append([message(3), message(4, "c/d")])
        with counted(reader._log) as asked:
            found = reader.read(2, 1_000, end=end)
            assert [each.position for each in found] == [3, 4]
            assert reader.read(4, 1_000, end=end) == []
            assert asked == []
            assert reader.read(4, 1_000) == []
            assert asked, "who is not told asks"


def test_a_reader_that_is_told_of_more_than_its_server_has_waits_for_it(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may be behind the one that confirmed; what it lacks is not left until somebody speaks again."""
    with closing(JetStreamJournal(url)) as journal, closing(JetStreamReader(url)) as reader:
        end = journal.append([message(1), message(2)])
        whole, behind = reader._log.parts, [True, True]

        def parts(sequence: int) -> tuple[list[Placed], int, bool]:
            return ([], sequence, False) if behind and behind.pop() else whole(sequence)

        monkeypatch.setattr(reader._log, "parts", parts)
        assert [each.position for each in reader.read(0, 1_000, end=end)] == [1, 2]
        assert not behind


def test_a_reader_that_came_before_the_journal_knows_its_opening_as_soon_as_it_is_opened(url: Url) -> None:
    """What it reads before it knows whose it is would be taken for the journal's that is made anew in its place."""
    with closing(JetStreamReader(url)) as reader:
        assert reader.opening == Opening(0, 0)
        with closing(JetStreamJournal(url)):
            assert reader.opening.born


def test_an_opening_is_looked_at_now_and_then_only(url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes when another ingest begins to write, and no position means another message then."""
    with closing(JetStreamReader(url)) as reader, closing(JetStreamJournal(url)):
        first = reader.opening
        with closing(JetStreamJournal(url)):
            with counted(reader._log) as asked:
                assert reader.opening == first
                assert asked == []
            monkeypatch.setattr(jetstream, "LOOKED_S", 0.0)
            assert reader.opening.id > first.id
