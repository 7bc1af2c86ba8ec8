"""Ports of loopback: a free one, and whether somebody listens."""

import socket
import time
from collections.abc import Callable

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a TCP port that the system says is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether a connection to the port is accepted."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def until(what: str, done: Callable[[], object], *, timeout_s: float = 10.0) -> None:
    """Wait until `done()` is true.

    Raises:
        TimeoutError: naming `what` was waited for.
    """
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            msg = f"waited {timeout_s:g} s in vain until {what}"
            raise TimeoutError(msg)
        time.sleep(0.01)
