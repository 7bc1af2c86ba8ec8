"""`/api/v1/openapi.json`: the API as it is, made from the table of addresses."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hub import __version__
from hub.web.problems import CONTENT_TYPE
from hub.web.route import Route
from hub.web.security import Role

SCHEMA = "#/components/schemas/{name}"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
TEXT: Mapping[str, Any] = {"type": "string"}
MOMENT: Mapping[str, Any] = {
    "type": "string",
    "description": "RFC 3339 with an offset, `now`, or a span before the now of the run asked for: -24h, -15m, -7d.",
}
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "device": {"type": "string", "description": "id, or any of its other names"},
    "channel": TEXT,
    "start": MOMENT,
    "stop": MOMENT,
    "run": {"type": "string", "description": "`real` or a run; without it, the run the device is on now"},
    "session": {"type": "string", "description": "only what belongs to this workshop session; the facilitator's"},
    "limit": {"type": "integer", "minimum": 1},
    "cursor": {"type": "string", "description": "`next` of the answer before"},
    "aggregate": {"enum": ["count", "mean", "min", "max", "last"]},
    "every": {"type": "string", "pattern": r"^\\d+(\\.\\d+)?(ms|s|m|min|h|d|w)$"},
    "width": {"type": "integer", "minimum": 2, "maximum": 4000},
    "understood": {"type": "boolean"},
    "scrub": {"type": "boolean", "description": "replace addresses and names, the same one by the same"},
    "name": {"type": "string", "description": "what the file is called"},
    "search": {"type": "string", "description": "words that must all stand in it, in any language"},
    "usecase": {
        "type": "string",
        "description": "with `measure`: its curve, computed where no channel gives it",
    },
    "measure": {"type": "string", "description": "of that use case, in the unit it is shown in"},
    "rule": TEXT,
    "state": {"type": "string", "description": "unacknowledged, acknowledged, returned, normal, shelved: some of them"},
    "priority": {"type": "string", "description": "critical, high, medium, low: some of them, separated by commas"},
    "format": {"enum": ["json", "csv", "html", "pdf"], "description": "`csv`: as Accept: text/csv; `pdf`: of a report"},
    "table": {"type": "integer", "description": "only for those who sit at it"},
    "participant": {"type": "string", "description": "only for this one, by id"},
    "lang": {"enum": ["fr", "en"], "description": "of a report; else as Accept-Language"},
    "dialect": {"enum": ["plain", "fr"], "description": "of CSV: `fr` opens in a French spreadsheet"},
    "id": {"type": "string", "description": "of the picture, as the plan says it; then browsers may keep it"},
    "title": {"type": "string", "description": "what the picture shows"},
    "token": {"type": "string", "description": "for callers that cannot set the header Authorization: Bearer"},
}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "remedy"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "remedy": TEXT,
        "instance": TEXT,
        "lines": {"type": "array", "items": {"type": "object"}},
    },
}
SECURITY: Mapping[Role, list[dict[str, list[str]]]] = {
    Role.VIEWER: [],
    Role.PARTICIPANT: [{"session": []}],
    Role.INTEGRATOR: [{"integrator": []}, {"session": []}, {"hub": []}],
    Role.FACILITATOR: [{"session": []}, {"hub": []}],
    Role.HUB: [{"hub": []}],
}


def document(routes: Iterable[Route]) -> bytes:
    """Return the description, OpenAPI 3.1; pages and files are no part of it."""
    described = [route for route in routes if route.path.startswith("/api/") or route.path in {"/health", "/metrics"}]
    bodies = [route.body for route in described if route.body is not None]
    _, schemas = msgspec.json.schema_components(bodies, ref_template=SCHEMA)
    paths: dict[str, dict[str, Any]] = {}
    for route in described:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Matinales Hub", "version": __version__, "license": {"name": "Apache-2.0"}},
            "paths": paths,
            "components": {
                "schemas": {**schemas, "Problem": PROBLEM},
                "securitySchemes": {
                    "session": {"type": "apiKey", "in": "cookie", "name": "matinales"},
                    "integrator": {"type": "http", "scheme": "bearer", "description": "of `matinales tokens new`"},
                    "hub": {"type": "http", "scheme": "bearer", "description": "the secret of run.json"},
                },
            },
        }
    )


def _operation(route: Route) -> dict[str, Any]:
    names = PLACEHOLDER.findall(route.path)
    operation: dict[str, Any] = {
        "summary": (route.handler.__doc__ or "").partition("\n")[0],
        "security": SECURITY[route.role],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": TEXT} for name in names),
            *({"name": name, "in": "query", "schema": PARAMETERS[name]} for name in route.query or ()),
        ],
        "responses": {
            "2XX": {"description": "as asked"},
            "default": {
                "description": "what went wrong, and the remedy",
                "content": {CONTENT_TYPE: {"schema": {"$ref": SCHEMA.format(name="Problem")}}},
            },
        },
    }
    if route.body is not None:
        schema = {"$ref": SCHEMA.format(name=route.body.__name__)}
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation
