"""Ingest and store in the test's own process, on real files: for faults that a process of its own would hide."""

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.bench import _books
from hub.bench._ledger import Sent, Verdict, judge
from hub.givingback import GivingBack
from hub.ingest.__main__ import Ingest
from hub.ingest.session import Settings
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.kept import Kept
from hub.model import Message
from hub.rules.engine import Engine
from hub.understand import Understanding
from hub.worker import Outcome, Worker
from servers.workers import registry, usecases


class Hub:
    """The hub's half: a worker, step by step in the test's thread, from the journal in `folder` to its store."""

    def __init__(self, folder: Path) -> None:
        """Open the store."""
        self.kept = Kept(folder)
        self.reader = SqliteReader(folder)
        self.delivered: list[Outcome] = []
        self.given_up: list[str] = []
        self.worker = Worker(
            reader=self.reader,
            kept=self.kept,
            understanding=lambda: Understanding(
                registry(),
                self.kept.memory(registry()),
                zone=ZoneInfo("UTC"),
                asks=False,
                foreign=False,
                wall=time.time_ns,
            ),
            engine=lambda: Engine(usecases().values(), state=self.kept.rules()),
            cases=usecases(),
            deliver=self.delivered.append,
            give_up=self.given_up.append,
        )

    def catch_up(self) -> None:
        """Take all that waits in the journal."""
        while not self.worker._jobs.empty():
            self.worker._jobs.get()
        self.worker._catch_up()

    def close(self) -> None:
        """Release the files."""
        self.kept.close()
        self.reader.close()


def written(sent: Sent) -> Message:
    """Return a device's message as it arrives at once."""
    return Message(_books.topic(sent.key[0]), _books.payload(sent), sent.time + 1_000)


def line(number: int, chance: random.Random) -> Sent:
    """Return the line `number` of a book of four devices, of which every second states its time."""
    sent = time.time_ns() // 1_000 * 1_000
    key = (f"d{number % 4}", 1, number // 4)
    return Sent(key, round(chance.uniform(-40, 125), 3), sent + number * 1_000_000, number % 2 == 0, confirmed=sent)


def verdict(folder: Path, book: Sequence[Sent], acked: Sequence[Sent]) -> Verdict:
    """Open journal and store as a new start does, drain, and judge."""
    with closing(SqliteJournal(folder)), closing(Hub(folder)) as hub:
        hub.catch_up()
    sent = {each.key: each for each in book}
    return judge([each.key for each in acked], sent, _books.written(folder), _books.stored(folder))


@contextmanager
def ingesting(
    folder: Path,
    port: int,
    *,
    window: int = 100,
    budget: int = 1_000_000_000,
    memory: GivingBack | None = None,
) -> Iterator[Ingest]:
    """Lend an ingest that runs in a thread of this process."""
    url = f"mqtt://127.0.0.1:{port}"
    settings = Settings(url=url, client_id="inside", window=window, state=folder / "subscription.json")
    ingest = Ingest(folder, settings, budget, memory=memory)
    thread = threading.Thread(target=ingest.run)
    thread.start()
    try:
        yield ingest
    finally:
        ingest.stop()
        thread.join()
        ingest.close()


async def off_loop(folder: Path, book: Sequence[Sent], acked: Sequence[Sent]) -> Verdict:
    """Judge, away from the event loop."""
    return await asyncio.to_thread(verdict, folder, book, acked)
