"""Integrators' tokens of several workers: one that is made or revoked at one of them opens, or not, at all.

Beside the journal lies a bucket, `tokens`: hash of a token's name → its name and what is kept of it. Each worker's
tokens.json follows, so that tokens open while no server answers. A file that was there before is shared at once.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from filelock import FileLock
from msgspec import Struct
from msgspec.structs import replace

from hub import tokens
from hub.errors import HubError, NotFoundError, UsageError
from hub.hashing import hashed
from hub.journal import place
from hub.tokens import Token

if TYPE_CHECKING:
    from hub.journal.bucket import Bucket

BUCKET = "tokens"
_LOG = logging.getLogger(__name__)


class Named(Struct, frozen=True):
    """What the bucket holds of a token."""

    name: str
    token: Token


class SharedTokens:
    """Keeps the tokens of a folder like those of all workers; any thread, each call waits for a server."""

    def __init__(self, folder: Path, bucket: "Bucket", monotonic: Callable[[], float] = time.monotonic) -> None:
        """Ask nothing yet; closing gives the bucket back."""
        self._monotonic = monotonic
        self._looked = float("-inf")
        self._silent = False
        """The server that is there did not answer last time."""
        self._asking = threading.Lock()
        self._folder = folder
        self._bucket = bucket
        self._guard = threading.Lock()
        self._seen = 0
        self._born = ""
        self._there: dict[str, Token] = {}
        self._revisions: dict[str, int] = {}

    def close(self) -> None:
        """Give the bucket back."""
        self._bucket.close()

    def look(self) -> None:
        """Take over what changed at other workers; where no server is there, what the file has holds."""
        if not self._bucket.connected:
            return
        began = self._monotonic()
        try:
            self.follow()
        except HubError as error:
            _LOG.debug("Tokens of other workers are not known yet: %s", error)
            self._silent = True
            return
        self._looked, self._silent = began, False

    def ask(self) -> None:
        """Look for somebody who waits: one look serves all who came before it, and nobody waits for a silent server.

        Only who looks by itself asks that one again: strangers with tokens of their own invention must not take the
        page's threads.
        """
        came = self._monotonic()
        with self._asking:
            if self._looked < came and not self._silent:
                self.look()

    def follow(self) -> None:
        """Take over what changed at other workers.

        Raises:
            JournalError: no server answers.
            ConfigError: the file is damaged.
        """
        with self._guard:
            is_new = not self._born
            born = self._bucket.born() if is_new else self._born
            entries = self._bucket.since(self._seen)
            for each in entries:
                self._revisions[each.key], self._seen = each.revision, each.revision
                self._there = {name: kept for name, kept in self._there.items() if hashed(name) != each.key}
                if each.value is not None:
                    said = msgspec.json.decode(each.value, type=Named)
                    self._there[said.name] = replace(said.token, shared=born)
            if is_new or entries:
                self._write(born)
            self._born = born

    def _write(self, born: str) -> None:
        """Let the file have what is there, and share what it has had alone."""
        with FileLock(self._folder / f"{tokens.FILE}.lock"):
            before = tokens.listed(self._folder)
            known = {each.hash for each in self._there.values()}
            for name, token in before.items():
                if token.shared != born and token.hash not in known:
                    own = name if name not in self._there else f"{name}-{token.hash[:4]}"
                    self._say(own, replace(token, shared=born))
            if before != self._there:
                tokens.write(self._folder, self._there)

    def create(self, name: str, token: Token) -> None:
        """Keep a new token for all.

        Raises:
            UsageError: the name is taken.
            JournalError: no server answers; nothing was made.
        """
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        self.follow()
        if name in self._there:
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
    address = place.url(data)
    if address is None:
        yield None
        return
    from hub.journal.bucket import Bucket  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url  # noqa: PLC0415 — likewise

    found = SharedTokens(data, Bucket(Url.parsed(address), BUCKET))
    try:
        yield found
    finally:
        found.close()
