"""The silent test of the siren: each screen goes the way of an alarm at no volume, and says whether it is heard."""

from aiohttp import web

from hub.live import Batch
from hub.web.gives import gives
from hub.web.keys import HUB
from hub.web.query import answer
from hub.web.shapes.workshop import ScreenList, SirenTest


@gives(SirenTest)
async def test(request: web.Request) -> web.Response:
    """Have every screen test its siren at no volume; the number is in what they then say of themselves."""
    live = request.app[HUB].live
    live.apply(Batch(siren=live.siren + 1))
    return answer({"test": live.siren, "viewers": live.viewers})


@gives(ScreenList)
async def screens(request: web.Request) -> web.Response:
    """Say of each screen that is connected whether its sound would be heard."""
    live = request.app[HUB].live
    known = [each for each in live.screens if each is not None]
    told = [{"page": each.page, "sound": each.sound, "tested": each.tested} for each in known]
    return answer({"test": live.siren, "screens": told, "unknown": live.viewers - len(known)})
