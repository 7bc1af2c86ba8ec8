"""What is known of a use case at a moment, made by hand: for sentences."""

from collections.abc import Mapping

from hub.model import NS, Alarm
from hub.rules.case import Seen, View
from hub.usecases.schema import UseCase

NOW = 1_763_969_400 * NS


def view(
    case: UseCase,
    values: Mapping[str, float],
    *,
    active: tuple[str, ...] = (),
    quantities: Mapping[str, float | None] | None = None,
    silent: tuple[str, ...] = (),
    age_s: float = 4,
) -> View:
    """Return a view of a use case.

    Args:
        case: the use case.
        values: measure → its last good value; the others were never heard.
        active: rules whose alarm is raised.
        quantities: rule → what it judges.
        silent: measures that are older than is believed.
        age_s: how old every value is [s].
    """
    time = NOW - int(age_s * NS)

    def seen(name: str) -> Seen:
        if name not in values:
            return Seen()
        value = values[name]
        return Seen(value=value, time=time, good=value, good_time=time, changed=time, believed=name not in silent)

    return View(
        usecase=case.name,
        run="x",
        now=NOW,
        start=NOW - 3600 * NS,
        devices={},
        measures={name: seen(name) for name in case.measures},
        since={},
        quantities=dict(quantities or {}),
        masked={},
        alarms=tuple(_alarm(case, rule) for rule in active),
    )


def _alarm(case: UseCase, rule: str) -> Alarm:
    return Alarm(
        id=f"{case.name}.{rule}-x-1",
        usecase=case.name,
        rule=rule,
        measure=case.rule(rule).measure,
        device="x:y",
        run="x",
        priority="low",
        raised_at=NOW - 60 * NS,
        texts={},
    )
