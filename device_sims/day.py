"""Hours of the day, days of the week and of the year, as scenario.toml writes them."""

import re
from datetime import date, timedelta
from typing import Literal

from device_sims.errors import SimulationError

HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
A_YEAR = 2023
"""A year without 29 February: simulated days are days of it."""
DAY_S = 86_400


def clock_s(clock: str) -> int:
    """Return seconds after midnight of `08:30`.

    Raises:
        SimulationError: not an hour of the day.
    """
    found = HOUR.fullmatch(clock)
    if found is None:
        msg = f"clock is {clock!r}: write an hour of the day, for instance 08:30"
        raise SimulationError(msg, f"l'heure est {clock!r} : écrivez une heure du jour, par exemple 08:30")
    return 3600 * int(found[1]) + 60 * int(found[2])


def clock_text(seconds: float) -> str:
    """Return `08:30` for seconds after any midnight."""
    minutes = int(seconds // 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def yearday(day: str) -> int:
    """Return days after 1 January of `04-12`.

    Raises:
        SimulationError: not a day of a year.
    """
    found = DAY.fullmatch(day)
    try:
        if found is None:
            raise ValueError  # noqa: TRY301 — said below, as a day that no month has
        return date(A_YEAR, int(found[1]), int(found[2])).timetuple().tm_yday - 1
    except ValueError:
        msg = f"day is {day!r}: write month and day, for instance 04-12 (there is no 29 February)"
        raise SimulationError(msg) from None


def days_ahead(start: date, weekday: int, yearday: int) -> int:
    """Return how many days after `start` the first day lies that is that weekday and that day of a year.

    Args:
        start: a date.
        weekday: 0 is Monday.
        yearday: days after 1 January of a year without 29 February.
    """
    played = date(A_YEAR, 1, 1) + timedelta(days=yearday)
    year = start.year
    while date(year, played.month, played.day).weekday() != weekday or date(year, played.month, played.day) < start:
        year += 1
    return (date(year, played.month, played.day) - start).days
