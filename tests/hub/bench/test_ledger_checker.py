"""The ledger's checker finds what is wrong with one row, and nothing where nothing is (reliability.md §3.1)."""

import pytest

from hub.bench._books import UID, key, messages, payload, topic
from hub.bench._ledger import Key, Sent, Stored, Verdict, Written, judge
from hub.model import NS, REAL
from hub.store.base import Row

AT = 1_790_000_000 * NS
DELAY = NS // 100


def book(many: int = 6) -> dict[Key, Sent]:
    """Return the book of two devices, of which the second states no time; all but the last message confirmed."""
    sent = [
        Sent((f"d{number % 2}", 1, number // 2), number + 0.5, AT + number, states_time=number % 2 == 0, confirmed=AT)
        for number in range(many)
    ]
    sent[-1].confirmed = None
    return {each.key: each for each in sent}


def journal(sent: dict[Key, Sent]) -> list[Written]:
    """Return a journal that holds each message once."""
    return [Written(each.key, each.time + DELAY) for each in sent.values()]


def store(sent: dict[Key, Sent]) -> list[Stored]:
    """Return a store that holds each message once."""
    return [Stored(each.key, each.value, each.time + (0 if each.states_time else DELAY)) for each in sent.values()]


def judged(sent: dict[Key, Sent], written: list[Written], stored: list[Stored]) -> Verdict:
    """Return the end-to-end verdict."""
    return judge({each.key for each in sent.values() if each.confirmed}, sent, written, stored)


def test_a_whole_ledger_is_good() -> None:
    """Each message once, as it was sent; one that nobody was told is safe may be there or not."""
    sent = book()
    verdict = judged(sent, journal(sent), store(sent))
    assert verdict.good
    assert verdict.counts() == {"acked": 5, "stored": 5, "lost": 0, "dup": 0, "ghost": 0, "mismatch": 0}
    assert judged(sent, journal(sent)[:-1], store(sent)[:-1]).good


@pytest.mark.parametrize("row", range(5))
def test_a_row_deleted_from_the_store_is_lost(row: int) -> None:
    """Whichever it was; it is named."""
    sent = book()
    rows = store(sent)
    gone = rows.pop(row)
    verdict = judged(sent, journal(sent), rows)
    assert not verdict.good
    assert verdict.counts() == {"acked": 5, "stored": 4, "lost": 1, "dup": 0, "ghost": 0, "mismatch": 0}
    assert verdict.lost == [gone.key]


def test_a_record_deleted_from_the_journal_is_lost() -> None:
    """Though the store still holds it: the journal is what was promised."""
    sent = book()
    verdict = judged(sent, journal(sent)[1:], store(sent))
    assert verdict.lost == [("d0", 1, 0)]


@pytest.mark.parametrize("later", [0, 1], ids=["at the same time", "at another time"])
def test_a_doubled_row_is_a_dup(later: int) -> None:
    """At whatever time the second one lies."""
    sent = book()
    rows = store(sent)
    rows.append(Stored(rows[2].key, rows[2].value, rows[2].time + later))
    assert judged(sent, journal(sent), rows).dup == [("d0", 1, 1)]


def test_a_repeat_in_the_journal_is_none() -> None:
    """The journal keeps repeats, marked; only the store must not."""
    sent = book()
    assert judged(sent, [*journal(sent), *journal(sent)], store(sent)).good


@pytest.mark.parametrize(
    ("value", "time"), [(0.25, 0), (None, 0), (2.5, 1), (2.5, DELAY)], ids=["value", "half", "time", "arrival"]
)
def test_an_altered_row_is_a_mismatch(value: float | None, time: int) -> None:
    """Another value, a missing reading, another time: also the time of arrival, where the message stated its own."""
    sent = book()
    rows = store(sent)
    rows[2] = Stored(rows[2].key, value, AT + 2 + time)
    assert judged(sent, journal(sent), rows).mismatch == [("d0", 1, 1)]


def test_without_a_time_of_its_own_a_message_has_that_of_its_arrival() -> None:
    """And no other."""
    sent = book()
    rows = store(sent)
    rows[1] = Stored(rows[1].key, rows[1].value, AT + 1)
    assert judged(sent, journal(sent), rows).mismatch == [("d1", 1, 0)]


@pytest.mark.parametrize("place", ["journal", "store"])
def test_what_nobody_sent_is_a_ghost(place: str) -> None:
    """In the journal or in the store; another boot of a known device is another message."""
    sent = book()
    ghost = ("d0", 2, 0)
    written, rows = journal(sent), store(sent)
    if place == "journal":
        written.append(Written(ghost, AT))
    else:
        rows.append(Stored(ghost, 1.0, AT))
    assert judged(sent, written, rows).ghost == [ghost]


def test_a_message_says_whose_it_is() -> None:
    """Device from the topic, boot and sequence from the payload; anything else is none of the ledger's."""
    sent = Sent(("d0007", 3, 41), -12.125, AT + 1_000)
    assert key(topic("d0007"), payload(sent)) == ("d0007", 3, 41)
    assert b'"time":"2026-' in payload(sent)
    sent.states_time = False
    assert b"time" not in payload(sent)
    assert key("ledger-will/d0007", payload(sent)) is None
    assert key("ledger/d0007", b"[]") is None


def test_readings_of_one_device_at_one_time_are_one_message() -> None:
    """Twice the same channels are two; a missing channel leaves no value."""

    def rows(device: str, time: int, **channels: float) -> list[Row]:
        return [Row(UID + device, channel, None, REAL, time, value) for channel, value in channels.items()]

    found = [
        *rows("d1", 5, boot=1, sequence=7, value=2.5),
        *rows("d2", 5, boot=1, sequence=8, value=3.5),
        *rows("d1", 5, boot=1, sequence=9, value=4.5),
        Row("generic:other", "value", None, REAL, 5, 1.0),
        *rows("d1", 6, boot=1, sequence=10),
    ]
    assert list(messages(found)) == [
        Stored(("d1", 1, 7), 2.5, 5),
        Stored(("d1", 1, 9), 4.5, 5),
        Stored(("d2", 1, 8), 3.5, 5),
        Stored(("d1", 1, 10), None, 6),
    ]
