"""What the sentences of use cases have in common: how they begin, values in words, ages, a device that is silent."""

from collections.abc import Callable, Iterable, Mapping

from hub.model import NS, AlarmState, Quality
from hub.rules.case import Seen, View
from hub.rules.wording import Plain, Sentence, Text, duration, fill, forecast, forecast_s, quantity
from hub.usecases.schema import UseCase

Say = Mapping[str, Text]
"""Code → words, with {measure} placeholders."""


def once_heard(
    say: Say,
    usecase: UseCase,
    view: View | None,
    then: Callable[[UseCase, View], Sentence],
    *,
    heard: str,
    sources: Iterable[str] = (),
    silent_as: str = "silent",
) -> Sentence:
    """Return what `then` says, once there is something to speak of: before it "waiting", after a silence how long.

    Args:
        say: has the sentences "waiting" and `silent_as`.
        usecase: whose measures.
        view: what is known; None: nothing was heard.
        then: the sentence of numbers that are there and believed.
        heard: the measure without which nothing can be said.
        sources: measures whose silence takes the word from all others; `heard` itself unless told.
        silent_as: that sentence, with {since}.
    """
    if view is None or view.measures[heard].good is None:
        return told(say, "waiting", usecase)
    lost = next((seen for name in sources or (heard,) if (seen := silent(view, name)) is not None), None)
    if lost is not None:
        return told(say, silent_as, usecase, view, {"since": age(view, lost.good_time)})
    return then(usecase, view)


def active(view: View, rules: Iterable[str]) -> str | None:
    """Return the first of these rules whose alarm is active; None: none is."""
    return next((rule for rule in rules if view.active(rule)), None)


def rings(view: View) -> tuple[Plain, Text] | None:
    """Return the alarm that began last of those that are neither over nor set aside: its rule, its words; None: none.

    Whoever says that there is nothing to do asks this first.
    """
    standing = [each for each in view.alarms if each.returned_at is None and each.state is not AlarmState.SHELVED]
    alarm = max(standing, key=lambda each: each.raised_at, default=None)
    return None if alarm is None else (alarm.rule, Text(alarm.texts["fr"], alarm.texts["en"]))


def told(
    say: Say,
    code: str,
    usecase: UseCase,
    view: View | None = None,
    parts: Mapping[str, tuple[Plain, Text]] | None = None,
) -> Sentence:
    """Return the sentence `code` with its values.

    Args:
        say: of all codes.
        code: which.
        usecase: whose measures have units and decimals.
        view: what is known; every measure with a usable value fills its placeholder.
        parts: further placeholders: name → (value, its words).
    """
    params: dict[str, Plain] = {}
    words: dict[str, Text] = {"place": usecase.place}
    for name, measure in usecase.measures.items():
        good = None if view is None or name not in view.measures else view.measures[name].good
        if good is not None and f"{{{name}}}" in say[code].fr:
            params[name], words[name] = good, quantity(good, measure.unit, measure.decimals)
    for name, (value, text) in (parts or {}).items():
        params[name], words[name] = value, text
    return Sentence(code, params, fill(say[code], words))


def age(view: View, time: int | None) -> tuple[Plain, Text]:
    """Return how long ago [s] a time [ns] is, and in words; None: since the run's first reading."""
    seconds = max(view.now - (view.start if time is None else time), 0) / NS
    return seconds, duration(seconds)


def coming(eta_s: float) -> tuple[Plain, Text]:
    """Return in how long [s] something will come, rounded down as forecasts are, and in words."""
    return forecast_s(eta_s), forecast(eta_s)


def silent(view: View, name: str) -> Seen | None:
    """Return a measure that is no longer believed, or whose device says that it is broken; None: it is well."""
    seen = view.measures[name]
    well = seen.believed and seen.quality is not Quality.BAD
    return None if well or seen.good_time is None else seen
