"""Identity and clocks of devices: which uid a name means, and whether its own time can be believed.

Pure: the store keeps what these objects change.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.driver import Decoded
from hub.model import NS, TimeSource

TRUSTED = 5 * NS
"""A device's clock is believed while its skew is below this (reliability.md §2.11)."""
WINDOW = 10 * 60 * NS
"""Half the time over which the smallest skew is remembered."""
STRAY = 600 * NS
"""How far a simulated device's own time may lie from its run's clock before it counts as a wrong clock."""


QUARTER = 900 * NS


class Identities:
    """Which uid a name or a native id means; a uid never changes, names are added."""

    def __init__(self, aliases: Mapping[str, str] = {}) -> None:
        """Start from alias → uid as the store kept them."""
        self._uid = dict(aliases)

    def __len__(self) -> int:
        """Return how many names are known."""
        return len(self._uid)

    def resolve(self, name: str) -> str:
        """Return the uid that a uid, name or native id means; itself when nobody said otherwise."""
        return self._uid.get(name, name)

    def names(self, uids: Collection[str]) -> list[str]:
        """Return all names of these devices."""
        return [name for name, uid in self._uid.items() if uid in uids]

    def find(self, device: str, aliases: Iterable[str]) -> str:
        """Return the uid that `identify` would, remembering nothing."""
        uid = self._uid.get(device)
        if uid is None:
            uid = next((self._uid[alias] for alias in aliases if alias in self._uid), device)
        return uid

    def identify(self, device: str, aliases: Collection[str]) -> tuple[str, list[str]]:
        """Return the uid of a device and the names that are new for it.

        The first of its names that is known decides, its own before its aliases; a device heard in two manners is
        one as soon as one message connects them.
        """
        uid = self.find(device, aliases)
        if device in self._uid and not aliases:
            return uid, []
        news = [name for name in (device, *aliases) if name not in self._uid]
        self._uid.update(dict.fromkeys(news, uid))
        return uid, news

    def of(self, decoded: Decoded) -> tuple[str, list[str]]:
        """Identify the device of a decoded message."""
        return self.identify(decoded.device, decoded.aliases)


class Clock(Struct):
    """What is known of a device's clock: the smallest arrival − device over the last 10 to 20 minutes.

    The minimum, not the mean: a draining backlog arrives late and must not make a good clock look bad.
    """

    since: int = 0
    now: int | None = None
    before: int | None = None

    @property
    def believed(self) -> bool:
        """Whether it can be believed by what is known already."""
        known = [skew for skew in (self.now, self.before) if skew is not None]
        return bool(known) and abs(min(known)) < TRUSTED

    def trusted(self, measured: int, arrival: int) -> bool:
        """Take one (device time, arrival) pair [ns]; tell whether the device's time can be believed."""
        skew = arrival - measured
        if arrival - self.since > WINDOW:
            self.before = self.now if arrival - self.since <= 2 * WINDOW else None
            self.now, self.since = None, arrival
        self.now = skew if self.now is None else min(self.now, skew)
        smallest = self.now if self.before is None else min(self.now, self.before)
        return abs(smallest) < TRUSTED


def utc(local: int, zone: ZoneInfo) -> int:
    """Return the time [ns] of a local clock reading that was written as if it were UTC.

    An hour that occurs twice is read as its first occurrence.
    """
    return local - _offset(local // QUARTER, zone)


@lru_cache(maxsize=1024)
def _offset(quarter: int, zone: ZoneInfo) -> int:
    """Return a zone's offset [ns] in a quarter of an hour of local time; zones change at quarters only."""
    moment = datetime.fromtimestamp(quarter * QUARTER // NS, tz=UTC).replace(tzinfo=zone)
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * NS


def real_time(measured: int | None, arrival: int, clock: Clock, *, late: bool) -> tuple[int, TimeSource]:
    """Return a reading's time [ns] on the real timeline and where it comes from (reliability.md §2.11)."""
    if measured is None:
        return arrival, TimeSource.LATE if late else TimeSource.ARRIVAL
    if clock.trusted(measured, arrival) and measured <= arrival + TRUSTED:
        return measured, TimeSource.DEVICE
    return arrival, TimeSource.ARRIVAL


def run_time(measured: int | None, arrival: int, *, imported: bool) -> tuple[int, TimeSource]:
    """Return a reading's time [ns] on a run's timeline: its own where its clock is the run's."""
    if measured is None:
        return arrival, TimeSource.ARRIVAL
    if imported or abs(measured - arrival) <= STRAY:
        return measured, TimeSource.DEVICE
    return arrival, TimeSource.ARRIVAL
