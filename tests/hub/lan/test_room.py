"""The page by HTTPS on a real socket: for who installed the authority, not for who did not, and never required."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectorCertificateError, ClientSession, web

from hub.config import Config
from hub.freeport import free_port
from hub.lan import room as room_module
from hub.lan.keeper import AUTHORITY, FOLDER, read
from hub.lan.mdns import State
from hub.lan.room import Room
from hub.web.app import make_app
from hub.web.security import Security
from servers.web import SECRET, FakeHub, eventually

LOOPBACK = "127.0.0.1"


def degraded(code: str, reason: str | None) -> dict[str, Any]:
    """Return a part by its code."""
    return {"status": "degraded", "code": code, "reason": reason}


class Laptop:
    """A room around a served hub, and the network it is on.

    Attributes:
        addresses: of the machine, as it sees them.
        is_inviting: whether the room sees the code.
    """

    def __init__(self, data: Path, config: Config) -> None:
        """Begin on loopback."""
        self.addresses = [LOOPBACK]
        self.is_inviting = False
        self.config = config
        self.now = 0.0
        self.data = data
        self.room = Room(
            config,
            data,
            is_open=True,
            is_inviting=lambda: self.is_inviting,
            look=lambda: self.addresses,
            monotonic=lambda: self.now,
        )

    def url(self, scheme: str = "https") -> str:
        """Return the page's address."""
        port = self.config.https_port if scheme == "https" else self.config.web_port
        return f"{scheme}://{LOOPBACK}:{port}/"

    def trusting(self) -> ssl.SSLContext:
        """Return a client's context that trusts this authority and no other."""
        return ssl.create_default_context(cadata=read(self.data / FOLDER / AUTHORITY).certificate.decode())


@pytest.fixture
async def laptop(tmp_path: Path) -> AsyncIterator[Laptop]:
    """Lend a hub that is served by HTTP and HTTPS."""
    config = Config(web_port=free_port(), https_port=free_port())
    security = Security(config, demo=True, lan=True, secret=SECRET)
    runner = web.AppRunner(await asyncio.to_thread(make_app, FakeHub(config), security, tmp_path), access_log=None)
    await runner.setup()
    lent = Laptop(tmp_path, config)
    await web.TCPSite(runner, LOOPBACK, config.web_port).start()
    await lent.room.secure(lambda tls: web.TCPSite(runner, LOOPBACK, config.https_port, ssl_context=tls).start())
    yield lent
    await runner.cleanup()


async def test_who_trusts_the_authority_reads_the_page_and_http_is_never_locked_out(laptop: Laptop) -> None:
    """Strict-Transport-Security would make every phone that came by HTTPS once unable to come by HTTP."""
    async with ClientSession() as session:
        async with session.get(f"{laptop.url()}health", ssl=laptop.trusting()) as answer:
            assert answer.status == 200
            assert "Strict-Transport-Security" not in answer.headers
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        async with session.get(f"{laptop.url('http')}health") as answer:
            assert answer.status == 200
            assert "Strict-Transport-Security" not in answer.headers
        socket = await session.ws_connect(f"{laptop.url()}live", ssl=laptop.trusting(), origin=laptop.url().rstrip("/"))
        assert (await socket.receive_str()).startswith('{"seq"')
        await socket.close()


async def test_who_does_not_trust_it_is_refused_and_another_authority_is_another(
    laptop: Laptop, tmp_path: Path
) -> None:
    """By its own certificate store, and by that of an installation elsewhere."""
    other = Laptop(tmp_path / "other", laptop.config)
    other.room._keeper.renew([LOOPBACK])
    async with ClientSession() as session:
        for context in (ssl.create_default_context(), other.trusting()):
            with pytest.raises(ClientConnectorCertificateError):
                await session.get(f"{laptop.url()}health", ssl=context)


async def test_nothing_older_than_tls_1_2_gets_in(laptop: Laptop) -> None:
    """A client that speaks 1.1 only is refused."""
    context = laptop.trusting()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(OSError):  # noqa: PT011 — whichever end says no first
        await asyncio.open_connection(LOOPBACK, laptop.config.https_port, ssl=context)


def peer_names(port: int | None, context: ssl.SSLContext) -> set[str]:
    """Return the addresses that the certificate of whoever listens there is for."""
    import socket  # noqa: PLC0415 — one use

    with (
        socket.create_connection((LOOPBACK, port or 0), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=LOOPBACK) as tls,
    ):
        said: dict[str, Any] = dict(tls.getpeercert() or {})
        return {value for _, value in said["subjectAltName"]}


async def test_another_network_gets_another_certificate_without_a_restart(laptop: Laptop) -> None:
    """The next connection already sees it, under the same authority; the addresses told follow."""
    laptop.room._announcer.announce = _nothing  # type: ignore[method-assign,assignment]
    context = laptop.trusting()
    assert "10.9.8.7" not in await asyncio.to_thread(peer_names, laptop.config.https_port, context)
    laptop.addresses = ["10.9.8.7", LOOPBACK]
    await laptop.room._look_around()
    assert "10.9.8.7" in await asyncio.to_thread(peer_names, laptop.config.https_port, context)
    ways = laptop.room.ways()
    assert ways.plain[0] == f"http://10.9.8.7:{laptop.config.web_port}/"
    assert ways.secure[0] == f"https://10.9.8.7:{laptop.config.https_port}/"


async def test_a_network_that_reaches_nobody_is_told_with_what_may_be_done(laptop: Laptop) -> None:
    """The page's own address first; then a room that is invited in vain; a single guest ends it."""
    room = laptop.room
    room._announcer.announce = _nothing  # type: ignore[method-assign,assignment]
    await room._arrived()
    assert room.parts(degraded)["room"]["status"] == "ok"
    laptop.is_inviting = True
    await room._look_around()
    laptop.now += 200
    await room._look_around()
    assert room.ways().is_vain
    assert room.parts(degraded)["room"]["code"] == "room_unreached"
    room.heard("192.168.1.77")
    assert room.parts(degraded)["room"]["status"] == "ok"
    laptop.addresses = ["127.0.0.9"]  # where nobody listens
    await room._look_around()
    assert room.parts(degraded)["room"]["code"] == "room_closed"


async def test_https_that_cannot_be_prepared_is_told_and_http_goes_on(tmp_path: Path) -> None:
    """A file lies where the folder should be; or the port is taken meanwhile."""
    laptop = Laptop(tmp_path, Config(https_port=free_port()))
    (tmp_path / FOLDER).write_bytes(b"")
    await laptop.room.secure(_never)
    part = laptop.room.parts(degraded)["https"]
    assert part["code"] == "https_fault"
    assert laptop.room.ways().authority is None
    assert laptop.room.ways().secure == ()
    (tmp_path / FOLDER).unlink()
    await laptop.room.secure(_taken)
    assert laptop.room.parts(degraded)["https"]["code"] == "https_fault"
    assert laptop.room.ways().plain != ()


async def test_an_authority_made_anew_is_told_to_who_has_to_install_it(laptop: Laptop) -> None:
    """With the date until which the page's own is good, and what people compare."""
    part = laptop.room.parts(degraded)["https"]
    assert date.fromisoformat(part["until"]) > date.fromisoformat("2026-01-01")
    assert part["fingerprint"].count(":") == 31
    laptop.room._keeper.repaired = "it cannot be read"
    assert laptop.room.parts(degraded)["https"]["code"] == "https_renewed"


def test_a_page_for_this_machine_only_has_no_room(tmp_path: Path) -> None:
    """Nothing is told, looked at, or announced; behind a proxy its address is the proxy's."""
    closed = Room(Config(), tmp_path, is_open=False, is_inviting=lambda: True, look=lambda: ["192.168.1.12"])
    assert (closed.ways().plain, closed.ways().name, closed.parts(degraded)) == ((), None, {})
    behind = Config(public_url="https://hub.example.org/")
    proxied = Room(behind, tmp_path, is_open=True, is_inviting=lambda: True, look=lambda: ["192.168.1.12"])
    assert proxied.ways().plain == ("https://hub.example.org/",)
    assert proxied.parts(degraded) == {}


async def test_the_name_is_told_after_the_numbers_and_only_where_it_leads_here(laptop: Laptop) -> None:
    """Not every phone knows how to ask for it."""
    laptop.room._announcer.state = State.ANNOUNCED
    ways = laptop.room.ways()
    assert [each.split("/")[2].partition(":")[0] for each in ways.plain] == [LOOPBACK, "matinales.local"]
    assert ways.secure[-1] == f"https://matinales.local:{laptop.config.https_port}/"
    laptop.room._announcer.state = State.BLOCKED
    assert "matinales" not in str(laptop.room.ways().plain)


async def test_it_follows_the_network_until_it_is_ended(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    """And takes back what it announced."""
    seen: list[object] = []
    monkeypatch.setattr(room_module, "LOOK_S", 0.01)
    laptop.room._announcer.announce = lambda found: _note(seen, found)  # type: ignore[method-assign,assignment]
    laptop.room._announcer.close = lambda: _note(seen, "closed")  # type: ignore[method-assign]
    task = asyncio.create_task(laptop.room.run())
    laptop.addresses = [LOOPBACK, "10.9.8.7"]
    await eventually(lambda: len(seen) == 2)
    task.cancel()
    await asyncio.wait([task])
    assert seen == [(LOOPBACK,), (LOOPBACK, "10.9.8.7"), "closed"]


async def _nothing(_addresses: object) -> None:
    """Announce nothing."""


async def _note(seen: list[object], what: object) -> None:
    seen.append(what)


async def _never(_tls: ssl.SSLContext) -> None:
    msg = "nothing is served without certificates"
    raise AssertionError(msg)


async def _taken(_tls: ssl.SSLContext) -> None:
    raise OSError(98, "address already in use")
