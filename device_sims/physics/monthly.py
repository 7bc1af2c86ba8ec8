"""Twelve monthly figures as a year of 365 days: a curve whose mean over each month is that month's figure.

Straight lines between mid-months, their knots moved until every monthly mean fits; what a mean lacks is at least
halved by each round, so after 40 rounds it is below 1e-11 of the figures. The year is a ring: 31 December meets
1 January.

Reference: Rymes and Myers, Mean preserving algorithm for smoothly interpolating averaged data, Solar Energy 71 (2001).
"""

from collections.abc import Sequence
from itertools import accumulate

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
YEAR = sum(DAYS)
STARTS = tuple(accumulate(DAYS, initial=0))[:-1]
MONTHS = tuple(range(len(DAYS)))
MONTH_OF = tuple(month for month in MONTHS for _ in range(DAYS[month]))
"""The month of each day of the year, both counted from 0."""
ROUNDS = 40


def _place(day: int) -> tuple[int, int, float]:
    """Return the two mid-months about a day's noon, and how far it is from the first to the second [1]."""
    month = MONTH_OF[day]
    past = day + 0.5 - STARTS[month] - DAYS[month] / 2
    left = month if past >= 0 else (month - 1) % len(DAYS)
    right = (left + 1) % len(DAYS)
    apart = (DAYS[left] + DAYS[right]) / 2
    return left, right, (past if past >= 0 else past + apart) / apart


PLACES = tuple(_place(day) for day in range(YEAR))


def span(month: int) -> range:
    """Return the days of a month, counted from 0 over the year."""
    return range(STARTS[month], STARTS[month] + DAYS[month])


def means(daily: Sequence[float]) -> tuple[float, ...]:
    """Return the mean over each month of 365 daily figures."""
    return tuple(sum(daily[day] for day in span(month)) / DAYS[month] for month in MONTHS)


def curve(monthly: Sequence[float]) -> tuple[float, ...]:
    """Return 365 daily figures whose monthly means are the twelve given."""
    knots = list(monthly)
    daily = _lines(knots)
    for _ in range(ROUNDS):
        knots = [knot + goal - mean for knot, goal, mean in zip(knots, monthly, means(daily), strict=True)]
        daily = _lines(knots)
    return daily


def _lines(knots: Sequence[float]) -> tuple[float, ...]:
    """Join mid-months by straight lines, round the year."""
    return tuple(knots[left] + (knots[right] - knots[left]) * share for left, right, share in PLACES)
