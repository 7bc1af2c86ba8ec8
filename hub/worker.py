"""The one thread that owns store.db: journal records in, readings, alarms and everything remembered out.

Each group of records is understood, judged and committed with its cursor in one transaction, then handed on as one
batch. Killed at any moment, the next start goes on from the cursor: nothing is lost, nothing doubled.
"""

import logging
import os
import queue
import secrets
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from operator import attrgetter
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from hub import deeds
from hub.commands import Underway
from hub.deeds import Acknowledge, ToAlarm, ToDevice, ToRoom
from hub.driver import Order
from hub.errors import HubError, NotFoundError, StoreError
from hub.givingback import GivingBack
from hub.journal.base import JournalReader, Opening
from hub.kept import Kept
from hub.live import UNREAD, Batch, Spoken
from hub.model import NS, REAL, Alarm, AlarmState, Commanded, CommandState, Heard, Message, Reading, Record, Run
from hub.overheard import OwnWords, meaning
from hub.rules.case import View
from hub.rules.casting import Cast, Taken
from hub.rules.engine import Engine
from hub.rules.pressing import Pressed
from hub.tables import AtTable
from hub.timeline import ENDED, FASTEST_LIVE
from hub.understand import RETAINED, UNKNOWN_AGE, Changes, Understanding, given_up
from hub.usecases.describe import computed, main_sentence
from hub.usecases.schema import UseCase
from hub.usecases.speaking import Speaker

_LOG = logging.getLogger(__name__)
T = TypeVar("T")

CHUNK = 3000
"""Records a step takes at most."""
MUCH = 5_000
"""Records after which memory is given back, once nothing waits."""
REST, LONGEST_REST = 0.0005, 0.1
"""Seconds between the beginnings of two steps: so long for each record of the first, and at most. From 2,000 messages a
second on what arrives is taken together: a record costs 53 µs in steps of 50, 26 in steps of 1,000 (measured)."""
SHARED_REST = 0.04
"""Seconds between the beginnings of two steps at least, where the journal lies on servers: to ask them costs as much
for one message as for sixty, and a page is told of news ten times a second (decision 25)."""
BEGINS_WITH = 900 * NS
"""How old [ns] a device's last word may be to count when it takes a role."""
MADE_ANEW = (
    "The journal on the NATS servers was deleted and made anew: it is read from its beginning, and sessions of before"
    " point into the one that is gone. End all workers and start each on a new data folder"
)
TICK = 1.0
"""How often [s] delays and silences are looked at."""
LOOK = 1.0
"""How often [s] what use cases say, and what they compute, is looked at."""
RETRY = 1.0
SHOWN_PAYLOAD = 80
"""Characters of another program's command that are kept."""
MOST_WARNED = 1_000
"""Topics of retained commands that are logged, once each."""
OTHERS = "mqtt"
"""Who gave a command that was seen passing: MQTT 3.1.1 does not say who publishes."""
SAME_PRESS = 2 * NS
"""How long [ns] the same word of a button is the same press: sent again by radio, or heard by two gateways."""
_TO_ACKNOWLEDGE = {AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED}
WAITING = 1_000
"""Newest commands looked at for those that still wait for their report."""
_POSITION = attrgetter("position")


class Outcome(Struct, kw_only=True):
    """What a step committed: news for the live state, what is to be published, the newest word per topic.

    Attributes:
        asks: (topic, payload) for devices: questions and commands.
        unconfirmed: topics of them that go out at QoS 0, as their format wants it; the others at QoS 1.
        by_hand: a person wants them, at this worker.
        given: a command given here, that other workers are to know of; `asks` is what it says.
        views: use case → what it knows of the room's story.
        tables: table → what it knows of its own; None: as before.
        cast, off: which real devices play, which use cases are off, all of them; None: as before.
    """

    batch: Batch
    asks: Sequence[tuple[str, bytes]] = ()
    unconfirmed: Collection[str] = ()
    by_hand: bool = False
    given: Commanded | None = None
    recent: Mapping[str, Heard] = {}
    views: Mapping[str, View] = {}
    tables: Mapping[int, AtTable] | None = None
    cast: Cast | None = None
    off: Collection[str] | None = None


class Judged(Struct, frozen=True, kw_only=True):
    """What the rules make of a new cast: alarms that ended, what they remember (empty: forgotten), what is known."""

    alarms: Sequence[Alarm] = ()
    rules: Mapping[str, bytes] = {}
    views: Mapping[str, View] = {}
    cast: Cast | None = None
    off: Collection[str] | None = None


class Follower(Protocol):
    """Who goes on with what devices say of their period, in the worker's thread (`hub.pacer`)."""

    def hear(self, said: Sequence[tuple[str, int]]) -> None:
        """Take (uid, seconds)."""

    def tick(self) -> None:
        """Let time pass."""

    def read_back(self) -> None:
        """Something was erased in the store."""


class Worker:
    """Takes the journal's records to the store, step by step; `deliver` gets each outcome, in this thread."""

    def __init__(
        self,
        *,
        reader: JournalReader,
        kept: Kept,
        understanding: Callable[[], Understanding],
        engine: Callable[[], Engine],
        cases: Mapping[str, UseCase],
        deliver: Callable[[Outcome], None],
        give_up: Callable[[str], None],
        least_rest: float = 0.0,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on from the store's cursor.

        Args:
            reader: of the journal.
            kept: the store's memory, written by this thread only.
            understanding: makes it from what the store kept; called again after a failed commit.
            engine: likewise.
            cases: the use cases, for their sentences.
            deliver: takes what was committed.
            give_up: called once the store is damaged: only a new start, which begins a new file, helps.
            least_rest: between the beginnings of two steps, the first of which found something [s].
            wall: wall clock [ns].
            monotonic: what paces ticks and sentences [s].
        """
        self.reader = reader
        self._kept = kept
        self._make = understanding, engine
        self._cases = cases
        self._deliver = deliver
        self._give_up = give_up
        self._least_rest = least_rest
        self._wall = wall
        self._monotonic = monotonic
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._waking = threading.Lock()
        self._woken = False
        self._asked: set[Future[Any]] = set()
        self._stopped = False
        self._asking = threading.Lock()
        self._more = False
        self._told = 0  # how far the journal was said to be
        self._rests = False  # it was woken, and takes what waits once it has rested
        self._rested = 0.0
        self._looked = -LOOK
        self._speaker = Speaker()
        self._forgetful = False
        self._own = OwnWords()
        self._memory = GivingBack(MUCH)
        self._warned: set[str] = set()
        self._presses: dict[str, Pressed] = {}
        self.follower: Follower | None = None
        self.doer: Callable[[ToDevice | ToRoom, int], None] | None = None
        self.begun_anew: Callable[[], None] = lambda: None
        self.fault: str | None = None
        self.understood = self.refused = self.repeats = self.stored = self.failures = self.missing = 0
        self.steps = self.alarm_changes = 0
        self.spent = dict.fromkeys(("decode", "rules", "store"), 0.0)
        self.taken_until = 0
        self.knows_journal = False
        """It has looked which journal its position is in."""
        self._restore()

    def _restore(self) -> None:
        understanding, engine = self._make
        with self._kept.readable():
            self.understanding, self.engine = understanding(), engine()
            self._filled_until: dict[str, int] = {}
            self._running: set[str] = set()
            self.underway = Underway(self._kept.commands(WAITING))
        for run in self.understanding.timelines.runs.values():
            self._follow_run(run)
        self._let_play(self._kept.cast(), self._kept.off())
        self.understanding.watched = self.underway.devices
        self.position = self._kept.position()
        self._opening = self._kept.opening()
        first, now = self._kept.born()
        self.is_anew, self.missed = first != now, self._kept.missed()
        self._forgetful = False

    def _follow_run(self, run: Run) -> None:
        """Let the rules know what a run plays, and whether now."""
        self.engine.calendar.plays(run.id, run.days)
        self.engine.follow(run.id, is_now=run.is_now)
        self.engine.seat(run.id, run.table, run.plays)

    def _let_play(self, cast: Cast, off: Collection[str]) -> list[Alarm]:
        """Let the rules know who plays and which use cases are off; return the alarms that end with it."""
        wall, timelines = self._wall(), self.understanding.timelines
        self.played = {name: {role: self._by_uid(each) for role, each in roles.items()} for name, roles in cast.items()}
        ended = self.engine.recast(self.played, wall)
        self.understanding.buttons = self.engine.buttons
        self.engine.suppress(off, {run: timelines.now(run, wall) for run in self.engine.runs()})
        return ended

    def _by_uid(self, taken: Taken) -> Taken:
        """Return the device as it is called now: it may have been merged."""
        return msgspec.structs.replace(taken, device=self.understanding.resolve(taken.device))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way; who waits for a job that did not begin is told."""
        self._jobs.put(None)
        self._thread.join()
        with self._asking:
            self._stopped, left = True, [*self._asked]
        for future in left:
            _refuse(future)

    def wake(self, end: int = 0) -> None:
        """Say that the journal has grown, and how far (0: not known); any number of calls before a step is one."""
        self._told = end
        self._come_back()

    def _come_back(self) -> None:
        with self._waking:  # the link's thread and the worker's own may say so at the same instant
            if self._woken:
                return
            self._woken = True
        self._jobs.put(self._rise)

    def call(self, job: Callable[[], T]) -> "Future[T]":
        """Run a job between two steps, in this thread; its result, or its error, is the future's.

        After `stop` that is a `StoreError`: a thread that waited for ever would keep the process from ending.
        """
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return  # the caller has gone
            try:
                future.set_result(job())
            except Exception as error:  # noqa: BLE001 — it is the caller's
                future.set_exception(error)

        with self._asking:
            stopped = self._stopped
            if not stopped:
                self._asked.add(future)
        if stopped:
            _refuse(future)
            return future
        future.add_done_callback(self._asked.discard)
        self._jobs.put(run)
        return future

    def acknowledge(self, alarm_id: str, by: str, comment: str | None) -> Alarm:
        """Acknowledge an alarm and commit it; for `call`.

        Raises:
            NotFoundError: no such alarm.
        """
        stored = self._kept.alarm(alarm_id)
        run = stored.run if stored is not None else REAL
        at = self.understanding.timelines.now(run, self._wall())
        alarm = self.engine.acknowledge(alarm_id, at, by, comment, stored)
        self._commit(Changes(position=self.position), [alarm])
        return alarm

    def shelve(self, alarm_id: str, seconds: float | None, by: str) -> Alarm:
        """Set an alarm aside for so long [s of its run], or (None) take it back, and commit it; for `call`.

        Raises:
            NotFoundError: no such alarm that can still be set aside.
        """
        stored = self._kept.alarm(alarm_id)
        run = stored.run if stored is not None else REAL
        at = self.understanding.timelines.now(run, self._wall())
        alarm = self.engine.shelve(alarm_id, at, None if seconds is None else at + int(seconds * NS), by, stored)
        self._commit(Changes(position=self.position), [alarm])
        return alarm

    def send(self, given: Commanded, due: Order) -> Commanded:
        """Store a command, then send it and wait for the device's own report; for `call`."""
        sent = msgspec.structs.replace(
            given,
            until=given.at + int(due.within * NS),
            report=due.channel,
            expected=due.value,
            tolerance=due.tolerance,
        )
        overtaken = self.underway.give(sent)
        self.understanding.watched = self.underway.devices
        self.note_commands([*overtaken, sent], due.messages, qos=due.qos, given=sent)
        _LOG.info("Command %s = %g to %r by %s sent", sent.channel, sent.value, sent.device, sent.by)
        return sent

    def hear_given(self, given: Commanded, said: Sequence[tuple[str, bytes]]) -> None:
        """Take a command that another worker gave: its report is waited for, and on the wire it is known; for `call`.

        One's own comes back so, too, and is known already.
        """
        if self._kept.command(given.id) is not None:
            return
        self.say(said)
        overtaken = self.underway.give(given) if given.state is CommandState.SENT else []
        self.understanding.watched = self.underway.devices
        self.note_commands([*overtaken, given])

    def note_commands(
        self,
        commands: Sequence[Commanded],
        asks: Sequence[tuple[str, bytes]] = (),
        *,
        qos: int = 1,
        given: Commanded | None = None,
    ) -> None:
        """Store commands as they are now and hand them on, with what is to be published at `qos`; for `call`.

        `given`: the one of them that a person has just given here.
        """
        try:
            self._kept.put_commands(commands)
        except HubError:
            self._forgetful = True
            raise
        self.say(asks)
        unconfirmed = () if qos else [topic for topic, _ in asks]
        batch = Batch(commands=commands)
        self._deliver(Outcome(batch=batch, asks=asks, unconfirmed=unconfirmed, by_hand=True, given=given))

    def say(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Remember what the hub publishes now, so that it is known again when it comes back."""
        self._own.say(messages, self._wall())

    def tell(self, outcome: Outcome) -> None:
        """Hand on what was committed beside the journal; for `call`."""
        self._deliver(outcome)
        if outcome.batch.merged is not None:
            self._look_who_plays()

    def recast(self, cast: Cast, off: Collection[str]) -> Judged:
        """Let the rules know who plays and which use cases are off, before that is stored; for `call`.

        What a device has just said counts at once: it may speak every five minutes only.
        """
        before = self.played
        alarms = self._let_play(cast, off)
        fresh = {name for name, roles in self.played.items() if roles != before.get(name)}
        if fresh:
            alarms += self.engine.step([each for each in self._kept.latest() if self._is_believed(each, fresh)])
        return Judged(
            alarms=alarms,
            rules=self.engine.changed_state(),
            views=self.views(self._wall()),
            cast=self.played,
            off=frozenset(off),
        )

    def _is_believed(self, reading: Reading, usecases: Collection[str]) -> bool:
        """Tell whether a real device's last word on a role is young enough to begin with."""
        oldest = self._wall() - BEGINS_WITH
        return reading.time >= oldest and any(
            each.device == reading.device and reading.channel in each.channels.values()
            for name in usecases
            for each in self.played[name].values()
        )

    def _look_who_plays(self) -> None:
        """Follow devices in a role that were merged, or are themselves again."""
        cast = self._kept.cast()
        if any(self._by_uid(each) != self.played[name][role] for name, of in cast.items() for role, each in of.items()):
            ended = self._let_play(cast, self._kept.off())
            self._commit(Changes(position=self.position), ended)
            self._deliver(Outcome(batch=Batch(), cast=self.played))

    def read_back(self) -> None:
        """Take memory from the store again: something was erased there; for `call`."""
        self._forgetful = True
        self._restore()
        if self.follower is not None:
            self.follower.read_back()

    def take_again(self, records: Sequence[Record], noted: Callable[[Changes, int], None]) -> None:
        """Commit what older records change when they are read again: values and names, never alarms; for `call`.

        `noted` completes the changes, which reach up to a position. Nobody is asked, told or counted twice.
        """
        if self._forgetful:
            self._restore()
        while records:
            found = self.understanding.take(records, again=True)
            records = records[bisect_right(records, found.position, key=_POSITION) :]
            changes = msgspec.structs.replace(
                found,
                position=self.position,
                past=[*found.past, *found.shown],
                placed=[],
                shown=[],
                asks=[],
                reports=[],
                pressed=[],
                progress=[],
                periods=[],
                overheard={},
                heard=[],
                recent={},
                understood=0,
                refused=0,
                repeats=0,
            )
            noted(changes, found.position)
            try:
                self._commit(changes, [])
            except Exception as error:
                self._failed(str(error))
                raise

    def save(self) -> None:
        """Commit what the rules remember beyond the last step; for `call`."""
        self._commit(Changes(position=self.position), [])

    def _run(self) -> None:
        _step_back()
        due = self._monotonic()
        while True:
            now = self._monotonic()
            if due <= now:  # also when jobs always wait: delays run out all the same
                due = now + TICK
                self._try(self._tick)
                continue
            if self._rests and self._rested <= now:
                self._catch_up()
                continue
            try:
                job = self._jobs.get(timeout=(min(due, self._rested) if self._rests else due) - now)
            except queue.Empty:
                continue
            if job is None:
                return
            job()

    def _try(self, step: Callable[[], None]) -> bool:
        """Do a step; a failed one leaves the store as it was, and memory goes back to what the store has."""
        try:
            if self._forgetful:
                self._restore()
            step()
        except HubError as error:
            _LOG.error("Nothing of this step was stored; it is tried again: %s", error)
            if self._kept.damaged:
                self._give_up(str(error))
                return False
            self._failed(str(error))
            time.sleep(RETRY)
            return False
        except Exception as error:  # noqa: BLE001 — a fault of ours or of a foreign rule stops nobody else
            self._failed(f"{type(error).__name__}: {error}")
            _LOG.error("A step failed; its records are taken one by one", exc_info=error)
            if step != self._skip_the_culprit:
                return self._try(self._skip_the_culprit)
            time.sleep(RETRY)
            return False
        return True

    def _failed(self, reason: str) -> None:
        """Go back to what the store has; one that cannot be read either is read before the next step."""
        self.failures += 1
        self.fault = reason
        self._forgetful = True
        try:
            self._restore()
        except HubError as error:
            _LOG.error("What the store knows cannot be read back yet: %s", error)

    def _skip_the_culprit(self) -> None:
        """Take the next records one by one; one that no code can take is listed and left: it must not stop the rest."""
        for record in self.reader.read(self.position, CHUNK):
            try:
                self._take([record])
            except HubError:
                raise  # the store's trouble: nobody's fault here, tried again
            except Exception as error:  # noqa: BLE001 — told where people look
                self._failed(f"{type(error).__name__}: {error}")
                self._commit(given_up(record, error), [])

    def _rise(self) -> None:
        """Take what waits, unless a step of many was a moment ago: then more is waited for, and taken together."""
        if self._monotonic() < self._rested:
            self._rests = True
        else:
            self._catch_up()

    def _catch_up(self) -> None:
        self._rests = False
        self._woken = False
        while self._try(self._step) and self._more:  # a step at least: two that only gave way would go round for ever
            if not self._jobs.empty():
                self._rested = 0.0  # a backlog waits for nobody
                self._come_back()
                return

    def _step(self) -> None:
        began = self._monotonic()
        told = self._told
        end, opening = told or self.reader.end, self.reader.opening
        if opening.id and opening.id != self._opening:
            self._follow(opening)
        self.knows_journal = self.knows_journal or opening.id != 0
        records = self.reader.read(self.position, CHUNK, end=told)
        if records and opening.born and records[0].position > self.position + 1:
            gone = records[0].position - self.position - 1
            self.missed = self._kept.miss(self.position, gone)
            _LOG.warning("%d messages after %d had gone from the journal before they were read", gone, self.position)
        self._rested = began + max(min(len(records) * REST, LONGEST_REST), self._least_rest if records else 0.0)
        if records:
            self._take(records)
        else:
            self.fault = None
        self._more = bool(records) and self.position < end
        self._memory.took(len(records), more=self._more)

    def _follow(self, opening: Opening) -> None:
        """Go on in a journal that was opened again: it may have lost its end to damage, or be another one.

        What was lost is counted; what came since has the places of what was lost, and is not passed over.
        """
        _, known = self._kept.born()
        begins = bool(known and opening.born and opening.born != known)
        # one that says which it is loses no end: what is above its opening came since, and may be known already
        position = 0 if begins else self.position if opening.born else opening.position
        if position < self.position:
            self.missing += self.position - position
            _LOG.warning("The journal lost what follows %d; %d was taken before", position, self.position)
            self.position = position
        self._kept.follow(self.position, opening.id, opening.born)
        if begins:
            self.is_anew = True
            _LOG.error("%s", MADE_ANEW)
            self.begun_anew()
        self._opening = opening.id

    def _take(self, records: Sequence[Record]) -> None:
        while records:
            self._take_group(records if self.doer is None else self._until_deed(records, self.doer))
            records = records[bisect_right(records, self.position, key=_POSITION) :]

    def _take_group(self, records: Sequence[Record]) -> None:
        began = self._monotonic()
        changes = self.understanding.take(records)
        self.spent["decode"] += (decoded := self._monotonic()) - began
        begin = {run.id for run in changes.runs.values() if run.state == "running"} - self._running
        self._running = (self._running | begin) - {run.id for run in changes.runs.values() if run.state == ENDED}
        for run in changes.runs.values():
            self._follow_run(run)
        alarms = self.engine.step(_aged(changes.past), past=True)
        alarms += self._filled(changes)
        alarms += self.engine.step(_aged(changes.shown))
        for press in changes.pressed:
            alarms += self._acknowledged(press, alarms)
        for record in records[: bisect_right(records, changes.position, key=_POSITION)]:
            if not record.repeat and isinstance(deed := deeds.read(record.message), ToAlarm):
                alarms += self._done(deed, record.message.received, alarms)
        ended = [run.id for run in changes.runs.values() if run.state == ENDED]
        last = self.views(self._wall()) if ended else {}  # as it stays: nobody looks at it again
        for each in ended:
            alarms += self.engine.end_run(each)
        self.spent["rules"] += (judged := self._monotonic()) - decoded
        self._commit(changes, alarms, last=last)
        self.spent["store"] += self._monotonic() - judged
        self.steps += 1
        self.taken_until = records[bisect_right(records, self.position, key=_POSITION) - 1].message.received
        if begin:
            self._tell_of(begin)
        if changes.merged:
            self._look_who_plays()

    def _until_deed(self, records: Sequence[Record], do: Callable[[ToDevice | ToRoom, int], None]) -> Sequence[Record]:
        """Return the records before the next deed that concerns no alarm; one that comes first is done, and goes alone.

        Killed before its place is committed, it is done again, and changes nothing then.
        """
        for number, record in enumerate(records):
            if record.message.topic == deeds.TOPIC and not record.repeat:
                deed = deeds.read(record.message)
                if deed is not None and not isinstance(deed, ToAlarm):
                    if number:
                        return records[:number]
                    do(deed, record.message.received)
                    return records[:1]
        return records

    def _done(self, deed: ToAlarm, received: int, raised: Sequence[Alarm]) -> list[Alarm]:
        """Do what somebody did at any worker; an alarm that is not known any more stays as it is.

        Args:
            deed: what was journalled.
            received: when [ns, wall clock].
            raised: the alarms of this step: they are not stored yet.
        """
        known = {alarm.id: alarm for alarm in raised}.get(deed.alarm) or self._kept.alarm(deed.alarm)
        run = known.run if known is not None else REAL
        at = self.understanding.timelines.arrival(run, received)
        try:
            if isinstance(deed, Acknowledge):
                return [self.engine.acknowledge(deed.alarm, at, deed.by, deed.comment, known)]
            until = None if deed.seconds is None else at + int(deed.seconds * NS)
            return [self.engine.shelve(deed.alarm, at, until, deed.by, known)]
        except NotFoundError as error:
            _LOG.info("Not done: %s", error)
            return []

    def _acknowledged(self, press: Pressed, raised: Iterable[Alarm]) -> list[Alarm]:
        """Acknowledge what a button's press is meant for, as somebody at the page would: all that waits for it.

        Args:
            press: what the button said.
            raised: the alarms of this step: they are not stored yet.
        """
        by, found = self.understanding.devices[press.device].name, list[Alarm]()
        if self._is_same_press(press):
            return found
        answers = self.engine.answers(press)
        waiting = {alarm.id: alarm for alarm in (*self._kept.open_alarms(), *raised)} if answers else {}
        for answer in answers:
            at = self.understanding.timelines.arrival(answer.run, press.received)
            for alarm in waiting.values():
                if (alarm.usecase, alarm.run) == (answer.usecase, answer.run) and alarm.state in _TO_ACKNOWLEDGE:
                    found.append(self.engine.acknowledge(alarm.id, at, by, answer.comment, alarm))
                    _LOG.info("Alarm %s acknowledged by a press of %r", alarm.id, press.device)
        return found

    def _is_same_press(self, press: Pressed) -> bool:
        """Tell whether a device only repeats what it has just said, as radios and gateways do."""
        before = self._presses.get(press.device)
        self._presses[press.device] = press
        return before is not None and before.value == press.value and press.received - before.received < SAME_PRESS

    def _tick(self) -> None:
        """Let delays run out, on each timeline's own now; a hub that is behind waits until it is not.

        Where a moment's messages rest, time passes as far as was read: what they say may end a delay.
        """
        wall, timelines, waits = self._wall(), self.understanding.timelines, self.reader.end - self.position
        if waits > 0:
            self.wake()
            if waits > CHUNK or wall - self.taken_until > TICK * NS:
                return
            wall = self.taken_until
        living = [run for run in self.engine.runs() if not timelines.stands(run)]
        alarms = [alarm for run in living for alarm in self._passed(run, timelines.now(run, wall))]
        state = self.engine.changed_state()
        if alarms or state:
            self._commit(Changes(position=self.position), alarms, state)
        late = self.underway.tick(lambda run: timelines.now(run, wall), wall)
        if late:
            self._end_commands(late)
        if self.follower is not None:
            self.follower.tick()
        self._tell(wall)

    def _filled(self, changes: Changes) -> list[Alarm]:
        """Note how far each run's back-fill has come; at its first live word its time has passed until there."""
        for reading in changes.past:
            if reading.run != REAL:
                self._filled_until[reading.run] = max(reading.time, self._filled_until.get(reading.run, 0))
        if not self._filled_until:
            return []
        begun = {reading.run for reading in changes.shown} & self._filled_until.keys()
        return [alarm for run in begun for alarm in self.engine.tick(run, self._filled_until.pop(run), past=True)]

    def _passed(self, run: str, now: int) -> list[Alarm]:
        """Let a run's time pass. One that comes through the import door is no further than what has come of it."""
        until = self._filled_until.get(run)
        if until is None:
            return self.engine.tick(run, now)
        if self.understanding.timelines.runs[run].speed > FASTEST_LIVE:
            return self.engine.tick(run, min(now, until), past=True)
        del self._filled_until[run]  # it runs: its history is whole, and who has none is waited for from now on
        return self.engine.tick(run, now, past=True)

    def _end_commands(self, ended: Sequence[Commanded]) -> None:
        self.understanding.watched = self.underway.devices
        self.note_commands(ended)
        for each in ended:
            _LOG.info("Command %s = %g to %r: %s", each.channel, each.value, each.device, each.state)

    def _tell(self, wall: int) -> None:
        """Hand on what each use case knows now, what it computes and what it says."""
        views, tables = self.views(wall), None
        if not views and not self.engine.seats():
            return
        batch, now = Batch(), self._monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            self._speak(batch, views, now)
            tables = dict(self._tables(wall, now))
        self._deliver(Outcome(batch=batch, views=views, tables=tables))

    def _tell_of(self, runs: Collection[str]) -> None:
        """Hand on at once what is said of runs that begin: what was said of an earlier one is not true of them.

        As it stands where they begin: the hub may be behind, and its own delay is no sensor's silence.
        """
        told = [(name, known[-1]) for name in self._cases if (known := self.engine.runs(name, table=0))]
        begins = {run: self.understanding.timelines.runs[run].simulated for run in runs}
        found = {name: self._view_on(name, run, begins[run]) for name, run in told if run in begins}
        views = {name: view for name, view in found.items() if view is not None}
        if views:
            batch = Batch()
            self._speak(batch, views, self._monotonic())
            self._deliver(Outcome(batch=batch, views=views))

    def _speak_of(self, alarms: Sequence[Alarm], batch: Batch) -> Mapping[int, AtTable] | None:
        """Add what is said beside alarms that have just begun or ended; return the tables, where one of theirs did.

        Nothing while the hub is behind: its own delay is no sensor's silence.
        """
        if not alarms or self.reader.end - self.position > CHUNK:
            return None
        wall, now = self._wall(), self._monotonic()
        views = {name: self._view(name, wall) for name in {alarm.usecase for alarm in alarms} & self._cases.keys()}
        self._speak(batch, {name: view for name, view in views.items() if view is not None}, now)
        seated = {run for _, run in self.engine.seats().values()}
        return dict(self._tables(wall, now)) if any(alarm.run in seated for alarm in alarms) else None

    def _speak(self, batch: Batch, views: Mapping[str, View], now: float) -> None:
        """Add what use cases say and compute to a batch."""
        sentences, made = dict(batch.sentences), dict(batch.computed)
        for name, view in views.items():
            case = self._cases[name]
            sentences[name], made[name] = self._said(name, case, view, now), computed(case, view)
        batch.sentences, batch.computed = sentences, made

    def _speak_last(self, batch: Batch, views: Mapping[str, View]) -> None:
        """Add what is true of runs that end, at once: nothing is said of them any more."""
        for name, view in views.items():
            case = self._cases[name]
            batch.sentences = {**batch.sentences, name: msgspec.to_builtins(main_sentence(case, view))}
            batch.computed = {**batch.computed, name: computed(case, view)}

    def _said(self, line: str, case: UseCase, view: View, now: float) -> Mapping[str, Any]:
        """Return the sentence on a line; what is waited for while a run prepares does not stand in its way then."""
        due = main_sentence(case, view)
        said = due if view.preparing else self._speaker.say(line, view.run, due, now, view.ringing)
        plain: Mapping[str, Any] = msgspec.to_builtins(said)
        return plain

    def _tables(self, wall: int, now: float) -> Iterator[tuple[int, AtTable]]:
        """Yield what each table knows of its own run."""
        for table, (name, run) in self.engine.seats().items():
            case = self._cases[name]
            view = self._view_on(name, run, self.understanding.timelines.now(run, wall))
            if view is not None:
                sentence = self._said(f"{name}/{table}", case, view, now)
                yield table, AtTable(usecase=name, view=view, sentence=sentence, computed=computed(case, view))

    def views(self, wall: int) -> dict[str, View]:
        """Return what each use case knows at `wall` [ns]; in the worker's thread, or before it starts."""
        return {name: view for name in self._cases if (view := self._view(name, wall)) is not None}

    def _view(self, name: str, wall: int) -> View | None:
        """Return what is known of a use case on its newest run; on the real timeline where a real device plays."""
        runs = self.engine.runs(name, table=0)
        if not runs:
            return None
        run = runs[-1]
        return self._view_on(name, run, self.understanding.timelines.now(run, wall))

    def _view_on(self, name: str, run: str, now: int) -> View | None:
        view = self.engine.view(name, run, now)
        known = self.understanding.timelines.runs.get(run)
        is_preparing = known is not None and known.is_preparing
        return msgspec.structs.replace(view, preparing=True) if view is not None and is_preparing else view

    def _commit(
        self,
        changes: Changes,
        alarms: Iterable[Alarm],
        state: dict[str, bytes] | None = None,
        *,
        last: Mapping[str, View] | None = None,
    ) -> None:
        alarms = list({alarm.id: alarm for alarm in alarms}.values())
        earlier: dict[Spoken, list[int]] = {}
        latest = newest(changes.past, earlier) + newest(changes.shown, earlier)
        self._kept.commit(changes, alarms, self.engine.changed_state() if state is None else state, latest)
        self.fault = None
        self.position = max(self.position, changes.position)
        self.understood += changes.understood
        self.refused += changes.refused
        self.repeats += changes.repeats
        self.stored += len(changes.readings)
        self.alarm_changes += len(alarms)
        batch = Batch(
            readings=latest,
            earlier=earlier,
            devices=[device for device in changes.known.values() if device.merged is None],
            runs=list(changes.runs.values()),
            alarms=alarms,
            not_understood=len(changes.heard),
            forgotten=changes.merged,
            merged=self.understanding.merged() if changes.merged else None,
        )
        for uid in changes.merged:
            _LOG.info("%r is %r: shown as one device from now on", uid, self.understanding.resolve(uid))
        # a run that begins is asked for at once: nobody may be told of the one before for another second
        views = {**(last or {}), **(self.views(self._wall()) if changes.runs else {})}
        self._speak_last(batch, last or {})
        tables = self._speak_of(alarms, batch)
        if changes.described:
            batch.settable = {uid: self.understanding.settable(uid) for uid in changes.described}
        self.say(changes.asks)
        said = Outcome(batch=batch, asks=changes.asks, recent=changes.recent, views=views, tables=tables)
        self._deliver(msgspec.structs.replace(said, unconfirmed=changes.unconfirmed) if changes.unconfirmed else said)
        self._follow_commands(changes)

    def _follow_commands(self, changes: Changes) -> None:
        """Take what was heard of commands: the devices' reports, the networks' word, and what others command."""
        if changes.reports and (confirmed := self.underway.hear(changes.reports)):
            self._end_commands(confirmed)
        if changes.periods and self.follower is not None:
            self.follower.hear(changes.periods)
        moved = [each for uid, said in changes.progress for each in self.underway.progress(uid, said)]
        if moved:
            self._end_commands(moved)
        seen = [self._seen(uid, message) for (uid, _), message in changes.overheard.items()]
        if found := [each for each in seen if each is not None]:
            self.note_commands(found)
        for topic in {each.topic for each in changes.heard if each.reason == RETAINED} - self._warned:
            if len(self._warned) < MOST_WARNED:
                self._warned.add(topic)
                _LOG.warning("A retained command on %r is not obeyed", topic)

    def _seen(self, uid: str, message: Message) -> Commanded | None:
        """Return the record of another program's command; None: it is the hub's own that comes back."""
        mind, wall = self.understanding, self._wall()
        device = mind.devices.get(uid)
        if device is None or self._own.is_ours(message.topic, message.payload, wall):
            return None
        driver, target = mind.target(uid)
        try:
            channel, value = meaning(driver, target, message.topic, message.payload)
        except Exception:  # noqa: BLE001 — a driver's fault; that somebody commanded is recorded all the same
            channel, value = "", None
        said = message.payload[:SHOWN_PAYLOAD].decode(errors="replace")
        return Commanded(
            id=secrets.token_hex(6),
            device=uid,
            channel=channel,
            value=0.0 if value is None else value,
            by=OTHERS,
            run=device.run,
            at=mind.timelines.now(device.run, wall),
            wall=message.received,
            state=CommandState.SEEN,
            code=UNREAD if value is None else None,
            reason=f"{message.topic[:SHOWN_PAYLOAD]} {said}".strip(),
        )


def _refuse(future: Future[Any]) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(StoreError("the hub is stopping; ask again when it is back"))


def _step_back() -> None:
    """Let the ingest process go first where two cores are not enough: understanding can be late, acknowledging not."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def _aged(readings: list[Reading]) -> list[Reading]:
    return [reading for reading in readings if reading.time != UNKNOWN_AGE]


def newest(readings: Iterable[Reading], earlier: dict[Spoken, list[int]]) -> list[Reading]:
    """Return the newest reading of each (device, channel, run), and note in `earlier` the times [ns] of the others.

    That is all that a live state needs of a step: what a channel said last, and how often it speaks.
    """
    found: dict[tuple[str, str], dict[str, Reading]] = {}
    latest, device, run = dict[str, Reading](), None, None
    for reading in readings:
        if reading.device is not device or reading.run is not run:  # those of a message follow each other
            device, run = reading.device, reading.run
            latest = found.setdefault((device, run), {})
        before = latest.get(reading.channel)
        if before is None:
            latest[reading.channel] = reading
        elif reading.time >= before.time:
            latest[reading.channel] = reading
            earlier.setdefault((device, reading.channel, run), []).append(before.time)
    return [each for of in found.values() for each in of.values()]
