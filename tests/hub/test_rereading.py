"""What a driver of a package missed is read again: all of it, once, in order, whatever comes between."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import rereading as module
from hub.driver import Channel, Decoded, Driver, Sample
from hub.errors import DriverFaultError, StoreError
from hub.guests.house import Guest, Guests
from hub.kept import Absence
from hub.model import Kind, Message
from hub.registry import Registry
from hub.rereading import Rereading
from servers.acme import PROBE, WALL, announcement
from servers.workers import Hub, working

NS = 10**9
MODEL = "acme-one"


class Stage:
    """A worker, and a driver that fails at some payloads, or is off."""

    def __init__(self, hub: Hub) -> None:
        """Begin with a driver that works."""
        self.hub = hub
        self.broken: set[bytes] = set()
        self.guests = Guests([])
        self.guest = Guest("acme:DRIVER", "acme 1.0", MODEL)
        self.guests.guests.append(self.guest)
        hub.registry = Registry({MODEL: self.driver()})
        self.restart()

    def driver(self) -> Driver:
        """Return a driver that counts what it decodes."""

        def decode(message: Message, context: int) -> tuple[Decoded, int]:
            if self.guest.off is not None or self.guest.held or message.payload in self.broken:
                msg = "driver acme-one is away"
                raise DriverFaultError(msg)
            samples = (Sample("temperature", float(message.payload)), Sample("count", float(context)))
            return Decoded(Kind.READINGS, "acmeone:a", samples), context + 1

        channels = tuple(Channel(name=name, unit=None, low=-1e9, high=1e9) for name in ("temperature", "count"))
        return Driver(
            model=MODEL,
            family="acmeone",
            title="Acme",
            source="made up",
            topics=("acme/#",),
            channels=channels,
            decode=decode,
            examples=(),
            context=int,
        )

    def restart(self) -> None:
        """Kill the hub and start it anew."""
        self.hub.restart()
        self.rereading = Rereading(
            reader=self.hub.journal,
            kept=self.hub.kept,
            worker=self.hub.worker,
            registry=self.hub.registry,
            guests=self.guests,
        )

    def hear(self, *values: float, topic: str = "acme/a/up") -> None:
        """Journal messages and let the worker take them, as it does between two chunks."""
        for value in values:
            at = WALL + self.hub.journal.end * NS
            self.hub.journal.append(Message(topic, f"{value:g}".encode(), at))
        while self.hub.journal.end > self.hub.worker.position:
            self.hub.worker._step()

    def switch_on(self) -> None:
        """Enable the driver."""
        self.guest.off, self.guest.held = None, True
        self.rereading.begin(MODEL)

    def work(self, jobs: int = 1000) -> None:
        """Do what waits for the worker, at most so many jobs of it."""
        queue = self.hub.worker._jobs
        while jobs and not queue.empty():
            job = queue.get()
            assert job is not None
            job()
            jobs -= 1

    def stored(self, channel: str = "temperature") -> list[float]:
        """Return all stored values in order of time."""
        return [row.value for row in self.hub.rows() if row.channel == channel]

    @property
    def owed(self) -> Absence:
        """What is remembered of the driver's absence."""
        return self.hub.kept.absences().get(MODEL, Absence())


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Lend a stage; a store's trouble is tried again at once."""
    monkeypatch.setattr(module, "RETRY", 0.0)
    with working(tmp_path) as hub:
        yield Stage(hub)


def test_what_was_missed_is_read_before_what_comes_meanwhile(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer messages wait until it is their turn: what the driver remembers grows as if it had never been away."""
    monkeypatch.setattr(module, "CHUNK", 2)
    stage.hear(1)
    stage.guest.off = "failed"
    stage.hear(2, 3, 4, 5)
    stage.switch_on()
    stage.work(jobs=1)
    stage.hear(6)
    assert 6 not in stage.stored()
    stage.work()
    assert (stage.stored(), stage.stored("count")) == ([1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5])
    stage.hear(7)
    assert stage.stored()[-1] == 7
    assert stage.owed == Absence()


def test_who_missed_nothing_goes_on_at_once(stage: Stage) -> None:
    """There is nothing to read."""
    stage.guest.off = "was switched off by hand"
    stage.switch_on()
    assert not stage.guest.held
    stage.hear(1)
    assert stage.stored() == [1]


def test_what_fails_again_is_still_owed(stage: Stage) -> None:
    """The rest is read; the next time begins with it."""
    stage.broken = {b"2"}
    stage.hear(1, 2, 3)
    assert stage.owed == Absence(missed=2)
    stage.switch_on()
    stage.work()
    assert stage.stored() == [1, 3]
    assert stage.owed == Absence(missed=2)
    stage.broken = set()
    stage.switch_on()
    stage.work()
    assert stage.stored() == [1, 2, 3]
    assert stage.owed == Absence()


def test_a_killed_hub_goes_on_where_it_was(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left out, nothing counted twice."""
    monkeypatch.setattr(module, "CHUNK", 2)
    stage.guest.off = "failed"
    stage.hear(1, 2, 3, 4, 5)
    stage.switch_on()
    stage.work(jobs=1)
    stage.restart()
    stage.guest.held = False
    stage.rereading.resume()
    assert stage.guest.held
    stage.hear(6)
    stage.work()
    assert (stage.stored(), stage.stored("count")) == ([1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5])


def test_a_driver_that_goes_off_again_stops_reading(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has not read stays owed."""
    monkeypatch.setattr(module, "CHUNK", 1)
    stage.guest.off = "failed"
    stage.hear(1, 2, 3)
    stage.switch_on()
    stage.work(jobs=1)
    stage.guest.off = "failed again"
    stage.work()
    assert stage.stored() == [1]
    assert stage.owed.missed == 2


def test_a_store_that_is_away_for_a_moment_loses_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chunk is read again."""
    stage.guest.off = "failed"
    stage.hear(1, 2)
    stage.switch_on()
    commit, failures = stage.hub.kept.commit, iter([StoreError("the disk is full")])

    def failing(*arguments: object) -> None:
        error = next(failures, None)
        if error is not None:
            raise error
        commit(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stage.hub.kept, "commit", failing)
    stage.work()
    assert (stage.stored(), stage.stored("count")) == ([1, 2], [0, 1])


def test_what_a_simulation_said_is_left(stage: Stage) -> None:
    """Its run may be over, and another one speaks on the same topics now."""
    stage.guest.off = "failed"
    stage.hub.journal.append(announcement())
    stage.hear(1, topic=f"acme/{PROBE}/up")
    stage.switch_on()
    stage.work()
    assert stage.stored() == []
    assert stage.owed == Absence()
