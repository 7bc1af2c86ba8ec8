"""What does not hold together in the measures: roles, units, functions and their arguments, circles."""

from collections.abc import Iterator, Mapping

from hub.rules.clauses import Condition, Hours, minutes
from hub.rules.computing import ANY, Computation
from hub.rules.measures import Measure
from hub.rules.shown import between, shown
from hub.usecases.schema import UseCase

_ALLOWED = {
    "plain": set(),
    "window": {"window_s"},
    "period": {"window_s", "during", "when", "period", "starts"},
    "learned": {"during", "when", "same", "starts"},
    "event": set(),
}
_HEARD = {
    "role": "",
    "channel": "",
    "channels": (),
    "optional": False,
    "scale": 1.0,
    "channel_unit": None,
    "inverted": False,
    "silence_s": None,
    "silence_sim_s": None,
}
_MADE: dict[str, object] = {
    "of": {},
    "parameters": {},
    "window_s": None,
    "period": None,
    "starts": "00:00",
    "during": (),
    "when": (),
    "same": None,
}


def measure_problems(usecase: UseCase) -> Iterator[str]:
    """Yield what is wrong in the measures, each with its place."""
    for name, measure in usecase.measures.items():
        found = _computed(usecase, measure) if measure.computed else _heard(usecase, measure)
        yield from (f"measures.{name}.{wrong}" for wrong in found)
    yield from _circles(usecase.measures)


def _heard(usecase: UseCase, measure: Measure) -> Iterator[str]:
    if measure.role not in usecase.roles:
        yield f"role: there is no role {measure.role!r}; known: {', '.join(usecase.roles)}"
    if not measure.channel:
        yield "channel: say which channel of the role's device it is, or a function that computes it"
    for key in ("unit", "channel_unit"):
        word = getattr(measure, key)
        if word is not None and shown(word) is None:
            yield f"{key}: {word!r} is no unit the hub knows"
    if measure.silence_sim_s is not None and measure.silence_s is None:
        yield "silence_sim_s: give silence_s too, for real devices"
    for key, unset in _MADE.items():
        if getattr(measure, key) != unset:
            yield f"{key}: only a computed measure has it; name its function"


def _computed(usecase: UseCase, measure: Measure) -> Iterator[str]:
    for key, unset in _HEARD.items():
        if getattr(measure, key) != unset:
            yield f"{key}: only a measure heard from a device has it; leave it out beside a function"
    made = usecase.computation(measure)
    if made is None:
        yield f"function: there is no {measure.function!r}, neither in the hub nor in rules.py's FUNCTIONS"
        return
    yield from _arguments(usecase, measure, made)
    yield from _options(measure, made)
    yield from hours_problems("during", measure.during)
    for index, condition in enumerate(measure.when):
        yield from (f"when[{index}]: {wrong}" for wrong in condition_problems(usecase, condition))


def _arguments(usecase: UseCase, measure: Measure, made: Computation) -> Iterator[str]:
    if set(measure.of) != set(made.takes):
        yield f"of: {made.name} takes {', '.join(made.takes)}, not {', '.join(measure.of) or 'nothing'}"
        return
    for argument, name in measure.of.items():
        if name not in usecase.measures:
            yield f"of.{argument}: there is no measure {name!r}; known: {', '.join(usecase.measures)}"
            continue
        given, wanted = usecase.measures[name].unit, made.takes[argument]
        if wanted != ANY and between(given, wanted) is None:
            yield f"of.{argument}: {made.name} takes {wanted or 'a number'}, and {name} is in {given or 'no unit'}"
    if made.gives != ANY and between(made.gives, measure.unit) is None:
        yield f"unit: {made.name} gives {made.gives or 'a number'}, which does not convert to {measure.unit!r}"
    for name in sorted(measure.parameters.keys() - made.parameters.keys()):
        yield f"parameters: {made.name} has no {name!r}; known: {', '.join(made.parameters) or 'none'}"
    for name in sorted(made.required - measure.parameters.keys()):
        yield f"parameters: {made.name} needs {name!r}"


def _options(measure: Measure, made: Computation) -> Iterator[str]:
    for key in sorted(_MADE.keys() - {"of", "parameters"} - _ALLOWED[made.nature]):
        if getattr(measure, key) != _MADE[key]:
            yield f"{key}: {made.name} is a {made.nature} function and has none"
    if made.nature == "window" and not measure.window_s:
        yield f"window_s: say how many seconds {made.name} looks back"
    if measure.window_s is not None and measure.window_s <= 0:
        yield f"window_s: {measure.window_s:g} is not above zero"
    if measure.period is not None and measure.window_s is not None:
        yield "period: give either window_s or period"
    if measure.period is None and measure.window_s is not None and (measure.during or measure.when):
        yield "during, when: a window counts everything; give a period"
    try:
        minutes(measure.starts)
    except ValueError as error:
        yield f"starts: {error}"


def _circles(measures: Mapping[str, Measure]) -> Iterator[str]:
    done: set[str] = set()
    waiting = {name: {each for each in measure.sources if each in measures} for name, measure in measures.items()}
    while ready := [name for name, sources in waiting.items() if sources <= done]:
        done.update(ready)
        for name in ready:
            del waiting[name]
    if waiting:
        yield f"measures: {', '.join(sorted(waiting))} are computed from one another, in a circle"


def condition_problems(usecase: UseCase, condition: Condition) -> Iterator[str]:
    """Yield what is wrong in a condition."""
    for name in condition.measures:
        if name not in usecase.measures:
            yield f"there is no measure {name!r}; known: {', '.join(usecase.measures)}"
    if condition.named != 1:
        yield f"conditions ({condition.measure}): give one of above, below, at_least, at_most, equals"
    if condition.than in usecase.measures and condition.measure in usecase.measures:
        yield from unit_problems(usecase, condition.measure, condition.than or "")


def unit_problems(usecase: UseCase, one: str, other: str) -> Iterator[str]:
    """Yield that two measures which are compared are not in the same unit."""
    first, second = usecase.measures[one].unit, usecase.measures[other].unit
    if first != second:
        yield f"{one} is in {first or 'no unit'} and {other} in {second or 'no unit'}: they cannot be compared"


def hours_problems(key: str, hours: tuple[Hours, ...]) -> Iterator[str]:
    """Yield what is wrong in a list of hours."""
    for index, each in enumerate(hours):
        for name in ("start", "end"):
            try:
                minutes(getattr(each, name))
            except ValueError as error:
                yield f"{key}[{index}].{name}: {error}"
        yield from (f"{key}[{index}].months: {month} is no month" for month in each.months if not 1 <= month <= 12)  # noqa: PLR2004 — months of the year
