"""How fast readings are stored and drawn on this machine, and how much room they take.

By SQLite always, by InfluxDB where an `influxd` is on PATH: `influx_bare_…` is InfluxDB's own time for the same answer.
"""

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw

from hub.bench._influxd import influxd
from hub.model import NS, REAL, Quality, Reading, TimeSource
from hub.store import influx_flux as flux
from hub.store import influx_setup
from hub.store.base import Range
from hub.store.file import StoreFile
from hub.store.influx import InfluxHistory
from hub.store.influx_client import SLOW, Client, Place
from hub.store.sqlite import SqliteHistory
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
}
"""reliability.md §3.4, P9."""
BUDGET = 2_000_000_000
"""Bytes for which the README says how long they last."""


def measure() -> dict[str, float]:
    """Return the figures by name, the unit at the end of each; about 15 s."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        figures = {"bare_append_per_s": _bare(folder / "bare.db")}
        for size in SIZES:
            rate, each = _written(folder / f"{size}.db", size)
            figures[f"stored_in_{size}_per_s"] = rate
            figures["bytes_per_value"] = max(each, figures.get("bytes_per_value", 0.0))
        figures |= _drawn(folder / "drawn.db")
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


def _spent(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _best(work: Callable[[], object], times: int = 3) -> float:
    return 1000 * min(_spent(work) for _ in range(times))
