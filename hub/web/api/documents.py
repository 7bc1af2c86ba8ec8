"""The API's descriptions, and the page on which people read and try it."""

import asyncio
from functools import cache
from importlib import resources

from aiohttp import web

from hub.web.gives import HTML, gives
from hub.web.keys import DOCUMENT, SOCKET_DOCUMENT
from hub.web.problems import language
from hub.web.query import tagged
from hub.web.shapes.history import Document

PAGE = (
    '<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>API — Matinales Hub</title><link rel="stylesheet" href="/api/v1/docs/docs.css">'
    '<script type="module" src="/api/v1/docs/docs.js"></script><body><main><h1>API — Matinales Hub</h1>'
    '<p role="status">{wait}</p></main></html>'
)
WAIT = {"fr": "Lecture de la description…", "en": "Reading the description…"}
FILES = {"docs.js": "text/javascript", "docs.css": "text/css"}
FRESH = {"Cache-Control": "no-cache"}


@gives(Document, tagged=True)
async def document(request: web.Request) -> web.Response:
    """Describe the API (OpenAPI 3.1)."""
    return tagged(request, await asyncio.to_thread(request.app[DOCUMENT]))


@gives(Document, tagged=True)
async def sockets(request: web.Request) -> web.Response:
    """Describe what goes over `/live` (AsyncAPI 3.0)."""
    return tagged(request, await asyncio.to_thread(request.app[SOCKET_DOCUMENT]))


@gives(media=(HTML,))
async def page(request: web.Request) -> web.Response:
    """Give the page that shows and tries the API; nothing of it comes from elsewhere."""
    lang = language(request)
    headers = {**FRESH, "Content-Language": lang, "Vary": "Accept-Language"}
    text = PAGE.format(lang=lang, wait=WAIT[lang])
    return web.Response(text=text, content_type=HTML, charset="utf-8", headers=headers)


@gives(media=tuple(FILES.values()))
async def file(request: web.Request) -> web.Response:
    """Give the page's script or style."""
    name = request.match_info["name"]
    if name not in FILES:
        raise web.HTTPNotFound
    return web.Response(text=_text(name), content_type=FILES[name], charset="utf-8", headers=FRESH)


@cache
def _text(name: str) -> str:
    return resources.files("hub.web").joinpath("docs", name).read_text(encoding="utf-8")


for _name in FILES:
    _text(_name)  # read once, before the event loop runs
