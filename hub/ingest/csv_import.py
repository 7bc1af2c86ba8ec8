"""Measures of a CSV file as messages: separator, decimal comma, encoding, time zone; errors by line and column.

A file in, rows and mistakes out; it is read piece by piece, never held whole. A file is untrusted: its cells are
numbers, times or nothing; a formula is no number, and a name goes no further than the name of a channel
(reliability.md §2.15, X12).
"""

import csv
import re
from codecs import getincrementaldecoder
from collections.abc import Generator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO, TextIOWrapper
from itertools import islice
from math import isfinite
from typing import BinaryIO
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from hub.errors import UsageError
from hub.model import NS, Message, Source

LARGEST = 16 * 1024 * 1024
"""Bytes of a file at most."""
MOST_COLUMNS = 64
SEPARATORS = ";\t,|"
LOOKED_AT = 50
"""Lines that decide about separator and decimal sign."""
PIECE = 256 * 1024
"""Bytes read at once."""
GROUP = 500
"""Rows of one commit."""
LISTED = 100
"""Mistakes that are listed each; all of them are counted."""
SHOWN = 40
ABSENT = frozenset({"", "-", "nan", "none", "null", "n/a", "na", "#n/a", "unavailable", "unknown"})
TIME_NAMES = re.compile(
    r"time|timestamp|ts|date|datetime|date[ _-]?time|date[ _-]?heure|horodat\w*|heure|hour", re.IGNORECASE
)
_POINT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?", re.ASCII)
_GROUPS = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")
_ISO = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[Tt ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)? ?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)
_FRENCH = re.compile(
    r"(\d\d?)[/.-](\d\d?)[/.-](\d{4})(?:[ T]+(?:à )?(\d\d?)[:hH](\d\d)?(?::(\d\d)(?:[.,](\d{1,9}))?)?)?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 1e11


class Shape(Struct, frozen=True, kw_only=True):
    """What a file looks like.

    Attributes:
        encoding: `utf-8-sig` (which reads plain UTF-8 too), `utf-16` or `latin-1`.
        separator: one character.
        decimal: `.` or `,`.
        columns: names of the first line; made up (`column_1` …) where it holds numbers.
        headed: whether the first line names the columns.
        sample: first rows, to be shown.
    """

    encoding: str
    separator: str
    decimal: str
    columns: tuple[str, ...]
    headed: bool
    sample: tuple[tuple[str, ...], ...]


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a file is read; what is left out is guessed from the file.

    Attributes:
        device: whose history it is: `generic:<topic>` for one that is known, else a new one by that name.
        time: column of the time, or two of date and time.
        columns: column → channel, with its unit in brackets (`temperature [°C]`); empty: all but the time.
        tz: zone of times without offset.
        separator, decimal: as in `Shape`.
    """

    device: str
    time: tuple[str, ...] = ()
    columns: dict[str, str] = {}
    tz: str = "Europe/Paris"
    separator: str | None = None
    decimal: str | None = None


class Row(Struct, frozen=True, gc=False):
    """A line's values at its time [ns]."""

    line: int
    time: int
    values: dict[str, float]


class Mistake(Struct, frozen=True):
    """What cannot be read: line (the header is 1), column, why."""

    line: int
    column: str
    reason: str


class Tally(Struct):
    """What a reading found: rows, mistakes in all, the first `LISTED` of them."""

    rows: int = 0
    count: int = 0
    mistakes: list[Mistake] = []

    def add(self, rows: list[Row], mistakes: list[Mistake]) -> None:
        """Count a group."""
        self.rows += len(rows)
        self.count += len(mistakes)
        self.mistakes += mistakes[: max(LISTED - len(self.mistakes), 0)]


def shape(file: BinaryIO, separator: str | None = None, decimal: str | None = None) -> Shape:
    """Return what a file looks like; `separator` and `decimal` win over the guess.

    Raises:
        UsageError: it is empty, no text, or has too many columns.
    """
    if decimal not in {None, ".", ","} or (separator is not None and len(separator) != 1):
        msg = "the decimal sign is '.' or ',', the separator one character"
        raise UsageError(msg)
    encoding = _encoding(file)
    file.seek(0)
    text = file.read(PIECE).decode(encoding, errors="ignore")
    lines = [line for line in islice(StringIO(text, newline=""), LOOKED_AT + 1) if line.strip()]
    if not lines or "\0" in text:
        msg = "the file holds no line of text; export it as CSV"
        raise UsageError(msg)
    try:
        separator = separator or _separator(lines)
        rows = [tuple(cell.strip() for cell in row) for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error as error:
        msg = f"the first lines are no CSV ({error})"
        raise UsageError(msg) from None
    if len(rows[0]) > MOST_COLUMNS:
        msg = f"{len(rows[0])} columns: at most {MOST_COLUMNS} are read"
        raise UsageError(msg)
    headed = not any(_POINT.fullmatch(cell) or _COMMA.fullmatch(cell) for cell in rows[0])
    columns = _unique(rows[0]) if headed else tuple(f"column_{place}" for place in range(1, len(rows[0]) + 1))
    body = rows[1:] if headed else rows
    return Shape(
        encoding=encoding,
        separator=separator,
        decimal=decimal or _decimal(separator, body),
        columns=columns,
        headed=headed,
        sample=tuple(body[:5]),
    )


def complete(plan: Plan, seen: Shape) -> Plan:
    """Return the plan with everything said.

    Raises:
        UsageError: it names a column that is not there, a zone that is none, or no time can be found.
    """
    time = plan.time or tuple(name for name in seen.columns if TIME_NAMES.fullmatch(name))[:2]
    columns = plan.columns or {name: name for name in seen.columns if name not in time}
    missing = [name for name in (*time, *columns) if name not in seen.columns]
    if missing or not time:
        what = f"no column {missing[0][:SHOWN]!r}" if missing else "no column looks like a time"
        msg = f"{what}; the file has: {', '.join(repr(each[:SHOWN]) for each in seen.columns)}"
        raise UsageError(msg)
    if not columns or len({each.strip().casefold() for each in columns.values()}) < len(columns):
        msg = "every column needs a channel of its own; map each to another name"
        raise UsageError(msg)
    zone(plan.tz)
    topic(plan.device)
    return Plan(
        device=plan.device, time=time, columns=columns, tz=plan.tz, separator=seen.separator, decimal=seen.decimal
    )


def zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        msg = f"{name[:SHOWN]!r} is no time zone; write for instance Europe/Paris"
        raise UsageError(msg) from None


def topic(device: str) -> str:
    """Return the topic on which the device's rows are journalled.

    Raises:
        UsageError: the name cannot be one.
    """
    name = device.removeprefix("generic:") if device.startswith("generic:") else f"csv/{device}"
    plain = device.strip() and not any(c in "#+$" or not c.isprintable() for c in name) and len(name) <= 128  # noqa: PLR2004
    if not plain or not all(name.split("/")) or name.startswith("matinales/"):
        msg = f"device {device[:SHOWN]!r}: write a name of at most 128 characters without '#', '+', '$'"
        raise UsageError(msg)
    return name


def groups(file: BinaryIO, plan: Plan, seen: Shape) -> Generator[tuple[int, list[Row], list[Mistake]], None, None]:
    """Give (bytes read, rows, mistakes) of at most `GROUP` lines that say anything."""
    with closing(rows(file, plan, seen)) as lines:
        while group := [*islice(lines, GROUP)]:
            mistakes = [each for line in group if isinstance(line, list) for each in line]
            yield file.tell(), [line for line in group if isinstance(line, Row)], mistakes


def rows(file: BinaryIO, plan: Plan, seen: Shape) -> Generator[Row | list[Mistake], None, None]:
    """Give each line's values, or what is wrong with it; a line that holds no value at all gives nothing.

    A bad cell spoils its line: half a row would look like a silent sensor.
    """
    file.seek(0)
    text = TextIOWrapper(file, encoding=seen.encoding, errors="replace", newline="")
    reader = csv.reader(text, delimiter=seen.separator)
    where = {name: place for place, name in enumerate(seen.columns)}
    here = zone(plan.tz)
    begin = 1
    try:
        for number, cells in enumerate(reader):
            line, begin = begin, reader.line_num + 1
            if (number == 0 and seen.headed) or not any(cell.strip() for cell in cells):
                continue
            taken = _row(line, [cell.strip() for cell in cells], plan, where, here)
            if taken is not None:
                yield taken
    except csv.Error as error:
        yield [Mistake(begin, "", f"not CSV from here on: {error}")]
    finally:
        text.detach()


def message(row: Row, plan: Plan, received: int) -> Message:
    """Return a row as the journal takes it: history of the device, measured at its own time."""
    payload = msgspec.json.encode({plan.columns[name]: value for name, value in row.values.items()})
    return Message(topic(plan.device), payload, received, Source.IMPORT, time=row.time)


def number(text: str, decimal: str) -> float:
    """Return a cell as a number; groups of three digits may stand apart.

    Raises:
        ValueError: with the reason.
    """
    plain = _GROUPS.sub("", text)
    if not (_COMMA if decimal == "," else _POINT).fullmatch(plain):
        other = _POINT if decimal == "," else _COMMA
        hint = f" (the decimal sign is {decimal!r} here)" if other.fullmatch(plain) else ""
        msg = f"{text[:SHOWN]!r} is not a number{hint}"
        raise ValueError(msg)
    value = float(plain.replace(",", "."))
    if not isfinite(value):
        msg = f"{text[:SHOWN]!r} is a number too large to hold"
        raise ValueError(msg)
    return value


def moment(text: str, here: ZoneInfo) -> int:
    """Return a time [ns]: ISO 8601, day/month/year, or seconds or milliseconds since 1970.

    Without an offset it is read in `here`; an hour that occurs twice is its first occurrence.

    Raises:
        ValueError: with the reason.
    """
    if _POINT.fullmatch(text):
        value = float(text)
        seconds = value / 1000 if value >= MILLISECONDS_FROM else value
        if not 0 < seconds < MILLISECONDS_FROM:
            msg = f"{text[:SHOWN]!r} is no time since 1970"
            raise ValueError(msg)
        return round(seconds * 1e6) * 1000
    iso, french = _ISO.fullmatch(text), _FRENCH.fullmatch(text)
    if iso is not None:
        year, month, day, *clock, offset = iso.groups()
    elif french is not None:
        day, month, year, *clock = french.groups()
        offset = None
    else:
        msg = f"{text[:SHOWN]!r} is no time (2026-11-24T09:00:00Z, 24/11/2026 09:00, seconds since 1970)"
        raise ValueError(msg)
    return _instant((year, month, day), clock, offset, here, text)


def _instant(date: tuple[str, str, str], clock: list[str | None], offset: str | None, here: ZoneInfo, text: str) -> int:
    year, month, day = map(int, date)
    hour, minute, second, decimals = (each or "0" for each in clock)
    try:
        found = datetime(year, month, day, int(hour), int(minute), int(second), tzinfo=here)
        if offset is not None:
            plain = "+0000" if offset in "Zz" else offset.replace(":", "")
            found = found.replace(tzinfo=datetime.strptime(plain, "%z").tzinfo)
    except ValueError as error:
        msg = f"{text[:SHOWN]!r} is no day of the calendar or hour of the clock: day/month/year is expected ({error})"
        raise ValueError(msg) from None
    return (found - _EPOCH) // timedelta(seconds=1) * NS + int(decimals[:9].ljust(9, "0"))


def _row(
    line: int, cells: list[str], plan: Plan, where: Mapping[str, int], here: ZoneInfo
) -> Row | list[Mistake] | None:
    if len(cells) > len(where):
        return [Mistake(line, "", f"{len(cells)} cells where the header names {len(where)}")]
    mistakes: list[Mistake] = []
    values: dict[str, float] = {}
    time = 0
    try:
        time = moment(" ".join(filter(None, (_cell(cells, where[name]) for name in plan.time))), here)
    except (ValueError, OverflowError) as error:
        mistakes.append(Mistake(line, " ".join(plan.time), str(error)))
    for name in plan.columns:
        text = _cell(cells, where[name])
        if text.lower() in ABSENT:
            continue
        try:
            values[name] = number(text, plan.decimal or ".")
        except ValueError as error:
            mistakes.append(Mistake(line, name, str(error)))
    if mistakes:
        return mistakes
    return Row(line, time, values) if values else None


def _cell(cells: list[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _encoding(file: BinaryIO) -> str:
    file.seek(0)
    decoder = getincrementaldecoder("utf-8")()
    piece = file.read(PIECE)
    if piece.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        while piece:
            decoder.decode(piece)
            piece = file.read(PIECE)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _separator(lines: list[str]) -> str:
    """Return the one that cuts most lines into as many cells as the first; a decimal comma cuts them unevenly."""

    def score(separator: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        return (sum(count == counts[0] for count in counts) if counts[0] > 1 else 0, -SEPARATORS.index(separator))

    return max(SEPARATORS, key=score)


def _decimal(separator: str, body: list[tuple[str, ...]]) -> str:
    if separator == "," and not any("," in cell for row in body for cell in row):
        return "."
    cells = [_GROUPS.sub("", cell) for row in body for cell in row]
    commas = sum("," in cell and _COMMA.fullmatch(cell) is not None for cell in cells)
    points = sum("." in cell and _POINT.fullmatch(cell) is not None for cell in cells)
    return "," if commas > points else "."


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for place, name in enumerate(names, 1):
        plain = name or f"column_{place}"
        found.append(plain if plain not in found else f"{plain}_{place}")
    return tuple(found)
