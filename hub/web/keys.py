"""What the handlers find in the application and the request."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from hub.web.built import Static
from hub.web.hub import Hub
from hub.web.metrics import Lag
from hub.web.phones import Phones
from hub.web.runners import Runners
from hub.web.security import Role, Security
from hub.web.tables import TableKeeper
from hub.web.twins import Twins
from hub.web.uploads import Uploads

HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)
SECURITY: web.AppKey[Security] = web.AppKey("security", Security)
RUNNERS: web.AppKey[Runners] = web.AppKey("runners", Runners)
TWINS: web.AppKey[Twins] = web.AppKey("twins", Twins)
TABLES: web.AppKey[TableKeeper] = web.AppKey("tables", TableKeeper)
PHONES: web.AppKey[Phones] = web.AppKey("phones", Phones)
STATIC: web.AppKey[Static] = web.AppKey("static", Static)
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets", set)
"""Open WebSockets, to be closed at the end."""
LEAVING: web.AppKey[asyncio.Event] = web.AppKey("leaving", asyncio.Event)
"""Set when the hub stops: whoever waits answers with what is known."""
UPLOADS: web.AppKey[Uploads] = web.AppKey("uploads", Uploads)
LAG: web.AppKey[Lag] = web.AppKey("lag", Lag)
"""How late the event loop comes."""
READING: web.AppKey[asyncio.Semaphore] = web.AppKey("reading", asyncio.Semaphore)
"""Who reads the past, `READERS` at a time."""
DOCUMENT: web.AppKey[Callable[[], bytes]] = web.AppKey("document")
"""Makes openapi.json once, when it is first asked for; blocks then."""
SOCKET_DOCUMENT: web.AppKey[Callable[[], bytes]] = web.AppKey("socket_document")
"""Makes asyncapi.json so."""
ROLE: web.RequestKey[Role] = web.RequestKey("role", Role)
"""Who asks."""
