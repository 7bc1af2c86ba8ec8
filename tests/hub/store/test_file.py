"""store.db as a file: opened, refused, damaged, killed (hub/store/file.py)."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub.errors import ConfigError, StoreError
from hub.model import Quality
from hub.store.base import Range
from hub.store.file import CHECKPOINT_EVERY, StoreFile, StoreReader, insert
from hub.store.schema import APPLICATION, VERSION
from hub.store.sqlite import SqliteHistory, SqliteReadings
from hub.store.state import StateStore
from servers.stores import reading, readings

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a store may lie."""
    return tmp_path / "data" / "store.db"


@pytest.fixture
def file(path: Path) -> Iterator[StoreFile]:
    """Lend a fresh store."""
    with closing(StoreFile(path)) as made:
        yield made


def cursor_of(path: Path) -> int:
    """Return how far a closed store has read its journal."""
    with closing(StoreFile(path)) as file:
        return StateStore(file.db).cursor("decode")


# opening


def test_what_was_stored_is_there_after_closing(path: Path) -> None:
    """A restart goes on from the cursor."""
    with closing(StoreFile(path)) as file, file.transaction():
        StateStore(file.db).set_cursor("decode", 42)
    assert cursor_of(path) == 42


def test_a_store_of_a_newer_version_is_refused_untouched(path: Path) -> None:
    """The text says what happened and what to do, and the file stays as it was."""
    StoreFile(path).close()
    with closing(apsw.Connection(str(path))) as db:
        db.pragma("user_version", VERSION + 1)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=f"newer version of the hub .tables {VERSION + 1}.*install that version"):
        StoreFile(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_untouched(path: Path) -> None:
    """A folder chosen by mistake loses nothing."""
    path.parent.mkdir()
    with closing(apsw.Connection(str(path))) as db:
        db.execute("CREATE TABLE recipes(name)")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="another program"):
        StoreFile(path)
    assert path.read_bytes() == before


def test_the_file_says_whose_it_is(file: StoreFile) -> None:
    """Any tool can tell a store from another database."""
    assert (file.db.pragma("application_id"), file.db.pragma("user_version")) == (APPLICATION, VERSION)


def test_an_unusable_place_is_named(tmp_path: Path) -> None:
    """The text names the path and what to look at."""
    (tmp_path / "data").write_text("a file, no folder")
    with pytest.raises(StoreError, match=r"store\.db cannot be opened .*writable"):
        StoreFile(tmp_path / "data" / "store.db")


# damage


def fill(path: Path) -> None:
    """Leave a store of some hundred pages."""
    with closing(StoreFile(path)) as file:
        history = SqliteHistory(file)
        with file.transaction():
            for device in range(20):
                history.write(readings(range(500), device=f"acme:{device}"))
            StateStore(file.db).set_cursor("decode", 42)


@pytest.mark.parametrize("damage", [b"this is no database", b""])
def test_a_damaged_file_is_moved_aside_and_rebuilt(path: Path, damage: bytes) -> None:
    """The hub starts with an empty store whose cursor makes the journal fill it; the damaged one is kept."""
    fill(path)
    content = (damage + b"\0" * 100 + path.read_bytes()[100 + len(damage) :]) if damage else b"SQLite format 3\0" * 300
    path.write_bytes(content)
    with closing(StoreFile(path, clock=lambda: 1_790_000_000_000_000_000)) as file:
        assert file.rebuilt
        assert "filled from the journal" in file.faults[0]
        assert StateStore(file.db).cursor("decode") == 0
    aside = path.with_name("store.db.corrupt.1790000000")
    assert aside.read_bytes() == content


def test_a_second_damage_does_not_overwrite_the_first(path: Path) -> None:
    """Both files are kept, even of the same second."""
    for content in (b"first" * 1000, b"second" * 1000):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        StoreFile(path, clock=lambda: 0).close()
    assert sorted(each.name for each in path.parent.glob("*.corrupt.*")) == [
        "store.db.corrupt.0",
        "store.db.corrupt.0-1",
    ]


def test_damage_met_later_is_said_and_healed_by_the_next_start(path: Path) -> None:
    """Bad pages among the readings stop the writer with a text; the next opening begins anew."""
    fill(path)
    content = bytearray(path.read_bytes())
    for page in range(len(content) // PAGE // 2, len(content) // PAGE):
        content[page * PAGE : page * PAGE + 64] = b"\xff" * 64
    path.write_bytes(content)
    with closing(StoreFile(path)) as file:
        with pytest.raises(StoreError, match=r"damaged .*the next start begins a new one"), file.transaction():
            SqliteHistory(file).write([reading(n, device=f"acme:{d}") for d in range(20) for n in range(400, 600)])
        assert file.damaged
    with closing(StoreFile(path)) as file:
        assert file.rebuilt
        assert not file.damaged


def test_a_check_of_a_sound_file_finds_nothing(file: StoreFile) -> None:
    """And of a damaged one it says what."""
    assert file.check() == []


# transactions


def test_a_failed_transaction_leaves_nothing(file: StoreFile) -> None:
    """Readings, numbers of new series and cursor go together or not at all; the next try succeeds."""
    history, state = SqliteHistory(file), StateStore(file.db)

    def commit(problem: Exception | None) -> None:
        with file.transaction():
            history.write([reading(1)])
            state.set_cursor("decode", 7)
            if problem is not None:
                raise problem

    with pytest.raises(ZeroDivisionError):
        commit(ZeroDivisionError())
    assert (state.cursor("decode"), history.readings(Range()).rows) == (0, [])
    commit(None)
    assert (state.cursor("decode"), len(history.readings(Range()).rows)) == (7, 1)


def test_a_full_disk_is_said_in_plain_words(file: StoreFile) -> None:
    """Nothing is stored, nothing is lost: the cursor stands still."""
    history = SqliteHistory(file)
    file.db.pragma("max_page_count", file.db.pragma("page_count") + 2)
    with pytest.raises(StoreError, match="disk is full"):
        history.write(readings(range(5000)))
    assert history.readings(Range()).rows == []
    file.db.pragma("max_page_count", 100_000)
    history.write(readings(range(5000)))


def test_a_reader_cannot_write(file: StoreFile) -> None:
    """Only one connection writes, whatever a query says."""
    with pytest.raises(StoreError, match="readonly database"), file.reader() as db:
        db.execute("DELETE FROM readings")


def test_a_query_has_a_time_limit(file: StoreFile) -> None:
    """Somebody who asks for too much is told so, and blocks nobody for long."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(StoreError, match=r"longer than 0\.05 s; ask for"), file.reader(limit=0.05) as db:
        db.execute(endless).fetchall()
    with file.reader() as db:
        assert db.execute("SELECT 1").fetchall() == [(1,)]


def test_readers_are_lent_again(file: StoreFile) -> None:
    """A thousand queries one after the other need one connection."""
    with file.reader() as first:
        pass
    with file.reader() as second:
        assert second is first
        with file.reader() as third:
            assert third is not first


def test_a_checkpoint_brings_everything_into_the_file(file: StoreFile) -> None:
    """After it, what was committed survives a power cut."""
    SqliteHistory(file).write(readings(range(1000)))
    assert file.checkpoint()
    assert file.wal_size > 0
    assert file.size > file.wal_size


def test_a_quiet_store_is_brought_into_the_file_each_minute(path: Path) -> None:
    """A power cut undoes a minute of it, not the hours that fill the log."""
    now = 0.0
    with closing(StoreFile(path, monotonic=lambda: now)) as file:
        for number in range(2):
            before = path.stat().st_size
            SqliteHistory(file).write(readings(range(number * 1000, number * 1000 + 1000)))
            assert path.stat().st_size == before
            now += CHECKPOINT_EVERY + 1
            with file.transaction():
                StateStore(file.db).set_cursor("decode", number)
            assert path.stat().st_size > before


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 255, 256, 300, 1000])
def test_rows_are_inserted_in_groups_without_losing_one(file: StoreFile, count: int) -> None:
    """Whatever their number."""
    insert(file.db, "INSERT INTO cursor", [(f"{number}", number) for number in range(count)])
    assert file.db.execute("SELECT count(*) FROM cursor").get == count


def test_forgetting_a_device_leaves_no_byte_of_it(file: StoreFile) -> None:
    """Its readings and its name are gone from the file, those of others stay."""
    history = SqliteHistory(file)
    with file.transaction():
        history.write(readings(range(300), device="acme:secret-name") + readings(range(300)))
    with file.transaction():
        assert history.forget("acme:secret-name") == 300
    file.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert b"secret-name" not in file.path.read_bytes()
    assert history.aggregate(Range(), "count", None)[0].value == 300
    history.write([reading(1, device="acme:secret-name", quality=Quality.BAD)])
    assert len(history.readings(Range(device="acme:secret-name")).rows) == 1


# kill -9

WRITER = """
import sys
from pathlib import Path
from servers.stores import readings
from hub.store.file import StoreFile
from hub.store.sqlite import SqliteHistory
from hub.store.state import StateStore

file = StoreFile(Path(sys.argv[1]))
history, state = SqliteHistory(file), StateStore(file.db)
position = state.cursor("decode")
while True:
    with file.transaction():
        history.write(readings(range(position, position + 100)))
        position += 100
        state.put_rules({"rule": str(position).encode()})
        state.set_cursor("decode", position)
    print(position, flush=True)
"""


def test_a_killed_writer_leaves_cursor_and_effects_agreeing(path: Path) -> None:
    """Killed at any moment, again and again: nothing committed is lost, and every effect stands where the cursor is."""
    tests = str(Path(__file__).parents[2])
    for lines in (1, 7, 30):
        with subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{WRITER}", str(path)],
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout is not None
            said = [int(writer.stdout.readline()) for _ in range(lines)]
            writer.kill()
        with closing(StoreReader(path)) as left:  # an export before the next start
            assert SqliteReadings(left).aggregate(Range(), "count", None)[0].value >= said[-1]
        with closing(StoreFile(path)) as file:
            cursor = StateStore(file.db).cursor("decode")
            assert cursor >= said[-1]
            assert StateStore(file.db).rules() == {"rule": str(cursor).encode()}
            assert SqliteHistory(file).aggregate(Range(), "count", None)[0].value == cursor
            assert file.check() == []


def test_scrubbing_leaves_no_byte_of_what_was_deleted(tmp_path: Path) -> None:
    """Neither in the file nor in its WAL; a reader at work keeps the WAL only until the next checkpoint."""
    with closing(StoreFile(tmp_path / "store.db")) as file:
        with file.transaction() as db:
            db.execute("INSERT INTO setting VALUES('a', 'zzsecret')")
            db.execute("INSERT INTO setting VALUES('b', 'plain')")
        with file.reader() as reader:
            rows = reader.execute("SELECT name FROM setting")
            assert rows.fetchone() == ("a",)
            with file.transaction() as db:
                db.execute("DELETE FROM setting WHERE name = 'a'")
            file.db.set_busy_timeout(0)
            file.scrub()
            rows.close()
        assert file.checkpoint()
        for path in tmp_path.iterdir():
            assert b"zzsecret" not in path.read_bytes(), path.name
        assert any(b"plain" in path.read_bytes() for path in tmp_path.iterdir())
