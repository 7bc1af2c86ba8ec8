"""What the clock on the wall of a run shows: hours, weekdays and months of the place, also of a simulated day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo

from hub.model import NS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Calendar:
    """Local time by run. A simulated run's messages have the wall's date; the day it plays may be another."""

    def __init__(self, zone: tzinfo = UTC, days: Mapping[str, int] | None = None) -> None:
        """Take the zone of the place, and run → how many days its day lies after its messages'."""
        self.zone = zone
        self.days = dict(days or {})

    def play(self, run: str, start: int, day: date) -> None:
        """Say on which day a run plays what it dates `start` [ns]."""
        self.days[run] = (day - self._real(start).date()).days

    def _real(self, time: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=time // 1000)).astimezone(self.zone)

    def local(self, run: str, time: int) -> datetime:
        """Return the local time of a run at `time` [ns], without zone."""
        shown = self._real(time).replace(tzinfo=None)
        days = self.days.get(run, 0)
        return shown + timedelta(days=days) if days else shown

    def instant(self, run: str, local: datetime) -> int:
        """Return the [ns] at which a run's clock shows `local`: the first of two, the next of none."""
        real = (local - timedelta(days=self.days.get(run, 0))).replace(tzinfo=self.zone)
        return (real - _EPOCH) // _MICROSECOND * 1000

    def hour(self, run: str, time: int) -> tuple[int, int]:
        """Return start and end [ns] of the clock hour that `time` lies in; a full hour ends the one before it."""
        local = self.local(run, time - 1)
        start = time - 1 - (60 * local.minute + local.second) * NS - (time - 1) % NS
        return start, start + 3600 * NS

    def day(self, run: str, time: int, starts_min: int) -> tuple[int, int]:
        """Return start and end [ns] of the day that `time` lies in; days start `starts_min` after midnight."""
        shifted = self.local(run, time - 1) - timedelta(minutes=starts_min)
        begin = datetime.combine(shifted.date(), datetime.min.time()) + timedelta(minutes=starts_min)
        return self.instant(run, begin), self.instant(run, begin + timedelta(days=1))


def weekday_date(weekday: int, month: int, day: int) -> date:
    """Return the first date from 2024 on that is that day of the year and that weekday (Monday 0).

    Raises:
        ValueError: no month has that day.
    """
    year = 2024
    while True:
        try:
            found = date(year, month, day)
        except ValueError:
            if (month, day) != (2, 29):
                raise
        else:
            if found.weekday() == weekday:
                return found
        year += 1
