"""`matinales demo --rehearse`: the guide played with its timings on a fast clock, without broker, hub or page."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.markup import escape

from device_sims import announce, common, scenario
from device_sims.errors import SimulationError
from device_sims.scenario import Loaded
from device_sims.stage import Stage
from device_sims.world import Emission, World
from hub import datafolder
from hub.cli._house import Neighbour
from hub.cli._place import printed
from hub.config import load
from hub.errors import HubError, UsageError
from hub.model import NS, Alarm, Message, Reading, Record, Source
from hub.registry import Registry, load_bundled
from hub.rules.calendar import Calendar
from hub.rules.engine import Engine
from hub.rules.wording import Text
from hub.understand import UNKNOWN_AGE, Memory, Understanding
from hub.usecases import loader
from hub.usecases.schema import Step, UseCase
from hub.workshop.rehearsal import Cue, Rang, Stall, ends, stalls

TICK_S = 60
"""The rules hear the time at least so often [s of the run]."""
EVERY = "*"


class Rehearsed(Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        usecase, seed: what was played.
        cues: the steps.
        rang: alarms, at minutes of the show.
        stalls: where it would stand still.
    """

    usecase: str
    seed: int
    cues: tuple[Cue, ...]
    rang: tuple[Rang, ...]
    stalls: tuple[Stall, ...]


class Playing:
    """One run on its way through decoders and rules, in this process.

    Attributes:
        raised: id → each alarm as it was last.
        heard: uids that said something that was understood.
    """

    def __init__(self, world: World, usecase: UseCase, registry: Registry, zone: ZoneInfo) -> None:
        """Announce the run as the import door does, and let its history happen."""
        self.world = world
        self.raised: dict[str, Alarm] = {}
        self._played: list[tuple[int, Cue]] = []
        self.heard: set[str] = set()
        self._run = announce.run_id(usecase.name, world.start, 0)
        calendar = Calendar(zone)
        calendar.plays(self._run, {usecase.name: world.days})
        self._engine = Engine([usecase], state={}, calendar=calendar)
        self._mind = Understanding(
            registry, Memory(), zone=zone, asks=False, foreign=False, wall=lambda: self._at(0), topics=("#",)
        )
        self._positions = itertools.count(1)
        self._announce(usecase.name)
        for role in world.players:
            self._hear(world.without_broker(world.birth(role)))
        self.play(0)

    def _announce(self, name: str) -> None:
        said = announce.announcement(
            self._run,
            name,
            seed=self.world.seed,
            speed=0.0,
            state="paused",
            wall=self.world.start,
            simulated=self.world.start,
            devices=(player.device for player in self.world.players.values()),
            days={name: self.world.days},
        )
        packet = announce.announced(said)
        self._take(Message(packet.topic, packet.payload, 0, Source.IMPORT, run=self._run))

    def play(self, to_s: int) -> None:
        """Play until a second of the run."""
        while self.world.time_s < to_s:
            self._hear(self.world.without_broker(self.world.advance(min(self.world.time_s + TICK_S, to_s))))
            self._note(self._engine.tick(self._run, self._at(self.world.time_s), past=True))

    def step(self, cue: Cue, step: Step, over: float) -> None:
        """Do what a step says, and let its time pass, until minute `over` of the show."""
        start_s = self.world.time_s
        self._played.append((start_s, cue))
        self.world.speed = step.speed
        for fault in [*self.world.acting] if EVERY in step.ends else step.ends:
            self._turn(fault, active=False)
        for fault in step.faults:
            self._turn(fault, active=True)
        self.play(start_s + round(60 * (over - cue.minute) * step.speed))

    def rang(self) -> Iterator[Rang]:
        """Yield its alarms by the minutes of the show; of its history too, before the first one."""
        for alarm in self.raised.values():
            over = None if alarm.returned_at is None else self._minute(alarm.returned_at)
            yield Rang(alarm.rule, self._minute(alarm.raised_at), over)

    def _minute(self, time: int) -> float:
        at_s = (time - self._at(0)) / NS
        start_s, cue = next((each for each in reversed(self._played) if each[0] <= at_s), self._played[0])
        return cue.minute + (at_s - start_s) / 60 / cue.speed

    def _turn(self, fault: str, *, active: bool) -> None:
        """Turn a fault on or off now."""
        self._hear(self.world.without_broker(self.world.fault(fault, active=active)))

    def _hear(self, said: Iterator[Emission]) -> None:
        for one in said:
            now = self._at(one.time_s)
            message = Message(one.packet.topic, one.packet.payload, now, Source.IMPORT, run=self._run, time=now)
            readings = [each for each in self._take(message) if each.time != UNKNOWN_AGE]
            self.heard |= {each.device for each in readings}
            self._note(self._engine.step(readings, past=True))

    def _take(self, message: Message) -> list[Reading]:
        return [*self._mind.take([Record(next(self._positions), message)]).past]

    def _note(self, alarms: list[Alarm]) -> None:
        self.raised |= {alarm.id: alarm for alarm in alarms}

    def _at(self, time_s: float) -> int:
        return round((self.world.start + timedelta(seconds=time_s)).timestamp()) * NS


def command(name: str, *, seed: int, living: datafolder.Living | None, as_json: bool) -> int:
    """Rehearse a use case's guide and say where the show would stall; 1: it would.

    Raises:
        UsageError: there is no such use case, or it cannot be played.
    """
    usecase = loader.find(name)
    try:
        rehearsed = rehearse(usecase, scenario.load(name), seed=seed, absent=absent(usecase, living))
    except SimulationError as error:
        raise UsageError(str(error)) from error
    if as_json:
        printed(msgspec.to_builtins(rehearsed))
    else:
        _show(usecase, rehearsed, load().lang)
    return 1 if rehearsed.stalls else 0


def rehearse(
    usecase: UseCase, loaded: Loaded, *, seed: int, absent: tuple[str, ...] = (), wall: datetime | None = None
) -> Rehearsed:
    """Play the guide and return what came of it.

    Args:
        usecase: whose guide.
        loaded: its scenario.
        seed: of every noise.
        absent: roles that the living hub does not hear.
        wall: now; the date changes times, never values.

    Raises:
        SimulationError: it cannot be played.
    """
    config = load()
    registry = Registry(load_bundled(), loader.payload_formats(config.payload_formats, loader.load_all().values()))
    cues = [_cue(place, step, loaded) for place, step in enumerate(usecase.guide, 1)]
    runs: list[Playing] = []
    for cue, step, over in zip(cues, usecase.guide, ends(cues), strict=True):
        if cue.anew or not runs:
            world = _world(loaded, step, seed, config.zone, wall or datetime.now(UTC))
            runs.append(Playing(world, usecase, registry, config.zone))
        runs[-1].step(cue, step, over)
    rang = sorted((each for run in runs for each in run.rang()), key=lambda each: each.minute)
    heard = {uid for run in runs for uid in run.heard}
    silent = [name for name, role in usecase.roles.items() if role.device not in heard or name in absent]
    found = stalls(cues, rang, silent=silent, titles=_titles(usecase, loaded))
    return Rehearsed(usecase=usecase.name, seed=seed, cues=tuple(cues), rang=tuple(rang), stalls=tuple(found))


def _cue(number: int, step: Step, loaded: Loaded) -> Cue:
    promised = {
        fault: tuple({rule: None for each in loaded.scenario.expect if each.fault == fault for rule in each.alarms})
        for fault in step.faults
    }
    return Cue(
        number=number,
        minute=step.minute,
        speed=step.speed,
        does=step.does,
        anew=step.initial is not None or step.clock is not None,
        rings=step.rings or (),
        hopes=promised if step.rings is None else {},
    )


def _world(loaded: Loaded, step: Step, seed: int, zone: ZoneInfo, wall: datetime) -> World:
    state = loaded.scenario.initial[step.initial or next(iter(loaded.scenario.initial))]
    start = announce.start_of(step.clock or state.clock or loaded.scenario.clock, zone, wall)
    return World(loaded, Stage(seed, start, zone, step.initial, step.clock))


def _titles(usecase: UseCase, loaded: Loaded) -> Mapping[str, Text]:
    faults = {name: Text(each.fr, each.en) for name, each in common.titles(loaded.scenario).items()}
    roles = {name: role.title for name, role in usecase.roles.items()}
    return {**faults, **roles, **{rule.id: rule.title for rule in usecase.all_rules}}


def absent(usecase: UseCase, living: datafolder.Living | None) -> tuple[str, ...]:
    """Return the roles that a living hub has given to a real device which is silent now; without a hub: none."""
    if living is None:
        return ()
    try:
        roles = Neighbour(living).ask("GET", f"/usecases/{usecase.name}")["roles"]
    except HubError:
        return ()
    return tuple(role["name"] for role in roles if role["state"] == "real" and (role["silent"] or role["time"] is None))


def _show(usecase: UseCase, rehearsed: Rehearsed, language: str) -> None:
    words = Console(highlight=False, soft_wrap=True)
    words.print(f"\n[bold]{escape(usecase.title.as_dict[language])}[/], seed {rehearsed.seed}\n")
    titles = {rule.id: rule.title.as_dict[language] for rule in usecase.all_rules}
    for cue, over in zip(rehearsed.cues, ends(rehearsed.cues), strict=True):
        words.print(f"  {cue.minute:5.1f} min  ×{cue.speed:<3g} {escape(cue.does.as_dict[language])}")
        for each in rehearsed.rang:
            if cue.minute <= each.minute < over:
                words.print(f"  {each.minute:5.1f} min       ▲ {escape(titles.get(each.rule, each.rule))}")
        for stall in rehearsed.stalls:
            if stall.step == cue.number:
                words.print(f"             [bold red]✗[/] {escape(stall.said.text.as_dict[language])}")
    done = {"fr": "Le spectacle ne s’arrête nulle part.", "en": "The show stalls nowhere."}
    count = len(rehearsed.stalls)
    halts = {"fr": f"Le spectacle s’arrêterait {count} fois.", "en": f"The show would stall {count} times."}
    words.print(f"\n  {(halts if count else done)[language]}\n")
