"""The hub's import door: history, and anything faster than ×60, goes there instead of through the broker.

`POST /api/v1/runs/{run}/messages` (design.md §4): NDJSON, first line the announcement, at most 1 MiB a request.
"""

import http.client
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from device_sims.announce import Announcement, rfc3339
from device_sims.errors import SimulationError
from device_sims.world import Emission

MOST_BYTES = 1024 * 1024
TIMEOUT_S = 30.0
PATIENCE_S = 0.05
OK = 200
NOT_YET = {401, 403, 404, 408, 425, 429, 500, 502, 503, 504}
"""Answers of a hub that is starting, or of what lies at the address of an old run.json."""


class Hub(Struct, frozen=True):
    """run.json: where the living hub is, and the secret its commands carry."""

    url: str
    secret: str


class Accepted(Struct, frozen=True):
    """The hub's answer."""

    accepted: int = 0


class Line(NamedTuple):
    """A message with its simulated second."""

    time_s: float
    topic: str
    payload: bytes


def find(data: Path) -> Hub | None:
    """Return the hub of a data folder, or None while there is none."""
    try:
        return msgspec.json.decode((data / "run.json").read_bytes(), type=Hub)
    except (OSError, msgspec.MsgspecError):
        return None


def lines(emissions: Iterable[Emission]) -> list[Line]:
    """Return what devices said as lines."""
    return [Line(one.time_s, one.packet.topic, one.packet.payload) for one in emissions]


def requests(said: Announcement, start: datetime, messages: Iterable[Line]) -> Iterator[bytes]:
    """Return bodies of at most 1 MiB, each beginning with the announcement."""
    head = msgspec.json.encode(said) + b"\n"
    body, size = [head], len(head)
    for line in messages:
        encoded = _encoded(start, line)
        if size + len(encoded) > MOST_BYTES:
            yield b"".join(body)
            body, size = [head], len(head)
        body.append(encoded)
        size += len(encoded)
    if len(body) > 1:
        yield b"".join(body)


def _encoded(start: datetime, line: Line) -> bytes:
    time = rfc3339(start + timedelta(seconds=line.time_s))
    try:
        return msgspec.json.encode({"topic": line.topic, "payload": line.payload.decode(), "time": time}) + b"\n"
    except UnicodeDecodeError:
        return msgspec.json.encode({"topic": line.topic, "payload_hex": line.payload.hex(), "time": time}) + b"\n"


def post(
    hub: Callable[[], Hub | None], run: str, bodies: Iterable[bytes], *, patience_s: float, stopped: Callable[[], bool]
) -> int:
    """Hand bodies over, waiting for a hub that is starting; blocks, so it runs in a thread.

    Args:
        hub: asked again before each attempt: the hub may start later, or anew.
        run: whose messages they are.
        bodies: from `requests`.
        patience_s: how long the hub may stay away.
        stopped: tells that nobody wants it any more.

    Returns:
        How many messages the hub accepted.

    Raises:
        SimulationError: the hub stayed away, or refused; with its reason.
    """
    accepted = 0
    for body in bodies:
        deadline = time.monotonic() + patience_s
        while True:
            reason = "no run.json yet"
            found = hub()
            if found is not None:
                try:
                    accepted += _once(found, run, body)
                    break
                except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
                    reason = str(error)
            if stopped() or time.monotonic() > deadline:
                msg = f"the hub took no history: {reason}"
                raise SimulationError(msg)
            time.sleep(PATIENCE_S)
        if stopped():  # a hub that is far behind would hold up the end of the run
            break
    return accepted


def _once(hub: Hub, run: str, body: bytes) -> int:
    parts = urlsplit(hub.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_S)
    try:
        headers = {"Authorization": f"Bearer {hub.secret}", "Content-Type": "application/x-ndjson"}
        connection.request("POST", f"{parts.path.rstrip('/')}/api/v1/runs/{run}/messages", body, headers)
        answer = connection.getresponse()
        content = answer.read(MOST_BYTES)
    finally:
        connection.close()
    if answer.status in NOT_YET:
        reason = f"{answer.status} {content[:300].decode(errors='replace') or answer.reason}"
        raise http.client.HTTPException(reason)
    if answer.status // 100 != OK // 100:
        msg = f"the hub refused simulated messages: {answer.status} {content[:300].decode(errors='replace')}"
        raise SimulationError(msg)
    return msgspec.json.decode(content, type=Accepted).accepted
