"""Makes devices report more often during a session, and gives each its own period back (issue: first words, §4).

Runs in the worker's thread. Real devices only; on somebody else's broker by the same consent as commands.
"""

import logging
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from hub.commander import REASONS, Commander
from hub.driver import Driver, Target
from hub.errors import NotFoundError
from hub.kept import Kept
from hub.live import Batch
from hub.model import REAL, Device, Paced, PaceState
from hub.pace import CHANGED, after_a_start, given_back, heard, waited
from hub.worker import Outcome, Worker

_LOG = logging.getLogger(__name__)

SHORTEST_POLL = 5
LONGEST_POLL = 3600
"""Seconds between two questions of the hub's."""
WHY = REASONS | {
    "simulated": "it is simulated: its scenario says how often it reports",
    "no_period": "this family cannot be told over MQTT how often to report, nor asked to speak",
    "unknown": "it has no period of ours to give back",
}
_OVER = {PaceState.RESTORED, PaceState.FAILED}
Messages = Sequence[tuple[str, bytes]]


class Pacer:
    """Keeps the records of `hub.pace` in the store, and says what they ask for."""

    def __init__(
        self, *, kept: Kept, worker: Worker, commander: Commander, there: Callable[[], bool], wall: Callable[[], int]
    ) -> None:
        """Owe every device its own period that an earlier start did not give back.

        Args:
            kept: the store's memory.
            worker: through whom it speaks.
            commander: knows who may be told something.
            there: whether the broker can be reached now.
            wall: wall clock [ns].
        """
        self._kept = kept
        self._worker = worker
        self._commander = commander
        self._there = there
        self._wall = wall
        self._records = {each.device: each for each in after_a_start(kept.paces())}

    @property
    def records(self) -> list[Paced]:
        """What is under way, and what is owed."""
        return [*self._records.values()]

    def read_back(self) -> None:
        """Take the records from the store again: something was erased there."""
        known = {each.device for each in self._kept.paces()}
        self._records = {uid: each for uid, each in self._records.items() if uid in known}

    def begin(self, name: str, every: int, by: str) -> Paced:
        """Make a device report every so many seconds, or refuse it with the reason.

        Raises:
            NotFoundError: no such device.
        """
        device = self._device(name)
        driver, target = self._worker.understanding.target(device.uid)
        wish = Paced(device=device.uid, every=every, state=PaceState.ASKING, by=by, at=self._wall())
        code = self._commander.obstacle(device, there=self._there())
        if code is not None or device.run != REAL:
            return self._refused(wish, code or "simulated")
        if driver is None or (driver.period is None and driver.ask is None):
            return self._refused(wish, "no_period")
        low, high = (driver.period.low, driver.period.high) if driver.period else (SHORTEST_POLL, LONGEST_POLL)
        if not low <= every <= high:
            return self._refused(wish, "range", f"from {low} to {high} s")
        if driver.period is None:
            polled = replace(wish, state=PaceState.POLLED)
            return self._put(polled, self._messages(polled))
        before = self._records.get(device.uid)
        if before is not None and before.state in CHANGED and before.original is not None:
            # its own period is known already: asked now, it would answer with ours
            return self._set(replace(wish, original=before.original), driver, target)
        return self._put(wish, driver.period.ask(target))

    def end(self, name: str) -> Paced:
        """Give a device its own period back; without one of ours nothing changes.

        Raises:
            NotFoundError: no such device.
        """
        uid = self._device(name).uid
        each = self._records.get(uid)
        if each is None:
            return self._refused(Paced(device=uid, every=0, state=PaceState.REFUSED), "unknown")
        return self._give_back(each)

    def end_all(self) -> bool:
        """Give every device its own period back, at the hub's ordinary stop; tell whether there was one to be told."""
        owed = [each for each in self.records if self._give_back(each).state is PaceState.RESTORING]
        return bool(owed)

    def let_go(self, uids: Iterable[str]) -> None:
        """Give devices that are to be forgotten their own period back, and remember nothing of it."""
        for uid in uids:
            if (each := self._records.get(uid)) is not None:
                self._give_back(each)
                self._put(replace(each, state=PaceState.RESTORED), ())

    def hear(self, said: Iterable[tuple[str, int]]) -> None:
        """Take what devices say of their period."""
        for uid, seconds in said:
            each = self._records.get(uid)
            if each is None:
                continue
            after = heard(each, seconds, self._wall())
            if after.state is PaceState.SETTING and each.state is PaceState.ASKING:
                self._set(after, *self._worker.understanding.target(uid))
            elif after != each:
                self._put(after, ())

    def tick(self) -> None:
        """Say again what was not taken, ask who is to be asked, give up on who does not answer."""
        wall, devices = self._wall(), self._worker.understanding.devices
        for each in self.records:
            device = devices.get(each.device)
            if device is None or not self._there() or not self._commander.may(device):
                continue
            after = waited(each, device.seen, wall)
            if after is not None:
                self._put(after, self._messages(after))

    def _give_back(self, each: Paced) -> Paced:
        after = given_back(each, self._wall())
        device = self._worker.understanding.devices.get(after.device)
        may = device is not None and self._there() and self._commander.may(device)
        return self._put(after, self._messages(after) if may else ())

    def _set(self, each: Paced, driver: Driver | None, target: Target) -> Paced:
        if driver is None or driver.period is None:
            return self._refused(each, "no_period")
        return self._put(replace(each, state=PaceState.SETTING, at=self._wall()), driver.period.set(target, each.every))

    def _messages(self, each: Paced) -> Messages:
        """Return what a record asks for now."""
        driver, target = self._worker.understanding.target(each.device)
        if each.state is PaceState.POLLED and driver is not None and driver.ask is not None:
            return driver.ask(target.uid, target.topic)
        if each.state is PaceState.RESTORING and driver is not None and driver.period and each.original is not None:
            return driver.period.set(target, each.original)
        return ()

    def _put(self, each: Paced, messages: Messages) -> Paced:
        """Store a record, then say what it asks for, and let everybody know."""
        records = {**self._records, each.device: each}
        if each.state in _OVER:
            del records[each.device]
        self._kept.put_paces(records.values())
        if (before := self._records.get(each.device)) is None or before.state is not each.state:
            _LOG.info("%r is to report every %d s: %s", each.device, each.every, each.state)
        self._records = records
        self._worker.say(messages)
        driver, _ = self._worker.understanding.target(each.device)
        unconfirmed = [topic for topic, _ in messages] if driver is not None and not driver.asks_qos else ()
        self._worker.tell(Outcome(batch=Batch(paces=[each]), asks=messages, unconfirmed=unconfirmed, by_hand=True))
        return each

    def _refused(self, wish: Paced, code: str, reason: str | None = None) -> Paced:
        return replace(wish, state=PaceState.REFUSED, code=code, reason=reason or WHY[code])

    def _device(self, name: str) -> Device:
        mind = self._worker.understanding
        device = mind.devices.get(mind.resolve(name))
        if device is None:
            msg = f"no device is called {name!r}; GET /api/v1/devices lists them"
            raise NotFoundError(msg)
        return device
