"""Lodges the drivers of other packages: who is there, who misbehaved, who is off.

Three strikes and a driver is off: it raised, blocked, returned what the contract does not know, ended its process or
ate its memory. Whatever it costs is bounded: a budget a batch, three times.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from hub.errors import DriverFaultError, ForeignPayloadError, NotFoundError, PayloadError, UsageError
from hub.guests.process import LostError, Process
from hub.guests.protocol import (
    Answer,
    Call,
    Conversation,
    Description,
    Failed,
    Load,
    Loaded,
    Refused,
    Returned,
    Understood,
    pack,
)
from hub.model import Message
from hub.registry import GROUP

_LOG = logging.getLogger(__name__)
T = TypeVar("T")

STRIKES = 3
BUDGET = 1.0
"""What a call or a batch of messages may take [s] (design.md §1)."""
BATCH = 500
"""Messages of one driver that share a budget: more than 2 ms a message is too slow for everybody else."""
LOADING = 10.0
"""What the import of a driver may take [s]: a cold disk, a slow machine."""
MEMORY = 512 * 2**20
"""What all drivers together may take [byte]."""


class Guest(Struct):
    """One driver of another package.

    Attributes:
        place: its entry point.
        package: the distribution that brings it.
        name: its model; the place where it could not be loaded.
        description: None: it could not be loaded.
        strikes: since the hub started, or it was switched on again.
        reason: what it did last.
        off: why it is off; None: it is on.
        held: it is on, but its earlier messages are read again first.
        grown: by how much [byte] the process grew during its calls.
    """

    place: str
    package: str
    name: str
    description: Description | None = None
    strikes: int = 0
    reason: str | None = None
    off: str | None = None
    held: bool = False
    grown: int = 0


def installed() -> list[EntryPoint]:
    """Return the entry points of drivers that other packages bring."""
    return sorted(entry_points(group=GROUP), key=lambda point: point.value)


class Guests:
    """All drivers of other packages, and the process they run in; without any, no process is started.

    Calls come from the thread that decodes, and from those that search or erase: one at a time.
    """

    def __init__(
        self,
        points: Iterable[EntryPoint],
        *,
        taken: Collection[str] = (),
        off: Mapping[str, str] = {},
        budget: float = BUDGET,
        memory: int = MEMORY,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load what the entry points name; what cannot be loaded is off, and said. Blocks.

        Args:
            points: entry points of group `matinales.drivers`.
            taken: models that are not theirs to have.
            off: model → why it was off when the hub ended.
            budget: what a batch may take [s].
            memory: what the process may take [byte].
            monotonic: what budgets are measured with [s].
        """
        self._budget = budget
        self._memory = memory
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._process: Process | None = None
        self._last: Guest | None = None
        self._weight = 0
        self.changed: Callable[[Guest], None] = lambda _guest: None
        """Called when a driver has gone off, in the thread that called it."""
        self.guests = [Guest(point.value, _package(point), point.value) for point in points]
        self._off = dict(off)
        self._by_name: dict[str, Guest] = {}
        self._taken = set(taken)
        if self.guests:
            self._running()

    @property
    def descriptions(self) -> list[Description]:
        """What the drivers that could be loaded say of themselves."""
        return [guest.description for guest in self.guests if guest.description is not None]

    @property
    def pid(self) -> int | None:
        """The process, while it lives."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def named(self, name: str) -> Guest:
        """Return a driver by its model.

        Raises:
            NotFoundError: no package brings it.
        """
        found = next((guest for guest in self.guests if guest.name == name), None)
        if found is None:
            known = ", ".join(guest.name for guest in self.guests) or "none"
            msg = f"no driver {name!r} from another package; there are: {known}"
            raise NotFoundError(msg)
        return found

    def switch_on(self, name: str) -> Guest:
        """Switch a driver on again, its code read anew; held until its earlier messages were read.

        Raises:
            NotFoundError: no package brings it.
            UsageError: it cannot be loaded.
        """
        with self._lock:
            guest = self.named(name)
            if guest.description is None:
                msg = f"{name} cannot be loaded; repair package {guest.package}, then start the hub again"
                raise UsageError(msg)
            guest.off, guest.strikes, guest.reason, guest.grown = None, 0, None, 0
            self._end()
            self._running()
            if guest.off is not None:
                msg = f"driver {name} stays off: it {guest.off}; repair package {guest.package} and try again"
                raise UsageError(msg)
            guest.held = True
            return guest

    def switch_off(self, name: str, why: str) -> Guest:
        """Switch a driver off; its messages stay in the journal.

        Raises:
            NotFoundError: no package brings it.
        """
        guest = self.named(name)
        guest.off, guest.held = why, False
        return guest

    def views(self) -> list[dict[str, Any]]:
        """Return each driver as the API shows it."""
        return [
            {
                "name": guest.name,
                "package": guest.package,
                "state": "off" if guest.off is not None else "reading_again" if guest.held else "on",
                "reason": guest.off or guest.reason,
                "strikes": guest.strikes,
            }
            for guest in self.guests
        ]

    # what drivers are asked

    def call(self, name: str, function: str, kind: type[T], *arguments: Any) -> T:  # noqa: ANN401 — the function's own
        """Call one of a driver's functions; arguments that are bytes travel as they are.

        Raises:
            PayloadError: its own refusal.
            DriverFaultError: it failed, or is off.
        """
        guest = self._by_name[name]
        given = [each if isinstance(each, bytes) else pack(each) for each in arguments]
        with self._lock:
            said = self._away(guest) or self._one(guest, Call(name, function, given))
            if isinstance(said, Returned):
                try:
                    return msgspec.msgpack.decode(said.value, type=kind)
                except msgspec.DecodeError as error:
                    said = self._fault(guest, f"returned rubbish from {function} ({error})")
        raise refusal(said)

    def converse(self, name: str, context: bytes, messages: Sequence[Message]) -> list[Answer]:
        """Decode messages one after the other; one answer each: Understood, Refused or, its fault, Failed."""
        guest = self._by_name[name]
        said: list[Answer] = []
        with self._lock:
            while len(said) < len(messages):
                away = self._away(guest)
                if away is not None:
                    said += [away] * (len(messages) - len(said))
                else:
                    said += self._some(guest, context, messages[len(said) : len(said) + BATCH])
                    context = next((new for each in reversed(said) if (new := learnt(each)) is not None), context)
        return said

    def _some(self, guest: Guest, context: bytes, messages: Sequence[Message]) -> list[Answer]:
        """Decode messages up to the first fault."""
        said: list[Answer] = []
        try:
            process = self._running()
            if self._away(guest) is not None:
                return said
            self._last = guest
            process.ask(pack(Conversation(guest.name, context, list(messages))))
            until = self._monotonic() + self._budget
            while len(said) < len(messages):
                answer = process.hear(until, self._budget)
                if not isinstance(answer, Understood | Refused):
                    said.append(self._fault(guest, _reason(answer)))
                    break
                said.append(answer)
            self._weigh(guest)
        except LostError as lost:
            self._end()
            if len(said) < len(messages):
                said.append(self._fault(guest, str(lost)))
        return said

    def _one(self, guest: Guest, question: Call) -> Answer:
        try:
            process = self._running()
            if (away := self._away(guest)) is not None:
                return away
            self._last = guest
            process.ask(pack(question))
            said = process.hear(self._monotonic() + self._budget, self._budget)
        except LostError as lost:
            self._end()
            return self._fault(guest, str(lost))
        return said if isinstance(said, Returned | Refused) else self._fault(guest, _reason(said))

    # what they do wrong

    def _away(self, guest: Guest) -> Failed | None:
        """Return what stands for a driver's answer that is not asked now."""
        if guest.held:
            return Failed(f"driver {guest.name} first reads the messages again that it missed; this one waits")
        if guest.off is None:
            return None
        return Failed(
            f"driver {guest.name} of package {guest.package} is off: it {guest.off}; "
            f"repaired, it reads this message again: matinales drivers enable {guest.name}"
        )

    def _fault(self, guest: Guest, what: str) -> Failed:
        """Count a strike; return the fault in words."""
        guest.strikes += 1
        guest.reason = what
        said = f"driver {guest.name} of package {guest.package} {what}: strike {guest.strikes} of {STRIKES}"
        _LOG.warning("%s", said)
        if guest.strikes >= STRIKES and guest.off is None:
            self._switch_off(guest, what)
        return Failed(said)

    def _switch_off(self, guest: Guest, what: str) -> None:
        guest.off = guest.reason = what
        _LOG.error("Driver %s of package %s is off: it %s", guest.name, guest.package, what)
        self.changed(guest)

    def _weigh(self, guest: Guest) -> None:
        """Note by how much the process grew; one too heavy ends, and who made it grow most has the strike."""
        if self._process is None:
            return
        try:
            weight = self._process.weigh()
        except LostError as lost:
            self._end()
            guest.grown += self._memory - self._weight
            heaviest = max(self.guests, key=lambda each: each.grown)
            self._fault(heaviest, str(lost))
            for each in self.guests:
                each.grown = 0
        else:
            guest.grown += weight - self._weight
            self._weight = weight

    # the process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _running(self) -> Process:
        """Return the process, with every driver in it that is on; one that takes it down by its import goes off."""
        if self._process is not None and self._process.has_ended:
            self._end()
            if self._last is not None:
                self._fault(self._last, "ended its process after it had answered")
        while self._process is None:
            self._last = None
            process = Process(memory=self._memory, monotonic=self._monotonic)
            if all(self._load(process, guest) for guest in self.guests if guest.off is None):
                self._process = process
            else:
                process.end()
        return self._process

    def _load(self, process: Process, guest: Guest) -> bool:
        """Load a driver; tell whether the process is still there."""
        process.ask(pack(Load(guest.place)))
        try:
            said = process.hear(self._monotonic() + LOADING, LOADING)
            self._weight = process.weigh()
        except LostError as lost:
            self._switch_off(guest, f"cannot be loaded: it {lost}")
            return False
        if not isinstance(said, Loaded):
            self._switch_off(guest, f"cannot be loaded: it {_reason(said)}")
        elif guest.description is None:
            self._admit(guest, said.driver)
        elif guest.description != said.driver:
            _LOG.warning("Driver %s describes itself anew: the hub goes by that after its next start", guest.name)
        return True

    def _admit(self, guest: Guest, description: Description) -> None:
        model = description.model
        if model in self._taken:
            self._switch_off(guest, f"cannot be loaded: there is already a driver {model!r}, and names are unique")
            return
        self._taken.add(model)
        guest.name, guest.description = model, description
        self._by_name[model] = guest
        guest.off = guest.reason = self._off.get(model)


def learnt(said: Answer) -> bytes | None:
    """Return the context that an answer leaves; None: as before."""
    return said.context if isinstance(said, Understood | Refused) else None


def refusal(said: Answer, context: object = None) -> PayloadError:
    """Return what an answer that is none says, as the registry takes it; `context`: what it leaves."""
    if isinstance(said, Refused):
        kind = ForeignPayloadError if said.is_foreign else PayloadError
        return kind(said.reason, asks=said.asks, context=context)
    return DriverFaultError(said.reason if isinstance(said, Failed) else "gave no answer")


def _reason(said: Answer) -> str:
    return f"failed: {said.reason}" if isinstance(said, Failed) else "gave an answer to something else"


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module
