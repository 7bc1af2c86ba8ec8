"""What does not hold together in a rule: measures, units, functions, placeholders."""

from collections.abc import Iterator

from hub.rules import kinds
from hub.rules.functions import COMPUTATIONS
from hub.rules.wording import placeholders
from hub.usecases.measure_checks import condition_problems, hours_problems, unit_problems
from hub.usecases.schema import UseCase

WORDS = {"value", "limit", "since", "eta", "clock", "baseline", "delta", "place", "measure", "age"}
"""What a sentence may name beside measures."""


def rule_problems(usecase: UseCase, rule: kinds.Written) -> Iterator[str]:
    """Yield what is wrong in a rule."""
    missing = sorted(({rule.measure} | kinds.watches(rule)) - usecase.measures.keys())
    yield from (f"there is no measure {name!r}; known: {', '.join(usecase.measures)}" for name in missing)
    for key in ("say", "todo"):
        text = getattr(rule, key)
        for name in sorted((placeholders(text) if text else set()) - WORDS - usecase.measures.keys()):
            yield f"{key}: {{{name}}} is no measure and none of {', '.join(sorted(WORDS))}"
    if not missing:
        yield from _units(usecase, rule)
        yield from _of_kind(usecase, rule)
    for index, condition in enumerate(rule.when):
        yield from (f"when[{index}]: {wrong}" for wrong in condition_problems(usecase, condition))
    yield from hours_problems("during", rule.during)
    yield from _times(rule)
    if rule.mask is not None and sum(x is not None for x in (rule.mask.equals, rule.mask.above, rule.mask.below)) > 1:
        yield "mask: give at most one of equals, above, below"


def _times(rule: kinds.Written) -> Iterator[str]:
    for key in ("on_delay_s", "off_delay_s", "deadband"):
        if getattr(rule, key, 0.0) < 0:
            yield f"{key}: {getattr(rule, key):g} is below zero"
    if rule.confirm < 1:
        yield f"confirm: {rule.confirm} reports cannot confirm anything; at least 1"
    window = getattr(rule, "window_s", None)
    if window is not None and window <= 0:
        yield f"window_s: {window:g} is not above zero"


def _units(usecase: UseCase, rule: kinds.Written) -> Iterator[str]:
    for limit in kinds.limits(rule):
        if isinstance(limit, kinds.Moving) and limit.factor == 1.0:
            yield from unit_problems(usecase, rule.measure, limit.measure)
    if isinstance(rule, kinds.Balance):
        yield from unit_problems(usecase, rule.measure, rule.against)


def _of_kind(usecase: UseCase, rule: kinds.Written) -> Iterator[str]:
    match rule:
        case kinds.State():
            if not rule.conditions and not rule.any:
                yield "conditions: give at least one"
            for condition in (*rule.conditions, *rule.any):
                yield from condition_problems(usecase, condition)
        case kinds.Forecast():
            yield from _forecast(usecase, rule)
        case kinds.EveryPeriod():
            if usecase.measures[rule.measure].period is None:
                yield f"measure: {rule.measure} has no value per hour or day; give it a period"
            if rule.periods < 1:
                yield f"periods: {rule.periods} is not at least 1"
        case _:
            yield from _bounds(rule)


def _bounds(rule: kinds.Written) -> Iterator[str]:
    match rule:
        case kinds.Change() if sum(each is not None for each in (rule.rises, rule.falls, rule.times)) != 1:
            yield "give one of rises, falls, times"
        case kinds.Balance(low=None, high=None):
            yield "give low, high or both"
        case kinds.Band(low=float(low), high=float(high)) if low >= high:
            yield f"low: {low:g} is not below high, {high:g}"
        case _:
            return


def _forecast(usecase: UseCase, rule: kinds.Forecast) -> Iterator[str]:
    if rule.function is None:
        if not rule.window_s:
            yield "window_s: say over how many seconds the slope is taken, or name a function"
    elif rule.function in usecase.functions:
        pass
    elif rule.function in COMPUTATIONS and COMPUTATIONS[rule.function].nature == "plain":
        takes = {*COMPUTATIONS[rule.function].takes}
        given = set(rule.of) if rule.of else {rule.measure, *rule.means}
        if given != takes:
            yield f"of: {rule.function} takes {', '.join(sorted(takes))}, not {', '.join(sorted(given))}"
    else:
        yield f"function: rules.py has no {rule.function!r} in FUNCTIONS, nor has the hub"
