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

    def __init__(self, aliases: Mapping[str, str] = {}, merged: Mapping[str, str] = {}) -> None:
        """Start from alias → uid, and uid → the uid that it was merged into, as the store kept them."""
        self._uid = dict(aliases)
        self._names: dict[str, list[str]] = {}
        for name, uid in aliases.items():
            self._names.setdefault(uid, []).append(name)
        self._merged = dict(merged)

    def __len__(self) -> int:
        """Return how many names are known."""
        return len(self._uid)

    def resolve(self, name: str) -> str:
        """Return the uid that a uid, name or native id means; itself when nobody said otherwise."""
        return self.survivor(self._uid.get(name, name))

    def survivor(self, uid: str) -> str:
        """Return the device that stands for a merged one; itself when it was not merged."""
        for _ in range(len(self._merged)):  # at most: no chain is longer, and a circle would have no end
            into = self._merged.get(uid)
            if into is None:
                break
            uid = into
        return uid

    def merge(self, uid: str, into: str | None) -> None:
        """Let a device stand for another, or (None) for itself again; nothing else is rewritten."""
        if into is None:
            self._merged.pop(uid, None)
        else:
            self._merged[uid] = into

    def uids(self, uid: str) -> tuple[str, ...]:
        """Return a device's uid and those of the devices merged into it, its own first."""
        return (uid, *(each for each in self._merged if each != uid and self.survivor(each) == uid))

    def names(self, uids: Collection[str]) -> list[str]:
        """Return all names of these devices."""
        return [name for uid in uids for name in self._names.get(uid, ())]

    def meant(self, device: str, aliases: Iterable[str]) -> tuple[str, ...]:
        """Return the different devices that these names mean so far, merged ones by their survivor."""
        known = (self._uid[name] for name in (device, *aliases) if name in self._uid)
        return tuple(dict.fromkeys(map(self.survivor, known)))

    def move(self, uid: str, into: str) -> list[str]:
        """Let all names of a uid under which nothing was stored mean another device; return them."""
        names = self._names.pop(uid, [])
        self._uid.update(dict.fromkeys(names, into))
        self._names.setdefault(into, []).extend(names)
        return names

    def find(self, device: str, aliases: Iterable[str]) -> str:
        """Return the uid that `identify` would, remembering nothing; merges are looked up by `survivor`."""
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
        self._names.setdefault(uid, []).extend(news)
        return uid, news

    def of(self, decoded: Decoded) -> tuple[str, list[str]]:
        """Identify the device of a decoded message."""
        return self.identify(decoded.device, decoded.aliases)


UNKNOWN_PERIOD = 60 * NS
"""Taken for the period of a source that was heard once."""
STICKY = 3
"""Periods that a channel stays with its source after it fell silent."""
LONGEST_PERIOD = 24 * 3600 * NS
"""A longer one is a pause, or a clock that was a year ahead for one message."""


class Owner(Struct):
    """The source that a channel of a device comes from, when several give it.

    Attributes:
        rank: of its driver: 0 native, 1 discovery, 2 generic.
        source: (driver model, uid before any merge).
        last: its newest word [ns].
        period: between its last two words [ns].
    """

    rank: int
    source: tuple[str, str]
    last: int
    period: int = UNKNOWN_PERIOD


class Standing(Struct, array_like=True):
    """Who speaks for a device: rank and name of the first source, and, once there are several, who owns what."""

    rank: int
    first: tuple[str, str]
    owners: dict[str, Owner] | None = None


class Sources:
    """Per (device, channel) one source wins: native, then discovery, then generic, sticky for three periods.

    Costs one look-up a message for a device that one source speaks for: which nearly all are.
    """

    def __init__(self, known: Mapping[str, Standing]) -> None:
        """Go on from what was known; of whom nothing is, the first to speak owns what it gives."""
        self._first = {uid: (each.rank, each.first) for uid, each in known.items()}
        self._contested = {uid: dict(each.owners) for uid, each in known.items() if each.owners is not None}
        self._changed: set[str] = set()

    def changed(self) -> dict[str, Standing | None]:
        """Return what is to be kept since the last call; None: it begins anew."""
        if not self._changed:
            return {}
        changed, self._changed = self._changed, set()
        return {uid: self._standing(uid) for uid in changed}

    def _standing(self, uid: str) -> Standing | None:
        return Standing(*self._first[uid], self._contested.get(uid)) if uid in self._first else None

    def contested(self, uid: str, rank: int, source: tuple[str, str]) -> bool:
        """Tell whether more than one source was heard for a device."""
        first = self._first.get(uid)
        if first is not None and first[1] == source and uid not in self._contested:
            return False
        self._changed.add(uid)
        if first is None:
            self._first[uid] = rank, source
            return False
        self._contested.setdefault(uid, {})
        return True

    def wins(
        self, uid: str, channel: str, rank: int, source: tuple[str, str], at: int, *, known: bool, live: bool
    ) -> bool:
        """Tell whether a contested device's channel is this source's.

        Args:
            uid: of the device.
            channel: its.
            rank: of the source's driver.
            source: (driver model, uid before any merge).
            at: when it says so [ns].
            known: the channel was given before.
            live: it is said now: earlier than the owner's last word it means that the clock was set back.
        """
        owners = self._contested[uid]
        owner = owners.get(channel)
        if owner is None:
            first_rank, first = self._first[uid] if known else (rank, source)
            owner = owners[channel] = Owner(first_rank, first, at)
        if live and at < owner.last - UNKNOWN_PERIOD:
            owner.last, owner.period = at, UNKNOWN_PERIOD
        if owner.source == source:
            owner.period = min(at - owner.last, LONGEST_PERIOD) if at > owner.last else owner.period
            owner.last = max(owner.last, at)
            return True
        if rank < owner.rank or at - owner.last > STICKY * owner.period:
            owners[channel] = Owner(rank, source, at)
            return True
        return False

    def forget(self, uid: str) -> None:
        """Begin anew for a device: what it is made of has changed."""
        if self._first.pop(uid, None) is not None:
            self._contested.pop(uid, None)
            self._changed.add(uid)


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
        if self.now is None or skew < self.now:
            self.now = skew
        smallest = self.now if self.before is None or self.now < self.before else self.before
        return -TRUSTED < smallest < TRUSTED


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
