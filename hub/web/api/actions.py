"""What people do to devices: name, room, ignore, lock, hide, accept, merge, forget, undo; the commands they give."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from hub.deeds import Wish
from hub.driver import Command
from hub.live import action_view, command_view, pace_view
from hub.model import Action, CommandState, PaceState
from hub.web.gives import LIMIT, gives
from hub.web.hub import Acts
from hub.web.keys import HUB, ROLE
from hub.web.once import KEYS, key_of
from hub.web.problems import Problem
from hub.web.query import answer, body, number, page
from hub.web.security import Role
from hub.web.shapes.devices import Acted, ActionList, Commanded, CommandList, Forgotten, Ignored, Pacing

MOST_LISTED = 1000
MOST_HELD = 100_000
"""More than the store keeps."""
SHAPE = '{"name": "Cellar", "room": "Basement", "ignored": false, "locked": false, "hidden": false}'


class DeviceChange(Wish, frozen=True, forbid_unknown_fields=True):
    """What to change of a device; what is not named stays. `name` null: its own again; `proposed` false: accept it."""


class Merge(Struct, forbid_unknown_fields=True):
    """The device that this one is."""

    into: str


class Filters(Struct, forbid_unknown_fields=True):
    """The topic filters to ignore, all of them."""

    topics: list[str]


class CommandWish(Struct, forbid_unknown_fields=True):
    """What a channel should become, in its unit; a switch: 1 or 0. `id`: the sender's own, at most 64 characters."""

    channel: str
    value: float | bool
    id: str | None = None


class PaceWish(Struct, forbid_unknown_fields=True):
    """How often a device is to report [s]."""

    every: int


def who(request: web.Request) -> str:
    """Return who acts, as an action records it."""
    return "command line" if request[ROLE] is Role.HUB else "facilitator"


@gives(Acted)
async def change(request: web.Request) -> web.Response:
    """Rename a device, say its room, ignore, lock, hide or accept it; the same again changes nothing."""
    said = await body(request, DeviceChange, SHAPE)
    wish: dict[str, Any] = msgspec.to_builtins(said)  # without what was not said
    if wish.get("proposed"):
        raise Problem("body", reason="a device is proposed by the hub only", shape=SHAPE)
    return await _act(request, lambda acting: acting.change(request.match_info["id"], wish, who(request)))


@gives(Acted)
async def merge(request: web.Request) -> web.Response:
    """Say that a device is another one: its names mean that one from now on, nothing is rewritten."""
    said = await body(request, Merge, '{"into": "tasmota:kitchen"}')
    return await _act(request, lambda acting: acting.merge(request.match_info["id"], said.into, who(request)))


@gives(Acted)
async def unmerge(request: web.Request) -> web.Response:
    """Let a merged device be itself again."""
    return await _act(request, lambda acting: acting.unmerge(request.match_info["id"], who(request)))


async def _act(request: web.Request, do: Callable[[Acts], Action]) -> web.Response:
    """Answer with the device as it is now and the number to undo it by (null: nothing was changed)."""
    hub = request.app[HUB]
    action = await hub.act(do)
    uid = hub.resolve(action.device)
    shown = hub.live.device_view(uid) if uid in hub.live.devices else {"id": uid}
    return answer({**shown, "action": action.id or None})


@gives(Forgotten)
async def forget(request: web.Request) -> web.Response:
    """Erase a device for ever: readings, names, raw messages; what is left elsewhere is told.

    What still speaks is known anew.
    """
    name = request.match_info["id"]
    return answer({"id": name, "forgotten": True, **await request.app[HUB].forget(name)})


@gives(ActionList, narrowed={"limit": LIMIT})
async def actions(request: web.Request) -> web.Response:
    """List what was done to devices, newest first."""
    limit = number(request, "limit", 100, 1, MOST_LISTED)
    found = await request.app[HUB].actions(MOST_HELD)
    shown, after = page(request, found, lambda each: (-each.id, ""), limit)
    return answer({"actions": [action_view(each) for each in shown], "next": after})


@gives(Acted)
async def undo(request: web.Request) -> web.Response:
    """Take an action back; refused when the same was changed again since."""
    text = request.match_info["number"]
    if not text.isascii() or not text.isdigit() or len(text) > 16:  # noqa: PLR2004 — more than the hub ever counts
        raise Problem("unknown", what=f"no action {text[:20]!r}", where="/api/v1/actions")
    return await _act(request, lambda acting: acting.undo(int(text), who(request)))


@gives(Ignored)
async def ignored(request: web.Request) -> web.Response:
    """List the topic filters that are ignored: journalled, never decoded."""
    found: list[str] = []

    def look(acting: Acts) -> Action:
        found.extend(acting.ignored_topics)
        return Action()

    await request.app[HUB].act(look)
    return answer({"topics": found})


@gives(Ignored)
async def ignore(request: web.Request) -> web.Response:
    """Ignore these topic filters, and no others."""
    said = await body(request, Filters, '{"topics": ["zigbee2mqtt/test/#"]}')
    action = await request.app[HUB].act(lambda acting: acting.ignore_topics(said.topics, who(request)))
    return answer({"topics": said.topics, "action": action.id or None})


@gives(Commanded, 202, also={409: Commanded}, once=True, durable=True)
async def command(request: web.Request) -> web.Response:
    """Give a command: `sent` (confirmed only by the device's own later report), or `refused` with the reason."""
    said = await body(request, CommandWish, '{"channel": "switch", "value": 1}')
    if said.id is not None and not (0 < len(said.id) <= 64 and said.id.isprintable()):  # noqa: PLR2004 — see CommandWish
        raise Problem("body", reason="id is empty, longer than 64 characters or not printable", shape='{"id": "…"}')
    wanted = Command(said.channel, float(said.value))
    again = said.id is not None and await request.app[KEYS].had_elsewhere(said.id)
    key = said.id or _key(request)
    given = await request.app[HUB].command(request.match_info["id"], wanted, who(request), key, again=again)
    return answer(command_view(given), status=409 if given.state is CommandState.REFUSED else 202)


def _key(request: web.Request) -> str | None:
    """Return the key by which a sender knows its request, as far as it can be a command's id."""
    key = key_of(request)
    return key if key is not None and len(key) <= 64 else None  # noqa: PLR2004 — see CommandWish


@gives(Pacing, 202, also={409: Pacing})
async def pace(request: web.Request) -> web.Response:
    """Make a device report every so many seconds during this session; its own period is asked for first and kept."""
    said = await body(request, PaceWish, '{"every": 10}')
    return await _pace(request, said.every)


@gives(Pacing, 202, also={409: Pacing})
async def unpace(request: web.Request) -> web.Response:
    """Give a device its own period back."""
    return await _pace(request, None)


async def _pace(request: web.Request, every: int | None) -> web.Response:
    paced = await request.app[HUB].pace(request.match_info["id"], every, who(request))
    said = {"id": paced.device, "pace": pace_view(paced)}
    if paced.state is PaceState.REFUSED:
        return answer(said | {"code": paced.code, "reason": paced.reason}, status=409)
    return answer(said, status=202)


@gives(CommandList, narrowed={"limit": LIMIT})
async def commands(request: web.Request) -> web.Response:
    """List the commands given to a device, newest first: who gave them and what became of them."""
    hub = request.app[HUB]
    uid = hub.resolve(request.match_info["id"])
    if uid not in hub.live.devices:
        raise Problem("device", name=repr(request.match_info["id"][:80]))
    found = await hub.commands(number(request, "limit", 100, 1, MOST_LISTED), uid)
    return answer({"commands": [command_view(each) for each in found]})
