"""The workshop: sessions, people, votes, notes, the floor plan, what holds for every screen."""

from typing import Literal

from hub.web.shapes.words import Day, Shape, Time, Words
from hub.workshop.session import Shows, State
from hub.workshop.vote import VoteState


class SessionNow(Shape):
    """A workshop session; `purge`: the day on which it is erased."""

    id: str
    title: str
    place: str
    purge: Day
    state: State
    started_at: Time
    ended_at: Time | None
    archive: Literal["none", "being_written", "complete"]


class Kept(Shape):
    """What is kept of a session, and until when."""

    code: str
    text: Words
    until: Words


class SessionList(Shape):
    """The sessions, newest first; what is kept of them; the one whose recording is being played."""

    current: SessionNow | None
    sessions: list[SessionNow]
    keeps: list[Kept]
    today: Day
    playing: str | None


class TableCounts(Shape):
    """How many at a table chose what."""

    table: int
    counts: list[int]


class VoteNow(Shape):
    """A question to the room, and how many chose what; never who."""

    id: str
    question: str
    options: list[str]
    state: VoteState
    counts: list[int]
    tables: list[TableCounts]


class VoteShown(Shape):
    """The vote that is shown, and the option (from 0) that this phone chose."""

    vote: VoteNow | None
    mine: int | None


class NoteKept(Shape):
    """A note about a moment of a run; what it is not about is null."""

    id: str
    session: str | None
    run: str
    simulated: bool
    time: Time
    written: Time
    text: str
    author: str | None
    usecase: str | None
    device: str | None
    channel: str | None


class NoteList(Shape):
    """Notes, the earliest moment first."""

    notes: list[NoteKept]
    next: str | None


class Participant(Shape):
    """Somebody who takes part with a phone."""

    id: str
    device: str
    table: int | None
    name: str


class SessionWhole(SessionNow):
    """A session with the results of its votes, its notes and participants."""

    votes: list[VoteNow]
    notes: list[NoteKept]
    people: list[Participant]


class SessionPurged(Shape):
    """How many readings and raw messages went."""

    id: str
    purged: Literal[True]
    readings: int
    messages: int


class Furnished(Shape):
    """What the projector shows of a session."""

    id: str
    shows: Shows


class Removed(Shape):
    """What was taken away."""

    id: str
    removed: Literal[True]


class TakenOff(Shape):
    """The device that was taken off the plan."""

    device: str
    removed: Literal[True]


class PlanPlace(Shape):
    """Where a device hangs: fractions of the picture, from its left and upper edge."""

    device: str
    x: float
    y: float


class PlanPicture(Shape):
    """A plan's picture, and where it is."""

    address: str
    type: str
    width: int
    height: int
    size: int
    title: str


class PlanNow(Shape):
    """The floor plan; `picture` null: the drawn one; `own`: it is this session's; `largest` picture [byte]."""

    picture: PlanPicture | None
    places: list[PlanPlace]
    session: str | None
    own: bool
    largest: int


class QrCode(Shape):
    """A QR code: a path of squares in a box of `size` × `size`."""

    size: int
    path: str


class WifiCode(Shape):
    """The room's network, as a code to scan."""

    ssid: str
    code: QrCode


class SecureWays(Shape):
    """The page by HTTPS, and the authority to trust for it."""

    urls: list[str]
    fingerprint: str
    until: Day


class JoiningWays(Shape):
    """How people reach the page; `url` null: it is open to the hub's own machine only.

    Attributes:
        report: the code that leads a phone to its own report.
    """

    url: str | None
    urls: list[str]
    code: QrCode | None
    report: QrCode | None
    secure: SecureWays | None
    name: Literal["waiting", "announced", "taken", "blocked"] | None
    is_vain: bool
    wifi: WifiCode | None


class MySession(Shape):
    """The session that goes on, as a phone is told of it."""

    title: str
    purge: Day


class Me(Shape):
    """Who a phone is; `is_on`: what it measures is taken."""

    me: Participant | None
    is_on: bool
    session: MySession | None


class PhoneLeft(Shape):
    """A phone that takes part no more; `kept_until`: an archive keeps its measures until that day."""

    me: None
    kept_until: Day | None


class Playing(Shape):
    """The recording that is played again, on which run, how fast."""

    session: str
    run: str
    speed: float


class Stopped(Shape):
    """Nothing is played again."""

    playing: None


class SirenTest(Shape):
    """Number of the silent test, and how many screens it reaches."""

    test: int
    viewers: int


class ScreenSound(Shape):
    """What a screen says of its sound; `tested`: the newest test that it made."""

    page: str
    sound: Literal["on", "muted", "off"]
    tested: int


class ScreenList(Shape):
    """The connected screens; `unknown`: those that say nothing."""

    test: int
    screens: list[ScreenSound]
    unknown: int


class Who(Shape):
    """Who asks; `login`: whether a PIN would help."""

    role: str
    login: bool


class LoggedIn(Shape):
    """Who asks from now on."""

    role: str


class LoginCode(Shape):
    """A single-use code for the page's address, and how long it is valid [s]."""

    code: str
    valid_s: float


class SessionInRoom(Shape):
    """The session that goes on, as everybody in the room sees it."""

    id: str
    title: str
    state: State
    purge: Day


class RoomNow(Shape):
    """Who takes part, and what the projector shows."""

    session: SessionInRoom | None
    shows: Shows
    people: list[Participant]
