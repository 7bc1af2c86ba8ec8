"""What holds for every screen: frozen, silent, and where the guide is (`hub.workshop.wall`)."""

import msgspec
from aiohttp import web

from hub.web.gives import gives
from hub.web.keys import HUB
from hub.web.query import answer, body
from hub.workshop.wall import Wall, WallWish

SHAPE = '{"frozen": true, "muted": false, "guide": {"usecase": "cold_room", "step": 0}}'


@gives(Wall)
async def change(request: web.Request) -> web.Response:
    """Freeze the room's screens or let them live, silence every siren, say which step of the guide begins now."""
    wish = await body(request, WallWish, SHAPE)
    return answer(msgspec.to_builtins(await request.app[HUB].furnish_wall(wish)))
