"""A TCP port that nobody uses, and that nobody takes before we bind it."""

import contextlib
import os
import secrets
import socket
from collections import deque

from hub.errors import ConfigError

LOOPBACK = "127.0.0.1"
FIRST, MANY, TRIES = 20_000, 12_000, 100
"""Below the ports that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere)."""
LANE = 100
"""Ports among which a process looks first. Those that start at the same time have numbers side by side, and so other
lanes: between picking a port and binding it none takes another's."""
_GIVEN: deque[int] = deque(maxlen=50)
"""The last that were returned: who asks for several has bound none of them yet."""


def free_port(host: str = LOOPBACK) -> int:
    """Return a port of an address of ours, and not one that was returned a moment ago.

    Raises:
        ConfigError: none was found.
    """
    for tried in range(TRIES):
        places = lane(os.getpid()) if tried < TRIES // 2 else range(FIRST, FIRST + MANY)
        port = places[secrets.randbelow(len(places))]
        if port in _GIVEN:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((host, port))
            _GIVEN.append(port)
            return port
    msg = f"no free port was found between {FIRST} and {FIRST + MANY}; name one with --port or --mqtt-port"
    raise ConfigError(msg)


def lane(process: int) -> range:
    """Return the ports among which a process looks first, by its number."""
    wide = min(LANE, MANY)
    first = FIRST + process % (MANY // wide) * wide
    return range(first, first + wide)
