"""Readings and time in, changed alarms out: pure, and restorable between any two steps.

Time is each run's own *now* [ns], passed in. Decisions that the documents leave open:

* A value is believed until its measure's silence limit. Delays run out on it that long, with or without a new reading
  (a door contact speaks on change only); later the rule knows nothing: it holds still, and silence speaks.
* A bad reading is shown, neither raises nor returns an alarm and is no sign of life: a probe that only sends fault
  codes ends in silence.
* The readings of one message (same use case, run and time) are taken in together before rules look at them.
* A reading older than its measure's newest changes nothing. One marked `late` sets the level, but is left out of
  means, slopes and shares.
* A mask holds a rule still, and so do hours in which it is not judged: an active alarm stays, a delay starts again
  when they end.
* What is computed from other measures is as old as the oldest of them; a value of a clock hour or day, or one that was
  learned, stays until the next. A period ends with the first reading at or after its end.
* A use case in which a real device plays looks at the real timeline only: at that device, and at the simulated devices
  of its other roles on a run whose clock is the wall's. It begins afresh when the cast changes: what one device
  measured says nothing of another.
* A table's own run (`seat`) is judged apart: by its own devices, in the roles that they say they play, whoever plays in
  the room's story, and it is never the run that a use case is shown on.
* A run that ended takes its memory with it. Its alarms stay in the record as they were, for nobody measured a return;
  they are no longer among `alarms()`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from hub.errors import NotFoundError
from hub.model import REAL, REPLAY, Alarm, Reading, TimeSource
from hub.rules.calendar import Calendar
from hub.rules.case import Case, Seen, View, acknowledged, shelved
from hub.rules.casting import Cast, Taken
from hub.rules.hearing import Update
from hub.rules.kinds import Book, Measure
from hub.rules.measures import as_shown, into_shown
from hub.rules.pressing import Answer, Pressed, comment, is_meant
from hub.rules.state import Memory, pack, unpack
from hub.rules.wording import Text

KEPT_RUNS = 8
"""Simulated runs of a use case that are remembered at once."""
KEPT_SEATS = 1_000
"""Runs of tables whose table is remembered, the newest: a late word of one that ended is not the room's."""

__all__ = ["Engine", "Seen", "View", "acknowledged"]


class _Place(Struct, frozen=True, kw_only=True):
    """A role of a use case: `real` as played by a device that was given it, else by its simulated one."""

    book: Book
    role: str
    real: bool


class _Route(_Place, frozen=True, kw_only=True):
    """Where a channel leads; `unit`: what a value without a unit is taken for."""

    measure: str
    unit: str | None


_NOWHERE: Mapping[str, Sequence[_Route]] = {}


class Engine:
    """All rules of all use cases, on every run."""

    def __init__(
        self,
        usecases: Iterable[Book],
        cast: Cast | None = None,
        state: Mapping[str, bytes] | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        """Prepare the rules and go on from `state` (what `changed_state` gave; empty bytes: forgotten).

        Args:
            usecases: the use cases.
            cast: the real devices that play. In every other role is its simulated device, on every run but the real
                one; a real device never takes a role by itself.
            state: key → bytes.
            calendar: what the clocks of the runs show; UTC unless told.
        """
        self.calendar = calendar or Calendar()
        self._books = {book.name: book for book in usecases}
        self._cases: dict[tuple[str, str], Case] = {}
        self._gone: set[str] = set()
        self._twins: set[str] = set()
        self._tables: dict[str, int] = {}
        self._plays: dict[str, str] = {}
        self._off: frozenset[str] = frozenset()
        self._cast: Cast = cast or {}
        self._routes = _routes(self._books.values(), self._cast)
        self._buttons = _buttons(self._books.values(), self._cast)
        self._ways: dict[tuple[str | None, str | None, str | None], tuple[float, float] | None] = {}
        known = [memory for blob in (state or {}).values() if blob and (memory := unpack(blob)) is not None]
        for memory in sorted(known, key=lambda memory: memory.number):
            if memory.usecase in self._books:
                case = Case(self._books[memory.usecase], memory, self.calendar)
                case.changed = False
                self._cases[memory.usecase, memory.run] = case

    def step(self, readings: Sequence[Reading], *, past: bool = False) -> list[Alarm]:
        """Take readings in, in the order they were decoded, and return each alarm that was raised or returned.

        An alarm that changed twice is there twice, the newer state later.
        """
        changed: list[Alarm] = []
        groups: dict[tuple[str, str], tuple[int, list[Update]]] = {}
        routes, plays = self._routes, self._plays
        device, own, played = None, _NOWHERE, _NOWHERE
        for reading in readings:
            if reading.device is not device:  # those of a message follow each other
                device = reading.device
                own = routes.get(device, _NOWHERE)
                played = routes.get(plays[device], _NOWHERE) if device in plays else _NOWHERE
            if not (own or played):  # nearly every reading of a big installation
                continue
            ways = own.get(reading.channel)
            for way in played.get(reading.channel, ()) if ways is None else ways:
                run = self._line(way, reading.run, past=past)
                if run is not None:
                    changed += self._sort(groups, way, reading, run, past=past)
        for key, (time, updates) in groups.items():
            changed += self._cases[key].take(time, updates, past=past)
        return changed

    def _line(self, way: _Place, run: str, *, past: bool) -> str | None:
        """Return on which run the rules take in what a device said on `run`; None: on none.

        A twin's history came before it had a part in this: it is not judged again.
        """
        if way.real:
            return run if run == REAL else None
        if run in self._tables:
            return run
        roles = self._cast.get(way.book.name)
        if roles is None:
            return run if run != REAL else None
        return None if past or way.role in roles or run not in self._twins else REAL

    def _sort(
        self,
        groups: dict[tuple[str, str], tuple[int, list[Update]]],
        way: _Route,
        reading: Reading,
        run: str,
        *,
        past: bool,
    ) -> list[Alarm]:
        """Put a reading beside those of its own time; take in the group it closes."""
        value = self._shown(way.book.measures[way.measure], reading, way.unit)
        if value is None:
            return []
        key = way.book.name, run
        case = self._cases.get(key)
        if case is None:
            case = self._begin(way.book, run, reading.time)
        case.memory.devices[way.role] = reading.device
        update = Update(way.measure, value, reading.quality, reading.time_source is not TimeSource.LATE)
        time, updates = groups.get(key, (reading.time, []))
        if not updates or (time == reading.time and all(other.measure != way.measure for other in updates)):
            updates.append(update)
            groups[key] = time, updates
            return []
        groups[key] = reading.time, [update]
        return case.take(time, updates, past=past)

    def _begin(self, book: Book, run: str, time: int) -> Case:
        """Start to remember a run; runs whose runner died without a word go, oldest first."""
        others = [run for run in self.runs(book.name, self._tables.get(run, 0)) if run != REAL]
        for old in others[: max(len(others) - KEPT_RUNS + 1, 0)]:
            self._gone.add(_key(self._cases.pop((book.name, old)).memory))
        number = 1 + max((case.memory.number for case in self._cases.values()), default=0)
        memory = Memory(usecase=book.name, run=run, start=time, number=number, off=book.name in self._off)
        memory.cast = dict(self._cast.get(book.name, {})) if run == REAL else {}
        case = self._cases[book.name, run] = Case(book, memory, self.calendar)
        self._gone.discard(_key(case.memory))
        return case

    def _shown(self, measure: Measure, reading: Reading, assumed: str | None) -> float | None:
        """Return the value in the unit the measure declares; None where it cannot be one."""
        unit = reading.unit if reading.unit is not None or measure.channel_unit is not None else assumed
        pair = unit, measure.channel_unit, measure.unit
        if pair not in self._ways:
            self._ways[pair] = into_shown(measure, unit)
        by = self._ways[pair]
        return None if by is None else as_shown(measure, reading.value, by)

    def tick(self, run: str, now: int, *, past: bool = False) -> list[Alarm]:
        """Let the run's time reach `now`: delays and silence that run out without a reading.

        Call it about every second, only when every journalled message before `now` was stepped: a hub that is behind
        would else take its own delay for a sensor's silence.
        """
        cases = [case for case in self._cases.values() if case.memory.run == run]
        return [alarm for case in cases for alarm in case.advance(now, past=past)]

    def acknowledge(
        self, alarm_id: str, at: int, by: str, comment: str | Text | None = None, stored: Alarm | None = None
    ) -> Alarm:
        """Return the alarm, acknowledged at `at` [ns, its run's time]; a second time changes nothing.

        Args:
            alarm_id: which alarm.
            at: the run's now.
            by: who.
            comment: in their words, or the hub's own in both languages.
            stored: the alarm as the store has it, for one that the rules no longer follow (an ended run, or an
                alarm returned before its rule raised another).

        Raises:
            NotFoundError: no such alarm.
        """
        for case in self._cases.values():
            alarm = case.acknowledge(alarm_id, at, by, comment)
            if alarm is not None:
                return alarm
        return acknowledged(_known(stored, alarm_id), at, by, comment)

    @property
    def buttons(self) -> frozenset[str]:
        """The devices whose presses are meant for somebody: `answers` wants to hear of them."""
        return frozenset(self._buttons)

    def answers(self, press: Pressed) -> list[Answer]:
        """Return the use cases whose alarms a press acknowledges, and on which run; a replayed press, none."""
        if press.run.startswith(REPLAY):
            return []
        return [
            Answer(place.book.name, run, comment(role.title))
            for place in self._buttons.get(press.device, ())
            for role in [place.book.roles[place.role]]
            if is_meant(press.value, role.acknowledges)
            and (run := self._line(place, press.run, past=False)) is not None
        ]

    def shelve(self, alarm_id: str, at: int, until: int | None, by: str, stored: Alarm | None = None) -> Alarm:
        """Return the alarm, set aside until `until` [ns, its run's time], or taken back (None).

        While it is set aside, whatever its rule raises is too; it comes back by itself with `tick`. One that the rules
        no longer follow is over, and can only be taken back.

        Raises:
            NotFoundError: no such alarm that can still be set aside.
        """
        for case in self._cases.values():
            alarm = case.shelve(alarm_id, at, until, by)
            if alarm is not None:
                return alarm
        return shelved(_known(stored if until is None else None, alarm_id), at, until, by)

    def turn(self, usecase: str, time: int, *, off: bool, run: str = REAL) -> bool:
        """Turn a use case off on a run, so that it raises nothing, or on; tell whether anything is known of it."""
        case = self._cases.get((usecase, run))
        if case is not None:
            case.turn(time, off=off)
        return case is not None

    def suppress(self, usecases: Collection[str], now: Mapping[str, int]) -> None:
        """Turn these use cases off on all runs, those that begin later included, and all others on.

        Args:
            usecases: their names.
            now: run → its time [ns].
        """
        self._off = frozenset(usecases)
        for name, run in self._cases:
            self.turn(name, now[run], off=name in self._off, run=run)

    def follow(self, run: str, *, is_now: bool) -> None:
        """Know whether a run's clock is the wall's: only then it gives a real device company."""
        if is_now:
            self._twins.add(run)
        else:
            self._twins.discard(run)

    def seat(self, run: str, table: int, plays: Mapping[str, str]) -> None:
        """Know whose own a run is (0: the whole room's), and which device plays there the role of which."""
        if table:
            self._tables[run] = table
            self._plays.update(plays)
            self._rise()

    def _rise(self) -> None:
        """Forget whose the oldest runs were: nothing of them is on its way any more."""
        living = {run for _, run in self._cases}
        for run in [*self._tables][: max(len(self._tables) - KEPT_SEATS, 0)]:
            if run not in living:
                del self._tables[run]

    def recast(self, cast: Cast, now: int) -> list[Alarm]:
        """Let these real devices play, and nobody else; where that is news, the use case begins afresh.

        Args:
            cast: who plays.
            now: the wall's time [ns].

        Returns:
            The alarms of a use case on the real timeline that ended with the cast: nobody watches their condition now.
        """
        self._cast = cast
        self._routes = _routes(self._books.values(), cast)
        self._buttons = _buttons(self._books.values(), cast)
        ended: list[Alarm] = []
        for (name, run), case in [*self._cases.items()]:
            if run in self._tables:
                continue
            if case.memory.cast == cast.get(name, {}) and (run == REAL) is (name in cast):
                continue
            self._gone.add(_key(self._cases.pop((name, run)).memory))
            if run == REAL:
                ended += [_over(alarm, now) for alarm in case.alarms()]
        return ended

    def end_run(self, run: str) -> list[Alarm]:
        """Forget a run that ended; what it raised stays in the record as it was, but nothing stays set aside."""
        ended: list[Alarm] = []
        for key in [key for key in self._cases if key[1] == run]:
            case = self._cases.pop(key)
            self._gone.add(_key(case.memory))
            ended += [shelved(alarm, 0, None, "") for alarm in case.alarms() if alarm.shelved_until is not None]
        return ended

    def changed_state(self) -> dict[str, bytes]:
        """Return what changed since the last call: key → bytes, empty where it is to be forgotten."""
        changed = dict.fromkeys(self._gone, b"")
        self._gone.clear()
        for case in self._cases.values():
            if case.changed:
                changed[_key(case.memory)] = pack(case.memory)
                case.changed = False
        return changed

    def runs(self, usecase: str | None = None, table: int | None = None) -> list[str]:
        """Return the runs on which a use case (or any) is remembered, the newest last.

        Args:
            usecase: of that one alone.
            table: of its own runs alone; 0: of the whole room's.
        """
        known = (run for name, run in self._cases if usecase in {None, name})
        return list(dict.fromkeys(run for run in known if table in {None, self._tables.get(run, 0)}))

    def seats(self) -> dict[int, tuple[str, str]]:
        """Return table → (use case, run) that it plays by itself: the newest."""
        return {table: key for key in self._cases if (table := self._tables.get(key[1], 0))}

    def view(self, usecase: str, run: str, now: int) -> View | None:
        """Return what is known of a use case on a run at `now`; None: nothing was ever heard."""
        case = self._cases.get((usecase, run))
        return None if case is None else case.view(now)

    def alarms(self) -> list[Alarm]:
        """Return the alarms of living runs that are active or not yet acknowledged, newest first."""
        found = [alarm for case in self._cases.values() for alarm in case.alarms()]
        return sorted(found, key=lambda alarm: alarm.raised_at, reverse=True)


def _known(stored: Alarm | None, alarm_id: str) -> Alarm:
    if stored is None or stored.id != alarm_id:
        msg = f"no alarm {alarm_id!r}; GET /api/v1/alarms lists them"
        raise NotFoundError(msg)
    return stored


def _key(memory: Memory) -> str:
    return f"{memory.usecase}/{memory.run}"


def _over(alarm: Alarm, now: int) -> Alarm:
    """Return the alarm set aside no longer and, where it was active, returned."""
    returned = max(now, alarm.raised_at) if alarm.returned_at is None else alarm.returned_at
    return msgspec.structs.replace(alarm, returned_at=returned, shelved_until=None)


def _routes(books: Iterable[Book], cast: Cast) -> dict[str, dict[str, list[_Route]]]:
    """Return device → channel → where it leads."""
    routes: defaultdict[str, dict[str, list[_Route]]] = defaultdict(dict)
    for book in books:
        for name, measure in book.measures.items():
            if measure.computed:
                continue
            simulated = _Route(book=book, role=measure.role, measure=name, real=False, unit=None)
            routes[book.roles[measure.role].device].setdefault(measure.channel, []).append(simulated)
            taken = cast.get(book.name, {}).get(measure.role)
            if taken is not None and name in taken.channels:
                routes[taken.device].setdefault(taken.channels[name], []).append(_real(book, measure, name, taken))
    return dict(routes)


def _real(book: Book, measure: Measure, name: str, taken: Taken) -> _Route:
    unit = measure.unit if name in taken.assumed else None
    return _Route(book=book, role=measure.role, measure=name, real=True, unit=unit)


def _buttons(books: Iterable[Book], cast: Cast) -> dict[str, list[_Place]]:
    """Return device → the roles it plays whose presses acknowledge."""
    found: dict[str, list[_Place]] = {}
    for book in books:
        for name, role in book.roles.items():
            if role.acknowledges:
                found.setdefault(role.device, []).append(_Place(book=book, role=name, real=False))
                taken = cast.get(book.name, {}).get(name)
                if taken is not None:
                    found.setdefault(taken.device, []).append(_Place(book=book, role=name, real=True))
    return found
