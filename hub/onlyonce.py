"""What holds once over all workers of a journal: a code that logs in, and a request that bears a key.

Beside the journal lie two buckets. `codes`: SHA-256 of a code, for as long as it opens; whoever takes it away has used
it, and the servers let one do so. `requests`: hash of who asked, what and the key → what was sent, and the answer. Both
are sealed by what only the asker knows: what was typed, and is erased one day, can be read or guessed there by nobody
else. While no server answers each worker goes on with what it knows itself; one that did not answer last time is asked
again by who looks each second alone.
"""

import contextlib
import hmac
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from hub.errors import JournalError
from hub.journal import place
from hub.model import NS
from hub.sealing import sealed, unsealed
from hub.web.once import KEPT_NS, MOST, Kept, Refusal
from hub.web.sessions import CODE_S

if TYPE_CHECKING:
    from hub.journal.bucket import Bucket

CODES, REQUESTS = "codes", "requests"
UNDER_WAY_S = 60
"""How long a request counts as under way [s] whose worker has not answered: it may be dead."""
_TRIES = 3
"""How often a request is claimed where others claim it and let it go meanwhile."""
_PROBE = "-"
"""A key that nothing is ever kept under: whoever answers about it is there."""
_LOG = logging.getLogger(__name__)


class Said(Struct, frozen=True):
    """What a bucket holds of a request: what was sent (`_mac`), and the sealed answer; empty: it is under way."""

    body: str
    answer: bytes = b""


class OnlyOnce:
    """A worker's access to both; any thread, each call waits for a server."""

    def __init__(self, codes: "Bucket", requests: "Bucket") -> None:
        """Ask nothing yet; closing gives both back."""
        self._codes, self._requests = codes, requests
        self._used: set[str] = set()
        """Codes of ours that opened while no server answered."""
        self._mine: dict[str, int] = {}
        """Requests under way here → their revision."""
        self._silent = False
        """The server that is there did not answer last time."""

    def close(self) -> None:
        """Give the buckets back."""
        self._codes.close()
        self._requests.close()

    # --- codes

    def offer(self, code: str) -> None:
        """Let a code, by its hash, open at every worker; where no server answers it opens at this one."""
        try:
            self._codes.put(code, b"1", after=0)
        except JournalError as error:
            _LOG.warning("A code opens at this worker only: %s", error)

    def take(self, code: str, *, mine: bool) -> bool:
        """Use a code up, by its hash, and tell whether it opened.

        Args:
            code: SHA-256, hex.
            mine: this worker made it, and has not seen it used.
        """
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        try:
            with self._answering():
                found = self._codes.get(code)
                if found is None:
                    return mine  # never offered, for there was no server
                if found.value is None:
                    return False
                self._codes.delete(code, after=found.revision)
        except RefusedError:
            return False  # another was first
        except JournalError:
            if mine:
                self._used.add(code)
            return mine
        return True

    def look(self) -> None:
        """Ask again whether a server answers, and let the codes that opened here while none did open nowhere else."""
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        if not self._codes.connected:
            return
        with contextlib.suppress(JournalError):  # the next time
            if self._silent:
                with contextlib.suppress(RefusedError):  # an answer, too
                    self._codes.get(_PROBE)
                self._silent = False
            for code in [*self._used]:
                found = self._codes.get(code)
                if found is not None and found.value is not None:
                    self._codes.delete(code, after=found.revision)
                self._used.discard(code)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Ask only where a server may answer.

        Raises:
            JournalError: none is there, or none answers.
        """
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        if self._silent or self._codes.away:
            msg = "no server of the journal answers"
            raise JournalError(msg)
        try:
            yield
        except RefusedError:
            raise
        except JournalError:
            self._silent = True
            raise

    # --- requests

    def claim(self, name: str, body: str, seal: str) -> Kept | Refusal | None:
        """Return what became of a request at another worker; None: it is this one's from now on."""
        try:
            with self._answering():
                return self._claimed(name, body, seal)
        except JournalError as error:
            _LOG.debug("Whether another worker had a request is not known: %s", error)
            return None

    def _claimed(self, name: str, body: str, seal: str) -> Kept | Refusal | None:
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        said, before = msgspec.json.encode(Said(_mac(body, seal))), -1
        for _ in range(_TRIES):
            found = self._requests.get(name)
            if found is not None and found.value is not None:
                return _became(found.value, body, seal)
            after = 0 if found is None else found.revision
            if after == before:  # nobody else had it: the servers take nothing, as with a full disk
                return None
            before = after
            with contextlib.suppress(RefusedError):  # another was first, and may let it go
                self._mine[name] = self._requests.put(name, said, after=after, lives_s=UNDER_WAY_S)
                return None
        return "key_busy"

    def first(self, name: str) -> bool:
        """Tell whether a name is said for the first time at any worker within a day; where no server is, it may be."""
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        try:
            with self._answering():
                try:
                    self._requests.put(name, msgspec.json.encode(Said("")), after=0)
                except RefusedError:  # it is there; or the servers take nothing, as with a full disk
                    return self._requests.get(name) is None
        except JournalError as error:
            _LOG.debug("Whether another worker had it is not known: %s", error)
        return True

    def answered(self, answer: Kept, seal: str) -> None:
        """Let every worker give this answer."""
        after = self._mine.pop(answer.key, None)
        if after is None:
            return
        said = Said(_mac(answer.body, seal), sealed(msgspec.msgpack.encode(answer), seal))
        with contextlib.suppress(JournalError):  # taken for under way until that is forgotten
            self._requests.put(answer.key, msgspec.json.encode(said), after=after)

    def release(self, name: str) -> None:
        """Let a request be tried again anywhere: it did nothing."""
        after = self._mine.pop(name, None)
        if after is not None:
            with contextlib.suppress(JournalError):  # as above
                self._requests.delete(name, after=after)


def _became(value: bytes, body: str, seal: str) -> Kept | Refusal:
    """Return the answer to a request that another worker has; what cannot be read may have acted all the same."""
    try:
        said = msgspec.json.decode(value, type=Said)
        if not hmac.compare_digest(said.body, _mac(body, seal)):
            return "key_reused"
        if not said.answer:
            return "key_busy"
        return msgspec.msgpack.decode(unsealed(said.answer, seal) or b"", type=Kept)
    except msgspec.MsgspecError as error:
        _LOG.warning("What another worker answered cannot be read: %s", error)
        return "key_unread"


def _mac(body: str, seal: str) -> str:
    """Return what tells a body from another, and can be compared with a guess only by who knows the seal."""
    return hmac.digest(seal.encode(), body.encode(), "sha256").hex()


@contextmanager
def shared(data: Path) -> Iterator[OnlyOnce | None]:
    """Lend it; None: the journal of a data folder has no other workers.

    Raises:
        ConfigError: the journal's address cannot be used.
    """
    url = place.servers(data)
    if url is None:
        yield None
        return
    from hub.journal.bucket import Bucket  # noqa: PLC0415 — only where NATS is spoken of

    requests = Bucket(url, REQUESTS, lives_s=KEPT_NS // NS, most=MOST)
    found = OnlyOnce(Bucket(url, CODES, lives_s=CODE_S), requests)
    with closing(found):
        yield found
