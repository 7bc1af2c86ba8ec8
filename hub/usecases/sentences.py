"""What the sentences of use cases have in common: values in words, ages, a device that is silent."""

from collections.abc import Mapping

from hub.model import NS
from hub.rules.case import Seen, View
from hub.rules.wording import Plain, Sentence, Text, duration, fill, quantity
from hub.usecases.schema import UseCase


def told(
    say: Mapping[str, Text],
    code: str,
    usecase: UseCase,
    view: View | None = None,
    parts: Mapping[str, tuple[Plain, Text]] | None = None,
) -> Sentence:
    """Return the sentence `code` with its values.

    Args:
        say: code → words, with {measure} placeholders.
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


def silent(view: View, name: str) -> Seen | None:
    """Return a measure that is no longer believed, or None where it is, or was never heard."""
    seen = view.measures[name]
    return None if seen.believed or seen.good_time is None else seen
