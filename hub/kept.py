"""The hub's memory on disk: what a step changed goes in together, what the next start needs comes out."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hub.devices import Clock
from hub.live import Batch
from hub.model import Alarm, Heard
from hub.registry import Registry, decode_context, encode_context
from hub.store.base import History
from hub.store.file import StoreFile
from hub.store.lines import Encoder
from hub.store.outbox import Batch as Sent
from hub.store.outbox import Outbox, Refused
from hub.store.sqlite import SqliteHistory
from hub.store.state import StateStore
from hub.understand import Changes, Memory

DECODE = "decode"
"""Name of the cursor of this reader."""
RECENT_ALARMS = 200


class Kept:
    """store.db: written by the worker's thread, read by any but the event loop's."""

    def __init__(self, data: Path, *, forwards: bool = False, wall: Callable[[], int] = time.time_ns) -> None:
        """Open the file in the data folder.

        Args:
            data: the folder.
            forwards: readings also wait in the outbox for InfluxDB.
            wall: wall clock [ns].

        Raises:
            ConfigError: it was written by a newer version.
            StoreError: it cannot be opened.
        """
        self._file = StoreFile(data / "store.db")
        self._state = StateStore(self._file.db)
        self._history = SqliteHistory(self._file)
        self._encoder = Encoder() if forwards else None
        self._outbox = Outbox(self._file.db)
        self._wall = wall
        if self._encoder is not None:
            self._file.on_undo(self._encoder.forget)

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

    def position(self) -> int:
        """Return the journal position up to which everything is stored."""
        return self._state.cursor(DECODE)

    def commit(self, changes: Changes, alarms: Sequence[Alarm], rules: Mapping[str, bytes]) -> None:
        """Store what a step changed and its cursor, in one transaction.

        Raises:
            StoreError: nothing was stored.
        """
        state = self._state
        with self._file.transaction():
            if self._encoder is not None:
                said = self._encoder.lines(changes.readings, changes.known.values())
                self._outbox.put(said, first=state.cursor(DECODE) + 1, at=self._wall())
            self._history.write(changes.readings)
            state.put_latest(changes.past)
            state.put_latest(changes.shown)
            state.put_devices(changes.known.values())
            state.put_aliases(changes.names)
            state.put_contexts({key: encode_context(context) for key, context in changes.contexts.items()})
            state.put_clocks({uid: msgspec.msgpack.encode(clock) for uid, clock in changes.clocks.items()})
            state.put_seen(changes.seen)
            state.put_runs(changes.runs.values())
            state.put_marks(changes.marks)
            state.put_heard(changes.heard)
            state.put_alarms(alarms)
            state.put_rules({key: blob or None for key, blob in rules.items()})
            state.set_cursor(DECODE, changes.position)

    @contextmanager
    def waiting(self) -> Iterator[Outbox]:
        """Lend what waits for InfluxDB, for reading, in any thread but the event loop's.

        Raises:
            StoreError: it cannot be read.
        """
        with self._file.reader() as db:
            yield Outbox(db)

    def settle(self, batch: Sent, refused: Sequence[Refused]) -> None:
        """Let go what InfluxDB confirmed, and keep what it refused; in the worker's thread.

        Raises:
            StoreError: nothing was let go: it is sent again, which changes nothing.
        """
        with self._file.transaction():
            self._outbox.refuse(refused)
            self._outbox.done(batch.ids, everything=self._state.cursor(DECODE))

    def drop_oldest(self, size: int) -> int:
        """Let at least `size` bytes of what waits go unconfirmed; return how many lines; in the worker's thread."""
        with self._file.transaction():
            return self._outbox.drop_oldest(size)

    def memory(self, registry: Registry) -> Memory:
        """Return what later messages need of earlier ones."""
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
            runs=self._state.runs(),
            marks=self._state.marks(),
            channels=self._state.channels(),
            seen=self._state.seen(),
        )

    def rules(self) -> dict[str, bytes]:
        """Return what the rules remember."""
        return self._state.rules()

    def restored(self) -> Batch:
        """Return what was shown last, for a live state that starts."""
        return Batch(
            devices=self._state.devices(),
            readings=self._state.latest(),
            runs=self._state.runs(),
            alarms=self._state.alarms(RECENT_ALARMS),
            not_understood=sum(heard.count for heard in self._state.heard(understood=False)),
        )

    def alarm(self, alarm_id: str) -> Alarm | None:
        """Return one alarm; for the worker's thread."""
        return self._state.alarm(alarm_id)

    def alarms(self, limit: int) -> Sequence[Alarm]:
        """Return the newest alarms, newest first."""
        with self._file.reader() as db:
            return StateStore(db).alarms(limit)

    def heard(self, limit: int) -> Sequence[Heard]:
        """Return the newest messages that nobody understood, newest first."""
        with self._file.reader() as db:
            return StateStore(db).heard(limit, understood=False)

    def close(self) -> None:
        """Close the file; nobody may be using it."""
        self._file.close()
