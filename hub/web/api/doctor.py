"""What `matinales doctor` finds, for the facilitator's page (`web/src/pages/Doctor.svelte`) and for programs."""

from aiohttp import web

from hub.web.gives import gives
from hub.web.keys import HUB
from hub.web.problems import language
from hub.web.query import answer, choice
from hub.web.shapes.doctor import FindingList


@gives(FindingList)
async def findings(request: web.Request) -> web.Response:
    """Look at ports, broker, store, clock, disk, firewall, certificates, and say what to do."""
    lang = choice(request, "lang", ("fr", "en")) or ("fr" if language(request) == "fr" else "en")
    return answer({"findings": await request.app[HUB].examine(lang)})
