"""How the hub is: for people (`/health`) and for Prometheus (`/metrics`)."""

import asyncio

from aiohttp import web

from hub.live import Live
from hub.machine import Machine
from hub.web import metrics as told
from hub.web.gives import gives
from hub.web.keys import HUB, LAG, SECURITY, SOCKETS
from hub.web.query import answer
from hub.web.shapes.history import Health


def status(live: Live) -> str:
    """Return `ok` when every part is."""
    return "ok" if all(part.get("status") == "ok" for part in live.parts.values()) else "degraded"


def _counters(request: web.Request) -> dict[str, float]:
    hub, security = request.app[HUB], request.app[SECURITY]
    own = {
        "viewers": hub.live.viewers,
        "websockets": len(request.app[SOCKETS]),
        "requests_refused_total": security.refused.total(),
    }
    return {**own, **hub.counters()}


@gives(Health)
async def health(request: web.Request) -> web.Response:
    """Tell how the parts are; 200 even when degraded, for the hub itself answers."""
    live = request.app[HUB].live
    return answer({"status": status(live), "parts": live.parts, "counters": _counters(request)})


@gives(media=("text/plain", "application/openmetrics-text"))
async def metrics(request: web.Request) -> web.Response:
    """Give the figures in Prometheus' text format, version 0.0.4, or in OpenMetrics' where that is accepted."""
    hub = request.app[HUB]
    machine = await hub.machine()
    figures = told.Figures(
        counters=_counters(request) | _disk(machine),
        parts=dict(hub.live.parts),
        alarms=[*hub.live.alarms.values()],
        machine=machine,
        lag=request.app[LAG].buckets(),
    )
    body, content_type = await asyncio.to_thread(told.exposition, figures, request.headers.get("Accept", ""))
    return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _disk(machine: Machine) -> dict[str, float]:
    found = {"data_disk_free_bytes": machine.disk_free, "data_disk_size_bytes": machine.disk_size}
    return {name: size for name, size in found.items() if size is not None}
