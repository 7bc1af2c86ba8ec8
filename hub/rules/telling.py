"""The sentence of an alarm, as it reads at the moment it is raised."""

from hub.model import NS
from hub.rules import kinds
from hub.rules.kinds import Book, Measure, Rule
from hub.rules.state import Memory
from hub.rules.wording import Plain, Text, duration, fill, forecast, forecast_s, limit, number, quantity


def words(book: Book, memory: Memory, rule: Rule, at: int, judged: float | None) -> tuple[Text, dict[str, Plain]]:
    """Return the rule's sentence at `at`, and the values it is made of.

    Args:
        book: the use case.
        memory: its last usable values.
        rule: the rule.
        at: when its alarm is raised [ns].
        judged: what the rule judged: a value, a slope [1/min], a share [%], a forecast [s].
    """
    parts: dict[str, Text] = {"place": book.place, "measure": book.measures[rule.measure].title}
    params: dict[str, Plain] = {"value": judged}
    for name, measure in book.measures.items():
        good = memory.senses[name].good
        if good is not None:
            parts[name], params[name] = quantity(good, measure.unit, measure.decimals), good
    parts |= _judged(rule, book.measures[rule.measure], judged)
    if isinstance(rule, kinds.Forecast):
        params["eta_s"] = forecast_s(judged or 0.0)
    if not isinstance(rule, kinds.Silence | kinds.State):
        params["limit"] = rule.limit
    since_s = _since_s(memory, rule, at)
    parts["since"] = parts["age"] = duration(since_s)
    say = rule.never if isinstance(rule, kinds.Silence) and judged is None else rule.say
    return fill(say, parts), params | {"since_s": since_s}


def _since_s(memory: Memory, rule: Rule, at: int) -> float:
    if not isinstance(rule, kinds.Silence):
        return rule.on_delay_s
    heard = memory.senses[rule.measure].good_time
    return (at - (memory.start if heard is None else heard)) / NS


def _judged(rule: Rule, measure: Measure, judged: float | None) -> dict[str, Text]:
    """Return {value}, {limit} and {eta} in the words of the rule's kind."""
    if judged is None:
        return {}
    match rule:
        case kinds.Rate():
            return {"value": _slope(judged, measure), "limit": _slope(rule.limit, measure)}
        case kinds.Share():
            return {"value": quantity(judged, "%", 0), "limit": limit(rule.limit, "%")}
        case kinds.Forecast():
            return {"eta": forecast(judged), "limit": limit(rule.limit, measure.unit)}
        case kinds.LimitHigh() | kinds.LimitLow():
            shown = quantity(judged, measure.unit, measure.decimals)
            return {"value": shown, "limit": limit(rule.limit, measure.unit)}
        case _:
            return {"value": quantity(judged, measure.unit, measure.decimals)}


def _slope(value: float, measure: Measure) -> Text:
    """Return "0,9 °C par minute"."""
    digits, unit = number(value, measure.decimals), f"{measure.unit} " if measure.unit else ""
    return Text(f"{digits.fr} {unit}par minute", f"{digits.en} {unit}a minute")
