"""The floor plan that the room sees: hang devices, take them off, give it a picture; blocks.

A session has a plan of its own from the first change on, made from that of the house; it goes with the session, and the
plan of the house is as it was. Without a session the plan of the house itself is changed.
"""

import secrets
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec.structs import replace

from hub.errors import NotFoundError
from hub.workshop import plan as pure
from hub.workshop import raster, svg
from hub.workshop.plan import Picture, Place, Plan
from hub.workshop.session import Session

LARGEST = 8 * 1024 * 1024
"""Bytes of a picture that is handed over: a phone's photograph."""


class Plans(Protocol):
    """Where plans lie (`hub.workshop.store`)."""

    def turn(self) -> AbstractContextManager[None]:
        """Return what to hold while something is read, and changed because of it."""

    def plans(self) -> list[Plan]:
        """Return all of them."""

    def put_plan(self, *plans: Plan, picture: tuple[str, bytes] | None = None) -> None:
        """Store some, all or none, with a new picture; pictures of no plan go for ever."""

    def picture(self, name: str) -> bytes | None:
        """Return a picture's bytes."""


class Planner:
    """Carries the plan; one change at a time."""

    def __init__(
        self,
        store: Plans,
        *,
        current: Callable[[], Session | None],
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """Work on a store.

        Args:
            store: of the plans.
            current: the session that is current.
            new_id: makes random ids.
        """
        self._store = store
        self._current = current
        self._new_id = new_id
        self._lock = threading.Lock()

    @property
    def session(self) -> str:
        """Id of the session whose plan would be changed; empty: that of the house."""
        session = self._current()
        return "" if session is None else session.id

    def shown(self) -> Plan:
        """Return what the room sees: the session's own plan, else that of the house."""
        known = {each.session: each for each in self._store.plans()}
        return known.get(self.session) or known.get("") or Plan()

    def picture(self, name: str | None = None) -> tuple[Picture, bytes]:
        """Return the picture that is shown, with its bytes; `name`: only where it is that one.

        Raises:
            NotFoundError: there is none, or another one.
        """
        picture = self.shown().picture
        data = None if picture is None or name not in {None, picture.id} else self._store.picture(picture.id)
        if picture is None or data is None:
            msg = "the plan shows no such picture; GET /api/v1/plan says which it shows"
            raise NotFoundError(msg)
        return picture, data

    def hang(self, device: str, where: Place) -> Plan:
        """Hang a device, or hang it elsewhere; return the plan.

        Raises:
            PlanError: there are too many.
            StoreError: nothing is changed.
        """
        with self._lock, self._store.turn():
            return self._keep(pure.placed(self.shown(), device, where))

    def take_off(self, *devices: str) -> Plan:
        """Take devices off; return the plan.

        Raises:
            NotFoundError: one is not on it.
            StoreError: nothing is changed.
        """
        with self._lock, self._store.turn():
            plan = self.shown()
            missing = [each for each in devices if each not in plan.places]
            if missing:
                msg = f"device {missing[0][:80]!r} is not on the plan; GET /api/v1/plan lists those that are"
                raise NotFoundError(msg)
            return self._keep(pure.taken_off(plan, *devices))

    def show(self, data: bytes, title: str) -> Plan:
        """Give the plan another picture; devices stay where they hang. Return the plan.

        Raises:
            PlanError: it cannot be shown.
            StoreError: nothing is changed.
        """
        with self._lock, self._store.turn():
            kept, kind, width, height = seen(data)
            name = self._new_id()
            picture = Picture(id=name, type=kind, width=width, height=height, size=len(kept), title=pure.titled(title))
            return self._keep(replace(self.shown(), picture=picture), (name, kept))

    def draw(self) -> Plan:
        """Show the drawn plan again; the picture goes for ever. Return the plan.

        Raises:
            StoreError: nothing is changed.
        """
        with self._lock, self._store.turn():
            return self._keep(replace(self.shown(), picture=None))

    def forget(self, devices: set[str]) -> None:
        """Take devices off every plan there is.

        Raises:
            StoreError: nothing is changed.
        """
        with self._lock, self._store.turn():
            changed = [each for each in self._store.plans() if not devices.isdisjoint(each.places)]
            if changed:
                self._store.put_plan(*(pure.taken_off(each, *devices) for each in changed))

    def _keep(self, plan: Plan, picture: tuple[str, bytes] | None = None) -> Plan:
        own = replace(plan, session=self.session)
        self._store.put_plan(own, picture=picture)
        return own


def seen(data: bytes) -> tuple[bytes, str, int, int]:
    """Return a picture's bytes as they are kept, its media type, width and height [px]; told by what it holds.

    Raises:
        PlanError: it cannot be shown.
    """
    if not data.strip():
        pure.PlanError.refuse("the file is empty: choose another one", "le fichier est vide : choisissez-en un autre")
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<")):
        clean, width, height = svg.cleaned(data)
        return clean, "image/svg+xml", width, height
    return raster.decoded(data)
