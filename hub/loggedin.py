"""Log-ins and wrong guesses of several workers: who logged in at one page is the facilitator at all of them.

Beside the journal lie two buckets, `logins` (hash of a session's secret and the PIN → until when) and `misses`
(SHA-256 of an address → how often it guessed wrong); neither lets anybody in. The servers forget both by themselves,
when a cookie ends and when a guess is forgiven. Each worker keeps what it knows, so nobody is thrown out while no
server answers; what was closed meanwhile is closed at the others once one does.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from hub.errors import JournalError
from hub.journal import place
from hub.web.sessions import FORGIVEN_S, KEPT_S, Delays, Sessions

if TYPE_CHECKING:
    from hub.journal.bucket import Bucket, Entry

LOGINS, MISSES = "logins", "misses"
LOOK_S = 1.0
"""How often it is looked what was closed at other workers [s]; what was opened there is asked for when it comes."""
_TRIES = 5
"""How often a count is said again where another worker was first."""
_KNOWN = 10_000
"""Revisions that are remembered before all are asked for anew: the servers do not say what they forgot."""
_LOG = logging.getLogger(__name__)
T = TypeVar("T")
_UNTIL = msgspec.json.Decoder(float).decode
_TIMES = msgspec.json.Decoder(tuple[int, bool]).decode


class LoggedIn:
    """Keeps a worker's log-ins and wrong guesses like those of all; any thread."""

    def __init__(
        self,
        logins: "Bucket",
        misses: "Bucket",
        sessions: Sessions,
        delays: Delays,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        beside: Sequence[Callable[[], None]] = (),
    ) -> None:
        """Ask nothing yet; closing gives both buckets back. `beside`: what else looks as often."""
        self._beside = beside
        self._logins, self._misses = logins, misses
        self._sessions, self._delays = sessions, delays
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._looked = float("-inf")
        self._silent = False
        """The server that is there did not answer last time."""
        self._seen: dict[str, int] = {}
        self._revisions: dict[tuple[str, str], int] = {}
        self._old = {*sessions.living()}
        """Sessions of before, until the bucket was asked for the first time: where it is empty they are to be shared,
        as of a folder that has just moved there; what a second one brings along is closed."""
        self._shared: set[str] = set()
        """Sessions that the bucket has."""
        self._tried: set[str] = set()
        """Those that it may have: no answer came."""
        self._agreed: dict[str, int] = {}
        """How often an address has missed, as the bucket says."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="log-ins", daemon=True)

    def start(self) -> None:
        """Look by itself from now on."""
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._logins.close()
        self._misses.close()

    def look(self) -> None:
        """Take over what changed at other workers, and say what changed here; blocks.

        Whoever comes while others wait is served by the same look. Nobody waits where there is no server, nor for one
        that does not answer: only the thread asks that again.
        """
        came = self._monotonic()
        if self._is_vain():
            return
        with self._guard:
            if self._looked > came or self._is_vain():
                return
            began = self._monotonic()
            try:
                self._logins_alike()
                self._misses_alike()
            except JournalError as error:
                _LOG.debug("Log-ins at other workers are not known yet: %s", error)
                self._silent = True
                return
            self._looked, self._silent = began, False

    def _is_vain(self) -> bool:
        others_ask = self._thread.is_alive() and threading.current_thread() is not self._thread
        return not self._logins.connected or (self._silent and others_ask)

    def _follow(self) -> None:
        while not self._ended.wait(LOOK_S):
            for look in (self.look, *self._beside):
                try:
                    look()
                except Exception:  # noqa: BLE001 — a fault of ours ends neither it nor the others: a log-out would not be heard
                    _LOG.error("What other workers changed cannot be looked after", exc_info=True)

    def _logins_alike(self) -> None:
        changed = dict(_read(self._news(self._logins), _UNTIL))
        if self._old:  # closed while this worker was away; where nobody ever logged in, they are to be shared now
            changed |= dict.fromkeys(self._old - changed.keys() if changed else ())
            self._old = set()
        closed = (self._shared | self._tried) - self._sessions.living().keys()
        self._sessions.follow({key: until for key, until in changed.items() if until is None or key not in closed})
        opened = {key for key, until in changed.items() if until is not None}
        self._shared = (self._shared | opened) - (changed.keys() - opened)
        if changed:
            try:
                self._sessions.save()
            except OSError as error:
                _LOG.warning("Log-ins at other workers hold until the next start only: %s", error)
        self._say_logins()

    def _say_logins(self) -> None:
        living = self._sessions.living()
        for key in living.keys() - self._shared:
            self._tried.add(key)
            self._say(self._logins, key, msgspec.json.encode(living[key]))
            self._shared.add(key)
        for key in self._shared - living.keys():
            self._say(self._logins, key, None)
            self._shared.discard(key)
        self._tried.clear()

    def _misses_alike(self) -> None:
        for _ in range(_TRIES):
            self._hear_misses()
            if self._say_misses():
                return

    def _hear_misses(self) -> None:
        here = self._delays.missed()
        for key, said in _read(self._news(self._misses), _TIMES):
            times, counts = said or (0, False)
            before = self._agreed.get(key, 0)
            own = max(here.get(key, (0, False))[0] - before, 0)  # not said yet
            self._agreed[key] = times
            self._delays.follow(key, times + own, counts=counts, more=max(times - before, 0))

    def _say_misses(self) -> bool:
        """Say what changed here; False: another worker was first at one of them."""
        here, alone = self._delays.missed(), True
        for key in here.keys() | self._agreed.keys():
            times, counts = here.get(key, (0, False))
            if times == self._agreed.get(key, 0):
                continue
            if self._say(self._misses, key, msgspec.json.encode((times, counts)) if times else None):
                self._agreed[key] = times
            else:
                alone = False
        self._agreed = {key: times for key, times in self._agreed.items() if times}
        return alone

    def _news(self, bucket: "Bucket") -> list["Entry"]:
        """Return what others changed in a bucket since it was asked last."""
        if len(self._revisions) > _KNOWN:
            self._revisions, self._seen = {}, {}
        entries = bucket.since(self._seen.get(bucket.name, 0))
        if entries:
            self._seen[bucket.name] = entries[-1].revision
        fresh = [each for each in entries if each.revision > self._revisions.get((bucket.name, each.key), 0)]
        newest = {each.key: each for each in fresh}
        self._revisions |= {(bucket.name, each.key): each.revision for each in newest.values()}
        return [*newest.values()]

    def _say(self, bucket: "Bucket", key: str, value: bytes | None) -> bool:
        """Change a key; False: another worker was first, and it is to be heard before it is said again."""
        from hub.journal.nats_link import RefusedError  # noqa: PLC0415 — only where NATS is spoken of

        after = self._revisions.get((bucket.name, key), 0)
        try:
            revision = bucket.delete(key, after=after) if value is None else bucket.put(key, value, after=after)
        except RefusedError:
            self._revisions.pop((bucket.name, key), None)  # forgotten there in the meantime: then it is new
            self._seen[bucket.name] = 0
            return False
        self._revisions[bucket.name, key] = revision
        return True


def _read(entries: Iterable["Entry"], decode: Callable[[bytes], T]) -> Iterator[tuple[str, T | None]]:
    """Yield key → what it holds; None: deleted. What cannot be read here is passed over, and holds up nothing else."""
    for each in entries:
        try:
            yield each.key, None if each.value is None else decode(each.value)
        except msgspec.MsgspecError as error:
            _LOG.warning("A log-in or a guess at another worker cannot be read: %s", error)


@contextmanager
def shared(data: Path, sessions: Sessions, delays: Delays, *beside: Callable[[], None]) -> Iterator[LoggedIn | None]:
    """Keep them like those of other workers meanwhile; None: the journal of a data folder has no other workers.

    Args:
        data: the data folder.
        sessions: this worker's log-ins.
        delays: its wrong guesses.
        beside: what else is to look each second for what other workers changed.

    Raises:
        ConfigError: the journal's address cannot be used.
    """
    url = place.servers(data)
    if url is None:
        yield None
        return
    from hub.journal.bucket import Bucket  # noqa: PLC0415 — only where NATS is spoken of

    buckets = Bucket(url, LOGINS, lives_s=KEPT_S), Bucket(url, MISSES, lives_s=FORGIVEN_S)
    found = LoggedIn(*buckets, sessions, delays, beside=beside)
    found.start()
    try:
        yield found
    finally:
        found.close()
