"""What a broker retains of simulated runs, heard before everything else.

A broker hands over what it retains in any order (measured: the embedded one and Mosquitto), and a device that is heard
of before its run is announced would be taken for a real one, for ever. A first subscription of the session itself is
no way: the embedded broker goes on sending a filter that was given up (measured, rumqttd 0.20), and each of its filters
has a backlog of its own, so that one overtakes the other (reliability.md §2.3). So a passing client asks, at QoS 0: of
what is retained under one filter the embedded broker hands over 200 messages at QoS 0, 100 at QoS 1, never the rest.
"""

import logging
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable

import msgspec

from hub.errors import ConfigError
from hub.ingest.dial import connected
from hub.ingest.mqtt import BufferedClient
from hub.ingest.session import Settings
from hub.timeline import ANNOUNCEMENT

Heard = list[tuple[str, bytes]]
"""(topic, payload) of each announcement."""
PATIENCE_S = 5.0
"""A broker that does not answer by then is listened to as it is."""
FILTER = f"{ANNOUNCEMENT}+"
_LOG = logging.getLogger(__name__)


def announced(settings: Settings, patience_s: float = PATIENCE_S) -> Heard:
    """Return what the broker retains of simulated runs; what there is of it where it refuses or is slow."""
    passing = msgspec.structs.replace(settings, client_id=f"{settings.client_id}-runs", clean=True)
    return _Herald(passing, settings.probe).listened(patience_s)


class _Herald:
    """The passing client.

    What it says to itself comes back after what is retained, or in the midst of that where it is much (the embedded
    broker): it is said again until nothing came before it.
    """

    enough = False

    def __init__(self, settings: Settings, own: str) -> None:
        self._settings = settings
        self._own = own
        self._client = BufferedClient(settings, self)
        self._found: dict[str, bytes] = {}
        self._known = 0
        self._done = False

    def listened(self, patience_s: float) -> Heard:
        """Return what is announced."""
        until = time.monotonic() + patience_s
        try:
            self._client.take(connected(self._settings))
            while not self._done and (left_s := until - time.monotonic()) > 0:
                self._turn(left_s)
        except (OSError, ConfigError):
            pass  # the session itself says what is wrong with this broker
        self._client.leave()
        return list(self._found.items())

    def _turn(self, patience_s: float) -> None:
        more = self._client.flush()
        connection = self._client.connection
        if connection is None:
            self._done = True
            return
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ | (selectors.EVENT_WRITE if more else 0))
            selector.select(patience_s)
        self._client.read()

    def taken(self, *, session_present: bool) -> None:  # noqa: ARG002 — the listener's word
        """Subscribe."""
        self._client.subscribe([(FILTER, 0), (self._own, 0)])

    def granted(self, number: int, answers: list[bool]) -> None:  # noqa: ARG002 — the listener's word
        """Say what comes back, unless nothing would."""
        self._done = not all(answers)
        self._client.publish(self._own, b"runs", qos=0)

    def heard(self, topic: bytes, payload: bytes, head: int, number: int) -> None:  # noqa: ARG002 — the listener's word
        """Keep an announcement; end at our own word, where nothing came since the one before."""
        if topic.startswith(ANNOUNCEMENT.encode()):
            self._found[topic.decode(errors="backslashreplace")] = payload
        elif len(self._found) == self._known:
            self._done = True
        else:
            self._known = len(self._found)
            self._client.publish(self._own, b"runs", qos=0)

    def lost(self, reason: str, *, refused: bool) -> None:  # noqa: ARG002 — the listener's word
        """End."""
        self._done = True

    def closing(self, connection: object) -> None:
        """Nobody watches the socket."""


class Heralds:
    """Asks in a thread of its own."""

    def __init__(self, ask: Callable[[], Heard], wake: Callable[[], None]) -> None:
        """Prepare; `wake` is called from the thread when there is an answer."""
        self._ask = ask
        self._wake = wake
        self._answers: deque[tuple[int, Heard]] = deque()

    def start(self, number: int) -> None:
        """Ask, for connection `number`."""
        threading.Thread(target=self._run, args=(number,), name="runs", daemon=True).start()

    def result(self) -> tuple[int, Heard] | None:
        """Return (number, answer), once; None while there is none. Each question gets one."""
        return self._answers.popleft() if self._answers else None

    def _run(self, number: int) -> None:
        found: Heard = []
        try:
            found = self._ask()
        except Exception:  # noqa: BLE001 — whatever it was: the session must not wait for ever
            _LOG.exception("Which runs are announced is not known")
        self._answers.append((number, found))
        self._wake()
