"""Alarms: the list, why they were raised, and what people do with them (IEC 62682)."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from hub.web.keys import HUB
from hub.web.problems import language
from hub.web.query import answer, body, number
from hub.web.sittings import session_of

MOST_LISTED = 1000
LONGEST_COMMENT = 500
LONGEST_NAME = 80
A_WEEK_S = 7 * 86_400


class Acknowledgement(Struct, forbid_unknown_fields=True):
    """What may come with an acknowledgement: what was done, and who says so."""

    comment: str | None = None
    by: str | None = None


class Shelf(Struct, forbid_unknown_fields=True):
    """For how long [s of the alarm's run] it is set aside, and who says so."""

    duration_s: Annotated[float, Meta(gt=0, le=A_WEEK_S)]
    by: str | None = None


async def alarms(request: web.Request) -> web.Response:
    """List the alarms of all states and runs, or of a workshop session, newest first."""
    hub = request.app[HUB]
    lang, limit, session = language(request), number(request, "limit", MOST_LISTED, 1, MOST_LISTED), session_of(request)
    if session is None:
        found = await hub.alarms(limit)
    else:
        found = (await hub.with_sessions(lambda sittings: sittings.alarms(session)))[:limit]
    return answer({"alarms": [hub.live.alarm_view(alarm, lang) for alarm in found]})


async def why(request: web.Request) -> web.Response:
    """Say why an alarm was raised: the rule in words, values and times, the curve around it, what to do next."""
    return answer(await request.app[HUB].why(request.match_info["id"]))


async def acknowledge(request: web.Request) -> web.Response:
    """Acknowledge an alarm; again changes nothing."""
    hub = request.app[HUB]
    shape = '{"comment": "…", "by": "…"}'
    said = await body(request, Acknowledgement, shape) if request.can_read_body else Acknowledgement()
    comment = said.comment.strip()[:LONGEST_COMMENT] if said.comment else None
    alarm = await hub.acknowledge(request.match_info["id"], _name(said.by), comment or None)
    return answer(hub.live.alarm_view(alarm, language(request)))


async def shelve(request: web.Request) -> web.Response:
    """Set an alarm aside, with whatever its rule raises meanwhile; it comes back by itself."""
    hub = request.app[HUB]
    said = await body(request, Shelf, '{"duration_s": 3600, "by": "…"}')
    alarm = await hub.shelve(request.match_info["id"], said.duration_s, _name(said.by))
    return answer(hub.live.alarm_view(alarm, language(request)))


async def unshelve(request: web.Request) -> web.Response:
    """Take an alarm back before its time."""
    hub = request.app[HUB]
    alarm = await hub.shelve(request.match_info["id"], None, _name(None))
    return answer(hub.live.alarm_view(alarm, language(request)))


def _name(by: str | None) -> str:
    return (by or "").strip()[:LONGEST_NAME] or "facilitator"
