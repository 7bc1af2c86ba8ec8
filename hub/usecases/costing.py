"""What a use case may be worth in a session: hypotheses chosen, measured or given, and what each card makes of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.model import rfc3339
from hub.usecases.choosing import Choices, bill, hypotheses
from hub.usecases.money import extent, spelled, worth
from hub.usecases.schema import Card, UseCase

Json = dict[str, Any]


class Told(NamedTuple):
    """What readings say of a hypothesis, in its unit, and from when until when [ns]."""

    value: float
    since: int
    until: int


def values(usecase: UseCase, chosen: Choices, told: Mapping[str, Told]) -> dict[str, float]:
    """Return hypothesis → its figure: what people chose, else what was measured, else the default."""
    return {
        name: chosen.hypotheses.get(name, told[name].value if name in told else each.value)
        for name, each in hypotheses(usecase).items()
    }


def money(usecase: UseCase, chosen: Choices, told: Mapping[str, Told]) -> Json:
    """Return what `GET /usecases/{name}/money` gives.

    Args:
        usecase: the use case.
        chosen: in the session.
        told: hypothesis → what the session's readings say of it.
    """
    known = values(usecase, chosen, told)
    fixed = frozenset(told.keys() - chosen.hypotheses.keys())
    return {
        "chosen": dict(chosen.hypotheses),
        "measured": {
            name: {"value": each.value, "since": rfc3339(each.since), "until": rfc3339(each.until)}
            for name, each in told.items()
        },
        "cards": [_card(card, known, fixed) for card in usecase.money],
        "materials": bill(usecase, chosen),
    }


def _card(card: Card, known: Mapping[str, float], fixed: frozenset[str]) -> Json:
    low, high = extent(card, known, fixed)
    return {
        "id": card.id,
        "value": worth(card, known),
        "low": low,
        "high": high,
        "text": spelled(card, known).as_dict,
    }
