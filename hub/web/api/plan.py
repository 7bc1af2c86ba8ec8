"""The floor plan: the room sees it, whoever leads gives it a picture and hangs the devices."""

from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from hub.errors import NotFoundError
from hub.web import incoming
from hub.web.gives import PICTURES, gives
from hub.web.hub import Planner
from hub.web.keys import HUB
from hub.web.problems import Problem
from hub.web.query import answer, body, tagged
from hub.web.shapes.workshop import PlanNow, PlanPlace, TakenOff
from hub.workshop import plan as pure
from hub.workshop.plan import PlaceWish, Plan, PlanError
from hub.workshop.planner import LARGEST

T = TypeVar("T")
SHAPE = '{"x": 0.25, "y": 0.5}'
ONLY_DRAWS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Of a picture that is opened by itself: it runs nothing, asks for nothing and is of no origin; a drawing's own colours
stand in style sheets. Stricter than the page's own (`hub.web.security`) in all but these."""
KEPT = "private, max-age=86400, immutable"
"""By browsers, of a picture that is asked for by its id: another one has another id."""


@gives(PlanNow, tagged=True)
async def plan(request: web.Request) -> web.Response:
    """Give the floor plan: its picture (null: the drawn one) and where which device hangs."""
    return tagged(request, await _now(request))


async def _now(request: web.Request) -> dict[str, Any]:
    shown, session = await _with_planner(request, lambda planner: (planner.shown(), planner.session))
    hub, told = request.app[HUB], pure.view(shown, session)
    # each device under the name by which it is known now, once
    places = {hub.resolve(each["device"]): each for each in reversed(told["places"])}
    there = [{**places[uid], "device": uid} for uid in sorted(places) if uid in hub.live.devices]
    return {**told, "places": there, "largest": LARGEST}


@gives(PlanPlace)
async def hang(request: web.Request) -> web.Response:
    """Hang a device, or hang it elsewhere: fractions of the picture, from its left and upper edge."""
    wish, hub = await body(request, PlaceWish, SHAPE), request.app[HUB]
    uid = hub.resolve(request.match_info["id"])
    if uid not in hub.live.devices:
        raise Problem("device", name=repr(uid[:80]))

    def do(planner: Planner) -> Plan:
        return planner.hang(uid, pure.place(wish.x, wish.y))

    hung = (await _with_planner(request, do)).places[uid]
    return answer({"device": uid, "x": hung.x, "y": hung.y})


@gives(TakenOff)
async def take_off(request: web.Request) -> web.Response:
    """Take a device off the plan; it stays known."""
    hub = request.app[HUB]
    uid = hub.resolve(request.match_info["id"])
    shown = await _with_planner(request, lambda planner: planner.shown())
    hung = [each for each in shown.places if uid in {each, hub.resolve(each)}]  # two that were hung may be one since
    await _with_planner(request, lambda planner: planner.take_off(*(hung or [uid])))
    return answer({"device": uid, "removed": True})


@gives(media=PICTURES, problems=("unknown",))
async def picture(request: web.Request) -> web.Response:
    """Give the plan's picture, as a picture and nothing else."""
    name = request.query.get("id")
    found, data = await _with_planner(request, lambda planner: planner.picture(name))
    headers = {"Cache-Control": "no-cache" if name is None else KEPT, "Content-Security-Policy": ONLY_DRAWS}
    return web.Response(body=data, content_type=found.type, headers=headers)


@gives(PlanNow, body=PICTURES)
async def show(request: web.Request) -> web.Response:
    """Take a picture (PNG, JPEG, WebP or SVG, at most 8 MiB) as it is; devices stay where they hang."""
    data = await incoming.whole(request, LARGEST)
    title = request.query.get("title", "")
    await _with_planner(request, lambda planner: planner.show(data, title))
    return answer(await _now(request))


@gives(PlanNow)
async def draw(request: web.Request) -> web.Response:
    """Take the picture away for ever: the drawn plan is shown again, devices stay where they hang."""
    await _with_planner(request, lambda planner: planner.draw())
    return answer(await _now(request))


async def _with_planner(request: web.Request, do: Callable[[Planner], T]) -> T:
    """Do something with the plan, in a thread.

    Raises:
        Problem: it cannot be done, and why.
    """
    try:
        return await request.app[HUB].with_sessions(lambda sittings: do(sittings.planner))
    except PlanError as error:
        raise Problem("plan", en=error.texts["en"], fr=error.texts["fr"]) from error
    except NotFoundError as error:
        raise Problem("unknown", what=error, where="/api/v1/plan") from error
