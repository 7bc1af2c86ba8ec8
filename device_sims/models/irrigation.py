"""A field as its probes see it: two depths at three points of `physics.irrigation`, a valve, rain of the year.

What drains below the upper reserve is the lower one's rain. The crop drinks by day, as the sun stands: nothing before
6:00 and after 20:00, half the day's evapotranspiration by 13:00.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.models._weather import Outside, until_held
from device_sims.physics import irrigation as physics
from device_sims.physics.irrigation import Regime, Soil, State

DAY_S, HOUR_S = 86_400, 3600
DAWN_S, DUSK_S = 6 * HOUR_S, 20 * HOUR_S
POINTS = ("a", "b", "c")
POT = Soil(reserve_mm=25.0)
"""A flower pot on the table, of the same earth; nothing grows in it."""


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The field.

    Attributes:
        soil: of either depth.
        et0_mm_per_day: reference evapotranspiration [mm/day].
        crop: crop coefficient Kc [1].
        lower_share: share of it that roots take from the lower reserve besides [1].
        uniformity: what each of the three points gets of the irrigation [1]; no field is watered evenly.
        valve_mm_per_h: what the open valve brings [mm/h].
        rain_share: of the year's rain that falls here [1]; 0: a dry spell.
    """

    soil: Soil = Soil()
    et0_mm_per_day: float = 4.0
    crop: float = 1.0
    lower_share: float = 0.3
    uniformity: tuple[float, float, float] = (1.0, 0.9, 1.1)
    valve_mm_per_h: float = 6.0
    rain_share: float = 1.0


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: water of the upper reserve at each point, of all lower ones, of the pot [mm]."""

    upper_mm: tuple[float, float, float] = (100.0, 100.0, 100.0)
    lower_mm: float = 100.0
    pot_mm: float = 8.0


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        valve_shut: no water comes, whatever the relay says.
        valve_open: water comes, whatever the relay says.
        dry_line: this point's line is clogged ("a", "b", "c").
        rain_mm_per_h: rain besides the year's [mm/h].
        extra_et0_mm_per_day: a hot dry wind [mm/day].
        watering: somebody turned the relay on at its box; an order goes first.
        pot_mm: water poured into the pot when it begins [mm].
    """

    valve_shut: bool = False
    valve_open: bool = False
    dry_line: str = ""
    rain_mm_per_h: float = 0.0
    extra_et0_mm_per_day: float = 0.0
    watering: bool = False
    pot_mm: float = 0.0


class Field:
    """A field that dries and is watered."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        self.upper = [State(water_mm=each) for each in initial.upper_mm]
        self.lower = [State(water_mm=initial.lower_mm) for _ in POINTS]
        self.pot = State(water_mm=initial.pot_mm)
        self.rain_mm = 0.0
        self.watered_mm = 0.0
        self._outside = Outside(begin)
        self._faults: tuple[Active, ...] = ()
        self._switched_on = False

    def values(self) -> Mapping[str, float]:
        """Return tensions [cb], rain and irrigation since the history began [mm], and whether the relay is on [0/1]."""
        soil = self.parameters.soil
        tensions = {
            f"{point}_{depth}": physics.tension_cb(states[place], soil)
            for depth, states in (("30", self.upper), ("60", self.lower))
            for place, point in enumerate(POINTS)
        }
        return {
            **tensions,
            "pot": physics.tension_cb(self.pot, POT),
            "rain": self.rain_mm,
            "watered": self.watered_mm,
            "valve": float(self._switched_on),
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the order of the relay that feeds the valve (`valve`)."""
        del time_s
        known = {(fault.effect, fault.since_s) for fault in self._faults}
        for effect, intensity, since_s in faults:
            if (effect, since_s) not in known and effect.pot_mm:
                poured = min(self.pot.water_mm + effect.pot_mm * intensity, POT.reserve_mm)
                self.pot = replace(self.pot, water_mm=poured)
        self._faults = tuple(faults)
        by_hand = any(fault.effect.watering for fault in faults)
        self._switched_on = orders.get("valve", float(by_hand)) != 0

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run `count` seconds; rain and sun are held for a minute at most."""
        passed = 0
        while passed < count:
            length = min(count - passed, until_held(time_s + passed))
            self._step(time_s + passed, length)
            passed += length
        return passed, {}

    def _step(self, time_s: int, length_s: int) -> None:
        rain = self._rain_mm_per_h(time_s, length_s)
        watered = self._watered_mm_per_h()
        soil, et0 = self.parameters.soil, self._et0_mm_per_day(time_s, length_s)
        for place, point in enumerate(POINTS):
            clogged = any(fault.effect.dry_line == point for fault in self._faults)
            share = 0.0 if clogged else self.parameters.uniformity[place]
            regime = Regime(rain, watered * share, et0, self.parameters.crop)
            before = self.upper[place]
            self.upper[place] = physics.step(before, soil, regime, length_s)
            seeping = max(self.upper[place].drained_mm - before.drained_mm, 0.0) * HOUR_S / length_s
            below = Regime(seeping, 0.0, et0 * self.parameters.lower_share, self.parameters.crop)
            self.lower[place] = physics.step(self.lower[place], soil, below, length_s)
        self.rain_mm += rain * length_s / HOUR_S
        self.watered_mm += watered * length_s / HOUR_S

    def _watered_mm_per_h(self) -> float:
        effects = [fault.effect for fault in self._faults]
        if any(effect.valve_shut for effect in effects):
            return 0.0
        running = self._switched_on or any(effect.valve_open for effect in effects)
        return self.parameters.valve_mm_per_h if running else 0.0

    def _rain_mm_per_h(self, time_s: int, length_s: int) -> float:
        usual = self._outside.rain_mm(time_s, time_s + length_s) * HOUR_S / length_s * self.parameters.rain_share
        extra: float = sum(fault.effect.rain_mm_per_h * fault.intensity for fault in self._faults)
        return usual + extra

    def _et0_mm_per_day(self, time_s: int, length_s: int) -> float:
        extra: float = sum(fault.effect.extra_et0_mm_per_day * fault.intensity for fault in self._faults)
        day_s = self._outside.day_s(time_s)
        share = _drunk(day_s + length_s) - _drunk(day_s)
        return (self.parameters.et0_mm_per_day + extra) * share * DAY_S / length_s


def _drunk(day_s: float) -> float:
    """Return the share of a day's evapotranspiration that is past, `day_s` seconds after midnight, up to a day on."""
    past = min(max((day_s - DAWN_S) / (DUSK_S - DAWN_S), 0.0), 1.0)
    return (1 - math.cos(math.pi * past)) / 2


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=(*(f"{point}_{depth}" for depth in ("30", "60") for point in POINTS), "pot", "rain", "watered", "valve"),
    make=Field,
)
