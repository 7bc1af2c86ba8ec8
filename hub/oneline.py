"""One record is one line of a log, whatever names people and devices give themselves (reliability.md §3.6, X17).

A line break in a topic would forge a line, an escape sequence would redraw the terminal that shows it, a name of a
megabyte would fill the disk: here control characters are written as their codes, what is long is cut, and the same
thing said again and again is counted instead.
"""

import logging
import re
import time
from collections.abc import Callable

LONGEST = 2000
"""Characters of a message."""
LONGEST_TRACE = 20_000
AGAIN = 20
"""Lines of one kind within `WINDOW_S`."""
WINDOW_S = 60.0
KINDS = 500
"""Kinds of lines that are counted: as many as the program has, and some more."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_IN_TRACE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def line(text: str, longest: int = LONGEST) -> str:
    """Return a text without control characters, line breaks and changes of direction among them, cut if long."""
    cut = text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"
    return _CONTROL.sub(_escaped, cut)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(match[0], f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")  # noqa: PLR2004 — one byte


class OneLine(logging.Formatter):
    """Formats as asked; a trace keeps its lines, each set in so that none looks like a record."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 — the library's name
        """Return the record's line."""
        record.message = line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 — the library's name
        """Return a trace, each of its lines set in."""
        return _set_in(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 — the library's name
        """Return a stack, each of its lines set in."""
        return _set_in(super().formatStack(stack_info))


def _set_in(text: str) -> str:
    cut = text if len(text) <= LONGEST_TRACE else f"…{text[-LONGEST_TRACE:]}"
    return "\n".join(f"  | {_IN_TRACE.sub(_escaped, each)}" for each in cut.split("\n"))


class Calm(logging.Filter):
    """Lets the same thing be said `AGAIN` times in `WINDOW_S`; what it kept back is told with the next that passes."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with nothing said; `monotonic`: clock [s]."""
        super().__init__()
        self._monotonic = monotonic
        self._said: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is written."""
        kind, now = (record.pathname, record.lineno, record.levelname), self._monotonic()
        since, count = self._said.pop(kind, (now, 0))
        kept_back = 0
        if now - since >= WINDOW_S:
            kept_back, since, count = max(count - AGAIN, 0), now, 0
        while len(self._said) >= KINDS:
            del self._said[next(iter(self._said))]
        self._said[kind] = (since, count + 1)
        if kept_back:
            record.msg, record.args = f"{line(record.getMessage())} (and {kept_back} more like it before)", None
        return count < AGAIN


def install() -> None:
    """Let every handler of this process write so; those that write in a form of their own keep it."""
    for handler in logging.getLogger().handlers:
        known = handler.formatter
        if type(known) is logging.Formatter:
            handler.setFormatter(OneLine(known._fmt, known.datefmt))  # noqa: SLF001 — it tells nobody
        handler.addFilter(Calm())
