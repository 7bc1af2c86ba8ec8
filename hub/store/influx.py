"""Readings in InfluxDB 2: the production history (see the contract, `hub.store.base.History`).

Values lie as hub/store/lines.py writes them, so times count to the millisecond. Windows are computed by InfluxDB;
only a curve that has bad values in the range is read value by value there, to leave them out.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from hub.errors import StoreError, UsageError
from hub.model import NS, Quality, Reading
from hub.store import influx_flux as flux
from hub.store import lines
from hub.store.base import Aggregate, Range, Row, Rows, Series
from hub.store.influx_client import Answer, Client
from hub.store.influx_flux import Question, Source
from hub.store.outbox import BATCH
from hub.store.thinning import Piece, drawn, window

_ROOM = 500
"""Rows asked for beyond a page: a whole millisecond must fit, and 200 devices may say the same second."""
CURSOR = "i"
"""How a cursor of this history begins."""

Found = list[dict[str, str]]


class Key(NamedTuple):
    """A curve by its names."""

    device: str
    channel: str
    run: str


class InfluxHistory:
    """Readings in InfluxDB, in any thread but an event loop's."""

    def __init__(self, client: Client) -> None:
        """Keep readings where `client` writes."""
        self._client = client
        self._encoder = lines.Encoder()

    def write(self, readings: Sequence[Reading]) -> None:
        """Send them and wait for the confirmation; tries once.

        Raises:
            StoreError: not confirmed; sending them again is safe.
        """
        place = self._client.place
        for simulated, said in self._encoder.lines(readings).items():
            for start in range(0, len(said), BATCH):
                bucket = place.simulated if simulated else place.bucket
                answer = self._client.write(bucket, said[start : start + BATCH])
                if not answer.fine:
                    self._encoder.forget()
                    raise StoreError(_not_stored(place.url, answer))

    def readings(self, asked: Range) -> Rows:
        """Return stored readings in order of time, then device, channel, unit and run."""
        start, skip = _position(asked)
        source = Source(self._client.place, replace(asked, start=start))
        if source.empty:
            return Rows([])
        wanted = asked.limit + skip
        rows, ended = self._complete(source, wanted + 1)
        page = rows[skip : skip + asked.limit]
        if len(rows) <= wanted and ended:
            return Rows(page)
        last = page[-1].time
        same = sum(row.time == last for row in rows[: skip + asked.limit])
        return Rows(page, f"{CURSOR}{last // lines.MS:x}-{same}")

    def _complete(self, source: Source, wanted: int) -> tuple[list[Row], bool]:
        """Return the first rows, at least `wanted` where there are so many, and whether these are all.

        What is returned ends with a whole millisecond: within one, InfluxDB's order is the tie-break's.
        """
        most = 2 * wanted + _ROOM
        while True:
            found = self._ask(flux.page(source, most))
            values = found["values"]
            ended = len(values) < most
            if not ended:
                last = _millisecond(values[-1])
                values = [row for row in values if _millisecond(row) != last]
            rows = _rows(values, _Units(found["units"]))
            if ended or len(rows) >= wanted:
                return rows, ended
            most *= 4

    def aggregate(self, asked: Range, kind: Aggregate, every: int | None) -> list[Row]:
        """Return one row a curve and window, in order of time, then device and channel.

        Windows are multiples of `every` since 1970. All readings are counted; bad ones are left out of the rest.
        """
        if every is not None and every <= 0:
            msg = f"every is {every} ns: a window is longer than nothing; ask for instance every=60s"
            raise UsageError(msg)
        place = self._client.place
        source = Source(place, asked)
        if source.empty:
            return []
        found = self._ask(flux.windows(source, kind, every, asked.limit))
        spoilt = {_marked(row) for row in found["bad"]}
        values = [row for row in found["values"] if _key(row) not in spoilt]
        for key in spoilt:
            one = Source(place, _only(asked, key))
            values += self._ask(flux.good_windows(one, kind, every, asked.limit))["values"]
        worst = {(_marked(row), row["_start"]): float(row["_value"]) for row in found["marks"]}
        units = _Units(found["units"])
        rows = []
        for row in values:
            key, begun = _key(row), _nanoseconds(row["_start"])
            time = asked.start if every is None else begun // every * every
            quality = lines.quality_of(worst.get((key, row["_start"]), 0.0))
            unit = units.of(key, begun)
            rows.append(Row(key.device, key.channel, unit, key.run, time, float(row["_value"]), quality))
        rows.sort(key=lambda row: (row.time, row.device, row.channel, row.run))
        return rows[: asked.limit]

    def series(self, asked: Range, width: int) -> list[Series]:
        """Return curves of at most 2 × `width` points: means of windows with their extremes; bad readings left out."""
        if width < 1:
            msg = f"width is {width}: ask for at least one point"
            raise UsageError(msg)
        source = Source(self._client.place, asked)
        if source.empty:
            return []
        found = self._ask(flux.curves(source))
        units = _Units(found["units"])
        ends = _Ends(found)
        spoilt = {_marked(row) for row in found["bad"]}
        many = {key for key, count in ends.counts.items() if count > width}
        few = [self._one(asked, key) for key in ends.counts if key not in many] if many else [source]
        pieces: dict[Key, list[Piece]] = {}
        for some in few:
            pieces |= self._few(some)
        alike = ends.alike(many - spoilt)
        if len(alike) > 1:
            shared = self._many(source, *ends.of(*alike), width, bad=False)
            pieces |= {key: shared[key] for key in alike}
            many -= alike
        for key in many:
            pieces |= self._many(self._one(asked, key), *ends.of(key), width, bad=key in spoilt)
        curves = []
        for key in sorted(key for key in ends.counts if pieces.get(key)):
            curve = drawn(pieces[key])
            unit = units.of(key, pieces[key][-1].last)
            curves.append(Series(key.device, key.channel, unit, key.run, curve.t, curve.v, curve.low, curve.high))
        return curves

    def _one(self, asked: Range, key: Key) -> Source:
        return Source(self._client.place, _only(asked, key))

    def _few(self, source: Source) -> dict[Key, list[Piece]]:
        """Return one piece a reading of each curve."""
        pieces: dict[Key, list[Piece]] = defaultdict(list)
        for row in _rows(self._ask(flux.raw(source))["values"], _Units([])):
            if row.quality is not Quality.BAD:
                piece = Piece(row.time, row.time, 1, row.value, row.value, row.value)
                pieces[Key(row.device, row.channel, row.run)].append(piece)
        return pieces

    def _many(self, source: Source, first: int, last: int, width: int, *, bad: bool) -> dict[Key, list[Piece]]:
        """Return one piece a window of each curve; where a reading lies in its window is less than a point drawn."""
        step = window(first, last, width)
        question = flux.pieces(source, first=first, step=step, bad=bad)
        found: dict[Key, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        for table in self._client.tables(question.flux, question.parameters):
            names = (lines.name_of(table[name][0]) for name in ("device", "_field", "run"))
            values = zip(table["_time"], map(float, table["_value"]), strict=True)
            found[Key(*names)][table["result"][0]].update(values)
        pieces: dict[Key, list[Piece]] = {}
        for key, of in found.items():
            mean, low, high = of["mean"], of["min"], of["max"]
            pieces[key] = some = []
            for text, count in of["count"].items():
                if any(text not in each for each in (mean, low, high)):
                    continue  # stored while InfluxDB answered: it is drawn the next time
                start = max(_nanoseconds(text), first)  # InfluxDB cuts the first window where the range begins
                ends = (start, min(start + step - 1, last)) if count > 1 else (min(start + step // 2, last),) * 2
                some.append(Piece(*ends, int(count), mean[text], low[text], high[text]))
            some.sort(key=lambda piece: piece.first)
        return pieces

    def last_time(self, device: str, run: str) -> int | None:
        """Return the time of a device's newest reading on a run."""
        found = self._ask(flux.newest(Source(self._client.place, Range(device=device, run=run))))["values"]
        return max((lines.time_of(_nanoseconds(row["_time"])) for row in found), default=None)

    def _ask(self, question: Question) -> Mapping[str, Found]:
        """Return the rows of each yield."""
        found: dict[str, Found] = defaultdict(list)
        for row in self._client.rows(question.flux, question.parameters):
            found[row["result"]].append(row)
        return found


class _Ends:
    """How many values each curve has, and when its first and last is [ns]."""

    def __init__(self, found: Mapping[str, Found]) -> None:
        self.counts = {_key(row): int(float(row["_value"])) for row in found["count"]}
        self._first = {_key(row): lines.time_of(_nanoseconds(row["_time"])) for row in found["first"]}
        self._last = {_key(row): _nanoseconds(row["_time"]) for row in found["last"]}

    def of(self, *keys: Key) -> tuple[int, int]:
        """Return when the first and the last value of some curves is."""
        return min(self._first[key] for key in keys), max(self._last[key] for key in keys)

    def alike(self, keys: Collection[Key]) -> set[Key]:
        """Return the curves that fill at least half of the time that all fill: they share windows and a question."""
        if not keys:
            return set()
        first, last = self.of(*keys)
        return {key for key in keys if 2 * (self._last[key] - self._first[key]) >= last - first}


class _Units:
    """Which unit each channel had when; of the time before the first word, that one."""

    def __init__(self, said: Iterable[Mapping[str, str]]) -> None:
        self._since: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        for row in said:
            self._since[row["device"], row["channel"]].append((_nanoseconds(row["_time"]), row["_value"]))
        for since in self._since.values():
            since.sort()

    def of(self, key: Key, time: int) -> str | None:
        """Return the unit of a curve at a time [ns], None where nobody said."""
        since = self._since.get((lines.tag(key.device), lines.tag(key.channel)))
        if not since:
            return None
        return lines.name_of(since[max(bisect_right(since, time, key=lambda each: each[0]) - 1, 0)][1]) or None


def _rows(found: Found, units: _Units) -> list[Row]:
    """Return values with the quality that lies beside them."""
    marks = {(_marked(row), row["_time"]): float(row["_value"]) for row in found if _is_mark(row)}
    rows = []
    for row in found:
        if _is_mark(row):
            continue
        key = _key(row)
        time = lines.time_of(_nanoseconds(row["_time"]))
        quality = lines.quality_of(marks.get((key, row["_time"]), 0.0))
        unit = units.of(key, time)
        rows.append(Row(key.device, key.channel, unit, key.run, time, float(row["_value"]), quality))
    rows.sort(key=lambda row: (row.time, row.device, row.channel, row.unit or "", row.run))
    return rows


def _is_mark(row: Mapping[str, str]) -> bool:
    return row["_field"].endswith(lines.QUALITY_SUFFIX)


def _key(row: Mapping[str, str]) -> Key:
    return Key(lines.name_of(row["device"]), lines.name_of(row["_field"]), lines.name_of(row["run"]))


def _marked(row: Mapping[str, str]) -> Key:
    """Return the curve that a quality is of."""
    return _key({**row, "_field": row["_field"].removesuffix(lines.QUALITY_SUFFIX)})


def _only(asked: Range, key: Key) -> Range:
    return replace(asked, device=key.device, channel=key.channel, run=key.run)


def _millisecond(row: Mapping[str, str]) -> int:
    return _nanoseconds(row["_time"]) // lines.MS


@lru_cache(maxsize=8192)
def _nanoseconds(text: str) -> int:
    """Return RFC 3339 in UTC, with up to nine decimals, as a time [ns]."""
    whole, _, decimals = text.removesuffix("Z").partition(".")
    return _second(whole) * NS + int(f"{decimals:<09}" if decimals else 0)


@lru_cache(maxsize=4096)
def _second(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def _position(asked: Range) -> tuple[int, int]:
    """Return where to go on: a time [ns] and how many rows of its millisecond were returned.

    Raises:
        UsageError: the cursor is none of ours.
    """
    if asked.after is None:
        return asked.start, 0
    try:
        _, millisecond, skip = re.split(f"^{CURSOR}|-", asked.after)
        return int(millisecond, 16) * lines.MS, int(skip)
    except ValueError:
        msg = f"cursor {asked.after!r} is none: give back `next` of the previous answer as it was"
        raise UsageError(msg) from None


def _not_stored(url: str, answer: Answer) -> str:
    if answer.status is None:
        return f"InfluxDB at {url} did not confirm ({answer.reason}); sending again is safe"
    return f"InfluxDB at {url} answered {answer.status}: {answer.reason}; nothing counts as stored"
