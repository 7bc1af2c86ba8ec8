"""The report of a workshop session, as a page or on paper."""

import asyncio

from aiohttp import web

from hub.web.keys import HUB
from hub.web.problems import language
from hub.web.query import choice
from hub.workshop.report.forms import FORMS, Form
from hub.workshop.report.words import LANGUAGES


async def report(request: web.Request) -> web.Response:
    """Give the report of a session as it stands, as a file to keep; nothing of it is kept here."""
    name = request.match_info["id"]
    wanted: Form = "pdf" if choice(request, "format", tuple(FORMS)) == "pdf" else "html"
    spoken = choice(request, "lang", LANGUAGES) or language(request)
    found = await request.app[HUB].report(name, "fr" if spoken == "fr" else "en")
    body = await asyncio.to_thread(FORMS[wanted].render, found)
    headers = {
        "Content-Type": FORMS[wanted].content_type,
        "Content-Disposition": f'attachment; filename="matinales-{name}-{spoken}.{wanted}"',
        "Content-Language": spoken,
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=headers)
