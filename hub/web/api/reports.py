"""The report of a workshop session, as a page or on paper: for the facilitator, and for the phone that asks."""

import asyncio

from aiohttp import web

from hub.web.api.phones import token
from hub.web.gives import FORM, HTML, PDF, SEAT, gives
from hub.web.keys import HUB, READING
from hub.web.problems import Problem, language
from hub.web.query import choice, number
from hub.workshop.people import MOST_TABLES
from hub.workshop.report.content import Whose
from hub.workshop.report.forms import FORMS, Form
from hub.workshop.report.words import LANGUAGES

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Of a report that is read where it was made: its styles are its own, and nothing else is loaded."""


@gives(media=(HTML, PDF), narrowed={"format": FORM, "table": SEAT})
async def report(request: web.Request) -> web.Response:
    """Give the report of a session as it stands, of all or of one table or participant, as a file to keep."""
    table = number(request, "table", 1, 1, MOST_TABLES) if "table" in request.query else None
    whose = Whose(participant=request.query.get("participant"), table=table)
    return await _made(request, request.match_info["id"], whose)


@gives(media=(HTML, PDF), narrowed={"format": FORM}, problems=("unknown",))
async def own(request: web.Request) -> web.Response:
    """Give a phone the report of the session that it takes part in, its own curves first."""
    given = token(request)
    person = await request.app[HUB].with_sessions(lambda sittings: sittings.people.known(given))
    if person is None:
        raise Problem("unknown", what="nobody takes part with this phone", where="/join")
    made = await _made(request, person.session, Whose(participant=person.id))
    if choice(request, "show", ("inline",)) is not None:
        made.headers["Content-Disposition"] = made.headers["Content-Disposition"].replace("attachment", "inline")
        made.headers["Content-Security-Policy"] = POLICY
    return made


async def _made(request: web.Request, name: str, whose: Whose) -> web.Response:
    wanted: Form = "pdf" if choice(request, "format", tuple(FORMS)) == "pdf" else "html"
    spoken = choice(request, "lang", LANGUAGES) or language(request)
    async with request.app[READING]:
        found = await request.app[HUB].report(name, "fr" if spoken == "fr" else "en", whose)
    body = await asyncio.to_thread(FORMS[wanted].render, found)
    headers = {
        "Content-Type": FORMS[wanted].content_type,
        "Content-Disposition": f'attachment; filename="matinales-{name}-{spoken}.{wanted}"',
        "Content-Language": spoken,
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=headers)
