"""The room's phones: what their pages measure, in batches on the way of every message; who is here and who is away.

A connection is a participant's, by the token that opened it: what it says is theirs and nobody else's. However often
a phone speaks, it makes one message a beat. A phone without a connection is told to be away; one whose participant is
gone (removed, left, another session) is let go, and leaves the screens.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web
from msgspec import Struct

from hub.beat import beat, woken
from hub.errors import HubError
from hub.ingest import phone
from hub.model import REAL, Availability, Message
from hub.web.hub import Hub
from hub.web.joiners import Joiners
from hub.workshop.people import FAMILY

_LOG = logging.getLogger(__name__)
BEAT_S = 0.4
"""A value waits at most so long, with those of all other phones."""
SWEEP_S = 2.0
SETTLED_S = 5.0
"""What every screen knows of the room may lag behind a join by less than this."""
AWAY_S = 20.0
"""How long after the hub's start phones may take to come back before they count as away."""
GONE = 4001
"""Code that closes the connection of a participant who is no more: the page asks anew who it is."""


class Line(Struct):
    """The open connection of a phone, and since when [s, monotonic]."""

    socket: web.WebSocketResponse
    since: float


class Phones:
    """Those that are connected, and what they said since the last beat."""

    def __init__(self, hub: Hub, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start without any."""
        self._hub = hub
        self._monotonic = monotonic
        self._started = monotonic()
        self._swept = self._started
        self._lines: dict[str, Line] = {}
        self._values: dict[str, tuple[dict[str, float], int]] = {}
        self._news: list[Message] = []
        self._spoke = asyncio.Event()
        self._flushing = asyncio.Lock()
        self.joiners = Joiners(monotonic=monotonic)

    @contextmanager
    def line(self, name: str, socket: web.WebSocketResponse) -> Iterator[None]:
        """Count a participant's phone as here while its connection is open; a newer one takes its place."""
        line = Line(socket, self._monotonic())
        self._lines[name] = line
        self.joiners.is_here(name)
        self._tell(phone.present(name, self._hub.live.wall(), is_here=True))
        try:
            yield
        finally:
            if self._lines.get(name) is line:
                del self._lines[name]
                self._values.pop(name, None)
                self._tell(phone.present(name, self._hub.live.wall(), is_here=False))

    def _tell(self, news: Message) -> None:
        self._news.append(news)
        self._spoke.set()

    def is_mine(self, name: str, socket: web.WebSocketResponse) -> bool:
        """Tell whether a connection is still the one that speaks for a participant."""
        line = self._lines.get(name)
        return line is not None and line.socket is socket

    def take(self, name: str, said: phone.Sample) -> None:
        """Keep what a phone says until the next beat; the newest of each channel counts."""
        before, _ = self._values.get(name, ({}, 0))
        self._values[name] = (before | phone.values(said), self._hub.live.wall())
        self._spoke.set()

    async def let_go(self, name: str) -> None:
        """End the connection of a participant who is no more; afterwards nothing of it is still on its way."""
        line = self._lines.pop(name, None)
        self.joiners.left(name)
        async with self._flushing:
            self._values.pop(name, None)
            topic = phone.topic(name)
            self._news = [each for each in self._news if each.topic != topic]
        if line is not None:
            await line.socket.close(code=GONE, message=b"no participant any more")

    async def run(self) -> None:
        """Journal what came, beat by beat while somebody speaks, for ever."""
        while True:
            is_due = True
            if await woken(self._spoke, SWEEP_S):
                await beat(BEAT_S)
                is_due = self._monotonic() - self._swept > SWEEP_S
            self._spoke.clear()
            if is_due:
                self._swept = self._monotonic()
                await self._sweep()
            await self._flush()

    async def _flush(self) -> None:
        async with self._flushing:
            news, self._news = self._news, []
            values, self._values = self._values, {}
            messages = [*news, *(phone.measured(name, said, at) for name, (said, at) in values.items() if said)]
            try:
                if messages:
                    await self._hub.append(messages)
            except HubError as error:
                _LOG.info("what phones said is lost: %s", error)

    async def _sweep(self) -> None:
        """Let go whose participant is no more, and put right who is here: whatever happened meanwhile."""
        live, now = self._hub.live, self._monotonic()
        people = {each["id"] for each in live.room["people"]}
        self.joiners.keep(people, SETTLED_S)
        for name, line in [*self._lines.items()]:
            if name not in people and now - line.since > SETTLED_S:
                await self.let_go(name)
        for uid, device in [*live.devices.items()]:
            family, _, name = uid.partition(":")
            if family != FAMILY or device.run != REAL or name in self._lines:
                continue
            if name not in people:
                self._news.append(phone.gone(name, live.wall()))
            elif device.availability is not Availability.OFFLINE and now - self._started > AWAY_S:
                self._news.append(phone.present(name, live.wall(), is_here=False))
