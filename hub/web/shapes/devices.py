"""Devices, what is done to them, and what they said that nobody understood."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from hub.model import Availability, CommandState, PaceState, Quality, Stage
from hub.web.shapes.words import Json, Shape, Time, Told, Words


class ChannelNow(Shape):
    """A channel with its newest value; null before the first."""

    name: str
    unit: str | None
    value: float | None
    time: Time | None
    quality: Quality | None


class Commanded(Shape):
    """A command and what became of it; only the device's own later report confirms it.

    Attributes:
        value: null: another program's, whose wish nobody can read.
        stage: how far the network between hub and device says it is.
        until: by when the device is to report.
        code, reason: why it was refused, for programs and in words.
    """

    id: str
    device: str
    channel: str
    value: float | None
    state: CommandState
    stage: Stage | None
    by: str
    at: Time
    until: Time | None
    code: str | None
    reason: str | None


class PaceNow(Shape):
    """How often [s] a device is made to report, and its own period: null until it said it, 0: it has none."""

    state: PaceState
    every: int
    original: int | None
    by: str | None
    code: str | None
    reason: str | None


class Ends(Shape):
    """What a channel may be set to."""

    low: float
    high: float


class DeviceNow(Shape):
    """A device with the newest value of each channel, in the order first seen, health last.

    Attributes:
        id: `family:name` as first seen; other names are accepted where an id is asked.
        run: the timeline it is on; `real` or a run.
        merged: ids of devices that are this one too.
        settable: channels that commands may set; `ranges`: to what.
        silence: channel → how long [s] its last value is believed.
        action: number to undo what has just been done to it; null: nothing was changed.
    """

    id: str
    name: str
    family: str
    availability: Availability | None
    simulated: bool
    run: str
    seen: Time | None
    proposed: bool
    ignored: bool
    room: str | None
    firmware: str | None
    locked: bool
    hidden: bool
    missed: int
    merged: list[str]
    settable: list[str]
    pace: PaceNow | None
    pace_by: Literal["set", "poll"] | None
    ranges: dict[str, Ends]
    commands: dict[str, Commanded]
    silence: dict[str, float]
    channels: list[ChannelNow]


class DeviceList(Shape):
    """All devices."""

    devices: list[DeviceNow]


class Acted(Shape):
    """What was acted on, by id, and the number to undo it by; null: nothing was changed.

    What the hub knows of the device comes along, as `GET /devices/{id}` gives it.
    """

    id: str
    action: int | None


class Forgotten(Shape):
    """How many readings and raw messages went, and what is left elsewhere, said in both languages."""

    id: str
    forgotten: Literal[True]
    readings: int
    messages: int
    elsewhere: list["Left"]


class Left(Shape):
    """What forgetting cannot reach at once."""

    code: str
    text: Words


class ActionDone(Shape):
    """Something that was done, the fields it changed, and whether it was taken back."""

    id: int
    at: Time
    by: str
    device: str | None
    before: Json
    after: Json
    undoes: int | None
    undone: bool


class ActionList(Shape):
    """What was done, newest first."""

    actions: list[ActionDone]
    next: str | None


class Ignored(Shape):
    """Topic filters that are journalled and never decoded."""

    topics: list[str]
    action: int | UnsetType | None = UNSET


class CommandList(Shape):
    """Commands given to a device, newest first."""

    commands: list[Commanded]


class Pacing(Shape):
    """How a device is made to report; where it cannot be: why."""

    id: str
    pace: PaceNow
    code: str | UnsetType | None = UNSET
    reason: str | UnsetType | None = UNSET


class MessageHeard(Shape):
    """A message as it arrived, and whether it was understood; `payload`: its beginning, in hexadecimal if no text."""

    position: int
    topic: str
    received: Time
    understood: bool
    driver: str | None
    reason: str | None
    payload: str
    count: int


class MessageList(Shape):
    """Messages, newest first."""

    messages: list[MessageHeard]
    next: str | None


class Like(Shape):
    """The family that a message belongs to or looks like."""

    model: str
    title: Told


class Newest(Shape):
    """The newest message of a group."""

    position: int
    topic: str
    payload: str


class Refusal(Shape):
    """Alike messages that nobody understood: what was due, where it fails, what helps."""

    topic: str
    topics: int
    count: int
    received: Time
    driver: str | None
    family: Like | None
    reason: str
    reasons: Told
    expected: Told | None
    where: str | None
    remedy: Told | None
    newest: Newest


class RefusalList(Shape):
    """The groups; `count`: how many there are, `found`: how many of them are what was searched for."""

    groups: list[Refusal]
    count: int
    found: int


class CapturedMessage(Shape):
    """A message whole: text, or hexadecimal."""

    topic: str
    payload: str | UnsetType = UNSET
    payload_hex: str | UnsetType = UNSET


class Capture(Shape):
    """A capture file that a driver starts from (tests/captures)."""

    device: str
    when: Annotated[str, Meta(extra_json_schema={"format": "date"})]
    source: str
    publish: str
    messages: list[CapturedMessage]
    values: Json


class GuestDriver(Shape):
    """A driver that another package brings; `strikes` of three, then it is off."""

    name: str
    package: str
    state: Literal["on", "off", "reading_again"]
    reason: str | None
    strikes: int


class DriverList(Shape):
    """The drivers of other packages."""

    drivers: list[GuestDriver]


class BrokerThere(Shape):
    """Where devices send what they measure; `is_open`: whether other machines reach it; `tls_port`: by TLS."""

    host: str
    port: int
    user: str | None
    password: str | None
    is_open: bool
    tls_port: int | None


class SetupStep(Shape):
    """One thing to do on a device, and what to type."""

    say: Told
    type: str | None


class SetupFamily(Shape):
    """What to do on one family of devices."""

    model: str
    family: str
    title: Told
    steps: list[SetupStep]


class Setup(Shape):
    """What to type on devices so that they speak to the hub."""

    broker: BrokerThere
    families: list[SetupFamily]
