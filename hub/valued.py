"""What the tables' stories may be worth, side by side: each by its own readings and its own hypotheses."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from hub.errors import HubError
from hub.measured import Looking
from hub.tables import Tables
from hub.usecases import costing
from hub.usecases.choosing import Choices
from hub.usecases.costing import Told
from hub.usecases.money import worth
from hub.usecases.schema import UseCase

EVERY = 10.0
"""How often [s] the tables' readings are read for it."""


class Valued:
    """Keeps the first money card of each table's story; on the event loop, reading beside it."""

    def __init__(
        self,
        tables: Tables,
        cases: Mapping[str, UseCase],
        *,
        looking: Callable[[UseCase, str], Looking],
        chosen: Callable[[str, int], Choices],
        now: Callable[[str], int],
    ) -> None:
        """Know where to look.

        Args:
            tables: whose worth it is.
            cases: the use cases.
            looking: use case, run → its past.
            chosen: use case, table → what was chosen.
            now: run → its time [ns].
        """
        self._tables = tables
        self._cases = cases
        self._looking = looking
        self._chosen = chosen
        self._now = now
        self._told: dict[int, Mapping[str, Told]] = {}

    async def run(self) -> None:
        """Look at one table after the other, for ever."""
        while True:
            for table in self._tables.wanted.tables:
                with contextlib.suppress(HubError):  # the store's trouble is said where people look
                    await self._look(table)
            await asyncio.sleep(EVERY)

    async def _look(self, table: int) -> None:
        at = self._tables.view(table)
        if at is None:
            self._tables.value(table, None)
            return
        looking, until = self._looking(self._cases[at.usecase], at.view.run), self._now(at.view.run)
        self._told[table] = await asyncio.to_thread(looking.told, 0, until)
        self.again(table)

    def again(self, table: int) -> None:
        """Say it anew, by what was read last: a hypothesis has changed."""
        at = self._tables.view(table)
        case = None if at is None else self._cases[at.usecase]
        if case is None or not case.money:
            return
        card = case.money[0]
        figures = costing.values(case, self._chosen(case.name, table), self._told.get(table, {}))
        said = {"value": worth(card, figures), "unit": card.unit.as_dict, "title": card.title.as_dict}
        self._tables.value(table, said)
