"""Whatever looks once in a while looks at the same moment: an idle hub wakes once for all of it."""

import asyncio
import time

_EARLY_S = time.get_clock_info("monotonic").resolution
"""How much too early the loop may wake somebody: 16 ms in Windows. What is so near was met already."""


def next_beat(period: float = 1.0) -> float:
    """Return the next whole multiple of a period [s] on the running loop's clock."""
    now = asyncio.get_running_loop().time()
    return ((now + _EARLY_S) // period + 1) * period


async def beat(period: float = 1.0) -> None:
    """Sleep until the next whole multiple of a period [s] on the loop's clock."""
    met = asyncio.Event()
    timer = asyncio.get_running_loop().call_at(next_beat(period), met.set)
    try:
        await met.wait()
    finally:
        timer.cancel()


async def woken(event: asyncio.Event, period: float = 1.0) -> bool:
    """Wait until an event is set, or until the next whole multiple of a period [s]; return whether it was set."""
    try:
        async with asyncio.timeout_at(next_beat(period)):
            return await event.wait()
    except TimeoutError:
        return False
