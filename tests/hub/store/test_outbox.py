"""What waits for InfluxDB, and what it refused (hub/store/outbox.py)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub.store import outbox as outbox_module
from hub.store import schema
from hub.store.file import StoreFile
from hub.store.outbox import Backlog, Outbox, Refused


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StoreFile]:
    """Lend a fresh store."""
    with closing(StoreFile(tmp_path / "store.db")) as made:
        yield made


@pytest.fixture
def outbox(file: StoreFile) -> Outbox:
    """Return its outbox."""
    return Outbox(file.db)


def lines(start: int, count: int) -> list[bytes]:
    """Return numbered lines."""
    return [b"line %d" % number for number in range(start, start + count)]


def refused(line: str, at: int = 1, reason: str = "why") -> Refused:
    """Return a refused line."""
    return Refused(bucket="b", line=line, reason=reason, at=at, position=7)


def test_an_empty_outbox_has_nothing_to_send(outbox: Outbox) -> None:
    """And is not behind."""
    assert outbox.batch() is None
    assert outbox.backlog() == Backlog()


def test_lines_come_out_in_order_several_steps_at_once(outbox: Outbox) -> None:
    """One request carries what many small steps left."""
    for step in range(3):
        outbox.put({False: lines(step * 10, 10), True: []}, first=step + 1, at=100 + step)
    batch = outbox.batch()
    assert batch is not None
    assert batch.lines == lines(0, 30)
    assert (batch.simulated, batch.position, len(batch.ids)) == (False, 1, 3)


def test_a_request_has_at_most_5000_lines(outbox: Outbox) -> None:
    """A large step is cut, small ones are not joined beyond."""
    outbox.put({False: lines(0, 12_000), True: []}, first=1, at=1)
    sizes = []
    while (batch := outbox.batch()) is not None:
        sizes.append(len(batch.lines))
        outbox.done(batch.ids, everything=9)
    assert sizes == [5000, 5000, 2000]


def test_real_and_simulated_readings_go_apart(outbox: Outbox) -> None:
    """A request is for one bucket; the other one's turn comes."""
    for step in range(2):
        outbox.put({False: lines(step, 1), True: lines(100 + step, 1)}, first=step + 1, at=1)
    first = outbox.batch()
    assert first is not None
    assert (first.simulated, first.lines) == (False, [b"line 0", b"line 1"])
    outbox.done(first.ids, everything=2)
    second = outbox.batch()
    assert second is not None
    assert (second.simulated, second.lines) == (True, [b"line 100", b"line 101"])


def test_the_cursor_follows_what_was_confirmed(outbox: Outbox, file: StoreFile) -> None:
    """It stands before the oldest step that waits, and at the end when none does."""

    def cursor() -> int:
        return int(file.db.execute("SELECT position FROM cursor WHERE name = 'influx'").get)

    outbox.put({False: lines(0, 1), True: []}, first=11, at=5)
    outbox.put({False: [], True: lines(1, 1)}, first=21, at=6)
    assert outbox.backlog() == Backlog(2, outbox.backlog().size, 5, 10)
    first = outbox.batch()
    assert first is not None
    outbox.done(first.ids, everything=30)
    assert cursor() == 20
    second = outbox.batch()
    assert second is not None
    outbox.done(second.ids, everything=30)
    assert cursor() == 30


def test_an_undone_step_left_nothing(outbox: Outbox, file: StoreFile) -> None:
    """Lines are committed with the readings, or not at all."""

    def fail() -> None:
        with file.transaction():
            outbox.put({False: lines(0, 5), True: []}, first=1, at=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert outbox.batch() is None


def test_over_the_budget_the_oldest_goes_and_is_counted(outbox: Outbox) -> None:
    """What is newest is what people look at."""
    for step in range(3):
        outbox.put({False: lines(step * 10, 10), True: []}, first=step, at=step)
    assert outbox.drop_oldest(1) == 10
    batch = outbox.batch()
    assert batch is not None
    assert batch.lines == lines(10, 20)


def test_a_refused_line_is_kept_once_with_its_reason(outbox: Outbox) -> None:
    """A batch that is delivered again after a kill refuses the same line again."""
    outbox.refuse([refused("a", at=1), refused("b", at=2)])
    outbox.refuse([refused("a", at=3, reason="still")])
    assert [(each.line, each.reason) for each in outbox.refused(10)] == [("a", "still"), ("b", "why")]
    assert outbox.refused_count() == 2


def test_the_list_of_refused_lines_is_bounded(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go, and stay counted."""
    monkeypatch.setattr(outbox_module, "MAX_REFUSED", 10)
    outbox.refuse([refused(str(number), at=number) for number in range(25)])
    assert [each.line for each in outbox.refused(100)] == [str(number) for number in range(24, 14, -1)]
    assert outbox.refused_count() == 25


@pytest.fixture
def shared(outbox: Outbox) -> Outbox:
    """Return it with lines of two partitions in one row, of a third and the last there may be, and of nobody else's."""
    outbox.put({False: lines(0, 2)}, first=1, at=1, shares={0: 3, 2: 5})
    outbox.put({False: lines(2, 1)}, first=6, at=1, shares={63: 6, 2: 7})
    outbox.put({False: lines(3, 1)}, first=8, at=1, shares={1: 8})
    outbox.put({False: lines(4, 1)}, first=9, at=1)
    return outbox


@pytest.mark.parametrize(
    ("held", "sent"),
    [({0}, [0, 1, 4]), ({2}, [0, 1, 2, 4]), ({63}, [2, 4]), ({1, 0}, [0, 1, 3, 4]), ((), [4]), (None, [0, 1, 2, 3, 4])],
)
def test_what_a_worker_holds_is_sent_with_what_waits_in_one_row(
    shared: Outbox, held: set[int] | None, sent: list[int]
) -> None:
    """Rows without any of it stay: another worker brings them."""
    batch = shared.batch(of=held)
    assert batch is not None
    assert batch.lines == [b"line %d" % number for number in sent]


def test_of_each_partition_it_is_known_from_where_on_lines_wait(shared: Outbox) -> None:
    """The oldest row that holds some says it; it is what may not be acknowledged yet."""
    assert shared.waiting() == {0: 1, 1: 8, 2: 1, 63: 6}


@pytest.mark.parametrize(
    ("until", "gone"),
    [({}, 0), ({0: 3, 2: 4}, 0), ({0: 3, 2: 5}, 1), ({2: 9, 63: 9}, 1), ({0: 9, 1: 9, 2: 9, 63: 9}, 3)],
)
def test_a_row_is_let_go_once_others_brought_all_of_it(shared: Outbox, until: dict[int, int], gone: int) -> None:
    """One partition that is not confirmed far enough keeps it; what is nobody else's stays."""
    assert len(shared.confirmed(until)) == gone


def test_lines_that_an_older_version_left_are_of_their_partition() -> None:
    """It had one row for each; none is lost at the upgrade, and none is taken for nobody else's."""
    with closing(apsw.Connection(":memory:")) as db:
        before = next(number for number, step in enumerate(schema.STEPS) if "ADD COLUMN shares" in step)
        for step in schema.STEPS[:before]:
            db.execute(step)
        for share, last in ((3, 7), (None, 0)):
            db.execute("INSERT INTO outbox VALUES(NULL, 0, 5, 1, 1, 9, x'00', ?, ?)", (last, share))
        for step in schema.STEPS[before:]:
            db.execute(step)
        outbox = Outbox(db)
        assert outbox.waiting() == {3: 5}
        assert len(outbox.confirmed({3: 6})) == 0
        assert len(outbox.confirmed({3: 7})) == 1
