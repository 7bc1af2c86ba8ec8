"""Files that a facilitator hands over to be imported: bounded, on disk without a name, gone with the last look at them.

A file is streamed to the disk and read piece by piece (reliability.md X11); one that nobody finishes makes room for the
next. An import can be cancelled between two commits: what is committed by then is said.
"""

import asyncio
import logging
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, closing
from typing import BinaryIO

from msgspec import Struct, field

from hub.errors import JournalError
from hub.ingest import csv_import
from hub.ingest.csv_import import Mistake, Plan, Row, Shape, Tally
from hub.model import Message

_LOG = logging.getLogger(__name__)
MOST = 4
"""Files held at a time."""
LONGEST_NAME = 120
Append = Callable[[Sequence[Message]], Awaitable[int]]


class TooLargeError(Exception):
    """More bytes came than may."""


class Upload(Struct, eq=False):
    """A file that was handed over, and how far its import is.

    Attributes:
        name: what it was called.
        size: bytes.
        state: `waiting`, `reading`, `importing`, then `checked` (a dry run), `done`, `refused` (it has mistakes, or
            no row), `cancelled` or `failed`.
        done: bytes of the file that the present reading has behind it.
        tally: rows and mistakes found.
        imported: rows committed.
        reason: why it failed.
    """

    id: str
    name: str
    file: BinaryIO
    size: int
    state: str = "waiting"
    done: int = 0
    tally: Tally = field(default_factory=Tally)
    imported: int = 0
    reason: str | None = None
    task: asyncio.Task[None] | None = None
    stop: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether it is being read."""
        return self.task is not None and not self.task.done()


class Uploads:
    """The files that are held; everything is called on the event loop, the disk is left to threads."""

    def __init__(self) -> None:
        """Hold none."""
        self._held: dict[str, Upload] = {}

    def get(self, name: str) -> Upload | None:
        """Return one by its id."""
        return self._held.get(name)

    async def receive(self, name: str, pieces: AsyncIterator[bytes], largest: int) -> Upload | None:
        """Take a file piece by piece; None: `MOST` imports are under way.

        Raises:
            TooLargeError: it has more than `largest` bytes.
        """
        if not await self._has_room():
            return None
        file = await asyncio.to_thread(tempfile.TemporaryFile)
        size = 0
        try:
            async for piece in pieces:
                size += len(piece)
                if size > largest:
                    break
                await asyncio.to_thread(file.write, piece)
        except BaseException:
            file.close()
            raise
        if size > largest:
            file.close()
            raise TooLargeError
        upload = Upload(secrets.token_urlsafe(12), name[:LONGEST_NAME], file, size)
        self._held[upload.id] = upload
        return upload

    def begin(self, upload: Upload, plan: Plan, seen: Shape, append: Append | None, now: int) -> None:
        """Check a file, and import it through `append`; None: a dry run. `now`: arrival time of its rows [ns]."""
        upload.tally, upload.imported, upload.reason, upload.stop = Tally(), 0, None, False
        upload.state, upload.done = "reading", 0
        upload.task = asyncio.create_task(_run(upload, plan, seen, append, now), name=f"import {upload.id}")

    async def cancel(self, upload: Upload) -> None:
        """Stop what is under way, after the commit under way; the file stays, to be tried again."""
        upload.stop = True
        if upload.task is not None:
            await asyncio.wait([upload.task])

    async def drop(self, upload: Upload) -> None:
        """Stop what is under way and forget the file."""
        self._held.pop(upload.id, None)
        await self.cancel(upload)
        upload.file.close()

    async def close(self) -> None:
        """Cancel and forget everything."""
        for upload in [*self._held.values()]:
            await self.drop(upload)

    async def _has_room(self) -> bool:
        """Make room for one more: the oldest that nobody reads goes."""
        if len(self._held) < MOST:
            return True
        idle = next((each for each in self._held.values() if not each.is_busy), None)
        if idle is not None:
            await self.drop(idle)
        return idle is not None


async def _run(upload: Upload, plan: Plan, seen: Shape, append: Append | None, now: int) -> None:
    """Check a file, import it where there is nothing wrong with it, and say how it ended."""
    try:
        upload.state = await _checked(upload, plan, seen)
        if upload.state == "checked" and append is not None:
            upload.state, upload.done = "importing", 0
            upload.state = await _imported(upload, plan, seen, append, now)
    except JournalError as error:
        upload.state, upload.reason = "failed", str(error)
    except Exception as error:  # noqa: BLE001 — whoever waits for its end is told, whatever it is
        upload.state, upload.reason = "failed", f"{type(error).__name__}: {error}"
        _LOG.exception("An import failed")


async def _checked(upload: Upload, plan: Plan, seen: Shape) -> str:
    """Read a file to its end; nothing of it is kept but what is counted."""
    async with aclosing(_groups(upload, plan, seen)) as groups:
        async for rows, mistakes in groups:
            upload.tally.add(rows, mistakes)
    if upload.stop:
        return "cancelled"
    return "refused" if upload.tally.count or not upload.tally.rows else "checked"


async def _imported(upload: Upload, plan: Plan, seen: Shape, append: Append, now: int) -> str:
    """Read it once more, and journal each group."""
    async with aclosing(_groups(upload, plan, seen)) as groups:
        async for rows, _ in groups:
            await append([csv_import.message(row, plan, now) for row in rows])
            upload.imported += len(rows)
    return "cancelled" if upload.stop else "done"


async def _groups(upload: Upload, plan: Plan, seen: Shape) -> AsyncGenerator[tuple[list[Row], list[Mistake]], None]:
    """Give a file's groups until it ends or is stopped; each is read in a thread, so that the page goes on."""
    with closing(csv_import.groups(upload.file, plan, seen)) as found:
        while not upload.stop and (group := await asyncio.to_thread(next, found, None)) is not None:
            upload.done, rows, mistakes = group
            yield rows, mistakes
