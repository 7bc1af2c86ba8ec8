"""`matinales export`: readings, alarms, messages, the whole store, or to InfluxDB; also while the hub lives."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter

from hub import datafolder
from hub.cli import _transfers
from hub.cli._place import Flag
from hub.cli._sitting import Sitting
from hub.config import load
from hub.drafts import whole
from hub.errors import NotFoundError, UsageError
from hub.journal import place
from hub.model import REAL, Alarm
from hub.recorded import line
from hub.recorded import messages as recorded
from hub.store import transfer
from hub.store.alarms import AlarmStore, Asked, Found
from hub.store.base import Range
from hub.store.export import alarm_lines, alarm_pages, copy
from hub.store.file import StoreReader
from hub.store.state import StateStore
from hub.store.stretches import Stretch
from hub.web.query import LATEST, TIME_REMEDY, moment, span

PAGE = 10_000
_READINGS = ("--csv", "--jsonl", "--lines", "--parquet", "--influx")
_ROWS, _TIMED = (*_READINGS, "--alarms"), (*_READINGS, "--alarms", "--messages")
GOES_WITH: Mapping[str, Sequence[str]] = {
    "--session": (*_TIMED, "--sqlite"),
    "--device": _ROWS,
    "--channel": _READINGS,
    "--topic": ("--messages",),
    "--start": _TIMED,
    "--stop": _TIMED,
    "--run": _TIMED,
    "--french": ("--csv", "--alarms"),
}
"""What chooses, and what it can choose of."""
Hyphened = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
"""`-24h` and `-` are values."""


def command(
    *,
    csv: Hyphened = None,
    jsonl: Hyphened = None,
    lines: Hyphened = None,
    parquet: Path | None = None,
    influx: Flag = False,
    sqlite: Path | None = None,
    messages: Hyphened = None,
    alarms: Hyphened = None,
    french: bool = False,
    session: str | None = None,
    device: str | None = None,
    channel: str | None = None,
    topic: str | None = None,
    start: Hyphened = None,
    stop: Hyphened = None,
    run: str | None = None,
    data: Path | None = None,
    config: Path | None = None,
) -> int:
    """Write readings, alarms, messages or the whole store to a file, or the readings to InfluxDB.

    Args:
        csv: file to write, `-` for the terminal; columns as in `GET /readings`.
        jsonl: file to write, `-` for the terminal: a reading a line, nothing lost; a cut goes on where it was.
        lines: likewise as InfluxDB's line protocol.
        parquet: file to write, for pandas, Polars, DuckDB or R: nothing lost; a cut begins again.
        influx: send the readings to the InfluxDB of the settings; a cut goes on where it was.
        sqlite: file to write, with a view `measures` that any tool can read.
        messages: file to write, `-` for the terminal: what arrived, a JSON object a line, for `matinales replay`.
        alarms: file to write, `-` for the terminal: every alarm, columns as in `GET /alarms`.
        french: a CSV that a French spreadsheet opens by itself: semicolons, decimal commas, UTF-8 with its mark.
        session: only this workshop session, by its id; of its archive where that is complete.
        device: only this one, by its id or another of its names.
        channel: only this one.
        topic: only messages below this MQTT filter (tele/#).
        start: time (2026-11-24T09:00:00Z) or span before now (-24h; not of messages: of the run where one is named).
        stop: likewise; not included.
        run: only this timeline, `real` or a run's id; all of them unless told.
        data: data folder; the platform's own unless told.
        config: hub.toml.
    """
    written = {
        "--csv": csv,
        "--jsonl": jsonl,
        "--lines": lines,
        "--parquet": parquet,
        "--influx": influx or None,
        "--alarms": alarms,
        "--messages": messages,
        "--sqlite": sqlite,
    }
    _check(
        [name for name, target in written.items() if target is not None],
        {
            "--session": session,
            "--device": device,
            "--channel": channel,
            "--topic": topic,
            "--start": start,
            "--stop": stop,
            "--run": run,
            "--french": french or None,
        },
    )
    settings = load(config)
    folder = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
    sitting = Sitting(folder, session) if session is not None else None
    if messages is not None:
        return _messages(folder, messages, sitting, start=start, stop=stop, topic=topic or "#", run=run)
    with closing(StoreReader(folder / "store.db" if sitting is None else sitting.store)) as store:
        asked = _asked(store, sitting, device=device, channel=channel, run=run, start=start, stop=stop)
        within = None if sitting is None else sitting.windows(asked.start, asked.stop, run)
        wanted = _transfers.Wanted(asked, within)
        if sqlite is not None:
            _database(store, sqlite, None if sitting is None else sitting.spans)
        elif alarms is not None:
            with _opened(alarms) as target:
                for row in alarm_lines(_alarms(store, wanted), settings.lang, french=french):
                    target.write(row.encode())
        elif influx:
            return _transfers.to_influx(store, wanted, folder, settings)
        elif parquet is not None:
            return _transfers.to_parquet(store, wanted, parquet)
        elif csv is not None:
            return _transfers.to_csv(store, wanted, csv, french=french)
        else:
            write = transfer.as_json if jsonl is not None else transfer.as_lines
            return _transfers.to_file(store, wanted, jsonl or lines or "-", write)
    return 0


def _check(targets: Sequence[str], chosen: Mapping[str, object]) -> None:
    """See that one thing is written, and that what chooses can choose of it.

    Raises:
        UsageError: naming what goes with what.
    """
    if len(targets) != 1:
        msg = (
            "say what to write: --csv, --jsonl, --lines, --alarms or --messages FILE (- for the terminal),"
            " --parquet FILE, --sqlite FILE, or --influx"
        )
        raise UsageError(msg)
    (target,) = targets
    for option, value in chosen.items():
        if value is not None and target not in GOES_WITH[option]:
            useful = ", ".join(name for name, goes in GOES_WITH.items() if target in goes)
            msg = f"{option} goes with {' or '.join(GOES_WITH[option])}, not with {target}: choose with {useful}"
            raise UsageError(msg)


def _database(store: StoreReader, target: Path, of: Sequence[Stretch] | None) -> None:
    """Write the store, or stretches of it, as a file of its own; one that is there is not replaced.

    Raises:
        UsageError: it is there, or cannot be written.
    """
    if target.exists():
        msg = f"{target} exists; name a file that does not"
        raise UsageError(msg)
    with _draft(target) as draft:
        copy(store, draft, of)


def _alarms(store: StoreReader, wanted: _transfers.Wanted) -> Iterator[Alarm]:
    """Give the alarms that were raised in the range asked for, newest first."""
    asked, within = wanted

    def is_within(alarm: Alarm) -> bool:
        every = ((asked.start, asked.stop),) if within is None else within.get(alarm.run, ())
        return any(start <= alarm.raised_at < stop for start, stop in every)

    def read(wanted: Asked) -> Found:
        with store.reader() as db:
            return AlarmStore(db).find(wanted)

    return alarm_pages(
        read,
        Asked(
            run=asked.run,
            devices=frozenset({asked.device} if isinstance(asked.device, str) else ()),
            within=is_within,
            limit=asked.limit,
        ),
    )


def _messages(
    folder: Path,
    name: str,
    sitting: Sitting | None,
    *,
    start: str | None,
    stop: str | None,
    topic: str,
    run: str | None,
) -> int:
    now = time.time_ns() if sitting is None else sitting.now(run or REAL, time.time_ns())
    first, last = _time("start", start, now, default=0), _time("stop", stop, now, default=LATEST)
    if sitting is not None:
        with _opened(name) as target:
            target.writelines(sitting.messages(start=first, stop=last, topic=topic, run=run))
        return 0
    with closing(place.reader(folder)) as reader, _opened(name) as target:
        for found in recorded(reader, start=first, stop=last, topic=topic, run=run):
            target.write(line(found))
    return 0


def _asked(
    store: StoreReader,
    sitting: Sitting | None,
    *,
    device: str | None,
    channel: str | None,
    run: str | None,
    start: str | None,
    stop: str | None,
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
    if sitting is not None:
        now = sitting.now(run or REAL, now)
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
    """Lend the file, replaced when it is whole if it is there, or the terminal.

    Raises:
        UsageError: it cannot be written.
    """
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _draft(Path(name)) as draft, draft.open("wb") as file:
        yield file


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """Lend a draft of a file (see `hub.drafts`).

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with whole(target) as draft:
            yield draft
    except OSError as error:
        msg = f"{target} cannot be written ({error.strerror}); name another file"
        raise UsageError(msg) from error
