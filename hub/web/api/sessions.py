"""Workshop sessions: start, pause, archive, reset, erase, and play their recordings again."""

import contextlib
from collections.abc import Callable
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct

from hub.errors import HubError
from hub.timeline import FASTEST_LIVE
from hub.web.api.coming import AGAIN, coming
from hub.web.gives import gives
from hub.web.hub import Sittings
from hub.web.keys import HUB, RUNNERS
from hub.web.problems import Problem
from hub.web.query import answer, body, whole
from hub.web.runners import Runners
from hub.web.shapes.workshop import Playing, SessionList, SessionNow, SessionPurged, SessionWhole, Stopped
from hub.workshop.session import Wish
from hub.workshop.wall import WallWish

SHAPE = '{"title": "Bakers of Nantes", "place": "Nantes", "purge": "2026-12-24"}'


class Again(Struct, forbid_unknown_fields=True):
    """Which recording to play: a session's, the newest unless told; as fast as it was unless told."""

    session: str | None = None
    speed: Annotated[float, Meta(gt=0, le=FASTEST_LIVE)] | None = None


@gives(SessionList)
async def sessions(request: web.Request) -> web.Response:
    """List the sessions, newest first; the one that is current; what is kept of them, why and until when."""
    hub = request.app[HUB]
    hub.player.prepare()
    told = await hub.with_sessions(lambda sittings: sittings.told())
    return answer({**told, "playing": hub.player.playing})


@gives(SessionWhole)
async def session(request: web.Request) -> web.Response:
    """Give one session, with the results of its votes."""
    name = request.match_info["id"]
    return answer(await request.app[HUB].with_sessions(lambda sittings: sittings.whole(name)))


@gives(SessionNow, 201, once=True)
async def start(request: web.Request) -> web.Response:
    """Start a session; refused while one is current."""
    wish = await body(request, Wish, SHAPE)

    def do(sittings: Sittings) -> dict[str, Any]:
        return sittings.view(sittings.desk.start(wish))

    fresh = await request.app[HUB].with_sessions(do)
    await _begin_show(request)
    return answer(fresh, status=201)


@gives(SessionNow)
async def pause(request: web.Request) -> web.Response:
    """Let what comes from now on belong to no session; again changes nothing."""
    name = request.match_info["id"]
    return answer(await request.app[HUB].with_sessions(lambda sittings: sittings.view(sittings.desk.pause(name))))


@gives(SessionNow)
async def resume(request: web.Request) -> web.Response:
    """Go on with a paused session; again changes nothing."""
    name = request.match_info["id"]
    return answer(await request.app[HUB].with_sessions(lambda sittings: sittings.view(sittings.desk.resume(name))))


@gives(SessionNow)
async def archive(request: web.Request) -> web.Response:
    """End a session; its archive is written in the background. Again changes nothing."""
    name = request.match_info["id"]
    return answer(await request.app[HUB].with_sessions(lambda sittings: sittings.view(sittings.desk.archive(name))))


@gives(SessionNow, 201, once=True)
async def reset(request: web.Request) -> web.Response:
    """Archive a session and start a new one, called the same unless told; the story begins anew. Devices stay known."""
    wish = await body(request, Wish, SHAPE) if await whole(request) else None
    name = request.match_info["id"]

    def do(sittings: Sittings) -> dict[str, Any]:
        return sittings.view(sittings.desk.reset(name, wish))

    fresh = await request.app[HUB].with_sessions(do)
    await _begin_show(request)
    await end_replay(request)
    runner = request.app[RUNNERS].story()
    if runner is not None and runner.state is not None:
        with contextlib.suppress(Problem):  # who plays is away: the session is new all the same
            await runner.ask("scenario", usecase=runner.state.usecase, seed=runner.state.seed)
    return answer(fresh, status=201)


async def _begin_show(request: web.Request) -> None:
    """Let the screens live and the guide begin: a picture that stands still, or a step, is the last session's."""
    with contextlib.suppress(HubError):  # the session is new all the same
        await request.app[HUB].furnish_wall(WallWish(frozen=False, guide=None))


@gives(SessionPurged)
async def purge(request: web.Request) -> web.Response:
    """Erase a session for ever: what was typed, messages, readings, alarms, archive. Devices stay known."""
    hub, name = request.app[HUB], request.match_info["id"]
    if hub.player.playing == name:
        await end_replay(request)
    await hub.player.stand_down()
    purged = await hub.with_sessions(lambda sittings: sittings.purge(name))
    await hub.player.stand_down()  # somebody may have looked at the console meanwhile
    return answer(purged)


@gives(Playing, 202, once=True, problems=("unknown",))
async def play(request: web.Request) -> web.Response:
    """Play the recording of an archived session again, marked as replayed, on a run of its own; stories wait."""
    shape = '{"session": "1a2b3c4d", "speed": 60}'
    wish = await body(request, Again, shape) if await whole(request) else Again()
    player, runners = request.app[HUB].player, request.app[RUNNERS]
    before = "" if runners.newest is None else runners.newest.run
    with contextlib.ExitStack() as announced:
        announced.enter_context(coming(request.app[HUB].tables, AGAIN))
        playing = await player.play(wish.session, wish.speed)
        await runners.hold()
        runners.beside(_until_there(runners, before, lambda: player.playing is not None, announced.pop_all()))
    return answer(playing, status=202)


async def _until_there(
    runners: Runners, before: str, is_wanted: Callable[[], bool], announced: contextlib.ExitStack
) -> None:
    """Let every screen know what is on its way until it is there, or nobody wants it any more."""
    with announced:
        await runners.other_than(before, is_wanted)


@gives(Stopped)
async def stop(request: web.Request) -> web.Response:
    """Stop what is played again, and let the stories go on; nothing may be played."""
    hub, runner = request.app[HUB], request.app[RUNNERS].story()
    waits = "" if runner is None or runner.state is None or hub.player.playing is None else runner.state.usecase
    titles = {str(each["name"]): each["title"] for each in hub.usecases()}
    with coming(hub.tables, titles.get(waits), waits):
        await end_replay(request)
    return answer({"playing": None})


async def end_replay(request: web.Request) -> None:
    """Stop what is played again, and let the stories go on."""
    await request.app[HUB].player.stop()
    await request.app[RUNNERS].release()
