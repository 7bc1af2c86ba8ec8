"""Files that come as a body: what cannot be taken is refused before it is read, the rest comes in pieces."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from hub.web.problems import Problem
from hub.web.query import PATIENCE_S

PIECE = 64 * 1024


def check(request: web.Request, largest: int) -> None:
    """Look at what a body says of itself.

    Raises:
        Problem: it is compressed, a form, or larger than `largest` bytes.
    """
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise Problem("type", kind=repr(encoding[:40]))
    if request.content_type.startswith("multipart/"):
        raise Problem("content", kind=repr(request.content_type[:80]))
    if (request.content_length or 0) > largest:
        raise too_large(largest)


def too_large(largest: int) -> Problem:
    """Return what is said of a body of more than `largest` bytes."""
    return Problem("too_large", limit=largest, headers={"Connection": "close"})


async def pieces(request: web.Request) -> AsyncIterator[bytes]:
    """Give a body as it comes.

    Raises:
        Problem: nothing comes any more.
    """
    coming = request.content.iter_chunked(PIECE)
    try:
        while True:
            async with asyncio.timeout(PATIENCE_S):
                piece = await anext(coming, b"")
            if not piece:
                return
            yield piece
    except TimeoutError:
        raise Problem("slow", seconds=f"{PATIENCE_S:g}", headers={"Connection": "close"}) from None


async def whole(request: web.Request, largest: int) -> bytes:
    """Return a body of at most `largest` bytes.

    Raises:
        Problem: it cannot be taken, or nothing comes any more.
    """
    check(request, largest)
    body = bytearray()
    async for piece in pieces(request):
        body += piece
        if len(body) > largest:
            raise too_large(largest)
    return bytes(body)
