"""A greenhouse as its devices see it: `physics.greenhouse` under the weather of Angers, a heater, vents on a motor.

The heater's thermostat is tested each second, exactly; weather, sun and the climate computer that sets the vents are
looked at each minute. Vents move at a constant speed and are held for ten seconds at most while they do.
Plants transpire in proportion to the vapour pressure deficit; what the air cannot hold runs down the glass.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.models._weather import HELD_S, Outside, ramp, until_held
from device_sims.physics import greenhouse as physics
from device_sims.physics import require
from device_sims.physics.greenhouse import Greenhouse, Regime, State

MOVING_HELD_S = 10
"""Vents on their way are held for so long."""
VENT, SWITCH = "vent", "switch"
LEAST_MOVE = 0.05
"""The climate computer does not move the vents for less [1]."""
DULL = 0.3
"""Share of a clear sky's sun that passes an overcast one."""


class Plants(Struct, frozen=True, forbid_unknown_fields=True):
    """What grows, and what the sun does to it.

    Attributes:
        floor_m2: floor [m²].
        noon_w_per_m2: sun at noon of a clear day [W/m²], 200 (December) to 900 (June).
        warming: share of it that warms the air [1]; the rest is reflected, or evaporates water.
        day_g_per_m2_h, night_g_per_m2_h: what plants and soil give at a deficit of 1 kPa, in that sun and without any
            [g/(m²·h)].
    """

    floor_m2: float = 200.0
    noon_w_per_m2: float = 650.0
    warming: float = 0.25
    day_g_per_m2_h: float = 160.0
    night_g_per_m2_h: float = 8.0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "floor_m2")
        require.zero_or_more(self, "noon_w_per_m2", "day_g_per_m2_h", "night_g_per_m2_h")
        require.within(self, 0.0, 1.0, "warming")


class Climate(Struct, frozen=True, forbid_unknown_fields=True):
    """Heater and vents.

    Attributes:
        heater_w: heat of the heater [W]; fan_w: electricity of its fan [W].
        set_c, band_k: the heater's thermostat: on below set - band, off above set + band.
        opens_c, open_c: the climate computer begins to open the vents, and has them wide open [°C].
        moist_kpa, moist_open: below that deficit [kPa] it opens them a little for the air's sake, so far at most [1].
        travel_s: of the vents, from closed to open [s].
    """

    heater_w: float = 45_000.0
    fan_w: float = 350.0
    set_c: float = 16.0
    band_k: float = 0.5
    opens_c: float = 22.0
    open_c: float = 28.0
    moist_kpa: float = 0.7
    moist_open: float = 0.25
    travel_s: float = 120.0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "band_k", "moist_kpa", "travel_s")
        require.within(self, 0.0, 1.0, "moist_open")
        require.zero_or_more(self, "heater_w", "fan_w")
        if not self.open_c > self.opens_c > self.set_c:
            msg = f"open_c is {self.open_c}: it lies above opens_c, {self.opens_c}, and that above set_c, {self.set_c}"
            raise ValueError(msg)


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The house, what grows in it, how it is kept; a breath on the box: so much warmer [K], moister [%], for so long.

    The breath decays with the time constant `breath_s` [s].
    """

    house: Greenhouse = Greenhouse()
    plants: Plants = Plants()
    climate: Climate = Climate()
    breath_k: float = 4.0
    breath_pct: float = 45.0
    breath_s: float = 60.0


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: air [°C], its humidity [%], and what the fan's meter counted before [Wh]."""

    air_c: float = 18.0
    humidity_pct: float = 70.0
    energy_wh: float = 0.0


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        vent_pct: the vents go there and stay, whatever anybody orders [%].
        burner_out: share of the heat lost; the fan turns [1].
        wet_g_per_m2_h: water that evaporates from a wet floor [g/(m²·h)].
        thirst: share of the transpiration lost [1].
        breath: somebody breathes into the box when it begins.
    """

    vent_pct: float | None = None
    burner_out: float = 0.0
    wet_g_per_m2_h: float = 0.0
    thirst: float = 0.0
    breath: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: naming the value.
        """
        require.within(self, 0.0, 1.0, "burner_out", "thirst")
        require.zero_or_more(self, "wet_g_per_m2_h")
        if self.vent_pct is not None:
            require.within(self, 0.0, 100.0, "vent_pct")


class Motion(NamedTuple):
    """Vents on their way: from where [1], where to, since when [s of the run]."""

    start: float
    goal: float
    since_s: int


class House:
    """A greenhouse that lives."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state, vents closed."""
        self.parameters = parameters
        self.state = physics.state(initial.air_c, initial.humidity_pct)
        self.energy_wh = initial.energy_wh
        self._outside = Outside(begin)
        self._faults: tuple[Active, ...] = ()
        self._orders: Mapping[str, float] = {}
        self._heating = False
        self._motion: Motion | None = None
        self._time_s = 0
        self._deficit_kpa = self._now_kpa()

    def values(self) -> Mapping[str, float]:
        """Return air, leaf [°C], humidity [%], vent [%], heater_power [W], heater_energy [Wh], outside_temp [°C]."""
        warm, moist = self._breath()
        return {
            "air": self.state.air_c + warm,
            "humidity": min(physics.humidity_pct(self.state) + moist, 100.0),
            "leaf": physics.leaf_c(self.state, self.parameters.house) + warm / 3,
            VENT: 100 * self._held_vent(),
            "heater_power": self.parameters.climate.fan_w * self._heating,
            "heater_energy": self.energy_wh,
            "outside_temp": self._outside.at(self._time_s).outside_c,
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the orders of the vents [% open] and of the relay that feeds the heater (`switch`)."""
        self._faults = tuple(faults)
        self._orders = dict(orders)
        self._time_s = time_s
        if self._motion is None:
            self._motion = Motion(0.0, 0.0, time_s)
        self._look()
        self._steer()

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run `count` seconds, or until the heater starts or stops, or the vents have moved on."""
        self._time_s = time_s
        traces: dict[str, list[float]] = {name: [] for name in TRACED}
        passed, begun = 0, (self._heating, self._held_vent())
        while passed < count and begun == (self._heating, self._held_vent()):
            before = self.values()
            length = min(count - passed, self._until_held(), self._until_switch())
            self.energy_wh += self.parameters.climate.fan_w * self._heating * length / 3600
            self.state = _condensed(physics.step(self.state, self.parameters.house, self._regime(), length))
            self._time_s += length
            passed += length
            self._look()
            if self._time_s % HELD_S == 0:
                self._deficit_kpa = self._now_kpa()
                self._steer()
            after = self.values()
            for name, trace in traces.items():
                trace.extend(ramp(before[name], after[name], length))
        return passed, traces

    # the heater

    def _look(self) -> None:
        """Test the thermostat; a heater without power stops at once."""
        climate, air = self.parameters.climate, self.state.air_c
        if self._orders.get(SWITCH, 1.0) == 0:
            self._heating = False
        elif air <= climate.set_c - climate.band_k + EXACT_K:
            self._heating = True
        elif air >= climate.set_c + climate.band_k - EXACT_K:
            self._heating = False

    def _until_switch(self) -> int:
        """Return in how many whole seconds the air is where the thermostat switches, if nothing changes; at least 1."""
        climate, house, regime = self.parameters.climate, self.parameters.house, self._regime()
        goal = climate.set_c + (climate.band_k if self._heating else -climate.band_k)
        warm, tau_s = physics.settled(house, regime)
        ahead = (self.state.air_c - warm) / (goal - warm) if goal != warm else 0.0
        if ahead <= 1 or self._orders.get(SWITCH, 1.0) == 0:
            return HELD_S
        return max(math.ceil(tau_s * math.log(ahead)), 1)

    # the vents

    def _steer(self) -> None:
        """Send the vents where a fault, an order, or the climate computer wants them."""
        assert self._motion is not None  # noqa: S101 — the world acts before it advances
        goal = self._wanted()
        if goal != self._motion.goal:
            self._motion = Motion(self._vent(self._time_s), goal, self._time_s)

    def _wanted(self) -> float:
        jammed = [fault.effect.vent_pct for fault in self._faults if fault.effect.vent_pct is not None]
        if jammed:
            return float(jammed[-1]) / 100
        if VENT in self._orders:
            return min(max(self._orders[VENT] / 100, 0.0), 1.0)
        climate = self.parameters.climate
        warm = (self.state.air_c - climate.opens_c) / (climate.open_c - climate.opens_c)
        moist = 2 * climate.moist_open * (1 - self._deficit_kpa / climate.moist_kpa)
        share = round(min(max(warm, min(moist, climate.moist_open), 0.0), 1.0), 2)
        here = 0.0 if self._motion is None else self._motion.goal
        return share if abs(share - here) >= LEAST_MOVE or share in {0.0, 1.0} else here

    def _vent(self, time_s: int) -> float:
        """Return how far the vents are open at a second of the run [1]."""
        if self._motion is None:
            return 0.0
        way = self._motion.goal - self._motion.start
        moved = (time_s - self._motion.since_s) / self.parameters.climate.travel_s
        return self._motion.goal if moved >= abs(way) else self._motion.start + math.copysign(moved, way)

    def _held_vent(self) -> float:
        """Return how far they were at the last ten seconds' beginning [1]: what the motor says, and what holds."""
        since_s = self._time_s if self._motion is None else self._motion.since_s
        return self._vent(max(self._time_s - self._time_s % MOVING_HELD_S, since_s))

    # what holds

    def _until_held(self) -> int:
        if self._motion is not None and self._held_vent() != self._motion.goal:
            return min(MOVING_HELD_S - self._time_s % MOVING_HELD_S, until_held(self._time_s))
        return until_held(self._time_s)

    def _regime(self) -> Regime:
        """Return what holds: the weather of the whole minute, the vents of the last ten seconds' beginning."""
        minute_s = self._time_s - self._time_s % HELD_S
        weather, sun = self._outside.at(minute_s), self._sun(minute_s)
        plants, climate = self.parameters.plants, self.parameters.climate
        return Regime(
            heat_w=plants.floor_m2 * plants.noon_w_per_m2 * plants.warming * sun
            + climate.heater_w * self._heating * self._left("burner_out"),
            vapour_g_per_h=plants.floor_m2 * self._transpired_g_per_m2_h(sun),
            vent=self._held_vent(),
            outside_c=weather.outside_c,
            outside_pct=weather.humidity_pct,
        )

    def _transpired_g_per_m2_h(self, sun: float) -> float:
        plants = self.parameters.plants
        wet: float = sum(fault.effect.wet_g_per_m2_h * fault.intensity for fault in self._faults)
        given = plants.night_g_per_m2_h + plants.day_g_per_m2_h * sun
        return given * self._deficit_kpa * self._left("thirst") + wet

    def _now_kpa(self) -> float:
        return physics.vpd_kpa(self.state.air_c, physics.humidity_pct(self.state))

    def _sun(self, time_s: int) -> float:
        """Return the sun as a share of a clear noon's [1]."""
        day, hour = self._outside.day(time_s), self._outside.day_s(time_s) / 3600
        if not day.sunrise_h < hour < day.sunset_h:
            return 0.0
        height = math.sin(math.pi * (hour - day.sunrise_h) / (day.sunset_h - day.sunrise_h))
        return height * (DULL + (1 - DULL) * day.sunshine)

    def _left(self, name: str) -> float:
        share = 1.0
        for fault in self._faults:
            share *= 1.0 - min(getattr(fault.effect, name) * fault.intensity, 1.0)
        return share

    def _breath(self) -> tuple[float, float]:
        """Return how much warmer [K] and moister [%] a breath makes the air in the box."""
        settings, strength = self.parameters, 0.0
        for effect, intensity, since_s in self._faults:
            if effect.breath:
                strength += intensity * math.exp(-(self._time_s - since_s) / settings.breath_s)
        return settings.breath_k * strength, settings.breath_pct * strength


def _condensed(state: State) -> State:
    """Return what the air holds; the rest runs down the glass."""
    return State(state.air_c, min(state.vapour_g_per_m3, physics.saturated_g_per_m3(state.air_c)))


EXACT_K = 1e-9
"""A thermostat that is tested where the air is exactly at its limit must see it there."""
TRACED = ("air", "humidity", "leaf")
KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=(*TRACED, VENT, "heater_power", "heater_energy", "outside_temp"),
    make=House,
)
