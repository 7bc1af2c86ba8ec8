"""A recording TCP proxy between broker and hub: every PUBLISH that reaches the hub, every PUBACK that it sends."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Self

PUBLISH, PUBACK = 0x30, 0x40
HOST = "127.0.0.1"
_LENGTH_BYTES = 4


class Packets:
    """Cuts a stream into MQTT packets (3.1.1 §2.2)."""

    def __init__(self) -> None:
        """Begin a stream."""
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Give the packets that are whole now: first byte, and what follows the length."""
        data, at = self._rest + data, 0
        while (found := _measured(data, at)) is not None:
            begin, end = found
            yield data[at], data[begin:end]
            at = end
        self._rest = data[at:]


def _measured(data: bytes, at: int) -> tuple[int, int] | None:
    """Return where the body of the packet at `at` begins and ends; None while it is not whole."""
    length = 0
    for place in range(min(_LENGTH_BYTES, len(data) - at - 1)):
        byte = data[at + 1 + place]
        length |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            begin = at + 2 + place
            return (begin, begin + length) if begin + length <= len(data) else None
    return None


class Recorded:
    """One connection of the hub.

    Attributes:
        heard: (topic, payload) of each PUBLISH, in order of arrival.
        acknowledged: (topic, payload) of each PUBACK, in order.
        out_of_order: PUBACKs that were not the oldest one due (MQTT-4.6.0-2).
        stray: PUBACKs of ids that this connection never delivered: of another epoch, or invented.
    """

    def __init__(self) -> None:
        """Begin a connection."""
        self.heard: list[tuple[str, bytes]] = []
        self.acknowledged: list[tuple[str, bytes]] = []
        self.out_of_order = 0
        self.stray = 0
        self._due: deque[tuple[int, str, bytes]] = deque()

    def published(self, head: int, body: bytes) -> None:
        """Take a PUBLISH of the broker."""
        size = int.from_bytes(body[:2], "big")
        topic, rest = body[2 : 2 + size].decode(errors="backslashreplace"), body[2 + size :]
        if head >> 1 & 3:
            self._due.append((int.from_bytes(rest[:2], "big"), topic, rest[2:]))
            rest = rest[2:]
        self.heard.append((topic, rest))

    def confirmed(self, body: bytes) -> None:
        """Take a PUBACK of the hub."""
        number = int.from_bytes(body[:2], "big")
        place = next((place for place, (due, *_) in enumerate(self._due) if due == number), None)
        if place is None:
            self.stray += 1
            return
        self.out_of_order += place > 0
        _, topic, payload = self._due[place]
        del self._due[place]
        self.acknowledged.append((topic, payload))


_TURNS = 3
"""Turns of the event loop in which a connection that was cut lets go of its socket: the loop may end with us."""


class Wire:
    """The proxy.

    Attributes:
        connections: of the hub, in order.
        port: where the hub connects.
    """

    def __init__(self, broker_port: int, *, acknowledged: Callable[[Recorded], None] | None = None) -> None:
        """Stand before the broker; `acknowledged` is told of each piece of PUBACKs before the broker gets it."""
        self.connections: list[Recorded] = []
        self.port = 0
        self._broker_port = broker_port
        self._acknowledged = acknowledged
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut every connection."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        for _turn in range(_TURNS):
            await asyncio.sleep(0)

    def cut(self) -> None:
        """Break what is connected now, as a bad cable would."""
        for task in self._tasks:
            task.cancel()

    async def _serve(self, hub: asyncio.StreamReader, to_hub: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 — asyncio calls us in one
        self._tasks.add(task)
        try:
            await self._between(hub, to_hub)
        except (OSError, asyncio.CancelledError):
            pass  # one of the two is gone, or we are told to end
        finally:
            self._tasks.discard(task)
            to_hub.transport.abort()

    async def _between(self, hub: asyncio.StreamReader, to_hub: asyncio.StreamWriter) -> None:
        broker, to_broker = await asyncio.open_connection(HOST, self._broker_port)
        recorded = Recorded()
        self.connections.append(recorded)
        ways = [
            asyncio.create_task(self._from_broker(broker, to_hub, recorded)),
            asyncio.create_task(self._from_hub(hub, to_broker, recorded)),
        ]
        try:
            ended, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ended:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            to_broker.close()  # before anything is waited for: a second cut may come meanwhile
            await asyncio.gather(*ways, return_exceptions=True)
            with contextlib.suppress(OSError):
                await to_broker.wait_closed()

    async def _from_broker(
        self, broker: asyncio.StreamReader, to_hub: asyncio.StreamWriter, recorded: Recorded
    ) -> None:
        packets = Packets()
        while data := await broker.read(65_536):
            for head, body in packets.feed(data):
                if head & 0xF0 == PUBLISH:
                    recorded.published(head, body)
            to_hub.write(data)
            await to_hub.drain()

    async def _from_hub(self, hub: asyncio.StreamReader, to_broker: asyncio.StreamWriter, recorded: Recorded) -> None:
        packets = Packets()
        while data := await hub.read(65_536):
            before = len(recorded.acknowledged)
            for head, body in packets.feed(data):
                if head & 0xF0 == PUBACK:
                    recorded.confirmed(body)
            if self._acknowledged is not None and len(recorded.acknowledged) > before:
                self._acknowledged(recorded)
            to_broker.write(data)
            await to_broker.drain()
