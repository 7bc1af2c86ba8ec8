"""`/live`: the page's WebSocket. One task reads what the page wishes, one sends what its mailbox holds."""

import asyncio
import logging
import math
from typing import Annotated, Literal

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Meta, Struct

from hub.live import DEFAULT_RATE, Mailbox, Screen
from hub.web import built, frames
from hub.web.api import phones
from hub.web.api.login import role_name
from hub.web.gives import gives
from hub.web.keys import HUB, ROLE, SECURITY, SOCKETS
from hub.web.problems import Problem
from hub.web.seating import live_of

_LOG = logging.getLogger(__name__)
FULL_BUFFER = 64 * 1024
"""Bytes not yet gone to a viewer above which it is skipped: the next frame it gets is whole and new."""
PATIENCE_S = 10.0
"""A viewer that reads nothing for so long is let go with 1013, "try again later"."""
LOOK_S = 0.1
LONGEST = 4096
"""Bytes of a wish."""
BREATH_S = 0.1
"""Pause after each message of a viewer, so that none keeps the hub busy with wishes."""


class Wish(Struct, tag_field="type", tag="full"):
    """`{"type": "full"}`: send everything."""


class Rate(Struct, tag_field="type", tag="rate"):
    """`{"type": "rate", "hz": 2}`: at most so many frames a second; 0 while hidden."""

    hz: float


class Sound(Struct, tag_field="type", tag="sound"):
    """`{"type": "sound", "page": "/projector", "sound": "muted", "tested": 3}`: what a screen says of its sound."""

    page: Annotated[str, Meta(max_length=40)]
    sound: Literal["on", "muted", "off"]
    tested: Annotated[int, Meta(ge=0)] = 0


_wish = msgspec.json.Decoder(Wish | Rate | Sound).decode


@gives(socket=True)
async def live(request: web.Request) -> web.StreamResponse:
    """Show a viewer what is true now, and then what changes: of the whole room, or with `table` of that table."""
    security = request.app[SECURITY]
    socket = frames.opened(LONGEST)
    if not socket.can_prepare(request).ok:
        raise Problem("upgrade", path=request.path, headers={"Upgrade": "websocket"})
    with security.watching(request, await _participant(request)):
        await socket.prepare(request)
        request.app[SOCKETS].add(socket)
        try:
            with live_of(request).mailbox(role=role_name(request[ROLE]), rate=DEFAULT_RATE) as mailbox:
                sender = asyncio.create_task(_send(request, socket, mailbox), name="live sender")
                try:
                    await _listen(socket, mailbox)
                finally:
                    sender.cancel()
                    await asyncio.gather(sender, return_exceptions=True)
        finally:
            request.app[SOCKETS].discard(socket)
    return socket


async def _participant(request: web.Request) -> str | None:
    """Return who takes part with the page that asks: a whole room may sit behind one address."""
    given = phones.token(request)
    if given is None:
        return None
    person = await request.app[HUB].with_sessions(lambda sittings: sittings.people.known(given))
    if person is None:
        return None
    request.app[SECURITY].meet(given)
    return person.id


async def _listen(socket: web.WebSocketResponse, mailbox: Mailbox) -> None:
    async for frame in frames.said(socket, BREATH_S):
        if frame.type is WSMsgType.ERROR:
            return
        try:
            wish = _wish(frame.data if frame.type is WSMsgType.TEXT else b"")
        except (msgspec.MsgspecError, RecursionError):
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b'send {"type":"full"} or {"type":"rate"}')
            return
        if isinstance(wish, Rate):
            mailbox.set_rate(wish.hz if math.isfinite(wish.hz) else 0)
        elif isinstance(wish, Sound):
            page = wish.page if wish.page in built.PAGES else "/"
            mailbox.screen = Screen(page=page, sound=wish.sound, tested=wish.tested)
        elif mailbox.rate:
            mailbox.ask_full()


async def _send(request: web.Request, socket: web.WebSocketResponse, mailbox: Mailbox) -> None:
    """Send frames as they come; who reads none is skipped, then let go; who is a facilitator no more is cut off."""
    try:
        while True:
            await mailbox.ready()
            if request.app[SECURITY].lapsed(request, request[ROLE]):
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"log in again")
                return
            if not await _has_room(request):
                await _let_go(request, socket)
                return
            async with asyncio.timeout(PATIENCE_S):
                await socket.send_frame(mailbox.take_now(), WSMsgType.TEXT)
    except TimeoutError:
        await _let_go(request, socket)
    except ConnectionError:
        return


async def _has_room(request: web.Request) -> bool:
    """Wait until most of what was sent has gone; False when it does not go."""
    for _ in range(round(PATIENCE_S / LOOK_S)):
        transport = request.transport
        if transport is None or transport.get_write_buffer_size() <= FULL_BUFFER:
            return True
        await asyncio.sleep(LOOK_S)
    return False


async def _let_go(request: web.Request, socket: web.WebSocketResponse) -> None:
    """Say 1013 where it can still be heard, and drop the connection with what was waiting for it."""
    _LOG.info("a viewer at %s does not read: closed", request.remote)
    transport = request.transport
    try:
        async with asyncio.timeout(1):
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too slow", drain=False)
    except (TimeoutError, ConnectionError):
        pass
    if transport is not None:
        transport.abort()
