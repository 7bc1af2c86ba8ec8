"""The MQTT edge: one thread reads, commits and acknowledges, in this order (reliability.md §2.1–2.3).

paho reads byte by byte and one packet an event; `BufferedClient` serves it from one large read instead, and takes whole
PUBLISH packets out of it itself (measured: 42 → 14 µs a message, commit included). What it overrides is private, so
paho's minor version is pinned and a test fails when the hooks are no longer called.
"""

import contextlib
import logging
import random
import selectors
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from urllib.parse import unquote

import paho.mqtt.client as paho
from msgspec import Struct
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from hub.errors import JournalError
from hub.ingest.batch import Batch
from hub.ingest.dial import CONNECT_S, Dialler
from hub.ingest.session import Settings, granted, remember
from hub.journal.base import Journal

READ = 262_144
"""Bytes asked of one `recv`."""
KEEPALIVE_S = 15
RETRY_COMMIT_S = 0.5
RESUME_QUIET_S = 0.05
"""After a resumed session the first group waits for this much quiet: it must hold all that is delivered again."""
DRAINED_S = 2.0
"""Quiet for so long, a resumed session is drained even where our own message does not come back."""
PROBE_S = 5.0
"""A message to ourselves this often: only its return proves that the subscription lives."""
PROBES = 3
UNSAID_S = 10.0
"""A command that could not be said for longer is dropped: late is worse than never."""

_PUBACK = struct.Struct("!BBH")
_SMALLEST = 4
"""Bytes of the shortest PUBLISH that is looked at."""
_LONGEST = 28
"""Bits of the longest remaining length (3.1.1 §2.2.3)."""
_DISCONNECT = b"\xe0\x00"
_LOG = logging.getLogger(__name__)


class Counters(Struct):
    """How the edge is; the fields of `link.Status` by the same names."""

    connected: bool = False
    subscribed: bool = False
    session_present: bool | None = None
    gap: int = 0
    reason: str | None = None
    received: int = 0
    acknowledged: int = 0
    epoch: int = 0
    late: bool = False


class BufferedClient(paho.Client):
    """paho's client over one large read and one joined write; the sockets are made elsewhere.

    Attributes:
        dry: the last `loop_read` took all there was.
    """

    def __init__(
        self, client_id: str, heard: Callable[[bytes, bytes, int, bool, int], None], enough: Callable[[], bool]
    ) -> None:
        """Prepare a persistent session with manual acknowledgement.

        Args:
            client_id: the session's name.
            heard: called with each message: topic, payload, QoS, retain flag, packet id.
            enough: asked after each message; True ends `loop_read` early, with bytes left.
        """
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.suppress_exceptions = True
        self.dry = True
        self.on_message = self._slowly_heard
        self.on_socket_register_write = lambda *_: None  # paho then leaves the writing to `flush`
        self._heard = heard
        self._enough = enough
        self._ahead = b""
        self._at = 0
        self._behind = bytearray()
        self._ready_socket: socket.socket | None = None

    def take(self, ready: socket.socket) -> MQTTErrorCode:
        """Begin a connection on a connected socket; nothing of the connection before reaches it."""
        self._ready_socket = ready
        self._ahead, self._at, self.dry = b"", 0, True
        self._behind.clear()
        return self.reconnect()

    def acknowledge(self, ids: Sequence[int]) -> None:
        """Send PUBACKs in this order, after everything said before; `flush` puts them on the wire."""
        self._behind += b"".join([_PUBACK.pack(paho.PUBACK, 2, number) for number in ids])

    def flush(self) -> bool:
        """Send what was said; True when the socket would not take all of it yet."""
        if self.want_write():
            self.loop_write()
        if self._behind and self._sock is not None:
            try:
                sent = self._sock.send(self._behind)
                del self._behind[:sent]
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
            except OSError:
                self.lose()
        return bool(self._behind)

    def leave(self) -> None:
        """Send all that was said and DISCONNECT, and close; the session stays at the broker."""
        if isinstance(self._sock, socket.socket):
            with contextlib.suppress(OSError):
                self._sock.settimeout(1.0)
                self._sock.sendall(self._behind + _DISCONNECT)
        self.drop()

    def drop(self) -> None:
        """Close the socket without a word, and without `on_disconnect`."""
        self._behind.clear()
        self.dry = True
        self._sock_close()

    def lose(self) -> None:
        """Close the socket as if the network had broken it."""
        self._behind.clear()
        self.dry = True
        self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 — the signature is paho's
        """Handle packets until all bytes read are used up, or `enough` says so: the selector will not report them."""
        while self._sock is not None:
            if self._in_packet["command"] == 0 and self._take_messages():
                self.dry = False
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            code = self._packet_read()
            if code == MQTTErrorCode.MQTT_ERR_AGAIN:
                self.dry = self._at == len(self._ahead)
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            if code > 0:
                self.dry = True
                return self._loop_rc_handle(code)
            if self._enough():
                self.dry = False
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        self.dry = True
        return MQTTErrorCode.MQTT_ERR_NO_CONN

    def _take_messages(self) -> bool:
        """Hand over the whole PUBLISH packets that lie ahead (3.1.1 §3.3); True when that is enough for now.

        What is not whole, malformed or of another kind is left to paho's own reader.
        """
        ahead, at, size = self._ahead, self._at, len(self._ahead)
        enough = False
        while not enough and size - at >= _SMALLEST and ahead[at] & 0xF0 == paho.PUBLISH:
            length, begin, shift = ahead[at + 1], at + 2, 7
            while length >> shift and shift < _LONGEST and begin < size:
                length = (length & ((1 << shift) - 1)) | ahead[begin] << shift
                begin += 1
                shift += 7
            end, topic_at = begin + length, begin + 2
            if length >> shift or end > size or topic_at > end:
                break
            qos = ahead[at] >> 1 & 3
            topic_end = topic_at + (ahead[begin] << 8 | ahead[begin + 1])
            payload_at = topic_end + 2 if qos else topic_end
            if payload_at > end or qos > 1:
                break
            number = ahead[topic_end] << 8 | ahead[topic_end + 1] if qos else 0
            self._heard(ahead[topic_at:topic_end], ahead[payload_at:end], qos, bool(ahead[at] & 1), number)
            at = end
            enough = self._enough()
        if at != self._at:
            self._at = at
            self._last_bytes_received = time.monotonic()
        return enough

    def _slowly_heard(self, _c: object, _u: object, message: paho.MQTTMessage) -> None:
        """Hand over a message that paho read itself; its `topic` property raises where the bytes are not UTF-8."""
        topic = message._topic  # noqa: SLF001 — see above
        self._heard(topic, bytes(message.payload), message.qos, message.retain, message.mid)

    def _sock_recv(self, bufsize: int) -> bytes:
        """Serve paho's small reads from one large one; an empty one is the end of the stream."""
        at = self._at
        if at == len(self._ahead):
            self._ahead = super()._sock_recv(READ)
            at = 0
        piece = self._ahead[at : at + bufsize]
        self._at = at + len(piece)
        return piece

    def _sock_send(self, buf: bytes | bytearray) -> int:
        """Take everything at once, so that packets are never mixed, and send it joined."""
        self._behind += buf
        return len(buf)

    def _create_socket(self) -> socket.socket:
        ready, self._ready_socket = self._ready_socket, None
        if ready is None:
            raise ConnectionError("no socket was handed over")  # noqa: EM101, TRY003 — a bug, not a state
        return ready


class MqttEdge:
    """Reads the broker's messages into the journal, and acknowledges what is there; one thread calls everything."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        selector: selectors.BaseSelector,
        *,
        epoch: int,
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
        self._probe = f"matinales/hub/{settings.client_id}/probe"
        self._probe_at = 0.0
        self._probes_out = 0
        self._probe_seen = False
        self._commit_at: float | None = None
        self._held = False  # the journal takes nothing: read no more
        self._connack_by: float | None = None
        self._refusal: str | None = None
        self._tick_at = 0.0
        self._quiet_since = 0.0
        self._received_before = 0
        self._unsaid: deque[tuple[float, str, bytes, int, bool]] = deque(maxlen=1_000)
        self._watching = 0
        self._client = self._make_client()

    def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
        """Say something to the broker, or as soon as it is back, if that is soon."""
        self._unsaid.append((self._clock(), topic, payload, min(qos, 1), retain))
        self._say()

    def timeout(self) -> float:
        """Return how long the selector may wait [s]."""
        if not self._client.dry and not self._held:
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
        if not self._client.dry and not self._held:
            self._read()
        if self._commit_at is not None and now >= self._commit_at:
            self._commit()
        if (dialled := self._dialler.result()) is not None:
            self._begin(dialled)
        elif self._may_dial and now >= self._dialler.at:
            self._dialler.start()
        if now >= self._tick_at:
            self._tick(now)
        self._watch(more=self._client.flush())

    def close(self) -> None:
        """Commit what was read, acknowledge it and leave; the session stays at the broker."""
        if self.batch:
            self._commit()
        self._client.leave()

    # --- connection

    def _make_client(self) -> BufferedClient:
        client = BufferedClient(self._settings.client_id, self._heard, lambda: self.batch.enough)
        client.max_inflight_messages_set(1_000)
        client.max_queued_messages_set(10_000)
        parts = self._settings.parts
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        client.connect_async(self._settings.host, self._settings.port, KEEPALIVE_S)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_socket_close = lambda _c, _u, connection: self._watch_nothing(connection)
        return client

    @property
    def _may_dial(self) -> bool:
        return self._client.socket() is None and not self._dialler.busy and not self._held

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

    def _on_connect(self, _c: object, _u: object, flags: paho.ConnectFlags, code: ReasonCode, _p: object) -> None:
        self._connack_by = None
        if code.is_failure:
            self._refusal = f"the broker at {self._place} refuses us ({code}): check user and password"
            return  # paho closes and calls on_disconnect
        counters = self.counters
        counters.epoch += 1
        counters.connected = True
        counters.session_present = flags.session_present
        counters.reason = None
        counters.late = self.batch.resumed = flags.session_present
        before = granted(self._settings)
        if not flags.session_present and before is not None:
            counters.gap += 1
            _LOG.warning("The broker lost our session: messages sent while we were away may be missing")
        _LOG.info("Connected to the broker at %s, connection %d", self._place, counters.epoch)
        if flags.session_present and before == self._settings.session:
            counters.subscribed = True
        else:
            self._subscribe(before.filters if before is not None and flags.session_present else [])
        self._probes_out, self._probe_at, self._tick_at = 0, 0.0, 0.0
        self._say()
        self._changed()

    def _subscribe(self, before: list[str]) -> None:
        if gone := sorted(set(before) - set(self._settings.filters)):
            self._client.unsubscribe(gone)
        self._client.subscribe([(each, 1) for each in self._settings.filters])

    def _on_subscribe(self, _c: object, _u: object, _mid: int, codes: list[ReasonCode], _p: object) -> None:
        refused = [each for each, code in zip(self._settings.filters, codes, strict=False) if code.is_failure]
        if refused:
            self.counters.reason = f"the broker refuses the subscription to {', '.join(refused)}; check its access list"
            _LOG.warning("%s", self.counters.reason)
        else:
            self.counters.subscribed = True
            self._tick_at = 0.0
            remember(self._settings)
        self._changed()

    def _on_disconnect(self, _c: object, _u: object, _f: object, code: object, _p: object) -> None:
        counters = self.counters
        was = counters.connected
        counters.connected = counters.subscribed = False
        self._connack_by = None
        self.batch.ids.clear()  # those of a connection that is gone would confirm other messages
        if was:
            reason = f"the connection to the broker at {self._place} was lost ({code})"
        else:
            reason = self._refusal or f"the broker at {self._place} hung up before it took us: check user and password"
        self._refusal = None
        self._failed(reason)

    # --- messages

    def _heard(self, raw_topic: bytes, payload: bytes, qos: int, retained: bool, number: int) -> None:  # noqa: FBT001 — hot
        try:
            topic = raw_topic.decode()
        except UnicodeDecodeError:
            topic = raw_topic.decode(errors="backslashreplace")
        if qos:
            self.batch.ids.append(number)
        if topic.startswith(("$SYS/", self._probe)):
            self._hear_probe(topic, payload)
        else:
            self.batch.add(topic, payload, qos, self._wall_ns(), retained=retained)

    def _hear_probe(self, topic: str, payload: bytes) -> None:
        """Note that our own message came back; one of an earlier connection, delivered again, proves nothing."""
        if topic != self._probe or payload != self._nonce:
            return
        self._probes_out, self._probe_seen, self._dialler.attempts = 0, True, 0
        if self.counters.late or self.batch.resumed:
            self.batch.cut = True  # all before it waited for us, all after it did not

    @property
    def _nonce(self) -> bytes:
        return str(self.counters.epoch).encode()

    def _ready(self, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._watch(more=self._client.flush())
        if mask & selectors.EVENT_READ:
            self._read()

    def _read(self) -> None:
        try:
            self._client.loop_read()
        except Exception as error:  # noqa: BLE001 — paho raises anything at a malformed packet; the process must live
            _LOG.warning("The broker sent what is not MQTT: %s", error)
            self._client.lose()
        if not self.batch:
            return
        waits = self.batch.resumed and self._client.dry and not self.batch.enough
        if waits and self._client.socket() is not None:
            self._commit_at = self._clock() + RESUME_QUIET_S
        else:
            self._commit()

    def _commit(self) -> None:
        """Commit the group, then acknowledge it, in order of arrival, to the connection that delivered it."""
        counters, batch = self.counters, self.batch
        self._commit_at, self._held = None, False
        if batch.messages:
            if batch.resumed:
                self._journal.resumed(counters.epoch)
            try:
                self._journal.append(batch.messages, epoch=counters.epoch, late=counters.late)
            except JournalError as error:
                self._hold(str(error))
                return
            counters.received += len(batch.messages)
            batch.journalled()
            if counters.subscribed:
                counters.reason = None
        if self._client.socket() is not None:
            self._client.acknowledge(batch.ids)
            counters.acknowledged += len(batch.ids)
        batch.ids.clear()
        if batch.cut:
            self._drained()

    def _drained(self) -> None:
        """A resumed session has handed over all that waited for us."""
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
        if self._probe_seen and self._probes_out >= PROBES:
            _LOG.warning("The subscription at %s is silent: connecting again", self._place)
            self._client.lose()
            return
        self._probes_out += 1
        self._client.publish(self._probe, self._nonce, qos=1)

    def _say(self) -> None:
        while self._unsaid and self.counters.connected:
            since, topic, payload, qos, retain = self._unsaid.popleft()
            if self._clock() - since > UNSAID_S:
                continue
            try:
                self._client.publish(topic, payload, qos=qos, retain=retain)
            except ValueError as error:
                _LOG.warning("Not published to %r: %s", topic, error)

    def _watch(self, *, more: bool) -> None:
        """Watch the socket: for reading unless a group is held back, for writing while bytes wait."""
        connection = self._client.socket()
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

    def _watch_nothing(self, connection: "paho.SocketLike") -> None:
        if self._watching:
            self._watching = 0
            self._selector.unregister(connection)
