"""Lets a driver of another package read again what it missed: journalled messages, in order, before its newer ones.

While it does, its newer messages are put back too (`Guest.held`), so that each device's messages stay in order; the
others' go on between two chunks. Values are stored at their own times, alarms are not raised (design.md §1, Rule).
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future

from hub.errors import HubError
from hub.guests.house import Guests
from hub.journal.base import JournalReader
from hub.kept import Kept
from hub.model import Record
from hub.registry import Registry
from hub.understand import Changes
from hub.worker import RETRY, Worker

_LOG = logging.getLogger(__name__)

CHUNK = 1000
"""Records looked at between two steps of the worker."""


class Rereading:
    """The messages that drivers still owe; everything runs in the worker's thread."""

    def __init__(
        self, *, reader: JournalReader, kept: Kept, worker: Worker, registry: Registry, guests: Guests
    ) -> None:
        """Read this journal for these drivers; nothing begins yet."""
        self._reader = reader
        self._kept = kept
        self._worker = worker
        self._registry = registry
        self._guests = guests
        self._next: dict[str, int] = {}
        self._owed: dict[str, int] = {}

    def resume(self) -> None:
        """Go on with what an earlier life of the hub had begun, or a command asked for while it was away."""
        for model, absence in self._kept.absences().items():
            found = next((each for each in self._guests.guests if each.name == model), None)
            if absence.again and found is not None and found.off is None:
                found.held = True
                self.begin(model)

    def begin(self, model: str) -> None:
        """Read from the first message that a driver missed; a driver that missed none goes on at once."""
        missed = self._kept.absences().get(model)
        if missed is None or missed.missed is None:
            self._kept.put_absence(model, off=None, again=False)
            self._guests.named(model).held = False
            return
        self._kept.put_absence(model, off=None, again=True)
        self._next[model] = missed.missed
        self._owed.pop(model, None)
        self._later(model)

    def _later(self, model: str) -> None:
        self._worker.call(lambda: self._go_on(model)).add_done_callback(_tell)

    def _go_on(self, model: str) -> None:
        """Read one chunk; after the last one the driver takes its messages as they come."""
        guest = self._guests.named(model)
        if guest.off is not None or not guest.held:
            return
        start = self._next[model]
        found = self._reader.read(start - 1, CHUNK)
        records = [each for each in found if each.position <= self._worker.position]
        if not records:
            self._end(model)
            return
        self._next[model] = records[-1].position + 1
        mine = [each for each in records if self._is_owed(model, each)]
        guest.held = False
        try:
            self._take(model, mine)
        except HubError:  # the store's trouble: tried again
            self._next[model] = start
            time.sleep(RETRY)
            raise
        finally:
            guest.held = guest.off is None
            self._later(model)

    def _take(self, model: str, mine: Sequence[Record]) -> None:
        def noted(changes: Changes, position: int) -> None:
            again = changes.missed.pop(model, None)
            if again is not None:
                self._owed.setdefault(model, again)
            changes.read_again[model] = self._owed.get(model, position + 1)

        self._worker.take_again(mine, noted)

    def _end(self, model: str) -> None:
        guest, owed = self._guests.named(model), self._owed.get(model)
        self._kept.put_absence(model, missed=owed, again=False)
        guest.held = False
        _LOG.warning(
            "Driver %s has read what it missed%s", model, "" if owed is None else f", but from {owed} on not all"
        )

    def _is_owed(self, model: str, record: Record) -> bool:
        """Tell whether a record is this driver's; what a simulation said is left: its run may be over."""
        message = record.message
        if not self._registry.takes(model, message.topic):
            return False
        return message.run is not None or self._worker.understanding.timelines.of(message.topic) is None


def _tell(done: "Future[None]") -> None:
    error = done.exception() if not done.cancelled() else None
    if error is not None:
        _LOG.error("Reading again failed and goes on: %s", error)
