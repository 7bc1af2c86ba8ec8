"""What decoding costs, counted instead of timed: the same on every machine, whatever else it does."""

import sys
from statistics import median
from types import FrameType

import pytest

from hub.bench.decode import TELEGRAM
from hub.driver import Example
from hub.model import Message
from hub.registry import Contexts, Registry, load_drivers

DEAREST = 2.6
"""So many times the calls of the usual telegram may a family's median example take: about 20 µs (`bench decode`)."""
REGISTRY = Registry(load_drivers())


def steps(message: Message, contexts: Contexts) -> int:
    """Return how many functions are called until a message is understood that looks like those before it."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    def once() -> None:
        outcome = REGISTRY.decode(message, contexts)
        assert outcome.driver is not None
        assert outcome.decoded is not None
        REGISTRY.complete(outcome.driver, outcome.decoded)

    for _ in range(3):  # names are looked up, and plans made
        once()
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        once()
    finally:
        sys.setprofile(before)
    return count


def of(example: Example) -> int:
    """Return the steps of an example after the messages before it."""
    contexts: Contexts = {}
    for topic, payload in example.before:
        REGISTRY.decode(Message(topic, payload, 1), contexts)
    return steps(example.message(), contexts)


@pytest.mark.parametrize("model", REGISTRY.drivers)
def test_no_family_takes_many_more_steps_than_the_usual_telegram(model: str) -> None:
    """A bridge with fifty devices must not cost what fifty boards cost."""
    usual = steps(Message("tele/bench/SENSOR", TELEGRAM, 1), {})
    examples = [each for each in REGISTRY.drivers[model].examples if each.values]
    assert median(map(of, examples)) <= DEAREST * usual
