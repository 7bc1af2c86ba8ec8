"""The typical year: months as the normals say, days as the draws say, nights that look like nights."""

import math
import random
from dataclasses import astuple, fields, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise
from statistics import fmean
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import monthly, weather
from device_sims.physics.weather import Day, Draws, Normals

ANGERS = msgspec.toml.decode(files("device_sims.physics").joinpath("angers.toml").read_bytes(), type=Normals)
HOUR, DAY = 3600, 86_400
SEEDS = (0, 1, 7)


def drawn(seed: int) -> Draws:
    """Return a year's draws, each quantity's from its own generator."""
    generators = {each.name: random.Random(f"{seed}/weather/{each.name}") for each in fields(Draws)}
    return Draws(**{name: [each.gauss(0, 1) for _ in range(365)] for name, each in generators.items()})


@cache
def year(seed: int) -> tuple[Day, ...]:
    """Return the year of a seed."""
    return weather.year(ANGERS, drawn(seed))


def hourly(days: tuple[Day, ...], name: str) -> tuple[float, ...]:
    """Return the monthly means of a measure read every hour."""
    return monthly.means(
        [fmean(getattr(weather.at(days, (24 * day + hour) * HOUR), name) for hour in range(24)) for day in range(365)]
    )


# months are the normals'


@pytest.mark.parametrize("seed", SEEDS)
def test_minimum_and_maximum_are_the_normals(seed: int) -> None:
    """Within 0.1 K in every month."""
    assert monthly.means([day.coldest_c for day in year(seed)]) == pytest.approx(ANGERS.coldest_c, abs=0.1)
    assert monthly.means([day.warmest_c for day in year(seed)]) == pytest.approx(ANGERS.warmest_c, abs=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_rain_and_sunshine_are_the_normals(seed: int) -> None:
    """Sums and rain days in every month; 693 mm and 1 798 h in the year."""
    days = year(seed)
    for month in monthly.MONTHS:
        rain = [days[day].rain_mm for day in monthly.span(month)]
        sun = [days[day].sunshine * (days[day].sunset_h - days[day].sunrise_h) for day in monthly.span(month)]
        assert sum(rain) == pytest.approx(ANGERS.rain_mm[month])
        assert sum(each >= 1 for each in rain) == round(ANGERS.rain_days[month])
        assert sum(sun) == pytest.approx(ANGERS.sunshine_h[month])
    assert sum(ANGERS.rain_mm) == pytest.approx(693, abs=0.5)
    assert sum(ANGERS.sunshine_h) == pytest.approx(1798, abs=0.5)


def test_what_is_read_every_hour_has_the_normals_too() -> None:
    """Temperature within 0.2 K, humidity within 3 points, wind within 0.1 m/s."""
    means = [(low + high) / 2 for low, high in zip(ANGERS.coldest_c, ANGERS.warmest_c, strict=True)]
    assert hourly(year(0), "outside_c") == pytest.approx(means, abs=0.2)
    assert hourly(year(0), "humidity_pct") == pytest.approx(ANGERS.humidity_pct, abs=3)
    assert hourly(year(0), "wind_m_per_s") == pytest.approx(ANGERS.wind_m_per_s, abs=0.1)


# days are the draws'


def test_the_same_seed_is_the_same_year() -> None:
    """And another seed another one."""
    assert weather.year(ANGERS, drawn(1)) == year(1)
    assert year(0) != year(1)


@pytest.mark.parametrize("name", [each.name for each in fields(Draws)])
def test_one_quantity_s_draws_move_no_other_s(name: str) -> None:
    """A consumer more changes nothing: temperature stays where wind is drawn anew; only the sky rules several."""
    rules = {
        "temperature": {"coldest_c", "warmest_c", "vapour_hpa"},
        "sky": {"coldest_c", "warmest_c", "sunshine", "pressure_hpa", "rain_mm", "rain_from_h", "rain_h"},
        "wind": {"wind_m_per_s"},
        "rain": {"rain_mm", "rain_from_h", "rain_h"},
        "shower": {"rain_from_h"},
    }
    anew = replace(drawn(1), **{name: getattr(drawn(2), name)})
    other = weather.year(ANGERS, anew)
    for each in fields(Day):
        same = [getattr(day, each.name) for day in other] == [getattr(day, each.name) for day in year(1)]
        assert same == (each.name not in rules[name]), each.name


@given(
    value=st.floats(-5, 5),
    memory=st.floats(0.1, 10),
    first=st.floats(0, 10),
    second=st.floats(0, 10),
    sigma=st.floats(0.1, 5),
)
def test_persistence_is_exact(*, value: float, memory: float, first: float, second: float, sigma: float) -> None:
    """Two steps keep as much of the past, and add as much variance, as one of both lengths."""
    once = weather.persist(value, 0.0, first + second, memory, sigma)
    twice = weather.persist(weather.persist(value, 0.0, first, memory, sigma), 0.0, second, memory, sigma)
    assert twice == pytest.approx(once, abs=1e-9)
    spread = weather.persist(weather.persist(0.0, 1.0, first, memory, sigma), 0.0, second, memory, sigma)
    added = weather.persist(0.0, 1.0, second, memory, sigma)
    whole = weather.persist(0.0, 1.0, first + second, memory, sigma)
    assert spread**2 + added**2 == pytest.approx(whole**2, abs=1e-9)


def test_warm_days_follow_warm_days() -> None:
    """The mean temperature of a day resembles the day before's, and differs from it."""
    means = [(day.coldest_c + day.warmest_c) / 2 for day in year(0)]
    seasons = monthly.curve(monthly.means(means))
    anomalies = [mean - season for mean, season in zip(means, seasons, strict=True)]
    persistence = fmean(before * after for before, after in pairwise(anomalies)) / fmean(each**2 for each in anomalies)
    assert 0.4 < persistence < 0.85


# a night looks like a night


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clear_night_is_colder_than_a_cloudy_one(seed: int) -> None:
    """The sunniest third of April's days has a wider span than its cloudiest."""
    april = sorted((year(seed)[day] for day in monthly.span(3)), key=lambda day: day.sunshine)
    spans = [day.warmest_c - day.coldest_c for day in april]
    assert fmean(spans[-10:]) > fmean(spans[:10]) + 2


def test_the_coldest_hour_is_sunrise_the_warmest_two_hours_after_noon() -> None:
    """The curve meets the day's minimum and maximum, and lies between them."""
    for number in range(0, 365, 30):
        day = year(0)[number]
        at = [weather.at(year(0), number * DAY + hour * HOUR).outside_c for hour in (day.sunrise_h, day.peak_h)]
        assert at == pytest.approx([day.coldest_c, day.warmest_c])


def test_humidity_falls_while_the_day_warms() -> None:
    """Moist at sunrise, drier in the afternoon, in the mean of a summer month."""
    dawn, noon = (
        fmean(weather.at(year(0), day * DAY + hour * HOUR).humidity_pct for day in monthly.span(6)) for hour in (5, 15)
    )
    assert dawn > noon + 20


def test_summer_days_are_long() -> None:
    """16 h in June, 8.3 h in December at Angers; the sun is south at 13:02 of standard time."""
    lengths = weather.day_lengths_h(ANGERS.latitude_deg)
    assert (max(lengths), min(lengths)) == pytest.approx((15.7, 8.3), abs=0.2)
    assert weather.day_lengths_h(0.0) == pytest.approx([12.0] * 365)
    assert (year(0)[0].sunrise_h + year(0)[0].sunset_h) / 2 == pytest.approx(ANGERS.noon_h)


@given(time=st.floats(-2 * 365 * DAY, 2 * 365 * DAY))
def test_everything_is_a_number_within_its_range(time: float) -> None:
    """At any time, before and after the year as well."""
    now = weather.at(year(0), time)
    assert all(math.isfinite(value) for value in astuple(now))
    assert 0 < now.humidity_pct <= 100
    assert now.wind_m_per_s > 0
    assert 0.2 <= now.sky <= 1
    assert 0 <= now.sunshine <= 1


@given(time=st.floats(0, 365 * DAY))
def test_the_weather_does_not_jump(time: float) -> None:
    """Within a second, midnight and New Year included."""
    now, then = (weather.at(year(0), each) for each in (time, time + 1))
    assert then.outside_c == pytest.approx(now.outside_c, abs=0.01)
    assert then.humidity_pct == pytest.approx(now.humidity_pct, abs=0.1)
    assert then.wind_m_per_s == pytest.approx(now.wind_m_per_s, abs=0.01)
    assert then.sky == pytest.approx(now.sky, abs=0.001)


@given(times=st.lists(st.floats(0, 400 * DAY), min_size=3, max_size=3))
def test_rain_adds_up_however_often_it_is_asked(times: list[float]) -> None:
    """Two spans have the rain of one, and never less than none."""
    start, middle, stop = sorted(times)
    parts = weather.rain_mm(year(0), start, middle), weather.rain_mm(year(0), middle, stop)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(weather.rain_mm(year(0), start, stop), abs=1e-6)


def test_a_year_s_rain_falls_in_the_year() -> None:
    """No spell is cut by midnight."""
    assert weather.rain_mm(year(0), 0, 365 * DAY) == pytest.approx(sum(ANGERS.rain_mm))


# what is refused


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"latitude_deg": 70.0}, "latitude_deg"),
        ({"anomaly_days": 0.0}, "anomaly_days"),
        ({"rain_mm": (50.0,) * 11}, "rain_mm has 11"),
        ({"warmest_c": (1.0,) * 12}, "warmest_c of month 1 "),
        ({"sunshine_h": (400.0,) * 12}, "sunshine_h of month 1 "),
        ({"rain_days": (math.nan,) * 12}, "rain_days of month 1 "),
    ],
    ids=str,
)
def test_a_climate_that_cannot_be_is_refused(wrong: dict[str, Any], named: str) -> None:
    """The message names the figure and the month."""
    with pytest.raises(ValueError, match=named):
        replace(ANGERS, **wrong)


def test_too_few_draws_are_refused() -> None:
    """The message names the quantity; rain does not fall backwards."""
    with pytest.raises(ValueError, match="wind has 364"):
        replace(drawn(0), wind=drawn(0).wind[:-1])
    with pytest.raises(ValueError, match="backwards"):
        weather.rain_mm(year(0), 1.0, 0.0)
