"""What people do to devices and roles, and all of that back again; forgetting is for ever.

Rename, room, ignore, lock, hide, merge; give a role to a real device; turn a use case off. An action changes fields of
`Device` (or the ignored topics, the cast, the use cases that are off), is committed with its record, and is undone by
putting them back. Runs in the thread that owns store.db: the worker's, or the command's own where no hub lives.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from hub.erasing import names_of
from hub.errors import HubError, NotFoundError, UsageError
from hub.kept import Kept
from hub.live import Batch
from hub.model import BY_HUB, REAL, Action, Device
from hub.rules.casting import Cast, Taken, role_record, with_off, with_role
from hub.timeline import ENDED
from hub.understand import Understanding
from hub.worker import Judged, Outcome

LONGEST = 80
"""Characters of a name or room."""
MOST_TOPICS = 100
MOST_SEARCHED = 10_000
"""Newest actions among which one of another worker is looked for."""


def _nobody_judges(_cast: Cast, _off: Collection[str]) -> Judged:
    return Judged()


class Acting:
    """Carries out actions, one at a time."""

    def __init__(
        self,
        *,
        kept: Kept,
        understanding: Callable[[], Understanding],
        deliver: Callable[[Outcome], None],
        forgotten: Callable[[], None],
        recast: Callable[[Cast, Collection[str]], Judged] = _nobody_judges,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        """Act on what `understanding` returns.

        Args:
            kept: the store's memory.
            understanding: the living one.
            deliver: takes what was committed.
            forgotten: reads memory back from the store, after something was erased or a commit failed.
            recast: lets the rules know who plays and which use cases are off, before it is stored.
            wall: wall clock [ns].
        """
        self._kept = kept
        self._understanding = understanding
        self._deliver = deliver
        self._forgotten = forgotten
        self._recast = recast
        self._wall = wall

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Let what is done meanwhile have been done at a moment [ns]."""
        wall, self._wall = self._wall, lambda: moment
        try:
            yield
        finally:
            self._wall = wall

    def change(self, name: str, wish: Mapping[str, Any], by: str) -> Action:
        """Rename (`name`, None: its own again), `room`, `ignored`, `locked`, `hidden`, `proposed` = False: accept it.

        Raises:
            NotFoundError: no such device.
            UsageError: a text that cannot be one.
        """
        device = self._device(name)
        after = {key: value for key, value in wish.items() if key != "name"}
        if "room" in wish:
            after["room"] = _text("room", wish["room"] or "")
        if "name" in wish:
            called = _text("name", wish["name"] or "")
            after |= {"name": called or device.own_name, "named": bool(called)}
        return self._act(device, after, by)

    def merge(self, name: str, into: str, by: str) -> Action:
        """Say that a device is another one: its names mean that one from now on; nothing is rewritten.

        Raises:
            NotFoundError: no such device.
            UsageError: they cannot be one.
        """
        mind = self._understanding()
        device, other = self._device(name, itself=True), self._device(into)
        if mind.names.survivor(device.uid) == other.uid:
            if device.uid != other.uid:
                return Action(device=device.uid)  # it is so already
            msg = f"{device.uid} and {into} are the same device already"
            raise UsageError(msg)
        if device.merged is not None:
            msg = f"{device.uid} is merged into {device.merged}; unmerge it first"
            raise UsageError(msg)
        if (device.run == REAL) is not (other.run == REAL):
            msg = f"{device.uid} and {other.uid}: a simulated device and a real one are never the same"
            raise UsageError(msg)
        return self._act(device, {"merged": other.uid}, by)

    def unmerge(self, name: str, by: str) -> Action:
        """Let a merged device be itself again, for ever unless a person merges it; what came meanwhile stays there.

        Raises:
            NotFoundError: no such device.
        """
        device = self._device(name, itself=True)
        if device.merged is None:
            return Action(device=device.uid)
        return self._act(device, {"merged": None, "apart": (*device.apart, device.merged)}, by)

    @property
    def ignored_topics(self) -> tuple[str, ...]:
        """The topic filters that are ignored."""
        return self._understanding().ignored_topics

    def ignore_topics(self, filters: list[str], by: str) -> Action:
        """Ignore these topic filters, and no others: journalled, never decoded.

        Raises:
            UsageError: one of them is no filter.
        """
        after = list(dict.fromkeys(each for each in filters if _is_filter(each)))
        if len(after) > MOST_TOPICS:
            msg = f"{len(after)} filters: at most {MOST_TOPICS} are ignored; take wider ones"
            raise UsageError(msg)
        before = list(self._understanding().ignored_topics)
        if after == before:
            return Action()
        return self._commit(Action(by=by, before={"topics": before}, after={"topics": after}), [])

    def cast(self, usecase: str, role: str, taken: Taken | None, by: str) -> Action:
        """Give a role to a real device, or (None) back to its simulated one; the caller knows that both exist."""
        cast = self._kept.cast()
        before = cast.get(usecase, {}).get(role)
        concerned = taken or before
        if concerned is None or taken == before:
            return Action()
        action = Action(
            device=concerned.device,
            by=by,
            before={"role": role_record(usecase, role, before)},
            after={"role": role_record(usecase, role, taken)},
        )
        return self._commit(action, [])

    def turn(self, usecase: str, by: str, *, off: bool) -> Action:
        """Turn a use case off, so that it raises no alarm (IEC 62682: suppressed by design), or on again."""
        is_off = usecase in self._kept.off()
        if is_off is off:
            return Action()
        before, after = ({"usecase": usecase, "off": each} for each in (is_off, off))
        return self._commit(Action(by=by, before={"off": before}, after={"off": after}), [])

    def undo(self, number: int | None, by: str) -> Action:
        """Take an action back (None: a person's newest that still can be), unless its effect has changed since.

        Raises:
            NotFoundError: no such action.
            UsageError: it was undone, or something else changed the same since.
        """
        done = self._undoable(number)
        now = self._as_it_is(done)
        devices = []
        if not now:
            device = self._device(done.device, itself=True)
            now = {key: _listed(getattr(device, key)) for key in done.after}
            devices = [msgspec.convert(msgspec.to_builtins(device) | done.before, Device)]
        again = done.before.get("merged")
        if again is not None and self._understanding().names.survivor(again) == done.device:
            msg = f"action {done.id} cannot be undone: {again} was merged into {done.device} since"
            raise UsageError(msg)
        if now != done.after:
            msg = f"action {done.id} cannot be undone: it was changed again since"
            raise UsageError(msg)
        back = Action(device=done.device, by=by, before=done.after, after=done.before, undoes=done.id)
        return self._commit(back, devices, done)

    def done_at(self, number: int | None) -> int:
        """Return when an action was done [ns], by its number (None: a person's newest that still can be undone).

        Raises:
            NotFoundError: no such action.
            UsageError: it was undone.
        """
        return self._undoable(number).at

    def number(self, at: int) -> int:
        """Return the number of the action of a moment [ns].

        Raises:
            NotFoundError: no such action.
        """
        found = next((each.id for each in self._kept.actions(MOST_SEARCHED) if each.at == at), None)
        if found is None:
            msg = "there is no such action any more"
            raise NotFoundError(msg)
        return found

    def _as_it_is(self, done: Action) -> dict[str, Any]:
        """Return what an action changed as it is now; empty: fields of a device."""
        now: dict[str, Any] = {}
        if "topics" in done.after:
            now["topics"] = list(self._understanding().ignored_topics)
        if "role" in done.after:
            usecase, role = done.after["role"]["usecase"], done.after["role"]["role"]
            now["role"] = role_record(usecase, role, self._kept.cast().get(usecase, {}).get(role))
        if "off" in done.after:
            usecase = done.after["off"]["usecase"]
            now["off"] = {"usecase": usecase, "off": usecase in self._kept.off()}
        return now

    def names(self, name: str) -> tuple[str, ...]:
        """Return every name of a device and of those merged into it.

        Raises:
            NotFoundError: no such device.
        """
        names = self._understanding().names
        uids = names.uids(self._device(name).uid)
        return names_of(uids, names.names(set(uids)))

    def forget(self, name: str) -> int:
        """Erase a device, and those merged into it, from store.db for ever; return how many readings went.

        Their alarms go too. Memory is read back from the store: whatever still speaks is known anew. The journal comes
        first (`hub.forgetting`): who fails half way still knows the device by its name.

        Raises:
            NotFoundError: no such device.
        """
        mind, names = self._understanding(), self.names(name)
        uids = mind.names.uids(self._device(name).uid)
        ended = {run.id for run in mind.timelines.runs.values() if run.state == ENDED}
        try:
            gone = self._kept.forget(uids, names, ended)
        finally:
            self._forgotten()
        self._deliver(Outcome(batch=Batch(forgotten=uids)))
        return gone

    def forget_phones(self, uids: Sequence[str]) -> None:
        """Erase what is left of participants' phones in store.db; those that never spoke are no devices."""
        mind = self._understanding()
        known = [uid for uid in uids if uid in mind.devices]
        if not known:
            return
        names = names_of(known, mind.names.names(set(known)))
        ended = {run.id for run in mind.timelines.runs.values() if run.state == ENDED}
        try:
            self._kept.forget(known, names, ended)
        finally:
            self._forgotten()
        self._deliver(Outcome(batch=Batch(forgotten=known)))

    def _device(self, name: str, *, itself: bool = False) -> Device:
        """Return a device by any of its names; `itself`: even where it was merged into another one."""
        mind = self._understanding()
        device = (mind.devices.get(name) if itself else None) or mind.devices.get(mind.resolve(name))
        if device is None:
            msg = f"no device is called {name!r}; `matinales devices list` shows them"
            raise NotFoundError(msg)
        return device

    def _undoable(self, number: int | None) -> Action:
        if number is None:
            found = next((each for each in self._kept.actions(100) if _is_undoable(each)), None)
        else:
            found = self._kept.action(number)
        if found is None:
            msg = "there is nothing to undo" if number is None else f"no action has the number {number}"
            raise NotFoundError(msg)
        if found.undone:
            msg = f"action {found.id} was undone already"
            raise UsageError(msg)
        return found

    def _act(self, device: Device, wish: Mapping[str, Any], by: str) -> Action:
        """Change what is not so already; the same wish again changes and records nothing."""
        after = {key: value for key, value in wish.items() if getattr(device, key) != value}
        if not after:
            return Action(device=device.uid)
        before = {key: getattr(device, key) for key in after}
        action = Action(device=device.uid, by=by, before=before, after=after)
        return self._commit(action, [msgspec.structs.replace(device, **after)])

    def _commit(self, action: Action, devices: list[Device], undone: Action | None = None) -> Action:
        """Store an action and what it changes, then let everybody know."""
        action = msgspec.structs.replace(action, at=self._wall())
        judged = self._judged(action)
        try:
            action = self._kept.act(action, devices, undone, judged.alarms, judged.rules)
        except HubError:
            self._forgotten()
            raise
        mind = self._understanding()
        if "topics" in action.after:
            mind.ignored_topics = tuple(action.after["topics"])
        shown: dict[str, Device] = {}
        for device in devices:
            mind.change(device)
            touched = {device.uid, *(each for each in (action.before.get("merged"), device.merged) if each)}
            shown |= {uid: mind.devices[uid] for uid in map(mind.names.survivor, touched) if uid in mind.devices}
        gone = [device.uid for device in devices if device.merged is not None]
        back = {device.uid for device in devices if "merged" in action.after and device.merged is None}
        values = [each for each in self._kept.restored().readings if each.device in back] if back else []
        batch = Batch(
            devices=[*shown.values()], readings=values, forgotten=gone, merged=mind.merged(), alarms=judged.alarms
        )
        self._deliver(Outcome(batch=batch, views=judged.views, cast=judged.cast, off=judged.off))
        return action

    def _judged(self, action: Action) -> Judged:
        """Let the rules know of a role or a use case that an action changes."""
        cast, off = self._kept.cast(), self._kept.off()
        if "role" in action.after:
            cast = with_role(cast, action.after["role"])
        elif "off" in action.after:
            off = with_off(off, action.after["off"])
        else:
            return Judged()
        return self._recast(cast, off)


def _text(what: str, text: str) -> str:
    """Return a text that may travel into files, pages and terminals (reliability.md §2.15).

    Raises:
        UsageError: it may not.
    """
    text = " ".join(text.split())
    if len(text) > LONGEST or not text.isprintable():
        msg = f"{what} is {text[:LONGEST]!r}: up to {LONGEST} printable characters are expected"
        raise UsageError(msg)
    return text


def _is_undoable(action: Action) -> bool:
    return not action.undone and action.undoes is None and action.by != BY_HUB


def _listed(value: object) -> object:
    """Return a value as JSON gives it back, which knows no tuples."""
    return list(value) if isinstance(value, tuple) else value


def _is_filter(text: str) -> bool:
    """Tell that a text is an MQTT filter that leaves something to hear.

    Raises:
        UsageError: it is none.
    """
    levels = text.split("/")
    wild = [level for level in levels if ("+" in level and level != "+") or ("#" in level and level != "#")]
    if not text.strip("/+#") or len(text) > 200 or wild or "#" in levels[:-1] or not text.isprintable():  # noqa: PLR2004 — long enough for any
        msg = f"{text[:LONGEST]!r} is no topic filter to ignore: write for instance zigbee2mqtt/test/#"
        raise UsageError(msg)
    return True
