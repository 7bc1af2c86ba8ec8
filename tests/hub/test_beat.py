"""What looks once in a while looks together (hub/beat.py)."""

import asyncio

from hub.beat import beat, next_beat


async def test_whoever_asks_meanwhile_is_told_the_same_moment() -> None:
    """A whole multiple of the period, ahead by a period at most."""
    now = asyncio.get_running_loop().time()
    due = next_beat(1000.0)
    assert due % 1000 == 0
    assert now < due <= now + 1000.1
    await asyncio.sleep(0)
    assert next_beat(1000.0) in {due, due + 1000}


async def test_those_that_wait_for_a_beat_wake_in_one_turn_of_the_loop() -> None:
    """Whenever they began to wait: an idle hub wakes once for all of them."""
    turns: list[int] = []
    loop, turn = asyncio.get_running_loop(), 0

    async def wait(pause: float) -> None:
        await asyncio.sleep(pause)
        await beat(0.2)
        turns.append(turn)

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    await beat(0.2)
    waiting = asyncio.gather(*(wait(pause / 1000) for pause in (1, 5, 9)))
    await asyncio.sleep(0.15)
    count()
    await waiting
    assert max(turns) - min(turns) <= 1
