"""What to do with InfluxDB's answers: the table of reliability.md §2.7 as code. Pure but for `post`.

A line is given up only once it was refused by itself, or by name: whatever else fails is sent again, which changes
nothing. So a batch is delivered anew from its beginning after every pause.
"""

import random
import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from hub.errors import StoreError
from hub.store.influx_client import BUSY, Answer
from hub.store.outbox import BATCH

PROBE = 30.0
"""Seconds between two tries while something only a person can correct is wrong."""
FIRST, LONGEST = 0.5, 30.0
"""The first and the longest pause [s] of the exponential back-off."""
LONGEST_OBEYED = 3600.0
"""A Retry-After beyond this many seconds is taken for a mistake."""

MALFORMED, TOO_LARGE, PARTLY = 400, 413, 422
"""Nothing was written · nothing was written · what was not refused was written."""
_NAMED = re.compile(r"unable to parse '(.*?)': (.*)")
_DROPPED = re.compile(r"dropped(?:=| )(\d+)")


class PauseError(StoreError):
    """Nothing more can be sent for now; nothing of the batch counts as delivered.

    Attributes:
        answer: what InfluxDB said, if anything.
        blocked: only a person can correct it (address, organization, token, bucket).
    """

    def __init__(self, answer: Answer) -> None:
        """Judge the answer."""
        said = f"answered {answer.status}" if answer.status is not None else "did not answer"
        super().__init__(f"InfluxDB {said}: {answer.reason}")
        self.answer = answer
        self.blocked = answer.status is not None and answer.status not in BUSY

    def wait(self, failures: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
        """Return the seconds to wait after so many failures in a row: as told, else exponential with full jitter."""
        if self.answer.retry_after is not None:
            return min(self.answer.retry_after, LONGEST_OBEYED)
        return PROBE if self.blocked else back_off(failures, uniform)


def back_off(failures: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
    """Return the seconds to wait after so many failures in a row; there is no last try."""
    return uniform(0, min(LONGEST, FIRST * 2.0 ** min(failures, 20)))


class GivenUp(Struct, frozen=True):
    """A line that was refused, and why."""

    line: bytes
    reason: str


class Delivery:
    """Delivers batches by `post`, which sends lines in one request.

    Attributes:
        most: lines a request; halved for good when InfluxDB finds one too large.
    """

    def __init__(self, post: Callable[[Sequence[bytes]], Answer], most: int = BATCH) -> None:
        """Deliver by `post`."""
        self._post = post
        self._refused: list[GivenUp] = []
        self.most = most

    def deliver(self, lines: Sequence[bytes]) -> list[GivenUp]:
        """Deliver lines and return those that were refused.

        Raises:
            PauseError: try again later, all of it.
        """
        self._refused = []
        self._send(lines)
        return self._refused

    def _send(self, lines: Sequence[bytes]) -> None:
        while lines:
            if len(lines) > self.most:
                self._send(lines[: self.most])
                lines = lines[self.most :]
                continue
            answer = self._post(lines)
            if answer.fine:
                return
            lines = self._left(lines, answer)

    def _left(self, lines: Sequence[bytes], answer: Answer) -> Sequence[bytes]:
        """Judge an answer that is not fine, and return what is left to send."""
        if answer.status == MALFORMED:
            return self._without_malformed(lines, answer)
        if answer.status == TOO_LARGE and len(lines) > 1:
            self.most = len(lines) // 2
            return lines
        if answer.status == PARTLY and len(lines) > 1 and _dropped(answer) != len(lines):
            middle = len(lines) // 2  # what was not dropped is written, and is written again
            self._send(lines[:middle])
            return lines[middle:]
        if answer.status in {TOO_LARGE, PARTLY}:
            self._refused += [GivenUp(line, answer.reason) for line in lines]
            return []
        raise PauseError(answer)

    def _without_malformed(self, lines: Sequence[bytes], answer: Answer) -> Sequence[bytes]:
        """Find a malformed line, or all that InfluxDB names; return what is left to send.

        Nothing of what was refused is written, so half of it is sent, and half of the half that holds the line: 14
        requests for 5,000 lines, the last one with the line alone, and one for the rest.
        """
        named = _named(lines, answer)
        if named or len(lines) == 1:
            self._refused += named or [GivenUp(lines[0], answer.reason)]
            gone = {each.line for each in named}
            return [line for line in lines if line not in gone] if named else []
        low, high = 0, len(lines)
        while high - low > 1:
            middle = (low + high) // 2
            half = lines[low:middle]
            answer = self._post(half)
            if answer.status == MALFORMED:
                high = middle
            else:
                if not answer.fine:
                    self._send(half)
                low = middle
        self._send(lines[low:high])
        return lines[high:]


def _named(lines: Sequence[bytes], answer: Answer) -> list[GivenUp]:
    """Return the lines that InfluxDB named as malformed."""
    reasons = {line.encode(): reason for line, reason in _NAMED.findall(answer.reason)}
    return [GivenUp(line, reasons[line]) for line in lines if line in reasons]


def _dropped(answer: Answer) -> int | None:
    found = _DROPPED.search(answer.reason)
    return int(found[1]) if found else None
