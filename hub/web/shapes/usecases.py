"""Use cases, who plays in them, what they may be worth, and the story that is on."""

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from hub.model import Quality
from hub.rules.wording import Sentence
from hub.usecases.schema import Card, Limits, Material, Step
from hub.web.shapes.words import Shape, Time, Told, Words

Playing = Literal["simulated", "real", "missing"]


class RoleShort(Shape):
    """Who plays a role."""

    name: str
    state: Playing
    device: str | None


class UseCaseShort(Shape):
    """A use case as the list has it; `off`: its alarms are suppressed."""

    name: str
    title: Words
    who: Words
    run: str | None
    state: str | None
    off: bool
    roles: list[RoleShort]


class UseCaseList(Shape):
    """All use cases."""

    usecases: list[UseCaseShort]


class RoleNow(Shape):
    """A role: who plays it, by which channels, when it spoke last, which of its measures are silent."""

    name: str
    title: Words
    kind: Words
    acknowledges: list[str]
    state: Playing
    device: str | None
    channels: dict[str, str]
    time: Time | None
    quality: Quality | None
    silent: list[str]


class RoleWarning(Shape):
    """What is odd about a device in a role."""

    code: str
    measure: str
    text: Words


class RoleTaken(RoleNow):
    """A role as it is now, and the number to undo the change by."""

    usecase: str
    warnings: list[RoleWarning]
    action: int | None


class MeasureNow(Shape):
    """A measure with its newest value; what is shown is the channel's value × factor + offset, in `unit`."""

    name: str
    title: Words
    role: str
    device: str | None
    computed: bool
    factor: float
    offset: float
    channel: str
    unit: str | None
    decimals: int
    silence_s: float | None
    primary: bool
    inverted: bool
    value: float | None
    time: Time | None
    quality: Quality | None
    believed: bool


class PanelLimit(Shape):
    """A limit drawn in a panel."""

    rule: str
    value: float
    label: Words


class PanelShown(Shape):
    """A panel of the page."""

    kind: str
    title: Words
    series: list[str]
    limits: list[PanelLimit]


class Mask(Shape):
    """What suspends a rule; `until` null: while it lasts."""

    since: Time
    until: Time | None
    say: Words


class RuleShown(Shape):
    """A rule: what it compares, how long it waits, where it is written."""

    id: str
    title: Words
    kind: str
    measure: str
    limit: float | None
    unit: str | None
    deadband: float | None
    on_delay_s: float
    off_delay_s: float
    priority: str
    source: Words | None
    indicative: bool
    address: str | None
    todo: Words | None
    mask: Mask | None


class FaultShown(Shape):
    """A fault that the story can play."""

    name: str
    active: bool
    title: Told | UnsetType = UNSET
    intensity: float | UnsetType | None = UNSET


class UseCaseWhole(Shape):
    """A use case: story, roles, measures, panels, rules, sentence, money, guide.

    Attributes:
        twin: the run whose simulated devices keep a real one company.
        fixed: why it lives at ×1.
        off: its alarms are suppressed.
    """

    name: str
    title: Words
    story: Words
    place: Words
    who: Words
    hurts: Words
    gesture: Words
    run: str
    now: Time | None
    speed: float
    simulated: bool
    twin: str | None
    fixed: Words | None
    off: bool
    tz: str
    roles: list[RoleNow]
    measures: list[MeasureNow]
    panels: list[PanelShown]
    rules: list[RuleShown]
    sentence: Sentence | None
    faults: list[FaultShown]
    money: list[Card]
    materials: list[Material]
    limits_to_say: Limits
    guide: list[Step]


class Turned(Shape):
    """Whether a use case is off, and the number to undo it by."""

    name: str
    off: bool
    action: int | None


class Candidate(Shape):
    """A real device that could play a role; measure → the channel that gives it best, and those that could."""

    usecase: str
    usecase_title: Words
    role: str
    title: Words
    name: str
    taken: bool
    device: str
    channels: dict[str, str | None]
    options: dict[str, list[str]]
    warnings: list[RoleWarning]


class CandidateRoles(Shape):
    """Role → who could play it, the best first."""

    roles: dict[str, list[Candidate]]


class RoleOffers(Shape):
    """The roles that a device could play, the best first."""

    roles: list[Candidate]


class Figure(Shape):
    """What readings say of a hypothesis."""

    value: float
    since: Time
    until: Time


class CardWorth(Shape):
    """What a card makes of the hypotheses, between `low` and `high`."""

    id: str
    value: float | None
    low: float | None
    high: float | None
    text: Words


class BillLine(Shape):
    """A thing to buy [€]; `typed`: somebody looked its price up on `date`."""

    title: Words
    low: float
    high: float
    kit: Literal["both", "demo", "robust"]
    optional: bool
    note: Words | None
    date: str
    place: int
    typed: bool


class Bill(Shape):
    """What it costs; `demo`, `robust`: low and high of each kit [€]."""

    lines: list[BillLine]
    demo: list[float]
    robust: list[float]


class Money(Shape):
    """What a use case may be worth by its readings: hypotheses chosen and measured, cards, and what it costs."""

    chosen: dict[str, float]
    measured: dict[str, Figure]
    cards: list[CardWorth]
    materials: Bill


class StandValue(Shape):
    """A table's first large value; null: nothing was heard yet."""

    measure: str
    title: Words
    unit: str | None
    decimals: int
    value: float | None
    believed: bool


class StandAlarm(Shape):
    """A table's worst alarm, of `count`."""

    id: str
    state: str
    priority: str
    texts: Told
    count: int


class StandWorth(Shape):
    """What a table's story may be worth."""

    value: Any
    unit: Words
    title: Words


class Stand(Shape):
    """How a table that plays by itself stands."""

    table: int
    state: str
    usecase: str | None
    title: Words | None
    run: str | None
    value: StandValue | None
    alarm: StandAlarm | None
    worth: StandWorth | None


class StandList(Shape):
    """The tables side by side; `may_act`: who sits at one may press its buttons."""

    may_act: bool
    tables: list[Stand]
