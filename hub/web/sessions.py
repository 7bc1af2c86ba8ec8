"""Who has logged in: sessions, single-use codes, and delays for those who guess."""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from hub.datafolder import write_private
from hub.hashing import hashed
from hub.web.limits import Budget, Limiter

KEPT_S = 7 * 24 * 3600
"""A facilitator's cookie is good for the week of the workshop."""
CODE_S = 60.0
FREE_TRIES = 3
LONGEST_S = 60.0
CONSOLE_S = 2.0
FORGIVEN_S = 900.0
TOGETHER = Budget(0.5, 30)
"""Wrong guesses of all strangers together."""
MOST = 1000
ROUNDS = 100_000
"""Of PBKDF2: who holds a cookie and what is kept of it tries a million PINs in hours, not in seconds."""


class Elsewhere(Protocol):
    """What other workers of the same journal know of log-ins and of those who guess."""

    def look(self) -> None:
        """Take over what changed there, and say there what changed here; blocks. Without a server nothing happens."""


class CodesElsewhere(Protocol):
    """Single-use codes, by their hash, at all workers of the same journal; each call blocks."""

    def offer(self, code: str) -> None:
        """Let a code open at every worker."""

    def take(self, code: str, *, mine: bool) -> bool:
        """Use a code up and tell whether it opened; `mine`: this worker made it and has not seen it used."""


class Sessions:
    """Facilitators' sessions; the file holds only hashes, so that reading it lets nobody in. Any thread.

    Each is kept by a hash of its secret and the PIN that stood then: with another PIN it is none, wherever it is kept.
    """

    def __init__(self, path: Path | None = None, *, pin: str = "", wall: Callable[[], float] = time.time) -> None:
        """Start from the file where there is one; `pin`: the one that stands."""
        self._path = path
        self._key = _key(pin)
        self._wall = wall
        self._until: dict[str, float] = {}
        self._guard = threading.Lock()
        self._saving = threading.Lock()
        if path is not None:
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                self._until = msgspec.json.decode(path.read_bytes(), type=dict[str, float])

    def open(self) -> str:
        """Return a new session's secret; nothing that the client sent becomes one."""
        secret = secrets.token_urlsafe(32)
        now = self._wall()
        with self._guard:
            self._until = {key: until for key, until in self._until.items() if until > now}
            self._admit(self.kept_as(secret), now + KEPT_S)
        return secret

    def kept_as(self, secret: str) -> str:
        """Return what is kept of a session's secret, here and at other workers (hex)."""
        return hmac.digest(self._key, secret.encode("utf-8", "surrogatepass"), "sha256").hex()

    def _admit(self, key: str, until: float) -> None:
        while key not in self._until and len(self._until) >= MOST:
            del self._until[min(self._until, key=lambda key: self._until[key])]
        self._until[key] = until

    def known(self, secret: str | None) -> bool:
        """Tell whether the secret is that of a living session."""
        return secret is not None and self._until.get(self.kept_as(secret), 0.0) > self._wall()

    def close(self, secret: str | None) -> None:
        """End a session."""
        if secret is not None:
            with self._guard:
                self._until.pop(self.kept_as(secret), None)

    def renew(self, pin: str) -> None:
        """End every session: whoever saw the PIN before this one is out."""
        with self._guard:
            self._key = _key(pin)
            self._until.clear()

    def living(self) -> Mapping[str, float]:
        """Return hash of the secret → until when [s since 1970], of each living session."""
        now = self._wall()
        with self._guard:
            return {key: until for key, until in self._until.items() if until > now}

    def follow(self, changed: Mapping[str, float | None]) -> None:
        """Take over sessions, by hash, that another worker opened, or closed (None)."""
        latest = self._wall() + KEPT_S
        with self._guard:
            for key, until in changed.items():
                if until is None:
                    self._until.pop(key, None)
                else:
                    self._admit(key, min(until, latest))

    def save(self) -> None:
        """Write the file; blocks."""
        if self._path is not None:
            with self._saving:  # what is written last was read last
                write_private(self._path, msgspec.json.encode(self.living()))


@lru_cache(maxsize=4)
def _key(pin: str) -> bytes:
    """Return what a PIN gives to the hashes of sessions."""
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), b"matinales sessions", ROUNDS)


class Codes:
    """Codes that open once, within a minute: for the address printed in the terminal."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with none."""
        self._monotonic = monotonic
        self._until: dict[str, float] = {}
        self.elsewhere: CodesElsewhere | None = None
        """Other workers of the same journal."""

    async def new(self) -> str:
        """Return a fresh code."""
        now = self._monotonic()
        self._until = {key: until for key, until in self._until.items() if until > now}
        code = secrets.token_urlsafe(16)
        self._until[hashed(code)] = now + CODE_S
        if self.elsewhere is not None:
            await asyncio.to_thread(self.elsewhere.offer, hashed(code))
        return code

    async def use(self, code: str) -> bool:
        """Tell whether the code opens; it will not again, at any worker."""
        mine = self._until.pop(hashed(code), 0.0) > self._monotonic()
        if self.elsewhere is None:
            return mine
        return await asyncio.to_thread(self.elsewhere.take, hashed(code), mine=mine)


class Missed(NamedTuple):
    """What is remembered of who guesses.

    Attributes:
        times: wrong guesses, since the last quiet while.
        last: when the last one was [s, monotonic].
        counts: among the guesses of all strangers too.
    """

    times: int
    last: float
    counts: bool


class Delays:
    """How long an address that guesses must wait: 1, 2, 4 … 60 s after its third miss; forgiven after a quiet while.

    Who guesses from ever other addresses is slowed as well: all strangers together miss thirty times, then once in two
    seconds, so that half of the million PINs take eleven days. Of `MOST` addresses the oldest miss is forgotten.
    Any thread.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with clean hands everywhere."""
        self._monotonic = monotonic
        self._missed: dict[str, Missed] = {}
        self._together = Limiter(TOGETHER, monotonic=monotonic)
        self._guard = threading.Lock()

    def wait(self, address: str, longest: float = LONGEST_S) -> float:
        """Return the seconds that an address still has to wait."""
        missed = self._missed.get(hashed(address))
        if missed is None or missed.times < FREE_TRIES:
            return 0.0
        pause = min(2.0 ** min(missed.times - FREE_TRIES, 10), longest)
        return max(0.0, missed.last + pause - self._monotonic())

    def wait_of_stranger(self, address: str) -> float:
        """Return the seconds that an address still has to wait, for its own misses or for those of all."""
        return max(self.wait(address), self._together.wait(""))

    def miss(self, address: str, *, counts: bool = True) -> None:
        """Count a wrong guess; `counts`: among those of all strangers too."""
        now = self._monotonic()
        with self._guard:
            known = self._missed.get(hashed(address))
            times = known.times + 1 if known is not None and now - known.last < FORGIVEN_S else 1
            self._note(hashed(address), Missed(times, now, counts), 1)

    def forgive(self, address: str) -> None:
        """Forget the misses of an address that got in."""
        with self._guard:
            self._missed.pop(hashed(address), None)

    def missed(self) -> Mapping[str, tuple[int, bool]]:
        """Return hash of an address → how often it missed, and whether that counts for all strangers."""
        with self._guard:
            return {key: (each.times, each.counts) for key, each in self._missed.items()}

    def follow(self, key: str, times: int, *, counts: bool, more: int) -> None:
        """Take over how often an address missed at all workers; 0: it got in at one of them.

        Args:
            key: hash of the address.
            times: how often.
            counts: among the guesses of all strangers too.
            more: how many of these this worker did not know: they were just now, whatever another's clock says.
        """
        with self._guard:
            if times > 0:
                self._note(key, Missed(times, self._monotonic(), counts), more)
            else:
                self._missed.pop(key, None)

    def _note(self, key: str, missed: Missed, more: int) -> None:
        for _ in range(min(more, TOGETHER.burst) if missed.counts else 0):
            self._together.spend("")
        self._missed.pop(key, None)
        while len(self._missed) >= MOST:
            del self._missed[next(iter(self._missed))]
        self._missed[key] = missed


def same(given: str, wanted: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
