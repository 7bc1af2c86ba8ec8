"""Damaged files: the hub always starts, loses only what is damaged, says so and keeps it aside (reliability.md R4)."""

import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub.bench import _books
from hub.bench._ledger import Sent
from hub.errors import StoreError
from hub.journal.sqlite import SqliteJournal
from servers import inside

GROUPS, EACH = 60, 10


class Course:
    """A hub that was killed: its folder as it lies on the disk, WALs and all, and its book."""

    def __init__(self, folder: Path) -> None:
        """Play it."""
        chance = random.Random(3)
        self.book: list[Sent] = [inside.line(number, chance) for number in range(GROUPS * EACH)]
        self.image = folder / "image"
        with closing(SqliteJournal(folder / "data")) as journal, closing(inside.Hub(folder / "data")) as hub:
            journal._db.pragma("wal_autocheckpoint", 30)
            for begin in range(0, len(self.book), EACH):
                journal.append([inside.written(sent) for sent in self.book[begin : begin + EACH]], epoch=1)
                if begin % 200 == 0:
                    hub.catch_up()
                    hub.kept._file.checkpoint()
            hub.catch_up()
            shutil.copytree(folder / "data", self.image)

    def copy(self, to: Path) -> Path:
        """Return a folder that a test may damage."""
        return Path(shutil.copytree(self.image, to))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Play one for all tests of this file."""
    return Course(tmp_path_factory.mktemp("course"))


def started(folder: Path) -> tuple[int, int]:
    """Start twice at most, as the supervisor does; return how many messages are stored, and how many records are there.

    What is stored more than once, was never sent, or has another value fails here.
    """
    for _ in range(2):
        try:
            with closing(SqliteJournal(folder)) as journal, closing(inside.Hub(folder)) as hub:
                journal.append([inside.written(AFTER)], epoch=2)
                hub.catch_up()
                if not hub.given_up:
                    break
        except StoreError:
            continue
    else:
        pytest.fail("it does not start")
    return _counts(folder)


AFTER = Sent(("after", 1, 0), 1.5, 1_790_000_000_000_000_000, states_time=False)


def _counts(folder: Path) -> tuple[int, int]:
    rows = list(_books.stored(folder))
    keys = {row.key for row in rows}
    assert len(keys) == len(rows), "doubled"
    assert AFTER.key in keys, "what came afterwards is not stored"
    return len(keys) - 1, len({each.key for each in _books.written(folder)}) - 1


def flipped(folder: Path, chance: random.Random) -> Path:
    """Flip one bit in one of the four files that matter; return which."""
    names = ["journal.db", "journal.db-wal", "store.db", "store.db-wal"]
    victim = chance.choice([folder / name for name in names if (folder / name).stat().st_size])
    data = bytearray(victim.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    victim.write_bytes(data)
    return victim


def survives_a_bit(course: Course, place: Path, seed: int) -> None:
    """Flip a bit, start, and count: the store may be made again from the journal, the journal loses what is damaged."""
    folder = course.copy(place)
    victim = flipped(folder, random.Random(seed))
    stored, _ = started(folder)
    if victim.name.startswith("store"):
        assert stored == len(course.book)
    else:
        assert stored >= len(course.book) - len(course.book) // 10
    shutil.rmtree(folder)


@pytest.mark.parametrize("seed", range(24))
def test_one_bit_wrong_anywhere_stops_nothing(course: Course, tmp_path: Path, seed: int) -> None:
    """What the store had is there, or is made again; new messages are stored."""
    survives_a_bit(course, tmp_path / "damaged", seed)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_one_bit_wrong_in_a_thousand_places_stops_nothing(course: Course, tmp_path: Path) -> None:
    """R4 in full."""
    for seed in range(1_000):
        survives_a_bit(course, tmp_path / "damaged", 1_000 + seed)


def last_frame(folder: Path, name: str) -> Iterator[int]:
    """Give the length of the file at each byte of its WAL's last frame (a header of 24 bytes and a page of 4096)."""
    size = (folder / name).stat().st_size
    yield from range(size - 4_120, size)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["journal.db-wal", "store.db-wal"])
def test_a_wal_cut_at_each_byte_of_its_last_frame_loses_at_most_one_commit(
    course: Course, tmp_path: Path, name: str
) -> None:
    """R4: every 8th byte, and each of the frame's header."""
    for length in last_frame(course.image, name):
        if length % 8 and length > (course.image / name).stat().st_size - 4_096:
            continue
        folder = course.copy(tmp_path / "cut")
        with (folder / name).open("r+b") as file:
            file.truncate(length)
        stored, _ = started(folder)
        assert stored >= len(course.book) - EACH
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["store.db-wal", "store.db-shm", "journal.db-shm"])
def test_a_file_that_can_be_made_again_is(course: Course, tmp_path: Path, name: str) -> None:
    """An index, or the log of a store that the journal can fill again."""
    folder = course.copy(tmp_path / "less")
    (folder / name).unlink()
    assert started(folder)[0] == len(course.book)


@pytest.mark.parametrize("page", range(1, 4))
def test_a_zeroed_page_of_the_store_is_made_again(course: Course, tmp_path: Path, page: int) -> None:
    """The damaged file is kept aside; the new one is filled from the journal."""
    folder = course.copy(tmp_path / "zeroed")
    with (folder / "store.db").open("r+b") as file:
        pages = (folder / "store.db").stat().st_size // 4096
        file.seek(pages * page // 4 * 4096)
        file.write(bytes(4096))
    (folder / "store.db-wal").unlink()
    assert started(folder)[0] == len(course.book)


@pytest.mark.parametrize("position", [0, 1, 10**9])
def test_a_wrong_cursor_doubles_nothing_and_stops_nothing(course: Course, tmp_path: Path, position: int) -> None:
    """Behind, it reads again; ahead of the journal's end, it is set to the end, and the gap is told."""
    folder = course.copy(tmp_path / "cursor")
    with closing(apsw.Connection(str(folder / "store.db"))) as db:
        db.execute("UPDATE cursor SET position = ?", (position,))
    with closing(SqliteJournal(folder)) as journal, closing(inside.Hub(folder)) as hub:
        hub.catch_up()
        assert hub.worker.missing == max(position - journal.end, 0)
    assert started(folder)[0] == len(course.book)


@pytest.mark.parametrize("more", [1, 10 * EACH])
def test_a_journal_that_lost_its_end_passes_over_nothing_new(course: Course, tmp_path: Path, more: int) -> None:
    """Whether or not it has grown beyond the cursor again when the hub looks: how many are gone is told."""
    folder = course.copy(tmp_path / "shorter")
    (folder / "journal.db-wal").unlink()
    chance = random.Random(5)
    news = [inside.line(len(course.book) + number, chance) for number in range(more)]
    with closing(SqliteJournal(folder)) as journal, closing(inside.Hub(folder)) as hub:
        lost = len(course.book) - journal.end
        assert lost > 0
        journal.append([inside.written(sent) for sent in news], epoch=2)
        hub.catch_up()
        assert hub.worker.missing == lost
    found = {row.key for row in _books.stored(folder)}
    assert found == {sent.key for sent in [*course.book, *news]}
