"""How what a person does to devices and roles goes through the journal that several workers share (`hub.deeds`).

`Noting` makes the deed of what the web layer asks for; `Doing` carries it out in each worker's thread when its place in
the journal is reached. Killed in between, the same is done again, which changes nothing.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec

from hub.acting import Acting
from hub.deeds import (
    Change,
    Choose,
    Forget,
    Gave,
    Hang,
    IgnoreTopics,
    Merge,
    Play,
    Seat,
    Switch,
    ToDevice,
    ToRoom,
    Turn,
    Undo,
    Wish,
)
from hub.errors import UsageError
from hub.hashing import hashed
from hub.model import Action
from hub.rules.casting import Taken


class Noting:
    """Takes what somebody wants of devices as `Acting` would, and does nothing.

    Attributes:
        deed: what was wanted last; None: only looked.
    """

    def __init__(self, acting: Acting) -> None:
        """Look things up where it will be done."""
        self._acting = acting
        self._key = secrets.token_hex(8)
        self.deed: ToDevice | None = None

    @property
    def ignored_topics(self) -> tuple[str, ...]:
        """The topic filters that are ignored."""
        return self._acting.ignored_topics

    def change(self, name: str, wish: Mapping[str, Any], by: str) -> Action:
        """Change fields of a device."""
        return self._noted(
            msgspec.convert({"type": "Change", "key": self._key, "by": by, "device": name, **wish}, Change)
        )

    def merge(self, name: str, into: str, by: str) -> Action:
        """Say that a device is another one."""
        return self._noted(Merge(key=self._key, by=by, device=name, into=into))

    def unmerge(self, name: str, by: str) -> Action:
        """Let a merged device be itself again."""
        return self._noted(Merge(key=self._key, by=by, device=name, into=None))

    def ignore_topics(self, filters: list[str], by: str) -> Action:
        """Ignore these topic filters, and no others."""
        return self._noted(IgnoreTopics(key=self._key, by=by, topics=filters))

    def cast(self, usecase: str, role: str, taken: Taken | None, by: str) -> Action:
        """Give a role to a real device, or (None) back."""
        return self._noted(Play(key=self._key, by=by, usecase=usecase, role=role, taken=taken))

    def turn(self, usecase: str, by: str, *, off: bool) -> Action:
        """Turn a use case off or on."""
        return self._noted(Turn(key=self._key, by=by, usecase=usecase, off=off))

    def undo(self, number: int | None, by: str) -> Action:
        """Take an action back; None: the newest that can be."""
        return self._noted(Undo(key=self._key, by=by, at=self._acting.done_at(number)))

    def _noted(self, deed: ToDevice) -> Action:
        self.deed = deed
        return Action()


class Doing:
    """Carries deeds out, in the thread that owns store.db."""

    def __init__(
        self,
        acting: Acting,
        forgotten: Callable[[Sequence[str]], None],
        room: Callable[[ToRoom], None] = lambda _: None,
    ) -> None:
        """Act; `forgotten` takes the hashes of uids that were erased, `room`: the rest, of no one device's own."""
        self._acting = acting
        self._forgotten = forgotten
        self._room = room
        self._asked: dict[str, Future[Action]] = {}

    def asked(self, deed: ToDevice | ToRoom) -> Future[Action]:
        """Return what will come of a deed that is about to be journalled; `let_go` of it in the end."""
        future: Future[Action] = Future()
        self._asked[_key(deed)] = future
        return future

    def let_go(self, deed: ToDevice | ToRoom) -> None:
        """Wait for it no more."""
        self._asked.pop(_key(deed), None)

    def do(self, deed: ToDevice | ToRoom, received: int) -> None:
        """Carry a deed out as of its arrival [ns]; what cannot be done is refused at every worker alike.

        Raises:
            HubError: it could not be stored; it is done again.
        """
        if isinstance(deed, Forget):
            self._forgotten(deed.hashes)
            return
        waits = self._asked.get(deed.key)
        try:
            with self._acting.at(received):
                done = self._done(deed)
        except UsageError as error:
            if waits is not None and not waits.done():
                waits.set_exception(error)
            return
        if waits is not None and not waits.done():
            waits.set_result(done)

    def _done(self, deed: ToDevice | ToRoom) -> Action:
        acting, done = self._acting, Action()
        match deed:
            case Change():
                wish = {
                    name: value
                    for name in Wish.__struct_fields__
                    if (value := getattr(deed, name)) is not msgspec.UNSET
                }
                done = acting.change(deed.device, wish, deed.by)
            case Merge(into=None):
                done = acting.unmerge(deed.device, deed.by)
            case Merge(into=str() as into):
                done = acting.merge(deed.device, into, deed.by)
            case IgnoreTopics():
                done = acting.ignore_topics(deed.topics, deed.by)
            case Play():
                done = acting.cast(deed.usecase, deed.role, deed.taken, deed.by)
            case Turn():
                done = acting.turn(deed.usecase, deed.by, off=deed.off)
            case Undo():
                done = acting.undo(acting.number(deed.at), deed.by)
            case Hang() | Choose() | Switch() | Seat() | Gave():
                self._room(deed)
        return done


def _key(deed: ToDevice | ToRoom) -> str:
    return "" if isinstance(deed, Forget) else deed.key


def named(uids: Sequence[str]) -> list[str]:
    """Return what tells a device to other workers without naming it."""
    return [hashed(each) for each in uids]
