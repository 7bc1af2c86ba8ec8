"""A chart as SVG: curves, limits, and numbered marks where alarms were raised. Pure; knows no file and no clock.

The same drawing stands in the page and on paper. Each colour has a second sign: width and dash of a curve, dash and
words of a limit, triangle and number of an alarm. Everything that is text is escaped here.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import pairwise
from typing import NamedTuple

from hub.model import NS
from hub.rules.wording import clock, number
from hub.workshop.report.words import Language, said

Point = tuple[int, float | None]
"""Time [ns] and value; None is a gap."""
Local = Callable[[int], datetime]
"""Time [ns] → what the clock of its timeline shows."""

WIDTH, LEFT, RIGHT, PLOT, BELOW = 560.0, 48.0, 12.0, 170.0, 28.0
"""Of the drawing [units of its view box]; PLOT is high."""
ROW = 18.0
LETTER = 6.4
"""Width of a letter of 12 units, on the average: enough to break a legend."""
LONGEST_NAME = 40
MARKS_APART = 22.0
STRIP = 14.0
"""Above the plot, for the numbers of alarms."""
GAPS_APART = 3
"""A limit further from the values than so many times their range is not drawn: it would flatten them."""
STYLES = (
    ("#155fb0", 1.8, ""),
    ("#8a5200", 2.8, ""),
    ("#2c6b3f", 1.8, "7 3"),
    ("#6638a6", 1.8, "2 3"),
    ("#474c57", 1.4, "9 3 2 3"),
)
INK, PALE, ALARM = "#191c22", "#d8d2c5", "#b3201a"
STEPS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)
MOST_TICKS = 7
DAY_S = 86_400
FROM_ZERO = frozenset({"W", "kW", "VA"})
"""Units whose axis begins at zero: a steady motor is not to look like a wild one."""


class Line(NamedTuple):
    """One curve; `steps`: it holds its value until the next one, as a contact does."""

    title: str
    points: Sequence[Point]
    steps: bool = False


class Limit(NamedTuple):
    """A level that a rule compares with, and its words."""

    value: float
    label: str


class Mark(NamedTuple):
    """An alarm: when it was raised [ns], and its number in the list."""

    time: int
    number: int


class Frame(NamedTuple):
    """Where times and values lie in the drawing."""

    start: int
    stop: int
    low: float
    high: float
    top: float

    def x(self, time: int) -> float:
        """Return the abscissa of a time [ns]."""
        share = (time - self.start) / max(self.stop - self.start, 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the ordinate of a value."""
        return self.top + (self.high - value) / (self.high - self.low) * PLOT


def draw(
    title: str,
    lines: Sequence[Line],
    *,
    unit: str | None,
    language: Language,
    local: Local,
    span: tuple[int, int] | None = None,
    limits: Iterable[Limit] = (),
    marks: Iterable[Mark] = (),
) -> str:
    """Return a chart as one SVG element; of lines without any value: an empty frame.

    Args:
        title: its accessible name.
        lines: the curves, all of one unit.
        unit: of the values, written at the axis.
        language: of numbers and hours.
        local: clock of the timeline.
        span: from when until when [ns], so that charts can be compared; None: as far as the curves go.
        limits: levels that are drawn where they do not flatten the curves.
        marks: alarms; those outside the curves' time are left out.
    """
    legend = [*_legend(lines)]
    rows = 1 + max((row for _, row, _ in legend), default=0)
    numbered = sorted(marks)
    top = 8 + ROW * rows + (STRIP if numbered else 0)
    start, stop = _span(lines) if span is None else span
    (low, high), drawn = _extent(lines, [*limits], from_zero=unit in FROM_ZERO)
    frame = Frame(start, stop, low, high, top)
    height = frame.top + PLOT + BELOW
    named = f'viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(title)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {named} font-size="12" fill="{INK}">',
        *_levels(frame, unit, language),
        *_hours(frame, language, local),
        *(_drawn_line(frame, line, place) for place, line in enumerate(lines)),
        *(_drawn_limit(frame, each) for each in drawn),
        *_marked(frame, [mark for mark in numbered if frame.start <= mark.time <= frame.stop]),
        *(_key(lines[place], place, x, row) for place, row, x in legend),
        "</svg>",
    ]
    return "".join(parts)


def _span(lines: Sequence[Line]) -> tuple[int, int]:
    times = [time for line in lines for time, _ in line.points]
    return min(times, default=0), max(times, default=NS)


def _extent(
    lines: Sequence[Line], limits: Sequence[Limit], *, from_zero: bool
) -> tuple[tuple[float, float], list[Limit]]:
    """Return the lowest and highest level, both round, and the limits that can be drawn between them."""
    values = [value for line in lines for _, value in line.points if value is not None]
    values += [0.0] if from_zero else []
    low, high = min(values, default=0.0), max(values, default=1.0)
    reach = GAPS_APART * max(high - low, abs(high) / 10, 1e-9)
    near = [each for each in limits if low - reach <= each.value <= high + reach]
    low, high = min([low, *(each.value for each in near)]), max([high, *(each.value for each in near)])
    step = _step(low, high)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return (low, high if high > low else low + step), near


def _step(low: float, high: float) -> float:
    """Return the distance of about four levels: 1, 2 or 5 times a power of ten."""
    wanted = max(high - low, abs(high) / 50, 1e-6) / 4
    power: float = 10.0 ** math.floor(math.log10(wanted))
    return next(each * power for each in (1, 2, 5, 10) if each * power >= wanted * 0.999)


def _levels(frame: Frame, unit: str | None, language: Language) -> Iterator[str]:
    step = _step(frame.low, frame.high)
    decimals = max(0, -math.floor(math.log10(step)))
    for place in range(round((frame.high - frame.low) / step) + 1):
        value = frame.low + place * step
        y = frame.y(value)
        yield f'<path d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}" stroke="{PALE}" fill="none"/>'
        yield _text(LEFT - 6, y + 4, said(number(value, decimals), language), "end")
    if unit is not None:
        yield _text(LEFT - 6, frame.top - 15, unit, "end")


def _hours(frame: Frame, language: Language, local: Local) -> Iterator[str]:
    span_s = (frame.stop - frame.start) / NS
    step = next((each for each in STEPS_S if span_s / each <= MOST_TICKS), STEPS_S[-1])
    begin = local(frame.start)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    first = math.ceil((begin - midnight).total_seconds() / step) * step
    base = frame.start - round((begin - midnight).total_seconds() * NS)
    for second in range(first, round((begin - midnight).total_seconds() + span_s) + 1, step):
        x, shown = frame.x(base + second * NS), midnight + timedelta(seconds=second)
        yield f'<path d="M{x:.1f} {frame.top:g}v{PLOT:g}" stroke="{PALE}" fill="none"/>'
        days = step >= DAY_S or (span_s > DAY_S and shown.hour == shown.minute == 0)
        label = f"{shown.day:02}/{shown.month:02}" if days else said(clock(shown), language)
        if LEFT + 10 <= x <= WIDTH - RIGHT - 10:
            yield _text(x, frame.top + PLOT + 20, label, "middle")


def _drawn_limit(frame: Frame, limit: Limit) -> str:
    y = frame.y(limit.value)
    path = f'<path d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}" stroke="{ALARM}" stroke-dasharray="5 4" fill="none"/>'
    return path + _text(WIDTH - RIGHT - 4, y - 4 if y > frame.top + ROW else y + 13, limit.label, "end", ALARM)


def _drawn_line(frame: Frame, line: Line, place: int) -> str:
    path = "".join(_pieces(frame, line))
    return f'<path d="{path}" {_stroke(place)} stroke-linejoin="round"/>' if path else ""


def _pieces(frame: Frame, line: Line) -> Iterator[str]:
    """Yield what the pen does; a value between two gaps is a dot."""
    before: float | None = None
    for (time, value), (_, after) in pairwise([*line.points, (0, None)]):
        if value is not None:
            x, y = frame.x(time), frame.y(value)
            if before is None:
                yield f"M{x:.1f} {y:.1f}" + ("h.1" if after is None else "")
            else:
                yield (f"H{x:.1f}V{y:.1f}" if line.steps else f"L{x:.1f} {y:.1f}")
        before = value


def _stroke(place: int) -> str:
    colour, width, dash = STYLES[place % len(STYLES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{colour}" stroke-width="{width:g}" fill="none"{dashed}'


def _marked(frame: Frame, marks: Iterable[Mark]) -> Iterator[str]:
    """Yield a triangle an alarm; those whose numbers would lie on one another share one: "4–6"."""
    groups: list[list[Mark]] = []
    for mark in marks:
        x = frame.x(mark.time)
        yield f'<path d="M{x:.1f} {frame.top:g}v{PLOT:g}" stroke="{ALARM}" stroke-width=".8" fill="none"/>'
        yield f'<path d="M{x - 5:.1f} {frame.top - 1:g}h10l-5 8z" fill="{ALARM}"/>'
        if groups and x - frame.x(groups[-1][0].time) < MARKS_APART:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    for group in groups:
        first, last = group[0], group[-1]
        label = f"{first.number}" if first is last else f"{first.number}–{last.number}"
        yield _text((frame.x(first.time) + frame.x(last.time)) / 2, frame.top - 4, label, "middle", ALARM)


def _legend(lines: Sequence[Line]) -> Iterator[tuple[int, int, float]]:
    """Yield (curve, row, abscissa) of each name above the drawing."""
    x, row = LEFT, 0
    for place, line in enumerate(lines):
        wide = 34 + LETTER * len(_short(line.title))
        if x > LEFT and x + wide > WIDTH - RIGHT:
            x, row = LEFT, row + 1
        yield place, row, x
        x += wide + 12


def _key(line: Line, place: int, x: float, row: int) -> str:
    y = 4 + ROW * row + 6
    sample = f'<path d="M{x:.1f} {y:g}h24" {_stroke(place)}/>'
    return sample + _text(x + 30, y + 4, _short(line.title), "start")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _text(x: float, y: float, words: str, anchor: str, colour: str = "") -> str:
    fill = f' fill="{colour}"' if colour else ""
    halo = ' paint-order="stroke" stroke="#fff" stroke-width="3"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{fill}{halo}>{escape(words)}</text>'
