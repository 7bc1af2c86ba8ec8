"""A TCP proxy in front of an HTTP server that fails in the ways a network and an overloaded server do."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from servers.ports import HOST

Mode = Literal["through", "refuse", "hang", "busy", "reset", "lose"]
FAULTS: tuple[Mode, ...] = ("refuse", "hang", "busy", "reset", "lose")
"""No listener · taken and never answered · 503 with Retry-After · reset in mid-body · done, and the answer lost."""
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class FaultProxy:
    """Forwards to a port of loopback, one request a connection, as its `mode` says.

    Attributes:
        mode: may be changed at any time; holds from the next connection on.
        port: where it listens.
        met: how many connections each mode had.
    """

    def __init__(self, target: int) -> None:
        """Listen on a free port."""
        self._target = target
        self.mode: Mode = "through"
        self.met: dict[Mode, int] = {}
        self._ended = threading.Event()
        self._listener: socket.socket | None = None
        self.port = 0
        self._listen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()
        if self._listener is not None:
            self._listener.close()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.port))
        listener.listen(64)
        listener.settimeout(0.02)
        self.port = listener.getsockname()[1]
        self._listener = listener

    def _run(self) -> None:
        while not self._ended.is_set():
            if self.mode == "refuse":
                if self._listener is not None:
                    self._listener.close()
                    self._listener = None
                self.met["refuse"] = self.met.get("refuse", 0) + 1
                self._ended.wait(0.02)
                continue
            if self._listener is None:
                self._listen()
            assert self._listener is not None
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client, self.mode), daemon=True).start()

    def _serve(self, client: socket.socket, mode: Mode) -> None:
        self.met[mode] = self.met.get(mode, 0) + 1
        with client, contextlib.suppress(OSError):
            client.settimeout(30)
            if mode == "hang":
                self._ended.wait(30)
                return
            if mode == "refuse":  # it came as the listener was about to be closed
                return
            if mode == "reset":
                client.recv(300)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
                return
            request = _whole(client)
            if mode == "busy":
                client.sendall(_BUSY)
                return
            with socket.create_connection((HOST, self._target), timeout=30) as server:
                server.sendall(request)
                answer = _answered(server)
            if mode != "lose":
                client.sendall(answer)


def _whole(client: socket.socket) -> bytes:
    """Read one request, and have the server close after its answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(client)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += _some(client)
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""]) + body


def _some(client: socket.socket) -> bytes:
    data = client.recv(65_536)
    if not data:
        raise ConnectionResetError
    return data


def _answered(server: socket.socket) -> bytes:
    data = b""
    while some := server.recv(65_536):
        data += some
    return data


@contextmanager
def in_front_of(port: int) -> Iterator[FaultProxy]:
    """Lend a proxy in front of a port."""
    proxy = FaultProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
