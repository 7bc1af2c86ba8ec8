"""The room's tables that have a simulator of their own: each with its own live state, so that none sees another's.

What the hub commits is parted by run: a device, a reading, an alarm of a table's run reaches that table alone, all the
rest the room. On the event loop; what is said of tables side by side is `compared`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, structs

from hub.errors import NotFoundError
from hub.live import Batch, Live
from hub.model import PRIORITIES, Alarm, AlarmState
from hub.rules.case import View
from hub.stage import Stage
from hub.usecases.schema import UseCase

HIGHEST = 99
"""The highest number of a table (`hub.workshop.people.MOST_TABLES`)."""
MOST = 12
"""Tables that play by themselves at once: more are not readable side by side, nor do two cores play them at ×60."""
Json = dict[str, Any]


class Wanted(Struct, frozen=True):
    """What a facilitator wants of the tables.

    Attributes:
        tables: numbers of those that have a simulator of their own, in order.
        may_act: whether who sits at one may switch its faults and change its hypotheses.
    """

    tables: tuple[int, ...] = ()
    may_act: bool = False


class AtTable(Struct, frozen=True, kw_only=True):
    """What a table's own run of a use case knows, says and computes now: the last two as pages hear them."""

    usecase: str
    view: View
    sentence: Mapping[str, Any]
    computed: Mapping[str, Any]


class Table(NamedTuple):
    """A table: its live state, and its use cases as they play."""

    live: Live
    stage: Stage


class Tables:
    """All of them."""

    def __init__(
        self, cases: Mapping[str, UseCase], room: Live, make: Callable[[int], Live], tz: str, wanted: Wanted
    ) -> None:
        """Start with what is wanted; nobody plays yet.

        Args:
            cases: the use cases.
            room: the live state of the whole room.
            make: makes the one of a table.
            tz: zone of the place, as pages show times.
            wanted: as it is kept.
        """
        self._cases = cases
        self._room = room
        self._make = make
        self._tz = tz
        self._tables: dict[int, Table] = {}
        self._known: Mapping[int, AtTable] = {}
        self._worth: dict[int, Json] = {}
        self.wanted = wanted

    def of(self, table: int) -> Table:
        """Return a table; one that never played waits for its first word.

        Raises:
            NotFoundError: no table has that number.
        """
        if not 0 < table <= HIGHEST:
            msg = f"no table {table}: tables have numbers from 1 to {HIGHEST}"
            raise NotFoundError(msg)
        if table not in self._tables:
            live = self._make(table)
            room = self._room
            runs = [run for run in room.runs.values() if run.table == table]
            shared = Batch(parts=room.parts, vote=room.vote, notes=room.notes, room=room.room, wall=room.wall_view)
            live.apply(structs.replace(shared, runs=runs))
            self._tables[table] = Table(live, Stage(self._cases, live, self._tz))
            live.apply(Batch(tables=self._told(table)))
        return self._tables[table]

    def playing(self) -> list[int]:
        """Return the tables of which something was heard."""
        return sorted(self._tables)

    def lives(self) -> Iterator[Live]:
        """Yield the room's live state, then that of each table."""
        yield self._room
        for each in self._tables.values():
            yield each.live

    def having(self, uid: str) -> Live:
        """Return the live state that shows a device; the room's where none does."""
        return next((live for live in self.lives() if uid in live.devices), self._room)

    @property
    def wall(self) -> Mapping[str, Any]:
        """What holds for every screen."""
        return self._room.wall_view

    def table_of(self, run: str) -> int:
        """Return whose own a run is; 0: the whole room's."""
        known = self._room.runs.get(run)
        return 0 if known is None else known.table

    def apply(self, batch: Batch) -> None:
        """Let everybody have what of a batch is theirs."""
        fresh = {run.id: run.table for run in batch.runs}
        parts = parted(batch, lambda run: fresh[run] if run in fresh else self.table_of(run), self._tables)
        for table, own in parts.items():
            (self._room if not table else self.of(table).live).apply(own)
        if batch.alarms and len(parts) > 1:
            self.compare()

    def everywhere(self, batch: Batch) -> None:
        """Let everybody have what belongs to nobody: the workshop, the hub's health."""
        for live in [*self.lives()]:
            live.apply(batch)

    def take(self, known: Mapping[int, AtTable]) -> None:
        """Take what the tables know."""
        self._known = known
        for table, at in known.items():
            one = self.of(table)
            one.stage.take({at.usecase: at.view})
            one.live.apply(Batch(sentences={at.usecase: at.sentence}, computed={at.usecase: at.computed}))
        self.compare()

    def view(self, table: int) -> AtTable | None:
        """Return what a table knows; None: nothing was heard."""
        return self._known.get(table)

    def show(self, table: int, scenario: Mapping[str, Any] | None) -> None:
        """Take what a table's runner plays; None: it has gone."""
        self.of(table).live.apply(Batch(scenario=scenario))
        self.compare()

    def value(self, table: int, worth: Json | None) -> None:
        """Take what a table's story may be worth; None: nobody knows any more."""
        if worth is None:
            self._worth.pop(table, None)
        else:
            self._worth[table] = worth
        self.compare()

    def want(self, wanted: Wanted) -> None:
        """Take what is wanted from now on."""
        self.wanted = wanted
        for table in wanted.tables:
            self.of(table)
        self.compare()

    def compare(self) -> None:
        """Tell the room how its tables stand, and each table how it does."""
        self._room.apply(Batch(tables=self._told()))
        for table, each in self._tables.items():
            each.live.apply(Batch(tables=self._told(table)))

    def _told(self, only: int | None = None) -> Json:
        return {"may_act": self.wanted.may_act, "all": [*self.compared(only)]}

    def compared(self, only: int | None = None) -> Iterator[Json]:
        """Yield how each table that is to play stands: what it plays, its first value, its worst alarm, its euros."""
        for table in self.wanted.tables:
            if only in {None, table} and table in self._tables:
                yield self._compared(table)

    def _compared(self, table: int) -> Json:
        live, at = self._tables[table].live, self._known.get(table)
        scenario = live.scenario
        case = self._cases.get(str((scenario or {}).get("usecase") or ("" if at is None else at.usecase)))
        run = None if scenario is None else str(scenario["run"])
        plays = at is not None and case is not None and at.usecase == case.name and run in {None, at.view.run}
        view = at.view if at is not None and plays else None
        state = "away" if view is not None else "preparing"
        return {
            "table": table,
            "state": state if scenario is None else str(scenario.get("state", "running")),
            "usecase": None if case is None else case.name,
            "title": None if case is None else case.title.as_dict,
            "run": run,
            "value": None if case is None else headline(case, view),
            "alarm": worst([each for each in live.alarms.values() if view is not None and each.run == view.run]),
            "worth": self._worth.get(table) if view is not None else None,
        }


def parted(batch: Batch, table_of: Callable[[str], int], tables: Mapping[int, object]) -> dict[int, Batch]:
    """Return table → what of a batch is its own; 0: the room's, which is everything that is no table's.

    Args:
        batch: what was committed.
        table_of: run → table; 0: the room's.
        tables: those that are known already: what says nothing of a run is offered to each.
    """
    fresh = {table for table in map(table_of, _runs(batch)) if table}
    theirs = fresh | (tables.keys() if _concerns_devices(batch) else set())
    if not theirs:
        return {0: batch}
    found = {0: _own(batch, batch, 0, table_of)}
    for table in theirs:
        shared = Batch(
            forgotten=batch.forgotten,
            merged=batch.merged,
            commands=batch.commands,
            settable=batch.settable,
            rhythms=batch.rhythms,
            runs=[run for run in batch.runs if run.table == table],
        )
        found[table] = _own(shared, batch, table, table_of)
    return found


def _runs(batch: Batch) -> set[str]:
    """Return the runs of which a batch says something."""
    spoken = {each.run for each in batch.readings} | {each.run for each in batch.devices}
    return spoken | {each.run for each in batch.alarms} | {run.id for run in batch.runs}


def _own(shared: Batch, batch: Batch, table: int, table_of: Callable[[str], int]) -> Batch:
    """Return a batch with the devices, readings and alarms of one table."""
    return structs.replace(
        shared,
        devices=[each for each in batch.devices if table_of(each.run) == table],
        readings=[each for each in batch.readings if table_of(each.run) == table],
        alarms=[each for each in batch.alarms if table_of(each.run) == table],
    )


def _concerns_devices(batch: Batch) -> bool:
    said = (batch.forgotten, batch.commands, batch.settable, batch.rhythms)
    return any(said) or batch.merged is not None


def headline(case: UseCase, view: View | None) -> Json | None:
    """Return the first of a use case's large values, as a table is compared by it; None: it has none."""
    name = next((name for name, each in case.measures.items() if each.primary), None)
    if name is None:
        return None
    measure, seen = case.measures[name], None if view is None else view.measures[name]
    return {
        "measure": name,
        "title": measure.title.as_dict,
        "unit": measure.unit,
        "decimals": measure.decimals,
        "value": None if seen is None else seen.good,
        "believed": seen is not None and seen.believed,
    }


def worst(alarms: Sequence[Alarm]) -> Json | None:
    """Return the alarm by which a table is compared, the most urgent that is not over, and how many there are."""
    known = [each for each in alarms if each.state not in {AlarmState.NORMAL, AlarmState.SHELVED}]
    if not known:
        return None
    order = list(AlarmState)
    found = min(known, key=lambda each: (order.index(each.state), PRIORITIES.index(each.priority), -each.raised_at))
    return {
        "id": found.id,
        "state": found.state,
        "priority": found.priority,
        "texts": found.texts,
        "count": len(known),
    }
