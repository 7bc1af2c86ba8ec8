"""The tables' own runs beside a story's: each with its devices, seed and history, all at the story's speed."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

_LOG = logging.getLogger(__name__)

PATIENCE_S = 20.0
"""The next table begins when one has begun, at the latest after so long."""
AGAIN_S = 2.0
"""A run that broke down begins again after so long."""


class TableRun(Protocol):
    """A run of one table (`device_sims.runner.Run`)."""

    begun: asyncio.Event

    async def play(self, stop: asyncio.Event) -> None:
        """Play until told to stop."""

    async def follow_speed(self, speed: float) -> None:
        """Go as fast as the story."""


class Seat(NamedTuple):
    """A table that plays."""

    run: TableRun
    stop: asyncio.Event
    task: asyncio.Task[None]


class Company:
    """Keeps the tables playing that somebody wants."""

    def __init__(self, make: Callable[[int], TableRun], again_s: float = AGAIN_S) -> None:
        """Start with none.

        Args:
            make: makes the run of a table, for the story and speed of that moment.
            again_s: a run that broke down begins again after so long.
        """
        self._again_s = again_s
        self._make = make
        self._wanted: tuple[int, ...] = ()
        self._seats: dict[int, Seat] = {}
        self._filling: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def tables(self) -> tuple[int, ...]:
        """The tables that are to play, whether they have begun or not."""
        return self._wanted

    def seat(self, tables: Collection[int]) -> None:
        """Let these tables play, and no others; those that play already go on."""
        self._wanted = tuple(sorted({*tables}))
        for table in self._seats.keys() - {*self._wanted}:
            self._end(self._seats.pop(table))
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._fill(), name="tables")

    def _end(self, seat: Seat) -> None:
        seat.stop.set()
        self._ending.add(seat.task)
        seat.task.add_done_callback(self._ending.discard)

    async def _fill(self) -> None:
        """Begin one table after the other: their histories are made beside the story, which must not wait."""
        while missing := [each for each in self._wanted if each not in self._seats]:
            run, stop = self._make(missing[0]), asyncio.Event()
            task = asyncio.create_task(run.play(stop), name=f"table {missing[0]}")
            task.add_done_callback(self._ended)
            self._seats[missing[0]] = Seat(run, stop, task)
            begun = asyncio.create_task(run.begun.wait())
            await asyncio.wait({begun, task}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            begun.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Begin a table again whose run broke down: its broker was away, or the machine too busy."""
        self._seats = {table: seat for table, seat in self._seats.items() if seat.task is not task}
        if task.cancelled() or (error := task.exception()) is None:
            return
        _LOG.warning("%s begins again: %s", task.get_name(), error)
        asyncio.get_running_loop().call_later(self._again_s, lambda: self.seat(self._wanted))

    async def follow_speed(self, speed: float) -> None:
        """Let every table go as fast as the story."""
        await asyncio.gather(*(seat.run.follow_speed(speed) for seat in self._seats.values()))

    async def leave(self) -> None:
        """End all of them."""
        self._wanted = ()
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)
        for seat in self._seats.values():
            self._end(seat)
        self._seats.clear()
        await asyncio.gather(*self._ending, return_exceptions=True)
