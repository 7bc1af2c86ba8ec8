"""What a board prints on its USB serial line: JSON, `key:value`, CSV under a header, or bare numbers.

A line is a message on `serial/<port>`. A unit is there when the line says it: `temp [°C]: 21.5`, `temp: 21.5 °C`, or
a column `temp (°C)`. The header of a CSV is the context; a row with another count of fields is half a line.
"""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from hub.driver import Decoded, Driver, Example, Sample
from hub.drivers.generic import of_document
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
    separator = next((each for each in SEPARATORS if each in line), None)
    fields = [each.strip() for each in line.split(separator)] if separator else [line]
    if _is_header(fields):
        context = context if context.columns == tuple(fields) else Header(tuple(fields))
        return Decoded(Kind.HOUSEKEEPING, device), context
    if all(_is_value(each) for each in fields):
        return _row(device, line, fields, context)
    return _pairs(device, line), context


def _is_header(fields: list[str]) -> bool:
    return (
        1 < len(fields) <= MOST_COLUMNS
        and len(set(fields)) == len(fields)
        and all(len(each) <= LONGEST_NAME and _NAME.fullmatch(each) and not is_absent(each) for each in fields)
    )


def _is_value(field: str) -> bool:
    return is_absent(field) or field[:1] in "+-.0123456789"


def _row(device: str, line: str, fields: list[str], header: Header) -> tuple[Decoded, Header]:
    """Take a row of values: under the header where there is one, else numbered."""
    if header.columns and len(fields) != len(header.columns):
        if header.misfits + 1 < MISFITS:
            return _misfit(device, fields, header), replace(header, misfits=header.misfits + 1)
        header = Header()
    if header.columns:
        header = replace(header, misfits=0) if header.misfits else header
        return of_document(device, dict(zip(header.columns, fields, strict=True))), header
    if _DECIMAL_COMMA.fullmatch(line):
        number_in(line)  # raises: one number with a decimal comma, or two numbers? nothing is guessed
    if len(fields) == 1:
        return Decoded(Kind.READINGS, device, (Sample("value", number_in(fields[0])),)), header
    return of_document(device, {f"value_{place}": each for place, each in enumerate(fields, 1)}), header


def _misfit(device: str, fields: list[str], header: Header) -> Decoded:
    reason = f"{len(fields)} values where the header names {len(header.columns)}: half a line"
    return Decoded(Kind.HOUSEKEEPING, device, rejected={"payload": reason})


def _pairs(device: str, line: str) -> Decoded:
    """Take `temp: 21.5 °C, hum=40`."""
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
    return _with(rejected, document, device)


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
