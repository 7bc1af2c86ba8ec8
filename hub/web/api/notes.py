"""Notes on the time-line: whoever leads writes them, the room sees those of the session it is in."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from hub.errors import NotFoundError
from hub.model import REAL
from hub.noting import note_lines
from hub.web.accept import wants_table
from hub.web.gives import CSV, gives
from hub.web.hub import Hub, Sittings
from hub.web.keys import HUB, SECURITY
from hub.web.problems import Problem
from hub.web.query import TIME_REMEDY, answer, body, choice, moment, number, page, span, time_of
from hub.web.security import Role
from hub.web.shapes.workshop import NoteKept, NoteList, Removed
from hub.web.sittings import session_of
from hub.workshop import note
from hub.workshop.note import Note, NoteError, NoteWish, Place

SHAPE = '{"text": "door left open", "time": "-5m", "author": "Zoé", "usecase": "cold_room"}'
FORMATS = ("json", "csv")
MOST_LISTED = 10_000
DIALECTS = ("plain", "fr")


@gives(NoteList, media=(CSV,))
async def notes(request: web.Request) -> web.Response:
    """List the notes of the session the room is in, or of another one; the earliest moment first; CSV when asked."""
    session, wanted = session_of(request), _wanted(request)

    def read(sittings: Sittings) -> list[Note]:
        found = sittings.notebook.shown() if session is None else sittings.notes(session)
        return [each for each in found if wanted(each)]

    limit = number(request, "limit", MOST_LISTED, 1, MOST_LISTED)
    found, after = page(request, await request.app[HUB].with_sessions(read), lambda each: (each.time, each.id), limit)
    is_french = choice(request, "dialect", DIALECTS) == "fr"
    choice(request, "format", FORMATS)
    if not wants_table(request):
        return answer({"notes": [note.view(each) for each in found], "next": after})
    request.app[SECURITY].check(request, Role.FACILITATOR)  # exports are the facilitator's (design.md §4, Roles)
    headers = {"Content-Disposition": 'attachment; filename="notes.csv"', "Cache-Control": "no-store"}
    text = "".join(note_lines(found, french=is_french))
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


@gives(NoteKept, 201, once=True, problems=("unknown",))
async def add(request: web.Request) -> web.Response:
    """Note something about a moment of a run; kept in the current session, erased with it."""
    wish = await body(request, NoteWish, SHAPE)
    try:
        place = _place(request.app[HUB], wish)
        kept = await request.app[HUB].with_sessions(
            lambda sittings: sittings.notebook.add(wish.text, wish.author, place)
        )
    except NoteError as error:
        raise Problem("note", en=error.texts["en"], fr=error.texts["fr"]) from error
    return answer(note.view(kept), status=201)


@gives(Removed)
async def remove(request: web.Request) -> web.Response:
    """Take a note away for ever."""
    name = request.match_info["id"]
    try:
        gone = await request.app[HUB].with_sessions(lambda sittings: sittings.notebook.remove(name))
    except NotFoundError as error:
        raise Problem("unknown", what=error, where="/api/v1/notes") from error
    return answer({"id": gone.id, "removed": True})


def _wanted(request: web.Request) -> Callable[[Note], bool]:
    """Return whether a note is asked for; a span counts from the now of its own run."""
    start, stop, run = time_of(request, "start"), time_of(request, "stop"), request.query.get("run")
    live = request.app[HUB].live

    def wanted(each: Note) -> bool:
        now = live.now(each.run)
        is_early = start is not None and each.time < start(now)
        return run in {None, each.run} and not is_early and (stop is None or each.time < stop(now))

    return wanted


def _place(hub: Hub, wish: NoteWish) -> Place:
    """Return where a note stands, as far as it says so.

    Raises:
        NoteError: its time or run is none.
        Problem: it is about what nobody knows.
    """
    about = _about(hub, wish)
    run = wish.run or _run(hub, wish, about)
    if run != REAL and run not in hub.live.runs:
        NoteError.refuse(
            f"no run {run[:80]!r} is known: leave `run` out for the one that is shown now",
            f"aucun déroulement {run[:80]!r} n'est connu : sans « run », la note va sur celui qui est affiché",
        )
    return Place(run=run, time=note.moment(_time(wish.time, hub.live.now(run)), hub.live.now(run)), **about)


def _about(hub: Hub, wish: NoteWish) -> dict[str, str]:
    if wish.usecase:
        try:
            hub.usecase(wish.usecase)
        except NotFoundError as error:
            raise Problem("unknown", what=error, where="/api/v1/usecases") from error
    uid = hub.resolve(wish.device) if wish.device else ""
    if uid and uid not in hub.live.devices:
        raise Problem("device", name=repr(uid[:80]))
    if wish.channel and (not uid or hub.live.channel(uid, wish.channel) is None):
        NoteError.refuse(
            f"there is no channel {wish.channel[:80]!r} of that device: GET /api/v1/devices lists them",
            f"cet appareil n'a pas de voie {wish.channel[:80]!r} : GET /api/v1/devices en donne la liste",
        )
    return {"usecase": wish.usecase or "", "device": uid, "channel": wish.channel or ""}


def _run(hub: Hub, wish: NoteWish, about: dict[str, str]) -> str:
    """Return the run that a note is about where it names none: its device's, its story's, or the one on the wall."""
    if about["device"]:
        return hub.live.devices[about["device"]].run
    if wish.usecase:
        return str(hub.usecase(wish.usecase)["run"] or REAL)
    shown: dict[str, Any] = dict(hub.live.scenario or {})
    return str(shown.get("run") or REAL)


def _time(text: str | None, now: int) -> int:
    """Return a time [ns]; a span counts from `now`.

    Raises:
        NoteError: it is none.
    """
    if text is None:
        return now
    fixed = moment(text)
    before = span(text) if text.startswith("-") else None
    if fixed is None and before is None:
        NoteError.refuse(
            f"the time is {text[:40]!r}: {TIME_REMEDY}",
            f"l'heure est {text[:40]!r} : écrivez 2026-11-24T09:00:00Z, ou une durée avant maintenant (-15m)",
        )
    return fixed if fixed is not None else now - (before or 0)
