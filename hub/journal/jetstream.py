"""The journal of several machines: a NATS JetStream stream, kept by three servers (design.md §1, Distributed).

A group commit is one atomic batch of the stream, one message for each partition (`parts`). It names the stream's last
message that it must follow: where another has written meanwhile, nothing is stored, so two append sides can never mix.
`<name>` holds the groups on subjects `<name>.p.<partition>`. `<name>_side` holds the newest opening, and what is left
of parts that were emptied for ever: those are deleted from the stream, their bytes overwritten.
"""

import secrets
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise

import msgspec
from msgspec import Struct

from hub.errors import JournalError
from hub.journal.base import LATELY, WINDOW, Opening
from hub.journal.nats_link import Link, Outgoing, RefusedError, Stored, UnknownFateError, Url, given_back, taken
from hub.journal.parts import Part, erased, grouped, packed, records, split, unpacked, whole
from hub.journal.repeats import Echo, Same, at_the_tail, delivered_again, same
from hub.model import Message, Record

PATIENCE_S = 2.0
"""How long a group is tried again before who appends hears that it is not written [s]."""
AGAIN_S = 0.02
AGREE_S = 15.0
"""How long servers are waited for [s]: when the journal is opened, those that answer and have no leader yet; while it
is written, one that is behind. Servers that vote need less; what is missing for longer is lost."""
AT_ONCE = 64
"""Messages of the stream asked for together."""
CATCH_UP_S = 2.0
"""How long a reader waits for a server that is behind the others [s]."""
LOOKED_S = 1.0
"""How often the stream is asked how large it is, and the append side when it opened it [s]."""
MOST_LATE = 8
TRAIL = 10_000
"""Parts of a subject of which a reader remembers where they lay: two minutes of them at 3,000 messages a second."""
LAST, ARRIVED, PART_OF = "Hub-Last", "Hub-Arrived", "Nats-Msg-Id"
"""Headers: the position of the group's last message, when the newest message until there arrived [ns], and which group
it is."""
BORN = "Hub-Born"
"""Header of an opening: which stream it is."""
FORMAT, IN_FORMAT = 1, "Hub-Format"
"""How a part is written, and the header that says it where it is above 1. A new field at the end of `Part` is no new
format: an older worker leaves it aside. A new format is written once every worker can read it."""
_TRIES = 12
_FAR = 2_000
"""Positions: so far apart, two groups are looked for one by one."""
_ONCE_NS = 120 * 1_000_000_000
"""How long a server remembers what it has stored by its message id."""


class NewerError(JournalError):
    """A newer version of the hub wrote it; nothing of it is passed over."""


class State(Struct, frozen=True):
    """How a stream is.

    Attributes:
        first, last: places of its first and last message.
        size: bytes on each server.
        replicas: servers that are to keep it.
        current: those of them that have all of it now.
        born: when it was made; one that was deleted and made anew has another word.
    """

    first: int = 0
    last: int = 0
    size: int = 0
    messages: int = 0
    replicas: int = 0
    current: int = 0
    born: str = ""


class Placed(Struct, frozen=True):
    """A part, where it lies.

    Attributes:
        sequence: its place.
        last: position of its group's last message.
        subject: its partition's.
        part: None: damaged.
        beside: its place among what is left of emptied parts; 0: it was not.
        arrived: when the newest message until there arrived [ns].
    """

    sequence: int
    last: int
    subject: str
    part: Part | None
    beside: int = 0
    arrived: int = 0


class Log:
    """The stream and what lies beside it, as append side and readers see them."""

    def __init__(self, url: Url) -> None:
        """Take the process's connection.

        Raises:
            ConfigError: nats-py is not installed.
        """
        self.url = url
        self.link: Link = taken(url)
        self._beside: frozenset[int] = frozenset()

    def close(self) -> None:
        """Give the connection back."""
        given_back(self.url)

    @property
    def side(self) -> str:
        """Name of the stream beside it."""
        return f"{self.url.name}_side"

    def make(self) -> None:
        """Make the two streams where they are not there yet.

        Raises:
            JournalError: they cannot be made.
        """
        common = {
            "storage": "file",
            "num_replicas": self.url.replicas,
            "retention": "limits",
            "discard": "new",
            "allow_direct": True,
            "duplicate_window": _ONCE_NS,
        }
        name = self.url.name
        for stream, more in (
            (name, {"subjects": [f"{name}.>"], "allow_atomic": True}),
            (self.side, {"subjects": [f"{self.side}.>"]}),
        ):
            if self.link.found(f"STREAM.INFO.{stream}") is None:
                self.link.request(f"STREAM.CREATE.{stream}", {"name": stream, **common, **more})

    def state(self) -> State:
        """Return how the stream is, by its leader; one that does not exist is empty."""
        found = self.link.found(f"STREAM.INFO.{self.url.name}")
        if found is None:
            return State()
        said = found["state"]
        others = found.get("cluster", {}).get("replicas", [])
        current = 1 + sum(bool(each.get("current")) and not each.get("offline") for each in others)
        wanted = found["config"]["num_replicas"]
        first, last, size, messages = (said[each] for each in ("first_seq", "last_seq", "bytes", "messages"))
        return State(first, last, size, messages, wanted, current, found["created"])

    def newest(self, after: int = 0) -> Placed | None:
        """Return the last part beyond a place, by the leader; what somebody else published is passed over."""
        found = self.link.message(self.url.name, {"last_by_subj": f"{self.url.name}.>"})
        if found is not None and LAST not in found.headers:
            places = range(found.sequence - 1, max(after, self.state().first - 1), -1)
            before = (self.link.message(self.url.name, {"seq": each}) for each in places)
            found = next((each for each in before if each is not None and LAST in each.headers), None)
        return None if found is None else _placed(found)

    def at(self, sequence: int) -> Placed | None:
        """Return the first part from a place on."""
        sequence = max(sequence, 1)
        while True:
            found = self.link.message(self.url.name, {"seq": sequence, "next_by_subj": f"{self.url.name}.>"})
            if found is None:
                return None
            if LAST in found.headers:
                return _placed(found)
            sequence = found.sequence + 1

    def opening(self) -> Opening:
        """Return the newest opening."""
        found = self.link.message(self.side, {"last_by_subj": f"{self.side}.opening"})
        if found is None:
            return Opening(0, 0)
        return Opening(*msgspec.json.decode(found.data, type=tuple[int, int]), found.headers.get(BORN, ""))

    def seek(self, position: int) -> int:
        """Return from which place on the groups lie that reach beyond a position."""
        low, high, step = 1, self.state().last + 1, AT_ONCE
        while high - step > low:  # mostly it is near the end
            found = self.at(high - step)
            if found is not None and found.last <= position:
                low = high - step + 1
                break
            high, step = high - step, 4 * step
        while low < high:
            middle = (low + high) // 2
            found = self.at(middle)
            if found is None or found.last > position:
                high = middle
            else:
                low = middle + 1
        return low

    def parts(self, sequence: int) -> tuple[list[Placed], int, bool]:
        """Return some parts from a place on, in order, the next place, and whether there are more."""
        body = {"seq": sequence, "next_by_subj": f"{self.url.name}.>", "batch": AT_ONCE}
        messages, more = self.link.many(self.url.name, body)
        found: list[Placed] = []
        for each in messages:
            if each.sequence > sequence:
                found += self._left(sequence, each.sequence)
            if LAST in each.headers:  # else somebody else published it; who has its partition sets it aside (`shares`)
                found.append(_placed(each))
            sequence = each.sequence + 1
        return found, sequence, more

    def beside(self, *, anew: bool = False) -> frozenset[int]:
        """Return the places of parts that were emptied."""
        if anew:
            prefix = f"{self.side}.rest."
            found = self.link.found(f"STREAM.INFO.{self.side}", {"subjects_filter": f"{prefix}>"})
            known = (found or {}).get("state", {}).get("subjects") or {}
            self._beside = frozenset(int(each.removeprefix(prefix)) for each in known)
        return self._beside

    def rest(self, sequence: int) -> Placed | None:
        """Return what is left of an emptied part."""
        found = self.link.message(self.side, {"last_by_subj": f"{self.side}.rest.{sequence}"})
        if found is None:
            return None
        part = unpacked(found.data)
        return Placed(sequence, int(found.headers[LAST]), found.headers["Hub-Subject"], part, found.sequence)

    def _left(self, begin: int, end: int) -> list[Placed]:
        """Return what is left of emptied parts between two messages; others went to make room."""
        wanted = range(begin, end)
        if not all(each in self._beside for each in (begin, end - 1)) or len(wanted) > len(self._beside):
            self.beside(anew=True)
        return [left for each in sorted(self._beside) if each in wanted and (left := self.rest(each)) is not None]


class _Group(Struct, frozen=True):
    """A group on its way."""

    id: str
    messages: list[Message]
    parts: list[tuple[int, Part]]
    repeats: int

    @property
    def last(self) -> int:
        return self.parts[0][1].last


class JetStreamJournal:
    """The append side; where another one opens the journal, this one writes never again.

    Attributes:
        end: position of the last committed record.
        epoch: number of the newest connection that wrote.
        lost: 0: what a server finds damaged it takes from the others.
        written: bytes of all groups committed since it was opened.
        faults: what happened, in plain words, newest last.
        superseded: another ingest writes it now.
    """

    def __init__(self, url: Url, *, clock: Callable[[], int] = time.time_ns, window: int = WINDOW) -> None:
        """Open the journal, made where it does not exist.

        Raises:
            ConfigError: nats-py is not installed.
            JournalError: no server answers, or it refuses.
        """
        self.lost = self.written = 0
        self.superseded = False
        self.faults: list[str] = []
        self._log = Log(url)
        self._window = window
        self._resumed = self._restarted = False
        self._echo: Echo | None = None
        self._doubts: dict[str, _Group] = {}
        self._behind: float | None = None
        """Since when the stream is told without what was confirmed [s, monotonic]."""
        self._late: list[list[Message]] = []
        self._known, self._known_at = State(), 0.0
        self._groups = self._again = 0
        self._spent = 0.0
        self._sequence = self.end = self.epoch = self.newest = 0
        self._born = ""
        until = time.monotonic() + AGREE_S
        try:
            while not self._opened(clock(), patient=time.monotonic() < until):
                time.sleep(AGAIN_S * 5)
        except BaseException:
            self._log.close()
            raise

    def _opened(self, now: int, *, patient: bool) -> bool:
        """Open; False: servers are there that have not agreed on a leader yet, as after a common start."""
        try:
            self._open(now)
        except UnknownFateError:
            if not (patient and self._log.link.connected):
                raise
            return False
        return True

    def _open(self, now: int) -> None:
        """Mark the end: whoever wrote until now finds that the stream has another one, and stops."""
        self._log.make()
        for left in reversed(range(_TRIES)):
            state = self._log.state()
            self._born = state.born
            self._sequence = state.last  # before the message that tells the end: nothing comes between
            newest = self._log.newest()
            self.end = 0 if newest is None else newest.last
            self.epoch = 0 if newest is None or newest.part is None else newest.part.epoch
            self.newest = 0 if newest is None else newest.arrived
            try:
                self._mark()
                break
            except RefusedError:
                self._doubts.clear()
                if not left:
                    raise
        said = msgspec.json.encode((now, self.end))
        self._log.link.publish(Outgoing(f"{self._log.side}.opening", said, {BORN: state.born}))

    @property
    def size(self) -> int:
        """Bytes that one server keeps."""
        return self.used

    @property
    def used(self) -> int:
        """Bytes of the stream on one server, as it was a moment ago."""
        now = time.monotonic()
        if now - self._known_at >= LOOKED_S:
            self._known_at = now
            with suppress(JournalError):  # it says so where somebody appends
                self._known = self._log.state()
        return self._known.size

    @property
    def flow(self) -> Mapping[str, float]:
        """What is counted of the way to the servers."""
        current, wanted = self._known.current, self._known.replicas
        return {
            "journal_groups_total": self._groups,
            "journal_commit_seconds_total": self._spent,
            "journal_tried_again_total": self._again,
            "journal_stream_messages": self._known.messages,
            "journal_replicas": wanted,
            "journal_replicas_current": current,
            "journal_server_connected": float(self._log.link.connected),
        }

    @property
    def oldest(self) -> int:
        """Arrival time of the oldest record kept [ns]; 0: there is none."""
        found = self._log.at(1)
        return 0 if found is None or found.part is None else _arrived(found.part, oldest=True)

    def append(self, messages: Sequence[Message], *, epoch: int = 0, late: bool = False) -> int:
        """Commit the messages as one group, on a majority of the servers, and return the new end (see the contract)."""
        if not messages:
            return self.end
        began = time.monotonic()
        while True:
            try:
                end = self._append([*messages], epoch, late=late)
            except (UnknownFateError, RefusedError) as error:
                self._again += 1
                if self.superseded or time.monotonic() > began + PATIENCE_S:
                    msg = f"the journal takes nothing ({error}); nothing was acknowledged"
                    raise JournalError(msg) from error
                time.sleep(AGAIN_S)
            else:
                self._groups += 1
                self._spent += time.monotonic() - began
                return end

    def _append(self, messages: list[Message], epoch: int, *, late: bool) -> int:
        self._settle()
        if messages in self._late:  # written while nobody heard that it was
            self._late.remove(messages)
            self._resumed = self._restarted = False
            return self.end
        group = self._group(messages, epoch, late=late)
        self._doubts[group.id] = group
        sent = [self._outgoing(where, part, group.last) for where, part in group.parts]
        try:
            sequence = self._log.link.commit(group.id, sent, after=self._sequence)
        except RefusedError:
            self._settle()  # it may be refused for its own earlier copy
            raise
        self._account(group, sequence)
        self._doubts.clear()
        self._resumed = self._restarted = False
        self.written += sum(len(each.data) for each in sent)
        return self.end

    def copy(self, found: Sequence[Record]) -> None:
        """Commit records of another journal as they were, at their positions, all beyond the end.

        Raises:
            JournalError: some may be missing; what was written stays.
        """
        for group in grouped(found):
            first = group[0]
            parts = split(
                [each.message for each in group],
                first=first.position,
                epoch=first.epoch,
                repeats=sum(each.repeat for each in group),
                late=first.late,
                partitions=self._log.url.partitions,
            )
            made = _Group(secrets.token_hex(8), [each.message for each in group], parts, 0)
            sent = [self._outgoing(where, part, made.last) for where, part in parts]
            self._account(made, self._log.link.commit(made.id, sent, after=self._sequence))

    def _group(self, messages: list[Message], epoch: int, *, late: bool) -> _Group:
        """Return the group; the same one again where it is tried again."""
        for each in self._doubts.values():
            if each.messages == messages and each.parts[0][1].first == self.end + 1:
                return each
        repeats = self._repeats(messages)
        parts = split(
            messages,
            first=self.end + 1,
            epoch=epoch,
            repeats=repeats,
            late=late,
            partitions=self._log.url.partitions,
        )
        return _Group(secrets.token_hex(8), messages, parts, repeats)

    def _settle(self) -> None:
        """Look whether a group whose fate nobody knows was written after all.

        Raises:
            UnknownFateError: nobody can tell now.
            RefusedError: another append side has written.
        """
        if not self._doubts:
            return
        state = self._log.state()
        last = state.last
        self._wait_for_who_is_behind(state)
        if last == self._sequence:
            return
        message = self._log.link.message(self._log.url.name, {"seq": last})
        group = "" if message is None else message.headers.get(PART_OF, "").rpartition("-")[0]
        found = self._doubts.get(group)
        if found is None:
            self.superseded = True
            msg = "another ingest writes this journal now; this one stops"
            self.faults.append(msg)
            raise RefusedError(msg)
        self._account(found, last)
        if found.messages:
            self._late = [*self._late, found.messages][-MOST_LATE:]
        self._doubts.clear()

    def _wait_for_who_is_behind(self, state: State) -> None:
        """Give a server time that has not all yet; later it is as if another had written: who opens it anew says so.

        Raises:
            UnknownFateError: there is time left.
        """
        if state.last >= self._sequence or state.born != self._born:
            self._behind = None
            return
        now = time.monotonic()
        self._behind = now if self._behind is None else self._behind
        if now < self._behind + AGREE_S:
            msg = "the server that answered is behind, as one is that stands for election"
            raise UnknownFateError(msg)

    def _account(self, group: _Group, sequence: int) -> None:
        self._behind = None
        self._sequence, self.end = sequence, group.last
        self.epoch = max(self.epoch, group.parts[0][1].epoch)
        self.newest = max((message.received for message in group.messages), default=self.newest)

    def _outgoing(self, where: int, part: Part, last: int) -> Outgoing:
        arrived = max(self.newest, _arrived(part))
        said = {LAST: str(last), ARRIVED: str(arrived), **({IN_FORMAT: str(FORMAT)} if FORMAT > 1 else {})}
        return Outgoing(f"{self._log.url.name}.p.{where}", packed(part), said)

    def resumed(self, epoch: int, *, restarted: bool = False) -> None:
        """Compare the next group with the tail, or with all of late where the broker was restarted (§2.8)."""
        self.epoch = max(self.epoch, epoch)
        self._resumed, self._restarted, self._echo = True, restarted, None

    def _repeats(self, messages: Sequence[Message]) -> int:
        """Return how many leading messages of the group after a resumption, or of those after it, are repeats."""
        heard = [same(each) for each in messages]
        tail: list[Same] = []
        if self._resumed:
            before = self._before(LATELY if self._restarted else self._window)
            tail = before[-self._window :]
            self._echo = Echo(before) if self._restarted else None
        found = self._echo.leading(heard) if self._echo is not None else 0
        if self._echo is not None and self._echo.over:
            self._echo = None
        return found or at_the_tail(heard[: self._window], tail)

    def _before(self, most: int) -> list[Same]:
        """Return the newest `most` messages that a broker may deliver again, in order."""
        span = most
        while True:
            after = max(self.end - span, 0)
            newest: list[Same] = []
            reader = Groups(self._log)
            while found := reader.read(after, 10_000):
                newest += [same(each.message) for each in found if delivered_again(each.message)]
                after = found[-1].position
            if len(newest) >= most or span >= self.end:
                return newest[-most:]
            span *= 4

    def make_room(self, budget: int, *, below: int, before: int) -> int:
        """Drop the oldest groups while more than `budget` bytes are used (see the contract)."""
        try:
            return self._make_room(budget, below, before)
        except (UnknownFateError, RefusedError) as error:
            msg = f"old messages cannot be deleted from the journal ({error})"
            raise JournalError(msg) from error

    def _make_room(self, budget: int, below: int, before: int) -> int:
        state = self._log.state()
        if state.size <= budget or state.messages < 2:  # noqa: PLR2004 — the last one stays: it says where the end is
            return 0
        step = -(-(state.size - budget) * state.messages // state.size)
        begin = self._log.at(1)
        for _ in range(_TRIES):
            there = self._log.at(min(state.first + step, state.last))
            if there is None or begin is None or there.part is None or begin.part is None or step == 0:
                return 0
            if there.part.first <= below and _arrived(there.part, oldest=True) < before:
                return self._purge(there.part.first, begin.part.first)
            step //= 2
        return 0

    def _purge(self, position: int, start: int) -> int:
        sequence = self._log.seek(position - 1)
        self._log.link.request(f"STREAM.PURGE.{self._log.url.name}", {"seq": sequence})
        for each in self._log.beside(anew=True):
            if each < sequence:
                self._log.link.request(f"STREAM.PURGE.{self._log.side}", {"filter": f"{self._log.side}.rest.{each}"})
        self._known_at = 0.0
        return max(position - start, 0)

    def erase(self, positions: Sequence[int]) -> int:
        """Empty these records for ever (see the contract).

        The servers overwrite the bytes at once in the stream; a cluster's own logs follow with their next snapshot.
        """
        try:
            return self._erase(set(positions))
        except (UnknownFateError, RefusedError) as error:
            msg = f"the journal at {self._log.link.servers} cannot be rewritten ({error}); forget the device again"
            raise JournalError(msg) from error

    def _erase(self, positions: set[int]) -> int:
        self._settle()
        gone, left = 0, sorted(each for each in positions if 0 < each <= self.end)
        groups = Groups(self._log)
        while left:
            for group in groups.walk(left[0] - 1):
                gone += sum(self._emptied(each, positions) for each in group)
                last = group[0].last
                left = [each for each in left if each > last]
                if not left or left[0] > last + _FAR:
                    break  # what comes next is found sooner by searching
            else:
                return gone  # the rest is older than what is kept
        return gone

    def _emptied(self, placed: Placed, positions: set[int]) -> int:
        if placed.part is None:
            return 0
        part, many = erased(placed.part, positions)
        if many:
            self._replace(placed, part)
        return many

    def _replace(self, placed: Placed, part: Part) -> None:
        """Put what is left of a part beside the stream, then have its bytes overwritten."""
        side, name = self._log.side, self._log.url.name
        said = {LAST: str(placed.last), "Hub-Subject": placed.subject}
        self._log.link.publish(Outgoing(f"{side}.rest.{placed.sequence}", packed(part), said))
        stream, sequence = (side, placed.beside) if placed.beside else (name, placed.sequence)
        if stream == name and placed.sequence == self._sequence:
            self._mark()  # the end must not be forgotten with it
        self._log.link.request(f"STREAM.MSG.DELETE.{stream}", {"seq": sequence, "no_erase": False})

    def _mark(self) -> None:
        """Put a message into the stream that says where its end is, and holds nothing."""
        part = Part(self.end + 1, 0, self.epoch, 0, late=False, places=[], messages=[])
        mark = _Group(secrets.token_hex(8), [], [(0, part)], 0)
        self._doubts[mark.id] = mark
        said = self._outgoing(0, part, self.end)
        self._account(mark, self._log.link.commit(mark.id, [said], after=self._sequence))
        self._doubts.clear()

    def close(self) -> None:
        """Give the connection back."""
        self._log.close()


class Trail:
    """Where the parts lay that a reader has passed lately; for any thread.

    Attributes:
        broken: places of parts that could not be read, the newest ones.
    """

    def __init__(self) -> None:
        """Begin nowhere."""
        self.broken: frozenset[int] = frozenset()
        self._lock = threading.Lock()
        self._passed: dict[str, deque[tuple[int, int]]] = {}
        self._newest = 0

    def note(self, group: Sequence[Placed]) -> None:
        """Take the parts of a group that was passed."""
        with self._lock:
            for each in group:
                self._passed.setdefault(each.subject, deque(maxlen=TRAIL)).append((each.sequence, each.last))
            self._newest = group[0].last
        broken = [each.sequence for each in group if each.part is None]
        if broken:
            self.broken = frozenset(sorted({*self.broken, *broken})[-TRAIL:])

    def forget(self) -> None:
        """Begin nowhere again: the stream was made anew."""
        with self._lock:
            self._passed, self._newest, self.broken = {}, 0, frozenset()

    def newest(self) -> int:
        """Return the position that was passed last; 0: none yet."""
        with self._lock:
            return self._newest

    def until(self, subject: str, sequence: int) -> int:
        """Return the last position whose group has no part of this subject beyond a place; 0: it is not known any more.

        Nothing is told of what was not read here: a server may be behind another.
        """
        with self._lock:
            passed = [*self._passed.get(subject, ())]
        at = bisect_right(passed, sequence, key=lambda each: each[0])
        beyond = passed[at][1] if at < len(passed) else None  # a large group has several parts of one subject
        return next((last for _, last in reversed(passed[:at]) if last != beyond), 0)


class Groups:
    """Reads whole groups of a log, in order; goes on where it was without searching again."""

    def __init__(self, log: Log) -> None:
        """Begin nowhere."""
        self.damaged = 0
        self.trail = Trail()
        self._log = log
        self._at = (0, 1)
        """A position, and from which place on what follows it lies."""

    def read(self, after: int, limit: int, end: int = 0) -> list[Record]:
        """Return up to about `limit` records above a position, in whole groups; `end`: how far there are some."""
        found: list[Record] = []
        for group in self.walk(after, end):
            parts = [each.part for each in group if each.part is not None]
            self.damaged += len(group) - len(parts)
            self.trail.note(group)
            found += records(parts, after)
            if len(found) >= limit:
                break
        return found

    def walk(self, after: int, end: int = 0) -> "_Walk":
        """Return the groups that reach beyond a position; `end`: how far there are some, 0: not known."""
        sequence = self._at[1] if self._at[0] == after else self._log.seek(after)
        return _Walk(self._log, sequence, self._stand, end)

    def _stand(self, position: int, sequence: int) -> None:
        self._at = position, sequence


class _Walk:
    """The groups from a place on, one after the other."""

    def __init__(self, log: Log, sequence: int, stand: Callable[[int, int], None], end: int = 0) -> None:
        self._log = log
        self._end = end
        self._passed = 0
        self._next = sequence
        self._stand = stand
        self._ahead: list[Placed] = []
        self._more = True
        self._until: float | None = None

    def __iter__(self) -> "_Walk":
        return self

    def __next__(self) -> list[Placed]:
        while True:
            if (group := self._taken()) is not None:
                beyond = self._ahead[0].sequence if self._ahead else self._next
                self._passed = group[0].last
                self._stand(group[0].last, beyond)
                if any(each.part is None or each.part.count for each in group):
                    return group
                continue
            if not self._more and not self._waits():
                raise StopIteration
            found, self._next, self._more = self._log.parts(self._next)
            self._ahead += found

    def _taken(self) -> list[Placed] | None:
        """Take the first group that is whole, or followed by another."""
        if not self._ahead:
            return None
        last = self._ahead[0].last
        size = next((at for at, (_, each) in enumerate(pairwise(self._ahead), 1) if each.last != last), None)
        group = self._ahead[:size] if size is not None else self._ahead
        parts = [each.part for each in group if each.part is not None]
        if size is None and not (len(parts) == len(group) and (whole(parts) or not parts[0].count)):
            return None
        self._ahead = self._ahead[len(group) :]
        return group

    def _waits(self) -> bool:
        """Wait a moment for the rest of a group that has just begun, or for a server that is behind."""
        if not self._ahead and self._until is None:
            if 0 < self._end <= self._passed:
                return False  # as far as it was said to go: nobody need be asked
            if self._log.state().last < self._next:
                return False
        now = time.monotonic()
        self._until = now + CATCH_UP_S if self._until is None else self._until
        if now < self._until:
            time.sleep(AGAIN_S / 4)
            return True
        return False


class JetStreamReader:
    """A reader of the stream, from any of its servers.

    Attributes:
        damaged: parts that could not be read, and were passed over.
    """

    def __init__(self, url: Url) -> None:
        """Read the journal, which may not exist yet.

        Raises:
            ConfigError: nats-py is not installed.
        """
        self._log = Log(url)
        self._groups = Groups(self._log)
        self._seen = (0, 0)
        self._opening, self._opening_at = Opening(0, 0), -LOOKED_S

    @property
    def damaged(self) -> int:
        """Parts passed over."""
        return self._groups.damaged

    @property
    def trail(self) -> Trail:
        """Where the groups lay that it has read lately."""
        return self._groups.trail

    @property
    def end(self) -> int:
        """Position of the last committed record; while no server answers, as it was seen last.

        Raises:
            NewerError: this version cannot read it.
        """
        try:
            last = self._log.state().last
            if last != self._seen[0]:
                newest = self._log.newest(self._seen[0] if last > self._seen[0] else 0)
                self._seen = (last, self._seen[1] if newest is None else newest.last)
        except NewerError:
            raise
        except JournalError:
            pass
        return self._seen[1]

    @property
    def start(self) -> int:
        """Position of the oldest record kept."""
        for group in _Walk(self._log, 1, lambda _position, _sequence: None):
            return min((each.part.first for each in group if each.part is not None), default=self.end + 1)
        return self.end + 1

    @property
    def opening(self) -> Opening:
        """The newest opening of the append side, as it was a moment ago: no position of a stream has two meanings.

        One that is not known is looked for each time: who reads without it would not tell this stream from the next.
        """
        now = time.monotonic()
        if not self._opening.id or now - self._opening_at >= LOOKED_S:
            with suppress(JournalError):  # while no server answers, as it was seen last
                self._opening = self._log.opening()
                self._opening_at = now
        return self._opening

    def read(self, after: int, limit: int, *, end: int = 0) -> list[Record]:
        """Return up to about `limit` records above `after`, in order; `end`: how far there are some, 0: not known.

        Raises:
            JournalError: no server answers.
        """
        if (end or self.end) <= after:
            return []
        return self._groups.read(after, limit, end)

    def close(self) -> None:
        """Give the connection back."""
        self._log.close()


def _placed(found: Stored) -> Placed:
    """Return the part of a message.

    Raises:
        NewerError: this version cannot read it.
    """
    wrote = int(found.headers.get(IN_FORMAT, 1))
    if wrote > FORMAT:
        msg = (
            f"the journal was written by a newer version of the hub (format {wrote}, this one knows {FORMAT});"
            " install that version on every worker"
        )
        raise NewerError(msg)
    last, arrived = int(found.headers.get(LAST, 0)), int(found.headers.get(ARRIVED, 0))
    return Placed(found.sequence, last, found.subject, unpacked(found.data), arrived=arrived)


def _arrived(part: Part, *, oldest: bool = False) -> int:
    """Return when a part's newest message arrived, or its oldest [ns]; 0: it holds none."""
    return (min if oldest else max)((message.received for message in part.messages), default=0)
