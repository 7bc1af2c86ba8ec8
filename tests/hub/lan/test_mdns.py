"""The name on the room's network, asked for by a real client of the same kind as a phone's."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from hub.lan import mdns
from hub.lan.mdns import SERVICE, TITLE, Announcer, State, resolved

LOOPBACK = "127.0.0.1"
HOST = "matinales-test.local"
"""A name of the test's own: hubs beside it have the real one."""


@pytest.fixture
async def announcer() -> AsyncIterator[Announcer]:
    """Lend an announcer, and take back what it said."""
    _needs_multicast()
    lent = Announcer(8080, host=HOST)
    yield lent
    await lent.close()


def _needs_multicast() -> None:
    """Skip where this machine lets nobody listen on the group."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            group = socket.inet_aton("224.0.0.251") + socket.inet_aton(LOOPBACK)
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        except OSError:
            pytest.skip("needs multicast on loopback: ip link set lo multicast on")


async def test_who_asks_for_the_name_finds_the_hub_and_its_page_among_the_services(announcer: Announcer) -> None:
    """By address, and as a web page with its port."""
    await announcer.announce([LOOPBACK])
    assert (announcer.state, announcer.reason) == (State.ANNOUNCED, None)
    assert await resolved(HOST, [LOOPBACK]) == {LOOPBACK}
    client = AsyncZeroconf(interfaces=[LOOPBACK], ip_version=IPVersion.V4Only)
    try:
        service = AsyncServiceInfo(SERVICE, f"{TITLE}.{SERVICE}")
        assert await service.async_request(client.zeroconf, 3000)
        assert service.properties[b"path"] == b"/"
        assert service.port is not None
    finally:
        await client.async_close()
    await announcer.close()


async def test_a_name_that_another_machine_answers_to_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hubs in one building: whose is it is said, nothing is announced."""

    async def another(_host: str, _addresses: object, _patience_ms: int) -> set[str]:
        return {"192.168.1.99"}

    monkeypatch.setattr(mdns, "resolved", another)
    announcer = Announcer(8080, host=HOST)
    await announcer.announce([LOOPBACK])
    assert (announcer.state, announcer.reason) == (State.TAKEN, "192.168.1.99")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library leaves its socket behind
@pytest.mark.parametrize("addresses", [[], ["203.0.113.77"]])
async def test_without_multicast_the_hub_goes_on_and_says_so(addresses: list[str]) -> None:
    """No network at all, or an address that has just gone."""
    announcer = Announcer(8080, host=HOST)
    await announcer.announce(addresses)
    assert announcer.state is State.BLOCKED
    await announcer.close()


async def test_multicast_that_nobody_hears_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall drops it without a word."""
    _needs_multicast()

    async def nobody(_host: str, _addresses: object, _patience_ms: int = 0) -> set[str]:
        await asyncio.sleep(0)
        return set()

    monkeypatch.setattr(mdns, "resolved", nobody)
    announcer = Announcer(8080, host=HOST)
    await announcer.announce([LOOPBACK])
    assert announcer.state is State.BLOCKED
