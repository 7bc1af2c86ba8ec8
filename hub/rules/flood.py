"""Alarm floods: more alarms than an operator can take, shown as one with their cause (ISA-18.2-2016, 16.5.3). Pure.

A flood begins with the alarm that makes more than ten in ten minutes, and ends when fewer than five are left in the
last ten (the figures of ISA-18.2 and EEMUA 191, for one operator). Nothing is remembered: a flood follows from the
alarms themselves, on the timeline of their run, so that a restart changes none and no alarm depends on it. What was
set aside, and what back-fill raised, rings nobody and counts for nothing.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from hub.model import NS, PRIORITIES, Alarm
from hub.rules.wording import Plain, Sentence, Text, fill, number

WINDOW = 600 * NS
"""Span [ns] in which alarms are counted."""
BEGINS, ENDS = 10, 5
"""More than so many begin a flood; fewer than so many end it."""


class Cause(StrEnum):
    """What most alarms of a flood have in common, the likeliest explanation first."""

    BROKER = "broker"
    SILENT_DEVICE = "silent_device"
    DEVICE = "device"
    SILENCE = "silence"
    USECASE = "usecase"
    SEVERAL = "several"


_CAUSES: Mapping[Cause, Text] = {
    Cause.BROKER: Text("le courtier MQTT ne répond pas", "the MQTT broker does not answer"),
    Cause.SILENT_DEVICE: Text("l'appareil {of} ne parle plus", "device {of} is silent"),
    Cause.DEVICE: Text("presque toutes viennent de {of}", "nearly all come from {of}"),
    Cause.SILENCE: Text(
        "plusieurs appareils se taisent (réseau, courant ?)", "several devices are silent (network, power?)"
    ),
    Cause.USECASE: Text("presque toutes concernent {of}", "nearly all are about {of}"),
    Cause.SEVERAL: Text("plusieurs à la fois", "several at once"),
}
_SAY = Text(
    "{count} alarmes à la suite, la première : « {first} » Cause : {cause}.",
    "{count} alarms in a row, the first: “{first}” Cause: {cause}.",
)


class Flood(Struct, frozen=True, kw_only=True):
    """A flood under way.

    Attributes:
        since: time [ns] of the alarm that made it one.
        alarms: all that belong to it, in the order they were raised.
        cause: what most of them have in common; `of`: which device (uid) or use case that is.
    """

    run: str
    since: int
    alarms: tuple[Alarm, ...]
    cause: Cause
    of: str | None

    @property
    def priority(self) -> str:
        """The worst of its alarms that nobody has acknowledged; of all of them where everybody has."""
        waiting = [each.priority for each in self.alarms if each.acknowledged_at is None]
        return min(waiting or [each.priority for each in self.alarms], key=PRIORITIES.index)

    def sentence(self, named: Callable[["Flood"], Text]) -> Sentence:
        """Return the one line that stands for all; `named`: what the device or use case is called."""
        of = Text("", "") if self.of is None else named(self)
        first = self.alarms[0]
        parts = {
            "count": number(len(self.alarms), 0),
            "first": Text(first.texts.get("fr", first.rule), first.texts.get("en", first.rule)),
            "cause": fill(_CAUSES[self.cause], {"of": of}),
        }
        params: dict[str, Plain] = {"count": float(len(self.alarms)), "first": first.id, "of": self.of}
        return Sentence(self.cause, params, fill(_SAY, parts))


def flood(
    alarms: Iterable[Alarm], now: int, *, is_silence: Callable[[Alarm], bool], is_broker_away: bool = False
) -> Flood | None:
    """Return the flood that is under way among the alarms of one run at its `now` [ns]; None: there is none.

    Args:
        alarms: of the run, in any order.
        now: of the run.
        is_silence: whether an alarm says that something was not heard.
        is_broker_away: nothing can be heard of any device.
    """
    told = sorted((each for each in alarms if not each.past and each.shelved_until is None), key=_raised)
    since, group = grouped(told, now)
    if not group:
        return None
    cause, of = _cause(group, is_silence, is_broker_away=is_broker_away)
    return Flood(run=group[0].run, since=since, alarms=tuple(group), cause=cause, of=of)


def grouped(alarms: Iterable[Alarm], now: int) -> tuple[int, list[Alarm]]:
    """Return since when [ns] there is a flood at `now`, and its alarms; none: an empty list.

    Args:
        alarms: in the order they were raised.
        now: not before any of them.
    """
    window: deque[Alarm] = deque()
    group: list[Alarm] = []
    since = 0
    for each in alarms:
        _leave(window, each.raised_at)
        if len(window) < ENDS:
            group = []
        window.append(each)
        if group:
            group.append(each)
        elif len(window) > BEGINS:
            since, group = each.raised_at, [*window]
    _leave(window, now)
    return (since, group) if len(window) >= ENDS else (0, [])


def _leave(window: deque[Alarm], now: int) -> None:
    while window and window[0].raised_at <= now - WINDOW:
        window.popleft()


def _cause(
    group: Sequence[Alarm], is_silence: Callable[[Alarm], bool], *, is_broker_away: bool
) -> tuple[Cause, str | None]:
    """Return what more than half of the alarms have in common."""
    half = len(group) / 2
    silent = [each for each in group if is_silence(each)]
    if is_broker_away and len(silent) >= half:
        return Cause.BROKER, None
    device = _most(each.device for each in group)
    if device is not None and sum(each.device == device for each in silent) > half:
        return Cause.SILENT_DEVICE, device
    if device is not None:
        return Cause.DEVICE, device
    if len(silent) > half:
        return Cause.SILENCE, None
    usecase = _most(each.usecase for each in group)
    return (Cause.SEVERAL, None) if usecase is None else (Cause.USECASE, usecase)


def _most(names: Iterable[str]) -> str | None:
    """Return the name that more than half of them are."""
    counted = Counter(names)
    name, count = counted.most_common(1)[0]
    return name if count > counted.total() / 2 else None


def _raised(alarm: Alarm) -> int:
    return alarm.raised_at
