"""Every address of the hub: who may use it, what answers. One table; what is not in it is closed."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct

from hub.web import static
from hub.web.api import devices, health, history, imports, live, login, openapi, scenario
from hub.web.keys import STATIC
from hub.web.security import Role

BASE = "/api/v1"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Route(Struct, frozen=True):
    """An address, the role it needs, and what answers. `path` as aiohttp writes it."""

    method: str
    path: str
    role: Role
    handler: Handler


async def page(request: web.Request) -> web.StreamResponse:
    """Give the page; what it shows at this address is its own business."""
    return request.app[STATIC].page(request)


async def file(request: web.Request) -> web.StreamResponse:
    """Give a file of the built page."""
    return request.app[STATIC].file(request.path)


VIEWER, FACILITATOR, HUB = Role.VIEWER, Role.FACILITATOR, Role.HUB

API = (
    Route("GET", "/devices", VIEWER, devices.devices),
    Route("GET", "/devices/{id}", VIEWER, devices.device),
    Route("POST", "/devices/{id}/commands", FACILITATOR, devices.command),
    Route("GET", "/readings", VIEWER, history.readings),
    Route("GET", "/series", VIEWER, history.series),
    Route("POST", "/runs/{run}/messages", HUB, imports.messages),
    Route("GET", "/runs/{run}/control", HUB, scenario.control),
    Route("GET", "/messages", FACILITATOR, devices.messages),
    Route("GET", "/alarms", VIEWER, devices.alarms),
    Route("POST", "/alarms/{id}/acknowledge", FACILITATOR, devices.acknowledge),
    Route("GET", "/usecases", VIEWER, devices.usecases),
    Route("GET", "/usecases/{name}", VIEWER, devices.usecase),
    Route("GET", "/scenario", VIEWER, scenario.scenario),
    Route("PUT", "/scenario", FACILITATOR, scenario.change),
    Route("PUT", "/scenario/speed", FACILITATOR, scenario.speed),
    Route("PUT", "/scenario/faults/{name}", FACILITATOR, scenario.fault),
    Route("GET", "/scenarios/{run}", VIEWER, scenario.scenario),
    Route("PUT", "/scenarios/{run}/speed", FACILITATOR, scenario.speed),
    Route("PUT", "/scenarios/{run}/faults/{name}", FACILITATOR, scenario.fault),
    Route("GET", "/login", VIEWER, login.who),
    Route("POST", "/login", VIEWER, login.log_in),
    Route("POST", "/logout", VIEWER, login.log_out),
    Route("POST", "/login/codes", HUB, login.code),
    Route("GET", "/openapi.json", VIEWER, openapi.document),
)
ROOT = (
    Route("GET", "/live", VIEWER, live.live),
    Route("GET", "/health", VIEWER, health.health),
    Route("GET", "/metrics", VIEWER, health.metrics),
    *(Route("GET", path, VIEWER, page) for path in static.PAGES),
    Route("GET", "/{file:.+}", VIEWER, file),
)
ROUTES = (*(Route(each.method, BASE + each.path, each.role, each.handler) for each in API), *ROOT)


def role_of(request: web.Request) -> Role:
    """Return the role an address needs; one that nobody listed is closed to all but the hub's own secret.

    An address that does not exist is answered as such to anybody.
    """
    resource = request.match_info.route.resource
    if resource is None:
        return Role.VIEWER
    method = "GET" if request.method == "HEAD" else request.method
    return _ROLES.get((method, resource.canonical), Role.HUB)


_ROLES = {(route.method, route.path if "{file" not in route.path else "/{file}"): route.role for route in ROUTES}
