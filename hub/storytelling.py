"""Tells the use cases of one workshop session, timeline after timeline, out of its archive or the living store. Blocks.

What is said of alarms and euros is decided in `hub.reported`; here it is found out what there is to tell.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from hub import reported
from hub.archives import Track
from hub.measured import Looking
from hub.model import NS, REAL, Alarm, Run
from hub.rules.calendar import Calendar
from hub.rules.casting import Taken
from hub.rules.wording import Text, clock, limit, number
from hub.store.base import Past, Range, Series
from hub.usecases import costing
from hub.usecases.choosing import Choices
from hub.usecases.describe import bounds_of
from hub.usecases.schema import Panel, UseCase
from hub.workshop.report import curve
from hub.workshop.report.content import Curve, Own, Part, Story
from hub.workshop.report.words import Language, channel, said, say
from hub.workshop.session import Span

WIDTH = 360
"""Of a chart as it is read: at most twice as many points."""
HOUR, DAY = 3600 * NS, 86_400 * NS
MOST_PARTS = 6
"""Timelines of a use case that are told: the longest ones."""
LEAST = 60 * NS
"""A timeline of less is no story: somebody looked for the right scenario."""
MOST_OWN = 8
Window = tuple[int, int]
"""From when until when [ns] something is shown."""


class Known(NamedTuple):
    """What the hub knows beside the readings; all of it may be asked in any thread.

    Attributes:
        cases: the use cases.
        calendar: what the clocks of the runs show.
        runs: gives the runs.
        chosen: use case, session, table (0: the room) → hypotheses and prices that people chose in it.
        cast: use case → role → the real device that plays it.
        uids: a uid → it and those merged into it.
        names: gives uid → what a device is called.
        now: wall clock [ns].
    """

    cases: Mapping[str, UseCase]
    calendar: Calendar
    runs: Callable[[], Sequence[Run]]
    chosen: Callable[[str, str, int], Choices]
    cast: Callable[[str], Mapping[str, Taken]]
    uids: Callable[[str], tuple[str, ...]]
    names: Callable[[], Mapping[str, str]]
    now: Callable[[], int]


class Teller:
    """Tells the use cases of one session.

    Args:
        known: what the hub knows beside the readings.
        past: the readings.
        language: of the words.
        tracks: run → what the recording has of it.
        spans: the stretches of timelines that are the session's.
        alarms: the session's.
        table: whose it is; one that played by itself is told its own story, everybody else the room's.
    """

    def __init__(
        self,
        known: Known,
        past: Past,
        language: Language,
        *,
        session: str,
        tracks: Mapping[str, Track],
        spans: Sequence[Span],
        alarms: Sequence[Alarm],
        table: int = 0,
    ) -> None:
        """Tell nothing yet."""
        self._known = known
        self._past = past
        self._language: Language = language
        self._session = session
        self._tracks = tracks
        self._spans = spans
        self._runs = {run.id: run for run in known.runs()}
        self._table = table if any(self._table_of(span.run) == table for span in spans) else 0
        self.alarms = [each for each in alarms if self._table_of(each.run) == self._table]

    def _table_of(self, run: str) -> int:
        known = self._runs.get(run)
        return 0 if known is None else known.table

    def stories(self) -> Iterator[Story]:
        """Yield the use cases of which something was recorded, in the order in which they began."""
        found: dict[str, dict[Span, Window]] = {}
        for span in [span for span in self._spans if self._table_of(span.run) == self._table]:
            for usecase in self._played(span.run):
                window = self._window(usecase, span)
                if window is not None:
                    found.setdefault(usecase.name, {})[span] = window
        for name, told in found.items():
            yield self._story(self._known.cases[name], told)

    def _played(self, run: str) -> Sequence[UseCase]:
        """Return the use cases that may have played on a run."""
        cases = self._known.cases
        if run == REAL:
            return [case for name, case in cases.items() if self._known.cast(name)]
        known = self._runs.get(run)
        alone = None if known is None else cases.get(known.scenario)
        return list(cases.values()) if alone is None else [alone]

    def _looking(self, usecase: UseCase, run: str) -> Looking:
        known = self._runs.get(run)
        copies = {} if known is None else {of: uid for uid, of in known.plays.items()}
        return Looking(
            self._past,
            usecase,
            run,
            devices={name: copies[role.device] for name, role in usecase.roles.items() if role.device in copies},
            cast=self._known.cast(usecase.name) if run == REAL else {},
            uids=self._known.uids,
            calendar=self._known.calendar,
        )

    def _window(self, usecase: UseCase, span: Span) -> Window | None:
        """Return from when until when [ns] a span has something to show of a use case; None: nothing.

        History that was there before the room came is shown for as far as it explains what followed: a quarter as
        long again, an hour at least; where nobody knows when the room came, of a day.
        """
        looking = self._looking(usecase, span.run)
        names = [name for name, each in usecase.measures.items() if not each.computed]
        every = [curve for name in names if (curve := looking.series(name, span.start, span.stop, WIDTH)).t]
        if not every:
            return None
        first, last = min(each.t[0] for each in every), max(each.t[-1] for each in every)
        begin, end = round(first * NS), round(last * NS)
        track = self._tracks.get(span.run)
        if track is not None and track.live:
            lead = max(HOUR, (end - track.first) // 4)
            begin = max(begin, track.first - lead)
        else:
            begin = max(begin, end - DAY)
        return None if end - begin < LEAST else (begin, end + 1)

    def _story(self, usecase: UseCase, told: Mapping[Span, Window]) -> Story:
        longest = sorted(told, key=lambda span: told[span][1] - told[span][0], reverse=True)[:MOST_PARTS]
        start, stop = told[longest[0]]
        measured = self._looking(usecase, longest[0].run).told(max(start, longest[0].start), stop)
        chosen, language = self._known.chosen(usecase.name, self._session, self._table), self._language
        money = costing.money(usecase, chosen, measured)
        return Story(
            title=said(usecase.title, language),
            story=said(usecase.story, language),
            parts=tuple(self._part(usecase, span, *told[span]) for span in told if span in longest),
            worth=reported.worth(usecase, money, chosen, language),
            bill=reported.bill(money, language),
            totals=reported.totals(money, language),
            players=reported.players(
                usecase, [span.run for span in longest], self._known.cast(usecase.name), self._known.names(), language
            ),
            limits=usecase.limits_to_say.fr if language == "fr" else usecase.limits_to_say.en,
        )

    def _part(self, usecase: UseCase, span: Span, start: int, stop: int) -> Part:
        here = [each for each in self.alarms if (each.usecase, each.run) == (usecase.name, span.run)]
        rung = [each for each in here if not each.past and span.start <= each.raised_at < span.stop]
        listed = reported.chosen_alarms(rung)
        marks = [curve.Mark(alarm.raised_at, place) for place, alarm in enumerate(listed, 1)]
        more = len(rung) - len(listed)
        return Part(
            title=self._title(usecase, span.run, start, stop),
            curves=tuple(
                each
                for panel in usecase.panels
                for each in self._panel(usecase, panel, self._looking(usecase, span.run), (start, stop), marks)
            ),
            alarms=reported.alarm_lines(usecase, listed, self._known.calendar, self._language),
            more=counted(more, "", "one_more_alarm", "more_alarms", self._language) if more else "",
        )

    def _title(self, usecase: UseCase, run: str, start: int, stop: int) -> str:
        line = f"{usecase.name}/{run}"
        first, last = (self._known.calendar.local(line, each) for each in (start, stop))
        hours = {"start": clock(first), "stop": clock(last)}
        if first.date() == last.date():
            return say("part", self._language, **hours)
        days = {
            name: Text(f"{each.day:02}/{each.month:02}", f"{each.day:02}/{each.month:02}")
            for name, each in (("day", first), ("last", last))
        }
        return say("part_days", self._language, **hours, **days)

    def _panel(
        self, usecase: UseCase, panel: Panel, looking: Looking, window: Window, marks: Sequence[curve.Mark]
    ) -> Iterator[Curve]:
        """Yield a panel's charts: one for each unit of its measures."""
        found = {name: _points(looking.series(name, *window, WIDTH)) for name in panel.series}
        units: dict[str | None, list[str]] = {}
        for name, points in found.items():
            if points:
                units.setdefault(usecase.measures[name].unit, []).append(name)
        for unit, names in units.items():
            title = said(panel.title, self._language)
            yield Curve(
                title=title if len(units) == 1 else f"{title} ({unit})" if unit else title,
                mark=reported.mark_of(looking.run, self._language),
                real=looking.run == REAL,
                svg=curve.draw(
                    title,
                    [self._line(usecase, name, found[name]) for name in names],
                    unit=unit,
                    language=self._language,
                    local=lambda time: self._known.calendar.local(f"{usecase.name}/{looking.run}", time),
                    span=window,
                    limits=self._limits(usecase, panel, names),
                    marks=marks,
                ),
                told=" · ".join(self._told(usecase, name, found[name]) for name in names),
            )

    def _line(self, usecase: UseCase, name: str, points: Sequence[curve.Point]) -> curve.Line:
        measure = usecase.measures[name]
        return curve.Line(said(measure.title, self._language), points, steps=measure.unit is None)

    def _told(self, usecase: UseCase, name: str, points: Sequence[curve.Point]) -> str:
        measure = usecase.measures[name]
        values = [value for _, value in points if value is not None]
        return reported.curve_told(measure.title, values, measure.unit, measure.decimals, self._language)

    def _limits(self, usecase: UseCase, panel: Panel, names: Collection[str]) -> Iterator[curve.Limit]:
        for rule in (usecase.rule(each) for each in panel.limits):
            if rule.measure in names:
                unit = usecase.measures[rule.measure].unit
                for value in bounds_of(rule, None):
                    yield curve.Limit(value, say("limit", self._language, limit=limit(value, unit)))

    def own(self, own: Own) -> Iterator[Curve]:
        """Yield the curves of somebody's own devices."""
        found = [
            each
            for device in own.devices
            for span in self._spans
            for each in self._past.series(
                Range(device=self._known.uids(device), run=span.run, start=span.start, stop=span.stop), WIDTH
            )
            if each.t
        ]
        for each in found[:MOST_OWN]:
            points, title = _points(each), channel(each.channel, self._language)
            if len(own.devices) > 1:
                title = f"{self._known.names().get(each.device, each.device)} · {title}"
            values = [value for _, value in points if value is not None]
            yield Curve(
                title=title,
                mark=reported.mark_of(each.run, self._language),
                real=each.run == REAL,
                svg=curve.draw(
                    title,
                    [curve.Line(title, points)],
                    unit=each.unit,
                    language=self._language,
                    local=lambda time: self._known.calendar.local(REAL, time),
                ),
                told=reported.curve_told(Text(title, title), values, each.unit, 1, self._language),
            )


def _points(series: Series) -> list[curve.Point]:
    return [(round(time * NS), value) for time, value in zip(series.t, series.v, strict=True)]


def counted(count: int, none: str, one: str, many: str, language: Language) -> str:
    """Return the sentence of that code for none, one or many of something."""
    if count > 1:
        return say(many, language, count=number(count, 0))
    return say(one if count else none, language)
