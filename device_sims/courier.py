"""What a run says faster than a broker carries (above ×60): handed to the hub's import door, one request at a time."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from device_sims import door
from device_sims.announce import Announcement
from device_sims.errors import SimulationError
from device_sims.world import Emission

HUB_PATIENCE_S = 30.0
"""How long a hub that is starting may take before the run goes on without it."""
_LOG = logging.getLogger(__name__)


class Courier:
    """Messages on their way; what comes while some are being handed over waits for the next time."""

    def __init__(self, hub: Callable[[], door.Hub | None], start: datetime, said: Callable[[], Announcement]) -> None:
        """Prepare it.

        Args:
            hub: where the living hub is.
            start: of the run.
            said: the run's announcement, as it is now.
        """
        self._hub, self._start, self._said = hub, start, said
        self._waiting: list[Emission] = []
        self._posting: asyncio.Task[None] | None = None
        self._leaving = False

    def take(self, said: Iterable[Emission]) -> None:
        """Take messages in."""
        self._waiting.extend(said)

    def go(self) -> None:
        """Hand over what waits, unless that is being done."""
        if self._waiting and self._posting is None:
            self._posting = asyncio.create_task(self._post(), name="import door")

    def leave(self) -> None:
        """Hand over no more."""
        self._leaving = True

    async def _post(self) -> None:
        try:
            while self._waiting and not self._leaving:
                lines, self._waiting = door.lines(self._waiting), []
                said = self._said()
                bodies = door.requests(said, self._start, lines)
                await asyncio.to_thread(
                    door.post, self._hub, said.run, bodies, patience_s=HUB_PATIENCE_S, stopped=lambda: self._leaving
                )
        except SimulationError as error:
            _LOG.warning("%s", error)
        finally:
            self._posting = None
