"""How long one message takes to be understood, from its bytes to values with unit and quality."""

import time
from statistics import median

from hub.driver import Example
from hub.model import Message
from hub.registry import Contexts, Registry, load_drivers

TELEGRAM = (
    b'{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7,"Humidity":40.5,"Pressure":1001.2},'
    b'"PressureUnit":"hPa","TempUnit":"C"}'
)
"""About 150 bytes with topic, three values: what the ingest figures are measured with."""
PASSES = 8
"""Pieces of a pass: the shorter, the likelier that nothing else ran meanwhile."""
GATES = {"telegram_us": ("<=", 20.0)}


def measure(messages: int = 20_000, devices: int = 200) -> dict[str, float]:
    """Return microseconds a message: the usual telegram, and the median of each family's examples."""
    registry = Registry(load_drivers())
    telegrams = [Message(f"tele/bench-{n}/SENSOR", TELEGRAM, 1) for n in range(devices)]
    figures = {"telegram_us": _each(registry, telegrams, messages)}
    for model, driver in registry.drivers.items():
        mine = [each for each in driver.examples if each.values]
        times = [_each(registry, [each.message()], messages // 4 // len(mine), each) for each in mine]
        figures[f"{model.replace('-', '_')}_examples_us"] = median(times)
    return figures


def _each(registry: Registry, messages: list[Message], rounds: int, example: Example | None = None) -> float:
    """Return the CPU microseconds of the quickest of many short passes: what the code takes, whatever else runs."""
    contexts: Contexts = {}
    for topic, payload in example.before if example is not None else ():
        registry.decode(Message(topic, payload, 1), contexts)
    best = float("inf")
    rounds = max(rounds // PASSES, 1)
    for _ in range(3 * PASSES):
        start = time.thread_time()
        for n in range(rounds):
            outcome = registry.decode(messages[n % len(messages)], contexts)
            if outcome.driver is not None and outcome.decoded is not None:
                registry.complete(outcome.driver, outcome.decoded)
        best = min(best, (time.thread_time() - start) / rounds * 1e6)
    return best
