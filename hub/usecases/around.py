"""The chart around an alarm: which curves, from when to when, with which limits. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from hub.model import NS, Alarm, rfc3339
from hub.rules import kinds
from hub.rules.case import View
from hub.rules.clauses import Condition
from hub.rules.measures import origin
from hub.rules.wording import limit
from hub.usecases.describe import bounds_of
from hub.usecases.schema import UseCase

Json = dict[str, Any]
_BEFORE_S, _AFTER_S = 3600, 1800


class Bound(NamedTuple):
    """A value that a measure came beyond; `low`: below it is too low."""

    measure: str
    value: float
    low: bool


def chart(usecase: UseCase, rule: kinds.Rule, alarm: Alarm, view: View | None = None) -> Json:
    """Return what to draw around an alarm.

    Args:
        usecase: the alarm's.
        rule: the alarm's.
        alarm: as it is stored.
        view: what is known on its run; None: limits that follow a measure are those that the alarm itself names.

    Returns:
        `{"run", "start", "stop", "series": [{"measure", "title", "unit", "decimals", "device", "channel"}],
        "limits": [{"measure", "value", "low", "label"}]}`, the rule's own measure first. A curve is
        `GET /series?usecase=…&measure=…`, for computed measures too.
    """
    before = int(max(_BEFORE_S, 2 * rule.on_delay_s, getattr(rule, "window_s", None) or 0) * NS)
    since = alarm.raised_at if alarm.since is None else min(alarm.since, alarm.raised_at)
    until = (alarm.raised_at if alarm.returned_at is None else alarm.returned_at) + _AFTER_S * NS
    names = dict.fromkeys([rule.measure, *sorted(kinds.uses(rule))])
    return {
        "run": alarm.run,
        "start": rfc3339(since - before),
        "stop": rfc3339(until),
        "series": [_series(usecase, name, alarm, view) for name in names],
        "limits": [_drawn(usecase, each) for each in dict.fromkeys(_bounds(rule, alarm, view))],
    }


def _series(usecase: UseCase, name: str, alarm: Alarm, view: View | None) -> Json:
    """Return a measure, and where its curve is: of a computed one, that of what it is computed from first."""
    heard, measure = origin(usecase.measures, name), usecase.measures[name]
    device = usecase.roles[heard.role].device if view is None else view.devices.get(heard.role)
    own = origin(usecase.measures, alarm.measure).role == heard.role if alarm.measure in usecase.measures else False
    return {
        "measure": name,
        "title": measure.title.as_dict,
        "unit": measure.unit,
        "decimals": measure.decimals,
        "device": alarm.device if own else device,
        "channel": heard.channel,
    }


def _drawn(usecase: UseCase, bound: Bound) -> Json:
    return bound._asdict() | {"label": limit(bound.value, usecase.measures[bound.measure].unit).as_dict}


def _bounds(rule: kinds.Rule, alarm: Alarm, view: View | None) -> Iterator[Bound]:
    """Yield what the rule's condition compares measures with, where that is a level and no slope or difference."""
    match rule:
        case kinds.Band():
            ends = bounds_of(rule, view)
            yield from (Bound(rule.measure, each, low=each == min(ends)) for each in ends)
        case kinds.LimitHigh() | kinds.LimitLow() | kinds.Baseline():
            is_low = isinstance(rule, kinds.LimitLow) or getattr(rule, "side", None) == "below"
            judged = alarm.params.get("limit")
            known = [judged] if isinstance(judged, int | float) else bounds_of(rule, view)
            yield from (Bound(rule.measure, float(each), is_low) for each in known)
        case kinds.Forecast():
            was = next((each.value for each in alarm.evidence if each.measure == rule.measure), rule.limit)
            yield Bound(rule.measure, rule.limit, low=was > rule.limit)
        case kinds.Share():
            yield Bound(rule.measure, rule.above, low=False)
        case kinds.EveryPeriod():
            yield Bound(rule.measure, rule.at_least, low=False)
        case kinds.State():
            yield from _compared((*rule.conditions, *rule.any))
        case _:
            pass
    yield from _compared(rule.when)


def _compared(conditions: Iterable[Condition]) -> Iterator[Bound]:
    """Yield the numbers that measures are compared with; one that is compared with another measure has none."""
    for each in conditions:
        too_low = each.below if each.below is not None else each.at_most
        too_high = each.above if each.above is not None else each.at_least
        value = too_high if too_low is None else too_low
        if each.than is None and value is not None:
            yield Bound(each.measure, value, low=too_low is not None)
