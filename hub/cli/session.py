"""`matinales session`: workshop sessions, on the living hub or on its files."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, get_args

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import track

from hub.cli._house import House, opened
from hub.cli._place import HERE, Flag, Place, listed, printed, told
from hub.config import load
from hub.errors import UsageError
from hub.handouts import Handouts, written
from hub.workshop.report.content import Whose
from hub.workshop.report.forms import Form
from hub.workshop.report.words import Language

command = App(
    name="session",
    help="Workshop sessions: start, list, pause, archive, reset, report and erase them; read their notes.",
    result_action="return_value",
)


@command.command
def new(title: str, *, at: str = "", purge: str | None = None, place: Place = HERE) -> int:
    """Start a session; refused while another one is current.

    Args:
        title: what to call it.
        at: where it is.
        purge: the day on which all of it is erased (2026-12-24); 30 days on unless told.
        place: whose sessions, and how to answer.
    """
    with opened(place.folder) as house:
        answer = house.ask("POST", "/sessions", _wish(title, at, purge))
    return _tell(answer, place, f"Session {answer['id']} has started; it is erased on {answer['purge']}")


@command.command(name="list")
def list_(*, place: Place = HERE) -> int:
    """List the sessions, the newest first.

    Args:
        place: whose sessions, and how to answer.
    """
    with opened(place.folder) as house:
        found = house.ask("GET", "/sessions")
    if place.json:
        printed(found)
        return 0
    shown = ("id", "title", "place", "state", "started_at", "archive", "purge")
    titles = ("id", "title", "place", "state", "started", "archive", "erased on")
    listed(titles, ([str(each[key]) for key in shown] for each in found["sessions"]))
    return 0


@command.command
def pause(session: str | None = None, *, place: Place = HERE) -> int:
    """Let what comes from now on belong to no session.

    Args:
        session: its id; the current one unless told.
        place: whose sessions, and how to answer.
    """
    return _deed(session, "pause", place, "is paused; to go on: matinales session resume")


@command.command
def resume(session: str | None = None, *, place: Place = HERE) -> int:
    """Go on with a paused session.

    Args:
        session: its id; the current one unless told.
        place: whose sessions, and how to answer.
    """
    return _deed(session, "resume", place, "goes on")


@command.command
def archive(session: str | None = None, *, place: Place = HERE) -> int:
    """End a session for ever; it stays readable, and `matinales replay ID` plays it, until the day it is erased.

    Args:
        session: its id; the current one unless told.
        place: whose sessions, and how to answer.
    """
    return _deed(session, "archive", place, "is archived")


@command.command
def reset(
    session: str | None = None, *, title: str | None = None, at: str = "", purge: str | None = None, place: Place = HERE
) -> int:
    """Archive a session and start a new one, called the same unless told; devices stay known.

    Args:
        session: its id; the current one unless told.
        title: what to call the new one.
        at: where that is.
        purge: the day on which all of it is erased.
        place: whose sessions, and how to answer.
    """
    if title is None and (at or purge):
        msg = "--at and --purge belong to a new title: say --title too"
        raise UsageError(msg)
    with opened(place.folder) as house:
        wish = None if title is None else _wish(title, at, purge)
        answer = house.ask("POST", f"/sessions/{_named(house, session)}/reset", wish)
    return _tell(answer, place, f"Session {answer['id']} has started; the one before is archived")


@command.command
def report(
    session: str | None = None,
    *,
    form: Annotated[Form | None, Parameter(name="--format")] = None,
    language: Annotated[Language | None, Parameter(name="--lang")] = None,
    everybody: Flag = False,
    to: Path | None = None,
    place: Place = HERE,
) -> int:
    """Make the report of a session: curves, alarms, votes, notes, euros, what to buy, how to go on at home.

    Args:
        session: its id; the current one unless told.
        form: html or pdf; both unless told.
        language: fr or en; the hub's own unless told.
        everybody: besides, one for each table and one for each participant, their own curves first.
        to: folder to write into; without it the data folder, where they are erased with the session.
        place: whose sessions, and how to answer.
    """
    settings = load(place.config)
    spoken = language or ("en" if settings.lang == "en" else "fr")
    forms: tuple[Form, ...] = get_args(Form) if form is None else (form,)
    handouts = Handouts(place.folder)
    with opened(place.folder) as house:
        name = _named(house, session)
        wanted = [(whose, each) for whose in _readers(house, name, everybody=everybody) for each in forms]

        def make(one: tuple[Whose, Form]) -> Path:
            whose, each = one
            content, file = house.fetch(name, each, spoken, whose), _file(name, spoken, each, whose)
            return handouts.put(name, file, content) if to is None else written(to / file, content)

        shown = Console(stderr=True)
        with ThreadPoolExecutor(house.at_once) as makers:
            made = makers.map(make, wanted)
            paths = [*track(made, description=name, total=len(wanted), console=shown, disable=not everybody)]
    return _tell({"reports": [str(path) for path in paths]}, place, "\n".join(map(str, paths)))


def _readers(house: House, session: str, *, everybody: bool) -> list[Whose]:
    """Return for whom a report is made: for all, and, where asked for, for each table and each participant."""
    if not everybody:
        return [Whose()]
    people = house.ask("GET", f"/sessions/{session}")["people"]
    tables = sorted({each["table"] for each in people if each["table"] is not None})
    return [Whose(), *(Whose(table=each) for each in tables), *(Whose(participant=each["id"]) for each in people)]


def _file(session: str, language: Language, form: Form, whose: Whose) -> str:
    """Return what a report is called: never by a first name."""
    table = "" if whose.table is None else f"-table-{whose.table}"
    return f"matinales-{session}{table}{f'-{whose.participant}' if whose.participant else ''}-{language}.{form}"


@command.command(name="purge")
def purge_(session: str | None = None, *, due: Flag = False, yes: Flag = False, place: Place = HERE) -> int:
    """Erase a session for ever: what was typed, messages, readings, alarms, archive. This cannot be undone.

    Args:
        session: its id.
        due: instead, those whose day has come.
        yes: do not ask.
        place: whose sessions, and how to answer.
    """
    if (session is None) is not due:
        msg = "say which session to erase, by its id, or --due for those whose day has come"
        raise UsageError(msg)
    if session is not None and not yes:
        if not sys.stdin.isatty():
            msg = "erasing cannot be undone: say --yes"
            raise UsageError(msg)
        if input(f"Erase session {session} for ever? Type its id: ").strip() != session:
            return 1
    with opened(place.folder) as house:
        names = [session] if session is not None else _due(house)
        gone = [house.ask("DELETE", f"/sessions/{name}") for name in names]
    lines = [f"{each['id']} is erased: {each['readings']} readings, {each['messages']} raw messages" for each in gone]
    return _tell({"purged": gone}, place, "\n".join(lines) or "no session's day has come")


@command.command
def notes(session: str | None = None, *, place: Place = HERE) -> int:
    """List the notes of a session, the earliest moment first.

    Args:
        session: its id; the current one unless told.
        place: whose sessions, and how to answer.
    """
    with opened(place.folder) as house:
        found = house.ask("GET", f"/sessions/{_named(house, session)}")
    if place.json:
        printed({"notes": found["notes"]})
        return 0
    shown = ("time", "text", "author", "usecase", "device", "run", "id")
    listed(shown, ([str(each[key] or "") for key in shown] for each in found["notes"]))
    return 0


def _due(house: House) -> list[str]:
    found = house.ask("GET", "/sessions")
    return [each["id"] for each in found["sessions"] if each["purge"] <= found["today"]]


def _wish(title: str, at: str, purge: str | None) -> dict[str, str]:
    wish = {"title": title, "place": at}
    return wish if purge is None else wish | {"purge": purge}


def _deed(session: str | None, what: str, place: Place, words: str) -> int:
    with opened(place.folder) as house:
        answer = house.ask("POST", f"/sessions/{_named(house, session)}/{what}")
    return _tell(answer, place, f"Session {answer['id']} ({answer['title']}) {words}")


def _named(house: House, session: str | None) -> str:
    """Return the session's id: the one given, or the current one's.

    Raises:
        UsageError: none is current.
    """
    if session is not None:
        return session
    current = house.ask("GET", "/sessions")["current"]
    if current is None:
        msg = "no session is current: start one with `matinales session new TITLE`, or name one by its id"
        raise UsageError(msg)
    return str(current["id"])


def _tell(answer: dict[str, Any], place: Place, words: str) -> int:
    told(answer, place, words)
    return 0
