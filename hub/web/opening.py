"""The page with what is true already in it: a phone shows the first value before it has loaded the program.

The built page is one empty place and a program that fills it, once it has come, has connected and has heard. Here the
place holds the story as it stands (`hub.web.glance`), and beside it lies what the program needs to begin with: a whole
frame of the story's devices and the story itself, as data (`<script type="application/json">` runs nothing, so the
policy against inline scripts stays as strict as it is). Where nothing is told, or it is kept from the room, the built
page goes out as it is.
"""

import gzip
import re
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web

from hub.errors import NotFoundError
from hub.live import SAME_FULL, encode
from hub.model import NS
from hub.web import problems
from hub.web.glance import Language, glance, is_preparing, run_of, standing, words
from hub.web.hub import Hub

PLACE = '<div id="page"></div>'
PROGRAM = re.compile(r'<script type="module" crossorigin src="(/assets/[^"]+)"></script>')
LATER = r'<link rel="modulepreload" crossorigin href="\1" data-program>'
"""The program is loaded at once and begun by `web/src/first.js`, once the story has been painted."""
TOLD = {"running", "paused"}
LEVEL = 6
"""Of the compression: a page is packed once a tick, not once a build."""


class Opening:
    """Makes the page for those who come; once for all of a role and language at about the same time."""

    def __init__(self, index: Path, assets: Iterable[str], zone: tzinfo) -> None:
        """Read the built page, if there is one, and the words that stand beside values. Blocks.

        Args:
            index: its file.
            assets: addresses of its other files: what every visitor needs next is asked for at once.
            zone: of the venue.
        """
        words()  # read here, where it may take its time
        self._zone = zone
        self._index = index.read_text(encoding="utf-8") if index.is_file() else ""
        self._assets = sorted(assets)
        self._made: dict[tuple[str, str], tuple[int, int, bytes | None]] = {}

    def answer(self, hub: Hub, request: web.Request, role: str) -> web.Response | None:
        """Return the page with the story in it; None: there is nothing to put in.

        It is true for a moment: no cache may keep it.
        """
        language: Language = "fr" if problems.language(request) == "fr" else "en"
        body = self._body(hub, role, language) if PLACE in self._index else None
        if body is None:
            return None
        headers = {hdrs.CACHE_CONTROL: "no-store", hdrs.CONTENT_LANGUAGE: language}
        if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower():
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        else:
            body = gzip.decompress(body)
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    def _body(self, hub: Hub, role: str, language: Language) -> bytes | None:
        version, made, body = self._made.get((role, language), (-1, 0, None))
        wall = hub.live.wall()
        if version != hub.live.version or not 0 <= wall - made < SAME_FULL * NS:
            page = self._page(hub, role, language)
            body = None if page is None else gzip.compress(page, LEVEL)
            self._made[role, language] = (hub.live.version, wall, body)
        return body

    def _page(self, hub: Hub, role: str, language: Language) -> bytes | None:
        usecase = told(hub)
        if usecase is None:
            return None
        frame = opening(hub, usecase)
        if is_kept(usecase, frame, role):
            return None
        data = encode({"frame": {"seq": 0, "role": role, **frame}, "usecase": usecase}).replace(b"<", b"\\u003c")
        own, other = (glance(usecase, frame, self._zone, each) for each in (language, _other(language)))
        place = f'<div id="page">{own}<template>{other}</template></div>'
        script = f'<script type="application/json" id="opening">{data.decode()}</script>'
        page = re.sub(r'<html lang="\w+">', f'<html lang="{language}">', self._index, count=1)
        head, _, rest = PROGRAM.sub(LATER, page).partition("</head>")
        return f"{head}{self._next(usecase['name'], language)}</head>{rest}".replace(PLACE, place + script).encode()

    def _next(self, usecase: str, language: Language) -> str:
        """Return links to what the program asks for as soon as it runs: its words, the story's drawing."""
        wanted = re.compile(rf"/assets/(?:{language}|{re.escape(usecase)})-[\w-]{{8}}\.js")
        return "".join(f'<link rel="modulepreload" href="{each}">' for each in self._assets if wanted.fullmatch(each))


def _other(language: Language) -> Language:
    """Return the language beside it: readers choose for themselves, and the hub hears only what their browser wants."""
    return "en" if language == "fr" else "fr"


def told(hub: Hub) -> Mapping[str, Any] | None:
    """Return the story that the room is told now; None: none, or another one is on its way.

    What was played on another day is not told: a simulation may be about to begin (`web/src/lib/told.ts`).
    """
    if hub.live.wall_view.get("coming"):
        return None
    played = (hub.live.scenario or {}).get("usecase")
    names = [each["name"] for each in hub.usecases() if each["run"] and each["state"] in TOLD]
    name = played or next(iter(names), None)
    try:
        usecase = None if name is None else hub.usecase(name)
    except NotFoundError:  # a scenario that plays without a story
        return None
    return usecase if usecase is not None and usecase.get("measures") else None


def opening(hub: Hub, usecase: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole frame that is no larger than the story needs: its devices, and its alarms that are not over."""
    devices = dict.fromkeys(role["device"] for role in usecase["roles"] if role["device"])
    frame = hub.live.whole(devices)
    return frame | {"alarms": standing(frame["alarms"], usecase["name"], run_of(usecase, frame))}


def is_kept(usecase: Mapping[str, Any], frame: Mapping[str, Any], role: str) -> bool:
    """Tell whether the story cannot be told yet, or not to this role: the page itself knows what to say instead."""
    is_hidden = role != "facilitator" and any(device["hidden"] for device in frame["devices"])
    return is_hidden or usecase["off"] or is_preparing(run_of(usecase, frame), frame)
