"""The hub's side of the link to the ingest, by asyncio, which the ingest does without: 11 ms of its start and 3 MB."""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from hub.errors import JournalError
from hub.ingest.link import (
    FILE,
    FROM_INGEST,
    LENGTH,
    UNANSWERED,
    Address,
    Append,
    Appended,
    AppendFailed,
    End,
    Erase,
    FromIngest,
    Hello,
    Keep,
    Publish,
    Status,
    frame,
)
from hub.model import Message

_LOG = logging.getLogger(__name__)
KEPT_AGAIN_S = 10.0
"""How long [s] the ingest need not hear again how far readers are, while they are no further."""


class LinkClient:
    """The hub's end: `run()` connects for ever; the rest may be called at any time from its loop."""

    def __init__(self, folder: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read `ingest.json` in `folder` at each attempt: an ingest that came back has another port."""
        self._folder = folder
        self._monotonic = monotonic
        self._kept = (-1, 0.0)
        self._passes_on = False
        self._writer: asyncio.StreamWriter | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._end_callbacks: list[Callable[[int], None]] = []
        self._status_callbacks: list[Callable[[Status | None], None]] = []
        self._unsaid: list[bytes] = []

    @property
    def connected(self) -> bool:
        """Whether an ingest is at the other end."""
        return self._writer is not None

    def on_end(self, callback: Callable[[int], None]) -> None:
        """Call `callback` with the journal's end when it moved, and once at each connection."""
        self._end_callbacks.append(callback)

    def on_status(self, callback: Callable[[Status | None], None]) -> None:
        """Call `callback` when the ingest's status changed; with None when the ingest is away."""
        self._status_callbacks.append(callback)

    async def append(self, messages: Sequence[Message], *, timeout_s: float = 10.0) -> int:
        """Commit messages of another edge as one group and return their last position.

        Raises:
            JournalError: not known to be written: no ingest, an error there, or no answer in time.
        """
        return await self._asked(lambda number: Append(number, list(messages)), timeout_s)

    def note(self, messages: Sequence[Message]) -> None:
        """Have messages committed before whatever is said next; where no ingest is there, they are not."""
        if self._writer is not None:
            self._writer.write(frame(Append(UNANSWERED, list(messages))))

    async def erase(self, positions: Sequence[int], *, timeout_s: float = 30.0) -> int:
        """Empty records for ever and return how many there were.

        Raises:
            JournalError: not known to be done; again is safe.
        """
        return await self._asked(lambda number: Erase(number, list(positions)), timeout_s)

    async def _asked(self, say: Callable[[int], Append | Erase], timeout_s: float) -> int:
        """Say what is answered by its number, and wait for the answer."""
        if self._writer is None:
            msg = "the journal is away for a moment (no ingest process); try again"
            raise JournalError(msg)
        number = next(self._ids)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(frame(say(number)))
            async with asyncio.timeout(timeout_s):
                await self._writer.drain()
                return await answer
        except TimeoutError:
            msg = f"the journal did not confirm within {timeout_s:.0f} s"
            raise JournalError(msg) from None
        except ConnectionError as error:
            msg = f"the link to the journal broke ({error})"
            raise JournalError(msg) from error
        finally:
            self._waiting.pop(number, None)

    def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False, by_hand: bool = False) -> None:
        """Have the ingest publish; what is said while it is away is said when it is back (the newest 1,000).

        `by_hand`: where this worker stands by, the one that listens says it; otherwise nobody does.
        """
        data = frame(Publish(topic, payload, qos, retain, by_hand))
        if self._writer is None:
            self._unsaid = [*self._unsaid[-999:], data]
        else:
            self._writer.write(data)

    def keep(self, position: int) -> None:
        """Say how far every reader is: the ingest drops nothing beyond, and nothing while the journal has room.

        What was said to this ingest a moment ago wakes it again only after a while; one that stands by hears it each
        time: whom it passes that on to may have had the turn for a moment only.
        """
        said, at = self._kept
        known = position == said and not self._passes_on and self._monotonic() - at < KEPT_AGAIN_S
        if self._writer is not None and not known:
            self._writer.write(frame(Keep(position)))
            self._kept = position, self._monotonic()

    async def run(self) -> None:
        """Connect and listen until cancelled."""
        delay = 0.05
        while True:
            try:
                await self._once()
                delay = 0.05
            except (OSError, asyncio.IncompleteReadError, msgspec.DecodeError) as error:
                _LOG.debug("The link to the ingest is down: %s", error)
            finally:
                self._lost()
            await asyncio.sleep(delay)
            delay = min(delay * 2, 1.0)

    async def _once(self) -> None:
        address = msgspec.json.decode((self._folder / FILE).read_bytes(), type=Address)
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        try:
            writer.write(frame(Hello(address.secret)))
            for data in self._unsaid:
                writer.write(data)
            self._unsaid = []
            self._writer = writer
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                self._heard(FROM_INGEST(await reader.readexactly(length)))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _heard(self, said: FromIngest) -> None:
        match said:
            case End(position):
                for on_end in self._end_callbacks:
                    on_end(position)
            case Status():
                self._passes_on = said.standby
                for on_status in self._status_callbacks:
                    on_status(said)
            case Appended(number, position):
                if (answer := self._waiting.get(number)) is not None and not answer.done():
                    answer.set_result(position)
            case AppendFailed(number, reason):
                if (answer := self._waiting.get(number)) is not None and not answer.done():
                    answer.set_exception(JournalError(reason))

    def _lost(self) -> None:
        if self._writer is None:
            return
        self._writer = None
        self._kept, self._passes_on = (-1, 0.0), False
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(JournalError("the ingest process ended before it confirmed"))
        for on_status in self._status_callbacks:
            on_status(None)
