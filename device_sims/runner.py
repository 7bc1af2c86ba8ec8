"""Plays a scenario: its devices over MQTT at a speed, its history through the hub's import door, faults on command.

One process, one event loop. What is played is `world.World` (deterministic); here are the wall clock, the broker and
the hub.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from device_sims import announce, copies, door, notes, playbill, schedule
from device_sims.backfill import Backfill
from device_sims.clock import MOST_LIVE_SPEED, VirtualClock, checked_speed
from device_sims.company import Company
from device_sims.control import Control, Order
from device_sims.courier import HUB_PATIENCE_S, Courier
from device_sims.day import DAY_S
from device_sims.devices import Packet
from device_sims.errors import SimulationError
from device_sims.link import Connection
from device_sims.notebook import Notebook
from device_sims.options import Options, for_table, make_world
from device_sims.plugs import Ears, plug
from device_sims.tables import Text
from device_sims.waiting import Waiting
from device_sims.world import Output, Silence
from hub.waiting import soon

_LOG = logging.getLogger(__name__)

BEAT_S = 1.0
CONNECT_PATIENCE_S = 3.0
"""Telemetry begins when every device is connected, at the latest after so long."""
DOOR_EVERY_S = 0.25
LEAVE_S, FAREWELL_S = 2.0, 1.0
"""A run has so long to leave; its devices have so long to take back what they left, then the run does it for them."""
READ_EVERY_S = 1.0
TELL_EVERY_S = 2.0
"""A history that takes longer says how far it is."""
LONG_S = 2 * DAY_S
"""A longer history is not waited for: the page opens and shows how far it is."""
HUB_AWAY = Text(
    "L'historique simulé n'a pas pu être remis au concentrateur.",
    "The simulated history could not be handed to the hub.",
)


class Run:
    """One run, from its announcement to its end."""

    def __init__(self, options: Options) -> None:
        """Prepare it; nothing is sent yet.

        Raises:
            SimulationError: naming what cannot be played.
        """
        wall = datetime.now(UTC)
        self.options = options
        self.world = make_world(options, wall)
        self.id = announce.run_id(self.world.name, wall, _word(options.table))
        self.next: Run | None = None
        self._waiting = Waiting()
        self._turned = asyncio.Event()
        self._clock = VirtualClock(time.monotonic(), speed=options.pace)
        self._live = False
        self.begun = asyncio.Event()
        self._company = Company(self._of_table)
        self._wake = asyncio.Event()
        self._notebook = Notebook(self._simulated)
        self._courier = Courier(self._hub, self.world.start, self._said)
        self._leaving = False
        self._steering: list[asyncio.Task[None]] = []
        self._own = Connection(options.broker, f"matinales-{self.id}", on_up=self._announce_again)
        ears = Ears(self._device_up, self._device_heard)
        self._devices = {
            role: plug(role, player, self.id, options, ears) for role, player in self.world.players.items()
        }
        self._control = Control(self.id, self._hub, self.obey, self.state, options.table)

    async def play(self, stop: asyncio.Event) -> None:
        """Play until `stop` is set, or another story is asked for (`next`)."""
        if self.next is not None:  # asked for before this one began
            self.withdraw()
            return
        stopping = asyncio.ensure_future(stop.wait())
        stopping.add_done_callback(lambda _: self._wake.set())
        tasks: list[asyncio.Task[Any]] = []
        try:
            for connection in (self._own, *self._devices.values()):
                connection.start()
            past = Backfill(self.world, lambda: self._is_over(stop), wanted=self.options.data is not None)
            history = asyncio.create_task(asyncio.to_thread(past.play), name="history")
            tasks.append(history)
            await self._until_stopped(self._begin(past, history), stop)
            if not self._is_over(stop):
                tasks.append(asyncio.create_task(self._beats(), name="beats"))
                tasks.append(asyncio.create_task(self._read_ahead(), name="stories"))
                self._steer()
                await self._follow_clock(stop)
        finally:
            stopping.cancel()
            await self._leave([*tasks, *self._steering])

    def state(self) -> dict[str, Any]:
        """Return the run's state as the hub is told."""
        titles = self.world.titles()
        acting = self.world.acting
        return {
            "usecase": self.world.shown,
            "run": self.id,
            "time": announce.rfc3339(self._simulated()),
            "speed": self._waiting.speed(self._clock.speed),
            "seed": self.options.seed,
            "twin": self.options.is_twin,
            "table": self.options.table,
            "tables": list(self._company.tables),
            "state": "preparing" if not self._live else "running" if self._clock.speed > 0 else "paused",
            "faults": [
                {
                    "name": name,
                    "title": {"fr": title.fr, "en": title.en},
                    "active": self._waiting.is_active(name, now=name in acting),
                    "intensity": acting[name].intensity if name in acting else None,
                }
                for name, title in titles.items()
            ],
            "notes": self._notebook.written(),
        }

    # beginning

    async def _begin(self, past: Backfill, history: asyncio.Task[None]) -> None:
        filling = self.options.data is not None
        await self._own.up.wait()
        await self._own.publish(announce.announced(self._said("paused" if filling else "running")), HUB_PATIENCE_S)
        await self._forget_predecessor()
        _LOG.info("%s: run %s, seed %d, ×%g", self.world.name, self.id, self.options.seed, self._clock.speed)
        telling = asyncio.create_task(self._tell_progress(past))
        try:
            if filling:
                await self._fill(past)
            await history
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            self._notebook.prepared()  # whatever the hub took of it
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_PATIENCE_S):
                await asyncio.gather(*(connection.up.wait() for connection in self._devices.values()))
        begun_s = (datetime.now(UTC) - self.world.start).total_seconds() if self.options.is_twin else 0.0
        self._clock = VirtualClock(time.monotonic(), time_s=begun_s, speed=self.options.pace)
        if filling:
            await self._own.publish(announce.announced(self._said()))
        self._tell_beat()
        self._live = True
        self.begun.set()
        for role, connection in self._devices.items():
            if self.world.players[role].silent and not self.world.players[role].device.bridged:
                connection.drop()
            elif connection.up.is_set():
                self._deliver(self.world.birth(role))
        self._note_stretching()
        await self._do_what_waited()
        if self._steering:
            self._tell_state()

    async def _do_what_waited(self) -> None:
        for order in self._waiting.take():
            try:
                await self.obey(order)
            except SimulationError as error:
                _LOG.warning("%s: %s", self.id, error)

    async def _forget_predecessor(self) -> None:
        """Take the announcements of runs that crashed off the broker, and leave word for the next one."""
        if self.options.data is None:
            return
        for before in await asyncio.to_thread(notes.abandoned, self.options.data):
            await self._own.publish(announce.forgotten(before))
            notes.remove(self.options.data, before)
        notes.leave(self.options.data, self.id)

    def _steer(self) -> None:
        """Let the hub steer the run from now on."""
        if self.options.data is not None and not self._steering:
            self._steering = [asyncio.create_task(self._control.serve(), name="control")]

    async def _tell_progress(self, past: Backfill) -> None:
        """Say how far a long history is: on the terminal and, by a note, on the page."""
        days = -self.world.begin_s / DAY_S
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            if past.share >= 1:
                continue
            percent = int(100 * past.share)
            _LOG.info("%s: history of %.3g days, %d %% done", self.world.name, days, percent)
            self._notebook.prepare(percent)
            if -self.world.begin_s > LONG_S:
                self._steer()
                self._tell_state()

    async def _fill(self, past: Backfill) -> None:
        begun = time.monotonic()
        bodies = door.requests(self._said("paused"), self.world.start, past.lines())
        try:
            took = await asyncio.to_thread(
                door.post,
                self._hub,
                self.id,
                bodies,
                patience_s=HUB_PATIENCE_S,
                stopped=past.stopped,
            )
        except SimulationError as error:
            past.forsake()
            _LOG.warning("%s", error)
            self._notebook.note(HUB_AWAY)
        else:
            _LOG.info("%s: %d messages of history in %.1f s", self.world.name, took, time.monotonic() - begun)

    # living

    async def _follow_clock(self, stop: asyncio.Event) -> None:
        while not stop.is_set() and self.next is None:
            self._catch_up()
            self._wake.clear()
            pause_s = min(self._clock.wall_until(self.world.next_s()), BEAT_S)
            if self._by_door:
                pause_s = max(pause_s, DOOR_EVERY_S)
            await soon(self._wake, max(pause_s, 0.005))

    def _catch_up(self) -> None:
        """Play until the clock's present moment."""
        now_s = self._clock.advance(time.monotonic())
        faults = set(self.world.acting)
        self._deliver(self.world.advance(max(now_s, self.world.time_s)))
        self._courier.go()
        if faults != set(self.world.acting):
            self._tell_state()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self._clock.advance(time.monotonic())
            self._tell_beat()

    async def _read_ahead(self) -> None:
        """Read the other stories while this one plays: who presses one does not wait for its files."""
        names = await asyncio.to_thread(playbill.names) if self.options.data is not None else []
        for name in names:
            await asyncio.sleep(READ_EVERY_S)
            with contextlib.suppress(SimulationError):  # said to whoever wants it
                await asyncio.to_thread(playbill.load, name)

    def _tell_beat(self) -> None:
        now = datetime.now(UTC)
        self._own.tell(*announce.beat(self.id, wall=now, simulated=self._simulated(), speed=self._clock.speed))

    async def obey(self, order: Order) -> None:
        """Carry out what the hub asks for; what cannot be done yet is done as soon as it can.

        Raises:
            SimulationError: it cannot be done.
        """
        if order.do == "scenario":
            self._change_story(order)
        elif self.next is not None:  # who pressed sees the story that follows already
            await self.next.obey(order)
        elif not self._live:
            self._put_off(order)
        elif order.do == "speed":
            await self._set_speed(order.speed)
        elif order.do == "fault":
            self._set_fault(order)
        else:
            self._seat(order.tables)

    def _put_off(self, order: Order) -> None:
        """Do it once the history is there.

        Raises:
            SimulationError: it cannot be done then either.
        """
        if order.do == "fault":
            self.world.check_fault(order.name or "", order.intensity, schedule.seconds(order.duration))
        if order.do == "speed":
            self._checked_speed(order.speed)
        self._waiting.keep(order)
        self._tell_state()

    def _set_fault(self, order: Order) -> None:
        if order.name is None:
            msg = "which fault? give its name"
            raise SimulationError(msg, "quel défaut ? donnez son nom")
        self._catch_up()
        lasts = schedule.seconds(order.duration)
        said = self.world.fault(order.name, active=order.active, intensity=order.intensity, duration_s=lasts)
        self._deliver(said)
        self._wake.set()
        self._tell_state()

    def _seat(self, tables: tuple[int, ...]) -> None:
        """Give these tables runs of their own, and no others.

        Raises:
            SimulationError: no such table, or this is a table's run itself.
        """
        if self.options.table:
            msg = f"run {self.id} is table {self.options.table}'s own: ask the story's"
            fr = f"{self.id} est propre à la table {self.options.table} : demandez à l'histoire de la salle"
            raise SimulationError(msg, fr)
        if wrong := [each for each in tables if not 0 < each <= copies.MOST]:
            msg = f"table {wrong[0]}: tables have numbers from 1 to {copies.MOST}"
            raise SimulationError(msg, f"table {wrong[0]} : les tables ont les numéros 1 à {copies.MOST}")
        if tables:
            make_world(self._for_table(max(tables)), datetime.now(UTC))  # refused now, not table by table
        self._company.seat(tables)
        self._tell_state()

    def _for_table(self, table: int) -> Options:
        return for_table(self.options, table, scenario=self.world.shown, speed=self._clock.speed)

    def _of_table(self, table: int) -> "Run":
        return Run(self._for_table(table))

    async def follow_speed(self, speed: float) -> None:
        """Go as fast as the story that this run is beside; one that has not begun begins so."""
        self.options = msgspec.structs.replace(self.options, speed=speed)
        if self._live:
            await self._set_speed(speed)

    def _checked_speed(self, speed: float | None) -> float:
        """Return the speed that is asked for.

        Raises:
            SimulationError: this run cannot go at it.
        """
        if speed is None:
            msg = "which speed? 0 pauses, 1, 10 and 60 are usual"
            raise SimulationError(msg, "quelle vitesse ? 0 met en pause, 1, 10 et 60 sont habituelles")
        checked_speed(speed)
        if speed > MOST_LIVE_SPEED and self.options.data is None:
            msg = f"speed is {speed:g}: over a broker it is at most {MOST_LIVE_SPEED:.0f}"
            fr = f"la vitesse est {speed:g} : par un courtier elle est au plus {MOST_LIVE_SPEED:.0f}"
            raise SimulationError(msg, fr)
        if self.options.is_twin and speed != 1:
            msg = f"speed is {speed:g}: this run keeps real devices company, at ×1"
            fr = f"la vitesse est {speed:g} : cette simulation accompagne de vrais appareils, à ×1"
            raise SimulationError(msg, fr)
        return speed

    async def _set_speed(self, wanted: float | None) -> None:
        speed = self._checked_speed(wanted)
        self._catch_up()
        self._clock.set_speed(speed, time.monotonic())
        self.world.speed = speed
        self._note_stretching()
        self._own.send(announce.announced(self._said()))
        self._tell_beat()
        self._wake.set()
        self._tell_state()
        await self._company.follow_speed(speed)

    def _change_story(self, order: Order) -> None:
        """End this run, wherever it is, for another one, which tells the hub at once what it will play."""
        wanted = msgspec.structs.replace(
            self.options,
            scenario=order.usecase or self.options.scenario,
            seed=self.options.seed if order.seed is None else order.seed,
            initial=order.initial,
            clock=order.clock,
            speed=self.options.speed if self.options.is_twin else self._waiting.speed(self._clock.speed) or 1.0,
            faults=(),
        )
        following = Run(wanted)  # refused now rather than after the old run has ended
        if self.next is not None:
            self.next.withdraw()
        self.next = following
        following._steer()
        self._turned.set()
        self._wake.set()

    def withdraw(self) -> None:
        """Be played no more: another story was asked for before this one began."""
        for task in self._steering:
            task.cancel()

    def _device_up(self, role: str) -> None:
        if self._live and not self.world.players[role].silent:
            self._deliver(self.world.birth(role))

    def _device_heard(self, role: str, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 — the link's callback
        if retained:
            _LOG.info("%s: a retained command on %r is not obeyed", role, topic)
        elif self._live:
            self._catch_up()
            self._deliver(self.world.command(role, topic, payload))
            self._wake.set()

    def _deliver(self, said: Iterable[Output]) -> None:
        if self._by_door:
            self._courier.take(self.world.without_broker(said))
            return
        for one in said:
            if isinstance(one, Silence):
                self._silence(one)
            else:
                self._devices[one.role].send(one.packet)

    def _silence(self, one: Silence) -> None:
        connection = self._devices[one.role]
        if one.silent:
            connection.drop()
        else:
            connection.resume()

    @property
    def _by_door(self) -> bool:
        return self._clock.speed > MOST_LIVE_SPEED

    # telling

    def _simulated(self) -> datetime:
        return self.world.start + timedelta(seconds=self._clock.time_s)

    def _said(self, state: str | None = None) -> announce.Announcement:
        speed = 0.0 if state == "paused" else self._clock.speed
        return announce.announcement(
            self.id,
            self.world.name,
            seed=self.options.seed,
            speed=speed,
            state=state or ("running" if speed > 0 else "paused"),
            wall=datetime.now(UTC),
            simulated=self._simulated(),
            devices=(player.device for player in self.world.players.values()),
            days=self.world.days,
            table=self.options.table,
            plays=self.world.plays,
        )

    def _announce_again(self) -> None:
        if self._live:  # the broker may have lost what it retained
            self._own.send(announce.announced(self._said()))

    def _tell_state(self) -> None:
        task = asyncio.ensure_future(self._control.tell())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _note_stretching(self) -> None:
        titles = (self.world.players[role].settings.title for role in self.world.stretched())
        self._notebook.stretched(self._clock.speed, titles)

    def _hub(self) -> door.Hub | None:
        return None if self.options.data is None else door.find(self.options.data)

    # end

    def _is_over(self, stop: asyncio.Event) -> bool:
        return stop.is_set() or self._leaving or self.next is not None

    async def _until_stopped(self, work: Any, stop: asyncio.Event) -> None:  # noqa: ANN401 — a coroutine of anything
        task = asyncio.ensure_future(work)
        stopping, turning = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._turned.wait())
        try:
            await asyncio.wait({task, stopping, turning}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task
        finally:
            for each in (task, stopping, turning):
                each.cancel()
            await asyncio.gather(task, stopping, turning, return_exceptions=True)

    async def _leave(self, tasks: list[asyncio.Task[Any]]) -> None:
        """Say the end, and take off the broker all that this run left there."""
        self._live = False
        self._leaving = True
        self._courier.leave()
        company = asyncio.create_task(self._company.leave())
        with contextlib.suppress(TimeoutError, SimulationError, OSError):
            async with asyncio.timeout(LEAVE_S):
                if self._own.up.is_set():
                    await self._own.publish(announce.announced(self._said("ended")))
                    await asyncio.gather(*(self._cleared(role) for role in self._devices))
                    await self._own.publish(announce.forgotten(self.id))
                    if self.options.data is not None:
                        notes.remove(self.options.data, self.id)
        for task in tasks:
            task.cancel()
        await asyncio.gather(company, *tasks, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in (self._own, *self._devices.values())))

    async def _cleared(self, role: str) -> None:
        """Take off the broker what a device left there, by its own connection: what it said just before comes first."""
        if self.next is not None and self.next.options.scenario == self.options.scenario:
            return  # the same device goes on in the next run
        words = [Packet(topic, b"", retain=True) for topic in self.world.players[role].device.retained]
        link = self._devices[role]
        try:
            if isinstance(link, Connection) and link.up.is_set():
                await asyncio.gather(*(link.publish(word, FAREWELL_S) for word in words))
                return
        except SimulationError as error:
            _LOG.info("%s: %s", role, error)
        await asyncio.gather(*(self._own.publish(word) for word in words))


def _word(table: int) -> int:
    """Return what ends a run's id: drawn, and of no two tables that begin in one second the same."""
    return secrets.randbelow(65_536) & ~0x7F | table if table else secrets.randbelow(65_536)


async def play(options: Options, stop: asyncio.Event) -> None:
    """Play runs one after another until `stop` is set.

    Raises:
        SimulationError: the first run cannot be played.
    """
    run: Run | None = Run(options)
    while run is not None and not stop.is_set():
        await run.play(stop)
        run = run.next
    if run is not None:
        run.withdraw()
