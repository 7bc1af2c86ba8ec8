"""Devices, raw messages and use cases."""

import asyncio
import re
from collections.abc import Sequence

from aiohttp import web

from hub.capture import capture as captured
from hub.errors import NotFoundError
from hub.model import Heard, rfc3339
from hub.refusals.explain import Explainer
from hub.refusals.grouping import Group, groups, matching
from hub.web.gives import LIMIT, gives
from hub.web.keys import HUB
from hub.web.problems import Problem
from hub.web.query import answer, choice, number, page, tagged
from hub.web.seating import live_of, table_of
from hub.web.shapes.devices import Capture, DeviceList, DeviceNow, MessageList, RefusalList
from hub.web.shapes.usecases import UseCaseList, UseCaseWhole

PREVIEW = 256
MOST_LISTED = 1000
LAST_POSITION = 10**19
MOST_HELD = 100_000
"""More messages than the hub remembers by topic and reason."""
LONGEST_SEARCH = 200


@gives(DeviceList, tagged=True)
async def devices(request: web.Request) -> web.Response:
    """List the devices with the latest value of each channel: the room's, or with `table` that table's own."""
    return tagged(request, {"devices": live_of(request).device_views()})


@gives(DeviceNow, problems=("device",))
async def device(request: web.Request) -> web.Response:
    """Give one device, by id or by any of its other names."""
    hub = request.app[HUB]
    name = request.match_info["id"]
    uid = hub.resolve(name)
    live = hub.tables.having(uid)
    if uid not in live.devices:
        raise Problem("device", name=repr(name[:80]))
    return answer(live.device_view(uid))


@gives(MessageList, narrowed={"limit": LIMIT})
async def messages(request: web.Request) -> web.Response:
    """List the newest messages and what was understood of them."""
    limit = number(request, "limit", 100, 1, MOST_LISTED)
    wanted = choice(request, "understood", ("true", "false"))
    understood = None if wanted is None else wanted == "true"
    asked = limit if not request.query.get("cursor") else MOST_HELD
    heard = await request.app[HUB].messages(asked + 1, understood=understood)
    shown, after = page(request, heard, _newest_first, limit)
    return answer({"messages": [_message(each) for each in shown], "next": after})


@gives(RefusalList, narrowed={"limit": LIMIT})
async def not_understood(request: web.Request) -> web.Response:
    """Group what nobody understood by topic pattern, family and reason: what was due, where it fails, what helps."""
    hub = request.app[HUB]
    limit = number(request, "limit", 100, 1, MOST_LISTED)
    wanted = request.query.get("search", "")[:LONGEST_SEARCH]
    heard = await hub.messages(MOST_LISTED, understood=False)
    found, all_of_them = await asyncio.to_thread(_grouped, heard, hub.explainer, wanted)
    listed = [_group(each, hub.explainer) for each in found[:limit]]
    return answer({"groups": listed, "count": all_of_them, "found": len(found)})


def _grouped(heard: Sequence[Heard], explainer: Explainer, wanted: str) -> tuple[list[Group], int]:
    """Return the groups that are wanted, and how many there are in all. Blocks: it works through every message."""
    found = groups(heard, explainer)
    named = [(model, title) for model, titles in explainer.titles.items() for title in titles.values()]
    return matching(found, wanted, named), len(found)


def _group(group: Group, explainer: Explainer) -> dict[str, object]:
    told, newest = group.explanation, group.newest
    return {
        "topic": group.topic,
        "topics": group.topics,
        "count": group.count,
        "received": rfc3339(newest.received),
        "driver": group.driver,
        "family": None if told.nearest is None else {"model": told.nearest, "title": explainer.titles[told.nearest]},
        "reason": told.reasons["en"],
        "reasons": told.reasons,
        "expected": told.expected,
        "where": told.where,
        "remedy": told.remedy,
        "newest": {"position": newest.position, "topic": newest.topic, "payload": preview(newest.payload)},
    }


@gives(Capture)
async def capture(request: web.Request) -> web.Response:
    """Give one message whole, as a capture file that a driver starts from; addresses and names replaced on request."""
    scrub = choice(request, "scrub", ("true", "false")) == "true"
    text = request.match_info["position"]
    try:
        heard = await request.app[HUB].message(int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0)
    except NotFoundError as error:
        raise Problem("unknown", what=error, where="/api/v1/messages") from error
    found = answer(captured(heard.topic, heard.payload, heard.received, scrub=scrub))
    found.headers["Content-Disposition"] = 'attachment; filename="capture.json"'
    return found


def _newest_first(heard: Heard) -> tuple[int, str]:
    return -heard.received, f"{LAST_POSITION - heard.position:020d}"


def _message(heard: Heard) -> dict[str, object]:
    return {
        "position": heard.position,
        "topic": heard.topic,
        "received": rfc3339(heard.received),
        "understood": heard.understood,
        "driver": heard.driver,
        "reason": heard.reason,
        "payload": preview(heard.payload),
        "count": heard.count,
    }


def preview(payload: bytes) -> str:
    """Return the beginning of a payload: text where it is text, else hexadecimal."""
    start = payload[: PREVIEW * 4]
    try:
        text = start.decode()
    except UnicodeDecodeError as error:
        text = start[: error.start].decode() if len(start) - error.start < 4 and len(payload) > len(start) else ""  # noqa: PLR2004 — a character cut in two
    if text.isprintable() or (text and all(char.isprintable() or char in "\r\n\t" for char in text)):
        return text[:PREVIEW] if text or not payload else payload[: PREVIEW // 2].hex()
    return payload[: PREVIEW // 2].hex()


@gives(UseCaseList, tagged=True)
async def usecases(request: web.Request) -> web.Response:
    """List the use cases."""
    return tagged(request, {"usecases": request.app[HUB].usecases(table_of(request))})


@gives(UseCaseWhole, tagged=True)
async def usecase(request: web.Request) -> web.Response:
    """Give one use case: roles, measures, rules, sentence, money."""
    try:
        return tagged(request, request.app[HUB].usecase(request.match_info["name"], table_of(request)))
    except NotFoundError as error:
        raise Problem("unknown", what=error, where="/api/v1/usecases") from error
