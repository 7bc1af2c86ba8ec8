"""What can go wrong with a request, as RFC 9457 `application/problem+json` with a remedy, in French or English."""

import html
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from hub.errors import HubError, JournalError, NotFoundError, ObjectionError, StoreError, ToldError, UsageError
from hub.refusals.reasons import Reasons

T = TypeVar("T")
CONTENT_TYPE = "application/problem+json"
LANGUAGES = ("fr", "en")
SAID_IN_ENGLISH = frozenset({"what", "reason", "remedy"})
"""Words that the code gives as English sentences; refusals.toml has their French."""
DEFAULT_LANGUAGE: web.AppKey[str] = web.AppKey("default_language", str)


class Words(Struct, frozen=True):
    """A kind of problem, as problems.toml tells it."""

    status: int
    title: Mapping[str, str]
    detail: Mapping[str, str]
    remedy: Mapping[str, str]


def _read(name: str, kind: type[T]) -> T:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), kind)


KNOWN: Mapping[str, Words] = _read("problems.toml", dict[str, Words])
REFUSALS = Reasons(_read("refusals.toml", dict[str, str]))


class Problem(Exception):  # noqa: N818 — RFC 9457's word
    """A request that cannot be answered as asked.

    Attributes:
        code: name in problems.toml.
        words: what fills its sentences; one that is told in both languages is `{"fr", "en"}`.
        extra: further members of the answer.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        code: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **words: Any,  # noqa: ANN401 — whatever fills a sentence
    ) -> None:
        """Say which kind, and fill its sentences."""
        super().__init__(code, words)
        self.code = code
        self.words = words
        self.extra = extra or {}
        self.headers = headers or {}


def bad_parameter(name: str, value: str, reason: str, remedy: str) -> Problem:
    """Return the problem of a query parameter."""
    return Problem("parameter", name=name, value=repr(value[:80]), reason=reason, remedy=remedy)


def language(request: web.Request) -> str:
    """Return `fr` or `en`, whichever the client prefers; the hub's own when it does not say."""
    wishes: list[tuple[float, str]] = []
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if tag[:2].lower() in LANGUAGES and quality > 0:
            wishes.append((-quality, tag[:2].lower()))
    default = request.config_dict.get(DEFAULT_LANGUAGE, "fr")
    return min(wishes, key=lambda wish: wish[0])[1] if wishes else default


def of_error(error: HubError, path: str) -> Problem:
    """Return how a request to a path answers an error in the hub's own words; a list is named by its own address."""
    if isinstance(error, NotFoundError):
        return Problem("unknown", what=error, where="/".join(path.split("/")[:4]))
    if isinstance(error, ObjectionError):
        extra = {"code": error.code, "params": error.params, "text": error.texts}
        return Problem("request", what=error.texts, extra=extra)
    if isinstance(error, UsageError):
        return Problem("request", what=error)
    if isinstance(error, JournalError | StoreError):
        return Problem("unavailable", what=error)
    return Problem("failed")


def of_http(error: web.HTTPException, request: web.Request) -> Problem:
    """Return how a request answers what aiohttp itself refused."""
    if isinstance(error, web.HTTPNotFound):
        return Problem("not_found", path=request.path)
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        headers = {"Allow": allowed}
        return Problem("method", path=request.path, method=error.method, allowed=allowed, headers=headers)
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem("too_large", limit=request.client_max_size)
    return Problem("other", what=error.reason)


def answer(problem: Problem, request: web.Request) -> web.Response:
    """Return the answer: JSON, or a plain page for a browser that asked for one."""
    words, lang = KNOWN[problem.code], language(request)
    filled = {name: _told(name, each, lang) for name, each in problem.words.items()}
    said = {name: getattr(words, name)[lang].format(**filled) for name in ("title", "detail", "remedy")}
    headers = {**problem.headers, "Content-Language": lang, "Cache-Control": "no-store"}
    if "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/"):
        return web.Response(
            status=words.status, text=page(lang, **said), content_type="text/html", charset="utf-8", headers=headers
        )
    body = {"type": f"urn:matinales:{problem.code}", "status": words.status, **said, "instance": request.path}
    return web.Response(
        status=words.status,
        body=msgspec.json.encode({**body, **problem.extra}),
        content_type=CONTENT_TYPE,
        headers=headers,
    )


def _told(name: str, word: Any, lang: str) -> Any:  # noqa: ANN401 — whatever fills a sentence
    """Return what fills a blank, in this language as far as it is known in it."""
    if isinstance(word, ToldError):
        word = word.texts
    if isinstance(word, Mapping):
        return word[lang]
    return word if lang == "en" or name not in SAID_IN_ENGLISH else REFUSALS.french(f"{word}") or word


def page(lang: str, title: str, detail: str, remedy: str) -> str:
    """Return a page without styles or scripts, for when there is nothing better to show."""
    title, detail, remedy = (html.escape(text) for text in (title, detail, remedy))
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title} — Matinales Hub</title>'
        f"<h1>{title}</h1><p>{detail}</p><p>{remedy}</p></html>"
    )
