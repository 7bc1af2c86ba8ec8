"""Stores for the contract tests, and readings to fill them with."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from hub.model import NS, REAL, Quality, Reading, TimeSource
from hub.store.base import History
from hub.store.file import StoreFile
from hub.store.influx import InfluxHistory
from hub.store.influx_client import Client
from hub.store.sqlite import SqliteHistory
from servers import influx as influxdb

START = 1_790_000_000 * NS
"""Time [ns] of the first reading of most tests; a whole hour plus 800 s."""


def reading(
    number: int = 0,
    *,
    value: float | None = None,
    device: str = "acme:a7",
    channel: str = "temperature",
    unit: str | None = "°C",
    run: str = REAL,
    every: int = 10 * NS,
    quality: Quality = Quality.GOOD,
    tie: int | None = None,
) -> Reading:
    """Return the reading `number` of a device that measures each 10 s; its value is its number unless told."""
    time = START + number * every
    return Reading(
        device=device,
        channel=channel,
        unit=unit,
        value=float(number) if value is None else value,
        time=time,
        received=time,
        time_source=TimeSource.DEVICE,
        quality=quality,
        run=run,
        tie=number if tie is None else tie,
    )


def readings(numbers: Iterable[int], *, device: str = "acme:a7", run: str = REAL) -> list[Reading]:
    """Return the readings of these numbers."""
    return [reading(number, device=device, run=run) for number in numbers]


@contextmanager
def sqlite(folder: Path) -> Iterator[History]:
    """Lend the default store, empty."""
    with closing(StoreFile(folder / "store.db")) as file:
        yield SqliteHistory(file)


@contextmanager
def influx(_folder: Path) -> Iterator[History]:
    """Lend the production store, empty: buckets of its own in a real InfluxDB."""
    with influxdb.buckets(influxdb.server()) as place, closing(Client(place)) as client:
        yield InfluxHistory(client)


STORES: Mapping[str, Callable[[Path], AbstractContextManager[History]]] = {"sqlite": sqlite, "influx": influx}
"""Every store; a new one adds its maker here and passes tests/hub/store/test_contract.py."""
