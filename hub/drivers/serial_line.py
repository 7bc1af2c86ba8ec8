"""What a board prints on its USB serial line: JSON, `key:value`, CSV under a header, or bare numbers.

A line is a message on `serial/<port>`. A unit is there when the line says it: `temp [°C]: 21.5`, `temp: 21.5 °C`, or
a column `temp (°C)`. The header of a CSV is the context; a row with another count of fields is half a line.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from hub.driver import Decoded, Driver, Example, Sample
from hub.drivers.generic import NUMERIC, TIMES, UNITS, of_document, spot
from hub.errors import PayloadError
from hub.model import Kind, Message
from hub.payload import is_absent, json_value, number_in, shown, word
from hub.units import conversion

SEPARATORS = ";\t,"
MOST_COLUMNS = 64
LONGEST_NAME = 40
MISFITS = 3
"""So many rows that do not fit, and the header was none, or another program runs on the board."""
_PAIR = re.compile(r"(?P<name>[^\W\d_][^:=;,\t]{0,47}?)\s*[:=]\s*(?P<value>[^\s:=;,]+)(?: +(?P<unit>[^\s\d:=;,]\S*))?")
_NEXT_NAME = re.compile(r"\s+(?=[^\W\d_][^\s:=]*\s*[:=])")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_NAME = re.compile(r"[^\W\d_][^:={}\"]*")


class Header(Struct, frozen=True):
    """The columns of the CSV that the port sends, none before the first; rows in a row that did not fit them."""

    columns: tuple[str, ...] = ()
    misfits: int = 0


def decode(message: Message, context: Header) -> tuple[Decoded, Header]:
    """Decode one line."""
    port = message.topic.partition("/")[2]
    if not port.strip("/"):
        msg = "the topic names no port"
        raise PayloadError(msg)
    device = f"serial:{port}"
    line = word(message.payload)
    if line[0] in "{[":
        document = json_value(message.payload)
        return of_document(device, document), context
    literal, numbers = _taken_apart(line) if ":" in line or "=" in line else ((), ())
    if numbers and (steps := _PLANS.get(literal)) is not None and (samples := _by(steps, numbers)):
        return Decoded(Kind.READINGS, device, samples), context
    separator = next((each for each in SEPARATORS if each in line), None)
    fields = [each.strip() for each in line.split(separator)] if separator else [line]
    if _is_header(fields):
        context = context if context.columns == tuple(fields) else Header(tuple(fields))
        return Decoded(Kind.HOUSEKEEPING, device), context
    if all(_is_value(each) for each in fields):
        return _row(device, line, fields, context)
    decoded, document = _pairs(device, line)
    if not decoded.rejected and len(decoded.samples) == len(document) == len(numbers):
        _learn(literal, document)
    return decoded, context


Step = tuple[str, Callable[[float], float] | None, str | None]
"""Channel of a number, what makes it one of the hub's unit, and that unit."""
_NUMBERS = re.compile(r"(?<=[:=])\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?=[\s;,]|$)")
_PLANS: dict[tuple[str, ...], tuple[Step, ...]] = {}
"""What stands between the numbers of a line → what they are: a board prints the same names each time.

Learnt from `_pairs`, which alone knows the rules; a line that was read another way than number by number is not.
"""
_MAX_PLANS = 1024
_LONGEST_PLAN = 256


def _taken_apart(line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what stands between the numbers behind `:` or `=`, and the numbers."""
    parts = _NUMBERS.split(line)
    return tuple(parts[::2]), tuple(parts[1::2])


def _learn(literal: tuple[str, ...], names: Mapping[str, str]) -> None:
    steps = _steps(tuple(names))
    if steps is None or sum(map(len, literal)) > _LONGEST_PLAN:
        return
    if len(_PLANS) >= _MAX_PLANS:
        _PLANS.clear()
    _PLANS[literal] = steps


@lru_cache(maxsize=1024)
def _steps(names: tuple[str, ...]) -> tuple[Step, ...] | None:
    """Return what numbers under these names are; None where that takes more than the names."""
    if any(name.lower() in TIMES | UNITS for name in names):
        return None
    spots = [spot(name) for name in names]
    if any(each.is_id for each in spots) or len({each.channel for each in spots}) < len(spots):
        return None
    return tuple((each.channel, each.convert, each.sign) for each in spots)


def _by(steps: tuple[Step, ...], numbers: Iterable[str]) -> tuple[Sample, ...]:
    """Return the samples of a line that looks like an earlier one; none where it needs a second look."""
    samples = []
    for (channel, convert, sign), text in zip(steps, numbers, strict=True):
        try:
            value = number_in(text)
        except PayloadError:
            return ()
        samples.append(Sample(channel, value if convert is None else convert(value), sign))
    return tuple(samples)


def _is_header(fields: list[str]) -> bool:
    return (
        1 < len(fields) <= MOST_COLUMNS
        and len(set(fields)) == len(fields)
        and all(len(each) <= LONGEST_NAME and _NAME.fullmatch(each) and not is_absent(each) for each in fields)
    )


def _is_value(field: str) -> bool:
    return field[:1] in NUMERIC or is_absent(field)


def _row(device: str, line: str, fields: list[str], header: Header) -> tuple[Decoded, Header]:
    """Take a row of values: under the header where there is one, else numbered."""
    if header.columns and len(fields) != len(header.columns):
        if header.misfits + 1 < MISFITS:
            return _misfit(device, fields, header), replace(header, misfits=header.misfits + 1)
        header = Header()
    if header.columns:
        header = replace(header, misfits=0) if header.misfits else header
        steps = _steps(header.columns)
        if steps is not None and (samples := _by(steps, fields)):
            return Decoded(Kind.READINGS, device, samples), header
        return of_document(device, dict(zip(header.columns, fields, strict=True))), header
    if _DECIMAL_COMMA.fullmatch(line):
        number_in(line)  # raises: one number with a decimal comma, or two numbers? nothing is guessed
    if len(fields) == 1:
        return Decoded(Kind.READINGS, device, (Sample("value", number_in(fields[0])),)), header
    try:
        samples = tuple(Sample(f"value_{place}", number_in(each)) for place, each in enumerate(fields, 1))
    except PayloadError:  # one of them is empty, or badly written: the others stand
        return of_document(device, {f"value_{place}": each for place, each in enumerate(fields, 1)}), header
    return Decoded(Kind.READINGS, device, samples), header


def _misfit(device: str, fields: list[str], header: Header) -> Decoded:
    reason = f"{len(fields)} values where the header names {len(header.columns)}: half a line"
    return Decoded(Kind.HOUSEKEEPING, device, rejected={"payload": reason})


def _pairs(device: str, line: str) -> tuple[Decoded, Mapping[str, str]]:
    """Take `temp: 21.5 °C, hum=40`; return what it means, and the names with their values."""
    document: dict[str, str] = {}
    rejected: dict[str, str] = {}
    for part in _parts(line):
        found = _PAIR.fullmatch(part)
        if found is None:
            rejected[part[:LONGEST_NAME]] = "neither a number nor name:value"
            continue
        name, unit = found["name"].strip(), found["unit"]
        if unit is not None and conversion(unit) is None:
            rejected[name] = f"{shown(unit)} is not a known unit"
        elif name in document:
            rejected[name] = "the same name twice in one line"
        else:
            document[name if unit is None else f"{name} [{unit}]"] = found["value"]
    return _with(rejected, document, device), document


def _parts(line: str) -> Iterator[str]:
    """Take a line apart at separators, and at white space before a name; a name may hold spaces itself."""
    for piece in filter(None, (each.strip() for each in re.split(r"[;,\t]", line))):
        name = ""
        for part in _NEXT_NAME.split(piece):
            if ":" in part or "=" in part:
                yield f"{name}{part}"
                name = ""
            else:
                name += f"{part} "
        if name:
            yield name.strip()


def _with(rejected: Mapping[str, str], document: Mapping[str, str], device: str) -> Decoded:
    if not document:
        raise PayloadError("no value in it; " + "; ".join(f"{name}: {why}" for name, why in rejected.items()))
    decoded = of_document(device, dict(document))
    return replace(decoded, rejected={**decoded.rejected, **rejected})


DRIVER = Driver(
    model="serial-line",
    family="serial",
    title="A board on a USB cable (Arduino, ESP32, micro:bit …)",
    source="design.md §3 (serial edge); wire_formats.md §0",
    topics=("serial/+",),
    open_channels=True,
    decode=decode,
    scope=lambda topic: topic,
    context=Header,
    channels=(),
    examples=(
        Example.gives("serial/uno-7573", "21.5", value=21.5),
        Example.gives("serial/uno-7573", "21.5;40\r", value_1=21.5, value_2=40),
        Example.gives("serial/uno-7573", '{"temp":21.5,"door":true}', temp=21.5, door=1),
        Example.gives("serial/uno-7573", "temp:21.5 hum=40", temp=21.5, hum=40),
        Example.gives("serial/uno-7573", "Oven [°F]: 392; Température = 21.5 °C", oven=200, temperature=21.5),
        Example(
            topic="serial/uno-7573",
            payload=b"21.5,40",
            before=(("serial/uno-7573", b"temp (K),hum [%]"),),
            device="serial:uno-7573",
            kind=Kind.READINGS,
            values={"temp": -251.65, "hum": 40},
        ),
        Example.refused("serial/uno-7573", "21,5", because="decimal comma"),
        Example.refused("serial/uno-7573", "Ready", because="neither a number nor name:value"),
        Example.refused("serial/uno-7573", "temp: 21.5 bananas", because="not a known unit"),
        Example.refused("serial/uno-7573", b"\xfe\x00\x81", because="not UTF-8"),
    ),
)
