"""The past of a use case's measure, out of the readings that are stored: what `GET /series?usecase=…` gives."""

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from msgspec.structs import replace

from hub.errors import NotFoundError
from hub.model import NS, REAL
from hub.rules.calendar import Calendar
from hub.rules.casting import Taken
from hub.rules.measures import Measure, as_shown, into_shown
from hub.rules.past import Heard, Part, Point, curve, lead_s, needed, thinned
from hub.store.base import Past, Range, Series
from hub.usecases.choosing import hypotheses
from hub.usecases.costing import Told
from hub.usecases.schema import Measured, UseCase

MOST = 10_000
"""Points of a channel that a computed measure is made of; more are thinned out as curves are."""

LEAST_S = 600
"""A session says nothing of a year before it lasted so long [s]."""
LOOK_BACK_S = 90_000.0
"""A contact speaks on change, and once a day: so far back is looked for what it was at the start [s]."""
HELD = frozenset({"duration_above", "share_above"})
"""Takes of a state: it lasts beyond the last word about it."""
PER_S = {"hour": 3600.0, "day": 86_400.0, "year": 365 * 86_400.0}
TAKEN = "taken"


class Looking:
    """One use case's past on one run.

    Attributes:
        run: the timeline.

    Args:
        history: where the readings are; blocks.
        usecase: whose measures.
        run: the timeline.
        devices: role → uid of the device that plays it.
        cast: role → the real device that was given it.
        twin: the run of the simulated devices that keep real ones company.
        uids: a uid → it and those merged into it.
        calendar: what the clocks of the runs show.
    """

    def __init__(
        self,
        history: Past,
        usecase: UseCase,
        run: str,
        *,
        devices: Mapping[str, str],
        cast: Mapping[str, Taken] | None = None,
        twin: str | None = None,
        uids: Callable[[str], tuple[str, ...]],
        calendar: Calendar,
    ) -> None:
        """Look at nothing yet."""
        self._history = history
        self._usecase = usecase
        self.run = run
        self._devices = devices
        self._cast = cast or {}
        self._twin = twin
        self._uids = uids
        self._calendar = calendar

    def series(self, name: str, start: int, stop: int, width: int) -> Series:
        """Return the curve of a measure, in the unit it is shown in, of at most 2 × `width` points. Blocks.

        Args:
            name: of the measure, heard or computed.
            start: [ns], included; what a computed measure needs from before is read too.
            stop: [ns], excluded.
            width: of the drawing.

        Raises:
            NotFoundError: the use case has no such measure.
        """
        measures = self._usecase.measures
        if name not in measures:
            msg = f"use case {self._usecase.name!r} has no measure {name!r}; it has {', '.join(measures)}"
            raise NotFoundError(msg)
        found = self.points(name, start, stop, MOST if measures[name].computed else width)
        shown = thinned(found, width)
        times, values = [time / NS for time, _ in shown], [value for _, value in shown]
        return Series(self._usecase.name, name, measures[name].unit, self.run, times, values, [], [])

    def points(self, name: str, start: int, stop: int, width: int = MOST) -> list[Point]:
        """Return what a measure was from `start` [ns] on; `width`: of what each channel is read at most. Blocks."""
        lead = lead_s(self._usecase, name)
        since = 0 if lead * NS >= start else start - int(lead * NS)
        heard = sorted((each for part in self._parts(name, since, stop, width) for each in part), key=itemgetter(0, 1))
        found = curve(self._usecase, name, self.run, heard, self._calendar)
        return [(time, value) for time, value in found if start <= time < stop]

    def _parts(self, name: str, since: int, stop: int, width: int) -> Iterator[Iterator[Heard]]:
        for each, measure in needed(self._usecase, name).items():
            if not measure.computed:
                yield self._heard(each, measure, since, stop, width)

    def _heard(self, name: str, measure: Measure, since: int, stop: int, width: int) -> Iterator[Heard]:
        """Yield what the device of its role said, by the first of the channels that it has."""
        taken = self._cast.get(measure.role)
        uid = self._devices.get(measure.role, self._usecase.roles[measure.role].device)
        channels, run, unit = measure.names, self.run if self._twin is None else self._twin, None
        if taken is not None:
            given = taken.channels.get(name)
            uid, channels, run = taken.device, () if given is None else (given,), self.run
            unit = measure.unit if name in taken.assumed else None
        for channel in channels:
            asked = Range(device=self._uids(uid), channel=channel, run=run, start=since, stop=stop)
            curves = [each for each in self._history.series(asked, width) if each.t]
            for each in curves:
                by = into_shown(measure, unit if each.unit is None else each.unit)
                if by is not None:
                    yield from _converted(name, measure, each, by)
            if curves:
                return

    def told(self, start: int, stop: int) -> dict[str, Told]:
        """Return hypothesis → what the readings from `start` to `stop` [ns] say of it, where they do. Blocks."""
        found = {}
        for name, each in hypotheses(self._usecase).items():
            taken = None if each.measured is None else self.taken(each.measured, start, stop)
            if taken is not None:  # a loop colder than 60 °C saves nothing, it loses nothing
                found[name] = taken._replace(value=max(taken.value, each.low))
        return found

    def taken(self, measured: Measured, start: int, stop: int) -> Told | None:
        """Return what the readings from `start` to `stop` [ns] say of a hypothesis; None: too few. Blocks."""
        names = dict.fromkeys([measured.measure, *(name for each in measured.when for name in each.measures)])
        found = {name: self._from_start(name, start, stop) for name in names}
        if measured.take in HELD:
            found[measured.measure] += self._held(found[measured.measure], measured.measure, stop)
        own = [time for time, value in found[measured.measure] if value is not None]
        if not own or own[-1] - own[0] < LEAST_S * NS:
            return None
        heard = sorted(
            ((time, name, value) for name, each in found.items() for time, value in each), key=itemgetter(0, 1)
        )
        book = sample(self._usecase, measured, {name: self._usecase.measures[name] for name in names})
        noted = [value for _, value in curve(book, TAKEN, self.run, heard, self._calendar) if value is not None]
        if not noted:
            return None
        lasted_s = (own[-1] - own[0]) / NS
        share = 1.0 if measured.per is None else lasted_s / PER_S[measured.per]
        return Told(noted[-1] / share * measured.factor + measured.offset, own[0], own[-1])

    def _held(self, points: list[Point], name: str, stop: int) -> list[Point]:
        """Return the last value once more, at `stop` or as long as it is believed: a closed door says nothing more."""
        silence_s = self._usecase.measures[name].silence(simulated=self.run != REAL)
        if not points or silence_s is None:
            return []
        time, value = points[-1]
        until = min(stop, time + int(silence_s * NS))
        return [(until, value)] if until > time else []

    def _from_start(self, name: str, start: int, stop: int) -> list[Point]:
        """Return a measure from `start` on, what it was before taken for its value there."""
        lead = int(LOOK_BACK_S * NS)
        points = self.points(name, max(start - lead, 0), stop)
        before = [value for time, value in points if time < start]
        inside = [point for point in points if point[0] >= start]
        first = [(start, before[-1])] if before and before[-1] is not None else []
        return first + inside


def _converted(name: str, measure: Measure, heard: Series, by: tuple[float, float]) -> Iterator[Heard]:
    for time, value in zip(heard.t, heard.v, strict=True):
        yield round(time * NS), name, None if value is None else as_shown(measure, value, by)


def sample(usecase: UseCase, measured: Measured, heard: Mapping[str, Measure]) -> Part:
    """Return a use case of one computed measure, `taken`: the take of measures that are heard as they were computed."""
    plain = {name: replace(each, **_HEARD) if each.computed else each for name, each in heard.items()}
    take = Measure(
        title=heard[measured.measure].title,
        function=measured.take,
        of={"value": measured.measure},
        parameters={} if measured.above is None else {"above": measured.above},
        during=measured.during,
        when=measured.when,
    )
    return Part(name=usecase.name, place=usecase.place, roles=usecase.roles, measures={**plain, TAKEN: take})


_HEARD: Mapping[str, Any] = {
    "function": None,
    "of": {},
    "parameters": {},
    "window_s": None,
    "period": None,
    "starts": "00:00",
    "during": (),
    "when": (),
    "same": None,
}
"""What a computed measure leaves behind once its values are given."""
