"""A backup made while the hub writes, and the folder again from it (hub/backup, reliability.md R23)."""

import hashlib
import stat
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import msgspec
import pytest

from hub import datafolder, upgrading
from hub.backup import archive, making, restoring
from hub.backup.archive import FORMAT, MANIFEST, Manifest
from hub.errors import ConfigError, NotFoundError, StoreError, UsageError
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import NS, Message
from hub.store.base import Range
from hub.store.file import StoreFile, StoreReader
from hub.store.sqlite import SqliteHistory, SqliteReadings
from hub.store.state import StateStore
from servers.houses import AT, WISH, House, celsius
from servers.stores import readings

SECRETS = {"pin": b"123456", "mqtt-password": b"word", "client-id": b"c1", "tls/authority.pem": b"KEY"}
PASSING = {"run.json": b"{}", "broker.log": b"x", "store.db.corrupt.7": b"x", "sessions": b"[]", ".draft": b"x"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lend the folder of an open hub: a session that was archived, devices that spoke, secrets, things that pass."""
    data = tmp_path_factory.mktemp("data")
    with closing(House(data)) as house:
        house.plays()
        name = house.sessions.desk.start(WISH).id
        for number in range(200):
            house.say("tele/sim-probe/SENSOR", celsius(number))
            house.say("tele/kitchen/SENSOR", celsius(number / 10))
        house.sessions.desk.archive(name)
        house.build()
        for file, content in (SECRETS | PASSING).items():
            (data / file).parent.mkdir(exist_ok=True)
            (data / file).write_bytes(content)
        yield data


def wall() -> int:
    """Return the time at which all archives are made."""
    return AT


def made(folder: Path, target: Path, *, secrets: bool = False, settings: str | None = None) -> Path:
    """Return a backup."""
    making.make(folder, target, wall=wall, secrets=secrets, settings=settings)
    return target


def restored(file: Path, folder: Path, *, force: bool = False) -> Path:
    """Return a folder restored from a backup."""
    restoring.restore(file, folder, known=upgrading.newest, wall=wall, force=force)
    return folder


def per_minute(folder: Path) -> Counter[tuple[str, str, int]]:
    """Return (device, run, minute) → readings."""
    with closing(StoreReader(folder / "store.db")) as file:
        rows = SqliteReadings(file).readings(Range(run=None, limit=1_000_000)).rows
    return Counter((row.device, row.run, row.time // (60 * NS)) for row in rows)


def messages(folder: Path) -> list[tuple[int, str, bytes]]:
    """Return the journal."""
    with closing(SqliteReader(folder)) as reader:
        return [(each.position, each.message.topic, each.message.payload) for each in reader.read(0, 1_000_000)]


def test_a_restored_folder_has_equal_counts_and_is_a_hub_again(folder: Path, tmp_path: Path) -> None:
    """Per device and minute, message for message, session and archive; what passes is not in it."""
    copy = restored(made(folder, tmp_path / "a.zip", settings='tz = "Europe/Paris"\n'), tmp_path / "copy")
    assert per_minute(copy) == per_minute(folder)
    assert sum(per_minute(copy).values()) == 400
    assert messages(copy) == messages(folder)
    found = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert {"store.db", "journal.db", "session.db", "hub.toml"} <= found
    assert not found & (SECRETS.keys() | PASSING.keys())
    with closing(House(copy)) as house:
        (session,) = house.sessions.desk.sessions()
        assert len(house.values(session.id)) == 400
        house.say("tele/kitchen/SENSOR", celsius(7))  # and it goes on
    assert sum(per_minute(copy).values()) == 401


def test_what_proves_who_the_hub_is_goes_in_only_when_asked(folder: Path, tmp_path: Path) -> None:
    """An archive is handed to others; with --secrets phones and devices know the restored hub."""
    with zipfile.ZipFile(made(folder, tmp_path / "a.zip")) as file:
        assert not set(file.namelist()) & SECRETS.keys()
    copy = restored(made(folder, tmp_path / "b.zip", secrets=True), tmp_path / "copy")
    assert {name: (copy / name).read_bytes() for name in SECRETS} == SECRETS
    assert not [name for name in PASSING if (copy / name).exists()]


def test_an_archive_is_its_owner_s_and_never_replaces_a_file(folder: Path, tmp_path: Path) -> None:
    """What people typed is in it."""
    file = made(folder, tmp_path / "a.zip")
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    with pytest.raises(UsageError, match="exists; name a file that does not"):
        made(folder, file)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_folder_without_a_hub_is_no_backup(tmp_path: Path) -> None:
    """A wrong folder is said, not archived."""
    with pytest.raises(NotFoundError, match="no hub has run here"):
        made(tmp_path, tmp_path / "a.zip")


def test_a_full_disk_is_said_before_anything_is_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With how much is needed."""
    monkeypatch.setattr(making, "SPARE", 1 << 60)
    with pytest.raises(StoreError, match="MB are free"):
        made(folder, tmp_path / "a.zip")
    assert [*tmp_path.iterdir()] == []


def test_a_copy_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    """Who writes does not wait, and makes no copy begin again: the journal has what the copied store points at."""
    data = tmp_path / "data"
    with closing(SqliteJournal(data)) as journal, closing(StoreFile(data / "store.db")) as file:
        history, state = SqliteHistory(file), StateStore(file.db)

        def write(number: int) -> None:
            end = journal.append([Message("tele/kitchen/SENSOR", b"1", AT + number)])
            with file.transaction():
                history.write(readings([number]))
                state.set_cursor("decode", end)

        for number in range(500):
            write(number)
        told = [0]

        def tell(_what: str, _done: int, _whole: int) -> None:
            write(500 + told[0])  # between two steps of the copy
            told[0] += 1

        making.make(data, tmp_path / "a.zip", wall=wall, tell=tell)
    copy = restored(tmp_path / "a.zip", tmp_path / "copy")
    stored, kept = sum(per_minute(copy).values()), messages(copy)
    assert told[0] > 2
    assert 500 <= stored <= kept[-1][0]
    with closing(StoreFile(copy / "store.db")) as file:
        assert StateStore(file.db).cursor("decode") == stored


def test_a_journal_that_let_go_too_much_is_copied_again(tmp_path: Path) -> None:
    """Otherwise the restored hub would lack what its store had not read."""
    data = tmp_path / "data"
    with closing(SqliteJournal(data)) as journal, closing(StoreFile(data / "store.db")) as file:
        for number in range(10):
            journal.append([Message("t", b"1", AT + number)])
        let_go = iter([True])

        def tell(what: str, _done: int, _whole: int) -> None:
            if what == "store.db" and next(let_go, False):
                journal.drop_before(8)
                with file.transaction():
                    StateStore(file.db).set_cursor("decode", 9)

        making.make(data, tmp_path / "a.zip", wall=wall, tell=tell)
    copy = restored(tmp_path / "a.zip", tmp_path / "copy")
    with closing(StoreFile(copy / "store.db")) as file:
        assert StateStore(file.db).cursor("decode") == 9


# restoring


def test_a_folder_that_is_not_empty_is_refused_or_set_aside(folder: Path, tmp_path: Path) -> None:
    """Nothing is overwritten by mistake, and nothing is lost with --force."""
    file, target = made(folder, tmp_path / "a.zip"), tmp_path / "copy"
    target.mkdir()
    (target / "store.db").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is not empty"):
        restored(file, target)
    assert (target / "store.db").read_bytes() == b"mine"
    restored(file, target, force=True)
    assert (target / f"replaced-{AT // NS}" / "store.db").read_bytes() == b"mine"
    assert per_minute(target) == per_minute(folder)


def test_a_living_hub_is_not_restored_over(folder: Path, tmp_path: Path) -> None:
    """The lock says so, with --force too."""
    file = made(folder, tmp_path / "a.zip")
    (tmp_path / "copy").mkdir()
    with datafolder.owned(tmp_path / "copy"), pytest.raises(ConfigError, match="another hub is running"):
        restored(file, tmp_path / "copy", force=True)


def forged(source: Path, target: Path, change: Callable[[dict[str, bytes], Manifest], Manifest]) -> Path:
    """Return an archive whose content or list was changed."""
    with zipfile.ZipFile(source) as file:
        content = {name: file.read(name) for name in file.namelist()}
    manifest = msgspec.json.decode(content.pop(MANIFEST), type=Manifest)
    manifest = change(content, manifest)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in content.items():
            file.writestr(name, data)
        file.writestr(MANIFEST, msgspec.json.encode(manifest))
    return target


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a backup as it should be."""
    return made(folder, tmp_path_factory.mktemp("backup") / "whole.zip")


def refused(file: Path, tmp_path: Path, match: str) -> None:
    """See that an archive is refused for a reason, and leaves nothing behind."""
    with pytest.raises(UsageError, match=match):
        restored(file, tmp_path / "copy")
    left = {path.name for path in (tmp_path / "copy").rglob("*")} if (tmp_path / "copy").exists() else set()
    assert left <= {"lock"}
    assert not (tmp_path.parent / "climbed").exists()


def replaced(name: str) -> Callable[[dict[str, bytes], Manifest], Manifest]:
    """Return a change: gaps come in under another name, listed as they should be."""

    def change(content: dict[str, bytes], manifest: Manifest) -> Manifest:
        content[name] = b"x"
        entry = archive.Entry(name, 1, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")
        return msgspec.structs.replace(manifest, files=[*manifest.files, entry])

    return change


@pytest.mark.parametrize(
    "name",
    [
        "../climbed",
        "archives/../../climbed",
        "/tmp/climbed",
        "C:/climbed",
        "archives\\..\\climbed",
        "archives//x",
        "archives/./x",
        "archives/x ",
        "archives/nul.db",
        "archives/a\nb",
        "ARCHIVES/../x",
        "STORE.DB",
        "archives/" + "a" * 300,
        "a/b/c/d/e/f/g",
    ],
)
def test_no_name_climbs_out_of_the_folder(whole: Path, tmp_path: Path, name: str) -> None:
    """Zip slip, in the words of every system (X11, X12)."""
    refused(forged(whole, tmp_path / "a.zip", replaced(name)), tmp_path, "no plain file|one twice")


@pytest.mark.parametrize("name", ["run.json", "lock", "broker.toml", "pin", "evil.py", "replaced-1/store.db"])
def test_nothing_comes_in_that_is_in_no_backup(whole: Path, tmp_path: Path, name: str) -> None:
    """A stranger's archive plants no address, no PIN and no program."""
    refused(forged(whole, tmp_path / "a.zip", replaced(name)), tmp_path, "belongs into no backup")


def test_a_link_is_no_file(whole: Path, tmp_path: Path) -> None:
    """It would be written through."""
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "a.zip", "w") as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK if name == "session.db" else stat.S_IFREG) << 16
            target.writestr(info, source.read(name))
    refused(tmp_path / "a.zip", tmp_path, "no plain file")


def _flipped(content: dict[str, bytes], manifest: Manifest) -> Manifest:
    data = content["store.db"]
    content["store.db"] = data[:-1] + bytes([data[-1] ^ 1])
    return manifest


def _longer(content: dict[str, bytes], manifest: Manifest) -> Manifest:
    content["session.db"] += b"\0"
    return manifest


def _unlisted(content: dict[str, bytes], manifest: Manifest) -> Manifest:
    content["archives/x"] = b""
    return manifest


def _missing(content: dict[str, bytes], manifest: Manifest) -> Manifest:
    del content["session.db"]
    return manifest


def _swollen(_content: dict[str, bytes], manifest: Manifest) -> Manifest:
    first = msgspec.structs.replace(manifest.files[0], bytes=1 << 50)
    return msgspec.structs.replace(manifest, files=[first, *manifest.files[1:]])


def _newer(_content: dict[str, bytes], manifest: Manifest) -> Manifest:
    return msgspec.structs.replace(manifest, format=FORMAT + 1, version="9.9")


def _newer_tables(_content: dict[str, bytes], manifest: Manifest) -> Manifest:
    return msgspec.structs.replace(manifest, tables={"store.db": 999}, version="9.9")


def _another(_content: dict[str, bytes], manifest: Manifest) -> Manifest:
    return msgspec.structs.replace(manifest, product="telegraf")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (_flipped, "store.db is not what was put in"),
        (_longer, "session.db is not what was put in"),
        (_unlisted, "list and its content differ"),
        (_missing, "list and its content differ"),
        (_swollen, "would swell"),
        (_newer, r"newer format \(2, this hub reads 1\); install the version that wrote it \(9.9\)"),
        (_newer_tables, r"newer version of the hub \(tables 999, this one knows \d+\); install version 9.9"),
        (_another, "'telegraf' wrote it"),
    ],
)
def test_what_is_wrong_is_said(
    whole: Path, tmp_path: Path, change: Callable[[dict[str, bytes], Manifest], Manifest], match: str
) -> None:
    """A flipped bit, a list that differs, a bomb, a newer hub's: nothing is changed."""
    refused(forged(whole, tmp_path / "a.zip", change), tmp_path, match)


def test_a_newer_format_is_known_by_its_head_alone(tmp_path: Path) -> None:
    """Whatever else it says by then."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(MANIFEST, b'{"product": "matinales-hub", "format": 7, "parts": []}')
    refused(tmp_path / "a.zip", tmp_path, "newer format")


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all"])
def test_a_file_that_is_no_archive_is_said(tmp_path: Path, content: bytes) -> None:
    """With what to name instead."""
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path / "a.zip", tmp_path, "cannot be read as a backup")


def test_an_archive_cut_short_is_refused(whole: Path, tmp_path: Path) -> None:
    """A full USB key."""
    (tmp_path / "a.zip").write_bytes(whole.read_bytes()[:-1000])
    refused(tmp_path / "a.zip", tmp_path, "cannot be read as a backup")


def test_a_stranger_s_trigger_does_not_come_in(folder: Path, tmp_path: Path) -> None:
    """It would run with the hub's next reading."""

    def change(content: dict[str, bytes], manifest: Manifest) -> Manifest:
        path = tmp_path / "planted.db"
        path.write_bytes(content["store.db"])
        with closing(apsw.Connection(str(path))) as db:
            db.execute("CREATE TRIGGER evil AFTER INSERT ON readings BEGIN DELETE FROM readings; END")
        content["store.db"] = path.read_bytes()
        return msgspec.structs.replace(manifest, files=[_listed(each, content[each.name]) for each in manifest.files])

    refused(forged(made(folder, tmp_path / "b.zip"), tmp_path / "a.zip", change), tmp_path, "holds more than data")


def _listed(entry: archive.Entry, data: bytes) -> archive.Entry:
    return archive.Entry(entry.name, len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.long
def test_a_backup_while_writing_pauses_nobody(tmp_path: Path) -> None:
    """R23: half a million readings in the store, journal and store written all the time: no pause above 1 s."""
    data, stop, pauses = tmp_path / "data", threading.Event(), [0.0]
    with closing(SqliteJournal(data)) as journal, closing(StoreFile(data / "store.db")) as file:
        history, state = SqliteHistory(file), StateStore(file.db)
        for at in range(0, 500_000, 10_000):
            history.write(readings(range(at, at + 10_000)))

        def write() -> None:
            number, last = 500_000, time.monotonic()
            while not stop.is_set():
                end = journal.append([Message("t", b"x" * 150, AT + number)])
                with file.transaction():
                    history.write(readings([number]))
                    state.set_cursor("decode", end)
                number += 1
                now = time.monotonic()
                pauses[0], last = max(pauses[0], now - last), now

        writer = threading.Thread(target=write)
        writer.start()
        begin = time.monotonic()
        making.make(data, tmp_path / "a.zip", wall=wall)
        took = time.monotonic() - begin
        stop.set()
        writer.join()
    size = sum(path.stat().st_size for path in data.iterdir())
    figure = f"backup of {size / 1e6:.0f} MB: {took:.1f} s, longest pause {pauses[0]:.3f} s"
    print(figure)  # noqa: T201 — the figure of R23
    assert pauses[0] < 1
    copy = restored(tmp_path / "a.zip", tmp_path / "copy")
    with closing(StoreFile(copy / "store.db")) as file:
        cursor = StateStore(file.db).cursor("decode")
        count = file.db.execute("SELECT count(*) FROM readings").get
    assert count == 500_000 + cursor
    assert cursor <= messages(copy)[-1][0]
