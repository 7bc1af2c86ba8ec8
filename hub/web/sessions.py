"""Who has logged in: sessions, single-use codes, and delays for those who guess."""

import contextlib
import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path

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


class Sessions:
    """Facilitators' sessions; the file holds only hashes, so that reading it lets nobody in."""

    def __init__(self, path: Path | None = None, *, wall: Callable[[], float] = time.time) -> None:
        """Start from the file where there is one."""
        self._path = path
        self._wall = wall
        self._until: dict[str, float] = {}
        if path is not None:
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                self._until = msgspec.json.decode(path.read_bytes(), type=dict[str, float])

    def open(self) -> str:
        """Return a new session's secret; nothing that the client sent becomes one."""
        secret = secrets.token_urlsafe(32)
        now = self._wall()
        self._until = {key: until for key, until in self._until.items() if until > now}
        while len(self._until) >= MOST:
            del self._until[min(self._until, key=lambda key: self._until[key])]
        self._until[hashed(secret)] = now + KEPT_S
        return secret

    def known(self, secret: str | None) -> bool:
        """Tell whether the secret is that of a living session."""
        return secret is not None and self._until.get(hashed(secret), 0.0) > self._wall()

    def close(self, secret: str | None) -> None:
        """End a session."""
        if secret is not None:
            self._until.pop(hashed(secret), None)

    def close_all(self) -> None:
        """End every session: whoever saw the PIN is out."""
        self._until.clear()

    def save(self) -> None:
        """Write the file; blocks."""
        if self._path is not None:
            write_private(self._path, msgspec.json.encode(self._until))


class Codes:
    """Codes that open once, within a minute: for the address printed in the terminal."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with none."""
        self._monotonic = monotonic
        self._until: dict[str, float] = {}

    def new(self) -> str:
        """Return a fresh code."""
        now = self._monotonic()
        self._until = {key: until for key, until in self._until.items() if until > now}
        code = secrets.token_urlsafe(16)
        self._until[hashed(code)] = now + CODE_S
        return code

    def use(self, code: str) -> bool:
        """Tell whether the code opens; it will not again."""
        return self._until.pop(hashed(code), 0.0) > self._monotonic()


class Delays:
    """How long an address that guesses must wait: 1, 2, 4 … 60 s after its third miss; forgiven after a quiet while.

    Who guesses from ever other addresses is slowed as well: all strangers together miss thirty times, then once in two
    seconds, so that half of the million PINs take eleven days. Of `MOST` addresses the oldest miss is forgotten.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with clean hands everywhere."""
        self._monotonic = monotonic
        self._missed: dict[str, tuple[int, float]] = {}
        self._together = Limiter(TOGETHER, monotonic=monotonic)

    def wait(self, address: str, longest: float = LONGEST_S) -> float:
        """Return the seconds that an address still has to wait."""
        missed, last = self._missed.get(address, (0, 0.0))
        if missed < FREE_TRIES:
            return 0.0
        pause = min(2.0 ** min(missed - FREE_TRIES, 10), longest)
        return max(0.0, last + pause - self._monotonic())

    def wait_of_stranger(self, address: str) -> float:
        """Return the seconds that an address still has to wait, for its own misses or for those of all."""
        return max(self.wait(address), self._together.wait(""))

    def miss(self, address: str, *, counts: bool = True) -> None:
        """Count a wrong guess; `counts`: among those of all strangers too."""
        now = self._monotonic()
        if counts:
            self._together.spend("")
        missed, last = self._missed.pop(address, (0, now))
        while len(self._missed) >= MOST:
            del self._missed[next(iter(self._missed))]
        self._missed[address] = (missed + 1 if now - last < FORGIVEN_S else 1, now)

    def forgive(self, address: str) -> None:
        """Forget the misses of an address that got in."""
        self._missed.pop(address, None)


def same(given: str, wanted: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
