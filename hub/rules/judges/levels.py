"""Judges of present values: limits, bands, states, baselines, balances."""

from hub.rules import kinds
from hub.rules.judges.base import Bench, Judge, both, comparison, either, limit_of
from hub.rules.state import Course


class Limits(Judge[kinds.LimitHigh | kinds.LimitLow]):
    """A limit on one side."""

    def __init__(self, rule: kinds.LimitHigh | kinds.LimitLow, course: Course, bench: Bench) -> None:
        """Read the limit's measure beside the rule's own."""
        super().__init__(rule, course, bench)
        self.limit = limit_of(rule.limit, bench.senses)
        self.sign = -1.0 if isinstance(rule, kinds.LimitLow) else 1.0

    def limits(self) -> tuple[float | None, ...]:
        """Return the one limit."""
        return (self.limit(),)

    def own(self, *, beyond: bool) -> bool | None:
        """Compare."""
        value, limit, rule = self.sense.good, self.limit(), self.rule
        if value is None or limit is None:
            return None
        over = self.sign * (value - limit)
        if beyond and rule.deadband:
            limit -= self.sign * rule.deadband
            return value > limit if self.sign > 0 else value < limit
        if over == 0:
            return rule.inclusive
        return over > 0


class Bands(Judge[kinds.Band]):
    """A limit on either side."""

    def __init__(self, rule: kinds.Band, course: Course, bench: Bench) -> None:
        """Read the limits' measures beside the rule's own."""
        super().__init__(rule, course, bench)
        self.low, self.high = limit_of(rule.low, bench.senses), limit_of(rule.high, bench.senses)

    def limits(self) -> tuple[float | None, ...]:
        """Return low and high."""
        return self.low(), self.high()

    def own(self, *, beyond: bool) -> bool | None:
        """Compare."""
        value, low, high = self.sense.good, self.low(), self.high()
        if value is None or low is None or high is None:
            return None
        slack = self.rule.deadband if beyond else 0.0
        return value < low + slack or value > high - slack


class States(Judge[kinds.State]):
    """Conditions that hold at once."""

    def __init__(self, rule: kinds.State, course: Course, bench: Bench) -> None:
        """Make the comparisons."""
        super().__init__(rule, course, bench)
        self.all = [comparison(each, bench.senses) for each in rule.conditions]
        self.any = [comparison(each, bench.senses) for each in rule.any]

    def own(self, *, beyond: bool) -> bool | None:  # noqa: ARG002 — states have no deadband
        """Look at each."""
        first = either(self.any) if self.any else True
        return both(first, self.all)


class Baselines(Judge[kinds.Baseline]):
    """A limit that is what it usually is."""

    def __init__(self, rule: kinds.Baseline, course: Course, bench: Bench) -> None:
        """Read what is usual beside the rule's own."""
        super().__init__(rule, course, bench)
        self.usual = bench.senses[rule.usual]
        self.sign = 1.0 if rule.side == "above" else -1.0

    def limits(self) -> tuple[float | None, ...]:
        """Return factor × usual + offset."""
        usual = self.usual.good
        return (None if usual is None else self.rule.factor * usual + self.rule.offset,)

    def own(self, *, beyond: bool) -> bool | None:
        """Compare."""
        value, usual, rule = self.sense.good, self.usual.good, self.rule
        if value is None or usual is None:
            return None
        slack = rule.deadband + rule.deadband_share * abs(usual) if beyond else 0.0
        limit = rule.factor * usual + rule.offset - self.sign * slack
        return value > limit if self.sign > 0 else value < limit


class Balances(Judge[kinds.Balance]):
    """Two measures that should agree."""

    def __init__(self, rule: kinds.Balance, course: Course, bench: Bench) -> None:
        """Read the other measure beside the rule's own."""
        super().__init__(rule, course, bench)
        self.against = bench.senses[rule.against]

    def quantity(self) -> float | None:
        """Return the difference or the ratio; None: not known, or both too small to say."""
        value, other, least = self.sense.good, self.against.good, self.rule.at_least
        if value is None or other is None or (least is not None and value < least and other < least):
            return None
        if self.rule.compare == "difference":
            return value - other
        return value / other if other else float("inf") if value else None

    def own(self, *, beyond: bool) -> bool | None:
        """Compare."""
        judged, rule = self.quantity(), self.rule
        if judged is None:
            return None
        slack = rule.deadband if beyond else 0.0
        is_low = rule.low is not None and judged < rule.low + slack
        return is_low or (rule.high is not None and judged > rule.high - slack)
