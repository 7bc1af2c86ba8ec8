"""The past of a use case's measure, out of the readings that are stored: what `GET /series?usecase=…` gives."""

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter

from hub.errors import NotFoundError
from hub.model import NS
from hub.rules.calendar import Calendar
from hub.rules.casting import Taken
from hub.rules.measures import Measure, as_shown, into_shown
from hub.rules.past import Heard, Point, curve, lead_s, needed, thinned
from hub.store.base import History, Range, Series
from hub.usecases.schema import UseCase

MOST = 10_000
"""Points of a channel that a computed measure is made of; more are thinned out as curves are."""


class Looking:
    """One use case's past on one run.

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
        history: History,
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
        self._run = run
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
        return Series(self._usecase.name, name, measures[name].unit, self._run, times, values, [], [])

    def points(self, name: str, start: int, stop: int, width: int = MOST) -> list[Point]:
        """Return what a measure was from `start` [ns] on; `width`: of what each channel is read at most. Blocks."""
        lead = lead_s(self._usecase, name)
        since = 0 if lead * NS >= start else start - int(lead * NS)
        heard = sorted((each for part in self._parts(name, since, stop, width) for each in part), key=itemgetter(0, 1))
        found = curve(self._usecase, name, self._run, heard, self._calendar)
        return [(time, value) for time, value in found if start <= time < stop]

    def _parts(self, name: str, since: int, stop: int, width: int) -> Iterator[Iterator[Heard]]:
        for each, measure in needed(self._usecase, name).items():
            if not measure.computed:
                yield self._heard(each, measure, since, stop, width)

    def _heard(self, name: str, measure: Measure, since: int, stop: int, width: int) -> Iterator[Heard]:
        """Yield what the device of its role said, by the first of the channels that it has."""
        taken = self._cast.get(measure.role)
        uid = self._devices.get(measure.role, self._usecase.roles[measure.role].device)
        channels, run, unit = measure.names, self._run if self._twin is None else self._twin, None
        if taken is not None:
            given = taken.channels.get(name)
            uid, channels, run = taken.device, () if given is None else (given,), self._run
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


def _converted(name: str, measure: Measure, heard: Series, by: tuple[float, float]) -> Iterator[Heard]:
    for time, value in zip(heard.t, heard.v, strict=True):
        yield round(time * NS), name, None if value is None else as_shown(measure, value, by)
