"""Any topic that carries a number, or JSON with numbers: a device that nobody had to describe.

A bare number on `a/b/c` is channel `c` of device `generic:a/b`; JSON is device `generic:<topic>`, its keys joined by
`_`. A unit is never made up: it is there when the message says it (`{"value": 21.5, "unit": "°C"}`, `temp [°C]`).
"""

import re
from typing import Any

from msgspec import Struct

from hub.driver import Decoded, Driver, Example, Sample
from hub.errors import PayloadError
from hub.model import Kind, Message
from hub.payload import (
    BOOLEANS,
    TOO_LARGE,
    boolean,
    epoch_milliseconds,
    epoch_seconds,
    is_absent,
    iso_time,
    json_value,
    live,
    number,
    number_in,
    shown,
    slug,
    word,
)
from hub.units import conversion

MORE = "…"
MOST = 256
"""Values of one message; a map of thousands of keys is no device."""
COMMANDS = {"set", "get", "command", "cmd"}
TIMES = {"time", "timestamp", "ts", "datetime", "date", "measured_at", "dt"}
UNITS = {"unit", "units", "uom", "unit_of_measurement", "unit_of_meas"}
VALUES = {"value", "val", "state", "reading"}
NATIVE_ID = re.compile(
    r"(.*_)?(id|uid|uuid|mac|imei|serial|sn|eui|deveui|dev_eui|address|addr|ip|version|firmware|fw|pid)"
)
"""Names under which text is a name, though it may look like a number."""
WORDS = BOOLEANS.keys() - {"0", "1"}
IN_BRACKETS = re.compile(r"(?P<name>.*\S)\s*[\[(](?P<unit>[^\[\]()]{1,16})[\])]\s*")
MEANT_AS_NUMBER = re.compile(r"[+-]?(\d+([ ,_']\d+)*(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
MILLISECONDS_FROM = 1e11


class Found(Struct):
    """What was found in a document: channel → sample, place → reason, and when it was measured."""

    samples: dict[str, Sample] = {}
    rejected: dict[str, str] = {}
    measured: int | None = None
    local: bool = False
    numbers: int = 0


def claims(topic: str) -> bool:
    """Take every topic but those of the broker and those that name a level `$…` (Homie's own words)."""
    return not topic.startswith("$") and "/$" not in topic


def decode(message: Message, context: None) -> tuple[Decoded, None]:
    """Decode a bare number or a JSON document."""
    topic = message.topic
    *above, last = topic.split("/")
    if not topic.strip("/"):
        msg = "the topic names no device"
        raise PayloadError(msg)
    if last in COMMANDS and above:
        return Decoded(Kind.COMMAND, f"generic:{'/'.join(above)}"), context
    content = word(message.payload)
    if content[0] in '{["':
        document = json_value(message.payload)
        if type(document) in {dict, list}:
            return of_document(f"generic:{topic}", document), context
        content = document
    return _bare(above, last, content), context


def _bare(above: list[str], last: str, content: str) -> Decoded:
    value = number_in(content)
    device, channel = ("/".join(above), _channel(last)) if above and "".join(above) else (last or above[-1], "value")
    return Decoded(Kind.READINGS, f"generic:{device}", (Sample(channel or "value", value),))


def _channel(path: str) -> str:
    name = slug(path)
    return name if not name or name[0].isalpha() else f"n{name}"


def of_document(device: str, document: Any) -> Decoded:  # noqa: ANN401 — an object or a list
    """Return what a JSON document says of a device; text that is a number counts as one.

    Raises:
        PayloadError: there is no number in it.
    """
    found = Found()
    if type(document) is list:
        document = {"value": document}
    _walk(document, "", found, None)
    if not found.numbers:
        if found.rejected:
            raise PayloadError("no value in it; " + "; ".join(f"{k}: {v}" for k, v in list(found.rejected.items())[:8]))
        msg = "JSON without a number" if document else "an empty document: no value"
        raise PayloadError(msg)
    samples = (
        Sample(each.channel, each.value, each.unit, found.measured, found.local) for each in found.samples.values()
    )
    return Decoded(Kind.READINGS, device, tuple(samples), rejected=found.rejected)


def _walk(value: Any, path: str, found: Found, unit: str | None) -> None:  # noqa: ANN401 — whatever JSON holds
    """Take a document apart; `unit` is what its parent says of its values."""
    if MORE in found.rejected:
        return
    if type(value) is dict:
        stated = next((value[key] for key in value if key.lower() in UNITS and isinstance(value[key], str)), None)
        meant = _meant(value) if stated is not None else None
        for key, each in value.items():
            low = key.lower()
            if low in UNITS and isinstance(each, str):
                continue
            if not path and low in TIMES and _time(each, found):
                continue
            _walk(each, f"{path}.{key}" if path else key, found, stated if key == meant else None)
    elif type(value) is list:
        for place, each in enumerate(value[: MOST + 1], 1):
            _walk(each, f"{path}.{place}", found, unit)
    else:
        _leaf(value, path, found, unit)


def _meant(document: dict[str, Any]) -> str | None:
    """Return the key of the value that a unit beside it is said of."""
    return next((key for key in document if key.lower() in VALUES), None) or next(
        (key for key, each in document.items() if type(each) in {int, float} and key.lower() not in TIMES), None
    )


def _leaf(value: object, path: str, found: Found, unit: str | None) -> None:
    bare = value.strip().lower() if type(value) is str else ""
    if type(value) is str:
        if NATIVE_ID.fullmatch(path.rpartition(".")[2].lower()):
            return
        if bare not in BOOLEANS and not _looks_numeric(value) and not is_absent(value):
            return
    if len(found.samples) + len(found.rejected) >= MOST:
        found.rejected[MORE] = f"more than {MOST} fields in one message"
        return
    match = IN_BRACKETS.fullmatch(path) if path[-1:] in "])" else None
    if match is not None and conversion(match["unit"]) is not None:
        path, unit = match["name"], match["unit"]
    try:
        taken = boolean(value) if type(value) is bool or bare in BOOLEANS else number(value)
        sign = None
        if unit is not None:
            known = conversion(unit)
            if known is None:
                msg = f"{shown(unit)} is not a known unit"
                raise PayloadError(msg)  # noqa: TRY301 — one place lists what is refused
            taken, sign = known.apply(taken), known.unit
    except PayloadError as error:
        found.rejected[path] = str(error)
        return
    found.numbers += type(value) is not bool and bare not in WORDS
    channel = _free(_channel(path) or "value", found)
    found.samples[channel] = Sample(channel, taken, sign)


def _looks_numeric(value: str) -> bool:
    """Tell text that means a number, well or badly written, from words, dates and addresses."""
    return value.startswith(TOO_LARGE) or MEANT_AS_NUMBER.fullmatch(value.strip()) is not None


def _free(channel: str, found: Found) -> str:
    """Return the name, or with a number where another key has the same: none overwrites another."""
    if channel not in found.samples:
        return channel
    return next(name for n in range(2, MOST + 3) if (name := f"{channel}_{n}") not in found.samples)


def _time(value: object, found: Found) -> bool:
    """Take a document's own time; a number that can be no time is a value like another."""
    try:
        if type(value) is str:
            try:
                found.measured, found.local = iso_time(value)
            except PayloadError:
                return _time(number_in(value), found)
            found.measured = live(found.measured)
            return True
        if type(value) not in {int, float}:
            return False
        seconds = number(value)
    except PayloadError:
        return False
    measured = live(epoch_milliseconds(seconds) if seconds >= MILLISECONDS_FROM else epoch_seconds(seconds))
    if measured is None:
        return False
    found.measured, found.local = measured, False
    return True


DRIVER = Driver(
    model="generic",
    family="generic",
    title="Any number on any topic",
    source="design.md §1 (Driver); wire_formats.md §0",
    topics=("#",),
    claims=claims,
    rank=2,
    open_channels=True,
    decode=decode,
    channels=(),
    examples=(
        Example.gives("workshop/oven/temp", "182.5", temp=182.5),
        Example.gives("counter", "17", value=17),
        Example.gives(
            "greenhouse/north",
            '{"time":"2026-01-08T06:12:00Z","id":"007","air":{"Température":21.5,"humidity":"48"},"soil":[30,31.5],'
            '"open":false,"note":"ok","weight [g]":{"value":1200,"unit":"kg"},"flow":null}',
            air_temperature=21.5,
            air_humidity=48,
            soil_1=30,
            soil_2=31.5,
            open=0,
            weight_g_value=1200,
        ),
        Example.gives("lab/probe", '{"value":71.6,"unit":"°F"}', value=22),
        Example(topic="lamp/set", payload=b"ON", device="generic:lamp", kind=Kind.COMMAND),
        Example.refused("workshop/oven/temp", "21,5", because="decimal comma"),
        Example.refused("workshop/oven/temp", "warm", because="'warm' is not a number"),
        Example.refused("workshop/oven", '{"a":1', because="ends too early"),
        Example.refused("workshop/oven", '{"state":"idle"}', because="JSON without a number"),
        Example.refused("workshop/oven/temp", b"\xff\x00", because="not UTF-8"),
    ),
)
