"""A slow, obvious evaluator of rules: the whole past is looked at anew at each reading.

It shares nothing with `hub.rules` but the rules themselves, and knows neither masks, hours, ages nor bad values.
"""

import statistics
from collections.abc import Sequence
from itertools import pairwise

from hub.rules import kinds

Event = tuple[int, str, float]
"""(second, measure, value); seconds rise."""
Past = Sequence[Event]


def evaluate(  # noqa: C901 — one loop, so that it stays obvious
    rule: kinds.Written, events: Sequence[Event], end: int
) -> list[tuple[float, float | None]]:
    """Return when the rule's alarms are raised and return to normal [s], until second `end`."""
    alarms: list[tuple[float, float | None]] = []
    since: float | None = None
    reports = 0
    past: list[Event] = []

    def beyond() -> bool:
        return bool(alarms) and alarms[-1][1] is None

    def due() -> float:
        assert since is not None
        return since + (rule.off_delay_s if beyond() else rule.on_delay_s)

    def decided() -> bool:
        return beyond() or rule.confirm == 1 or reports >= rule.confirm

    def turn(second: float) -> None:
        if beyond():
            alarms[-1] = alarms[-1][0], second
        else:
            alarms.append((second, None))

    for event in events:
        second, measure, _ = event
        if since is not None and due() < second and decided():
            turn(due())
            since, reports = None, 0
        past.append(event)
        if measure not in kinds.uses(rule):
            continue
        held = holds(rule, past, beyond=beyond())
        if held is None or held == beyond():
            since, reports = None, 0
            continue
        since = second if since is None else since
        reports += measure == rule.measure
        if due() <= second and decided():
            turn(second)
            since, reports = None, 0
    if since is not None and due() <= end and decided():
        turn(due())
    return alarms


def newest(past: Past, measure: str) -> float | None:
    """Return a measure's newest value."""
    return next((value for _, name, value in reversed(past) if name == measure), None)


def window(past: Past, measure: str, seconds: float) -> list[tuple[int, float]]:
    """Return the values of the last window, nothing from before a gap as long as it."""
    found = [(second, value) for second, name, value in past if name == measure]
    for index in range(len(found) - 1, 0, -1):
        if found[index][0] - found[index - 1][0] >= seconds:
            found = found[index:]
            break
    return [(second, value) for second, value in found if second >= found[-1][0] - seconds]


def known(past: Past, measure: str, seconds: float) -> bool:
    """Tell whether a whole window without such a gap is known."""
    found = [second for second, name, _ in past if name == measure]
    start = found[-1]
    for second in reversed(found[:-1]):
        if start - second >= seconds:
            break
        start = second
    return found[-1] - start >= seconds


def slope(past: Past, measure: str, seconds: float) -> float | None:
    """Return the least-squares slope [1/min]; None while half of the window is not covered."""
    inside = window(past, measure, seconds)
    if len(inside) < 2 or inside[-1][0] - inside[0][0] < seconds / 2:
        return None
    line = statistics.linear_regression([second / 60 for second, _ in inside], [value for _, value in inside])
    return line.slope


def share(past: Past, rule: kinds.Share) -> float | None:
    """Return for how much [%] of the last window it was above, second by second."""
    found = [(second, value) for second, name, value in past if name == rule.measure]
    end = found[-1][0]
    seconds = [
        value > rule.above
        for (start, value), (stop, _) in pairwise(found)
        for second in range(start, stop)
        if second >= end - rule.window_s
    ]
    return 100 * sum(seconds) / len(seconds) if seconds and len(seconds) >= 0.9 * rule.window_s else None


def holds(rule: kinds.Written, past: Past, *, beyond: bool) -> bool | None:
    """Tell whether the condition holds; None: not known."""
    own = condition(rule, past, beyond=beyond)
    others = [compared(each, past) for each in rule.when]
    return None if None in others and own is not False and False not in others else own and all(others)


def compared(each: kinds.Condition, past: Past) -> bool | None:
    """Tell whether a condition holds; None: not known."""
    value = newest(past, each.measure)
    return None if value is None else each.holds(value)


def condition(rule: kinds.Written, past: Past, *, beyond: bool) -> bool | None:  # noqa: C901, PLR0911, PLR0912 — one case a kind
    """Tell whether the rule's own condition holds; None: not known."""
    value = newest(past, rule.measure)
    slack = getattr(rule, "deadband", 0.0) if beyond else 0.0
    match rule:
        case kinds.State():
            found = [compared(each, past) for each in rule.conditions]
            return False if False in found else None if None in found else True
        case kinds.Balance():
            other = newest(past, rule.against)
            if value is None or other is None:
                return None
            return value - other > (rule.high or 0) - slack
        case kinds.Baseline():
            usual = newest(past, rule.usual)
            return None if value is None or usual is None else value > rule.factor * usual + rule.offset - slack
    if value is None:
        return None
    match rule:
        case kinds.LimitHigh(limit=float(limit)):
            return value > limit - slack or (rule.inclusive and not slack and value == limit)
        case kinds.LimitLow(limit=float(limit)):
            return value < limit + slack or (rule.inclusive and not slack and value == limit)
        case kinds.Band(low=float(low), high=float(high)):
            return value < low + slack or value > high - slack
        case kinds.Rate():
            found_slope = slope(past, rule.measure, rule.window_s)
            return None if found_slope is None else found_slope > rule.limit - slack
        case kinds.Change(rises=float(step)):
            return value - min(each for _, each in window(past, rule.measure, rule.window_s)) >= step
        case kinds.Change(falls=float(step)):
            return max(each for _, each in window(past, rule.measure, rule.window_s)) - value >= step
        case kinds.Share():
            found_share = share(past, rule)
            return None if found_share is None else found_share > rule.limit - slack
        case kinds.Forecast():
            by = slope(past, rule.measure, rule.window_s or 0)
            return None if by is None else bool(by) and 0 < (rule.limit - value) / by * 60 < rule.within_s
        case _:
            raise NotImplementedError(rule)
