"""What the clock on the wall of a run shows: hours, weekdays and months of the place, also of a simulated day."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from hub.model import NS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Calendar:
    """Local time by use case and run. A simulated run's messages have the wall's date; the day it plays may be another.

    A *line* is `<use case>/<run>`: several scenarios may play in one run, each on a day of its own.
    """

    def __init__(self, zone: tzinfo = UTC, days: Mapping[str, int] | None = None) -> None:
        """Take the zone of the place, and line → how many days its day lies after its messages'."""
        self.zone = zone
        self.days = dict(days or {})

    def plays(self, run: str, days: Mapping[str, int]) -> None:
        """Take note of what a run announces: scenario → how many days its day lies after its messages'."""
        self.days.update((f"{name}/{run}", each) for name, each in days.items())

    def local(self, line: str, time: int) -> datetime:
        """Return the local time of a line at `time` [ns], without zone."""
        shown = (_EPOCH + timedelta(microseconds=time // 1000)).astimezone(self.zone).replace(tzinfo=None)
        days = self.days.get(line, 0)
        return shown + timedelta(days=days) if days else shown

    def instant(self, line: str, local: datetime) -> int:
        """Return the [ns] at which a line's clock shows `local`: the first of two, the next of none."""
        real = (local - timedelta(days=self.days.get(line, 0))).replace(tzinfo=self.zone)
        return (real - _EPOCH) // _MICROSECOND * 1000

    def hour(self, line: str, time: int) -> tuple[int, int]:
        """Return start and end [ns] of the clock hour that `time` lies in; a full hour ends the one before it."""
        local = self.local(line, time - 1)
        start = time - 1 - (60 * local.minute + local.second) * NS - (time - 1) % NS
        return start, start + 3600 * NS

    def day(self, line: str, time: int, starts_min: int) -> tuple[int, int]:
        """Return start and end [ns] of the day that `time` lies in; days start `starts_min` after midnight."""
        shifted = self.local(line, time - 1) - timedelta(minutes=starts_min)
        begin = datetime.combine(shifted.date(), datetime.min.time()) + timedelta(minutes=starts_min)
        return self.instant(line, begin), self.instant(line, begin + timedelta(days=1))
