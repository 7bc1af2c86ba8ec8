"""A note on a time-line: what somebody wrote about a moment of a run. Pure.

It is what a person typed, so it lies in session.db and goes with its session (design.md §1, Journal).
"""

from typing import Any

from msgspec import Struct

from hub.errors import ToldError
from hub.model import NS, REAL, rfc3339

LONGEST, LONGEST_AUTHOR = 280, 40
"""Characters; what is longer is read by nobody on a chart."""
MOST = 2_000
"""Notes of one session: thirty a minute for an hour is a script."""
AHEAD = 300 * NS
"""A page is late by what its link takes, at ×60 minutes of its run: so far ahead a note is one of now [ns]."""


class NoteError(ToldError):
    """A note cannot be kept as it is."""


class Note(Struct, frozen=True, kw_only=True):
    """A note.

    Attributes:
        id: random.
        session: whose; empty: written while there was none.
        run: the timeline it is on, `real` or a run.
        time: the moment it is about, on that timeline [ns].
        written: when it was typed [ns], on the wall.
        text: as typed, on one line.
        author: a first name, or empty.
        usecase, device, channel: what it is about; empty: the whole timeline.
    """

    id: str
    session: str
    run: str
    time: int
    written: int
    text: str
    author: str = ""
    usecase: str = ""
    device: str = ""
    channel: str = ""


class NoteWish(Struct, forbid_unknown_fields=True):
    """What to note: `time` RFC 3339 or a span before the run's now, which it is unless told."""

    text: str
    time: str | None = None
    author: str = ""
    run: str | None = None
    usecase: str | None = None
    device: str | None = None
    channel: str | None = None


class Place(Struct, frozen=True, kw_only=True):
    """Where on which timeline a note stands, and what it is about (see `Note`)."""

    run: str
    time: int
    usecase: str = ""
    device: str = ""
    channel: str = ""


def checked(text: str, author: str) -> tuple[str, str]:
    """Return text and author as they are kept: on one line, without what cannot be seen.

    Raises:
        NoteError: empty, too long, or with characters that turn or hide what stands around them.
    """
    text, author = " ".join(text.split()), " ".join(author.split())
    if not text:
        NoteError.refuse(
            "a note needs a text: say what happened", "une note a besoin d'un texte : dites ce qui se passe"
        )
    for word, mot, said, most in (("text", "texte", text, LONGEST), ("author", "prénom", author, LONGEST_AUTHOR)):
        if len(said) > most:
            NoteError.refuse(
                f"the {word} has {len(said)} characters: up to {most} fit on a chart",
                f"le {mot} compte {len(said)} caractères : au plus {most} tiennent sur une courbe",
            )
        if not said.isprintable():
            NoteError.refuse(
                f"the {word} holds characters that cannot be seen: type it anew",
                f"le {mot} contient des caractères invisibles : saisissez-le de nouveau",
            )
    return text, author


def moment(time: int, now: int) -> int:
    """Return the moment a note is about; a page's clock may be a little ahead of the hub's.

    Raises:
        NoteError: it lies in the future of its run, or before 1970.
    """
    if not 0 <= time <= now + AHEAD:
        NoteError.refuse(
            f"the time {rfc3339(max(time, 0))} is not in the past of this run: it is {rfc3339(now)} there",
            f"l'heure {rfc3339(max(time, 0))} n'est pas dans le passé de ce déroulement : il y est {rfc3339(now)}",
        )
    return min(time, now)


def view(note: Note) -> dict[str, Any]:
    """Return a note as the API gives it; what it is not about is null."""
    return {
        "id": note.id,
        "session": note.session or None,
        "run": note.run,
        "simulated": note.run != REAL,
        "time": rfc3339(note.time),
        "written": rfc3339(note.written),
        "text": note.text,
        "author": note.author or None,
        "usecase": note.usecase or None,
        "device": note.device or None,
        "channel": note.channel or None,
    }
