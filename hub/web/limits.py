"""How often somebody may ask: a budget that fills again by the second, for as many as a bounded memory holds.

Counted per session, participant or token, and per address only for who has none: a room may sit behind one address
(design.md §4, Roles; reliability.md §2.12). The algorithm is the virtual scheduling of ITU-T I.371 (GCRA): one number
for each who asks.
"""

import time
from collections.abc import Callable

from msgspec import Struct

MOST = 4096
"""Who is remembered at a time; the one that asked longest ago is forgotten first."""


class Budget(Struct, frozen=True):
    """What one who asks may spend.

    Attributes:
        rate: requests a second for ever.
        burst: requests at once after a quiet while.
    """

    rate: float
    burst: int


STRANGER = Budget(500, 15_000)
"""Of an address: five hundred phones that join within five seconds load some twenty files each (reliability.md, P6)."""
JOINED = Budget(60, 600)
"""Of a session or a participant: a page at work asks some five a second, one that opens some thirty at once."""
PROGRAM = Budget(200, 2_000)
"""Of an integrator's token: a gateway hands over what a whole site has measured."""


class Limiter:
    """Counts for one budget."""

    def __init__(self, budget: Budget, *, most: int = MOST, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start with full budgets.

        Args:
            budget: everybody's.
            most: how many are remembered.
            monotonic: clock [s].
        """
        self._pause = 1 / budget.rate
        self._slack = budget.burst * self._pause
        self._most = most
        self._monotonic = monotonic
        self._due: dict[str, float] = {}
        """Who → when the budget is full again [s]; who asked last comes last."""

    def wait(self, who: str) -> float:
        """Return how long somebody must wait [s] before asking; 0: now, and nothing is spent."""
        now = self._monotonic()
        return max(0.0, self._due.get(who, now) + self._pause - self._slack - now)

    def spend(self, who: str) -> float:
        """Spend one request and return 0, or return how long to wait [s] where none is left."""
        now = self._monotonic()
        due = max(self._due.pop(who, now), now) + self._pause
        wait = due - self._slack - now
        if wait > 1e-9:  # noqa: PLR2004 — rounding of the sum above
            self._due[who] = due - self._pause
            return wait
        while len(self._due) >= self._most:
            del self._due[next(iter(self._due))]
        self._due[who] = due
        return 0.0
