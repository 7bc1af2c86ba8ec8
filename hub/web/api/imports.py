"""The import door: back-fill and recordings, through the same journal and decoders as everything (design.md §4)."""

import re

import msgspec
from aiohttp import web
from msgspec import Struct

from hub.model import Message, Source
from hub.web.gives import NDJSON, gives
from hub.web.keys import HUB
from hub.web.problems import Problem
from hub.web.query import answer, moment, whole
from hub.web.shapes.history import Accepted

RUN = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
LONGEST_TOPIC = 65_535
NAMED = 100
"""Bad lines named in one answer."""


class Opening(Struct):
    """The first line: the run's announcement; the rest of it is for the timelines to read."""

    run: str
    scenario: str
    state: str


class Line(Struct):
    """A message of the run, with its simulated time."""

    topic: str
    time: str
    payload: str | None = None
    payload_hex: str | None = None


_opening = msgspec.json.Decoder(Opening).decode
_line = msgspec.json.Decoder(Line).decode


@gives(Accepted, once=True, body=(NDJSON,), problems=("lines",))
async def messages(request: web.Request) -> web.Response:
    """Journal the messages of a run; all of them or, where a line is bad, none."""
    hub = request.app[HUB]
    run = request.match_info["run"]
    if not RUN.fullmatch(run):
        raise Problem("request", what=f"run {run[:80]!r}: a run's id holds only a-z, 0-9 and '-'")
    batch = read(await whole(request), run, hub.live.wall())
    position = await hub.append(batch)
    return answer({"accepted": len(batch) - 1, "position": position})


def read(body: bytes, run: str, received: int) -> list[Message]:
    """Return the announcement and the messages of a request.

    Raises:
        Problem: naming each bad line with its number and the reason.
    """
    lines = body.split(b"\n")
    batch: list[Message] = []
    bad: list[dict[str, object]] = []
    for place, raw in enumerate(lines, 1):
        if not raw.strip() and place > 1:
            continue
        try:
            batch.append(_message(raw, run, received) if place > 1 else _announcement(raw, run, received))
        except (ValueError, RecursionError) as error:
            bad.append({"line": place, "reason": str(error)})
    if bad:
        raise Problem("lines", count=len(bad), extra={"lines": bad[:NAMED]})
    return batch


def _announcement(raw: bytes, run: str, received: int) -> Message:
    said = _opening(raw)
    if said.run != run:
        msg = f"announces the run {said.run!r}, but was sent to {run!r}"
        raise ValueError(msg)
    return Message(topic=f"matinales/sim/{run}", payload=raw.strip(), received=received, source=Source.IMPORT, run=run)


def _message(raw: bytes, run: str, received: int) -> Message:
    line = _line(raw)
    if not line.topic or len(line.topic.encode()) > LONGEST_TOPIC or any(char in line.topic for char in "#+\0"):
        msg = f"topic {line.topic[:80]!r} is no topic to publish to"
        raise ValueError(msg)
    if line.topic.startswith("matinales/"):
        msg = f"topic {line.topic[:80]!r}: only the first line speaks for the run itself"
        raise ValueError(msg)
    if (line.payload is None) == (line.payload_hex is None):
        msg = "give either payload or payload_hex"
        raise ValueError(msg)
    time = moment(line.time)
    if time is None:
        msg = f"time {line.time[:40]!r} is no RFC 3339 time with an offset"
        raise ValueError(msg)
    payload = line.payload.encode() if line.payload is not None else _bytes(line.payload_hex or "")
    return Message(topic=line.topic, payload=payload, received=received, source=Source.IMPORT, run=run, time=time)


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        msg = f"payload_hex {text[:40]!r} is not hexadecimal"
        raise ValueError(msg) from None
