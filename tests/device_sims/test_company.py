"""The tables' runs beside a story's: begun one after the other, ended with it, begun again where they broke down."""

import asyncio
from collections.abc import Callable

from device_sims.company import Company
from device_sims.errors import SimulationError


class FakeRun:
    """A run that begins when it is let, and breaks down when it is told to."""

    def __init__(self) -> None:
        """Play nothing yet."""
        self.begun = asyncio.Event()
        self.broken = asyncio.Event()
        self.speed = 1.0
        self.is_over = False

    async def play(self, stop: asyncio.Event) -> None:
        """Play until told to stop, or broken."""
        stopping, breaking = (asyncio.ensure_future(each.wait()) for each in (stop, self.broken))
        await asyncio.wait({stopping, breaking}, return_when=asyncio.FIRST_COMPLETED)
        self.is_over = True
        for each in (stopping, breaking):
            each.cancel()
        if self.broken.is_set():
            msg = "the broker does not answer"
            raise SimulationError(msg)

    async def follow_speed(self, speed: float) -> None:
        """Take it."""
        self.speed = speed


class Room:
    """A company, and the runs it made."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.made: list[tuple[int, FakeRun]] = []
        self.company = Company(self._make, again_s=0.0)

    def _make(self, table: int) -> FakeRun:
        self.made.append((table, FakeRun()))
        return self.made[-1][1]

    @property
    def tables(self) -> list[int]:
        """The tables that were begun, in order."""
        return [table for table, _ in self.made]


async def until(done: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 — what is waited for happens elsewhere
            await asyncio.sleep(0)


async def test_tables_begin_one_after_the_other() -> None:
    """Their histories are made beside the story: all at once would stop it."""
    room = Room()
    room.company.seat([2, 1])
    await until(lambda: room.made)
    assert (room.tables, room.company.tables) == ([1], (1, 2))
    room.made[0][1].begun.set()
    await until(lambda: len(room.made) == 2)
    assert room.tables == [1, 2]
    room.made[1][1].begun.set()
    await room.company.leave()
    assert all(run.is_over for _, run in room.made)


async def test_who_plays_already_goes_on_and_who_is_not_wanted_ends() -> None:
    """Table 1 is not begun anew when table 3 comes and table 2 goes."""
    room = Room()
    room.company.seat([1, 2])
    await until(lambda: room.made)
    room.made[0][1].begun.set()
    await until(lambda: len(room.made) == 2)
    room.made[1][1].begun.set()
    room.company.seat([1, 3])
    await until(lambda: room.tables == [1, 2, 3])
    await until(lambda: room.made[1][1].is_over)
    assert [run.is_over for _, run in room.made] == [False, True, False]
    await room.company.leave()


async def test_all_go_as_fast_as_the_story() -> None:
    """One button for the whole room."""
    room = Room()
    room.company.seat([1])
    await until(lambda: room.made)
    await room.company.follow_speed(60.0)
    assert room.made[0][1].speed == 60.0
    await room.company.leave()


async def test_a_table_whose_run_broke_down_begins_again() -> None:
    """And only that one."""
    room = Room()
    room.company.seat([1])
    await until(lambda: room.made)
    room.made[0][1].begun.set()
    await asyncio.sleep(0)
    room.made[0][1].broken.set()
    await until(lambda: len(room.made) == 2)
    assert (room.tables, room.made[1][1].is_over) == ([1, 1], False)
    await room.company.leave()
