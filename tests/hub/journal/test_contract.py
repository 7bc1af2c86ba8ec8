"""What every journal keeps (hub/journal/base.py); a new one adds its maker to `MAKERS`."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.journal.base import Journal, JournalReader
from hub.journal.jetstream import JetStreamJournal, JetStreamReader
from hub.journal.nats_link import Url
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import Message, Source
from servers import nats
from servers.bytes_on_disk import on_disk


@dataclass
class Place:
    """Where a journal lives: opens its append side, and readers of it; `disk`: where its bytes lie."""

    journal: Callable[[], Journal]
    reader: Callable[[], JournalReader]
    disk: Path


def sqlite(folder: Path) -> Place:
    """Return the default journal in a folder."""
    return Place(lambda: SqliteJournal(folder), lambda: SqliteReader(folder), folder)


def jetstream(_folder: Path) -> Place:
    """Return a journal on a real NATS server."""
    url = Url.parsed(nats.fresh_url())
    disk = nats.server().disk / "jetstream" / "$G" / "streams" / url.name
    return Place(lambda: JetStreamJournal(url), lambda: JetStreamReader(url), disk)


MAKERS = {"sqlite": sqlite, "jetstream": jetstream}


@pytest.fixture(params=MAKERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Lend a place for each kind of journal."""
    return MAKERS[request.param](tmp_path)


@pytest.fixture
def journal(place: Place) -> Iterator[Journal]:
    """Lend an empty journal."""
    with closing(place.journal()) as made:
        yield made


@pytest.fixture
def reader(place: Place, journal: Journal) -> Iterator[JournalReader]:  # noqa: ARG001 — the journal first
    """Lend a reader of that journal."""
    with closing(place.reader()) as made:
        yield made


def message(number: int, *, topic: str = "a/b", qos: int = 1, source: Source = Source.MQTT) -> Message:
    """Return a message that says a number."""
    return Message(topic, f"{number}".encode(), 1_000 + number, source, qos=qos)


def messages(*numbers: int) -> list[Message]:
    """Return messages that say these numbers."""
    return [message(number) for number in numbers]


def read_all(reader: JournalReader, limit: int = 100) -> list[tuple[int, bytes]]:
    """Return every position with its payload."""
    found, after = [], 0
    while records := reader.read(after, limit):
        found += [(record.position, record.message.payload) for record in records]
        after = records[-1].position
    return found


def test_positions_count_from_one_without_a_hole(journal: Journal, reader: JournalReader) -> None:
    """Every record has the place after the one before."""
    assert [journal.append(messages(1, 2)), journal.append(messages(3))] == [2, 3]
    assert read_all(reader) == [(1, b"1"), (2, b"2"), (3, b"3")]


def test_what_is_appended_can_be_read_at_once(journal: Journal, reader: JournalReader) -> None:
    """A reader opened before sees a group as soon as it is committed."""
    assert (reader.start, reader.end, reader.read(0, 10)) == (1, 0, [])
    journal.append(messages(1))
    assert (reader.start, reader.end) == (1, 1)
    journal.append(messages(2, 3))
    assert reader.end == journal.end == 3


def test_a_message_comes_back_as_it_was(journal: Journal, reader: JournalReader) -> None:
    """Topic, payload, times, flags and lengths survive, whatever they hold."""
    odd = Message("é/\x00/ü", bytes(range(256)), 5, Source.IMPORT, retained=True, run="r-1", time=7, length=9, qos=0)
    journal.append([odd], epoch=4, late=True)
    (record,) = reader.read(0, 1)
    assert (record.message, record.epoch, record.late, record.repeat) == (odd, 4, True, False)


def test_a_reader_starts_anywhere_in_a_group(journal: Journal, reader: JournalReader) -> None:
    """A cursor need not stand between two groups."""
    journal.append(messages(1, 2, 3))
    journal.append(messages(4))
    assert [record.position for record in reader.read(2, 10)] == [3, 4]


def test_a_read_is_bounded(journal: Journal, reader: JournalReader) -> None:
    """About as many as asked for, whole groups, never everything."""
    for number in range(50):
        journal.append(messages(*range(number * 10, number * 10 + 10)))
    assert len(reader.read(0, 25)) == 30


def test_nothing_is_no_group(journal: Journal, reader: JournalReader) -> None:
    """Appending nothing writes nothing."""
    assert journal.append([]) == 0
    assert reader.read(0, 10) == []


def test_a_new_start_goes_on_where_the_last_ended(place: Place) -> None:
    """Positions are never used twice."""
    with closing(place.journal()) as first:
        first.append(messages(1, 2))
    with closing(place.journal()) as second, closing(place.reader()) as reader:
        assert second.end == 2
        assert second.append(messages(3)) == 3
        assert read_all(reader) == [(1, b"1"), (2, b"2"), (3, b"3")]


def test_a_reader_knows_what_is_new_since_the_last_opening(place: Place) -> None:
    """A cursor beyond a damaged end goes back there."""
    with closing(place.journal()) as first, closing(place.reader()) as reader:
        first.append(messages(1, 2))
        before = reader.opening
        assert before.position == 0
    with closing(place.journal()) as second, closing(place.reader()) as reader:
        assert reader.opening.position == 2
        second.append(messages(3))
        assert reader.opening.position == 2
        assert reader.opening.id not in {0, before.id}


# --- the resume rule (reliability.md §2.8)


def repeats(journal: Journal, reader: JournalReader, after: int) -> list[bool]:
    """Return the marks of the records above `after`."""
    assert journal.end >= after
    return [record.repeat for record in reader.read(after, 1_000)]


def test_messages_delivered_again_are_kept_and_marked(journal: Journal, reader: JournalReader) -> None:
    """After a resumed session a run that ends where the tail ends is a repeat; what follows is new."""
    journal.append(messages(1, 2, 3, 4), epoch=1)
    journal.resumed(2)
    journal.append(messages(3, 4, 5), epoch=2)
    assert repeats(journal, reader, 4) == [True, True, False]


def test_a_run_that_does_not_end_at_the_tail_is_no_repeat(journal: Journal, reader: JournalReader) -> None:
    """A device that says 2, 3 again said it again."""
    journal.append(messages(1, 2, 3, 4), epoch=1)
    journal.resumed(2)
    journal.append(messages(2, 3), epoch=2)
    assert repeats(journal, reader, 4) == [False, False]


def test_where_several_alignments_fit_nothing_is_marked(journal: Journal, reader: JournalReader) -> None:
    """A double is better than a loss."""
    journal.append(messages(7, 7, 7), epoch=1)
    journal.resumed(2)
    journal.append(messages(7, 7), epoch=2)
    assert repeats(journal, reader, 3) == [False, False]


def test_only_the_first_group_after_a_resumed_session_is_compared(journal: Journal, reader: JournalReader) -> None:
    """Two honest presses of one button are two."""
    journal.append(messages(1), epoch=1)
    journal.resumed(2)
    journal.append(messages(2), epoch=2)
    journal.append(messages(2), epoch=2)
    assert repeats(journal, reader, 1) == [False, False]


def test_without_a_resumed_session_nothing_repeats(journal: Journal, reader: JournalReader) -> None:
    """The same bytes twice on one connection are two messages."""
    journal.append(messages(1, 2), epoch=1)
    journal.append(messages(1, 2), epoch=1)
    assert repeats(journal, reader, 2) == [False, False]


def test_what_a_broker_never_delivers_again_is_passed_over(journal: Journal, reader: JournalReader) -> None:
    """QoS 0 and the messages of other edges may lie between the ones that come again."""
    journal.append([message(1), message(9, qos=0), message(2), message(8, source=Source.HTTP)], epoch=1)
    journal.resumed(2)
    journal.append(messages(1, 2, 3), epoch=2)
    assert repeats(journal, reader, 4) == [True, True, False]


def test_the_tail_is_found_after_a_restart(place: Place) -> None:
    """A killed process leaves the unacknowledged messages in several groups."""
    with closing(place.journal()) as first:
        for number in range(1, 8):
            first.append(messages(number), epoch=1)
    with closing(place.journal()) as second, closing(place.reader()) as reader:
        second.resumed(2)
        second.append(messages(3, 4, 5, 6, 7, 8), epoch=2)
        assert repeats(second, reader, 7) == [True] * 5 + [False]


def test_what_a_killed_broker_had_at_its_last_snapshot_is_a_repeat(journal: Journal, reader: JournalReader) -> None:
    """It may be acknowledged long since, and go on for many groups; the first new message ends it."""
    journal.append(messages(*range(1, 9)), epoch=1)
    journal.append(messages(9, 10), epoch=1)
    journal.resumed(2, restarted=True)
    journal.append(messages(3, 4), epoch=2)
    journal.append(messages(5, 6, 11), epoch=2)
    journal.append(messages(7, 8), epoch=2)
    assert repeats(journal, reader, 10) == [True, True, True, True, False, False, False]


def test_a_second_snapshot_may_hold_repeats_itself(journal: Journal, reader: JournalReader) -> None:
    """What came again, and what came after it, in the order in which they came."""
    journal.append(messages(1, 2, 3, 4, 5), epoch=1)
    journal.resumed(2, restarted=True)
    journal.append(messages(2, 3, 6, 7), epoch=2)
    journal.resumed(3, restarted=True)
    journal.append(messages(3, 6, 7, 8), epoch=3)
    assert repeats(journal, reader, 5) == [True, True, False, False, True, True, True, False]


def test_of_a_restarted_broker_too_nothing_ambiguous_is_marked(journal: Journal, reader: JournalReader) -> None:
    """A button pressed twice before, and once more now."""
    journal.append(messages(7, 1, 7, 2), epoch=1)
    journal.resumed(2, restarted=True)
    journal.append(messages(7, 3), epoch=2)
    assert repeats(journal, reader, 4) == [False, False]


def test_a_restarted_broker_delivers_the_tail_again_as_any_other(journal: Journal, reader: JournalReader) -> None:
    """Killed right after a snapshot."""
    journal.append(messages(1, 2, 3, 4), epoch=1)
    journal.resumed(2, restarted=True)
    journal.append(messages(3, 4, 5), epoch=2)
    assert repeats(journal, reader, 4) == [True, True, False]


@pytest.mark.parametrize("kind", MAKERS)
@given(
    kept=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    unconfirmed=st.integers(0, 12),
    fresh=st.lists(st.integers(4, 6), max_size=5),
)
@settings(max_examples=40, deadline=None)
def test_no_new_message_is_ever_marked(
    tmp_path_factory: pytest.TempPathFactory, kind: str, kept: list[int], unconfirmed: int, fresh: list[int]
) -> None:
    """Whatever came before, marks cover at most what was delivered again."""
    again = kept[len(kept) - min(unconfirmed, len(kept)) :]
    with lent(MAKERS[kind](tmp_path_factory.mktemp("journal"))) as (journal, reader):
        journal.append(messages(*kept), epoch=1)
        journal.resumed(2)
        journal.append(messages(*again, *fresh), epoch=2)
        marks = repeats(journal, reader, len(kept))
    assert not any(marks[len(again) :])
    assert all(marks[: len(again)]) or not any(marks)


@contextmanager
def lent(place: Place) -> Iterator[tuple[Journal, JournalReader]]:
    """Lend a fresh journal for one example."""
    with closing(place.journal()) as journal, closing(place.reader()) as reader:
        yield journal, reader


def test_a_reader_that_comes_before_the_journal_finds_nothing_and_then_everything(place: Place) -> None:
    """The hub may be up before the first message was ever journalled."""
    with closing(place.reader()) as early:
        assert early.read(0, 100) == []
        assert early.end == 0
        with closing(place.journal()) as made:
            made.append(messages(1, 2))
            assert [record.position for record in early.read(0, 100)] == [1, 2]


def test_erased_records_are_empty_and_everything_else_is_as_before(journal: Journal, reader: JournalReader) -> None:
    """Positions stay, so cursors stay true; a second time nothing is left to erase."""
    journal.append([message(1), message(2, topic="forgotten/b"), message(3)])
    journal.append([message(4, topic="forgotten/b")])
    journal.append([message(5)])
    assert journal.erase([2, 4, 99]) == 2
    assert read_all(reader) == [(1, b"1"), (2, b""), (3, b"3"), (4, b""), (5, b"5")]
    assert [record.message.topic for record in reader.read(0, 10) if not record.message.payload] == [
        "matinales/erased"
    ] * 2
    assert journal.erase([2, 4]) == 0
    assert journal.append(messages(6)) == 6


def test_no_byte_of_an_erased_record_stays_on_disk(place: Place) -> None:
    """Compressed groups unpacked, write-ahead log included, and so after a restart."""
    with closing(place.journal()) as journal:
        for number in range(200):
            said = [message(number, topic="secret/zzforgotten"), message(number), message(number + 1)]
            journal.append(said)
        journal.erase([3 * number + 1 for number in range(200)])
        assert not on_disk(place.disk, b"zzforgotten")
        assert on_disk(place.disk, b"a/b"), "the search finds what is there"
    with closing(place.journal()), closing(place.reader()) as reader:
        assert len(read_all(reader)) == 600
    assert not on_disk(place.disk, b"zzforgotten")
