"""`/api/v1/asyncapi.json`: what goes over `/live`, AsyncAPI 3.0, made from the types that read and describe it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from hub import __version__
from hub.live import DEFAULT_RATE, FULL_EVERY, RATES
from hub.web.api.live import BREATH_S, PATIENCE_S, Rate, Sound, Wish
from hub.web.parameters import TABLE
from hub.web.shapes.live import DeltaFrame, FullFrame

SCHEMA = "#/components/schemas/{name}"
SAID: Mapping[str, tuple[type, str]] = {
    "full": (FullFrame, "The whole state"),
    "delta": (DeltaFrame, "What changed"),
}
HEARD: Mapping[str, tuple[type, str]] = {
    "askFull": (Wish, "Send everything"),
    "rate": (Rate, "At most so many frames a second; 0 while nobody looks"),
    "sound": (Sound, "Whether this screen's siren would be heard"),
}
HOW = f"""
The first frame is `full`; then `delta` frames tell what changed, at most {DEFAULT_RATE} a second unless told otherwise.
`seq` counts the frames of one rate: where a delta's is not the one before plus one, something was skipped, and a client
sends `{{"type": "full"}}` and leaves out deltas until the full frame. A full frame comes every {FULL_EVERY:g} s without
asking, and in place of what a slow reader did not take; it may repeat the `seq` of the delta before it. Who reads
nothing for {PATIENCE_S:g} s is let go with 1013: connect again. What the hub does not understand ends the connection
with 1008. Rates are rounded down to one of {", ".join(map(str, RATES))} frames a second; one message is read every
{BREATH_S:g} s. With `?table=3` the state is that of this table. A connection is a viewer's; `Origin`, where it is sent,
must be the hub's own.
""".strip()


def document() -> bytes:
    """Return the description."""
    known = {**SAID, **HEARD}
    kinds = [kind for kind, _ in known.values()]
    found, schemas = msgspec.json.schema_components(kinds, ref_template=SCHEMA)
    messages = {
        name: {"name": name, "title": title, "contentType": "application/json", "payload": schema}
        for (name, (_, title)), schema in zip(known.items(), found, strict=True)
    }
    return msgspec.json.encode(
        {
            "asyncapi": "3.0.0",
            "info": {
                "title": "Matinales Hub, live",
                "version": __version__,
                "license": {"name": "Apache-2.0"},
                "description": " ".join(HOW.split()),
            },
            "defaultContentType": "application/json",
            "servers": {
                "hub": {
                    "host": "{host}",
                    "protocol": "ws",
                    "description": "wss where the page is served by HTTPS",
                    "variables": {
                        "host": {"default": "localhost:8080", "description": "as `matinales demo` prints it"}
                    },
                }
            },
            "channels": {
                "live": {
                    "address": "/live",
                    "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in known},
                    "bindings": {"ws": {"method": "GET", "query": _query(), "bindingVersion": "0.1.0"}},
                }
            },
            "operations": {
                "show": _operation("send", "The hub shows what is true, and what changes", SAID),
                "wish": _operation("receive", "A viewer says what it wishes", HEARD),
            },
            "components": {"messages": messages, "schemas": schemas},
        }
    )


def _query() -> dict[str, Any]:
    return {"type": "object", "properties": {"table": dict(TABLE)}}


def _operation(action: str, summary: str, messages: Mapping[str, object]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/live"},
        "messages": [{"$ref": f"#/channels/live/messages/{name}"} for name in messages],
    }
