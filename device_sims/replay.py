"""Plays a recording again, as a run of its own, through the hub's import door.

Everything goes through the door, whatever the speed: topics of real devices must not reach a broker again, where other
programs would take them for news. The run's announcement opens each request and says what time it is there, so that
no clock beat over the broker is needed.
"""

import asyncio
import contextlib
import logging
import secrets
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from device_sims import announce, door
from device_sims.announce import Announcement
from device_sims.clock import VirtualClock, checked_speed
from device_sims.control import Control, Order
from device_sims.door import Line
from device_sims.errors import SimulationError
from device_sims.recording import Heard, opened, read
from hub.waiting import soon

_LOG = logging.getLogger(__name__)

SCENARIO = "replay"
STEP_S = 0.25
"""Wall seconds between two requests: what is on the page is at most so old."""
TOLD_S = 1.0
"""The hub hears at least this often what time it is there."""
HUB_PATIENCE_S = 10.0
EVERY_S = 1.0
"""Between two messages of a recording without times."""
RUN_WORD = "matinales/"
MOST_HISTORY = 500_000
"""Messages that are held to be handed over at once: a month of a story; more are played one after the other."""
Timed = Iterator[tuple[float, Heard]]


class Options(Struct, frozen=True, kw_only=True):
    """What to play, where.

    Attributes:
        file: the recording.
        data: data folder of the living hub.
        speed: recorded seconds a second.
        loop: begin again at the end, as another run, until stopped.
        from_min: leave out so many minutes at the beginning.
        usecase: the story it belongs to, told by the recording itself where it was a simulation's.
        run: only this timeline of the recording; all in one unless told.
    """

    file: Path
    data: Path
    speed: float = 1.0
    loop: bool = False
    from_min: float = 0.0
    usecase: str | None = None
    run: str | None = None


class Tape:
    """A recording on its own time: zero is its first message that is played.

    Attributes:
        history: what a recorded run handed over of its past before it began; at negative times.
        scenario: of the simulation that was recorded; None: of none, as far as it was played.
    """

    def __init__(
        self, heard: Iterator[Heard], *, start: datetime, from_min: float = 0.0, name: str, run: str | None = None
    ) -> None:
        """Wind to the first message.

        Args:
            heard: the messages.
            start: instant of the first one where the recording has no times.
            from_min: minutes to leave out.
            name: of the recording.
            run: the only timeline to play; None: all in one.

        Raises:
            SimulationError: nothing is left to be played.
        """
        self.scenario: str | None = None
        self._run = run
        timed = self._timed(heard, start.timestamp())
        past, timed = _parted(timed)
        first = next(timed, None)
        begin = None if first is None else first[0] + 60 * from_min
        played = next((one for one in chain([first] if first else [], timed) if one[0] >= (begin or 0.0)), None)
        if begin is None or played is None:
            msg = f"{name}: has no message of a device after its first {from_min:g} min"
            raise SimulationError(msg)
        self._begin_s = begin
        self.history = [Line(at - begin, one.topic, one.payload) for at, one in past]
        self.start = datetime.fromtimestamp(begin, UTC)
        self._rest = chain([played], timed)
        self._next = next(self._rest, None)

    def _timed(self, heard: Iterator[Heard], start_s: float) -> Iterator[tuple[float, Heard]]:
        """Give every message a time that does not go back; what runners say of themselves is not played again."""
        now_s, number = 0.0, 0
        for one in heard:
            if one.topic.startswith(RUN_WORD):
                self._learn(one)
                continue
            if self._run not in {None, one.run}:
                continue
            now_s = max(now_s, start_s + EVERY_S * number if one.time_s is None else one.time_s)
            number += 1
            yield now_s, one

    def _learn(self, one: Heard) -> None:
        with contextlib.suppress(msgspec.MsgspecError):
            said = msgspec.json.decode(one.payload, type=Announcement)
            if self._run in {None, said.run}:
                self.scenario = said.scenario

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self._next is None

    def until(self, time_s: float) -> list[Line]:
        """Return what was said up to a second of its own time, not yet returned."""
        lines: list[Line] = []
        while self._next is not None and self._next[0] - self._begin_s <= time_s:
            at, one = self._next
            lines.append(Line(at - self._begin_s, one.topic, one.payload))
            self._next = next(self._rest, None)
        return lines


def _parted(timed: Timed) -> tuple[list[tuple[float, Heard]], Timed]:
    """Return the history with which a recording begins, and what follows it; one that is nothing else is no history."""
    past: list[tuple[float, Heard]] = []
    for each in timed:
        if each[1].past and len(past) < MOST_HISTORY:
            past.append(each)
        elif each[1].past:
            return [], chain(past, [each], timed)
        else:
            return past, chain([each], timed)
    return [], iter(past)


class Replay:
    """One run of a recording."""

    def __init__(self, options: Options, hub: Callable[[], door.Hub | None], tape: Tape) -> None:
        """Begin the run now; `play` plays it."""
        self.options = options
        self.tape = tape
        self.id = announce.run_id(SCENARIO, datetime.now(UTC), secrets.randbelow(65_536))
        self._hub = hub
        self._clock = VirtualClock(time.monotonic(), speed=options.speed)
        self._control = Control(self.id, hub, self._obey, self.state)
        self._waiting: deque[Line] = deque()
        self._told = 0.0
        self._preparing = bool(self.tape.history)

    async def play(self, stop: asyncio.Event) -> None:
        """Play to the end, or until `stop`.

        Raises:
            SimulationError: the hub stayed away, or refused.
        """
        control = asyncio.create_task(self._control.serve(), name="control")
        self._clock = VirtualClock(time.monotonic(), speed=self.options.speed)
        try:
            if self._preparing:  # the clock stands meanwhile: nothing of it is a silence
                await self._post(self.tape.history, "paused", stop)
                self._preparing = False
                self._clock = VirtualClock(time.monotonic(), speed=self._clock.speed)
                await self._control.tell()
            while not stop.is_set() and not self.tape.ended:
                await self._step(stop)
                await soon(stop, STEP_S)
            await self._post([], "ended", stop)
        finally:
            control.cancel()
            await asyncio.gather(control, return_exceptions=True)

    async def _step(self, stop: asyncio.Event) -> None:
        now = time.monotonic()
        lines = await asyncio.to_thread(self.tape.until, self._clock.advance(now))
        if lines or now - self._told >= TOLD_S:
            self._told = now
            await self._post(lines, "running" if self._clock.speed > 0 else "paused", stop)

    async def _post(self, lines: list[Line], state: str, stop: asyncio.Event) -> None:
        bodies = list(door.requests(self._said(state), self.tape.start, lines)) or [self._alone(state)]
        await asyncio.to_thread(door.post, self._hub, self.id, bodies, patience_s=HUB_PATIENCE_S, stopped=stop.is_set)

    def _alone(self, state: str) -> bytes:
        return msgspec.json.encode(self._said(state)) + b"\n"

    def _said(self, state: str) -> Announcement:
        return announce.announcement(
            self.id,
            SCENARIO,
            seed=0,
            speed=self._clock.speed if state == "running" else 0.0,
            state=state,
            wall=datetime.now(UTC),
            simulated=self._now(),
            devices=(),
        )

    def _now(self) -> datetime:
        return self.tape.start + timedelta(seconds=self._clock.time_s)

    def state(self) -> dict[str, Any]:
        """Return the run's state as the hub is told."""
        return {
            "usecase": self.options.usecase or self.tape.scenario or "",
            "run": self.id,
            "time": announce.rfc3339(self._now()),
            "speed": self._clock.speed,
            "seed": 0,
            "state": "preparing" if self._preparing else "running" if self._clock.speed > 0 else "paused",
            "faults": [],
            "notes": [],
        }

    async def _obey(self, order: Order) -> None:
        if order.do != "speed" or order.speed is None:
            msg = "a recording has no faults and no other story: only its speed can be changed; stop it first"
            raise SimulationError(msg)
        self._clock.set_speed(order.speed, time.monotonic())
        self._told = 0.0
        await self._control.tell()


def wound(options: Options, file: Iterator[bytes]) -> Tape:
    """Return a recording, read up to its first message that is played.

    Raises:
        SimulationError: naming what cannot be played.
    """
    name = options.file.name
    return Tape(read(file, name), start=datetime.now(UTC), from_min=options.from_min, name=name, run=options.run)


async def play(options: Options, stop: asyncio.Event, begin: asyncio.Event | None = None) -> None:
    """Play a recording, again and again where `loop` says so, until its end or `stop`.

    Args:
        options: what, where.
        stop: ends it.
        begin: until then it is ready, and nobody hears of it; None: it begins at once.

    Raises:
        SimulationError: naming what cannot be played: file and line, or the hub.
    """
    checked_speed(options.speed)
    if not options.from_min >= 0:
        msg = f"from is {options.from_min:g}: minutes after the beginning, zero or more"
        raise SimulationError(msg)
    if door.find(options.data) is None:
        msg = f"{options.data}: no hub lives there; start one with `matinales demo` or `matinales run`"
        raise SimulationError(msg)
    while not stop.is_set():
        try:
            with opened(options.file) as file:
                tape = wound(options, file)
                if begin is not None and not await _called(begin, stop):
                    return
                begin = None
                replay = Replay(options, lambda: door.find(options.data), tape)
                _LOG.info("%s: run %s, ×%g", options.file.name, replay.id, options.speed)
                await replay.play(stop)
        except (OSError, EOFError, zlib.error) as error:
            msg = f"{options.file}: cannot be read ({error}); name a recording"
            raise SimulationError(msg) from error
        if not options.loop:
            return


async def _called(begin: asyncio.Event, stop: asyncio.Event) -> bool:
    """Wait until it is to begin, with all loaded that it needs then; tell whether it is, not stopped before."""
    await asyncio.to_thread(__import__, "aiohttp")
    waits = [asyncio.create_task(each.wait()) for each in (begin, stop)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
    return begin.is_set() and not stop.is_set()
