"""`matinales import`: the history of a device from a CSV file, through the journal; also while the hub lives."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import Progress

from hub import datafolder
from hub.config import load
from hub.errors import HubError, JournalError, UsageError
from hub.ingest import csv_import
from hub.ingest.csv_import import Mistake, Plan, Row
from hub.ingest.link import LinkClient
from hub.journal.sqlite import SqliteJournal
from hub.model import Message

GROUP = 500
SHOWN = 20
"""Mistakes shown; `--json` gives the first hundred."""
LISTED = 100
Append = Callable[[Sequence[Message]], object]


def command(
    file: Path,
    /,
    *,
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
    """Import a CSV file as the real history of a device; where a line is wrong, nothing is imported.

    Args:
        file: the CSV file, at most 16 MiB.
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
    content = _content(file)
    seen = csv_import.shape(content, separator, decimal)
    plan = Plan(device=device or file.stem, time=time_column, columns=_mapping(map), tz=tz or settings.tz)
    plan = csv_import.complete(plan, seen)
    taken: list[Row] = []
    mistakes: list[Mistake] = []
    with Progress(console=Console(stderr=True), disable=json, transient=True) as progress:
        lines = content.count(b"\n") + 1
        for each in progress.track(csv_import.rows(content, plan, seen), total=lines, description="Reading"):
            if isinstance(each, Row):
                taken.append(each)
            else:
                mistakes += each
        if not mistakes and not dry_run and taken:
            folder = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
            _import(datafolder.prepare(folder), taken, plan, progress)
    imported = 0 if mistakes or dry_run else len(taken)
    if json:
        said = {"rows": len(taken), "imported": imported, "device": plan.device, "topic": csv_import.topic(plan.device)}
        how = {"separator": seen.separator, "decimal": seen.decimal, "encoding": seen.encoding, "time": plan.time}
        report = {**said, **how, "columns": plan.columns, "count": len(mistakes), "mistakes": mistakes[:LISTED]}
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _say(taken, mistakes, imported, plan)
    return 1 if mistakes or not taken else 0


def _say(taken: Sequence[Row], mistakes: Sequence[Mistake], imported: int, plan: Plan) -> None:
    words = Console(highlight=False, markup=False, soft_wrap=True)
    for each in mistakes[:SHOWN]:
        words.print(f"line {each.line}, {each.column or 'whole line'}: {each.reason}")
    if len(mistakes) > SHOWN:
        words.print(f"… and {len(mistakes) - SHOWN} more")
    channels = ", ".join(f"{column} → {channel}" for column, channel in plan.columns.items())
    words.print(f"{len(taken)} rows of {plan.device}: {channels} (time: {' '.join(plan.time)}, {plan.tz})")
    words.print(f"{imported} imported" if imported else "nothing imported")


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > csv_import.LARGEST:
            msg = f"{file}: larger than {csv_import.LARGEST // 1024**2} MiB; cut it into several files"
            raise UsageError(msg)
        return file.read_bytes()
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


def _import(folder: Path, taken: Sequence[Row], plan: Plan, progress: Progress) -> None:
    """Journal the rows: through the living ingest process, else into the file itself."""
    received = time.time_ns()
    groups = [taken[at : at + GROUP] for at in range(0, len(taken), GROUP)]
    batches = [[csv_import.message(row, plan, received) for row in group] for group in groups]
    try:
        with FileLock(folder / "ingest.lock", timeout=0):
            journal = SqliteJournal(folder)
            try:
                for batch in progress.track(batches, description="Importing"):
                    journal.append(batch)
            finally:
                journal.close()
    except Timeout:
        asyncio.run(_through_the_hub(folder, batches, progress))


async def _through_the_hub(folder: Path, batches: Sequence[Sequence[Message]], progress: Progress) -> None:
    link, there = LinkClient(folder), asyncio.Event()
    link.on_status(lambda status: there.set() if status is not None else None)
    running = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(10):
            await there.wait()
        for batch in progress.track(batches, description="Importing"):
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
