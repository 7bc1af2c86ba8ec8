"""Buttons: which press of one acknowledges alarms, whatever family it speaks (use_cases.md §4, `stop_button`).

Families have their own words for the same gesture (wire_formats.md §4, §5, §6, §8): `single` of Zigbee2MQTT is
`single_push` of a Shelly, `S` of an older one, `SINGLE` of Tasmota and `press` of BTHome.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from hub.rules.wording import Text

GESTURES: dict[str, tuple[str, ...]] = {
    "single": ("single_push", "single_press", "press", "short_press", "button_short_press", "click", "s"),
    "double": ("double_push", "double_press", "button_double_press", "double_click", "ss"),
    "triple": ("triple_push", "triple_press", "button_triple_press", "triple_click", "sss"),
    "long": ("long_push", "long_press", "button_long_press", "hold", "l"),
}
"""A gesture in the hub's word → the words that families have for it."""
_MEANT = {word: gesture for gesture, words in GESTURES.items() for word in (gesture, *words)}
_ONE_OF_SEVERAL = re.compile(r"(?:button_?)?(?:\d+|left|right|both)_(\w+)|(\w+)_(?:\d+|left|right|both)")
"""A device with several buttons says which one beside the gesture: `1_single`, `single_left`."""


class Pressed(Struct, frozen=True):
    """What a button has just said.

    Attributes:
        device: its uid.
        run: the timeline it is on.
        value: the event in its family's word.
        received: when it arrived [ns, wall].
    """

    device: str
    run: str
    value: str
    received: int


class Answer(Struct, frozen=True):
    """What a press is meant for: the alarms of a use case on a run; `comment`: what stands beside them then."""

    usecase: str
    run: str
    comment: Text


def gesture(word: str) -> str:
    """Return what a family's word for a press means, in the hub's word; one that no family has is itself."""
    word = word.strip().lower()
    several = _ONE_OF_SEVERAL.fullmatch(word)
    alone = word if word in _MEANT or several is None else several[1] or several[2]
    return _MEANT.get(alone, word)


def is_meant(word: str, wanted: Iterable[str]) -> bool:
    """Tell whether a device's word is one of those wanted: a gesture, or exactly that word, capitals or not."""
    return bool({word.strip().lower(), gesture(word)} & {each.lower() for each in wanted})


def comment(role: Text) -> Text:
    """Return what stands beside an alarm that the device in a role acknowledged."""
    return Text(f"Acquittée sur place : {role.fr}.", f"Acknowledged on the spot: {role.en}.")
