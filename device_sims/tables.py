"""The tables of scenario.toml, typed."""

from typing import Any

from msgspec import Struct

from device_sims import schedule
from device_sims.day import Weekday
from device_sims.sensing import Figures


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """A text people read, in both languages."""

    fr: str
    en: str


class Channel(Struct, frozen=True, forbid_unknown_fields=True):
    """One channel of a device, named as the model's measure where it has neither `measure` nor `constant`.

    Attributes:
        field: where the vendor's payload has it.
        id: address of a probe, as text.
        measure: of the model, where the channel has another name.
        constant: true value of what no model computes.
        order: an actuator; its true value is the last order, or what the model makes of it where `measure` is given.
        on_change: a change is told at once.
        faults: those of a probe that it can have.
        sigma, relative, resolution, lag_s, drop, bias, floor, low, high: see `sensing.Figures`.
    """

    field: str
    id: str = ""
    measure: str = ""
    title: Text | None = None
    constant: float | None = None
    order: bool = False
    on_change: bool = False
    faults: tuple[str, ...] = ()
    sigma: float = 0.0
    relative: float = 0.0
    resolution: float = 0.0
    lag_s: float = 0.0
    drop: float = 0.0
    bias: float = 0.0
    floor: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def figures(self) -> Figures:
        """Return how good its sensor is."""
        return Figures(
            sigma=self.sigma,
            relative=self.relative,
            resolution=self.resolution,
            lag_s=self.lag_s,
            drop=self.drop,
            bias=self.bias,
            floor=self.floor,
            low=self.low,
            high=self.high,
        )


class Battery(Struct, frozen=True, forbid_unknown_fields=True):
    """A battery that empties: its channels' constants are what it shows at the beginning of the history.

    Attributes:
        level, voltage: channels; the level in %.
        days: a full one lasts so long by itself; None: for ever.
        messages: a full one pays for so many; None: they cost nothing.
        low_level, low_voltage: what fault `battery_low` shows; the voltage sinks towards it with the level.
    """

    level: str
    voltage: str | None = None
    days: float | None = None
    messages: float | None = None
    low_level: float = 4.0
    low_voltage: float = 2400.0


class Device(Struct, frozen=True, forbid_unknown_fields=True):
    """A simulated device in a role.

    Attributes:
        kind: file name in `device_sims/devices`.
        id: its name on the wire; contains `sim`.
        period_s: simulated seconds between two telemetry messages.
        live_period_ms: milliseconds at ×1 and slower, of a board on a serial line that speaks several times a second.
        history_period_s: the same in old history; unset: the scenario's.
        jitter_s: each comes late by up to so many seconds, drawn anew; the beat itself does not drift.
        history: whether it has any; a role that somebody plays with a gesture has none.
        options: what its kind wants to know besides (a key of a network server, a sensor's model).
    """

    title: Text
    kind: str
    id: str
    period_s: int
    channels: dict[str, Channel]
    live_period_ms: int | None = None
    history_period_s: int | None = None
    jitter_s: int = 0
    history: bool = True
    battery: Battery | None = None
    options: dict[str, Any] = {}

    @property
    def fields(self) -> dict[str, dict[str, str]]:
        """Return each channel's settings that are text, as the kind takes them."""
        return {name: {"field": channel.field, "id": channel.id} for name, channel in self.channels.items()}


class Fault(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault on command.

    Attributes:
        effect: what it does to the model, in the model's own words.
        duration_s: it ends by itself after so many simulated seconds.
        silent: roles without power or radio.
    """

    title: Text
    effect: dict[str, Any] = {}
    duration_s: int | None = None
    silent: tuple[str, ...] = ()


class Initial(Struct, frozen=True, forbid_unknown_fields=True):
    """A named state at the beginning of the history; `clock`, `weekday`, `day` where they are not the scenario's."""

    title: Text
    state: dict[str, Any]
    clock: str | None = None
    weekday: Weekday | None = None
    day: str | None = None


class Scenario(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file.

    Attributes:
        clock: hour of the day at which a run starts ("08:30").
        weekday, day: the day on which it starts, in the simulated world ("04-12"); its messages have the wall's date.
        events: faults that come by themselves.
        expect: the alarms that its faults raise, with their times: a test plays them.
        history_h: how much past a run has, a value every `history_period_s`, in its last `recent_s` as often as live.
        far_h, far_period_s: what lies further back has one every `far_period_s` only: a room does not wait for it.
    """

    name: str = ""
    title: Text
    model: str
    clock: str
    weekday: Weekday = "monday"
    day: str = "03-16"
    parameters: dict[str, Any]
    initial: dict[str, Initial]
    devices: dict[str, Device]
    faults: dict[str, Fault]
    events: tuple[schedule.Event, ...] = ()
    expect: tuple[schedule.Expect, ...] = ()
    history_h: int = 24
    history_period_s: int = 60
    recent_s: int = 3600
    far_h: int = 0
    far_period_s: int = 0
