"""Several worlds in one run: one clock, one speed, roles and faults named after their scenario."""

import heapq
from collections.abc import Iterable, Iterator, Mapping

from device_sims import playbill
from device_sims.playbill import Cast
from device_sims.player import Player
from device_sims.schedule import Acting
from device_sims.stage import Stage
from device_sims.tables import Text
from device_sims.world import Emission, Output, World


class Ensemble:
    """The worlds of a run: the first keeps its own names, the others' are put after their scenario's.

    Attributes:
        shown: the scenario whose story is on the projector.
        plays: uid of a device → that of the device whose role it plays; empty: each its own.
    """

    def __init__(self, cast: Cast, stage: Stage) -> None:
        """Place every world at the beginning of its history; the stage's initial state is the first one's.

        Raises:
            SimulationError: no such initial state.
        """
        self.name = cast.name
        self.shown = next(iter(cast.parts.values())).scenario.name
        self.title = cast.title
        self.plays = cast.plays
        self.start = stage.start
        common = stage._replace(clock=playbill.clock(cast, stage.initial, stage.clock))
        self.worlds = {
            prefix: World(loaded, common._replace(initial=None) if prefix else common)
            for prefix, loaded in cast.parts.items()
        }
        self.players: Mapping[str, Player] = {
            prefix + role: player for prefix, world in self.worlds.items() for role, player in world.players.items()
        }

    @property
    def days(self) -> dict[str, int]:
        """Scenario → how many days the day it plays lies after the date of its messages."""
        return {world.scenario.name: world.days for world in self.worlds.values()}

    @property
    def begin_s(self) -> int:
        """The earliest second of any history."""
        return min(world.begin_s for world in self.worlds.values())

    @property
    def time_s(self) -> int:
        """The second that every world has reached."""
        return min(world.time_s for world in self.worlds.values())

    @property
    def speed(self) -> float:
        """Simulated seconds a wall second."""
        return next(iter(self.worlds.values())).speed

    @speed.setter
    def speed(self, speed: float) -> None:
        for world in self.worlds.values():
            world.speed = speed

    @property
    def acting(self) -> dict[str, Acting]:
        """The faults that are on."""
        return {prefix + name: one for prefix, world in self.worlds.items() for name, one in world.acting.items()}

    def titles(self) -> dict[str, Text]:
        """Return every fault's title; of several scenarios, with the scenario's."""
        return {
            prefix + name: _beside(world.scenario.title, title) if prefix else title
            for prefix, world in self.worlds.items()
            for name, title in world.titles().items()
        }

    def stretched(self) -> list[str]:
        """Return the roles whose period is stretched at the present speed."""
        return [prefix + role for prefix, world in self.worlds.items() for role in world.stretched()]

    def next_s(self) -> float:
        """Return when something is due next."""
        return min(world.next_s() for world in self.worlds.values())

    def schedule(self, time_s: int, name: str, intensity: float | None = None, duration_s: int | None = None) -> None:
        """Turn a fault on at a simulated second.

        Raises:
            SimulationError: no such fault, or an impossible intensity or duration.
        """
        prefix, own = self._split(name)
        self.worlds[prefix].schedule(time_s, own, intensity, duration_s)

    def check_fault(self, name: str, intensity: float | None, duration_s: int | None) -> None:
        """Look whether a fault can be turned on.

        Raises:
            SimulationError: no such fault, or an impossible intensity or duration.
        """
        prefix, own = self._split(name)
        self.worlds[prefix].check_fault(own, intensity, duration_s)

    def fault(
        self, name: str, *, active: bool, intensity: float | None = None, duration_s: int | None = None
    ) -> list[Output]:
        """Turn a fault on or off now; return what the devices say at once.

        Raises:
            SimulationError: no such fault, or an impossible intensity or duration.
        """
        prefix, own = self._split(name)
        said = self.worlds[prefix].fault(own, active=active, intensity=intensity, duration_s=duration_s)
        return [*_named(prefix, said)]

    def command(self, role: str, topic: str, payload: bytes) -> list[Output]:
        """Hand a message to a device; return what it says."""
        prefix, own = self._split(role)
        return [*_named(prefix, self.worlds[prefix].command(own, topic, payload))]

    def birth(self, role: str) -> list[Output]:
        """Return what a device says when its connection is up."""
        prefix, own = self._split(role)
        return [*_named(prefix, self.worlds[prefix].birth(own))]

    def advance(self, to_s: float) -> Iterator[Output]:
        """Play until a simulated second, that one's telemetry included; in the order of the run's seconds."""
        if len(self.worlds) == 1:
            ((prefix, world),) = self.worlds.items()
            return _named(prefix, world.advance(to_s))
        return heapq.merge(
            *(_named(prefix, world.advance(to_s)) for prefix, world in self.worlds.items()),
            key=lambda one: one.time_s,
        )

    def without_broker(self, said: Iterable[Output]) -> Iterator[Emission]:
        """Return messages alone: a broken connection becomes its will, a restored one the device's birth."""
        for one in said:
            prefix, own = self._split(one.role)
            for word in self.worlds[prefix].without_broker([one._replace(role=own)]):
                yield word._replace(role=prefix + word.role)

    def _split(self, name: str) -> tuple[str, str]:
        """Return whose a role or fault is, and its name there."""
        prefix = max((each for each in self.worlds if name.startswith(each)), key=len)
        return prefix, name.removeprefix(prefix)


def _named(prefix: str, said: Iterable[Output]) -> Iterator[Output]:
    for one in said:
        yield one._replace(role=prefix + one.role) if prefix else one


def _beside(scenario: Text, title: Text) -> Text:
    return Text(f"{scenario.fr} · {title.fr}", f"{scenario.en} · {title.en}")
