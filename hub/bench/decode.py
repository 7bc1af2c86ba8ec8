"""How long one message takes to be understood, from its bytes to values with unit and quality."""

import time

from hub.driver import Example
from hub.model import Kind, Message
from hub.registry import Contexts, Registry, load_drivers

TELEGRAM = (
    b'{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7,"Humidity":40.5,"Pressure":1001.2},'
    b'"PressureUnit":"hPa","TempUnit":"C"}'
)
"""About 150 bytes with topic, three values: what the ingest figures are measured with."""
GATES = {"telegram_us": ("<=", 20.0)}


def measure(messages: int = 20_000, devices: int = 200) -> dict[str, float]:
    """Return microseconds a message: the usual telegram, and each family's examples in turn."""
    registry = Registry(load_drivers())
    telegrams = [Message(f"tele/bench-{n}/SENSOR", TELEGRAM, 1) for n in range(devices)]
    figures = {"telegram_us": _each(registry, telegrams, messages, {})}
    for model, driver in registry.drivers.items():
        carrying = [each for each in driver.examples if each.kind is Kind.READINGS]
        mine = [each for each in carrying if not each.before] or carrying
        name = f"{model.replace('-', '_')}_examples_us"
        figures[name] = _each(registry, [each.message() for each in mine], messages // 4, _before(registry, mine))
    return figures


def _before(registry: Registry, examples: list[Example]) -> Contexts:
    """Return what the messages before the examples teach."""
    contexts: Contexts = {}
    for example in examples:
        for topic, payload in example.before:
            registry.decode(example.message(payload, topic=topic), contexts)
    return contexts


def _each(registry: Registry, messages: list[Message], rounds: int, contexts: Contexts) -> float:
    """Return the CPU microseconds of the quickest of three passes: what the code takes, not what else runs here."""
    best = float("inf")
    for _ in range(3):
        start = time.thread_time()
        for n in range(rounds):
            outcome = registry.decode(messages[n % len(messages)], contexts)
            if outcome.driver is not None and outcome.decoded is not None:
                registry.complete(outcome.driver, outcome.decoded)
        best = min(best, (time.thread_time() - start) / rounds * 1e6)
    return best
