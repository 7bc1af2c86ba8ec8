"""The thread that brings the outbox to InfluxDB: for ever, in order, never in the way of anything else.

The live page, rules and alarms know nothing of it: while InfluxDB is away the outbox grows, and that is all.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from hub.errors import StoreError
from hub.store import influx_setup, influx_thinning
from hub.store.delivery import LONGEST, PROBE, Delivery, PauseError, back_off
from hub.store.influx_client import BUSY, Answer, Client
from hub.store.influx_errands import Due, InfluxErrands
from hub.store.influx_setup import SetupError
from hub.store.outbox import Backlog, Batch, Outbox, Refused

_LOG = logging.getLogger(__name__)

IDLE = 1.0
"""Seconds between two looks at the outbox: what is stored waits no longer."""
QUIET = 15.0
"""Seconds without a request after which InfluxDB is asked whether it is there: a banner must not wait for a message."""
SHOWN = 3
"""Refused lines that a status holds."""


class Trouble(Struct, frozen=True):
    """Why nothing is written at present.

    Attributes:
        code: of the sentence and remedy in parts.toml.
        reason: what InfluxDB said.
    """

    code: str
    reason: str


class Share(Protocol):
    """Which partitions of the journal this worker brings to InfluxDB, where several share it (`hub.journal.shares`).

    Attributes:
        held: those whose lines it sends now.
        confirmed: partition → journal position up to which InfluxDB has all of it, whoever sent it.
        streams: counts how often the journal was made anew, before what else is read of it is of another one.
    """

    @property
    def held(self) -> Collection[int]:
        """Partitions."""

    @property
    def confirmed(self) -> Mapping[int, int]:
        """Partition → position."""

    @property
    def streams(self) -> int:
        """Count of journals so far."""

    def reached(self, everything: int, waiting: Mapping[int, int], streams: int) -> None:
        """Say what is confirmed: all up to a position, but for partitions of which lines wait from another one on."""


class WriterStatus(Struct, frozen=True):
    """How the writing goes.

    Attributes:
        trouble: None: well.
        backlog: what waits.
        refused: how many lines were ever refused; `newest` the last few.
        dropped: lines let go unconfirmed because the disk budget was spent.
        written: lines confirmed since the start.
        due: what InfluxDB is still to do beside taking lines.
    """

    trouble: Trouble | None = None
    backlog: Backlog = Backlog()
    refused: int = 0
    newest: Sequence[Refused] = ()
    dropped: int = 0
    written: int = 0
    due: Due = Due()


class InfluxWriter:
    """Sends what waits, batch after batch; the store's owner is asked to let go what is confirmed."""

    def __init__(
        self,
        client: Client,
        *,
        outbox: Callable[[], AbstractContextManager[Outbox]],
        settle: Callable[[Batch, Sequence[Refused], Collection[int]], None],
        drop: Callable[[int], int],
        errands: InfluxErrands,
        budget: int,
        share: Share | None = None,
        position: Callable[[], int] = lambda: 0,
        let_go: Callable[[], None] = lambda: None,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Prepare; nothing is sent before `start`.

        Args:
            client: of InfluxDB.
            outbox: lends the tables for reading.
            settle: commits a confirmed batch, what was refused of it, and the hours whose five-minute values InfluxDB's
                task will not compute; blocks.
            drop: lets go at least so many bytes of the oldest, returns how many lines; blocks.
            errands: what InfluxDB does beside taking lines.
            budget: bytes that may wait.
            share: which partitions are this worker's; None: there is no other worker.
            position: up to which all readings are in the outbox.
            let_go: lets go what other workers brought to InfluxDB (`Share.confirmed`); blocks.
            wall: wall clock [ns].
            monotonic: what paces the steps [s].
            uniform: what the pauses' jitter is drawn with.
        """
        self._client = client
        self._outbox = outbox
        self._settle = settle
        self._drop = drop
        self._errands = errands
        self._budget = budget
        self._share = share
        self._position = position
        self._let_go = let_go
        self._shared = -IDLE
        self._wall = wall
        self._monotonic = monotonic
        self._uniform = uniform
        self._bucket = client.place.bucket
        self._delivery = Delivery(self._post)
        self._prepared = False
        self._heard = 0.0
        self._failures = 0
        self._trouble: Trouble | None = None
        self._dropped = self._written = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="influx", daemon=True)
        self.status = WriterStatus()
        self.spent = 0.0
        """Processor time of its thread [s]."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within: float = 2.0) -> None:
        """End; a request under way is given up after `within` seconds: what it carried is sent again."""
        self._ended.set()
        self._thread.join(within)

    def step(self) -> float:
        """Send one batch, if one waits; return the seconds until the next step."""
        began = time.thread_time()
        try:
            self._look()
            self._settle_shares()
            wait = self._send()
        except PauseError as pause:
            self._failures += 1
            code = "influx_away" if pause.answer.status is None else _CODES.get(pause.answer.status, "influx_address")
            self._prepared = self._prepared and not pause.blocked
            wait = self._pause(Trouble(code, str(pause)), pause.wait(self._failures, self._uniform))
        except SetupError as error:
            self._failures += 1
            passing = error.code in {"influx_away", "influx_busy"}
            probe = back_off(self._failures, self._uniform) if passing else PROBE
            wait = self._pause(Trouble(error.code, error.reason), probe)
        except StoreError as error:  # store.db: its owner says so where people look
            self._failures += 1
            _LOG.warning("The outbox cannot be used; tried again: %s", error)
            return back_off(self._failures, self._uniform)
        self._look()
        self.spent += time.thread_time() - began
        return wait

    def _settle_shares(self) -> None:
        """Have acknowledged what InfluxDB has, and let go what it has from others."""
        share = self._share
        if share is None:
            return
        streams, everything = share.streams, self._position()
        with self._outbox() as outbox:
            share.reached(everything, outbox.waiting(), streams)
            others = outbox.confirmed(share.confirmed)
        if others and self._monotonic() - self._shared >= IDLE:
            self._shared = self._monotonic()
            self._let_go()

    def _send(self) -> float:
        if not self._prepared:
            state = influx_setup.prepare(self._client)
            if state.task is not None:
                _LOG.warning("InfluxDB lets us make no down-sampling task: %s", state.task)
            self._errands.resume(self._wall())
            self._prepared, self._heard = True, self._monotonic()
        self._errands.erase()
        with self._outbox() as outbox:
            batch = outbox.batch(self._delivery.most, None if self._share is None else self._share.held)
        if batch is None:
            if self._errands.compute():
                self._heard = self._monotonic()
                self._well()
                return 0.0
            if self._trouble is not None or self._monotonic() - self._heard > QUIET:
                self._prepared = not influx_setup.look(self._client).missing
                self._heard = self._monotonic()
            self._well()
            return IDLE
        place = self._client.place
        self._bucket = place.simulated if batch.simulated else place.bucket
        given_up = self._delivery.deliver(batch.lines)
        at = self._wall()
        refused = [
            Refused(
                bucket=self._bucket,
                line=each.line.decode(errors="replace"),
                reason=each.reason,
                at=at,
                position=batch.position,
            )
            for each in given_up
        ]
        missed = set() if batch.simulated else influx_thinning.missed(batch.lines, at)
        self._settle(batch, refused, missed)
        self._heard = self._monotonic()
        self._written += len(batch.lines) - len(refused)
        self._well()
        return 0.0

    def _post(self, lines: Sequence[bytes]) -> Answer:
        return self._client.write(self._bucket, lines)

    def _look(self) -> None:
        """Renew the status; over the budget, let the oldest go."""
        with self._outbox() as outbox:
            backlog = outbox.backlog()
            count = outbox.refused_count()
            newest = outbox.refused(SHOWN) if count else []
        if backlog.size > self._budget:
            self._dropped += self._drop(backlog.size - self._budget)
        due = self._errands.due()
        self.status = WriterStatus(self._trouble, backlog, count, newest, self._dropped, self._written, due)

    def _well(self) -> None:
        if self._trouble is not None:
            _LOG.info("InfluxDB takes readings again")
        self._failures, self._trouble = 0, None

    def _pause(self, trouble: Trouble, wait: float) -> float:
        if self._trouble is None or self._trouble.code != trouble.code:
            _LOG.warning("InfluxDB takes no readings; they wait on disk: %s", trouble.reason)
        self._trouble = trouble
        return wait

    def _run(self) -> None:
        due = 0.0
        while not self._ended.wait(min(IDLE, max(0.0, due - self._monotonic()))):
            try:
                if self._monotonic() >= due:
                    due = self._monotonic() + self.step()
                else:
                    self._look()
            except Exception:  # noqa: BLE001 — a fault of ours must not end the writing for good
                _LOG.error("A step of the InfluxDB writer failed", exc_info=True)
                due = self._monotonic() + LONGEST


_CODES = dict.fromkeys(BUSY, "influx_busy") | {401: "influx_token", 403: "influx_token", 404: "influx_bucket"}
