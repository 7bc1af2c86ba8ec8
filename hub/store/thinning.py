"""From readings to a drawable curve: where it breaks, and what stands for many readings. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low

from msgspec import Struct

from hub.model import NS

MUCH_LARGER = 6
"""A distance of more than this many usual periods is a gap: five lost messages in a row are not, a dead sensor is."""
_AROUND = 4
"""Distances on each side that tell what is usual there: a back-fill may be sparser than what follows it."""


class Piece(Struct, frozen=True, gc=False):
    """One or more readings drawn as one point; times [ns]."""

    first: int
    last: int
    count: int
    mean: float
    low: float
    high: float


class Curve(Struct, frozen=True):
    """What `hub.store.base.Series` draws: times [s], None for a gap; `low`, `high` empty when nothing was thinned."""

    t: list[float]
    v: list[float | None]
    low: list[float | None]
    high: list[float | None]


def window(start: int, stop: int, width: int) -> int:
    """Return the length [ns] of the windows that cut start … stop (included) into at most `width`."""
    return max(1, -(-(stop - start + 1) // width))


def drawn(pieces: Sequence[Piece]) -> Curve:
    """Return the curve through the pieces, in order of time, with one point without value in each gap."""
    t = [(piece.first + piece.last) / 2 / NS for piece in pieces]
    v: list[float | None] = [piece.mean for piece in pieces]
    is_thinned = any(piece.count > 1 for piece in pieces)
    low: list[float | None] = [piece.low for piece in pieces] if is_thinned else []
    high: list[float | None] = [piece.high for piece in pieces] if is_thinned else []
    for index in sorted(gaps(pieces), reverse=True):
        t.insert(index, (pieces[index - 1].last + pieces[index].first) / 2 / NS)
        for column in (v, low, high) if is_thinned else (v,):
            column.insert(index, None)
    return Curve(t, v, low, high)


def gaps(pieces: Sequence[Piece]) -> set[int]:
    """Return the indices of the pieces before which the curve breaks.

    Usual is the period of the readings near by, or three quarters of all distances: an irregular channel (a door)
    that speaks in bursts has no gap after each.
    """
    distances = [after.first - before.last for before, after in pairwise(pieces)]
    if len(distances) <= 1:
        return set()
    inside = [(piece.last - piece.first) // (piece.count - 1) for piece in pieces if piece.count > 1]
    periods = sorted(inside) if 2 * len(inside) > len(pieces) else sorted(distances)
    overall = periods[3 * (len(periods) - 1) // 4]
    found = set()
    for index, distance in enumerate(distances):
        if distance <= MUCH_LARGER * overall:
            continue
        if distance > MUCH_LARGER * max(_usual(pieces, distances, index)):
            found.add(index + 1)
    return found


def _usual(pieces: Sequence[Piece], distances: Sequence[int], index: int) -> list[int]:
    """Return what is usual before, after and at both ends of a distance."""
    ends = [(piece.last - piece.first) // (piece.count - 1) for piece in pieces[index : index + 2] if piece.count > 1]
    if ends:
        return ends
    sides = (distances[max(0, index - _AROUND) : index], distances[index + 1 : index + 1 + _AROUND])
    return [median_low(side) for side in sides if side]
