"""What rules, sentences and panels speak of: heard from a device, or computed from other measures."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from hub.rules.clauses import Condition, Hours
from hub.rules.shown import between, change
from hub.rules.wording import Text

Priority = Literal["critical", "high", "medium", "low"]


class Role(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place in the story that a device fills.

    A real device of *any* family may take the role: each of the role's measures is heard from the first of its names
    (`Measure.names`) that the device's channels have, in a unit that converts.

    Attributes:
        kind: the device in people's words ("Tasmota, deux DS18B20").
        family: driver family of the simulated device.
        simulated: name of the simulated device that takes it by itself on every simulated run.
        payload_format: how that device's own bytes are read where its network does not (`cayenne-lpp`).
        acknowledges: the presses of its button that acknowledge the use case's alarms: `single`, `double`, `triple`,
            `long`, or a word exactly as the device says it ("toggle").
    """

    title: Text
    kind: Text
    family: str
    simulated: str
    payload_format: str | None = None
    acknowledges: tuple[str, ...] = ()

    @property
    def device(self) -> str:
        """The uid of the simulated device."""
        return f"{self.family}:{self.simulated}"


class Measure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What rules, sentences and panels speak of: with `role` and `channel`, or with `function` and `of`.

    Attributes:
        unit: the unit it is shown and limited in; the hub converts from the channel's, or from the function's.
        decimals: with which it is shown.
        primary: shown large.
        role, channel: where it is heard; `channel` is the simulated device's, base name or with its instance.
        channels: names under which other devices give the same, best first ("temperature", "temperature_1"); a real
            device is asked for `channel`, then for these, then for an instance of them (`temperature_ds18b20_1`).
        optional: a real device may take the role without giving it.
        scale: the channel's value is multiplied by it (the litres of a pulse), and then is in `channel_unit`.
        channel_unit: unit of channel × scale where the channel has none of its own ("L" of a count).
        inverted: the measure is 1 − the channel (a contact that is 1 when closed gives `door_open`).
        low, high: plausible range; a device that exceeds it is warned about when it takes the role.
        silence_s: how long its last value is believed; later it is silent, and that is an alarm.
        silence_sim_s: the same on simulated and replayed runs, where a battery device speaks every minute.
        function: name of a computation (README.md lists them), or of one in the folder's rules.py.
        of: argument of the function → measure.
        parameters: further arguments, numbers.
        window_s: how far back a window function looks.
        period: a period function works per clock "hour" or "day"; its value is that of the last complete one.
        starts: when a day starts ("12:00" keeps a night whole).
        during: hours that a period or learned function counts; no hours: all.
        when: conditions under which it counts ("while the motor runs").
        same: a learned function learns each "hour" of the day, or each "weekday", apart.
    """

    title: Text
    unit: str | None = None
    decimals: int = 1
    primary: bool = False
    role: str = ""
    channel: str = ""
    channels: tuple[str, ...] = ()
    optional: bool = False
    scale: float = 1.0
    channel_unit: str | None = None
    inverted: bool = False
    low: float | None = None
    high: float | None = None
    silence_s: float | None = None
    silence_sim_s: float | None = None
    function: str | None = None
    of: dict[str, str] = {}
    parameters: dict[str, float] = {}
    window_s: float | None = None
    period: Literal["hour", "day"] | None = None
    starts: str = "00:00"
    during: tuple[Hours, ...] = ()
    when: tuple[Condition, ...] = ()
    same: Literal["hour", "weekday"] | None = None

    @property
    def computed(self) -> bool:
        """Whether it is made of other measures."""
        return self.function is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The channels that may give it, best first."""
        return (self.channel, *self.channels)

    def silence(self, *, simulated: bool) -> float | None:
        """Return how long its last value is believed [s]; None: without end."""
        return self.silence_sim_s if simulated and self.silence_sim_s is not None else self.silence_s

    @property
    def sources(self) -> tuple[str, ...]:
        """The measures it is computed from, those of its conditions included."""
        return (*self.of.values(), *(name for each in self.when for name in each.measures))


def into_shown(measure: Measure, unit: str | None) -> tuple[float, float] | None:
    """Return (factor, offset) that turn a channel's value × `scale` into the measure's unit; None: it cannot be."""
    return between(unit if measure.channel_unit is None or unit is not None else measure.channel_unit, measure.unit)


def as_shown(measure: Measure, value: float, by: tuple[float, float]) -> float:
    """Return a channel's value as the measure shows and limits it; `by`: as `into_shown` gives it."""
    found = change(value * measure.scale, by)
    return 1.0 - found if measure.inverted else found


def origin(measures: Mapping[str, Measure], name: str) -> Measure:
    """Return the heard measure that a measure comes from first: its device is the alarm's.

    Args:
        measures: all of a use case, without circles (`check` refuses them).
        name: one of them.
    """
    measure = measures[name]
    while measure.computed:
        measure = measures[next(iter(measure.of.values()))]
    return measure
