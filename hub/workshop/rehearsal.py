"""Where a show would stall: what the guide promises beside what was raised as it was played on a fast clock. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from hub.rules.wording import Sentence, Text, fill, number

LAST_MIN = 5.0
"""The last step has no next one: so long [min] is waited for what it promises."""


class Cue(Struct, frozen=True, kw_only=True):
    """A step of the guide.

    Attributes:
        number: from 1.
        minute: of the show, at which it begins.
        speed: simulated seconds a second.
        does: what the facilitator does.
        anew: whether a new run begins with it.
        rings: rules whose alarm the room is to hear before the next step.
        hopes: fault started here → the rules of which one is expected to be raised while the run lasts; none: nothing.
    """

    number: int
    minute: float
    speed: float
    does: Text
    anew: bool = False
    rings: tuple[str, ...] = ()
    hopes: dict[str, tuple[str, ...]] = {}


class Rang(Struct, frozen=True):
    """An alarm: of which rule, and from when to when [min of the show]; `over` None: it lasts."""

    rule: str
    minute: float
    over: float | None = None

    def lasts_into(self, start: float, stop: float) -> bool:
        """Tell whether it is on at some time from `start` to `stop` [min]."""
        return self.minute <= stop and (self.over is None or self.over >= start)


class Stall(Struct, frozen=True, kw_only=True):
    """A place at which the show would stand still: at which step and minute, and why."""

    step: int
    minute: float
    said: Sentence


_SAY: Mapping[str, Text] = {
    "missing_device": Text(
        "Personne ne joue le rôle « {role} » : pas une valeur. Branchez l'appareil, ou rendez le rôle au simulateur.",
        "Nobody plays the role “{role}”: not one value. Plug the device in, or give the role back to the simulator.",
    ),
    "late_alarm": Text(
        "« {rule} » ne sonne qu'à la minute {came}, l'étape suivante commence à la minute {due}. Accélérez, ou "
        "attendez.",
        "“{rule}” rings only at minute {came}; the next step begins at minute {due}. Go faster, or wait.",
    ),
    "no_alarm": Text(
        "« {rule} » ne sonne pas avant la minute {due}. Accélérez, ou retirez cette promesse du guide.",
        "“{rule}” does not ring before minute {due}. Go faster, or take the promise out of the guide.",
    ),
    "no_effect": Text(
        "« {fault} » ne fait sonner aucune de ses alarmes avant la minute {due}. Accélérez, ou donnez-lui plus de "
        "temps.",
        "“{fault}” raises none of its alarms before minute {due}. Go faster, or give it more time.",
    ),
}


def ends(cues: Sequence[Cue]) -> list[float]:
    """Return at which minute of the show each step is over."""
    return [*(after.minute for _, after in pairwise(cues)), cues[-1].minute + LAST_MIN] if cues else []


def stalls(
    cues: Sequence[Cue],
    rang: Sequence[Rang],
    *,
    silent: Collection[str] = (),
    titles: Mapping[str, Text],
) -> Iterator[Stall]:
    """Yield where the show would stall, in the order of the show.

    Args:
        cues: the steps.
        rang: what was raised, the earliest first.
        silent: roles of which nothing was heard.
        titles: rule, fault or role → what it is called; a name without a title is told as it is.
    """
    for role in silent:
        yield Stall(step=1, minute=0.0, said=_said("missing_device", titles, role=role))
    for place, (cue, over) in enumerate(zip(cues, ends(cues), strict=True)):
        for rule in cue.rings:
            came = next((each.minute for each in rang if each.rule == rule and each.minute >= cue.minute), None)
            if came is None:
                yield _stall(cue, "no_alarm", titles, over, rule=rule)
            elif came > over:
                yield _stall(cue, "late_alarm", titles, over, came, rule=rule)
        until = _lasts(cues, place)
        for fault, rules in cue.hopes.items():
            if rules and not any(each.rule in rules and each.lasts_into(cue.minute, until) for each in rang):
                yield _stall(cue, "no_effect", titles, until, fault=fault)


def _lasts(cues: Sequence[Cue], place: int) -> float:
    """Return until when [min] the run of a step lasts: a new one begins, or the show is over."""
    return next((each.minute for each in cues[place + 1 :] if each.anew), ends(cues)[-1])


def _stall(
    cue: Cue, code: str, titles: Mapping[str, Text], due: float, came: float | None = None, **named: str
) -> Stall:
    minutes = {"due": due} | ({} if came is None else {"came": came})
    return Stall(step=cue.number, minute=cue.minute, said=_said(code, titles, minutes, **named))


def _said(code: str, titles: Mapping[str, Text], minutes: Mapping[str, float] | None = None, **named: str) -> Sentence:
    known = dict(minutes or {})
    parts = {name: titles.get(each, Text(each, each)) for name, each in named.items()}
    figures = {name: number(each, 0 if each == round(each) else 1) for name, each in known.items()}
    return Sentence(code, {**named, **known}, fill(_SAY[code], {**parts, **figures}))
