"""A rule in time: delays, masks, hours, confirmation, latching; alarms that are raised and return (IEC 62682)."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import msgspec

from hub.model import NS, REAL, Alarm, Evidence
from hub.rules import kinds
from hub.rules.clauses import Hours, minutes
from hub.rules.judges import Bench, Judge
from hub.rules.measures import origin
from hub.rules.state import Course, Memory
from hub.rules.telling import Judged, words

SPARSE, MISSED = 900 * NS, 3
"""How far apart [ns] values of back-fill may lie (design.md §1), and how many of its own steps are a silence there."""
_LONG = 31 * 86_400 * NS
"""After a longer silence nobody asks when within it a rule's hours began and ended."""


class Watched:
    """What watches of all kinds have in common: the alarm."""

    def __init__(self, rule: kinds.Rule, course: Course, bench: Bench, memory: Memory) -> None:
        """Go on from `course`."""
        self.rule: Any = rule
        self.course = course
        self.bench = bench
        self.memory = memory
        self.uses = kinds.watches(rule)
        self.seen = tuple(dict.fromkeys([rule.measure, *sorted(kinds.uses(rule))]))
        self.stirred = False

    @property
    def waits(self) -> bool:
        """Whether something may happen by time alone."""
        return True

    def quantity(self) -> float | None:
        """Return what the rule judges now."""
        return self.bench.senses[self.rule.measure].good

    def advance(self, time: int, *, past: bool) -> list[Alarm]:
        """Let the rule's time run until `time` without a new reading."""
        raise NotImplementedError

    def look(
        self, fresh: AbstractSet[str], before: Mapping[str, float | None], time: int, *, past: bool
    ) -> list[Alarm]:
        """Look at the condition after new readings at `time`.

        Args:
            fresh: the measures that have a new usable value.
            before: what measures that mask were.
            time: of the readings [ns].
            past: by back-fill.
        """
        raise NotImplementedError

    def restart(self, time: int) -> None:  # noqa: ARG002 — a written rule starts its delay there
        """Begin afresh at `time`, after the use case was off."""
        self.course.since, self.course.count = None, 0

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the last usable values of what the rule looks at."""
        senses = [(name, self.bench.senses[name]) for name in self.seen]
        return tuple(
            Evidence(name, sense.good, sense.good_time)
            for name, sense in senses
            if sense.good is not None and sense.good_time is not None
        )

    def judged(self, local: datetime) -> Judged:
        """Return what the sentence says of the judgement, at a local time."""
        return Judged(self.quantity(), local)

    def priority(self, at: int) -> str:  # noqa: ARG002 — silence asks for the hour
        """Return the priority of an alarm raised at `at`."""
        return str(self.rule.priority)

    def raised(self, at: int, *, past: bool) -> list[Alarm]:
        """Raise the alarm; a latched one whose condition comes again goes on, the same id twice is one alarm."""
        self.stirred = True
        book, memory, course, rule = self.bench.book, self.memory, self.course, self.rule
        if course.active:
            course.cleared = None
            return []
        name = f"{book.name}.{rule.id}-{memory.run}-{at // 1_000_000}"
        if course.alarm is not None and course.alarm.id == name:
            course.alarm = msgspec.structs.replace(course.alarm, returned_at=None)
            return [course.alarm]
        text, params = words(book, memory, rule, at, self.judged(self.bench.local(at)))
        role = origin(book.measures, rule.measure).role
        before = [course.alarm] if course.alarm is not None and course.alarm.shelved_until is not None else []
        shelved = course.shelved_until if course.shelved_until is not None and course.shelved_until > at else None
        course.alarm = Alarm(
            id=name,
            usecase=book.name,
            rule=rule.id,
            measure=rule.measure,
            device=memory.devices.get(role, book.roles[role].device),
            run=memory.run,
            priority=self.priority(at),
            raised_at=at,
            texts=text.as_dict,
            past=past,
            params=params,
            since=at - int(rule.on_delay_s * NS),
            began=course.began,
            evidence=self.evidence(),
            shelved_until=shelved,
        )
        over = {"shelved_until": None, "unshelved_at": at, "unshelved_by": None}
        return [*(msgspec.structs.replace(each, **over) for each in before), course.alarm]

    def returned(self, at: int) -> list[Alarm]:
        """Return the alarm to normal; a latched one waits until somebody has acknowledged it."""
        self.stirred = True
        alarm = self.course.alarm
        assert alarm is not None  # noqa: S101 — only an active alarm returns
        if self.rule.latched and alarm.acknowledged_at is None:
            self.course.cleared = at
            return []
        self.course.cleared = None
        self.course.alarm = msgspec.structs.replace(alarm, returned_at=max(at, alarm.raised_at))
        return [self.course.alarm]


class Watch(Watched):
    """A rule that is written: its judge, its delays, its mask and hours."""

    def __init__(
        self, rule: kinds.Written, judge: Judge[Any], bench: Bench, memory: Memory, roots: AbstractSet[str]
    ) -> None:
        """Go on from the judge's course.

        Args:
            rule: the rule.
            judge: of its condition.
            bench: what both look at.
            memory: of the run.
            roots: the heard measures on whose age its condition depends.
        """
        super().__init__(rule, judge.course, bench, memory)
        self.judge = judge
        self.holds = judge.holds if judge.when else judge.own
        self.ages = [(bench.senses[name], limit) for name in roots if (limit := bench.believed[name]) is not None]
        self.on_delay, self.off_delay = int(rule.on_delay_s * NS), int(rule.off_delay_s * NS)
        self.mask = rule.mask
        by_period = bench.book.measures[rule.measure].period is not None
        self.hours: tuple[Hours, ...] = () if by_period else rule.during
        self.periods: tuple[Hours, ...] = rule.during if by_period else ()
        self.is_always = not (self.ages or self.periods)
        self.lasting = None if rule.mask is None or rule.mask.lasting_s is None else int(rule.mask.lasting_s * NS)

    @property
    def waits(self) -> bool:
        """Whether a delay, a mask or the hours may end by time alone."""
        course = self.course
        return course.since is not None or course.masked_from is not None or bool(self.hours)

    def quantity(self) -> float | None:
        """Return what the judge judges."""
        return self.judge.quantity()

    def judged(self, local: datetime) -> Judged:
        """Return it with the limits as they are now."""
        rule, usual = self.rule, None
        if isinstance(rule, kinds.Baseline):
            usual = self.bench.senses[rule.usual].good
        return Judged(self.judge.quantity(), local, self.judge.limits(), usual)

    # --- by time alone

    def advance(self, time: int, *, past: bool) -> list[Alarm]:
        """Let the rule's time run until `time` without a new reading."""
        changed: list[Alarm] = []
        course = self.course
        while self.hours and course.hours_until <= time:
            at = course.hours_until if course.hours_until > 0 and time - course.hours_until < _LONG else time
            changed += self._run(at - 1, past=past)
            self._turn(at)
        return changed + self._run(time, past=past)

    def _turn(self, at: int) -> None:
        """Look at the clock: the rule's hours may begin or end at `at`."""
        course, bench = self.course, self.bench
        local = bench.local(at)
        course.hours_until = at - at % NS - local.second * NS + 60 * NS * _next_mark(self.hours, local)
        is_open = bench.within(self.hours, at)
        if not is_open and course.closed_from is None:
            course.closed_from, course.since, course.count, self.stirred = at, None, 0, True
        elif is_open and course.closed_from is not None:
            course.closed_from = None
            self._again(at)

    def _again(self, at: int) -> None:
        """Start the delay at `at` if the condition holds there."""
        course, self.stirred = self.course, True
        if course.masked_from is not None or course.closed_from is not None:
            return
        held = self._held(at)
        if held is not None and held != course.beyond:
            self._begin(at)

    def restart(self, time: int) -> None:
        """Begin afresh at `time`, after the use case was off."""
        super().restart(time)
        self._again(time)

    def _begin(self, at: int) -> None:
        self.course.since = at
        if not self.course.beyond:
            self.course.began = self.evidence()

    def _run(self, time: int, *, past: bool) -> list[Alarm]:
        course = self.course
        if course.masked_from is not None:
            self._unmask(time)
        if course.since is None or course.masked_from is not None or course.closed_from is not None:
            return []
        reach = self.horizon(time)
        changed = self._fire(reach, past=past)
        if reach < time and course.since is not None:
            course.since, course.count = None, 0
            self.stirred = True
        return changed

    def horizon(self, time: int) -> int:
        """Return how far towards `time` the condition is known to hold as it stands."""
        for sense, limit in self.ages:
            end = 0 if sense.good_time is None else sense.good_time + limit
            time = min(time, end)
        return time

    def _held(self, time: int) -> bool | None:
        return self.holds(beyond=self.course.beyond) if self.horizon(time) >= time else None

    def _unmask(self, time: int) -> None:
        """End a mask whose time has run out, and start the on-delay there if the condition holds."""
        course = self.course
        if self.lasting is None or course.masked_from is None or course.masked_from + self.lasting > time:
            return
        end, course.masked_from = course.masked_from + self.lasting, None
        self._again(end)

    # --- by a reading

    def look(
        self, fresh: AbstractSet[str], before: Mapping[str, float | None], time: int, *, past: bool
    ) -> list[Alarm]:
        """Look at the condition after new readings at `time`."""
        course = self.course
        if self.hours and course.hours_until <= time:
            self._turn(time)
        if self.mask is not None and self.mask.measure in fresh:
            self._mask(before[self.mask.measure], time)
        alarm = course.alarm
        # `course.beyond`, spelled out: it is asked at each reading, and a call is a twentieth of what one may cost
        beyond = alarm is not None and alarm.returned_at is None and course.cleared is None
        held = None
        if (
            course.masked_from is None
            and course.closed_from is None
            and (self.is_always or self._is_judged(fresh, time))
        ):
            held = self.holds(beyond=beyond)
        if held is None or held == beyond:
            course.since, course.count = None, 0
            return []
        if course.since is None:
            self._begin(time)
        if self.rule.measure in fresh and (not course.count or time > course.reported):
            course.count, course.reported = course.count + 1, time
            course.counted = time if course.count <= self.rule.confirm else course.counted
        return self._fire(time, past=past)

    def _is_judged(self, fresh: AbstractSet[str], time: int) -> bool:
        """Tell whether the values are young enough, and the hour or day that ends now lies within the rule's hours."""
        for sense, limit in self.ages:
            if sense.good_time is None or sense.good_time + limit < time:
                return False
        return not (self.periods and self.rule.measure in fresh and not self.bench.within(self.periods, time - 1))

    def _mask(self, before: float | None, time: int) -> None:
        """Begin the mask when its measure becomes what masks; end it when it ceases to be."""
        course, mask = self.course, self.mask
        assert mask is not None  # noqa: S101 — its caller looks
        masks = mask.holds(self.bench.senses[mask.measure].good)
        if masks and not mask.holds(before):
            course.masked_from, course.since = time, None
        elif not masks and mask.lasting_s is None:
            course.masked_from = None

    def _fire(self, time: int, *, past: bool) -> list[Alarm]:
        """Raise or return the alarm if its delay has run out at `time`; the moment is exact, not `time`."""
        course = self.course
        if course.since is None:
            return []
        beyond = course.beyond
        due = course.since + (self.off_delay if beyond else self.on_delay)
        if not beyond and self.rule.confirm > 1:
            if course.count < self.rule.confirm:
                return []
            due = max(due, course.counted)
        if due > time:
            return []
        course.since, course.count = None, 0
        return self.returned(due) if beyond else self.raised(due, past=past)


class Silences(Watched):
    """A measure that may not be silent."""

    def __init__(self, rule: kinds.Silence, course: Course, bench: Bench, memory: Memory) -> None:
        """Go on from `course`."""
        super().__init__(rule, course, bench, memory)
        simulated = memory.run != REAL and rule.after_sim_s is not None
        self.after_s = (rule.after_sim_s if simulated else None) or rule.after_s
        self.after = int(self.after_s * NS)
        self.sense = bench.senses[rule.measure]

    def advance(self, time: int, *, past: bool) -> list[Alarm]:
        """Raise the alarm when nothing was heard for long enough.

        Back-fill does not hold silence against a measure that was never heard: a role played with a gesture has no
        history. Whoever never speaks is told from the run's start on. What was heard may be thinned there: then its own
        steps count.
        """
        heard = self.sense.good_time
        if heard is None and past:
            self.memory.filled, self.stirred = max(self.memory.waits_from, time), True
            return []
        after = max(self.after, MISSED * min(self.sense.apart or SPARSE, SPARSE)) if past else self.after
        due = (self.memory.waits_from if heard is None else heard) + after
        return self.raised(due, past=past) if time >= due and not self.course.active else []

    def look(
        self,
        fresh: AbstractSet[str],  # noqa: ARG002 — see Watched
        before: Mapping[str, float | None],  # noqa: ARG002 — see Watched
        time: int,
        *,
        past: bool,  # noqa: ARG002 — see Watched
    ) -> list[Alarm]:
        """Return the alarm: something was heard."""
        return self.returned(time) if self.course.beyond else []

    def priority(self, at: int) -> str:
        """Return the priority, which may depend on the hour."""
        rule = self.rule
        is_urgent = rule.urgent is not None and self.bench.within(rule.urgent_during, at)
        return str(rule.urgent if is_urgent else rule.priority)


def _next_mark(hours: tuple[Hours, ...], local: datetime) -> int:
    """Return in how many whole minutes hours may begin or end next: at a mark of theirs or at the next full hour."""
    now = 60 * local.hour + local.minute
    marks = {minutes(mark) for each in hours for mark in (each.start, each.end)}
    ahead = [mark - now for mark in marks if mark > now]
    return min([60 - local.minute, *ahead])
