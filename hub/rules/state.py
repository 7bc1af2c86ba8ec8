"""What the engine remembers of one use case on one run; plain values, so that a restart goes on where it stood."""

import msgspec
from msgspec import Struct, field

from hub.model import Alarm, Evidence, Quality
from hub.rules.casting import Taken
from hub.rules.tally import Tally
from hub.rules.windows import Mean, Slope, Window


class Sense(Struct, kw_only=True, omit_defaults=True):
    """What is known of a measure. Times [ns] of measurement; values in the measure's unit.

    Attributes:
        value, time, quality: of the newest reading.
        good, good_time: of the newest that is not bad: a bad one neither raises an alarm nor returns one, and is
            no sign of life.
        changed: since when `good` has been what it is.
        apart: between the last two that are not bad.
    """

    value: float | None = None
    time: int | None = None
    quality: Quality = Quality.GOOD
    good: float | None = None
    good_time: int | None = None
    changed: int | None = None
    apart: int | None = None


class Course(Struct, kw_only=True, omit_defaults=True):
    """Where a rule stands.

    Attributes:
        since: when the change that a delay now holds back began.
        began: the values it began with.
        count, counted: reports in a row that said so, and the time of the one that was enough.
        reported: the time of the last of them: the same one told twice confirms nothing.
        alarm: the newest alarm; active while it has no `returned_at`.
        cleared: when a latched alarm's condition ended; it waits to be acknowledged.
        masked_from: when the present mask began.
        closed_from: since when the rule is outside its hours; `hours_until`: how far that is known.
        shelved_until: an end of shelving that the next alarm inherits.
        windows, slopes, means: measure → its last values, alone or with the sums of a line or a mean.
        spans: (start, stop, whether it ran) of a share's window.
        chain: (end, value) of the last periods.
    """

    since: int | None = None
    began: tuple[Evidence, ...] = ()
    count: int = 0
    counted: int = 0
    reported: int = 0
    alarm: Alarm | None = None
    cleared: int | None = None
    masked_from: int | None = None
    closed_from: int | None = None
    hours_until: int = 0
    shelved_until: int | None = None
    windows: dict[str, Window] = field(default_factory=dict)
    slopes: dict[str, Slope] = field(default_factory=dict)
    means: dict[str, Mean] = field(default_factory=dict)
    spans: list[tuple[int, int, bool]] = field(default_factory=list)
    chain: list[tuple[int, float]] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether the alarm is raised and has not returned to normal."""
        return self.alarm is not None and self.alarm.returned_at is None

    @property
    def beyond(self) -> bool:
        """Whether the rule's condition is taken for true: a latched alarm may outlast it."""
        alarm = self.alarm
        return alarm is not None and alarm.returned_at is None and self.cleared is None


class Lesson(Struct, kw_only=True, omit_defaults=True):
    """What is learned of one slot (an hour, a weekday, or the day): today's sums, and the days before."""

    weight: float = 0.0
    area: float = 0.0
    total: float = 0.0
    number: int = 0
    days: list[float] = field(default_factory=list)


class Made(Struct, kw_only=True, omit_defaults=True):
    """What a computed measure remembers.

    Attributes:
        window, slope, mean, spans: of window functions.
        rises: (time, what a counter rose in all) of `increase_per_hour`.
        tally: of period functions.
        lessons, day_end, last: slot → what was learned; the end of the day under way; the newest that counted.
        slot: of the newest that counted.
        since: the value when the event began; `up`: whether it lasts.
        hours_until, open: how far it is known whether its hours are on.
    """

    window: Window = field(default_factory=Window)
    slope: Slope = field(default_factory=Slope)
    mean: Mean = field(default_factory=Mean)
    spans: list[tuple[int, int, bool]] = field(default_factory=list)
    rises: list[tuple[int, float]] = field(default_factory=list)
    tally: Tally | None = None
    lessons: dict[str, Lesson] = field(default_factory=dict)
    day_end: int = 0
    last: tuple[int, float] | None = None
    slot: str = ""
    since: float | None = None
    up: bool = False
    hours_until: int = 0
    open: bool = True


class Memory(Struct, kw_only=True, omit_defaults=True):
    """Everything of one use case on one run.

    Attributes:
        start: time of the first reading: from then on silence counts.
        filled: how far its back-fill has come: who was never heard is waited for from then on. None: it has none.
        number: in the order the runs were first heard.
        devices: role → uid of the device that gave its readings.
        off: the use case is off: its rules hold still and raise nothing.
        cast: role → the real device that plays, on the real timeline.
    """

    usecase: str
    run: str
    start: int
    filled: int | None = None
    number: int = 0
    off: bool = False
    devices: dict[str, str] = field(default_factory=dict)
    cast: dict[str, Taken] = field(default_factory=dict)
    senses: dict[str, Sense] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)

    @property
    def waits_from(self) -> int:
        """From when on a measure that was never heard is waited for."""
        return self.start if self.filled is None else self.filled


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Memory)


def pack(memory: Memory) -> bytes:
    """Return the memory as bytes."""
    return _ENCODER.encode(memory)


def unpack(blob: bytes) -> Memory | None:
    """Return the memory, or None where an other version wrote something else: the rules then start afresh."""
    try:
        return _DECODER.decode(blob)
    except msgspec.DecodeError:
        return None
