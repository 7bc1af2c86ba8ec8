"""The words everybody shares: what arrives, what it means, where it belongs.

Times are integers, nanoseconds since 1970-01-01T00:00:00Z. Structs are immutable and cheap to make: they are the
unit of every hot path.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

REAL = "real"
"""The timeline of what is neither simulated nor replayed."""

REPLAY = "replay-"
"""Begins the name of a run that plays a recording again."""

NS = 1_000_000_000
MAX_WHOLE = 1024 * 1024
"""A payload up to this many bytes is journalled whole."""
KEPT_OF_LARGER = 1024
"""Of a larger one this many bytes are kept, with its length and the reason."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(time: int) -> str:
    """Return a time [ns] as RFC 3339 in UTC, with as many decimals as it has (none, 3, 6 or 9)."""
    seconds, rest = divmod(time, NS)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    if not rest:
        return f"{text}Z"
    decimals = f"{rest:09}"
    while decimals.endswith("000"):
        decimals = decimals[:-3]
    return f"{text}.{decimals}Z"


class Quality(StrEnum):
    """OPC UA's three: `uncertain` is out of the plausible range, `bad` is the device's own word for a failed probe.

    Where the present is shown, a good value of a device that is offline, or older than its device believes it, is
    `uncertain` too: the last usable value.
    """

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


class TimeSource(StrEnum):
    """Where a reading's time comes from; `late`: no time of its own, received while a resumed session drained."""

    DEVICE = "device"
    ARRIVAL = "arrival"
    LATE = "late"


class Kind(StrEnum):
    """What a message is about."""

    READINGS = "readings"
    AVAILABILITY = "availability"
    DISCOVERY = "discovery"
    COMMAND = "command"
    HOUSEKEEPING = "housekeeping"


class Availability(StrEnum):
    """Whether a device can be reached, by its own or its bridge's word."""

    ONLINE = "online"
    OFFLINE = "offline"


class Source(StrEnum):
    """The edge at which a message arrived; `import` is the import door: back-fill and recordings."""

    MQTT = "mqtt"
    SERIAL = "serial"
    HTTP = "http"
    PHONE = "phone"
    IMPORT = "import"


class Message(Struct, frozen=True, gc=False):
    """What arrived.

    Attributes:
        topic: MQTT topic, or the one an edge made up.
        payload: bytes as received (the first KiB of an over-size one).
        received: arrival time [ns], fixed once, at receipt.
        source: the edge.
        retained: the broker's retain flag: the last word of before, not news.
        run: the run it belongs to when its sender said so (import door); otherwise the timelines decide.
        time: its simulated time [ns] when the sender said so (import door).
        length: payload length [byte] before cutting; 0 when whole.
        qos: MQTT quality of service; 0 is never delivered again, so it is no part of the resume rule.
    """

    topic: str
    payload: bytes
    received: int
    source: Source = Source.MQTT
    retained: bool = False
    run: str | None = None
    time: int | None = None
    length: int = 0
    qos: int = 1


class Record(Struct, frozen=True, gc=False):
    """A journalled message.

    Attributes:
        position: place in the journal, 1, 2, 3 …, never reused.
        epoch: number of the connection it came from.
        repeat: a redelivery of an earlier record, found by the resume rule (reliability.md §2.8).
        late: received while a resumed session drained: its arrival time says nothing of its measurement.
    """

    position: int
    message: Message
    epoch: int = 0
    repeat: bool = False
    late: bool = False


class Reading(Struct, frozen=True, gc=False):
    """One value of one channel of one device.

    Attributes:
        device: immutable uid, `family:name` as first seen.
        channel: name of the channel, suffix included.
        unit: the hub's unit, or None where nobody said.
        value: finite.
        time: measurement time [ns] on its run's timeline.
        received: arrival time [ns] on the same timeline.
        run: `real`, or the simulation or replay it comes from.
        tie: hash of topic and payload (48 bits), so that a redelivery meets itself and two messages never meet.
    """

    device: str
    channel: str
    unit: str | None
    value: float
    time: int
    received: int
    time_source: TimeSource
    quality: Quality
    run: str
    tie: int


NOW_WITHIN = 5 * NS
"""How far [ns] the clock of a twin may be from the wall's: a closed lid holds it back for longer."""


class Run(Struct, frozen=True, kw_only=True):
    """A timeline that is not real: one run of a scenario or replay, as its announcement and newest beat say.

    Attributes:
        id: `<scenario>-<UTC start>-<4 hex>`.
        speed: simulated seconds a wall second; 0 paused.
        state: `running`, `paused`, `ended`, or `announced` (only a retained announcement was heard: not alive).
        wall, simulated: times [ns] of the newest beat or announcement.
        devices, topics: what belongs to it.
        days: scenario → how many days the day it plays lies after the date of its messages.
        table: whose own it is; 0: the whole room's.
        plays: uid of a table's device → that of the simulated device whose role it plays.
        begun: it has run at some time: its history, if it has one, is whole.
    """

    id: str
    scenario: str
    seed: int
    speed: float
    state: str
    wall: int
    simulated: int
    devices: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    days: dict[str, int] = {}
    table: int = 0
    plays: dict[str, str] = {}
    begun: bool = False

    @property
    def is_preparing(self) -> bool:
        """Whether it stands because its history is on its way: nothing of it says how things stand now."""
        return self.state == "paused" and not self.begun

    @property
    def is_now(self) -> bool:
        """Whether its clock is the wall's: what it plays may stand beside real devices."""
        return self.state == "running" and self.speed == 1 and abs(self.simulated - self.wall) <= NOW_WITHIN

    def now(self, wall: int) -> int:
        """Return the run's time [ns] when the wall clock shows `wall` (it stands 5 s after its last beat)."""
        if self.state != "running":
            return self.simulated
        return self.simulated + int(min(max(wall - self.wall, 0), 5 * NS) * self.speed)


class Device(Struct, frozen=True, kw_only=True, gc=False):
    """A device as the hub knows it.

    Attributes:
        uid: `family:name` as first seen; immutable.
        name: what people call it.
        availability: by its own or its bridge's word; None: never said.
        run: `real`, or the newest run it belongs to.
        seen: arrival time [ns] of its newest message.
        topic: of the message that made it known.
        proposed: heard on a foreign broker, generic: shown for approval, not created.
        ignored: a person wants nothing of it: journalled, not stored, not shown.
        named: a person gave the name; no bridge's word replaces it.
        room: where a person says it is.
        locked: the facilitator lets nobody command it.
        hidden: the facilitator shows it on no screen of the room; it is heard and stored as ever.
        merged: uid of the device that a person says it is; this one is shown no more.
        removed: gone by its own word; not shown until it speaks again.
        apart: uids of devices that a person says it is not: the hub merges them no more by itself.
        gone: channels that were taken back: not shown until they speak again; what is stored stays.
        health: channels that speak of the device itself, by its own document.
        firmware: its version, by its own or its bridge's word; empty: never said.
        expires: channel → how long [s] its values are believed, by the device's own document.
        missed: messages that by its own numbers were not heard, ever.
    """

    uid: str
    family: str
    name: str
    availability: Availability | None = None
    run: str = REAL
    seen: int = 0
    topic: str = ""
    proposed: bool = False
    ignored: bool = False
    named: bool = False
    room: str = ""
    locked: bool = False
    hidden: bool = False
    merged: str | None = None
    removed: bool = False
    apart: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    firmware: str = ""
    expires: dict[str, float] = {}
    missed: int = 0

    @property
    def own_name(self) -> str:
        """Return what it is called when nobody says otherwise."""
        return self.uid.partition(":")[2] or self.uid


BY_HUB = "hub"
"""Who acted where nobody did: the hub found out that two devices are one."""


class Action(Struct, frozen=True, kw_only=True):
    """What was done to a device, a topic, a role or a use case: what it changed, so that it can be undone.

    Attributes:
        id: counts up; 0: nothing was changed, so nothing was recorded.
        at: wall clock [ns].
        by: `facilitator`, `command line`, or BY_HUB.
        device: uid; empty for what concerns topics.
        before, after: fields of Device (`name`, `named`, `room`, `ignored`, `locked`, `hidden`, `proposed`, `merged`,
            `apart`), or `topics`, the filters ignored; or `role`, `{"usecase", "role", "taken": {"device", "channels",
            "assumed"} | null}`; or `off`, `{"usecase", "off"}`.
        undoes: the action that this one took back.
        undone: somebody took it back.
    """

    id: int = 0
    at: int = 0
    by: str = ""
    device: str = ""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    undoes: int | None = None
    undone: bool = False


class CommandState(StrEnum):
    """How far a command is; only the device's own later report confirms it. `seen`: another program's, overheard."""

    SENT = "sent"
    CONFIRMED = "confirmed"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    SEEN = "seen"


class Stage(StrEnum):
    """How far a network says that it has brought a command; none of them is the device's own report of its value."""

    QUEUED = "queued"
    TRANSMITTED = "transmitted"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


class Commanded(Struct, frozen=True, kw_only=True):
    """A command that somebody gave, and what became of it.

    Attributes:
        id: chosen by the sender or the hub; the same again is a replay.
        ticket: the id under which it goes out, where the family's commands carry one.
        device, channel, value: what should become what, in the hub's unit; an empty channel: of a command that was
            seen, nobody can tell.
        stage: how far the network between hub and device says it is (LoRaWAN).
        by: who gave it (`mqtt`: another program, which names itself to nobody); the newest of a channel is its last
            writer.
        run: the device's timeline.
        at, until: given at, and confirmed by [ns on that timeline].
        wall: given at [ns, wall clock].
        report, expected, tolerance: which channel's report proves it, and how near that must be.
        code, reason: why it was refused, for programs (`locked`, `replay`, …) and in plain words.
    """

    id: str
    device: str
    channel: str
    value: float
    by: str
    run: str
    at: int
    wall: int
    until: int = 0
    ticket: str = ""
    report: str = ""
    expected: float = 0.0
    tolerance: float = 0.0
    state: CommandState = CommandState.SENT
    stage: Stage | None = None
    code: str | None = None
    reason: str | None = None


class PaceState(StrEnum):
    """How far the wish is that a device reports more often: its own period is asked for before it is changed."""

    ASKING = "asking"
    SETTING = "setting"
    HELD = "held"
    POLLED = "polled"
    RESTORING = "restoring"
    RESTORED = "restored"
    FAILED = "failed"
    REFUSED = "refused"


class Paced(Struct, frozen=True, kw_only=True):
    """A device that reports more often during a session than it does by itself.

    Attributes:
        device: uid.
        every: period wanted [s].
        original: its own [s], by its own word; None: not known yet, or nothing on the device was changed (polled).
        by: who wanted it.
        at: when something was said to it last [ns, wall clock].
        code, reason: why it failed or was refused, for programs and in plain words.
    """

    device: str
    every: int
    state: PaceState
    original: int | None = None
    by: str = ""
    at: int = 0
    code: str | None = None
    reason: str | None = None


class AlarmState(StrEnum):
    """IEC 62682 / ISA-18.2, in the API's words; `returned` is returned to normal but unacknowledged."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    NORMAL = "normal"
    SHELVED = "shelved"


PRIORITIES = ("critical", "high", "medium", "low")
"""Of alarms, the worst first."""


class Evidence(Struct, frozen=True):
    """A value that made a rule true: of which measure [its unit], measured when [ns]."""

    measure: str
    value: float
    time: int


TYPED = {
    "acknowledged_at": ("acknowledged_by", "comment"),
    "shelved_at": ("shelved_by",),
    "unshelved_at": ("unshelved_by",),
}
"""Of an alarm: when somebody typed → who they said they are, and what they wrote."""


class Alarm(Struct, frozen=True, kw_only=True):
    """One alarm from raised to normal.

    Attributes:
        id: `<usecase>.<rule>-<run>-<raised_at ms>`; raising it twice is one alarm.
        device: whose reading (or silence) raised it.
        priority: `critical`, `high`, `medium`, `low`.
        raised_at, returned_at, acknowledged_at, shelved_until: times [ns] on the run's timeline.
        past: raised by back-fill or replay: rings nobody.
        texts: the sentence as it was when raised, `fr` and `en`.
        params: the values the sentence was made of.
        since: when the condition began to hold; `began`: the values it began with.
        evidence: the values it was raised with.
        comment: what somebody wrote as they acknowledged it; `comments`: what the hub wrote, `fr` and `en`, where a
            button did.
        shelved_at, shelved_by: who set it aside; unshelved_at, unshelved_by: who took it back (None: its time).
    """

    id: str
    usecase: str
    rule: str
    measure: str
    device: str
    run: str
    priority: str
    raised_at: int
    texts: dict[str, str]
    past: bool = False
    returned_at: int | None = None
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    comment: str | None = None
    comments: dict[str, str] = {}
    shelved_until: int | None = None
    params: dict[str, float | str | None] = {}
    since: int | None = None
    began: tuple[Evidence, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    shelved_at: int | None = None
    shelved_by: str | None = None
    unshelved_at: int | None = None
    unshelved_by: str | None = None

    def noted(self, lang: str) -> str | None:
        """Return what stands beside its acknowledgement, in a language where the hub wrote it."""
        return self.comments.get(lang) or self.comment

    @property
    def state(self) -> AlarmState:
        """Return where the alarm stands in its life."""
        if self.shelved_until is not None:
            return AlarmState.SHELVED
        if self.returned_at is None:
            return AlarmState.UNACKNOWLEDGED if self.acknowledged_at is None else AlarmState.ACKNOWLEDGED
        return AlarmState.RETURNED if self.acknowledged_at is None and not self.past else AlarmState.NORMAL


class Heard(Struct, frozen=True, kw_only=True):
    """A message as the lists show it: understood or not, and why."""

    position: int
    topic: str
    received: int
    understood: bool
    driver: str | None = None
    reason: str | None = None
    payload: bytes = b""
    count: int = 1
