"""What nobody understood, as a list that people can read: alike messages together, with how many there were. Pure."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from hub.model import Heard
from hub.refusals.explain import Explainer, Explanation

ANY = "+"
KEPT = 0.5
"""Share of its levels that a topic pattern keeps in words; a pattern of wildcards alone says nothing."""
_ID = re.compile(r"(?=.*\d)[0-9a-f]{4,}|\d+|(?=.*\d)\w*[_-][0-9a-f]{4,}", re.IGNORECASE)
"""A level that names one device among its like."""


class Group(Struct):
    """Messages that were refused for one reason, by one family, on alike topics.

    Attributes:
        topic: pattern of their topics, `+` where they differ.
        topics: how many topics.
        driver: model that refused them.
        explanation: of the newest.
        count: how many messages.
        newest: the newest of them.
    """

    topic: str
    topics: int
    driver: str | None
    explanation: Explanation
    count: int
    newest: Heard


def groups(heard: Iterable[Heard], explainer: Explainer) -> list[Group]:
    """Return the groups of messages that are given newest first; a group stands where its newest does."""
    found: list[Group] = []
    alike: dict[tuple[object, ...], list[Group]] = {}
    for each in heard:
        refusal = (each.topic, each.payload, each.reason or "", each.driver)
        shape, nearest, remedy = explainer.kind(*refusal)
        key = (each.driver, nearest, shape, (remedy or {}).get("en"), each.topic.count("/"))
        group, pattern = _joined(alike.setdefault(key, []), each.topic)
        if group is None:
            group = Group(each.topic, 0, each.driver, explainer.explain(*refusal), 0, each)
            found.append(group)
            alike[key].append(group)
        group.topic = pattern
        group.topics += 1
        group.count += each.count
    return found


def matching(found: Sequence[Group], wanted: str, titles: Iterable[tuple[str, str]] = ()) -> list[Group]:
    """Return the groups in which every wanted word stands: topic, reason, remedy, family or payload, in any language.

    Args:
        found: the groups.
        wanted: words, case apart.
        titles: model → what people call it, once a language.
    """
    words = wanted.casefold().split()
    names: dict[str, list[str]] = {}
    for model, title in titles:
        names.setdefault(model, []).append(title)
    return [each for each in found if all(word in _text(each, names) for word in words)]


def _text(group: Group, names: dict[str, list[str]]) -> str:
    told = group.explanation
    said = [*told.reasons.values(), *(told.remedy or {}).values(), *(told.expected or {}).values()]
    model = group.driver or "", told.nearest or ""
    called = [title for each in model for title in names.get(each, ())]
    payload = group.newest.payload.decode(errors="ignore")
    return " ".join([group.topic, group.newest.topic, *model, *called, *said, payload]).casefold()


def _joined(among: Sequence[Group], topic: str) -> tuple[Group | None, str]:
    """Return the group that a topic belongs to, and the pattern of both; None and the topic where it is new."""
    levels = topic.split("/")
    for group in among:
        before = group.topic.split("/")
        pattern = [one if one == level else ANY for one, level in zip(before, levels, strict=True)]
        words = [level for level in pattern if level != ANY]
        if words and len(words) >= KEPT * len(levels):
            return group, "/".join(pattern)
        if all(one == level or (_is_id(one) and _is_id(level)) for one, level in zip(before, levels, strict=True)):
            return group, "/".join(pattern)
    return None, topic


def _is_id(level: str) -> bool:
    return level == ANY or _ID.fullmatch(level) is not None
