"""What looks once in a while looks together (hub/beat.py)."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hub import beat as module
from hub.beat import beat, next_beat
from servers.clock import Clock


class Slow(Clock):
    """A clock of a process that others keep from running: it goes on between two looks."""

    def __call__(self) -> float:
        """Return the time [s]."""
        self.now += 0.01
        return self.now


@contextmanager
def timed(clock: Clock) -> Iterator[Clock]:
    """Give the running loop another clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.get_running_loop(), "time", clock)
        yield clock


async def test_whoever_asks_meanwhile_is_told_the_same_moment() -> None:
    """The next whole multiple of the period."""
    with timed(Clock()) as clock:
        for clock.now in (3000.0, 3000.1, 3999.9):
            assert next_beat(1000.0) == 4000


async def test_whoever_is_woken_a_tick_too_early_waits_for_the_beat_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Windows: one beat would come twice."""
    monkeypatch.setattr(module, "_EARLY_S", 0.0156)
    with timed(Clock(10.99)) as clock:
        assert next_beat() == 12
        clock.now = 10.98
        assert next_beat() == 11


async def test_those_that_wait_for_a_beat_wake_in_one_turn_of_the_loop() -> None:
    """Whenever they began to wait: an idle hub wakes once for all of them."""
    turns, turn = list[int](), 0

    async def wait() -> None:
        await beat()
        turns.append(turn)

    with timed(Clock()) as clock:
        waiting = list[asyncio.Task[None]]()
        for clock.now in (10.1, 10.5, 10.9):
            waiting.append(asyncio.create_task(wait()))
            await asyncio.sleep(0)
        assert turns == []
        clock.now = 11.0
        while len(turns) < len(waiting):
            turn += 1
            await asyncio.sleep(0)
    assert {*turns} == {turns[0]}


async def test_a_beat_is_met_however_long_it_takes_to_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that others keep from running would wake for each of those that wait."""
    loop, due = asyncio.get_running_loop(), list[float]()
    call_at = loop.call_at

    def noted(when: float, wake: Callable[..., object], *more: object, **_: object) -> asyncio.TimerHandle:
        due.append(when)
        return call_at(when, wake, *more)

    monkeypatch.setattr(loop, "call_at", noted)
    with timed(Slow(10.5)):
        waiting = asyncio.create_task(beat())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert due == [11.0]
