"""A web address and a mail server of this machine, which take what they are sent, or refuse it as they are told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiohttp import web

from hub.model import NS, REAL, Alarm

ALARM = Alarm(
    id="cold_room.air_high-real-1",
    usecase="cold_room",
    rule="air_high",
    measure="air",
    device="acme:a",
    run=REAL,
    priority="high",
    raised_at=NS,
    texts={"fr": "chaud", "en": "warm"},
)
"""One that is told."""


@dataclass
class Listening:
    """A web address; `answers`: the statuses of the next requests, then 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Note a request and answer as told."""
        self.heard.append((dict(request.headers), await request.read()))
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"} if 300 <= status < 400 else {})


@asynccontextmanager
async def listening(secure: ssl.SSLContext | None = None) -> AsyncIterator[Listening]:
    """Lend a web address; `secure`: by TLS."""
    lent = Listening()
    app = web.Application()
    app.router.add_post("/alarms", lent.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=secure)
        await site.start()
        lent.url = f"http{'s' if secure else ''}://127.0.0.1:{runner.addresses[0][1]}/alarms"
        yield lent
    finally:
        await runner.cleanup()


@dataclass
class PostOffice:
    """A mail server (RFC 5321, the least of it); `refuses`: what it says to the next recipients."""

    port: int = 0
    refuses: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client until it goes."""
        writer.write(b"220 here\r\n")
        try:
            while line := await reader.readline():
                writer.write(await self._answer(line.decode().strip(), reader, writer))
                await writer.drain()
        finally:
            writer.close()

    async def _answer(self, said: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        word = said.split(" ", maxsplit=1)[0].upper()
        if word == "RCPT":
            self.people.append(said.partition("<")[2].partition(">")[0])
            return f"{self.refuses.pop(0)}\r\n".encode() if self.refuses else b"250 ok\r\n"
        if word == "DATA":
            writer.write(b"354 go on\r\n")
            raw = await reader.readuntil(b"\r\n.\r\n")
            self.mails.append(message_from_bytes(raw[:-3], policy=policy.default))
            return b"250 taken\r\n"
        return {"EHLO": b"250 here\r\n", "QUIT": b"221 bye\r\n"}.get(word, b"250 ok\r\n")


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    """Lend a mail server."""
    lent = PostOffice()
    server = await asyncio.start_server(lent.serve, "127.0.0.1", 0)
    lent.port = server.sockets[0].getsockname()[1]
    async with server:
        yield lent
