"""TLS in front of the embedded broker: one handshake never waits for another.

rumqttd does the handshakes of its own TLS listener one after the other: a single silent connection keeps everybody
else out, for ever (measured, iotcore 0.4). So the broker's process takes TLS off here and hands plain bytes on over
loopback; a renewed certificate counts from the next connection on, without a restart.
"""

import asyncio
import contextlib
import logging
import ssl
import threading
from asyncio import sslproto
from pathlib import Path

from hub.mosquitto import CIPHERS

_LOG = logging.getLogger(__name__)
HANDSHAKE_S = 5.0
"""What a peer gets for its handshake; the broker gives as much for the CONNECT that follows."""
LOOK_S = 1.0
"""How often it is looked whether the certificate has changed."""
MOST = 500
PENDING = 64
"""Handshakes under way. The oldest makes room for the next: an honest one takes milliseconds."""
PIECE = 64 * 1024
BUFFER = 32 * 1024
"""What a connection is read into; asyncio's own 256 KiB each, before anybody has said who he is, are 100 MB for 500."""


class Relay:
    """Takes TLS connections and hands them on."""

    def __init__(self, file: Path, to: tuple[str, int]) -> None:
        """Read certificate and key.

        Args:
            file: both of them, PEM.
            to: where the broker listens.

        Raises:
            OSError: they cannot be read, or are none.
        """
        self._file = file
        self._to = to
        self._open = 0
        self._pending: dict[asyncio.StreamWriter, None] = {}
        self._read = 0
        self.context = self._made()

    async def run(self, listen: str, port: int) -> None:
        """Serve until cancelled.

        Raises:
            OSError: the port cannot be used.
        """
        server = await asyncio.start_server(self._take, listen, port, limit=PIECE, backlog=1024)
        async with server:
            while True:
                await asyncio.sleep(LOOK_S)
                try:
                    await asyncio.to_thread(self.refresh)
                except OSError as error:  # half written, or gone: the one before still counts
                    _LOG.warning("The certificate in %s cannot be read: %s", self._file, error)

    def refresh(self) -> None:
        """Take the certificate that stands in the file now, if it is another. Blocks.

        Raises:
            OSError: it is half written, or gone.
        """
        if self._file.stat().st_mtime_ns != self._read:
            self.context = self._made()

    def _made(self) -> ssl.SSLContext:
        """Return a context with the certificate that stands now.

        A new one each time: while one takes certificate and key, one after the other, no handshake may use it.
        """
        changed = self._file.stat().st_mtime_ns
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.load_cert_chain(self._file)
        self._read = changed
        return context

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= MOST:
            writer.transport.abort()
            return
        self._open += 1
        try:
            await self._shake_hands(writer)
            await self._join(reader, writer)
        except (OSError, ssl.SSLError) as error:
            _LOG.debug("a TLS connection ended: %s", error)
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _shake_hands(self, writer: asyncio.StreamWriter) -> None:
        self._pending[writer] = None
        if len(self._pending) > PENDING:
            oldest = next(iter(self._pending))
            del self._pending[oldest]
            oldest.transport.abort()
        try:
            await writer.start_tls(self.context, ssl_handshake_timeout=HANDSHAKE_S)
        finally:
            self._pending.pop(writer, None)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand on what either side says until one of them has ended."""
        inner_reader, inner_writer = await asyncio.open_connection(*self._to, limit=PIECE)
        try:
            ways = [asyncio.create_task(_copy(reader, inner_writer)), asyncio.create_task(_copy(inner_reader, writer))]
            _, others = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for each in others:
                each.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on, no faster than the other side takes it."""
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    with contextlib.suppress(OSError):
        await writer.drain()


def start(file: Path, listen: str, port: int, to_port: int) -> None:
    """Serve in a thread of its own for as long as the process lives; what fails is in its log.

    Args:
        file: certificate and key, PEM.
        listen: address to listen on.
        port: TCP port.
        to_port: of the broker, on loopback.
    """

    def serve() -> None:
        sslproto.SSLProtocol.max_size = BUFFER  # of this process, which has no other TLS
        try:
            asyncio.run(Relay(file, ("127.0.0.1", to_port)).run(listen, port))
        except OSError:
            _LOG.exception("No TLS on port %d", port)

    threading.Thread(target=serve, name="tls", daemon=True).start()
