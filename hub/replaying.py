"""Plan B: the recording of an archived session, played again by a process of its own, one at a time."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.archives import Archives
from hub.errors import NotFoundError
from hub.workshop.desk import Desk

ORDERLY = 3.0
"""What it gets to end by itself [s]."""


class Player:
    """Plays a recording through the import door, as `matinales replay` does; on the event loop."""

    def __init__(self, data: Path, desk: Desk, archives: Archives) -> None:
        """Play nothing yet."""
        self._data = data
        self._desk = desk
        self._archives = archives
        self._process: asyncio.subprocess.Process | None = None
        self._session: str | None = None

    @property
    def playing(self) -> str | None:
        """The session that is being played; None: none, or it has come to its end."""
        return self._session if self._process is not None and self._process.returncode is None else None

    async def play(self, name: str | None, speed: float | None) -> Mapping[str, Any]:
        """Play a session's recording, after stopping another one.

        Args:
            name: of the session; None: the newest that has one.
            speed: recorded seconds a second; None: as fast as it was.

        Raises:
            NotFoundError: there is no such recording.
        """
        session, file, track = await asyncio.to_thread(self._found, name)
        await self.stop()
        speed = track.speed if speed is None else speed
        self._session = session
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "device_sims", "--supervised", "--recording", str(file), "--run", track.run),
            *("--data", str(self._data), "--speed", f"{speed:g}", "--story", track.scenario),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        return {"session": session, "run": track.run, "speed": speed}

    def _found(self, name: str | None) -> tuple[str, Path, Any]:
        if name is not None:
            return (self._desk.session(name).id, *self._archives.recording(name))
        for session in self._desk.sessions():
            with contextlib.suppress(NotFoundError):
                return (session.id, *self._archives.recording(session.id))
        msg = "no session was archived yet: rehearse, archive, and its recording is there"
        raise NotFoundError(msg)

    async def stop(self) -> None:
        """Stop what is being played; nothing may be."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None  # noqa: S101 — asked for above
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), ORDERLY)
        except TimeoutError:
            process.kill()
            await process.wait()
