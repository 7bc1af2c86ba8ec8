"""Compressed air as its devices see it: tools by chance, leaks always, a compressor between two limits."""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.models._draws import Draws
from device_sims.physics import compressed_air as physics
from device_sims.physics import require
from device_sims.physics.compressed_air import Receiver, State
from device_sims.physics.hours import DAY_S, Hours
from device_sims.physics.water_leak import Plumbing


class Tools(Struct, frozen=True, forbid_unknown_fields=True):
    """Who takes air, and when.

    Attributes:
        hours: hours of a working day [h]; `days` 0 Monday to 6 Sunday.
        per_h: blow-guns and tools started in a working hour [1/h], 0 to 120.
        shortest_s, longest_s: how long one runs [s].
        nl_per_min: what one takes [NL/min], 10 to 2 000.
        leak_nl_per_min: what always leaks [NL/min], 0 to 1 000.
    """

    hours: tuple[tuple[float, float], ...] = ((8.0, 12.0), (13.5, 17.5))
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    per_h: float = 30.0
    shortest_s: float = 30.0
    longest_s: float = 120.0
    nl_per_min: float = 350.0
    leak_nl_per_min: float = 40.0

    def __post_init__(self) -> None:
        """Refuse air that flows backwards.

        Raises:
            ValueError: naming the parameter.
        """
        require.zero_or_more(self, "nl_per_min", "leak_nl_per_min")

    def plumbing(self) -> Plumbing:
        """Return the same as `physics.water_leak` draws lots by.

        Raises:
            ValueError: naming what cannot be.
        """
        return Plumbing(
            open_hours=Hours(self.hours, self.days),
            open_per_h=self.per_h,
            closed_per_h=0.0,
            shortest_s=self.shortest_s,
            longest_s=self.longest_s,
        )


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The receiver with its compressor, and what takes air from it."""

    receiver: Receiver = Receiver()
    tools: Tools = Tools()


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: gauge pressure [bar], compressor, and what the meter counted before [Wh]."""

    pressure_bar: float = 8.0
    running: bool = False
    energy_wh: float = 0.0


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        leak_nl_per_min: an added leak, or a blow-gun held open [NL/min]; they add up.
        compressor_off: the compressor does not start any more.
    """

    leak_nl_per_min: float = 0.0
    compressor_off: bool = False

    def __post_init__(self) -> None:
        """Refuse air that flows backwards.

        Raises:
            ValueError: naming the value.
        """
        require.zero_or_more(self, "leak_nl_per_min")


class Air:
    """A compressed-air net that runs."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        self.state = State(initial.pressure_bar, initial.running)
        self._energy_wh = initial.energy_wh
        self._week_s = begin.weekday * DAY_S + begin.clock_s
        self._draws = Draws(parameters.tools.plumbing(), begin.chance("tools"))
        self._faults: tuple[Active, ...] = ()
        self._begun = False

    def values(self) -> Mapping[str, float]:
        """Return `pressure` [bar], `power` [W] and `energy` [Wh]."""
        receiver = self.parameters.receiver
        return {
            "pressure": self.state.pressure_bar,
            "power": receiver.running_w if self.state.running else 0.0,
            "energy": self._energy_wh + self.state.ran_s * receiver.running_w / 3600,
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults; a clamp meter obeys nobody."""
        del orders
        if not self._begun:
            self._draws.begin(time_s, float(self._week_s + time_s))
            self._begun = True
        self._faults = tuple(faults)
        self.state = self._step(0.0)  # a compressor without power stops at once

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run until a tool or the compressor starts or stops, at most `count` seconds."""
        self._draws.look(time_s, float(self._week_s + time_s))
        until = min(count, self._draws.until_change_s(time_s), self._until_switch_s())
        passed = max(int(until), 1)
        self.state = self._step(passed)
        return passed, {}

    def _step(self, seconds: float) -> State:
        return physics.step(
            self.state, self.parameters.receiver, self._use_nl_per_min(), seconds, powered=self._powered()
        )

    def _powered(self) -> bool:
        return not any(fault.effect.compressor_off for fault in self._faults)

    def _use_nl_per_min(self) -> float:
        tools = self.parameters.tools
        leaks: list[float] = [fault.effect.leak_nl_per_min * fault.intensity for fault in self._faults]
        return tools.leak_nl_per_min + sum(leaks) + tools.nl_per_min * len(self._draws.running)

    def _until_switch_s(self) -> float:
        """Return in how many whole seconds the compressor starts or stops; infinity where it does not."""
        if not self._powered():
            return math.inf
        receiver = self.parameters.receiver
        running = self.state.running or self.state.pressure_bar <= receiver.on_bar
        rate = physics.rate_bar_per_s(receiver, self._use_nl_per_min(), running=running)
        left = (receiver.off_bar if running else receiver.on_bar) - self.state.pressure_bar
        return max(math.ceil(left / rate), 1) if left * rate > 0 else math.inf


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=("pressure", "power", "energy"),
    make=Air,
)
