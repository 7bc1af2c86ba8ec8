"""Readings from store to file, file to store, and to and from InfluxDB: each goes on where it was cut."""

import contextlib
import hashlib
import importlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console

from hub import datafolder, drafts
from hub.cli._bar import bar
from hub.config import Config
from hub.errors import UsageError
from hub.forwarding import place
from hub.model import Reading, TimeSource
from hub.store import influx_setup, transfer
from hub.store.base import Range
from hub.store.delivery import Delivery
from hub.store.export import COLUMNS, csv_rows, line
from hub.store.file import StoreFile, StoreReader
from hub.store.influx import InfluxHistory
from hub.store.influx_client import SLOW, Client
from hub.store.lines import MS, Encoder

PROGRESS = "moving-to-influx.json"
PARQUET = ("arro3-core>=0.9.1", "arro3-io>=0.9.1")
"""The extra `parquet` of pyproject.toml, for who has no index that knows the hub."""
_WORDS = Console(stderr=True, highlight=False, soft_wrap=True)


class Wanted(NamedTuple):
    """Which readings: a range, and within it the stretches of a session (None: all of it)."""

    range: Range
    within: transfer.Windows | None = None

    @property
    def ranges(self) -> list[Range]:
        """One a stretch."""
        if self.within is None:
            return [self.range]
        every = ((run, start, stop) for run, some in self.within.items() for start, stop in some)
        return [replace(self.range, run=run, start=start, stop=stop) for run, start, stop in every]


class Progress(Struct):
    """How far a transfer came: of which question, up to which reading, and how much of the file is written."""

    question: str
    cursor: transfer.Cursor = transfer.BEGIN
    place: transfer.Place = transfer.START
    size: int = 0
    refused: int = 0


def to_file(store: StoreReader, wanted: Wanted, name: str, write: Callable[[Sequence[Reading]], bytes]) -> int:
    """Write readings curve by curve to a file or the terminal; a file comes into being when it is whole.

    Raises:
        UsageError: it cannot be written.
    """

    def read(far: Progress, tell: transfer.Tell) -> Iterator[bytes]:
        for cursor, some in transfer.chunks(store, wanted.range, far.cursor, tell, wanted.within):
            far.cursor = cursor
            yield write(some)

    return _to_file(name, f"{store.path.absolute()} {wanted} {write.__name__}", read)


def to_csv(store: StoreReader, wanted: Wanted, name: str, *, french: bool) -> int:
    """Write readings in order of time as CSV, otherwise as `to_file`.

    Raises:
        UsageError: it cannot be written.
    """

    def read(far: Progress, tell: transfer.Tell) -> Iterator[bytes]:
        if not far.size:
            yield line(COLUMNS, french=french, first=True).encode()
        for reached, rows in transfer.in_time(store, wanted.ranges, far.place, tell):
            far.place = reached
            yield "".join(csv_rows(rows, french=french)).encode()

    return _to_file(name, f"{store.path.absolute()} {wanted} {french}", read)


def _to_file(name: str, question: str, read: Callable[[Progress, transfer.Tell], Iterator[bytes]]) -> int:
    """Write what `read` gives, which moves the progress on with each piece."""
    if name == "-":
        for piece in read(Progress(question), lambda _done, _whole: None):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return 0
    target, draft, noted = Path(name), Path(f"{name}{drafts.SUFFIX}"), Path(f"{name}{drafts.SUFFIX}.json")
    far = _noted(noted, question)
    try:
        with bar() as tell, draft.open("r+b" if far.size and draft.exists() else "wb") as file:
            if file.seek(0, 2) < far.size:  # somebody changed it
                far = Progress(question)
            file.seek(far.size)
            file.truncate()
            for piece in read(far, lambda done, of: tell(name, done, of)):
                file.write(piece)
                file.flush()
                far.size = file.tell()
                datafolder.write_private(noted, msgspec.json.encode(far))
        drafts.synced(draft)
        draft.replace(target)
    except OSError as error:
        msg = f"{name} cannot be written ({error.strerror}); name another file, or free some space and say it again"
        raise UsageError(msg) from error
    noted.unlink(missing_ok=True)
    return 0


def to_parquet(store: StoreReader, wanted: Wanted, name: Path) -> int:
    """Write readings to a Parquet file, which comes into being when it is whole; begun anew where it was cut.

    Raises:
        UsageError: it cannot be written, or the library is not installed.
    """
    parquet = _parquet()
    try:
        with bar() as tell, drafts.whole(name) as draft:
            found = transfer.chunks(
                store, wanted.range, tell=lambda done, of: tell(str(name), done, of), within=wanted.within
            )
            parquet.write(draft, (some for _, some in found))
    except OSError as error:
        msg = f"{name} cannot be written ({error.strerror}); name another file, or free some space and say it again"
        raise UsageError(msg) from error
    return 0


def to_influx(store: StoreReader, wanted: Wanted, folder: Path, settings: Config) -> int:
    """Send readings to InfluxDB, by the lines the hub itself sends: what is there already is not doubled.

    Raises:
        StoreError: InfluxDB is away; say it again.
        UsageError: it is not named in the settings.
    """
    noted = folder / PROGRESS
    far = _noted(noted, f"{settings.influx_url} {settings.influx_bucket} {wanted}")
    encoder = Encoder()
    with bar() as tell, closing(_client(settings)) as client:
        where = client.place
        influx_setup.prepare(client)
        buckets = {False: where.bucket, True: where.simulated}
        told: transfer.Tell = lambda done, of: tell(where.url, done, of)  # noqa: E731 — the loop's line is full
        for cursor, some in transfer.chunks(store, wanted.range, far.cursor, told, wanted.within):
            for simulated, said in encoder.lines(some).items():
                delivery = Delivery(lambda lines, bucket=buckets[simulated]: client.write(bucket, lines))  # type: ignore[misc]
                far.refused += len(delivery.deliver(said))
            far.cursor = cursor
            datafolder.write_private(noted, msgspec.json.encode(far))
    noted.unlink(missing_ok=True)
    if far.refused:
        _WORDS.print(f"{far.refused} points were refused: {where.simulated} takes no run of more than 30 days ago")
    return 1 if far.refused else 0


def is_ours(file: Path) -> bool:
    """Tell whether a file was written by `matinales export`."""
    if _is_parquet(file):
        return True
    try:
        with file.open(encoding="utf-8", newline="") as content:
            return transfer.is_ours(content.readline(100_000))
    except (OSError, UnicodeDecodeError):
        return False


def from_file(folder: Path, file: Path, *, dry_run: bool = False) -> int:
    """Store the readings of a file that `matinales export` wrote, and return how many it has.

    Args:
        folder: the data folder.
        file: in any form of `export`'s.
        dry_run: read them all, and store none; a hub may run then.

    Raises:
        UsageError: a line is no reading; what came before it is stored.
        ConfigError: a hub runs on the folder.
    """
    size = file.stat().st_size
    name = hashlib.sha256(f"{file.absolute()} {size}".encode()).hexdigest()[:16]
    if _is_parquet(file):
        return _from_parquet(folder, file, name, dry_run=dry_run)
    with file.open(encoding="utf-8", newline="") as content, bar() as tell:

        def told(lines: Iterator[str]) -> Iterator[str]:
            done = 0
            for number, each in enumerate(lines):
                done += len(each)
                if number % 1000 == 0:
                    tell(file.name, done, size)
                yield each

        readings = transfer.read(file.name, told(content))
        if dry_run:
            return sum(1 for _ in readings)
        with _opened(folder) as store:
            return transfer.put(store, readings, name=name, wall=time.time_ns())


def _from_parquet(folder: Path, file: Path, name: str, *, dry_run: bool) -> int:
    readings = _parquet().read(file)
    if dry_run:
        return sum(1 for _ in readings)
    with bar() as tell, _opened(folder) as store:
        return transfer.put(
            store, readings, name=name, wall=time.time_ns(), tell=lambda done: tell(f"{done} readings", 0, 0)
        )


def _parquet() -> ModuleType:
    """Return `hub.store.parquet`.

    Raises:
        UsageError: its library is not installed.
    """
    try:
        return importlib.import_module("hub.store.parquet")
    except ModuleNotFoundError as error:
        wanted = " ".join(f'"{each}"' for each in PARQUET)
        msg = f"Parquet needs a library that is not here; install it: {sys.executable} -m pip install {wanted}"
        raise UsageError(msg) from error


def _is_parquet(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return content.read(4) == b"PAR1"
    except OSError:
        return False


def from_influx(folder: Path, settings: Config) -> int:
    """Store all readings that InfluxDB holds.

    Raises:
        StoreError: InfluxDB is away; say it again.
        UsageError: it is not named in the settings.
    """
    with closing(_client(settings)) as client, bar() as tell, _opened(folder) as store:
        name = f"influx-{hashlib.sha256(repr(client.place).encode()).hexdigest()[:16]}"
        begin = transfer.reached(store, name)[1] // MS * MS  # the whole millisecond again: it numbers its readings
        many = transfer.put(
            store,
            _all_of(InfluxHistory(client), begin),
            name=name,
            wall=time.time_ns(),
            skips=False,
            tell=lambda done: tell(f"{done} readings", 0, 0),
        )
    _WORDS.print(f"{many} readings of {client.place.url} are in {folder}")
    return 0


def _all_of(history: InfluxHistory, begin: int) -> Iterator[Reading]:
    """Yield all readings of InfluxDB from a time [ns] on, in order of time; they have no tie."""
    asked = Range(run=None, start=begin, limit=transfer.CHUNK)
    while True:
        page = history.readings(asked)
        for each in page.rows:
            names = (each.device, each.channel, each.unit)
            yield Reading(*names, each.value, each.time, each.time, TimeSource.DEVICE, each.quality, each.run, -1)
        if page.after is None:
            return
        asked = msgspec.structs.replace(asked, after=page.after)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[StoreFile]:
    """Lend the store of a folder in which no hub runs."""
    data = datafolder.prepare(folder)
    with datafolder.owned(data, datafolder.END_IT), closing(StoreFile(data / "store.db")) as store:
        yield store


def _client(settings: Config) -> Client:
    for name in ("influx_url", "influx_token", "influx_org", "influx_bucket"):
        if not getattr(settings, name):
            msg = f"{name} is not set: set HUB_{name.upper()}, or {name} in hub.toml"
            raise UsageError(msg)
    return Client(place(settings), timeout=SLOW)


def _noted(path: Path, question: str) -> Progress:
    """Return how far a transfer of the same question came, or its beginning."""
    try:
        far = msgspec.json.decode(path.read_bytes(), type=Progress)
    except (OSError, msgspec.MsgspecError):
        far = Progress("")
    return far if far.question == question else Progress(question)
