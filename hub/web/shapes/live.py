"""What `/live` says: the whole state, then what changes of it."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from hub.model import Quality
from hub.rules.wording import Sentence
from hub.web.runners import State
from hub.web.shapes.alarms import AlarmNow, FloodNow
from hub.web.shapes.devices import DeviceNow
from hub.web.shapes.history import Part
from hub.web.shapes.usecases import Stand
from hub.web.shapes.words import Clock, Json, Shape, Time
from hub.web.shapes.workshop import RoomNow, VoteNow
from hub.workshop.wall import Wall

Seq = Annotated[int, Meta(ge=0, description="of the frames of one rate; after a gap, ask for a full frame")]


class MeasureNewest(Shape):
    """The newest value of a measure that a use case computes."""

    value: float | None
    time: Time | None
    quality: Quality | None
    believed: bool


class ComputedNow(Shape):
    """What a use case computes, on its run."""

    run: str
    measures: dict[str, MeasureNewest]


class ComingNow(Shape):
    """The story that is on its way to every screen."""

    fr: str
    en: str
    usecase: str | UnsetType = UNSET


class WallShown(Wall, frozen=True, kw_only=True):
    """What holds for every screen; `coming`: what is on its way to it."""

    coming: ComingNow | UnsetType | None = UNSET


class Stands(Shape):
    """The tables that play by themselves."""

    may_act: bool
    all: list[Stand]


class ValueNow(Shape):
    """A channel's newest value."""

    device: str
    channel: str
    value: float
    time: Time | None
    quality: Quality | None
    run: str


class FullFrame(Shape):
    """Everything, as it is now: the first frame, every 10 s, after `{"type": "full"}`, and where a frame was skipped.

    Attributes:
        role: of who watches.
        messages: how many nobody understood.
        notes, plan: numbers that change whenever those do: fetch them anew.
        siren: number of the newest silent test.
        off: the use cases whose alarms are suppressed.
    """

    seq: Seq
    role: str
    type: Literal["full"]
    now: Time
    runs: dict[str, Clock]
    devices: list[DeviceNow]
    alarms: list[AlarmNow]
    sentences: dict[str, Sentence]
    computed: dict[str, ComputedNow]
    chosen: dict[str, Json]
    scenario: State | None
    vote: VoteNow | None
    notes: int
    plan: int
    room: RoomNow
    parts: dict[str, Part]
    messages: int
    floods: dict[str, FloodNow]
    siren: int
    off: list[str]
    tables: Stands
    wall: WallShown


class DeltaFrame(Shape):
    """What changed since the frame before: each member whole, or absent; devices and alarms: those that changed.

    Attributes:
        values: newest values, one a channel.
        forgotten: ids of devices that are no more.
    """

    seq: Seq
    type: Literal["delta"]
    now: Time
    values: list[ValueNow]
    devices: list[DeviceNow] | UnsetType = UNSET
    forgotten: list[str] | UnsetType = UNSET
    alarms: list[AlarmNow] | UnsetType = UNSET
    runs: dict[str, Clock] | UnsetType = UNSET
    sentences: dict[str, Sentence] | UnsetType = UNSET
    computed: dict[str, ComputedNow] | UnsetType = UNSET
    chosen: dict[str, Json] | UnsetType = UNSET
    scenario: State | UnsetType | None = UNSET
    vote: VoteNow | UnsetType | None = UNSET
    notes: int | UnsetType = UNSET
    plan: int | UnsetType = UNSET
    room: RoomNow | UnsetType = UNSET
    parts: dict[str, Part] | UnsetType = UNSET
    messages: int | UnsetType = UNSET
    floods: dict[str, FloodNow] | UnsetType = UNSET
    siren: int | UnsetType = UNSET
    off: list[str] | UnsetType = UNSET
    tables: Stands | UnsetType = UNSET
    wall: WallShown | UnsetType = UNSET
