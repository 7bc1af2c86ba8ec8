"""One use case on one run: what its rules remember, see and do."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from hub.model import NS, REAL, Alarm, Quality
from hub.rules import kinds
from hub.rules.calendar import Calendar
from hub.rules.hearing import Plan, Update, plan
from hub.rules.judges import Bench, judge
from hub.rules.kinds import Book
from hub.rules.making import Kept, in_order, maker, roots
from hub.rules.state import Course, Made, Memory, Sense
from hub.rules.watch import Silences, Watch
from hub.rules.wording import Text

__all__ = ["Case", "Seen", "Update", "View"]


class Seen(Struct, frozen=True, kw_only=True):
    """A measure as a sentence or the API needs it; see `state.Sense`.

    Attributes:
        believed: a usable value is known and not older than the silence limit.
    """

    value: float | None = None
    time: int | None = None
    quality: Quality = Quality.GOOD
    good: float | None = None
    good_time: int | None = None
    changed: int | None = None
    believed: bool = False


class View(Struct, frozen=True, kw_only=True):
    """What is known of a use case on a run at one moment: immutable, to be handed to other threads.

    Attributes:
        since: rule → when its condition began to hold (still within the on-delay, or before the alarm was raised).
        quantities: rule → what it judges now: a value, a slope [1/per], a share [%], a forecast [s].
        limits: rule → the limits of its measure as they are now, where they follow another measure.
        masked: rule → when its present mask began; closed: rule → since when it is outside its hours.
        alarms: newest per rule, active or not yet acknowledged.
        suppressed: the use case is off: nothing is raised.
        local: what the place's clock shows now, on the day that the run plays.
        preparing: the run's history is on its way: nothing of it says how things stand now.
    """

    usecase: str
    run: str
    now: int
    start: int
    devices: dict[str, str]
    measures: dict[str, Seen]
    since: dict[str, int]
    quantities: dict[str, float | None]
    masked: dict[str, int]
    alarms: tuple[Alarm, ...]
    limits: dict[str, tuple[float | None, ...]] = {}
    closed: dict[str, int] = {}
    suppressed: bool = False
    local: datetime | None = None
    preparing: bool = False

    def active(self, rule: str) -> bool:
        """Tell whether the rule's alarm is raised and not back to normal."""
        return any(alarm.rule == rule and alarm.returned_at is None for alarm in self.alarms)

    @property
    def ringing(self) -> frozenset[str]:
        """Ids of the alarms that are raised and not back to normal."""
        return frozenset(alarm.id for alarm in self.alarms if alarm.returned_at is None)


class Case:
    """One use case on one run: its memory, and the rules that read and change it."""

    def __init__(self, book: Book, memory: Memory, calendar: Calendar | None = None) -> None:
        """Go on from `memory`; rules and measures it does not know begin afresh."""
        self.book = book
        self.memory = memory
        self.changed = True
        self.rules = {rule.id: rule for rule in book.all_rules}
        memory.courses = {name: memory.courses.get(name, Course()) for name in self.rules}
        memory.senses = {name: memory.senses.get(name, Sense()) for name in book.measures}
        order = [*in_order(book.measures)]
        fresh = set(order) - memory.made.keys()
        memory.made = {name: memory.made.get(name, Made()) for name in order}
        self.roots = {name: roots(book.measures, name) for name in book.measures}
        bench = Bench(book, f"{book.name}/{memory.run}", calendar or Calendar(), memory.senses, self._believed())
        self.bench = bench
        self.makers = {name: maker(name, memory.made[name], bench) for name in order}
        self.watches: dict[str, Watch | Silences] = {}
        for rule in book.all_rules:
            course = memory.courses[rule.id]
            if isinstance(rule, kinds.Silence) and self._is_nobodys(rule.measure):
                continue
            if isinstance(rule, kinds.Silence):
                self.watches[rule.id] = Silences(rule, course, bench, memory)
            else:
                self.watches[rule.id] = Watch(rule, judge(rule, course, bench), bench, memory, self._roots_of(rule))
        self._plans: dict[tuple[str, ...], Plan] = {}
        for name in fresh & memory.made.keys():
            self._suppose(name)

    def _is_nobodys(self, measure: str) -> bool:
        """Tell whether a measure's role is taken by a device that does not give it: nobody waits for it."""
        taken = self.memory.cast.get(self.book.measures[measure].role)
        return taken is not None and measure not in taken.channels

    def _believed(self) -> dict[str, int | None]:
        """Return measure → how long its value is believed [ns]: a computed one as its shortest source."""
        simulated = self.memory.run != REAL
        heard = {
            name: None if silence is None else int(silence * NS)
            for name, measure in self.book.measures.items()
            if not measure.computed
            for silence in [measure.silence(simulated=simulated)]
        }
        found: dict[str, int | None] = dict(heard)
        for name, sources in self.roots.items():
            known = [limit for each in sources if (limit := heard[each]) is not None]
            found[name] = min(known, default=None)
        return found

    def _roots_of(self, rule: kinds.Rule) -> frozenset[str]:
        return frozenset(root for name in kinds.uses(rule) for root in self.roots[name])

    def _suppose(self, name: str) -> None:
        """Take the initial value of what is learned for known, until something is."""
        initial, sense = self.book.measures[name].parameters.get("initial"), self.memory.senses[name]
        if initial is not None and sense.good is None:
            sense.value = sense.good = initial
            sense.time = sense.good_time = sense.changed = self.memory.start

    # --- what comes in

    def take(self, time: int, updates: Sequence[Update], *, past: bool) -> list[Alarm]:
        """Take in what one message said at `time` and return the alarms that changed."""
        senses = self.memory.senses
        news = [update for update in updates if time >= (senses[update.measure].time or 0)]
        if not news:
            return []
        self.changed = True
        concerned = self._plan(tuple([update.measure for update in news]))
        changed = self._close(concerned, time, past=past) if concerned.periods else []
        return changed + self._group(concerned, time, news, past=past)

    def _plan(self, measures: tuple[str, ...]) -> Plan:
        """Return what new values of these measures concern."""
        found = self._plans.get(measures)
        if found is None:
            found = self._plans[measures] = plan(measures, self.makers, self.watches)
        return found

    def _close(self, concerned: Plan, time: int, *, past: bool) -> list[Alarm]:
        """End the periods that lie before `time`, in their order, as if each end were a reading of its measure."""
        changed: list[Alarm] = []
        while True:
            ends = {each.made.tally.end for each in concerned.periods if each.made.tally is not None}
            end = min((each for each in ends if each is not None and each < time), default=None)
            if end is None:
                return changed
            for each in concerned.periods:
                closed = each.close(end + 1)
                if closed is not None and closed[1] is not None:
                    update = Update(each.name, closed[1], Quality.GOOD, timed=True)
                    changed += self._group(self._plan((each.name,)), closed[0], [update], past=past)

    def _group(self, concerned: Plan, time: int, news: Sequence[Update], *, past: bool) -> list[Alarm]:
        senses = self.memory.senses
        watches = () if self.memory.off else concerned.watches
        changed: list[Alarm] = []
        for watch in watches:
            if watch.waits:
                changed += watch.advance(time - 1, past=past)
        before = {name: senses[name].good for name in concerned.masking}
        fresh = {update.measure for update in news if update.quality is not Quality.BAD}
        timed = True
        for update in news:
            timed = timed and update.timed
            self._sense(update, time)
        if not fresh:
            return changed
        for made in concerned.makers:
            if not made.sources.isdisjoint(fresh) and (timed or made.computation.nature == "plain"):
                self._make(made.name, time, fresh, timed=timed)
        for watch in watches:
            if not watch.uses.isdisjoint(fresh):
                changed += watch.look(fresh, before, time, past=past)
        return changed

    def _sense(self, update: Update, time: int) -> None:
        name, value, quality = update.measure, update.value, update.quality
        sense = self.memory.senses[name]
        if quality is not Quality.BAD:
            if update.timed:
                for each in self._plan((name,)).remember:
                    each.remember(name, value, sense, time)
            if sense.good != value:
                sense.changed = time
            if sense.good_time is not None:
                sense.apart = time - sense.good_time
            sense.good, sense.good_time = value, time
        sense.value, sense.time, sense.quality = value, time, quality

    def _make(self, name: str, time: int, fresh: set[str], *, timed: bool) -> None:
        """Compute a measure anew; what has nothing to say is not known."""
        said = self.makers[name].on(fresh, time)
        if isinstance(said, Kept):
            return
        if said is None:
            sense = self.memory.senses[name]
            sense.good = sense.value = None
            return
        worst = [self.memory.senses[source].quality for source in self.makers[name].sources]
        quality = Quality.UNCERTAIN if Quality.UNCERTAIN in worst else Quality.GOOD
        self._sense(Update(name, said, quality, timed=timed), time)
        fresh.add(name)

    # --- what time does

    def advance(self, time: int, *, past: bool) -> list[Alarm]:
        """Let the time of all rules run until `time` without a new reading."""
        changed = self._unshelve(time)
        for watch in () if self.memory.off else self.watches.values():
            if watch.waits:
                watch.stirred = False
                changed += watch.advance(time, past=past)
                self.changed = self.changed or watch.stirred
        return changed

    # --- what people do

    def turn(self, time: int, *, off: bool) -> None:
        """Turn the use case off, so that it raises nothing, or on: its delays start again at `time`."""
        if self.memory.off == off:
            return
        self.memory.off, self.changed = off, True
        for watch in self.watches.values():
            watch.restart(time)

    def course_of(self, alarm_id: str) -> Course | None:
        """Return the course whose newest alarm has that id; None: the rules no longer follow it."""
        courses = self.memory.courses.values()
        return next((each for each in courses if each.alarm is not None and each.alarm.id == alarm_id), None)

    def acknowledge(self, alarm_id: str, at: int, by: str, comment: str | Text | None) -> Alarm | None:
        """Acknowledge an alarm; a latched one whose condition is gone returns to normal. None: it is not followed."""
        course = self.course_of(alarm_id)
        if course is None or course.alarm is None:
            return None
        self.changed = True
        alarm = acknowledged(course.alarm, at, by, comment)
        if course.cleared is not None:
            alarm = msgspec.structs.replace(alarm, returned_at=max(course.cleared, at))
            course.cleared = None
        course.alarm = alarm
        return alarm

    def shelve(self, alarm_id: str, at: int, until: int | None, by: str) -> Alarm | None:
        """Set an alarm and those that follow of its rule aside, or (None) take it back. None: it is not followed."""
        course = self.course_of(alarm_id)
        if course is None or course.alarm is None:
            return None
        self.changed, course.shelved_until = True, until
        course.alarm = shelved(course.alarm, at, until, by)
        return course.alarm

    def _unshelve(self, time: int) -> list[Alarm]:
        """Take back what was set aside until now."""
        ended = []
        for course in self.memory.courses.values():
            if course.shelved_until is not None and course.shelved_until <= time:
                end, course.shelved_until, self.changed = course.shelved_until, None, True
                if course.alarm is not None and course.alarm.shelved_until is not None:
                    course.alarm = shelved(course.alarm, end, None, "")
                    ended.append(course.alarm)
        return ended

    # --- what it says

    def view(self, now: int) -> View:
        """Return everything known, at `now`."""
        memory = self.memory
        looking = {name: watch.judge for name, watch in self.watches.items() if isinstance(watch, Watch)}
        return View(
            usecase=self.book.name,
            run=memory.run,
            now=now,
            start=memory.start,
            devices=dict(memory.devices),
            measures={name: self._seen(name, sense, now) for name, sense in memory.senses.items()},
            since=self._since(),
            quantities={name: watch.quantity() for name, watch in self.watches.items()},
            masked={name: c.masked_from for name, c in memory.courses.items() if c.masked_from is not None},
            alarms=self.alarms(),
            limits={name: each.limits() for name, each in looking.items() if each.limits()},
            closed={name: c.closed_from for name, c in memory.courses.items() if c.closed_from is not None},
            suppressed=memory.off,
            local=self.bench.local(now),
        )

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the newest alarm of each rule that is active or not yet acknowledged."""
        newest = [course.alarm for course in self.memory.courses.values() if course.alarm is not None]
        return tuple(alarm for alarm in newest if alarm.returned_at is None or alarm.acknowledged_at is None)

    def _seen(self, name: str, sense: Sense, now: int) -> Seen:
        ends = [(self.memory.senses[root].good_time or 0) + limit for root, limit in self._limits(name)]
        known = sense.good is not None and all(now < end for end in ends)
        said = msgspec.structs.asdict(sense)
        del said["apart"]  # only a silence is judged by it
        return Seen(**said, believed=known)

    def _limits(self, name: str) -> list[tuple[str, int]]:
        return [(root, limit) for root in self.roots[name] if (limit := self.bench.believed[root]) is not None]

    def _since(self) -> dict[str, int]:
        since = {}
        for name, course in self.memory.courses.items():
            if course.active and course.alarm is not None:
                since[name] = course.alarm.raised_at - int(self.rules[name].on_delay_s * NS)
            elif course.since is not None:
                since[name] = course.since
        return since


def acknowledged(alarm: Alarm, at: int, by: str, comment: str | Text | None = None) -> Alarm:
    """Return the alarm acknowledged, with somebody's words or the hub's own; the first acknowledgement stays."""
    if alarm.acknowledged_at is not None:
        return alarm
    done = msgspec.structs.replace(alarm, acknowledged_at=max(at, alarm.raised_at), acknowledged_by=by)
    if isinstance(comment, Text):
        return msgspec.structs.replace(done, comments=comment.as_dict)
    return msgspec.structs.replace(done, comment=comment or None)


def shelved(alarm: Alarm, at: int, until: int | None, by: str) -> Alarm:
    """Return the alarm set aside until then, or taken back (None)."""
    if until is None:
        return msgspec.structs.replace(alarm, shelved_until=None, unshelved_at=at, unshelved_by=by or None)
    return msgspec.structs.replace(alarm, shelved_until=until, shelved_at=at, shelved_by=by)
