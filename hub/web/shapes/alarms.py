"""Alarms (IEC 62682): their state, their life, and why they were raised."""

from typing import Literal

from hub.model import AlarmState
from hub.web.shapes.words import Shape, Time, Told, Words

Priority = Literal["critical", "high", "medium", "low"]


class AlarmNow(Shape):
    """An alarm.

    Attributes:
        id: `<usecase>.<rule>-<run>-<raised_at ms>`.
        table: whose own story raised it; null: the room's.
        suppressed: its use case is off.
        past: raised by back-fill or replay: rang nobody.
        text: by Accept-Language; `texts`: both.
        comments: the hub's own words, where a button acknowledged.
        source: what its limit is taken from; `indicative`: an order of magnitude, no rule.
    """

    id: str
    rule: str
    measure: str
    device: str
    usecase: str
    run: str
    table: int | None
    simulated: bool
    suppressed: bool
    priority: Priority
    state: AlarmState
    raised_at: Time
    returned_at: Time | None
    acknowledged_at: Time | None
    acknowledged_by: str | None
    shelved_until: Time | None
    shelved_by: str | None
    comment: str | None
    comments: Told | None
    past: bool
    text: str
    texts: Told
    source: Told | None
    indicative: bool


class FloodNow(Shape):
    """Many alarms in a row, shown as one."""

    since: Time
    count: int
    priority: Priority
    cause: str
    of: str | None
    alarms: list[str]
    text: Words


class AlarmList(Shape):
    """Alarms, newest first; run → the flood under way there."""

    alarms: list[AlarmNow]
    next: str | None
    floods: dict[str, FloodNow]


class AlarmStep(Shape):
    """One step of an alarm's life."""

    step: Literal["raised", "acknowledged", "returned", "shelved", "unshelved"]
    at: Time
    by: str | None
    comment: str | None
    comments: Told | None
    until: Time | None


class AlarmWhole(AlarmNow):
    """An alarm with every step of its life."""

    transitions: list[AlarmStep]


class Judged(Shape):
    """What was compared."""

    value: float | str | None
    limit: float | str | None
    unit: str | None


class At(Shape):
    """A value at a time."""

    value: float
    time: Time


class Looked(Shape):
    """A measure that the rule looked at: as its condition began, and as the alarm was raised."""

    measure: str
    title: Words
    unit: str | None
    decimals: int
    began: At | None
    raised: At | None


class ChartCurve(Shape):
    """A curve to draw: `GET /series?usecase=…&measure=…`."""

    measure: str
    title: Words
    unit: str | None
    decimals: int
    device: str | None
    channel: str


class ChartLimit(Shape):
    """A line to draw; `low`: below it is too low."""

    measure: str
    value: float
    low: bool
    label: Words


class Chart(Shape):
    """What to draw around an alarm."""

    run: str
    start: Time
    stop: Time
    series: list[ChartCurve]
    limits: list[ChartLimit]


class AlarmReason(Shape):
    """Why an alarm was raised: the rule in words, values and times, its source, what to do next."""

    alarm: str
    usecase: str
    rule: str
    kind: str
    title: Words
    words: Words
    since: Time | None
    raised_at: Time
    returned_at: Time | None
    judged: Judged
    values: list[Looked]
    source: Words | None
    indicative: bool
    address: str | None
    todo: Words
    chart: Chart
