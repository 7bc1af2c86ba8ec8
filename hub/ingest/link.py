"""The link between ingest and hub: frames over loopback TCP, either side may die and come back; the ingest's side.

A frame is its length [4 bytes, big-endian] and a tagged struct in msgpack. The ingest listens on a port that the system
picks and writes it with a secret to `ingest.json`, readable by the owner only; the hub connects again for ever
(`hub.ingest.linkclient`).
"""

import contextlib
import hmac
import logging
import os
import secrets
import selectors
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from hub.ingest.gaps import Gap
from hub.model import Message

FILE = "ingest.json"
MAX_FRAME = 64 * 1024 * 1024
_MAX_HELLO = 1024
_MAX_UNSENT = 1024 * 1024
LENGTH = struct.Struct(">I")
_LOG = logging.getLogger(__name__)


class Address(Struct, frozen=True):
    """What `ingest.json` holds."""

    port: int
    secret: str
    pid: int


class Hello(Struct, frozen=True, tag=True):
    """Hub → ingest: first frame; anything else first, or a wrong secret, closes."""

    secret: str


UNANSWERED = 0
"""Number of what nobody waits for an answer to."""


class Append(Struct, frozen=True, tag=True):
    """Hub → ingest: messages of another edge, to be committed as one group; `id` 0: nobody waits for the answer."""

    id: int
    messages: list[Message]


class Publish(Struct, frozen=True, tag=True):
    """Hub → ingest: something to say to the broker.

    `by_hand`: a person wants it at this worker. What else is said every worker says: one that stands by does not.
    """

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    by_hand: bool = False


class Keep(Struct, frozen=True, tag=True):
    """Hub → ingest: every reader has the records before `position`; over its budget, the journal may drop them.

    `who`: the worker whose readers these are, where one that stands by passes it on; empty: the ingest's own.
    """

    position: int
    who: str = ""


class Erase(Struct, frozen=True, tag=True):
    """Hub → ingest: empty these records for ever; a few hundred a frame, so that nobody waits."""

    id: int
    positions: list[int]


class End(Struct, frozen=True, tag=True):
    """Ingest → hub: the journal's end, coalesced."""

    position: int


class Appended(Struct, frozen=True, tag=True):
    """Ingest → hub: the messages of `id` are committed, the last at `position`; or so many were erased."""

    id: int
    position: int


class AppendFailed(Struct, frozen=True, tag=True):
    """Ingest → hub: nothing of `id` was written."""

    id: int
    reason: str


class SerialPort(Struct, frozen=True):
    """How a serial port is.

    Attributes:
        name: last level of its topic, `serial/<name>`.
        path: where it is plugged now.
        state: `open`, `lost` (it was read and is gone), `busy`, `denied`, `absent`, `failed`, `unread` (left alone).
        reason: what the system said.
        lines: journalled since start.
        lost: half or over-long lines, and those of a flood.
    """

    name: str
    path: str
    state: str
    reason: str | None = None
    lines: int = 0
    lost: int = 0


class Status(Struct, frozen=True, tag=True):
    """Ingest → hub: how the MQTT edge and the journal are.

    Attributes:
        connected: CONNACK received.
        subscribed: every filter wanted is granted; only then is the broker "ok".
        session_present: the broker kept our session; None before the first connection.
        gap: how many times something may have been lost between us and the broker, ever.
        gaps: the newest of those, and of what went from a full journal, oldest first.
        url: the broker, without password.
        reason: why it is not connected or not subscribed, in plain words.
        received, acknowledged: messages since start.
        epoch: number of the connection.
        late: a resumed session is draining.
        oversize: payloads over 1 MiB, journalled cut.
        lost: journal records found damaged.
        fault: the journal's newest trouble, in plain words.
        journal: bytes on disk.
        used, budget: bytes that hold messages, and that may.
        hours: how long the budget lasts at the present rate; None: nothing arrives.
        full: nothing is acknowledged until there is room.
        dropped: messages that went before every reader had them, ever.
        serial: the serial ports met since start.
        standby: another worker's ingest listens and writes; this one takes over when it is gone.
        relays: where it stands by, whether the one that listens has its broker; None: that one says nothing.
        flow: what is counted of the journal's way to its servers, by the names of metrics.toml.
    """

    connected: bool = False
    subscribed: bool = False
    session_present: bool | None = None
    gap: int = 0
    gaps: list[Gap] = []
    url: str = ""
    reason: str | None = None
    received: int = 0
    acknowledged: int = 0
    epoch: int = 0
    late: bool = False
    oversize: int = 0
    lost: int = 0
    fault: str | None = None
    journal: int = 0
    used: int = 0
    budget: int = 0
    hours: float | None = None
    full: bool = False
    dropped: int = 0
    serial: list[SerialPort] = []
    standby: bool = False
    relays: bool | None = None
    flow: dict[str, float] = {}


FromHub = Hello | Append | Publish | Keep | Erase
Wanted = Append | Publish | Keep | Erase
FromIngest = End | Appended | AppendFailed | Status
_ENCODE = msgspec.msgpack.Encoder().encode
_FROM_HUB = msgspec.msgpack.Decoder(FromHub).decode
FROM_INGEST = msgspec.msgpack.Decoder(FromIngest).decode


class Answers(Protocol):
    """Who is told what came of his wish."""

    def send(self, said: "FromIngest") -> None:
        """Tell him."""


def asked(said: Append | Erase | Publish | Keep) -> bytes:
    """Return a wish as it goes to the ingest of another worker."""
    return _ENCODE(said)


def wish(data: bytes) -> "FromHub":
    """Return the wish of another worker.

    Raises:
        msgspec.DecodeError: it is none.
    """
    found: FromHub = _FROM_HUB(data)
    return found


def answer(said: "FromIngest") -> bytes:
    """Return what came of a wish as it goes back."""
    return _ENCODE(said)


def answered(data: bytes) -> "FromIngest":
    """Return what came of a wish."""
    found: FromIngest = FROM_INGEST(data)
    return found


def frame(said: FromHub | FromIngest) -> bytes:
    """Return the bytes of one frame."""
    body = _ENCODE(said)
    return LENGTH.pack(len(body)) + body


class LinkServer:
    """The ingest's side, inside its selector loop: non-blocking, never waits for a hub.

    `handle` is called with each frame of a hub that gave the secret, and `answer` to send to it alone.
    """

    def __init__(
        self,
        folder: Path,
        selector: selectors.BaseSelector,
        handle: Callable[["Wanted", "Peer"], None],
    ) -> None:
        """Listen on loopback and write `ingest.json` in `folder`."""
        self._selector = selector
        self._handle = handle
        self._secret = secrets.token_urlsafe(24)
        self._peers: list[Peer] = []
        self.met = 0
        """How many hubs were let in so far: one that is new knows nothing yet, whether or not another one is there."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)
        address = Address(self._listener.getsockname()[1], self._secret, os.getpid())
        _write_private(folder / FILE, msgspec.json.encode(address))

    def send(self, said: FromIngest) -> None:
        """Tell every hub; one that does not read now is told the newest of each kind once it has read the rest."""
        if not self._peers:
            return
        data = frame(said)
        for peer in [*self._peers]:
            if peer.admitted:
                peer.tell(type(said), data)

    @property
    def admitted(self) -> bool:
        """Whether a hub is there to listen."""
        return any(peer.admitted for peer in self._peers)

    def close(self) -> None:
        """Close every connection and the port."""
        for peer in [*self._peers]:
            peer.close()
        self._selector.unregister(self._listener)
        self._listener.close()

    def _accept(self, _mask: int) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            connection.settimeout(0)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers.append(Peer(connection, self._selector, self._secret, self._take, self._peers.remove))

    def _take(self, said: "FromHub", peer: "Peer") -> None:
        if isinstance(said, Hello):
            self.met += 1
        else:
            self._handle(said, peer)


class Peer:
    """One hub's connection as the ingest sees it.

    Attributes:
        admitted: it gave the secret.
        unsent: bytes that its socket would not take yet.
    """

    def __init__(
        self,
        connection: socket.socket,
        selector: selectors.BaseSelector,
        secret: str,
        take: Callable[["FromHub", "Peer"], None],
        gone: Callable[["Peer"], None],
    ) -> None:
        """Watch the connection with `selector`; call `take` with what is said, the secret first, `gone` at its end."""
        self.admitted = False
        self.unsent = bytearray()
        self._owed: dict[type, bytes] = {}
        self._connection = connection
        self._selector = selector
        self._secret = secret
        self._take = take
        self._gone = gone
        self._buffer = bytearray()
        selector.register(connection, selectors.EVENT_READ, self._ready)

    def send(self, said: FromIngest) -> None:
        """Send to this hub alone; closed when it lets too much pile up."""
        self.send_bytes(frame(said))

    def tell(self, kind: type, data: bytes) -> None:
        """Send news, or, while it does not read, keep the newest of each kind: where all is quiet it is said once."""
        if self.unsent:
            self._owed[kind] = data
        else:
            self.send_bytes(data)

    def send_bytes(self, data: bytes) -> None:
        """Send, or keep what the socket does not take."""
        self.unsent += data
        self._flush()
        if len(self.unsent) > _MAX_UNSENT:
            self.close()

    def close(self) -> None:
        """End this connection."""
        if self._connection.fileno() >= 0:
            self._selector.unregister(self._connection)
            self._connection.close()
            self._gone(self)

    def _ready(self, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE:
                self._flush()
            if mask & selectors.EVENT_READ:
                self._read()
        except (OSError, msgspec.DecodeError, PermissionError) as error:
            _LOG.info("A hub's link ended: %s", error)
            self.close()

    def _read(self) -> None:
        try:
            data = self._connection.recv(262_144)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionResetError("it hung up")  # noqa: EM101, TRY003 — read by the caller's log line alone
        self._buffer += data
        while (body := _taken(self._buffer, MAX_FRAME if self.admitted else _MAX_HELLO)) is not None:
            said = _FROM_HUB(body)
            if isinstance(said, Hello):
                self._admit(said)
            elif not self.admitted:
                raise PermissionError("no secret given")  # noqa: EM101, TRY003 — as above
            self._take(said, self)

    def _admit(self, hello: Hello) -> None:
        if not hmac.compare_digest(hello.secret.encode(), self._secret.encode()):
            raise PermissionError("wrong secret")  # noqa: EM101, TRY003 — as above
        self.admitted = True

    def _flush(self) -> None:
        if self._connection.fileno() < 0:
            return
        try:
            while self.unsent:
                sent = self._connection.send(self.unsent)
                del self.unsent[:sent]
                if not self.unsent:
                    self.unsent += b"".join(self._owed.values())
                    self._owed.clear()
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0)
        if self._selector.get_key(self._connection).events != wanted:
            self._selector.modify(self._connection, wanted, self._ready)


def _taken(buffer: bytearray, largest: int) -> bytes | None:
    """Take one frame's body out of `buffer`, None when it is not complete; ConnectionAbortedError when too long."""
    if len(buffer) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack_from(buffer)
    if length > largest:
        msg = f"a frame of {length} bytes"
        raise ConnectionAbortedError(msg)
    end = LENGTH.size + length
    if len(buffer) < end:
        return None
    body = bytes(buffer[LENGTH.size : end])
    del buffer[:end]
    return body


def _write_private(path: Path, data: bytes) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)
