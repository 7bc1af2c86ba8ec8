"""A data folder of an older or a newer hub (hub/upgrading.py)."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub import upgrading
from hub.errors import ConfigError, JournalError, StoreError
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import NS, REAL, Device, Message, Quality, Reading, TimeSource
from hub.store import schema
from hub.store.base import Range
from hub.store.file import StoreFile, StoreReader
from hub.store.sqlite import SqliteHistory, SqliteReadings
from hub.store.state import StateStore
from hub.workshop.store import SessionStore
from servers.stores import START, readings

FILES = ("session.db", "store.db", "journal.db")
OLD = range(1, schema.VERSION)


def wall() -> int:
    """Return the time of the upgrade."""
    return START


def version(path: Path) -> int:
    """Return the version of a database's tables."""
    with closing(apsw.Connection(str(path))) as db:
        return int(db.pragma("user_version"))


def renumber(path: Path, number: int) -> None:
    """Have a database say that its tables are of another version."""
    with closing(apsw.Connection(str(path))) as db:
        db.pragma("user_version", number)


def old_store(path: Path, number: int) -> None:
    """Make a store.db as the hub of an earlier version left it: its tables, with readings in them."""
    with closing(apsw.Connection(str(path))) as db:
        for step in schema.STEPS[:number]:
            db.execute(step)
        db.pragma("application_id", schema.APPLICATION)
        db.pragma("user_version", number)
        db.execute("INSERT INTO series VALUES(1, 'acme:a7', 'temperature', '°C')")
        db.execute("INSERT INTO timeline VALUES(1, 'real')")
        db.execute("INSERT INTO curve VALUES(1, 1)")
        db.executemany(
            "INSERT INTO readings VALUES(1, 1, ?, ?, ?, 0)", [(START + n * 10 * NS, n, float(n)) for n in range(500)]
        )
        db.execute("INSERT INTO cursor VALUES('decode', 3)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of this very version, with something in each file."""
    with closing(SqliteJournal(tmp_path)) as journal, closing(StoreFile(tmp_path / "store.db")) as store:
        journal.append([Message("t", b"1", START)])
        SqliteHistory(store).write(readings(range(5)))
    SessionStore(tmp_path).close()
    return tmp_path


def test_a_folder_of_this_version_is_left_alone(folder: Path) -> None:
    """The usual start copies nothing."""
    assert upgrading.prepare(folder, wall) == []
    assert {path.name for path in folder.glob("*.db")} == {*FILES}
    assert not (folder / "before-upgrade").exists()


def test_an_empty_folder_is_no_old_one(tmp_path: Path) -> None:
    """The first start has nothing to upgrade."""
    assert upgrading.prepare(tmp_path, wall) == []


@pytest.mark.parametrize("number", OLD)
def test_an_older_store_is_copied_then_upgraded_with_all_it_holds(tmp_path: Path, number: int) -> None:
    """Every version ever released, by its own tables; the copy is as it was."""
    old_store(tmp_path / "store.db", number)
    (copy,) = upgrading.prepare(tmp_path, wall)
    assert (copy, version(copy)) == (tmp_path / "before-upgrade" / "store.db", number)
    with closing(StoreFile(tmp_path / "store.db")) as file:
        rows = SqliteHistory(file).readings(Range(limit=10_000)).rows
        assert [row.value for row in rows] == [float(n) for n in range(500)]
        curves = SqliteHistory(file).series(Range(), 100)
        assert len(curves[0].t) == 100
    assert version(tmp_path / "store.db") == schema.VERSION
    assert version(copy) == number
    assert upgrading.prepare(tmp_path, wall) == []


def test_the_latest_values_survive_an_upgrade(tmp_path: Path) -> None:
    """With names of their own until version 7; by the numbers of their curves since, those never stored too."""
    quality, source, tie = Quality.BAD, TimeSource.LATE, 7
    stored = Reading("acme:a7", "temperature", "°C", 21.5, START, START + 1, TimeSource.DEVICE, Quality.GOOD, REAL, tie)
    shown = Reading("acme:a7", "mode", None, 2.0, 0, START, source, quality, "r-1", tie)
    path = tmp_path / "store.db"
    old_store(path, 7)
    with closing(apsw.Connection(str(path))) as db:
        for each in (shown, stored):
            names = (each.device, each.channel, each.run, each.unit, each.value, each.time, each.received)
            db.execute(
                f"INSERT INTO latest VALUES({','.join('?' * 10)})", (*names, each.time_source, each.quality, tie)
            )
    with closing(StoreFile(path)) as file:
        state = StateStore(file.db)
        for run, each in ((REAL, stored), ("r-1", shown)):
            state.put_devices([Device(uid="acme:a7", family="acme", name="a7", run=run, topic="a7")])
            assert state.latest() == [each]
        assert sorted(state.channels()) == [("acme:a7", "mode"), ("acme:a7", "temperature")]


@pytest.mark.parametrize("number", OLD)
def test_an_older_store_is_read_as_it_is(tmp_path: Path, number: int) -> None:
    """An archive of a session, or a copied folder, is not changed by whoever looks into it."""
    old_store(tmp_path / "store.db", number)
    with closing(StoreReader(tmp_path / "store.db")) as file:
        assert len(SqliteReadings(file).series(Range(), 100)[0].t) == 100
        assert len(SqliteReadings(file).aggregate(Range(), "mean", 3600 * NS)) == 2
    assert version(tmp_path / "store.db") == number


def test_a_later_upgrade_replaces_the_copy(tmp_path: Path) -> None:
    """One is kept: the folder does not grow with each version."""
    old_store(tmp_path / "store.db", OLD[0])
    upgrading.prepare(tmp_path, wall)
    renumber(tmp_path / "store.db", OLD[-1])
    (copy,) = upgrading.prepare(tmp_path, wall)
    assert version(copy) == OLD[-1]


@pytest.mark.parametrize("name", FILES)
def test_a_newer_file_is_refused_and_not_touched(folder: Path, name: str) -> None:
    """Each of the three; with what to do."""
    renumber(folder / name, 999)
    before = {path.name: path.read_bytes() for path in folder.glob("*.db")}
    with pytest.raises(ConfigError, match=rf"{name} was written by a newer version .*999.* install that version again"):
        upgrading.prepare(folder, wall)
    assert {path.name: path.read_bytes() for path in folder.glob("*.db")} == before


def test_whoever_opens_a_newer_file_refuses_it_too(folder: Path) -> None:
    """A command that opens one alone says the same."""
    for name in FILES:
        renumber(folder / name, 999)
    with pytest.raises(ConfigError, match="newer version"):
        StoreFile(folder / "store.db")
    with pytest.raises(ConfigError, match="newer version"):
        SessionStore(folder)
    with pytest.raises(JournalError, match="newer version"):
        SqliteJournal(folder)


@pytest.mark.parametrize("name", ["session.db", "journal.db"])
def test_a_file_from_before_there_was_a_number_gets_it(folder: Path, name: str) -> None:
    """It is of the first version; nothing in it changes."""
    renumber(folder / name, 0)
    assert upgrading.prepare(folder, wall) == []
    SessionStore(folder).close()
    SqliteJournal(folder).close()
    assert version(folder / name) == 1
    with closing(SqliteReader(folder)) as reader:
        assert reader.end == 1


def test_a_damaged_file_is_left_to_whoever_mends_it(folder: Path) -> None:
    """It has a remedy of its own, and must not keep the hub from starting."""
    (folder / "store.db").write_bytes(b"no database" * 1000)
    assert upgrading.prepare(folder, wall) == []


def test_without_room_for_the_copy_nothing_is_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how much is needed."""
    old_store(tmp_path / "store.db", OLD[0])
    monkeypatch.setattr("hub.upgrading.shutil.disk_usage", lambda _path: type("Usage", (), {"free": 0}))
    with pytest.raises(StoreError, match="free some space"):
        upgrading.prepare(tmp_path, wall)
    assert version(tmp_path / "store.db") == OLD[0]
