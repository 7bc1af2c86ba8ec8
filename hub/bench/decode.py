"""How long one message takes to be understood, from its bytes to values with unit and quality."""

import time
from math import inf
from statistics import median

from msgspec import Struct

from hub.driver import Example
from hub.model import Message
from hub.registry import Contexts, Registry, load_drivers

TELEGRAM = (
    b'{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7,"Humidity":40.5,"Pressure":1001.2},'
    b'"PressureUnit":"hPa","TempUnit":"C"}'
)
"""About 150 bytes with topic, three values: what the ingest figures are measured with."""
GATES = {"telegram_us": ("<=", 20.0), "slowest_family_us": ("<=", 20.0)}
PASSES = 24
"""Each case is timed so often, in turn with all others: its quickest pass is one when little else ran."""


class Case(Struct):
    """Messages that are decoded again and again.

    Attributes:
        messages: taken in turn.
        contexts: what the messages before them left.
        best: CPU time [µs] a message of the quickest pass.
    """

    messages: list[Message]
    contexts: Contexts
    best: float = inf


def measure(messages: int = 20_000, devices: int = 200) -> dict[str, float]:
    """Return microseconds a message: the usual telegram, the median of each family's examples, the dearest family."""
    registry = Registry(load_drivers())
    telegram = Case([Message(f"tele/bench-{n}/SENSOR", TELEGRAM, 1) for n in range(devices)], {})
    families = {
        model: [_case(registry, each) for each in driver.examples if each.values]
        for model, driver in registry.drivers.items()
    }
    for _ in range(PASSES):
        _time(registry, telegram, messages // PASSES)
        for cases in families.values():
            for case in cases:
                _time(registry, case, max(messages // PASSES // 4 // len(cases), 1))
    medians = {f"{model.replace('-', '_')}_examples_us": median(c.best for c in f) for model, f in families.items()}
    return {"telegram_us": telegram.best, "slowest_family_us": max(medians.values())} | medians


def _case(registry: Registry, example: Example) -> Case:
    contexts: Contexts = {}
    for topic, payload in example.before:
        registry.decode(Message(topic, payload, 1), contexts)
    return Case([example.message()], contexts)


def _time(registry: Registry, case: Case, rounds: int) -> None:
    """Time one pass; CPU time of this thread, so that what else runs is not counted."""
    messages, contexts = case.messages, case.contexts
    for message in messages:
        registry.decode(message, contexts)  # the first word of a topic finds its driver
    start = time.thread_time()
    for n in range(rounds):
        outcome = registry.decode(messages[n % len(messages)], contexts)
        if outcome.driver is not None and outcome.decoded is not None:
            registry.complete(outcome.driver, outcome.decoded)
    case.best = min(case.best, (time.thread_time() - start) / rounds * 1e6)
