"""A hive as its devices see it: nectar of the year's sunny days, rain on the roof, swarm, thief and visitor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.models._weather import HELD_S, Outside, ramp, until_held
from device_sims.physics import beehive as physics
from device_sims.physics import moist_air, monthly
from device_sims.physics.beehive import Hive, Regime, State
from device_sims.physics.weather import Weather

HOUR_S = 3600
RAIN_FILM_KG, WETTING_KG_PER_H, DRYING_KG_PER_H = 0.3, 0.6, 0.15
"""What rain leaves on a hive at most, how fast it comes, and goes: 0.3 kg dry in 2 h."""
HOMING_S = 600.0
"""Time constant with which foragers come home from the rain, and fly out after it."""
TAG_SHARE = 0.6
"""Where a tag under the cover stands between the outside (0) and the brood (1)."""
BREATH_HPA, DRYING_HPA_PER_KG = 6.0, 2.0
"""Vapour that bees add to the air of the hive, and that each kg of water in fresh nectar adds."""
COUNTER = 255
"""A RuuviTag's movement counter goes from 0 to 254."""


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The hive and what its flowers give.

    Attributes:
        hive: its constants.
        nectar_kg_per_day: F of a fully sunny day [kg/day], 0 to 30.
        flowers: months with nectar, 1 January to 12 December.
        use_kg_per_day: honey eaten in the months that `physics.WINTER_USE_KG` does not name [kg/day].
        sunshine: s of every day, which is dry [1]; unset: the year's weather, rain included.
        outside_c: temperature of every hour [°C]; unset: the year's weather.
        scale_kg_per_k: what the scale reads more per kelvin above 20 °C [kg/K].
        box_kg: the box on the table scale [kg].
    """

    hive: Hive = Hive()
    nectar_kg_per_day: float = 5.0
    flowers: tuple[int, ...] = (4, 5, 6, 7, 8)
    use_kg_per_day: float = 0.1
    sunshine: float | None = None
    outside_c: float | None = None
    scale_kg_per_k: float = 0.01
    box_kg: float = 1.5


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: bees, honey, water of fresh nectar [kg], brood [°C], the tag's counter."""

    bees_kg: float = 3.5
    honey_kg: float = 6.0
    water_kg: float = 0.0
    brood_c: float = 34.8
    movement: int = 17


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        leaving_kg: bees that begin to leave when it begins [kg].
        lifted: the hive is off the scale.
        super_kg: honey super that is taken off meanwhile [kg].
        shakes: steps of the tag's counter when it begins, and again when it ends.
        nectar_kg_per_day: F instead of the season's [kg/day]; intensity multiplies it.
        sunshine: s instead of the weather's [1].
        film_kg: rain that is on the roof when it begins [kg].
        robbed_kg_per_day: honey carried away in flying hours [kg/day].
        dead: the brood is not warmed any more.
        box_lifted: the box is off the table scale.
        button: the beekeeper's visit button is pressed.
    """

    leaving_kg: float = 0.0
    lifted: bool = False
    super_kg: float = 0.0
    shakes: int = 0
    nectar_kg_per_day: float | None = None
    sunshine: float | None = None
    film_kg: float = 0.0
    robbed_kg_per_day: float = 0.0
    dead: bool = False
    box_lifted: bool = False
    button: bool = False


class Colony:
    """A colony that lives on a scale."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        self.state = State(
            bees_kg=initial.bees_kg,
            honey_kg=initial.honey_kg,
            water_kg=initial.water_kg,
            brood_c=initial.brood_c,
        )
        self.movement = initial.movement
        self._outside = Outside(begin)
        self._faults: tuple[Active, ...] = ()
        self._flying = 1.0
        self._measured: dict[str, float] = {}

    def values(self) -> Mapping[str, float]:
        """Return weight, lifted [kg], temperatures [°C], humidities [%], pressure [hPa], counter and button."""
        return self._measured

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults; what happens at once happens when one begins or ends."""
        del orders
        known = {(fault.effect, fault.since_s) for fault in self._faults}
        present = {(fault.effect, fault.since_s) for fault in faults}
        for effect, intensity, since_s in faults:
            if (effect, since_s) not in known:
                self._begin(effect, intensity)
        for effect, intensity, since_s in self._faults:
            if (effect, since_s) not in present:
                self._shake(effect.shakes * intensity)
        self._faults = tuple(faults)
        self._look(time_s)

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run `count` seconds; weather and season are held from one whole minute to the next."""
        traces: dict[str, list[float]] = {name: [] for name in TRACED}
        passed = 0
        while passed < count:
            now_s = time_s + passed
            length = min(count - passed, until_held(now_s))
            before = self._measured
            raining = self._raining(now_s)
            regime, day_s = self._regime(now_s, length, raining=raining), self._outside.day_s(now_s)
            self.state = physics.step(self.state, self.parameters.hive, regime, day_s, length)
            self._fly(length, raining=raining)
            passed += length
            self._look(time_s + passed)
            for name, trace in traces.items():
                trace.extend(ramp(before[name], self._measured[name], length))
        return passed, traces

    # what happens at once

    def _begin(self, effect: Effect, intensity: float) -> None:
        self.state = physics.swarm(self.state, effect.leaving_kg * intensity)
        self.state = replace(self.state, film_kg=self.state.film_kg + effect.film_kg * intensity)
        self._shake(effect.shakes * intensity)

    def _shake(self, steps: float) -> None:
        self.movement = (self.movement + round(steps)) % COUNTER

    # what holds over a minute

    def _regime(self, time_s: int, length_s: int, *, raining: bool) -> Regime:
        minute_s = time_s - time_s % HELD_S
        return Regime(
            nectar_kg_per_day=self._nectar(minute_s),
            sunshine=self._sunshine(minute_s),
            use_kg_per_day=self._use(minute_s),
            film_kg_per_h=self._film_kg_per_h(length_s) if raining else -DRYING_KG_PER_H,
            outside_c=self._weather_at(minute_s).outside_c,
            alive=not any(fault.effect.dead for fault in self._faults),
        )

    def _weather_at(self, time_s: float) -> Weather:
        weather = self._outside.at(time_s)
        fixed = self.parameters.outside_c
        if fixed is None:
            return weather
        vapour = weather.humidity_pct * moist_air.saturation_hpa(weather.outside_c)
        humidity = min(vapour / moist_air.saturation_hpa(fixed), 100.0)
        return replace(weather, outside_c=fixed, humidity_pct=humidity)

    def _nectar(self, time_s: int) -> float:
        given: list[float] = [
            fault.effect.nectar_kg_per_day * fault.intensity
            for fault in self._faults
            if fault.effect.nectar_kg_per_day is not None
        ]
        flowers = self._outside.month(time_s) in self.parameters.flowers
        return given[-1] if given else self.parameters.nectar_kg_per_day * flowers

    def _sunshine(self, time_s: int) -> float:
        given: list[float] = [fault.effect.sunshine for fault in self._faults if fault.effect.sunshine is not None]
        if given:
            return given[-1]
        fixed = self.parameters.sunshine
        return self._outside.day(time_s).sunshine if fixed is None else fixed

    def _use(self, time_s: int) -> float:
        month = self._outside.month(time_s)
        monthly_kg = physics.WINTER_USE_KG.get(month)
        use = self.parameters.use_kg_per_day if monthly_kg is None else monthly_kg / monthly.DAYS[month - 1]
        robbed: float = sum(fault.effect.robbed_kg_per_day * fault.intensity for fault in self._faults)
        flying = physics.FROM_S <= self._outside.day_s(time_s) < physics.UNTIL_S
        return use + (robbed * physics.DAY_S / (physics.UNTIL_S - physics.FROM_S) if flying else 0.0)

    def _raining(self, time_s: int) -> bool:
        """Tell whether any rain falls in this minute."""
        minute_s = time_s - time_s % HELD_S
        return self.parameters.sunshine is None and self._outside.rain_mm(minute_s, minute_s + HELD_S) > 0

    def _film_kg_per_h(self, length_s: int) -> float:
        missing = max(RAIN_FILM_KG - self.state.film_kg, 0.0)
        return min(WETTING_KG_PER_H, missing * HOUR_S / length_s)

    def _fly(self, length_s: int, *, raining: bool) -> None:
        goal = 0.0 if raining else 1.0
        self._flying = goal + (self._flying - goal) * math.exp(-length_s / HOMING_S)

    # what is measured

    def _look(self, time_s: int) -> None:
        weather = self._weather_at(time_s)
        hive_c = weather.outside_c + TAG_SHARE * (self.state.brood_c - weather.outside_c)
        self._measured = {
            "weight": self._weight(time_s, weather),
            "brood_temp": self.state.brood_c,
            "hive_temp": hive_c,
            "hive_humidity": self._hive_humidity(hive_c, weather),
            "movement": float(self.movement),
            "outside": weather.outside_c,
            "humidity": weather.humidity_pct,
            "pressure": weather.pressure_hpa,
            "visit": float(any(fault.effect.button for fault in self._faults)),
            "lifted": 0.0 if any(fault.effect.box_lifted for fault in self._faults) else self.parameters.box_kg,
        }

    def _weight(self, time_s: int, weather: Weather) -> float:
        drift = self.parameters.scale_kg_per_k * (weather.outside_c - 20)
        if any(fault.effect.lifted for fault in self._faults):
            return drift
        day_s = self._outside.day_s(time_s)
        whole = physics.weight_kg(self.state, self.parameters.hive, day_s, flying=self._flying)
        taken: float = sum(fault.effect.super_kg * fault.intensity for fault in self._faults)
        return max(whole - taken, 0.0) + drift

    def _hive_humidity(self, hive_c: float, weather: Weather) -> float:
        """Return the relative humidity under the cover [%]: outside air, breath, and nectar that dries."""
        outside = moist_air.saturation_hpa(weather.outside_c) * weather.humidity_pct / 100
        vapour = outside + BREATH_HPA + DRYING_HPA_PER_KG * self.state.water_kg
        return min(100 * vapour / moist_air.saturation_hpa(hive_c), 100.0)


TRACED = ("hive_temp", "hive_humidity", "outside", "humidity")
KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=("weight", "brood_temp", "movement", "pressure", "lifted", "visit", *TRACED),
    make=Colony,
)
