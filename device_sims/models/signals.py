"""Plain signals, named by the scenario: for devices that belong to no story."""

from collections.abc import Mapping, Sequence
from math import pi, sin
from typing import Annotated, Literal

from msgspec import Meta, Struct

from device_sims.models import Active, Begin, Kind

Positive = Annotated[float, Meta(gt=0)]


class Signal(Struct, frozen=True, forbid_unknown_fields=True):
    """A value that moves about its mean, in its own unit.

    Attributes:
        shape: `sine`; `square`, high in the first half of a period; `ramp`, growing by twice its amplitude a period
            without end, as a meter counts.
        period_s: of one turn [s].
    """

    shape: Literal["sine", "square", "ramp"] = "sine"
    mean: float = 0.0
    amplitude: float = 1.0
    period_s: Positive = 600.0

    def at(self, time_s: int) -> float:
        """Return the value at a second of the run."""
        if self.shape == "ramp":
            return self.mean + 2 * self.amplitude * time_s / self.period_s
        if self.shape == "sine":
            return self.mean + self.amplitude * sin(2 * pi * (time_s % self.period_s) / self.period_s)
        high = time_s % self.period_s < self.period_s / 2
        return self.mean + (self.amplitude if high else -self.amplitude)


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The signals by their names."""

    signals: dict[str, Signal]


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Signals have no state."""


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does: `add` [the signal's unit] at intensity 1."""

    add: dict[str, float] = {}


class Signals:
    """Signals that run; functions of time alone."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start at the beginning of the history; the first `act` says when that is."""
        del initial, begin
        self.signals = parameters.signals
        self._time_s = 0
        self._faults: tuple[Active, ...] = ()

    def values(self) -> Mapping[str, float]:
        """Return every signal now."""
        return {name: self._at(name, self._time_s) for name in self.signals}

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults; no signal obeys orders."""
        del orders
        self._faults = tuple(faults)
        self._time_s = time_s

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run `count` seconds, or until a square turns."""
        count = min([count, *(_until_turn(each, time_s) for each in self.signals.values())])
        self._time_s = time_s + count
        seconds = range(time_s + 1, self._time_s + 1)
        return count, {name: [self._at(name, second) for second in seconds] for name in self.signals}

    def _at(self, name: str, time_s: int) -> float:
        added = sum(fault.effect.add.get(name, 0.0) * fault.intensity for fault in self._faults)
        return self.signals[name].at(time_s) + float(added)


def _until_turn(signal: Signal, time_s: int) -> int:
    """Return how many seconds a square keeps its value, at least one."""
    if signal.shape != "square":
        return 2**31
    half_s = signal.period_s / 2
    return max(int(-(-(half_s - time_s % half_s) // 1)), 1)


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=(),
    make=Signals,
    more=lambda parameters: tuple(parameters.signals),
)
