"""What the sentences of use cases share: measures and times as the parts of a text."""

from collections.abc import Iterable

from hub.model import NS
from hub.rules.case import Seen, View
from hub.rules.wording import Plain, Text, duration, forecast, forecast_s, quantity
from hub.usecases.schema import UseCase


def age_s(view: View, seen: Seen) -> float:
    """Return how long ago [s] a measure was usable the last time; one that never was, since the run began."""
    return max(view.now - (view.start if seen.good_time is None else seen.good_time), 0) / NS


def told(
    usecase: UseCase,
    view: View | None,
    names: Iterable[str],
    *,
    since_s: float | None = None,
    eta_s: float | None = None,
) -> tuple[dict[str, Plain], dict[str, Text]]:
    """Return the params and the parts of a sentence.

    Args:
        usecase: whose measures they are.
        view: what is known; None: nothing.
        names: the measures told, where they have a usable value, in the unit they are shown in.
        since_s: how long something has lasted [s]: part `since`.
        eta_s: in how long something will come [s], rounded down as forecasts are: part `eta`.
    """
    params: dict[str, Plain] = {}
    parts: dict[str, Text] = {}
    for name in names:
        good = None if view is None else view.measures[name].good
        if good is not None:
            measure = usecase.measures[name]
            parts[name], params[name] = quantity(good, measure.unit, measure.decimals), good
    if since_s is not None:
        parts["since"], params["since_s"] = duration(since_s), since_s
    if eta_s is not None:
        parts["eta"], params["eta_s"] = forecast(eta_s), forecast_s(eta_s)
    return params, parts
