"""Plan B is ready before it is pressed: a process has loaded the newest recording, and waits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from hub import replaying
from hub.archives import Archives, Track
from hub.errors import NotFoundError
from hub.replaying import Player
from hub.workshop.session import Wish
from servers.ports import free_port
from servers.sittings import FakeSittings

WALL = 1_795_763_280_000_000_000
LINE = '{"time": "2026-11-27T08:00:00Z", "topic": "tele/a/SENSOR", "payload": "{}"}\n'


class Shelf(Archives):
    """An archive of each session named, as far as playing it goes."""

    def __init__(self, data: Path, *names: str) -> None:
        """Write a short recording of each."""
        super().__init__(data)
        self.names = [*names]
        (data / "recording.ndjson").write_text(LINE)
        self._file = data / "recording.ndjson"

    def recording(self, name: str) -> tuple[Path, Track]:
        """Return it."""
        if name not in self.names:
            raise NotFoundError(name)
        return self._file, Track("real", name, 1, 1)


def playing(word: str = "device_sims") -> set[int]:
    """Return the processes that play a recording, or whose command has another word; servers of other tests live on."""
    found = set()
    for each in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it has just ended
            if word in each.cmdline():
                found.add(each.pid)
    return found


def waiting() -> set[int]:
    """Return the processes that wait for a press."""
    return playing("--wait")


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; the test's own limit ends it otherwise."""
    while not is_so():  # noqa: ASYNC110 — processes tell nobody
        await asyncio.sleep(0.01)


async def asked(player: Player) -> None:
    """Look at the button, and wait until that has had its effect."""
    player.prepare()
    await until(lambda: not player._tasks)


@pytest.fixture
async def player(tmp_path: Path) -> AsyncIterator[Player]:
    """Lend one with a recording of session `a`, and a hub that never answers."""
    (tmp_path / "run.json").write_text(f'{{"url": "http://127.0.0.1:{free_port()}/", "secret": "x"}}')
    sittings = FakeSittings(WALL)
    first = sittings.desk.start(Wish(title="Rehearsal"))
    sittings.desk.archive(first.id)
    made = Player(tmp_path, sittings.desk, Shelf(tmp_path, first.id))
    yield made
    await made.close()
    assert waiting() == set()


async def test_the_process_that_waits_is_the_one_that_plays(player: Player) -> None:
    """Asked for again, nobody else waits; a press starts no other process."""
    player.prepare()
    await until(lambda: len(waiting()) == 1)
    ready = waiting()
    player.prepare()
    assert player.playing is None
    said = await player.play(None, None)
    assert player.playing == said["session"]
    assert waiting() == ready
    await player.stop()
    assert player.playing is None
    assert waiting() == set()


async def test_a_press_that_wants_it_at_another_speed_starts_its_own(player: Player) -> None:
    """What waits would play it as fast as it was."""
    player.prepare()
    await until(lambda: len(waiting()) == 1)
    ready = waiting()
    await player.play(None, 2.0)
    assert player.playing
    assert playing() > ready


async def test_nobody_waits_for_long_when_nobody_looks(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is memory that somebody else can use."""
    monkeypatch.setattr(replaying, "READY_S", 0.0)
    player.prepare()
    await until(lambda: len(waiting()) == 1)
    await until(lambda: not waiting())


async def test_nobody_waits_for_what_is_not_there_nor_while_something_is_played(player: Player) -> None:
    """An erased recording is not held; one that plays needs no second."""
    await player.play(None, None)
    await asked(player)
    assert waiting() == set()
    await player.stop()
    player._archives.names.clear()  # type: ignore[attr-defined]
    await asked(player)
    assert playing() == set()


async def test_whoever_is_getting_ready_does_not_wait_once_the_recording_is_erased(player: Player) -> None:
    """A console was looked at in the very moment."""
    player.prepare()
    await asyncio.sleep(0)
    await player.stand_down()
    await asyncio.gather(*player._tasks)
    assert player._waits() is None
