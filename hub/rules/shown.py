"""Units in which measures are shown and limited: those of the hub, and some that people of a trade prefer."""

from collections.abc import Mapping

from hub.units import Conversion, Unit, conversion

TRADE: Mapping[str, Conversion] = {
    "m/s": Conversion(Unit.KILOMETRE_PER_HOUR, 3.6),
    "t": Conversion(Unit.KILOGRAM, 1000),
    "bar": Conversion(Unit.HECTOPASCAL, 1000),
    "cb": Conversion(Unit.HECTOPASCAL, 10),
}
"""Unambiguous on a page, though not on the wire (`m/s`, `bar`): the hub's unit = value · factor."""


def shown(word: str) -> Conversion | None:
    """Return what a unit is in the hub's, or None: a label that nothing converts to ("days", "kg/day")."""
    return TRADE.get(word) or conversion(word)


def between(given: str | None, wanted: str | None) -> tuple[float, float] | None:
    """Return (factor, offset) that turn a value in `given` into one in `wanted`; None: the two do not meet."""
    if given == wanted:
        return 1.0, 0.0
    if given is None or wanted is None:
        return None
    source, target = shown(given), shown(wanted)
    if source is None or target is None or source.unit is not target.unit:
        return None
    factor = source.factor / target.factor
    return factor, source.before * factor - target.before


def change(value: float, by: tuple[float, float]) -> float:
    """Return the value changed by (factor, offset), rounded to 12 significant digits."""
    return value if by == (1.0, 0.0) else float(f"{value * by[0] + by[1]:.12g}")
