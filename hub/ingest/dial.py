"""Connecting, in a thread of its own, and waiting before the next attempt."""

import random
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable

from hub.ingest.session import Settings

CONNECT_S = 5.0
RETRY_S = 0.5
RETRY_CAP_S = 30.0
RETRY_CAP_LOOPBACK_S = 1.0
"""Back-off with full jitter; a broker beside us costs nothing to try, and is back within a second of its return."""
_LEAST_S = 0.05


class Dialler:
    """Makes connected sockets for one address; a black hole stops nobody else.

    Attributes:
        at: when the next attempt is due [s, monotonic].
        busy: an attempt is under way.
        attempts: failures since the last success.
    """

    def __init__(self, settings: Settings, wake: Callable[[], None], chance: random.Random) -> None:
        """Prepare; `wake` is called from the thread when there is a result."""
        self.at = 0.0
        self.busy = False
        self.attempts = 0
        self._settings = settings
        self._wake = wake
        self._chance = chance
        self._results: deque[socket.socket | OSError] = deque()
        loopback = settings.host in {"127.0.0.1", "localhost", "::1"}
        self._cap = RETRY_CAP_LOOPBACK_S if loopback else RETRY_CAP_S

    def start(self) -> None:
        """Begin an attempt."""
        self.busy = True
        threading.Thread(target=self._connect, name="dial", daemon=True).start()

    def result(self) -> socket.socket | OSError | None:
        """Return what became of the attempt, once; None while there is nothing to say."""
        if not self._results:
            return None
        self.busy = False
        return self._results.popleft()

    def failed(self, now: float) -> None:
        """Set the next attempt."""
        delay = min(RETRY_S * 2 ** min(self.attempts, 10), self._cap)
        self.attempts += 1
        self.at = now + _LEAST_S + self._chance.uniform(0, delay)

    def _connect(self) -> None:
        try:
            self._results.append(connected(self._settings))
        except OSError as error:
            self._results.append(error)
        self._wake()


def connected(settings: Settings) -> socket.socket:
    """Return a socket connected to the broker, within TLS where its address says so.

    Raises:
        OSError: it does not answer, or is not trusted.
    """
    ready = socket.create_connection((settings.host, settings.port), timeout=CONNECT_S)
    try:
        ready.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if settings.tls:
            ready = ssl.create_default_context().wrap_socket(ready, server_hostname=settings.host)
    except OSError:
        ready.close()
        raise
    return ready
