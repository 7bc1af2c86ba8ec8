"""Alarms: their journal, why they were raised, and what people do with them (IEC 62682)."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct, structs

from hub.errors import NotFoundError, UsageError
from hub.model import PRIORITIES, Alarm, AlarmState, rfc3339
from hub.store.alarms import Asked, Found, Transition
from hub.store.export import alarm_lines
from hub.web.accept import wants_table
from hub.web.gives import CSV, NEXT, gives
from hub.web.keys import HUB, ROLE
from hub.web.problems import Problem, bad_parameter, language
from hub.web.query import answer, body, choice, choices, number, time_of, whole
from hub.web.seating import table_of
from hub.web.security import Role
from hub.web.shapes.alarms import AlarmList, AlarmNow, AlarmReason, AlarmWhole
from hub.web.sittings import session_of

DEFAULT_LISTED, MOST_LISTED = 1000, 10_000
FORMATS = ("json", "csv")
DIALECTS = ("plain", "fr")
"""Of CSV: RFC 4180, or what a French spreadsheet opens by itself."""
LONGEST_COMMENT = 500
LONGEST_NAME = 80
A_WEEK_S = 7 * 86_400


class Acknowledgement(Struct, forbid_unknown_fields=True):
    """What may come with an acknowledgement: what was done, and who says so."""

    comment: str | None = None
    by: str | None = None

    @property
    def words(self) -> str | None:
        """The comment as it is kept; None: there is none."""
        return (self.comment or "").strip()[:LONGEST_COMMENT] or None


class Shelf(Struct, forbid_unknown_fields=True):
    """For how long [s of the alarm's run] it is set aside, and who says so."""

    duration_s: Annotated[float, Meta(gt=0, le=A_WEEK_S)]
    by: str | None = None


@gives(AlarmList, media=(CSV,), headers={"Link": NEXT})
async def alarms(request: web.Request) -> web.Response:
    """List alarms of all states and runs, newest first; as CSV when asked."""
    hub = request.app[HUB]
    lang = language(request)
    try:
        found = await _found(request)
    except UsageError as error:
        if not request.query.get("cursor") or isinstance(error, NotFoundError):  # of a session that there is not
            raise
        remedy = "give back 'next' of the answer before, all else unchanged"
        raise bad_parameter("cursor", request.query["cursor"], f"{error}", remedy) from error
    is_french = choice(request, "dialect", DIALECTS) == "fr"
    choice(request, "format", FORMATS)
    found = Found([shown(request, each) for each in found.alarms], found.after)
    if wants_table(request):
        return _csv(request, found, alarm_lines(found.alarms, lang, french=is_french))
    views = [hub.live.alarm_view(each, lang) for each in found.alarms]
    return answer({"alarms": views, "next": found.after, "floods": hub.live.floods})


@gives(AlarmWhole)
async def alarm(request: web.Request) -> web.Response:
    """Give one alarm with every step of its life: what, when, who and their comment."""
    hub = request.app[HUB]
    try:
        known, steps = await hub.alarm(request.match_info["id"])
    except NotFoundError as error:
        raise Problem("unknown", what=error, where="/api/v1/alarms") from error
    lang = language(request)
    view = hub.live.alarm_view(shown(request, known), lang)
    told = [_step(_shown_step(request, known, each), lang) for each in steps]
    return answer(view | {"transitions": told})


def shown(request: web.Request, alarm: Alarm) -> Alarm:
    """Return an alarm as whoever asks may see it: what was typed in a workshop that is over is the facilitator's."""
    return alarm if request[ROLE] >= Role.FACILITATOR else request.app[HUB].live.veil(alarm)


def _shown_step(request: web.Request, alarm: Alarm, step: Transition) -> Transition:
    """Return a step likewise, judged by its own time, as if what was typed then were all that the alarm says."""
    said = structs.replace(
        alarm,
        acknowledged_at=step.at,
        acknowledged_by=step.by,
        comment=step.comment,
        shelved_by=None,
        unshelved_by=None,
    )
    return step if shown(request, said) is said else structs.replace(step, by=None, comment=None)


async def _found(request: web.Request) -> Found:
    """Return the alarms asked for: of the living store or, whole, of a workshop session."""
    hub, session = request.app[HUB], session_of(request)
    if session is None:
        return await hub.alarms(_asked(request))
    limit = number(request, "limit", DEFAULT_LISTED, 1, MOST_LISTED)
    return Found([*await hub.with_sessions(lambda sittings: sittings.alarms(session))][:limit])


def _step(step: Transition, lang: str) -> dict[str, Any]:
    return {
        "step": step.step,
        "at": rfc3339(step.at),
        "by": step.by,
        "comment": step.noted(lang),
        "comments": step.comments or None,
        "until": None if step.until is None else rfc3339(step.until),
    }


def _asked(request: web.Request) -> Asked:
    hub, query = request.app[HUB], request.query
    device = query.get("device")
    return Asked(
        usecase=query.get("usecase"),
        run=query.get("run"),
        rule=query.get("rule"),
        states=frozenset(AlarmState(each) for each in choices(request, "state", tuple(AlarmState))),
        priorities=choices(request, "priority", PRIORITIES),
        devices=frozenset() if device is None else frozenset(hub.live.uids(hub.resolve(device))),
        within=_within(request),
        runs=_runs(request),
        words=query.get("search", ""),
        shown=partial(shown, request),
        limit=number(request, "limit", DEFAULT_LISTED, 1, MOST_LISTED),
        after=query.get("cursor") or None,
    )


def _runs(request: web.Request) -> Callable[[str], bool] | None:
    """Return whether a run's alarms are wanted: with `table` those of that table alone; None: of every run."""
    if "table" not in request.query:
        return None
    table, tables = table_of(request), request.app[HUB].tables
    return lambda run: tables.table_of(run) == table


def _within(request: web.Request) -> Callable[[Alarm], bool] | None:
    """Return whether an alarm was raised in the time asked for; a span counts from the now of its own run."""
    start, stop = time_of(request, "start"), time_of(request, "stop")
    if start is None and stop is None:
        return None
    live = request.app[HUB].live

    def within(alarm: Alarm) -> bool:
        now = live.now(alarm.run)
        is_early = start is not None and alarm.raised_at < start(now)
        return not is_early and (stop is None or alarm.raised_at < stop(now))

    return within


def _csv(request: web.Request, found: Found, lines: Iterable[str]) -> web.Response:
    headers = {"Content-Disposition": 'attachment; filename="alarms.csv"', "Cache-Control": "no-store"}
    if found.after is not None:
        headers["Link"] = f'<{request.rel_url.update_query(cursor=found.after)}>; rel="next"'
    return web.Response(text="".join(lines), content_type="text/csv", charset="utf-8", headers=headers)


@gives(AlarmReason)
async def why(request: web.Request) -> web.Response:
    """Say why an alarm was raised: the rule in words, values and times, the curve around it, what to do next."""
    return answer(await request.app[HUB].why(request.match_info["id"]))


@gives(AlarmNow)
async def acknowledge(request: web.Request) -> web.Response:
    """Acknowledge an alarm; again changes nothing."""
    hub = request.app[HUB]
    shape = '{"comment": "…", "by": "…"}'
    said = await body(request, Acknowledgement, shape) if await whole(request) else Acknowledgement()
    alarm = await hub.acknowledge(request.match_info["id"], _name(said.by), said.words)
    return answer(hub.live.alarm_view(alarm, language(request)))


@gives(AlarmNow)
async def shelve(request: web.Request) -> web.Response:
    """Set an alarm aside, with whatever its rule raises meanwhile; it comes back by itself."""
    hub = request.app[HUB]
    said = await body(request, Shelf, '{"duration_s": 3600, "by": "…"}')
    alarm = await hub.shelve(request.match_info["id"], said.duration_s, _name(said.by))
    return answer(hub.live.alarm_view(alarm, language(request)))


@gives(AlarmNow)
async def unshelve(request: web.Request) -> web.Response:
    """Take an alarm back before its time."""
    hub = request.app[HUB]
    alarm = await hub.shelve(request.match_info["id"], None, _name(None))
    return answer(hub.live.alarm_view(alarm, language(request)))


def _name(by: str | None) -> str:
    return (by or "").strip()[:LONGEST_NAME] or "facilitator"
