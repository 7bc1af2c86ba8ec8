"""The wire between the hub and a runner: faults, speed and story come in, the state of the run goes out.

A WebSocket to `/api/v1/runs/{run}/control`, opened by the runner and opened again for ever; aiohttp is imported when
the first one is opened, after the run has begun.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from device_sims.door import Hub
from device_sims.errors import SimulationError

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientWebSocketResponse

_LOG = logging.getLogger(__name__)

FIRST_RETRY_S, MOST_RETRY_S = 0.1, 2.0
HEARTBEAT_S = 20.0


class Order(Struct, frozen=True):
    """What the hub asks for; `duration` in simulated minutes; `tables`: that are to play, and no others."""

    do: Literal["fault", "speed", "scenario", "tables"]
    id: int | str | None = None
    name: str | None = None
    active: bool = True
    intensity: float | None = None
    duration: float | None = None
    speed: float | None = None
    usecase: str | None = None
    seed: int | None = None
    initial: str | None = None
    clock: str | None = None
    tables: tuple[int, ...] = ()


class _Numbered(Struct):
    """What is left of an order that is not understood."""

    id: int | str | None = None


class Control:
    """Keeps one connection to the hub for one run."""

    def __init__(
        self,
        run: str,
        hub: Callable[[], Hub | None],
        obey: Callable[[Order], Awaitable[None]],
        state: Callable[[], dict[str, Any]],
        table: int = 0,
    ) -> None:
        """Prepare it; `serve` runs it.

        Args:
            run: its id.
            table: whose own run it is; 0: the whole room's.
            hub: asked before each attempt.
            obey: carries an order out; raises SimulationError with the reason.
            state: the state of the run, as the hub is told.
        """
        self._path = f"/api/v1/runs/{run}/control" + (f"?table={table}" if table else "")
        self._hub = hub
        self._obey = obey
        self._state = state
        self._socket: ClientWebSocketResponse | None = None

    async def tell(self) -> None:
        """Send the state, where the hub listens."""
        await self._send({"state": self._state()})

    async def serve(self) -> None:
        """Connect, obey, connect again, until cancelled."""
        aiohttp = await asyncio.to_thread(__import__, "aiohttp")
        retry_s = FIRST_RETRY_S
        while True:
            hub = self._hub()
            if hub is not None:
                try:
                    async with aiohttp.ClientSession() as session:
                        await self._connected(session, hub)
                    retry_s = FIRST_RETRY_S
                except (aiohttp.ClientError, OSError) as error:
                    _LOG.debug("control: %s", error)
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 1.5, MOST_RETRY_S)

    async def _connected(self, session: "ClientSession", hub: Hub) -> None:
        address = f"{hub.url.rstrip('/').replace('http', 'ws', 1)}{self._path}"
        headers = {"Authorization": f"Bearer {hub.secret}"}
        async with session.ws_connect(address, headers=headers, heartbeat=HEARTBEAT_S, compress=0) as socket:
            self._socket = socket
            try:
                await self.tell()
                async for message in socket:
                    if isinstance(message.data, str | bytes):
                        await self._answer(message.data)
            finally:
                self._socket = None

    async def _answer(self, text: str | bytes) -> None:
        try:
            order = msgspec.json.decode(text, type=Order)
        except msgspec.MsgspecError as error:
            await self._send({"id": _number(text), "ok": False, "reason": f"not an order: {error}"})
            return
        try:
            await self._obey(order)
        except SimulationError as error:
            await self._send({"id": order.id, "ok": False, "reason": str(error), "fr": error.fr})
        else:
            await self._send({"id": order.id, "ok": True})

    async def _send(self, body: dict[str, Any]) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await self._socket.send_str(msgspec.json.encode(body).decode())


def _number(text: str | bytes) -> int | str | None:
    """Return the number of what is no order, so that whoever asked need not wait for its answer; None: it has none."""
    with contextlib.suppress(msgspec.MsgspecError):
        return msgspec.json.decode(text, type=_Numbered).id
    return None
