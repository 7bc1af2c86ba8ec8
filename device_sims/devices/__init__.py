"""State → vendor payload, one file a device kind, found by the name that scenario.toml gives.

A device is pure: what it measures, the time it believes and the commands it gets go in, messages come out. It knows
no broker, no clock, no random source.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from types import ModuleType
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import msgspec

from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

T = TypeVar("T")

OFFLINE_AFTER_S = 1500 * 60
"""Zigbee2MQTT's time-out of battery devices (wire_formats.md §4)."""


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a kind that has none."""


class Packet(NamedTuple):
    """A message as it goes out."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """The time a device believes it is.

    Attributes:
        start: the run's start, an instant with an offset.
        zone: the zone of the device's local time.
        time_s: simulated seconds since the run's start.
        uptime_s: since the device's boot.
        wrong_by_h: fault `clock_wrong`: hours ahead; None: right; 0: the clock was never set.
    """

    start: datetime
    zone: tzinfo
    time_s: int
    uptime_s: int
    wrong_by_h: float | None = None

    @property
    def unset(self) -> bool:
        """Whether the device's clock was never set."""
        return self.wrong_by_h == 0

    @property
    def instant(self) -> datetime:
        """The believed instant; counted from 1970 where the clock was never set."""
        if self.unset:
            return datetime.fromtimestamp(self.uptime_s, UTC)
        return self.start.astimezone(UTC) + timedelta(seconds=self.time_s, hours=self.wrong_by_h or 0)

    @property
    def unix_s(self) -> float:
        """The believed instant [s since 1970]."""
        return self.instant.timestamp()

    def local_text(self) -> str:
        """Return `2026-11-23T08:30:10+01:00`; without offset where the clock was never set."""
        if self.unset:
            return self.instant.strftime("%Y-%m-%dT%H:%M:%S")
        offset = self.instant.astimezone(self.zone).utcoffset() or timedelta()
        return self.instant.astimezone(timezone(offset)).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class View:
    """What a device sees of the world when it speaks.

    Attributes:
        now: the time it believes.
        values: channel name of scenario.toml → the last sample.
        order: what its actuator obeys (`switch` → 1.0 on, 0.0 off).
        period_s: simulated seconds between two telemetry messages.
        stuck: its actuator takes orders and does not move: it answers, and its state stays what it is.
    """

    now: Moment
    values: Mapping[str, Sampled]
    order: Mapping[str, float] = field(default_factory=dict)
    period_s: int = 10
    stuck: bool = False


class Reply(NamedTuple):
    """What a command caused: messages, and orders to the actuator."""

    packets: tuple[Packet, ...] = ()
    orders: Mapping[str, float] = {}
    period_s: int | None = None


class Device(Protocol):
    """What every kind can do.

    Attributes:
        uid: the identity a hub gives it, `family:name`.
        filters: MQTT filters of all its topics.
        commands: filters it subscribes to.
        retained: topics it leaves on the broker.
        will: what the broker says when its connection breaks; None: nothing.
        bridged: a bridge or a network server speaks for it, whose connection outlives its silence.

    One whose messages have another quality of service than 1 has an attribute `qos`; one behind a bridge that gives it
    up earlier or later than a battery device has `offline_after_s`.
    """

    uid: str
    filters: tuple[str, ...]
    commands: tuple[str, ...]
    retained: tuple[str, ...]
    will: Packet | None
    bridged: bool

    def birth(self, view: View) -> list[Packet]:
        """Return what it says after connecting."""
        ...

    def report(self, view: View) -> list[Packet]:
        """Return its periodic telemetry."""
        ...

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Return what it says because channels changed."""
        ...

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Obey a message on one of `commands`."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A device that hears what was said to it only after it has spoken (LoRaWAN, class A)."""

    def window(self, view: View) -> Reply:
        """Return what it took in, right after its telemetry."""
        ...


@runtime_checkable
class Numbered(Protocol):
    """A device whose will names the connection that it belongs to (Sparkplug)."""

    def connecting(self) -> Packet:
        """Return the will of the connection that begins."""
        ...


def kinds() -> list[str]:
    """Return the device kinds, by the files that lie here."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name[0] != "_")


def has_clock(kind: str) -> bool:
    """Tell whether a kind's messages carry the device's own time: its module says `CLOCK = False` if not."""
    return bool(getattr(_module(kind), "CLOCK", True))


def qos(device: Device) -> int:
    """Return the quality of service of a device's messages: its own `qos` where the real one has another than 1."""
    return int(getattr(device, "qos", 1))


def offline_after_s(device: Device) -> int:
    """Return after how long a bridge calls a silent device offline: its own `offline_after_s`, else 25 h."""
    return int(getattr(device, "offline_after_s", OFFLINE_AFTER_S))


def turned_on(view: View, channel: str) -> bool | None:
    """Tell whether an actuator is on: what it is seen to do, else what it was ordered; None: nobody knows."""
    value = view.values[channel]
    known = view.order.get(channel) if isinstance(value, Lost) else value
    return None if known is None else known != 0


def link(kind: str) -> str:
    """Return how a kind is connected: `mqtt`, or what its module says as `LINK` (`serial`)."""
    return str(getattr(_module(kind), "LINK", "mqtt"))


def make(
    kind: str, name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any] | None = None
) -> Device:
    """Return a device.

    Args:
        kind: file name in this folder.
        name: its id on the wire.
        fields: channel name of scenario.toml → its settings that are text (`field`, `id`).
        options: what the kind wants to know besides.

    Raises:
        SimulationError: no such kind, or options it does not know.
    """
    device: Device = _module(kind).device(name, fields, options or {})
    return device


def options_of(wanted: type[T], given: Mapping[str, Any]) -> T:
    """Return a device's options as its kind's own type.

    Raises:
        SimulationError: naming the option.
    """
    try:
        return msgspec.convert(given, wanted)
    except msgspec.ValidationError as error:
        msg = f"options: {error}"
        raise SimulationError(msg) from error


def _module(kind: str) -> ModuleType:
    if kind not in kinds():
        msg = f"no device kind {kind!r}; known: {', '.join(kinds())}"
        raise SimulationError(msg)
    return importlib.import_module(f"{__name__}.{kind}")
