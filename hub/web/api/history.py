"""Readings and drawable series of the past.

Without `run` the answer is about the run that a device is on now: what it did on an earlier one is another story.
Several runs (devices of different stories, no `run` given) follow one another, for times of different timelines
have no common order. The store blocks and a long answer takes a while to write: both are done in a worker thread.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from aiohttp import web
from msgspec.structs import replace

from hub.errors import NotFoundError
from hub.model import REAL, rfc3339
from hub.store.base import Aggregate, Past, Range, Row, Series
from hub.store.export import csv_lines, series_lines
from hub.web.accept import wants_table
from hub.web.gives import CSV, NEXT, gives
from hub.web.hub import Hub
from hub.web.keys import HUB, READING
from hub.web.problems import Problem, bad_parameter
from hub.web.query import LATEST, choice, number, positive_span, time_of, written
from hub.web.shapes.history import ReadingList, SeriesList
from hub.web.sittings import hulls_of, past_of

DEFAULT_LIMIT, MOST = 1000, 10_000
DEFAULT_WIDTH, WIDEST = 800, 4000
MOST_WINDOWS = 10_000
FORMATS, DIALECTS = ("json", "csv"), ("plain", "fr")
BETWEEN = "~"
"""Between the run and the store's cursor; run ids hold only `[a-z0-9-]`."""
AGGREGATES: dict[str, Aggregate] = {word: word for word in get_args(Aggregate)}


@gives(ReadingList, media=(CSV,), headers={"Link": NEXT})
async def readings(request: web.Request) -> web.Response:
    """Give stored readings, or one value a window; as CSV when asked."""
    aggregate = AGGREGATES.get(choice(request, "aggregate", tuple(AGGREGATES)) or "")
    limit = number(request, "limit", DEFAULT_LIMIT, 1, MOST)
    every = positive_span(request, "every")
    if every is not None and aggregate is None:
        raise bad_parameter("every", request.query["every"], "goes with aggregate", "add aggregate=mean, for instance")
    ranges = await _ranges(request)
    async with past_of(request) as past:
        if aggregate is not None:
            rows, after = await _aggregated(request, past, ranges, kind=aggregate, every=every, limit=limit), None
        else:
            rows, after = await _stored(request, past, ranges, limit)
    is_french = choice(request, "dialect", DIALECTS) == "fr"
    choice(request, "format", FORMATS)
    if wants_table(request):
        link = {} if after is None else {"Link": f'<{request.rel_url.update_query(cursor=after)}>; rel="next"'}
        return await _csv("readings.csv", lambda: csv_lines(rows, french=is_french), link)
    return await written(lambda: {"readings": [_row(row) for row in rows], "next": after})


@gives(SeriesList, media=(CSV,))
async def series(request: web.Request) -> web.Response:
    """Give curves to draw, thinned out to the width of the chart; as CSV when asked."""
    choice(request, "dialect", DIALECTS)
    choice(request, "format", FORMATS)
    width = number(request, "width", DEFAULT_WIDTH, 2, WIDEST)
    hub = request.app[HUB]
    if "usecase" in request.query or "measure" in request.query:
        return await _measured(request, width)
    ranges = await _ranges(request)
    found: list[Series] = []
    async with past_of(request) as past:
        for asked in ranges:
            curves = await asyncio.to_thread(_curves, hub, past, asked, width)
            found += [curve for curve in curves if _is_wanted(request, hub, curve.device, curve.run)]
    now = hub.live.now(ranges[0].run or REAL) if ranges else hub.live.wall()
    return await _drawn(request, now, lambda: [_series(curve) for curve in found])


def _curves(hub: Hub, past: Past, asked: Range, width: int) -> list[Series]:
    return joined(past.series(asked, width), hub.live.merged)


async def _measured(request: web.Request, width: int) -> web.Response:
    """Give the curve of a use case's measure, in the unit it is shown in; a computed one is computed anew."""
    hub, query = request.app[HUB], request.query
    for name, other in (("usecase", "measure"), ("measure", "usecase")):
        if other not in query:
            raise bad_parameter(name, query[name], f"goes with {other}", "give both: usecase=cold_room&measure=air")
    for name in ("device", "channel"):
        if name in query:
            raise bad_parameter(name, query[name], "a measure says which", "leave it out, or ask without a measure")
    try:
        run = query.get("run") or hub.usecase(query["usecase"])["run"]
        start, stop, now = time_of(request, "start"), time_of(request, "stop"), hub.live.now(run)
        since, until = 0 if start is None else max(start(now), 0), LATEST if stop is None else stop(now)
        asked = Range(run=run, start=since, stop=until)
        async with request.app[READING]:
            curve = await hub.measured(query["usecase"], query["measure"], asked, width)
    except NotFoundError as error:
        raise Problem("unknown", what=error, where="/api/v1/usecases") from error
    found = {"usecase": curve.device, "measure": curve.channel, "unit": curve.unit, "run": curve.run}
    return await _drawn(request, now, lambda: [{**found, "t": curve.t, "v": curve.v, "min": [], "max": []}])


async def _drawn(request: web.Request, now: int, curves: Callable[[], list[dict[str, Any]]]) -> web.Response:
    if wants_table(request):
        is_french = request.query.get("dialect") == "fr"
        return await _csv("series.csv", lambda: series_lines(curves(), french=is_french), {})
    return await written(lambda: {"now": rfc3339(now), "series": curves()})


async def _ranges(request: web.Request) -> list[Range]:
    """Return what to read, one range a run; spans count from each run's own now, or from where a session left it."""
    hub, hulls = request.app[HUB], await hulls_of(request)
    start, stop = time_of(request, "start"), time_of(request, "stop")
    name = request.query.get("device")
    uid = None if name is None else hub.resolve(name)
    ranges = []
    for run in _runs(request, hub, uid) if hulls is None else hulls:
        first, last = (0, LATEST) if hulls is None else hulls[run]
        if hulls is not None and request.query.get("run") not in {None, run}:
            continue
        now = min(hub.live.now(run), last)
        ranges.append(
            Range(
                device=None if uid is None else hub.live.uids(uid),
                channel=request.query.get("channel"),
                run=run,
                start=first if start is None else max(start(now), first),
                stop=last if stop is None else min(stop(now), last),
            )
        )
    return ranges


def _runs(request: web.Request, hub: Hub, uid: str | None) -> list[str]:
    run = request.query.get("run")
    if run is not None:
        return [run]
    if uid is not None:
        device = hub.live.devices.get(uid)
        return [REAL if device is None else device.run]
    return hub.live.current_runs() or [REAL]


def _is_wanted(request: web.Request, hub: Hub, uid: str, run: str) -> bool:
    """Without `run`, `device` and `session`, a device counts on its current run only."""
    if not {"run", "device", "session"}.isdisjoint(request.query):
        return True
    device = hub.live.devices.get(uid)
    return device is None or device.run == run


async def _stored(request: web.Request, past: Past, ranges: list[Range], limit: int) -> tuple[list[Row], str | None]:
    ranges = _after(request, ranges)
    rows: list[Row] = []
    for place, asked in enumerate(ranges):
        after = asked.after
        while True:
            part = replace(asked, limit=limit - len(rows), after=after)
            found, after = await asyncio.to_thread(_read, request, past, part)
            rows += found
            if after is None or len(rows) >= limit:
                break
        if len(rows) >= limit:
            rest = [asked.run if after is not None else None, *(each.run for each in ranges[place + 1 :])]
            following = next((run for run in rest if run is not None), None)
            return rows, None if following is None else f"{following}{BETWEEN}{after or ''}"
    return rows, None


def _read(request: web.Request, past: Past, part: Range) -> tuple[list[Row], str | None]:
    """Return rows under the devices that stand for their own, and where the next ones begin. Blocks."""
    hub = request.app[HUB]
    found = past.readings(part)
    named = [_of_survivor(row, hub.live.merged) for row in found.rows]
    return [row for row in named if _is_wanted(request, hub, row.device, row.run)], found.after


def _after(request: web.Request, ranges: list[Range]) -> list[Range]:
    """Return what is left to read after the cursor."""
    cursor = request.query.get("cursor")
    if not cursor:
        return ranges
    run, between, after = cursor.partition(BETWEEN)
    left = [asked for asked in ranges if (asked.run or "") >= run]
    if not between or not left:
        reason = "not a cursor of this question"
        raise bad_parameter("cursor", cursor, reason, "give back 'next' of the answer before, all else unchanged")
    return [replace(left[0], after=after or None), *left[1:]] if left[0].run == run else left


async def _aggregated(
    request: web.Request, past: Past, ranges: list[Range], *, kind: Aggregate, every: int | None, limit: int
) -> list[Row]:
    hub = request.app[HUB]
    rows: list[Row] = []
    for asked in ranges:
        if every is not None and (asked.stop - max(asked.start, 0)) // every > MOST_WINDOWS and asked.stop != LATEST:
            text = request.query["every"]
            raise bad_parameter(
                "every", text, f"more than {MOST_WINDOWS} windows", "take longer windows or a shorter time"
            )
        found = await asyncio.to_thread(_windows, hub, past, replace(asked, limit=limit), kind, every)
        rows += [row for row in found if _is_wanted(request, hub, row.device, row.run)]
    return rows[:limit]


def _windows(hub: Hub, past: Past, asked: Range, kind: Aggregate, every: int | None) -> list[Row]:
    return _one_a_window(past.aggregate(asked, kind, every), hub.live.merged)


def _of_survivor(row: Row, merged: Mapping[str, str]) -> Row:
    """Return a row under the device that stands for its own."""
    return replace(row, device=merged[row.device]) if row.device in merged else row


def _one_a_window(rows: Iterable[Row], merged: Mapping[str, str]) -> list[Row]:
    """Return one row a device, channel and window: the device's own before that of one merged into it."""
    kept: dict[tuple[object, ...], Row] = {}
    for row in rows:
        named = _of_survivor(row, merged)
        key = (row.time, named.device, row.channel, row.unit, row.run)
        if key not in kept or named is row:
            kept[key] = named
    return list(kept.values())


def joined(curves: Iterable[Series], merged: Mapping[str, str]) -> list[Series]:
    """Return one curve a device and channel: the device's own, before and after it those of devices merged into it."""
    own: dict[tuple[object, ...], Series] = {}
    for curve in sorted(curves, key=lambda curve: curve.device in merged):  # stable: own curves first
        device = merged.get(curve.device, curve.device)
        key = (device, curve.channel, curve.unit, curve.run)
        named = replace(curve, device=device)
        own[key] = _around(own[key], named) if key in own else named
    return list(own.values())


def _around(curve: Series, other: Series) -> Series:
    """Return a curve with what another knows of the time before and after it."""
    if not curve.t or not other.t:
        return curve if curve.t else other
    before = [at for at, time in enumerate(other.t) if time < curve.t[0]]
    after = [at for at, time in enumerate(other.t) if time > curve.t[-1]]

    thinned = bool(curve.low or other.low)

    def around(mine: list[Any], its: list[Any]) -> list[Any]:
        return [*(its[at] for at in before), *mine, *(its[at] for at in after)]

    return replace(
        curve,
        t=around(curve.t, other.t),
        v=around(curve.v, other.v),
        low=around(curve.low or curve.v, other.low or other.v) if thinned else [],
        high=around(curve.high or curve.v, other.high or other.v) if thinned else [],
    )


def _row(row: Row) -> dict[str, Any]:
    return {
        "device": row.device,
        "channel": row.channel,
        "unit": row.unit,
        "time": rfc3339(row.time),
        "value": row.value,
        "quality": row.quality,
        "simulated": row.run != REAL,
        "run": row.run,
    }


def _series(curve: Series) -> dict[str, Any]:
    return {
        "device": curve.device,
        "channel": curve.channel,
        "unit": curve.unit,
        "run": curve.run,
        "t": curve.t,
        "v": curve.v,
        "min": curve.low,
        "max": curve.high,
    }


async def _csv(name: str, lines: Callable[[], Iterable[str]], more: Mapping[str, str]) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store", **more}
    body = await asyncio.to_thread(lambda: "".join(lines()).encode())
    return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)
