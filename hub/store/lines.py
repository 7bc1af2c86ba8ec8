"""Readings as InfluxDB line protocol and back: names, times, ties. Pure.

One point is what one message said of one device: measurement `telemetry`, tags `device` and `run`, one float field a
channel, and `<channel>__q` (1 uncertain, 2 bad) only where it is not good. A point's timestamp [ns] is the
millisecond of the measurement plus a tie-break below it, `(tie + ns within the millisecond) mod 10⁶`, where `tie` is
the hash of topic and payload: a message delivered again meets its own point, two messages never meet each other
(reliability.md §2.7): where two hashes are one by chance, the later message gets the next free place. So InfluxDB keeps
times to the millisecond; hub/decisions/0007 says why that is enough.

What line protocol cannot carry (control characters, a backslash at the end or before what is escaped, a field named
`time`, our own `__`) is percent-encoded, and so is a `%` that would be taken for it: every name comes back as it was.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from urllib.parse import unquote

import msgspec

from hub.model import REAL, Device, Quality, Reading

TELEMETRY = "telemetry"
DEVICES = "devices"
"""Measurement of what is known of devices, for Grafana: `unit` a channel, `name` and `room` a device."""
QUALITY_SUFFIX = "__q"
BAD = 2.0
"""Value of `<channel>__q` for a reading that measures nothing."""
MS = 1_000_000
MAX_TAKEN = 10_000
"""Newest points of a device's newest millisecond whose timestamps are remembered, so that none is given twice."""
LAST = 2**63 - 2
"""The last timestamp InfluxDB takes [ns]."""

_QUALITY_NUMBER = {quality: float(number) for number, quality in enumerate(Quality)}
_QUALITIES = tuple(Quality)
_TEXTS = msgspec.json.Encoder().encode
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\\\\(?=[,= ]|\\Z)|%(?=[0-9A-Fa-f]{2})|^%\\Z")
_UNSAFE_FIELD = re.compile(f"{_UNSAFE.pattern}|(?<=_)_|^time\\Z")
_ESCAPED = re.compile("([,= ])")


def timestamp(time: int, tie: int) -> int:
    """Return the timestamp [ns] of a reading's point."""
    below = time % MS
    return time - below + (tie + below) % MS


def time_of(stamp: int) -> int:
    """Return the measurement time [ns], to the millisecond, of a point."""
    return stamp // MS * MS


def quality_of(number: float) -> Quality:
    """Return what a `<channel>__q` says."""
    return _QUALITIES[int(number)]


@lru_cache(maxsize=65_536)
def tag(name: str) -> str:
    """Return the tag value that stands for a name, as InfluxDB stores it; an empty name has none of its own."""
    return _UNSAFE.sub(_percent, name) if name else "%"


@lru_cache(maxsize=65_536)
def field(channel: str) -> str:
    """Return the field key that stands for a channel, as InfluxDB stores it."""
    return _UNSAFE_FIELD.sub(_percent, channel) if channel else "%"


@lru_cache(maxsize=65_536)
def name_of(stored: str) -> str:
    """Return the name that a tag value or field key stands for."""
    return "" if stored == "%" else unquote(stored, errors="surrogatepass")


class _Place:
    """What was said of a device: channel → unit and field; and the timestamps given in its newest millisecond."""

    __slots__ = ("channels", "millisecond", "taken")

    def __init__(self) -> None:
        self.channels: dict[str, tuple[str | None, str]] = {}
        self.millisecond = -1
        self.taken: dict[int, int] = {}

    def stamp(self, time: int, tie: int) -> int:
        """Return the timestamp [ns] of a message's point, which is no other message's: some hashes meet by chance.

        A device that states whole seconds and speaks a hundred times in one meets itself once in 200 seconds. Those of
        a millisecond follow each other: to remember the last 100,000 of all devices took 1.3 µs a
        message and a page fault now and then (measured).
        """
        stamp, taken, millisecond = timestamp(time, tie), self.taken, time // MS
        if millisecond != self.millisecond:
            self.millisecond, self.taken = millisecond, {stamp: tie}
            return stamp
        if len(taken) >= MAX_TAKEN:
            for key in [*islice(taken, MAX_TAKEN // 2)]:
                del taken[key]
        while taken.setdefault(stamp, tie) != tie:
            stamp += 1 if (stamp + 1) % MS else 1 - MS
        return stamp


class Encoder:
    """Makes lines, and remembers what it has said of devices so as to say it once."""

    def __init__(self) -> None:
        """Know nothing yet: what is said again changes nothing."""
        self._places: dict[tuple[str, bool], _Place] = {}
        self._names: dict[tuple[str, bool], tuple[str, str]] = {}

    def forget(self) -> None:
        """Say everything again: what was said may not have been kept."""
        for each in self._places.values():
            each.channels.clear()
        self._names.clear()

    def lines(self, readings: Iterable[Reading], devices: Iterable[Device] = ()) -> dict[bool, list[bytes]]:
        """Return the lines of the real timeline (False) and of everything simulated (True).

        The values of a message follow each other; a message given twice makes two lines, which are one point.
        """
        said: dict[bool, list[bytes]] = {False: [], True: []}
        points: list[_Point] = []
        values: list[float] = []
        device, run, time, tie, good = "", "", -1, -1, Quality.GOOD
        is_simulated, fields, place = False, dict[str, float](), _Place()
        for each in readings:
            if each.tie != tie or each.time != time or each.device != device or each.run != run:
                if fields:
                    points.append((is_simulated, device, run, (*fields,), place.stamp(time, tie)))
                    values += fields.values()
                device, run, time, tie = each.device, each.run, each.time, each.tie
                is_simulated, fields = run != REAL, {}
                place = self._places.get((device, is_simulated)) or self._new_place(device, simulated=is_simulated)
            known = place.channels.get(each.channel)
            if known is None or known[0] != each.unit:
                known = _new_channel(each, place, said[is_simulated])
            fields[known[1]] = each.value + 0.0  # no -0.0: it equals 0.0 and would be told apart
            if each.quality is not good:
                fields[_key(field(each.channel) + QUALITY_SUFFIX)] = _QUALITY_NUMBER[each.quality]
        if fields:
            points.append((is_simulated, device, run, (*fields,), place.stamp(time, tie)))
            values += fields.values()
        for simulated, line in _written(points, values):
            said[simulated].append(line)
        for device_known in devices:
            said[device_known.run != REAL] += self._name(device_known)
        return said

    def _new_place(self, device: str, *, simulated: bool) -> _Place:
        place = self._places[device, simulated] = _Place()
        return place

    def _name(self, device: Device) -> list[bytes]:
        """Return the line that says what people call a device and where it is, where that is news."""
        key = (device.uid, device.run != REAL)
        if self._names.get(key) == (device.name, device.room):
            return []
        self._names[key] = (device.name, device.room)
        said = f'name="{_text(device.name)}",room="{_text(device.room)}"'
        return [f"{DEVICES},device={_key(tag(device.uid))} {said} {device.seen}".encode()]


def _new_channel(reading: Reading, place: _Place, said: list[bytes]) -> tuple[str | None, str]:
    """Say which unit a channel has from a time on; return that and its field."""
    known = place.channels[reading.channel] = reading.unit, _key(field(reading.channel))
    tags = f"channel={_key(tag(reading.channel))},device={_key(tag(reading.device))}"
    said.append(f'{DEVICES},{tags} unit="{_text(reading.unit or "")}" {time_of(reading.time)}'.encode())
    return known


_Point = tuple[bool, str, str, tuple[str, ...], int]
"""Simulated, device, run, field keys, timestamp."""


def _written(points: Iterable[_Point], values: Sequence[float]) -> Iterator[tuple[bool, bytes]]:
    """Give the line of each point, and whether it is simulated; `values` are those of all fields, in order.

    All numbers are written at once, which takes a third of the time of Python's own `repr` (measured).
    """
    texts, at = _TEXTS(values)[1:-1].split(b","), 0
    for is_simulated, device, run, keys, stamp in points:
        begin, at = at, at + len(keys)
        yield is_simulated, _template(device, run, keys) % (*texts[begin:at], stamp)


@lru_cache(maxsize=65_536)
def _template(device: str, run: str, keys: tuple[str, ...]) -> bytes:
    """Return the line of a point with a place for each value and for the timestamp."""
    head = f"{TELEMETRY},device={_key(tag(device))},run={_key(tag(run))} "
    places = [each.encode().replace(b"%", b"%%") + b"=%b" for each in keys]
    return head.encode().replace(b"%", b"%%") + b",".join(places) + b" %d"


@lru_cache(maxsize=65_536)
def _key(text: str) -> str:
    """Escape a tag value or field key."""
    return _ESCAPED.sub(r"\\\1", text)


def _text(text: str) -> str:
    """Escape a string value."""
    return _UNSAFE.sub(_percent, text).replace("\\", "\\\\").replace('"', '\\"')


def _percent(found: re.Match[str]) -> str:
    """Percent-encode the first character, a letter too."""
    first = "".join(f"%{byte:02X}" for byte in found[0][0].encode(errors="surrogatepass"))
    return first + found[0][1:]
