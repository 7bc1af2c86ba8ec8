"""A CSV file, handed over on the page: how it would be read, a dry run, the import, how far it is, and its end.

The same plan as `matinales import` (hub/ingest/csv_import.py), the same door into the journal.
"""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from hub.errors import UsageError
from hub.ingest import csv_import
from hub.ingest.csv_import import LARGEST, Mistake, Plan, Row, Shape
from hub.model import rfc3339
from hub.web import incoming
from hub.web.gives import CSV, gives
from hub.web.keys import HUB, UPLOADS
from hub.web.problems import Problem
from hub.web.query import answer, body
from hub.web.shapes.history import ImportLooks, ImportNow, ImportPreview
from hub.web.uploads import TooLargeError, Upload

SHOWN = 8
"""Rows that the preview shows."""
SAID = ("channel", "value", "unit", "quality")
WISH = '{"device": "oven", "columns": {"Temp": "temperature [°C]"}, "time": ["Date"], "tz": "Europe/Paris"}'


class ImportWish(Struct, forbid_unknown_fields=True):
    """How a file is to be read, as the options of `matinales import` say it; what is left out is found out.

    Attributes:
        device: a new device's name, or `generic:TOPIC` of a known one.
        map: column → channel, the unit in brackets; empty: every column.
        time: column of the time, or two of date and hour.
        separator, decimal: between cells; `,` or `.`.
        tz: zone of times without offset; the hub's own unless told.
        dry_run: read and check everything, import nothing.
    """

    device: str
    map: dict[str, str] = {}
    time: tuple[str, ...] = ()
    separator: str | None = None
    decimal: str | None = None
    tz: str | None = None
    dry_run: bool = False


@gives(ImportLooks, 201, body=(CSV,), problems=("crowded_imports",))
async def receive(request: web.Request) -> web.Response:
    """Take a CSV file of at most 16 MiB as it is, and say what it looks like."""
    incoming.check(request, LARGEST)
    name = request.query.get("name", "").replace("\\", "/").rpartition("/")[2]
    try:
        upload = await request.app[UPLOADS].receive(name, incoming.pieces(request), LARGEST)
    except TooLargeError:
        raise incoming.too_large(LARGEST) from None
    if upload is None:
        raise Problem("crowded_imports")
    try:
        seen = await asyncio.to_thread(csv_import.shape, upload.file)
    except UsageError as error:
        await request.app[UPLOADS].drop(upload)
        raise _refused(request, error) from None
    return answer({"id": upload.id, "name": upload.name, "size": upload.size, **_looks(seen)}, status=201)


@gives(ImportPreview, problems=("busy_import",))
async def preview(request: web.Request) -> web.Response:
    """Say how the first rows would be read by this plan, or what is wrong with it; nothing is imported."""
    upload = _upload(request)
    wish = await body(request, ImportWish, WISH)
    if upload.is_busy:
        raise Problem("busy_import")
    seen = None
    try:
        seen = await _seen(upload, wish)
        plan = await _planned(request, seen, wish)
        rows, mistakes = await asyncio.to_thread(_first, upload, plan, seen)
    except UsageError as error:
        looks = {"shape": None} if seen is None else _looks(seen)
        return answer({"problem": _reasons(request, str(error)), "plan": None, **looks, "rows": [], "mistakes": []})
    received = request.app[HUB].live.wall()
    understood = await request.app[HUB].decoded([csv_import.message(row, plan, received) for row in rows])
    return answer(
        {
            "problem": None,
            "plan": msgspec.to_builtins(plan),
            **_looks(seen),
            "rows": [
                {
                    "line": row.line,
                    "time": rfc3339(row.time),
                    "readings": [{key: each[key] for key in SAID} for each in shape["readings"]],
                    "rejected": [_reasons(request, f"{each['field']}: {each['reason']}") for each in shape["rejected"]],
                }
                for row, shape in zip(rows, understood, strict=True)
            ],
            "mistakes": _mistakes(request, mistakes),
        }
    )


@gives(ImportNow, 202, problems=("busy_import",))
async def start(request: web.Request) -> web.Response:
    """Begin the import, or its dry run; where a line is wrong, nothing is imported."""
    hub, upload = request.app[HUB], _upload(request)
    wish = await body(request, ImportWish, WISH)
    if upload.is_busy:
        raise Problem("busy_import")
    try:
        seen = await _seen(upload, wish)
        plan = await _planned(request, seen, wish)
    except UsageError as error:
        raise _refused(request, error) from None
    append = None if wish.dry_run else hub.append
    request.app[UPLOADS].begin(upload, plan, seen, append, hub.live.wall())
    return answer(await _state(request, upload), status=202)


@gives(ImportNow)
async def state(request: web.Request) -> web.Response:
    """Say how far an import is, and which lines are wrong."""
    return answer(await _state(request, _upload(request)))


@gives(ImportNow)
async def cancel(request: web.Request) -> web.Response:
    """Stop an import between two commits; the file stays."""
    upload = _upload(request)
    await request.app[UPLOADS].cancel(upload)
    return answer(await _state(request, upload))


@gives(None, 204)
async def drop(request: web.Request) -> web.Response:
    """Stop an import and forget its file."""
    await request.app[UPLOADS].drop(_upload(request))
    return web.Response(status=204)


def _upload(request: web.Request) -> Upload:
    found = request.app[UPLOADS].get(request.match_info["id"])
    if found is None:
        raise Problem("no_import")
    return found


async def _seen(upload: Upload, wish: ImportWish) -> Shape:
    return await asyncio.to_thread(csv_import.shape, upload.file, wish.separator, wish.decimal)


async def _planned(request: web.Request, seen: Shape, wish: ImportWish) -> Plan:
    """Return the whole plan.

    Raises:
        UsageError: the file and the wish do not fit.
    """
    zone = wish.tz or request.app[HUB].config.tz
    plan = Plan(device=wish.device, time=wish.time, columns=wish.map, tz=zone)
    return await asyncio.to_thread(csv_import.complete, plan, seen)  # a zone is a file


def _first(upload: Upload, plan: Plan, seen: Shape) -> tuple[list[Row], list[Mistake]]:
    """Return the first rows, and what is wrong among them. Blocks."""
    with closing(csv_import.rows(upload.file, plan, seen)) as lines:
        read = [*islice(lines, SHOWN)]
    mistakes = [mistake for each in read if isinstance(each, list) for mistake in each]
    return [each for each in read if isinstance(each, Row)], mistakes


def _looks(seen: Shape) -> dict[str, Any]:
    return {"shape": msgspec.to_builtins(seen)}


async def _state(request: web.Request, upload: Upload) -> dict[str, Any]:
    mistakes = await asyncio.to_thread(_mistakes, request, upload.tally.mistakes)
    return {
        "id": upload.id,
        "name": upload.name,
        "state": upload.state,
        "done": upload.done,
        "size": upload.size,
        "rows": upload.tally.rows,
        "imported": upload.imported,
        "count": upload.tally.count,
        "mistakes": mistakes,
        "reason": upload.reason,
    }


def _mistakes(request: web.Request, mistakes: Sequence[Mistake]) -> list[dict[str, Any]]:
    return [{"line": each.line, "column": each.column, **_reasons(request, each.reason)} for each in mistakes]


def _reasons(request: web.Request, reason: str) -> dict[str, Any]:
    return {"reason": reason, "reasons": {"en": reason, "fr": request.app[HUB].explainer.french(reason) or reason}}


def _refused(request: web.Request, error: UsageError) -> Problem:
    return Problem("file", **_reasons(request, str(error))["reasons"])
