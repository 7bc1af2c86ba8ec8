"""Every address of the hub: who may use it, what answers. One table; what is not in it is closed."""

import re

from aiohttp import web
from msgspec.structs import replace

from hub.provisioning import AccountWish
from hub.web import built, keys
from hub.web.api import (
    accounts,
    actions,
    alarms,
    authority,
    devices,
    doctor,
    documents,
    drivers,
    health,
    history,
    imports,
    ingest,
    live,
    login,
    money,
    notes,
    phones,
    plan,
    reports,
    roles,
    scenario,
    sessions,
    setup,
    siren,
    tables,
    uploads,
    votes,
    wall,
)
from hub.web.api.alarms import Acknowledgement
from hub.web.api.money import HypothesisWish as Hypothesis
from hub.web.keys import STATIC
from hub.web.route import Route
from hub.web.security import Role
from hub.workshop.note import NoteWish
from hub.workshop.people import Joining
from hub.workshop.plan import PlaceWish
from hub.workshop.session import Room, Wish
from hub.workshop.vote import Question
from hub.workshop.wall import WallWish

BASE = "/api/v1"


async def page(request: web.Request) -> web.StreamResponse:
    """Give the page; what it shows at this address is its own business."""
    return request.app[STATIC].page(request)


async def room(request: web.Request) -> web.StreamResponse:
    """Give the page of the room, with the story that is told already in it."""
    static, role = request.app[STATIC], login.role_name(request[keys.ROLE])
    return static.opening.answer(request.app[keys.HUB], request, role) or static.page(request)


async def file(request: web.Request) -> web.StreamResponse:
    """Give a file of the built page."""
    return request.app[STATIC].file(request.path)


VIEWER, PARTICIPANT, INTEGRATOR = Role.VIEWER, Role.PARTICIPANT, Role.INTEGRATOR
FACILITATOR, HUB = Role.FACILITATOR, Role.HUB

RANGE = ("device", "channel", "start", "stop", "run", "session")
CHOSEN = ("usecase", "state", "priority", "rule", "device", "run", "table", "start", "stop", "search")
NOTES = ("run", "start", "stop", "session", "format", "dialect")
PAGED = ("limit", "cursor", "format", "dialect")
AT_TABLE = "/tables/{table}"
ALARMS = (*CHOSEN, "limit", "cursor", "format", "dialect", "session")

API = (
    Route("GET", "/devices", VIEWER, devices.devices, ("table",)),
    Route("GET", "/devices/{id}", VIEWER, devices.device),
    Route("PATCH", "/devices/{id}", FACILITATOR, actions.change, body=actions.DeviceChange),
    Route("DELETE", "/devices/{id}", FACILITATOR, actions.forget),
    Route("POST", "/devices/{id}/merge", FACILITATOR, actions.merge, body=actions.Merge),
    Route("POST", "/devices/{id}/unmerge", FACILITATOR, actions.unmerge),
    Route("GET", "/devices/{id}/commands", FACILITATOR, actions.commands, ("limit",)),
    Route("POST", "/devices/{id}/commands", FACILITATOR, actions.command, body=actions.CommandWish),
    Route("GET", "/devices/{id}/roles", FACILITATOR, roles.roles_for),
    Route("PUT", "/devices/{id}/period", FACILITATOR, actions.pace, body=actions.PaceWish),
    Route("DELETE", "/devices/{id}/period", FACILITATOR, actions.unpace),
    Route("GET", "/actions", FACILITATOR, actions.actions, ("limit", "cursor")),
    Route("POST", "/actions/{number}/undo", FACILITATOR, actions.undo),
    Route("GET", "/ignored", FACILITATOR, actions.ignored),
    Route("PUT", "/ignored", FACILITATOR, actions.ignore, body=actions.Filters),
    Route("GET", "/readings", VIEWER, history.readings, (*RANGE, *PAGED, "aggregate", "every")),
    Route("GET", "/series", VIEWER, history.series, (*RANGE, "width", "usecase", "measure", "format", "dialect")),
    Route("POST", "/runs/{run}/messages", HUB, imports.messages),
    Route("POST", "/imports", FACILITATOR, uploads.receive, ("name",)),
    Route("GET", "/imports/{id}", FACILITATOR, uploads.state),
    Route("DELETE", "/imports/{id}", FACILITATOR, uploads.drop),
    Route("POST", "/imports/{id}/preview", FACILITATOR, uploads.preview, body=uploads.ImportWish),
    Route("POST", "/imports/{id}/start", FACILITATOR, uploads.start, body=uploads.ImportWish),
    Route("POST", "/imports/{id}/cancel", FACILITATOR, uploads.cancel),
    Route("POST", "/ingest/{source}", INTEGRATOR, ingest.take, ("token",), may_be_empty=True),
    Route("GET", "/runs", VIEWER, scenario.runs),
    Route("GET", "/runs/{run}/control", HUB, scenario.control, ("table",)),
    Route("GET", "/messages", FACILITATOR, devices.messages, ("limit", "cursor", "understood")),
    Route("GET", "/messages/groups", FACILITATOR, devices.not_understood, ("limit", "search")),
    Route("GET", "/messages/{position}/capture", FACILITATOR, devices.capture, ("scrub",)),
    Route("GET", "/alarms", VIEWER, alarms.alarms, ALARMS),
    Route("GET", "/alarms/{id}", VIEWER, alarms.alarm),
    Route("GET", "/alarms/{id}/why", VIEWER, alarms.why),
    Route("POST", "/alarms/{id}/acknowledge", FACILITATOR, alarms.acknowledge, body=Acknowledgement, may_be_empty=True),
    Route("POST", "/alarms/{id}/shelve", FACILITATOR, alarms.shelve, body=alarms.Shelf),
    Route("POST", "/alarms/{id}/unshelve", FACILITATOR, alarms.unshelve),
    Route("POST", "/siren/test", FACILITATOR, siren.test),
    Route("GET", "/screens", FACILITATOR, siren.screens),
    Route("PATCH", "/screens", FACILITATOR, wall.change, body=WallWish),
    Route("GET", "/drivers", FACILITATOR, drivers.drivers),
    Route("POST", "/drivers/{name}/enable", FACILITATOR, drivers.enable),
    Route("POST", "/drivers/{name}/disable", FACILITATOR, drivers.disable),
    Route("GET", "/sessions", FACILITATOR, sessions.sessions),
    Route("POST", "/sessions", FACILITATOR, sessions.start, body=Wish),
    Route("GET", "/sessions/{id}", FACILITATOR, sessions.session),
    Route("DELETE", "/sessions/{id}", FACILITATOR, sessions.purge),
    Route("GET", "/sessions/{id}/report", FACILITATOR, reports.report, ("format", "lang", "table", "participant")),
    Route("POST", "/sessions/{id}/pause", FACILITATOR, sessions.pause),
    Route("POST", "/sessions/{id}/resume", FACILITATOR, sessions.resume),
    Route("POST", "/sessions/{id}/archive", FACILITATOR, sessions.archive),
    Route("POST", "/sessions/{id}/reset", FACILITATOR, sessions.reset, body=Wish, may_be_empty=True),
    Route("GET", "/notes", VIEWER, notes.notes, (*NOTES, "limit", "cursor")),
    Route("POST", "/notes", FACILITATOR, notes.add, body=NoteWish),
    Route("DELETE", "/notes/{id}", FACILITATOR, notes.remove),
    Route("GET", "/plan", VIEWER, plan.plan),
    Route("PUT", "/plan/places/{id}", FACILITATOR, plan.hang, body=PlaceWish),
    Route("DELETE", "/plan/places/{id}", FACILITATOR, plan.take_off),
    Route("GET", "/plan/picture", VIEWER, plan.picture, ("id",)),
    Route("PUT", "/plan/picture", FACILITATOR, plan.show, ("title",)),
    Route("DELETE", "/plan/picture", FACILITATOR, plan.draw),
    Route("PATCH", "/sessions/{id}", FACILITATOR, phones.furnish, body=Room),
    Route("GET", "/joining", VIEWER, phones.joining),
    Route("GET", "/me", VIEWER, phones.me),
    Route("POST", "/me", VIEWER, phones.join, body=Joining),
    Route("DELETE", "/me", VIEWER, phones.leave),
    Route("GET", "/me/report", VIEWER, reports.own, ("format", "lang", "show")),
    Route("DELETE", "/participants/{id}", FACILITATOR, phones.remove),
    Route("GET", "/votes", VIEWER, votes.shown),
    Route("POST", "/votes", FACILITATOR, votes.ask, body=Question),
    Route("POST", "/votes/{id}/answer", VIEWER, votes.take, body=votes.Answer),
    Route("POST", "/votes/{id}/close", FACILITATOR, votes.close),
    Route("POST", "/votes/{id}/put-away", FACILITATOR, votes.put_away),
    Route("POST", "/replay", FACILITATOR, sessions.play, body=sessions.Again, may_be_empty=True),
    Route("DELETE", "/replay", FACILITATOR, sessions.stop),
    Route("GET", "/setup", FACILITATOR, setup.setup),
    Route("GET", "/accounts", FACILITATOR, accounts.accounts),
    Route("POST", "/accounts", FACILITATOR, accounts.give, body=AccountWish),
    Route("DELETE", "/accounts/{name}", FACILITATOR, accounts.revoke),
    Route("GET", "/doctor", FACILITATOR, doctor.findings, ("lang",)),
    Route("GET", "/usecases", VIEWER, devices.usecases, ("table",)),
    Route("GET", "/usecases/{name}", VIEWER, devices.usecase, ("table",)),
    Route("PATCH", "/usecases/{name}", FACILITATOR, roles.turn, body=roles.Turn),
    Route("GET", "/usecases/{name}/candidates", FACILITATOR, roles.candidates),
    Route("PUT", "/usecases/{name}/roles/{role}", FACILITATOR, roles.take, body=roles.RoleWish),
    Route("DELETE", "/usecases/{name}/roles/{role}", FACILITATOR, roles.give_back),
    Route("GET", "/usecases/{name}/money", VIEWER, money.money, ("run", "start", "stop", "session", "table")),
    Route("PUT", "/usecases/{name}/hypotheses/{id}", FACILITATOR, money.hypothesis, body=Hypothesis),
    Route("PUT", "/usecases/{name}/materials/{place}", FACILITATOR, money.material, body=money.PriceWish),
    Route("GET", "/scenario", VIEWER, scenario.scenario),
    Route("PUT", "/scenario", FACILITATOR, scenario.change, body=scenario.Change),
    Route("PUT", "/scenario/speed", FACILITATOR, scenario.speed, body=scenario.Speed),
    Route("PUT", "/scenario/faults/{name}", FACILITATOR, scenario.fault, body=scenario.FaultWish),
    Route("GET", "/scenarios/{run}", VIEWER, scenario.scenario),
    Route("PUT", "/scenarios/{run}/speed", FACILITATOR, scenario.speed, body=scenario.Speed),
    Route("PUT", "/scenarios/{run}/faults/{name}", FACILITATOR, scenario.fault, body=scenario.FaultWish),
    Route("GET", "/tables", VIEWER, tables.tables),
    Route("PUT", "/tables", FACILITATOR, tables.want, body=tables.TablesWish),
    Route("GET", f"{AT_TABLE}/scenario", VIEWER, tables.scenario),
    Route("PUT", f"{AT_TABLE}/faults/{{name}}", PARTICIPANT, tables.fault, body=scenario.FaultWish),
    Route("PUT", f"{AT_TABLE}/usecases/{{name}}/hypotheses/{{id}}", PARTICIPANT, tables.hypothesis, body=Hypothesis),
    Route(
        "POST",
        f"{AT_TABLE}/alarms/{{id}}/acknowledge",
        PARTICIPANT,
        tables.acknowledge,
        body=Acknowledgement,
        may_be_empty=True,
    ),
    Route("GET", "/login", VIEWER, login.who),
    Route("POST", "/login", VIEWER, login.log_in, body=login.Login),
    Route("POST", "/logout", VIEWER, login.log_out),
    Route("POST", "/login/codes", HUB, login.code),
    Route("PUT", "/login/pin", HUB, login.renew),
    Route("GET", "/openapi.json", VIEWER, documents.document),
    Route("GET", "/asyncapi.json", VIEWER, documents.sockets),
    Route("GET", "/docs", VIEWER, documents.page),
    Route("GET", "/docs/{name}", VIEWER, documents.file),
)
ROOT = (
    Route("GET", "/live", VIEWER, live.live, None),
    Route("GET", "/phone", VIEWER, phones.phone, None),
    Route("GET", "/authority.crt", VIEWER, authority.certificate, None),
    Route("GET", "/authority.mobileconfig", VIEWER, authority.profile, None),
    Route("GET", "/health", VIEWER, health.health, None),
    Route("GET", "/metrics", VIEWER, health.metrics, None),
    *(Route("GET", path, VIEWER, room if path == "/" else page, None) for path in built.PAGES),
    Route("GET", "/{file:.+}", VIEWER, file, None),
)
ROUTES = (*(replace(each, path=BASE + each.path) for each in API), *ROOT)


def rule_of(request: web.Request) -> tuple[Role, tuple[str, ...] | None]:
    """Return the role an address needs and the parameters it reads.

    One that nobody listed is closed to all but the hub's own secret; one that does not exist is answered as such to
    anybody.
    """
    resource = request.match_info.route.resource
    if resource is None:
        return Role.VIEWER, None
    method = "GET" if request.method == "HEAD" else request.method
    route = _LISTED.get((method, resource.canonical))
    return (Role.HUB, None) if route is None else (route.role, route.query)


def methods_at(path: str) -> set[str]:
    """Return the methods that a (raw) path of the API takes; none: there is nothing."""
    found = {method for method, pattern in _PATHS if pattern.fullmatch(path)}
    return found | {"HEAD"} if "GET" in found else found


_PATHS = [(each.method, re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(BASE + each.path)))) for each in API]
_LISTED = {(route.method, route.path.replace("{file:.+}", "{file}")): route for route in ROUTES}
