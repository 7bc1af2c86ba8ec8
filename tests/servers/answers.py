"""Holds each answer of a server to what `openapi.json` says of its address: status, media type, shape, headers."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from aiohttp import web

from hub.live import Mailbox
from hub.web import asyncapi, openapi
from hub.web.routes import ROUTES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Json = dict[str, Any]


@cache
def described() -> Json:
    """Return the description, as it is served."""
    found: Json = msgspec.json.decode(openapi.document(ROUTES))
    return found


def _closed(schema: Any) -> Any:  # noqa: ANN401 — JSON
    """Return a schema in which objects have no members but those that it names: a slip of the pen is found."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    inner = {key: _closed(each) for key, each in schema.items()}
    if schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema:
        inner["additionalProperties"] = False
    return inner


OPEN = {"Problem", "Acted", "Part"}
"""What may say more than its schema names."""


@cache
def _components() -> Json:
    schemas = described()["components"]["schemas"]
    return {name: each if name in OPEN else _closed(each) for name, each in schemas.items()}


@cache
def _validator(schema: bytes) -> Any:  # noqa: ANN401 — of jsonschema_rs
    whole = {"$schema": DIALECT, "components": {"schemas": _components()}, **msgspec.json.decode(schema)}
    return jsonschema_rs.validator_for(whole)


def faults_of(method: str, path: str, status: int, kind: str, body: bytes) -> list[str]:
    """Return what an answer has that the description does not know.

    Args:
        method: of the request.
        path: of the request, as the table of addresses writes it.
        status: of the answer.
        kind: its media type.
        body: of the answer.
    """
    operation = described()["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return []
    where = f"{method} {path} {status}"
    said = operation["responses"].get(str(status))
    if said is None:
        return [f"{where}: this status is not described"]
    content = said.get("content", {})
    if kind not in content:
        return [] if not body and not content else [f"{where}: {kind} is not described"]
    if not kind.endswith("json"):
        return []
    found = _validator(msgspec.json.encode(content[kind]["schema"])).iter_errors(msgspec.json.decode(body))
    return [f"{where}: {'/'.join(map(str, each.instance_path))}: {each.message}" for each in found]


@cache
def sockets() -> Json:
    """Return the description of `/live`, as it is served."""
    found: Json = msgspec.json.decode(asyncapi.document())
    return found


@cache
def _frame(kind: str) -> Any:  # noqa: ANN401 — of jsonschema_rs
    schemas = {
        name: each if name in OPEN else _closed(each) for name, each in sockets()["components"]["schemas"].items()
    }
    payload = sockets()["components"]["messages"][kind]["payload"]
    return jsonschema_rs.validator_for({"$schema": DIALECT, "components": {"schemas": schemas}, **payload})


def faults_of_frame(frame: bytes) -> list[str]:
    """Return what a frame has that the description of `/live` does not know."""
    said = msgspec.json.decode(frame)
    where, found = f"/live {said['type']}", _frame(said["type"]).iter_errors(said)
    return [f"{where}: {'/'.join(map(str, each.instance_path))}: {each.message}" for each in found]


class Net:
    """Collects the faults of all answers of a server."""

    def __init__(self) -> None:
        """Start without any."""
        self.faults: list[str] = []

    def spread(self, app: web.Application) -> None:
        """Look at each answer of an application."""
        app.on_response_prepare.append(self._look)

    def spread_live(self, patch: pytest.MonkeyPatch) -> None:
        """Look at each frame that goes to a viewer."""
        take = Mailbox.take_now

        def looked(mailbox: Mailbox) -> bytes:
            frame = take(mailbox)
            self.faults += faults_of_frame(frame)
            return frame

        patch.setattr(Mailbox, "take_now", looked)

    async def _look(self, request: web.Request, response: web.StreamResponse) -> None:
        resource = request.match_info.route.resource
        if resource is not None and isinstance(response, web.Response) and request.method != "HEAD":
            given = response.body or b""
            body = bytes(given) if isinstance(given, bytes | bytearray) else b"..."
            kind = response.content_type
            self.faults += faults_of(request.method, resource.canonical, response.status, kind, body)
