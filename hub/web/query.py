"""Query parameters and bodies: read strictly, refused by name."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hub.model import NS
from hub.web.problems import Problem, bad_parameter

T = TypeVar("T")
SPAN = re.compile(r"-?(\d{1,9}(?:\.\d{1,9})?)(ms|s|min|m|h|d|w)")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:[.,](\d+))?(?:[Zz]|[+-]\d\d:\d\d)")
TIME_REMEDY = "write RFC 3339 with an offset (2026-11-24T09:00:00Z) or a span before now (-24h, -15m, -7d)"
CURSOR = re.compile(r"(-?[0-9]{1,20})~(.{0,200})", re.DOTALL)
CURSOR_REMEDY = "give back 'next' of the answer before, all else unchanged"
LATEST = 2**63 - 1
PATIENCE_S = 30.0
"""A body of at most 1 MiB arrives within this time."""


def only(request: web.Request, known: Collection[str]) -> None:
    """Refuse a parameter that nobody reads: it is a slip of the pen.

    Raises:
        Problem: naming it.
    """
    for name in request.query:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise bad_parameter(
                name, request.query[name], "this address has no such parameter", f"known here: {listed}"
            )
    for name in set(request.query):
        given = request.query.getall(name)
        if len(given) > 1:
            raise bad_parameter(name, ", ".join(given), "one value is expected", "give it once")


def moment(text: str) -> int | None:
    """Return an RFC 3339 time as [ns], or None when it is none. Digits beyond the nanosecond are cut."""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    decimals = found[1] or ""
    cut = text.replace(f"{text[19]}{decimals}", "", 1) if decimals else text
    try:
        whole = datetime.fromisoformat(cut.upper().replace(" ", "T"))
        time = (whole - EPOCH) // timedelta(seconds=1) * NS + int(decimals[:9].ljust(9, "0"))
    except (ValueError, OverflowError):
        return None
    return time if -LATEST <= time <= LATEST else None


def span(text: str) -> int | None:
    """Return a span such as `24h` or `-24h` as [ns], or None when it is none."""
    found = SPAN.fullmatch(text)
    return None if found is None else round(float(found[1]) * SECONDS[found[2]] * NS)


def time_of(request: web.Request, name: str) -> Callable[[int], int] | None:
    """Return a parameter as a function of the timeline's now [ns]; None where it is absent.

    Raises:
        Problem: it is neither a time nor a span.
    """
    text = request.query.get(name)
    if text is None:
        return None
    text = text.replace(" ", "+") if "T" in text else text  # an unescaped "+02:00" arrives as a space
    if text == "now":
        return lambda now: now
    fixed = moment(text)
    if fixed is not None:
        return lambda _now: fixed
    before = span(text) if text.startswith("-") else None
    if before is None:
        raise bad_parameter(name, text, "neither a time nor a span", TIME_REMEDY)
    return lambda now: max(now - before, -LATEST)


def number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """Return a whole number between `low` and `high`.

    Raises:
        Problem: it is none.
    """
    text = request.query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise bad_parameter(name, text, "out of range", f"give a whole number from {low} to {high}")
    return int(text)


def choice(request: web.Request, name: str, choices: tuple[str, ...]) -> str | None:
    """Return one of a few words, or None where it is absent.

    Raises:
        Problem: it is another.
    """
    text = request.query.get(name)
    if text is not None and text not in choices:
        raise bad_parameter(name, text, "not known", f"give one of {', '.join(choices)}")
    return text


def choices(request: web.Request, name: str, known: tuple[str, ...]) -> frozenset[str]:
    """Return some of a few words, separated by commas; empty where the parameter is absent.

    Raises:
        Problem: one of them is another.
    """
    text = request.query.get(name)
    found = frozenset() if text is None else frozenset(text.split(","))
    if not found <= frozenset(known):
        raise bad_parameter(name, text or "", "not known", f"give some of {', '.join(known)}, separated by commas")
    return found


def positive_span(request: web.Request, name: str) -> int | None:
    """Return a span above zero [ns], or None where it is absent.

    Raises:
        Problem: it is none.
    """
    text = request.query.get(name)
    if text is None:
        return None
    length = span(text) if not text.startswith("-") else None
    if not length:
        raise bad_parameter(name, text, "not a span", "write for instance 60s, 15m or 1h")
    return length


def page(
    request: web.Request, rows: Iterable[T], key: Callable[[T], tuple[int, str]], limit: int
) -> tuple[list[T], str | None]:
    """Return at most `limit` of the rows after the cursor, in order of `key`, and the next cursor (None: the end).

    Rows that come and go meanwhile shift nothing: the cursor is the last key that was given.

    Raises:
        Problem: the cursor is none.
    """
    text = request.query.get("cursor")
    ordered = sorted(rows, key=key)
    if text:
        found = CURSOR.fullmatch(text)
        if found is None:
            raise bad_parameter("cursor", text, "not a cursor of this question", CURSOR_REMEDY)
        after = int(found[1]), found[2]
        ordered = [row for row in ordered if key(row) > after]
    shown = ordered[:limit]
    number, name = key(shown[-1]) if shown else (0, "")
    return shown, f"{number}~{name}" if len(ordered) > limit else None


async def whole(request: web.Request) -> bytes:
    """Return the body as it was sent.

    Raises:
        Problem: compressed, too large (told before it is sent), or it does not come.
    """
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise Problem("type", kind=repr(encoding[:40]))
    if (request.content_length or 0) > request.client_max_size:
        raise Problem("too_large", limit=request.client_max_size)
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await request.read()
    except TimeoutError:
        raise Problem("slow", seconds=f"{PATIENCE_S:g}", headers={"Connection": "close"}) from None


async def body(request: web.Request, kind: type[T], shape: str) -> T:
    """Return the JSON body as `kind`.

    Raises:
        Problem: it is not JSON, or of another shape.
    """
    raw = await whole(request)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Problem("body", reason=str(error) or type(error).__name__, shape=shape) from error


def tagged(request: web.Request, content: bytes | Any) -> web.Response:  # noqa: ANN401 — whatever msgspec encodes
    """Return JSON that a client keeps and asks for again by its ETag; 304 where it has not changed."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if any(each.value in {tag, "*"} for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type="application/json", headers=headers)


async def written(make: Callable[[], Any]) -> web.Response:
    """Return as JSON what `make` gives; a long one: a thread makes it and writes it."""
    return _json(await asyncio.to_thread(lambda: msgspec.json.encode(make())), 200)


def answer(content: Any, *, status: int = 200) -> web.Response:  # noqa: ANN401 — whatever msgspec encodes
    """Return JSON, precise: floats as they are."""
    return _json(msgspec.json.encode(content), status)


def _json(body: bytes, status: int) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
