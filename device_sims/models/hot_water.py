"""Hot water as its devices see it: a heater, a pump on a relay, showers by chance, a probe at the last tap."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.models._draws import Draws
from device_sims.physics import first_order, hot_water, linear, require
from device_sims.physics.hot_water import Plant, Regime, State
from device_sims.physics.hours import DAY_S, Hours
from device_sims.physics.water_leak import Plumbing

HELD_S = 60
"""The temperature that a running tap tends to is held for at most so long."""
SWITCH = "switch"
Step = tuple[tuple[float, ...], ...]


class Showers(Struct, frozen=True, forbid_unknown_fields=True):
    """When people shower, and what a shower takes.

    Attributes:
        busy_hours: hours of the day [h] with many of them.
        busy_per_h, quiet_per_h: showers begun in an hour [1/h], 0 to 60.
        shortest_s, longest_s: how long one lasts [s].
        hot_l_per_s: hot water of one [L/s], 0.02 to 0.3.
    """

    busy_hours: tuple[tuple[float, float], ...] = ((6.0, 9.0), (18.0, 22.0))
    busy_per_h: float = 8.0
    quiet_per_h: float = 0.3
    shortest_s: float = 240.0
    longest_s: float = 600.0
    hot_l_per_s: float = 0.09

    def plumbing(self) -> Plumbing:
        """Return the same as `physics.water_leak` draws lots by.

        Raises:
            ValueError: naming what cannot be.
        """
        return Plumbing(
            open_hours=Hours(self.busy_hours),
            open_per_h=self.busy_per_h,
            closed_per_h=self.quiet_per_h,
            shortest_s=self.shortest_s,
            longest_s=self.longest_s,
        )


class Tap(Struct, frozen=True, forbid_unknown_fields=True):
    """The last tap of the loop.

    Attributes:
        mixed_c: what its mixing valve lets through at most [°C], 35 to 50.
        warms_s, cools_s: time constants of the probe on it [s], water running and at rest.
    """

    mixed_c: float = 42.0
    warms_s: float = 20.0
    cools_s: float = 1200.0

    def __post_init__(self) -> None:
        """Refuse a tap that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "mixed_c", "warms_s", "cools_s")


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The installation; flows of heater and pump [L/s], electrical power of the pump [W]."""

    plant: Plant = Plant()
    showers: Showers = Showers()
    tap: Tap = Tap()
    heater_l_per_s: float = 0.2
    pump_l_per_s: float = 0.031746
    pump_w: float = 45.0

    def __post_init__(self) -> None:
        """Refuse water that flows backwards.

        Raises:
            ValueError: naming the parameter.
        """
        require.zero_or_more(self, "heater_l_per_s", "pump_l_per_s", "pump_w")


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: layers of the tank, the loop's return, the last tap [°C]; counted [Wh]."""

    top_c: float = 60.0
    middle_c: float = 60.0
    bottom_c: float = 55.0
    return_c: float = 55.0
    tap_c: float = 25.0
    energy_wh: float = 0.0


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        pump_stopped: share of the pump's flow lost [1].
        heater_lost: share of the heater's flow lost [1].
        set_drop_k: the heater gives so much less than its set-point [K].
        mixer_open: the mixing valve lets hot water through as it comes.
        showering: somebody showers, whatever the hour.
    """

    pump_stopped: float = 0.0
    heater_lost: float = 0.0
    set_drop_k: float = 0.0
    mixer_open: bool = False
    showering: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: naming the value.
        """
        require.within(self, 0.0, 1.0, "pump_stopped", "heater_lost")
        require.within(self, -30.0, 60.0, "set_drop_k")


class HotWater:
    """An installation that runs."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        self.state = State(initial.top_c, initial.middle_c, initial.bottom_c, initial.return_c)
        self.tap_c = initial.tap_c
        self.energy_wh = initial.energy_wh
        self._week_s = begin.weekday * DAY_S + begin.clock_s
        self._draws = Draws(parameters.showers.plumbing(), begin.chance("showers"))
        self._faults: tuple[Active, ...] = ()
        self._switched_on = True
        self._begun = False
        self._steps: dict[tuple[Regime, float], Step] = {}

    def values(self) -> Mapping[str, float]:
        """Return `departure`, `return_loop`, `tap` [°C], `pump_power` [W] and `pump_energy` [Wh]."""
        return {
            "departure": self.state.top_c,
            "return_loop": self.state.return_c,
            "tap": self.tap_c,
            "pump_power": self._pump_w(),
            "pump_energy": self.energy_wh,
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the order of the relay that feeds the pump (`switch`)."""
        if not self._begun:
            self._draws.begin(time_s, float(self._week_s + time_s))
            self._begun = True
        self._faults = tuple(faults)
        self._switched_on = orders.get(SWITCH, 1.0) != 0

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run until a shower begins or ends, at most `count` seconds and a minute."""
        self._draws.look(time_s, float(self._week_s + time_s))
        passed = max(int(min(count, HELD_S, self._draws.until_change_s(time_s))), 1)
        tops, returns = self._flow(passed)
        taps = self._warm_tap(tops)
        self.energy_wh += self._pump_w() * passed / 3600
        return passed, {"departure": tops, "return_loop": returns, "tap": taps}

    def _flow(self, count: int) -> tuple[list[float], list[float]]:
        """Return departure and return at the end of each second."""
        (a0, a1, a2, a3, a4), (b0, b1, b2, b3, b4), (c0, c1, c2, c3, c4), (d0, d1, d2, d3, d4) = self._second()
        top, middle, bottom, back = self.state.top_c, self.state.middle_c, self.state.bottom_c, self.state.return_c
        tops: list[float] = []
        returns: list[float] = []
        for _ in range(count):
            top, middle, bottom, back = (
                a0 * top + a1 * middle + a2 * bottom + a3 * back + a4,
                b0 * top + b1 * middle + b2 * bottom + b3 * back + b4,
                c0 * top + c1 * middle + c2 * bottom + c3 * back + c4,
                d0 * top + d1 * middle + d2 * bottom + d3 * back + d4,
            )
            tops.append(top)
            returns.append(back)
        self.state = State(top, middle, bottom, back)
        return tops, returns

    def _second(self) -> Step:
        """Return the exact step of a second under what holds now."""
        regime, drop = self._regime(), sum(each.effect.set_drop_k * each.intensity for each in self._faults)
        if (regime, drop) not in self._steps:
            plant = self.parameters.plant
            lowered = replace(plant, set_c=plant.set_c - drop)
            matrix: linear.Matrix = hot_water.propagator(lowered, regime, 1.0)
            self._steps[regime, drop] = matrix[:-1]
        return self._steps[regime, drop]

    def _regime(self) -> Regime:
        parameters = self.parameters
        return Regime(
            heater_l_per_s=parameters.heater_l_per_s * self._left("heater_lost"),
            pump_l_per_s=parameters.pump_l_per_s * self._pump_share(),
            taps_l_per_s=parameters.showers.hot_l_per_s * self._showers(),
        )

    def _showers(self) -> int:
        return len(self._draws.running) + any(fault.effect.showering for fault in self._faults)

    def _warm_tap(self, tops: Sequence[float]) -> list[float]:
        """Return the tap at the end of each second; while water runs, it follows what leaves the tank that second."""
        tap = self.parameters.tap
        if self._showers() == 0:
            cooling = first_order.propagator(1 / tap.cools_s, self.parameters.plant.ambient_c / tap.cools_s, 1.0)
            values = first_order.each(self.tap_c, cooling, len(tops))
        else:
            open_mixer = any(fault.effect.mixer_open for fault in self._faults)
            warm = first_order.propagator(1 / tap.warms_s, 1 / tap.warms_s, 1.0)
            values, now_c = [], self.tap_c
            for top in tops:
                now_c = warm.keep * now_c + warm.add * (top if open_mixer else min(top, tap.mixed_c))
                values.append(now_c)
        self.tap_c = values[-1]
        return values

    def _pump_share(self) -> float:
        return self._left("pump_stopped") * self._switched_on

    def _pump_w(self) -> float:
        return self.parameters.pump_w * self._pump_share()

    def _left(self, name: str) -> float:
        share = 1.0
        for fault in self._faults:
            share *= 1.0 - min(getattr(fault.effect, name) * fault.intensity, 1.0)
        return share


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=("departure", "return_loop", "tap", "pump_power", "pump_energy"),
    make=HotWater,
)
