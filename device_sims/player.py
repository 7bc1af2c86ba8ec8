"""A role being played: its device, its sensors, its battery, and when it speaks next."""

import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from device_sims import devices, tables
from device_sims.clock import MOST_LIVE_SPEED, stretched_s
from device_sims.day import DAY_S
from device_sims.devices import Device, Listening
from device_sims.schedule import Acting
from device_sims.sensing import Sampled, Sensor, sensor

MOST_PER_WALL_S = 10.0
"""No device exceeds so many messages per wall second over a broker: its period stretches."""
HOUR_S = 3600
LEAST_PERCENT = 1.0
"""A device that still speaks has a battery that is not quite empty."""


@dataclass(slots=True)
class Player:
    """A device in a role.

    Attributes:
        due_s, period_s: when it reports next, and how often [simulated s].
        late_s: how late that is behind its beat.
        values: channel → its last sample.
        truth: channel → true value that its sensor follows.
        said: messages it has sent: each costs its battery a little.
        listens: the device, where it has a window for orders after its telemetry.
        stuck: its actuator takes orders and does not move.
        shares: of a second, at which it speaks besides, at ×1 [s]; `ahead`: those of this second still to come.
    """

    role: str
    settings: tables.Device
    device: Device
    sensors: dict[str, Sensor]
    due_s: int
    period_s: int
    values: dict[str, Sampled] = field(default_factory=dict)
    truth: dict[str, float] = field(default_factory=dict)
    said: int = 0
    silent: bool = False
    silent_since_s: int = 0
    wrong_by_h: float | None = None
    low_battery: bool = False
    stuck: bool = False
    late_s: int = 0
    chance: random.Random = field(default_factory=random.Random)
    shares: tuple[float, ...] = ()
    ahead: deque[float] = field(default_factory=deque)
    listens: Listening | None = field(init=False)

    def __post_init__(self) -> None:
        """Look once whether the device listens after it has spoken: a structural check costs more than a report."""
        self.listens = self.device if isinstance(self.device, Listening) else None

    def ail(self, acting: Mapping[str, Acting]) -> None:
        """Let the faults that act reach sensors, battery, clock and actuator."""
        for name, one in self.sensors.items():
            one.faults.unplugged = f"{name}.sensor_unplugged" in acting
            one.faults.frozen = f"{name}.frozen_value" in acting
            drift = acting.get(f"{name}.bias_drift")
            one.faults.drift_per_s = (drift.intensity or 1.0) / 3600 if drift else 0.0
            one.faults.drift_since_s = drift.since_s if drift else 0
        wrong = acting.get(f"{self.role}.clock_wrong")
        self.wrong_by_h = None if wrong is None else (wrong.intensity or 0.0)
        self.low_battery = f"{self.role}.battery_low" in acting
        self.stuck = f"{self.role}.stuck" in acting

    def trace(self, traces: Mapping[str, Sequence[float]]) -> None:
        """Let what moved continuously reach the sensors, second by second."""
        for name, channel in self.settings.channels.items():
            if channel.constant is None and (trace := traces.get(channel.measure or name)) is not None:
                self.sensors[name].follow(trace)

    def follow(self, values: Mapping[str, float], orders: Mapping[str, float], elapsed_s: int) -> Iterator[str]:
        """Let the truth of everything without a lag reach the sensors; yield what must be told at once.

        Args:
            values: every measure of the model.
            orders: channel of an actuator → the last order.
            elapsed_s: since the beginning of the history.
        """
        battery = self._battery(elapsed_s)
        for name, channel in self.settings.channels.items():
            truth = battery[name] if name in battery else _truth(name, channel, values, orders)
            known = self.truth.get(name)
            if truth == known:
                continue
            self.truth[name] = truth
            if channel.lag_s == 0 or known is None:
                self.sensors[name].follow((truth,))
            if known is not None and (channel.on_change or channel.order):
                yield name

    def sample(self, time_s: int) -> None:
        """Read every sensor."""
        self.values = {name: one.sample(time_s) for name, one in self.sensors.items()}

    def wait(self, time_s: int, speed: float, scenario: tables.Scenario) -> None:
        """Set when it reports next: at its beat, or late by its jitter."""
        beat_s = time_s - self.late_s + self.period_at_s(time_s, speed, scenario)
        self.late_s = self.chance.randint(0, self.settings.jitter_s) if self.settings.jitter_s else 0
        self.due_s = beat_s + self.late_s
        self.ahead = deque(self.shares if self._is_quick(time_s, speed) else ())

    def period_at_s(self, time_s: int, speed: float, scenario: tables.Scenario) -> int:
        """Return how long it waits until it reports again; faster than over a broker, nothing stretches it further."""
        if self._is_quick(time_s, speed):
            return 1
        period = float(self.period_s)
        if time_s < -scenario.recent_s:
            period = max(period, self.settings.history_period_s or scenario.history_period_s)
            if time_s < -scenario.far_h * HOUR_S:
                period = max(period, scenario.far_period_s)
        elif time_s >= 0:
            period = stretched_s(period, min(speed, MOST_LIVE_SPEED), MOST_PER_WALL_S)
        return -int(-period // 1)

    def _is_quick(self, time_s: int, speed: float) -> bool:
        return bool(self.shares) and time_s >= 0 and speed <= 1

    def _battery(self, elapsed_s: int) -> dict[str, float]:
        """Return what a battery's channels show: it sinks with time and messages, and its voltage with it."""
        battery = self.settings.battery
        if battery is None:
            return {}
        full, full_voltage = (
            self.settings.channels[each].constant or 0.0 if each else 0.0 for each in (battery.level, battery.voltage)
        )
        used = elapsed_s / (battery.days * DAY_S) if battery.days else 0.0
        used += self.said / battery.messages if battery.messages else 0.0
        level = battery.low_level if self.low_battery else max(full - 100 * used, min(full, LEAST_PERCENT))
        if battery.voltage is None:
            return {battery.level: level}
        share = (level - battery.low_level) / (full - battery.low_level) if full != battery.low_level else 1.0
        return {
            battery.level: level,
            battery.voltage: battery.low_voltage + share * (full_voltage - battery.low_voltage),
        }


def in_role(role: str, settings: tables.Device, *, seed: int, begin_s: int) -> Player:
    """Return a role at the beginning of its history; one that has none speaks from the start on."""
    sensors = {name: sensor(channel.figures, (seed, settings.id, name)) for name, channel in settings.channels.items()}
    device = devices.make(settings.kind, settings.id, settings.fields, settings.options)
    due_s = begin_s if settings.history else max(begin_s, 0)
    chance = random.Random(f"{seed}/{settings.id}/jitter")  # noqa: S311 — jitter to repeat, not a secret
    quick_ms = settings.live_period_ms
    shares = tuple(each / 1000 for each in range(quick_ms, 1000, quick_ms)) if quick_ms else ()
    return Player(
        role, settings, device, sensors, due_s=due_s, period_s=settings.period_s, chance=chance, shares=shares
    )


def _truth(name: str, channel: tables.Channel, values: Mapping[str, float], orders: Mapping[str, float]) -> float:
    if channel.order and not channel.measure:
        return orders.get(name, channel.constant or 0.0)
    return values[channel.measure or name] if channel.constant is None else channel.constant
