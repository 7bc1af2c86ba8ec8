"""How fast readings are stored and drawn on this machine, and how much room they take.

By SQLite always, by InfluxDB where an `influxd` is on PATH: `influx_bare_…` is InfluxDB's own time for the same answer.
`--points 100000000` draws from the roll-ups of so many points: 20 channels and more, a reading each 10 s, for years.
Rows lie there for the last day only, as many as `raw_points` says: a chart of a year reads none of the others.
`--keep FOLDER` leaves that database there, takes it again the next time, and measures nothing else: `…_cold_ms` is a
chart whose pages lie on the disk only, `…_cpu_ms` what is left of it where the processor is shared with nobody.
"""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw

from hub.bench._influxd import influxd
from hub.errors import UsageError
from hub.model import NS, REAL, Quality, Reading, TimeSource
from hub.store import influx_flux as flux
from hub.store import influx_setup
from hub.store.base import Range
from hub.store.file import StoreFile, StoreReader
from hub.store.influx import InfluxHistory
from hub.store.influx_client import SLOW, Client, Place
from hub.store.rollup_tables import HOUR, MINUTE
from hub.store.sqlite import SqliteHistory, SqliteReadings
from hub.store.thinning import window

SERIES = 600
"""200 devices with 3 values each."""
VALUES = 300_000
SIZES = (1_000, 3_000, 9_000)
"""Readings a transaction: the worker's chunk grows with its backlog."""
START = 1_790_000_000 * NS
TEN = 10 * NS
DAY = 8_640
WIDTH = 500
GATES = {
    "series_24_h_of_20_channels_ms": ("<=", 300.0),
    "influx_series_24_h_of_20_channels_ms": ("<=", 300.0),
    "rolled_series_24_h_of_20_channels_ms": ("<=", 100.0),
    "rolled_series_1_year_of_5_channels_ms": ("<=", 300.0),
}
"""reliability.md §3.4, P9; of the roll-ups: for 10⁸ points."""
POINTS = 2_000_000
YEAR = 365 * DAY
ROOM = 120
"""Bytes of the disk that a rolled-up minute may need for a while."""
TIMES = 9
"""How often a chart is drawn from roll-ups; the best counts."""
BUDGET = 2_000_000_000
"""Bytes for which the README says how long they last."""


def measure(*, points: int = POINTS, keep: str = "") -> dict[str, float]:
    """Return the figures by name, the unit at the end of each; about 20 s, with 10⁸ points some minutes.

    Args:
        points: of how many the roll-ups are that curves of a day and of a year are drawn from.
        keep: folder where the database of those roll-ups stays; only they are measured then.

    Raises:
        UsageError: they do not fit on the disk.
    """
    if keep:
        return _of_roll_ups(Path(keep) / f"rolled-{points}.db", points)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        figures = {"bare_append_per_s": _bare(folder / "bare.db")}
        for size in SIZES:
            rate, each = _written(folder / f"{size}.db", size)
            figures[f"stored_in_{size}_per_s"] = rate
            figures["bytes_per_value"] = max(each, figures.get("bytes_per_value", 0.0))
        figures |= _drawn(folder / "drawn.db")
        figures |= _of_roll_ups(folder / "rolled.db", points)
        if shutil.which("influxd") is not None:
            with influxd(folder) as place:
                figures |= _influx(place)
    for rate in (1, 50, 500):
        figures[f"2_gb_at_{rate}_per_s_days"] = BUDGET / figures["bytes_per_value"] / rate / 86_400
    return figures


def _readings(size: int) -> Iterator[list[Reading]]:
    """Give VALUES readings in transactions of `size`, as devices send them: round and round."""
    noise = random.Random(7)  # noqa: S311 — the same noise in each run
    for start in range(0, VALUES, size):
        yield [_reading(number % SERIES, number // SERIES, noise) for number in range(start, min(start + size, VALUES))]


def _reading(series: int, number: int, noise: random.Random) -> Reading:
    time_ns = START + number * TEN + series * 1_000_000
    value = round(noise.gauss(4, 1), 2)
    uid, channel = f"tasmota:d{series // 3}", ("temperature", "humidity", "pressure")[series % 3]
    return Reading(
        uid, channel, "°C", value, time_ns, time_ns, TimeSource.DEVICE, Quality.GOOD, REAL, noise.getrandbits(48)
    )


def _written(path: Path, size: int) -> tuple[float, float]:
    """Return readings a second, and bytes a reading on disk."""
    with closing(StoreFile(path)) as file:
        history, spent = SqliteHistory(file), 0.0
        for chunk in _readings(size):
            spent += _spent(lambda chunk=chunk: history.write(chunk))  # type: ignore[misc]
        spent += _spent(file.checkpoint)
        return VALUES / spent, path.stat().st_size / VALUES


def _bare(path: Path) -> float:
    """Return rows a second that SQLite appends to the simplest table, in the largest transactions."""
    with closing(apsw.Connection(str(path))) as db:
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "normal")
        db.execute("CREATE TABLE bare(series, time, tie, value)")
        spent = 0.0
        for chunk in _readings(SIZES[-1]):
            rows = [(1, each.time, each.tie, each.value) for each in chunk]
            with db:
                spent += _spent(lambda rows=rows: db.executemany("INSERT INTO bare VALUES(?,?,?,?)", rows))  # type: ignore[misc]
        return VALUES / spent


def _drawn(path: Path) -> dict[str, float]:
    """Return how long curves of a day and of a year take [ms]."""
    noise = random.Random(7)  # noqa: S311 — the same noise in each run
    day = [f"tasmota:d{number}" for number in range(20)]
    with closing(StoreFile(path)) as file:
        history = SqliteHistory(file)
        for number, _uid in enumerate(day):
            history.write([_reading(3 * number, index, noise) for index in range(DAY)])
        for part in range(365):
            history.write([_reading(900, part * DAY + index, noise) for index in range(DAY)])
        return {
            "series_24_h_of_20_channels_ms": _best(lambda: history.series(Range(device=tuple(day)), WIDTH)),
            "series_24_h_of_1_channel_ms": _best(lambda: history.series(Range(device=day[0]), WIDTH)),
            "series_1_year_of_1_channel_ms": _best(lambda: history.series(Range(device="tasmota:d300"), WIDTH)),
        }


def _of_roll_ups(path: Path, points: int) -> dict[str, float]:
    """Return how long curves of a day and of a year take from the roll-ups of so many points [ms], and what was there.

    Raises:
        UsageError: they do not fit on the disk.
    """
    many = max(20, points // YEAR)
    each = -(-points // many)
    last = (START + each * TEN) // HOUR
    if not path.exists():
        _build(path, points, many, each, last)
    stop = last * HOUR
    day = Range(device=tuple(f"tasmota:d{number}" for number in range(20)), start=stop - DAY * TEN, stop=stop)
    year = Range(device=tuple(f"tasmota:d{number}" for number in range(5)), start=stop - YEAR * TEN, stop=stop)
    figures = {}
    for name, asked in (("rolled_series_24_h_of_20_channels", day), ("rolled_series_1_year_of_5_channels", year)):
        with closing(StoreReader(path)) as cold:
            _left_to_the_disk(path)
            figures[f"{name}_cold_ms"] = 1000 * _spent(lambda asked=asked, cold=cold: _drawn_of(cold, asked))  # type: ignore[misc]
            figures[f"{name}_ms"] = _best(lambda asked=asked, cold=cold: _drawn_of(cold, asked), TIMES)  # type: ignore[misc]
            figures[f"{name}_cpu_ms"] = 1000 * min(
                _spent(lambda asked=asked, cold=cold: _drawn_of(cold, asked), time.process_time)  # type: ignore[misc]
                for _ in range(TIMES)
            )
    with closing(StoreReader(path)) as file, file.reader(limit=600) as db:
        hourly, minutely, raw = (
            float(db.execute(f"SELECT {of}").get)
            for of in ("sum(count) FROM hourly", "sum(count) FROM minutely", "count(*) FROM readings")
        )
        mean = _best(lambda: SqliteReadings(file).aggregate(_month(stop), "mean", HOUR))
    return {
        "points_by_hours": hourly,
        "points_by_minutes": minutely,
        "raw_points": raw,
        **figures,
        "rolled_mean_per_hour_of_30_days_ms": mean,
        "rolled_bytes_per_point": path.stat().st_size / points,
    }


def _drawn_of(file: StoreReader, asked: Range) -> object:
    return SqliteReadings(file).series(asked, WIDTH)


def _left_to_the_disk(path: Path) -> None:
    """Ask the system to keep no page of a file in memory, where it can be asked."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _build(path: Path, points: int, many: int, each: int, last: int) -> None:
    """Write the roll-ups of so many points; the file comes into being whole.

    Raises:
        UsageError: they do not fit on the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    needed, free = points // 6 * ROOM, shutil.disk_usage(path.parent).free
    if needed > free:
        msg = f"--points {points} needs {needed // 10**6:,} MB, {free // 10**6:,} MB are free; take fewer points"
        raise UsageError(msg)
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    with closing(StoreFile(draft)) as file:
        fill(file, many, each, last, rows=min(each // 360 * 360, DAY))
        file.checkpoint()
    draft.replace(path)


def _month(stop: int) -> Range:
    return Range(device="tasmota:d0", start=stop - 30 * DAY * TEN, stop=stop)


def fill(file: StoreFile, many: int, each: int, last: int, *, rows: int = DAY) -> None:
    """Write the roll-ups of `many` channels, `each` readings a channel up to hour `last`, and their newest `rows`."""
    hours = each // 360
    with file.transaction() as db:
        for number in range(1, many + 1):
            db.execute("INSERT INTO series VALUES(?,?,'temperature','°C')", (number, f"tasmota:d{number - 1}"))
            db.execute("INSERT INTO curve VALUES(?,1)", (number,))
        db.execute("INSERT INTO timeline VALUES(1, ?)", (REAL,))
    for number in range(1, many + 1):
        with file.transaction() as db:
            for sql, unit in ((_HOURS, HOUR), (_MINUTES, MINUTE)):
                size = HOUR // unit
                db.execute(sql, (number, (last - hours) * size, last * size, unit))
            db.execute(_ROWS, (number, last * HOUR - rows * TEN, last * HOUR, TEN))


_SHAPE = "20 + 5 * sin(at / 1000.0)"
_ROLLED = f"""
WITH RECURSIVE step(at) AS (SELECT ?2 UNION ALL SELECT at + 1 FROM step WHERE at + 1 < ?3)
INSERT INTO {{table}} SELECT ?1, 1, at, ?4 / {TEN}, ?4 / {TEN} * ({_SHAPE}), ({_SHAPE}) - 1, ({_SHAPE}) + 1,
  at * ?4, at * ?4 + ?4 - {TEN}, 0, 0{{more}} FROM step"""  # noqa: S608 — own constants
_HOURS, _MINUTES = _ROLLED.format(table="hourly", more=", 1"), _ROLLED.format(table="minutely", more="")
_ROWS = f"""
WITH RECURSIVE step(at) AS (SELECT ?2 UNION ALL SELECT at + ?4 FROM step WHERE at + ?4 < ?3)
INSERT INTO readings SELECT ?1, 1, at, at % 281474976710656, {_SHAPE.replace("at", "at % 1000000007")}, 0 FROM step"""  # noqa: S608 — own constants


def _influx(place: Place) -> dict[str, float]:
    """Return how long the same curves of a day take [ms], and how much of it is InfluxDB's own time."""
    noise = random.Random(7)  # noqa: S311 — the same noise in each run
    day = tuple(f"tasmota:d{number}" for number in range(20))
    with closing(Client(place, timeout=SLOW)) as client:
        influx_setup.prepare(client)
        history = InfluxHistory(client)
        for number in range(len(day)):
            history.write([_reading(3 * number, index, noise) for index in range(DAY)])
        asked = Range(device=day)
        step = window(START, START + DAY * TEN, WIDTH)
        bare = flux.pieces(flux.Source(place, asked), first=START, step=step, bad=False)
        return {
            "influx_series_24_h_of_20_channels_ms": _best(lambda: history.series(asked, WIDTH), 10),
            "influx_bare_24_h_of_20_channels_ms": _best(lambda: client.raw(bare.flux, bare.parameters), 10),
            "influx_rows_24_h_of_20_channels_ms": _best(lambda: client.rows(bare.flux, bare.parameters), 10),
            "influx_series_24_h_of_1_channel_ms": _best(lambda: history.series(Range(device=day[0]), WIDTH), 10),
        }


def _spent(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    work()
    return clock() - start


def _best(work: Callable[[], object], times: int = 3) -> float:
    return 1000 * min(_spent(work) for _ in range(times))
