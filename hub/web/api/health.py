"""How the hub is: for people (`/health`) and for Prometheus (`/metrics`)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from hub.live import Live
from hub.web.gives import gives
from hub.web.keys import HUB, SECURITY
from hub.web.query import answer
from hub.web.shapes.history import Health

PREFIX = "matinales_"


def status(live: Live) -> str:
    """Return `ok` when every part is."""
    return "ok" if all(part.get("status") == "ok" for part in live.parts.values()) else "degraded"


def _counters(request: web.Request) -> dict[str, float]:
    hub, security = request.app[HUB], request.app[SECURITY]
    own = {"viewers": hub.live.viewers, "requests_refused_total": security.refused.total()}
    return {**own, **hub.counters()}


@gives(Health)
async def health(request: web.Request) -> web.Response:
    """Tell how the parts are; 200 even when degraded, for the hub itself answers."""
    live = request.app[HUB].live
    return answer({"status": status(live), "parts": live.parts, "counters": _counters(request)})


@gives(media=("text/plain",))
async def metrics(request: web.Request) -> web.Response:
    """Give the counters in Prometheus' text format, version 0.0.4."""
    lines = exposition(_counters(request), request.app[HUB].live.parts)
    return web.Response(
        body="".join(f"{line}\n" for line in lines).encode(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"},
    )


def exposition(counters: Mapping[str, float], parts: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines: a name that ends in `_total` is a counter, others are gauges."""
    for name, value in sorted(counters.items()):
        full = PREFIX + re.sub(r"[^a-zA-Z0-9_]", "_", name)
        yield f"# TYPE {full} {'counter' if name.endswith('_total') else 'gauge'}"
        yield f"{full} {value}"
    yield f"# TYPE {PREFIX}part_ok gauge"
    for name, part in sorted(parts.items()):
        label = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        yield f'{PREFIX}part_ok{{part="{label}"}} {int(part.get("status") == "ok")}'
