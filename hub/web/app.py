"""The web application: addresses, the doorkeeper before them, clear answers when something goes wrong."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import cache, partial
from pathlib import Path

import msgspec
from aiohttp import WSCloseCode, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from hub.beat import next_beat
from hub.errors import HubError
from hub.live import Batch
from hub.web import accept, asyncapi, openapi, problems
from hub.web.built import Static
from hub.web.hub import Hub
from hub.web.keys import (
    DOCUMENT,
    HUB,
    LAG,
    LEAVING,
    PHONES,
    READING,
    ROLE,
    RUNNERS,
    SECURITY,
    SOCKET_DOCUMENT,
    SOCKETS,
    STATIC,
    TABLES,
    TWINS,
    UPLOADS,
)
from hub.web.metrics import Lag
from hub.web.once import KEYS, Keys, once
from hub.web.phones import Phones
from hub.web.problems import DEFAULT_LANGUAGE, Problem
from hub.web.query import only
from hub.web.routes import ROUTES, methods_at, rule_of
from hub.web.runners import Runners, State
from hub.web.seating import sits_there
from hub.web.security import FRAMED, HEADERS, PROJECTOR, Role, Security
from hub.web.sittings import READERS
from hub.web.tables import TableKeeper
from hub.web.twins import Twins
from hub.web.uploads import Uploads

_LOG = logging.getLogger(__name__)
LARGEST_BODY = 1024 * 1024
LOOK_S = 1.0
"""How often [s] it is seen whether the event loop comes in time."""
FAREWELL_S = 0.5
"""What a viewer gets to answer that it has seen the end."""
POLICY = "Content-Security-Policy"
STATIC_DIR = Path(__file__).parent / "static"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(hub: Hub, security: Security, static_dir: Path = STATIC_DIR, keys: Keys | None = None) -> web.Application:
    """Return the application that serves a hub.

    Args:
        hub: the running hub.
        security: who may do what.
        static_dir: the built page.
        keys: idempotency keys that outlive the hub; None: none does.
    """
    app = web.Application(middlewares=[_answer_problems, _guard, once], client_max_size=LARGEST_BODY)
    app[HUB] = hub
    app[SECURITY] = security
    app[STATIC] = Static(static_dir, hub.config.zone)
    app[RUNNERS] = Runners(lambda state: _show(hub, state), lambda table, state: _seat(hub, table, state))
    app[TABLES] = TableKeeper(hub, app[RUNNERS])
    app[TWINS] = Twins(hub, app[RUNNERS])
    app[PHONES] = Phones(hub)
    app[SOCKETS] = set()
    app[LEAVING] = asyncio.Event()
    app[KEYS] = keys or Keys()
    app[UPLOADS] = Uploads()
    app[LAG] = Lag()
    app[READING] = asyncio.Semaphore(READERS)
    described: Callable[[], bytes] = cache(partial(openapi.document, ROUTES))
    sockets_described: Callable[[], bytes] = cache(asyncapi.document)
    app[DOCUMENT], app[SOCKET_DOCUMENT] = described, sockets_described
    app[DEFAULT_LANGUAGE] = hub.config.lang
    for route in ROUTES:
        if route.method == "GET":
            app.router.add_get(route.path, route.handler)
        else:
            app.router.add_route(route.method, route.path, route.handler)
    app.on_response_prepare.append(_dress)
    app.on_shutdown.append(_hurry)
    app.on_shutdown.append(_close_sockets)
    app.on_shutdown.append(_drop_uploads)
    app.cleanup_ctx.append(_count_malformed)
    app.cleanup_ctx.append(_follow_the_cast)
    app.cleanup_ctx.append(_keep_tables)
    app.cleanup_ctx.append(_hear_phones)
    app.cleanup_ctx.append(_watch_the_loop)
    return app


def _show(hub: Hub, state: State | None) -> None:
    hub.live.apply(Batch(scenario=None if state is None else msgspec.to_builtins(state)))


def _seat(hub: Hub, table: int, state: State | None) -> None:
    hub.tables.show(table, None if state is None else msgspec.to_builtins(state))


@web.middleware
async def _answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what goes wrong in plain words; the trace goes to the log, never to the client."""
    try:
        return await handler(request)
    except Problem as problem:
        return problems.answer(problem, request)
    except HubError as error:
        return problems.answer(problems.of_error(error, request.path), request)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 — a redirection is no problem
            raise
        return problems.answer(problems.of_http(_of_api(error, request), request), request)
    except (ConnectionError, asyncio.CancelledError):
        raise
    except Exception:  # noqa: BLE001 — one bad request never stops the others
        _LOG.exception("request failed: %s %r", request.method, request.path)
        return problems.answer(Problem("failed"), request)


def _of_api(error: web.HTTPException, request: web.Request) -> web.HTTPException:
    """Return what is wrong with a path of the API, where aiohttp saw the page's files behind it, which go by GET."""
    path, method = request.rel_url.raw_path, request.method
    if not path.startswith("/api/") or not isinstance(error, web.HTTPNotFound | web.HTTPMethodNotAllowed):
        return error
    allowed = methods_at(path)
    if not allowed:
        return web.HTTPNotFound()
    return error if method in allowed else web.HTTPMethodNotAllowed(method, allowed)


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who may come in."""
    role, parameters = rule_of(request)
    security = request.app[SECURITY]
    security.admit(request)
    await security.recognise(request)
    if role is Role.INTEGRATOR:
        await security.know_tokens(request)
    participates = role is Role.PARTICIPANT and await sits_there(request)
    request[ROLE] = security.check(request, role, participates=participates)
    request.app[HUB].seen(request.remote)
    if parameters is not None:
        only(request, parameters)
    accept.check(request)
    return await handler(request)


async def _dress(request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers of the house on every answer; a policy of its own stays: it is a stricter one."""
    own = response.headers.get(POLICY)
    response.headers.update(HEADERS)
    if own is not None:
        response.headers[POLICY] = own
    if request.path == PROJECTOR:
        response.headers.update(FRAMED)
    if not request.app[SECURITY].is_trustworthy(request):
        # there browsers ignore it, and say so as an error on every page's console
        del response.headers["Cross-Origin-Opener-Policy"]


class _Malformed(logging.Filter):
    """Count what is no HTTP instead of writing a trace of each: anybody could fill the log."""

    def __init__(self, count: Counter[str]) -> None:
        super().__init__()
        self._count = count

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError | web.RequestPayloadError):
            return True
        self._count["malformed"] += 1
        return False


async def _count_malformed(app: web.Application) -> AsyncIterator[None]:
    malformed = _Malformed(app[SECURITY].refused)
    server_logger.addFilter(malformed)
    yield
    server_logger.removeFilter(malformed)


async def _follow_the_cast(app: web.Application) -> AsyncIterator[None]:
    async with _beside(app[TWINS].follow(), "twins"):
        yield


async def _keep_tables(app: web.Application) -> AsyncIterator[None]:
    async with _beside(app[TABLES].follow(), "tables"):
        yield


async def _hear_phones(app: web.Application) -> AsyncIterator[None]:
    async with _beside(app[PHONES].run(), "phones"):
        yield


async def _watch_the_loop(app: web.Application) -> AsyncIterator[None]:
    async with _beside(_see_lag(app[LAG]), "lag"):
        yield


async def _see_lag(lag: Lag) -> None:
    """Sleep again and again, and see how much later it was."""
    loop = asyncio.get_running_loop()
    while True:
        due = next_beat(LOOK_S)
        await asyncio.sleep(due - loop.time())
        lag.add(loop.time() - due)


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[None, None, None], name: str) -> AsyncIterator[None]:
    """Let something go on for as long as the application serves."""
    task = asyncio.create_task(work, name=name)
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _hurry(app: web.Application) -> None:
    app[LEAVING].set()


async def _drop_uploads(app: web.Application) -> None:
    await app[UPLOADS].close()


async def _close_sockets(app: web.Application) -> None:
    """Tell viewers and runners that the hub goes; they come back by themselves."""
    app[RUNNERS].close()
    sockets = app[SOCKETS]
    closing = [asyncio.create_task(each.close(code=WSCloseCode.GOING_AWAY, message=b"hub stops")) for each in sockets]
    if closing:
        await asyncio.wait(closing, timeout=FAREWELL_S)
