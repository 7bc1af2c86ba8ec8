"""How often, and how long, telling somebody is tried: growing pauses with chance in them, and an end. Pure."""

from hub.model import NS

FIRST_S, LONGEST_S = 5.0, 900.0
MOST_TRIES = 12
"""Some two hours; later nobody is helped by an alarm of then."""


def pause(tries: int, chance: float) -> int | None:
    """Return how long to wait [ns] after so many tries failed; None: it is given up.

    Args:
        tries: that failed, at least one.
        chance: between 0 and 1, so that many hubs do not come back in the same instant (full jitter).
    """
    if tries >= MOST_TRIES:
        return None
    longest = min(FIRST_S * 2 ** (tries - 1), LONGEST_S)
    return int(longest * (0.5 + chance / 2) * NS)
