"""What a clock hour, a day or the whole run adds up to, one reading at a time."""

import math
from collections.abc import Mapping

from msgspec import Struct

from hub.model import NS

_KNOWN = 0.9
"""A period is complete when this part of it was heard."""
_HOUR_S = 3600


class Tally(Struct, kw_only=True, omit_defaults=True):
    """One period so far. `start` is not in it, `end` is; no end: since the run's start.

    Attributes:
        first, last, at: the value at its start (the last of the period before), the newest, and its time.
        time: how far the curve is known: `at`, or the start where that lies later.
        heard: how much of it [s] is known; counted: of that, what hours and conditions let count.
        area: of the curve [unit·s]; energy: of 10^(L/10) [s].
        rose, fell, above_s, times: what it rose and fell, how long it was above, how many times it came above.
        counting: whether the newest value counted.
    """

    start: int
    end: int | None = None
    first: float | None = None
    last: float | None = None
    at: int = 0
    time: int = 0
    low: float = math.inf
    high: float = -math.inf
    heard: float = 0.0
    counted: float = 0.0
    area: float = 0.0
    energy: float = 0.0
    rose: float = 0.0
    fell: float = 0.0
    above_s: float = 0.0
    times: int = 0
    counting: bool = False

    def add(
        self,
        time: int,
        value: float,
        *,
        counts: bool = True,
        believed: int | None = None,
        above: float = math.inf,
        noise: float = 0.0,
    ) -> None:
        """Take in a value; the step to it counts with it, and is known as long as the last one was believed.

        Args:
            time: of the value [ns], not before the last.
            value: in the measure's unit.
            counts: whether hours and conditions let it count.
            believed: how long a value is [ns].
            above: what `above_s` and `times` compare with.
            noise: steps up to this size are no rise and no fall.
        """
        last = self.last
        if last is None:
            self.first = value
        else:
            self._curve(last, value, time, counts=counts, believed=believed, above=above)
            step = value - last
            if counts and abs(step) > noise:
                self.rose += max(step, 0.0)
                self.fell += max(-step, 0.0)
            self.times += counts and last <= above < value
        if counts:
            self.low, self.high = min(self.low, value), max(self.high, value)
        self.last, self.at, self.time, self.counting = value, time, time, counts

    def _curve(self, last: float, value: float, stop: int, *, counts: bool, believed: int | None, above: float) -> None:
        length = stop - self.time
        known = length if believed is None else max(min(length, self.at + believed - self.time), 0)
        self.heard += known / NS
        if not counts:
            return
        lasted = known / NS
        self.counted += lasted
        mean = (last + value) / 2 if known == length else last
        self.area += mean * lasted
        self.energy += 10 ** (mean / 10) * lasted if mean < 3000 else math.inf  # noqa: PLR2004 — beyond any float
        if last > above:
            self.above_s += lasted

    def close(self, *, believed: int | None, above: float = math.inf) -> None:
        """Hold the last value until the period's end."""
        if self.last is not None and self.end is not None and self.end > self.time:
            self._curve(self.last, self.last, self.end, counts=self.counting, believed=believed, above=above)

    def next(self, start: int, end: int) -> "Tally":
        """Return the next period, which goes on from this one's last value."""
        time = max(self.time, min(self.end or start, start))
        return Tally(
            start=start, end=end, first=self.last, last=self.last, at=self.at, time=time, counting=self.counting
        )

    @property
    def complete(self) -> bool:
        """Whether enough of the period was heard."""
        return self.end is not None and self.heard >= _KNOWN * (self.end - self.start) / NS

    def says(self, function: str) -> float | None:
        """Return what a period function gives; None: nothing counted."""
        if self.last is None or self.first is None:
            return None
        match function:
            case "delta":
                return self.last - self.first
            case "min" | "max" | "range":
                return self._extreme(function)
            case "mean" | "leq" | "share_above":
                return self._mean(function)
            case _:
                return self._sums()[function]

    def _sums(self) -> Mapping[str, float]:
        return {
            "increase": self.rose,
            "decrease": self.fell,
            "integral": self.area / _HOUR_S,
            "duration_above": self.above_s,
            "count_above": float(self.times),
        }

    def _extreme(self, function: str) -> float | None:
        if self.low > self.high:
            return None
        return {"min": self.low, "max": self.high, "range": self.high - self.low}[function]

    def _mean(self, function: str) -> float | None:
        if self.counted <= 0:
            return self.last if self.counting and function != "share_above" else None
        if function == "leq":
            return 10 * math.log10(self.energy / self.counted)
        return self.area / self.counted if function == "mean" else 100 * self.above_s / self.counted
