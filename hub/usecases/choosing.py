"""What people chose for a use case: hypotheses, prices, each within its bounds; kept under the name of a session.

A session is the id of a workshop session, or `SHARED` while there is none. Everything here is plain values and pure;
who keeps them is hub/chosen.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hub.errors import NotFoundError, UsageError
from hub.usecases.schema import Hypothesis, Material, UseCase

SHARED = "shared"
"""What was chosen in no session."""
MOST_EUROS = 1_000_000.0
Json = dict[str, Any]


class Price(Struct, frozen=True):
    """A price range [€] that somebody typed, on a day ("2026-11-27")."""

    low: float
    high: float
    date: str


class Choices(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was chosen for one use case in one session.

    Attributes:
        hypotheses: id → value. One id means one figure in all cards of a use case.
        prices: place in the bill of materials → what somebody found.
    """

    hypotheses: Mapping[str, float] = {}
    prices: Mapping[int, Price] = {}


NOTHING = Choices()
"""Everything as usecase.toml has it."""


def hypotheses(usecase: UseCase) -> dict[str, Hypothesis]:
    """Return the hypotheses of all cards, by id."""
    return {each.id: each for card in usecase.money for each in card.hypotheses}


def choose(usecase: UseCase, before: Choices, name: str, value: float | None) -> Choices:
    """Return the choices with a hypothesis changed; None: what was measured, else its default, holds again.

    Raises:
        NotFoundError: the use case has no such hypothesis.
        UsageError: the value is not within its bounds.
    """
    known = hypotheses(usecase)
    if name not in known:
        msg = f"use case {usecase.name!r} has no hypothesis {name!r}; it has {', '.join(known) or 'none'}"
        raise NotFoundError(msg)
    left = {key: each for key, each in before.hypotheses.items() if key != name}
    if value is not None:
        low, high = known[name].low, known[name].high
        if not low <= value <= high:
            msg = f"{name} is {value:g}: give a number from {low:g} to {high:g}"
            raise UsageError(msg)
        left[name] = value
    return msgspec.structs.replace(before, hypotheses=left)


def price(usecase: UseCase, before: Choices, place: int, found: Price | None) -> Choices:
    """Return the choices with a price of the bill of materials changed; None: usecase.toml's holds again.

    Raises:
        NotFoundError: the bill is not so long.
        UsageError: it is no price range.
    """
    if not 0 <= place < len(usecase.materials):
        msg = f"use case {usecase.name!r} has no material {place}; it has {len(usecase.materials)}, from 0"
        raise NotFoundError(msg)
    left = {key: each for key, each in before.prices.items() if key != place}
    if found is not None:
        if not 0 <= found.low <= found.high <= MOST_EUROS:
            msg = f"{found.low:g} to {found.high:g} € is no price range: give low and high, 0 ≤ low ≤ high"
            raise UsageError(msg)
        left[place] = found
    return msgspec.structs.replace(before, prices=left)


def bill(usecase: UseCase, chosen: Choices = NOTHING) -> Json:
    """Return the bill of materials, and what each kit costs: `{"lines": […], "demo": [low, high], "robust": …}`."""
    lines = [_line(usecase, place, each, chosen.prices.get(place)) for place, each in enumerate(usecase.materials)]
    return {"lines": lines} | {kit: _total(lines, kit) for kit in ("demo", "robust")}


def _line(usecase: UseCase, place: int, material: Material, found: Price | None) -> Json:
    plain: Json = msgspec.to_builtins(material)
    usual = {"low": material.low, "high": material.high, "date": usecase.prices_of}
    return (
        plain | (usual if found is None else msgspec.to_builtins(found)) | {"place": place, "typed": found is not None}
    )


def _total(lines: Sequence[Json], kit: str) -> list[float]:
    counted = [each for each in lines if not each["optional"] and each["kit"] in {kit, "both"}]
    return [sum(each[end] for each in counted) for end in ("low", "high")]
