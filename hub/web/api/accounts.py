"""MQTT accounts of devices: given, shown once, listed without secrets, revoked (issue 10, item 3)."""

import asyncio
import time

from aiohttp import web

from hub.provisioning import AccountWish, Sitting, holding
from hub.waiting import soon
from hub.web.gives import gives
from hub.web.hub import Hub
from hub.web.keys import HUB, LEAVING
from hub.web.query import answer, body
from hub.web.shapes.accounts import AccountGiven, AccountList, AccountRevoked
from hub.workshop import codes

SHAPE = '{"name": "fridge-1"} or {"role": "session"}'
PATIENCE_S = 30.0
"""The built-in broker is started again for a change: its end may take 5 s, its beginning 10."""
LOOK_S = 0.05


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
    held = not wish.renew or await _held(request.app, made["name"])
    return answer({**made, "code": code, **holding("renewed", is_held=held)}, status=201)


@gives(AccountRevoked)
async def revoke(request: web.Request) -> web.Response:
    """Take an MQTT account back: its device is cut off and lets itself in no more."""
    name = request.match_info["name"]
    await asyncio.to_thread(request.app[HUB].provisioning.revoke, name)
    return answer({"name": name, "revoked": True, **holding("revoked", is_held=await _held(request.app, name))})


async def _held(app: web.Application, name: str) -> bool:
    """Wait until the broker holds to what became of an account, and tell whether it does; keeps no thread meanwhile.

    A hub that stops waits no longer: a new password is seen in this answer alone.
    """
    deadline, leaving = time.monotonic() + PATIENCE_S, app[LEAVING]
    while not await asyncio.to_thread(app[HUB].provisioning.is_held, name):
        if leaving.is_set() or time.monotonic() > deadline:
            return False
        await soon(leaving, LOOK_S)
    return True


async def _sitting(hub: Hub) -> Sitting | None:
    current = await hub.with_sessions(lambda sittings: sittings.desk.current())
    return None if current is None else Sitting(current.id, current.title)
