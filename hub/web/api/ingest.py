"""The webhook door: any program with a token sends what it measured; 2xx after the journal's commit (design.md §1)."""

from unicodedata import normalize

from aiohttp import web

from hub.ingest import webhook
from hub.tokens import SOURCE
from hub.web.gives import JSON, gives
from hub.web.keys import HUB
from hub.web.problems import Problem
from hub.web.query import answer, whole
from hub.web.shapes.history import Accepted, Downlink

DOWNLINKS = dict[str, Downlink]
"""Sigfox device → what it is told, where it asked."""
TAKEN = (JSON, "text/plain", "application/x-www-form-urlencoded")
REFUSED = ("multipart/", "image/", "audio/", "video/")
"""Content types that hold no measure; a caller that names none, or another, is taken at its word."""


@gives(
    (Accepted, DOWNLINKS),
    also={204: None},
    once=True,
    durable=True,
    body=TAKEN,
)
async def take(request: web.Request) -> web.Response:
    """Journal what a program sends: JSON, text or a form; the source `sigfox` takes Sigfox callbacks."""
    hub = request.app[HUB]
    source = normalize("NFC", request.match_info["source"])
    if not SOURCE.fullmatch(source):
        raise Problem("request", what=f"source {source[:80]!r}: write letters, digits, '-', '_' or '.', at most 64")
    kind = request.content_type.lower()
    if kind.startswith(REFUSED):
        raise Problem("content", kind=repr(kind[:80]))
    body = await whole(request)
    received = hub.live.wall()
    if source != webhook.SIGFOX:
        position = await hub.append([webhook.message(source, kind, body, received)])
        return answer({"accepted": 1, "position": position})
    message, waiting = webhook.callback(kind, body, received)
    await hub.append([message])
    said = None
    if waiting is not None:
        said = webhook.downlink(waiting, webhook.downlinks(hub.config.sigfox_downlink))
    return answer(said) if said is not None else web.Response(status=204)
