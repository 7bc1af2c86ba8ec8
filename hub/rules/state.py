"""What the engine remembers of one use case on one run; plain values, so that a restart goes on where it stood."""

import msgspec
from msgspec import Struct, field

from hub.model import Alarm, Quality


class Sense(Struct, kw_only=True, omit_defaults=True):
    """What is known of a measure. Times [ns] of measurement; values in the measure's unit.

    Attributes:
        value, time, quality: of the newest reading.
        good, good_time: of the newest that is not bad: a bad one neither raises an alarm nor returns one, and is
            no sign of life.
        changed: since when `good` has been what it is.
    """

    value: float | None = None
    time: int | None = None
    quality: Quality = Quality.GOOD
    good: float | None = None
    good_time: int | None = None
    changed: int | None = None


class Course(Struct, kw_only=True, omit_defaults=True):
    """Where a rule stands.

    Attributes:
        since: when the change that a delay now holds back began.
        alarm: the newest alarm; active while it has no `returned_at`.
        masked_from: when the present mask began.
        samples: measure → (time, value) of the windows of means and slopes.
        spans: (start, stop, whether it ran) of a share's window.
    """

    since: int | None = None
    alarm: Alarm | None = None
    masked_from: int | None = None
    samples: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    spans: list[tuple[int, int, bool]] = field(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether the alarm is raised and has not returned to normal."""
        return self.alarm is not None and self.alarm.returned_at is None


class Memory(Struct, kw_only=True, omit_defaults=True):
    """Everything of one use case on one run.

    Attributes:
        start: time of the first reading: from then on silence counts.
        number: in the order the runs were first heard.
        devices: role → uid of the device that gave its readings.
    """

    usecase: str
    run: str
    start: int
    number: int = 0
    devices: dict[str, str] = field(default_factory=dict)
    senses: dict[str, Sense] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)


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
