"""Whether all that people read is there in both languages, and says the same in both."""

import re
from collections.abc import Iterator

import msgspec

from hub.rules.wording import Text, placeholders
from hub.usecases.schema import Document, UseCase

_PLACE = re.compile(r"[{}]")


def text_problems(usecase: UseCase) -> Iterator[str]:
    """Yield the texts that are empty in a language, or leave open in one what they do not in the other."""
    for name in Document.__struct_fields__:
        yield from _texts(getattr(usecase, name), name)
    yield from source_problems(usecase)
    said = usecase.limits_to_say
    if not said.fr:
        yield "limits_to_say: say at least one thing that it does not do"
    if len(said.fr) != len(said.en):
        yield f"limits_to_say: {len(said.fr)} sentences in French and {len(said.en)} in English; translate the rest"


def source_problems(usecase: UseCase) -> Iterator[str]:
    """Yield the hypotheses of which nobody says where their default comes from, and of which year it is."""
    for card in usecase.money:
        for each in card.hypotheses:
            if each.source is None or each.year is None:
                yield f"money ({card.id}): hypothesis {each.id}: say the source and the year of {each.value:g}"


def _texts(value: object, place: str) -> Iterator[str]:
    if isinstance(value, Text):
        yield from (f"{place}{wrong}" for wrong in _text(value))
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name), f"{place}.{name}")
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, f"{place}.{name}")
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _texts(each, f"{place}[{index}]")


def _text(text: Text) -> Iterator[str]:
    for lang in ("fr", "en"):
        said = getattr(text, lang)
        if not said.strip():
            yield f".{lang}: is empty; say it in both languages"
        elif _PLACE.search(_filled(said)):
            yield f".{lang}: has a brace that closes nothing; a place to fill in is {{name}}"
            return
    for lang, other in (("fr", "en"), ("en", "fr")):
        for name in sorted(placeholders(Text(getattr(text, lang), "")) - placeholders(Text("", getattr(text, other)))):
            yield f".{other}: does not say {{{name}}}, which the other language does"


def _filled(said: str) -> str:
    return re.sub(r"\{\w+\}", "", said)
