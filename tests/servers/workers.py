"""A worker on a real store, fed from a journal in memory, step by step in the test's own thread."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.journal.base import Opening
from hub.kept import Kept
from hub.model import Alarm, Message, Reading, Record, Run
from hub.notify.wishes import Wishes
from hub.registry import Registry, load_drivers
from hub.rules.engine import Engine
from hub.store.alarms import Asked
from hub.store.base import Range, Row
from hub.understand import Understanding
from hub.usecases.loader import load_all, payload_formats
from hub.usecases.schema import UseCase
from hub.worker import Outcome, Worker
from servers import acme


@dataclass
class Journal:
    """A journal in memory; `opening`: one that is not known, unless a test says so."""

    records: list[Record] = field(default_factory=list)
    opening: Opening = field(default_factory=lambda: Opening(0, 0))

    @property
    def end(self) -> int:
        """Position of the last record."""
        return self.records[-1].position if self.records else 0

    @property
    def start(self) -> int:
        """Position of the first."""
        return 1

    def read(self, after: int, limit: int, *, end: int = 0) -> list[Record]:  # noqa: ARG002 — it need not be told
        """Return records above `after`."""
        return self.records[after : after + limit]

    def append(self, *messages: Message) -> None:
        """Add messages."""
        self.records += acme.journalled(*messages, after=self.end)

    def close(self) -> None:
        """Nothing to release."""


@cache
def usecases() -> Mapping[str, UseCase]:
    """Return the bundled use cases, read once."""
    return load_all()


@cache
def registry() -> Registry:
    """Return the drivers, read once."""
    return Registry(load_drivers(), payload_formats({}, usecases().values()))


class Hub:
    """A worker with its store; `restart` is a kill and a new start."""

    forwards = False
    """Whether readings go on to InfluxDB."""
    shared = False
    """Whether other workers keep the same."""
    partition: Callable[[str], int] | None = None
    """Tells a topic's partition of the journal."""

    def __init__(self, folder: Path, cases: Mapping[str, UseCase] | None = None, wishes: Wishes | None = None) -> None:
        """Open the store in `folder`; `cases`: others than the bundled ones; `wishes`: who is told of alarms."""
        self.folder = folder
        self.cases = usecases() if cases is None else cases
        self.wishes = wishes or Wishes()
        self.journal = self._journal()
        self.wall = acme.WALL
        self.delivered: list[Outcome] = []
        self.given_up: list[str] = []
        self.registry: Registry = acme.registry()
        self.open()

    def _journal(self) -> Any:  # noqa: ANN401 — a test's own reader
        return Journal()

    def open(self) -> None:
        """Start from the store."""
        self.kept = Kept(self.folder, forwards=self.forwards, shared=self.shared, wall=lambda: self.wall)
        self.kept.ways = self.wishes.ways
        self.worker = Worker(
            reader=self.journal,
            kept=self.kept,
            understanding=self._understanding,
            engine=lambda: Engine(self.cases.values(), state=self.kept.rules()),
            cases=self.cases,
            deliver=self.delivered.append,
            give_up=self.given_up.append,
            wall=lambda: self.wall,
        )

    def _understanding(self) -> Understanding:
        return Understanding(
            self.registry,
            self.kept.memory(self.registry),
            zone=ZoneInfo("Europe/Paris"),
            asks=True,
            foreign=False,
            wall=lambda: self.wall,
            partition=self.partition,
        )

    def restart(self) -> None:
        """Forget everything that is not in the store."""
        self.kept.close()
        self.open()

    def take(self, *messages: Message) -> None:
        """Journal messages and take all that waits; the wall clock shows the last one's arrival."""
        self.journal.append(*messages)
        if messages:
            self.wall = max(self.wall, messages[-1].received)
        while not self.worker._jobs.empty():  # what a tick woke the thread for, which is not there
            self.worker._jobs.get()
        while self.journal.end > self.worker.position:
            self.worker._catch_up()

    def tick(self, second: float | None = None) -> None:
        """Let delays run out, `second` after WALL."""
        if second is not None:
            self.wall = acme.WALL + int(second * 1e9)
        self.worker._try(self.worker._tick)

    # what is known

    def rows(self) -> list[Row]:
        """Return every stored reading of every timeline."""
        return self.kept.history.readings(Range(run=None, limit=100_000)).rows

    def alarms(self) -> Sequence[Alarm]:
        """Return every stored alarm, newest first."""
        return self.kept.alarms(Asked(limit=10_000)).alarms

    def runs(self) -> dict[str, Run]:
        """Return every stored run."""
        return {run.id: run for run in self.kept.restored().runs}

    def latest(self) -> dict[tuple[str, str], Reading]:
        """Return (device, channel) → what would be shown after a restart."""
        return {(each.device, each.channel): each for each in self.kept.restored().readings}

    def kept_state(self) -> dict[str, Any]:
        """Return everything that the store remembers, in a form to compare."""
        db = self.kept._state._db
        tables = ("context", "clock", "device", "alias", "run", "mark", "alarm", "rule", "heard", "seen")
        state: dict[str, Any] = {
            name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in tables
        }
        state["newest"] = db.execute(
            "SELECT device, channel, timeline.run, unit, max(time), tie, value, flags, received FROM newest"
            " JOIN series ON series.id = curve >> 32 JOIN timeline ON timeline.id = curve & 4294967295"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"  # of a channel in two units only the newer counts
        ).fetchall()
        state["steps"] = sorted(db.execute("SELECT alarm, data FROM alarm_step").fetchall())
        state["notices"] = db.execute("SELECT way, data FROM notice ORDER BY id").fetchall()
        state["cursor"] = self.kept.position()
        state["readings"] = self.rows()
        return state

    def memory_state(self) -> dict[str, Any]:
        """Return what the living worker remembers, in a form to compare."""
        mind = self.worker.understanding
        return {
            "devices": mind.devices,
            "names": mind.names._uid,
            "contexts": mind._contexts,
            "clocks": mind._clocks,
            "first": mind._sources._first,
            "contested": mind._sources._contested,
            "runs": mind.timelines.runs,
            "marks": mind.timelines.marks,
            "seen": list(mind._seen),
            "position": self.worker.position,
        }


@contextmanager
def working(folder: Path) -> Iterator[Hub]:
    """Lend one."""
    hub = Hub(folder)
    try:
        yield hub
    finally:
        hub.kept.close()
