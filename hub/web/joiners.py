"""Who joined from where, so that a device that joins again and again, unknown each time, keeps nobody out of the room.

A room may sit behind one address, so an address may have hundreds of phones. What tells somebody who stays from
somebody who only asks is that a phone's page opens its connection as soon as it has joined; who never did makes way.
Nothing of this is kept: addresses are personal.
"""

import time
from collections.abc import Callable, Collection

PER_ADDRESS = 600
"""Participants of one address: five hundred phones behind one (reliability.md, P6), and less than a session takes."""
IDLE = 50
"""Of one address that joined and never were here, before the oldest of them make way."""
STRAY_S = 30.0
"""A page that was closed as soon as it had joined is waited for so long."""
QUICK_S = 5.0
"""The same where the address has no place left: a living page takes less than two."""


class Joiners:
    """Those who joined since the hub began, by the address they came from."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Know nobody."""
        self._monotonic = monotonic
        self._from: dict[str, tuple[str, float]] = {}
        """Participant → address, and when [s]; in the order of joining."""
        self._here: set[str] = set()
        """Those whose page has opened its connection."""

    def came(self, name: str, address: str) -> None:
        """Note who joined from where."""
        self._from[name] = (address, self._monotonic())

    def is_here(self, name: str) -> None:
        """Note that a participant's page has opened its connection."""
        if name in self._from:
            self._here.add(name)

    def left(self, name: str) -> None:
        """Forget somebody."""
        self._from.pop(name, None)
        self._here.discard(name)

    def keep(self, people: Collection[str], settled: float) -> None:
        """Forget all but these, and those who joined less than `settled` [s] ago: the list may not have them yet."""
        now = self._monotonic()
        for name in [each for each, (_, at) in self._from.items() if each not in people and now - at > settled]:
            self.left(name)

    def is_full(self, address: str) -> bool:
        """Tell whether an address has all the participants that it may have."""
        return sum(each == address for each, _ in self._from.values()) >= PER_ADDRESS

    def strays(self, address: str) -> list[str]:
        """Return who of an address is to make way for somebody who joins, the oldest first."""
        now = self._monotonic()
        idle = [(name, at) for name, (of, at) in self._from.items() if of == address and name not in self._here]
        patience = QUICK_S if self.is_full(address) else STRAY_S
        return [name for name, at in idle[: max(len(idle) - IDLE, 0)] if now - at > patience]
