"""What may be missing, and of when: kept in a file beside the journal, so that no restart forgets it (`gaps.json`).

reliability.md §1.1: a gap is shown where the hub knows that something may be missing; §3.1: each loss appears as one.
"""

import contextlib
import logging
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.model import NS

FILE = "gaps.json"
NEWEST = 20
MERGED = 60 * NS
"""Two gaps of one kind that lie closer than this are one."""
_LOG = logging.getLogger(__name__)


class Why(StrEnum):
    """What made a gap."""

    SESSION = "session"
    """The broker knows our session no more, and with it what waited for us."""
    RESTART = "restart"
    """The broker was restarted, and what it had confirmed after its last snapshot is gone."""
    QUEUE = "queue"
    """We were away, or slow, for longer than the broker's queue lasts."""
    JOURNAL = "journal"
    """The journal was full, and its oldest messages went before they were read."""


class Gap(Struct, frozen=True):
    """A stretch of time of which messages may be missing.

    Attributes:
        why: what made it.
        since, until: between which times [ns].
        messages: how many are missing; None: nobody can tell, perhaps none.
    """

    why: Why
    since: int
    until: int
    messages: int | None = None


class _Kept(Struct):
    """The file.

    Attributes:
        possible: gaps of which nobody knows whether anything is missing.
        dropped: messages that went from a full journal.
        newest: the last gaps, oldest first.
        started: when the broker was started, as far as it said [ns].
    """

    possible: int = 0
    dropped: int = 0
    newest: list[Gap] = []
    started: int | None = None


class Gaps:
    """The book of gaps; one thread writes it."""

    def __init__(self, folder: Path) -> None:
        """Read the book in `folder`; one that cannot be read begins anew."""
        self._path = folder / FILE
        self._kept = _Kept()
        with contextlib.suppress(FileNotFoundError):
            try:
                self._kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
            except (msgspec.DecodeError, PermissionError) as error:
                _LOG.warning("The list of gaps cannot be read and begins anew: %s", error)

    @property
    def possible(self) -> int:
        """How many gaps there were of which nobody knows whether anything is missing."""
        return self._kept.possible

    @property
    def dropped(self) -> int:
        """How many messages went from a full journal, ever."""
        return self._kept.dropped

    @property
    def newest(self) -> list[Gap]:
        """The last gaps, oldest first."""
        return [*self._kept.newest]

    @property
    def started(self) -> int | None:
        """When the broker that was met last had been started [ns]; None: it never said."""
        return self._kept.started

    @started.setter
    def started(self, at: int) -> None:
        self._kept.started = at
        self._write()

    def note(self, gap: Gap) -> None:
        """Take a gap down."""
        kept, last = self._kept, self._kept.newest[-1] if self._kept.newest else None
        kept.dropped += gap.messages or 0
        if gap.messages is None:
            kept.possible += 1
        if last is not None and last.why == gap.why and gap.since - last.until < MERGED:
            messages = None if gap.messages is None else (last.messages or 0) + gap.messages
            kept.newest[-1] = Gap(gap.why, min(last.since, gap.since), max(last.until, gap.until), messages)
        else:
            kept.newest = [*kept.newest, gap][-NEWEST:]
        self._write()

    def _write(self) -> None:
        draft = self._path.with_suffix(".new")
        try:
            draft.write_bytes(msgspec.json.encode(self._kept))
            draft.replace(self._path)
        except OSError as error:
            _LOG.error("The list of gaps cannot be written: %s", error)
