"""Who plays in a use case: real devices take roles and give them back; a use case is turned off and on."""

from aiohttp import web
from msgspec import Struct

from hub.web.api.actions import who
from hub.web.gives import gives
from hub.web.keys import HUB, TWINS
from hub.web.query import answer, body
from hub.web.shapes.usecases import CandidateRoles, RoleOffers, RoleTaken, Turned


class RoleWish(Struct, forbid_unknown_fields=True):
    """A real device for a role. `channels`: measure → channel, or null: not heard; without: as they fit best."""

    device: str
    channels: dict[str, str | None] | None = None


class Turn(Struct, forbid_unknown_fields=True):
    """Whether a use case is off: it raises no alarm, and those it raised are suppressed."""

    off: bool


@gives(CandidateRoles)
async def candidates(request: web.Request) -> web.Response:
    """List, for each role, the real devices that could play it, best first, with what is odd about each."""
    return answer(request.app[HUB].candidates(request.match_info["name"]))


@gives(RoleOffers)
async def roles_for(request: web.Request) -> web.Response:
    """List the roles of all use cases that a real device could play, best first."""
    return answer(request.app[HUB].roles_for(request.match_info["id"]))


@gives(RoleTaken)
async def take(request: web.Request) -> web.Response:
    """Give a role to a real device: its use case lives on the real timeline at ×1 from then on."""
    said = await body(request, RoleWish, '{"device": "tasmota:kitchen", "channels": {"air": "temperature"}}')
    name, role = request.match_info["name"], request.match_info["role"]
    told = await request.app[HUB].take_role(name, role, said.device, said.channels, who(request))
    request.app[TWINS].hurry()
    return answer(told)


@gives(RoleTaken)
async def give_back(request: web.Request) -> web.Response:
    """Give a role back to its simulated device."""
    name, role = request.match_info["name"], request.match_info["role"]
    told = await request.app[HUB].give_back(name, role, who(request))
    request.app[TWINS].hurry()
    return answer(told)


@gives(Turned)
async def turn(request: web.Request) -> web.Response:
    """Turn a use case off, so that its alarms are suppressed, or on again."""
    said = await body(request, Turn, '{"off": true}')
    return answer(await request.app[HUB].turn(request.match_info["name"], who(request), off=said.off))
