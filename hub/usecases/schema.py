"""The shape of usecase.toml: a story, who plays in it, what is judged, what it is worth, how it is told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct, field

from hub.rules.case import View
from hub.rules.clauses import Condition
from hub.rules.computing import Computation, described
from hub.rules.functions import COMPUTATIONS
from hub.rules.kinds import Function, Hours, Measure, Priority, Role, Rule, Silence, Written
from hub.rules.wording import Sentence, Text, english, fill, french

SentenceMaker = Callable[["UseCase", View | None], Sentence]
"""`sentence(usecase, view)` of a use case's rules.py: what its numbers mean now, in one plain sentence."""


class Quiet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page says when a measure is silent: `say` with {measure} {age} {value}, `never` without a value.

    Attributes:
        urgent: the priority of a silence that begins within `urgent_during` ("in frost nights"), instead of `priority`.
        todo: what to do next.
    """

    title: Text
    say: Text
    never: Text
    priority: Priority = "medium"
    urgent: Priority | None = None
    urgent_during: tuple[Hours, ...] = ()
    todo: Text | None = None


class Panel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture on the page: `web/src/panels/<Kind>.svelte`; `limits`: ids of the rules whose limit is drawn."""

    kind: str
    title: Text
    series: tuple[str, ...]
    limits: tuple[str, ...] = ()


Take = Literal[
    "mean", "min", "max", "increase", "decrease", "delta", "integral", "duration_above", "share_above", "count_above"
]
"""A period function of hub/rules/computing.py, over the session or the part of it that somebody looks at."""


class Measured(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a session's readings say of a hypothesis: factor × (take of the measure) + offset, in its unit.

    Attributes:
        above: what `…_above` compares with.
        per: what the take is of such a time, "so much a day" of a session of an hour; None: of the whole session.
        during, when: only these hours, and only while these conditions hold.
    """

    measure: str
    take: Take
    above: float | None = None
    factor: float = 1.0
    offset: float = 0.0
    per: Literal["hour", "day", "year"] | None = None
    during: tuple[Hours, ...] = ()
    when: tuple[Condition, ...] = ()


class Hypothesis(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure that people may change with a slider between `low` and `high`.

    Attributes:
        source: where its default comes from; year: of that.
        measured: how a session's readings tell it; until they do, and where somebody chose, it is the slider's.
    """

    id: str
    title: Text
    value: float
    low: float
    high: float
    step: float
    unit: Text | None = None
    source: Text | None = None
    year: int | None = None
    measured: Measured | None = None


class Card(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it may be worth, never a promise: `formula` of the hypotheses with + - * / ( ) and numbers."""

    id: str
    title: Text
    formula: str
    unit: Text
    hypotheses: tuple[Hypothesis, ...]
    note: Text | None = None


class Material(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thing to buy, with its price range in euros, to be confirmed.

    Attributes:
        kit: what it is bought for: the demonstration, an installation that lasts, or both.
        optional: in no total.
    """

    title: Text
    low: float
    high: float
    kit: Literal["both", "demo", "robust"] = "both"
    optional: bool = False
    note: Text | None = None


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be said about what it does not do, sentence by sentence."""

    fr: tuple[str, ...]
    en: tuple[str, ...]

    def __post_init__(self) -> None:
        """Set the typography."""
        msgspec.structs.force_setattr(self, "fr", tuple(french(line) for line in self.fr))
        msgspec.structs.force_setattr(self, "en", tuple(english(line) for line in self.en))


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A moment of the guide.

    Attributes:
        minute: of the workshop's clock.
        speed: simulated seconds a second.
        does: what the facilitator does; `faults`: with which fault buttons; `ends`: those that end first, `*`: all.
        initial, clock: what begins anew before, at a named state of the scenario and an hour of its day ("02:00").
        sees: what the room sees.
        asks: the question to the room.
        rings: the alarms that the room is to hear before the next step, none where nothing is to ring; None: one of
            those that scenario.toml expects of its faults, while the run lasts (`matinales demo --rehearse` listens).
    """

    minute: float
    speed: Literal[1, 10, 60]
    does: Text
    sees: Text
    asks: Text
    faults: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    rings: tuple[str, ...] | None = None
    initial: str | None = None
    clock: str | None = None


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What usecase.toml holds.

    Attributes:
        story: what hurts today, in two sentences.
        gesture: what somebody does with their hands.
        tells: the page's main sentence, with {measure names}; a folder's rules.py may tell more in its `sentence`.
        prices_of: the month in which the prices of `materials` were looked up ("2026-11").
    """

    title: Text
    story: Text
    place: Text
    who: Text
    hurts: Text
    gesture: Text
    tells: Text | None = None
    roles: dict[str, Role]
    measures: dict[str, Measure]
    silence: Quiet
    rules: tuple[Written, ...]
    panels: tuple[Panel, ...]
    money: tuple[Card, ...]
    materials: tuple[Material, ...]
    prices_of: str = "2026-11"
    limits_to_say: Limits
    guide: tuple[Step, ...]


class UseCase(Document, frozen=True, kw_only=True):
    """A use case: its document, the name of its folder, and what its rules.py adds."""

    name: str
    functions: Mapping[str, Function] = field(default_factory=dict)
    sentence: SentenceMaker | None = None

    @property
    def all_rules(self) -> Sequence[Rule]:
        """The rules written, and one of silence for each measure that may not be silent."""
        return [*self.rules, *(self._silence(name) for name, each in self.measures.items() if each.silence_s)]

    @property
    def payload_formats(self) -> dict[str, str]:
        """Return simulated device → how its own bytes are read."""
        return {role.device: role.payload_format for role in self.roles.values() if role.payload_format is not None}

    def _silence(self, name: str) -> Silence:
        measure, words = self.measures[name], self.silence
        return Silence(
            id=f"silence_{name}",
            title=fill(words.title, {"measure": measure.title}),
            measure=name,
            priority=words.priority,
            say=words.say,
            never=words.never,
            after_s=measure.silence_s or 0.0,
            after_sim_s=measure.silence_sim_s,
            urgent=words.urgent,
            urgent_during=words.urgent_during,
            todo=words.todo,
        )

    def computation(self, measure: Measure) -> Computation | None:
        """Return what computes the measure; None: there is no such function, or it is heard from a device."""
        if measure.function is None:
            return None
        own = self.functions.get(measure.function)
        return COMPUTATIONS.get(measure.function) if own is None else described(own)

    def rule(self, name: str) -> Rule:
        """Return the rule of that id.

        Raises:
            KeyError: there is none (an alarm of an older version may still name it).
        """
        return {rule.id: rule for rule in self.all_rules}[name]
