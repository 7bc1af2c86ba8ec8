"""What is to be played, where: the choices of a command line or a facilitator, and the world they make."""

import os
import secrets
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from device_sims import announce, copies, playbill, schedule
from device_sims.clock import MOST_LIVE_SPEED, checked_speed
from device_sims.ensemble import Ensemble
from device_sims.errors import SimulationError
from device_sims.link import Broker
from device_sims.stage import Stage

NOW = "now"
"""A clock: the run is a twin, whose time is the wall's from its start on (design.md §1)."""


class TimedFault(Struct, frozen=True):
    """`NAME@MIN[:intensity][/duration]`: a fault at a simulated minute."""

    name: str
    minute: float
    intensity: float | None = None
    duration_min: float | None = None


class Options(Struct, frozen=True, kw_only=True):
    """What to play, where.

    Attributes:
        scenario: its name, or the path of a scenario.toml.
        broker: where the devices connect.
        data: the hub's data folder (run.json); None: no hub.
        speed: simulated seconds a wall second.
        seed: of every noise.
        faults: to turn on at their minute.
        initial, clock: of the start; None: the scenario's. NOW: beside real devices, at ×1 whatever `speed` says.
        history_h: hours of history; None: the scenario's.
        zone: of the devices' local times.
        table: whose own run it is; 0: the whole room's.
    """

    scenario: str
    broker: Broker
    data: Path | None = None
    speed: float = 1.0
    seed: int = 0
    faults: tuple[TimedFault, ...] = ()
    initial: str | None = None
    clock: str | None = None
    history_h: int | None = None
    zone: str = "Europe/Paris"
    table: int = 0

    @property
    def is_twin(self) -> bool:
        """Whether its clock is the wall's."""
        return self.clock == NOW

    @property
    def pace(self) -> float:
        """Simulated seconds a wall second at the start."""
        return 1.0 if self.is_twin else self.speed


def make_world(options: Options, wall: datetime) -> Ensemble:
    """Return the world of a run that starts now.

    Raises:
        SimulationError: naming what cannot be played.
    """
    cast = playbill.load(options.scenario, options.history_h)
    if options.table:
        cast = copies.of_table(cast, options.table)
    checked_speed(options.speed)
    if options.speed > MOST_LIVE_SPEED and options.data is None:
        live = f"{MOST_LIVE_SPEED:.0f}"
        msg = f"speed is {options.speed:g}: above {live} messages go through a hub; name its data folder, or slow down"
        raise SimulationError(msg)
    zone = ZoneInfo(options.zone)
    clock = f"{wall.astimezone(zone):%H:%M}" if options.is_twin else options.clock
    start = announce.start_of(playbill.clock(cast, options.initial, clock), zone, wall)
    if options.is_twin:
        start = wall.replace(microsecond=0)
    world = Ensemble(cast, Stage(options.seed, start, zone, options.initial, clock, finely=True))
    world.speed = options.pace
    for fault in options.faults:
        lasts = schedule.seconds(fault.duration_min)
        world.schedule(round(60 * fault.minute), fault.name, fault.intensity, lasts)
    return world


def for_table(story: Options, table: int, *, scenario: str, speed: float) -> Options:
    """Return what a table plays beside a story: the same scenario, with a seed of its own.

    Args:
        story: what the room plays.
        table: its number.
        scenario: the one on the projector.
        speed: of the story now; a table goes as fast.
    """
    return msgspec.structs.replace(
        story,
        scenario=scenario,
        table=table,
        seed=copies.seed_of(story.seed, table),
        speed=speed,
        faults=(),
        history_h=copies.HISTORY_H,
        clock=None if story.is_twin else story.clock,
    )


def new_seed() -> int:
    """Return a seed short enough to be told from one facilitator to another."""
    return secrets.randbelow(10_000)


def zone_name() -> str:
    """Return the zone of local times, as the hub has it (`HUB_TZ`)."""
    return os.environ.get("HUB_TZ") or "Europe/Paris"
