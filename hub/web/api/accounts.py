"""MQTT accounts of devices: given, shown once, listed without secrets, revoked (issue 10, item 3)."""

import asyncio

from aiohttp import web

from hub.provisioning import AccountWish, Sitting
from hub.web.gives import gives
from hub.web.hub import Hub
from hub.web.keys import HUB
from hub.web.query import answer, body
from hub.web.shapes.accounts import AccountGiven, AccountList, AccountRevoked
from hub.workshop import codes

SHAPE = '{"name": "fridge-1"} or {"role": "session"}'


@gives(AccountList)
async def accounts(request: web.Request) -> web.Response:
    """List the MQTT accounts of devices, without their passwords, and what the broker can hold them to."""
    return answer(await asyncio.to_thread(request.app[HUB].provisioning.told))


@gives(AccountGiven, 201)
async def give(request: web.Request) -> web.Response:
    """Give a device an MQTT account; its password is shown this once, as text and as a code."""
    wish, hub = await body(request, AccountWish, SHAPE), request.app[HUB]
    made = await asyncio.to_thread(hub.provisioning.give, wish, await _sitting(hub))
    code = await asyncio.to_thread(codes.code, made["urls"][0])
    return answer({**made, "code": code}, status=201)


@gives(AccountRevoked)
async def revoke(request: web.Request) -> web.Response:
    """Take an MQTT account back: its device is cut off and lets itself in no more."""
    name = request.match_info["name"]
    await asyncio.to_thread(request.app[HUB].provisioning.revoke, name)
    return answer({"name": name, "revoked": True})


async def _sitting(hub: Hub) -> Sitting | None:
    current = await hub.with_sessions(lambda sittings: sittings.desk.current())
    return None if current is None else Sitting(current.id, current.title)
