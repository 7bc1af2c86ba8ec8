"""Hundreds of simulated devices as a load: pre-encoded MQTT packets, QoS 1, each device with its own connection.

Speaks only what it needs of MQTT 3.1.1 (http://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html): CONNECT
with a will, PUBLISH, PUBACK, DISCONNECT. A paho client would cost more than the hub that it loads.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from device_sims.devices import Packet
from device_sims.errors import SimulationError
from device_sims.link import HANG_UP_S, Broker

CONNACK_OK = b"\x20\x02\x00\x00"
PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
PUBACK, PUBLISH_QOS1, CONNACK = 0x40, 0x32, 0x20
DUP = 0x08
HEADER = 2
"""Type and size: every packet that a publisher gets is short, so the size takes one byte."""
PACKET_IDS = 65_535
WINDOW = 100
"""Messages of one device that may wait for PUBACK; above, the device skips, as a clogged one does."""
KEEPALIVE_S = 60
CONNECT_TIMEOUT_S = 10.0
AT_ONCE = 50
"""Connections opened at the same time."""
TICK_S = 0.01


def text(value: str) -> bytes:
    """Return an MQTT string: two bytes of length, then UTF-8."""
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def framed(kind: int, body: bytes) -> bytes:
    """Return a packet: type and flags, the variable-length size, the body."""
    size, length = len(body), bytearray()
    while True:
        size, low = divmod(size, 128)
        length.append(low | (128 if size else 0))
        if not size:
            return bytes([kind]) + bytes(length) + body


def connect(client_id: str, will: Packet, broker: Broker) -> bytes:
    """Return CONNECT with a clean session and a will at QoS 1."""
    flags = 0x02 | 0x04 | 0x08 | (0x20 if will.retain else 0)
    rest = text(client_id) + text(will.topic) + len(will.payload).to_bytes(2, "big") + will.payload
    if broker.user is not None:
        flags |= 0x80 | (0x40 if broker.password is not None else 0)
        rest += text(broker.user) + (text(broker.password) if broker.password is not None else b"")
    return framed(0x10, text("MQTT") + bytes([4, flags]) + KEEPALIVE_S.to_bytes(2, "big") + rest)


def publish(topic: str, payload: bytes, number: int, *, retain: bool = False, again: bool = False) -> bytes:
    """Return PUBLISH at QoS 1 with packet id `number`; `again` sets its DUP flag."""
    return framed(PUBLISH_QOS1 | retain | (DUP if again else 0), text(topic) + number.to_bytes(2, "big") + payload)


class Member(asyncio.Protocol):
    """One connection of the swarm.

    Attributes:
        sent, acknowledged: PUBLISH and PUBACK so far.
        waits_s: how long each PUBACK took [s], the newest few thousand.
    """

    def __init__(self, hello: bytes, confirmed: Callable[[], None] | None = None) -> None:
        """Prepare it with its CONNECT packet; `confirmed` is called at each PUBACK, in the order of sending."""
        self.sent = 0
        self.acknowledged = 0
        self.waits_s: deque[float] = deque(maxlen=2000)
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hello = hello
        self._confirmed = confirmed
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._pending: deque[float] = deque()

    @property
    def gone(self) -> bool:
        """Whether the connection has ended."""
        return self._transport is None

    @property
    def clogged(self) -> bool:
        """Whether too much waits for its acknowledgement, or the connection is gone."""
        return self._transport is None or self.sent - self.acknowledged >= WINDOW

    def say(self, packet: Packet, *, again: bool = False) -> bool:
        """Publish at QoS 1, for the first time or `again`; False when the connection is clogged."""
        if self.clogged or self._transport is None:
            return False
        number = self.sent % PACKET_IDS + 1
        self._transport.write(publish(packet.topic, packet.payload, number, retain=packet.retain, again=again))
        self.sent += 1
        self._pending.append(time.monotonic())
        return True

    def ping(self) -> None:
        """Keep the connection alive."""
        if self._transport is not None:
            self._transport.write(PINGREQ)

    def say_goodbye(self) -> None:
        """Tell the broker that it leaves."""
        if self._transport is not None:
            self._transport.write(DISCONNECT)

    def hang_up(self) -> None:
        """End the connection once all that was said is on its way."""
        if self._transport is not None:
            self._transport.close()

    def leave(self) -> None:
        """Take leave of the broker at once; rumqttd may say the will of whoever hangs up so soon."""
        self.say_goodbye()
        self.hang_up()

    def abort(self) -> None:
        """Break the connection without a word: the broker says the will."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say CONNECT."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 — what create_connection makes
        self._transport = transport
        transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        """Count PUBACKs; a broker acknowledges in the order of sending."""
        data = self._buffer + data
        at = 0
        now = time.monotonic()
        while len(data) - at >= HEADER and len(data) - at >= HEADER + data[at + 1]:
            kind = data[at] & 0xF0
            if kind == PUBACK and self._pending:
                self.acknowledged += 1
                self.waits_s.append(now - self._pending.popleft())
                if self._confirmed is not None:
                    self._confirmed()
            elif kind == CONNACK:
                self._welcomed(data[at : at + 4])
            at += HEADER + data[at + 1]
        self._buffer = data[at:]

    def _welcomed(self, answer: bytes) -> None:
        if self.ready.done():
            return
        if answer == CONNACK_OK:
            self.ready.set_result(None)
        else:
            self.ready.set_exception(SimulationError(f"the broker refuses a device: CONNACK code {answer[3]}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that it is gone."""
        self._transport = None
        if not self.ready.done():
            self.ready.set_exception(SimulationError(f"the broker closed a connection before CONNACK ({exc})"))


async def gather(broker: Broker, devices: list[tuple[str, Packet]]) -> list[Member]:
    """Connect (client id, will) devices, some at a time; return them all connected.

    Raises:
        SimulationError: the broker cannot be reached or refuses one.
    """
    if broker.tls:
        msg = "a fleet speaks plain MQTT only; give an mqtt:// address"
        raise SimulationError(msg)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(client_id: str, will: Packet) -> Member:
        async with gate:
            loop = asyncio.get_running_loop()
            member = Member(connect(client_id, will, broker))
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await loop.create_connection(lambda: member, broker.host, broker.port)
                    await member.ready
            except (OSError, TimeoutError) as error:
                msg = f"broker {broker}: {str(error) or 'no answer'}"
                raise SimulationError(msg) from error
            return member

    return list(await asyncio.gather(*(one(client_id, will) for client_id, will in devices)))


async def part(members: Sequence[Member]) -> None:
    """Let all take leave of the broker, which hangs up on them: rumqttd says the will of whoever is quicker."""
    for member in members:
        member.say_goodbye()
    for _ in range(round(HANG_UP_S / TICK_S)):
        if all(member.gone for member in members):
            return
        await asyncio.sleep(TICK_S)
    for member in members:
        member.hang_up()
