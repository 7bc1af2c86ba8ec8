"""A TCP port that nobody uses, and that nobody takes before we bind it."""

import contextlib
import secrets
import socket
from collections import deque

from hub.errors import ConfigError

LOOPBACK = "127.0.0.1"
FIRST, MANY, TRIES = 20_000, 12_000, 100
"""Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere)."""
_GIVEN: deque[int] = deque(maxlen=50)
"""The last that were returned: who asks for several has bound none of them yet."""


def free_port(host: str = LOOPBACK) -> int:
    """Return a port of an address of ours, and not one that was returned a moment ago.

    Raises:
        ConfigError: none was found.
    """
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(MANY)
        if port in _GIVEN:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((host, port))
            _GIVEN.append(port)
            return port
    msg = f"no free port was found between {FIRST} and {FIRST + MANY}; name one with --port or --mqtt-port"
    raise ConfigError(msg)
