"""`/api/v1/openapi.json`: the API as it is, made from the table of addresses and from the types of its answers."""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from hub import __version__
from hub.web.gives import JSON, Given, given
from hub.web.parameters import COLUMNS, PATHS, QUERY
from hub.web.problems import CONTENT_TYPE, KNOWN
from hub.web.route import Route
from hub.web.security import Role

SCHEMA = "#/components/schemas/{name}"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
BASE = "/api/v1"
Json = dict[str, Any]
TEXT: Mapping[str, Any] = {"type": "string"}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "remedy"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "remedy": TEXT,
        "instance": TEXT,
        "lines": {"type": "array", "items": {"type": "object"}},
        "code": TEXT,
        "params": {"type": "object"},
        "text": {"type": "object", "additionalProperties": TEXT},
    },
}
SECURITY: Mapping[Role, list[dict[str, list[str]]]] = {
    Role.VIEWER: [],
    Role.PARTICIPANT: [{"phone": []}, {"session": []}, {"hub": []}],
    Role.INTEGRATOR: [{"integrator": []}, {"session": []}, {"hub": []}],
    Role.FACILITATOR: [{"session": []}, {"hub": []}],
    Role.HUB: [{"hub": []}],
}
SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": "matinales", "description": "of `POST /login`"},
    "phone": {"type": "apiKey", "in": "cookie", "name": "matinales-phone", "description": "of `POST /me`"},
    "integrator": {"type": "http", "scheme": "bearer", "description": "of `matinales tokens new`"},
    "hub": {"type": "http", "scheme": "bearer", "description": "the secret of run.json"},
}
TAGS: Mapping[str, tuple[str, str]] = {
    "devices": ("Devices", "Appareils"),
    "actions": ("What people do to devices, and undo", "Agir sur les appareils, et annuler"),
    "history": ("Readings and curves", "Mesures et courbes"),
    "alarms": ("Alarms (IEC 62682)", "Alarmes (CEI 62682)"),
    "scenario": ("Stories and their simulation", "Histoires et leur simulation"),
    "tables": ("Tables that play by themselves", "Tables qui jouent seules"),
    "roles": ("Real devices in the roles of a story", "Appareils réels dans les rôles d’une histoire"),
    "money": ("Worth and cost", "Gains et coûts"),
    "sessions": ("Workshop sessions", "Séances"),
    "reports": ("Reports", "Comptes rendus"),
    "phones": ("Taking part with a phone", "Participer avec un téléphone"),
    "votes": ("Questions to the room", "Questions à la salle"),
    "notes": ("Notes on the time-line", "Notes sur la ligne de temps"),
    "plan": ("Floor plan", "Plan"),
    "wall": ("What holds for every screen", "Ce qui vaut pour tous les écrans"),
    "siren": ("Sound", "Son"),
    "setup": ("Connecting a device", "Brancher un appareil"),
    "accounts": ("Accounts of devices and programs", "Comptes d’appareils et de programmes"),
    "drivers": ("Drivers of other packages", "Pilotes d’autres paquets"),
    "ingest": ("Webhooks", "Webhooks"),
    "imports": ("Old measures", "Anciennes mesures"),
    "uploads": ("Sending a CSV file", "Envoyer un fichier CSV"),
    "login": ("Signing in", "S’identifier"),
    "health": ("Health and figures", "Santé et chiffres"),
    "doctor": ("This machine", "Cette machine"),
    "documents": ("This description", "Cette description"),
}
"""What a module of hub/web/api is about, in English and in French: names of topics, as people read them."""
ANYWHERE = (400, 403, 429, 500, 503)
"""What can go wrong with any request: a parameter nobody reads, a role too small, too many, a fault of the hub."""
WITH_BODY = (408, 413, 415)
KEY_PATTERN = r'^("[ !#-\[\]-~]{1,255}"|[!#-+\--~]{1,255})$'
TAG = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETag of the answer before: 304 where nothing has changed.",
    "schema": TEXT,
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body again: the first answer again, and no second effect; for a day.",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
    "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
}


def document(routes: Iterable[Route]) -> bytes:
    """Return the description, OpenAPI 3.1; pages, files and WebSockets are no part of it."""
    described = [route for route in routes if _is_described(route)]
    schemas = _Schemas(described)
    paths: Json = {}
    for route in described:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    used = {tag for each in paths.values() for operation in each.values() for tag in operation["tags"]}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Matinales Hub",
                "version": __version__,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
                "description": "Times are RFC 3339 in UTC. What goes wrong is told by RFC 9457 with a remedy, "
                "in French or English by Accept-Language. `/live` is described by /api/v1/asyncapi.json.",
            },
            "servers": [{"url": "/"}],
            "tags": [_topic(name) for name in TAGS if name in used],
            "paths": paths,
            "components": {"schemas": {**schemas.all, "Problem": PROBLEM}, "securitySchemes": SCHEMES},
        }
    )


def _is_described(route: Route) -> bool:
    said = given(route.handler)
    is_socket = said is not None and said.socket
    return not is_socket and (route.path.startswith("/api/v1/") or route.path in {"/health", "/metrics"})


class _Schemas:
    """The schemas of all types that routes take and give."""

    def __init__(self, routes: Iterable[Route]) -> None:
        kinds = [kind for route in routes for kind in _kinds(route)]
        found, self.all = msgspec.json.schema_components(kinds, ref_template=SCHEMA)
        self._found = {id(kind): schema for kind, schema in zip(kinds, found, strict=True)}

    def of(self, kind: Any) -> Json:  # noqa: ANN401 — any type
        if isinstance(kind, tuple):
            return {"anyOf": [self.of(each) for each in kind]}
        return self._found[id(kind)]


def _kinds(route: Route) -> Iterator[Any]:
    said = given(route.handler)
    if route.body is not None:
        yield route.body
    if said is not None:
        for kind in (said.kind, *said.also.values()):
            yield from kind if isinstance(kind, tuple) else () if kind is None else (kind,)


def _operation(route: Route, schemas: _Schemas) -> Json:
    said = given(route.handler) or Given()
    names = PLACEHOLDER.findall(route.path)
    told, _, more = (route.handler.__doc__ or "").partition("\n")
    operation: Json = {
        "operationId": _named(route),
        "tags": [_tag(route)],
        "summary": told,
        "security": SECURITY[route.role],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": PATHS.get(name, TEXT)} for name in names),
            *(_parameter(name, said) for name in route.query or ()),
            *([KEY] if said.once else []),
            *([TAG] if said.tagged else []),
        ],
        "responses": {**_answers(said, schemas), **_problems(route, said)},
    }
    if more.strip():
        operation["description"] = " ".join(more.split())
    if route.body is not None:
        content = {JSON: {"schema": schemas.of(route.body)}}
        operation["requestBody"] = {"content": content, "required": not route.may_be_empty}
    elif said.body:
        content = {media: {"schema": {}} for media in said.body}
        operation["requestBody"] = {"content": content, "required": not route.may_be_empty}
    return operation


def _named(route: Route) -> str:
    words = re.findall(r"\w+", route.path.removeprefix(BASE))
    return "_".join([route.method.lower(), *words])


def _topic(name: str) -> Json:
    """Return a tag; `x-title`: what the page calls it, by language."""
    en, fr = TAGS[name]
    return {"name": name, "description": en, "x-title": {"en": en, "fr": fr}}


def _tag(route: Route) -> str:
    module = route.handler.__module__.rpartition(".")[2]
    return module if module in TAGS else "documents"


def _parameter(name: str, said: Given) -> Json:
    schema = dict(said.narrowed.get(name) or QUERY.get(name, TEXT))
    described = schema.pop("description", None)
    return {"name": name, "in": "query", "schema": schema} | ({"description": described} if described else {})


def _answers(said: Given, schemas: _Schemas) -> Json:
    content: Json = {} if said.kind is None else {JSON: {"schema": schemas.of(said.kind)}}
    content |= {media: {"schema": COLUMNS.get(media, {})} for media in said.media}
    tag = {"ETag": "changes with the answer"} if said.tagged else {}
    headers = {name: {"description": what, "schema": TEXT} for name, what in {**said.headers, **tag}.items()}
    found: Json = {str(said.status): {"description": HTTPStatus(said.status).phrase, "headers": headers}}
    if content:
        found[str(said.status)]["content"] = content
    if not headers:
        del found[str(said.status)]["headers"]
    if said.tagged:
        found[str(int(HTTPStatus.NOT_MODIFIED))] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    for status, kind in said.also.items():
        found[str(status)] = {"description": HTTPStatus(status).phrase}
        if kind is not None:
            found[str(status)]["content"] = {JSON: {"schema": schemas.of(kind)}}
    return found


def _problems(route: Route, said: Given) -> Json:
    """Return the statuses of what can go wrong here; what is an answer of its own there is told with it."""
    statuses = {*ANYWHERE, *(KNOWN[name].status for name in said.problems)}
    if "{" in route.path or route.query:
        statuses.add(HTTPStatus.NOT_FOUND)
    if route.body is not None or said.body:
        statuses.update(WITH_BODY)
    if route.method != "GET":
        statuses.add(HTTPStatus.CONFLICT)
    if said.once:
        statuses.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    if route.method == "GET":
        statuses.add(HTTPStatus.NOT_ACCEPTABLE)
    content = {CONTENT_TYPE: {"schema": {"$ref": SCHEMA.format(name="Problem")}}}
    return {
        str(int(status)): _problem(int(status), content)
        for status in sorted(statuses)
        if status not in said.also and status != said.status
    }


def _problem(status: int, content: Json) -> Json:
    found: Json = {"description": HTTPStatus(status).phrase, "content": content}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        found["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return found
