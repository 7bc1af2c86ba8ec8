"""A rule in words, from what it says of itself: for people who ask "why?"."""

from collections.abc import Callable, Iterable, Sequence

from hub.rules import kinds
from hub.rules.clauses import Condition, Day, Hours, Mask, Moving
from hub.rules.kinds import Book, Measure, Rule
from hub.rules.wording import Text, duration, limit, number

_DAYS: dict[Day, Text] = {
    "mon": Text("lundi", "Monday"),
    "tue": Text("mardi", "Tuesday"),
    "wed": Text("mercredi", "Wednesday"),
    "thu": Text("jeudi", "Thursday"),
    "fri": Text("vendredi", "Friday"),
    "sat": Text("samedi", "Saturday"),
    "sun": Text("dimanche", "Sunday"),
}
_MONTHS = [
    Text(*pair)
    for pair in (
        ("janvier", "January"),
        ("février", "February"),
        ("mars", "March"),
        ("avril", "April"),
        ("mai", "May"),
        ("juin", "June"),
        ("juillet", "July"),
        ("août", "August"),
        ("septembre", "September"),
        ("octobre", "October"),
        ("novembre", "November"),
        ("décembre", "December"),
    )
]
_PER = {
    "minute": Text("par minute", "a minute"),
    "hour": Text("par heure", "an hour"),
    "day": Text("par jour", "a day"),
}
_ON_OFF: dict[float, Text] = {0: Text("non", "no"), 1: Text("oui", "yes")}
"""A floor that is wet, a door that is open: what has no unit and is or is not."""
_EACH = {"hour": Text("heures", "hours"), "day": Text("jours", "days"), None: Text("périodes", "periods")}


def rule_in_words(book: Book, rule: Rule) -> Text:
    """Return the rule as a sentence: what is compared with what, for how long, when it does not apply, when it ends."""
    measure = book.measures[rule.measure]
    parts = [_condition(book, rule, measure), *[_compared(book, each) for each in rule.when]]
    said = _joined(parts, Text(" et ", " and "))
    said = _said("{0}{1}{2}", said, _delays(rule), _masks(rule))
    return said.each(lambda words: f"{words[0].upper()}{words[1:]}.")


def hours_in_words(hours: Sequence[Hours]) -> Text:
    """Return when a rule is judged: "Jugé seulement de 22:00 à 05:00 le dimanche"."""
    said = _joined([_hours(each) for each in hours], Text(" ou ", " or "))
    return Text(f"Jugé seulement {said.fr}.", f"Judged only {said.en}.")


def _said(pattern: str, *parts: Text) -> Text:
    return Text(pattern.format(*(each.fr for each in parts)), pattern.format(*(each.en for each in parts)))


def _joined(parts: Iterable[Text], between: Text) -> Text:
    parts = list(parts)
    return Text(between.fr.join(each.fr for each in parts), between.en.join(each.en for each in parts))


def _condition(book: Book, rule: Rule, measure: Measure) -> Text:
    title = Text(f"« {measure.title.fr} »", f"“{measure.title.en}”")
    describe = _KINDS[type(rule)]
    said = describe(book, rule, measure)
    if isinstance(rule, kinds.State):
        return said
    return Text(f"{title.fr} {said.fr}", f"{title.en}{'' if said.en[0] == ':' else ' '}{said.en}")


def _bound(book: Book, bound: float | Moving, measure: Measure) -> Text:
    if not isinstance(bound, Moving):
        return limit(bound, measure.unit)
    title = book.measures[bound.measure].title
    fr, en = f"« {title.fr} »", f"“{title.en}”"
    if bound.factor != 1:
        factor = number(bound.factor, 2)
        fr, en = f"{factor.fr} × {fr}", f"{factor.en} × {en}"
    if bound.offset:
        offset = limit(abs(bound.offset), "K" if measure.unit == "°C" else measure.unit)
        sign = "+" if bound.offset > 0 else "−"
        fr, en = f"{fr} {sign} {offset.fr}", f"{en} {sign} {offset.en}"
    return Text(fr, en)


def _level(book: Book, rule: kinds.Level, measure: Measure) -> Text:
    bound = _bound(book, rule.limit, measure)
    if isinstance(rule, kinds.LimitLow):
        return Text(f"sous {bound.fr}", f"below {bound.en}")
    return Text(f"au-dessus de {bound.fr}", f"above {bound.en}")


def _band(book: Book, rule: kinds.Band, measure: Measure) -> Text:
    low, high = _bound(book, rule.low, measure), _bound(book, rule.high, measure)
    return Text(f"hors de {low.fr} à {high.fr}", f"outside of {low.en} to {high.en}")


def _rate(_: Book, rule: kinds.Rate, measure: Measure) -> Text:
    slope, over, per = limit(rule.limit, _difference(measure)), duration(rule.window_s), _PER[rule.per]
    fr, en = ("monte", "rising") if rule.direction == "up" else ("baisse", "falling")
    return Text(
        f"{fr} de plus de {slope.fr} {per.fr}, sur {over.fr}", f"{en} by more than {slope.en} {per.en}, over {over.en}"
    )


def _difference(measure: Measure) -> str | None:
    return "K" if measure.unit == "°C" else measure.unit


def _change(_: Book, rule: kinds.Change, measure: Measure) -> Text:
    over = duration(rule.window_s)
    if rule.times is not None:
        times = number(rule.times, 1)
        return Text(f"multiplié par {times.fr} en moins de {over.fr}", f"{times.en} times as much within {over.en}")
    step = limit(rule.rises or rule.falls or 0.0, _difference(measure))
    fr, en = ("monté", "risen") if rule.rises is not None else ("tombé", "fallen")
    return Text(f"{fr} de {step.fr} ou plus en moins de {over.fr}", f"{en} by {step.en} or more within {over.en}")


def _share(_: Book, rule: kinds.Share, measure: Measure) -> Text:
    above, share, over = limit(rule.above, measure.unit), limit(rule.limit, "%"), duration(rule.window_s)
    return Text(
        f"au-dessus de {above.fr} pendant plus de {share.fr} des dernières {over.fr}",
        f"above {above.en} for more than {share.en} of the last {over.en}",
    )


def _forecast(_: Book, rule: kinds.Forecast, measure: Measure) -> Text:
    bound, within = limit(rule.limit, measure.unit), duration(rule.within_s)
    return Text(f"atteindra {bound.fr} dans moins de {within.fr}", f"will reach {bound.en} within {within.en}")


def _state(book: Book, rule: kinds.State, measure: Measure) -> Text:  # noqa: ARG001 — a kind like the others
    every = [_compared(book, each) for each in rule.conditions]
    some = _joined([_compared(book, each) for each in rule.any], Text(" ou ", " or "))
    return _joined([*every, some] if rule.any else every, Text(" et ", " and "))


def _baseline(book: Book, rule: kinds.Baseline, measure: Measure) -> Text:
    bound = _bound(book, Moving(measure=rule.usual, factor=rule.factor, offset=rule.offset), measure)
    fr, en = ("au-dessus de", "above") if rule.side == "above" else ("sous", "below")
    return Text(f"{fr} {bound.fr}", f"{en} {bound.en}")


def _balance(book: Book, rule: kinds.Balance, measure: Measure) -> Text:
    other, unit = book.measures[rule.against].title, None if rule.compare == "ratio" else measure.unit
    sign = "/" if rule.compare == "ratio" else "−"
    bounds = []
    if rule.low is not None:
        low = limit(rule.low, unit)
        bounds.append(Text(f"sous {low.fr}", f"below {low.en}"))
    if rule.high is not None:
        high = limit(rule.high, unit)
        bounds.append(Text(f"au-dessus de {high.fr}", f"above {high.en}"))
    said = _joined(bounds, Text(" ou ", " or "))
    return Text(f"{sign} « {other.fr} » {said.fr}", f"{sign} “{other.en}” {said.en}")


def _flatline(_: Book, rule: kinds.Flatline, measure: Measure) -> Text:
    span, over = limit(rule.range, _difference(measure)), duration(rule.window_s)
    return Text(f"ne bouge pas de {span.fr} en {over.fr}", f"does not move by {span.en} in {over.en}")


def _every(_: Book, rule: kinds.EveryPeriod, measure: Measure) -> Text:
    least, each = limit(rule.at_least, measure.unit), _EACH[measure.period]
    return Text(
        f"au moins {least.fr} pendant chacune des {rule.periods} dernières {each.fr}"
        if measure.period == "hour"
        else f"au moins {least.fr} pendant chacun des {rule.periods} derniers {each.fr}",
        f"at least {least.en} in each of the last {rule.periods} {each.en}",
    )


def _silence(_: Book, rule: kinds.Silence, measure: Measure) -> Text:  # noqa: ARG001 — a kind like the others
    after = duration(rule.after_s)
    return Text(f": plus de nouvelles depuis {after.fr}", f": nothing heard for {after.en}")


_KINDS: dict[type, Callable[..., Text]] = {
    kinds.LimitHigh: _level,
    kinds.LimitLow: _level,
    kinds.Band: _band,
    kinds.Rate: _rate,
    kinds.Change: _change,
    kinds.Share: _share,
    kinds.Forecast: _forecast,
    kinds.State: _state,
    kinds.Baseline: _baseline,
    kinds.Balance: _balance,
    kinds.Flatline: _flatline,
    kinds.EveryPeriod: _every,
    kinds.Silence: _silence,
}


def _compared(book: Book, condition: Condition) -> Text:
    measure = book.measures[condition.measure]
    if condition.equals in _ON_OFF and condition.than is None and measure.unit is None:
        said = _ON_OFF[condition.equals]
        return Text(f"« {measure.title.fr} » : {said.fr}", f"“{measure.title.en}”: {said.en}")
    for words, bound in (
        (Text("au-dessus de", "above"), condition.above),
        (Text("sous", "below"), condition.below),
        (Text("au moins", "at least"), condition.at_least),
        (Text("au plus", "at most"), condition.at_most),
        (Text("=", "="), condition.equals),
    ):
        if bound is not None:
            moving = Moving(measure=condition.than, offset=bound) if condition.than is not None else bound
            said = _bound(book, moving, measure)
            return Text(f"« {measure.title.fr} » {words.fr} {said.fr}", f"“{measure.title.en}” {words.en} {said.en}")
    return measure.title


def _delays(rule: Rule) -> Text:
    said = Text("", "")
    if rule.on_delay_s:
        lasting = duration(rule.on_delay_s)
        said = Text(f", pendant {lasting.fr}", f", for {lasting.en}")
    if rule.confirm > 1:
        said = Text(
            f"{said.fr}, confirmé par {rule.confirm} relevés", f"{said.en}, confirmed by {rule.confirm} reports"
        )
    return said


def _masks(rule: Rule) -> Text:
    said = Text("", "")
    if rule.during:
        hours = hours_in_words(rule.during).each(lambda words: words[0].lower() + words[1:-1])
        said = Text(f" ; {hours.fr}", f"; {hours.en}")
    if rule.mask is not None:
        masked = _mask(rule.mask)
        said = Text(f"{said.fr} ; {masked.fr}", f"{said.en}; {masked.en}")
    return said


def _mask(mask: Mask) -> Text:
    return mask.say.each(lambda words: words[0].lower() + words[1:].rstrip("."))


def _hours(hours: Hours) -> Text:
    parts = []
    if (hours.start, hours.end) != ("00:00", "24:00"):
        parts.append(Text(f"de {hours.start} à {hours.end}", f"from {hours.start} to {hours.end}"))
    if hours.days:
        days = _joined([_DAYS[day] for day in hours.days], Text(", ", ", "))
        parts.append(Text(f"le {days.fr}", f"on {days.en}"))
    if hours.months:
        months = _joined([_MONTHS[month - 1] for month in hours.months], Text(", ", ", "))
        parts.append(Text(f"en {months.fr}", f"in {months.en}"))
    return _joined(parts, Text(" ", " ")) if parts else Text("toujours", "always")
