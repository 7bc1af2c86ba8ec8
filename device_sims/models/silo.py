"""A silo as its devices see it: batches by the clock, deliveries through a hatch, and a bucket for the gesture."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from device_sims.models import Active, Begin, Kind
from device_sims.physics import require
from device_sims.physics import silo as physics
from device_sims.physics.hours import DAY_S
from device_sims.physics.silo import Batches, Silo, State

DAYS_A_WEEK = 7
SWITCH = "switch"
FAR_S = 366 * DAY_S


class Bucket(Struct, frozen=True, forbid_unknown_fields=True):
    """A straight transparent bucket under an ultrasonic sensor.

    Attributes:
        area_m2: its section [m²], 0.01 to 0.5.
        depth_m: its height [m], 0.1 to 1.
        gap_m: from its rim up to the sensor [m], 0.02 to 0.5: the sensor reads nothing nearer.
    """

    area_m2: float = 0.04
    depth_m: float = 0.30
    gap_m: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a bucket that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "area_m2", "depth_m", "gap_m")

    @property
    def full_l(self) -> float:
        """What it holds [L]."""
        return 1000 * self.area_m2 * self.depth_m

    def distance_m(self, litres: float) -> float:
        """Return what the sensor above reads [m]."""
        return self.gap_m + self.depth_m - litres / 1000 / self.area_m2


class Parameters(Struct, frozen=True, forbid_unknown_fields=True):
    """The silo, its auger and the bucket on the table."""

    silo: Silo = Silo()
    batches: Batches = Batches()
    bucket: Bucket = Bucket()


class Delivery(Struct, frozen=True, forbid_unknown_fields=True):
    """Flour blown in through the open hatch at an even rate.

    Attributes:
        at_h: hours after the run's start; negative: in its history.
        kg: what arrives [kg].
        minutes: how long it takes [min].
    """

    at_h: float
    kg: float = 2500.0
    minutes: float = 30.0

    def __post_init__(self) -> None:
        """Refuse a delivery that cannot be.

        Raises:
            ValueError: naming the value.
        """
        require.above_zero(self, "kg", "minutes")

    @property
    def start_s(self) -> int:
        """When it begins [s of the run]."""
        return round(3600 * self.at_h)

    @property
    def end_s(self) -> int:
        """When it is over [s of the run]."""
        return self.start_s + max(round(60 * self.minutes), 1)

    @property
    def kg_per_h(self) -> float:
        """Its even rate [kg/h]."""
        return 3600 * self.kg / (self.end_s - self.start_s)


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a run's history starts: mass [kg], what the meter counted [Wh], litres in the bucket; and what arrives."""

    mass_kg: float = 2500.0
    deliveries: tuple[Delivery, ...] = ()
    energy_wh: float = 0.0
    bucket_l: float = 10.0

    def __post_init__(self) -> None:
        """Refuse a silo that holds less than nothing.

        Raises:
            ValueError: naming the value.
        """
        require.zero_or_more(self, "mass_kg", "energy_wh", "bucket_l")


class Effect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a fault does at intensity 1.

    Attributes:
        forgotten: no scheduled delivery comes.
        fill_kg_per_h: a delivery through the open hatch [kg/h].
        drop_kg_per_h: what leaves otherwise than by the auger [kg/h]: a thief, an open slide.
        arching: the surface stands still, the auger draws from under the arch.
        dusty: the level sensor reads its blind zone.
        lost: share of the mass that is gone at once [1].
        bucket_l_per_min: what runs out of the bucket on the table [L/min].
    """

    forgotten: bool = False
    fill_kg_per_h: float = 0.0
    drop_kg_per_h: float = 0.0
    arching: bool = False
    dusty: bool = False
    lost: float = 0.0
    bucket_l_per_min: float = 0.0

    def __post_init__(self) -> None:
        """Refuse flour that flows backwards.

        Raises:
            ValueError: naming the value.
        """
        require.zero_or_more(self, "fill_kg_per_h", "drop_kg_per_h", "bucket_l_per_min")
        require.within(self, 0.0, 1.0, "lost")


class Flour:
    """A silo that is drawn from."""

    def __init__(self, parameters: Parameters, initial: Initial, begin: Begin) -> None:
        """Start from an initial state."""
        self.parameters = parameters
        self.state = State(min(initial.mass_kg, parameters.silo.full_kg))
        self.energy_wh = initial.energy_wh
        self.bucket_l = min(initial.bucket_l, parameters.bucket.full_l)
        self._deliveries = initial.deliveries
        self._week_s = begin.weekday * DAY_S + begin.clock_s
        self._faults: tuple[Active, ...] = ()
        self._surface_kg: float | None = None
        self._switched_on = True
        self._time_s = 0

    def values(self) -> Mapping[str, float]:
        """Return `distance`, `bucket_distance` [m], `auger_power` [W], `auger_energy` [Wh] and `hatch_open` [0/1]."""
        return {
            "distance": self._distance_m(),
            "bucket_distance": self.parameters.bucket.distance_m(self.bucket_l),
            "auger_power": physics.auger_w(self.state, running=self._running()),
            "auger_energy": self.energy_wh,
            "hatch_open": float(self._fill_kg_per_h() > 0),
        }

    def act(self, faults: Sequence[Active], orders: Mapping[str, float], time_s: int) -> None:
        """Take faults, and the order of the relay that feeds the auger (`switch`)."""
        known = {(id(fault.effect), fault.since_s) for fault in self._faults}
        fresh = [fault for fault in faults if (id(fault.effect), fault.since_s) not in known]
        self._faults, self._time_s = tuple(faults), time_s
        self._switched_on = orders.get(SWITCH, 1.0) != 0
        for fault in fresh:
            left = 1.0 - min(fault.effect.lost * fault.intensity, 1.0)
            self.state = State(self.state.mass_kg * left)
        arching = any(fault.effect.arching for fault in faults)
        if not arching:
            self._surface_kg = None
        elif self._surface_kg is None:
            self._surface_kg = self.state.mass_kg

    def advance(self, time_s: int, count: int) -> tuple[int, Mapping[str, list[float]]]:
        """Run until the auger, a delivery or an end of the silo changes a rate, at most `count` seconds."""
        self._time_s = time_s
        auger, drop, fill = self._auger_kg_per_h(), self._added("drop_kg_per_h"), self._fill_kg_per_h()
        passed = min([count, *(cut for cut in self._cuts(auger + drop, fill) if cut > 0)])
        power_w = physics.auger_w(self.state, running=self._running())
        self.state = physics.step(
            self.state, self.parameters.silo, passed, draw_kg_per_h=auger + drop, fill_kg_per_h=fill
        )
        if self._surface_kg is not None:
            self._surface_kg += fill * passed / 3600
        self.energy_wh += power_w * passed / 3600
        self.bucket_l = max(self.bucket_l - self._added("bucket_l_per_min") * passed / 60, 0.0)
        self._time_s = time_s + passed
        return passed, {}

    def _cuts(self, draw: float, fill: float) -> Iterator[int]:
        """Yield in how many seconds a rate may change."""
        day_s = (self._week_s + self._time_s) % DAY_S
        batches = self.parameters.batches
        for start in batches.starts_s:
            for edge in (start, start + batches.length_s):
                yield -int(-((edge - day_s) % DAY_S) // 1) or DAY_S
        for delivery in self._deliveries:
            yield delivery.start_s - self._time_s
            yield delivery.end_s - self._time_s
        if draw > fill and self.state.mass_kg > 0:
            yield -int(-3600 * self.state.mass_kg / (draw - fill) // 1)

    def _running(self) -> bool:
        week_s = self._week_s + self._time_s
        weekday = week_s // DAY_S % DAYS_A_WEEK
        return self._switched_on and physics.draws(week_s % DAY_S, weekday, self.parameters.batches)

    def _auger_kg_per_h(self) -> float:
        return 60 * self.parameters.batches.kg_per_min if self._running() else 0.0

    def _fill_kg_per_h(self) -> float:
        rate = self._added("fill_kg_per_h")
        if any(fault.effect.forgotten for fault in self._faults):
            return rate
        due = [each for each in self._deliveries if each.start_s <= self._time_s < each.end_s]
        return rate + sum(each.kg_per_h for each in due)

    def _added(self, name: str) -> float:
        rates: list[float] = [getattr(fault.effect, name) * fault.intensity for fault in self._faults]
        return sum(rates)

    def _distance_m(self) -> float:
        if any(fault.effect.dusty for fault in self._faults):
            return physics.BLIND_M
        surface = self.state.mass_kg if self._surface_kg is None else self._surface_kg
        return physics.distance_m(self.parameters.silo, surface)


KIND = Kind(
    parameters=Parameters,
    initial=Initial,
    effect=Effect,
    measures=("distance", "bucket_distance", "auger_power", "auger_energy", "hatch_open"),
    make=Flour,
)
