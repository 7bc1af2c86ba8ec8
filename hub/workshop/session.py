"""A workshop session: intervals of journal positions, and which times they mean on each timeline (design.md §1). Pure.

An interval begins and ends at a control record of the journal, so what belongs to a session is decided by the order in
which things arrived, never by a clock. Readings and alarms carry no position: for them each control record also notes
what time it was then on every living timeline.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from hub.errors import UsageError
from hub.model import REAL, Run
from hub.workshop import codes

LONGEST = 120
"""Characters of a title or place."""
KEPT_DAYS = 30
"""A session is erased so many days after its start unless another date is told."""
EVER = 2**63 - 1


class State(StrEnum):
    """Where a session stands; `purging`: it is being erased, and is erased at the next start if that was cut short."""

    OPEN = "open"
    PAUSED = "paused"
    ARCHIVED = "archived"
    PURGING = "purging"


CURRENT = frozenset({State.OPEN, State.PAUSED})
"""What the one session is that goes on now."""

Shows = Literal["story", "join", "phones", "tables", "report"]
"""What the projector shows: the story, how to join, the room's phones, its tables, how to take one's report home."""


class Moment(Struct, frozen=True):
    """A control record: its position, its arrival time [ns], and run → now [ns] of every run that lived then."""

    position: int
    wall: int
    runs: dict[str, int] = {}


class Interval(Struct, frozen=True):
    """Positions from `begin` on, up to but not including `end`; None: it goes on."""

    begin: Moment
    end: Moment | None = None


class Span(NamedTuple):
    """A stretch of one timeline [ns]; `stop` is not included."""

    run: str
    start: int
    stop: int


class Session(Struct, frozen=True, kw_only=True):
    """A workshop session.

    Attributes:
        id: random; the only word of it outside session.db.
        title, place: as typed.
        purge: the day (ISO 8601) on which it is erased.
        intervals: in order; only the last may go on.
        kept: its archive is complete, so the journal may let its messages go.
        shows: what the projector shows.
        address: of this machine, that people are told; empty: the likeliest one.
        wifi: the room's network; None: nobody entered it.
    """

    id: str
    title: str
    place: str
    purge: str
    state: State
    intervals: tuple[Interval, ...]
    kept: bool = False
    shows: Shows = "story"
    address: str = ""
    wifi: codes.Wifi | None = None

    @property
    def started(self) -> int:
        """When it started [ns]."""
        return self.intervals[0].begin.wall

    @property
    def ended(self) -> int | None:
        """When its last interval ended [ns]; None: it goes on."""
        end = self.intervals[-1].end
        return None if end is None else end.wall

    @property
    def positions(self) -> list[tuple[int, int]]:
        """The intervals as journal positions [from, to)."""
        return [(each.begin.position, EVER if each.end is None else each.end.position) for each in self.intervals]


class Wish(Struct, forbid_unknown_fields=True):
    """What a session is to be called, where it is, and the day on which it is erased (30 days on unless told)."""

    title: str
    place: str = ""
    purge: str | None = None


class Room(Struct, forbid_unknown_fields=True):
    """What to change of how people join, and of what the projector shows; what is not named stays."""

    shows: Shows | UnsetType = UNSET
    address: str | UnsetType = UNSET
    wifi: codes.Wifi | UnsetType | None = UNSET


def furnished(session: Session, room: Room) -> Session:
    """Return a session with what is to be changed.

    Raises:
        UsageError: it cannot be so.
    """
    if isinstance(room.wifi, codes.Wifi):
        codes.checked(room.wifi)
    if isinstance(room.address, str) and len(room.address) > LONGEST:
        msg = f"address is {room.address[:LONGEST]!r}: one of this machine's is expected"
        raise UsageError(msg)
    changed = {name: value for name in room.__struct_fields__ if (value := getattr(room, name)) is not UNSET}
    return msgspec.structs.replace(session, **changed)


def started(name: str, wish: Wish, at: Moment) -> Session:
    """Return a session that begins; `wish` is a checked one."""
    intervals = (Interval(at),)
    return Session(
        id=name, title=wish.title, place=wish.place, purge=wish.purge or "", state=State.OPEN, intervals=intervals
    )


def paused(session: Session, at: Moment) -> Session:
    """Return it with its interval ended; what comes from now on is nobody's."""
    return msgspec.structs.replace(session, state=State.PAUSED, intervals=_closed(session.intervals, at))


def resumed(session: Session, at: Moment) -> Session:
    """Return it with a new interval."""
    return msgspec.structs.replace(session, state=State.OPEN, intervals=(*session.intervals, Interval(at)))


def archived(session: Session, at: Moment) -> Session:
    """Return it ended for ever; the room's network and its password go with it."""
    return msgspec.structs.replace(session, state=State.ARCHIVED, wifi=None, intervals=_closed(session.intervals, at))


def purging(session: Session) -> Session:
    """Return it without a word of what was typed: only what is still to be erased."""
    return msgspec.structs.replace(session, state=State.PURGING, title="", place="", wifi=None)


def _closed(intervals: tuple[Interval, ...], at: Moment) -> tuple[Interval, ...]:
    last = intervals[-1]
    return intervals if last.end is not None else (*intervals[:-1], msgspec.structs.replace(last, end=at))


def checked(wish: Wish, today: date) -> Wish:
    """Return a wish as it is kept, its date told.

    Raises:
        UsageError: naming what to change.
    """
    title, place = _text("title", wish.title), _text("place", wish.place)
    if not title:
        msg = "a session needs a title: say for instance 'Bakers of Nantes'"
        raise UsageError(msg)
    if wish.purge is None:
        day = today + timedelta(days=KEPT_DAYS)
    else:
        try:
            day = date.fromisoformat(wish.purge)
        except ValueError:
            msg = f"purge is {wish.purge[:40]!r}: write the day on which everything is erased as 2026-12-24"
            raise UsageError(msg) from None
    if day <= today:
        msg = f"purge is {day}: the day on which everything is erased lies after today, {today}"
        raise UsageError(msg)
    return Wish(title=title, place=place, purge=day.isoformat())


def _text(what: str, text: str) -> str:
    text = " ".join(text.split())
    if len(text) > LONGEST or not text.isprintable():
        msg = f"{what} is {text[:LONGEST]!r}: up to {LONGEST} printable characters are expected"
        raise UsageError(msg)
    return text


def is_due(session: Session, today: date) -> bool:
    """Tell whether its day has come, even while it is open: the date was promised; or its erasing was cut short."""
    return session.state is State.PURGING or date.fromisoformat(session.purge) <= today


def spans(session: Session, runs: Iterable[Run], *, moments: bool = False) -> list[Span]:
    """Return which stretches of which timelines are the session's, in order of run, then time.

    A run that began inside belongs to it from its back-fill on; one that lived before, from what time it was there.
    With `moments` also those of no length: there a run stood still all the while, and people may have typed.
    """
    known = list(runs)
    found = [span for each in session.intervals for span in _of_interval(each, known)]
    kept = [span for span in found if span.start < span.stop or (moments and span.start == span.stop)]
    return sorted(kept, key=lambda span: (span.run, span.start))


def _of_interval(interval: Interval, runs: Iterable[Run]) -> list[Span]:
    begin, end = interval.begin, interval.end
    found = [Span(REAL, begin.wall, EVER if end is None else end.wall)]
    for run in runs:
        start = begin.runs.get(run.id)
        if start is None and run.wall < begin.wall:
            continue  # it was over before
        stop = EVER if end is None else end.runs.get(run.id)
        if stop is None:
            if end is not None and run.wall >= end.wall:
                continue  # it began afterwards
            stop = EVER
        found.append(Span(run.id, start or 0, stop))
    return found
