"""The hub's memory on disk: what a step changed goes in together, what the next start needs comes out."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hub.devices import Clock, Identities, Standing
from hub.erasing import Trace, pruned
from hub.live import Batch
from hub.model import Action, Alarm, Commanded, Device, Heard, Paced, Reading, Run
from hub.registry import Registry, decode_context, encode_context
from hub.rules.casting import Cast, Taken, with_off, with_role, without
from hub.store import stretches
from hub.store.actions import ActionStore
from hub.store.alarms import AlarmStore, Asked, Found, Transition
from hub.store.base import History
from hub.store.errands import Errands
from hub.store.file import StoreFile, understood
from hub.store.lines import Encoder
from hub.store.notices import Notice, NoticeStore
from hub.store.outbox import SENT, Outbox, Refused
from hub.store.outbox import Batch as Sent
from hub.store.retention import FOR_EVER, Keep, Retention
from hub.store.rollups import Rollups
from hub.store.sqlite import SqliteHistory
from hub.store.state import StateStore
from hub.store.stretches import Stretch
from hub.store.thinner import Thinner
from hub.tables import Wanted
from hub.understand import Changes, Memory
from hub.usecases.choosing import NOTHING, Choices
from hub.workshop.wall import Wall

DECODE = "decode"
"""Name of the cursor of this reader."""
OPENING, BORN, HOLES = "journal_opening", "journal_born", "journal_holes"
RECENT_ALARMS = 200
RECENT_COMMANDS = 1_000
MOST_TIMES = 9
MOST_CHANNELS = 5_000
"""Times of a channel, and channels, read at the start to know their periods; others learn them anew."""
IGNORED_TOPICS = "ignored_topics"
GUESTS = "drivers_of_packages"
PACES = "paces"
CAST = "cast"
OFF = "usecases_off"
CHOICES = "choices"
TABLES = "tables"
WALL = "wall"
"""Names of settings."""


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a driver of another package that did not do its work.

    Attributes:
        missed: the first position that it owes; None: none.
        off: why it is off.
        again: it is to read what it missed.
    """

    missed: int | None = None
    off: str | None = None
    again: bool = False


_CAST = msgspec.json.Decoder(dict[str, dict[str, Taken]])
_ABSENCES = msgspec.json.Decoder(dict[str, Absence])
_WANTED = msgspec.json.Decoder(Wanted)
_CHOICES = msgspec.json.Decoder(dict[str, dict[str, Choices]])
_WALL = msgspec.json.Decoder(Wall)


class Kept:
    """store.db: written by the worker's thread, read by any but the event loop's."""

    def __init__(
        self,
        data: Path,
        *,
        forwards: bool = False,
        shared: bool = False,
        keep: Keep = FOR_EVER,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        """Open the file in the data folder.

        Args:
            data: the folder.
            forwards: readings wait in the outbox for InfluxDB; of those of one second this file keeps one.
            shared: other workers keep the same, each in a file of its own.
            keep: how long readings stay, by `prune`.
            wall: wall clock [ns].

        Raises:
            ConfigError: it was written by a newer version.
            StoreError: it cannot be opened.
        """
        self._file = StoreFile(data / "store.db")
        self._state = StateStore(self._file.db)
        self._actions = ActionStore(self._file.db, shared=shared)
        self._alarms = AlarmStore(self._file.db)
        self._notices = NoticeStore(self._file.db)
        self.ways: Callable[[Alarm, Transition], Iterable[str]] = lambda _alarm, _step: ()
        """By which ways a step of an alarm is told (`hub.notify`)."""
        self.unsaid = 0
        """Notices that were let go because too many waited."""
        self.held: Callable[[], Collection[int]] = frozenset
        """Partitions of the journal whose lines this worker sends now (`hub.journal.shares`)."""
        self.confirmed: Mapping[int, int] = {}
        """Partition of the journal → position up to which InfluxDB has it, whoever sent it (`let_go`)."""
        self._encoder = Encoder() if forwards else None
        self._recent = Thinner() if forwards else None
        self._outbox = Outbox(self._file.db)
        self._errands = Errands(self._file.db)
        self._rollups = Rollups(self._file, wall=wall)
        self._history = SqliteHistory(self._file, self._rollups)
        self._retention = Retention(self._file, keep, wall=wall, froze=self._rollups.forget)
        self._wall = wall
        if self._encoder is not None and self._recent is not None:
            self._file.on_undo(self._encoder.forget)
            self._file.on_undo(self._recent.forget)

    @property
    def history(self) -> History:
        """The store of readings."""
        return self._history

    @property
    def faults(self) -> Sequence[str]:
        """What was found wrong at the opening, in plain words."""
        return self._file.faults

    @property
    def damaged(self) -> bool:
        """Whether damage was met while running: only a new opening helps."""
        return self._file.damaged

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._file.size

    def prune(self) -> bool:
        """Roll up, and let go what is older than what is kept, for a moment; tell whether there may be more.

        In the worker's thread.

        Raises:
            StoreError: nothing went.
        """
        rolls, goes = self._rollups.step(), self._retention.step()
        return rolls or goes or self._file.shrink()

    def position(self) -> int:
        """Return the journal position up to which everything is stored."""
        return self._state.cursor(DECODE)

    def opening(self) -> int:
        """Return the opening of the journal in which that position lies; 0: not known."""
        return int(self._state.setting(OPENING) or 0)

    def missed(self) -> int:
        """Return how many records of a shared journal had gone before this worker came to them."""
        return sum(msgspec.json.decode(self._state.setting(HOLES) or "{}", type=dict[str, int]).values())

    def miss(self, after: int, gone: int) -> int:
        """Note that so many records above a position had gone, once; return how many in all.

        Raises:
            StoreError: nothing was stored.
        """
        holes: dict[str, int] = msgspec.json.decode(self._state.setting(HOLES) or "{}", type=dict[str, int])
        holes[f"{after}"] = gone
        with self._file.transaction():
            self._state.set_setting(HOLES, msgspec.json.encode(holes).decode())
        return sum(holes.values())

    def born(self) -> tuple[str, str]:
        """Return which journal was read first, and which is read now (`hub.journal.base.Opening`); empty: not known."""
        first, _, now = (self._state.setting(BORN) or "").partition(" ")
        return first, now or first

    def follow(self, position: int, opening: int, born: str = "") -> None:
        """Store a position, and the opening of the journal in which it lies; `born`: which journal that is.

        Raises:
            StoreError: nothing was stored.
        """
        first, before = self.born()
        with self._file.transaction():
            self._state.set_cursor(DECODE, position)
            self._state.set_setting(OPENING, str(opening))
            if born and born != before:
                self._state.set_setting(BORN, f"{first or born} {born}")
            if first and born and born != before:
                self.confirmed = {}
                self._outbox.send_all()

    def commit(
        self,
        changes: Changes,
        alarms: Sequence[Alarm],
        rules: Mapping[str, bytes],
        latest: Sequence[Reading] = (),
    ) -> None:
        """Store what a step changed and its cursor, in one transaction.

        Args:
            changes: what the records changed.
            alarms: new or changed.
            rules: what the rules remember; empty: forgotten.
            latest: the newest of what is shown.

        Raises:
            StoreError: nothing was stored.
        """
        state = self._state
        with self._file.transaction():
            if self._encoder is not None:
                self._put_lines(self._encoder, changes, state.cursor(DECODE) + 1)
            self._history.write(changes.readings if self._recent is None else self._recent.thinned(changes.readings))
            self._history.put_latest(latest)
            state.put_devices(changes.known.values())
            for act in changes.acts:
                self._actions.add(act)
            state.put_aliases(changes.names)
            state.put_contexts({key: encode_context(context) for key, context in changes.contexts.items()})
            state.put_clocks({uid: msgspec.msgpack.encode(clock) for uid, clock in changes.clocks.items()})
            state.put_standings(
                {uid: None if each is None else msgspec.msgpack.encode(each) for uid, each in changes.standings.items()}
            )
            state.put_seen(changes.seen)
            state.put_runs(changes.runs.values())
            state.put_marks(changes.marks)
            state.put_heard(changes.heard)
            self._note_steps(self._alarms.put(alarms))
            state.put_rules({key: blob or None for key, blob in rules.items()})
            if changes.missed or changes.read_again:
                self._note_absences(changes)
            state.set_cursor(DECODE, changes.position)

    def _put_lines(self, encoder: Encoder, changes: Changes, first: int) -> None:
        """Have the lines of a step wait for InfluxDB, apart what is this worker's to send now and what is not.

        A row costs more than many lines (decision 25), so it is not one a partition.
        """
        if not changes.placed:
            self._outbox.put(encoder.lines(changes.readings, changes.known.values()), first=first, at=self._wall())
            return
        held, begin = self.held(), 0
        said: dict[bool, tuple[list[Reading], dict[int, int]]] = {True: ([], {}), False: ([], {})}
        for end, share, position in changes.placed:
            if end > begin and self.confirmed.get(share, 0) < position:
                readings, lasts = said[share in held]
                readings += changes.readings[begin:end]
                lasts[share] = position
            begin = end
        if changes.known:
            self._outbox.put(encoder.lines([], changes.known.values()), first=first, at=self._wall())
        for readings, lasts in said.values():
            self._outbox.put(encoder.lines(readings), first=first, at=self._wall(), shares=lasts)

    def _note_steps(self, steps: Iterable[tuple[Alarm, Transition]]) -> None:
        """Have those told who want to be, of steps that are new."""
        told = [(way, alarm, step) for alarm, step in steps for way in self.ways(alarm, step)]
        for way, alarm, step in told:
            self._notices.put(way, alarm, step, self._wall())
        if told:
            self.unsaid += self._notices.bound()

    def notices(self) -> Sequence[Notice]:
        """Return who is still to be told of what, oldest first; in any thread but the event loop's.

        Raises:
            StoreError: it cannot be read.
        """
        with self._file.reader() as db:
            return NoticeStore(db).waiting()

    def settle_notices(self, done: Collection[int], again: Mapping[int, int]) -> None:
        """Let go what was told or never will be; try others again at a time [ns]; in the worker's thread.

        Raises:
            StoreError: nothing was changed: it is told again, under the same id.
        """
        with self._file.transaction():
            self._notices.done(done)
            for number, due in again.items():
                self._notices.again(number, due)

    def absences(self) -> dict[str, Absence]:
        """Return what drivers of other packages did not do, by model; for the owner's thread."""
        return _ABSENCES.decode(self._state.setting(GUESTS) or "{}")

    def put_absence(self, model: str, **changed: Any) -> None:  # noqa: ANN401 — of `Absence`
        """Change these fields of what is remembered of a driver.

        Raises:
            StoreError: nothing was stored.
        """
        with self._file.transaction():
            known = self.absences()
            self._put_absences(known | {model: msgspec.structs.replace(known.get(model, Absence()), **changed)})

    def _note_absences(self, changes: Changes) -> None:
        known = self.absences()
        for model, position in changes.missed.items():
            before = known.get(model, Absence())
            if before.missed is None:
                known[model] = msgspec.structs.replace(before, missed=position)
        for model, place in changes.read_again.items():
            known[model] = msgspec.structs.replace(known.get(model, Absence()), missed=place, again=place is not None)
        self._put_absences(known)

    def _put_absences(self, known: Mapping[str, Absence]) -> None:
        left = {model: each for model, each in known.items() if each != Absence()}
        self._state.set_setting(GUESTS, msgspec.json.encode(left).decode() if left else None)

    def act(
        self,
        action: Action,
        devices: Sequence[Device],
        undone: Action | None,
        alarms: Sequence[Alarm] = (),
        rules: Mapping[str, bytes] | None = None,
    ) -> Action:
        """Store an action and what it changed, in one transaction; return it with its number.

        Args:
            action: what was done.
            devices: as they are now.
            undone: the action that it took back.
            alarms: that ended with it.
            rules: what the rules remember after it; empty: forgotten.

        Raises:
            StoreError: nothing was stored.
        """
        with self._file.transaction():
            self._state.put_devices(devices)
            self._tell_of(devices)
            if "topics" in action.after:
                self._state.set_setting(IGNORED_TOPICS, msgspec.json.encode(action.after["topics"]).decode())
            if "role" in action.after:
                self._put_cast(with_role(self.cast(), action.after["role"]))
            if "off" in action.after:
                self._put_json(OFF, sorted(with_off(self.off(), action.after["off"])))
            self._note_steps(self._alarms.put(alarms))
            self._state.put_rules({key: blob or None for key, blob in (rules or {}).items()})
            if undone is not None:
                self._actions.undone(undone)
            return self._actions.add(action)

    def cast(self) -> dict[str, dict[str, Taken]]:
        """Return which real devices play which roles; for the owner's thread."""
        return _CAST.decode(self._state.setting(CAST) or "{}")

    def off(self) -> set[str]:
        """Return the use cases that are off; for the owner's thread."""
        return msgspec.json.decode(self._state.setting(OFF) or "[]", type=set[str])

    def _put_cast(self, cast: Cast) -> None:
        self._put_json(CAST, cast)

    def _put_json(self, name: str, value: object) -> None:
        self._state.set_setting(name, msgspec.json.encode(value).decode() if value else None)

    def _tell_of(self, devices: Sequence[Device]) -> None:
        """Have InfluxDB know what devices are called and where they are."""
        if self._encoder is not None:
            first = self._state.cursor(DECODE) + 1
            self._outbox.put(self._encoder.lines([], devices), first=first, at=self._wall())

    def put_commands(self, commands: Sequence[Commanded]) -> None:
        """Store new or changed commands.

        Raises:
            StoreError: nothing was stored.
        """
        with self._file.transaction():
            self._actions.put_commands(commands)

    def paces(self) -> list[Paced]:
        """Return the devices that report more often than by themselves, or are owed their own period."""
        return msgspec.json.decode(self._state.setting(PACES) or "[]", type=list[Paced])

    def put_paces(self, paces: Iterable[Paced]) -> None:
        """Store them, all of them.

        Raises:
            StoreError: nothing was stored.
        """
        with self._file.transaction():
            self._put_paces(paces)

    def _put_paces(self, paces: Iterable[Paced]) -> None:
        said = msgspec.json.encode([*paces]).decode()
        self._state.set_setting(PACES, None if said == "[]" else said)

    def choices(self) -> dict[str, dict[str, Choices]]:
        """Return what people chose, session → use case; for the owner's thread."""
        return _CHOICES.decode(self._state.setting(CHOICES) or "{}")

    def put_choices(self, choices: Mapping[str, Mapping[str, Choices]]) -> None:
        """Store them, all of them.

        Raises:
            StoreError: nothing was stored.
        """
        left = {name: {case: each for case, each in of.items() if each != NOTHING} for name, of in choices.items()}
        said = msgspec.json.encode({name: of for name, of in left.items() if of}).decode()
        with self._file.transaction():
            self._state.set_setting(CHOICES, None if said == "{}" else said)

    def tables(self) -> Wanted:
        """Return which tables are to play by themselves; for the owner's thread."""
        return _WANTED.decode(self._state.setting(TABLES) or "{}")

    def put_tables(self, wanted: Wanted) -> None:
        """Store it.

        Raises:
            StoreError: nothing was stored.
        """
        with self._file.transaction():
            self._put_json(TABLES, wanted)

    def wall(self) -> Wall:
        """Return what holds for every screen; for the owner's thread."""
        return _WALL.decode(self._state.setting(WALL) or "{}")

    def put_wall(self, wall: Wall) -> None:
        """Store it.

        Raises:
            StoreError: nothing was stored.
        """
        with self._file.transaction():
            self._put_json(WALL, wall)

    @property
    def sends_on(self) -> bool:
        """Whether readings go to InfluxDB now; in any thread."""
        return self._encoder is not None

    @property
    def is_sent_on(self) -> bool:
        """Whether InfluxDB has, or will have, what is stored here; for the owner's thread."""
        return self._encoder is not None or self._state.cursor(SENT) > 0

    def forget(self, uids: Sequence[str], names: Collection[str], ended: Collection[str]) -> int:
        """Erase devices with all that names them, and give the room back; return how many readings went.

        That InfluxDB erases them too is kept as a wish, with their uids, until it is done.
        What an ended run (of `ended`) announced of them goes too; a living simulation goes on speaking of its own.

        Raises:
            StoreError: nothing was erased.
        """
        trace, state = Trace(names), self._state
        with self._file.transaction():
            gone = sum(self._history.forget(uid) for uid in uids)
            for uid in uids:
                state.forget(uid)
            state.forget_heard(trace.names)
            state.forget_apart(uids)
            self._alarms.forget(uids)
            self._notices.forget(uids)
            state.forget_of_runs(uids, ended)
            for (driver, scope), blob in state.contexts().items():
                left = None if scope in names else pruned(blob, names)
                if left != blob:
                    state.put_context(driver, scope, left)
            for key, blob in state.rules().items():
                if trace.names(blob):
                    state.put_rules({key: None})
            self._actions.forget(uids)
            self._put_paces(each for each in self.paces() if each.device not in uids)
            self._put_cast(without(self.cast(), set(uids)))
            self._outbox.forget(trace.names)
            if self.is_sent_on:
                self._errands.erase(uids, self._wall())
        if self._encoder is not None:
            self._encoder.forget()  # units and names are told anew when one of them speaks again
        self._file.scrub()
        return gone

    def purge(self, inside: Sequence[Stretch], positions: Sequence[tuple[int, int]]) -> tuple[int, list[str]]:
        """Erase what was read and raised in stretches of timelines, and give the room back.

        What rules remember of those alarms goes with them: they begin anew.

        Returns:
            How many readings went, and the ids of the alarms that went or lost what people wrote.

        Raises:
            StoreError: nothing was erased.
        """
        with self._file.transaction() as db:
            gone, ids = stretches.erase(db, inside, positions)
            trace = Trace(ids)
            for key, blob in self._state.rules().items():
                if trace.names(blob):
                    self._state.put_rules({key: None})
        self._file.scrub()
        return gone, ids

    def alarms_in(self, inside: Sequence[Stretch]) -> list[Alarm]:
        """Return the alarms that were raised in stretches of timelines, newest first."""
        with self._file.reader() as db:
            return stretches.alarms(db, inside)

    def runs(self) -> list[Run]:
        """Return the runs that are known, in any thread but the event loop's."""
        with self._file.reader() as db:
            return StateStore(db).runs()

    def actions(self, limit: int) -> Sequence[Action]:
        """Return the newest actions, newest first; for the owner's thread."""
        return self._actions.actions(limit)

    def action(self, number: int) -> Action | None:
        """Return one action; for the owner's thread."""
        return self._actions.action(number)

    def command(self, name: str) -> Commanded | None:
        """Return one command; for the owner's thread."""
        return self._actions.command(name)

    def commands(self, limit: int, device: str | None = None) -> Sequence[Commanded]:
        """Return the newest commands, newest first; for the owner's thread."""
        return self._actions.commands(limit, device)

    @contextmanager
    def waiting(self) -> Iterator[Outbox]:
        """Lend what waits for InfluxDB, for reading, in any thread but the event loop's.

        Raises:
            StoreError: it cannot be read.
        """
        with self._file.reader() as db:
            yield Outbox(db)

    @contextmanager
    def errands(self) -> Iterator[Errands]:
        """Lend what else InfluxDB is to do, for reading, in any thread but the event loop's.

        Raises:
            StoreError: it cannot be read.
        """
        with self._file.reader() as db:
            yield Errands(db)

    def note(self, change: Callable[[Errands], None]) -> None:
        """Change what else InfluxDB is to do; in the worker's thread.

        Raises:
            StoreError: nothing was changed.
        """
        with self._file.transaction():
            change(self._errands)

    def settle(self, batch: Sent, refused: Sequence[Refused], missed: Collection[int] = ()) -> None:
        """Let go what InfluxDB confirmed, keep what it refused and which hours it must compute; in the worker's thread.

        Raises:
            StoreError: nothing was let go: it is sent again, which changes nothing.
        """
        with self._file.transaction():
            self._outbox.refuse(refused)
            self._outbox.done(batch.ids, everything=self._state.cursor(DECODE))
            self._errands.again(missed)
            self._errands.took(self._wall())

    def let_go(self, confirmed: Mapping[int, int]) -> None:
        """Let go what other workers brought to InfluxDB: partition → position up to which it has all of it.

        In the worker's thread.

        Raises:
            StoreError: nothing was let go: it is asked for again.
        """
        position = self._state.cursor(DECODE)
        if max(confirmed.values(), default=0) > position:
            return  # of a journal that was deleted meanwhile: nobody knows more than was read here
        self.confirmed = confirmed
        with self._file.transaction():
            self._outbox.done(self._outbox.confirmed(confirmed), everything=position)

    def drop_oldest(self, size: int) -> int:
        """Let at least `size` bytes of what waits go unconfirmed; return how many lines; in the worker's thread."""
        with self._file.transaction():
            return self._outbox.drop_oldest(size)

    def readable(self) -> AbstractContextManager[None]:
        """Take what cannot be understood of the file's content for damage, in this context.

        Raises:
            StoreError: inside; the next opening begins a new file.
        """
        return understood(self._file.path)

    def memory(self, registry: Registry) -> Memory:
        """Return what later messages need of earlier ones; in `readable`."""
        drivers = registry.drivers
        return Memory(
            contexts={
                key: decode_context(drivers[key[0]], blob)
                for key, blob in self._state.contexts().items()
                if key[0] in drivers
            },
            aliases=self._state.aliases(),
            devices=self._state.devices(),
            clocks={uid: msgspec.msgpack.decode(blob, type=Clock) for uid, blob in self._state.clocks().items()},
            standings={
                uid: msgspec.msgpack.decode(blob, type=Standing) for uid, blob in self._state.standings().items()
            },
            runs=self._state.runs(),
            marks=self._state.marks(),
            channels=self._state.channels(),
            seen=self._state.seen(),
            ignored_topics=msgspec.json.decode(self._state.setting(IGNORED_TOPICS) or "[]", type=list[str]),
        )

    def rules(self) -> dict[str, bytes]:
        """Return what the rules remember; to be read in `readable`."""
        return self._state.rules()

    def restored(self) -> Batch:
        """Return what was shown last, for a live state that starts.

        Raises:
            StoreError: it cannot be read.
        """
        with self.readable():
            return self._restored()

    def _restored(self) -> Batch:
        devices = self._state.devices()
        merged = {device.uid: device.merged for device in devices if device.merged is not None}
        names = Identities(merged=merged)
        return Batch(
            devices=[device for device in devices if device.merged is None],
            merged={uid: names.survivor(uid) for uid in merged},
            commands=list(reversed(self._actions.commands(RECENT_COMMANDS))),
            readings=self._state.latest(),
            runs=self._state.runs(),
            alarms=self._alarms.newest(RECENT_ALARMS),
            not_understood=sum(heard.count for heard in self._state.heard(understood=False)),
        )

    def latest(self) -> Sequence[Reading]:
        """Return the newest reading of each channel on its device's present run; for the owner's thread."""
        return self._state.latest()

    def rhythms(self) -> Mapping[tuple[str, str], Sequence[int]]:
        """Return the times of each channel's newest readings, from which a live state that starts learns periods."""
        return self._state.newest_times(MOST_TIMES, MOST_CHANNELS)

    def alarm(self, alarm_id: str) -> Alarm | None:
        """Return one alarm; for the worker's thread."""
        return self._alarms.alarm(alarm_id)

    def open_alarms(self) -> list[Alarm]:
        """Return the alarms that are not over (active, unacknowledged or set aside); for the worker's thread."""
        return self._alarms.open()

    def alarms(self, asked: Asked) -> Found:
        """Return the newest alarms that are wanted, newest first.

        Raises:
            UsageError: the cursor is none.
            StoreError: the file cannot be read.
        """
        with self._file.reader() as db:
            return AlarmStore(db).find(asked)

    def alarm_journal(self, alarm_id: str) -> tuple[Alarm, Sequence[Transition]] | None:
        """Return one alarm with every step of its life, oldest first; None: there is none."""
        with self._file.reader() as db:
            alarms = AlarmStore(db)
            alarm = alarms.alarm(alarm_id)
            return None if alarm is None else (alarm, alarms.transitions(alarm))

    def heard(self, limit: int) -> Sequence[Heard]:
        """Return the newest messages that nobody understood, newest first."""
        with self._file.reader() as db:
            return StateStore(db).heard(limit, understood=False)

    def close(self) -> None:
        """Close the file; nobody may be using it."""
        self._file.close()
