"""Tells what waits in the outbox: each notice by its way, tried again with growing pauses, given up in the end."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from hub.errors import HubError
from hub.model import NS
from hub.notify.retry import pause
from hub.notify.ways import NotToldError
from hub.rules.flood import Flood
from hub.store.notices import Notice
from hub.waiting import soon

_LOG = logging.getLogger(__name__)

LONGEST_S = 60.0
"""Seconds between two looks at what waits, where nobody says that there is something."""
LATELY = 3600 * NS
"""How long [ns] it is told that a notice was given up."""
Tell = Callable[[Notice, Flood | None], Awaitable[None]]
"""Tells a notice, or the flood that began with it; raises `NotToldError`."""


class Outbox(Protocol):
    """What waits, and what becomes of it (`hub.kept`)."""

    async def waiting(self) -> Sequence[Notice]:
        """Return what waits, oldest first."""

    async def settle(self, done: Collection[int], again: Mapping[int, int]) -> None:
        """Let go what was told or never will be; try others again at a time [ns]."""


class Standing(Struct):
    """How one way goes.

    Attributes:
        reason: why the newest try failed; None: it did not.
        given_up: when [ns] a notice was last given up, and why.
    """

    reason: str | None = None
    given_up: tuple[int, str] | None = None


class Notifier:
    """Looks at the outbox, on the event loop."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        ways: Mapping[str, Tell],
        flood_at: Callable[[Notice], Flood | None],
        wall: Callable[[], int],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing is told before `run`.

        Args:
            outbox: what waits.
            ways: way → how it is told.
            flood_at: the flood that was under way when a notice's alarm was raised.
            wall: wall clock [ns].
            chance: between 0 and 1.
        """
        self._outbox = outbox
        self._ways = ways
        self._flood_at = flood_at
        self._wall = wall
        self._chance = chance
        self._woken = asyncio.Event()
        self.standing: dict[str, Standing] = {way: Standing() for way in ways}
        self.told: Counter[str] = Counter()
        self.grouped = self.failed = self.lost = 0

    def wake(self) -> None:
        """Say that something may wait."""
        self._woken.set()

    async def run(self) -> None:
        """Tell what waits, for ever."""
        while True:
            self._woken.clear()
            try:
                wait = await self.step()
            except HubError as error:  # the store; it says so itself where people look
                _LOG.info("Nobody is told for now: %s", error)
                wait = LONGEST_S
            await soon(self._woken, wait)

    async def step(self) -> float:
        """Tell what is due, oldest first; return how long until something else is [s]."""
        waiting = await self._outbox.waiting()
        now = self._wall()
        for way in {each.way for each in waiting}:
            mine = [each for each in waiting if each.way == way]
            if mine[0].due <= now:
                await self._tell_all(way, mine)
        left = await self._outbox.waiting()
        heads = {each.way: each.due for each in reversed(left)}
        return min([max((due - self._wall()) / NS, 0.05) for due in heads.values()] + [LONGEST_S])

    async def _tell_all(self, way: str, waiting: Sequence[Notice]) -> None:
        """Tell one way's notices in their order, until one fails: what follows would fail too."""
        for notice in waiting:
            try:
                await self._tell(way, notice)
            except NotToldError as error:
                if not await self._failed(way, notice, error):
                    return
            else:
                await self._outbox.settle([notice.id], {})

    async def _tell(self, way: str, notice: Notice) -> None:
        tell = self._ways.get(way)
        if tell is None:  # a setting is gone since
            return
        flood = self._flood_at(notice)
        if flood is not None and notice.said.alarm.raised_at > flood.since:
            self.grouped += 1
            return
        await tell(notice, flood)
        self.told[way] += 1
        self.standing[way].reason = None

    async def _failed(self, way: str, notice: Notice, error: NotToldError) -> bool:
        """Try again later, or give up; tell whether the next may be tried at once."""
        self.failed += 1
        tries = notice.tries + 1
        wait = None if error.is_final else pause(tries, self._chance())
        self.standing[way].reason = f"{error}"
        if wait is not None:
            await self._outbox.settle([], {notice.id: self._wall() + wait})
            return False
        self.lost += 1
        self.standing[way].given_up = self._wall(), f"{error}"
        _LOG.warning("%s was not told by %s, %d tries: %s", notice.key, way, tries, error)
        await self._outbox.settle([notice.id], {})
        return True

    def trouble(self) -> tuple[str, str] | None:
        """Return the way that does not work, and why; None: all do."""
        for way, each in self.standing.items():
            if each.reason is not None:
                return way, each.reason
            if each.given_up is not None and self._wall() - each.given_up[0] < LATELY:
                return way, each.given_up[1]
        return None

    def counters(self) -> Mapping[str, Any]:
        """Return what is counted, for /metrics."""
        return {
            "notices_told_total": self.told.total(),
            "notices_grouped_total": self.grouped,
            "notices_failed_total": self.failed,
            "notices_lost_total": self.lost,
        }
