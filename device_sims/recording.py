"""Recorded messages, read line by line: what somebody's broker said, to be played again (`replay.py`).

Forms, told apart by the first line: NDJSON (`{"time", "topic", "payload" | "payload_hex"}`, as `matinales export
--messages` writes it; `{"tst", …}` of `mosquitto_sub -F %j` and `%J`), CSV with columns `time`, `topic`, `payload`, and
the text of `mosquitto_sub -v` (no times), `-F '%I %t %p'` or `-F '%U %t %p'`
(https://mosquitto.org/man/mosquitto_sub-1.html, output format).
"""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BufferedIOBase
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from device_sims.errors import SimulationError

TIMED = re.compile(rb"(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)|\d{9,11}\.\d+) (?P<rest>.*)", re.DOTALL)
COLUMNS = {"topic", "payload"}
LONGEST = 4 * 1024 * 1024
"""Bytes of a line at most: what both brokers take (design.md §5)."""
NOTHING = b"(null)"
"""How `mosquitto_sub -v` prints an empty payload."""
SHOWN = 80
REAL = "real"
"""The timeline of real devices."""


class Heard(NamedTuple):
    """A recorded message.

    Attributes:
        time_s: when [s since 1970]; None: the form has no times.
        topic, payload: what it said.
        run: the timeline, where the form tells: NDJSON; `real` unless told.
        past: it is a run's history, handed over before the run began.
    """

    time_s: float | None
    topic: str
    payload: bytes
    run: str = REAL
    past: bool = False


class _Line(Struct):
    topic: str
    time: str | None = None
    tst: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"null")
    payload_hex: str | None = None
    run: str = REAL
    past: bool = False


_decode = msgspec.json.Decoder(_Line).decode


def opened(file: Path) -> BufferedIOBase:
    """Open a recording, packed (`.gz`) or not.

    Raises:
        OSError: it cannot be read.
    """
    return gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")


def read(lines: Iterable[bytes], name: str) -> Iterator[Heard]:
    """Yield the messages of a recording, in its own order.

    Args:
        lines: of the file, with their ends.
        name: of the file, for what is said of it.

    Raises:
        SimulationError: naming file, line and what should be there.
    """
    numbered = ((number, line) for number, line in enumerate(_short(lines, name), 1) if line.strip())
    first = next(numbered, None)
    if first is None:
        msg = f"{name}: is empty; record with `matinales export --messages FILE` or `mosquitto_sub -v`"
        raise SimulationError(msg)
    rest = chain([first], numbered)
    if first[1].lstrip().startswith(b"{"):
        return _json(rest, name)
    header = _header(first[1])
    return _text(rest, name) if header is None else _csv(numbered, header, name)


def moment(text: str) -> float | None:
    """Return RFC 3339 text (`Z`, an offset, or mosquitto's `Z+0000`) or seconds since 1970 as [s]; None: neither."""
    try:
        if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
            return float(text)
        found = datetime.fromisoformat(re.sub(r"Z(?=[+-]\d{4}$)", "", text))
    except ValueError:
        return None
    return None if found.tzinfo is None else found.timestamp()


def _short(lines: Iterable[bytes], name: str) -> Iterator[bytes]:
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST:
            msg = f"{name}, line {number}: {len(line)} bytes; no broker passes more than {LONGEST} in a message"
            raise SimulationError(msg)
        yield line.removesuffix(b"\n").removesuffix(b"\r").removeprefix(b"\xef\xbb\xbf" if number == 1 else b"")


def _json(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[Heard]:
    for number, line in lines:
        try:
            said = _decode(line)
            payload = bytes.fromhex(said.payload_hex) if said.payload_hex is not None else _payload(said.payload)
        except (msgspec.MsgspecError, ValueError) as error:
            raise _wrong(name, number, f'no {{"time", "topic", "payload"}}: {error}') from error
        time = _time(said.time or said.tst, name, number)
        yield Heard(time, _topic(said.topic, name, number), payload, said.run, said.past)


def _payload(raw: msgspec.Raw) -> bytes:
    """Return text as it is, an object as its JSON (`mosquitto_sub -F %J`), null as nothing."""
    found = bytes(raw).strip()
    if found == b"null":
        return b""
    return msgspec.json.decode(found, type=str).encode() if found.startswith(b'"') else found


def _header(line: bytes) -> tuple[str, list[str]] | None:
    """Return separator and column names of a CSV file's first line; None: it is none."""
    text = line.decode(errors="replace")
    for separator in ",;\t":
        names = [each.strip().lower() for each in next(csv.reader([text], delimiter=separator), [])]
        if set(names) >= COLUMNS:
            return separator, names
    return None


def _csv(lines: Iterable[tuple[int, bytes]], header: tuple[str, list[str]], name: str) -> Iterator[Heard]:
    separator, names = header
    at = [0]

    def texts() -> Iterator[str]:
        for number, line in lines:
            at[0] = number
            try:
                yield line.decode() + "\n"
            except UnicodeDecodeError as error:
                raise _wrong(name, number, f"is not UTF-8 text at byte {error.start}; save it as UTF-8") from error

    try:
        for cells in csv.reader(texts(), delimiter=separator, strict=True):
            if len(cells) != len(names):
                raise _wrong(name, at[0], f"{len(cells)} columns where the first line names {len(names)}")
            row = dict(zip(names, cells, strict=True))
            time = row.get("time", row.get("received", ""))
            yield Heard(
                _time(time, name, at[0]) if time else None, _topic(row["topic"], name, at[0]), row["payload"].encode()
            )
    except csv.Error as error:
        raise _wrong(name, at[0], str(error)) from error


def _text(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[Heard]:
    """Yield `topic payload`, with or without a time before; a line that does not begin so continues a payload."""
    timed: bool | None = None
    last: Heard | None = None
    for number, line in lines:
        found = TIMED.fullmatch(line)
        timed = found is not None if timed is None else timed
        rest = line if found is None or not timed else found["rest"]
        topic, space, payload = rest.partition(b" ")
        if timed is not (found is not None) or not space:
            if last is None:
                raise _wrong(name, number, "neither NDJSON, CSV with columns time, topic, payload, nor `topic payload`")
            last = last._replace(payload=last.payload + b"\n" + line)
            continue
        if last is not None:
            yield last
        time = None if found is None else _time(found["time"].decode(), name, number)
        said = _topic(topic.decode(errors="replace"), name, number)
        last = Heard(time, said, b"" if payload == NOTHING else payload)
    if last is not None:
        yield last


def _time(text: str | None, name: str, number: int) -> float | None:
    if text is None:
        return None
    found = moment(text)
    if found is None:
        what = f"time {text[:SHOWN]!r} is neither RFC 3339 with an offset nor seconds since 1970"
        raise _wrong(name, number, what)
    return found


def _topic(topic: str, name: str, number: int) -> str:
    if not topic or any(sign in topic for sign in "#+\0"):
        raise _wrong(name, number, f"topic {topic[:SHOWN]!r} is no topic that a message can have")
    return topic


def _wrong(name: str, number: int, what: str) -> SimulationError:
    return SimulationError(f"{name}, line {number}: {what}")
