"""What holds once over all workers of a journal: a code that logs in, and a request that bears a key.

Beside the journal lie two buckets. `codes`: SHA-256 of a code, for as long as it opens; whoever takes it away has used
it, and the servers let one do so. `requests`: hash of who asked, what and the key → what was sent, and the answer. That
is sealed by what only the asker knows: what was typed, and is erased one day, can be read there by nobody else. While
no server answers each worker goes on with what it knows itself.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from hub.errors import JournalError
from hub.journal import place
from hub.model import NS
from hub.sealing import sealed, unsealed
from hub.web.once import KEPT_NS, MOST, Claim, Kept
from hub.web.sessions import CODE_S

if TYPE_CHECKING:
    from hub.journal.bucket import Bucket, Entry

CODES, REQUESTS = "codes", "requests"
UNDER_WAY_S = 60
"""How long a request counts as under way [s] whose worker has not answered: it may be dead."""
SILENT_S = 1.0
"""How long [s] a server that did not answer is asked about no code that this worker did not make."""
_LOG = logging.getLogger(__name__)


class Said(Struct, frozen=True):
    """What a bucket holds of a request: hash of what was sent, and the sealed answer; empty: it is under way."""

    body: str
    answer: bytes = b""


class OnlyOnce:
    """A worker's access to both; any thread, each call waits for a server."""

    def __init__(self, codes: "Bucket", requests: "Bucket", monotonic: Callable[[], float] = time.monotonic) -> None:
        """Ask nothing yet; closing gives both back."""
        self._monotonic = monotonic
        self._silent_until = float("-inf")
        self._codes, self._requests = codes, requests
        self._used: set[str] = set()
        """Codes of ours that opened while no server answered."""
        self._mine: dict[str, int] = {}
        """Requests under way here → their revision."""

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

        if not mine and self._monotonic() < self._silent_until:
            return False  # who guesses must not take the page's threads
        try:
            found = self._codes.get(code)
            if found is None:
                return mine  # never offered, for there was no server
            if found.value is None:
                return False
            self._codes.delete(code, after=found.revision)
        except RefusedError:
            return False  # another was first
        except JournalError:
            self._silent_until = self._monotonic() + SILENT_S
            if mine:
                self._used.add(code)
            return mine
        return True

    def look(self) -> None:
        """Let the codes that opened here while no server answered open nowhere else."""
        with contextlib.suppress(JournalError):  # the next time
            for code in [*self._used] if self._codes.connected else ():
                found = self._codes.get(code)
                if found is not None and found.value is not None:
                    self._codes.delete(code, after=found.revision)
                self._used.discard(code)

    # --- requests

    def claim(self, name: str, body: str, seal: str) -> Claim | None:
        """Return what became of a request at another worker; None: it is this one's from now on."""
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        try:
            found = self._requests.get(name)
            if found is None or found.value is None:
                after = 0 if found is None else found.revision
                try:
                    said = msgspec.json.encode(Said(body))
                    self._mine[name] = self._requests.put(name, said, after=after, lives_s=UNDER_WAY_S)
                except RefusedError:
                    found = self._requests.get(name)
                else:
                    return None
        except JournalError as error:
            _LOG.debug("Whether another worker had a request is not known: %s", error)
            return None
        return None if found is None else _claim(found, seal)

    def first(self, name: str) -> bool:
        """Tell whether a name is said for the first time at any worker within a day; where no server is, it may be."""
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        try:
            self._requests.put(name, msgspec.json.encode(Said("")), after=0)
        except RefusedError:
            return False
        except JournalError as error:
            _LOG.debug("Whether another worker had it is not known: %s", error)
        return True

    def answered(self, answer: Kept, seal: str) -> None:
        """Let every worker give this answer."""
        after = self._mine.pop(answer.key, None)
        if after is None:
            return
        said = Said(answer.body, sealed(msgspec.msgpack.encode(answer), seal))
        with contextlib.suppress(JournalError):  # taken for under way until that is forgotten
            self._requests.put(answer.key, msgspec.json.encode(said), after=after)

    def release(self, name: str) -> None:
        """Let a request be tried again anywhere: it did nothing."""
        after = self._mine.pop(name, None)
        if after is not None:
            with contextlib.suppress(JournalError):  # as above
                self._requests.delete(name, after=after)


def _claim(found: "Entry", seal: str) -> Claim | None:
    try:
        said = msgspec.json.decode(found.value or b"", type=Said)
        if not said.answer:
            return Claim(said.body, None)
        return Claim(said.body, msgspec.msgpack.decode(unsealed(said.answer, seal) or b"", type=Kept))
    except msgspec.MsgspecError as error:
        _LOG.warning("What another worker answered cannot be read: %s", error)
        return None


@contextmanager
def shared(data: Path) -> Iterator[OnlyOnce | None]:
    """Lend it; None: the journal of a data folder has no other workers.

    Raises:
        ConfigError: the journal's address cannot be used.
    """
    address = place.url(data)
    if address is None:
        yield None
        return
    from hub.journal.bucket import Bucket  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    url = Url.parsed(address)
    requests = Bucket(url, REQUESTS, lives_s=KEPT_NS // NS, most=MOST)
    found = OnlyOnce(Bucket(url, CODES, lives_s=CODE_S), requests)
    try:
        yield found
    finally:
        found.close()
