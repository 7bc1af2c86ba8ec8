"""Which family a message looks like, by what the drivers themselves say: their topics and the keys of their examples.

Nothing is listed here: a word that few drivers use weighs much, one that many use hardly anything. Pure.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from hub.driver import Driver

LOOKED_AT = 4096
"""Bytes of a payload that are looked at."""
MOST_KEYS = 200
ROOT, WORD = 2.0, 1.0
"""What a topic's root weighs, and any other level or key, where one driver alone uses it."""
ENOUGH = 2.0
"""Less is chance."""
GENERIC = 2
_KEY = re.compile(r"""["']([^"'\\\n]{1,40})["']\s*:""")


def keys(payload: bytes) -> set[str]:
    """Return the keys of what is JSON, or was meant to be: half of it, or in single quotes."""
    text = payload[:LOOKED_AT].decode(errors="ignore")
    return {match[1] for _, match in zip(range(MOST_KEYS), _KEY.finditer(text), strict=False)}


class Nearest:
    """Knows the words of every family that has a convention of its own."""

    def __init__(self, drivers: Iterable[Driver]) -> None:
        """Learn from the drivers' filters and examples; what takes any topic teaches nothing."""
        self._words = {each.model: _words(each) for each in drivers if each.rank < GENERIC}
        self._users = Counter(word for words in self._words.values() for word in words)

    def of(self, topic: str, payload: bytes) -> str | None:
        """Return the model that a message looks most like; None where it looks like nothing."""
        heard = {f"/{level}" for level in topic.split("/")} | keys(payload)
        scores = {
            model: sum(words[word] / self._users[word] for word in heard & words.keys())
            for model, words in self._words.items()
        }
        best = max(scores, key=lambda model: (scores[model], model), default=None)
        return best if best is not None and scores[best] >= ENOUGH else None


def _words(driver: Driver) -> Mapping[str, float]:
    """Return word → weight: `/level` of its filters, keys of its examples."""
    heard = [example.payload for example in driver.examples if example.refusal is None]
    heard += [payload for example in driver.examples for _, payload in example.before]
    found = {key: WORD for payload in heard for key in keys(payload)}
    for pattern in driver.topics:
        root, *below = pattern.split("/")
        found.update({f"/{level}": WORD for level in below if f"/{level}" not in found})
        found[f"/{root}"] = ROOT
    return {word: weight for word, weight in found.items() if word not in {"/+", "/#", "/"}}
