"""The journal as a recording: one message a line, for `matinales replay` and for any program that reads JSON."""

import contextlib
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from hub.driver import topic_matches
from hub.errors import PayloadError
from hub.journal.base import ERASED, JournalReader
from hub.model import REAL, Message, Source, rfc3339
from hub.timeline import Timelines, of_own_topic

AT_ONCE = 1000
EVER = 2**63 - 1


class Recorded(Struct, frozen=True):
    """A message, its timeline, and when it arrived there [ns]."""

    message: Message
    run: str
    time: int


def messages(
    reader: JournalReader, *, start: int, stop: int, topic: str = "#", run: str | None = None
) -> Iterator[Recorded]:
    """Yield the journal's messages in order, what was erased left out.

    Args:
        reader: of the journal.
        start: from there on [ns], on the message's own timeline.
        stop: up to there [ns], not included.
        topic: MQTT filter.
        run: only this timeline, `real` or a run's id, with what the run says of itself; None: all.
    """
    for found in between(reader, reader.start, EVER, Timelines()):
        if run in {None, found.run} and start <= found.time < stop and topic_matches(topic, found.message.topic):
            yield found


def between(reader: JournalReader, first: int, last: int, timelines: Timelines) -> Iterator[Recorded]:
    """Yield the messages at the positions from `first` up to but not including `last`, what was erased left out.

    Args:
        reader: of the journal.
        first: position of the first of them.
        last: position after the last of them.
        timelines: what is known of the runs before `first`; learns what they say of themselves.
    """
    position = first - 1
    while position + 1 < last and (records := reader.read(position, AT_ONCE)):
        position = records[-1].position
        for record in records:
            if record.position < last and record.message.topic != ERASED:
                yield _placed(timelines, record.message)


def _placed(timelines: Timelines, message: Message) -> Recorded:
    """Return a message with its timeline, learning from what runs say of themselves."""
    own = of_own_topic(message.topic)
    if own is not None:
        with contextlib.suppress(PayloadError):
            if own[1]:
                timelines.beat(own[0], message.payload)
            elif message.payload:
                timelines.announce(message.payload, retained=message.retained, topic=message.topic)
    run = message.run or (own[0] if own is not None else timelines.of(message.topic)) or REAL
    time = message.time if message.time is not None else timelines.arrival(run, message.received)
    return Recorded(message, run, time)


def line(found: Recorded) -> bytes:
    """Return `{"time", "topic", "payload" | "payload_hex", "retained"?, "run"?, "past"?}` and a line end.

    `past`: it came through the import door, as a run's history does.
    """
    message = found.message
    said: dict[str, object] = {"time": rfc3339(found.time), "topic": message.topic}
    try:
        said["payload"] = message.payload.decode()
    except UnicodeDecodeError:
        said["payload_hex"] = message.payload.hex()
    if message.retained:
        said["retained"] = True
    if found.run != REAL:
        said["run"] = found.run
    if message.source is Source.IMPORT:
        said["past"] = True
    return msgspec.json.encode(said) + b"\n"
