"""A scenario played through the hub's own decoders and rules in the test's process: no broker, no clock, no file."""

import copy
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from device_sims import announce, devices, scenario
from device_sims.schedule import ANY_OTHER, Expect, seconds
from device_sims.stage import Stage
from device_sims.world import Emission, Output, World
from hub.model import NS, Alarm, Message, Reading, Record, Source
from hub.rules.calendar import Calendar
from hub.rules.case import View
from hub.rules.engine import Engine
from hub.rules.measures import origin
from hub.rules.state import pack
from hub.understand import UNKNOWN_AGE, Changes, Memory, Understanding
from hub.usecases.schema import UseCase
from servers.workers import registry, usecases

ZONE = ZoneInfo("Europe/Paris")
WALL = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SEED = 7
TICK_S = 600
"""The engine raises exact times whenever it is asked: now and then is enough."""


@dataclass(frozen=True)
class Played:
    """What a rehearsal raised.

    Attributes:
        alarms: in the order they were raised, each as it was last.
        since: the fault's start [ns].
        refused: topic and reason of what the hub did not understand.
    """

    alarms: tuple[Alarm, ...]
    since: int
    refused: tuple[str, ...]

    def minutes(self) -> dict[str, float]:
        """Return rule → minutes from the fault's start until it was first raised after it."""
        first: dict[str, float] = {}
        for alarm in self.alarms:
            if alarm.raised_at >= self.since:
                first.setdefault(alarm.rule, (alarm.raised_at - self.since) / NS / 60)
        return first


class Rehearsal:
    """One run on its way through decoders and rules."""

    def __init__(self, world: World) -> None:
        """Announce the run as the import door does."""
        self.world = world
        self.run = announce.run_id(world.scenario.name, WALL, 0xABCD)
        self.engine = self._engine({})
        self.refused: list[str] = []
        self.mind = Understanding(
            registry(), Memory(), zone=ZONE, asks=False, foreign=False, wall=lambda: self._now(0), topics=("#",)
        )
        self._positions = itertools.count(1)
        self._raised: dict[str, Alarm] = {}
        self._ticked_s = world.time_s
        said = announce.announcement(
            self.run,
            world.scenario.name,
            seed=SEED,
            speed=0.0,
            state="paused",
            wall=WALL,
            simulated=world.start,
            devices=(player.device for player in world.players.values()),
            days={world.scenario.name: world.days},
        )
        self._take(
            Message(f"matinales/sim/{self.run}", announce.announced(said).payload, 0, Source.IMPORT, run=self.run)
        )

    def _engine(self, state: Mapping[str, bytes]) -> Engine:
        calendar = Calendar(ZONE)
        calendar.plays(self.run, {self.world.scenario.name: self.world.days})
        books = [case] if (case := usecases().get(self.world.scenario.name)) else []
        return Engine(books, state=state, calendar=calendar)

    def copy(self) -> "Rehearsal":
        """Return the same run at the same moment; its rules go on from what a restart would find."""
        memories = {str(key): pack(case.memory) for key, case in self.engine._cases.items()}
        kept = {id(registry()): registry(), id(self.engine): self._engine(memories)}
        return copy.deepcopy(self, kept)

    def play(self, to_s: int) -> list[Reading]:
        """Play until a second of the run; return what the hub read."""
        read: list[Reading] = []
        for one in self.world.without_broker(self.world.advance(to_s)):
            self._let_time_pass(one.time_s)
            read += self.say(one)
        self._let_time_pass(to_s, last=True)
        return read

    def birth(self, *, history: bool) -> list[Reading]:
        """Let the devices with a history, or those without one, say what they say when their connection is up."""
        roles = [role for role, each in self.world.players.items() if each.settings.history is history]
        return [reading for role in roles for reading in self.hear(self.world.birth(role))]

    def hear(self, said: Iterable[Output]) -> list[Reading]:
        """Let the hub hear what devices say at once; return what it read."""
        return [reading for one in self.world.without_broker(said) for reading in self.say(one)]

    def alarms(self) -> tuple[Alarm, ...]:
        """Return what was raised, the earliest first."""
        return tuple(sorted(self._raised.values(), key=lambda alarm: alarm.raised_at))

    def say(self, one: Emission) -> list[Reading]:
        """Take in what a device says; return what the hub read."""
        now = self._now(one.time_s)
        message = Message(one.packet.topic, one.packet.payload, now, Source.IMPORT, run=self.run, time=now)
        changes = self._take(message)
        self.refused += [f"{heard.topic}: {heard.reason}" for heard in changes.heard]
        readings = [reading for reading in changes.past if reading.time != UNKNOWN_AGE]
        self._note(self.engine.step(readings, past=True))
        return readings

    def _take(self, message: Message) -> Changes:
        return self.mind.take([Record(next(self._positions), message)])

    def _let_time_pass(self, to_s: float, *, last: bool = False) -> None:
        while self._ticked_s + TICK_S < to_s:
            self._ticked_s += TICK_S
            self._note(self.engine.tick(self.run, self._now(self._ticked_s), past=True))
        if last:
            self._note(self.engine.tick(self.run, self._now(to_s), past=True))

    def _note(self, alarms: list[Alarm]) -> None:
        self._raised |= {alarm.id: alarm for alarm in alarms}

    def view(self) -> View | None:
        """Return what the rules of the scenario's own use case know now."""
        return self.engine.view(self.world.scenario.name, self.run, self._now(self.world.time_s))

    def _now(self, time_s: float) -> int:
        return round((self.world.start + timedelta(seconds=time_s)).timestamp()) * NS


def ideal(loaded: scenario.Loaded) -> scenario.Loaded:
    """Return a scenario whose sensors have their lag alone: no noise, bias, rounding, drop-out (use_cases.md §0)."""

    def channel(each: scenario.Channel) -> scenario.Channel:
        return msgspec.structs.replace(each, sigma=0.0, relative=0.0, resolution=0.0, drop=0.0, bias=0.0)

    def device(each: scenario.Device) -> scenario.Device:
        return msgspec.structs.replace(each, channels={name: channel(one) for name, one in each.channels.items()})

    devices = {role: device(each) for role, each in loaded.scenario.devices.items()}
    return loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, devices=devices))


def world(
    loaded: scenario.Loaded,
    *,
    initial: str | None = None,
    clock: str | None = None,
    wall: datetime = WALL,
    seed: int = SEED,
) -> World:
    """Return a scenario at the beginning of its history, its start the last passing of its clock before `wall`."""
    state = loaded.scenario.initial[initial or next(iter(loaded.scenario.initial))]
    start = announce.start_of(clock or state.clock or loaded.scenario.clock, ZONE, wall)
    return World(loaded, Stage(seed, start, ZONE, initial, clock))


@lru_cache(maxsize=4)
def _at_start(key: bytes, name: str, initial: str | None, clock: str | None) -> Rehearsal:  # noqa: ARG001 — part of the key
    """Return a run at its start, its history behind it: played once, copied for each expectation that begins there."""
    rehearsal = Rehearsal(world(_PLAYED[name], initial=initial, clock=clock))
    rehearsal.birth(history=True)
    rehearsal.play(-1)
    return rehearsal


_PLAYED: dict[str, scenario.Loaded] = {}
"""The scenario that `_at_start` plays, by name."""


def rehearse(loaded: scenario.Loaded, expect: Expect) -> Played:
    """Play a scenario's expectation to its end."""
    if expect.history_h is not None:
        loaded = loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, history_h=expect.history_h))
    _PLAYED[loaded.scenario.name] = loaded
    key = msgspec.json.encode(loaded.scenario)
    start = _at_start(key, loaded.scenario.name, expect.initial, expect.clock)
    rehearsal = start.copy()
    since_s = round(60 * expect.at_min)
    if expect.fault is not None:
        rehearsal.world.schedule(since_s, expect.fault, expect.intensity, seconds(expect.duration_min))
    rehearsal.play(0)
    rehearsal.birth(history=False)
    rehearsal.play(round(3600 * expect.hours))
    since = round((rehearsal.world.start + timedelta(seconds=since_s)).timestamp()) * NS
    return Played(rehearsal.alarms(), since, tuple(rehearsal.refused))


def after(loaded: scenario.Loaded, minutes: float, *faults: str, initial: str | None = None) -> Rehearsal:
    """Return a run so many minutes after its start, at which the faults began."""
    _PLAYED[loaded.scenario.name] = loaded
    rehearsal = _at_start(msgspec.json.encode(loaded.scenario), loaded.scenario.name, initial, None).copy()
    for fault in faults:
        rehearsal.world.schedule(0, fault)
    rehearsal.play(0)
    rehearsal.birth(history=False)
    rehearsal.play(round(60 * minutes))
    return rehearsal


def made(device: scenario.Device) -> devices.Device:
    """Return what speaks for a device of a scenario."""
    return devices.make(device.kind, device.id, device.fields, device.options)


def tolerance_min(played: scenario.Scenario, case: UseCase, rule: str) -> float:
    """Return two sampling periods of the device that gives what a rule judges, and the second of a crossing [min]."""
    measure = next(each.measure for each in case.all_rules if each.id == rule)
    uid = case.roles[origin(case.measures, measure).role].device
    (device,) = [each for each in played.devices.values() if made(each).uid == uid]
    return (2 * device.period_s + 2) / 60


def misses(
    played: scenario.Scenario, case: UseCase, expect: Expect, found: Mapping[str, float], noise: float = 0.0
) -> Iterator[str]:
    """Say which alarms came otherwise than expected; `noise`: share of the time by which noise may move one."""
    for rule, minutes in expect.alarms.items():
        moved = noise * minutes + expect.noise_min if noise else 0.0
        within = tolerance_min(played, case, rule) + moved
        came = found.get(rule)
        if came is None:
            yield f"{rule} is not raised; expected at {minutes:g} min"
        elif abs(came - minutes) > within:
            yield f"{rule} is raised at {came:.2f} min; expected at {minutes:g} ± {within:.2f} min"
    for rule, came in found.items():
        if rule in expect.never or (ANY_OTHER in expect.never and rule not in expect.alarms):
            yield f"{rule} is raised at {came:.2f} min; expected never"
