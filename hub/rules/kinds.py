"""What a rule can say: the vocabulary of usecase.toml (use_cases.md §0, IEC 62682 / ISA-18.2).

Limits are in the unit that the measure declares; delays and windows in seconds of the run's own time. The table of all
kinds with their options is in hub/usecases/README.md.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from hub.rules.clauses import Condition, Hours, Mask, Moving
from hub.rules.measures import Measure, Priority, Role
from hub.rules.wording import Text

__all__ = ["Book", "Condition", "Function", "Hours", "Mask", "Measure", "Moving", "Priority", "Role", "Rule", "Written"]

Function = Callable[..., float | None]
"""A use case's own function: values by keyword in, a number out; None: it has nothing to say."""
Limit = float | Moving
"""A number, or `{ measure = "usual", factor = 1.25, offset = 10 }`."""


class Base(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every rule says.

    Attributes:
        id: permanent name.
        title: the rule in a few words ("air trop chaud 15 min").
        measure: what it judges; its device is the alarm's.
        say: the sentence, with placeholders: measures, value, limit, since, eta, clock, baseline, delta, place.
        on_delay_s: how long the condition must hold before the alarm is raised.
        off_delay_s: how long it must be gone before the alarm returns to normal.
        confirm: how many of the measure's reports in a row must fulfil it before it is raised.
        latched: it returns to normal only once somebody acknowledged it too.
        when: further conditions, all of which must hold at once with the rule's own.
        during: hours in which it is judged; outside it is masked, and its delay starts again when they begin.
        mask: what suspends it.
        source: the text it follows, with its date; `indicative`: the law's own wording was not consulted.
        address: where that text is published.
        todo: what to do next, in a sentence.
    """

    id: str
    title: Text
    measure: str
    priority: Priority
    say: Text
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    confirm: int = 1
    latched: bool = False
    when: tuple[Condition, ...] = ()
    during: tuple[Hours, ...] = ()
    mask: Mask | None = None
    source: Text | None = None
    indicative: bool = False
    address: str | None = None
    todo: Text | None = None


class Level(Base, frozen=True, kw_only=True):
    """A limit on one side; `inclusive`: the limit itself is beyond."""

    limit: Limit
    deadband: float = 0.0
    inclusive: bool = False

    @property
    def fixed(self) -> float:
        """The limit as a number; not a number where it follows a measure."""
        return math.nan if isinstance(self.limit, Moving) else self.limit


class LimitHigh(Level, frozen=True, kw_only=True, tag="limit_high"):
    """Beyond when above `limit`; back when at or below `limit − deadband`."""


class LimitLow(Level, frozen=True, kw_only=True, tag="limit_low"):
    """Beyond when below `limit`; back when at or above `limit + deadband`."""


class Band(Base, frozen=True, kw_only=True, tag="band"):
    """Outside `low` … `high`; back when `deadband` inside."""

    low: Limit
    high: Limit
    deadband: float = 0.0


class Rate(Base, frozen=True, kw_only=True, tag="rate"):
    """Rises, or with `direction = "down"` falls, by more than `limit` [unit/`per`], the slope over `window_s`.

    The slope is the least-squares line; it is unknown until half of the window is covered.
    """

    limit: float
    window_s: float
    per: Literal["minute", "hour", "day"] = "minute"
    direction: Literal["up", "down"] = "up"
    deadband: float = 0.0


class Change(Base, frozen=True, kw_only=True, tag="change"):
    """Is, within `window_s`, changed by so much: exactly one of the three.

    Attributes:
        rises: it is this much or more above its lowest value of the window.
        falls: it is this much or more below its highest.
        times: it is at least this multiple of its lowest ("doubled within 24 h": 2).
    """

    window_s: float
    rises: float | None = None
    falls: float | None = None
    times: float | None = None


class Share(Base, frozen=True, kw_only=True, tag="share"):
    """Is above `above` for more than `limit` [%] of the last `window_s`; silent until the window is known."""

    limit: float
    above: float
    window_s: float
    deadband: float = 0.0


class Forecast(Base, frozen=True, kw_only=True, tag="forecast"):
    """Will reach `limit` in less than `within_s`: by a function, or without one by its slope.

    Attributes:
        function: its name; called with every measure of `means` and `measure` by name, `limit` and `parameters`;
            returns seconds, or None for never.
        of: argument → measure, where the function's arguments are not named like the measures.
        means: measure → window [s] of which the mean is taken.
        parameters: the hypotheses of the function.
        window_s: of the slope, where no function is named.
        slope_at_least: a slower slope towards the limit [unit/h] gives no forecast.
    """

    limit: float
    within_s: float
    function: str | None = None
    of: dict[str, str] = {}
    means: dict[str, float] = {}
    parameters: dict[str, float] = {}
    window_s: float | None = None
    slope_at_least: float = 0.0


class State(Base, frozen=True, kw_only=True, tag="state"):
    """All `conditions` hold at once, and at least one of `any` where some are given."""

    conditions: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()


class Baseline(Base, frozen=True, kw_only=True, tag="baseline"):
    """Is beyond what it usually is: `factor × usual + offset`.

    Attributes:
        usual: the measure that says what is usual, computed by `usual` (a median of past days) or another.
        side: "above" or "below" it.
        deadband: in the measure's unit; `deadband_share`: as a part of the usual value (0.05).
    """

    usual: str
    factor: float = 1.0
    offset: float = 0.0
    side: Literal["above", "below"] = "above"
    deadband: float = 0.0
    deadband_share: float = 0.0


class Balance(Base, frozen=True, kw_only=True, tag="balance"):
    """Two measures that should agree do not.

    Attributes:
        against: the other one, in the same unit.
        compare: "difference" is measure − against, "ratio" is measure / against.
        low, high: where it is well; at least one.
        at_least: nothing is judged while both are smaller.
        deadband: in the unit of the comparison.
    """

    against: str
    compare: Literal["difference", "ratio"] = "difference"
    low: float | None = None
    high: float | None = None
    at_least: float | None = None
    deadband: float = 0.0


class Flatline(Base, frozen=True, kw_only=True, tag="flatline"):
    """Its values over `window_s` lie within less than `range`: the sensor repeats itself."""

    range: float
    window_s: float


class EveryPeriod(Base, frozen=True, kw_only=True, tag="every_period"):
    """Each of the last `periods` values of a measure per clock hour or day was `at_least` so much.

    Only periods that lie wholly within `during` count, and the first one below returns it to normal.
    """

    periods: int
    at_least: float


class Silence(Base, frozen=True, kw_only=True, tag="silence"):
    """Nothing usable was heard of the measure for `after_s`. Never masked; made from the measure's `silence_s`.

    Attributes:
        after_sim_s: instead of `after_s` on simulated and replayed runs.
        never: what is said instead of `say` when there never was a value.
        urgent: the priority it has when it is raised within `urgent_during`.
    """

    after_s: float
    never: Text
    after_sim_s: float | None = None
    urgent: Priority | None = None
    urgent_during: tuple[Hours, ...] = ()


Written = (
    LimitHigh | LimitLow | Band | Rate | Change | Share | Forecast | State | Baseline | Balance | Flatline | EveryPeriod
)
"""The kinds written in usecase.toml; silence is a property of the measure."""
Rule = Written | Silence


class Book(Protocol):
    """What the engine needs of a use case."""

    @property
    def name(self) -> str:
        """Permanent name."""

    @property
    def place(self) -> Text:
        """Where it is."""

    @property
    def roles(self) -> Mapping[str, Role]:
        """Its roles."""

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Its measures."""

    @property
    def all_rules(self) -> Sequence[Rule]:
        """Its rules, silence included."""

    @property
    def functions(self) -> Mapping[str, Function]:
        """Its own functions, by name."""


def limits(rule: Rule) -> tuple[Limit, ...]:
    """Return the limits that the rule names for its measure, fixed or moving."""
    match rule:
        case LimitHigh() | LimitLow():
            return (rule.limit,)
        case Band():
            return rule.low, rule.high
        case Baseline():
            return (Moving(measure=rule.usual, factor=rule.factor, offset=rule.offset),)
        case _:
            return ()


def uses(rule: Rule) -> frozenset[str]:
    """Return the measures whose values the rule's condition needs (its mask's is not among them)."""
    found = {name for each in rule.when for name in each.measures}
    found |= {each.measure for each in limits(rule) if isinstance(each, Moving)}
    match rule:
        case State():
            return frozenset(found | {name for each in (*rule.conditions, *rule.any) for name in each.measures})
        case Forecast():
            return frozenset(found | {rule.measure, *rule.means, *rule.of.values()})
        case Balance():
            return frozenset(found | {rule.measure, rule.against})
        case _:
            return frozenset(found | {rule.measure})


def watches(rule: Rule) -> frozenset[str]:
    """Return the measures whose readings concern the rule."""
    return uses(rule) if rule.mask is None else uses(rule) | {rule.mask.measure}
