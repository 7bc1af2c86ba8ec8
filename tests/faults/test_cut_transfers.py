"""`kill -9` at the steps of export, import, backup and restore: said again it is whole, nothing half has its name."""

import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import apsw
import pytest

from hub import datafolder
from hub.__main__ import main
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import NS, Message
from hub.store import transfer
from hub.store.base import Range
from hub.store.file import StoreFile, StoreReader
from hub.store.sqlite import SqliteHistory
from hub.store.state import StateStore
from servers import influx as influxdb
from servers.houses import AT, House, celsius
from servers.killing import killed, needs_fork
from servers.stores import reading

pytestmark = needs_fork
MANY = 250


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder with readings and messages; chunks are small."""
    monkeypatch.setattr(transfer, "CHUNK", 100)
    folder = tmp_path / "data"
    with closing(SqliteJournal(folder)) as journal, closing(StoreFile(folder / "store.db")) as file:
        journal.append([Message("tele/a7/SENSOR", celsius(number), AT + number * NS) for number in range(MANY)])
        SqliteHistory(file).write([reading(number, device="acme:a7") for number in range(MANY)])
        with file.transaction() as db:
            StateStore(db).set_cursor("decode", MANY)
    (folder / "archives").mkdir()
    (folder / "archives" / "one.json").write_bytes(b"{}")
    return folder


def command(*words: str | Path) -> int:
    """Run the command as somebody types it."""
    return main([*map(str, words)])


def per_minute(folder: Path) -> Counter[tuple[str, str, int]]:
    """Return (device, run, minute) → readings."""
    with closing(StoreReader(folder / "store.db")) as file:
        found = [each for _, some in transfer.chunks(file, Range(run=None)) for each in some]
    return Counter((each.device, each.run, each.time // (60 * NS)) for each in found)


def of_journal(folder: Path) -> list[bytes]:
    """Return what the messages of a folder said."""
    with closing(SqliteReader(folder)) as reader:
        return [each.message.payload for each in reader.read(0, 10_000)]


def rows(file: Path) -> int:
    """Return how many readings an exported SQLite file shows."""
    db = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(db.execute("SELECT count(*) FROM measures").get)
    finally:
        db.close()


@pytest.mark.parametrize(
    ("form", "stride"),
    [("--jsonl", 5), ("--lines", 9), ("--csv", 7), ("--messages", 2), ("--alarms", 2), ("--parquet", 2)],
)
def test_an_export_that_is_killed_is_whole_or_not_there(data: Path, tmp_path: Path, form: str, stride: int) -> None:
    """Said again it goes on, or begins anew; the file is the same as if nothing had happened."""
    whole, file = tmp_path / "whole", tmp_path / "out"
    assert command("export", "--data", data, form, whole) == 0
    expected = whole.read_bytes()
    for _ in killed(partial(command, "export", "--data", data, form, file), stride):
        assert not file.exists() or file.read_bytes() == expected
        assert command("export", "--data", data, form, file) == 0
        assert file.read_bytes() == expected
        assert not [*tmp_path.glob("out?*")]
        file.unlink()


def test_an_exported_database_that_is_killed_is_whole_or_not_there(data: Path, tmp_path: Path) -> None:
    """What is left of the try before is taken for nothing, not for the file that must not be replaced."""
    file = tmp_path / "out.db"
    for _ in killed(partial(command, "export", "--data", data, "--sqlite", file), stride=4):
        if not file.exists():
            assert command("export", "--data", data, "--sqlite", file) == 0
        assert rows(file) == MANY
        assert not [*tmp_path.glob("out.db?*")]
        file.unlink()


def test_a_backup_that_is_killed_is_whole_or_not_there(data: Path, tmp_path: Path) -> None:
    """The copies that it had made, as large as the folder, go with the next one into the same file."""
    file = tmp_path / "out" / "a.zip"
    file.parent.mkdir()
    left = 0
    for _ in killed(partial(command, "backup", file, "--data", data), stride=6):
        left += len([*file.parent.glob(".a.zip.*")])
        if file.exists():
            check(file)
            file.unlink()
        assert command("backup", file, "--data", data) == 0
        check(file)
        assert [each.name for each in file.parent.iterdir()] == ["a.zip"]
        file.unlink()
    assert left > 2


def check(file: Path) -> None:
    """See that a backup is whole."""
    with zipfile.ZipFile(file) as found:
        assert {"store.db", "journal.db", "archives/one.json", "manifest.json"} <= {*found.namelist()}
        assert found.testzip() is None


@pytest.fixture
def backup(data: Path, tmp_path: Path) -> Path:
    """Return a backup of the folder."""
    assert command("backup", tmp_path / "a.zip", "--data", data) == 0
    return tmp_path / "a.zip"


def is_whole(folder: Path) -> bool:
    """Tell whether a folder is what was backed up."""
    files = [folder / name for name in ("store.db", "journal.db", "archives/one.json", "hub.toml")]
    return all(each.is_file() for each in files) and sum(per_minute(folder).values()) == len(of_journal(folder)) == MANY


def test_a_restore_that_is_killed_left_an_empty_folder_or_is_done(backup: Path, tmp_path: Path) -> None:
    """Whoever owns the folder next finds nothing, or all of it; never a store without its journal."""
    copy = tmp_path / "copy"
    seen = set()
    for _ in killed(partial(command, "restore", backup, "--data", copy), stride=2):
        if copy.exists():
            with datafolder.owned(copy):
                pass
            there = {each.name for each in copy.iterdir()} - {"lock"}
            seen.add(bool(there))
            assert not there or is_whole(copy)
            shutil.rmtree(copy)
    assert seen == {True, False}


def test_a_restore_said_again_after_a_kill_is_done(backup: Path, tmp_path: Path) -> None:
    """Without --force: what lies there is only what the first one left, or the folder as it is to be."""
    copy = tmp_path / "copy"
    for _ in killed(partial(command, "restore", backup, "--data", copy), stride=4):
        assert command("restore", backup, "--data", copy) == 0 or is_whole(copy)
        assert is_whole(copy)
        shutil.rmtree(copy)


def test_a_restore_over_another_folder_that_is_killed_loses_neither(backup: Path, tmp_path: Path) -> None:
    """It is the old one, or the new one with the old one beside it."""
    copy = tmp_path / "copy"

    def mine() -> None:
        copy.mkdir()
        (copy / "store.db").write_bytes(b"mine")
        (copy / "only-mine").write_bytes(b"mine")

    mine()
    seen = set()
    for _ in killed(partial(command, "restore", backup, "--data", copy, "--force"), stride=2):
        with datafolder.owned(copy):
            pass
        (old,) = [*copy.glob("replaced-*")] or [copy]
        assert {name: (old / name).read_bytes() for name in ("store.db", "only-mine")} == dict.fromkeys(
            ("store.db", "only-mine"), b"mine"
        )
        seen.add(old == copy)
        assert old == copy or (is_whole(copy) and not (copy / "only-mine").exists())
        shutil.rmtree(copy)
        mine()
    assert seen == {True, False}


@pytest.mark.parametrize("form", ["--jsonl", "--csv", "--parquet"])
def test_an_import_that_is_killed_goes_on_where_it_was(data: Path, tmp_path: Path, form: str) -> None:
    """Nothing is lost, nothing is there twice, and how far it came is not remembered longer than needed."""
    file, copy = tmp_path / "out", tmp_path / "copy"
    assert command("export", "--data", data, form, file) == 0
    expected = per_minute(data)
    for _ in killed(partial(command, "import", file, "--data", copy), stride=17):
        assert command("import", file, "--data", copy) == 0
        assert per_minute(copy) == expected
        with closing(StoreFile(copy / "store.db")) as store:
            assert not [*store.db.execute("SELECT name FROM setting WHERE name LIKE 'transfer:%'")]
        shutil.rmtree(copy)


def test_a_device_s_file_that_was_killed_on_its_way_in_is_imported_again(tmp_path: Path) -> None:
    """The journal may have a row twice; the store, which knows a device's times, has each once."""
    file, copy = tmp_path / "oven.csv", tmp_path / "copy"
    lines = [f"2026-11-24T09:{number:02}:00Z;{number},5" for number in range(50)]
    file.write_text("\n".join(["time;temp", *lines, ""]), encoding="utf-8")
    for _ in killed(partial(command, "import", file, "--data", copy), stride=13):
        assert command("import", file, "--data", copy) == 0
        with closing(House(copy)) as house:
            house.hub.catch_up()
        assert sum(per_minute(copy).values()) == 50
        shutil.rmtree(copy)


@pytest.fixture
def influx(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name a real InfluxDB, empty, in the settings."""
    with influxdb.buckets(influxdb.server()) as place:
        for name in ("url", "token", "org", "bucket"):
            monkeypatch.setenv(f"HUB_INFLUX_{name.upper()}", getattr(place, name))
        yield


@pytest.mark.usefixtures("influx")
def test_a_move_to_influxdb_and_back_that_is_killed_has_equal_counts(data: Path, tmp_path: Path) -> None:
    """Each way goes on where it was cut, however often."""
    expected, copy = per_minute(data), tmp_path / "copy"
    kills = [*killed(partial(command, "export", "--influx", "--data", data), stride=7)]
    kills += killed(partial(command, "import", "--influx", "--data", copy), stride=9)
    assert len(kills) > 4
    assert per_minute(copy) == expected
    assert command("import", "--influx", "--data", copy) == 0
    assert per_minute(copy) == expected
