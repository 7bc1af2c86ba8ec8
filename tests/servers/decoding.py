"""How a test gets a message understood: through the registry, as the hub and `matinales decode` do."""

from hub.driver import Decoded
from hub.model import Message
from hub.registry import Contexts, Outcome, Registry, load_drivers

REGISTRY = Registry(load_drivers())
NOW = 1_790_000_000_000_000_000
"""2026-09-21T14:13:20Z, when every message of these tests arrives."""


def outcome(
    topic: str, payload: str | bytes, *before: tuple[str, str | bytes], contexts: Contexts | None = None
) -> Outcome:
    """Return what becomes of a message after those before it."""
    contexts = {} if contexts is None else contexts
    for each_topic, each_payload in before:
        REGISTRY.decode(Message(each_topic, _bytes(each_payload), NOW), contexts)
    return REGISTRY.decode(Message(topic, _bytes(payload), NOW), contexts)


def understood(
    topic: str, payload: str | bytes, *before: tuple[str, str | bytes], contexts: Contexts | None = None
) -> Decoded:
    """Return what a message means; it must mean something."""
    found = outcome(topic, payload, *before, contexts=contexts)
    assert found.decoded is not None, found.reason
    return found.decoded


def values(topic: str, payload: str | bytes, *before: tuple[str, str | bytes]) -> dict[str, float]:
    """Return channel → value of a message."""
    return {sample.channel: sample.value for sample in understood(topic, payload, *before).samples}


def full(
    topic: str, payload: str | bytes, *before: tuple[str, str | bytes]
) -> dict[str, tuple[float, str | None, str]]:
    """Return channel → value, unit, quality as the hub keeps them."""
    found = outcome(topic, payload, *before)
    assert found.driver is not None
    assert found.decoded is not None, found.reason
    return {
        sample.channel: (sample.value, unit, quality.value)
        for sample, unit, quality in REGISTRY.complete(found.driver, found.decoded)
    }


def refusal(topic: str, payload: str | bytes, *before: tuple[str, str | bytes]) -> str:
    """Return why a message is refused whole; it must be."""
    found = outcome(topic, payload, *before)
    assert found.decoded is None, found.decoded
    return found.reason or ""


def _bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload
