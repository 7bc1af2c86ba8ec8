"""What the web layer needs of the running hub: the one contract it knows beside the words."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from hub.config import Config
from hub.driver import Command
from hub.lan.room import Ways
from hub.live import Live
from hub.machine import Machine
from hub.model import Action, Alarm, Commanded, Heard, Message, Paced
from hub.provisioning import Provisioning
from hub.refusals.explain import Explainer
from hub.rules.casting import Taken
from hub.store.alarms import Asked, Found, Transition
from hub.store.base import History, Past, Range, Series
from hub.tables import Tables, Wanted
from hub.usecases.choosing import Choices
from hub.usecases.schema import UseCase
from hub.workshop.note import Note, Place
from hub.workshop.people import Joining, Person
from hub.workshop.plan import Picture, Plan
from hub.workshop.plan import Place as Spot
from hub.workshop.report.content import Report, Whose
from hub.workshop.report.words import Language
from hub.workshop.session import Room, Session, Wish
from hub.workshop.vote import Question
from hub.workshop.wall import Wall, WallWish

T = TypeVar("T")


class Acts(Protocol):
    """What people do to devices; each answers with the action as recorded (id 0: nothing was changed).

    Raises:
        NotFoundError: no such device, or action.
        UsageError: it cannot be done.
    """

    @property
    def ignored_topics(self) -> tuple[str, ...]:
        """The topic filters that are ignored."""

    def change(self, name: str, wish: Mapping[str, Any], by: str) -> Action:
        """Change `name`, `room`, `ignored`, `locked`, `hidden`, `proposed` of a device."""

    def merge(self, name: str, into: str, by: str) -> Action:
        """Say that a device is another one."""

    def unmerge(self, name: str, by: str) -> Action:
        """Let a merged device be itself again."""

    def ignore_topics(self, filters: list[str], by: str) -> Action:
        """Ignore these topic filters, and no others."""

    def cast(self, usecase: str, role: str, taken: Taken | None, by: str) -> Action:
        """Give a role to a real device, or (None) back."""

    def turn(self, usecase: str, by: str, *, off: bool) -> Action:
        """Turn a use case off or on."""

    def undo(self, number: int | None, by: str) -> Action:
        """Take an action back; None: the newest that can be."""


Change = Callable[[UseCase, Choices], Choices]
"""What people change of what they chose for a use case."""


class Desk(Protocol):
    """What a facilitator does with workshop sessions (`hub.workshop.desk`).

    Raises:
        NotFoundError: no such session.
        UsageError: it cannot be done.
    """

    def start(self, wish: Wish) -> Session:
        """Start one."""

    def pause(self, name: str) -> Session:
        """Let what comes belong to nobody."""

    def resume(self, name: str) -> Session:
        """Go on."""

    def archive(self, name: str) -> Session:
        """End it."""

    def reset(self, name: str, wish: Wish | None) -> Session:
        """Archive it and start another one, which is returned."""

    def session(self, name: str) -> Session:
        """Return one."""

    def current(self) -> Session | None:
        """Return the one that is current."""

    def furnish(self, name: str, room: Room) -> Session:
        """Change how people join, or what the projector shows."""


class Ballot(Protocol):
    """Questions to the room (`hub.workshop.ballot`)."""

    def told(self, voter: str | None) -> dict[str, Any]:
        """Return `{"vote", "mine"}`."""

    def ask(self, asked: Question) -> dict[str, Any]:
        """Ask."""

    def answer(self, name: str, voter: str, choice: int, *, instead: str | None = None) -> dict[str, Any]:
        """Take an answer, in place of that of another voter who is the same."""

    def close(self, name: str) -> dict[str, Any]:
        """Take no more of them."""

    def put_away(self, name: str) -> dict[str, Any]:
        """Show it no more."""


class Notebook(Protocol):
    """Notes on the time-line (`hub.workshop.notebook`)."""

    def shown(self) -> Sequence[Note]:
        """Return those that the room sees, the earliest moment first."""

    def add(self, text: str, author: str, place: Place) -> Note:
        """Keep one; NoteError: it cannot be kept as it is."""

    def remove(self, name: str) -> Note:
        """Take one away for ever; NotFoundError: there is none."""


class Planner(Protocol):
    """The floor plan (`hub.workshop.planner`)."""

    @property
    def session(self) -> str:
        """Id of the session whose plan would be changed; empty: that of the house."""

    def shown(self) -> Plan:
        """Return the plan that the room sees."""

    def picture(self, name: str | None = None) -> tuple[Picture, bytes]:
        """Return its picture; NotFoundError: there is none, or not that one."""

    def hang(self, device: str, where: Spot) -> Plan:
        """Hang a device; PlanError: there are too many."""

    def take_off(self, *devices: str) -> Plan:
        """Take some off; NotFoundError: one is not on it."""

    def show(self, data: bytes, title: str) -> Plan:
        """Give it another picture; PlanError: that cannot be shown."""

    def draw(self) -> Plan:
        """Show the drawn plan again."""


class People(Protocol):
    """Who takes part with a phone (`hub.workshop.people`)."""

    def known(self, token: str | None) -> Person | None:
        """Return whose token this is."""

    def named(self, name: str) -> Person | None:
        """Return a participant of the current session."""

    def join(self, wish: Joining, token: str | None) -> tuple[Person, str]:
        """Let a phone take part."""

    def leave(self, person: Person) -> None:
        """Forget what a participant typed and answered."""


class Sittings(Protocol):
    """The workshop sessions (`hub.sessions`)."""

    @property
    def people(self) -> People:
        """Who takes part with a phone."""

    @property
    def ballot(self) -> Ballot:
        """Questions to the room."""

    @property
    def notebook(self) -> Notebook:
        """Notes on the time-line."""

    @property
    def planner(self) -> Planner:
        """The floor plan."""

    @property
    def desk(self) -> Desk:
        """Starts, pauses, archives."""

    def told(self) -> dict[str, Any]:
        """Return `{"current", "sessions", "keeps"}`."""

    def view(self, session: Session) -> dict[str, Any]:
        """Return one as the API gives it."""

    def whole(self, name: str) -> dict[str, Any]:
        """Return one with the results of its votes and its notes."""

    def spans(self, name: str) -> Sequence[tuple[str, int, int]]:
        """Return the stretches (run, start, stop [ns]) of timelines that are a session's."""

    def notes(self, name: str) -> Sequence[Note]:
        """Return its notes, the earliest moment first."""

    def alarms(self, name: str) -> Sequence[Alarm]:
        """Return its alarms, newest first."""

    def history(self, name: str) -> AbstractContextManager[Past | None]:
        """Lend the readings of its archive; None: they lie in the store."""

    def purge(self, name: str) -> dict[str, Any]:
        """Erase it for ever."""


class Player(Protocol):
    """Plays recordings again; on the event loop."""

    @property
    def playing(self) -> str | None:
        """The session that is being played."""

    def prepare(self) -> None:
        """Have the newest recording ready: somebody looks at the button that plays it."""

    async def play(self, name: str | None, speed: float | None) -> Mapping[str, Any]:
        """Play one; None: the newest that has a recording."""

    async def stop(self) -> None:
        """Stop."""

    async def stand_down(self) -> None:
        """Have nothing ready any more: a recording is about to be erased."""


class Hub(Protocol):
    """The running hub. Everything is called on the event loop; what blocks is a coroutine or says so."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def live(self) -> Live:
        """The live state; the web layer applies the scenario's news to it and reads the rest."""

    @property
    def tables(self) -> Tables:
        """The tables that have a simulator of their own."""

    async def want_tables(self, wanted: Wanted) -> None:
        """Let these tables play by themselves, and no others; keep it beyond the hub's end.

        Raises:
            StoreError: it was not kept.
        """

    @property
    def history(self) -> History:
        """The store of readings. Blocks: the web layer calls it in a worker thread, several at a time."""

    @property
    def explainer(self) -> Explainer:
        """What is said of a message that nobody understood; works through lists: called in a worker thread."""

    def resolve(self, name: str) -> str:
        """Return the uid that a uid, alias or native id means; the name itself when nobody knows it."""

    async def alarms(self, asked: Asked) -> Found:
        """Return the newest alarms that are wanted, newest first.

        Raises:
            UsageError: the cursor is none.
        """

    async def alarm(self, alarm: str) -> tuple[Alarm, Sequence[Transition]]:
        """Return one alarm with every step of its life, oldest first.

        Raises:
            NotFoundError: no such alarm.
        """

    async def acknowledge(self, alarm: str, by: str, comment: str | None) -> Alarm:
        """Acknowledge an alarm, commit it, apply it to the live state and return it; again changes nothing.

        Raises:
            NotFoundError: no such alarm.
        """

    async def shelve(self, alarm: str, seconds: float | None, by: str) -> Alarm:
        """Set an alarm aside for so long [s of its run], or (None) take it back; commit and apply it.

        Raises:
            NotFoundError: no such alarm that can still be set aside.
        """

    async def why(self, alarm: str) -> Mapping[str, Any]:
        """Return why an alarm was raised, as `GET /alarms/{id}/why` gives it.

        Raises:
            NotFoundError: no such alarm, or its use case is gone.
        """

    async def act(self, do: Callable[[Acts], Action]) -> Action:
        """Carry out what a person does to a device, in the thread that owns the store.

        Raises:
            NotFoundError: no such device, or action.
            UsageError: it cannot be done.
        """

    async def forget(self, name: str) -> Mapping[str, Any]:
        """Erase a device for ever; return how many `readings` and raw `messages` went, and what is left `elsewhere`.

        Raises:
            NotFoundError: no such device.
        """

    def show_room(self) -> None:
        """Let every screen see who takes part and what the projector shows, at once."""

    async def with_sessions(self, do: Callable[[Sittings], T]) -> T:
        """Do something with the workshop sessions, in a thread.

        Raises:
            NotFoundError: no such session.
            UsageError: it cannot be done.
            JournalError, StoreError: it was not done.
        """

    async def report(self, session: str, language: Language, whose: Whose | None = None) -> Report:
        """Return the report of a session as it stands, for everybody or for a table or participant.

        Raises:
            NotFoundError: no such session; it may have been erased.
            StoreError: its readings cannot be read.
        """

    async def furnish_wall(self, wish: WallWish) -> Wall:
        """Change what holds for every screen: shown at once, and kept.

        Raises:
            UsageError: it cannot be so.
            StoreError: it is shown, and would not outlive the hub.
        """

    @property
    def player(self) -> Player:
        """Plays recordings again."""

    def drivers(self) -> Sequence[Mapping[str, Any]]:
        """Return `{"name", "package", "state", "reason", "strikes"}` of each driver of another package."""

    async def switch_driver(self, name: str, *, on: bool) -> Mapping[str, Any]:
        """Switch a driver of another package on, to read again what it missed, or off; return it as it is now.

        Raises:
            NotFoundError: no package brings it.
            UsageError: it cannot be loaded.
        """

    async def actions(self, limit: int) -> Sequence[Action]:
        """Return the newest actions, newest first."""

    async def command(self, name: str, wanted: Command, by: str, key: str | None, *, again: bool = False) -> Commanded:
        """Give a device a command: sent, or refused with the reason; `again`: another worker had it already.

        Raises:
            NotFoundError: no such device.
        """

    async def pace(self, name: str, every: int | None, by: str) -> Paced:
        """Make a device report every so many seconds (None: by its own period again), or refuse it with the reason.

        Raises:
            NotFoundError: no such device.
        """

    async def commands(self, limit: int, device: str | None) -> Sequence[Commanded]:
        """Return the newest commands, of one device (uid) or of all, newest first."""

    async def messages(self, limit: int, *, understood: bool | None) -> Sequence[Heard]:
        """Return the newest messages, newest first; `understood` None: both kinds."""

    async def message(self, position: int) -> Message:
        """Return a message of the journal whole.

        Raises:
            NotFoundError: the journal no longer holds it, or never did.
        """

    async def decoded(self, messages: Sequence[Message]) -> Sequence[Mapping[str, Any]]:
        """Return what the drivers read in messages that are not journalled, each alone (`hub.described`)."""

    def usecases(self, table: int = 0) -> Sequence[Mapping[str, Any]]:
        """Return `{"name", "title": {fr, en}, "run", "state"}` of each use case, as a table (0: the room) plays it."""

    def usecase(self, name: str, table: int = 0) -> Mapping[str, Any]:
        """Return everything the page shows of a use case, as the API gives it; of a table's own, or the room's.

        Raises:
            NotFoundError: no such use case.
        """

    def is_real(self, usecase: str) -> bool:
        """Tell whether a real device plays in a use case, which then lives on the real timeline."""

    def candidates(self, usecase: str) -> Mapping[str, Any]:
        """Return `{"roles": {role: [{"device", "name", "channels", "options", "warnings", "taken", …}]}}`, best first.

        Raises:
            NotFoundError: no such use case.
        """

    def roles_for(self, device: str) -> Mapping[str, Any]:
        """Return `{"roles": […]}`, the roles that a real device could play, best first.

        Raises:
            NotFoundError: no such device.
            UsageError: it cannot play at all.
        """

    async def take_role(
        self, usecase: str, role: str, device: str, channels: Mapping[str, str | None] | None, by: str
    ) -> Mapping[str, Any]:
        """Give a role to a real device; return the role, the warnings, and the number of the action.

        Args:
            usecase: the use case.
            role: its role.
            device: by any of its names.
            channels: measure → channel (None: not heard), all of them; None: as they fit best.
            by: who.

        Raises:
            NotFoundError: no such use case, role or device.
            UsageError: it cannot play it, and why.
        """

    async def give_back(self, usecase: str, role: str, by: str) -> Mapping[str, Any]:
        """Give a role back to its simulated device.

        Raises:
            NotFoundError: no such use case or role.
        """

    async def turn(self, usecase: str, by: str, *, off: bool) -> Mapping[str, Any]:
        """Turn a use case off, so that its alarms are suppressed, or on; return `{"name", "off", "action"}`.

        Raises:
            NotFoundError: no such use case.
        """

    async def measured(self, usecase: str, measure: str, asked: Range, width: int) -> Series:
        """Return the curve of a use case's measure, computed ones included; `Series.channel` is its name.

        Of `asked` run, start and stop count.

        Raises:
            NotFoundError: no such use case or measure.
        """

    async def money(self, usecase: str, asked: Range, session: str | None = None) -> Mapping[str, Any]:
        """Return what a use case may be worth by its readings of `asked` run, start and stop (`hub.usecases.costing`).

        Raises:
            NotFoundError: no such use case.
        """

    async def choose(self, usecase: str, how: Change, table: int = 0) -> Mapping[str, Any]:
        """Change what people chose for a use case, on all screens, or what a table did on its own; return it.

        Raises:
            NotFoundError: no such use case, hypothesis or material.
            UsageError: it is out of bounds.
        """

    @property
    def provisioning(self) -> Provisioning:
        """The MQTT accounts of devices."""

    def setup(self) -> Mapping[str, Any]:
        """Return `{"broker": {"host", "port", "user", "password", "is_open", "tls_port"}, "families": […]}`."""

    def ways(self) -> Ways:
        """Return how the room's phones reach the page."""

    def seen(self, remote: str | None) -> None:
        """Take notice of the address from which somebody asks for something."""

    async def append(self, messages: Sequence[Message]) -> int:
        """Journal messages (import door, webhooks) and return the journal's end after the commit.

        Raises:
            JournalError: nothing was written.
        """

    def counters(self) -> Mapping[str, float]:
        """Return what `/health` and `/metrics` count, `snake_case`; a name that only grows ends in `_total`."""

    async def machine(self) -> Machine:
        """Return how the hub's processes and the data folder's disk are."""

    async def examine(self, lang: str) -> Sequence[Mapping[str, Any]]:
        """Return `{"id", "ok", "text", "remedy"}` of each finding of the doctor, in a language; takes some seconds.

        Raises:
            HubError: it gave no answer.
        """
