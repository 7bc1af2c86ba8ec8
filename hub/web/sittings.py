"""Questions about one workshop session: who may ask, and where its readings lie."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager

from aiohttp import web

from hub.store.base import Past
from hub.web.keys import HUB, READING, SECURITY
from hub.web.security import Role

READERS = 4
"""Questions about the past that are answered at a time: each keeps a helper (`hub.process.HELPERS`) for as long as
InfluxDB takes, and the page, log-ins and tokens need some, too."""


def session_of(request: web.Request) -> str | None:
    """Return the session that a question is about; None: about none.

    Raises:
        Problem: a viewer asks: what is over is not shown to whoever is in the room today.
    """
    name = request.query.get("session")
    if name is not None:
        request.app[SECURITY].check(request, Role.FACILITATOR)
    return name


async def hulls_of(request: web.Request) -> dict[str, tuple[int, int]] | None:
    """Return run → (first time, time after the last) [ns] of the session asked about; None: of none.

    A pause is inside: what a living store holds of it is not the session's, an archive does not hold it.
    """
    name = session_of(request)
    if name is None:
        return None
    return hulls(await request.app[HUB].with_sessions(lambda sittings: sittings.spans(name)))


def hulls(spans: Iterable[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    """Return run → from the beginning of its first stretch to the end of its last, in order of run."""
    found: dict[str, tuple[int, int]] = {}
    for run, start, stop in sorted(spans):
        first, last = found.get(run, (start, stop))
        found[run] = min(first, start), max(last, stop)
    return found


@asynccontextmanager
async def past_of(request: web.Request) -> AsyncIterator[Past]:
    """Lend the readings that a question is about: the store's, or those of a session's archive."""
    hub, name = request.app[HUB], session_of(request)
    async with request.app[READING]:
        if name is None:
            yield hub.history
            return
        with ExitStack() as stack:
            found = await hub.with_sessions(lambda sittings: stack.enter_context(sittings.history(name)))
            yield hub.history if found is None else found
            await asyncio.to_thread(stack.close)
