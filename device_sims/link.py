"""MQTT for simulated devices: each has a connection of its own, with its own will, all on one event loop.

The only place of the simulators that knows paho. paho's sockets are watched by the event loop (`add_reader`), never
by a thread per device; on Windows the simulators therefore run on asyncio's selector loop.
"""

import asyncio
import contextlib
import logging
import random
import socket
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device_sims.devices import Packet
from device_sims.errors import SimulationError
from hub.waiting import soon

_LOG = logging.getLogger(__name__)

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 5.0
FAREWELL_S = 0.5
"""What a broker gets to answer, and a connection that is being made to be there, when a device takes leave."""
HANG_UP_S = 2.0
"""How long a broker gets to hang up on who took leave [s]."""
FIRST_RETRY_S, MOST_RETRY_S = 0.05, 5.0
"""A broker that starts beside the simulators is found within a twentieth of a second; full jitter above."""
MOST_WAITING = 1000
"""Messages of one device that a slow broker has not acknowledged: above, telemetry is dropped, as a device does."""


class Broker(NamedTuple):
    """Where to connect."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: bool = False

    def __str__(self) -> str:
        """Return the address without the password."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def parse_url(url: str) -> Broker:
    """Read `mqtt://[user:password@]host[:port]`; `mqtts://` for TLS.

    Raises:
        SimulationError: something else.
    """
    parts = urlsplit(url if "://" in url else f"mqtt://{url}")
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or port == -1 or parts.path.strip("/"):
        msg = "the broker's address has the form mqtt://[user:password@]host:port"
        raise SimulationError(msg)
    tls = parts.scheme == "mqtts"
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return Broker(parts.hostname, port or (8883 if tls else 1883), user, password, tls)


class Connection:
    """One MQTT connection that comes back for ever.

    Attributes:
        up: set while the broker has accepted it.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        will: Packet | Callable[[], Packet] | None = None,
        qos: int = 1,
        subscribe: tuple[str, ...] = (),
        on_up: Callable[[], None] | None = None,
        on_message: Callable[[str, bytes, bool], None] | None = None,
    ) -> None:
        """Prepare it; `start` connects.

        Args:
            broker: where.
            client_id: its name there.
            will: what the broker says when it breaks, at QoS 1; asked anew at each connection where it is a function.
            qos: of what `send` sends.
            subscribe: filters, at QoS 1, taken again after each connection.
            on_up: called after each connection, subscriptions sent.
            on_message: called with topic, payload and the retain flag.
        """
        self.up = asyncio.Event()
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._qos = qos
        self._subscribe = subscribe
        self._on_up = on_up
        self._on_message = on_message
        self._down = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._acknowledged: dict[int, asyncio.Future[None]] = {}
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self._task: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[MQTTErrorCode] | None = None
        self._refused = ""
        self._closed = False
        self._will = will
        self._client = self._make(client_id)

    def start(self) -> None:
        """Connect, now and after each loss."""
        self._task = self._loop.create_task(self._run(), name="mqtt connection")

    def send(self, packet: Packet) -> bool:
        """Send without waiting; False where there is no connection or it is clogged: the message is lost."""
        if not self.up.is_set() or self._waiting() >= MOST_WAITING:
            return False
        sent = self._client.publish(packet.topic, packet.payload, self._qos, packet.retain)
        return sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _waiting(self) -> int:
        """Return how many messages are not acknowledged, or at QoS 0 not yet written."""
        client = self._client
        return len(client._out_messages) if self._qos else len(client._out_packet)  # noqa: SLF001 — paho tells no other way

    def tell(self, topic: str, payload: bytes) -> None:
        """Send at QoS 0 where there is a connection."""
        if self.up.is_set():
            self._client.publish(topic, payload, 0)

    async def publish(self, packet: Packet, timeout_s: float = 10.0) -> None:
        """Send at QoS 1 and wait for the broker's PUBACK, over reconnections.

        Raises:
            SimulationError: none came within `timeout_s`.
        """
        mid = 0
        try:
            async with asyncio.timeout(timeout_s):
                await self.up.wait()
                mid = self._client.publish(packet.topic, packet.payload, 1, packet.retain).mid
                self._acknowledged[mid] = self._loop.create_future()
                await self._acknowledged[mid]
        except TimeoutError:
            self._acknowledged.pop(mid, None)
            msg = f"the broker {self._broker} did not acknowledge within {timeout_s:.0f} s{self._refused}"
            raise SimulationError(msg) from None

    async def subscribed(self, timeout_s: float = 10.0) -> None:
        """Wait until the broker has confirmed the subscriptions.

        Raises:
            SimulationError: it did not within `timeout_s`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(self._subscribed)
        except TimeoutError:
            msg = f"the broker {self._broker} did not answer within {timeout_s:.0f} s{self._refused}"
            raise SimulationError(msg) from None

    def drop(self) -> None:
        """Break the connection without a word, so that the broker says the will; `resume` brings it back."""
        self._wanted.clear()
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def resume(self) -> None:
        """Connect again after `drop`."""
        self._wanted.set()

    async def close(self) -> None:
        """Take leave of the broker, which may not have answered yet: else it would say the will."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connecting is not None:
            await asyncio.wait([self._connecting], timeout=FAREWELL_S)
            self._connecting.cancel()  # one that waits for a thread is not begun: others wait for that thread too
        self._closed = True
        self._down.clear()
        if self._is_open:
            await self._say_goodbye()
        self._forget_socket()
        for future in self._acknowledged.values():
            future.cancel()
        self._subscribed.cancel()

    # inside

    async def _say_goodbye(self) -> None:
        """Say DISCONNECT, and hang up once the broker has: rumqttd says the will of whoever does both at once.

        paho hangs up in the moment that it has said it; until all that stand for a connection are closed it lasts.
        """
        sock = self._client.socket()
        if not isinstance(sock, socket.socket):
            return
        try:
            held = socket.fromfd(sock.fileno(), sock.family, sock.type)
        except OSError:  # no more files: better a will that is said than a run that does not end
            self._client.disconnect()
            return
        with held:
            held.settimeout(0)
            if self._client.disconnect() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
            await soon(self._down, FAREWELL_S)
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(HANG_UP_S):
                    while await self._loop.sock_recv(held, 4096):
                        pass

    def _make(self, client_id: str) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
        client.max_inflight_messages_set(100)
        client.connect_timeout = CONNECT_TIMEOUT_S
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls:
            client.tls_set()
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_publish = self._published
        client.on_subscribe = self._subscriptions_taken
        client.on_message = self._received
        client.on_socket_open = self._socket_opened
        client.on_socket_close = self._socket_closed
        client.on_socket_register_write = self._socket_waits
        client.on_socket_unregister_write = self._socket_written
        return client

    def _leave_will(self) -> None:
        will = self._will() if callable(self._will) else self._will
        if will is not None:
            self._client.will_set(will.topic, will.payload, 1, will.retain)

    async def _run(self) -> None:
        retry_s = FIRST_RETRY_S
        complained = False
        while True:
            await self._wanted.wait()
            self._down.clear()
            self._leave_will()
            try:
                where = self._broker.host, self._broker.port, KEEPALIVE_S
                self._connecting = asyncio.create_task(asyncio.to_thread(self._client.connect, *where))
                self._connecting.add_done_callback(_looked_at)
                await asyncio.shield(self._connecting)
                if await self._stays_up():
                    retry_s, complained = FIRST_RETRY_S, False
                reason = self._refused or ": the connection ended"
            except (OSError, ValueError) as error:
                reason = self._refused = f": {error}"
            if self._wanted.is_set() and not complained:
                complained = True
                _LOG.info("broker %s%s; trying again", self._broker, reason)
            await asyncio.sleep(random.uniform(retry_s / 2, retry_s))  # noqa: S311 — jitter, not a secret
            retry_s = min(retry_s * 1.6, MOST_RETRY_S)

    async def _stays_up(self) -> bool:
        """Keep the connection alive until it ends; tell whether it was ever accepted."""
        accepted = False
        waited_s = 0.0
        while not self._down.is_set():
            await soon(self._down, 1.0)
            accepted = accepted or self.up.is_set()
            waited_s += 1.0
            if not self._down.is_set():
                self._client.loop_misc()
            if not self.up.is_set() and waited_s >= CONNECT_TIMEOUT_S:
                self._refused = ": it accepts connections but says nothing"
                break
        accepted = accepted or self.up.is_set()
        self.up.clear()
        self._forget_socket()
        return accepted

    @property
    def _is_open(self) -> bool:
        sock = self._client.socket()
        return isinstance(sock, socket.socket) and sock.fileno() >= 0  # paho keeps one that was forgotten

    def _forget_socket(self) -> None:
        sock = self._client.socket()
        if isinstance(sock, socket.socket) and self._is_open:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            with contextlib.suppress(OSError):
                sock.close()

    def _on_loop(self, call: Callable[..., Any], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop closed while a connection was being made
            self._loop.call_soon_threadsafe(call, *arguments)

    def _socket_opened(self, _client: Client, _data: object, sock: Any) -> None:  # noqa: ANN401 — paho's own union
        self._on_loop(self._watch, sock)

    def _watch(self, sock: Any) -> None:  # noqa: ANN401 — paho's own union
        if self._closed:
            sock.close()
        elif sock.fileno() >= 0:
            self._loop.add_reader(sock, self._readable)

    def _socket_closed(self, _client: Client, _data: object, sock: Any) -> None:  # noqa: ANN401 — paho's own union
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

    def _socket_waits(self, _client: Client, _data: object, sock: Any) -> None:  # noqa: ANN401 — paho's own union
        self._on_loop(self._watch_writing, sock)

    def _watch_writing(self, sock: Any) -> None:  # noqa: ANN401 — paho's own union
        number = sock.fileno()
        if number >= 0 and self._client.socket() is sock and self._client.want_write():
            self._loop.add_writer(number, self._write)

    def _write(self) -> None:
        self._client.loop_write()

    def _socket_written(self, _client: Client, _data: object, sock: Any) -> None:  # noqa: ANN401 — paho's own union
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock)

    def _readable(self) -> None:
        self._client.loop_read()
        sock = self._client.socket()
        while isinstance(sock, ssl.SSLSocket) and sock.pending():  # the selector does not see these bytes
            self._client.loop_read()
            sock = self._client.socket()

    def _connected(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._refused = f": it refused the connection: {code}"
            return
        self._refused = ""
        if not self._wanted.is_set():  # dropped while it connected
            self.drop()
            return
        if self._subscribe:
            client.subscribe([(pattern, 1) for pattern in self._subscribe])
        self.up.set()
        if self._on_up is not None:
            self._on_up()

    def _disconnected(
        self, _client: Client, _data: object, _flags: DisconnectFlags, _code: ReasonCode, _properties: Properties | None
    ) -> None:
        self.up.clear()
        self._down.set()

    def _published(self, _client: Client, _data: object, mid: int, _code: ReasonCode, _properties: Properties) -> None:
        future = self._acknowledged.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(None)

    def _subscriptions_taken(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            _LOG.warning("broker %s refuses a subscription to %s", self._broker, ", ".join(self._subscribe))
        if not self._subscribed.done():
            self._subscribed.set_result(None)

    def _received(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if self._on_message is None:
            return
        try:
            self._on_message(message.topic, bytes(message.payload), message.retain)
        except Exception:  # noqa: BLE001 — a callback that raises would end the connection
            _LOG.exception("message on %r", message.topic)


def _looked_at(task: asyncio.Task[MQTTErrorCode]) -> None:
    """Take note of how a connection ended that nobody may wait for any more: asyncio would log it as an error."""
    if not task.cancelled():
        task.exception()
