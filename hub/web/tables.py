"""Sees that the tables play that are wanted: asks the story's runner, again after it or the hub has been away."""

import asyncio
import logging

from hub.beat import woken
from hub.web.hub import Hub
from hub.web.problems import Problem
from hub.web.runners import Runners

_LOG = logging.getLogger(__name__)

LOOK_S = 1.0


class TableKeeper:
    """Keeps the runner's tables those that a facilitator wants."""

    def __init__(self, hub: Hub, runners: Runners) -> None:
        """Know both; `follow` begins."""
        self._hub = hub
        self._runners = runners
        self._asked = asyncio.Event()
        self._refused: tuple[str, tuple[int, ...]] | None = None

    def hurry(self) -> None:
        """Look at once: something else is wanted."""
        self._refused = None
        self._asked.set()

    async def follow(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await woken(self._asked, LOOK_S)
            self._asked.clear()
            await self.look()

    async def look(self) -> None:
        """Ask for the tables that are wanted where others play; a runner that cannot is asked once."""
        runner, wanted = self._runners.story(), self._hub.tables.wanted.tables
        state = None if runner is None else runner.state
        if runner is None or state is None or state.state == "preparing" or state.tables == wanted:
            return
        if self._refused == (state.run, wanted):
            return
        try:
            await runner.ask("tables", tables=wanted)
        except Problem as problem:
            if problem.code == "refused":
                self._refused = state.run, wanted
            _LOG.info("%s does not give the tables their simulators: %s", state.run, problem)
