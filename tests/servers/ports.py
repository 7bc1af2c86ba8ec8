"""Ports of loopback: a free one, and whether somebody listens."""

import socket
import time
from collections.abc import Callable

from hub.freeport import LOOPBACK as HOST
from hub.freeport import free_port

__all__ = ["HOST", "free_port", "listens", "until"]


def listens(port: int, host: str = HOST) -> bool:
    """Whether a connection to the port is accepted."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def until(what: str, done: Callable[[], object], *, timeout_s: float = 30.0) -> None:
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
