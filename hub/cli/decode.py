"""`matinales decode`: what the hub would understand of a message, and why not."""

import base64
import binascii
import json as jsonlib
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from msgspec import Struct

from hub import config
from hub.described import described
from hub.errors import UsageError
from hub.guests.proxy import lodged
from hub.model import Message
from hub.refusals.explain import Explainer
from hub.registry import EVERY_DEVICE, Contexts, Outcome, Registry
from hub.usecases.loader import load_all, payload_formats


class Line(Struct):
    """One message of a context file."""

    topic: str
    payload: Any = None
    payload_hex: str | None = None
    retained: bool = False


def command(
    topic: str,
    text: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    hex_: Annotated[str | None, Parameter(name="--hex")] = None,
    base64_: Annotated[str | None, Parameter(name="--base64")] = None,
    file: Path | None = None,
    context: Path | None = None,
    format_: Annotated[str | None, Parameter(name="--format")] = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show what the hub would understand of a message, and why not.

    Args:
        topic: MQTT topic the message came on.
        text: the payload as text; or give one of --hex, --base64, --file.
        hex_: the payload as hexadecimal digits.
        base64_: the payload in base64.
        file: a file that holds the payload.
        context: the messages before it, one JSON object {"topic", "payload" or "payload_hex", "retained"} a line.
        format_: payload format chosen for the device, as in payload_formats: how bytes inside the message are read.
        json: print one object for a program.
    """
    settings = config.load()
    zone = settings.zone
    formats = (
        payload_formats(settings.payload_formats, load_all().values()) if format_ is None else {EVERY_DEVICE: format_}
    )
    payload = _payload(text, hex_, base64_, file)
    now = time.time_ns()
    with lodged() as drivers:
        registry, contexts = Registry(drivers, formats), Contexts()
        for line in _lines(context) if context is not None else ():
            registry.decode(_message(*line, now), contexts)
        outcome = registry.decode(Message(topic, payload, now), contexts)
        shape = described(registry, outcome, zone, now)
    if json:
        _say(jsonlib.dumps(shape, ensure_ascii="utf" not in (sys.stdout.encoding or "").lower()))
    else:
        explainer = Explainer(registry.drivers.values())
        for each in (*_told(shape, outcome), *_remedies(topic, payload, shape, explainer)):
            _say(each)
    return 0 if shape["kind"] is not None else 1


def _payload(text: str | None, hex_: str | None, base64_: str | None, file: Path | None) -> bytes:
    given = [
        name
        for name, value in (("TEXT", text), ("--hex", hex_), ("--base64", base64_), ("--file", file))
        if value is not None
    ]
    if len(given) != 1:
        msg = f"give the payload once, as TEXT, --hex, --base64 or --file; got {' and '.join(given) or 'none'}"
        raise UsageError(msg)
    if text is not None:
        return text.encode(errors="surrogateescape")
    if hex_ is not None:
        return _from_hex(hex_, "--hex")
    if base64_ is not None:
        try:
            return base64.b64decode("".join(base64_.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            msg = f"--base64: not base64 ({error}); only A–Z a–z 0–9 + / = belong there"
            raise UsageError(msg) from None
    return _read(file, "--file")


def _from_hex(digits: str, where: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        msg = f"{where}: not hexadecimal ({error}); two digits 0–9 a–f a byte, as in 7b7d"
        raise UsageError(msg) from None


def _read(path: Path | None, option: str) -> bytes:
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{option}: {path} cannot be read ({error.strerror}); check the path"
        raise UsageError(msg) from None


def _lines(path: Path) -> Iterator[tuple[str, bytes, bool]]:
    """Return the messages of a context file."""
    for place, text in enumerate(_read(path, "--context").splitlines(), 1):
        if not text.strip():
            continue
        where = f"--context: {path}, line {place}"
        try:
            line = msgspec.json.decode(text, type=Line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            msg = f'{where}: {error}; a line is {{"topic", "payload" or "payload_hex", "retained"}}'
            raise UsageError(msg) from None
        if line.payload_hex is not None:
            yield line.topic, _from_hex(line.payload_hex, where), line.retained
        elif isinstance(line.payload, str):
            yield line.topic, line.payload.encode(), line.retained
        else:
            yield line.topic, b"" if line.payload is None else msgspec.json.encode(line.payload), line.retained


def _message(topic: str, payload: bytes, retained: bool, now: int) -> Message:  # noqa: FBT001 — a line's own flag
    return Message(topic, payload, now, retained=retained)


def _told(shape: dict[str, Any], outcome: Outcome) -> Iterator[str]:
    """Return the lines that people read."""
    if shape["kind"] is None:
        yield f"not understood{' by ' + shape['driver'] if shape['driver'] else ''}: {outcome.reason}"
        return
    says = [shape["driver"], shape["device"], shape["kind"], shape["availability"]]
    yield " · ".join(each for each in says if each)
    width = max((len(each["channel"]) for each in shape["readings"]), default=0)
    for each in shape["readings"]:
        unit = f" {each['unit']}" if each["unit"] else ""
        mark = "" if each["quality"] == "good" else f"  ({each['quality']})"
        yield f"  {each['channel']:{width}}  {each['value']:.10g}{unit}  {each['time'] or 'at arrival'}{mark}"
    for event in outcome.decoded.events if outcome.decoded is not None else ():
        yield f"  event {event.name}: {event.value}"
    for each in outcome.decoded.announces if outcome.decoded is not None else ():
        yield f"  announces {each.device} {' '.join(each.aliases)}".rstrip()
    for each in shape["rejected"]:
        yield f"  rejected {each['field']}: {each['reason']}"


def _remedies(topic: str, payload: bytes, shape: Mapping[str, Any], explainer: Explainer) -> Iterator[str]:
    """Return what people are told of what was refused: what was expected, where it fails, what to do."""
    whole = shape["kind"] is None
    told = [explainer.explain(topic, payload, each["reason"], shape["driver"]) for each in shape["rejected"]]
    if whole and told:
        first = told[0]
        if first.nearest not in {None, shape["driver"]}:
            yield f"  looks like: {explainer.titles[first.nearest or '']['en']}"
        if first.expected is not None:
            yield f"  expected: {first.expected['en']}"
        if first.where is not None:
            yield f"  fails at ▸: {first.where}"
    for remedy in dict.fromkeys(each.remedy["en"] for each in told if each.remedy is not None):
        yield f"  remedy: {remedy}"


def _say(line: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding))  # noqa: T201 — the terminal is the interface
