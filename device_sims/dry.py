"""A scenario without broker or wall clock: its time-line, and what its devices would say, message after message."""

from collections.abc import Iterator
from datetime import UTC, datetime

from device_sims import playbill, schedule
from device_sims.day import DAY_S, clock_s, clock_text
from device_sims.devices import Packet
from device_sims.options import Options, TimedFault, make_world
from device_sims.tables import Scenario

SHORTEST_MIN = 10.0
AFTER_LAST_FAULT_MIN = 10.0
LEAST_SHOWN_MIN = DAY_S / 60
"""A time-line shows a day at least."""


def minutes(options: Options, wanted: float | None) -> float:
    """Return how many simulated minutes to play: those asked for, else until ten after the last fault has begun."""
    if wanted is not None:
        return wanted
    return max([SHORTEST_MIN, *(fault.minute + AFTER_LAST_FAULT_MIN for fault in options.faults)])


def messages(options: Options, minutes: float, wall: datetime | None = None) -> Iterator[Packet]:
    """Return every message of the run's first minutes; the same options give the same values, on any date.

    Raises:
        SimulationError: naming what cannot be played.
    """
    world = make_world(options, wall or datetime.now(UTC))
    if world.begin_s < 0:
        for _ in world.advance(-1):  # the history happens all the same
            pass
    for role in world.players:
        for one in world.without_broker(world.birth(role)):
            yield one.packet
    for one in world.without_broker(world.advance(round(60 * minutes))):
        yield one.packet


def timeline(options: Options, minutes: float) -> Iterator[str]:
    """Return the run's events, faults and expected alarms, the earliest first, each with its hour and its minute.

    Where nobody asked for a fault: what each fault of the scenario raises, in minutes after its start.

    Raises:
        SimulationError: naming what cannot be played.
    """
    cast = playbill.load(options.scenario, options.history_h)
    start_s = clock_s(playbill.clock(cast, options.initial, options.clock))
    history_h = max(part.scenario.history_h for part in cast.parts.values())
    lines = [(0.0, f"the run starts; {history_h} h of history end here")]
    for prefix, part in cast.parts.items():
        for event in part.scenario.events:
            lines += _event(prefix, event, start_s, max(minutes, LEAST_SHOWN_MIN))
    for fault in options.faults:
        lines += _fault(cast, fault, options.initial)
    for minute, text in sorted(lines, key=lambda line: line[0]):
        yield f"{clock_text(start_s + 60 * minute)} {minute:+9.1f} min  {text}"
    if not options.faults:
        for prefix, part in cast.parts.items():
            yield from _table(prefix, part.scenario)


def _event(prefix: str, event: schedule.Event, clock_at_start_s: int, until_min: float) -> Iterator[tuple[float, str]]:
    due = schedule.due(event, clock_at_start_s=clock_at_start_s, from_s=0)
    for time_s in range(due.time_s, round(60 * until_min) + 1, due.every_s or DAY_S * 366):
        yield time_s / 60, f"event {prefix}{event.fault}{_figures(event.intensity, event.duration_min)}"


def _fault(cast: playbill.Cast, fault: TimedFault, initial: str | None) -> Iterator[tuple[float, str]]:
    yield fault.minute, f"fault {fault.name}{_figures(fault.intensity, fault.duration_min)}"
    for prefix, part in cast.parts.items():
        expect = _expected(part.scenario, fault.name.removeprefix(prefix), fault.intensity, initial)
        for rule, after in expect.alarms.items() if expect and fault.name.startswith(prefix) else ():
            yield fault.minute + after, f"alarm {rule} is expected, {after:g} min after {fault.name}"


def _expected(played: Scenario, fault: str, intensity: float | None, initial: str | None) -> schedule.Expect | None:
    """Return what a fault raises when it begins from the run's initial state."""
    first = next(iter(played.initial))
    for expect in played.expect:
        if (expect.fault, expect.intensity, expect.initial or first) == (fault, intensity, initial or first):
            return expect
    return None


def _table(prefix: str, played: Scenario) -> Iterator[str]:
    for expect in played.expect:
        rules = sorted(expect.alarms.items(), key=lambda item: item[1])
        told = ", ".join(f"{rule} {after:g}" for rule, after in rules) or "no alarm"
        which = prefix + (expect.fault or "an ordinary day")
        yield f"{which}{_figures(expect.intensity, expect.duration_min)} raises [min after its start]: {told}"


def _figures(intensity: float | None, duration_min: float | None) -> str:
    strong = "" if intensity is None else f", intensity {intensity:g}"
    return strong if duration_min is None else f"{strong}, for {duration_min:g} min"
