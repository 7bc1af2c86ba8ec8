"""Commands that other programs give, overheard on the wire: recorded as a channel's last writer, obeyed by nobody here.

What the hub said itself comes back to it and is known again by topic and payload. What a foreign command means is
found by the driver's own words: the channel and value for which the hub would say the same.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any

from hub.driver import Command, Driver, Target, base_name
from hub.errors import PayloadError
from hub.model import NS

OWN_FOR = 60 * NS
"""How long a message of ours may take to come back."""
OWN = 20_000
"""Different messages that are remembered, the newest: every device may be asked something at once."""
REPEATED = 100
"""How often one may be on its way back at a time."""
FIGURE = re.compile(rb"-?\d{1,6}(?:\.\d{1,6})?")
FIGURES = 4
"""Numbers of a payload that are tried as the value wanted."""
ENVELOPE = {"id", "src", "correlation_ids"}
"""Members of a request that say who asks, not what."""


class OwnWords:
    """What the hub published lately: a digest of each word and when it was said, however long it was."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._said: dict[bytes, tuple[int, ...]] = {}

    def say(self, messages: Iterable[tuple[str, bytes]], wall: int) -> None:
        """Remember messages that go out at `wall` [ns]."""
        self._forget(wall)
        for topic, payload in messages:
            word = _digest(topic, payload)
            times = self._said.pop(word, ())  # and back again: the one said last is the last one
            self._said[word] = (*times, wall)[-REPEATED:]
            if len(self._said) > OWN:
                del self._said[next(iter(self._said))]

    def is_ours(self, topic: str, payload: bytes, wall: int) -> bool:
        """Tell whether a message is one of ours that comes back: once for each time it was said."""
        self._forget(wall)
        word = _digest(topic, payload)
        times = [each for each in self._said.get(word, ()) if wall - each <= OWN_FOR]
        if not times:
            return False
        if len(times) == 1:
            del self._said[word]
        else:
            self._said[word] = tuple(times[1:])
        return True

    def _forget(self, wall: int) -> None:
        while self._said and wall - self._said[next(iter(self._said))][-1] > OWN_FOR:
            del self._said[next(iter(self._said))]


def _digest(topic: str, payload: bytes) -> bytes:
    return blake2b(topic.encode("utf-8", "surrogatepass") + b"\0" + payload, digest_size=16).digest()


def meaning(driver: Driver | None, target: Target, topic: str, payload: bytes) -> tuple[str, float | None]:
    """Return channel and value that a foreign command wants; an empty channel or None: nobody can tell."""
    if driver is None or driver.command is None:
        return "", None
    candidates = [1.0, 0.0, *map(float, FIGURE.findall(payload)[:FIGURES])]
    place = ""
    for channel in _channels(driver, target):
        for value in dict.fromkeys(candidates):
            for own_topic, own_payload in _would_say(driver.command, target, Command(channel, value)):
                if own_topic.lower() != topic.lower():
                    continue
                if _same(own_payload, payload):
                    return channel, value
                place = place or channel
    return (place, None) if _is_own_topic(driver, target, topic, place) else ("", None)


def _channels(driver: Driver, target: Target) -> Iterator[str]:
    if driver.settable is not None:
        yield from (each.name for each in driver.settable(target))
    else:
        yield from (name for name in sorted(target.channels) if base_name(name, driver.commands) is not None)


def _would_say(
    command: Callable[[Target, Command], Any], target: Target, wanted: Command
) -> tuple[tuple[str, bytes], ...]:
    try:
        return command(target, wanted).messages  # type: ignore[no-any-return]
    except PayloadError:
        return ()


def _is_own_topic(driver: Driver, target: Target, topic: str, place: str) -> bool:
    """Tell whether only one channel listens on a topic, so that the topic alone says which is meant."""
    if not place or driver.command is None:
        return False
    listening = [
        channel
        for channel in _channels(driver, target)
        if any(
            said[0].lower() == topic.lower()
            for value in (1.0, 0.0)
            for said in _would_say(driver.command, target, Command(channel, value))
        )
    ]
    return len(listening) == 1


def _same(ours: bytes, theirs: bytes) -> bool:
    """Tell whether two payloads ask for the same, however they are written."""
    if ours.strip().lower() == theirs.strip().lower():
        return True
    one, other = _document(ours), _document(theirs)
    return one is not None and other is not None and one == other


def _document(payload: bytes) -> dict[str, Any] | None:
    if not payload.startswith(b"{"):
        return None
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return {key: value for key, value in found.items() if key not in ENVELOPE}
