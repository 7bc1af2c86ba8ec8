"""The ingest process, `python -m hub.ingest`: broker and other edges → journal → acknowledgement.

It ends in order at the end of its stdin or at SIGTERM; killed, it leaves nothing that the next start cannot use.
"""

import argparse
import contextlib
import logging
import os
import queue
import random
import selectors
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

from filelock import FileLock, Timeout
from msgspec.structs import replace

from hub.errors import HubError, JournalError
from hub.givingback import GivingBack
from hub.ingest import ports
from hub.ingest.batch import MUCH, cut
from hub.ingest.edge import MqttEdge
from hub.ingest.gaps import Gaps
from hub.ingest.heralds import announced
from hub.ingest.link import (
    Answers,
    Append,
    Appended,
    AppendFailed,
    End,
    Erase,
    FromIngest,
    Keep,
    LinkServer,
    Publish,
    Status,
    Wanted,
    answer,
    wish,
)
from hub.ingest.room import Policy, Room, default_budget
from hub.ingest.serial import SerialEdge, placed, plugged
from hub.ingest.session import Settings, shown
from hub.journal import place
from hub.logs import configure
from hub.model import MAX_WHOLE

if TYPE_CHECKING:
    from hub.journal.lease import Lease

T = TypeVar("T")
LOCK_S = 10.0
_END_EVERY_S = 0.005
_STATUS_EVERY_S = 1.0
_LOG = logging.getLogger("hub.ingest")


class Ingest:
    """Journal, MQTT edge and link in one thread, around one selector."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        budget: int,
        policy: Policy = "drop_oldest",
        serial: ports.Wanted | None = None,
        *,
        lease: "Lease | None" = None,
        memory: GivingBack | None = None,
    ) -> None:
        """Open the journal and the link; nothing is sent before `run`.

        Args:
            folder: the data folder.
            settings: whom to connect to.
            budget: bytes for the journal.
            policy: what happens when they are used.
            serial: ports to read; none unless told.
            lease: held; once it is lost, this ingest ends. None: nobody else writes this journal.
            memory: gives back what much of it took; the system's, after MUCH messages, unless told.
        """
        self._selector = selectors.DefaultSelector()
        self._awake, self._waker = socket.socketpair()
        for end in (self._awake, self._waker):
            end.settimeout(0)
        self._selector.register(self._awake, selectors.EVENT_READ, self._drain)
        self._lease = lease
        self._questions: queue.SimpleQueue[tuple[bytes, Callable[[bytes], None]]] = queue.SimpleQueue()
        self._journal = place.journal(folder)
        self._gaps = Gaps(folder)
        self._room = Room(self._journal, folder, budget=budget, policy=policy, gaps=self._gaps)
        self._url = shown(settings.url)
        self._edge = MqttEdge(
            settings,
            self._room,
            self._selector,
            epoch=self._journal.epoch,
            gaps=self._gaps,
            contact=self._journal.newest,
            announced=partial(announced, settings),
            wake=self.wake,
            changed=self._changed,
            chance=random.Random(),  # noqa: S311 — jitter
        )
        self._serial = None
        if serial is not None:
            self._serial = SerialEdge(
                serial, self._room, wake=self.wake, look=lambda: [*plugged(), *placed(folder / "serial")]
            )
        if lease is not None:
            lease.serve(self._asked)
        self._link = LinkServer(folder, self._selector, self._handle)
        self._stopping = False
        self._end_said = 0
        self._end_at = 0.0
        self._status: Status | None = None
        self._status_at = self._measured_at = self._announced_at = 0.0
        self._oversize = 0
        self._met = 0
        self._memory = GivingBack(MUCH) if memory is None else memory
        self._remembered = self._journal.end

    @property
    def waker(self) -> socket.socket:
        """The socket whose bytes interrupt the selector."""
        return self._waker

    def wake(self) -> None:
        """Interrupt the selector; from any thread."""
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def stop(self) -> None:
        """End `run` soon; from any thread or signal handler."""
        self._stopping = True
        self.wake()

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping:
            for key, mask in self._selector.select(self._timeout()):
                key.data(mask)
            self._edge.turn()
            if self._serial is not None:
                self._serial.turn()
            self._answer_others()
            self._tell()
            self._give_back()
            if self._journal.superseded or (self._lease is not None and self._lease.lost):
                msg = "another ingest has taken over the journal: this one ends and waits for its turn"
                raise JournalError(msg)
        self._edge.close()
        if self._serial is not None:
            self._serial.close()
        self._tell()
        self._link.close()
        self._journal.close()

    def close(self) -> None:
        """Release what wakes it; after `run`, and when no signal is sent to the waker any more."""
        self._selector.close()
        self._awake.close()
        self._waker.close()

    def _timeout(self) -> float:
        wait = self._edge.timeout()
        if self._serial is not None and (soon := self._serial.timeout()) is not None:
            wait = min(wait, soon)
        if self._end_said != self._journal.end:
            wait = min(wait, max(self._end_at - time.monotonic(), 0.0))
        return wait

    def _drain(self, _mask: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._awake.recv(4096):
                pass

    def _changed(self) -> None:
        self._status_at = 0.0

    def _give_back(self) -> None:
        """Count what was journalled; the memory of much of it goes back to the system."""
        end = self._journal.end
        if end != self._remembered:
            self._memory.took(end - self._remembered, more=self._edge.behind)
            self._remembered = end

    def _tell(self) -> None:
        now = time.monotonic()
        if self._link.met != self._met:
            self._met = self._link.met
            self._end_said, self._status, self._status_at = -1, None, 0.0
        if self._end_said != self._journal.end and now >= self._end_at:
            self._link.send(End(self._journal.end))
            self._end_said = self._journal.end
            self._end_at = now + _END_EVERY_S
        if now >= self._measured_at:
            self._measured_at = now + _STATUS_EVERY_S
            self._room.tick(now)
        if self._lease is not None and now >= self._announced_at:
            self._announced_at = now + _STATUS_EVERY_S
            self._lease.announce(answer(self._now()))
        if self._link.admitted and now >= self._status_at:
            self._status_at = now + _STATUS_EVERY_S
            status = self._now()
            if status != self._status:
                self._link.send(status)
                self._status = status

    def _now(self) -> Status:
        counters, journal = self._edge.counters, self._journal
        return Status(
            connected=counters.connected,
            subscribed=counters.subscribed,
            session_present=counters.session_present,
            gap=self._gaps.possible,
            gaps=self._gaps.newest,
            url=self._url,
            reason=counters.reason,
            received=counters.received,
            acknowledged=counters.acknowledged,
            epoch=counters.epoch,
            late=counters.late,
            oversize=self._edge.batch.oversize + self._oversize,
            lost=journal.lost,
            fault=journal.faults[-1] if journal.faults else None,
            journal=journal.size,
            used=journal.used,
            budget=self._room.budget,
            hours=self._room.hours,
            full=self._room.full,
            dropped=self._gaps.dropped,
            flow=dict(journal.flow),
            serial=self._serial.ports() if self._serial is not None else [],
        )

    def _asked(self, question: bytes, reply: Callable[[bytes], None]) -> None:
        """Take a wish of a worker that stands by; on the connection's thread."""
        self._questions.put((question, reply))
        self.wake()

    def _answer_others(self) -> None:
        while not self._questions.empty():
            question, reply = self._questions.get()
            said = wish(question)
            if isinstance(said, Append | Erase | Publish | Keep):
                self._handle(said, _Asker(reply))

    def _handle(self, said: Wanted, peer: Answers) -> None:
        match said:
            case Append(number, messages):
                large = sum(len(message.payload) > MAX_WHOLE for message in messages)
                if large:
                    messages = [cut(each) if len(each.payload) > MAX_WHOLE else each for each in messages]
                    self._oversize += large
                try:
                    peer.send(Appended(number, self._room.append(messages)))
                except JournalError as error:
                    peer.send(AppendFailed(number, str(error)))
            case Erase(number, positions):
                try:
                    peer.send(Appended(number, self._journal.erase(positions)))
                except JournalError as error:
                    peer.send(AppendFailed(number, str(error)))
            case Publish(topic, payload, qos, retain):
                self._edge.publish(topic, payload, qos, retain=retain)
            case Keep(position, who):
                self._room.keep(position, who)


class _Asker:
    """A worker that stands by, and waits for an answer."""

    def __init__(self, reply: Callable[[bytes], None]) -> None:
        self._reply = reply

    def send(self, said: FromIngest) -> None:
        self._reply(answer(said))


def main() -> int:
    """Run the ingest process."""
    parser = argparse.ArgumentParser(prog="python -m hub.ingest")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--broker",
        default=os.environ.get("HUB_BROKER_URL"),
        help="mqtt://[user:password@]host[:port]; HUB_BROKER_URL unless given: a password is not for the process list",
    )
    parser.add_argument(
        "--client-id",
        default=os.environ.get("HUB_CLIENT_ID", "matinales-hub"),
        help="our name at the broker; HUB_CLIENT_ID unless given: who knows it can take our session over",
    )
    parser.add_argument("--window", type=int, default=100, help="messages the broker keeps in flight towards us")
    parser.add_argument("--uptime", action="store_true", help="the broker may be asked since when it runs ($SYS)")
    parser.add_argument("--queue-bytes", type=int, default=0, help="what may wait for us before the broker drops some")
    parser.add_argument("--queue-messages", type=int, default=0, help="the same, counted")
    parser.add_argument("--lock-wait", type=float, default=LOCK_S, help="seconds to wait for an ingest that is ending")
    parser.add_argument(
        "--budget", type=int, help="bytes for the journal; 2 GB or a fifth of the free disk unless told"
    )
    parser.add_argument("--full", choices=get_args(Policy), default="drop_oldest", help="what happens when it is used")
    parser.add_argument("--topics", default="#", help="filters, comma-separated; exactly # on the embedded broker")
    parser.add_argument("--serial", default="off", help="auto, off, or ports to read: /dev/ttyUSB0@9600,COM3")
    options = parser.parse_args()
    if not options.broker:
        parser.error("give --broker, or set HUB_BROKER_URL")
    configure("ingest", "INFO")
    filters = tuple(each.strip() for each in options.topics.split(",") if each.strip())
    settings = Settings(
        url=options.broker,
        client_id=options.client_id,
        filters=filters,
        window=options.window,
        state=options.data / "subscription.json",
        uptime=options.uptime,
        queue_bytes=options.queue_bytes,
        queue_messages=options.queue_messages,
    )
    settings = replace(settings, clean=settings.shares)
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        with FileLock(options.data / "ingest.lock", timeout=options.lock_wait, mode=0o600):
            attend = _Attendant()
            budget = options.budget or default_budget(shutil.disk_usage(options.data).free)

            def ingest(settings: Settings, lease: "Lease | None" = None) -> Ingest:
                return Ingest(options.data, settings, budget, options.full, ports.wanted(options.serial), lease=lease)

            if place.url(options.data) is None:
                _serve(ingest(settings), attend)
            else:
                _serve_in_turn(options.data, settings, ingest, attend)
    except Timeout:
        _LOG.error("Another ingest process writes the journal in %s", options.data)
        return 1
    except (HubError, OSError) as error:
        _LOG.error("%s", error)
        return 1
    return 0


def _serve_in_turn(
    folder: Path, settings: Settings, make: Callable[[Settings, "Lease"], Ingest], attend: "_Attendant"
) -> None:
    """Stand by until it is this worker's turn, then work; all workers share one session at the broker.

    Raises:
        HubError: the turn is another's now.
    """
    from hub.ingest.standby import CLIENT_ID, Standby  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.lease import Lease  # noqa: PLC0415 — likewise
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    lease = Lease(Url.parsed(place.url(folder) or ""), place.worker(folder))
    try:
        standby = Standby(folder, lease, place.reader(folder), shown(settings.url))
        if attend.to(standby.waker, standby.stop, standby.wait):
            client_id = standby.client_id or lease.agreed(CLIENT_ID, settings.client_id)
            _serve(make(replace(settings, client_id=client_id), lease), attend)
    finally:
        lease.close()


def _serve(ingest: Ingest, attend: "_Attendant") -> None:
    attend.to(ingest.waker, ingest.stop, ingest.run)
    ingest.close()


class _Attendant:
    """Ends what runs now, and all that would follow, once the supervisor says so or is gone."""

    def __init__(self) -> None:
        self._ended = False
        self._stop: Callable[[], None] = lambda: None
        for name in ("SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self._end())
        for name in ("SIGINT", "SIGBREAK", "SIGHUP"):  # a terminal's reach the whole group; the supervisor ends us
            if not sys.stdin.isatty() and hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        threading.Thread(target=self._end_with_stdin, name="stdin", daemon=True).start()

    def to(self, waker: socket.socket, stop: Callable[[], None], work: Callable[[], T]) -> T:
        """Do the work, which `stop` ends soon and `waker` interrupts."""
        self._stop = stop
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        if self._ended:
            stop()
        try:
            return work()
        except KeyboardInterrupt:
            stop()
            return work()
        finally:
            signal.set_wakeup_fd(-1)

    def _end(self) -> None:
        self._ended = True
        self._stop()

    def _end_with_stdin(self) -> None:
        """The supervisor holds the other end."""
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        self._end()


if __name__ == "__main__":
    sys.exit(main())
