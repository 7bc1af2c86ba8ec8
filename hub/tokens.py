"""Tokens of integrators: who may send to `/api/v1/ingest/{source}`; only their hashes are kept (reliability.md §2.15).

A token is 32 random bytes: it cannot be guessed, so a plain SHA-256 hides it and nobody needs to be slowed down.
"""

import hmac
import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from hub.datafolder import lock_of, named, write_private
from hub.errors import ConfigError, NotFoundError, UsageError
from hub.hashing import hashed

if TYPE_CHECKING:
    from hub.sharedtokens import SharedTokens

FILE = "tokens.json"
SOURCE = re.compile(r"[^\W_][\w.~-]{0,63}")
"""A source is one level of a topic: letters and digits of any script, `_ . ~ -`."""
NONE = "none was made yet; `matinales tokens new NAME` makes one"
PREFIX = "mtn_"
"""So that a token that leaked is recognised as one."""


class Token(Struct, frozen=True):
    """What is kept of a token.

    Attributes:
        hash: SHA-256 of the token, hex.
        source: the only one it may send as; None: any.
        created: when [s since 1970].
        shared: which bucket of several workers has it (`hub.sharedtokens`); empty: none.
    """

    hash: str
    source: str | None
    created: float
    shared: str = ""


class Elsewhere(Protocol):
    """Other workers of the same journal."""

    def ask(self) -> None:
        """Take over what changed there; blocks, but never for a server that did not answer last time."""


class Tokens:
    """The tokens of one data folder; the command writes the file, the hub reads it again when it changed."""

    def __init__(self, folder: Path | None) -> None:
        """Name the data folder; None: there are no tokens. Nothing is read yet."""
        self._path = folder / FILE if folder is not None else None
        self._read: tuple[int, int] | None = None
        self._known: dict[str, Token] = {}
        self.elsewhere: Elsewhere | None = None

    def refresh(self) -> None:
        """Read the file if it changed; one that cannot be read lets nobody in. Blocks."""
        if self._path is None:
            return
        try:
            state = self._path.stat()
            now = (state.st_mtime_ns, state.st_ino)
            if now != self._read:
                self._known, self._read = _content(self._path), now
        except (OSError, ConfigError):
            self._known, self._read = {}, None

    def meet(self, token: str, source: str) -> None:
        """Read the file if it changed, and ask other workers about a token that does not open here. Blocks."""
        self.refresh()
        if self.elsewhere is not None and token.startswith(PREFIX) and not self.opens(token, source):
            self.elsewhere.ask()
            self.refresh()

    def opens(self, token: str, source: str) -> bool:
        """Tell whether a token may send as this source, by what was read last."""
        given = hashed(token)
        return any(
            hmac.compare_digest(each.hash, given) and each.source in {None, source} for each in self._known.values()
        )


def listed(folder: Path) -> dict[str, Token]:
    """Return name → token.

    Raises:
        ConfigError: the file is damaged.
    """
    return _content(folder / FILE)


def create(folder: Path, name: str, source: str | None, *, wall: Callable[[], float] = time.time) -> str:
    """Keep a new token and return it: the only time that it is seen.

    Raises:
        UsageError: the name is taken, or name or source cannot be one.
        ConfigError: the file is damaged.
        JournalError: workers share them, and no server answers; nothing was made.
    """
    for what, word in (("name", name), ("source", source)):
        if word is not None and not SOURCE.fullmatch(word):
            msg = (
                f"{what} {word!r}: write letters, digits, '-', '_' or '.', at most 64, beginning with a letter or digit"
            )
            raise UsageError(msg)
    token = PREFIX + secrets.token_urlsafe(32)
    kept = Token(hashed(token), source, wall())
    with sharing(folder) as others:
        if others is not None:
            others.create(name, kept)
            return token
    with lock_of(folder / f"{FILE}.lock"):
        known = listed(folder)
        if name in known:
            raise UsageError(taken(name))
        write(folder, known | {name: kept})
    return token


def revoke(folder: Path, name: str) -> None:
    """Forget a token; the living hub refuses it from its next request on.

    Raises:
        NotFoundError: there is none of that name.
        ConfigError: the file is damaged.
        JournalError: workers share them, and no server answers; it opens on.
    """
    with sharing(folder) as others:
        if others is not None:
            others.revoke(name)
            return
    with lock_of(folder / f"{FILE}.lock"):
        known = listed(folder)
        if name not in known:
            raise NotFoundError(unknown(name, known))
        write(folder, {each: token for each, token in known.items() if each != name})


def sharing(folder: Path) -> "AbstractContextManager[SharedTokens | None]":
    """Lend what shares a folder's tokens with other workers; None: there are none."""
    from hub import sharedtokens  # noqa: PLC0415 — it knows this module

    return sharedtokens.shared(folder)


def taken(name: str) -> str:
    """Return what is said of a name that cannot be given again."""
    return f"there is already a token {name!r}; choose another name, or revoke it first"


def unknown(name: str, known: Collection[str]) -> str:
    """Return what is said of a name that there is not."""
    there = f"; there are: {', '.join(known)}" if known else f": {NONE}"
    return f"no token {name!r}{there}"


def write(folder: Path, known: Mapping[str, Token]) -> None:
    """Replace the file, all or nothing; under its lock."""
    write_private(folder / FILE, msgspec.json.encode(known))


def _content(path: Path) -> dict[str, Token]:
    return named(path, Token, "make the tokens anew")
