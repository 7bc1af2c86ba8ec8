"""What a connection's beginning tells of the time without one (reliability.md §1.3, §2.3)."""

from pathlib import Path

import pytest

from hub.ingest.gaps import FILE, Gap, Gaps, Why
from hub.ingest.lookout import Lookout
from hub.ingest.session import Settings
from hub.model import NS, Message

NOW = 1_790_000_000 * NS


def lookout(gaps: Gaps, **settings: int) -> Lookout:
    """Return one that heard something last at NOW."""
    about = Settings(url="mqtt://h", client_id="t", state=Path("none"), uptime=True, **settings)  # type: ignore[arg-type]
    return Lookout(about, gaps, NOW)


def uptime(seconds: float) -> bytes:
    """Return Mosquitto's word for it."""
    return b"%d seconds" % int(seconds)


def test_a_session_that_should_be_there_and_is_not_makes_a_gap(tmp_path: Path) -> None:
    """From a second before the last word heard until all is heard again; a first connection makes none."""
    gaps = Gaps(tmp_path)
    look = lookout(gaps)
    look.met(NOW + 5 * NS, resumed=False, known=False)
    look.listening(NOW + 6 * NS)
    assert gaps.newest == []
    look.met(NOW + 7 * NS, resumed=False, known=True)
    assert gaps.newest == []
    look.listening(NOW + 9 * NS)
    assert gaps.newest == [Gap(Why.SESSION, NOW - NS, NOW + 9 * NS)]
    look.parted(NOW + 600 * NS)
    look.met(NOW + 601 * NS, resumed=False, known=True)
    look.met(NOW + 602 * NS, resumed=True, known=False)  # it was lost again before it heard anything
    look.listening(NOW + 603 * NS)
    look.listening(NOW + 604 * NS)
    assert gaps.newest[-1] == Gap(Why.SESSION, NOW + 599 * NS, NOW + 603 * NS)
    assert gaps.possible == 2


@pytest.mark.parametrize(
    ("age_before", "later", "age", "restarted"),
    [(1000, 60, 1060, False), (1000, 60, 1050, False), (1000, 60, 0, True), (1000, 60, 59, True), (0, 600, 10, True)],
)
def test_a_broker_younger_than_before_was_restarted(
    tmp_path: Path, age_before: int, later: int, age: int, *, restarted: bool
) -> None:
    """Its word may be 10 s old; a session that it kept on disk may be older than what it confirmed."""
    lookout_before = lookout(gaps := Gaps(tmp_path))
    lookout_before.met(NOW, resumed=True, known=True)
    assert not lookout_before.answered(uptime(age_before), NOW)
    look = lookout(Gaps(tmp_path))  # an ingest that was killed remembers
    at = NOW + later * NS
    look.met(at, resumed=True, known=True)
    assert look.asking
    assert look.answered(uptime(age), at) is restarted
    assert not look.asking
    assert [each.why for each in Gaps(tmp_path).newest] == [Why.RESTART] * restarted
    assert gaps.possible == 0


def test_a_restarted_broker_that_forgot_the_session_makes_one_gap(tmp_path: Path) -> None:
    """Told once, and nothing is delivered again."""
    gaps = Gaps(tmp_path)
    gaps.started = NOW - 1000 * NS
    look = lookout(gaps)
    look.met(NOW + NS, resumed=False, known=True)
    assert not look.answered(uptime(0), NOW + NS)
    look.listening(NOW + NS)
    assert [each.why for each in gaps.newest] == [Why.SESSION]


def test_a_later_word_of_the_same_broker_is_more_exact_and_makes_no_gap(tmp_path: Path) -> None:
    """The first answer is up to 10 s old, the next ones are fresh; what is no uptime says nothing."""
    gaps = Gaps(tmp_path)
    look = lookout(gaps)
    look.met(NOW, resumed=True, known=True)
    assert not look.answered(b"EMQX", NOW)
    assert gaps.started is None
    look.answered(uptime(91), NOW)
    look.answered(uptime(101), NOW + NS)
    assert gaps.started == NOW - 100 * NS
    look.answered(uptime(0), NOW + 50 * NS)
    assert gaps.newest == []


@pytest.mark.parametrize(("many", "told"), [(90, False), (100, True)])
@pytest.mark.parametrize("limit", [{"queue_messages": 100}, {"queue_bytes": 100 * 1_011}])
def test_as_much_as_the_broker_keeps_may_not_be_all(
    tmp_path: Path, limit: dict[str, int], many: int, *, told: bool
) -> None:
    """Counted from the connection until it is drained."""
    gaps = Gaps(tmp_path)
    look = lookout(gaps, **limit)
    for _ in range(2):
        look.met(NOW + 900 * NS, resumed=True, known=True)
        look.took([Message("a/b", bytes(1_000), NOW)] * many)
        look.drained()
        look.drained()
    assert [each.why for each in gaps.newest] == [Why.QUEUE] * told
    assert gaps.possible == 2 * told


def test_gaps_of_one_kind_that_lie_close_are_one(tmp_path: Path) -> None:
    """A broker that flaps makes one line; the counts are exact."""
    gaps = Gaps(tmp_path)
    gaps.note(Gap(Why.JOURNAL, NOW, NOW + NS, 7))
    gaps.note(Gap(Why.JOURNAL, NOW + NS, NOW + 9 * NS, 4))
    gaps.note(Gap(Why.SESSION, NOW, NOW + NS))
    gaps.note(Gap(Why.SESSION, NOW + 500 * NS, NOW + 501 * NS))
    assert gaps.newest == [
        Gap(Why.JOURNAL, NOW, NOW + 9 * NS, 11),
        Gap(Why.SESSION, NOW, NOW + NS),
        Gap(Why.SESSION, NOW + 500 * NS, NOW + 501 * NS),
    ]
    assert (gaps.possible, gaps.dropped) == (2, 11)
    again = Gaps(tmp_path)
    assert (again.newest, again.possible, again.dropped) == (gaps.newest, 2, 11)


def test_a_book_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    """It stops nobody."""
    (tmp_path / FILE).write_bytes(b"{")
    gaps = Gaps(tmp_path)
    assert (gaps.newest, gaps.possible) == ([], 0)
    gaps.note(Gap(Why.SESSION, NOW, NOW))
    assert Gaps(tmp_path).possible == 1
