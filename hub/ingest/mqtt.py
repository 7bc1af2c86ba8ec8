"""paho, made fast and told what to do by `hub.ingest.edge`; the only place that knows paho (reliability.md §2.1).

paho reads byte by byte and one packet an event; `BufferedClient` serves it from one large read instead, and takes whole
PUBLISH packets out of it itself (measured: 42 → 14 µs a message, commit included). What it overrides is private, so
paho's minor version is pinned and a test fails when the hooks are no longer called.
"""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import unquote

from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from hub.ingest.session import Settings
from hub.ingest.sparing import spared

with spared("urllib.request", unless="socks"):  # mail and HTTP, 1.5 MB: paho looks there for a SOCKS proxy, by PySocks
    import paho.mqtt.client as paho

READ = 262_144
"""Bytes asked of one `recv`."""
KEEPALIVE_S = 15
IN_FLIGHT = 250
"""QoS 1 messages of ours that the broker has not confirmed."""
MOST_SAID = 200
"""Of them, others' than the edge's probes, which always find a place; paho keeps 1 KB of each, and looks at all of them
at each confirmation (measured, source: `_update_inflight`)."""
DUP, QOS, RETAINED = 0x08, 0x06, 0x01
"""Flags in the first byte of a PUBLISH (3.1.1 §3.3.1)."""
_PUBACK = struct.Struct("!BBH")
_SMALLEST = 4
"""Bytes of the shortest PUBLISH that is looked at."""
_LONGEST = 28
"""Bits of the longest remaining length (3.1.1 §2.2.3)."""
_DISCONNECT = b"\xe0\x00"


class Listener(Protocol):
    """Who is told what happens on the connection."""

    def taken(self, *, session_present: bool) -> None:
        """CONNACK: the broker took us."""

    def lost(self, reason: str, *, refused: bool) -> None:
        """The connection is gone; `refused`: the broker said no before it took us."""

    def closing(self, connection: socket.socket) -> None:
        """This socket is about to be closed."""

    def granted(self, number: int, answers: list[bool]) -> None:
        """SUBACK: whether each filter of SUBSCRIBE `number` was granted."""

    def heard(self, topic: bytes, payload: bytes, head: int, number: int) -> None:
        """A message: the first byte of its packet (its flags are below), and its packet id."""

    @property
    def enough(self) -> bool:
        """Asked after each message; True ends `loop_read` early, with bytes left."""


class BufferedClient(paho.Client):
    """paho's client over one large read and one joined write; the sockets are made elsewhere.

    Attributes:
        dry: the last `loop_read` took all there was.
    """

    def __init__(self, settings: Settings, listener: Listener) -> None:
        """Prepare a session, persistent unless told otherwise, with manual acknowledgement."""
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=settings.clean,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.dry = True
        self._listener = listener
        self._refusal: str | None = None
        self._ahead = b""
        self._at = 0
        self._behind = bytearray()
        self._ready_socket: socket.socket | None = None
        self.max_inflight_messages_set(IN_FLIGHT)
        parts = settings.parts
        if parts.username:
            self.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        self.connect_async(settings.host, settings.port, KEEPALIVE_S)
        self.on_connect = self._tell_connect
        self.on_disconnect = self._tell_disconnect
        self.on_subscribe = self._tell_subscribe
        self.on_message = self._tell_message
        self.on_socket_close = self._tell_socket_close
        self.on_socket_register_write = lambda *_: None  # paho then leaves the writing to `flush`

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
        if self.connection is not None:
            with contextlib.suppress(OSError):
                self.connection.settimeout(1.0)
                self.connection.sendall(self._behind + _DISCONNECT)
        self.drop()

    def drop(self) -> None:
        """Close the socket without a word, and without `on_disconnect`."""
        self._behind.clear()
        self.dry = True
        self._sock_close()

    @property
    def has_room(self) -> bool:
        """Whether the broker confirmed enough of what was said that more may be."""
        return len(self._out_messages) < MOST_SAID

    @property
    def connection(self) -> socket.socket | None:
        """The open socket, for a selector."""
        return self._sock if isinstance(self._sock, socket.socket) else None

    def lose(self) -> None:
        """Close the socket as if the network had broken it."""
        self._behind.clear()
        self.dry = True
        self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)

    def read(self) -> str | None:
        """Read what there is; return what was wrong with it when it was no MQTT (the connection is closed then)."""
        try:
            self.loop_read()
        except Exception as error:  # noqa: BLE001 — paho raises anything at a malformed packet; the process must live
            self.lose()
            return str(error) or type(error).__name__
        return None

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
            if self._listener.enough:
                self.dry = False
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        self.dry = True
        return MQTTErrorCode.MQTT_ERR_NO_CONN

    def _take_messages(self) -> bool:
        """Hand over the whole PUBLISH packets that lie ahead (3.1.1 §3.3); True when that is enough for now.

        What is not whole, malformed or of another kind is left to paho's own reader.
        """
        ahead, at, size = self._ahead, self._at, len(self._ahead)
        enough, listener = False, self._listener
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
            listener.heard(ahead[topic_at:topic_end], ahead[payload_at:end], ahead[at], number)
            at = end
            enough = listener.enough
        if at != self._at:
            self._at = at
            self._last_bytes_received = time.monotonic()
        return enough

    def _tell_message(self, _c: object, _u: object, message: paho.MQTTMessage) -> None:
        """Hand over a message that paho read itself; its `topic` property raises where the bytes are not UTF-8."""
        topic = message._topic  # noqa: SLF001 — see above
        head = paho.PUBLISH | message.dup * DUP | message.qos << 1 | message.retain * RETAINED
        self._listener.heard(topic, bytes(message.payload), head, message.mid)

    def _tell_connect(self, _c: object, _u: object, flags: paho.ConnectFlags, code: ReasonCode, _p: object) -> None:
        self._refusal = f"{code}" if code.is_failure else None  # paho closes a refused one and tells `on_disconnect`
        if not code.is_failure:
            self._listener.taken(session_present=flags.session_present)

    def _tell_disconnect(self, _c: object, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
        self._listener.lost(self._refusal or f"{code}", refused=self._refusal is not None)
        self._refusal = None

    def _tell_subscribe(self, _c: object, _u: object, number: int, codes: list[ReasonCode], _p: object) -> None:
        self._listener.granted(number, [not code.is_failure for code in codes])

    def _tell_socket_close(self, _c: object, _u: object, connection: "paho.SocketLike") -> None:
        if isinstance(connection, socket.socket):
            self._listener.closing(connection)

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
