"""What `matinales doctor` finds, for the facilitator: as JSON, and as a page that needs no script."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from aiohttp import web

from hub.web.gives import gives
from hub.web.keys import HUB
from hub.web.problems import language
from hub.web.query import answer, choice
from hub.web.shapes.doctor import FindingList

STYLE = (
    ":root{color-scheme:light dark}body{font:1.05rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem}li{margin:.6rem 0;overflow-wrap:anywhere}ul{list-style:none;padding:0}b{display:inline-block;"
    "min-width:6.5em}.remedy{display:block;margin-left:6.5em;font-weight:600}"
)
WORDS: Mapping[str, Mapping[Any, str]] = {
    "fr": {
        "title": "Cette machine est-elle prête ?",
        "good": "Rien à faire : tout est en ordre.",
        "bad": "À faire avant l’atelier :",
        "rest": "Ce qui a été regardé",
        "back": "Retour à la console",
        True: "En ordre",
        None: "À savoir",
        False: "À faire",
    },
    "en": {
        "title": "Is this machine ready?",
        "good": "Nothing to do: all is in order.",
        "bad": "To do before the workshop:",
        "rest": "What was looked at",
        "back": "Back to the console",
        True: "In order",
        None: "To know",
        False: "To do",
    },
}


@gives(FindingList)
async def findings(request: web.Request) -> web.Response:
    """Look at ports, broker, store, clock, disk, firewall, certificates, and say what to do."""
    return answer({"findings": await request.app[HUB].examine(_language(request))})


async def page(request: web.Request) -> web.Response:
    """Show it as a page; what is to be done comes first."""
    lang = _language(request)
    found = await request.app[HUB].examine(lang)
    headers = {"Cache-Control": "no-store", "Content-Language": lang}
    return web.Response(text=shown(found, lang), content_type="text/html", headers=headers)


async def style(_request: web.Request) -> web.Response:
    """Give the page its looks: the policy of the house takes none that stands in a page."""
    return web.Response(text=STYLE, content_type="text/css", headers={"Cache-Control": "no-cache"})


def _language(request: web.Request) -> str:
    return choice(request, "lang", ("fr", "en")) or ("fr" if language(request) == "fr" else "en")


def shown(found: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Return the page."""
    words = WORDS[lang]
    due = [each for each in found if each["ok"] is False]
    rest = [each for each in found if each["ok"] is not False]
    first = f"<p>{words['bad']}</p>{_listed(due, words)}" if due else f"<p>{words['good']}</p>"
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{words["title"]}</title><link rel="stylesheet" href="/doctor.css"><main><h1>{words["title"]}</h1>'
        f"{first}"
        f'<h2>{words["rest"]}</h2>{_listed(rest, words)}<p><a href="/facilitator">{words["back"]}</a></p></main></html>'
    )


def _listed(found: Sequence[Mapping[str, Any]], words: Mapping[Any, str]) -> str:
    return "<ul>" + "".join(_item(each, words) for each in found) + "</ul>"


def _item(finding: Mapping[str, Any], words: Mapping[Any, str]) -> str:
    remedy = finding["remedy"]
    more = f'<span class="remedy">{escape(remedy)}</span>' if remedy else ""
    return f"<li><b>{words[finding['ok']]}</b> {escape(finding['text'])}{more}</li>"
