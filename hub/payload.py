"""Strict readers of foreign payloads: numbers, booleans, JSON, times, names.

Source of every rule: ../shared/wire_formats.md §0. What is refused raises PayloadError with the reason in plain words.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import blake2b
from math import isfinite
from typing import Any, TypeVar
from unicodedata import normalize

import msgspec

from hub.errors import PayloadError
from hub.model import NS, Availability
from hub.units import conversion

MAX_DEPTH = 64
"""JSON nested deeper is refused before it is parsed (§0.5)."""
MAX_NAME = 48
"""A longer name of a channel is cut and told apart by a hash."""
CLOCK_SET = 1_000_000_000
"""Fewer seconds than this count from a device's boot, not from 1970 (§3)."""
TOO_LATE = 9_214_646_400
"""2262-01-01: 64 bits of nanoseconds hold no later time [s], and nobody measures then."""
LIVE_SINCE = 1_451_606_400 * NS
"""2016-01-01: a device that reports live and states an earlier time has a clock that was never set (§0.3)."""
SHOWN = 40
"""Characters of a foreign value that a reason quotes."""

TWO_MEANINGS = {"g", "mg"}
"""Unit words that nobody can read without knowing the quantity."""
ABSENT = frozenset({"", "nan", "none", "null", "unavailable", "unknown"})
BOOLEANS = {"true": 1.0, "on": 1.0, "1": 1.0, "false": 0.0, "off": 0.0, "0": 0.0}
BLANK = " \t\r\n\v\f"
BOM = b"\xef\xbb\xbf"
TOO_LARGE = "\0number"
"""Stands for a number that no double can hold, so that its neighbours can still be read."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACES = bytes.maketrans(b"[]", b"{}")
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?', re.DOTALL)
_PLACE = re.compile(r" \(byte (\d+)\)")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{0,9}))?)? ?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?", re.ASCII
)
_DECIMALS = re.compile(r"\.\d{1,9}", re.ASCII)
_NOT_NAME = re.compile(r"[^a-z0-9]+")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 — a device's local time has no zone yet
_DECODER = msgspec.json.Decoder()


Shape = TypeVar("Shape")


def shown(value: object) -> str:
    """Return a foreign value as a reason quotes it: one short line without control characters."""
    if isinstance(value, str) and value.startswith(TOO_LARGE):
        return value[len(TOO_LARGE) :]
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else f"{value[:SHOWN]}…")
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:.6g}" if isinstance(value, float) else "an integer" if abs(value) > 1e15 else f"{value}"  # type: ignore[arg-type]  # noqa: PLR2004 — JSON knows nothing else


def is_absent(value: object) -> bool:
    """Tell whether a value means "no value": null, an empty text, nan, none, unavailable, unknown (any case)."""
    return value is None or (isinstance(value, str) and value.strip(BLANK).rstrip("\0").lower() in ABSENT)


def number(value: object) -> float:
    """Return a JSON value, or a bare text, as a finite number.

    Raises:
        PayloadError: for what is absent, no number, or not finite.
    """
    kind = type(value)
    if kind is float:
        if isfinite(value):  # type: ignore[arg-type]
            return value  # type: ignore[return-value]
        msg = "not a finite number"
        raise PayloadError(msg)
    if kind is int:
        return _whole(value)  # type: ignore[arg-type]
    if kind is str:
        return number_in(value)  # type: ignore[arg-type]
    msg = "no value (null)" if value is None else f"{shown(value)} is not a number"
    raise PayloadError(msg)


def _whole(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        msg = "a number too large to hold"
        raise PayloadError(msg) from None


def number_in(text: str) -> float:
    """Return the number that a text is, as a whole.

    Raises:
        PayloadError: for anything but `[+-]?(digits[.digits] | .digits)[e±digits]` in ASCII, and for overflow.
    """
    stripped, found = text, _NUMBER.fullmatch(text)
    if found is None:
        stripped = text.rstrip(BLANK + "\0").lstrip(BLANK)
        found = _NUMBER.fullmatch(stripped)
    if found is not None:
        value = float(stripped)
        if isfinite(value):
            return value
        msg = f"{_cut(stripped)} is a number too large to hold"
    elif stripped.lower() in ABSENT:
        msg = f"no value ({shown(stripped)})"
    elif text.startswith(TOO_LARGE):
        msg = f"{shown(text)} is a number too large to hold"
    elif _COMMA.fullmatch(stripped):
        msg = f"{shown(stripped)} has a decimal comma: a number is written with a point"
    else:
        msg = f"{shown(stripped)} is not a number"
    raise PayloadError(msg)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def boolean(value: object) -> float:
    """Return 1.0 or 0.0 for true/false, ON/OFF, 1/0, in any case, as JSON or as text.

    Raises:
        PayloadError: for anything else.
    """
    if value is True:
        return 1.0
    if value is False:
        return 0.0
    if isinstance(value, str):
        found = BOOLEANS.get(value.rstrip(BLANK + "\0").lstrip(BLANK).lower())
        if found is not None:
            return found
    elif isinstance(value, int | float) and value in {0, 1}:
        return float(value)
    msg = f"no value ({shown(value)})" if is_absent(value) else f"{shown(value)} is neither on nor off"
    raise PayloadError(msg)


def text(payload: bytes) -> str:
    """Return a payload as text, without a UTF-8 mark in front.

    Raises:
        PayloadError: where it is not UTF-8; the reason shows it in hex.
    """
    try:
        return payload.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        start = payload[: SHOWN // 2].hex(" ")
        msg = f"not UTF-8 text (byte {error.start}); in hex: {start}{' …' if len(payload) > SHOWN // 2 else ''}"
        raise PayloadError(msg) from None


def word(payload: bytes) -> str:
    """Return a bare payload without white space, line ends and trailing NULs around it.

    Raises:
        PayloadError: where it is not UTF-8 or empty.
    """
    found = text(payload).rstrip(BLANK + "\0").lstrip(BLANK)
    if not found:
        msg = "empty payload: no value"
        raise PayloadError(msg)
    return found


def json_value(payload: bytes) -> Any:  # noqa: ANN401 — whatever JSON holds
    """Return the one JSON document that a payload is; of equal keys the last wins, as in most readers.

    Raises:
        PayloadError: where it is empty, no JSON, more than one document, or nested deeper than MAX_DEPTH.
    """
    payload = payload.removeprefix(BOM)
    if payload.count(b"{") + payload.count(b"[") > MAX_DEPTH:
        _check_depth(payload)
    try:
        return _DECODER.decode(payload)
    except msgspec.ValidationError:
        pass  # a number that no double holds: read the rest without it
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unread(error, payload) from None
    try:
        return _DECODER.decode(_TOKEN.sub(_holdable, payload))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unread(error, payload) from None


def json_object(payload: bytes) -> dict[str, Any]:
    """Return the JSON object that a payload is.

    Raises:
        PayloadError: as `json_value`, and where it is a list or a scalar.
    """
    value = json_value(payload)
    if type(value) is dict:
        return value
    msg = f"a JSON object is due here, not {shown(value)}"
    raise PayloadError(msg)


def shaped(payload: bytes, decoder: msgspec.json.Decoder[Shape]) -> Shape | None:
    """Return JSON of a usual shape as a struct, without its other members; None: read it as `json_value` does.

    Quicker, as nothing is built of what nobody reads. What is left out is not looked at either: text that may be no
    UTF-8, escapes, and deep nesting are for the slower reader, which refuses them with the reason.
    """
    if not payload.isascii() or b"\\" in payload or payload.count(b"{") + payload.count(b"[") > MAX_DEPTH:
        return None
    try:
        return decoder.decode(payload)
    except msgspec.DecodeError:
        return None


def inside(value: object, path: Iterable[str | int]) -> object:
    """Return what lies at the end of a path of keys and indices in a JSON value; None where there is nothing."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def _check_depth(payload: bytes) -> None:
    """Refuse JSON nested too deep; each pass peels the innermost level off what is left of it, its brackets."""
    left = _STRING.sub(b"", payload).translate(_BRACES, _NO_BRACKET)
    for _ in range(MAX_DEPTH):
        if b"{}" not in left:
            break
        left = left.replace(b"{}", b"")
    if b"{}" in left or left.count(b"{") > MAX_DEPTH:  # else brackets that do not fit: the parser says where
        msg = f"JSON nested deeper than {MAX_DEPTH} levels"
        raise PayloadError(msg)


def _holdable(match: re.Match[bytes]) -> bytes:
    token = match[0]
    if token.startswith(b'"') or isfinite(float(token)):
        return token
    return b'"\\u0000' + TOO_LARGE[1:].encode() + token[:SHOWN] + b'"'


def _unread(error: Exception, payload: bytes) -> PayloadError:
    """Return the refusal of a payload that the parser does not take.

    Raises:
        PayloadError: the same for one that is no text at all.
    """
    text(payload)
    return PayloadError(_why(str(error), payload))


def _why(error: str, payload: bytes) -> str:
    if not payload.strip():
        return "empty payload: no value"
    place = _PLACE.search(error)
    what = _PLACE.sub("", error.removeprefix("JSON is malformed: "))
    if "truncated" in error:
        return f"not JSON: it ends too early, after {len(payload)} bytes"
    where = f" at byte {place[1]}" if place else ""
    if "trailing characters" in error:
        return f"not one JSON document: more follows{where}"
    return f"not JSON: {what}{where}"


def json_or_word(payload: bytes) -> Any:  # noqa: ANN401 — whatever JSON holds
    """Return a JSON object, or a bare word: vendors changed from one to the other.

    Raises:
        PayloadError: where it is empty, not UTF-8, or broken JSON.
    """
    found = word(payload)
    return json_value(payload) if found[0] in '{["' else found


AVAILABILITY = {
    "online": Availability.ONLINE,
    "offline": Availability.OFFLINE,
    "true": Availability.ONLINE,
    "false": Availability.OFFLINE,
}


def availability(value: object) -> Availability:
    """Return what online/offline, or true/false, in any case, says.

    Raises:
        PayloadError: for anything else.
    """
    key = value.lower() if isinstance(value, str) else {"True": "true", "False": "false"}.get(repr(value))
    if key not in AVAILABILITY:
        msg = f"{shown(value)} says neither online nor offline"
        raise PayloadError(msg)
    return AVAILABILITY[key]


@lru_cache(maxsize=1024)  # devices that speak in the same second state the same time
def iso_time(value: str) -> tuple[int, bool]:
    """Return a time [ns since 1970] and whether it is local.

    A local one (no `Z`, no offset) is read as if the clock showed UTC; the hub applies its zone.

    Raises:
        PayloadError: where the text is no date with a time of 0 to 9 decimals, or one from 2262 on.
    """
    if len(value) >= 19 and value[4] == value[7] == "-":  # noqa: PLR2004 — 2026-11-24T09:00:00 and 2026-11-24T09:00:00.123456789Z: nearly all
        try:
            found = _usual(value)
        except (ValueError, TypeError):
            found = None
        if found is not None:
            return found
    match = _TIME.fullmatch(value.strip(BLANK))
    try:
        if match is not None:
            return _instant(match)
    except ValueError:
        pass
    msg = f"{shown(value)} is not a time such as 2026-11-24T09:00:00Z"
    raise PayloadError(msg)


def _usual(value: str) -> tuple[int, bool] | None:
    """Read a time with seconds that is local or UTC, quickly; None where it is written otherwise."""
    rest, second = value[19:], value[17:19]
    decimals = ""
    if rest:
        decimals = rest[:-1] if rest[-1] == "Z" else rest.removesuffix("+00:00")
        if decimals == rest or (decimals and not _DECIMALS.fullmatch(decimals)):
            return None
    if value[16] != ":" or not (second.isascii() and second.isdigit()) or second > "59" or value[:4] >= "2262":
        return None
    nanoseconds = int(decimals[1:].ljust(9, "0")) if decimals else 0
    return (_minute(value[:16]) + int(second)) * NS + nanoseconds, not rest


@lru_cache(maxsize=256)
def _minute(text: str) -> int:
    """Return the seconds since 1970 of `2026-11-24T09:00`: most messages that arrive together share it."""
    since = datetime.fromisoformat(text) - _EPOCH
    return since.days * 86_400 + since.seconds


def _instant(match: re.Match[str]) -> tuple[int, bool]:
    year, month, day, hour, minute, second, decimals, zulu, sign, off_hour, off_minute = match.groups()
    clock = [int(hour), int(minute), int(second or 0)]
    offset = [int(off_hour or 0), int(off_minute or 0)]
    if clock[0] > 23 or clock[1] > 59 or clock[2] > 60 or offset[0] > 23 or offset[1] > 59:  # noqa: PLR2004 — a clock
        raise ValueError
    days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    east = (offset[0] * 60 + offset[1]) * (-60 if sign == "-" else 60)
    seconds = days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2] - east
    if seconds >= TOO_LATE:
        raise ValueError
    return seconds * NS + int((decimals or "").ljust(9, "0")), zulu is None and sign is None


def epoch_seconds(value: float) -> int | None:
    """Return a time [ns] from seconds since 1970, to the microsecond; None from boot, or after every calendar."""
    return round(value * 1e6) * 1000 if CLOCK_SET <= value < TOO_LATE else None


def epoch_milliseconds(value: float) -> int | None:
    """Return a time [ns] from milliseconds since 1970; None when they count from boot."""
    return epoch_seconds(value / 1000)


def live(measured: int | None) -> int | None:
    """Return a time only when a device that reports live can mean it (from 2016 on)."""
    return measured if measured is not None and measured >= LIVE_SINCE else None


def scaled(unit: object, into: str) -> Callable[[float], float]:
    """Return how values given in a unit word become values in the unit `into`.

    Raises:
        PayloadError: for a word that is no unit, or one of another quantity: nothing is guessed.
    """
    found = conversion(unit) if isinstance(unit, str) else None
    if found is None:
        msg = f"{shown(unit)} is not a known unit"
        raise PayloadError(msg)
    if found.unit != into:
        msg = f"{shown(unit)} is not a unit that becomes {into}"
        raise PayloadError(msg)
    return found.apply


def scaled_as_said(value: float, unit: str) -> tuple[float, str]:
    """Return a value given in a unit word, in the hub's unit, and that unit.

    Raises:
        PayloadError: for a word that is no unit, or means two quantities: nothing is guessed.
    """
    if unit in TWO_MEANINGS:
        msg = f"{shown(unit)} may be a mass or an acceleration"
        raise PayloadError(msg)
    found = conversion(unit)
    if found is None:
        msg = f"{shown(unit)} is not a known unit"
        raise PayloadError(msg)
    return found.apply(value), found.unit


def decimal(value: float) -> str:
    """Return a number as devices read it: whole without a point, never with an exponent."""
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def slug(name: str) -> str:
    """Return a foreign name as a part of a channel name: `DS18B20-1` → `ds18b20_1`, `Température` → `temperature`.

    Letters that ASCII has no cousin for become their code points, so that two names stay two; too long a name ends
    in its hash.
    """
    return (
        _slug(name)
        if len(name) <= 2 * MAX_NAME
        else f"{_slug(name[:MAX_NAME])[: MAX_NAME - 9].rstrip('_')}_{_hash(name)}"
    )


def _hash(name: str) -> str:
    return blake2b(name.encode(errors="replace"), digest_size=4).hexdigest()


@lru_cache(maxsize=4096)
def _slug(name: str) -> str:
    plain = normalize("NFKD", name.casefold())
    spelt = "".join(c if c.isascii() else f"u{ord(c):x}" if c.isalpha() else "" for c in plain)
    joined = _NOT_NAME.sub("_", spelt).strip("_")
    if len(joined) <= MAX_NAME:
        return joined
    return f"{joined[: MAX_NAME - 9].rstrip('_')}_{_hash(name)}"


def utc_text(measured: int) -> str:
    """Return a time [ns] as RFC 3339 in UTC with as many decimals as it has."""
    seconds, rest = divmod(measured, NS)
    decimals = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}{decimals}Z"
