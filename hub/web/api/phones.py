"""Taking part with a phone: how to reach the page, join, measure, leave; the facilitator furnishes and removes."""

import asyncio
import contextlib
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from hub.certificate import Seen
from hub.errors import NotFoundError, UsageError
from hub.ingest.phone import sample
from hub.lan.room import Ways
from hub.web import frames
from hub.web.gives import gives
from hub.web.hub import Sittings
from hub.web.joiners import PER_ADDRESS
from hub.web.keys import HUB, PHONES, SECURITY, SOCKETS
from hub.web.problems import Problem
from hub.web.query import answer, body
from hub.web.security import PHONE_COOKIE as COOKIE
from hub.web.security import network
from hub.web.shapes.workshop import Furnished, JoiningWays, Me, PhoneLeft, Removed
from hub.workshop import codes
from hub.workshop.people import Joining, Person, view
from hub.workshop.session import Room, Session, State

LONGEST = 64
KEPT_S = 24 * 3600
"""A phone is the same one for the day of the workshop."""
LONGEST_FRAME = 1024
"""Bytes of what a phone measures."""
BREATH_S = 0.05
"""Pause after each message of a phone, so that none keeps the hub busy."""
REPORT = "#report"
"""What is after the address in the code of the report: the phone that joined by this address is known there."""
SHAPE = '{"agreed": true, "table": 3, "name": "Léa"}'


def token(request: web.Request) -> str | None:
    """Return what a phone holds to be known again."""
    return request.cookies.get(COOKIE, "")[:LONGEST] or None


@gives(JoiningWays)
async def joining(request: web.Request) -> web.Response:
    """Say how people reach the page: addresses, the one to show with its code, the Wi-Fi network's code."""
    hub = request.app[HUB]
    session = await hub.with_sessions(lambda sittings: sittings.desk.current())
    return answer(await asyncio.to_thread(_told, hub.ways(), session))


def _told(ways: Ways, session: Session | None) -> dict[str, Any]:
    """Return it: plain HTTP unless the facilitator chose otherwise, because it works on every phone at once."""
    urls = [f"{each}join" for each in (*ways.plain, *ways.secure)]
    chosen = "" if session is None else session.address
    url = chosen if chosen in urls else next(iter(urls), None)
    wifi = None if session is None else session.wifi
    return {
        "url": url,
        "urls": urls,
        "code": None if url is None else codes.code(url),
        "report": None if url is None else codes.code(url + REPORT),
        "secure": None if ways.authority is None else _secure(ways, ways.authority),
        "name": ways.name,
        "is_vain": ways.is_vain,
        "wifi": None if wifi is None else {"ssid": wifi.ssid, "code": codes.code(codes.network(wifi))},
    }


def _secure(ways: Ways, authority: Seen) -> dict[str, Any]:
    """Return what a phone needs for the page by HTTPS, and what its owner compares before trusting anybody."""
    return {"urls": list(ways.secure), "fingerprint": authority.fingerprint, "until": authority.until.date()}


@gives(Me)
async def me(request: web.Request) -> web.Response:
    """Tell a phone who it is, and in which session; `is_on`: what it measures is taken."""
    given = token(request)

    def look(sittings: Sittings) -> dict[str, Any]:
        person, session = sittings.people.known(given), sittings.desk.current()
        return _of(person, session)

    told = await request.app[HUB].with_sessions(look)
    if told["me"] is not None:
        request.app[SECURITY].meet(given)
    return answer(told)


def _of(person: Person | None, session: Session | None) -> dict[str, Any]:
    shown = None if session is None else {"title": session.title, "purge": session.purge}
    is_on = person is not None and session is not None and person.session == session.id
    return {"me": None if person is None else view(person), "is_on": is_on, "session": shown}


@gives(Me, 201)
async def join(request: web.Request) -> web.Response:
    """Let a phone take part, or change its table and name; the cookie is out of reach of scripts and other sites."""
    wish, given = await body(request, Joining, SHAPE), token(request)
    if not await _is_known(request, given):
        await _let_in(request)

    def do(sittings: Sittings) -> tuple[Person, dict[str, Any], str]:
        person, kept = sittings.people.join(wish, given)
        return person, _of(person, sittings.desk.current()), kept

    person, told, kept = await request.app[HUB].with_sessions(do)
    if kept != given:
        request.app[PHONES].joiners.came(person.id, network(request.remote))
    response = answer(told, status=201)
    request.app[SECURITY].meet(kept)
    is_secure = request.app[SECURITY].secure
    response.set_cookie(COOKIE, kept, max_age=KEPT_S, path="/", httponly=True, samesite="Strict", secure=is_secure)
    return response


async def _is_known(request: web.Request, given: str | None) -> bool:
    """Tell whether a phone takes part in the current session already."""

    def look(sittings: Sittings) -> bool:
        person, current = sittings.people.known(given), sittings.desk.current()
        return person is not None and current is not None and person.session == current.id

    return await request.app[HUB].with_sessions(look)


async def _let_in(request: web.Request) -> None:
    """Forget who joined from the same address and never was here, so that somebody else can.

    Raises:
        UsageError: there is no place all the same.
    """
    joiners, address = request.app[PHONES].joiners, network(request.remote)
    for name in joiners.strays(address):
        joiners.left(name)
        person = await _named(request, name)
        if person is not None:
            await _forget(request, person)
    if joiners.is_full(address):
        msg = f"{PER_ADDRESS} people have joined from this address: no more are taken"
        raise UsageError(msg)


@gives(PhoneLeft)
async def leave(request: web.Request) -> web.Response:
    """Forget a phone: what its owner typed and answered, and what it measured. One that nobody knows is no error.

    The archive of a session that is over keeps measures, under the random id, until the day it is erased: `kept_until`.
    """
    given = token(request)

    def find(sittings: Sittings) -> tuple[Person | None, str | None]:
        person = sittings.people.known(given)
        session = None if person is None else sittings.desk.session(person.session)
        return person, session.purge if session is not None and session.state is State.ARCHIVED else None

    person, kept_until = await request.app[HUB].with_sessions(find)
    if person is not None:
        await _forget(request, person)
    response = answer({"me": None, "kept_until": kept_until})
    response.del_cookie(COOKIE, path="/")
    return response


@gives(Removed)
async def remove(request: web.Request) -> web.Response:
    """Remove a participant for good, with all that is kept of them."""
    name = request.match_info["id"]
    person = await _named(request, name)
    if person is None:
        msg = f"no participant {name[:40]!r} in the current session"
        raise NotFoundError(msg)
    await _forget(request, person)
    return answer({"id": name, "removed": True})


async def _named(request: web.Request, name: str) -> Person | None:
    return await request.app[HUB].with_sessions(lambda sittings: sittings.people.named(name))


async def _forget(request: web.Request, person: Person) -> None:
    hub = request.app[HUB]
    await hub.with_sessions(lambda sittings: sittings.people.leave(person))
    await request.app[PHONES].let_go(person.id)
    with contextlib.suppress(NotFoundError):  # it never spoke
        await hub.forget(person.device)


@gives(Furnished)
async def furnish(request: web.Request) -> web.Response:
    """Change what the projector shows, the address that people are told, the room's Wi-Fi network."""
    room = await body(request, Room, '{"shows": "join"} or {"wifi": {"ssid": "…", "password": "…"}}')
    name = request.match_info["id"]
    hub = request.app[HUB]
    session = await hub.with_sessions(lambda sittings: sittings.desk.furnish(name, room))
    hub.show_room()
    return answer({"id": session.id, "shows": session.shows})


@gives(socket=True)
async def phone(request: web.Request) -> web.StreamResponse:
    """Take what a participant's phone measures, for as long as its page is open."""
    given, phones = token(request), request.app[PHONES]

    def find(sittings: Sittings) -> Person | None:
        person, session = sittings.people.known(given), sittings.desk.current()
        return person if person is not None and session is not None and person.session == session.id else None

    socket = frames.opened(LONGEST_FRAME)
    if not socket.can_prepare(request).ok:
        raise Problem("upgrade", path=request.path, headers={"Upgrade": "websocket"})
    person = await request.app[HUB].with_sessions(find)
    if person is None:
        raise Problem("not_joined")
    request.app[SECURITY].meet(given)
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    try:
        with phones.line(person.id, socket):
            async for frame in frames.said(socket, BREATH_S):
                if frame.type is not WSMsgType.TEXT or not phones.is_mine(person.id, socket):
                    break
                try:
                    phones.take(person.id, sample(frame.data))
                except (msgspec.MsgspecError, RecursionError):
                    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"send measures of a phone")
                    break
    finally:
        request.app[SOCKETS].discard(socket)
    return socket
