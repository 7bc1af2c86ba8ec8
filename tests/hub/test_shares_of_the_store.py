"""Workers that share a journal on NATS servers bring it to one InfluxDB, whichever of them dies (decision 25)."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hub import worker
from hub.config import Config
from hub.forwarding import Forwarding
from hub.journal import jetstream, lease, place
from hub.journal import shares as module
from hub.journal.jetstream import JetStreamJournal, JetStreamReader, Log
from hub.journal.nats_link import Url
from hub.model import Message
from hub.store import influx_writer
from hub.store.base import Range
from hub.store.influx import InfluxHistory
from hub.store.influx_client import Client, Place
from servers import influx, nats
from servers.fault_proxy import in_front_of
from servers.ports import HOST, until
from servers.workers import Hub, registry

DEVICES = 20


@pytest.fixture
def url() -> str:
    """Lend the address of a journal of four partitions that nobody has made yet."""
    return f"{nats.fresh_url()}?partitions=4"


@pytest.fixture
def place_there() -> Iterator[Place]:
    """Lend empty buckets in a real InfluxDB."""
    with influx.buckets(influx.server()) as made:
        yield made


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be forgotten soon."""
    for name, value in (("PINNED_S", 0.6), ("ASKED_S", 0.2), ("CONFIRM_S", 0.6), ("LOOK_S", 0.1), ("TICK_S", 0.02)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(module, "REST", 5)
    monkeypatch.setattr(lease, "LIVES_S", 1.0)
    monkeypatch.setattr(influx_writer, "IDLE", 0.05)


class Sharing(Hub):
    """A worker whose readings go to InfluxDB by its partitions."""

    forwards = True

    def __init__(self, folder: Path, url: str, there: Place) -> None:
        """Read the journal at `url`."""
        folder.mkdir(exist_ok=True)
        place.settle(folder, url)
        self._url = Url.parsed(url)
        self.partition = place.partition(folder)
        super().__init__(folder, cases={})
        self.wall = time.time_ns()
        self.worker.start()
        shares = place.shares(folder, self.worker.reader, lambda: True)
        assert shares is not None
        self.shares = shares
        config = Config(
            store="influx",
            influx_url=there.url,
            influx_token=there.token,
            influx_org=there.org,
            influx_bucket=there.bucket,
        )
        self.forwarding = Forwarding(config, folder, self.kept, self.worker, shares=shares)
        self.forwarding.start()

    def open(self) -> None:
        """Understand what every hub does."""
        self.registry = registry()
        super().open()

    def _journal(self) -> JetStreamReader:
        return JetStreamReader(self._url)

    @property
    def written(self) -> float:
        """Lines that InfluxDB confirmed to this worker."""
        return self.forwarding.counters()["influx_lines_written_total"]

    def die(self) -> None:
        """End as a killed process does: what is on its way stays unsaid, nothing is given back."""
        self.shares._ended.set()
        self.shares._thread.join()
        self.shares._deaf()
        self.forwarding._writer.stop()
        self.worker.stop()
        self.kept.close()

    def close(self) -> None:
        """End in order."""
        self.forwarding.stop()
        self.worker.stop()
        self.kept.close()


class Room:
    """Twenty devices, and the workers that hear of them."""

    def __init__(self, url: str, *workers: Sharing) -> None:
        """Say nothing yet."""
        self._journal = JetStreamJournal(Url.parsed(url))
        self.workers = [*workers]
        self.said = 0

    def speak(self) -> None:
        """Let each device say a value, and every worker hear that there is something."""
        now = time.time_ns()
        many = range(self.said, self.said + DEVICES)
        self._journal.append([Message(f"room{n % DEVICES}/probe", b'{"temperature": %d}' % n, now + n) for n in many])
        self.said += DEVICES
        for each in self.workers:
            each.worker.wake()

    def begin_anew(self, url: str) -> None:
        """Delete the stream, as an operator by mistake, and open the journal that is made anew."""
        with closing(Log(Url.parsed(url))) as log:
            log.link.request(f"STREAM.DELETE.{log.url.name}")
        self._journal.close()
        self._journal = JetStreamJournal(Url.parsed(url))

    def close(self) -> None:
        """End."""
        self._journal.close()


@contextmanager
def shared(folder: Path, url: str, there: Place) -> Iterator[tuple[Room, Sharing, Sharing]]:
    """Lend two workers that hold two partitions each."""
    one, two = Sharing(folder / "1", url, there), Sharing(folder / "2", url, there)
    with closing(Room(url, one, two)) as room, closing(one):
        try:

            def is_even() -> bool:
                room.speak()
                return len(one.shares.held) == len(two.shares.held) == 2 and not one.shares.held & two.shares.held

            until("each holds half", is_even)
            yield room, one, two
        finally:
            if two in room.workers:
                two.close()


def points(there: Place) -> int:
    """Return how many values InfluxDB has."""
    with closing(Client(there)) as client:
        rows = InfluxHistory(client).aggregate(Range(channel="temperature", limit=10_000), "count", None)
    return int(sum(row.value for row in rows))


def pending(url: str) -> int:
    """Return how many parts nobody has confirmed."""
    with closing(Log(Url.parsed(url))) as log:
        names = (module.consumer(at, log.state().born) for at in range(4))
        found = [log.link.request(f"CONSUMER.INFO.{log.url.name}.{name}") for name in names]
        return sum(each["num_pending"] + each["num_ack_pending"] for each in found)


def test_two_workers_send_each_value_once_and_keep_nothing_that_the_other_sent(
    tmp_path: Path, url: str, place_there: Place
) -> None:
    """InfluxDB has what one worker would send, and is asked no more than by one."""
    with shared(tmp_path, url, place_there) as (room, one, two):
        until("all is confirmed", lambda: pending(url) == 0)
        began = room.said, one.written + two.written
        for _ in range(20):
            room.speak()
        until("all is there", lambda: points(place_there) == room.said)
        for each in (one, two):  # InfluxDB shows a line before its sender knows that it is there
            until("nothing waits", lambda each=each: each.forwarding._writer.status.backlog.lines == 0)  # type: ignore[misc]
        sent = one.written + two.written - began[1]
        assert room.said - began[0] <= sent < 1.2 * (room.said - began[0])


def test_a_step_keeps_its_lines_in_two_rows_however_many_partitions_they_come_from(
    tmp_path: Path, url: str, place_there: Place
) -> None:
    """One of what this worker sends, one of what another does: a row costs more than the lines of a small step."""
    with shared(tmp_path, url, place_there) as (room, one, two):
        until("all is confirmed", lambda: pending(url) == 0)
        for each in (one, two):
            each.forwarding._writer._ended.set()
            each.forwarding._writer._thread.join()
            until("nothing waits", lambda each=each: each.worker.position == room.said)  # type: ignore[misc]
        before = [rows(each) for each in (one, two)]
        room.speak()
        for each, known in zip((one, two), before, strict=True):
            until("it is understood", lambda each=each: each.worker.position == room.said)  # type: ignore[misc]
            fresh = rows(each)[len(known) :]
            assert {held for held, _ in fresh} == {
                sum(1 << at for at in each.shares.held),
                0b1111 - sum(1 << at for at in each.shares.held),
            }
            assert sum(lines for _, lines in fresh) == DEVICES


def rows(worker: Sharing) -> list[tuple[int, int]]:
    """Return the partitions and lines of each row that waits at a worker."""
    with worker.kept.waiting() as outbox:
        return [
            (int(bits), int(many)) for bits, many in outbox._db.execute("SELECT shares, lines FROM outbox ORDER BY id")
        ]


def test_what_a_killed_worker_had_not_sent_is_sent_by_the_other_and_no_value_is_there_twice(
    tmp_path: Path, url: str, place_there: Place
) -> None:
    """It had taken parts of the journal that it never confirmed: they are delivered again, and so is what follows."""
    with shared(tmp_path, url, place_there) as (room, one, two):
        two.forwarding._writer._ended.set()  # it hangs: it holds partitions and brings nothing to the store
        for _ in range(5):
            room.speak()
        until("it has taken some", lambda: any(each.taken for each in two.shares._shares))
        room.workers.remove(two)
        two.die()
        for _ in range(5):
            room.speak()
        until("the other holds all", lambda: one.shares.held == {0, 1, 2, 3})
        until("all is confirmed", lambda: pending(url) == 0)
        assert points(place_there) == room.said
        assert one.shares.flow["store_parts_redelivered_total"] > 0


def test_a_stream_that_somebody_deleted_is_read_anew_and_what_comes_then_is_stored(
    tmp_path: Path, url: str, place_there: Place
) -> None:
    """By a worker that was there, and by one that was away until the new one is longer than what it had read."""
    with shared(tmp_path, url, place_there) as (room, one, two):
        until("all is confirmed", lambda: pending(url) == 0)
        room.workers.remove(two)
        two.close()
        before = room.said
        room.begin_anew(url)
        while room.said <= 2 * before + DEVICES:
            room.speak()
        since = room.said - before

        def is_read_anew() -> bool:
            """Look which journal it is, as at each message; what was read beyond the old end does not tell."""
            one.worker.wake()
            return one.worker.is_anew and one.worker.position == since

        until("it is read", is_read_anew)
        until("all is there", lambda: points(place_there) == room.said)
        assert one.worker.missing >= before, "it may have read on before it knew"
        with closing(Sharing(tmp_path / "2", url, place_there)) as back:
            back.worker.wake()
            until("it is read there, too", lambda: back.worker.is_anew and back.worker.position == since)
            assert (back.worker.is_anew, back.worker.missing, back.worker.stored) == (True, before, since)
            assert back.kept.born()[0] != back.kept.born()[1], "it is told until somebody names a new data folder"


def test_what_others_had_brought_of_a_deleted_stream_is_no_word_on_the_new_one(
    tmp_path: Path, url: str, place_there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was looked up before the worker knew of the new one, and let go after that."""
    monkeypatch.setattr(jetstream, "LOOKED_S", 0.0)
    monkeypatch.setattr(worker, "CHUNK", DEVICES)
    with shared(tmp_path, url, place_there) as (room, one, two):
        writer = one.forwarding._writer
        writer._ended.set()
        writer._thread.join()

        def others_brought_some() -> bool:
            room.speak()
            with one.kept.waiting() as outbox:
                return bool(outbox.confirmed(one.shares.confirmed))

        until("some waits that the other has brought", others_brought_some)
        until("it is read", lambda: one.worker.position == room.said)
        room.workers.remove(two)
        two.close()
        before, go_on = room.said, threading.Event()

        def reads_on() -> None:
            """Take what is new without a pause, as a step does whose records were many."""
            go_on.wait()
            while not one.worker.is_anew or one.worker.position <= before:
                one.worker._step()

        one.worker.call(reads_on)
        letting_go = threading.Thread(target=writer._settle_shares)
        letting_go.start()
        until("it asks", lambda: len(one.worker._asked) == len((reads_on, letting_go)))
        room.begin_anew(url)
        while room.said <= 2 * before + DEVICES:
            room.speak()
        go_on.set()
        letting_go.join()
        until("it is read anew", lambda: one.worker.is_anew and one.worker.position == room.said - before)
        with one.kept.waiting() as outbox:
            assert min(outbox.waiting().values()) == 1, "all of the new one waits"


def test_an_influxdb_that_is_away_loses_nothing_and_makes_no_dead_letter(
    tmp_path: Path, url: str, place_there: Place
) -> None:
    """Longer than a part may be with a worker: it says that it is still at it."""
    port = int(place_there.url.rpartition(":")[2])
    with in_front_of(port) as proxy:
        there = Place(
            url=f"http://{HOST}:{proxy.port}", org=place_there.org, bucket=place_there.bucket, token=place_there.token
        )
        with shared(tmp_path, url, there) as (room, one, two):
            proxy.mode = "refuse"
            for _ in range(10):
                room.speak()
            began = time.monotonic()
            until("some time has passed", lambda: time.monotonic() > began + 2 * module.CONFIRM_S)
            assert pending(url) > 0
            proxy.mode = "through"
            until("all is confirmed", lambda: pending(url) == 0)
            assert points(place_there) == room.said
            assert one.shares.dead == two.shares.dead == 0
