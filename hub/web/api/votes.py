"""Questions to the room: the facilitator asks and closes, every phone answers once and may change its mind."""

import secrets
from typing import Any

from aiohttp import web
from msgspec import Struct

from hub.web.api import phones
from hub.web.gives import gives
from hub.web.hub import Sittings
from hub.web.keys import HUB
from hub.web.query import answer, body
from hub.web.shapes.workshop import VoteNow, VoteShown
from hub.workshop.vote import Question

COOKIE = "matinales-voter"
LONGEST = 64
KEPT_S = 24 * 3600
"""A phone is the same one for the day of the workshop."""


class Answer(Struct, forbid_unknown_fields=True):
    """The number of the option, from 0."""

    choice: int


@gives(VoteShown)
async def shown(request: web.Request) -> web.Response:
    """Give the vote that is asked or whose result is shown, and what this phone answered."""
    voter, given = _voter(request), phones.token(request)

    def tell(sittings: Sittings) -> dict[str, Any]:
        person = sittings.people.known(given)
        return sittings.ballot.told(voter if person is None else person.id)

    return answer(await request.app[HUB].with_sessions(tell))


@gives(VoteNow, 201, once=True)
async def ask(request: web.Request) -> web.Response:
    """Ask the room; a vote that was open is closed."""
    asked = await body(request, Question, '{"question": "…", "options": ["…", "…"]}')
    return answer(await request.app[HUB].with_sessions(lambda sittings: sittings.ballot.ask(asked)), status=201)


@gives(VoteShown)
async def take(request: web.Request) -> web.Response:
    """Take a phone's answer; its earlier one goes. It is a participant's, or known by a random cookie and nothing else.

    Who has answered before joining is one voter all the same.
    """
    said, name = await body(request, Answer, '{"choice": 0}'), request.match_info["id"]
    voter, given = _voter(request) or secrets.token_urlsafe(12), phones.token(request)

    def give(sittings: Sittings) -> dict[str, Any]:
        person = sittings.people.known(given)
        if person is not None:
            return sittings.ballot.answer(name, person.id, said.choice, instead=voter)
        return sittings.ballot.answer(name, voter, said.choice)

    taken = await request.app[HUB].with_sessions(give)
    response = answer({"vote": taken, "mine": said.choice})
    response.set_cookie(COOKIE, voter, max_age=KEPT_S, httponly=True, samesite="Strict")
    return response


@gives(VoteNow)
async def close(request: web.Request) -> web.Response:
    """Take no more answers, and show the result."""
    name = request.match_info["id"]
    return answer(await request.app[HUB].with_sessions(lambda sittings: sittings.ballot.close(name)))


@gives(VoteNow)
async def put_away(request: web.Request) -> web.Response:
    """Take a vote off the screens; its result stays in the session."""
    name = request.match_info["id"]
    return answer(await request.app[HUB].with_sessions(lambda sittings: sittings.ballot.put_away(name)))


def _voter(request: web.Request) -> str | None:
    return request.cookies.get(COOKIE, "")[:LONGEST] or None
