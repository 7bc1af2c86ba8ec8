"""The drivers that other packages bring: who is on, who is off and why."""

from aiohttp import web

from hub.web.gives import gives
from hub.web.keys import HUB
from hub.web.query import answer
from hub.web.shapes.devices import DriverList, GuestDriver


@gives(DriverList)
async def drivers(request: web.Request) -> web.Response:
    """List the drivers of other packages: `state` is `on`, `off` or `reading_again`; `reason`: what it did last."""
    return answer({"drivers": list(request.app[HUB].drivers())})


@gives(GuestDriver)
async def enable(request: web.Request) -> web.Response:
    """Switch a driver on again; what it missed is read again from the journal, before its newer messages."""
    return answer(await request.app[HUB].switch_driver(request.match_info["name"], on=True))


@gives(GuestDriver)
async def disable(request: web.Request) -> web.Response:
    """Switch a driver off; its messages are listed and stay in the journal."""
    return answer(await request.app[HUB].switch_driver(request.match_info["name"], on=False))
