"""Readings on their way out of store.db and into it, in one order, so that what was cut goes on where it was.

Formats of a file, all of them written and read: JSON lines (nothing is lost), line protocol (times to the millisecond
with the tie-break below it, hub/decisions/0007; no units), CSV as `matinales export` writes it (no ties). What has no
tie gets the number of its reading within its moment, so that the same file read again stores nothing twice.
"""

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub.errors import UsageError
from hub.model import NS, REAL, Device, Quality, Reading, TimeSource, rfc3339
from hub.store import lines
from hub.store.base import Range, Row, Rows
from hub.store.export import COLUMNS, MARK
from hub.store.file import StoreFile, StoreReader
from hub.store.sqlite import SqliteHistory, SqliteReadings, curves_of, ends_of, rows_after
from hub.store.state import StateStore

CHUNK = 10_000
Cursor = tuple[int, int, int, int]
"""Series, run, time, tie of the last reading that went, as numbers of the file it came from."""
BEGIN: Cursor = (-1, -1, 0, -1)
Place = tuple[int, str]
"""Number of the range that is being read, and the cursor of its last page; empty: its beginning."""
START: Place = (0, "")
Windows = Mapping[str, Sequence[tuple[int, int]]]
"""Run → stretches of it [ns], the ends not included, in order."""
Tell = Callable[[int, int], None]
"""What is done, of how much."""
_NO_TIE = -1
_QUALITIES, _SOURCES = tuple(Quality), tuple(TimeSource)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def _untold(_done: int, _whole: int) -> None:
    """Nobody looks."""


class Line(Struct, frozen=True, omit_defaults=True):
    """A reading as a line of JSON."""

    device: str
    channel: str
    unit: str | None
    time: str
    value: float
    tie: int
    quality: Quality = Quality.GOOD
    run: str = REAL
    source: TimeSource = TimeSource.DEVICE


_DECODE = msgspec.json.Decoder(Line).decode


def chunks(
    store: StoreReader,
    asked: Range,
    after: Cursor = BEGIN,
    tell: Tell = _untold,
    within: Windows | None = None,
) -> Iterator[tuple[Cursor, list[Reading]]]:
    """Yield all readings asked for, by series, run, time and tie, some thousand at a time, each with its cursor.

    Args:
        store: where they are; each chunk is one short read.
        asked: which; its limit counts for nothing.
        after: the cursor of the last chunk that need not come again.
        tell: is told how many curves are done, of how many.
        within: run → stretches [ns] in order, as of a workshop session; None: the time asked for, of every run.
    """
    with store.reader() as db:
        curves = sorted(curves_of(db, asked), key=lambda curve: (curve.series, curve.run_number))
    for done, curve in enumerate(curves):
        tell(done, len(curves))
        number = (curve.series, curve.run_number)
        if number < after[:2]:
            continue
        names = (curve.device, curve.channel, curve.unit)
        for start, stop in ((asked.start, asked.stop),) if within is None else within.get(curve.run, ()):
            place = max(after[2:] if number == after[:2] else BEGIN[2:], (start, -1))
            while True:
                with store.reader() as db:
                    rows = rows_after(db, number, place, stop, CHUNK)
                if not rows:
                    break
                place = (rows[-1][0], rows[-1][1])
                yield (*number, *place), [_reading(names, curve.run, row) for row in rows]
    tell(len(curves), len(curves))


def in_time(
    store: StoreReader, asked: Sequence[Range], after: Place = START, tell: Tell = _untold
) -> Iterator[tuple[Place, list[Row]]]:
    """Yield all readings of some ranges, range by range, in order of time, each chunk with its place.

    Args:
        store: where they are; each chunk is one short read.
        asked: which; their limits count for nothing.
        after: the place of the last chunk that need not come again.
        tell: is told how much time is done [ns], of how much.
    """
    history, done = SqliteReadings(store), 0
    with store.reader() as db:
        ends = [ends_of(db, each) for each in asked]
    whole = sum(last - first for first, last in ends)
    for number, (each, (first, last)) in enumerate(zip(asked, ends, strict=True)):
        page, tells = Rows([], after[1] if number == after[0] else ""), number >= after[0]
        while tells and page.after is not None:
            page = history.readings(replace(each, limit=CHUNK, after=page.after or None))
            if page.rows:
                tell(done + page.rows[0].time - first, whole)
            yield (number + (page.after is None), page.after or ""), page.rows
        done += last - first
    tell(whole, whole)


def _reading(names: tuple[str, str, str | None], run: str, row: Sequence[Any]) -> Reading:
    time, tie, value, flags = row
    return Reading(*names, float(value), time, time, _SOURCES[flags >> 2], _QUALITIES[flags & 3], run, tie)


def as_json(readings: Iterable[Reading]) -> bytes:
    """Return readings as JSON lines."""
    return b"".join(
        msgspec.json.encode(
            Line(
                each.device,
                each.channel,
                each.unit,
                rfc3339(each.time),
                each.value,
                each.tie,
                each.quality,
                each.run,
                each.time_source,
            )
        )
        + b"\n"
        for each in readings
    )


def as_lines(readings: Iterable[Reading]) -> bytes:
    """Return readings as line protocol, real and simulated ones, told apart by their tag `run`."""
    said = lines.Encoder().lines(readings)
    return b"".join(line + b"\n" for some in said.values() for line in some if line.startswith(b"telemetry,"))


def read(name: str, content: Iterable[str]) -> Iterator[Reading]:
    """Yield the readings of a file of ours, found out by its first line.

    Args:
        name: of the file, for messages.
        content: its lines.

    Raises:
        UsageError: a line is none of ours; the message gives its number.
    """
    rest = iter(content)
    first = next(rest, "").removeprefix(MARK)
    separator = _separator(first)
    some: Iterable[Any] = chain((first,), rest)
    decode: Callable[[Any], list[Reading]] = _of_line if first.startswith(f"{lines.TELEMETRY},") else _of_json
    if separator is not None:
        some = chain((None,), csv.reader(rest, delimiter=separator))
        decode = _of_french_cells if separator == ";" else _of_cells
    for number, each in enumerate(some, 1):
        if not each or each == "\n":
            continue
        try:
            found = decode(each)
        except (ValueError, KeyError, IndexError, msgspec.MsgspecError) as error:
            msg = f"{name}: line {number} is no reading ({error}); it reads what `matinales export` writes"
            raise UsageError(msg) from error
        yield from found


def is_ours(first: str) -> bool:
    """Tell whether a file's first line is of one of our formats."""
    text = first.removeprefix(MARK)
    return text.startswith((f"{lines.TELEMETRY},", '{"device"')) or _separator(text) is not None


def _separator(first: str) -> str | None:
    heads = {sep.join(COLUMNS): sep for sep in (",", ";")}
    return heads.get(first.rstrip("\r\n"))


def _of_json(text: str) -> list[Reading]:
    said = _DECODE(text)
    time = _time(said.time)
    names = (said.device, said.channel, said.unit)
    return [Reading(*names, _finite(said.value), time, time, said.source, said.quality, said.run, said.tie)]


def _of_french_cells(row: list[str]) -> list[Reading]:
    return _of_cells([*row[:4], row[4].replace(",", "."), *row[5:]])


def _of_cells(row: list[str]) -> list[Reading]:
    device, channel, unit, time, value, quality, _, run = row
    at, number = _time(time), _finite(float(value))
    names = (_text(device), _text(channel), _text(unit) or None)
    return [Reading(*names, number, at, at, TimeSource.DEVICE, Quality(quality), _text(run), _NO_TIE)]


def _text(cell: str) -> str:
    """Return a text that a spreadsheet was kept from calculating as it was."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in {"=", "+", "-", "@", "\t", "\r"} else cell


_SPLIT = {each: re.compile(rf"(?<!\\){each}") for each in (" ", ",", "=")}


def _of_line(text: str) -> list[Reading]:
    head, fields, stamp = _SPLIT[" "].split(text.strip())
    tags = dict(_pair(each) for each in _SPLIT[","].split(head)[1:])
    values = dict(_pair(each) for each in _SPLIT[","].split(fields))
    device, run, at = lines.name_of(tags["device"]), lines.name_of(tags["run"]), int(stamp)
    time, tie = lines.time_of(at), at % lines.MS
    found = []
    for name, value in values.items():
        if not name.endswith(lines.QUALITY_SUFFIX):
            quality = lines.quality_of(float(values.get(name + lines.QUALITY_SUFFIX, "0")))
            names, number = (device, lines.name_of(name), None), _finite(float(value))
            found.append(Reading(*names, number, time, time, TimeSource.DEVICE, quality, run, tie))
    return found


def _pair(text: str) -> tuple[str, str]:
    name, value = (re.sub(r"\\([,= ])", r"\1", each) for each in _SPLIT["="].split(text))
    return name, value


def _time(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        msg = f"{text[:40]!r} is no time in UTC"
        raise ValueError(msg)
    seconds = int(datetime.fromisoformat(f"{found[1]}+00:00").timestamp())
    return seconds * NS + int((found[2] or "").ljust(9, "0"))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        msg = f"{value} is no number"
        raise ValueError(msg)
    return value


def put(
    file: StoreFile,
    readings: Iterable[Reading],
    *,
    name: str,
    wall: int,
    skips: bool = True,
    tell: Callable[[int], None] = lambda _done: None,
) -> int:
    """Store readings, some thousand a transaction; a cut goes on where it was. Return how many were read.

    Args:
        file: the store, ours alone.
        readings: in the same order each time.
        name: which transfer it is: how far it came is kept under it, in the same transactions.
        wall: wall clock [ns], when devices that are new were seen.
        skips: pass over as many as were stored before the cut; else they begin at `reached`.
        tell: is told how many were read.
    """
    history, state = SqliteHistory(file), StateStore(file.db)
    known = {each.uid for each in state.devices()}
    place, every = f"transfer:{name}", _numbered(readings)
    number = sum(1 for _ in islice(every, reached(file, name)[0])) if skips else 0
    while some := [*islice(every, CHUNK)]:
        new = {each.device: each for each in some if each.device not in known}
        with file.transaction():
            history.write(some)
            state.put_devices(_device(each, wall) for each in new.values())
            number += len(some)
            state.set_setting(place, f"{number} {some[-1].time}")
        known |= new.keys()
        tell(number)
    with file.transaction():
        state.set_setting(place, None)
    return number


def reached(file: StoreFile, name: str) -> tuple[int, int]:
    """Return how many readings of a transfer were stored before it was cut, and the time [ns] of the last of them."""
    number, _, time = (StateStore(file.db).setting(f"transfer:{name}") or "0 0").partition(" ")
    return int(number), int(time)


def _device(reading: Reading, wall: int) -> Device:
    family, _, name = reading.device.partition(":")
    return Device(uid=reading.device, family=family, name=name or reading.device, run=reading.run, seen=wall)


def _numbered(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Give readings without a tie the number of their reading within its moment, whatever came between."""
    seen: dict[tuple[Any, ...], tuple[int, int]] = {}
    for each in readings:
        if each.tie != _NO_TIE:
            yield each
            continue
        key = (each.device, each.channel, each.unit, each.run)
        time, number = seen.get(key, (-1, 0))
        number = number + 1 if time == each.time else 0
        seen[key] = (each.time, number)
        yield msgspec.structs.replace(each, tie=number)
