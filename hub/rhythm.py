"""How often a channel speaks, learned from its own times: so that silence looks silent, and patience does not.

Pure: times in [ns] on the channel's timeline.
"""

from msgspec import Struct

from hub.model import NS

KEPT = 8
"""Newest gaps that are remembered."""
ENOUGH = 5
"""Gaps below which nothing is concluded."""
REGULAR = 2.5
"""The longest of them is at most that many times the shortest: one lost message still leaves a regular channel."""
PERIODS = 3
"""Periods that a channel may miss before it is silent (as `hub.devices.STICKY`)."""
LEAST = 30 * NS
"""Nobody is told of a shorter silence."""


class Rhythm(Struct, gc=False):
    """When a channel spoke last, and the newest gaps between its words [ns]."""

    last: int = 0
    gaps: tuple[int, ...] = ()

    def heard(self, at: int) -> None:
        """Take the time [ns] of a word; one that is not newer says nothing."""
        gap = at - self.last if self.last else 0
        self.last = max(self.last, at)
        if gap > 0:
            self.gaps = (*self.gaps[1 - KEPT :], gap)

    def believed(self, usual: int, *, on_change: bool) -> int:
        """Return how long [ns] the last value counts.

        A channel that keeps a period may miss three of them. One that speaks when something changes is believed as
        long as is usual for its family, and longer where it was silent for longer before.

        Args:
            usual: what counts while nothing is learned.
            on_change: a contact or a switch: a regular hand is no period.
        """
        if len(self.gaps) < ENOUGH:
            return usual
        shortest, *_, longest = ordered = sorted(self.gaps)
        if on_change or longest > REGULAR * shortest:
            return max(usual, PERIODS * longest)
        return max(LEAST, PERIODS * ordered[len(ordered) // 2])
