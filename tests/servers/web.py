"""A hub made of lists, for tests of the web layer."""

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp.test_utils import TestClient
from msgspec.structs import replace

from hub.config import Config
from hub.described import described
from hub.driver import Command, Driver
from hub.errors import NotFoundError, UsageError
from hub.forgetting import elsewhere
from hub.lan.room import Ways
from hub.live import Batch, Live
from hub.machine import Machine, Process
from hub.model import (
    NS,
    Action,
    Alarm,
    Commanded,
    CommandState,
    Device,
    Heard,
    Message,
    Paced,
    PaceState,
    Quality,
    Reading,
    Run,
    TimeSource,
)
from hub.provisioning import Provisioning
from hub.refusals.explain import Explainer
from hub.registry import Contexts, Registry, load_bundled
from hub.rules.casting import Taken
from hub.setup import broker_of
from hub.store.alarms import Asked, Found, Transition, transitions
from hub.store.base import Aggregate, Range, Row, Rows, Series
from hub.tables import Tables, Wanted
from hub.usecases import costing, describe, find
from hub.usecases.choosing import NOTHING
from hub.usecases.schema import UseCase
from hub.usecases.why import why
from hub.web.hub import Acts, Change, Sittings
from hub.workshop.report.content import Report, Whose
from hub.workshop.report.words import Language, headings
from hub.workshop.wall import Wall, WallWish, changed
from servers.sittings import FakePlayer, FakeSittings

WALL = 1_800_000_000 * NS
"""2027-01-15T08:00:00Z"""
T = TypeVar("T")
SECRET = "run-json-secret"
PIN = "042042"


def reading(device: str, channel: str, value: float, *, time: int = WALL, run: str = "real") -> Reading:
    """Return a reading in °C."""
    return Reading(device, channel, "°C", value, time, time, TimeSource.ARRIVAL, Quality.GOOD, run, 0)


class FakeHistory:
    """Readings in a list; series and windows as simple as they can be."""

    def __init__(self) -> None:
        """Start empty."""
        self.stored: list[Reading] = []
        self.asked: list[Range] = []

    def write(self, readings: Sequence[Reading]) -> None:
        """Keep them."""
        self.stored += readings

    def _rows(self, asked: Range) -> list[Row]:
        self.asked.append(asked)
        chosen = [
            each
            for each in self.stored
            if (asked.device is None or each.device in asked.device)
            and asked.channel in {None, each.channel}
            and asked.run in {None, each.run}
            and asked.start <= each.time < asked.stop
        ]
        return [
            Row(each.device, each.channel, each.unit, each.run, each.time, each.value, each.quality)
            for each in sorted(chosen, key=lambda each: (each.time, each.device, each.channel))
        ]

    def readings(self, asked: Range) -> Rows:
        """Return them in order; the cursor is a number."""
        rows = self._rows(asked)
        first = int(asked.after or 0)
        last = first + asked.limit
        return Rows(rows[first:last], str(last) if last < len(rows) else None)

    def aggregate(self, asked: Range, kind: Aggregate, every: int | None) -> list[Row]:
        """Return one row a series, its count."""
        assert every is None or every > 0
        found: dict[tuple[str, str, str], list[Row]] = {}
        for row in self._rows(asked):
            found.setdefault((row.device, row.channel, row.run), []).append(row)
        assert kind == "count"
        return [replace(rows[0], value=float(len(rows))) for rows in found.values()]

    def series(self, asked: Range, width: int) -> list[Series]:
        """Return each series as it is."""
        found: dict[tuple[str, str, str | None, str], list[Row]] = {}
        for row in self._rows(asked):
            found.setdefault((row.device, row.channel, row.unit, row.run), []).append(row)
        return [
            Series(*key, [row.time / NS for row in rows][:width], [*[row.value for row in rows][:width]], [], [])
            for key, rows in found.items()
        ]

    def last_time(self, device: str, run: str) -> int | None:
        """Return the newest time."""
        return max((each.time for each in self.stored if each.device == device and each.run == run), default=None)


class FakeActs:
    """Notes what is asked, and says that it was done."""

    def __init__(self) -> None:
        """Start with nothing asked."""
        self.asked: list[tuple[Any, ...]] = []
        self.ignored_topics: tuple[str, ...] = ("test/#",)

    def _did(self, *asked: Any) -> Action:  # noqa: ANN401 — whatever was asked
        self.asked.append(asked)
        return Action(id=len(self.asked), device=asked[1] if isinstance(asked[1], str) else "")

    def change(self, name: str, wish: Mapping[str, Any], by: str) -> Action:
        """Note it."""
        return self._did("change", name, dict(wish), by)

    def merge(self, name: str, into: str, by: str) -> Action:
        """Note it."""
        return self._did("merge", name, into, by)

    def unmerge(self, name: str, by: str) -> Action:
        """Note it."""
        return self._did("unmerge", name, by)

    def ignore_topics(self, filters: list[str], by: str) -> Action:
        """Note it."""
        return self._did("ignore_topics", filters, by)

    def cast(self, usecase: str, role: str, taken: Taken | None, by: str) -> Action:
        """Note it."""
        return self._did("cast", usecase, role, taken, by)

    def turn(self, usecase: str, by: str, *, off: bool) -> Action:
        """Note it."""
        return self._did("turn", usecase, off, by)

    def undo(self, number: int | None, by: str) -> Action:
        """Note it."""
        return self._did("undo", number, by)


@cache
def bundled() -> Mapping[str, Driver]:
    """Return the hub's own drivers, read once."""
    return load_bundled()


@cache
def explainer() -> Explainer:
    """Return the one that explains refusals of the hub's own drivers; it reads many files."""
    return Explainer(bundled().values())


def provisioning(folder: Path, *, is_open: bool = True, holds: Callable[[], bool] = lambda: True) -> Provisioning:
    """Return the accounts of a built-in broker, which holds to them or not."""
    room = ["192.0.2.7"] if is_open else []
    return Provisioning(
        folder,
        "embedded",
        lambda: broker_of("mqtt://127.0.0.1:1883", room, is_ours=True, tls_port=8883),
        lambda *_: holds(),
    )


@cache
def cold_room() -> UseCase:
    """Return the use case that there is."""
    return find("cold_room")


class FakeHub:
    """What the web layer needs, without anything behind."""

    def __init__(self, config: Config | None = None) -> None:
        """Start empty; the wall clock stands."""
        self.config = config or Config()
        self.live = Live(wall=lambda: WALL)
        self.tables = Tables({}, self.live, lambda table: Live(wall=lambda: WALL, table=table), "UTC", Wanted())
        self.history = FakeHistory()
        self.aliases: dict[str, str] = {}
        self.known_alarms: dict[str, Alarm] = {}
        self.heard: list[Heard] = []
        self.journal: list[Message] = []
        self.acts = FakeActs()
        self.given: list[Commanded] = []
        self.refuse: str | None = None
        self.roles: list[tuple[Any, ...]] = []
        self.real: set[str] = set()
        self.bundled = bundled()
        self.explainer = explainer()
        self.case = cold_room()
        self.valued: list[tuple[Range, str | None]] = []
        self.driver = "on"
        self.chosen = NOTHING
        self.wall = Wall()
        self.sittings = FakeSittings(WALL)
        self.player = FakePlayer()
        self.room = Ways(plain=("http://192.168.1.12:8080/", "http://10.0.0.5:8080/"))
        self.guests: set[str | None] = set()
        self.provisioning = provisioning(Path(tempfile.gettempdir()) / f"fake-hub-{secrets.token_hex(8)}")

    async def act(self, do: Callable[[Acts], Action]) -> Action:
        """Do it at once."""
        return do(self.acts)

    async def forget(self, name: str) -> Mapping[str, Any]:
        """Forget it."""
        if self.resolve(name) not in self.live.devices:
            msg = f"no device is called {name!r}"
            raise NotFoundError(msg)
        self.live.apply(Batch(forgotten=[self.resolve(name)]))
        return {"readings": 1, "messages": 1, "elsewhere": elsewhere(influx=True)}

    def drivers(self) -> list[Mapping[str, Any]]:
        """Return the one driver of another package."""
        return [{"name": "acme-one", "package": "acme 1.2", "reason": None, "strikes": 0} | {"state": self.driver}]

    async def switch_driver(self, name: str, *, on: bool) -> Mapping[str, Any]:
        """Switch it."""
        if name != "acme-one":
            msg = f"no driver {name!r} from another package; there are: acme-one"
            raise NotFoundError(msg)
        self.driver = "on" if on else "off"
        return self.drivers()[0]

    async def measured(self, usecase: str, measure: str, asked: Range, width: int) -> Series:
        """Return a flat curve of the one use case there is."""
        self.usecase(usecase)
        del width
        return Series(usecase, measure, "°C", asked.run or "real", [1.0, 2.0], [3.5, None], [], [])

    async def money(self, usecase: str, asked: Range, session: str | None = None) -> Mapping[str, Any]:
        """Return what was chosen, of the cold room; note what was asked."""
        self.usecase(usecase)
        self.valued.append((asked, session))
        return costing.money(self.case, self.chosen, {})

    async def want_tables(self, wanted: Wanted) -> None:
        """Want them at once."""
        self.tables.want(wanted)

    async def choose(self, usecase: str, how: Change, table: int = 0) -> Mapping[str, Any]:
        """Choose it at once."""
        self.usecase(usecase, table)
        self.chosen = how(await asyncio.to_thread(find, usecase), self.chosen)
        found: dict[str, Any] = msgspec.to_builtins(self.chosen, str_keys=True)
        return {"hypotheses": {}, "prices": {}, **found}

    async def furnish_wall(self, wish: WallWish) -> Wall:
        """Change it at once."""
        self.wall = changed(self.wall, wish, "2026-10-01T08:00:00Z")
        self.live.apply(Batch(wall=msgspec.to_builtins(self.wall)))
        return self.wall

    async def actions(self, limit: int) -> list[Action]:
        """Return one that was undone."""
        return [Action(id=1, at=WALL, by="facilitator", device="a:b", after={"room": "Attic"}, undone=True)][:limit]

    async def command(self, name: str, wanted: Command, by: str, key: str | None, *, again: bool = False) -> Commanded:
        """Send it, or refuse it with `refuse`, or because it comes again."""
        refuse = "replay" if again else self.refuse
        given = Commanded(
            id=key or "c1",
            device=self.resolve(name),
            channel=wanted.channel,
            value=wanted.value,
            by=by,
            run="real",
            at=WALL,
            wall=WALL,
            state=CommandState.REFUSED if refuse else CommandState.SENT,
            reason=refuse,
        )
        self.given.append(given)
        self.live.apply(Batch(commands=[given]))
        return given

    async def pace(self, name: str, every: int | None, by: str) -> Paced:
        """Refuse who is locked; else as if it were done."""
        device = self.live.devices.get(self.resolve(name))
        if device is None:
            raise NotFoundError(name)
        if device.locked:
            return Paced(device=device.uid, every=every or 0, state=PaceState.REFUSED, code="locked", reason="locked")
        state = PaceState.ASKING if every is not None else PaceState.RESTORING
        return Paced(device=device.uid, every=every or 10, original=300, state=state, by=by)

    def show_room(self) -> None:
        """Nobody looks."""

    async def with_sessions(self, do: Callable[[Sittings], T]) -> T:
        """Do it at once."""
        return do(self.sittings)

    async def report(self, session: str, language: Language, whose: Whose | None = None) -> Report:
        """Tell next to nothing, in the language asked for."""
        known = self.sittings.desk.session(session)
        called = "" if whose is None else str(whose.participant or whose.table or "")
        words = await asyncio.to_thread(headings, language)
        return Report(language=language, title=known.title, whose=called, when="27/11", words=words)

    async def commands(self, limit: int, device: str | None) -> list[Commanded]:
        """Return them, newest first."""
        return [each for each in reversed(self.given) if device in {None, each.device}][:limit]

    def resolve(self, name: str) -> str:
        """Look among the aliases."""
        return self.aliases.get(name, name)

    async def alarms(self, asked: Asked) -> Found:
        """Return them, newest first; the cursor is a number."""
        known = sorted(self.known_alarms.values(), key=lambda alarm: -alarm.raised_at)
        wanted = [alarm for alarm in known if asked.takes(alarm)]
        first = int(asked.after or 0)
        last = first + asked.limit
        return Found(wanted[first:last], str(last) if last < len(wanted) else None)

    async def alarm(self, alarm: str) -> tuple[Alarm, list[Transition]]:
        """Return it with its steps."""
        if alarm not in self.known_alarms:
            msg = f"no alarm {alarm!r}; see /api/v1/alarms"
            raise NotFoundError(msg)
        known = self.known_alarms[alarm]
        return known, transitions(None, known)

    async def acknowledge(self, alarm: str, by: str, comment: str | None) -> Alarm:
        """Acknowledge it."""
        if alarm not in self.known_alarms:
            msg = f"no alarm {alarm!r}; see /api/v1/alarms"
            raise NotFoundError(msg)
        known = self.known_alarms[alarm]
        if known.acknowledged_at is None:
            known = replace(known, acknowledged_at=WALL, acknowledged_by=by, comment=comment)
        self.known_alarms[alarm] = known
        self.live.apply(Batch(alarms=[known]))
        return known

    async def shelve(self, alarm: str, seconds: float | None, by: str) -> Alarm:
        """Set it aside."""
        if alarm not in self.known_alarms:
            msg = f"no alarm {alarm!r}; see /api/v1/alarms"
            raise NotFoundError(msg)
        until = None if seconds is None else WALL + int(seconds * NS)
        known = replace(self.known_alarms[alarm], shelved_until=until, shelved_by=by)
        self.known_alarms[alarm] = known
        self.live.apply(Batch(alarms=[known]))
        return known

    async def why(self, alarm: str) -> Mapping[str, Any]:
        """Answer."""
        if alarm not in self.known_alarms:
            msg = f"no alarm {alarm!r}; see /api/v1/alarms"
            raise NotFoundError(msg)
        rule = self.case.all_rules[0]
        return why(self.case, replace(self.known_alarms[alarm], rule=rule.id, measure=rule.measure))

    async def messages(self, limit: int, *, understood: bool | None) -> list[Heard]:
        """Return them, newest first."""
        return [each for each in reversed(self.heard) if understood in {None, each.understood}][:limit]

    async def message(self, position: int) -> Message:
        """Return the one heard at that position."""
        found = [Message(each.topic, each.payload, each.received) for each in self.heard if each.position == position]
        if not found:
            msg = f"no message {position}"
            raise NotFoundError(msg)
        return found[0]

    async def decoded(self, messages: Sequence[Message]) -> list[Mapping[str, Any]]:
        """Read them by the drivers there are."""
        registry = Registry(self.bundled)
        return [described(registry, registry.decode(each, Contexts()), self.config.zone, WALL) for each in messages]

    def usecases(self, table: int = 0) -> list[Mapping[str, Any]]:
        """Return one."""
        del table
        return [describe.summary(self.case, "real", "running")]

    def setup(self) -> Mapping[str, Any]:
        """Return a broker and no family."""
        broker = {"host": "192.0.2.7", "port": 1883, "user": "matinales", "password": "p", "is_open": True}
        return {"broker": {**broker, "tls_port": 8883}, "families": []}

    def usecase(self, name: str, table: int = 0) -> Mapping[str, Any]:
        """Return it."""
        del table
        if name != "cold_room":
            msg = f"no use case {name!r}"
            raise NotFoundError(msg)
        return describe.describe(self.case, None, now=WALL) | {"tz": "UTC"}

    def is_real(self, usecase: str) -> bool:
        """Tell whether somebody was given a role in it."""
        return usecase in self.real

    def candidates(self, usecase: str) -> Mapping[str, Any]:
        """Return nobody."""
        self.usecase(usecase)
        return {"roles": {"probe": []}}

    def roles_for(self, device: str) -> Mapping[str, Any]:
        """Return none."""
        self.resolve(device)
        return {"roles": []}

    async def take_role(
        self, usecase: str, role: str, device: str, channels: Mapping[str, str | None] | None, by: str
    ) -> Mapping[str, Any]:
        """Note it, unless `refuse` says why not."""
        if self.refuse:
            raise UsageError(self.refuse)
        self.roles.append((usecase, role, device, channels, by))
        return {**self._played(role), "usecase": usecase, "state": "real", "warnings": [], "action": 1}

    async def give_back(self, usecase: str, role: str, by: str) -> Mapping[str, Any]:
        """Note it."""
        self.roles.append((usecase, role, None, None, by))
        return {**self._played(role), "usecase": usecase, "state": "simulated", "warnings": [], "action": 2}

    def _played(self, role: str) -> Mapping[str, Any]:
        return {**describe.cast_of(self.case, {}, {})[0], "name": role}

    async def turn(self, usecase: str, by: str, *, off: bool) -> Mapping[str, Any]:
        """Note it."""
        self.roles.append((usecase, off, by))
        return {"name": usecase, "off": off, "action": 3}

    def ways(self) -> Ways:
        """Return two addresses of a laptop in a room, or what a test put there."""
        return self.room

    def seen(self, remote: str | None) -> None:
        """Note it."""
        self.guests.add(remote)

    async def append(self, messages: Sequence[Message]) -> int:
        """Keep them."""
        self.journal += messages
        return len(self.journal)

    def counters(self) -> Mapping[str, float]:
        """Return one counter and one gauge."""
        return {"messages_total": float(len(self.journal)), "journal_behind": 0.0}

    async def examine(self, lang: str) -> list[Mapping[str, Any]]:
        """Return a finding of each kind, one with a name that would be markup."""
        return [
            {"id": "disk.free", "ok": True, "text": "1 GiB", "remedy": None},
            {"id": "clock.ntp", "ok": None, "text": lang, "remedy": None},
            {"id": "ports.page", "ok": False, "text": "<script>taken</script>", "remedy": 'end "it" & go on'},
        ]

    async def machine(self) -> Machine:
        """Return a machine with one process."""
        there = Process(cpu=1.5, memory=1 << 20, threads=3, started=1_800_000_000.0, files=None)
        return Machine(processes={"hub": there}, disk_free=1 << 30, disk_size=1 << 40, versions={"version": "0"})

    def speak(self, device: str, channel: str, value: float, *, time: int = WALL, run: str = "real") -> None:
        """Let a device say something."""
        said = reading(device, channel, value, time=time, run=run)
        family, _, name = device.partition(":")
        self.history.write([said])
        known = Device(uid=device, family=family, name=name, run=run, seen=time)
        self.live.apply(Batch(devices=[known], readings=[said]))

    def play(self, run: str, *, simulated: int = WALL, speed: float = 1.0) -> None:
        """Let a run live."""
        known = Run(id=run, scenario="cold_room", seed=7, speed=speed, state="running", wall=WALL, simulated=simulated)
        self.live.apply(Batch(runs=[known]))


Client = TestClient[Any, Any]
Serve = Callable[..., Any]


async def eventually(condition: Callable[[], object], within: float = 30) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 — what is waited for knows no event
            await asyncio.sleep(0.01)
