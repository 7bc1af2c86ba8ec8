"""Hours of the week, as a schedule or a tariff gives them; the week's time is an argument, no clock is read.

The week begins on Monday at midnight, local time, and repeats every 604 800 s; days of 23 or 25 hours are the
caller's business.
"""

from dataclasses import dataclass, field

DAY_S = 86_400
WEEK_S = 7 * DAY_S
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Hours:
    """When something holds.

    Attributes:
        spans_h: from and to, hours of the day [h], 0 to 24, `to` excluded; 22 to 6 runs over midnight. To the
            millisecond, so that 8.65 h is 31 140 s and both methods agree on that second.
        days: the days on which the spans begin, 0 Monday to 6 Sunday.
    """

    spans_h: tuple[tuple[float, float], ...]
    days: tuple[int, ...] = EVERY_DAY
    _spans_s: tuple[tuple[float, float], ...] = field(default=(), init=False, repr=False, compare=False)
    _edges_s: tuple[float, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse hours that no week has, and work out the seconds of the week once: they are asked for at each step.

        Raises:
            ValueError: an hour outside 0 to 24, an empty span, or a day outside 0 to 6.
        """
        for begin, end in self.spans_h:
            if not (0 <= begin < 24 and 0 <= end <= 24 and begin != end):  # noqa: PLR2004 — the hours of a day
                msg = f"spans_h has {begin} to {end}: two different hours of a day, 0 to 24"
                raise ValueError(msg)
        for day in self.days:
            if day not in EVERY_DAY:
                msg = f"days has {day}: days are 0 (Monday) to 6 (Sunday)"
                raise ValueError(msg)
        spans_s = tuple(
            (day * DAY_S + round(begin * 3600, 3), round((end - begin) * 3600, 3) % DAY_S or DAY_S)
            for day in self.days
            for begin, end in self.spans_h
        )
        edges_s = {edge % WEEK_S for begin_s, length_s in spans_s for edge in (begin_s, begin_s + length_s)}
        object.__setattr__(self, "_spans_s", spans_s)  # frozen: set once, here
        object.__setattr__(self, "_edges_s", tuple(sorted(edges_s)))

    def hold(self, week_s: float) -> bool:
        """Tell whether `week_s` seconds after Monday midnight lies in a span."""
        return any((week_s - begin_s) % WEEK_S < length_s for begin_s, length_s in self._spans_s)

    def until_change_s(self, week_s: float) -> float:
        """Return for how long the answer of `hold` cannot change [s], above zero; a week when there is no span."""
        edges_s = self._edges_s
        if not edges_s:
            return WEEK_S
        now_s = week_s % WEEK_S
        following_s = next((edge_s for edge_s in edges_s if edge_s > now_s), edges_s[0] + WEEK_S)
        return following_s - now_s
