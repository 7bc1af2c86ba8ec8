"""What is read beside the event loop and then shown: what is shown last was read last, however many ask at once."""

import asyncio
from collections.abc import Awaitable, Callable


class Afresh:
    """Reads and shows again whenever somebody asks; those who wait for their turn are served by one reading."""

    def __init__(self, show: Callable[[], Awaitable[None]]) -> None:
        """Show nothing yet; `show` reads, then shows."""
        self._show = show
        self._turn = asyncio.Lock()
        self._asked = self._served = 0

    async def __call__(self) -> None:
        """Return once something is shown that was read after this call.

        Raises:
            Exception: whatever `show` raises; the next one reads again.
        """
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._served < mine:
                upto = self._asked
                await self._show()
                self._served = upto
