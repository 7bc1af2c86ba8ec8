"""A question to the room: one answer a phone, changeable until it is closed. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from hub.errors import UsageError

LONGEST_QUESTION, LONGEST_OPTION = 200, 60
FEWEST, MOST = 2, 6
"""Options that can be read at 8 m."""
MOST_VOTERS = 2_000
"""A room; more is somebody who forgets that he answered, on purpose."""


class VoteState(StrEnum):
    """`closed` shows the result; `away` shows nothing any more, and the result stays in the session."""

    OPEN = "open"
    CLOSED = "closed"
    AWAY = "away"


class Vote(Struct, frozen=True, kw_only=True):
    """A vote of a session.

    Attributes:
        id: random.
        session: whose.
        question, options: as typed.
        asked: when [ns].
        answers: random id of a phone → index of the option.
    """

    id: str
    session: str
    question: str
    options: tuple[str, ...]
    asked: int
    state: VoteState = VoteState.OPEN
    answers: dict[str, int] = {}


class Question(Struct, forbid_unknown_fields=True):
    """What to ask, and what can be answered."""

    question: str
    options: list[str]


def checked(asked: Question) -> Question:
    """Return a question as it is kept.

    Raises:
        UsageError: naming what to change.
    """
    question = _text("question", asked.question, LONGEST_QUESTION)
    options = [_text("option", each, LONGEST_OPTION) for each in asked.options]
    if not question or not all(options):
        msg = "a vote needs a question, and words for each of its options"
        raise UsageError(msg)
    if not FEWEST <= len(options) <= MOST or len({each.casefold() for each in options}) < len(options):
        msg = f"options are {options}: give {FEWEST} to {MOST} that differ"
        raise UsageError(msg)
    return Question(question=question, options=options)


def _text(what: str, text: str, longest: int) -> str:
    text = " ".join(text.split())
    if len(text) > longest or not text.isprintable():
        msg = f"{what} is {text[:longest]!r}: up to {longest} printable characters are expected"
        raise UsageError(msg)
    return text


def answered(vote: Vote, voter: str, choice: int) -> Vote:
    """Return a vote with a phone's answer, which replaces its earlier one.

    Raises:
        UsageError: it is closed, there is no such option, or too many have answered.
    """
    if vote.state is not VoteState.OPEN:
        msg = "this vote is closed: its result stands"
        raise UsageError(msg)
    if not 0 <= choice < len(vote.options):
        msg = f"choice is {choice}: the options are numbered 0 to {len(vote.options) - 1}"
        raise UsageError(msg)
    if voter not in vote.answers and len(vote.answers) >= MOST_VOTERS:
        msg = f"{MOST_VOTERS} have answered: no more are taken"
        raise UsageError(msg)
    return msgspec.structs.replace(vote, answers=vote.answers | {voter: choice})


def view(vote: Vote, tables: Mapping[str, int | None]) -> dict[str, Any]:
    """Return a vote as everybody sees it: how many chose what, at each table too, never who.

    Args:
        vote: the vote.
        tables: voter → table, of those who said where they sit.
    """
    counts = [0] * len(vote.options)
    at: dict[int, list[int]] = {}
    for voter, choice in vote.answers.items():
        counts[choice] += 1
        if (table := tables.get(voter)) is not None:
            at.setdefault(table, [0] * len(vote.options))[choice] += 1
    return {
        "id": vote.id,
        "question": vote.question,
        "options": list(vote.options),
        "state": vote.state,
        "counts": counts,
        "tables": [{"table": table, "counts": found} for table, found in sorted(at.items())],
    }
