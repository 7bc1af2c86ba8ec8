"""`matinales export`: readings as CSV, messages as a recording, or the whole store; also while the hub lives."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter

from hub import datafolder
from hub.config import load
from hub.errors import NotFoundError, UsageError
from hub.journal.sqlite import SqliteReader
from hub.model import REAL
from hub.recorded import line
from hub.recorded import messages as recorded
from hub.store.base import Range
from hub.store.export import copy, csv_lines, pages
from hub.store.file import StoreReader
from hub.store.sqlite import SqliteReadings
from hub.store.state import StateStore
from hub.web.query import LATEST, TIME_REMEDY, moment, span

PAGE = 10_000
Hyphened = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
"""`-24h` and `-` are values."""


def command(
    *,
    csv: Hyphened = None,
    sqlite: Path | None = None,
    messages: Hyphened = None,
    device: str | None = None,
    channel: str | None = None,
    topic: str | None = None,
    start: Hyphened = None,
    stop: Hyphened = None,
    run: str | None = None,
    data: Path | None = None,
    config: Path | None = None,
) -> int:
    """Write the stored readings to a CSV file, the messages to a recording, or the store to a plain SQLite file.

    Args:
        csv: file to write, `-` for the terminal; columns as in `GET /readings`.
        sqlite: file to write, with a view `measures` that any tool can read.
        messages: file to write, `-` for the terminal: what arrived, a JSON object a line, for `matinales replay`.
        device: only this one, by its id or another of its names.
        channel: only this one.
        topic: only messages below this MQTT filter (tele/#).
        start: time (2026-11-24T09:00:00Z) or span before now (-24h; for readings, of the run where one is named).
        stop: likewise; not included.
        run: only this timeline, `real` or a run's id; all of them unless told.
        data: data folder; the platform's own unless told.
        config: hub.toml.
    """
    if sum(each is not None for each in (csv, sqlite, messages)) != 1:
        msg = "say what to write: --csv FILE or --messages FILE (- for the terminal), or --sqlite FILE"
        raise UsageError(msg)
    settings = load(config)
    folder = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
    if messages is not None:
        if device is not None or channel is not None:
            msg = "--messages writes what arrived, before anybody knew a device; choose with --topic, --run, --start"
            raise UsageError(msg)
        return _messages(folder, messages, start=start, stop=stop, topic=topic or "#", run=run)
    if topic is not None:
        msg = "--topic chooses messages; readings are chosen with --device and --channel"
        raise UsageError(msg)
    with closing(StoreReader(folder / "store.db")) as store:
        if sqlite is not None:
            if any(each is not None for each in (device, channel, start, stop, run)):
                msg = "--sqlite copies everything; choose with --csv"
                raise UsageError(msg)
            copy(store, sqlite)
            return 0
        asked = _asked(store, device=device, channel=channel, run=run, start=start, stop=stop)
        with _opened(csv or "-") as target:
            for row in csv_lines(pages(SqliteReadings(store).readings, asked)):
                target.write(row.encode())
    return 0


def _messages(folder: Path, name: str, *, start: str | None, stop: str | None, topic: str, run: str | None) -> int:
    now = time.time_ns()
    first, last = _time("start", start, now, default=0), _time("stop", stop, now, default=LATEST)
    with closing(SqliteReader(folder)) as reader, _opened(name) as target:
        for found in recorded(reader, start=first, stop=last, topic=topic, run=run):
            target.write(line(found))
    return 0


def _asked(
    store: StoreReader, *, device: str | None, channel: str | None, run: str | None, start: str | None, stop: str | None
) -> Range:
    """Return what to read.

    Raises:
        NotFoundError: nobody knows that run.
        UsageError: a time is none.
    """
    with store.reader() as db:
        state = StateStore(db)
        runs = {each.id: each for each in state.runs()}
        uid = state.aliases().get(device, device) if device is not None else None
    now = time.time_ns()
    if run is not None and run != REAL:
        if run not in runs:
            msg = f"run {run!r} is not known; the newest: {', '.join([*runs][-3:]) or 'none'}"
            raise NotFoundError(msg)
        now = runs[run].now(now)
    return Range(
        device=uid,
        channel=channel,
        run=run,
        start=_time("start", start, now, default=0),
        stop=_time("stop", stop, now, default=LATEST),
        limit=PAGE,
    )


def _time(name: str, text: str | None, now: int, *, default: int) -> int:
    if text is None:
        return default
    fixed, before = moment(text), span(text) if text.startswith("-") else None
    if fixed is None and before is None:
        msg = f"--{name} is {text!r}: {TIME_REMEDY}"
        raise UsageError(msg)
    return fixed if fixed is not None else now - (before or 0)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """Lend the file, replaced if it is there, or the terminal.

    Raises:
        UsageError: it cannot be written.
    """
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with Path(name).open("wb") as file:
            yield file
    except OSError as error:
        msg = f"{name} cannot be written ({error.strerror}); name another file"
        raise UsageError(msg) from error
