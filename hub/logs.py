"""What every process of the hub writes to its log: one line an event, in words or (`HUB_LOG_FORMAT=json`) as JSON.

The rules of house.md §2.17, whatever a device or another package puts into a message: no line break and no terminal
code comes through, no password of an address, and what repeats is counted instead of filling the disk. Imports nothing
of ours: simulators and the receiving process take it too.
"""

import json
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO

FORMAT = "HUB_LOG_FORMAT"
LEVEL = "HUB_LOG"
AT_MOST = 20
"""Events of one kind that are written within a minute; an alarm storm in the story has fewer."""
WINDOW_S = 60.0
MOST_KINDS = 500
"""Kinds remembered: another package may make a new one of each message."""
LONGEST = 2_000
"""Characters of a message."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LOGIN = re.compile(r"(?<=://)([^\s/@:]*):[^\s/]*@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "left_out"}


def plain(text: str) -> str:
    r"""Return a text that stays on its line and moves no terminal, without passwords: a line break becomes `\n`."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    hidden = _BEARER.sub(r"\1 ***", _LOGIN.sub(r"\1:***@", cut))
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), hidden)


def _said(record: logging.LogRecord) -> str:
    left_out = getattr(record, "left_out", 0)
    return plain(record.getMessage()) + (f" ({left_out} more like this were left out)" if left_out else "")


def _trace(record: logging.LogRecord) -> list[str]:
    """Return where an error came from, `file:line name`, the innermost last."""
    error = record.exc_info[1] if record.exc_info else None
    frames = traceback.extract_tb(error.__traceback__) if error is not None else []
    return [f"{os.path.basename(each.filename)}:{each.lineno} {each.name}" for each in frames]  # noqa: PTH119 — a name only


def _error(record: logging.LogRecord) -> str | None:
    error = record.exc_info[1] if record.exc_info else None
    return None if error is None else plain(f"{type(error).__name__}: {error}")


def _time(record: logging.LogRecord) -> str:
    """Return RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Words(logging.Formatter):
    """`2026-11-27T09:00:00.123Z WARNING hub.worker: message`, an error with its origin on the same line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = f"{_time(record)} {record.levelname} {record.name}: {_said(record)}"
        error = _error(record)
        return line if error is None else f"{line} | {error} [{' > '.join(_trace(record))}]"


class Json(logging.Formatter):
    """One object a line: `time`, `level`, `process`, `logger`, `message`, and where there are any `fields`, `error`."""

    def __init__(self, process: str) -> None:
        """Name the process that speaks."""
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = {key: value for key, value in vars(record).items() if key not in _KNOWN}
        said: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": _said(record),
        }
        if fields:
            said["fields"] = {key: _value(each) for key, each in fields.items()}
        if (error := _error(record)) is not None:
            said["error"], said["trace"] = error, _trace(record)
        return json.dumps(said, ensure_ascii=False)


def _value(found: object) -> object:
    return found if found is None or isinstance(found, bool | int | float) else plain(str(found))


class Repeats(logging.Filter):
    """Lets so many events of one kind (logger and wording) through each minute; the next one says how many were not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Count from now on; `clock` [s]."""
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether it is written."""
        kind, now = (record.name, str(record.msg)[:200]), self._clock()
        began, count = self._seen.get(kind, (now, 0))
        if now - began >= WINDOW_S:
            record.left_out = max(count - AT_MOST, 0)
            began, count = now, 0
        if kind not in self._seen and len(self._seen) >= MOST_KINDS:
            del self._seen[next(iter(self._seen))]
        self._seen[kind] = began, count + 1
        return count < AT_MOST


def configure(process: str, level: str = "WARNING", stream: IO[str] | None = None) -> None:
    """Let this process write its log to standard error as the environment wants it; for a `main` only.

    Args:
        process: which one speaks.
        level: the least that is written where `HUB_LOG` says nothing.
        stream: instead of standard error.
    """
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(Json(process) if os.environ.get(FORMAT) == "json" else Words())
    handler.addFilter(Repeats())
    wanted = os.environ.get(LEVEL, "").upper()
    known = wanted in logging.getLevelNamesMapping()
    logging.basicConfig(level=wanted if known else level, handlers=[handler])
