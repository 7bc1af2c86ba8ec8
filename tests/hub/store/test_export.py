"""Readings for other tools (hub/store/export.py)."""

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import NotFoundError
from hub.model import NS, Quality
from hub.store.base import Range
from hub.store.export import COLUMNS, copy, csv_lines, pages
from hub.store.file import StoreFile, StoreReader
from hub.store.sqlite import SqliteHistory, SqliteReadings
from servers.stores import reading, readings


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StoreFile]:
    """Lend a store with two readings, one of them simulated."""
    with closing(StoreFile(tmp_path / "store.db")) as made:
        SqliteHistory(made).write(
            [reading(value=21.7, every=NS // 4), reading(1, value=-3, run="r-1", every=NS // 4, quality=Quality.BAD)]
        )
        yield made


def table(file: StoreReader, asked: Range) -> list[list[str]]:
    """Return the CSV of what was asked as a program reads it."""
    return list(csv.reader(io.StringIO("".join(csv_lines(pages(SqliteReadings(file).readings, asked))), newline="")))


def test_csv_has_the_columns_of_the_api(file: StoreFile) -> None:
    """Times in UTC with the decimals they have, numbers as numbers, simulated marked."""
    assert table(file, Range(run=None)) == [
        [*COLUMNS],
        ["acme:a7", "temperature", "°C", "2026-09-21T14:13:20Z", "21.7", "good", "0", "real"],
        ["acme:a7", "temperature", "°C", "2026-09-21T14:13:20.250Z", "-3.0", "bad", "1", "r-1"],
    ]


def test_every_page_is_written(file: StoreFile) -> None:
    """However many there are."""
    SqliteHistory(file).write(readings(range(25), device="acme:b8"))
    assert len(table(file, Range(device="acme:b8", limit=7))) == 1 + 25


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", 'a,"b"\nc'])
def test_no_name_becomes_a_formula(file: StoreFile, name: str) -> None:
    """A spreadsheet shows a hostile device name as text, in one cell."""
    SqliteHistory(file).write([reading(device=name)])
    ((_, (shown, *_rest))) = table(file, Range(device=name))
    assert shown.removeprefix("'") == name
    assert not shown.startswith(("=", "+", "-", "@", "\t"))


def test_a_copy_is_one_plain_file_for_any_tool(file: StoreFile, tmp_path: Path) -> None:
    """Taken while the hub writes; another program reads measures by their names."""
    target = tmp_path / "copy.db"
    with closing(StoreReader(file.path)) as store, file.transaction():
        SqliteHistory(file).write([reading(2)])  # not committed: not in the copy
        copy(store, target)
    with closing(sqlite3.connect(target)) as db:
        assert db.execute("SELECT * FROM measures ORDER BY time").fetchall() == [
            ("acme:a7", "temperature", "°C", "2026-09-21T14:13:20.000Z", 21.7, "good", 0, "real"),
            ("acme:a7", "temperature", "°C", "2026-09-21T14:13:20.250Z", -3.0, "bad", 1, "r-1"),
        ]
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Reading creates nothing."""
    with pytest.raises(NotFoundError, match="no such file"):
        StoreReader(tmp_path / "store.db")
    assert list(tmp_path.iterdir()) == []
