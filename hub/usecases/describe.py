"""A use case as the API gives it: pure, from its document and what is known now (design.md §4)."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hub.model import NS, REAL, rfc3339
from hub.rules import kinds
from hub.rules.case import View
from hub.rules.explaining import hours_in_words
from hub.rules.making import roots
from hub.rules.measures import Measure, origin
from hub.rules.shown import between, shown
from hub.rules.wording import Sentence, Text, limit, quantity
from hub.usecases.schema import Card, Panel, UseCase

Json = dict[str, Any]


def summary(usecase: UseCase, run: str | None = None, state: str | None = None) -> Json:
    """Return the use case as `GET /usecases` lists it; `run` and `state` of the run it plays on."""
    words = {"title": usecase.title.as_dict, "who": usecase.who.as_dict}
    return {"name": usecase.name, **words, "run": run, "state": state}


def main_sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the use case's numbers mean now; without words of its own, its large values one after the other."""
    if usecase.sentence is not None:
        return usecase.sentence(usecase, view)
    told = [_told(usecase, view, name) for name, measure in usecase.measures.items() if measure.primary]
    joined = Text(", ".join(each.fr for each in told), ", ".join(each.en for each in told))
    return Sentence("values", {}, joined)


def _told(usecase: UseCase, view: View | None, name: str) -> Text:
    measure = usecase.measures[name]
    good = None if view is None else view.measures[name].good
    value = Text("–", "–") if good is None else quantity(good, measure.unit, measure.decimals)
    return Text(f"{measure.title.fr} : {value.fr}", f"{measure.title.en}: {value.en}")


def describe(
    usecase: UseCase,
    view: View | None,
    *,
    run: str | None = None,
    now: int | None = None,
    speed: float = 1.0,
    faults: Iterable[Mapping[str, Any]] = (),
) -> Json:
    """Return the use case as `GET /usecases/{name}` gives it.

    Args:
        usecase: the use case.
        view: what the rules know on its run; None: nothing was heard.
        run: the run it plays on; the view's unless given.
        now: that run's time [ns]; the view's unless given.
        speed: simulated seconds a second.
        faults: as the scenario's runner states them: name, title, active.
    """
    run = (REAL if view is None else view.run) if run is None else run
    now = (None if view is None else view.now) if now is None else now
    return {
        "name": usecase.name,
        "title": usecase.title.as_dict,
        "story": usecase.story.as_dict,
        "place": usecase.place.as_dict,
        "who": usecase.who.as_dict,
        "hurts": usecase.hurts.as_dict,
        "gesture": usecase.gesture.as_dict,
        "run": run,
        "now": None if now is None else rfc3339(now),
        "speed": speed,
        "simulated": run != REAL,
        "roles": [_role(name, role, view) for name, role in usecase.roles.items()],
        "measures": [_measure(usecase, name, view) for name in usecase.measures],
        "panels": [_panel(usecase, panel, view) for panel in usecase.panels],
        "rules": [_rule(usecase, rule, view) for rule in usecase.all_rules],
        "sentence": msgspec.to_builtins(main_sentence(usecase, view)),
        "faults": list(faults),
        "money": [_card(card) for card in usecase.money],
        "materials": [msgspec.to_builtins(material) for material in usecase.materials],
        "limits_to_say": msgspec.to_builtins(usecase.limits_to_say),
        "guide": [msgspec.to_builtins(step) for step in usecase.guide],
    }


def _role(name: str, role: kinds.Role, view: View | None) -> Json:
    device = None if view is None else view.devices.get(name)
    state = "missing" if device is None else "simulated" if view is not None and view.run != REAL else "real"
    return {"name": name, "title": role.title.as_dict, "kind": role.kind.as_dict, "state": state, "device": device}


def _measure(usecase: UseCase, name: str, view: View | None) -> Json:
    measure = usecase.measures[name]
    seen = None if view is None else view.measures[name]
    role = origin(usecase.measures, name).role
    factor, offset = _change(measure)
    return {
        "name": name,
        "title": measure.title.as_dict,
        "role": role,
        "device": None if view is None else view.devices.get(role),
        "computed": measure.computed,
        "factor": factor,
        "offset": offset,
        "channel": measure.channel,
        "unit": measure.unit,
        "decimals": measure.decimals,
        "silence_s": _silence(usecase, name, view),
        "primary": measure.primary,
        "inverted": measure.inverted,
        "value": None if seen is None else seen.value,
        "time": None if seen is None or seen.time is None else rfc3339(seen.time),
        "quality": None if seen is None or seen.time is None else seen.quality.value,
    }


def _silence(usecase: UseCase, name: str, view: View | None) -> float | None:
    """Return how long [s] a value is believed: one that is computed, as its shortest source; None: without end."""
    simulated = view is not None and view.run != REAL
    sources = (usecase.measures[each] for each in roots(usecase.measures, name))
    known = [limit for each in sources if (limit := each.silence(simulated=simulated)) is not None]
    return min(known, default=None)


def _change(measure: Measure) -> tuple[float, float]:
    """Return (factor, offset) that turn the channel's value, in the hub's unit, into what the measure shows."""
    known = None if measure.unit is None else shown(measure.unit)
    given = measure.channel_unit or (None if known is None else known.unit.value)
    factor, offset = between(given, measure.unit) or (1.0, 0.0)
    return float(f"{measure.scale * factor:.12g}"), offset


def _panel(usecase: UseCase, panel: Panel, view: View | None) -> Json:
    drawn = [(rule, usecase.rule(rule)) for rule in panel.limits]
    limits = [
        {"rule": name, "value": value, "label": limit(value, usecase.measures[rule.measure].unit).as_dict}
        for name, rule in drawn
        for value in bounds_of(rule, view)
    ]
    return {"kind": panel.kind, "title": panel.title.as_dict, "series": list(panel.series), "limits": limits}


def _rule(usecase: UseCase, rule: kinds.Rule, view: View | None) -> Json:
    figure, unit = limit_of(usecase, rule, view)
    return {
        "id": rule.id,
        "title": rule.title.as_dict,
        "kind": type(rule).__struct_config__.tag,
        "measure": rule.measure,
        "limit": figure,
        "unit": unit,
        "deadband": getattr(rule, "deadband", None),
        "on_delay_s": rule.on_delay_s,
        "off_delay_s": rule.off_delay_s,
        "priority": rule.priority,
        "source": None if rule.source is None else rule.source.as_dict,
        "indicative": rule.indicative,
        "address": rule.address,
        "todo": None if rule.todo is None else rule.todo.as_dict,
        "mask": _mask(rule, view),
    }


def limit_of(usecase: UseCase, rule: kinds.Rule, view: View | None = None) -> tuple[float | None, str | None]:
    """Return what the rule compares with, and its unit; None where there is no one figure, or none is known yet."""
    unit = usecase.measures[rule.measure].unit
    match rule:
        case kinds.Silence():
            return rule.after_s, "s"
        case kinds.State() | kinds.Band():
            return None, None
        case kinds.Share():
            return rule.limit, "%"
        case kinds.Rate():
            return rule.limit, f"{unit}/{_PER[rule.per]}"
        case kinds.Forecast():
            return rule.limit, unit
        case _:
            return _figure(rule, view), unit


_PER = {"minute": "min", "hour": "h", "day": "d"}


def _figure(rule: kinds.Rule, view: View | None) -> float | None:
    match rule:
        case kinds.Balance():
            return rule.low if rule.high is None else rule.high
        case kinds.Change():
            return next((each for each in (rule.rises, rule.falls, rule.times) if each is not None), None)
        case kinds.Flatline():
            return rule.range
        case kinds.EveryPeriod():
            return rule.at_least
        case _:
            return next(iter(bounds_of(rule, view)), None)


def bounds_of(rule: kinds.Rule, view: View | None) -> list[float]:
    """Return the limits of the rule's measure: the numbers, and of those that follow a measure what is known now."""
    if view is not None and rule.id in view.limits:
        return [each for each in view.limits[rule.id] if each is not None]
    return [each for each in kinds.limits(rule) if not isinstance(each, kinds.Moving)]


def _mask(rule: kinds.Rule, view: View | None) -> Json | None:
    """Return what suspends the rule now: since when, until when (null: while it lasts), and in words."""
    if view is None:
        return None
    masked, closed = view.masked.get(rule.id), view.closed.get(rule.id)
    if rule.mask is not None and masked is not None:
        lasting = rule.mask.lasting_s
        until = None if lasting is None else rfc3339(masked + int(lasting * NS))
        return {"since": rfc3339(masked), "until": until, "say": rule.mask.say.as_dict}
    if closed is not None:
        return {"since": rfc3339(closed), "until": None, "say": hours_in_words(rule.during).as_dict}
    return None


def _card(card: Card) -> Json:
    plain: Json = msgspec.to_builtins(card)
    return plain
