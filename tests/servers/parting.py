"""A broker that lets devices in and hears how they part from it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from device_sims.link import Broker

CONNACK, DISCONNECT = b"\x20\x02\x00\x00", b"\xe0\x00"


@asynccontextmanager
async def letting_in(patience_s: float) -> AsyncIterator[tuple[Broker, list[bytes]]]:
    """Lend its address, and what comes within `patience_s` of a farewell, before it hangs up itself; b"": the end.

    What comes is known at the end.
    """
    heard, ended = list[bytes](), asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(CONNACK)
        assert await reader.readexactly(len(DISCONNECT)) == DISCONNECT
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                heard.append(await reader.read())
        writer.close()
        ended.set()

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        yield Broker("127.0.0.1", server.sockets[0].getsockname()[1]), heard
        async with asyncio.timeout(30):
            await ended.wait()
