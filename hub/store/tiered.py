"""InfluxDB's history while it is whole, the hub's own while InfluxDB is away or behind: charts never wait for it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hub.errors import StoreError
from hub.model import Reading
from hub.store.base import Aggregate, History, Range, Row, Rows, Series
from hub.store.influx import CURSOR

T = TypeVar("T")


class TieredHistory:
    """Two histories of the same readings (see the contract, `hub.store.base.History`)."""

    def __init__(self, near: History, far: History, *, whole: Callable[[], bool]) -> None:
        """Ask `far` while `whole()` says that it has everything, else `near`; also when `far` fails.

        Args:
            near: store.db: all that this data folder ever stored, always there.
            far: InfluxDB: also what other hubs and older data folders stored.
            whole: whether InfluxDB answers, lacks nothing older than a few seconds and has nothing that was forgotten.
        """
        self._near = near
        self._far = far
        self._whole = whole

    def write(self, readings: Sequence[Reading]) -> None:
        """Store them near; the outbox brings them to the other."""
        self._near.write(readings)

    def readings(self, asked: Range) -> Rows:
        """Return stored readings; a cursor goes to the one that gave it."""
        if asked.after is None:
            return self._ask(lambda history: history.readings(asked))
        return (self._far if asked.after.startswith(CURSOR) else self._near).readings(asked)

    def aggregate(self, asked: Range, kind: Aggregate, every: int | None) -> list[Row]:
        """Return one row a series and window."""
        return self._ask(lambda history: history.aggregate(asked, kind, every))

    def series(self, asked: Range, width: int) -> list[Series]:
        """Return curves of at most 2 × `width` points."""
        return self._ask(lambda history: history.series(asked, width))

    def last_time(self, device: str, run: str) -> int | None:
        """Return the time of a device's newest reading on a run."""
        return self._ask(lambda history: history.last_time(device, run))

    def _ask(self, question: Callable[[History], T]) -> T:
        if self._whole():
            try:
                return question(self._far)
            except StoreError:
                return question(self._near)
        return question(self._near)
