"""Timelines: which run a message belongs to, and what time it is there (design.md §1, Timeline).

Pure: messages in, runs and marks out; the wall clock is an argument.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from hub.driver import topic_matches
from hub.errors import PayloadError
from hub.model import NS, REAL, Run

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PREFIX = "matinales/"
ANNOUNCEMENT = "matinales/sim/"
ANNOUNCED, ENDED = "announced", "ended"
LIVING = {"running", "paused"}
LEVELS_OF_RUN = 3
LEVELS_OF_BEAT = 4
LATEST = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) * NS
"""No clock shows more: a time beyond what the store can hold would stop the rules of everybody else."""
FASTEST_LIVE = 60.0
"""Speed of a run over the broker at most; faster ones come through the import door (design.md §1)."""
MAX_TOPICS = 20_000
"""How many topics' runs are remembered; a swarm of made-up topics must not fill the memory."""
SHOWN = 100
"""Characters shown of what somebody wrote."""
Days = Annotated[int, Meta(ge=-100_000, le=100_000)]
Speed = Annotated[float, Meta(ge=0, le=100_000)]
Table = Annotated[int, Meta(ge=0, le=99)]


class Announcement(Struct, frozen=True):
    """`matinales/sim/<run>`: a runner says what it plays. `wall`, `simulated`: RFC 3339 or seconds since 1970.

    `days`: scenario → how many days the day it plays lies after the date of its messages. `table`: whose own run it is,
    0: the whole room's; `plays`: uid of a table's device → that of the device whose role it plays.
    """

    run: str
    scenario: str
    state: str
    wall: str | float
    simulated: str | float
    seed: int = 0
    speed: Speed = 1.0
    devices: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    days: dict[str, Days] = {}
    table: Table = 0
    plays: dict[str, str] = {}


class Beat(Struct, frozen=True):
    """`matinales/sim/<run>/clock`: what time it is there."""

    wall: str | float
    simulated: str | float
    speed: Speed


def nanoseconds(time: str | float) -> int:
    """Return RFC 3339 text or seconds since 1970 as [ns].

    Raises:
        PayloadError: neither, or no time between 1970 and 2200.
    """
    found = _of_text(time) if isinstance(time, str) else round(max(-1, min(time, LATEST)) * NS)
    if not 0 <= found <= LATEST:
        msg = f"{time!r} does not lie between 1970 and 2200"
        raise PayloadError(msg)
    return found


def _of_text(time: str) -> int:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError as error:
        msg = f"{time!r} is no RFC 3339 time"
        raise PayloadError(msg) from error
    if moment.tzinfo is None:
        msg = f"{time!r} names no offset; end it with Z"
        raise PayloadError(msg)
    return (moment - EPOCH) // MICROSECOND * 1000


class Timelines:
    """Which runs live, and what belongs to them for ever."""

    def __init__(self, runs: Iterable[Run] = (), marks: Iterable[tuple[str, str]] = ()) -> None:
        """Start from the runs and the (device uid, run) marks that the store kept."""
        self.runs = {run.id: run for run in runs}
        self.marks = dict(marks)
        self._filters: dict[str, str] = {}
        self._by_topic: dict[str, str | None] = {}
        self._sort()

    def announce(
        self, payload: bytes, *, retained: bool, known_real: Iterable[str] = (), topic: str | None = None
    ) -> tuple[Run, list[str]]:
        """Take an announcement; return the run and the refusals in plain words.

        An announcement with the retain flag only marks identities: its run lives from its first beat, and takes
        nothing from one that lives.

        Args:
            payload: what a runner says of its run.
            retained: by the broker's flag.
            known_real: names of devices that are real and stay so.
            topic: where it was said; None: by somebody who may speak for any run.

        Raises:
            PayloadError: it is none.
        """
        said = _decode(payload, Announcement)
        if said.run == REAL or topic not in {None, f"{ANNOUNCEMENT}{said.run}"}:
            msg = f"run is {said.run[:SHOWN]!r}: a run announces itself, under its own id below {ANNOUNCEMENT}"
            raise PayloadError(msg)
        if said.state not in LIVING | {ENDED}:
            msg = f"state is {said.state[:SHOWN]!r}: a run is running, paused or ended"
            raise PayloadError(msg)
        real = set(known_real)
        refused = [f"{uid[:SHOWN]} is known as a real device and stays real" for uid in said.devices if uid in real]
        refused += [
            f"filter {each[:SHOWN]!r} needs a level with 'sim'" for each in said.topics if not _is_simulated(each)
        ]
        before = self.runs.get(said.run)
        alive = not retained or (before is not None and before.state != ANNOUNCED)
        devices = tuple(uid for uid in said.devices if uid not in real)
        run = Run(
            id=said.run,
            scenario=said.scenario,
            seed=said.seed,
            speed=said.speed,
            state=said.state if alive else ANNOUNCED,
            wall=nanoseconds(said.wall),
            simulated=nanoseconds(said.simulated),
            devices=devices,
            topics=tuple(each for each in said.topics if _is_simulated(each)),
            days=said.days,
            table=said.table,
            plays={uid: said.plays[uid] for uid in devices if said.table and uid in said.plays},
        )
        begun = run.state == "running" or (before is not None and before.begun)
        run = msgspec.structs.replace(run, begun=begun)
        if before is not None and retained and alive:
            run = msgspec.structs.replace(run, wall=before.wall, simulated=before.simulated, state=before.state)
        self.runs[run.id] = run
        self._claim(run)
        self._sort()
        return run, refused

    def beat(self, run_id: str, payload: bytes) -> Run | None:
        """Take a clock beat; return the run, or None for one that was never announced.

        Raises:
            PayloadError: it is none.
        """
        said = _decode(payload, Beat)
        before = self.runs.get(run_id)
        if before is None or before.state == ENDED:
            return None
        run = msgspec.structs.replace(
            before,
            wall=nanoseconds(said.wall),
            simulated=nanoseconds(said.simulated),
            speed=said.speed,
            state="running" if said.speed > 0 else "paused",
            begun=before.begun or said.speed > 0,
        )
        self.runs[run_id] = run
        if before.state == ANNOUNCED:
            self._claim(run)
            self._sort()
        return run

    def end(self, run_id: str) -> Run | None:
        """End a run whose announcement was cleared."""
        run = self.runs.get(run_id)
        if run is None or run.state == ENDED:
            return None
        run = msgspec.structs.replace(run, state=ENDED)
        self.runs[run_id] = run
        self._sort()
        return run

    def of(self, topic: str) -> str | None:
        """Return the run whose announced filters match a topic: a living one first, the newest where several do."""
        try:
            return self._by_topic[topic]
        except KeyError:
            pass
        if not self._filters:
            return None
        found = [run for pattern, run in self._filters.items() if topic_matches(pattern, topic)]
        if len(self._by_topic) >= MAX_TOPICS:
            self._by_topic.clear()
        self._by_topic[topic] = run = found[-1] if found else None
        return run

    def mark(self, uid: str, run: str) -> bool:
        """Remember that a device is simulated, for ever; tell whether that is news."""
        if self.marks.get(uid) == run:
            return False
        self.marks[uid] = run
        return True

    def stands(self, run: str) -> bool:
        """Tell whether a run is paused: nothing runs out on it, and its history may still be on its way."""
        known = self.runs.get(run)
        return known is not None and known.state == "paused"

    def now(self, run: str, wall: int) -> int:
        """Return a timeline's now [ns]."""
        if run == REAL:
            return wall
        known = self.runs.get(run)
        return known.now(wall) if known is not None else wall

    def living(self, received: int) -> dict[str, int]:
        """Return living run → when something received at a wall time arrived there [ns]."""
        return {run.id: self.arrival(run.id, received) for run in self.runs.values() if run.state in LIVING}

    def arrival(self, run: str, received: int) -> int:
        """Return when something received at a wall time arrived on its timeline [ns]."""
        known = self.runs.get(run)
        if known is None:
            return received
        if known.state in {"paused", ENDED}:
            return known.simulated
        return min(max(known.simulated + int((received - known.wall) * known.speed), 0), LATEST)

    def marked(self, run: Run) -> dict[str, str]:
        """Return the marks of a run's announced devices: device uid → run."""
        return {uid: run.id for uid in run.devices if self.marks.get(uid) == run.id}

    def replaced_by(self, run: Run) -> list[Run]:
        """End and return the other runs whose devices belong to a living `run` now: a device lives on one timeline."""
        if run.state not in LIVING:
            return []
        mine = set(run.devices)
        older = [
            msgspec.structs.replace(each, state=ENDED)
            for each in self.runs.values()
            if each.id != run.id and each.state != ENDED and mine & set(each.devices)
        ]
        if older:
            self.runs.update((each.id, each) for each in older)
            self._sort()
        return older

    def _claim(self, run: Run) -> None:
        """Mark a run's devices; only a living run takes one from another that lives."""
        for uid in run.devices:
            other = self.runs.get(self.marks.get(uid, ""), run)
            if run.state in LIVING or other.state not in LIVING:
                self.marks[uid] = run.id

    def _sort(self) -> None:
        """Order the filters by what is stored of the runs, so that a restart finds the same: the best come last."""
        ranks = {ENDED: 0, ANNOUNCED: 1}
        self._filters.clear()
        for run in sorted(self.runs.values(), key=lambda run: ranks.get(run.state, 2)):  # stable: then the newest
            for pattern in run.topics:
                self._filters.pop(pattern, None)
                self._filters[pattern] = run.id
        self._by_topic.clear()


def of_own_topic(topic: str) -> tuple[str, bool] | None:
    """Return (run, whether it is a beat) for a topic of a runner, else None."""
    if not topic.startswith(ANNOUNCEMENT):
        return None
    levels = topic.split("/")
    if len(levels) == LEVELS_OF_RUN:
        return levels[2], False
    if len(levels) == LEVELS_OF_BEAT and levels[3] == "clock":
        return levels[2], True
    return None


def _is_simulated(pattern: str) -> bool:
    return any("sim" in level for level in pattern.split("/") if level not in {"+", "#"})


def _decode(payload: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.MsgspecError as error:
        msg = f"no {kind.__name__.lower()} of a simulation: {error}"
        raise PayloadError(msg) from error
