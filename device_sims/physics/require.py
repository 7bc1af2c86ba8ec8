"""What the models refuse: a parameter that cannot exist is named, with the values that can."""

import math


def above_zero(thing: object, *names: str) -> None:
    """Refuse a parameter that is not a number above zero.

    Raises:
        ValueError: naming the parameter.
    """
    for name in names:
        value = getattr(thing, name)
        if not (math.isfinite(value) and value > 0):
            msg = f"{name} is {value}: it must be above zero"
            raise ValueError(msg)


def within(thing: object, low: float, high: float, *names: str) -> None:
    """Refuse a parameter outside low…high; an infinite bound is none, an infinite value is never right.

    Raises:
        ValueError: naming the parameter.
    """
    for name in names:
        value = getattr(thing, name)
        if not (math.isfinite(value) and low <= value <= high):
            msg = f"{name} is {value}: it must lie between {low:g} and {high:g}"
            raise ValueError(msg)


def zero_or_more(thing: object, *names: str) -> None:
    """Refuse a parameter that is negative or no number.

    Raises:
        ValueError: naming the parameter.
    """
    for name in names:
        value = getattr(thing, name)
        if not (math.isfinite(value) and value >= 0):
            msg = f"{name} is {value}: it must be zero or more"
            raise ValueError(msg)


def forward(dt_s: float) -> None:
    """Refuse a step back in time.

    Raises:
        ValueError: `dt_s` is negative or no number.
    """
    if not dt_s >= 0:
        msg = f"dt_s is {dt_s}: time does not run backwards"
        raise ValueError(msg)


def humidity(humidity_pct: float) -> None:
    """Refuse a relative humidity outside 0…100 %, and 0 itself: air without vapour has no dew point.

    Raises:
        ValueError: with the value.
    """
    if not 0 < humidity_pct <= 100:  # noqa: PLR2004 - per cent
        msg = f"humidity_pct is {humidity_pct}: it must be above 0 and at most 100"
        raise ValueError(msg)
