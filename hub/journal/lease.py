"""Whose turn it is to write a journal on NATS servers: one holds the lease, others stand by.

The lease is a message of a stream whose messages live a few seconds, put there only where none lives and renewed only
by whom it belongs to: the engine's own compare-and-set and its own clock decide. Whoever believes too long that it is
his turn writes nothing: the journal itself refuses him (`jetstream`).
"""

import contextlib
import threading
import time
from collections.abc import Callable

from hub.errors import JournalError
from hub.journal.jetstream import Log
from hub.journal.nats_link import Heard, Link, Outgoing, RefusedError, Url, given_back, taken

LIVES_S = 4.0
"""How long a lease lives that nobody renews [s]."""
RENEW_S = 1.0
AGAIN_S = 0.2
"""How soon it is renewed again where no server took it [s]: once they agree on a leader, it is its holder's again."""
GIVE_UP_S = 10.0
"""Where no server answers for so long [s], its holder leaves the broker to others: longer than servers need to agree on
a new leader. Until then nothing is lost by two who try: the journal takes one of them only."""
_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_NS = 1_000_000_000


def stream(url: Url) -> str:
    """Return the name of the stream whose messages live a few seconds."""
    return f"{url.name}_lease"


def make(link: Link, url: Url) -> None:
    """Make that stream where it is not there yet.

    Raises:
        JournalError: it cannot be made.
    """
    if link.found(f"STREAM.INFO.{stream(url)}") is None:
        wanted = {
            "name": stream(url),
            "subjects": [f"{stream(url)}.>"],
            "storage": "file",
            "num_replicas": url.replicas,
            "max_msgs_per_subject": 1,
            "max_age": int(LIVES_S * _NS),
            "duplicate_window": int(RENEW_S * _NS) // 2,
        }
        link.request(f"STREAM.CREATE.{stream(url)}", wanted)


class Lease:
    """A worker's claim to be the one that writes.

    Attributes:
        lost: it was held and is no more.
        who: this worker.
    """

    def __init__(self, url: Url, who: str) -> None:
        """Claim nothing yet.

        Args:
            url: of the journal.
            who: this worker, the same after a restart: it takes its own lease again at once.
        """
        self.lost = False
        self._url = url
        self.who = who
        self._link: Link = taken(url)
        self._stream = stream(url)
        self._subject = f"{self._stream}.ingest"
        self._sequence = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def holder(self) -> str | None:
        """Return who holds it; None: nobody.

        Raises:
            JournalError: no server answers.
        """
        found = self._link.message(self._stream, {"last_by_subj": self._subject})
        return None if found is None else found.data.decode()

    def acquire(self) -> bool:
        """Take the lease if nobody else has it, and keep it from now on; tell whether it is held.

        Raises:
            JournalError: no server answers.
        """
        make(self._link, self._url)
        found = self._link.message(self._stream, {"last_by_subj": self._subject})
        if found is not None and found.data.decode() != self.who:
            return False
        if not self._put(0 if found is None else found.sequence):
            return False
        self._thread.start()
        return True

    def known(self, name: str) -> str | None:
        """Return what all workers of this journal use under a name; None: none of them had a word for it yet.

        Raises:
            JournalError: no server answers.
        """
        side = f"{self._url.name}_side"
        found = self._link.message(side, {"last_by_subj": f"{side}.agreed.{name}"})
        return None if found is None else found.data.decode()

    def agreed(self, name: str, mine: str) -> str:
        """Return what all workers of this journal use under a name: what the first of them had.

        Raises:
            JournalError: no server answers.
        """
        log = Log(self._url)
        try:
            log.make()
        finally:
            log.close()
        subject = f"{self._url.name}_side.agreed.{name}"
        for _ in range(2):
            found = self.known(name)
            if found is not None:
                return found
            with contextlib.suppress(RefusedError):  # another was first
                self._link.publish(Outgoing(subject, mine.encode(), {_EXPECTED: "0"}))
        return mine

    def ask(self, question: bytes) -> bytes:
        """Ask whoever has the turn, and return the answer.

        Raises:
            JournalError: no answer came.
        """
        return self._link.ask(f"{self._url.name}_ask", question)

    def tell(self, said: bytes) -> None:
        """Tell whoever has the turn something that needs no answer; nobody hears it where no server is there."""
        self._link.say([(f"{self._url.name}_ask", said, "")])

    def announce(self, said: bytes) -> None:
        """Tell those who stand by how we are, as who has the turn does each second."""
        self._link.say([(f"{self._url.name}_status", said, "")])

    def hear(self, heard: Callable[[bytes], None]) -> Callable[[], None]:
        """Take what is announced, on a thread of the connection; return what ends that.

        Raises:
            JournalError: no server answers.
        """
        return self._link.serve(f"{self._url.name}_status", lambda said, _reply: heard(said))

    def serve(self, heard: Heard) -> None:
        """Take the questions of those who stand by, on a thread of the connection.

        Raises:
            JournalError: no server answers.
        """
        self._link.serve(f"{self._url.name}_ask", heard)

    def close(self) -> None:
        """Give it up, so that another takes it at once."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
            with contextlib.suppress(JournalError):  # it ends by itself
                if not self.lost:
                    self._link.request(f"STREAM.MSG.DELETE.{self._stream}", {"seq": self._sequence})
        given_back(self._url)

    def _put(self, after: int) -> bool:
        try:
            said = Outgoing(self._subject, self.who.encode(), {_EXPECTED: str(after)})
            self._sequence = self._link.publish(said)
        except RefusedError:
            return False
        return True

    def _keep(self) -> None:
        """Renew it until it is another's, or no server can be asked for long."""
        left = GIVE_UP_S
        began, pause = time.monotonic(), RENEW_S
        while not self._ended.wait(pause):
            try:
                held, pause = self._renewed(), RENEW_S
            except JournalError:
                left -= time.monotonic() - began
                held, pause = left > 0, AGAIN_S
            else:
                left = GIVE_UP_S
            if not held:
                self.lost = True
                return
            began = time.monotonic()

    def _renewed(self) -> bool:
        if self._put(self._sequence):
            return True
        found = self._link.message(self._stream, {"last_by_subj": self._subject})
        if found is None:  # it ran out while no server answered
            return self._put(0)
        if found.data.decode() != self.who:
            return False
        self._sequence = found.sequence  # an answer was lost
        return True
