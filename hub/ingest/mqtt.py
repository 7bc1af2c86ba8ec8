"""The MQTT edge: one thread reads, commits and acknowledges, in this order (reliability.md §2.1–2.3).

paho reads byte by byte and one packet an event; `BufferedClient` serves it from one large read instead. The methods it
overrides are private, so paho's minor version is pinned and a test fails when they are no longer called.
"""

import logging
import random
import selectors
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
import paho.mqtt.client as paho
from msgspec import Struct
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from hub.errors import ConfigError, JournalError
from hub.journal.base import Journal
from hub.model import KEPT_OF_LARGER, MAX_WHOLE, NS, Message, Source

READ = 262_144
"""Bytes asked of one `recv`."""
BATCH_BYTES = 262_144
BATCH_MESSAGES = 1_000
BATCH_NS = 10_000_000
"""A group closes at half the window, this many bytes, messages or nanoseconds, or when the socket has run dry."""
KEEPALIVE_S = 15
CONNECT_S = 5.0
RETRY_S = 0.5
RETRY_CAP_S = 30.0
RETRY_CAP_LOOPBACK_S = 1.0
REFUSED_CAP_S = 30.0
RESUME_QUIET_S = 0.05
"""After a resumed session the first group waits for this much quiet: it must hold all that is delivered again."""
PROBE_S = 5.0
"""A message to ourselves this often: only its return proves that the subscription lives."""
UNSAID_S = 10.0
"""A command that could not be said for longer is dropped: late is worse than never."""

_PUBACK = struct.Struct("!BBH")
_LOG = logging.getLogger(__name__)


class Settings(Struct, frozen=True, kw_only=True):
    """What the edge is told.

    Attributes:
        url: `mqtt[s]://[user:password@]host[:port]`.
        client_id: fixed, the session's name at the broker.
        filters: subscriptions; exactly `#` on the embedded broker.
        window: messages that the broker keeps in flight towards us.
        state: file that remembers what the session is subscribed to.
    """

    url: str
    client_id: str
    filters: tuple[str, ...] = ("#",)
    window: int = 100
    state: Path


class Session(Struct, frozen=True):
    """What the broker's session was last granted: a resumed session does not learn new filters by itself."""

    url: str
    client_id: str
    filters: list[str]


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
    oversize: int = 0


class BufferedClient(paho.Client):
    """paho's client over one large read and one joined write; the sockets are made elsewhere.

    Attributes:
        dry: the last `loop_read` took all there was.
        enough: asked after each packet; True ends `loop_read` early, with bytes left.
    """

    def __init__(self, client_id: str, enough: Callable[[], bool]) -> None:
        """Prepare a persistent session with manual acknowledgement."""
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
        self.enough = enough
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
                self._behind.clear()
                self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        return bool(self._behind)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 — the signature is paho's
        """Handle packets until all bytes read are used up, or `enough` says so: the selector will not report them."""
        while self._sock is not None:
            code = self._packet_read()
            if code == MQTTErrorCode.MQTT_ERR_AGAIN:
                self.dry = self._at == len(self._ahead)
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            if code > 0:
                self.dry = True
                return self._loop_rc_handle(code)
            if self.enough():
                self.dry = False
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        self.dry = True
        return MQTTErrorCode.MQTT_ERR_NO_CONN

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
    """Reads the broker's messages into the journal, and acknowledges what is there.

    Everything happens in the thread that calls `turn`; only `_dial` runs in a thread of its own, for one connection.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        selector: selectors.BaseSelector,
        *,
        epoch: int,
        wake: Callable[[], None],
        committed: Callable[[int], None],
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
            committed: told the journal's end after each group.
            changed: told that the counters changed in a way somebody waits for.
            chance: jitter of the back-off.
            wall_ns: arrival time [ns].
            clock: time of delays [s].

        Raises:
            ConfigError: the URL is no MQTT URL.
        """
        self.counters = Counters(epoch=epoch)
        self._settings = settings
        self._parts = parsed(settings.url)
        self._journal = journal
        self._selector = selector
        self._wake = wake
        self._committed = committed
        self._changed = changed
        self._chance = chance
        self._wall_ns = wall_ns
        self._clock = clock
        self._half = max(settings.window // 2, 1)
        self._probe = f"matinales/hub/{settings.client_id}/probe"
        self._pending: list[Message] = []
        self._acks: list[int] = []
        self._bytes = 0
        self._first_ns = 0
        self._last_ns = 0
        self._cut = False  # a group must end here
        self._resumed = False  # the next group may repeat the tail
        self._commit_at: float | None = None
        self._attempts = 0
        self._dial_at = 0.0
        self._dialling = False
        self._dialled: deque[socket.socket | OSError] = deque()
        self._connack_by: float | None = None
        self._tick_at = 0.0
        self._probe_at = 0.0
        self._probes_out = 0
        self._probe_seen = False
        self._unsaid: deque[tuple[float, str, bytes, int, bool]] = deque(maxlen=1_000)
        self._watching = 0
        self._client = self._make_client()

    def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
        """Say something to the broker, or as soon as it is back, if that is soon."""
        self._unsaid.append((self._clock(), topic, payload, min(qos, 1), retain))
        self._say()

    def timeout(self) -> float:
        """Return how long the selector may wait [s]."""
        if not self._client.dry:
            return 0.0
        times = [self._tick_at]
        if self._commit_at is not None:
            times.append(self._commit_at)
        if self._client.socket() is None and not self._dialling:
            times.append(self._dial_at)
        return max(min(times) - self._clock(), 0.0)

    def turn(self) -> None:
        """Do what is due: read what is left over, commit, dial, keep alive."""
        now = self._clock()
        if not self._client.dry:
            self._read()
        if self._commit_at is not None and now >= self._commit_at:
            self._commit()
        if self._dialled:
            self._begin(self._dialled.popleft())
        elif self._client.socket() is None and not self._dialling and now >= self._dial_at:
            self._dialling = True
            threading.Thread(target=self._dial, name="dial", daemon=True).start()
        if now >= self._tick_at:
            self._tick(now)
        self._watch(self._client.flush())

    def close(self) -> None:
        """Commit what was read, acknowledge it and leave; the session stays at the broker."""
        if self._pending or self._acks:
            self._commit()
        if self._client.socket() is not None:
            self._client.disconnect()
            self._client.flush()
            self._client.on_socket_close = None
            self._watch_nothing()
            self._client._sock_close()  # noqa: SLF001 — paho closes only when its own loop has written DISCONNECT

    # --- connection

    def _make_client(self) -> BufferedClient:
        client = BufferedClient(self._settings.client_id, self._enough)
        client.max_inflight_messages_set(1_000)
        client.max_queued_messages_set(10_000)
        if self._parts.username:
            client.username_pw_set(unquote(self._parts.username), unquote(self._parts.password or ""))
        client.connect_async(self._parts.hostname or "", self._port, KEEPALIVE_S)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_close = lambda *_: self._watch_nothing()
        client.on_socket_register_write = lambda *_: None  # paho then leaves the writing to `flush`
        return client

    @property
    def _port(self) -> int:
        return self._parts.port or (8883 if self._parts.scheme == "mqtts" else 1883)

    def _dial(self) -> None:
        """Connect in a thread of its own: a black hole must not stop the other edges."""
        try:
            ready = socket.create_connection((self._parts.hostname or "", self._port), timeout=CONNECT_S)
            try:
                ready.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._parts.scheme == "mqtts":
                    ready = ssl.create_default_context().wrap_socket(ready, server_hostname=self._parts.hostname)
            except OSError:
                ready.close()
                raise
            self._dialled.append(ready)
        except OSError as error:
            self._dialled.append(error)
        self._wake()

    def _begin(self, dialled: socket.socket | OSError) -> None:
        self._dialling = False
        if isinstance(dialled, OSError):
            self._failed(f"the broker at {self._parts.hostname}:{self._port} does not answer ({dialled})")
            return
        self._acks.clear()
        self._client.take(dialled)
        self._connack_by = self._clock() + CONNECT_S
        self._tick_at = 0.0

    def _failed(self, reason: str) -> None:
        """Wait before the next attempt, longer each time, with full jitter; a broker beside us is tried each second."""
        cap = RETRY_CAP_LOOPBACK_S if self._parts.hostname in {"127.0.0.1", "localhost", "::1"} else RETRY_CAP_S
        delay = min(RETRY_S * 2 ** min(self._attempts, 10), cap)
        self._attempts += 1
        self._dial_at = self._clock() + 0.05 + self._chance.uniform(0, delay)
        if self.counters.reason != reason:
            _LOG.warning("No broker: %s", reason)
            self.counters.reason = reason
            self._changed()

    def _on_connect(self, _c: object, _u: object, flags: paho.ConnectFlags, code: ReasonCode, _p: object) -> None:
        self._connack_by = None
        if code.is_failure:
            self._client._sock_close()  # noqa: SLF001 — paho would wait for the broker to hang up
            self._failed(f"the broker refuses us: {code}; check user and password in HUB_BROKER_URL")
            self._dial_at = self._clock() + RETRY_CAP_LOOPBACK_S
            return
        counters = self.counters
        had_session = self._granted() is not None
        counters.epoch += 1
        counters.connected = True
        counters.session_present = flags.session_present
        counters.reason = None
        self._attempts = 0
        counters.late = self._resumed = flags.session_present
        if not flags.session_present and had_session:
            counters.gap += 1
            _LOG.warning("The broker lost our session: messages sent while we were away may be missing")
        _LOG.info("Connected to the broker, connection %d, session %s", counters.epoch, flags.session_present)
        self._subscribe(resumed=flags.session_present)
        self._probes_out, self._probe_at = 0, 0.0
        self._tick_at = 0.0
        self._say()
        self._changed()

    def _subscribe(self, *, resumed: bool) -> None:
        granted = self._granted() if resumed else None
        if granted == self._wanted():
            self.counters.subscribed = True
            return
        if granted is not None and (gone := sorted(set(granted.filters) - set(self._settings.filters))):
            self._client.unsubscribe(gone)
        self._client.subscribe([(each, 1) for each in self._settings.filters])

    def _on_subscribe(self, _c: object, _u: object, _mid: int, codes: list[ReasonCode], _p: object) -> None:
        refused = [each for each, code in zip(self._settings.filters, codes, strict=False) if code.is_failure]
        if refused:
            self.counters.reason = f"the broker refuses the subscription to {', '.join(refused)}; check its access list"
            _LOG.warning("%s", self.counters.reason)
        else:
            self.counters.subscribed = True
            draft = self._settings.state.with_suffix(".new")
            draft.write_bytes(msgspec.json.encode(self._wanted()))
            draft.replace(self._settings.state)
        self._changed()

    def _wanted(self) -> Session:
        place = f"{self._parts.username or ''}@{self._parts.hostname}:{self._port}"
        return Session(place, self._settings.client_id, list(self._settings.filters))

    def _granted(self) -> Session | None:
        """Return what this session was granted, None when it is another's or unknown."""
        try:
            session = msgspec.json.decode(self._settings.state.read_bytes(), type=Session)
        except (OSError, msgspec.DecodeError):
            return None
        wanted = self._wanted()
        return session if (session.url, session.client_id) == (wanted.url, wanted.client_id) else None

    def _on_disconnect(self, _c: object, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
        counters = self.counters
        was = counters.connected
        counters.connected = counters.subscribed = counters.late = False
        self._connack_by = None
        self._acks.clear()  # ids of a connection that is gone would confirm other messages
        self._failed(f"the connection to the broker was lost ({code})")
        if was:
            self._changed()

    # --- messages

    def _on_message(self, _c: object, _u: object, heard: paho.MQTTMessage) -> None:
        try:
            topic = heard.topic
        except UnicodeDecodeError:
            topic = heard._topic.decode(errors="backslashreplace")  # noqa: SLF001 — the property only raises
        if heard.qos:
            self._acks.append(heard.mid)
        if topic.startswith(("$SYS/", self._probe)):
            self._housekeeping(topic)
            return
        now = self._wall_ns()
        if 0 <= self._last_ns - now < NS:  # two messages never share an arrival time
            now = self._last_ns + 1
        self._last_ns = now
        if not self._pending:
            self._first_ns = now
        payload = bytes(heard.payload)
        message = Message(topic, payload, now, Source.MQTT, heard.retain, qos=heard.qos)
        if len(payload) > MAX_WHOLE:
            message = cut(message)
            self.counters.oversize += 1
        self._pending.append(message)
        self._bytes += len(message.payload)

    def _housekeeping(self, topic: str) -> None:
        if topic != self._probe:
            return
        self._probes_out, self._probe_seen = 0, True
        if self.counters.late or self._resumed:
            self._cut = True  # all before it is late, all after it is not

    def _enough(self) -> bool:
        """Whether the group must be committed now."""
        held = self._settings.window if self._resumed else self._half
        return (
            self._cut
            or len(self._acks) >= held
            or len(self._pending) >= BATCH_MESSAGES
            or self._bytes >= BATCH_BYTES
            or (not self._resumed and bool(self._pending) and self._last_ns - self._first_ns >= BATCH_NS)
        )

    def _ready(self, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._watch(self._client.flush())
        if mask & selectors.EVENT_READ:
            self._read()

    def _read(self) -> None:
        self._client.loop_read()
        if not self._pending and not self._acks and not self._cut:
            return
        quiet = self._resumed and self._client.dry and not self._enough()
        if quiet and self._client.socket() is not None:
            self._commit_at = self._clock() + RESUME_QUIET_S
        else:
            self._commit()

    def _commit(self) -> None:
        """Commit the group, then acknowledge it, in order of arrival, to the connection that delivered it."""
        counters = self.counters
        self._commit_at = None
        if self._pending:
            if self._resumed:
                self._journal.resumed(counters.epoch)
            try:
                end = self._journal.append(self._pending, epoch=counters.epoch, late=counters.late)
            except JournalError as error:
                self._hold(str(error))
                return
            counters.received += len(self._pending)
            self._pending = []
            self._bytes = 0
            self._resumed = False
            self._committed(end)
        if self._client.socket() is not None:
            self._client.acknowledge(self._acks)
            counters.acknowledged += len(self._acks)
        self._acks.clear()
        if self._cut:
            self._cut = self._resumed = counters.late = False
            self._changed()

    def _hold(self, reason: str) -> None:
        """Keep the group and read no more: the broker keeps what we do not acknowledge."""
        self._commit_at = self._clock() + RETRY_S
        self._watch_nothing()
        if self.counters.reason != reason:
            _LOG.error("%s", reason)
            self.counters.reason = reason
            self._changed()

    # --- upkeep

    def _tick(self, now: float) -> None:
        self._tick_at = now + 1.0
        if self._connack_by is not None and now >= self._connack_by:
            self._connack_by = None
            self._client._sock_close()  # noqa: SLF001 — it speaks, but not MQTT
            self._failed(f"the broker at {self._parts.hostname}:{self._port} did not answer CONNECT within {CONNECT_S:.0f} s")
        if self.counters.connected:
            self._client.loop_misc()
        if self.counters.subscribed and now >= self._probe_at:
            self._send_probe(now)

    def _send_probe(self, now: float) -> None:
        self._probe_at = now + PROBE_S
        if self._probe_seen and self._probes_out >= 3:  # noqa: PLR2004 — three times unheard is no chance
            self.counters.reason = "the broker's subscription is silent: connecting again"
            _LOG.warning("%s", self.counters.reason)
            self._client._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)  # noqa: SLF001 — as if the socket broke
            return
        self._probes_out += 1
        self._client.publish(self._probe, b"", qos=1)

    def _say(self) -> None:
        if not self.counters.connected:
            return
        while self._unsaid:
            since, topic, payload, qos, retain = self._unsaid.popleft()
            if self._clock() - since > UNSAID_S:
                continue
            try:
                self._client.publish(topic, payload, qos=qos, retain=retain)
            except ValueError as error:
                _LOG.warning("Not published to %r: %s", topic, error)

    def _watch(self, more: bool) -> None:  # noqa: FBT001 — what `flush` returned
        """Watch the socket: for reading unless a group is held back, for writing while bytes wait."""
        connection = self._client.socket()
        held = self._commit_at is not None and not self._resumed
        wanted = (0 if held else selectors.EVENT_READ) | (selectors.EVENT_WRITE if more else 0)
        if connection is None or wanted == self._watching:
            return
        if not self._watching:
            self._selector.register(connection, wanted, self._ready)
        elif not wanted:
            self._selector.unregister(connection)
        else:
            self._selector.modify(connection, wanted, self._ready)
        self._watching = wanted

    def _watch_nothing(self) -> None:
        connection = self._client.socket()
        if self._watching:
            self._watching = 0
            for key in [*self._selector.get_map().values()]:
                if key.data == self._ready:
                    self._selector.unregister(key.fileobj)
        del connection


def cut(message: Message) -> Message:
    """Return an over-size message as it is journalled: its first KiB and its length."""
    return msgspec.structs.replace(
        message, payload=message.payload[:KEPT_OF_LARGER], length=message.length or len(message.payload)
    )


def parsed(url: str) -> SplitResult:
    """Return the parts of an MQTT URL.

    Raises:
        ConfigError: naming what is wrong with it, without its password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        msg = f"HUB_BROKER_URL is no address ({error}); write mqtt://host:1883"
        raise ConfigError(msg) from None
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        msg = f"HUB_BROKER_URL begins with {parts.scheme!r}: write mqtt://[user:password@]host[:port], or mqtts:// for TLS"
        raise ConfigError(msg)
    return parts


def shown(url: str) -> str:
    """Return the URL without its password."""
    parts = parsed(url)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{user}{parts.hostname}{port}"
