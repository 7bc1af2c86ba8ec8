"""The weather that models take in: the default year of Angers, drawn by a run's own generators.

The day of the year and the hour come from the run's `Begin`; the wall's date has no part in it.
"""

import importlib.resources
import random
from collections.abc import Callable
from dataclasses import fields
from functools import cache

import msgspec

from device_sims.models import Begin
from device_sims.physics import monthly, weather
from device_sims.physics.weather import Day, Draws, Normals, Weather

DAY_S = 86_400
HELD_S = 60
"""A slowly varying input is looked at so often (`use_cases.md` §0)."""
KEPT_MINUTES = 8


@cache
def angers() -> Normals:
    """Return the monthly normals of Angers, with their source in `angers.toml`."""
    content = importlib.resources.files("device_sims.physics").joinpath("angers.toml").read_bytes()
    return msgspec.toml.decode(content, type=Normals)


def year(chance: Callable[[str], random.Random]) -> tuple[Day, ...]:
    """Return 365 days, each quantity drawn from a generator of its own."""
    draws = {}
    for each in fields(Draws):
        generator = chance(f"weather/{each.name}")
        draws[each.name] = [generator.gauss(0.0, 1.0) for _ in range(monthly.YEAR)]
    return weather.year(angers(), Draws(**draws))


class Outside:
    """The weather over a run: `time_s` counts from the run's start."""

    def __init__(self, begin: Begin) -> None:
        """Draw the year and place the run's start in it."""
        self.days = year(begin.chance)
        self._zero_s = begin.yearday * DAY_S + begin.clock_s
        self._minutes: dict[int, Weather] = {}

    def at(self, time_s: float) -> Weather:
        """Return the weather at a second of the run: a line from one whole minute to the next.

        So what a sensor sees between two looks is that line too, wherever the looks fall.
        """
        minute, rest = divmod(time_s, HELD_S)
        before = self._minute(int(minute))
        if rest == 0:
            return before
        after, share = self._minute(int(minute) + 1), rest / HELD_S
        return Weather(
            outside_c=before.outside_c + (after.outside_c - before.outside_c) * share,
            humidity_pct=before.humidity_pct + (after.humidity_pct - before.humidity_pct) * share,
            wind_m_per_s=before.wind_m_per_s + (after.wind_m_per_s - before.wind_m_per_s) * share,
            pressure_hpa=before.pressure_hpa + (after.pressure_hpa - before.pressure_hpa) * share,
            sky=before.sky + (after.sky - before.sky) * share,
            sunshine=before.sunshine + (after.sunshine - before.sunshine) * share,
        )

    def _minute(self, minute: int) -> Weather:
        """Return the weather at a whole minute of the run; asked for again and again while the minute lasts."""
        found = self._minutes.get(minute)
        if found is None:
            if len(self._minutes) >= KEPT_MINUTES:
                self._minutes.clear()
            found = self._minutes[minute] = weather.at(self.days, self._zero_s + minute * HELD_S)
        return found

    def rain_mm(self, start_s: float, stop_s: float) -> float:
        """Return the rain between two seconds of the run [mm]."""
        return weather.rain_mm(self.days, self._zero_s + start_s, self._zero_s + stop_s)

    def day(self, time_s: float) -> Day:
        """Return the day on which a second of the run lies."""
        return self.days[int((self._zero_s + time_s) // DAY_S) % len(self.days)]

    def day_s(self, time_s: float) -> float:
        """Return the seconds after midnight at a second of the run."""
        return (self._zero_s + time_s) % DAY_S

    def month(self, time_s: float) -> int:
        """Return the month at a second of the run, 1 January to 12 December."""
        return monthly.MONTH_OF[int((self._zero_s + time_s) // DAY_S) % monthly.YEAR] + 1


def until_held(time_s: int) -> int:
    """Return the seconds until inputs are looked at again: whole minutes of the run, however it is stepped."""
    return HELD_S - time_s % HELD_S


def ramp(before: float, after: float, count: int) -> list[float]:
    """Return what a sensor sees at the end of each of `count` seconds that lead straight from one value to another."""
    slope = (after - before) / count
    return [before + slope * second for second in range(1, count + 1)]
