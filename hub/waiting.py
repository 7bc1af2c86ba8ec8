"""Waiting for a word, though not for ever (decision 37). Imports nothing of ours: simulators take it too."""

import asyncio
import contextlib


async def soon(event: asyncio.Event, patience_s: float) -> None:
    """Wait until an event is set, or for so long [s]; who is cancelled meanwhile ends, whatever comes beside it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            await event.wait()
