"""A small, fast QoS 1 publisher on raw sockets, and its command: `python -m hub.bench._publisher`.

It speaks only what it needs of MQTT 3.1.1 (http://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html):
CONNECT, PUBLISH at QoS 1, PUBACK, DISCONNECT. Paho would cost more than the hub that it loads.
"""

import argparse
import contextlib
import json
import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

LOGIN = "MATINALES_BENCH_LOGIN"
"""Where the broker asks who it is: `user:password`, not for the list of processes."""
_CONNACK_OK = b"\x20\x02\x00\x00"
_IDS = 65_535
KEEP_ALIVE = 65_535
"""The longest there is [s]: at a low rate one connection says everything, and the embedded broker hung up on the others
after one and a half times 60 s."""


def _text(value: str | bytes) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode()
    return len(raw).to_bytes(2, "big") + raw


def _packet(kind: int, body: bytes) -> bytes:
    length, rest = bytearray(), len(body)
    while True:
        rest, low = divmod(rest, 128)
        length.append(low | (128 if rest else 0))
        if not rest:
            return bytes([kind]) + bytes(length) + body


def connect_packet(client_id: str, user: str | None = None, password: str | None = None) -> bytes:
    """Return CONNECT with a clean session and the longest keep-alive."""
    flags = 0x02 | (0xC0 if user is not None else 0)
    login = _text(user) + _text(password or "") if user is not None else b""
    return _packet(0x10, _text("MQTT") + bytes([4, flags]) + KEEP_ALIVE.to_bytes(2, "big") + _text(client_id) + login)


def publish_packet(topic: str | bytes, payload: bytes, number: int, *, retain: bool = False) -> bytes:
    """Return PUBLISH at QoS 1 with packet id `number`."""
    return _packet(0x32 | retain, _text(topic) + number.to_bytes(2, "big") + payload)


@dataclass
class Publisher:
    """One connection with at most `window` messages unconfirmed.

    Attributes:
        sent: messages handed to the socket.
        confirmed: PUBACKs received, in the order sent (the broker keeps it).
    """

    port: int
    client_id: str
    window: int = 100
    user: str | None = None
    password: str | None = None
    host: str = "127.0.0.1"
    sent: int = 0
    confirmed: int = 0
    _in: bytearray = field(default_factory=bytearray)
    _out: bytearray = field(default_factory=bytearray)

    def __enter__(self) -> Self:
        """Connect and wait for CONNACK."""
        self.socket = socket.create_connection((self.host, self.port), timeout=10)
        try:
            self._introduce()
        except OSError:
            self.socket.close()
            raise
        self.socket.settimeout(0)
        return self

    def _introduce(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(connect_packet(self.client_id, self.user, self.password))
        answer = self.socket.recv(4, socket.MSG_WAITALL)
        if answer != _CONNACK_OK:
            msg = f"the broker answered {answer!r} to CONNECT"
            raise ConnectionError(msg)

    def __exit__(self, *_: object) -> None:
        """Leave without ceremony."""
        self.socket.close()

    @property
    def room(self) -> int:
        """How many more messages the window takes."""
        return self.window - (self.sent - self.confirmed)

    def say(self, topic: str | bytes, payload: bytes, *, retain: bool = False) -> None:
        """Queue one message; `pump` sends it."""
        self._out += publish_packet(topic, payload, self.sent % _IDS + 1, retain=retain)
        self.sent += 1

    def pump(self) -> None:
        """Send what is queued and count PUBACKs, without waiting; ConnectionError when the broker hung up."""
        if self._out:
            with contextlib.suppress(BlockingIOError):
                del self._out[: self.socket.send(self._out)]
        try:
            data = self.socket.recv(65_536)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionResetError("the broker hung up")  # noqa: EM101, TRY003 — it says all
        self._in += data
        whole = len(self._in) // 4 * 4
        acks = self._in[:whole:4].count(0x40)
        if acks * 4 != whole:
            msg = f"not only PUBACKs: {bytes(self._in[:64])!r}"
            raise ConnectionError(msg)
        del self._in[:whole]
        self.confirmed += acks

    def say_all(self, messages: Iterator[tuple[str, bytes]], *, timeout_s: float = 30.0) -> int:
        """Publish all messages, wait for every PUBACK, and return how many there were."""
        deadline = time.monotonic() + timeout_s
        more = True
        begin = self.sent
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            while more or self._out or self.confirmed < self.sent:
                while more and self.room > 0:
                    message = next(messages, None)
                    if message is None:
                        more = False
                    else:
                        self.say(*message)
                self.pump()
                if time.monotonic() > deadline:
                    msg = f"{self.sent - self.confirmed} messages unconfirmed after {timeout_s:g} s"
                    raise TimeoutError(msg)
                if self.room <= 0 or not more:
                    selector.select(0.05)
        return self.sent - begin


def telegram(number: int) -> bytes:
    """Return what a Tasmota with a BME280 says: about 150 bytes, 3 values, and the time of sending [µs] in `n`."""
    now = time.time_ns()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now // 1_000_000_000))
    temperature, humidity, pressure = 15 + number % 997 / 100, 40 + number % 97 / 10, 990 + number % 250 / 10
    return (
        f'{{"Time":"{stamp}","BME280":{{"Temperature":{temperature:.2f},"Humidity":{humidity:.1f},'
        f'"Pressure":{pressure:.1f}}},"PressureUnit":"hPa","TempUnit":"C","n":{now // 1_000}}}'
    ).encode()


def sent_at(payload: bytes) -> float:
    """Return when a telegram was sent [s since 1970], as it says itself."""
    return int(payload.rpartition(b'"n":')[2].rstrip(b"}")) / 1e6


class Pace:
    """How far the publisher may go: a rate, or no more than `AHEAD` messages beyond what the journal holds.

    The journal's end comes as lines on stdin, from whoever measures.
    """

    AHEAD = 1_000

    def __init__(self, rate: float) -> None:
        """Take `rate` messages a second; 0: as fast as they are journalled."""
        self._rate = rate
        self._end = 0
        self._begin = time.monotonic()
        if not rate:
            threading.Thread(target=self._listen, daemon=True).start()

    def due(self) -> int:
        """Return how many messages may have been sent by now."""
        return int((time.monotonic() - self._begin) * self._rate) if self._rate else self._end + self.AHEAD

    def _listen(self) -> None:
        for line in sys.stdin:
            self._end = int(line)


def load(
    port: int,
    pace: Pace,
    *,
    seconds: float,
    devices: int,
    connections: int,
    most: int = sys.maxsize,
    login: tuple[str, str] | None = None,
) -> dict[str, float]:
    """Publish for a while, at most so many, wait for the last PUBACK, and return what was sent and confirmed.

    `quietest`: messages of the connection that said least.
    """
    user, password = login or (None, None)
    names = [f"load-{number}" for number in range(connections)]
    publishers = [Publisher(port, each, user=user, password=password).__enter__() for each in names]
    topics = [f"tele/bench-{number:03d}/SENSOR" for number in range(devices)]
    selector = selectors.DefaultSelector()
    for each in publishers:
        selector.register(each.socket, selectors.EVENT_READ)
    begin, started = time.monotonic(), time.time()
    number = 0
    while number < most and time.monotonic() - begin < seconds:
        due = min(pace.due(), most)
        for each in publishers:
            for _ in range(min(each.room, 50, due - number)):
                each.say(topics[number % devices], telegram(number))
                number += 1
            each.pump()
        # slowly enough, the first would say all, and the broker drop the others: nothing is heard of them
        publishers.append(publishers.pop(0))
        selector.select(0.002)
        if number >= due:
            time.sleep(0.001)
    sending = time.monotonic() - begin
    while any(each.confirmed < each.sent for each in publishers):
        for each in publishers:
            each.pump()
        selector.select(0.01)
    for each in publishers:
        each.socket.close()
    confirmed = sum(each.confirmed for each in publishers)
    quietest = min(each.sent for each in publishers)
    return {"sent": number, "confirmed": confirmed, "begin": started, "seconds": sending, "quietest": quietest}


def main() -> int:
    """Load a broker and print what was confirmed, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m hub.bench._publisher")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second; 0: as fast as journalled")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--messages", type=int, default=sys.maxsize, help="at most; then it ends")
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    user, _, password = os.environ.get(LOGIN, "").partition(":")
    try:
        result = load(
            options.port,
            Pace(options.rate),
            seconds=options.seconds,
            devices=options.devices,
            connections=options.connections,
            most=options.messages,
            login=(user, password) if user else None,
        )
    except ConnectionError as error:
        print(f"the publisher was hung up on: {error}", file=sys.stderr)  # noqa: T201 — its output
        return 1
    print(json.dumps(result), flush=True)  # noqa: T201 — its output
    return 0


if __name__ == "__main__":
    sys.exit(main())
