"""The sentence of an alarm, as it reads at the moment it is raised."""

from datetime import datetime, timedelta

from msgspec import Struct

from hub.model import NS
from hub.rules import kinds
from hub.rules.kinds import Book, Measure, Rule
from hub.rules.state import Memory
from hub.rules.wording import (
    Plain,
    Text,
    clock,
    duration,
    fill,
    forecast,
    forecast_s,
    limit,
    number,
    quantity,
)

_PER = {
    "minute": Text("par minute", "a minute"),
    "hour": Text("par heure", "an hour"),
    "day": Text("par jour", "a day"),
}


class Judged(Struct, frozen=True):
    """What a rule judged.

    Attributes:
        quantity: a value, a slope [1/per], a share [%], a forecast [s].
        local: what the place's clock shows.
        limits: of its measure, as they are then.
        usual: what is usual, of a baseline.
    """

    quantity: float | None
    local: datetime
    limits: tuple[float | None, ...] = ()
    usual: float | None = None


def words(book: Book, memory: Memory, rule: Rule, at: int, judged: Judged) -> tuple[Text, dict[str, Plain]]:
    """Return the rule's sentence at `at`, and the values it is made of.

    Args:
        book: the use case.
        memory: its last usable values.
        rule: the rule.
        at: when its alarm is raised [ns].
        judged: what the rule judged.
    """
    local = judged.local
    measure = book.measures[rule.measure]
    parts: dict[str, Text] = {"place": book.place, "measure": measure.title, "clock": clock(local)}
    params: dict[str, Plain] = {"value": judged.quantity}
    for name, each in book.measures.items():
        good = memory.senses[name].good
        if good is not None:
            parts[name], params[name] = quantity(good, each.unit, each.decimals), good
    parts |= _judged(rule, measure, judged, memory.senses[rule.measure].good)
    if isinstance(rule, kinds.Forecast):
        params["eta_s"] = forecast_s(judged.quantity or 0.0)
        parts["clock"] = clock(local + timedelta(seconds=judged.quantity or 0.0))
    bound = bound_of(rule, judged)
    if bound is not None:
        params["limit"] = bound
    since_s = _since_s(memory, rule, at)
    parts["since"] = parts["age"] = duration(since_s)
    say = rule.never if isinstance(rule, kinds.Silence) and judged.quantity is None else rule.say
    return fill(say, parts), params | {"since_s": since_s}


def _since_s(memory: Memory, rule: Rule, at: int) -> float:
    if isinstance(rule, kinds.Silence):
        heard = memory.senses[rule.measure].good_time
        return (at - (memory.waits_from if heard is None else heard)) / NS
    if isinstance(rule, kinds.Change | kinds.Flatline):
        return rule.window_s
    began = memory.courses[rule.id].began
    lasted = 0.0 if rule.confirm == 1 or not began else (at - max(each.time for each in began)) / NS
    return max(rule.on_delay_s, lasted)


def bound_of(rule: Rule, judged: Judged) -> float | None:
    """Return the one limit that the sentence names; None: there is none."""
    if judged.limits:
        known = [each for each in judged.limits if each is not None]
        if len(known) < 2:  # noqa: PLR2004 — a band has two
            return known[0] if known else None
        low, high = known
        return low if judged.quantity is not None and judged.quantity < (low + high) / 2 else high
    found = getattr(rule, "limit", None)
    return found if isinstance(found, float | int) else None


def _judged(rule: Rule, measure: Measure, judged: Judged, value: float | None) -> dict[str, Text]:
    """Return {value}, {limit}, {eta}, {baseline} and {delta} in the words of the rule's kind."""
    found = judged.quantity
    if found is None:
        return {}
    match rule:
        case kinds.Rate():
            return {"value": _slope(rule, abs(found), measure), "limit": _slope(rule, rule.limit, measure)}
        case kinds.Share():
            return {"value": quantity(found, "%", 0), "limit": limit(rule.limit, "%")}
        case kinds.Forecast():
            return {"eta": forecast(found), "limit": limit(rule.limit, measure.unit)} | _shown(measure, value=value)
        case kinds.Flatline() | kinds.Change(times=float()):
            return _shown(measure, value=value)
        case _:
            return _level(rule, measure, judged, found)


def _level(rule: Rule, measure: Measure, judged: Judged, value: float) -> dict[str, Text]:
    shown, bound = _shown(measure, value=value, baseline=judged.usual), bound_of(rule, judged)
    if bound is not None:
        shown["limit"] = limit(bound, measure.unit)
    if judged.usual is not None:
        shown |= _shown(measure, delta=abs(value - judged.usual))
    return shown


def _shown(measure: Measure, **values: float | None) -> dict[str, Text]:
    return {
        name: quantity(value, measure.unit, measure.decimals) for name, value in values.items() if value is not None
    }


def _slope(rule: kinds.Rate, value: float, measure: Measure) -> Text:
    """Return "0,9 °C par minute"."""
    digits, per = (
        quantity(value, measure.unit, measure.decimals) if measure.unit else number(value, measure.decimals),
        _PER[rule.per],
    )
    return Text(f"{digits.fr} {per.fr}", f"{digits.en} {per.en}")
