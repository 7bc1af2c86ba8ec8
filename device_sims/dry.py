"""A scenario without broker or wall clock: what its devices would say, message after message."""

from collections.abc import Iterator
from datetime import UTC, datetime

from device_sims.devices import Packet
from device_sims.runner import Options, make_world

SHORTEST_MIN = 10.0
AFTER_LAST_FAULT_MIN = 10.0


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
    for _ in world.advance(-1):  # the history happens all the same
        pass
    for role in world.players:
        for one in world.without_broker(world.birth(role)):
            yield one.packet
    for one in world.without_broker(world.advance(round(60 * minutes))):
        yield one.packet
