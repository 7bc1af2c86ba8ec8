"""What to type on a device so that it speaks to the hub."""

from aiohttp import web

from hub.web.gives import gives
from hub.web.keys import HUB
from hub.web.query import answer
from hub.web.shapes.devices import Setup


@gives(Setup)
async def setup(request: web.Request) -> web.Response:
    """Tell the broker's address, user and password, and what to type on each family of devices."""
    return answer(request.app[HUB].setup())
