"""Becoming the facilitator: by PIN, or by the single-use code of the printed address."""

import asyncio

from aiohttp import web
from msgspec import Struct

from hub.web.gives import gives
from hub.web.keys import ROLE, SECURITY
from hub.web.problems import Problem
from hub.web.query import answer, body
from hub.web.security import COOKIE, Role
from hub.web.sessions import CODE_S, KEPT_S
from hub.web.shapes.workshop import LoggedIn, LoginCode, Who

SHAPE = '{"pin": "123456"} or {"code": "…"}'


class Login(Struct, forbid_unknown_fields=True):
    """One of the two."""

    pin: str | None = None
    code: str | None = None


def role_name(role: Role) -> str:
    """Return a role as the page knows it."""
    return "facilitator" if role >= Role.FACILITATOR else role.name.lower()


@gives(Who)
async def who(request: web.Request) -> web.Response:
    """Tell the page who it is, and whether a PIN would help."""
    return answer({"role": role_name(request[ROLE]), "login": request.app[SECURITY].pin is not None})


@gives(LoggedIn, problems=("login", "no_login"), headers={"Set-Cookie": "the session, out of reach of scripts"})
async def log_in(request: web.Request) -> web.Response:
    """Open a session; the cookie is out of reach of scripts and of other sites."""
    security = request.app[SECURITY]
    said = await body(request, Login, SHAPE)
    if (said.pin is None) == (said.code is None):
        raise Problem("body", reason="one of pin and code is needed", shape=SHAPE)
    await security.look()  # who guesses at several workers is slowed as at one
    try:
        secret = await security.log_in(request, pin=said.pin, code=said.code)
        security.sessions.close(request.cookies.get(COOKIE))
        await asyncio.to_thread(security.sessions.save)
    finally:
        await security.look()
    response = answer({"role": "facilitator"})
    response.set_cookie(
        COOKIE, secret, max_age=KEPT_S, path="/", httponly=True, samesite="Strict", secure=security.secure
    )
    return response


@gives(LoggedIn)
async def log_out(request: web.Request) -> web.Response:
    """Close the session."""
    security = request.app[SECURITY]
    security.sessions.close(request.cookies.get(COOKIE))
    await asyncio.to_thread(security.sessions.save)
    await security.look()
    response = answer({"role": "viewer"})
    response.del_cookie(COOKIE, path="/")
    return response


@gives(LoggedIn)
async def renew(request: web.Request) -> web.Response:
    """Take the PIN that the command line has just made; every facilitator logs in again with it."""
    security = request.app[SECURITY]
    await security.look()  # who logged in at another worker a moment ago is out, too
    await asyncio.to_thread(security.renew_pin)
    await security.look()
    return answer({"role": role_name(request[ROLE])})


@gives(LoginCode)
async def code(request: web.Request) -> web.Response:
    """Give the command line a fresh code for the address it prints."""
    return answer({"code": await request.app[SECURITY].codes.new(), "valid_s": CODE_S})
