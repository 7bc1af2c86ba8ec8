"""Whatever looks once in a while looks at the same moment: an idle hub wakes once for all of it."""

import asyncio


def next_beat(period: float = 1.0) -> float:
    """Return the next whole multiple of a period [s] on the running loop's clock, for `asyncio.timeout_at`."""
    now = asyncio.get_running_loop().time()
    return (now // period + 1) * period


async def beat(period: float = 1.0) -> None:
    """Sleep until the next whole multiple of a period [s] on the loop's clock."""
    await asyncio.sleep(next_beat(period) - asyncio.get_running_loop().time())
