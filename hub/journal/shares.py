"""Which worker brings which partition of the journal to the store: the engine decides, and moves it when a worker dies.

Each partition has a durable consumer of the stream with explicit acknowledgement, *pinned* by the server to one worker
at a time (NATS ADR-42, nats-server 2.11 and later). Only headers come along: what the messages say the worker has
decoded itself, reading the journal. A part is acknowledged once the store has confirmed what was made of it; one whose
worker dies is delivered again, to the next. Nothing here decides who is alive: a server forgets a pin that is not used.
"""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from hub.errors import JournalError
from hub.journal import lease
from hub.journal.jetstream import LAST, TRAIL, Log, Trail
from hub.journal.nats_link import Delivered, Outgoing, RefusedError, Url

GROUP = "store"
PINNED_S = 3.0
"""How long a server keeps a partition for a worker that asks for nothing of it [s]."""
ASKED_S = 1.0
"""How long one question for parts stands [s]: a living worker asks three times before its pin is forgotten."""
CONFIRM_S = 10.0
"""How long a part may be with a worker that does not say that it is still at it [s]."""
HELD = 1_000
"""Parts of a partition that may be on their way to the store: the server gives no more (back-pressure)."""
AT_ONCE = 250
MOST_TRIES = 5
"""Deliveries of a part that no worker survived to confirm; then it is set aside, and the partition goes on."""
MOST_DEAD = 10_000
"""Dead letters kept; the oldest go."""
REST = 30
"""Looks at which nothing of a partition waits, until that is believed of what was read before the first of them: the
server that answers may itself be behind the one that was read from."""
LOOK_S = 1.0
TICK_S = 0.1
_STATUS, _PIN, _REASON, _WHERE = "Status", "Nats-Pin-Id", "Hub-Reason", "Hub-Where"
_BEAT, _NOT_YOURS = "100", "423"
_NS = 1_000_000_000
_TERM, _DONE, _WORKING, _BACK = b"+TERM", b"+ACK", b"+WPI", b"-NAK"
_PLAIN_TOKENS = 9
"""Words of the address that acknowledges a part; a server with a domain has two more in front of the stream's name."""
_LOG = logging.getLogger(__name__)


class Letter(Struct, frozen=True):
    """What was set aside, and why.

    Attributes:
        what: bytes: a part as it lies in the stream, or a line for the store.
        reason: why it was.
        where: partition and place in the stream, or the store's bucket and the journal's position.
    """

    what: bytes
    reason: str
    where: str


class _Taken(Struct, gc=False):
    """A part that this worker brings to the store."""

    reply: str
    last: int


class _Share(Struct):
    """A partition, as this worker sees it.

    Attributes:
        pin: the server's word that it is ours; None: it is not.
        asked: parts asked for that have not come, until a time.
        taken: place in the stream → a part that came and is not confirmed.
        leaving: it goes to another worker as soon as those are.
        others: another worker has it.
        pending: parts that wait or are on their way, at whatever worker.
        rested: how far this worker had read at each of the last looks at which nothing of it waited.
        floor: place in the stream up to which all of it was acknowledged.
        confirmed: journal position up to which the store has all of it.
    """

    number: int
    pin: str | None = None
    asked: int = 0
    until: float = 0.0
    taken: dict[int, _Taken] = {}
    leaving: bool = False
    others: bool = False
    pending: int = 0
    rested: list[int] = []
    floor: int = 0
    confirmed: int = 0


def _nothing() -> None:
    """End what was not begun."""


def consumer(number: int, stream: str) -> str:
    """Return the name of a partition's consumer, of this very stream (`State.born`).

    A worker that has not heard yet that the stream was deleted and made anew asks for nothing of the new one so,
    acknowledges nothing by places of the old one, and deletes nobody's consumer.
    """
    return f"{GROUP}-{number}-{sha256(stream.encode()).hexdigest()[:8]}"


def most(partitions: int, workers: int) -> int:
    """Return how many partitions one of so many workers may hold: all are held, by each about as many."""
    return -(-partitions // max(workers, 1))


class Shares:
    """This worker's partitions. `held`, `confirmed`, `reached` and `refused` are for the thread that writes the store.

    Attributes:
        held: partitions whose lines this worker is to write now.
        confirmed: partition → journal position up to which the store has everything of it, whoever wrote it.
        streams: how often the stream was made anew while the worker ran.
    """

    def __init__(
        self,
        url: Url,
        who: str,
        trail: Trail,
        *,
        able: Callable[[], bool] = lambda: True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold nothing yet.

        Args:
            url: of the journal.
            who: this worker.
            trail: of the reader whose records the worker takes.
            able: whether this worker is near enough to the journal's end to bring something to the store.
            monotonic: what paces the steps [s].
        """
        self._log = Log(url)
        self._link = self._log.link
        self._url = url
        self._who = who
        self._trail = trail
        self._able = able
        self._monotonic = monotonic
        self._shares = [_Share(number) for number in range(url.partitions)]
        self._lock = threading.Lock()
        self._buried: deque[tuple[str, Letter]] = deque()
        self._address = ""
        self._deaf: Callable[[], None] = _nothing
        self._stream = ""
        """Which stream this worker reads (`State.born`)."""
        self._anew = False
        self._prepared = False
        self._workers = self._settled = self._again = self._dead = 0
        self._looked = self._renewed = -LOOK_S
        self.streams = 0
        self.held: frozenset[int] = frozenset()
        self.confirmed: Mapping[int, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shares", daemon=True)

    def start(self) -> None:
        """Begin to ask for partitions."""
        self._thread.start()

    def stop(self) -> None:
        """Give back what is held, so that another worker has it at once."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        with contextlib.suppress(JournalError):
            self._leave()
        self._deaf()
        self._log.close()

    def reached(self, everything: int, waiting: Mapping[int, int], streams: int) -> None:
        """Acknowledge the parts whose lines the store has confirmed.

        Args:
            everything: journal position up to which this worker has decoded all, read before `waiting`.
            waiting: partition → position from which on lines of it are not confirmed; the others have none.
            streams: as it was before both were read: of a stream that is gone they say nothing.
        """
        done: list[str] = []
        with self._lock:
            if streams != self.streams:
                return
            for each in self._shares:
                until = waiting.get(each.number, everything + 1) - 1
                reached = [sequence for sequence, part in each.taken.items() if part.last <= until]
                broken = self._trail.broken.intersection(reached)
                self._buried += [self._letter(each, sequence, "it cannot be read") for sequence in sorted(broken)]
                done += [each.taken.pop(sequence).reply for sequence in reached]
            self._settled += len(done)
            self._know()
        self._link.say([(reply, _DONE, "") for reply in done])

    def begin_anew(self) -> None:
        """Know nothing of what is confirmed: the stream was deleted and made anew, and the consumers went with it."""
        self._trail.forget()
        with self._lock:
            self._shares = [_Share(number) for number in range(self._url.partitions)]
            self.streams += 1
            self._anew = True
            self._know()

    def refused(self, lines: Iterable[tuple[bytes, str, str]]) -> None:
        """Set lines aside that the store will never take: line, reason, where it belongs."""
        with self._lock:
            self._buried += [(f"{self._dead_stream}.line", Letter(*each)) for each in lines]

    @property
    def dead(self) -> int:
        """How many messages were set aside, by all workers."""
        return self._dead

    @property
    def flow(self) -> Mapping[str, float]:
        """What is counted, by the names of metrics.toml."""
        with self._lock:
            found = {f"store_partition_pending.{each.number}": float(each.pending) for each in self._shares}
            found |= {f"store_partition_owned.{each.number}": float(each.pin is not None) for each in self._shares}
        return found | {
            "store_workers": self._workers,
            "store_parts_confirmed_total": self._settled,
            "store_parts_redelivered_total": self._again,
            "store_dead_letters": self._dead,
        }

    @property
    def figures(self) -> dict[str, Any]:
        """What the page tells of it."""
        with self._lock:
            pending, held = sum(each.pending for each in self._shares), sorted(self.held)
        return {
            "of": len(self._shares),
            "held": held,
            "workers": self._workers,
            "pending": pending,
            "redelivered": self._again,
            "dead_letters": self._dead,
        }

    # --- its own thread

    def _run(self) -> None:
        while not self._ended.wait(TICK_S):
            try:
                self.step()
            except JournalError as error:
                _LOG.debug("No partitions: %s", error)
            except Exception:  # noqa: BLE001 — a fault of ours must not end it for good
                _LOG.error("The partitions cannot be looked after", exc_info=True)

    def step(self) -> None:
        """Ask for what this worker may have, say that it is still at what it has, set aside what is hopeless.

        Raises:
            JournalError: no server answers.
        """
        if not self._prepared:
            self._prepare()
        now = self._monotonic()
        if self._anew:
            streams, born = self.streams, self._log.state().born
            self._stream, self._looked = born, now - LOOK_S
            self._anew = streams != self.streams  # made anew again meanwhile
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._look()
        self._ask(now)
        if now - self._renewed >= CONFIRM_S / 4:
            self._renewed = now
            with self._lock:
                held = [part.reply for each in self._shares for part in each.taken.values()]
            self._link.say([(reply, _WORKING, "") for reply in held])
        self._bury()

    def _prepare(self) -> None:
        """Make the consumers where they are not there yet; they begin where the stream begins."""
        self._log.make()
        lease.make(self._link, self._url)
        self._stream = self._log.state().born
        for each in self._shares:
            if self._link.found(self._of("INFO", each)) is None:
                self._make(each)
        self._address, self._deaf = self._link.hear(self._heard)
        self._prepared = True

    def _make(self, share: _Share) -> None:
        """Make a consumer that begins after what is known to be confirmed, else where the stream begins."""
        begins = {"deliver_policy": "by_start_sequence", "opt_start_seq": share.floor + 1}
        wanted = {
            "durable_name": consumer(share.number, self._stream),
            "filter_subject": f"{self._url.name}.p.{share.number}",
            **(begins if share.floor else {"deliver_policy": "all"}),
            "ack_policy": "explicit",
            "ack_wait": int(CONFIRM_S * _NS),
            "max_ack_pending": HELD,
            "max_deliver": -1,  # after MOST_TRIES it is a dead letter, which the engine would only forget
            "headers_only": True,
            "mem_storage": True,  # on as many servers as the stream: a third of the cost of synced files (decision 25)
            "priority_groups": [GROUP],
            "priority_policy": "pinned_client",
            "priority_timeout": int(PINNED_S * _NS),
        }
        self._link.request(self._of("DURABLE.CREATE", share), {"stream_name": self._url.name, "config": wanted})

    def _of(self, what: str, share: _Share) -> str:
        """Return the server's word for something that is done to a consumer."""
        return f"CONSUMER.{what}.{self._url.name}.{consumer(share.number, self._stream)}"

    def _look(self) -> None:
        """Say that we are there, see who else is and how far everything is; leave what is too much."""
        able = self._able()
        if able:
            self._link.publish(Outgoing(f"{lease.stream(self._url)}.{GROUP}.{self._who}", b"", {}))
        self._workers = self._present()
        for each in self._shares:
            self._look_at(each)
        self._dead = self._count_dead()
        allowed = most(len(self._shares), self._workers) if able else 0
        with self._lock:
            ours = [each for each in self._shares if each.pin is not None]
            for place, each in enumerate(ours):
                each.leaving = place >= allowed
            gone = [each for each in ours if each.leaving and not each.taken]
            for each in gone:
                each.pin = None
            self._know()
        for each in gone:
            self._unpin(each)

    def _present(self) -> int:
        """Return how many workers said lately that they are there."""
        subject = f"{lease.stream(self._url)}.{GROUP}.>"
        found = self._link.found(f"STREAM.INFO.{lease.stream(self._url)}", {"subjects_filter": subject}) or {}
        return len(found.get("state", {}).get("subjects") or {})

    def _look_at(self, share: _Share) -> None:
        passed = self._trail.newest()
        found = self._link.found(self._of("INFO", share))
        floor = 0 if found is None else found["ack_floor"]["stream_seq"]
        if (
            found is None or floor + TRAIL < share.floor
        ):  # all servers were down together, and what they remembered went
            self._begin_again(share, there=found is not None)
            return
        share.floor = max(share.floor, floor)
        waits, under_way = found["num_pending"], found["num_ack_pending"]
        pinned = found["priority_groups"][0].get("pinned_client_id")
        share.rested = [*share.rested, passed][-REST:] if not waits + under_way else []
        until = self._trail.until(f"{self._url.name}.p.{share.number}", floor)
        if len(share.rested) == REST:  # what was read before this start, or is older than the trail
            until = max(until, share.rested[0])
        with self._lock:
            share.pending = waits + under_way
            share.confirmed = max(share.confirmed, until)
            if share.pin != pinned:
                share.pin = None
            share.others = pinned is not None and share.pin is None

    def _begin_again(self, share: _Share, *, there: bool) -> None:
        """Have a consumer go on where it is known to have been; another worker may do the same at the same moment.

        None of a stream that the worker does not know yet: it knows places of the one that was deleted.
        """
        with self._lock:
            share.pin, share.taken = None, {}
            self._know()
        if self._log.state().born != self._stream:
            return
        with contextlib.suppress(RefusedError):
            if there:
                self._link.request(self._of("DELETE", share))
            self._make(share)

    def _ask(self, now: float) -> None:
        """Ask for parts of what is ours, and, while that is too little, of what nobody has: the server gives it to one.

        Two that take it at once may have too much for a moment, and leave it again; none is forgotten.
        """
        with self._lock:
            ours = sum(each.pin is not None for each in self._shares)
            more = self._workers > 0 and self._able() and ours < most(len(self._shares), self._workers)
            asked = [
                self._question(each, now)
                for each in self._shares
                if (not each.asked or now >= each.until)
                and (not each.leaving if each.pin is not None else more and not each.others)
            ]
        self._link.say(asked)

    def _question(self, share: _Share, now: float) -> tuple[str, bytes, str]:
        share.asked, share.until = AT_ONCE, now + ASKED_S
        said = {"batch": AT_ONCE, "expires": int(ASKED_S * _NS), "group": GROUP}
        if share.pin is not None:
            said["id"] = share.pin
        subject = f"$JS.API.{self._of('MSG.NEXT', share)}"
        return subject, msgspec.json.encode(said), f"{self._address}.{share.number}"

    def _heard(self, said: Delivered) -> None:
        """Take a part, or the word that none comes; on the connection's thread."""
        share = self._shares[int(said.subject.rpartition(".")[2])]
        with self._lock:
            status = said.headers.get(_STATUS)
            if status == _BEAT:
                return
            if status is not None:
                share.asked = 0
                if status == _NOT_YOURS:
                    share.pin = None
            else:
                self._take(share, said)
            self._know()

    def _take(self, share: _Share, said: Delivered) -> None:
        share.pin = said.headers.get(_PIN, share.pin)
        share.asked = max(share.asked - 1, 0)
        words = said.reply.split(".")
        tries, sequence = map(int, words[4:6] if len(words) == _PLAIN_TOKENS else words[6:8])
        self._again += tries > 1
        last = said.headers.get(LAST)
        if last is None or tries > MOST_TRIES:
            reason = f"it was delivered {tries} times" if last is not None else "it is no part of a journal"
            self._buried.append(self._letter(share, sequence, reason))
            self._link.say([(said.reply, _TERM, "")])
            return
        share.taken[sequence] = _Taken(said.reply, int(last))

    def _know(self) -> None:
        """Renew what others read; in the lock."""
        self.held = frozenset(each.number for each in self._shares if each.pin is not None or each.taken)
        self.confirmed = {each.number: each.confirmed for each in self._shares}

    def _unpin(self, share: _Share) -> None:
        with contextlib.suppress(RefusedError):  # it is another's already
            self._link.request(self._of("UNPIN", share), {"group": GROUP})

    def _leave(self) -> None:
        with self._lock:
            ours = [each for each in self._shares if each.pin is not None]
            back = [(part.reply, _BACK, "") for each in self._shares for part in each.taken.values()]
            for each in self._shares:
                each.pin, each.taken = None, {}
            self._know()
        self._link.say(back)
        if self._prepared:
            place = lease.stream(self._url)
            self._link.request(f"STREAM.PURGE.{place}", {"filter": f"{place}.{GROUP}.{self._who}"})
        for each in ours:
            self._unpin(each)

    # --- dead letters

    @property
    def _dead_stream(self) -> str:
        return f"{self._url.name}_dead"

    def _letter(self, share: _Share, sequence: int, reason: str) -> tuple[str, Letter]:
        where = f"partition {share.number}, place {sequence}"
        return f"{self._dead_stream}.{share.number}.{sequence}", Letter(b"", reason, where)

    def _bury(self) -> None:
        """Put what is set aside into its own stream; what cannot be now waits here."""
        while self._buried:
            subject, letter = self._buried[0]
            make_dead(self._log)
            what, sequence = letter.what, subject.rpartition(".")[2]
            if sequence.isdigit():
                stored = self._link.message(self._url.name, {"seq": int(sequence)})
                what = b"" if stored is None else stored.data
            headers = {_REASON: _one_line(letter.reason), _WHERE: _one_line(letter.where)}
            self._link.publish(Outgoing(subject, what, headers))
            _LOG.warning("A message for the store was set aside: %s (%s)", letter.reason, letter.where)
            self._buried.popleft()

    def _count_dead(self) -> int:
        found = self._link.found(f"STREAM.INFO.{self._dead_stream}")
        return 0 if found is None else int(found["state"]["messages"])


def make_dead(log: Log) -> None:
    """Make the stream of dead letters where it is not there yet; it keeps the newest of each place.

    Raises:
        JournalError: it cannot be made.
    """
    name = f"{log.url.name}_dead"
    if log.link.found(f"STREAM.INFO.{name}") is None:
        common = {"storage": "file", "num_replicas": log.url.replicas, "discard": "old"}
        wanted = {"name": name, "subjects": [f"{name}.>"], "max_msgs": MOST_DEAD}
        log.link.request(f"STREAM.CREATE.{name}", wanted | common)


def dead_letters(log: Log, limit: int = 5) -> tuple[int, Sequence[Letter]]:
    """Return how many messages were set aside, and the newest of them, newest first.

    Raises:
        JournalError: no server answers.
    """
    name = f"{log.url.name}_dead"
    found = log.link.found(f"STREAM.INFO.{name}")
    if found is None:
        return 0, []
    state, letters = found["state"], list[Letter]()
    for sequence in range(state["last_seq"], max(state["first_seq"], 1) - 1, -1)[:limit]:
        said = log.link.message(name, {"seq": sequence})
        if said is not None:
            letters.append(Letter(said.data, said.headers.get(_REASON, ""), said.headers.get(_WHERE, "")))
    return state["messages"], letters


def _one_line(text: str) -> str:
    """Return a text as a header may hold it."""
    return " ".join(text.split()).encode("ascii", "replace").decode()[:500]
