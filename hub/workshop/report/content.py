"""What a report says, in one language, every figure already in words: `page` and `paper` only lay it out.

Nothing here is markup. What people typed travels as plain text to the edge of each layout, which escapes it there.
"""

from msgspec import Struct


class Curve(Struct, frozen=True, kw_only=True):
    """A drawn chart.

    Attributes:
        title: what it shows.
        mark: simulated, played again or real.
        real: its mark wears no colour of the simulation.
        svg: the drawing; its colours have a second sign each (dash, width, number).
        told: the same in a sentence, for who cannot see it.
    """

    title: str
    mark: str
    svg: str
    told: str
    real: bool = False


class AlarmLine(Struct, frozen=True, kw_only=True):
    """An alarm as it is told.

    Attributes:
        number: that of its mark on the curves.
        when, lasted, priority: in words.
        text: the sentence as it was when raised, as the page said it.
        rule: the rule in words; law: the text it names, with the warning where that is only indicative.
        todo: what to do.
        noted: what somebody wrote as they acknowledged it.
    """

    number: int
    when: str
    lasted: str
    priority: str
    text: str
    rule: str = ""
    law: str = ""
    todo: str = ""
    noted: str = ""


class Part(Struct, frozen=True, kw_only=True):
    """What happened on one timeline: a scenario that begins anew is another part.

    Attributes:
        title: from when until when, by the clock of that timeline.
        more: how many alarms are not listed, in words.
    """

    title: str
    curves: tuple[Curve, ...] = ()
    alarms: tuple[AlarmLine, ...] = ()
    more: str = ""


class Assumed(Struct, frozen=True, kw_only=True):
    """A hypothesis: its figure, its range, and where it comes from (given, chosen in the room, measured)."""

    title: str
    value: str
    range: str
    origin: str


class Worth(Struct, frozen=True, kw_only=True):
    """A money card: the formula with its figures and result, and the range when one hypothesis moves at a time."""

    title: str
    formula: str
    range: str
    note: str = ""
    hypotheses: tuple[Assumed, ...] = ()


class Buy(Struct, frozen=True, kw_only=True):
    """A line of the bill of materials, its price with the month it was looked up or the day somebody typed it."""

    title: str
    price: str
    date: str
    note: str = ""


class Player(Struct, frozen=True, kw_only=True):
    """A role: what played it, and whether that was simulated."""

    role: str
    kind: str
    mark: str
    real: bool = False


class Story(Struct, frozen=True, kw_only=True):
    """A use case of the session."""

    title: str
    story: str
    parts: tuple[Part, ...] = ()
    worth: tuple[Worth, ...] = ()
    bill: tuple[Buy, ...] = ()
    totals: tuple[str, ...] = ()
    players: tuple[Player, ...] = ()
    limits: tuple[str, ...] = ()


class Answer(Struct, frozen=True, kw_only=True):
    """An option of a vote: how many chose it, in words and as a share of the answers [0–1]."""

    option: str
    count: str
    share: float


class Poll(Struct, frozen=True, kw_only=True):
    """A vote and its result; `note` where it is still open."""

    question: str
    answers: tuple[Answer, ...]
    note: str = ""


class Note(Struct, frozen=True, kw_only=True):
    """What somebody noted on the time-line: when by its clock, what, and who if they said so."""

    when: str
    text: str
    by: str = ""


class Step(Struct, frozen=True, kw_only=True):
    """How to go on at home: words, and what to type."""

    text: str
    command: str = ""


class Kept(Struct, frozen=True, kw_only=True):
    """What is kept of the session and why, and until when."""

    text: str
    until: str


class Whose(Struct, frozen=True, kw_only=True):
    """Whom a report is asked for: a participant by id, or a table; neither: the whole session."""

    participant: str | None = None
    table: int | None = None


class Own(Struct, frozen=True, kw_only=True):
    """For whom a report is: a table, a participant.

    Attributes:
        name: as they are to be called: the table, the first name.
        devices: uids of their phones and sensors, whose curves come first in their report.
        table: where they sit: if that played by itself, its story is told; 0: nobody said.
    """

    name: str
    devices: tuple[str, ...] = ()
    table: int = 0


class Report(Struct, frozen=True, kw_only=True):
    """A whole report.

    Attributes:
        language: `fr` or `en`.
        title, place: as typed.
        whose: the table or person it is for; empty: the whole session.
        when: day and hours.
        notice: what must be known first, such as a session that is not over; empty: nothing.
        facts: what there was, a sentence each.
        own: curves of the table's or person's own devices.
        words: headings and labels of the layout, by code.
    """

    language: str
    title: str
    place: str = ""
    whose: str = ""
    when: str
    notice: str = ""
    facts: tuple[str, ...] = ()
    own: tuple[Curve, ...] = ()
    stories: tuple[Story, ...] = ()
    votes: tuple[Poll, ...] = ()
    notes: tuple[Note, ...] = ()
    home: tuple[Step, ...] = ()
    kept: tuple[Kept, ...] = ()
    words: dict[str, str] = {}
