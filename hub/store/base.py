"""The history contract: readings in, ranges and drawable series out. Every store passes the same tests."""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from hub.model import REAL, Quality, Reading

Aggregate = Literal["count", "mean", "min", "max", "last"]


class Range(Struct, frozen=True, kw_only=True):
    """What to read. Times [ns]; `start` included, `stop` excluded.

    Attributes:
        device: uid, or the uids of a device that was merged; None for all.
        channel: None for all.
        run: one timeline, or None for all.
        limit: most rows returned.
        after: opaque cursor of the previous answer.
    """

    device: str | tuple[str, ...] | None = None
    channel: str | None = None
    run: str | None = REAL
    start: int = 0
    stop: int = 2**63 - 1
    limit: int = 1000
    after: str | None = None


class Row(Struct, frozen=True, gc=False):
    """One stored reading, or one window of an aggregate (`time` is the window's start)."""

    device: str
    channel: str
    unit: str | None
    run: str
    time: int
    value: float
    quality: Quality = Quality.GOOD


class Rows(Struct, frozen=True):
    """An answer and the cursor of the next one (None at the end)."""

    rows: list[Row]
    after: str | None = None


class Series(Struct, frozen=True):
    """A drawable curve of at most 2 × width points, times [s]; a gap is one point whose value is None.

    `low` and `high` hold the extremes of each drawn point's window, and are empty when nothing was thinned out.
    """

    device: str
    channel: str
    unit: str | None
    run: str
    t: list[float]
    v: list[float | None]
    low: list[float | None]
    high: list[float | None]


class Past(Protocol):
    """Stored readings, for reading only."""

    def readings(self, asked: Range) -> Rows:
        """Return stored readings in order of time, then series."""

    def aggregate(self, asked: Range, kind: Aggregate, every: int | None) -> list[Row]:
        """Return one row a series and window of `every` ns (None: the whole range as one window)."""

    def series(self, asked: Range, width: int) -> list[Series]:
        """Return curves of at most 2 × `width` points each; extremes survive thinning out."""


class History(Past, Protocol):
    """A store of readings."""

    def write(self, readings: Sequence[Reading]) -> None:
        """Store them; the same (series, run, time, tie) again changes nothing.

        Raises:
            StoreError: none of them counts as stored; try again.
        """

    def last_time(self, device: str, run: str) -> int | None:
        """Return the time of a device's newest reading on a run."""
