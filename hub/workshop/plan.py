"""The floor plan: a picture of the place, and where on it which device hangs (workshop.md, "share"). Pure.

Positions are fractions of the picture, so that they hold for any size of it. The picture and what it is called were
given by a person, so they lie in session.db and go with their session (design.md §1, Journal).
"""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hub.errors import ToldError

LONGEST_TITLE = 60
"""Characters of what a picture is called."""
MOST = 200
"""Devices on a plan: more cannot be told apart."""
DIGITS = 4
"""Of a position: a tenth of a pixel of the largest picture there is."""


class PlanError(ToldError):
    """The plan cannot be so."""


class Picture(Struct, frozen=True, kw_only=True):
    """What is known of a picture; its bytes lie beside it.

    Attributes:
        id: random, another one with each picture: browsers keep them by it.
        type: media type, by its content.
        width, height: as it is to be shown [px], for the page to leave room.
        size: bytes.
        title: what it shows, as typed; may be empty.
    """

    id: str
    type: str
    width: int
    height: int
    size: int
    title: str = ""


class Place(Struct, frozen=True):
    """Where a device hangs: fractions of the picture, from its left and upper edge."""

    x: float
    y: float


class Plan(Struct, frozen=True, kw_only=True):
    """A floor plan.

    Attributes:
        session: whose; empty: of the house, shown wherever a session has none of its own.
        picture: None: the drawn one.
        places: uid → where it hangs.
    """

    session: str = ""
    picture: Picture | None = None
    places: dict[str, Place] = {}


class PlaceWish(Struct, forbid_unknown_fields=True):
    """Where to hang a device: 0 to 1, from the left and from the upper edge."""

    x: float
    y: float


def place(x: float, y: float) -> Place:
    """Return a place as it is kept.

    Raises:
        PlanError: it does not lie on the picture.
    """
    if not (0 <= x <= 1 and 0 <= y <= 1):
        PlanError.refuse(
            f"x {x:g} and y {y:g} are fractions of the picture: from 0 (left, top) to 1 (right, bottom)",
            f"x {x:g} et y {y:g} sont des fractions de l'image : de 0 (gauche, haut) à 1 (droite, bas)",
        )
    return Place(round(x, DIGITS), round(y, DIGITS))


def placed(plan: Plan, device: str, where: Place) -> Plan:
    """Return a plan with a device hung, or hung elsewhere.

    Raises:
        PlanError: there are too many.
    """
    if device not in plan.places and len(plan.places) >= MOST:
        PlanError.refuse(
            f"{MOST} devices are on the plan: take one off first",
            f"{MOST} objets sont sur le plan : retirez-en un d'abord",
        )
    return replace(plan, places={**plan.places, device: where})


def taken_off(plan: Plan, *devices: str) -> Plan:
    """Return a plan without some devices."""
    return replace(plan, places={uid: where for uid, where in plan.places.items() if uid not in devices})


def titled(text: str) -> str:
    """Return what a picture is called as it is kept: on one line, without what cannot be seen, not too long."""
    line = " ".join(text.split())
    return "".join(sign for sign in line if sign.isprintable())[:LONGEST_TITLE].strip()


def view(plan: Plan, session: str) -> dict[str, Any]:
    """Return a plan as the API gives it to who is in `session` (empty: in none); `own`: it is that session's."""
    picture = plan.picture
    shown = None if picture is None else {"address": f"/api/v1/plan/picture?id={picture.id}", **_facts(picture)}
    places = [{"device": uid, "x": where.x, "y": where.y} for uid, where in plan.places.items()]
    return {"picture": shown, "places": places, "session": session or None, "own": plan.session == session}


def _facts(picture: Picture) -> dict[str, Any]:
    return {
        "type": picture.type,
        "width": picture.width,
        "height": picture.height,
        "size": picture.size,
        "title": picture.title,
    }
