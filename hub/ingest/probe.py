"""What a broker keeps for an absent hub, and lets be under way: found out by trying (reliability.md §2.3).

A session of its own is parked, more is published than a broker keeps by default, and what comes back is counted. At
the end the session is gone and nothing is retained. A hub that lives on this broker hears it too, as messages under
`matinales/`, which become no device.
"""

import contextlib
import secrets
import select
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hub.ingest.dial import connected
from hub.ingest.mqtt import QOS, RETAINED, BufferedClient
from hub.ingest.session import Settings

MESSAGES = 1_500
"""More than the 1,000 that Mosquitto and EMQX keep by default."""
LARGE = 256 * 1024
"""Zigbee2MQTT describes a house in more than 100 KB [byte]."""
LISTEN_S = 2.0
QUIET_S = 1.0
ANSWER_S = 10.0
TOPIC = "matinales/doctor"


class Limits(Struct, frozen=True):
    """What was found.

    Attributes:
        published: messages that the broker confirmed while the session was parked.
        kept: how many of them came when it was back; equal to `published`: the limit lies beyond.
        window: how many of them came before one was acknowledged; equal to `kept`: the limit lies beyond.
        session: whether the broker knew the session again.
        large: whether it took a message of LARGE bytes.
        rate: messages of others in a second; None when it grants no subscription to `#`.
    """

    published: int
    kept: int
    window: int
    session: bool
    large: bool
    rate: float | None


def look(
    url: str,
    *,
    messages: int = MESSAGES,
    listen_s: float = LISTEN_S,
    quiet_s: float = QUIET_S,
    answer_s: float = ANSWER_S,
) -> Limits:
    """Try a broker out, with the account in its address.

    Args:
        url: `mqtt[s]://[user:password@]host[:port]`.
        messages: how many are published while the session is parked.
        listen_s: how long others are listened to [s].
        quiet_s: nothing more comes after so long [s].
        answer_s: what the broker gets for each answer [s].

    Raises:
        OSError: it does not answer, refuses the account, or hangs up.
        ConfigError: the address is none.
    """
    name = f"matinales-doctor-{secrets.token_hex(6)}"
    topic = f"{TOPIC}/{name}"
    parked = Settings(url=url, client_id=name, state=Path("none"))
    passing = replace(parked, client_id=f"{name}-p", clean=True)
    with _link(passing, answer_s) as link:
        rate = link.heard_per_second(listen_s, answer_s)
    try:
        with _link(parked, answer_s) as link:
            link.subscribe(topic, 1, answer_s)
        with _link(passing, answer_s) as link:
            published = link.publish(topic, messages, answer_s)
        with _link(parked, answer_s) as link:
            session = link.session
            link.until_quiet(quiet_s)
            window = link.count
            while link.acknowledge():
                link.until_quiet(quiet_s)
            kept = link.count
    finally:
        with contextlib.suppress(OSError), _link(replace(parked, clean=True), answer_s):
            pass  # a clean session of this name ends the parked one
    large = _takes_large(passing, topic, answer_s)
    return Limits(published=published, kept=kept, window=window, session=session, large=large, rate=rate)


def _takes_large(settings: Settings, topic: str, answer_s: float) -> bool:
    try:
        with _link(settings, answer_s) as link:
            return link.publish(topic, 1, answer_s, payload=bytes(LARGE)) == 1
    except OSError:
        return False


@contextlib.contextmanager
def _link(settings: Settings, answer_s: float) -> Iterator["_Link"]:
    link = _Link(settings, answer_s)
    try:
        yield link
    finally:
        link.leave()


class _Link:
    """One connection, used by one thread; also what the client tells (`hub.ingest.mqtt.Listener`).

    Attributes:
        count: messages that came, those of the broker's memory (retained) left out.
        session: the broker knew the session again.
    """

    enough = False

    def __init__(self, settings: Settings, answer_s: float) -> None:
        self.count = 0
        self.session = False
        self._taken = False
        self._granted: bool | None = None
        self._lost: str | None = None
        self._confirmed = 0
        self._unacknowledged: list[int] = []
        self._client = BufferedClient(settings, self)
        self._client.on_publish = lambda *_: self._confirm()
        self._client.take(connected(settings))
        self._await(lambda: self._taken, answer_s)

    def subscribe(self, topic: str, qos: int, answer_s: float) -> None:
        """Subscribe, and wait until it is granted."""
        if not self._subscribed(topic, qos, answer_s):
            msg = f"the broker grants no subscription to {topic}"
            raise PermissionError(msg)

    def heard_per_second(self, listen_s: float, answer_s: float) -> float | None:
        """Return how many messages come in a second; None where nobody may listen to everything."""
        if not self._subscribed("#", 0, answer_s):
            return None
        end = time.monotonic() + listen_s
        while (left := end - time.monotonic()) > 0:
            self._turn(left)
        return self.count / listen_s

    def publish(self, topic: str, messages: int, answer_s: float, payload: bytes = b"{}") -> int:
        """Publish at QoS 1 and return how many were confirmed, giving up after `answer_s` without any."""
        for _ in range(messages):
            self._client.publish(topic, payload, qos=1)
        while (before := self._confirmed) < messages:
            self._await(partial(self._is_past, before), answer_s)
        return self._confirmed

    def until_quiet(self, quiet_s: float) -> None:
        """Take what comes until nothing more does."""
        quiet_at = time.monotonic() + quiet_s
        while (left := quiet_at - time.monotonic()) > 0:
            before = self.count
            self._turn(left)
            if self.count != before:
                quiet_at = time.monotonic() + quiet_s

    def acknowledge(self) -> bool:
        """Acknowledge what came; False when there was nothing."""
        ids, self._unacknowledged = self._unacknowledged, []
        self._client.acknowledge(ids)
        return bool(ids)

    def leave(self) -> None:
        self._client.leave()

    def taken(self, *, session_present: bool) -> None:
        self._taken, self.session = True, session_present

    def lost(self, reason: str, *, refused: bool) -> None:
        self._lost = f"the broker refuses the account ({reason})" if refused else f"the broker hung up ({reason})"

    def closing(self, connection: socket.socket) -> None:
        pass

    def granted(self, number: int, answers: list[bool]) -> None:  # noqa: ARG002 — the listener's signature
        self._granted = all(answers)

    def heard(self, topic: bytes, payload: bytes, head: int, number: int) -> None:  # noqa: ARG002 — as above
        self.count += not head & RETAINED
        if head & QOS:
            self._unacknowledged.append(number)

    def _confirm(self) -> None:
        self._confirmed += 1

    def _is_past(self, confirmed: int) -> bool:
        return self._confirmed > confirmed

    def _subscribed(self, topic: str, qos: int, answer_s: float) -> bool:
        self._granted = None
        self._client.subscribe(topic, qos)
        self._await(lambda: self._granted is not None, answer_s)
        return bool(self._granted)

    def _await(self, done: Callable[[], bool], answer_s: float) -> None:
        end = time.monotonic() + answer_s
        while not done():
            if self._lost is not None:
                raise ConnectionError(self._lost)
            if (left := end - time.monotonic()) <= 0:
                msg = f"the broker has not answered for {answer_s:g} s"
                raise TimeoutError(msg)
            self._turn(left)

    def _turn(self, wait_s: float) -> None:
        """Send what is said and read what is there, waiting for it at most so long [s]."""
        more = self._client.flush()
        connection = self._client.connection
        if connection is None:
            raise ConnectionError(self._lost or "the broker hung up")
        select.select([connection], [connection] if more else [], [], min(wait_s, 0.1))
        self._client.read()
