"""The simulation runners that are connected: what they play, and how to ask them for something else."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from hub.model import REPLAY
from hub.rules.wording import english, french
from hub.web.problems import Problem

ANSWER_S = 6.0
"""A runner answers within this time, or counts as away. A busy laptop lets it wait for some seconds, and then it does
what it was asked: who was told that it does not answer would see it done a moment later."""
SOON_S = 2.0
"""So long one is waited for that is asked again anyway: a recording begins without it."""
SHOWN_S = 2.0
"""How long the state that follows an answer is waited for, at most: the answer shows what was asked."""
CHANGE_S = 20.0
"""A new story is a new run, whose runner connects anew and plays its past first; a press waits for it so long."""
LOOK_S = 0.02
"""How often it is looked whether somebody has come."""
AGAIN_S = 1.0
"""When a story is asked again to wait that could not yet."""
GRACE_S = 3.0
"""How long the page keeps showing a story whose runner has just gone: it usually comes back."""

Words = Mapping[str, str]
_SET = {"fr": french, "en": english}


def _typeset(words: Words) -> Words:
    return {language: _SET[language](text) if language in _SET else text for language, text in words.items()}


class Fault(Struct, frozen=True, kw_only=True):
    """A fault that a story can play."""

    name: str
    active: bool
    title: Words = field(default_factory=dict)
    intensity: float | None = None

    def __post_init__(self) -> None:
        """Set the typography: a simulator writes as one types."""
        msgspec.structs.force_setattr(self, "title", _typeset(self.title))


class Note(Struct, frozen=True):
    """Something that happened in the story."""

    time: str
    text: Words

    def __post_init__(self) -> None:
        """Set the typography."""
        msgspec.structs.force_setattr(self, "text", _typeset(self.text))


class State(Struct, frozen=True, kw_only=True):
    """What a runner plays, as `GET /scenario` gives it.

    Attributes:
        time: RFC 3339, on the run's clock.
        twin: its clock is the wall's, because real devices play (design.md §1).
        table: whose own run it is; 0: the whole room's.
        tables: those that it plays beside, each on a run of its own.
    """

    usecase: str
    run: str
    time: str
    speed: float
    seed: int
    twin: bool = False
    state: str = "running"
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()
    table: int = 0
    tables: tuple[int, ...] = ()


class FromRunner(Struct):
    """A frame of the runner: its state, or the answer to command `id`: why not in English, and in French (`fr`)."""

    id: int | None = None
    ok: bool = True
    reason: str | None = None
    fr: str | None = None
    state: State | None = None


class Runner:
    """One connected runner."""

    def __init__(self, run: str, send: Callable[[bytes], Awaitable[None]], table: int = 0) -> None:
        """Know how to reach it; its state comes with its first frame.

        Args:
            run: its id.
            send: sends it a command.
            table: whose own run it is; 0: the whole room's.
        """
        self.run = run
        self.table = table
        self.state: State | None = None
        self._send = send
        self._next = 0
        self._asked: dict[int, asyncio.Future[FromRunner]] = {}
        self._changed = asyncio.Event()

    def hear(self, frame: FromRunner) -> None:
        """Take a frame from it."""
        if frame.state is not None:
            self.state = frame.state
            self._changed.set()
        answer = self._asked.pop(frame.id, None) if frame.id is not None else None
        if answer is not None and not answer.done():
            answer.set_result(frame)

    async def ask(self, do: str, *, within: float | None = None, **what: Any) -> None:  # noqa: ANN401 — whatever the command takes
        """Send a command and wait for its answer.

        Args:
            do: the command.
            within: how long the answer is waited for [s]; None: `ANSWER_S`.
            what: its arguments.

        Raises:
            Problem: it refused, or did not answer in time.
        """
        within = ANSWER_S if within is None else within
        self._next += 1
        answer = self._asked[self._next] = asyncio.get_running_loop().create_future()
        command = {"id": self._next, "do": do, **{name: value for name, value in what.items() if value is not None}}
        try:
            async with asyncio.timeout(within):
                await self._send(msgspec.json.encode(command))
                said = await answer
        except (TimeoutError, OSError) as error:
            raise Problem("no_answer", seconds=f"{within:g}") from error
        finally:
            self._asked.pop(command["id"], None)
        if not said.ok:
            reason = said.reason or "no reason given"
            raise Problem("refused", reason=_typeset({"fr": said.fr or said.reason or "sans raison", "en": reason}))

    async def until(self, fulfilled: Callable[[State], bool]) -> State | None:
        """Return the state once it shows what was asked, or as it is after a short while."""
        try:
            async with asyncio.timeout(SHOWN_S):
                while self.state is None or not fulfilled(self.state):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return self.state

    def leave(self) -> None:
        """Fail whoever still waits for an answer."""
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("the runner has gone"))


class Runners:
    """Who is connected; the newest is the one on the projector, a replay before any story.

    The tables' own runners are apart: none is ever on the projector, and the story's pauses them with itself.
    """

    def __init__(
        self,
        show: Callable[[State | None], None],
        seat: Callable[[int, State | None], None] = lambda _table, _state: None,
    ) -> None:
        """Start with none.

        Args:
            show: tells the live state what is on the projector.
            seat: tells what a table plays; None: nothing.
        """
        self._show = show
        self._seat = seat
        self._seated: dict[int, Runner] = {}
        self._connected: list[Runner] = []
        self._holding = self._trying = False
        self._held: dict[str, float] = {}
        self._awaited_until = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._gone: asyncio.TimerHandle | None = None

    def join(self, runner: Runner) -> None:
        """Take a runner in; one of the same run, or table, replaces the one before."""
        if runner.table:
            self._seated[runner.table] = runner
            return
        others = [each for each in self._connected if each.run != runner.run]
        # what is played again stays on the projector, whatever story begins meanwhile
        self._connected = sorted([*others, runner], key=lambda each: each.run.startswith(REPLAY))
        self._forget_timer()

    def hear(self, runner: Runner, frame: FromRunner) -> None:
        """Take a frame of a runner and show it when it is the one on the projector."""
        runner.hear(frame)
        if runner.table:
            if frame.state is not None and self._seated.get(runner.table) is runner:
                self._seat(runner.table, frame.state)
            return
        if self._holding and frame.state is not None and frame.state.speed > 0 and runner.run not in self._held:
            self.beside(self._until_all_wait())
        if frame.state is not None and self._connected and self._connected[-1] is runner:
            self._show(frame.state)

    def leave(self, runner: Runner) -> None:
        """Let a runner go; the page is told after a short while, for it may come back."""
        runner.leave()
        if runner.table:
            if self._seated.get(runner.table) is runner:
                del self._seated[runner.table]
                self._seat(runner.table, None)
            return
        if runner in self._connected:
            self._connected.remove(runner)
            self._expect()
        if runner.run.startswith(REPLAY):
            self.beside(self.release())
        if not self._connected:
            self._forget_timer()
            self._gone = asyncio.get_running_loop().call_later(GRACE_S, self._show, None)
        elif (state := self._connected[-1].state) is not None:  # who has said nothing yet is about to
            self._show(state)

    def close(self) -> None:
        """Stop the timer, and hold nothing any more."""
        self._forget_timer()
        self._holding = False
        self._held.clear()
        for task in self._tasks:
            task.cancel()

    def get(self, run: str | None = None) -> Runner:
        """Return the runner of a run; without one, the one on the projector.

        Raises:
            Problem: there is none.
        """
        runner = self._known(run)
        if runner is None:
            raise Problem("no_scenario")
        return runner

    def _known(self, run: str | None) -> Runner | None:
        seated = [] if run is None else [*self._seated.values()]
        told = (each for each in [*reversed(self._connected), *seated] if each.state is not None)
        return next((each for each in told if run in {None, each.run}), None)

    async def ask(self, run: str | None, allow: Callable[[State], None], do: str, **what: Any) -> Runner:  # noqa: ANN401 — whatever the command takes
        """Ask the runner of a run; without one, the one on the projector, or the one that is on its way there.

        Args:
            run: its id; None: whatever is on the projector. One that is just leaving is followed.
            allow: raises a Problem when what is played does not allow it.
            do: the command.
            what: its arguments.

        Returns:
            Who did it.

        Raises:
            Problem: there is none, it refused, or did not answer.
        """
        deadline = time.monotonic() + CHANGE_S
        while True:
            while run is None and self._is_coming(self._on_projector()) and time.monotonic() < deadline:  # noqa: ASYNC110 — whether it does, nobody says
                await asyncio.sleep(LOOK_S)
            runner = self.get(run)
            if runner.state is not None:
                allow(runner.state)
            try:
                await runner.ask(do, **what)
            except Problem as problem:
                is_here = run is not None or runner in self._connected
                if problem.code != "no_answer" or is_here or time.monotonic() > deadline:
                    raise
            else:
                return runner

    def _on_projector(self) -> Runner | None:
        """Return who is there; None: nobody, or the recording that everybody waits for is not yet."""
        runner = self._known(None)
        return None if self._holding and runner is not None and not runner.run.startswith(REPLAY) else runner

    def _expect(self) -> None:
        """Somebody is about to come: a process starts, or connects anew."""
        self._awaited_until = time.monotonic() + CHANGE_S

    def _is_coming(self, who: Runner | None) -> bool:
        """Tell whether somebody who is not there is on the way."""
        is_silent = any(each.state is None for each in self._connected)
        return who is None and (is_silent or time.monotonic() < self._awaited_until)

    def at(self, table: int) -> Runner:
        """Return the runner of a table.

        Raises:
            Problem: the table has none.
        """
        runner = self._seated.get(table)
        if runner is None or runner.state is None:
            raise Problem("no_table", table=table)
        return runner

    @property
    def newest(self) -> Runner | None:
        """The one on the projector; None: nobody plays."""
        return self._connected[-1] if self._connected else None

    def story(self) -> Runner | None:
        """Return the runner of the newest story that is no replay; None: there is none."""
        told = [each for each in self._connected if each.state is not None and not each.run.startswith(REPLAY)]
        return told[-1] if told else None

    async def turn(self, **what: Any) -> State | None:  # noqa: ANN401 — whatever the command takes
        """Ask for another story of whoever tells one; return the next run's first state, None: none came in time.

        One that is just leaving for another story is followed to it: what was pressed last is what is told.

        Raises:
            Problem: there is none, it refused, or did not answer.
        """
        deadline = time.monotonic() + CHANGE_S
        while True:
            while self._is_coming(self.story()) and time.monotonic() < deadline:  # noqa: ASYNC110 — whether it does, nobody says
                await asyncio.sleep(LOOK_S)  # who has just gone usually comes back
            runner = self.story() or self.get()
            try:
                await runner.ask("scenario", **what)
            except Problem as problem:
                if problem.code != "no_answer" or runner in self._connected or time.monotonic() > deadline:
                    raise
            else:
                return await self.other_than(runner.run)

    async def hold(self) -> None:
        """Pause the stories while a recording is played: a device cannot say two things at once.

        They go on when the replay leaves, or at `release`; one that begins meanwhile waits too.
        """
        self._holding = True
        self._expect()
        if not await self._pause():
            self.beside(self._until_all_wait())

    async def _pause(self) -> bool:
        """Ask the stories that run to wait; tell whether all of them do."""
        done = True
        for runner in [*self._connected]:
            speed = 0.0 if runner.state is None else runner.state.speed
            if speed > 0 and not runner.run.startswith(REPLAY):
                self._held.setdefault(runner.run, speed)  # whatever it answers: it may do it all the same, late
                try:
                    await runner.ask("speed", within=SOON_S, speed=0.0)
                except Problem:  # its history is still being made, or it is slow
                    done = False
        return done

    async def _until_all_wait(self) -> None:
        if self._trying:
            return
        self._trying = True
        try:
            while self._holding and not await self._pause():  # noqa: ASYNC110 — that it can wait now, a runner does not say
                await asyncio.sleep(AGAIN_S)
        finally:
            self._trying = False

    async def release(self) -> None:
        """Let the stories go on as fast as they went."""
        self._holding = False
        held, self._held = self._held, {}
        for run, speed in held.items():
            with contextlib.suppress(Problem):
                await self.get(run).ask("speed", speed=speed)

    async def other_than(self, run: str, is_wanted: Callable[[], bool] = lambda: True) -> State | None:
        """Return the state of the next run that shows up, or None after a while or when it is wanted no more."""
        deadline = time.monotonic() + CHANGE_S
        while time.monotonic() < deadline and is_wanted():
            newest = self._connected[-1].state if self._connected else None
            if newest is not None and newest.run != run:
                return newest
            await asyncio.sleep(LOOK_S)
        return None

    def beside(self, what: Coroutine[Any, Any, None]) -> None:
        """Do it beside: who calls is not to wait for a runner's answer."""
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget_timer(self) -> None:
        if self._gone is not None:
            self._gone.cancel()
            self._gone = None
