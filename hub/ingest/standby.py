"""An ingest that waits for its turn: another one writes the journal; this one's hub reads on meanwhile."""

import contextlib
import logging
import selectors
import socket
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.errors import JournalError
from hub.ingest.link import (
    UNANSWERED,
    Append,
    AppendFailed,
    End,
    Erase,
    Keep,
    LinkServer,
    Peer,
    Publish,
    Status,
    Wanted,
    answered,
    asked,
)
from hub.journal.base import JournalReader
from hub.journal.lease import Lease

LOOK_S = 0.1
"""How often the journal's end is looked at for the hub [s]."""
ASK_S = 0.25
"""How often the lease is asked for [s]."""
STATUS_S = 1.0
LEARN_S, LEARN_LATER_S = 1.0, 10.0
"""How often it is asked as whom workers speak to the broker [s], and how soon again where no answer came: that takes
2 s, in which nobody is served and the turn not taken."""
CLIENT_ID = "client-id"
"""Under which name workers agree as whom they speak to the broker."""
SILENT_S = 3.0
"""After how long [s] the one that listens is no more as it said."""
_LOG = logging.getLogger(__name__)


class Standby:
    """Tells the hub of this worker how far the journal is, until it is this ingest's turn."""

    def __init__(self, folder: Path, lease: Lease, reader: JournalReader, url: str) -> None:
        """Open the link; `url`: the broker, as it may be shown."""
        self._selector = selectors.DefaultSelector()
        self._awake, self._waker = socket.socketpair()
        for end in (self._awake, self._waker):
            end.settimeout(0)
        self._selector.register(self._awake, selectors.EVENT_READ, self._drain)
        self._link = LinkServer(folder, self._selector, self._handle)
        self._lease = lease
        self._reader = reader
        self._url = url
        self._stopping = False
        self._status_at = self._asked_at = self._learn_at = 0.0
        self._met = 0
        self._end = -1
        self._heard = float("-inf"), Status()
        """When the one that listens said how it is, and what."""
        self._deaf: Callable[[], None] | None = None
        self.client_id: str | None = None
        """As whom all workers speak to the broker, once it is known: asked while nobody waits for the answer."""

    @property
    def waker(self) -> socket.socket:
        """The socket whose bytes interrupt the selector."""
        return self._waker

    def stop(self) -> None:
        """End `wait` soon; from any thread or signal handler."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def wait(self) -> bool:
        """Wait until it is our turn; False: until `stop`."""
        _LOG.info("Standing by: another worker writes the journal")
        try:
            while not self._stopping:
                for key, mask in self._selector.select(LOOK_S):
                    key.data(mask)
                if time.monotonic() - self._asked_at >= ASK_S:
                    self._asked_at = time.monotonic()
                    if self._acquired():
                        return True
                    self._learn()
                self._tell()
        finally:
            if self._deaf is not None:
                self._deaf()
            self._link.close()
            self._reader.close()
            self._selector.close()
            self._awake.close()
            self._waker.close()
        return False

    def _learn(self) -> None:
        """Ask as whom workers speak to the broker, until that is known."""
        if self.client_id is not None or time.monotonic() < self._learn_at:
            return
        pause = LEARN_S
        try:
            self.client_id = self._lease.known(CLIENT_ID)
        except JournalError:
            pause = LEARN_LATER_S
        self._learn_at = time.monotonic() + pause

    def _acquired(self) -> bool:
        try:
            return self._lease.acquire()
        except JournalError as error:
            _LOG.debug("No lease: %s", error)
            return False

    def _tell(self) -> None:
        now = time.monotonic()
        if self._link.met != self._met:
            self._met = self._link.met
            self._end, self._status_at = -1, 0.0
        end = self._reader.end
        if end != self._end:
            self._link.send(End(end))
            self._end = end
        if self._link.admitted and now - self._status_at >= STATUS_S:
            self._status_at = now
            self._link.send(self._now(now))

    def _now(self, now: float) -> Status:
        """Return how the journal and its broker are, as the one that listens says."""
        if self._deaf is None:
            with contextlib.suppress(JournalError):  # the next time
                self._deaf = self._lease.hear(self._take_status)
        at, said = self._heard
        if now - at > SILENT_S:
            return Status(url=self._url, standby=True)
        return Status(
            url=self._url,
            standby=True,
            relays=said.connected and said.subscribed,
            reason=said.reason,
            gap=said.gap,
            gaps=said.gaps,
            fault=said.fault,
            journal=said.journal,
            used=said.used,
            budget=said.budget,
            hours=said.hours,
            full=said.full,
            dropped=said.dropped,
        )

    def _take_status(self, data: bytes) -> None:
        with contextlib.suppress(msgspec.MsgspecError):  # another version's
            said = answered(data)
            if isinstance(said, Status):
                self._heard = time.monotonic(), said

    def _drain(self, _mask: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._awake.recv(4096):
                pass

    def _handle(self, said: Wanted, peer: Peer) -> None:
        """Have the one that writes do what only it can; what is said to devices is left to its hub."""
        if isinstance(said, Append) and said.id == UNANSWERED:
            self._lease.tell(asked(said))  # a command follows, which must not wait for one that does not answer
        elif isinstance(said, Append | Erase):
            try:
                peer.send(answered(self._lease.ask(asked(said))))
            except JournalError as error:
                reason = f"this worker stands by, and the one that writes the journal does not answer ({error})"
                peer.send(AppendFailed(said.id, f"{reason}; send it again in a few seconds"))
        elif isinstance(said, Publish) and said.by_hand:
            self._lease.tell(asked(said))
        elif isinstance(said, Keep):
            self._lease.tell(asked(Keep(said.position, self._lease.who)))
