"""What a use case may be worth, and what it costs: with hypotheses and prices that the facilitator changes."""

from aiohttp import web
from msgspec import Struct

from hub.errors import NotFoundError, UsageError
from hub.model import rfc3339
from hub.store.base import Range
from hub.usecases import choosing
from hub.web.gives import gives
from hub.web.hub import Change
from hub.web.keys import HUB, READING
from hub.web.problems import Problem
from hub.web.query import LATEST, answer, body, time_of
from hub.web.seating import table_of
from hub.web.shapes.usecases import Money
from hub.web.sittings import session_of


class HypothesisWish(Struct, forbid_unknown_fields=True):
    """Body of `PUT /usecases/{name}/hypotheses/{id}`; null: what is measured, else the default, holds again."""

    value: float | None


class PriceWish(Struct, forbid_unknown_fields=True):
    """Body of `PUT /usecases/{name}/materials/{place}` [€]; both null: the use case's own price holds again."""

    low: float | None = None
    high: float | None = None


@gives(Money)
async def money(request: web.Request) -> web.Response:
    """Give what a use case may be worth, by the readings from `start` to `stop`; since the run's start unless told.

    With the hypotheses and prices of the workshop session that is on, or of `session`.
    """
    session = session_of(request)
    hub, name = request.app[HUB], request.match_info["name"]
    try:
        run = request.query.get("run") or hub.usecase(name, table_of(request))["run"]
        start, stop, now = time_of(request, "start"), time_of(request, "stop"), hub.live.now(run)
        since, until = 0 if start is None else max(start(now), 0), LATEST if stop is None else stop(now)
        async with request.app[READING]:
            return answer(await hub.money(name, Range(run=run, start=since, stop=until), session))
    except NotFoundError as error:
        raise Problem("unknown", what=error, where="/api/v1/usecases") from error


@gives(choosing.Choices)
async def hypothesis(request: web.Request) -> web.Response:
    """Change a hypothesis on all screens, within its bounds."""
    return await chosen(request)


async def chosen(request: web.Request, table: int = 0) -> web.Response:
    """Change the hypothesis that an address names, for a table alone or (0) for the whole room."""
    wish = await body(request, HypothesisWish, '{"value": 3000}, or null for the default')
    name = request.match_info["id"]
    return await _changed(request, lambda usecase, before: choosing.choose(usecase, before, name, wish.value), table)


@gives(choosing.Choices)
async def material(request: web.Request) -> web.Response:
    """Change a price of the bill of materials on all screens; it bears today's date."""
    wish = await body(request, PriceWish, '{"low": 15, "high": 30}, or {} for the use case\'s own price')
    if (wish.low is None) != (wish.high is None):
        raise Problem("body", reason="low and high go together", shape='{"low": 15, "high": 30}')
    place = request.match_info["place"]
    today = rfc3339(request.app[HUB].live.wall())[:10]
    found = None if wish.low is None or wish.high is None else choosing.Price(wish.low, wish.high, today)
    number = int(place) if place.isdecimal() else -1
    return await _changed(request, lambda usecase, before: choosing.price(usecase, before, number, found))


async def _changed(request: web.Request, how: Change, table: int = 0) -> web.Response:
    name = request.match_info["name"]
    try:
        return answer(await request.app[HUB].choose(name, how, table))
    except NotFoundError as error:
        raise Problem("unknown", what=error, where=f"/api/v1/usecases/{name}/money") from error
    except UsageError as error:
        raise Problem("body", reason=str(error), shape='{"value": 3000} within the bounds') from error
