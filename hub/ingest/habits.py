"""What a broker refuses that others take, found out by trying: NATS's own MQTT listener has such limits.

Three short connections, each with the fewest bytes that ask the question (MQTT 3.1.1 and 5, §3.1 and §3.3), and a
hundred short messages whose confirmations are timed; nothing is retained, no session stays.
"""

import secrets
import struct
import time
from pathlib import Path
from typing import Self

from msgspec import Struct

from hub.ingest.dial import connected
from hub.ingest.session import Settings

ANSWER_S = 3.0
TIMED = 100
_PUBACK_BYTES = 4
_CONNACK, _PUBACK = 0x20, 0x40


class Habits(Struct, frozen=True):
    """What it takes.

    Attributes:
        dots: client ids with a dot.
        spaces: topics with a space.
        five: MQTT 5.
        rate: messages of QoS 1 that it confirms in a second to one client that does not wait; 0: it hung up.
    """

    dots: bool
    spaces: bool
    five: bool
    rate: float = 0.0


def look(url: str) -> Habits:
    """Try a broker out, with the account in its address.

    Raises:
        OSError: it does not answer.
        ConfigError: the address is none.
    """
    name = f"matinales-doctor-{secrets.token_hex(4)}"
    plain = Settings(url=url, client_id=name, state=Path("none"))
    dotted = Settings(url=url, client_id=name.replace("-", "."), state=Path("none"))
    with _Door(plain) as door:
        if not door.enter(4):
            msg = "it refuses us: check user and password"
            raise OSError(msg)
        rate = door.rate("matinales/doctor/rate")
        spaces = door.takes("matinales/doctor/with a space")
    with _Door(dotted) as door:
        dots = door.enter(4)
    with _Door(plain) as door:
        return Habits(dots=dots, spaces=spaces, five=door.enter(5), rate=rate)


class _Door:
    """One connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._socket = connected(settings)
        self._socket.settimeout(ANSWER_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def enter(self, level: int) -> bool:
        """Say CONNECT in this version of MQTT; tell whether the broker takes us."""
        user, password = self._settings.parts.username, self._settings.parts.password
        flags = 0x02 | (0x80 if user else 0) | (0x40 if password else 0)
        head = _text("MQTT") + struct.pack("!BBH", level, flags, 10) + (b"\0" if level == 5 else b"")  # noqa: PLR2004
        words = [self._settings.client_id, *(each for each in (user, password) if each)]
        answer = self._ask(0x10, head + b"".join(map(_text, words)))
        return len(answer) > 3 and answer[0] == _CONNACK and answer[3] == 0  # noqa: PLR2004 — the return code

    def takes(self, topic: str) -> bool:
        """Publish a word at QoS 1; tell whether it is confirmed."""
        return self._ask(0x32, _text(topic) + b"\0\1" + b"?")[:1] == bytes([_PUBACK])

    def rate(self, topic: str) -> float:
        """Publish TIMED words at QoS 1 at once; return how many are confirmed in a second."""
        body = _text(topic)
        said = [body + struct.pack("!H", number) + b"?" for number in range(1, TIMED + 1)]
        left, began = TIMED * _PUBACK_BYTES, time.monotonic()
        try:
            self._socket.sendall(b"".join(bytes([0x32, len(each)]) + each for each in said))
            while left > 0 and (heard := self._socket.recv(4_096)):
                left -= len(heard)
        except OSError:
            return 0.0
        return 0.0 if left > 0 else TIMED / (time.monotonic() - began)

    def _ask(self, kind: int, body: bytes) -> bytes:
        try:
            self._socket.sendall(bytes([kind, len(body)]) + body)
            return self._socket.recv(256)
        except OSError:
            return b""


def _text(word: str) -> bytes:
    data = word.encode()
    return struct.pack("!H", len(data)) + data
