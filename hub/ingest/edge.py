"""The MQTT edge: one thread reads, commits and acknowledges, in this order (reliability.md §2.1–2.3)."""

import logging
import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from hub.errors import JournalError
from hub.ingest.batch import Batch
from hub.ingest.dial import CONNECT_S, Dialler
from hub.ingest.gaps import Gaps
from hub.ingest.heralds import Heard, Heralds
from hub.ingest.lookout import UPTIME, UPTIME_S, Lookout
from hub.ingest.mqtt import DUP, QOS, RETAINED, BufferedClient
from hub.ingest.session import Settings, forget, remember, remembered
from hub.journal.base import Journal

RETRY_COMMIT_S = 0.5
HUBS = "matinales/hub/"
"""Under which each hub speaks to itself."""
RESUME_QUIET_S = 1.0
"""After a resumed session the first group must hold all that is delivered again: our own message behind it tells, or,
where that does not come back, this much quiet. A broker that others keep from running halts for much of a second."""
RESUME_S = 3.0
"""However steadily others speak, it waits no longer after the connection."""
DRAINED_S = 2.0
"""Quiet for so long, a resumed session is drained even where our own message does not come back."""
PROBE_S = 5.0
"""A message to ourselves this often: only its return proves that the subscription lives."""
PROBES = 3
SPURNED = 2
"""After so many connections that ended at our question since when the broker runs, it is asked no more."""
UNSAID_S = 10.0
"""A command that could not be said for longer is dropped: late is worse than never."""
MOST_UNSAID = 10_000
"""So many may wait to be said: each of as many new devices is asked something at once (300 B each)."""
_LOG = logging.getLogger(__name__)


class Counters(Struct):
    """How the edge is; the fields of `link.Status` by the same names."""

    connected: bool = False
    subscribed: bool = False
    session_present: bool | None = None
    reason: str | None = None
    received: int = 0
    acknowledged: int = 0
    epoch: int = 0
    late: bool = False


class MqttEdge:
    """Reads the broker's messages into the journal, and acknowledges what is there; one thread calls everything."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        selector: selectors.BaseSelector,
        *,
        epoch: int,
        gaps: Gaps,
        contact: int = 0,
        announced: Callable[[], Heard],
        wake: Callable[[], None],
        changed: Callable[[], None],
        chance: random.Random,
        wall_ns: Callable[[], int] = time.time_ns,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; the first `turn` dials.

        Args:
            settings: whom to connect to, and as whom.
            journal: the append side.
            selector: asked to watch the broker's socket.
            epoch: number of the newest connection in the journal; the next connection counts on.
            gaps: takes down what may be missing.
            contact: when something was last heard, by an earlier process [ns].
            announced: asks the broker for the runs announced there; called in a thread.
            wake: interrupts the selector from another thread.
            changed: told that the counters changed in a way somebody waits for.
            chance: jitter of the back-off.
            wall_ns: arrival time [ns].
            clock: time of delays [s].

        Raises:
            ConfigError: the URL is no MQTT URL.
        """
        self.counters = Counters(epoch=epoch)
        self.batch = Batch(settings.window)
        self._settings = settings
        self._place = f"{settings.host}:{settings.port}"
        self._journal = journal
        self._selector = selector
        self._changed = changed
        self._wall_ns = wall_ns
        self._clock = clock
        self._dialler = Dialler(settings, wake, chance)
        self._lookout = Lookout(settings, gaps, contact)
        self._restarted = False
        self._subscribing: int | None = None
        self._heralds = Heralds(announced, wake)
        self._deaf = False  # the session has not heard anything yet
        self._awaits: int | None = None  # the connection that subscribes once it is known which runs are announced
        self._uptime_by = self._resumed_by = 0.0
        self._asked: int | None = None  # number of the question since when the broker runs, while it is open
        self._spurned = 0
        self._probe = settings.probe
        self._connection = b""
        self._nonce = b""  # of the newest probe
        self._probe_said = self._probe_heard = 0
        self._probe_heard_at = 0
        self._probe_at = 0.0
        self._probes_out = 0
        self._probe_seen = False
        self._commit_at: float | None = None
        self._held = False  # the journal takes nothing: read no more
        self._connack_by: float | None = None
        self._tick_at = 0.0
        self._quiet_since = 0.0
        self._received_before = self._received_at_probe = 0
        self._unsaid: deque[tuple[float, str, bytes, int, bool]] = deque(maxlen=MOST_UNSAID)
        self._own = 0  # acknowledgements due to our own messages
        self._watching = 0
        self._client = BufferedClient(settings, self)

    def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
        """Say something to the broker, or as soon as it is back, if that is soon."""
        self._unsaid.append((self._clock(), topic, payload, min(qos, 1), retain))
        self._say()

    @property
    def behind(self) -> bool:
        """Whether more was received than could be taken so far."""
        return not self._client.dry and not self._held

    def timeout(self) -> float:
        """Return how long the selector may wait [s]."""
        if self.behind:
            return 0.0
        times = [self._tick_at]
        if self._commit_at is not None:
            times.append(self._commit_at)
        if self._may_dial:
            times.append(self._dialler.at)
        return max(min(times) - self._clock(), 0.0)

    def turn(self) -> None:
        """Do what is due: read what is left over, commit, dial, keep alive."""
        now = self._clock()
        if self.behind:
            self._read()
        if self._commit_at is not None and now >= self._commit_at:
            self._commit()
        if (dialled := self._dialler.result()) is not None:
            self._begin(dialled)
        elif self._may_dial and now >= self._dialler.at:
            self._dialler.start()
        if (heard := self._heralds.result()) is not None:
            self._hear_runs(*heard)
        if now >= self._tick_at:
            self._tick(now)
        if self._unsaid:
            self._say()
        self._watch(more=self._client.flush())

    def close(self) -> None:
        """Commit what was read, acknowledge it and leave; the session stays at the broker."""
        if self.batch:
            self._commit()
        self._client.leave()

    # --- connection

    @property
    def _may_dial(self) -> bool:
        return self._client.connection is None and not self._dialler.busy and not self._held

    def _begin(self, dialled: socket.socket | OSError) -> None:
        if isinstance(dialled, OSError):
            self._failed(f"the broker at {self._place} does not answer ({dialled})")
            return
        self.batch.ids.clear()
        self._client.take(dialled)
        self._connack_by = self._clock() + CONNECT_S
        self._tick_at = 0.0

    def _failed(self, reason: str) -> None:
        self._dialler.failed(self._clock())
        if self.counters.reason != reason:
            _LOG.warning("No broker: %s", reason)
            self.counters.reason = reason
            self._changed()

    def taken(self, *, session_present: bool) -> None:
        """Begin to listen: subscribe unless the resumed session is."""
        self._connack_by = None
        counters = self.counters
        counters.epoch += 1
        # an earlier process may have had this number too: where nothing was journalled, epochs begin anew
        self._connection = b"%d-%d-" % (counters.epoch, self._wall_ns())
        self._probe_said = self._probe_heard = 0
        counters.connected = True
        counters.session_present = session_present
        counters.reason = None
        counters.late = self.batch.resumed = session_present
        self._resumed_by = self._clock() + RESUME_S
        before = remembered(self._settings)
        self._lookout.met(self._wall_ns(), resumed=session_present, known=before is not None)
        if not session_present and before is not None:
            _LOG.warning("The broker lost our session: messages sent while we were away may be missing")
        _LOG.info("Connected to the broker at %s, connection %d", self._place, counters.epoch)
        self._deaf = self._deaf or not session_present
        if self._deaf:
            self._begin_session()
        elif before == self._settings.session:
            counters.subscribed = True
        else:  # a session that was another's was told of runs too
            self._subscribe(before.filters if before is not None else [])
        self._ask_uptime()
        self._probes_out, self._probe_at, self._tick_at, self._quiet_since = 0, 0.0, 0.0, self._clock()
        self._say()
        self._changed()

    def _begin_session(self) -> None:
        """Subscribe for the first time, once it is known which runs are announced."""
        forget(self._settings)
        if self._settings.hears_runs:
            self._awaits = self.counters.epoch
            self._heralds.start(self._awaits)
        else:
            self._subscribe([])

    def _hear_runs(self, asked: int, found: Heard) -> None:
        """Take what is announced before anything that a device left at the broker."""
        if self._awaits != asked:  # by a connection that is gone
            return
        self._awaits = None
        for topic, payload in found:
            self.batch.add(topic, payload, 0, self._wall_ns(), retained=True, again=False)
        if self.batch:
            self._commit()
        self._subscribe([])

    def _subscribe(self, before: Sequence[str]) -> None:
        """Subscribe, and give up what the session had before and we do not want."""
        if gone := sorted(set(before) - set(self._settings.subscriptions)):
            self._client.unsubscribe(gone)
        _, self._subscribing = self._client.subscribe([(each, 1) for each in self._settings.subscriptions])

    def _ask_uptime(self) -> None:
        """Ask since when the broker runs: until it says so, the first group of a resumed session waits a moment."""
        self._restarted = False
        asks = self._lookout.asking and self._spurned < SPURNED
        self.batch.undecided = asks and self.batch.resumed
        if asks:
            self._uptime_by = self._clock() + UPTIME_S
            _, self._asked = self._client.subscribe([(UPTIME, 0)])

    def _hear_uptime(self, payload: bytes) -> None:
        """Learn whether the broker was restarted while it kept our session."""
        self.batch.undecided = False
        if self._lookout.answered(payload, self._wall_ns()):
            self._restarted = True
            _LOG.warning("The broker was restarted: messages it confirmed shortly before may be missing")
            self._changed()

    def granted(self, number: int, answers: list[bool]) -> None:
        """Note what the broker lets us hear."""
        if number == self._asked:
            self._asked = None
        if number != self._subscribing:
            return
        refused = [each for each, good in zip(self._settings.subscriptions, answers, strict=False) if not good]
        if refused:
            self.counters.reason = f"the broker refuses the subscription to {', '.join(refused)}; check its access list"
            _LOG.warning("%s", self.counters.reason)
        else:
            self.counters.subscribed = True
            self._tick_at = 0.0
            self._lookout.listening(self._wall_ns())
            remember(self._settings)
            self._deaf = False
        self._changed()

    def lost(self, reason: str, *, refused: bool) -> None:
        """Forget the ids of a connection that is gone: they would confirm other messages."""
        counters = self.counters
        was, counters.connected, counters.subscribed = counters.connected, False, False
        if self._asked is not None:  # some brokers hang up on whoever asks for what is not allowed
            self._asked, self._spurned = None, self._spurned + 1
        if was:
            # our own message that came back proves that nothing waited; another may have waited in the socket for long
            self._lookout.parted(self._probe_heard_at or self.batch.last or self._wall_ns())
        self._connack_by = None
        self._awaits = None
        self.batch.ids.clear()
        self._own = 0
        if was:
            self._failed(f"the connection to the broker at {self._place} was lost ({reason})")
        elif refused:
            self._failed(f"the broker at {self._place} refuses us ({reason}): check user and password")
        else:
            self._failed(f"the broker at {self._place} hung up before it took us: check user and password")

    # --- messages

    @property
    def enough(self) -> bool:
        """Whether the group must be committed before more is read."""
        return self.batch.enough

    def heard(self, raw_topic: bytes, payload: bytes, head: int, number: int) -> None:
        """Take a message into the group."""
        try:
            topic = raw_topic.decode()
        except UnicodeDecodeError:
            topic = raw_topic.decode(errors="backslashreplace")
        qos = (head & QOS) >> 1
        if qos:
            self.batch.ids.append(number)
        if topic.startswith(("$SYS/", self._probe)):
            self._own += qos > 0
            self._hear_own(topic, payload)
        elif self._settings.shares and topic.startswith(HUBS):
            self._own += qos > 0  # another hub's, which has it too: it is nobody's message
        else:
            again, retained = bool(head & DUP), bool(head & RETAINED)
            self.batch.add(topic, payload, qos, self._wall_ns(), retained=retained, again=again)

    def _hear_own(self, topic: str, payload: bytes) -> None:
        """Note that our own message came back; one of an earlier connection, delivered again, proves nothing."""
        if topic == UPTIME:
            self._hear_uptime(payload)
        if topic != self._probe or not payload.startswith(self._connection):
            return
        self._hear_number(int(payload[len(self._connection) :]))
        self._probes_out, self._probe_seen, self._dialler.attempts = 0, True, 0
        if self.counters.late or self.batch.resumed:
            self.batch.cut = True  # all before it waited for us, all after it did not

    def _hear_number(self, number: int) -> None:
        """Look whether probes before this one did not come back: the broker dropped what waited for us."""
        now = self._wall_ns()
        if number > self._probe_heard + 1:
            _LOG.warning("The broker dropped messages that waited for us: we were too slow, or away for too long")
            self._lookout.missed(self._probe_heard_at or now, now)
        self._probe_heard, self._probe_heard_at = max(number, self._probe_heard), now

    def _ready(self, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._watch(more=self._client.flush())
        if mask & selectors.EVENT_READ:
            self._read()

    def _read(self) -> None:
        wrong = self._client.read()
        if wrong is not None:
            _LOG.warning("The broker sent what is not MQTT: %s", wrong)
        if not self.batch:
            return
        waits = self.batch.resumed and self._client.dry and not self.batch.enough
        if waits and self._client.connection is not None:
            patience = self._uptime_by if self.batch.undecided else 0.0
            self._commit_at = max(min(self._clock() + RESUME_QUIET_S, self._resumed_by), patience)
        else:
            self._commit()

    def _commit(self) -> None:
        """Commit the group, then acknowledge it, in order of arrival, to the connection that delivered it."""
        counters, batch = self.counters, self.batch
        self._commit_at, self._held = None, False
        if batch.messages:
            if batch.resumed:
                self._journal.resumed(counters.epoch, restarted=self._restarted and batch.again)
            try:
                self._journal.append(batch.messages, epoch=counters.epoch, late=counters.late)
            except JournalError as error:
                self._hold(str(error))
                return
            counters.received += len(batch.messages)
            if counters.late:
                self._lookout.took(batch.messages)
            batch.journalled()
            if counters.subscribed:
                counters.reason = None
        if self._client.connection is not None:
            self._client.acknowledge(batch.ids)
            counters.acknowledged += len(batch.ids) - self._own
        batch.ids.clear()
        self._own = 0
        if batch.cut:
            self._drained()

    def _drained(self) -> None:
        """A resumed session has handed over all that waited for us."""
        if self.counters.late:
            self._lookout.drained()
        self.batch.cut = self.batch.resumed = self.counters.late = False
        self._changed()

    def _hold(self, reason: str) -> None:
        """Keep the group and read no more: the broker keeps what we do not acknowledge."""
        self._commit_at, self._held = self._clock() + RETRY_COMMIT_S, True
        if self.counters.reason != reason:
            _LOG.error("%s", reason)
            self.counters.reason = reason
            self._changed()

    # --- upkeep

    def _tick(self, now: float) -> None:
        self._tick_at = now + 1.0
        if self._connack_by is not None and now >= self._connack_by:
            self._connack_by = None
            self._client.drop()
            self._failed(f"what listens at {self._place} did not answer CONNECT within {CONNECT_S:.0f} s")
        if self.counters.connected:
            self._client.loop_misc()
        if self.counters.subscribed and now >= self._probe_at:
            self._send_probe(now)
        if self.counters.received != self._received_before:
            self._received_before, self._quiet_since = self.counters.received, now
        elif self.counters.late and now - self._quiet_since >= DRAINED_S and not self.batch:
            self._drained()

    def _send_probe(self, now: float) -> None:
        self._probe_at = now + PROBE_S
        if self.counters.received != self._received_at_probe:  # a long backlog comes first, and is no silence
            self._received_at_probe, self._probes_out = self.counters.received, 0
        if self._probe_seen and self._probes_out >= PROBES:
            _LOG.warning("The subscription at %s is silent: connecting again", self._place)
            self._client.lose()
            return
        self._probes_out += 1
        self._probe_said += 1
        self._nonce = b"%s%d" % (self._connection, self._probe_said)
        self._client.publish(self._probe, self._nonce, qos=1)

    def _say(self) -> None:
        while self._unsaid and self.counters.connected and self._client.has_room:
            since, topic, payload, qos, retain = self._unsaid.popleft()
            if self._clock() - since > UNSAID_S:
                continue
            try:
                self._client.publish(topic, payload, qos=qos, retain=retain)
            except ValueError as error:
                _LOG.warning("Not published to %r: %s", topic, error)

    def _watch(self, *, more: bool) -> None:
        """Watch the socket: for reading unless a group is held back, for writing while bytes wait."""
        connection = self._client.connection
        wanted = (0 if self._held else selectors.EVENT_READ) | (selectors.EVENT_WRITE if more else 0)
        if connection is None or wanted == self._watching:
            return
        if not self._watching:
            self._selector.register(connection, wanted, self._ready)
        elif not wanted:
            self._selector.unregister(connection)
        else:
            self._selector.modify(connection, wanted, self._ready)
        self._watching = wanted

    def closing(self, connection: socket.socket) -> None:
        """Watch this socket no more."""
        if self._watching:
            self._watching = 0
            self._selector.unregister(connection)
