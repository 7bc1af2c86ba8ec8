"""A year of weather out of a place's monthly normals: warm spells and showers, clear cold nights, windy afternoons.

It is a typical year: the draws make its days, the normals its months. In each month

    anomaly:  a(t+Δ) = a·e^{-Δ/τ} + σ·√(1 - e^{-2Δ/τ})·ε      AR(1), stepped exactly; its monthly mean is taken out
    sky:      the same with σ = 1; the n cloudiest days have the rain, the days' ranks the sunshine, rank^k
    rain:     1 mm and an exponential share of the rest of the month's sum, in one spell of the day
    span:     (T_max - T_min)·(1 + 0.8·(s - s̄)): a clear day is warmer and its night colder
    T(t):     half a cosine from T_min at sunrise to T_max two hours after noon, and on to the next T_min
    vapour:   e of the day from the month's humidity at its mean temperature; RH(t) = 100·e/e_s(T), at most 100
    wind:     lognormal day, ·(1 + 0.35·cos) with its top two hours after noon

Sums of rain and sunshine and the mean wind are the normals' to rounding; mean minimum and maximum lie within 0.1 K,
relative humidity within 3 points. Valid up to 60° of latitude. `at` and `rain_mm` are functions of time: nothing
is stepped. The normals of Angers are in `angers.toml`, with their source: Météo-France, Angers-Beaucouzé, 1981-2010.

References: de Wit, Simulation of assimilation, respiration and transpiration of crops (1978), the two half cosines;
Richardson, Stochastic simulation of daily precipitation, temperature and solar radiation, Water Resources Research 17
(1981), AR(1) anomalies; Cooper, Solar Energy 12 (1969), declination.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from device_sims.physics import moist_air, monthly, require

DAY_S = 86_400.0
PEAK_AFTER_NOON_H = 2.0
CLEAR_SPAN = 0.8
WIND_BY_DAY = 0.35
CLOUDY_SKY = 0.2
"""f_sky of an overcast night; a clear one is 1 (`use_cases.md` §7)."""
MEAN_HPA, CLOUD_HPA = 1017.0, 8.0
"""Mean pressure, and how much a standard deviation of cloud takes from it."""


@dataclass(frozen=True, slots=True)
class Normals:
    """What is known of a place: twelve figures each, January to December.

    Attributes:
        name: of the place.
        latitude_deg: north positive [°], -60 to 60.
        noon_h: solar noon on the clock in use [h], 11 to 14.5.
        coldest_c, warmest_c: mean daily minimum and maximum [°C].
        rain_mm: sum [mm]; rain_days: days with at least 1 mm.
        sunshine_h: sum [h].
        humidity_pct: mean relative humidity [%].
        wind_m_per_s: mean wind [m/s].
        anomaly_k, anomaly_days: σ [K] and τ [days] of the temperature about its season.
        sky_days: τ of the sky [days].
        wind_spread: standard deviation of the logarithm of a day's wind [1].
    """

    name: str
    latitude_deg: float
    noon_h: float
    coldest_c: tuple[float, ...]
    warmest_c: tuple[float, ...]
    rain_mm: tuple[float, ...]
    rain_days: tuple[float, ...]
    sunshine_h: tuple[float, ...]
    humidity_pct: tuple[float, ...]
    wind_m_per_s: tuple[float, ...]
    anomaly_k: float = 3.0
    anomaly_days: float = 3.0
    sky_days: float = 1.5
    wind_spread: float = 0.4

    def __post_init__(self) -> None:
        """Refuse a climate that cannot be.

        Raises:
            ValueError: naming the figure.
        """
        require.within(self, -60.0, 60.0, "latitude_deg")
        require.within(self, 11.0, 14.5, "noon_h")
        require.above_zero(self, "anomaly_days", "sky_days")
        require.zero_or_more(self, "anomaly_k", "wind_spread")
        lengths = day_lengths_h(self.latitude_deg)
        for month in monthly.MONTHS:
            daylight_h = sum(lengths[day] for day in monthly.span(month))
            self._refuse("coldest_c", month, -60, 50)
            self._refuse("warmest_c", month, self.coldest_c[month], 60)
            self._refuse("rain_days", month, 1, monthly.DAYS[month])
            self._refuse("rain_mm", month, round(self.rain_days[month]), 2000)
            self._refuse("sunshine_h", month, 0.02 * daylight_h, 0.98 * daylight_h)
            self._refuse("humidity_pct", month, 1, 100)
            self._refuse("wind_m_per_s", month, 0, 50)

    def _refuse(self, name: str, month: int, low: float, high: float) -> None:
        figures: tuple[float, ...] = getattr(self, name)
        if len(figures) != len(monthly.DAYS):
            msg = f"{name} has {len(figures)} figures: it must have one a month"
            raise ValueError(msg)
        if not low <= figures[month] <= high:
            msg = f"{name} of month {month + 1} is {figures[month]}: it must lie between {low:g} and {high:g}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Draws:
    """365 draws of N(0, 1) for each quantity, from a generator of its own: nobody's draws move another's."""

    temperature: Sequence[float]
    sky: Sequence[float]
    wind: Sequence[float]
    rain: Sequence[float]
    shower: Sequence[float]

    def __post_init__(self) -> None:
        """Refuse too few or too many.

        Raises:
            ValueError: naming the quantity.
        """
        for each in fields(self):
            count = len(getattr(self, each.name))
            if count != monthly.YEAR:
                msg = f"{each.name} has {count} draws: it must have {monthly.YEAR}"
                raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Day:
    """One day.

    Attributes:
        coldest_c, warmest_c: minimum at sunrise, maximum after noon [°C].
        sunrise_h, sunset_h, peak_h: of sun, and of temperature and wind [h].
        sunshine: share of the daylight that is sunny [1].
        vapour_hpa, pressure_hpa, wind_m_per_s: means of the day.
        rain_mm: in one spell from `rain_from_h`, `rain_h` long [h].
    """

    coldest_c: float
    warmest_c: float
    sunrise_h: float
    sunset_h: float
    peak_h: float
    sunshine: float
    vapour_hpa: float
    pressure_hpa: float
    wind_m_per_s: float
    rain_mm: float
    rain_from_h: float
    rain_h: float


@dataclass(frozen=True, slots=True)
class Weather:
    """What it is like at an instant: air [°C], RH [%], wind [m/s], pressure [hPa], sky f_sky and sunshine s [1]."""

    outside_c: float
    humidity_pct: float
    wind_m_per_s: float
    pressure_hpa: float
    sky: float
    sunshine: float


def persist(value: float, draw: float, dt: float, memory: float, sigma: float = 1.0) -> float:
    """Return an AR(1) `dt` later: e^{-Δ/τ} of itself, and enough of the draw to keep its variance σ². Exact."""
    kept = math.exp(-dt / memory)
    return value * kept + sigma * math.sqrt(-math.expm1(-2 * dt / memory)) * draw


def day_lengths_h(latitude_deg: float) -> tuple[float, ...]:
    """Return the hours of daylight of each day of the year, sun as a point, within 0.3 h up to 60°."""
    latitude = math.radians(latitude_deg)
    declinations = (math.radians(23.45) * math.sin(math.tau * (285 + day) / 365) for day in range(monthly.YEAR))
    return tuple(24 / math.pi * math.acos(-math.tan(latitude) * math.tan(each)) for each in declinations)


def year(normals: Normals, draws: Draws) -> tuple[Day, ...]:
    """Return the 365 days that the draws make of the normals."""
    lengths = day_lengths_h(normals.latitude_deg)
    cloud = _series(draws.sky, normals.sky_days)
    sunshine = _sunshine(normals, cloud, lengths)
    usual = monthly.curve(monthly.means(sunshine))
    anomaly = _series(draws.temperature, normals.anomaly_days)
    off = monthly.curve(monthly.means(anomaly))
    cold, warm = monthly.curve(normals.coldest_c), monthly.curve(normals.warmest_c)
    humidity = monthly.curve(normals.humidity_pct)
    wind = _wind(normals, draws.wind)
    rain = _rain(normals, cloud, draws.rain)
    days = []
    for day in range(monthly.YEAR):
        mean = (cold[day] + warm[day]) / 2 + normals.anomaly_k * (anomaly[day] - off[day])
        half = (warm[day] - cold[day]) / 2 * (1 + CLEAR_SPAN * (sunshine[day] - usual[day]))
        spell = min(2 + rain[day] / 2, 14.0)
        days.append(
            Day(
                coldest_c=mean - half,
                warmest_c=mean + half,
                sunrise_h=normals.noon_h - lengths[day] / 2,
                sunset_h=normals.noon_h + lengths[day] / 2,
                peak_h=normals.noon_h + PEAK_AFTER_NOON_H,
                sunshine=sunshine[day],
                vapour_hpa=moist_air.saturation_hpa(mean) * humidity[day] / 100,
                pressure_hpa=MEAN_HPA - CLOUD_HPA * cloud[day],
                wind_m_per_s=wind[day],
                rain_mm=rain[day],
                rain_from_h=_uniform(draws.shower[day]) * (24 - spell),
                rain_h=spell,
            )
        )
    return tuple(days)


def at(days: Sequence[Day], time_s: float) -> Weather:
    """Return the weather `time_s` seconds after the beginning of 1 January; the year begins again after its end."""
    number, hour = int(time_s // DAY_S), time_s % DAY_S / 3600
    today = days[number % len(days)]
    temperature = _temperature_c(days, number, hour)
    before = number - (hour < 12)  # noon: daily means stand there, lines join them  # noqa: PLR2004
    ends, share = (days[before % len(days)], days[(before + 1) % len(days)]), (hour + 12) % 24 / 24

    def between(first: float, second: float) -> float:
        return first + (second - first) * share

    vapour = between(ends[0].vapour_hpa, ends[1].vapour_hpa)
    breeze = 1 + WIND_BY_DAY * math.cos(math.tau * (hour - today.peak_h) / 24)
    return Weather(
        outside_c=temperature,
        humidity_pct=min(100 * vapour / moist_air.saturation_hpa(temperature), 100.0),
        wind_m_per_s=between(ends[0].wind_m_per_s, ends[1].wind_m_per_s) * breeze,
        pressure_hpa=between(ends[0].pressure_hpa, ends[1].pressure_hpa),
        sky=CLOUDY_SKY + (1 - CLOUDY_SKY) * between(ends[0].sunshine, ends[1].sunshine),
        sunshine=today.sunshine if today.sunrise_h < hour < today.sunset_h else 0.0,
    )


def rain_mm(days: Sequence[Day], start_s: float, stop_s: float) -> float:
    """Return the rain between two times [s since 1 January] [mm]. Exact.

    Raises:
        ValueError: the stop lies before the start.
    """
    require.forward(stop_s - start_s)
    fallen = 0.0
    for number in range(int(start_s // DAY_S), int(stop_s // DAY_S) + 1):
        day = days[number % len(days)]
        begin = number * DAY_S + day.rain_from_h * 3600
        wet_s = min(stop_s, begin + day.rain_h * 3600) - max(start_s, begin)
        fallen += day.rain_mm * max(wet_s, 0.0) / (day.rain_h * 3600)
    return fallen


def _temperature_c(days: Sequence[Day], number: int, hour: float) -> float:
    yesterday, today, tomorrow = (days[(number + each) % len(days)] for each in (-1, 0, 1))
    if hour < today.sunrise_h:
        start, end = (yesterday.peak_h - 24, yesterday.warmest_c), (today.sunrise_h, today.coldest_c)
    elif hour < today.peak_h:
        start, end = (today.sunrise_h, today.coldest_c), (today.peak_h, today.warmest_c)
    else:
        start, end = (today.peak_h, today.warmest_c), (tomorrow.sunrise_h + 24, tomorrow.coldest_c)
    risen = (1 - math.cos(math.pi * (hour - start[0]) / (end[0] - start[0]))) / 2
    return start[1] + (end[1] - start[1]) * risen


def _uniform(draw: float) -> float:
    """Return the uniform draw in 0…1 of a normal one."""
    return (1 + math.erf(draw / math.sqrt(2))) / 2


def _series(draws: Sequence[float], memory_days: float) -> list[float]:
    """Return an AR(1) of variance 1, day by day."""
    series = [draws[0]]
    for draw in draws[1:]:
        series.append(persist(series[-1], draw, 1.0, memory_days))
    return series


def _cloudiest(month: int, cloud: Sequence[float]) -> list[int]:
    """Return the days of a month, the cloudiest first."""
    return sorted(monthly.span(month), key=lambda day: -cloud[day])


def _sunshine(normals: Normals, cloud: Sequence[float], lengths: Sequence[float]) -> list[float]:
    """Return each day's share of sunshine: rank^k of the month's skies, k such that the month has its hours."""
    shares = [0.0] * monthly.YEAR
    for month in monthly.MONTHS:
        days = _cloudiest(month, cloud)
        ranks = [(place + 0.5) / len(days) for place in range(len(days))]
        low, high = 0.0, 200.0
        for _ in range(60):
            power = (low + high) / 2
            hours = sum(math.pow(rank, power) * lengths[day] for rank, day in zip(ranks, days, strict=True))
            low, high = (power, high) if hours > normals.sunshine_h[month] else (low, power)
        for rank, day in zip(ranks, days, strict=True):
            shares[day] = math.pow(rank, high)
    return shares


def _rain(normals: Normals, cloud: Sequence[float], draws: Sequence[float]) -> list[float]:
    """Return each day's rain [mm]: on as many days as is normal, the cloudiest, 1 mm and an exponential share each."""
    rain = [0.0] * monthly.YEAR
    for month in monthly.MONTHS:
        wet = _cloudiest(month, cloud)[: round(normals.rain_days[month])]
        heaviness = [1e-9 - math.log(max(1 - _uniform(draws[day]), 1e-9)) for day in wet]
        rest = (normals.rain_mm[month] - len(wet)) / sum(heaviness)
        for day, heavy in zip(wet, heaviness, strict=True):
            rain[day] = 1 + rest * heavy
    return rain


def _wind(normals: Normals, draws: Sequence[float]) -> list[float]:
    """Return each day's wind [m/s]: lognormal, its monthly mean the normal's."""
    gusts = [math.exp(normals.wind_spread * each) for each in _series(draws, normals.sky_days)]
    means = monthly.means(gusts)
    return [normals.wind_m_per_s[month] * gusts[day] / means[month] for day, month in enumerate(monthly.MONTH_OF)]
