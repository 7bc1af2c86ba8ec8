"""The SQLite journal survives damage, failed syncs and retention (reliability.md §2.4, R4, R10)."""

import functools
import itertools
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub.errors import JournalError
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import Message


def group(begin: int, count: int = 5) -> list[Message]:
    """Return messages that say their number."""
    return [Message("a/b", f"{begin + number} {'x' * 200}".encode(), begin + number + 1) for number in range(count)]


@functools.cache
def files(groups: int, *, orderly: bool) -> dict[str, bytes]:
    """Return name → bytes of a journal of `groups` groups of five: synced once, however many tests damage it."""
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal(Path(folder))
        for number in range(groups):
            journal.append(group(number * 5), epoch=1)
        if orderly:
            journal.close()
        found = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        journal.close()  # read before, it is as a kill leaves it: the WAL is there, the mark is not
        return found


def filled(folder: Path, groups: int = 200, *, orderly: bool = True) -> Path:
    """Return a folder with a journal of `groups` groups of five."""
    folder.mkdir()
    for name, data in files(groups, orderly=orderly).items():
        (folder / name).write_bytes(data)
    return folder


def numbers(reader: SqliteReader) -> list[int]:
    """Return the numbers of all messages that can be read."""
    found: list[int] = []
    after = 0
    while records := reader.read(after, 100):
        found += [int(record.message.payload.split()[0]) for record in records]
        after = records[-1].position
    return found


def test_an_unclean_stop_is_known_and_loses_nothing(tmp_path: Path) -> None:
    """What was committed is there after a kill, and the next start knows about the kill."""
    image = filled(tmp_path / "j", orderly=False)
    with closing(SqliteJournal(image)) as journal, closing(SqliteReader(image)) as reader:
        assert journal.unclean
        assert (journal.end, journal.lost, journal.faults) == (1_000, 0, [])
        assert numbers(reader) == list(range(1_000))
    with closing(SqliteJournal(image)) as journal:
        assert not journal.unclean


@pytest.mark.parametrize("seed", range(40))
def test_it_starts_after_a_flipped_bit(tmp_path: Path, seed: int) -> None:
    """One bit wrong anywhere: it starts, appends, and what can be read is right; what cannot is counted."""
    chance = random.Random(seed)
    image = filled(tmp_path / "j", orderly=bool(seed % 2))
    victim = chance.choice([path for path in image.iterdir() if path.stat().st_size and path.suffix != ".db-shm"])
    data = bytearray(victim.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    victim.write_bytes(data)
    with closing(SqliteJournal(image)) as journal, closing(SqliteReader(image)) as reader:
        end = journal.end
        assert journal.append(group(5_000)) == end + 5
        found = numbers(reader)
        assert found[-5:] == list(range(5_000, 5_005))
        assert found == sorted(set(found))
        assert set(found[:-5]) <= set(range(1_000))


def test_it_starts_with_a_zeroed_page_in_the_middle(tmp_path: Path) -> None:
    """A page lost costs the groups on it, not the journal."""
    folder = filled(tmp_path / "j")
    file = folder / "journal.db"
    data = bytearray(file.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes(4096)
    file.write_bytes(data)
    with closing(SqliteJournal(folder)) as journal, closing(SqliteReader(folder)) as reader:
        journal.append(group(5_000))
        found = numbers(reader)
        assert reader.damaged
        assert len(found) > 800
        assert found[-5:] == list(range(5_000, 5_005))


@pytest.mark.parametrize("at", range(8))
def test_it_starts_where_its_marks_can_be_read_and_not_written(tmp_path: Path, at: int) -> None:
    """Damage that shows only when the opening is noted costs what any other does."""
    folder = filled(tmp_path / "j")
    file = folder / "journal.db"
    with closing(apsw.Connection(str(file))) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'mark'").get
    data = bytearray(file.read_bytes())
    data[(page - 1) * 4096 + at] ^= 0x0F
    file.write_bytes(data)
    with closing(SqliteJournal(folder)) as journal, closing(SqliteReader(folder)) as reader:
        journal.append(group(5_000))
        found = numbers(reader)
        assert found[-5:] == list(range(5_000, 5_005))
        assert len(found) > 800


@pytest.mark.parametrize("part", range(1, 6))
def test_a_resumed_session_goes_on_whatever_the_tail_looks_like(tmp_path: Path, part: int) -> None:
    """Where the tail cannot be read, repeats cannot be told: they are kept, and nothing stops."""
    folder = filled(tmp_path / "j")
    file = folder / "journal.db"
    data = bytearray(file.read_bytes())
    middle = len(data) * part // 6 // 4096 * 4096
    data[middle : middle + 4096] = bytes(4096)
    file.write_bytes(data)
    with closing(SqliteJournal(folder)) as journal:
        journal.resumed(2)
        end = journal.end
        assert journal.append(group(5_000), epoch=2) == end + 5


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 500, bytes(8192)], ids=["empty", "text", "zeros"])
def test_it_starts_with_any_file_in_its_place(tmp_path: Path, content: bytes) -> None:
    """What is no journal is moved aside and said, and positions are not given again."""
    folder = filled(tmp_path / "j")
    (folder / "journal.db").write_bytes(content)
    with closing(SqliteJournal(folder)) as journal, closing(SqliteReader(folder)) as reader:
        end = journal.append(group(5_000))
        assert numbers(reader) == list(range(5_000, 5_005))
        if content:
            assert end > 1_000
            assert "corrupt" in journal.faults[-1]
            assert any(".corrupt." in path.name for path in folder.iterdir())


@pytest.mark.parametrize("seed", range(20))
def test_a_wal_cut_anywhere_loses_only_its_end(tmp_path: Path, seed: int) -> None:
    """A torn tail is dropped; everything before it is there."""
    image = filled(tmp_path / "j", groups=30, orderly=False)
    wal = image / "journal.db-wal"
    size = wal.stat().st_size
    os.truncate(wal, size - random.Random(seed).randrange(1, 3 * 4096))
    with closing(SqliteJournal(image)) as journal, closing(SqliteReader(image)) as reader:
        assert 130 <= journal.end <= 150
        assert numbers(reader) == list(range(journal.end))


def test_a_missing_shm_file_costs_nothing(tmp_path: Path) -> None:
    """It is an index that SQLite makes again."""
    image = filled(tmp_path / "j", groups=30, orderly=False)
    (image / "journal.db-shm").unlink()
    with closing(SqliteJournal(image)) as journal:
        assert journal.end == 150


def test_a_damaged_group_at_the_end_is_set_aside(tmp_path: Path) -> None:
    """The tail is checked at the start: a group that its checksum denies is moved aside and counted."""
    folder = filled(tmp_path / "j")
    with closing(apsw.Connection(str(folder / "journal.db"))) as db:
        db.execute("UPDATE batch SET data = zeroblob(50) WHERE first = 996")
    with closing(SqliteJournal(folder)) as journal, closing(SqliteReader(folder)) as reader:
        assert (journal.end, journal.lost) == (1_000, 5)
        assert journal.append(group(1_000)) == 1_005
        assert numbers(reader) == [*range(995), *range(1_000, 1_005)]
    assert len([path for path in folder.iterdir() if ".corrupt." in path.name]) == 1


class _FailingFile(apsw.VFSFile):
    fail = False

    def xSync(self, flags: int) -> None:  # noqa: N802 — the name is SQLite's
        if _FailingFile.fail:
            raise apsw.IOError
        super().xSync(flags)


class _FailingVfs(apsw.VFS):
    def __init__(self) -> None:
        self.base = ""
        super().__init__("failing", "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 — as above
        return _FailingFile("", name, flags)


@pytest.fixture
def failing() -> Iterator[type[_FailingFile]]:
    """Lend a VFS whose syncs fail while `fail` is set."""
    vfs = _FailingVfs()
    yield _FailingFile
    _FailingFile.fail = False
    vfs.unregister()


def test_after_a_failed_sync_the_group_goes_into_a_new_file(tmp_path: Path, failing: type[_FailingFile]) -> None:
    """A sync that failed is final for its file; the reader follows."""
    journal = SqliteJournal(tmp_path, vfs="failing")
    journal.append(group(0))
    with closing(SqliteReader(tmp_path)) as reader:
        assert reader.end == 5
        failing.fail = True
        with pytest.raises(JournalError, match="new file"):
            journal.append(group(5))
        assert journal.used > 0
        with pytest.raises(JournalError, match="cannot be read"):
            journal.make_room(0, below=1, before=0)
        failing.fail = False
        assert journal.append(group(5)) == 10
        assert journal.path.name == "journal-1.db"
        assert journal.faults[0].startswith("journal.db could not be written")
        assert numbers(reader) == list(range(10))
        journal.close()
    with closing(SqliteJournal(tmp_path)) as again:
        assert again.end == 10


def test_retention_drops_whole_groups_and_never_positions(tmp_path: Path) -> None:
    """What lies before a position goes; the count goes on, even when everything went and the process restarts."""
    folder = filled(tmp_path / "j", groups=10)
    with closing(SqliteJournal(folder)) as journal, closing(SqliteReader(folder)) as reader:
        assert journal.drop_before(13) == 10
        assert (reader.start, reader.end) == (11, 50)
        assert journal.drop_before(51) == 40
        assert (reader.start, reader.end) == (51, 50)
    with closing(SqliteJournal(folder)) as journal:
        assert journal.append(group(0)) == 55


def test_room_is_made_only_when_needed_and_allowed(tmp_path: Path) -> None:
    """Nothing goes within the budget, nothing young, nothing that a reader still needs."""
    folder = filled(tmp_path / "j", groups=10)
    with closing(SqliteJournal(folder)) as journal, closing(SqliteReader(folder)) as reader:
        assert journal.make_room(journal.used, below=51, before=10**18) == 0
        assert journal.make_room(0, below=51, before=0) == 0
        assert journal.make_room(0, below=13, before=10**18) == 10
        assert journal.make_room(0, below=51, before=31) == 20
        assert reader.start == 31


def test_no_more_room_is_made_than_needed(tmp_path: Path) -> None:
    """The oldest groups go, as many as the budget asks for; an older file goes whole, once all of it may."""
    folder = filled(tmp_path / "j", groups=10)
    with closing(SqliteJournal(folder)) as journal, closing(SqliteReader(folder)) as reader:
        for number in range(40):
            journal.append([Message("a", os.urandom(10_000), 60 + number)])
        assert 50 < journal.make_room(journal.used - 100_000, below=91, before=10**18) < 65
        assert reader.end == 90
        journal._trusted = False  # as after a failed sync: a new file begins
        journal.append(group(0))
        before = len(list(folder.glob("journal*.db")))
        assert journal.make_room(journal.used - 1, below=90, before=2**62) == 0
        assert len(list(folder.glob("journal*.db"))) == before == 2
        journal.make_room(journal.used - 1, below=91, before=2**62)
        assert [path.name for path in folder.glob("journal*.db")] == ["journal-1.db"]
        assert (reader.start, reader.end) == (91, 95)


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    """The message says which folder, and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"file.*writable"):
        SqliteJournal(tmp_path / "file")


def test_room_is_given_back_some_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that was long once becomes small again, and nobody waits for all of it."""
    monkeypatch.setattr("hub.journal.sqlite._SPARE_PAGES", 10)
    monkeypatch.setattr("hub.journal.sqlite._GIVEN_BACK", 5)
    noise = random.Random(7)
    with closing(SqliteJournal(tmp_path)) as journal, closing(SqliteReader(tmp_path)) as reader:
        for number in range(60):
            journal.append([Message("a/b", str(number).encode() + b" " + noise.randbytes(4000), number + 1)])
        journal.drop_before(56)

        def pages() -> int:
            with closing(apsw.Connection(str(journal.path))) as db:
                return int(db.pragma("page_count"))

        sizes = [pages()]
        for _ in range(30):
            journal.make_room(10**9, below=0, before=0)
            sizes.append(pages())
        assert all(0 <= before - after <= 5 for before, after in itertools.pairwise(sizes))
        assert sizes[-1] < sizes[0] / 2
        assert [int(record.message.payload.split(b" ", 1)[0]) for record in reader.read(0, 100)] == [55, 56, 57, 58, 59]
