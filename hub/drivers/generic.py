"""Any topic that carries a number, or JSON with numbers: a device that nobody had to describe.

A bare number on `a/b/c` is channel `c` of device `generic:a/b`; JSON is device `generic:<topic>`, its keys joined by
`_`. A unit is never made up: it is there when the message says it (`{"value": 21.5, "unit": "°C"}`, `temp [°C]`).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from msgspec import Struct

from hub.driver import Decoded, Driver, Example, Likeness, Path, Sample, Value
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
NUMERIC = frozenset("+-.0123456789")
"""How a number begins."""
MILLISECONDS_FROM = 1e11


LONG = 100
"""Characters of a path whose meaning is remembered; a longer one must not fill the memory."""


class Spot(Struct, frozen=True, gc=False):
    """What the path of a value in a document says.

    Attributes:
        channel: where no other path has the same.
        is_id: text found there is a name, though it may look like a number.
        convert, sign: of the unit that it names in brackets; None: it names none.
    """

    channel: str
    is_id: bool
    convert: Callable[[float], float] | None = None
    sign: str | None = None


def spot(path: str) -> Spot:
    """Return what a path says."""
    return _spot(path) if len(path) <= LONG else _spot.__wrapped__(path)


@lru_cache(maxsize=4096)
def _spot(path: str) -> Spot:
    is_id = NATIVE_ID.fullmatch(path.rpartition(".")[2].lower()) is not None
    match = IN_BRACKETS.fullmatch(path) if path[-1:] in "])" else None
    known = conversion(match["unit"]) if match is not None else None
    if match is None or known is None:
        return Spot(_channel(path) or "value", is_id)
    return Spot(_channel(match["name"]) or "value", is_id, known.apply, known.unit)


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
    return _bare(topic, content), context


def alike(message: Message, root: Any, _context: None) -> Likeness | None:  # noqa: ANN401 — whatever JSON holds
    """Return how messages like one that was decoded are read, where it holds numbers and flags; its words decide."""
    if type(root) in {int, float}:
        return Likeness((Value((), _named(message.topic)[1]),))
    found = _Alike([], [])
    found.walk(root, (), None)
    return Likeness(tuple(found.values), found.time, _clock if found.time is not None else None, tuple(found.words))


class _Alike(Struct):
    """What a document is read by: its values, the words that decide, and where its time stands."""

    values: list[Value]
    words: list[tuple[Path, str]]
    time: Path | None = None

    def walk(self, value: Any, path: Path, unit: str | None) -> None:  # noqa: ANN401 — whatever JSON holds
        """Take a document apart as `_walk` does."""
        if type(value) is not dict:
            self._leaf(value, path, unit)
            return
        stated = _unit_beside(value)
        meant = _meant(value) if stated is not None else None
        for key, each in value.items():
            if path or key.lower() not in TIMES:
                self.walk(each, (*path, key), stated if key == meant else None)
            elif self.time is None and _time(each, Found()):
                self.time = (key,)
            else:
                msg = "two times, or a number that may become one"
                raise ValueError(msg)

    def _leaf(self, value: object, path: Path, unit: str | None) -> None:
        here = spot(".".join(path))
        convert, sign = (here.convert, here.sign) if here.sign is not None or unit is None else _stated(unit)
        if type(value) is bool or (type(value) is str and value.strip().lower() in WORDS):
            self.values.append(Value(path, here.channel, sign, boolean))
        elif type(value) is not str:
            self.values.append(Value(path, here.channel, sign, convert))
        elif not here.is_id:
            self.words.append((path, value))


def _clock(stamp: object) -> tuple[int | None, bool]:
    """Return a document's own time.

    Raises:
        PayloadError: it is none, and then a value like another.
    """
    found = Found()
    if not _time(stamp, found):
        msg = f"{shown(stamp)} is no time"
        raise PayloadError(msg)
    return found.measured, found.local and found.measured is not None


def _bare(topic: str, content: str) -> Decoded:
    value = number_in(content)
    device, channel = _named(topic)
    return Decoded(Kind.READINGS, f"generic:{device}", (Sample(channel, value),))


def _named(topic: str) -> tuple[str, str]:
    """Return whose a bare number on a topic is, and of which channel."""
    *above, last = topic.split("/")
    device, channel = ("/".join(above), _channel(last)) if above and "".join(above) else (last or above[-1], "value")
    return device, channel or "value"


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
    samples = tuple(found.samples.values())
    if found.measured is not None:
        samples = tuple([Sample(each.channel, each.value, each.unit, found.measured, found.local) for each in samples])
    return Decoded(Kind.READINGS, device, samples, rejected=found.rejected)


def _walk(value: Any, path: str, found: Found, unit: str | None) -> None:  # noqa: ANN401 — whatever JSON holds
    """Take a document apart; `unit` is what its parent says of its values."""
    if MORE in found.rejected:
        return
    if type(value) is dict:
        stated = _unit_beside(value)
        meant = _meant(value) if stated is not None else None
        for key, each in value.items():
            low = key.lower()
            if low in UNITS and type(each) is str:
                continue
            if not path and low in TIMES and _time(each, found):
                continue
            _walk(each, f"{path}.{key}" if path else key, found, stated if key == meant else None)
    elif type(value) is list:
        for place, each in enumerate(value[: MOST + 1], 1):
            _walk(each, f"{path}.{place}", found, unit)
    else:
        _leaf(value, path, found, unit)


def _unit_beside(document: dict[str, Any]) -> str | None:
    """Return the unit that a document states of a value in it."""
    for key, value in document.items():
        if type(value) is str and key.lower() in UNITS:
            return value
    return None


def _meant(document: dict[str, Any]) -> str | None:
    """Return the key of the value that a unit beside it is said of."""
    return next((key for key in document if key.lower() in VALUES), None) or next(
        (key for key, each in document.items() if type(each) in {int, float} and key.lower() not in TIMES), None
    )


def _leaf(value: object, path: str, found: Found, unit: str | None) -> None:
    here = spot(path)
    word = None
    if type(value) is str:
        if here.is_id:
            return
        word = value.strip().lower() if value[:1] not in NUMERIC else None
        if word is not None and not _is_said(word):
            return
    if len(found.samples) + len(found.rejected) >= MOST:
        found.rejected[MORE] = f"more than {MOST} fields in one message"
        return
    try:
        taken = boolean(value) if type(value) is bool or word in BOOLEANS else number(value)
        convert, sign = (here.convert, here.sign) if here.sign is not None or unit is None else _stated(unit)
        if convert is not None:
            taken = convert(taken)
    except PayloadError as error:
        if type(value) is not str or _is_said(value):  # a date or an address begins like a number
            found.rejected[path] = str(error)
        return
    found.numbers += type(value) is not bool and word not in WORDS
    channel = _free(here.channel, found)
    found.samples[channel] = Sample(channel, taken, sign)


def _stated(unit: str) -> tuple[Callable[[float], float], str]:
    known = conversion(unit)
    if known is None:
        msg = f"{shown(unit)} is not a known unit"
        raise PayloadError(msg)
    return known.apply, known.unit


def _is_said(value: str) -> bool:
    """Tell text that means a number, well or badly written, a flag or nothing, from words, dates and addresses."""
    bare = value.strip()
    return (
        bare.lower() in BOOLEANS
        or value.startswith(TOO_LARGE)
        or MEANT_AS_NUMBER.fullmatch(bare) is not None
        or is_absent(value)
    )


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
    alike=alike,
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
