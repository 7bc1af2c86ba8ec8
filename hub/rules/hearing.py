"""What a message's readings concern: which computed measures, which rules; found once per kind of message."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from hub.model import Quality
from hub.rules.judges import Judge
from hub.rules.kinds import Base
from hub.rules.making import Maker, Period
from hub.rules.watch import Silences, Watch


class Update(Struct, frozen=True):
    """A measure's new value, in its own unit; `timed`: its time says when it was measured."""

    measure: str
    value: float
    quality: Quality
    timed: bool


class Plan(Struct, frozen=True):
    """What new values of some measures concern.

    Attributes:
        makers: of the measures computed from them, in order; `periods`: those whose periods may have ended.
        watches: of the rules that look at any of these.
        remember: judges that keep the values of the first measure.
        masking: measures whose value before is needed, because they may begin a mask.
    """

    makers: tuple[Maker, ...]
    periods: tuple[Period, ...]
    watches: tuple[Watch | Silences, ...]
    remember: tuple[Judge[Base], ...]
    masking: tuple[str, ...]


def plan(measures: Sequence[str], makers: Mapping[str, Maker], watches: Mapping[str, Watch | Silences]) -> Plan:
    """Return what new values of the measures concern; `makers` in the order they depend on one another."""
    reached = set(measures)
    made = []
    for name, maker in makers.items():
        if not maker.sources.isdisjoint(reached):
            made.append(maker)
            reached.add(name)
    looking = tuple(each for each in watches.values() if not each.uses.isdisjoint(reached))
    judges = [each.judge for each in watches.values() if isinstance(each, Watch)]
    masks = [each.rule.mask.measure for each in looking if isinstance(each, Watch) and each.rule.mask is not None]
    return Plan(
        makers=tuple(made),
        periods=tuple(each for each in made if isinstance(each, Period)),
        watches=looking,
        remember=tuple(each for each in judges if measures[0] in each.remembers),
        masking=tuple(sorted(set(masks))),
    )
