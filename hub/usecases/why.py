"""Why an alarm was raised: the rule in words, the values and times that made it true, what to look at, what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.model import Alarm, Evidence, rfc3339
from hub.rules.case import View
from hub.rules.explaining import rule_in_words
from hub.rules.wording import Text
from hub.usecases.around import chart
from hub.usecases.describe import limit_of
from hub.usecases.schema import UseCase

Json = dict[str, Any]
_TODO = {
    "critical": Text(
        "Une perte est en cours : allez voir maintenant, puis acquittez avec un mot.",
        "Something is being lost: go and look now, then acknowledge with a word.",
    ),
    "high": Text(
        "Allez voir maintenant, puis acquittez avec un mot.", "Go and look now, then acknowledge with a word."
    ),
    "medium": Text("À voir aujourd'hui.", "To be looked at today."),
    "low": Text("Bon à savoir : rien ne presse.", "Good to know: there is no hurry."),
}
"""What to do where the rule itself says nothing."""


def why(usecase: UseCase, alarm: Alarm, view: View | None = None) -> Json:
    """Return everything that answers "why?".

    Args:
        usecase: the alarm's.
        alarm: as it is stored.
        view: what is known on its run now; None, or another run's: the limits and devices of the document.

    Raises:
        KeyError: the use case has no such rule any more.
    """
    rule = usecase.rule(alarm.rule)
    view = view if view is not None and view.run == alarm.run else None
    figure, unit = limit_of(usecase, rule, view)
    return {
        "alarm": alarm.id,
        "usecase": usecase.name,
        "rule": rule.id,
        "kind": type(rule).__struct_config__.tag,
        "title": rule.title.as_dict,
        "words": rule_in_words(usecase, rule).as_dict,
        "since": None if alarm.since is None else rfc3339(alarm.since),
        "raised_at": rfc3339(alarm.raised_at),
        "returned_at": None if alarm.returned_at is None else rfc3339(alarm.returned_at),
        "judged": {"value": alarm.params.get("value"), "limit": alarm.params.get("limit", figure), "unit": unit},
        "values": _values(usecase, alarm),
        "source": None if rule.source is None else rule.source.as_dict,
        "indicative": rule.indicative,
        "address": rule.address,
        "todo": (rule.todo or _TODO[alarm.priority]).as_dict,
        "chart": chart(usecase, rule, alarm, view),
    }


def _values(usecase: UseCase, alarm: Alarm) -> list[Json]:
    """Return the measures that the rule looked at: as its condition began, and as the alarm was raised."""
    began, raised = _by_measure(alarm.began), _by_measure(alarm.evidence)
    return [
        {
            "measure": name,
            "title": usecase.measures[name].title.as_dict,
            "unit": usecase.measures[name].unit,
            "decimals": usecase.measures[name].decimals,
            "began": _value(began.get(name)),
            "raised": _value(raised.get(name)),
        }
        for name in dict.fromkeys([*raised, *began])
        if name in usecase.measures
    ]


def _by_measure(found: Sequence[Evidence]) -> Mapping[str, Evidence]:
    return {each.measure: each for each in found}


def _value(found: Evidence | None) -> Json | None:
    return None if found is None else {"value": found.value, "time": rfc3339(found.time)}
