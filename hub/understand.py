"""From journal records to what they change: readings, devices, runs, the list of what was not understood.

The core between journal and store: no network, no file, no clock of its own. What it remembers (contexts, names,
clocks, runs) is restored from the store, and everything new is in the `Changes` it returns, so that a caller commits
both together.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from hub.commands import Report
from hub.devices import Clock, Identities, Sources, Standing, real_time, run_time, utc
from hub.driver import Announced, Decoded, Driver, Progress, Sample, Target, topic_matches
from hub.errors import PayloadError
from hub.joining import HARDWARE, Side, family, joined, may_be_one, merging
from hub.model import (
    MAX_WHOLE,
    NS,
    REAL,
    Action,
    Availability,
    Device,
    Heard,
    Kind,
    Message,
    Quality,
    Reading,
    Record,
    Run,
    Source,
    TimeSource,
)
from hub.registry import Outcome, Registry
from hub.rules.pressing import Pressed
from hub.steady import MAX_STEADY, Steady, is_plain, is_settled, is_untimed
from hub.timeline import ANNOUNCED, ENDED, PREFIX, Timelines, of_own_topic

MAX_DEVICES = 20_000
MAX_CHANNELS = 64
"""Caps of reliability.md §2.10; beyond them messages are journalled and listed with the cap's name."""
MAX_GENERIC = MAX_DEVICES // 10
"""Devices that topics of no known family may make, or on a foreign broker propose, beside those that a person has
named, placed or accepted: whoever invents topics takes no place from known families (design.md §4), nor the memory."""
NATIVE_OR_DISCOVERED = 1
"""The highest rank of a driver that knows whose topics it reads."""
MAX_NAMES = 10 * MAX_DEVICES
NONE: frozenset[str] = frozenset()
MAX_SETS = 1000
"""Sets of channels that are kept to be shared."""
MAX_TOPIC = 1024
LONGEST = 200
"""Characters kept of a name or version that a message gives."""
MAX_LEVELS = 32
SHOWN_PAYLOAD = 1024
SEEN_AGAIN = 60 * NS
RECENT = 50
"""Topics a group adds to the list of understood messages: a sample, so that a flood costs nothing."""
UNKNOWN_AGE = 0
"""Time of a retained value that states none: it sets what is shown, its age is unknown, it is not stored."""
ASK_WITHIN = 60 * NS
"""A backlog older than this makes nobody speak."""
ASK_AGAIN = 60 * NS
"""How long a sender is left alone that was asked to say what is missing."""
OVERHEARD = 20
"""Commands of others that a group records: a flood of them costs no more."""
RETAINED = (
    "a retained command: the device obeys it anew at each connection, the hub never; an empty retained message on the "
    "same topic takes it away"
)
REFUSALS = 10
"""Refusals of one announcement that are listed each."""
PERSONAL = "{} says where a person is: not kept; the setting personal = on (HUB_PERSONAL=on) keeps it"
_GOOD = Quality.GOOD
REPEATED = -1
UNSTATED = -2
"""No sample's time."""
MADE_UP = "simulated-by-network"
"""The run of messages that a network says it made up (`Decoded.simulated`); its clock is the wall's."""
APART = 10_000
"""How many pairs are remembered that are two devices in spite of a name they share."""
REMEMBERED = 100_000
"""How many identities (device, own time, hash) are remembered to find repeats whose stored time differs."""


class Changes(Struct):
    """What a group of records changes, to be committed together.

    Attributes:
        position: of the last record taken.
        readings: to be stored.
        placed: (how many readings until here, partition of the journal that the last of them come from, its position).
        shown, past: newest values for the live state and the rules; `past` came through the import door.
        asks: (topic, payload) that make devices speak.
        unconfirmed: topics of `asks` that go out at QoS 0.
        known: devices that are new or changed.
        merged: uids of those that turned out to be another one.
        acts: the same as a person might have done it, so that it can be undone likewise.
        names: (name, uid, position) that are new.
        contexts, clocks, runs, marks: what changed of them.
        standings: uid → who speaks for it now, where that changed; None: it begins anew.
        seen: (device, own time, hash) of messages whose own time is not the one stored, to find their repeats.
        heard: what was not understood, and why.
        recent: topic → its newest understood message, of the last few topics.
        reports: a device's own live words while a command to it waits for them.
        missed: driver of another package → the first position that its fault cost it.
        read_again: such a driver → up to where it has read again what it missed; None: all of it.
        progress: (uid, what a network says of a command to it).
        periods: (uid, how often it reports by its own live word [s]).
        pressed: what buttons in a role have just said, live; a group ends with one, so that it meets the alarms that
            were raised before it and no others.
        overheard: (uid, topic) → the newest live command to a known device that was seen passing, the hub's own too.
        described: devices of families that say themselves what can be set: it may be something else now.
        understood, refused, repeats: counts of messages.
    """

    position: int = 0
    readings: list[Reading] = []
    placed: list[tuple[int, int, int]] = []
    shown: list[Reading] = []
    past: list[Reading] = []
    asks: list[tuple[str, bytes]] = []
    unconfirmed: set[str] = set()
    known: dict[str, Device] = {}
    merged: list[str] = []
    acts: list[Action] = []
    names: list[tuple[str, str, int]] = []
    contexts: dict[tuple[str, str], Any] = {}
    clocks: dict[str, Clock] = {}
    standings: dict[str, Standing | None] = {}
    runs: dict[str, Run] = {}
    marks: dict[str, str] = {}
    seen: list[tuple[str, int, int]] = []
    heard: list[Heard] = []
    recent: dict[str, Heard] = {}
    reports: list[Report] = []
    missed: dict[str, int] = {}
    read_again: dict[str, int | None] = {}
    progress: list[tuple[str, Progress]] = []
    periods: list[tuple[str, int]] = []
    pressed: list[Pressed] = []
    overheard: dict[tuple[str, str], Message] = {}
    described: set[str] = set()
    understood: int = 0
    refused: int = 0
    repeats: int = 0


class Memory(Struct, kw_only=True):
    """What the store kept: everything that later messages need."""

    contexts: dict[tuple[str, str], Any] = {}
    aliases: Mapping[str, str] = {}
    devices: Iterable[Device] = ()
    clocks: Mapping[str, Clock] = {}
    standings: Mapping[str, Standing] = {}
    runs: Iterable[Run] = ()
    marks: Mapping[str, str] = {}
    channels: Iterable[tuple[str, str]] = ()
    seen: Iterable[tuple[str, int, int]] = ()
    ignored_topics: Iterable[str] = ()


_MAKES_NONE = {Kind.COMMAND, Kind.HOUSEKEEPING}
"""Kinds of messages that make no device."""


class _Word(Struct, gc=False):
    """A decoded message on its way: who said it, and the run that its sender or its topic announced.

    `source` is the uid before any merge: what is said of two merged devices comes from two sources.
    """

    record: Record
    driver: Driver
    decoded: Decoded
    changes: Changes
    uid: str
    announced: str | None
    source: str


class Understanding:
    """Takes records in order and says what they change."""

    def __init__(
        self,
        registry: Registry,
        memory: Memory,
        *,
        zone: ZoneInfo,
        asks: bool,
        foreign: bool,
        wall: Callable[[], int],
        topics: Sequence[str] = ("#",),
        personal: bool = False,
        partition: Callable[[str], int] | None = None,
    ) -> None:
        """Start from what the store kept.

        Args:
            registry: finds the driver of a topic.
            memory: what earlier records left.
            zone: of device times without offset.
            asks: whether devices are asked to speak.
            foreign: on somebody else's broker generic devices are proposed, not created.
            wall: the wall clock [ns], only to know whether a record is news worth asking for.
            topics: filters of what is wanted; the rest is journalled and left. On the embedded broker the hub holds
                one subscription to everything, because order between filters is not kept there (design.md §4).
            personal: whether families about a person's whereabouts are kept.
            partition: tells a topic's partition of the journal; None: it has none.
        """
        self._registry = registry
        self._partition = partition
        self._describing = {each.family for each in registry.drivers.values() if each.settable is not None}
        self._contexts = dict(memory.contexts)
        self.devices = {device.uid: device for device in memory.devices}
        merged = {uid: device.merged for uid, device in self.devices.items() if device.merged is not None}
        self.names = Identities(memory.aliases, merged)
        self.ignored_topics = tuple(memory.ignored_topics)
        self._topics = () if "#" in topics else tuple(topics)
        self.watched: set[str] = set()
        """Devices whose own words are handed on as `reports`."""
        self.buttons: Collection[str] = ()
        """Devices whose presses are handed on as `pressed`."""
        self._sources = Sources(memory.standings)
        self._rereads = False
        self._generic = {each.family for each in registry.drivers.values() if each.rank > NATIVE_OR_DISCOVERED}
        self._clocks = dict(memory.clocks)
        self.timelines = Timelines(memory.runs, memory.marks.items())
        self._channels: dict[str, frozenset[str]] = {}
        self._sets: dict[frozenset[str], frozenset[str]] = {}
        for uid, channel in memory.channels:
            if uid not in self.devices or channel not in self.devices[uid].gone:
                self._has(uid, self._channels.get(uid, NONE) | {channel})
        self._distinct: set[tuple[str, ...]] = set()
        self._zone = zone
        self._asks = asks
        self._foreign = foreign
        self._unconfirmed = {uid for uid, device in self.devices.items() if self._is_unconfirmed(device)}
        self._wall = wall
        self._personal = personal
        self._missed: dict[str, int] = {}
        self._asked: dict[str, Availability | None] = {}
        self._seen: dict[tuple[str, int, int], None] = dict.fromkeys(memory.seen)
        self._steady: dict[str, Steady] = {}
        self._apart: set[str] = set()  # devices that several sources speak for
        self._spoken: dict[str, None] = {}  # topics of which something was understood
        self._recent: dict[str, tuple[Record, Driver]] = {}  # of the group that is being taken

    def resolve(self, name: str) -> str:
        """Return the uid that a uid or alias means."""
        return self.names.resolve(name)

    def change(self, device: Device) -> None:
        """Take a device as a person changed it."""
        before = self.devices.get(device.uid)
        self.devices[device.uid] = device
        self._steady.clear()
        self._apart.clear()
        if not device.proposed:
            self._unconfirmed.discard(device.uid)
        self._distinct.clear()
        if before is None or before.merged != device.merged:
            for uid in (device.uid, device.merged, before.merged if before is not None else None):
                self._sources.forget(self.names.survivor(uid or device.uid))
            self.names.merge(device.uid, device.merged)

    def merged(self) -> dict[str, str]:
        """Return uid → the device that stands for it, of all that were merged."""
        return {uid: self.names.survivor(uid) for uid, device in self.devices.items() if device.merged is not None}

    def contexts(self) -> dict[tuple[str, str], Any]:
        """Return what the drivers remember now; a copy."""
        return dict(self._contexts)

    def target(self, uid: str) -> tuple[Driver | None, Target]:
        """Return a device as a command needs it, and the driver that speaks its dialect."""
        topic = self.devices[uid].topic
        driver, key = self._registry.place(topic, self.devices[uid].family)
        return driver, self._as_target(uid, driver, key, (uid, *self.names.names({uid})))

    def _as_target(self, uid: str, driver: Driver | None, key: tuple[str, str], names: tuple[str, ...]) -> Target:
        """Return a device as its driver's functions take it."""
        context = self._contexts.get(key)
        if driver is not None and context is None:
            context = driver.empty_context()
        return Target(
            uid=uid,
            topic=self.devices[uid].topic,
            names=names,
            channels=self._channels.get(uid, NONE),
            context=context,
        )

    def settable(self, uid: str) -> dict[str, tuple[float, float]]:
        """Return channel → the range that a device takes, where only what it said of itself tells."""
        device = self.devices.get(uid)
        driver, key = (None, None) if device is None else self._registry.place(device.topic, device.family)
        if driver is None or driver.settable is None or device is None or key is None:
            return {}
        target = self._as_target(uid, driver, key, (uid,))  # all its names would cost a look at every one there is
        try:
            return {each.name: (each.low, each.high) for each in driver.settable(target)}
        except Exception:  # noqa: BLE001 — a driver's fault must not stop the others; its commands say what it is
            return {}

    def describing(self) -> list[str]:
        """Return the devices of families that say themselves what can be set."""
        return [uid for uid, device in self.devices.items() if device.family in self._describing]

    def take(self, records: Iterable[Record], *, again: bool = False) -> Changes:
        """Return what the records change, up to `position`; no content makes it fail.

        It stops after a record that ends a run or presses a button, and where the import door begins or ceases to
        speak: what is judged together must not depend on how many records were waiting.

        Args:
            records: in order.
            again: they are read again, after later ones.
        """
        self._rereads = again
        self._recent = {}
        changes = Changes()
        is_past: bool | None = None
        if self._registry.has_remote:
            records = list(records)
            self._registry.prepare([each.message for each in records if not each.repeat], self._contexts)
        for record in records:
            message = record.message
            if is_past is not (message.source is Source.IMPORT):
                if is_past is not None:
                    break
                is_past = message.source is Source.IMPORT
            changes.position = record.position
            if record.repeat:
                changes.repeats += 1
            elif message.topic not in self._steady and (reason := _too_large(message)):
                self._refuse(record, reason, None, changes)
            elif message.topic.startswith(PREFIX):
                self._own(record, changes)
            elif (self._topics or self.ignored_topics) and not self._is_wanted(message.topic):
                changes.understood += 1  # nobody wants it: it is journalled, and that is all
            else:
                self._from_device(record, changes)
                self._note_place(record, changes)
            if changes.pressed or (changes.runs and _has_ended(changes.runs.values())):
                break
        changes.standings = self._sources.changed()
        changes.recent = _shown(self._recent)
        return changes

    def _note_place(self, record: Record, changes: Changes) -> None:
        """Note which partition of the journal the readings of a message come from, where it has some."""
        if self._partition is not None:
            share = self._partition(record.message.topic)
            changes.placed.append((len(changes.readings), share, record.position))

    def _is_wanted(self, topic: str) -> bool:
        """Tell whether HUB_TOPICS asks for a topic, and no person ignores it."""
        if self._topics and not any(topic_matches(each, topic) for each in self._topics):
            return False
        return not any(topic_matches(each, topic) for each in self.ignored_topics)

    def _note_recent(self, record: Record, driver: Driver) -> None:
        """Note a message among those understood last."""
        topic = record.message.topic
        if len(self._recent) < RECENT or topic in self._recent:
            self._recent[topic] = record, driver

    def _own(self, record: Record, changes: Changes) -> None:
        """Take what a simulation runner says of itself; the rest below `matinales/` is housekeeping."""
        message = record.message
        named = of_own_topic(message.topic)
        if named is None:
            changes.understood += 1
            return
        run_id, is_beat = named
        before = self.timelines.runs.get(run_id)
        try:
            if is_beat:
                run = self.timelines.beat(run_id, message.payload)
            elif not message.payload:
                run = self.timelines.end(run_id)
            else:
                run = self._announced(record, changes)
        except PayloadError as error:
            self._refuse(record, str(error), None, changes)
            return
        changes.understood += 1
        if run is None:
            return
        changes.runs[run.id] = run
        if not is_beat or (before is not None and before.state == ANNOUNCED):
            self._steady.clear()  # what was real may be the run's now
            changes.marks.update(self.timelines.marked(run))
            changes.runs.update((each.id, each) for each in self.timelines.replaced_by(run))

    def _announced(self, record: Record, changes: Changes) -> Run:
        message = record.message
        real = {uid: device for uid, device in self.devices.items() if device.run == REAL}
        run, refusals = self.timelines.announce(
            message.payload, retained=message.retained, known_real=self.names.names(real), topic=message.topic
        )
        refusals += [
            f"{uid} is known as a real device and stays real, though a filter of run {run.id} matches its topic"
            for uid, device in sorted(real.items())
            if uid not in self.timelines.marks and any(topic_matches(each, device.topic) for each in run.topics)
        ]
        for reason in refusals[:REFUSALS]:
            self._list(record, reason, None, changes)
        if len(refusals) > REFUSALS:
            self._list(record, f"{len(refusals) - REFUSALS} more devices or filters refused", None, changes)
        return run

    def _from_device(self, record: Record, changes: Changes) -> None:
        steady = self._steady.get(record.message.topic)
        if steady is not None and not self._still_holds(record, steady):
            steady = None
        if steady is not None and self._is_alike(record, steady, changes):
            changes.understood += 1
            return
        outcome = self._registry.decode(record.message, self._contexts)
        if steady is not None and self._is_as_before(record, outcome, steady, changes):
            changes.understood += 1
            if steady.is_due():
                steady.alike = self._registry.alike(record.message, outcome, self._contexts)
            return
        self._anew(record, outcome, changes)

    def _anew(self, record: Record, outcome: Outcome, changes: Changes) -> None:
        """Take a message that asks every question anew."""
        driver, decoded = outcome.driver, outcome.decoded
        if outcome.changed:
            changes.contexts[outcome.key] = self._contexts[outcome.key]
        self._ask_for_missing(record, outcome, changes)
        if driver is None or decoded is None:
            self._not_understood(record, outcome, changes)
            return
        if driver.personal and not self._personal:
            self._refuse(record, PERSONAL.format(driver.title), driver, changes)
            return
        changes.understood += 1
        if len(self._spoken) >= MAX_STEADY:
            self._spoken.clear()
        self._spoken[record.message.topic] = None
        self._note_recent(record, driver)
        for field, reason in decoded.rejected.items():
            self._list(record, f"{field}: {reason}", driver, changes)
        if not decoded.speaks_for_others:
            self._own_word(record, driver, decoded, changes)
        for each in decoded.announces:
            self._announce(record, driver, each, changes)

    def _not_understood(self, record: Record, outcome: Outcome, changes: Changes) -> None:
        """List a message that says nothing to anybody, unless it only tidies up."""
        if self._is_erased(record.message):
            changes.understood += 1
            return
        if outcome.fault and outcome.driver is not None:
            changes.missed.setdefault(outcome.driver.model, record.position)
        self._refuse(record, outcome.reason or "nobody understands this topic", outcome.driver, changes)

    def _is_erased(self, message: Message) -> bool:
        """Tell whether a message takes off the broker what it kept of a topic that is known: it says nothing else.

        MQTT 3.1.1 §3.3.1.3: an empty retained message; it comes without the flag to whoever was connected before.
        """
        is_known = message.topic in self._spoken or self.timelines.of(message.topic) is not None
        return not message.payload and is_known

    def _still_holds(self, record: Record, steady: Steady) -> bool:
        """Tell whether what is known of a topic holds for a message, whatever that says."""
        uid = steady.device.uid
        return (
            steady.holds(record.message, self.devices.get(uid), SEEN_AGAIN)
            and not record.late
            and uid not in self.watched
            and uid not in self._apart
        )

    def _is_alike(self, record: Record, steady: Steady, changes: Changes) -> bool:
        """Take a message that looks like an earlier one of its topic; tell whether it was one."""
        message, alike, uid = record.message, steady.alike, steady.device.uid
        said = None if alike is None else self._registry.read(alike, message, self._contexts)
        if said is None or alike is None:
            return False
        steady.unlike = 0
        measured, local, values = said
        arrival, tie = message.received, _tie(message)
        time, source = self._real_moment(uid, measured, arrival, tie, changes, local=local, late=False)
        if time != REPEATED:
            readings = [
                Reading(uid, channel, unit, value, time, arrival, source, _GOOD, REAL, tie)
                for (channel, unit), value in zip(alike.shape.channels, values, strict=True)
            ]
            changes.readings += readings
            changes.shown += readings
        self._note_recent(record, steady.driver)
        return True

    def _is_as_before(self, record: Record, outcome: Outcome, steady: Steady, changes: Changes) -> bool:
        """Take a message that says again what the topic said before; tell whether it was one."""
        message, driver, decoded = record.message, outcome.driver, outcome.decoded
        if driver is None or decoded is None or outcome.changed:
            return False
        if not steady.fits(driver, decoded) or (decoded.events and steady.device.uid in self.buttons):
            return False
        readings = self._readings_as_before(message, decoded, steady, changes)
        if readings is None:
            return False
        changes.readings += readings
        changes.shown += readings
        self._note_recent(record, driver)
        return True

    def _readings_as_before(
        self, message: Message, decoded: Decoded, steady: Steady, changes: Changes
    ) -> list[Reading] | None:
        """Return what `_read` would; None: a sample needs the long way."""
        uid, arrival, known = steady.device.uid, message.received, steady.channels
        for sample in decoded.samples:
            if sample.historical or sample.channel not in known:
                return None
        tie = _tie(message)
        readings: list[Reading] = []
        stated: int | None = UNSTATED
        moment = arrival, TimeSource.ARRIVAL
        for sample, unit, quality in self._registry.complete(steady.driver, decoded):
            if sample.measured != stated:
                stated = sample.measured
                moment = self._real_moment(uid, stated, arrival, tie, changes, local=sample.local, late=False)
            time, source = moment
            if time != REPEATED:
                readings.append(
                    Reading(uid, sample.channel, unit, sample.value, time, arrival, source, quality, REAL, tie)
                )
        return readings

    def _own_word(self, record: Record, driver: Driver, decoded: Decoded, changes: Changes) -> None:
        """Take what a device says of itself. Only a device has names: a command that was seen makes none."""
        source = self._source(record, decoded, changes)
        uid = self.names.survivor(source)
        makes_none = decoded.kind in _MAKES_NONE or decoded.removed
        if decoded.kind is Kind.COMMAND:
            self._overhear(record, driver, uid, changes)
        if makes_none and uid not in self.devices:
            return
        if _is_said_now(record):
            _note_of_commands(uid, decoded, changes)
        if decoded.removed:
            if source == uid:  # one of two merged devices that goes takes the other one not along
                gone = msgspec.structs.replace(self.devices[uid], availability=Availability.OFFLINE, removed=True)
                self._changed(gone, record.message, changes)
            return
        run = None if makes_none else self._run_said(record.message, decoded, uid)
        word = _Word(record, driver, decoded, changes, uid, run, source)
        if not makes_none and not self._known(word):
            return
        if driver.settable is not None and (decoded.kind is Kind.DISCOVERY or decoded.availability is not None):
            changes.described.add(uid)
        changes.names += [(name, source, record.position) for name in self.names.of(decoded)[1]]
        if not makes_none:
            self._count_missed(word)
            self._read(word)
            self._ask(word)
            self._settle(word)
        if decoded.events and uid in self.buttons:
            self._press(record, decoded, uid, changes)

    def _source(self, record: Record, decoded: Decoded, changes: Changes) -> str:
        """Return the uid, before any merge, of the device that speaks; names of two that are one join them."""
        if decoded.aliases:
            self._join(record, decoded.device, decoded.aliases, changes)
        return self.names.find(decoded.device, decoded.aliases)

    def _press(self, record: Record, decoded: Decoded, uid: str, changes: Changes) -> None:
        """Hand on what a button says now: the last word that a broker kept of it, or its history, presses nothing."""
        device = self.devices[uid]
        if _is_said_now(record) and not (device.proposed or device.ignored):
            received = record.message.received
            changes.pressed += [Pressed(uid, device.run, event.value, received) for event in decoded.events]

    def _count_missed(self, word: "_Word") -> None:
        """Count what a device's own numbers say was not heard."""
        if word.decoded.missed:
            device = self.devices[word.uid]
            counted = msgspec.structs.replace(device, missed=device.missed + word.decoded.missed)
            self._changed(counted, word.record.message, word.changes)

    def _settle(self, word: "_Word") -> None:
        """Remember that what this topic says is plain, so that the next of the kind goes the short way."""
        message, device = word.record.message, self.devices[word.uid]
        if self._sources.contested(word.uid, word.driver.rank, (word.driver.model, word.source)):
            self._apart.add(word.uid)
            return
        was_asked = word.driver.ask is None or not self._asks or word.uid in self._asked
        plain = is_untimed(message) and is_plain(word.decoded) and is_settled(device) and device.run == REAL
        if not (plain and was_asked and word.announced is None and word.source == word.uid):
            return
        if len(self._steady) >= MAX_STEADY:
            self._steady.clear()
        self._steady[message.topic] = Steady(
            word.driver, word.decoded.device, device, self._channels.get(word.uid, NONE), word.decoded.aliases
        )

    def _overhear(self, record: Record, driver: Driver, uid: str, changes: Changes) -> None:
        """Note a command that somebody gives a known device; one that the broker keeps is listed with the remedy."""
        message = record.message
        if message.retained and message.payload:
            self._list(record, RETAINED, driver, changes)
        elif _is_said_now(record) and uid in self.devices and len(changes.overheard) < OVERHEARD:
            changes.overheard[uid, message.topic] = message

    def _run_said(self, message: Message, decoded: Decoded, uid: str) -> str | None:
        """Return the run that the import door or an announced filter says; a real device's own words stay real.

        What a network made up is no device's own word: it is never real, though a real device stays so.
        """
        run = message.run or self.timelines.of(message.topic)
        if run is None and decoded.simulated:
            return MADE_UP
        if run is None or message.run is not None:
            return run
        device = self.devices.get(uid)
        return run if device is None or device.run != REAL or uid in self.timelines.marks else None

    def _known(self, word: "_Word") -> bool:
        """Know the device that speaks; tell whether there is room for it."""
        message, device = word.record.message, self.devices.get(word.uid)
        if device is None and len(self.devices) >= MAX_DEVICES:
            self._refuse(word.record, f"more than {MAX_DEVICES} devices (device cap)", word.driver, word.changes)
            return False
        generic = word.driver.rank > NATIVE_OR_DISCOVERED and message.source is Source.MQTT
        proposed = self._foreign and generic
        if device is None and generic and len(self._unconfirmed) >= MAX_GENERIC:
            self._refuse(word.record, self._too_many(), word.driver, word.changes)
            return False
        run = self._run_of(word, device)
        if device is None:
            if generic:
                self._unconfirmed.add(word.uid)
            device = Device(
                uid=word.uid,
                family=word.driver.family,
                name=word.uid.partition(":")[2],
                run=run,
                topic=message.topic,
                proposed=proposed,
            )
            names = (word.uid, *word.decoded.aliases, *self.names.names({word.source}))
            for driver, told in self._registry.about(names, message.topic, self._contexts):
                device = self._as_told(device, told, driver)
            self._changed(device, message, word.changes)
        elif device.run != run or device.removed or message.received - device.seen > SEEN_AGAIN:
            self._changed(msgspec.structs.replace(device, run=run, removed=False), message, word.changes)
        said = word.decoded.availability
        is_history = message.source is Source.IMPORT and message.run is None
        if said is None and word.decoded.samples and not message.retained and not is_history:
            said = Availability.ONLINE  # who speaks is there
        device = self.devices[word.uid]
        if said is not None and said != device.availability:
            self._changed(msgspec.structs.replace(device, availability=said), message, word.changes)
        return True

    def _is_unconfirmed(self, device: Device) -> bool:
        """Tell whether nobody but a topic of no known family speaks for a device: no person has named or placed it."""
        if self._foreign:
            return device.proposed
        return device.family in self._generic and not (device.named or device.room)

    def _too_many(self) -> str:
        if self._foreign:
            return f"more than {MAX_GENERIC} proposed devices (proposal cap); ignore their topics, or accept them"
        return f"more than {MAX_GENERIC} devices of no known family (generic cap); name those you keep, forget others"

    def _run_of(self, word: "_Word", device: Device | None) -> str:
        """Return the timeline of a device: simulated once marked, for ever; real stays real."""
        marks = self.timelines.marks
        if device is not None and device.run == REAL and word.uid not in marks:
            return REAL
        if word.announced is not None and self.timelines.mark(word.uid, word.announced):
            word.changes.marks[word.uid] = word.announced
        return marks.get(word.uid, REAL)

    def _changed(self, device: Device, message: Message, changes: Changes) -> None:
        device = msgspec.structs.replace(device, seen=max(device.seen, message.received))
        self.devices[device.uid] = changes.known[device.uid] = device

    def _announce(self, record: Record, driver: Driver, each: Announced, changes: Changes) -> None:
        """Take what a bridge says of a device behind it; a device is created by its first own word."""
        device, aliases = self._native(each)
        if self.names.find(device, aliases) not in self.devices and len(self.names) >= MAX_NAMES:
            self._list(record, f"{each.device}: more than {MAX_NAMES} names (name cap)", None, changes)
            return
        self._join(record, device, aliases, changes)
        source, news = self.names.identify(device, aliases)
        if news:
            self._steady.clear()  # a name may mean another device now
        changes.names += [(name, source, record.position) for name in news]
        known = self.devices.get(self.names.survivor(source))
        if known is None:
            return
        if known.family in self._describing:
            changes.described.add(known.uid)
        told = self._as_told(known, each, driver)
        if each.removed and known.uid == source and known.family == driver.family:
            told = msgspec.structs.replace(told, availability=Availability.OFFLINE, removed=True)
        if told != known:
            self._changed(told, record.message, changes)

    def _as_told(self, device: Device, each: Announced, driver: Driver) -> Device:
        """Return a device as a bridge or a document says; a person's name for it stays."""
        channels = self._channels.get(device.uid, NONE)
        gone, expires, health = list(device.gone), dict(device.expires), set(device.health)
        for said in each.channels:
            if not self._registry.describes(driver, said.topic):
                continue
            expires.pop(said.channel, None)
            health.discard(said.channel)
            if said.gone and said.channel in channels:
                channels -= {said.channel}
                self._has(device.uid, channels)
                gone.append(said.channel)
            if said.expires and not said.gone:
                expires[said.channel] = said.expires
            if said.health and not said.gone:
                health.add(said.channel)
        return msgspec.structs.replace(
            device,
            name=each.name[:LONGEST] if each.name and not device.named else device.name,
            availability=each.availability or device.availability,
            firmware=each.firmware[:LONGEST] if each.firmware else device.firmware,
            gone=tuple(gone),
            expires=expires,
            health=tuple(sorted(health)),
        )

    def _join(self, record: Record, device: str, aliases: Sequence[str], changes: Changes) -> None:
        """Make one of what was known apart, where a message says names of both."""
        uids = self.names.meant(device, aliases)
        if len(uids) < 2 or tuple(sorted(uids)) in self._distinct:  # noqa: PLR2004 — a pair
            return
        said = (device, *aliases)
        stored = [uid for uid in self.devices if uid in uids]  # in the order first seen
        oldest, *others = [*stored, *(uid for uid in uids if uid not in self.devices)]
        for other in others:
            if may_be_one(self._side(oldest, said), self._side(other, said), self.devices):
                oldest = self._made_one(record, oldest, other, changes)
            elif len(self._distinct) < APART:
                self._distinct.add(tuple(sorted(uids)))

    def _side(self, uid: str, said: Iterable[str]) -> Side:
        uids = self.names.uids(uid)
        names = {*uids, *self.names.names(uids)}
        return Side(uids, names, [name for name in said if name in names])

    def _made_one(self, record: Record, one: str, other: str, changes: Changes) -> str:
        """Return who stays of two: they are merged, or the names of one that never spoke mean the other."""
        self._steady.clear()
        self._apart.clear()
        if other not in self.devices:
            changes.names += [(name, one, record.position) for name in self.names.move(other, one)]
            return one
        stays, merged = joined(self.devices[one], self.devices[other])
        changes.acts.append(merging(merged, record.message.received))
        for each in (stays, merged):
            self.devices[each.uid] = changes.known[each.uid] = each
            self._sources.forget(each.uid)
        self.names.merge(merged.uid, stays.uid)
        changes.merged.append(merged.uid)
        return stays.uid

    def _native(self, each: Announced) -> tuple[str, tuple[str, ...]]:
        """Return the uid and aliases of an announced device; a native driver whose topic it speaks on names it.

        A word under which a document groups several devices stays the first one's.
        """
        native = self._registry.named(each.topics)
        if native is None:
            return each.device, each.aliases
        names = (each.device, *each.aliases)
        return native, tuple(name for name in names if not self._is_of_another(name, native))

    def _is_of_another(self, name: str, native: str) -> bool:
        """Tell whether a name that is no address means another family's device already."""
        uid = self.names.find(name, ())
        return uid not in {name, native} and HARDWARE.fullmatch(name) is None and family(uid) != family(name)

    def _read(self, word: "_Word") -> None:
        message, changes, uid = word.record.message, word.changes, word.uid
        if not word.decoded.samples or self.devices[uid].proposed or self.devices[uid].ignored:
            return
        run = word.announced or self.devices[uid].run
        arrival = message.time if message.time is not None else self.timelines.arrival(run, message.received)
        tie = _tie(message)
        known = self._channels.get(uid, NONE)
        taken = changes.past if message.source is Source.IMPORT else changes.shown
        contested = self._sources.contested(uid, word.driver.rank, (word.driver.model, word.source))
        if uid in self.watched and _is_said_now(word.record):
            self._report(word)
        moments: dict[int | None, tuple[int, TimeSource]] = {}
        for sample, unit, quality in self._registry.complete(word.driver, word.decoded):
            channel = sample.channel
            if (contested or channel not in known) and not self._has_place(word, channel, contested, arrival):
                continue
            past = sample.historical and sample.measured is not None
            moment = moments.get(sample.measured) if not past else None
            if moment is None:  # the samples of a message nearly always share their time
                moment = self._moment(word, sample, arrival, run, tie)
                if not past:
                    moments[sample.measured] = moment
            time, source = moment
            if time == REPEATED:
                continue
            reading = Reading(
                device=uid,
                channel=channel,
                unit=unit,
                value=sample.value,
                time=time,
                received=arrival,
                time_source=source,
                quality=quality,
                run=run,
                tie=tie,
            )
            if time != UNKNOWN_AGE:
                changes.readings.append(reading)
            if not past:
                taken.append(reading)

    def _report(self, word: "_Word") -> None:
        """Hand on what a device says of itself now, for the commands that wait for it."""
        word.changes.reports += [
            (word.uid, sample.channel, sample.value, word.record.message.received)
            for sample in word.decoded.samples
            if not (sample.historical and sample.measured is not None)
        ]

    def _has_place(self, word: "_Word", channel: str, contested: bool, arrival: int) -> bool:  # noqa: FBT001 — hot
        """Tell whether a channel is this source's to give, and whether there is room for it."""
        known = self._channels.get(word.uid, NONE)
        if contested:
            source, rank = (word.driver.model, word.source), word.driver.rank
            live = not self._rereads and word.record.message.source is not Source.IMPORT
            if not self._sources.wins(word.uid, channel, rank, source, arrival, known=channel in known, live=live):
                return False
        return channel in known or self._room_for(word, channel, known)

    def _room_for(self, word: "_Word", channel: str, known: frozenset[str]) -> bool:
        if len(known) >= MAX_CHANNELS:
            reason = f"{channel}: more than {MAX_CHANNELS} channels of one device (channel cap)"
            self._list(word.record, reason, word.driver, word.changes)
            return False
        self._has(word.uid, known | {channel})
        device = self.devices[word.uid]
        if channel in device.gone:
            back = msgspec.structs.replace(device, gone=tuple(each for each in device.gone if each != channel))
            self._changed(back, word.record.message, word.changes)
        if word.driver.settable is not None:
            word.changes.described.add(word.uid)
        return True

    def _has(self, uid: str, channels: frozenset[str]) -> None:
        """Note which channels a device has; devices of a kind share the set, which is larger than all else of them."""
        if len(self._sets) >= MAX_SETS:
            self._sets.clear()
        self._channels[uid] = self._sets.setdefault(channels, channels)

    def _moment(self, word: "_Word", sample: Sample, arrival: int, run: str, tie: int) -> tuple[int, TimeSource]:
        """Return when a sample was measured on its timeline; UNKNOWN_AGE, REPEATED where there is no such time."""
        measured = sample.measured
        if measured is not None and sample.local:
            measured = utc(measured, self._zone)
        if sample.historical and measured is not None:
            return measured, TimeSource.DEVICE
        if word.record.message.retained:
            return self._moment_of_before(word.uid, measured, arrival, run)
        if run == REAL and word.record.message.time is None:
            late = word.record.late
            return self._real_moment(word.uid, measured, arrival, tie, word.changes, local=False, late=late)
        found = self._time(word, measured, arrival, run)
        return self._unless_repeated((word.uid, measured, tie), found, word.changes)

    def _real_moment(
        self, uid: str, measured: int | None, arrival: int, tie: int, changes: Changes, *, local: bool, late: bool
    ) -> tuple[int, TimeSource]:
        """Return when a live sample was measured, by its own time where the device's clock can be believed."""
        if measured is None:
            return arrival, TimeSource.LATE if late else TimeSource.ARRIVAL
        if local:
            measured = utc(measured, self._zone)
        clock = self._clocks.get(uid)
        if clock is None:
            clock = self._clocks[uid] = Clock()
        since, now = clock.since, clock.now
        found = real_time(measured, arrival, clock, late=late)
        if clock.since != since or clock.now != now:
            changes.clocks[uid] = clock
        return found if found[0] == measured else self._unless_repeated((uid, measured, tie), found, changes)

    def _unless_repeated(
        self, identity: tuple[str, int | None, int], found: tuple[int, TimeSource], changes: Changes
    ) -> tuple[int, TimeSource]:
        """Return what was found, or REPEATED where the message was taken before by its own time."""
        uid, measured, tie = identity
        if measured is not None and found[0] != measured and self._again((uid, measured, tie), changes):
            changes.repeats += 1
            return REPEATED, TimeSource.ARRIVAL
        return found

    def _moment_of_before(self, uid: str, measured: int | None, arrival: int, run: str) -> tuple[int, TimeSource]:
        """Return when a retained value was measured, by a clock that is trusted already: it is never fresh."""
        if measured is not None and run != REAL and run_time(measured, arrival, imported=False)[0] == measured:
            return measured, TimeSource.DEVICE
        clock = self._clocks.get(uid)
        if measured is not None and run == REAL and clock is not None and clock.believed and measured <= arrival:
            return measured, TimeSource.DEVICE
        return UNKNOWN_AGE, TimeSource.ARRIVAL

    def _time(self, word: "_Word", measured: int | None, arrival: int, run: str) -> tuple[int, TimeSource]:
        """Return a time on a run, or of history that somebody imports: no clock is judged by the file's times."""
        stated = word.record.message.time
        if run == REAL and stated is not None:
            return stated, TimeSource.DEVICE
        return run_time(measured, arrival, imported=stated is not None)

    def _again(self, identity: tuple[str, int, int], changes: Changes) -> bool:
        """Tell whether this message was taken before, by its own time, whatever time was stored."""
        if identity in self._seen:
            return True
        self._seen[identity] = None
        changes.seen.append(identity)
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return False

    def _ask(self, word: "_Word") -> None:
        """Ask a device to speak, once, at first sight and whenever it comes back; never a simulated or replayed one."""
        message, device, said = word.record.message, self.devices[word.uid], word.decoded.availability
        if not self._asks or word.driver.ask is None or device.run != REAL or message.source is not Source.MQTT:
            return
        first, before = word.uid not in self._asked, self._asked.get(word.uid)
        if (not first and said in {None, before}) or self._wall() - message.received >= ASK_WITHIN:
            return  # nothing new, or a backlog: its first fresh word is the first sight
        self._asked[word.uid] = said or Availability.ONLINE
        if said is not Availability.OFFLINE and (first or before is Availability.OFFLINE):
            asks = word.driver.ask(word.decoded.device, message.topic)
            word.changes.asks += asks
            if not word.driver.asks_qos:
                word.changes.unconfirmed.update(topic for topic, _ in asks)

    def _ask_for_missing(self, record: Record, outcome: Outcome, changes: Changes) -> None:
        """Ask a sender to say what is missing, now and then; by the same consent as `_ask`."""
        asks = outcome.decoded.asks if outcome.decoded is not None else outcome.asks
        if not asks or not self._asks or not self._is_fresh(record.message):
            return
        if outcome.decoded is not None and outcome.decoded.device in self.timelines.marks:
            return
        if len(self._missed) >= MAX_DEVICES:
            self._missed.clear()
        for topic, payload in asks:
            before, now = self._missed.get(topic), record.message.received
            if before is None or not 0 <= now - before < ASK_AGAIN:
                self._missed[topic] = now
                changes.asks.append((topic, payload))
                if outcome.driver is not None and not outcome.driver.asks_qos:
                    changes.unconfirmed.add(topic)

    def _is_fresh(self, message: Message) -> bool:
        """Tell whether a message is a real sender's fresh word: no import, replay, simulation, memory or backlog."""
        return (
            message.source is Source.MQTT
            and not message.retained
            and message.run is None
            and self.timelines.of(message.topic) is None
            and self._wall() - message.received < ASK_WITHIN
        )

    def _refuse(self, record: Record, reason: str, driver: Driver | None, changes: Changes) -> None:
        changes.refused += 1
        self._list(record, reason, driver, changes)

    def _list(self, record: Record, reason: str, driver: Driver | None, changes: Changes) -> None:
        changes.heard.append(_heard(record, reason, driver, understood=False))


def _is_said_now(record: Record) -> bool:
    """Tell whether a record is said now: not retained, not imported, not from a backlog, not said again."""
    message = record.message
    return not (message.retained or record.late or record.repeat or message.source is Source.IMPORT)


def _has_ended(runs: Iterable[Run]) -> bool:
    return any(run.state == ENDED for run in runs)


def _shown(recent: Mapping[str, tuple[Record, Driver]]) -> dict[str, Heard]:
    """Return the messages understood last, by topic: made of the last one of each, not of all."""
    return {topic: _heard(record, None, driver, understood=True) for topic, (record, driver) in recent.items()}


def _note_of_commands(uid: str, decoded: Decoded, changes: Changes) -> None:
    """Note what a network says of a command to a device, and how often the device says that it reports."""
    if decoded.progress is not None:
        changes.progress.append((uid, decoded.progress))
    if decoded.period is not None:
        changes.periods.append((uid, decoded.period))


def given_up(record: Record, error: Exception) -> Changes:
    """Return what a record changes that our own code cannot take: it is listed with the fault, nothing else."""
    reason = f"the hub failed on this message ({type(error).__name__}: {error})"
    return Changes(position=record.position, heard=[_heard(record, reason, None, understood=False)], refused=1)


def _heard(record: Record, reason: str | None, driver: Driver | None, *, understood: bool) -> Heard:
    message = record.message
    return Heard(
        position=record.position,
        topic=message.topic[:MAX_TOPIC],
        received=message.received,
        understood=understood,
        driver=driver.model if driver is not None else None,
        reason=reason,
        payload=b"" if driver is not None and driver.personal else message.payload[:SHOWN_PAYLOAD],
    )


def _too_large(message: Message) -> str | None:
    """Return why a message is not decoded, by its size alone."""
    if message.length > MAX_WHOLE:
        return f"{message.length} bytes: only payloads up to {MAX_WHOLE} bytes are kept whole and read"
    if len(message.topic.encode(errors="replace")) > MAX_TOPIC:
        return f"the topic is longer than {MAX_TOPIC} bytes (topic cap)"
    if message.topic.count("/") >= MAX_LEVELS:
        return f"the topic has more than {MAX_LEVELS} levels (topic cap)"
    return None


def _tie(message: Message) -> int:
    """Return the 48-bit hash of topic and payload."""
    return int.from_bytes(blake2b(message.topic.encode() + b"\0" + message.payload, digest_size=6).digest())
