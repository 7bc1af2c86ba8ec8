"""Plan B: the recording of an archived session, played again by a process of its own, one at a time.

While somebody looks at the console the newest one is ready: a process has loaded it and waits for the press.
"""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from hub.archives import Archives, Track
from hub.errors import NotFoundError
from hub.workshop.desk import Desk

ORDERLY = 3.0
"""What it gets to end by itself [s]."""
READY_S = 30.0
"""How long one waits for a press after the console was last looked at."""


class Waiting(Struct, frozen=True):
    """A process that has loaded a recording, and for which call it begins."""

    call: tuple[str, ...]
    process: asyncio.subprocess.Process


class Player:
    """Plays a recording through the import door, as `matinales replay` does; on the event loop."""

    def __init__(self, data: Path, desk: Desk, archives: Archives) -> None:
        """Play nothing yet."""
        self._data = data
        self._desk = desk
        self._archives = archives
        self._process: asyncio.subprocess.Process | None = None
        self._session: str | None = None
        self._waiting: Waiting | None = None
        self._preparing = asyncio.Lock()
        self._expiry: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def playing(self) -> str | None:
        """The session that is being played; None: none, or it has come to its end."""
        return self._session if self._process is not None and self._process.returncode is None else None

    def prepare(self) -> None:
        """Have the newest recording ready for a while, if there is one: somebody looks at the button."""
        self._beside(self._prepare())

    async def _prepare(self) -> None:
        if self._preparing.locked() or self.playing is not None:
            return
        async with self._preparing:
            try:
                _, file, track = await asyncio.to_thread(self._found, None)
            except NotFoundError:
                return
            call = self._call(file, track, track.speed)
            if self._waits() != call:
                await self._dismiss()
                self._waiting = Waiting(call, await self._started(call, "--wait"))
            self._forget_expiry()
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(READY_S, lambda: self._beside(self.stand_down()))

    def _waits(self) -> tuple[str, ...] | None:
        """Return for which call a process waits; None: none does."""
        waiting = self._waiting
        return waiting.call if waiting is not None and waiting.process.returncode is None else None

    async def play(self, name: str | None, speed: float | None) -> Mapping[str, Any]:
        """Play a session's recording, after stopping another one.

        Args:
            name: of the session; None: the newest that has one.
            speed: recorded seconds a second; None: as fast as it was.

        Raises:
            NotFoundError: there is no such recording.
        """
        session, file, track = await asyncio.to_thread(self._found, name)
        await _ended(self._let_go())
        speed = track.speed if speed is None else speed
        call = self._call(file, track, speed)
        async with self._preparing:
            self._session, self._process = session, self._taken(call) or await self._started(call)
        return {"session": session, "run": track.run, "speed": speed}

    def _taken(self, call: tuple[str, ...]) -> asyncio.subprocess.Process | None:
        """Let the process begin that waits for a call; None: none does."""
        waiting = self._waiting
        if waiting is None or self._waits() != call:
            return None
        assert waiting.process.stdin is not None  # noqa: S101 — asked for below
        self._forget_expiry()
        self._waiting = None
        waiting.process.stdin.write(b"begin\n")
        return waiting.process

    def _call(self, file: Path, track: Track, speed: float) -> tuple[str, ...]:
        what = ("--recording", str(file), "--run", track.run, "--story", track.scenario)
        return (*what, "--data", str(self._data), "--speed", f"{speed:g}")

    async def _started(self, call: tuple[str, ...], *how: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "device_sims", "--supervised", *how, *call),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )

    def _found(self, name: str | None) -> tuple[str, Path, Track]:
        if name is not None:
            return (self._desk.session(name).id, *self._archives.recording(name))
        for session in self._desk.sessions():
            with contextlib.suppress(NotFoundError):
                return (session.id, *self._archives.recording(session.id))
        msg = "no session was archived yet: rehearse, archive, and its recording is there"
        raise NotFoundError(msg)

    async def stop(self) -> None:
        """Stop what is being played; nothing may be."""
        await _ended(self._let_go())

    async def close(self) -> None:
        """Stop what is being played, and who waits to play."""
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(self.stop(), self.stand_down())

    def _let_go(self) -> asyncio.subprocess.Process | None:
        process, self._process = self._process, None
        return process

    async def stand_down(self) -> None:
        """Let nobody wait any more, nor whoever is just getting ready: a recording is erased, or nobody looks."""
        async with self._preparing:
            await self._dismiss()

    async def _dismiss(self) -> None:
        self._forget_expiry()
        waiting, self._waiting = self._waiting, None
        await _ended(None if waiting is None else waiting.process)

    def _forget_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _beside(self, what: Any) -> None:  # noqa: ANN401 — a coroutine
        task = asyncio.get_running_loop().create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _ended(process: asyncio.subprocess.Process | None) -> None:
    """End a process in order, by force after ORDERLY; it may have ended."""
    if process is None or process.returncode is not None:
        return
    assert process.stdin is not None  # noqa: S101 — asked for above
    process.stdin.close()
    try:
        async with asyncio.timeout(ORDERLY):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
