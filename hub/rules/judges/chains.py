"""Judges of clock hours and days in a row."""

from hub.model import NS
from hub.rules import kinds
from hub.rules.judges.base import Bench, Judge
from hub.rules.state import Course, Sense

_LENGTH = {"hour": 3600 * NS, "day": 86_400 * NS}
_SLACK = 1.5
"""The hour or two by which a day differs when clocks change is no gap."""


class Chains(Judge[kinds.EveryPeriod]):
    """Each of the last periods."""

    def __init__(self, rule: kinds.EveryPeriod, course: Course, bench: Bench) -> None:
        """Go on from the chain in `course`."""
        super().__init__(rule, course, bench)
        self.remembers = frozenset([rule.measure])
        self.length = _LENGTH[bench.book.measures[rule.measure].period or "hour"]

    def remember(self, measure: str, value: float, before: Sense, time: int) -> None:  # noqa: ARG002 — see Judge
        """Lengthen the chain, or begin another: after a gap, below what is asked, outside the rule's hours."""
        chain = self.course.chain
        counts = value >= self.rule.at_least and self._within(time)
        if not counts or (chain and time - chain[-1][0] > _SLACK * self.length):
            chain.clear()
        if counts:
            chain.append((time, value))
            del chain[: -self.rule.periods]

    def _within(self, end: int) -> bool:
        """Tell whether a whole period lies within the rule's hours."""
        hours = self.rule.during
        return not hours or all(self.bench.within(hours, at) for at in (end - self.length + 1, end - 1))

    def quantity(self) -> float | None:
        """Return the lowest of the chain; None: it is not long enough."""
        return min(value for _, value in self.course.chain) if self.course.chain else self.sense.good

    def own(self, *, beyond: bool) -> bool | None:
        """Tell whether the chain is long enough; an alarm stays until a period within the hours is below."""
        value, time, chain = self.sense.good, self.sense.good_time, self.course.chain
        if value is None or time is None:
            return None
        if not beyond:
            return len(chain) >= self.rule.periods
        if chain:
            return True
        return False if value < self.rule.at_least and self._within(time) else None
