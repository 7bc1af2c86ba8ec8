"""Readings out of a store and into another: equal counts, cut or not (hub/store/transfer.py)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from hub.errors import UsageError
from hub.model import NS, Quality, Reading, TimeSource
from hub.store import transfer
from hub.store.base import Range
from hub.store.export import csv_lines, pages
from hub.store.file import StoreFile
from hub.store.sqlite import SqliteHistory
from hub.store.state import StateStore
from servers.stores import START, reading, readings

NASTY = ("=1+1", "été:n°1", "a,b c=d", 'q"uo;te', "x\\y", "日本:語", "t%20t", "'apos")


def some() -> list[Reading]:
    """Return readings of several devices and timelines, of one moment and of many, of every quality."""
    return [
        *readings(range(25)),
        *readings(range(25), device="acme:b8", run="r-1"),
        *(reading(n, device=name, value=-n / 7, quality=Quality.UNCERTAIN) for n, name in enumerate(NASTY)),
        *(reading(7, channel="press", unit=None, value=float(n), tie=n, quality=Quality.BAD) for n in range(3)),
    ]


@pytest.fixture
def source(tmp_path: Path) -> Iterator[StoreFile]:
    """Lend a store that has them."""
    with closing(StoreFile(tmp_path / "a.db")) as file:
        SqliteHistory(file).write(some())
        yield file


@pytest.fixture
def target(tmp_path: Path) -> Iterator[StoreFile]:
    """Lend an empty store."""
    with closing(StoreFile(tmp_path / "b.db")) as file:
        yield file


def all_of(file: StoreFile) -> list[Reading]:
    """Return everything in a store."""
    return [each for _, chunk in transfer.chunks(file, Range(run=None)) for each in chunk]


def per_minute(file: StoreFile) -> Counter[tuple[str, str, str, int]]:
    """Return (device, channel, run, minute) → readings."""
    return Counter((each.device, each.channel, each.run, each.time // (60 * NS)) for each in all_of(file))


def put(file: StoreFile, text: Iterable[str]) -> int:
    """Store the readings of a file's lines."""
    return transfer.put(file, transfer.read("f", text), name="f", wall=START)


def written(file: StoreFile, write: Callable[[Sequence[Reading]], bytes]) -> list[str]:
    """Return a store's readings as lines of a format."""
    return write(all_of(file)).decode().splitlines(keepends=True)


def test_json_lines_lose_nothing(source: StoreFile, target: StoreFile) -> None:
    """Time to the nanosecond, tie, unit, quality, source: the same store again."""
    odd = Reading("a:b", "c", "V", 0.1 + 0.2, START + 123_456_789, START, TimeSource.LATE, Quality.GOOD, "real", 2**47)
    SqliteHistory(source).write([odd])
    put(target, written(source, transfer.as_json))
    assert sorted(map(repr, all_of(target))) == sorted(map(repr, all_of(source)))


@pytest.mark.parametrize("french", [False, True])
def test_a_csv_of_ours_is_read_back(source: StoreFile, target: StoreFile, *, french: bool) -> None:
    """Names that look like formulas are themselves again, decimal commas are numbers; counts are equal."""
    text = csv_lines(pages(SqliteHistory(source).readings, Range(run=None, limit=7)), french=french)
    assert put(target, text) == len(some())
    assert per_minute(target) == per_minute(source)
    assert {each.device for each in all_of(target)} == {each.device for each in all_of(source)}
    assert sorted(each.value for each in all_of(target)) == sorted(each.value for each in all_of(source))


def test_line_protocol_is_read_back(source: StoreFile, target: StoreFile) -> None:
    """Every name, value and quality; times to the millisecond."""
    put(target, written(source, transfer.as_lines))
    assert per_minute(target) == per_minute(source)

    def values(file: StoreFile) -> list[tuple[str, str, float, str]]:
        return sorted((each.device, each.channel, each.value, each.quality) for each in all_of(file))

    assert values(target) == values(source)


@pytest.mark.parametrize("write", [transfer.as_json, transfer.as_lines])
def test_what_is_read_twice_is_stored_once(
    source: StoreFile, target: StoreFile, write: Callable[[Sequence[Reading]], bytes]
) -> None:
    """A transfer that was cut is simply said again."""
    text = written(source, write)
    put(target, text)
    put(target, text)
    assert per_minute(target) == per_minute(source)


def test_a_cut_export_goes_on_after_its_cursor(source: StoreFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each chunk: nothing twice, nothing left out."""
    monkeypatch.setattr(transfer, "CHUNK", 7)
    whole = list(transfer.chunks(source, Range(run=None)))
    assert len(whole) > 6
    for number, (cursor, _) in enumerate(whole):
        assert [*transfer.chunks(source, Range(run=None), cursor)] == whole[number + 1 :]


def test_a_cut_import_goes_on_where_it_was(
    source: StoreFile, target: StoreFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far it came is kept with what was stored; when it is whole, nothing of it is left."""
    text = written(source, transfer.as_json)
    monkeypatch.setattr(transfer, "CHUNK", 10)

    def cut() -> Iterator[str]:
        yield from islice(text, 35)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 — the file is gone
        put(target, cut())
    assert transfer.reached(target, "f")[0] == 30
    before = target.db.total_changes()
    assert put(target, text) == len(some())
    assert per_minute(target) == per_minute(source)
    assert transfer.reached(target, "f") == (0, 0)
    assert target.db.total_changes() > before


def test_devices_that_come_in_are_known(source: StoreFile, target: StoreFile) -> None:
    """They stand in the list of devices; those that are known keep their names."""
    put(target, written(source, transfer.as_json))
    assert {each.uid for each in StateStore(target.db).devices()} == {each.device for each in some()}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"device": 1}', "line 1 is no reading"),
        ("hello", "line 1 is no reading"),
        ("device,channel,unit,time,value,quality,simulated,run\r\na,b,c,yesterday,1,good,0,real\r\n", "line 2"),
        ("device,channel,unit,time,value,quality,simulated,run\r\na,b\r\n", "line 2"),
        ("device,channel,unit,time,value,quality,simulated,run\r\na,b,,2026-11-27T09:00:00Z,nan,good,0,real", "line 2"),
        ("telemetry,device=a,run=real t=1 soon", "line 1"),
        ("telemetry,run=real t=1 1", "line 1"),
        ('telemetry,device=a,run=real t="x" 1', "line 1"),
    ],
)
def test_a_line_that_is_no_reading_is_named(target: StoreFile, text: str, reason: str) -> None:
    """With its number; nothing is guessed."""
    with pytest.raises(UsageError, match=reason):
        put(target, text.splitlines(keepends=True))
    assert all_of(target) == []


def test_an_empty_file_is_no_mistake(target: StoreFile) -> None:
    """It holds nothing."""
    assert put(target, []) == 0
