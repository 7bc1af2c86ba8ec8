"""What a browser says over its WebSocket, one frame after the other and no faster than the hub likes to read.

A pause follows each frame, whatever it is: who floods the hub with wishes, pings or bytes fills its own network.
"""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import WSMessage, WSMsgType, web

HEARTBEAT_S = 20.0
FAREWELL_S = 1.0
"""What the other side gets to answer that the connection ends: what it says meanwhile is read and thrown away."""


def opened(longest: int) -> web.WebSocketResponse:
    """Return a socket that takes frames of at most so many bytes; `said` reads it."""
    return web.WebSocketResponse(
        compress=False, heartbeat=HEARTBEAT_S, max_msg_size=longest, autoping=False, timeout=FAREWELL_S
    )


async def said(socket: web.WebSocketResponse, breath_s: float) -> AsyncIterator[WSMessage]:
    """Give the frames until the connection ends, a pause after each [s]; a ping is answered here."""
    async for frame in socket:
        if frame.type is WSMsgType.PING:
            await socket.pong(frame.data)
        elif frame.type is not WSMsgType.PONG:
            yield frame
        await asyncio.sleep(breath_s)
