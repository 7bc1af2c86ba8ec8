"""Integrators' tokens of several workers: one that is made or revoked at one of them opens, or not, at all.

Beside the journal lies a bucket, `tokens`: hash of a token's name → its name and what is kept of it. Each worker's
tokens.json follows, so that tokens open while no server answers. A file that was there before is shared at once.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub import tokens
from hub.datafolder import lock_of
from hub.errors import HubError, JournalError, NotFoundError, UsageError
from hub.hashing import hashed
from hub.journal import place
from hub.tokens import Token

if TYPE_CHECKING:
    from hub.journal.bucket import Bucket, Entry

BUCKET = "tokens"
_LOG = logging.getLogger(__name__)


class Named(Struct, frozen=True):
    """What the bucket holds of a token."""

    name: str
    token: Token


class SharedTokens:
    """Keeps the tokens of a folder like those of all workers; any thread, each call waits for a server."""

    def __init__(self, folder: Path, bucket: "Bucket", *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Ask nothing yet; closing gives the bucket back."""
        self._folder = folder
        self._bucket = bucket
        self._monotonic = monotonic
        self._guard = threading.RLock()
        self._looked = float("-inf")
        self._silent = False
        """The server that is there did not answer last time."""
        self._seen = 0
        self._born = ""
        self._there: dict[str, Token] = {}
        self._revisions: dict[str, int] = {}
        self._strange: set[str] = set()
        """Keys whose entry cannot be read here."""
        self._stale = True
        """The file does not have yet what is there, or has alone what is to be shared."""

    def close(self) -> None:
        """Give the bucket back."""
        self._bucket.close()

    def ask(self) -> None:
        """Look for a token that does not open here.

        Whoever comes while others wait is served by the same look. Nobody waits where there is no server, nor for one
        that did not answer last time: only who looks each second asks that again.
        """
        came = self._monotonic()
        if self._silent or not self._bucket.connected:
            return
        with self._guard:
            if self._looked <= came and not self._silent:
                self.look()

    def look(self) -> None:
        """Take over what changed at other workers; where no server is there, what the file has holds."""
        if not self._bucket.connected:
            return
        with self._guard:
            began = self._monotonic()
            try:
                self.follow()
            except JournalError as error:
                _LOG.debug("Tokens of other workers are not known yet: %s", error)
                self._silent = True
                return
            except (HubError, OSError) as error:
                _LOG.warning("What other workers changed of tokens cannot be kept yet: %s", error)
            self._looked, self._silent = began, False

    def follow(self) -> None:
        """Take over what changed at other workers; what could not be written last time is now.

        Raises:
            JournalError: no server answers.
            ConfigError: the file is damaged.
            OSError: it cannot be written.
        """
        with self._guard:
            born = self._born or self._bucket.born()
            entries = self._bucket.since(self._seen)
            self._born = born
            self._stale |= bool(entries)
            for each in entries:
                self._take(each)
            if self._stale:
                self._stale = not self._write()

    def _take(self, entry: "Entry") -> None:
        """Know what a key holds now; what cannot be read here opens nothing, and holds up nothing else."""
        self._revisions[entry.key] = self._seen = entry.revision
        self._there = {name: kept for name, kept in self._there.items() if hashed(name) != entry.key}
        self._strange.discard(entry.key)
        if entry.value is None:
            return
        try:
            said = msgspec.json.decode(entry.value, type=Named)
        except msgspec.MsgspecError as error:
            _LOG.warning("A token of another worker cannot be read: %s", error)
            self._strange.add(entry.key)
        else:
            self._there[said.name] = replace(said.token, shared=self._born)

    def _write(self) -> bool:
        """Let the file have what is there, and share what it has had alone; False: not all of that could be shared."""
        with lock_of(self._folder / f"{tokens.FILE}.lock"):
            before = tokens.listed(self._folder)
            unsaid = self._shared(before)
            if before != self._there | unsaid:
                tokens.write(self._folder, self._there | unsaid)
        return not unsaid

    def _shared(self, before: Mapping[str, Token]) -> dict[str, Token]:
        """Share what a file has had alone; return what no server took."""
        known = {each.hash for each in self._there.values()}
        unsaid: dict[str, Token] = {}
        for name, token in before.items():
            if token.shared == self._born or token.hash in known:
                continue
            own = f"{name}-{token.hash[:4]}" if self._is_taken(name) else name
            if unsaid:  # nor would they take this one; each may wait for a moment
                unsaid[own] = token
                continue
            try:
                self._say(own, replace(token, shared=self._born))
            except JournalError as error:
                _LOG.debug("Token %r opens at this worker only, for now: %s", own, error)
                unsaid[own] = token
        return unsaid

    def _is_taken(self, name: str) -> bool:
        return name in self._there or hashed(name) in self._strange

    def create(self, name: str, token: Token) -> None:
        """Keep a new token for all.

        Raises:
            UsageError: the name is taken.
            JournalError: no server answers; nothing was made.
        """
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        self.follow()
        if self._is_taken(name):
            raise UsageError(tokens.taken(name))
        try:
            self._say(name, token)
        except RefusedError:  # another worker's was first
            raise UsageError(tokens.taken(name)) from None
        self.follow()

    def revoke(self, name: str) -> None:
        """Forget a token at all.

        Raises:
            NotFoundError: there is none of that name.
            JournalError: no server answers; it opens on.
        """
        self.follow()
        if name not in self._there:
            raise NotFoundError(tokens.unknown(name, self._there))
        key = hashed(name)
        self._bucket.delete(key, after=self._revisions[key])
        self.follow()

    def _say(self, name: str, token: Token) -> None:
        key = hashed(name)
        said = msgspec.json.encode(Named(name, replace(token, shared="")))
        self._revisions[key] = self._bucket.put(key, said, after=self._revisions.get(key, 0))
        self._there[name] = token


@contextmanager
def shared(data: Path) -> Iterator[SharedTokens | None]:
    """Lend what keeps them alike; None: the journal of a data folder has no other workers.

    Raises:
        ConfigError: the journal's address cannot be used.
    """
    url = place.servers(data)
    if url is None:
        yield None
        return
    from hub.journal.bucket import Bucket  # noqa: PLC0415 — only where NATS is spoken of

    found = SharedTokens(data, Bucket(url, BUCKET))
    with closing(found):
        yield found
