"""scenario.toml: what the simulators play, typed, found by listing, refused with its place when it is wrong."""

import importlib.resources
import random
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec import Struct

from device_sims import devices, models, schedule
from device_sims.day import Weekday, clock_s, yearday
from device_sims.errors import SimulationError
from device_sims.sensing import Figures

NAME = re.compile(r"[a-z][a-z0-9_]*")
WIRE_NAME = re.compile(r"[a-z0-9:_-]*sim[a-z0-9:_-]*")
PROBE_FAULTS = ("sensor_unplugged", "frozen_value", "bias_drift")


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """A text people read, in both languages."""

    fr: str
    en: str


class Channel(Struct, frozen=True, forbid_unknown_fields=True):
    """One channel of a device, named as the model's measure where it has no `constant`.

    Attributes:
        field: where the vendor's payload has it.
        id: address of a probe, as text.
        constant: true value of what no model computes.
        order: an actuator; its true value is the last order.
        on_change: a change is told at once.
        faults: those of a probe that it can have.
        sigma, relative, resolution, lag_s, drop, bias, floor, low, high: see `sensing.Figures`.
    """

    field: str
    id: str = ""
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
    """Channels that a low battery pulls down: level [%] and voltage [mV]."""

    level: str
    voltage: str | None = None


class Device(Struct, frozen=True, forbid_unknown_fields=True):
    """A simulated device in a role.

    Attributes:
        kind: file name in `device_sims/devices`.
        id: its name on the wire; contains `sim`.
        period_s: simulated seconds between two telemetry messages.
        history_period_s: the same in old history; unset: the scenario's.
        options: what its kind wants to know besides (a key of a network server, a sensor's model).
    """

    title: Text
    kind: str
    id: str
    period_s: int
    channels: dict[str, Channel]
    history_period_s: int | None = None
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


class Loaded(NamedTuple):
    """A scenario with what its model made of its tables."""

    scenario: Scenario
    model: models.Kind
    parameters: Any
    initials: Mapping[str, Any]
    effects: Mapping[str, Any]


def begin(scenario: Scenario, initial: str, clock: str | None, seed: int) -> models.Begin:
    """Return where a run stands at its start: the scenario's, changed by its initial state and `clock`."""
    named = scenario.initial[initial]

    def chance(name: str) -> random.Random:
        return random.Random(f"{seed}/{scenario.name}/{name}")  # noqa: S311 — lots to draw again, not a secret

    return models.Begin(
        clock_s(clock or named.clock or scenario.clock),
        get_args(Weekday).index(named.weekday or scenario.weekday),
        yearday(named.day or scenario.day),
        chance,
    )


def folders() -> dict[str, Traversable]:
    """Return scenario name → its file, by the folders that lie in the hub's use cases."""
    found = {}
    for folder in importlib.resources.files("hub").joinpath("usecases").iterdir():
        file = folder.joinpath("scenario.toml")
        if NAME.fullmatch(folder.name) and file.is_file():
            found[folder.name] = file
    return dict(sorted(found.items()))


def load(name: str) -> Loaded:
    """Read a scenario by its name, or by the path of its file.

    Raises:
        SimulationError: naming the scenario or the place in the file, and the remedy.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            msg = f"{name}: no such file"
            raise SimulationError(msg)
        return parse(path.read_bytes(), path.resolve().parent.name, name)
    known = folders()
    if name not in known:
        msg = f"no scenario {name!r}; known: {', '.join(known)}"
        raise SimulationError(msg)
    return parse(known[name].read_bytes(), name, f"{name}/scenario.toml")


def parse(content: bytes, name: str, place: str) -> Loaded:
    """Read a scenario from the bytes of its file.

    Raises:
        SimulationError: naming the place in the file, and what it should be.
    """
    try:
        scenario = msgspec.toml.decode(content, type=Scenario)
        kind = models.kind(scenario.model)
        parameters = _converted(scenario.parameters, kind.parameters, "parameters")
        initials = {
            key: _converted(each.state, kind.initial, f"initial.{key}") for key, each in scenario.initial.items()
        }
        effects = {key: _converted(each.effect, kind.effect, f"faults.{key}") for key, each in scenario.faults.items()}
        scenario = msgspec.structs.replace(scenario, name=name)
        problem = next(_problems(scenario, kind), None)
    except (msgspec.MsgspecError, ValueError, SimulationError) as error:
        msg = f"{place}: {error}"
        raise SimulationError(msg) from error
    if problem:
        msg = f"{place}: {problem}"
        raise SimulationError(msg)
    return Loaded(scenario, kind, parameters, initials, effects)


def _converted(table: dict[str, Any], kind: Any, where: str) -> Any:  # noqa: ANN401 — each model has its own types
    try:
        found = msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        msg = f"{where}: {error}"
        raise ValueError(msg) from error
    unknown = _unknown(table, msgspec.to_builtins(found))
    if unknown is not None:
        msg = f"{where}: unknown field `{unknown}`"
        raise ValueError(msg)
    return found


def _unknown(given: object, taken: object) -> str | None:
    """Return a key that was given and not taken: a dataclass of the physics cannot forbid unknown ones itself."""
    if not (isinstance(given, dict) and isinstance(taken, dict)):
        return None
    for key, value in given.items():
        if key not in taken:
            return str(key)
        if (inner := _unknown(value, taken[key])) is not None:
            return f"{key}.{inner}"
    return None


def _problems(scenario: Scenario, kind: models.Kind) -> Iterator[str]:
    clock_s(scenario.clock)
    if not scenario.initial:
        yield "initial: at least one state is needed"
    if not scenario.devices:
        yield "devices: at least one is needed"
    for key in (*scenario.initial, *scenario.devices, *scenario.faults):
        if not NAME.fullmatch(key):
            yield f"{key!r}: names are written in small letters, digits and _"
    if not (scenario.history_h >= 0 and scenario.history_period_s > 0 and scenario.recent_s >= 0):
        yield "history_h and recent_s are zero or more, history_period_s is above zero"
    for state in scenario.initial.values():
        clock_s(state.clock or scenario.clock)
        yearday(state.day or scenario.day)
    for role, device in scenario.devices.items():
        yield from (f"devices.{role}: {problem}" for problem in _device_problems(device, kind))
    for key, fault in scenario.faults.items():
        yield from (f"faults.{key}.silent: no role {role!r}" for role in fault.silent if role not in scenario.devices)
        if fault.duration_s is not None and fault.duration_s <= 0:
            yield f"faults.{key}.duration_s is {fault.duration_s}: it must be above zero"
    yield from _schedule_problems(scenario)


def _schedule_problems(scenario: Scenario) -> Iterator[str]:
    lasting = {name: fault.duration_s is None for name, fault in scenario.faults.items()}
    lasting |= dict.fromkeys(common_faults(scenario), True)
    for number, event in enumerate(scenario.events, 1):
        for problem in schedule.event_problems(event, lasting):
            yield f"events, number {number} ({event.fault}): {problem}"
    for number, expect in enumerate(scenario.expect, 1):
        for problem in schedule.expect_problems(expect, lasting, scenario.initial):
            yield f"expect, number {number} ({expect.fault or 'an ordinary day'}): {problem}"


def _device_problems(device: Device, kind: models.Kind) -> Iterator[str]:
    if not WIRE_NAME.fullmatch(device.id):
        yield f"id is {device.id!r}: it contains `sim` and only a-z, 0-9, : _ -"
    if device.period_s <= 0 or (device.history_period_s or 1) <= 0:
        yield f"period_s is {device.period_s}: periods are above zero"
    try:
        devices.make(device.kind, device.id, device.fields, device.options)
    except SimulationError as error:
        yield str(error)
    for name, channel in device.channels.items():
        if channel.constant is None and name not in kind.measures:
            yield f"channels.{name}: the model gives {', '.join(kind.measures)}; anything else needs a constant"
        if unknown := set(channel.faults) - set(PROBE_FAULTS):
            yield f"channels.{name}.faults: {min(unknown)!r} is none of {', '.join(PROBE_FAULTS)}"
        figures = channel.figures
        least = min(figures.sigma, figures.relative, figures.resolution, figures.lag_s, figures.drop)
        if least < 0 or figures.drop >= 1:
            yield f"channels.{name}: sigma, relative, resolution and lag_s are zero or more, drop lies between 0 and 1"
    used = (device.battery.level, device.battery.voltage or device.battery.level) if device.battery else ()
    yield from (f"battery: no channel {name!r}" for name in used if name not in device.channels)


@cache
def common_titles() -> Mapping[str, Text]:
    """Return the titles of the faults common to all devices."""
    content = importlib.resources.files("device_sims").joinpath("faults.toml").read_bytes()
    return {
        name: table["title"] for name, table in msgspec.toml.decode(content, type=dict[str, dict[str, Text]]).items()
    }


def common_faults(scenario: Scenario) -> dict[str, tuple[str, str | None, str, Text]]:
    """Return `<measure or role>.<fault>` → (role, channel or None, fault, title) of a scenario's devices."""
    found: dict[str, tuple[str, str | None, str, Text]] = {}
    for role, device in scenario.devices.items():
        for name, channel in device.channels.items():
            for fault in channel.faults:
                found[f"{name}.{fault}"] = (role, name, fault, _named(fault, channel.title or Text(name, name)))
        wanted = ["radio_loss"]
        wanted += ["clock_wrong"] if devices.has_clock(device.kind) else []
        wanted += ["battery_low"] if device.battery else []
        for fault in wanted:
            found[f"{role}.{fault}"] = (role, None, fault, _named(fault, device.title))
    return found


def _named(fault: str, subject: Text) -> Text:
    title = common_titles()[fault]
    return Text(title.fr.replace("{name}", subject.fr), title.en.replace("{name}", subject.en))


def titles(scenario: Scenario) -> dict[str, Text]:
    """Return every fault's title, the scenario's own first."""
    own = {name: fault.title for name, fault in scenario.faults.items()}
    return {**own, **{name: title for name, (_, _, _, title) in common_faults(scenario).items()}}
