"""What a rule can say: the vocabulary of usecase.toml (use_cases.md §0, IEC 62682 / ISA-18.2).

Limits are in the unit that the measure declares; delays and windows in seconds of the run's own time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from hub.rules.wording import Text

Priority = Literal["critical", "high", "medium", "low"]
Function = Callable[..., float | None]
"""A use case's own function: values by keyword in, a number out; None: it has nothing to say."""


class Role(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place in the story that a device fills.

    Attributes:
        kind: the device in people's words ("Tasmota, deux DS18B20").
        family: driver family whose devices can take it.
        simulated: name of the simulated device that takes it by itself on every simulated run.
    """

    title: Text
    kind: Text
    family: str
    simulated: str

    @property
    def device(self) -> str:
        """The uid of the simulated device."""
        return f"{self.family}:{self.simulated}"


class Measure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What rules, sentences and panels speak of.

    Attributes:
        role, channel: where it comes from.
        unit: the unit it is shown and limited in; the hub converts from the channel's.
        silence_s: how long its last value is believed; later it is silent, and that is an alarm.
        primary: shown large.
        inverted: the measure is 1 − the channel (a contact that is 1 when closed gives `door_open`).
    """

    title: Text
    role: str
    channel: str
    unit: str | None = None
    decimals: int = 1
    silence_s: float | None = None
    primary: bool = False
    inverted: bool = False


class Mask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What suspends a rule: `measure` becoming `equals`.

    Attributes:
        lasting_s: from that moment on, however long it stays so; None: while it stays so.
        say: what the page says meanwhile.
    """

    measure: str
    say: Text
    equals: float = 1.0
    lasting_s: float | None = None


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One comparison; exactly one of the three is given."""

    measure: str
    above: float | None = None
    below: float | None = None
    equals: float | None = None

    def holds(self, value: float) -> bool:
        """Tell whether `value` fulfils it."""
        if self.above is not None:
            return value > self.above
        if self.below is not None:
            return value < self.below
        return value == self.equals


class Base(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every rule says.

    Attributes:
        id: permanent name.
        title: the rule in a few words ("air trop chaud 15 min").
        measure: what it judges; its device is the alarm's.
        say: the sentence, with placeholders: measures, value, limit, since, eta.
        on_delay_s: how long the condition must hold before the alarm is raised.
        off_delay_s: how long it must be gone before the alarm returns to normal.
        source: the text it follows, with its date; `indicative`: the law's own wording was not consulted.
    """

    id: str
    title: Text
    measure: str
    priority: Priority
    say: Text
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    source: Text | None = None
    indicative: bool = False
    mask: Mask | None = None


class LimitHigh(Base, frozen=True, kw_only=True, tag="limit_high"):
    """Beyond when above `limit`; back when at or below `limit − deadband`."""

    limit: float
    deadband: float = 0.0


class LimitLow(Base, frozen=True, kw_only=True, tag="limit_low"):
    """Beyond when below `limit`; back when at or above `limit + deadband`."""

    limit: float
    deadband: float = 0.0


class Rate(Base, frozen=True, kw_only=True, tag="rate"):
    """Rises by more than `limit` [unit/min] over `window_s`."""

    limit: float
    window_s: float
    deadband: float = 0.0


class Share(Base, frozen=True, kw_only=True, tag="share"):
    """Is above `above` for more than `limit` [%] of the last `window_s`; silent until the window is known."""

    limit: float
    above: float
    window_s: float
    deadband: float = 0.0


class Forecast(Base, frozen=True, kw_only=True, tag="forecast"):
    """Will reach `limit` in less than `within_s`, by the use case's own function.

    Attributes:
        function: name in rules.py; called with every measure of `means` and `measure` by name, `limit` and
            `parameters`; returns seconds, or None for never.
        means: measure → window [s] of which the mean is taken.
        parameters: the hypotheses of the function.
    """

    function: str
    limit: float
    within_s: float
    means: dict[str, float] = {}
    parameters: dict[str, float] = {}


class State(Base, frozen=True, kw_only=True, tag="state"):
    """All conditions hold at once."""

    conditions: tuple[Condition, ...]


class Silence(Base, frozen=True, kw_only=True, tag="silence"):
    """Nothing usable was heard of the measure for `after_s`. Never masked; made from the measure's `silence_s`.

    Attributes:
        never: what is said instead of `say` when there never was a value.
    """

    after_s: float
    never: Text


Rule = LimitHigh | LimitLow | Rate | Share | Forecast | State | Silence
Written = LimitHigh | LimitLow | Rate | Share | Forecast | State
"""The kinds written in usecase.toml; silence is a property of the measure."""


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


def uses(rule: Rule) -> frozenset[str]:
    """Return the measures whose values the rule's condition needs (its mask's is not among them)."""
    match rule:
        case State():
            return frozenset(condition.measure for condition in rule.conditions)
        case Forecast():
            return frozenset([rule.measure, *rule.means])
        case _:
            return frozenset([rule.measure])


def watches(rule: Rule) -> frozenset[str]:
    """Return the measures whose readings concern the rule."""
    return uses(rule) if rule.mask is None else uses(rule) | {rule.mask.measure}
