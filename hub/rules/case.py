"""One use case on one run: what its rules remember, see and do."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from hub.model import NS, Alarm, Quality
from hub.rules import kinds, windows
from hub.rules.kinds import Book, Rule
from hub.rules.measures import origin
from hub.rules.state import Course, Memory, Sense
from hub.rules.telling import words


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
        quantities: rule → what it judges now: a value, a slope [1/min], a share [%], a forecast [s].
        masked: rule → when its present mask began.
        alarms: newest per rule, active or not yet acknowledged.
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

    def active(self, rule: str) -> bool:
        """Tell whether the rule's alarm is raised and not back to normal."""
        return any(alarm.rule == rule and alarm.returned_at is None for alarm in self.alarms)


class Update(Struct, frozen=True):
    """A measure's new value, in its own unit; `timed`: its time says when it was measured."""

    measure: str
    value: float
    quality: Quality
    timed: bool


class Case:
    """One use case on one run: its memory, and the rules that read and change it."""

    def __init__(self, book: Book, memory: Memory) -> None:
        """Go on from `memory`; rules and measures it does not know begin afresh."""
        self.book = book
        self.memory = memory
        self.changed = True
        self.rules = {rule.id: rule for rule in book.all_rules}
        self.uses = {rule.id: tuple(kinds.uses(rule)) for rule in book.all_rules}
        self.watches = {rule.id: kinds.watches(rule) for rule in book.all_rules}
        windowed = [rule for rule in book.all_rules if isinstance(rule, kinds.Share | kinds.Rate | kinds.Forecast)]
        self.windowed = {name: [rule for rule in windowed if name in kinds.uses(rule)] for name in book.measures}
        self.believed = {n: None if m.silence_s is None else int(m.silence_s * NS) for n, m in book.measures.items()}
        memory.courses = {name: memory.courses.get(name, Course()) for name in self.rules}
        memory.senses = {name: memory.senses.get(name, Sense()) for name in book.measures}

    # --- what comes in

    def take(self, time: int, updates: Sequence[Update], *, past: bool) -> list[Alarm]:
        """Take in what one message said at `time` and return the alarms that changed."""
        news = [update for update in updates if time >= (self.memory.senses[update.measure].time or 0)]
        if not news:
            return []
        self.changed = True
        touched = {update.measure for update in news}
        usable = {update.measure for update in news if update.quality is not Quality.BAD}
        rules = [rule for rule in self.rules.values() if touched & self.watches[rule.id]]
        changed = [alarm for rule in rules for alarm in self.advance(rule, time - 1, past=past)]
        before = {name: self.memory.senses[name].good for name in usable}
        for update in news:
            self._sense(update, time)
        for rule in rules:
            if usable & self.watches[rule.id]:
                self._mask(rule, before, time)
                changed += self._judge(rule, time, past=past)
        return changed

    def _sense(self, update: Update, time: int) -> None:
        sense = self.memory.senses[update.measure]
        if update.quality is not Quality.BAD:
            for rule in self.windowed[update.measure]:
                self._remember(rule, update, sense, time)
            if sense.good != update.value:
                sense.changed = time
            sense.good, sense.good_time = update.value, time
        sense.value, sense.time, sense.quality = update.value, time, update.quality

    def _remember(self, rule: Rule, update: Update, before: Sense, time: int) -> None:
        course = self.memory.courses[rule.id]
        match rule:
            case kinds.Share():
                believed, window = self.believed[update.measure], int(rule.window_s * NS)
                windows.ran(course.spans, before, time, above=rule.above, believed=believed, window=window)
            case kinds.Rate() if update.timed:
                samples = course.samples.setdefault(update.measure, [])
                windows.add(samples, time, update.value, int(rule.window_s * NS))
            case kinds.Forecast() if update.measure in rule.means and update.timed:
                samples = course.samples.setdefault(update.measure, [])
                windows.add(samples, time, update.value, int(rule.means[update.measure] * NS))

    # --- what a rule sees

    def _known_until(self, measure: str) -> int | None:
        """Return until when the measure's value is believed: None without end, 0 when there is none."""
        sense, believed = self.memory.senses[measure], self.believed[measure]
        if sense.good_time is None:
            return 0
        return None if believed is None else sense.good_time + believed

    def horizon(self, rule: Rule, time: int) -> int:
        """Return how far towards `time` the rule's condition is known to hold as it stands."""
        for name in self.uses[rule.id]:
            end = self._known_until(name)
            if end is not None and end < time:
                time = end
        return time

    def quantity(self, rule: Rule) -> float | None:
        """Return what the rule judges, from the last usable values: a value, a slope, a share, a forecast."""
        course = self.memory.courses[rule.id]
        match rule:
            case kinds.Rate():
                return windows.slope(course.samples.get(rule.measure, []), int(rule.window_s * NS))
            case kinds.Share():
                return windows.share(course.spans, int(rule.window_s * NS))
            case kinds.Forecast():
                return self._forecast(rule, course)
            case _:
                return self.memory.senses[rule.measure].good

    def _forecast(self, rule: kinds.Forecast, course: Course) -> float | None:
        values = {name: self.memory.senses[name].good for name in self.uses[rule.id]}
        for name, window in rule.means.items():
            values[name] = windows.mean(course.samples.get(name, []), int(window * NS))
        if None in values.values():
            return None
        return self.book.functions[rule.function](**values, limit=rule.limit, **rule.parameters)

    def holds(self, rule: Rule, *, active: bool) -> bool | None:
        """Tell whether the condition holds (with the deadband while the alarm is active); None: nobody knows."""
        senses = self.memory.senses
        if isinstance(rule, kinds.State):
            values = [senses[condition.measure].good for condition in rule.conditions]
            pairs = zip(rule.conditions, values, strict=True)
            return None if None in values else all(c.holds(value) for c, value in pairs if value is not None)
        judged = self.quantity(rule)
        if isinstance(rule, kinds.Forecast):
            known = all(senses[name].good is not None for name in self.uses[rule.id])
            return (judged is not None and judged < rule.within_s) if known else None
        if judged is None or isinstance(rule, kinds.Silence):
            return None
        slack = rule.deadband if active else 0.0
        return judged < rule.limit + slack if isinstance(rule, kinds.LimitLow) else judged > rule.limit - slack

    # --- what a rule does

    def advance(self, rule: Rule, time: int, *, past: bool) -> list[Alarm]:
        """Let the rule's time run until `time` without a new reading."""
        course = self.memory.courses[rule.id]
        if isinstance(rule, kinds.Silence):
            return self._silence(rule, course, time, past=past)
        self._unmask(rule, course, time)
        if course.since is None or course.masked_from is not None:
            return []
        reach = self.horizon(rule, time)
        changed = self._fire(rule, course, reach, past=past)
        if reach < time and course.since is not None:
            course.since = None
            self.changed = True
        return changed

    def _silence(self, rule: kinds.Silence, course: Course, time: int, *, past: bool) -> list[Alarm]:
        heard = self.memory.senses[rule.measure].good_time
        due = (self.memory.start if heard is None else heard) + int(rule.after_s * NS)
        if course.active or time < due:
            return []
        return [self._raise(rule, course, due, past=past)]

    def _judge(self, rule: Rule, time: int, *, past: bool) -> list[Alarm]:
        """Look at the condition after new readings at `time`."""
        course = self.memory.courses[rule.id]
        if isinstance(rule, kinds.Silence):
            heard = self.memory.senses[rule.measure].good_time == time
            return [self._return(course, time)] if course.active and heard else []
        held = self.holds(rule, active=course.active) if self.horizon(rule, time) >= time else None
        if course.masked_from is not None or held is None or held == course.active:
            course.since = None
            return []
        course.since = time if course.since is None else course.since
        return self._fire(rule, course, time, past=past)

    def _fire(self, rule: Rule, course: Course, time: int, *, past: bool) -> list[Alarm]:
        """Raise or return the alarm if its delay has run out at `time`; the moment is exact, not `time`."""
        delay = rule.off_delay_s if course.active else rule.on_delay_s
        if course.since is None or course.since + int(delay * NS) > time:
            return []
        at, course.since = course.since + int(delay * NS), None
        return [self._return(course, at) if course.active else self._raise(rule, course, at, past=past)]

    def _mask(self, rule: Rule, before: Mapping[str, float | None], time: int) -> None:
        """Begin the rule's mask when its measure becomes what masks; end it when it ceases to be."""
        if rule.mask is None or rule.mask.measure not in before:
            return
        course, mask = self.memory.courses[rule.id], rule.mask
        masks = mask.holds(self.memory.senses[mask.measure].good)
        if masks and not mask.holds(before[mask.measure]):
            course.masked_from, course.since = time, None
        elif not masks and mask.lasting_s is None:
            course.masked_from = None

    def _unmask(self, rule: Rule, course: Course, time: int) -> None:
        """End a mask whose time has run out, and start the on-delay there if the condition holds."""
        if rule.mask is None or rule.mask.lasting_s is None or course.masked_from is None:
            return
        end = course.masked_from + int(rule.mask.lasting_s * NS)
        if end > time:
            return
        course.masked_from, self.changed = None, True
        held = self.holds(rule, active=course.active) if self.horizon(rule, end) >= end else None
        if held is not None and held != course.active:
            course.since = end

    def _raise(self, rule: Rule, course: Course, at: int, *, past: bool) -> Alarm:
        self.changed = True
        book, memory = self.book, self.memory
        role = origin(book.measures, rule.measure).role
        name = f"{book.name}.{rule.id}-{memory.run}-{at // 1_000_000}"
        if course.alarm is not None and course.alarm.id == name:
            course.alarm = msgspec.structs.replace(course.alarm, returned_at=None)
            return course.alarm
        text, params = words(book, memory, rule, at, self.quantity(rule))
        course.alarm = Alarm(
            id=name,
            usecase=book.name,
            rule=rule.id,
            measure=rule.measure,
            device=memory.devices.get(role, book.roles[role].device),
            run=memory.run,
            priority=rule.priority,
            raised_at=at,
            texts=text.as_dict,
            past=past,
            params=params,
        )
        return course.alarm

    def _return(self, course: Course, at: int) -> Alarm:
        self.changed = True
        alarm = course.alarm
        assert alarm is not None  # noqa: S101 — only an active alarm returns
        course.alarm = msgspec.structs.replace(alarm, returned_at=max(at, alarm.raised_at))
        return course.alarm

    # --- what it says

    def view(self, now: int) -> View:
        """Return everything known, at `now`."""
        memory = self.memory
        measures = {name: self._seen(name, sense, now) for name, sense in memory.senses.items()}
        alarms = [course.alarm for course in memory.courses.values() if course.alarm is not None]
        return View(
            usecase=self.book.name,
            run=memory.run,
            now=now,
            start=memory.start,
            devices=dict(memory.devices),
            measures=measures,
            since=self._since(),
            quantities={name: self.quantity(rule) for name, rule in self.rules.items()},
            masked={name: c.masked_from for name, c in memory.courses.items() if c.masked_from is not None},
            alarms=tuple(alarm for alarm in alarms if alarm.returned_at is None or alarm.acknowledged_at is None),
        )

    def _seen(self, name: str, sense: Sense, now: int) -> Seen:
        end = self._known_until(name)
        return Seen(**msgspec.structs.asdict(sense), believed=end is None or now < end)

    def _since(self) -> dict[str, int]:
        since = {}
        for name, course in self.memory.courses.items():
            if course.active and course.alarm is not None:
                since[name] = course.alarm.raised_at - int(self.rules[name].on_delay_s * NS)
            elif course.since is not None:
                since[name] = course.since
        return since
