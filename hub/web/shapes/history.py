"""Stored readings, curves, runs, and what is taken in."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from hub.ingest.csv_import import Plan
from hub.ingest.csv_import import Shape as CsvShape
from hub.model import Quality
from hub.web.shapes.words import Json, Shape, Time, Told

CURVE = Annotated[list[float | None], Meta(description="null: a gap")]


class ReadingStored(Shape):
    """A reading, or (with `aggregate`) one value a window, whose start is its time."""

    device: str
    channel: str
    unit: str | None
    time: Time
    value: float
    quality: Quality
    simulated: bool
    run: str


class ReadingList(Shape):
    """Readings in order of time; `next`: the cursor of those that follow, null at the end."""

    readings: list[ReadingStored]
    next: str | None


class Curve(Shape):
    """A curve of at most 2 × `width` points, times in s since 1970; `min`, `max`: of each window where it is thinned.

    A device's channel, or with `usecase` and `measure` in the question those.
    """

    unit: str | None
    run: str
    t: list[float]
    v: CURVE
    min: CURVE
    max: CURVE
    device: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    usecase: str | UnsetType = UNSET
    measure: str | UnsetType = UNSET


class SeriesList(Shape):
    """Curves to draw, and the now of their timeline."""

    now: Time
    series: list[Curve]


class Accepted(Shape):
    """How many messages the journal has taken, and its end; they are on disk."""

    accepted: int
    position: int


class Downlink(Shape):
    """What a Sigfox device is told in answer, where it asked."""

    downlinkData: str  # noqa: N815 — Sigfox's word


class RunKnown(Shape):
    """A run; `current`: devices are on it now."""

    id: str
    scenario: str
    state: str
    current: bool
    now: Time


class RunList(Shape):
    """The runs that are known, those that are on first."""

    runs: list[RunKnown]


class Reason(Shape):
    """Why not, in words."""

    reason: str
    reasons: Told


class LineMistake(Reason):
    """What is wrong in a line."""

    line: int
    column: str


class ImportLooks(Shape):
    """A file that was taken, and what it looks like."""

    id: str
    name: str
    size: int
    shape: CsvShape


class RowReading(Shape):
    """What a cell says."""

    channel: str
    value: float
    unit: str | None
    quality: Quality


class RowRead(Shape):
    """How a row would be read."""

    line: int
    time: Time
    readings: list[RowReading]
    rejected: list[Reason]


class ImportPreview(Shape):
    """How the first rows would be read; `problem`: what is wrong with the plan."""

    problem: Reason | None
    plan: Plan | None
    shape: CsvShape | None
    rows: list[RowRead]
    mistakes: list[LineMistake]


class ImportNow(Shape):
    """How far an import is; `done` of `size` bytes; `count` lines are wrong; `mistakes` names some."""

    id: str
    name: str
    state: Literal["waiting", "reading", "importing", "checked", "done", "refused", "cancelled", "failed"]
    done: int
    size: int
    rows: int
    imported: int
    count: int
    mistakes: list[LineMistake]
    reason: str | None


class Health(Shape):
    """How the hub's parts are; `degraded`: not all of them are well, and each says what helps."""

    status: Literal["ok", "degraded"]
    parts: dict[str, "Part"]
    counters: dict[str, float]


class Part(Shape):
    """A part of the hub: how it is, in words, and the remedy. Some parts say more."""

    status: str
    text: Any = None
    remedy: Any = None


Document = Json
"""This description itself."""
