"""The name `matinales.local` on the room's network (RFC 6762), and the page among its services (RFC 6763).

A convenience, never a condition: where multicast does not pass, or another machine has the name, numbers still work,
and people are told why the name does not.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

HOST = "matinales.local"
SERVICE = "_http._tcp.local."
TITLE = "Matinales Hub"
PATIENCE_MS = 3000
"""How long to wait for an answer: RFC 6762 §6 keeps back for a second what was just said."""
OTHERS_MS = 1000
"""How long to wait for another machine's, which said nothing just before."""
FAREWELL_S = 1.0


class State(StrEnum):
    """Whether the name leads here."""

    WAITING = "waiting"
    ANNOUNCED = "announced"
    TAKEN = "taken"
    """Another machine answers to it."""
    BLOCKED = "blocked"
    """Multicast does not pass, or cannot be used here."""


class Announcer:
    """Answers for one hub.

    Attributes:
        state: whether the name leads here.
        reason: why it does not, as far as it is known.
    """

    def __init__(self, port: int, *, host: str = HOST) -> None:
        """Say nothing yet.

        Args:
            port: of the page.
            host: a name of `.local`.
        """
        self.state = State.WAITING
        self.reason: str | None = None
        self._port = port
        self._host = host
        self._zeroconf: AsyncZeroconf | None = None

    async def announce(self, addresses: Sequence[str]) -> None:
        """Answer for the name by these IPv4 addresses, in place of those before; whatever fails is only remembered."""
        await self.close()
        try:
            self.state, self.reason = await self._try(addresses)
        except Exception as error:  # noqa: BLE001 — whatever a network does to multicast, the hub goes on without
            self.state, self.reason = State.BLOCKED, str(error) or type(error).__name__
        if self.state is not State.ANNOUNCED:
            await self.close()

    async def _try(self, addresses: Sequence[str]) -> tuple[State, str | None]:
        if not addresses:
            return State.BLOCKED, None
        await asyncio.to_thread(_import)
        from zeroconf import IPVersion, ServiceInfo  # noqa: PLC0415 — only where a room is there
        from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415 — as above

        others = await resolved(self._host, addresses, OTHERS_MS) - set(addresses)
        if others:
            return State.TAKEN, ", ".join(sorted(others))
        self._zeroconf = AsyncZeroconf(interfaces=[*addresses], ip_version=IPVersion.V4Only)
        service = ServiceInfo(
            SERVICE,
            f"{TITLE}.{SERVICE}",
            addresses=[socket.inet_aton(each) for each in addresses],
            port=self._port,
            server=f"{self._host}.",
            properties={"path": "/"},
        )
        await (await self._zeroconf.async_register_service(service, allow_name_change=True))
        is_heard = await resolved(self._host, addresses) & set(addresses)
        return (State.ANNOUNCED, None) if is_heard else (State.BLOCKED, None)

    async def close(self) -> None:
        """Take it back, so that nobody keeps it in mind."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is None:
            return
        with contextlib.suppress(Exception):  # the network may be gone
            async with asyncio.timeout(FAREWELL_S):
                await zeroconf.async_unregister_all_services()
        with contextlib.suppress(Exception):
            await zeroconf.async_close()


async def resolved(host: str, addresses: Sequence[str], patience_ms: int = PATIENCE_MS) -> set[str]:
    """Return the IPv4 addresses that a name of `.local` has, for who asks on these interfaces.

    Asked and answered by multicast: of several programs of one machine only one hears what is sent to it alone.

    Raises:
        OSError: multicast cannot be used there.
    """
    # exported, and documented, without standing in its list of names
    from zeroconf import AddressResolverIPv4, DNSQuestionType  # type: ignore[attr-defined]  # noqa: PLC0415 — as above

    async with _asking(addresses) as zeroconf:
        answer = AddressResolverIPv4(f"{host}.")
        await answer.async_request(zeroconf.zeroconf, patience_ms, DNSQuestionType.QM)
        return set(answer.parsed_addresses())


@contextlib.asynccontextmanager
async def _asking(addresses: Sequence[str]) -> AsyncIterator["AsyncZeroconf"]:
    from zeroconf import IPVersion  # noqa: PLC0415 — as above
    from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415 — as above

    zeroconf = AsyncZeroconf(interfaces=[*addresses], ip_version=IPVersion.V4Only)
    try:
        yield zeroconf
    finally:
        await zeroconf.async_close()


def _import() -> None:
    """Load the library beside the loop: it takes a while."""
    import zeroconf.asyncio  # noqa: F401, PLC0415 — only where a room is there
