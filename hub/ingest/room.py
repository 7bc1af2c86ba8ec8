"""How much disk the journal may take, and what happens when there is no more (reliability.md §2.4, Disk budget).

`Room` stands before the journal, with the same contract. What every reader has goes first; then, by the policy, what
comes is not acknowledged any more, or the oldest goes, counted. A reserve file is given up when the disk itself is
full, so that state and alarms can still be written.
"""

import logging
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from hub.errors import JournalError
from hub.ingest.gaps import Gap, Gaps, Why
from hub.journal.base import Store
from hub.model import NS, Message

Policy = Literal["drop_oldest", "stop_acknowledging"]
MOST = 2_000_000_000
SHARE = 5
"""Without a setting the journal takes 2 GB, or this part of the free space where that is less."""
TIDY = 0.75
"""From this share of the budget on, what every reader has goes: below the 80 % that warn, so only need reaches them."""
KEPT_NS = 15 * 60 * NS
"""What is younger stays within the budget: a store may be made again from it (design.md §1, Journal). As long is kept,
too, what another worker has still to read that says nothing any more."""
RESERVE = "reserve"
RESERVE_BYTES = 16 * 1024 * 1024
_SCARCE = RESERVE_BYTES // 4
_PLENTY = RESERVE_BYTES * 8
_RATE_OVER_S = 60.0
_EVER = 2**63 - 1
_LOG = logging.getLogger(__name__)


def default_budget(free: int) -> int:
    """Return the bytes that the journal may take on a disk with `free` bytes."""
    return min(MOST, free // SHARE)


class Room:
    """The journal within its budget.

    Attributes:
        full: nothing more is taken until a reader has caught up, or somebody frees space.
    """

    def __init__(
        self,
        journal: Store,
        folder: Path,
        *,
        budget: int,
        policy: Policy,
        gaps: Gaps,
        free: Callable[[], int] | None = None,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Take the journal in `folder`; `free` returns the bytes left on its disk."""
        self.full = False
        self.budget = budget
        self._journal = journal
        self._policy = policy
        self._gaps = gaps
        self._free = free or (lambda: shutil.disk_usage(folder).free)
        self._wall_ns = wall_ns
        self._reserve = folder / RESERVE
        self._readers: dict[str, tuple[int, int]] = {}
        self._looked = 0
        self._rate = 0.0
        self._measured: tuple[float, int] | None = None

    @property
    def end(self) -> int:
        """Position of the last committed record."""
        return self._journal.end

    @property
    def hours(self) -> float | None:
        """How long the budget lasts at the present rate [h]; None: nothing arrives."""
        return self.budget / self._rate / 3600 if self._rate >= 1 else None

    def erase(self, positions: Sequence[int]) -> int:
        """Empty records for ever (see the contract); takes no room."""
        return self._journal.erase(positions)

    def append(self, messages: Sequence[Message], *, epoch: int = 0, late: bool = False) -> int:
        """Commit the messages where there is room (see the contract).

        Raises:
            JournalError: there is none, or it cannot be written; nothing is to be acknowledged.
        """
        if self.full or self._journal.written - self._looked > self.budget // 100:
            self.look()
        if self.full:
            msg = f"the journal has reached its budget of {self.budget // 1_000_000} MB: nothing is acknowledged"
            raise JournalError(msg)
        try:
            return self._journal.append(messages, epoch=epoch, late=late)
        except JournalError:
            self._disk_may_be_full()
            raise

    def resumed(self, epoch: int, *, restarted: bool = False) -> None:
        """Compare the next group with what was heard before (see the contract)."""
        self._journal.resumed(epoch, restarted=restarted)

    def close(self) -> None:
        """Release the files."""
        self._journal.close()

    @property
    def _needed(self) -> int:
        """Return before which position every reader has all; of another worker, unless it was silent for long."""
        since = self._wall_ns() - KEPT_NS
        own, _ = self._readers.get("", (1, 0))
        return min([own, *(each for each, at in self._readers.values() if at > since)])

    def keep(self, position: int, who: str = "") -> None:
        """Note that every reader of a worker (ours unless told) has the records before `position`."""
        self._readers[who] = position, self._wall_ns()
        self.look()

    def look(self) -> None:
        """Make room where it is short; from what every reader has first."""
        self._looked = self._journal.written
        try:
            self._make_room()
            self.full = self._journal.used > self.budget
        except JournalError as error:
            _LOG.error("No room is made: %s", error)

    def tick(self, now: float) -> None:
        """Measure the rate, and keep the reserve: each second or so; `now` [s, monotonic]."""
        if self._measured is not None:
            before, written = self._measured
            share = min((now - before) / _RATE_OVER_S, 1.0)
            self._rate += share * ((self._journal.written - written) / max(now - before, 0.001) - self._rate)
        self._measured = now, self._journal.written
        self._keep_reserve()

    def _make_room(self) -> None:
        journal, now = self._journal, self._wall_ns()
        journal.make_room(int(self.budget * TIDY), below=self._needed, before=now - KEPT_NS)
        if journal.used > self.budget:
            journal.make_room(int(self.budget * TIDY), below=self._needed, before=now)
        if self._policy == "drop_oldest" and journal.used > self.budget:
            self._drop(int(self.budget * TIDY))

    def _drop(self, target: int) -> None:
        """Drop the oldest records, read or not, until `target` bytes are used; those that nobody had are counted."""
        since = self._journal.oldest
        gone = self._journal.make_room(target, below=self._journal.end + 1, before=_EVER)
        if gone:
            self._gaps.note(Gap(Why.JOURNAL, since, self._journal.oldest or self._wall_ns(), gone))
            _LOG.warning("The journal is full: its %d oldest messages went before anybody had read them", gone)

    def _disk_may_be_full(self) -> None:
        """Give up the reserve on a full disk, and by the policy the oldest records: their place is written again."""
        if self._free() >= _SCARCE:
            return
        self._reserve.unlink(missing_ok=True)
        if self._policy == "drop_oldest":
            try:
                self._drop(int(self._journal.used * (1 - 1 / SHARE)))
            except JournalError as error:
                _LOG.error("No room is made on the full disk: %s", error)

    def _keep_reserve(self) -> None:
        free = self._free()
        if free < _SCARCE:
            self._reserve.unlink(missing_ok=True)
        elif free > _PLENTY and not self._reserve.exists():
            _filled(self._reserve, RESERVE_BYTES)


def _filled(path: Path, size: int) -> None:
    """Make a file that really takes `size` bytes of the disk."""
    try:
        with path.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.write(bytes(size))
    except OSError as error:
        _LOG.info("No reserve is kept: %s", error)
        path.unlink(missing_ok=True)
