"""Many viewers of `/live` in one process, on raw sockets: `python -m hub.bench._viewers --page URL --count 500`.

They read as a page does, but look only for the stamp in each frame: a library that decodes every frame would cost more
than the hub that it measures. Frames after RFC 6455 §5.2.
"""

import argparse
import http.client
import json
import math
import os
import re
import selectors
import socket
import struct
import sys
import time
from itertools import cycle
from urllib.parse import urlsplit

from msgspec import Struct

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
STAMP = re.compile(rb'"channel":"sent","value":([0-9.]+)')
"""Milliseconds of the monotonic clock at which the value left its device."""
IN_TIME_MS = 300.0
SLOW_BYTES = 1024
"""What a slow viewer reads each second."""
_SHORT, _MIDDLE = 125, 126
_START_S = 60.0
_LOOK_S = 0.05


class Viewer(Struct):
    """One page that watches.

    Attributes:
        frames: how many whole frames came.
        late: age of the newest stamp of each frame that holds a new one [ms].
        closed: whether the hub hung up.
    """

    socket: socket.socket
    slow: bool = False
    frames: int = 0
    size: int = 0
    late: list[float] = []
    closed: bool = False
    rest: bytes = b""
    stamp: bytes = b""

    def read(self, now_ms: float) -> None:
        """Take what the hub has sent; `now_ms`: the clock of the stamps."""
        try:
            data = self.socket.recv(SLOW_BYTES if self.slow else 1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.closed = not data
        frames, self.rest = cut(self.rest + data)
        for kind, payload in frames:
            if kind == TEXT:
                self._note(payload, now_ms)
            elif kind == PING:
                self.socket.send(masked(PONG, payload))
            elif kind == CLOSE:
                self.closed = True

    def _note(self, payload: bytes, now_ms: float) -> None:
        self.frames += 1
        self.size += len(payload)
        found = STAMP.search(payload)
        if found is not None and b'"type":"delta"' in payload[:60] and found[1] != self.stamp:
            self.stamp = found[1]
            self.late.append(now_ms - float(found[1]))


def cut(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return the whole frames of a server's stream, each with its kind, and the rest that is no whole one yet."""
    frames: list[tuple[int, bytes]] = []
    at = 0
    while len(data) - at >= 2:  # noqa: PLR2004 — the shortest head
        length, begin = data[at + 1] & 0x7F, at + 2
        if length > _SHORT:
            size, form = (2, ">H") if length == _MIDDLE else (8, ">Q")
            if len(data) < begin + size:
                break
            (length,) = struct.unpack_from(form, data, begin)
            begin += size
        if len(data) < begin + length:
            break
        frames.append((data[at] & 0xF, data[begin : begin + length]))
        at = begin + length
    return frames, data[at:]


def masked(kind: int, payload: bytes) -> bytes:
    """Return a client's short frame (at most 125 bytes)."""
    mask = os.urandom(4)
    return bytes([0x80 | kind, 0x80 | len(payload)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def joined(host: str, port: int) -> str:
    """Join the workshop as a phone does, and return the cookie that says who it is.

    Raises:
        ConnectionError: the hub does not let it in.
    """
    connection = http.client.HTTPConnection(host, port, timeout=_START_S)
    try:
        connection.request("POST", "/api/v1/me", b'{"agreed":true}', {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        cookie = answer.getheader("Set-Cookie", "").partition(";")[0]
    finally:
        connection.close()
    if not cookie:
        msg = f"nobody could join: {answer.status} {body[:200]!r}"
        raise ConnectionError(msg)
    return cookie


def connected(host: str, port: int, cookie: str, *, slow: bool = False) -> Viewer:
    """Open `/live`.

    Raises:
        ConnectionError: the hub does not open it.
    """
    link = socket.socket()
    if slow:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BYTES)
    link.settimeout(_START_S)
    link.connect((host, port))
    head = f"GET /live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    link.sendall(
        f"{head}Cookie: {cookie}\r\nSec-WebSocket-Key: bWF0aW5hbGVzLWh1Yi4uLg==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = link.recv(1)
        if not data:
            break
        answer += data
    if not answer.startswith(b"HTTP/1.1 101"):
        link.close()
        msg = f"the hub did not open /live: {answer[:200]!r}"
        raise ConnectionError(msg)
    link.settimeout(0)
    return Viewer(link, slow=slow)


def watch(viewers: list[Viewer], *, until: float) -> None:
    """Read for all of them until a moment of the monotonic clock; slow ones once a second."""
    selector = selectors.DefaultSelector()
    for each in viewers:
        if not each.slow:
            selector.register(each.socket, selectors.EVENT_READ, each)
    next_slow = 0.0
    while (now := time.monotonic()) < until:
        for key, _ in selector.select(_LOOK_S):
            viewer: Viewer = key.data
            viewer.read(1e3 * time.monotonic())
            if viewer.closed:
                selector.unregister(viewer.socket)
        if now >= next_slow:
            next_slow = now + 1.0
            for each in viewers:
                if each.slow and not each.closed:
                    each.read(1e3 * now)
    selector.close()


def taken(viewers: list[Viewer]) -> dict[str, float]:
    """Return what all of them saw since the last time, and begin anew."""
    quick = [each for each in viewers if not each.slow]
    late = sorted(late for each in quick for late in each.late)
    figures = {
        "frames": float(sum(each.frames for each in quick)),
        "bytes": float(sum(each.size for each in quick)),
        "stamps": float(len(late)),
        "in_time": float(sum(each <= IN_TIME_MS for each in late)),
        "p50_ms": late[len(late) // 2] if late else math.inf,
        "p99_ms": late[len(late) * 99 // 100] if late else math.inf,
        "fewest_stamps": float(min((len(each.late) for each in quick), default=0)),
        "quick_closed": float(sum(each.closed for each in quick)),
        "slow_closed": float(sum(each.closed for each in viewers if each.slow)),
    }
    for each in viewers:
        each.frames, each.size, each.late = 0, 0, []
    return figures


def main() -> int:
    """Watch when told on stdin (`SECONDS` a line), print what was seen, one JSON object a line; end with stdin."""
    parser = argparse.ArgumentParser(prog="python -m hub.bench._viewers")
    parser.add_argument("--page", required=True, help="addresses, comma-separated: viewers go to each in turn")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--slow", type=int, default=0)
    options = parser.parse_args()
    viewers = []
    for number, page in zip(range(options.count), cycle(options.page.split(","))):
        place = urlsplit(page)
        host, port = place.hostname or "", place.port or 80
        viewers.append(connected(host, port, joined(host, port), slow=number < options.slow))
    print(json.dumps({"connected": len(viewers)}), flush=True)  # noqa: T201 — its output
    for line in sys.stdin:
        watch(viewers, until=time.monotonic() + float(line))
        print(json.dumps(taken(viewers)), flush=True)  # noqa: T201 — its output
    return 0


if __name__ == "__main__":
    sys.exit(main())
