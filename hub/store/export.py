"""Readings and alarms for other tools: CSV, and a copy of store.db with a view that names things."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import apsw
from msgspec.structs import replace

from hub.errors import StoreError, UsageError
from hub.model import REAL, Alarm, Quality, rfc3339
from hub.store import stretches
from hub.store.alarms import Asked, Found
from hub.store.base import Range, Row, Rows
from hub.store.file import StoreReader

COLUMNS = ("device", "channel", "unit", "time", "value", "quality", "simulated", "run")
"""As in `GET /readings`."""
SERIES_COLUMNS = ("device", "channel", "usecase", "measure", "unit", "time", "value", "min", "max", "simulated", "run")
"""As in `GET /series`, a line a point; a gap is an empty value."""
ALARM_COLUMNS = (
    *("id", "usecase", "rule", "device", "run", "simulated", "priority", "state"),
    *("raised_at", "returned_at", "acknowledged_at", "acknowledged_by", "comment", "past", "text"),
)
"""As in `GET /alarms`."""
MARK = "\ufeff"
"""By which a spreadsheet knows UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_QUALITY = " ".join(f"WHEN {number} THEN '{quality}'" for number, quality in enumerate(Quality))
_VIEW = f"""
CREATE VIEW measures AS
SELECT device, channel, nullif(unit, '') AS unit,
       strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000000 / 1000.0, 'unixepoch') AS time, value,
       CASE flags & 3 {_QUALITY} END AS quality, timeline.run <> '{REAL}' AS simulated, timeline.run AS run
FROM readings JOIN series ON series.id = series JOIN timeline ON timeline.id = readings.run"""  # noqa: S608 — own constants


def csv_lines(rows: Iterable[Row], *, french: bool = False) -> Iterator[str]:
    """Give lines of CSV (RFC 4180, times RFC 3339 in UTC); a text that a spreadsheet would calculate gets a `'`.

    `french`: what a French spreadsheet opens by itself: semicolons, decimal commas, UTF-8 with its mark.
    """
    yield line(COLUMNS, french=french, first=True)
    yield from csv_rows(rows, french=french)


def csv_rows(rows: Iterable[Row], *, french: bool = False) -> Iterator[str]:
    """Give the lines of `csv_lines` after the first."""
    for row in rows:
        names = (plain(row.device), plain(row.channel), plain(row.unit or ""))
        value = str(row.value).replace(".", ",") if french else row.value
        cells = (*names, rfc3339(row.time), value, row.quality, int(row.run != REAL), plain(row.run))
        yield line(cells, french=french)


def series_lines(curves: Iterable[Mapping[str, Any]], *, french: bool = False) -> Iterator[str]:
    """Give the points of curves, as `GET /series` shapes them, as lines of CSV; see `csv_lines`."""
    yield line(SERIES_COLUMNS, french=french, first=True)
    for curve in curves:
        names = [plain(curve.get(name) or "") for name in SERIES_COLUMNS[:5]]
        last = (int(curve["run"] != REAL), plain(curve["run"]))
        for at, *values in zip_longest(curve["t"], curve["v"], curve["min"], curve["max"]):
            cells = ("" if each is None else str(each).replace(".", "," if french else ".") for each in values)
            yield line((*names, rfc3339(round(at * 1000) * 1_000_000), *cells, *last), french=french)


def alarm_lines(alarms: Iterable[Alarm], lang: str = "en", *, french: bool = False) -> Iterator[str]:
    """Give alarms as lines of CSV, their sentence in `lang`; see `csv_lines`."""
    yield line(ALARM_COLUMNS, french=french, first=True)
    for each in alarms:
        texts = (plain(text) for text in (each.usecase, each.rule, each.device, each.run))
        times = (_moment(time) for time in (each.raised_at, each.returned_at, each.acknowledged_at))
        said = (plain(each.acknowledged_by or ""), plain(each.noted(lang) or ""))
        sentence = each.texts.get(lang) or next(iter(each.texts.values()), "")
        is_simulated = int(each.run != REAL)
        cells = (each.id, *texts, is_simulated, each.priority, each.state, *times, *said, int(each.past))
        yield line((*cells, plain(sentence)), french=french)


def alarm_pages(read: Callable[[Asked], Found], asked: Asked) -> Iterator[Alarm]:
    """Give all alarms asked for, page by page of `asked.limit`."""
    after = asked.after
    while True:
        page = read(replace(asked, after=after))
        yield from page.alarms
        after = page.after
        if after is None:
            return


def pages(read: Callable[[Range], Rows], asked: Range) -> Iterator[Row]:
    """Give all readings asked for, by a history's `readings`, page by page of `asked.limit`."""
    after = asked.after
    while True:
        page = read(replace(asked, after=after))
        yield from page.rows
        after = page.after
        if after is None:
            return


def copy(store: StoreReader, target: Path, of: Sequence[stretches.Stretch] | None = None) -> None:
    """Write a copy of the store, a living one included, with the view `measures`, into a new file.

    `of`: only these stretches of it, and what their readings are of.

    Raises:
        UsageError: the target cannot be written.
        StoreError: the store cannot be read.
    """
    try:
        db = apsw.Connection(str(target))
    except apsw.Error as error:
        msg = f"{target} cannot be written ({error}); name another place"
        raise UsageError(msg) from error
    try:
        if of is None:
            with store.reader(limit=3600) as source, db.backup("main", source, "main") as backup:
                backup.step()
        else:
            stretches.copy(store.path, target, of)
        db.pragma("journal_mode", "delete")  # one plain file
        db.execute(_VIEW)
    except (apsw.Error, StoreError) as error:
        msg = f"{target} was not written: {error}"
        raise StoreError(msg) from error
    finally:
        db.close()


def line(cells: Iterable[object], *, french: bool = False, first: bool = False) -> str:
    """Return a line of CSV; the first one of a French file has its mark."""
    text = io.StringIO()
    csv.writer(text, delimiter=";" if french else ",").writerow(cells)
    return f"{MARK}{text.getvalue()}" if french and first else text.getvalue()


def plain(text: str) -> str:
    """Return a text as a cell shows it; OWASP ASVS 1.2.10: one that begins like a formula is shown as text."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _moment(time: int | None) -> str:
    return "" if time is None else rfc3339(time)
