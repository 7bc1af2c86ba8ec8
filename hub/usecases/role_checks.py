"""Whether what a role says its button does can come of any button."""

from collections.abc import Iterator
from difflib import get_close_matches

from hub.rules.pressing import GESTURES, gesture

LONGEST = 64
"""Characters of a word that a device may say."""


def gesture_problems(words: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with the words of a role's `acknowledges`, each with its place in the list."""
    known = ", ".join(GESTURES)
    for index, word in enumerate(words):
        if not word or word != word.strip() or not word.isprintable() or len(word) > LONGEST:
            yield f"[{index}]: {word[:LONGEST]!r} is nothing that a device says; a gesture is one of {known}"
        elif word.lower() in {each.lower() for each in words[:index]}:
            yield f"[{index}]: {word!r} is there twice"
        elif gesture(word) == word.lower() and word.lower() not in GESTURES:
            near = get_close_matches(word.lower(), GESTURES, 1, 0.7)
            if near:
                yield f"[{index}]: {word!r} is no gesture; {near[0]!r} is meant? Known: {known}"
