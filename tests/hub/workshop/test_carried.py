"""What only a newer version knows stays where an older one changes the rest (hub/workshop/carried.py)."""

import json

from hub.workshop.carried import carried
from hub.workshop.plan import Plan
from hub.workshop.session import Session
from hub.workshop.vote import Vote

BEGIN = {"position": 1, "wall": 1_000, "runs": {}, "sky": "blue"}


def session(**more: object) -> dict[str, object]:
    """Return a session as a newer version wrote it."""
    return {
        "id": "a",
        "title": "Bakers",
        "place": "",
        "purge": "2026-12-28",
        "state": "open",
        "intervals": [{"begin": BEGIN, "end": None, "mood": "good"}],
        "language": "oc",
        **more,
    }


def changed(kind: object, before: object, after: object) -> object:
    """Return what lies there afterwards."""
    return json.loads(carried(kind, json.dumps(before).encode(), json.dumps(after).encode()))


def test_fields_of_a_newer_version_stay_whatever_else_is_changed() -> None:
    """Of the thing itself, and of the things in it."""
    end = {"position": 9, "wall": 2_000, "runs": {}}
    paused = session(state="paused", intervals=[{"begin": BEGIN, "end": end}])
    del paused["language"]
    found = changed(Session, session(), paused)
    assert found == paused | {
        "language": "oc",
        "intervals": [{"begin": BEGIN, "end": end, "mood": "good"}],
        "kept": False,
        "shows": "story",
        "address": "",
        "wifi": None,
    }


def test_things_are_told_apart_by_id_wherever_they_stand() -> None:
    """One that goes takes its fields along; one that is untouched stays as it was written, to the letter."""
    one, two, three = session(id="a"), session(id="b", language="br"), session(id="c", language="eu")
    fresh = {key: value for key, value in session(id="d").items() if key != "language"}
    found = changed(list[Session], [one, two, three], [fresh, three, one])
    assert isinstance(found, list)
    assert [(each["id"], each.get("language")) for each in found] == [("d", None), ("c", "eu"), ("a", "oc")]
    assert found[1:] == [three, one]


def test_what_was_taken_out_of_a_mapping_is_not_there_again() -> None:
    """Only fields are carried, never answers or places that somebody took away."""
    vote = {"id": "v", "session": "a", "question": "?", "options": ["y", "n"], "asked": 1, "answers": {"p": 0, "q": 1}}
    found = changed(Vote, vote | {"weight": 2}, vote | {"answers": {"q": 0}})
    assert found == vote | {"weight": 2, "answers": {"q": 0}, "state": "open"}
    plan = {"places": {"d": {"x": 0.1, "y": 0.2, "z": 3}, "e": {"x": 0.5, "y": 0.5, "z": 4}}}
    moved = changed(Plan, plan, {"places": {"d": {"x": 0.3, "y": 0.2}}})
    assert moved == {"session": "", "picture": None, "places": {"d": {"x": 0.3, "y": 0.2, "z": 3}}}
