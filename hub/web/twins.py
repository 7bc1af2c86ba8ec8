"""The story on the projector follows its cast: beside a real device it plays now, at ×1; alone it plays its own day."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable

from hub.beat import woken
from hub.errors import NotFoundError
from hub.web.hub import Hub
from hub.web.problems import Problem
from hub.web.runners import Runners, State

_LOG = logging.getLogger(__name__)

NOW = "now"
"""The clock of a twin, as a runner understands it."""
LOOK_S = 1.0
LATE_S = 10.0
"""How long a twin may be off the wall's clock before it begins anew: its first beats take a moment."""


def played(hub: Hub, state: State) -> set[str]:
    """Return the use cases that a run plays."""
    run = hub.live.runs.get(state.run)
    return {state.usecase, *(() if run is None else run.days)}


def real_devices(hub: Hub, usecases: Iterable[str]) -> list[str]:
    """Return the real devices that play in use cases; a scenario of no use case has no roles."""
    found: list[str] = []
    for name in sorted(usecases):
        with contextlib.suppress(NotFoundError):
            roles = hub.usecase(name).get("roles", ())
            found += [str(role["device"]) for role in roles if role["state"] == "real"]
    return list(dict.fromkeys(found))


class Twins:
    """Asks the runner on the projector for the timeline that its cast needs."""

    def __init__(self, hub: Hub, runners: Runners, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Know both; `follow` begins."""
        self._hub = hub
        self._runners = runners
        self._monotonic = monotonic
        self._late_since: float | None = None
        self._refused = ("", False)
        self._cast = asyncio.Event()
        self._looking = asyncio.Lock()

    def hurry(self) -> None:
        """Look at once: the cast has changed."""
        self._cast.set()

    async def follow(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await woken(self._cast, LOOK_S)
            self._cast.clear()
            await self.look()

    async def look(self) -> None:
        """Ask for another timeline where the one played does not suit the cast; whoever looks meanwhile waits."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        runner = self._runners.newest
        state = None if runner is None else runner.state
        if runner is None or state is None or state.state == "preparing":
            return
        is_real = any(self._hub.is_real(name) for name in played(self._hub, state))
        suits = is_real is state.twin and not (is_real and self._is_late(state))
        if suits or self._refused == (state.run, is_real):
            return
        self._late_since = None
        try:
            await runner.ask("scenario", clock=NOW if is_real else None)
        except Problem as problem:
            if problem.code == "refused":  # a replay has its own time
                self._refused = state.run, is_real
            _LOG.info("%s does not follow its cast: %s", state.run, problem)
        else:
            await self._runners.other_than(state.run)

    def _is_late(self, state: State) -> bool:
        """Tell whether a twin has been off the wall's clock for a while: a lid was closed."""
        run = self._hub.live.runs.get(state.run)
        if run is not None and run.is_now:
            self._late_since = None
            return False
        now = self._monotonic()
        self._late_since = now if self._late_since is None else self._late_since
        return now - self._late_since > LATE_S
