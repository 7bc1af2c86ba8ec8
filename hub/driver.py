"""The driver contract: a description, a pure function and its proof.

A driver knows no network, clock or store. What depends on earlier messages (discovery, aliases, partial updates) is
its context: a value handed in and handed back, the same object when unchanged.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from math import inf
from typing import Any

from msgspec import Struct, field

from hub.errors import PayloadError
from hub.model import Availability, Kind, Message, Quality, Source, Stage
from hub.units import Unit

type_of_nothing = type(None)
UNSAID = ""
"""A sample's unit where nobody said one, on a channel whose name usually has one."""
BELIEVED = 900.0
"""How long [s] a value counts where nobody knows better."""
DAY_AND_AN_HOUR = 90_000.0
"""How long [s] a value of a battery device counts that speaks once a day, or when something changes."""


class Channel(Struct, frozen=True, kw_only=True):
    """A quantity that a family gives: its name for ever, its one unit, what is plausible.

    Attributes:
        name: base name, `snake_case`; a reading may carry it with a suffix (`temperature_ds18b20_1`).
        unit: the hub's unit; None for switches, contacts and plain counts.
        low, high: plausible range; outside it a value is kept and marked `uncertain`.
        health: battery, radio, chip temperature …: listed after what the device measures.
    """

    name: str
    unit: Unit | None
    low: float
    high: float
    health: bool = False


class Sample(Struct, frozen=True, gc=False):
    """A value as the message states it, already in the hub's unit.

    Attributes:
        channel: channel name with its suffix.
        value: finite.
        unit: the hub's unit symbol where the message or an earlier one gives it; None: the channel's own; UNSAID.
        measured: the device's own plausible time [ns since 1970]; None: only the arrival time would do.
        local: `measured` was read as if the device's local clock were UTC; the hub applies the configured zone.
        quality: `bad` for the device's own fault code.
        historical: of the past by the device's own word: stored at `measured`, not shown as live.
    """

    channel: str
    value: float
    unit: str | None = None
    measured: int | None = None
    local: bool = False
    quality: Quality = Quality.GOOD
    historical: bool = False


class Event(Struct, frozen=True, gc=False):
    """Something that happened and is no level: a button, a transition."""

    name: str
    value: str
    measured: int | None = None
    local: bool = False


class Carried(Struct, frozen=True, gc=False):
    """Bytes that a network passes on without knowing what they mean; only the device's user knows.

    The registry reads them by the payload format chosen for the device, or says that none is chosen.

    Attributes:
        field: where they stand in the message.
        data: the device's own bytes.
        measured, local: their time, as in `Sample`.
    """

    field: str
    data: bytes
    measured: int | None = None
    local: bool = False


class Content(Struct, frozen=True, gc=False):
    """What bare bytes hold, as a payload format reads them; fields as in `Decoded`."""

    samples: tuple[Sample, ...] = ()
    events: tuple[Event, ...] = ()
    rejected: Mapping[str, str] = field(default_factory=dict)


class Described(Struct, frozen=True):
    """A channel as a document describes it.

    Attributes:
        channel: its name.
        topic: on which its values come: where another family's driver reads them, the document says nothing of them.
        expires: how long [s] a value is believed; 0: nobody says.
        gone: it is taken back: it leaves the screen until it speaks again.
        health: it speaks of the device itself (battery, radio): listed after what the device measures.
    """

    channel: str
    topic: str
    expires: float = 0.0
    gone: bool = False
    health: bool = False


class Announced(Struct, frozen=True):
    """Another device that a message speaks of (a bridge's list, a discovery document).

    Attributes:
        device: its uid in this family's manner.
        aliases: other names and native ids (`ieee:0x00158d…`, `mac:…`).
        name: display name, when the message gives one.
        firmware: its version, when the message gives it.
        availability: when the message gives it.
        topics: on which it speaks, as a discovery document says; a native driver whose topic one is (`Driver.names`)
            gives the device its uid, so that both conventions mean one device.
        channels: what is new of them.
        removed: nothing describes the device any more: where no other family speaks for it, it is gone.
    """

    device: str
    aliases: tuple[str, ...] = ()
    name: str | None = None
    availability: Availability | None = None
    firmware: str | None = None
    topics: tuple[str, ...] = ()
    channels: tuple[Described, ...] = ()
    removed: bool = False


class Progress(Struct, frozen=True, gc=False):
    """What a network says of a command on its way to a device.

    Attributes:
        command: id of the command (`Command.id`), as the network gives it back.
        stage: how far it is.
        reason: why it failed, in the network's words.
    """

    command: str
    stage: Stage
    reason: str = ""


class Decoded(Struct, frozen=True, gc=False):
    """What a message means.

    Attributes:
        kind: what it is about.
        device: `family:name`; for a message about many devices, its sender.
        samples: measures.
        events: what happened.
        availability: of `device`.
        aliases: other names of `device`.
        announces: other devices.
        rejected: field → reason in plain words.
        asks: (topic, payload) that would make the sender say what is missing; sent only where devices may be asked.
        speaks_for_others: `device` is a bridge or gateway, only named as the sender: never a device itself.
        removed: `device` is gone by its own word: it leaves the screen until it speaks again; what is stored stays.
        carried: bytes to be read by the payload format that the user chose for the device.
        simulated: the network says that it made the message up: its values are never real.
        unsaid: its temperatures are in the device's own unit, which the message does not say: °C unless the user
            chose `fahrenheit` for the device.
        progress: how far a command to `device` is, by the word of the network that carries it.
        period: how often `device` reports by itself [s], by its own word; 0: not at all.
        missed: how many messages before this one were not heard, by the numbers that the sender gives them.
    """

    kind: Kind
    device: str
    samples: tuple[Sample, ...] = ()
    events: tuple[Event, ...] = ()
    availability: Availability | None = None
    aliases: tuple[str, ...] = ()
    announces: tuple[Announced, ...] = ()
    rejected: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[tuple[str, bytes], ...] = ()
    speaks_for_others: bool = False
    removed: bool = False
    carried: Carried | None = None
    simulated: bool = False
    unsaid: bool = False
    progress: Progress | None = None
    period: int | None = None
    missed: int = 0


class Example(Struct, frozen=True, kw_only=True):
    """One real message and what must come out of it; the first thing a newcomer reads.

    Attributes:
        before: (topic, payload) of the messages that must come first.
        values: channel → value, exactly those.
        refusal: part of the reason, when the message is refused whole.
        source: the edge at which it arrives, for a family that only one edge speaks for.
    """

    topic: str
    payload: bytes
    before: tuple[tuple[str, bytes], ...] = ()
    device: str | None = None
    kind: Kind | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    availability: Availability | None = None
    rejected: tuple[str, ...] = ()
    refusal: str | None = None
    source: Source = Source.MQTT

    @classmethod
    def gives(cls, topic: str, payload: str | bytes, **values: float) -> "Example":
        """State the values a message carries."""
        return cls(topic=topic, payload=_bytes(payload), kind=Kind.READINGS, values=values)

    @classmethod
    def refused(cls, topic: str, payload: str | bytes, *, because: str) -> "Example":
        """State why a message is refused whole."""
        return cls(topic=topic, payload=_bytes(payload), refusal=because)

    def message(self, payload: bytes | None = None, *, topic: str | None = None) -> Message:
        """Return the example as a message, with another payload or topic for tests."""
        return Message(
            topic=self.topic if topic is None else topic,
            payload=self.payload if payload is None else payload,
            received=1_753_430_400_000_000_000,
            source=self.source,
        )


def _bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload


class Command(Struct, frozen=True):
    """What a person wants of a device: that a channel has a value, in the hub's unit (a switch: 1 or 0).

    Attributes:
        channel, value: what should become what.
        id: of this command, for families whose network tells how far it is (`Progress`).
        at: when it is given [ns], for families whose commands carry a time.
    """

    channel: str
    value: float
    id: str = ""
    at: int = 0


class Target(Struct, frozen=True, kw_only=True):
    """The device that a command is for, as much as a driver may need to find its topic.

    Attributes:
        uid: `family:name` as first seen.
        names: all its names and native ids, the uid among them.
        topic: of the message that made it known.
        channels: those it has given so far.
        context: of this driver at that topic.
    """

    uid: str
    topic: str
    names: tuple[str, ...] = ()
    channels: frozenset[str] = frozenset()
    context: Any = None


class Order(Struct, frozen=True, kw_only=True):
    """A command in the family's dialect, and the report that proves it.

    Attributes:
        messages: (topic, payload) to publish, never retained.
        channel, value: what the device itself reports once it has obeyed.
        tolerance: how far that report may lie off, in the channel's unit.
        within: how long it may take [s on the device's timeline].
        qos: at which it is published: 1, or 0 where the format wants that (Sparkplug).
    """

    messages: tuple[tuple[str, bytes], ...]
    channel: str
    value: float
    tolerance: float = 0.0
    within: float = 10.0
    qos: int = 1


class Commanding(Struct, frozen=True, kw_only=True):
    """A command and what must go out for it: the proof beside a driver's `command`.

    Attributes:
        before: (topic, payload) of the messages that must come first; the last one makes the device known.
        channel, value: what is wanted.
        sends: what must be published, exactly.
        report: (topic, payload) by which the device says that it obeyed.
        qos: at which it must be published.
    """

    before: tuple[tuple[str, bytes], ...]
    channel: str
    value: float
    sends: tuple[tuple[str, bytes], ...]
    report: tuple[str, bytes]
    qos: int = 1


class Period(Struct, frozen=True, kw_only=True):
    """How a family is told how often to report.

    Attributes:
        ask: (target) → (topic, payload) that make a device say its period (`Decoded.period`).
        set: (target, seconds) → (topic, payload) that set it; any period that it said itself can be set again.
        low, high: what people may wish [s].
        proof: of `set`; its `value` are the seconds, its `report` the device's word that it took them.
    """

    ask: Callable[[Target], tuple[tuple[str, bytes], ...]]
    set: Callable[[Target, int], tuple[tuple[str, bytes], ...]]
    low: int
    high: int
    proof: Commanding


Path = tuple[str, ...]
"""Keys from the root of a JSON document; none: of the document itself, where it is a bare number."""


class Value(Struct, frozen=True, gc=False):
    """Where a telegram keeps a value, and what it becomes.

    Attributes:
        path: where it stands.
        channel, unit: as in `Sample`.
        convert: makes a number in the hub's unit of what stands there; PayloadError: it is none; None: it is one.
        low, high: what it may come to without a second look.
    """

    path: Path
    channel: str
    unit: str | None = None
    convert: Callable[[Any], float] | None = None
    low: float = -inf
    high: float = inf


class Likeness(Struct, frozen=True, gc=False):
    """How telegrams that have the same members as one that was decoded are read without asking its driver.

    Attributes:
        values: all that they say.
        time: where their own time stands; None: they state none.
        clock: makes (`measured`, `local`) of that, as in `Sample`; PayloadError: it is no time.
        words: (where, which text): what else decides how they are read; with another word there they are not alike.
    """

    values: tuple[Value, ...]
    time: Path | None = None
    clock: Callable[[Any], tuple[int | None, bool]] | None = None
    words: tuple[tuple[Path, str], ...] = ()


Decode = Callable[[Message, Any], tuple[Decoded, Any]]
"""`decode(message, context)`; raises PayloadError with the reason when nothing can be understood.

ForeignPayloadError where the topic has this family's shape and the payload has not: the next driver is asked.
"""


def _one_scope(_topic: str) -> str:
    return ""


class Driver(Struct, frozen=True, kw_only=True, eq=False):
    """A device family or model.

    Attributes:
        model: permanent name, `kebab-case`.
        family: prefix of the uids it makes.
        title: what people call it.
        source: the document the decoding follows.
        topics: MQTT filters it claims.
        claims: refines `topics`: whether a topic that matches is really this family's (parse from the right …).
        rank: 0 native, 1 discovery, 2 generic; among drivers that claim a topic the lowest rank is asked first.
        channels: every base name it gives, in the order people want them.
        open_channels: it also gives names that nobody can list (keys of foreign JSON); their unit is the sample's.
        decode: the pure function.
        alike: (message that was decoded, its JSON, context) → how those of its topic with the same members, each of
            the same sort, are read without `decode`, which would give the same and leave the context; None: no way.
        foreign_by_members: nothing but the members of a payload, and of which sort they are, makes it raise
            ForeignPayloadError: where it did once, a later driver's `alike` holds.
        loose: whether a topic is claimed by a shape that others use too (`…/online`): what a discovery document says
            of it weighs more.
        scope: which context a topic uses; one per driver unless told.
        rooted: a scope is a topic below which everything is this driver's once it has a context (a configurable base).
        context: a msgspec-encodable type of the context; `context()` is the empty one.
        shares: the model whose context it uses as its own (units that only a discovery document gives).
        adopts: (scope, context) → topics that are this driver's because of what it has heard (a discovery document
            may name any): at the driver's rank, before every claim by shape.
        names: the uid that a topic alone tells, None where it tells none.
        about: (names of a device, context) → what was said of it before it spoke.
        believed: how long [s] a value counts where neither the device says nor the channel's own period is known.
        ask: (device, topic of the message that made it known) → [(topic, payload)] that make it speak at once.
        asks_qos: at which that, and what a message asks for (`Decoded.asks`), is published: 1, or 0 as for `Order`.
        commands: base names of the channels that can be set.
        settable: in place of `commands` where only what a device says of itself tells (`open_channels`): the channels
            that can be set now, in the hub's unit, each with the range it takes.
        command: (target, command) → the order in the family's dialect; raises PayloadError with the reason when this
            device cannot do it.
        commandings: commands and what goes out for them: at least one where there is a `command`.
        period: how a device is told how often to report; None: it cannot be told over MQTT.
        personal: it is about a person's whereabouts: kept only where the setting `personal` is on.
        reads: reads bare bytes: its model is then a payload format that users choose for a device (`Decoded.carried`).
        examples: real messages, a refusal among them.
    """

    model: str
    family: str
    title: str
    source: str
    topics: tuple[str, ...]
    channels: tuple[Channel, ...]
    decode: Decode
    examples: tuple[Example, ...]
    claims: Callable[[str], bool] | None = None
    alike: Callable[[Message, Any, Any], Likeness | None] | None = None
    foreign_by_members: bool = False
    loose: Callable[[str], bool] | None = None
    rank: int = 0
    open_channels: bool = False
    scope: Callable[[str], str] = _one_scope
    rooted: bool = False
    context: type[Any] = type_of_nothing
    shares: str | None = None
    adopts: Callable[[str, Any], Collection[str]] | None = None
    names: Callable[[str], str | None] | None = None
    about: Callable[[Collection[str], Any], Announced | None] | None = None
    believed: float = BELIEVED
    ask: Callable[[str, str], list[tuple[str, bytes]]] | None = None
    asks_qos: int = 1
    commands: tuple[str, ...] = ()
    settable: Callable[[Target], tuple[Channel, ...]] | None = None
    command: Callable[[Target, Command], Order] | None = None
    commandings: tuple[Commanding, ...] = ()
    period: Period | None = None
    personal: bool = False
    reads: Callable[[bytes], Content] | None = None

    def empty_context(self) -> Any:  # noqa: ANN401 — each driver has its own type
        """Return the context of a driver that has heard nothing yet."""
        return self.context()


def switched(command: Command) -> bool:
    """Return whether a switch is wanted on.

    Raises:
        PayloadError: neither on nor off.
    """
    if command.value not in {0.0, 1.0}:
        msg = f"{command.channel} is {command.value:g}: a switch is 1 or 0"
        raise PayloadError(msg)
    return command.value == 1.0


def whole(command: Command, low: int, high: int) -> int:
    """Return the whole number wanted, between `low` and `high`.

    Raises:
        PayloadError: it lies outside, or is not whole.
    """
    if not low <= command.value <= high or command.value != int(command.value):
        msg = f"{command.channel} is {command.value:g}: a whole number from {low} to {high} is expected"
        raise PayloadError(msg)
    return int(command.value)


def missing(before: int, number: int, wraps: int | None = None) -> int:
    """Return how many of a sender's messages were not heard between two of its numbers.

    Args:
        before: of the message before; -1: none was heard.
        number: of this one.
        wraps: how many numbers there are: after the last comes 0; None: no end, a smaller number begins a new life.
    """
    ahead = number - before if wraps is None else (number - before) % wraps
    if before < 0 or (wraps is not None and ahead > wraps // 2):  # long ago, or out of order
        return 0
    return max(ahead - 1, 0)


def base_name(channel: str, names: Iterable[str]) -> str | None:
    """Return the longest of `names` that `channel` is, alone or followed by `_suffix`; None when there is none."""
    fitting = [name for name in names if channel == name or channel.startswith(f"{name}_")]
    return max(fitting, key=len, default=None)


def reach(driver: Driver, target: Target, channel: str) -> Channel | None:
    """Return what a channel of a device may be set to, by its range; None: it cannot be set."""
    if driver.command is None:
        return None
    if driver.settable is not None:
        return next((each for each in driver.settable(target) if each.name == channel), None)
    base = base_name(channel, driver.commands)
    return next((each for each in driver.channels if each.name == base), None)


def topic_matches(pattern: str, topic: str) -> bool:
    """Tell whether an MQTT filter matches a topic (MQTT 5 §4.7; `$` topics need a literal first level)."""
    if topic.startswith("$") and pattern[:1] in {"+", "#"}:
        return False
    wanted, levels = pattern.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)


CHANNEL_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MODEL_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

__all__ = [
    "BELIEVED",
    "CHANNEL_NAME",
    "DAY_AND_AN_HOUR",
    "MODEL_NAME",
    "UNSAID",
    "Announced",
    "Carried",
    "Channel",
    "Command",
    "Commanding",
    "Content",
    "Decoded",
    "Described",
    "Driver",
    "Event",
    "Example",
    "Order",
    "PayloadError",
    "Period",
    "Progress",
    "Sample",
    "Target",
    "base_name",
    "missing",
    "reach",
    "topic_matches",
]
