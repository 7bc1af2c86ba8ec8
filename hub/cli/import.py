"""`matinales import`: the history of a device from a CSV file, through the journal; also while the hub lives."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
from cyclopts import Parameter
from filelock import Timeout
from rich.console import Console
from rich.progress import Progress

from hub import datafolder
from hub.cli import _transfers
from hub.config import load
from hub.errors import HubError, JournalError, UsageError
from hub.ingest import csv_import
from hub.ingest.csv_import import Mistake, Plan, Row, Shape, Tally
from hub.ingest.linkclient import LinkClient
from hub.journal import place
from hub.model import Message

SHOWN = 20
"""Mistakes shown; `--json` gives the first hundred."""


def command(
    file: Path | None = None,
    /,
    *,
    influx: Annotated[bool, Parameter(negative="")] = False,
    device: str | None = None,
    map: Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=True)] = (),  # noqa: A002 — the option's name
    time_column: Annotated[tuple[str, ...], Parameter(name="--time", negative="", consume_multiple=True)] = (),
    separator: str | None = None,
    decimal: str | None = None,
    tz: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    data: Path | None = None,
    config: Path | None = None,
) -> int:
    """Import a device's CSV file as its real history, or readings that `export` wrote in any of its formats.

    Where a line of a device's file is wrong, nothing is imported. What `export` wrote goes into the store as it was,
    while no hub runs; a cut goes on where it was.

    Args:
        file: the file; a device's own CSV at most 16 MiB.
        influx: import all that the InfluxDB of the settings holds, into store.db.
        device: a new device's name, or `generic:TOPIC` of a known one; the file's name unless told.
        map: COLUMN=CHANNEL, the unit in brackets: --map "Temp=temperature [°C]"; every column unless told.
        time_column: column of the time, or two of date and hour.
        separator: between cells; found out unless told.
        decimal: `,` or `.`; found out unless told.
        tz: zone of times without offset; HUB_TZ unless told.
        dry_run: read and check everything, import nothing.
        json: print {"rows", "imported", "device", "mistakes": [{"line", "column", "reason"}], …}.
        data: data folder; the platform's own unless told.
        config: hub.toml.
    """
    settings = load(config)
    place = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
    if influx:
        if dry_run or json:
            msg = "--influx knows neither --dry-run nor --json: leave them out"
            raise UsageError(msg)
        return _transfers.from_influx(place, settings)
    if file is None:
        msg = "name a file to import, or say --influx"
        raise UsageError(msg)
    if _transfers.is_ours(file):
        return _ours(place, file, dry_run=dry_run, as_json=json)
    with _opened(file) as content:
        seen = csv_import.shape(content, separator, decimal)
        plan = Plan(device=device or file.stem, time=time_column, columns=_mapping(map), tz=tz or settings.tz)
        plan = csv_import.complete(plan, seen)
        with Progress(console=Console(stderr=True), disable=json, transient=True) as progress:
            tally = Tally()
            for rows, mistakes in _groups(content, plan, seen, progress, "Reading"):
                tally.add(rows, mistakes)
            imported = 0 if tally.count or dry_run else tally.rows
            if imported:
                received = time.time_ns()
                batches = (
                    [csv_import.message(row, plan, received) for row in rows]
                    for rows, _ in _groups(content, plan, seen, progress, "Importing")
                )
                _import(datafolder.prepare(place), batches)
    if json:
        said = {"rows": tally.rows, "imported": imported, "device": plan.device, "topic": csv_import.topic(plan.device)}
        how = {"separator": seen.separator, "decimal": seen.decimal, "encoding": seen.encoding, "time": plan.time}
        report = {**said, **how, "columns": plan.columns, "count": tally.count, "mistakes": tally.mistakes}
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _say(tally, imported, plan)
    return 1 if tally.count or not tally.rows else 0


def _ours(folder: Path, file: Path, *, dry_run: bool, as_json: bool) -> int:
    """Import the readings of a file that `export` wrote, or only check it."""
    rows = _transfers.from_file(folder, file, dry_run=dry_run)
    if as_json:
        report: dict[str, object] = {"rows": rows, "imported": 0 if dry_run else rows, "device": None, "mistakes": []}
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        what = "are good; nothing imported" if dry_run else f"are in {folder}"
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(
            f"{rows} readings of {file.name} {what}"
        )
    return 0


def _groups(
    content: BinaryIO, plan: Plan, seen: Shape, progress: Progress, doing: str
) -> Iterator[tuple[list[Row], list[Mistake]]]:
    """Give the groups of a file, and show how far it is read."""
    task = progress.add_task(doing, total=os.fstat(content.fileno()).st_size)
    for at, rows, mistakes in csv_import.groups(content, plan, seen):
        progress.update(task, completed=at)
        yield rows, mistakes


def _say(tally: Tally, imported: int, plan: Plan) -> None:
    words = Console(highlight=False, markup=False, soft_wrap=True)
    for each in tally.mistakes[:SHOWN]:
        words.print(f"line {each.line}, {each.column or 'whole line'}: {each.reason}")
    if tally.count > SHOWN:
        words.print(f"… and {tally.count - SHOWN} more")
    channels = ", ".join(f"{column} → {channel}" for column, channel in plan.columns.items())
    words.print(f"{tally.rows} rows of {plan.device}: {channels} (time: {' '.join(plan.time)}, {plan.tz})")
    words.print(f"{imported} imported" if imported else "nothing imported")


def _opened(file: Path) -> BinaryIO:
    try:
        if file.stat().st_size > csv_import.LARGEST:
            msg = f"{file}: larger than {csv_import.LARGEST // 1024**2} MiB; cut it into several files"
            raise UsageError(msg)
        return file.open("rb")
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror}); name a CSV file"
        raise UsageError(msg) from error


def _mapping(entries: Sequence[str]) -> dict[str, str]:
    found = {}
    for entry in entries:
        column, _, channel = entry.partition("=")
        if not column.strip() or not channel.strip():
            msg = f'--map {entry!r}: write COLUMN=CHANNEL, for instance "Temp=temperature [°C]"'
            raise UsageError(msg)
        found[column.strip()] = channel.strip()
    return found


def _import(folder: Path, batches: Iterable[Sequence[Message]]) -> None:
    """Journal the rows: through the living ingest process, else into the file itself."""
    try:
        with datafolder.lock_of(folder / "ingest.lock", timeout=0):
            journal = place.journal(folder)
            try:
                for batch in batches:
                    journal.append(batch)
            finally:
                journal.close()
    except Timeout:
        asyncio.run(_through_the_hub(folder, batches))


async def _through_the_hub(folder: Path, batches: Iterable[Sequence[Message]]) -> None:
    link, there = LinkClient(folder), asyncio.Event()
    link.on_status(lambda status: there.set() if status is not None else None)
    running = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(10):
            await there.wait()
        for batch in batches:
            await link.append(batch)
    except TimeoutError:
        msg = "the hub that owns the data folder does not answer; end it, or look with `matinales doctor`"
        raise HubError(msg) from None
    except JournalError as error:
        msg = f"{error}; import the file again: what is there already is not doubled"
        raise HubError(msg) from error
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
