"""A use case as the API gives it: pure, from its document and what is known now (design.md §4)."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hub.model import NS, REAL, Quality, rfc3339
from hub.rules import kinds
from hub.rules.case import Seen, View
from hub.rules.casting import Taken
from hub.rules.explaining import hours_in_words
from hub.rules.making import roots
from hub.rules.measures import Measure, origin
from hub.rules.shown import between, shown
from hub.rules.wording import Sentence, Text, fill, limit, placeholders, quantity
from hub.usecases.schema import Card, Panel, UseCase

Json = dict[str, Any]


def summary(
    usecase: UseCase,
    run: str | None = None,
    state: str | None = None,
    *,
    roles: Iterable[Mapping[str, Any]] = (),
    off: bool = False,
) -> Json:
    """Return the use case as `GET /usecases` lists it.

    Args:
        usecase: the use case.
        run: the one it plays on.
        state: of that run.
        roles: as `cast_of` gives them: who plays.
        off: its alarms are suppressed.
    """
    words = {"title": usecase.title.as_dict, "who": usecase.who.as_dict}
    short = [{key: role[key] for key in ("name", "state", "device")} for role in roles]
    return {"name": usecase.name, **words, "run": run, "state": state, "off": off, "roles": short}


def main_sentence(usecase: UseCase, view: View | None) -> Sentence:
    """Return what the use case's numbers mean now; without words of its own, its large values one after the other.

    While a run's history is on its way, its first value is waited for.
    """
    view = None if view is not None and view.preparing else view
    if usecase.sentence is not None:
        return usecase.sentence(usecase, view)
    said = None if view is None else _as_written(usecase, view)
    if said is not None:
        return said
    told = [_told(usecase, view, name) for name, measure in usecase.measures.items() if measure.primary]
    joined = Text(", ".join(each.fr for each in told), ", ".join(each.en for each in told))
    return Sentence("values", {}, joined)


def _as_written(usecase: UseCase, view: View) -> Sentence | None:
    """Return the sentence that usecase.toml tells with the values of now; None: it tells none, or one is not known."""
    tells = usecase.tells
    values = {} if tells is None else {name: view.measures[name].good for name in sorted(placeholders(tells))}
    known = {name: value for name, value in values.items() if value is not None}
    if tells is None or len(known) < len(values):
        return None
    shown = {name: usecase.measures[name] for name in known}
    parts = {name: quantity(value, shown[name].unit, shown[name].decimals) for name, value in known.items()}
    return Sentence("tells", dict(known), fill(tells, parts))


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
    cast: Mapping[str, Taken] | None = None,
    twin: str | None = None,
    reason: Mapping[str, str] | None = None,
    off: bool = False,
    said: Mapping[str, Any] | None = None,
) -> Json:
    """Return the use case as `GET /usecases/{name}` gives it.

    Args:
        usecase: the use case.
        view: what the rules know on its run; None: nothing was heard.
        run: the run it plays on; the view's unless given.
        now: that run's time [ns]; the view's unless given.
        speed: simulated seconds a second.
        faults: as the scenario's runner states them: name, title, active.
        cast: role → the real device that plays.
        twin: the run on which the simulated devices of the other roles keep a real one company.
        reason: why it lives on the real timeline at ×1 (`reason`).
        off: its alarms are suppressed.
        said: the sentence that stands on the pages; None: what is true now.
    """
    cast = cast or {}
    players = playing(usecase, view, accompanied=twin is not None)
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
        "twin": twin,
        "fixed": reason,
        "off": off,
        "roles": cast_of(usecase, players, cast, view),
        "measures": [_measure(usecase, name, view, players, cast) for name in usecase.measures],
        "panels": [_panel(usecase, panel, view) for panel in usecase.panels],
        "rules": [_rule(usecase, rule, view) for rule in usecase.all_rules],
        "sentence": msgspec.to_builtins(main_sentence(usecase, view)) if said is None else said,
        "faults": list(faults),
        "money": [_card(card) for card in usecase.money],
        "materials": [msgspec.to_builtins(material) for material in usecase.materials],
        "limits_to_say": msgspec.to_builtins(usecase.limits_to_say),
        "guide": [msgspec.to_builtins(step) for step in usecase.guide],
    }


def playing(usecase: UseCase, view: View | None, *, accompanied: bool) -> dict[str, str]:
    """Return role → the device that was heard in it; `accompanied`: twins play the others, heard yet or not."""
    twins = {name: role.device for name, role in usecase.roles.items()} if accompanied else {}
    return twins | ({} if view is None else view.devices)


def computed(usecase: UseCase, view: View) -> Json:
    """Return the newest value of each computed measure, as pages hear it live: no channel gives it."""
    names = [name for name, measure in usecase.measures.items() if measure.computed]
    return {"run": view.run, "measures": {name: _newest(view.measures[name]) for name in names}}


def _newest(seen: Seen) -> Json:
    time = None if seen.time is None or seen.value is None else rfc3339(seen.time)
    quality = None if time is None else seen.quality.value
    return {"value": seen.value, "time": time, "quality": quality, "believed": seen.believed}


def cast_of(
    usecase: UseCase, players: Mapping[str, str], cast: Mapping[str, Taken], view: View | None = None
) -> list[Json]:
    """Return the roles: who plays each, by which channels, when it spoke, which of its measures are silent."""
    return [_role(usecase, name, players.get(name), cast.get(name), view) for name in usecase.roles]


def _role(usecase: UseCase, name: str, known: str | None, taken: Taken | None, view: View | None) -> Json:
    role = usecase.roles[name]
    device = known if taken is None else taken.device
    state = "real" if taken is not None else "missing" if known is None else "simulated"
    return {
        "name": name,
        "title": role.title.as_dict,
        "kind": role.kind.as_dict,
        "acknowledges": list(role.acknowledges),
        "state": state,
        "device": device,
        "channels": {} if taken is None else taken.channels,
        **_heard(usecase, name, view, taken),
    }


def _heard(usecase: UseCase, role: str, view: View | None, taken: Taken | None) -> Json:
    """Return when a role last spoke, the worst quality of what it said last, and which measures are silent."""
    own = [name for name, each in usecase.measures.items() if not each.computed and each.role == role]
    played = own if taken is None else [name for name in own if name in taken.channels]
    seen = {} if view is None else {name: view.measures[name] for name in played}
    times = [each.time for each in seen.values() if each.time is not None]
    qualities = {each.quality for each in seen.values() if each.time is not None}
    worst = next((each for each in (Quality.BAD, Quality.UNCERTAIN, Quality.GOOD) if each in qualities), None)
    silent = [name for name, each in seen.items() if each.good_time is not None and not each.believed]
    return {"time": rfc3339(max(times)) if times else None, "quality": worst, "silent": silent}


def reason(usecase: UseCase, playing: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return why a use case lives at ×1, from (role, name of the real device) of those that play."""
    fr = [f"« {name} » ({usecase.roles[role].title.fr})" for role, name in playing]
    en = [f"“{name}” ({usecase.roles[role].title.en})" for role, name in playing]
    many = len(fr) > 1
    return Text(
        f"Temps réel, ×1 : {', '.join(fr)} {'sont de vrais appareils' if many else 'est un vrai appareil'}.",
        f"Real time, ×1: {', '.join(en)} {'are real devices' if many else 'is a real device'}.",
    ).as_dict


def _measure(
    usecase: UseCase, name: str, view: View | None, players: Mapping[str, str], cast: Mapping[str, Taken]
) -> Json:
    measure = usecase.measures[name]
    seen = None if view is None else view.measures[name]
    role = origin(usecase.measures, name).role
    taken = cast.get(role)
    device = players.get(role)
    channel = measure.channel
    if taken is not None and not measure.computed:
        channel = taken.channels.get(name, "")
        device = taken.device if channel else None
    factor, offset = (measure.scale, 0.0) if taken is not None and name in taken.assumed else _change(measure)
    return {
        "name": name,
        "title": measure.title.as_dict,
        "role": role,
        "device": device,
        "computed": measure.computed,
        "factor": factor,
        "offset": offset,
        "channel": channel,
        "unit": measure.unit,
        "decimals": measure.decimals,
        "silence_s": _silence(usecase, name, view),
        "primary": measure.primary,
        "inverted": measure.inverted,
        **_newest(Seen() if seen is None else seen),
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
