"""The room around the hub: the addresses that phones are told, kept true while networks come and go."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from ssl import SSLContext
from typing import Any

import aiohttp
from msgspec import Struct

from hub import addresses
from hub.certificate import Seen
from hub.config import Config
from hub.errors import HubError
from hub.lan.keeper import Keeper
from hub.lan.mdns import HOST, Announcer, State
from hub.lan.reach import Reach

_LOG = logging.getLogger(__name__)
LOOK_S = 5.0
"""How often it is looked whether the network is still the same."""
OWN_S = 3.0
"""The hub answers itself within this time, or others hardly reach it."""
Look = Callable[[], Sequence[str]]


class Ways(Struct, frozen=True, kw_only=True):
    """How the room's phones reach the page; nothing of it where the page is open to this machine only.

    Attributes:
        plain: addresses by HTTP, `http://host:port/`, the likeliest first.
        secure: the same by HTTPS, where they are served.
        authority: what a phone is to trust for that.
        name: why the name does or does not lead here.
        is_vain: the room has been invited for long, and nobody ever came.
    """

    plain: tuple[str, ...] = ()
    secure: tuple[str, ...] = ()
    authority: Seen | None = None
    name: State | None = None
    is_vain: bool = False


def here() -> list[str]:
    """Return the IPv4 addresses of this machine in the room, the likeliest first. Blocks a moment."""
    return [each.address for each in addresses.of_room(addresses.interfaces(), addresses.outward())]


class Room:
    """Follows the network of one hub."""

    def __init__(
        self,
        config: Config,
        data: Path,
        *,
        is_open: bool,
        is_inviting: Callable[[], bool],
        look: Look = here,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look around once. Blocks a moment.

        Args:
            config: where the page is served.
            data: data folder.
            is_open: whether the room may reach the page at all.
            is_inviting: whether the room sees, now, how to join.
            look: returns the machine's addresses in the room.
            monotonic: clock [s].
        """
        self._config = config
        self._is_open = is_open
        self._is_inviting = is_inviting
        self._look = look
        self._follows = is_open or config.https_port is not None
        self._addresses = tuple(look()) if self._follows else ()
        self._keeper = Keeper(data)
        self._announcer = Announcer(config.web_port)
        self._reach = Reach(monotonic)
        self._reach.moved(addresses.all_own())
        self._is_secure = False
        self._fault: str | None = None
        self._deaf: str | None = None

    async def secure(self, serve: Callable[[SSLContext], Awaitable[None]]) -> None:
        """Serve HTTPS where the settings want it; what fails is told, and plain HTTP goes on.

        Args:
            serve: begins to listen at the settings' `https_port`.
        """
        if self._config.https_port is None:
            return
        try:
            await asyncio.to_thread(self._keeper.renew, self._addresses)
            await serve(self._keeper.context)
        except (OSError, HubError) as error:
            self._failed(error)
        else:
            self._is_secure = True

    async def run(self) -> None:
        """Follow the network until cancelled."""
        if not self._follows:
            return
        try:
            await self._arrived()
            while True:
                await asyncio.sleep(LOOK_S)
                await self._look_around()
        finally:
            await self._announcer.close()

    async def _look_around(self) -> None:
        found = tuple(await asyncio.to_thread(self._look))
        if self._is_secure and self._keeper.is_due(found):
            try:
                await asyncio.to_thread(self._keeper.renew, found)
                self._fault = None
            except (OSError, HubError) as error:
                self._failed(error)
        self._reach.invite(shown=self._is_inviting())
        if found != self._addresses:
            self._addresses = found
            await self._arrived()

    async def _arrived(self) -> None:
        """Make oneself known on a network that is new."""
        self._reach.moved(await asyncio.to_thread(addresses.all_own))
        if self._is_open:
            await self._announcer.announce(self._addresses)
        self._deaf = await self._unanswered()

    async def _unanswered(self) -> str | None:
        """Return the likeliest address if the page does not answer this machine itself there."""
        for address in self.ways().plain[:1]:
            try:
                timeout = aiohttp.ClientTimeout(total=OWN_S)
                async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{address}health"):
                    pass
            except (aiohttp.ClientError, OSError) as error:
                _LOG.warning("The page does not answer at %s (%s)", address, error)
                return address
        return None

    def _failed(self, error: Exception) -> None:
        text = str(error)
        if text != self._fault:
            _LOG.warning("HTTPS: %s; the page is served by HTTP only", text)
        self._fault = text

    @property
    def addresses(self) -> tuple[str, ...]:
        """This machine's addresses in the room, the likeliest first; none where the page is not open to it."""
        return self._addresses if self._is_open else ()

    def ways(self) -> Ways:
        """Return how phones reach the page; the name comes last, because not every phone knows how to ask for it."""
        if self._config.public_url:
            return Ways(plain=(f"{self._config.public_url.rstrip('/')}/",))
        named = (HOST,) if self._announcer.state is State.ANNOUNCED else ()
        hosts = (*self.addresses, *named)
        vouched = self._keeper.server.names if self._is_secure else frozenset()
        return Ways(
            plain=tuple(f"http://{each}:{self._config.web_port}/" for each in hosts),
            secure=tuple(f"https://{each}:{self._config.https_port}/" for each in hosts if each in vouched),
            authority=self._keeper.authority if self._is_secure else None,
            name=self._announcer.state if self._is_open else None,
            is_vain=self._reach.is_vain,
        )

    def heard(self, remote: str | None) -> None:
        """Take notice of who asks for something."""
        self._reach.heard(remote)

    def parts(self, degraded: Callable[[str, str | None], dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
        """Return how HTTPS and the room are, as parts of `/health`.

        Args:
            degraded: makes a part of a code of parts.toml and a reason.
        """
        parts: dict[str, dict[str, Any]] = {}
        fine: dict[str, Any] = {"status": "ok", "text": None, "remedy": None}
        if self._fault is not None:
            parts["https"] = degraded("https_fault", self._fault)
        elif self._is_secure:
            part = fine if self._keeper.repaired is None else degraded("https_renewed", self._keeper.repaired)
            parts["https"] = part | _shown(self.ways(), self._keeper.server.until)
        if self._is_open and not self._config.public_url:
            part = fine
            if self._deaf is not None:
                part = degraded("room_closed", self._deaf)
            elif self._reach.is_vain:
                part = degraded("room_unreached", None)
            why = {"name": self._announcer.state.value, "name_reason": self._announcer.reason}
            parts["room"] = part | why | {"addresses": list(self._addresses)}
        return parts


def _shown(ways: Ways, until: datetime) -> dict[str, Any]:
    return {
        "urls": list(ways.secure),
        "until": until.date().isoformat(),
        "fingerprint": "" if ways.authority is None else ways.authority.fingerprint,
    }
