"""The cold room as its devices see it: faults and schedule become regimes of `physics.cold_room`."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.physics import cold_room as physics
from device_sims.physics.cold_room import ColdRoom, Regime, State

HELD_S = 60
"""A slowly varying input (an icing fan) is held for at most so long, from the moment it began."""
DAY_S = 86_400
MJ_PER_WH = 3_600_000
"""The meter counts whole millijoules: a sum that does not depend on how the time is cut into steps."""


class Defrost(Struct, frozen=True, forbid_unknown_fields=True):
    """Off-cycle defrosts: hours of the day [h] at which they start, and their length [s]."""

    starts_h: tuple[float, ...] = (2.0, 10.0, 18.0)
    length_s: float = 1200.0


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The room and its defrost schedule."""

    room: ColdRoom = ColdRoom()
    defrost: Defrost = Defrost()


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: air and product [°C], compressor, and what the meter counted before [Wh]."""

    air_c: float = 3.0
    product_c: float = 3.0
    running: bool = False
    energy_wh: float = 0.0


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        door_w_per_k: door conductance [W/K]; of several faults the largest holds.
        door_open: the contact sees the door open.
        extra_ua_w_per_k: added wall conductance [W/K].
        cooling_lost, power_lost, internal_lost: share lost [1] of cooling, electrical power, fan and light.
        ice_decay_s: the cooling fades as e^{-t/τ}, τ [s]; 0: no ice.
        defrost: the defrost relay stays on.
    """

    door_w_per_k: float = 0.0
    door_open: bool = False
    extra_ua_w_per_k: float = 0.0
    cooling_lost: float = 0.0
    power_lost: float = 0.0
    internal_lost: float = 0.0
    ice_decay_s: float = 0.0
    defrost: bool = False


class Room:
    """A cold room that runs."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        self.state = State(initial.air_c, initial.product_c, initial.running)
        self._energy_mj = round(MJ_PER_WH * initial.energy_wh)
        self._clock_s = begin.clock_s
        defrost = parameters.defrost
        self._cuts = [3600 * start + extra for start in defrost.starts_h for extra in (0.0, defrost.length_s)]
        self._faults: tuple[Active, ...] = ()
        self._switched_on = True
        self._steps: dict[Regime, physics.Seconds] = {}
        self._defrosting = False
        self._until_clock_s = DAY_S

    def values(self) -> Mapping[str, float]:
        """Return air, product, outside [°C], power [W], energy [Wh], defrost and door_open [0/1]."""
        return {
            "air": self.state.air_c,
            "product": self.state.product_c,
            "outside": self.parameters.room.outside_c,
            "power": self._power_w(),
            "energy": self._energy_mj / MJ_PER_WH,
            "defrost": float(self._defrosting),
            "door_open": float(any(fault.effect.door_open for fault in self._faults)),
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the order of the relay that feeds the compressor (`switch`)."""
        self._faults = tuple(faults)
        self._switched_on = orders.get("switch", 1.0) != 0
        self._look_at_clock(time_s)

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run until the compressor, the defrost relay or a held input changes, at most `count` seconds."""
        regime = self._regime(time_s)
        if regime not in self._steps:
            if any(fault.effect.ice_decay_s for fault in self._faults):
                self._steps.clear()  # an icing fan never comes back to an earlier regime
            self._steps[regime] = physics.seconds(self.parameters.room, regime)
        self._until_clock_s = self._until_clock(time_s)
        limit = min(count, self._until_clock_s, self._until_held(time_s))
        power_w = self._power_w()
        self.state, airs, products = physics.advance(self.state, self._steps[regime], limit)
        self._energy_mj += round(1000 * power_w) * len(airs)
        if len(airs) == self._until_clock_s:
            self._look_at_clock(time_s + len(airs))
        return len(airs), {"air": airs, "product": products}

    def _power_w(self) -> float:
        running = self.state.running and not self._defrosting and self._switched_on
        share = _left(fault.effect.power_lost * fault.intensity for fault in self._faults)
        return physics.electric_w(self.parameters.room, running=running) * share

    def _regime(self, time_s: int) -> Regime:
        effects = [(fault.effect, fault.intensity) for fault in self._faults]
        cooling = _left(effect.cooling_lost * intensity for effect, intensity in effects)
        for effect, intensity, since_s in self._faults:
            if effect.ice_decay_s and intensity > 0:
                held_s = (time_s - since_s) // HELD_S * HELD_S
                cooling *= physics.iced(held_s, effect.ice_decay_s / intensity)
        return Regime(
            door_w_per_k=max((effect.door_w_per_k * intensity for effect, intensity in effects), default=0.0),
            cooling=cooling * self._switched_on,
            internal=_left(effect.internal_lost * intensity for effect, intensity in effects),
            extra_ua_w_per_k=sum(effect.extra_ua_w_per_k * intensity for effect, intensity in effects),
            forced_off=self._defrosting,
        )

    def _look_at_clock(self, time_s: int) -> None:
        defrost = self.parameters.defrost
        starts = tuple(3600 * start for start in defrost.starts_h)
        scheduled = physics.in_defrost((self._clock_s + time_s) % DAY_S, starts, defrost.length_s)
        self._defrosting = scheduled or any(fault.effect.defrost for fault in self._faults)
        called = physics.thermostat(self.state.air_c, self.parameters.room, running=self.state.running)
        self.state = State(self.state.air_c, self.state.product_c, called and not self._defrosting)  # in this second

    def _until_clock(self, time_s: int) -> int:
        day_s = (self._clock_s + time_s) % DAY_S
        return min([_next((cut - day_s) % DAY_S) for cut in self._cuts], default=DAY_S)

    def _until_held(self, time_s: int) -> int:
        since = [fault.since_s for fault in self._faults if fault.effect.ice_decay_s]
        return min((HELD_S - (time_s - each) % HELD_S for each in since), default=DAY_S)


def _left(lost: Iterable[float]) -> float:
    share = 1.0
    for each in lost:
        share *= 1.0 - min(max(each, 0.0), 1.0)
    return share


def _next(seconds: float) -> int:
    return max(int(seconds), 1) if seconds else DAY_S


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=("air", "product", "outside", "power", "energy", "defrost", "door_open"),
    make=Room,
)
