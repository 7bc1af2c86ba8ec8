"""What is shown last was read last (hub/afresh.py)."""

import asyncio
import threading

import pytest

from hub.afresh import Afresh


class Votes:
    """A count that is read in a thread, slowly the first time, and shown on a screen."""

    def __init__(self) -> None:
        """Start with one vote."""
        self.count = 1
        self.reads, self.begun, self.go = 0, asyncio.Event(), threading.Event()
        self.screen: list[int] = []
        self._loop = asyncio.get_running_loop()

    def _read(self) -> int:
        self.reads += 1
        seen = self.count
        if self.reads == 1:
            self._loop.call_soon_threadsafe(self.begun.set)
            self.go.wait(30)
        return seen

    async def show(self) -> None:
        """Read, then show."""
        self.screen.append(await asyncio.to_thread(self._read))


async def test_whoever_reads_slowly_never_puts_back_what_was_shown_since() -> None:
    """Fifty phones vote in a second: the last count stays on the wall, and nobody waits for fifty readings."""
    votes = Votes()
    show = Afresh(votes.show)
    first = asyncio.create_task(show())
    await votes.begun.wait()
    others = []
    for _ in range(49):
        votes.count += 1
        others.append(asyncio.create_task(show()))
        await asyncio.sleep(0)
    votes.go.set()
    await asyncio.gather(first, *others)
    assert votes.screen == [1, 50]


async def test_one_that_fails_leaves_it_to_the_next() -> None:
    """The store was away for a moment."""
    tries = iter([True, False])

    async def show() -> None:
        if next(tries):
            msg = "away"
            raise OSError(msg)

    shown = Afresh(show)
    failing, next_one = asyncio.create_task(shown()), asyncio.create_task(shown())
    with pytest.raises(OSError, match="away"):
        await failing
    await next_one
    assert next(tries, None) is None
