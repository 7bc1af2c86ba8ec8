"""What does not hold together in a use case, each finding with its table and key."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from hub.rules import kinds
from hub.rules.wording import placeholders
from hub.usecases.measure_checks import condition_problems, hours_problems, measure_problems
from hub.usecases.money import worth
from hub.usecases.role_checks import gesture_problems
from hub.usecases.rule_checks import rule_problems
from hub.usecases.schema import Card, Hypothesis, UseCase

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_QUIET_WORDS = {"measure", "age", "value", "since", "place"}


def problems(usecase: UseCase) -> Iterator[str]:
    """Yield what does not hold together, each with its table and key."""
    if not NAME.fullmatch(usecase.name):
        yield f"the folder's name {usecase.name!r} is no snake_case name"
    for name in [*usecase.roles, *usecase.measures]:
        if not NAME.fullmatch(name):
            yield f"{'roles' if name in usecase.roles else 'measures'}.{name}: is no snake_case name"
    for name, role in usecase.roles.items():
        yield from (f"roles.{name}.acknowledges{wrong}" for wrong in gesture_problems(role.acknowledges))
    yield from measure_problems(usecase)
    for index, rule in enumerate(usecase.rules):
        if not NAME.fullmatch(rule.id):
            yield f"rules[{index}] ({rule.id}): id is no snake_case name"
        yield from (f"rules[{index}] ({rule.id}): {wrong}" for wrong in rule_problems(usecase, rule))
    counted = Counter(rule.id for rule in usecase.all_rules)
    yield from (f"rules: the id {name!r} is there twice" for name, times in counted.items() if times > 1)
    yield from _silence_problems(usecase)
    yield from _panel_problems(usecase)
    for card in usecase.money:
        yield from (f"money ({card.id}): {wrong}" for wrong in (*_card_problems(card), *_measured(usecase, card)))
    yield from _shared(usecase)


def spoken_problems(usecase: UseCase) -> Iterator[str]:
    """Yield what is wrong with the main sentence while nothing is heard yet; the rest is given first."""
    if usecase.sentence is None:
        return
    try:
        said = usecase.sentence(usecase, None)
    except Exception as error:  # noqa: BLE001 — whatever a folder's own code does, its place is told
        yield f"rules.py: sentence fails while nothing is heard: {type(error).__name__}: {error}"
        return
    for lang, words in said.text.as_dict.items():
        if not words.strip() or "{" in words:
            yield f"rules.py: sentence says {words!r} in {lang} while nothing is heard; give it words for that"


def unknown(wanted: Iterable[str], known: Iterable[str], what: str) -> Iterator[str]:
    """Yield each wanted name that is not known, with those that are."""
    there = list(known)
    yield from (f"there is no {what} {name!r}; known: {', '.join(there)}" for name in wanted if name not in there)


def _silence_problems(usecase: UseCase) -> Iterator[str]:
    words = usecase.silence
    for key in ("say", "never", "title"):
        for name in sorted(placeholders(getattr(words, key)) - _QUIET_WORDS - usecase.measures.keys()):
            yield f"silence.{key}: {{{name}}} is no measure and none of {', '.join(sorted(_QUIET_WORDS))}"


def _panel_problems(usecase: UseCase) -> Iterator[str]:
    drawn = [rule.id for rule in usecase.rules if kinds.limits(rule)]
    for index, panel in enumerate(usecase.panels):
        yield from (f"panels[{index}]: {wrong}" for wrong in unknown(panel.series, usecase.measures, "measure"))
        yield from (f"panels[{index}]: {wrong}" for wrong in unknown(panel.limits, drawn, "rule with a limit"))


def _measured(usecase: UseCase, card: Card) -> Iterator[str]:
    for each in card.hypotheses:
        found, place = each.measured, f"hypothesis {each.id}: measured"
        if found is None:
            continue
        yield from (f"{place}: {wrong}" for wrong in unknown([found.measure], usecase.measures, "measure"))
        if (found.above is not None) != found.take.endswith("_above"):
            yield f"{place}: above goes with duration_above, share_above and count_above; give it there and only there"
        for index, condition in enumerate(found.when):
            yield from (f"{place}.when[{index}]: {wrong}" for wrong in condition_problems(usecase, condition))
        yield from (f"{place}.{wrong}" for wrong in hours_problems("during", found.during))


def _shared(usecase: UseCase) -> Iterator[str]:
    """Yield the hypotheses that have one id and are not the same: people change it once, for all cards."""
    first: dict[str, Hypothesis] = {}
    for card in usecase.money:
        for each in card.hypotheses:
            other = first.setdefault(each.id, each)
            if (other.value, other.low, other.high, other.step) != (each.value, each.low, each.high, each.step):
                yield f"money ({card.id}): hypothesis {each.id}: is another than above; give it another id"


def _card_problems(card: Card) -> Iterator[str]:
    try:
        worth(card)
    except (ValueError, ZeroDivisionError) as error:
        yield f"formula: {error}"
    for each in card.hypotheses:
        if not each.low <= each.value <= each.high:
            yield f"hypothesis {each.id}: {each.value:g} is not within {each.low:g} … {each.high:g}"
