"""`matinales export --jsonl`, `--lines`, `--influx` and `matinales import` of the same: equal counts, cut or not."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub import datafolder
from hub.__main__ import main
from hub.cli import _transfers
from hub.errors import StoreError
from hub.model import NS, Reading
from hub.store import export, transfer
from hub.store.base import Range, Row
from hub.store.delivery import Delivery
from hub.store.file import StoreFile, StoreReader
from hub.store.sqlite import SqliteHistory
from servers import influx as influxdb
from servers.stores import START, reading

NOW = (time.time_ns() - START) // (10 * NS) - 10_000
"""Number of a reading of yesterday: InfluxDB keeps simulated ones 30 days."""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder with readings of three devices, one of them simulated; chunks are small."""
    monkeypatch.setattr(transfer, "CHUNK", 100)
    some = [reading(n, device="acme:a7") for n in range(300)]
    some += [reading(n, device="acme:b 8", channel="press", value=float(n), tie=n) for n in (5, 6)]
    some += [reading(5, device="acme:b 8", channel="press", value=9.0, tie=99)]
    some += [reading(NOW + n, device="sim:c", run="r-1") for n in range(250)]
    with closing(StoreFile(tmp_path / "data" / "store.db")) as file:
        SqliteHistory(file).write(some)
    return tmp_path / "data"


def all_of(folder: Path) -> list[Reading]:
    """Return everything that a folder's store has."""
    with closing(StoreReader(folder / "store.db")) as file:
        return [each for _, some in transfer.chunks(file, Range(run=None)) for each in some]


def per_minute(folder: Path) -> Counter[tuple[str, str, int]]:
    """Return (device, run, minute) → readings."""
    return Counter((each.device, each.run, each.time // (60 * NS)) for each in all_of(folder))


@pytest.mark.parametrize("form", ["--jsonl", "--lines", "--csv"])
def test_out_and_in_again(data: Path, tmp_path: Path, form: str) -> None:
    """Each format of ours is known by its first line."""
    file, copy = tmp_path / "out", tmp_path / "copy"
    assert main(["export", "--data", str(data), form, str(file)]) == 0
    assert main(["import", str(file), "--data", str(copy)]) == 0
    assert per_minute(copy) == per_minute(data)
    assert not [path.name for path in tmp_path.glob("out.part*")]


def test_a_part_is_chosen(data: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """As with CSV; the terminal is a file too."""
    assert main(["export", "--data", str(data), "--jsonl", "-", "--device", "sim:c", "--run", "r-1"]) == 2  # no run
    assert main(["export", "--data", str(data), "--jsonl", "-", "--device", "acme:b 8"]) == 0
    assert capfdbinary.readouterr().out.count(b"\n") == 3


def test_a_cut_export_goes_on_where_it_was(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is the same as if nothing had happened; until then there is none of its name."""
    whole, file = tmp_path / "whole", tmp_path / "out"
    assert main(["export", "--data", str(data), "--jsonl", str(whole)]) == 0
    written, real = [0], transfer.as_json

    def as_json(some: list[Reading]) -> bytes:
        written[0] += 1
        if written[0] == 4:
            raise OSError(28, "No space left on device")
        return real(some)

    monkeypatch.setattr(transfer, "as_json", as_json)
    assert main(["export", "--data", str(data), "--jsonl", str(file)]) == 2
    assert not file.exists()
    assert main(["export", "--data", str(data), "--jsonl", str(file)]) == 0
    assert file.read_bytes() == whole.read_bytes()
    assert written[0] == 4 + 7 - 3


@pytest.mark.parametrize("french", [[], ["--french"]])
def test_a_cut_csv_goes_on_where_it_was(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, french: list[str]
) -> None:
    """In order of time, its first line once; the file is the same as if nothing had happened."""
    whole, file = tmp_path / "whole", tmp_path / "out"
    assert main(["export", "--data", str(data), "--csv", str(whole), *french]) == 0
    written = [0]

    def csv_rows(rows: list[Row], *, french: bool) -> Iterator[str]:
        written[0] += 1
        if written[0] == 4:
            raise OSError(28, "No space left on device")
        yield from export.csv_rows(rows, french=french)

    monkeypatch.setattr("hub.cli._transfers.csv_rows", csv_rows)
    assert main(["export", "--data", str(data), "--csv", str(file), *french]) == 2
    assert not file.exists()
    assert main(["export", "--data", str(data), "--csv", str(file), *french]) == 0
    assert file.read_bytes() == whole.read_bytes()
    assert written[0] == 4 + 6 - 3
    times = [line.split(";" if french else ",")[3] for line in file.read_text(encoding="utf-8").splitlines()[1:]]
    assert times == sorted(times)
    assert len(times) == 553


def test_an_import_needs_the_folder_for_itself(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A living hub owns the store."""
    file = tmp_path / "out"
    main(["export", "--data", str(data), "--jsonl", str(file)])
    with datafolder.owned(data):
        assert main(["import", str(file), "--data", str(data)]) == 2
    told = capsys.readouterr().err
    assert "another hub is running" in told
    assert "end that one first" in told


@pytest.mark.parametrize("form", ["--jsonl", "--csv", "--parquet"])
def test_a_dry_run_of_our_own_file_stores_nothing(
    data: Path, tmp_path: Path, form: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Whether a hub lives or not, the file is read to its end, and a program is told what it has."""
    file, copy = tmp_path / "out", tmp_path / "copy"
    main(["export", "--data", str(data), form, str(file)])
    assert main(["import", str(file), "--data", str(copy), "--dry-run"]) == 0
    assert b"553 readings of out are good; nothing imported" in capfdbinary.readouterr().err
    assert not copy.exists()
    with datafolder.owned(data):
        assert main(["import", str(file), "--data", str(data), "--dry-run", "--json"]) == 0
    assert capfdbinary.readouterr().out == b'{"rows":553,"imported":0,"device":null,"mistakes":[]}\n'


def test_a_dry_run_names_the_line_that_is_no_reading(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the import would."""
    file = tmp_path / "out"
    main(["export", "--data", str(data), "--csv", str(file)])
    file.write_text(f"{file.read_text(encoding='utf-8')}nonsense\n", encoding="utf-8")
    assert main(["import", str(file), "--data", str(tmp_path / "copy"), "--dry-run"]) == 2
    assert "line 555" in capsys.readouterr().err


def test_influxdb_knows_no_dry_run(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused, not passed over."""
    assert main(["import", "--influx", "--dry-run", "--data", str(data)]) == 2
    assert "--dry-run" in capsys.readouterr().err


def test_nothing_to_import_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to name."""
    assert main(["import", "--data", str(tmp_path)]) == 2
    assert "name a file" in capsys.readouterr().err


def test_an_influxdb_that_is_not_named_is_said(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the setting."""
    assert main(["export", "--influx", "--data", str(data)]) == 2
    assert "HUB_INFLUX_URL" in capsys.readouterr().err


@pytest.fixture
def influx(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name a real InfluxDB, empty, in the settings."""
    with influxdb.buckets(influxdb.server()) as place:
        for name in ("url", "token", "org", "bucket"):
            monkeypatch.setenv(f"HUB_INFLUX_{name.upper()}", getattr(place, name))
        yield


@pytest.mark.usefixtures("influx")
def test_a_store_moves_to_influxdb_and_back(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal counts per device and minute, though both ways are cut in between and said again."""
    sent, real = [0], Delivery.deliver

    def deliver(self: Delivery, lines: list[bytes]) -> object:
        sent[0] += 1
        if sent[0] == 5:
            msg = "the network is gone"
            raise StoreError(msg)
        return real(self, lines)

    monkeypatch.setattr(Delivery, "deliver", deliver)
    assert main(["export", "--influx", "--data", str(data)]) == 1
    assert (data / _transfers.PROGRESS).exists()
    assert main(["export", "--influx", "--data", str(data)]) == 0
    assert not (data / _transfers.PROGRESS).exists()
    copy = tmp_path / "copy"
    stored, write = [0], SqliteHistory.write

    def fail(self: SqliteHistory, some: list[Reading]) -> None:
        stored[0] += 1
        if stored[0] == 3:
            msg = "the disk is full"
            raise StoreError(msg)
        write(self, some)

    monkeypatch.setattr(SqliteHistory, "write", fail)
    assert main(["import", "--influx", "--data", str(copy)]) == 1
    assert main(["import", "--influx", "--data", str(copy)]) == 0
    assert per_minute(copy) == per_minute(data)
    assert sorted(each.value for each in all_of(copy)) == sorted(each.value for each in all_of(data))
    assert main(["import", "--influx", "--data", str(copy)]) == 0  # and again: nothing is doubled
    assert per_minute(copy) == per_minute(data)
