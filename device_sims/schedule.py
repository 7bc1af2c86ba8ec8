"""What happens by itself in a scenario (`[[events]]`), and the alarms that its faults must raise (`[[expect]]`)."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace

from msgspec import Struct

from device_sims.day import DAY_S, clock_s
from device_sims.errors import SimulationError

ANY_OTHER = "*"
"""In `never`: every rule that `alarms` does not name."""
MOST_INTENSITY = 1000.0
"""Far beyond any sensible one."""


class Event(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault that comes by itself: `at` an hour of each simulated day, or once, `at_min` minutes after the start.

    Attributes:
        intensity: how strong [1]; None: 1.
        duration_min: how long [min]; None: the fault's own.
    """

    fault: str
    at: str | None = None
    at_min: float | None = None
    intensity: float | None = None
    duration_min: float | None = None


class Expect(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a fault must raise in the hub, in the time of the readings; within two sampling periods.

    Attributes:
        fault: which; None: an ordinary day.
        initial, clock: of the run's start; None: the first state, and its clock.
        at_min: minutes after the run's start at which it begins.
        intensity, duration_min: of the fault; None: its own.
        hours: how long to play after the start [h].
        history_h: how much of the history to play before it [h]; None: all.
        alarms: rule → minutes from the fault's start until it is raised.
        never: rules that are not raised from then on; `*` every rule that `alarms` does not name.
        noise_min: by how much more than a tenth noise may move an alarm [min]: what falls slowly crosses in its noise.
        why: what makes a value differ from use_cases.md.
    """

    fault: str | None = None
    initial: str | None = None
    clock: str | None = None
    at_min: float = 0.0
    intensity: float | None = None
    duration_min: float | None = None
    hours: float = 24.0
    history_h: int | None = None
    alarms: dict[str, float] = {}
    never: tuple[str, ...] = ()
    noise_min: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A fault that will come.

    Attributes:
        time_s: of the run.
        every_s: it comes again after so long; None: never.
    """

    time_s: int
    fault: str
    intensity: float | None = None
    duration_s: int | None = None
    every_s: int | None = None


@dataclass(slots=True)
class Acting:
    """A fault that is on: since when, how strong, until when [s of the run]."""

    since_s: int
    intensity: float | None
    until_s: int | None


@dataclass(slots=True)
class Agenda:
    """Faults to come, the next one first."""

    dues: list[Due] = field(default_factory=list)

    def add(self, due: Due) -> None:
        """Take one in; of several at one second, in the order they were added."""
        self.dues.append(due)
        self.dues.sort(key=lambda each: each.time_s)

    def next_s(self) -> int | None:
        """Return when the next one comes [s of the run]."""
        return self.dues[0].time_s if self.dues else None

    def pop(self, time_s: int) -> Due | None:
        """Return the next one that is due, and note when it comes again."""
        if not self.dues or self.dues[0].time_s > time_s:
            return None
        due = self.dues.pop(0)
        if due.every_s is not None:
            self.add(replace(due, time_s=due.time_s + due.every_s))
        return due


def seconds(minutes: float | None) -> int | None:
    """Return a duration in whole seconds, at least one."""
    return None if minutes is None else max(round(60 * minutes), 1)


def due(event: Event, *, clock_at_start_s: int, from_s: int) -> Due:
    """Return when an event comes for the first time, not before `from_s` [s of the run]."""
    lasts = seconds(event.duration_min)
    if event.at is None:
        return Due(round(60 * (event.at_min or 0.0)), event.fault, event.intensity, lasts)
    first = clock_s(event.at) - clock_at_start_s
    first += -((first - from_s) // DAY_S) * DAY_S
    return Due(first, event.fault, event.intensity, lasts, every_s=DAY_S)


def event_problems(event: Event, lasting: Mapping[str, bool]) -> Iterator[str]:
    """Say what is wrong with an event; `lasting`: fault → whether it goes on until somebody ends it."""
    yield from _fault_problems(event.fault, event.intensity, event.duration_min, lasting)
    if (event.at is None) == (event.at_min is None):
        yield 'give either at (an hour of each day: "22:00") or at_min (minutes after the start)'
    if event.at is not None:
        yield from _clock_problems("at", event.at)
        if event.duration_min is None and lasting.get(event.fault):
            yield f"fault {event.fault!r} never ends by itself: a daily event needs duration_min"
    if event.at_min is not None and not 0 <= event.at_min < float("inf"):
        yield f"at_min is {event.at_min}: it is zero or more"


def expect_problems(expect: Expect, lasting: Mapping[str, bool], initials: Container[str]) -> Iterator[str]:
    """Say what is wrong with an expectation."""
    if expect.fault is not None:
        yield from _fault_problems(expect.fault, expect.intensity, expect.duration_min, lasting)
    if expect.initial is not None and expect.initial not in initials:
        yield f"initial: no state {expect.initial!r}"
    if expect.clock is not None:
        yield from _clock_problems("clock", expect.clock)
    if not 0 <= expect.at_min < 60 * expect.hours < float("inf"):
        yield f"at_min is {expect.at_min}, hours {expect.hours}: the fault begins within the hours that are played"
    for rule, minutes in expect.alarms.items():
        if not 0 <= minutes <= 60 * expect.hours - expect.at_min:
            yield f"alarms.{rule} is {minutes} min: it lies within the hours that are played after the fault's start"
        if rule in expect.never:
            yield f"never: {rule!r} is among the alarms too"
    if not expect.alarms and not expect.never:
        yield "give alarms, never, or both"


def _fault_problems(
    name: str, intensity: float | None, duration_min: float | None, lasting: Mapping[str, bool]
) -> Iterator[str]:
    if name not in lasting:
        yield f"no fault {name!r}; known: {', '.join(lasting)}"
    if intensity is not None and not 0 < intensity <= MOST_INTENSITY:
        yield f"intensity is {intensity}: it lies above 0, and 1 is the usual"
    if duration_min is not None and not 0 < duration_min < float("inf"):
        yield f"duration_min is {duration_min}: it is above zero"


def _clock_problems(where: str, clock: str) -> Iterator[str]:
    try:
        clock_s(clock)
    except SimulationError:
        yield f"{where} is {clock!r}: write an hour of the day, for instance 22:00"
