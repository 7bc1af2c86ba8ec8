"""The hub: the only place that wires its parts together."""

import asyncio
import contextlib
import logging
import os
import secrets
import time
import zlib
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from hub import broker, deeds, machine, parts, setup
from hub.acting import Acting
from hub.afresh import Afresh
from hub.beat import beat
from hub.broker import Kind
from hub.chosen import Change, Chosen
from hub.commander import Commander
from hub.config import Config
from hub.deeds import Acknowledge, Choose, Forget, Gave, Hang, Seat, Shelve, Switch, ToAlarm, ToDevice, ToRoom
from hub.described import described
from hub.doing import Doing, Noting, named
from hub.driver import Command
from hub.errors import HubError, NotFoundError, StoreError
from hub.examining import Examiner, examined
from hub.families import Families
from hub.flooding import Floods
from hub.forgetting import Finder, elsewhere
from hub.forwarding import Forwarding
from hub.guests import proxy
from hub.guests.house import Guest, Guests, installed
from hub.ingest.link import Status
from hub.ingest.linkclient import LinkClient
from hub.journal import place
from hub.journal.base import ERASED
from hub.kept import Kept
from hub.lan.room import Room, Ways
from hub.live import Batch, Live
from hub.machine import Machine
from hub.measured import Looking
from hub.model import NS, REAL, Action, Alarm, Commanded, Heard, Message, Paced, Source, rfc3339
from hub.notify.siren import BY
from hub.pacer import Pacer
from hub.provisioning import Provisioning, Sitting
from hub.refusals.explain import Explainer
from hub.registry import Contexts, Registry, load_bundled
from hub.replaying import Player
from hub.reporting import Reporter
from hub.rereading import Rereading
from hub.rules.calendar import Calendar
from hub.rules.engine import Engine
from hub.sessions import Sessions
from hub.setup import Broker
from hub.stage import Stage
from hub.store.alarms import Asked, Found, Transition
from hub.store.base import History, Range, Series
from hub.store.retention import Keep
from hub.store.stretches import Stretch
from hub.storytelling import Known
from hub.tables import Tables, Wanted
from hub.telling import Telling
from hub.understand import Understanding
from hub.usecases import costing
from hub.usecases.loader import load_all, payload_formats
from hub.usecases.schema import UseCase
from hub.usecases.why import why
from hub.valued import Valued
from hub.waiting import soon
from hub.web.hub import Acts
from hub.worker import SHARED_REST, Outcome, Worker
from hub.workshop.desk import TOPIC as CONTROL
from hub.workshop.report.content import Report, Whose
from hub.workshop.report.words import Language
from hub.workshop.session import Moment
from hub.workshop.veil import Veil
from hub.workshop.wall import Wall, WallWish, changed

_LOG = logging.getLogger("hub")
T = TypeVar("T")
Told = Callable[[Alarm, Transition], Iterable[str]]

RECENT = 500
"""Topics whose newest understood message is kept for the list of messages."""
FAR_BEHIND = 30_000
"""Messages: a worker that is so far behind, as one that has just joined, is asked for no partition of the journal."""
PARTS_EVERY = 1.0
PRUNE_PAUSE, PRUNE_EVERY = 0.2, 600.0
"""Seconds between two slices of letting old readings go, and between two rounds."""
ROOM_EVERY, ROOM_LOOK = 0.25, 0.05
"""Seconds between two words to every screen about who takes part: hundreds may come in at once; and until it is looked
again where nothing had changed, so that a press after a quiet moment shows at once."""
PURGE_EVERY = 600.0
"""How often [s] it is looked whether a session's day has come."""
MARK_PATIENCE = 1.0
"""How long [s] a control record waits for the store to be there: a reset takes two seconds at most."""
DEED_PATIENCE = 5.0
"""How long [s] somebody who acknowledges waits for this worker to come to it."""
COMES_TO_IT = 0.5
"""How long [s] is waited for what another worker may just have done, where this one knows nothing of it."""
LATER = "it is journalled, and done as soon as this worker has caught up"
BY_HAND = "was switched off by hand"
GIVE_BACK = 0.7
"""Seconds that an ordinary stop waits for devices to take their own period back: all of it takes two at most, and the
next start goes on with those that said nothing."""
ERASED_AT_ONCE = 200
"""Raw messages erased in one go: acknowledging waits for it, a fraction of a second."""


class Settings(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the supervisor hands over.

    Attributes:
        data: data folder.
        mode: `demo` or `run`.
        lan: open to the room.
        secret: of run.json.
        mqtt: the broker's address.
        broker: its kind.
        mqtts: its port for TLS.
        accounts: data folder of the first of several workers, whose accounts the broker knows; None: it is this one.
        use_case: the one on the projector.
        config: the settings.
    """

    data: str
    mode: str
    lan: bool
    secret: str
    mqtt: str
    broker: Kind = "embedded"
    mqtts: int | None = None
    accounts: str | None = None
    use_case: str
    config: Config


def _keep(config: Config) -> Keep:
    """Return how long each kind of history stays."""
    return Keep.days(
        config.raw_days,
        config.history_days,
        minutes=config.minute_days,
        hours=config.hour_days,
        runs=config.run_days,
    )


def _refused_by_broker(refused: broker.Refused) -> dict[str, float]:
    return {
        "broker_publishes_refused_total": refused.count,
        "broker_publishes_refused_bytes_total": refused.size,
    }


class App:
    """The running hub, as the web layer sees it (`hub.web.hub.Hub`)."""

    def __init__(self, settings: Settings, *, today: Callable[[], date] | None = None) -> None:
        """Open the store, restore what was known, and prepare the worker; nothing runs yet. Blocks.

        Args:
            settings: what the supervisor hands over.
            today: the date where the workshop is; None: as this machine's clock and HUB_TZ have it.
        """
        self._settings = settings
        self.config, self._data = settings.config, Path(settings.data)
        self._kept = self._opened_store()
        self.history: History = self._kept.history
        self._cases: dict[str, UseCase] = load_all()
        bundled = load_bundled()
        off = {model: each.off for model, each in self._kept.absences().items() if each.off is not None}
        self._guests = Guests(installed(), taken=bundled, off=off)
        self._registry = self._make_registry()
        self.explainer = Explainer(self._registry.drivers.values())
        self.live = self._make_live()
        self._floods = Floods(self.live, self._cases)
        self._stage = Stage(self._cases, self.live, self.config.tz)
        self.tables = Tables(self._cases, self.live, self._make_live, self.config.tz, self._kept.tables())
        self._valued = Valued(
            self.tables,
            self._cases,
            looking=self._looking,
            chosen=lambda usecase, table: self._chosen.of(usecase, table=table),
            now=self.live.now,
        )
        self._recent: dict[str, Heard] = {}
        self._link = LinkClient(self._data)
        self._status: Status | None = None
        self._end = self._needed = 0  # nothing of the journal goes before it is known what the sessions need
        self._loop: asyncio.AbstractEventLoop
        self._tasks: list[asyncio.Task[None]] = []
        self._settled, self._session_news, self._room_news, self._room_pressed = (asyncio.Event() for _ in range(4))
        self._show_session, self._show_choices, self._show_veil = map(
            Afresh, (self._look_at_session, self._look_at_choices, self._look_at_words)
        )
        self._doctor = Examiner(lambda lang: examined(self._data, self.config, lang))
        self._influx: Forwarding | None = None
        try:
            self._worker = Worker(
                reader=place.reader(self._data),
                kept=self._kept,
                understanding=self._understanding,
                engine=self._engine,
                cases=self._cases,
                deliver=self._hand_over,
                give_up=self._give_up,
                least_rest=SHARED_REST if self.is_shared else 0.0,
            )
            self._influx = self._forwarding()
            self._acting, self._doing = self._make_acting()
            consent = self.config.commands_real
            self._commander = Commander(kept=self._kept, worker=self._worker, consent=consent, wall=time.time_ns)
            self._rereading = Rereading(
                reader=place.reader(self._data),
                kept=self._kept,
                worker=self._worker,
                registry=self._registry,
                guests=self._guests,
            )
            self._guests.changed = self._driver_went_off
            self._pacer = Pacer(
                kept=self._kept,
                worker=self._worker,
                commander=self._commander,
                there=self._is_there,
                wall=time.time_ns,
            )
            self._worker.follower = self._pacer
            self._telling = Telling(
                self.config,
                kept=self._kept,
                worker=self._worker,
                live=self.live,
                floods=self._floods,
                cases=self._cases,
                stands_by=self._stands_by,
            )
            self._sessions = Sessions(
                self._data,
                kept=self._kept,
                reader=lambda: place.reader(self._data),
                mark=self._mark,
                erase=self._erase_now,
                purge=self._purge_in_store,
                forget=lambda uids: self._worker.call(lambda: self._acting.forget_phones(uids)).result(),
                today=today or (lambda: datetime.now(self.config.zone).date()),
            )
            self._veil = self._sessions.veil(Veil())  # before a page is served
            self._player = Player(self._data, self._sessions.desk, self._sessions.archives)
            self._chosen = Chosen(self._kept, self._sessions.current)
            self._wall = self._kept.wall()
            self._restored = self._restore()
        except BaseException:
            self._guests.close()
            self._kept.close()
            raise
        self._stage.take(self._worker.views(time.time_ns()), self._worker.played, self._kept.off())
        self.room = self._make_room()
        self.provisioning = self._make_provisioning()

    def _opened_store(self) -> Kept:
        forwards = self.config.store == "influx"
        return Kept(self._data, forwards=forwards, shared=self.is_shared, keep=_keep(self.config))

    def _make_room(self) -> Room:
        is_open, live = self._settings.lan, self.live
        return Room(self.config, self._data, is_open=is_open, is_inviting=lambda: live.room["shows"] == "join")

    def _make_provisioning(self) -> Provisioning:
        folder = Path(self._settings.accounts or self._data)
        return Provisioning(folder, self._settings.broker, self._broker_there, partial(broker.admits, folder))

    def _make_live(self, table: int = 0) -> Live:
        """Return the live state of the whole room, or of a table."""
        families = Families(self._registry.drivers.values())
        return Live(
            is_health=families.is_health,
            is_flag=families.is_flag,
            source=self._source,
            reach=families.reach,
            pace_by=families.pace_by,
            believed=self._registry.believed,
            is_off=self._is_off,
            veil=self._veiled,
            lang=self.config.lang,
            table=table,
        )

    def _make_acting(self) -> tuple[Acting, Doing]:
        """Return who does to devices what people want, at once or as the shared journal says."""
        acting = Acting(
            kept=self._kept,
            understanding=lambda: self._worker.understanding,
            deliver=self._worker.tell,
            forgotten=self._worker.read_back,
            recast=self._worker.recast,
        )
        doing = Doing(acting, self._forget_hashed, self._furnish_everywhere)
        if self.is_shared:
            self._worker.doer = doing.do
        return acting, doing

    def _restore(self) -> Batch:
        """Return what pages are shown before anything is read."""
        restored = msgspec.structs.replace(self._kept.restored(), rhythms=self._kept.rhythms())
        restored.paces = self._pacer.records
        restored.chosen = self._chosen.told()
        restored.wall = msgspec.to_builtins(self._wall)
        mind = self._worker.understanding
        restored.settable = {uid: mind.settable(uid) for uid in mind.describing()}
        return restored

    def _make_registry(self) -> Registry:
        """Return what decodes by the hub's own drivers and by those of other packages."""
        return Registry({**load_bundled(), **proxy.drivers(self._guests)}, self._formats())

    def _formats(self) -> Mapping[str, str]:
        return payload_formats(self.config.payload_formats, self._cases.values())

    def _driver_went_off(self, guest: Guest) -> None:
        """Remember it beyond the hub's end; called in whatever thread decodes."""
        name, reason = guest.name, guest.off
        self._worker.call(lambda: self._kept.put_absence(name, off=reason, again=False))

    def _forwarding(self) -> Forwarding | None:
        """Send readings on to InfluxDB, and ask it for history, where that is the store."""
        if self.config.store != "influx":
            return None
        shares = place.shares(self._data, self._worker.reader, self._is_near)
        forwarding = Forwarding(self.config, self._data, self._kept, self._worker, shares=shares)
        self.history = forwarding.history
        return forwarding

    def _is_near(self) -> bool:
        """Tell whether this worker knows the journal's end and is near it: else another writes the store."""
        return self._end > 0 and self._end - self._worker.position < FAR_BEHIND

    def _unless_of_table(self, ways: Told) -> Told:
        """Return by which ways a step of an alarm is told: what a table does to its own simulator calls nobody."""
        return lambda alarm, step: () if self.tables.table_of(alarm.run) else ways(alarm, step)

    def _engine(self) -> Engine:
        return Engine(self._cases.values(), state=self._kept.rules(), calendar=Calendar(self.config.zone))

    def _understanding(self) -> Understanding:
        return Understanding(
            self._registry,
            self._kept.memory(self._registry),
            zone=self.config.zone,
            asks=self.config.asks,
            foreign=self.config.broker_url is not None,
            wall=time.time_ns,
            topics=self.config.filters,
            personal=self.config.personal == "on",
            partition=place.partition(self._data) if self.config.store == "influx" else None,
        )

    # life

    async def start(self) -> None:
        """Show what was known before, then go on from the cursor."""
        self._loop = asyncio.get_running_loop()
        self._kept.ways = self._unless_of_table(self._kept.ways)
        self.tables.apply(self._restored)
        self.tables.want(self.tables.wanted)
        for table in self.tables.playing():
            self.tables.of(table).live.apply(Batch(chosen=self._chosen.told(table)))
        self._link.on_end(self._grown)
        self._link.on_status(self._changed)
        self._worker.start()
        self._worker.call(self._rereading.resume)
        self._worker.call(self._telling.resume)
        if self._influx is not None:
            self._influx.start()
        self._sessions.follow(self._changed_elsewhere)
        self._following = asyncio.create_task(self.room.run(), name="room")
        self._tasks = [
            asyncio.create_task(self._link.run(), name="link"),
            asyncio.create_task(self._watch(), name="parts"),
            asyncio.create_task(self._prune(), name="retention"),
            asyncio.create_task(self._telling.run(), name="telling"),
            asyncio.create_task(self._keep_sessions(), name="sessions"),
            asyncio.create_task(self._show_room(), name="people"),
            self._following,
            asyncio.create_task(self._valued.run(), name="tables"),
        ]

    async def close(self) -> None:
        """Commit the step under way and close the files."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._tasks:
            if self._influx is not None:
                await asyncio.to_thread(self._influx.stop)
            await asyncio.to_thread(self._worker.stop)
        await self._player.close()
        await asyncio.to_thread(self._guests.close)
        self._sessions.close()
        self._kept.close()

    async def take_leave(self) -> None:
        """Say goodbye to the room, and give devices their own periods back; what waits for others waits a little."""
        if self._tasks:
            self._following.cancel()
            await asyncio.gather(asyncio.wait([self._following]), self._give_back())

    async def _give_back(self) -> None:
        """Give devices their own periods back, and wait a little for their word; the next start goes on."""
        self._settled.clear()
        if await asyncio.wrap_future(self._worker.call(self._pacer.end_all)):
            await soon(self._settled, GIVE_BACK)

    def _is_there(self) -> bool:
        status = self._status
        return self._link.connected and status is not None and (status.connected or status.relays is True)

    @property
    def is_shared(self) -> bool:
        """Whether other workers may share the journal."""
        return self.config.journal_url is not None

    def _stands_by(self) -> bool:
        """Tell whether another worker listens, writes, and tells people."""
        return self._status is not None and self._status.standby

    def _grown(self, end: int) -> None:
        self._end = end
        self._worker.wake(end)

    def _changed(self, status: Status | None) -> None:
        self._status = status
        self._show_parts()

    def _give_up(self, reason: str) -> None:
        _LOG.critical("The hub starts anew: %s", reason)
        os._exit(1)  # nothing uncommitted is worth keeping, and the supervisor starts it again

    def _hand_over(self, outcome: Outcome) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: what was committed is shown at the next start
            self._loop.call_soon_threadsafe(self._deliver, outcome)

    def _deliver(self, outcome: Outcome) -> None:
        self.tables.apply(outcome.batch)
        if outcome.tables is not None:
            self.tables.take(outcome.tables)
        if outcome.batch.alarms:
            self._show_floods()
            self._telling.wake()
        if outcome.batch.paces and not self._pacer.records:
            self._settled.set()
        self._stage.take(outcome.views, outcome.cast, outcome.off)
        for topic, heard in outcome.recent.items():
            self._recent.pop(topic, None)
            self._recent[topic] = heard
        while len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        if outcome.given is not None and self.is_shared:  # before it goes out: so nobody takes it for a stranger's
            gave = Gave(key=outcome.given.id, command=outcome.given, said=[*outcome.asks])
            self._link.note([deeds.written(gave, time.time_ns())])
        for topic, payload in outcome.asks:
            qos = 0 if topic in outcome.unconfirmed else 1
            self._link.publish(topic, payload, qos, by_hand=outcome.by_hand)

    async def _watch(self) -> None:
        while True:
            self._show_parts()
            self._show_floods()
            await self._ring()
            self._link.keep(min(self._worker.position + 1, self._needed))
            await beat(PARTS_EVERY)

    async def _ring(self) -> None:
        """Command the device that rings, where the settings name one and an alarm began or ended."""
        if self._stands_by():
            return
        due = self._telling.siren_due()
        if due is None:
            return
        device, wanted = due
        try:
            given = await self.command(device, wanted, BY, None)
        except NotFoundError:
            return  # it was not heard yet, and rings once it was
        except HubError as error:
            _LOG.warning("%r does not ring: %s", device, error)
            return
        self._telling.siren_given(given)

    async def _prune(self) -> None:
        """Let old readings go, slice by slice between the worker's steps."""
        while True:
            try:
                more = await asyncio.wrap_future(self._worker.call(self._kept.prune))
            except StoreError as error:  # the worker says so where people look
                _LOG.info("Old readings stay for now: %s", error)
                more = False
            await asyncio.sleep(PRUNE_PAUSE if more else PRUNE_EVERY)

    async def _keep_sessions(self) -> None:
        """Write archives in the background, and erase the sessions whose day has come."""
        await self._show_session()
        while True:
            await self._show_veil()
            sessions, waits = self._sessions, True
            try:
                self._needed = await asyncio.to_thread(sessions.desk.needed)
                await asyncio.to_thread(sessions.build, self._worker.position)
                await asyncio.to_thread(sessions.purge_due)
                await asyncio.to_thread(self._end_accounts)
                waits = bool(await asyncio.to_thread(sessions.desk.unkept))
            except HubError as error:
                _LOG.warning("A session is archived or erased later: %s", error)
            await soon(self._session_news, PARTS_EVERY if waits else PURGE_EVERY)
            self._session_news.clear()

    def _end_accounts(self) -> None:
        if self._settings.accounts is not None:
            return  # the first worker's: this one may hear of a session after accounts were given for it
        current = self._sessions.desk.current()
        self.provisioning.end(None if current is None else Sitting(current.id, current.title))

    def _show_parts(self) -> None:
        told = self._parts_now()
        changed = {name: part for name, part in told.items() if self.live.parts.get(name) != part}
        if changed:
            self.tables.everywhere(Batch(parts=changed))

    def _show_floods(self) -> None:
        floods = self._floods.view()
        if floods != self.live.floods:
            self.live.apply(Batch(floods=floods))

    def _parts_now(self) -> dict[str, Any]:
        status, worker = self._status, self._worker
        if status is None:
            away = parts.degraded("ingest_away")
            return {
                "broker": away,
                "journal": away,
                "store": parts.store(worker.fault, self._kept.faults, self._influx),
            }
        listens = status.relays is not False if status.standby else status.connected and status.subscribed
        broker_part = parts.FINE if listens else parts.degraded("broker_away", status.reason)
        broker_part = broker_part | {"url": status.url, "gaps": status.gap}
        if self.config.broker_url is None and (refused := broker.refused(self._data)).count:
            broker_part |= {"refused": refused.count, "refused_bytes": refused.size}
        found = {
            "broker": broker_part,
            "journal": parts.journal(
                status, worker.missing, time.time_ns(), is_anew=worker.is_anew, missed=worker.missed
            ),
            "gaps": parts.gaps(status, time.time_ns()),
            "store": parts.store(worker.fault, self._kept.faults, self._influx),
        }
        trouble = self._telling.trouble()
        if trouble is not None:
            way, reason = trouble
            found["notices"] = parts.degraded(f"notices_{way}", reason)
        elif self._telling.is_wanted:
            found["notices"] = parts.FINE
        found |= self.room.parts(parts.degraded)
        found |= {"serial": parts.serial(status.serial)} if status.serial else {}
        return found | ({"drivers": parts.drivers(self._guests.guests)} if self._guests.guests else {})

    # the web layer's contract

    def resolve(self, name: str) -> str:
        """Return the uid that a uid or alias means."""
        return self._worker.understanding.resolve(name)

    async def alarms(self, asked: Asked) -> Found:
        """Return the newest alarms that are wanted, newest first."""
        return await asyncio.to_thread(self._kept.alarms, asked)

    async def alarm(self, alarm: str) -> tuple[Alarm, Sequence[Transition]]:
        """Return one alarm with every step of its life."""
        found = await asyncio.to_thread(self._kept.alarm_journal, alarm)
        if found is None:
            msg = f"no alarm {alarm!r}; GET /api/v1/alarms lists them"
            raise NotFoundError(msg)
        return found

    async def acknowledge(self, alarm: str, by: str, comment: str | None) -> Alarm:
        """Acknowledge an alarm."""
        if self.is_shared:
            return await self._do(Acknowledge(alarm, by, comment))
        return await asyncio.wrap_future(self._worker.call(lambda: self._worker.acknowledge(alarm, by, comment)))

    async def shelve(self, alarm: str, seconds: float | None, by: str) -> Alarm:
        """Set an alarm aside, or take it back."""
        if self.is_shared:
            return await self._do(Shelve(alarm, seconds, by))
        return await asyncio.wrap_future(self._worker.call(lambda: self._worker.shelve(alarm, seconds, by)))

    async def _do(self, deed: ToAlarm) -> Alarm:
        """Journal what somebody does to an alarm, so that every worker does it, and wait until this one has.

        Raises:
            NotFoundError: no such alarm.
            HubError: nobody writes the journal now, or this worker is far behind.
        """
        await self.alarm(deed.alarm)
        position = await self._link.append([deeds.written(deed, time.time_ns())])
        until = time.monotonic() + DEED_PATIENCE
        while self._worker.position < position:
            if time.monotonic() > until:
                raise HubError(LATER)
            await asyncio.sleep(0.01)
        found, _ = await self.alarm(deed.alarm)
        return found

    async def why(self, alarm: str) -> Mapping[str, Any]:
        """Say why an alarm was raised."""
        found, _ = await self.alarm(alarm)
        case = self._cases.get(found.usecase)
        if case is None or found.rule not in {rule.id for rule in case.all_rules}:
            msg = f"no alarm {alarm!r} of a rule that there is; GET /api/v1/alarms lists them"
            raise NotFoundError(msg)
        return why(case, found, self._stage.view(case.name))

    async def act(self, do: Callable[[Acts], Action]) -> Action:
        """Carry out what a person does to a device; where workers share a journal, each of them does."""
        if not self.is_shared:
            return await asyncio.wrap_future(self._worker.call(lambda: do(self._acting)))
        noting = Noting(self._acting)
        try:
            looked = await asyncio.wrap_future(self._worker.call(lambda: do(noting)))
        except NotFoundError:
            await asyncio.sleep(COMES_TO_IT)
            looked = await asyncio.wrap_future(self._worker.call(lambda: do(noting)))
        if noting.deed is None:
            return looked
        return await self._do_everywhere(noting.deed)

    async def _do_everywhere(self, deed: ToDevice | ToRoom) -> Action:
        """Journal what every worker is to do, and return what came of it here.

        Raises:
            UsageError: it cannot be done.
            HubError: nobody writes the journal now, or this worker is far behind.
        """
        future = self._doing.asked(deed)
        try:
            await self._link.append([deeds.written(deed, time.time_ns())])
            async with asyncio.timeout(DEED_PATIENCE):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise HubError(LATER) from None
        finally:
            self._doing.let_go(deed)

    async def forget(self, name: str) -> Mapping[str, Any]:
        """Erase a device from the journal, from the store, then what the journal heard of it meanwhile."""
        hashes: list[str] = []

        def known() -> tuple[Contexts, tuple[str, ...]]:
            return self._worker.understanding.contexts(), self._acting.names(name)

        def in_store() -> tuple[int, bool]:
            self._worker.save()
            mind = self._worker.understanding
            hashes.extend(named(mind.names.uids(mind.resolve(name))))
            return self._forget_in_store(name), self._kept.is_sent_on

        contexts, names = await asyncio.wrap_future(self._worker.call(known))
        finder = Finder(self._make_registry(), contexts, names)
        with contextlib.closing(place.reader(self._data)) as reader:
            messages = await self._erase(finder.find(reader))
            readings, is_sent_on = await asyncio.wrap_future(self._worker.call(in_store))
            messages += await self._erase(finder.find(reader))
        if self.is_shared:
            await self._link.append([deeds.written(Forget(hashes=hashes), time.time_ns())])
        await self.with_sessions(lambda sessions: sessions.planner.forget({*names}))
        self._recent.clear()
        return {"readings": readings, "messages": messages, "elsewhere": elsewhere(influx=is_sent_on)}

    def _forget_in_store(self, name: str) -> int:
        mind = self._worker.understanding
        self._pacer.let_go(mind.names.uids(mind.resolve(name)))
        return self._acting.forget(name)

    def _forget_hashed(self, hashes: Sequence[str]) -> None:
        """Erase what another worker erased; in the worker's thread."""
        wanted = set(hashes)
        for uid in [each for each in self._worker.understanding.devices if wanted.intersection(named([each]))]:
            with contextlib.suppress(NotFoundError):  # it went with one that it was merged into
                self._worker.save()
                self._forget_in_store(uid)

    async def _erase(self, found: Iterator[list[int]]) -> int:
        messages = 0
        while (positions := await asyncio.to_thread(next, found, None)) is not None:
            for start in range(0, len(positions), ERASED_AT_ONCE):
                messages += await self._link.erase(positions[start : start + ERASED_AT_ONCE])
        return messages

    # workshop sessions: these four run in a thread of their own, beside the loop

    def _mark(self, said: Mapping[str, str]) -> Moment:
        """Append a control record, wait a moment until the store is there, and note the time on each living run."""
        message = Message(CONTROL, msgspec.json.encode(said), time.time_ns(), source=Source.HTTP, qos=0)
        position = self._on_loop(self._link.append([message]))
        until = time.monotonic() + MARK_PATIENCE
        while self._worker.position < position and time.monotonic() < until:
            time.sleep(0.01)
        worker = self._worker
        runs = worker.call(lambda: worker.understanding.timelines.living(message.received)).result()
        self._needed = min(self._needed, position)
        return Moment(position, message.received, runs)

    def _erase_now(self, positions: Sequence[int]) -> int:
        return self._on_loop(self._link.erase(positions))

    def _on_loop(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    def _purge_in_store(self, inside: Sequence[Stretch], positions: Sequence[tuple[int, int]]) -> int:
        def purge() -> tuple[int, list[str]]:
            self._worker.save()
            try:
                return self._kept.purge(inside, positions)
            finally:
                self._worker.read_back()

        readings, alarms = self._worker.call(purge).result()
        self._loop.call_soon_threadsafe(self._forget_shown, alarms)
        return readings

    def _forget_shown(self, alarms: Sequence[str]) -> None:
        self._recent.clear()
        for live in self.tables.lives():
            live.forget_alarms(alarms)

    async def with_sessions(self, do: Callable[[Sessions], T]) -> T:
        """Do something with the workshop sessions, in a thread."""
        try:
            return await asyncio.to_thread(do, self._sessions)
        finally:
            await self._show_sessions()

    def _changed_elsewhere(self) -> None:
        """Let every screen see what another worker changed of the sessions; from any thread."""
        showing = self._show_sessions()
        try:
            asyncio.run_coroutine_threadsafe(showing, self._loop)
        except RuntimeError:  # the loop has ended
            showing.close()

    async def _show_sessions(self) -> None:
        self._session_news.set()
        self._room_news.set()
        await self._show_veil()
        await self._show_session()
        await self._show_choices()

    def show_room(self) -> None:
        """Let every screen see the room as it is now: somebody pressed, and does not wait for the next step."""
        self._room_pressed.set()
        self._room_news.set()

    async def report(self, session: str, language: Language, whose: Whose | None = None) -> Report:
        """Return the report of a session, for everybody or for somebody."""
        return await asyncio.to_thread(self._reporter().report, session, language, whose)

    def _reporter(self) -> Reporter:
        known = Known(
            cases=self._cases,
            calendar=self._worker.engine.calendar,
            runs=self._kept.runs,
            chosen=self._chosen.of,
            cast=self._stage.real,
            uids=self.live.uids,
            names=lambda: {uid: each.name for uid, each in [*self.live.devices.items()]},
            now=time.time_ns,
        )
        return Reporter(self._sessions, self._kept.history, known)

    async def _look_at_session(self) -> None:
        """Let every screen know the vote, and that the notes or the floor plan have changed."""

        def read() -> tuple[dict[str, Any] | None, int, int]:
            ids = " ".join(each.id for each in self._sessions.notebook.shown())
            plan = msgspec.json.encode(self._sessions.planner.shown())
            return self._sessions.ballot.shown(), zlib.crc32(ids.encode()), zlib.crc32(plan)

        with contextlib.suppress(StoreError):  # whoever asked is told
            vote, notes, plan = await asyncio.to_thread(read)
            if (vote, notes, plan) != (self.live.vote, self.live.notes, self.live.plan):
                self.tables.everywhere(Batch(vote=vote, notes=notes, plan=plan))

    async def _look_at_words(self) -> None:
        """Keep what was typed in a session that is over from today's screens."""
        with contextlib.suppress(StoreError):  # whoever asked is told
            veil = await asyncio.to_thread(self._sessions.veil, self._veil)
            if veil is not self._veil:
                self._veil = veil
                for live in self.tables.lives():
                    live.apply(Batch(alarms=[each for each in live.alarms.values() if veil(each) is not each]))

    def _veiled(self, alarm: Alarm) -> Alarm:
        return self._veil(alarm)

    async def _look_at_choices(self) -> None:
        """Show the hypotheses and prices of the session that is on."""
        with contextlib.suppress(StoreError):  # whoever asked is told
            current, known = await asyncio.to_thread(lambda: (self._sessions.current, self._sessions.ids))
            if self._chosen.stands(current, known):
                return
            changed = await asyncio.wrap_future(self._worker.call(lambda: self._chosen.enter(current, known)))
            self.live.apply(Batch(chosen=changed))
            for table in self.tables.playing():
                self.tables.of(table).live.apply(Batch(chosen=self._chosen.anew(table)))

    async def _show_room(self) -> None:
        """Tell every screen who takes part and what the projector shows; a room that comes in at once, in steps."""
        self._room_news.set()
        while True:
            await self._room_news.wait()
            self._room_news.clear()
            self._room_pressed.clear()
            pause = ROOM_LOOK
            with contextlib.suppress(StoreError):  # whoever asked is told
                room = await asyncio.to_thread(self._sessions.room)
                if room != self.live.room:
                    self.tables.everywhere(Batch(room=room))
                    pause = ROOM_EVERY
            await soon(self._room_pressed, pause)

    async def furnish_wall(self, wish: WallWish) -> Wall:
        """Change what holds for every screen; the screens need not wait until it is kept."""
        wall = changed(self._wall, wish, rfc3339(time.time_ns()))
        if self.is_shared:
            await self._do_everywhere(Hang(key=secrets.token_hex(8), wall=wall))
            return wall
        self._hang(wall)
        await asyncio.wrap_future(self._worker.call(lambda: self._kept.put_wall(wall)))
        return wall

    def _hang(self, wall: Wall) -> None:
        self._wall = wall
        self.tables.everywhere(Batch(wall={**self.tables.wall, **msgspec.to_builtins(wall)}))

    def _furnish_everywhere(self, deed: ToRoom) -> None:
        """Do what somebody did at any worker that is no one device's own; in the worker's thread."""
        if isinstance(deed, Hang):
            self._kept.put_wall(deed.wall)
            self._loop.call_soon_threadsafe(self._hang, deed.wall)
        elif isinstance(deed, Switch):
            self._switch(deed.name, on=deed.on)
        elif isinstance(deed, Seat):
            wanted = Wanted(deed.tables, deed.may_act)
            self._kept.put_tables(wanted)
            self._loop.call_soon_threadsafe(self.tables.want, wanted)
        elif isinstance(deed, Gave):
            self._worker.hear_given(deed.command, deed.said)
        else:
            self._chosen.take(deed.usecase, deed.choices, deed.session, deed.table)
            self._loop.call_soon_threadsafe(self._show_choice, deed.table)

    def _show_choice(self, table: int) -> None:
        live = self.tables.of(table).live if table else self.live
        live.apply(Batch(chosen=self._chosen.told(table)))
        if table:
            self._valued.again(table)

    @property
    def player(self) -> Player:
        """Plays recordings."""
        return self._player

    def drivers(self) -> Sequence[Mapping[str, Any]]:
        """Return the drivers of other packages."""
        return self._guests.views()

    async def switch_driver(self, name: str, *, on: bool) -> Mapping[str, Any]:
        """Switch a driver of another package on or off; where workers share a journal, at all of them."""
        if self.is_shared:
            self._guests.named(name)
            await self._do_everywhere(Switch(key=secrets.token_hex(8), name=name, on=on))
        else:
            await asyncio.wrap_future(self._worker.call(lambda: self._switch(name, on=on)))
        return next(each for each in self._guests.views() if each["name"] == name)

    def _switch(self, name: str, *, on: bool) -> None:
        """Switch a driver; in the worker's thread."""
        if on:
            self._guests.switch_on(name)
            self._rereading.begin(name)
        else:
            self._kept.put_absence(self._guests.switch_off(name, BY_HAND).name, off=BY_HAND, again=False)

    async def actions(self, limit: int) -> Sequence[Action]:
        """Return the newest actions, newest first."""
        return await asyncio.wrap_future(self._worker.call(lambda: self._kept.actions(limit)))

    async def command(self, name: str, wanted: Command, by: str, key: str | None, *, again: bool = False) -> Commanded:
        """Give a device a command."""
        there = self._is_there()
        return await asyncio.wrap_future(
            self._worker.call(lambda: self._commander.give(name, wanted, by, key, there=there, again=again))
        )

    async def pace(self, name: str, every: int | None, by: str) -> Paced:
        """Make a device report every so many seconds; None: by its own period again."""

        def do() -> Paced:
            return self._pacer.end(name) if every is None else self._pacer.begin(name, every, by)

        return await asyncio.wrap_future(self._worker.call(do))

    async def commands(self, limit: int, device: str | None) -> Sequence[Commanded]:
        """Return the newest commands, newest first."""
        return await asyncio.wrap_future(self._worker.call(lambda: self._kept.commands(limit, device)))

    async def messages(self, limit: int, *, understood: bool | None) -> Sequence[Heard]:
        """Return the newest messages, newest first."""
        refused = [] if understood is True else await asyncio.to_thread(self._kept.heard, limit)
        taken = [] if understood is False else list(self._recent.values())
        return sorted([*refused, *taken], key=lambda heard: heard.received, reverse=True)[:limit]

    async def message(self, position: int) -> Message:
        """Return a message of the journal whole."""

        def read() -> Message | None:
            with contextlib.closing(place.reader(self._data)) as reader:
                found = reader.read(position - 1, 1) if position > 0 else []
            there = (each.message for each in found if each.position == position)
            return next((message for message in there if message.topic != ERASED), None)

        found = await asyncio.to_thread(read)
        if found is None:
            msg = f"no message {position} in the journal: erased, older than what is kept, or never there"
            raise NotFoundError(msg)
        return found

    async def decoded(self, messages: Sequence[Message]) -> Sequence[Mapping[str, Any]]:
        """Return what the hub's own drivers read in messages that are not journalled."""

        def read() -> Sequence[Mapping[str, Any]]:
            registry, now = Registry(load_bundled(), self._formats()), time.time_ns()
            outcomes = [registry.decode(each, Contexts()) for each in messages]
            return [described(registry, each, self.config.zone, now) for each in outcomes]

        return await asyncio.to_thread(read)

    def _staged(self, table: int) -> Stage:
        return self.tables.of(table).stage if table else self._stage

    def usecases(self, table: int = 0) -> Sequence[Mapping[str, Any]]:
        """Return the use cases in short."""
        return self._staged(table).summaries()

    def usecase(self, name: str, table: int = 0) -> Mapping[str, Any]:
        """Return one use case whole."""
        return self._staged(table).describe(name)

    def is_real(self, usecase: str) -> bool:
        """Tell whether a real device plays in a use case."""
        return bool(self._stage.real(usecase))

    def candidates(self, usecase: str) -> Mapping[str, Any]:
        """Return the devices that could play in a use case."""
        return self._stage.candidates(usecase)

    def roles_for(self, device: str) -> Mapping[str, Any]:
        """Return the roles that a device could play."""
        return self._stage.roles_for(self.resolve(device))

    async def take_role(
        self, usecase: str, role: str, device: str, channels: Mapping[str, str | None] | None, by: str
    ) -> Mapping[str, Any]:
        """Give a role to a real device."""
        uid = self.resolve(device)
        fit = self._stage.fit(usecase, role, uid, channels)
        view = self._stage.shown(usecase, role, uid, fit)
        action = await self.act(lambda acting: acting.cast(usecase, role, fit.taken, by))
        said = {"usecase": usecase, "warnings": view["warnings"], "action": action.id or None}
        return {**self._stage.role(usecase, role), **said}

    async def give_back(self, usecase: str, role: str, by: str) -> Mapping[str, Any]:
        """Give a role back to its simulated device."""
        self._stage.role(usecase, role)
        action = await self.act(lambda acting: acting.cast(usecase, role, None, by))
        said = {"usecase": usecase, "action": action.id or None}
        return {**self._stage.role(usecase, role), "warnings": [], **said}

    async def turn(self, usecase: str, by: str, *, off: bool) -> Mapping[str, Any]:
        """Turn a use case off or on."""
        self._stage.case(usecase)
        action = await self.act(lambda acting: acting.turn(usecase, by, off=off))
        return {"name": usecase, "off": self._stage.is_off(usecase), "action": action.id or None}

    async def measured(self, usecase: str, measure: str, asked: Range, width: int) -> Series:
        """Return the curve of a use case's measure."""
        looking = self._looking(self._stage.case(usecase), asked.run or REAL)
        return await asyncio.to_thread(looking.series, measure, asked.start, asked.stop, width)

    async def money(self, usecase: str, asked: Range, session: str | None = None) -> Mapping[str, Any]:
        """Return what a use case may be worth by its readings of a span, with the hypotheses of a session."""
        case, run = self._stage.case(usecase), asked.run or REAL
        told = await asyncio.to_thread(self._looking(case, run).told, asked.start, min(asked.stop, self.live.now(run)))
        return costing.money(case, self._chosen.of(usecase, session, self.tables.table_of(run)), told)

    async def choose(self, usecase: str, how: Change, table: int = 0) -> Mapping[str, Any]:
        """Change what people chose for a use case, on all screens, or what a table did on its own."""
        case = self._stage.case(usecase)
        if table:
            self.tables.of(table)
        if self.is_shared:
            session, before = self._chosen.session, self._chosen.of(usecase, table=table)
            chosen = how(case, before)
            key = secrets.token_hex(8)
            await self._do_everywhere(Choose(key=key, usecase=usecase, session=session, table=table, choices=chosen))
        else:
            chosen = await asyncio.wrap_future(self._worker.call(lambda: self._chosen.change(case, how, table)))
            self._show_choice(table)
        found: Mapping[str, Any] = msgspec.to_builtins(chosen)
        return found

    async def want_tables(self, wanted: Wanted) -> None:
        """Let these tables play by themselves, and no others."""
        if self.is_shared:
            key = secrets.token_hex(8)
            await self._do_everywhere(Seat(key=key, tables=wanted.tables, may_act=wanted.may_act))
            return
        await asyncio.wrap_future(self._worker.call(lambda: self._kept.put_tables(wanted)))
        self.tables.want(wanted)

    def _looking(self, case: UseCase, run: str) -> Looking:
        """Return a use case's past on a run, by the devices that play its roles there."""
        view = self._staged(self.tables.table_of(run)).view(case.name)
        devices = view.devices if view is not None and view.run == run else {}
        return Looking(
            self.history,
            case,
            run,
            devices=devices,
            cast=self._stage.real(case.name) if run == REAL else {},
            twin=self._stage.twin(case.name) if run == REAL else None,
            uids=self.live.uids,
            calendar=self._worker.engine.calendar,
        )

    def setup(self) -> Mapping[str, Any]:
        """Return what to type on devices, with today's address of this machine."""
        broker_there = self._broker_there()
        return {
            "broker": msgspec.to_builtins(broker_there),
            "families": setup.families(self._registry.drivers.values(), broker_there),
        }

    def _broker_there(self) -> Broker:
        settings, is_ours = self._settings, self.config.broker_url is None
        return setup.broker_of(settings.mqtt, self.room.addresses, is_ours=is_ours, tls_port=settings.mqtts)

    def ways(self) -> Ways:
        """Return how the room's phones reach the page."""
        return self.room.ways()

    def seen(self, remote: str | None) -> None:
        """Take notice of who asks for something."""
        self.room.heard(remote)

    async def append(self, messages: Sequence[Message]) -> int:
        """Journal messages of an edge."""
        return await self._link.append(messages)

    def counters(self) -> Mapping[str, float]:
        """Return what is counted."""
        worker, status = self._worker, self._status or Status()
        waits = worker.taken_until if self._end > worker.position else 0
        refused = broker.refused(self._data) if self.config.broker_url is None else None
        influx = {} if self._influx is None else self._influx.counters()
        return {
            **influx,
            **self._telling.counters(),
            **status.flow,
            "messages_received_total": status.received,
            "messages_acknowledged_total": status.acknowledged,
            "messages_understood_total": worker.understood,
            "messages_not_understood_total": worker.refused,
            "messages_repeated_total": worker.repeats,
            "messages_oversize_total": status.oversize,
            "readings_stored_total": worker.stored,
            "store_bytes": self._kept.size,
            "steps_total": worker.steps,
            "steps_failed_total": worker.failures,
            **{f"{stage}_seconds_total": spent for stage, spent in worker.spent.items()},
            "store_lag_seconds": max(time.time_ns() - waits, 0) / NS if waits else 0.0,
            "alarm_changes_total": worker.alarm_changes,
            "rules": sum(1 for case in self._cases.values() for _ in case.all_rules),
            "standby": float(status.standby),
            "broker_connected": float(status.connected and status.subscribed),
            "broker_connections_total": status.epoch,
            **({} if refused is None else _refused_by_broker(refused)),
            "driver_strikes_total": sum(each.strikes for each in self._guests.guests),
            "serial_lines_total": sum(each.lines for each in status.serial),
            "serial_lost_total": sum(each.lost for each in status.serial),
            "sessions_lost_total": status.gap,
            "journal_lost_total": status.lost + worker.missing + worker.missed,
            "journal_bytes": status.journal,
            "journal_used_bytes": status.used,
            "journal_budget_bytes": status.budget,
            "journal_dropped_total": status.dropped,
            "journal_full": float(status.full),
            **({} if status.hours is None else {"journal_budget_left_seconds": 3600 * status.hours}),
            "journal_end": self._end,
            "journal_position": worker.position,
            "journal_behind": max(self._end - worker.position, 0),
            "devices": len(self.live.devices),
            "viewers": self.live.viewers,
        }

    async def machine(self) -> Machine:
        """Look at the processes and the disk."""
        return await asyncio.to_thread(machine.look, self._data)

    async def examine(self, lang: str) -> Sequence[Mapping[str, Any]]:
        """Let the doctor look, one at a time."""
        return await self._doctor.look(lang)

    def _is_off(self, usecase: str) -> bool:
        return self._stage.is_off(usecase)

    def _source(self, usecase: str, rule: str) -> tuple[Mapping[str, str] | None, bool]:
        case = self._cases.get(usecase)
        if case is None:
            return None, False
        with contextlib.suppress(KeyError):
            known = case.rule(rule)
            return (known.source.as_dict if known.source is not None else None), known.indicative
        return None, False


def opened(settings: Settings) -> App:
    """Return the hub, its store opened; a store whose damage shows only when it is read is renewed at once.

    Raises:
        HubError: it cannot be opened.
    """
    try:
        return App(settings)
    except StoreError as error:
        _LOG.error("The store is opened once more: %s", error)
        return App(settings)
