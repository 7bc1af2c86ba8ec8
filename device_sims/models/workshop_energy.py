"""The workshop as its devices see it: hours, thermostats and faults become loads, and loads what a Linky counts.

Physics: `physics.workshop_energy` (oven, office, fridge), `physics.linky` (the meter). A fault `tic_unplugged` makes
the meter's measures NaN: the module that reads the meter is there and has nothing to say.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.physics import linky
from device_sims.physics import workshop_energy as physics
from device_sims.physics.hours import DAY_S, EVERY_DAY, Hours
from device_sims.physics.linky import Contract, Drawn, Load
from device_sims.physics.workshop_energy import Cycle, Heated, Regime, Seconds, State

ALWAYS_C = 1000.0
"""A set point that no office reaches: its heater stays on."""
OPEN_DAYS = (0, 1, 2, 3, 4)
SATURDAY = 5
OVEN, RADIATOR, KETTLE = 3, 4, 5
"""Places of loads among base, fridge, work, oven, radiator, kettle."""


class When(Struct, frozen=True, forbid_unknown_fields=True):
    """Hours of the day [h] and days of the week (0 Monday … 6 Sunday) in which something is on."""

    spans_h: tuple[tuple[float, float], ...]
    days: tuple[int, ...] = OPEN_DAYS

    @property
    def hours(self) -> Hours:
        """The same as the physics takes it."""
        return Hours(self.spans_h, self.days)


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """Loads, hours, and the two bodies that a thermostat heats (`use_cases.md` §3).

    Attributes:
        base, fridge, work, kettle: loads, active power [W] and power factor [1].
        fridge_cycle: how the fridge comes and goes.
        at_work, oven_on, set_back: hours of the machines, of the oven, and of the office's night temperature.
        closed: hours in which the office is only kept from freezing.
        oven, office: bodies with a heater; `oven_c`, `day_c`, `night_c`, `closed_c`: their set points [°C].
        hall_c, outside_c: around the oven, and around the office [°C].
        gains_day_w, gains_night_w: heat in the office by day and by night [W].
        window_w_per_k: what an open window adds [W/K].
        contract: the subscription.
    """

    base: Load = physics.BASE
    fridge: Load = physics.FRIDGE
    fridge_cycle: Cycle = Cycle()
    work: Load = physics.WORK
    kettle: Load = physics.KETTLE
    at_work: When = When(physics.AT_WORK.spans_h, OPEN_DAYS)
    oven_on: When = When(physics.OVEN_ON.spans_h, OPEN_DAYS)
    set_back: When = When(physics.SET_BACK.spans_h, EVERY_DAY)
    closed: tuple[When, ...] = (When(((0.0, 24.0),), (5, 6)), When(((0.0, 5.0),), (0,)))
    oven: Heated = physics.OVEN
    oven_c: float = physics.OVEN_C
    hall_c: float = 20.0
    office: Heated = physics.OFFICE
    day_c: float = physics.OFFICE_DAY_C
    night_c: float = physics.OFFICE_NIGHT_C
    closed_c: float = 8.0
    outside_c: float = 5.0
    gains_day_w: float = physics.GAINS_DAY_W
    gains_night_w: float = physics.GAINS_NIGHT_W
    window_w_per_k: float = physics.WINDOW_W_PER_K
    contract: Contract = Contract()


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: oven and office [°C], and what the meter shows [Wh]."""

    oven_c: float = 20.0
    office_c: float = 17.0
    peak_wh: float = 0.0
    off_peak_wh: float = 0.0


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        kettle: the kettle is on.
        forgotten_w: a load that was left on [W], power factor 1.
        oven: the oven holds its temperature whatever the hour.
        window: the office window is open.
        heater: the radiator heats whatever its thermostat says.
        saturday: the machines work on Saturday as on other days.
        no_tic: the meter's output is unplugged.
        index_back_wh: the indexes go back by so much when it begins [Wh], and stay so: a new meter.
    """

    kettle: bool = False
    forgotten_w: float = 0.0
    oven: bool = False
    window: bool = False
    heater: bool = False
    saturday: bool = False
    no_tic: bool = False
    index_back_wh: float = 0.0


@dataclass(frozen=True, slots=True)
class Timetable:
    """What the hours make of a moment, and until which second of the run that holds."""

    working: bool
    fridge: bool
    cheap: bool
    regimes: tuple[Regime, Regime]
    until_s: int


class Workshop:
    """A workshop that works, heats and sleeps."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        self.oven = State(initial.oven_c)
        self.office = State(initial.office_c)
        self.meter = linky.counted(initial.peak_wh, initial.off_peak_wh)
        self.radiator_wh = 0.0
        self._back_wh: dict[int, float] = {}
        self._week_s = begin.weekday * DAY_S + begin.clock_s
        self._faults: tuple[Active, ...] = ()
        self._orders: Mapping[str, float] = {}
        self._steps: dict[tuple[int, Regime], Seconds] = {}
        self._powers: dict[tuple[bool, ...], Drawn] = {}
        self._work = parameters.at_work.hours
        self._baking = parameters.oven_on.hours
        self._night = parameters.set_back.hours
        self._closed = tuple(each.hours for each in parameters.closed)
        self._saturday = Hours(parameters.at_work.spans_h, (SATURDAY,))
        self._now = self._look(0)

    def values(self) -> Mapping[str, float]:
        """Return what the meter, the plugs and the office's devices would read, in the units of `KIND`."""
        power = self._drawn()
        readable = math.nan if self._any("no_tic") else 1.0
        back_wh = sum(self._back_wh.values())
        settings, on = self.parameters, self._on()
        return {
            "papp": linky.papp_va(power) * readable,
            "current": linky.iinst_a(power, settings.contract) * readable,
            "largest_current": max(self.meter.largest_a, linky.iinst_a(power, settings.contract)) * readable,
            "index_hp": (self.meter.peak_wh - back_wh) * readable,
            "index_hc": (self.meter.off_peak_wh - back_wh) * readable,
            "tariff": float(not self._now.cheap) * readable,
            "kettle_on": float(on[KETTLE]),
            "kettle_power": settings.kettle.power_w * on[KETTLE],
            "oven_power": settings.oven.heater_w * on[OVEN],
            "radiator_power": settings.office.heater_w * on[RADIATOR],
            "radiator_energy": self.radiator_wh,
            "radiator_on": float(self._relay("radiator_on")),
            "office_temp": self.office.temperature_c,
            "window_open": float(self._any("window")),
            "oven_temp": self.oven.temperature_c,
            "total_power": power.active_w,
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the orders of the kettle's plug (`kettle_on`) and of the radiator's (`radiator_on`)."""
        self._faults = tuple(faults)
        self._orders = dict(orders)
        self._powers.clear()
        back = {fault.since_s: fault.effect.index_back_wh * fault.intensity for fault in faults}
        self._back_wh |= {since_s: wh for since_s, wh in back.items() if wh}
        self._see(time_s)

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run until a schedule, a thermostat or the fridge changes, at most `count` seconds."""
        if time_s >= self._now.until_s:
            self._see(time_s)
        limit = min(count, self._now.until_s - time_s)
        power, radiator_w = self._drawn(), self.parameters.office.heater_w * self._on()[RADIATOR]
        _, ovens = physics.advance(self.oven, self._seconds(0), limit)
        _, offices = physics.advance(self.office, self._seconds(1), limit)
        passed = min(len(ovens), len(offices))
        self.oven = State(ovens[passed - 1], self.oven.calling)
        self.office = State(offices[passed - 1], self.office.calling)
        self._count(power, passed)
        self.radiator_wh += radiator_w * passed / 3600
        if time_s + passed >= self._now.until_s:
            self._see(time_s + passed)
        else:
            self._call()
        return passed, {"office_temp": offices[:passed], "oven_temp": ovens[:passed]}

    # the hours

    def _see(self, time_s: int) -> None:
        """Read the timetable at a second of the run, and let the thermostats see it."""
        self._now = self._look(time_s)
        self._call()

    def _look(self, time_s: int) -> Timetable:
        at = self._week_s + time_s
        settings = self.parameters
        saturday = self._any("saturday") and self._saturday.hold(at)
        hours = (self._work, self._baking, self._night, *self._closed, self._saturday, settings.contract.off_peak)
        until = min(settings.fridge_cycle.until_change_s(at), *(each.until_change_s(at) for each in hours))
        return Timetable(
            working=self._work.hold(at) or saturday,
            fridge=settings.fridge_cycle.runs(at),
            cheap=settings.contract.off_peak.hold(at),
            regimes=(self._oven_regime(at), self._office_regime(at)),
            until_s=time_s + math.ceil(until),
        )

    def _oven_regime(self, at: float) -> Regime:
        settings = self.parameters
        return Regime(settings.hall_c, settings.oven_c, powered=self._any("oven") or self._baking.hold(at))

    def _office_regime(self, at: float) -> Regime:
        settings = self.parameters
        night, closed = self._night.hold(at), any(each.hold(at) for each in self._closed)
        wanted_c = settings.closed_c if closed else settings.night_c if night else settings.day_c
        return Regime(
            settings.outside_c,
            ALWAYS_C if self._any("heater") else wanted_c,
            open_w_per_k=settings.window_w_per_k * self._any("window"),
            gains_w=settings.gains_night_w if night or closed else settings.gains_day_w,
            powered=self._relay("radiator_on"),
        )

    # what is on

    def _on(self) -> tuple[bool, ...]:
        """Return which loads draw current now: base, fridge, work, oven, radiator, kettle."""
        oven, office = self._now.regimes
        kettle = self._any("kettle") or self._orders.get("kettle_on", 0.0) != 0
        heating = physics.heats(self.oven, oven), physics.heats(self.office, office)
        return True, self._now.fridge, self._now.working, *heating, kettle

    def _drawn(self) -> Drawn:
        on = self._on()
        if on not in self._powers:
            settings = self.parameters
            oven, radiator = Load(settings.oven.heater_w), Load(settings.office.heater_w)
            loads = (settings.base, settings.fridge, settings.work, oven, radiator, settings.kettle)
            forgotten = Load(sum(fault.effect.forgotten_w * fault.intensity for fault in self._faults))
            self._powers[on] = linky.drawn([*(load for load, runs in zip(loads, on, strict=True) if runs), forgotten])
        return self._powers[on]

    def _count(self, power: Drawn, passed_s: int) -> None:
        """Let the meter count seconds of one tariff: `linky.step` without looking for a change of it."""
        energy_j = power.active_w * passed_s
        self.meter = linky.State(
            self.meter.peak_j + energy_j * (not self._now.cheap),
            self.meter.off_peak_j + energy_j * self._now.cheap,
            max(self.meter.largest_a, linky.iinst_a(power, self.parameters.contract)),
        )

    def _call(self) -> None:
        """Let both thermostats see the present second: what they switch is on from now."""
        settings = self.parameters
        oven, office = self._now.regimes
        self.oven = State(self.oven.temperature_c, physics.thermostat(self.oven, settings.oven, oven))
        self.office = State(self.office.temperature_c, physics.thermostat(self.office, settings.office, office))

    def _seconds(self, which: int) -> Seconds:
        key = (which, self._now.regimes[which])
        if key not in self._steps:
            body = (self.parameters.oven, self.parameters.office)[which]
            self._steps[key] = physics.seconds(body, self._now.regimes[which])
        return self._steps[key]

    def _relay(self, name: str) -> bool:
        return self._orders.get(name, 1.0) != 0

    def _any(self, name: str) -> bool:
        return any(getattr(fault.effect, name) for fault in self._faults)


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=(
        "papp",
        "current",
        "largest_current",
        "index_hp",
        "index_hc",
        "tariff",
        "kettle_on",
        "kettle_power",
        "oven_power",
        "radiator_power",
        "radiator_energy",
        "radiator_on",
        "office_temp",
        "window_open",
        "oven_temp",
        "total_power",
    ),
    make=Workshop,
)
