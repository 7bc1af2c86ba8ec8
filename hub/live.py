"""What is true now, and what each viewer has not seen of it yet.

`Live` is the state: devices with the latest value of each channel, runs, alarms, sentences, the scenario. The hub
applies what it has committed; pages and the API read. Frames go to viewers through mailboxes: one serialisation a
view and tick, shared by all of its viewers; a viewer that does not keep up is handed the whole state when it is
ready again, so it costs one flag however long it sleeps. Nobody watching: no timer runs.

Everything here happens on the event loop; no lock.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from hub.model import (
    NS,
    REAL,
    Action,
    Alarm,
    AlarmState,
    Availability,
    Commanded,
    Device,
    Paced,
    PaceState,
    Quality,
    Reading,
    Run,
    rfc3339,
)
from hub.rhythm import KEPT, Rhythm

Spoken = tuple[str, str, str]
"""A device, a channel and a run."""
RATES = (0, 1, 2, 4, 10, 20)
"""Frames per second a viewer may ask for (0: a hidden tab); others are rounded down, so views stay few."""
DEFAULT_RATE = 10
PRESSED = frozenset({"wall", "scenario", "siren", "off"})
"""Members that change when somebody presses something: they wait for no tick (workshop.md: an effect in 200 ms)."""
FULL_EVERY = 10.0
"""Seconds between whole frames to everybody."""
CLOSED_KEPT = 200
"""Alarms that are over, kept for the page; the store has all."""
UNREAD = "unread"
"""Code of a command that was seen passing and names no value that anybody can read."""
SAME_FULL = 0.1
"""Seconds during which an unchanged state is not serialised again for another viewer."""

encode = msgspec.json.Encoder().encode


class Batch(Struct, kw_only=True):
    """What the hub has just committed, for the live state.

    Attributes:
        devices: new or changed, whole; those of `readings` included the first time.
        readings: in journal order; older measures are sorted out here.
        earlier: (uid, channel, run) → times [ns] of readings before the one in `readings`, oldest first.
        sentences: use case → `{"code", "params", "text": {"fr", "en"}}`.
        computed: use case → `{"run", "measures": {name: {"value", "time", "quality"}}}` of what it computes.
        chosen: use case → `{"hypotheses", "prices"}` that people chose in the session that is on; those that changed.
        scenario: the one on the projector, as `GET /scenario` gives it; None when it has gone.
        vote: the one that is asked or whose result is shown; None: there is none.
        notes: a number that changes whenever the notes that are shown do.
        plan: a number that changes whenever the floor plan that is shown does.
        room: who takes part and what the projector shows (`hub.sessions.Sessions.room`).
        parts: name → `{"status": "ok" | "degraded", "text", "remedy"}`; those that changed.
        not_understood: how many more messages nobody understood.
        forgotten: uids to leave out from now on.
        merged: uid → the uid that it was merged into, all of them; None: as before.
        commands: new or changed, oldest first.
        rhythms: (uid, channel) → times [ns] of its newest readings, oldest first, for a state that starts.
        siren: number of a silent test that every screen is to make now.
        tables: how the tables that play by themselves stand (`hub.tables`).
        wall: what holds for every screen (`hub.workshop.wall`).
        floods: run → the flood of alarms under way there (`hub.flooding`), all of them.
        paces: devices whose period is changed or given back, each as it is now.
        settable: uid → channel → the range it takes, of devices whose channels nobody can list; those that changed.
    """

    readings: Sequence[Reading] = ()
    earlier: Mapping[Spoken, Sequence[int]] = field(default_factory=dict)
    devices: Sequence[Device] = ()
    runs: Sequence[Run] = ()
    alarms: Sequence[Alarm] = ()
    sentences: Mapping[str, Any] = field(default_factory=dict)
    computed: Mapping[str, Any] = field(default_factory=dict)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    scenario: Mapping[str, Any] | UnsetType | None = UNSET
    vote: Mapping[str, Any] | UnsetType | None = UNSET
    notes: int | None = None
    plan: int | None = None
    room: Mapping[str, Any] | UnsetType = UNSET
    parts: Mapping[str, Any] = field(default_factory=dict)
    not_understood: int = 0
    forgotten: Sequence[str] = ()
    merged: Mapping[str, str] | None = None
    commands: Sequence[Commanded] = ()
    rhythms: Mapping[tuple[str, str], Sequence[int]] = field(default_factory=dict)
    settable: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    paces: Sequence[Paced] = ()
    floods: Mapping[str, Any] | UnsetType = UNSET
    siren: int | None = None
    tables: Mapping[str, Any] | None = None
    wall: Mapping[str, Any] | UnsetType = UNSET


class Screen(Struct, frozen=True, kw_only=True):
    """What a screen says of its sound.

    Attributes:
        page: which page it shows.
        sound: `on`, `muted` (its browser waits for somebody to touch it), `off` (somebody wants none).
        tested: number of the newest silent test that it made; 0: none.
    """

    page: str
    sound: str
    tested: int


class Channel(Struct, gc=False):
    """A channel of a device, its latest reading on the device's run (None before the first), how often it speaks.

    `of`: the merged device whose last word it shows; empty: the device's own.
    """

    name: str
    unit: str | None
    health: bool
    of: str = ""
    reading: Reading | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)

    def view(self, *, is_past: bool) -> dict[str, Any]:
        """Return the channel as `GET /devices` gives it; `is_past`: its value may be true no more."""
        last = self.reading
        if last is None:
            return {"name": self.name, "unit": self.unit, "value": None, "time": None, "quality": None}
        return {
            "name": self.name,
            "unit": self.unit,
            "value": last.value,
            "time": rfc3339(last.time) if last.time else None,  # 0: its age is unknown
            "quality": self.quality(is_past=is_past),
        }

    def quality(self, *, is_past: bool) -> Quality | None:
        """Return what its latest value is worth now."""
        if self.reading is None:
            return None
        known = self.reading.quality
        return Quality.UNCERTAIN if is_past and known is Quality.GOOD else known


class Changes:
    """What a view has not sent yet."""

    __slots__ = ("alarms", "devices", "is_pressed", "parts", "values")

    def __init__(self) -> None:
        """Start with nothing."""
        self.values: set[tuple[str, str]] = set()
        self.devices: set[str] = set()
        self.alarms: set[str] = set()
        self.parts: set[str] = set()
        """Names of members sent whole: runs, sentences, scenario, vote, notes, plan, room, parts, messages, …"""
        self.is_pressed = False
        """Somebody did it by hand, and waits to see it."""

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.values or self.devices or self.alarms or self.parts)

    def add(self, other: "Changes") -> None:
        """Take what another found."""
        self.values |= other.values
        self.devices |= other.devices
        self.alarms |= other.alarms
        self.parts |= other.parts


def _no_source(_usecase: str, _rule: str) -> tuple[Mapping[str, str] | None, bool]:
    return None, False


class Live:
    """The live state. `apply` changes it; the rest reads."""

    def __init__(
        self,
        *,
        wall: Callable[[], int] = time.time_ns,
        is_health: Callable[[str, str], bool] = lambda _device, _channel: False,
        is_flag: Callable[[str, str], bool] = lambda _device, _channel: False,
        source: Callable[[str, str], tuple[Mapping[str, str] | None, bool]] = _no_source,
        reach: Callable[[str, str], tuple[float, float] | None] = lambda _device, _channel: None,
        pace_by: Callable[[str], str | None] = lambda _device: None,
        believed: Callable[[str], float] = lambda _family: 900.0,
        is_off: Callable[[str], bool] = lambda _usecase: False,
        veil: Callable[[Alarm], Alarm] = lambda alarm: alarm,
        lang: str = "fr",
        table: int = 0,
    ) -> None:
        """Start empty.

        Args:
            wall: wall clock [ns].
            is_health: (uid, channel) → whether the channel speaks of the device itself (battery, radio).
            is_flag: (uid, channel) → whether its family gives it as 0 or 1, without a unit: a switch, a contact.
            source: (use case, rule) → the text the rule names, in both languages, and whether it is indicative.
            reach: (uid, channel) → the range that commands may set it to, where its family alone tells; None: none.
            pace_by: uid → how a device is made to report more often: `set` its period, `poll` it, or None.
            believed: family → how long [s] a value counts until its channel's own period is known.
            is_off: whether a use case is off: its alarms are suppressed.
            veil: gives an alarm as everybody may see it.
            lang: language of an alarm's `text`; `texts` has both.
            table: whose own state it is; 0: the whole room's.
        """
        self.table = table
        self.is_off = is_off
        self.veil = veil
        self.is_flag = is_flag
        self.wall = wall
        self._reach = reach
        self._pace_by = pace_by
        self._paces: dict[str, Paced] = {}
        self._settable: dict[str, Mapping[str, tuple[float, float]]] = {}
        self._believed = believed
        self.merged: Mapping[str, str] = {}
        self.commands: dict[str, dict[str, Commanded]] = {}
        """uid → channel → the newest command: whoever gave it is the channel's last writer."""
        self.devices: dict[str, Device] = {}
        self.runs: dict[str, Run] = {}
        self.alarms: dict[str, Alarm] = {}
        self.sentences: dict[str, Any] = {}
        self.computed: dict[str, Any] = {}
        self.chosen: dict[str, Any] = {}
        self.scenario: Mapping[str, Any] | None = None
        self.vote: Mapping[str, Any] | None = None
        self.notes = 0
        self.plan = 0
        self.room: Mapping[str, Any] = {"session": None, "shows": "story", "people": []}
        self.parts: dict[str, Any] = {}
        self.floods: Mapping[str, Any] = {}
        self.siren = 0
        self.off: Sequence[str] = ()
        self.tables: Mapping[str, Any] = {"may_act": False, "all": []}
        self.wall_view: Mapping[str, Any] = {"frozen": None, "muted": False, "guide": None}
        self.not_understood = 0
        self.version = 0
        self._channels: dict[str, dict[str, Channel]] = {}
        self._is_health = is_health
        self._source = source
        self._lang = lang
        self._views: dict[int, View] = {}
        self._body: tuple[int, int, bytes] = (-1, 0, b"")

    # changing

    def apply(self, batch: Batch) -> None:
        """Take what was committed and let the viewers know."""
        changes = Changes()
        changes.is_pressed = self._is_pressed(batch)
        gone = {*batch.forgotten, *(device.uid for device in batch.devices if device.removed)}
        self._take_devices(batch, gone, changes)
        for reading in batch.readings:
            if reading.device not in gone:
                self._take(reading, changes, batch.earlier.get((reading.device, reading.channel, reading.run), ()))
        self._take_rhythms(batch)
        self.runs.update((run.id, run) for run in batch.runs)
        self.alarms.update((alarm.id, alarm) for alarm in batch.alarms)
        changes.alarms.update(alarm.id for alarm in batch.alarms)
        self.not_understood += batch.not_understood
        changes.parts.update(name for name, changed in self._take_members(batch) if changed)
        if batch.alarms:
            self._drop_old_alarms()
        self.version += 1
        if changes:
            for view in self._views.values():
                view.changed(changes)

    def _is_pressed(self, batch: Batch) -> bool:
        """Tell whether a batch brings what is done by hand: what the projector shows, a question, a device put away.

        What comes by itself, a phone that joins or one more answer, can wait for the next tick.
        """
        return (
            (not isinstance(batch.room, UnsetType) and batch.room.get("shows") != self.room.get("shows"))
            or (not isinstance(batch.vote, UnsetType) and _asked(batch.vote) != _asked(self.vote))
            or any(_put_away(each) != _put_away(self.devices.get(each.uid)) for each in batch.devices)
        )

    def turn_off(self, usecases: Collection[str]) -> None:
        """Take which use cases are off: their alarms are suppressed, and those of the others are not."""
        concerned = {*usecases} ^ {*self.off}
        if not concerned:
            return
        self.off = sorted(usecases)
        changes = Changes()
        changes.parts.add("off")
        changes.alarms.update(alarm.id for alarm in self.alarms.values() if alarm.usecase in concerned)
        self.version += 1
        for view in self._views.values():
            view.changed(changes)

    def _take_members(self, batch: Batch) -> Iterator[tuple[str, bool]]:
        """Take what is sent whole; give each member's name and whether it changed."""
        yield "runs", any(run.table == self.table for run in batch.runs)
        yield "messages", bool(batch.not_understood)
        sentences, parts = self.sentences | dict(batch.sentences), self.parts | dict(batch.parts)
        computed = self.computed | dict(batch.computed)
        yield "computed", computed != self.computed
        chosen = self.chosen | dict(batch.chosen)
        yield "chosen", chosen != self.chosen
        self.computed, self.chosen = computed, chosen
        yield "sentences", sentences != self.sentences
        yield "parts", parts != self.parts
        self.sentences, self.parts = sentences, parts
        if not isinstance(batch.floods, UnsetType):
            yield "floods", batch.floods != self.floods
            self.floods = batch.floods
        yield "siren", batch.siren is not None
        self.siren = self.siren if batch.siren is None else batch.siren
        if batch.tables is not None:
            yield "tables", batch.tables != self.tables
            self.tables = batch.tables
        yield "wall", batch.wall is not UNSET
        self.wall_view = self.wall_view if batch.wall is UNSET else batch.wall
        if not isinstance(batch.scenario, UnsetType):
            yield "scenario", batch.scenario != self.scenario
            self.scenario = batch.scenario
        if not isinstance(batch.vote, UnsetType):
            yield "vote", batch.vote != self.vote
            self.vote = batch.vote
        if batch.notes is not None:
            yield "notes", batch.notes != self.notes
            self.notes = batch.notes
        if batch.plan is not None:
            yield "plan", batch.plan != self.plan
            self.plan = batch.plan
        if not isinstance(batch.room, UnsetType):
            yield "room", batch.room != self.room
            self.room = batch.room

    def _take_devices(self, batch: Batch, gone: Iterable[str], changes: Changes) -> None:
        for device in batch.devices:
            if device.removed:
                continue
            before = self.devices.get(device.uid)
            if before is not None and before.run != device.run:
                self._forget_values(device)
            self.devices[device.uid] = device
            for name in device.gone:
                self._channels.get(device.uid, {}).pop(name, None)
            if before is None or msgspec.structs.replace(before, seen=device.seen) != device:
                changes.devices.add(device.uid)
        if batch.merged is not None:
            self._take_merged(batch.merged, changes)
        self._take_away(batch, gone, changes)
        self._take_deeds(batch, changes)

    def _take_deeds(self, batch: Batch, changes: Changes) -> None:
        """Take what is done to devices: what can be set, how often they report, the newest command of each channel."""
        for uid, settable in batch.settable.items():
            if uid in self.devices and self._settable.get(uid, {}) != settable:
                self._settable[uid] = settable
                changes.devices.add(uid)
        for paced in batch.paces:
            self._paces.pop(paced.device, None)
            if paced.state is not PaceState.RESTORED:
                self._paces[paced.device] = paced
            changes.devices.add(paced.device)
        for command in batch.commands:
            if command.device in self.devices:
                self.commands.setdefault(command.device, {})[command.channel] = command
                changes.devices.add(command.device)

    def _take_merged(self, merged: Mapping[str, str], changes: Changes) -> None:
        """Know who is one with whom; what shows the last word of a device that is itself again goes back with it."""
        self.merged = merged
        for uid, channels in self._channels.items():
            for name in [each.name for each in channels.values() if each.of and each.of not in merged]:
                del channels[name]
                changes.devices.add(uid)

    def _take_away(self, batch: Batch, gone: Iterable[str], changes: Changes) -> None:
        """Show devices no more; those that are forgotten take their alarms along, merged ones leave their values."""
        for uid in gone:
            if self.devices.pop(uid, None) is not None:
                left = self._channels.pop(uid, {})
                self.commands.pop(uid, None)
                self._settable.pop(uid, None)
                if uid in batch.forgotten and uid not in self.merged:
                    self.alarms = {name: alarm for name, alarm in self.alarms.items() if alarm.device != uid}
                changes.devices.add(uid)
                for channel in left.values() if uid in self.merged else ():
                    if channel.reading is not None:
                        self._take(channel.reading, changes)

    def forget_alarms(self, ids: Iterable[str]) -> None:
        """Show alarms no more that were erased; pages that are open show them until they come again."""
        for each in ids:
            self.alarms.pop(each, None)

    def _forget_values(self, device: Device) -> None:
        """A new run starts with "waiting for the first value": the old run's values are not its."""
        for channel in self._channels.get(device.uid, {}).values():
            if channel.reading is not None and channel.reading.run != device.run:
                channel.reading, channel.rhythm = None, Rhythm()

    def _take_rhythms(self, batch: Batch) -> None:
        """Learn from what was heard before a restart how often channels speak."""
        for (uid, name), times in batch.rhythms.items():
            channel = self.channel(uid, name)
            if channel is not None:
                channel.rhythm = Rhythm()
                for at in times:
                    channel.rhythm.heard(at)

    def _take(self, reading: Reading, changes: Changes, earlier: Sequence[int] = ()) -> None:
        of = reading.device if reading.device in self.merged else ""
        uid = self.merged[of] if of else reading.device
        device = self.devices.get(uid)
        if device is None:
            family, _, name = uid.partition(":")
            device = Device(uid=uid, family=family, name=name or uid, run=reading.run, seen=reading.received)
            self.devices[uid] = device
        if reading.channel in device.gone:
            return
        channels = self._channels.setdefault(uid, {})
        channel = channels.get(reading.channel)
        if channel is None:
            health = self._is_health(uid, reading.channel)
            channel = channels[reading.channel] = Channel(reading.channel, reading.unit, health)
            changes.devices.add(uid)
        last = channel.reading
        if last is None:
            newer = reading.run == device.run
        elif last.run == reading.run:
            newer = reading.time >= last.time
        else:
            newer = reading.run == device.run
        if newer:
            channel.reading, channel.of = reading, of
            channel.unit = reading.unit
            for at in (*earlier[-KEPT:], reading.time):
                channel.rhythm.heard(at)
            changes.values.add((uid, reading.channel))

    def _drop_old_alarms(self) -> None:
        over = [alarm for alarm in self.alarms.values() if alarm.state is AlarmState.NORMAL]
        for alarm in sorted(over, key=_raised)[: max(0, len(over) - CLOSED_KEPT)]:
            del self.alarms[alarm.id]

    # reading

    def now(self, run: str = REAL) -> int:
        """Return a timeline's now [ns]; a run nobody announced goes by the wall clock."""
        known = self.runs.get(run)
        return self.wall() if known is None else known.now(self.wall())

    def current_runs(self) -> list[str]:
        """Return the runs that devices are on now, sorted."""
        return sorted({device.run for device in self.devices.values()})

    def uids(self, uid: str) -> tuple[str, ...]:
        """Return a device's uid and those of the devices merged into it, its own first."""
        return (uid, *(each for each, into in self.merged.items() if into == uid))

    def channel(self, uid: str, name: str) -> Channel | None:
        """Return a channel of a device with its latest reading."""
        return self._channels.get(uid, {}).get(name)

    def channels(self, uid: str) -> list[Channel]:
        """Return a device's channels with their latest readings, in the order first seen, health last."""
        device = self.devices.get(uid)
        own = [] if device is None else device.health
        return sorted(self._channels.get(uid, {}).values(), key=lambda channel: channel.health or channel.name in own)

    def device_view(self, uid: str) -> dict[str, Any]:
        """Return a device as `GET /devices/{id}` gives it: channels in the order first seen, health last.

        Raises:
            KeyError: no such device.
        """
        device = self.devices[uid]
        channels = self.channels(uid)
        now = self.now(device.run)
        ranges = self._ranges(uid, channels)
        return {
            "id": uid,
            "name": device.name,
            "family": device.family,
            "availability": device.availability,
            "simulated": device.run != REAL,
            "run": device.run,
            "seen": rfc3339(device.seen) if device.seen else None,
            "proposed": device.proposed,
            "ignored": device.ignored,
            "room": device.room or None,
            "firmware": device.firmware or None,
            "locked": device.locked,
            "hidden": device.hidden,
            "missed": device.missed,
            "merged": list(self.uids(uid)[1:]),
            "settable": list(ranges),
            "pace": pace_view(self._paces[uid]) if uid in self._paces else None,
            "pace_by": self._pace_by(uid) if device.run == REAL else None,
            "ranges": {name: {"low": low, "high": high} for name, (low, high) in ranges.items()},
            "commands": {name: command_view(each) for name, each in self.commands.get(uid, {}).items()},
            "silence": {channel.name: self.silence(device, channel) / NS for channel in channels},
            "channels": [channel.view(is_past=self._is_past(device, channel, now)) for channel in channels],
        }

    def silence(self, device: Device, channel: Channel) -> int:
        """Return how long [ns] a channel's last value is believed: the device's word, else its own period."""
        said = device.expires.get(channel.name)
        if said:
            return int(said * NS)
        last = channel.reading
        on_change = last is not None and last.unit is None and last.value in {0.0, 1.0}
        return channel.rhythm.believed(int(self._believed(device.family) * NS), on_change=on_change)

    def _is_past(self, device: Device, channel: Channel, now: int) -> bool:
        """Tell whether a device has gone, or believes its value no more."""
        if device.availability is Availability.OFFLINE:
            return True
        said, last = device.expires.get(channel.name, 0.0), channel.reading
        return said > 0 and last is not None and last.time > 0 and now - last.time > said * NS

    def _ranges(self, uid: str, channels: Iterable[Channel]) -> dict[str, tuple[float, float]]:
        """Return channel → the range it may be set to, of those that may be, in their order."""
        own = self._settable.get(uid, {})
        found = ((channel.name, own.get(channel.name) or self._reach(uid, channel.name)) for channel in channels)
        return {name: ends for name, ends in found if ends is not None}

    def device_views(self, uids: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Return the devices, all or those named that are still known, in the order first seen."""
        wanted = self.devices if uids is None else uids
        return [self.device_view(uid) for uid in wanted if uid in self.devices]

    def alarm_view(self, alarm: Alarm, lang: str | None = None) -> dict[str, Any]:
        """Return an alarm as `GET /alarms` gives it; `text` in `lang`."""
        source, indicative = self._source(alarm.usecase, alarm.rule)
        run = self.runs.get(alarm.run)
        return {
            "id": alarm.id,
            "rule": alarm.rule,
            "measure": alarm.measure,
            "device": alarm.device,
            "usecase": alarm.usecase,
            "run": alarm.run,
            "table": (None if run is None else run.table) or None,
            "simulated": alarm.run != REAL or (alarm.device in self.devices and self.devices[alarm.device].run != REAL),
            "suppressed": self.is_off(alarm.usecase),
            "priority": alarm.priority,
            "state": alarm.state,
            "raised_at": rfc3339(alarm.raised_at),
            "returned_at": _moment(alarm.returned_at),
            "acknowledged_at": _moment(alarm.acknowledged_at),
            "acknowledged_by": alarm.acknowledged_by,
            "shelved_until": _moment(alarm.shelved_until),
            "shelved_by": alarm.shelved_by,
            "comment": alarm.noted(lang or self._lang),
            "comments": alarm.comments or None,
            "past": alarm.past,
            "text": alarm.texts.get(lang or self._lang) or next(iter(alarm.texts.values()), ""),
            "texts": alarm.texts,
            "source": source,
            "indicative": indicative,
        }

    def alarm_views(self, ids: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Return the alarms kept here, all or those named, newest first."""
        chosen = [alarm for alarm in self.alarms.values() if ids is None or alarm.id in ids]
        return [self.alarm_view(self.veil(alarm)) for alarm in sorted(chosen, key=_raised, reverse=True)]

    def run_views(self) -> dict[str, Any]:
        """Return `real`, the runs that live and those that devices are on: now, speed, state.

        `preparing`: its history is on its way; its clock stands at where that ends.
        """
        wall = self.wall()
        shown = {device.run for device in self.devices.values()}
        runs: dict[str, Any] = {REAL: {"now": _clock(wall), "speed": 1, "state": "running"}}
        for run in self.runs.values():
            state = "preparing" if run.is_preparing else run.state
            if run.id in shown or (run.table == self.table and run.state in {"running", "paused"}):
                runs[run.id] = {"now": _clock(run.now(wall)), "speed": run.speed, "state": state}
        return runs

    def value_view(self, uid: str, name: str) -> dict[str, Any] | None:
        """Return a channel's latest value as a delta carries it."""
        channel = self.channel(uid, name)
        if channel is None or channel.reading is None:
            return None
        last = channel.reading
        device = self.devices[uid]
        return {
            "device": uid,
            "channel": name,
            "value": last.value,
            "time": rfc3339(last.time) if last.time else None,  # 0: its age is unknown
            "quality": channel.quality(is_past=self._is_past(device, channel, self.now(device.run))),
            "run": last.run,
        }

    # viewers

    @contextmanager
    def mailbox(self, *, role: str = "viewer", rate: float = DEFAULT_RATE) -> Iterator["Mailbox"]:
        """Lend a viewer its mailbox; the first frame is the whole state, and leaving leaves nothing behind."""
        mailbox = Mailbox(self, role)
        mailbox.set_rate(rate)
        try:
            yield mailbox
        finally:
            mailbox.leave()

    @property
    def viewers(self) -> int:
        """How many mailboxes are out."""
        return sum(len(view.mailboxes) for view in self._views.values())

    @property
    def screens(self) -> list[Screen | None]:
        """What each viewer says of its sound; None: it says nothing."""
        return [mailbox.screen for view in self._views.values() for mailbox in view.mailboxes]

    def view(self, rate: int) -> "View":
        """Return the view of a rate, making it for its first viewer."""
        if rate not in self._views:
            self._views[rate] = View(self, rate)
        return self._views[rate]

    def drop(self, view: "View") -> None:
        """Forget a view that nobody watches."""
        view.stop()
        self._views.pop(view.rate, None)

    def whole(self, uids: Iterable[str] | None = None) -> dict[str, Any]:
        """Return what a whole frame carries beside its number and the viewer's role; with these devices, or all."""
        return {
            "type": "full",
            "now": _clock(self.wall()),
            "runs": self.run_views(),
            "devices": self.device_views(uids),
            "alarms": self.alarm_views(),
            "sentences": self.sentences,
            "computed": self.computed,
            "chosen": self.chosen,
            "scenario": self.scenario,
            "vote": self.vote,
            "notes": self.notes,
            "plan": self.plan,
            "room": self.room,
            "parts": self.parts,
            "messages": self.not_understood,
            "floods": self.floods,
            "siren": self.siren,
            "off": self.off,
            "tables": self.tables,
            "wall": self.wall_view,
        }

    def full(self, seq: int, role: str) -> bytes:
        """Return a whole frame; unchanged, it is serialised once for all who ask at about the same time."""
        version, made, body = self._body
        wall = self.wall()
        if version != self.version or not 0 <= wall - made < SAME_FULL * NS:
            body = encode(self.whole())[1:-1]
            self._body = (self.version, wall, body)
        return b'{"seq":%d,"role":%b,%b}' % (seq, encode(role), body)

    def delta(self, seq: int, changes: Changes) -> bytes:
        """Return a frame of what changed."""
        values = (self.value_view(uid, name) for uid, name in sorted(changes.values))
        frame: dict[str, Any] = {
            "seq": seq,
            "type": "delta",
            "now": _clock(self.wall()),
            "values": [value for value in values if value is not None],
        }
        if changes.devices:
            frame["devices"] = self.device_views(sorted(changes.devices))
            gone = sorted(changes.devices - self.devices.keys())
            if gone:
                frame["forgotten"] = gone
        if changes.alarms:
            frame["alarms"] = self.alarm_views(changes.alarms)
        members: dict[str, Callable[[], Any]] = {
            "runs": self.run_views,
            "sentences": lambda: self.sentences,
            "computed": lambda: self.computed,
            "chosen": lambda: self.chosen,
            "scenario": lambda: self.scenario,
            "vote": lambda: self.vote,
            "notes": lambda: self.notes,
            "plan": lambda: self.plan,
            "room": lambda: self.room,
            "parts": lambda: self.parts,
            "messages": lambda: self.not_understood,
            "floods": lambda: self.floods,
            "siren": lambda: self.siren,
            "off": lambda: self.off,
            "tables": lambda: self.tables,
            "wall": lambda: self.wall_view,
        }
        frame |= {name: make() for name, make in members.items() if name in changes.parts}
        return encode(frame)


class View:
    """The viewers of one rate: they share every delta."""

    def __init__(self, live: Live, rate: int) -> None:
        """Start without viewers; the timers start with the first."""
        self.live = live
        self.rate = rate
        self.seq = 0
        self.mailboxes: set[Mailbox] = set()
        self._changes = Changes()
        self._loop = asyncio.get_running_loop()
        self._ticked = 0.0
        self._tick: asyncio.TimerHandle | None = None
        self._full: asyncio.TimerHandle | None = None
        if rate:
            self._full = self._loop.call_later(FULL_EVERY, self._full_to_all)

    def changed(self, changes: Changes) -> None:
        """Send what changed at the next tick: at once when the last one is long enough ago, or it was pressed."""
        if not self.rate:
            return
        self._changes.add(changes)
        is_pressed = changes.is_pressed or not changes.parts.isdisjoint(PRESSED)
        if self._tick is not None and is_pressed:
            self._tick.cancel()
            self._tick = None
        if self._tick is None:
            self._tick = self._loop.call_at(0 if is_pressed else self._ticked + 1 / self.rate, self._send)

    def _send(self) -> None:
        self._tick = None
        self._ticked = self._loop.time()
        self.seq += 1
        frame = self.live.delta(self.seq, self._changes)
        self._changes = Changes()
        for mailbox in self.mailboxes:
            mailbox.post(frame)

    def _full_to_all(self) -> None:
        self._full = self._loop.call_later(FULL_EVERY, self._full_to_all)
        for mailbox in self.mailboxes:
            mailbox.ask_full()

    def stop(self) -> None:
        """Stop the timers."""
        for timer in (self._tick, self._full):
            if timer is not None:
                timer.cancel()
        self._tick = self._full = None


class Mailbox:
    """What one viewer has not seen yet: nothing, the last delta, or "everything"."""

    def __init__(self, live: Live, role: str) -> None:
        """Belong to no view yet."""
        self._live = live
        self._role = role
        self.screen: Screen | None = None
        self._view: View | None = None
        self._frame: bytes | None = None
        self._whole = False
        self._wake = asyncio.Event()

    @property
    def rate(self) -> int:
        """Frames per second at most; 0: none."""
        return self._view.rate if self._view is not None else 0

    def set_rate(self, rate: float) -> None:
        """Change the rate, rounded down to one of RATES; the next frame is whole."""
        chosen = max((each for each in RATES if each <= rate), default=0)
        if self._view is not None and self._view.rate == chosen:
            return
        self.leave()
        self._view = self._live.view(chosen)
        self._view.mailboxes.add(self)
        if chosen:
            self.ask_full()
        else:
            self._frame, self._whole = None, False

    def ask_full(self) -> None:
        """Make the next frame a whole one."""
        self._frame, self._whole = None, True
        self._wake.set()

    def post(self, frame: bytes) -> None:
        """Put a delta; never blocks. Whoever has not taken the one before gets everything instead."""
        if self._frame is not None or self._whole:
            self._frame, self._whole = None, True
        else:
            self._frame = frame
        self._wake.set()

    async def ready(self) -> None:
        """Wait until there is something to send."""
        while self._frame is None and not self._whole:
            self._wake.clear()
            await self._wake.wait()

    def take_now(self) -> bytes:
        """Hand over what is to be sent: the newest, made now where it is the whole state."""
        frame, self._frame = self._frame, None
        if self._whole or frame is None:
            self._whole = False
            frame = self._live.full(self._view.seq if self._view is not None else 0, self._role)
        return frame

    async def take(self) -> bytes:
        """Wait until there is something to send, then hand it over."""
        await self.ready()
        return self.take_now()

    def leave(self) -> None:
        """Belong to no view any more."""
        view, self._view = self._view, None
        if view is not None:
            view.mailboxes.discard(self)
            if not view.mailboxes:
                self._live.drop(view)


def command_view(command: Commanded) -> dict[str, Any]:
    """Return a command as the API gives it."""
    return {
        "id": command.id,
        "device": command.device,
        "channel": command.channel,
        "value": None if command.code == UNREAD else command.value,
        "state": command.state,
        "stage": command.stage,
        "by": command.by,
        "at": rfc3339(command.wall),
        "until": rfc3339(command.wall + max(command.until - command.at, 0)) if command.until else None,
        "code": command.code,
        "reason": command.reason,
    }


def action_view(action: Action) -> dict[str, Any]:
    """Return an action as the API shows it."""
    return {
        "id": action.id,
        "at": rfc3339(action.at),
        "by": action.by,
        "device": action.device or None,
        "before": action.before,
        "after": action.after,
        "undoes": action.undoes,
        "undone": action.undone,
    }


def pace_view(paced: Paced) -> dict[str, Any]:
    """Return how often a device is to report, as the API gives it."""
    return {
        "state": paced.state,
        "every": paced.every,
        "original": paced.original,
        "by": paced.by or None,
        "code": paced.code,
        "reason": paced.reason,
    }


def _asked(vote: Mapping[str, Any] | None) -> tuple[Any, Any] | None:
    return None if vote is None else (vote.get("id"), vote.get("state"))


def _put_away(device: Device | None) -> tuple[bool, bool]:
    return (False, False) if device is None else (device.hidden, device.locked)


def _raised(alarm: Alarm) -> int:
    return alarm.raised_at


def _moment(time: int | None) -> str | None:
    return None if time is None else rfc3339(time)


def _clock(time: int) -> str:
    """A clock that people read needs no more than milliseconds."""
    return rfc3339(time // 1_000_000 * 1_000_000)
