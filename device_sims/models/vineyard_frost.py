"""A vineyard as its devices see it: one frost night of `physics.vineyard_frost` in the spring of a typical year.

The night that holds the run's start, or follows it, is the scenario's: it begins at 21:00 with the initial state and
is physics until 11:00. The afternoon leads straight to it and the next noon straight away from it. All other days and
nights are the year's weather, with a bud that is colder than the shelter when the sky is clear and the air calm.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.models._weather import DAY_S, Outside, ramp, until_held
from device_sims.physics import moist_air
from device_sims.physics import vineyard_frost as physics
from device_sims.physics.vineyard_frost import Night, Regime, State

HOUR_S = 3600
BEGINS_S, SUNRISE_S, LEAVES_S, NOON_END_S = 21 * HOUR_S, 7 * HOUR_S, 11 * HOUR_S, 15 * HOUR_S
"""The scenario's night: afternoons are the year's until 15:00, it begins at 21:00 and is left from 11:00 on."""
DUSK_S, MIXING_S = 2 * HOUR_S, 4 * HOUR_S
"""The ground begins to cool buds and air so long before 21:00; the inversion takes so long to go after sunrise."""
DRYING_S = 3600
"""Buds dry, and are cooled by it, for an hour after a sprinkler stops."""
CALM_M_PER_S, WINDY_M_PER_S = 0.6, 3.0
"""Wind of the scenario's night; and the wind in which buds are as warm as the shelter, from half of it on a little."""
SPRAY_S, THAW_S = 2.0, 90.0
"""How fast a cold spray takes a probe down, and the room brings it back: time constants."""


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The night's constants, how much warmer the air is at 10 m [K], and the room in which the desk probe lies [°C]."""

    night: Night = Night()
    inversion_k: float = 3.0
    desk_c: float = 21.0


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """The scenario's night at 21:00: shelter and dew point [°C].

    Attributes:
        sprinkling_from_h: hour of that night at which the pump was started [h]; the switch's first order ends it.
    """

    air_c: float = 8.0
    dew_c: float = -1.0
    sprinkling_from_h: float | None = None


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        cloud: share of the clear sky's cooling that clouds take away [1].
        wind_machine: share of a wind machine's warmth, 0.4 of the inversion [1].
        candles_k: warmth of candles [K].
        inversion_lost: share of the inversion that is missing [1].
        windy: it blows.
        pump_dry: the relay is on and no water comes.
        spray_k: how far a cold spray takes the desk probe below the room [K].
    """

    cloud: float = 0.0
    wind_machine: float = 0.0
    candles_k: float = 0.0
    inversion_lost: float = 0.0
    windy: bool = False
    pump_dry: bool = False
    spray_k: float = 0.0


class Sky(NamedTuple):
    """What cools the buds at an instant: share of a clear calm night [1], inversion [K], wind [m/s]."""

    clear: float
    inversion_k: float
    wind_m_per_s: float


class Vineyard:
    """A vineyard that lives through a night."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Place the scenario's night on the run's time; the state itself comes with the first look at the clock."""
        self.parameters = parameters
        self.initial = initial
        self._outside = Outside(begin)
        before = begin.clock_s < LEAVES_S
        self._night_s = BEGINS_S - begin.clock_s - (DAY_S if before else 0)
        self._faults: tuple[Active, ...] = ()
        self._orders: Mapping[str, float] = {}
        self._dried_s: int | None = None
        self._watered = self._switched_on = False
        self._desk_c = parameters.desk_c
        self._left: State | None = None
        self.state: State | None = None
        self._sky = Sky(0.0, 0.0, 0.0)
        self._measured: dict[str, float] = {}

    def values(self) -> Mapping[str, float]:
        """Return air, bud, wet_probe, air_10m, desk_temp [°C], humidity [%], wind [m/s] and sprinkling [0/1]."""
        return {**self._measured, "sprinkling": float(self._switched_on)}

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the order of the relay that feeds the pump (`sprinkling`)."""
        self._faults = tuple(faults)
        self._orders = dict(orders)
        if self.state is None:
            self.state = self._first(time_s)
        self._look(time_s)

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run `count` seconds, or until the pump starts by itself."""
        traces: dict[str, list[float]] = {name: [] for name in TRACED}
        passed = 0
        while passed < count:
            now_s = time_s + passed
            length = min(count - passed, until_held(now_s), self._until_change(now_s))
            before, on = self._measured, self._switched_on
            self.state = self._after(now_s, length)
            self._desk_c = self._desk_after(length)
            passed += length
            self._look(time_s + passed)
            for name, trace in traces.items():
                trace.extend(ramp(before[name], self._measured[name], length))
            if on != self._switched_on:
                break
        return passed, traces

    # the pump

    def _look(self, time_s: int) -> None:
        """Look at clock and sky: the pump's own start, whether water comes, and what is measured."""
        self._switched_on = self._pump_on(time_s)
        watered = self._switched_on and not any(fault.effect.pump_dry for fault in self._faults)
        if self._watered and not watered:
            self._dried_s = time_s + DRYING_S
        self._watered = watered
        self._sky = self._sky_at(time_s)
        self._measured = self._measure()

    def _pump_on(self, time_s: int) -> bool:
        if "sprinkling" in self._orders:
            return self._orders["sprinkling"] != 0
        start_h = self.initial.sprinkling_from_h
        if start_h is None:
            return False
        start_s = self._night_s + (start_h * HOUR_S - BEGINS_S) % DAY_S
        return start_s <= time_s < self._leaves_s

    def _until_change(self, time_s: int) -> int:
        """Return for how long nothing starts or ends by the clock [s]."""
        start_h = self.initial.sprinkling_from_h
        cuts = [self._night_s - 6 * HOUR_S, self._night_s, self._leaves_s, self._back_s]
        cuts += [] if self._dried_s is None else [self._dried_s]
        cuts += [] if start_h is None else [self._night_s + round(start_h * HOUR_S - BEGINS_S) % DAY_S]
        return min((cut - time_s for cut in cuts if cut > time_s), default=DAY_S)

    # the air

    @property
    def _leaves_s(self) -> int:
        return self._night_s + DAY_S - BEGINS_S + LEAVES_S

    @property
    def _back_s(self) -> int:
        return self._night_s + DAY_S - BEGINS_S + NOON_END_S

    def _first(self, time_s: int) -> State:
        """Return where the history begins."""
        if self._night_s <= time_s < self._leaves_s:
            at_dusk = physics.dusk(self.initial.air_c, self.initial.dew_c, self.parameters.night)
            return self._by_night(at_dusk, self._night_s, time_s - self._night_s)
        return self._by_weather(time_s, None)

    def _after(self, time_s: int, length_s: int) -> State:
        """Return the vineyard `length_s` later; the step crosses no change."""
        state, end_s = self.state, time_s + length_s
        assert state is not None  # noqa: S101 — the world acts before it advances
        if self._night_s <= time_s < self._leaves_s:
            state = self._by_night(state, time_s, length_s)
            self._left = state
            return state
        if end_s == self._night_s:
            return physics.dusk(self.initial.air_c, self.initial.dew_c, self.parameters.night)
        return self._by_weather(end_s, (state, length_s))

    def _by_night(self, state: State, time_s: int, length_s: int) -> State:
        sunrise_in_s = self._night_s + DAY_S - BEGINS_S + SUNRISE_S - time_s
        return physics.step(state, self.parameters.night, self._regime(time_s), sunrise_in_s, length_s)

    def _regime(self, time_s: int) -> Regime:
        return Regime(
            sky=self._cloudless(),
            windy=any(fault.effect.windy for fault in self._faults),
            protection_k=self._protection_k(time_s),
            sprinkling=self._watered,
        )

    def _cloudless(self) -> float:
        cloud: float = sum(fault.effect.cloud * fault.intensity for fault in self._faults)
        return min(max(1.0 - cloud, 0.0), 1.0)

    def _protection_k(self, time_s: int) -> float:
        machines: float = sum(fault.effect.wind_machine * fault.intensity for fault in self._faults)
        candles: float = sum(fault.effect.candles_k * fault.intensity for fault in self._faults)
        drying = self._dried_s is not None and time_s < self._dried_s and not self._watered
        blown = physics.wind_machine_k(self.parameters.inversion_k * self._inverted()) * machines
        return blown + candles + (physics.EVAPORATION_K if drying else 0.0)

    def _inverted(self) -> float:
        lost: float = sum(fault.effect.inversion_lost * fault.intensity for fault in self._faults)
        return max(1.0 - lost, 0.0)

    def _by_weather(self, time_s: int, before: tuple[State, int] | None) -> State:
        """Return the vineyard at an instant of an ordinary day, or on its way to or from the scenario's night."""
        weather = self._outside.at(time_s)
        air, dew = weather.outside_c, moist_air.dew_point_c(weather.outside_c, weather.humidity_pct)
        share = self._bridged(time_s)
        if share > 0:
            far = self._left if time_s > self._night_s and self._left is not None else None
            end_air, end_dew = (far.air_c, far.dew_c) if far else (self.initial.air_c, self.initial.dew_c)
            air, dew = air + (end_air - air) * share, dew + (end_dew - dew) * share
        sky = self._sky_at(time_s)
        goal = air - self.parameters.night.bud_below_k * sky.clear + self._protection_k(time_s)
        goal = max(goal, physics.ICE_C) if self._watered else goal
        if before is None or (share > 0 and time_s < self._night_s):
            return State(air, min(dew, air), goal)
        state, length_s = before
        left = math.exp(-length_s / (60 * self.parameters.night.bud_min))
        return State(air, min(dew, air), goal + (state.bud_c - goal) * left)

    def _bridged(self, time_s: int) -> float:
        """Return how much of an instant belongs to the scenario's night [1]."""
        if time_s < self._night_s:
            return max(1 - (self._night_s - time_s) / (6 * HOUR_S), 0.0)
        if time_s < self._leaves_s:
            return 1.0
        return max((self._back_s - time_s) / (self._back_s - self._leaves_s), 0.0)

    def _sky_at(self, time_s: int) -> Sky:
        """Return what cools the buds: by night, in the scenario's a clear calm sky, in others the weather's."""
        weather, share = self._outside.at(time_s), self._bridged(time_s)
        wind = weather.wind_m_per_s + (CALM_M_PER_S - weather.wind_m_per_s) * share
        windy = any(fault.effect.windy for fault in self._faults)
        still = min(max((WINDY_M_PER_S - weather.wind_m_per_s) / WINDY_M_PER_S * 2, 0.0), 1.0)
        clear = 1.0 if share > 0 else weather.sky * still
        inversion = self.parameters.inversion_k * clear * self._dark(time_s, MIXING_S) * self._inverted()
        cooling = 0.0 if windy else clear * self._dark(time_s, 60 * self.parameters.night.fade_min) * self._cloudless()
        return Sky(cooling, inversion, max(wind, WINDY_M_PER_S) if windy else wind)

    def _dark(self, time_s: int, fade_s: float) -> float:
        """Return 1 by night, 0 by day, and what lies between at dusk and for `fade_s` after sunrise."""
        day_s = self._outside.day_s(time_s)
        if day_s >= BEGINS_S - DUSK_S:
            return min((day_s - BEGINS_S + DUSK_S) / DUSK_S, 1.0)
        return min(max((SUNRISE_S + fade_s - day_s) / fade_s, 0.0), 1.0)

    # what is measured

    def _measure(self) -> dict[str, float]:
        state = self.state
        assert state is not None  # noqa: S101 — the world acts before it looks
        return {
            "air": state.air_c,
            "humidity": moist_air.humidity_pct(state.air_c, state.dew_c),
            "bud": state.bud_c,
            "wet_probe": physics.wet_bulb_c(state, self.parameters.night),
            "air_10m": physics.air_10m_c(state, self._sky.inversion_k),
            "wind": self._sky.wind_m_per_s,
            "desk_temp": self._desk_c,
        }

    def _desk_after(self, length_s: int) -> float:
        below: float = sum(fault.effect.spray_k * fault.intensity for fault in self._faults)
        goal = self.parameters.desk_c - below
        return goal + (self._desk_c - goal) * math.exp(-length_s / (SPRAY_S if below > 0 else THAW_S))


TRACED = ("air", "humidity", "bud", "wet_probe", "air_10m", "desk_temp")
KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=(*TRACED, "wind", "sprinkling"),
    make=Vineyard,
)
