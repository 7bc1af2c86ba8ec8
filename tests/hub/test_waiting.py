"""Waiting for a word, though not for ever (hub/waiting.py)."""

import asyncio
import contextlib

import pytest

from hub.waiting import soon


async def test_who_waits_goes_on_with_the_word_or_without_it() -> None:
    """A word that was there before is not waited for."""
    event = asyncio.Event()
    await soon(event, 0.001)
    assert not event.is_set()
    asyncio.get_running_loop().call_soon(event.set)
    await soon(event, 3600)
    assert event.is_set()
    await soon(event, 0)


@pytest.mark.parametrize("turns", range(4))
async def test_who_is_ended_while_waiting_ends_even_if_the_word_comes_at_the_same_moment(turns: int) -> None:
    """Decision 37: one that waits in a loop would go on, and who ended it would wait for it without end."""
    event = asyncio.Event()

    async def listen() -> None:
        while True:
            await soon(event, 3600)
            event.clear()

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.timeout(30):
            await task
    assert task.cancelled()
