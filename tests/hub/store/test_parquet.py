"""Readings as a Parquet file (hub/store/parquet.py), and `matinales export --parquet` and `import` of the same."""

import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.__main__ import main
from hub.cli import _transfers
from hub.errors import StoreError, UsageError
from hub.model import Quality, Reading, TimeSource
from hub.store import transfer
from hub.store.base import Range
from hub.store.file import StoreFile, StoreReader
from hub.store.sqlite import SqliteHistory
from servers.stores import START, reading, readings

if TYPE_CHECKING:
    from hub.store import parquet
else:
    parquet = pytest.importorskip(
        "hub.store.parquet", reason=f"pip install {' '.join(_transfers.PARQUET)}", exc_type=ModuleNotFoundError
    )

ODD = Reading("é:n°1", "=1+1", None, 0.1 + 0.2, START + 123_456_789, START, TimeSource.LATE, Quality.BAD, "r-1", 2**47)


def all_of(folder: Path) -> list[Reading]:
    """Return everything that a folder's store has."""
    with closing(StoreReader(folder / "store.db")) as file:
        return [each for _, some in transfer.chunks(file, Range(run=None)) for each in some]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with some readings."""
    with closing(StoreFile(tmp_path / "data" / "store.db")) as file:
        SqliteHistory(file).write([*readings(range(250)), *readings(range(50), device="sim:c", run="r-1"), ODD])
    return tmp_path / "data"


def test_nothing_is_lost(data: Path, tmp_path: Path) -> None:
    """Nanoseconds, ties, units, qualities, sources: the same store again, and no draft is left."""
    file, copy = tmp_path / "out.parquet", tmp_path / "copy"
    assert main(["export", "--data", str(data), "--parquet", str(file)]) == 0
    assert main(["import", str(file), "--data", str(copy)]) == 0
    assert sorted(map(repr, all_of(copy))) == sorted(map(repr, all_of(data)))
    assert main(["import", str(file), "--data", str(copy)]) == 0  # again: nothing twice
    assert len(all_of(copy)) == 301
    assert not list(tmp_path.glob("*.part*"))


def test_a_part_is_chosen(data: Path, tmp_path: Path) -> None:
    """As of every format."""
    file = tmp_path / "out.parquet"
    assert main(["export", "--data", str(data), "--parquet", str(file), "--device", "sim:c"]) == 0
    assert {each.device for each in parquet.read(file)} == {"sim:c"}


def test_it_is_written_by_and_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row group is on the disk before the next is read: years do not have to fit in memory."""
    monkeypatch.setattr(parquet, "GROUP", 100)
    file, sizes = tmp_path / "out", []

    def chunks() -> Iterator[list[Reading]]:
        for number in range(5):
            sizes.append(file.stat().st_size)
            yield readings(range(number * 1000, number * 1000 + 1000))

    parquet.write(file, chunks())
    assert sizes[0] < sizes[2] < sizes[4] < file.stat().st_size
    assert len([*parquet.read(file)]) == 5000


def test_an_empty_one_is_no_mistake(tmp_path: Path) -> None:
    """It holds nothing."""
    parquet.write(tmp_path / "out", iter(()))
    assert [*parquet.read(tmp_path / "out")] == []


def test_what_the_store_says_comes_through(tmp_path: Path) -> None:
    """In its own words, not the library's."""

    def chunks() -> Iterator[list[Reading]]:
        yield [reading(1)]
        msg = "the store is locked"
        raise StoreError(msg)

    with pytest.raises(StoreError, match=r"^the store is locked$"):
        parquet.write(tmp_path / "out", chunks())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full: try it on Linux")
def test_a_full_disk_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    """As the system says it; the library, which panics, hears nothing of it."""
    with pytest.raises(OSError, match="No space left"):
        parquet.write(Path("/dev/full"), (readings(range(n * 1000, n * 1000 + 1000)) for n in range(200)))
    assert "panick" not in capfd.readouterr().err


def test_a_file_that_is_none_of_ours_is_named(tmp_path: Path) -> None:
    """Cut short, damaged, or with other columns; what to do is said."""
    whole = tmp_path / "whole"
    parquet.write(whole, iter([readings(range(100))]))
    content = whole.read_bytes()
    for spoilt in (content[:-50], content[:4], content[:4] + bytes(len(content) - 12) + content[-8:]):
        (tmp_path / "f").write_bytes(spoilt)
        with pytest.raises(UsageError, match=r"^f is .*again$"):
            list(parquet.read(tmp_path / "f"))
    (tmp_path / "f").write_bytes(content[:4] + content[-8:])
    with pytest.raises(UsageError, match="f is damaged"):
        list(parquet.read(tmp_path / "f"))


def test_the_command_that_installs_it_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the library is not installed; the same versions as the extra's."""
    monkeypatch.delitem(sys.modules, "hub.store.parquet")
    monkeypatch.setitem(sys.modules, "arro3.io", None)
    assert main(["export", "--data", str(data), "--parquet", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert tuple(project["optional-dependencies"]["parquet"]) == _transfers.PARQUET
    assert all(f'"{each}"' in said.replace("\n", " ") for each in _transfers.PARQUET)
